"""Reports of messages that break rules: each dropped one, and each kind of odd one once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rtpcodec.stream.empty_collections import NO_NAMES
from rtpcodec.stream.events import Malformed
from rtpcodec.stream.wire import BrokenMessage

MAX_TOLD: Final = 100
"""Kinds of odd values that are reported: some are named with numbers that the other side chooses."""


class MalformedReports:
    """Count the messages of one stream that were dropped or read in part, and report what a user can act on."""

    __slots__ = ("_early_reported", "_told", "media_before_start", "odd_messages")

    def __init__(self) -> None:
        self.odd_messages = 0
        self.media_before_start = 0
        self._early_reported = 0
        self._told: frozenset[tuple[str, str]] = NO_NAMES

    def odd(self, oddities: Sequence[BrokenMessage]) -> list[Malformed]:
        """Count a message that was read without its odd members. Returns one event per member and rule and stream."""
        self.odd_messages += 1
        return [
            Malformed(found.rule, found.detail, dropped=False)
            for found in oddities
            if self._is_new(found.member, found.rule)
        ]

    def dropped(self, rule: str, detail: str) -> list[Malformed]:
        """Return the event of a dropped message. Payloads that are not base64 have one in all: none of them will be."""
        if rule == "base64" and not self._is_new("", rule):
            return []
        return [Malformed(rule, detail)]

    def ignored(self, detail: str) -> list[Malformed]:
        """Return the event of a declared value without effect, once per stream; detail: the value, empty: none."""
        return [Malformed("value", detail, dropped=False)] if detail and self._is_new(detail, "value") else []

    def early_media(self) -> list[Malformed]:
        """Return one event for all media before `start`, once their number is known."""
        count = self.media_before_start - self._early_reported
        self._early_reported += count
        return [Malformed("order", "media came before start", count=count)] if count else []

    def _is_new(self, member: str, rule: str) -> bool:
        """Return whether this has not been reported yet, nor MAX_TOLD others."""
        if (member, rule) in self._told or len(self._told) >= MAX_TOLD:
            return False
        self._told |= {(member, rule)}
        return True

"""Reports of messages that break rules: each dropped message, and each broken rule of other messages once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rtpcodec.stream.empty_collections import NO_NAMES
from rtpcodec.stream.events import Malformed
from rtpcodec.stream.wire import BrokenMessage

MAX_REPORTED: Final = 100
"""Limit on reported kinds of broken values: the carrier chooses the numbers in some of them."""


class MalformedReports:
    """Counts the messages of one stream that were dropped or read in part, and reports them without repetition."""

    __slots__ = ("_early_reported", "_reported", "media_before_start", "odd_messages")

    def __init__(self) -> None:
        self.odd_messages = 0
        self.media_before_start = 0
        self._early_reported = 0
        self._reported: frozenset[tuple[str, str]] = NO_NAMES

    def odd(self, oddities: Sequence[BrokenMessage]) -> list[Malformed]:
        """Count a message that was read without some members. Returns one event per new member and rule."""
        self.odd_messages += 1
        return [
            Malformed(found.rule, found.detail, dropped=False)
            for found in oddities
            if self._is_new(found.member, found.rule)
        ]

    def dropped(self, rule: str, detail: str) -> list[Malformed]:
        """Return the event of a dropped message. Payloads that are not base64 have only one event."""
        if rule == "base64" and not self._is_new("", rule):
            return []
        return [Malformed(rule, detail)]

    def ignored(self, detail: str) -> list[Malformed]:
        """Return the event of a declared value without effect, once per stream. detail: a sentence; empty: none."""
        return [Malformed("value", detail, dropped=False)] if detail and self._is_new(detail, "value") else []

    def early_media(self) -> list[Malformed]:
        """Return one event for all media before `start`, once their number is known."""
        count = self.media_before_start - self._early_reported
        self._early_reported += count
        return [Malformed("order", "media was received before start", count=count)] if count else []

    def _is_new(self, member: str, rule: str) -> bool:
        """Return whether this was not reported yet, and fewer than MAX_REPORTED others were."""
        if (member, rule) in self._reported or len(self._reported) >= MAX_REPORTED:
            return False
        self._reported |= {(member, rule)}
        return True

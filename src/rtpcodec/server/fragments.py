"""Messages that come in pieces (RFC 6455 section 5.4), joined within the limits."""

from __future__ import annotations

from typing import Final

PROTOCOL_ERROR: Final = 1002
POLICY_VIOLATION: Final = 1008
MESSAGE_TOO_BIG: Final = 1009


class BrokenFragments(Exception):
    """Pieces that make no message; the socket is to be closed with `code`."""

    def __init__(self, rule: str, detail: str, code: int) -> None:
        super().__init__(f"{rule}: {detail}")
        self.rule = rule
        self.detail = detail
        self.code = code


class FragmentJoiner:
    """Joins the pieces of one message at a time."""

    __slots__ = ("_count", "_max_fragments", "_max_octets", "_octets", "binary", "joining")

    def __init__(self, max_octets: int, max_fragments: int) -> None:
        self._max_octets = max_octets
        self._max_fragments = max_fragments
        self._octets = bytearray()
        self._count = 0
        self.joining = False
        """Whether a message has begun and not ended."""
        self.binary = False
        """Whether the message is of octets instead of text."""

    def begin(self, octets: bytes, *, binary: bool) -> None:
        """Take the first piece. BrokenFragments: the message before it has not ended, or it is too big."""
        if self.joining:
            raise BrokenFragments("fragments", "a message began before the one in fragments had ended", PROTOCOL_ERROR)
        self._octets.clear()
        self._count = 0
        self.joining = True
        self.binary = binary
        self._add(octets)

    def go_on(self, octets: bytes, *, last: bool) -> bytes | None:
        """Take the next piece; the message when it is complete. BrokenFragments: no message has begun, or too much."""
        if not self.joining:
            raise BrokenFragments("fragments", "a continuation came without a beginning", PROTOCOL_ERROR)
        self._add(octets)
        if not last:
            return None
        self.joining = False
        message = bytes(self._octets)
        self._octets.clear()
        return message

    def _add(self, octets: bytes) -> None:
        self._count += 1
        if self._count > self._max_fragments:
            self._forget()
            raise BrokenFragments(
                "fragments", f"a message has more than {self._max_fragments} fragments", POLICY_VIOLATION
            )
        if len(self._octets) + len(octets) > self._max_octets:
            self._forget()
            raise BrokenFragments(
                "size", f"a message in fragments has more than {self._max_octets} octets", MESSAGE_TOO_BIG
            )
        self._octets += octets

    def _forget(self) -> None:
        self._octets.clear()
        self.joining = False

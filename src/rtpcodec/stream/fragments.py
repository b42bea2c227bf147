"""Joins fragmented WebSocket messages within limits (RFC 6455 section 5.4)."""

from __future__ import annotations

from typing import Final

from rtpcodec.pickling import Raised
from rtpcodec.stream.memory_budget import Account, OctetLimit
from rtpcodec.stream.wire import MAX_MESSAGE_OCTETS

MAX_FRAGMENTS: Final = 1024
"""Limit per message: the longest message (4 MiB) in fragments of 4 KiB."""
PROTOCOL_ERROR: Final = 1002
POLICY_VIOLATION: Final = 1008
MESSAGE_TOO_BIG: Final = 1009
TRY_AGAIN_LATER: Final = 1013


class BrokenFragments(Raised, Exception):
    """Raised if fragments do not form a valid message; the socket must be closed with `code`."""

    def __init__(self, rule: str, detail: str, code: int) -> None:
        super().__init__(f"{rule}: {detail}")
        self.rule = rule
        self.detail = detail
        self.code = code


class FragmentJoiner:
    """Joins the fragments of one message at a time. Use from one thread at a time."""

    __slots__ = ("_count", "_max_fragments", "_max_octets", "_octets", "_share", "binary", "joining")

    def __init__(
        self,
        max_octets: int = MAX_MESSAGE_OCTETS,
        max_fragments: int = MAX_FRAGMENTS,
        account: Account | None = None,
    ) -> None:
        """Make an empty joiner.

        max_octets, max_fragments: Limits per message.
        account: The account for waiting fragments; None: without a budget.
        """
        self._share = OctetLimit(max_octets, account)
        self._max_octets = max_octets
        self._max_fragments = max_fragments
        self._octets = bytearray()
        self._count = 0
        self.joining = False
        """Whether a message has begun and not ended."""
        self.binary = False
        """Whether the current message, or the last one if there is none, is binary."""

    def put(self, octets: bytes, *, opens: bool, last: bool, binary: bool = False) -> bytes | None:
        """Add a frame.

        Args:
            octets: The payload of the frame.
            opens: Whether the frame begins a message; a continuation frame does not.
            last: Whether the frame ends its message.
            binary: Whether a frame that begins a message is binary; ignored for continuation frames.

        Returns:
            The message if this frame completes it, otherwise None.

        Raises:
            BrokenFragments: The frame is out of order, or the message has too many fragments or octets.
        """
        # 1. In order? 2. Within the limits? 3. Complete?
        if opens and self.joining:
            raise BrokenFragments("fragments", "a message began before the fragmented one had ended", PROTOCOL_ERROR)
        if not opens and not self.joining:
            raise BrokenFragments("fragments", "a continuation frame arrived without a first fragment", PROTOCOL_ERROR)
        if opens:
            self._count = 0
            self.binary = binary
            self.joining = True
        self._add(octets)
        if not last:
            return None
        message = bytes(self._octets)
        self._drop()
        return message

    def _add(self, octets: bytes) -> None:
        self._count += 1
        if self._count > self._max_fragments:
            self._drop()
            raise BrokenFragments(
                "fragments", f"a message has more than {self._max_fragments} fragments", POLICY_VIOLATION
            )
        if len(self._octets) + len(octets) > self._max_octets:
            self._drop()
            raise BrokenFragments(
                "size", f"a message in fragments has more than {self._max_octets} octets", MESSAGE_TOO_BIG
            )
        if len(self._octets) + len(octets) > self._share.limit_octets:
            self._require_share(len(self._octets) + len(octets))
        self._octets += octets

    def _require_share(self, octets: int) -> None:
        if not self._share.covers(octets):
            self._drop()
            raise BrokenFragments(
                "size",
                f"the fragments of a message have {octets} octets, which exceeds the budget of all calls",
                TRY_AGAIN_LATER,
            )

    def _drop(self) -> None:
        self._octets.clear()
        self._share.shrink(0)
        self.joining = False

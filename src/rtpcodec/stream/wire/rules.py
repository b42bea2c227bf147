"""The rules that a message keeps, and the limits behind them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rtpcodec.pickling import Raised
from rtpcodec.stream.messages import Message

MAX_MESSAGE_OCTETS: Final = 4 * 1024 * 1024
"""The longest chunk that the carrier documents, 30 s of L16 at 48 kHz, is 3,840,000 characters of base64."""
MAX_CONTROL_OCTETS: Final = 64 * 1024
"""Only payloads are long: the documented messages without one have some hundred octets."""
MAX_DEPTH: Final = 16
"""Documented messages nest three deep; deeper JSON only costs stack."""
MAX_COUNTER: Final = 2**63 - 1
"""Counters fit a signed 64-bit number; a call of a year at 50 chunks a second needs 31 bits."""
MAX_SAMPLE_RATE_HZ: Final = 192_000
"""No telephony codec goes beyond."""

RULES: Final = {
    "size": f"a message has at most {MAX_MESSAGE_OCTETS} octets, without a payload {MAX_CONTROL_OCTETS}",
    "utf8": "a message is valid UTF-8",
    "json": "a message is valid JSON (RFC 8259)",
    "depth": f"a message nests at most {MAX_DEPTH} levels",
    "object": "a message is a JSON object",
    "member": "the members that an event needs are there",
    "type": "a member has the documented type",
    "number": "a counter is a whole number from 0, as a JSON number or as digits",
    "value": "a member has a documented value",
    "base64": "a payload is base64 with the standard alphabet and padding (RFC 4648 section 4)",
    "payload": "a payload is whole units of its codec",
    "order": "media comes between start and stop",
    "text": "messages are text frames",
    "fragments": "a message has a bounded number of fragments",
    "frame": "frames keep the rules of WebSocket (RFC 6455)",
}
"""The rules that Malformed names."""


class BrokenMessage(Raised, Exception):
    """A text that breaks a rule of the wire."""

    def __init__(self, rule: str, detail: str, member: str = "") -> None:
        super().__init__(f"{rule}: {detail}")
        self.rule = rule
        self.detail = detail
        self.member = member
        """The member that breaks the rule, as a path such as `media.chunk`. Empty: the text as a whole."""


class OddMessage(BrokenMessage):
    """A text that breaks rules only in members that nobody needs. A strict reader refuses it."""

    def __init__(self, message: Message, oddities: Sequence[BrokenMessage]) -> None:
        super().__init__(oddities[0].rule, oddities[0].detail, oddities[0].member)
        self.message = message
        """The message without those members."""
        self.oddities = tuple(oddities)
        """The broken rules, at least one."""

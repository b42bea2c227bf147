"""The rules for messages, and their limits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rtpcodec.pickling import Raised
from rtpcodec.stream.messages import Message

MAX_MESSAGE_OCTETS: Final = 4 * 1024 * 1024
"""The longest chunk, 30 s of L16 at 48 kHz, has 3,840,000 characters of base64 (docs/carrier.md, rule C51)."""
MAX_CONTROL_OCTETS: Final = 64 * 1024
"""Only payloads are long: documented messages without a payload have some hundred octets."""
MAX_DEPTH: Final = 16
"""Documented messages nest three levels; deeper JSON only costs stack."""
MAX_COUNTER: Final = 2**63 - 1
"""Counters fit a signed 64-bit number; a call of one year at 50 chunks per second needs 31 bits."""
MAX_SAMPLE_RATE_HZ: Final = 192_000
"""No telephony codec has a higher rate."""

RULES: Final = {
    "size": f"a message has at most {MAX_MESSAGE_OCTETS} octets, without a payload {MAX_CONTROL_OCTETS}",
    "utf8": "a message is valid UTF-8",
    "json": "a message is valid JSON (RFC 8259)",
    "depth": f"a message nests at most {MAX_DEPTH} levels",
    "object": "a message is a JSON object",
    "member": "the needed members of an event are present",
    "type": "a member has the documented type",
    "number": "a counter is a whole number from 0, as a JSON number or as digits",
    "value": "a member has a documented value",
    "base64": "a payload is base64 with the standard alphabet and padding (RFC 4648 section 4)",
    "payload": "a payload consists of whole units of its codec",
    "order": "media is sent between start and stop",
    "text": "messages are text frames",
    "fragments": "a message has a bounded number of fragments",
    "frame": "frames obey the WebSocket protocol (RFC 6455)",
}
"""The rules that Malformed names."""


class BrokenMessage(Raised, Exception):
    """Raised for a text that breaks one of RULES."""

    def __init__(self, rule: str, detail: str, member: str = "") -> None:
        super().__init__(f"{rule}: {detail}")
        self.rule = rule
        self.detail = detail
        self.member = member
        """The member that breaks the rule, as a path such as `media.chunk`. Empty: the text as a whole."""


class OddMessage(BrokenMessage):
    """Raised for a text of which only members that are not needed break rules. A strict reader refuses the text."""

    def __init__(self, message: Message, oddities: Sequence[BrokenMessage]) -> None:
        super().__init__(oddities[0].rule, oddities[0].detail, oddities[0].member)
        self.message = message
        """The message without those members."""
        self.oddities = tuple(oddities)
        """One BrokenMessage per broken rule, at least one."""

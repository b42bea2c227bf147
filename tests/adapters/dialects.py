"""Differences of a carrier from the contract's first one, by case.

Each case runs in every dialect. A case that is not listed here has the same outcome in all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rtpcodec.server.options import DialectName
from tests.adapters.contract import Outcome

ABSENT: Final = "absent"
"""Marks a member that the outcome must not have."""
DIFFERENCES: Final[Mapping[DialectName, Mapping[str, Outcome]]] = {
    "telnyx": {},
    "twilio": {
        # No numbers, no `client_state` and no token in the messages; the URL is dialled without its query.
        "Start": {"numbers": (None, None), "client_state": None, "token": None, "query": ""},
        # A two-way stream has the inbound track only: the plan is impossible, and no handler sees the call.
        "BothTracks": {"inbound": ABSENT, "outbound": ABSENT, "end": ("app_closed", 1008)},
        # Tones of keys do not pass.
        "SendTones": {"refused": "twilio does not pass on the tones of keys in our audio", "heard": []},
        # No errors: no mark is refused.
        "CarrierError": {"answer": ("MarkPlayed", None), "errors": 0},
    },
}
"""The members of an outcome that differ."""


def expected(case: str, outcome: Outcome, dialect: DialectName) -> Outcome:
    """Return the outcome that a case must have in a dialect."""
    members = {**outcome, **DIFFERENCES[dialect].get(case, {})}
    return {name: value for name, value in members.items() if value != ABSENT}

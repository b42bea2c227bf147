"""The ids of calls, streams and accounts, in the form of each carrier."""

from __future__ import annotations

import base64
import random
import uuid
from typing import Final, Literal

DialectName = Literal["telnyx", "twilio"]
DIALECTS: Final = ("telnyx", "twilio")


def new_call_id(dialect: DialectName, rng: random.Random) -> str:
    """Return the id by which the carrier names a call."""
    return _sid("CA", rng) if dialect == "twilio" else f"v3:{base64.urlsafe_b64encode(rng.randbytes(24)).decode()}"


def new_account_id(dialect: DialectName, rng: random.Random) -> str:
    """Return the id of the account."""
    return _sid("AC", rng) if dialect == "twilio" else new_uuid(rng)


def new_stream_id(dialect: DialectName, rng: random.Random) -> str:
    """Return the id of a stream."""
    return _sid("MZ", rng) if dialect == "twilio" else new_uuid(rng)


def new_uuid(rng: random.Random) -> str:
    """Return a UUID of version 4."""
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _sid(kind: str, rng: random.Random) -> str:
    """Return an id of Twilio: two capitals and 32 hexadecimal digits."""
    return f"{kind}{rng.getrandbits(128):032x}"

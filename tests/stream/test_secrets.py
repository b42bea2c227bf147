"""Digits, phone numbers, client_state, custom parameters and tokens never appear in a repr, which logs contain."""

from __future__ import annotations

import pytest

from rtpcodec import MediaSession, events
from rtpcodec.stream.wire import parse
from tests.stream import carrier

SECRETS = {"from": "+15550100001", "to": "+15550100002", "client_state": "c2VjcmV0LXN0YXRl"}
PARAMETERS = {"tenant": "parameter-4711"}
TEXTS = [
    carrier.text("connected", connected={"x-telnyx-streaming-auth-token": "token-4711"}),
    carrier.start(custom_parameters=PARAMETERS, **SECRETS),
    carrier.text("dtmf", dtmf={"digit": "7"}, occurred_at="now"),
    carrier.text("later", digits="4711", **{"from": SECRETS["from"]}),
    carrier.text("dtmf", dtmf={"digit": "4711"}),
    carrier.start(custom_parameters={"tenant": {"4711": "parameter-4711"}}, **SECRETS),
    carrier.text("dtmf", dtmf={"digit": 4711}),
    carrier.text("connected", connected="token-4711"),
    carrier.text("stop", sequence_number="token-4711"),
]
NEVER = [*SECRETS.values(), *PARAMETERS.values(), "4711", "digit='7'"]


@pytest.mark.parametrize("text", TEXTS[:4])
def test_messages_keep_secrets(text: str) -> None:
    shown = repr(parse(text))
    assert not [secret for secret in NEVER if secret in shown]


def test_events_keep_secrets_and_give_them_when_asked() -> None:
    session = MediaSession()
    found = carrier.fed(session, TEXTS)
    shown = repr(found) + session.describe() + repr(session) + repr(session.statistics(0.0))
    assert not [secret for secret in NEVER if secret in shown]
    started, digit = found[0], found[1]
    assert getattr(started, "from_number", None) == SECRETS["from"]
    assert getattr(started, "custom_parameters", None) == PARAMETERS
    assert getattr(digit, "digit", None) == "7"
    assert [event.dropped for event in found if isinstance(event, events.Malformed)] == [True, True, False, False]
    raw = getattr(started, "raw", {})["start"]
    assert (raw["client_state"], raw["custom_parameters"]) == (SECRETS["client_state"], PARAMETERS)

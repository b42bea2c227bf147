"""The TwiML element that streams a call of Twilio in both directions, from a plan."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from rtpcodec.carriers.twilio import twiml as facts
from rtpcodec.errors import PlanError, PlanWarning, warn_user
from rtpcodec.stream.texml import require_url, stream_element
from rtpcodec.stream.wire.dialect import refusal_of
from rtpcodec.stream.wire.twilio import TWILIO


def element(plan: object, url: str, parameters: Mapping[str, str]) -> str:
    """Return the verb with its Stream: see StreamPlan.twiml. Raises PlanError, ValueError, TypeError.

    Warns with PlanWarning.
    """
    reason = refusal_of(TWILIO, plan)
    if reason is not None:
        raise PlanError(reason)
    require_url(url)
    if urlsplit(url).scheme != facts.SCHEME:
        warn_user(f"StreamPlan.twiml: url has the scheme ws, Twilio connects by {facts.SCHEME} only", PlanWarning)
    if "?" in url:
        raise ValueError("url has a query, which Twilio does not forward: use parameters")
    written = stream_element(facts.CONNECT, {facts.URL: url}, parameters)
    for name, value in parameters.items():
        characters = len(name) + len(value)
        if characters > facts.MAX_PARAMETER_CHARACTERS:
            raise ValueError(
                f"parameter {name!r} has {characters} characters with its value, at most "
                f"{facts.MAX_PARAMETER_CHARACTERS} are allowed"
            )
    return written

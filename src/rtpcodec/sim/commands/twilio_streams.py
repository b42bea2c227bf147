"""Streams that Twilio has: their settings, by the rules of its documents (docs/twilio.md, "Have Twilio stream")."""

from __future__ import annotations

from collections.abc import Mapping

from rtpcodec.carriers.telnyx import commands
from rtpcodec.carriers.twilio import streaming, twiml
from rtpcodec.sim.commands.bodies import StreamSettings


def twilio_stream(url: str, tracks: str, parameters: Mapping[str, str], *, two_way: bool) -> StreamSettings:
    """Return the settings of a stream. The query of the URL is dropped, as Twilio dials without it.

    Raises:
        ValueError: a two-way stream has another track than the inbound one, or a parameter is too long.
    """
    known = (twiml.INBOUND_TRACK, twiml.OUTBOUND_TRACK, twiml.BOTH_TRACKS)
    if tracks not in known[:1] and two_way:
        raise ValueError(f"track is {tracks!r}, a two-way stream of Twilio has {twiml.INBOUND_TRACK} only")
    if tracks not in known:
        raise ValueError(f"track is {tracks!r}, one of {', '.join(known)} is needed")
    longest = max((len(name) + len(value) for name, value in parameters.items()), default=0)
    if longest > twiml.MAX_PARAMETER_CHARACTERS:
        rule = f"at most {twiml.MAX_PARAMETER_CHARACTERS} are allowed"
        raise ValueError(f"name and value of a parameter have {longest} characters, {rule}")
    return StreamSettings(
        stream_url=url.partition("?")[0],
        tracks=tracks,
        mode=commands.RTP_MODE,
        return_codec=streaming.CODEC,
        return_rate_hz=streaming.SAMPLE_RATE_HZ,
        target_legs=commands.SELF_LEG,
        custom_parameters=dict(parameters),
        two_way=two_way,
    )


def require_twilio_codec(codec: str, sample_rate_hz: int | None) -> None:
    """Check the codec of a call.

    Raises:
        ValueError: it is not PCMU at 8000 Hz.
    """
    if codec != streaming.CODEC or sample_rate_hz not in (None, streaming.SAMPLE_RATE_HZ):
        rate = "" if sample_rate_hz is None else f" at {sample_rate_hz} Hz"
        raise ValueError(f"the call has {codec}{rate}, Twilio has {streaming.CODEC} at {streaming.SAMPLE_RATE_HZ} Hz")

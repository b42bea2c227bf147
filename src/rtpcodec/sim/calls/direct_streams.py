"""Streams that a test starts without a command or a document of the app: `SimulatedCall.stream_to`."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

from rtpcodec.carriers.telnyx import commands, texml
from rtpcodec.sim.commands.bodies import StreamSettings
from rtpcodec.sim.commands.texml import Step
from rtpcodec.sim.commands.twilio_streams import require_twilio_codec, twilio_stream
from rtpcodec.sim.wires.ids import DialectName
from rtpcodec.stream.plan import StreamPlan


def wanted_stream(
    dialect: DialectName,
    url: str,
    plan: StreamPlan,
    parameters: Mapping[str, str],
    *,
    auth_token: str | None,
    one_way: bool,
) -> StreamSettings:
    """Return the settings of a stream by a plan.

    Raises:
        ValueError: the carrier has no such stream.
    """
    rtp = plan.mode == commands.RTP_MODE
    if dialect == "twilio":
        if auth_token is not None:
            raise ValueError("auth_token is for the dialect telnyx, Twilio sends no token")
        if not rtp:
            raise ValueError(f"mode is {plan.mode!r}, a stream of Twilio has {commands.RTP_MODE!r} only")
        require_twilio_codec(plan.send_codec, plan.send_rate_hz)
        if plan.receive_codec != commands.OWN_CODEC:
            require_twilio_codec(plan.receive_codec, None)
        return twilio_stream(url, plan.tracks, parameters, two_way=not one_way)
    if one_way:
        raise ValueError("one_way is for the dialect twilio, a stream of Telnyx is two-way")
    return StreamSettings(
        stream_url=url,
        tracks=plan.tracks,
        codec=plan.receive_codec,
        mode=plan.mode,
        return_codec=plan.send_codec if rtp else commands.DEFAULT_SEND_CODEC,
        return_rate_hz=plan.send_rate_hz if rtp else commands.DEFAULT_SAMPLING_RATE_HZ,
        target_legs=plan.target_legs,
        auth_token=auth_token,
        custom_parameters=dict(parameters),
    )


def document_of(settings: StreamSettings) -> list[Step]:
    """Return the document that streams a call of Twilio: the call ends with a two-way stream."""
    if settings.two_way:
        return [Step(texml.CONNECT, settings)]
    return [Step(texml.START, settings), Step(texml.PAUSE, pause_s=inf)]

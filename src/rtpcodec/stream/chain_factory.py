"""Makes the send chain of a plan, if the carrier supports it: replies in mode rtp, files in mode mp3."""

from __future__ import annotations

from rtpcodec.audio.rates import require_rate
from rtpcodec.errors import LocalProtocolError, PlanError
from rtpcodec.stream.packing import packing_of
from rtpcodec.stream.plan import MP3_RATES_HZ, StreamPlan
from rtpcodec.stream.receive_codec import PcmRate
from rtpcodec.stream.send_chain import SendChain
from rtpcodec.stream.speaking._send_path import SendPath
from rtpcodec.stream.speaking.chain import SpeechChain
from rtpcodec.stream.speaking.settings import SpeakingSettings
from rtpcodec.stream.wire import Dialect
from rtpcodec.stream.wire.dialect import refusal_of


def send_chains_for(
    plan: StreamPlan, pcm_hz: int | None, settings: SpeakingSettings, dialect: Dialect
) -> tuple[SendChain, SpeechChain | None, SendPath | None]:
    """Return the send chain; the same chain if it has replies, else None; and its native path, else None.

    Args:
        plan: Mode, codec and rate of the sent audio.
        pcm_hz: Rate of PCM that is played without a rate; None: the rate of the plan.
        settings: Settings of the send side.
        dialect: The carrier's dialect.

    Raises:
        MissingLibrary: The library of the send codec is not installed.
        ValueError: The rate is not supported.
        LocalProtocolError: A setting needs mode rtp.
    """
    if plan.mode == "mp3":
        for name, value, usual in (
            ("keep_alive", settings.keep_alive, None),
            ("when_full", settings.when_full, "wait"),
        ):
            if value != usual:
                raise LocalProtocolError(f"{name} is {value!r}, the plan's mode is 'mp3' and it needs 'rtp'")
        from rtpcodec.stream.file_chain import FileChain  # noqa: PLC0415 -- it loads numpy

        # A file contains its rate, so PCM of any rate of MP3 needs no resampler.
        if pcm_hz is not None and pcm_hz not in MP3_RATES_HZ:
            raise ValueError(f"send_pcm_hz is {pcm_hz!r}, MP3 has {', '.join(map(str, MP3_RATES_HZ))}")
        return FileChain(plan, pcm_hz, settings.lead_ms, settings.max_queue_ms, dialect), None, None
    packing = packing_of(plan)
    if pcm_hz is not None and pcm_hz != packing.sample_rate_hz:
        require_rate("send_pcm_hz", pcm_hz)
        require_rate("send_rate_hz of the plan", packing.sample_rate_hz)
    chain = SpeechChain(packing, pcm_hz, settings, dialect)
    return chain, chain, chain.send_path


def checked_plan(plan: StreamPlan, receive_pcm_hz: PcmRate, dialect: Dialect) -> StreamPlan:
    """Return the plan. Raises PlanError if the carrier does not support it, ValueError if the rate is not supported."""
    if receive_pcm_hz is not None and receive_pcm_hz != "native":
        require_rate("receive_pcm_hz", receive_pcm_hz)
    reason = refusal_of(dialect, plan)
    if reason is not None:
        raise PlanError(reason)
    return plan

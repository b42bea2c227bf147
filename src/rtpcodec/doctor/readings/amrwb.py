"""Packing of AMR-WB, in both directions."""

from __future__ import annotations

import contextlib
from typing import Final, Literal

from rtpcodec.carriers.telnyx import commands
from rtpcodec.doctor.readings.observer import Observer, now_ms, passed
from rtpcodec.doctor.readings.reading import Reading, measured, not_measurable
from rtpcodec.doctor.readings.sound import is_codec
from rtpcodec.doctor.readings.tones import TONE_HZ, strongest, tone
from rtpcodec.errors import PayloadError
from rtpcodec.rtp.payloads.amrwb import AmrWbFormat
from rtpcodec.stream.plan import StreamPlan

Packing = Literal["bandwidth-efficient", "octet-aligned"]
PACKINGS: Final[tuple[Packing, ...]] = ("bandwidth-efficient", "octet-aligned")
TONE_MS: Final = 1000
HEARD_S: Final = 1.8


def plan_of(packing: Packing) -> StreamPlan:
    """Return the plan of a stream whose audio we send in one packing."""
    return StreamPlan(send_codec="AMR-WB", receive_codec="AMR-WB", tracks=commands.BOTH_TRACKS, amrwb_packing=packing)


def received(observer: Observer) -> Reading:
    """Read every payload under both packings."""
    point = "amrwb_packing_received"
    if not is_codec(observer, "AMR-WB"):
        why = f"the carrier sends {observer.call.media_format.encoding} though AMR-WB was asked for"
        return not_measurable(point, why)
    fits = dict.fromkeys(PACKINGS, 0)
    payloads = [payload for payload in observer.payloads() if payload]
    for payload in payloads:
        alone = AmrWbFormat()
        with contextlib.suppress(PayloadError):  # a payload of no packing counts for neither
            alone.frames(payload)
            if alone.detected in fits:
                fits[alone.detected] += 1
    figures = {"payloads": len(payloads), **{f"fit_{packing.replace('-', '_')}": fits[packing] for packing in PACKINGS}}
    best, other = sorted(PACKINGS, key=lambda packing: fits[packing], reverse=True)
    if fits[best] <= 2 * fits[other]:
        return not_measurable(point, "the payloads fit both packings, or neither", **figures)
    return measured(point, best, **figures)


async def is_accepted(observer: Observer, track: str | None) -> tuple[bool | None, int]:
    """Send a tone in the packing of the stream's plan.

    Args:
        track: the track that holds what the phone hears; None: there is none, and only errors decide.

    Returns: whether it was accepted, None if that is not known; and how many errors the carrier sent.
    """
    begun_ms, errors = now_ms(), len(observer.errors)
    await observer.call.play(tone(observer.call.send_pcm_hz, TONE_MS))
    observer.call.flush()
    await passed(HEARD_S)
    errors = len(observer.errors) - errors
    if errors:
        return False, errors
    pcm, rate_hz = observer.pcm(track, begun_ms) if track is not None else (b"", 0)
    if not rate_hz:
        return None, 0
    heard = strongest(pcm, rate_hz)
    return heard.is_tone and abs(heard.hz - TONE_HZ) < TONE_HZ / 5, 0


def sent(accepted: dict[str, tuple[bool | None, int]]) -> Reading:
    """Make the reading from the results of both packings."""
    point = "amrwb_packing_sent"
    figures: dict[str, int] = {}
    for packing, (_, errors) in accepted.items():
        figures[f"errors_{packing.replace('-', '_')}"] = errors
    if len(accepted) < len(PACKINGS) or any(fate is None for fate, _ in accepted.values()):
        return not_measurable(point, "neither track holds what we send, or a stream did not begin", **figures)
    fit = [packing for packing, (fate, _) in accepted.items() if fate]
    value = "neither" if not fit else "both" if len(fit) > 1 else fit[0]
    return measured(point, value, **figures)

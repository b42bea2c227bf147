"""Byte order and rate of L16, in both directions."""

from __future__ import annotations

from typing import Final

from rtpcodec.carriers.telnyx import commands
from rtpcodec.carriers.telnyx.streaming import TRACK_NAMES
from rtpcodec.doctor.readings.observer import Observer, now_ms, passed
from rtpcodec.doctor.readings.reading import Reading, measured, not_measurable
from rtpcodec.doctor.readings.sound import is_codec
from rtpcodec.doctor.readings.tones import TONE_HZ, Heard, roughness, strongest, swapped, tone
from rtpcodec.stream.plan import StreamPlan

RATE_HZ: Final = 16000
LISTEN_S: Final = 3.0
TONE_MS: Final = 1200
HEARD_S: Final = 2.8
"""Time from the begin of a tone until all of it was heard, even at half its rate."""
ORDER_MARGIN: Final = 4.0
"""The wrong order must be this many times rougher: with speech and tones it is 10 times, with noise it is equal."""
RATE_TOLERANCE: Final = 0.1

RECEIVED_PLAN: Final = StreamPlan(send_codec="PCMU", receive_codec="L16", tracks=commands.BOTH_TRACKS)
SENT_PLAN: Final = StreamPlan(send_codec="L16", send_rate_hz=RATE_HZ, tracks=commands.BOTH_TRACKS)


async def received(observer: Observer) -> list[Reading]:
    """Listen to L16 of the carrier, and play a tone in case nobody speaks."""
    points = ("l16_order_received", "l16_rate_received")
    if not is_codec(observer, "L16"):
        why = f"the carrier sends {observer.call.media_format.encoding} though L16 was asked for"
        return [not_measurable(point, why) for point in points]
    await observer.call.play(tone(observer.call.send_pcm_hz, TONE_MS))
    observer.call.flush()
    await passed(LISTEN_S)
    return [_order(observer), _rate(observer)]


def _order(observer: Observer) -> Reading:
    point, figures = "l16_order_received", []
    for track in TRACK_NAMES:
        payloads = observer.payloads(track)
        little, big = roughness(payloads), roughness([swapped(payload) for payload in payloads])
        if little is not None and big is not None:
            figures.append((max(little, big) / max(min(little, big), 1e-9), little, big, track))
    if not figures:
        return not_measurable(point, "nobody spoke, and our own tone is not in the outbound track")
    margin, little, big, track = max(figures)
    if margin < ORDER_MARGIN:
        return not_measurable(point, "the audio fits both orders", roughness_little=little, roughness_big=big)
    value = "little" if little < big else "big"
    return measured(point, value, roughness_little=little, roughness_big=big, track=track)


def _rate(observer: Observer) -> Reading:
    point, declared_hz = "l16_rate_received", observer.call.media_format.sample_rate_hz
    track = observer.chunks[0][1].track if observer.chunks else TRACK_NAMES[0]
    arrived = [(at_ms, audio) for at_ms, audio in observer.chunks if audio.track == track]
    span_ms = arrived[-1][0] - arrived[0][0] if arrived else 0.0
    if span_ms < 1000:
        return not_measurable(point, "less than a second of audio came")
    samples = sum(len(audio.payload) // 2 for _, audio in arrived[1:])
    measured_hz = samples * 1000 / span_ms
    fits = abs(measured_hz / declared_hz - 1) < RATE_TOLERANCE if declared_hz else False
    return measured(point, "as_declared" if fits else "other", declared_hz=declared_hz, measured_hz=measured_hz)


async def sent(observer: Observer, track: str | None) -> list[Reading]:
    """Send a tone in L16 of each byte order, and find the order that comes back as a tone.

    Args:
        track: the track that holds what the phone hears; None: there is none.
    """
    points = ("l16_order_sent", "l16_rate_sent")
    if track is None:
        return [not_measurable(point, "neither track holds what we send") for point in points]
    little = await _returned(observer, tone(RATE_HZ, TONE_MS), track)
    big = await _returned(observer, swapped(tone(RATE_HZ, TONE_MS)), track)
    order = {True: "little", False: "big"}[little.share >= big.share]
    best = little if order == "little" else big
    figures = {"tone_share_little": little.share, "tone_share_big": big.share}
    if not best.is_tone:
        return [not_measurable(point, "neither order came back as a tone", **figures) for point in points]
    played_hz = RATE_HZ * best.hz / TONE_HZ
    fits = abs(played_hz / RATE_HZ - 1) < RATE_TOLERANCE
    return [
        measured("l16_order_sent", order, **figures),
        measured("l16_rate_sent", "as_asked" if fits else "other", asked_hz=RATE_HZ, played_hz=played_hz),
    ]


async def _returned(observer: Observer, payload: bytes, track: str) -> Heard:
    begun_ms = now_ms()
    observer.call.play_payload(payload)
    observer.call.flush()
    await passed(HEARD_S)
    pcm, rate_hz = observer.pcm(track, begun_ms)
    return strongest(pcm, rate_hz) if rate_hz else Heard(0.0, 0.0, 0.0)

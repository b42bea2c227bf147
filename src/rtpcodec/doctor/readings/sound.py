"""The readings of the first stream: ringing, numbering, echoes of marks, their limit, and our own speech."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from rtpcodec.carriers.telnyx import webhooks
from rtpcodec.carriers.telnyx.errors import RATE_LIMIT_REACHED
from rtpcodec.carriers.telnyx.streaming import TRACK_NAMES
from rtpcodec.codecs import codec
from rtpcodec.doctor.readings.observer import Observer, now_ms, passed
from rtpcodec.doctor.readings.reading import Reading, measured, not_measurable
from rtpcodec.doctor.readings.streams import Dialled
from rtpcodec.doctor.readings.tones import TONE_HZ, Heard, strongest, tone
from rtpcodec.doctor.readings.webhook_inbox import WebhookInbox
from rtpcodec.stream.events import Audio

OUTBOUND: Final = TRACK_NAMES[1]
AT_ANSWER_MS: Final = 500.0
"""A socket that opens at most this long before the webhook of the answer counts as opened at the answer."""
NUMBERED_CHUNKS: Final = 20
TONE_MS: Final = 1500
ECHO_LIMIT_S: Final = 4.0
"""Limit of a mark's echo: 2.5 s after the end of its audio."""
MARK_RATES_PER_S: Final = (5, 20, 50)
UNIT_TOLERANCE: Final = 0.1


def ringing(first: Dialled, inbox: WebhookInbox | None) -> Reading:
    """Compare when the socket opened with when the phone was answered."""
    point = "start_against_ringing"
    answered_ms = None if inbox is None else inbox.arrived_ms(webhooks.CALL_ANSWERED)
    socket_ms, start_ms = first.socket_ms, first.call.started.monotonic_ms
    if answered_ms is None or socket_ms is None:
        why = "the webhook of the answer did not come"
        if inbox is not None and inbox.refused:
            why = f"{inbox.refused} webhooks came whose signatures do not fit the public key"
        return not_measurable(point, why, start_after_dial_ms=start_ms - first.dialled_ms)
    before_ms = answered_ms - socket_ms
    return measured(
        point,
        "before_answer" if before_ms > AT_ANSWER_MS else "at_answer",
        socket_after_dial_ms=socket_ms - first.dialled_ms,
        answer_after_dial_ms=answered_ms - first.dialled_ms,
        start_after_answer_ms=start_ms - answered_ms,
    )


def timestamp_unit(chunks: Sequence[Audio]) -> Reading:
    """Compare the step of the timestamps with the duration of the chunks."""
    point, numbered = "timestamp_unit", [one for one in chunks if one.timestamp is not None]
    if len(numbered) < NUMBERED_CHUNKS:
        return not_measurable(point, f"{len(numbered)} chunks of one track have a timestamp")
    steps = [(after.timestamp or 0) - (before.timestamp or 0) for before, after in pairwise(numbered)]
    step = sorted(steps)[len(steps) // 2]
    duration_ms = numbered[0].duration_ms
    ticks = step / duration_ms if duration_ms else 0.0
    clock_khz = numbered[0].sample_rate_hz / 1000
    value = "neither"
    if abs(ticks - 1) < UNIT_TOLERANCE:
        value = "ms"
    elif clock_khz and (abs(ticks / clock_khz - 1) < UNIT_TOLERANCE or abs(ticks - 8) < UNIT_TOLERANCE):
        value = "rtp_clock"
    return measured(point, value, step=step, duration_ms=duration_ms, ticks_per_ms=ticks)


def chunk_counter(observer: Observer) -> Reading:
    """Check whether the numbers of each track are contiguous, or those of both together."""
    point = "chunk_counter"
    numbers = {
        track: sorted(audio.chunk for _, audio in observer.chunks if audio.track == track and audio.chunk is not None)
        for track in TRACK_NAMES
    }
    if min(len(of_track) for of_track in numbers.values()) < NUMBERED_CHUNKS:
        return not_measurable(point, "numbered chunks of both tracks are needed")
    spans = {track: (of_track[-1] - of_track[0] + 1) / len(of_track) for track, of_track in numbers.items()}
    figures = {f"numbers_per_chunk_{track}": span for track, span in spans.items()}
    return measured(point, "shared" if min(spans.values()) > 1.5 else "per_track", **figures)


async def echo_and_own_speech(observer: Observer) -> list[Reading]:
    """Play a tone and a mark; record when the mark returns, and look for the tone in the outbound track."""
    call, begun_ms = observer.call, now_ms()
    await call.play(tone(call.send_pcm_hz, TONE_MS))
    call.flush()
    name = call.mark()
    returned_ms = await observer.has_mark(name, ECHO_LIMIT_S)
    rest_s = (begun_ms + TONE_MS - now_ms()) / 1000 + 1.0
    await passed(max(0.0, rest_s))
    return [_echo_timing(begun_ms, returned_ms), _own_speech(observer, begun_ms)]


def _echo_timing(begun_ms: float, returned_ms: float | None) -> Reading:
    point = "echo_timing"
    if returned_ms is None:
        return measured(point, "never", audio_ms=TONE_MS, waited_ms=ECHO_LIMIT_S * 1000)
    after_ms = returned_ms - begun_ms
    value = "received" if after_ms < TONE_MS * 0.8 else "played"
    return measured(point, value, audio_ms=TONE_MS, echo_after_ms=after_ms, behind_audio_ms=after_ms - TONE_MS)


def track_with_tone(observer: Observer, since_ms: float) -> str | None:
    """Return the track that has held our tone since a moment, the outbound one first; None: neither has."""
    for track in reversed(TRACK_NAMES):
        pcm, rate_hz = observer.pcm(track, since_ms)
        if rate_hz and _is_ours(strongest(pcm, rate_hz)):
            return track
    return None


def _is_ours(heard: Heard) -> bool:
    return heard.is_tone and abs(heard.hz - TONE_HZ) < TONE_HZ / 5


def _own_speech(observer: Observer, since_ms: float) -> Reading:
    point = "own_speech_outbound"
    pcm, rate_hz = observer.pcm(OUTBOUND, since_ms)
    if not rate_hz:
        return not_measurable(point, "no outbound track was decoded")
    heard = strongest(pcm, rate_hz)
    return measured(point, "yes" if _is_ours(heard) else "no", tone_hz=heard.hz, tone_share=heard.share, rms=heard.rms)


async def mark_limit(observer: Observer) -> Reading:
    """Send marks at rising rates, one second each, until the carrier refuses one."""
    point, sent, before = "mark_limit", 0, len(observer.marks)
    for rate_per_s in MARK_RATES_PER_S:
        for _ in range(rate_per_s):
            if observer.call.ended:
                return not_measurable(point, "the stream ended")
            observer.call.mark()
            sent += 1
            await passed(1 / rate_per_s)
        await passed(0.5)
        refused = sum(code == RATE_LIMIT_REACHED for code in observer.errors)
        if refused:
            return measured(point, "limited", marks_per_s=rate_per_s, sent=sent, refused=refused)
    returned = len(observer.marks) - before
    return measured(point, "none", marks_per_s=MARK_RATES_PER_S[-1], sent=sent, returned=returned)


def is_codec(observer: Observer, name: str) -> bool:
    """Return whether a stream's `start` declares this codec."""
    return observer.call.media_format.encoding.upper() == codec(name).name

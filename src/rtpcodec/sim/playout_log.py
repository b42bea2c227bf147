"""PlayoutLog: the audio and the clears of the app, as the carrier's play-out received them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

MAX_ARRIVALS: Final = 30_000
"""Media messages that stay in a log, the last ones: ten minutes of 20 ms each."""
MAX_SECONDS: Final = 7200
"""Seconds of queue lengths that stay in a log, the last ones."""
MAX_CLEARS: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaArrival:
    """One media message of the app."""

    at_ms: float
    """When the carrier read it, since the WebSocket was opened."""
    octets: int
    """Octets of its payload."""
    samples: int
    """Samples of its audio."""
    position: int
    """Where its audio begins in `heard_pcm`, in samples. A clear may have cut it."""
    queued_ms: float
    """Audio that was not played yet when it arrived; 0: the play-out was empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearArrival:
    """One `clear` of the app."""

    at_ms: float
    """When the carrier read it, since the WebSocket was opened."""
    position: int
    """Where it cuts `heard_pcm`, in samples: from here on, nothing of the earlier audio was heard. The end of that
    audio if it was played to the end."""
    sent_position: int
    """The same position among all samples received since the stream began: the last one that was heard, plus 1."""
    dropped_samples: int
    """Samples that were received and never heard."""
    octets_before: int
    """Octets of all payloads that were received before it."""


@dataclass(frozen=True, slots=True)
class QueueSecond:
    """The play-out's queue in one second in which audio arrived."""

    from_ms: float
    """Time since the WebSocket was opened."""
    low_ms: float
    """The shortest queue before a message that continued audio; the first messages after silence fill the queue, so
    that the second they lie in has a low one. infinity: no message continued any."""
    high_ms: float
    """The longest queue after a message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayoutLog:
    """The log of one stream, for calls with `logs_playout=True`."""

    arrivals: tuple[MediaArrival, ...] = field(repr=False)
    """The last MAX_ARRIVALS media messages."""
    clears: tuple[ClearArrival, ...]
    """All `clear` messages."""
    queue: tuple[QueueSecond, ...] = field(repr=False)
    """The last MAX_SECONDS seconds in which audio arrived."""
    payload: bytes = field(repr=False)
    """The payloads of all media messages, joined; empty if the call keeps no audio."""

    def payload_behind(self, clear: ClearArrival) -> bytes:
        """Return the octets of all payloads that were received after a clear."""
        return self.payload[clear.octets_before :]

    def first_audio_ms(self, after_ms: float) -> float | None:
        """Return when the first media message arrived at or after a moment; None: none did."""
        return next((arrival.at_ms for arrival in self.arrivals if arrival.at_ms >= after_ms), None)

    def queue_ms(self, from_ms: float, to_ms: float) -> tuple[float, float]:
        """Return the shortest and longest queue in the whole seconds between two moments; infinity, 0: no audio."""
        seconds = [second for second in self.queue if from_ms <= second.from_ms and second.from_ms + 1000 <= to_ms]
        low_ms = min((second.low_ms for second in seconds), default=float("inf"))
        return low_ms, max((second.high_ms for second in seconds), default=0.0)


class PlayoutRecorder:
    """Records the log of one stream in bounded memory, the joined payload apart."""

    __slots__ = ("_arrivals", "_clears", "_octets", "_payload", "_queue", "_rate_hz", "_run_samples", "_samples")

    def __init__(self, sample_rate_hz: int, *, keeps_audio: bool) -> None:
        self._rate_hz = sample_rate_hz
        self._arrivals: deque[MediaArrival] = deque(maxlen=MAX_ARRIVALS)
        self._clears: deque[ClearArrival] = deque(maxlen=MAX_CLEARS)
        self._queue: deque[QueueSecond] = deque(maxlen=MAX_SECONDS)
        self._payload = bytearray() if keeps_audio else None
        self._octets = 0
        self._samples = 0  # of all audio
        self._run_samples = 0  # of audio since the play-out was empty: silence may lie before it in the play-out

    def media(self, payload: bytes, samples: int, at_ms: float, *, now: int, end: tuple[int, int]) -> None:
        """Record a message whose audio was queued.

        Args:
            payload, samples: what it holds.
            at_ms: when it was read.
            now: the position of the play-out then.
            end: the position behind its last queued sample, before and after the message.
        """
        queued_ms, filled_ms = (max(0, position - now) * 1000 / self._rate_hz for position in end)
        if not samples:
            return
        continues = queued_ms > 0
        self._run_samples = self._run_samples * continues + samples
        self._samples += samples
        self._octets += len(payload)
        if self._payload is not None:
            self._payload += payload
        self._arrivals.append(
            MediaArrival(
                at_ms=at_ms, octets=len(payload), samples=samples, position=end[1] - samples, queued_ms=queued_ms
            )
        )
        self._fill(at_ms // 1000 * 1000, queued_ms if continues else float("inf"), filled_ms)

    def _fill(self, from_ms: float, low_ms: float, high_ms: float) -> None:
        if self._queue and self._queue[-1].from_ms == from_ms:
            last = self._queue.pop()
            low_ms, high_ms = min(low_ms, last.low_ms), max(high_ms, last.high_ms)
        self._queue.append(QueueSecond(from_ms, low_ms, high_ms))

    def clear(self, at_ms: float, *, end: tuple[int, int]) -> None:
        """Record a clear.

        Args:
            at_ms: when it was read.
            end: the position behind the play-out's last sample, before and after it.
        """
        # A clear may also cut the silence by which a play-out delays audio.
        dropped = min(end[0] - end[1], self._run_samples)
        self._run_samples -= dropped
        self._clears.append(
            ClearArrival(
                at_ms=at_ms,
                position=end[1],
                sent_position=self._samples - dropped,
                dropped_samples=dropped,
                octets_before=self._octets,
            )
        )

    def log(self) -> PlayoutLog:
        """Return everything so far."""
        return PlayoutLog(
            arrivals=tuple(self._arrivals),
            clears=tuple(self._clears),
            queue=tuple(self._queue),
            payload=bytes(self._payload or b""),
        )

"""The level of the heard audio, for a voice detector that asks once per inbound chunk."""

from __future__ import annotations

from math import inf, log10
from typing import Final

from rtpcodec.audio.levels import FULL_SCALE, SILENCE_DBOV
from rtpcodec.stream.listening.heard_times import HeardTimes
from rtpcodec.stream.listening.sent_log import BLOCK_MS, SentLog

_FULL_POWER: Final = float(FULL_SCALE**2)
_SILENCE_POWER: Final = FULL_SCALE**2 * 10 ** (SILENCE_DBOV / 10)


class HeardLevels:
    """Levels by media time. Use from one thread at a time.

    The place of the current run is looked up only when `stale` is set or another run begins.
    """

    __slots__ = ("_before_ms", "_begin_ms", "_log", "_origin", "_placed", "_powers", "_times", "stale")

    def __init__(self, log: SentLog, times: HeardTimes) -> None:
        """Make it from the log and the times of one stream."""
        self._log = log
        self._times = times
        self._powers = log.powers
        self._placed = times.run
        self._origin = 0.0  # index of the block that is heard at media time 0
        self._begin_ms = inf  # media time of the current run's start
        self._before_ms = -inf  # media time of the end of the audio before
        self.stale = True
        """Whether something has changed."""

    def level_dbov(self, from_media_ms: float, to_media_ms: float) -> float:
        """Return the level of the loudest block that was heard between two media times; -127: nothing was heard."""
        if self.stale or self._placed.run.next is not None:
            self._look()
        # 1. Within the current run, or from the pause before it on: look up the block by its index.
        powers = self._powers
        if from_media_ms >= self._begin_ms:
            first = int(from_media_ms / BLOCK_MS + self._origin)
            if first >= len(powers):
                return SILENCE_DBOV
        elif from_media_ms >= self._before_ms:
            first = int(self._begin_ms / BLOCK_MS + self._origin)
        else:
            # 2. Across several runs.
            return _dbov(self._power(from_media_ms, to_media_ms))
        if self._log.unmeasured:
            self._log.measure_payloads()
        found = powers[first : int(to_media_ms / BLOCK_MS + self._origin) + 1] if to_media_ms > self._begin_ms else ()
        power = max(found, default=0.0)
        return 10 * log10(power / _FULL_POWER) if power > _SILENCE_POWER else SILENCE_DBOV

    def _look(self) -> None:
        """Look up the place of the current run, and silence what was cut."""
        self.stale = False
        times, samples = self._times, self._log.block_samples
        for cut in times.cuts:
            doubt_ms = 0.0 if cut.point.settled else cut.point.uncertainty_ms
            self._log.silence(cut.point.position + int(doubt_ms * samples / BLOCK_MS), cut.end)
        placed = self._placed = times.run
        begin_ms = times.echo_ms(placed, placed.start) - times.clock.delay_ms
        if not -inf < begin_ms < inf:
            self._begin_ms = self._before_ms = inf if begin_ms == inf else -inf
            self._origin = 0.0
            return
        self._begin_ms = begin_ms
        self._origin = placed.start / samples - self._log.first_block - begin_ms / BLOCK_MS
        end_ms = times.end_before(placed)
        self._before_ms = end_ms - times.clock.delay_ms if end_ms > -inf else -inf

    def _power(self, from_media_ms: float, to_media_ms: float) -> float:
        """Return the mean square of the loudest block, over several runs."""
        times, per_ms = self._times, self._log.block_samples / BLOCK_MS
        delay_ms, power = times.clock.delay_ms, 0.0
        if delay_ms == inf:
            return 0.0
        for stretch in times.stretches(self._log.first_position or 0):
            begin_ms = times.echo_ms(stretch.run, stretch.start) - delay_ms
            start = max(stretch.start, stretch.start + int((from_media_ms - begin_ms) * per_ms))
            end = min(stretch.end, stretch.start + int((to_media_ms - begin_ms) * per_ms))
            if start < end:
                power = max(power, self._log.power(start, end))
        return power


def _dbov(power: float) -> float:
    return 10 * log10(power / _FULL_POWER) if power > _SILENCE_POWER else SILENCE_DBOV

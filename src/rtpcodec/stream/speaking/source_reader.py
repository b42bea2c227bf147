"""Reads a recording at another rate, from any place, once or in a loop. The result is the same for any pieces."""

from __future__ import annotations

from array import array
from itertools import pairwise
from math import gcd
from typing import Final

from rtpcodec.audio.rates import resampler_between
from rtpcodec.stream.speaking.background_source import FADE_MS

PRE_ROLL_MS: Final = 5
"""Read before a new place: the resampler's filter spans at most 4 ms, so the output equals an unbroken stream."""


class SourceReader:
    """Reads a recording at `to_hz`. Use from one thread at a time.

    The n-th sample does not depend on how earlier samples were read: in pieces, or skipped by a `seek`. The delay of
    the resampler is compensated, so the first sample is that of the recording.

    A loop whose end meets its beginning (the step there is not larger than the steps around it) repeats unchanged, and
    the resampler continues across the joint. Any other loop is crossfaded: its last 5 ms turn into its first 5 ms, and
    a repetition is 5 ms shorter than the recording.
    """

    __slots__ = (
        "_down",
        "_input",
        "_joint",
        "_pcm",
        "_period",
        "_ready",
        "_resampler",
        "_synced",
        "_up",
        "end_samples",
        "position",
    )

    def __init__(self, pcm: bytes, pcm_hz: int, to_hz: int, *, loop: bool) -> None:
        """Make a reader.

        Args:
            pcm: native int16 mono PCM, of at least four times FADE_MS.
            pcm_hz: its rate.
            to_hz: the rate of the result.
            loop: repeat without end. False: silence follows.

        Raises:
            ValueError: streams cannot be resampled between the rates.
        """
        self._resampler = resampler_between("pcm_hz", pcm_hz, "to_hz", to_hz)
        self._pcm = memoryview(pcm)
        divisor = gcd(pcm_hz, to_hz)
        self._up, self._down = to_hz // divisor, pcm_hz // divisor
        samples = len(pcm) >> 1
        self._joint = memoryview(joint(pcm, pcm_hz * FADE_MS // 1000) if loop else b"")
        self._period = samples - (len(self._joint) >> 1) if loop else 0
        self.end_samples: int | None = None if loop else samples * self._up // self._down
        """Length of the recording in samples; None: it repeats."""
        self.position = 0
        """The number of the next sample."""
        self._input = 0  # samples of the recording that were read, repetitions included
        self._ready = b""  # resampled but not returned
        self._synced = False  # whether the resampler's state belongs to `position`

    def seek(self, position: int) -> None:
        """Continue at another place. Nothing is computed before the next `read`."""
        self.position = position
        self._synced = False

    def read(self, samples: int) -> bytes:
        """Return the next samples; zeros after the end."""
        if self._resampler is None:
            self._input = self.position
            self.position += samples
            return self._take(samples)
        if not self._synced:
            self._sync()
        self.position += samples
        return self._resampled(samples)

    def _sync(self) -> None:
        """Restart the resampler some ms before `position`, and drop its output before that."""
        resampler = self._resampler
        if resampler is None:
            return
        resampler.reset()
        self._ready = b""
        wanted = self.position + resampler.delay_samples
        # The phases of the resampler repeat every `up` output samples: restart at such a multiple.
        early = wanted - resampler.to_hz * PRE_ROLL_MS // 1000
        begin = max(0, early // self._up * self._up)
        self._input = begin // self._up * self._down
        self._synced = True
        self._resampled(wanted - begin)

    def _resampled(self, samples: int) -> bytes:
        """Return the resampler's next samples."""
        resampler = self._resampler
        pcm = self._ready
        missing = samples - (len(pcm) >> 1)
        if missing > 0 and resampler is not None:
            # The fewest input samples that give the missing ones.
            needed = missing * self._down // self._up
            while resampler.output_samples(needed) < missing:
                needed += 1
            more = resampler.resample(self._take(needed))
            pcm = pcm + more if pcm else more
        self._ready = pcm[2 * samples :]
        return pcm[: 2 * samples] if self._ready else pcm

    def _take(self, samples: int) -> bytes:
        """Return the next samples of the recording, repeated or followed by silence."""
        begin, period = self._input, self._period
        self._input = end = begin + samples
        if not period:
            found = bytes(self._pcm[2 * begin : 2 * end])
            return found if len(found) == 2 * samples else found + bytes(2 * samples - len(found))
        if end <= period:
            return bytes(self._pcm[2 * begin : 2 * end])
        return self._take_repeated(begin, end)

    def _take_repeated(self, begin: int, end: int) -> bytes:
        """Return samples beyond the first repetition. All later ones begin with the joint."""
        pieces = []
        joint_samples = len(self._joint) >> 1
        while begin < end:
            repetition, at = divmod(begin, self._period)
            if repetition and at < joint_samples:
                source, until = self._joint, joint_samples
            else:
                source, until = self._pcm, self._period
            until = min(until, at + end - begin)
            pieces.append(source[2 * at : 2 * until])
            begin += until - at
        return b"".join(pieces)


def joint(pcm: bytes, samples: int) -> bytes:
    """Return the crossfade that replaces the first samples of a repetition; empty: the loop repeats unchanged."""
    head = array("h", pcm[: 2 * samples])
    tail = array("h", pcm[-2 * samples :])
    usual = max(_largest_step(head), _largest_step(tail))
    if abs(head[0] - tail[-1]) <= usual:
        return b""
    whole = samples + 1
    mixed = (
        round((old * (samples - at) + new * (at + 1)) / whole)
        for at, (old, new) in enumerate(zip(tail, head, strict=True))
    )
    return array("h", mixed).tobytes()


def _largest_step(samples: array[int]) -> int:
    return max((abs(after - before) for before, after in pairwise(samples)), default=0)

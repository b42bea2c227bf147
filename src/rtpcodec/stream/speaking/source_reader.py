"""A recording read at another rate from any place on, once or in a loop, with a result that no cut changes."""

from __future__ import annotations

from array import array
from itertools import pairwise
from math import gcd
from typing import Final

from rtpcodec.audio.rates import resampler_between
from rtpcodec.stream.speaking.background_source import FADE_MS

PRE_ROLL_MS: Final = 5
"""Read ahead of a new place: the resampler's filters see at most 4 ms, so its output is that of an unbroken stream."""


class SourceReader:
    """Reads a recording at `to_hz`. Use from one thread at a time.

    The n-th sample is the same however the samples before it were read: in pieces, or not at all after a `seek`. The
    resampler's delay is left out, so the first sample is that of the recording.

    A loop whose end meets its beginning (the step there is not larger than the steps around it) repeats as it is, and
    the resampler continues across the joint. Any other is crossfaded: its last 5 ms turn into its first 5 ms, and a
    repetition is 5 ms shorter than the recording.
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

        pcm: native int16 mono PCM, of at least four times FADE_MS.
        pcm_hz: its rate.
        to_hz: the rate that is read.
        loop: repeat without end; else silence follows.
        Raises: ValueError if streams cannot be resampled between the rates.
        """
        self._resampler = resampler_between("pcm_hz", pcm_hz, "to_hz", to_hz)
        self._pcm = memoryview(pcm)
        divisor = gcd(pcm_hz, to_hz)
        self._up, self._down = to_hz // divisor, pcm_hz // divisor
        samples = len(pcm) >> 1
        self._joint = memoryview(joint(pcm, pcm_hz * FADE_MS // 1000) if loop else b"")
        self._period = samples - (len(self._joint) >> 1) if loop else 0
        self.end_samples: int | None = None if loop else samples * self._up // self._down
        """Samples of the whole recording; None: it has no end."""
        self.position = 0
        """Samples before the next one that is read."""
        self._input = 0  # samples of the recording, repetitions included, that were read
        self._ready = b""  # resampled, not read yet
        self._synced = False  # the resampler and what is ready belong to `position`

    def seek(self, position: int) -> None:
        """Read from another place next. Nothing is computed before the next `read`."""
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
        # The resampler's phases repeat every `up` samples: it restarts at one of these places.
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
            # The fewest samples that give the missing ones.
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
        """Return samples beyond the first repetition. The joint stands for the beginning of all others."""
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
    """Return what stands for the first samples of a loop when it repeats; empty: the loop repeats as it is."""
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

"""The heard audio that our session reports, compared with the play-out of the simulated carrier."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf

import numpy as np
import numpy.typing as npt

from rtpcodec.sim.media.variations import Variations
from rtpcodec.stream.listening.heard_signal import HeardReader, HeardSignal, HeardSpan
from tests.speaking.conversation import Conversation

SEARCH_MS = 400.0
"""A span that is off by more than this counts as missing."""
CHUNKS = Variations(chunk_ms=20)


@dataclass
class HeardCall:
    """A conversation whose heard audio is read while it runs."""

    call: Conversation
    every_ms: float = 100.0
    """How often a reader takes audio."""
    spans: list[HeardSpan] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.signal: HeardSignal = self.call.session.heard_signal()
        self.reader: HeardReader = self.signal.reader()
        self._take()

    def _take(self) -> None:
        self.spans += self.reader.take(inf)
        self.call.at(self.call.now_ms + self.every_ms, self._take)

    def end(self) -> None:
        """Let all be final, and take it."""
        self.call.wait(4000)
        self.spans += self.reader.take(inf)

    # The truth

    def media_ms(self, position: float) -> float:
        """The true media time of a position of the play-out: both clocks began at 0."""
        timing, playout = self.call.timing, self.call.playout
        at_ms = position * 1000 / (playout.sample_rate_hz * (1 + timing.playout_clock_ppm * 1e-6))
        return at_ms * (1 + timing.caller_clock_ppm * 1e-6)

    def position(self, media_ms: float) -> int:
        """The position of the play-out at a media time."""
        timing, playout = self.call.timing, self.call.playout
        at_ms = media_ms / (1 + timing.caller_clock_ppm * 1e-6)
        return round(at_ms * playout.sample_rate_hz * (1 + timing.playout_clock_ppm * 1e-6) / 1000)

    def errors_ms(self) -> list[float]:
        """By how much each 20 ms that are not silent lie later than they were heard; infinite: they were not heard."""
        truth, samples = self.call.heard(), self.call.samples(20)
        found: list[float] = []
        for span in self.spans:
            pcm = np.frombuffer(span.pcm, np.int16)
            for at in range(0, len(pcm), samples):
                piece = pcm[at : at + samples]
                if piece.any():
                    found.append(self._error_ms(piece, span.media_ms + at * 1000 / self.reader.sample_rate_hz, truth))
        return found

    def _error_ms(self, pcm: npt.NDArray[np.int16], media_ms: float, truth: npt.NDArray[np.int16]) -> float:
        near, window = self.position(media_ms), self.call.samples(SEARCH_MS)
        first = max(0, near - window)
        place = _place(truth[first : near + window + len(pcm)], pcm, near - first)
        return inf if place is None else media_ms - self.media_ms(first + place)

    def joined(self) -> npt.NDArray[np.int16]:
        """All samples that were read."""
        return np.frombuffer(b"".join(span.pcm for span in self.spans), np.int16)


def _place(truth: npt.NDArray[np.int16], pcm: npt.NDArray[np.int16], near: int) -> int | None:
    """The true place of PCM, nearest to the expected one; None: not played."""
    at = int(np.argmax(np.abs(pcm.astype(np.int32))))
    found = np.flatnonzero(truth == pcm[at]) - at
    for position in sorted(map(int, found), key=lambda place: abs(place - near)):
        if position >= 0 and np.array_equal(truth[position : position + len(pcm)], pcm):
            return position
    return None

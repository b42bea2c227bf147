"""How much of a reply the next message takes: whole chunks, and the rest at the end."""

from __future__ import annotations

from math import isfinite
from typing import Final

from rtpcodec.stream.plan import MIN_MESSAGE_MS

STEP_MS: Final = MIN_MESSAGE_MS
"""A message of a sample codec holds a multiple of this, the shortest chunk that the carrier accepts."""
CHUNK_LIMITS_MS: Final = (STEP_MS, 200)
"""A longer chunk would noticeably delay the start of a reply, and its interruption."""
MAX_PREBUFFER_MS: Final = 5000
"""Longer than any caller waits for a reply: a higher number probably has another unit."""


class Chunking:
    """Computes the lengths of messages, in samples at the codec's rate. Stateless: replies and threads may share it.

    Audio whose end is known is never held back, neither for a whole chunk nor for the prebuffer.
    """

    __slots__ = ("_chunk_samples", "_frame_samples", "_prebuffer_samples")

    def __init__(
        self,
        frame_samples: int,
        sample_rate_hz: int,
        *,
        chunk_ms: float = STEP_MS,
        prebuffer_ms: float = 0,
        is_frame_codec: bool = False,
    ) -> None:
        """Make the rule for one codec.

        Args:
            frame_samples: samples of a frame; for a sample codec, those of 20 ms.
            sample_rate_hz: their rate.
            chunk_ms: the most audio per message of a sample codec, 20 to 200. Messages hold multiples of 20 ms, so 50
                means 40. A message of a frame codec always holds one frame.
            prebuffer_ms: how much audio must wait before a reply begins, 0 to 5000.
            is_frame_codec: whether the codec is a frame codec.

        Raises:
            ValueError: a number is out of range.
        """
        shortest, longest = CHUNK_LIMITS_MS
        if not (isfinite(chunk_ms) and shortest <= chunk_ms <= longest):
            raise ValueError(f"chunk_ms is {chunk_ms!r}, {shortest} to {longest} is needed")
        if not (isfinite(prebuffer_ms) and 0 <= prebuffer_ms <= MAX_PREBUFFER_MS):
            raise ValueError(f"prebuffer_ms is {prebuffer_ms!r}, 0 to {MAX_PREBUFFER_MS} is needed")
        frames = 1 if is_frame_codec else int(chunk_ms // STEP_MS)
        self._frame_samples = frame_samples
        self._chunk_samples = frames * frame_samples
        self._prebuffer_samples = sample_rate_hz * prebuffer_ms / 1000

    def next_samples(self, waiting_samples: int, *, ended: bool, begun: bool = True) -> int:
        """Return the samples of the next message, a multiple of the frame; 0: it must wait for more audio.

        Args:
            waiting_samples: waiting audio of the reply, up to the next mark.
            ended: whether no audio will follow before the end or that mark. The last message is then padded to a whole
                frame, so the result may exceed waiting_samples.
            begun: whether a message of the reply was sent.
        """
        if ended:
            if waiting_samples >= self._chunk_samples:
                return self._chunk_samples
            return -(-waiting_samples // self._frame_samples) * self._frame_samples
        if waiting_samples < self._chunk_samples or (not begun and waiting_samples < self._prebuffer_samples):
            return 0
        return self._chunk_samples

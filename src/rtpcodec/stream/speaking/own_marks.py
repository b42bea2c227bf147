"""Own marks: decide after which messages of audio we send a mark of our own. Its echo shows where the far end plays.

Own marks are frequent at the start of a reply, because a barge-in is most likely there and nothing is known about its
run yet. A carrier may limit the rate of marks (error 100005): its first error halves the rate, its second ends
own marks for the stream.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from rtpcodec.stream.speaking._states import OwnMarksState

BEGIN_MS: Final = 2000.0
"""The first audio of a reply, which counts as its start."""
BEGIN_SPACING_MS: Final = 250.0
"""Audio between two own marks at the start of a reply."""
BEGIN_MARKS_PER_S: Final = 4
SPACING_MS: Final = 500.0
"""Audio between two own marks later in a reply."""
BETWEEN_SPACING_MS: Final = 1000.0
"""The same in the sound between replies, if something needs to know when it is heard: enough to follow drift."""
MARKS_PER_S: Final = 2
LIMIT_MS: Final = 1000.0
"""The interval of the two limits per second: a sliding window."""
MAX_RATE_ERRORS: Final = 2
"""After this many such errors, own marks stop for the stream."""


class OwnMarks(OwnMarksState):
    """Decides after which message an own mark is sent.

    Positions are in samples of the codec's rate, as in FarEnd; times in ms of the caller's clock. Use from one thread
    at a time.
    """

    __slots__ = ()

    def __init__(self, sample_rate_hz: int, *, enabled: bool = True) -> None:
        self._ms_per_sample = 1000 / sample_rate_hz
        self._begins = True
        self._reply_position = 0
        self.next_position = 0
        """The sent position from which the next mark is wanted; the end of a reply wants one earlier."""
        self._last_position = 0
        self._sent_ms: deque[float] = deque(maxlen=BEGIN_MARKS_PER_S)
        self._complaints = 0
        self.enabled = enabled
        """Whether own marks are sent. False: the carrier sent MAX_RATE_ERRORS errors, or does not return marks."""

    def begin_reply(self) -> None:
        """Request a mark behind the next message, the first of a reply. A mark due for an earlier end remains due."""
        self._begins = True
        self.next_position = 0

    def wanted(self, position: int, now_ms: float, *, last: bool) -> bool:
        """Return whether an own mark is due. Call it after each message of audio.

        Args:
            position: samples sent, that message included.
            now_ms: the time.
            last: whether nothing follows, so that the end needs a mark.
        """
        # 1. Is a mark wanted at this position, and not sent yet?
        if position < self.next_position and not last:
            return False
        if not self.enabled or position == self._last_position:
            return False
        # 2. Begin of a reply? Its first audio has the higher limit.
        if self._begins:
            self._begins = False
            self._reply_position = self._last_position
        allowed = BEGIN_MARKS_PER_S if self._is_begin(position) else MARKS_PER_S
        allowed >>= self._complaints
        # 3. Within the limit per second? A last mark waits until the limit allows it, others are left out.
        sent_ms = self._sent_ms
        if len(sent_ms) >= allowed and now_ms < sent_ms[-allowed] + LIMIT_MS:
            if last:
                self.due_ms = sent_ms[-allowed] + LIMIT_MS
            return False
        return True

    def wanted_between(self, position: int, now_ms: float, run_start: int) -> bool:
        """Return whether an own mark is due in sound between replies: behind the first message of a run, then rarely.

        Args:
            position: samples sent, that message included.
            now_ms: the time.
            run_start: where the run begins.
        """
        spacing = BETWEEN_SPACING_MS / self._ms_per_sample
        if self._last_position > run_start and position < self._last_position + spacing:
            return False
        return self.wanted(position, now_ms, last=False)

    def sent(self, position: int, now_ms: float) -> None:
        """Record that an own mark was sent behind this many samples."""
        spacing_ms = BEGIN_SPACING_MS if self._is_begin(position) else SPACING_MS
        self.next_position = position + int((spacing_ms * (1 + self._complaints)) / self._ms_per_sample)
        self._last_position = position
        self._sent_ms.append(now_ms)
        self.due_ms = None

    def cleared(self) -> None:
        """Drop a mark that is due, because a clear was sent: no end is left to prove."""
        self.due_ms = None

    def refused(self) -> bool:
        """Count an error of the carrier. Returns whether own marks have stopped because of it."""
        self._complaints += 1
        if self._complaints != MAX_RATE_ERRORS:
            return False
        self.enabled = False
        self.due_ms = None
        return True

    def _is_begin(self, position: int) -> bool:
        return (position - self._reply_position) * self._ms_per_sample < BEGIN_MS

"""Turn watch: measures the time from the end of the caller's speech to our first audio at the carrier.

Both moments are inbound media times:

1. The event of the end of speech has its media time.
2. The echo of a mark, and the chunk that was captured when its audio was played, arrive together. So audio was played
   at its echo time minus the delay of inbound audio. Without an echo, the far end's model gives the echo time:
   sent + round trip + hold.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from math import inf
from typing import Final

from rtpcodec.pickling import Live
from rtpcodec.stream.events import Event, SpeechEnded, SpeechStarted, Started, Stopped
from rtpcodec.stream.incoming import Incoming
from rtpcodec.stream.items import Piece
from rtpcodec.stream.listening.turn_times import LATENCY_BOUNDS_MS, MAX_TURNS, Turn, TurnTimes
from rtpcodec.stream.speaking.parts import Parts
from rtpcodec.stream.speaking.reply import Reply
from rtpcodec.stream.speaking.runs import Run
from rtpcodec.stream.speaking.spans import Spans

FINAL_AFTER_MS: Final = 2000.0
"""A turn is final this long after the expected begin of its answer: its first marks have returned or are lost."""
SPEECH_DOUBT_MS: Final = 20.0
"""Uncertainty of the end of speech: the detector examines blocks of 20 ms."""


@dataclass(slots=True)
class _FirstAudio:
    """The first audio of a reply."""

    position: int
    run: Run
    reply_id: str | None
    spans: Spans  # not the reply: an implicit reply begins again, and its spans stay with the sent part
    delay_ms: float  # our clock minus inbound media time
    speech_ended_ms: float = -inf


class TurnWatch(Live):
    """Measures the turns of one session: a sink of its events and of what it sends. Use from one thread at a time."""

    __slots__ = (
        "_answer",
        "_begin",
        "_histogram",
        "_incoming",
        "_max_ms",
        "_parts",
        "_speech_ended_ms",
        "_total_ms",
        "_turns",
        "deadline_ms",
    )

    def __init__(self, parts: Parts, incoming: Incoming) -> None:
        """Watch from now on.

        parts: of the session's speaking side.
        incoming: its receiving half.
        """
        self._parts = parts
        self._incoming = incoming
        self._speech_ended_ms: float | None = None  # of unanswered speech
        self._begin: _FirstAudio | None = None  # the last reply, as long as it has not answered anything
        self._answer: _FirstAudio | None = None  # the answer whose time is not final
        self._turns: deque[Turn] = deque(maxlen=MAX_TURNS)
        self._histogram = [0] * (len(LATENCY_BOUNDS_MS) + 1)
        self._total_ms = 0.0
        self._max_ms: float | None = None
        self.deadline_ms = inf
        parts.sent_sinks = (*parts.sent_sinks, self)

    @property
    def times(self) -> TurnTimes:
        """The turns so far."""
        histogram = tuple(self._histogram)
        return TurnTimes(tuple(self._turns), sum(histogram), self._total_ms, self._max_ms, histogram)

    # As a sink of events

    def take(self, event: Event, now_ms: float) -> Iterable[Event]:
        """Process an event of the session."""
        if type(event) is SpeechEnded:
            self._speech_ended(event.media_ms)
        elif type(event) is SpeechStarted:
            self._speech_ended_ms = None  # earlier speech will not be answered any more
        elif type(event) is Started:
            self._speech_ended_ms = self._begin = None  # media time restarts
        elif type(event) is Stopped:
            answer = self._answer
            if answer is not None and self._parts.far_end.echo_ms(answer.run, answer.position) > now_ms:
                self._answer = None  # the stream has ended before it was heard
            self._settle()
            self._begin = None
            # Parts and sink would keep each other alive.
            self._parts.sent_sinks = tuple(sink for sink in self._parts.sent_sinks if sink is not self)
        return ()

    def expired(self, now_ms: float) -> Iterable[Event]:
        """Make the time of an answer final once its echoes have returned or are lost."""
        if now_ms >= self.deadline_ms:
            self._settle()
        return ()

    # As a sink of sent audio

    def sent(self, position: int, samples: int, _pieces: list[Piece], _payload: bytes, reply: Reply | None) -> None:
        """Process a sent message. The first one of a reply may be an answer."""
        if reply is None or reply.spans.sent_to - reply.spans.first_content > samples:
            return
        delay_ms = inf if self._incoming.chain is None else self._incoming.chain.delay_ms
        if delay_ms == inf:
            return
        run = self._parts.far_end.run
        begin = _FirstAudio(position, run, reply.id, reply.spans, delay_ms)
        ended_ms = self._speech_ended_ms
        if ended_ms is not None and self._media_ms(begin) >= ended_ms:
            self._speech_ended_ms = None
            self._answered(begin, ended_ms)
        else:
            self._begin = begin

    # Turns

    def _speech_ended(self, media_ms: float) -> None:
        begin, self._begin = self._begin, None
        # A program with its own end-of-turn detector may answer before our hang-over has passed.
        if begin is not None and self._media_ms(begin) >= media_ms:
            self._answered(begin, media_ms)
        else:
            self._speech_ended_ms = media_ms

    def _media_ms(self, begin: _FirstAudio) -> float:
        """Return the media time at which the first audio of a reply is played."""
        return self._parts.far_end.echo_ms(begin.run, begin.position) - begin.delay_ms

    def _answered(self, begin: _FirstAudio, speech_ended_ms: float) -> None:
        self._settle()
        begin.speech_ended_ms = speech_ended_ms
        self._answer = begin
        self.deadline_ms = self._parts.far_end.echo_ms(begin.run, begin.position) + FINAL_AFTER_MS

    def _settle(self) -> None:
        """Add the turn of the answer, unless the answer was cut before it was heard."""
        answer, self._answer = self._answer, None
        self.deadline_ms = inf
        if answer is None:
            return
        cut = answer.spans.last_cut
        if cut is not None and not answer.spans.heard_samples(cut.position):
            return
        far_end = self._parts.far_end
        answered_ms = self._media_ms(answer)
        latency_ms = max(0.0, answered_ms - answer.speech_ended_ms)
        uncertainty_ms = SPEECH_DOUBT_MS + far_end.begin_doubt_ms(answer.run)
        if answer.run.base_ms is None and far_end.hold_ms is None:
            uncertainty_ms += far_end.round_trip_ms or 0.0
        self._turns.append(Turn(answer.speech_ended_ms, answered_ms, latency_ms, uncertainty_ms, answer.reply_id))
        self._histogram[bisect_left(LATENCY_BOUNDS_MS, latency_ms)] += 1
        self._total_ms += latency_ms
        self._max_ms = latency_ms if self._max_ms is None else max(self._max_ms, latency_ms)

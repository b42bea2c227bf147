"""The carrier of a MediaSession: given, or shown by its first messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from typing_extensions import Buffer

from rtpcodec.errors import PlanError
from rtpcodec.stream._hearing import hearing_of
from rtpcodec.stream.chains import possible_plan
from rtpcodec.stream.diagnosis.kinds import plan_impossible
from rtpcodec.stream.event_queue import EventQueue
from rtpcodec.stream.session_suspending import SuspendingSession
from rtpcodec.stream.speaking.parts import parts_of
from rtpcodec.stream.wire import Dialect
from rtpcodec.stream.wire.choice import dialect_of

if TYPE_CHECKING:
    from rtpcodec.stream.file_chain import FileChain


class DialectSession(SuspendingSession):
    """The base of MediaSession that changes its dialect before the stream starts."""

    _events: EventQueue

    def speak(self, dialect: Dialect) -> None:
        """Read and write another carrier's texts from now on. What was queued before is kept.

        dialect: the carrier's. MediaSession calls it by itself if it was made with None.
        Raises: PlanError, and changes nothing, if the carrier cannot do the plan.
        """
        possible_plan(self.plan, None, dialect)
        self._connection.choosing = False
        if self._inputs is not None:
            self._inputs.chosen(dialect)
        self._incoming.dialect = dialect
        if self._speech is None:
            cast("FileChain", self._sending).dialect = dialect  # mode mp3 has one chain
        else:
            parts = parts_of(self._speech)
            parts.dialect = dialect
            parts.own_marks.enabled = parts.settings.own_marks and dialect.marks
            self._speech.send_path.follow()
        if self._listening.watch is not None:
            self._listening.watch.follow(dialect)
        self._hearing = hearing_of(dialect.media_scanner, self._incoming, self._events)

    def refuse(self, reason: str, now_ms: float) -> None:
        """End the stream, because its carrier cannot do the plan. The events are Diagnosis and Stopped.

        Methods that send raise StreamEnded with the evidence of the Diagnosis from now on.

        reason: why, in words.
        now_ms: the time.
        """
        if not self.ended:
            self._connection.choosing = False
            if self._inputs is not None:
                self._inputs.refused(reason, now_ms)
            diagnosis = plan_impossible(reason)
            self._connection.refusal = diagnosis.evidence
            self._events.put(diagnosis)
            self._incoming.end("refused", now_ms)

    def _choose(self, text: str | Buffer, now_ms: float) -> None:
        """Speak the dialect that a message shows, or refuse the stream."""
        found = dialect_of(text)
        if found is self.dialect:
            self._connection.choosing = False
        elif found is not None:
            try:
                self.speak(found)
            except PlanError as error:
                self.refuse(str(error), now_ms)

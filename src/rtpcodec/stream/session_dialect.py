"""The dialect of a MediaSession: given, or detected by its first messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from typing_extensions import Buffer

from rtpcodec.errors import PlanError
from rtpcodec.stream._receive_path import receive_path_of
from rtpcodec.stream.chain_factory import checked_plan
from rtpcodec.stream.diagnosis.kinds import plan_impossible
from rtpcodec.stream.event_queue import EventQueue
from rtpcodec.stream.session_suspending import SuspendingSession
from rtpcodec.stream.speaking.parts import parts_of
from rtpcodec.stream.wire import Dialect
from rtpcodec.stream.wire.choice import dialect_of

if TYPE_CHECKING:
    from rtpcodec.stream.file_chain import FileChain


class DialectSession(SuspendingSession):
    """The base of MediaSession that sets its dialect before the stream starts."""

    _events: EventQueue

    def speak(self, dialect: Dialect) -> None:
        """Read and write another carrier's texts from now on. Audio and marks that are queued stay queued.

        A MediaSession that was made with dialect=None calls it itself.

        Raises, and changes nothing: PlanError if the carrier does not support the plan.
        """
        checked_plan(self.plan, None, dialect)
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
        self._receive_path = receive_path_of(dialect.media_scanner, self._incoming, self._events)

    def refuse(self, reason: str, now_ms: float) -> None:
        """End the stream, because its carrier does not support the plan. The events are Diagnosis and Stopped.

        From now on, methods that send raise StreamEnded with the evidence of the Diagnosis.

        Args:
            reason: The reason, as a sentence.
            now_ms: The time.
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
        """Switch to the dialect of a message, or refuse the stream."""
        found = dialect_of(text)
        if found is self.dialect:
            self._connection.choosing = False
        elif found is not None:
            try:
                self.speak(found)
            except PlanError as error:
                self.refuse(str(error), now_ms)

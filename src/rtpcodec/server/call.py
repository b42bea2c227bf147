"""Call: the object that a handler gets."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from rtpcodec.server.call_keeping import KeepingSide
from rtpcodec.server.call_listening import ListeningSide
from rtpcodec.server.call_phone import PhoneSide
from rtpcodec.server.call_speaking import SpeakingSide
from rtpcodec.server.ongoing import DONE, Ongoing
from rtpcodec.stream.ending import EndReason
from rtpcodec.stream.messages import MediaFormat
from rtpcodec.stream.plan import StreamPlan
from rtpcodec.stream.statistics import Statistics

CLOSE_CODES = (1000, 1001, 1002, 1003, *range(1007, 1015), *range(3000, 5000))
"""Codes that a close frame may carry (RFC 6455 section 7.4)."""


class Call(ListeningSide, KeepingSide, SpeakingSide, PhoneSide):
    """The stream of one call: receive its audio, and send audio to it.

    The end of the stream does not end the phone call; `hangup` does.

    Thread rule: use it in the event loop's thread only. In other threads, methods that change something raise
    LocalProtocolError and change nothing. `play_threadsafe` and `say_threadsafe` are for other threads.

    After the end of the stream, methods that send raise StreamEnded. A handler need not catch it: StreamEnded raised
    after the end of the stream is not an error.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        # Path and headers may carry tokens.
        return f"<Call {self.id} stream_id={self.started.stream_id!r} call_control_id={self.started.call_control_id!r}>"

    def close(self, code: int = 1000) -> Ongoing:
        """End the stream at once and drop queued audio.

        To let queued audio be heard, return from the handler instead. The phone call continues without the stream,
        whatever `on_handler_end` says, unless it was started by TeXML `<Connect>` and no further element follows.
        `hangup` ends the phone call.

        Args:
            code: the code of the close frame.

        Returns:
            An Ongoing. Await it to wait until the socket is closed.

        Raises:
            ValueError: a close frame cannot carry the code (RFC 6455 section 7.4).
            LocalProtocolError: called outside the event loop's thread.
        """
        if code not in CLOSE_CODES:
            raise ValueError(f"code is {code}, 1000 to 1014 (without 1004 to 1006) or 3000 to 4999 is needed")
        machine = self._machine("close")
        self._pump.send_due()
        machine.close(code, self._pump.now_ms(), "closed")
        self._pump.run()
        return Ongoing(asyncio.shield(self._parts.disconnected)) if self._parts.may_wait else DONE

    # State

    @property
    def ended(self) -> bool:
        """Whether the stream has ended."""
        return self._pump.machine.session.ended

    @property
    def end_reason(self) -> EndReason | None:
        """Why the stream has ended, one of `rtpcodec.server.EndReason`; None: it has not ended."""
        return self._pump.machine.end_reason

    @property
    def media_format(self) -> MediaFormat:
        """The current format of the carrier's audio."""
        return self._pump.machine.session.media_format or self.started.media_format

    @property
    def plan(self) -> StreamPlan:
        """The plan of the call."""
        return self._pump.machine.session.plan

    @property
    def send_pcm_hz(self) -> int:
        """The sample rate in Hz of PCM that is passed to `play` without a rate."""
        return self._pump.machine.session.send_pcm_hz

    @property
    def queued_ms(self) -> float:
        """Audio that waits to be sent, in ms: of all replies, and of plays that wait for space."""
        return self._pump.machine.queued_ms

    @property
    def queue_free_ms(self) -> float:
        """Audio in ms that `play` could queue now without waiting."""
        machine = self._pump.machine
        return max(0.0, machine.session.room_ms - machine.plays.waiting_ms)

    @property
    def sent_ms(self) -> float:
        """Audio in ms that was sent since the stream began, without what interruptions dropped."""
        session = self._pump.machine.session
        return session.position_ms - session.queued_ms

    @property
    def played_ms(self) -> float:
        """The part of `sent_ms` that was heard, at the carrier's play-out."""
        return self._pump.machine.session.heard_ms(self._pump.now_ms())

    def statistics(self) -> Statistics:
        """Return all counters of the stream at this moment. It may also be called after the end."""
        found, readers = self._pump.machine.statistics(self._pump.now_ms()), self._parts.readers
        return replace(found, dropped_audio_ms=readers.dropped_ms, dropped_events=readers.dropped_events)

    def describe(self) -> str:
        """Return one line for people that describes both directions: codec, rate and each conversion."""
        return self._pump.machine.session.describe()

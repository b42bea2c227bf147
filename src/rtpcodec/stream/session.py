"""The stream of one call: connection, receive chain and send chain. No I/O, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal, Unpack

from typing_extensions import Buffer

from rtpcodec.errors import LocalProtocolError
from rtpcodec.renamed import renamed_argument
from rtpcodec.stream._receive_path import receive_path_of
from rtpcodec.stream.app_messages import send_message
from rtpcodec.stream.chain_factory import checked_plan, send_chains_for
from rtpcodec.stream.connection import Connection, State
from rtpcodec.stream.counts import Counts
from rtpcodec.stream.diagnosis.watch import DIAGNOSIS_S, watch_for
from rtpcodec.stream.event_queue import EventQueue
from rtpcodec.stream.events import Audio, Event, Interrupted
from rtpcodec.stream.incoming import Incoming
from rtpcodec.stream.listening.parts import ListeningParts
from rtpcodec.stream.memory_budget import Account, HeldBudget
from rtpcodec.stream.plan import StreamPlan
from rtpcodec.stream.rate_conversion import pcm_and_rate
from rtpcodec.stream.receive_codec import PcmRate
from rtpcodec.stream.session_dialect import DialectSession
from rtpcodec.stream.session_options import SessionOptions
from rtpcodec.stream.speaking.background_sound import BackgroundSound
from rtpcodec.stream.speaking.chain import SpeechChain
from rtpcodec.stream.speaking.pause import Pause
from rtpcodec.stream.speaking.reply import Reply
from rtpcodec.stream.speaking.settings import SpeakingOptions, SpeakingSettings
from rtpcodec.stream.wire import TELNYX, Dialect
from rtpcodec.stream.wire.choice import DEFAULT

PAUSE_TIMEOUT_MS: Final = 2000.0
"""By then a caller who interrupts has said enough for a decision; until then the caller hears nothing."""
MAX_UNREAD_MS: Final = 600_000.0
"""Limit on received audio that waits for `events`; reached only if `events` is never called."""
STALL_MS: Final = 200.0
"""Silence of the socket that is reported as Stalled: ten chunks of 20 ms."""


class MediaSession(DialectSession):
    """The stream of one call: messages and PCM in, events and messages out. It has no socket and no clock.

    `now_ms` is the time of any monotonic clock. Use from one thread at a time. The carrier's messages never raise.

    >>> session = MediaSession(StreamPlan())
    >>> session.receive('{"event":"start","start":{"media_format":{"encoding":"PCMU","sample_rate":8000}}}', now_ms=0)
    >>> session.receive('{"event":"media","media":{"payload":"//8="}}', now_ms=20)
    >>> [type(event).__name__ for event in session.events(now_ms=20)]
    ['Started', 'Audio']
    >>> session.play(bytes(320))
    >>> session.outgoing(now_ms=20)[0][:32]
    '{"event":"media","media":{"paylo'
    """

    def __init__(
        self,
        plan: StreamPlan | None = None,
        *,
        receive_pcm_hz: PcmRate = "native",
        send_pcm_hz: int | None = None,
        stall_ms: float = STALL_MS,
        utc_offset_ms: float | None = None,
        conceal: bool = False,
        dialect: Dialect | None = TELNYX,
        budget: HeldBudget | None = None,
        diagnosis_s: float | None = DIAGNOSIS_S,
        **speaking: Unpack[SpeakingOptions],
    ) -> None:
        """Make a session.

        Args:
            plan: The plan of the streaming command; None: the default plan.
            receive_pcm_hz: Rate of `Audio.pcm`; "native": the codec's rate; None: payloads only, nothing is decoded.
            send_pcm_hz: Rate of the PCM for `play`; None: the plan's rate.
            stall_ms: Silence of the socket that is reported as Stalled.
            utc_offset_ms: UTC minus `now_ms`, for `Started.utc_ms`; None: unknown.
            conceal: Whether generated Audio follows each Gap (`concealed`): good for ears, bad for recognisers.
            dialect: Spelling and abilities of the carrier; None: detected by the first messages.
            budget: Limit on the octets that several sessions hold together; None: only the limits of each session.
            diagnosis_s: Sound after each change that is searched for faults; infinite: all; None or 0: none.
            speaking: Fields of SpeakingSettings: `lead_ms`, `max_queue_ms`, `keep_alive` ...

        Raises:
            PlanError: The carrier does not support the plan.
            ValueError: The resampler (mode mp3: MP3) does not have a rate, or a limit is not valid.
            MissingLibrary: The library of the send codec is not installed.
        """
        spoken = dialect or DEFAULT
        self.plan = checked_plan(StreamPlan() if plan is None else plan, receive_pcm_hz, spoken)
        self._connection = Connection(choosing=dialect is None)
        self._options = options = SessionOptions(
            receive_pcm_hz, send_pcm_hz, stall_ms, conceal, utc_offset_ms, diagnosis_s, SpeakingSettings(**speaking)
        )
        self._sending, self._speech, self._send_path = send_chains_for(self.plan, send_pcm_hz, options.speaking, spoken)
        self._events = EventQueue(MAX_UNREAD_MS, None if budget is None else Account(budget))
        self._counts = Counts()
        self._sinks = self._inputs = None
        self._listening = ListeningParts(watch_for(self.plan, spoken, diagnosis_s))
        self._incoming = self._new_incoming(options, spoken)
        self._receive_path = receive_path_of(spoken.media_scanner, self._incoming, self._events)

    def _new_incoming(self, options: SessionOptions, dialect: Dialect) -> Incoming:
        return Incoming(
            self.plan,
            options,
            dialect=dialect,
            connection=self._connection,
            sending=self._sending,
            events=self._events,
            counts=self._counts,
        )

    # Receive

    def _receive(self, text: str | Buffer, now_ms: float) -> None:
        """Feed a message of any kind: see receive."""
        if self._connection.choosing and not self.ended:
            self._choose(text, now_ms)
        if self._connection.state is not State.STOPPED:
            if self._inputs is not None:
                self._inputs.received(text, now_ms)
            self._incoming.receive(text, now_ms)

    def reject(self, rule: str, detail: str, now_ms: float) -> None:
        """Count a frame that is not a text message as malformed, such as a binary frame or too many fragments.

        Args:
            rule: The broken rule, for Malformed.
            detail: The broken rule as a sentence with its numbers.
            now_ms: The time.
        """
        if not self.ended:
            if self._inputs is not None:
                self._inputs.rejected(rule, detail, now_ms)
            self._incoming.reject(rule, detail, now_ms)

    def closed(self, now_ms: float, *, by_us: bool = False) -> None:
        """Feed the end of the socket. Before a `stop` it ends the stream, abnormally unless `by_us` is True."""
        if not self.ended:
            if self._inputs is not None:
                self._inputs.closed(by_us, now_ms)
            self._incoming.end("closed_here" if by_us else "closed", now_ms)

    def disconnected(
        self, cause: Literal["socket_closed", "socket_lost"], now_ms: float, last_frame_ms: float | None = None
    ) -> None:
        """Feed the loss of the socket without a `stop`, if the stream may continue on another socket.

        The event Disconnected follows. Audio that was not heard is queued again, `play` still works, and nothing is
        sent until `receive` gets the `start` of another socket. If there is none, call `closed`.

        Args:
            cause: "socket_closed": by a close frame; "socket_lost": the connection broke.
            now_ms: The time.
            last_frame_ms: Time of the last received frame of any kind; None: now.
        """
        if self.streaming:
            last_frame_ms = now_ms if last_frame_ms is None else last_frame_ms
            if self._inputs is not None:
                self._inputs.disconnected(cause, last_frame_ms, now_ms)
            self._incoming.disconnect(cause, last_frame_ms, now_ms)

    def receive_at(self, pcm_hz: PcmRate) -> None:
        """Change `receive_pcm_hz` before the first audio, for callers that learn it after `start`.

        Raises, and changes nothing: ValueError if the resampler does not have the rate; LocalProtocolError if audio was
        received or a capture runs, and the rate would change.
        """
        if self._inputs is not None and pcm_hz != self.receive_pcm_hz:
            raise LocalProtocolError("receive_pcm_hz cannot be changed while a capture runs")
        self._incoming.receive_at(pcm_hz)

    def media_silent(self, silent_ms: float) -> None:
        """Let the next `events` report MediaSilent. The caller, who has a clock, knows that no media has arrived."""
        if self.streaming:
            self._incoming.media_silent(silent_ms)

    def _find_events(self, now_ms: float, *, expiring: bool = True) -> list[Event]:
        """Remove and return all events: see events. Without expiring, those of messages alone, for a replay."""
        if expiring:
            if self._inputs is not None:
                self._look(now_ms)
            if expired := self._sending.expired(now_ms):
                self._put(expired)
            if self._incoming.deadline_ms <= now_ms:
                self._incoming.expire(now_ms)
            self.sending_has_events = False
        if self._incoming.changed:
            self._incoming.changed = False
            self._diagnose()
        taken = self._events.take_all()
        return taken if self._sinks is None else self._passed(self._sinks, taken, now_ms)

    # Send

    def _play(self, pcm: Buffer | Audio, pcm_hz: int | None, note: object) -> None:
        """Queue PCM of any kind: see play."""
        if self._connection.state is State.STOPPED:
            self._require_running()
        if pcm_hz is not None or isinstance(pcm, Audio):
            pcm, pcm_hz = pcm_and_rate(pcm, pcm_hz)
        self._sending.play(pcm, pcm_hz, note)

    def play_octets(self, octets: bytes, pcm_hz: int | None = None, note: object = None) -> None:
        """Queue int16 octets of `octets_of`, or a part of them: see `play`."""
        self._require_running()
        self._sending.play_octets(octets, pcm_hz, note)

    def octets_of(self, pcm: Buffer) -> bytes:
        """Return int16 or float32 PCM as int16 octets; an odd octet waits for the next call."""
        return self._sending.octets_of(pcm)

    def play_payload(self, payload: Buffer, note: object = None) -> None:
        """Queue octets in the send codec: whole samples, or of a frame codec one payload. They share queue and marks.

        Raises, and queues nothing: PayloadError for other octets; LocalProtocolError if the plan's mode is mp3;
        QueueFull, StreamEnded and TypeError as `play`.
        """
        self._require_running()
        self._sending.play_payload(payload, note)

    def play_mp3(self, data: Buffer) -> None:
        """Queue an MP3 file. Several files in one buffer are all played.

        Raises, and queues nothing: ValueError if it is not MP3; LocalProtocolError if the plan's mode is rtp; QueueFull
        if other audio waits and this file does not fit behind it; StreamEnded after the end.
        """
        self._require_running()
        self._sending.play_mp3(data)

    def payload_ms(self, payload: Buffer) -> float:
        """Return the duration of octets for `play_payload`. Raises its errors except QueueFull and StreamEnded."""
        return self._sending.payload_ms(payload)

    def mp3_ms(self, data: Buffer) -> float:
        """Return the duration of a file for `play_mp3`. Raises its errors except QueueFull and StreamEnded."""
        return self._sending.mp3_ms(data)

    def flush(self) -> None:
        """End the utterance: pad its last frame with silence, or in mode mp3 encode the file. Raises StreamEnded."""
        self._require_running()
        self._sending.flush()

    def mark(self, name: str | None = None) -> str:
        """Queue a mark behind all audio so far, and return its name; without one, the name is generated.

        The mark ends with one event, MarkPlayed or MarkCleared.

        Raises: LocalProtocolError if too many marks wait; StreamEnded after the end; TypeError if the name is not str;
        ValueError if it has a lone surrogate or begins with `rtpcodec-`, as generated names do.
        """
        self._require_running()
        return self._sending.mark(name)

    def send_message(self, message: Mapping[str, object], now_ms: float) -> list[str]:
        """Send a message in the carrier's spelling, and return all texts that are due: see `outgoing`.

        A mark, a clear and a payload act as `mark`, `interrupt` and `play_payload`. Any other message is the last of
        the texts; audio that is not due yet follows later.

        Args:
            message: The members of the message.
            now_ms: The time.

        Raises, and sends nothing: ValueError if the message breaks a rule; LocalProtocolError before `start`; otherwise
        as those methods.
        """
        self._require_running()
        if not self.streaming:
            raise LocalProtocolError("a message cannot be sent before the carrier's start")
        return send_message(self, message, now_ms)

    def reply(self, reply_id: str | None = None, *, interruptible: bool = True) -> Reply:
        """Open a reply: audio that is spoken as a whole, in this place of the order. Its `end` closes it.

        Args:
            reply_id: Its name in events; None: one is generated.
            interruptible: False for a disclosure, which `interrupt` does not stop.

        Raises: LocalProtocolError in mode mp3 or if 1000 are open; StreamEnded after the end; TypeError.
        """
        return self._speaking("reply").reply(reply_id, interruptible=interruptible)

    @property
    def last_reply(self) -> Reply | None:
        """The last reply that is not finished; None: everything was heard, or mode mp3."""
        return None if self._speech is None else self._speech.last_reply

    def own_mark(self) -> str:
        """Queue an internal mark in mode mp3, as `mark`, and return its name. Replies need none."""
        self._require_running()
        return self._sending.own_mark()

    def interrupt(
        self, now_ms: float, *, what: Literal["all", "current"] | Reply = "all", also_dropped_ms: float = 0.0
    ) -> Interrupted:
        """Stop playback: end the reply that is heard, and by default all later ones. Clear the carrier's buffer.

        Args:
            now_ms: The time.
            what: "all", "current" for the reply that is heard, or one reply of this session. Nothing happens if that
                reply has ended or is not interruptible.
            also_dropped_ms: Audio that you drop and have not queued; it counts in `dropped_ms`.

        Returns:
            An estimate of the heard audio. The event InterruptionSettled follows with the final value.

        Raises:
            StreamEnded: The stream has ended.
            LocalProtocolError: "current" in mode mp3.
            ValueError: Another word.
        """
        self._require_running()
        if self._inputs is not None:
            self._inputs.interrupted(what, also_dropped_ms, now_ms)
        if what == "all":
            found, events = self._sending.interrupt(now_ms, also_dropped_ms)
        else:
            found, events = self._speaking("interrupt('current')").interrupt(now_ms, also_dropped_ms, what)
        self._counts.interruptions.take(found)
        self._put(events)
        return found

    def pause_playback(
        self, now_ms: float, timeout_ms: float = PAUSE_TIMEOUT_MS, then: Literal["resume", "discard"] = "resume"
    ) -> Pause:
        """Pause playback: clear the carrier's buffer, and keep the audio that was not heard. PauseResolved ends it.

        Args:
            now_ms: The time.
            timeout_ms: The longest duration.
            then: The action at the time-out.

        Raises: LocalProtocolError in mode mp3 or during a pause, StreamEnded after the end, ValueError.
        """
        return Pause(self._speaking("pause_playback"), now_ms, timeout_ms, then)

    @renamed_argument("bed", "sound")
    def background(self, sound: BackgroundSound) -> None:
        """Mix a background sound under replies, and play it alone between them, until `sound.stop`.

        Raises: LocalProtocolError in mode mp3; StreamEnded after the end; ValueError as IdleSound.add.
        """
        self._speaking("background").idle.add(sound)

    def stop_fill(self) -> None:
        """Fade out all background sounds, and stop the keep-alive until `resume_keep_alive`."""
        if self._speech is not None:
            self._speech.idle.stop()

    def resume_keep_alive(self) -> None:
        """Send the keep-alive again. Background sounds stay stopped; `background` starts new ones."""
        if self._speech is not None:
            self._speech.idle.resume_keep_alive()

    def require_replies(self, name: str) -> SpeechChain:
        """Return the chain for a method that needs replies. Raises LocalProtocolError in mode mp3, StreamEnded."""
        return self._speaking(name)

    @property
    def speech(self) -> SpeechChain | None:
        """The send chain with replies; None in mode mp3."""
        return self._speech

    def _speaking(self, name: str) -> SpeechChain:
        self._require_running()
        if self._speech is None:
            raise LocalProtocolError(f"the plan's mode is {self.plan.mode!r}, {name} needs 'rtp'")
        return self._speech

    def _release(self, now_ms: float, whole: bool) -> list[str]:
        """Return the texts that are due: see outgoing, or outgoing_part if whole is False."""
        if self._connection.state is not State.STREAMING:
            return []
        if self._inputs is not None:
            self._inputs.sending(now_ms)
        return self._sent(self._sending.due(now_ms, at_once=whole), now_ms, whole=whole)

    def _sent(self, texts: list[str], now_ms: float, *, whole: bool = True) -> list[str]:
        """Count texts, and queue the events that sending caused."""
        if self._inputs is not None:
            self._inputs.released(texts, now_ms, whole=whole)
        self._counts.messages_sent += len(texts)
        if self._speech is not None and self._speech.has_reports:
            self._put(self._speech.take_reports())
            self.sending_has_events = True
        return texts

    def _put(self, events: Iterable[Event]) -> None:
        for event in events:
            self._events.put(event)


def events_of_messages(session: MediaSession, now_ms: float) -> list[Event]:
    """Remove and return the events that messages and method calls caused, without those that time alone caused."""
    return session._find_events(now_ms, expiring=False)  # noqa: SLF001 -- stands beside what it calls

"""One call's stream: connection, receive chain and send chain wired together. No I/O, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal, Unpack

from typing_extensions import Buffer

from rtpcodec.errors import LocalProtocolError
from rtpcodec.stream._hearing import hearing_of
from rtpcodec.stream.any_rate import pcm_and_rate
from rtpcodec.stream.app_messages import send_message
from rtpcodec.stream.chains import chains_of, possible_plan
from rtpcodec.stream.connection import Connection, State
from rtpcodec.stream.counts import Counts
from rtpcodec.stream.diagnosis.watch import DIAGNOSIS_S, watch_for
from rtpcodec.stream.event_queue import EventQueue
from rtpcodec.stream.events import Audio, Event, Interrupted
from rtpcodec.stream.held import Account, HeldBudget
from rtpcodec.stream.incoming import Incoming
from rtpcodec.stream.listening.parts import ListeningParts
from rtpcodec.stream.plan import StreamPlan
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
"""A caller who interrupts has said enough by then for a decision; until then nothing is heard."""
MAX_UNREAD_MS: Final = 600_000.0
"""Limit on received audio that waits for `events`; only a shell that never calls it reaches this."""
STALL_MS: Final = 200.0
"""Silence of the socket that is reported as Stalled: ten chunks of 20 ms."""


class MediaSession(DialectSession):
    """One call's stream: messages and PCM in, events and messages out. It has no socket and no clock.

    `now_ms` is a float of any monotonic clock. Use from one thread at a time. What the carrier sends never raises; it
    becomes an event.

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

        plan: the plan of the streaming command; None: the default plan.
        receive_pcm_hz: rate of `Audio.pcm`; "native": the codec's own; None: payloads only, nothing is decoded.
        send_pcm_hz: rate of the PCM for `play`; None: the plan's rate.
        stall_ms: silence of the socket that is reported as Stalled.
        utc_offset_ms: UTC minus `now_ms`, for `Started.utc_ms`; None: unknown.
        conceal: whether each Gap is followed by generated Audio (`concealed`): good for ears, bad for recognisers.
        dialect: how the carrier spells its messages, and what it can do; None: its first messages show it.
        budget: the octets that this session and others may hold together; None: only each session's own limits apply.
        diagnosis_s: sound after each change in which faults are looked for; infinite: always; None or 0: never.
        speaking: how audio is sent, the members of SpeakingSettings: `lead_ms`, `max_queue_ms`, `keep_alive` ...
        Raises: PlanError: the carrier cannot do the plan; ValueError: a rate is not one of the resampler's (in mode
        mp3, of MP3), or a limit is not positive (lead_ms may be 0); MissingLibrary: the send codec's is not installed.
        """
        spoken = dialect or DEFAULT
        self.plan = possible_plan(StreamPlan() if plan is None else plan, receive_pcm_hz, spoken)
        self._connection = Connection(choosing=dialect is None)
        self._options = options = SessionOptions(
            receive_pcm_hz, send_pcm_hz, stall_ms, conceal, utc_offset_ms, diagnosis_s, SpeakingSettings(**speaking)
        )
        self._sending, self._speech, self._send_path = chains_of(self.plan, send_pcm_hz, options.speaking, spoken)
        self._events = EventQueue(MAX_UNREAD_MS, None if budget is None else Account(budget))
        self._counts = Counts()
        self._sinks = self._inputs = None
        self._listening = ListeningParts(watch_for(self.plan, spoken, diagnosis_s))
        self._incoming = Incoming(
            self.plan,
            options,
            dialect=spoken,
            connection=self._connection,
            sending=self._sending,
            events=self._events,
            counts=self._counts,
        )
        self._hearing = hearing_of(spoken.media_scanner, self._incoming, self._events)

    # Receive

    def _receive(self, text: str | Buffer, now_ms: float) -> None:
        """Feed any message: see receive."""
        if self._connection.choosing and not self.ended:
            self._choose(text, now_ms)
        if self._connection.state is not State.STOPPED:
            if self._inputs is not None:
                self._inputs.received(text, now_ms)
            self._incoming.receive(text, now_ms)

    def reject(self, rule: str, detail: str, now_ms: float) -> None:
        """Count a frame that is not a text message as malformed, such as a binary frame or too many fragments.

        rule: the rule that it breaks, for Malformed.
        detail: the rule with its numbers, in words.
        now_ms: the time.
        """
        if not self.ended:
            if self._inputs is not None:
                self._inputs.rejected(rule, detail, now_ms)
            self._incoming.reject(rule, detail, now_ms)

    def closed(self, now_ms: float, *, by_us: bool = False) -> None:
        """Feed the end of the socket. Before a `stop` it ends the stream, abnormally unless `by_us`."""
        if not self.ended:
            if self._inputs is not None:
                self._inputs.closed(by_us, now_ms)
            self._incoming.end("closed_here" if by_us else "closed", now_ms)

    def disconnected(
        self, cause: Literal["socket_closed", "socket_lost"], now_ms: float, last_frame_ms: float | None = None
    ) -> None:
        """Feed the loss of the socket without a `stop`, if another socket may carry the stream on.

        The event Disconnected follows. Audio that was not heard is queued again, more may be played, and nothing is
        sent until `receive` gets the `start` of another socket. If none comes, call `closed`.

        cause: "socket_closed": by a close frame; "socket_lost": it broke.
        now_ms: the time.
        last_frame_ms: when the last frame of any kind was received; None: just now.
        """
        if self.streaming:
            last_frame_ms = now_ms if last_frame_ms is None else last_frame_ms
            if self._inputs is not None:
                self._inputs.disconnected(cause, last_frame_ms, now_ms)
            self._incoming.disconnect(cause, last_frame_ms, now_ms)

    def receive_at(self, pcm_hz: PcmRate) -> None:
        """Change `receive_pcm_hz` before the first audio, for shells that learn it after the carrier's `start`.

        The present rate changes nothing, at any time.

        Raises, and changes nothing: ValueError if it is not a rate of the resampler; LocalProtocolError if audio was
        received, or a capture runs.
        """
        if self._inputs is not None and pcm_hz != self.receive_pcm_hz:
            raise LocalProtocolError("receive_pcm_hz cannot be changed while a capture runs")
        self._incoming.receive_at(pcm_hz)

    def media_silent(self, silent_ms: float) -> None:
        """Report MediaSilent by the next `events`: whoever has a clock knows that no media has arrived."""
        if self.streaming:
            self._incoming.media_silent(silent_ms)

    def _find_events(self, now_ms: float, *, expiring: bool = True) -> list[Event]:
        """Remove and return any events: see events. Unless expiring, those of messages alone, for a replay."""
        if expiring:
            if self._inputs is not None:
                self._look(now_ms)
            expired = self._sending.expired(now_ms)
            if expired:
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
        """Queue any PCM: see play."""
        if self._connection.state is State.STOPPED:
            self._require_running()
        if pcm_hz is not None or isinstance(pcm, Audio):
            pcm, pcm_hz = pcm_and_rate(pcm, pcm_hz)
        self._sending.play(pcm, pcm_hz, note)

    def play_octets(self, octets: bytes, pcm_hz: int | None = None, note: object = None) -> None:
        """Queue int16 octets that `octets_of` returned, or a part of them. Raises what `play` raises."""
        self._require_running()
        self._sending.play_octets(octets, pcm_hz, note)

    def octets_of(self, pcm: Buffer) -> bytes:
        """Return int16 or float32 PCM as int16 octets; an odd octet waits for the next call."""
        return self._sending.octets_of(pcm)

    def play_payload(self, payload: Buffer, note: object = None) -> None:
        """Queue octets that are already in the send codec; they share queue, frames and marks with `play`.

        Sample codecs accept any number of whole samples, frame codecs exactly one payload.

        Raises, and queues nothing: PayloadError if they are not that; LocalProtocolError if the plan's mode is mp3;
        QueueFull, StreamEnded and TypeError as for `play`.
        """
        self._require_running()
        self._sending.play_payload(payload, note)

    def play_mp3(self, data: Buffer) -> None:
        """Queue an MP3 file. Several files in one buffer are all played.

        Raises, and queues nothing: ValueError if it is not MP3; LocalProtocolError if the plan's mode is rtp; QueueFull
        if other audio waits and this does not fit behind it; StreamEnded after the end.
        """
        self._require_running()
        self._sending.play_mp3(data)

    def payload_ms(self, payload: Buffer) -> float:
        """Return the duration of octets for `play_payload`. Raises what it raises, except QueueFull and StreamEnded."""
        return self._sending.payload_ms(payload)

    def mp3_ms(self, data: Buffer) -> float:
        """Return the duration of a file for `play_mp3`. Raises what it raises, except QueueFull and StreamEnded."""
        return self._sending.mp3_ms(data)

    def flush(self) -> None:
        """End the utterance: pad its last frame with silence, or in mode mp3 encode the file.

        The next `play` begins another utterance. Raises StreamEnded after the end.
        """
        self._require_running()
        self._sending.flush()

    def mark(self, name: str | None = None) -> str:
        """Queue a mark behind all audio so far. Every mark ends as one MarkPlayed or MarkCleared.

        name: its name; None: one is generated.
        Returns: the name.
        Raises: LocalProtocolError if too many marks wait, StreamEnded after the end, TypeError if the name is not a
        str, ValueError if it has a lone surrogate or begins with `rtpcodec-`, as generated names do.
        """
        self._require_running()
        return self._sending.mark(name)

    def send_message(self, message: Mapping[str, object], now_ms: float) -> list[str]:
        """Send a message in the carrier's own spelling, and return all texts that are due: see `outgoing`.

        A mark, a clear and a payload do what `mark`, `interrupt` and `play_payload` do. Any other message is the last
        of the texts; audio that is not due follows it.

        message: the members of the message.
        now_ms: the time.
        Raises, and sends nothing: ValueError if it breaks a rule of the wire; LocalProtocolError before `start`; else
        as those methods.
        """
        self._require_running()
        if not self.streaming:
            raise LocalProtocolError("a message cannot be sent before the carrier's start")
        return send_message(self, message, now_ms)

    def reply(self, reply_id: str | None = None, *, interruptible: bool = True) -> Reply:
        """Open a reply: audio that is spoken as a whole, in this place of the order. Its `end` closes it.

        reply_id: names it in events; None: one is generated.
        interruptible: False for a disclosure, which `interrupt` does not stop.
        Raises: LocalProtocolError in mode mp3 or if 1000 are open, StreamEnded after the end, TypeError.
        """
        return self._speaking("reply").reply(reply_id, interruptible=interruptible)

    @property
    def last_reply(self) -> Reply | None:
        """The reply behind which nothing is spoken; None: everything was heard, or mode mp3."""
        return None if self._speech is None else self._speech.last_reply

    def own_mark(self) -> str:
        """Queue a mark of this package's own, as `mark`, in mode mp3; replies need none. Returns its name."""
        self._require_running()
        return self._sending.own_mark()

    def interrupt(
        self, now_ms: float, *, what: Literal["all", "current"] | Reply = "all", also_dropped_ms: float = 0.0
    ) -> Interrupted:
        """Stop playing: the reply that is heard ends, and by default all behind it. The carrier's buffer is cleared.

        now_ms: the time.
        what: "all", or "current" for the reply that is heard alone, or one reply of this session, heard or not; one
            that has ended or is not interruptible stays as it is, and nothing else happens.
        also_dropped_ms: audio that the caller drops, which was not queued yet; it counts in `dropped_ms`.
        Returns: the estimate of what was heard. The event InterruptionSettled follows with the final value.
        Raises: StreamEnded after the end; LocalProtocolError for "current" in mode mp3; ValueError for another word.
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
        """Pause: clear the carrier's buffer, and keep what was not heard. The event PauseResolved ends it.

        now_ms: the time.
        timeout_ms: how long at most.
        then: what happens at the time-out.
        Raises: LocalProtocolError in mode mp3 or during a pause, StreamEnded after the end, ValueError.
        """
        return Pause(self._speaking("pause_playback"), now_ms, timeout_ms, then)

    def background(self, sound: BackgroundSound) -> None:
        """Mix a background sound under replies, and play it alone between them, until `sound.stop`.

        Raises: LocalProtocolError in mode mp3, StreamEnded after the end, ValueError: see IdleSound.add.
        """
        self._speaking("background").idle.add(sound)

    def stop_fill(self) -> None:
        """Fade out all background sounds, and send no keep-alive until `resume_keep_alive`."""
        if self._speech is not None:
            self._speech.idle.stop()

    def resume_keep_alive(self) -> None:
        """Send the keep-alive of the plan again. Background sounds stay stopped: `background` begins others."""
        if self._speech is not None:
            self._speech.idle.resume_keep_alive()

    def require_replies(self, name: str) -> SpeechChain:
        """Return the chain to a method that needs replies. LocalProtocolError in mode mp3; StreamEnded."""
        return self._speaking(name)

    @property
    def speech(self) -> SpeechChain | None:
        """The chain that speaks; None in mode mp3."""
        return self._speech

    def _speaking(self, name: str) -> SpeechChain:
        self._require_running()
        if self._speech is None:
            raise LocalProtocolError(f"the plan's mode is {self.plan.mode!r}, {name} needs 'rtp'")
        return self._speech

    def _release(self, now_ms: float, whole: bool) -> list[str]:
        """Return any texts that are due: see outgoing, and outgoing_part if not whole."""
        if self._connection.state is not State.STREAMING:
            return []
        if self._inputs is not None:
            self._inputs.sending(now_ms)
        return self._sent(self._sending.due(now_ms, at_once=whole), now_ms, whole=whole)

    def _sent(self, texts: list[str], now_ms: float, *, whole: bool = True) -> list[str]:
        """Count texts, and queue the events that sending has caused."""
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
    """Remove and return the events of a session that messages and calls have given, without those of time alone."""
    return session._find_events(now_ms, expiring=False)  # noqa: SLF001 -- stands beside what it calls

"""A reply: audio that is spoken as a whole, at its place in the order, and how much of it was heard."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from typing_extensions import Buffer

from rtpcodec.audio.pcm_input import PcmInput
from rtpcodec.errors import LocalProtocolError, ReplyInterrupted
from rtpcodec.pickling import Live
from rtpcodec.stream.events import Audio, ReplyEnded
from rtpcodec.stream.rate_conversion import pcm_and_rate
from rtpcodec.stream.speaking._states import ReplyFields
from rtpcodec.stream.speaking.notes import Notes
from rtpcodec.stream.speaking.reply_queue import ReplyQueue
from rtpcodec.stream.speaking.spans import Spans
from rtpcodec.stream.unsent_marks import UnsentMarks

if TYPE_CHECKING:
    from rtpcodec.stream.speaking.positions import Heard

ReplyState = Literal["queued", "speaking", "played", "estimated", "interrupted"]
"""queued: nothing was sent yet. speaking: sent in part, or not heard to its end. played: heard to its end, as an echo
of the carrier proves. estimated: heard to its end by our estimate, without proof by the carrier. interrupted: cut or
prevented by an interruption, a discarded pause or the end of the stream."""

ENDED: Final = ("played", "estimated", "interrupted")
"""The final states of a reply."""


_serials: Final = count(1)


class Stage(Protocol):
    """What a reply needs from the stream that speaks it."""

    def check_pcm(self, pcm: Buffer) -> None:
        """Refuse the octets of a file instead of its samples."""

    def payload_ms(self, payload: Buffer) -> float:
        """Return the duration of a payload of the send codec. Raises: PayloadError, TypeError."""

    def check_payload(self, payload: Buffer) -> None:
        """Refuse the octets of a file instead of a payload."""

    def require_room(self, reply: Reply, more_ms: float) -> None:
        """Raise QueueFull if this much more audio of the reply does not fit."""

    def queued(self, reply: Reply, samples: int, from_hz: int, payload: bytes | None = None) -> None:
        """Record that audio of a reply was queued: PCM of this many samples at this rate, or a payload."""

    def room_ms_of(self, reply: Reply) -> float:
        """Return how much more audio of this reply fits."""

    def heard_now(self, now_ms: float) -> Heard:
        """Return the far end's position."""

    def closing(self, reply: Reply) -> None:
        """Record that a reply was ended while some of its audio waits elsewhere."""

    def ended(self, reply: Reply) -> None:
        """Record that a reply is complete."""

    @property
    def follows_queue(self) -> bool:
        """Whether `queued` must be called for PCM as well."""

    @property
    def pcm_hz(self) -> int:
        """The default rate of PCM."""

    @property
    def sample_rate_hz(self) -> int:
        """The rate of the codec's samples."""

    @property
    def max_queue_ms(self) -> float:
        """The limit of queued audio."""

    def require_running(self) -> None:
        """Raise StreamEnded if the stream has ended."""

    @property
    def running(self) -> bool:
        """Whether the stream has not ended."""


class Reply(ReplyFields, Live):
    """One reply. Its place in the order is fixed when it opens. `end` closes it.

    Use from one thread at a time. Times are in ms of the session's clock.
    """

    __slots__ = ("_final", "_notes", "id", "interruptible", "serial")

    _stage: Stage
    _input: PcmInput | None
    queue: ReplyQueue
    marks: UnsentMarks
    spans: Spans
    state: ReplyState
    on_end: Callable[[Reply], object] | None

    def __init__(self, stage: Stage, queue: ReplyQueue, reply_id: str | None, *, interruptible: bool) -> None:
        """Open a reply. Use `MediaSession.reply`."""
        self._stage = stage
        self.queue = queue
        self.id = reply_id
        """The id that was passed, or a generated one; None: audio of `play` outside any reply."""
        self.serial = next(_serials)
        """The number of the reply in this process."""
        self.interruptible = interruptible
        self.state: ReplyState = "queued"
        self.closed = False
        """Whether the reply is closed: nothing can be added."""
        self.more_follows = False
        """Whether audio of this reply waits for space elsewhere. The reply is complete once that has arrived."""
        self.ran_empty = False  # all its audio was sent before it ended
        self.on_end: Callable[[Reply], object] | None = None
        """Called once, when the reply was heard to its end or interrupted. Set after an interruption, it is called
        when `played_ms` is final. It must not call the session."""
        self.spans = Spans(queue.taken_samples)
        self.marks = UnsentMarks()
        """The user's marks by content position."""
        self._input: PcmInput | None = None
        self._notes: Notes | None = None
        self._final: tuple[float, float] | None = None  # played_ms and its uncertainty, once they are known

    def __repr__(self) -> str:
        return f"<Reply {self.id!r} {self.state}>"

    # Adding audio

    def _play(self, pcm: Buffer | Audio, pcm_hz: int | None, note: object) -> None:
        """Add any PCM: see `play`."""
        if self.closed or not self._stage.running:
            self._require_open()
        if pcm_hz is not None or isinstance(pcm, Audio):
            pcm, pcm_hz = pcm_and_rate(pcm, pcm_hz)
        stage = self._stage
        from_hz = pcm_hz or stage.pcm_hz
        # 1. Refuse what is not PCM or does not fit, before anything changes.
        stage.check_pcm(pcm)
        if pcm.__class__ is bytes:
            samples = len(pcm) >> 1
            octets = pcm if self._input is None and not len(pcm) & 1 else None
        else:
            view = memoryview(pcm)
            samples = view.nbytes // (4 if view.format == "f" else 2)
            octets = None
        stage.require_room(self, samples * 1000 / from_hz)
        if from_hz != stage.sample_rate_hz:
            self.queue.require_rate(from_hz)
        # 2. Convert to int16. A single octet waits for the next call.
        if octets is None:
            octets = self.octets_of(pcm)
        self.queue.put_pcm(octets, from_hz)
        if note is not None:
            self._note(note)
        if stage.follows_queue:
            stage.queued(self, len(octets) >> 1, from_hz)

    def play_octets(self, octets: bytes, pcm_hz: int | None = None, note: object = None) -> None:
        """Add octets that `octets_of` returned, or a part of them: see `play`."""
        self._require_open()
        from_hz = pcm_hz or self._stage.pcm_hz
        samples = len(octets) >> 1
        self._stage.require_room(self, samples * 1000 / from_hz)
        self.queue.put_pcm(octets, from_hz)
        if note is not None:
            self._note(note)
        self._stage.queued(self, samples, from_hz)

    def octets_of(self, pcm: Buffer) -> bytes:
        """Return PCM as int16 octets; a single octet waits for the next call."""
        if pcm.__class__ is bytes and self._input is None and not len(pcm) & 1:
            return pcm
        if self._input is None:
            self._input = PcmInput()
        return self._input.accept(pcm)

    def play_payload(self, payload: Buffer, note: object = None) -> None:
        """Add octets that are encoded in the send codec.

        Raises, and adds nothing: PayloadError, and what `play` raises.
        """
        self._require_open()
        duration_ms = self._stage.payload_ms(payload)
        self._stage.check_payload(payload)
        self._stage.require_room(self, duration_ms)
        self.queue.put_payload(payload, duration_ms)
        if note is not None:
            self._note(note)
        self._stage.queued(self, 0, 0, bytes(memoryview(payload)))

    def payload_ms(self, payload: Buffer) -> float:
        """Return the duration of octets for `play_payload`. Raises: PayloadError, TypeError."""
        return self._stage.payload_ms(payload)

    def end(self) -> None:
        """End the reply: nothing can be added, and its last frame is padded. A second call does nothing."""
        if self.closed:
            return
        self.closed = True
        if self.more_follows:
            self._stage.closing(self)
        self.finish()

    def finish(self) -> None:
        """Pad the last frame of a reply that has ended, once all of its audio has arrived."""
        if self.closed and not self.more_follows:
            self.queue.flush()
            self._stage.ended(self)

    # State

    @property
    def queued_ms(self) -> float:
        """Audio of the reply that waits to be sent."""
        return self.queue.waiting_samples * 1000 / self._stage.sample_rate_hz

    @property
    def room_ms(self) -> float:
        """How much audio `play` would accept now."""
        return self._stage.room_ms_of(self)

    @property
    def max_queue_ms(self) -> float:
        """The limit of queued audio."""
        return self._stage.max_queue_ms

    @property
    def send_pcm_hz(self) -> int:
        """The default rate of PCM."""
        return self._stage.pcm_hz

    @property
    def sent_ms(self) -> float:
        """Audio of the reply that was sent, heard or not."""
        return (self.spans.sent_to - self.spans.first_content) * 1000 / self._stage.sample_rate_hz

    def played_ms(self, now_ms: float) -> float:
        """Return how much of the reply was heard at the carrier's play-out, never more than was sent."""
        if self._final is not None:
            return self._final[0]
        if self.state == "queued":
            return 0.0
        heard = self._stage.heard_now(now_ms)
        return self.spans.heard_samples(heard.position) * 1000 / self._stage.sample_rate_hz

    def played_uncertainty_ms(self, now_ms: float) -> float:
        """Return how far `played_ms` may be off, in both directions."""
        if self._final is not None:
            return self._final[1]
        if self.state == "queued":
            return 0.0
        cut = self.spans.last_cut
        return cut.uncertainty_ms if cut is not None else self._stage.heard_now(now_ms).uncertainty_ms

    def last_note_played(self, now_ms: float) -> Any:
        """Return the note of the last chunk that was heard to its end; None if there is none."""
        if self._notes is None:
            return None
        if self._final is not None or self.state == "queued":
            return self._notes.last_before(self.spans.first_content - 1)
        return self._notes.last_before(self.spans.heard_to(self._stage.heard_now(now_ms).position))

    # For the chain

    @property
    def explicit(self) -> bool:
        """Whether it was opened as a reply. Otherwise it holds audio of `play` outside any reply."""
        return self.id is not None

    @property
    def sounds_keys(self) -> bool:
        """Whether it consists of tones of keys that are being sent or heard."""
        return bool(self.queue.tones) and self.state == "speaking"

    @property
    def has_audio(self) -> bool:
        """Whether some of its audio was sent or waits."""
        return self.state != "queued" or self.more_follows or self.queue.waiting_samples > 0

    @property
    def over(self) -> bool:
        """Whether it is in a final state."""
        return self.state in ENDED

    def drop_oldest(self, samples: int) -> int:
        """Drop the oldest waiting audio, which does not count as played. Returns how many samples were dropped."""
        at, dropped = self.queue.drop_oldest(samples)
        self.marks.cut(at, dropped)
        if self._notes is not None:
            self._notes.cut(at, dropped)
        return dropped

    def settle(self, position: int, uncertainty_ms: float) -> None:
        """Fix how much of it was heard, by the final position of its end or cut."""
        heard = self.spans.heard_samples(position)
        self._final = heard * 1000 / self._stage.sample_rate_hz, uncertainty_ms
        if self._notes is not None:
            self._notes.settle(self.spans.heard_to(position))
        if self.state in ENDED:
            self._report_end()

    def ended_event(self) -> ReplyEnded:
        """Return the event with its final values."""
        played_ms, uncertainty_ms = self._final or (0.0, 0.0)
        note = None if self._notes is None else self._notes.last_before(-1)
        return ReplyEnded(self.id or "", self.state, played_ms, uncertainty_ms, self.sent_ms, note)

    def split(self) -> Reply:
        """Return the sent part of an implicit reply as an ended reply. This one begins again with the waiting audio."""
        queue = ReplyQueue(self.queue.packing)
        queue.taken_samples = self.queue.taken_samples
        past = Reply(self._stage, queue, None, interruptible=True)
        past.closed = True
        past.state, self.state = self.state, "queued"
        past.spans, self.spans = self.spans, Spans(queue.taken_samples)
        if self._notes is not None:
            past._notes, self._notes = self._notes.split(queue.taken_samples)
        self.ran_empty = False
        return past

    @property
    def settled(self) -> bool:
        """Whether `played_ms` has its final value."""
        return self._final is not None

    def become(self, state: ReplyState) -> None:
        """Enter a state. "interrupted" drops waiting audio; a final state calls `on_end`."""
        if self.state in ENDED:
            return
        self.state = state
        if state == "interrupted":
            self.closed = True
            self.queue.drop()
        if state in ENDED:
            self._report_end()

    def _report_end(self) -> None:
        on_end, self.on_end = self.on_end, None
        if on_end is not None:
            on_end(self)

    def _note(self, note: object) -> None:
        if self._notes is None:
            self._notes = Notes()
        queue = self.queue
        self._notes.put(queue.taken_samples + queue.waiting_samples, note)

    def require_open(self) -> None:
        """Check that audio may be added. Raises: ReplyInterrupted; StreamEnded; LocalProtocolError after `end`."""
        self._require_running()
        if self.closed:
            raise LocalProtocolError(f"reply {self.id!r} has ended, nothing can be added to it")

    def _require_open(self) -> None:
        self._require_running()
        if self.closed and not self.more_follows:  # audio that waits for space was added before the end
            raise LocalProtocolError(f"reply {self.id!r} has ended, nothing can be added to it")

    def _require_running(self) -> None:
        if self.state == "interrupted" and self.explicit:
            raise self.interrupted()
        self._stage.require_running()

    def interrupted(self) -> ReplyInterrupted:
        """Return the error for audio that an interruption or the end of the stream dropped."""
        return ReplyInterrupted(
            f"reply {self.id!r} was interrupted, nothing more of it is heard",
            reply_id=self.id,
            reply_serial=self.serial,
        )

"""The send chain: PCM or encoded audio in, texts for the carrier out, in order and paced."""

from __future__ import annotations

from typing import Final

from typing_extensions import Buffer

from rtpcodec.audio.file_headers import FILE_STARTS, HeaderWatch
from rtpcodec.audio.pcm_check import PcmCheck
from rtpcodec.errors import LocalProtocolError, QueueFull
from rtpcodec.rtp.payloads import PayloadFormat
from rtpcodec.stream.events import Interrupted, MarkCleared
from rtpcodec.stream.file_check import require_no_file
from rtpcodec.stream.marks import MarkEvent, Marks
from rtpcodec.stream.pacing import FilePacer, Pacer
from rtpcodec.stream.packing import Item
from rtpcodec.stream.plan import StreamPlan
from rtpcodec.stream.send_encoding import SendEncoder
from rtpcodec.stream.send_queue import SendQueue
from rtpcodec.stream.wire import Dialect

MAX_WAITING_MARKS: Final = 1000
"""Marks in the queue or on their way; a caller with more has an endless loop."""


def _check_name(name: object) -> None:
    """Refuse a mark's name that a message cannot carry: here in `mark`, not later when the message is built."""
    if not isinstance(name, str):
        raise TypeError(f"mark name is of type {type(name).__name__}, str is needed")
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"mark name has a lone surrogate at {error.start}, UTF-8 has no octets for it") from None


class SendChain:
    """Encode audio, queue it, and release it when it is due.

    Times are in ms of the caller's clock, positions in ms of audio since the stream began. Use from one thread at a
    time.
    """

    __slots__ = (
        "_clear_waits",
        "_dialect",
        "_encoder",
        "_mark_count",
        "_marks",
        "_max_queue_ms",
        "_pacer",
        "_payload_watch",
        "_played",
        "_queue",
        "_utterance_ended",
        "_utterance_start_ms",
        "media_sent",
        "octets_sent",
        "stream_id",
    )

    def __init__(
        self, plan: StreamPlan, pcm_hz: int | None, lead_ms: float | None, max_queue_ms: float, dialect: Dialect
    ) -> None:
        if not max_queue_ms > 0:
            raise ValueError(f"max_queue_ms is {max_queue_ms:g}, a positive number is needed")
        self._dialect = dialect
        self.stream_id: str | None = None
        """Of the last `start`, for the dialects that write it into every text."""
        self._encoder = SendEncoder(plan, pcm_hz, max_queue_ms)
        self._pacer = FilePacer(lead_ms) if plan.mode == "mp3" else Pacer(lead_ms)
        self._max_queue_ms = max_queue_ms
        self._queue = SendQueue()
        self._played = PcmCheck("pcm")
        self._payload_watch = HeaderWatch()
        self._marks = Marks()
        self._mark_count = 0
        self._clear_waits = False
        self._utterance_start_ms = 0.0
        self._utterance_ended = True
        self.media_sent = 0
        self.octets_sent = 0

    # Accepting audio

    def play(self, pcm: Buffer) -> None:
        """Queue PCM at pcm_hz.

        Raises, and queues nothing: QueueFull, ValueError if it has an odd number of octets or begins with the header of
        a file, TypeError if it is not 16-bit PCM.
        """
        samples = memoryview(pcm)
        # 1. A file instead of its samples is a common mistake: it would be heard as a click, or as noise.
        head = pcm[:2] if pcm.__class__ is bytes else samples[:2].tobytes()[:2]
        if head in FILE_STARTS or self._played.alert:
            self._played.check(samples)
        # 2. Refuse what does not fit before anything has changed.
        self._require_room(samples.nbytes // 2 * 1000 / self.pcm_hz)
        # 3. Encode and queue; the utterance begins where the queue ended before.
        begins_ms = self.position_ms
        items = self._encoder.put_pcm(pcm)
        if samples.nbytes:
            self._begin_utterance(begins_ms)
        self._queue.put(items)

    def play_payload(self, payload: Buffer) -> None:
        """Queue octets that are already in the send codec.

        Raises, and queues nothing: QueueFull, what `payload_ms` raises, and PayloadError if they begin with the header
        of a file.
        """
        needed_ms = self.payload_ms(payload)
        require_no_file(payload, self._payload_watch)
        self._put_encoded(payload, needed_ms)

    def payload_ms(self, payload: Buffer) -> float:
        """Return the duration of octets for `play_payload`.

        Raises: PayloadError if they are not a payload of the send codec, TypeError if the items are not octets,
        LocalProtocolError if the plan's mode is mp3.
        """
        return self._encoder.encoded_ms(payload, "rtp", "play_payload")

    def play_mp3(self, data: Buffer) -> None:
        """Queue an MP3 file.

        Raises, and queues nothing: QueueFull, and what `mp3_ms` raises.
        """
        # A file cannot be split, so one that is longer than the queue is accepted when nothing else waits.
        self._put_encoded(data, min(self.mp3_ms(data), self._max_queue_ms))

    def mp3_ms(self, data: Buffer) -> float:
        """Return the duration of an MP3 file.

        Raises: ValueError if it is not an MP3 file, TypeError if the items are not octets, LocalProtocolError if the
        plan's mode is rtp.
        """
        return self._encoder.encoded_ms(data, "mp3", "play_mp3")

    def follow(self, heard: PayloadFormat | None) -> None:
        """Send in the packing and mode that the far end's payloads ask for: see Packing.follow."""
        self._encoder.follow(heard)

    def _put_encoded(self, payload: Buffer, needed_ms: float) -> None:
        self._require_room(needed_ms)
        begins_ms = self.position_ms
        items = self._encoder.put_encoded(payload)
        if memoryview(payload).nbytes:
            self._begin_utterance(begins_ms)
        self._queue.put(items)

    def flush(self) -> None:
        """End the utterance: queue the resampler's tail, and pad the last item with silence."""
        if not self._utterance_ended:
            self._queue.put(self._encoder.flush_resampler())
        self._queue.put(self._encoder.flush_item())
        self._utterance_ended = True

    def mark(self, name: str | None) -> str:
        """Queue a mark behind all audio so far.

        name: its name; None: one is generated.
        Returns: the name.
        Raises: LocalProtocolError if too many marks wait, TypeError if the name is not a str, ValueError if it has a
        lone surrogate, which UTF-8 cannot carry.
        """
        if not self._dialect.marks:
            raise LocalProtocolError(f"{self._dialect.name} does not return marks")
        waiting = len(self._marks) + self._queue.mark_count
        if waiting >= MAX_WAITING_MARKS:
            raise LocalProtocolError(f"{waiting} marks wait already, at most {MAX_WAITING_MARKS} are allowed")
        if name is None:
            self._mark_count += 1
            name = f"rtpcodec-{self._mark_count}"
        else:
            _check_name(name)
        self._queue.put_mark(name, behind_partial_item=self._encoder.pending_ms > 0)
        return name

    def _require_room(self, more_ms: float) -> None:
        queued_ms = self.queued_ms
        if more_ms and queued_ms + more_ms > self._max_queue_ms:
            raise QueueFull(
                f"{queued_ms:.0f} ms are queued and {more_ms:.0f} ms would follow, "
                f"at most {self._max_queue_ms:.0f} ms are allowed"
            )

    def _begin_utterance(self, position_ms: float) -> None:
        if self._utterance_ended:
            self._utterance_ended = False
            self._utterance_start_ms = position_ms

    # Releasing texts

    def due(self, now_ms: float) -> list[str]:
        """Remove and return the texts that are due."""
        # 1. A clear overtakes everything.
        texts = [self._dialect.clear_text(self.stream_id)] if self._clear_waits else []
        self._clear_waits = False
        queue, pacer = self._queue, self._pacer
        while True:
            # 2. A mark with no audio before it is due at once.
            if queue.mark_is_next:
                name = queue.pop_mark()
                texts.append(self._dialect.mark_text(name, self.stream_id))
                self._marks.sent(name, pacer.sent_ms, max(pacer.remote_end_ms, now_ms))
                continue
            # 3. No item is complete: pad the partial one if a mark behind it can wait no longer.
            item = queue.item
            if item is None:
                if not self._complete_item(now_ms):
                    return texts
                continue
            # 4. The first item waits for its deadline.
            if now_ms < pacer.due_ms(item[1]):
                return texts
            queue.pop()
            texts.append(self._media_text(item, now_ms))

    def _media_text(self, item: Item, now_ms: float) -> str:
        payload, duration_ms = item
        self._pacer.sent(duration_ms, now_ms)
        self.media_sent += 1
        self.octets_sent += len(payload)
        return self._dialect.media_text(payload, self.stream_id)

    @property
    def next_deadline_ms(self) -> float | None:
        """When `due` returns something or a mark times out; minus infinity: now; None: not before a call changes it."""
        queue = self._queue
        if self._clear_waits or queue.mark_is_next:
            return float("-inf")
        deadlines = []
        item = queue.item
        if item is not None:
            deadlines.append(self._pacer.due_ms(item[1]))
        elif queue.mark_waits_for_partial_item and self._encoder.frame_ms is not None:
            deadlines.append(self._partial_due_ms(self._encoder.frame_ms))
        timeout_ms = self._marks.next_deadline_ms
        if timeout_ms is not None:
            deadlines.append(timeout_ms)
        return min(deadlines, default=None)

    def _partial_due_ms(self, frame_ms: float) -> float:
        """Return when a partial item must be sent because a mark waits behind it: just before the far end runs dry."""
        return max(self._pacer.remote_end_ms - frame_ms, self._pacer.due_ms(frame_ms))

    def _complete_item(self, now_ms: float) -> bool:
        """Pad the partial item with silence if a mark behind it can wait no longer. Returns whether it was padded."""
        frame_ms = self._encoder.frame_ms
        if not self._queue.mark_waits_for_partial_item or frame_ms is None or now_ms < self._partial_due_ms(frame_ms):
            return False
        completed = self._encoder.flush_item()
        self._queue.put(completed)
        return bool(completed)

    # Interruption and marks

    def interrupt(self, now_ms: float) -> tuple[Interrupted, list[MarkEvent]]:
        """Drop all unheard audio, here and at the carrier. Returns the estimate, and the events of ended marks."""
        # 1. Estimate what was heard, before the drop changes positions.
        heard_ms = max(0.0, self._pacer.heard_ms(now_ms))
        found = Interrupted(max(0.0, heard_ms - self._utterance_start_ms), max(0.0, self.position_ms - heard_ms))
        # 2. Drop our queue, and take the far end's buffer as empty from now on.
        unsent = self._drop_queue()
        self._pacer.cleared(now_ms)
        # 3. Marks on their way end by their echoes; unsent ones end here.
        settled = self._marks.interrupted(
            found, utterance_start_ms=self._utterance_start_ms, heard_ms=heard_ms, now_ms=now_ms
        )
        # 4. The clear is the next text.
        self._utterance_ended = True
        self._clear_waits = self._dialect.clear
        return found, [*(MarkCleared(name, "interrupt") for name in unsent), *settled]

    def mark_echoed(self, name: str, now_ms: float) -> list[MarkEvent]:
        """End the mark that the carrier returned, and return the resulting events."""
        return self._marks.echoed(name, now_ms)

    def marks_timed_out(self, now_ms: float) -> list[MarkEvent]:
        """End the marks whose echo is overdue, and return the resulting events."""
        return self._marks.timed_out(now_ms)

    def end(self) -> list[MarkEvent]:
        """End the stream: drop everything unsent, and return the events of all marks."""
        self._clear_waits = False
        return [*self._marks.ended("stop"), *(MarkCleared(name, "stop") for name in self._drop_queue())]

    def _drop_queue(self) -> list[str]:
        """Drop everything unsent. Returns the names of unsent marks."""
        self._encoder.reset()
        return self._queue.drop()

    # Measures

    def describe(self) -> str:
        """Describe resampling, codec and rate for people."""
        return self._encoder.describe()

    @property
    def pcm_hz(self) -> int:
        """The rate of the PCM that `play` accepts."""
        return self._encoder.pcm_hz

    @property
    def queued_ms(self) -> float:
        """Audio that was queued and not sent yet."""
        return self._queue.items_ms + self._encoder.pending_ms

    @property
    def room_ms(self) -> float:
        """Audio that `play` would accept now."""
        return max(0.0, self._max_queue_ms - self.queued_ms)

    @property
    def position_ms(self) -> float:
        """Audio queued since the stream began, without what interruptions dropped."""
        return self._pacer.sent_ms + self.queued_ms

    def heard_ms(self, now_ms: float) -> float:
        """Estimate the position up to which audio was heard, on the scale of position_ms."""
        return max(0.0, self._pacer.heard_ms(now_ms))

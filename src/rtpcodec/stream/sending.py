"""The sending chain: PCM or payloads in, texts for the carrier out, in order and in time."""

from __future__ import annotations

from collections import deque
from typing import Final

from typing_extensions import Buffer

from rtpcodec.audio.resample import Resampler
from rtpcodec.errors import LocalProtocolError, QueueFull
from rtpcodec.rtp.payloads import PayloadFormat
from rtpcodec.stream.events import Interrupted, MarkCleared, MarkPlayed
from rtpcodec.stream.marks import Marks
from rtpcodec.stream.pacing import FilePacer, Pacer
from rtpcodec.stream.packing import Item, packing_of
from rtpcodec.stream.plan import StreamPlan
from rtpcodec.stream.wire import Dialect

MAX_WAITING_MARKS: Final = 1000
"""Marks in the queue or on their way; more is a loop without an end."""


def _check_name(name: object) -> None:
    """Refuse a mark's name that a text cannot carry where it is given, not later where texts are made."""
    if not isinstance(name, str):
        raise TypeError(f"mark name is of type {type(name).__name__}, str is needed")
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"mark name has a lone surrogate at {error.start}, UTF-8 has no octets for it") from None


class SendChain:
    """Resample, pack into the payloads of messages, hold back until due."""

    __slots__ = (
        "_clear_waits",
        "_dialect",
        "_mark_count",
        "_marks",
        "_max_queue_ms",
        "_mode",
        "_pacer",
        "_packing",
        "_queue",
        "_queued_items",
        "_queued_ms",
        "_resampler",
        "_tail_marks",
        "_utterance_ended",
        "_utterance_start_ms",
        "media_sent",
        "octets_sent",
        "pcm_hz",
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
        self._mode = plan.mode
        self._packing = packing_of(plan, pcm_hz, max_queue_ms)
        self.pcm_hz = pcm_hz or self._packing.sample_rate_hz
        same_rate = self.pcm_hz == self._packing.sample_rate_hz
        self._resampler = None if same_rate else Resampler(self.pcm_hz, self._packing.sample_rate_hz)
        self._pacer = FilePacer(lead_ms) if plan.mode == "mp3" else Pacer(lead_ms)
        self._max_queue_ms = max_queue_ms
        self._queue: deque[Item | str] = deque()  # payloads, and names of marks between them
        self._queued_items = 0
        self._queued_ms = 0.0
        self._tail_marks: list[str] = []  # behind the partial item
        self._marks = Marks()
        self._mark_count = 0
        self._clear_waits = False
        self._utterance_start_ms = 0.0
        self._utterance_ended = True
        self.media_sent = 0
        self.octets_sent = 0

    # Taking audio

    def play(self, pcm: Buffer) -> None:
        """Queue PCM at pcm_hz. QueueFull, ValueError (odd octets, a WAV file): nothing of it was queued."""
        samples = memoryview(pcm)
        if self._utterance_ended and samples.nbytes >= 12:
            head = samples[:12].tobytes()[:12]
            if head.startswith(b"RIFF") and head.endswith(b"WAVE"):
                raise ValueError("pcm begins with a WAV file's header of 44 octets or more, samples alone are needed")
        self._require_room(samples.nbytes // 2 * 1000 / self.pcm_hz)
        if self._resampler is not None:
            pcm = self._resampler.resample(pcm)
        begins_ms = self.position_ms
        items = self._packing.put_pcm(pcm)
        if samples.nbytes:
            self._begin_utterance(begins_ms)
        self._accept(items)

    def play_payload(self, payload: Buffer) -> None:
        """Queue octets that are encoded already. PayloadError, QueueFull, TypeError: nothing of them was queued."""
        self._put_encoded(payload, self.payload_ms(payload))

    def payload_ms(self, payload: Buffer) -> float:
        """How long they play; all errors but QueueFull."""
        self._require_mode("rtp", "play_payload")
        return self._encoded_ms(payload)

    def play_mp3(self, data: Buffer) -> None:
        """Queue an MP3 file. ValueError, QueueFull, TypeError: nothing of it was queued."""
        # A file cannot be cut: one that is longer than the queue has room when nothing else waits.
        self._put_encoded(data, min(self.mp3_ms(data), self._max_queue_ms))

    def mp3_ms(self, data: Buffer) -> float:
        """How long it plays; all errors but QueueFull."""
        self._require_mode("mp3", "play_mp3")
        return self._encoded_ms(data)

    def _encoded_ms(self, payload: Buffer) -> float:
        octets = memoryview(payload)
        if octets.itemsize != 1:
            raise TypeError(f"payload has items of format '{octets.format}', octets ('B', 'b', 'c') are needed")
        return self._packing.payload_ms(octets)

    def follow(self, heard: PayloadFormat | None) -> None:
        """Send in the packing and mode that the far end's payloads ask for: see Packing.follow."""
        self._packing.follow(heard)

    def _require_mode(self, mode: str, call: str) -> None:
        if self._mode != mode:
            raise LocalProtocolError(f"the plan's mode is {self._mode!r}, {call} needs {mode!r}")

    def _put_encoded(self, payload: Buffer, needed_ms: float) -> None:
        self._require_room(needed_ms)
        octets = memoryview(payload)
        begins_ms = self.position_ms
        items = self._packing.put_payload(octets)
        if octets.nbytes:
            self._begin_utterance(begins_ms)
        self._accept(items)

    def flush(self) -> None:
        """End the utterance: the resampler's rest follows, and silence fills the last item."""
        if self._resampler is not None and not self._utterance_ended:
            self._accept(self._packing.put_pcm(self._resampler.flush()))
        self._accept(self._packing.flush())
        self._utterance_ended = True

    def mark(self, name: str | None) -> str:
        """Place a mark behind all audio so far; its name, made up if none is given.

        TypeError, ValueError: the name is no text that UTF-8 can carry.
        """
        if not self._dialect.marks:
            raise LocalProtocolError(f"{self._dialect.name} does not return marks")
        waiting = len(self._marks) + len(self._tail_marks) + sum(isinstance(item, str) for item in self._queue)
        if waiting >= MAX_WAITING_MARKS:
            raise LocalProtocolError(f"{waiting} marks wait already, at most {MAX_WAITING_MARKS} are allowed")
        if name is None:
            self._mark_count += 1
            name = f"rtpcodec-{self._mark_count}"
        else:
            _check_name(name)
        if self._packing.pending_ms:
            self._tail_marks.append(name)
        else:
            self._queue.append(name)
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

    def _accept(self, items: list[Item]) -> None:
        for item in items:
            self._queue.append(item)
            self._queued_items += 1
            self._queued_ms += item[1]
            # They wait behind the item that was partial, which is the first to be complete.
            self._queue.extend(self._tail_marks)
            self._tail_marks.clear()

    # Giving texts

    def due(self, now_ms: float) -> list[str]:
        """The texts that are due."""
        texts = [self._dialect.clear_text(self.stream_id)] if self._clear_waits else []
        self._clear_waits = False
        while self._queue or self._pad_tail(now_ms):
            item = self._queue[0]
            if isinstance(item, str):
                texts.append(self._dialect.mark_text(item, self.stream_id))
                self._marks.sent(item, self._pacer.sent_ms, max(self._pacer.remote_end_ms, now_ms))
            elif now_ms >= self._pacer.due_ms(item[1]):
                payload, duration_ms = item
                texts.append(self._dialect.media_text(payload, self.stream_id))
                self._pacer.sent(duration_ms, now_ms)
                self._count_out(duration_ms)
                self.media_sent += 1
                self.octets_sent += len(payload)
            else:
                break
            self._queue.popleft()
        return texts

    @property
    def next_deadline_ms(self) -> float | None:
        """When `due` gives something new, or a mark is given up; None: never of itself."""
        deadlines = []
        if self._clear_waits:
            deadlines.append(float("-inf"))
        if self._queue:
            item = self._queue[0]
            deadlines.append(float("-inf") if isinstance(item, str) else self._pacer.due_ms(item[1]))
        elif self._tail_marks and self._packing.frame_ms is not None:
            deadlines.append(self._tail_due_ms(self._packing.frame_ms))
        give_up_ms = self._marks.next_deadline_ms
        if give_up_ms is not None:
            deadlines.append(give_up_ms)
        return min(deadlines, default=None)

    def _count_out(self, duration_ms: float) -> None:
        self._queued_items -= 1
        # Durations are floats: only an empty queue is known to hold exactly nothing.
        self._queued_ms = self._queued_ms - duration_ms if self._queued_items else 0.0

    def _tail_due_ms(self, frame_ms: float) -> float:
        """When a partial item must go because a mark waits behind it: just before the far end runs dry."""
        return max(self._pacer.remote_end_ms - frame_ms, self._pacer.due_ms(frame_ms))

    def _pad_tail(self, now_ms: float) -> bool:
        """Complete the partial item if a mark behind it can wait no longer; whether it was."""
        frame_ms = self._packing.frame_ms
        due = bool(self._tail_marks) and frame_ms is not None and now_ms >= self._tail_due_ms(frame_ms)
        if due:
            self._accept(self._packing.flush())
        return due

    # Interruption and marks

    def interrupt(self, now_ms: float) -> tuple[Interrupted, list[MarkCleared]]:
        """Forget all audio that was not heard, here and at the carrier."""
        heard_ms = max(0.0, self._pacer.heard_ms(now_ms))
        found = Interrupted(max(0.0, heard_ms - self._utterance_start_ms), max(0.0, self.position_ms - heard_ms))
        unsent = self._forget_queue()
        if self._resampler is not None:
            self._resampler.reset()
        self._pacer.cleared(now_ms)
        self._marks.interrupted(found, utterance_start_ms=self._utterance_start_ms, heard_ms=heard_ms, now_ms=now_ms)
        self._utterance_ended = True
        self._clear_waits = self._dialect.clear
        return found, [MarkCleared(name, "interrupt") for name in unsent]

    def mark_echoed(self, name: str, now_ms: float) -> MarkPlayed | MarkCleared | None:
        """The carrier returned a mark."""
        return self._marks.echoed(name, now_ms)

    def marks_timed_out(self, now_ms: float) -> list[MarkCleared]:
        """Marks whose echo will not come."""
        return self._marks.timed_out(now_ms)

    def end(self) -> list[MarkCleared]:
        """The stream is over: nothing more goes out."""
        self._clear_waits = False
        return self._marks.ended("stop") + [MarkCleared(name, "stop") for name in self._forget_queue()]

    def _forget_queue(self) -> list[str]:
        """Drop all that was not sent; the marks among it."""
        unsent = [item for item in self._queue if isinstance(item, str)] + self._tail_marks
        self._queue.clear()
        self._queued_items = 0
        self._queued_ms = 0.0
        self._tail_marks.clear()
        self._packing.reset()
        return unsent

    # Measures

    def describe(self) -> str:
        """What is done to the audio, codec and rate, for people."""
        coded = self._packing.describe()
        return coded if self._resampler is None else f"{self.pcm_hz} Hz -> {coded}"

    @property
    def queued_ms(self) -> float:
        """Audio that was accepted and not sent yet."""
        return self._queued_ms + self._packing.pending_ms

    @property
    def room_ms(self) -> float:
        """Audio that `play` would still take."""
        return max(0.0, self._max_queue_ms - self.queued_ms)

    @property
    def position_ms(self) -> float:
        """Audio accepted since the stream began, without what interruptions dropped."""
        return self._pacer.sent_ms + self.queued_ms

    def heard_ms(self, now_ms: float) -> float:
        """Estimate of what was heard, on the scale of position_ms."""
        return max(0.0, self._pacer.heard_ms(now_ms))

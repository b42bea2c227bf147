"""The send chain of mode mp3: PCM and files in, texts for the carrier out, in order and paced."""

from __future__ import annotations

from math import inf
from typing import Final

from typing_extensions import Buffer

from rtpcodec.audio.file_headers import FILE_STARTS
from rtpcodec.audio.pcm_input import PcmInput
from rtpcodec.errors import LocalProtocolError, QueueFull
from rtpcodec.rtp.payloads import PayloadFormat
from rtpcodec.stream.events import Interrupted, MarkCleared
from rtpcodec.stream.file_check import PlayChecks
from rtpcodec.stream.marks import GENERATED_PREFIX, OWN_PREFIX, MarkEvent, Marks, check_mark_name
from rtpcodec.stream.pacing import FilePacer
from rtpcodec.stream.packing_mp3 import Mp3Encoding
from rtpcodec.stream.plan import StreamPlan
from rtpcodec.stream.send_chain import Loss, LossReport, SendMeasures, SendSums
from rtpcodec.stream.stalling import StallWatch
from rtpcodec.stream.unsent_marks import NOWHERE, UnsentMarks
from rtpcodec.stream.wire import Dialect

MAX_WAITING_MARKS: Final = 1000
"""Limit on marks that wait or were sent; a caller with more has an endless loop."""


class _Utterance:
    """The start of the audio since the last `flush` or interruption."""

    __slots__ = ("ended", "start_ms")

    def __init__(self) -> None:
        self.ended = True
        self.start_ms = 0.0


class FileChain:
    """The send chain of mode mp3: it queues audio, encodes it to files, and releases them.

    Times are in ms of the caller's clock, positions in ms of audio since the stream began. Use from one thread at a
    time.
    """

    __slots__ = (
        "_checks",
        "_clear_waits",
        "_encoding",
        "_input",
        "_last_sent_ms",
        "_mark_count",
        "_marks",
        "_pacer",
        "_unsent",
        "_utterance",
        "dialect",
        "max_queue_ms",
        "media_sent",
        "octets_sent",
        "stream_id",
    )

    def __init__(
        self, plan: StreamPlan, pcm_hz: int | None, lead_ms: float | None, max_queue_ms: float, dialect: Dialect
    ) -> None:
        if not max_queue_ms > 0:
            raise ValueError(f"max_queue_ms is {max_queue_ms:g}, a positive number is needed")
        self.dialect = dialect
        self.stream_id: str | None = None
        """The stream id of the last `start`, for dialects that write it into every text."""
        self._encoding = Mp3Encoding(pcm_hz or plan.send_sample_rate_hz, max_queue_ms)
        self._pacer = FilePacer(lead_ms)
        self.max_queue_ms = max_queue_ms
        self._unsent = UnsentMarks()
        self._checks = PlayChecks()
        self._input = PcmInput()
        self._marks = Marks()
        self._last_sent_ms = float("-inf")
        self._mark_count = 0
        self._clear_waits = False
        self._utterance = _Utterance()
        self.media_sent = 0
        self.octets_sent = 0

    # Accepting audio

    def play(self, pcm: Buffer, pcm_hz: int | None = None, note: object = None) -> None:
        """Queue PCM.

        pcm: the PCM.
        pcm_hz: its rate; None: `self.pcm_hz`.
        Raises, and queues nothing: QueueFull, ValueError if it has an odd number of octets, begins with the header of a
        file or has a rate that cannot be resampled, TypeError if it is not 16-bit PCM.
        """
        samples = memoryview(pcm)
        # 1. A file in place of samples is a common mistake: it would be heard as a click, or as noise.
        head = pcm[:2] if pcm.__class__ is bytes else samples[:2].tobytes()[:2]
        if head in FILE_STARTS or self._checks.pcm.alert:
            self._checks.pcm.check(samples)
        # 2. Does it fit, and can it be resampled? Raise before anything has changed.
        values = samples.nbytes // (4 if samples.format == "f" else 2)
        from_hz = pcm_hz or self._encoding.pcm_hz
        self._require_room(values * 1000 / from_hz)
        self._encoding.require_rate(from_hz)
        # 3. To int16; a single octet waits for the next call.
        self.play_octets(self.octets_of(pcm), pcm_hz)

    def play_octets(self, octets: bytes, pcm_hz: int | None = None, note: object = None) -> None:
        """Queue int16 octets. Raises the errors of `play`."""
        encoding = self._encoding
        from_hz = pcm_hz or encoding.pcm_hz
        queued_ms = self._require_room((len(octets) >> 1) * 1000 / from_hz)
        encoding.put_pcm(octets, from_hz)
        # The utterance begins where the queue ended before.
        if self._utterance.ended and octets:
            self._begin_utterance(queued_ms)

    def octets_of(self, pcm: Buffer) -> bytes:
        """Return PCM as int16 octets; a single octet waits for the next call."""
        return self._input.accept(pcm)

    def play_payload(self, payload: Buffer, note: object = None) -> None:
        """Raise LocalProtocolError."""
        self.payload_ms(payload)

    def payload_ms(self, _payload: Buffer) -> float:
        """Raise LocalProtocolError."""
        raise LocalProtocolError("the plan's mode is 'mp3', play_payload needs 'rtp'")

    def play_mp3(self, data: Buffer) -> None:
        """Queue an MP3 file.

        Raises, and queues nothing: QueueFull, and the errors of `mp3_ms`.
        """
        # A file cannot be split, so one that is longer than the queue is accepted when nothing else waits.
        duration_ms = self.mp3_ms(data)
        queued_ms = self._require_room(min(duration_ms, self.max_queue_ms))
        self._encoding.put_encoded(data, duration_ms)
        if self._utterance.ended:
            self._begin_utterance(queued_ms)

    def mp3_ms(self, data: Buffer) -> float:
        """Return the duration of an MP3 file.

        Raises: ValueError if it is not an MP3 file, TypeError if the items are not octets.
        """
        return self._encoding.file_ms(data)

    def follow(self, heard: PayloadFormat | None) -> None:
        """Do nothing: a file contains its own format."""

    def flush(self) -> None:
        """End the utterance: the current file is completed."""
        self._input.clear()
        self._encoding.flush()
        self._utterance.ended = True

    def mark(self, name: str | None) -> str:
        """Queue a mark behind all audio so far.

        name: its name; None: one is generated.
        Returns: the name.
        Raises: LocalProtocolError if too many marks wait, TypeError if the name is not a str, ValueError if it has a
        lone surrogate, which UTF-8 cannot carry, or the prefix of generated names.
        """
        if name is not None:
            check_mark_name(name)
        return self._mark(GENERATED_PREFIX, name)

    def own_mark(self) -> str:
        """Queue an internal mark, as `mark`, whose events the user does not get. Returns its name."""
        return self._mark(OWN_PREFIX, None)

    def _mark(self, prefix: str, name: str | None) -> str:
        if not self.dialect.marks:
            raise LocalProtocolError(f"{self.dialect.name} does not return marks")
        waiting = len(self._marks) + len(self._unsent)
        if waiting >= MAX_WAITING_MARKS:
            raise LocalProtocolError(f"{waiting} marks already wait, at most {MAX_WAITING_MARKS} are allowed")
        if name is None:
            self._mark_count += 1
            name = f"{prefix}{self._mark_count}"
        encoding = self._encoding
        self._unsent.put(name, encoding.taken_samples + encoding.waiting_samples)
        return name

    def _require_room(self, more_ms: float) -> float:
        """Return the waiting audio in ms. Raises QueueFull if more_ms do not fit."""
        encoding = self._encoding
        queued_ms = encoding.waiting_samples * 1000 / encoding.sample_rate_hz
        if more_ms and queued_ms + more_ms > self.max_queue_ms:
            raise QueueFull(
                f"{queued_ms:.0f} ms are queued and {more_ms:.0f} ms would follow, "
                f"at most {self.max_queue_ms:.0f} ms are allowed"
            )
        return queued_ms

    def _begin_utterance(self, queued_ms: float) -> None:
        """Begin an utterance after the waiting audio."""
        self._utterance.ended = False
        self._utterance.start_ms = self._pacer.sent_ms + queued_ms

    # Releasing texts

    def due(self, now_ms: float, *, at_once: bool = True) -> list[str]:
        """Remove and return the texts that are due. Audio is encoded here, not before.

        at_once: Whether to return all of them; otherwise for at most 5 ms, and `next_deadline_ms` is in the past if
            others are due.
        """
        # 1. A clear is sent before everything else.
        texts = [self.dialect.clear_text(self.stream_id)] if self._clear_waits else []
        self._clear_waits = False
        encoding, pacer, unsent = self._encoding, self._pacer, self._unsent
        left_ms = float("inf") if at_once else encoding.turn_ms
        if encoding.has_work:
            encoding.work(left_ms)
        while True:
            # 2. A mark without audio before it is due at once.
            if unsent.first_position <= encoding.taken_samples:
                name = unsent.pop()
                texts.append(self.dialect.mark_text(name, self.stream_id))
                self._marks.sent(name, pacer.sent_ms, max(pacer.remote_end_ms, now_ms))
                self._last_sent_ms = now_ms
                continue
            # 3. The first file waits until it is complete and due.
            item_ms = encoding.item_ms
            if item_ms is None or now_ms < pacer.due_ms or left_ms <= 0:
                return texts
            left_ms -= item_ms
            payload, duration_ms = encoding.take()
            pacer.sent(duration_ms, now_ms)
            self._last_sent_ms = now_ms
            self.media_sent += 1
            self.octets_sent += len(payload)
            texts.append(self.dialect.media_text(payload, self.stream_id))

    @property
    def next_deadline_ms(self) -> float | None:
        """The time of the next text or time-out; minus infinity: now; None: not before another method is called."""
        encoding = self._encoding
        position = self._unsent.first_position
        if self._clear_waits or encoding.has_work or position <= encoding.taken_samples:
            return float("-inf")
        due_ms = None if encoding.item_ms is None or self._pacer.suspended_by else self._pacer.due_ms
        timeout_ms = self.event_deadline_ms
        if due_ms is None or timeout_ms is None:
            return timeout_ms if due_ms is None else due_ms
        return min(due_ms, timeout_ms)

    @property
    def event_deadline_ms(self) -> float | None:
        """When the first mark times out, sent or not; None: no mark waits."""
        sent_ms = self._marks.next_deadline_ms
        unsent_ms = None if self._unsent.first_position == NOWHERE else self._unsent_deadline_ms
        if sent_ms is None or unsent_ms is None:
            return unsent_ms if sent_ms is None else sent_ms
        return min(sent_ms, unsent_ms)

    @property
    def _unsent_deadline_ms(self) -> float | None:
        if self._pacer.suspended_by:
            return None
        encoding = self._encoding
        progress_ms = max(self._pacer.remote_end_ms, self._last_sent_ms)
        return self._unsent.deadline_ms(progress_ms, encoding.taken_samples, encoding.sample_rate_hz)

    # Interruption and marks

    def interrupt(self, now_ms: float, also_dropped_ms: float = 0.0) -> tuple[Interrupted, list[MarkEvent]]:
        """Drop all unheard audio, here and at the carrier. Returns the estimate, and the events of ended marks.

        now_ms: The time.
        also_dropped_ms: Audio that the caller drops and has not queued.
        """
        # 1. Estimate the heard audio, before the drop changes positions.
        heard_ms = max(0.0, self._pacer.heard_ms(now_ms))
        dropped_ms = max(0.0, self.position_ms - heard_ms) + also_dropped_ms
        found = Interrupted(max(0.0, heard_ms - self._utterance.start_ms), dropped_ms)
        # 2. Drop our queue, and assume that the far end's buffer is empty from now on.
        unsent = self._drop_queue()
        self._pacer.cleared(now_ms)
        # 3. Sent marks end with their echoes; unsent marks end here.
        settled = self._marks.interrupted(
            found, utterance_start_ms=self._utterance.start_ms, heard_ms=heard_ms, now_ms=now_ms
        )
        # 4. The clear is the next text.
        self._utterance.ended = True
        self._clear_waits = self.dialect.clear
        return found, [*(MarkCleared(name, "interrupt") for name in unsent), *settled]

    def suspend(self, reason: str, _now_ms: float) -> None:
        """Send no more files. The far end plays its buffer to the end, because a file cannot be sent again in part."""
        self._pacer.suspended_by.add(reason)
        self._pacer.halts += 1

    def unsuspend(self, reason: str, now_ms: float) -> None:
        """End a suspension. It does nothing if files are not suspended for this reason."""
        if reason in self._pacer.suspended_by:
            self._pacer.suspended_by.remove(reason)
            self._last_sent_ms = now_ms  # restarts the time-out of unsent marks

    @property
    def halts(self) -> int:
        """Number of suspensions so far."""
        return self._pacer.halts

    def paused_for_ms(self, _now_ms: float) -> float:
        """Return infinity during a suspension, otherwise 0."""
        return inf if self._pacer.suspended_by else 0.0

    @property
    def loss(self) -> Loss:
        """The handler of a lost connection."""
        return self

    def lost(self, now_ms: float, _last_frame_ms: float, _media_until_ms: float | None) -> LossReport:
        """End the sent marks. A sent file is not sent again, because the place to cut it is unknown."""
        unheard_ms = max(0.0, self._pacer.sent_ms - self._pacer.heard_ms(now_ms))
        self._pacer.cleared(now_ms)
        self._clear_waits = False
        return LossReport(unheard_ms, 0.0, [*self._marks.ended("timeout")])

    def mended(self) -> None:
        """Start on another connection, where nothing must be cleared."""
        self._clear_waits = False

    def mark_echoed(self, name: str, now_ms: float) -> list[MarkEvent]:
        """End the mark that the carrier returned, and return the resulting events."""
        return self._marks.echoed(name, now_ms)

    def hear(self, _inbound: StallWatch) -> None:
        """Do nothing: files have their own pace."""

    def transferred(self, _now_ms: float) -> list[MarkEvent]:
        """Do nothing: files have no pause."""
        return []

    def refused(self, _now_ms: float) -> list[MarkEvent]:
        """Do nothing: the error is about files, whose pace is fixed."""
        return []

    def expired(self, now_ms: float) -> list[MarkEvent]:
        """End marks whose echo is overdue, or that wait behind audio which is not sent. Returns the events."""
        lost = self._marks.timed_out(now_ms)
        if self._unsent.first_position != NOWHERE:
            self._unsent.notice(now_ms)
            while (deadline_ms := self._unsent_deadline_ms) is not None and now_ms >= deadline_ms:
                lost.append(MarkCleared(self._unsent.pop(), "timeout"))
        return lost

    def end(self, _now_ms: float) -> list[MarkEvent]:
        """End the stream: drop everything unsent, and return the events of all marks."""
        self._clear_waits = False
        return [*self._marks.ended("stop"), *(MarkCleared(name, "stop") for name in self._drop_queue())]

    def _drop_queue(self) -> list[str]:
        """Drop everything unsent. Returns the names of unsent marks."""
        self._encoding.drop()
        self._input.clear()
        return self._unsent.drop()

    # Measures

    round_trip_ms, measures = None, SendMeasures()  # files are not measured

    @property
    def sums(self) -> SendSums:
        """Counters for statistics."""
        return SendSums(self.media_sent, self.octets_sent)

    def describe(self) -> str:
        """Return format and rate in one line."""
        return self._encoding.describe()

    @property
    def pcm_hz(self) -> int:
        """The rate of the PCM that `play` accepts."""
        return self._encoding.pcm_hz

    @property
    def queued_ms(self) -> float:
        """Audio that was queued and not sent yet."""
        encoding = self._encoding
        return encoding.waiting_samples * 1000 / encoding.sample_rate_hz

    @property
    def room_ms(self) -> float:
        """Audio that `play` would accept now."""
        return max(0.0, self.max_queue_ms - self.queued_ms)

    @property
    def position_ms(self) -> float:
        """Audio queued since the stream began, without audio that interruptions dropped."""
        return self._pacer.sent_ms + self.queued_ms

    def heard_ms(self, now_ms: float) -> float:
        """Estimate the position up to which audio was heard, on the scale of position_ms."""
        return max(0.0, self._pacer.heard_ms(now_ms))

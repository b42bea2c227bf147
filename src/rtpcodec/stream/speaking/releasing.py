"""Releasing: takes audio that is due, encodes it, and writes it into texts, with the marks in between."""

from __future__ import annotations

from math import inf
from typing import Final

from rtpcodec.stream.events import SendStalled
from rtpcodec.stream.items import Kind, Piece
from rtpcodec.stream.level_meter import EVERY_MS, LevelMeter
from rtpcodec.stream.marks import OWN_PREFIX
from rtpcodec.stream.speaking._states import ReleaserState
from rtpcodec.stream.speaking.chunking import STEP_MS, Chunking
from rtpcodec.stream.speaking.parts import Parts
from rtpcodec.stream.speaking.reply import Reply
from rtpcodec.stream.speaking.resolving import DRY_MS
from rtpcodec.stream.speaking.send_gate import WIRE_OCTETS
from rtpcodec.stream.speaking.sent_audio import KEPT_MS
from rtpcodec.stream.unsent_marks import NOWHERE

OWN_STALL_MS: Final = 100.0
"""Audio sent this much later than it was due shows that our event loop stood still."""


class Releaser(ReleaserState):
    """Releases the texts of one stream. Changes all parts but the order of replies. Use from one thread at a time."""

    __slots__ = ("_chunking", "_frame_samples", "_parts", "_plain", "longest_stall_ms", "stalls")

    def __init__(self, parts: Parts) -> None:
        """Make the releaser of a stream; nothing is due."""
        self._parts = parts
        packing, settings = parts.packing, parts.settings
        self._frame_samples = packing.frame_samples
        # The common case: one frame per message, whatever else waits.
        self._plain = (
            packing.unit_samples is not None and settings.send_chunk_ms == STEP_MS and not settings.prebuffer_ms
        )
        self._chunking = Chunking(
            packing.frame_samples,
            packing.sample_rate_hz,
            chunk_ms=settings.send_chunk_ms,
            prebuffer_ms=settings.prebuffer_ms,
            is_frame_codec=packing.unit_samples is None,
        )
        self.expected_ms = inf
        """When the next message of a reply was due at the last check."""
        self.clear: list[str] = []
        """Texts to send before all others: a clear and its fence."""
        self.last_sent_ms = -inf
        self.media_sent = 0
        self.octets_sent = 0
        self.stalls = 0
        """How often our event loop stood still while audio was due."""
        self.longest_stall_ms = 0.0
        """The longest of these stalls."""
        self.level = LevelMeter()
        """Level of the sent PCM, with background sound."""
        self.stream_id: str | None = None
        """The id in the last `start`, for dialects that write it into every text."""

    def due(self, now_ms: float, left_ms: float) -> list[str]:
        """Remove and return the texts that are due, with at most left_ms of audio.

        The steps are numbered across `due` and `send`.
        """
        # 1. A clear precedes everything.
        texts, self.clear = self.clear, []
        self._look_back(now_ms)
        return self.send(texts, now_ms, left_ms)

    def send(self, texts: list[str], now_ms: float, left_ms: float) -> list[str]:
        """Add the marks and messages that are due, with at most left_ms of audio. Returns the texts."""
        parts = self._parts
        order, own_marks, settings = parts.order, parts.own_marks, parts.settings
        reply = self._sent_in_pause if parts.paused else order.current
        while True:
            if reply is not None and reply.closed:  # an open reply keeps its turn
                reply = self._sent_in_pause if parts.paused else order.current
            # 2. A user mark is due once the audio before it was sent; an own mark when the rate limit allows it.
            if reply is not None and reply.marks.first_position <= reply.queue.taken_samples:
                self._send_mark(reply.marks.pop(), now_ms, texts)
                continue
            if own_marks.due_ms is not None and now_ms >= own_marks.due_ms:
                self._send_own_mark(now_ms, texts)
                continue
            # 3. The next message of the reply, if there is a whole one and it is due.
            samples = 0 if reply is None else self._next_samples(reply)
            if samples:
                if left_ms <= 0 or not self._may_send(samples, settings.lead_ms, now_ms, of_reply=True):
                    return texts
                left_ms -= self._send(reply, samples, now_ms, texts)
                continue
            # 4. A partial frame before a mark that cannot wait longer is padded.
            if reply is not None and self._ran_empty(reply, now_ms):
                continue
            # 5. Sound between replies.
            if parts.idle.silent or left_ms <= 0 or not self._may_send_idle(now_ms):
                return texts
            left_ms -= self._send(None, self._frame_samples, now_ms, texts)

    @property
    def _sent_in_pause(self) -> Reply | None:
        """The reply to send even in a pause: tones of keys that have begun."""
        reply = self._parts.order.current
        return reply if reply is not None and reply.sounds_keys else None

    def _look_back(self, now_ms: float) -> None:
        """Report a stall of our event loop. Without a lead, also drop sent audio that was played long ago."""
        if now_ms - self.expected_ms >= OWN_STALL_MS:
            self._report_stall(now_ms)
        self.expected_ms = inf
        parts = self._parts
        if parts.settings.lead_ms is None:
            kept_samples = int(KEPT_MS * parts.packing.sample_rate_hz / 1000)
            parts.sent_audio.played(parts.far_end.heard(now_ms).position - kept_samples)

    def _may_send_idle(self, now_ms: float) -> bool:
        """Return whether a message of the sound between replies is due."""
        parts = self._parts
        return parts.idle.active and self._may_send(self._frame_samples, parts.settings.idle_lead_ms, now_ms)

    def _may_send(self, samples: int, lead_ms: float | None, now_ms: float, *, of_reply: bool = False) -> bool:
        """Return whether a message is due and the far end reads."""
        parts = self._parts
        far_end = parts.far_end
        # 1. Due by the lead?
        due_ms = far_end.due_ms(samples, lead_ms)
        if now_ms < due_ms:
            if of_reply:
                self.expected_ms = due_ms
            return False
        # 2. Is the gate open? Without a backlog and pongs, it always is.
        gate = parts.gate
        if gate.backlog is None and not gate.pongs:
            return True
        if not gate.open(far_end.sent_position, far_end.round_trip_ms, now_ms):
            return False
        if not gate.was_closed:
            return True
        # 3. It has just opened. The delayed audio has arrived, so the far end may hold enough: check the lead again.
        arrived = gate.reopen(far_end.round_trip_ms or 0.0, now_ms)
        if arrived is not None:
            far_end.held_back(arrived, now_ms)
        return self._may_send(samples, lead_ms, now_ms, of_reply=of_reply)

    def _ran_empty(self, reply: Reply, now_ms: float) -> bool:
        """Record that a reply has no whole message. Returns whether its partial frame was padded, which makes one."""
        reply.ran_empty = True
        return reply.marks.first_position != NOWHERE and self._complete_frame(reply, now_ms)

    def _send(self, reply: Reply | None, samples: int, now_ms: float, texts: list[str]) -> float:
        """Take, encode and send one message of a reply; None: of the sound between replies. Returns its ms."""
        parts = self._parts
        far_end, packing, own_marks = parts.far_end, parts.packing, parts.own_marks
        # 1. Take and encode.
        if reply is None:
            pieces: list[Piece] = [(Kind.READY, parts.idle.frame(samples) or bytes(2 * samples))]
        else:
            if reply.ran_empty:
                self._after_empty(reply, now_ms)
            pieces = self._take(reply, samples)
        if far_end.sent_position >= self.level.due:
            self._measure(pieces)
        payload = packing.encode(pieces)
        # 2. Record and send.
        position = far_end.sent_position
        duration_ms = far_end.sent(samples, now_ms)
        for sink in parts.sent_sinks:
            sink.sent(position, samples, pieces, payload, reply)
        self.last_sent_ms = now_ms
        self.media_sent += 1
        self.octets_sent += len(payload)
        text = parts.dialect.media_text(payload, self.stream_id)
        if parts.gate.backlog is not None:
            parts.gate.sent(len(text), duration_ms)
        texts.append(text)
        # 3. An own mark behind it measures when it is heard. The end of a reply is proven even if another reply
        #    follows at once.
        if reply is not None and own_marks.enabled:
            last = not reply.queue.waiting_samples and (
                (reply.closed and not reply.more_follows)
                or len(parts.order.waiting) == 1
                or parts.order.last_with_audio is None
            )
            position = far_end.sent_position
            if (last or position >= own_marks.next_position) and own_marks.wanted(position, now_ms, last=last):
                self._send_own_mark(now_ms, texts)
        elif parts.on_cut is not None and own_marks.wanted_between(far_end.sent_position, now_ms, far_end.run.start):
            self._send_own_mark(now_ms, texts)
        return duration_ms

    def _measure(self, pieces: list[Piece]) -> None:
        """Measure the PCM of a message. The level of payloads that the user encoded is unknown."""
        position = self._parts.far_end.sent_position + int(EVERY_MS * self._parts.sample_rate_hz / 1000)
        self.level.take(b"".join(octets for kind, octets in pieces if kind is Kind.READY), position)

    def _next_samples(self, reply: Reply) -> int:
        """Return how many samples the next message of a reply takes; 0: it must wait for more audio."""
        # 1. The common case: one frame per message.
        queue = reply.queue
        waiting, frame = queue.waiting_samples, self._frame_samples
        if self._plain:
            return frame if waiting >= frame else 0
        if self._parts.packing.unit_samples is None:
            # 2. A payload that is a message of its own. The frame before it was completed, so whole frames precede it.
            item = queue.first_item_samples
            if item is not None:
                return item
        if waiting < frame:
            return 0
        # 3. A message ends at the next mark, rounded up to a frame.
        to_mark = -(-(reply.marks.first_position - queue.taken_samples) // frame) * frame
        whole = min(waiting // frame * frame, to_mark)
        # 4. Audio before a mark is not held back for a whole chunk, even if its last frame is incomplete.
        return self._chunking.next_samples(
            whole, ended=reply.closed or to_mark - whole <= frame, begun=reply.state != "queued"
        )

    def _after_empty(self, reply: Reply, now_ms: float) -> None:
        """Begin a new implicit reply if the far end ran dry after the earlier audio of `play`."""
        reply.ran_empty = False
        parts = self._parts
        if reply is not parts.order.implicit or reply.state == "queued" or reply.more_follows:
            return
        if now_ms >= parts.far_end.remote_end_ms + DRY_MS:
            parts.sent_audio.hand_over(reply, parts.order.split(reply))

    def _take(self, reply: Reply, samples: int) -> list[Piece]:
        """Take audio of a reply, and record its sent position."""
        parts = self._parts
        queue, position = reply.queue, parts.far_end.sent_position
        if reply.state == "queued":
            reply.become("speaking")
            parts.own_marks.begin_reply()
        content = queue.taken_samples
        reply.spans.sent(position, content, samples)
        pieces = queue.take(samples)
        parts.sent_audio.add(position, samples, content, reply, pieces)
        idle = parts.idle
        if idle.silent or not idle.follows_speech:
            return pieces
        if any(kind is not Kind.READY for kind, _ in pieces):
            idle.unmixed()
            return pieces
        return [(kind, idle.under(pcm)) for kind, pcm in pieces]

    def _send_mark(self, name: str, now_ms: float, texts: list[str]) -> None:
        text = self._parts.dialect.mark_text(name, self.stream_id)
        texts.append(text)
        self._parts.gate.wrote(len(text))
        self._parts.echoes.sent(name, now_ms)
        self.last_sent_ms = now_ms

    def _send_own_mark(self, now_ms: float, texts: list[str]) -> None:
        parts = self._parts
        self._send_mark(parts.new_mark(OWN_PREFIX), now_ms, texts)
        parts.own_marks.sent(parts.far_end.sent_position, now_ms)

    def _complete_frame(self, reply: Reply, now_ms: float) -> bool:
        """Pad a partial frame with silence if the mark behind it cannot wait longer. Returns whether it was padded."""
        if not reply.queue.waiting_samples or now_ms < self._partial_due_ms():
            return False
        reply.queue.complete_frame()
        return True

    def _partial_due_ms(self) -> float:
        """Return when a partial frame before a mark is sent: just before the far end runs dry."""
        parts = self._parts
        far_end = parts.far_end
        frame_ms = parts.ms(self._frame_samples)
        return max(far_end.remote_end_ms - frame_ms, far_end.due_ms(self._frame_samples, parts.settings.lead_ms))

    @property
    def next_ms(self) -> float:
        """When `due` returns something next; minus infinity: now; infinity: not before something changes."""
        parts = self._parts
        if self.clear:
            return -inf
        next_ms = inf
        reply = self._sent_in_pause if parts.paused else parts.order.current
        samples = 0
        if reply is not None:
            if reply.marks.first_position <= reply.queue.taken_samples:
                return -inf
            samples = self._next_samples(reply)
            if samples:
                next_ms = parts.far_end.due_ms(samples, parts.settings.lead_ms)
            elif reply.queue.waiting_samples and reply.marks.first_position != NOWHERE:
                next_ms = self._partial_due_ms()
        if not samples and not parts.idle.silent and parts.idle.active:
            next_ms = min(next_ms, parts.far_end.due_ms(self._frame_samples, parts.settings.idle_lead_ms))
        if parts.own_marks.due_ms is not None:
            next_ms = min(next_ms, parts.own_marks.due_ms)
        look_ms = parts.gate.look_ms
        return next_ms if next_ms > look_ms else look_ms

    def put_clear(self, fence: str | None) -> None:
        """Make a clear the next text, with a fence of that name behind it."""
        dialect = self._parts.dialect
        if not self.clear:
            self.clear = [dialect.clear_text(self.stream_id)]
        if fence is not None:
            self.clear.append(dialect.mark_text(fence, self.stream_id))
        self._parts.gate.wrote(sum(map(len, self.clear)) + int(WIRE_OCTETS))

    def _report_stall(self, now_ms: float) -> None:
        late_ms = now_ms - self.expected_ms
        self.stalls += 1
        self.longest_stall_ms = max(self.longest_stall_ms, late_ms)
        self._parts.reports.append(SendStalled(late_ms))

    def end(self) -> None:
        """Send nothing more."""
        self.clear = []
        self.expected_ms = inf

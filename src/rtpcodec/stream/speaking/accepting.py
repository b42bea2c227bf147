"""Accepting: the audio of replies is checked, and counted against the limit of the queue."""

from __future__ import annotations

from math import ceil

from typing_extensions import Buffer

from rtpcodec.audio.file_headers import FILE_STARTS
from rtpcodec.errors import QueueFull, StreamEnded
from rtpcodec.stream.file_check import PlayChecks
from rtpcodec.stream.speaking._states import AcceptorState
from rtpcodec.stream.speaking.parts import Parts
from rtpcodec.stream.speaking.positions import Heard
from rtpcodec.stream.speaking.reply import Reply


class Acceptor(AcceptorState):
    """The Stage of one stream's replies. Use from one thread at a time."""

    __slots__ = ("_checks", "_parts", "dropped_samples")

    def __init__(self, parts: Parts, pcm_hz: int | None) -> None:
        """Make it; pcm_hz: rate of PCM that is given without one; None: the codec's."""
        self._parts = parts
        self._checks = PlayChecks()
        self._pcm_check = self._checks.pcm
        self._looks_closer = self._pcm_check.alert
        self._order = parts.order
        self._max_ms = parts.settings.max_queue_ms
        self._frame_samples = parts.packing.frame_samples
        self.drops_oldest = parts.settings.when_full == "drop_oldest"
        """Whether audio beyond the limit lets the oldest be dropped."""
        self.follows_queue = self.drops_oldest
        """Whether `queued` must be called for PCM as well."""
        self.dropped_samples = 0
        """Audio that waited, and was dropped because the queue was full."""
        self.sample_rate_hz = parts.packing.sample_rate_hz
        """The rate of the codec's samples."""
        self.pcm_hz = pcm_hz or self.sample_rate_hz
        """The rate of PCM that is given without one."""
        self.running = True
        """Whether the stream has not ended."""

    def check_pcm(self, pcm: Buffer) -> None:
        """Refuse a file in place of its samples: a common mistake, heard as a click or as noise."""
        head = pcm[:2] if pcm.__class__ is bytes else memoryview(pcm)[:2].tobytes()[:2]
        if head in FILE_STARTS or self._checks.pcm.alert:
            self._checks.pcm.check(memoryview(pcm))
            self._looks_closer = self._checks.pcm.alert

    def check_payload(self, payload: Buffer) -> None:
        """Refuse a file in place of a payload."""
        self._checks.payload(payload)

    def payload_ms(self, payload: Buffer) -> float:
        """Return the duration of octets in the send codec. PayloadError, TypeError."""
        octets = memoryview(payload)
        if octets.itemsize != 1:
            raise TypeError(f"payload has items of format '{octets.format}', octets ('B', 'b', 'c') are needed")
        return self._parts.packing.payload_ms(octets)

    def require_room(self, reply: Reply, more_ms: float) -> None:
        """QueueFull: this much more audio of a reply does not fit. With `drop_oldest`, all fits."""
        max_ms = self._parts.settings.max_queue_ms
        if self.drops_oldest or not more_ms:
            return
        # All that waits together is at least what counts for one reply.
        samples = 0
        for one in self._parts.order.waiting:
            samples += one.queue.waiting_samples
        if samples * 1000 / self.sample_rate_hz + more_ms <= max_ms:
            return
        queued_ms = self._counted_ms(reply)
        if queued_ms + more_ms <= max_ms:
            return
        raise QueueFull(
            f"{queued_ms:.0f} ms are queued and {more_ms:.0f} ms would follow, at most {max_ms:.0f} ms are allowed"
        )

    def queued(self, reply: Reply, samples: int, from_hz: int, payload: bytes | None = None) -> None:
        """Report audio that was queued, and drop the oldest beyond the limit of a reply if the settings say so.

        A disclosure is dropped for its own audio only.

        reply: which has got audio.
        samples: PCM of so many samples was queued.
        from_hz: their rate.
        payload: was queued instead; None: PCM was.
        """
        actions = self._parts.actions
        if actions is not None:
            actions.queued(reply, samples, from_hz, payload)
        if not self.drops_oldest:
            return
        excess_ms = self._counted_ms(reply) - self._parts.settings.max_queue_ms
        if excess_ms <= 0:
            return
        samples = ceil(excess_ms * self.sample_rate_hz / 1000)
        order = self._parts.order
        current = order.current
        for one in (reply,) if reply is current else list(order.waiting):
            if one is reply or (one is not current and one.interruptible):
                dropped = one.drop_oldest(samples)
                self.dropped_samples += dropped
                samples -= dropped
                if samples <= 0:
                    return

    def room_ms_of(self, reply: Reply) -> float:
        """Return how much audio of a reply fits."""
        if self.drops_oldest:
            return self._parts.settings.max_queue_ms
        return max(0.0, self._parts.settings.max_queue_ms - self._counted_ms(reply))

    def _counted_ms(self, reply: Reply) -> float:
        """Return the audio that counts against a reply's limit.

        The reply that speaks has the whole limit, and all others share another one. Otherwise an open reply without
        audio, behind which the queue is full, could never get any.
        """
        current = self._parts.order.current
        if reply is current or current is None:
            return self._parts.ms(reply.queue.waiting_samples - reply.queue.kept_samples)
        return self.behind_ms

    @property
    def behind_ms(self) -> float:
        """Audio of all replies but the one that speaks."""
        order = self._parts.order
        current = order.current
        return self._parts.ms(
            sum(one.queue.waiting_samples - one.queue.kept_samples for one in order.waiting if one is not current)
        )

    def heard_now(self, now_ms: float) -> Heard:
        """Return the far end's position."""
        return self._parts.far_end.heard(now_ms)

    def closing(self, reply: Reply) -> None:
        """Take note that a reply was ended, of which audio waits elsewhere."""
        actions = self._parts.actions
        if actions is not None:
            actions.closing(reply)

    def ended(self, reply: Reply) -> None:
        """Take note that nothing more is added to a reply."""
        actions = self._parts.actions
        if actions is not None:
            actions.ended(reply)
        if reply is self._parts.order.implicit:
            self._parts.order.implicit = None
        self._parts.order.moved = True

    @property
    def max_queue_ms(self) -> float:
        """Limit of queued audio."""
        return self._parts.settings.max_queue_ms

    def require_running(self) -> None:
        """StreamEnded: the stream has ended."""
        if not self.running:
            raise StreamEnded("the stream has stopped, nothing can be sent any more")

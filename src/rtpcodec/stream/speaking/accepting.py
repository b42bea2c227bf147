"""Accepting: checks the audio of replies, and counts it against the limit of the queue."""

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
    """Accepts the audio of one stream's replies (a Stage). Use from one thread at a time."""

    __slots__ = ("_checks", "_parts", "dropped_samples")

    def __init__(self, parts: Parts, pcm_hz: int | None) -> None:
        """Make the acceptor of a stream; pcm_hz: default rate of PCM; None: that of the codec."""
        self._parts = parts
        self._checks = PlayChecks()
        self._pcm_check = self._checks.pcm
        self._looks_closer = self._pcm_check.alert
        self._order = parts.order
        self._max_ms = parts.settings.max_queue_ms
        self._frame_samples = parts.packing.frame_samples
        self.drops_oldest = parts.settings.when_full == "drop_oldest"
        """Whether audio beyond the limit drops the oldest audio."""
        self.follows_queue = self.drops_oldest
        """Whether `queued` must be called for PCM as well."""
        self.dropped_samples = 0
        """Audio that was dropped because the queue was full."""
        self.sample_rate_hz = parts.packing.sample_rate_hz
        """The rate of the codec's samples."""
        self.pcm_hz = pcm_hz or self.sample_rate_hz
        """The default rate of PCM."""
        self.running = True
        """Whether the stream has not ended."""

    def check_pcm(self, pcm: Buffer) -> None:
        """Refuse the octets of a file instead of its samples: a common mistake, which sounds like a click or noise."""
        head = pcm[:2] if pcm.__class__ is bytes else memoryview(pcm)[:2].tobytes()[:2]
        if head in FILE_STARTS or self._checks.pcm.alert:
            self._checks.pcm.check(memoryview(pcm))
            self._looks_closer = self._checks.pcm.alert

    def check_payload(self, payload: Buffer) -> None:
        """Refuse the octets of a file instead of a payload."""
        self._checks.payload(payload)

    def payload_ms(self, payload: Buffer) -> float:
        """Return the duration of octets in the send codec. Raises: PayloadError, TypeError."""
        octets = memoryview(payload)
        if octets.itemsize != 1:
            raise TypeError(f"payload has items of format '{octets.format}', octets ('B', 'b', 'c') are needed")
        return self._parts.packing.payload_ms(octets)

    def require_room(self, reply: Reply, more_ms: float) -> None:
        """Raise QueueFull if this much more audio of a reply does not fit. With `drop_oldest`, any amount fits."""
        max_ms = self._parts.settings.max_queue_ms
        if self.drops_oldest or not more_ms:
            return
        # 1. The quick check: all waiting audio together is at least what counts for one reply.
        samples = 0
        for one in self._parts.order.waiting:
            samples += one.queue.waiting_samples
        if samples * 1000 / self.sample_rate_hz + more_ms <= max_ms:
            return
        # 2. What counts for this reply.
        queued_ms = self._counted_ms(reply)
        if queued_ms + more_ms <= max_ms:
            return
        raise QueueFull(
            f"{queued_ms:.0f} ms are queued and {more_ms:.0f} ms would follow, at most {max_ms:.0f} ms are allowed"
        )

    def queued(self, reply: Reply, samples: int, from_hz: int, payload: bytes | None = None) -> None:
        """Report queued audio. If the settings say so, drop the oldest audio beyond the limit of the reply.

        A disclosure loses audio only to make room for its own.

        Args:
            reply: the reply that was fed.
            samples: the number of PCM samples that were queued.
            from_hz: their rate.
            payload: the payload that was queued instead; None: PCM was queued.
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
        """Return how much more audio of a reply fits."""
        if self.drops_oldest:
            return self._parts.settings.max_queue_ms
        return max(0.0, self._parts.settings.max_queue_ms - self._counted_ms(reply))

    def _counted_ms(self, reply: Reply) -> float:
        """Return the audio that counts against the limit of a reply.

        The reply that speaks has the whole limit; all others share a second one. With a single limit, an open reply
        without audio could never get any once the queue behind it is full.
        """
        current = self._parts.order.current
        if reply is current or current is None:
            return self._parts.ms(reply.queue.waiting_samples - reply.queue.kept_samples)
        return self.behind_ms

    @property
    def behind_ms(self) -> float:
        """Waiting audio of all replies but the one that speaks."""
        order = self._parts.order
        current = order.current
        return self._parts.ms(
            sum(one.queue.waiting_samples - one.queue.kept_samples for one in order.waiting if one is not current)
        )

    def heard_now(self, now_ms: float) -> Heard:
        """Return the far end's position."""
        return self._parts.far_end.heard(now_ms)

    def closing(self, reply: Reply) -> None:
        """Record that a reply was ended while some of its audio waits elsewhere."""
        actions = self._parts.actions
        if actions is not None:
            actions.closing(reply)

    def ended(self, reply: Reply) -> None:
        """Record that a reply is complete."""
        actions = self._parts.actions
        if actions is not None:
            actions.ended(reply)
        if reply is self._parts.order.implicit:
            self._parts.order.implicit = None
        self._parts.order.moved = True

    @property
    def max_queue_ms(self) -> float:
        """The limit of queued audio."""
        return self._parts.settings.max_queue_ms

    def require_running(self) -> None:
        """Raise StreamEnded if the stream has ended."""
        if not self.running:
            raise StreamEnded("the stream has stopped, nothing can be sent any more")

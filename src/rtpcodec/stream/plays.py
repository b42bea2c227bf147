"""The waiting plays of one call, by reply."""

from __future__ import annotations

from typing import Literal, cast

from typing_extensions import Buffer

from rtpcodec.errors import QueueFull, StreamEnded
from rtpcodec.stream._machine import PlaysState
from rtpcodec.stream.events import Audio
from rtpcodec.stream.play_queue import FileQueue, PlayQueue, WaitingPlay
from rtpcodec.stream.session import MediaSession
from rtpcodec.stream.speaking.chain import SpeechChain
from rtpcodec.stream.speaking.reply import Reply


class Plays(PlaysState):
    """Queues the audio of all replies in the session, and holds audio that does not fit. Use from one thread at a time.

    Audio outside replies belongs to the implicit reply of that time. A waiting long play keeps this reply open, so a
    reply that opens meanwhile is spoken after it.
    """

    __slots__ = ("_session", "drop_count")

    _implicit: FileQueue | None
    _queues: dict[Reply, PlayQueue]

    def __init__(self, session: MediaSession, *, may_wait: bool) -> None:
        """Make an empty object. may_wait: whether audio that does not fit waits; otherwise QueueFull is raised."""
        self._session = session
        self._may_wait = may_wait
        self._queues = {}
        """By reply with waiting audio."""
        self._implicit = FileQueue(session, may_wait=may_wait) if session.speech is None else None
        self.drop_count = 0
        """Number of drops of audio outside replies, by which a caller sees whether its audio was dropped."""
        self.refusal = None
        """The reason why no more audio may be played although the stream runs; None: it may."""

    # Playing

    def play(
        self, source: Buffer | Audio, pcm_hz: int | None = None, *, reply: Reply | None = None, note: object = None
    ) -> WaitingPlay | None:
        """Queue PCM or an Audio: see PlayQueue.play. reply: its reply; None: outside replies."""
        # 1. Accepted? 2. Mode mp3? 3. At once, if none of the reply's audio waits and it fits. 4. Otherwise wait.
        if self.refusal is not None:
            self.require_accepted()
        if self._implicit is not None:
            return self._implicit.play(source, pcm_hz)
        reply = reply or self._speech.implicit_reply
        if reply in self._queues:
            reply.require_open()
        else:
            try:
                reply.play(source, pcm_hz, note)
            except QueueFull:
                if not self._may_wait:
                    raise
            else:
                return None
        return self.play_in_turn(source, pcm_hz, reply=reply, note=note)

    def play_in_turn(
        self, source: Buffer | Audio, pcm_hz: int | None = None, *, reply: Reply | None = None, note: object = None
    ) -> WaitingPlay | None:
        """Queue audio as `play`, after QueueFull of the session or behind waiting audio of the reply."""
        reply = reply or self._speech.implicit_reply
        queue = self._queues.get(reply) or PlayQueue(self._session, reply, may_wait=True)
        return self._kept(reply, queue, queue.play(source, pcm_hz, note))

    def play_payload(self, payload: Buffer, *, reply: Reply | None = None, note: object = None) -> WaitingPlay | None:
        """Queue octets in the send codec: see PlayQueue.play_payload."""
        self.require_accepted()
        if self._implicit is not None:
            return self._implicit.play_payload(payload)
        reply = reply or self._speech.implicit_reply
        reply.require_open()
        queue = self._queues.get(reply) if self._queues else None
        if queue is None:
            queue = PlayQueue(self._session, reply, may_wait=self._may_wait)
        return self._kept(reply, queue, queue.play_payload(payload, note))

    def play_mp3(self, data: Buffer) -> WaitingPlay | None:
        """Queue an MP3 file: see FileQueue.play_mp3. Raises LocalProtocolError in mode rtp."""
        self.require_accepted()
        if self._implicit is None:
            self._session.play_mp3(data)
            return None
        return self._implicit.play_mp3(data)

    def turn(self) -> WaitingPlay | None:
        """Return a WaitingPlay that ends after all current plays, in mode mp3; None: no play waits."""
        return None if self._implicit is None else self._implicit.turn()

    def require_accepted(self) -> None:
        """Raise StreamEnded if no more audio or replies are accepted."""
        if self.refusal is not None:
            raise StreamEnded(self.refusal)

    @property
    def _speech(self) -> SpeechChain:
        return cast("SpeechChain", self._session.speech)  # a session without files speaks

    def _kept(self, reply: Reply, queue: PlayQueue, waiting: WaitingPlay | None) -> WaitingPlay | None:
        """Keep a queue while plays wait in it: until then the reply does not end."""
        if waiting is not None and reply not in self._queues:
            self._queues[reply] = queue
            reply.more_follows = True
        return waiting

    # Feeding

    @property
    def waiting_ms(self) -> float:
        """Audio that waits for space."""
        if self._implicit is not None:
            return self._implicit.waiting_ms
        return sum(queue.waiting_ms for queue in self._queues.values()) if self._queues else 0.0

    def waiting_ms_of(self, reply: Reply) -> float:
        """Return the waiting audio of one reply in ms."""
        queue = self._queues.get(reply)
        return 0.0 if queue is None else queue.waiting_ms

    @property
    def can_feed(self) -> bool:
        """Whether `feed` would queue audio or end a play."""
        if self._implicit is not None:
            return self._implicit.can_feed
        return bool(self._queues) and any(
            queue.can_feed or reply.state == "interrupted" for reply, queue in self._queues.items()
        )

    def feed(self) -> None:
        """Queue as much waiting audio as fits, in order."""
        if self._implicit is not None:
            self._implicit.feed()
            return
        if not self._queues:
            return
        self._drop_interrupted()
        for reply, queue in list(self._queues.items()):
            queue.feed()
            if not queue.waits:
                del self._queues[reply]
                reply.more_follows = False
                reply.finish()

    def interruptible_ms(self, what: Literal["all", "current"] | Reply, now_ms: float) -> float:
        """Return the waiting audio that an interruption drops, in ms."""
        if self._implicit is not None or what == "all":
            return self.waiting_ms if self._implicit is not None else self._dropped_ms()
        if isinstance(what, Reply):
            current: Reply | None = what
        else:
            current = None if self._session.speech is None else self._session.speech.current_reply(now_ms)
        queue = None if current is None else self._queues.get(current)
        return queue.waiting_ms if queue is not None and current is not None and current.interruptible else 0.0

    def _dropped_ms(self) -> float:
        return sum(queue.waiting_ms for reply, queue in self._queues.items() if reply.interruptible)

    def drop_interrupted(self) -> None:
        """Drop the waiting audio of interrupted replies. Their callers get ReplyInterrupted."""
        self.drop_count += 1
        if self._implicit is not None:
            self._implicit.drop()
            return
        self._drop_interrupted()

    def _drop_interrupted(self) -> None:
        for reply, queue in list(self._queues.items()):
            if reply.state == "interrupted":
                del self._queues[reply]
                queue.drop(reply.interrupted() if reply.explicit else None)

    def drop(self) -> None:
        """Drop all waiting audio, because the stream has ended. Callers of replies get ReplyInterrupted."""
        self.drop_count += 1
        if self._implicit is not None:
            self._implicit.drop()
        for reply, queue in self._queues.items():
            queue.drop(reply.interrupted() if reply.explicit else None)
        self._queues.clear()

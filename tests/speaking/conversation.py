"""A conversation between one of our calls and the simulator's carrier, on a clock that the test moves.

Our side is a CallMachine with its session. The carrier's side is the simulator's CarrierStream with its links, and its
play-out alone shows what was heard. Nothing waits: events happen in the order of their time.
"""

from __future__ import annotations

import heapq
import itertools
import json
from base64 import b64decode
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from rtpcodec.sim.media.chunk_faults import Faults
from rtpcodec.sim.media.stream import CarrierStream
from rtpcodec.sim.media.timing import Link, Timing
from rtpcodec.sim.media.variations import Variations
from rtpcodec.stream.events import Audio, Event
from rtpcodec.stream.machine import CallMachine
from rtpcodec.stream.plan import StreamPlan
from rtpcodec.stream.session import MediaSession
from rtpcodec.stream.speaking.chain import SpeechChain
from tests.sim.streams import open_stream

EXACT = StreamPlan(send_codec="L16", send_rate_hz=8000)
"""A lossless codec: heard audio can be compared sample by sample."""
PERIOD = 32767
"""Samples after which `pattern` repeats: 4 s at 8000 Hz."""
LONG_CHUNKS = Variations(chunk_ms=100)
"""The caller's audio only shows that the connection works: fewer messages are faster."""

_Kind = TypeVar("_Kind")
_LINK = Link()
_TIMING = Timing()


def pattern(start: int, samples: int) -> bytes:
    """Content that encodes its position: sample n has the value n % PERIOD + 1, which is never 0."""
    numbers = np.arange(start, start + samples, dtype=np.int64)
    return (numbers % PERIOD + 1).astype("<i2").tobytes()


@dataclass(slots=True)
class _Sent:
    """A text in transit to the carrier."""

    octets: int
    acknowledged_ms: float
    read_ms: float


@dataclass
class Conversation:
    """One call. Times are in ms since the WebSocket was opened."""

    plan: StreamPlan = EXACT
    up: Link = _LINK
    down: Link = _LINK
    timing: Timing = _TIMING
    hold_ms: float = 0.0
    variations: Variations = LONG_CHUNKS
    seed: str = "1"
    options: dict[str, Any] = field(default_factory=dict)
    faults: dict[str, Any] = field(default_factory=dict)
    keeps_audio: bool = True
    system_knows_backlog: bool = True
    """Whether our system reports how much is not acknowledged."""
    carrier_buffer_octets: float = float("inf")
    """How much the carrier's system acknowledges although the carrier has not read it."""
    answers_pings: bool = True
    watch: Callable[[Conversation], None] | None = None
    """Called after each turn."""

    now_ms: float = 0.0
    events: list[tuple[float, Event]] = field(default_factory=list)
    texts: list[tuple[float, str]] = field(default_factory=list)
    """The sent audio, if keeps_audio is set."""

    def __post_init__(self) -> None:
        plan = self.plan
        timing = replace(self.timing, to_app=self.down, from_app=self.up)
        self.carrier: CarrierStream = open_stream(
            _silence(),
            settings={"return_codec": plan.send_codec, "return_rate_hz": plan.send_rate_hz},
            playout_delay_ms=self.hold_ms,
            variations=self.variations,
            timing=timing,
            faults=Faults(**self.faults),
            keeps_audio=self.keeps_audio,
            seed=self.seed,
            now_ms=0.0,
        )
        self.session = MediaSession(plan, receive_pcm_hz=None, **self.options)
        self.machine = CallMachine(self.session, 0.0)
        self.playout = self.carrier._receiver.playout
        speech = self.session.speech
        assert speech is not None
        self.speech: SpeechChain = speech
        if self.system_knows_backlog:
            self.machine.backlog = self._unacknowledged_octets
        self._agenda: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = itertools.count()
        self._blocked_until_ms = 0.0
        self._inbox: deque[str | bytes] = deque()  # texts, and the payloads of pongs
        self._on_way: deque[_Sent] = deque()
        self._lost = False

    # The clock

    def at(self, at_ms: float, action: Callable[[], object]) -> None:
        """Do something at a time, also while our loop stands still."""
        entry: tuple[float, int, Callable[[], object]] = (at_ms, next(self._numbers), action)
        heapq.heappush(self._agenda, entry)

    def run(self, until_ms: float) -> None:
        """Let everything happen until then."""
        self._turn()
        while (next_ms := self._next_ms()) <= until_ms:
            self.now_ms = max(self.now_ms, next_ms)
            while self._agenda and self._agenda[0][0] <= self.now_ms:
                heapq.heappop(self._agenda)[2]()
            self._turn()
        self.now_ms = max(self.now_ms, until_ms)
        self._turn()

    def wait(self, duration_ms: float) -> None:
        """Let so much time pass."""
        self.run(self.now_ms + duration_ms)

    def block(self, duration_ms: float) -> None:
        """Let our event loop stand still from now on."""
        self._blocked_until_ms = self.now_ms + duration_ms
        self.at(self._blocked_until_ms, lambda: None)

    def lose(self) -> None:
        """Cut the connection."""
        self._lost = True
        self.machine.lost(self.now_ms)
        if self.carrier.end_reason is None:
            self.carrier.lost(self.now_ms)
        self._turn()

    @property
    def blocked(self) -> bool:
        """Whether our event loop stands still."""
        return self.now_ms < self._blocked_until_ms

    def _next_ms(self) -> float:
        moments = [self._agenda[0][0]] if self._agenda else []
        if not self.blocked and (own_ms := self.machine.next_deadline_ms) is not None:
            moments.append(own_ms)
        if not self._lost and (carrier_ms := self.carrier.next_deadline_ms) is not None:
            moments.append(carrier_ms)
        return min(moments, default=float("inf"))

    def _turn(self) -> None:
        """Let both sides do what is due."""
        if not self._lost:
            self._inbox.extend(self.carrier.outgoing(self.now_ms))
            self._inbox.extend(self.carrier.take_pongs())
        if not self.blocked:
            while self._inbox:
                self._receive(self._inbox.popleft())
            self._send()
            self.events += [(self.now_ms, event) for event in self.machine.events(self.now_ms) if _counts(event)]
        self._close()
        if self.watch is not None:
            self.watch(self)

    def _close(self) -> None:
        """Let a close frame of either side end the connection at once."""
        if self._lost:
            return
        if self.machine.hangup is not None:
            self.carrier.peer_closed(self.machine.hangup, self.now_ms)
            self.machine.hung_up()
        elif self.carrier.hangup is not None:
            self.carrier.hung_up()
        else:
            return
        self.lose()

    def _receive(self, message: str | bytes) -> None:
        if isinstance(message, str):
            self.machine.receive(message, self.now_ms)
        elif self.answers_pings:
            self.machine.ponged(message, self.now_ms)

    def _send(self) -> None:
        while texts := self.machine.outgoing(self.now_ms):
            for text in texts:
                if self.keeps_audio:
                    self.texts.append((self.now_ms, text))
                self._put(text)
            if self.machine.ping is not None and not self._lost:
                ping = self.machine.ping
                self.machine.pinged(True, self.now_ms)
                self.carrier.answer_ping(ping, self.now_ms)

    def _put(self, text: str) -> None:
        if self._lost:
            return
        queue = self.carrier._uplink._queue
        before = len(queue)
        self.carrier.receive(text, self.now_ms)
        if self.system_knows_backlog:
            read_ms = queue[-1][0] if len(queue) > before else self.now_ms
            sent_ms = self._after_outages(self.now_ms)
            arrival_ms = self._after_outages(sent_ms + self.up.delay_ms)
            self._on_way.append(_Sent(len(text), arrival_ms + self.down.delay_ms, read_ms))

    def _after_outages(self, at_ms: float) -> float:
        for from_ms, to_ms in (*self.up.outages_ms, *self.down.outages_ms):
            if from_ms <= at_ms < to_ms:
                at_ms = to_ms
        return at_ms

    def _unacknowledged_octets(self) -> int:
        now_ms, on_way = self.now_ms, self._on_way
        while on_way and on_way[0].acknowledged_ms <= now_ms and on_way[0].read_ms <= now_ms:
            on_way.popleft()
        flying = sum(sent.octets for sent in on_way if sent.acknowledged_ms > now_ms)
        unread = sum(sent.octets for sent in on_way if sent.acknowledged_ms <= now_ms < sent.read_ms)
        return flying + int(max(0, unread - self.carrier_buffer_octets))

    # Our side

    def found(self, kind: type[_Kind]) -> list[_Kind]:
        """The events of one kind."""
        return [event for _, event in self.events if isinstance(event, kind)]

    def kinds(self) -> Counter[str]:
        """How often each kind of event was reported."""
        return Counter(type(event).__name__ for _, event in self.events)

    def payloads_sent(self) -> list[tuple[float, bytes | None]]:
        """Time and payload of each message of audio, and None for each clear."""
        found: list[tuple[float, bytes | None]] = []
        for at_ms, text in self.texts:
            message = json.loads(text)
            if message["event"] == "media":
                found.append((at_ms, b64decode(message["media"]["payload"])))
            elif message["event"] == "clear":
                found.append((at_ms, None))
        return found

    # What was heard

    @property
    def far_queue_ms(self) -> float:
        """Audio at the carrier that is not played yet."""
        return self.playout.queued_ms(self.now_ms)

    def heard(self) -> npt.NDArray[np.int16]:
        """What the caller has heard by now, silence included."""
        return np.frombuffer(self.carrier.heard(self.now_ms), "<i2")

    def heard_samples(self) -> int:
        """How many samples of `pattern` the caller has heard, if they began with sample 0 and none was missing."""
        heard = self.heard()
        return int(np.count_nonzero(heard))

    def ms(self, samples: float) -> float:
        """Samples as time."""
        return samples * 1000 / self.playout.sample_rate_hz

    def samples(self, ms: float) -> int:
        """Time as samples."""
        return round(ms * self.playout.sample_rate_hz / 1000)


def _silence() -> Iterable[bytes]:
    return itertools.repeat(bytes(3200))


def _counts(event: Event) -> bool:
    return not isinstance(event, Audio)

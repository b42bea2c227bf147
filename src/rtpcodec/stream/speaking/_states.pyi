from collections import deque
from typing import Any, final

from typing_extensions import Buffer, disjoint_base

from rtpcodec.stream._audio import Audio
from rtpcodec.stream.speaking._queues import SendQueue

@final
class Rate:
    def __new__(cls, from_hz: int, resampler: Any) -> Rate: ...
    @property
    def from_hz(self) -> int: ...
    @property
    def resampler(self) -> Any: ...
    samples_in: int

@disjoint_base
class ReplyQueueState:
    packing: Any
    _queue: SendQueue
    _front: deque[Any]
    _rates: dict[int, Rate]
    _tail_samples: int
    waiting_samples: int
    taken_samples: int
    kept_samples: int

@disjoint_base
class MarksState:
    first_position: int

@final
class Span:
    def __new__(cls, start: int, content: int, samples: int) -> Span: ...
    start: int
    content: int
    samples: int
    cut: Any
    def heard_to(self, position: int) -> int: ...

@disjoint_base
class SpansState:
    first_content: int
    sent_to: int
    _spans: deque[Span]

@disjoint_base
class OrderState:
    waiting: deque[Any]
    unheard: list[Any]
    moved: bool
    implicit: Any

@disjoint_base
class AcceptorState:
    _order: Any
    _pcm_check: Any
    _looks_closer: bool
    _max_ms: float
    _frame_samples: int
    sample_rate_hz: int
    pcm_hz: int
    drops_oldest: bool
    follows_queue: bool
    running: bool
    is_native: bool

@disjoint_base
class ReplyFields:
    _stage: Any
    _input: Any
    on_end: Any
    queue: Any
    marks: Any
    spans: Any
    state: Any
    closed: bool
    more_follows: bool
    ran_empty: bool
    def play(self, pcm: Buffer | Audio, pcm_hz: int | None = None, note: object = None) -> None: ...

@disjoint_base
class RoundTripsState:
    count: int
    least_ms: float

@disjoint_base
class JitterState:
    round_trips: Any

@disjoint_base
class RunState:
    start: int
    first_sent_ms: float
    hold_ms: float
    held_back_ms: float
    settled_ms: float
    _beyond_ms: float
    base_ms: float | None
    next: Any
    _offsets_ms: tuple[float, ...] | None
    _beyond: tuple[float, ...]
    behind_clear: bool
    settling: bool

@disjoint_base
class FarEndState:
    sample_rate_hz: int
    sent_position: int
    proven_position: int
    remote_end_ms: float
    _hold_bound_ms: float
    hold_ms: float | None
    jitter: Any
    run: Any
    past_runs: list[Any]
    _after_clear: bool
    def sent(self, samples: int, now_ms: float) -> float: ...
    def _end_run(self) -> None: ...

@disjoint_base
class OwnMarksState:
    enabled: bool
    _begins: bool
    next_position: int
    _last_position: int
    _reply_position: int
    _complaints: int
    _ms_per_sample: float
    _sent_ms: deque[float]
    @property
    def due_ms(self) -> float | None: ...
    @due_ms.setter
    def due_ms(self, due_ms: float | None) -> None: ...

@final
class LastPing:
    number: int
    position: int

@disjoint_base
class SendGateState:
    backlog: Any
    actions: Any
    _limit_ms: float | None
    pongs: int
    _acknowledged: int
    _rate_hz: int
    look_ms: float
    _message_ms: float
    _ms_per_octet: float
    _unread_octets: float
    was_closed: bool
    _pinged: LastPing
    def ping_due(self, position: int) -> bool: ...

@disjoint_base
class ReleaserState:
    clear: list[str]
    level: Any
    stream_id: str | None
    expected_ms: float
    last_sent_ms: float
    media_sent: int
    octets_sent: int

@disjoint_base
class PartsState:
    reports: list[Any]
    sent_sinks: tuple[Any, ...]
    actions: Any
    paused: bool

@disjoint_base
class EchoesState:
    @property
    def next_deadline_ms(self) -> float | None: ...
    @next_deadline_ms.setter
    def next_deadline_ms(self, deadline_ms: float | None) -> None: ...

@disjoint_base
class ResolverState:
    _next_ms: float

@disjoint_base
class StopperState:
    next_ms: float

@disjoint_base
class IdleState:
    silent: bool

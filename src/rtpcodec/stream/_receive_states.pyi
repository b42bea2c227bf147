from typing import Any, Final, Self, final

from typing_extensions import disjoint_base

RECENT: Final[int]
BUCKET: Final[int]

@disjoint_base
class StallState:
    _stall_ms: float
    _limit_ms: float
    _last_chunk_ms: float
    last_received_ms: float
    longest_ms: float
    count: int
    def silence_ms(self, now_ms: float) -> float: ...
    def take_chunk(self, chunk_ms: float) -> None: ...

@disjoint_base
class ConnectionState:
    state: Any
    connected_ms: float | None
    lost_ms: float | None
    malformed: int
    _malformed_in_a_row: int
    _last_good_ms: float
    _next_sequence: int | None

@disjoint_base
class CountState:
    messages_received: int
    media_received: int
    octets_received: int
    messages_sent: int

@disjoint_base
class LevelState:
    due: float
    _total: float
    _highest: float
    _count: int
    @property
    def _recent(self) -> list[float]: ...
    def take(self, pcm: bytes, due: float) -> None: ...

@disjoint_base
class TrackPredictorState:
    _previous: str | None
    _next_track: dict[str, str]
    last_number: dict[str, int]
    def follow(self, track: str, number: int) -> None: ...

@disjoint_base
class FactsState:
    received: int

@disjoint_base
class OrderState:
    facts: Any
    _track_predictor: Any
    _shared: Any
    tracks: dict[str, Any]
    _ignored: frozenset[str]
    _counter: Any
    per_track: bool
    deadline_ms: float

@disjoint_base
class TimelineState:
    least_ms: float
    received_ms: float
    _before_ms: float
    _left: int
    def note(self, end_ms: float, received_ms: float) -> None: ...

@disjoint_base
class ClockState:
    _timeline: Any
    change: Any
    _last_timestamp: int | None
    _last_timestamp_at_ms: float
    _last_received_ms: float
    _transit_ms: float
    _units_per_ms: float
    jitter_ms: float
    media_ms: float
    next_timestamp: float
    is_ignored: bool
    def advance(self, timestamp: int | None, received_ms: float, duration_ms: float) -> None: ...

@final
class Ticks:
    def __new__(
        cls,
        clock_hz: int,
        unit_octets: int = 0,
        unit_samples: int = 0,
        ticks_hz: int = 0,
        samples_hz: int = 0,
    ) -> Self: ...
    @property
    def clock_hz(self) -> int: ...

@disjoint_base
class TrackState:
    name: str
    clock: Any
    payloads: Any
    resampler: Any
    _made: Any
    doubtful_chunks: int
    lost_chunks: int
    last_ms: float
    rate_hz: int
    watched: bool
    decodes: bool
    adapts: bool
    _ticks: Ticks

@disjoint_base
class FilesState:
    alert: bool

@disjoint_base
class KeysState:
    deadline_ms: float

@disjoint_base
class ChainState:
    _order: Any
    _timeline: Any
    _default: Any
    _level: Any
    files: Any
    _tracks: dict[str, Any]
    _default_track: str

@disjoint_base
class IncomingState:
    chain: Any
    _connection: Any
    _counts: Any
    stalling: Any
    _keys: Any
    changed: bool
    @property
    def deadline_ms(self) -> float: ...

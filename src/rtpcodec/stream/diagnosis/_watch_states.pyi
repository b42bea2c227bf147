from typing import Any, Final

from typing_extensions import disjoint_base

from rtpcodec.stream.diagnosis._readings import Readings

PERIOD_MS: Final[float]
EVEN_OCTETS: Final[int]
SILENT_TIMES: Final[int]
MP4_BRAND: Final[bytes]

@disjoint_base
class ArrivalState:
    has_begun: bool
    _begin_ms: float
    _audio_ms: float
    _until_ms: float
    _maximum_ms: float
    _dated_ms: float
    _dated_audio_ms: float
    _timestamp: int
    def take(self, duration_ms: float, now_ms: float, timestamp: int | None = None) -> float: ...

@disjoint_base
class VerdictsState:
    _readings: Readings
    _arrival: Any
    _adaptive: Any
    _reported: bool
    _accepts_any: bool
    _is_samples: bool
    _reads_declared: bool
    _segments: int
    _sound: int

@disjoint_base
class WatchState:
    _tracks: dict[str, Any]
    _bands: dict[str, Any]
    _pending: Any
    _planned_tracks: frozenset[str]
    _limit_ms: float
    _sound_ms: float
    _whole_ms: float
    _is_file: bool
    over: bool

@disjoint_base
class SinkList:
    _sinks: tuple[Any, ...]

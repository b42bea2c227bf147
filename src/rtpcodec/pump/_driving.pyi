from collections.abc import Callable
from typing import Any

from typing_extensions import Buffer, disjoint_base

from rtpcodec.stream._audio import Audio

@disjoint_base
class TimerState:
    _at_ms: float

@disjoint_base
class BudgetState:
    frames: float
    octets: float

@disjoint_base
class AudioSink:
    take_audio: Callable[[Audio], object]

@disjoint_base
class DriverFastPath:
    machine: Any
    _send: Callable[[Any], object]
    _sink: Any
    _after_run: Callable[[float], object] | None
    _timer: Any
    def __init__(self, machine: Any, send: Callable[[Any], object], sink: Any = None) -> None: ...
    @property
    def _running(self) -> bool: ...
    def now_ms(self) -> float: ...
    def run(self) -> None: ...

@disjoint_base
class PumpFastPath(DriverFastPath):
    _budget: Any
    _socket: Any
    _watch: Any
    _lost: bool
    def watch(self, watch: Any) -> None: ...
    def received(self, text: str | Buffer) -> None: ...

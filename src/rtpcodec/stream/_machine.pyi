from typing import Any

from typing_extensions import Buffer, disjoint_base

from rtpcodec.stream.events import Event

@disjoint_base
class PlaysState:
    _implicit: Any
    _queues: dict[Any, Any]
    refusal: str | None
    _may_wait: bool

@disjoint_base
class MachineFastPath:
    session: Any
    plays: Any
    hangup: int | None
    ping: bytes | None
    cut: bool
    paused: bool
    _speech: Any
    _last_frame_ms: float
    _watch_ms: float
    _cut_ms: float
    _event_ms: float
    def receive(self, text: str | Buffer, now_ms: float) -> None: ...
    def events(self, now_ms: float) -> list[Event]: ...
    def outgoing(self, now_ms: float) -> list[str]: ...
    @property
    def next_deadline_ms(self) -> float | None: ...

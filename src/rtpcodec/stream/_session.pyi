from typing import Any

from typing_extensions import Buffer, disjoint_base

from rtpcodec.stream._event_queue import EventQueue
from rtpcodec.stream._receive_path import ReceivePath
from rtpcodec.stream._receive_states import ConnectionState, CountState
from rtpcodec.stream.events import Audio, Event
from rtpcodec.stream.speaking._send_path import SendPath

@disjoint_base
class SessionFastPath:
    _events: EventQueue
    _connection: ConnectionState
    _counts: CountState
    _incoming: Any
    _receive_path: ReceivePath | None
    _sending: Any
    _speech: Any
    _send_path: SendPath | None
    _inputs: Any
    _sinks: Any
    sending_has_events: bool
    def receive(self, text: str | Buffer, now_ms: float) -> None: ...
    def events(self, now_ms: float) -> list[Event]: ...
    def play(self, pcm: Buffer | Audio, pcm_hz: int | None = None, note: object = None) -> None: ...
    def outgoing(self, now_ms: float) -> list[str]: ...
    def outgoing_part(self, now_ms: float) -> list[str]: ...
    @property
    def account(self) -> Any: ...
    @property
    def next_deadline_ms(self) -> float | None: ...

from typing import Self, final

@final
class Audio:
    @property
    def track(self) -> str: ...
    @property
    def payload(self) -> bytes: ...
    @property
    def pcm(self) -> bytes: ...
    @property
    def sample_rate_hz(self) -> int: ...
    @property
    def media_ms(self) -> float: ...
    @property
    def duration_ms(self) -> float: ...
    @property
    def chunk(self) -> int | None: ...
    @property
    def timestamp(self) -> int | None: ...
    @property
    def concealed(self) -> bool: ...
    def __new__(
        cls,
        track: str,
        payload: bytes,
        pcm: bytes,
        sample_rate_hz: int,
        media_ms: float,
        duration_ms: float,
        chunk: int | None = None,
        timestamp: int | None = None,
        concealed: bool = False,
    ) -> Self: ...

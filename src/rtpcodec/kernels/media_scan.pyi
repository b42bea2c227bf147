from typing import Literal, NoReturn, final

from typing_extensions import Buffer

Coding = Literal["pcmu", "pcma", "l16_little", "l16_big"]

@final
class MediaScanner:
    def __new__(
        cls,
        *,
        event: str,
        sequence_number: str,
        stream_id: str,
        media: str,
        track: str,
        chunk: str,
        timestamp: str,
        payload: str,
        track_names: tuple[str, ...],
        long_track_names: dict[str, str],
        max_octets: int,
    ) -> MediaScanner: ...
    @property
    def track_names(self) -> tuple[str, ...]: ...
    @property
    def max_octets(self) -> int: ...
    def __reduce__(self) -> NoReturn: ...

@final
class MediaReader:
    def __new__(cls, scanner: MediaScanner, coding: str | None = None) -> MediaReader: ...
    @property
    def scanner(self) -> MediaScanner: ...
    @property
    def coding(self) -> str | None: ...
    def read(self, text: str | Buffer, /) -> tuple[str | None, int | None, int | None, int | None, bytes] | None: ...
    def __reduce__(self) -> NoReturn: ...

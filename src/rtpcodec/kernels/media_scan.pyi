from typing import final

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

def scanner_of(
    members: list[str], track_names: tuple[str, ...], long_track_names: dict[str, str], max_octets: int
) -> MediaScanner: ...

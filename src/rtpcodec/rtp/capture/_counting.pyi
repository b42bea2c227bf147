from typing import Final, Self, final

CLOCKS_HZ: Final[tuple[int, ...]]

@final
class StreamCounter:
    def __new__(cls, payload_type: int, *, is_watched: bool = False, other_clock_hz: int = 90000) -> Self: ...
    packets: int
    payload_type: int
    is_watched: bool
    is_event: bool
    duplicates: int
    late: int
    strays: int
    restarts: int
    first_ns: int
    last_ns: int
    first_sequence_number: int
    first_timestamp: int
    last_sequence_number: int
    last_timestamp: int
    payload_octets: int
    min_payload_octets: int
    max_payload_octets: int
    step_ticks: int
    other_clock_hz: int
    @property
    def expected(self) -> int: ...
    @property
    def lost(self) -> int: ...
    @property
    def loss_bursts(self) -> int: ...
    def count(self, datagram: bytes, time_ns: int, /) -> bool: ...
    def take_payload_type_packets(self) -> int: ...
    def jitter_ms(self, clock_hz: int, /) -> tuple[float, float, float] | None: ...
    def max_delay_ms(self, clock_hz: int | None, /) -> float | None: ...
    def least_transit(self, clock_hz: int | None, /) -> tuple[int, int]: ...

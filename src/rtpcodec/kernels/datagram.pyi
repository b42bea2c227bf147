from typing import Final, Generic, TypeVar, final

_Datagram = TypeVar("_Datagram", bound=tuple[object, ...])

MAX_PACKET: Final[int]
SCAN_MORE: Final[int]
SCAN_OTHER: Final[int]
SCAN_LONG: Final[int]
SCAN_LENGTH: Final[int]
SCAN_TRAILER: Final[int]
SCAN_INTERFACE: Final[int]
SCAN_CAPTURED: Final[int]

@final
class DatagramScanner(Generic[_Datagram]):
    big_endian: Final[bool]
    def __new__(
        cls, datagram_type: type[_Datagram], address_type: type[tuple[object, ...]]
    ) -> DatagramScanner[_Datagram]: ...
    @property
    def counts(self) -> tuple[int, int, int, int, int, int, int, int]: ...
    def begin(self, big_endian: bool) -> None: ...
    def add_interface(self, link_type: int, units: int, offset_ns: int = 0) -> None: ...
    def count_other(self) -> None: ...
    def packet(
        self, octets: bytes, at: int, captured: int, original: int, interface: int, ticks: int | None
    ) -> _Datagram | None: ...
    def scan_records(
        self, octets: bytes, at: int, extra_octets: int, exchanged: bool
    ) -> tuple[list[_Datagram], int, int]: ...
    def scan_blocks(self, octets: bytes, at: int) -> tuple[list[_Datagram], int, int]: ...

"""Reads the datagrams of packet captures, in bounded memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from gzip import GzipFile
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self, cast

from rtpcodec.kernels.datagram import DatagramScanner
from rtpcodec.pickling import Live
from rtpcodec.rtp.capture.datagrams import Datagram, SocketAddress
from rtpcodec.rtp.capture.frames import LINK_TYPES, CaptureCounts
from rtpcodec.rtp.capture.octet_window import OctetWindow
from rtpcodec.rtp.capture.pcap import PcapRecords, byte_order
from rtpcodec.rtp.capture.pcapng import SECTION, PcapngBlocks

GZIP: Final = b"\x1f\x8b"
OTHER_FILES: Final = {
    b"\x28\xb5\x2f\xfd": "compressed by zstd",
    b"\x04\x22\x4d\x18": "compressed by lz4",
    b"\xfd7zX": "compressed by xz",
    b"BZh9": "compressed by bzip2",
    b"PK\x03\x04": "a zip archive",
    b"snoo": "a capture of snoop",
}
"""Files that are mistaken for captures, by their first four octets; they can be converted to one."""


class _Rejoined:
    """A file whose first octets were already read."""

    __slots__ = ("_file", "_first")

    def __init__(self, first: bytes, file: BinaryIO) -> None:
        self._first = first
        self._file = file

    def read(self, octets: int) -> bytes:
        first, self._first = self._first[:octets], self._first[octets:]
        return first or self._file.read(octets)


def open_packets(source: str | PathLike[str] | BinaryIO) -> PacketReader:
    """Open a packet capture: pcap or pcapng, also compressed with gzip.

    Args:
        source: path of the file, or a binary file such as a pipe, which stays open.

    Returns:
        An iterator over Datagram, which is also a context manager.

    Raises:
        PacketFileError: the file is not a packet capture.
        OSError: the file cannot be read.
    """
    return PacketReader(source)


class PacketReader(Live):
    """Iterator over the UDP datagrams of a packet capture, and context manager. Use from one thread at a time.

    Memory does not grow with the file. An incomplete last packet is noted and counted. At an octet that breaks a rule,
    PacketFileError is raised after everything before it has been yielded.
    """

    __slots__ = ("_capture", "_datagrams", "_file", "_notes", "_owned", "_scanner", "_window", "name")

    def __init__(self, source: str | PathLike[str] | BinaryIO) -> None:
        """Open a file and read its header: see `open_packets`."""
        self._owned = isinstance(source, str | PathLike)
        self._file: BinaryIO
        if isinstance(source, str | PathLike):
            self.name = Path(source).name
            self._file = cast("BinaryIO", Path(source).open("rb", buffering=0))  # noqa: SIM115 -- this class is the context
        else:
            self.name = "the file"
            self._file = source
        self._notes: list[str] = []
        self._scanner = DatagramScanner(Datagram, SocketAddress)
        try:
            self._window = OctetWindow(self._file, self.name)
            self._capture = self._begun()
        except BaseException:
            self.close()
            raise
        self._datagrams = self._read()

    def _begun(self) -> PcapRecords | PcapngBlocks:
        window = self._window
        window.fill(4)
        if window.octets.startswith(GZIP):
            unzipped = GzipFile(fileobj=cast("BinaryIO", _Rejoined(window.octets, self._file)), mode="rb")
            window = self._window = OctetWindow(cast("BinaryIO", unzipped), self.name)
            window.fill(4)
        magic = window.octets[:4]
        if byte_order(magic) is not None:
            return PcapRecords(window, self._scanner)
        if magic == SECTION.to_bytes(4, "big"):
            return PcapngBlocks(window, self._scanner)
        known = OTHER_FILES.get(magic, "neither pcap nor pcapng by its first four octets")
        raise window.fault(f"the file is not a supported packet capture: it is {known}")

    @property
    def counts(self) -> CaptureCounts:
        """The counts so far, which may be one piece of the file ahead of the datagrams yielded."""
        packets, datagrams, tcp, fragments, cut, malformed, other, unknown_link = self._scanner.counts
        return CaptureCounts(
            packets=packets,
            datagrams=datagrams,
            tcp=tcp,
            fragments=fragments,
            cut=cut,
            malformed=malformed,
            other=other,
            unknown_link=unknown_link,
            untimed=self._capture.untimed,
            lost_by_capture=self._capture.lost_by_capture,
            incomplete_octets=self._capture.incomplete_octets,
        )

    @property
    def share_read(self) -> float:
        """How much of the file has been read, 0 to 1; 0 of a file that was passed in open, or is a pipe."""
        octets = os.fstat(self._file.fileno()).st_size if self._owned and self._file.seekable() else 0
        return min(self._file.tell() / octets, 1.0) if octets else 0.0

    @property
    def kind(self) -> str:
        """`pcap` or `pcapng`."""
        return self._capture.kind

    @property
    def link_layers(self) -> tuple[str, ...]:
        """The names of the link layers so far; an unsupported one has its number."""
        return tuple(LINK_TYPES.get(one, f"link type {one}") for one in self._capture.link_types)

    @property
    def notes(self) -> tuple[str, ...]:
        """Unusual facts about the file so far, one sentence each."""
        return tuple(self._notes)

    def _read(self) -> Iterator[Datagram]:
        for batch in self._capture.batches():
            yield from batch
        if octets := self._capture.incomplete_octets:
            number = self.counts.packets + 1
            self._notes.append(f"the file ends inside packet {number}: {octets} octets of it are there")
        if self._window.broken_off:
            self._notes.append("the compressed data are truncated")

    def __iter__(self) -> Iterator[Datagram]:
        """Return the iterator over the remaining datagrams."""
        return self._datagrams

    def __next__(self) -> Datagram:
        """Return the next datagram."""
        return next(self._datagrams)

    def close(self) -> None:
        """Close the file, unless it was passed in open. Further calls do nothing."""
        if self._owned:
            self._file.close()

    def __enter__(self) -> Self:
        """Return the reader."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the reader."""
        self.close()

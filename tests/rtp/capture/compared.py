"""Compares the reader with the oracle: the same datagrams, counts and end for any octets."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import asdict

from rtpcodec.errors import PacketFileError
from rtpcodec.rtp.capture.datagrams import Datagram
from rtpcodec.rtp.capture.reading import open_packets
from tests.oracles.captures import Broken, Cut, Udp, look, packets_of


class SlowPipe(io.BytesIO):
    """A pipe that returns a few octets at a time."""

    octets = 7

    def read1(self, size: int | None = -1, /) -> bytes:
        return super().read(self.octets)


def by_oracle(octets: bytes) -> tuple[list[Datagram], Counter[str], str]:
    found: list[Datagram] = []
    counts: Counter[str] = Counter()
    end = "end"
    try:
        for packet in packets_of(octets):
            counts["packets"] += 1
            what = look(packet)
            if isinstance(what, Udp):
                counts["datagrams"] += 1
                found.append(Datagram(packet.time_ns, *what, counts["packets"]))  # type: ignore[arg-type]
            else:
                counts[what] += 1
    except Broken:
        end = "broken"
    except Cut:
        end = "cut"
    return found, counts, end


def by_reader(file: io.BytesIO) -> tuple[list[Datagram], Counter[str], str]:
    found: list[Datagram] = []
    counts: Counter[str] = Counter()
    try:
        packets = open_packets(file)
    except PacketFileError:
        return found, counts, "broken"
    try:
        found.extend(packets)
        end = "cut" if packets.counts.incomplete_octets else "end"
    except PacketFileError:
        end = "broken"
    counts = Counter(asdict(packets.counts))
    for aside in ("incomplete_octets", "untimed", "lost_by_capture"):
        del counts[aside]
    return found, +counts, end


def compare(octets: bytes, *, trickle: bool = False) -> tuple[list[Datagram], Counter[str], str]:
    """Assert that both find the same, and return it."""
    expected = by_oracle(octets)
    found = by_reader(SlowPipe(octets) if trickle else io.BytesIO(octets))
    assert found == expected
    assert sum(found[1].values()) == 2 * found[1]["packets"]
    return found

"""Figures of captured streams against those of tshark: packets, loss and jitter."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from rtpcodec.rtp.capture.datagrams import Datagram
from rtpcodec.rtp.capture.discovery import find_streams
from rtpcodec.rtp.capture.packet_writer import write_packets
from rtpcodec.rtp.sequence import sequence_distance
from tests.rtp.capture.test_counting import disturbed
from tests.rtp.capture.test_digits import call_with_digits
from tests.rtp.capture.wire import ALICE, BOB, in_order, stream

SIPP_CAPTURES = sorted(Path("/usr/share/sip-tester").glob("*.pcap"))
"""Debian's sip-tester brings them: speech, and each key as telephone events."""
KEYS = {"pound": "#", "star": "*"}
ROW = re.compile(r"0x([0-9A-F]{8}) .*?\s(\d+)\s+(-?\d+) \([-.\d]+%\)(?:\s+[.\d]+){4}\s+([.\d]+)\s+([.\d]+)")
"""SSRC, names of codecs, packets, lost with its share, three deltas, least, mean and highest jitter."""
ROUNDED_MS = 0.0006
"""tshark prints three digits."""


class Figures(NamedTuple):
    """One line of tshark."""

    ssrc: int
    packets: int
    lost: int
    mean_jitter_ms: float
    max_jitter_ms: float


def figures_of_tshark(path: Path) -> list[Figures]:
    """Return the rows of `rtp,streams`."""
    command = ["tshark", "-q", "-z", "rtp,streams", "-o", "rtp.heuristic_rtp:TRUE", "-r", str(path)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    rows = [ROW.search(line) for line in printed.splitlines()]
    return sorted(
        Figures(int(row[1], 16), int(row[2]), int(row[3]), float(row[4]), float(row[5]))
        for row in rows
        if row is not None
    )


def figures_of_ours(path: Path) -> list[Figures]:
    """Return the same figures of our report. tshark subtracts duplicates from the loss."""
    return sorted(
        Figures(one.ssrc, one.packets, one.lost - one.duplicates, one.mean_jitter_ms or 0.0, one.max_jitter_ms or 0.0)
        for one in find_streams(path).streams
    )


def require_equal(path: Path, streams: int) -> None:
    theirs, ours = figures_of_tshark(path), figures_of_ours(path)
    assert [one[:3] for one in ours] == [one[:3] for one in theirs]
    assert len(ours) == streams
    for mine, other in zip(ours, theirs, strict=True):
        assert mine.mean_jitter_ms == pytest.approx(other.mean_jitter_ms, abs=ROUNDED_MS)
        assert mine.max_jitter_ms == pytest.approx(other.max_jitter_ms, abs=ROUNDED_MS)


def number_of(one: Datagram) -> int:
    return int.from_bytes(one.payload[2:4], "big")


def from_first_to_highest(ssrc: int, packets: list[Datagram]) -> list[Datagram]:
    """Return the loss by tshark, which counts from the first packet that arrived to the last one."""
    ahead = [sequence_distance(number_of(packets[0]), number_of(one)) for one in packets]
    return [
        one._replace(
            destination=BOB._replace(port=6000 + 2 * ssrc),
            payload=one.payload[:8] + ssrc.to_bytes(4, "big") + one.payload[12:],
        )
        for one, place in zip(packets[: ahead.index(max(ahead)) + 1], ahead, strict=False)
        if place >= 0
    ]


def test_streams_with_loss_duplicates_disorder_and_jitter(tmp_path: Path) -> None:
    captures = [from_first_to_highest(seed, in_order(disturbed(seed))) for seed in range(10)]
    write_packets(tmp_path / "disturbed.pcap", in_order(*captures))
    require_equal(tmp_path / "disturbed.pcap", 10)


@pytest.mark.parametrize("payload_type", [0, 8, 9])
def test_both_directions(tmp_path: Path, payload_type: int) -> None:
    there = stream(300, ssrc=1, payload_type=payload_type, jitter_ms=12)
    write_packets(
        tmp_path / "call.pcap", in_order(there, stream(300, BOB, ALICE, ssrc=2, payload_type=8, jitter_ms=4, seed=9))
    )
    require_equal(tmp_path / "call.pcap", 2)


def test_speech_of_sipp() -> None:
    (path,) = [one for one in SIPP_CAPTURES if one.stem == "g711a"]
    require_equal(path, 1)


@pytest.mark.parametrize(
    "path", [one for one in SIPP_CAPTURES if one.stem.startswith("dtmf")], ids=lambda path: path.stem
)
def test_keys_of_sipp(path: Path) -> None:
    (found,) = find_streams(path).streams
    name = path.stem.rpartition("_")[2]
    assert found.digits == KEYS.get(name, name)


def test_keys_beside_speech_are_a_stream_of_tshark_too(tmp_path: Path) -> None:
    write_packets(tmp_path / "keys.pcap", call_with_digits("0123456789*#"))
    (theirs,) = figures_of_tshark(tmp_path / "keys.pcap")
    (ours,) = figures_of_ours(tmp_path / "keys.pcap")
    assert ours[:3] == theirs[:3]

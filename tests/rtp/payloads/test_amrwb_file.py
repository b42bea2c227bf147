"""Storage files: unchanged frames, whole frames of truncated files, and files of another kind."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpcodec.errors import PayloadError
from rtpcodec.rtp.payloads.amrwb_file import MAGIC, amrwb_octets, read_amrwb, write_amrwb
from tests.oracles import amrwb as oracle
from tests.rtp.payloads.test_amrwb_packing import frames_strategy
from tests.vectors import SHIPPED

SID = bytes.fromhex("4c1234567890")


@pytest.mark.parametrize("name", ["mode0", "mode2", "mode2_dtx", "mode8", "mode_switching"])
def test_recordings_are_written_octet_for_octet(name: str, vectors: Path, tmp_path: Path) -> None:
    path = vectors / "amrwb" / f"{name}.awb"
    frames = list(read_amrwb(path))
    assert len(frames) == 150
    write_amrwb(tmp_path / "copy.awb", frames)
    assert (tmp_path / "copy.awb").read_bytes() == path.read_bytes()


def test_the_shipped_recording_holds_every_mode() -> None:
    frames = list(read_amrwb(str(SHIPPED / "amrwb" / "mode_switching.awb")))
    assert {frame[0] >> 3 for frame in frames} >= set(range(9))


@given(frames_strategy())
def test_octets_are_the_magic_and_the_oracles_frames(frames: list[oracle.Frame]) -> None:
    stored = [oracle.stored(frame) for frame in frames]
    octets = amrwb_octets(stored)
    assert octets == b"#!AMR-WB\n" + b"".join(stored)
    assert list(read_amrwb(octets)) == stored


@given(frames_strategy(), st.data())
def test_the_whole_frames_of_a_truncated_file_are_returned(frames: list[oracle.Frame], data: st.DataObject) -> None:
    stored = [oracle.stored(frame) for frame in frames]
    octets = amrwb_octets(stored)
    cut = data.draw(st.integers(len(MAGIC), len(octets)))
    borders = [len(MAGIC) + sum(map(len, stored[:count])) for count in range(len(stored) + 1)]
    whole = sum(border <= cut for border in borders) - 1
    reader = read_amrwb(octets[:cut])
    assert [next(reader) for _ in range(whole)] == stored[:whole]
    if cut == borders[whole]:
        assert list(reader) == []
        return
    with pytest.raises(PayloadError) as caught:
        next(reader)
    assert str(caught.value) == (
        f"AMR-WB file ends inside the frame at octet {borders[whole]}: "
        f"{cut - borders[whole]} of {len(stored[whole])} octets are there"
    )


def test_frames_not_received_are_no_data() -> None:
    assert amrwb_octets([SID, None, SID]) == MAGIC + SID + b"\x7c" + SID
    assert list(read_amrwb(amrwb_octets([None]))) == [b"\x7c"]
    assert list(read_amrwb(MAGIC)) == []


@pytest.mark.parametrize(
    ("octets", "message"),
    [
        (b"", "AMR-WB file of 0 octets does not begin with #!AMR-WB and a line feed"),
        (b"RIFF1234WAVE", "AMR-WB file of 12 octets does not begin with #!AMR-WB and a line feed"),
        (b"#!AMR-WB\r\n", "AMR-WB file of 10 octets does not begin with #!AMR-WB and a line feed"),
        (b"#!AMR\n\x3c", "AMR-WB file begins with #!AMR, which is the narrow-band codec"),
        (
            b"#!AMR-WB_MC1.0\n\0\0\0\2" + 2 * SID,
            "AMR-WB file has several channels (#!AMR-WB_MC1.0), only one is read",
        ),
    ],
)
def test_other_files_are_refused_before_the_first_frame(octets: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.awb").write_bytes(octets)
    for source in (octets, tmp_path / "a.awb"):
        with pytest.raises(PayloadError) as caught:
            read_amrwb(source)
        assert str(caught.value) == message


@pytest.mark.parametrize("header", [0x54, 0x6C, 0x80, 0x4D, 0x4E])
def test_an_octet_that_begins_no_frame_is_reported_with_its_place(header: int) -> None:
    reader = read_amrwb(MAGIC + SID + bytes([header, 0, 0]))
    assert next(reader) == SID
    with pytest.raises(PayloadError, match=f"^AMR-WB file: octet 15 is 0x{header:02X}, which does not begin a frame$"):
        next(reader)


def test_invalid_frames_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(PayloadError, match=r"^AMR-WB frame of type 9 has 5 octets, 6 are needed$"):
        write_amrwb(tmp_path / "a.awb", [SID, SID[:-1]])
    assert not list(tmp_path.iterdir())

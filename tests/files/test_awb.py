"""AMR-WB storage files, read and written in pieces; odd ones are read or refused with their rule."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import pytest

from rtpcodec.codecs import CodecInfo
from rtpcodec.errors import AudioFileError
from rtpcodec.files.facts import AudioFacts
from rtpcodec.files.formats.awb import open_source
from rtpcodec.files.formats.awb_target import open_target
from rtpcodec.files.source import MAX_PIECE_FRAMES
from rtpcodec.rtp.payloads.amrwb_file import MAGIC, MANY_CHANNELS_MAGIC, read_amrwb
from tests import ffmpeg
from tests.files.ogg_files import Pipe, pcm_of, peak_of
from tests.vectors import SHIPPED

pytestmark = pytest.mark.usefixtures("amrwb")

NO_DATA = b"\x7c"
SPEECH_LOST = b"\x74"
SID = bytes.fromhex("4c1234567890")


def written(pcm: bytes, **options: Any) -> bytes:
    file = io.BytesIO()
    target = open_target(file, 16_000, 1, **options)
    for begin in range(0, len(pcm), 998):
        target.write(pcm[begin : begin + 998])
    target.finish()
    target.finish()
    return file.getvalue()


def read(octets: bytes, most: int = 100) -> tuple[bytes, AudioFacts]:
    source = open_source(cast("BinaryIO", Pipe(octets, most)), "a.awb")
    pieces = list(source.pieces())
    assert max(map(len, pieces), default=0) <= 2 * MAX_PIECE_FRAMES
    source.close()
    return b"".join(pieces), source.facts


def frames(count: int = 20) -> list[bytes]:
    return list(read_amrwb(SHIPPED / "amrwb" / "mode_switching.awb"))[:count]


def decoded(amrwb: CodecInfo, stored: list[bytes]) -> bytes:
    decoder = amrwb.decoder()
    return b"".join(map(decoder.decode, stored))


@pytest.mark.parametrize("name", ["mode0", "mode2", "mode2_dtx", "mode8", "mode_switching"])
def test_recordings_are_decoded_as_the_reference_decodes_them(name: str, vectors: Path) -> None:
    pcm, facts = read((vectors / "amrwb" / f"{name}.awb").read_bytes())
    assert pcm == (vectors / "amrwb" / f"{name}.opencore.s16le").read_bytes()
    assert facts == AudioFacts(container="awb", codec="AMR-WB", sample_rate_hz=16_000, channels=1, samples=48_000)


def test_files_are_those_of_ffmpeg() -> None:
    pcm = pcm_of(16_000, 16_000)
    theirs = ffmpeg.to_file(pcm, ffmpeg.pcm_input(16_000), ["-c:a", "libvo_amrwbenc", "-b:a", "12650"], ".amr")
    assert written(pcm) == theirs
    heard, facts = read(theirs)
    assert facts.samples == 16_000
    witness = np.frombuffer(ffmpeg.decode(theirs, ["-c:a", "amrwb"]), np.int16).astype(float)
    difference = np.frombuffer(heard, np.int16) - witness
    # Another decoder, in floats, which agrees to 25 dB.
    assert len(witness) == 16_000
    assert np.mean(difference**2) < np.mean(witness**2) / 300


@pytest.mark.parametrize("options", [{}, {"mode": 8}, {"dtx": True}])
def test_the_last_frame_is_filled_with_silence(options: dict[str, Any]) -> None:
    octets = written(pcm_of(1000, 16_000), **options)
    assert len(list(read_amrwb(octets))) == 4
    assert read(octets)[1].samples == 4 * 320
    assert written(b"", **options) == MAGIC


@pytest.mark.parametrize(
    ("rate_hz", "channels", "options", "message"),
    [
        (8000, 1, {}, "sample_rate_hz is 8000, AMR-WB has 16000"),
        (16_000, 2, {}, "channels is 2, an .awb file of 1 is written"),
        (16_000, 1, {"mode": 9}, "mode is 9, 0 to 8 are allowed"),
    ],
)
def test_impossible_formats_are_refused(rate_hz: int, channels: int, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=" ") as caught:
        open_target(io.BytesIO(), rate_hz, channels, **options)
    assert str(caught.value) == message


def test_an_odd_number_of_octets_and_pcm_after_the_end_are_refused() -> None:
    target = open_target(io.BytesIO(), 16_000, 1)
    with pytest.raises(ValueError, match=r"^pcm has 3 octets, 16-bit samples need an even number$"):
        target.write(bytes(3))
    target.finish()
    with pytest.raises(ValueError, match=r"^the file is finished$"):
        target.write(bytes(2))


@pytest.mark.parametrize("odd", [NO_DATA, SPEECH_LOST, SID])
def test_frames_without_speech_are_filled_by_the_decoder(odd: bytes, amrwb: CodecInfo) -> None:
    stored = [*frames(5), odd, odd, *frames(5)]
    pcm, facts = read(MAGIC + b"".join(stored))
    assert pcm == decoded(amrwb, stored)
    assert facts.notes == ()


def test_damaged_frames_are_concealed_and_noted(amrwb: CodecInfo) -> None:
    stored = frames(8)
    stored[3] = bytes([stored[3][0] & ~4]) + stored[3][1:]
    stored[5] = bytes([stored[5][0] & ~4]) + stored[5][1:]
    place = len(MAGIC) + sum(map(len, stored[:3]))
    pcm, facts = read(MAGIC + b"".join(stored))
    assert facts.notes == (f"a damaged frame is concealed, 40 ms in all, 2 times, first at octet {place}",)
    stored[3] = stored[5] = NO_DATA
    assert pcm == decoded(amrwb, stored)


def test_an_incomplete_last_frame_is_dropped_and_noted(amrwb: CodecInfo) -> None:
    stored = frames(4)
    octets = MAGIC + b"".join(stored)
    pcm, facts = read(octets[:-1])
    place = len(octets) - len(stored[3])
    assert pcm == decoded(amrwb, stored[:3])
    assert facts.samples == 3 * 320
    assert facts.notes == (f"the file ends inside a frame, which is left out, at octet {place}",)


@pytest.mark.parametrize("header", [0x54, 0x6C, 0x80, 0x4D, 0x4E])
def test_octets_that_begin_no_frame_are_refused_after_the_frames_before(header: int, amrwb: CodecInfo) -> None:
    stored = frames(3)
    octets = MAGIC + b"".join(stored)
    source = open_source(cast("BinaryIO", Pipe(octets + bytes([header]) + bytes(100))), "a.awb")
    given: list[bytes] = []
    with pytest.raises(AudioFileError) as caught:
        given.extend(source.pieces())
    assert b"".join(given) == decoded(amrwb, stored)
    assert str(caught.value) == (
        f"a.awb, octet {len(octets)}: 0x{header:02X} does not begin an AMR-WB frame (RFC 4867 section 5.3)"
    )


@pytest.mark.parametrize(
    ("octets", "rule"),
    [
        (b"", "AMR-WB file does not begin with #!AMR-WB and a line feed"),
        (b"#!AMR-WB", "AMR-WB file does not begin with #!AMR-WB and a line feed"),
        (b"#!AMR-WB\r\n" + SID, "AMR-WB file does not begin with #!AMR-WB and a line feed"),
        (b"#!AMR\n\x3c" + bytes(31), "AMR-WB file begins with #!AMR, which is the narrow-band codec"),
        (
            MANY_CHANNELS_MAGIC + b"\0\0\0\2" + 2 * SID,
            "AMR-WB file has several channels (#!AMR-WB_MC1.0), only one is read",
        ),
    ],
)
def test_other_files_are_refused(octets: bytes, rule: str) -> None:
    with pytest.raises(AudioFileError) as caught:
        open_source(cast("BinaryIO", Pipe(octets, 3)), "a.awb")
    assert (caught.value.name, caught.value.offset_octets, caught.value.rule) == ("a.awb", 0, rule)


def test_a_file_of_the_magic_alone_has_no_samples() -> None:
    assert read(MAGIC)[0] == b""
    assert read(MAGIC)[1].samples == 0


def test_memory_does_not_grow_with_the_file() -> None:
    class Long:
        """Yield frames without data."""

        def __init__(self, count: int) -> None:
            self.left = count
            self.magic = MAGIC

        def read(self, octets: int, /) -> bytes:
            if self.magic:
                found, self.magic = self.magic[:octets], self.magic[octets:]
                return found
            count = min(octets, self.left)
            self.left -= count
            return NO_DATA * count

    def walk(count: int) -> None:
        source = open_source(cast("BinaryIO", Long(count)), "long.awb")
        assert sum(map(len, source.pieces())) == 640 * count

    walk(100)
    assert peak_of(walk, 800) < peak_of(walk, 200) + 100_000

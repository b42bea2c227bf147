from __future__ import annotations

import random
import re
import time
from collections.abc import Callable

import pytest

from rtpcodec.audio import mp3
from rtpcodec.audio.mp3_frames import read_header
from rtpcodec.audio.mp3_scan import MAX_JUNK_OCTETS, MAX_LOSSES, MAX_PARTS, MAX_TAGS, parts_of, tag_end, walk
from tests import mp3_files
from tests.mp3_files import TAGS_BEFORE, TAGS_BEHIND

ONE = mp3.encode(mp3_files.noise(16_000, 8000), 16_000)
TWO = mp3.encode(mp3_files.noise(16_000, 4000, seed=2), 16_000)
ONE_FRAMES, TWO_FRAMES = map(mp3_files.frames, (ONE, TWO))
SMALL_FRAME = b"\xff\xf3\x14\xc4".ljust(24, b"\0")
"""The shortest frame: 8 kbit/s, 24 kHz."""
DATA_OCTETS = 10_000_000


def test_frames_are_found_where_they_are() -> None:
    offsets = [at for at, header in walk(ONE) if header]
    assert offsets[0] == 0
    assert all(ONE[at] == 0xFF for at in offsets)
    assert len(offsets) == 1 + parts_of(ONE)[0].frames
    assert parts_of(ONE)[0].raw(ONE) == ONE[offsets[1] :]


@pytest.mark.parametrize("behind", TAGS_BEHIND)
@pytest.mark.parametrize("before", TAGS_BEFORE)
def test_tags_are_skipped_and_are_borders(before: bytes, behind: bytes) -> None:
    for tag in (before, behind):
        assert tag_end(tag + ONE, 0) <= len(tag)
    data = before + ONE_FRAMES + behind + before + TWO_FRAMES + behind
    assert [part.raw(data) for part in parts_of(data)] == [ONE_FRAMES, TWO_FRAMES]
    assert [part.spans for part in parts_of(data)] == [
        [(len(before), len(before) + len(ONE_FRAMES))],
        [(len(data) - len(behind) - len(TWO_FRAMES), len(data) - len(behind))],
    ]


def test_a_header_frame_is_a_border_and_its_count_ends_a_part() -> None:
    for data in (ONE + TWO, ONE + TWO_FRAMES, ONE_FRAMES + TWO):
        assert [part.raw(data) for part in parts_of(data)] == [ONE_FRAMES, TWO_FRAMES]
    vbri = mp3_files.vbri_frame(frames=parts_of(ONE)[0].frames, octets=216 + len(ONE_FRAMES))
    data = vbri + ONE_FRAMES + TWO_FRAMES
    assert [part.raw(data) for part in parts_of(data)] == [ONE_FRAMES, TWO_FRAMES]


def test_a_wrong_count_is_not_a_border() -> None:
    frames = parts_of(ONE)[0].frames
    for told, octets in ((frames - 3, 216 + len(ONE_FRAMES)), (frames + 3, 216 + len(ONE_FRAMES)), (0, 0)):
        data = mp3_files.vbri_frame(told, octets) + ONE_FRAMES + TWO_FRAMES
        assert [part.raw(data) for part in parts_of(data)] == [ONE_FRAMES + TWO_FRAMES]


@pytest.mark.parametrize("rate_hz", [24_000, 44_100, 8000])
def test_another_rate_is_a_border(rate_hz: int) -> None:
    other = mp3_files.frames(mp3.encode(mp3_files.noise(rate_hz, 4000), rate_hz))
    data = ONE_FRAMES + other + ONE_FRAMES
    assert [part.raw(data) for part in parts_of(data)] == [ONE_FRAMES, other, ONE_FRAMES]
    assert [part.header.stream.sample_rate_hz for part in parts_of(data)] == [16_000, rate_hz, 16_000]


def test_frames_without_any_border_are_one_part() -> None:
    assert [part.raw(ONE_FRAMES + TWO_FRAMES) for part in parts_of(ONE_FRAMES + TWO_FRAMES)] == [
        ONE_FRAMES + TWO_FRAMES
    ]


@pytest.mark.parametrize("cut", [1, 100, 215, 216, 217, 1000])
def test_a_cut_frame_at_the_end_is_left_out(cut: int) -> None:
    lost = -(-cut // 216)
    (part,) = parts_of(ONE[:-cut])
    assert part.raw(ONE) == ONE_FRAMES[: len(ONE_FRAMES) - 216 * lost]


@pytest.mark.parametrize("between", [b"", mp3_files.ape(), mp3_files.id3v2()])
@pytest.mark.parametrize("cut", [1, 100, 210])
def test_a_cut_frame_inside_takes_nothing_of_the_next_file(between: bytes, cut: int) -> None:
    data = ONE[:-cut] + between + TWO
    first, second = parts_of(data)
    assert first.raw(data) == ONE_FRAMES[:-216]
    assert second.raw(data) == TWO_FRAMES


def test_junk_is_skipped() -> None:
    dice = random.Random(7)
    for octets in (1, 3, 100, MAX_JUNK_OCTETS):
        junk = dice.randbytes(octets - 1) + b"\0"
        for data in (junk + ONE, ONE + junk + TWO, ONE + junk):
            found = [part.raw(data) for part in parts_of(data)]
            assert found == ([ONE_FRAMES, TWO_FRAMES] if data.endswith(TWO) else [ONE_FRAMES])


def test_a_false_header_before_the_data_is_not_a_frame() -> None:
    data = b"\xff\xfb\x90\x00" * 5 + ONE
    assert [part.raw(data) for part in parts_of(data)] == [ONE_FRAMES]


def test_free_format_is_refused_wherever_it_begins() -> None:
    free = b"".join(b"\xff\xf3\x08\xc4".ljust(300 + padding, b"\0") for padding in (0, 0, 0, 0))
    for before in (b"", mp3_files.id3v2(), ONE, ONE + mp3_files.ID3V1):
        at = len(before)
        with pytest.raises(
            ValueError,
            match=f"^the MP3 frames from octet {at} on are of free format, which does not name its bit rate$",
        ):
            parts_of(before + free)


def test_cut_tags_end_the_data() -> None:
    for tag in (*TAGS_BEFORE, mp3_files.ID3V1, mp3_files.ape()):
        for octets in (len(tag) - 1, 10, 9, 3):
            (part,) = parts_of(ONE + tag[:octets])
            assert part.raw(ONE) == ONE_FRAMES


def test_lyrics_without_an_end_are_refused() -> None:
    with pytest.raises(ValueError, match=f"^the Lyrics3 tag at octet {len(ONE)} has no end within 1000025 octets$"):
        parts_of(ONE + b"LYRICSBEGIN" + bytes(100))


def text_of(error: pytest.ExceptionInfo[ValueError]) -> str:
    return re.sub(r"octet \d+", "octet N", str(error.value))


JUNK = "more than 65536 octets are neither MP3 frame nor tag, including those from octet N"
EXPENSIVE_DATA: dict[str, tuple[bytes, str | int]] = {
    "random": (random.Random(1).randbytes(1_000_000), JUNK),
    "zeros": (bytes(100), JUNK),
    "false headers": (b"\xff\xfb\x90\x00", JUNK),
    "tags": (b"ID3\x04" + bytes(6), f"more than {MAX_TAGS} tags, the last one at octet N"),
    "lyrics that begin": (b"LYRICSBEGIN", "the Lyrics3 tag at octet N has no end within 1000025 octets"),
    "lyrics": (b"LYRICSBEGINLYRICSEND", f"more than {MAX_TAGS} tags, the last one at octet N"),
    "shortest frames": (SMALL_FRAME, 1),
    "mono and stereo": (
        2 * SMALL_FRAME + 2 * b"\xff\xf3\x14\x04".ljust(24, b"\0"),
        f"more than {MAX_PARTS} MP3 files are glued together, the last one at octet N",
    ),
    "frames of false headers": (
        (b"\xff\xfb\xe0\x00" + b"\xff\xe3\x18" * 346 + b"\0\0") * 4 + b"\0",
        f"MP3 frames do not follow each other in more than {MAX_LOSSES} places, the last one at octet N",
    ),
    "real": (ONE_FRAMES, 1),
}


@pytest.mark.parametrize("name", EXPENSIVE_DATA)
def test_time_is_bounded(name: str) -> None:
    """10 s of CPU time for 10 MB allow for slow machines and sanitizers; quadratic time would take minutes."""
    unit, outcome = EXPENSIVE_DATA[name]
    data = unit * (DATA_OCTETS // len(unit))
    start = time.process_time()
    if isinstance(outcome, int):
        assert len(parts_of(data)) == outcome
    else:
        with pytest.raises(ValueError, match="octet") as error:
            parts_of(data)
        assert text_of(error) == outcome
    assert time.process_time() - start < 10


@pytest.mark.parametrize("damage", ["flip", "drop", "insert", "cut"])
def test_damage_loses_few_frames(damage: str) -> None:
    dice = random.Random(damage)
    change: dict[str, Callable[[bytes, int], bytes]] = {
        "flip": lambda data, at: data[:at] + bytes([data[at] ^ 1 << dice.randrange(8)]) + data[at + 1 :],
        "drop": lambda data, at: data[:at] + data[at + dice.randrange(1, 300) :],
        "insert": lambda data, at: data[:at] + dice.randbytes(dice.randrange(1, 300)) + data[at:],
        "cut": lambda data, at: data[at:],
    }
    frames = {ONE_FRAMES[at : at + 216] for at in range(0, len(ONE_FRAMES), 216)}
    for _ in range(200):
        at = dice.randrange(5 * 216, len(ONE) // 2)
        data = change[damage](ONE, at)
        kept = [data[start : start + 216] for start, header in walk(data) if header]
        if damage != "cut":
            assert len(frames - set(kept)) <= 3
        else:
            assert len(frames - set(kept)) <= at // 216 + 1
    assert read_header(ONE, 0) is not None

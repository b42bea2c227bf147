"""Each packing in both directions: tables and examples of RFC 4867, payloads of an independent packer, an oracle."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpcodec.codecs.amrwb_frame import FRAME_OCTETS, SPEECH_BITS
from rtpcodec.errors import PayloadError
from rtpcodec.rtp.payloads.amrwb_packing import MAX_FRAMES, MAX_OCTETS, PACK, UNPACK, Packing
from tests.oracles import amrwb as oracle
from tests.vectors import SHIPPED

PACKINGS: tuple[Packing, ...] = ("bandwidth-efficient", "octet-aligned", "storage")
BE, OA, STORAGE = PACKINGS
KINDS = (*range(10), 14, 15)

SID, DAMAGED_SID, NO_DATA = "4c1234567890", "481234567890", "7c"
MODE_0 = "04031425364758697a8b9cadbecfe0f10210"
EXAMPLES: list[tuple[Packing, int | None, list[str], str]] = [
    (BE, 15, [SID], "f4c48d159e2400"),
    (OA, 15, [SID], "f04c1234567890"),
    (STORAGE, None, [SID], "4c1234567890"),
    (BE, 15, [MODE_0], "f040c5094d91d61a5ea2e72b6fb3f83c4084"),
    (OA, 15, [MODE_0], "f004031425364758697a8b9cadbecfe0f10210"),
    (BE, 2, [SID, NO_DATA, DAMAGED_SID], "2cff4848d159e24048d159e240"),
    (OA, 2, [SID, NO_DATA, DAMAGED_SID], "20ccfc4812345678901234567890"),
    (BE, 15, [NO_DATA], "f7c0"),
    (OA, 15, [NO_DATA], "f07c"),
]


def zero_frame(kind: int, quality: int = 1) -> bytes:
    return bytes([kind << 3 | quality << 2]).ljust(FRAME_OCTETS[kind], b"\0")


def frames_strategy(most: int = 6) -> st.SearchStrategy[list[oracle.Frame]]:
    def speech(kind: int) -> st.SearchStrategy[oracle.Frame]:
        bits = SPEECH_BITS[kind]
        numbers = st.integers(0, (1 << bits) - 1)
        return st.tuples(st.just(kind), st.integers(0, 1), numbers.map(lambda number: oracle.bits_of(number, bits)))

    return st.lists(st.sampled_from(KINDS).flatmap(speech), min_size=1, max_size=most)


@pytest.mark.parametrize(
    ("kind", "be", "oa", "be_of_two", "oa_of_two"),
    [
        (0, 18, 19, 35, 37),
        (1, 24, 25, 47, 49),
        (2, 33, 34, 66, 67),
        (3, 37, 38, 74, 75),
        (4, 41, 42, 82, 83),
        (5, 47, 48, 94, 95),
        (6, 51, 52, 102, 103),
        (7, 59, 60, 118, 119),
        (8, 61, 62, 122, 123),
        (9, 7, 7, 12, 13),
        (14, 2, 2, 2, 3),
        (15, 2, 2, 2, 3),
    ],
)
def test_lengths(kind: int, be: int, oa: int, be_of_two: int, oa_of_two: int) -> None:
    frame = zero_frame(kind)
    assert [len(PACK[packing]([frame], 15)) for packing in (BE, OA)] == [be, oa]
    assert [len(PACK[packing]([frame] * 2, 15)) for packing in (BE, OA)] == [be_of_two, oa_of_two]
    assert len(frame) == 1 + (oracle.SPEECH_BITS[kind] + 7) // 8


def test_first_octets_of_a_single_frame() -> None:
    be = ["f040", "f0c0", "f140", "f1c0", "f240", "f2c0", "f340", "f3c0", "f440", "f4c0"]
    oa = ["f004", "f00c", "f014", "f01c", "f024", "f02c", "f034", "f03c", "f044", "f04c"]
    for packing, expected in ((BE, be), (OA, oa)):
        assert [PACK[packing]([zero_frame(kind)], 15)[:2].hex() for kind in range(10)] == expected


@pytest.mark.parametrize(("packing", "cmr", "frames", "payload"), EXAMPLES)
def test_worked_examples(packing: Packing, cmr: int | None, frames: list[str], payload: str) -> None:
    octets = [bytes.fromhex(frame) for frame in frames]
    assert PACK[packing](octets, 15 if cmr is None else cmr).hex() == payload
    assert UNPACK[packing](bytes.fromhex(payload), True) == (cmr, octets)


def independent_payloads() -> list[dict[str, Any]]:
    lines = (SHIPPED / "amrwb" / "payloads.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines[1:]]


def test_an_independent_packers_payloads() -> None:
    rows = independent_payloads()
    assert len(rows) == 40
    for row in rows:
        packing = OA if row["octet_aligned"] else BE
        frames = [bytes([kind << 3 | quality << 2]) + bytes.fromhex(speech) for kind, quality, speech in row["frames"]]
        payload = bytes.fromhex(row["payload"])
        assert UNPACK[packing](payload, True) == (row["cmr"], frames), row["name"]
        assert PACK[packing](frames, row["cmr"]) == payload, row["name"]


@given(st.sampled_from(PACKINGS), st.integers(0, 15), frames_strategy())
def test_equal_to_the_oracle_and_back(packing: Packing, cmr: int, frames: list[oracle.Frame]) -> None:
    stored = [oracle.stored(frame) for frame in frames]
    payload = PACK[packing](stored, cmr)
    assert payload == oracle.pack(packing, cmr, frames)
    expected = None if packing == STORAGE else cmr
    assert oracle.unpack(packing, payload) == (expected, frames)
    assert UNPACK[packing](payload, True) == UNPACK[packing](payload, False) == (expected, stored)


@given(st.sampled_from(PACKINGS), st.binary(max_size=130))
def test_random_octets_are_read_as_by_the_oracle(packing: Packing, payload: bytes) -> None:
    assert_as_the_oracle(packing, payload)


@given(st.sampled_from(PACKINGS), frames_strategy(3), st.data())
def test_changed_payloads_are_read_as_by_the_oracle(
    packing: Packing, frames: list[oracle.Frame], data: st.DataObject
) -> None:
    payload = bytearray(oracle.pack(packing, 15, frames))
    place = data.draw(st.integers(0, 8 * len(payload) - 1))
    payload[place // 8] ^= 0x80 >> place % 8
    assert_as_the_oracle(packing, bytes(payload[: data.draw(st.integers(0, len(payload)))]))
    assert_as_the_oracle(packing, bytes(payload))


def assert_as_the_oracle(packing: Packing, payload: bytes) -> None:
    try:
        cmr, frames = oracle.unpack(packing, payload)
    except oracle.NoPayload:
        with pytest.raises(PayloadError, match=f"^AMR-WB {packing} payload"):
            UNPACK[packing](payload, True)
        return
    if len(frames) <= MAX_FRAMES:
        assert UNPACK[packing](payload, True) == (cmr, [oracle.stored(frame) for frame in frames])


@pytest.mark.parametrize(
    ("packing", "payload", "message"),
    [
        (BE, "", f"has 0 octets, 2 to {MAX_OCTETS} are allowed"),
        (OA, "f0", f"has 1 octets, 2 to {MAX_OCTETS} are allowed"),
        (STORAGE, "", f"has 0 octets, 1 to {MAX_OCTETS} are allowed"),
        (STORAGE, "7c" * (MAX_OCTETS + 1), f"has {MAX_OCTETS + 1} octets, 1 to {MAX_OCTETS} are allowed"),
        (BE, "f5c0", "has a frame of type 11, types 10 to 13 are reserved"),
        (OA, "f0ec541234567890", "has a frame of type 13, types 10 to 13 are reserved"),
        (STORAGE, "7c54", "has a frame of type 10, types 10 to 13 are reserved"),
        (BE, "ffff", "ends inside its table of contents, after 2 entries"),
        (OA, "f0fcfc", "ends inside its table of contents, after 2 entries"),
        (BE, "f4c48d159e24", "has 6 octets, its 1 frame needs 7"),
        (BE, "f4c48d159e240000", "has 8 octets, its 1 frame needs 7"),
        (OA, "f0cc4c" + "00" * 9, "has 12 octets, its 2 frames need 13"),
        (STORAGE, "7c4c1234", "has 4 octets, its 2 frames need 7"),
        (BE, "f4c48d159e2401", ": its last 6 bits are padding and must be 0"),
        (OA, "f14c1234567890", " starts with octet 0xF1, its low 4 bits must be 0"),
        (OA, "f0fc7e", ": octet 2 is 0x7E, its low 2 bits must be 0"),
        (STORAGE, "7cfc", ": octet 1 is 0xFC, bits 7, 1 and 0 of a frame's first must be 0"),
        (OA, "f004" + "00" * 16 + "08", ": the last 4 bits of a frame of type 0 are padding and must be 0"),
        (STORAGE, "04" + "00" * 16 + "08", ": the last 4 bits of a frame of type 0 are padding and must be 0"),
        (BE, "ff" * 100, f"has more than {MAX_FRAMES} frames, the limit of a payload"),
        (OA, "f0" + "fc" * 100, f"has more than {MAX_FRAMES} frames, the limit of a payload"),
        (STORAGE, "7c" * 51, f"has more than {MAX_FRAMES} frames, the limit of a payload"),
    ],
)
def test_invalid_payloads_are_refused_with_rule_and_number(packing: Packing, payload: str, message: str) -> None:
    with pytest.raises(PayloadError) as caught:
        UNPACK[packing](bytes.fromhex(payload), True)
    assert str(caught.value).replace(f"AMR-WB {packing} payload", "").strip() == message.strip()


@pytest.mark.parametrize(
    ("packing", "payload", "frames"),
    [
        (BE, "f4c48d159e243f", [SID]),
        (OA, "ff4f1234567890", [SID]),
        (OA, MODE_0.replace("04", "f004", 1)[:-2] + "1f", [MODE_0]),
        (STORAGE, MODE_0[:-2] + "1f", [MODE_0]),
    ],
)
def test_not_strictly_reserved_and_padding_bits_are_ignored(packing: Packing, payload: str, frames: list[str]) -> None:
    assert UNPACK[packing](bytes.fromhex(payload), False)[1] == [bytes.fromhex(frame) for frame in frames]


@pytest.mark.parametrize("packing", PACKINGS)
def test_the_limit_of_frames(packing: Packing) -> None:
    frames = [zero_frame(8)] * MAX_FRAMES
    payload = PACK[packing](frames, 0)
    assert len(payload) <= MAX_OCTETS
    assert UNPACK[packing](payload, True)[1] == frames
    for count in (0, MAX_FRAMES + 1):
        with pytest.raises(PayloadError, match=f"^AMR-WB payload of {count} frames, 1 to {MAX_FRAMES} are allowed$"):
            PACK[packing]([zero_frame(15)] * count, 15)


@pytest.mark.parametrize("packing", PACKINGS)
def test_padding_bits_of_a_frame_are_sent_as_zeros(packing: Packing) -> None:
    frame = bytes.fromhex(MODE_0)
    assert PACK[packing]([frame[:-1] + b"\x1f"], 15) == PACK[packing]([frame], 15)


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ("", "AMR-WB frame has 0 octets, at least 1 is needed"),
        ("f07c", "AMR-WB frame starts with octet 0xF0, its bits 7, 1 and 0 must be 0"),
        ("4f1234567890", "AMR-WB frame starts with octet 0x4F, its bits 7, 1 and 0 must be 0"),
        ("54", "AMR-WB frame has type 10, types 10 to 13 are reserved"),
        ("4c12345678", "AMR-WB frame of type 9 has 5 octets, 6 are needed"),
        ("7c00", "AMR-WB frame of type 15 has 2 octets, 1 are needed"),
    ],
)
def test_invalid_frames_are_not_packed(packing: Packing, frame: str, message: str) -> None:
    with pytest.raises(PayloadError) as caught:
        PACK[packing]([bytes.fromhex("7c"), bytes.fromhex(frame)], 15)
    assert str(caught.value) == message

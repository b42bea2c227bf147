"""One direction of an AMR-WB stream: its packing, mode requests, and errors."""

from __future__ import annotations

import json
import random
from array import array
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rtpcodec.codecs.amrwb_frame import SPEECH_BITS
from rtpcodec.errors import PayloadError
from rtpcodec.rtp.payloads import AmrWbFormat
from rtpcodec.rtp.payloads.amrwb import SWITCH_PAYLOADS
from rtpcodec.rtp.payloads.amrwb_file import MANY_CHANNELS_MAGIC, read_amrwb
from rtpcodec.rtp.payloads.amrwb_packing import PACK, Packing
from tests.oracles import amrwb as oracle
from tests.rtp.payloads.test_amrwb_packing import BE, OA, PACKINGS, STORAGE, independent_payloads, zero_frame
from tests.vectors import SHIPPED

SID = bytes.fromhex("4c1234567890")
BE_SID, OA_SID = bytes.fromhex("f4c48d159e2400"), bytes.fromhex("f04c1234567890")
BOTH = bytes.fromhex("44" + "00" * 60)  # a frame of type 8 in storage form, or one after a request of mode 4
BOTH_IN_BE = [bytes.fromhex("40" + "00" * 60)]


def some_payload(choice: random.Random, packing: Packing, cmr: int) -> bytes:
    """Return one to three frames of any type with random speech."""
    frames = []
    for _ in range(choice.choice((1, 1, 1, 2, 3))):
        kind = choice.choice(tuple(SPEECH_BITS))
        bits = oracle.bits_of(choice.getrandbits(SPEECH_BITS[kind]), SPEECH_BITS[kind]) if SPEECH_BITS[kind] else []
        frames.append((kind, choice.getrandbits(1), bits))
    return oracle.pack(packing, cmr, frames)


def test_the_packing_of_an_independent_packers_payloads_is_detected_at_once() -> None:
    for row in independent_payloads():
        packing = OA if row["octet_aligned"] else BE
        amrwb = AmrWbFormat()
        frames = amrwb.frames(bytes.fromhex(row["payload"]))
        assert (amrwb.detected, amrwb.packing) == (packing, packing), row["name"]
        assert amrwb.ticks(bytes.fromhex(row["payload"])) == 320 * len(row["frames"])
        amrwb.cmr = row["cmr"]
        assert amrwb.payload(frames).hex() == row["payload"]


def test_packets_of_34_frames(vectors: Any) -> None:
    lines = (vectors / "rtp" / "ffmpeg_amrwb_oa.jsonl").read_text("utf-8").splitlines()
    amrwb = AmrWbFormat()
    for line in lines[1:]:
        payload = bytes.fromhex(json.loads(line)["rtp"])[12:]
        assert amrwb.ticks(payload) == 10880
        frames = amrwb.frames(payload)
        assert len(frames) == 34
        assert amrwb.payload(frames) == payload
    assert amrwb.detected == OA


@given(st.sampled_from(PACKINGS), st.sampled_from((*range(9), 15)), st.integers(0, 2**32))
@example(STORAGE, 15, 0)
def test_a_valid_stream_is_never_mistaken_for_another(packing: Packing, cmr: int, seed: int) -> None:
    choice = random.Random(seed)
    amrwb = AmrWbFormat()
    for _ in range(40):
        payload = some_payload(choice, packing, cmr)
        frames = amrwb.frames(payload)
        assert amrwb.detected in (None, packing)
        if amrwb.detected:
            assert frames == AmrWbFormat(packing).frames(payload)
    assert amrwb.detected == packing
    assert amrwb.mode_request == (None if cmr == 15 or packing == STORAGE else cmr)


@given(st.binary(max_size=200))
def test_random_octets_return_frames_or_an_error(payload: bytes) -> None:
    for packing in ("auto", *PACKINGS):
        amrwb = AmrWbFormat(packing)  # type: ignore[arg-type]
        try:
            frames = amrwb.frames(payload)
        except PayloadError:
            with pytest.raises(PayloadError, match="AMR-WB"):
                amrwb.ticks(payload)
            continue
        assert amrwb.ticks(payload) == 320 * len(frames) > 0
        assert AmrWbFormat(amrwb.packing).payload(frames)


def test_before_detection_it_is_bandwidth_efficient() -> None:
    amrwb = AmrWbFormat()
    assert (amrwb.packing, amrwb.detected, amrwb.mode_request, amrwb.cmr_received) == (BE, None, None, None)
    assert amrwb.payload([SID]) == BE_SID
    assert repr(amrwb) == "<AmrWbFormat bandwidth-efficient, assumed>"


def test_a_payload_that_fits_two_packings_decides_nothing() -> None:
    amrwb = AmrWbFormat()
    for _ in range(2 * SWITCH_PAYLOADS):
        assert amrwb.frames(BOTH) == BOTH_IN_BE
        assert (amrwb.detected, amrwb.mode_request, amrwb.cmr_received) == (None, None, None)
    assert amrwb.frames(SID) == [SID]
    assert amrwb.detected == STORAGE
    assert amrwb.frames(BOTH) == [BOTH]
    assert repr(amrwb) == "<AmrWbFormat storage, detected>"


def test_the_packing_is_kept_if_another_would_fit_too() -> None:
    amrwb = AmrWbFormat()
    amrwb.frames(BE_SID)
    for _ in range(2 * SWITCH_PAYLOADS):
        assert amrwb.frames(BOTH) == BOTH_IN_BE
        assert amrwb.detected == BE
    assert (amrwb.mode_request, amrwb.cmr_received) == (4, 4)


def test_a_stray_payload_is_read_but_changes_nothing() -> None:
    amrwb = AmrWbFormat()
    amrwb.frames(BE_SID)
    for _ in range(3):
        for _ in range(SWITCH_PAYLOADS - 1):
            assert amrwb.frames(b"\x20" + OA_SID[1:]) == [SID]
            assert (amrwb.packing, amrwb.mode_request) == (BE, None)
        amrwb.frames(BE_SID)


def test_several_payloads_of_another_packing_change_it() -> None:
    amrwb = AmrWbFormat()
    amrwb.frames(BE_SID)
    for _ in range(SWITCH_PAYLOADS):
        assert amrwb.packing == amrwb.detected == BE
        assert amrwb.frames(OA_SID) == [SID]
    assert amrwb.packing == amrwb.detected == OA
    assert amrwb.payload([SID]) == OA_SID


def test_payloads_that_fit_both_do_not_prevent_a_change() -> None:
    amrwb = AmrWbFormat()
    amrwb.frames(BE_SID)
    for _ in range(SWITCH_PAYLOADS):
        assert amrwb.detected == BE
        amrwb.frames(BOTH)
        amrwb.frames(SID)
    assert amrwb.detected == STORAGE


def test_a_third_packing_starts_its_own_count() -> None:
    amrwb = AmrWbFormat()
    amrwb.frames(BE_SID)
    for payload in [OA_SID, OA_SID, SID, OA_SID, OA_SID]:
        amrwb.frames(payload)
    assert amrwb.detected == BE
    amrwb.frames(OA_SID)
    assert amrwb.detected == OA


def test_a_payload_that_fits_nothing_changes_nothing() -> None:
    amrwb = AmrWbFormat()
    amrwb.frames(OA_SID)
    with pytest.raises(PayloadError):
        amrwb.frames(b"\xff" * 9)
    assert (amrwb.packing, amrwb.detected, amrwb.cmr_received) == (OA, OA, 15)


def test_ticks_detect_nothing() -> None:
    amrwb = AmrWbFormat()
    assert amrwb.ticks(bytes.fromhex("20cc4c" + "1234567890" * 2)) == 640
    assert (amrwb.packing, amrwb.detected, amrwb.mode_request, amrwb.cmr_received) == (BE, None, None, None)


def test_the_error_says_why_for_each_packing() -> None:
    with pytest.raises(PayloadError) as caught:
        AmrWbFormat().frames(b"\x14" + bytes(9))
    assert str(caught.value) == (
        "AMR-WB bandwidth-efficient payload has 10 octets, its 1 frame needs 61; "
        "AMR-WB octet-aligned payload starts with octet 0x14, its low 4 bits must be 0; "
        "AMR-WB storage payload has 10 octets, its 1 frame needs 33"
    )


@pytest.mark.parametrize("packing", ["auto", *PACKINGS])
@pytest.mark.parametrize(
    ("front", "told"),
    [
        (b"#!AMR-WB\n" + SID, "; it begins as a storage file does, a payload has frames only"),
        (MANY_CHANNELS_MAGIC + bytes(4) + SID, "; it begins as a storage file does, a payload has frames only"),
        (
            bytes.fromhex("806003e80002710012345678") + BE_SID,
            "; it begins with an RTP header of 12 octets, after which it is bandwidth-efficient: messages have none",
        ),
        (
            bytes.fromhex("9160ffffffffff60deadbeef11111111bede00011000 0000") + OA_SID,
            "; it begins with an RTP header of 24 octets, after which it is octet-aligned: messages have none",
        ),
    ],
)
def test_a_wrong_prefix_is_reported(packing: Any, front: bytes, told: str) -> None:
    with pytest.raises(PayloadError) as caught:
        AmrWbFormat(packing).frames(front)
    assert str(caught.value).startswith(f"AMR-WB {BE if packing == 'auto' else packing} payload")
    assert str(caught.value).endswith(told)


def test_an_unknown_prefix_is_not_reported() -> None:
    for payload in (bytes.fromhex("806003e80002710012345678"), bytes.fromhex("806003e80002710012345678") + bytes(5)):
        with pytest.raises(PayloadError) as caught:
            AmrWbFormat().frames(payload)
        assert "RTP" not in str(caught.value)


@pytest.mark.parametrize("cmr", range(16))
def test_requests(cmr: int) -> None:
    amrwb = AmrWbFormat()
    amrwb.frames(bytes([3 << 4]) + OA_SID[1:])
    amrwb.frames(bytes([cmr << 4]) + OA_SID[1:])
    assert amrwb.cmr_received == cmr
    assert amrwb.mode_request == (cmr if cmr <= 8 else 3)


def test_our_own_request() -> None:
    amrwb = AmrWbFormat(OA, cmr=2)
    assert amrwb.payload([SID])[0] == 0x20
    amrwb.cmr = 15
    assert amrwb.payload([SID])[0] == 0xF0
    for cmr in (-1, 9, 14, 16):
        with pytest.raises(ValueError, match=f"^cmr is {cmr}, 0 to 8 or 15 are allowed$"):
            amrwb.cmr = cmr
        with pytest.raises(ValueError, match=f"^cmr is {cmr}, 0 to 8 or 15 are allowed$"):
            AmrWbFormat(cmr=cmr)


@pytest.mark.parametrize("packing", PACKINGS)
def test_a_given_packing_stays(packing: Packing) -> None:
    amrwb = AmrWbFormat(packing)
    other = STORAGE if packing == OA else OA
    for _ in range(2 * SWITCH_PAYLOADS):
        with pytest.raises(PayloadError, match=f"^AMR-WB {packing} payload"):
            amrwb.frames(PACK[other]([zero_frame(2)], 15))
    assert (amrwb.packing, amrwb.detected) == (packing, None)
    assert amrwb.frames(PACK[packing]([SID], 7)) == [SID]
    assert amrwb.mode_request == (None if packing == STORAGE else 7)
    assert repr(amrwb) == f"<AmrWbFormat {packing}, given>"


def test_a_given_packing_ignores_reserved_and_padding_bits_and_auto_does_not() -> None:
    payload = bytes.fromhex("ff4f1234567890")
    assert AmrWbFormat(OA).frames(payload) == [SID]
    amrwb = AmrWbFormat()
    amrwb.frames(OA_SID)
    with pytest.raises(PayloadError, match="starts with octet 0xFF, its low 4 bits must be 0"):
        amrwb.frames(payload)


@pytest.mark.parametrize("option", ["interleaving", "crc", "robust_sorting"])
def test_options_that_need_negotiation_are_refused(option: str) -> None:
    options: dict[str, Any] = {option: True}
    with pytest.raises(ValueError, match=f"^{option} of AMR-WB must be negotiated by SDP, which a media stream has no"):
        AmrWbFormat(OA, **options)
    assert AmrWbFormat(OA, **{option: False}).packing == OA


def test_unknown_packings_are_refused_with_the_known_ones() -> None:
    with pytest.raises(
        ValueError, match=r"^packing is 'octet', 'auto', 'bandwidth-efficient', 'octet-aligned', 'storage'"
    ):
        AmrWbFormat("octet")  # type: ignore[arg-type]


def test_any_buffer_of_octets_is_accepted_and_nothing_else() -> None:
    for payload in (bytearray(OA_SID), memoryview(OA_SID), memoryview(OA_SID[::-1])[::-1], array("B", OA_SID)):
        assert AmrWbFormat().frames(payload) == [SID]
    for wrong in ("f04c", 7, None):
        with pytest.raises(TypeError):
            AmrWbFormat().frames(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("packing", PACKINGS)
def test_a_whole_recording_in_each_packing(packing: Packing) -> None:
    recording = list(read_amrwb(SHIPPED / "amrwb" / "mode_switching.awb"))
    assert {frame[0] >> 3 for frame in recording} >= set(range(9))
    sender, receiver = AmrWbFormat(packing), AmrWbFormat()
    assert [receiver.frames(sender.payload([frame])) for frame in recording] == [[frame] for frame in recording]
    assert receiver.detected == packing

"""A kernel allocates only its result; with a given buffer it allocates nothing.

The peak of a call counts what it frees again, too.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rtpcodec import G722DecoderBank, G722EncoderBank, Resampler, RtpPacket, codec
from rtpcodec.audio.concealment import Concealer
from rtpcodec.codecs import CodecInfo
from rtpcodec.kernels import base64, concealment, g711, g722, g722_lanes, media_text, pcm, resample, rtp_header
from tests.isolated.kernel_calls import SHAPES, Call, Shape, calls
from tests.traced_memory import peak_octets, traced


@pytest.fixture(scope="module", autouse=True)
def tracing() -> Iterator[None]:
    with traced():
        yield


def good_calls(into: bool) -> list[Call]:
    """Yield calls from buffer to bytes, or into a buffer. NumPy's arrays allocate memory when they are exported."""
    return [
        call
        for call in calls()
        if call.error is None
        and isinstance(SHAPES[call.name.rpartition(".")[2].removesuffix("_into")], Shape)
        and call.name.endswith("_into") is into
        and not isinstance(call.args[0], np.ndarray)
    ]


@pytest.mark.parametrize("octets", [1, 10, 1000])
def test_a_temporary_object_is_seen(octets: int) -> None:
    assert peak_octets(lambda: len(bytearray(octets))) >= sys.getsizeof(bytearray(octets))


def test_the_whole_result_is_counted() -> None:
    assert peak_octets(bytes, 1000) == sys.getsizeof(bytes(1000))


@pytest.mark.parametrize("call", good_calls(into=False), ids=lambda call: call.name)
def test_only_the_result_is_allocated(call: Call) -> None:
    result = call.run(*call.args)
    # The empty object already exists.
    assert peak_octets(call.run, *call.args) == (sys.getsizeof(result) if result else 0)


@pytest.mark.parametrize("call", good_calls(into=True), ids=lambda call: call.name)
def test_nothing_is_allocated_with_a_given_buffer(call: Call) -> None:
    assert call.run(*call.args) <= 256, "a count beyond 256 is an object of its own"
    assert peak_octets(call.run, *call.args) == 0


@pytest.mark.parametrize("name", ["PCMU", "G722"])
def test_decoding_holds_payloads_without_a_copy_and_a_gap_allocates_its_audio_only(name: str) -> None:
    decoder: Any = codec(name).decoder()
    payload = bytes(range(160))
    samples = decoder.sample_rate_hz // 50
    pcm_octets = sys.getsizeof(bytes(2 * samples))
    for _ in range(4):
        decoder.decode(payload)
    assert peak_octets(decoder.decode, payload) == pcm_octets
    decoder.conceal(samples)
    assert peak_octets(decoder.conceal, samples) == pcm_octets
    assert peak_octets(decoder.decode, payload) == pcm_octets


def test_a_concealer_has_at_most_6_kb_of_state() -> None:
    assert sys.getsizeof(Concealer(48000)) < 6_000


def test_a_resampler_allocates_its_result_only() -> None:
    # A multiple of the input samples after which phases repeat, so each call gives the same number.
    for from_hz, to_hz, samples in ((8000, 16000, 160), (8000, 44100, 160), (11025, 48000, 147), (48000, 8000, 960)):
        resampler = Resampler(from_hz, to_hz)
        result = bytes(2 * samples * to_hz // from_hz)
        assert peak_octets(resampler.resample, bytes(2 * samples)) == sys.getsizeof(result)
        # 20 samples, because a count above 256 would be a new object.
        assert peak_octets(resampler.resample_into, bytes(40), bytearray(512)) == 0


def test_a_resampler_has_half_a_kilobyte_of_state() -> None:
    assert {sys.getsizeof(Resampler(*pair)) for pair in ((8000, 8000), (8000, 48000), (11025, 32000))} == {440}


def test_a_bank_is_designed_once_and_shared() -> None:
    pair = (32000, 11025)
    Resampler(*pair)
    assert peak_octets(Resampler, *pair) == sys.getsizeof(Resampler(*pair))


def test_g722_allocates_its_result_only() -> None:
    encoder, decoder = codec("G722").encoder(), codec("G722").decoder()
    assert peak_octets(encoder.encode, bytes(640)) == sys.getsizeof(bytes(160))
    assert peak_octets(decoder.decode, bytes(160)) == sys.getsizeof(bytes(640))
    # 200 samples, because a count above 256 would be a new object.
    assert peak_octets(encoder.encode_into, bytes(640), bytearray(160)) == 0
    assert peak_octets(decoder.decode_into, bytes(100), bytearray(400)) == 0


@pytest.mark.parametrize("name", ["OPUS", "AMR-WB"])
def test_a_frame_codec_allocates_its_result_only(name: str, usable_codec: Callable[[str], CodecInfo]) -> None:
    encoder, decoder = usable_codec(name).encoder(), usable_codec(name).decoder()
    frame = encoder.encode(bytes(640))
    assert peak_octets(encoder.encode, bytes(640)) <= sys.getsizeof(bytes(100))
    assert peak_octets(decoder.decode, frame) == sys.getsizeof(bytes(640))
    assert peak_octets(decoder.conceal, 320) == sys.getsizeof(bytes(640))
    assert peak_octets(encoder.encode_into, bytes(640), bytearray(1276)) == 0
    # A count above 256 is a new object, of 28 octets in a block of 32.
    assert peak_octets(decoder.decode_into, frame, bytearray(640)) <= 32


def test_a_bank_of_g722_allocates_nothing_with_a_given_array() -> None:
    encoders, decoders = G722EncoderBank(33), G722DecoderBank(33)
    pcm, codes = memoryview(bytearray(33 * 640)), memoryview(bytearray(33 * 160))
    samples, octets = pcm.cast("h", (33, 320)), codes.cast("B", (33, 160))
    assert peak_octets(lambda source, room: encoders.encode(source, out=room), samples, octets) == 0
    assert peak_octets(lambda source, room: decoders.decode(source, out=room), octets, samples) == 0


def test_a_packet_is_one_object_and_its_datagram() -> None:
    datagram = b"\x80\0" + bytes(200)
    packet = RtpPacket.parse(datagram)
    one = sys.getsizeof(packet)
    assert peak_octets(RtpPacket.parse, datagram) == one
    assert peak_octets(RtpPacket.parse, bytearray(datagram)) == one + sys.getsizeof(datagram)
    assert peak_octets(packet.build_into, bytearray(202)) == peak_octets(packet.build) == 0
    assert peak_octets(lambda: packet.payload) == sys.getsizeof(bytes(190))


def test_base64_allocates_its_result_only() -> None:
    text = base64.encode(bytes(160))
    assert peak_octets(base64.encode, bytes(160)) == sys.getsizeof(text)
    for source in (text, text.decode(), bytearray(text)):
        assert peak_octets(base64.decode, source) == sys.getsizeof(bytes(160))
        assert peak_octets(base64.decode_into, source, bytearray(160)) == 0
    assert peak_octets(base64.encode_into, bytes(160), bytearray(216)) == 0


@pytest.mark.parametrize("module", [base64, concealment, g711, g722, g722_lanes, media_text, pcm, resample, rtp_header])
def test_kernels_know_no_allocator_but_pythons(module: Any) -> None:
    names = Path(module.__file__).read_bytes().split(b"\0")
    assert not {b"malloc", b"calloc", b"realloc", b"posix_memalign", b"aligned_alloc"} & set(names)

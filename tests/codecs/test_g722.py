"""G722 as a codec: facts, any cut between units, buffers of all kinds, refusals that change nothing."""

import array
import copy
import ctypes
import os
import pickle
import random
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from typing_extensions import Buffer

from rtpcodec.codecs import codec, codec_names
from rtpcodec.codecs.g722 import G722, G722Decoder, G722Encoder
from rtpcodec.kernels import _g722_forms as kernel
from rtpcodec.kernels._simd import simd_level
from tests.traced_memory import peak_octets, traced


def noise(samples: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(2 * samples)


def encoder(**options: Any) -> G722Encoder:
    return G722Encoder(G722, 16000, **options)


def decoder(**options: Any) -> G722Decoder:
    return G722Decoder(G722, 16000, **options)


def at_odd_address(octets: bytes) -> memoryview:
    room = bytearray(len(octets) + 2)
    start = 1 - ctypes.addressof(ctypes.c_char.from_buffer(room)) % 2
    view = memoryview(room)[start : start + len(octets)]
    view[:] = octets
    return view


def test_facts() -> None:
    assert codec("G722") is G722
    assert "G722" in codec_names()
    assert (G722.kind, G722.payload_type, G722.octets_per_unit, G722.samples_per_unit) == ("sample", 9, 1, 2)
    assert (G722.sample_rates_hz, G722.rtp_clock_hz(), G722.rtp_clock_hz(16000)) == ((16000,), 8000, 8000)
    assert G722.samples_in(bytes(160)) == 320
    with pytest.raises(ValueError, match=r"^G722 has no sample rate of 8000 Hz, only 16000$"):
        G722.encoder(8000)


def test_facts_of_encoder_and_decoder() -> None:
    for maker in G722.encoder, G722.decoder:
        made = maker(16000, mode=2)
        assert (made.info, made.sample_rate_hz) == (G722, 16000)
    assert repr(G722.encoder()) == "<G722Encoder 16000 Hz mode 1>"
    assert repr(G722.decoder(mode=3)) == "<G722Decoder 16000 Hz mode 3>"
    assert (encoder(mode=2).mode, decoder().mode) == (2, 1)


@pytest.mark.parametrize("mode", [0, 4, -1, 1.5, "1", None])
def test_other_modes_are_refused(mode: object) -> None:
    for maker in G722.encoder, G722.decoder:
        with pytest.raises(ValueError, match=r"^mode is .*, allowed are 1, 2 and 3$"):
            maker(mode=mode)
    with pytest.raises(TypeError, match="bitrate"):
        G722.decoder(bitrate=64000)


def test_a_frame_is_160_octets() -> None:
    octets = encoder().encode(noise(320))
    assert len(octets) == 160
    assert len(decoder().decode(octets)) == 640


@pytest.mark.parametrize("mode", [1, 2, 3])
def test_speech_like_sound_survives_coding(mode: int) -> None:
    tone = (8000 * np.sin(2 * np.pi * 440 / 16000 * np.arange(3200))).astype(np.int16)
    heard = np.frombuffer(decoder(mode=mode).decode(encoder(mode=mode).encode(tone.tobytes())), np.int16)
    error = heard[622:].astype(float) - tone[600:-22]
    assert 10 * np.log10(np.mean(tone.astype(float) ** 2) / np.mean(error**2)) > 20


def test_modes_leave_bits_for_data() -> None:
    samples = noise(3200)
    full, seven, six = (encoder(mode=mode).encode(samples) for mode in (1, 2, 3))
    assert seven == bytes(octet & 0xFE for octet in full)
    assert six == bytes(octet & 0xFC for octet in full)
    assert decoder(mode=2).decode(seven) == decoder(mode=2).decode(full)
    assert decoder(mode=3).decode(six) == decoder(mode=3).decode(full)


def test_pieces_of_any_even_size_give_the_same() -> None:
    samples, octets = noise(9000), noise(1500, 2)
    rng = random.Random(3)
    for _ in range(5):
        coder, at, joined = encoder(), 0, b""
        while at < len(samples):
            size = 4 * rng.choice((0, 1, 2, 79, 80, 161, 400))
            joined += coder.encode(samples[at : at + size])
            at += size
        assert joined == encoder().encode(samples)
        speaker, at, heard = decoder(), 0, b""
        while at < len(octets):
            size = rng.choice((0, 1, 2, 159, 160, 161, 400))
            heard += speaker.decode(octets[at : at + size])
            at += size
        assert heard == decoder().decode(octets)


def test_long_input_without_the_gil_is_the_same() -> None:
    samples = noise(40_000)
    coder = encoder()
    parts = b"".join(coder.encode(samples[at : at + 640]) for at in range(0, len(samples), 640))
    assert encoder().encode(samples) == parts
    speaker = decoder()
    heard = b"".join(speaker.decode(parts[at : at + 160]) for at in range(0, len(parts), 160))
    assert decoder().decode(parts) == heard


def test_empty_in_empty_out() -> None:
    assert encoder().encode(b"") == b""
    assert decoder().decode(b"") == b""
    assert encoder().encode_into(b"", bytearray()) == 0
    assert decoder().decode_into(b"", bytearray()) == 0


def test_reset_restarts_and_keeps_the_mode() -> None:
    coder, speaker = encoder(mode=2), decoder(mode=3)
    octets, samples = coder.encode(noise(320)), speaker.decode(noise(160))
    coder.reset()
    speaker.reset()
    assert coder.encode(noise(320)) == octets
    assert speaker.decode(noise(160)) == samples


def test_copy_is_independent() -> None:
    coder, speaker = encoder(mode=2), decoder(mode=3)
    coder.encode(noise(320))
    speaker.decode(noise(80))
    coder_twin, speaker_twin = coder.copy(), speaker.copy()
    coder.copy().encode(noise(100, 9))
    speaker.copy().decode(noise(100, 9))
    assert (coder_twin.mode, speaker_twin.mode, coder_twin.info) == (2, 3, G722)
    assert coder_twin.encode(noise(320, 2)) == coder.encode(noise(320, 2))
    assert speaker_twin.decode(noise(160, 2)) == speaker.decode(noise(160, 2))


BUFFERS: list[Callable[[bytes], Any]] = [
    bytes,
    bytearray,
    memoryview,
    at_odd_address,
    lambda octets: memoryview(octets).cast("c"),
    lambda octets: np.frombuffer(octets, np.uint8),
]
PCM_BUFFERS: list[Callable[[bytes], Any]] = [
    *BUFFERS,
    lambda octets: memoryview(octets).cast("h"),
    lambda octets: array.array("h", octets),
    lambda octets: np.frombuffer(octets, np.int16),
]


@pytest.mark.parametrize("buffer", PCM_BUFFERS)
def test_every_buffer_of_samples_is_read_and_filled(buffer: Callable[[bytes], Any]) -> None:
    samples = noise(1000)
    expected = encoder().encode(samples)
    assert encoder().encode(buffer(samples)) == expected
    room = buffer(bytes(2000))
    if not memoryview(room).readonly:
        assert decoder().decode_into(expected, room) == 1000
        assert bytes(memoryview(room).cast("B")) == decoder().decode(expected)


@pytest.mark.parametrize("buffer", BUFFERS)
def test_every_buffer_of_octets_is_read_and_filled(buffer: Callable[[bytes], Any]) -> None:
    octets = noise(250)
    assert decoder().decode(buffer(octets)) == decoder().decode(octets)
    room = buffer(bytes(500))
    if not memoryview(room).readonly:
        assert encoder().encode_into(noise(1000), room) == 500
        assert bytes(memoryview(room).cast("B")) == encoder().encode(noise(1000))


def test_octets_after_the_result_are_unchanged() -> None:
    room = bytearray(b"\x55" * 700)
    assert decoder().decode_into(noise(80), room) == 320
    assert room[640:] == b"\x55" * 60
    room = bytearray(b"\x55" * 200)
    assert encoder().encode_into(noise(320), room) == 160
    assert room[160:] == b"\x55" * 40


@pytest.mark.parametrize("pairs", range(101))
def test_nothing_outside_the_buffers_is_read_or_written(pairs: int) -> None:
    samples, octets = noise(2 * pairs), noise(pairs)[:pairs]
    guarded = bytearray(b"\x55" * 16 + bytes(4 * pairs) + b"\x55" * 16)
    # Octets around the input must not matter, and octets around the output must not change.
    for around in b"\x00", b"\x7f":
        inside = around * 64 + samples + around * 64
        assert encoder().encode(memoryview(inside)[64 : 64 + 4 * pairs]) == encoder().encode(samples)
        inside = around * 64 + octets + around * 64
        decoder().decode_into(memoryview(inside)[64 : 64 + pairs], memoryview(guarded)[16 : 16 + 4 * pairs])
        assert guarded == b"\x55" * 16 + decoder().decode(octets) + b"\x55" * 16


def test_wrong_input_is_refused_and_changes_nothing() -> None:
    coder, speaker = encoder(), decoder()
    coder.encode(noise(100))
    speaker.decode(noise(100))
    coder_twin, speaker_twin = coder.copy(), speaker.copy()
    odd: Any = np.zeros(10, ">i2")
    with pytest.raises(ValueError, match=r"^pcm has 7 samples, G722 codes them in pairs and needs an even number$"):
        coder.encode(noise(7))
    with pytest.raises(ValueError, match=r"^pcm has 3 octets, 16-bit samples need an even number$"):
        coder.encode(b"abc")
    with pytest.raises(TypeError, match=r"^pcm has items of format '>h'"):
        coder.encode(odd)
    with pytest.raises(TypeError, match=r"^payload has items of format 'h', octets"):
        speaker.decode(array.array("h", noise(4)))
    with pytest.raises(TypeError, match="bytes-like object is required"):
        speaker.decode("text")  # type: ignore[arg-type]  # the refusal of a str is what is tested
    for pcm in noise(7), b"abc":
        with pytest.raises(ValueError, match="even number"):
            coder.encode_into(pcm, bytearray(100))
    assert coder.encode(noise(320)) == coder_twin.encode(noise(320))
    assert speaker.decode(noise(160)) == speaker_twin.decode(noise(160))


def test_a_buffer_that_does_not_fit_is_refused_and_changes_nothing() -> None:
    coder, speaker = encoder(), decoder()
    shared = bytearray(1000)
    with pytest.raises(ValueError, match=r"^out has room for 159 octets, the result needs 160$"):
        coder.encode_into(noise(320), bytearray(159))
    with pytest.raises(ValueError, match=r"^out has room for 639 octets, the result needs 640$"):
        speaker.decode_into(noise(80), bytearray(639))
    with pytest.raises(ValueError, match=r"^out overlaps the source"):
        coder.encode_into(memoryview(shared)[:640], memoryview(shared)[600:800])
    with pytest.raises(ValueError, match=r"^out overlaps the source"):
        speaker.decode_into(memoryview(shared)[:160], memoryview(shared)[159:959])
    with pytest.raises(TypeError, match=r"^out has items of format 'h', octets"):
        coder.encode_into(noise(320), array.array("h", bytes(640)))
    with pytest.raises(BufferError, match="not writable"):
        speaker.decode_into(noise(80), bytes(640))
    assert coder.encode(noise(320)) == encoder().encode(noise(320))
    assert speaker.decode(noise(160)) == decoder().decode(noise(160))
    shared.extend(b"released")


def test_a_direction_has_at_most_512_octets_of_state() -> None:
    assert len(kernel.start()) <= 512
    # The object itself: the state, the mode, the rate and the info.
    assert max(sys.getsizeof(encoder()), sys.getsizeof(decoder())) <= 512


def test_into_allocates_nothing() -> None:
    coder, speaker = encoder(), decoder()
    samples, octets = noise(320), noise(80)
    octet_room, sample_room = bytearray(160), bytearray(640)
    into: list[tuple[Callable[[Buffer, Buffer], int], Buffer, Buffer]] = [
        (coder.encode_into, samples, octet_room),
        (speaker.decode_into, octets, sample_room),
    ]
    with traced():
        for function, source, room in into:
            # Only the returned int may be allocated.
            assert peak_octets(function, source, room) <= 32


def test_codecs_work_side_by_side_on_threads() -> None:
    samples = noise(200_000)
    expected = encoder().encode(samples)
    with ThreadPoolExecutor(4) as threads:
        assert all(octets == expected for octets in threads.map(lambda _: encoder().encode(samples), range(8)))


def test_copies_are_explicit() -> None:
    for made in encoder(), decoder():
        with pytest.raises(TypeError, match="cannot pickle"):
            pickle.dumps(made)
        with pytest.raises(TypeError, match="cannot pickle"):
            copy.copy(made)


def in_new_process(level: str, code: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "RTPCODEC_SIMD": level}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)


def test_the_form_is_chosen_by_the_environment() -> None:
    told = in_new_process("portable", "from rtpcodec.kernels._simd import simd_level; print(simd_level())")
    assert told.stdout == "portable\n"
    told = in_new_process("avx2", "from rtpcodec.kernels._simd import simd_level; print(simd_level())")
    assert told.stdout == ("avx2\n" if "avx2" in kernel.forms() else "")  # an error where there is none
    told = in_new_process("sse9", "import rtpcodec.codecs.g722")
    assert (
        "ValueError: RTPCODEC_SIMD is 'sse9', nothing or one of 'portable', 'avx2', 'avx512' is needed" in told.stderr
    )
    assert "portable" in kernel.forms()
    assert ("avx2" in kernel.forms()) or simd_level() == "portable"


def test_the_definition_runs_when_it_is_forced() -> None:
    code = "import sys; from rtpcodec.codecs import codec; sys.stdout.write(codec('G722').encoder().encode({!r}).hex())"
    samples = noise(400)
    assert in_new_process("portable", code.format(samples)).stdout == encoder().encode(samples).hex()

"""Every length and alignment of G.711, G.722, PCM and the resampler, at the edge of forbidden memory.

Run by tests/kernels/test_guard_pages.py in processes of their own: the proof of a fault is the end of the process.
Prints how many calls were made. `python -m tests.isolated.guard_pages [PLACES]`: with a number, each length is tried at
that many places, drawn at random with a seed; without one, at all places.
"""

import random
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import rtpcodec
from rtpcodec.audio.concealment import Concealer
from rtpcodec.codecs.g722 import G722, G722Decoder, G722Encoder
from rtpcodec.compat import audioop
from rtpcodec.errors import PacketError
from rtpcodec.kernels import base64, channels, fading, float_pcm, levels, mixing
from rtpcodec.kernels.bands import band_energy
from rtpcodec.kernels.goertzel import ToneBank, ToneTables
from rtpcodec.kernels.media_text import MediaText
from rtpcodec.kernels.prediction import prediction_gain_db
from tests.oracles.guarded import PAGE, GuardedMemory

LENGTHS = range(301)
ALIGNMENTS = range(64)
CANARY = 0xA7
NAMES = {
    "pcmu_decode": (1, 2),
    "pcma_decode": (1, 2),
    "pcmu_encode": (2, 1),
    "pcma_encode": (2, 1),
    "pcmu_to_pcma": (1, 1),
    "pcma_to_pcmu": (1, 1),
}
TWINS = {"ulaw2lin": (1, 2), "alaw2lin": (1, 2), "lin2ulaw": (2, 1), "lin2alaw": (2, 1)}
"""Functions with an *_into form, and those of compat.audioop, which have none; octets per item of input and output."""
OCTETS_OUT = {"PCMU": 2, "G722": 4}
"""Octets of output per octet, for decoders that are called after a gap."""
MULTIPLES = ((8000, 16000), (16000, 48000), (12000, 48000), (8000, 48000), (8000, 8000))
"""Pairs of rates with a whole number of samples for each."""
OTHER_PAIRS = (
    (16000, 8000),
    (24000, 16000),
    (16000, 24000),
    (44100, 8000),
    (8000, 44100),
    (48000, 11025),
    (44100, 48000),
)
BANK_ROWS = 17
"""Sixteen lanes, and one row that is coded alone."""
BANK_PAGES = 1 + BANK_ROWS * 4 * LENGTHS[-1] // PAGE


class Kernel(NamedTuple):
    """A function and, if it has one, its form that writes into a given buffer."""

    name: str
    run: Callable[[memoryview | bytes], bytes]
    run_into: Callable[[memoryview | bytes, memoryview], int] | None
    octets_in: int
    octets_out: int
    valid: Callable[[bytes], bytes] = bytes
    """Makes valid input from random octets."""


class Place(NamedTuple):
    """The position of source and result: at the end or the start of their pages, with a distance from the edge."""

    source_at_end: bool
    source_distance: int
    room_at_end: bool
    room_distance: int


def places() -> Iterator[Place]:
    """Yield places: one buffer touches the edge while the other has every alignment."""
    for at_end in (False, True):
        for distance in ALIGNMENTS:
            yield Place(at_end, 0, at_end, distance)
            yield Place(at_end, distance, at_end, 0)


def kernels() -> Iterator[Kernel]:
    """Return all functions of both tables."""
    for name, (octets_in, octets_out) in NAMES.items():
        yield Kernel(name, getattr(rtpcodec, name), getattr(rtpcodec, f"{name}_into"), octets_in, octets_out)
    for name, (octets_in, octets_out) in TWINS.items():
        yield Kernel(name, partial(width_2, getattr(audioop, name)), None, octets_in, octets_out)
    yield Kernel("g722_encode", _g722_encode, lambda pcm, room: G722Encoder(G722, 16000).encode_into(pcm, room), 4, 1)
    yield Kernel("concealed pcm", _take_after_gap, None, 2, 2)
    for name, octets_out in OCTETS_OUT.items():
        decode, decode_into = partial(_decode_after_gap, name), partial(_decode_into_after_gap, name)
        yield Kernel(f"{name} decode after a gap", decode, decode_into, 1, octets_out)
    yield from pcm_kernels()
    for from_hz, to_hz in MULTIPLES:
        resample_into = partial(_resample_into, from_hz, to_hz)
        yield Kernel(
            f"{from_hz} to {to_hz} Hz", partial(_resample, from_hz, to_hz), resample_into, 2, 2 * to_hz // from_hz
        )
    yield Kernel("g722_decode", _g722_decode, lambda codes, room: _g722_decode_into(codes, room) // 2, 1, 4)


def pcm_kernels() -> Iterator[Kernel]:
    """Return all PCM functions; the second source of a mix has its own pages."""
    yield Kernel("gain", lambda pcm: mixing.gain(pcm, 0.7), lambda pcm, out: mixing.gain_into(pcm, 0.7, out), 2, 2)
    yield Kernel("mix", lambda pcm: mixing.mix((pcm, pcm)), lambda pcm, out: mixing.mix_into((pcm, pcm), out), 2, 2)
    for rising in (True, False):
        fade, fade_into = partial(_fade, rising), partial(_fade_into, rising)
        yield Kernel("fade", fade, fade_into, 2, 2)
    yield Kernel("int16_to_float32", float_pcm.int16_to_float32, float_pcm.int16_to_float32_into, 2, 4)
    yield Kernel(
        "float32_to_int16", float_pcm.float32_to_int16, float_pcm.float32_to_int16_into, 4, 2, valid=_without_nan
    )
    yield Kernel("downmix", lambda pcm: channels.downmix(pcm, 2), _downmix_into, 4, 2)
    yield Kernel("split", lambda pcm: b"".join(channels.split(pcm, 3)), None, 6, 6)
    yield Kernel("interleave", lambda pcm: channels.interleave((pcm, pcm)), _interleave_into, 2, 4)
    yield Kernel("prediction", lambda pcm: b"%r" % [prediction_gain_db(pcm, step) for step in (1, 2)], None, 2, 2)
    yield Kernel("band", lambda pcm: b"%r" % band_energy(pcm, bytes(range(98)), 4), None, 2, 2)
    yield Kernel("taps of a band", lambda taps: b"%r" % band_energy(bytes(range(200)), taps, 3), None, 2, 2)
    yield Kernel("goertzel", _measured, None, 2, 2)
    yield Kernel("levels", lambda pcm: b"%d %d" % (levels.peak(pcm), levels.energy(pcm)), None, 2, 2)


def _measured(pcm: memoryview | bytes) -> bytes:
    tables = ToneTables(8000, (700.0, 1300.0), 64)
    return b"%r" % ToneBank(tables, 30, split=1, least_power=0.0, least_share=0.0).measure(pcm)


def _fade(rising: bool, pcm: memoryview | bytes) -> bytes:
    return fading.fade(pcm, 5, 100, rising)


def _fade_into(rising: bool, pcm: memoryview | bytes, out: memoryview) -> int:
    return fading.fade_into(pcm, 5, 100, rising, out)


def _downmix_into(pcm: memoryview | bytes, out: memoryview) -> int:
    return channels.downmix_into(pcm, 2, out)


def _interleave_into(pcm: memoryview | bytes, out: memoryview) -> int:
    return channels.interleave_into((pcm, pcm), out)


def _without_nan(octets: bytes) -> bytes:
    floats = np.frombuffer(octets, np.float32)
    return np.where(np.isnan(floats), np.float32(0.3), floats).tobytes()


def width_2(function: Callable[..., bytes], fragment: memoryview | bytes) -> bytes:
    """Call a function of compat.audioop."""
    return function(fragment, 2)


def _g722_encode(pcm: memoryview | bytes) -> bytes:
    return G722Encoder(G722, 16000).encode(pcm)


def _g722_decode(codes: memoryview | bytes) -> bytes:
    return G722Decoder(G722, 16000).decode(codes)


def _g722_decode_into(codes: memoryview | bytes, room: memoryview) -> int:
    return G722Decoder(G722, 16000).decode_into(codes, room)


def _resample(from_hz: int, to_hz: int, pcm: memoryview | bytes) -> bytes:
    return rtpcodec.Resampler(from_hz, to_hz).resample(pcm)


def _resample_into(from_hz: int, to_hz: int, pcm: memoryview | bytes, room: memoryview) -> int:
    return rtpcodec.Resampler(from_hz, to_hz).resample_into(pcm, room) * from_hz // to_hz


def _after_gap(name: str) -> Any:
    decoder = rtpcodec.codec(name).decoder()
    decoder.decode(bytes(range(200)))
    decoder.conceal(6)
    return decoder


def _decode_after_gap(name: str, codes: memoryview | bytes) -> bytes:
    pcm: bytes = _after_gap(name).decode(codes)
    return pcm


def _decode_into_after_gap(name: str, codes: memoryview | bytes, room: memoryview) -> int:
    written: int = _after_gap(name).decode_into(codes, room)
    return 2 * written // OCTETS_OUT[name]


def _take_after_gap(pcm: memoryview | bytes) -> bytes:
    concealer = Concealer(8000)
    concealer.take(bytes(range(200)))
    concealer.conceal(6)
    return concealer.take(pcm)


def view(memory: GuardedMemory, octets: int, at_end: bool, distance: int) -> tuple[memoryview, int]:
    """A buffer, and its position in the memory."""
    if at_end:
        return memory.at_end(octets, distance), memory.octets - distance - octets
    return memory.at_start(octets, distance), distance


def check(kernel: Kernel, length: int, data: bytes, place: Place, memories: tuple[GuardedMemory, GuardedMemory]) -> int:
    """Make calls on one pair of buffers: exact bytes, source at the edge, both at the edge. Return their number."""
    source, _ = view(memories[0], len(data), place.source_at_end, place.source_distance)
    source[:] = data
    expected = kernel.run(data)
    assert kernel.run(source) == expected, f"{kernel.name}: {length} items at {place} give another result"
    if kernel.run_into is None:
        return 2
    room, start = view(memories[1], length * kernel.octets_out, place.room_at_end, place.room_distance)
    memories[1].fill(CANARY)
    assert kernel.run_into(source, room) == length
    assert room == expected, f"{kernel.name}_into: {length} items at {place} give another result"
    around = memories[1].all_but(room, start)
    assert around.count(CANARY) == len(around), f"{kernel.name}_into: {length} items at {place} write outside"
    return 3


def check_banks(pairs: int, data: bytes, memories: tuple[GuardedMemory, GuardedMemory]) -> int:
    """Run both banks with their rows at both edges of the memory; return the number of calls."""
    for at_end in (False, True):
        for octets_in, octets_out, run in ((4, 1, _encode_rows), (1, 4, _decode_rows)):
            source, _ = view(memories[0], BANK_ROWS * pairs * octets_in, at_end, 0)
            room, start = view(memories[1], BANK_ROWS * pairs * octets_out, at_end, 0)
            source[:] = data[: source.nbytes]
            memories[1].fill(CANARY)
            run(source, room)
            one = _g722_encode if octets_in == 4 else _g722_decode
            step = pairs * octets_in
            expected = b"".join(one(bytes(source[step * row : step * (row + 1)])) for row in range(BANK_ROWS))
            assert room == expected, f"a bank of {BANK_ROWS} rows of {pairs} pairs gives another result"
            around = memories[1].all_but(room, start)
            assert around.count(CANARY) == len(around), f"a bank of {BANK_ROWS} rows of {pairs} pairs writes outside"
    return 4


def check_other_pairs(data: bytes, memories: tuple[GuardedMemory, GuardedMemory]) -> int:
    """Resample between rates without a whole ratio, into buffers of the exact size; return the number of calls."""
    calls = 0
    for from_hz, to_hz in OTHER_PAIRS:
        expected = _resample(from_hz, to_hz, data)
        for at_end in (False, True):
            source, _ = view(memories[0], len(data), at_end, 0)
            source[:] = data
            room, start = view(memories[1], len(expected), at_end, 0)
            memories[1].fill(CANARY)
            assert 2 * rtpcodec.Resampler(from_hz, to_hz).resample_into(source, room) == len(expected)
            assert room == expected, f"{len(data)} octets from {from_hz} to {to_hz} Hz give another result"
            around = memories[1].all_but(room, start)
            assert around.count(CANARY) == len(around), f"{len(data)} octets from {from_hz} to {to_hz} Hz write outside"
            calls += 1
    return calls


def _encode_rows(source: memoryview, room: memoryview) -> None:
    pcm, codes = _table(source, np.int16), _table(room, np.uint8)
    rtpcodec.G722EncoderBank(BANK_ROWS).encode(pcm, out=codes)


def _decode_rows(source: memoryview, room: memoryview) -> None:
    codes, pcm = _table(source, np.uint8), _table(room, np.int16)
    rtpcodec.G722DecoderBank(BANK_ROWS).decode(codes, out=pcm)


def _table(octets: memoryview, item: type[Any]) -> NDArray[Any]:
    items = np.frombuffer(octets, item)
    return items.reshape(BANK_ROWS, items.size // BANK_ROWS)


def check_texts(generator: random.Random, memories: tuple[GuardedMemory, GuardedMemory]) -> int:
    """Code base64 of every length in both directions at both edges, and media texts; return the number of calls."""
    text_of = MediaText("head", "tail", "pcmu")
    calls = 0
    for length in LENGTHS:
        octets = generator.randbytes(length)
        text = base64.encode(octets)
        for at_end in (False, True):
            for given, into, expected in ((octets, base64.encode_into, text), (text, base64.decode_into, octets)):
                source, _ = view(memories[0], len(given), at_end, 0)
                source[:] = given
                room, start = view(memories[1], len(expected), at_end, 0)
                memories[1].fill(CANARY)
                assert into(source, room) == len(expected)
                assert room == expected, f"{into.__name__} of {length} octets gives another result"
                around = memories[1].all_but(room, start)
                assert around.count(CANARY) == len(around), f"{into.__name__} of {length} octets writes outside"
            source, _ = view(memories[0], 2 * length, at_end, 0)
            source[:] = octets * 2
            assert text_of.of_payload(source) == text_of.of_payload(octets * 2)
            assert text_of.of_pcm(source) == text_of.of_pcm(octets * 2)
            calls += 4
    return calls


def check_packets(generator: random.Random, memories: tuple[GuardedMemory, GuardedMemory]) -> int:
    """Parse and write packets of every length, and other octets, at both edges; return the number of calls."""
    calls = 0
    for length in LENGTHS:
        for first in range(256):
            datagram = (bytes((first,)) + generator.randbytes(length))[:length]
            for at_end in (False, True):
                source, _ = view(memories[0], length, at_end, 0)
                source[:] = datagram
                calls += 2
                assert rtpcodec.is_rtcp(source) == rtpcodec.is_rtcp(datagram)
                try:
                    packet = rtpcodec.RtpPacket.parse(source)
                except PacketError:
                    continue
                room, start = view(memories[1], length, at_end, 0)
                memories[1].fill(CANARY)
                assert packet.build_into(room) == length
                assert room == datagram
                around = memories[1].all_but(room, start)
                assert around.count(CANARY) == len(around), f"a packet of {length} octets writes outside"
                calls += 1
    return calls


def main(places_per_length: int | None) -> None:
    """Run all kernels and lengths at all or some places; then banks and packets."""
    generator = random.Random(711)
    memories = GuardedMemory(), GuardedMemory()
    every = list(places())
    calls = 0
    for kernel in kernels():
        for length in LENGTHS:
            data = kernel.valid(generator.randbytes(length * kernel.octets_in))
            for place in generator.sample(every, places_per_length) if places_per_length else every:
                calls += check(kernel, length, data, place, memories)
    wide = GuardedMemory(BANK_PAGES), GuardedMemory(BANK_PAGES)
    for length in LENGTHS:
        calls += check_banks(length, generator.randbytes(BANK_ROWS * 4 * length), wide)
        calls += check_other_pairs(generator.randbytes(2 * length), wide)
    calls += check_texts(generator, memories) + check_packets(generator, memories)
    print(f"{calls} calls within their buffers")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else None)

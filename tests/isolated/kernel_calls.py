"""Calls of every public kernel function with good and bad arguments, for checks of leaks and allocations.

A kernel joins with a line in SHAPES. A function without one fails test_every_kernel_function_has_calls.
"""

from array import array
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import Any, NamedTuple

import numpy as np

import rtpcodec.kernels
from benchmarks.harness.signals import speech
from rtpcodec import G722DecoderBank, G722EncoderBank, codec
from rtpcodec.audio.concealment import Concealer
from rtpcodec.codecs import FrameEncoder
from rtpcodec.codecs._opus import OpusDecoder
from rtpcodec.codecs.info import SampleDecoder, SampleEncoder
from rtpcodec.kernels.goertzel import ToneBank, ToneTables
from tests.isolated.pcm_calls import PCM_CALLS

ITEMS = 160
SAMPLE_OCTETS = (2, 4)
"""Octets of an item that is a sample or a pair of samples."""


class Shape(NamedTuple):
    """Octets per item of input and output of a function from buffer to bytes, and its further arguments."""

    octets_in: int
    octets_out: int
    rest: tuple[Any, ...] = ()


DECODE, ENCODE, SAME, SAMPLES = Shape(1, 2), Shape(2, 1), Shape(1, 1), Shape(2, 2)
BASE64_TEXTS = ("A" * 214 + "==", b"A" * 214 + b"==", bytearray(b"A" * 212), memoryview(b"A" * 211 + b"="))
SHAPES: dict[str, Shape | tuple[tuple[Any, ...], ...]] = {
    "pcmu_decode": DECODE,
    "pcma_decode": DECODE,
    "pcmu_encode": ENCODE,
    "pcma_encode": ENCODE,
    "pcmu_to_pcma": SAME,
    "pcma_to_pcmu": SAME,
    "swap_bytes": SAMPLES,
    "copy_samples": SAMPLES,
    "int16_to_float32": Shape(2, 4),
    "ulaw2lin": Shape(1, 2, (2,)),
    "alaw2lin": Shape(1, 2, (2,)),
    "lin2ulaw": Shape(2, 1, (2,)),
    "lin2alaw": Shape(2, 1, (2,)),
    # Functions of another kind: the arguments of good calls.
    "simd_level": ((),),
    "available_levels": ((),),
    "choose_level": (("", ("portable", "avx2")), ("portable", ("portable",))),
    "is_rtcp": ((b"\x80\xc8",), (bytearray(12),), (b"",), (memoryview(bytes(2)),)),
    "coefficients": ((8000, 16000), (48000, 8000)),
    "encode": tuple((kind(160),) for kind in (bytes, bytearray)),
    "encode_into": tuple((kind(160), bytearray(216)) for kind in (bytes, bytearray)),
    "decode": tuple((text,) for text in BASE64_TEXTS),
    "decode_into": tuple((text, bytearray(160)) for text in BASE64_TEXTS),
    **PCM_CALLS,
}
"""Arguments by function name; an *_into form also has a buffer for the result."""


class Call(NamedTuple):
    """One function with arguments, and the error that it must raise."""

    name: str
    run: Callable[..., Any]
    args: tuple[Any, ...]
    error: type[Exception] | None = None


def functions() -> dict[str, Callable[..., Any]]:
    """Return every public function of the kernels and of `compat.audioop`, by module and name, without test helpers."""
    modules = [
        f"rtpcodec.kernels.{module.name}"
        for module in iter_modules(rtpcodec.kernels.__path__)
        if module.name != "_g722_forms"
    ]
    if find_spec("rtpcodec.compat"):
        modules.append("rtpcodec.compat.audioop")
    return {
        f"{name}.{member}": function
        for name in modules
        for member, function in vars(import_module(name)).items()
        if callable(function) and not isinstance(function, type) and not member.startswith("_")
        if getattr(function, "__module__", None) == name
    }


def calls() -> Iterator[Call]:
    """Return good and bad calls of all functions in SHAPES."""
    for name, function in functions().items():
        member = name.rpartition(".")[2]
        shape = SHAPES.get(member, SHAPES.get(member.removesuffix("_into")))
        if isinstance(shape, Shape):
            yield from (_calls_into if name.endswith("_into") else _calls_fresh)(name, function, shape)
        elif shape is not None:
            yield from (Call(name, function, args) for args in shape)
            yield Call(name, function, ("too", "many", "arguments"), TypeError)


def g722_calls() -> Iterator[Call]:
    """Return good and bad calls of the codec's methods and of banks, which are the only access to the G.722 kernel."""
    made = codec("G722")
    encoder, decoder = made.encoder(), made.decoder()
    for name, run, into, shape in (
        ("G722Encoder.encode", encoder.encode, encoder.encode_into, Shape(4, 1)),
        ("G722Decoder.decode", decoder.decode, decoder.decode_into, Shape(1, 4)),
    ):
        yield from _calls_fresh(name, run, shape)
        yield from _calls_into(f"{name}_into", into, shape)
        yield Call(name, run, (), TypeError)
    for maker in (made.encoder, made.decoder):
        yield Call(maker.__name__, maker, (16000,))
        yield Call(maker.__name__, maker, (8000,), ValueError)
    assert isinstance(encoder, SampleEncoder)
    assert isinstance(decoder, SampleDecoder)
    for coder in (encoder, decoder):
        yield Call("copy", coder.copy, ())
        yield Call("reset", coder.reset, ())
    yield from _calls_of_bank("G722EncoderBank.encode", G722EncoderBank(6), np.zeros((6, 80), np.int16))
    yield from _calls_of_bank("G722DecoderBank.decode", G722DecoderBank(6), np.zeros((6, 40), np.uint8))


def concealing_calls() -> Iterator[Call]:
    """Return good and bad calls of concealment: a Concealer, and the decoders of sample codecs before and in a gap."""
    concealer = Concealer(8000)
    pcm = speech(160, 8000).tobytes()
    for kind in (bytes, bytearray, memoryview):
        yield Call("Concealer.take", concealer.take, (kind(pcm),))
    yield Call("Concealer.take", concealer.take, (pcm[1:],), ValueError)
    yield Call("Concealer.take", concealer.take, (None,), TypeError)
    decoders: list[Any] = [codec("PCMU").decoder(), codec("PCMA").decoder(), codec("G722").decoder()]
    decoders += [codec("L16").decoder(byte_order=order) for order in ("little", "big")]
    for decoder in decoders:
        for kind in (bytes, bytearray):
            yield Call("decode", decoder.decode, (kind(160),))
            yield Call("decode_into", decoder.decode_into, (kind(160), bytearray(640)))
        yield Call("decode", decoder.decode, (None,), TypeError)
        yield Call("decode_into", decoder.decode_into, (bytes(160), bytearray(3)), ValueError)
    fillers: list[Any] = [concealer, *decoders]
    for filler in fillers:
        yield Call("conceal", filler.conceal, (160,))
        yield Call("conceal", filler.conceal, (-2,), ValueError)
        yield Call("conceal", filler.conceal, ("x",), ValueError)
        yield Call("copy", filler.copy, ())
        yield Call("reset", filler.reset, ())


def tone_calls() -> Iterator[Call]:
    """Return good and bad calls of the tone kernels."""
    tables = ToneTables(8000, (700.0, 1300.0), 64)

    def bank(**others: Any) -> ToneBank:
        return ToneBank(tables, 30, **({"split": 1, "least_power": 0.0, "least_share": 0.0} | others))

    yield Call("ToneTables", ToneTables, (8000, (700.0,), 64))
    yield Call("ToneTables", ToneTables, (8000, (700.0, 5000.0), 64), ValueError)
    yield Call("ToneTables", ToneTables, (8000, (None,), 64), TypeError)
    yield Call("ToneBank", bank, ())
    yield Call("ToneBank", lambda: bank(split=3), (), ValueError)
    yield Call("ToneBank", lambda: bank(least_power="x"), (), TypeError)
    one, quiet = bank(), bank(least_power=1e12)
    yield from _calls_fresh("ToneBank.measure", one.measure, SAMPLES)
    yield Call("ToneBank.measure", quiet.measure, (bytes(640),))
    yield Call("ToneBank.reset", one.reset, ())


def frame_codec_calls() -> Iterator[Call]:
    """Return good and bad calls of OPUS and AMR-WB, if their libraries are installed."""
    for name, wrong in (("OPUS", b"\x03\x00"), ("AMR-WB", b"\x44\x00")):
        made = codec(name)
        if any(library.status().error for library in made.libraries):
            continue
        encoder, decoder = made.encoder(), made.decoder()
        assert isinstance(encoder, FrameEncoder)
        pcm = speech(encoder.frame_samples, made.sample_rate_hz()).tobytes()
        frame = encoder.encode(pcm)
        room = bytearray(max(encoder.max_octets, len(pcm)))
        for kind in (bytes, bytearray, memoryview):
            yield Call(f"{name} encode", encoder.encode, (kind(pcm),))
            yield Call(f"{name} encode_into", encoder.encode_into, (kind(pcm), room))
            yield Call(f"{name} decode", decoder.decode, (kind(frame),))
            yield Call(f"{name} decode_into", decoder.decode_into, (kind(frame), room))
        yield Call(f"{name} encode", encoder.encode, (pcm[2:],), ValueError)
        yield Call(f"{name} encode", encoder.encode, (None,), TypeError)
        yield Call(f"{name} encode_into", encoder.encode_into, (pcm, bytearray(3)), ValueError)
        yield Call(f"{name} encode_into", encoder.encode_into, (pcm, bytes(room)), BufferError)
        yield Call(f"{name} decode", decoder.decode, (wrong,), ValueError)
        yield Call(f"{name} decode", decoder.decode, (None,), TypeError)
        yield Call(f"{name} decode_into", decoder.decode_into, (frame, bytearray(3)), ValueError)
        yield Call(f"{name} decode_into", decoder.decode_into, (wrong, room), ValueError)
        yield Call(f"{name} conceal", decoder.conceal, (len(pcm) // 2,))
        yield Call(f"{name} conceal", decoder.conceal, (1,), ValueError)
        for coder in (encoder, decoder):
            yield Call(f"{name} reset", coder.reset, ())
            if isinstance(coder, SampleEncoder | SampleDecoder):
                yield Call(f"{name} copy", coder.copy, ())
        if isinstance(decoder, OpusDecoder):
            yield Call(f"{name} decode_fec", decoder.decode_fec, (frame, 320))
            yield Call(f"{name} decode_fec", decoder.decode_fec, (wrong, 320), ValueError)
        yield Call(f"{name} encoder", made.encoder, ())
        yield Call(f"{name} encoder", made.encoder, (44100,), ValueError)
        yield Call(f"{name} decoder", made.decoder, ())


def _calls_of_bank(name: str, bank: G722EncoderBank | G722DecoderBank, table: Any) -> Iterator[Call]:
    run: Callable[..., Any] = bank.encode if isinstance(bank, G722EncoderBank) else bank.decode
    out = run(table)

    def of_rows(source: Any, rows: list[int]) -> Any:
        return run(source, rows=rows)

    def into(source: Any, room: Any) -> Any:
        return run(source, out=room)

    yield Call(name, run, (table,))
    yield Call(name, run, (table[:5],), ValueError)
    yield Call(name, run, (table.astype(np.float32),), TypeError)
    yield Call(name, run, ([[1, 2], [3]],), TypeError)
    yield Call(name, of_rows, (table[:2], [5, 1]))
    yield Call(name, of_rows, (table[:2], [1, 1]), ValueError)
    yield Call(name, of_rows, (table[:2], [1, 6]), IndexError)
    yield Call(name, into, (table, out))
    yield Call(name, into, (table, out[:, 1:]), ValueError)
    yield Call(name, into, (table, None))
    yield Call("copy", bank.copy, ())
    yield Call("reset", bank.reset, (9,), IndexError)


def sources(shape: Shape) -> list[Any]:
    """Return the same octets in every kind of buffer, also at an odd address."""
    octets = bytes(range(ITEMS)) * shape.octets_in
    kinds: list[Any] = [
        octets,
        bytearray(octets),
        memoryview(octets),
        memoryview(b"." + octets)[1:],
        b"",
        array("B", octets),
    ]
    if shape.octets_in in SAMPLE_OCTETS:
        kinds += [array("h", octets), np.frombuffer(octets, np.int16)]
    return kinds


def bad_sources(shape: Shape) -> list[tuple[Any, type[Exception]]]:
    """Return arguments that are not a source, each with its error."""
    square = np.zeros((4, 4), np.int16 if shape.octets_in in SAMPLE_OCTETS else np.uint8)
    bad: list[tuple[Any, type[Exception]]] = [(array("d", [0.5]), TypeError), ("text", TypeError), (None, TypeError)]
    if not shape.rest:
        bad.append((square, ValueError))
        bad.append((memoryview(b"abcdefgh")[::2], BufferError))
    if shape.octets_in in SAMPLE_OCTETS and not shape.rest:
        bad.append((b"odd", ValueError))
    return bad


def _calls_fresh(name: str, function: Callable[..., Any], shape: Shape) -> Iterator[Call]:
    if shape.rest:
        yield from _calls_like_audioop(name, function, shape)
        return
    for source in sources(shape):
        yield Call(name, function, (source,))
    for source, error in bad_sources(shape):
        yield Call(name, function, (source,), error)
    yield Call(name, function, (), TypeError)


def _calls_like_audioop(name: str, function: Callable[..., Any], shape: Shape) -> Iterator[Call]:
    """The removed module accepted any buffer and read its memory as octets."""
    octets = bytes(range(ITEMS)) * shape.octets_in
    for source in (octets, bytearray(octets), memoryview(octets), b""):
        yield Call(name, function, (source, *shape.rest))
    yield Call(name, function, ("text", *shape.rest), TypeError)
    yield Call(name, function, (None, *shape.rest), TypeError)
    yield Call(name, function, (octets,), TypeError)


def _calls_into(name: str, function: Callable[..., Any], shape: Shape) -> Iterator[Call]:
    octets = bytes(range(ITEMS)) * shape.octets_in
    needed = ITEMS * shape.octets_out
    for room in (bytearray(needed), bytearray(needed + 7), memoryview(bytearray(needed + 1))[1:]):
        for source in sources(shape):
            yield Call(name, function, (source, room))
    for source, error in bad_sources(shape):
        yield Call(name, function, (source, bytearray(needed)), error)
    yield Call(name, function, (octets, bytearray(needed - 1)), ValueError)
    yield Call(name, function, (octets, bytes(needed)), BufferError)
    yield Call(name, function, (octets, array("d", [0.0] * needed)), TypeError)
    yield Call(name, function, (octets, None), TypeError)
    yield Call(name, function, (octets,), TypeError)
    shared = memoryview(bytearray(4 * ITEMS))
    yield Call(name, function, (shared[: len(octets)], shared[2 : 2 + needed]), ValueError)

"""Fuzz G.722: single codecs, banks, and all forms of the kernel compared, on buffers of every kind and cut.

Layout of an input: kind and alignment of the source, kind and alignment of the result, its size relative to the need,
mode, rows of a bank; the rest is audio, used as PCM and as octets. COMPARED counts the octets and samples of results
that were compared with another form.
"""

import random
from collections.abc import Callable
from typing import Any

import numpy as np

from rtpcodec import G722DecoderBank, G722EncoderBank
from rtpcodec.codecs.g722 import G722, G722Decoder, G722Encoder
from rtpcodec.kernels import _g722_forms as kernel
from rtpcodec.kernels._simd import available_levels
from tests.fuzz.targets.g711 import ROOMS, SOURCES

FORMS = tuple(level for level in available_levels() if level != "avx512")  # there is no wider form of G.722
HEAD_OCTETS = 7
DOCUMENTED = (TypeError, ValueError, BufferError)
MOST_ROWS = 20
COMPARED = 0

Coder = G722Encoder | G722Decoder


def run(data: bytes) -> int:
    """Process the same audio in all ways; the results must be equal."""
    head, audio = data[:HEAD_OCTETS].ljust(HEAD_OCTETS, b"\0"), data[HEAD_OCTETS:]
    mode = 1 + head[5] % 3
    cuts = random.Random(data)
    pcm = audio[: len(audio) & ~3]
    calls = _forms(pcm, audio, mode, cuts)
    calls += _face(lambda: G722Encoder(G722, 16000, mode=mode), head, pcm, len(pcm) // 4)
    calls += _face(lambda: G722Decoder(G722, 16000, mode=mode), head, audio, 4 * len(audio))
    return calls + _banks(pcm, audio, mode, 1 + head[6] % MOST_ROWS, cuts)


def _count(results: int) -> None:
    global COMPARED  # noqa: PLW0603 (the run prints it at its end)
    COMPARED += results


def _pieces(audio: bytes, unit: int, cuts: random.Random) -> list[bytes]:
    found = []
    while audio:
        size = unit * cuts.choice((0, 1, 2, cuts.randrange(40), cuts.randrange(400)))
        found.append(audio[:size])
        audio = audio[size:]
    return found


def _forms(pcm: bytes, octets: bytes, mode: int, cuts: random.Random) -> int:
    """Compare the kernel's forms, whole and in pieces, with the definition: equal results and equal states."""
    whole = kernel.encode("portable", kernel.start(), pcm), kernel.decode("portable", kernel.start(), octets, mode)
    for form in kernel.forms():
        state, codes = kernel.start(), b""
        for piece in _pieces(pcm, 4, cuts):
            coded, state = kernel.encode(form, state, piece)
            codes += coded
        assert (codes, state) == whole[0], f"{form} encodes otherwise"
        state, samples = kernel.start(), b""
        for piece in _pieces(octets, 1, cuts):
            decoded, state = kernel.decode(form, state, piece, mode)
            samples += decoded
        assert (samples, state) == whole[1], f"{form} decodes otherwise"
        _count(len(codes) + len(samples) // 2)
    return 2 + 2 * len(kernel.forms())


def _face(make: Callable[[], Coder], head: bytes, audio: bytes, octets_out: int) -> int:
    """Use a codec on buffers of any kind: both methods agree, a refusal changes nothing, a reset restarts."""
    source = SOURCES[head[0] % len(SOURCES)](audio, head[1] % 64)
    more = (head[4] - 256 if head[4] > 127 else head[4]) // 8
    room = ROOMS[head[2] % len(ROOMS)](max(0, octets_out + more), head[3] % 64, source)
    expected = _run(make(), audio)
    coder, other = make(), make()
    fresh = None
    try:
        fresh = _run(coder, source)
    except DOCUMENTED:
        assert _run(coder.copy(), audio) == expected, "a refused call has taken something in"
    try:
        written = _run_into(other, source, room)
    except DOCUMENTED:
        assert _run(other.copy(), audio) == expected, "a refused call has taken something in"
    else:
        octets = written if isinstance(other, G722Encoder) else 2 * written
        assert fresh is not None
        assert len(fresh) == octets
        assert memoryview(room).tobytes()[:octets] == fresh
        assert _run(coder.copy(), audio) == _run(other, audio)
    coder.reset()
    assert _run(coder, audio) == expected
    return 7


def _run(coder: Coder, source: Any) -> bytes:
    return coder.encode(source) if isinstance(coder, G722Encoder) else coder.decode(source)


def _run_into(coder: Coder, source: Any, room: Any) -> int:
    return coder.encode_into(source, room) if isinstance(coder, G722Encoder) else coder.decode_into(source, room)


def _banks(pcm: bytes, octets: bytes, mode: int, rows: int, cuts: random.Random) -> int:
    """Compare banks with single codecs, in columns of any width and for any rows."""
    samples = np.frombuffer(pcm[: len(pcm) // (4 * rows) * 4 * rows], np.int16).reshape(rows, -1)
    codes = np.frombuffer(octets[: len(octets) // rows * rows], np.uint8).reshape(rows, -1)
    encoders, decoders = G722EncoderBank(rows, mode=mode), G722DecoderBank(rows, mode=mode)
    encoder = [G722Encoder(G722, 16000, mode=mode) for _ in range(rows)]
    decoder = [G722Decoder(G722, 16000, mode=mode) for _ in range(rows)]
    at, calls = 0, 4
    while at < samples.shape[1] or at < codes.shape[1]:
        width = 2 * cuts.choice((1, 2, cuts.randrange(1, 40), cuts.randrange(1, 200)))
        chosen = cuts.sample(range(rows), cuts.randint(0, rows))
        part = samples[chosen, at : at + width]
        coded = encoders.encode(part, rows=chosen)
        room = np.empty((len(chosen), 2 * codes[chosen, at : at + width].shape[1]), np.int16)
        heard = decoders.decode(codes[chosen, at : at + width], rows=chosen, out=room)
        for place, row in enumerate(chosen):
            assert coded[place].tobytes() == encoder[row].encode(part[place].tobytes())
            assert heard[place].tobytes() == decoder[row].decode(codes[row, at : at + width].tobytes())
        _count(coded.size + heard.size)
        source, target = cuts.randrange(rows), cuts.randrange(rows)
        encoders.copy_row(source, target)
        decoders.reset(target)
        encoder[target] = encoder[source].copy()
        decoder[target].reset()
        at += width
        calls += 4
    return calls

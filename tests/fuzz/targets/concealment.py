"""Fuzz gaps in streams of sample codecs: decoders and the Concealer, fresh and into buffers, in steps of any size.

Layout of an input: one octet for the codec, then steps: an octet for the action, one for its length, and audio.
"""

from __future__ import annotations

from typing import Any

from rtpcodec import codec
from rtpcodec.audio.concealment import Concealer

DOCUMENTED = (TypeError, ValueError, BufferError)
MOST_STEPS = 24
L16_RATES_HZ = (8000, 16000, 22050, 24000, 44100, 48000)


def run(data: bytes) -> int:
    """Run steps until the input ends. Two streams with equal steps through different methods must give equal audio."""
    coder = _coder(data[0] if data else 0)
    twin = coder.copy()
    place, calls = 1, 2
    while place + 1 < len(data) and calls < 2 + 3 * MOST_STEPS:
        action, length = data[place], data[place + 1]
        piece = data[place + 2 : place + 2 + length]
        place += 2 + (0 if action & 1 else length)
        calls += 3
        if action % 29 == 0:
            coder.reset()
            twin.reset()
        elif action % 31 == 0:
            twin = coder.copy()
        elif action & 1:
            _fill(coder, twin, length * (1 + (action >> 3)))
        else:
            _hear(coder, twin, action, piece)
    return calls


def _coder(choice: int) -> Any:
    rate_hz = L16_RATES_HZ[choice % len(L16_RATES_HZ)]
    kind = choice // 8 % 5
    if kind == 0:
        return Concealer(rate_hz - choice % 7 if rate_hz > 8000 else rate_hz + choice % 7)
    if kind == 1:
        return codec("L16").decoder(rate_hz, byte_order="big" if choice & 1 else "little")
    return codec(("PCMU", "PCMA", "G722")[kind - 2]).decoder()


def _fill(coder: Any, twin: Any, samples: int) -> None:
    try:
        gap = coder.conceal(samples)
    except DOCUMENTED:
        return
    half = samples // 4 * 2
    assert len(gap) == 2 * samples
    assert twin.conceal(half) + twin.conceal(samples - half) == gap


def _hear(coder: Any, twin: Any, action: int, piece: bytes) -> None:
    if isinstance(coder, Concealer):
        try:
            heard = coder.take(piece)
        except DOCUMENTED:
            return
        assert len(heard) == len(piece)
        assert twin.take(memoryview(b"." + piece)[1:]) == heard
        return
    try:
        fresh = coder.decode(piece)
    except DOCUMENTED:
        return
    # One time in eight the buffer is a little too small.
    room = memoryview(bytearray(3 + max(0, len(fresh) - (action & 14 == 14))))[3:]
    try:
        written = twin.decode_into(memoryview(b"." + piece)[1:], room)
    except DOCUMENTED:
        assert twin.decode(piece) == fresh
        return
    assert bytes(room[: 2 * written]) == fresh

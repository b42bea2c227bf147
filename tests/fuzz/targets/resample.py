"""Fuzz the resampler: pieces of any size into new and given buffers, copies, resets and flushes.

Layout of an input: one octet for the two rates, then steps: an octet for the action and the length of a piece, and its
audio.
"""

from rtpcodec import Resampler

RATES_HZ = (8000, 16000, 24000, 48000, 11025, 12000, 22050, 32000, 44100)
"""The rates of the first release come first: an octet of 0 to 15 keeps its pair."""
DOCUMENTED = (TypeError, ValueError, BufferError)
MOST_STEPS = 24


def rates_of(octet: int) -> tuple[int, int]:
    """Return the two rates of an octet: first all pairs of four rates, then all pairs."""
    if octet < 16:
        return RATES_HZ[octet & 3], RATES_HZ[octet >> 2]
    pair = (octet - 16) % len(RATES_HZ) ** 2
    return RATES_HZ[pair % len(RATES_HZ)], RATES_HZ[pair // len(RATES_HZ)]


def run(data: bytes) -> int:
    """Run steps until the input ends. A copy with the same steps must give equal audio."""
    resampler = Resampler(*rates_of(data[0] if data else 0))
    twin = resampler.copy()
    place, calls = 1, 2
    while place < len(data) and calls < 2 + 3 * MOST_STEPS:
        step = data[place]
        piece = data[place + 1 : place + 1 + step]
        place += 1 + step
        calls += 3
        _step(resampler, twin, step, piece)
    return calls


def _step(resampler: Resampler, twin: Resampler, step: int, piece: bytes) -> None:
    if step % 29 == 0:
        resampler.reset()
        twin.reset()
    elif step % 31 == 0:
        assert resampler.flush() == twin.flush()
    try:
        samples = resampler.output_samples(len(piece) // 2)
        # One time in eight the buffer is a little too small.
        room = memoryview(bytearray(3 + max(0, 2 * samples - (step & 7 == 7))))[3:]
        written = resampler.resample_into(memoryview(b"." + piece)[1:], room)
    except DOCUMENTED:
        return
    fresh = twin.resample(piece)
    assert written == samples
    assert len(fresh) == 2 * samples
    assert bytes(room) == fresh

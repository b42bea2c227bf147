"""Which telephone keys sound in PCM: the power at the eight frequencies of ITU-T Q.23, block by block.

For tests that must show that a recording, a tap or a capture holds no key, or that it does:

    assert keys_in(recorded, 8000) == ""
    assert keys_in(stereo, 16000, channels=2, channel=0) == "4711"

It finds keys as `rtpcodec.DualTone` and telephones make them, of 50 ms or more (through OPUS 100 ms), down to
FLOOR_DBOV, with silence or quiet noise around them. Speech or music at the level of a key hides it, as from any
receiver.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from typing_extensions import Buffer

ROWS_HZ: Final = (697, 770, 852, 941)
COLUMNS_HZ: Final = (1209, 1336, 1477, 1633)
KEYS: Final = ("123A", "456B", "789C", "*0#D")
"""Keys by row and column (ITU-T Q.23)."""
BLOCK_MS: Final = 25.0
"""Neighbouring frequencies differ by 73 Hz, which a block of 25 ms resolves. Blocks overlap by half."""
BLOCKS: Final = 2
"""A key must be found in this many consecutive blocks: 50 ms at most, longer than speech resembles a key."""
FLOOR_DBOV: Final = -50.0
"""The weaker tone of a key; a telephone sends some -15 dBov, and the network loses less than 25 dB."""
TWIST_DB: Final = 10.0
"""The two tones of a key differ by less (ITU-T Q.24 allows 8 dB)."""
CLEAR_DB: Final = 8.0
"""How much stronger a tone must be than the next one of its group."""
SHARE: Final = 0.7
"""The two tones have this share of the power of the block: in speech and music they have less."""

Floats = NDArray[np.float64]


def powers(blocks: Floats, frequencies_hz: tuple[int, ...], sample_rate_hz: int) -> Floats:
    """Return the power of each frequency in each row of samples: a sine of amplitude a has a * a / 2.

    It is what the Goertzel algorithm computes sample by sample, as one product of matrices.
    """
    samples = blocks.shape[1]
    turns = np.outer(np.arange(samples), frequencies_hz) / sample_rate_hz
    found: Floats = 2 * np.abs(blocks @ np.exp(-2j * np.pi * turns)) ** 2 / samples**2
    return found


def keys_of_blocks(blocks: Floats, sample_rate_hz: int) -> list[str]:
    """Return the key in each row of samples of -1 to 1; empty: no key."""
    rows, columns = powers(blocks, ROWS_HZ, sample_rate_hz), powers(blocks, COLUMNS_HZ, sample_rate_hz)
    total = np.mean(blocks**2, axis=1)
    row, column = rows.max(axis=1), columns.max(axis=1)
    found = (np.minimum(row, column) > _ratio(FLOOR_DBOV)) & (row + column > SHARE * total)
    found &= np.maximum(row, column) < np.minimum(row, column) * _ratio(TWIST_DB)
    for group, best in ((rows, row), (columns, column)):
        found &= best > np.sort(group, axis=1)[:, -2] * _ratio(CLEAR_DB)
    places = zip(found, rows.argmax(axis=1), columns.argmax(axis=1), strict=True)
    return [KEYS[at_row][at_column] if is_key else "" for is_key, at_row, at_column in places]


def keys_in(pcm: Buffer, sample_rate_hz: int, channels: int = 1, channel: int = 0) -> str:
    """Return the keys that sound in native int16 PCM, each once per press, in their order.

    pcm: the PCM, interleaved if it has several channels.
    sample_rate_hz: its rate, 8000 or more.
    channels: how many channels it has.
    channel: the one to look at.
    Returns: the keys. Two presses of one key need 40 ms of something else between them.
    """
    samples = np.frombuffer(memoryview(pcm).cast("B"), np.int16)[channel::channels] / 32768
    block = round(BLOCK_MS * sample_rate_hz / 1000)
    if len(samples) < block:
        return ""
    blocks = np.lib.stride_tricks.sliding_window_view(samples, block)[:: block // 2]
    keys = ["", *keys_of_blocks(blocks, sample_rate_hz)]
    # A press begins where a key is found in BLOCKS blocks in a row, and not in the one before them.
    return "".join(
        key
        for at, key in enumerate(keys[1:], 1)
        if key and keys[at : at + BLOCKS] == [key] * BLOCKS and keys[at - 1] != key
    )


def _ratio(db: float) -> float:
    return float(10 ** (db / 10))

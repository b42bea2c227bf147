"""Arguments of good calls of PCM kernels with more than a buffer; an *_into form has these and its out."""

from __future__ import annotations

from array import array
from typing import Any

import numpy as np

_PCM = bytes(range(160)) * 2
_KINDS: tuple[Any, ...] = (
    _PCM,
    bytearray(_PCM),
    memoryview(b"." + _PCM)[1:],
    array("h", _PCM),
    np.frombuffer(_PCM, np.int16),
)
_FLOATS: tuple[Any, ...] = (bytes(640), array("f", range(160)), np.zeros(160, np.float32), bytearray(640))
PCM_CALLS: dict[str, tuple[tuple[Any, ...], ...]] = {
    "float32_to_int16": tuple((floats,) for floats in _FLOATS),
    "float32_to_int16_into": tuple((floats, bytearray(320)) for floats in _FLOATS),
    "gain": tuple((pcm, 0.5) for pcm in _KINDS),
    "gain_into": tuple((pcm, 0.5, bytearray(320)) for pcm in _KINDS),
    "mix": tuple(((pcm, _PCM), gains) for pcm in _KINDS for gains in (None, (1, 0.25))),
    "mix_into": tuple(([pcm, _PCM], bytearray(320)) for pcm in _KINDS),
    "fade": tuple((pcm, 10, 40, rising) for pcm in _KINDS for rising in (True, False)),
    "fade_into": tuple((pcm, 10, 40, True, bytearray(320)) for pcm in _KINDS),
    "interleave": tuple(((pcm, _PCM, _PCM),) for pcm in _KINDS),
    "interleave_into": tuple(((pcm, _PCM), bytearray(640)) for pcm in _KINDS),
    "split": tuple((pcm, 2) for pcm in _KINDS),
    "downmix": tuple((pcm, 2) for pcm in _KINDS),
    "downmix_into": tuple((pcm, 2, bytearray(160)) for pcm in _KINDS),
    "peak": tuple((pcm,) for pcm in _KINDS),
    "energy": tuple((pcm,) for pcm in _KINDS),
    "prediction_gain_db": tuple((pcm, step) for pcm in _KINDS for step in (1, 2)),
    "band_energy": tuple((pcm, taps, 3) for pcm in _KINDS for taps in (_PCM[:50], array("h", range(25)))),
    "sines": (([(697, 8000), (1209, 8000.0)], 8000, 7, 160), (((440, 1),), 48000, 10**20, 0)),
    "white_noise": ((1, 0, 160, 12.8), (-5, 10**20, 0, 0)),
}
"""Arguments by function name."""

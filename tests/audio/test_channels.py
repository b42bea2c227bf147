"""Channels in the forms of callers: interleaved octets, and arrays of frames by channels."""

from __future__ import annotations

import sys
from array import array
from typing import Any

import numpy as np
import pytest

from rtpcodec.audio import channels

FRAMES: Any = np.array([[100, 300], [-50, 50], [32767, 32767], [1, 0], [-32768, -32767]], np.int16)
MEANS = array("h", [200, 0, 32767, 0, -32768]).tobytes()
FOREIGN = ">" if sys.byteorder == "little" else "<"


@pytest.mark.parametrize(
    "pcm",
    [
        FRAMES,
        FRAMES.reshape(-1),
        FRAMES.tobytes(),
        memoryview(FRAMES),
        np.asfortranarray(FRAMES),
        np.repeat(FRAMES, 2, axis=0)[::2],
        (FRAMES / np.float32(32768)).astype(np.float32),
    ],
    ids=["array", "row", "octets", "memoryview", "by columns", "strided", "float32"],
)
def test_stereo_of_every_kind_is_mixed_down(pcm: Any) -> None:
    assert channels.downmix(pcm) == MEANS


def test_channels_are_those_of_the_array() -> None:
    three: Any = np.array([[1, 2, 6], [-1, -2, -6]], np.int16)
    assert channels.downmix(three) == channels.downmix(three.tobytes(), 3) == array("h", [3, -3]).tobytes()
    assert channels.downmix(three[:, :1]) == array("h", [1, -1]).tobytes()
    with pytest.raises(ValueError, match=r"^pcm has 3 columns, one per channel, but channels is 2$"):
        channels.downmix(three, 2)


def test_no_frames_give_no_samples() -> None:
    assert channels.downmix(b"") == channels.downmix(FRAMES[:0]) == b""


@pytest.mark.parametrize(
    ("pcm", "error", "text"),
    [
        (np.zeros((4, 2)), TypeError, "^pcm has items of format 'd' "),
        (np.zeros((4, 2), f"{FOREIGN}i2"), TypeError, f"^pcm has items of format '{FOREIGN}h' "),
        (np.zeros((4, 2, 2), np.int16), ValueError, "^pcm has 3 dimensions"),
        (np.zeros((4, 0), np.int16), ValueError, "^channels is 0, 1 to 64 are allowed$"),
        (array("h", [1, 2, 3]), ValueError, "^pcm has 3 samples, 2 channels need a multiple of 2$"),
        (b"12345", ValueError, "^pcm has 5 octets, 16-bit samples need an even number$"),
        (np.array([[0, np.nan]], np.float32), ValueError, "^pcm is NaN at sample 1, a number is needed$"),
    ],
)
def test_other_arrays_are_refused(pcm: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        channels.downmix(pcm)


def test_interleaved_channels_are_split_again() -> None:
    left, right = FRAMES.T.copy()
    joined = channels.interleave((left, right))
    assert joined == FRAMES.tobytes()
    assert channels.split(joined) == (left.tobytes(), right.tobytes())
    assert channels.split(joined, 5)[0] == FRAMES.reshape(-1)[::5].tobytes()

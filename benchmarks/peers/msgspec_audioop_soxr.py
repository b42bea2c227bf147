"""msgspec and audioop, and a stream of soxr at the quality HQ, which carries state from message to message."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from typing import Any, Final

import msgspec
import numpy as np
import soxr

from benchmarks.harness.model import Contender
from benchmarks.peers.audioop import audioop
from benchmarks.peers.msgspec_audioop import NAME as MSGSPEC
from benchmarks.peers.msgspec_audioop import Message

NAME: Final = f"{MSGSPEC}, soxr {soxr.__version__} HQ"


def hear_resampled(
    texts: Sequence[str], from_hz: int, to_hz: int, heard_of: Callable[[Any], Any]
) -> Iterator[Contender]:
    """Decode the next media message of a cycle to PCM at another rate.

    heard_of: what of a contender's results is compared.
    """
    to_linear, decode = audioop.ulaw2lin, msgspec.json.Decoder(Message).decode
    next_text = cycle(texts).__next__
    turn = soxr.ResampleStream(from_hz, to_hz, 1, dtype="int16", quality="HQ").resample_chunk

    def heard() -> Any:
        return turn(np.frombuffer(to_linear(decode(next_text()).media.payload, 2), np.int16))

    yield Contender(NAME, heard, (), lambda _: heard_of(heard))

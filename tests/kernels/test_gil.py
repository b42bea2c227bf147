"""Long calls release the GIL, calls on frames keep it."""

import sys
import threading
from collections.abc import Callable, Iterator

import pytest

import rtpcodec
from rtpcodec.compat import audioop
from rtpcodec.kernels import base64, channels, float_pcm, mixing

LONG, FRAME = 20_000_000, 160
ATTEMPTS = 50
"""On a busy machine this thread may sleep during a long call; if a call keeps the GIL, it never runs during one."""
TEXT = b"A" * LONG
FUNCTIONS: dict[str, Callable[[bytes], object]] = {
    "pcmu_encode": rtpcodec.pcmu_encode,
    "pcmu_decode": rtpcodec.pcmu_decode,
    "pcmu_to_pcma": rtpcodec.pcmu_to_pcma,
    "pcmu_decode_into": lambda payload: rtpcodec.pcmu_decode_into(payload, bytearray(2 * len(payload))),
    "base64.encode": base64.encode,
    "base64.decode": lambda octets: base64.decode(memoryview(TEXT)[: len(octets) & ~3]),
    "gain": lambda pcm: mixing.gain(pcm, 0.5),
    "mix": lambda pcm: mixing.mix((pcm, pcm)),
    "downmix": lambda pcm: channels.downmix(pcm, 2),
    "float32_to_int16": float_pcm.float32_to_int16,
    "resample": lambda pcm: rtpcodec.Resampler(24000, 8000).resample(pcm),
    "lin2ulaw": lambda fragment: audioop.lin2ulaw(fragment, 2),
}
functions = pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)


@pytest.fixture(autouse=True)
def gil_is_not_requested_by_others() -> Iterator[None]:
    interval_s = sys.getswitchinterval()
    sys.setswitchinterval(1000)
    yield
    sys.setswitchinterval(interval_s)


def lets_others_run(call: Callable[[], object]) -> bool:
    """Report whether this thread runs before a call of another thread has ended."""
    started, ended = threading.Lock(), threading.Event()
    started.acquire()

    def other() -> None:
        started.release()
        call()
        ended.set()

    thread = threading.Thread(target=other)
    thread.start()
    started.acquire()
    early = not ended.is_set()
    thread.join()
    return early


@functions
def test_a_long_call_lets_others_run(function: Callable[[bytes], object]) -> None:
    source = bytes(LONG)
    assert any(lets_others_run(lambda: function(source)) for _ in range(ATTEMPTS))


@functions
def test_calls_on_frames_keep_the_gil(function: Callable[[bytes], object]) -> None:
    source = bytes(FRAME)
    assert not lets_others_run(lambda: [function(source) for _ in range(10_000)])

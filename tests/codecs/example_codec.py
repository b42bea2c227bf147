"""An example of a new codec as a contributor would add it: lossless frames of 20 ms, by the shared library libz.

This file corresponds to src/rtpcodec/codecs/opus.py and its binding. A binding in Cython would call the library's
functions through SharedLibrary; ctypes does the same here without a compiler.
"""

from __future__ import annotations

import ctypes
from typing import Final

from typing_extensions import Buffer

from rtpcodec.codecs.info import CodecInfo
from rtpcodec.codecs.libraries import CodecLibrary
from rtpcodec.errors import PayloadError

LIBRARY: CodecLibrary = CodecLibrary(
    codec="ZIP16",
    name="libz",
    major=1,
    debian_package="zlib1g",
    probe_function="zlibVersion",
    version_function="zlibVersion",
)
FRAME_MS: Final = 20


def _call(function: str, data: bytes, room: int, *arguments: int) -> bytes:
    """Call a function of libz with destination, source and their lengths, and return its output."""
    out = ctypes.create_string_buffer(room)
    length = ctypes.c_ulong(room)
    library = ctypes.CDLL(LIBRARY.open().path)
    status = getattr(library, function)(out, ctypes.byref(length), data, ctypes.c_ulong(len(data)), *arguments)
    if status != 0:
        raise PayloadError(f"ZIP16 frame of {len(data)} octets is not valid, libz says {status}")
    return out.raw[: length.value]


class Zip16Encoder:
    """Compresses each frame of PCM independently."""

    def __init__(self, info: CodecInfo, sample_rate_hz: int, *, level: int = 6) -> None:
        if level not in range(10):
            raise ValueError(f"level is {level}, 0 to 9 are allowed")
        LIBRARY.open()
        self.info = info
        self.sample_rate_hz = sample_rate_hz
        self.frame_samples = sample_rate_hz * FRAME_MS // 1000
        self.max_octets = 2 * self.frame_samples + 64
        self.level = level

    def encode(self, pcm: Buffer, /) -> bytes:
        samples = bytes(memoryview(pcm))
        if len(samples) != 2 * self.frame_samples:
            raise ValueError(f"pcm has {len(samples)} octets, a frame has {2 * self.frame_samples}")
        return _call("compress2", samples, self.max_octets, self.level)

    def encode_into(self, pcm: Buffer, out: Buffer, /) -> int:
        frame = self.encode(pcm)
        memoryview(out).cast("B")[: len(frame)] = frame
        return len(frame)

    def reset(self) -> None:
        pass


class Zip16Decoder:
    """Return the decoded samples; a lost frame is silence."""

    def __init__(self, info: CodecInfo, sample_rate_hz: int) -> None:
        LIBRARY.open()
        self.info = info
        self.sample_rate_hz = sample_rate_hz

    def decode(self, payload: Buffer, /) -> bytes:
        return _call("uncompress", bytes(memoryview(payload)), 2 * self.sample_rate_hz * FRAME_MS // 1000)

    def decode_into(self, payload: Buffer, out: Buffer, /) -> int:
        pcm = self.decode(payload)
        memoryview(out).cast("B")[: len(pcm)] = pcm
        return len(pcm) // 2

    def conceal(self, samples: int, /) -> bytes:
        return bytes(2 * samples)

    def reset(self) -> None:
        pass


ZIP16 = CodecInfo(
    name="ZIP16",
    sample_rates_hz=(16000,),
    payload_type=None,
    encoder_of=Zip16Encoder,
    decoder_of=Zip16Decoder,
    fixed_rtp_clock_hz=90000,
    encoder_options=("level",),
    command_rates_hz=(90000, 16000),
    chunks_ms=(20, 40),
    rtpmap=("zip", 1),
    libraries=(LIBRARY,),
)

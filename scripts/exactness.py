"""Counts, for each G.711 implementation found here, the inputs whose code differs from the ITU-T G.191 reference.

    python scripts/exactness.py

The reference tables are tests/data/g711. An implementation that is not installed is named as absent.
"""

from __future__ import annotations

import array
import ctypes
import ctypes.util
import io
import subprocess
import warnings
from collections.abc import Callable
from pathlib import Path

import rtpcodec
from rtpcodec.compat import audioop as compat

TABLES = Path(__file__).parents[1] / "tests" / "data" / "g711"
SAMPLES = array.array("h", range(-32768, 32768)).tobytes()
LAWS = ("pcmu", "pcma")

Encode = Callable[[str], bytes]


def ours(law: str) -> bytes:
    """Encode with this package."""
    return rtpcodec.pcmu_encode(SAMPLES) if law == "pcmu" else rtpcodec.pcma_encode(SAMPLES)


def compat_audioop(law: str) -> bytes:
    """Encode with `rtpcodec.compat.audioop`."""
    return compat.lin2ulaw(SAMPLES, 2) if law == "pcmu" else compat.lin2alaw(SAMPLES, 2)


def audioop(law: str) -> bytes:
    """Encode with the standard module of Python 3.12 and earlier, or with its successor, the package audioop-lts."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import audioop as module
    return module.lin2ulaw(SAMPLES, 2) if law == "pcmu" else module.lin2alaw(SAMPLES, 2)


def ffmpeg(law: str) -> bytes:
    """FFmpeg through PyAV."""
    import av
    import numpy as np

    codec = av.CodecContext.create("pcm_mulaw" if law == "pcmu" else "pcm_alaw", "w")
    codec.sample_rate, codec.layout, codec.format = 8000, "mono", "s16"
    frame = av.AudioFrame.from_ndarray(np.frombuffer(SAMPLES, np.int16)[None], format="s16", layout="mono")
    frame.sample_rate = 8000
    return b"".join(bytes(packet) for packet in [*codec.encode(frame), *codec.encode(None)])


def libsndfile(law: str) -> bytes:
    """Libsndfile through soundfile, as a headerless file."""
    import numpy as np
    import soundfile

    file = io.BytesIO()
    subtype = "ULAW" if law == "pcmu" else "ALAW"
    soundfile.write(file, np.frombuffer(SAMPLES, np.int16), 8000, format="RAW", subtype=subtype)
    return file.getvalue()


def spandsp(law: str) -> bytes:
    """Spandsp through ctypes."""
    name = ctypes.util.find_library("spandsp")
    if name is None:
        raise ImportError("no libspandsp")
    library = ctypes.CDLL(name)
    library.g711_init.restype = ctypes.c_void_p
    state = ctypes.c_void_p(library.g711_init(None, 1 if law == "pcmu" else 0))
    codes = ctypes.create_string_buffer(65536)
    library.g711_encode(state, codes, SAMPLES, 65536)
    library.g711_free(state)
    return codes.raw


def sox(law: str) -> bytes:
    """Encode with the sox program over a headerless file; -D because its dither would be random."""
    raw = ["-t", "raw", "-r", "8000", "-c", "1"]
    encoding = "mu-law" if law == "pcmu" else "a-law"
    command = ["sox", "-V1", "-D", *raw, "-e", "signed-integer", "-b", "16", "-", *raw, "-e", encoding, "-b", "8", "-"]
    return subprocess.run(command, input=SAMPLES, capture_output=True, check=True).stdout


IMPLEMENTATIONS: dict[str, Encode] = {
    "rtpcodec": ours,
    "audioop": audioop,
    "rtpcodec.compat.audioop": compat_audioop,
    "FFmpeg (PyAV)": ffmpeg,
    "libsndfile (soundfile)": libsndfile,
    "spandsp": spandsp,
    "sox": sox,
}


def differing(encode: Encode, law: str) -> str:
    """How many inputs differ from the reference, or that the implementation is absent."""
    reference = (TABLES / f"{law}_encode_stl.u8").read_bytes()
    try:
        codes = encode(law)
    except (ImportError, FileNotFoundError):
        return "absent"
    return str(sum(a != b for a, b in zip(codes, reference, strict=True)))


def main() -> None:
    """Print the table in Markdown."""
    print("| implementation | PCMU: inputs of 65,536 that differ | PCMA |")
    print("|---|---|---|")
    for name, encode in IMPLEMENTATIONS.items():
        print(f"| {name} | {differing(encode, 'pcmu')} | {differing(encode, 'pcma')} |")


if __name__ == "__main__":
    main()

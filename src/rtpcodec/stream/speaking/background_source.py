"""A recording for background sound: held once, measured once, shared by any number of calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from os import PathLike, fspath
from typing import Final

from typing_extensions import Buffer

from rtpcodec.audio.files import WavReader
from rtpcodec.audio.levels import rms_dbov
from rtpcodec.audio.pcm_check import PcmCheck
from rtpcodec.audio.pcm_input import PcmInput
from rtpcodec.audio.rates import require_rate
from rtpcodec.kernels.resample import RATES_HZ
from rtpcodec.stream.events import Audio
from rtpcodec.stream.rate_conversion import pcm_and_rate

FADE_MS: Final = 5
"""Of fade-in, fade-out and crossfades: a step of the level within it is not heard as a click."""
MAX_SOURCE_OCTETS: Final = 64 << 20
"""Of 16-bit samples: eleven minutes at the highest rate, more than an hour at 8000 Hz. A longer file is probably a
mistake, and a source is held as a whole."""
MIN_SOURCE_MS: Final = 4 * FADE_MS
"""The fades at both ends and the crossfade of a loop fit into it, with as much between them."""


@dataclass(frozen=True, slots=True)
class BackgroundSource:
    """A recording and its level. `background_source` makes it. Immutable, so calls and threads may share one."""

    pcm: bytes = field(repr=False)
    """Native int16 mono PCM."""
    pcm_hz: int
    level_dbov: float
    """Root mean square of all its samples (ITU-T G.100.1); -127: it is silent."""


def background_source(source: str | PathLike[str] | Buffer | Audio, pcm_hz: int | None = None) -> BackgroundSource:
    """Load and measure a recording for background sound.

    It reads a file as a whole and looks at every sample, so call it before the calls come, or in a thread.

    source: the path of a WAV file of any coding (several channels become their mean), an Audio, or PCM: samples
        of int16 or float32 (full scale 1.0), or the octets of int16.
    pcm_hz: the rate of PCM; a file and an Audio know theirs.
    Returns: a value that any number of calls may share.
    Raises: ValueError if the rate is missing, is not that of the source or cannot be resampled, if octets are those of
    a file, or if the recording is shorter than MIN_SOURCE_MS or larger than MAX_SOURCE_OCTETS; TypeError if it is not
    PCM; OSError.
    """
    if isinstance(source, str | PathLike):
        pcm, rate_hz = _file(fspath(source), pcm_hz)
    else:
        buffer, known_hz = pcm_and_rate(source, pcm_hz)
        if known_hz is None:
            raise ValueError("pcm_hz is missing, PCM does not say its rate")
        rate_hz = known_hz
        require_rate("pcm_hz", rate_hz)
        reading = PcmInput("source")
        pcm = reading.accept(buffer)
        PcmCheck("source").check(memoryview(pcm))
        if reading.carried:
            raise ValueError(f"source has {len(pcm) + 1} octets, 16-bit samples need an even number")
        _check_octets(len(pcm))
    if len(pcm) * 500 < MIN_SOURCE_MS * rate_hz:
        duration_ms = len(pcm) * 500 / rate_hz
        raise ValueError(f"source lasts {duration_ms:g} ms, a background sound needs at least {MIN_SOURCE_MS} ms")
    return BackgroundSource(pcm, rate_hz, rms_dbov(pcm))


def _file(path: str, pcm_hz: int | None) -> tuple[bytes, int]:
    """Read a WAV file, at a rate that streams can be resampled from."""
    pieces, octets = [], 0
    with WavReader(path) as reader:
        rate_hz = reader.sample_rate_hz
        if pcm_hz not in (None, rate_hz):
            raise ValueError(f"pcm_hz is {pcm_hz}, {reader.name} has {rate_hz} Hz")
        for piece in reader:
            octets += len(piece)
            _check_octets(octets)
            pieces.append(piece)
    pcm = b"".join(pieces)
    if rate_hz in RATES_HZ:
        return pcm, rate_hz
    from rtpcodec.audio.whole_rate import at_streaming_rate  # noqa: PLC0415 -- it loads numpy

    return at_streaming_rate(pcm, rate_hz)


def _check_octets(octets: int) -> None:
    if octets > MAX_SOURCE_OCTETS:
        raise ValueError(f"source has {octets} octets of samples, at most {MAX_SOURCE_OCTETS} are held")

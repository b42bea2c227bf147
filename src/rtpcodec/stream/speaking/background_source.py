"""A recording for background sound: loaded and measured once, shared by any number of calls."""

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
"""Duration of fade-ins, fade-outs and crossfades: long enough not to click."""
MAX_SOURCE_OCTETS: Final = 64 << 20
"""Limit of 16-bit samples in octets: eleven minutes at the highest rate, more than an hour at 8000 Hz. A source is held
in memory as a whole, and a longer file is probably a mistake."""
MIN_SOURCE_MS: Final = 4 * FADE_MS
"""Minimum duration: the fades at both ends and the crossfade of a loop fit into it, with as much in between."""


@dataclass(frozen=True, slots=True)
class BackgroundSource:
    """A recording and its level, made by `background_source`. Immutable: calls and threads may share it."""

    pcm: bytes = field(repr=False)
    """Native int16 mono PCM."""
    pcm_hz: int
    level_dbov: float
    """Root mean square of all samples in dBov (ITU-T G.100.1); -127: silent."""


def background_source(source: str | PathLike[str] | Buffer | Audio, pcm_hz: int | None = None) -> BackgroundSource:
    """Load and measure a recording for background sound.

    The whole recording is read and measured. Call it before the first call, or in a thread.

    Args:
        source: the path of a WAV file of any coding (several channels become their mean), an Audio, or mono PCM:
            samples of int16 or float32 (full scale 1.0), or the octets of int16.
        pcm_hz: the rate of PCM in Hz; None for a file and an Audio, which know theirs.

    Returns:
        A value that any number of calls may share.

    Raises:
        ValueError: the rate is missing, is not that of the source, or cannot be resampled; octets are those of a file;
            the recording is shorter than MIN_SOURCE_MS or larger than MAX_SOURCE_OCTETS.
        TypeError: source is not PCM.
        OSError: the file cannot be read.
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
    """Read a WAV file, and convert it to a rate that streams can be resampled from."""
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

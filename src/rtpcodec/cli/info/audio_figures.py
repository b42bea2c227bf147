"""Figures of one audio file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rtpcodec.audio.levels import SILENCE_DBOV, peak_dbov
from rtpcodec.bulk.work import FileProgress
from rtpcodec.cli.info.tones import FoundTones
from rtpcodec.codecs.info import ByteOrder
from rtpcodec.files.facts import AudioFacts
from rtpcodec.files.reading import open_audio
from rtpcodec.rtp.capture.series import SeriesCounter, level_dbov


@dataclass(frozen=True, slots=True, kw_only=True)
class RawFacts:
    """Kind, rate and byte order of raw files, which do not contain them."""

    kind: str | None = None
    sample_rate_hz: int | None = None
    byte_order: ByteOrder | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioFigures:
    """Figures of one audio file, measured on the mean of its channels."""

    path: str
    facts: AudioFacts
    level_dbov: float | None = None
    """The mean power; None: the sound was not read."""
    peak_dbov: float | None = None
    tones: FoundTones | None = None
    levels_dbov: tuple[float, ...] = ()
    """The level per second."""


def audio_figures(path: str, raw: RawFacts, progress: FileProgress, *, quick: bool = False) -> AudioFigures:
    """Read a file and measure it. AudioFileError, OSError, ValueError, MissingExtra, MissingLibrary; Stopped."""
    with open_audio(path, kind=raw.kind, sample_rate_hz=raw.sample_rate_hz, byte_order=raw.byte_order) as audio:
        if quick:
            return AudioFigures(path=path, facts=audio.facts)
        rate_hz = audio.facts.sample_rate_hz
        tones, series = FoundTones(rate_hz), SeriesCounter(rate_hz)
        octets = Path(path).stat().st_size
        power, samples, peak = 0.0, 0, SILENCE_DBOV
        for pcm in audio:
            progress.require()
            power += series.sound(pcm)
            samples += len(pcm) // 2
            if octets:
                progress.reached(audio.octets_read / octets)
            tones.hear(pcm)
            if pcm:
                peak = max(peak, peak_dbov(pcm))
        tones.end()
        return AudioFigures(
            path=path,
            facts=audio.facts,
            level_dbov=level_dbov(power, samples),
            peak_dbov=peak,
            tones=tones,
            levels_dbov=series.series().level_dbov,
        )

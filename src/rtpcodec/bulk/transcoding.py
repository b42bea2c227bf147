"""One audio file to another: what a run does with each of its files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rtpcodec.audio.channels import interleave
from rtpcodec.bulk.manifest import Row
from rtpcodec.bulk.work import Interruption, Job
from rtpcodec.codecs.info import ByteOrder
from rtpcodec.files.facts import AudioFacts
from rtpcodec.files.reading import AudioFileReader, open_audio
from rtpcodec.files.target_kinds import TargetKind
from rtpcodec.files.writing import AudioWriter, create_audio


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcoding:
    """How the files of a run are converted."""

    to: TargetKind
    sample_rate_hz: int | None = None
    """Of the output; None: that of the input, or the next one that the kind has; of raw files the usual one."""
    channel: int | None = None
    """The channel to take, from 0; None: all, or their mean where the output cannot have them."""
    mono: bool = False
    """The mean of all channels."""
    from_kind: str | None = None
    from_rate_hz: int | None = None
    """Of raw input; None: that of its kind."""
    byte_order: ByteOrder | None = None
    """Of raw L16 input."""
    replace: bool = False
    options: dict[str, object] = field(default_factory=dict)
    """Of the writer."""

    def convert(self, job: Job, interruption: Interruption, record: Callable[[Row], None]) -> Row:
        """Convert one file.

        record: gets the row when the output is complete under its temporary name.
        Returns: the row.
        Raises: AudioFileError, OSError, ValueError, MissingExtra, MissingLibrary; Stopped. Nothing is left then.
        """
        if not self.replace and Path(job.target).exists():
            return {"input": job.source, "output": job.target, "state": "kept"}
        Path(job.target).parent.mkdir(parents=True, exist_ok=True)
        with self._opened(job.source) as audio:
            channels = self._channels(audio.facts)
            with create_audio(
                job.target,
                sample_rate_hz=audio.sample_rate_hz,
                channels=channels,
                kind=self.to.name,
                replace=self.replace,
                **self.options,
            ) as out:
                for pcm in audio if channels == 1 else map(interleave, audio.channel_pieces()):
                    interruption.require()
                    out.write(pcm)
                row = _row(job, out, audio.facts)
                record(row)
        return row

    def _opened(self, source: str) -> AudioFileReader:
        """Open the file at the rate of the output, which may depend on the rate of the file."""
        rate_hz = self.sample_rate_hz or self.to.usual_rate_hz
        audio = self._open(source, rate_hz)
        own_hz = audio.facts.sample_rate_hz
        if rate_hz is None and self.to.rate_for_hz(own_hz) != own_hz:
            audio.close()
            return self._open(source, self.to.rate_for_hz(own_hz))
        return audio

    def _open(self, source: str, rate_hz: int | None) -> AudioFileReader:
        return open_audio(
            source,
            pcm_hz=rate_hz,
            channel=self.channel,
            kind=self.from_kind,
            sample_rate_hz=self.from_rate_hz,
            byte_order=self.byte_order,
        )

    def _channels(self, facts: AudioFacts) -> int:
        if self.mono or self.channel is not None or facts.channels > self.to.max_channels:
            return 1
        return facts.channels


def _row(job: Job, out: AudioWriter, facts: AudioFacts) -> Row:
    return {
        "input": job.source,
        "output": job.target,
        "state": "written",
        "octets": out.finish(),
        "samples": out.samples_written,
        "sample_rate_hz": out.sample_rate_hz,
        "channels": out.channels,
        "facts": asdict(facts),
    }

"""Converts one audio file of a run."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from rtpcodec.audio.channels import interleave
from rtpcodec.bulk.direct import transcode_directly
from rtpcodec.bulk.manifest import Row
from rtpcodec.bulk.opening import open_row
from rtpcodec.bulk.result_format import ResultFormat
from rtpcodec.bulk.rows import facts_of
from rtpcodec.bulk.work import FileProgress, Job
from rtpcodec.codecs.info import ByteOrder
from rtpcodec.files.facts import AudioFacts
from rtpcodec.files.reading import AudioFileReader, open_audio
from rtpcodec.files.target_kinds import TARGET_KINDS, TargetKind
from rtpcodec.files.writing import AudioWriter, create_audio, write_whole

_DIRECT_TARGETS: Final = ("wav", "ulaw", "alaw")
_DIRECT_SUFFIXES: Final = (".wav", *TARGET_KINDS["ulaw"].suffixes, *TARGET_KINDS["alaw"].suffixes)
_DIRECT_OCTETS: Final = range(1, 1 << 24)
"""Sizes of files that are converted in memory; longer ones are read in pieces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcoding:
    """The settings of a run that converts audio files."""

    to: TargetKind
    sample_rate_hz: int | None = None
    """Rate of the output; None: that of the input, or the next one that the kind has; for raw kinds the usual one."""
    channel: int | None = None
    """The channel to take, from 0; None: all, or their mean if the output cannot have them."""
    mono: bool = False
    """Whether to take the mean of all channels."""
    from_kind: str | None = None
    from_rate_hz: int | None = None
    """Rate of raw input; None: that of its kind."""
    byte_order: ByteOrder | None = None
    """Byte order of raw L16 input."""
    replace: bool = False
    options: dict[str, object] = field(default_factory=dict)
    """Options of the writer."""

    def convert(self, job: Job, progress: FileProgress, record: Callable[[Row], None]) -> Row:
        """Convert one file and return its row. No file remains after an error.

        Args:
            job: input and output.
            progress: receives the progress, and raises Stopped after an interruption.
            record: called with the row when the output is complete under its temporary name.

        Raises:
            AudioFileError: the input breaks a rule of its format.
            ValueError: an impossible setting.
            MissingExtra: a package is missing.
            MissingLibrary: a codec's shared library is missing.
            OSError: a file cannot be read or written.
            Stopped: the run was interrupted.
        """
        progress.require()
        if not self.replace and os.path.lexists(job.target):
            return {"input": job.source, "output": job.target, "state": "kept"}
        folder = os.path.dirname(job.target)  # noqa: PTH120 -- paths as objects take longer than a small file
        if folder and not os.path.isdir(folder):  # noqa: PTH112
            os.makedirs(folder, exist_ok=True)  # noqa: PTH103
        row = self._directly(job, record)
        if row is not None:
            return row
        with self._opened(job.source) as audio:
            channels = self._channels(audio.facts)
            octets = os.stat(job.source).st_size  # noqa: PTH116 -- as above
            with create_audio(
                job.target,
                sample_rate_hz=audio.sample_rate_hz,
                channels=channels,
                kind=self.to.name,
                replace=self.replace,
                **self.options,
            ) as out:
                for pcm in audio if channels == 1 else map(interleave, audio.channel_pieces()):
                    progress.require()
                    out.write(pcm)
                    if octets:
                        progress.reached(audio.octets_read / octets)
                row = _row(job, out, audio.facts)
                record(row)
        return row

    def _directly(self, job: Job, record: Callable[[Row], None]) -> Row | None:
        """Convert a small file in memory with one kernel. None: it needs the general path."""
        name = job.source
        if (
            self.to.name not in _DIRECT_TARGETS
            or not (self.from_kind or name.lower().endswith(_DIRECT_SUFFIXES))
            or os.stat(name).st_size not in _DIRECT_OCTETS  # noqa: PTH116 -- 0: a pipe, or nothing to convert
        ):
            return None
        with open(name, "rb", buffering=0) as file:  # noqa: PTH123
            octets = file.readall()
        facts = {"kind": self.from_kind, "sample_rate_hz": self.from_rate_hz, "byte_order": self.byte_order}
        opened = open_row({"path": name, "bytes": octets, **facts})
        channel = 0 if self.channel is None else self.channel
        done = transcode_directly(opened, ResultFormat(self.to, self.sample_rate_hz, channel, self.options))
        if done is None or done["bytes"] is None or done["facts"] is None:
            return None
        row = {
            "input": name,
            "output": job.target,
            "state": "written",
            "octets": len(done["bytes"]),
            "samples": done["facts"]["samples"],
            "sample_rate_hz": done["facts"]["sample_rate_hz"],
            "channels": 1,
            "facts": done["facts"],
        }
        write_whole(job.target, done["bytes"], lambda: record(row), replace=self.replace)
        return row

    def _opened(self, source: str) -> AudioFileReader:
        """Open the file at the rate of the output, which may depend on the rate of the file."""
        rate_hz = self.sample_rate_hz or self.to.usual_rate_hz
        audio = self._open(source, rate_hz)
        own_hz = audio.facts.sample_rate_hz
        if rate_hz is None:
            audio.sample_rate_hz = self.to.rate_for_hz(own_hz)  # nothing was read: a pipe cannot be opened again
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
        "facts": facts_of(facts, facts.samples),
    }

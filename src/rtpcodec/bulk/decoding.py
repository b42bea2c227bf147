"""Decodes the calls of one packet capture of a run."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from typing_extensions import Buffer

from rtpcodec.bulk.manifest import Row
from rtpcodec.bulk.notes import stream_notes, undecoded_notes
from rtpcodec.bulk.work import FileProgress, Job
from rtpcodec.files.target_kinds import TargetKind
from rtpcodec.files.writing import AudioWriter, create_audio
from rtpcodec.rtp.capture.call_decoding import decode_datagrams
from rtpcodec.rtp.capture.datagrams import Datagram
from rtpcodec.rtp.capture.discovery import find_streams
from rtpcodec.rtp.capture.reading import PacketReader, open_packets
from rtpcodec.rtp.capture.report import CapturedCall, CaptureReport
from rtpcodec.rtp.capture.sound import CallSound, Gaps

_DATAGRAMS_PER_REPORT: Final = 1024
"""Progress is reported once per so many datagrams, because the position in the file is a system call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoding:
    """The settings of a run that decodes captures."""

    to: TargetKind
    pcm_hz: int | None = None
    """The rate of the files; None: the highest rate of the codecs of a call."""
    gaps: Gaps = "conceal"
    codecs: Mapping[int, str] | None = None
    """Codecs by payload type, as in `find_streams`."""
    replace: bool = False
    targets: Set[str] = frozenset()
    """The outputs of all captures of the run, without suffix: calls of different captures must not have one name."""

    def convert(self, job: Job, progress: FileProgress, record: Callable[[Row], None]) -> Row:
        """Write one file per call of a capture: one call to `OUT.wav`, several to `OUT-1.wav`, `OUT-2.wav`, and so on.

        Args:
            job: the capture, and the output without its suffix.
            progress: receives the progress, and raises Stopped after an interruption.
            record: called with the row when all files are complete.

        Returns:
            The row: `outputs` has one entry per call, without a name if nothing of the call can be decoded. `notes`
            have the reasons, and unusual facts about the capture. The row of a capture without any output is failed.

        Raises:
            PacketFileError: the capture breaks a rule of its format.
            ValueError: the capture is a pipe, or a call would have the name of another capture.
            MissingLibrary: a codec's shared library is missing.
            OSError: a file cannot be read or written.
            Stopped: the run was interrupted; files of calls that had ended remain.
        """
        if stat.S_ISFIFO(os.stat(job.source).st_mode):  # noqa: PTH116 -- a name
            raise ValueError("it is a pipe: a capture is read twice, a file is needed")
        with open_packets(job.source) as packets:
            report = find_streams(until(packets, progress, of=(0.0, 0.5)), codecs=self.codecs)
            odd = [*packets.notes, *report.notes]
        outputs = Outputs(job.target, self, report, progress)
        Path(job.target).parent.mkdir(parents=True, exist_ok=True)
        with open_packets(job.source) as packets:
            sounds = decode_datagrams(
                until(packets, progress, of=(0.5, 1.0)), report, outputs.sink_of, pcm_hz=self.pcm_hz, gaps=self.gaps
            )
        row = outputs.row(job, sounds, odd)
        if row["state"] == "written":
            record(row)
        return row


def until(packets: PacketReader, progress: FileProgress, *, of: tuple[float, float]) -> Iterator[Datagram]:
    """Yield datagrams until the run is interrupted (Stopped). `of` is the share of the progress, from begin to end."""
    begin, end = of
    for number, datagram in enumerate(packets):
        progress.require()
        if number % _DATAGRAMS_PER_REPORT == 0:
            progress.reached(begin + (end - begin) * packets.share_read)
        yield datagram
    progress.reached(end)


class Outputs:
    """The files of the calls of one capture."""

    __slots__ = ("_decoding", "_names", "_octets", "_progress", "kept", "written")

    def __init__(self, stem: str, decoding: Decoding, report: CaptureReport, progress: FileProgress) -> None:
        suffix = decoding.to.suffixes[0]
        digits = len(str(len(report.calls)))
        self._names = {
            id(call): f"{stem}-{number:0{digits}}{suffix}" if len(report.calls) > 1 else stem + suffix
            for number, call in enumerate(report.calls, 1)
        }
        for number, name in enumerate(self._names.values(), 1):
            if len(report.calls) > 1 and name.removesuffix(suffix) in decoding.targets:
                raise ValueError(
                    f"its call {number} would become {name}, as another capture of this run: decode it elsewhere"
                )
        self._decoding = decoding
        self._progress = progress
        self._octets: dict[str, int | None] = {}
        self.written = 0
        self.kept = 0

    def sink_of(self, call: CapturedCall, sample_rate_hz: int, channels: int) -> AbstractContextManager[_Sink] | None:
        """Begin the file of a call; None: it exists and is kept."""
        name = self._names[id(call)]
        if not self._decoding.replace and Path(name).exists():
            self.kept += 1
            self._octets[name] = Path(name).stat().st_size
            return None
        writer = create_audio(
            name,
            sample_rate_hz=sample_rate_hz,
            channels=channels,
            kind=self._decoding.to.name,
            replace=self._decoding.replace,
        )
        return _Sink(writer, self._progress, lambda octets: self._wrote(name, octets))

    def row(self, job: Job, sounds: list[CallSound], odd: list[str]) -> Row:
        """Return the row of the capture; `odd` are the notes about the capture itself."""
        undecoded = [sound for sound in sounds if self._names[id(sound.call)] not in self._octets]
        notes = [*undecoded_notes(undecoded), *odd]
        row: Row = {
            "input": job.source,
            "output": job.target,
            "state": "written" if self.written else "kept" if self.kept else "failed",
            "outputs": [self._row_of(number, sound) for number, sound in enumerate(sounds)],
            "undecoded_calls": len(undecoded),
            "notes": notes,
        }
        if row["state"] == "failed":
            row["error"] = "; ".join(notes if sounds else ["there is no RTP stream in it", *odd])
        return row

    def _row_of(self, number: int, sound: CallSound) -> dict[str, object]:
        name = self._names[id(sound.call)]
        return {
            "call": number + 1,
            "output": name if name in self._octets else None,
            "octets": self._octets.get(name),
            "sample_rate_hz": sound.sample_rate_hz,
            "samples": sound.samples,
            "channels": len(sound.tracks),
            "alignment": sound.alignment,
            "codecs": sorted({one.name for stream in sound.call.streams for one in stream.codecs.values()}),
            "concealed_ms": [round(sum(one.concealed_ms for one in track.streams), 1) for track in sound.tracks],
            "notes": [
                *sound.notes,
                *(note for track in sound.tracks for one in track.streams for note in stream_notes(one)),
            ],
        }

    def _wrote(self, name: str, octets: int | None) -> None:
        self.written += 1
        self._octets[name] = octets


class _Sink:
    """The file of one call; writing stops when the run is interrupted."""

    __slots__ = ("_ended", "_progress", "_writer")

    def __init__(self, writer: AudioWriter, progress: FileProgress, ended: Callable[[int | None], None]) -> None:
        self._writer = writer
        self._progress = progress
        self._ended = ended

    def write(self, pcm: Buffer) -> None:
        """Write whole frames."""
        self._progress.require()
        self._writer.write(pcm)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is not None:
            self._writer.abort()
            return
        octets = self._writer.finish()
        self._writer.close()
        self._ended(octets)

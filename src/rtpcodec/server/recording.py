"""`record`: a ready-made handler that writes each track of a call to a WAV file."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable, Coroutine
from os import PathLike
from pathlib import Path
from typing import Final

from rtpcodec.audio.files import WavWriter
from rtpcodec.server.call import Call
from rtpcodec.server.call_log import logger
from rtpcodec.server.options import FILES_PER_CALL, with_concealment
from rtpcodec.server.rate_changer import RateChanger
from rtpcodec.stream.events import Audio, Started

MAX_AHEAD_MS: Final = 5000.0
"""A recording may be longer than its call by this much; bursts and clock differences are smaller. So a hold of any
length is written, because its time has passed, and wrong counters cannot fill the disk."""
MIN_SILENCE_MS: Final = 1.0
"""Shorter gaps come from rounding milliseconds to samples and are not filled."""
TRACKS: Final = 2
"""Tracks of a carrier's call, and so its files."""
MAX_TRACKS: Final = 4
"""Limit on files per call: a sender of many tracks must not use up the descriptors."""
MAX_NAME_CHARACTERS: Final = 100
MAX_NAMES: Final = 100
"""Names that are tried for one file."""

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")


def record(folder: str | PathLike[str]) -> Callable[[Call], Coroutine[None, None, None]]:
    """Make a handler that records each track of a call to `{stream_id}-{track}.wav` in a folder.

    The folder is created if it is missing. Lost audio is concealed, or silent with `serve(conceal=False)`, so that each
    sample stays at its time. An existing file is not replaced: the call's id and a number are added to the name. Audio
    that cannot be decoded is not recorded. If a file cannot be opened or written, the recording of its track ends, and
    the error is logged at once; the other tracks and the call continue, and the handler raises the first error at their
    end.

    Args:
        folder: the folder of the files.

    Raises:
        OSError: the folder cannot be created.
    """
    into = Path(folder)
    into.mkdir(parents=True, exist_ok=True)

    @with_concealment
    async def record_call(call: Call) -> None:
        recording = _Recording(into, call)
        call._parts.files.add(recording)  # noqa: SLF001 -- a side of Call in all but name
        try:
            async for event in call.events():
                if isinstance(event, Audio):
                    if event.pcm:
                        recording.write(event)
                elif isinstance(event, Started):
                    recording.restart()
        finally:
            recording.stop()
        if recording.error is not None:
            raise recording.error

    setattr(record_call, FILES_PER_CALL, TRACKS)
    return record_call


class _Recording:
    """The files of one call."""

    __slots__ = ("_begun_s", "_call", "_folder", "_tracks", "error", "stopped")

    def __init__(self, folder: Path, call: Call) -> None:
        self._folder = folder
        self._call = call
        self._begun_s = asyncio.get_running_loop().time()
        self._tracks: dict[str, _TrackFile | None] = {}
        self.error: OSError | ValueError | None = None
        """The first error of a file."""
        self.stopped = False
        """Whether the files are closed."""

    def write(self, audio: Audio) -> None:
        """Add a chunk to the file of its track, unless that has failed."""
        if self.stopped:
            return
        track = audio.track
        try:
            if track not in self._tracks:
                self._tracks[track] = self._open(audio)
            file = self._tracks[track]
            if file is not None:
                file.write(audio)
        except (OSError, ValueError) as error:
            self._failed(track, error)

    def restart(self) -> None:
        """Set the stream's time zero to the current end of each file, because the stream has restarted."""
        for file in self._tracks.values():
            if file is not None and not self.stopped:
                file.restart()

    def stop(self) -> None:
        """Close all files. A second call does nothing."""
        if self.stopped:
            return
        self.stopped = True
        for track, file in self._tracks.items():
            if file is not None:
                try:
                    file.close()
                except OSError as error:
                    self._failed(track, error)

    def _open(self, audio: Audio) -> _TrackFile | None:
        if len(self._tracks) >= MAX_TRACKS:
            if len(self._tracks) == MAX_TRACKS:
                logger.warning("call %s: more than %d tracks; the others are not recorded", self._call.id, MAX_TRACKS)
            return None
        return _TrackFile(_open(self._folder, self._call, audio), self._begun_s)

    def _failed(self, track: str, error: OSError | ValueError) -> None:
        """End the recording of one track."""
        logger.error("call %s: the recording of track %.40r has ended: %s", self._call.id, track, error)
        self.error = self.error or error
        file = self._tracks.get(track)
        self._tracks[track] = None
        if file is not None:
            with contextlib.suppress(OSError):  # probably the same error again
                file.close()


class _TrackFile:
    """One track's recording, with each chunk at its media time.

    It writes from the event loop, without a thread. A chunk of 20 ms goes into a buffer, and the operating system's
    cache accepts a buffer of several seconds within microseconds. Handing each chunk to a thread would cost more.
    """

    __slots__ = ("_begins_at", "_begun_s", "_to_file_rate", "_wav")

    def __init__(self, wav: WavWriter, begun_s: float) -> None:
        self._wav = wav
        self._begun_s = begun_s
        self._to_file_rate = RateChanger(wav.sample_rate_hz)
        self._begins_at = 0

    def write(self, audio: Audio) -> None:
        """Add a chunk; a gap before it is filled with silence."""
        rate_hz = self._wav.sample_rate_hz
        pcm = self._to_file_rate.change(audio.pcm, audio.sample_rate_hz)
        begins_at = self._begins_at + round(audio.media_ms * rate_hz / 1000)
        self._fill(begins_at - self._wav.samples_written)
        self._wav.write(pcm)

    def restart(self) -> None:
        """Set the stream's time zero to the current end of the file."""
        self._begins_at = self._wav.samples_written

    def close(self) -> None:
        """Close the file."""
        self._wav.close()

    def _fill(self, samples: int) -> None:
        """Write silence, limited by the duration of the call. If it is shortened, all later audio moves forward."""
        rate_hz = self._wav.sample_rate_hz
        if samples * 1000 / rate_hz < MIN_SILENCE_MS:
            return
        passed_ms = (asyncio.get_running_loop().time() - self._begun_s) * 1000
        most = round((passed_ms + MAX_AHEAD_MS) * rate_hz / 1000) - self._wav.samples_written
        silent = min(samples, max(most, 0))
        self._begins_at -= samples - silent
        self._wav.write_silence(silent)


def _open(folder: Path, call: Call, audio: Audio) -> WavWriter:
    """Open a file with a new name. Raises OSError."""
    stem = f"{_file_name(call.started.stream_id or call.id)}-{_file_name(audio.track)}"
    for number in range(MAX_NAMES):
        suffix = "" if number == 0 else f"-{call.id}" if number == 1 else f"-{call.id}-{number}"
        try:
            folder.mkdir(parents=True, exist_ok=True)  # it may have been removed since
            return WavWriter(folder / f"{stem}{suffix}.wav", audio.sample_rate_hz, replace=False)
        except FileExistsError:
            continue
    raise FileExistsError(f"{MAX_NAMES} files of the name {stem}-{call.id} already exist")


def _file_name(text: str) -> str:
    """Return a safe part of a file name for any text from the wire: no dots or separators, not empty, not too long."""
    return _UNSAFE.sub("_", text)[:MAX_NAME_CHARACTERS] or "_"

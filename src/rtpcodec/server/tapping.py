"""CallTap: the audio of one stage as a file, which a thread writes."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Final

from rtpcodec.audio.files import WavWriter
from rtpcodec.pickling import Live
from rtpcodec.server.file_executor import FileExecutor, file_executor_of
from rtpcodec.server.loop_access import LoopAccess
from rtpcodec.stream.session import MediaSession
from rtpcodec.stream.tapping.tap_file import new_file
from rtpcodec.stream.tapping.tapping import Tap

HANDED_MS: Final = 200
"""Audio is handed to the thread in pieces of this length."""
MAX_WAITING_OCTETS: Final = 8 << 20
"""Limit on audio that waits for the disk: minutes at any rate."""


class CallTap(Live):
    """A tap of one call, from `call.tap`. The end of the call ends it. Use it in the event loop's thread only."""

    __slots__ = ("_access", "_tap", "path")

    def __init__(self, access: LoopAccess, stage: str, path: str | PathLike[str], *, track: str | None) -> None:
        """Begin a tap. Errors as for MediaSession.tap."""
        self.path = Path(path)
        """The file."""
        self._access = access
        session: MediaSession = access.pump.machine.session
        file, executor = self.path, file_executor_of(access.loop)  # not this object, which would refer to itself
        with new_file(file):
            self._tap: Tap = session.tap_to(stage, lambda rate_hz: ThreadedWav(file, rate_hz, executor), track=track)

    @property
    def stage(self) -> str:
        """The stage whose audio it writes."""
        return self._tap.stage

    @property
    def error(self) -> OSError | ValueError | None:
        """The error that ended the file early, such as a full disk; None: none."""
        return self._tap.error

    @property
    def stopped(self) -> bool:
        """Whether it records nothing more."""
        return self._tap.stopped

    def stop(self) -> None:
        """End the tap; its file is complete soon after. A second call does nothing."""
        self._access.machine("stop")
        self._tap.stop()


class ThreadedWav(Live):
    """A WavWriter that runs in a thread. Its failure is raised by the next `write`."""

    __slots__ = (
        "_collected",
        "_error",
        "_executor",
        "_given_octets",
        "_piece_octets",
        "_rate_hz",
        "_wav",
        "_written_octets",
    )

    def __init__(self, path: Path, rate_hz: int, executor: FileExecutor) -> None:
        """Open the file. OSError."""
        self._wav = WavWriter(path, rate_hz)
        self._executor = executor
        self._rate_hz = rate_hz
        self._piece_octets = 2 * rate_hz * HANDED_MS // 1000
        self._collected = bytearray()
        self._given_octets = self._written_octets = 0  # one is written by the loop only, the other by the thread only
        self._error: OSError | ValueError | None = None

    def write(self, pcm: bytes) -> None:
        """Append native int16 samples. Raises OSError or ValueError if the file failed, or the disk is too slow."""
        if self._error is not None:
            raise self._error
        if self._given_octets - self._written_octets > MAX_WAITING_OCTETS:
            raise OSError(f"more than {MAX_WAITING_OCTETS} octets wait for the disk")
        self._collected += pcm
        if len(self._collected) >= self._piece_octets:
            self._hand_over()

    def write_silence(self, samples: int) -> None:
        """Append silence."""
        self._hand_over()
        self._executor.write(lambda: self._guarded(samples, b""))

    def close(self) -> None:
        """Close the file after all writes."""
        self._hand_over()
        self._executor.write(self._close)

    def _hand_over(self) -> None:
        pcm, self._collected = bytes(self._collected), bytearray()
        if pcm:
            self._given_octets += len(pcm)
            self._executor.write(lambda: self._guarded(0, pcm))

    # In the thread

    def _guarded(self, silent_samples: int, pcm: bytes) -> None:
        try:
            if self._error is None and silent_samples:
                self._wav.write_silence(silent_samples)
            elif self._error is None:
                self._wav.write(pcm)
        except (OSError, ValueError) as error:
            self._error = error.with_traceback(None)
        self._written_octets += len(pcm)

    def _close(self) -> None:
        try:
            self._wav.close()
        except OSError as error:
            self._error = error.with_traceback(None)

"""The files that a call writes: recordings, captures and taps, which a draining endpoint closes before its end."""

from __future__ import annotations

from typing import Protocol


class CallFile(Protocol):
    """One file, or the files of one recording."""

    @property
    def stopped(self) -> bool:
        """Whether it records nothing more."""

    def stop(self) -> None:
        """Record nothing more, and complete the file soon."""


class CallFiles:
    """The open files of one call. Use it in the event loop's thread only."""

    __slots__ = ("_files",)

    def __init__(self) -> None:
        self._files: list[CallFile] = []

    def add(self, file: CallFile) -> None:
        """Add a file that was opened, and drop those that have ended."""
        self._files = [one for one in self._files if not one.stopped]
        self._files.append(file)

    def stop(self) -> int:
        """End all files. Returns how many were open."""
        files, self._files = [one for one in self._files if not one.stopped], []
        for one in files:
            one.stop()
        return len(files)

    def release(self) -> None:
        """Drop references to the call, because it has ended and its files as well."""
        self._files = []

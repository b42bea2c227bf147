"""Files in payloads: refused if we send them, diagnosed if the carrier sends them (docs/audio-checks.md)."""

from __future__ import annotations

from typing import Final

from typing_extensions import Buffer

from rtpcodec.audio.file_headers import FILE_STARTS, HEAD_OCTETS, FileKind, HeaderWatch, kind_of
from rtpcodec.audio.pcm_check import PcmCheck
from rtpcodec.errors import PayloadError
from rtpcodec.stream._receive_states import FilesState
from rtpcodec.stream.events import Diagnosis

MAX_TRACKS: Final = 4
"""Limit on examined tracks; a carrier has two."""
MAX_TRACK_CHARACTERS: Final = 64
"""Limit on the name of a track, which recordings and chunks contain; carriers' names have at most 8."""


class PlayChecks:
    """Checks audio before it is sent. Use from one thread at a time."""

    __slots__ = ("_watch", "pcm")

    def __init__(self) -> None:
        self.pcm = PcmCheck("pcm")
        """The check of the PCM for `play`."""
        self._watch = HeaderWatch()

    def payload(self, payload: Buffer) -> None:
        """Check the next payload.

        Raises: PayloadError if it begins with the header of a file, alone or together with earlier payloads.
        """
        octets = payload if isinstance(payload, bytes) else memoryview(payload).tobytes()
        if octets[:2] in FILE_STARTS or self._watch.carried:
            kind = self._watch.look(octets)
            if kind is not None:
                raise _not_encoded(kind)


def refuse_file_as_payload(payload: Buffer) -> None:
    """Raise PayloadError if a first payload begins with the whole header of a file."""
    kind = kind_of(memoryview(payload)[:HEAD_OCTETS].tobytes())
    if kind is not None:
        raise _not_encoded(kind)


def _not_encoded(kind: FileKind) -> PayloadError:
    return PayloadError(f"payload is {kind.name}, audio of the send codec is needed; {kind.remedy}")


class ReceivedFiles(FilesState):
    """Detects files in the payloads of one stream, and reports the first. Use from one thread at a time.

    alert: If False, `look` is needed only for payloads that begin with one of FILE_STARTS.
    """

    __slots__ = ("_reported", "_watches")

    def __init__(self) -> None:
        self._watches: dict[str | None, HeaderWatch] = {}
        self._reported = False

    def look(self, track: str | None, payload: bytes) -> list[Diagnosis]:
        """Return the diagnosis, once, if a payload shows that the carrier sends a file."""
        if self._reported:
            return []
        watch = self._watches.get(track)
        if watch is None:
            if len(self._watches) >= MAX_TRACKS or (track is not None and len(track) > MAX_TRACK_CHARACTERS):
                return []
            watch = self._watches[track] = HeaderWatch()
        kind = watch.look(payload)
        self.alert = any(one.carried for one in self._watches.values())
        if kind is None:
            return []
        self._reported, self.alert = True, False
        return [
            Diagnosis(
                "file_in_payload",
                f"a payload of track {track} begins with the header of {kind.name}"
                if track
                else f"a payload begins with the header of {kind.name}",
                "have the sender send encoded samples, not a file; until then, decode the payloads as that file",
            )
        ]

"""Recordings, captures and taps of a Call, beside its handler, and the private sections that they leave out."""

from __future__ import annotations

from collections.abc import Awaitable
from os import PathLike

from rtpcodec.server.call_base import CallBase
from rtpcodec.server.capturing import CallCapture
from rtpcodec.server.private_section import PrivateSection
from rtpcodec.server.recorder.recorder import recorder_of
from rtpcodec.server.recorder.recording import Recording
from rtpcodec.server.recorder.recording_files import Sides
from rtpcodec.server.replies import Reply
from rtpcodec.server.tapping import CallTap
from rtpcodec.stream.tapping.stages import Stage


class KeepingSide(CallBase):
    """Recordings, captures, private sections and the signal that the caller hears."""

    __slots__ = ()

    def record(
        self, path: str | PathLike[str], *, after: Reply | Awaitable[object] | None = None, sides: Sides = "stereo"
    ) -> Recording:
        """Record both sides of the call from now on, beside whatever the handler does, until it ends.

        A JSON file of the same name says what is in the recording: docs/recording.md. A thread writes.

        Args:
            path: the file, which must not exist; `.wav` or `.flac` decides its kind.
            after: a reply, such as a disclosure: the recording begins once it was heard to its end, and does not begin
                if it was interrupted. Or an awaitable: it begins unless that returns False or raises.
            sides: "stereo" for one file, the caller on the left and what the caller heard on the right; "separate" for
                one file per side.

        Returns:
            The recording. Errors of the disk do not raise and do not end the call: they are in its `error`.

        Raises:
            StreamEnded: after the end.
            ValueError: for another suffix or word.
            LocalProtocolError: received audio is not decoded.
            MissingExtra: for FLAC without soundfile.
        """
        recorder = recorder_of(self._parts, self._access, self.started, path, sides)
        if after is None:
            recorder.begin()
        else:
            recorder.wait_for(after)
        return Recording(recorder)

    def capture(self, path: str | PathLike[str], *, audio: bool = False) -> CallCapture:
        """Write every message both ways, and what the handler does, to a file, until `stop` or the stream's end.

        `rtpcodec.replay` and `rtpcodec replay FILE` run it again. Tokens, phone numbers, digits, client_state and
        custom parameters are never in it (docs/capture.md). A thread writes.

        Args:
            path: the file, which must not exist: JSON lines.
            audio: whether payloads keep their audio, apart from private sections. False: they hold silence of the same
                length.

        Returns:
            A CallCapture, whose `stop` ends it. Await it to wait until the file is complete.

        Raises:
            OSError: the file cannot be opened.
            StreamEnded: after the end.
        """
        self._machine("capture")
        capture = CallCapture(self._access, path, self.id, audio=audio)
        self._parts.files.add(capture)
        return capture

    def tap(self, stage: Stage, path: str | PathLike[str], *, track: str | None = None) -> CallTap:
        """Write the audio of one stage to a WAV file, until `stop` or the stream's end. Several may run at once.

        The first stage that has a click made it. A thread writes. Private sections are silent.

        Args:
            stage: "received", "pcm", "spoken", "mixed", "encoded" or "heard": docs/capture.md.
            path: the file, which must not exist; its header is true at any moment.
            track: of a received stage; None: the one that was asked for.

        Returns:
            A CallTap, whose `stop` ends it. A failure of the disk ends its file and is in its `error`.

        Raises:
            ValueError: for another stage or track.
            LocalProtocolError: for a stage of what is sent in mode mp3, and for "pcm" if nothing is decoded.
            MissingLibrary: payloads cannot be decoded here.
            OSError: as above.
            StreamEnded: after the end.
        """
        self._machine("tap")
        tap = CallTap(self._access, stage, path, track=track)
        self._parts.files.add(tap)
        return tap

    def private(self, label: str) -> PrivateSection:
        """Return a block, `async with call.private("card"):`, in which nothing of what the caller says or keys is kept.

        Recorders, taps and captures keep the time line alone. The handler still gets audio and keys. Sections may
        overlap; the end of the stream ends them all.

        Args:
            label: what it is about, for logs and sidecars: at most 40 characters, a letter, then letters, digits,
                spaces, `_` and `-`.

        Raises:
            ValueError: as above.
            TypeError: the label is not that.
        """
        self._access.machine("private")
        return PrivateSection(self._access, label)

    def reference(self, media_ms: float, duration_ms: float = 20, pcm_hz: int | None = None) -> bytes:
        """Return what the caller heard at a time, for an echo canceller: native int16 PCM, silence where it was silent.

        The echo of it arrives up to 600 ms behind, with the inbound audio of that later time. Audio that was sent
        before the first call of this method is missing, so call it once when the call begins.

        Args:
            media_ms: the inbound media time, of the last 3 s, such as `Audio.media_ms`.
            duration_ms: how long.
            pcm_hz: the rate wanted; None: that of the codec that we send.

        Raises:
            LocalProtocolError: in mode mp3.
            MissingLibrary: what we send cannot be decoded here.
            ValueError: the rate cannot be resampled, or duration_ms is above 3000.
        """
        return self._machine("reference").session.heard_signal().reference(media_ms, duration_ms, pcm_hz)

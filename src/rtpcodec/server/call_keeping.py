"""Recordings, captures and taps of a Call, and private sections, which they leave out."""

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
    """Recordings, captures, taps, private sections and the signal that the caller hears."""

    __slots__ = ()

    def record(
        self, path: str | PathLike[str], *, after: Reply | Awaitable[object] | None = None, sides: Sides = "stereo"
    ) -> Recording:
        """Record both sides of the call from now until it ends, independent of the handler.

        A JSON file of the same name describes the recording: docs/recording.md. A thread writes both files.

        Args:
            path: the file, which must not exist; the suffix `.wav` or `.flac` selects the format.
            after: a reply, such as a disclosure: the recording begins once it was heard to its end, and does not begin
                if it was interrupted. Or an awaitable: the recording begins when it ends, unless it returns False or
                raises. None: at once.
            sides: "stereo": one file, the caller on the left and what the caller heard on the right; "separate": one
                file per side.

        Returns:
            The recording. Errors of the disk are not raised and do not end the call: see its `error`.

        Raises:
            StreamEnded: the stream has ended.
            ValueError: the suffix or `sides` is another word.
            LocalProtocolError: received audio is not decoded, or called outside the event loop's thread.
            MissingExtra: FLAC needs soundfile, which is not installed.
        """
        recorder = recorder_of(self._parts, self._access, self.started, path, sides)
        if after is None:
            recorder.begin()
        else:
            recorder.wait_for(after)
        return Recording(recorder)

    def capture(self, path: str | PathLike[str], *, audio: bool = False) -> CallCapture:
        """Write every message in both directions, and all actions of the handler, to a file.

        `rtpcodec.replay` and `rtpcodec replay FILE` run it again. It never contains tokens, phone numbers, digits,
        client_state or custom parameters (docs/capture.md). A thread writes.

        Args:
            path: the file in JSON lines, which must not exist.
            audio: True: payloads keep their audio, except in private sections. False: they contain silence of the same
                length.

        Returns:
            A CallCapture; its `stop` or the end of the stream ends it. Await it to wait until the file is complete.

        Raises:
            OSError: the file cannot be opened.
            StreamEnded: the stream has ended.
            LocalProtocolError: called outside the event loop's thread.
        """
        self._machine("capture")
        capture = CallCapture(self._access, path, self.id, audio=audio)
        self._parts.files.add(capture)
        return capture

    def tap(self, stage: Stage, path: str | PathLike[str], *, track: str | None = None) -> CallTap:
        """Write the audio of one stage to a WAV file.

        Several taps may run at once. To find a click, tap several stages: the first stage that has the click causes it.
        Private sections are silent. A thread writes.

        Args:
            stage: "received", "pcm", "spoken", "mixed", "encoded" or "heard": docs/capture.md.
            path: the file, which must not exist; its header is valid at any moment.
            track: the track of a received stage; None: the track that was requested.

        Returns:
            A CallTap; its `stop` or the end of the stream ends it. A failure of the disk ends its file: see its
            `error`.

        Raises:
            ValueError: there is no such stage or track.
            LocalProtocolError: a stage of sent audio in mode mp3; "pcm" if nothing is decoded; called outside the
                loop's thread.
            MissingLibrary: payloads cannot be decoded here.
            OSError: the file cannot be opened.
            StreamEnded: the stream has ended.
        """
        self._machine("tap")
        tap = CallTap(self._access, stage, path, track=track)
        self._parts.files.add(tap)
        return tap

    def private(self, label: str) -> PrivateSection:
        """Return a block, `async with call.private("card"):`, in which nothing that the caller says or keys is kept.

        Recorders, taps and captures keep only the timeline. The handler still gets audio and keys. Sections may
        overlap; the end of the stream ends them all.

        Args:
            label: the topic, for logs and sidecars: at most 40 characters; a letter, then letters, digits, spaces, `_`
                and `-`.

        Raises:
            ValueError, TypeError: the label is not valid.
            LocalProtocolError: called outside the event loop's thread.
        """
        self._access.machine("private")
        return PrivateSection(self._access, label)

    def reference(self, media_ms: float, duration_ms: float = 20, pcm_hz: int | None = None) -> bytes:
        """Return what the caller heard at a time, for an echo canceller.

        The echo arrives up to 600 ms later, in the inbound audio. Audio that was sent before the first call of this
        method is missing, so call it once when the call begins.

        Args:
            media_ms: the inbound media time in ms, within the last 3 s, such as `Audio.media_ms`.
            duration_ms: the duration, at most 3000 ms.
            pcm_hz: the sample rate in Hz; None: that of the codec that we send.

        Returns:
            Native int16 mono PCM; silence where the caller heard nothing.

        Raises:
            LocalProtocolError: the mode is mp3, or called outside the event loop's thread.
            MissingLibrary: what we send cannot be decoded here.
            ValueError: the rate cannot be resampled, or duration_ms is above 3000.
        """
        return self._machine("reference").session.heard_signal().reference(media_ms, duration_ms, pcm_hz)

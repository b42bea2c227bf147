"""Recording: what `Call.record` returns."""

from __future__ import annotations

from pathlib import Path

from rtpcodec.pickling import Live
from rtpcodec.server.recorder.recorder import Recorder, State


class Recording(Live):
    """One recording of a call. It ends with the stream, or by `stop`. Use it in the event loop's thread only."""

    __slots__ = ("_recorder",)

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def __repr__(self) -> str:
        return f"<Recording {self.path.name!r} {self.state}>"

    @property
    def path(self) -> Path:
        """The file; with sides="separate", `-caller` and `-heard` stand before the suffix of the two files."""
        return self._recorder.path

    @property
    def state(self) -> State:
        """One of six words.

        - "waiting": for the end of `after`.
        - "recording": audio is written.
        - "finishing": the recording has ended, and its files are not finished.
        - "complete": files and sidecar are finished.
        - "failed": an error ended it, see `error`.
        - "not_begun": the call, `stop` or `after` ended before it began.
        """
        return self._recorder.state

    @property
    def error(self) -> BaseException | None:
        """The error that ended the recording or its wait, such as OSError; None: none."""
        return self._recorder.error

    def stop(self) -> None:
        """End the recording. The call continues. A second call does nothing."""
        self._recorder.stop()

    async def finished(self) -> Recording:
        """Wait until files and sidecar are complete. Errors of the recording are not raised: see `error`.

        Raises:
            LocalProtocolError: called in `on_audio`, which cannot wait.
        """
        await self._recorder.finished()
        return self

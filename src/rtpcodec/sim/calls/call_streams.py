"""The streams of a call, as a test sees them and meddles with them."""

from __future__ import annotations

from typing import Literal

from rtpcodec.pickling import Live
from rtpcodec.sim.calls.dialling import CallServices
from rtpcodec.sim.calls.phones import require_digits
from rtpcodec.sim.calls.stream_pump import SocketLoss
from rtpcodec.sim.calls.streaming import CallStreaming
from rtpcodec.sim.calls.waiting import finished, waited
from rtpcodec.sim.media.formats import AudioFormat
from rtpcodec.sim.report import CallReport


class CallStreams(Live):
    """The part of a SimulatedCall that is about its streams. Any thread may use it."""

    def __init__(self, services: CallServices, own_format: AudioFormat) -> None:
        self._services = services
        self._format = own_format
        self._streaming = CallStreaming(services)

    @property
    def streaming(self) -> bool:
        """A stream runs, or the app is being dialled for one."""
        return self._streaming.active

    @property
    def failure(self) -> Literal["connection_failed"] | None:
        """Why the last stream could not begin."""
        return self._streaming.failure

    @property
    def stream_id(self) -> str | None:
        """Of the stream that runs or was the last to run."""
        stream = self._streaming.described
        return None if stream is None else stream.stream_id

    @property
    def heard(self) -> bytes:
        """PCM that the caller has heard since `start`, with silence while nothing was played."""
        return self._services.loop_thread.run(self._streaming.heard)

    @property
    def heard_hz(self) -> int:
        """The rate of `heard`: that of the return audio; before the first stream, the call's own."""
        stream = self._streaming.described
        return self._format.sample_rate_hz if stream is None else stream.heard_hz

    async def finished(self) -> CallReport:
        """Wait for the end of the stream that runs or comes next; its report, or that of the last one.

        Raises: the error of the generator that makes the speech, if it has one.
        """
        try:
            return await finished(self._streaming.done)
        finally:
            del self  # it has the error, whose traceback holds this frame

    def wait(self, timeout_s: float | None = None) -> CallReport:
        """Wait as `finished` does, in blocking code.

        Raises: TimeoutError if it is not over in time. RuntimeError in the loop's own thread.
        """
        return waited(self._streaming.done, self._services.loop_thread, timeout_s)

    def lose_socket(self, how: SocketLoss) -> None:
        """Lose the WebSocket of the stream that runs; the call continues, and can be streamed again.

        How the carrier behaves then is `Variations.losses`.

        how: "rst": the connection is reset. "fin": it ends, without `stop` and without a close frame. "black_hole":
            from now on nothing passes in either direction, and the carrier notices nothing until `streaming_stop`.
            On a real network of another system than Linux, what arrives is still acknowledged, up to its buffers.
        Raises: RuntimeError if nothing is streamed.
        """
        self._services.loop_thread.run(lambda: self._streaming.lose_socket(how))

    @property
    def reports(self) -> tuple[CallReport, ...]:
        """The reports of all streams that are over, in their order."""
        return tuple(self._streaming.reports)

    def press(self, digits: str) -> None:
        """Press keys of the caller's phone now.

        Raises: ValueError if a key does not exist. RuntimeError if nothing is streamed.
        """
        require_digits(digits)
        self._services.loop_thread.run(lambda: self._streaming.press(digits))

"""The streams of a call: what a test reads of them, and how it disturbs them."""

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
    """The streams of a SimulatedCall. Any thread may use it."""

    def __init__(self, services: CallServices, own_format: AudioFormat) -> None:
        self._services = services
        self._format = own_format
        self._streaming = CallStreaming(services)

    @property
    def streaming(self) -> bool:
        """Whether a stream runs, or its socket is being opened."""
        return self._streaming.active

    @property
    def failure(self) -> Literal["connection_failed"] | None:
        """Why the last stream could not begin; None: it began."""
        return self._streaming.failure

    @property
    def stream_id(self) -> str | None:
        """The id of the running stream, or of the last one; None: there was none."""
        stream = self._streaming.described
        return None if stream is None else stream.stream_id

    @property
    def heard(self) -> bytes:
        """Native int16 PCM that the caller has heard since `start`, with silence while nothing was played."""
        return self._services.loop_thread.run(self._streaming.heard)

    @property
    def heard_hz(self) -> int:
        """The rate of `heard` in Hz: that of the app's audio; before the first stream, the call's own."""
        stream = self._streaming.described
        return self._format.sample_rate_hz if stream is None else stream.heard_hz

    async def finished(self) -> CallReport:
        """Wait for the end of the stream that runs or begins next, in any event loop.

        Returns:
            The report of that stream; if the call has ended, that of the last one.

        Raises:
            Exception: the error of the generator that makes the speech.
        """
        try:
            return await finished(self._streaming.done)
        finally:
            del self  # it has the error, whose traceback holds this frame

    def wait(self, timeout_s: float | None = None) -> CallReport:
        """Wait as `finished` does, in blocking code.

        Args:
            timeout_s: limit of the wait in seconds; None: there is no limit.

        Returns:
            The report, as of `finished`.

        Raises:
            TimeoutError: the stream has not ended in time.
            RuntimeError: called in the thread of the carrier's loop.
        """
        return waited(self._streaming.done, self._services.loop_thread, timeout_s)

    def lose_socket(self, how: SocketLoss) -> None:
        """Lose the WebSocket of the running stream; the call continues, and can be streamed again.

        `Variations.losses` sets the carrier's behaviour after it.

        Args:
            how: "rst": the connection is reset. "fin": it ends, without `stop` and without a close frame. "black_hole":
                from now on nothing passes in either direction, and the carrier notices nothing until `streaming_stop`.
                On a real network, systems other than Linux still acknowledge what arrives, up to their buffers.

        Raises:
            RuntimeError: nothing is streamed.
        """
        self._services.loop_thread.run(lambda: self._streaming.lose_socket(how))

    @property
    def reports(self) -> tuple[CallReport, ...]:
        """The reports of all ended streams, in their order."""
        return tuple(self._streaming.reports)

    def press(self, digits: str) -> None:
        """Press keys of the caller's phone now, one after the other.

        Raises:
            ValueError: a character of `digits` is not a key.
            RuntimeError: nothing is streamed.
        """
        require_digits(digits)
        self._services.loop_thread.run(lambda: self._streaming.press(digits))

"""The captures of a session: the base of MediaSession that starts and ends them."""

from __future__ import annotations

from collections.abc import Callable
from math import floor
from os import PathLike

from rtpcodec.audio.files import WavWriter
from rtpcodec.errors import LocalProtocolError
from rtpcodec.stream.capture.capture import Capture, CaptureFile
from rtpcodec.stream.capture.header import DialectFacts, Header, utc_of
from rtpcodec.stream.capture.inputs import InputReporter, RecordSink
from rtpcodec.stream.capture.lines import Record
from rtpcodec.stream.listening.track_names import require_track
from rtpcodec.stream.session_listening import ListeningSession
from rtpcodec.stream.session_options import SessionOptions
from rtpcodec.stream.speaking.parts import parts_of
from rtpcodec.stream.tapping.heard_tap import HeardSource
from rtpcodec.stream.tapping.stages import Stage, checked
from rtpcodec.stream.tapping.tap_file import OpenFile, new_file
from rtpcodec.stream.tapping.tapping import Tap, Tapped, new_tap
from rtpcodec.stream.wire import Dialect


class CapturingSession(ListeningSession):
    """The base of MediaSession that reports its inputs to captures."""

    _options: SessionOptions
    _inputs: InputReporter | None
    _captures: tuple[Capture, ...] = ()

    @property
    def dialect(self) -> Dialect:
        """The dialect of the carrier."""
        return self._incoming.dialect

    def capture(self, path: str | PathLike[str], now_ms: float, *, audio: bool = False) -> Capture:
        """Write all messages both ways and the app's calls to a file, until `Capture.stop` or the stream's end.

        `rtpcodec.replay` runs the file again. It never contains tokens, phone numbers, digits, client_state and custom
        parameters (docs/capture.md). This method writes in the session's thread, `Call.capture` in another thread.

        Args:
            path: The file of JSON lines. It must not exist.
            now_ms: The time.
            audio: Whether payloads keep their audio, except in private sections. False: silence of the same length.

        Returns:
            A Capture, whose `stop` ends it.

        Raises:
            OSError: The file cannot be made.
            StreamEnded: The stream has ended.
        """
        header = self.capture_header(now_ms, audio=audio)
        file = CaptureFile(path, header, self.dialect)
        return self.capture_to(header, file.take, file.close, now_ms)

    def tap(self, stage: Stage, path: str | PathLike[str], *, track: str | None = None) -> Tap:
        """Write the audio of one stage to a WAV file, until `Tap.stop` or the stream's end. Several may run at once.

        This method writes in the session's thread, `Call.tap` in another thread. Private sections are silent.

        Args:
            stage: "received", "pcm", "spoken", "mixed", "encoded" or "heard": docs/capture.md#taps.
            path: The file. It must not exist. Its header is valid at any time.
            track: The track of a received stage; None: the requested track.

        Returns:
            A Tap, whose `stop` ends it. If the disk fails, the file ends and `Tap.error` has the error.

        Raises:
            ValueError: The stage or the track does not exist.
            LocalProtocolError: A stage of sent audio in mode mp3, or "pcm" if nothing is decoded.
            MissingLibrary: Payloads cannot be decoded here.
            OSError: The file cannot be made.
            StreamEnded: The stream has ended.
        """
        with new_file(path):
            return self.tap_to(stage, lambda rate_hz: WavWriter(path, rate_hz), track=track)

    def tap_to(self, stage: str, open_file: OpenFile, *, track: str | None = None) -> Tap:
        """Write the audio of one stage to the file that `open_file` opens: see `tap`."""
        self._require_running()
        require_track(track)
        if stage == "pcm" and self.receive_pcm_hz is None:
            raise LocalProtocolError("receive_pcm_hz is None, nothing is decoded: tap the stage 'received'")
        return new_tap(
            checked(stage),
            Tapped(
                plan=self.plan,
                parts=None if self._speech is None else parts_of(self._speech),
                privacy=self.privacy,
                media_format=self.media_format,
                track=self.dialect.tracks[self.plan.tracks][0],
                delay_ms=lambda: self.media_delay_ms,
                listen=self.listen,
                stop_listening=self.stop_listening,
                heard=self._heard_source,
            ),
            open_file,
            track,
        )

    def capture_header(self, now_ms: float, *, audio: bool) -> Header:
        """Return the first line of a capture that begins now. Raises StreamEnded after the end."""
        self._require_running()
        incoming = self._incoming
        start_ms = now_ms if incoming.start is None else incoming.start[1]
        counts = self.statistics(now_ms)
        return Header(
            plan=self.plan,
            options=self._options,
            dialect=DialectFacts.of(self.dialect),
            origin_ms=floor(min(now_ms, start_ms)),
            utc_start=utc_of(now_ms, self._options.utc_offset_ms),
            audio=audio,
            from_start=not counts.media_received,
            received_before=counts.messages_received - (incoming.start is not None),
            sent_before=counts.messages_sent,
        )

    def capture_to(self, header: Header, sink: RecordSink, close: Callable[[], object], now_ms: float) -> Capture:
        """Start a capture whose records go to a sink: see `capture`.

        Args:
            header: From `capture_header`.
            sink: Called with each record, in the session's thread.
            close: Called after the last record.
            now_ms: The time.
        """
        if self._inputs is None:
            self._inputs = self._new_inputs(now_ms)
        capture = Capture(header, sink, close, self._stop_capture)
        if self._incoming.start is not None:
            start, start_ms = self._incoming.start
            sink(Record(start_ms, "in", start, False))
        self._inputs.add(sink)
        self._captures = (*self._captures, capture)
        return capture

    def _new_inputs(self, now_ms: float) -> InputReporter:
        speech = self._speech
        inputs = InputReporter(self, self.privacy, speech, now_ms)
        self.privacy.subscribe(inputs.private)
        if speech is not None:
            parts = parts_of(speech)
            parts.actions = parts.gate.actions = inputs
            speech.acceptor.follows_queue = True
            parts.sent_sinks = (*parts.sent_sinks, inputs)
        return inputs

    def _stop_capture(self, capture: Capture) -> None:
        inputs = self._inputs
        self._captures = tuple(one for one in self._captures if one is not capture)
        if inputs is None:
            return
        inputs.finish(capture.sink)
        if inputs.remove(capture.sink):
            return
        self._inputs = None
        self.privacy.unsubscribe(inputs.private)
        if self._speech is not None:
            parts = parts_of(self._speech)
            parts.actions = parts.gate.actions = None
            self._speech.acceptor.follows_queue = self._speech.acceptor.drops_oldest
            parts.sent_sinks = tuple(one for one in parts.sent_sinks if one is not inputs)

    def _look(self, now_ms: float) -> None:
        """Record a call of `events`. The call after the end is the last one: it returns Stopped."""
        if self._inputs is not None:
            self._inputs.looking(now_ms)
        if self.ended:
            for capture in self._captures:
                capture.stop()

    def _heard_source(self) -> HeardSource:
        """Return a reader of what the caller heard. Raises LocalProtocolError in mode mp3, MissingLibrary."""
        return self.heard_signal().reader()

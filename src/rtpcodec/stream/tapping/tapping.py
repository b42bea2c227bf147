"""Makes and ends the taps of a session."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import inf

from rtpcodec.errors import LocalProtocolError
from rtpcodec.pickling import Live
from rtpcodec.stream.events import Event, Stopped
from rtpcodec.stream.listening.privacy import Privacy
from rtpcodec.stream.listening.sinks import Sink
from rtpcodec.stream.messages import MediaFormat
from rtpcodec.stream.plan import StreamPlan
from rtpcodec.stream.speaking.parts import Parts
from rtpcodec.stream.tapping.heard_tap import HeardSource, HeardTap
from rtpcodec.stream.tapping.received import PayloadDecoder, ReceivedTap
from rtpcodec.stream.tapping.sent import SentTap
from rtpcodec.stream.tapping.stages import RECEIVED, SENT, Stage
from rtpcodec.stream.tapping.tap_file import OpenFile, TapFile


class Tap(Live):
    """One tap, made by `MediaSession.tap`. It ends with the stream. Use from one thread at a time."""

    __slots__ = ("_detach", "_file", "stage")

    def __init__(self, stage: Stage, file: TapFile) -> None:
        """Make a tap that is not attached yet."""
        self.stage = stage
        """The stage of its audio."""
        self._file = file
        self._detach: Callable[[], object] | None = None

    def attached(self, detach: Callable[[], object]) -> None:
        """Store the function that removes the tap."""
        self._detach = detach

    @property
    def error(self) -> OSError | ValueError | None:
        """The error that ended the file early, such as a full disk; None: no error."""
        return self._file.error

    @property
    def stopped(self) -> bool:
        """Whether the tap has ended."""
        return self._detach is None

    def stop(self) -> None:
        """End the tap and close its file. A second call does nothing."""
        detach, self._detach = self._detach, None
        if detach is not None:
            detach()
            self._file.close()


@dataclass(frozen=True, slots=True)
class Tapped:
    """The parts of a session that taps need."""

    plan: StreamPlan
    parts: Parts | None
    """Parts of its send side; None in mode mp3."""
    privacy: Privacy
    media_format: MediaFormat | None
    track: str
    """The requested track."""
    delay_ms: Callable[[], float | None]
    """Returns the session's clock minus the media time."""
    listen: Callable[[Sink], object]
    stop_listening: Callable[[Sink], object]
    heard: Callable[[], HeardSource]


class _End(Live):
    """Ends a tap with its stream. A sink of the session."""

    __slots__ = ("_tap",)

    deadline_ms = inf

    def __init__(self, tap: Tap) -> None:
        self._tap = tap

    def take(self, event: Event, now_ms: float) -> Iterable[Event]:
        """End the tap with the stream."""
        del now_ms
        if isinstance(event, Stopped):
            self._tap.stop()
        return ()

    def expired(self, now_ms: float) -> Iterable[Event]:
        """Do nothing."""
        del now_ms
        return ()


def new_tap(stage: Stage, tapped: Tapped, open_file: OpenFile, track: str | None) -> Tap:
    """Start a tap: see MediaSession.tap."""
    # 1. Received audio? 2. Sent audio? 3. Otherwise the audio that the caller heard.
    file = TapFile(open_file)
    tap = Tap(stage, file)
    if stage in RECEIVED:
        decoder = PayloadDecoder(tapped.plan, tapped.media_format) if stage == "received" else None
        received = ReceivedTap(
            file, track or tapped.track, tapped.privacy, decoder, delay_ms=tapped.delay_ms, end=tap.stop
        )
        tapped.listen(received)
        tap.attached(lambda: tapped.stop_listening(received))
        return tap
    if track is not None:
        raise ValueError(f"track is {track!r}, stage {stage!r} has no tracks")
    parts = tapped.parts
    if parts is None:
        raise LocalProtocolError(f"the plan's mode is 'mp3', a tap of stage {stage!r} needs 'rtp'")
    if stage in SENT:
        sent = SentTap(file, stage, tapped.plan, parts, tapped.privacy)
        parts.sent_sinks = (*parts.sent_sinks, sent)
        end = _End(tap)
        tapped.listen(end)

        def detach() -> None:
            parts.sent_sinks = tuple(one for one in parts.sent_sinks if one is not sent)
            tapped.stop_listening(end)

        tap.attached(detach)
        return tap
    heard = HeardTap(file, tapped.heard(), tapped.privacy, tap.stop)
    tapped.listen(heard)

    def finish() -> None:
        heard.finish()
        tapped.stop_listening(heard)

    tap.attached(finish)
    return tap

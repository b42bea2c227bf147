"""The app's messages: audio to play, marks, clears. Wrong ones are answered with an error."""

from __future__ import annotations

from typing import Final

from typing_extensions import Buffer

from rtpcodec.carriers.telnyx import commands
from rtpcodec.carriers.telnyx.errors import UNKNOWN_ERROR
from rtpcodec.sim.commands.bodies import StreamSettings
from rtpcodec.sim.media.facts import CallFacts
from rtpcodec.sim.media.formats import AudioFormat, Mp3Format, legs_that_hear
from rtpcodec.sim.media.marks import MarkEchoes
from rtpcodec.sim.media.playout import Playout
from rtpcodec.sim.media.returned import returned_reader
from rtpcodec.sim.media.stream_errors import RefusedMessage
from rtpcodec.sim.playout_log import PlayoutLog, PlayoutRecorder
from rtpcodec.sim.report import EchoMeter, StreamCounts
from rtpcodec.sim.wires.wire import CarrierWire
from rtpcodec.stream import messages

KEPT_MS: Final = 1000.0
"""Played audio that is kept, besides one chunk, if the call keeps no audio: a tick may be this late."""


class AppReceiver:
    """Applies the messages of the app to one stream."""

    __slots__ = (
        "_bridged",
        "_facts",
        "_peer",
        "_recorder",
        "_returned",
        "_settings",
        "_start_ms",
        "_tally",
        "_wire",
        "echo",
        "marks",
        "playout",
    )

    def __init__(
        self,
        facts: CallFacts,
        settings: StreamSettings,
        returned: AudioFormat | Mp3Format,
        *,
        wire: CarrierWire,
        tally: StreamCounts,
        start_ms: float,
    ) -> None:
        self._facts = facts
        self._settings = settings
        self._returned = returned_reader(returned)
        self._wire = wire
        self._tally = tally
        self._start_ms = start_ms
        self._bridged = facts.bridged
        self.playout = self._new_playout(returned.sample_rate_hz)
        self._peer: Playout | None = None
        self._recorder = (
            PlayoutRecorder(returned.sample_rate_hz, keeps_audio=facts.keeps_audio) if facts.logs_playout else None
        )
        self.marks = MarkEchoes(facts.variations.marks, self.playout, facts.seed)
        self.echo = EchoMeter(keeps_all=facts.keeps_audio)

    def _new_playout(self, sample_rate_hz: int) -> Playout:
        facts = self._facts
        echo_ms = 0.0 if facts.faults.echo_path is None else facts.faults.echo_path.delay_ms
        return Playout(
            sample_rate_hz,
            self._start_ms,
            facts.playout_delay_ms,
            clock_ppm=facts.timing.playout_clock_ppm,
            kept_ms=None if facts.keeps_audio else KEPT_MS + facts.variations.chunk_ms + echo_ms,
        )

    def bridge(self) -> None:
        """Let the second leg hear too, from now on."""
        self._bridged = True

    def receive(self, text: str | Buffer, now_ms: float) -> None:
        """Apply one message.

        Raises:
            RefusedMessage: it is answered with an error.
        """
        tally = self._tally
        tally.messages_received += 1
        message = self._wire.read(text)
        if isinstance(message, messages.Media):
            self._play(message.payload, now_ms)
        elif isinstance(message, messages.Mark):
            tally.marks_received += 1
            self.marks.place(message.name, now_ms)
        else:
            tally.clears_received += 1
            self._clear(now_ms)

    def reject(self, detail: str) -> None:
        """Count a frame that is not a message.

        Raises: RefusedMessage, always.
        """
        self._tally.messages_received += 1
        raise self._wire.rejected(detail)

    def _play(self, payload: bytes, now_ms: float) -> None:
        self._tally.media_received += 1
        self._tally.octets_received += len(payload)
        pcm = self._returned.pcm_of(payload, now_ms)
        rate_hz = self.playout.sample_rate_hz
        self.echo.returned(len(pcm) // 2 * 1000 / rate_hz, now_ms)
        legs = legs_that_hear(self._settings.target_legs, bridged=self._bridged)
        self._tally.media_unheard += not legs
        if commands.OPPOSITE_LEG in legs:
            self._peer = self._peer or self._new_playout(rate_hz)
            self._peer.play(pcm, now_ms)
        end = self.playout.end
        # Marks return by this play-out, whichever leg hears.
        if not self.playout.play(pcm if commands.SELF_LEG in legs else bytes(len(pcm)), now_ms):
            self._tally.media_refused += 1
            raise RefusedMessage(UNKNOWN_ERROR, "more audio waits to be played than the limit allows")
        if self._recorder is not None:
            now, at_ms = self.playout.position(now_ms), now_ms - self._start_ms
            self._recorder.media(payload, len(pcm) // 2, at_ms, now=now, end=(end, self.playout.end))

    def _clear(self, now_ms: float) -> None:
        end = self.playout.end
        if self._facts.variations.clears.effect != "ignored":
            self._empty(now_ms)
        if self._recorder is not None:
            self._recorder.clear(now_ms - self._start_ms, end=(end, self.playout.end))

    def _empty(self, now_ms: float) -> None:
        habits = self._facts.variations.clears
        if habits.effect == "no_marks":
            self.marks.lost += self.playout.drop_marks(now_ms)
        self._tally.marks_cleared += self.playout.clear(now_ms, habits.late_ms)
        if self._peer is not None:
            self._peer.clear(now_ms, habits.late_ms)

    def playout_log(self) -> PlayoutLog | None:
        """Return the log of the play-out; None if the call keeps none."""
        return None if self._recorder is None else self._recorder.log()

    def peer_heard(self, now_ms: float) -> bytes:
        """Return the audio that the second leg has heard by now."""
        return b"" if self._peer is None else self._peer.heard(now_ms)

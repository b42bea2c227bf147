"""The audio of a replay as files: each received track, and the sent audio."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from rtpcodec.audio.files import WavWriter
from rtpcodec.pickling import Live
from rtpcodec.stream.capture.replaying import Replaying
from rtpcodec.stream.events import Audio, Event
from rtpcodec.stream.listening.sent_decoder import SentDecoder
from rtpcodec.stream.speaking.parts import parts_of
from rtpcodec.stream.tapping.received import PayloadDecoder, ReceivedTap
from rtpcodec.stream.tapping.tap_file import OpenFile, TapFile

MAX_TRACKS: Final = 4
"""Limit on files of received tracks; a carrier has two tracks."""


class ReplaySounds(Live):
    """Writes `received-TRACK.wav` and `sent.wav` to a folder. Use from one thread at a time."""

    __slots__ = ("_decoder", "_folder", "_replaying", "_sent", "_tracks", "paths")

    def __init__(self, replaying: Replaying, folder: Path) -> None:
        """Make the folder if it is missing. Raises OSError; MissingLibrary if sent payloads cannot be decoded here."""
        folder.mkdir(parents=True, exist_ok=True)
        self._replaying = replaying
        self._folder = folder
        self._tracks: dict[str, ReceivedTap] = {}
        self._sent = TapFile(self._opening("sent"))
        plan = replaying.header.plan
        self._decoder = None if plan.mode == "mp3" else SentDecoder(plan)
        self.paths: list[Path] = []
        """The files that were written."""

    def take(self, event: Event, now_ms: float) -> None:
        """Write the audio of an event."""
        session = self._replaying.session
        if isinstance(event, Audio) and event.track not in self._tracks and len(self._tracks) < MAX_TRACKS:
            file = TapFile(self._opening(f"received-{event.track}"))
            decoder = PayloadDecoder(session.plan, session.media_format)
            self._tracks[event.track] = ReceivedTap(
                file,
                event.track,
                session.privacy,
                decoder,
                delay_ms=lambda: session.media_delay_ms,
                end=file.close,
            )
        for tap in self._tracks.values():
            tap.take(event, now_ms)

    def take_sent(self, sent: list[tuple[float, bytes | None]]) -> None:
        """Write sent payloads with their times. None is a `clear`, which does not remove audio that is written."""
        for at_ms, payload in sent:
            if payload is not None:
                self._put_sent(payload, at_ms)

    def _put_sent(self, payload: bytes, at_ms: float) -> None:
        chain = self._replaying.session.speech
        if self._decoder is not None and chain is not None:
            rate_hz = chain.sample_rate_hz
            samples = round(parts_of(chain).packing.payload_ms(payload) * rate_hz / 1000)
            self._sent.put(self._decoder.decode(payload, samples), rate_hz, at_ms, at_ms, private=False)

    def finish(self) -> None:
        """Close all files."""
        self._sent.close()
        for tap in self._tracks.values():
            tap.close()

    def _opening(self, name: str) -> OpenFile:
        path = self._folder / f"{''.join(one if one.isalnum() or one == '-' else '_' for one in name)[:80]}.wav"

        def opened(rate_hz: int) -> WavWriter:
            self.paths.append(path)
            return WavWriter(path, rate_hz)

        return opened

"""A carrier that sends PCM on its own clock to a session with voice activity."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from rtpcodec import MediaSession, VoiceSettings
from rtpcodec.audio.levels import rms_of_dbov
from rtpcodec.codecs import codec
from rtpcodec.kernels.noise import white_noise
from rtpcodec.stream.events import Audio, Event
from rtpcodec.stream.listening.voice import VoiceDetector
from tests.stream import carrier

RATE_HZ: Final = 8000


def sound(level_dbov: float, duration_ms: int, rate_hz: int = RATE_HZ) -> bytes:
    """A steady noise of a level."""
    return white_noise(1, 0, duration_ms * rate_hz // 1000, rms_of_dbov(level_dbov))


def silence(duration_ms: int, rate_hz: int = RATE_HZ) -> bytes:
    return bytes(2 * duration_ms * rate_hz // 1000)


@dataclass
class PcmCarrier:
    """A carrier that sends PCM in chunks on its own clock, each when it is complete."""

    session: MediaSession
    chunk_ms: int = 20
    encoding: str = "PCMU"
    rate_hz: int = RATE_HZ
    track: str = "inbound"
    now_ms: float = 0.0
    number: int = 0
    at_ms: int = 0
    found: list[tuple[float, Event]] = field(default_factory=list)

    def say(self, pcm: bytes, *, lose: tuple[int, ...] = ()) -> None:
        """Send all of it. lose: numbers of chunks that are lost, counted from here."""
        options = {"byte_order": "little"} if self.encoding == "L16" else {}
        encoder = codec(self.encoding).encoder(self.rate_hz, **options)
        step = 2 * self.chunk_ms * self.rate_hz // 1000
        for number, begin in enumerate(range(0, len(pcm), step)):
            payload = encoder.encode(pcm[begin : begin + step])
            self.number += 1
            self.now_ms += self.chunk_ms
            if number not in lose:
                text = carrier.media(payload, self.number, track=self.track, timestamp=str(self.at_ms))
                self.session.receive(text, self.now_ms)
                self.look()
            self.at_ms += self.chunk_ms

    def wait(self, duration_ms: int) -> None:
        """Let time pass without audio, with a look at each deadline."""
        end_ms = self.now_ms + duration_ms
        while (deadline_ms := self.session.next_deadline_ms) is not None and deadline_ms <= end_ms:
            self.now_ms = max(self.now_ms, deadline_ms)
            self.look()
        self.now_ms = end_ms
        self.at_ms += duration_ms

    def look(self) -> None:
        self.found += [(self.now_ms, event) for event in self.session.events(self.now_ms)]

    def of(self, kind: type) -> list[Any]:
        return [event for _, event in self.found if type(event) is kind]

    def when(self, kind: type) -> list[float]:
        return [at_ms for at_ms, event in self.found if type(event) is kind]

    def received(self, from_ms: float, to_ms: float) -> bytes:
        """The PCM of a time, of all chunks."""
        first = self.of(Audio)[0]
        per_ms = 2 * first.sample_rate_hz // 1000
        pcm = b"".join(chunk.pcm for chunk in self.of(Audio))
        return pcm[int(from_ms) * per_ms : int(to_ms) * per_ms]


class Played:
    """A reference with a given level between two media times."""

    def __init__(self, level_dbov: float, from_ms: float, to_ms: float) -> None:
        self.level, self.from_ms, self.to_ms = level_dbov, from_ms, to_ms

    def level_dbov(self, from_media_ms: float, to_media_ms: float) -> float:
        return self.level if from_media_ms < self.to_ms and to_media_ms > self.from_ms else -127.0


def line(
    settings: VoiceSettings | None = None,
    *,
    voice: dict[str, Any] | None = None,
    chunk_ms: int = 20,
    encoding: str = "PCMU",
    rate_hz: int = RATE_HZ,
    **options: Any,
) -> tuple[PcmCarrier, VoiceDetector]:
    session = carrier.started(start_text=carrier.start(encoding, rate_hz), **options)
    detector = session.voice(0.0, settings, **(voice or {}))
    return PcmCarrier(session, chunk_ms, encoding, rate_hz), detector

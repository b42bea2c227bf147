"""Facts about an audio file."""

from __future__ import annotations

from dataclasses import dataclass

from rtpcodec.pickling import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioFacts(Value):
    """Facts about an audio file, as its header and its octets say."""

    container: str
    """`wav`, `rf64`, `flac`, `mp3`, `ogg`, `awb` or `raw`."""
    codec: str
    """The coding of the samples, such as `PCM 16`, `float 32`, `PCMU`, `G722`, `FLAC`, `MP3`, `OPUS`, `AMR-WB`."""
    sample_rate_hz: int
    """The rate of the file's own samples."""
    channels: int
    samples: int | None = None
    """Per channel, at the file's own rate. None: only the end of the file shows it."""
    notes: tuple[str, ...] = ()
    """Oddities of the file, one sentence each."""

    @property
    def duration_ms(self) -> float | None:
        """The length of the sound; None: only the end of the file shows it."""
        return None if self.samples is None else self.samples * 1000 / self.sample_rate_hz

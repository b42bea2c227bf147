"""Facts about an audio file."""

from __future__ import annotations

from dataclasses import dataclass

from rtpcodec.pickling import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioFacts(Value):
    """Facts about an audio file, from its header and its octets."""

    container: str
    """`wav`, `rf64`, `flac`, `mp3`, `ogg`, `awb` or `raw`."""
    codec: str
    """The coding of the samples, such as `PCM 16`, `float 32`, `PCMU`, `G722`, `FLAC`, `MP3`, `OPUS`, `AMR-WB`."""
    sample_rate_hz: int
    """The sample rate of the file in Hz."""
    channels: int
    samples: int | None = None
    """Samples per channel, at the file's rate. None: not known before the end of the file."""
    notes: tuple[str, ...] = ()
    """Unusual facts about the file, one sentence each."""

    @property
    def duration_ms(self) -> float | None:
        """The duration of the sound; None: not known before the end of the file."""
        return None if self.samples is None else self.samples * 1000 / self.sample_rate_hz

"""Facts about the sound of a captured call."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from rtpcodec.pickling import Value
from rtpcodec.rtp.capture.alignment import Alignment
from rtpcodec.rtp.capture.report import CapturedCall, CapturedStream
from rtpcodec.rtp.capture.series import SecondSeries

Gaps = Literal["conceal", "silence"]
"""How lost packets are filled: with concealed audio, or with silence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSound(Value):
    """The sound of one stream."""

    stream: CapturedStream
    level_dbov: float
    """The mean power of its sound, including gaps and pauses; -127 is silence."""
    decoded_packets: int
    """Audio packets that are in the sound."""
    concealed_ms: float
    """Sound in place of lost packets, concealed or silent."""
    paused_ms: float
    """Sound while the sender sent nothing: comfort noise, or silence."""
    late_packets: int
    """Packets that arrived after others had been played in their place."""
    duplicate_packets: int
    damaged_packets: int
    """Packets whose payload is not valid for their codec."""
    discarded_packets: int
    """Packets whose place already had other sound: they arrived after silence was filled in, are where another stream
    is heard, overlap an earlier packet, or contradict numbers and timestamps of the stream."""
    empty_packets: int
    """Packets without audio: their payload is empty."""
    undecoded_packets: int
    """Packets of payload types that are not decoded, without events and comfort noise."""
    parallel_packets: int
    """Packets not heard because another stream of the same direction was."""
    jumps: int
    """How often timestamps restarted."""
    drift_ppm: float | None
    """How much faster the capture's clock ran than the stream's RTP clock, which is not corrected; None: the stream is
    too short to measure it."""
    notes: tuple[str, ...] = ()
    """Why payload types were not decoded, one sentence each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackSound(Value):
    """One direction of a call: one channel of its sound."""

    streams: tuple[StreamSound, ...]
    level_dbov: float
    """The mean power of the whole channel."""
    series: SecondSeries


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSound(Value):
    """The sound of one call."""

    call: CapturedCall
    sample_rate_hz: int
    samples: int
    """Samples per channel."""
    begin_ns: int
    """The time of the capture at which the sound begins, in nanoseconds since 1970 UTC."""
    alignment: Alignment | None
    """How the two directions were aligned; None: the call has only one."""
    tracks: tuple[TrackSound, ...]
    """The channels in order: forward, backward."""
    notes: tuple[str, ...] = ()
    """Unusual facts about the call, one sentence each."""

    @property
    def duration_ms(self) -> float:
        """The duration of the sound."""
        return self.samples * 1000 / self.sample_rate_hz


def discard_notes(tracks: Iterable[TrackSound]) -> tuple[str, ...]:
    """Return one sentence per stream with discarded packets."""
    return tuple(
        f"{count} {'packets' if count > 1 else 'packet'} of stream 0x{one.stream.ssrc:08x} are not heard: their place"
        " already had other sound"
        for track in tracks
        for one in track.streams
        if (count := one.discarded_packets)
    )

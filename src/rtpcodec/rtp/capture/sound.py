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
"""What stands for lost packets: audio that continues and fades, or silence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSound(Value):
    """What became of one stream."""

    stream: CapturedStream
    level_dbov: float
    """The mean power of its sound, gaps and pauses among it; -127 is silence."""
    decoded_packets: int
    """Packets of audio that are in the sound."""
    concealed_ms: float
    """Sound in place of lost packets: concealed, or silence, as was asked."""
    paused_ms: float
    """Sound where the sender sent nothing: comfort noise, or silence."""
    late_packets: int
    """Packets that came after others had been played in their place."""
    duplicate_packets: int
    damaged_packets: int
    """Packets whose payload is not valid for their codec."""
    discarded_packets: int
    """Packets whose place had other sound already: they came after silence had been filled in, lie where another
    stream sounds, overlap the one before, or break numbers and timestamps of the stream."""
    empty_packets: int
    """Packets without audio: their payload is empty."""
    undecoded_packets: int
    """Packets of payload types that are not decoded here; events and comfort noise are not among them."""
    parallel_packets: int
    """Packets that another stream of the same direction had sounded over."""
    jumps: int
    """How often timestamps restarted."""
    drift_ppm: float | None
    """How much faster the capture's clock ran than the stream's RTP clock, which is not corrected; None: the stream is
    too short to say it."""
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
    """Per channel."""
    begin_ns: int
    """The time of the capture at which the sound begins, since 1970."""
    alignment: Alignment | None
    """How the two directions were aligned; None: there is only one."""
    tracks: tuple[TrackSound, ...]
    """The channels in order: forward, backward."""
    notes: tuple[str, ...] = ()
    """Oddities of the call, one sentence each."""

    @property
    def duration_ms(self) -> float:
        """The length of the sound."""
        return self.samples * 1000 / self.sample_rate_hz


def discard_notes(tracks: Iterable[TrackSound]) -> tuple[str, ...]:
    """Return one sentence per stream of which packets were discarded."""
    return tuple(
        f"{count} {'packets' if count > 1 else 'packet'} of stream 0x{one.stream.ssrc:08x} do not sound: their place"
        " had other sound already"
        for track in tracks
        for one in track.streams
        if (count := one.discarded_packets)
    )

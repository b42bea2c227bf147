"""Figures of one packet capture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from typing_extensions import Buffer

from rtpcodec.audio.channels import split
from rtpcodec.bulk.decoding import until
from rtpcodec.bulk.work import FileProgress
from rtpcodec.cli.info.tones import FoundTones
from rtpcodec.rtp.capture.call_decoding import decode_datagrams
from rtpcodec.rtp.capture.discovery import find_streams
from rtpcodec.rtp.capture.frames import CaptureCounts
from rtpcodec.rtp.capture.reading import open_packets
from rtpcodec.rtp.capture.report import CapturedCall, CaptureReport
from rtpcodec.rtp.capture.sound import CallSound


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureFigures:
    """Figures of one capture."""

    path: str
    packets: CaptureCounts
    notes: tuple[str, ...]
    """Notes about the file."""
    report: CaptureReport
    sounds: tuple[CallSound, ...] = ()
    """One per call, in their order; empty: nothing was decoded."""
    tones: Mapping[int, tuple[FoundTones, ...]] = field(default_factory=dict)
    """The tones of each direction, by the index of the call."""


def capture_figures(
    path: str, codecs: Mapping[int, str] | None, progress: FileProgress, *, quick: bool = False
) -> CaptureFigures:
    """Read a capture, once for its streams and once for their sound.

    PacketFileError, OSError, UnknownCodec, MissingLibrary; Stopped.
    """
    with open_packets(path) as packets:
        report = find_streams(until(packets, progress, of=(0.0, 1.0 if quick else 0.5)), codecs=codecs)
        counts, notes = packets.counts, packets.notes
    if quick:
        return CaptureFigures(path=path, packets=counts, notes=notes, report=report)
    heard: dict[int, tuple[FoundTones, ...]] = {}
    places = {id(call): place for place, call in enumerate(report.calls)}

    def listen(call: CapturedCall, sample_rate_hz: int, channels: int) -> _Listener:
        found = tuple(FoundTones(sample_rate_hz) for _ in range(channels))
        heard[places[id(call)]] = found
        return _Listener(found)

    with open_packets(path) as packets:
        sounds = decode_datagrams(until(packets, progress, of=(0.5, 1.0)), report, listen)
    return CaptureFigures(path=path, packets=counts, notes=notes, report=report, sounds=tuple(sounds), tones=heard)


class _Listener:
    """Detects the tones in the channels of one call."""

    __slots__ = ("_channels",)

    def __init__(self, channels: tuple[FoundTones, ...]) -> None:
        self._channels = channels

    def write(self, pcm: Buffer) -> None:
        """Analyse interleaved PCM."""
        octets = memoryview(pcm).tobytes()
        pieces = (octets,) if len(self._channels) == 1 else split(octets, len(self._channels))
        for channel, piece in zip(self._channels, pieces, strict=True):
            channel.hear(piece)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for channel in self._channels:
            channel.end()

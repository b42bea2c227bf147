"""Decodes one link of an Ogg Opus file: pre-skip, gain, loss and end by granule positions (RFC 7845 section 4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rtpcodec.codecs import opus_packet
from rtpcodec.codecs._opus import OpusDecoder
from rtpcodec.codecs.opus import OPUS
from rtpcodec.errors import PayloadError
from rtpcodec.files.formats.file_notes import FileNotes
from rtpcodec.files.formats.ogg_streams import AudioPage
from rtpcodec.files.formats.opus_head import SILENT, OpusHead

RATE_HZ: Final = opus_packet.CLOCK_HZ
MAX_GAP_SAMPLES: Final = 60 * RATE_HZ
"""A greater jump of the granule position is a break of the recording, not loss, and is not filled. The limit also
bounds the audio that a page of 28 octets can cause."""
_STEP_SAMPLES: Final = RATE_HZ // 400
"""2.5 ms, the shortest packet: a smaller difference of positions is rounding, not loss."""
_CONCEALED_SAMPLES: Final = RATE_HZ
"""Limit of concealment per gap; it fades out long before, and silence follows."""
_SILENCE_SAMPLES: Final = RATE_HZ // 2
"""Samples per piece of silence."""


class OpusLink:
    """Decodes one link. Use from one thread at a time."""

    __slots__ = ("_channels", "_decoder", "_head", "_is_mapped", "_notes", "_position", "_skip")

    def __init__(self, head: OpusHead, channels: int, notes: FileNotes) -> None:
        """Begin a link with its header. The PCM has `channels`, whatever the link has. MissingLibrary."""
        self._head = head
        self._channels = channels
        # The decoder can return mono in two channels. Two channels are mixed to their mean here, as in other formats.
        coded = max(channels, head.coded_channels) if head.is_plain else head.coded_channels
        self._is_mapped = not head.is_plain or coded != channels
        self._decoder = OpusDecoder(OPUS, RATE_HZ, channels=coded, gain_q8_db=head.gain_q8_db)
        self._notes = notes
        self._skip = head.pre_skip_samples
        self._position: int | None = None

    def decode(self, page: AudioPage) -> Iterator[bytes]:
        """Yield the PCM of a page, with the PCM that fills a gap before or in it."""
        # 1. Compare the packets' durations with the granule position: a gap, or a cut at the end.
        durations = [self._duration(packet, page.offset_octets) for packet in page.packets]
        total = sum(durations)
        surplus = self._surplus(page, total, has_bad=0 in durations)
        keep = total + min(surplus, 0) if page.ends else total
        gap = surplus if surplus >= _STEP_SAMPLES else 0
        gap_before = durations.index(0) if 0 in durations else 0
        # 2. Decode. The gap is at the first invalid packet, or before the first packet.
        for number, (packet, duration) in enumerate(zip(page.packets, durations, strict=True)):
            if gap and number == gap_before:
                yield from map(self._skipped, self._filled(gap, packet, duration, page.offset_octets))
            if keep <= 0:
                break
            if duration:
                yield self._skipped(self._cut(self._decoded(packet, duration, page.offset_octets), keep))
                keep -= duration

    def _duration(self, packet: bytes, offset_octets: int) -> int:
        """Return the samples of a packet; 0: it is not valid, and dropped."""
        try:
            return opus_packet.duration_ticks(packet)
        except PayloadError:
            self._notes.add("a packet that is not a valid Opus packet is left out", offset_octets)
            return 0

    def _decoded(self, packet: bytes, duration: int, offset_octets: int, *, fec: bool = False) -> bytes:
        """Return the audio of a packet; with `fec`, its copy of the packet before."""
        try:
            return self._decoder.decode_fec(packet, duration) if fec else self._decoder.decode(packet)
        except PayloadError:  # the library checks more of a packet than its framing
            self._notes.add("a packet that libopus refuses is concealed", offset_octets)
            return self._decoder.conceal(duration)

    def _surplus(self, page: AudioPage, total: int, *, has_bad: bool) -> int:
        """Return by how many samples the page's position is beyond its packets: a gap, or if negative a cut at the end.

        Differences that are neither are noted, and 0 is returned.
        """
        begin, self._position = self._position, None
        if page.position < 0:
            self._notes.add("a page with packets has no granule position", page.offset_octets)
            self._position = None if begin is None else begin + total
            return 0
        if begin is None:
            begin = self._first(page, total)
        surplus = page.position - begin - total
        # Rounded positions: the difference is kept, until it is as long as a packet.
        self._position = page.position if abs(surplus) >= _STEP_SAMPLES else begin + total
        if surplus < 0:
            if not page.ends and surplus <= -_STEP_SAMPLES:
                self._notes.add("a granule position is less than its packets need", page.offset_octets)
            return surplus
        if surplus < _STEP_SAMPLES:
            return 0
        if page.ends and not (page.lost or has_bad):
            self._notes.add("the last granule position is beyond the last packet", page.offset_octets)
            return 0
        if surplus > MAX_GAP_SAMPLES:
            seconds = MAX_GAP_SAMPLES // RATE_HZ
            self._notes.add(f"a granule position jumps by more than {seconds} s, not filled", page.offset_octets)
            return 0
        self._notes.add("lost audio is concealed", page.offset_octets, surplus * 1000 / RATE_HZ)
        return surplus

    def _first(self, page: AudioPage, total: int) -> int:
        """Return the begin of the first page with a position: 0, unless the recording begins within a stream."""
        if page.lost or (page.ends and page.position < total):
            return 0
        if page.position < total:
            self._notes.add("the first granule position is less than its packets need", page.offset_octets)
        return page.position - total

    def _filled(self, gap: int, packet: bytes, duration: int, offset_octets: int) -> Iterator[bytes]:
        """Yield the PCM that fills a gap: concealment, then silence, finally the next packet's copy of the last one.

        Args:
            gap: length of the gap in samples.
            packet: the packet after the gap.
            duration: its duration in samples; 0: it is not valid, or the gap is at its place.
            offset_octets: offset of the page, for notes.
        """
        repaired = duration if duration <= gap else 0
        concealed = min(gap - repaired, _CONCEALED_SAMPLES)
        silent = gap - repaired - concealed
        while concealed > 0:
            samples = min(concealed, opus_packet.MAX_TICKS)
            whole = -(-samples // _STEP_SAMPLES) * _STEP_SAMPLES
            yield self._cut(self._decoder.conceal(whole), samples)
            concealed -= samples
        while silent > 0:
            samples = min(silent, _SILENCE_SAMPLES)
            yield bytes(2 * self._decoder.channels * samples)
            silent -= samples
        if repaired:
            yield self._decoded(packet, repaired, offset_octets, fec=True)

    def _cut(self, pcm: bytes, samples: int) -> bytes:
        return pcm[: 2 * self._decoder.channels * samples]

    def _skipped(self, pcm: bytes) -> bytes:
        """Return PCM in the wanted channels, after the pre-skip."""
        if self._skip:
            octets = 2 * self._decoder.channels
            skipped = min(self._skip, len(pcm) // octets)
            self._skip -= skipped
            pcm = pcm[octets * skipped :]
        return self._mapped(pcm) if self._is_mapped else pcm

    def _mapped(self, pcm: bytes) -> bytes:
        """Return the channels of the mapping, from those of the stream."""
        import numpy as np  # noqa: PLC0415 -- few files need it

        coded = np.frombuffer(pcm, np.int16).reshape(-1, self._decoder.channels)
        every = np.zeros((len(coded), len(self._head.mapping)), np.int16)
        for channel, source in enumerate(self._head.mapping):
            if source != SILENT:
                every[:, channel] = coded[:, source]
        if every.shape[1] > self._channels:
            every = (every.sum(axis=1, dtype=np.int32) >> 1).astype(np.int16)
        elif every.shape[1] < self._channels:
            every = every.repeat(self._channels, axis=1)
        return bytes(every.tobytes())

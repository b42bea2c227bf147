"""The two tracks of a stream: what the caller says, what the caller hears, and how their chunks are numbered."""

from __future__ import annotations

from rtpcodec.audio.resample import Resampler
from rtpcodec.sim.media.coding import ChunkEncoder
from rtpcodec.sim.media.formats import AudioFormat
from rtpcodec.sim.media.playout import Playout
from rtpcodec.sim.media.speech import Speech
from rtpcodec.sim.media.variations import Variations
from rtpcodec.stream import messages


class Caller:
    """Speech in chunks of one size, then silence for a while; remembers all of it."""

    __slots__ = ("_chunk_samples", "_speech", "_tail_chunks", "said")

    def __init__(self, speech: Speech, media: AudioFormat, chunk_ms: int, tail_ms: float) -> None:
        speech.tune(media.sample_rate_hz)
        self._speech = speech
        self._chunk_samples = media.samples_in_ms(chunk_ms)
        self._tail_chunks = int(-(-tail_ms // chunk_ms))
        self.said = bytearray()

    def next_chunk(self) -> bytes | None:
        """The next chunk of PCM, filled up with silence; None: the caller has nothing more to say."""
        pcm = self._speech.take(self._chunk_samples)
        if not pcm and self._speech.ended:
            if not self._tail_chunks:
                return None
            self._tail_chunks -= 1
        pcm = pcm.ljust(2 * self._chunk_samples, b"\0")
        self.said += pcm
        return pcm


class Ear:
    """What the caller heard, in chunks of one length at the rate of the stream's media."""

    __slots__ = ("_chunk_ms", "_chunks", "_playout", "_resampler")

    def __init__(self, playout: Playout, media: AudioFormat, chunk_ms: int) -> None:
        self._playout = playout
        self._chunk_ms = chunk_ms
        self._chunks = 0
        from_hz, to_hz = playout.sample_rate_hz, media.sample_rate_hz
        self._resampler = None if from_hz == to_hz else Resampler(from_hz, to_hz)

    def next_chunk(self) -> bytes:
        """The next chunk of PCM; its time must be over."""
        first, end = (
            n * self._chunk_ms * self._playout.sample_rate_hz // 1000 for n in (self._chunks, self._chunks + 1)
        )
        self._chunks += 1
        pcm = self._playout.window(first, end - first)
        return pcm if self._resampler is None else self._resampler.resample(pcm)


class Track:
    """Encodes the chunks of one track and numbers them from 1."""

    __slots__ = ("_chunks", "_encoder", "_stream_id", "_ticks_a_chunk", "name")

    def __init__(self, name: str, media: AudioFormat, variations: Variations, stream_id: str) -> None:
        self.name = name
        self._stream_id = stream_id
        self._encoder = ChunkEncoder(media, variations.chunk_ms)
        self._chunks = 0
        ticks_a_second = 1000 if variations.timestamp_unit == "ms" else media.info.rtp_clock_hz(media.sample_rate_hz)
        self._ticks_a_chunk = ticks_a_second * variations.chunk_ms // 1000

    def media(self, pcm: bytes) -> messages.Media:
        """The message of the next chunk; its timestamp is the beginning of the chunk since the stream's."""
        timestamp = self._chunks * self._ticks_a_chunk
        self._chunks += 1
        payload = self._encoder.payload(pcm)
        return messages.Media(payload, self.name, self._chunks, timestamp, stream_id=self._stream_id)

"""Decoder of our own payloads, because the caller hears the codec as well."""

from __future__ import annotations

from contextlib import suppress

from rtpcodec.codecs import Decoder
from rtpcodec.errors import PayloadError
from rtpcodec.rtp.payloads import PayloadFormat, payload_format
from rtpcodec.stream.plan import StreamPlan


class SentDecoder:
    """Decodes the payloads of one stream, in the order of sending. Use from one thread at a time."""

    __slots__ = ("_decoder", "_payloads", "_plan")

    def __init__(self, plan: StreamPlan) -> None:
        """Make the decoder of a plan. Raises: MissingLibrary if the codec's library is not installed."""
        self._plan = plan
        decoder = self._new_decoder()
        # An OPUS decoder has 20 kB. It is made for the first payload, because many calls never need its PCM.
        self._decoder: Decoder | None = None if plan.send_info.kind == "frame" else decoder
        self._payloads: PayloadFormat = payload_format(
            plan.send_info, plan.send_sample_rate_hz, **plan.payload_options(plan.send_codec)
        )

    def _new_decoder(self) -> Decoder:
        plan = self._plan
        return plan.send_info.decoder(plan.send_sample_rate_hz, **plan.codec_options(plan.send_codec))

    def decode(self, payload: bytes, samples: int) -> bytes:
        """Return the PCM of the next payload, which lasts this many samples; silence if it cannot be decoded."""
        if self._decoder is None:
            self._decoder = self._new_decoder()
        pcm = b""
        with suppress(PayloadError):
            pcm = b"".join(map(self._decoder.decode, self._payloads.frames(payload)))
        octets = 2 * samples
        return pcm if len(pcm) == octets else pcm[:octets].ljust(octets, b"\0")

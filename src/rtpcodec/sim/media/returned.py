"""Decodes the app's media messages to PCM at the rate of the play-out, by the mode of the stream."""

from __future__ import annotations

from typing import Protocol

from rtpcodec.carriers.telnyx.errors import INVALID_MEDIA
from rtpcodec.errors import PayloadError
from rtpcodec.sim.media.formats import AudioFormat, Mp3Format
from rtpcodec.sim.media.stream_errors import RefusedMessage


class Returned(Protocol):
    """Reads the app's media messages, one after the other."""

    def pcm_of(self, payload: bytes, now_ms: float) -> bytes:
        """Decode one payload to PCM at the play-out's rate.

        Raises:
            RefusedMessage: it is answered with an error.
        """


class ReturnedRtp:
    """Payloads of one codec."""

    __slots__ = ("_decoder", "_payloads")

    def __init__(self, returned: AudioFormat) -> None:
        self._decoder = returned.decoder()
        self._payloads = returned.payloads()

    def pcm_of(self, payload: bytes, now_ms: float) -> bytes:
        """Decode one payload."""
        if not payload:
            return b""
        try:
            return b"".join(map(self._decoder.decode, self._payloads.frames(payload)))
        except PayloadError as error:
            raise RefusedMessage(INVALID_MEDIA, str(error)) from None


def returned_reader(returned: AudioFormat | Mp3Format) -> Returned:
    """Make the reader of messages of this form."""
    if isinstance(returned, AudioFormat):
        return ReturnedRtp(returned)
    from rtpcodec.sim.media.mp3_messages import ReturnedMp3  # noqa: PLC0415 -- it loads numpy

    return ReturnedMp3(returned)

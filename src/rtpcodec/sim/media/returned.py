"""The app's media messages to PCM at the play-out's rate, by the mode of the stream."""

from __future__ import annotations

from rtpcodec.errors import PayloadError
from rtpcodec.sim.media.coding import INVALID_MEDIA, RefusedMedia, Returned
from rtpcodec.sim.media.formats import AudioFormat, Mp3Format


class ReturnedRtp:
    """Payloads of one codec."""

    __slots__ = ("_decoder", "_payloads")

    def __init__(self, returned: AudioFormat) -> None:
        self._decoder = returned.decoder()
        self._payloads = returned.payloads()

    def pcm_of(self, payload: bytes, now_ms: float) -> bytes:
        """The audio of one payload."""
        if not payload:
            return b""
        try:
            return b"".join(map(self._decoder.decode, self._payloads.frames(payload)))
        except PayloadError as error:
            raise RefusedMedia(INVALID_MEDIA, str(error)) from None


def returned_reader(returned: AudioFormat | Mp3Format) -> Returned:
    """What reads messages of this form."""
    if isinstance(returned, AudioFormat):
        return ReturnedRtp(returned)
    from rtpcodec.sim.media.mp3_messages import ReturnedMp3  # noqa: PLC0415 -- it loads numpy

    return ReturnedMp3(returned)

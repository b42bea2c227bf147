"""Taps of sent audio: a sink of the send side."""

from __future__ import annotations

from rtpcodec.pickling import Live
from rtpcodec.stream.items import Kind, Piece
from rtpcodec.stream.listening.privacy import Privacy
from rtpcodec.stream.listening.sent_decoder import SentDecoder
from rtpcodec.stream.plan import StreamPlan
from rtpcodec.stream.speaking.parts import Parts
from rtpcodec.stream.speaking.reply import Reply
from rtpcodec.stream.tapping.stages import Stage
from rtpcodec.stream.tapping.tap_file import TapFile


class SentTap(Live):
    """Writes sent audio, at a stage of SENT. Use from the session's thread.

    Its time axis is the play-out of the far end without the network delay: audio without a pause is joined without a
    seam, at whatever time it was sent.
    """

    __slots__ = ("_decoder", "_file", "_parts", "_privacy", "_rate_hz", "_stage")

    def __init__(self, file: TapFile, stage: Stage, plan: StreamPlan, parts: Parts, privacy: Privacy) -> None:
        """Make a tap. Raises MissingLibrary if payloads of the send codec cannot be decoded here."""
        self._file = file
        self._stage = stage
        self._parts = parts
        self._privacy = privacy
        self._rate_hz = parts.sample_rate_hz
        self._decoder = SentDecoder(plan)

    def sent(self, position: int, samples: int, pieces: list[Piece], payload: bytes, reply: Reply | None) -> None:
        """Write the audio of one message."""
        run = self._parts.far_end.run
        at_ms = run.first_sent_ms + (position - run.start) * 1000 / self._rate_hz
        pcm = self._pcm(samples, pieces, payload, reply)
        self._file.put(pcm, self._rate_hz, at_ms, at_ms, private=self._privacy.active)

    def _pcm(self, samples: int, pieces: list[Piece], payload: bytes, reply: Reply | None) -> bytes:
        if self._stage == "encoded":
            return self._decoder.decode(payload, samples)
        if self._stage == "spoken":
            if reply is None:
                return bytes(2 * samples)
            pieces = self._parts.sent_audio.last_pieces
        pcm = b"".join([octets if kind is Kind.READY else self._decoded(octets) for kind, octets in pieces])
        return pcm[: 2 * samples].ljust(2 * samples, b"\0")

    def _decoded(self, octets: bytes) -> bytes:
        """Return the PCM of octets that the app encoded."""
        duration_ms = self._parts.packing.payload_ms(octets)
        return self._decoder.decode(octets, round(duration_ms * self._rate_hz / 1000))

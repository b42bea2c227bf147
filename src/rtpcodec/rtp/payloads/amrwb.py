"""Payloads of AMR-WB, and which of the packings a stream has (RFC 4867).

A call's signalling would say which packing is used; a media stream's messages do not, so every payload is read in full
under each of them. A valid payload fits its own packing always, and hardly ever another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from typing_extensions import Buffer

from rtpcodec.codecs._amrwb import AmrWbEncoder
from rtpcodec.codecs.amrwb_frame import DEFAULT_MODE, FRAME_SAMPLES, MODES
from rtpcodec.codecs.info import Encoder
from rtpcodec.errors import PacketError, PayloadError
from rtpcodec.pickling import Value
from rtpcodec.rtp.packet import RtpPacket
from rtpcodec.rtp.payloads.amrwb_file import MAGIC, MANY_CHANNELS_MAGIC
from rtpcodec.rtp.payloads.amrwb_packing import NO_REQUEST, PACK, UNPACK, Packing, Unpacked
from rtpcodec.rtp.payloads.format import PayloadFormat

SWITCH_PAYLOADS = 3
"""So many payloads that fit another packing alone change it. One may be a stray; a sender that has changed its packing
is followed within 60 ms."""


class AmrWbFormat(Value):
    """Frames in storage form to payloads and back, in a given packing or in the one that a stream turns out to have.

    "auto" takes the first packing that a payload fits alone, and another after SWITCH_PAYLOADS that fit that one alone.
    What fits several is read in the packing in force, before anything was found in the first of bandwidth-efficient,
    octet-aligned and storage that it fits. A packing that is given ignores reserved and padding bits, as RFC 4867
    section 4 asks; "auto" needs them to be 0.

    >>> amrwb = AmrWbFormat()
    >>> [frame.hex() for frame in amrwb.frames(bytes.fromhex("f04c1234567890"))]
    ['4c1234567890']
    >>> amrwb.detected, amrwb.payload([bytes.fromhex("4c1234567890")]).hex()
    ('octet-aligned', 'f04c1234567890')
    """

    __slots__ = (
        "_adopted_request",
        "_auto",
        "_cmr",
        "_rival",
        "_rival_payloads",
        "cmr_received",
        "detected",
        "highest_mode",
        "mode_request",
        "packing",
    )

    packing: Packing
    """What payloads are made in, and read in where several fit."""
    detected: Packing | None
    """What was found in the stream; None before, and where the packing is given."""
    mode_request: int | None
    """The mode that the far end asked our encoder for last, 0 to 8 (RFC 4867 section 4.3.1)."""
    cmr_received: int | None
    """The request field of the last payload as it came: 15 asks for nothing, 9 to 14 are ignored."""
    highest_mode: int | None
    """The highest mode of a speech frame that was received."""

    def __init__(
        self,
        packing: Packing | Literal["auto"] = "auto",
        *,
        cmr: int = NO_REQUEST,
        interleaving: bool = False,
        crc: bool = False,
        robust_sorting: bool = False,
    ) -> None:
        """ValueError: a packing or request that there is not, or one of the three options, which need negotiation."""
        refused = {"interleaving": interleaving, "crc": crc, "robust_sorting": robust_sorting}
        for option, wanted in refused.items():
            if wanted:
                raise ValueError(f"{option} of AMR-WB must be negotiated by SDP, which a media stream has no place for")
        if packing != "auto" and packing not in UNPACK:
            raise ValueError(f"packing is {packing!r}, {', '.join(map(repr, ('auto', *UNPACK)))} are possible")
        self._auto = packing == "auto"
        self.packing = "bandwidth-efficient" if packing == "auto" else packing
        self.detected = None
        self.mode_request = None
        self.cmr_received = None
        self.highest_mode = None
        self._adopted_request: int | None = None
        self.cmr = cmr
        self._rival: Packing | None = None
        self._rival_payloads = 0

    @property
    def cmr(self) -> int:
        """The mode that our payloads ask of the far end's encoder, 0 to 8; 15 asks for nothing."""
        return self._cmr

    @cmr.setter
    def cmr(self, mode: int) -> None:
        if mode not in range(MODES) and mode != NO_REQUEST:
            raise ValueError(f"cmr is {mode}, 0 to 8 or 15 are possible")
        self._cmr = mode

    def frames(self, payload: Buffer, /) -> list[bytes]:
        """Frames in storage form, at least one. PayloadError says for each packing why the payload does not fit."""
        readings = self._readings(bytes(memoryview(payload)))
        if self._auto:
            self._weigh(readings)
        packing, (cmr, frames) = next(iter(readings.items()))
        # A payload in another packing may be misread, and a mode would outlive it.
        if cmr is not None and packing == self.packing and not (self._auto and self.detected is None):
            self.cmr_received = cmr
            if cmr < MODES:
                self.mode_request = cmr
            highest = max((frame[0] >> 3 for frame in frames if frame[0] >> 3 < MODES), default=-1)
            if highest >= 0 and (self.highest_mode is None or highest > self.highest_mode):
                self.highest_mode = highest
        return frames

    def payload(self, frames: Sequence[bytes], /) -> bytes:
        """Pack 1 to 50 frames in the packing in force. PayloadError: not a valid frame, none or too many."""
        return PACK[self.packing](frames, self._cmr)

    def ticks(self, payload: Buffer, /) -> int:
        """Duration by the RTP clock of 16000 Hz, 320 a frame; nothing is remembered. PayloadError as for frames."""
        _, frames = next(iter(self._readings(bytes(memoryview(payload))).values()))
        return FRAME_SAMPLES * len(frames)

    def split(self, payload: bytes, max_octets: int, /) -> Iterator[tuple[bytes, int]]:
        """Payloads of whole frames in the packing in force, each with the request that the whole has.

        PayloadError: no payload in that packing, or a frame that does not fit.
        """
        cmr, frames = UNPACK[self.packing](payload, self._auto)
        request = NO_REQUEST if cmr is None else cmr
        start = 0
        while start < len(frames):
            end = start + 1
            piece = PACK[self.packing](frames[start:end], request)
            if len(piece) > max_octets:
                raise PayloadError(f"AMR-WB payload of one frame has {len(piece)} octets, max_octets is {max_octets}")
            while end < len(frames):
                longer = PACK[self.packing](frames[start : end + 1], request)
                if len(longer) > max_octets:
                    break
                piece, end = longer, end + 1
            yield piece, FRAME_SAMPLES * start
            start = end

    def adopt(self, heard: PayloadFormat, encoder: Encoder, /) -> None:
        """Pack as the far end does where the packing is not given, and encode in the mode that it asked for.

        RFC 4867 section 4.3.1: a mode request holds until another one comes. Without one, the encoder's given mode
        holds, or else mode 2, but no higher mode than the far end uses itself.
        """
        if not isinstance(heard, AmrWbFormat):
            return
        # Storage form is for files: a sender that uses it is at fault, and the fault is not repeated (section 5).
        if self._auto and heard.detected not in (None, "storage"):
            self.packing = heard.packing
        if not isinstance(encoder, AmrWbEncoder):
            return
        if heard.mode_request is not None:
            self._adopted_request = encoder.mode = heard.mode_request
        elif self._adopted_request is None and encoder.mode_given is None and heard.highest_mode is not None:
            encoder.mode = min(DEFAULT_MODE, heard.highest_mode)

    def require_sendable(self, payload: Buffer, /) -> None:
        """Refuse storage form, in which encoders give their frames, unless this packing was given."""
        if not self._auto:
            return
        alone = AmrWbFormat()
        alone.frames(payload)
        if alone.detected == "storage":
            raise PayloadError(
                "AMR-WB payload is in storage form, which is for files: AmrWbFormat.payload packs frames"
            )

    def _readings(self, octets: bytes) -> dict[Packing, Unpacked]:
        """At least one reading, that of the packing in force first; others where they matter."""
        try:
            found = {self.packing: UNPACK[self.packing](octets, self._auto)}
        except PayloadError as error:
            if not self._auto:
                raise PayloadError(f"{error}{_told_by_its_front(octets)}") from None
            found, reasons = {}, [str(error)]
        else:
            if not self._auto or (self.detected is not None and self._rival is None):
                return found
            reasons = []
        for packing in UNPACK:
            if packing != self.packing:
                try:
                    found[packing] = UNPACK[packing](octets, True)
                except PayloadError as error:
                    reasons.append(str(error))
        if not found:
            raise PayloadError(f"{'; '.join(reasons)}{_told_by_its_front(octets)}")
        return found

    def _weigh(self, readings: dict[Packing, Unpacked]) -> None:
        """Remember what a payload says of the stream's packing, if it fits one alone."""
        if len(readings) > 1:
            return
        (only,) = readings
        if only == self._rival:
            self._rival_payloads += 1
        elif only == self.detected:
            self._rival = None
        else:
            self._rival, self._rival_payloads = only, 1
        if self._rival is not None and (self.detected is None or self._rival_payloads == SWITCH_PAYLOADS):
            self.packing = self.detected = self._rival
            self._rival = None

    def __repr__(self) -> str:
        how = "given" if not self._auto else "assumed" if self.detected is None else "detected"
        return f"<AmrWbFormat {self.packing}, {how}>"


def _told_by_its_front(octets: bytes) -> str:
    """What stands before a payload by mistake, as the end of a message."""
    if octets.startswith((MAGIC, MANY_CHANNELS_MAGIC)):
        return "; it begins as a storage file does, a payload has frames only"
    try:
        payload = RtpPacket.parse(octets).payload
    except PacketError:
        return ""
    for packing, unpack in UNPACK.items():
        try:
            unpack(payload, True)
        except PayloadError:
            continue
        header = f"an RTP header of {len(octets) - len(payload)} octets, after which it is {packing}"
        return f"; it begins with {header}: messages have none"
    return ""

"""Payloads of AMR-WB, and the packing of a stream (RFC 4867 section 4).

SDP names the packing of a SIP call. The messages of a media stream do not, so every payload is parsed in each packing.
A valid payload always fits its own packing, and hardly ever another one.
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
"""Payloads that are valid only in another packing until it is adopted. A single one may be a stray; a change of the
sender's packing is adopted within 60 ms."""


class AmrWbFormat(Value):
    """Payload format of AMR-WB: frames in storage form to payloads and back. Use from one thread at a time.

    With "auto", the first payload that is valid in only one packing decides; SWITCH_PAYLOADS that are valid only in
    another one change it. A payload that is valid in several is read in the current packing; before a decision, in the
    first valid one of bandwidth-efficient, octet-aligned and storage. An explicit packing ignores reserved and padding
    bits (RFC 4867 sections 4.3 and 4.4); "auto" needs them to be 0.

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
    """The packing of `payload`, and of received payloads that are valid in several packings."""
    detected: Packing | None
    """The packing detected in the stream; None before the decision, and with an explicit packing."""
    mode_request: int | None
    """The last mode that the far end requested from our encoder, 0 to 8 (RFC 4867 section 4.3.1)."""
    cmr_received: int | None
    """The unchanged request field of the last payload: 15 requests nothing, 9 to 14 are ignored."""
    highest_mode: int | None
    """The highest mode of the received speech frames."""

    def __init__(
        self,
        packing: Packing | Literal["auto"] = "auto",
        *,
        cmr: int = NO_REQUEST,
        interleaving: bool = False,
        crc: bool = False,
        robust_sorting: bool = False,
    ) -> None:
        """Create a payload format for one direction of one stream.

        Args:
            packing: "bandwidth-efficient", "octet-aligned", "storage", or "auto" to detect it.
            cmr: codec mode request of our payloads, 0 to 8; 15 requests nothing.
            interleaving: must be False, because it needs negotiation by SDP.
            crc: must be False, likewise.
            robust_sorting: must be False, likewise.

        Raises:
            ValueError: an unknown packing or mode, or one of the last three options.
        """
        refused = {"interleaving": interleaving, "crc": crc, "robust_sorting": robust_sorting}
        for option, wanted in refused.items():
            if wanted:
                raise ValueError(f"{option} of AMR-WB must be negotiated by SDP, which a media stream has no place for")
        if packing != "auto" and packing not in UNPACK:
            raise ValueError(f"packing is {packing!r}, {', '.join(map(repr, ('auto', *UNPACK)))} are allowed")
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
        """The mode that our payloads request from the far end's encoder, 0 to 8; 15 requests nothing."""
        return self._cmr

    @cmr.setter
    def cmr(self, mode: int) -> None:
        if mode not in range(MODES) and mode != NO_REQUEST:
            raise ValueError(f"cmr is {mode}, 0 to 8 or 15 are allowed")
        self._cmr = mode

    def frames(self, payload: Buffer, /) -> list[bytes]:
        """Return the frames of a payload in storage form, at least one.

        Raises:
            PayloadError: not a valid payload; the message says why, for each packing. The state is unchanged.
        """
        readings = self._readings(bytes(memoryview(payload)))
        if self._auto:
            self._detect(readings)
        packing, (cmr, frames) = next(iter(readings.items()))
        # A payload in another packing may be misread, and its mode request would remain in force.
        if cmr is not None and packing == self.packing and not (self._auto and self.detected is None):
            self.cmr_received = cmr
            if cmr < MODES:
                self.mode_request = cmr
            highest = max((frame[0] >> 3 for frame in frames if frame[0] >> 3 < MODES), default=-1)
            if highest >= 0 and (self.highest_mode is None or highest > self.highest_mode):
                self.highest_mode = highest
        return frames

    def payload(self, frames: Sequence[bytes], /) -> bytes:
        """Pack 1 to 50 frames in the current packing. PayloadError: an invalid frame, no frame or too many."""
        return PACK[self.packing](frames, self._cmr)

    def ticks(self, payload: Buffer, /) -> int:
        """Return the duration in ticks of 16000 Hz, 320 per frame, without detection. PayloadError: as for `frames`."""
        _, frames = next(iter(self._readings(bytes(memoryview(payload))).values()))
        return FRAME_SAMPLES * len(frames)

    def split(self, payload: bytes, max_octets: int, /) -> Iterator[tuple[bytes, int]]:
        """Yield payloads of whole frames in the current packing, each with the mode request of the whole.

        Raises:
            PayloadError: not a valid payload in that packing, or a frame longer than max_octets.
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
        """Adopt the far end's packing, unless ours is explicit, and encode in the mode that the far end requested.

        A mode request is valid until the next one (RFC 4867 section 4.3.1). Without one, the encoder keeps its explicit
        mode, or uses mode 2 or the far end's highest mode, whichever is lower.

        Args:
            heard: the payload format that reads the far end's payloads.
            encoder: the encoder of the frames that this format packs.
        """
        if not isinstance(heard, AmrWbFormat):
            return
        # Storage form is for files (section 5): never send it because a sender wrongly does.
        if self._auto and heard.detected not in (None, "storage"):
            self.packing = heard.packing
        if not isinstance(encoder, AmrWbEncoder):
            return
        if heard.mode_request is not None:
            self._adopted_request = encoder.mode = heard.mode_request
        elif self._adopted_request is None and encoder.mode_given is None and heard.highest_mode is not None:
            encoder.mode = min(DEFAULT_MODE, heard.highest_mode)

    def require_sendable(self, payload: Buffer, /) -> None:
        """Refuse frames in storage form, as encoders return them, unless the packing is explicit. PayloadError."""
        if not self._auto:
            return
        alone = AmrWbFormat()
        alone.frames(payload)
        if alone.detected == "storage":
            raise PayloadError(
                "AMR-WB payload is in storage form, which is for files: AmrWbFormat.payload packs frames"
            )

    def _readings(self, octets: bytes) -> dict[Packing, Unpacked]:
        """Return the packings in which a payload is valid, at least one, with its frames. The current packing is first.

        Other packings are only tried if the result may matter.
        """
        # 1. The current packing. An explicit one is the only one; a detected one is enough if it has no rival.
        try:
            found = {self.packing: UNPACK[self.packing](octets, self._auto)}
        except PayloadError as error:
            if not self._auto:
                raise PayloadError(f"{error}{_wrong_front(octets)}") from None
            found, reasons = {}, [str(error)]
        else:
            if not self._auto or (self.detected is not None and self._rival is None):
                return found
            reasons = []
        # 2. The others.
        for packing in UNPACK:
            if packing != self.packing:
                try:
                    found[packing] = UNPACK[packing](octets, True)
                except PayloadError as error:
                    reasons.append(str(error))
        if not found:
            raise PayloadError(f"{'; '.join(reasons)}{_wrong_front(octets)}")
        return found

    def _detect(self, readings: dict[Packing, Unpacked]) -> None:
        """Detect the packing of the stream, from a payload that is valid in only one."""
        # 1. Valid in several: it decides nothing.
        if len(readings) > 1:
            return
        # 2. Count payloads of a packing that is not the detected one.
        (only,) = readings
        if only == self._rival:
            self._rival_payloads += 1
        elif only == self.detected:
            self._rival = None
        else:
            self._rival, self._rival_payloads = only, 1
        # 3. The first decision, or enough payloads for a change.
        if self._rival is not None and (self.detected is None or self._rival_payloads == SWITCH_PAYLOADS):
            self.packing = self.detected = self._rival
            self._rival = None

    def __repr__(self) -> str:
        how = "given" if not self._auto else "assumed" if self.detected is None else "detected"
        return f"<AmrWbFormat {self.packing}, {how}>"


def _wrong_front(octets: bytes) -> str:
    """Return the end of an error message: what precedes the payload by mistake."""
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

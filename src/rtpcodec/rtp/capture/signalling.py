"""The streams that signalling in a capture announced: addresses that receive RTP, their dialogs and payload types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from rtpcodec.errors import SdpError
from rtpcodec.rtp.capture._counters import StreamKey
from rtpcodec.rtp.capture.codec_choice import codec_of_rtpmap
from rtpcodec.rtp.capture.datagrams import SocketAddress
from rtpcodec.rtp.capture.report import StreamCodec
from rtpcodec.rtp.capture.sdp import MediaDescription, parse_sdp
from rtpcodec.rtp.capture.sip import parse_sip
from rtpcodec.rtp.profile import STATIC_PAYLOAD_TYPES

MAX_ADDRESSES: Final = 20_000
"""Limit of addresses; beyond it, the one announced first is dropped."""
MAX_ANNOUNCEMENTS: Final = 4
"""Announcements kept per address, the latest: successive calls reuse a port."""
MAX_DIALOGS: Final = 20_000
MAX_NOTES: Final = 20


@dataclass(frozen=True, slots=True)
class Announcement:
    """A part of a session description, and its author."""

    call_id: str
    part: int
    """The index of the part in the description."""
    is_callers: bool
    """Whether the side that sent the dialog's first description receives here."""
    media: MediaDescription


class Signalling:
    """Reads the SIP of a capture."""

    def __init__(self) -> None:
        self._at: dict[SocketAddress, tuple[Announcement, ...]] = {}
        self._callers: dict[str, str] = {}
        self.notes: list[str] = []

    def take(self, octets: bytes) -> bool:
        """Read a datagram. False: not SIP."""
        message = parse_sip(octets)
        if message is None:
            return False
        if not message.sdp:
            return True
        try:
            description = parse_sdp(message.sdp)
        except SdpError as error:
            self._note(f"a session description was left out: {error}")
            return True
        for note in description.notes:
            self._note(note)
        if message.call_id not in self._callers:
            self._callers[message.call_id] = message.author
            if len(self._callers) > MAX_DIALOGS:
                del self._callers[next(iter(self._callers))]
        is_callers = self._callers[message.call_id] == message.author
        for part, media in enumerate(description.media):
            if media.is_rtp:
                self._announce(Announcement(message.call_id, part, is_callers, media))
        return True

    def at(self, address: SocketAddress) -> Announcement | None:
        """Return the last announcement of a receiving address."""
        found = self._at.get(address)
        return found[-1] if found else None

    def codec_of(self, key: StreamKey, payload_type: int) -> StreamCodec | None:
        """Return the codec in the receiver's description, otherwise in the sender's (RFC 3264 section 5.1)."""
        for address in (key[1], key[0]):
            for announcement in reversed(self._at.get(address, ())):
                if codec := _described(announcement.media, payload_type):
                    return codec
        return None

    def _announce(self, announcement: Announcement) -> None:
        for address in announcement.media.addresses:
            before = self._at.pop(address, ())
            # A repeated description replaces the earlier one; that of another call is kept.
            kept = tuple(
                one for one in before if one.call_id != announcement.call_id or one.media != announcement.media
            )
            self._at[address] = (*kept, announcement)[-MAX_ANNOUNCEMENTS:]
            if len(self._at) > MAX_ADDRESSES:
                del self._at[next(iter(self._at))]

    def _note(self, note: str) -> None:
        if len(self.notes) < MAX_NOTES and note not in self.notes:
            self.notes.append(note)


def _described(media: MediaDescription, payload_type: int) -> StreamCodec | None:
    rtpmap = media.rtpmaps.get(payload_type)
    if rtpmap is None and payload_type in media.payload_types:
        rtpmap = STATIC_PAYLOAD_TYPES.get(payload_type)
    if rtpmap is None:
        return None
    return codec_of_rtpmap(rtpmap, "sdp", media.fmtps.get(payload_type))

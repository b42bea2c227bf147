"""SIP with SDP (RFC 3261, RFC 8866, RFC 3264) for a capture, from which Wireshark reads the codecs of payload types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rtpcodec.rtp.capture.datagrams import SocketAddress

CARRIER: Final = bytes((192, 0, 2, 1))
ENDPOINT: Final = bytes((192, 0, 2, 2))
"""Addresses for documentation (RFC 5737 section 3): a media stream has no addresses."""
SIP_PORT: Final = 5060
CARRIER_SIP: Final = SocketAddress(CARRIER, SIP_PORT)
ENDPOINT_SIP: Final = SocketAddress(ENDPOINT, SIP_PORT)
CARRIER_RTP_PORT: Final = 4000
ENDPOINT_RTP_PORT: Final = 5000
"""Port of the first track. The ports of each later track are higher by 2."""


def description(host: str, port: int, tracks: int, attributes: Sequence[str]) -> str:
    """Return a session description with one line `m=` per track. The endpoint sends on the first track only.

    Args:
        host: The address as text.
        port: The port of the first track.
        tracks: The number of tracks.
        attributes: The lines of the payload types.
    """
    types = " ".join(line.split(":")[1].split()[0] for line in attributes if line.startswith("a=rtpmap:"))
    lines = ["v=0", f"o=- 1 1 IN IP4 {host}", "s=media stream", f"c=IN IP4 {host}", "t=0 0"]
    for track in range(tracks):
        one_way = [] if track == 0 else ["a=sendonly" if port == CARRIER_RTP_PORT else "a=recvonly"]
        lines += [f"m=audio {port + 2 * track} RTP/AVP {types}", *attributes, *one_way]
    return "".join(f"{line}\r\n" for line in lines)


class CallSetup:
    """Writes the SIP messages of one call, in which the carrier invites the endpoint."""

    __slots__ = ("_sequence", "call_id")

    def __init__(self, call_id: str) -> None:
        """Make a writer. call_id: any text; characters that SIP does not allow are replaced."""
        self.call_id = "".join(one if one.isascii() and one.isalnum() else "-" for one in call_id)[:64] or "stream"
        self._sequence = 0

    def invite(self, tracks: int, attributes: Sequence[str]) -> tuple[bytes, bytes]:
        """Return an INVITE and its answer, for the start and for each change of the codecs."""
        self._sequence += 1
        offer = description("192.0.2.1", CARRIER_RTP_PORT, tracks, attributes)
        answer = description("192.0.2.2", ENDPOINT_RTP_PORT, tracks, attributes)
        return self._request("INVITE", offer), self._answer("INVITE", answer)

    def bye(self) -> tuple[bytes, bytes]:
        """Return a BYE and its answer."""
        self._sequence += 1
        return self._request("BYE", ""), self._answer("BYE", "")

    def _request(self, method: str, body: str) -> bytes:
        return self._message(f"{method} sip:endpoint@192.0.2.2 SIP/2.0", method, body)

    def _answer(self, method: str, body: str) -> bytes:
        return self._message("SIP/2.0 200 OK", method, body)

    def _message(self, first: str, method: str, body: str) -> bytes:
        tag = ";tag=endpoint" if first.startswith("SIP") or self._sequence > 1 else ""
        lines = [
            first,
            f"Via: SIP/2.0/UDP 192.0.2.1:{SIP_PORT};branch=z9hG4bK{self.call_id}{self._sequence}",
            "From: <sip:carrier@192.0.2.1>;tag=carrier",
            f"To: <sip:endpoint@192.0.2.2>{tag}",
            f"Call-ID: {self.call_id}@192.0.2.1",
            f"CSeq: {self._sequence} {method}",
            "Contact: <sip:carrier@192.0.2.1>",
            "Max-Forwards: 70",
        ]
        if body:
            lines.append("Content-Type: application/sdp")
        return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", body]).encode()

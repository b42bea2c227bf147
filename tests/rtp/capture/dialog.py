"""Messages of SIP with session descriptions, as phones write them."""

from __future__ import annotations

from ipaddress import ip_address

from rtpcodec.rtp.capture.datagrams import Datagram, SocketAddress
from tests.rtp.capture.wire import ALICE, BOB, START_NS

SIP_PORT = 5060


def sdp(
    address: SocketAddress, *lines: str, media: str = "audio", profile: str = "RTP/AVP", formats: str = "0"
) -> bytes:
    """Return a description with one part."""
    host = ip_address(address.host)
    head = [
        "v=0",
        f"o=- 1 1 IN IP{host.version} {host}",
        "s=call",
        f"c=IN IP{host.version} {host}",
        "t=0 0",
        f"m={media} {address.port} {profile} {formats}",
    ]
    return "\r\n".join([*head, *lines, ""]).encode()


def message(
    start: str,
    body: bytes = b"",
    *,
    call_id: str = "one@example.com",
    from_tag: str = "alice-tag",
    to_tag: str = "bob-tag",
    cseq: str = "1 INVITE",
    content_type: str = "application/sdp",
) -> bytes:
    """Return a request or an answer."""
    headers = [
        start,
        "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1",
        f'From: "Alice" <sip:+15550100@example.com>;tag={from_tag}',
        "To: <sip:+15550123@example.com>" + (f";tag={to_tag}" if to_tag else ""),
        f"Call-ID: {call_id}",
        f"CSeq: {cseq}",
        f"Content-Type: {content_type}",
        f"Content-Length: {len(body)}",
        "",
        "",
    ]
    return "\r\n".join(headers).encode() + body


def invite(body: bytes, call_id: str = "one@example.com") -> bytes:
    """Return the request that begins a dialog, without a tag of To."""
    return message("INVITE sip:+15550123@example.com SIP/2.0", body, call_id=call_id, to_tag="")


def answer(body: bytes, call_id: str = "one@example.com") -> bytes:
    """Return a 200 OK to an INVITE."""
    return message("SIP/2.0 200 OK", body, call_id=call_id)


def sent(octets: bytes, at_ms: float, source: SocketAddress = ALICE, destination: SocketAddress = BOB) -> Datagram:
    """Return a message between the hosts of two addresses."""
    return Datagram(
        START_NS + round(at_ms * 1e6), source._replace(port=SIP_PORT), destination._replace(port=SIP_PORT), octets, 0
    )

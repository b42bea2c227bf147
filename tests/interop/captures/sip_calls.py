"""Calls by sipp, which signals them by SIP with SDP and plays a known payload in each direction."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from rtpcodec import Packetizer, codec
from rtpcodec.rtp.payloads import payload_format
from rtpcodec.rtp.payloads.telephone_event import digit_packets
from tests.interop.captures.loopback import A, B, Frame, capturing, udp_frame, wait_for_port, write_pcap
from tests.interop.captures.programs import DEADLINE_S
from tests.interop.captures.sounds import decoded_calls, speech

SECONDS = 1
PORT = 5060
CALLER_MEDIA, CALLEE_MEDIA = 6000, 7000

INVITE_HEADERS = """\
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
From: <sip:a@[local_ip]:[local_port]>;tag=[pid]A[call_number]
To: <sip:b@[remote_ip]:[remote_port]>{to_tag}
Call-ID: [call_id]
CSeq: {number} {method}
Contact: <sip:a@[local_ip]:[local_port]>
Max-Forwards: 70
"""
DESCRIPTION = """\
Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 1 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[local_ip_type] [local_ip]
t=0 0
m=audio [media_port] RTP/AVP {types}
{attributes}
"""
ANSWER_HEADERS = """\
[last_Via:]
[last_From:]
[last_To:];tag=[pid]B[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:b@[local_ip]:[local_port]>
"""


@dataclass(frozen=True)
class Case:
    """One codec by SDP."""

    name: str
    rate_hz: int
    payload_type: int
    attributes: tuple[str, ...]
    packing: str | None = None


CASES = [
    Case("PCMU", 8000, 0, ()),
    Case("PCMA", 8000, 8, ("rtpmap:8 PCMA/8000",)),
    Case("G722", 16_000, 9, ("rtpmap:9 G722/8000",)),
    Case("L16", 16_000, 96, ("rtpmap:96 L16/16000",)),
    Case("OPUS", 48_000, 111, ("rtpmap:111 opus/48000/2", "fmtp:111 useinbandfec=1;stereo=0")),
    Case("AMR-WB", 16_000, 98, ("rtpmap:98 AMR-WB/16000", "fmtp:98 octet-align=1"), "octet-aligned"),
    Case("AMR-WB", 16_000, 98, ("rtpmap:98 AMR-WB/16000",), "bandwidth-efficient"),
]
EVENT_TYPE = 101


def message(text: str) -> str:
    return f"<![CDATA[\n\n{text}\n]]>"


def description(case: Case) -> str:
    lines = [f"a={one}" for one in (*case.attributes, f"rtpmap:{EVENT_TYPE} telephone-event/8000")]
    return DESCRIPTION.format(types=f"{case.payload_type} {EVENT_TYPE}", attributes="\n".join(lines))


def caller(case: Case, played: Path) -> str:
    def request(method: str, number: int, to_tag: str, body: str) -> str:
        target = "b@[remote_ip]:[remote_port]"
        headers = INVITE_HEADERS.format(method=method, number=number, to_tag=to_tag)
        return message(f"{method} sip:{target} SIP/2.0\n{headers}{body}")

    empty = "Content-Length: 0\n"
    return f"""<?xml version="1.0"?><scenario name="caller">
    <send retrans="500">{request("INVITE", 1, "", description(case))}</send>
    <recv response="100" optional="true"/><recv response="200"/>
    <send>{request("ACK", 1, "[peer_tag_param]", empty)}</send>
    <nop><action><exec play_pcap_audio="{played}"/></action></nop>
    <pause milliseconds="{SECONDS * 1000 + 700}"/>
    <send retrans="500">{request("BYE", 2, "[peer_tag_param]", empty)}</send>
    <recv response="200"/></scenario>"""


def callee(case: Case, played: Path) -> str:
    ok = message(f"SIP/2.0 200 OK\n{ANSWER_HEADERS}{description(case)}")
    end = message(f"SIP/2.0 200 OK\n{ANSWER_HEADERS.replace(';tag=[pid]B[call_number]', '')}Content-Length: 0\n")
    return f"""<?xml version="1.0"?><scenario name="callee">
    <recv request="INVITE"/><send retrans="500">{ok}</send><recv request="ACK"/>
    <nop><action><exec play_pcap_audio="{played}"/></action></nop>
    <recv request="BYE" timeout="20000"/><send>{end}</send></scenario>"""


def known_payload(case: Case, seed: int, path: Path) -> bytes:
    """Write a capture for sipp to play, with a sound and a key. Return the sound."""
    info = codec(case.name)
    options = {"byte_order": "big"} if case.name == "L16" else {}
    encoder, decoder = info.encoder(case.rate_hz, **options), info.decoder(case.rate_hz, **options)
    layout = payload_format(info, case.rate_hz, **({"packing": case.packing} if case.packing else {}))
    pcm, step = speech(case.rate_hz, SECONDS, seed), case.rate_hz // 25
    frames = [encoder.encode(pcm[at : at + step]) for at in range(0, len(pcm), step)]
    stream = Packetizer(layout, case.payload_type, ssrc=seed)
    packets = [packet for frame in frames for packet in stream.packetize(layout.payload([frame]))]
    clock_hz = info.rtp_clock_hz(case.rate_hz)
    timed = [(20.0 * number, packet) for number, packet in enumerate(packets)]
    timed += [(20.0 * len(packets) + one.after_ms, one.packet)
              for one in digit_packets(stream, "7", 100, payload_type=EVENT_TYPE, rtp_clock_hz=clock_hz)]  # fmt: skip
    write_pcap(path, [udp_frame(round(at_ms * 1e6), packet.build()) for at_ms, packet in timed])
    return b"".join(map(decoder.decode, frames))


def sipp(folder: Path, role: str, host: str, media_port: int, scenario: str, *more: str) -> subprocess.Popen[bytes]:
    path = folder / f"{role}.xml"
    path.write_text(scenario, "utf-8")
    return subprocess.Popen(
        ["sipp", "-sf", str(path), "-i", host, "-p", str(PORT), "-mi", host, "-mp", str(media_port), "-m", "1",
         "-nostdin", "-timeout", "25", "-timeout_error", "-trace_err", *more],
        cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip


def played(case: Case, folder: Path) -> tuple[list[Frame], Sequence[bytes]]:
    """Return the capture of one call, and the sound that each side played."""
    sounds = [known_payload(case, seed, folder / f"{seed}.pcap") for seed in (1, 2)]
    with capturing() as captured:
        second = sipp(folder, "callee", B, CALLEE_MEDIA, callee(case, folder / "2.pcap"))
        wait_for_port(B, PORT, DEADLINE_S)
        first = sipp(folder, "caller", A, CALLER_MEDIA, caller(case, folder / "1.pcap"), f"{B}:{PORT}")
        for process in (first, second):
            _, words = process.communicate(timeout=DEADLINE_S)
            assert process.returncode == 0, words.decode(errors="replace")
        return captured(), sounds


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.name}-{case.packing or case.rate_hz}")
def test_a_call_of_sipp_is_the_payload_that_it_played(case: Case, tmp_path: Path) -> None:
    frames, sounds = played(case, tmp_path)
    capture = write_pcap(tmp_path / "call.pcap", frames)
    ((kept, sound),) = decoded_calls(capture, pcm_hz=case.rate_hz)
    assert (sound.alignment, kept.channels) == ("transit", 2)
    assert sound.call.call_id is not None
    assert {one.known_by for stream in sound.call.streams for one in stream.codecs.values()} == {"sdp"}
    for number, track in enumerate(sound.tracks):
        (stream,) = track.streams
        whole, pcm = kept.channel(number), sounds[stream.stream.ssrc - 1]
        begin = next(at for at in range(0, len(whole), 2) if whole[at : at + 2] != b"\0\0")
        # A sound may begin with silence of its own.
        begin -= next(at for at in range(0, len(pcm), 2) if pcm[at : at + 2] != b"\0\0")
        assert whole[begin : begin + len(pcm)] == pcm
        assert stream.concealed_ms == 0
        assert stream.stream.digits == "7"

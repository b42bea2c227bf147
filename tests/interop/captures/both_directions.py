"""Calls between ffmpeg and GStreamer with their sender reports, on simulated networks.

The expected place of each direction is computed here from the octets of the capture, by RFC 3550 section 6.4.1.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from rtpcodec import RtpPacket, codec
from rtpcodec.rtp.sequence import timestamp_distance
from tests.interop.captures.loopback import A, B, Frame, capturing, on_a_network, wait_for_port, write_pcap
from tests.interop.captures.programs import DEADLINE_S
from tests.interop.captures.sounds import decoded_call, lag_samples, speech
from tests.wav_files import simple

RATE_HZ = 8000
SECONDS = 6
"""GStreamer's first report comes after two seconds, ffmpeg's with the first packet and after five."""
APART_S = 0.7
LIMIT_MS = 5.0
SENDER_REPORT = 200


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> list[Frame]:
    """One call over the loopback; GStreamer begins later."""
    folder = tmp_path_factory.mktemp("call")
    for name, seed in (("a", 1), ("b", 2)):
        (folder / f"{name}.wav").write_bytes(simple(speech(RATE_HZ, SECONDS, seed), rate_hz=RATE_HZ))
    by_ffmpeg = ["ffmpeg", "-nostdin", "-loglevel", "error", "-re", "-i", str(folder / "a.wav"), "-c:a", "pcm_mulaw",
                 "-f", "rtp", f"rtp://{B}:5000?localaddr={A}&localrtpport=4000&localrtcpport=4001"]  # fmt: skip
    by_gstreamer = (
        f"gst-launch-1.0 --quiet rtpbin name=r filesrc location={folder / 'b.wav'} ! wavparse ! alawenc ! rtppcmapay"
        " min-ptime=20000000 max-ptime=20000000 ! r.send_rtp_sink_0"
        f" r.send_rtp_src_0 ! udpsink host={A} port=4000 bind-address={B} bind-port=5000 sync=true async=false"
        f" r.send_rtcp_src_0 ! udpsink host={A} port=4001 bind-address={B} bind-port=5001 sync=false async=false"
    ).split()
    with capturing() as captured:
        first = subprocess.Popen(by_ffmpeg)
        wait_for_port(A, 4000, DEADLINE_S)
        with pytest.raises(subprocess.TimeoutExpired):
            first.wait(APART_S)
        second = subprocess.Popen(by_gstreamer)
        assert (first.wait(DEADLINE_S), second.wait(DEADLINE_S)) == (0, 0)
        return [frame for frame in captured() if frame.is_udp]


def is_rtcp(frame: Frame) -> bool:
    return 192 <= frame.payload[1] <= 223


def from_host(frames: list[Frame], host: str) -> tuple[list[tuple[Frame, RtpPacket]], list[Frame]]:
    own = [frame for frame in frames if frame.source[0] == host]
    rtp = [(frame, RtpPacket.parse(frame.payload)) for frame in own if not is_rtcp(frame)]
    return rtp, [frame for frame in own if is_rtcp(frame) and frame.payload[1] == SENDER_REPORT]


def begin_by_reports_s(frames: list[Frame], host: str) -> float:
    """Return the time of a host's first sample by its own wall clock: the median over its reports."""
    rtp, reports = from_host(frames, host)
    begins = []
    for report in reports:
        seconds, fraction, timestamp = (int.from_bytes(report.payload[at : at + 4], "big") for at in (8, 12, 16))
        ticks = timestamp_distance(rtp[0][1].timestamp, timestamp)
        begins.append(seconds + fraction / 2**32 - ticks / RATE_HZ)
    begins.sort()
    return (begins[(len(begins) - 1) // 2] + begins[len(begins) // 2]) / 2


def begin_by_transit_s(frames: list[Frame], host: str) -> float:
    """Return when a host's first sample would have arrived with the least transit time."""
    rtp, _ = from_host(frames, host)
    first = rtp[0][1].timestamp
    return min(frame.time_ns / 1e9 - timestamp_distance(first, packet.timestamp) / RATE_HZ for frame, packet in rtp)


@pytest.mark.parametrize("delay_ms", [{A: 0.0, B: 0.0}, {A: 15.0, B: 90.0}, {A: 120.0, B: 5.0}], ids=str)
@pytest.mark.parametrize("alignment", ["rtcp", "transit"])
def test_both_directions_are_aligned(
    frames: list[Frame],
    alignment: str,
    delay_ms: dict[str, float],
    tmp_path: Path,
    record_property: Callable[[str, str], None],
) -> None:
    captured = on_a_network(frames, delay_ms, jitter_ms=25, seed=3)
    if alignment == "transit":
        captured = [frame for frame in captured if not is_rtcp(frame)]
    kept, sound = decoded_call(write_pcap(tmp_path / "call.pcap", captured))
    assert sound.alignment == alignment
    assert (kept.channels, kept.rate_hz) == (2, RATE_HZ)

    begins = begin_by_reports_s if alignment == "rtcp" else begin_by_transit_s
    expected_ms = (begins(captured, B) - begins(captured, A)) * 1000
    sent = [
        codec(name).decoder().decode(b"".join(packet.payload for _, packet in from_host(frames, host)[0]))
        for name, host in (("PCMU", A), ("PCMA", B))
    ]
    ours = [lag_samples(kept.channel(number), pcm) for number, pcm in enumerate(sent)]
    found_ms = (ours[1] - ours[0]) * 1000 / RATE_HZ
    assert abs(found_ms - expected_ms) <= LIMIT_MS
    record_property("the pair is off by", f"{abs(found_ms - expected_ms):.3f} ms")
    # In each direction every sample is the sender's, at its place.
    for number, (at, pcm) in enumerate(zip(ours, sent, strict=True)):
        whole = kept.channel(number)
        assert not any(whole[: 2 * at])
        assert whole[2 * at : 2 * at + len(pcm)] == pcm


def test_the_senders_clocks_and_the_capture_agree_on_the_loopback(frames: list[Frame]) -> None:
    """Both alignments agree if no packet is delayed, except for how the programs send."""
    by_reports_s = begin_by_reports_s(frames, B) - begin_by_reports_s(frames, A)
    by_transit_s = begin_by_transit_s(frames, B) - begin_by_transit_s(frames, A)
    assert abs(by_reports_s - by_transit_s) < 0.3

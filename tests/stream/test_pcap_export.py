"""A capture as a packet capture: RTP of both directions with true numbers and times, after SIP."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rtpcodec import MediaSession, RtpPacket, open_packets
from rtpcodec.audio import mp3
from rtpcodec.cli.app import main
from rtpcodec.codecs import CodecInfo
from rtpcodec.rtp.capture.datagrams import Datagram
from rtpcodec.stream.events import Audio
from rtpcodec.stream.plan import StreamPlan
from tests.listening.captured_calls import CapturedCall
from tests.mp3_files import noise
from tests.stream import carrier

UTC_MS = 1_795_000_000_000.0
START_NS = 1_795_000_000 * 10**9
CARRIER, ENDPOINT = "192.0.2.1", "192.0.2.2"


def speech(n: int) -> bytes:
    return bytes((n + at) & 0x7F for at in range(160))


class Export:
    """A session that is captured and exported."""

    def __init__(self, folder: Path, plan: StreamPlan | None = None, **options: Any) -> None:
        self.path, self.pcap = folder / "call.jsonl", folder / "call.pcap"
        self.session = MediaSession(plan, utc_offset_ms=UTC_MS, **{"own_marks": False, "diagnosis_s": None} | options)
        self.session.capture(self.path, 0.0, audio=True)

    def receive(self, text: str, now_ms: float) -> None:
        self.session.receive(text, now_ms)
        self.session.events(now_ms)

    def send(self, now_ms: float) -> int:
        return len(self.session.outgoing(now_ms))

    def datagrams(self) -> list[Datagram]:
        self.receive(carrier.STOP, 5000.0)
        assert main(["replay", str(self.path), "--json", "--pcap", str(self.pcap)]) == 0
        with open_packets(self.pcap) as packets:
            return list(packets)

    def rtp(self) -> dict[str, list[tuple[float, RtpPacket]]]:
        """Return time in ms and packet, by sender address."""
        found: dict[str, list[tuple[float, RtpPacket]]] = {}
        for one in self.datagrams():
            if one.source.port != 5060:
                packet = RtpPacket.parse(one.payload)
                found.setdefault(str(one.source), []).append(((one.time_ns - START_NS) / 1e6, packet))
        return found


def facts(packets: list[tuple[float, RtpPacket]]) -> list[tuple[float, int, int, bool]]:
    return [(at_ms, one.sequence_number, one.timestamp, one.marker) for at_ms, one in packets]


def test_received_chunks_keep_numbers_times_and_gaps(tmp_path: Path) -> None:
    export = Export(tmp_path)
    export.receive(carrier.start(), 0.0)
    for chunk, at_ms in ((7, 21.0), (8, 44.5), (10, 80.0), (11, 100.0), (12, 121.0), (13, 1140.0)):
        timestamp = 20 * (chunk - 7) + (1000 if chunk == 13 else 0)
        export.receive(carrier.media(speech(chunk), chunk, timestamp=timestamp), at_ms)
    (received,) = export.rtp().values()
    assert [(one.sequence_number, one.payload) for _, one in received] == [
        (chunk, speech(chunk)) for chunk in (7, 8, 10, 11, 12, 13)
    ]
    assert received[0][0] == 21.0
    assert {(one.payload_type, one.ssrc) for _, one in received} == {(0, received[0][1].ssrc)}
    assert [one.marker for _, one in received][:2] == [True, False]
    assert (received[2][1].timestamp - received[1][1].timestamp) == 320


def test_sent_audio_has_the_time_at_which_it_is_heard(tmp_path: Path) -> None:
    export = Export(tmp_path, lead_ms=None)
    export.receive(carrier.start(), 0.0)
    for n in range(5):
        export.session.play_payload(speech(n))
    assert export.send(30.0) == 5
    export.session.play_payload(speech(9))
    assert export.send(1030.0) == 1
    sent = export.rtp()[f"{ENDPOINT}:5000"]
    assert facts(sent) == [
        *((30.0 + 20 * n, n, 160 * n, n == 0) for n in range(5)),
        (1030.0, 5, 8000, True),
    ]
    assert [one.payload for _, one in sent] == [*map(speech, range(5)), speech(9)]


def test_cleared_audio_is_left_out(tmp_path: Path) -> None:
    export = Export(tmp_path, lead_ms=None)
    export.receive(carrier.start(), 0.0)
    for n in range(10):
        export.session.play_payload(speech(n))
    export.send(30.0)
    export.session.interrupt(75.0)
    export.send(75.0)
    export.session.play_payload(speech(20))
    export.send(80.0)
    sent = export.rtp()[f"{ENDPOINT}:5000"]
    assert facts(sent) == [(30.0, 0, 0, True), (50.0, 1, 160, False), (70.0, 2, 320, False), (90.0, 3, 480, False)]
    assert sent[-1][1].payload == speech(20)


def test_both_tracks_are_two_streams(tmp_path: Path) -> None:
    export = Export(tmp_path, StreamPlan(tracks="both_tracks"))
    export.receive(carrier.start(), 0.0)
    for n in range(3):
        for track in ("outbound", "inbound"):
            export.receive(
                carrier.media(speech(n + (track == "outbound")), n + 1, track=track, timestamp=20 * n), 20.0 * n + 20
            )
    found = export.rtp()
    assert {name: len(packets) for name, packets in found.items()} == {f"{CARRIER}:4000": 3, f"{CARRIER}:4002": 3}
    assert len({packets[0][1].ssrc for packets in found.values()}) == 2
    assert found[f"{CARRIER}:4000"][0][1].payload == speech(0), "the caller's track is the first one"


@pytest.mark.parametrize("order", ["little", "big"])
def test_l16_has_the_byte_order_of_rtp(tmp_path: Path, order: Any) -> None:
    plan = StreamPlan(send_codec="L16", send_rate_hz=16000, l16_byte_order=order)
    export = Export(tmp_path, plan)
    export.receive(carrier.start("L16", 16000), 0.0)
    payload = bytes(range(256)) * 2 + bytes(128)
    export.receive(carrier.media(payload, 1), 20.0)
    export.session.play_payload(payload)
    export.send(20.0)
    swapped = b"".join(payload[at : at + 2][::-1] for at in range(0, len(payload), 2))
    found = [one for packets in export.rtp().values() for _, one in packets]
    assert [(one.payload_type, one.payload) for one in found] == [(96, swapped if order == "little" else payload)] * 2


def test_sip_says_which_codec_a_payload_type_is(tmp_path: Path, usable_codec: Callable[[str], CodecInfo]) -> None:
    usable_codec("AMR-WB")
    export = Export(tmp_path, StreamPlan(send_codec="G722"))
    export.receive(carrier.start("AMR-WB", 16000), 0.0)
    export.receive(carrier.media(bytes.fromhex("f04c") + bytes(5), 1), 20.0)
    found = export.datagrams()
    texts = [one.payload.decode() for one in found if one.source.port == 5060]
    assert [text.split("\r\n")[0] for text in texts] == [
        "INVITE sip:endpoint@192.0.2.2 SIP/2.0",
        "SIP/2.0 200 OK",
        "BYE sip:endpoint@192.0.2.2 SIP/2.0",
        "SIP/2.0 200 OK",
    ]
    body = texts[0].partition("\r\n\r\n")[2]
    assert f"Content-Length: {len(body)}\r\n" in texts[0]
    assert body.splitlines()[5:] == [
        "m=audio 4000 RTP/AVP 96 9",
        "a=rtpmap:96 AMR-WB/16000",
        "a=fmtp:96 octet-align=1",
        "a=rtpmap:9 G722/8000",
    ]
    (packet,) = [RtpPacket.parse(one.payload) for one in found if one.source.port == 4000]
    assert packet.payload_type == 96


def test_private_values_are_not_in_it(tmp_path: Path) -> None:
    export = Export(tmp_path)
    export.receive(carrier.start(**{"from": "+15550100001", "client_state": "c2VjcmV0"}), 0.0)
    export.receive(carrier.media(speech(1), 1), 20.0)
    export.datagrams()
    octets = export.pcap.read_bytes()
    assert b"5550100001" not in octets
    assert b"c2VjcmV0" not in octets


def test_a_broken_capture_leaves_no_file(tmp_path: Path) -> None:
    export = Export(tmp_path)
    export.receive(carrier.start(), 0.0)
    export.receive(carrier.media(speech(1), 1), 20.0)
    export.receive(carrier.media(speech(2), 2), 40.0)
    export.receive(carrier.STOP, 60.0)
    lines = export.path.read_text().splitlines()
    lines[3] = "{}"
    export.path.write_text("\n".join(lines) + "\n")
    assert main(["replay", str(export.path), "--pcap", str(export.pcap)]) == 2
    assert not export.pcap.exists()


def test_a_file_that_exists_is_kept(tmp_path: Path) -> None:
    export = Export(tmp_path)
    export.receive(carrier.start(), 0.0)
    export.receive(carrier.STOP, 60.0)
    export.pcap.write_bytes(b"mine")
    assert main(["replay", str(export.path), "--pcap", str(export.pcap)]) != 0
    assert export.pcap.read_bytes() == b"mine"


@pytest.mark.parametrize("seed", [1, 2])
def test_a_call_with_faults_has_a_packet_per_chunk(seed: int, tmp_path: Path) -> None:
    path, pcap = tmp_path / "call.jsonl", tmp_path / "call.pcap"
    call = CapturedCall(seed, path, audio=True, call_ms=3000.0)
    call.run()
    assert main(["replay", str(path), "--json", "--pcap", str(pcap)]) == 0
    found = [one for one in call.seen if isinstance(one, Audio) and one.payload and not one.concealed]
    with open_packets(pcap) as packets:
        received = [one for one in packets if one.source.host == bytes((192, 0, 2, 1)) and one.source.port != 5060]
    assert len(received) == len(found) > 20
    assert packets.counts.datagrams == packets.counts.packets


class LateReader(Export):
    """An app that reads the events of its session only at the end."""

    last_ms = 0.0

    def receive(self, text: str, now_ms: float) -> None:
        self.session.receive(text, now_ms)
        self.last_ms = now_ms

    def datagrams(self) -> list[Datagram]:
        self.receive(carrier.STOP, max(5000.0, self.last_ms))
        self.session.events(self.last_ms + 9000.0)
        assert main(["replay", str(self.path), "--json", "--pcap", str(self.pcap)]) == 0
        with open_packets(self.pcap) as packets:
            return list(packets)


def arrivals(export: Export, port: int = 4000) -> list[tuple[float, int]]:
    return [(at_ms, one.sequence_number) for at_ms, one in export.rtp()[f"{CARRIER}:{port}"]]


def in_order(found: list[Datagram]) -> bool:
    return [one.time_ns for one in found] == sorted(one.time_ns for one in found)


@pytest.mark.parametrize("own_marks", [False, True])
def test_chunks_lie_where_they_arrived_when_events_are_read_at_the_end(own_marks: bool, tmp_path: Path) -> None:
    export = LateReader(tmp_path, own_marks=own_marks)
    export.receive(carrier.start(), 0.0)
    wanted = []
    for n in range(1, 200):
        now_ms = 20.0 * n + n % 7
        export.receive(carrier.media(speech(n), n, timestamp=20 * (n - 1)), now_ms)
        export.session.play_payload(speech(n))
        export.session.mark(f"mark {n}")
        export.send(now_ms)
        wanted.append((now_ms, n))
    assert arrivals(export) == wanted
    with open_packets(export.pcap) as packets:
        found = list(packets)
    assert in_order(found)
    assert [round((one.time_ns - START_NS) / 1e6) for one in found if one.source.port == 5060] == [0, 0, 5000, 5000]


def test_an_interruption_does_not_move_chunks_that_are_read_late(tmp_path: Path) -> None:
    export = LateReader(tmp_path)
    export.receive(carrier.start(), 0.0)
    for n in range(1, 150):
        export.receive(carrier.media(speech(n), n, timestamp=20 * (n - 1)), 20.0 * n)
        export.session.play_payload(speech(n))
        export.send(20.0 * n)
        if n % 40 == 0:
            export.session.interrupt(20.0 * n)
            export.send(20.0 * n)
    assert arrivals(export) == [(20.0 * n, n) for n in range(1, 150)]


@pytest.mark.parametrize("kind", [Export, LateReader])
def test_a_burst_has_the_time_of_each_chunk(kind: type[Export], tmp_path: Path) -> None:
    export = kind(tmp_path)
    export.receive(carrier.start(), 0.0)
    export.session.play_payload(speech(0))
    export.session.mark("waits")
    export.send(0.0)
    times_ms = [100.0, 100.0, 100.5, 30000.0, 30000.25, 30000.25]
    for n, now_ms in enumerate(times_ms, 1):
        export.receive(carrier.media(speech(n), n, timestamp=20 * (n - 1)), now_ms)
    assert arrivals(export) == list(zip(times_ms, range(1, 7), strict=True))


def test_events_taken_in_batches_do_not_move_chunks(tmp_path: Path) -> None:
    export = LateReader(tmp_path)
    export.receive(carrier.start(), 0.0)
    for n in range(1, 200):
        export.receive(carrier.media(speech(n), n, timestamp=20 * (n - 1)), 20.0 * n)
        export.session.play_payload(speech(n))
        export.session.mark()
        export.send(20.0 * n)
        if n % 50 == 0:
            export.session.events(20.0 * n + 1)
    assert arrivals(export) == [(20.0 * n, n) for n in range(1, 200)]


@pytest.mark.parametrize("kind", [Export, LateReader])
def test_a_chunk_after_a_lost_one_has_its_own_time(kind: type[Export], tmp_path: Path) -> None:
    export = kind(tmp_path)
    export.receive(carrier.start(), 0.0)
    numbers = [n for n in range(1, 100) if n not in (30, 60, 61)]
    for n in numbers:
        export.receive(carrier.media(speech(n), n, timestamp=20 * (n - 1)), 20.0 * n)
        export.session.play_payload(speech(n))
        export.send(20.0 * n)
    assert arrivals(export) == [(20.0 * n, n) for n in numbers]
    with open_packets(export.pcap) as packets:
        assert in_order(list(packets))


@pytest.mark.parametrize("kind", [Export, LateReader])
def test_a_chunk_that_has_overtaken_another_one_follows_it(kind: type[Export], tmp_path: Path) -> None:
    export = kind(tmp_path)
    export.receive(carrier.start(), 0.0)
    for n, now_ms in ((1, 20.0), (2, 40.0), (4, 61.0), (3, 70.0), (3, 71.0), (5, 100.0)):
        export.receive(carrier.media(speech(n), n, timestamp=20 * (n - 1)), now_ms)
    assert arrivals(export) == [(20.0, 1), (40.0, 2), (70.0, 3), (70.0, 4), (100.0, 5)]


def test_both_tracks_that_are_read_late_have_their_times(tmp_path: Path) -> None:
    export = LateReader(tmp_path, StreamPlan(tracks="both_tracks"))
    export.receive(carrier.start(), 0.0)
    export.session.play_payload(speech(0))
    export.session.mark("waits")
    export.send(0.0)
    for n in range(1, 150):
        for track, late_ms in (("inbound", 0.0), ("outbound", 7.0)):
            export.receive(carrier.media(speech(n), n, track=track, timestamp=20 * (n - 1)), 20.0 * n + late_ms)
    assert arrivals(export) == [(20.0 * n, n) for n in range(1, 150)]
    with open_packets(export.pcap) as packets:
        times_ms = [(one.time_ns - START_NS) / 1e6 for one in packets if one.source.port == 4002]
    assert times_ms == [20.0 * n + 7.0 for n in range(1, 150)]


def test_mode_mp3_has_the_times_of_arrival(tmp_path: Path) -> None:
    export = LateReader(tmp_path, StreamPlan(mode="mp3"))
    export.receive(carrier.start(), 0.0)
    export.session.play_mp3(mp3.encode(noise(16_000, 1600), 16_000))
    export.session.mark("waits")
    export.send(0.0)
    for n in range(1, 600):
        export.receive(carrier.media(speech(n), n, timestamp=20 * (n - 1)), 20.0 * n)
    assert arrivals(export) == [(20.0 * n, n) for n in range(1, 600)]

"""Many calls in one capture: memory, sinks and errors."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from dataclasses import replace

import pytest

from rtpcodec import RtpPacket, codec
from rtpcodec.rtp.capture.call_decoding import decode_datagrams
from rtpcodec.rtp.capture.datagrams import Datagram, SocketAddress
from rtpcodec.rtp.capture.report import CapturedCall, StreamCodec, TimedTimestamp
from tests.rtp.capture.made_calls import BEGIN_NS, MS, PCMU, A, B, Kept, Sender, decoded, packets, report_of
from tests.rtp.capture.test_decoding import heard, pieces, ulaw
from tests.traced_memory import traced


def call_of(number: int, begin_ms: float, payload: bytes) -> Sender:
    source = SocketAddress(bytes([192, 0, 2, number]), 4000)
    sender = Sender(source=source, ssrc=number)
    sender.send(packets(pieces(payload, 160), ssrc=number), begin_ms)
    return sender


def test_each_call_has_its_sink_from_its_begin_to_its_end() -> None:
    payload = ulaw(8000)
    senders = [call_of(number, 2500 * number, payload) for number in (1, 2, 3)]
    calls = [CapturedCall(forward=(sender.stream(),)) for sender in senders]
    kept: list[Kept] = []
    most_open = []

    def sink_of(_call: CapturedCall, _rate_hz: int, _channels: int) -> Kept:
        kept.append(Kept())
        most_open.append(sum(not one.left_by for one in kept))
        return kept[-1]

    sounds = decode_datagrams([one for sender in senders for one in sender.datagrams()], report_of(calls), sink_of)
    assert most_open == [1, 1, 1]
    assert [bytes(one.pcm) for one in kept] == [heard(payload)] * 3
    assert [sound.call for sound in sounds] == calls


class NullSink(Kept):
    """A sink that keeps nothing."""

    def write(self, pcm: bytes) -> None: ...


def long_call(seconds: int) -> tuple[Iterator[Datagram], CapturedCall]:
    """Return a call with a side that always talks, and one whose only packet arrives at the end."""
    silence, end_ns = bytes([255]) * 160, BEGIN_NS + 1000 * MS * seconds

    def packet(number: int, timestamp: int, ssrc: int) -> bytes:
        return RtpPacket(
            payload_type=0, sequence_number=number & 0xFFFF, timestamp=timestamp, ssrc=ssrc, payload=silence
        ).build()

    def datagrams() -> Iterator[Datagram]:
        for number in range(50 * seconds):
            yield Datagram(BEGIN_NS + 20 * MS * number, A, B, packet(number, 160 * number, 1), number)
        yield Datagram(end_ns, B, A, packet(1, 8000 * seconds, 2), 0)

    of_one_packet = Sender(ssrc=1)
    of_one_packet.send(packets([silence], ssrc=1), 0)
    stream = of_one_packet.stream()
    forward = replace(
        stream,
        first_sequence_number=0,
        first_timestamp=0,
        least_transit=TimedTimestamp(0, BEGIN_NS),
        last_ns=end_ns,
    )
    backward = replace(
        stream,
        source=B,
        destination=A,
        ssrc=2,
        first_timestamp=8000 * seconds,
        first_ns=end_ns,
        least_transit=TimedTimestamp(8000 * seconds, end_ns),
        last_ns=end_ns,
    )
    return datagrams(), CapturedCall(forward=(forward,), backward=(backward,))


def test_memory_does_not_grow_with_the_capture() -> None:
    """Memory does not grow with a longer call, nor with a silent side."""

    def peak_octets(seconds: int) -> int:
        datagrams, call = long_call(seconds)
        with traced():
            (sound,) = decode_datagrams(datagrams, report_of([call]), lambda *_: NullSink())
            assert sound.samples >= 8000 * seconds
            return tracemalloc.get_traced_memory()[1]

    peak_octets(2)
    short, long = peak_octets(6), peak_octets(30)
    assert long < short + 20_000
    assert long < 500_000


def test_an_error_exits_every_sink() -> None:
    senders = [call_of(number, 10 * number, ulaw(8000)) for number in (1, 2)]
    calls = [CapturedCall(forward=(sender.stream(),)) for sender in senders]
    datagrams = sorted((one for sender in senders for one in sender.datagrams()), key=lambda one: one.time_ns)
    kept: list[Kept] = []

    def sink_of(_call: CapturedCall, _rate_hz: int, _channels: int) -> Kept:
        kept.append(Kept())
        return kept[-1]

    def cut() -> Iterator[Datagram]:
        yield from datagrams[:60]
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone") as raised:
        decode_datagrams(cut(), report_of(calls), sink_of)
    assert [one.left_by for one in kept] == [[raised.value]] * 2


@pytest.mark.parametrize(("of", "note"), [
    (StreamCodec(name="G729", sample_rate_hz=8000, clock_hz=8000, known_by="static"), "G729 is not decoded here"),
    (StreamCodec(name="unknown", sample_rate_hz=None, clock_hz=None, known_by="nothing"),
     "unknown is not decoded here"),
])  # fmt: skip
def test_calls_that_are_not_decoded_have_a_note_and_no_sink(of: StreamCodec, note: str) -> None:
    sender = call_of(1, 0, ulaw(800))
    sender.codecs = {0: of}
    stream = replace(call_of(1, 0, ulaw(800)).stream(), codecs={0: of})

    def sink_of(_call: CapturedCall, _rate_hz: int, _channels: int) -> Kept:
        raise AssertionError("nothing is decoded")

    (sound,) = decode_datagrams(sender.datagrams(), report_of([CapturedCall(forward=(stream,))]), sink_of)
    (found,) = sound.tracks[0].streams
    assert (found.notes, found.undecoded_packets, found.decoded_packets) == ((note,), 5, 0)


def test_encrypted_payloads_are_not_played_as_noise() -> None:
    sender = call_of(1, 0, ulaw(800))
    stream = replace(sender.stream(), encrypted=True)
    (sound,) = decode_datagrams(sender.datagrams(), report_of([CapturedCall(forward=(stream,))]), lambda *_: None)
    assert sound.tracks[0].streams[0].notes == ("the payloads are encrypted",)
    assert sound.samples == 0


@pytest.mark.parametrize("pcm_hz", [8000, 11_025, 16_000, 44_100, 48_000])
def test_a_wanted_rate_keeps_every_place(pcm_hz: int) -> None:
    """A click lies within one sample of its place by the RTP clock."""
    pcm = bytearray(2 * 16_000)
    for at in (1600, 7999, 12_345):
        pcm[2 * at : 2 * at + 2] = (20_000).to_bytes(2, "little")
    sender = Sender()
    sender.send(packets(pieces(codec("PCMU").encoder().encode(pcm), 160)), 0)
    kept, sound = decoded([sender], pcm_hz=pcm_hz)
    assert abs(sound.samples - 2 * pcm_hz) <= 1
    samples = memoryview(kept.pcm).cast("h")
    for at in (1600, 7999, 12_345):
        place = at * pcm_hz / 8000
        near = range(int(place) - pcm_hz // 200, int(place) + pcm_hz // 200)
        loudest = max(near, key=lambda sample: samples[sample])
        assert abs(loudest - place) <= 1


def test_damaged_payloads_are_concealed() -> None:
    info = StreamCodec(name="L16", sample_rate_hz=8000, clock_hz=8000, known_by="sdp")
    sender = Sender(codecs={97: info})
    payload = bytes(range(200)) * 16
    made = packets(pieces(payload, 320), of=info, payload_type=97)
    bad = made[4]
    made[4] = RtpPacket(
        payload_type=97, sequence_number=bad.sequence_number, timestamp=bad.timestamp, ssrc=bad.ssrc, payload=b"odd"
    )
    sender.send(made, 0)
    _, sound = decoded([sender])
    (found,) = sound.tracks[0].streams
    assert (found.damaged_packets, found.concealed_ms, sound.samples) == (1, 20, 1600)


def test_unknown_options_are_refused() -> None:
    for options, text in (
        ({"gaps": "noise"}, "gaps is 'noise', 'conceal' or 'silence' is needed"),
        ({"pcm_hz": 7}, "pcm_hz is 7"),
    ):
        with pytest.raises(ValueError, match=text):
            decode_datagrams([], report_of([]), lambda *_: None, **options)


def test_series_say_when_packets_were_lost_and_late() -> None:
    payload = ulaw(5 * 8000)
    sender = Sender()
    sender.send(packets(pieces(payload, 160)), 0)
    sender.sent = [(at + (40 if 100 <= number < 150 else 0), one) for number, (at, one) in enumerate(sender.sent)
                   if number not in (160, 161, 170)]  # fmt: skip
    _, sound = decoded([sender])
    series = sound.tracks[0].series
    assert series.lost == (0, 0, 0, 3, 0)
    assert series.received == (50, 50, 50, 47, 50)
    assert series.delay_ms == (0, 0, 40, 0, 0)
    assert len(series.level_dbov) == 5
    assert sound.tracks[0].streams[0].level_dbov == pytest.approx(sound.tracks[0].level_dbov)


def test_drift_is_measured_and_not_corrected() -> None:
    """The sender's clock runs 200 ppm slow against the capture's."""
    sender = Sender()
    sender.send(packets([bytes([number % 200]) * 160 for number in range(3000)]), 0, every_ms=20 * 1.0002)
    _, sound = decoded([sender])
    assert sound.samples == 3000 * 160
    assert sound.tracks[0].streams[0].drift_ppm == pytest.approx(200, abs=5)
    assert PCMU.clock_hz == 8000

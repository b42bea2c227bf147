"""Captures of ffmpeg and GStreamer as senders, compared with what both decode from the same packets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from _pytest.mark import ParameterSet

from rtpcodec import RtpPacket, codec
from rtpcodec.rtp.payloads import payload_format
from rtpcodec.rtp.sequence import timestamp_distance
from tests.ffmpeg import executable
from tests.interop.captures.loopback import A, B, Frame, capturing, listening, on_a_network, write_pcap
from tests.interop.captures.programs import decoded_by_gstreamer, ffmpeg, gstreamer
from tests.interop.captures.sounds import decoded_call, snr_db, speech
from tests.interop.ffmpeg_rtp import decoded_by_ffmpeg
from tests.wav_files import simple

SECONDS = 2
OTHER_DECODER_DB = 20
"""Least ratio of sound to difference against ffmpeg's decoder of AMR-WB, which is another implementation."""


@dataclass(frozen=True)
class Case:
    """One codec: how each program sends it, and how each decodes it."""

    name: str
    rate_hz: int
    clock_hz: int
    payload_type: int
    codec: str
    """For payload types that only signalling explains."""
    ffmpeg_encoder: str
    sender: str
    """Encoder and payloader of GStreamer."""
    receiver: tuple[str, ...]
    attributes: tuple[str, ...] = ()
    """Of SDP, for ffmpeg as a receiver."""
    caps: str = ""
    is_exact: bool = True
    """Whether all decoders give the same samples."""
    ffmpeg_decoder: str | None = None


CASES = [
    Case("PCMU", 8000, 8000, 0, "", "pcm_mulaw", "mulawenc ! rtppcmupay", ("rtppcmudepay", "mulawdec")),
    Case("PCMA", 8000, 8000, 8, "", "pcm_alaw", "alawenc ! rtppcmapay", ("rtppcmadepay", "alawdec")),
    Case("G722", 16_000, 8000, 9, "", "g722", "avenc_g722 ! rtpg722pay", ("rtpg722depay", "avdec_g722")),
    *(
        Case("L16", rate_hz, rate_hz, 97, f"L16/{rate_hz}", "pcm_s16be", "audioconvert ! rtpL16pay pt=97",
             ("rtpL16depay",), (f"rtpmap:97 L16/{rate_hz}/1",), "channels=1")
        for rate_hz in (8000, 16_000, 44_100, 48_000)
    ),
    Case("OPUS", 48_000, 48_000, 97, "OPUS", "libopus", "opusenc ! rtpopuspay pt=97",
         ("rtpopusdepay", "opusdec plc=false"), ("rtpmap:97 opus/48000/2",), ffmpeg_decoder="libopus"),
    Case("AMR-WB", 16_000, 16_000, 97, "AMR-WB", "libvo_amrwbenc", "voamrwbenc band-mode=8 ! rtpamrpay pt=97",
         ("rtpamrdepay", "amrwbdec"), ("rtpmap:97 AMR-WB/16000/1", "fmtp:97 octet-align=1"),
         "octet-align=(string)1", is_exact=False),
]  # fmt: skip


def caps_of(case: Case) -> str:
    more = f",{case.caps}" if case.caps else ""
    return (
        f"application/x-rtp,media=audio,clock-rate={case.clock_hz},encoding-name={case.name},"
        f"payload={case.payload_type}{more}"
    )


def sent_by_gstreamer(case: Case, sound: Path) -> list[Frame]:
    with listening((B, 5000)), capturing() as captured:
        gstreamer(
            *f"filesrc location={sound} ! wavparse ! {case.sender} min-ptime=20000000 max-ptime=20000000".split(),
            *f"! udpsink host={B} port=5000 bind-address={A} bind-port=4000 sync=false".split(),
        )
        return captured()


def sent_by_ffmpeg(case: Case, sound: Path) -> list[Frame]:
    # Debian's executable has no encoder of AMR-WB, that of the test extra has one.
    program = executable() if case.ffmpeg_encoder == "libvo_amrwbenc" else "ffmpeg"
    with listening((B, 5000), (B, 5001)), capturing() as captured:
        ffmpeg("-i", str(sound), "-c:a", case.ffmpeg_encoder, "-payload_type", str(case.payload_type),
               "-f", "rtp", f"rtp://{B}:5000?localaddr={A}&localrtpport=4000&localrtcpport=4001",
               program=program)  # fmt: skip
        return captured()


def is_rtcp(frame: Frame) -> bool:
    return frame.payload[1] & 0x7F in range(72, 77)


def rtp_of(frames: list[Frame]) -> list[RtpPacket]:
    return [RtpPacket.parse(frame.payload) for frame in frames if not is_rtcp(frame)]


def senders(*names: str) -> list[ParameterSet]:
    """Return both programs with these codecs, by default with all."""
    return [
        pytest.param(case, send, id=f"{case.name}-{case.rate_hz}-{send.__name__.removeprefix('sent_by_')}")
        for case in CASES
        if not names or case.name in names
        for send in (sent_by_gstreamer, sent_by_ffmpeg)
    ]


@pytest.mark.parametrize(("case", "send"), senders())
def test_decode_gives_what_both_programs_decode(
    case: Case, send: Callable[[Case, Path], list[Frame]], tmp_path: Path, record_property: Callable[[str, str], None]
) -> None:
    sound = tmp_path / "sound.wav"
    sound.write_bytes(simple(speech(case.rate_hz, SECONDS, 1), rate_hz=case.rate_hz))
    frames = send(case, sound)
    capture = write_pcap(tmp_path / "call.pcap", frames)
    codecs = {case.payload_type: case.codec} if case.codec else None
    kept, found = decoded_call(capture, codecs=codecs, pcm_hz=case.rate_hz)
    ours = bytes(kept.pcm)

    # 1. As GStreamer decodes: it plays one packet behind the other, so only a first packet may begin earlier.
    theirs = decoded_by_gstreamer(capture, caps_of(case), case.receiver, case.rate_hz, A)
    early = len(theirs) - len(ours)
    assert 0 <= early <= 2 * case.rate_hz // 50
    assert ours == theirs[early:]

    # 2. Each packet within one sample of its place by the RTP clock; a first packet lacks what began earlier.
    packets = rtp_of(frames)
    by_clock = places(case, packets)
    in_sound = len(theirs) // 2
    for at, packet in reversed(list(zip(by_clock, packets, strict=True))):
        in_sound -= samples_of(case, packet)
        assert abs(max(0, in_sound - early // 2) - at) <= 1
    assert abs(found.samples - by_clock[-1] - samples_of(case, packets[-1])) <= 1
    (stream,) = found.tracks[0].streams
    assert (stream.decoded_packets, stream.concealed_ms, stream.paused_ms) == (len(packets), 0, 0)

    # 3. As ffmpeg decodes; Opus to both of the channels that its SDP always names (RFC 7587 section 7).
    channels = 2 if case.name == "OPUS" else 1
    interleaved = decoded_by_ffmpeg(
        packets, channels * len(theirs), attributes=case.attributes, decoder=case.ffmpeg_decoder
    )
    by_ffmpeg = memoryview(interleaved).cast("h")[::channels].tobytes()
    if case.is_exact:
        assert ours == by_ffmpeg[early:]
    else:
        ratio_db = snr_db(by_ffmpeg[early:], ours)
        assert ratio_db > OTHER_DECODER_DB
        record_property("ffmpeg's own decoder", f"{ratio_db:.1f} dB")


@pytest.mark.parametrize(("case", "send"), senders("PCMU", "PCMA", "L16"))
def test_packets_stay_at_their_places_when_others_are_lost(
    case: Case, send: Callable[[Case, Path], list[Frame]], tmp_path: Path
) -> None:
    """For codecs without state: every sample that arrived is at its place, all others are silence."""
    sound = tmp_path / "sound.wav"
    sound.write_bytes(simple(speech(case.rate_hz, SECONDS, 3), rate_hz=case.rate_hz))
    sent = [frame for frame in send(case, sound) if not is_rtcp(frame)]
    codecs = {case.payload_type: case.codec} if case.codec else None
    whole, _ = decoded_call(write_pcap(tmp_path / "whole.pcap", sent), codecs=codecs, pcm_hz=case.rate_hz)

    packets = rtp_of(sent)
    by_clock = places(case, packets)
    # The programs send faster than real time here: now each packet leaves when its sound begins.
    sent = [
        frame._replace(time_ns=sent[0].time_ns + at * 10**9 // case.rate_hz)
        for frame, at in zip(sent, by_clock, strict=True)
    ]
    is_lost = [number % 7 in (2, 3, 5) and number != len(sent) - 1 for number in range(len(sent))]
    came = [frame for frame, lost in zip(sent, is_lost, strict=True) if not lost]
    # Each arrives up to 40 ms late, so that some overtake others.
    came = on_a_network(came, {A: 0.0}, jitter_ms=40, seed=4)
    kept, found = decoded_call(
        write_pcap(tmp_path / "lossy.pcap", came), codecs=codecs, pcm_hz=case.rate_hz, gaps="silence"
    )
    expected = bytearray(whole.pcm)
    for lost, at, packet in zip(is_lost, by_clock, packets, strict=True):
        if lost:
            expected[2 * at : 2 * (at + samples_of(case, packet))] = bytes(2 * samples_of(case, packet))
    assert kept.pcm == expected
    lost_samples = sum(samples_of(case, packet) for packet, lost in zip(packets, is_lost, strict=True) if lost)
    (stream,) = found.tracks[0].streams
    # ffmpeg's packets differ in length, so a gap may be longer than the lost packets seem to be.
    assert stream.concealed_ms + stream.paused_ms == pytest.approx(lost_samples * 1000 / case.rate_hz)
    assert (stream.decoded_packets, stream.jumps, stream.late_packets) == (len(came), 0, 0)


def places(case: Case, packets: list[RtpPacket]) -> list[int]:
    """Return where packets begin by the RTP clock, in samples from the first one."""
    first = packets[0].timestamp
    return [timestamp_distance(first, one.timestamp) * case.rate_hz // case.clock_hz for one in packets]


def samples_of(case: Case, packet: RtpPacket) -> int:
    """Return how many samples of one channel a packet has."""
    layout = payload_format(codec(case.name), case.rate_hz)
    return layout.ticks(packet.payload) * case.rate_hz // case.clock_hz


def test_levels_are_those_of_the_sound(tmp_path: Path) -> None:
    sound = speech(8000, SECONDS, 2)
    path = tmp_path / "sound.wav"
    path.write_bytes(simple(sound, rate_hz=8000))
    kept, found = decoded_call(write_pcap(tmp_path / "call.pcap", sent_by_gstreamer(CASES[0], path)))
    for second, level_dbov in enumerate(found.tracks[0].series.level_dbov):
        samples = np.frombuffer(kept.pcm, np.int16)[8000 * second : 8000 * (second + 1)] / 32768
        assert level_dbov == pytest.approx(10 * np.log10(np.mean(samples**2)), abs=0.01)

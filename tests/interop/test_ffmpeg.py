"""Every codec against the ffmpeg executable: its payloads read by us, ours by it."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest

from rtpcodec import Packetizer, codec
from rtpcodec.audio import mp3
from rtpcodec.audio.mp3_frames import read_header
from rtpcodec.codecs.info import CodecInfo
from rtpcodec.rtp.payloads import payload_format
from rtpcodec.rtp.payloads.amrwb_file import amrwb_octets, read_amrwb
from rtpcodec.rtp.sequence import timestamp_distance
from tests import ffmpeg
from tests.interop.ffmpeg_rtp import decoded_by_ffmpeg, packets_of, sent
from tests.mp3_files import frames as mp3_frames
from tests.mp3_files import noise

OPUS_ATTRIBUTES = ("rtpmap:97 opus/48000/2",)
AMRWB_ATTRIBUTES = ("rtpmap:97 AMR-WB/16000/1", "fmtp:97 octet-align=1")
AMRWB_BIT_RATES = (6600, 8850, 12_650, 14_250, 15_850, 18_250, 19_850, 23_050, 23_850)
"""Of the modes 0 to 8."""


def snr_db(pcm: bytes, decoded: bytes) -> float:
    signal, other = (np.frombuffer(one, np.int16).astype(float) for one in (pcm, decoded))
    return float(10 * np.log10(np.mean(signal**2) / max(float(np.mean((signal - other) ** 2)), 1e-9)))


def pieces(octets: bytes, size: int) -> list[bytes]:
    return [octets[at : at + size] for at in range(0, len(octets), size)]


class SampleCase(NamedTuple):
    """A sample codec, its names in ffmpeg, and 20 ms of it."""

    name: str
    rate_hz: int
    encoder: str
    raw_input: list[str]
    payload_type: int
    octets: int
    attributes: tuple[str, ...] = ()
    options: dict[str, str] = {}  # noqa: RUF012 - never changed


def _l16(rate_hz: int) -> SampleCase:
    raw_input = ["-f", "s16be", "-ar", str(rate_hz), "-ac", "1"]
    octets, attributes = rate_hz // 25, (f"rtpmap:97 L16/{rate_hz}/1",)
    return SampleCase("L16", rate_hz, "pcm_s16be", raw_input, 97, octets, attributes, {"byte_order": "big"})


SAMPLE_CASES = [
    SampleCase("PCMU", 8000, "pcm_mulaw", ["-f", "mulaw", "-ar", "8000", "-ac", "1"], 0, 160),
    SampleCase("PCMA", 8000, "pcm_alaw", ["-f", "alaw", "-ar", "8000", "-ac", "1"], 8, 160),
    SampleCase("G722", 16_000, "g722", ["-f", "g722"], 9, 160),
    *map(_l16, (8000, 16_000, 22_050, 24_000, 44_100, 48_000)),
]


@pytest.mark.parametrize("case", SAMPLE_CASES, ids=lambda case: f"{case.name}-{case.rate_hz}")
def test_sample_codecs(case: SampleCase) -> None:
    info = codec(case.name)
    layout = payload_format(info, case.rate_hz)
    decoder = info.decoder(case.rate_hz, **case.options)
    pcm = noise(case.rate_hz, case.rate_hz)
    ours = info.encoder(case.rate_hz, **case.options).encode(pcm)

    heard = decoded_by_ffmpeg(
        sent([layout.payload([piece]) for piece in pieces(ours, case.octets)], layout, case.payload_type),
        len(pcm),
        attributes=case.attributes,
    )
    assert heard == decoder.decode(ours)

    packets = packets_of([*ffmpeg.pcm_input(case.rate_hz), "-i", "pipe:0", "-c:a", case.encoder], pcm)
    # The payload type of L16 at 44100 is a static one as well (RFC 3551 table 4), which ffmpeg takes.
    assert {packet.payload_type for packet in packets} == {11 if case.rate_hz == 44_100 else case.payload_type}
    for packet, following in pairwise(packets):
        assert timestamp_distance(packet.timestamp, following.timestamp) == layout.ticks(packet.payload)
    theirs = b"".join(frame for packet in packets for frame in layout.frames(packet.payload))
    decoder.reset()
    assert decoder.decode(theirs) == ffmpeg.decode(theirs, case.raw_input)
    if case.name in {"PCMU", "PCMA"}:  # a sample between two levels may go to either
        levels = sorted({*np.frombuffer(decoder.decode(bytes(range(256))), np.int16).tolist()})
        ranks = [np.searchsorted(levels, np.frombuffer(decoder.decode(one), np.int16)) for one in (ours, theirs)]
        assert np.abs(ranks[0] - ranks[1]).max() <= 1
    else:
        assert theirs == ours


@pytest.mark.parametrize("frame_ms", [2.5, 5, 10, 20, 40, 60])
@pytest.mark.parametrize("rate_hz", [8000, 16_000, 24_000, 48_000])
def test_opus_packets_of_ours_are_decoded_alike(opus: CodecInfo, rate_hz: int, frame_ms: float) -> None:
    """ffmpeg by libopus as well, at the library's own rate: every sample is the same, in both of its channels."""
    layout = payload_format(opus)
    encoder = opus.encoder(rate_hz, frame_ms=frame_ms)
    samples = round(rate_hz * frame_ms / 1000)
    packets = [encoder.encode(piece) for piece in pieces(noise(rate_hz, samples * round(600 / frame_ms)), 2 * samples)]
    decoder = opus.decoder(48_000)
    decoded = np.frombuffer(b"".join(map(decoder.decode, packets)), np.int16)
    payloads = [layout.payload([packet]) for packet in packets]
    (ticks,) = {layout.ticks(payload) for payload in payloads}
    assert ticks == 48 * frame_ms
    heard = decoded_by_ffmpeg(
        sent(payloads, layout, 97), 4 * len(decoded), attributes=OPUS_ATTRIBUTES, decoder="libopus"
    )
    assert np.array_equal(np.frombuffer(heard, np.int16).reshape(-1, 2), np.stack([decoded, decoded], axis=1))


def test_opus_is_decoded_nearly_alike_by_another_decoder(opus: CodecInfo) -> None:
    """ffmpeg has a decoder of its own. For CELT, as in short frames, it has the same delay."""
    encoder, decoder = opus.encoder(48_000, frame_ms=5), opus.decoder(48_000)
    packets = [encoder.encode(piece) for piece in pieces(noise(48_000, 24_000), 480)]
    decoded = b"".join(map(decoder.decode, packets))
    heard = decoded_by_ffmpeg(
        sent(packets, payload_format(codec("OPUS")), 97), 2 * len(decoded), attributes=OPUS_ATTRIBUTES, decoder="opus"
    )
    left = np.frombuffer(heard, np.int16).reshape(-1, 2)[:, 0]
    assert snr_db(decoded, left.tobytes()) > 80


@pytest.mark.parametrize(
    ("options", "ticks"),
    [
        ((), 960),
        (("-application", "voip", "-b:a", "16k"), 960),
        (("-frame_duration", "60", "-b:a", "12k", "-application", "voip"), 2880),
        (("-frame_duration", "2.5", "-application", "lowdelay"), 120),
        (("-frame_duration", "120", "-b:a", "24k"), 5760),
        (("-fec:a", "1", "-packet_loss", "20", "-application", "voip", "-b:a", "24k"), 960),
        (("-vbr", "off", "-b:a", "32k"), 960),
    ],
)
def test_opus_packets_of_ffmpeg_are_decoded_alike(opus: CodecInfo, options: tuple[str, ...], ticks: int) -> None:
    layout = payload_format(opus)
    theirs = packets_of([*ffmpeg.pcm_input(16_000), "-i", "pipe:0", "-c:a", "libopus", *options], noise(16_000, 16_000))
    assert {layout.ticks(packet.payload) for packet in theirs} == {ticks}
    assert {timestamp_distance(one.timestamp, two.timestamp) for one, two in pairwise(theirs)} == {ticks}
    decoder = opus.decoder(48_000)
    packets = [frame for packet in theirs for frame in layout.frames(packet.payload)]
    decoded = np.frombuffer(b"".join(map(decoder.decode, packets)), np.int16)
    heard = decoded_by_ffmpeg(
        sent(packets, layout, 97), 4 * len(decoded), attributes=OPUS_ATTRIBUTES, decoder="libopus"
    )
    assert np.array_equal(np.frombuffer(heard, np.int16).reshape(-1, 2)[:, 0], decoded)


def amrwb_frames(amrwb: CodecInfo, mode: int, seconds: int = 1) -> list[bytes]:
    encoder = amrwb.encoder(mode=mode)
    return [encoder.encode(piece) for piece in pieces(noise(16_000, 16_000 * seconds), 640)]


@pytest.mark.parametrize("mode", range(9))
def test_amrwb_frames_are_those_of_ffmpeg(amrwb: CodecInfo, mode: int) -> None:
    """ffmpeg by libvo-amrwbenc as well: the files are equal, and so is what each decodes of them."""
    options = ["-c:a", "libvo_amrwbenc", "-b:a", str(AMRWB_BIT_RATES[mode])]
    file = ffmpeg.to_file(noise(16_000, 16_000), ffmpeg.pcm_input(16_000), options, ".amr")
    assert list(read_amrwb(file)) == amrwb_frames(amrwb, mode)
    assert file == amrwb_octets(amrwb_frames(amrwb, mode))


@pytest.mark.parametrize("mode", range(9))
def test_amrwb_is_decoded_nearly_alike_by_another_decoder(amrwb: CodecInfo, mode: int) -> None:
    """Compare with ffmpeg's own decoder. (In modes 0 and 1 each decoder adds different noise.)

    The libopencore-amrwb inside of this executable gives other audio than the same library in Debian and in PyAV, which
    are equal to each other: it is farther from the witness, and from what was encoded.
    """
    frames = amrwb_frames(amrwb, mode)
    decoder = amrwb.decoder()
    decoded = b"".join(map(decoder.decode, frames))
    witness, theirs = (
        ffmpeg.decode(amrwb_octets(frames), ["-c:a", name, "-f", "amr"]) for name in ("amrwb", "libopencore_amrwb")
    )
    assert len(witness) == len(theirs) == len(decoded)
    assert snr_db(decoded, witness) > (30 if mode >= 2 else 12)
    assert snr_db(decoded, witness) > snr_db(theirs, witness) + 3


@pytest.mark.parametrize("frames_in_payload", [1, 2, 5])
def test_amrwb_payloads_of_ours_are_read_by_ffmpeg(amrwb: CodecInfo, frames_in_payload: int) -> None:
    """Octet-aligned is the only packing of ffmpeg; it decodes the same from a file of these frames."""
    frames = amrwb_frames(amrwb, 8)
    layout = payload_format(amrwb, packing="octet-aligned")
    payloads = [layout.payload(frames[at : at + frames_in_payload]) for at in range(0, len(frames), frames_in_payload)]
    from_file = ffmpeg.decode(amrwb_octets(frames), ["-c:a", "amrwb", "-f", "amr"])
    heard = decoded_by_ffmpeg(
        sent(payloads, layout, 97),
        len(from_file),
        attributes=AMRWB_ATTRIBUTES,
        decoder="amrwb",
    )
    assert heard == from_file


@pytest.mark.parametrize("mode", [0, 2, 8])
def test_amrwb_payloads_of_ffmpeg_are_read(amrwb: CodecInfo, mode: int) -> None:
    """Their packing is detected; ffmpeg holds back the last frames, which do not fill a packet."""
    arguments = [
        *ffmpeg.pcm_input(16_000),
        "-i",
        "pipe:0",
        "-c:a",
        "libvo_amrwbenc",
        "-b:a",
        str(AMRWB_BIT_RATES[mode]),
    ]
    theirs = packets_of(arguments, noise(16_000, 16_000 * 4))
    layout = payload_format(amrwb)
    read = [layout.frames(packet.payload) for packet in theirs]
    for (packet, following), frames in zip(pairwise(theirs), read, strict=False):
        assert (
            timestamp_distance(packet.timestamp, following.timestamp)
            == layout.ticks(packet.payload)
            == 320 * len(frames)
        )
    frames = [frame for some in read for frame in some]
    assert len(frames) > 80
    assert frames == amrwb_frames(amrwb, mode, seconds=4)[: len(frames)]
    decoder = amrwb.decoder()
    assert (
        snr_db(
            ffmpeg.decode(amrwb_octets(frames), ["-c:a", "amrwb", "-f", "amr"]), b"".join(map(decoder.decode, frames))
        )
        > 12
    )


RFC_2250_HEADER = bytes(4)
"""No fragment."""


def test_mp3_frames_of_ours_are_heard_by_ffmpeg() -> None:
    data = mp3.encode(noise(16_000, 16_000), 16_000)
    frames = pieces(mp3_frames(data), 216)
    from_file = ffmpeg.decode(mp3_frames(data), ["-f", "mp3"])
    octets = len(from_file) // 2
    packetizer = Packetizer(payload_format(codec("PCMU")), 14, timestamp=0)
    packets = []
    for frame in frames:
        packets.append(packetizer.packet(RFC_2250_HEADER + frame))
        packetizer.advance(576 * 90_000 // 16_000)
    heard = decoded_by_ffmpeg(packets, octets)
    assert heard == from_file[:octets]


def test_mp3_frames_of_ffmpeg_are_decoded() -> None:
    arguments = [*ffmpeg.pcm_input(16_000), "-i", "pipe:0", "-c:a", "libmp3lame", "-b:a", "48k"]
    packets = packets_of(arguments, noise(16_000, 32_000))
    assert {packet.payload_type for packet in packets} == {14}
    data = b"".join(packet.payload[len(RFC_2250_HEADER) :] for packet in packets)
    assert all(read_header(packet.payload, len(RFC_2250_HEADER)) for packet in packets)
    mp3.require_mp3(data)
    pcm, rate_hz = mp3.decode(data)
    theirs = np.frombuffer(ffmpeg.decode(data, ["-f", "mp3"]), np.int16).astype(int)
    ours = np.frombuffer(pcm, np.int16).astype(int)
    assert rate_hz == 16_000
    assert np.abs(ours[:-529] - theirs[529:]).max() <= 2

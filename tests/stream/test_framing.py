"""PCM and payloads to frames of 20 ms, for any cut: only the end of an utterance is padded, nothing is lost."""

from __future__ import annotations

import random
import struct
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpcodec import MediaSession, Resampler, StreamPlan, codec
from rtpcodec.errors import LocalProtocolError, PayloadError, QueueFull
from tests.kernels import buffers
from tests.oracles import g711 as oracle
from tests.stream import carrier

pytestmark = pytest.mark.usefixtures("dialect")


@dataclass(frozen=True)
class Way:
    """A send codec, and its reference encoding written without the package."""

    plan: StreamPlan
    silence: bytes
    encode: Callable[[list[int]], bytes]

    def __str__(self) -> str:
        return f"{self.plan.send_codec}-{self.plan.send_rate_hz}-{self.plan.l16_byte_order}"

    @property
    def frame_samples(self) -> int:
        return self.plan.send_rate_hz // 50

    @property
    def frame_octets(self) -> int:
        return self.frame_samples * len(self.silence)


def _l16(rate_hz: int, order: Literal["little", "big"]) -> Way:
    form = "<" if order == "little" else ">"
    plan = StreamPlan(send_codec="L16", send_rate_hz=rate_hz, l16_byte_order=order)
    return Way(plan, b"\0\0", lambda samples: struct.pack(f"{form}{len(samples)}h", *samples))


WAYS = [
    Way(StreamPlan(), b"\xff", lambda samples: bytes(map(oracle.pcmu_code, samples))),
    Way(StreamPlan(send_codec="PCMA"), b"\xd5", lambda samples: bytes(map(oracle.pcma_code, samples))),
    _l16(16000, "little"),
    _l16(16000, "big"),
    _l16(22050, "little"),
    _l16(22050, "big"),
]
ways = pytest.mark.parametrize("way", WAYS, ids=str)


def noise(samples: int, seed: int = 1) -> list[int]:
    rng = random.Random(seed)
    return [rng.randint(-32768, 32767) for _ in range(samples)]


def pcm_of(samples: list[int]) -> bytes:
    return array("h", samples).tobytes()


def all_sent(session: MediaSession) -> list[bytes]:
    return [payload for payload in map(carrier.payload_of, session.outgoing(1.0)) if payload is not None]


@given(st.sampled_from(WAYS), st.lists(st.integers(0, 1500), max_size=12), st.booleans())
def test_any_cut_gives_the_reference_in_whole_frames(way: Way, cuts: list[int], flushed: bool) -> None:
    session = carrier.started(way.plan, lead_ms=None)
    samples: list[int] = []
    sent: list[bytes] = []
    for at, count in enumerate(cuts):
        piece = noise(count, at)
        samples += piece
        session.play(pcm_of(piece))
        sent += all_sent(session)
        assert session.queued_ms == pytest.approx(len(samples) % way.frame_samples * 1000 / way.plan.send_rate_hz)
        assert session.position_ms == pytest.approx(len(samples) * 1000 / way.plan.send_rate_hz)
    expected = way.encode(samples)
    if flushed:
        session.flush()
        sent += all_sent(session)
        expected += way.silence * (-len(samples) % way.frame_samples)
        assert session.queued_ms == 0.0
    assert {len(payload) for payload in sent} <= {way.frame_octets}
    assert b"".join(sent) == expected[: len(expected) // way.frame_octets * way.frame_octets]


@ways
def test_only_flush_pads_and_with_the_codecs_silence(way: Way) -> None:
    session = carrier.started(way.plan, lead_ms=None)
    samples = noise(way.frame_samples + 7)
    session.play(pcm_of(samples))
    assert len(all_sent(session)) == 1
    for now_ms in (100.0, 10_000.0, 500_000.0):
        assert session.outgoing(now_ms) == []
    assert session.next_deadline_ms is None
    session.flush()
    (last,) = all_sent(session)
    assert last == way.encode(samples[-7:]) + way.silence * (way.frame_samples - 7)


def test_flush_of_nothing_sends_nothing() -> None:
    session = carrier.started(lead_ms=None)
    session.flush()
    session.play(b"")
    session.play_payload(b"")
    session.flush()
    session.play(bytes(320))
    assert all_sent(session) == [carrier.FRAME]
    session.flush()
    assert (all_sent(session), session.queued_ms) == ([], 0.0)


def test_payloads_and_pcm_share_frames() -> None:
    session = carrier.started(lead_ms=None)
    samples = noise(300)
    coded = bytes(map(oracle.pcmu_code, samples))
    session.play(pcm_of(samples[:90]))
    session.play_payload(coded[90:150])
    session.play(pcm_of(samples[150:170]))
    session.play_payload(memoryview(coded)[170:])
    session.flush()
    assert b"".join(all_sent(session)) == coded + b"\xff" * 20


@pytest.mark.parametrize(
    ("pcm_hz", "codec", "rate"), [(24000, "PCMU", 8000), (8000, "L16", 24000), (48000, "L16", 16000)]
)
def test_resampled_audio_does_not_depend_on_the_cut_and_flush_gives_its_tail(
    pcm_hz: int, codec: str, rate: int
) -> None:
    plan = StreamPlan(send_codec=codec, send_rate_hz=rate)
    way = WAYS[0] if codec == "PCMU" else _l16(rate, "little")
    session = carrier.started(plan, lead_ms=None, send_pcm_hz=pcm_hz)
    samples = noise(5000)
    for utterance in range(2):
        at = 0
        for step in (1, 2, 479, 480, 1000, 3, 5000):
            session.play(pcm_of(samples[at : at + step]))
            at += step
        session.flush()
        resampler = Resampler(pcm_hz, rate)
        turned = array("h", resampler.resample(pcm_of(samples)) + resampler.flush()).tolist()
        turned += [0] * (-len(turned) % way.frame_samples)
        assert b"".join(all_sent(session)) == way.encode(turned), utterance


def test_flush_delivers_an_utterance_that_gave_no_octet_yet() -> None:
    """Two samples at 24 kHz are less than one at 8 kHz: they only wait in the resampler."""
    session = carrier.started(lead_ms=None, send_pcm_hz=24000)
    session.play(pcm_of([32000, 32000]))
    assert session.queued_ms == 0.0
    session.flush()
    (frame,) = all_sent(session)
    assert frame != carrier.FRAME


def test_every_kind_of_buffer_can_be_played() -> None:
    samples = noise(160)
    expected = bytes(map(oracle.pcmu_code, samples))
    for name, make in buffers.SAMPLES.items():
        session = carrier.started(lead_ms=None)
        session.play(make(pcm_of(samples)))
        assert all_sent(session) == [expected], name
    for name, make in buffers.OCTETS.items():
        session = carrier.started(lead_ms=None)
        session.play_payload(make(expected))
        assert all_sent(session) == [expected], name


def test_a_buffer_may_be_reused_at_once() -> None:
    session = carrier.started(lead_ms=None)
    room = bytearray(b"\x01" * 160)
    session.play_payload(room)
    room[:] = bytes(160)
    assert all_sent(session) == [b"\x01" * 160]


FLOATS_TOO = "int16 ('h'), float32 ('f') or the octets of int16 ('B', 'b', 'c') are needed"
MONO_WANTED = "mix channels down with rtpcodec.audio.channels.downmix, or reshape(-1) an array of one channel"
WAV_HEADER = b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(28)
WAV_TEXT = "pcm is a WAV file (RIFF), samples are needed; read it with rtpcodec.audio.files.read_wav"


@pytest.mark.parametrize(
    ("wrong", "error", "text"),
    [
        (
            np.zeros(160),
            TypeError,
            f"pcm has items of format 'd' (float64, pass numpy.float32), {FLOATS_TOO}",
        ),
        (
            np.zeros((2, 80), np.int16),
            ValueError,
            f"pcm has 2 dimensions, mono audio has 1; {MONO_WANTED}",
        ),
        (WAV_HEADER, ValueError, WAV_TEXT),
        (array("h", WAV_HEADER), ValueError, WAV_TEXT),
        ("text", TypeError, "memoryview: a bytes-like object is required, not 'str'"),
    ],
)
def test_wrong_pcm_is_refused_and_changes_nothing(wrong: Any, error: type[Exception], text: str) -> None:
    session = carrier.started(lead_ms=None)
    with pytest.raises(error) as caught:
        session.play(wrong)
    assert str(caught.value) == text
    assert (session.queued_ms, session.position_ms) == (0.0, 0.0)
    session.play(bytes(320))
    assert all_sent(session) == [carrier.FRAME]


@pytest.mark.parametrize("cut", [1, 3, 7, 159, 161, 319])
def test_an_odd_octet_waits_for_its_partner(cut: int) -> None:
    session, whole = carrier.started(lead_ms=None), carrier.started(lead_ms=None)
    pcm = array("h", [(at * 7919) % 65536 - 32768 for at in range(800)]).tobytes()
    for at in range(0, len(pcm), cut):
        session.play(pcm[at : at + cut])
    whole.play(pcm)
    assert session.queued_ms == whole.queued_ms == 100.0
    assert all_sent(session) == all_sent(whole)


def test_an_odd_octet_of_one_reply_does_not_meet_another() -> None:
    session = carrier.started(lead_ms=None)
    session.play(b"\x01")
    session.flush()
    session.play(bytes(320))
    assert all_sent(session) == [carrier.FRAME]


def test_floats_are_scaled_and_clipped() -> None:
    session, whole = carrier.started(lead_ms=None), carrier.started(lead_ms=None)
    session.play(array("f", [0.5, -0.5, 1.0, -1.0, 2.0, 1 / 65536, 3 / 65536, 0.0] * 20))
    whole.play(array("h", [16384, -16384, 32767, -32768, 32767, 0, 2, 0] * 20))
    assert all_sent(session) == all_sent(whole)


def test_a_wav_header_is_refused_in_every_chunk() -> None:
    session = carrier.started(lead_ms=None)
    for settle in (lambda: None, session.flush, lambda: session.interrupt(50.0)):
        session.play(bytes(320))
        settle()
        queued_ms = session.queued_ms
        for _ in range(2):
            with pytest.raises(ValueError, match=r"^pcm is a WAV file \(RIFF\), samples are needed"):
                session.play(WAV_HEADER)
        assert session.queued_ms == queued_ms


@pytest.mark.parametrize("pcm", [WAV_HEADER[:10], WAV_HEADER[:8] + b"DATA", b"JUNK" + WAV_HEADER[4:12]])
def test_octets_that_only_resemble_a_wav_header_are_pcm(pcm: bytes) -> None:
    session = carrier.started()
    session.play(pcm)
    assert session.queued_ms == len(pcm) / 16


@pytest.mark.parametrize(
    ("wrong", "error", "text"),
    [
        (bytes(321), PayloadError, "L16 payload has 321 octets, a multiple of 2 is needed"),
        (np.zeros(160), TypeError, "payload has items of format 'd', octets ('B', 'b', 'c') are needed"),
        ("text", TypeError, "memoryview: a bytes-like object is required, not 'str'"),
    ],
)
def test_wrong_payloads_are_refused_and_change_nothing(wrong: Any, error: type[Exception], text: str) -> None:
    session = carrier.started(StreamPlan(send_codec="L16"), lead_ms=None)
    with pytest.raises(error) as caught:
        session.play_payload(wrong)
    assert str(caught.value) == text
    assert session.queued_ms == 0.0


def test_queue_is_bounded_in_ms_and_refuses_as_a_whole() -> None:
    session = MediaSession(max_queue_ms=100.0, send_pcm_hz=16000)
    session.play(bytes(2 * 16 * 70))
    assert (session.queued_ms, session.room_ms, session.position_ms) == (70.0, 30.0, 70.0)
    text = r"^70 ms are queued and 31 ms would follow, at most 100 ms are allowed$"
    with pytest.raises(QueueFull, match=text):
        session.play(bytes(2 * 16 * 31))
    with pytest.raises(QueueFull, match=text):
        session.play_payload(bytes(8 * 31))
    assert (session.queued_ms, session.room_ms) == (70.0, 30.0)
    session.play(bytes(2 * 16 * 30))
    assert session.room_ms == 0.0
    session.receive(carrier.start(), 0.0)
    session.outgoing(0.0)
    assert (session.queued_ms, session.room_ms) == (0.0, 100.0)
    assert issubclass(QueueFull, LocalProtocolError)


def test_a_refused_piece_leaves_no_trace_in_the_resampler() -> None:
    session = carrier.started(lead_ms=None, send_pcm_hz=24000, max_queue_ms=100.0)
    samples = noise(480)
    session.play(pcm_of(samples[:100]))
    with pytest.raises(QueueFull):
        session.play(pcm_of(noise(24000)))
    session.play(pcm_of(samples[100:]))
    session.flush()
    resampler = Resampler(24000, 8000)
    turned = array("h", resampler.resample(pcm_of(samples)) + resampler.flush()).tolist()
    assert b"".join(all_sent(session)).rstrip(b"\xff") == bytes(map(oracle.pcmu_code, turned)).rstrip(b"\xff")


def test_an_odd_sample_of_g722_waits_for_its_partner() -> None:
    """G722 encodes pairs: the output of a resampler, or a cut of the caller, may have an odd sample."""
    session = carrier.started(StreamPlan(send_codec="G722"), lead_ms=None)
    samples = noise(641)
    for at, end in ((0, 1), (1, 4), (4, 341), (341, 641)):
        session.play(pcm_of(samples[at:end]))
    expected = codec("G722").encoder().encode(pcm_of([*samples, *[0] * 319]))
    assert (session.queued_ms, session.position_ms) == (40.0 + 1 / 16, 40.0 + 1 / 16)
    assert b"".join(all_sent(session)) == expected[:320]
    session.flush()
    assert b"".join(all_sent(session)) == expected[320:]
    session.play(pcm_of(samples[:1]))
    session.play_payload(b"\x11" * 159)
    assert b"".join(all_sent(session))[1:] == b"\x11" * 159
    session.play(pcm_of(samples[:1]))
    session.interrupt(1.0)
    assert session.queued_ms == 0.0


def test_hours_of_odd_pieces_keep_the_counts_right() -> None:
    session = carrier.started(StreamPlan(send_codec="L16", send_rate_hz=22050), lead_ms=None)
    rng = random.Random(7)
    samples = 0
    for now in range(3000):
        count = rng.randrange(1, 300)
        samples += count
        session.play(bytes(2 * count))
        session.outgoing(float(now))
        assert 0.0 <= session.queued_ms < 20.0
        assert session.position_ms == pytest.approx(samples * 1000 / 22050, abs=1e-6)

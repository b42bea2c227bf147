"""`call.audio(pcm_hz=..., fill="silence", max_burst_ms=...)`: the input of a recogniser, on the virtual clock."""

from __future__ import annotations

import array
import asyncio
import math
from collections import Counter
from typing import Any

import pytest

import rtpcodec
from rtpcodec import Resampler, events
from rtpcodec.errors import LocalProtocolError
from rtpcodec.kernels.g711 import pcmu_decode, pcmu_encode
from rtpcodec.sim import Hold, Link, Timing
from rtpcodec.stream.plan import StreamPlan
from tests.listening.timed_messages import media, received
from tests.server.virtual_call import carried

PCMU = StreamPlan(send_codec="PCMU")
FRAME_OCTETS = 2 * 320


class Heard:
    """The output of a reader, with its times."""

    def __init__(self, **options: Any) -> None:
        self.options: dict[str, Any] = {"pcm_hz": 16000, "fill": "silence"} | options
        self.chunks: list[events.Audio] = []
        self.at_ms: list[float] = []

    async def __call__(self, call: rtpcodec.Call) -> None:
        time = asyncio.get_running_loop().time
        begun_s = time()
        async for audio in call.audio(**self.options):
            self.chunks.append(audio)
            self.at_ms.append((time() - begun_s) * 1000)

    @property
    def pcm(self) -> bytes:
        return b"".join(chunk.pcm for chunk in self.chunks)

    @property
    def speech(self) -> list[int]:
        """The places of frames that are not silence."""
        return [at for at, chunk in enumerate(self.chunks) if not chunk.concealed]

    def per_second(self) -> list[int]:
        """Frames in each whole second."""
        counts = Counter(math.floor(at_ms / 1000) for at_ms in self.at_ms)
        return [counts[second] for second in range(math.floor(self.at_ms[-1] / 1000))]


def tone_pcm(duration_ms: int, rate_hz: int = 8000) -> bytes:
    samples = range(duration_ms * rate_hz // 1000)
    pcm = array.array("h", (round(8000 * math.sin(at * 2 * math.pi * 440 / rate_hz)) for at in samples)).tobytes()
    return pcmu_decode(pcmu_encode(pcm))


def chunk_of(pcm: bytes, at: int) -> bytes:
    return pcmu_encode(pcm[320 * at : 320 * at + 320])


@pytest.mark.parametrize("seconds", [6, pytest.param(60, marks=pytest.mark.long)])
@pytest.mark.parametrize("timestamps", ["jump", "stand_still"])
@pytest.mark.parametrize("from_ms", [2000.0, 2010.0, 2990.0])
@pytest.mark.parametrize("max_burst_ms", [None, 200.0])
def test_a_hold_has_50_frames_in_each_second(
    seconds: int, timestamps: Any, from_ms: float, max_burst_ms: float | None
) -> None:
    hold = Hold(from_ms=from_ms, to_ms=from_ms + seconds * 1000, timestamps=timestamps)
    heard = Heard(max_burst_ms=max_burst_ms)
    phone = {"timing": Timing(holds=(hold,))}
    carried(heard, plan=PCMU, speech_ms=4000 + 1000 * seconds, phone=phone, idle_timeout_s=None)
    counts = heard.per_second()
    assert len(counts) >= seconds + 3
    assert all(49 <= count <= 51 for count in counts), counts
    assert all(len(chunk.pcm) == FRAME_OCTETS and chunk.duration_ms == 20.0 for chunk in heard.chunks)
    assert {chunk.sample_rate_hz for chunk in heard.chunks} == {16000}
    if timestamps == "jump":  # else the session needs some seconds to learn what the delay is
        assert max(chunk.late_ms for chunk in heard.chunks if not chunk.concealed) <= 1.0


def test_an_even_stream_equals_the_resampled_one_without_gaps() -> None:
    pcm = tone_pcm(1000)
    heard = Heard()
    chunks = [media(20.0 * at + 20, at + 1, chunk_of(pcm, at), timestamp=20 * at) for at in range(50)]
    received(heard, chunks, end_ms=1001)
    resampler = Resampler(8000, 16000)
    expected = resampler.resample(pcm) + resampler.flush()
    first = heard.speech[0] * FRAME_OCTETS
    assert heard.pcm[first : first + len(expected)] == expected
    assert [chunk.media_ms for chunk in heard.chunks][heard.speech[0] :][:50] == [20.0 * at for at in range(50)]


@pytest.mark.parametrize("chunk_ms", [10, 30, 60, 100])
def test_chunks_of_any_length_become_frames_of_20_ms(chunk_ms: int) -> None:
    pcm = tone_pcm(3000)
    heard = Heard()
    octets = 8 * chunk_ms
    payloads = [pcmu_encode(pcm)[begin : begin + octets] for begin in range(0, 24_000, octets)]
    chunks = [
        media((at + 1) * chunk_ms, at + 1, payload, timestamp=at * chunk_ms) for at, payload in enumerate(payloads)
    ]
    received(heard, chunks, end_ms=3001)
    resampler = Resampler(8000, 16000)
    assert resampler.resample(pcm) in heard.pcm
    assert {len(chunk.pcm) for chunk in heard.chunks} == {FRAME_OCTETS}


@pytest.mark.parametrize("rate_hz", [8000, 11025, 24000, 48000])
def test_every_rate_of_the_resampler_has_50_frames_a_second(rate_hz: int) -> None:
    heard = Heard(pcm_hz=rate_hz)
    pcm = tone_pcm(2000)
    received(heard, [media(20.0 * at + 20, at + 1, chunk_of(pcm, at)) for at in range(100)], end_ms=5000)
    assert all(49 <= count <= 51 for count in heard.per_second())
    assert sum(len(chunk.pcm) for chunk in heard.chunks[:50]) == 2 * rate_hz


def stalled(stall_ms: float, **options: Any) -> Heard:
    """A stream of 10 s whose socket delivers nothing from 2 s on for some time, and then everything."""
    heard = Heard(**options)
    pcm = tone_pcm(10_000)
    until_ms = 2010.0 + stall_ms
    moments_ms = [20.0 * at + 20 for at in range(500)]
    chunks = [
        media(until_ms if 2010 < at_ms < until_ms else at_ms, at + 1, chunk_of(pcm, at), timestamp=20 * at)
        for at, at_ms in enumerate(moments_ms)
    ]
    received(heard, chunks, end_ms=10_010)
    return heard


def test_a_stall_is_silence_and_the_late_audio_follows() -> None:
    heard = stalled(1000)
    assert all(49 <= count <= 51 for at, count in enumerate(heard.per_second()) if at != 3)
    spoken = [chunk.media_ms for chunk in heard.chunks if not chunk.concealed]
    assert spoken == [20.0 * at for at in range(500)]
    late = [chunk for chunk in heard.chunks if chunk.late_ms > 900 and not chunk.concealed]
    assert late[0].media_ms == pytest.approx(1980, abs=40)
    assert late[0].late_ms == pytest.approx(1000, abs=40)
    assert not any(chunk.dropped_before_ms for chunk in heard.chunks)


@pytest.mark.parametrize("max_burst_ms", [0.0, 100.0, 500.0])
def test_late_audio_is_caught_up_no_faster_than_asked(max_burst_ms: float) -> None:
    heard = stalled(1000, max_burst_ms=max_burst_ms)
    limit = 50 + max_burst_ms / 20
    for begin, at_ms in enumerate(heard.at_ms):
        within = sum(at_ms <= other < at_ms + 1000 for other in heard.at_ms[begin : begin + 200])
        assert within <= limit + 2
    last_late_ms = heard.chunks[heard.speech[300]].late_ms
    assert last_late_ms == pytest.approx(1000 if not max_burst_ms else 1000 - 4 * max_burst_ms, abs=80) or (
        max_burst_ms == 500 and last_late_ms <= 20
    )
    assert [chunk.media_ms for chunk in heard.chunks if not chunk.concealed] == [20.0 * at for at in range(500)]


def test_audio_late_by_more_than_5_s_is_dropped_and_counted() -> None:
    heard = stalled(6000, max_burst_ms=100.0)
    dropped = [chunk for chunk in heard.chunks if chunk.dropped_before_ms]
    spoken_ms = 20.0 * len(heard.speech)
    assert sum(chunk.dropped_before_ms for chunk in dropped) == 10_000 - spoken_ms > 900
    assert max(chunk.late_ms for chunk in heard.chunks) <= 6_100


def test_a_pause_of_the_media_makes_up_for_a_stall() -> None:
    pcm = tone_pcm(4000)
    heard = Heard(max_burst_ms=0.0)
    chunks = [media(20.0 * at + 20, at + 1, chunk_of(pcm, at), timestamp=20 * at) for at in range(50)]
    # 1 s late; then the carrier sends nothing for 2 s, and continues in time.
    chunks += [media(2000.0, at + 1, chunk_of(pcm, at), timestamp=20 * at) for at in range(50, 100)]
    chunks += [media(20.0 * at + 2020, at + 1, chunk_of(pcm, at), timestamp=20 * at + 2000) for at in range(100, 150)]
    received(heard, chunks, end_ms=6000)
    assert all(49 <= count <= 51 for count in heard.per_second())
    assert heard.chunks[heard.speech[99]].late_ms == pytest.approx(1000, abs=30)
    assert heard.chunks[heard.speech[100]].late_ms <= 1.0
    silent = sum(chunk.concealed for chunk in heard.chunks[heard.speech[99] : heard.speech[100]])
    assert silent == pytest.approx(50, abs=3), "1 s of the 2 s of the pause were filled before"


def test_a_lost_chunk_is_one_frame_of_silence_once_jitter_is_known() -> None:
    pcm = tone_pcm(8000)
    lost = range(60, 400, 60)
    chunks = [
        media(20.0 * at + 20, at + 1, chunk_of(pcm, at), timestamp=20 * at) for at in range(400) if at not in lost
    ]
    heard = Heard()
    received(heard, chunks, end_ms=8010)
    silences = [later - earlier - 1 for earlier, later in zip(heard.speech, heard.speech[1:], strict=False)]
    found = [silence for silence in silences if silence]
    assert len(found) == len(lost)
    assert found[1:] == [1] * (len(lost) - 1)


def test_jitter_causes_no_gaps() -> None:
    heard = Heard()
    timing = Timing(to_app=Link(jitter_ms=40.0))
    carried(heard, plan=PCMU, speech_ms=20_000, phone={"timing": timing})
    holes = sum(chunk.concealed for chunk in heard.chunks[heard.speech[0] : heard.speech[-1]])
    assert holes <= 5
    assert len(heard.speech) == 1000


def test_a_reader_that_is_slow_gets_everything_in_order() -> None:
    chunks: list[events.Audio] = []

    async def handle(call: rtpcodec.Call) -> None:
        async for audio in call.audio(pcm_hz=16000, fill="silence"):
            chunks.append(audio)
            if len(chunks) == 60:
                await asyncio.sleep(3)

    carried(handle, plan=PCMU, speech_ms=8000)
    assert [chunk.media_ms for chunk in chunks if not chunk.concealed] == [20.0 * at for at in range(400)]
    assert max(chunk.late_ms for chunk in chunks) == pytest.approx(3000, abs=40)


def test_without_fill_chunks_keep_their_payload_and_get_the_rate() -> None:
    pcm = tone_pcm(400)
    heard = Heard(fill=None, max_burst_ms=0.0)
    received(heard, [media(200.0, at + 1, chunk_of(pcm, at)) for at in range(20)], end_ms=201)
    assert [chunk.payload for chunk in heard.chunks] == [chunk_of(pcm, at) for at in range(20)]
    assert heard.pcm == Resampler(8000, 16000).resample(pcm)
    assert heard.at_ms[-1] >= 200 + 18 * 20


def test_each_track_has_a_resampler_of_its_own() -> None:
    pcm = tone_pcm(400)
    heard = Heard(fill=None, track=None)
    chunks = [
        media(20.0 * at, at + 1, chunk_of(pcm if track == "inbound" else pcm[160:], at), track=track)
        for at in range(18)
        for track in ("inbound", "outbound")
    ]
    received(heard, chunks, end_ms=401)
    for track, source in (("inbound", pcm), ("outbound", pcm[160:])):
        found = b"".join(chunk.pcm for chunk in heard.chunks if chunk.track == track)
        assert found == Resampler(8000, 16000).resample(source[: 320 * 18])


def test_a_track_without_audio_is_silent() -> None:
    heard = Heard(track="outbound")
    pcm = tone_pcm(200)
    received(heard, [media(20.0 * at, at + 1, chunk_of(pcm, at)) for at in range(10)], end_ms=1000)
    assert not heard.speech
    assert len(heard.chunks) == pytest.approx(49, abs=1)


def test_wrong_options_are_refused() -> None:
    refusals: list[str] = []

    async def handle(call: rtpcodec.Call) -> None:
        wrong: tuple[dict[str, Any], ...] = (
            {"pcm_hz": 16001},
            {"fill": "silence"},
            {"fill": "noise", "pcm_hz": 8000},
            {"track": None, "fill": "silence", "pcm_hz": 8000},
            {"max_burst_ms": -1},
            {"max_burst_ms": math.nan},
        )
        for options in wrong:
            with pytest.raises(ValueError, match=r"\d|silence") as error:
                call.audio(**options)
            refusals.append(str(error.value))

    received(handle, [], end_ms=10)
    assert refusals[1:] == [
        "fill is 'silence' and pcm_hz is None: silence needs a rate",
        "fill is 'noise', 'silence' or None is needed",
        "fill is 'silence' and track is None: silence needs one track",
        "max_burst_ms is -1, 0 or more is needed",
        "max_burst_ms is nan, 0 or more is needed",
    ]


def test_without_decoding_there_is_no_rate() -> None:
    async def handle(call: rtpcodec.Call) -> None:
        with pytest.raises(LocalProtocolError, match=r"^receive_pcm_hz is None, nothing is decoded: pcm_hz needs PCM$"):
            call.audio(pcm_hz=16000)

    received(handle, [], end_ms=10, receive_pcm_hz=None)

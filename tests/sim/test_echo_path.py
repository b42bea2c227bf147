"""The phone returns an echo: later, lower, clipped, through G.711, and never of audio that was cut."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from rtpcodec import codec
from rtpcodec.sim import EchoPath, Faults, Timing
from tests.sim.streams import CLEAR, START_MS, media, open_stream, payloads, run, sent

Samples = npt.NDArray[np.int16]


def tone(samples: int, peak: int = 16000) -> Samples:
    return (peak * np.sin(2 * np.pi * 440 * np.arange(samples) / 8000)).round().astype(np.int16)


def returned(path: EchoPath, *, speech: Samples | None = None, hold_ms: float = 0.0, cut_ms: float = 1e9) -> Samples:
    """Return the audio that the app receives in 2 s, in L16, if it sends 1 s of a tone at 100 ms."""
    stream = open_stream(
        np.zeros(16000, np.int16).tobytes() if speech is None else speech.tobytes(),
        name="L16",
        settings={"return_codec": "L16", "return_rate_hz": 8000},
        faults=Faults(echo_path=path),
        playout_delay_ms=hold_ms,
        keeps_audio=False,
    )
    stream.outgoing(START_MS)
    found = sent(stream, 100)
    stream.receive(media(tone(8000).tobytes()), START_MS + 100)
    if cut_ms < 1e9:
        found += sent(stream, cut_ms)
        stream.receive(CLEAR, START_MS + cut_ms)
    found += [message for _, message in run(stream)]
    return np.frombuffer(payloads(found), "<i2")


@pytest.mark.parametrize("delay_ms", [0.0, 60.0, 250.5])
@pytest.mark.parametrize("hold_ms", [0.0, 200.0])
def test_the_echo_comes_back_later_and_lower(delay_ms: float, hold_ms: float) -> None:
    found = returned(EchoPath(delay_ms=delay_ms, loss_db=20), hold_ms=hold_ms)
    begin = round((100 + hold_ms + delay_ms) * 8)
    end = min(len(found), begin + 8000)
    expected = np.zeros(len(found))
    expected[begin:end] = tone(8000)[: end - begin] / 10
    assert np.abs(found - expected).max() <= 1


def test_the_echo_is_added_to_the_speech() -> None:
    speech = tone(16000, 1000)
    alone = returned(EchoPath(delay_ms=60, loss_db=12))
    assert np.abs(returned(EchoPath(delay_ms=60, loss_db=12), speech=speech) - speech - alone).max() <= 1


def test_dropped_audio_has_no_echo() -> None:
    found = returned(EchoPath(delay_ms=100, loss_db=0), cut_ms=500)
    assert np.flatnonzero(found)[-1] == pytest.approx(600 * 8, abs=10)


def test_the_loudspeaker_clips() -> None:
    found = returned(EchoPath(delay_ms=100, loss_db=6.0206, clip_dbov=-12.0412))
    assert np.abs(found).max() == pytest.approx(32768 / 8, abs=4)
    assert np.count_nonzero(np.abs(found) > 4080) > 2000


@pytest.mark.parametrize("law", ["PCMU", "PCMA"])
def test_the_echo_passes_a_law_of_g711(law: str) -> None:
    path = EchoPath(delay_ms=100, loss_db=20)
    plain = returned(path)
    coded = codec(law).decoder().decode(codec(law).encoder().encode(plain.tobytes()))
    found = returned(EchoPath(delay_ms=100, loss_db=20, codec="PCMU" if law == "PCMU" else "PCMA"))
    assert np.array_equal(found, np.frombuffer(coded, np.int16)[: len(found)])


def test_the_echo_has_the_rate_of_the_stream() -> None:
    stream = open_stream(
        bytes(64000),
        name="L16",
        rate_hz=16000,
        settings={"return_codec": "PCMU"},
        faults=Faults(echo_path=EchoPath(delay_ms=40, loss_db=0)),
        timing=Timing(playout_clock_ppm=100),
    )
    stream.outgoing(START_MS)
    stream.receive(media(codec("PCMU").encoder().encode(tone(8000).tobytes())), START_MS)
    found = np.frombuffer(payloads([message for _, message in run(stream)]), "<i2")
    loud = np.flatnonzero(np.abs(found) > 1000)
    assert loud[0] == pytest.approx(40 * 16, abs=40)
    assert loud[-1] == pytest.approx(1040 * 16, abs=40)


@pytest.mark.parametrize(
    ("members", "complaint"),
    [
        ({"delay_ms": -1}, "delay_ms is -1, 0 to 5000 is needed"),
        ({"loss_db": 101}, "loss_db is 101, 0 to 100 is needed"),
        ({"clip_dbov": 1}, "clip_dbov is 1, -60 to 0 is needed"),
        ({"codec": "G722"}, "codec is 'G722', 'PCMU', 'PCMA' or None is needed"),
    ],
)
def test_values_outside_their_range_are_refused(members: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        EchoPath(**members)  # type: ignore[arg-type]

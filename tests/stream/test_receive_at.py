"""MediaSession.receive_at: the rate of received PCM, changed before the first audio."""

from __future__ import annotations

import numpy as np
import pytest

from rtpcodec import MediaSession, StreamPlan
from rtpcodec.errors import LocalProtocolError
from rtpcodec.stream.events import UnsupportedCodec
from tests.stream import carrier

pytestmark = pytest.mark.usefixtures("dialect")


def heard(session: MediaSession, chunks: int = 3) -> list[tuple[int, bytes]]:
    """The rate and PCM of the next chunks."""
    random = np.random.default_rng(1)
    for number in range(1, chunks + 1):
        payload = random.integers(0, 256, 160, np.uint8).tobytes()
        session.receive(carrier.media(payload, number, timestamp=(number - 1) * 20), 20.0 * number)
    return [(one.sample_rate_hz, one.pcm) for one in carrier.audio_of(session.events(20.0 * chunks))]


@pytest.mark.parametrize("pcm_hz", [8000, 16000, 24000])
@pytest.mark.parametrize("when", ["before start", "behind start", "both"])
def test_it_gives_what_a_session_of_that_rate_gives(pcm_hz: int, when: str) -> None:
    session = MediaSession(StreamPlan())
    if when != "behind start":
        session.receive_at(pcm_hz)
    session.receive(carrier.start(), 0)
    if when != "before start":
        session.receive_at(pcm_hz)
    session.events(0)
    assert session.receive_pcm_hz == session.received_pcm_hz == pcm_hz
    assert heard(session) == heard(carrier.started(receive_pcm_hz=pcm_hz))


def test_a_rate_that_the_codec_cannot_have_is_reported_behind_the_start() -> None:
    session = MediaSession(StreamPlan())
    session.receive(carrier.start("L16", 44100), 0)
    session.events(0)
    session.receive_at(16000)
    expected = MediaSession(receive_pcm_hz=16000)
    expected.receive(carrier.start("L16", 44100), 0)
    found = [one for one in session.events(0) if isinstance(one, UnsupportedCodec)]
    assert found == [one for one in expected.events(0) if isinstance(one, UnsupportedCodec)]


def test_it_is_refused_for_a_wrong_rate_and_behind_the_first_audio() -> None:
    session = carrier.started()
    with pytest.raises(ValueError, match="receive_pcm_hz"):
        session.receive_at(7)
    heard(session, 1)
    session.receive_at("native")  # as it is
    with pytest.raises(LocalProtocolError, match="audio was received"):
        session.receive_at(16000)
    assert session.receive_pcm_hz == "native"

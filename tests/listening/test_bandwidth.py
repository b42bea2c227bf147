"""Narrow-band and wide-band speech in wide-band codecs are both recognised."""

from __future__ import annotations

import numpy as np
import pytest

import rtpcodec
from rtpcodec import MediaSession
from tests.listening import streams
from tests.listening.speakers import Samples, Talker, octets, resampled, shipped
from tests.stream import carrier


def through_a_phone(talker: Talker, level_dbov: float) -> Samples:
    """A voice after PCMU, at 16 kHz."""
    coded = rtpcodec.pcmu_encode(octets(talker.at(8000, level_dbov)))
    return resampled(np.frombuffer(rtpcodec.pcmu_decode(coded), np.int16).astype(float), 8000, 16000)


@pytest.mark.parametrize("level_dbov", [-16.0, -31.0, -46.0])
@pytest.mark.parametrize(("encoding", "coding", "declared_hz"), [
    ("G722", "G722", 8000), ("L16", "L16 little", 16000), ("OPUS", "OPUS", 48000), ("AMR-WB", "AMR-WB", 16000),
])  # fmt: skip
def test_the_band_of_speech_is_seen(encoding: str, coding: str, declared_hz: int, level_dbov: float) -> None:
    talker = shipped()[0]
    for bandwidth, speech in (("wide", talker.at(16000, level_dbov)), ("narrow", through_a_phone(talker, level_dbov))):
        session = streams.session_for(encoding, declared_hz)
        streams.fed(session, streams.encoded(coding, speech, 20, 16000), 20)
        assert session.bandwidth == {"inbound": bandwidth}
        assert f", inbound speech is {bandwidth} band; send" in session.describe()


@pytest.mark.parametrize("receive_pcm_hz", ["native", 48000, None])
def test_codecs_of_8_khz_are_narrow_at_once(receive_pcm_hz: int | str | None) -> None:
    for encoding in ("PCMU", "PCMA"):
        session = streams.session_for(encoding, 8000, receive_pcm_hz=receive_pcm_hz)
        assert session.bandwidth == {}
        streams.fed(session, [carrier.FRAME], 20)
        assert session.bandwidth == {"inbound": "narrow"}


@pytest.mark.parametrize("receive_pcm_hz", [48000, 24000])
def test_pcm_of_higher_rates_shows_it_as_well(receive_pcm_hz: int) -> None:
    session = streams.session_for("G722", 8000, receive_pcm_hz=receive_pcm_hz)
    streams.fed(session, streams.encoded("G722", shipped()[0].at(16000, -26.0), 20), 20)
    assert session.bandwidth == {"inbound": "wide"}


@pytest.mark.parametrize("receive_pcm_hz", [8000, None])
def test_without_the_band_it_is_unknown(receive_pcm_hz: int | None) -> None:
    session = streams.session_for("G722", 8000, receive_pcm_hz=receive_pcm_hz)
    streams.fed(session, streams.encoded("G722", shipped()[0].at(16000, -26.0), 20), 20)
    assert session.bandwidth == {"inbound": None}


def test_silence_says_nothing() -> None:
    session = streams.session_for("L16", 16000)
    streams.fed(session, [bytes(640)] * 300, 20)
    assert session.bandwidth == {"inbound": None}
    assert MediaSession(diagnosis_s=None).bandwidth == {}

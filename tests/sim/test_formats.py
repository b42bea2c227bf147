"""Codec and rate of a stream."""

from __future__ import annotations

import pytest

from rtpcodec import codec, codec_names
from rtpcodec.sim.commands.bodies import StreamSettings
from rtpcodec.sim.commands.error_answers import Refused
from rtpcodec.sim.media.formats import AudioFormat, Mp3Format, StreamFormats, agree
from rtpcodec.sim.media.speech import Speech
from rtpcodec.sim.media.variations import Variations


def agreed(call: str = "PCMU", rate_hz: int = 8000, *, transcodes: bool = True, **wishes: object) -> StreamFormats:
    settings = StreamSettings(stream_url="ws://h/", mode="rtp", **wishes)  # type: ignore[arg-type]  # as from a command
    own = AudioFormat(codec(call), rate_hz)
    return agree(settings, own, Speech([b""], 16000 if call == "L16" else 8000), Variations(transcodes=transcodes))


def named(found: AudioFormat | Mp3Format) -> tuple[str, int]:
    return found.name, found.sample_rate_hz


@pytest.mark.parametrize(
    ("call", "wished", "got"),
    [
        ("PCMU", "default", ("PCMU", 8000)),
        ("PCMU", "PCMU", ("PCMU", 8000)),
        ("PCMU", "PCMA", ("PCMA", 8000)),
        ("PCMU", "L16", ("L16", 16000)),
        ("L16", "PCMU", ("PCMU", 8000)),
        ("PCMU", "AMR-WB", ("AMR-WB", 16000)),
        ("PCMU", "OPUS", ("OPUS", 16000)),
        ("PCMU", "G729", ("PCMU", 8000)),  # there is no encoder for it, so it cannot be transcoded
    ],
)
@pytest.mark.usefixtures("opus", "amrwb")
def test_the_media_have_the_requested_format_or_the_calls_own(call: str, wished: str, got: tuple[str, int]) -> None:
    assert named(agreed(call, 16000 if call == "L16" else 8000, codec=wished).media) == got


def test_a_carrier_that_does_not_transcode_sends_the_calls_own() -> None:
    assert named(agreed("PCMA", codec="PCMU", transcodes=False).media) == ("PCMA", 8000)


def test_a_codec_that_the_speech_cannot_be_resampled_for_is_the_calls_own() -> None:
    settings = StreamSettings(stream_url="ws://h/", codec="L16")
    own = AudioFormat(codec("L16"), 22050)
    assert named(agree(settings, own, Speech([b""], 22000)).media) == ("L16", 22050)
    pcmu = StreamSettings(stream_url="ws://h/", codec="PCMU")
    assert named(agree(pcmu, own, Speech([b""], 22000)).media) == ("L16", 22050)


@pytest.mark.parametrize(
    ("name", "rate_hz", "got"),
    [
        ("PCMU", 8000, ("PCMU", 8000)),
        ("PCMA", 16000, ("PCMA", 8000)),
        ("G722", 8000, ("G722", 16000)),
        ("G722", 16000, ("G722", 16000)),
        ("L16", 8000, ("L16", 8000)),
        ("L16", 22050, ("L16", 22050)),
        ("L16", 48000, ("L16", 48000)),
        ("OPUS", 8000, ("OPUS", 8000)),
        ("OPUS", 22050, ("OPUS", 16000)),
        ("OPUS", 48000, ("OPUS", 48000)),
        ("AMR-WB", 8000, ("AMR-WB", 16000)),
    ],
)
@pytest.mark.usefixtures("opus", "amrwb")
def test_return_audio_has_the_requested_rate_if_the_codec_has_it(name: str, rate_hz: int, got: tuple[str, int]) -> None:
    assert named(agreed(return_codec=name, return_rate_hz=rate_hz).returned) == got


def test_return_audio_that_cannot_be_decoded_is_refused() -> None:
    with pytest.raises(Refused) as found:
        agreed(return_codec="G729")
    assert found.value.as_json()["errors"] == [
        {
            "code": "90046",
            "title": "Media Streaming Failed",
            "detail": "this simulator cannot decode stream_bidirectional_codec: "
            "no codec is named 'G729'; known: " + ", ".join(codec_names()),
        }
    ]


@pytest.mark.parametrize("rate_hz", [8000, 22050])
def test_in_mode_mp3_the_phone_hears_at_the_calls_own_rate(rate_hz: int) -> None:
    settings = StreamSettings(stream_url="ws://h/", mode="mp3", return_codec="OPUS", tracks="both_tracks")
    own = AudioFormat(codec("PCMU" if rate_hz == 8000 else "L16"), rate_hz)
    assert agree(settings, own, Speech([b""], rate_hz)).returned == Mp3Format(rate_hz)


@pytest.mark.parametrize(
    ("name", "chunk_ms", "text"),
    [
        ("OPUS", 30, r"^OPUS has no chunks of 30 ms, only of 20, 40 and so on to 60$"),
        ("OPUS", 100, "^OPUS has no chunks of 100 ms"),
        ("AMR-WB", 30, r"^AMR-WB has no chunks of 30 ms, only of 20, 40 and so on to 1000$"),
        ("AMR-WB", 1020, "^AMR-WB has no chunks of 1020 ms"),
    ],
)
def test_a_chunk_of_a_frame_codec_is_one_payload(name: str, chunk_ms: int, text: str) -> None:
    form = AudioFormat(codec(name), 16000)
    with pytest.raises(ValueError, match=text):
        form.samples_in_ms(chunk_ms)
    settings = StreamSettings(stream_url="ws://h/", mode="rtp", codec=name)
    pcmu = AudioFormat(codec("PCMU"), 8000)
    found = agree(settings, pcmu, Speech([b""], 8000), Variations(chunk_ms=chunk_ms)).media
    assert named(found) == ("PCMU", 8000), "as for any pair that cannot be transcoded"


@pytest.mark.parametrize("tracks", ["inbound_track", "both_tracks"])
def test_audio_may_return_at_a_rate_that_is_not_a_multiple(tracks: str) -> None:
    assert named(agreed(tracks=tracks, return_codec="L16", return_rate_hz=22050).returned) == ("L16", 22050)


def test_chunks_are_whole_samples() -> None:
    l16 = AudioFormat(codec("L16"), 22050, Variations(l16_byte_order="big"))
    assert l16.samples_in_ms(20) == 441
    with pytest.raises(ValueError, match=r"^30 ms are not a whole number of samples at 22050 Hz$"):
        l16.samples_in_ms(30)
    assert l16.encoder(20).encode(b"\x01\x00") == b"\x00\x01"
    assert l16.decoder().decode(b"\x00\x01") == b"\x01\x00"

"""Whether an outbound track contains our audio, with real speech, and what the right channel then holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from rtpcodec.audio.files import read_wav
from rtpcodec.cli.demo import speech
from rtpcodec.server.recorder.outbound import Comparison
from rtpcodec.server.recorder.pieces import Piece, Source
from rtpcodec.server.recorder.recording_files import RecordingFiles
from tests.listening.recorded_call import wav_frames

_PCM, HZ = read_wav(Path(speech.__file__).with_name("speech.wav"))
OURS = np.frombuffer(_PCM, np.int16)
CHUNK = HZ // 50

Samples = npt.NDArray[np.int16]


def other(seconds: float) -> Samples:
    """The same talker with other words."""
    return np.roll(OURS, round(seconds * HZ))


def mixed(*parts: npt.NDArray[np.floating[Any]]) -> Samples:
    return np.clip(sum(parts), -32768, 32767).astype(np.int16)


def verdict(track: Samples, until_s: float) -> str:
    comparison = Comparison(HZ)
    comparison.heard(0, OURS.tobytes())
    comparison.track(0, track.tobytes())
    return comparison.decide(round(until_s * HZ))


@pytest.mark.parametrize("late_ms", [-200, 0, 60, 280])
@pytest.mark.parametrize("gain", [0.25, 1.0])
def test_our_speech_is_found_within_5_s(late_ms: int, gain: float) -> None:
    track = mixed(np.roll(OURS, late_ms * HZ // 1000) * gain)
    assert verdict(track, 5) == "contains us"


@pytest.mark.parametrize("louder_db", [-6, 0, 6])
@pytest.mark.parametrize("seconds", [1.4, 2.3, 3.5])
def test_our_speech_is_found_beside_another_voice(louder_db: int, seconds: float) -> None:
    assert verdict(mixed(OURS * 0.5, other(seconds) * 0.5 * 10 ** (louder_db / 20)), 6) == "contains us"


@pytest.mark.parametrize("seconds", [1.4, 2.3, 3.5, 5.0])
def test_other_speech_is_not_ours(seconds: float) -> None:
    assert verdict(other(seconds), 6) == "without us"


def test_silence_does_not_contain_us() -> None:
    assert verdict(np.zeros_like(OURS), 6) == "without us"


def test_there_is_no_verdict_where_we_are_silent() -> None:
    comparison = Comparison(HZ)
    comparison.heard(0, bytes(len(_PCM)))
    comparison.track(0, OURS.tobytes())
    assert comparison.decide(6 * HZ, at_end=True) == "unknown"


def right_channel(path: Path, heard: Samples, track: Samples) -> Samples:
    """Record both, chunk by chunk."""
    files = RecordingFiles(path, HZ, "separate")
    for at in range(0, len(OURS) - CHUNK, CHUNK):
        sources: list[tuple[Source, Samples]] = [("heard", heard), ("to_caller", track)]
        for source, samples in sources:
            pcm = samples[at : at + CHUNK].tobytes()
            files.take(Piece(source, at * 1000 / HZ, pcm, CHUNK, HZ, 1, of_reply=True))
        files.write(at * 1000 / HZ)
    files.finish(0)
    files.complete()
    return np.frombuffer(wav_frames(path.with_name("a-heard.wav")), np.int16)


def test_a_track_with_us_replaces_what_we_know(tmp_path: Path) -> None:
    track = mixed(np.roll(OURS, 500) * 0.5, other(2.3) * 0.5)
    right = right_channel(tmp_path / "a.wav", OURS, track)
    assert np.array_equal(right, track[: len(right)])


def test_what_the_track_lacks_comes_from_what_we_know(tmp_path: Path) -> None:
    files = RecordingFiles(tmp_path / "a.wav", HZ, "separate")
    gap = range(4 * HZ, 5 * HZ, CHUNK)
    for at in range(0, len(OURS) - CHUNK, CHUNK):
        pcm = OURS[at : at + CHUNK].tobytes()
        if at not in gap:
            files.take(Piece("to_caller", at * 1000 / HZ, pcm, CHUNK, HZ))
        if at >= 2 * HZ:  # what was heard is known later
            pcm = OURS[at - 2 * HZ : at - 2 * HZ + CHUNK].tobytes()
            files.take(Piece("heard", at * 1000 / HZ - 2000, pcm, CHUNK, HZ, 1, of_reply=True))
        files.write(at * 1000 / HZ - 2000)
    assert files.heard_from == "outbound"
    files.finish(0)
    files.complete()
    right = np.frombuffer(wav_frames(tmp_path / "a-heard.wav"), np.int16)
    known = len(right) - 2 * HZ
    assert np.array_equal(right[:known], OURS[:known])


def test_a_track_without_us_is_added(tmp_path: Path) -> None:
    heard, track = mixed(OURS * 0.5), mixed(other(2.3) * 0.5)
    right = right_channel(tmp_path / "a.wav", heard, track)
    assert np.array_equal(right, mixed(heard.astype(float), track.astype(float))[: len(right)])


def test_where_we_are_silent_the_track_is_kept(tmp_path: Path) -> None:
    right = right_channel(tmp_path / "a.wav", np.zeros_like(OURS), OURS)
    assert np.array_equal(right, OURS[: len(right)])

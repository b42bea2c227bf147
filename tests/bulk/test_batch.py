"""transcode_batch compared with reader and writer, file by file: the same octets and facts on every path."""

from __future__ import annotations

import io
import math
import pickle
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import PurePath
from typing import Any

import numpy as np
import pytest

from rtpcodec import codec, create_audio, open_audio, transcode_batch
from rtpcodec.bulk import result_format
from rtpcodec.bulk.g722_rows import BANK_ROWS, BLOCK_CODES, decode_rows, encode_rows
from rtpcodec.bulk.rows import OutputRow
from rtpcodec.files.target_kinds import TARGET_KINDS
from tests.bulk.recordings import row, sound, telephone_rows, wav_of_codes, written

KINDS = ("wav", "ulaw", "alaw", "g722", "l16")
MEMBERS = ("path", "bytes", "facts", "error")


def by_reader_and_writer(given: dict[str, Any], to: str, rate_hz: int | None, channel: int | None) -> OutputRow:
    """Return the expected result of a batch with this row."""
    settings = {name: given.get(name) for name in ("kind", "sample_rate_hz", "byte_order")}
    out = io.BytesIO()
    name = PurePath(given["path"]).name
    with open_audio(io.BytesIO(given["bytes"]), pcm_hz=rate_hz, channel=channel, name=name, **settings) as found:
        pcm = b"".join(found)
        facts = found.facts
    own_hz = TARGET_KINDS[to].rate_for_hz(facts.sample_rate_hz)
    if rate_hz is None and own_hz != facts.sample_rate_hz:
        return by_reader_and_writer(given, to, own_hz, channel)
    with create_audio(out, sample_rate_hz=rate_hz or own_hz, kind=to) as audio:
        audio.write(pcm)
    said = {
        "container": facts.container,
        "codec": facts.codec,
        "sample_rate_hz": facts.sample_rate_hz,
        "channels": facts.channels,
        "samples": facts.samples,
        "duration_ms": facts.duration_ms,
        "notes": list(facts.notes),
    }
    return {"path": given["path"], "bytes": out.getvalue(), "facts": said, "error": None}


@pytest.mark.parametrize("to", KINDS)
@pytest.mark.parametrize("rate_hz", [None, 8000, 16_000])
def test_a_batch_equals_reader_and_writer(to: str, rate_hz: int | None) -> None:
    if to == "g722" and rate_hz == 8000:
        rate_hz = None
    rows = telephone_rows()
    for channel in (None, 0):
        expected = [by_reader_and_writer(one, to, rate_hz, channel) for one in rows]
        assert transcode_batch(rows, to=to, sample_rate_hz=rate_hz, channel=channel) == expected


def test_options_are_those_of_the_writer() -> None:
    (little,) = transcode_batch([row("a.ulaw", bytes(range(256)))], to="l16", byte_order="little")
    (big,) = transcode_batch([row("a.ulaw", bytes(range(256)))], to="l16")
    assert little["bytes"] is not None
    assert big["bytes"] is not None
    assert np.frombuffer(little["bytes"], "<i2").tolist() == np.frombuffer(big["bytes"], ">i2").tolist()


def test_a_batch_writes_flac_and_mp3() -> None:
    pytest.importorskip("soundfile")
    pcm = sound(16_000, seed=5)
    flac, mp3 = (transcode_batch([row("a.wav", written(pcm, "wav", 16_000))], to=kind)[0] for kind in ("flac", "mp3"))
    assert flac["bytes"] == written(pcm, "flac", 16_000)
    assert mp3["bytes"] == written(pcm, "mp3", 16_000)
    (back,) = transcode_batch([row("a", flac["bytes"])], to="wav")
    assert back["bytes"] == written(pcm, "wav", 16_000)


BAD_ROWS: dict[str, tuple[dict[str, Any], str]] = {
    "not an audio file": (row("x/a.wav", b"hello, here is text"), "a.wav, octet 0: "),
    "not a name to go by": (row("a", b"\x80\x81"), "a, octet 0: it is of an unknown kind"),
    "another kind": (row("a.ulaw", b"", kind="opal"), "ValueError: kind is 'opal', allowed are "),
    "a kind that is a number": (row("a.ulaw", b"", kind=3), "TypeError: 'kind' is int, a string is needed"),
    "a rate of 0": (row("a.ulaw", b"", sample_rate_hz=0), "ValueError: sample_rate_hz is 0, 1 to 192000 are allowed"),
    "a rate that is a word": (
        row("a.ulaw", b"", sample_rate_hz="fast"),
        "TypeError: 'sample_rate_hz' is 'fast', an integer is needed",
    ),
    "a rate of half a hertz": (
        row("a.ulaw", b"", sample_rate_hz=0.5),
        "TypeError: 'sample_rate_hz' is 0.5, an integer is needed",
    ),
    "middle-endian": (row("a.l16", b"", byte_order="middle"), "ValueError: 'byte_order' is 'middle', 'little' or"),
    "octets missing": ({"path": "a.ulaw"}, "TypeError: 'bytes' is NoneType, the octets of a file are needed"),
    "octets of text": (row("a.ulaw", "text"), "TypeError: 'bytes' is str"),  # type: ignore[arg-type]
    "a row without members": ({}, "TypeError: 'bytes' is NoneType"),
    "a wrong rate of G.722": (row("a.g722", b"1", sample_rate_hz=8000), "ValueError: "),
}


@pytest.mark.parametrize("name", BAD_ROWS)
@pytest.mark.parametrize("to", ["wav", "g722"])
def test_a_bad_row_has_an_error_and_does_not_affect_the_others(name: str, to: str) -> None:
    bad, said = BAD_ROWS[name]
    good = [row("a.ulaw", bytes(80)), row("b.g722", bytes(80))]
    first, failed, last = transcode_batch([good[0], bad, good[1]], to=to)
    assert failed["bytes"] is None
    assert failed["error"] is not None
    assert failed["error"].startswith(said)
    assert "\n" not in failed["error"]
    assert [first, last] == transcode_batch(good, to=to)
    assert set(failed) == set(MEMBERS) == set(first)


@pytest.mark.parametrize("to", ["wav", "g722"])
def test_a_file_without_the_channel_has_an_error_and_facts(to: str) -> None:
    stereo = row("s.wav", written(sound(80, seed=1), "wav", 16_000, 2))
    mono, both, bank = transcode_batch([row("a.ulaw", bytes(80)), stereo, row("a.g722", bytes(80))], to=to, channel=1)
    assert mono["error"] == "ValueError: channel is 1, a.ulaw has channels 0 to 0"
    assert mono["facts"] is not None
    assert bank["error"] == "ValueError: channel is 1, a.g722 has channels 0 to 0"
    assert both["error"] is None


def test_missing_values_of_a_column_may_be_none_or_nan() -> None:
    plain = transcode_batch([row("a.ulaw", bytes(80))], to="wav")
    odd = row("a.ulaw", bytes(80), kind=None, sample_rate_hz=math.nan, byte_order=None, error=None, other=1)
    assert transcode_batch([odd], to="wav") == plain
    assert transcode_batch([row("a.ulaw", bytearray(80), kind="ulaw", sample_rate_hz=8000.0)], to="wav") == plain  # type: ignore[arg-type]
    assert transcode_batch([row("a.ulaw", bytes(80), sample_rate_hz=np.int64(8000))], to="wav") == plain


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"to": "opal"}, "kind is 'opal', allowed are "),
        ({"to": "wav", "sample_rate_hz": 0}, "sample_rate_hz is 0, 1 to 192000 are allowed"),
        ({"to": "g722", "sample_rate_hz": 8000}, "sample_rate_hz is 8000, g722 has 16000"),
        ({"to": "wav", "channel": -1}, "channel is -1, 0 or more is needed"),
        ({"to": "ulaw", "byte_order": "big"}, "byte_order is for L16, PCMU has none"),
    ],
)
def test_arguments_that_no_row_can_have_are_refused(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        transcode_batch([], **arguments)


def test_a_rate_is_an_integer_whatever_type_it_has() -> None:
    rows = [row("a.ulaw", bytes(800))]
    expected = transcode_batch(rows, to="wav", sample_rate_hz=16_000)
    result_format._checked.cache_clear()
    for rate_hz in (16_000.0, np.int64(16_000), 16_000):
        assert transcode_batch(rows, to="wav", sample_rate_hz=rate_hz) == expected  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"sample_rate_hz is 8000\.5, an integer is needed"):
        transcode_batch(rows, to="wav", sample_rate_hz=8000.5)  # type: ignore[arg-type]


def test_a_sound_longer_than_a_row_may_be_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(result_format, "MAX_PCM_OCTETS", 2000)
    rows = [row("a.sln", bytes(2000)), row("b.sln", bytes(2002)), row("c.sln", bytes(4))]
    for to in ("wav", "g722"):
        done = transcode_batch(rows, to=to, sample_rate_hz=None if to == "wav" else 16_000)
        errors = [one["error"] for one in done]
        assert errors[-1] is None
        assert errors[1] == "ValueError: the sound has more than 2000 octets of PCM, the most of a row"


def test_the_function_is_pickled_with_its_arguments() -> None:
    work = pickle.loads(pickle.dumps(partial(transcode_batch, to="ulaw", sample_rate_hz=8000)))
    rows = telephone_rows()
    assert work(rows) == transcode_batch(rows, to="ulaw", sample_rate_hz=8000)
    assert pickle.loads(pickle.dumps(work(rows))) == work(rows)


def test_threads_return_the_same() -> None:
    rows = telephone_rows()
    with ThreadPoolExecutor(4) as threads:
        every = list(threads.map(partial(transcode_batch, to="wav"), [rows] * 8))
    assert every == [transcode_batch(rows, to="wav")] * 8


def test_a_row_that_has_an_error_keeps_it() -> None:
    (done,) = transcode_batch([{"path": "a.ulaw", "bytes": None, "error": "a.ulaw was not found"}], to="wav")
    assert done == {"path": "a.ulaw", "bytes": None, "facts": None, "error": "a.ulaw was not found"}


LENGTHS = (0, 1, BLOCK_CODES - 1, BLOCK_CODES, BLOCK_CODES + 1, 2 * BLOCK_CODES, 37)


def test_rows_of_any_lengths_are_decoded_as_by_separate_decoders() -> None:
    random = np.random.default_rng(8)
    payloads = [random.bytes(LENGTHS[number % len(LENGTHS)]) for number in range(BANK_ROWS + 7)]
    assert [bytes(pcm) for pcm in decode_rows(payloads)] == [
        codec("G722").decoder().decode(payload) for payload in payloads
    ]
    assert decode_rows([]) == []


def test_rows_of_any_lengths_are_encoded_as_by_separate_encoders() -> None:
    recordings = [sound(2 * LENGTHS[number % len(LENGTHS)] + number % 2, number) for number in range(BANK_ROWS + 7)]
    padded = [pcm + bytes(len(pcm) % 4) for pcm in recordings]
    assert encode_rows(recordings) == [codec("G722").encoder().encode(pcm) for pcm in padded]


def test_a_header_with_more_samples_than_the_file_is_noted() -> None:
    (cut,) = transcode_batch([row("a.wav", wav_of_codes(bytes(100), 7)[:-10])], to="wav")
    assert cut["facts"] is not None
    assert cut["facts"]["samples"] == 90
    assert cut["facts"]["notes"] == ["the header says 100 octets of samples, the file has 90"]

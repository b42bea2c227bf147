"""The scanner of `media` messages: accepted and declined messages, learned shapes. It reads only the text."""

from __future__ import annotations

import json
import pickle
from array import array
from base64 import b64encode
from typing import Any

import pytest

import rtpcodec
from rtpcodec.kernels._simd import available_levels
from rtpcodec.kernels.media_reader import MediaReader
from rtpcodec.kernels.media_scan import MediaScanner
from tests.kernels.levels import run

NAMES: dict[str, Any] = {
    "event": "event",
    "sequence_number": "seq",
    "stream_id": "id",
    "media": "media",
    "track": "track",
    "chunk": "chunk",
    "timestamp": "time",
    "payload": "payload",
    "track_names": ("in", "out"),
    "long_track_names": {"inbound": "in"},
    "max_octets": 4096,
}
SCANNER = MediaScanner(**NAMES)
TEXT = '{"event":"media","seq":"7","media":{"track":"in","chunk":"5","time":"100","payload":"AQID"},"id":"s-1"}'
TAKEN = ("in", 5, 100, 7, b"\1\2\3")


def swapped(payload: bytes) -> bytes:
    """Swap the octets of each pair."""
    samples = array("h", memoryview(payload).cast("h"))
    samples.byteswap()
    return samples.tobytes()


def body(text: str) -> str:
    """Return a message with only this body."""
    return f'{{"event":"media","media":{{{text}}}}}'


@pytest.mark.parametrize(
    "make", [str, str.encode, lambda text: bytearray(text.encode()), lambda text: memoryview(text.encode())]
)
def test_text_and_octets_are_read_alike(make: Any) -> None:
    assert MediaReader(SCANNER).read(make(TEXT)) == TAKEN
    assert MediaReader(SCANNER).stream_id_of(make(TEXT)) == "s-1"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TEXT.replace(",", " ,\n").replace(":", "\t:\r ").replace("{", " { ").replace("}", " } "), TAKEN),
        (
            '{"media":{"payload":"AQID","time":"100","chunk":"5","track":"in"},"id":"s-1","seq":"7","event":"media"}',
            TAKEN,
        ),
        (body('"payload":""'), (None, None, None, None, b"")),
        (body('"payload":"AA==","chunk":5,"time":0'), (None, 5, 0, None, b"\0")),
        (body('"payload":"AA==","chunk":"007","time":"9223372036854775807"'), (None, 7, 2**63 - 1, None, b"\0")),
        (body('"payload":"AA==","track":"inbound"'), ("in", None, None, None, b"\0")),
        (body('"payload":"AA==","track":"another"'), ("another", None, None, None, b"\0")),
        (body('"payload":"AA==","track":""'), (None, None, None, None, b"\0")),
    ],
)
def test_ordinary_messages_are_accepted(text: str, expected: tuple[Any, ...]) -> None:
    reader = MediaReader(SCANNER)
    assert [reader.read(text) for _ in range(3)] == [expected] * 3


DECLINED = [
    *(
        "",
        " ",
        "{",
        "{}",
        "[]",
        '"media"',
        TEXT[:-1],
        TEXT + "x",
        TEXT + TEXT,
        "\ufeff" + TEXT,
        TEXT.replace("s-1", "é"),
    ),
    *(
        TEXT.replace('"media",', '"mark",'),
        TEXT.replace('"seq"', '"sequence"'),
        TEXT.replace('"7"', '"7", "seq":"7"'),
    ),
    *(
        TEXT.replace("s-1", r"\u0073"),
        TEXT.replace("s-1", "a{b"),
        TEXT.replace("s-1", "a\nb"),
        TEXT.replace('"s-1"', "null"),
    ),
    *(
        TEXT.replace('"5"', value)
        for value in ('""', '"-1"', "-1", "05", "5.0", "5e0", "null", '"5 "', '"\\u0035"', '"5', "[5]")
    ),
    *(
        TEXT.replace('"5"', value)
        for value in ("9223372036854775808", '"9223372036854775808"', '"00000000000000000001"')
    ),
    *(TEXT.replace("AQID", value) for value in ("AQI", "AQI=D", "AQ-D", "AQ D", "AQ\\/D", "AQIDA", 'AQ","x":"')),
    *(
        TEXT.replace(',"payload":"AQID"', rest)
        for rest in ("", ",", ',"payload":null', ',"payload":{}', ',"x":1,"payload":"AQID"')
    ),
    body('"payload":"AAAA"').replace('"event":"media",', ""),
    '{"event":"media"}',
    TEXT.ljust(4097),
]


@pytest.mark.parametrize("text", DECLINED)
def test_other_messages_are_declined(text: str) -> None:
    learned = MediaReader(SCANNER)
    assert learned.read(TEXT) == TAKEN
    for reader in (learned, MediaReader(SCANNER)):
        assert reader.read(text) is None
        assert reader.read(text.encode()) is None
        assert reader.read(TEXT) == TAKEN


def test_the_longest_message_is_accepted() -> None:
    assert MediaReader(SCANNER).read(TEXT.ljust(4096)) == TAKEN


@pytest.mark.parametrize("octets", [*range(34), 160, 161, 162, 480, 2303, 2304, 2305, 2306, 2307, 2308])
@pytest.mark.parametrize(
    ("coding", "decode"),
    [
        (None, bytes),
        ("pcmu", rtpcodec.pcmu_decode),
        ("pcma", rtpcodec.pcma_decode),
        ("l16_little", lambda payload: array("h", memoryview(payload).cast("h")).tobytes()),
        ("l16_big", swapped),
    ],
)
def test_a_payload_is_decoded(octets: int, coding: str | None, decode: Any) -> None:
    payload = bytes(range(256)) * 10
    payload = payload[:octets]
    text = body(f'"payload":"{b64encode(payload).decode()}"')
    read = MediaReader(MediaScanner(**(NAMES | {"max_octets": 10_000})), coding).read
    whole = coding in (None, "pcmu", "pcma") or octets % 2 == 0
    expected = (None, None, None, None, decode(payload)) if whole else None
    assert read(text) == read(text) == expected


def test_members_may_have_any_names() -> None:
    """Return short names, long names, and some with equal first octets."""
    for names in (
        "abcdefgh",
        ("aa", "ab", "ba", "bb", "aaa", "aab", "baa", "bab"),
        [f"{c}{'x' * 63}" for c in "abcdefgh"],
    ):
        keys = ("event", "sequence_number", "stream_id", "media", "track", "chunk", "timestamp", "payload")
        text = TEXT
        for key, name in zip(keys, names, strict=True):
            old = NAMES[key]
            text = text.replace(f'"{old}":', f'"{name}":').replace('"media"', f'"{names[3]}"')
        for scanner in (MediaScanner(**(NAMES | dict(zip(keys, names, strict=True)))),):
            reader = MediaReader(pickle.loads(pickle.dumps(scanner)))
            assert [reader.read(text), reader.read(f" {text}"), reader.read(text)] == [TAKEN] * 3
            assert reader.read(text.replace(f'"{names[5]}"', f'"{names[5]}x"')) is None


def test_counters_of_all_lengths_are_read() -> None:
    reader = MediaReader(SCANNER)
    for digits in range(1, 20):
        for value in (10 ** (digits - 1), min(10**digits - 1, 2**63 - 1), int("1234567890123456789"[:digits])):
            for spelled in (f'"{value}"', str(value)):
                for rest in ("", ',"time":7', ',"time":"77777777"'):
                    text = body(f'"payload":"","chunk":{spelled}{rest}')
                    found = reader.read(text)
                    assert found is not None
                    assert found[1] == value


def test_a_shape_is_learned_again_when_the_stream_changes_it() -> None:
    reader = MediaReader(SCANNER)
    members = json.loads(TEXT)
    for separators in ((",", ":"), (", ", ": "), (",", ":")):
        for order in (1, -1, 1, 1, 1, -1, -1):
            text = json.dumps(dict(list(members.items())[::order]), separators=separators)
            assert reader.read(text) == TAKEN
    assert reader.stream_id_of(TEXT.replace("s-1", "another")) == "another"
    assert reader.stream_id_of(TEXT.replace(',"id":"s-1"', "")) is None
    assert reader.stream_id_of(TEXT.replace("s-1", "y" * 300)) == "y" * 300
    assert reader.read(TEXT) == TAKEN


@pytest.mark.parametrize("level", available_levels())
def test_nothing_outside_the_text_is_read(level: str) -> None:
    done = run("-m", "tests.isolated.guarded_scans", level=level)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("scans within their texts\n")


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(
        ValueError, match=r"^coding is 'g722', None or one of 'pcmu', 'pcma', 'l16_little', 'l16_big' is needed$"
    ):
        MediaReader(SCANNER, "g722")
    with pytest.raises(TypeError, match="MediaScanner"):
        MediaReader(None)  # type: ignore[arg-type]
    for text in (None, 7, ["{}"]):
        with pytest.raises(TypeError):
            MediaReader(SCANNER).read(text)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^members are seq, event, event, media: all must differ$"):
        MediaScanner(**(NAMES | {"stream_id": "event"}))
    for name in ("", "a" * 65, 'a"b', "a\\b", "é", "a{b"):
        with pytest.raises(ValueError, match="is not 1 to 64 characters of ASCII"):
            MediaScanner(**(NAMES | {"chunk": name}))
    with pytest.raises(TypeError, match=r"^a name is of type int, str is needed$"):
        MediaScanner(**(NAMES | {"track_names": (1,), "long_track_names": {}}))
    with pytest.raises(ValueError, match=r"^there are 9 names of tracks, at most 8 are allowed$"):
        MediaScanner(**(NAMES | {"track_names": tuple("abcdefghi"), "long_track_names": {}}))
    with pytest.raises(ValueError, match=r"^long_track_names stand for c, not for track_names$"):
        MediaScanner(**(NAMES | {"track_names": ("a", "b"), "long_track_names": {"x": "c"}}))


def test_a_scanner_is_a_value_and_a_reader_is_not() -> None:
    again = pickle.loads(pickle.dumps(SCANNER))
    assert MediaReader(again).read(TEXT) == TAKEN
    assert (again.track_names, again.max_octets) == (("in", "out"), 4096)
    with pytest.raises(TypeError, match=r"^a MediaReader belongs to one stream, it cannot be pickled or copied$"):
        pickle.dumps(MediaReader(SCANNER))
    assert repr(SCANNER) == '<MediaScanner of "media" messages>'
    assert repr(MediaReader(SCANNER, "pcmu")) == "<MediaReader of pcmu>"
    assert repr(MediaReader(SCANNER)) == "<MediaReader of payloads>"

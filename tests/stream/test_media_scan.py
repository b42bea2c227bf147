"""The scanner of `media` messages and the parsers of the dialects never disagree."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from rtpcodec.stream.wire import TELNYX, TWILIO, BrokenMessage, Dialect
from tests.stream import twilio_texts
from tests.stream.fictional_dialect import FICTIONAL, spelled
from tests.stream.media_spellings import MediaSpellings
from tests.stream.scanner_comparison import DECODERS, Readers

SPELLED: dict[str, Callable[[str | bytes], str | bytes]] = {
    "telnyx": lambda text: text,
    "twilio": twilio_texts.spelled,
    "fictional": spelled,
}
dialects = pytest.mark.parametrize("spoken", [TELNYX, TWILIO, FICTIONAL], ids=lambda dialect: dialect.name)


@dialects
@pytest.mark.parametrize("messages", [8_000, pytest.param(60_000, marks=pytest.mark.long)])
def test_scanner_and_parser_read_a_message_equally(spoken: Dialect, messages: int) -> None:
    rng = random.Random(1701)
    taken = 0
    for _ in range(messages // 10):
        readers = Readers(spoken, rng.choice(tuple(DECODERS)))
        for text in MediaSpellings(rng, oddities=rng.choice((0.0, 0.3, 1.0))).texts(10):
            taken += readers.taken(SPELLED[spoken.name](text))
    assert 0.5 * messages < taken < 0.95 * messages


@dialects
def test_the_scanner_reads_an_ordinary_stream_completely(spoken: Dialect) -> None:
    rng = random.Random(1702)
    for _ in range(300):
        readers = Readers(spoken)
        for made in MediaSpellings(rng, oddities=0.0).texts(5):
            text = SPELLED[spoken.name](made)
            if readers.taken(text):
                continue
            try:
                message = spoken.parse(text)
            except BrokenMessage:
                continue
            pytest.fail(f"{text!r} was declined, {message!r}")


@dialects
def test_a_stream_whose_style_changes_is_read_alike(spoken: Dialect) -> None:
    rng = random.Random(1703)
    for _ in range(100):
        readers = Readers(spoken)
        styles = [MediaSpellings(rng, oddities=0.1) for _ in range(3)]
        for _ in range(20):
            for text in rng.choice(styles).texts(rng.randrange(4)):
                readers.taken(SPELLED[spoken.name](text))

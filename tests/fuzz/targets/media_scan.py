"""The scanner of `media` messages against the parser: whatever it takes, both read alike.

The first octet seeds streams of generated messages with its neighbours; all octets are a message as well, which comes
between messages of the shape that the readers have learned.
"""

import random

from rtpcodec.stream.wire import TELNYX
from tests.stream.media_spellings import MediaSpellings
from tests.stream.scanner_comparison import Readers

FORMS = ("", "portable")
COMPARED = 0
"""Messages that the scanner took, and both readings of which were equal."""
STREAM_MESSAGES = 64

_rng = random.Random(17)
_readers = Readers(TELNYX)
_texts = MediaSpellings(_rng)
_messages = 0


def run(data: bytes) -> int:
    """Read the octets, as they are and as text, and two generated messages of the same stream."""
    global COMPARED, _readers, _texts, _messages  # noqa: PLW0603 (readers learn from one message to the next)
    if _messages >= STREAM_MESSAGES:
        _rng.seed(data)
        _readers, _texts, _messages = Readers(TELNYX), MediaSpellings(_rng), 0
    texts = [data, data.decode("utf-8", "surrogateescape"), *_texts.texts(2)]
    for text in texts:
        COMPARED += _readers.taken(text)
    _messages += len(texts)
    return len(texts)

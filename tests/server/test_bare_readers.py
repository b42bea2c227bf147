"""Objects of a call that were made without their constructors."""

from __future__ import annotations

import pytest

from rtpcodec.server.readers.reading import AudioReader
from rtpcodec.server.replies import Reply


def test_a_reader_and_a_reply_without_their_constructors_raise() -> None:
    reader, reply = AudioReader.__new__(AudioReader), Reply.__new__(Reply)
    with pytest.raises(TypeError, match="method of its call"):
        _ = anext(reader)
    with pytest.raises(AttributeError):
        reply.play(b"")

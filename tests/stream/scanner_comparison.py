"""Compares the results of the scanner with those of the dialect's parser."""

from __future__ import annotations

import rtpcodec
from rtpcodec.kernels.media_reader import MediaReader
from rtpcodec.stream import messages
from rtpcodec.stream.wire import Dialect

DECODERS = {"pcmu": rtpcodec.pcmu_decode, "pcma": rtpcodec.pcma_decode}
"""A coding that a reader decodes, with the function that decodes its payloads."""


class Readers:
    """Three readers of one stream: one that learns, one that decodes, and one without earlier messages."""

    def __init__(self, dialect: Dialect, coding: str = "pcmu") -> None:
        assert dialect.media_scanner is not None
        self.dialect = dialect
        self.scanner = dialect.media_scanner
        self.coding = coding
        self.learned = MediaReader(self.scanner)
        self.decoding = MediaReader(self.scanner, coding)

    def taken(self, text: str | bytes) -> bool:
        """Read a text with all readers and with the parser. Returns whether one of the readers has read it.

        Raises: AssertionError if two of them disagree; what `parse` raises, if it refuses a text that was taken.
        """
        found = self.learned.read(text)
        with_pcm = self.decoding.read(text)
        fresh = MediaReader(self.scanner).read(text)
        stream_id = self.learned.stream_id_of(text)
        if found is None and with_pcm is None and fresh is None:
            return False
        message = self.dialect.parse(text)
        assert isinstance(message, messages.Media)
        numbers = message.track, message.chunk, message.timestamp, message.sequence_number
        assert found in (None, (*numbers, message.payload)), (found, message)
        assert fresh in (None, (*numbers, message.payload)), (fresh, message)
        assert with_pcm in (None, (*numbers, DECODERS[self.coding](message.payload))), (with_pcm, message)
        assert stream_id == message.stream_id, (stream_id, message)
        return True

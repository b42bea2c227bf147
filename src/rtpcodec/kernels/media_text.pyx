"""Texts of `media` messages: a head, the base64 of a payload, a tail. One call with one allocation builds the text.

The dialect defines head and tail.
"""
import sys

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_1BYTE_DATA, PyUnicode_GET_LENGTH
from libc.stdint cimport uint8_t
from libc.string cimport memcpy

from rtpcodec.kernels._buffers cimport Py_buffer, PyBuffer_Release, odd_pcm, take_octets, take_pcm
from rtpcodec.kernels.base64 cimport base64_encode_block
from rtpcodec.kernels.g711 cimport pcma_encode_block, pcmu_encode_block
from rtpcodec.kernels.pcm cimport swap_bytes_block

cdef extern from "Python.h":
    str PyUnicode_New(Py_ssize_t length, Py_UCS4 largest)
    Py_UCS4 PyUnicode_MAX_CHAR_VALUE(object text)

cdef enum:
    LAST_OF_ASCII = 0x7F
    # PCM is encoded in pieces that fit the stack. The payload of a piece has a multiple of 3 octets: only the last one
    # is padded. 960 samples are 60 ms at 16 kHz.
    PIECE_SAMPLES = 960


cdef str ascii_part(str text, str name):
    """Check a head or tail. ValueError: not ASCII."""
    if PyUnicode_MAX_CHAR_VALUE(text) > LAST_OF_ASCII:
        raise ValueError(f"{name} is {text!r}, ASCII is needed")
    return text


cdef class MediaText:
    """Builds texts that differ only in their payload. Immutable: all streams and threads may share it.

    Args:
        head: the text before the base64, ASCII.
        tail: the text after the base64, ASCII.
        coding: the coding of `of_pcm`: "pcmu", "pcma", "l16_little" or "l16_big"; None: payloads only.

    Raises:
        ValueError: another coding, or a head or tail that is not ASCII.

    >>> MediaText('{"payload":"', '"}', "pcmu").of_pcm(bytes(4))
    '{"payload":"//8="}'
    """

    def __cinit__(self, str head not None, str tail not None, str coding=None):
        self.head = ascii_part(head, "head")
        self.tail = ascii_part(tail, "tail")
        self.coding = coding
        self._encode = NULL
        self._octets_per_sample = 1
        if coding == "pcmu":
            self._encode = pcmu_encode_block
        elif coding == "pcma":
            self._encode = pcma_encode_block
        elif coding in ("l16_little", "l16_big"):
            self._octets_per_sample = 2
            if coding != f"l16_{sys.byteorder}":
                self._encode = swap_bytes_block
        elif coding is None:
            self._octets_per_sample = 0
        else:
            raise ValueError(f"coding is {coding!r}, 'pcmu', 'pcma', 'l16_little', 'l16_big' or None is needed")

    cdef str room_for(self, Py_ssize_t octets, uint8_t** characters):
        """Allocate a text for a number of octets, with head and tail; set the position of the base64."""
        cdef Py_ssize_t head = PyUnicode_GET_LENGTH(self.head)
        cdef Py_ssize_t tail = PyUnicode_GET_LENGTH(self.tail)
        cdef Py_ssize_t middle = (octets + 2) // 3 * 4
        cdef str text = PyUnicode_New(head + middle + tail, LAST_OF_ASCII)
        cdef uint8_t* out = <uint8_t*>PyUnicode_1BYTE_DATA(text)
        memcpy(out, PyUnicode_1BYTE_DATA(self.head), head)
        memcpy(out + head + middle, PyUnicode_1BYTE_DATA(self.tail), tail)
        characters[0] = out + head
        return text

    cdef str of_octets(self, const uint8_t* octets, Py_ssize_t n):
        cdef uint8_t* out
        cdef str text = self.room_for(n, &out)
        base64_encode_block(octets, out, n)
        return text

    cdef str of_samples(self, const uint8_t* pcm, Py_ssize_t n):
        cdef uint8_t payload[2 * PIECE_SAMPLES]
        cdef uint8_t* out
        cdef Py_ssize_t piece
        cdef str text
        if self._octets_per_sample == 0:
            raise ValueError("coding is None, so there are payloads only and PCM is not encoded")
        if self._encode == NULL:
            return self.of_octets(pcm, n * self._octets_per_sample)
        text = self.room_for(n * self._octets_per_sample, &out)
        while n > 0:
            piece = min(n, <Py_ssize_t>PIECE_SAMPLES)
            self._encode(pcm, payload, piece)
            out += base64_encode_block(payload, out, piece * self._octets_per_sample)
            pcm += 2 * piece
            n -= piece
        return text

    def of_payload(self, payload, /):
        """Build the text of a payload.

        Raises:
            TypeError: not a buffer of octets.
        """
        cdef Py_buffer view
        if PyBytes_CheckExact(payload):
            return self.of_octets(<const uint8_t*>PyBytes_AS_STRING(payload), PyBytes_GET_SIZE(payload))
        take_octets(payload, &view)
        try:
            return self.of_octets(<const uint8_t*>view.buf, view.len)
        finally:
            PyBuffer_Release(&view)

    def of_pcm(self, pcm, /):
        """Encode native int16 mono PCM, and build the text of the payload.

        Raises:
            TypeError: not a buffer of 16-bit samples or octets.
            ValueError: an odd number of octets, or no coding.
        """
        cdef Py_buffer view
        cdef Py_ssize_t octets
        if PyBytes_CheckExact(pcm):
            octets = PyBytes_GET_SIZE(pcm)
            if octets & 1:
                raise odd_pcm(octets)
            return self.of_samples(<const uint8_t*>PyBytes_AS_STRING(pcm), octets >> 1)
        take_pcm(pcm, &view)
        try:
            return self.of_samples(<const uint8_t*>view.buf, view.len >> 1)
        finally:
            PyBuffer_Release(&view)

    def __repr__(self):
        return f"MediaText({self.head!r}, {self.tail!r}, {self.coding!r})"

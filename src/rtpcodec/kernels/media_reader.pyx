"""Reader of one stream's `media` messages: converts the members that media_scan finds, and decodes the payload."""
cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, Py_buffer, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.stdint cimport uint8_t
from libc.string cimport memcpy

import sys

from rtpcodec.kernels._blocks cimport block_function, run
from rtpcodec.kernels.base64 cimport base64_decode_block, base64_octets
from rtpcodec.kernels.g711 cimport pcma_decode_block, pcmu_decode_block
from rtpcodec.kernels.media_scan cimport MediaFields, MediaScanner, MediaShape
from rtpcodec.kernels.pcm cimport swap_bytes_block

cdef extern from "Python.h":
    bint PyUnicode_Check(object text)
    bint PyUnicode_IS_COMPACT_ASCII(object text)
    Py_ssize_t PyUnicode_GET_LENGTH(object text)
    void* PyUnicode_DATA(object text)
    object PyUnicode_DecodeASCII(const char* text, Py_ssize_t n, const char* errors)

cdef enum:
    SCRATCH_OCTETS = 3072    # a payload on the stack: 384 ms of PCMU, 96 ms of L16 at 16 kHz

cdef tuple CODINGS = ("pcmu", "pcma", "l16_little", "l16_big")
cdef str NATIVE_L16 = f"l16_{sys.byteorder}"


@cython.final
@cython.auto_pickle(False)
cdef class MediaReader:
    """Reads the `media` messages of one stream, and learns their shape. Use from one thread at a time.

    Args:
        scanner: the scanner of the stream's carrier.
        coding: decode payloads of this coding: 'pcmu', 'pcma', 'l16_little' or 'l16_big'; None: do not decode.

    Raises:
        ValueError: another coding.
    """
    cdef readonly MediaScanner scanner
    cdef readonly str coding
    cdef block_function _decode    # NULL: the payload is the result
    cdef int _sample_octets
    cdef MediaShape _shape

    def __cinit__(self, MediaScanner scanner not None, str coding=None):
        if coding is not None and coding not in CODINGS:
            raise ValueError(f"coding is {coding!r}, None or one of {', '.join(map(repr, CODINGS))} is needed")
        self.scanner = scanner
        self.coding = coding
        self._sample_octets = 1
        if coding == "pcmu":
            self._decode = pcmu_decode_block
        elif coding == "pcma":
            self._decode = pcma_decode_block
        elif coding is not None:
            self._sample_octets = 2
            if coding != NATIVE_L16:
                self._decode = swap_bytes_block

    def read(self, text, /):
        """Read one text frame, given as str or as a buffer of octets.

        Returns:
            Track, chunk, timestamp, sequence number, and PCM or payload; a number or track that the message does not
            have is None. None instead of the tuple: the scanner declined, and the dialect's parser must read the
            message.

        Raises:
            TypeError: the text is neither str nor a buffer.
        """
        return self.read_by(text, values_of)

    def stream_id_of(self, text, /):
        """Read the stream id of one text frame. None: it does not have one, or the scanner declined."""
        return self.read_by(text, stream_id_of)

    cdef object read_by(self, object text, object (*make)(MediaReader, const MediaFields*)):
        cdef Py_buffer view
        with cython.critical_section(self):
            if PyUnicode_Check(text):
                if not PyUnicode_IS_COMPACT_ASCII(text):
                    return None
                return self.scanned(<const uint8_t*>PyUnicode_DATA(text), PyUnicode_GET_LENGTH(text), make)
            if PyBytes_CheckExact(text):
                return self.scanned(<const uint8_t*>PyBytes_AS_STRING(text), PyBytes_GET_SIZE(text), make)
            PyObject_GetBuffer(text, &view, PyBUF_SIMPLE)
            try:
                return self.scanned(<const uint8_t*>view.buf, view.len, make)
            finally:
                PyBuffer_Release(&view)

    cdef inline object scanned(
        self, const uint8_t* text, Py_ssize_t n, object (*make)(MediaReader, const MediaFields*)
    ):
        cdef MediaFields fields
        if not self.scanner.scan(text, n, &self._shape, &fields):
            return None
        return make(self, &fields)

    def __reduce__(self):
        raise TypeError("a MediaReader belongs to one stream, it cannot be pickled or copied")

    def __repr__(self):
        return f"<MediaReader of {self.coding or 'payloads'}>"


cdef object values_of(MediaReader reader, const MediaFields* fields):
    """Convert a message's members to objects. None: its payload is not whole samples in strict base64."""
    cdef object track
    cdef bytes content = content_of(fields, reader._decode, reader._sample_octets)
    if content is None:
        return None
    if fields.track_index >= 0:
        track = reader.scanner.track_names[fields.track_index]
    else:
        track = text_of(fields.track, fields.track_chars) if fields.track_chars else None
    return (
        track,
        fields.chunk if fields.chunk >= 0 else None,
        fields.timestamp if fields.timestamp >= 0 else None,
        fields.sequence_number if fields.sequence_number >= 0 else None,
        content,
    )


cdef object stream_id_of(MediaReader reader, const MediaFields* fields):
    return None if fields.stream_id == NULL else text_of(fields.stream_id, fields.stream_id_chars)


cdef inline str text_of(const uint8_t* text, Py_ssize_t chars):
    return PyUnicode_DecodeASCII(<const char*>text, chars, NULL)


cdef bytes content_of(const MediaFields* fields, block_function decode, int sample_octets):
    """Decode base64 to PCM or payload. None: it is not strict base64, or ends inside a sample."""
    cdef Py_ssize_t octets = base64_octets(fields.payload, fields.payload_chars)
    cdef uint8_t scratch[SCRATCH_OCTETS]
    cdef uint8_t* payload = scratch
    cdef bytes content = None
    if octets < 0 or octets % sample_octets:
        return None
    if decode == NULL:
        content = PyBytes_FromStringAndSize(NULL, octets)
        if decoded_exactly(fields, <uint8_t*>PyBytes_AS_STRING(content)):
            return content
        return None
    if fields.payload_chars // 4 * 3 > SCRATCH_OCTETS:
        payload = <uint8_t*>PyMem_Malloc(fields.payload_chars // 4 * 3)
        if payload == NULL:
            raise MemoryError
    try:
        if base64_decode_block(fields.payload, payload, fields.payload_chars) == octets:
            content = PyBytes_FromStringAndSize(NULL, octets // sample_octets * 2)
            run(decode, payload, <uint8_t*>PyBytes_AS_STRING(content), octets // sample_octets)
    finally:
        if payload != scratch:
            PyMem_Free(payload)
    return content


cdef inline bint decoded_exactly(const MediaFields* fields, uint8_t* out) noexcept nogil:
    """Decode base64 into a buffer of exactly its octets. False: it is not strict base64.

    A block decoder may write in place of the padding, so the last four characters are decoded separately.
    """
    cdef uint8_t last[3]
    cdef Py_ssize_t head = fields.payload_chars - 4
    cdef Py_ssize_t octets
    if head < 0:
        return True
    if base64_decode_block(fields.payload, out, head) != head // 4 * 3:
        return False
    octets = base64_decode_block(fields.payload + head, last, 4)
    if octets < 0:
        return False
    memcpy(out + head // 4 * 3, last, octets)
    return True

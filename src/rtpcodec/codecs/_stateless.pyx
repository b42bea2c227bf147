"""Decoders of PCMU, PCMA and L16. Only concealment keeps state between calls."""
cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint8_t

import sys

from rtpcodec.audio.concealment cimport checked_gap
from rtpcodec.codecs._concealing cimport ConcealingDecoder
from rtpcodec.kernels._blocks cimport run
from rtpcodec.kernels._buffers cimport Py_buffer, PyBuffer_Release, take_octets, take_pcm, take_room
from rtpcodec.kernels.g711 cimport pcma_decode_block, pcmu_decode_block
from rtpcodec.kernels.pcm cimport copy_block, swap_bytes_block


@cython.auto_pickle(False)
cdef class StatelessDecoder(ConcealingDecoder):
    """Decodes payloads, cut anywhere between samples, to native int16 mono PCM. A subclass sets the block function."""

    def __cinit__(self, info, sample_rate_hz, **options):
        if not isinstance(self, (PcmuDecoder, PcmaDecoder, L16Decoder)):
            raise TypeError(f"{type(self).__name__} has no block function, make a Pcmu-, Pcma- or L16Decoder")
        self._block = copy_block    # until the subclass sets its own
        self.info = info
        self.sample_rate_hz = sample_rate_hz
        self._octets = 1

    cdef bytes pcm_of(self, bytes held):
        cdef Py_ssize_t n = PyBytes_GET_SIZE(held) // self._octets
        cdef bytes pcm = PyBytes_FromStringAndSize(NULL, 2 * n)
        self._block(<const uint8_t*>PyBytes_AS_STRING(held), <uint8_t*>PyBytes_AS_STRING(pcm), n)
        return pcm

    cdef int take(self, object payload, Py_buffer* view) except -1:
        return take_octets(payload, view) if self._octets == 1 else take_pcm(payload, view, "payload")

    def decode(self, payload, /):
        """Decode a payload: one sample per octet, in L16 per two octets.

        Raises:
            TypeError: not a buffer of octets.
            ValueError: the payload ends inside a sample.
        """
        cdef Py_buffer view
        cdef bytes pcm
        cdef Py_ssize_t n
        if self._octets == 1 and PyBytes_CheckExact(payload):
            n = PyBytes_GET_SIZE(payload)
            pcm = PyBytes_FromStringAndSize(NULL, 2 * n)
            run(self._block, <const uint8_t*>PyBytes_AS_STRING(payload), <uint8_t*>PyBytes_AS_STRING(pcm), n)
            self.heard(PyBytes_AS_STRING(pcm), n, payload)
            return pcm
        self.take(payload, &view)
        try:
            n = view.len // self._octets
            pcm = PyBytes_FromStringAndSize(NULL, 2 * n)
            run(self._block, <const uint8_t*>view.buf, <uint8_t*>PyBytes_AS_STRING(pcm), n)
        finally:
            PyBuffer_Release(&view)
        self.heard(PyBytes_AS_STRING(pcm), n, payload)
        return pcm

    def decode_into(self, payload, out, /):
        """Decode into the start of a writable buffer. Return the number of samples.

        Raises:
            TypeError: as for `decode`.
            ValueError: as for `decode`; the buffer is too small, or overlaps the payload. The state is unchanged.
        """
        cdef Py_buffer view
        cdef Py_buffer room
        cdef Py_ssize_t n
        self.take(payload, &view)
        try:
            n = view.len // self._octets
            take_room(out, &room, &view, 2 * n, samples=True)
            try:
                run(self._block, <const uint8_t*>view.buf, <uint8_t*>room.buf, n)
                self.heard(room.buf, n, payload)
            finally:
                PyBuffer_Release(&room)
        finally:
            PyBuffer_Release(&view)
        return n

    def conceal(self, samples, /):
        """Return audio in place of lost samples: the last pitch period repeats and fades to silence within 70 ms.

        The next 2.5 ms of decoded audio are cross-faded.

        Args:
            samples: 0 to one minute's samples.

        Raises:
            ValueError: another number of samples.
        """
        return self.concealed(checked_gap(samples, self.sample_rate_hz))

    def reset(self):
        """Clear the history for concealment."""
        self.clear()

    def copy(self):
        """Return an independent copy at the same position of the stream."""
        cls = type(self)
        cdef StatelessDecoder clone = cls.__new__(cls, self.info, self.sample_rate_hz, **self.options())
        with cython.critical_section(self):
            clone.take_over(self)
        return clone

    cdef dict options(self):
        return {}

    def __repr__(self):
        return f"<{type(self).__name__} {self.sample_rate_hz} Hz>"


@cython.final
@cython.auto_pickle(False)
cdef class PcmuDecoder(StatelessDecoder):
    """Decodes mu-law octets to PCM."""

    def __cinit__(self, info, sample_rate_hz):
        self._block = pcmu_decode_block


@cython.final
@cython.auto_pickle(False)
cdef class PcmaDecoder(StatelessDecoder):
    """Decodes A-law octets to PCM."""

    def __cinit__(self, info, sample_rate_hz):
        self._block = pcma_decode_block


@cython.final
@cython.auto_pickle(False)
cdef class L16Decoder(StatelessDecoder):
    """Decodes L16 octets to PCM. byte_order is "little" or "big"; ValueError otherwise."""
    cdef readonly str byte_order

    def __cinit__(self, info, sample_rate_hz, *, byte_order):
        if byte_order not in ("little", "big"):
            raise ValueError(f"byte_order is {byte_order!r}, 'little' or 'big' is needed")
        self.byte_order = byte_order
        self._octets = 2
        self._block = copy_block if byte_order == sys.byteorder else swap_bytes_block

    cdef dict options(self):
        return {"byte_order": self.byte_order}

    def __repr__(self):
        return f"<L16Decoder {self.sample_rate_hz} Hz {self.byte_order}>"

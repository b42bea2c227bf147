"""Decoders of the codecs without state between samples."""
from rtpcodec.codecs._concealing cimport ConcealingDecoder
from rtpcodec.kernels._buffers cimport Py_buffer
from rtpcodec.kernels._blocks cimport block_function

cdef class StatelessDecoder(ConcealingDecoder):
    cdef block_function _block
    cdef int _octets    # per sample
    cdef int take(self, object payload, Py_buffer* view) except -1
    cdef dict options(self)

"""G.722 of many streams of equal length: up to 16 at once if the form supports it, the rest one by one."""
from libc.stdint cimport uint8_t

from rtpcodec.kernels.g722 cimport G722Form, G722Stream

# `count` of each: streams, addresses of 2 * pairs samples, addresses for pairs octets. All streams must differ.
cdef void g722_encode_streams(
    const G722Form* form, G722Stream** streams, const uint8_t** pcm, uint8_t** out, Py_ssize_t count, Py_ssize_t pairs
) noexcept nogil
# `count` of each: streams, addresses of pairs octets, addresses for 2 * pairs samples; mode 1, 2 or 3.
cdef void g722_decode_streams(
    const G722Form* form, G722Stream** streams, const uint8_t** codes, uint8_t** out, Py_ssize_t count,
    Py_ssize_t pairs, int mode
) noexcept nogil

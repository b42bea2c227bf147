"""G.722 for other Cython code: one flat stream per direction, which every form of the kernel can continue.

PCM is native int16 at 16 kHz, at any address; a pair is two samples or one octet. In and out must not overlap.
"""
from libc.stdint cimport int16_t, uint8_t

cdef extern from "rtpcodec/kernels/g722_state.h":
    ctypedef struct G722Band "rtpcodec_g722_band":
        int16_t nb
        int16_t det
        int16_t s
        int16_t sz
        int16_t a[2]
        int16_t p[2]
        int16_t r
        int16_t b[8]
        int16_t d[8]

    ctypedef struct G722Stream "rtpcodec_g722_stream":    # copy by assignment
        G722Band low
        G722Band high
        int16_t x[22]

    enum:
        CHUNK_PAIRS "RTPCODEC_G722_CHUNK"      # the maximum per stage
        PADDED_PAIRS "RTPCODEC_G722_PADDED"    # size of the buffers xl, xh, rl and rh

        LANES "RTPCODEC_G722_LANES"

    ctypedef int16_t G722Words "rtpcodec_g722_words"[192]    # PADDED_PAIRS

    ctypedef struct G722Form "rtpcodec_g722_form":    # the stages of one form
        const char* name
        void (*transmit_qmf)(int16_t*, const uint8_t*, int16_t*, int16_t*, int) noexcept nogil
        void (*encode_bands)(G722Stream*, const int16_t*, const int16_t*, uint8_t*, int) noexcept nogil
        void (*decode_bands)(G722Stream*, const uint8_t*, int16_t*, int16_t*, int, int) noexcept nogil
        void (*receive_qmf)(int16_t*, const int16_t*, const int16_t*, uint8_t*, int) noexcept nogil
        # NULL if streams are coded one by one
        void (*encode_lanes)(G722Stream**, G722Words*, G722Words*, G722Words*, int) noexcept nogil
        void (*decode_lanes)(G722Stream**, G722Words*, G722Words*, G722Words*, int, int) noexcept nogil

# Return a form that this processor runs, by number: 0 is the definition. NULL after the last.
cdef const G722Form* g722_form(int number) noexcept nogil

# Return the form that was chosen for this process.
cdef const G722Form* g722_chosen_form() noexcept nogil
# Begin a stream, with silence before its first sample.
cdef void g722_start(G722Stream* stream) noexcept nogil
# Encode 2 * pairs samples to pairs octets, by the chosen form.
cdef void g722_encode_block(G722Stream* stream, const uint8_t* pcm, uint8_t* out, Py_ssize_t pairs) noexcept nogil
# Decode pairs octets to 2 * pairs samples; mode 1, 2 or 3.
cdef void g722_decode_block(
    G722Stream* stream, const uint8_t* codes, uint8_t* out, Py_ssize_t pairs, int mode
) noexcept nogil
# The same by a given form, for tests.
cdef void g722_encode_by(
    const G722Form* form, G722Stream* stream, const uint8_t* pcm, uint8_t* out, Py_ssize_t pairs
) noexcept nogil
cdef void g722_decode_by(
    const G722Form* form, G722Stream* stream, const uint8_t* codes, uint8_t* out, Py_ssize_t pairs, int mode
) noexcept nogil

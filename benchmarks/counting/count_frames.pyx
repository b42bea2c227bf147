"""Counts frame codecs with our wrapper and by their libraries alone: the same calls on the same audio.

Both begin with a new stream in the same settings, so that the libraries do the same work; what is left is ours.
"""
from libc.stdint cimport int16_t, int32_t, uint8_t
from libc.stdlib cimport free, malloc

from benchmarks.counting.collecting cimport begin, end
from rtpcodec.codecs._dynamic cimport SharedLibrary

from benchmarks.counting.count_blocks import count_call
from benchmarks.harness.signals import speech
from rtpcodec import codec
from rtpcodec.codecs.libraries import AMRWB_DECODER, AMRWB_ENCODER, OPUS

cdef enum:
    SAMPLES = 320
    VOIP = 2048
    SET_COMPLEXITY = 4010
    COMPLEXITY = 5
    MAX_OCTETS = 1276
    MODE = 8

cdef int16_t PCM[SAMPLES]
cdef int16_t HEARD[SAMPLES]
cdef uint8_t FRAME[MAX_OCTETS]
SPEECH = speech(SAMPLES, 16000).tobytes()
cdef int i
for i in range(SAMPLES):
    (<uint8_t*>PCM)[2 * i] = SPEECH[2 * i]
    (<uint8_t*>PCM)[2 * i + 1] = SPEECH[2 * i + 1]


def count(int calls):
    """Count so many frames of each codec and way, by library and with us."""
    for name, encode_alone, decode_alone in (
        ("OPUS", opus_encode, opus_decode), ("AMR-WB", amrwb_encode, amrwb_decode)
    ):
        info = codec(name)
        frame = info.encoder().encode(SPEECH)
        encode_alone(f"{name} encode {SAMPLES} of the library|{calls}".encode(), calls)
        count_call(f"{name} encode {SAMPLES}", info.encoder().encode, SPEECH, calls)
        decode_alone(f"{name} decode {SAMPLES} of the library|{calls}".encode(), frame, calls)
        count_call(f"{name} decode {SAMPLES}", info.decoder().decode, frame, calls)


def opus_encode(bytes label, int calls):
    """Encode the frame again and again."""
    cdef SharedLibrary library = OPUS.open()
    cdef int size = (<int (*)(int) noexcept nogil>library.symbol("opus_encoder_get_size"))(1)
    cdef int32_t (*encode)(void*, const int16_t*, int, uint8_t*, int32_t) noexcept nogil
    encode = <int32_t (*)(void*, const int16_t*, int, uint8_t*, int32_t) noexcept nogil>library.symbol("opus_encode")
    cdef void* state = malloc(size)
    (<int (*)(void*, int32_t, int, int) noexcept nogil>library.symbol("opus_encoder_init"))(state, 16000, 1, VOIP)
    (<int (*)(void*, int, ...) noexcept nogil>library.symbol("opus_encoder_ctl"))(
        state, SET_COMPLEXITY, <int32_t>COMPLEXITY
    )
    begin()
    for _ in range(calls):
        encode(state, PCM, SAMPLES, FRAME, MAX_OCTETS)
    end(label)
    free(state)


def opus_decode(bytes label, bytes frame, int calls):
    """Decode the frame again and again."""
    cdef SharedLibrary library = OPUS.open()
    cdef int size = (<int (*)(int) noexcept nogil>library.symbol("opus_decoder_get_size"))(1)
    cdef int (*decode)(void*, const uint8_t*, int32_t, int16_t*, int, int) noexcept nogil
    decode = <int (*)(void*, const uint8_t*, int32_t, int16_t*, int, int) noexcept nogil>library.symbol("opus_decode")
    cdef void* state = malloc(size)
    cdef const uint8_t* octets = frame
    cdef int32_t length = <int32_t>len(frame)
    (<int (*)(void*, int32_t, int) noexcept nogil>library.symbol("opus_decoder_init"))(state, 16000, 1)
    begin()
    for _ in range(calls):
        decode(state, octets, length, HEARD, SAMPLES, 0)
    end(label)
    free(state)


def amrwb_encode(bytes label, int calls):
    """Encode the frame again and again."""
    cdef SharedLibrary library = AMRWB_ENCODER.open()
    cdef int (*encode)(void*, int, const int16_t*, uint8_t*, int) noexcept nogil
    encode = <int (*)(void*, int, const int16_t*, uint8_t*, int) noexcept nogil>library.symbol("E_IF_encode")
    cdef void* state = (<void* (*)() noexcept nogil>library.symbol("E_IF_init"))()
    begin()
    for _ in range(calls):
        encode(state, MODE, PCM, FRAME, 0)
    end(label)
    (<void (*)(void*) noexcept nogil>library.symbol("E_IF_exit"))(state)


def amrwb_decode(bytes label, bytes frame, int calls):
    """Decode the frame again and again."""
    cdef SharedLibrary library = AMRWB_DECODER.open()
    cdef void (*decode)(void*, const uint8_t*, int16_t*, int) noexcept nogil
    decode = <void (*)(void*, const uint8_t*, int16_t*, int) noexcept nogil>library.symbol("D_IF_decode")
    cdef void* state = (<void* (*)() noexcept nogil>library.symbol("D_IF_init"))()
    cdef const uint8_t* octets = frame
    begin()
    for _ in range(calls):
        decode(state, octets, HEARD, 0)
    end(label)
    (<void (*)(void*) noexcept nogil>library.symbol("D_IF_exit"))(state)

"""White noise as int16 PCM: nearly Gaussian, in integers, the same on every machine.

Sample k of a stream depends only on seed and k: the k-th step of SplitMix64 (Steele, Lea and Flood, Fast Splittable
Pseudorandom Number Generators, OOPSLA 2014, figure 14) gives 64 random bits. The sum of their four words of 16 bits is
nearly Gaussian, within 3.46 standard deviations, and is scaled to the level. Pieces of any size give the same samples.
"""
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.number cimport PyNumber_Index
from libc.math cimport rint, sqrt
from libc.stdint cimport int16_t, int64_t, uint8_t, uint64_t

from rtpcodec.kernels._blocks cimport GIL_FREE_SAMPLES
from rtpcodec.kernels._buffers cimport store_i16

cdef enum:
    MEAN_OF_SUM = 131070     # four words of 0 to 65535
    SCALE_BITS = 31
    MAX_SAMPLES = 1 << 28    # per call, half a GB

cdef uint64_t GOLDEN_STEP = 0x9E3779B97F4A7C15
cdef double DEVIATION_OF_SUM = sqrt((65536.0 * 65536.0 - 1) / 3)
# The peak of 3.46 standard deviations is full scale.
cdef double LARGEST_RMS = 9459.0
cdef object WORD = 1 << 64


cdef inline uint64_t mixed(uint64_t state) noexcept nogil:
    """Apply the output function of SplitMix64."""
    state = (state ^ (state >> 30)) * <uint64_t>0xBF58476D1CE4E5B9
    state = (state ^ (state >> 27)) * <uint64_t>0x94D049BB133111EB
    return state ^ (state >> 31)


cdef uint64_t noise_stream(uint64_t seed) noexcept nogil:
    """Return the start of a seed's stream; mixing makes the streams of adjacent seeds independent."""
    return mixed(seed + GOLDEN_STEP)


cdef int64_t noise_scale(double rms) noexcept nogil:
    """Return the factor from the sum of four words to noise of an RMS value, times 2^SCALE_BITS."""
    return <int64_t>rint(rms / DEVIATION_OF_SUM * (<int64_t>1 << SCALE_BITS))


cdef void noise_block(
    uint64_t stream, uint64_t position, int64_t scale, uint8_t* out, Py_ssize_t n
) noexcept nogil:
    """Generate samples `position` to position + n - 1 of a stream."""
    cdef uint64_t state = stream + position * GOLDEN_STEP
    cdef uint64_t bits
    cdef int64_t total, product, odd
    cdef Py_ssize_t i
    for i in range(n):
        state += GOLDEN_STEP
        bits = mixed(state)
        total = <int64_t>((bits & 0xFFFF) + (bits >> 16 & 0xFFFF) + (bits >> 32 & 0xFFFF) + (bits >> 48)) - MEAN_OF_SUM
        # Round half to even: add half of the divisor minus one, and one more if the quotient is odd.
        product = total * scale
        odd = (product >> SCALE_BITS) & 1
        store_i16(out, i, <int16_t>((product + (<int64_t>1 << (SCALE_BITS - 1)) - 1 + odd) >> SCALE_BITS))


def white_noise(seed, position, samples, rms, /):
    """Generate a piece of white noise as native int16 PCM.

    Args:
        seed: any whole number; the same seed gives the same noise.
        position: the number of samples before the piece.
        samples: the number of samples to generate.
        rms: RMS value of the stream, 0 to 9459; the peaks are below 3.47 times this value.

    Raises:
        ValueError: a number out of range.
        TypeError: not whole numbers.

    >>> white_noise(1, 0, 8, 100) == white_noise(1, 0, 5, 100) + white_noise(1, 5, 3, 100)
    True
    """
    cdef uint64_t stream, first
    cdef int64_t scale
    cdef Py_ssize_t n
    cdef bytes out
    cdef uint8_t* room
    seed, position, samples = PyNumber_Index(seed), PyNumber_Index(position), PyNumber_Index(samples)
    if not 0 <= samples <= MAX_SAMPLES:
        raise ValueError(f"samples is {samples!r}, 0 to {MAX_SAMPLES} are allowed")
    if position < 0:
        raise ValueError(f"position is {position!r}, it must be 0 or more")
    if not 0 <= rms <= LARGEST_RMS:
        raise ValueError(f"rms is {rms!r}, 0 to {LARGEST_RMS:g} are allowed")
    stream = noise_stream(seed % WORD)
    first = position % WORD
    scale = noise_scale(rms)
    n = samples
    out = PyBytes_FromStringAndSize(NULL, 2 * n)
    room = <uint8_t*>PyBytes_AS_STRING(out)
    if n < GIL_FREE_SAMPLES:
        noise_block(stream, first, scale, room, n)
    else:
        with nogil:
            noise_block(stream, first, scale, room, n)
    return out

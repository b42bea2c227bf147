"""Sample rate conversion between any two of RATES_HZ, by an integer polyphase filter.

Time is counted in ticks of 1 / (up * from_hz) s, with to_hz / from_hz = up / down in lowest terms. Input j is at tick
j * up. Output k uses the inputs up to tick (k + 1) * down - 1, so n inputs give floor(n * up / down) outputs.

The filter is symmetric about tick (delay_samples + 1) * down - 1, so it delays every frequency by delay_samples
outputs. resample_design.h computes it; docs/resampling.md, Quality, has measurements. An output is the exact sum of the
products of one phase with its samples, rounded and limited to 16 bits. The AVX2 form (simd/resample_avx2.h) gives the
same samples.

The bank of a pair is designed at its first use, in milliseconds, and is then read-only: streams on all threads share
it.
"""
from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t
from libc.string cimport memcpy, memmove, memset

from rtpcodec.kernels._buffers cimport store_i16
from rtpcodec.kernels._simd cimport avx2_chosen

cdef extern from "rtpcodec/kernels/resample_design.h":
    ResampleBank* resample_design(int from_hz, int to_hz) noexcept nogil

cdef extern from "rtpcodec/kernels/simd/resample_avx2.h":
    void resample_filter_avx2(
        const ResampleBank* bank, const int16_t* window, ResamplePlace* place, uint8_t* out, int count
    ) noexcept nogil

cdef extern from *:
    """
    /* Two threads may design the same bank: the first one is kept, the other is freed. */
    static const resample_bank *load_bank(resample_bank **slot)
    {
        return __atomic_load_n(slot, __ATOMIC_ACQUIRE);
    }
    static const resample_bank *publish_bank(resample_bank **slot, resample_bank *designed)
    {
        resample_bank *first = NULL;
        if (__atomic_compare_exchange_n(slot, &first, designed, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
            return designed;
        PyMem_RawFree(designed);
        return first;
    }
    """
    const ResampleBank* load_bank(ResampleBank** slot) noexcept nogil
    const ResampleBank* publish_bank(ResampleBank** slot, ResampleBank* designed) noexcept nogil

cdef enum:
    RATES = 9
    BLOCK_SAMPLES = 960          # 20 ms at 48 kHz are one block
    MAX_DELAYED_INPUTS = 96      # 2 ms at 48 kHz
    MAX_DELAYED_OUTPUTS = 102    # 95 into 48 kHz, and those of an input of 8 kHz

RATES_HZ = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
cdef tuple ALLOWED_HZ = RATES_HZ
cdef bint USES_AVX2 = avx2_chosen()
cdef ResampleBank* BANKS[RATES][RATES]    # from a row's rate to a column's; NULL: not designed yet


cdef int rate_index(object rate_hz, str name) except -1:
    if rate_hz not in ALLOWED_HZ:
        *others, last = ALLOWED_HZ
        raise ValueError(f"{name} is {rate_hz!r}, allowed are {', '.join(map(str, others))} and {last}")
    return ALLOWED_HZ.index(rate_hz)


cdef const ResampleBank* resample_bank(object from_hz, object to_hz) except NULL:
    """Return the bank of a pair of rates. ValueError: an unsupported rate. MemoryError."""
    cdef int row = rate_index(from_hz, "from_hz")
    cdef int column = rate_index(to_hz, "to_hz")
    cdef ResampleBank** slot = &BANKS[row][column]
    cdef const ResampleBank* bank = load_bank(slot)
    cdef ResampleBank* designed
    cdef int from_rate_hz, to_rate_hz
    if bank == NULL:
        from_rate_hz, to_rate_hz = ALLOWED_HZ[row], ALLOWED_HZ[column]
        with nogil:
            designed = resample_design(from_rate_hz, to_rate_hz)
        if designed == NULL:
            raise MemoryError
        bank = publish_bank(slot, designed)
    return bank


cdef void resample_start(ResampleStream* stream, const ResampleBank* bank) noexcept nogil:
    """Begin a stream, with silence before its first sample."""
    stream.bank = bank
    stream.ahead = bank.down - 1
    memset(stream.history, 0, sizeof(stream.history))


cdef Py_ssize_t resample_count(const ResampleStream* stream, Py_ssize_t n) noexcept nogil:
    """Return the number of outputs of the next n inputs: at ticks ahead, ahead + down, ... before tick n * up."""
    return (n * stream.bank.up - stream.ahead + stream.bank.down - 1) // stream.bank.down


cdef inline int32_t narrow_sum(const int16_t* taps, const int16_t* samples, int n) noexcept nogil:
    """Return a scalar product that fits 32 bits. The loop is GCC's pattern for pmaddwd."""
    cdef int32_t total = 0
    cdef int i
    for i in range(n):
        total += <int32_t>taps[i] * <int32_t>samples[i]
    return total


cdef inline int64_t wide_sum(const int16_t* taps, const int16_t* samples, int n) noexcept nogil:
    """Return a scalar product that does not fit 32 bits, from separate sums of the samples' octets in 32 bits each."""
    cdef int32_t high = 0
    cdef int32_t low = 0
    cdef int i
    for i in range(n):
        high += <int32_t>taps[i] * <int32_t><int16_t>(samples[i] >> 8)
        low += <int32_t>taps[i] * <int32_t><int16_t>(samples[i] & 0xFF)
    return 256 * <int64_t>high + low


cdef inline int16_t limited(int64_t total) noexcept nogil:
    return <int16_t>(32767 if total > 32767 else -32768 if total < -32768 else total)


cdef inline int16_t filtered(const ResampleBank* bank, const int16_t* taps, const int16_t* samples) noexcept nogil:
    """Return one output: the scalar product, rounded and limited to 16 bits."""
    if bank.wide:
        return limited((wide_sum(taps, samples, bank.taps) + (1 << (bank.shift - 1))) >> bank.shift)
    return limited((narrow_sum(taps, samples, bank.taps) + (1 << (bank.shift - 1))) >> bank.shift)


cdef void filter_portable(
    const ResampleBank* bank, const int16_t* window, ResamplePlace* place, uint8_t* out, int count
) noexcept nogil:
    """Compute a number of outputs; window[0] is at the first tap of a phase whose newest sample is input 0."""
    cdef int whole_step = bank.down // bank.up
    cdef int part_step = bank.down % bank.up
    cdef int newest = place.newest
    cdef int phase = place.phase
    cdef int k
    for k in range(count):
        store_i16(out, k, filtered(bank, bank.coefficients + phase * bank.taps, window + newest))
        newest += whole_step
        phase += part_step
        if phase >= bank.up:
            phase -= bank.up
            newest += 1
    place.newest = newest
    place.phase = phase


cdef int filter_block(ResampleStream* stream, const int16_t* window, uint8_t* out, int n) noexcept nogil:
    """Compute the outputs of n inputs: window[0..taps-2] is the history, window[taps-1..taps-2+n] the inputs."""
    cdef const ResampleBank* bank = stream.bank
    cdef int count = <int>resample_count(stream, n)
    cdef ResamplePlace place
    place.newest = stream.ahead // bank.up
    place.phase = stream.ahead % bank.up
    if USES_AVX2:
        resample_filter_avx2(bank, window, &place, out, count)
    else:
        filter_portable(bank, window, &place, out, count)
    stream.ahead = (place.newest - n) * bank.up + place.phase
    return count


cdef Py_ssize_t resample_block(ResampleStream* stream, const uint8_t* pcm, uint8_t* out, Py_ssize_t n) noexcept nogil:
    """Resample n samples, copied block by block after the history. Return the number written, resample_count."""
    cdef int16_t window[MAX_TAPS - 1 + BLOCK_SAMPLES]
    cdef int kept = stream.bank.taps - 1
    cdef int step
    cdef Py_ssize_t written = 0
    if kept == 0:
        memcpy(out, pcm, 2 * n)
        return n
    memcpy(window, stream.history, 2 * kept)
    while n > 0:
        step = <int>min(n, BLOCK_SAMPLES)
        memcpy(window + kept, pcm, 2 * step)
        written += filter_block(stream, window, out + 2 * written, step)
        memmove(window, window + step, 2 * kept)
        pcm += 2 * step
        n -= step
    memcpy(stream.history, window, 2 * kept)
    return written


cdef int resample_flush(ResampleStream* stream, uint8_t* out) noexcept nogil:
    """Write the last delay_samples, and begin a new stream. Return the number written."""
    cdef const ResampleBank* bank = stream.bank
    cdef uint8_t silence[2 * MAX_DELAYED_INPUTS]
    cdef uint8_t tail[2 * MAX_DELAYED_OUTPUTS]
    cdef int delayed_inputs
    if bank.delay_samples:
        memset(silence, 0, sizeof(silence))
        # The fewest inputs that give all delayed samples at any position of the stream. They may give a few more.
        delayed_inputs = (bank.delay_samples * bank.down + bank.up - 1) // bank.up
        resample_block(stream, silence, tail, delayed_inputs)
        memcpy(out, tail, 2 * bank.delay_samples)
    resample_start(stream, bank)
    return bank.delay_samples


def coefficients(from_hz, to_hz, /):
    """Return the integer filter of a pair of rates: one tuple per phase, with the newest sample's tap first.

    The taps of a phase add up to 1.0, which is 2**14, 2**15 or 2**16. ValueError: a rate that is not in RATES_HZ.
    """
    cdef const ResampleBank* bank = resample_bank(from_hz, to_hz)
    cdef int phase, place
    return tuple([
        tuple([bank.coefficients[phase * bank.taps + place] for place in reversed(range(bank.taps))])
        for phase in range(bank.up)
    ])

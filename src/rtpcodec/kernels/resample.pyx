"""Sample rate conversion by an integer polyphase filter: each of RATES_HZ to each other, in exact steps.

Time is counted in ticks of 1 / (up * from_hz) s, with to_hz / from_hz = up / down in lowest terms. Input j lies at tick
j * up, output k is made from the inputs up to tick (k + 1) * down - 1: n inputs give floor(n * up / down) outputs, and
each uses the newest input that this allows.

The filter is a sinc under a Kaiser window, 4 ms long, cut off at half the lower rate and symmetric about tick
(delay_samples + 1) * down - 1, so that it delays every frequency by delay_samples outputs. An output meets every up-th
of its taps, one phase. docs/resampling.md has the measured quality.

The banks of all pairs (192 taps or fewer each) are computed at import, in a millisecond, and then only read: streams on
any thread share them.
"""
from libc.math cimport M_PI, sin, sqrt
from libc.stdint cimport int16_t, int32_t, uint8_t
from libc.string cimport memcpy, memmove, memset

from rtpcodec.kernels._buffers cimport store_i16

import math

cdef tuple RATES = (8000, 16000, 24000, 48000)
RATES_HZ = RATES

cdef enum:
    ONE = 16384               # 1.0 in Q14; Q15 could not hold the centre tap of an upsampler, which is exactly 1
    MAX_PHASE_GAIN = 65535    # of |taps|: full scale times this, plus the rounding, still fits 32 bits
    DELAYS_PER_S = 500        # the centre of the filter lies at 2 ms
    BLOCK_SAMPLES = 960       # 20 ms at 48 kHz pass in one block

# Beyond this the main lobe of the window is wider than the 600 Hz between cutoff and band edge.
cdef double KAISER_BETA = 7.5

cdef ResampleBank BANKS[4][4]


cdef double bessel_i0(double x) noexcept:
    """The modified Bessel function of order 0; 30 terms of its power series are exact for x < 10."""
    cdef double total = 1
    cdef double term = 1
    cdef int k
    for k in range(1, 30):
        term *= x * x / (4 * k * k)
        total += term
    return total


cdef double prototype_tap(int distance, int half_length, int zero_spacing) noexcept:
    """The windowed sinc so many ticks before or after its centre. The sinc is zero each zero_spacing ticks."""
    cdef double place = <double>distance / half_length
    cdef double angle = M_PI * distance / zero_spacing
    cdef double window = bessel_i0(KAISER_BETA * sqrt(1 - place * place))
    return window * sin(angle) / angle if distance else window


cdef dict rounded_phase(dict exact, int centre):
    """The taps of a phase as integers whose sum is ONE, by tick, with those of the mirrored phase.

    What rounding leaves over goes, one each, to the taps that it moved furthest. A tap and its mirror stay equal.
    """
    cdef double scale = ONE / sum(exact.values())
    cdef dict taps = {tick: round(tap * scale) for tick, tap in exact.items()}
    cdef int rest = ONE - sum(taps.values())
    cdef int sign = -1 if rest < 0 else 1
    # In a phase that is its own mirror two taps move at once; only the centre moves alone.
    cdef bint own_mirror = min(exact) + max(exact) == 2 * centre
    if own_mirror and rest % 2:
        taps[centre] += sign
    movable = [tick for tick in taps if tick < centre or not own_mirror]
    by_error = sorted([(sign * (taps[tick] - exact[tick] * scale), tick) for tick in movable])
    for _, tick in by_error[:sign * rest // (2 if own_mirror else 1)]:
        taps[tick] += sign
    taps.update({2 * centre - tick: taps[tick] for tick in movable})
    return taps


cdef dict designed_taps(int up, int down, int centre):
    """The taps of the whole filter by tick: the windowed sinc, rounded phase by phase."""
    cdef int phase, tick
    cdef dict taps = {}
    for phase in range(up):
        if phase not in taps:
            ticks = range(phase, 2 * centre + 1, up)
            exact = {tick: prototype_tap(tick - centre, centre + 1, max(up, down)) for tick in ticks}
            taps.update(rounded_phase(exact, centre))
    return taps


cdef int fill_bank(ResampleBank* bank, int from_hz, int to_hz) except -1:
    """Lay out the taps of a pair of rates for resample_block."""
    cdef int divisor = math.gcd(from_hz, to_hz)
    cdef int phase, place
    bank.up = to_hz // divisor
    bank.down = from_hz // divisor
    bank.delay_samples = 0 if from_hz == to_hz else to_hz // DELAYS_PER_S - 1
    bank.taps = 1 if from_hz == to_hz else 2 * from_hz // DELAYS_PER_S
    taps = designed_taps(bank.up, bank.down, (bank.delay_samples + 1) * bank.down - 1)
    for phase in range(bank.up):
        row = [taps.get(phase + age * bank.up, 0) for age in range(bank.taps)]
        gain = sum([abs(tap) for tap in row])
        if gain > MAX_PHASE_GAIN:
            raise OverflowError(f"{from_hz} to {to_hz} Hz has a gain of {gain}, 32-bit sums allow {MAX_PHASE_GAIN}")
        for place, tap in enumerate(reversed(row)):
            bank.coefficients[phase * bank.taps + place] = tap
    return 0


cdef int fill_banks() except -1:
    cdef int row, column
    for row in range(4):
        for column in range(4):
            fill_bank(&BANKS[row][column], RATES[row], RATES[column])
    return 0


fill_banks()


cdef int rate_index(object rate_hz, str name) except -1:
    if rate_hz not in RATES:
        raise ValueError(f"{name} is {rate_hz!r}, allowed are 8000, 16000, 24000 and 48000")
    return RATES.index(rate_hz)


cdef const ResampleBank* resample_bank(object from_hz, object to_hz) except NULL:
    """The bank of a pair of rates. ValueError: a rate that is not offered."""
    return &BANKS[rate_index(from_hz, "from_hz")][rate_index(to_hz, "to_hz")]


cdef void resample_start(ResampleStream* stream, const ResampleBank* bank) noexcept nogil:
    """Begin a stream, with silence before its first sample."""
    stream.bank = bank
    stream.ahead = bank.down - 1
    memset(stream.history, 0, sizeof(stream.history))


cdef Py_ssize_t resample_count(const ResampleStream* stream, Py_ssize_t n) noexcept nogil:
    """How many samples the next n inputs give: those at ticks ahead, ahead + down, ... before tick n * up."""
    return (n * stream.bank.up - stream.ahead + stream.bank.down - 1) // stream.bank.down


cdef inline int16_t filtered(const int16_t* taps, const int16_t* samples, int n) noexcept nogil:
    """The scalar product in Q14, rounded and limited to 16 bits. The loop is GCC's pattern for pmaddwd."""
    cdef int32_t total = ONE // 2
    cdef int i
    for i in range(n):
        total += <int32_t>taps[i] * <int32_t>samples[i]
    total >>= 14
    return <int16_t>(32767 if total > 32767 else -32768 if total < -32768 else total)


cdef int filter_block(ResampleStream* stream, const int16_t* window, uint8_t* out, int n) noexcept nogil:
    """The outputs of n inputs; window[0..taps-2] is the history, window[taps-1..taps-2+n] the inputs. Their count."""
    cdef const ResampleBank* bank = stream.bank
    cdef int newest = stream.ahead // bank.up
    cdef int phase = stream.ahead % bank.up
    cdef int whole_step = bank.down // bank.up
    cdef int part_step = bank.down % bank.up
    cdef int written = 0
    while newest < n:
        store_i16(out, written, filtered(bank.coefficients + phase * bank.taps, window + newest, bank.taps))
        written += 1
        newest += whole_step
        phase += part_step
        if phase >= bank.up:
            phase -= bank.up
            newest += 1
    stream.ahead = (newest - n) * bank.up + phase
    return written


cdef Py_ssize_t resample_block(ResampleStream* stream, const uint8_t* pcm, uint8_t* out, Py_ssize_t n) noexcept nogil:
    """Feed n samples, copied block by block behind the history. The count written, which is resample_count."""
    cdef int16_t window[MAX_TAPS - 1 + BLOCK_SAMPLES]
    cdef int kept = stream.bank.taps - 1
    cdef int step
    cdef Py_ssize_t written = 0
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
    """Write the delay_samples that are still to come, and begin a new stream. Their count."""
    cdef const ResampleBank* bank = stream.bank
    cdef uint8_t silence[MAX_TAPS]    # two octets for each of MAX_TAPS / 2 samples, the 2 ms to the centre
    cdef uint8_t tail[2 * (MAX_DELAY_SAMPLES + 1)]
    memset(silence, 0, sizeof(silence))
    # So much silence brings one output more than are delayed, wherever the stream stands.
    resample_block(stream, silence, tail, (bank.delay_samples + 1) * bank.down // bank.up)
    memcpy(out, tail, 2 * bank.delay_samples)
    resample_start(stream, bank)
    return bank.delay_samples


def coefficients(from_hz, to_hz, /):
    """The integer filter of a pair of rates: a tuple a phase, with the newest sample's tap first, 16384 for 1.0.

    ValueError: a rate that is not in RATES_HZ.
    """
    cdef const ResampleBank* bank = resample_bank(from_hz, to_hz)
    cdef int phase, place
    return tuple([
        tuple([bank.coefficients[phase * bank.taps + place] for place in reversed(range(bank.taps))])
        for phase in range(bank.up)
    ])

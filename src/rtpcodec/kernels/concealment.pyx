"""Packet loss concealment of PCM, similar to G.711 Appendix I: the last pitch period repeats and fades.

1. Search: find the lag at which the last 20 ms correlate best with the audio before them, by normalised
   cross-correlation. This lag is the pitch period.
2. Repeat the period: at full level for 10 ms, then with a linear fade to silence over 60 ms.
3. Cross-fade the first received samples after the gap with the continued repetition.

There is no delay. Appendix I delays all audio by 3.75 ms to smooth the joint before the gap; here the first repetition
starts with an offset, the step at the joint, which fades over a quarter of the period.

The arithmetic uses integers, except for one division of whole numbers in the search, for which IEEE 754 defines the
rounding. Every machine gives the same samples.
"""
from libc.stdint cimport int16_t, int32_t, uint8_t
from libc.string cimport memcpy, memmove, memset

from rtpcodec.kernels._buffers cimport load_i16, store_i16

cdef enum:
    SHORTEST_MS = 5       # 200 Hz; a higher voice matches at two periods, whose repetition buzzes less than one
    LONGEST_MS = 15       # 67 Hz: a deep voice
    WINDOW_MS = 20        # more than one of the longest periods
    WHOLE_MS = 10         # speech hardly changes in this time
    FADING_MS = 60        # from there to silence: speech sounds rarely last longer unchanged
    # Cross-fade into the first received audio. Longer ones cover more of it: 5 ms lose 0.3 dB of log-spectral distance
    # and 0.0013 of STOI on the recorded patterns (python -m benchmarks.plc).
    BLEND_TENTH_MS = 25
    BLEND_SAMPLES = BLEND_TENTH_MS * MAX_RATE_HZ // 10000
    COARSE_RATE_HZ = 4000    # rate of the first search; the second refines its result at the full rate
    COARSE_SAMPLES = 8 * HISTORY_MS    # whole groups of samples are summed, so the rate is below 8 kHz
    HEADROOM = 1023          # largest sample in the search: 960 products, 20 ms at 48 kHz, fit 32 bits
    ONE = 1 << 15


cdef inline int ms(const Concealment* state, int milliseconds) noexcept nogil:
    return milliseconds * state.rate_hz // 1000


cdef inline int16_t saturated(int value) noexcept nogil:
    return <int16_t>(-32768 if value < -32768 else 32767 if value > 32767 else value)


cdef inline int mixed(int a, int b, int part, int whole) noexcept nogil:
    """Interpolate linearly: a at part 0, b at part whole; rounded towards a."""
    return a + (b - a) * part // whole if b >= a else a - (a - b) * part // whole


# --- Search

cdef int scaled_down(const int16_t* samples, int16_t* out, int n, int group) noexcept nogil:
    """Sum groups of samples, shifted equally so that all fit HEADROOM. Return the number of groups."""
    cdef int peak = 0
    cdef int shift = 0
    cdef int count = n // group
    cdef int start = n - count * group    # the newest sample ends the last group
    cdef int i, k, total
    for i in range(n):
        peak = max(peak, -samples[i] if samples[i] < 0 else samples[i])
    while peak * group >> shift > HEADROOM:
        shift += 1
    for i in range(count):
        total = 0
        for k in range(group):
            total += samples[start + i * group + k]
        out[i] = <int16_t>(total >> shift)
    return count


cdef inline int32_t product(const int16_t* a, const int16_t* b, int n) noexcept nogil:
    """Return the sum of n products."""
    cdef int32_t total = 0
    cdef int i
    for i in range(n):
        total += a[i] * b[i]
    return total


cdef int best_lag(const int16_t* end, int window, int shortest, int longest) noexcept nogil:
    """Return the lag, shortest to longest, at which end[-window..-1] correlates best with end[-window-lag..-1-lag].

    The measure is the correlation divided by the root of the energy, compared as squares. Without correlation the lag
    is the longest, because noise repeated at a short period sounds like a tone.
    """
    cdef const int16_t* newest = end - window
    cdef int32_t energy = product(newest - shortest, newest - shortest, window)
    cdef int32_t correlation
    cdef int best = longest
    cdef double score
    cdef double best_score = 0
    cdef int lag
    for lag in range(shortest, longest + 1):
        if lag > shortest:
            energy += newest[-lag] * newest[-lag] - newest[window - lag] * newest[window - lag]
        correlation = product(newest, newest - lag, window)
        if correlation > 0:
            score = (<double>correlation * correlation) / energy
            if score > best_score:
                best_score = score
                best = lag
    return best


cdef int pitch_period(const Concealment* state) noexcept nogil:
    """Return the pitch period in samples: a search near 4 kHz, then among the lags around its result."""
    cdef int16_t coarse[COARSE_SAMPLES]
    cdef int16_t fine[HISTORY_SAMPLES]
    cdef int n = ms(state, HISTORY_MS)
    cdef int group = state.rate_hz // COARSE_RATE_HZ
    cdef int count = scaled_down(state.history + HISTORY_SAMPLES - n, coarse, n, group)
    cdef int shortest = ms(state, SHORTEST_MS)
    cdef int longest = ms(state, LONGEST_MS)
    cdef int window = ms(state, WINDOW_MS)
    cdef int lag = group * best_lag(coarse + count, window // group, shortest // group, longest // group)
    scaled_down(state.history + HISTORY_SAMPLES - n, fine, n, 1)
    return best_lag(fine + n, window, max(shortest, lag - group), min(longest, lag + group))


# --- Synthesis

cdef void open_gap(Concealment* state) noexcept nogil:
    """Find the period to repeat, and adjust its last quarter so that it joins its beginning."""
    cdef const int16_t* end = state.history + HISTORY_SAMPLES
    cdef int period = pitch_period(state)
    cdef int bent = period // 4
    cdef int i
    memcpy(state.repeated, end - period, period * sizeof(int16_t))
    for i in range(bent):
        state.repeated[period - bent + i] = <int16_t>mixed(end[i - bent], end[i - bent - period], i + 1, bent + 1)
    state.period = period
    state.phase = 0
    state.lost = 0
    state.blended = 0
    state.step = state.history[HISTORY_SAMPLES - 1] - state.history[HISTORY_SAMPLES - 1 - period]


cdef void repeat(Concealment* state, uint8_t* out, Py_ssize_t n) noexcept nogil:
    """Generate the next n samples of the repetition: faded, with the fading step in the first quarter period."""
    cdef int bent = state.period // 4
    cdef int until_silent = state.silent_from - state.lost
    cdef int run, i
    cdef Py_ssize_t at = 0
    while at < n:
        run = <int>min(n - at, <Py_ssize_t>(state.period - state.phase))
        memcpy(out + 2 * at, state.repeated + state.phase, 2 * run)
        state.phase = state.phase + run if state.phase + run < state.period else 0
        at += run
    for i in range(<int>min(n, <Py_ssize_t>max(bent - state.lost, 0))):
        store_i16(out, i, saturated(load_i16(out, i) + mixed(state.step, 0, state.lost + i + 1, bent + 1)))
    fade(out, n, until_silent, state)
    # Larger values are not needed, and a growing count would overflow.
    state.lost = <int>min(state.lost + n, <Py_ssize_t>(2 * state.silent_from))


cdef void fade(uint8_t* pcm, Py_ssize_t n, int until_silent, const Concealment* state) noexcept nogil:
    """Apply the fade to n samples; the gain reaches 0 at sample `until_silent`."""
    cdef Py_ssize_t whole = min(n, <Py_ssize_t>max(until_silent - state.fading + 1, 0))
    cdef Py_ssize_t heard = min(n, <Py_ssize_t>max(until_silent, 0))
    cdef int i
    for i in range(<int>whole, <int>heard):
        store_i16(pcm, i, <int16_t>(load_i16(pcm, i) * ((until_silent - i) * state.fade >> 15) >> 15))
    memset(pcm + 2 * heard, 0, 2 * (n - heard))


cdef void append_history(Concealment* state, const uint8_t* pcm, Py_ssize_t n) noexcept nogil:
    """Append output samples to the history."""
    cdef int kept = ms(state, HISTORY_MS)
    cdef int16_t* end = state.history + HISTORY_SAMPLES
    if n >= kept:
        memcpy(end - kept, pcm + 2 * (n - kept), 2 * kept)
    else:
        memmove(end - kept, end - kept + n, 2 * (kept - n))
        memcpy(end - n, pcm, 2 * n)


cdef void concealment_start(Concealment* state, int rate_hz) noexcept nogil:
    memset(state, 0, sizeof(Concealment))
    state.rate_hz = rate_hz
    state.fading = ms(state, FADING_MS)
    state.silent_from = ms(state, WHOLE_MS) + state.fading
    state.fade = ONE * ONE // state.fading


cdef void concealment_take(Concealment* state, uint8_t* pcm, Py_ssize_t n) noexcept nogil:
    cdef uint8_t repeated[2 * BLEND_SAMPLES]
    cdef int blend = BLEND_TENTH_MS * state.rate_hz // 10000
    cdef int count, i
    if state.period:
        count = <int>min(n, <Py_ssize_t>(blend - state.blended))
        repeat(state, repeated, count)
        for i in range(count):
            state.blended += 1
            store_i16(pcm, i, <int16_t>mixed(load_i16(repeated, i), load_i16(pcm, i), state.blended, blend + 1))
        if state.blended == blend:
            state.period = 0
    append_history(state, pcm, n)


cdef void concealment_open(Concealment* state) noexcept nogil:
    if state.period == 0 or state.blended:
        open_gap(state)


cdef void concealment_fill(Concealment* state, uint8_t* out, Py_ssize_t n) noexcept nogil:
    if n:
        concealment_open(state)
        repeat(state, out, n)
        append_history(state, out, n)


cdef void concealment_peek(const Concealment* state, uint8_t* out, Py_ssize_t n) noexcept nogil:
    cdef Concealment ahead = state[0]
    ahead.silent_from *= 2
    ahead.fading *= 2
    ahead.fade //= 2
    repeat(&ahead, out, n)

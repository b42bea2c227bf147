"""Packet loss concealment in the PCM domain, in the spirit of G.711 Appendix I: the last period goes on, and fades.

A gap begins with a search: the lag at which the last 20 ms are most like what lies before them, by normalised
cross-correlation. That period is repeated. It is whole for 10 ms and silent 60 ms later. The first good samples after
the gap are cross-faded with what the repetition would have gone on with. Nothing is delayed: Appendix I holds all audio
back by 3.75 ms to bend the last period before it is heard; here the first repetition starts with the step between the
two and loses it over a quarter of the period.

Integers, but for one division of whole numbers in the search, which IEEE 754 rounds in one way: every machine gives the
same samples.
"""
from libc.stdint cimport int16_t, int32_t, uint8_t
from libc.string cimport memcpy, memmove, memset

from rtpcodec.kernels._buffers cimport load_i16, store_i16

cdef enum:
    SHORTEST_MS = 5       # 200 Hz; a higher voice is found by two of its periods, which buzz less than one
    LONGEST_MS = 15       # 67 Hz: a deep voice
    WINDOW_MS = 20        # holds more than one of the longest periods
    WHOLE_MS = 10         # speech hardly changes in this time
    FADING_MS = 60        # from there to silence: no sound of speech lasts unchanged for longer
    # Cross-fade into the first good audio. Longer ones put more of the guess over what was really said: 5 ms lose
    # 0.3 dB of log-spectral distance and 0.0013 of STOI on the recorded patterns (python -m benchmarks.plc).
    BLEND_TENTH_MS = 25
    BLEND_SAMPLES = BLEND_TENTH_MS * MAX_RATE_HZ // 10000
    COARSE_RATE_HZ = 4000    # of the first search; the second looks around its finding at the full rate
    COARSE_SAMPLES = 8 * HISTORY_MS    # whole groups of samples are summed, so its rate is below 8 kHz
    HEADROOM = 1023          # of a sample in the search: 960 products, 20 ms at 48 kHz, fit 32 bits
    ONE = 1 << 15


cdef inline int ms(const Concealment* state, int milliseconds) noexcept nogil:
    return milliseconds * state.rate_hz // 1000


cdef inline int16_t saturated(int value) noexcept nogil:
    return <int16_t>(-32768 if value < -32768 else 32767 if value > 32767 else value)


cdef inline int mixed(int a, int b, int part, int whole) noexcept nogil:
    """a at part 0, b at part whole, and straight between; rounded towards a."""
    return a + (b - a) * part // whole if b >= a else a - (a - b) * part // whole


# --- Search

cdef int scaled_down(const int16_t* samples, int16_t* out, int n, int group) noexcept nogil:
    """Sums of groups of samples, all shifted alike so that they keep within HEADROOM; how many there are."""
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
    """Sum of n products."""
    cdef int32_t total = 0
    cdef int i
    for i in range(n):
        total += a[i] * b[i]
    return total


cdef int best_lag(const int16_t* end, int window, int shortest, int longest) noexcept nogil:
    """The lag from shortest to longest at which end[-window..-1] is most like end[-window-lag..-1-lag].

    By correlation over the root of the energy, compared as squares. The longest where nothing is alike: noise repeated
    at a short period would sound like a tone.
    """
    cdef const int16_t* newest = end - window
    cdef int32_t energy = product(newest - shortest, newest - shortest, window)
    cdef int32_t alike
    cdef int best = longest
    cdef double likeness
    cdef double most = 0
    cdef int lag
    for lag in range(shortest, longest + 1):
        if lag > shortest:
            energy += newest[-lag] * newest[-lag] - newest[window - lag] * newest[window - lag]
        alike = product(newest, newest - lag, window)
        if alike > 0:
            likeness = (<double>alike * alike) / energy
            if likeness > most:
                most = likeness
                best = lag
    return best


cdef int pitch_period(const Concealment* state) noexcept nogil:
    """The pitch in samples: a search near 4 kHz, then the lags around its finding."""
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
    """Find the period that is to go on, and bend its last quarter towards what came before it."""
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
    """The next n samples of the period, over and over: the first quarter with its share of the step, all faded."""
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
    # Nobody looks beyond: a count that grew for ever would overflow.
    state.lost = <int>min(state.lost + n, <Py_ssize_t>(2 * state.silent_from))


cdef void fade(uint8_t* pcm, Py_ssize_t n, int until_silent, const Concealment* state) noexcept nogil:
    """Take off the level what is to go before sample 0 and with each sample, down to silence."""
    cdef Py_ssize_t whole = min(n, <Py_ssize_t>max(until_silent - state.fading + 1, 0))
    cdef Py_ssize_t heard = min(n, <Py_ssize_t>max(until_silent, 0))
    cdef int i
    for i in range(<int>whole, <int>heard):
        store_i16(pcm, i, <int16_t>(load_i16(pcm, i) * ((until_silent - i) * state.fade >> 15) >> 15))
    memset(pcm + 2 * heard, 0, 2 * (n - heard))


cdef void remember(Concealment* state, const uint8_t* pcm, Py_ssize_t n) noexcept nogil:
    """Take heard samples into the history."""
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
    remember(state, pcm, n)


cdef void concealment_open(Concealment* state) noexcept nogil:
    if state.period == 0 or state.blended:
        open_gap(state)


cdef void concealment_fill(Concealment* state, uint8_t* out, Py_ssize_t n) noexcept nogil:
    if n:
        concealment_open(state)
        repeat(state, out, n)
        remember(state, out, n)


cdef void concealment_peek(const Concealment* state, uint8_t* out, Py_ssize_t n) noexcept nogil:
    cdef Concealment ahead = state[0]
    ahead.silent_from *= 2
    ahead.fading *= 2
    ahead.fade //= 2
    repeat(&ahead, out, n)

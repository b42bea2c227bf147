"""Concealment of lost PCM for other Cython code: one flat state a direction, which copy by assignment makes a twin of.

PCM is native int16 at any address and at 8 to 48 kHz. A state is for one thread at a time: lengths of copies are
computed from it, so callers enter it in a critical section.
"""
from libc.stdint cimport int16_t, uint8_t

cdef enum:
    MIN_RATE_HZ = 8000
    MAX_RATE_HZ = 48000
    HISTORY_MS = 35      # the window of the correlation, 20 ms, and the longest pitch period before it
    HISTORY_SAMPLES = HISTORY_MS * MAX_RATE_HZ // 1000
    PERIOD_SAMPLES = 15 * MAX_RATE_HZ // 1000

ctypedef struct Concealment:
    int rate_hz
    int fading                            # samples from full level to silence
    int silent_from                       # samples after the beginning of a gap
    int fade                              # what each of them takes off the level, in 1 / 2**30
    int period                            # of the pitch, in samples; 0: no gap is open
    int phase                             # where in the period the next sample lies
    int lost                              # samples since the gap began, counted up to twice silent_from
    int blended                           # samples of the first good audio that are cross-faded already
    int step                              # of the last sample before the gap to what a repetition would go on with
    int16_t history[HISTORY_SAMPLES]      # what was heard, newest last; the last HISTORY_MS at this rate are used
    int16_t repeated[PERIOD_SAMPLES]      # the period, its end bent so that it goes on with its beginning

# A new stream, with silence before its first sample.
cdef void concealment_start(Concealment* state, int rate_hz) noexcept nogil
# n received samples: the first ones after a gap are cross-faded in place, all are remembered.
cdef void concealment_take(Concealment* state, uint8_t* pcm, Py_ssize_t n) noexcept nogil
# A gap begins here, unless it has already: concealment_fill does so as well.
cdef void concealment_open(Concealment* state) noexcept nogil
# n samples that never came.
cdef void concealment_fill(Concealment* state, uint8_t* out, Py_ssize_t n) noexcept nogil
# What a gap that is open would be filled with next, were it to fade half as fast: for a codec whose state must not.
cdef void concealment_peek(const Concealment* state, uint8_t* out, Py_ssize_t n) noexcept nogil

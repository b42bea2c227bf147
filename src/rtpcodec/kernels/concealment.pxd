"""Concealment of lost PCM for other Cython code: one flat state per direction, copied by assignment.

PCM is native int16 at any address and at 8 to 48 kHz. A state is for one thread at a time: lengths of copies are
computed from it, so callers use it in a critical section.
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
    int fade                              # decrease of the level per sample, in 1 / 2**30
    int period                            # pitch period in samples; 0: no gap is open
    int phase                             # position of the next sample in the period
    int lost                              # samples since the gap began, counted up to twice silent_from
    int blended                           # samples after the gap that are cross-faded already
    int step                              # from the last sample before the gap to the start of the repetition
    int16_t history[HISTORY_SAMPLES]      # output, newest last; the last HISTORY_MS at this rate are used
    int16_t repeated[PERIOD_SAMPLES]      # the period, its end adjusted to join its beginning

# Begin a stream, with silence before its first sample.
cdef void concealment_start(Concealment* state, int rate_hz) noexcept nogil
# Add n received samples to the history; after a gap, cross-fade the first ones in place.
cdef void concealment_take(Concealment* state, uint8_t* pcm, Py_ssize_t n) noexcept nogil
# Begin a gap, unless one is open. concealment_fill does so too.
cdef void concealment_open(Concealment* state) noexcept nogil
# Generate n samples in place of lost ones.
cdef void concealment_fill(Concealment* state, uint8_t* out, Py_ssize_t n) noexcept nogil
# Generate the next n samples of an open gap, but fading half as fast. The state is unchanged. For a codec's predictors.
cdef void concealment_peek(const Concealment* state, uint8_t* out, Py_ssize_t n) noexcept nogil

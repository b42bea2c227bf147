"""Resampling for other Cython code: one flat stream per direction, banks of coefficients shared by all of them.

PCM is native int16 at any address; in and out must not overlap.
"""
from libc.stdint cimport int16_t, uint8_t

cdef extern from "rtpcodec/kernels/resample_bank.h":
    enum:
        MAX_TAPS "RESAMPLE_MAX_TAPS"
    ctypedef struct ResampleBank "resample_bank":    # read only, lives as long as the process
        int up                                       # to_hz / from_hz in lowest terms is up / down
        int down
        int delay_samples                            # at the output
        int taps                                     # of each phase
        int shift                                    # 1.0 is 1 << shift
        int wide                                     # sums of a phase need more than 32 bits
        const int16_t* coefficients
    ctypedef struct ResamplePlace "resample_place":
        int newest
        int phase

ctypedef struct ResampleStream:                      # copy by assignment
    const ResampleBank* bank                         # survives resample_start
    int ahead                                        # ticks from the next input to the next output: 0..down-1
    int16_t history[MAX_TAPS - 1]                    # the newest taps - 1 inputs, oldest first

# The bank of a pair of rates, designed when it is first asked for. ValueError: a rate that is not offered.
cdef const ResampleBank* resample_bank(object from_hz, object to_hz) except NULL
# A new stream, with silence before its first sample.
cdef void resample_start(ResampleStream* stream, const ResampleBank* bank) noexcept nogil
# How many samples the next n give.
cdef Py_ssize_t resample_count(const ResampleStream* stream, Py_ssize_t n) noexcept nogil
# Feed n samples; out needs room for resample_count(stream, n) samples. The count written.
cdef Py_ssize_t resample_block(ResampleStream* stream, const uint8_t* pcm, uint8_t* out, Py_ssize_t n) noexcept nogil
# Write the delay_samples that are still to come, then begin a new stream. The count written.
cdef int resample_flush(ResampleStream* stream, uint8_t* out) noexcept nogil

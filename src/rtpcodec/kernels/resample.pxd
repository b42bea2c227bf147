"""Resampling for other Cython code: one flat stream per direction, with shared banks of coefficients.

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

# Return the bank of a pair of rates, designed at the first call. ValueError: an unsupported rate.
cdef const ResampleBank* resample_bank(object from_hz, object to_hz) except NULL
# Begin a stream, with silence before its first sample.
cdef void resample_start(ResampleStream* stream, const ResampleBank* bank) noexcept nogil
# Return the number of output samples for the next n input samples.
cdef Py_ssize_t resample_count(const ResampleStream* stream, Py_ssize_t n) noexcept nogil
# Resample n samples; out needs space for resample_count(stream, n) samples. Return the number written.
cdef Py_ssize_t resample_block(ResampleStream* stream, const uint8_t* pcm, uint8_t* out, Py_ssize_t n) noexcept nogil
# Write the last delay_samples, then begin a new stream. Return the number written.
cdef int resample_flush(ResampleStream* stream, uint8_t* out) noexcept nogil

"""Linear prediction for other Cython code."""
from libc.stdint cimport int16_t

cdef enum:
    LAGS = 5    # lags 0 to 4, for a predictor of four coefficients

# Compute the autocorrelation of n samples at lags 0 to 4, without that of their mean.
cdef void autocorrelation_block(const int16_t* samples, Py_ssize_t n, double* lags) noexcept nogil
# Return by which factor a predictor from the samples `step`, `2 * step` ... before lowers the energy; 1: not at all.
cdef double gain_of_lags(const double* lags, int step) noexcept nogil

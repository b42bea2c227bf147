"""Linear prediction for other Cython code."""
from libc.stdint cimport int16_t

cdef enum:
    LAGS = 5    # lags 0 to 4, for a predictor of four coefficients

# The autocorrelation of n samples at lags 0 to 4, less that of their mean.
cdef void autocorrelation_block(const int16_t* samples, Py_ssize_t n, double* lags) noexcept nogil
# How much of the energy a predictor from the sample `step`, `2 * step` ... before removes; 1: nothing of it.
cdef double gain_of_lags(const double* lags, int step) noexcept nogil

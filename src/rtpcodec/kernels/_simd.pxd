"""The choice of the kernels' forms."""

cdef bint avx2_chosen() noexcept nogil
cdef bint avx512_chosen() noexcept nogil

"""Which forms of the kernels this process runs."""

cdef bint avx2_chosen() noexcept nogil
cdef bint avx512_chosen() noexcept nogil

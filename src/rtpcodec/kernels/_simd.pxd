"""Which form of the kernels this process runs."""

cdef bint avx2_chosen() noexcept nogil

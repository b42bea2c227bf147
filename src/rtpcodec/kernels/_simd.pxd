"""Which form of the kernels this process runs, chosen once at import."""

cdef bint avx2_chosen() noexcept nogil

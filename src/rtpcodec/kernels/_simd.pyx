"""Which form of the kernels this process runs, chosen once at import.

The environment variable RTPCODEC_SIMD=portable forces the definition; RTPCODEC_SIMD=avx2 or none at all takes the
AVX2 form where the processor has it.
"""
import os

cdef extern from "rtpcodec/kernels/simd/cpu.h":
    int rtpcodec_cpu_has_avx2() noexcept nogil

cdef bint AVX2 = False


cdef int choose_level() except -1:
    global AVX2
    wish = os.environ.get("RTPCODEC_SIMD", "avx2")
    if wish not in ("avx2", "portable"):
        raise ValueError(f"RTPCODEC_SIMD is {wish!r}, allowed are 'avx2' and 'portable'")
    AVX2 = wish == "avx2" and rtpcodec_cpu_has_avx2()
    return 0


choose_level()


cdef bint avx2_chosen() noexcept nogil:
    return AVX2


def simd_level():
    """The form that runs: "avx2" or "portable"."""
    return "avx2" if AVX2 else "portable"

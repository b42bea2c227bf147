"""Which form of the kernels this process runs: chosen once, at import, by what the processor has.

RTPCODEC_SIMD=portable forces the definition form, RTPCODEC_SIMD=avx2 or an unset variable takes the vector form where there
is one. Both give the same results bit for bit.
"""
import os

cdef extern from "simd/cpu.h":
    int rtpcodec_cpu_has_avx2() noexcept nogil


cdef str chosen_level():
    wanted = os.environ.get("RTPCODEC_SIMD", "")
    if wanted not in ("", "portable", "avx2"):
        raise ValueError(f"RTPCODEC_SIMD is {wanted!r}, 'portable', 'avx2' or nothing is needed")
    has_avx2 = rtpcodec_cpu_has_avx2()
    if wanted == "avx2" and not has_avx2:
        raise ValueError("RTPCODEC_SIMD is 'avx2', which this processor or this build does not have")
    return "avx2" if has_avx2 and wanted != "portable" else "portable"


cdef str LEVEL = chosen_level()
cdef bint HAS_CHOSEN_AVX2 = LEVEL == "avx2"


cdef bint avx2_chosen() noexcept nogil:
    """Whether the AVX2 forms are to be used."""
    return HAS_CHOSEN_AVX2


def simd_level():
    """The form of the kernels in this process: 'avx2' or 'portable'.

    The environment variable RTPCODEC_SIMD=portable forces the second.
    """
    return LEVEL

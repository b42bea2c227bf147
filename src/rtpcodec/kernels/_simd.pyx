"""The choice of the kernels' forms: once per process, at import, by the instruction sets of the processor.

There are three levels, each of which includes the ones before it: 'portable', 'avx2', 'avx512'. The environment
variable RTPCODEC_SIMD forces one; unset or empty, the highest available level is used. All give the same results bit
for bit.
"""
import os

cdef extern from "rtpcodec/kernels/simd/cpu.h":
    int rtpcodec_cpu_has_avx2() noexcept nogil
    int rtpcodec_cpu_has_avx512() noexcept nogil

cdef tuple LEVELS = ("portable", "avx2", "avx512")


def available_levels():
    """Return the levels of this processor and this build, the fastest last."""
    return LEVELS[: 1 + bool(rtpcodec_cpu_has_avx2()) + bool(rtpcodec_cpu_has_avx512())]


def choose_level(wanted, available):
    """Return the level that a value of RTPCODEC_SIMD chooses among the available ones.

    ValueError: the level does not exist, or is not available.
    """
    if not wanted:
        return max(available, key=LEVELS.index)
    if wanted not in LEVELS:
        raise ValueError(f"RTPCODEC_SIMD is {wanted!r}, nothing or one of {', '.join(map(repr, LEVELS))} is needed")
    if wanted not in available:
        names = ", ".join(map(repr, available))
        raise ValueError(f"RTPCODEC_SIMD is {wanted!r}, this processor and build have {names}")
    return wanted


cdef str LEVEL = choose_level(os.environ.get("RTPCODEC_SIMD", ""), available_levels())
cdef bint HAS_CHOSEN_AVX2 = LEVEL != "portable"
cdef bint HAS_CHOSEN_AVX512 = LEVEL == "avx512"


cdef bint avx2_chosen() noexcept nogil:
    """Report whether AVX2 forms may be used, unless there is a wider one."""
    return HAS_CHOSEN_AVX2


cdef bint avx512_chosen() noexcept nogil:
    """Report whether AVX-512 forms may be used."""
    return HAS_CHOSEN_AVX512


def simd_level():
    """Return the SIMD level of the kernels in this process: 'portable', 'avx2' or 'avx512'.

    The environment variable RTPCODEC_SIMD forces a level. A kernel without a form for the level runs the next lower
    one; all give the same results.
    """
    return LEVEL

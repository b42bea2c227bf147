/* What the processor can do, asked once. Elsewhere than GCC or clang on x86 there is no AVX2 form to choose. */
#ifndef RTPCODEC_SIMD_CPU_H
#define RTPCODEC_SIMD_CPU_H

#if (defined(__x86_64__) || defined(__i386__)) && (defined(__GNUC__) || defined(__clang__))
#define RTPCODEC_HAVE_AVX2_FORMS 1
#else
#define RTPCODEC_HAVE_AVX2_FORMS 0
#endif

static int rtpcodec_cpu_has_avx2(void) {
#if RTPCODEC_HAVE_AVX2_FORMS
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") != 0;
#else
    return 0;
#endif
}

#endif

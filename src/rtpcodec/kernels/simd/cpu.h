/* What this processor has and the operating system saves, asked once at import. */
#ifndef RTPCODEC_CPU_H
#define RTPCODEC_CPU_H

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define RTPCODEC_HAVE_AVX2_FORMS 1

static inline int rtpcodec_cpu_has_avx2(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") != 0;
}

static inline int rtpcodec_cpu_has_avx512(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
        && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi");
}

#else
#define RTPCODEC_HAVE_AVX2_FORMS 0

static inline int rtpcodec_cpu_has_avx2(void)
{
    return 0;
}

static inline int rtpcodec_cpu_has_avx512(void)
{
    return 0;
}

#endif
#endif

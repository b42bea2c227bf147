/* What this processor has, asked once at import. */
#ifndef RTPCODEC_CPU_H
#define RTPCODEC_CPU_H

static int rtpcodec_cpu_has_avx2(void)
{
#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") != 0;
#else
    return 0;
#endif
}

#endif

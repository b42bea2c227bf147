/* int16 to float32 and back in AVX2: 16 samples a step, bit for bit the definition in float_pcm.pyx.
 *
 * Every function wants n >= 16 and buffers that do not overlap. The last step is redone as a full step that ends with
 * the buffer. Loads and stores are unaligned, nothing outside the n items of a buffer is touched.
 */
#ifndef RTPCODEC_FLOAT_PCM_AVX2_H
#define RTPCODEC_FLOAT_PCM_AVX2_H

#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))

/* Eight samples; a product with 2^-15 is exact. */
AVX2 static inline void to_float8(const uint8_t *pcm, uint8_t *floats)
{
    __m256i samples = _mm256_cvtepi16_epi32(_mm_loadu_si128((const __m128i *)pcm));
    __m256 scaled = _mm256_mul_ps(_mm256_cvtepi32_ps(samples), _mm256_set1_ps(1.0f / 32768));
    _mm256_storeu_ps((float *)floats, scaled);
}

AVX2 static inline void to_float16(const uint8_t *pcm, uint8_t *floats)
{
    to_float8(pcm, floats);
    to_float8(pcm + 16, floats + 32);
}

/* Eight integers of 32 bits. The conversion rounds halves to even and gives the least integer for everything that does
 * not fit, which is right below zero; above it the minimum clips before. NaNs are collected in *nans. */
AVX2 static inline __m256i to_integers8(const uint8_t *floats, __m256 *nans)
{
    __m256 values = _mm256_loadu_ps((const float *)floats);
    __m256 scaled = _mm256_mul_ps(values, _mm256_set1_ps(32768.0f));
    *nans = _mm256_or_ps(*nans, _mm256_cmp_ps(values, values, _CMP_UNORD_Q));
    return _mm256_cvtps_epi32(_mm256_min_ps(scaled, _mm256_set1_ps(32767.0f)));
}

AVX2 static inline void to_int16(const uint8_t *floats, uint8_t *pcm, __m256 *nans)
{
    __m256i low = to_integers8(floats, nans);
    __m256i high = to_integers8(floats + 32, nans);
    /* The pack saturates below zero and works on halves of registers, whose quarters are put in sequence. */
    __m256i packed = _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0xD8);
    _mm256_storeu_si256((__m256i *)pcm, packed);
}

AVX2 static inline void int16_to_float32_avx2(const uint8_t *pcm, uint8_t *floats, ptrdiff_t n)
{
    ptrdiff_t i = 0;
    for (; i + 16 <= n; i += 16) to_float16(pcm + 2 * i, floats + 4 * i);
    if (i < n) to_float16(pcm + 2 * (n - 16), floats + 4 * (n - 16));
}

/* Whether a value was not a number. */
AVX2 static inline int float32_to_int16_avx2(const uint8_t *floats, uint8_t *pcm, ptrdiff_t n)
{
    __m256 nans = _mm256_setzero_ps();
    ptrdiff_t i = 0;
    for (; i + 16 <= n; i += 16) to_int16(floats + 4 * i, pcm + 2 * i, &nans);
    if (i < n) to_int16(floats + 4 * (n - 16), pcm + 2 * (n - 16), &nans);
    return _mm256_movemask_ps(nans) != 0;
}

#undef AVX2

#else

/* No vector form for this processor: rtpcodec_cpu_has_avx2() is 0, and these are never called. */
static inline void int16_to_float32_avx2(const uint8_t *pcm, uint8_t *floats, ptrdiff_t n)
{
    (void)pcm, (void)floats, (void)n;
}

static inline int float32_to_int16_avx2(const uint8_t *floats, uint8_t *pcm, ptrdiff_t n)
{
    (void)floats, (void)pcm, (void)n;
    return 0;
}

#endif
#endif

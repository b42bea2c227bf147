/* Gain and mixing in AVX2: 16 samples a step, bit for bit the definition in mixing.pyx.
 *
 * Every function wants n >= 16 and an output that overlaps no input. The last step is redone as a full step that ends
 * with the buffer. Loads and stores are unaligned, nothing outside the n samples of a buffer is touched.
 */
#ifndef RTPCODEC_MIXING_AVX2_H
#define RTPCODEC_MIXING_AVX2_H

#include <stddef.h>
#include <stdint.h>

/* A factor of mantissa / 2^shift: mantissa 0 to 32767, shift 1 to 30. */
typedef struct {
    int32_t mantissa;
    int32_t shift;
} mix_gain;

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))

/* 16 sums of 32 bits, in the order in which unpacklo and unpackhi give samples and packs takes them back. */
typedef struct {
    __m256i low;
    __m256i high;
} mix_sums;

/* Eight products over 2^shift, halves to even: half of the divisor less one is added, and one more where the quotient
 * is odd. A product is below 2^30, so the sum fits. */
AVX2 static inline __m256i rounded8(__m256i product, int32_t shift)
{
    const __m128i count = _mm_cvtsi32_si128(shift);
    __m256i quotient = _mm256_sra_epi32(product, count);
    __m256i odd = _mm256_and_si256(quotient, _mm256_set1_epi32(1));
    __m256i bias = _mm256_add_epi32(odd, _mm256_set1_epi32((1 << (shift - 1)) - 1));
    return _mm256_sra_epi32(_mm256_add_epi32(product, bias), count);
}

/* 16 samples times a gain: the two halves of 16 x 16 bits, joined to products of 32 bits. */
AVX2 static inline mix_sums scaled16(const uint8_t *pcm, mix_gain gain)
{
    const __m256i mantissa = _mm256_set1_epi16((short)gain.mantissa);
    __m256i samples = _mm256_loadu_si256((const __m256i *)pcm);
    __m256i lower = _mm256_mullo_epi16(samples, mantissa);
    __m256i upper = _mm256_mulhi_epi16(samples, mantissa);
    mix_sums scaled;
    scaled.low = rounded8(_mm256_unpacklo_epi16(lower, upper), gain.shift);
    scaled.high = rounded8(_mm256_unpackhi_epi16(lower, upper), gain.shift);
    return scaled;
}

/* The pack saturates: the only place where a sum is clipped. */
AVX2 static inline void store16(uint8_t *out, mix_sums sums)
{
    _mm256_storeu_si256((__m256i *)out, _mm256_packs_epi32(sums.low, sums.high));
}

AVX2 static inline void mix16(const uint8_t *const *sources, const mix_gain *gains, int count, ptrdiff_t at,
                              uint8_t *out)
{
    mix_sums sums = scaled16(sources[0] + at, gains[0]);
    for (int k = 1; k < count; k++) {
        mix_sums scaled = scaled16(sources[k] + at, gains[k]);
        sums.low = _mm256_add_epi32(sums.low, scaled.low);
        sums.high = _mm256_add_epi32(sums.high, scaled.high);
    }
    store16(out + at, sums);
}

AVX2 static inline void gain_avx2(const uint8_t *pcm, uint8_t *out, ptrdiff_t n, mix_gain gain)
{
    ptrdiff_t i = 0;
    for (; i + 16 <= n; i += 16) store16(out + 2 * i, scaled16(pcm + 2 * i, gain));
    if (i < n) store16(out + 2 * (n - 16), scaled16(pcm + 2 * (n - 16), gain));
}

AVX2 static inline void mix_avx2(const uint8_t *const *sources, const mix_gain *gains, int count, uint8_t *out,
                                 ptrdiff_t n)
{
    ptrdiff_t i = 0;
    for (; i + 16 <= n; i += 16) mix16(sources, gains, count, 2 * i, out);
    if (i < n) mix16(sources, gains, count, 2 * (n - 16), out);
}

#undef AVX2

#else

/* No vector form for this processor: rtpcodec_cpu_has_avx2() is 0, and these are never called. */
static inline void gain_avx2(const uint8_t *pcm, uint8_t *out, ptrdiff_t n, mix_gain gain)
{
    (void)pcm, (void)out, (void)n, (void)gain;
}

static inline void mix_avx2(const uint8_t *const *sources, const mix_gain *gains, int count, uint8_t *out, ptrdiff_t n)
{
    (void)sources, (void)gains, (void)count, (void)out, (void)n;
}

#endif
#endif

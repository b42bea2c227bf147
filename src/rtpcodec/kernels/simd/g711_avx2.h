/* G.711 in AVX2: 32 samples per step, bit for bit equal to the definition in g711.pyx.
 *
 * Every function needs n >= 32 and buffers that do not overlap. The last step is a full step that ends with the buffer,
 * so other lengths than multiples of 32 need no scalar tail. Loads and stores are unaligned, and access only
 * pcm[0..2n-1] and codes[0..n-1].
 */
#ifndef RTPCODEC_G711_AVX2_H
#define RTPCODEC_G711_AVX2_H

#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))

/* The same 16 octets in both halves of a register: a table for the byte shuffle. */
AVX2 static inline __m256i table16(char a0, char a1, char a2, char a3, char a4, char a5, char a6, char a7,
                                   char a8, char a9, char a10, char a11, char a12, char a13, char a14, char a15)
{
    return _mm256_setr_epi8(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15,
                            a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15);
}

AVX2 static inline __m256i high_nibbles(__m256i octets)
{
    return _mm256_and_si256(_mm256_srli_epi16(octets, 4), _mm256_set1_epi8(0x0F));
}

AVX2 static inline __m256i low_nibbles(__m256i octets)
{
    return _mm256_and_si256(octets, _mm256_set1_epi8(0x0F));
}

/* ---- decode ---------------------------------------------------------------------------------------------------- */

/* 32 samples as (factor * mantissa - bias) << shift. factor and bias are unsigned octets, mantissa and sign signed:
 * one multiply-add of octet pairs gives sign * (factor * mantissa - bias), which fits 16 bits in both laws. */
AVX2 static inline void expand32(uint8_t *pcm, __m256i factor, __m256i mantissa, __m256i bias, __m256i minus_sign,
                                 int shift)
{
    __m256i low = _mm256_maddubs_epi16(_mm256_unpacklo_epi8(factor, bias), _mm256_unpacklo_epi8(mantissa, minus_sign));
    __m256i high = _mm256_maddubs_epi16(_mm256_unpackhi_epi8(factor, bias), _mm256_unpackhi_epi8(mantissa, minus_sign));
    _mm256_storeu_si256((__m256i *)pcm, _mm256_slli_epi16(low, shift));
    _mm256_storeu_si256((__m256i *)(pcm + 32), _mm256_slli_epi16(high, shift));
}

/* Codes in the order in which unpacklo and unpackhi of both halves give samples in sequence. */
AVX2 static inline __m256i load_codes(const uint8_t *codes)
{
    return _mm256_permute4x64_epi64(_mm256_loadu_si256((const __m256i *)codes), 0xD8);
}

/* mu-law: magnitude = ((2m + 33) << e) - 33 in 14 bits. The code holds ~m, ~e and a sign bit that is set for plus. */
AVX2 static inline void pcmu_decode32(const uint8_t *codes, uint8_t *pcm)
{
    const __m256i mantissa_of = table16(63, 61, 59, 57, 55, 53, 51, 49, 47, 45, 43, 41, 39, 37, 35, 33);
    const __m256i factor_of = table16((char)128, 64, 32, 16, 8, 4, 2, 1, (char)128, 64, 32, 16, 8, 4, 2, 1);
    __m256i code = load_codes(codes);
    /* The sign instruction negates where its second operand is negative and must not meet a zero. */
    __m256i sign = _mm256_or_si256(_mm256_xor_si256(code, _mm256_set1_epi8((char)0x80)), _mm256_set1_epi8(1));
    __m256i mantissa = _mm256_sign_epi8(_mm256_shuffle_epi8(mantissa_of, low_nibbles(code)), sign);
    __m256i factor = _mm256_shuffle_epi8(factor_of, high_nibbles(code));
    expand32(pcm, factor, mantissa, _mm256_set1_epi8(33), _mm256_sign_epi8(_mm256_set1_epi8(-1), sign), 2);
}

/* A-law, after the inversion of even bits: magnitude = (2m + 33) << (e - 1) in 13 bits, and 2m + 1 where e = 0. */
AVX2 static inline void pcma_decode32(const uint8_t *codes, uint8_t *pcm)
{
    const __m256i mantissa_of = table16(33, 35, 37, 39, 41, 43, 45, 47, 49, 51, 53, 55, 57, 59, 61, 63);
    const __m256i factor_of = table16(1, 1, 2, 4, 8, 16, 32, 64, 1, 1, 2, 4, 8, 16, 32, 64);
    const __m256i bias_of = table16(32, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0, 0, 0, 0, 0, 0);
    __m256i code = _mm256_xor_si256(load_codes(codes), _mm256_set1_epi8(0x55));
    __m256i sign = _mm256_or_si256(_mm256_xor_si256(code, _mm256_set1_epi8((char)0x80)), _mm256_set1_epi8(1));
    __m256i exponent = high_nibbles(code);
    __m256i mantissa = _mm256_sign_epi8(_mm256_shuffle_epi8(mantissa_of, low_nibbles(code)), sign);
    __m256i factor = _mm256_shuffle_epi8(factor_of, exponent);
    __m256i bias = _mm256_shuffle_epi8(bias_of, exponent);
    expand32(pcm, factor, mantissa, bias, _mm256_sign_epi8(_mm256_set1_epi8(-1), sign), 3);
}

/* ---- encode ---------------------------------------------------------------------------------------------------- */

/* 32 magnitudes of 15 bits (two registers of 16) to segment and mantissa.
 *
 * The segment is the bit length of a magnitude's high octet. Multiplied by factor_of[segment], the four mantissa bits
 * lie at bits 13..10 of 16, under the leading bit 14. base_of[segment] holds the segment's code without that leading
 * bit; mantissas are added to it, or subtracted where the law inverts its bits. */
AVX2 static inline __m256i segments_of(__m256i first, __m256i second)
{
    const __m256i length_of_low = table16(0, 1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4);
    const __m256i length_of_high = table16(0, 5, 6, 6, 7, 7, 7, 7, 8, 8, 8, 8, 8, 8, 8, 8);
    __m256i octets = _mm256_packus_epi16(_mm256_srli_epi16(first, 8), _mm256_srli_epi16(second, 8));
    return _mm256_max_epu8(_mm256_shuffle_epi8(length_of_low, low_nibbles(octets)),
                           _mm256_shuffle_epi8(length_of_high, high_nibbles(octets)));
}

AVX2 static inline __m256i mantissas_of(__m256i first, __m256i second, __m256i factor)
{
    __m256i zero = _mm256_setzero_si256();
    first = _mm256_mullo_epi16(first, _mm256_unpacklo_epi8(factor, zero));
    second = _mm256_mullo_epi16(second, _mm256_unpackhi_epi8(factor, zero));
    return _mm256_packus_epi16(_mm256_srli_epi16(first, 10), _mm256_srli_epi16(second, 10));
}

/* Octets with bit 7 set where a sample is negative. */
AVX2 static inline __m256i sign_bits(__m256i first, __m256i second)
{
    return _mm256_and_si256(_mm256_packs_epi16(first, second), _mm256_set1_epi8((char)0x80));
}

/* The one's complement of negative samples, so that -1 and 0 share a magnitude (ITU-T G.191). */
AVX2 static inline __m256i magnitudes(__m256i samples)
{
    return _mm256_xor_si256(samples, _mm256_srai_epi16(samples, 15));
}

AVX2 static inline void store_codes(uint8_t *codes, __m256i packed)
{
    _mm256_storeu_si256((__m256i *)codes, _mm256_permute4x64_epi64(packed, 0xD8));
}

/* mu-law codes of 32 samples whose magnitudes (14 bits, times 4) are given. */
AVX2 static inline __m256i pcmu_codes(__m256i magnitude_a, __m256i magnitude_b)
{
    const __m256i factor_of = table16((char)128, 64, 32, 16, 8, 4, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0);
    const __m256i base_of = table16(0x0F, (char)0xFF, (char)0xEF, (char)0xDF, (char)0xCF, (char)0xBF, (char)0xAF,
                                    (char)0x9F, 0, 0, 0, 0, 0, 0, 0, 0);
    const __m256i bias = _mm256_set1_epi16(4 * 33);
    /* Saturation clips at 15 bits. */
    __m256i a = _mm256_adds_epi16(magnitude_a, bias);
    __m256i b = _mm256_adds_epi16(magnitude_b, bias);
    __m256i segment = segments_of(a, b);
    __m256i mantissa = mantissas_of(a, b, _mm256_shuffle_epi8(factor_of, segment));
    return _mm256_sub_epi8(_mm256_shuffle_epi8(base_of, segment), mantissa);
}

AVX2 static inline void pcmu_encode32(const uint8_t *pcm, uint8_t *codes)
{
    __m256i a = _mm256_loadu_si256((const __m256i *)pcm);
    __m256i b = _mm256_loadu_si256((const __m256i *)(pcm + 32));
    store_codes(codes, _mm256_xor_si256(pcmu_codes(magnitudes(a), magnitudes(b)), sign_bits(a, b)));
}

/* The rounding of Python's removed audioop: 14 bits by an arithmetic shift first (times 4 it clears two bits), the
 * magnitude by negation after it. Saturation keeps the magnitude of -32768 in 15 bits. */
AVX2 static inline __m256i audioop_magnitudes(__m256i samples)
{
    __m256i shifted = _mm256_and_si256(samples, _mm256_set1_epi16(-4));
    return _mm256_max_epi16(shifted, _mm256_subs_epi16(_mm256_setzero_si256(), shifted));
}

AVX2 static inline void audioop_ulaw_encode32(const uint8_t *pcm, uint8_t *codes)
{
    __m256i a = _mm256_loadu_si256((const __m256i *)pcm);
    __m256i b = _mm256_loadu_si256((const __m256i *)(pcm + 32));
    store_codes(codes, _mm256_xor_si256(pcmu_codes(audioop_magnitudes(a), audioop_magnitudes(b)), sign_bits(a, b)));
}

AVX2 static inline void pcma_encode32(const uint8_t *pcm, uint8_t *codes)
{
    /* Segment 0 has no leading bit and intervals as wide as segment 1. */
    const __m256i factor_of = table16(64, 64, 32, 16, 8, 4, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0);
    const __m256i base_of = table16(0, 0, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0, 0, 0, 0, 0, 0, 0, 0);
    __m256i a = _mm256_loadu_si256((const __m256i *)pcm);
    __m256i b = _mm256_loadu_si256((const __m256i *)(pcm + 32));
    __m256i ma = magnitudes(a), mb = magnitudes(b);
    __m256i segment = segments_of(ma, mb);
    __m256i mantissa = mantissas_of(ma, mb, _mm256_shuffle_epi8(factor_of, segment));
    __m256i code = _mm256_add_epi8(_mm256_shuffle_epi8(base_of, segment), mantissa);
    store_codes(codes, _mm256_xor_si256(_mm256_xor_si256(code, _mm256_set1_epi8((char)0xD5)), sign_bits(a, b)));
}

/* ---- from law to law --------------------------------------------------------------------------------------------- */

/* 256 codes by byte shuffles of 16. steps[k] holds (block k of the plus half) xor (block k - 1), low seven bits: octets
 * from 16 k on contribute, lower ones turn negative under the subtraction and shuffle to zero, so the xor of all steps
 * is the block that an octet lies in. The sign bit passes through. corrections belong to the octets 0x70..0x7F (the
 * smallest magnitudes below zero), the only ones for which the two halves differ. */
AVX2 static inline void transcode32(const uint8_t *in, uint8_t *out, const uint8_t steps[8][16],
                                    const uint8_t corrections[16])
{
    const __m256i sixteen = _mm256_set1_epi8(16), sign = _mm256_set1_epi8((char)0x80);
    __m256i code = _mm256_loadu_si256((const __m256i *)in);
    __m256i index = _mm256_andnot_si256(sign, code);
    __m256i result = _mm256_and_si256(code, sign);
    for (int k = 0; k < 8; k++) {
        __m256i step = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)steps[k]));
        result = _mm256_xor_si256(result, _mm256_shuffle_epi8(step, index));
        index = _mm256_sub_epi8(index, sixteen);
    }
    /* With its sign bit flipped, an octet outside 0x70..0x7F keeps bit 7 or is lifted to it by saturation. */
    __m256i table = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)corrections));
    __m256i of_block_7 = _mm256_adds_epu8(_mm256_xor_si256(code, _mm256_set1_epi8(0x70)), _mm256_set1_epi8(0x70));
    result = _mm256_xor_si256(result, _mm256_shuffle_epi8(table, of_block_7));
    _mm256_storeu_si256((__m256i *)out, result);
}

AVX2 static inline void transcode_avx2(const uint8_t *in, uint8_t *out, ptrdiff_t n, const uint8_t steps[8][16],
                                       const uint8_t corrections[16])
{
    ptrdiff_t i = 0;
    for (; i + 32 <= n; i += 32) transcode32(in + i, out + i, steps, corrections);
    if (i < n) transcode32(in + n - 32, out + n - 32, steps, corrections);
}

/* ---- blocks ---------------------------------------------------------------------------------------------------- */

#define BLOCKS_OF_32(name, step, in_octets, out_octets)                                             \
    AVX2 static inline void name(const uint8_t *in, uint8_t *out, ptrdiff_t n)                      \
    {                                                                                               \
        ptrdiff_t i = 0;                                                                            \
        for (; i + 32 <= n; i += 32) step(in + i * in_octets, out + i * out_octets);                \
        if (i < n) step(in + (n - 32) * in_octets, out + (n - 32) * out_octets);                    \
    }

BLOCKS_OF_32(pcmu_decode_avx2, pcmu_decode32, 1, 2)
BLOCKS_OF_32(pcma_decode_avx2, pcma_decode32, 1, 2)
BLOCKS_OF_32(pcmu_encode_avx2, pcmu_encode32, 2, 1)
BLOCKS_OF_32(pcma_encode_avx2, pcma_encode32, 2, 1)
BLOCKS_OF_32(audioop_ulaw_encode_avx2, audioop_ulaw_encode32, 2, 1)

#undef BLOCKS_OF_32
#undef AVX2

#else

/* No vector form for this processor: rtpcodec_cpu_has_avx2() is 0, and these are never called. */
#define ABSENT(name)                                                                                \
    static inline void name(const uint8_t *in, uint8_t *out, ptrdiff_t n) { (void)in, (void)out, (void)n; }
ABSENT(pcmu_decode_avx2)
ABSENT(pcma_decode_avx2)
ABSENT(pcmu_encode_avx2)
ABSENT(pcma_encode_avx2)
ABSENT(audioop_ulaw_encode_avx2)
#undef ABSENT

static inline void transcode_avx2(const uint8_t *in, uint8_t *out, ptrdiff_t n, const uint8_t steps[8][16],
                                  const uint8_t corrections[16])
{
    (void)in, (void)out, (void)n, (void)steps, (void)corrections;
}

#endif
#endif

/* base64 in AVX2: 24 octets and 32 characters a step, equal to the definition in base64.pyx.
 *
 * The functions take whole groups of three octets and four characters, 8 groups or more, without padding; in and out
 * must not overlap. The last step is redone as a full step that ends with the last group. Loads and stores are
 * unaligned; nothing outside the 3 * groups octets and 4 * groups characters is touched.
 */
#ifndef RTPCODEC_BASE64_AVX2_H
#define RTPCODEC_BASE64_AVX2_H

#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))
#define STEP_GROUPS 8

/* A table for the byte shuffle: the same 16 octets in both halves of a register. */
AVX2 static inline __m256i base64_table(char a0, char a1, char a2, char a3, char a4, char a5, char a6, char a7,
                                        char a8, char a9, char a10, char a11, char a12, char a13, char a14, char a15)
{
    return _mm256_setr_epi8(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15,
                            a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15);
}

/* ---- encode ---------------------------------------------------------------------------------------------------- */

/* 24 octets as 32 values of 6 bits.
 *
 *   octets of a group    aaaaaabb bbbbcccc ccdddddd
 *   in a word of 32 bits as the 16-bit halves (octets 1, 0) and (octets 2, 1), low octet first:
 *                        low half  aaaaaabb bbbbcccc      high half  bbbbcccc ccdddddd
 *
 * In each half, one value is moved down to bits 0..5 by a multiplication that keeps the high 16 bits, the other one up
 * to bits 8..13 by one that keeps the low 16 bits. */
AVX2 static inline __m256i base64_values_of(const uint8_t *octets)
{
    /* The upper half loads octets 8..23 and uses the last 12, so that nothing beyond octet 23 is read. */
    const __m256i halves = _mm256_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10,
                                            5, 4, 6, 5, 8, 7, 9, 8, 11, 10, 12, 11, 14, 13, 15, 14);
    __m128i lower = _mm_loadu_si128((const __m128i *)octets);
    __m128i upper = _mm_loadu_si128((const __m128i *)(octets + 8));
    __m256i words = _mm256_shuffle_epi8(_mm256_inserti128_si256(_mm256_castsi128_si256(lower), upper, 1), halves);
    /* a: bits 10..15 of the low half, down by 10. c: bits 6..11 of the high half, down by 6. */
    __m256i first_third = _mm256_mulhi_epu16(_mm256_and_si256(words, _mm256_set1_epi32(0x0FC0FC00)),
                                             _mm256_set1_epi32(0x04000040));
    /* b: bits 4..9 of the low half, up by 4. d: bits 0..5 of the high half, up by 8. */
    __m256i second_fourth = _mm256_mullo_epi16(_mm256_and_si256(words, _mm256_set1_epi32(0x003F03F0)),
                                               _mm256_set1_epi32(0x01000010));
    return _mm256_or_si256(first_third, second_fourth);
}

/* The characters of 32 values: each range of the alphabet is a constant away from its values.
 *
 *   value 0..25 'A'  26..51 'a'  52..61 '0'  62 '+'  63 '/'
 *   range     13          0      1 .. 10      11      12
 *
 * Saturated subtraction of 51 gives the ranges from 52 on; 13 is put where the value is below 26. */
AVX2 static inline __m256i base64_characters_of(__m256i values)
{
    const __m256i distance_of = base64_table('a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                                             '0' - 52, '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0);
    __m256i range = _mm256_subs_epu8(values, _mm256_set1_epi8(51));
    __m256i is_capital = _mm256_cmpgt_epi8(_mm256_set1_epi8(26), values);
    range = _mm256_or_si256(range, _mm256_and_si256(is_capital, _mm256_set1_epi8(13)));
    return _mm256_add_epi8(values, _mm256_shuffle_epi8(distance_of, range));
}

AVX2 static inline void base64_encode_step(const uint8_t *octets, uint8_t *out)
{
    _mm256_storeu_si256((__m256i *)out, base64_characters_of(base64_values_of(octets)));
}

AVX2 static inline void base64_encode_groups_avx2(const uint8_t *octets, uint8_t *out, ptrdiff_t groups)
{
    ptrdiff_t i = 0;
    for (; i + STEP_GROUPS <= groups; i += STEP_GROUPS) base64_encode_step(octets + 3 * i, out + 4 * i);
    if (i < groups) base64_encode_step(octets + 3 * (groups - STEP_GROUPS), out + 4 * (groups - STEP_GROUPS));
}

/* ---- decode ---------------------------------------------------------------------------------------------------- */

/* Decode 32 characters. Returns octets that are not zero where a character is not in the alphabet.
 *
 *   high nibble  2            3         4         5         6         7         others
 *   allowed      + (B) / (F)  0-9 (0-9) A-O (1-F) P-Z (0-A) a-o (1-F) p-z (0-A) none
 *
 * A bit per column (4 and 6, 5 and 7 share one): set in the low nibble's table where the column does not allow it. */
AVX2 static inline __m256i base64_decode_step(const uint8_t *text, uint8_t *out)
{
    const __m256i column_of_high = base64_table(16, 16, 1, 2, 4, 8, 4, 8, 16, 16, 16, 16, 16, 16, 16, 16);
    const __m256i columns_without_low = base64_table(21, 17, 17, 17, 17, 17, 17, 17, 17, 17, 19, 26, 27, 27, 27, 26);
    /* From character to value by high nibble; column 1 is free and serves '/', which is 3 closer than '+'. */
    const __m256i distance_of = base64_table(0, 63 - '/', 62 - '+', 52 - '0', -'A', -'A', 26 - 'a', 26 - 'a',
                                             0, 0, 0, 0, 0, 0, 0, 0);
    const __m256i nibble = _mm256_set1_epi8(0x0F);
    __m256i characters = _mm256_loadu_si256((const __m256i *)text);
    __m256i high = _mm256_and_si256(_mm256_srli_epi32(characters, 4), nibble);
    __m256i low = _mm256_and_si256(characters, nibble);
    __m256i wrong = _mm256_and_si256(_mm256_shuffle_epi8(column_of_high, high),
                                     _mm256_shuffle_epi8(columns_without_low, low));
    __m256i is_slash = _mm256_cmpeq_epi8(characters, _mm256_set1_epi8('/'));
    __m256i values = _mm256_add_epi8(characters, _mm256_shuffle_epi8(distance_of, _mm256_add_epi8(high, is_slash)));
    /* Two values to 12 bits, two of these to the 24 bits of a group; then its octets in order, without the fourth. */
    __m256i pairs = _mm256_maddubs_epi16(values, _mm256_set1_epi32(0x01400140));
    __m256i groups = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00011000));
    __m256i octets = _mm256_shuffle_epi8(groups, base64_table(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1));
    octets = _mm256_permutevar8x32_epi32(octets, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7));
    _mm_storeu_si128((__m128i *)out, _mm256_castsi256_si128(octets));
    _mm_storel_epi64((__m128i *)(out + 16), _mm256_extracti128_si256(octets, 1));
    return wrong;
}

/* Whether all characters are in the alphabet. */
AVX2 static inline int base64_decode_groups_avx2(const uint8_t *text, uint8_t *out, ptrdiff_t groups)
{
    __m256i wrong = _mm256_setzero_si256();
    ptrdiff_t i = 0;
    for (; i + STEP_GROUPS <= groups; i += STEP_GROUPS)
        wrong = _mm256_or_si256(wrong, base64_decode_step(text + 4 * i, out + 3 * i));
    if (i < groups) {
        i = groups - STEP_GROUPS;
        wrong = _mm256_or_si256(wrong, base64_decode_step(text + 4 * i, out + 3 * i));
    }
    return _mm256_testz_si256(wrong, wrong);
}

#undef AVX2
#undef STEP_GROUPS

#else

/* No vector form for this processor: rtpcodec_cpu_has_avx2() is 0, and these are never called. */
static inline void base64_encode_groups_avx2(const uint8_t *octets, uint8_t *out, ptrdiff_t groups)
{
    (void)octets, (void)out, (void)groups;
}

static inline int base64_decode_groups_avx2(const uint8_t *text, uint8_t *out, ptrdiff_t groups)
{
    (void)text, (void)out, (void)groups;
    return 0;
}

#endif
#endif

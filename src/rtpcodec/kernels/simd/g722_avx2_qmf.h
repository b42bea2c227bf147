/* Both quadrature mirror filters of G.722 for a whole chunk, apart from the recursion of the bands: 8 sums in the
 * 32-bit words of a vector. Arrays are padded; what the last vector finds beyond the chunk is not used. */
#ifndef RTPCODEC_G722_AVX2_QMF_H
#define RTPCODEC_G722_AVX2_QMF_H

#include "rtpcodec/kernels/simd/g722_avx2_tables.h"

G722_STEP __m256i g722_limit(__m256i words) {
    const __m256i capped = _mm256_min_epi16(words, _mm256_set1_epi16(16383));
    return _mm256_max_epi16(capped, _mm256_set1_epi16(-16384));
}

/* Eight sums of products with 12 taps, at 14 bits of fraction: the first over x[0] to x[11], each next one two words
 * further, so that the two words under a pair of taps are a 32-bit word. */
G722_STEP __m256i g722_eight(const int16_t* x, const __m256i* taps) {
    __m256i sum = _mm256_setzero_si256();
    for (int t = 0; t < 6; t++) {
        const __m256i pairs = _mm256_loadu_si256((const __m256i*)(x + 2 * t));
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, taps[t]));
    }
    return sum;
}

/* The even words of 32 samples to even, the odd ones to odd. */
G722_STEP void g722_part(const int16_t* samples, int16_t* even, int16_t* odd) {
    const __m256i first = _mm256_loadu_si256((const __m256i*)samples);
    const __m256i second = _mm256_loadu_si256((const __m256i*)(samples + 16));
    const __m256i first_even = _mm256_srai_epi32(_mm256_slli_epi32(first, 16), 16);
    const __m256i second_even = _mm256_srai_epi32(_mm256_slli_epi32(second, 16), 16);
    const __m256i evens = _mm256_packs_epi32(first_even, second_even);
    const __m256i odds = _mm256_packs_epi32(_mm256_srai_epi32(first, 16), _mm256_srai_epi32(second, 16));
    _mm256_storeu_si256((__m256i*)even, _mm256_permute4x64_epi64(evens, 0xD8));
    _mm256_storeu_si256((__m256i*)odd, _mm256_permute4x64_epi64(odds, 0xD8));
}

/* Words of the even pairs and of the odd pairs in turns, over 2^14 and limited. */
G722_STEP __m256i g722_sub_band(__m256i of_even, __m256i of_odd) {
    const __m256i even = _mm256_srai_epi32(of_even, 14);
    const __m256i odd = _mm256_slli_epi32(_mm256_srai_epi32(of_odd, 14), 16);
    return g722_limit(_mm256_blend_epi16(even, odd, 0xAA));
}

/* xl and xh of 16 pairs from the second and the first samples of pairs (ACCUMA and ACCUMB, LOWT and HIGHT). */
G722_STEP void g722_transmit_sixteen(const int16_t* xa, const int16_t* xb, int16_t* xl, int16_t* xh) {
    const __m256i* for_xa = g722_data.constant.taps[0];
    const __m256i* for_xb = g722_data.constant.taps[1];
    const __m256i even_a = g722_eight(xa, for_xa);
    const __m256i even_b = g722_eight(xb, for_xb);
    const __m256i odd_a = g722_eight(xa + 1, for_xa);
    const __m256i odd_b = g722_eight(xb + 1, for_xb);
    const __m256i low = g722_sub_band(_mm256_add_epi32(even_a, even_b), _mm256_add_epi32(odd_a, odd_b));
    const __m256i high = g722_sub_band(_mm256_sub_epi32(even_a, even_b), _mm256_sub_epi32(odd_a, odd_b));
    _mm256_storeu_si256((__m256i*)xl, low);
    _mm256_storeu_si256((__m256i*)xh, high);
}

G722_AVX2 static void g722_transmit_qmf(int16_t* history, const uint8_t* pcm, int16_t* xl, int16_t* xh, int pairs) {
    int16_t x[22 + 2 * RTPCODEC_G722_PADDED];
    int16_t xa[16 + RTPCODEC_G722_PADDED];
    int16_t xb[16 + RTPCODEC_G722_PADDED];
    memcpy(x, history, 44);
    memcpy(x + 22, pcm, 4 * (size_t)pairs);
    memset(x + 22 + 2 * pairs, 0, 128);
    for (int k = 0; k < pairs + 27; k += 16) {
        g722_part(x + 2 * k, xb + k, xa + k);
    }
    for (int k = 0; k < pairs; k += 16) {
        g722_transmit_sixteen(xa + k, xb + k, xl + k, xh + k);
    }
    memcpy(history, x + 2 * pairs, 44);
}

/* 32 samples of 16 pairs, in order. */
G722_STEP void g722_receive_sixteen(const int16_t* xd, const int16_t* xs, int16_t* pcm) {
    const __m128i in_turns = _mm_setr_epi8(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15);
    const __m256i interleave = _mm256_broadcastsi128_si256(in_turns);
    /* Saturated words of even pairs, then of odd pairs: four of ACCUMC and four of ACCUMD in a half, then in turns. */
    const __m256i* for_xd = g722_data.constant.taps[0];
    const __m256i* for_xs = g722_data.constant.taps[1];
    const __m256i even_c = _mm256_srai_epi32(g722_eight(xd, for_xd), 11);
    const __m256i even_d = _mm256_srai_epi32(g722_eight(xs, for_xs), 11);
    const __m256i odd_c = _mm256_srai_epi32(g722_eight(xd + 1, for_xd), 11);
    const __m256i odd_d = _mm256_srai_epi32(g722_eight(xs + 1, for_xs), 11);
    const __m256i even = _mm256_shuffle_epi8(_mm256_packs_epi32(even_c, even_d), interleave);
    const __m256i odd = _mm256_shuffle_epi8(_mm256_packs_epi32(odd_c, odd_d), interleave);
    const __m256i first = _mm256_unpacklo_epi32(even, odd);
    const __m256i second = _mm256_unpackhi_epi32(even, odd);
    _mm256_storeu_si256((__m256i*)pcm, _mm256_permute2x128_si256(first, second, 0x20));
    _mm256_storeu_si256((__m256i*)(pcm + 16), _mm256_permute2x128_si256(first, second, 0x31));
}

G722_AVX2 static void g722_receive_qmf(int16_t* history, const int16_t* rl, const int16_t* rh, uint8_t* pcm,
                                       int pairs) {
    int16_t xd[11 + RTPCODEC_G722_PADDED];
    int16_t xs[11 + RTPCODEC_G722_PADDED];
    int16_t samples[2 * RTPCODEC_G722_PADDED];
    memcpy(xd, history, 22);
    memcpy(xs, history + 11, 22);
    for (int k = 0; k < pairs; k += 16) {
        const __m256i lower = _mm256_loadu_si256((const __m256i*)(rl + k));
        const __m256i upper = _mm256_loadu_si256((const __m256i*)(rh + k));
        _mm256_storeu_si256((__m256i*)(xd + 11 + k), _mm256_sub_epi16(lower, upper));
        _mm256_storeu_si256((__m256i*)(xs + 11 + k), _mm256_add_epi16(lower, upper));
    }
    memset(xd + 11 + pairs, 0, 64);
    memset(xs + 11 + pairs, 0, 64);
    for (int k = 0; k < pairs; k += 16) {
        g722_receive_sixteen(xd + k, xs + k, samples + 2 * k);
    }
    memcpy(pcm, samples, 4 * (size_t)pairs);
    memcpy(history, xd + pairs, 22);
    memcpy(history + 11, xs + pairs, 22);
}

#endif

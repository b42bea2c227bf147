/* G.722, one stream, AVX2: the decoder. Registers are laid out as in g722_avx2.h.
 *
 * All but the predictions depends on the codes alone, so the processor works on several pairs at the same time, and the
 * number of instructions is what counts, of vectors most: scale factors are scalars, and the differences of the output
 * wait for 16 pairs at a time.
 */
#ifndef RTPCODEC_G722_AVX2_DECODE_H
#define RTPCODEC_G722_AVX2_DECODE_H

#include "rtpcodec/kernels/simd/g722_avx2.h"
#include "rtpcodec/kernels/simd/g722_avx2_blocks.h"

enum { G722_DIFFERENCES = 6 /* that the zero section remembers */ };

/* FILTEZ, each addition saturated. */
G722_STEP __m256i g722_filtez(__m256i d, __m256i b) {
    const __m256i products = g722_products(d, b);
    return _mm256_adds_epi16(g722_older_sum(products), g722_spread(products, 0));
}

/* FILTEZ of quiet differences, on which no addition can saturate: |2 d * b >> 15| <= 2 |d|, so that six products stay
 * within 16 bits, and so does 4 d. */
G722_STEP __m256i g722_quiet_filtez(__m256i d, __m256i b) {
    const __m256i products = _mm256_mulhi_epi16(_mm256_slli_epi16(d, 2), b);
    const __m256i two = _mm256_madd_epi16(products, g722_data.constant.six_ones);
    const __m256i four = _mm256_add_epi32(two, _mm256_shuffle_epi32(two, 0x4E));
    const __m256i all = _mm256_add_epi32(four, _mm256_shuffle_epi32(four, 0xB1));
    return _mm256_packs_epi32(all, all);
}

/* 32-bit words of both in turns: what belongs to AL1 and to AL2 goes through one instruction. */
G722_STEP __m256i g722_in_turns(__m256i first, __m256i second) {
    return _mm256_blend_epi32(first, second, 0xAA);
}

/* UPPOL2 and UPPOL1, as in g722_poles, of coefficients in turns; `turn` has turn and turn2 in turns. */
G722_STEP __m256i g722_both_poles(__m256i a, __m256i turn) {
    const g722_pole_pair* pair = &g722_data.constant.pole_pair;
    const __m256i quarter = _mm256_mulhi_epi16(a, _mm256_sign_epi16(pair->quarter, turn));
    const __m256i capped = _mm256_min_epi16(quarter, g722_data.constant.wd2_most);
    const __m256i wd2 = _mm256_slli_epi64(_mm256_max_epi16(capped, g722_data.constant.wd2_least), 32);
    const __m256i leaked = _mm256_add_epi16(a, _mm256_mulhi_epi16(a, pair->leak));
    const __m256i free = _mm256_add_epi16(_mm256_add_epi16(leaked, _mm256_sign_epi16(pair->step, turn)), wd2);
    const __m256i under = _mm256_max_epi16(_mm256_min_epi16(free, pair->most), pair->least);
    const __m256i a2 = _mm256_srli_epi64(under, 32);
    const __m256i upper = _mm256_sub_epi16(pair->limit, a2);
    const __m256i lower = _mm256_sub_epi16(a2, pair->limit);
    return _mm256_max_epi16(_mm256_min_epi16(under, upper), lower);
}

/* From the difference, replicated, to the next prediction. `a` has AL1 and AL2 in turns with zeros in the odd words, so
 * that a product has its 32-bit word alone. `quiet` says that d0 and the five before it are. */
G722_STEP void g722_follow(g722_predictor* now, __m256i* a, __m256i d0, int quiet) {
    const __m256i p0 = _mm256_adds_epi16(d0, now->sz);
    now->b = g722_upzero(now->b, _mm256_sign_epi16(g722_toward(now->d), d0));
    now->d = _mm256_alignr_epi8(now->d, d0, 14); /* d0 moves in at word 0 */
    now->sz = quiet ? g722_quiet_filtez(now->d, now->b) : g722_filtez(now->d, now->b);

    *a = g722_both_poles(*a, g722_turn(p0, g722_in_turns(now->p1, now->p2)));
    const __m256i r0 = _mm256_adds_epi16(now->s, d0);
    const __m256i two_r0 = _mm256_adds_epi16(r0, r0);
    const __m256i wd = _mm256_srai_epi32(_mm256_madd_epi16(*a, g722_in_turns(two_r0, now->two_r)), 15);
    const __m256i sum = _mm256_add_epi32(wd, _mm256_shuffle_epi32(wd, 0xB1));
    now->s = _mm256_adds_epi16(_mm256_packs_epi32(sum, sum), now->sz);
    now->r = r0;
    now->two_r = two_r0;
    now->p2 = now->p1;
    now->p1 = p0;
}

G722_STEP __m256i g722_difference_at(uint32_t place) {
    return _mm256_set1_epi32(*(const int32_t*)((const char*)&g722_data + place));
}

/* DLT and DH, replicated, by scale factors and code. A row has 64 octets in the lower band, 16 in the higher. */
G722_STEP __m256i g722_differences_of(int nbl, int nbh, const uint32_t* code_place) {
    const __m256i lower = g722_difference_at((uint32_t)(nbl & -64) + code_place[0]);
    const __m256i upper = g722_difference_at((uint32_t)(nbh >> 2 & -16) + code_place[1]);
    return _mm256_blend_epi32(lower, upper, 0xF0);
}

/* Predictions SL and scale factors NBL of the lower band, RH of the higher. */
G722_AVX2 static void g722_find_signals(rtpcodec_g722_stream* stream, const uint8_t* codes, int16_t* sl, int16_t* nbs,
                                        int16_t* rh, int pairs) {
    g722_predictor now = g722_load(&stream->low, &stream->high);
    int nbl = stream->low.nb;
    int nbh = stream->high.nb;
    int quiet_from = G722_DIFFERENCES;
    __m256i a = _mm256_and_si256(g722_in_turns(now.a1, now.a2), g722_data.constant.even);
    for (int k = 0; k < pairs; k++) {
        g722_put_low(sl + k, now.s);
        nbs[k] = (int16_t)nbl;
        const __m256i d0 = g722_differences_of(nbl, nbh, g722_data.code_place[codes[k]]);
        if (nbl >= g722_data.quiet_low || nbh >= g722_data.quiet_high) {
            quiet_from = k + G722_DIFFERENCES;
        }
        nbl = g722_next_nb(nbl, g722_data.code_low[codes[k]], G722_LOW_MOST);
        nbh = g722_next_nb(nbh, g722_data.code_high[codes[k]], G722_HIGH_MOST);
        g722_follow(&now, &a, d0, k >= quiet_from);
        g722_put_high(rh + k, now.r);
    }
    now.a1 = a;
    now.a2 = _mm256_srli_epi64(a, 32);
    stream->low.nb = (int16_t)nbl;
    stream->high.nb = (int16_t)nbh;
    stream->low.det = g722_data.low_det[nbl >> 6];
    stream->high.det = g722_data.high_det[nbh >> 6];
    g722_store_band(&stream->low, &now, 0);
    g722_store_band(&stream->high, &now, 1);
}

/* DL of 16 pairs. */
G722_STEP __m256i g722_invqbl(const uint8_t* codes, const int16_t* nbs, const g722_split* dequantized) {
    const __m256i nbl = _mm256_loadu_si256((const __m256i*)nbs);
    const __m256i octets = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i*)codes));
    const __m256i il = _mm256_and_si256(octets, _mm256_set1_epi16(63));
    return g722_mult(g722_scale_lanes(nbl, &g722_lane_data.power_low), g722_dequantize(il, dequantized));
}

/* RECONS and LIMIT for the chunk: rl = sl + dl. */
G722_AVX2 static void g722_limit_bands(const int16_t* sl, const int16_t* nbs, const uint8_t* codes, int16_t* rl,
                                       int16_t* rh, int pairs, int mode) {
    for (int k = 0; k < pairs; k += 16) {
        const __m256i dl = g722_invqbl(codes + k, nbs + k, g722_lane_data.dequantized[mode - 1]);
        const __m256i s = _mm256_loadu_si256((const __m256i*)(sl + k));
        const __m256i r = _mm256_loadu_si256((const __m256i*)(rh + k));
        _mm256_storeu_si256((__m256i*)(rl + k), g722_limit(_mm256_adds_epi16(s, dl)));
        _mm256_storeu_si256((__m256i*)(rh + k), g722_limit(r));
    }
}

/* The band coders alone; at most RTPCODEC_G722_CHUNK pairs, rl and rh with room for RTPCODEC_G722_PADDED. */
static void g722_avx2_decode_bands(rtpcodec_g722_stream* stream, const uint8_t* codes, int16_t* rl, int16_t* rh,
                                   int pairs, int mode) {
    uint8_t padded[RTPCODEC_G722_PADDED];
    int16_t sl[RTPCODEC_G722_PADDED];
    int16_t nbs[RTPCODEC_G722_PADDED];
    memcpy(padded, codes, (size_t)pairs);
    memset(padded + pairs, 0, 16);
    g722_find_signals(stream, padded, sl, nbs, rh, pairs);
    memset(sl + pairs, 0, 32);
    memset(nbs + pairs, 0, 32);
    memset(rh + pairs, 0, 32);
    g722_limit_bands(sl, nbs, padded, rl, rh, pairs, mode);
}

#endif

/* G.722, one stream, AVX2: bit for bit the definition in g722.pyx, which says what the steps are for.
 *
 * Both sub-bands run in one 256-bit register of 16-bit words, the lower band in the lower half (words 0 to 7), the
 * higher band in the upper half. A scalar of the standard (s, sz, a1, a2) is kept replicated in all 8 words of its
 * half, so that no broadcast lies on the way from one sample to the next; b and d hold BL1 to BL6 and DLT1 to DLT6 in
 * words 0 to 5.
 *
 * The identities that are used throughout, with floor division as by >> of the standard:
 *   x * 32640 >> 15  =  x + high half of x * -256     (leak by 1/256)
 *   x * 32512 >> 15  =  x + high half of x * -512     (leak by 1/128)
 *   saturating 16-bit adds are the `+` of the standard
 */
#ifndef RTPCODEC_G722_AVX2_H
#define RTPCODEC_G722_AVX2_H

#include "rtpcodec/kernels/g722_state.h"
#include "rtpcodec/kernels/simd/g722_avx2_qmf.h"
#include "rtpcodec/kernels/simd/g722_avx2_tables.h"

typedef struct {
    __m256i s, sz, a1, a2; /* replicated */
    __m256i r, two_r;      /* in the even words */
    __m256i p1, p2;        /* words with the signs of PLT1 and PLT2, replicated; the encoder has -1 and 0 */
    __m256i b, d;          /* words 0 to 5 of each half; words 6 and 7 are left over */
} g722_predictor;

/* low in all words of the lower half, high in all words of the upper half. */
G722_STEP __m256i g722_pair(const int16_t* low, const int16_t* high) {
    const __m256i lower = _mm256_set1_epi16(*low);
    const __m256i upper = _mm256_set1_epi16(*high);
    return _mm256_blend_epi32(lower, upper, 0xF0);
}

G722_STEP __m256i g722_two_vectors(const int16_t* low, const int16_t* high) {
    const __m256i lower = _mm256_castsi128_si256(_mm_loadu_si128((const __m128i*)low));
    return _mm256_inserti128_si256(lower, _mm_loadu_si128((const __m128i*)high), 1);
}

G722_STEP g722_predictor g722_load(const rtpcodec_g722_band* low, const rtpcodec_g722_band* high) {
    g722_predictor now;
    now.s = g722_pair(&low->s, &high->s);
    now.sz = g722_pair(&low->sz, &high->sz);
    now.a1 = g722_pair(&low->a[0], &high->a[0]);
    now.a2 = g722_pair(&low->a[1], &high->a[1]);
    now.r = g722_pair(&low->r, &high->r);
    now.two_r = _mm256_adds_epi16(now.r, now.r);
    now.p1 = g722_pair(&low->p[0], &high->p[0]);
    now.p2 = g722_pair(&low->p[1], &high->p[1]);
    now.b = g722_two_vectors(low->b, high->b);
    now.d = g722_two_vectors(low->d, high->d);
    return now;
}

G722_STEP void g722_store_band(rtpcodec_g722_band* band, const g722_predictor* now, int half) {
    int16_t words[9][16];
    const __m256i six = _mm256_setr_epi16(-1, -1, -1, -1, -1, -1, 0, 0, -1, -1, -1, -1, -1, -1, 0, 0);
    _mm256_storeu_si256((__m256i*)words[0], now->s);
    _mm256_storeu_si256((__m256i*)words[1], now->sz);
    _mm256_storeu_si256((__m256i*)words[2], now->a1);
    _mm256_storeu_si256((__m256i*)words[3], now->a2);
    _mm256_storeu_si256((__m256i*)words[4], now->r);
    _mm256_storeu_si256((__m256i*)words[5], _mm256_srai_epi16(now->p1, 15));
    _mm256_storeu_si256((__m256i*)words[6], _mm256_srai_epi16(now->p2, 15));
    _mm256_storeu_si256((__m256i*)words[7], _mm256_and_si256(now->b, six));
    _mm256_storeu_si256((__m256i*)words[8], _mm256_and_si256(now->d, six));
    band->s = words[0][8 * half];
    band->sz = words[1][8 * half];
    band->a[0] = words[2][8 * half];
    band->a[1] = words[3][8 * half];
    band->r = words[4][8 * half];
    band->p[0] = words[5][8 * half];
    band->p[1] = words[6][8 * half];
    memcpy(band->b, &words[7][8 * half], sizeof band->b);
    memcpy(band->d, &words[8][8 * half], sizeof band->d);
}

/* Word `word` of each half, replicated. */
G722_STEP __m256i g722_spread(__m256i words, int word) {
    return _mm256_shuffle_epi8(words, _mm256_set1_epi16((short)(0x0100 + 0x0202 * word)));
}

/* UPZERO without the leak: 128 or -128 by the sign of DLTi; still to be multiplied by the sign of DLT. */
G722_STEP __m256i g722_toward(__m256i d) {
    return _mm256_sign_epi16(g722_data.constant.toward, _mm256_or_si256(d, g722_data.constant.one));
}

/* No sum can leave 16 bits: the leak makes room for 128 where |b| is largest. */
G722_STEP __m256i g722_upzero(__m256i b, __m256i move) {
    const __m256i leaked = _mm256_add_epi16(b, _mm256_mulhi_epi16(b, g722_data.constant.leak_256));
    return _mm256_add_epi16(leaked, move);
}

/* The products of FILTEZ: 2 d * b >> 15, the high half of 4 d * b. But 4 d can leave 16 bits (|DLT| <= 10228). With
 * w = 4 d wrapped to 16 bits and k = (4 d - w) / 65536, which is -1, 0 or 1, it is: high half of w * b, plus k b. */
G722_STEP __m256i g722_products(__m256i d, __m256i b) {
    const __m256i w = _mm256_slli_epi16(d, 2);
    const __m256i k = _mm256_srai_epi16(_mm256_add_epi16(d, g722_data.constant.wrap), 14);
    return _mm256_add_epi16(_mm256_mulhi_epi16(w, b), _mm256_sign_epi16(b, k));
}

/* The sum of products 6 to 2, one by one, because every addition saturates. */
G722_STEP __m256i g722_older_sum(__m256i products) {
    __m256i sz = _mm256_adds_epi16(g722_spread(products, 5), g722_spread(products, 4));
    sz = _mm256_adds_epi16(sz, g722_spread(products, 3));
    sz = _mm256_adds_epi16(sz, g722_spread(products, 2));
    return _mm256_adds_epi16(sz, g722_spread(products, 1));
}

/* UPPOL2 and UPPOL1 in four cases: does PLT differ in sign from PLT1 (bit 0 of a case), from PLT2 (bit 1)? Case c is
 * in words c and c + 4. */
G722_STEP void g722_pole_cases(const g722_predictor* now, __m256i* a1, __m256i* a2) {
    /* wd2 = -4 a1 or 4 a1, saturated, >> 7. That is -a1 or a1 over 32, limited: high half of a1 * -2048 or 2048. */
    const __m256i quarter = _mm256_mulhi_epi16(now->a1, g722_data.constant.quarter);
    const __m256i capped = _mm256_min_epi16(quarter, g722_data.constant.wd2_most);
    const __m256i wd2 = _mm256_max_epi16(capped, g722_data.constant.wd2_least);
    const __m256i wd3 = g722_data.constant.wd3; /* 128, or -128 in cases 2 and 3 */
    const __m256i leaked2 = _mm256_add_epi16(now->a2, _mm256_mulhi_epi16(now->a2, g722_data.constant.leak_128));
    const __m256i free2 = _mm256_add_epi16(_mm256_add_epi16(leaked2, wd3), wd2);
    *a2 = _mm256_max_epi16(_mm256_min_epi16(free2, g722_data.constant.a2_most), g722_data.constant.a2_least);

    /* |a1| <= 27648, so nothing here can overflow. 192, or -192 in cases 1 and 3; 15360 - a2 limits. */
    const __m256i leaked1 = _mm256_add_epi16(now->a1, _mm256_mulhi_epi16(now->a1, g722_data.constant.leak_256));
    const __m256i free1 = _mm256_add_epi16(leaked1, g722_data.constant.wd1);
    const __m256i upper = _mm256_sub_epi16(g722_data.constant.limit, *a2);
    const __m256i lower = _mm256_sub_epi16(*a2, g722_data.constant.limit);
    *a1 = _mm256_max_epi16(_mm256_min_epi16(free1, upper), lower);
}

/* The shuffle that replicates the words of the case that came true, octets 2 c and 2 c + 1. sg0 is the sign of PLT;
 * the signs before are joined first, as they are known before d0. */
G722_STEP __m256i g722_pick(const g722_predictor* now, __m256i sg0) {
    const __m256i from_sg1 = _mm256_and_si256(now->p1, g722_data.constant.case_sg1);
    const __m256i from_sg2 = _mm256_and_si256(now->p2, g722_data.constant.case_sg2);
    const __m256i known = _mm256_xor_si256(_mm256_xor_si256(from_sg1, from_sg2), g722_data.constant.case_base);
    return _mm256_xor_si256(known, _mm256_and_si256(sg0, g722_data.constant.case_sg0));
}

/* From the difference, in 32-bit words, and the next output of the zero section to the next prediction. Both
 * coefficients of the pole section and SPL are computed for all cases while d0 is still under way, and picked
 * afterwards. */
G722_STEP void g722_predict(g722_predictor* now, __m256i d0, __m256i sz) {
    const __m256i zero = _mm256_setzero_si256();
    const __m256i sg0 = _mm256_srai_epi32(_mm256_add_epi32(d0, _mm256_srai_epi32(now->sz, 16)), 31);
    const __m256i pick = g722_pick(now, sg0);
    __m256i a1;
    __m256i a2;
    g722_pole_cases(now, &a1, &a2);

    /* FILTEP. A product needs its 32-bit word alone: zeros between the coefficients. */
    const __m256i r0 = _mm256_adds_epi16(now->s, d0);
    const __m256i two_r0 = _mm256_adds_epi16(r0, r0);
    const __m256i wd1 = _mm256_srai_epi32(_mm256_madd_epi16(_mm256_unpacklo_epi16(a1, zero), two_r0), 15);
    const __m256i wd2 = _mm256_srai_epi32(_mm256_madd_epi16(_mm256_unpacklo_epi16(a2, zero), now->two_r), 15);
    const __m256i sum = _mm256_add_epi32(wd1, wd2);
    const __m256i sp = _mm256_packs_epi32(sum, sum);

    now->a1 = _mm256_shuffle_epi8(a1, pick);
    now->a2 = _mm256_shuffle_epi8(a2, pick);
    now->s = _mm256_adds_epi16(_mm256_shuffle_epi8(sp, pick), sz);
    now->sz = sz;
    now->r = r0;
    now->two_r = two_r0;
    now->p2 = now->p1;
    now->p1 = sg0;
}

/* LOGSCL and LOGSCH as scalars: nb * 32512 >> 15 = nb - (nb + 127 >> 7) for nb >= 0. As an unsigned number a negative
 * sum exceeds the maximum too; the sign of the step distinguishes the two, because the leak alone stays in the range. */
G722_STEP int g722_next_nb(int nb, g722_move move, unsigned most) {
    const int moved = nb - ((nb + 127) >> 7) + move.step;
    return (unsigned)moved > most ? move.stop : moved;
}

/* ---- Encoder */

/* The words of one half at `at` and beyond: later ones overwrite all but the first. */
G722_STEP void g722_put_low(int16_t* at, __m256i words) {
    _mm_storeu_si128((__m128i*)at, _mm256_castsi256_si128(words));
}

G722_STEP void g722_put_high(int16_t* at, __m256i words) {
    _mm_storeu_si128((__m128i*)at, _mm256_extracti128_si256(words, 1));
}

/* What the encoder leaves for the codes, which are found for 16 pairs at a time afterwards. */
typedef struct {
    int16_t el[RTPCODEC_G722_PADDED];
    int16_t eh[RTPCODEC_G722_PADDED];
    int16_t detl[RTPCODEC_G722_PADDED];
    int16_t deth[RTPCODEC_G722_PADDED];
} g722_differences;

/* d0 in 32-bit words: a multiply-add by -1 and 0 selects and adds two levels, two steps more add all eight. */
G722_STEP __m256i g722_sum_of_levels(__m256i rising, __m256i falling, const g722_levels* low, const g722_levels* high) {
    const __m256i rise = _mm256_madd_epi16(rising, g722_two_vectors(low->rise, high->rise));
    const __m256i fall = _mm256_madd_epi16(falling, g722_two_vectors(low->fall, high->fall));
    const __m256i two = _mm256_add_epi32(rise, fall);
    const __m256i four = _mm256_add_epi32(two, _mm256_shuffle_epi32(two, 0x4E));
    return _mm256_add_epi32(four, _mm256_shuffle_epi32(four, 0xB1));
}

/* The predictor's step in the encoder. The sign of d0 is that of e, and whether it is 0 follows from a comparison:
 * so the zero section is updated and summed up to the newest product before d0 itself is known. */
G722_STEP void g722_adapt(g722_predictor* now, __m256i e, __m256i reached, __m256i d0) {
    const __m128i word_1 = _mm_set1_epi16(0x0302);
    const __m128i word_2 = _mm_set1_epi16(0x0504);
    const __m256i other_than_zero = _mm256_inserti128_si256(_mm256_castsi128_si256(word_1), word_2, 1);
    const __m256i sign = _mm256_or_si256(e, g722_data.constant.one);
    const __m256i move = _mm256_sign_epi16(g722_toward(now->d), sign);
    now->b = g722_upzero(now->b, _mm256_and_si256(move, _mm256_shuffle_epi8(reached, other_than_zero)));

    const __m256i older = _mm256_slli_si256(now->d, 2);
    const __m256i older_sum = g722_older_sum(g722_products(older, now->b));
    const __m256i newest = g722_spread(d0, 0);
    const __m256i sz = _mm256_adds_epi16(older_sum, g722_products(newest, g722_spread(now->b, 0)));
    now->d = _mm256_blend_epi16(older, newest, 0x01);
    g722_predict(now, d0, sz);
}

G722_AVX2 static void g722_find_differences(rtpcodec_g722_stream* stream, const int16_t* xl, const int16_t* xh,
                                        g722_differences* found, int pairs) {
    g722_predictor now = g722_load(&stream->low, &stream->high);
    int nbl = stream->low.nb;
    int nbh = stream->high.nb;
    for (int k = 0; k < pairs; k++) {
        const g722_levels* low = &g722_data.low_levels[nbl >> 6];
        const g722_levels* high = &g722_data.high_levels[nbh >> 6];
        const __m256i e = _mm256_subs_epi16(g722_pair(xl + k, xh + k), now.s);
        const __m256i rising = _mm256_cmpgt_epi16(e, g722_two_vectors(low->above, high->above));
        const __m256i falling = _mm256_cmpgt_epi16(g722_two_vectors(low->below, high->below), e);
        const __m256i reached = _mm256_or_si256(rising, falling);

        /* Two words for each level. */
        const unsigned bits = (unsigned)_mm256_movemask_epi8(reached);
        g722_put_low(found->el + k, e);
        g722_put_high(found->eh + k, e);
        found->detl[k] = g722_data.low_det[nbl >> 6];
        found->deth[k] = g722_data.high_det[nbh >> 6];
        nbl = g722_next_nb(nbl, g722_data.low_move[_mm_popcnt_u32(bits & 0xFFFF)], G722_LOW_MOST);
        nbh = g722_next_nb(nbh, g722_data.high_move[_mm_popcnt_u32(bits >> 16)], G722_HIGH_MOST);
        g722_adapt(&now, e, reached, g722_sum_of_levels(rising, falling, low, high));
    }
    stream->low.nb = (int16_t)nbl;
    stream->high.nb = (int16_t)nbh;
    stream->low.det = g722_data.low_det[nbl >> 6];
    stream->high.det = g722_data.high_det[nbh >> 6];
    g722_store_band(&stream->low, &now, 0);
    g722_store_band(&stream->high, &now, 1);
}

/* Which of the levels of RIL, 0 to 7, a magnitude reaches. A decision level is Q6 * 8 * DETL >> 15: the high half of
 * 16 Q6 * DETL without sign. */
G722_STEP __m256i g722_level(__m256i wd, __m256i detl) {
    __m256i level = _mm256_set1_epi16(7);
    for (int i = 0; i < 7; i++) {
        const __m256i decision = _mm256_mulhi_epu16(detl, g722_data.constant.level[i]);
        level = _mm256_add_epi16(level, _mm256_cmpgt_epi16(decision, wd));
    }
    return level;
}

/* IL of 16 magnitudes: MIL is 4 level + 2, less one for each decision level within the level that is missed. For a
 * positive difference IL is 62 - MIL; for a negative one 34 - MIL, but 64 - MIL for MIL <= 2, which is level 0. */
G722_STEP __m256i g722_il(__m256i wd, __m256i sign, __m256i detl, __m256i level) {
    const g722_places places = g722_find(level);
    __m256i mil = _mm256_add_epi16(_mm256_slli_epi16(level, 2), _mm256_set1_epi16(2));
    for (int i = 0; i < 3; i++) {
        const __m256i decision = _mm256_mulhi_epu16(detl, g722_look_up(&g722_data.within[i], places));
        mil = _mm256_add_epi16(mil, _mm256_cmpgt_epi16(decision, wd));
    }
    const __m256i smallest = _mm256_cmpeq_epi16(level, _mm256_setzero_si256());
    const __m256i apart = _mm256_blendv_epi8(_mm256_set1_epi16(-28), _mm256_set1_epi16(2), smallest);
    const __m256i il = _mm256_add_epi16(_mm256_set1_epi16(62), _mm256_and_si256(sign, apart));
    return _mm256_sub_epi16(il, mil);
}

/* QUANTL for 16 differences. */
G722_STEP __m256i g722_quantl(__m256i el, __m256i detl) {
    const __m256i sign = _mm256_srai_epi16(el, 15);
    const __m256i wd = _mm256_xor_si256(el, sign);
    return g722_il(wd, sign, detl, g722_level(wd, detl));
}

/* QUANTH for 16 differences. */
G722_STEP __m256i g722_quanth(__m256i eh, __m256i deth) {
    const __m256i sign = _mm256_srai_epi16(eh, 15);
    const __m256i wd = _mm256_xor_si256(eh, sign);
    const __m256i level = _mm256_mulhi_epu16(deth, _mm256_set1_epi16((short)(RTPCODEC_G722_Q2 << 4)));
    const __m256i below = _mm256_and_si256(_mm256_cmpgt_epi16(level, wd), g722_data.constant.one);
    return _mm256_or_si256(_mm256_andnot_si256(sign, _mm256_set1_epi16(2)), below);
}

G722_AVX2 static void g722_find_codes(const g722_differences* found, uint8_t* codes, int pairs) {
    uint8_t octets[RTPCODEC_G722_PADDED];
    for (int k = 0; k < pairs; k += 16) {
        const __m256i el = _mm256_loadu_si256((const __m256i*)(found->el + k));
        const __m256i eh = _mm256_loadu_si256((const __m256i*)(found->eh + k));
        const __m256i il = g722_quantl(el, _mm256_loadu_si256((const __m256i*)(found->detl + k)));
        const __m256i ih = g722_quanth(eh, _mm256_loadu_si256((const __m256i*)(found->deth + k)));
        const __m256i code = _mm256_or_si256(_mm256_slli_epi16(ih, 6), il);
        const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi16(code, code), 0xD8);
        _mm_storeu_si128((__m128i*)(octets + k), _mm256_castsi256_si128(packed));
    }
    memcpy(codes, octets, (size_t)pairs);
}

/* The band coders alone; at most RTPCODEC_G722_CHUNK pairs. */
static void g722_avx2_encode_bands(rtpcodec_g722_stream* stream, const int16_t* xl, const int16_t* xh, uint8_t* codes,
                                   int pairs) {
    g722_differences found;
    g722_find_differences(stream, xl, xh, &found, pairs);
    memset(found.el + pairs, 0, 32);
    memset(found.eh + pairs, 0, 32);
    memset(found.detl + pairs, 0, 32);
    memset(found.deth + pairs, 0, 32);
    g722_find_codes(&found, codes, pairs);
}

#endif

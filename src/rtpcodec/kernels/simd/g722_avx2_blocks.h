/* Blocks of the standard on 16 words at a time, of 16 streams or of 16 pairs of one stream. */
#ifndef RTPCODEC_G722_AVX2_BLOCKS_H
#define RTPCODEC_G722_AVX2_BLOCKS_H

#include "rtpcodec/kernels/simd/g722_avx2_tables.h"

/* ---- Tables */

static struct {
    g722_split ilb[2];            /* 16 ILB, by the five bits of mantissa */
    g722_split power_low;         /* 16 * 2^n */
    g722_split power_high;        /* 4 * 2^n */
    g722_split magnitude;         /* of QQ4 by level */
    g722_split level_step;        /* WL by level */
    g722_split qq4, wl;           /* by RIL */
    g722_split qq2, wh;           /* by IH */
    g722_split dequantized[3][4]; /* by mode and IL */
} g722_lane_data __attribute__((aligned(32)));

static void g722_prepare_steps(void) {
    uint16_t words[8][16] = {{0}};
    for (int i = 0; i < 16; i++) {
        words[0][i] = (uint16_t)(i < 12 ? 16 << i : 0);
        words[1][i] = (uint16_t)(i < 14 ? 4 << i : 0);
        words[2][i] = (uint16_t)(i < 8 ? RTPCODEC_G722_QQ4[15 - i] : 0);
        words[3][i] = (uint16_t)(i < 8 ? RTPCODEC_G722_WL[15 - i] : 0);
        words[4][i] = (uint16_t)RTPCODEC_G722_QQ4[i];
        words[5][i] = (uint16_t)RTPCODEC_G722_WL[i];
        words[6][i] = (uint16_t)RTPCODEC_G722_QQ2[i & 3];
        words[7][i] = (uint16_t)RTPCODEC_G722_WH[i & 3];
    }
    g722_set_split(&g722_lane_data.power_low, words[0]);
    g722_set_split(&g722_lane_data.power_high, words[1]);
    g722_set_split(&g722_lane_data.magnitude, words[2]);
    g722_set_split(&g722_lane_data.level_step, words[3]);
    g722_set_split(&g722_lane_data.qq4, words[4]);
    g722_set_split(&g722_lane_data.wl, words[5]);
    g722_set_split(&g722_lane_data.qq2, words[6]);
    g722_set_split(&g722_lane_data.wh, words[7]);
}

/* Fills the tables; after g722_prepare, before any other function. */
static void g722_prepare_lanes(void) {
    uint16_t words[16];
    g722_prepare_steps();
    for (int part = 0; part < 2; part++) {
        for (int i = 0; i < 16; i++) {
            words[i] = (uint16_t)(RTPCODEC_G722_ILB[16 * part + i] << 4);
        }
        g722_set_split(&g722_lane_data.ilb[part], words);
    }
    for (int mode = 0; mode < 3; mode++) {
        for (int part = 0; part < 4; part++) {
            memcpy(words, &g722_data.dequantized[mode][16 * part], sizeof words);
            g722_set_split(&g722_lane_data.dequantized[mode][part], words);
        }
    }
}

/* ---- Blocks of the standard */

/* QQ6, QQ5 or QQ4 by IL; `dequantized` has the four parts of a mode's table. */
G722_STEP __m256i g722_dequantize(__m256i il, const g722_split* dequantized) {
    const g722_places by_il = g722_find(_mm256_and_si256(il, _mm256_set1_epi16(15)));
    const __m256i bit_4 = _mm256_srai_epi16(_mm256_slli_epi16(il, 11), 15);
    const __m256i bit_5 = _mm256_srai_epi16(_mm256_slli_epi16(il, 10), 15);
    const __m256i part_0 = g722_look_up(&dequantized[0], by_il);
    const __m256i part_1 = g722_look_up(&dequantized[1], by_il);
    const __m256i part_2 = g722_look_up(&dequantized[2], by_il);
    const __m256i part_3 = g722_look_up(&dequantized[3], by_il);
    const __m256i lower = _mm256_blendv_epi8(part_0, part_1, bit_4);
    const __m256i upper = _mm256_blendv_epi8(part_2, part_3, bit_4);
    return _mm256_blendv_epi8(lower, upper, bit_5);
}

/* a * b >> 15: the high half doubled, and the uppermost bit of the low half. */
G722_STEP __m256i g722_mult(__m256i a, __m256i b) {
    const __m256i high = _mm256_slli_epi16(_mm256_mulhi_epi16(a, b), 1);
    return _mm256_or_si256(high, _mm256_srli_epi16(_mm256_mullo_epi16(a, b), 15));
}

/* SCALEL and SCALEH. ILB << n >> 8 is the high half of 16 ILB * 16 * 2^n without sign; >> 10 that of 16 ILB * 4 * 2^n. */
G722_STEP __m256i g722_scale_lanes(__m256i nb, const g722_split* power) {
    const __m256i state = _mm256_srli_epi16(nb, 6);
    const __m256i upper = _mm256_slli_epi16(state, 11); /* bit 4 of the mantissa, as sign of a word's upper octet */
    const g722_places mantissa = g722_find(_mm256_and_si256(state, _mm256_set1_epi16(15)));
    const __m256i first = g722_look_up(&g722_lane_data.ilb[0], mantissa);
    const __m256i second = g722_look_up(&g722_lane_data.ilb[1], mantissa);
    const __m256i ilb = _mm256_blendv_epi8(first, second, _mm256_srai_epi16(upper, 15));
    const __m256i factor = g722_look_up(power, g722_find(_mm256_srli_epi16(nb, 11)));
    return _mm256_slli_epi16(_mm256_mulhi_epu16(ilb, factor), 2);
}

/* LOGSCL and LOGSCH. */
G722_STEP __m256i g722_log_lanes(__m256i nb, __m256i step, int most) {
    const __m256i leaked = _mm256_add_epi16(nb, _mm256_mulhi_epi16(nb, g722_data.constant.leak_128));
    const __m256i moved = _mm256_max_epi16(_mm256_add_epi16(leaked, step), _mm256_setzero_si256());
    return _mm256_min_epi16(moved, _mm256_set1_epi16((short)most));
}

/* Negative if two words differ in sign, otherwise positive; never 0, because the sign instruction zeroes its result. */
G722_STEP __m256i g722_turn(__m256i p0, __m256i p) {
    return _mm256_or_si256(_mm256_xor_si256(p0, p), g722_data.constant.one);
}

/* UPPOL2 and UPPOL1. `turn` is negative where PLT differs in sign from PLT1, turn2 where it does from PLT2. */
G722_STEP void g722_poles(__m256i* a1, __m256i* a2, __m256i turn, __m256i turn2) {
    /* -4 a1 or 4 a1, saturated, >> 7. That is -a1 or a1 over 32, limited: high half of a1 * -2048 or 2048. */
    const __m256i quarter = _mm256_mulhi_epi16(*a1, _mm256_sign_epi16(g722_data.constant.minus_2048, turn));
    const __m256i capped = _mm256_min_epi16(quarter, g722_data.constant.wd2_most);
    const __m256i wd2 = _mm256_max_epi16(capped, g722_data.constant.wd2_least);
    const __m256i wd3 = _mm256_sign_epi16(g722_data.constant.plus_128, turn2);
    const __m256i leaked2 = _mm256_add_epi16(*a2, _mm256_mulhi_epi16(*a2, g722_data.constant.leak_128));
    const __m256i free2 = _mm256_add_epi16(_mm256_add_epi16(leaked2, wd3), wd2);
    const __m256i under = _mm256_min_epi16(free2, g722_data.constant.a2_most);
    *a2 = _mm256_max_epi16(under, g722_data.constant.a2_least);

    const __m256i wd1 = _mm256_sign_epi16(g722_data.constant.plus_192, turn);
    const __m256i leaked1 = _mm256_add_epi16(*a1, _mm256_mulhi_epi16(*a1, g722_data.constant.leak_256));
    const __m256i upper = _mm256_sub_epi16(g722_data.constant.limit, *a2);
    const __m256i lower = _mm256_sub_epi16(*a2, g722_data.constant.limit);
    *a1 = _mm256_max_epi16(_mm256_min_epi16(_mm256_add_epi16(leaked1, wd1), upper), lower);
}

#endif

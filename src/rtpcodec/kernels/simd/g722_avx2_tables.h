/* What the AVX2 forms of G.722 look up: tables and constants, filled once from the tables of the standard. */
#ifndef RTPCODEC_G722_AVX2_TABLES_H
#define RTPCODEC_G722_AVX2_TABLES_H

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#include "rtpcodec/kernels/g722_state.h"
#include "rtpcodec/kernels/g722_tables.h"

#define G722_AVX2 __attribute__((target("avx2,popcnt")))
#define G722_STEP static inline __attribute__((target("avx2,popcnt"), always_inline))

/* Tables by scale factor: NBL >> 6 has 289 values, NBH >> 6 has 353, and everything that DETL and DETH are multiplied
 * with is a table of the standard: so the products are tables too. */

/* How the encoder finds DLT: a difference reaches levels of magnitude, 8 in the lower band and 2 in the higher, and
 * DLT is the sum of what each level adds. Level 0 is always reached. Word 2 of the higher band is a level that adds
 * nothing and shows whether DH differs from 0; in the lower band level 1 shows it. */
typedef struct {
    int16_t above[8]; /* a positive difference reaches level i above this; 32767: no such level */
    int16_t below[8]; /* a negative difference reaches level i below this; -32768: no such level */
    int16_t rise[8];  /* what level i adds, negated, because a comparison that holds is -1 */
    int16_t fall[8];  /* the same for a negative difference */
} g722_levels;

/* What a code adds to NBL or NBH, and where that stops: at the least for a negative step, at the most for another. */
typedef struct {
    int32_t step;
    int32_t stop;
} g722_move;

enum { G722_LOW_MOST = 18432, G722_HIGH_MOST = 22528 }; /* NBL and NBH; the least is 0 */
enum { G722_LOW_STATES = 289, G722_HIGH_STATES = 353, G722_QUIET = 32767 / 12 };

/* UPPOL1 and UPPOL2 together: AL1 in word 0, AL2 in word 2, 0 in words 1 and 3. */
typedef struct {
    __m256i leak, step, quarter, most, least, limit;
} g722_pole_pair;

/* Constants of the loops, each four words repeated. They are variables so that GCC takes them from memory as
 * operands: of constants it makes three instructions each time round a loop. */
typedef struct {
    __m256i leak_256, leak_128, toward, wrap, quarter, wd2_most, wd2_least, wd3, a2_most, a2_least, wd1, limit;
    __m256i case_sg0, case_sg1, case_sg2, case_base, one;
    __m256i minus_2048, plus_128, plus_192, even, six_ones;
    g722_pole_pair pole_pair;
    __m256i taps[2][6]; /* pairs of coefficients: H1, H3, ... for XA and XD; H0, H2, ... for XB and XS */
    __m256i level[7];   /* 16 Q6 where levels 1 to 7 begin */
} g722_constants;

/* 16 words, as octets for two byte shuffles. */
typedef struct {
    __m256i low, high;
} g722_split;

/* All in one, so that one register reaches everything. */
static struct {
    g722_levels low_levels[G722_LOW_STATES];
    g722_levels high_levels[G722_HIGH_STATES];
    g722_constants constant;
    g722_split within[3]; /* 16 Q6 of the three decision levels within a level of RIL, by that level */
    int16_t low_det[G722_LOW_STATES];
    int16_t high_det[G722_HIGH_STATES];
    int32_t low_difference[G722_LOW_STATES][16];  /* DLT by RIL, in both words, as broadcasts of 32 bits are cheaper */
    int32_t high_difference[G722_HIGH_STATES][4]; /* DH by IH, the same */
    uint32_t code_place[256][2]; /* by code: where RIL and IH are in the first rows of differences */
    g722_move code_low[256];     /* by code: WL */
    g722_move code_high[256];    /* by code: WH */
    int quiet_low; /* NBL and NBH from which on a difference can be louder than G722_QUIET */
    int quiet_high;
    int16_t dequantized[3][64];                   /* QQ6, QQ5 or QQ4 by IL, for modes 1, 2 and 3 */
    g722_move low_move[18];                       /* WL by twice the number of levels reached, 1 to 8 */
    g722_move high_move[8];                       /* WH by twice the number of words reached, 1 to 3 */
} g722_data __attribute__((aligned(64)));

static int g722_scale(int state, int shift) {
    return (RTPCODEC_G722_ILB[state & 31] << (state >> 5)) >> shift << 2;
}

/* A level that begins at the magnitude `first`; a negative difference has the magnitude of its one's complement. */
static void g722_set_level(g722_levels* row, int level, int first, int rise, int fall) {
    row->above[level] = (int16_t)(first - 1);
    row->below[level] = (int16_t)-first;
    row->rise[level] = (int16_t)-rise;
    row->fall[level] = (int16_t)-fall;
}

static int32_t g722_in_both_words(int16_t word) {
    return (int32_t)((uint32_t)(uint16_t)word * 0x10001u);
}

static void g722_prepare_low(int state) {
    g722_levels* row = &g722_data.low_levels[state];
    const int det = g722_scale(state, 8);
    int16_t difference[16];
    g722_data.low_det[state] = (int16_t)det;
    for (int ril = 0; ril < 16; ril++) {
        difference[ril] = (int16_t)(det * RTPCODEC_G722_QQ4[ril] >> 15);
        g722_data.low_difference[state][ril] = g722_in_both_words(difference[ril]);
    }
    /* Positive levels 0 to 7 are RIL 15 to 8, negative ones 0, then 7 to 1. Level i begins at MIL = 4 i - 1. */
    g722_set_level(row, 0, 0, difference[15], difference[0]);
    g722_set_level(row, 1, (RTPCODEC_G722_Q6[1] << 3) * det >> 15, difference[14], difference[7]);
    for (int level = 2; level < 8; level++) {
        const int first = (RTPCODEC_G722_Q6[4 * level - 3] << 3) * det >> 15;
        const int rise = difference[15 - level] - difference[16 - level];
        const int fall = difference[8 - level] - difference[9 - level];
        g722_set_level(row, level, first, rise, fall);
    }
}

static void g722_prepare_high(int state) {
    g722_levels* row = &g722_data.high_levels[state];
    const int det = g722_scale(state, 10);
    const int first = (RTPCODEC_G722_Q2 << 3) * det >> 15;
    int16_t difference[4];
    g722_data.high_det[state] = (int16_t)det;
    for (int ih = 0; ih < 4; ih++) {
        difference[ih] = (int16_t)(det * RTPCODEC_G722_QQ2[ih] >> 15);
        g722_data.high_difference[state][ih] = g722_in_both_words(difference[ih]);
    }
    g722_set_level(row, 0, 0, difference[3], difference[1]);
    g722_set_level(row, 1, first, difference[2] - difference[3], difference[0] - difference[1]);
    g722_set_level(row, 2, 0, 0, 0);
    if (difference[3] == 0) {
        row->above[2] = row->above[1];
    }
    for (int level = 3; level < 8; level++) {
        g722_set_level(row, level, 32768, 0, 0);
    }
}

G722_STEP __m256i g722_four(int first, int second, int third, int fourth) {
    const int16_t words[4] = {(int16_t)first, (int16_t)second, (int16_t)third, (int16_t)fourth};
    return _mm256_broadcastq_epi64(_mm_loadl_epi64((const __m128i*)words));
}

G722_AVX2 static void g722_prepare_constants(g722_constants* constant) {
    constant->leak_256 = g722_four(-256, -256, -256, -256);
    constant->leak_128 = g722_four(-512, -512, -512, -512);
    constant->toward = g722_four(128, 128, 128, 128);
    constant->wrap = g722_four(8192, 8192, 8192, 8192);
    constant->quarter = g722_four(-2048, 2048, -2048, 2048);
    constant->wd2_most = g722_four(255, 255, 255, 255);
    constant->wd2_least = g722_four(-256, -256, -256, -256);
    constant->wd3 = g722_four(128, 128, -128, -128);
    constant->a2_most = g722_four(12288, 12288, 12288, 12288);
    constant->a2_least = g722_four(-12288, -12288, -12288, -12288);
    constant->limit = g722_four(15360, 15360, 15360, 15360);
    constant->wd1 = g722_four(192, -192, 192, -192);
    constant->case_sg0 = g722_four(0x0606, 0x0606, 0x0606, 0x0606);
    constant->case_sg1 = g722_four(0x0202, 0x0202, 0x0202, 0x0202);
    constant->case_sg2 = g722_four(0x0404, 0x0404, 0x0404, 0x0404);
    constant->case_base = g722_four(0x0100, 0x0100, 0x0100, 0x0100);
    constant->one = g722_four(1, 1, 1, 1);
    constant->minus_2048 = g722_four(-2048, -2048, -2048, -2048);
    constant->plus_128 = g722_four(128, 128, 128, 128);
    constant->plus_192 = g722_four(192, 192, 192, 192);
    constant->even = g722_four(-1, 0, -1, 0);
    constant->six_ones = _mm256_setr_epi16(1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 0, 0);
    constant->pole_pair.leak = g722_four(-256, 0, -512, 0);
    constant->pole_pair.step = g722_four(192, 0, 128, 0);
    constant->pole_pair.quarter = g722_four(-2048, 0, 0, 0);
    constant->pole_pair.most = g722_four(32767, 0, 12288, 0);
    constant->pole_pair.least = g722_four(-32768, 0, -12288, 0);
    constant->pole_pair.limit = g722_four(15360, 0, 15360, 0);
    for (int t = 0; t < 6; t++) {
        const int16_t* taps = &RTPCODEC_G722_H[4 * t];
        constant->taps[0][t] = g722_four(taps[1], taps[3], taps[1], taps[3]);
        constant->taps[1][t] = g722_four(taps[0], taps[2], taps[0], taps[2]);
    }
    for (int i = 0; i < 7; i++) {
        const int level = RTPCODEC_G722_Q6[4 * i + 1] << 4;
        constant->level[i] = g722_four(level, level, level, level);
    }
}

G722_AVX2 static void g722_set_split(g722_split* table, const uint16_t* words) {
    int8_t low[16];
    int8_t high[16];
    for (int i = 0; i < 16; i++) {
        low[i] = (int8_t)(words[i] & 0xFF);
        high[i] = (int8_t)(words[i] >> 8);
    }
    table->low = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i*)low));
    table->high = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i*)high));
}

/* Level 0 has just one decision level; 0 stands for two more that every magnitude reaches. */
static void g722_prepare_within(void) {
    for (int i = 0; i < 3; i++) {
        uint16_t words[16] = {0};
        words[0] = (uint16_t)(i == 2 ? RTPCODEC_G722_Q6[0] << 4 : 0);
        for (int level = 1; level < 8; level++) {
            words[level] = (uint16_t)(RTPCODEC_G722_Q6[4 * level - 2 + i] << 4);
        }
        g722_set_split(&g722_data.within[i], words);
    }
}

/* Differences rise with scale factors, and these with their states. RIL 1 and IH 0 have the largest magnitudes. */
static void g722_prepare_quiet(void) {
    int low = 0;
    int high = 0;
    while (low < G722_LOW_STATES && -(g722_scale(low, 8) * RTPCODEC_G722_QQ4[1] >> 15) <= G722_QUIET) {
        low++;
    }
    while (high < G722_HIGH_STATES && -(g722_scale(high, 10) * RTPCODEC_G722_QQ2[0] >> 15) <= G722_QUIET) {
        high++;
    }
    g722_data.quiet_low = low << 6;
    g722_data.quiet_high = high << 6;
}

static g722_move g722_move_by(int step, int most) {
    const g722_move move = {step, step < 0 ? 0 : most};
    return move;
}

/* How far into g722_data, in octets. */
static uint32_t g722_place(const int32_t* difference) {
    return (uint32_t)((const char*)difference - (const char*)&g722_data);
}

/* Fills the tables; before any other function. */
static void g722_prepare(void) {
    g722_prepare_constants(&g722_data.constant);
    g722_prepare_within();
    g722_prepare_quiet();
    for (int state = 0; state < G722_LOW_STATES; state++) {
        g722_prepare_low(state);
    }
    for (int state = 0; state < G722_HIGH_STATES; state++) {
        g722_prepare_high(state);
    }
    for (int level = 0; level < 8; level++) {
        g722_data.low_move[2 * level + 2] = g722_move_by(RTPCODEC_G722_WL[15 - level], G722_LOW_MOST);
    }
    g722_data.high_move[2] = g722_move_by(RTPCODEC_G722_WH[3], G722_HIGH_MOST);
    g722_data.high_move[4] = g722_data.high_move[2];
    g722_data.high_move[6] = g722_move_by(RTPCODEC_G722_WH[2], G722_HIGH_MOST);
    for (int octet = 0; octet < 256; octet++) {
        const int ril = octet >> 2 & 15;
        const int ih = octet >> 6;
        g722_data.code_place[octet][0] = g722_place(&g722_data.low_difference[0][ril]);
        g722_data.code_place[octet][1] = g722_place(&g722_data.high_difference[0][ih]);
        g722_data.code_low[octet] = g722_move_by(RTPCODEC_G722_WL[ril], G722_LOW_MOST);
        g722_data.code_high[octet] = g722_move_by(RTPCODEC_G722_WH[ih], G722_HIGH_MOST);
    }
    for (int il = 0; il < 64; il++) {
        g722_data.dequantized[0][il] = RTPCODEC_G722_QQ6[il];
        g722_data.dequantized[1][il] = RTPCODEC_G722_QQ5[il >> 1];
        g722_data.dequantized[2][il] = RTPCODEC_G722_QQ4[il >> 2];
    }
}

/* Where a byte shuffle finds a word's two octets: by the low four bits of each index. */
typedef struct {
    __m256i low, high;
} g722_places;

G722_STEP g722_places g722_find(__m256i index) {
    g722_places places;
    places.low = _mm256_or_si256(index, _mm256_set1_epi16(-0x8000));
    places.high = _mm256_or_si256(_mm256_slli_epi16(index, 8), _mm256_set1_epi16(0x0080));
    return places;
}

G722_STEP __m256i g722_look_up(const g722_split* table, g722_places places) {
    const __m256i low = _mm256_shuffle_epi8(table->low, places.low);
    return _mm256_or_si256(low, _mm256_shuffle_epi8(table->high, places.high));
}

#endif

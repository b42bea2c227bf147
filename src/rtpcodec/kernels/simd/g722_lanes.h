/* G.722, 16 streams at once, AVX2: bit for bit the definition in g722.pyx, which says what the steps are for.
 *
 * A vector has one 16-bit word of each stream, so the blocks of the standard are written as they stand, without branches.
 * Blocks of 16 pairs are transposed on the way in and out. The QMF runs stream by stream (g722_avx2_qmf.h), and between
 * calls each stream has its own state, the same as in every other form: any 16 streams can go together.
 */
#ifndef RTPCODEC_G722_LANES_H
#define RTPCODEC_G722_LANES_H

#include "rtpcodec/kernels/simd/g722_avx2.h"
#include "rtpcodec/kernels/simd/g722_avx2_blocks.h"

enum { G722_LANES = RTPCODEC_G722_LANES, G722_BLOCK = 16 /* pairs */, G722_TAPS = 6 };

/* One band of 16 streams. The delay line of DLT is what the blocks before and this one leave behind, ready for use: 4 DLT
 * wrapped and what the wrap lost (g722_products), and 128 by its sign (g722_toward). Its newest entry is at G722_TAPS + k
 * after pair k of a block. */
typedef struct {
    __m256i nb, s, sz, a1, a2, r;
    __m256i p1, p2; /* words with the signs of PLT1 and PLT2 */
    __m256i b[G722_TAPS];
    __m256i d[G722_TAPS + G722_BLOCK];
    __m256i w[G722_TAPS + G722_BLOCK];
    __m256i lost[G722_TAPS + G722_BLOCK];
    __m256i toward[G722_TAPS + G722_BLOCK];
} g722_lane_band;

G722_STEP void g722_append(g722_lane_band* band, int place, __m256i d) {
    band->d[place] = d;
    band->w[place] = _mm256_slli_epi16(d, 2);
    band->lost[place] = _mm256_srai_epi16(_mm256_add_epi16(d, g722_data.constant.wrap), 14);
    band->toward[place] = g722_toward(d);
}

/* UPZERO and FILTEZ. */
G722_STEP void g722_zeros_lanes(g722_lane_band* band, int k, __m256i d) {
    for (int i = 1; i <= G722_TAPS; i++) {
        const __m256i move = _mm256_sign_epi16(band->toward[G722_TAPS + k - i], d);
        band->b[i - 1] = g722_upzero(band->b[i - 1], move);
    }
    g722_append(band, G722_TAPS + k, d);
    band->sz = _mm256_setzero_si256();
    for (int i = G722_TAPS; i >= 1; i--) {
        const __m256i b = band->b[i - 1];
        const int place = G722_TAPS + k + 1 - i;
        const __m256i high = _mm256_mulhi_epi16(band->w[place], b);
        band->sz = _mm256_adds_epi16(band->sz, _mm256_add_epi16(high, _mm256_sign_epi16(b, band->lost[place])));
    }
}

/* From the difference of pair k of the block to the next prediction. */
G722_STEP void g722_predict_lanes(g722_lane_band* band, int k, __m256i d) {
    const __m256i p0 = _mm256_adds_epi16(d, band->sz);
    const __m256i r0 = _mm256_adds_epi16(d, band->s);
    const __m256i turn = g722_turn(p0, band->p1);
    const __m256i turn2 = g722_turn(p0, band->p2);
    g722_poles(&band->a1, &band->a2, turn, turn2);
    g722_zeros_lanes(band, k, d);
    const __m256i wd1 = g722_mult(band->a1, _mm256_adds_epi16(r0, r0));
    const __m256i wd2 = g722_mult(band->a2, _mm256_adds_epi16(band->r, band->r));
    band->s = _mm256_adds_epi16(_mm256_adds_epi16(wd1, wd2), band->sz);
    band->r = r0;
    band->p2 = band->p1;
    band->p1 = p0;
}

/* ---- Encoder */

G722_STEP __m256i g722_encode_low(g722_lane_band* low, int k, __m256i xl) {
    const __m256i det = g722_scale_lanes(low->nb, &g722_lane_data.power_low);
    const __m256i el = _mm256_subs_epi16(xl, low->s);
    const __m256i sign = _mm256_srai_epi16(el, 15);
    const __m256i wd = _mm256_xor_si256(el, sign);
    const __m256i level = g722_level(wd, det);
    const g722_places places = g722_find(level);
    const __m256i magnitude = g722_look_up(&g722_lane_data.magnitude, places);
    const __m256i factor = _mm256_sign_epi16(magnitude, _mm256_or_si256(sign, g722_data.constant.one));
    low->nb = g722_log_lanes(low->nb, g722_look_up(&g722_lane_data.level_step, places), 18432);
    g722_predict_lanes(low, k, g722_mult(det, factor));
    return g722_il(wd, sign, det, level);
}

G722_STEP __m256i g722_encode_high(g722_lane_band* high, int k, __m256i xh) {
    const __m256i det = g722_scale_lanes(high->nb, &g722_lane_data.power_high);
    const __m256i ih = g722_quanth(_mm256_subs_epi16(xh, high->s), det);
    const g722_places places = g722_find(ih);
    high->nb = g722_log_lanes(high->nb, g722_look_up(&g722_lane_data.wh, places), 22528);
    g722_predict_lanes(high, k, g722_mult(det, g722_look_up(&g722_lane_data.qq2, places)));
    return ih;
}

/* ---- Decoder */

/* RL of the words' codes; `dequantized` has the four parts of a mode's table. */
G722_STEP __m256i g722_decode_low(g722_lane_band* low, int k, __m256i code, const g722_split* dequantized) {
    const __m256i det = g722_scale_lanes(low->nb, &g722_lane_data.power_low);
    const __m256i il = _mm256_and_si256(code, _mm256_set1_epi16(63));
    const g722_places by_ril = g722_find(_mm256_srli_epi16(il, 2));
    const __m256i dl = g722_mult(det, g722_dequantize(il, dequantized));
    const __m256i rl = g722_limit(_mm256_adds_epi16(low->s, dl));
    low->nb = g722_log_lanes(low->nb, g722_look_up(&g722_lane_data.wl, by_ril), 18432);
    g722_predict_lanes(low, k, g722_mult(det, g722_look_up(&g722_lane_data.qq4, by_ril)));
    return rl;
}

G722_STEP __m256i g722_decode_high(g722_lane_band* high, int k, __m256i code) {
    const __m256i det = g722_scale_lanes(high->nb, &g722_lane_data.power_high);
    const g722_places by_ih = g722_find(_mm256_srli_epi16(code, 6));
    high->nb = g722_log_lanes(high->nb, g722_look_up(&g722_lane_data.wh, by_ih), 22528);
    g722_predict_lanes(high, k, g722_mult(det, g722_look_up(&g722_lane_data.qq2, by_ih)));
    return g722_limit(high->r);
}

/* ---- Streams to lanes and back */

static void g722_gather_band(g722_lane_band* lanes, const rtpcodec_g722_band* band, int lane) {
    ((int16_t*)&lanes->nb)[lane] = band->nb;
    ((int16_t*)&lanes->s)[lane] = band->s;
    ((int16_t*)&lanes->sz)[lane] = band->sz;
    ((int16_t*)&lanes->a1)[lane] = band->a[0];
    ((int16_t*)&lanes->a2)[lane] = band->a[1];
    ((int16_t*)&lanes->r)[lane] = band->r;
    ((int16_t*)&lanes->p1)[lane] = band->p[0];
    ((int16_t*)&lanes->p2)[lane] = band->p[1];
    for (int i = 0; i < G722_TAPS; i++) {
        ((int16_t*)&lanes->b[i])[lane] = band->b[i];
        ((int16_t*)&lanes->d[G722_TAPS - 1 - i])[lane] = band->d[i]; /* newest last */
    }
}

static void g722_scatter_band(rtpcodec_g722_band* band, const g722_lane_band* lanes, int lane) {
    band->nb = ((const int16_t*)&lanes->nb)[lane];
    band->s = ((const int16_t*)&lanes->s)[lane];
    band->sz = ((const int16_t*)&lanes->sz)[lane];
    band->a[0] = ((const int16_t*)&lanes->a1)[lane];
    band->a[1] = ((const int16_t*)&lanes->a2)[lane];
    band->r = ((const int16_t*)&lanes->r)[lane];
    band->p[0] = (int16_t)-(((const int16_t*)&lanes->p1)[lane] < 0);
    band->p[1] = (int16_t)-(((const int16_t*)&lanes->p2)[lane] < 0);
    for (int i = 0; i < G722_TAPS; i++) {
        band->b[i] = ((const int16_t*)&lanes->b[i])[lane];
        band->d[i] = ((const int16_t*)&lanes->d[G722_TAPS - 1 - i])[lane];
    }
}

G722_AVX2 static void g722_gather(g722_lane_band* low, g722_lane_band* high, rtpcodec_g722_stream** streams) {
    for (int lane = 0; lane < G722_LANES; lane++) {
        g722_gather_band(low, &streams[lane]->low, lane);
        g722_gather_band(high, &streams[lane]->high, lane);
    }
    for (int place = 0; place < G722_TAPS; place++) {
        g722_append(low, place, low->d[place]);
        g722_append(high, place, high->d[place]);
    }
}

static void g722_scatter(rtpcodec_g722_stream** streams, const g722_lane_band* low, const g722_lane_band* high) {
    for (int lane = 0; lane < G722_LANES; lane++) {
        rtpcodec_g722_stream* stream = streams[lane];
        g722_scatter_band(&stream->low, low, lane);
        g722_scatter_band(&stream->high, high, lane);
        stream->low.det = g722_data.low_det[stream->low.nb >> 6];
        stream->high.det = g722_data.high_det[stream->high.nb >> 6];
    }
}

/* Move the last entries of the delay line, after this number of pairs, to its beginning. */
G722_STEP void g722_rewind(g722_lane_band* band, int pairs) {
    for (int place = 0; place < G722_TAPS; place++) {
        band->d[place] = band->d[place + pairs];
        band->w[place] = band->w[place + pairs];
        band->lost[place] = band->lost[place + pairs];
        band->toward[place] = band->toward[place + pairs];
    }
}

/* Eight rows of 16 words to columns: column j in the lower half of columns[j], column j + 8 in the upper half. */
G722_STEP void g722_transpose_eight(const __m256i* rows, __m256i* columns) {
    __m256i pairs[8];
    __m256i fours[8];
    for (int i = 0; i < 4; i++) {
        pairs[2 * i] = _mm256_unpacklo_epi16(rows[2 * i], rows[2 * i + 1]);
        pairs[2 * i + 1] = _mm256_unpackhi_epi16(rows[2 * i], rows[2 * i + 1]);
    }
    for (int half = 0; half < 8; half += 4) {
        fours[half] = _mm256_unpacklo_epi32(pairs[half], pairs[half + 2]);
        fours[half + 1] = _mm256_unpackhi_epi32(pairs[half], pairs[half + 2]);
        fours[half + 2] = _mm256_unpacklo_epi32(pairs[half + 1], pairs[half + 3]);
        fours[half + 3] = _mm256_unpackhi_epi32(pairs[half + 1], pairs[half + 3]);
    }
    for (int i = 0; i < 4; i++) {
        columns[2 * i] = _mm256_unpacklo_epi64(fours[i], fours[i + 4]);
        columns[2 * i + 1] = _mm256_unpackhi_epi64(fours[i], fours[i + 4]);
    }
}

/* 16 rows of 16 words to columns, in place. */
G722_AVX2 static void g722_transpose(__m256i* block) {
    __m256i first[8];
    __m256i second[8];
    g722_transpose_eight(block, first);
    g722_transpose_eight(block + 8, second);
    for (int i = 0; i < 8; i++) {
        block[i] = _mm256_permute2x128_si256(first[i], second[i], 0x20);
        block[i + 8] = _mm256_permute2x128_si256(first[i], second[i], 0x31);
    }
}

/* A block of 16 pairs of each stream, by pair. */
G722_STEP void g722_take_words(__m256i* block, rtpcodec_g722_words* rows, int at) {
    for (int lane = 0; lane < G722_LANES; lane++) {
        block[lane] = _mm256_loadu_si256((const __m256i*)(rows[lane] + at));
    }
    g722_transpose(block);
}

G722_STEP void g722_put_words(__m256i* block, rtpcodec_g722_words* rows, int at) {
    g722_transpose(block);
    for (int lane = 0; lane < G722_LANES; lane++) {
        _mm256_storeu_si256((__m256i*)(rows[lane] + at), block[lane]);
    }
}

/* ---- Stages, for at most RTPCODEC_G722_CHUNK pairs of each stream */

/* Codes as 16-bit words. */
G722_AVX2 static void g722_lanes_encode_bands(rtpcodec_g722_stream** streams, rtpcodec_g722_words* xl,
                                              rtpcodec_g722_words* xh, rtpcodec_g722_words* codes, int pairs) {
    g722_lane_band low;
    g722_lane_band high;
    __m256i lower[G722_BLOCK];
    __m256i upper[G722_BLOCK];
    g722_gather(&low, &high, streams);
    for (int at = 0; at < pairs; at += G722_BLOCK) {
        const int count = pairs - at < G722_BLOCK ? pairs - at : G722_BLOCK;
        g722_take_words(lower, xl, at);
        g722_take_words(upper, xh, at);
        for (int k = 0; k < count; k++) {
            const __m256i il = g722_encode_low(&low, k, lower[k]);
            const __m256i ih = g722_encode_high(&high, k, upper[k]);
            lower[k] = _mm256_or_si256(_mm256_slli_epi16(ih, 6), il);
        }
        g722_put_words(lower, codes, at);
        g722_rewind(&low, count);
        g722_rewind(&high, count);
    }
    g722_scatter(streams, &low, &high);
}

G722_AVX2 static void g722_lanes_decode_bands(rtpcodec_g722_stream** streams, rtpcodec_g722_words* codes,
                                              rtpcodec_g722_words* rl, rtpcodec_g722_words* rh, int pairs, int mode) {
    const g722_split* dequantized = g722_lane_data.dequantized[mode - 1];
    g722_lane_band low;
    g722_lane_band high;
    __m256i lower[G722_BLOCK];
    __m256i upper[G722_BLOCK];
    g722_gather(&low, &high, streams);
    for (int at = 0; at < pairs; at += G722_BLOCK) {
        const int count = pairs - at < G722_BLOCK ? pairs - at : G722_BLOCK;
        g722_take_words(lower, codes, at);
        for (int k = 0; k < count; k++) {
            const __m256i code = lower[k];
            lower[k] = g722_decode_low(&low, k, code, dequantized);
            upper[k] = g722_decode_high(&high, k, code);
        }
        for (int k = count; k < G722_BLOCK; k++) {
            upper[k] = _mm256_setzero_si256();
        }
        g722_put_words(lower, rl, at);
        g722_put_words(upper, rh, at);
        g722_rewind(&low, count);
        g722_rewind(&high, count);
    }
    g722_scatter(streams, &low, &high);
}

#endif

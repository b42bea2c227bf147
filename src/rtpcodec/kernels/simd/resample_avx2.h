/* The resampler's filter in AVX2, bit for bit the definition in resample.pyx.
 *
 * Eight outputs a step. Each sums 16 products per instruction, in eight lanes of 32 bits; then the lanes of the eight
 * are added up so that each output has a lane of its own. Rows of coefficients are whole steps of 16 and lie at
 * addresses that 32 divides, samples anywhere. Nothing is read outside of a row and the samples under it, and nothing
 * is written outside of out[0..2 * count - 1].
 */
#ifndef RTPCODEC_RESAMPLE_AVX2_H
#define RTPCODEC_RESAMPLE_AVX2_H

#include "rtpcodec/kernels/resample_bank.h"

#include <stddef.h>
#include <string.h>

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))

/* The products of a row with the samples under it, in eight sums: lane j has taps 2j and 2j + 1 of each 16. */
AVX2 static inline __m256i resample_row(const int16_t *row, const int16_t *samples, ptrdiff_t taps)
{
    __m256i total = _mm256_setzero_si256();
#pragma GCC unroll 4
    for (ptrdiff_t step = 0; step < taps / RESAMPLE_STEP_TAPS; step++) {
        __m256i coefficients = _mm256_load_si256((const __m256i *)row + step);
        __m256i heard = _mm256_loadu_si256((const __m256i *)samples + step);
        total = _mm256_add_epi32(total, _mm256_madd_epi16(coefficients, heard));
    }
    return total;
}

/* The sums of eight registers: lane k of the result is the sum of the lanes of sums[k], modulo 2^32. */
AVX2 static inline __m256i resample_add_lanes(const __m256i sums[8])
{
    __m256i sums01 = _mm256_hadd_epi32(sums[0], sums[1]);
    __m256i sums23 = _mm256_hadd_epi32(sums[2], sums[3]);
    __m256i sums45 = _mm256_hadd_epi32(sums[4], sums[5]);
    __m256i sums67 = _mm256_hadd_epi32(sums[6], sums[7]);
    __m256i sums0123 = _mm256_hadd_epi32(sums01, sums23);
    __m256i sums4567 = _mm256_hadd_epi32(sums45, sums67);
    /* Each half of a register has added up its own lanes. */
    __m256i of_low_halves = _mm256_permute2x128_si256(sums0123, sums4567, 0x20);
    __m256i of_high_halves = _mm256_permute2x128_si256(sums0123, sums4567, 0x31);
    return _mm256_add_epi32(of_low_halves, of_high_halves);
}

/* Eight outputs where a whole phase's sum fits 32 bits. */
AVX2 static inline __m256i resample_round_narrow(const __m256i sums[8], int shift)
{
    __m256i half = _mm256_set1_epi32(1 << (shift - 1));
    __m256i total = _mm256_add_epi32(resample_add_lanes(sums), half);
    return _mm256_sra_epi32(total, _mm_cvtsi32_si128(shift));
}

/* Eight outputs where only the lanes fit 32 bits: what lies above the low octet of each lane is added up apart.
 * floor((256 high + low + half) / 2^shift) = floor((high + floor(low / 256) + half / 256) / 2^(shift - 8)). */
AVX2 static inline __m256i resample_round_wide(const __m256i sums[8], int shift)
{
    __m256i high[8], low[8];
#pragma GCC unroll 8
    for (int k = 0; k < 8; k++) {
        high[k] = _mm256_srai_epi32(sums[k], 8);
        low[k] = _mm256_and_si256(sums[k], _mm256_set1_epi32(0xFF));
    }
    __m256i half = _mm256_set1_epi32(1 << (shift - 9));
    __m256i carry = _mm256_srli_epi32(resample_add_lanes(low), 8);
    __m256i total = _mm256_add_epi32(resample_add_lanes(high), _mm256_add_epi32(carry, half));
    return _mm256_sra_epi32(total, _mm_cvtsi32_si128(shift - 8));
}

/* The row of an output and the samples under it, and how they move to the next output. Pointers and ptrdiff_t, because
 * indices of type int are extended at every step where signed arithmetic wraps (-fwrapv). */
typedef struct {
    const int16_t *row, *last_rows_end, *samples;
    ptrdiff_t row_step, all_rows, sample_step;
} resample_cursor;

AVX2 static inline resample_cursor resample_next(resample_cursor at)
{
    at.row += at.row_step;
    at.samples += at.sample_step;
    int wraps = at.row >= at.last_rows_end;
    at.row -= wraps ? at.all_rows : 0;
    at.samples += wraps;
    return at;
}

/* The next one to eight outputs. taps and wide are constants where this is called, so that loops are unrolled. */
AVX2 static inline __m128i resample_outputs(resample_cursor *place, int count, ptrdiff_t taps, int wide, int shift)
{
    resample_cursor at = *place;
    __m256i sums[8];
#pragma GCC unroll 8
    for (int k = 0; k < 8; k++) {
        sums[k] = resample_row(at.row, at.samples, taps);
        /* Beyond the last output its row is summed again, for nothing. */
        if (k < count - 1) at = resample_next(at);
    }
    *place = resample_next(at);
    __m256i rounded = wide ? resample_round_wide(sums, shift) : resample_round_narrow(sums, shift);
    /* Limited to 16 bits. */
    return _mm_packs_epi32(_mm256_castsi256_si128(rounded), _mm256_extracti128_si256(rounded, 1));
}

AVX2 static inline void resample_block_of(const resample_bank *bank, const int16_t *window, resample_place *place,
                                          uint8_t *out, int count, ptrdiff_t taps, int wide)
{
    resample_cursor at;
    at.row = bank->coefficients + place->phase * taps;
    at.samples = window + place->newest;
    at.row_step = bank->down % bank->up * taps;
    at.sample_step = bank->down / bank->up;
    at.all_rows = bank->up * taps;
    at.last_rows_end = bank->coefficients + at.all_rows;
    int shift = bank->shift;
    for (; count >= 8; count -= 8, out += 16)
        _mm_storeu_si128((__m128i *)out, resample_outputs(&at, 8, taps, wide, shift));
    if (count > 0) {
        __m128i outputs = resample_outputs(&at, count, taps, wide, shift);
        memcpy(out, &outputs, 2 * count);
    }
    place->phase = (int)((at.row - bank->coefficients) / taps);
    place->newest = (int)(at.samples - window);
}

/* ---- to a multiple of the rate: an input gives one output of each phase --------------------------------------------- */

enum { RESAMPLE_LANES = 32, RESAMPLE_MOST_PHASES = 6 };

/* 16 outputs, those of even inputs in one register and those of odd ones in the other: rounded, limited, in order. */
AVX2 static inline __m256i resample_in_order(__m256i even, __m256i odd, int shift)
{
    const __m256i interleaved = _mm256_setr_epi8(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15,
                                                 0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15);
    __m256i half = _mm256_set1_epi32(1 << (shift - 1));
    __m128i by = _mm_cvtsi32_si128(shift);
    __m256i even_outputs = _mm256_sra_epi32(_mm256_add_epi32(even, half), by);
    __m256i odd_outputs = _mm256_sra_epi32(_mm256_add_epi32(odd, half), by);
    return _mm256_shuffle_epi8(_mm256_packs_epi32(even_outputs, odd_outputs), interleaved);
}

/* 32 outputs of one phase, each in a lane of its own. The product of a pair of taps with 16 samples serves the outputs
 * of every second input; those between them take the samples one further. */
AVX2 static inline void resample_phase(const int16_t *row, const int16_t *samples, ptrdiff_t taps, int shift,
                                       int16_t *outputs)
{
    __m256i even0 = _mm256_setzero_si256(), even1 = even0, odd0 = even0, odd1 = even0;
    for (ptrdiff_t i = 0; i < taps; i += 2) {
        int32_t pair;
        memcpy(&pair, row + i, sizeof pair);
        __m256i coefficients = _mm256_set1_epi32(pair);
        const __m256i *even_inputs = (const __m256i *)(samples + i);
        const __m256i *odd_inputs = (const __m256i *)(samples + i + 1);
        even0 = _mm256_add_epi32(even0, _mm256_madd_epi16(coefficients, _mm256_loadu_si256(even_inputs)));
        odd0 = _mm256_add_epi32(odd0, _mm256_madd_epi16(coefficients, _mm256_loadu_si256(odd_inputs)));
        even1 = _mm256_add_epi32(even1, _mm256_madd_epi16(coefficients, _mm256_loadu_si256(even_inputs + 1)));
        odd1 = _mm256_add_epi32(odd1, _mm256_madd_epi16(coefficients, _mm256_loadu_si256(odd_inputs + 1)));
    }
    _mm256_storeu_si256((__m256i *)outputs, resample_in_order(even0, odd0, shift));
    _mm256_storeu_si256((__m256i *)(outputs + 16), resample_in_order(even1, odd1, shift));
}

/* Write 32 outputs of each of two phases, alternately. */
AVX2 static inline void resample_interleave2(int16_t outputs[][RESAMPLE_LANES], uint8_t *out)
{
    for (int i = 0; i < RESAMPLE_LANES; i += 16) {
        __m256i first = _mm256_loadu_si256((const __m256i *)(outputs[0] + i));
        __m256i second = _mm256_loadu_si256((const __m256i *)(outputs[1] + i));
        __m256i low = _mm256_unpacklo_epi16(first, second);
        __m256i high = _mm256_unpackhi_epi16(first, second);
        _mm256_storeu_si256((__m256i *)(out + 4 * i), _mm256_permute2x128_si256(low, high, 0x20));
        _mm256_storeu_si256((__m256i *)(out + 4 * i + 32), _mm256_permute2x128_si256(low, high, 0x31));
    }
}

/* Write 32 outputs of each of some phases in turn. up is a constant where this is called. */
AVX2 static inline void resample_interleave(int16_t outputs[][RESAMPLE_LANES], uint8_t *out, int up)
{
    for (ptrdiff_t i = 0; i < RESAMPLE_LANES; i++)
        for (ptrdiff_t phase = 0; phase < up; phase++)
            memcpy(out + 2 * (i * up + phase), &outputs[phase][i], 2);
}

/* All outputs of 32 inputs. The phase of the centre tap has no other tap, which is 1.0: its outputs are inputs. */
AVX2 static inline void resample_inputs(const resample_bank *bank, const int16_t *window, uint8_t *out)
{
    int16_t outputs[RESAMPLE_MOST_PHASES][RESAMPLE_LANES];
    int up = bank->up, copied_phase = bank->delay_samples % up, copied_age = bank->delay_samples / up;
    for (ptrdiff_t phase = 0; phase < up; phase++) {
        if (phase == copied_phase)
            memcpy(outputs[phase], window + bank->taps - 1 - copied_age, sizeof outputs[phase]);
        else
            resample_phase(bank->coefficients + phase * bank->taps, window, bank->taps, bank->shift, outputs[phase]);
    }
    if (up == 2) resample_interleave2(outputs, out);
    else if (up == 3) resample_interleave(outputs, out, 3);
    else if (up == 4) resample_interleave(outputs, out, 4);
    else resample_interleave(outputs, out, 6);
}

/* All outputs of n >= 32 inputs. The last step is redone as a full step that ends with the inputs. */
AVX2 static inline void resample_by_phases(const resample_bank *bank, const int16_t *window, uint8_t *out, ptrdiff_t n)
{
    ptrdiff_t octets = 2 * bank->up;
    ptrdiff_t i = 0;
    for (; i + RESAMPLE_LANES <= n; i += RESAMPLE_LANES) resample_inputs(bank, window + i, out + i * octets);
    if (i < n) resample_inputs(bank, window + n - RESAMPLE_LANES, out + (n - RESAMPLE_LANES) * octets);
}

/* ---- any pair ------------------------------------------------------------------------------------------------------ */

/* count outputs. The window begins under the first tap of a phase whose newest sample is input 0. */
AVX2 static void resample_filter_avx2(const resample_bank *bank, const int16_t *window, resample_place *place,
                                      uint8_t *out, int count)
{
    int inputs = count / bank->up;
    if (bank->down == 1 && inputs >= RESAMPLE_LANES) {
        resample_by_phases(bank, window, out, inputs);
        place->newest += inputs;
    } else if (bank->wide) {
        resample_block_of(bank, window, place, out, count, bank->taps, 1);
    } else if (bank->taps == 32) {
        resample_block_of(bank, window, place, out, count, 32, 0);
    } else if (bank->taps == 48) {
        resample_block_of(bank, window, place, out, count, 48, 0);
    } else if (bank->taps == 64) {
        resample_block_of(bank, window, place, out, count, 64, 0);
    } else {
        resample_block_of(bank, window, place, out, count, bank->taps, 0);
    }
}

#undef AVX2

#else

/* No vector form for this processor: rtpcodec_cpu_has_avx2() is 0, and this is never called. */
static void resample_filter_avx2(const resample_bank *bank, const int16_t *window, resample_place *place, uint8_t *out,
                                 int count)
{
    (void)bank, (void)window, (void)place, (void)out, (void)count;
}

#endif
#endif

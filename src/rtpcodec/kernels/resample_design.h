/* The filters of the resampler: one bank of integer coefficients per pair of rates.
 *
 * Time is counted in ticks of 1 / (up * from_hz) s. The filter of a pair is a sinc under a Kaiser window, cut off at
 * half the lower rate and symmetric about its centre tick. An output meets every up-th of its taps, one phase.
 */
#ifndef RTPCODEC_RESAMPLE_DESIGN_H
#define RTPCODEC_RESAMPLE_DESIGN_H

#include "rtpcodec/kernels/resample_bank.h"

#include <Python.h>
#include <math.h>
#include <stdint.h>

enum {
    RESAMPLE_SHORTER_ABOVE_HZ = 16000,
    RESAMPLE_SHORT_SAMPLES = 24, /* half the length of a short filter, in samples of the lower rate */
    RESAMPLE_DELAYS_PER_S = 500, /* half the length of a long one is 2 ms */
    RESAMPLE_MIN_SHIFT = 14,     /* the centre tap of an upsampler is 1.0, which Q15 cannot hold */
    RESAMPLE_MAX_SHIFT = 16,     /* in Q17, pairs of taps 16 apart exceed 32 bits from 48000 to 11025 Hz */
    RESAMPLE_MAX_TAP = 32766,    /* before it is rounded, and perhaps moved by one */
    RESAMPLE_MAX_NARROW_GAIN = 65535 - RESAMPLE_MAX_TAPS, /* of |taps|, less what rounding adds: times 32768 in 32 bits */
    RESAMPLE_ALIGNMENT = 32,
};

/* Beyond this the main lobe of the window is wider than the 600 Hz between cutoff and band edge that 4 ms allow. */
static const double RESAMPLE_KAISER_BETA = 7.5;
static const double RESAMPLE_PI = 3.14159265358979323846;

/* The filter by tick, exact and rounded: the step before the bank. */
typedef struct {
    int up;
    int down;
    int centre;     /* the filter has ticks 0 to 2 * centre */
    double *exact;  /* each phase adds up to 1 */
    int32_t *taps;  /* each phase adds up to 1 << shift */
} resample_filter;

static int resample_gcd(int a, int b)
{
    return b ? resample_gcd(b, a % b) : a;
}

/* Half the length of the filter in output samples: 2 ms, or less where both rates are high. Between 24000 and 48000 Hz
 * everything up to 11400 Hz passes, which takes the long filter. */
static int resample_half_samples(int from_hz, int to_hz)
{
    int low_hz = from_hz < to_hz ? from_hz : to_hz;
    int high_hz = from_hz < to_hz ? to_hz : from_hz;
    int sharp = low_hz == 24000 && high_hz == 48000;
    if (low_hz > RESAMPLE_SHORTER_ABOVE_HZ && !sharp)
        return RESAMPLE_SHORT_SAMPLES * to_hz / low_hz;
    return to_hz / RESAMPLE_DELAYS_PER_S;
}

/* The modified Bessel function of order 0: its power series, to the last term that a double keeps. */
static double resample_bessel_i0(double x)
{
    double total = 1, term = 1;
    for (int k = 1; term > 1e-17 * total; k++) {
        term *= x * x / (4.0 * k * k);
        total += term;
    }
    return total;
}

/* The windowed sinc at this distance in ticks from its centre. The sinc is zero each zero_spacing ticks. */
static double resample_prototype_tap(int distance, int half_length, int zero_spacing)
{
    double place = (double)distance / half_length;
    double angle = RESAMPLE_PI * distance / zero_spacing;
    double window = resample_bessel_i0(RESAMPLE_KAISER_BETA * sqrt(1 - place * place));
    return distance ? window * sin(angle) / angle : window;
}

/* Fill in `exact`. */
static void resample_exact_filter(resample_filter *filter)
{
    int length = 2 * filter->centre + 1;
    int zero_spacing = filter->up > filter->down ? filter->up : filter->down;
    for (int distance = 0; distance <= filter->centre; distance++) {
        double tap = resample_prototype_tap(distance, filter->centre + 1, zero_spacing);
        filter->exact[filter->centre - distance] = tap;
        filter->exact[filter->centre + distance] = tap;
    }
    for (int phase = 0; phase < filter->up; phase++) {
        double total = 0;
        for (int tick = phase; tick < length; tick += filter->up) total += filter->exact[tick];
        for (int tick = phase; tick < length; tick += filter->up) filter->exact[tick] /= total;
    }
}

/* Round a phase and the phase that mirrors it, so that each adds up to 1 << shift. A tap and its mirror stay equal.
 * What rounding leaves over goes, one each, to the taps that it moved furthest. */
static void resample_round_phase(resample_filter *filter, int phase, int shift)
{
    int up = filter->up, centre = filter->centre;
    int own_mirror = (2 * centre - phase) % up == phase;
    int last = own_mirror ? centre - 1 : 2 * centre; /* the taps that move, each with its mirror */
    double one = 1 << shift;
    int32_t rest = 1 << shift;
    for (int tick = phase; tick <= 2 * centre; tick += up) {
        filter->taps[tick] = (int32_t)floor(filter->exact[tick] * one + 0.5);
        rest -= filter->taps[tick];
    }
    int sign = rest < 0 ? -1 : 1;
    /* In a phase that is its own mirror two taps move at once; only the centre moves alone. */
    if (own_mirror && rest % 2) filter->taps[centre] += sign;
    for (int moves = sign * rest / (own_mirror ? 2 : 1); moves > 0; moves--) {
        int furthest = phase;
        double most = -2;
        for (int tick = phase; tick <= last; tick += up) {
            double error = sign * (filter->exact[tick] * one - filter->taps[tick]);
            if (error > most) most = error, furthest = tick;
        }
        filter->taps[furthest] += sign;
    }
    for (int tick = phase; tick <= last; tick += up) filter->taps[2 * centre - tick] = filter->taps[tick];
}

/* Choose the finest scale with which taps fit 16 bits, and note whether the sum of a phase then fits 32 bits. */
static void resample_choose_scale(const resample_filter *filter, resample_bank *bank)
{
    double largest_tap = 0, largest_gain = 0;
    for (int phase = 0; phase < filter->up; phase++) {
        double gain = 0;
        for (int tick = phase; tick <= 2 * filter->centre; tick += filter->up) {
            double tap = fabs(filter->exact[tick]);
            if (tap > largest_tap) largest_tap = tap;
            gain += tap;
        }
        if (gain > largest_gain) largest_gain = gain;
    }
    bank->shift = RESAMPLE_MAX_SHIFT;
    while (bank->shift > RESAMPLE_MIN_SHIFT && largest_tap * (1 << bank->shift) > RESAMPLE_MAX_TAP) bank->shift--;
    bank->wide = largest_gain * (1 << bank->shift) > RESAMPLE_MAX_NARROW_GAIN;
}

/* Lay out the rounded taps as rows. */
static void resample_lay_out(const resample_filter *filter, const resample_bank *bank, int16_t *rows)
{
    for (int phase = 0; phase < bank->up; phase++) {
        for (int place = 0; place < bank->taps; place++) {
            int tick = phase + (bank->taps - 1 - place) * bank->up;
            rows[phase * bank->taps + place] = tick > 2 * filter->centre ? 0 : (int16_t)filter->taps[tick];
        }
    }
}

/* A bank with room for its rows behind it, to be freed by PyMem_RawFree(). NULL: no memory. */
static resample_bank *resample_new_bank(int up, int down, int half_samples, int taps)
{
    size_t octets = sizeof(resample_bank) + RESAMPLE_ALIGNMENT + sizeof(int16_t) * up * taps;
    resample_bank *bank = (resample_bank *)PyMem_RawMalloc(octets);
    if (!bank) return NULL;
    uintptr_t rows = ((uintptr_t)(bank + 1) + RESAMPLE_ALIGNMENT - 1) / RESAMPLE_ALIGNMENT * RESAMPLE_ALIGNMENT;
    bank->up = up;
    bank->down = down;
    bank->delay_samples = half_samples - 1;
    bank->taps = taps;
    bank->coefficients = (const int16_t *)rows;
    return bank;
}

/* The bank between equal rates: one tap of 1.0. */
static resample_bank *resample_same_rate(void)
{
    resample_bank *bank = resample_new_bank(1, 1, 1, 1);
    if (!bank) return NULL;
    bank->shift = RESAMPLE_MIN_SHIFT;
    bank->wide = 0;
    *(int16_t *)bank->coefficients = 1 << RESAMPLE_MIN_SHIFT;
    return bank;
}

/* Design the bank of a pair of rates, to be freed by PyMem_RawFree(). NULL: no memory. */
static resample_bank *resample_design(int from_hz, int to_hz)
{
    if (from_hz == to_hz) return resample_same_rate();
    int common = resample_gcd(from_hz, to_hz);
    int half_samples = resample_half_samples(from_hz, to_hz);
    resample_filter filter = {to_hz / common, from_hz / common, 0, NULL, NULL};
    filter.centre = half_samples * filter.down - 1;
    int steps = 2 * filter.centre / (filter.up * RESAMPLE_STEP_TAPS) + 1;
    resample_bank *bank = resample_new_bank(filter.up, filter.down, half_samples, steps * RESAMPLE_STEP_TAPS);
    filter.exact = (double *)PyMem_RawMalloc(sizeof(double) * (2 * filter.centre + 1));
    filter.taps = (int32_t *)PyMem_RawMalloc(sizeof(int32_t) * (2 * filter.centre + 1));
    if (bank && filter.exact && filter.taps) {
        resample_exact_filter(&filter);
        resample_choose_scale(&filter, bank);
        for (int phase = 0; phase < filter.up; phase++)
            if (phase <= (2 * filter.centre - phase) % filter.up) resample_round_phase(&filter, phase, bank->shift);
        resample_lay_out(&filter, bank, (int16_t *)bank->coefficients);
    } else {
        PyMem_RawFree(bank);
        bank = NULL;
    }
    PyMem_RawFree(filter.exact);
    PyMem_RawFree(filter.taps);
    return bank;
}

#endif

/* A bank of coefficients of the resampler, and the position of a stream in it. */
#ifndef RTPCODEC_RESAMPLE_BANK_H
#define RTPCODEC_RESAMPLE_BANK_H

#include <stdint.h>

enum {
    RESAMPLE_MAX_TAPS = 192,     /* 4 ms at 48 kHz */
    RESAMPLE_STEP_TAPS = 16,     /* phases are filled up with zeros to a multiple: one step of the vector form */
};

typedef struct {
    int up;                      /* to_hz / from_hz in lowest terms is up / down */
    int down;
    int delay_samples;           /* at the output */
    int taps;                    /* of each phase: a multiple of 16, or 1 between equal rates */
    int shift;                   /* 1.0 is 1 << shift */
    int wide;                    /* whether the sum of a phase may need more than 32 bits */
    const int16_t *coefficients; /* up phases, each with the oldest sample's tap first; 32 divides the address */
} resample_bank;

/* The next output of a stream: the newest sample that it is made from, counted from the next input, and its phase. */
typedef struct {
    int newest;
    int phase;
} resample_place;

#endif

/* State of one direction of G.722, the same for every form of the kernel. Words have 16 bits, as in the standard. */
#ifndef RTPCODEC_G722_STATE_H
#define RTPCODEC_G722_STATE_H

#include <stdint.h>

/* One sub-band coder (G.722 clause 3). Lower band names are given; the higher band's end in H. */
typedef struct {
    int16_t nb;   /* NBL: logarithmic scale factor */
    int16_t det;  /* DETL: the same, linear */
    int16_t s;    /* SL: prediction, sum of pole and zero section */
    int16_t sz;   /* SZL: output of the zero section */
    int16_t a[2]; /* AL1, AL2: coefficients of the pole section */
    int16_t p[2]; /* signs of PLT1, PLT2, the partially reconstructed signal: -1 or 0 */
    int16_t r;    /* RLT1: reconstructed signal */
    int16_t b[8]; /* BL1 to BL6: coefficients of the zero section; two zeros fill up a vector */
    int16_t d[8]; /* DLT1 to DLT6: quantized differences, newest first; two zeros */
} rtpcodec_g722_band;

/* One direction of one call. All zeros but the two scale factors is the reset state. */
typedef struct {
    rtpcodec_g722_band low;
    rtpcodec_g722_band high;
    /* Memory of the QMF, oldest first. Encoder: the last 22 input samples. Decoder: 11 x XD, then 11 x XS. */
    int16_t x[22];
} rtpcodec_g722_stream;

_Static_assert(sizeof(rtpcodec_g722_stream) <= 512, "a direction of G.722 has at most 512 octets of state");

/* The stages of one form of the kernel. A stage works on at most CHUNK pairs, and may write beyond its words of xl,
 * xh, rl and rh, up to PADDED. */
enum { RTPCODEC_G722_CHUNK = 160 /* a frame of 20 ms */, RTPCODEC_G722_PADDED = RTPCODEC_G722_CHUNK + 32 };

/* A sub-band signal, or codes as words, of one of the streams that go together. */
enum { RTPCODEC_G722_LANES = 16 };
typedef int16_t rtpcodec_g722_words[RTPCODEC_G722_PADDED];

typedef struct {
    const char* name;
    void (*transmit_qmf)(int16_t* history, const uint8_t* pcm, int16_t* xl, int16_t* xh, int pairs);
    void (*encode_bands)(rtpcodec_g722_stream*, const int16_t* xl, const int16_t* xh, uint8_t* codes, int pairs);
    void (*decode_bands)(rtpcodec_g722_stream*, const uint8_t* codes, int16_t* rl, int16_t* rh, int pairs, int mode);
    void (*receive_qmf)(int16_t* history, const int16_t* rl, const int16_t* rh, uint8_t* pcm, int pairs);
    /* The bands of 16 streams at once, each with its array of words; NULL where they go one by one. */
    void (*encode_lanes)(rtpcodec_g722_stream**, rtpcodec_g722_words* xl, rtpcodec_g722_words* xh,
                         rtpcodec_g722_words* codes, int pairs);
    void (*decode_lanes)(rtpcodec_g722_stream**, rtpcodec_g722_words* codes, rtpcodec_g722_words* rl,
                         rtpcodec_g722_words* rh, int pairs, int mode);
} rtpcodec_g722_form;

#endif

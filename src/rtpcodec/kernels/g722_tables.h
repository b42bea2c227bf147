/* The tables of ITU-T G.722 clause 6.2 as the Recommendation prints them. Where it prints a quantizer's magnitudes and signs
 * apart, here is the signed value of each code, already shifted by the 3 bits that blocks INVQxx shift it by. */
#ifndef RTPCODEC_G722_TABLES_H
#define RTPCODEC_G722_TABLES_H

#include <stdint.h>

/* H0 to H23, coefficients of both quadrature mirror filters. */
static const int16_t RTPCODEC_G722_H[24] = {
    3,    -11, -11,  53,   12,  -156, 32,   362, -210, -805, 951, 3876,
    3876, 951, -805, -210, 362, 32,   -156, 12,  53,   -11,  -11, 3,
};

/* Q6: the decision levels 1 to 29 of QUANTL. No signal reaches a 30th or 31st; they complete a search of five steps. */
static const int16_t RTPCODEC_G722_Q6[31] = {
    35,  72,   110,  150,  190,  233,  276,  323,  370,  422,  473,  530,  587,  650,  714, 786,
    858, 940,  1023, 1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919, 4095, 4095,
};

/* Q2: the decision level of QUANTH. */
enum { RTPCODEC_G722_Q2 = 564 };

/* IL by sign (0: not negative) and level MIL 0 to 30. MIL 0 does not occur. */
static const uint8_t RTPCODEC_G722_IL[2][32] = {
    {0,  61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47,
     46, 45, 44, 43, 42, 41, 40, 39, 38, 37, 36, 35, 34, 33, 32, 32},
    {0,  63, 62, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19,
     18, 17, 16, 15, 14, 13, 12, 11, 10, 9,  8,  7,  6,  5,  4,  4},
};

/* QQ2, QQ4, QQ5, QQ6: outputs of the inverse quantizers by code. */
static const int16_t RTPCODEC_G722_QQ2[4] = {-7408, -1616, 7408, 1616};
static const int16_t RTPCODEC_G722_QQ4[16] = {
    0,     -20456, -12896, -8968, -6288, -4240, -2584, -1200,
    20456, 12896,  8968,   6288,  4240,  2584,  1200,  0,
};
static const int16_t RTPCODEC_G722_QQ5[32] = {
    -280,  -280,  -23352, -17560, -14120, -11664, -9752, -8184, -6864, -5712, -4696,
    -3784, -2960, -2208,  -1520,  -880,   23352,  17560, 14120, 11664, 9752,  8184,
    6864,  5712,  4696,   3784,   2960,   2208,   1520,  880,   280,   -280,
};
static const int16_t RTPCODEC_G722_QQ6[64] = {
    -136,   -136,   -136,   -136,   -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232,
    -9360,  -8576,  -7856,  -7192,  -6576,  -6000,  -5456,  -4944,  -4464,  -4008,  -3576,  -3168,  -2776,
    -2400,  -2032,  -1688,  -1360,  -1040,  -728,   24808,  21904,  19008,  16704,  14984,  13512,  12280,
    11192,  10232,  9360,   8576,   7856,   7192,   6576,   6000,   5456,   4944,   4464,   4008,   3576,
    3168,   2776,   2400,   2032,   1688,   1360,   1040,   728,    432,    136,    -432,   -136,
};

/* WL by the four bits RIL of a lower code, WH by a higher code: steps of the logarithmic scale factors. */
static const int16_t RTPCODEC_G722_WL[16] = {
    -60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60,
};
static const int16_t RTPCODEC_G722_WH[4] = {798, -214, 798, -214};

/* ILB: mantissas of the linear scale factors. */
static const int16_t RTPCODEC_G722_ILB[32] = {
    2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834,
    2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
};

#endif

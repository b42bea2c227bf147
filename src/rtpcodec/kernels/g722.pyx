"""G.722 (SB-ADPCM at 64, 56 and 48 kbit/s), equal to the ITU-T reference on every input: the definition.

The structure is that of the Recommendation: one function per block of clause 6.2, with the block's name; the tables are
in g722_tables.h. The two sub-bands share all blocks except the quantizers, and names are those of the lower band.
docs/adr/0006-g722-reference.md describes the reference and other implementations.

Chunks of samples pass through two stages, QMF and bands. Only the bands have feedback between samples, and tests run
them alone, as Appendix II of the Recommendation does.
"""
from libc.stdint cimport int16_t, uint8_t
from libc.string cimport memcpy, memmove, memset

from rtpcodec.kernels._buffers cimport store_i16
from rtpcodec.kernels._simd cimport avx2_chosen

cdef extern from "rtpcodec/kernels/g722_tables.h":
    const int16_t H "RTPCODEC_G722_H"[]
    const int16_t Q6 "RTPCODEC_G722_Q6"[]
    const int Q2 "RTPCODEC_G722_Q2"
    const uint8_t IL "RTPCODEC_G722_IL"[2][32]
    const int16_t QQ2 "RTPCODEC_G722_QQ2"[]
    const int16_t QQ4 "RTPCODEC_G722_QQ4"[]
    const int16_t QQ5 "RTPCODEC_G722_QQ5"[]
    const int16_t QQ6 "RTPCODEC_G722_QQ6"[]
    const int16_t WL "RTPCODEC_G722_WL"[]
    const int16_t WH "RTPCODEC_G722_WH"[]
    const int16_t ILB "RTPCODEC_G722_ILB"[]

cdef extern from "rtpcodec/kernels/simd/g722_forms.h":
    const G722Form* rtpcodec_g722_avx2_form() noexcept nogil

cdef enum:
    HISTORY = 11    # pairs in the history of a QMF


cdef inline int saturate(int value) noexcept nogil:
    """Saturate to 16 bits, as `+` and `-` of the Recommendation do."""
    return -32768 if value < -32768 else 32767 if value > 32767 else value


cdef inline int limit(int value) noexcept nogil:
    """LIMIT: the range of a sub-band signal."""
    return -16384 if value < -16384 else 16383 if value > 16383 else value


# --- Quantizers

cdef inline int quantl(int el, int detl) noexcept nogil:
    """QUANTL: the 6-bit code IL. MIL counts the levels Q6 x DETL that the magnitude WD reaches, found by halving."""
    cdef int wd = ~el if el < 0 else el
    cdef int mil = 0
    cdef int step = 16
    while step:
        if wd >= (Q6[mil + step - 1] << 3) * detl >> 15:
            mil += step
        step >>= 1
    return IL[el < 0][30 if mil > 29 else mil + 1]


cdef inline int quanth(int eh, int deth) noexcept nogil:
    """QUANTH: the 2-bit code IH; bit 1 is set for a positive difference, bit 0 for one below the level Q2 x DETH."""
    cdef int wd = ~eh if eh < 0 else eh
    return (0 if eh < 0 else 2) | (wd < (Q2 << 3) * deth >> 15)


cdef inline int invqal(int il, int detl) noexcept nogil:
    """INVQAL: the difference DLT by the upper four bits of IL, which adapt encoder and decoder."""
    return detl * QQ4[il >> 2] >> 15


cdef inline int invqbl(int il, int detl, int mode) noexcept nogil:
    """INVQBL: the difference DL by the bits of IL that carry audio in the mode."""
    if mode == 1:
        return detl * QQ6[il] >> 15
    if mode == 2:
        return detl * QQ5[il >> 1] >> 15
    return detl * QQ4[il >> 2] >> 15


cdef inline int invqah(int ih, int deth) noexcept nogil:
    """INVQAH: the difference DH."""
    return deth * QQ2[ih] >> 15


# --- Scale factors

cdef inline int logscl(int il, int nbl) noexcept nogil:
    """LOGSCL: NBPL, leaking by 1/128 and moved by WL."""
    cdef int nbpl = (nbl * 32512 >> 15) + WL[il >> 2]
    return 0 if nbpl < 0 else 18432 if nbpl > 18432 else nbpl


cdef inline int logsch(int ih, int nbh) noexcept nogil:
    """LOGSCH: NBPH."""
    cdef int nbph = (nbh * 32512 >> 15) + WH[ih]
    return 0 if nbph < 0 else 22528 if nbph > 22528 else nbph


cdef inline int scalel(int nbpl) noexcept nogil:
    """SCALEL: DEPL, the power of two with five bits of mantissa."""
    return (ILB[nbpl >> 6 & 31] << (nbpl >> 11)) >> 8 << 2


cdef inline int scaleh(int nbph) noexcept nogil:
    """SCALEH: DEPH."""
    return (ILB[nbph >> 6 & 31] << (nbph >> 11)) >> 10 << 2


# --- Predictor

cdef inline void upzero(G722Band* band, int dlt) noexcept nogil:
    """UPZERO: each BL leaks by 1/256 and moves by 128, towards the sign that DLT and its DLTi share."""
    cdef int wd1 = 0 if dlt == 0 else 128
    cdef int i
    for i in range(6):
        band.b[i] = <int16_t>saturate((band.b[i] * 32640 >> 15) + (-wd1 if (band.d[i] ^ dlt) < 0 else wd1))


cdef inline int uppol2(const G722Band* band, int plt) noexcept nogil:
    """UPPOL2: APL2."""
    cdef int wd1 = saturate(4 * band.a[0])
    cdef int wd2 = wd1 if (plt ^ band.p[0]) < 0 else saturate(-wd1)
    cdef int wd3 = -128 if (plt ^ band.p[1]) < 0 else 128
    cdef int apl2 = (wd2 >> 7) + wd3 + (band.a[1] * 32512 >> 15)
    return -12288 if apl2 < -12288 else 12288 if apl2 > 12288 else apl2


cdef inline int uppol1(const G722Band* band, int plt, int apl2) noexcept nogil:
    """UPPOL1: APL1, within 15360 - APL2 either way."""
    cdef int wd1 = -192 if (plt ^ band.p[0]) < 0 else 192
    cdef int apl1 = saturate((band.a[0] * 32640 >> 15) + wd1)
    cdef int wd3 = 15360 - apl2
    return -wd3 if apl1 < -wd3 else wd3 if apl1 > wd3 else apl1


cdef inline int filtez(const G722Band* band) noexcept nogil:
    """FILTEZ: SZL. Each addition saturates, from the oldest difference to the newest."""
    cdef int szl = 0
    cdef int i
    for i in range(5, -1, -1):
        szl = saturate(szl + (2 * band.d[i] * band.b[i] >> 15))
    return szl


cdef inline int filtep(const G722Band* band, int rlt1, int rlt2) noexcept nogil:
    """FILTEP: SPL."""
    cdef int wd1 = band.a[0] * saturate(2 * rlt1) >> 15
    cdef int wd2 = band.a[1] * saturate(2 * rlt2) >> 15
    return saturate(wd1 + wd2)


cdef inline void predict(G722Band* band, int dlt) noexcept nogil:
    """PARREC, RECONS, updates, delays, filters and PREDIC: from the difference DLT to the next prediction SL."""
    cdef int plt = saturate(dlt + band.sz)
    cdef int rlt = saturate(dlt + band.s)
    cdef int apl2 = uppol2(band, plt)
    band.a[0] = <int16_t>uppol1(band, plt, apl2)
    band.a[1] = <int16_t>apl2
    upzero(band, dlt)
    memmove(band.d + 1, band.d, 5 * sizeof(int16_t))
    band.d[0] = <int16_t>dlt
    band.p[1] = band.p[0]
    band.p[0] = <int16_t>(plt >> 15)
    band.sz = <int16_t>filtez(band)
    band.s = <int16_t>saturate(filtep(band, rlt, band.r) + band.sz)
    band.r = <int16_t>rlt


cdef inline void adapt_low(G722Band* low, int il) noexcept nogil:
    """Adapt the lower band to IL, in encoder and decoder."""
    cdef int dlt = invqal(il, low.det)
    low.nb = <int16_t>logscl(il, low.nb)
    low.det = <int16_t>scalel(low.nb)
    predict(low, dlt)


cdef inline void adapt_high(G722Band* high, int ih) noexcept nogil:
    """Adapt the higher band to IH, in encoder and decoder."""
    cdef int dh = invqah(ih, high.det)
    high.nb = <int16_t>logsch(ih, high.nb)
    high.det = <int16_t>scaleh(high.nb)
    predict(high, dh)


# --- Stages

cdef void transmit_qmf(
    int16_t* history, const uint8_t* pcm, int16_t* xl, int16_t* xh, int pairs
) noexcept nogil:
    """RECA, ACCUMA, ACCUMB, LOWT and HIGHT for at most CHUNK_PAIRS pairs of samples."""
    cdef int16_t x[2 * (HISTORY + CHUNK_PAIRS)]
    cdef int wda, wdb, k, i
    memcpy(x, history, 4 * HISTORY)
    memcpy(x + 2 * HISTORY, pcm, 4 * pairs)
    for k in range(pairs):
        wda = 0
        wdb = 0
        for i in range(0, 24, 2):
            wda += H[i] * x[2 * k + 23 - i]
            wdb += H[i + 1] * x[2 * k + 22 - i]
        xl[k] = <int16_t>limit((wda + wdb) >> 14)
        xh[k] = <int16_t>limit((wda - wdb) >> 14)
    memcpy(history, x + 2 * pairs, 4 * HISTORY)


cdef void encode_bands(
    G722Stream* stream, const int16_t* xl, const int16_t* xh, uint8_t* codes, int pairs
) noexcept nogil:
    """SUBTRA, the quantizers and the adaptation; IH in bits 7 and 6 of an octet, IL below."""
    cdef int k, il, ih
    for k in range(pairs):
        il = quantl(saturate(xl[k] - stream.low.s), stream.low.det)
        ih = quanth(saturate(xh[k] - stream.high.s), stream.high.det)
        codes[k] = <uint8_t>(ih << 6 | il)
        adapt_low(&stream.low, il)
        adapt_high(&stream.high, ih)


cdef void decode_bands(
    G722Stream* stream, const uint8_t* codes, int16_t* rl, int16_t* rh, int pairs, int mode
) noexcept nogil:
    """Apply the inverse quantizers, RECONS, LIMIT and the adaptation."""
    cdef int k, il, ih
    for k in range(pairs):
        il = codes[k] & 63
        ih = codes[k] >> 6
        rl[k] = <int16_t>limit(saturate(stream.low.s + invqbl(il, stream.low.det, mode)))
        adapt_low(&stream.low, il)
        adapt_high(&stream.high, ih)
        rh[k] = <int16_t>limit(stream.high.r)


cdef void receive_qmf(
    int16_t* history, const int16_t* rl, const int16_t* rh, uint8_t* pcm, int pairs
) noexcept nogil:
    """RECB, ACCUMC, ACCUMD and SELECT for at most CHUNK_PAIRS pairs of sub-band samples."""
    cdef int16_t xd[HISTORY + CHUNK_PAIRS]
    cdef int16_t xs[HISTORY + CHUNK_PAIRS]
    cdef int wdc, wdd, k, i
    memcpy(xd, history, 2 * HISTORY)
    memcpy(xs, history + HISTORY, 2 * HISTORY)
    for k in range(pairs):
        xd[k + 11] = <int16_t>(rl[k] - rh[k])
        xs[k + 11] = <int16_t>(rl[k] + rh[k])
    for k in range(pairs):
        wdc = 0
        wdd = 0
        for i in range(12):
            wdc += H[2 * i] * xd[k + 11 - i]
            wdd += H[2 * i + 1] * xs[k + 11 - i]
        store_i16(pcm, 2 * k, <int16_t>saturate(wdc >> 11))
        store_i16(pcm, 2 * k + 1, <int16_t>saturate(wdd >> 11))
    memcpy(history, xd + pairs, 2 * HISTORY)
    memcpy(history + HISTORY, xs + pairs, 2 * HISTORY)


cdef void g722_start(G722Stream* stream) noexcept nogil:
    memset(stream, 0, sizeof(G722Stream))
    stream.low.det = <int16_t>scalel(0)
    stream.high.det = <int16_t>scaleh(0)


cdef G722Form PORTABLE
PORTABLE.name = "portable"
PORTABLE.transmit_qmf = transmit_qmf
PORTABLE.encode_bands = encode_bands
PORTABLE.decode_bands = decode_bands
PORTABLE.receive_qmf = receive_qmf
PORTABLE.encode_lanes = NULL
PORTABLE.decode_lanes = NULL

cdef const G722Form* AVX2 = rtpcodec_g722_avx2_form()
cdef const G722Form* CHOSEN = AVX2 if avx2_chosen() else &PORTABLE


cdef const G722Form* g722_form(int number) noexcept nogil:
    if number == 0:
        return &PORTABLE
    return AVX2 if number == 1 else NULL


cdef const G722Form* g722_chosen_form() noexcept nogil:
    return CHOSEN


cdef void g722_encode_by(
    const G722Form* form, G722Stream* stream, const uint8_t* pcm, uint8_t* out, Py_ssize_t pairs
) noexcept nogil:
    cdef int16_t xl[PADDED_PAIRS]
    cdef int16_t xh[PADDED_PAIRS]
    cdef int step
    while pairs > 0:
        step = <int>min(pairs, <Py_ssize_t>CHUNK_PAIRS)
        form.transmit_qmf(stream.x, pcm, xl, xh, step)
        form.encode_bands(stream, xl, xh, out, step)
        pcm += 4 * step
        out += step
        pairs -= step


cdef void g722_decode_by(
    const G722Form* form, G722Stream* stream, const uint8_t* codes, uint8_t* out, Py_ssize_t pairs, int mode
) noexcept nogil:
    cdef int16_t rl[PADDED_PAIRS]
    cdef int16_t rh[PADDED_PAIRS]
    cdef int step
    while pairs > 0:
        step = <int>min(pairs, <Py_ssize_t>CHUNK_PAIRS)
        form.decode_bands(stream, codes, rl, rh, step, mode)
        form.receive_qmf(stream.x, rl, rh, out, step)
        codes += step
        out += 4 * step
        pairs -= step


cdef void g722_encode_block(G722Stream* stream, const uint8_t* pcm, uint8_t* out, Py_ssize_t pairs) noexcept nogil:
    g722_encode_by(CHOSEN, stream, pcm, out, pairs)


cdef void g722_decode_block(
    G722Stream* stream, const uint8_t* codes, uint8_t* out, Py_ssize_t pairs, int mode
) noexcept nogil:
    g722_decode_by(CHOSEN, stream, codes, out, pairs, mode)

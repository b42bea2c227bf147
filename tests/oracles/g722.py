"""G.722 in plain Python from the Recommendation alone: one function per block, with the Recommendation's names.

Words have 16 bits. `+` and `-` of the Recommendation are add and sub here (they saturate), `>> 15` after `*` is mult.
A band is the same network for the lower and the higher sub-band; what differs is in Band's tables.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

# Table 11: coefficients of the quadrature mirror filters, H0 to H11; H12 to H23 mirror them.
H_HALF = (3, -11, -11, 53, 12, -156, 32, 362, -210, -805, 951, 3876)
H = H_HALF + H_HALF[::-1]

# Table 14: decision levels of the 6-bit quantizer.
Q6: tuple[int, ...] = (0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714)
Q6 += (786, 858, 940, 1023, 1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919)
Q2 = 564

# Tables 17 to 19: magnitudes of the inverse quantizers of 2, 4, 5 and 6 bits, and which magnitude a code has.
OQ2 = (0, 202, 926)
OQ4 = (0, 150, 323, 530, 786, 1121, 1612, 2557)
OQ5 = (0, 35, 110, 190, 276, 370, 473, 587, 714, 858, 1023, 1219, 1458, 1765, 2195, 2919)
OQ6: tuple[int, ...] = (0, 17, 54, 91, 130, 170, 211, 254, 300, 347, 396, 447, 501, 558, 618, 682)
OQ6 += (750, 822, 899, 982, 1072, 1170, 1279, 1399, 1535, 1689, 1873, 2088, 2376, 2738, 3101)
RIL6 = (1, 1, 1, 1, *range(30, 2, -1), *range(30, 0, -1), 2, 1)
RIL5 = (1, 1, *range(15, 1, -1), *range(15, 0, -1), 1)
RIL4 = (0, *range(7, 0, -1), *range(7, -1, -1))
IH2 = (2, 1, 2, 1)

# Adaptation of the logarithmic scale factor, by the 4-bit and 2-bit magnitudes.
WL = (-60, -30, 58, 172, 334, 538, 1198, 3042)
WH = (0, -214, 798)

ILB: tuple[int, ...] = (2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834)
ILB += (2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008)


def saturate(value: int) -> int:
    return max(-32768, min(32767, value))


def add(a: int, b: int) -> int:
    return saturate(a + b)


def sub(a: int, b: int) -> int:
    return saturate(a - b)


def mult(a: int, b: int) -> int:
    return saturate(a * b >> 15)


def limit(value: int) -> int:
    """LIMIT: the 15-bit range of a sub-band signal."""
    return max(-16384, min(16383, value))


@dataclass
class Band:
    """State of one sub-band coder; the reset values are those of the Recommendation."""

    higher: bool = False
    nb: int = 0
    det: int = 32
    s: int = 0
    sz: int = 0
    a: list[int] = field(default_factory=lambda: [0] * 3)
    b: list[int] = field(default_factory=lambda: [0] * 7)
    d: list[int] = field(default_factory=lambda: [0] * 7)
    p: list[int] = field(default_factory=lambda: [0] * 3)
    r: list[int] = field(default_factory=lambda: [0] * 3)

    def __post_init__(self) -> None:
        if self.higher:
            self.det = 8


def quantl(el: int, detl: int) -> int:
    """QUANTL: 6-bit code of the difference."""
    wd = el if el >= 0 else 32767 - (el & 32767)
    mil = 1
    while mil < 30 and wd >= mult(Q6[mil] << 3, detl):
        mil += 1
    if el >= 0:
        return 62 - mil
    return 64 - mil if mil <= 2 else 34 - mil


def quanth(eh: int, deth: int) -> int:
    """QUANTH: 2-bit code of the difference."""
    wd = eh if eh >= 0 else 32767 - (eh & 32767)
    mih = 2 if wd >= mult(Q2 << 3, deth) else 1
    return (4 if eh >= 0 else 2) - mih


def signed(magnitude: int, negative: bool) -> int:
    return -(magnitude << 3) if negative else magnitude << 3


def invqal(il: int, detl: int) -> int:
    """INVQAL: difference by the four bits that the adaptation uses."""
    ril = il >> 2
    return mult(detl, signed(OQ4[RIL4[ril]], ril < 8))


def invqbl(ilr: int, detl: int, mode: int) -> int:
    """INVQBL: difference by all bits that carry audio in the mode."""
    if mode == 1:
        return mult(detl, signed(OQ6[RIL6[ilr]], ilr < 32 or ilr >= 62))
    if mode == 2:
        ril = ilr >> 1
        return mult(detl, signed(OQ5[RIL5[ril]], ril < 16 or ril == 31))
    return invqal(ilr, detl)


def invqah(ih: int, deth: int) -> int:
    """INVQAH: difference by the two bits of the higher band."""
    return mult(deth, signed(OQ2[IH2[ih]], ih < 2))


def logscl(il: int, nbl: int) -> int:
    """LOGSCL: the logarithmic scale factor of the lower band."""
    return max(0, min(18432, add(mult(nbl, 32512), WL[RIL4[il >> 2]])))


def logsch(ih: int, nbh: int) -> int:
    """LOGSCH: the logarithmic scale factor of the higher band."""
    return max(0, min(22528, add(mult(nbh, 32512), WH[IH2[ih]])))


def scale(nbp: int, shift: int) -> int:
    """SCALEL (shift 8) and SCALEH (shift 10): the linear scale factor."""
    wd1 = nbp >> 6 & 31
    wd2 = nbp >> 11
    wd3 = ILB[wd1] >> shift - wd2 if wd2 <= shift else ILB[wd1] << wd2 - shift
    return wd3 << 2


def upzero(d: list[int], b: list[int]) -> None:
    """UPZERO: the coefficients of the zero section."""
    wd1 = 0 if d[0] == 0 else 128
    for i in range(1, 7):
        wd2 = wd1 if (d[i] < 0) == (d[0] < 0) else -wd1
        b[i] = add(wd2, mult(b[i], 32640))


def uppol2(a: list[int], p: list[int]) -> int:
    """UPPOL2: the second coefficient of the pole section, with its limits."""
    wd1 = saturate(a[1] << 2)
    wd2 = sub(0, wd1) if (p[0] < 0) == (p[1] < 0) else wd1
    wd3 = 128 if (p[0] < 0) == (p[2] < 0) else -128
    wd4 = add(wd2 >> 7, wd3)
    return max(-12288, min(12288, add(wd4, mult(a[2], 32512))))


def uppol1(a: list[int], apl2: int, p: list[int]) -> int:
    """UPPOL1: the first coefficient of the pole section, limited by the second."""
    wd1 = 192 if (p[0] < 0) == (p[1] < 0) else -192
    apl1 = add(wd1, mult(a[1], 32640))
    wd3 = sub(15360, apl2)
    return max(-wd3, min(wd3, apl1))


def filtez(d: list[int], b: list[int]) -> int:
    """FILTEZ: the output of the zero section; each addition saturates, the oldest product first."""
    sz = 0
    for i in range(6, 0, -1):
        sz = add(sz, mult(add(d[i], d[i]), b[i]))
    return sz


def filtep(r: list[int], a: list[int]) -> int:
    """FILTEP: the output of the pole section."""
    return add(mult(a[1], add(r[1], r[1])), mult(a[2], add(r[2], r[2])))


def predict(band: Band, d: int) -> None:
    """PARREC, RECONS, UPZERO, UPPOL2, UPPOL1, the delays, FILTEZ, FILTEP and PREDIC."""
    band.d[0] = d
    band.p[0] = add(d, band.sz)
    band.r[0] = add(band.s, d)
    upzero(band.d, band.b)
    apl2 = uppol2(band.a, band.p)
    apl1 = uppol1(band.a, apl2, band.p)
    band.a[1:] = apl1, apl2
    for line in band.d, band.p, band.r:
        line[1:] = line[:-1]
    band.sz = filtez(band.d, band.b)
    band.s = add(filtep(band.r, band.a), band.sz)


def adapt(band: Band, code: int) -> None:
    """Everything that encoder and decoder do after a code is known: inverse quantizer, scale factor, predictor."""
    if band.higher:
        d = invqah(code, band.det)
        band.nb = logsch(code, band.nb)
    else:
        d = invqal(code, band.det)
        band.nb = logscl(code, band.nb)
    band.det = scale(band.nb, 10 if band.higher else 8)
    predict(band, d)


class Encoder:
    """SB-ADPCM encoder."""

    def __init__(self) -> None:
        self.low = Band()
        self.high = Band(higher=True)
        self.x = [0] * 24

    def bands(self, xl: int, xh: int) -> int:
        """The code octet of a pair of sub-band samples: IH in bits 7 and 6, IL below."""
        il = quantl(sub(xl, self.low.s), self.low.det)
        ih = quanth(sub(xh, self.high.s), self.high.det)
        adapt(self.low, il)
        adapt(self.high, ih)
        return ih << 6 | il

    def transmit_qmf(self, first: int, second: int) -> tuple[int, int]:
        """RECA, ACCUMA, ACCUMB, LOWT and HIGHT: sub-band samples of two input samples."""
        self.x = [second, first, *self.x[:22]]
        wda = sum(h * x for h, x in zip(H[0::2], self.x[0::2], strict=True))
        wdb = sum(h * x for h, x in zip(H[1::2], self.x[1::2], strict=True))
        return limit(wda + wdb >> 14), limit(wda - wdb >> 14)

    def encode(self, samples: list[int]) -> bytes:
        pairs = zip(samples[0::2], samples[1::2], strict=True)
        return bytes(self.bands(*self.transmit_qmf(first, second)) for first, second in pairs)


class Decoder:
    """SB-ADPCM decoder; mode 1, 2 or 3 for 64, 56 or 48 kbit/s of audio in octets of eight bits."""

    def __init__(self, mode: int = 1) -> None:
        self.mode = mode
        self.low = Band()
        self.high = Band(higher=True)
        self.x = [0] * 24

    def bands(self, code: int) -> tuple[int, int]:
        """The sub-band samples of a code octet."""
        il, ih = code & 63, code >> 6
        rl = limit(add(self.low.s, invqbl(il, self.low.det, self.mode)))
        adapt(self.low, il)
        adapt(self.high, ih)
        return rl, limit(self.high.r[0])

    def receive_qmf(self, rl: int, rh: int) -> tuple[int, int]:
        """RECB, ACCUMC, ACCUMD and SELECT: two output samples of a pair of sub-band samples."""
        self.x = [sub(rl, rh), add(rl, rh), *self.x[:22]]
        wdc = sum(h * x for h, x in zip(H[0::2], self.x[0::2], strict=True))
        wdd = sum(h * x for h, x in zip(H[1::2], self.x[1::2], strict=True))
        return saturate(wdc >> 11), saturate(wdd >> 11)

    def decode(self, codes: Iterable[int]) -> list[int]:
        return [sample for code in codes for sample in self.receive_qmf(*self.bands(code))]

"""Power and phase of a signal at single frequencies, per window, as by Goertzel's algorithm.

Goertzel's recursion computes one term of the discrete Fourier transform,

    C = sum of w[i] * x[i] * exp(-2 pi i f i / rate)

with one multiplication per sample, but its order of operations is fixed, and its rounding errors grow towards low
frequencies. Here w[i] * cos and w[i] * sin are tables of integers, so C is two exact sums of integers. Their order does
not matter, and the compiler can use vectors of any width. Results are equal on every machine and at every SIMD level;
the tests compare them with the recursion in `tests/oracles/goertzel.py`.

The windows are overlapping Hann windows: a tone at a distance of more than two lobes does not disturb. The power of a
window has the same weights and excludes its mean, so a single sine in it has exactly this power.
"""
cimport cython
from cpython.mem cimport PyMem_RawFree, PyMem_RawMalloc
from cpython.number cimport PyNumber_Index
from libc.math cimport M_PI, cos, rint, sin, sqrt
from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t
from libc.string cimport memcpy, memmove

from rtpcodec.kernels._buffers cimport Py_buffer, PyBuffer_Release, take_pcm

cdef extern from *:
    """
    static int take_bank(char *flag) { return !__atomic_test_and_set(flag, __ATOMIC_ACQUIRE); }
    static void leave_bank(char *flag) { __atomic_clear(flag, __ATOMIC_RELEASE); }
    """
    bint take_bank(char* flag) noexcept nogil
    void leave_bank(char* flag) noexcept nogil

cdef enum:
    MIN_RATE_HZ = 8000
    MAX_RATE_HZ = 192000
    MAX_WINDOW_SAMPLES = 1 << 15    # 170 ms at 192 kHz; the sums of a window fit 64 bits
    MAX_FREQUENCIES = 64
    BATCH_WINDOWS = 16              # measured without the GIL, then converted to objects
    GIL_FREE_SAMPLES = 2048
    HEADER = 3                      # values of a window before its real and imaginary parts


cdef int64_t weighted_sum(const int16_t* samples, const int16_t* weights, Py_ssize_t n) noexcept nogil:
    """Return the scalar product, for weights up to 2047. The inner loop is GCC's pattern for pmaddwd."""
    cdef int64_t total = 0
    cdef int32_t run
    cdef Py_ssize_t begin = 0
    cdef Py_ssize_t i
    while n - begin >= RUN_SAMPLES:
        run = 0
        for i in range(RUN_SAMPLES):
            run += <int32_t>samples[begin + i] * <int32_t>weights[begin + i]
        total += run
        begin += RUN_SAMPLES
    run = 0
    for i in range(begin, n):
        run += <int32_t>samples[i] * <int32_t>weights[i]
    return total + run


cdef double window_power(
    const int16_t* samples, const int16_t* weights, int64_t total_weight, Py_ssize_t n
) noexcept nogil:
    """Return the weighted mean square of a window, minus the square of its weighted mean."""
    cdef int64_t squares = 0
    cdef int64_t total = 0
    cdef int32_t sample
    cdef Py_ssize_t i
    cdef double mean
    for i in range(n):
        sample = samples[i]
        squares += <int64_t>(sample * sample) * weights[i]
        total += <int64_t>(sample * weights[i])
    mean = <double>total / <double>total_weight
    return <double>squares / <double>total_weight - mean * mean


cdef object in_use():
    return RuntimeError("ToneBank is in use by another thread")


@cython.final
@cython.auto_pickle(False)
cdef class ToneTables:
    """The weights of windows at some frequencies. They are read-only, so banks of many streams share them."""

    cdef int16_t* _weights          # a row of cosines and a row of sines per frequency
    cdef int16_t* _power_weights
    cdef int64_t _total_power_weight
    cdef double _scale
    cdef readonly int rate_hz
    cdef readonly Py_ssize_t window_samples
    cdef readonly tuple frequencies_hz

    def __cinit__(self, rate_hz, frequencies_hz, window_samples):
        cdef Py_ssize_t n
        rate_hz, window_samples = PyNumber_Index(rate_hz), PyNumber_Index(window_samples)
        self.frequencies_hz = tuple(float(one) for one in frequencies_hz)
        if not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
            raise ValueError(f"rate_hz is {rate_hz!r}, {MIN_RATE_HZ} to {MAX_RATE_HZ} are allowed")
        if not 1 <= len(self.frequencies_hz) <= MAX_FREQUENCIES:
            raise ValueError(
                f"frequencies_hz has {len(self.frequencies_hz)} items, 1 to {MAX_FREQUENCIES} are needed"
            )
        for one in self.frequencies_hz:
            if not 0 < one <= rate_hz / 2:
                raise ValueError(f"a frequency is {one:g} Hz, above 0 and at most {rate_hz / 2:g} are allowed")
        if not 2 <= window_samples <= MAX_WINDOW_SAMPLES:
            raise ValueError(f"window_samples is {window_samples!r}, 2 to {MAX_WINDOW_SAMPLES} are allowed")
        self.rate_hz = rate_hz
        self.window_samples = n = window_samples
        self._weights = <int16_t*>PyMem_RawMalloc(2 * len(self.frequencies_hz) * n * sizeof(int16_t))
        self._power_weights = <int16_t*>PyMem_RawMalloc(n * sizeof(int16_t))
        if self._weights == NULL or self._power_weights == NULL:
            raise MemoryError
        self._fill()

    cdef void _fill(self):
        cdef Py_ssize_t n = self.window_samples
        cdef Py_ssize_t i, k
        cdef double hann, angle, frequency_hz
        self._total_power_weight = 0
        for i in range(n):
            hann = 0.5 - 0.5 * cos(2 * M_PI * (i + 0.5) / n)
            self._power_weights[i] = <int16_t>rint(POWER_WEIGHT * hann * hann)
            self._total_power_weight += self._power_weights[i]
        for k in range(len(self.frequencies_hz)):
            frequency_hz = self.frequencies_hz[k]
            for i in range(n):
                hann = 0.5 - 0.5 * cos(2 * M_PI * (i + 0.5) / n)
                angle = 2 * M_PI * frequency_hz * i / self.rate_hz
                self._weights[2 * k * n + i] = <int16_t>rint(WEIGHT * hann * cos(angle))
                self._weights[(2 * k + 1) * n + i] = <int16_t>rint(-WEIGHT * hann * sin(angle))
        # The weights of a Hann window add up to half its length. A sine of power p then has |C|^2 = p.
        self._scale = sqrt(2.0) / (WEIGHT * (n / 2.0))

    def __dealloc__(self):
        PyMem_RawFree(self._weights)
        PyMem_RawFree(self._power_weights)

    def __reduce__(self):
        raise TypeError("ToneTables belongs to its process, it cannot be pickled or copied")


@cython.final
@cython.auto_pickle(False)
cdef class ToneBank:
    """Measures the windows of one stream of PCM. Use from one thread at a time."""

    cdef ToneTables _tables
    cdef int16_t* _held             # samples of windows that are not complete
    cdef double* _found             # per window: two indices, its power, real and imaginary parts
    cdef Py_ssize_t _room
    cdef Py_ssize_t _have
    cdef Py_ssize_t _count
    cdef Py_ssize_t _split
    cdef double _least_power
    cdef double _least_share
    cdef char _busy
    cdef readonly Py_ssize_t hop_samples

    def __cinit__(self, ToneTables tables not None, hop_samples, *, split, double least_power, double least_share):
        """Begin a stream.

        Args:
            tables: windows and frequencies.
            hop_samples: distance of the windows, 1 to the length of a window.
            split: the number of frequencies in the first group; the others are the second group.
            least_power: values of windows with a lower mean square of samples are not reported.
            least_share: values are not reported if the strongest frequencies of both groups together have a lower
                share of the power.

        Raises:
            ValueError: a number out of range.
        """
        hop_samples, split = PyNumber_Index(hop_samples), PyNumber_Index(split)
        self._count = len(tables.frequencies_hz)
        if not 1 <= hop_samples <= tables.window_samples:
            raise ValueError(f"hop_samples is {hop_samples!r}, 1 to {tables.window_samples} are allowed")
        if not 1 <= split <= self._count:
            raise ValueError(f"split is {split!r}, 1 to {self._count} are allowed")
        self._tables = tables
        self.hop_samples = hop_samples
        self._split = split
        self._least_power = least_power
        self._least_share = least_share
        self._room = tables.window_samples + (BATCH_WINDOWS - 1) * self.hop_samples
        self._held = <int16_t*>PyMem_RawMalloc(self._room * sizeof(int16_t))
        self._found = <double*>PyMem_RawMalloc(BATCH_WINDOWS * (HEADER + 2 * self._count) * sizeof(double))
        if self._held == NULL or self._found == NULL:
            raise MemoryError

    cdef Py_ssize_t _measure(self) noexcept nogil:
        """Measure all complete windows, and keep the samples of the next. Return the number of windows."""
        cdef Py_ssize_t window = self._tables.window_samples
        cdef Py_ssize_t begin = 0
        cdef Py_ssize_t windows = 0
        while self._have - begin >= window:
            self._measure_window(self._held + begin, self._found + windows * (HEADER + 2 * self._count))
            begin += self.hop_samples
            windows += 1
        if begin:
            self._have -= begin
            memmove(self._held, self._held + begin, self._have * sizeof(int16_t))
        return windows

    cdef void _measure_window(self, const int16_t* samples, double* found) noexcept nogil:
        cdef Py_ssize_t n = self._tables.window_samples
        cdef const int16_t* weights = self._tables._weights
        cdef double scale = self._tables._scale
        cdef double first = -1
        cdef double second = 0
        cdef double real, imaginary, power
        cdef Py_ssize_t k
        found[0] = -1
        found[1] = -1
        found[2] = window_power(samples, self._tables._power_weights, self._tables._total_power_weight, n)
        if found[2] < self._least_power:
            return
        for k in range(self._count):
            real = <double>weighted_sum(samples, weights + 2 * k * n, n) * scale
            imaginary = <double>weighted_sum(samples, weights + (2 * k + 1) * n, n) * scale
            found[HEADER + 2 * k] = real
            found[HEADER + 1 + 2 * k] = imaginary
            power = real * real + imaginary * imaginary
            if k < self._split:
                if power > first:
                    first = power
                    found[0] = <double>k
            elif found[1] < 0 or power > second:
                second = power
                found[1] = <double>k
        if not first + second >= self._least_share * found[2]:
            found[0] = -1

    cdef void _report(self, Py_ssize_t windows, list reported):
        cdef Py_ssize_t i, k
        cdef double* found
        for i in range(windows):
            found = self._found + i * (HEADER + 2 * self._count)
            if found[0] < 0:
                reported.append((found[2], -1, -1, None))
                continue
            values = tuple(
                [complex(found[HEADER + 2 * k], found[HEADER + 1 + 2 * k]) for k in range(self._count)]
            )
            reported.append((found[2], <Py_ssize_t>found[0], <Py_ssize_t>found[1], values))

    def measure(self, pcm, /):
        """Add PCM to the stream, and measure the windows that it completes.

        Args:
            pcm: native int16 samples, any number.

        Returns:
            Per window: its mean square of samples, the index of the strongest frequency of each group (-1: an empty
            group), and one complex number per frequency whose squared magnitude is the power of a sine there. For a
            window below least_power or least_share: the mean square, -1, -1 and None.

        Raises:
            TypeError: not a buffer of 16-bit samples or octets.
            ValueError: an odd number of octets.
            RuntimeError: another thread uses the bank.
        """
        cdef Py_buffer view
        cdef Py_ssize_t at = 0
        cdef Py_ssize_t n, left, windows
        cdef list reported = []
        take_pcm(pcm, &view)
        if not take_bank(&self._busy):
            PyBuffer_Release(&view)
            raise in_use()
        try:
            left = view.len >> 1
            while left:
                n = min(left, self._room - self._have)
                memcpy(self._held + self._have, <const uint8_t*>view.buf + 2 * at, n * sizeof(int16_t))
                self._have += n
                at += n
                left -= n
                if n < GIL_FREE_SAMPLES:
                    windows = self._measure()
                else:
                    with nogil:
                        windows = self._measure()
                self._report(windows, reported)
        finally:
            leave_bank(&self._busy)
            PyBuffer_Release(&view)
        return reported

    def reset(self):
        """Drop the samples of incomplete windows: the next sample begins a window.

        Raises:
            RuntimeError: another thread uses the bank.
        """
        if not take_bank(&self._busy):
            raise in_use()
        self._have = 0
        leave_bank(&self._busy)

    def __dealloc__(self):
        PyMem_RawFree(self._held)
        PyMem_RawFree(self._found)

    def __reduce__(self):
        raise TypeError("ToneBank belongs to its process and its state, it cannot be pickled or copied")

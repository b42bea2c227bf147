"""The payloads of one track, decoded in every sample codec at once: in which codec are they predictable?

A *reading* is a segment of a payload decoded as PCMU, PCMA, or L16 of one byte order. A wrong reading is nearly noise:
a predictor of order 4 removes 0 to 2 dB of it, but 6 to 12 dB of speech in the right reading. The scores are sums of
that difference, and return to zero while the declared reading is better (CUSUM, a sequential test). So a score reaches
its limit only through a row of segments in which another reading is clearly better than the declared one. The others
are not computed while the declared reading alone is good enough.
"""
cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.math cimport log10
from libc.stdint cimport int16_t, uint8_t, uint16_t, uint32_t
from libc.string cimport memcpy, memset

from rtpcodec.kernels.g711 cimport pcma_decode_block, pcmu_decode_block
from rtpcodec.kernels.prediction cimport LAGS, autocorrelation_block, gain_of_lags

cdef enum:
    READINGS = 4
    STEREO = 4                # its tally is stored after those of the readings
    SEGMENT_OCTETS = 160      # 20 ms of G.711, 10 ms of L16 at 8 kHz
    MAX_SEGMENTS = 50         # of one payload: a chunk may hold 30 s
    LEAST_OCTETS = 40         # too few samples for a spectrum below this
    LEAST_SEGMENTS = 10       # needed for a score: 200 ms of speech
    RTP_OCTETS = 12
    RTP_ROW = 5               # consecutive headers: the chance for random octets is 10^-40
    TEXT_ROW = 5              # payloads of base64 text: samples of 100 ms without one positive value
    TEXT_OCTETS = 24
    TEXT_DISTINCT = 12        # octets of text differ, octets of silence do not

    _READING = 1
    _STEREO = 2
    _RTP = 4
    _TEXT = 8
    _NOISE = 16
    _NOISE_HERE = 32

# The bits that `take` returns.
FOUND_READING = _READING
FOUND_STEREO = _STEREO
FOUND_RTP = _RTP
FOUND_TEXT = _TEXT
FOUND_NOISE = _NOISE
FOUND_NOISE_HERE = _NOISE_HERE

cdef double QUIET_DBOV = -62.0      # segments below it are not judged: line noise
cdef double BIAS_DB = 1.5           # another reading must be better by this much, on average
cdef double MOST_DB = 9.0           # limit on the addition of one segment
cdef double SCORE_DB = 45.0         # the limit of a score
cdef double LEAST_GAIN_DB = 4.0     # mean gain of the better reading at least
cdef double LOUDEST_DBOV = -9.0     # mean level of the better reading at most: a wrong reading is louder than speech
cdef double LEAST_SPREAD_DB = 3.0   # standard deviation of its level: speech rises and falls, tones and noise do not
cdef double CLEAR_GAIN_DB = 5.0     # gain of the declared reading that a wrong one hardly ever has
cdef double UNKNOWN_GAIN_DB = 1.0   # assumed gain of a declared codec that is not a sample codec
cdef double NOISE_GAIN_DB = 0.9     # gain at most of octets that are noise in every reading
cdef double LEAST_NOISE_DBOV = -24.0    # as PCMU: octets of all values have -17 dBov, in whatever codec
cdef double LEAST_HERE_DBOV = -23.0     # level at least of a judged segment after segments of noise
cdef double MOST_NOISE_DBOV = -13.5
cdef double MOST_NOISE_PCMA_DBOV = -9.0     # as PCMA: octets of all values have -13 dBov
cdef int NOISE_SEGMENTS = 6         # minimum count of noise; every other segment subtracts two
cdef int MOST_NOISE_SEGMENTS = 14

cdef bint[256] _BASE64
cdef int _octet
for _octet in range(256):
    _BASE64[_octet] = chr(_octet) in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=\r\n"

NAMES = ("PCMU", "PCMA", "L16 little", "L16 big")

cdef void _count(Tally* tally, double addition, double gain_db, double than_db, double level_db) noexcept nogil:
    tally.score += min(addition, MOST_DB)
    if tally.score <= 0:
        memset(tally, 0, sizeof(Tally))
        return
    tally.gain_db += gain_db
    tally.than_db += than_db
    tally.level_db += level_db
    tally.level_squared += level_db * level_db
    tally.segments += 1


cdef bint _is_sure(const Tally* tally) noexcept nogil:
    cdef double mean_db
    if tally.score < SCORE_DB or tally.segments < LEAST_SEGMENTS:
        return False
    mean_db = tally.level_db / tally.segments
    return (
        tally.gain_db / tally.segments >= LEAST_GAIN_DB
        and mean_db <= LOUDEST_DBOV
        and tally.level_squared / tally.segments - mean_db * mean_db >= LEAST_SPREAD_DB * LEAST_SPREAD_DB
    )


@cython.final
cdef class Readings:
    """The statistics of one track since the last change. Use from one thread at a time."""

    def __cinit__(self, str declared not None):
        """Make empty statistics. declared: one of NAMES, or any other name for a codec that is not a reading."""
        self._declared = NAMES.index(declared) if declared in NAMES else -1
        self.reset()

    def reset(self):
        """Clear everything but the declared codec."""
        memset(self._tallies, 0, sizeof(self._tallies))
        self._noise = self._text = self._rtp = 0
        self._is_skipped = False
        self.segments = self.equal_pairs = 0
        self._gain_db = 0

    @property
    def gain_db(self):
        """The mean gain of the declared reading."""
        return self._gain_db / self.segments if self.segments else 0.0

    @property
    def better(self):
        """The name of a reading that is better than the declared one, its mean gain and the declared one's; or None."""
        cdef int best = -1
        cdef int reading
        # The best one itself must be certain: samples of 16 bits are slightly predictable in other readings too.
        for reading in range(READINGS):
            if reading != self._declared and (best < 0 or self._tallies[reading].score > self._tallies[best].score):
                best = reading
        if not _is_sure(&self._tallies[best]):
            return None
        return NAMES[best], self._tallies[best].gain_db / self._tallies[best].segments, (
            self._tallies[best].than_db / self._tallies[best].segments
        )

    @property
    def scores(self):
        """The scores of all readings, and of two channels."""
        return tuple(self._tallies[k].score for k in range(TALLIES))

    def take(self, bytes payload not None):
        """Judge the next payload. Returns the bits FOUND_ of this module."""
        return self.take_payload(payload)

    cdef int take_payload(self, bytes payload) noexcept:
        cdef const uint8_t* octets = <const uint8_t*>PyBytes_AS_STRING(payload)
        cdef Py_ssize_t n = PyBytes_GET_SIZE(payload)
        cdef int found
        if n <= SEGMENT_OCTETS:
            return self._all_segments(octets, n)    # a segment takes less than others might wait for the GIL
        with nogil:
            found = self._all_segments(octets, n)
        return found

    cdef int _all_segments(self, const uint8_t* octets, Py_ssize_t n) noexcept nogil:
        cdef Py_ssize_t at = 0
        cdef Py_ssize_t length
        cdef int number = 0
        cdef int found = self._header(octets, n)
        while at + LEAST_OCTETS <= n and number < MAX_SEGMENTS:
            length = min(<Py_ssize_t>SEGMENT_OCTETS, n - at) & ~1
            found |= self._segment(octets + at, length)
            at += length
            number += 1
        return found

    cdef int _header(self, const uint8_t* octets, Py_ssize_t n) noexcept nogil:
        """Count consecutive RTP headers (RFC 3550 section 5.1) and consecutive base64 texts."""
        cdef uint16_t sequence
        cdef uint32_t ssrc
        cdef uint8_t seen[256]
        cdef Py_ssize_t i
        cdef int distinct = 0
        cdef int found = 0
        if n > RTP_OCTETS and octets[0] >> 6 == 2:
            sequence = <uint16_t>(octets[2] << 8 | octets[3])
            memcpy(&ssrc, octets + 8, 4)
            if self._rtp and ssrc == self._ssrc and 0 < <uint16_t>(sequence - self._sequence) < 8:
                self._rtp += 1
                found |= _RTP if self._rtp == RTP_ROW else 0
            else:
                self._rtp = 1
            self._sequence = sequence
            self._ssrc = ssrc
        else:
            self._rtp = 0
        if n < TEXT_OCTETS or not _BASE64[octets[0]] or not _BASE64[octets[n >> 1]]:
            self._text = 0
            return found
        memset(seen, 0, 256)
        for i in range(min(n, <Py_ssize_t>SEGMENT_OCTETS)):
            if not _BASE64[octets[i]]:
                self._text = 0
                return found
            distinct += not seen[octets[i]]
            seen[octets[i]] = 1
        self._text = self._text + 1 if distinct >= TEXT_DISTINCT else 0
        return found | (_TEXT if self._text == TEXT_ROW else 0)

    cdef int _segment(self, const uint8_t* octets, Py_ssize_t n) noexcept nogil:
        """Measure a segment, and count its evidence."""
        cdef double lags[READINGS][LAGS]
        cdef double gains_db[READINGS]
        cdef double levels_db[READINGS]
        cdef int declared = self._declared
        cdef int reading
        cdef int found = 0
        # 1. The declared reading. If it is speech or a tone, and no other one has a score, no other is needed.
        if declared >= 0:
            self._measure(octets, n, declared, lags[declared], &gains_db[declared], &levels_db[declared])
            if levels_db[declared] <= QUIET_DBOV:
                # Silence in the right reading may be anything in a wrong one, but not the reverse.
                self._noise = max(self._noise - 2, 0)
                return _NOISE if self._noise >= NOISE_SEGMENTS else 0
            self.segments += 1
            self._gain_db += gains_db[declared]
            found |= self._channels(lags[declared], gains_db[declared], levels_db[declared])
            if gains_db[declared] >= CLEAR_GAIN_DB and not self._has_scores():
                self._noise = max(self._noise - 2, 0)
                return found
        elif not self._has_scores():
            # For a declared codec without a reading, every second segment is enough until a reading has a score.
            self._is_skipped = not self._is_skipped
            if self._is_skipped:
                return _NOISE if self._noise >= NOISE_SEGMENTS else 0
        # 2. The other readings.
        for reading in range(READINGS):
            if reading != declared:
                self._measure(octets, n, reading, lags[reading], &gains_db[reading], &levels_db[reading])
        return found | self._compare(gains_db, levels_db)

    cdef int _compare(self, const double* gains_db, const double* levels_db) noexcept nogil:
        """Count the evidence of all readings of a segment."""
        cdef int declared = self._declared
        cdef int reading
        cdef int found = 0
        cdef double than_db = gains_db[declared] if declared >= 0 else UNKNOWN_GAIN_DB
        # 1. Noise in every reading, as octets of a frame codec or of G.722? Short segments of L16 are less certain.
        if max(gains_db[0], gains_db[1]) < NOISE_GAIN_DB and max(gains_db[2], gains_db[3]) < 2 * NOISE_GAIN_DB and (
            LEAST_NOISE_DBOV < levels_db[0] < MOST_NOISE_DBOV and levels_db[1] < MOST_NOISE_PCMA_DBOV
        ):
            self._noise = min(self._noise + 1, MOST_NOISE_SEGMENTS)
        else:
            self._noise = max(self._noise - 2, 0)
        if self._noise >= NOISE_SEGMENTS:
            found |= _NOISE
            found |= _NOISE_HERE if levels_db[0] > LEAST_HERE_DBOV else 0
        # 2. Compare each other reading with the declared one. If the declared one is quiet, it is right: in pauses of
        #    L16 with an offset, two values alternate as octets of G.711, which is well predictable.
        if declared >= 0 and levels_db[declared] <= QUIET_DBOV:
            return found
        for reading in range(READINGS):
            if reading != declared and levels_db[reading] > QUIET_DBOV:
                _count(
                    &self._tallies[reading], gains_db[reading] - than_db - BIAS_DB, gains_db[reading], than_db,
                    levels_db[reading],
                )
                found |= _READING if _is_sure(&self._tallies[reading]) else 0
        return found

    cdef bint _has_scores(self) noexcept nogil:
        """Return whether another reading than the declared one has a score."""
        cdef int reading
        for reading in range(READINGS):
            if self._tallies[reading].score > 0:
                return True
        return False

    cdef void _measure(
        self, const uint8_t* octets, Py_ssize_t n, int reading, double* lags, double* gain_db, double* level_db
    ) noexcept nogil:
        """Compute autocorrelation, gain and level of a reading; count equal pairs in the declared one."""
        cdef int16_t samples[SEGMENT_OCTETS]
        cdef Py_ssize_t count = n
        cdef Py_ssize_t i
        if reading == 0:
            pcmu_decode_block(octets, <uint8_t*>samples, n)
        elif reading == 1:
            pcma_decode_block(octets, <uint8_t*>samples, n)
        else:
            count = n >> 1
            for i in range(count):
                if reading == 2:
                    samples[i] = <int16_t>(octets[2 * i] | octets[2 * i + 1] << 8)
                else:
                    samples[i] = <int16_t>(octets[2 * i] << 8 | octets[2 * i + 1])
        autocorrelation_block(samples, count, lags)
        gain_db[0] = 10 * log10(gain_of_lags(lags, 1))
        level_db[0] = _level_dbov(lags[0], count)
        if reading == self._declared:
            self._pairs(samples, count)

    cdef int _channels(self, const double* lags, double gain_db, double level_db) noexcept nogil:
        """Count evidence of two interleaved channels: only every second sample helps to predict one."""
        cdef double even_db = 10 * log10(gain_of_lags(lags, 2))
        cdef double addition = min(even_db, MOST_DB) - 3 * (gain_db - even_db) - BIAS_DB
        if lags[2] <= 0:
            addition = -MOST_DB
        _count(&self._tallies[STEREO], addition, even_db, gain_db, level_db)
        return _STEREO if _is_sure(&self._tallies[STEREO]) else 0

    cdef void _pairs(self, const int16_t* samples, Py_ssize_t n) noexcept nogil:
        """Count a segment in which each sample is doubled."""
        cdef Py_ssize_t i
        cdef int lowest = samples[0]
        cdef int highest = samples[0]
        for i in range(0, n - 1, 2):
            if samples[i] != samples[i + 1]:
                return
            lowest = min(lowest, <int>samples[i])
            highest = max(highest, <int>samples[i])
        self.equal_pairs += highest > lowest


cdef double _level_dbov(double energy, Py_ssize_t n) noexcept nogil:
    return 10 * log10((energy if energy > 1 else 1.0) / n / (32768.0 * 32768.0))

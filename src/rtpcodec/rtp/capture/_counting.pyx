"""Counts the packets of a known stream: sequence numbers, jitter, transit, sizes.

The definitions are those of `rtp/statistics` (RFC 3550 appendices A.1, A.3 and A.8), with three differences: the first
packet counts, a packet before the first moves the beginning, and duplicates are distinguished from late packets.
"""
cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.math cimport fabs
from libc.stdint cimport INT64_MAX, int32_t, int64_t, uint8_t, uint32_t, uint64_t

from rtpcodec.kernels.rtp_header cimport HEADER_GOOD, RtpHeader, read_header

from rtpcodec.rtp.reorder import MAX_DROPOUT as _MAX_DROPOUT
from rtpcodec.rtp.reorder import MAX_MISORDER as _MAX_MISORDER

cdef enum:
    WORD_BITS = 64
    WINDOW = 128            # sequence numbers whose arrival is remembered, more than MAX_MISORDER
    WRAP = 1 << 16

cdef uint32_t MAX_DROPOUT = _MAX_DROPOUT
cdef uint32_t MAX_MISORDER = _MAX_MISORDER
# Timestamps that advance so much more than time were restarted: transit before and after cannot be compared.
cdef double JUMP_NS = 10e9
# The least transit is measured in the first minute: if a clock runs fast, later packets seem increasingly quick.
cdef int64_t FLOOR_NS = 60 * 10**9
CLOCKS_HZ = (8000, 16000, 48000)
"""RTP clocks of audio with which every stream is measured; `other_clock_hz` is one more."""


@cython.final
cdef class StreamCounter:
    """Counts of one stream. Use from one thread at a time."""

    def __cinit__(self, int payload_type, *, bint is_watched=False, int other_clock_hz=90000):
        cdef int lane
        self.payload_type = payload_type
        self.is_watched = is_watched
        self._numbers.bad = -1
        self._sizes.least = INT64_MAX
        for lane in range(LANES):
            self._lanes[lane].floor_ns = self._lanes[lane].least_ns = INT64_MAX
            self._lanes[lane].most_ns = -INT64_MAX
            self._lanes[lane].clock_khz = (CLOCKS_HZ[lane] if lane < LANES - 1 else other_clock_hz) / 1000.0

    def count(self, bytes datagram not None, int64_t time_ns, /):
        """Count a packet of any payload type. False: not a valid RTP packet; the state is unchanged."""
        cdef RtpHeader header
        if read_header(<const uint8_t*>PyBytes_AS_STRING(datagram), PyBytes_GET_SIZE(datagram), &header) != HEADER_GOOD:
            return False
        self.payload_type = header.payload_type
        self.take(&header, time_ns)
        return True

    def take_payload_type_packets(self):
        """Return how many packets were counted since the last call."""
        taken, self._type_packets = self._type_packets, 0
        return taken

    @cython.overflowcheck(False)
    cdef void take(self, const RtpHeader* header, int64_t time_ns) noexcept:
        """Count a packet."""
        cdef bint comes_next
        time_ns = max(time_ns, <int64_t>0)
        self._type_packets += 1
        if self.packets == 0:
            self._start(header, time_ns)
        self.packets += 1
        self.last_ns = max(self.last_ns, time_ns)
        if not self.is_event:
            self._sizes.octets += header.payload_octets
            self._sizes.least = min(self._sizes.least, <int64_t>header.payload_octets)
            self._sizes.most = max(self._sizes.most, <int64_t>header.payload_octets)
        if self.packets == 1:
            self._measure(header.timestamp, time_ns, False)
            return
        comes_next = (header.sequence_number - self._numbers.highest) & (WRAP - 1) == 1
        if self._number(header.sequence_number) and not self.is_event:
            self._measure(header.timestamp, time_ns, comes_next)
        self.last_sequence_number = header.sequence_number
        self.last_timestamp = header.timestamp

    cdef void _start(self, const RtpHeader* header, int64_t time_ns) noexcept:
        self.first_ns = self._clock.origin_ns = time_ns
        self.first_sequence_number = self.last_sequence_number = header.sequence_number
        self.first_timestamp = self.last_timestamp = header.timestamp
        self._numbers.base = self._numbers.highest = header.sequence_number
        self._numbers.near = 1
        self._numbers.left_came = True
        self._numbers.unique = 1

    @cython.overflowcheck(False)
    cdef bint _number(self, uint32_t number) noexcept:
        """Count a sequence number (RFC 3550 appendix A.1). False: it is far off."""
        cdef uint32_t ahead = (number - self._numbers.highest) & (WRAP - 1)
        # 1. Equal to the highest: a duplicate. 2. Ahead: losses between. 3. Far off. 4. Late, or a duplicate.
        if ahead == 0:
            self._numbers.duplicates += 1
        elif ahead < MAX_DROPOUT:
            self._advance(ahead)
            self._numbers.unique += 1
            if number < self._numbers.highest:
                self._numbers.cycles += WRAP
            self._numbers.highest = number
        elif ahead <= WRAP - MAX_MISORDER:
            return self._restart(number)
        else:
            self._fill(WRAP - ahead)
        return True

    @cython.overflowcheck(False)
    cdef bint _restart(self, uint32_t number) noexcept:
        """Restart the numbering if this is the second number in a row that is far off."""
        if number != self._numbers.bad:
            self._numbers.bad = (number + 1) & (WRAP - 1)
            self._numbers.strays += 1
            return False
        self._numbers.closed_expected = self.expected
        self._numbers.closed_bursts = self.loss_bursts
        self._numbers.left_bursts = 0
        self._numbers.strays -= 1
        self._numbers.restarts += 1
        self._numbers.bad = -1
        self._numbers.cycles = 0 if number > 0 else WRAP
        self._numbers.base = self._numbers.cycles + number - 1
        self._numbers.highest = number
        self._numbers.unique += 2
        self._numbers.near, self._numbers.far = 3, 0
        self._numbers.left_came = True
        self._clock.is_timed = False
        return True

    @cython.overflowcheck(False)
    cdef void _fill(self, uint32_t back) noexcept:
        """Count a number below the highest: late, or a duplicate."""
        cdef uint64_t* word = &self._numbers.near if back < WORD_BITS else &self._numbers.far
        cdef uint64_t bit = <uint64_t>1 << (back & (WORD_BITS - 1))
        if word[0] & bit:
            self._numbers.duplicates += 1
            return
        word[0] |= bit
        self._numbers.late += 1
        self._numbers.unique += 1
        self._numbers.base = min(self._numbers.base, self._numbers.cycles + self._numbers.highest - back)

    @cython.overflowcheck(False)
    cdef void _advance(self, uint32_t ahead) noexcept:
        """Move the window, and count the bursts of loss that leave it."""
        cdef int64_t highest = self._numbers.cycles + self._numbers.highest
        cdef uint32_t step
        cdef bint came
        for step in range(ahead):
            # After WINDOW steps only zeros leave: they belong to one burst, which was counted with the first of them.
            if step == WINDOW + 1:
                break
            came = self._numbers.far >> (WORD_BITS - 1)
            if highest + step - (WINDOW - 1) >= self._numbers.base:
                self._numbers.left_bursts += self._numbers.left_came and not came
                self._numbers.left_came = came
            self._numbers.far = self._numbers.far << 1 | self._numbers.near >> (WORD_BITS - 1)
            self._numbers.near <<= 1
        self._numbers.near |= 1

    @cython.overflowcheck(False)
    cdef void _measure(self, uint32_t timestamp, int64_t time_ns, bint comes_next) noexcept:
        """Measure jitter (RFC 3550 appendix A.8), step of the timestamps and transit."""
        cdef int32_t ticks = 0
        cdef int64_t apart_ns = 0
        cdef int lane
        if self._clock.is_timed:
            ticks = <int32_t>(timestamp - self._clock.timestamp)
            apart_ns = time_ns - self._clock.time_ns
            if comes_next and ticks > 0:
                self._vote(ticks)
        elif self.packets > 1:
            for lane in range(LANES):
                self._jump(&self._lanes[lane])
        self._clock.ticks += ticks
        # A time of 0 means that the capture has no time for the packet.
        if time_ns > 0 and (self._clock.time_ns > 0 or not self._clock.is_timed):
            for lane in range(LANES):
                self._pace(&self._lanes[lane], apart_ns, ticks, timestamp, time_ns)
        self._clock.is_timed = True
        self._clock.time_ns, self._clock.timestamp = time_ns, timestamp

    @cython.cdivision(True)
    cdef void _pace(self, Lane* lane, int64_t apart_ns, int32_t ticks, uint32_t timestamp, int64_t time_ns) noexcept:
        cdef double difference, transit_ns, ticks_per_ns = lane.clock_khz * 1e-6
        if self._clock.is_timed:
            difference = fabs(<double>apart_ns * ticks_per_ns - ticks)
            lane.jitter += (difference - lane.jitter) / 16
            lane.jitter_sum += lane.jitter
            lane.jitter_max = max(lane.jitter_max, lane.jitter)
            lane.measured += 1
            if difference > JUMP_NS * ticks_per_ns:
                self._jump(lane)
        transit_ns = <double>(time_ns - self._clock.origin_ns) - self._clock.ticks / ticks_per_ns
        if lane.floor_packets == 0:
            lane.floor_begin_ns = time_ns
        if transit_ns < lane.floor_ns and time_ns - lane.floor_begin_ns <= FLOOR_NS:
            lane.floor_ns, lane.floor_time_ns, lane.floor_timestamp = transit_ns, time_ns, timestamp
        if transit_ns > lane.most_ns:
            lane.most_ns = transit_ns
        lane.floor_packets += 1

    cdef void _jump(self, Lane* lane) noexcept:
        """Begin another section after a jump; the longest section determines the packet with the least transit."""
        if lane.floor_packets > lane.best_packets:
            lane.best_packets = lane.floor_packets
            lane.best_time_ns, lane.best_timestamp = lane.floor_time_ns, lane.floor_timestamp
        lane.least_ns = min(lane.least_ns, lane.floor_ns)
        lane.floor_packets = 0
        lane.floor_ns = INT64_MAX

    cdef void _vote(self, uint32_t ticks) noexcept:
        """Find the step of most packets by majority vote (Boyer and Moore)."""
        if ticks == self._sizes.step_ticks:
            self._sizes.step_votes += 1
        elif self._sizes.step_votes > 0:
            self._sizes.step_votes -= 1
        else:
            self._sizes.step_ticks = ticks
            self._sizes.step_votes = 1

    @property
    def duplicates(self):
        """Packets whose number arrived before."""
        return self._numbers.duplicates

    @property
    def late(self):
        """Packets after one with a higher number."""
        return self._numbers.late

    @property
    def strays(self):
        """Single packets whose number is far off."""
        return self._numbers.strays

    @property
    def restarts(self):
        """How often the numbering restarted."""
        return self._numbers.restarts

    @property
    def payload_octets(self):
        """The sum over all payloads, without events."""
        return self._sizes.octets

    @property
    def step_ticks(self):
        """The usual step of timestamps from packet to packet; 0: they do not advance."""
        return self._sizes.step_ticks

    @property
    def expected(self):
        """Packets from the first to the highest number, over all restarts."""
        cdef int64_t last = self._numbers.cycles + self._numbers.highest
        return self._numbers.closed_expected + (last - self._numbers.base + 1 if self.packets else 0)

    @property
    def lost(self):
        """Expected packets that never arrived."""
        return self.expected - self._numbers.unique

    @property
    def loss_bursts(self):
        """Losses, where consecutive ones count as one."""
        cdef int64_t bursts = self._numbers.closed_bursts + self._numbers.left_bursts
        cdef int64_t number = self._numbers.cycles + self._numbers.highest - (WINDOW - 1)
        cdef bint came, before = self._numbers.left_came
        cdef int back
        for back in range(WINDOW - 1, -1, -1):
            came = (self._numbers.near >> back if back < WORD_BITS else self._numbers.far >> (back - WORD_BITS)) & 1
            if number >= self._numbers.base:
                bursts += before and not came
                before = came
            number += 1
        return bursts

    @property
    def min_payload_octets(self):
        """The shortest payload; 0: only events arrived."""
        return 0 if self._sizes.least == INT64_MAX else self._sizes.least

    @property
    def max_payload_octets(self):
        """The longest payload."""
        return self._sizes.most

    @property
    def other_clock_hz(self):
        """The clock in addition to CLOCKS_HZ. Setting it clears its measurements."""
        return round(self._lanes[LANES - 1].clock_khz * 1000)

    @other_clock_hz.setter
    def other_clock_hz(self, int clock_hz):
        cdef Lane empty
        empty.jitter = empty.jitter_max = empty.jitter_sum = 0
        empty.measured = empty.floor_time_ns = empty.floor_begin_ns = empty.floor_packets = 0
        empty.best_packets = empty.best_time_ns = 0
        empty.floor_timestamp = empty.best_timestamp = 0
        empty.floor_ns = empty.least_ns = INT64_MAX
        empty.most_ns, empty.clock_khz = -INT64_MAX, clock_hz / 1000.0
        self._lanes[LANES - 1] = empty

    cdef int _lane_of(self, int clock_hz) noexcept:
        cdef int lane
        for lane in range(LANES):
            if fabs(self._lanes[lane].clock_khz * 1000 - clock_hz) < 0.5:
                return lane
        return -1

    def jitter_ms(self, int clock_hz, /):
        """Return last, highest and mean jitter in ms by a clock. None: not measured with this clock."""
        cdef int lane = self._lane_of(clock_hz)
        if lane < 0 or not self._lanes[lane].measured:
            return None
        khz = self._lanes[lane].clock_khz
        mean = self._lanes[lane].jitter_sum / self._lanes[lane].measured
        return self._lanes[lane].jitter / khz, self._lanes[lane].jitter_max / khz, mean / khz

    def max_delay_ms(self, clock_hz, /):
        """Return the greatest minus the least transit, also across jumps. None: not measured with this clock."""
        cdef int lane = -1 if clock_hz is None else self._lane_of(clock_hz)
        if lane < 0 or self._lanes[lane].most_ns == -INT64_MAX:
            return None
        return (self._lanes[lane].most_ns - min(self._lanes[lane].least_ns, self._lanes[lane].floor_ns)) / 1e6

    def least_transit(self, clock_hz, /):
        """Return timestamp and time of the packet with the least transit; without a clock those of the first packet."""
        cdef int lane = -1 if clock_hz is None else self._lane_of(clock_hz)
        cdef Lane* found
        if lane < 0:
            return self.first_timestamp, self.first_ns
        found = &self._lanes[lane]
        if found.floor_packets and found.floor_packets >= found.best_packets:
            return found.floor_timestamp, found.floor_time_ns
        if found.best_packets:
            return found.best_timestamp, found.best_time_ns
        return self.first_timestamp, self.first_ns

"""The carriers' side of a race of endpoints: N calls on plain sockets, driven by one loop without Python.

Each call sends frames that were built before, at deadlines counted from the start and never from the send before, so a
late one delays no other. Echoes are matched to what was sent by their payload.
"""
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.errno cimport EAGAIN, EINTR, errno
from libc.stdint cimport int64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcmp, memmove, memset

cdef extern from *:
    """
    #ifndef _GNU_SOURCE
    #define _GNU_SOURCE
    #endif
    #include <poll.h>
    #include <string.h>
    #include <sys/epoll.h>
    #include <sys/prctl.h>
    #include <sys/socket.h>
    #include <time.h>

    static int64_t now_ns(void) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        return now.tv_sec * 1000000000LL + now.tv_nsec;
    }
    static int wait_ns(int epoll, int64_t ns) {
        struct pollfd one = {epoll, POLLIN, 0};
        struct timespec time = {ns / 1000000000LL, ns % 1000000000LL};
        return ppoll(&one, 1, &time, NULL);
    }
    static void wake_precisely(void) { prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0); }
    static int watch(int epoll, int socket, int64_t index) {
        struct epoll_event event = {.events = EPOLLIN, .data = {.u64 = (uint64_t)index}};
        return epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event);
    }
    static void ignore(int epoll, int socket) { epoll_ctl(epoll, EPOLL_CTL_DEL, socket, NULL); }
    static int readable(int epoll, struct epoll_event* events, int most) {
        return epoll_wait(epoll, events, most, 0);
    }
    static int64_t index_of(const struct epoll_event* event) { return (int64_t)event->data.u64; }
    static void* find(const void* text, size_t n, const void* part, size_t m) { return memmem(text, n, part, m); }
    """
    struct epoll_event:
        pass
    int epoll_create1(int)
    int64_t now_ns() nogil
    int wait_ns(int epoll, int64_t ns) nogil
    void wake_precisely() nogil
    int watch(int epoll, int socket, int64_t index) nogil
    void ignore(int epoll, int socket) nogil
    int readable(int epoll, epoll_event* events, int most) nogil
    int64_t index_of(const epoll_event* event) nogil
    void* find(const void* text, size_t n, const void* part, size_t m) nogil
    ssize_t send(int, const void*, size_t, int) nogil
    ssize_t recv(int, void*, size_t, int) nogil
    int MSG_DONTWAIT
    int MSG_NOSIGNAL

cdef extern from "unistd.h" nogil:
    int close(int)

cdef enum:
    BIN_NS = 10000
    BINS = 200000       # delays of 2 s and more share the last one
    READ_OCTETS = 32768
    SEARCHED = 500      # frames that may be missing in a row: 10 s of 20 ms
    EVENTS = 256
    STEP_NS = 1000000

cdef struct Call:
    int socket
    bint lost
    Py_ssize_t sent     # index behind the last frame that was sent
    Py_ssize_t echoed   # index of the frame whose echo is expected next
    const char* rest    # of a frame that the socket did not take whole
    Py_ssize_t rest_octets
    Py_ssize_t kept     # octets of an incomplete frame in `read`
    char* read

cdef struct Histogram:
    int64_t* bins
    int64_t count
    int64_t most_ns


cdef void note(Histogram* histogram, int64_t ns) noexcept nogil:
    cdef int64_t place = ns // BIN_NS if ns > 0 else 0
    histogram.bins[place if place < BINS else BINS - 1] += 1
    histogram.count += 1
    if ns > histogram.most_ns:
        histogram.most_ns = ns


cdef double percentile_ms(Histogram* histogram, double share) noexcept nogil:
    cdef int64_t wanted = <int64_t>(histogram.count * share)
    cdef int64_t seen = 0
    cdef Py_ssize_t place
    if histogram.count == 0:
        return 0.0
    for place in range(BINS):
        seen += histogram.bins[place]
        if seen > wanted:
            return (place + 1) * BIN_NS / 1e6
    return histogram.most_ns / 1e6


cdef class Calls:
    """Calls that send the same frames, each at its own phase of the period.

    frames: client frames, masked; the first one goes out at the phase of the call.
    payloads: what the echo of each must have as its payload; an empty one: any, the echoes are counted in order.
    period_ns: from frame to frame of a call.
    """

    cdef list _frames, _payloads, _sockets
    cdef const char** _frame
    cdef const char** _payload
    cdef Py_ssize_t* _frame_octets
    cdef Py_ssize_t* _payload_octets
    cdef Py_ssize_t _frame_count, _ticks, _call_count
    cdef Call* _calls
    cdef int _epoll
    cdef int64_t _period_ns, _start_ns
    cdef Histogram _delay, _late
    cdef readonly int64_t sent, echoed, different, missing, blocked, lost

    def __cinit__(self, list frames, list payloads, int64_t period_ns, list sockets):
        cdef Py_ssize_t i
        self._epoll = -1    # until it is open: 0 is somebody else's
        if len(frames) != len(payloads) or not frames or not sockets:
            raise ValueError(f"{len(frames)} frames, {len(payloads)} payloads and {len(sockets)} sockets do not match")
        self._frames, self._payloads, self._sockets = frames, payloads, sockets
        self._frame_count, self._call_count, self._period_ns = len(frames), len(sockets), period_ns
        self._frame = <const char**>calloc(self._frame_count, sizeof(char*))
        self._payload = <const char**>calloc(self._frame_count, sizeof(char*))
        self._frame_octets = <Py_ssize_t*>calloc(self._frame_count, sizeof(Py_ssize_t))
        self._payload_octets = <Py_ssize_t*>calloc(self._frame_count, sizeof(Py_ssize_t))
        self._calls = <Call*>calloc(self._call_count, sizeof(Call))
        self._delay.bins = <int64_t*>calloc(BINS, sizeof(int64_t))
        self._late.bins = <int64_t*>calloc(BINS, sizeof(int64_t))
        self._epoll = epoll_create1(0)
        for i in range(self._frame_count):
            self._frame[i] = PyBytes_AS_STRING(frames[i])
            self._frame_octets[i] = PyBytes_GET_SIZE(frames[i])
            self._payload[i] = PyBytes_AS_STRING(payloads[i])
            self._payload_octets[i] = PyBytes_GET_SIZE(payloads[i])
        for i in range(self._call_count):
            self._calls[i].socket = sockets[i].fileno()
            self._calls[i].read = <char*>calloc(READ_OCTETS, 1)
            watch(self._epoll, self._calls[i].socket, i)
        wake_precisely()

    def __dealloc__(self):
        cdef Py_ssize_t i
        for i in range(self._call_count):
            free(self._calls[i].read)
        free(self._calls)
        free(self._frame)
        free(self._payload)
        free(self._frame_octets)
        free(self._payload_octets)
        free(self._delay.bins)
        free(self._late.bins)
        if self._epoll >= 0:
            close(self._epoll)

    def run(self, double seconds):
        """Send and receive for so long, from where the run before ended. IndexError: the frames do not suffice."""
        cdef int64_t end_ns
        cdef bint enough
        if not self._start_ns:
            self._start_ns = now_ns()
        end_ns = now_ns() + <int64_t>(seconds * 1e9)
        with nogil:
            enough = self._run_until(end_ns)
        if not enough:
            raise IndexError(f"{self._frame_count} frames do not suffice for this run")

    def receive(self, double seconds):
        """Receive the echoes that are under way, for so long at most."""
        cdef int64_t now = now_ns()
        cdef int64_t end_ns = now + <int64_t>(seconds * 1e9)
        while now < end_ns and self.outstanding:
            with nogil:
                wait_ns(self._epoll, min(end_ns - now, STEP_NS))
                self._receive()
            now = now_ns()

    @property
    def outstanding(self):
        """Frames that were sent and not echoed yet, of the calls that run."""
        cdef Py_ssize_t i, count = 0
        for i in range(self._call_count):
            if not self._calls[i].lost:
                count += self._calls[i].sent - self._calls[i].echoed
        return count

    def reset(self):
        """Begin a measurement: all figures are 0 again."""
        self.sent = self.echoed = self.different = self.missing = self.blocked = 0
        memset(self._delay.bins, 0, BINS * sizeof(int64_t))
        memset(self._late.bins, 0, BINS * sizeof(int64_t))
        self._delay.count = self._delay.most_ns = self._late.count = self._late.most_ns = 0

    def delay_ms(self, double share):
        """From the deadline of a frame to its echo: what this share of the echoes (0.99) stays below."""
        return percentile_ms(&self._delay, share)

    def late_ms(self, double share):
        """From the deadline of a frame to its sending."""
        return percentile_ms(&self._late, share)

    cdef int64_t _due_ns(self, Py_ssize_t tick) noexcept nogil:
        """Deadline of a tick: frame tick // calls of call tick % calls."""
        return self._start_ns + tick * self._period_ns // self._call_count

    cdef bint _run_until(self, int64_t end_ns) noexcept nogil:
        cdef int64_t now, due
        cdef int in_turn
        while True:
            now = now_ns()
            due = self._due_ns(self._ticks)
            in_turn = 0
            while due <= now and now < end_ns and in_turn < EVENTS:
                if self._ticks // self._call_count >= self._frame_count:
                    return False
                note(&self._late, now - due)
                self._send(&self._calls[self._ticks % self._call_count], self._ticks // self._call_count)
                self._ticks += 1
                in_turn += 1
                due = self._due_ns(self._ticks)
                now = now_ns()
            if now >= end_ns:
                return True
            if due > now:
                wait_ns(self._epoll, (due if due < end_ns else end_ns) - now)
            self._receive()

    cdef void _send(self, Call* call, Py_ssize_t index) noexcept nogil:
        """Send a frame, or count it as blocked: the socket is full, and a carrier drops audio that is late."""
        if call.lost:
            return
        if call.rest_octets and not self._send_octets(call, call.rest, call.rest_octets):
            self.blocked += 1
            return
        if self._send_octets(call, self._frame[index], self._frame_octets[index]) or call.rest_octets:
            self.sent += 1
            call.sent = index + 1
        else:
            self.blocked += 1

    cdef bint _send_octets(self, Call* call, const char* octets, Py_ssize_t n) noexcept nogil:
        """Whether all went out; what did not is kept, if anything did."""
        cdef ssize_t taken = send(call.socket, octets, n, MSG_DONTWAIT | MSG_NOSIGNAL)
        if taken == n:
            call.rest_octets = 0
            return True
        if taken > 0:
            call.rest, call.rest_octets = octets + taken, n - taken
        elif taken < 0 and errno != EAGAIN and errno != EINTR:
            self._lose(call)
        return False

    cdef void _lose(self, Call* call) noexcept nogil:
        call.lost = True
        self.lost += 1
        ignore(self._epoll, call.socket)

    cdef void _receive(self) noexcept nogil:
        cdef epoll_event events[EVENTS]
        cdef int place
        cdef int ready = readable(self._epoll, events, EVENTS)
        for place in range(ready):
            self._read(&self._calls[index_of(&events[place])])

    cdef void _read(self, Call* call) noexcept nogil:
        cdef ssize_t taken = recv(call.socket, call.read + call.kept, READ_OCTETS - call.kept, MSG_DONTWAIT)
        cdef Py_ssize_t have, at = 0, head, octets
        cdef unsigned char* frame
        if taken <= 0:
            if taken == 0 or (errno != EAGAIN and errno != EINTR):
                self._lose(call)
            return
        have = call.kept + taken
        # Frames of a server are not masked: two octets, two more for a length from 126 on, and the text.
        while have - at >= 4:
            frame = <unsigned char*>call.read + at
            head, octets = 2, frame[1]
            if octets == 126:
                head, octets = 4, frame[2] << 8 | frame[3]
            if have - at < head + octets:
                break
            self._match(call, <const char*>frame + head, octets)
            at += head + octets
        call.kept = have - at
        if at and call.kept:
            memmove(call.read, call.read + at, call.kept)

    cdef void _match(self, Call* call, const char* text, Py_ssize_t octets) noexcept nogil:
        """Find which frame this is the echo of. Texts without a payload are others than media."""
        cdef const char* member = <const char*>find(text, octets, b'"payload"', 9)
        cdef const char* payload
        cdef Py_ssize_t room, index
        if member == NULL:
            return
        payload = <const char*>find(member + 9, text + octets - member - 9, b'"', 1)
        if payload == NULL:
            return
        payload += 1
        room = text + octets - payload
        for index in range(call.echoed, min(call.echoed + SEARCHED, self._frame_count)):
            if self._is(index, payload, room):
                self.missing += index - call.echoed
                break
        else:
            index = call.echoed
            self.different += 1
        self.echoed += 1
        call.echoed = index + 1
        note(&self._delay, now_ns() - self._due_ns(index * self._call_count + (call - self._calls)))

    cdef bint _is(self, Py_ssize_t index, const char* payload, Py_ssize_t room) noexcept nogil:
        cdef Py_ssize_t octets = self._payload_octets[index]
        if not octets:
            return True
        return octets < room and payload[octets] == b'"' and memcmp(payload, self._payload[index], octets) == 0

"""Native: the steps of a pump that run for each message. See pump."""
cimport cython
from cpython.time cimport monotonic, perf_counter
from libc.math cimport INFINITY

from rtpcodec.stream._audio cimport Audio
from rtpcodec.stream._machine cimport MachineFastPath

import asyncio

from rtpcodec.pump.interrupts import end_loop

cdef enum:
    IDLE = 0
    DELIVERING = 1
    DELIVERING_FED = 2    # the sink has added audio, whose texts are sent in the same run
    SENDING = 3
    SENDING_FED = 4
    AGAIN = 5             # something changed while the pump was running


@cython.auto_pickle(False)
cdef class TimerState:
    """The deadline of a DeadlineTimer."""


@cython.auto_pickle(False)
cdef class BudgetState:
    """The rest of a FrameBudget: `frames` before the next refill, and `octets` of text messages."""


@cython.auto_pickle(False)
cdef class AudioSink:
    """The base of a Sink whose `take_audio` is a field."""


@cython.auto_pickle(False)
cdef class DriverFastPath:
    """The base of Driver: the loop around one machine."""

    def __init__(self, machine, send, sink=None):
        loop = asyncio.get_running_loop()
        self.machine = machine
        self._fast_machine = machine if isinstance(machine, MachineFastPath) else None
        self._send = send
        self._sink = sink
        # asyncio's own clock is the system's, which is read directly. Other clocks, such as a virtual one, are called.
        self._time = None if getattr(loop.time, "__func__", None) is asyncio.BaseEventLoop.time else loop.time

    @property
    def _running(self):
        """Whether a run is in progress."""
        return self._state != IDLE

    def now_ms(self):
        """Return the time of the machine's clock."""
        return self.now()

    def run(self):
        """Look at the machine again, because something changed or its deadline has come."""
        if self._state == IDLE:
            self.drive(self.now())
        else:
            self._state = AGAIN

    cdef double now(self) except? -1.0:
        if self._time is None:
            return monotonic() * 1000.0
        return <double>self._time() * 1000.0

    @cython.nonecheck(True)
    cdef int drive(self, double now_ms) except -1:
        """One run: events, texts and frames that are due, until nothing changed meanwhile; then sleep."""
        cdef MachineFastPath fast = self._fast_machine
        cdef double due_ms
        try:
            while True:
                # 1. Events, whose sink may change the machine.
                self._state = DELIVERING
                self.deliver(fast.take_events(now_ms) if fast is not None else self.machine.events(now_ms))
                if self._state != AGAIN:
                    self._state = SENDING_FED if self._state == DELIVERING_FED else SENDING
                # 2. Texts.
                for item in fast.take_texts(now_ms) if fast is not None else self.machine.outgoing(now_ms):
                    self._send(item)
                # 3. Frames that are not texts, and the end of the connection.
                if self.has_control():
                    self._control_connection()
                if self._state == SENDING or (self._state == SENDING_FED and not self.changed_since(now_ms)):
                    break
        finally:
            self._state = IDLE
        # 4. Sleep.
        due_ms = fast.due_ms() if fast is not None else _deadline_of(self.machine)
        if due_ms < self._timer._at_ms:
            self._timer.by(due_ms)
        if self._after_run is not None:
            self._after_run(now_ms)
        return 0

    cdef bint has_control(self) except -1:
        """Whether the machine asks for a frame that is not a text, or for the end of the connection."""
        cdef MachineFastPath fast = self._fast_machine
        if fast is not None:
            return fast.ping is not None or fast.hangup is not None or fast.cut
        machine = self.machine
        return machine.ping is not None or machine.hangup is not None or machine.cut

    cdef int deliver(self, object events) except -1:
        cdef object sink = self._sink
        cdef bint has_field = isinstance(sink, AudioSink)
        if sink is None:
            return 0
        for event in events:
            try:
                if type(event) is Audio:
                    if has_field:
                        (<AudioSink>sink).take_audio(event)
                    else:
                        sink.take_audio(event)
                else:
                    sink.take(event)
            except BaseException as error:  # any error of a handler; the sink decides how to handle it
                _report_failure(sink, error)
        return 0

    @cython.nonecheck(True)
    cdef bint changed_since(self, double now_ms) except -1:
        """Whether a run that has sent its sink's audio has caused events, or has left texts that are due."""
        cdef MachineFastPath fast = self._fast_machine
        return len(fast.session._events) > 0 or fast.due_ms() <= now_ms


@cython.auto_pickle(False)
cdef class PumpFastPath(DriverFastPath):
    """The base of Pump: one WebSocket's messages to its machine."""

    def watch(self, watch):
        """Report slow turns from now on; None: measure nothing."""
        self._watch = watch

    @cython.nonecheck(True)
    def received(self, text):
        """Feed one text message."""
        cdef double begun_s = 0.0 if self._watch is None else perf_counter()
        cdef double now_ms = self.now()
        cdef BudgetState budget = self._budget
        budget.frames -= 1
        budget.octets -= len(text)    # all buffers that hold a text have a length
        if (budget.frames < 0 or budget.octets < 0) and not self._refill(now_ms):
            return
        if self._fast_machine is not None:
            self._fast_machine.take_text(text, now_ms)
        else:
            self.machine.receive(text, now_ms)
        if self._state == IDLE:
            self.drive(now_ms)
        else:
            self._state = AGAIN
        if self._watch is not None and perf_counter() - begun_s > <double>self._watch.limit_s:
            octets = len(text) if isinstance(text, str) else memoryview(text).nbytes
            self._watch.report(perf_counter() - begun_s, f"a message of {octets} octets")

    def run(self):
        """Look at the machine again, because something changed or its deadline has come."""
        if self._state == IDLE:
            self.run_watched()
        else:
            self._state = AGAIN

    cdef int run_watched(self) except -1:
        cdef double begun_s = 0.0 if self._watch is None else perf_counter()
        self.drive(self.now())
        if self._watch is not None and perf_counter() - begun_s > <double>self._watch.limit_s:
            self._watch.report(perf_counter() - begun_s, "audio that was due, or a timer")
        return 0

    cdef int audio_added(self) except -1:
        """Run after a change that only added audio.

        Audio that a sink adds is sent by the run that has called the sink.
        """
        if self._state == IDLE:
            self.run_watched()
        elif self._state == DELIVERING and self._fast_machine is not None:
            self._state = DELIVERING_FED
        elif self._state != DELIVERING_FED:
            self._state = AGAIN
        return 0


cdef double _deadline_of(machine) except? -1.0:
    due_ms = machine.next_deadline_ms
    return INFINITY if due_ms is None else due_ms


cdef int _report_failure(sink, error) except -1:
    """Let the sink handle an error, even SystemExit. Only KeyboardInterrupt ends the whole program."""
    if isinstance(error, KeyboardInterrupt):
        end_loop(error)
    else:
        sink.failed(error)
    return 0

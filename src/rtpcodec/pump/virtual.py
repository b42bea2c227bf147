"""An event loop whose clock jumps to the next deadline: programs run without waiting."""

# ruff: noqa: SLF001 -- handles have no public interface for loops

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from functools import partial
from typing import Any, Final, NoReturn, TypeVar, TypeVarTuple, Unpack

from rtpcodec.errors import VirtualClockError
from rtpcodec.pickling import Live
from rtpcodec.pump.handles import ReadyHandle, Timer, drop_last_frame
from rtpcodec.pump.memory import MemoryNetwork

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

TICK_S: Final = 1e-9
"""A timer for now or the past fires this much later, so that a chain of timers cannot stop the clock."""
MAX_ROUNDS: Final = 10_000
"""Rounds of callbacks at one time before the clock jumps anyway, so that a polling task cannot stop it."""
MIN_CANCELLED: Final = 100
"""Up to this many cancelled timers stay in the heap until their deadline."""
MAX_NAMED_TASKS: Final = 10

_SOCKETS: Final = "a real socket; use loop.network instead"
_NAMES: Final = "name resolution; loop.network does not resolve names"
_THREADS: Final = "a thread; call the function directly"
_PROCESSES: Final = "a process"
_PIPES: Final = "a real pipe"
_SIGNALS: Final = "the signals of the process"

_logger = logging.getLogger("asyncio")


def _refused(name: str, needs: str) -> Any:
    """Return a method that raises VirtualClockError for a facility of the real world."""

    def refuse(_loop: object, *_args: object, **_options: object) -> NoReturn:
        raise VirtualClockError(f"{name} is not available on a virtual clock: it needs {needs}")

    refuse.__name__ = name
    refuse.__qualname__ = f"VirtualEventLoop.{name}"
    refuse.__doc__ = f"Raise VirtualClockError: it needs {needs}."
    return refuse


class VirtualEventLoop(Live, asyncio.BaseEventLoop):
    """Run asyncio programs in virtual time.

    `time()` stands still while a callback is ready, then jumps to the next deadline. Timers fire exactly at their
    deadline; timers with the same deadline fire in the order in which they were set. So each run of a program takes the
    same steps at the same times.

    Facilities that need the real world raise VirtualClockError: executors, sockets, processes, pipes, signals, calls
    from other threads. `network` replaces sockets. A deadlock raises VirtualClockError with the names of the waiting
    tasks.

    Args:
        start_s: first value of `time()`, in s.

    Raises:
        ValueError: start_s is not finite.
    """

    _ready: deque[Any]
    _closed: bool
    _debug: bool
    _stopping: bool
    _thread_id: int | None
    _timer_cancelled_count: int
    _current_handle: asyncio.Handle | None
    _check_closed: Callable[[], None]
    _check_thread: Callable[[], None]
    _check_callback: Callable[[object, str], None]

    def __init__(self, start_s: float = 0.0) -> None:
        super().__init__()
        if not math.isfinite(start_s):
            self.close()
            raise ValueError(f"start_s is {start_s}, a finite number is needed")
        self._now_s = float(start_s)
        self._scheduled: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()
        self._network = MemoryNetwork(self, self._make_waker)

    @property
    def network(self) -> MemoryNetwork:
        """The network in memory that replaces sockets."""
        return self._network

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._now_s

    def call_soon(
        self, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """Call a function in the next round, at the same virtual time."""
        if self._debug or self._closed:
            watched = super().call_soon(callback, *args, context=context)
            drop_last_frame(watched)
            return watched
        handle = ReadyHandle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_later(
        self, delay: float, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Call back after a delay.

        Args:
            delay: virtual seconds.
            callback: called with args.
            context: the context in which it runs; None: the current one.
        """
        timer = self.call_at(self._now_s + delay, callback, *args, context=context)
        if self._debug:
            drop_last_frame(timer)
        return timer

    def call_at(
        self, when: float, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Call back at a virtual time, or a nanosecond from now if it is not in the future.

        Args:
            when: the time in seconds, as `time` gives it.
            callback: called with args.
            context: the context in which it runs; None: the current one.
        """
        if self._debug or self._closed:
            self._check_closed()
            self._check_thread()
            self._check_callback(callback, "call_at")
        now_s = self._now_s
        if not when > now_s:  # NaN as well
            when = now_s + max(TICK_S, math.ulp(now_s))
        timer = Timer(when, callback, args, self, context)
        heapq.heappush(self._scheduled, (when, next(self._order), timer))
        if self._debug:
            drop_last_frame(timer)
        return timer

    def _make_waker(self, callback: Callable[[], object], context: Context) -> Callable[[], None]:
        """Make a function that schedules a callback for the next round; faster than `call_soon`.

        Args:
            callback: called once per call of the function.
            context: the context in which it runs.
        """
        return partial(self._ready.append, ReadyHandle(callback, (), self, context))

    def call_soon_threadsafe(
        self, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """Call a function in the next round; not from other threads.

        Raises:
            VirtualClockError: in another thread, because virtual time does not wait for threads.
        """
        if self._thread_id not in (None, threading.get_ident()):
            raise VirtualClockError(
                "call_soon_threadsafe is not available on a virtual clock from another thread: "
                "virtual time does not wait for threads"
            )
        return self.call_soon(callback, *args, context=context)

    def _run_once(self) -> None:
        """Run rounds until `stop()`; asyncio calls this once per round, but a call per round costs time."""
        ready = self._ready
        rounds = 0
        while True:
            rounds += 1
            if (not ready or rounds > MAX_ROUNDS) and not self._stopping:
                self._jump()
                rounds = 0
            for _ in range(len(ready)):
                handle = ready.popleft()
                if handle._cancelled:
                    continue
                if self._debug:
                    self._run_watched(handle)
                    continue
                try:
                    handle._context.run(handle._callback, *handle._args)
                except (SystemExit, KeyboardInterrupt):
                    raise
                except BaseException as error:
                    self.call_exception_handler(
                        {"message": f"Exception in callback {handle!r}", "exception": error, "handle": handle}
                    )
            if self._stopping:
                return

    def _jump(self) -> None:
        """Set the clock to the next deadline and make its timers ready."""
        if self._timer_cancelled_count:
            self._drop_cancelled()
        scheduled, ready = self._scheduled, self._ready
        if not scheduled or scheduled[0][0] == math.inf:
            if not ready:
                raise VirtualClockError(self._describe_deadlock())
            return
        when_s = self._now_s = scheduled[0][0]
        while scheduled and scheduled[0][0] == when_s:
            timer = heapq.heappop(scheduled)[2]
            timer._scheduled = False
            if timer._cancelled:
                self._timer_cancelled_count -= 1
            else:
                ready.append(timer)

    def _drop_cancelled(self) -> None:
        """Drop cancelled timers: all of them if they are many, else those at the head of the heap."""
        scheduled = self._scheduled
        if self._timer_cancelled_count > max(MIN_CANCELLED, len(scheduled) // 2):
            for _, _, timer in scheduled:
                timer._scheduled = not timer._cancelled
            scheduled[:] = [entry for entry in scheduled if entry[2]._scheduled]
            heapq.heapify(scheduled)
            self._timer_cancelled_count = 0
        while scheduled and scheduled[0][2]._cancelled:
            heapq.heappop(scheduled)[2]._scheduled = False
            self._timer_cancelled_count -= 1

    def _run_watched(self, handle: asyncio.Handle) -> None:
        """Run a callback in debug mode, and log it if it is slow in real time."""
        self._current_handle = handle
        started_s = time.perf_counter()
        try:
            handle._run()
        finally:
            self._current_handle = None
        took_s = time.perf_counter() - started_s
        if took_s >= self.slow_callback_duration:
            _logger.warning("Executing %r took %.3f seconds of real time", handle, took_s)

    def _describe_deadlock(self) -> str:
        waiting = sorted(_describe(task) for task in asyncio.all_tasks(self))
        text = "; ".join(waiting[:MAX_NAMED_TASKS]) or "none"
        more = len(waiting) - MAX_NAMED_TASKS
        return (
            f"deadlock at {self._now_s:g} s of virtual time: no callback is ready and no timer is set; "
            f"waiting tasks: {text}{f'; and {more} more' if more > 0 else ''}"
        )

    run_in_executor = _refused("run_in_executor", _THREADS)
    set_default_executor = _refused("set_default_executor", _THREADS)
    getaddrinfo = _refused("getaddrinfo", _NAMES)
    getnameinfo = _refused("getnameinfo", _NAMES)
    create_connection = _refused("create_connection", _SOCKETS)
    create_server = _refused("create_server", _SOCKETS)
    create_unix_connection = _refused("create_unix_connection", _SOCKETS)
    create_unix_server = _refused("create_unix_server", _SOCKETS)
    create_datagram_endpoint = _refused("create_datagram_endpoint", _SOCKETS)
    connect_accepted_socket = _refused("connect_accepted_socket", _SOCKETS)
    start_tls = _refused("start_tls", _SOCKETS)
    sendfile = _refused("sendfile", _SOCKETS)
    sock_accept = _refused("sock_accept", _SOCKETS)
    sock_connect = _refused("sock_connect", _SOCKETS)
    sock_recv = _refused("sock_recv", _SOCKETS)
    sock_recv_into = _refused("sock_recv_into", _SOCKETS)
    sock_recvfrom = _refused("sock_recvfrom", _SOCKETS)
    sock_recvfrom_into = _refused("sock_recvfrom_into", _SOCKETS)
    sock_sendall = _refused("sock_sendall", _SOCKETS)
    sock_sendfile = _refused("sock_sendfile", _SOCKETS)
    sock_sendto = _refused("sock_sendto", _SOCKETS)
    add_reader = _refused("add_reader", _SOCKETS)
    remove_reader = _refused("remove_reader", _SOCKETS)
    add_writer = _refused("add_writer", _SOCKETS)
    remove_writer = _refused("remove_writer", _SOCKETS)
    connect_read_pipe = _refused("connect_read_pipe", _PIPES)
    connect_write_pipe = _refused("connect_write_pipe", _PIPES)
    subprocess_exec = _refused("subprocess_exec", _PROCESSES)
    subprocess_shell = _refused("subprocess_shell", _PROCESSES)
    add_signal_handler = _refused("add_signal_handler", _SIGNALS)
    remove_signal_handler = _refused("remove_signal_handler", _SIGNALS)


def run_virtual(main: Coroutine[Any, Any, T], *, start_s: float = 0.0) -> T:
    """Run a coroutine in virtual time, as `asyncio.run` does in real time.

    Args:
        main: coroutine of the whole program.
        start_s: first value of the clock, in s.

    Returns:
        The result of the coroutine.

    Raises:
        VirtualClockError: the program uses a facility of the real world, or deadlocks.
    """
    runner = asyncio.Runner(loop_factory=lambda: VirtualEventLoop(start_s))
    try:
        return runner.run(main)
    finally:
        runner.close()


def _describe(task: asyncio.Task[Any]) -> str:
    """Name a task, with the function and the line in which it waits if Python knows them."""
    for frame in task.get_stack(limit=1):
        return f"{task.get_name()} in {frame.f_code.co_qualname}, line {frame.f_lineno}"
    return task.get_name()

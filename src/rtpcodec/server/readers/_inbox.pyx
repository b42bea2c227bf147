"""Native: the queue of events between the socket and one reader, and the wait of the reading task.

A chunk continues a waiting task directly, just as `on_audio` is called: without a turn of the event loop in between.
So the turn that reads a chunk also sends what the handler plays. Any other event continues the task in the next turn of
the event loop, and so does a chunk that is delivered within another task, because tasks do not nest.
"""
cimport cython

from rtpcodec.stream._audio cimport Audio
from rtpcodec.stream._event_queue cimport EventQueue

from asyncio import CancelledError, InvalidStateError, current_task, get_running_loop

from rtpcodec.errors import LocalProtocolError

cdef extern from "Python.h":
    int PyContext_Enter(object context) except -1
    int PyContext_Exit(object context) except -1

cdef object running_task = current_task
cdef object running_loop = get_running_loop


@cython.final
@cython.freelist(64)
@cython.auto_pickle(False)
cdef class Waker:
    """One wait of one task, which awaits it like a future."""

    cdef int wake(self, bint at_once) except -1:
        """Continue the task, at once if possible; only the first time."""
        if self.state != WAITING:
            return 0
        self.state = WOKEN
        if self._callback is None:    # the task adds its callback next, which then runs at once
            return 0
        callback, context = self._callback, self._context
        self._callback = self._context = None
        if not at_once or not is_between_tasks(self._loop) or not enter(context):
            self._loop.call_soon(callback, self, context=context)
            return 0
        try:
            callback(self)
        except (KeyboardInterrupt, SystemExit) as error:
            # A task lets both end the event loop, so the code that has delivered the chunk must not catch them.
            self._loop.call_soon(raise_again, error)
        finally:
            PyContext_Exit(context)
        return 0

    def __await__(self):
        self.blocking = True
        yield self
        self.result()

    # As the future of a task

    @property
    def _asyncio_future_blocking(self):
        return self.blocking

    @_asyncio_future_blocking.setter
    def _asyncio_future_blocking(self, bint blocking):
        self.blocking = blocking

    def get_loop(self):
        """Return the event loop of the task."""
        return self._loop

    def add_done_callback(self, callback, /, *, context):
        """Continue a task by this callback."""
        if self.state == WAITING:
            self._callback, self._context = callback, context
        else:
            self._loop.call_soon(callback, self, context=context)

    def remove_done_callback(self, callback, /):
        """Do not continue a task. Returns how many callbacks were removed."""
        if self._callback is None or self._callback != callback:
            return 0
        self._callback = self._context = None
        return 1

    def cancel(self, msg=None):
        """End the wait with CancelledError. Returns False if it is already over."""
        if self.state != WAITING:
            return False
        self.state = CANCELLED
        self._cancel_message = msg
        if self._callback is not None:
            self._loop.call_soon(self._callback, self, context=self._context)
            self._callback = self._context = None
        return True

    def cancelled(self):
        """Return whether the wait was cancelled."""
        return self.state == CANCELLED

    def done(self):
        """Return whether the wait is over."""
        return self.state != WAITING

    def result(self):
        """Return None. Raises CancelledError if the wait was cancelled, InvalidStateError if it is not over."""
        if self.state == CANCELLED:
            raise CancelledError() if self._cancel_message is None else CancelledError(self._cancel_message)
        if self.state == WAITING:
            raise InvalidStateError("the reader is still waiting")

    def exception(self):
        """Return None. Raises what `result` raises."""
        return self.result()


cdef bint is_between_tasks(object loop) except -1:
    """Return whether the event loop runs a callback, such as that of a socket, and not a task."""
    return running_task(loop) is None and loop.is_running()


cdef bint enter(object context) except -1:
    """Enter the context of a task. Returns False if the callback already runs in it."""
    try:
        PyContext_Enter(context)
    except RuntimeError:
        return False
    return True


def raise_again(error):
    """Raise an error out of the event loop."""
    raise error


@cython.auto_pickle(False)
cdef class InboxState:
    """The base of Inbox: its queue, and the wait of its reader. Use it in the event loop's thread only."""

    def __cinit__(self, *_args, account=None, **_options):
        self._loop = running_loop()
        self.queue = EventQueue(account=account)

    def only_audio(self, str track, /):
        """Accept only the audio of one track; None: of all tracks."""
        self._audio_only = True
        self._track = track

    def put_audio(self, Audio audio not None, /):
        """Add a chunk and wake the reader. After the end, drop it."""
        if self.ended:
            return
        if self._track is not None and audio.track is not self._track and audio.track != self._track:
            return
        self.queue.put_audio(audio)
        self._wake(True)

    def put(self, event, /):
        """Add any event except Audio and wake the reader. After the end, drop it."""
        if self._audio_only or self.ended:
            return
        self.queue.put(event)
        self._wake(False)

    def end(self):
        """Record that no more events will follow. Waiting events can still be read."""
        self.ended = True
        self._wake(False)

    def pop(self):
        """Remove and return the oldest event; None: no event waits."""
        return self.queue.popped() if len(self.queue) else None

    def begin_wait(self):
        """Begin a wait for something to read, until `end_wait`.

        Returns:
            The object to await.

        Raises:
            LocalProtocolError: another task waits already, or in another event loop than the call's.
        """
        return self.begin()

    def end_wait(self, Waker waker not None, /):
        """Record that a wait is over."""
        self.end_of(waker)

    def wake(self):
        """Wake the reader: it has waited long enough."""
        self._wake(True)

    cdef int _wake(self, bint at_once) except -1:
        cdef Waker waker = self._waker    # kept: the task ends its wait while it is continued
        if waker is not None:
            waker.wake(at_once)
        return 0

    cdef Waker begin(self):
        if self._waker is not None:
            raise LocalProtocolError("another task reads this reader, at most 1 is allowed; create one per task")
        if running_loop() is not self._loop:
            raise LocalProtocolError("the events of a call can only be read in its own event loop")
        cdef Waker waker = Waker.__new__(Waker)
        waker._loop = self._loop
        self._waker = waker
        return waker

    cdef int end_of(self, Waker waker) except -1:
        if self._waker is waker:
            self._waker = None
        return 0

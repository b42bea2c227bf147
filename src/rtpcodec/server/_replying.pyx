"""Native: `Reply.play`. Ordinary chunks take one call, all others go through Plays."""
cimport cython
from cpython.pythread cimport PyThread_get_thread_ident

from rtpcodec.pump._driving cimport PumpFastPath
from rtpcodec.stream._machine cimport PlaysState
from rtpcodec.stream.speaking._states cimport ReplyFields

from rtpcodec.server.ongoing import DONE, end_of


@cython.auto_pickle(False)
cdef class ReplyFastPath:
    """The base of Reply that meets each chunk. Make it in the event loop's thread."""

    cdef readonly object _access
    cdef readonly ReplyFields _reply
    cdef PumpFastPath _pump
    cdef unsigned long _thread_id

    def __init__(self, access, ReplyFields reply not None):
        self._access = access
        self._reply = reply
        self._pump = access.pump
        self._thread_id = PyThread_get_thread_ident()

    def play(self, pcm, pcm_hz=None, note=None):
        """Add native mono PCM of int16 or float32. If the queue is full, it waits for space, as for `Call.play`.

        Args:
            pcm: as for `Call.play`.
            pcm_hz: the sample rate in Hz; None: send_pcm_hz.
            note: any object, such as the words of this chunk: see `last_note_played`.

        Returns:
            An Ongoing. Await it to wait until everything is queued.

        Raises:
            ReplyInterrupted: the reply was interrupted or the stream has ended; the await may raise it as well.
            LocalProtocolError: called after `end`, or outside the event loop's thread.
            ValueError, TypeError, QueueFull: as for `Call.play`.
        """
        if self._plays_at_once() and self._reply.take_pcm(pcm, pcm_hz, note):
            self._pump.audio_added()
            return DONE
        waiting = end_of(self._access.machine("play").plays.play(pcm, pcm_hz, reply=self._reply, note=note))
        self._pump.run()
        return waiting

    @cython.nonecheck(True)
    cdef bint _plays_at_once(self) except -1:
        """Return whether this is the event loop's thread, and no audio of the reply waits for space."""
        if self._pump is None:    # created without its constructor
            return False
        cdef PlaysState plays = self._pump._fast_machine.plays
        return (
            PyThread_get_thread_ident() == self._thread_id and plays.refusal is None and plays._implicit is None
            and not (plays._queues and self._reply in plays._queues)
        )

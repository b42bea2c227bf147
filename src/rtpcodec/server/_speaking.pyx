"""Native: the methods of a Call that run for each chunk. Ordinary chunks take one call, all others go through Plays."""
cimport cython
from cpython.pythread cimport PyThread_get_thread_ident

from rtpcodec.stream._machine cimport MachineFastPath

from rtpcodec.errors import QueueFull
from rtpcodec.server.ongoing import DONE, end_of


@cython.auto_pickle(False)
cdef class CallFastPath:
    """The base of a Call that meets each chunk. Make it in the event loop's thread."""

    def __cinit__(self, *_args, **_named):
        self._thread_id = PyThread_get_thread_ident()

    @cython.nonecheck(True)
    def play(self, pcm, pcm_hz=None):
        """Queue native mono PCM of int16 or float32, outside any reply: it is heard after all replies opened so far.

        Audio that does not fit into the queue waits for space, behind plays that already wait. In mode mp3 audio is
        collected until `flush` encodes one file.

        Args:
            pcm: octets of int16 (an odd octet waits for the next call), or an array, memoryview or numpy array of int16
                or float32; or an Audio, which keeps its rate. An undecoded Audio plays nothing.
            pcm_hz: the sample rate in Hz; None: send_pcm_hz. Chunks of one rate are joined until `flush`.

        Returns:
            An Ongoing. Await it to wait until everything is queued. An interruption, the end of the stream and a
            cancellation of the wait drop the audio that still waits, and end the wait.

        Raises:
            StreamEnded: the stream has ended.
            ValueError, TypeError: it is not PCM, or the rate cannot be resampled.
            QueueFull: the audio does not fit in `on_audio`, which cannot wait; elsewhere, a play waits already and more
                than max_queue_ms would wait behind it.
            LocalProtocolError: called outside the event loop's thread.
        """
        cdef MachineFastPath machine
        if self.plays_at_once():
            machine = self._pump._fast_machine
            try:
                machine.session.take_pcm(pcm, pcm_hz, None)
            except QueueFull:
                if not machine.plays._may_wait:
                    raise
                waiting = machine.plays.play_in_turn(pcm, pcm_hz)
            else:
                self._pump.audio_added()
                return DONE
        else:
            waiting = self._machine("play").plays.play(pcm, pcm_hz)
        done = end_of(waiting)
        self._pump.run()
        return done

    @cython.nonecheck(True)
    def play_payload(self, payload):
        """Queue octets that are already in the send codec, otherwise like `play`.

        Sample codecs accept any number of whole samples, OPUS and AMR-WB exactly one payload.

        Raises:
            PayloadError: the octets are not valid in the codec.
            LocalProtocolError: the plan's mode is mp3.
            StreamEnded, QueueFull: as for `play`.
        """
        cdef MachineFastPath machine
        if self.plays_at_once():
            machine = self._pump._fast_machine
            try:
                machine.session.play_payload(payload)
            except QueueFull:
                if not machine.plays._may_wait:
                    raise
            else:
                self._pump.audio_added()
                return DONE
        waiting = end_of(self._machine("play_payload").plays.play_payload(payload))
        self._pump.run()
        return waiting

    @cython.nonecheck(True)
    cdef bint plays_at_once(self) except -1:
        """Whether this is the event loop's thread, and the session takes audio directly."""
        return PyThread_get_thread_ident() == self._thread_id and self._pump._fast_machine.plays.play_at_once()

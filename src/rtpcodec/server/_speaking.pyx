"""The methods of a Call that each chunk of audio meets: the ordinary one in one call, all others by Plays."""
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
        """Queue native mono PCM of int16 or float32, outside any reply: it is heard behind all replies opened so far.

        pcm: the PCM, as octets of int16 (an odd one waits for its partner), or an array, a memoryview or a numpy array
            of int16 or float32; or an Audio, which keeps its rate. An Audio that was not decoded has no PCM and plays
            nothing.
        pcm_hz: the rate of the PCM; None: send_pcm_hz. Chunks of one rate are joined without a seam until `flush`.

        Audio that does not fit into the queue waits for space, behind plays that wait already. In mode mp3 audio is
        collected until `flush` encodes one file.

        Returns: an Ongoing. Await it to wait until everything is queued; an interruption or the end of the stream drops
        the audio that still waits and ends the wait as well. Cancelling the wait drops that audio too.
        Raises, and queues nothing: StreamEnded after the end; ValueError, TypeError if it is not 16-bit PCM or the rate
        cannot be resampled; QueueFull in `on_audio`, which cannot wait, if the audio does not fit, and elsewhere if a
        play waits already and more than max_queue_ms would wait behind it.
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

        Raises: PayloadError if they are not that, LocalProtocolError if the plan's mode is mp3, and StreamEnded and
        QueueFull as `play`.
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

"""The send direction of a session for other Cython code."""
from libc.stdint cimport int64_t

from rtpcodec.kernels.media_text cimport MediaText
from rtpcodec.stream.speaking._kept_audio cimport KeptAudio
from rtpcodec.stream.speaking._states cimport (
    EchoesState, FarEndState, IdleState, OrderState, OwnMarksState, PartsState, ReleaserState, ReplyFields,
    ReplyQueueState, ResolverState, SendGateState, StopperState,
)


cdef class SendPath:
    cdef object feedback            # Feedback
    cdef PartsState parts
    cdef FarEndState far_end
    cdef EchoesState echoes
    cdef OwnMarksState own_marks
    cdef OrderState order
    cdef KeptAudio sent_audio
    cdef IdleState idle
    cdef SendGateState gate
    cdef ReleaserState releaser
    cdef ResolverState resolver
    cdef StopperState stopper
    cdef object stream_id           # the one in `text`
    cdef MediaText text             # None: the dialect writes the texts itself
    cdef Form form                  # of the messages; replaced with the dialect
    # Add PCM to the implicit reply. Returns whether it was added; otherwise nothing has changed.
    cdef bint play(self, object pcm, object pcm_hz, object note) except -1
    # Remove and return the texts that are due: see SpeechChain.due.
    cdef list due(self, double now_ms, bint at_once)
    # When something is due, as SpeechChain.next_deadline_ms; infinity: not before a call changes it.
    cdef double due_ms(self) except? -1.0
    # Returns whether SpeechChain.expired would do nothing.
    cdef bint quiet(self, double now_ms) except -1
    cdef ReplyFields turn(self)
    cdef int send(self, list texts, double now_ms, double left_ms) except -1
    cdef int say(self, ReplyFields reply, double now_ms, list texts) except -1
    cdef object take(self, ReplyQueueState queue)
    cdef str write(self, object audio)
    cdef int prove(self, ReplyFields reply, double now_ms, list texts) except -1
    cdef bint wants_mark(self, int64_t position, double now_ms, bint last) except -1
    cdef double implicit_ms(self) except? -1.0
    cdef double slow_due_ms(self) except? -1.0
    cdef bint has_marks(self) except -1

cdef class Form:
    cdef object packing
    cdef object dialect
    cdef object coding              # of MediaText; None: `packing.encode` makes the payload
    cdef int64_t frame_samples
    cdef int64_t sample_rate_hz
    cdef int64_t level_samples      # between two measurements of the level
    cdef Py_ssize_t frame_octets    # of a payload that has a coding
    cdef double frame_ms
    cdef double lead_ms             # at least the length of a message
    cdef double turn_ms             # audio that one turn of an event loop may send
    cdef bint is_paced              # there is a lead
    cdef bint is_plain              # a message is always one frame

"""AMR-WB: encoder of libvo-amrwbenc and decoder of libopencore-amrwb, each opened when the first coder is made.

Neither library reports errors, so frame types and lengths are checked before a frame is passed to it.
"""
cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport int16_t, uint8_t
from libc.string cimport memcpy, memset

from rtpcodec.codecs._dynamic cimport SharedLibrary
from rtpcodec.codecs._turn cimport end_turn, take_turn
from rtpcodec.kernels._buffers cimport Py_buffer, PyBuffer_Release, take_octets, take_pcm, take_room

from rtpcodec.codecs import amrwb_frame
from rtpcodec.codecs.libraries import AMRWB_DECODER, AMRWB_ENCODER

cdef enum:
    MAX_GAP_SAMPLES = 16_000    # per call; the audio has faded long before
    FRAME_SAMPLES = 320
    MAX_OCTETS = 61          # mode 8: an octet of frame type, 477 bits of speech
    HIGHEST_MODE = 8
    NO_DATA = 15
    GOOD = 4                 # the quality bit of a frame's first octet
    HEADER_ZEROS = 0x83      # as amrwb_frame.HEADER_ZEROS

cdef object NOT_ASKED = object()

cdef int[16] FRAME_OCTETS    # by frame type; -1: there is no such type
cdef int kind
for kind in range(16):
    FRAME_OCTETS[kind] = amrwb_frame.FRAME_OCTETS.get(kind, -1)

ctypedef struct DecoderLibrary:
    void* (*start)() noexcept nogil
    void (*decode)(void*, const uint8_t*, int16_t*, int) noexcept nogil
    void (*stop)(void*) noexcept nogil

ctypedef struct EncoderLibrary:
    void* (*start)() noexcept nogil
    int (*encode)(void*, int, const int16_t*, uint8_t*, int) noexcept nogil
    void (*stop)(void*) noexcept nogil

cdef DecoderLibrary opencore
cdef EncoderLibrary visualon
cdef bint decoder_opened = False
cdef bint encoder_opened = False


cdef int open_decoder() except -1:
    """Look up the decoder's functions, once. MissingLibrary: it is not installed."""
    global decoder_opened
    cdef SharedLibrary found = AMRWB_DECODER.open()
    with cython.critical_section(found):
        if not decoder_opened:
            opencore.start = <void* (*)() noexcept nogil>found.symbol("D_IF_init")
            opencore.decode = <void (*)(void*, const uint8_t*, int16_t*, int) noexcept nogil>found.symbol("D_IF_decode")
            opencore.stop = <void (*)(void*) noexcept nogil>found.symbol("D_IF_exit")
            decoder_opened = True
    return 0


cdef int open_encoder() except -1:
    """Look up the encoder's functions, once. MissingLibrary: it is not installed."""
    global encoder_opened
    cdef SharedLibrary found = AMRWB_ENCODER.open()
    with cython.critical_section(found):
        if not encoder_opened:
            visualon.start = <void* (*)() noexcept nogil>found.symbol("E_IF_init")
            visualon.encode = (
                <int (*)(void*, int, const int16_t*, uint8_t*, int) noexcept nogil>found.symbol("E_IF_encode")
            )
            visualon.stop = <void (*)(void*) noexcept nogil>found.symbol("E_IF_exit")
            encoder_opened = True
    return 0


@cython.final
@cython.auto_pickle(False)
cdef class AmrWbEncoder:
    """Encodes native int16 mono PCM at 16 kHz to AMR-WB frames in storage form, one per 320 samples.

    The library's state cannot be copied. Use from one thread at a time: a second one gets RuntimeError.

    Args:
        info: the codec's facts; `CodecInfo.encoder` passes them.
        sample_rate_hz: 16000.
        mode: 0 to 8 is 6.60 to 23.85 kbit/s, 2 by default. The attribute may be set before any frame.
        dtx: whether silence becomes SID and NO_DATA frames.

    Raises:
        ValueError: another mode.
        MissingLibrary: libvo-amrwbenc is not installed.
    """
    cdef void* _state
    cdef char _busy
    cdef int _mode
    cdef readonly object info
    cdef readonly int sample_rate_hz
    cdef readonly bint dtx
    cdef readonly object mode_given

    def __cinit__(self, info, sample_rate_hz, *, mode=NOT_ASKED, dtx=False):
        self.mode_given = None if mode is NOT_ASKED else mode
        self.mode = amrwb_frame.DEFAULT_MODE if mode is NOT_ASKED else mode
        self.info = info
        self.sample_rate_hz = sample_rate_hz
        self.dtx = dtx
        open_encoder()
        self._state = visualon.start()
        if self._state == NULL:
            raise MemoryError()

    def __dealloc__(self):
        if self._state != NULL:
            visualon.stop(self._state)

    @property
    def mode(self):
        """The mode of the next frame."""
        return self._mode

    @mode.setter
    def mode(self, mode):
        if mode not in range(HIGHEST_MODE + 1):
            raise ValueError(f"mode is {mode!r}, 0 to {HIGHEST_MODE} are allowed")
        cdef int chosen = mode
        with cython.critical_section(self):
            self._mode = chosen

    @property
    def frame_samples(self):
        """The samples of one frame."""
        return FRAME_SAMPLES

    @property
    def max_octets(self):
        """The size of the largest frame of all modes."""
        return MAX_OCTETS

    cdef int run(self, const Py_buffer* pcm, uint8_t* out) except -1:
        """Encode one frame to out, which has room for max_octets. Return the number of octets."""
        cdef int16_t aligned[FRAME_SAMPLES]
        cdef int octets, mode
        if pcm.len != 2 * FRAME_SAMPLES:
            raise ValueError(f"AMR-WB frame has {pcm.len // 2} samples, {FRAME_SAMPLES} are needed")
        with cython.critical_section(self):
            mode = self._mode
        take_turn(&self._busy, self)
        with nogil:
            memcpy(aligned, pcm.buf, 2 * FRAME_SAMPLES)
            octets = visualon.encode(self._state, mode, aligned, out, self.dtx)
        end_turn(&self._busy)
        return octets

    def encode(self, pcm, /):
        """Encode 320 samples to one frame.

        Raises:
            TypeError: not a buffer of 16-bit samples or octets.
            ValueError: not exactly one frame; the state is unchanged.
        """
        cdef Py_buffer view
        cdef uint8_t out[MAX_OCTETS]
        cdef int octets
        take_pcm(pcm, &view)
        try:
            octets = self.run(&view, out)
        finally:
            PyBuffer_Release(&view)
        return PyBytes_FromStringAndSize(<char*>out, octets)

    def encode_into(self, pcm, out, /):
        """Encode into the start of a writable buffer of at least max_octets. Return the number of octets.

        Raises:
            TypeError: as for `encode`.
            ValueError: as for `encode`; the buffer is too small, or overlaps the PCM. The state is unchanged.
        """
        cdef Py_buffer view
        cdef Py_buffer room
        take_pcm(pcm, &view)
        try:
            take_room(out, &room, &view, MAX_OCTETS, samples=False)
            try:
                return self.run(&view, <uint8_t*>room.buf)
            finally:
                PyBuffer_Release(&room)
        finally:
            PyBuffer_Release(&view)

    def reset(self):
        """Start a new stream with the same settings. After a MemoryError the old one continues."""
        cdef void* fresh = visualon.start()
        if fresh == NULL:
            raise MemoryError()
        try:
            take_turn(&self._busy, self)
        except RuntimeError:
            visualon.stop(fresh)
            raise
        self._state, fresh = fresh, self._state
        end_turn(&self._busy)
        visualon.stop(fresh)

    def __repr__(self):
        return f"<AmrWbEncoder {self.sample_rate_hz} Hz mode {self._mode}>"


@cython.final
@cython.auto_pickle(False)
cdef class AmrWbDecoder:
    """Decodes AMR-WB frames in storage form to native int16 mono PCM at 16 kHz, 320 samples per frame.

    Speech, SID (9), SPEECH_LOST (14) and NO_DATA (15) are normal frame types. A damaged frame (quality bit 0) is
    concealed like a lost one, because its bits are unreliable (RFC 4867 section 5.3). MissingLibrary: libopencore-amrwb
    is not installed.

    The library's state cannot be copied. Use from one thread at a time: a second one gets RuntimeError.
    """
    cdef void* _state
    cdef char _busy
    cdef readonly object info
    cdef readonly int sample_rate_hz

    def __cinit__(self, info, sample_rate_hz):
        self.info = info
        self.sample_rate_hz = sample_rate_hz
        open_decoder()
        self._state = opencore.start()
        if self._state == NULL:
            raise MemoryError()

    def __dealloc__(self):
        if self._state != NULL:
            opencore.stop(self._state)

    cdef int run(self, const Py_buffer* frame, int16_t* pcm) except -1:
        """Decode a frame, or conceal one (NULL)."""
        cdef uint8_t octets[MAX_OCTETS]
        memset(octets, 0, MAX_OCTETS)
        # Check and decode a copy: another thread may change the frame.
        if frame != NULL:
            memcpy(octets, frame.buf, min(frame.len, <Py_ssize_t>MAX_OCTETS))
        if frame == NULL or not require_frame(octets, frame.len) & GOOD:
            memset(octets, 0, MAX_OCTETS)
            # Some versions of the library ignore its flag for damaged frames; NO_DATA has the same effect in all.
            octets[0] = NO_DATA << 3 | GOOD
        take_turn(&self._busy, self)
        with nogil:
            opencore.decode(self._state, octets, pcm, 0)
        end_turn(&self._busy)
        return 0

    def decode(self, frame, /):
        """Decode one frame to 320 samples.

        Raises:
            TypeError: not a buffer of octets.
            PayloadError: not a valid frame; the state is unchanged.
        """
        cdef Py_buffer view
        cdef int16_t pcm[FRAME_SAMPLES]
        take_octets(frame, &view, "frame")
        try:
            self.run(&view, pcm)
        finally:
            PyBuffer_Release(&view)
        return PyBytes_FromStringAndSize(<char*>pcm, 2 * FRAME_SAMPLES)

    def decode_into(self, frame, out, /):
        """Decode into the start of a writable buffer. Return the number of samples.

        Raises:
            TypeError: as for `decode`.
            PayloadError: as for `decode`.
            ValueError: the buffer is too small, or overlaps the frame. The state is unchanged.
        """
        cdef Py_buffer view
        cdef Py_buffer room
        cdef int16_t pcm[FRAME_SAMPLES]
        take_octets(frame, &view, "frame")
        try:
            take_room(out, &room, &view, 2 * FRAME_SAMPLES, samples=True)
            try:
                self.run(&view, pcm)
                memcpy(room.buf, pcm, 2 * FRAME_SAMPLES)
            finally:
                PyBuffer_Release(&room)
        finally:
            PyBuffer_Release(&view)
        return FRAME_SAMPLES

    def conceal(self, samples, /):
        """Return the decoder's audio in place of lost frames; in a long gap it fades to silence.

        Args:
            samples: a multiple of 320, the samples of one frame, up to one second.

        Raises:
            ValueError: another number of samples.
        """
        cdef int16_t pcm[FRAME_SAMPLES]
        cdef int frame
        if samples not in range(FRAME_SAMPLES, MAX_GAP_SAMPLES + 1, FRAME_SAMPLES):
            raise ValueError(
                f"samples is {samples!r}, a multiple of {FRAME_SAMPLES} (a frame) up to {MAX_GAP_SAMPLES} is needed"
            )
        cdef int count = samples
        cdef bytes out = PyBytes_FromStringAndSize(NULL, 2 * count)
        for frame in range(count // FRAME_SAMPLES):
            self.run(NULL, pcm)
            memcpy(PyBytes_AS_STRING(out) + 2 * FRAME_SAMPLES * frame, pcm, 2 * FRAME_SAMPLES)
        return out

    def reset(self):
        """Start a new stream. After a MemoryError the old one continues."""
        cdef void* fresh = opencore.start()
        if fresh == NULL:
            raise MemoryError()
        try:
            take_turn(&self._busy, self)
        except RuntimeError:
            opencore.stop(fresh)
            raise
        self._state, fresh = fresh, self._state
        end_turn(&self._busy)
        opencore.stop(fresh)

    def __repr__(self):
        return f"<AmrWbDecoder {self.sample_rate_hz} Hz>"


cdef int require_frame(const uint8_t* frame, Py_ssize_t octets) except -1:
    """Return the first octet of a frame in storage form; frame holds up to MAX_OCTETS. PayloadError: it is invalid."""
    if octets == 0 or octets != FRAME_OCTETS[frame[0] >> 3 & 15] or frame[0] & HEADER_ZEROS:
        # This raises the error.
        amrwb_frame.frame_type(bytes(frame[:min(octets, <Py_ssize_t>1)]).ljust(octets, b"\0"))
    return frame[0]

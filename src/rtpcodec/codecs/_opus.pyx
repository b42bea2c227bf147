"""OPUS: encoder and decoder of libopus, which is opened when the first coder is made (RFC 6716).

A packet is one RTP payload (RFC 7587 section 4.2). Here it is the codec's frame, even if it has several Opus frames.
"""
cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.stdint cimport int16_t, int32_t, uint8_t
from libc.string cimport memcpy

from rtpcodec.codecs._dynamic cimport SharedLibrary
from rtpcodec.codecs._turn cimport end_turn, take_turn
from rtpcodec.kernels._buffers cimport Py_buffer, PyBuffer_Release, take_octets, take_pcm, take_room

from rtpcodec.codecs import opus_packet
from rtpcodec.codecs.libraries import OPUS
from rtpcodec.codecs.opus_options import APPLICATIONS as _APPLICATIONS
from rtpcodec.codecs.opus_options import check_channels, check_encoder, check_gain
from rtpcodec.errors import PayloadError

cdef enum:
    # opus_defines.h
    AUTO = -1000
    SET_BITRATE = 4002
    SET_VBR = 4006
    SET_COMPLEXITY = 4010
    SET_INBAND_FEC = 4012
    SET_PACKET_LOSS_PERC = 4014
    SET_DTX = 4016
    GET_LOOKAHEAD = 4027
    RESET_STATE = 4028
    SET_GAIN = 4034
    MAX_SAMPLES = 5760           # 120 ms at 48 kHz
    MAX_VALUES = 11_520          # of two channels
    MAX_ENCODED_OCTETS = 3831    # 60 ms in three frames of 1275 octets, with their lengths and count
    MAX_MS = 120
    MAX_PACKET_OCTETS = 65535    # as opus_packet.MAX_OCTETS

ctypedef struct Library:
    int (*encoder_size)(int) noexcept nogil
    int (*encoder_init)(void*, int32_t, int, int) noexcept nogil
    # Control calls are variadic in C and must be declared so: some ABIs pass "..." differently from fixed arguments.
    int (*encoder_ctl)(void*, int, ...) noexcept nogil
    int32_t (*encode)(void*, const int16_t*, int, uint8_t*, int32_t) noexcept nogil
    int (*decoder_size)(int) noexcept nogil
    int (*decoder_init)(void*, int32_t, int) noexcept nogil
    int (*decoder_ctl)(void*, int, ...) noexcept nogil
    int (*decode)(void*, const uint8_t*, int32_t, int16_t*, int, int) noexcept nogil
    int (*samples_of)(const uint8_t*, int32_t, int32_t) noexcept nogil
    const char* (*error_text)(int) noexcept nogil

cdef Library opus
cdef bint opened = False


cdef int open_library() except -1:
    """Look up the library's functions, once. MissingLibrary: it is not installed."""
    global opened
    cdef SharedLibrary found = OPUS.open()
    # Two threads would write the same addresses, but neither may read them half written.
    with cython.critical_section(found):
        if not opened:
            opus.encoder_size = <int (*)(int) noexcept nogil>found.symbol("opus_encoder_get_size")
            opus.encoder_init = <int (*)(void*, int32_t, int, int) noexcept nogil>found.symbol("opus_encoder_init")
            opus.encoder_ctl = <int (*)(void*, int, ...) noexcept nogil>found.symbol("opus_encoder_ctl")
            opus.encode = (
                <int32_t (*)(void*, const int16_t*, int, uint8_t*, int32_t) noexcept nogil>found.symbol("opus_encode")
            )
            opus.decoder_size = <int (*)(int) noexcept nogil>found.symbol("opus_decoder_get_size")
            opus.decoder_init = <int (*)(void*, int32_t, int) noexcept nogil>found.symbol("opus_decoder_init")
            opus.decoder_ctl = <int (*)(void*, int, ...) noexcept nogil>found.symbol("opus_decoder_ctl")
            opus.decode = (
                <int (*)(void*, const uint8_t*, int32_t, int16_t*, int, int) noexcept nogil>found.symbol("opus_decode")
            )
            opus.samples_of = (
                <int (*)(const uint8_t*, int32_t, int32_t) noexcept nogil>found.symbol("opus_packet_get_nb_samples")
            )
            opus.error_text = <const char* (*)(int) noexcept nogil>found.symbol("opus_strerror")
            opened = True
    return 0


cdef inline bytes unchanging(object packet, const Py_buffer* view):
    """Return a packet's octets. The library reads them repeatedly without the GIL, so a mutable buffer is copied."""
    return packet if PyBytes_CheckExact(packet) else PyBytes_FromStringAndSize(<const char*>view.buf, view.len)


cdef object fault(str what, int code):
    """Return the exception for an error of the library that our checks should prevent."""
    return RuntimeError(f"libopus: {what}: {(<bytes>opus.error_text(code)).decode()}")


@cython.auto_pickle(False)
cdef class _State:
    """The library's state: one flat block, so a copy of the block is a copy of the object."""
    cdef void* _block
    cdef int _octets
    cdef char _busy
    cdef readonly object info
    cdef readonly int sample_rate_hz
    cdef readonly int channels

    def __dealloc__(self):
        PyMem_Free(self._block)

    cdef int allocate(self, int octets) except -1:
        self._block = PyMem_Malloc(octets)
        if self._block == NULL:
            raise MemoryError()
        self._octets = octets
        return 0

    cdef int take_over(self, _State other) except -1:
        """Copy the state of another object of the same class."""
        take_turn(&other._busy, other)
        memcpy(self._block, other._block, other._octets)
        end_turn(&other._busy)
        return 0


@cython.final
@cython.auto_pickle(False)
cdef class OpusEncoder(_State):
    """Encodes native int16 PCM to Opus packets. Use from one thread at a time: a second one gets RuntimeError.

    Args:
        channels: 1, or 2 interleaved.
        bitrate: 6000 to 300000 bit/s, with two channels up to 510000. None: the library chooses.
        complexity: 0 to 10; 5 takes half the time of 10.
        application: "voip", "audio" or "lowdelay".
        fec: add a coarse copy of each packet to the next if the bitrate allows it (24000 and more at 16 kHz).
        expected_loss_percent: 0 to 100; fec needs at least 1.
        dtx: whether silence becomes packets of 1 or 2 octets.
        vbr: whether the packets differ in size.
        frame_ms: 2.5, 5, 10, 20, 40 or 60.

    ValueError: an option out of range. MissingLibrary: libopus is not installed.
    """
    cdef readonly int frame_samples
    cdef readonly int max_octets
    cdef int32_t _delay_samples
    cdef readonly object frame_ms

    def __cinit__(
        self, info, sample_rate_hz, channels=1, *, bitrate=None, complexity=5, application="voip", fec=False,
        expected_loss_percent=0, dtx=False, vbr=True, frame_ms=20,
    ):
        check_channels(channels)
        check_encoder(
            application=application, frame_ms=frame_ms, complexity=complexity, bitrate=bitrate,
            expected_loss_percent=expected_loss_percent, fec=fec, channels=channels,
        )
        self.channels = channels
        open_library()
        self.allocate(opus.encoder_size(self.channels))
        cdef int code = opus.encoder_init(self._block, sample_rate_hz, self.channels, _APPLICATIONS[application])
        if code:
            raise fault("encoder", code)
        self.info = info
        self.sample_rate_hz = sample_rate_hz
        self.frame_ms = frame_ms
        self.frame_samples = int(sample_rate_hz * frame_ms) // 1000
        self.max_octets = 1276 if frame_ms <= 20 else MAX_ENCODED_OCTETS
        self.set(SET_BITRATE, AUTO if bitrate is None else bitrate)
        self.set(SET_VBR, bool(vbr))
        self.set(SET_COMPLEXITY, complexity)
        self.set(SET_INBAND_FEC, bool(fec))
        self.set(SET_PACKET_LOSS_PERC, expected_loss_percent)
        self.set(SET_DTX, bool(dtx))
        opus.encoder_ctl(self._block, GET_LOOKAHEAD, &self._delay_samples)

    cdef int set(self, int request, int value) except -1:
        cdef int code = opus.encoder_ctl(self._block, request, <int32_t>value)
        if code:
            raise fault(f"request {request} of {value}", code)
        return 0

    @property
    def delay_samples(self):
        """The coding delay in samples, with a decoder of the same rate."""
        return self._delay_samples

    cdef int run(self, const Py_buffer* pcm, uint8_t* out) except -1:
        """Encode one frame to out, which has room for max_octets. Return the number of octets."""
        cdef int16_t aligned[MAX_SAMPLES]
        cdef int octets
        cdef int values = self.frame_samples * self.channels
        if pcm.len != 2 * values:
            raise ValueError(f"OPUS frame has {pcm.len // 2} samples, {values} are needed")
        take_turn(&self._busy, self)
        with nogil:
            memcpy(aligned, pcm.buf, pcm.len)
            octets = opus.encode(self._block, aligned, self.frame_samples, out, self.max_octets)
        end_turn(&self._busy)
        if octets < 0:
            raise fault("encode", octets)
        return octets

    def encode(self, pcm, /):
        """Encode one frame of frame_samples per channel to one packet. ValueError: not exactly one frame."""
        cdef Py_buffer view
        cdef uint8_t out[MAX_ENCODED_OCTETS]
        cdef int octets
        take_pcm(pcm, &view)
        try:
            octets = self.run(&view, out)
        finally:
            PyBuffer_Release(&view)
        return PyBytes_FromStringAndSize(<char*>out, octets)

    def encode_into(self, pcm, out, /):
        """Encode a frame into the start of a writable buffer of max_octets or more. Return the number of octets."""
        cdef Py_buffer view
        cdef Py_buffer room
        take_pcm(pcm, &view)
        try:
            take_room(out, &room, &view, self.max_octets, samples=False)
            try:
                return self.run(&view, <uint8_t*>room.buf)
            finally:
                PyBuffer_Release(&room)
        finally:
            PyBuffer_Release(&view)

    def reset(self):
        """Start a new stream with the same settings."""
        take_turn(&self._busy, self)
        opus.encoder_ctl(self._block, RESET_STATE)
        end_turn(&self._busy)

    def copy(self):
        """Return an independent copy at the same position of the stream."""
        cdef OpusEncoder clone = OpusEncoder.__new__(
            OpusEncoder, self.info, self.sample_rate_hz, frame_ms=self.frame_ms, channels=self.channels
        )
        clone.take_over(self)    # the state includes the settings
        clone._delay_samples = self._delay_samples
        return clone

    def __repr__(self):
        return f"<OpusEncoder {self.sample_rate_hz} Hz {self.frame_ms:g} ms>"


@cython.final
@cython.auto_pickle(False)
cdef class OpusDecoder(_State):
    """Decodes Opus packets of any kind and length to native int16 PCM. Numbers of samples are per channel.

    Use from one thread at a time: a second one gets RuntimeError.

    channels: 1 mixes stereo packets to mono; 2 gives interleaved stereo, with mono packets in both channels.
    gain_q8_db: output gain in dB times 256, -32768 to 32767 (RFC 7845 section 5.1).
    ValueError: an option out of range. MissingLibrary: libopus is not installed.
    """
    cdef readonly int gain_q8_db

    def __cinit__(self, info, sample_rate_hz, *, channels=1, gain_q8_db=0):
        check_channels(channels)
        check_gain(gain_q8_db)
        self.channels = channels
        self.gain_q8_db = gain_q8_db
        open_library()
        self.allocate(opus.decoder_size(self.channels))
        cdef int code = opus.decoder_init(self._block, sample_rate_hz, self.channels)
        if not code and self.gain_q8_db:
            code = opus.decoder_ctl(self._block, SET_GAIN, <int32_t>self.gain_q8_db)
        if code:
            raise fault("decoder", code)
        self.info = info
        self.sample_rate_hz = sample_rate_hz

    cdef int samples_of(self, bytes packet) except -1:
        """Return the number of samples in a packet. PayloadError: it is invalid."""
        cdef Py_ssize_t octets = PyBytes_GET_SIZE(packet)
        cdef const uint8_t* first = <const uint8_t*>PyBytes_AS_STRING(packet)
        cdef int samples = opus.samples_of(first, <int32_t>octets, self.sample_rate_hz)
        if samples <= 0 or octets > MAX_PACKET_OCTETS:
            raise refusal(packet)
        return samples

    cdef int run(self, bytes packet, int16_t* pcm, int samples, bint fec) except -1:
        """Decode a packet, its copy of the previous packet (fec), or conceal a loss (None)."""
        cdef const uint8_t* octets = NULL
        cdef int32_t count = 0
        cdef int got
        if packet is not None:
            octets = <const uint8_t*>PyBytes_AS_STRING(packet)
            count = <int32_t>PyBytes_GET_SIZE(packet)
        take_turn(&self._busy, self)
        with nogil:
            got = opus.decode(self._block, octets, count, pcm, samples, fec)
        end_turn(&self._busy)
        if got == samples:
            return 0
        if packet is not None:
            raise refusal(packet)
        raise fault("conceal", got)

    def decode(self, packet, /):
        """Decode one packet.

        TypeError: not a buffer of octets. PayloadError: not a valid Opus packet (RFC 6716 section 3.4); the decoder
        state is unchanged.
        """
        cdef Py_buffer view
        cdef int16_t pcm[MAX_VALUES]
        cdef int samples
        cdef bytes octets
        take_octets(packet, &view, "packet")
        try:
            octets = unchanging(packet, &view)
            samples = self.samples_of(octets)
            self.run(octets, pcm, samples, False)
        finally:
            PyBuffer_Release(&view)
        return PyBytes_FromStringAndSize(<char*>pcm, 2 * samples * self.channels)

    def decode_into(self, packet, out, /):
        """Decode a packet into the start of a writable buffer. Return the number of samples."""
        cdef Py_buffer view
        cdef Py_buffer room
        cdef int16_t pcm[MAX_VALUES]
        cdef int samples
        cdef bytes octets
        take_octets(packet, &view, "packet")
        try:
            octets = unchanging(packet, &view)
            samples = self.samples_of(octets)
            take_room(out, &room, &view, 2 * samples * self.channels, samples=True)
            try:
                self.run(octets, pcm, samples, False)
                memcpy(room.buf, pcm, 2 * samples * self.channels)
            finally:
                PyBuffer_Release(&room)
        finally:
            PyBuffer_Release(&view)
        return samples

    def conceal(self, samples, /):
        """Return audio in place of lost samples; in a long gap it falls to background noise.

        ValueError: samples is not a multiple of 2.5 ms up to 120 ms.
        """
        cdef int16_t pcm[MAX_VALUES]
        cdef int count = self.checked_gap(samples)
        self.run(None, pcm, count, False)
        return PyBytes_FromStringAndSize(<char*>pcm, 2 * count * self.channels)

    def decode_fec(self, packet, samples, /):
        """Return the lost samples before a packet, from its in-band FEC, or concealed if it has none.

        Call it once per gap, before `decode` of the same packet. Errors as for `decode` and `conceal`.
        """
        cdef Py_buffer view
        cdef int16_t pcm[MAX_VALUES]
        cdef int count = self.checked_gap(samples)
        cdef bytes octets
        take_octets(packet, &view, "packet")
        try:
            octets = unchanging(packet, &view)
            self.samples_of(octets)
            self.run(octets, pcm, count, True)
        finally:
            PyBuffer_Release(&view)
        return PyBytes_FromStringAndSize(<char*>pcm, 2 * count * self.channels)

    cdef int checked_gap(self, object samples) except -1:
        cdef int step = self.sample_rate_hz // 400
        cdef int most = self.sample_rate_hz * MAX_MS // 1000
        if samples not in range(step, most + 1, step):
            raise ValueError(f"samples is {samples!r}, a multiple of {step} (2.5 ms) up to {most} (120 ms) is needed")
        return samples

    def reset(self):
        """Start a new stream at the same rate."""
        take_turn(&self._busy, self)
        opus.decoder_ctl(self._block, RESET_STATE)
        end_turn(&self._busy)

    def copy(self):
        """Return an independent copy at the same position of the stream."""
        cdef OpusDecoder clone = OpusDecoder.__new__(
            OpusDecoder, self.info, self.sample_rate_hz, channels=self.channels, gain_q8_db=self.gain_q8_db
        )
        clone.take_over(self)
        return clone

    def __repr__(self):
        return f"<OpusDecoder {self.sample_rate_hz} Hz>"


cdef object refusal(bytes packet):
    """Return the error for a packet that the library refuses: that of our parser, which names rule and value."""
    try:
        opus_packet.parse(packet)
    except PayloadError as error:
        return error
    return PayloadError(f"libopus refuses the Opus packet of {len(packet)} octets")

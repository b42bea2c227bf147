"""G722: one octet per two samples, 16 kHz audio with an RTP clock of 8000 Hz (ITU-T G.722, RFC 3551 section 4.5.2)."""
cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport uint8_t
from libc.string cimport memcpy

from rtpcodec.audio.concealment cimport checked_gap
from rtpcodec.codecs._concealing cimport ConcealingDecoder
from rtpcodec.kernels._buffers cimport Py_buffer, PyBuffer_Release, take_octets, take_pcm, take_room
from rtpcodec.kernels.concealment cimport Concealment, concealment_fill, concealment_open, concealment_peek
from rtpcodec.kernels.g722 cimport (
    CHUNK_PAIRS, G722Stream, g722_decode_block, g722_encode_block, g722_start,
)

from rtpcodec.codecs.info import CodecInfo, Unit

cdef enum:
    DELAY = 22           # samples of delay of encoder and decoder together, all in the QMF
    LONG_PAIRS = 3200    # 20 frames or more are coded without the GIL


cdef int checked_mode(object mode) except -1:
    if mode not in (1, 2, 3):
        raise ValueError(f"mode is {mode!r}, allowed are 1, 2 and 3")
    return mode


cdef Py_ssize_t pairs_of(const Py_buffer* pcm) except -1:
    if pcm.len & 2:
        raise ValueError(f"pcm has {pcm.len // 2} samples, G722 codes them in pairs and needs an even number")
    return pcm.len // 4


cdef void encode_octets(
    G722Stream* stream, const uint8_t* pcm, uint8_t* out, Py_ssize_t pairs, int mode
) noexcept nogil:
    """Encode, and clear the bits that the mode reserves for data."""
    cdef Py_ssize_t i
    g722_encode_block(stream, pcm, out, pairs)
    if mode > 1:
        for i in range(pairs):
            out[i] &= <uint8_t>(0xFF << (mode - 1))


cdef void run_encoder(G722Stream* stream, const Py_buffer* pcm, void* out, int mode) noexcept:
    """Encode a whole buffer, a long one without the GIL."""
    cdef Py_ssize_t pairs = pcm.len // 4
    if pairs < LONG_PAIRS:
        encode_octets(stream, <const uint8_t*>pcm.buf, <uint8_t*>out, pairs, mode)
    else:
        with nogil:
            encode_octets(stream, <const uint8_t*>pcm.buf, <uint8_t*>out, pairs, mode)


cdef void run_decoder(G722Stream* stream, const Py_buffer* payload, void* out, int mode) noexcept:
    """Decode a whole buffer, a long one without the GIL."""
    if payload.len < LONG_PAIRS:
        g722_decode_block(stream, <const uint8_t*>payload.buf, <uint8_t*>out, payload.len, mode)
    else:
        with nogil:
            g722_decode_block(stream, <const uint8_t*>payload.buf, <uint8_t*>out, payload.len, mode)


@cython.final
@cython.auto_pickle(False)
cdef class G722Encoder:
    """Encodes native int16 mono PCM at 16 kHz to G.722, two samples per octet, in pieces of any even number of samples.

    Use from one thread at a time.

    Args:
        info: the codec's facts; `CodecInfo.encoder` passes them.
        sample_rate_hz: 16000.
        mode: 1 uses all 8 bits for audio (64 kbit/s). Modes 2 and 3 set the lowest one or two bits of each octet to 0,
            for data of 8 or 16 kbit/s; a decoder in the same mode ignores them.

    Raises:
        ValueError: another mode.
    """
    # Methods work on a copy: two threads that use one encoder mix up the audio, but never write beyond a buffer.
    cdef G722Stream _stream
    cdef readonly object info
    cdef readonly int sample_rate_hz
    cdef readonly int mode

    def __cinit__(self, info, sample_rate_hz, *, mode=1):
        self.info = info
        self.sample_rate_hz = sample_rate_hz
        self.mode = checked_mode(mode)
        g722_start(&self._stream)

    def encode(self, pcm, /):
        """Encode PCM, two samples per octet.

        Raises:
            TypeError: not a buffer of 16-bit samples or octets.
            ValueError: an odd number of samples; the state is unchanged.
        """
        cdef Py_buffer view
        cdef G722Stream stream
        cdef bytes out
        take_pcm(pcm, &view)
        try:
            out = PyBytes_FromStringAndSize(NULL, pairs_of(&view))
            with cython.critical_section(self):
                stream = self._stream
            run_encoder(&stream, &view, PyBytes_AS_STRING(out), self.mode)
            with cython.critical_section(self):
                self._stream = stream
        finally:
            PyBuffer_Release(&view)
        return out

    def encode_into(self, pcm, out, /):
        """Encode into the start of a writable buffer. Return the number of octets.

        Raises:
            TypeError: as for `encode`.
            ValueError: as for `encode`; the buffer is too small, or overlaps the PCM. The state is unchanged.
        """
        cdef Py_buffer view
        cdef Py_buffer room
        cdef G722Stream stream
        cdef Py_ssize_t pairs
        take_pcm(pcm, &view)
        try:
            pairs = pairs_of(&view)
            take_room(out, &room, &view, pairs, samples=False)
            with cython.critical_section(self):
                stream = self._stream
            run_encoder(&stream, &view, room.buf, self.mode)
            with cython.critical_section(self):
                self._stream = stream
            PyBuffer_Release(&room)
        finally:
            PyBuffer_Release(&view)
        return pairs

    def reset(self):
        """Start a new stream in the same mode."""
        with cython.critical_section(self):
            g722_start(&self._stream)

    def copy(self):
        """Return an independent copy at the same position of the stream."""
        cdef G722Encoder clone = G722Encoder.__new__(G722Encoder, self.info, self.sample_rate_hz, mode=self.mode)
        with cython.critical_section(self):
            clone._stream = self._stream
        return clone

    def __repr__(self):
        return f"<G722Encoder {self.sample_rate_hz} Hz mode {self.mode}>"


cdef void fill_gap(G722Stream* stream, Concealment* gap, uint8_t* out, Py_ssize_t pairs) noexcept nogil:
    """Conceal, and update the decoder as if the sender had coded the repeated pitch period.

    The sender's speech continues, so this copy fades half as fast as the output (docs/adr/0015-concealment.md).
    """
    # A sender is DELAY samples ahead of the output.
    cdef uint8_t pcm[2 * DELAY + 4 * CHUNK_PAIRS]
    cdef uint8_t codes[CHUNK_PAIRS]
    cdef uint8_t unheard[4 * DELAY]
    cdef G722Stream sender = stream[0]    # encoder and decoder adapt in the same way
    cdef Py_ssize_t step, last
    concealment_open(gap)
    while pairs > 0:
        step = min(pairs, <Py_ssize_t>CHUNK_PAIRS)
        last = min(step, <Py_ssize_t>(DELAY // 2))    # this many fill the history of the decoder's QMF
        concealment_peek(gap, pcm, DELAY + 2 * step)
        memcpy(sender.x, pcm, 2 * DELAY)
        g722_encode_block(&sender, pcm + 2 * DELAY, codes, step - last)
        stream.low = sender.low
        stream.high = sender.high
        g722_encode_block(&sender, pcm + 2 * DELAY + 4 * (step - last), codes, last)
        g722_decode_block(stream, codes, unheard, last, 1)
        concealment_fill(gap, out, 2 * step)
        out += 4 * step
        pairs -= step


@cython.final
@cython.auto_pickle(False)
cdef class G722Decoder(ConcealingDecoder):
    """Decodes G.722 to native int16 mono PCM at 16 kHz, two samples per octet, in pieces of any size.

    Use from one thread at a time.

    Args:
        info: the codec's facts; `CodecInfo.decoder` passes them.
        sample_rate_hz: 16000.
        mode: 1 decodes all 8 bits (64 kbit/s). Modes 2 and 3 ignore the lowest one or two bits of each octet, which
            carry data (56 and 48 kbit/s).

    Raises:
        ValueError: another mode.
    """
    cdef G722Stream _stream
    cdef readonly int mode

    def __cinit__(self, info, sample_rate_hz, *, mode=1):
        self.info = info
        self.sample_rate_hz = sample_rate_hz
        self.mode = checked_mode(mode)
        g722_start(&self._stream)

    def decode(self, payload, /):
        """Decode octets, two samples per octet. TypeError: not a buffer of octets."""
        cdef Py_buffer view
        cdef G722Stream stream
        cdef bytes out
        take_octets(payload, &view)
        try:
            out = PyBytes_FromStringAndSize(NULL, 4 * view.len)
            with cython.critical_section(self):
                stream = self._stream
            run_decoder(&stream, &view, PyBytes_AS_STRING(out), self.mode)
            with cython.critical_section(self):
                self._stream = stream
        finally:
            PyBuffer_Release(&view)
        self.heard(PyBytes_AS_STRING(out), 2 * view.len, out)
        return out

    def decode_into(self, payload, out, /):
        """Decode into the start of a writable buffer. Return the number of samples.

        Raises:
            TypeError: as for `decode`.
            ValueError: the buffer is too small, or overlaps the payload. The state is unchanged.
        """
        cdef Py_buffer view
        cdef Py_buffer room
        cdef G722Stream stream
        take_octets(payload, &view)
        try:
            take_room(out, &room, &view, 4 * view.len, samples=True)
            with cython.critical_section(self):
                stream = self._stream
            run_decoder(&stream, &view, room.buf, self.mode)
            with cython.critical_section(self):
                self._stream = stream
            try:
                self.heard(room.buf, 2 * view.len, None)
            finally:
                PyBuffer_Release(&room)
            return 2 * view.len
        finally:
            PyBuffer_Release(&view)

    def conceal(self, samples, /):
        """Return audio in place of lost samples: the last pitch period repeats and fades to silence within 70 ms.

        The decoder's state is updated as if the sender had coded this audio. The next 2.5 ms of decoded audio are
        cross-faded.

        Args:
            samples: an even number from 0 to one minute's samples.

        Raises:
            ValueError: another number of samples.
        """
        cdef int n = checked_gap(samples, self.sample_rate_hz)
        cdef bytes out
        if n & 1:
            raise ValueError(f"samples is {n}, G722 codes them in pairs and needs an even number")
        out = PyBytes_FromStringAndSize(NULL, 2 * n)
        with cython.critical_section(self):
            self.start_history()
            fill_gap(&self._stream, &self._concealer._state, <uint8_t*>PyBytes_AS_STRING(out), n // 2)
        return out

    def reset(self):
        """Start a new stream in the same mode."""
        with cython.critical_section(self):
            g722_start(&self._stream)
        self.clear()

    def copy(self):
        """Return an independent copy at the same position of the stream."""
        cdef G722Decoder clone = G722Decoder.__new__(G722Decoder, self.info, self.sample_rate_hz, mode=self.mode)
        with cython.critical_section(self):
            clone._stream = self._stream
            clone.take_over(self)
        return clone

    def __repr__(self):
        return f"<G722Decoder {self.sample_rate_hz} Hz mode {self.mode}>"


G722 = CodecInfo(
    name="G722",
    sample_rates_hz=(16000,),
    payload_type=9,
    unit=Unit(octets=1, samples=2, silent=(b"\xfc", b"\xfe")),
    encoder_of=G722Encoder,
    decoder_of=G722Decoder,
    encoder_options=("mode",),
    fixed_rtp_clock_hz=8000,    # an early error, kept for compatibility: RFC 3551 section 4.5.2
    command_rates_hz=(8000, 16000),     # the carrier's guide names the RTP clock, its example the sample rate
)

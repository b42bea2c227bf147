"""A compact store of sent audio: every message adds some, and little is ever read.

Contiguous messages of one reply are one stretch. PCM for PCMU and PCMA is kept encoded, in half the octets: sent again,
it gives the same octets, apart from the two codes of PCMU that mean 0. With a fade-in or background sound it is rounded
twice, so an octet may be one step off.
"""
cimport cython
from cpython.bytearray cimport PyByteArray_AS_STRING, PyByteArray_Resize
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport int64_t, uint8_t
from libc.string cimport memcpy

from rtpcodec.kernels.g711 cimport pcma_decode_block, pcma_encode_block, pcmu_decode_block, pcmu_encode_block

from rtpcodec.stream.items import Kind

cdef object READY = Kind.READY
cdef object OCTETS = Kind.OCTETS
cdef int MU_LAW = 1
cdef dict LAWS = {"pcmu": MU_LAW, "pcma": 2}  # others: PCM as it is
cdef int64_t STRETCH_MS = 320
# A stretch is dropped as a whole, so at most this much too much is kept.


@cython.final
@cython.auto_pickle(False)
cdef class Stretch:
    """Contiguous sent audio of one reply."""

    def __cinit__(self, object reply not None, int64_t position, int64_t content, object kind, object octets not None):
        self.reply = reply
        self.position = position
        self.content = content
        self.samples = 0
        self.kind = kind
        self.octets = octets

    cdef int append(self, bytes octets, int law) except -1:
        """Add the octets of one message."""
        cdef Py_ssize_t n = PyBytes_GET_SIZE(octets), before = len(<bytearray> self.octets)
        cdef bint encodes = law != 0 and self.kind is READY
        if encodes:
            n >>= 1
        PyByteArray_Resize(self.octets, before + n)
        cdef const uint8_t* source = <const uint8_t*> PyBytes_AS_STRING(octets)
        cdef uint8_t* out = <uint8_t*> PyByteArray_AS_STRING(self.octets) + before
        if not encodes:
            memcpy(out, source, n)
        elif law == MU_LAW:
            pcmu_encode_block(source, out, n)
        else:
            pcma_encode_block(source, out, n)
        return 0

    cdef list pieces(self, int law):
        """Return it as pieces. Encoded audio is decoded."""
        if self.kind is None:
            return <list> self.octets
        if law == 0 or self.kind is not READY:
            return [(self.kind, bytes(self.octets))]
        cdef Py_ssize_t n = len(<bytearray> self.octets)
        cdef bytes pcm = PyBytes_FromStringAndSize(NULL, 2 * n)
        cdef const uint8_t* source = <const uint8_t*> PyByteArray_AS_STRING(self.octets)
        cdef uint8_t* out = <uint8_t*> PyBytes_AS_STRING(pcm)
        if law == MU_LAW:
            pcmu_decode_block(source, out, n)
        else:
            pcma_decode_block(source, out, n)
        return [(self.kind, pcm)]


@cython.auto_pickle(False)
cdef class KeptAudio:
    """The base of SentAudio: sent audio as stretches. Use from one thread at a time."""

    def __cinit__(self, object max_samples, object packing not None):
        self._max_samples = max_samples
        self._stretches = []
        self._last = None
        self._stretch_samples = packing.sample_rate_hz * STRETCH_MS // 1000
        self._law = LAWS.get(packing.coding, 0)

    def add(self, int64_t position, int64_t samples, int64_t content, reply, list pieces):
        """Add audio that is sent now."""
        cdef object audio = pieces
        if len(pieces) == 1 and pieces[0][0] is READY:
            audio = pieces[0][1]
        self.keep(position, samples, content, reply, audio)

    cdef int keep(self, int64_t position, int64_t samples, int64_t content, object reply, object audio) except -1:
        """Add audio that is sent now: PCM at the codec's rate, or a list of pieces."""
        cdef list kept = self._stretches
        cdef Stretch stretch
        cdef int64_t oldest
        # 1. Continue the last stretch, or begin one.
        if PyBytes_CheckExact(audio):
            stretch = self.stretch_for(position, content, reply, READY)
            stretch.append(<bytes> audio, self._law)
        elif len(<list> audio) == 1 and (<list> audio)[0][0] is OCTETS:
            stretch = self.stretch_for(position, content, reply, OCTETS)
            stretch.append((<list> audio)[0][1], 0)
        else:
            stretch = Stretch(reply, position, content, None, audio)
            kept.append(stretch)
        stretch.samples += samples
        self._last = audio
        # 2. Drop the oldest stretches, which were played long ago.
        if self._max_samples is None:
            return 0
        oldest = position + samples - <int64_t> self._max_samples
        stretch = <Stretch> kept[0]
        while stretch.position + stretch.samples < oldest:
            del kept[0]
            stretch = <Stretch> kept[0]
        return 0

    cdef Stretch stretch_for(self, int64_t position, int64_t content, object reply, object kind):
        """Return the stretch that audio of this kind is appended to."""
        cdef Stretch last
        cdef Py_ssize_t count = len(self._stretches)
        if count:
            last = <Stretch> self._stretches[count - 1]
            if (
                last.kind is kind
                and last.reply is reply
                and last.position + last.samples == position
                and last.content + last.samples == content
                and last.samples < self._stretch_samples
            ):
                return last
        last = Stretch(reply, position, content, kind, bytearray())
        self._stretches.append(last)
        return last

    @property
    def last_pieces(self):
        """The pieces that were added last; empty: nothing is kept."""
        if self._last is None:
            return []
        return [(READY, self._last)] if PyBytes_CheckExact(self._last) else self._last

    def _drop_until(self, int64_t position):
        """Drop stretches that end there or before. Keep tones of keys that are being heard."""
        cdef list kept = self._stretches
        cdef Stretch first
        while kept:
            first = <Stretch> kept[0]
            if first.position + first.samples > position or (first.reply.queue.tones and first.reply.sounds_keys):
                return
            del kept[0]
        self._last = None

    def _replace(self, reply, past):
        """Assign the audio of one reply to another."""
        cdef Stretch stretch
        for stretch in self._stretches:
            if stretch.reply is reply:
                stretch.reply = past

    def _take_sent(self):
        """Remove and return all stretches: tuples of position, samples, content, reply and pieces."""
        cdef list found = []
        cdef Stretch stretch
        for stretch in self._stretches:
            found.append(
                (stretch.position, stretch.samples, stretch.content, stretch.reply, stretch.pieces(self._law))
            )
        self._stretches = []
        self._last = None
        return found

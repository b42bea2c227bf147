"""Voice activity per block: the level compared with a noise floor and with the echo of the audio that we play.

A block is active if its level is above a limit:

    limit = max(quiet, echo)      during speech, `quiet` is lower by the hysteresis
    quiet = max(threshold, noise floor + noise margin)
    echo  = reference - return loss, while we play

The reference is the loudest block that was played within the possible delays of an echo. "We play" means that it is
loud enough for its echo to exceed the threshold. Speech starts after enough active blocks, more of them while we play:
each active block adds one block to the evidence, and each other block removes half a block. Speech ends when no block
was active for the hang-over.

The noise floor is the lowest level of the last windows, so it follows steady noise and not syllables. It does not adapt
while we play. The return loss is the smallest difference of reference and level in the last windows during which we
play, minus a margin. Blocks that may be speech are excluded. After speech while we play, it restarts at its initial
value, because the apparent speech may have been an echo that became louder.
"""
cimport cython
from libc.math cimport INFINITY, log10
from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t

from rtpcodec.kernels._buffers cimport Py_buffer, PyBuffer_Release, load_i16, take_pcm

cdef enum:
    _NOTHING = 0
    _STARTED = 1
    _ENDED = 2
    _ANY_LEVEL = -1
    MAX_BLOCK_SAMPLES = 1 << 20
    MAX_ONSETS = 3     # speech begins at most this many onsets before it is detected

NOTHING = _NOTHING
STARTED = _STARTED
ENDED = _ENDED
ANY_LEVEL = _ANY_LEVEL
"""A verdict: the level decides."""

cdef double SILENCE_DBOV = -127.0
cdef double NEAR_DB = 3.0    # a caller's first syllables may be this far below the limit of the echo
cdef double FULL_SCALE_DB = 10 * log10(32768.0 * 32768.0)


cdef void add_samples(BlockSums* sums, const uint8_t* pcm, Py_ssize_t n) noexcept nogil:
    """Add n samples to the sums of a block, at most 2^30."""
    cdef Py_ssize_t i
    cdef int32_t sample
    cdef int64_t total = 0
    cdef uint64_t squares = 0
    for i in range(n):
        sample = load_i16(pcm, i)
        total += sample
        squares += <uint64_t>(sample * sample)
    sums.total += total
    sums.squares += squares
    sums.samples += n


cdef double block_dbov(const BlockSums* sums) noexcept nogil:
    """Return the power of a block without its mean, in dBov: a constant offset is not a sound."""
    cdef double n = <double>sums.samples
    cdef double mean = <double>sums.total / n
    cdef double power = <double>sums.squares / n - mean * mean
    cdef double level
    if power <= 0:
        return SILENCE_DBOV
    level = 10 * log10(power) - FULL_SCALE_DB
    return level if level > SILENCE_DBOV else SILENCE_DBOV


cdef void begin_voice(VoiceState* state, const VoiceLimits* limits) noexcept nogil:
    """Set the initial state, without speech."""
    cdef int k
    state.level_dbov = SILENCE_DBOV
    state.limit_dbov = limits.threshold_dbov
    for k in range(FLOOR_WINDOWS):
        state.floors[k] = INFINITY
    # Until the first window is complete, the threshold alone counts.
    state.floors[1] = limits.threshold_dbov - limits.noise_margin_db
    state.noise_dbov = state.floors[1]
    state.floor_blocks = 0
    state.evidence = 0
    state.since_onset = 0
    state.since_near = 0
    state.far = 0
    state.idle = 0
    state.speaking = False
    state.playing = False
    state.played = False
    state.loss_db = limits.start_loss_db
    restart_loss(state, limits)


cdef void restart_loss(VoiceState* state, const VoiceLimits* limits) noexcept nogil:
    """Restart the return loss at its initial value, unless it is smaller."""
    cdef int k
    for k in range(LOSS_WINDOWS):
        state.losses[k] = INFINITY
    state.loss_blocks = 0
    state.loss_db = min(state.loss_db, limits.start_loss_db)


cdef void learn_noise(VoiceState* state, double level_dbov) noexcept nogil:
    """Update the noise floor by the level of a block during which we do not play."""
    cdef int k
    state.floors[0] = min(state.floors[0], level_dbov)
    state.floor_blocks += 1
    if state.floor_blocks == FLOOR_BLOCKS:
        for k in range(FLOOR_WINDOWS - 1, 0, -1):
            state.floors[k] = state.floors[k - 1]
        state.floors[0] = INFINITY
        state.floor_blocks = 0
    state.noise_dbov = state.floors[0]
    for k in range(1, FLOOR_WINDOWS):
        state.noise_dbov = min(state.noise_dbov, state.floors[k])


cdef void learn_loss(VoiceState* state, const VoiceLimits* limits, double loss_db) noexcept nogil:
    """Update the return loss by the difference of reference and level of a block that is not speech."""
    cdef int k
    cdef double least
    state.losses[0] = min(state.losses[0], loss_db)
    state.loss_blocks += 1
    if state.loss_blocks < LOSS_BLOCKS:
        return
    least = state.losses[0]
    for k in range(1, LOSS_WINDOWS):
        least = min(least, state.losses[k])
    least = min(max(least - limits.loss_margin_db, limits.least_loss_db), limits.most_loss_db)
    state.loss_db = least
    for k in range(LOSS_WINDOWS - 1, 0, -1):
        state.losses[k] = state.losses[k - 1]
    state.losses[0] = INFINITY
    state.loss_blocks = 0


cdef void follow_near(VoiceState* state, bint near) noexcept nogil:
    """Track the run of blocks near the limit, in which speech may have begun below the level of the echo."""
    if near:
        state.far = 0
    elif state.since_near:
        state.far += 1
        if state.far > NEAR_BLOCKS:
            state.since_near = 0
    if near or state.since_near:
        state.since_near += 1


cdef bint is_onset(VoiceState* state, const VoiceLimits* limits, bint active) noexcept nogil:
    """Update the evidence by a block. An onset that began while we play needs the evidence for playing to its end."""
    cdef int needed
    if state.evidence == 0:
        state.since_onset = 0
        state.played = False
    state.played = state.played or state.playing
    if active:
        state.evidence += 2
    elif state.evidence:
        state.evidence -= 1
    if state.evidence == 0:
        return False
    state.since_onset += 1
    needed = limits.onset_while_playing_blocks if state.played else limits.onset_blocks
    if not active or state.evidence < 2 * needed:
        return False
    # Single active blocks may have kept the evidence above 0 for a long time.
    state.since_onset = min(state.since_onset, MAX_ONSETS * needed)
    state.speaking = True
    state.evidence = 0
    state.idle = 0
    return True


cdef int step_voice(
    VoiceState* state, const VoiceLimits* limits, double level_dbov, double reference_dbov, int verdict
) noexcept nogil:
    """Process a block; return the change. verdict: 1 or 0, whether a detector finds speech; -1: no detector."""
    cdef double quiet = max(limits.threshold_dbov, state.noise_dbov + limits.noise_margin_db)
    cdef double echo = -INFINITY
    cdef bint active
    state.level_dbov = level_dbov
    state.playing = reference_dbov >= limits.playing_dbov
    # 1. The limit.
    if state.speaking:
        quiet -= limits.hysteresis_db
    if state.playing:
        echo = reference_dbov - state.loss_db
    if verdict == _ANY_LEVEL:
        state.limit_dbov = max(quiet, echo)
        active = level_dbov > state.limit_dbov
    else:
        state.limit_dbov = echo
        active = verdict and level_dbov > echo
    # 2. During speech: its end.
    if state.speaking:
        if not state.playing:
            learn_noise(state, level_dbov)
        if not active:
            return skip_voice(state, limits, 1)
        state.idle = 0
        return _NOTHING
    # 3. Otherwise: an onset?
    follow_near(state, active or (state.playing and level_dbov > state.limit_dbov - NEAR_DB))
    if is_onset(state, limits, active):
        return _STARTED
    # 4. A block without speech updates noise floor or return loss.
    if not state.playing:
        learn_noise(state, level_dbov)
    elif not state.evidence:
        learn_loss(state, limits, reference_dbov - level_dbov)
    return _NOTHING


cdef int skip_voice(VoiceState* state, const VoiceLimits* limits, int blocks) noexcept nogil:
    """Process blocks that are not active or unknown; return the change."""
    if not state.speaking:
        state.evidence = max(state.evidence - blocks, 0)
        state.since_onset += blocks
        state.since_near = 0
        return _NOTHING
    state.idle += blocks
    if state.idle < limits.hangover_blocks:
        return _NOTHING
    state.speaking = False
    state.since_near = 0
    if state.played:
        restart_loss(state, limits)
    return _ENDED


@cython.final
@cython.auto_pickle(False)
cdef class VoiceActivity:
    """Detects speech in one stream of blocks. Use from one thread at a time."""

    cdef VoiceLimits _limits
    cdef VoiceState _state
    cdef BlockSums _sums
    cdef Py_ssize_t _block_samples

    def __cinit__(
        self, *, double threshold_dbov, double noise_margin_db, double hysteresis_db, double playing_dbov,
        double start_loss_db, double least_loss_db, double most_loss_db, double loss_margin_db,
        int onset_blocks, int onset_while_playing_blocks, int hangover_blocks,
    ):
        self._limits = VoiceLimits(
            threshold_dbov, noise_margin_db, hysteresis_db, playing_dbov, start_loss_db, least_loss_db, most_loss_db,
            loss_margin_db, onset_blocks, onset_while_playing_blocks, hangover_blocks,
        )
        self._block_samples = 160
        begin_voice(&self._state, &self._limits)

    @property
    def block_samples(self):
        """Samples per block."""
        return self._block_samples

    @property
    def missing_samples(self):
        """Samples that the current block still needs; 0: it is complete, call `step`."""
        return self._block_samples - self._sums.samples

    @property
    def speaking(self):
        """Whether there is speech."""
        return self._state.speaking

    @property
    def playing(self):
        """Whether we played during the last block, loud enough for an audible echo."""
        return self._state.playing

    @property
    def played(self):
        """At a start: whether we played since its first block."""
        return self._state.played

    @property
    def level_dbov(self):
        """The level of the last block."""
        return self._state.level_dbov

    @property
    def limit_dbov(self):
        """The level above which the last block was active."""
        return self._state.limit_dbov

    @property
    def noise_dbov(self):
        """The noise floor."""
        return self._state.noise_dbov

    @property
    def loss_db(self):
        """The assumed return loss, without its margin."""
        return self._state.loss_db

    @property
    def since_onset(self):
        """At a start: blocks from the first one of the speech to the last one."""
        return self._state.since_onset

    @property
    def since_near(self):
        """At a start: blocks from the first one in which speech may have begun, under the echo of what we play."""
        return self._state.since_near

    @property
    def idle(self):
        """Blocks since the last active one of the speech."""
        return self._state.idle

    def begin_blocks(self, Py_ssize_t samples):
        """Set the length of blocks in samples, and begin one. The current block is dropped."""
        if not 1 <= samples <= MAX_BLOCK_SAMPLES:
            raise ValueError(f"samples is {samples}, 1 to {MAX_BLOCK_SAMPLES} are allowed")
        self._block_samples = samples
        self._sums = BlockSums(0, 0, 0)

    def fill(self, pcm, Py_ssize_t at=0):
        """Add samples of int16 PCM to the current block until it is complete.

        Args:
            pcm: native int16 samples.
            at: index of the first sample to add.

        Returns:
            The index after the last added sample.

        Raises:
            TypeError, ValueError: pcm is not int16 PCM, or `at` is outside of it.
        """
        cdef Py_buffer view
        cdef Py_ssize_t n, samples
        take_pcm(pcm, &view)
        samples = view.len >> 1
        if not 0 <= at <= samples:
            PyBuffer_Release(&view)
            raise ValueError(f"at is {at}, 0 to {samples} are allowed")
        n = min(samples - at, self._block_samples - self._sums.samples)
        add_samples(&self._sums, <const uint8_t*>view.buf + 2 * at, n)
        PyBuffer_Release(&view)
        return at + n

    def step(self, double reference_dbov, int verdict=_ANY_LEVEL):
        """Process the complete block, and begin another one.

        Args:
            reference_dbov: the loudest block that was played within the possible delays of an echo.
            verdict: 1 or 0, whether a detector finds speech in the block; -1: its level decides.

        Returns:
            0: no change, 1: speech starts, 2: speech has ended.

        Raises:
            ValueError: the block is not complete.
        """
        if self._sums.samples < self._block_samples:
            raise ValueError(f"the block has {self._sums.samples} samples, {self._block_samples} are needed")
        cdef double level = block_dbov(&self._sums)
        self._sums = BlockSums(0, 0, 0)
        return step_voice(&self._state, &self._limits, level, reference_dbov, verdict)

    def skip(self, int blocks):
        """Advance the time without audio, and begin another block. Returns as `step`."""
        self._sums = BlockSums(0, 0, 0)
        return skip_voice(&self._state, &self._limits, max(blocks, 0))

    def __reduce__(self):
        raise TypeError("VoiceActivity belongs to its process and its state, it cannot be pickled or copied")

"""Voice activity for other Cython code: the statistics of a block, and the state of a detector."""
from libc.stdint cimport int64_t, uint8_t, uint64_t

cdef enum:
    FLOOR_WINDOWS = 5     # the noise floor is the lowest block of this many windows ...
    FLOOR_BLOCKS = 25     # ... of this many blocks
    LOSS_WINDOWS = 3      # the return loss is the smallest of this many windows ...
    LOSS_BLOCKS = 100     # ... of this many blocks during which we play
    NEAR_BLOCKS = 25      # a longer run of blocks that are not near the limit is a pause before speech


cdef struct BlockSums:
    int64_t total
    uint64_t squares
    Py_ssize_t samples


cdef struct VoiceLimits:
    double threshold_dbov
    double noise_margin_db
    double hysteresis_db
    double playing_dbov
    double start_loss_db
    double least_loss_db
    double most_loss_db
    double loss_margin_db
    int onset_blocks
    int onset_while_playing_blocks
    int hangover_blocks


cdef struct VoiceState:
    double level_dbov
    double limit_dbov
    double noise_dbov
    double loss_db
    double floors[FLOOR_WINDOWS]      # the lowest level of each window, the current one first
    double losses[LOSS_WINDOWS]       # the smallest loss of each window, the current one first
    int floor_blocks
    int loss_blocks
    int evidence                      # of an onset, in halves of a block
    int since_onset                   # blocks from the first one that may belong to speech to the last one
    int since_near                    # blocks since the first of a run near the limit while we play
    int far                           # blocks of this run since the last one near the limit
    int idle                          # blocks since the last one that was active
    bint speaking
    bint playing
    bint played                       # while the evidence was found, or in the last block


cdef void add_samples(BlockSums* sums, const uint8_t* pcm, Py_ssize_t n) noexcept nogil
cdef double block_dbov(const BlockSums* sums) noexcept nogil
cdef void begin_voice(VoiceState* state, const VoiceLimits* limits) noexcept nogil
cdef void restart_loss(VoiceState* state, const VoiceLimits* limits) noexcept nogil
cdef int step_voice(
    VoiceState* state, const VoiceLimits* limits, double level_dbov, double reference_dbov, int verdict
) noexcept nogil
cdef int skip_voice(VoiceState* state, const VoiceLimits* limits, int blocks) noexcept nogil

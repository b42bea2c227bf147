"""Marks for callgrind: what lies between begin and end is counted and written out under a name."""

cdef extern from *:
    """
    #include <valgrind/callgrind.h>
    static void counting_begin(void)
    {
        CALLGRIND_START_INSTRUMENTATION;
        CALLGRIND_ZERO_STATS;
        CALLGRIND_TOGGLE_COLLECT;
    }
    static void counting_end(const char *name) { CALLGRIND_TOGGLE_COLLECT; CALLGRIND_DUMP_STATS_AT(name); }
    """
    void begin "counting_begin"() nogil
    void end "counting_end"(const char* name) nogil

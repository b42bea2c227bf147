"""One thread at a time in a library's state: two at once would be a crash, so the second gets an error."""

cdef extern from *:
    """
    static int take_flag(char *flag) { return !__atomic_test_and_set(flag, __ATOMIC_ACQUIRE); }
    static void clear_flag(char *flag) { __atomic_clear(flag, __ATOMIC_RELEASE); }
    """
    bint take_flag(char* flag) noexcept nogil
    void clear_flag(char* flag) noexcept nogil


cdef inline int take_turn(char* busy, object coder) except -1:
    """Enter, to be left by end_turn. RuntimeError: another thread is inside."""
    if not take_flag(busy):
        raise RuntimeError(f"{type(coder).__name__} is in use by another thread")
    return 0


cdef inline void end_turn(char* busy) noexcept:
    """Leave."""
    clear_flag(busy)

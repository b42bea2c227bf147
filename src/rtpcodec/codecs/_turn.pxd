"""A flag that admits one thread to a library's state: two at once could crash, so the second gets an error."""

cdef extern from *:
    """
    static int take_flag(char *flag) { return !__atomic_test_and_set(flag, __ATOMIC_ACQUIRE); }
    static void clear_flag(char *flag) { __atomic_clear(flag, __ATOMIC_RELEASE); }
    """
    bint take_flag(char* flag) noexcept nogil
    void clear_flag(char* flag) noexcept nogil


cdef inline int take_turn(char* busy, object coder) except -1:
    """Set the flag, until end_turn. RuntimeError: another thread has set it."""
    if not take_flag(busy):
        raise RuntimeError(f"{type(coder).__name__} is in use by another thread")
    return 0


cdef inline void end_turn(char* busy) noexcept:
    """Clear the flag."""
    clear_flag(busy)

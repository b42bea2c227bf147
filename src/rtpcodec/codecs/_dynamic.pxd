"""Shared libraries opened at run time."""

cdef class SharedLibrary:
    cdef void* _handle
    cdef bint _kept
    cdef readonly str path
    cdef readonly str version

    cdef void* symbol(self, const char* name) except NULL
    cdef str text(self, str function)

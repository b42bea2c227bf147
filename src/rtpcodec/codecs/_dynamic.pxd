"""Shared libraries opened at run time."""

cdef class SharedLibrary:
    cdef void* _handle
    cdef readonly str path

    cdef void* symbol(self, const char* name) except NULL

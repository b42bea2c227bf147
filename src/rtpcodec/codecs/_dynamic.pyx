"""Shared libraries opened at run time: dlopen, their symbols, and the file that the loader really took."""
cimport cython

from os import fsdecode, fsencode

cdef extern from "<dlfcn.h>" nogil:
    ctypedef struct Dl_info:
        const char* dli_fname

    const int RTLD_NOW
    const int RTLD_LOCAL
    void* dlopen(const char* file, int flags)
    void* dlsym(void* handle, const char* name)
    char* dlerror()
    int dladdr(const void* address, Dl_info* info)

ctypedef const char* (*text_function)() noexcept nogil


@cython.final
@cython.auto_pickle(False)
cdef class SharedLibrary:
    """An open library. It stays open until the process ends: codecs keep its functions.

    name is a path, or a bare name that the system's loader looks for. `path` is the file that was opened, found by the
    address of the symbol `witness`. OSError says why it cannot be opened, or that it has no such symbol.
    """

    def __cinit__(self, name, str witness):
        cdef Dl_info info
        cdef bytes octets = fsencode(name)
        self._handle = dlopen(octets, RTLD_NOW | RTLD_LOCAL)
        if self._handle == NULL:
            raise OSError(fsdecode(dlerror()))
        self.path = fsdecode(name)
        if dladdr(self.symbol(witness.encode()), &info) and info.dli_fname != NULL:
            self.path = fsdecode(<bytes>info.dli_fname)

    cdef void* symbol(self, const char* name) except NULL:
        """The address of a function. OSError: the library has none of that name."""
        cdef void* address = dlsym(self._handle, name)
        if address == NULL:
            raise OSError(f"{self.path} has no {name.decode()}")
        return address

    def text(self, str function):
        """What a function without arguments that gives a C string says. OSError: there is no such function."""
        cdef text_function say = <text_function>self.symbol(function.encode())
        return (<bytes>say()).decode("utf-8", "replace")

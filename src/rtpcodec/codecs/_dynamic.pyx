"""Shared libraries opened at run time: dlopen, their symbols, and the file that the loader chose."""
cimport cython
from libc.stdlib cimport free, malloc

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
    int dlclose(void* handle)

cdef extern from *:
    """
    /* The folders that the loader searches for a bare name. glibc has the request as an enum, others as a macro. */
    #if defined(__GLIBC__) || defined(RTLD_DI_SERINFO)
    typedef Dl_serinfo rtpcodec_folders;
    static size_t rtpcodec_folders_size(void *handle) {
        Dl_serinfo only_size;
        return dlinfo(handle, RTLD_DI_SERINFOSIZE, &only_size) ? 0 : only_size.dls_size;
    }
    static int rtpcodec_folders_fill(void *handle, rtpcodec_folders *found) {
        return dlinfo(handle, RTLD_DI_SERINFOSIZE, found) || dlinfo(handle, RTLD_DI_SERINFO, found)
            ? 0 : (int)found->dls_cnt;
    }
    static const char *rtpcodec_folder(rtpcodec_folders *found, int i) { return found->dls_serpath[i].dls_name; }
    #else
    typedef struct { int none; } rtpcodec_folders;
    static size_t rtpcodec_folders_size(void *handle) { (void)handle; return 0; }
    static int rtpcodec_folders_fill(void *handle, rtpcodec_folders *found) { (void)handle; (void)found; return 0; }
    static const char *rtpcodec_folder(rtpcodec_folders *found, int i) { (void)found; (void)i; return ""; }
    #endif
    """
    ctypedef struct rtpcodec_folders:
        pass
    size_t rtpcodec_folders_size(void* handle)
    int rtpcodec_folders_fill(void* handle, rtpcodec_folders* found)
    const char* rtpcodec_folder(rtpcodec_folders* found, int i)

ctypedef const char* (*text_function)() noexcept nogil


def loader_folders():
    """Return the folders that the loader searches for a bare name, in its order, without the loader's cache.

    The list is empty if the C library does not provide them.
    """
    cdef void* program = dlopen(NULL, RTLD_NOW | RTLD_LOCAL)
    cdef size_t octets = rtpcodec_folders_size(program)
    cdef rtpcodec_folders* found
    cdef int i
    if octets == 0:
        return []
    found = <rtpcodec_folders*>malloc(octets)
    if found == NULL:
        raise MemoryError()
    try:
        return [fsdecode(<bytes>rtpcodec_folder(found, i)) for i in range(rtpcodec_folders_fill(program, found))]
    finally:
        free(found)


@cython.final
@cython.auto_pickle(False)
cdef class SharedLibrary:
    """An open library. It stays open until the process ends, because codecs keep its functions.

    Args:
        name: a path, or a bare name that the system's loader searches for.
        functions: the functions that the library must have, at least one. `path` is the file that has the first.
        version_function: a function without arguments that returns a C string, which becomes `version`.

    Raises:
        OSError: it cannot be opened, it lacks a function, or its version is NULL. It is closed again.
    """

    def __cinit__(self, name, tuple functions not None, str version_function=None):
        cdef Dl_info info
        cdef bytes octets = fsencode(name)
        self.path = fsdecode(name)
        self._handle = dlopen(octets, RTLD_NOW | RTLD_LOCAL)
        if self._handle == NULL:
            raise OSError(fsdecode(dlerror()))
        if dladdr(self.symbol(functions[0].encode()), &info) and info.dli_fname != NULL:
            self.path = fsdecode(<bytes>info.dli_fname)
        for function in functions:
            self.symbol(function.encode())
        if version_function is not None:
            self.version = self.text(version_function)
        self._kept = True

    def __dealloc__(self):
        if self._handle != NULL and not self._kept:
            dlclose(self._handle)

    cdef void* symbol(self, const char* name) except NULL:
        """Return the address of a function. OSError: the library does not have it."""
        cdef void* address = dlsym(self._handle, name)
        if address == NULL:
            raise OSError(f"{self.path} has no {name.decode()}")
        return address

    cdef str text(self, str function):
        """Call a function without arguments that returns a C string. OSError: it does not exist, or returns NULL."""
        cdef text_function call = <text_function>self.symbol(function.encode())
        cdef const char* returned = call()
        if returned == NULL:
            raise OSError(f"{self.path}: {function} returned NULL, a text is needed")
        return (<bytes>returned).decode("utf-8", "replace")

"""Counts every public block function of the kernels on frames, and whole calls from Python."""
from cpython.pycapsule cimport PyCapsule_GetPointer, PyCapsule_IsValid
from libc.stdint cimport uint8_t

from benchmarks.counting.collecting cimport begin, end

from importlib import import_module
from itertools import repeat
from pkgutil import iter_modules

import rtpcodec.compat
import rtpcodec.kernels

ctypedef void (*block_function)(const uint8_t*, uint8_t*, Py_ssize_t) noexcept nogil

cdef const char* SIGNATURE = b"void (uint8_t const *, uint8_t *, Py_ssize_t)"
cdef uint8_t SOURCE[8192]
cdef uint8_t ROOM[8192]
LENGTHS = (160, 161, 1600)    # a frame, the same with a tail, many blocks


cdef void fill_source() noexcept:
    """Octets without order, the same each time."""
    cdef unsigned int state = 711
    cdef size_t i
    for i in range(sizeof(SOURCE)):
        state = state * 1664525u + 1013904223u
        SOURCE[i] = <uint8_t>(state >> 24)


fill_source()


def block_functions():
    """Name and capsule of every kernel of this signature."""
    for room in (rtpcodec.kernels, rtpcodec.compat):
        for module in sorted(iter_modules(room.__path__), key=lambda module: module.name):
            exported = getattr(import_module(f"{room.__name__}.{module.name}"), "__pyx_capi__", {})
            for name, capsule in sorted(exported.items()):
                if PyCapsule_IsValid(capsule, SIGNATURE):
                    yield name, capsule


def count(int calls):
    """Count so many calls of each block function."""
    cdef block_function run
    cdef Py_ssize_t samples
    cdef int _
    for name, capsule in block_functions():
        run = <block_function>PyCapsule_GetPointer(capsule, SIGNATURE)
        for samples in LENGTHS:
            label = f"{name} {samples}|{calls}".encode()
            begin()
            for _ in range(calls):
                run(SOURCE, ROOM, samples)
            end(label)


def count_call(str name, object function, object argument, int calls):
    """Count so many whole calls from Python with one argument."""
    label = f"call {name}|{calls}".encode()
    begin()
    for _ in repeat(None, calls):
        function(argument)
    end(label)

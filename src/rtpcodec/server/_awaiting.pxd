"""Shared by native awaitables: return a value from an await without an exception object."""
from cpython.object cimport PyObject

cdef extern from "Python.h":
    ctypedef PyObject* (*iternextfunc)(PyObject*) noexcept
    ctypedef struct AwaitableType "PyTypeObject":
        iternextfunc tp_iternext
    void set_error "PyErr_SetObject"(object kind, object value) noexcept


cdef inline PyObject* returned(object value) noexcept:
    """End a step of `__next__`: the await returns the value. `return returned(value)` in a function `except NULL`."""
    # Of a tuple and of an exception, Python would make the arguments or the instance of StopIteration.
    set_error(StopIteration, StopIteration(value) if isinstance(value, (tuple, BaseException)) else value)
    return NULL


cdef inline void set_step(type awaitable, PyObject* (*step)(PyObject*) except NULL):
    """Use a function as `__next__` of a class. Cython's own `__next__` would add a traceback to each StopIteration."""
    (<AwaitableType*>awaitable).tp_iternext = <iternextfunc>step

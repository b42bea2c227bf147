"""The floor of a race on frames: what a call from Python and its fresh result cost when nothing is computed.

Built with the directives of the package, so that only the kernel's work is between a floor and us.
"""
from cpython.bytes cimport PyBytes_FromStringAndSize, PyBytes_GET_SIZE


def fresh_double(bytes source not None, /):
    """Octets of twice the size, not written."""
    return PyBytes_FromStringAndSize(NULL, PyBytes_GET_SIZE(source) * 2)


def fresh_half(bytes source not None, /):
    """Octets of half the size, not written."""
    return PyBytes_FromStringAndSize(NULL, PyBytes_GET_SIZE(source) // 2)


def fresh_same(bytes source not None, /):
    """Octets of the same size, not written."""
    return PyBytes_FromStringAndSize(NULL, PyBytes_GET_SIZE(source))


def fresh_quadruple(bytes source not None, /):
    """Octets of four times the size, not written."""
    return PyBytes_FromStringAndSize(NULL, PyBytes_GET_SIZE(source) * 4)


def fresh_quarter(bytes source not None, /):
    """Octets of a quarter of the size, not written."""
    return PyBytes_FromStringAndSize(NULL, PyBytes_GET_SIZE(source) // 4)


def nothing(source, out, /):
    """An empty call with two arguments."""
    return 0

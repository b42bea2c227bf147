"""Fuzz compat.audioop: it raises only the errors of the removed module.

Layout of an input: kind of source, width, alignment; the rest is the fragment.
"""

from rtpcodec.compat import audioop
from rtpcodec.kernels._simd import available_levels
from tests.fuzz.targets.g711 import SOURCES

FORMS = available_levels()
HEAD_OCTETS = 3
FUNCTIONS = (audioop.ulaw2lin, audioop.lin2ulaw, audioop.alaw2lin, audioop.lin2alaw)
DOCUMENTED = (TypeError, ValueError, BufferError, audioop.error)


def run(data: bytes) -> int:
    """Call every function with the same fragment."""
    head, fragment = data[:HEAD_OCTETS].ljust(HEAD_OCTETS, b"\0"), data[HEAD_OCTETS:]
    source = SOURCES[head[0] % len(SOURCES)](fragment, head[2] % 64)
    width = 2 if head[1] < 192 else head[1] % 6
    for function in FUNCTIONS:
        try:
            result = function(source, width)
        except DOCUMENTED:
            continue
        assert isinstance(result, bytes)
    return len(FUNCTIONS)

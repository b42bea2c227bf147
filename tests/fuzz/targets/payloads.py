"""Fuzz payload formats: random octets give frames or PayloadError, and these frames can be packed again.

Layout of an input: the length of payloads and of the first one; the rest is cut into the payloads of one stream. They
pass through AMR-WB's detection, each of its packings, OPUS and a sample codec, and whole through the reader of files.
COMPARED counts the octets of payloads that were packed again and compared.
"""

from collections.abc import Callable

from rtpcodec import codec, payload_format
from rtpcodec.errors import PayloadError
from rtpcodec.rtp.payloads import AmrWbFormat, PayloadFormat
from rtpcodec.rtp.payloads.amrwb_file import MAGIC, amrwb_octets, read_amrwb
from rtpcodec.rtp.payloads.amrwb_packing import PACK, UNPACK

HEAD_OCTETS = 2
COMPARED = 0
FORMATS: tuple[Callable[[], PayloadFormat], ...] = (
    AmrWbFormat,
    *(lambda packing=packing: AmrWbFormat(packing) for packing in UNPACK),
    lambda: payload_format(codec("OPUS")),
    lambda: payload_format(codec("L16")),
)
LENGTHS = (1, 2, 6, 7, 18, 19, 33, 34, 41, 42, 61, 62, 4096)


def run(data: bytes) -> int:
    """Parse the same payloads with every format."""
    head, octets = data[:HEAD_OCTETS].ljust(HEAD_OCTETS, b"\0"), data[HEAD_OCTETS:]
    length = LENGTHS[head[0] % len(LENGTHS)]
    first = head[1] % 64
    payloads = [octets[:first], *(octets[at : at + length] for at in range(first, len(octets), length))][:8]
    calls = 1
    for make in FORMATS:
        stream = make()
        for payload in payloads:
            calls += _through(stream, payload)
    _strictly(octets)
    _file(octets)
    return calls


def _through(stream: PayloadFormat, payload: bytes) -> int:
    try:
        ticks = stream.ticks(payload)
    except PayloadError:
        ticks = -1
    try:
        frames = stream.frames(payload)
    except PayloadError:
        assert ticks < 0
        return 2
    assert ticks >= 0
    _cut(stream, payload, ticks)
    again = stream.payload(frames)
    if isinstance(stream, AmrWbFormat):
        assert ticks == 320 * len(frames) > 0
        assert AmrWbFormat(stream.packing).frames(again) == frames
    else:
        _compare(again, payload)
    return 3


def _cut(stream: PayloadFormat, payload: bytes, ticks: int) -> None:
    """Check that pieces are payloads too, follow each other in time, and are together as long as the whole."""
    at = 0
    try:
        for piece, offset in stream.split(payload, max(1, len(payload) // 2)):
            assert offset == at
            at += stream.ticks(piece)
    except PayloadError:  # what cannot be cut, or is in another packing than the one in force
        return
    assert at == ticks


def _strictly(octets: bytes) -> None:
    """Check that a payload that fits a packing to the last bit is packed to the same octets."""
    for packing, unpack in UNPACK.items():
        try:
            cmr, frames = unpack(octets, True)
        except PayloadError:
            continue
        _compare(PACK[packing](frames, 0 if cmr is None else cmr), octets)


def _file(octets: bytes) -> None:
    frames: list[bytes] = []
    try:
        frames.extend(read_amrwb(octets if octets.startswith(b"#!") else MAGIC + octets))
    except PayloadError:
        return
    _compare(amrwb_octets(frames), octets if octets.startswith(b"#!") else MAGIC + octets)


def _compare(made: bytes, given: bytes) -> None:
    global COMPARED  # noqa: PLW0603 (the run prints it at its end)
    assert made == given
    COMPARED += len(made)

"""base64 both ways, on any octets as text, and on texts that are nearly base64.

Layout of an input: how the text is made of the rest, where a character is replaced and by which one; then octets.
COMPARED counts the octets that the standard library decoded as well.
"""

from binascii import a2b_base64, b2a_base64

from rtpcodec.kernels import base64
from rtpcodec.kernels._simd import available_levels
from rtpcodec.kernels.media_text import MediaText

FORMS = available_levels()
COMPARED = 0
HEAD_OCTETS = 4
BENT = 2
"""One kind of text in this many is bent; the other is the octets as they are."""
_text_of = MediaText("{", "}", "pcmu")


def run(data: bytes) -> int:
    """Encode the octets, decode what they are or make, in every kind of buffer."""
    head, octets = data[:HEAD_OCTETS].ljust(HEAD_OCTETS, b"\0"), data[HEAD_OCTETS:]
    encoded = b2a_base64(octets, newline=False)
    room = memoryview(bytearray(b"\xa5" * (len(encoded) + 1)))
    assert base64.encode(octets) == encoded
    assert base64.encode_into(memoryview(b"." + octets)[1:], room[1:]) == len(encoded)
    assert room == b"\xa5" + encoded
    assert _text_of.of_payload(octets) == f"{{{encoded.decode()}}}"
    pcm = octets[: len(octets) & ~1]
    assert _text_of.of_pcm(bytearray(pcm)) == _text_of.of_pcm(pcm)
    text = bytearray(encoded if head[0] % BENT else octets)
    if head[0] & BENT and text:
        text[(head[1] | head[2] << 8) % len(text)] = head[3]
    _decode(bytes(text))
    return 10


def _decode(text: bytes) -> None:
    global COMPARED  # noqa: PLW0603 (the run prints it at its end)
    expected = _expected(text)
    room = memoryview(bytearray(len(text) // 4 * 3 + 1))[1:]
    for source in (text, memoryview(b"." + text)[1:], text.decode("latin-1")):
        try:
            found: bytes | None = base64.decode(source)
        except ValueError:
            found = None
        assert found == expected
        try:
            written = base64.decode_into(source, room)
        except ValueError:
            assert expected is None
        else:
            assert bytes(room[:written]) == expected
    COMPARED += len(expected or b"")


def _expected(text: bytes) -> bytes | None:
    # Some versions of the standard library let padding follow complete groups.
    if len(text) % 4 or text.endswith(b"==="):
        return None
    try:
        return a2b_base64(text, strict_mode=True)
    except ValueError:
        return None

"""Fuzz AMR-WB: any octets as good, damaged and lost frames give 320 samples each, or the documented error.

Layout of an input: consecutive frames in storage form, as far as their types give their lengths. The rest is passed
to the decoder unchanged, and the whole input to the encoder as PCM.
"""

from typing import Any

from rtpcodec.codecs import codec
from rtpcodec.errors import PayloadError

NEEDS = "AMR-WB"
INFO = codec(NEEDS)
SPEECH_OCTETS = (17, 23, 32, 36, 40, 46, 50, 58, 60, 5, 0, 0, 0, 0, 0, 0)
MOST_FRAMES = 12
FRAME_OCTETS = 640


def run(data: bytes) -> int:
    """Decode a stream of frames with one decoder."""
    decoder: Any = INFO.decoder()
    place, calls = 0, 1
    while place < len(data) and calls < MOST_FRAMES:
        end = place + 1 + SPEECH_OCTETS[data[place] >> 3 & 15]
        _frame(decoder, data[place:end])
        place, calls = end, calls + 1
    _frame(decoder, data)
    assert len(decoder.conceal(320)) == FRAME_OCTETS
    return calls + 2 + _encode(data)


def _frame(decoder: Any, frame: bytes) -> None:
    well_formed = (
        bool(frame)
        and not frame[0] & 0x83
        and not 10 <= frame[0] >> 3 <= 13
        and len(frame) == 1 + SPEECH_OCTETS[frame[0] >> 3]
    )
    room = memoryview(bytearray(FRAME_OCTETS + 1))[1:]
    try:
        assert decoder.decode_into(frame, room) == FRAME_OCTETS // 2
        assert len(decoder.decode(frame)) == FRAME_OCTETS
    except PayloadError:
        assert not well_formed
    else:
        assert well_formed


def _encode(data: bytes) -> int:
    """Encode the octets as PCM in a mode that they choose; the result must be a frame that can be decoded."""
    mode = len(data) % 9
    encoder: Any = INFO.encoder(mode=mode, dtx=bool(len(data) & 1))
    pcm = (data * (1 + FRAME_OCTETS // len(data)))[:FRAME_OCTETS]
    frame = encoder.encode(pcm)
    assert frame[0] >> 3 in (mode, 9, 15)
    assert len(INFO.decoder().decode(frame)) == FRAME_OCTETS
    return 4

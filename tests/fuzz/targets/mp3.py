"""Fuzz the scan of MP3 data: frames, parts, and the description of data that is not MP3.

An input is data, unchanged. Parts are checked against each other; nothing is decoded, because libsndfile does that.
"""

from itertools import pairwise

from rtpcodec.audio import mp3
from rtpcodec.audio.mp3_frames import read_header
from rtpcodec.audio.mp3_scan import parts_of, walk


def run(data: bytes) -> int:
    """Check that frames are in order within the data, and that splitting a part again does not change it."""
    try:
        mp3.require_mp3(data)
        parts = mp3.split(data)
    except ValueError:
        return 2
    offsets = [(at, at + header.octets) for at, header in walk(data) if header]
    assert all(end <= start for (_, end), (start, _) in pairwise(offsets))
    assert offsets[-1][1] <= len(data)
    assert all(read_header(data, start) for start, _ in offsets)
    assert [mp3.split(part) for part in parts] == [[part] for part in parts]
    assert mp3.duration_ms(data) == sum(map(mp3.duration_ms, parts))
    raw = [part.raw(data) for part in parts_of(data)]
    assert [parts_of(part)[0].raw(part) for part in parts] == raw
    try:
        joined = mp3.join(parts)
    except ValueError as error:
        assert "part 1 is" in str(error)  # noqa: PT017 - an error is one of two good ends
        return 7
    assert parts_of(joined)[0].raw(joined) == b"".join(raw)
    return 8

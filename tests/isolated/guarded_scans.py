"""Scans texts that end at a forbidden page, cut at each character: a read beyond the text ends the process."""

import random

from rtpcodec.kernels.media_reader import MediaReader
from rtpcodec.stream.wire import TELNYX
from tests.oracles.guarded import GuardedMemory
from tests.stream.media_spellings import MediaSpellings

MESSAGES = 60


def main() -> None:
    """Read generated messages and all their prefixes, with readers that know the shape and with new ones."""
    assert TELNYX.media_scanner is not None
    memory, rng, scans = GuardedMemory(4), random.Random(1704), 0
    for _ in range(MESSAGES):
        learned = MediaReader(TELNYX.media_scanner)
        for text in MediaSpellings(rng).texts(3):
            octets = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
            learned.read(octets)
            for length in range(min(len(octets), 700) + 1):
                room = memory.at_end(length)
                room[:] = octets[:length]
                learned.read(room)
                MediaReader(TELNYX.media_scanner, "pcmu").read(room)
                scans += 2
            room = memory.at_end(len(octets))
            room[:] = octets
            learned.read(room)
    print(f"{scans} scans within their texts")


if __name__ == "__main__":
    main()

"""Seeded mutation of a corpus: the same seed gives the same inputs."""

import random
from collections.abc import Callable, Sequence

MAX_OCTETS = 4096
STRIKING = b'\x00\x01\x02\x7f\x80\x81\xd5\xfe\xff\x1f\x20\x21"\\{}[],:09-e.'
"""Octets at the limits of numbers and of blocks of 32, and octets with a meaning in JSON."""


class Mutator:
    """Generates inputs by mutation of a corpus."""

    def __init__(self, corpus: Sequence[bytes], seed: int) -> None:
        if not corpus:
            raise ValueError("a corpus needs one input or more")
        self._corpus = list(corpus)
        self._random = random.Random(seed)
        self._changes: tuple[Callable[[bytearray], None], ...] = (
            self._flip,
            self._strike,
            self._replace,
            self._insert,
            self._delete,
            self._repeat,
            self._splice,
            self._resize,
        )

    def next(self) -> bytes:
        """One of the corpus after one to four changes."""
        data = bytearray(self._random.choice(self._corpus))
        for _ in range(1 + self._random.getrandbits(2)):
            self._random.choice(self._changes)(data)
            if not data:
                data.append(0)
        return bytes(data[:MAX_OCTETS])

    def _place(self, data: bytearray) -> int:
        return int(self._random.random() * len(data))

    def _few(self) -> int:
        return 1 << self._random.getrandbits(3)

    def _flip(self, data: bytearray) -> None:
        data[self._place(data)] ^= 1 << self._random.getrandbits(3)

    def _strike(self, data: bytearray) -> None:
        data[self._place(data)] = self._random.choice(STRIKING)

    def _replace(self, data: bytearray) -> None:
        place = self._place(data)
        data[place : place + self._few()] = self._random.randbytes(self._few())

    def _insert(self, data: bytearray) -> None:
        place = self._place(data)
        data[place:place] = self._random.randbytes(self._few())

    def _delete(self, data: bytearray) -> None:
        place = self._place(data)
        del data[place : place + self._few()]

    def _repeat(self, data: bytearray) -> None:
        place = self._place(data)
        data[place:place] = data[place : place + self._few()] * self._few()

    def _splice(self, data: bytearray) -> None:
        other = self._random.choice(self._corpus)
        place = int(self._random.random() * (len(other) + 1))
        data[self._place(data) :] = other[place:]

    def _resize(self, data: bytearray) -> None:
        length = self._random.getrandbits(self._random.choice((4, 6, 8, 9, 12)))
        del data[length:]
        data += self._random.randbytes(length - len(data))

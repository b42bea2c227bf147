"""Memory between two pages that nobody may touch: a read or write one octet too far ends the process."""

import ctypes
import mmap

PAGE = mmap.PAGESIZE


class GuardedMemory:
    """A row of readable and writable pages between two forbidden ones."""

    def __init__(self, pages: int = 1) -> None:
        self.octets = pages * PAGE
        self._map = mmap.mmap(-1, (pages + 2) * PAGE)
        address = ctypes.addressof(ctypes.c_char.from_buffer(self._map))
        for guard in (address, address + PAGE + self.octets):
            if ctypes.CDLL(None, use_errno=True).mprotect(ctypes.c_void_p(guard), PAGE, 0):
                raise OSError(ctypes.get_errno(), "mprotect")
        self._inner = memoryview(self._map)[PAGE : PAGE + self.octets]

    def at_start(self, octets: int, distance: int = 0) -> memoryview:
        """A writable buffer so far behind the first forbidden page."""
        return self._inner[distance : distance + octets]

    def at_end(self, octets: int, distance: int = 0) -> memoryview:
        """A writable buffer that ends so far before the last forbidden page."""
        end = self.octets - distance
        return self._inner[end - octets : end]

    def fill(self, octet: int) -> None:
        """The same octet everywhere."""
        self._inner[:] = bytes([octet]) * self.octets

    def all_but(self, used: memoryview, start: int) -> bytes:
        """What lies around a buffer that begins at this place."""
        return bytes(self._inner[:start]) + bytes(self._inner[start + used.nbytes :])

"""Memory between two forbidden pages: a read or write one octet too far ends the process."""

import ctypes
import mmap

PAGE = mmap.PAGESIZE


class GuardedMemory:
    """Readable and writable pages between two forbidden ones."""

    def __init__(self, pages: int = 1) -> None:
        self.octets = pages * PAGE
        self._map = mmap.mmap(-1, (pages + 2) * PAGE)
        address = ctypes.addressof(ctypes.c_char.from_buffer(self._map))
        for guard in (address, address + PAGE + self.octets):
            if ctypes.CDLL(None, use_errno=True).mprotect(ctypes.c_void_p(guard), PAGE, 0):
                raise OSError(ctypes.get_errno(), "mprotect")
        self._inner = memoryview(self._map)[PAGE : PAGE + self.octets]

    def at_start(self, octets: int, distance: int = 0) -> memoryview:
        """Return a writable buffer at a distance after the first forbidden page."""
        return self._inner[distance : distance + octets]

    def at_end(self, octets: int, distance: int = 0) -> memoryview:
        """Return a writable buffer that ends at a distance before the last forbidden page."""
        end = self.octets - distance
        return self._inner[end - octets : end]

    def fill(self, octet: int) -> None:
        """Fill the memory with one octet."""
        self._inner[:] = bytes([octet]) * self.octets

    def all_but(self, used: memoryview, start: int) -> bytes:
        """Return the octets around a buffer."""
        return bytes(self._inner[:start]) + bytes(self._inner[start + used.nbytes :])

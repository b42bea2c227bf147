"""The table of the workers of one machine: a small file that all of them map, and the registry of `Placement` in it.

One row per worker. The worker writes its half of the row without a lock, because each number is valid on its own. The
other half holds the placed calls that have not arrived; the placing process writes it under a lock.

    octets   0  header: magic, version, rows, the highest row that was ever used
    row      0  state, pid, calls, max_calls (u32), taken (u64), beat_s (double), URL length (u32), URL
           512  taken at the latest look (u64), number of placed calls (u32), when each was placed (doubles)
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Final

from rtpcodec.errors import EndpointError
from rtpcodec.pickling import Live
from rtpcodec.server.placement import Reservations, WorkerLoad, least_loaded

BEAT_PERIOD_S: Final = 0.1
"""Interval in which a worker writes its row; it also writes whenever it accepts a socket."""
DEAD_AFTER_S: Final = 5.0
"""A worker that has not written for this time is dead or blocked: no calls are placed there."""
MAX_WORKERS: Final = 256
"""Rows of the table: serving workers, and those that drain after a restart."""

_HEADER: Final = struct.Struct("<8sII")
_HIGHEST: Final = struct.Struct("<I")
_HIGHEST_AT: Final = 16
_MAGIC: Final = b"rtpworkr"
_VERSION: Final = 1
_OWN: Final = struct.Struct("<IIIIQdI")
_PLACED: Final = struct.Struct("<QI")
_WHEN: Final = struct.Struct("<d")
_HEADER_OCTETS: Final = 64
_ROW_OCTETS: Final = 1024
_PLACED_AT: Final = 512
MAX_URL_OCTETS: Final = _PLACED_AT - _OWN.size
_MAX_PLACED: Final = (_ROW_OCTETS - _PLACED_AT - _PLACED.size) // _WHEN.size
_FILE_OCTETS: Final = _HEADER_OCTETS + MAX_WORKERS * _ROW_OCTETS
_OWNER_ONLY: Final = 0o600
_SUPERVISOR_OCTET: Final = 0
"""Locked by the supervisor while it runs, so that a second one does not use the same file."""
_PLACING_OCTET: Final = 1
"""Locked while a call is placed."""


class WorkerState(IntEnum):
    """The state of a worker."""

    GONE = 0
    STARTING = 1
    SERVING = 2
    DRAINING = 3
    FULL = 4
    """It serves, and has no room for one more call."""


SERVES: Final = (WorkerState.SERVING, WorkerState.FULL)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow(WorkerLoad):
    """A row of the table."""

    number: int
    """The worker's number, from 1."""
    pid: int
    state: WorkerState
    beat_s: float
    """When the worker wrote it, by the system's monotonic clock."""


class WorkerTable(Live):
    """The table, mapped. Any process of the machine may open one by its path. One thread at a time."""

    def __init__(self, descriptor: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Map an open file that `new_table` has made; the descriptor stays open and is the table's from now on."""
        self._descriptor = descriptor
        self._clock = clock
        self._pid = os.getpid()
        if os.fstat(descriptor).st_size != _FILE_OCTETS:
            raise EndpointError("the file is not a table of workers, or one of another version")
        self._map = mmap.mmap(descriptor, _FILE_OCTETS)
        if _HEADER.unpack_from(self._map) != (_MAGIC, _VERSION, MAX_WORKERS):
            raise EndpointError("the file is not a table of workers, or one of another version")

    @property
    def descriptor(self) -> int:
        """The file descriptor, to hand on to workers."""
        return self._descriptor

    @property
    def _highest(self) -> int:
        highest: int = _HIGHEST.unpack_from(self._map, _HIGHEST_AT)[0]
        return min(highest, MAX_WORKERS)

    def close(self) -> None:
        """Unmap and close the file."""
        self._map.close()
        os.close(self._descriptor)

    def write(self, number: int, state: WorkerState, *, calls: int = 0, max_calls: int = 1, taken: int = 0) -> None:
        """Write the figures of a worker, by this worker itself.

        If the row no longer belongs to the worker, it is not written: its supervisor has died, and another one uses the
        file.

        Args:
            number: its row, from 1.
            state, calls, max_calls, taken: its figures.
        """
        offset = _offset(number)
        _, pid, *_, length = _OWN.unpack_from(self._map, offset)
        if pid == self._pid:
            _OWN.pack_into(self._map, offset, state, pid, calls, max_calls, taken, self._clock(), length)

    def begin(self, number: int, url: str) -> None:
        """Write the address of a starting worker, and drop calls that were placed at an earlier worker of this number.

        Raises:
            EndpointError: the URL is too long.
        """
        octets = url.encode()
        if len(octets) > MAX_URL_OCTETS:
            raise EndpointError(f"the URL of a worker has {len(octets)} octets, at most {MAX_URL_OCTETS} is allowed")
        offset = _offset(number)
        with self._placing():
            _HIGHEST.pack_into(self._map, _HIGHEST_AT, max(self._highest, number))
            self._map[offset : offset + _ROW_OCTETS] = bytes(_ROW_OCTETS)
            _OWN.pack_into(self._map, offset, WorkerState.STARTING, self._pid, 0, 1, 0, self._clock(), len(octets))
            self._map[offset + _OWN.size : offset + _OWN.size + len(octets)] = octets

    def remove(self, number: int) -> None:
        """Empty a row, because its worker has ended."""
        offset = _offset(number)
        with self._placing():
            self._map[offset : offset + _ROW_OCTETS] = bytes(_ROW_OCTETS)

    def row(self, number: int) -> TableRow | None:
        """Return a row; None: it is empty."""
        offset = _offset(number)
        state, pid, calls, max_calls, taken, beat_s, octets = _OWN.unpack_from(self._map, offset)
        if state == WorkerState.GONE:
            return None
        url = self._map[offset + _OWN.size : offset + _OWN.size + octets].decode()
        return TableRow(
            name=str(number),
            url=url,
            calls=calls,
            taken=taken,
            max_calls=max(max_calls, 1),
            draining=state not in SERVES,
            has_room=state != WorkerState.FULL,
            number=number,
            pid=pid,
            state=WorkerState(state),
            beat_s=beat_s,
        )

    def rows(self) -> Iterator[TableRow]:
        """Return all rows that are not empty, dead workers included."""
        for number in range(1, self._highest + 1):
            row = self.row(number)
            if row is not None:
                yield row

    def live_rows(self) -> Iterator[TableRow]:
        """Return the rows of live workers, without those of dead and blocked ones."""
        oldest_s = self._clock() - DEAD_AFTER_S
        return (row for row in self.rows() if row.beat_s >= oldest_s)

    def others_serving(self, number: int) -> list[int | None]:
        """Return the numbers of calls of all other live workers that serve; None for one without room."""
        oldest_s = self._clock() - DEAD_AFTER_S
        found: list[int | None] = []
        for other in range(1, self._highest + 1):
            state, _, calls, max_calls, _, beat_s, _ = _OWN.unpack_from(self._map, _offset(other))
            if state in SERVES and other != number and beat_s >= oldest_s:
                found.append(calls if state == WorkerState.SERVING and calls < max_calls else None)
        return found

    def awaited(self, number: int) -> int:
        """Return how many calls were placed at a worker and have not arrived."""
        row = self.row(number)
        return 0 if row is None else self._reservations(number).open(row.taken, self._clock())

    def place(self) -> TableRow:
        """Return the least loaded worker, and count one call more. Raises EndpointError if none has room."""
        with self._placing():
            now_s = self._clock()
            found = []
            reserved = {}
            for row in self.live_rows():
                reserved[row.number] = self._reservations(row.number)
                found.append((row, reserved[row.number].open(row.taken, now_s)))
            chosen = least_loaded(found)
            reserved[chosen.number].add(now_s)
            self._keep(chosen.number, reserved[chosen.number], chosen.taken)
            return chosen

    def _reservations(self, number: int) -> Reservations:
        offset = _offset(number) + _PLACED_AT
        taken, count = _PLACED.unpack_from(self._map, offset)
        first = offset + _PLACED.size
        when = [_WHEN.unpack_from(self._map, first + index * _WHEN.size)[0] for index in range(count)]
        return Reservations(when, taken)

    def _keep(self, number: int, reserved: Reservations, taken: int) -> None:
        offset = _offset(number) + _PLACED_AT
        when = reserved.placed_s[-_MAX_PLACED:]
        _PLACED.pack_into(self._map, offset, taken, len(when))
        for index, placed_s in enumerate(when):
            _WHEN.pack_into(self._map, offset + _PLACED.size + index * _WHEN.size, placed_s)

    def claim(self) -> bool:
        """Lock the table for a supervisor, until the process ends. Returns False if another one has locked it."""
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _SUPERVISOR_OCTET)
        except (BlockingIOError, PermissionError):
            return False
        return True

    @contextmanager
    def _placing(self) -> Iterator[None]:
        fcntl.lockf(self._descriptor, fcntl.LOCK_EX, 1, _PLACING_OCTET)
        try:
            yield
        finally:
            fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, _PLACING_OCTET)


def new_table(path: Path | None = None) -> WorkerTable:
    """Make an empty table of this supervisor.

    Args:
        path: its file, which other processes of the machine open; one that is there is emptied. None: only workers see
            it.

    Raises:
        EndpointError: another supervisor uses the file.
        OSError: the file cannot be opened.
    """
    descriptor = _nameless_file() if path is None else os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OWNER_ONLY)
    size = os.fstat(descriptor).st_size
    if size not in (0, _FILE_OCTETS):
        os.close(descriptor)
        raise EndpointError(f"placement_file {path} is not a table of workers")
    os.ftruncate(descriptor, _FILE_OCTETS)
    if size == 0:
        os.pwrite(descriptor, _HEADER.pack(_MAGIC, _VERSION, MAX_WORKERS), 0)
    table = WorkerTable(descriptor)
    if not table.claim():
        table.close()
        raise EndpointError(f"placement_file {path} is used by another supervisor")
    for number in range(1, MAX_WORKERS + 1):
        table.remove(number)
    return table


def _nameless_file() -> int:
    """Open a file without a name: in memory on Linux, elsewhere a temporary one."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("rtpcodec-workers")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _offset(number: int) -> int:
    return _HEADER_OCTETS + (number - 1) * _ROW_OCTETS


class FilePlacement(Live):
    """The registry of the workers of one supervisor, for other processes of the machine: its `placement_file`.

    Workers write into the file themselves, so only `place` is needed. Use it from one thread.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open the file. Raises EndpointError if it is not there, or not a table of workers."""
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise EndpointError(f"cannot open the table of workers {path}: {error.strerror or error}") from error
        try:
            self._table = WorkerTable(descriptor)
        except EndpointError:
            os.close(descriptor)
            raise

    async def report(self, worker: WorkerLoad) -> None:
        """Do nothing: the workers write into the file themselves."""

    async def leave(self, name: str) -> None:
        """Do nothing, for the same reason."""

    async def place(self) -> WorkerLoad:
        """Return the least loaded worker, and count one call more for it. Raises EndpointError if none has room."""
        return self._table.place()

    def close(self) -> None:
        """Close the file."""
        self._table.close()

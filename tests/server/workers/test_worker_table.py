"""The table of workers: rows, placing from several processes' point of view, and the turns at the shared socket."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtpcodec.errors import EndpointError
from rtpcodec.server.placement import RESERVED_S, WorkerLoad
from rtpcodec.server.workers.supervisor import Supervisor
from rtpcodec.server.workers.turns import AWAY_S, YIELD_S, Turns
from rtpcodec.server.workers.worker_table import (
    DEAD_AFTER_S,
    MAX_URL_OCTETS,
    MAX_WORKERS,
    FilePlacement,
    WorkerState,
    WorkerTable,
    new_table,
)
from tests.server.test_placement import Clock

SERVING, DRAINING, FULL = WorkerState.SERVING, WorkerState.DRAINING, WorkerState.FULL


@pytest.fixture
def clock() -> Clock:
    clock = Clock()
    clock.now_s = 1000.0
    return clock


@pytest.fixture
def table(clock: Clock) -> Iterator[WorkerTable]:
    made = new_table()
    table = WorkerTable(os.dup(made.descriptor), clock=clock)
    yield table
    table.close()
    made.close()


def add(table: WorkerTable, number: int, calls: int = 0, state: WorkerState = SERVING, taken: int = 0) -> None:
    table.begin(number, f"ws://127.0.0.1:{9000 + number}/")
    table.write(number, state, calls=calls, max_calls=10, taken=taken)


def test_a_row_is_what_its_worker_wrote(table: WorkerTable) -> None:
    assert table.row(2) is None
    add(table, 2, 3, taken=8)
    row = table.row(2)
    assert row is not None
    assert (row.name, row.url, row.calls, row.max_calls, row.taken) == ("2", "ws://127.0.0.1:9002/", 3, 10, 8)
    assert (row.pid, row.beat_s, row.draining, row.has_room) == (os.getpid(), 1000.0, False, True)
    table.remove(2)
    assert list(table.rows()) == []


@pytest.mark.parametrize("number", [1, MAX_WORKERS])
def test_the_first_and_the_last_row(table: WorkerTable, number: int) -> None:
    table.begin(number, "ws://h/" + "p" * (MAX_URL_OCTETS - 7))
    table.write(number, SERVING, calls=2**32 - 1, max_calls=2**32 - 1, taken=2**64 - 1)
    (row,) = table.rows()
    assert (row.number, len(row.url), row.calls, row.taken) == (number, MAX_URL_OCTETS, 2**32 - 1, 2**64 - 1)


def test_a_url_that_does_not_fit_is_refused(table: WorkerTable) -> None:
    with pytest.raises(EndpointError, match=f"has {MAX_URL_OCTETS + 1} octets, at most {MAX_URL_OCTETS} is allowed"):
        table.begin(1, "x" * (MAX_URL_OCTETS + 1))


def test_placing_chooses_live_workers_with_room(table: WorkerTable, clock: Clock) -> None:
    add(table, 1, 0)
    clock.now_s += DEAD_AFTER_S + 0.1
    add(table, 2, 5)
    add(table, 3, 1, DRAINING)
    add(table, 4, 1, FULL)
    add(table, 5, 10)
    assert [table.place().number for _ in range(5)] == [2] * 5
    with pytest.raises(EndpointError, match=r"^no worker has room: 4 are alive, 1 of them drain, 3 are full$"):
        table.place()


def test_a_supervisor_whose_only_worker_hangs_has_no_room(table: WorkerTable, clock: Clock) -> None:
    async def main() -> None:
        with socket.socket() as listener:
            supervisor = Supervisor(b"", 1, listener, table)
            add(table, 1)
            assert supervisor.has_room
            clock.now_s += DEAD_AFTER_S + 0.1
            assert not supervisor.has_room
            add(table, 1)
            assert supervisor.has_room

    asyncio.run(main())


def test_every_process_sees_what_another_one_placed(table: WorkerTable, clock: Clock) -> None:
    other = WorkerTable(os.dup(table.descriptor), clock=clock)
    add(table, 1)
    add(table, 2)
    assert [one.place().number for one in (table, other, table, other)] == [1, 2, 1, 2]
    assert (table.awaited(1), other.awaited(2)) == (2, 2)
    table.write(1, SERVING, calls=1, max_calls=10, taken=1)
    assert other.awaited(1) == 1
    clock.now_s += RESERVED_S
    assert other.awaited(1) == other.awaited(2) == 0
    other.close()


def test_a_new_worker_of_a_number_inherits_no_placed_calls(table: WorkerTable) -> None:
    add(table, 1)
    table.place()
    add(table, 1)
    assert table.awaited(1) == 0


def test_a_file_leads_other_programs_to_the_workers(tmp_path: Path) -> None:
    path = tmp_path / "workers"
    table = new_table(path)
    placement = FilePlacement(path)
    with pytest.raises(EndpointError, match="0 are alive"):
        asyncio.run(placement.place())
    add(table, 1)
    assert asyncio.run(placement.place()).url == "ws://127.0.0.1:9001/"
    assert table.awaited(1) == 1
    assert path.stat().st_mode & 0o777 == 0o600
    placement.close()
    table.close()


def test_a_supervisor_empties_the_file_of_an_earlier_one(tmp_path: Path) -> None:
    path = tmp_path / "workers"
    first = new_table(path)
    add(first, 1)
    placement = FilePlacement(path)
    first.close()
    second = new_table(path)
    with pytest.raises(EndpointError, match="0 are alive"):
        asyncio.run(placement.place())
    placement.close()
    second.close()


def test_a_worker_whose_supervisor_died_leaves_the_rows_of_the_next_one_alone(tmp_path: Path) -> None:
    path = tmp_path / "workers"
    first = new_table(path)
    add(first, 1, calls=4)
    second = new_table(path)  # the lock of a process that died is free
    first.write(1, DRAINING, calls=4)
    assert list(second.rows()) == []
    program = (
        "import os, sys\nfrom rtpcodec.server.workers.worker_table import WorkerTable\n"
        "table = WorkerTable(os.open(sys.argv[1], os.O_RDWR))\ntable.begin(1, 'ws://127.0.0.1:9001/new')\n"
        "table.write(1, 2, calls=0, max_calls=10)"
    )
    subprocess.run([sys.executable, "-c", program, str(path)], check=True)
    first.write(1, DRAINING, calls=4)
    (row,) = second.rows()
    assert (row.url, row.state, row.calls) == ("ws://127.0.0.1:9001/new", SERVING, 0)
    first.close()
    second.close()


def test_two_supervisors_do_not_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "workers"
    table = new_table(path)
    program = (
        "import pathlib, sys\nfrom rtpcodec.server.workers.worker_table import new_table\n"
        "new_table(pathlib.Path(sys.argv[1]))"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=False)
    assert f"EndpointError: placement_file {path} is used by another supervisor" in done.stderr
    table.close()


def test_other_files_are_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes"
    path.write_text("not a table")
    with pytest.raises(EndpointError, match="is not a table of workers"):
        new_table(path)
    with pytest.raises(EndpointError, match="is not a table of workers"):
        FilePlacement(path)
    assert path.read_text() == "not a table"
    with pytest.raises(EndpointError, match=r"cannot open the table of workers .*: No such file"):
        FilePlacement(tmp_path / "missing")


class Own:
    """The load of the worker whose turns are looked at."""

    def __init__(self, table: WorkerTable, number: int) -> None:
        table.begin(number, "ws://127.0.0.1/")
        self.calls = 0
        self.draining = False
        self.has_room = True
        self.turns = Turns(table, number, self.load)

    def load(self) -> WorkerLoad:
        return WorkerLoad(
            name="",
            url="",
            calls=self.calls,
            max_calls=10,
            draining=self.draining,
            has_room=self.has_room,
        )


def test_a_worker_with_more_calls_lets_the_others_accept_first(table: WorkerTable) -> None:
    own = Own(table, 1)
    add(table, 2, 3)
    own.calls = 3
    assert own.turns.wait_s() is None
    own.calls = 4
    assert own.turns.wait_s() == YIELD_S
    assert own.turns.wait_s() is None, "the other one may hang, so the connection is taken at last"
    assert own.turns.wait_s() == YIELD_S


def test_a_worker_alone_accepts_whatever_its_load(table: WorkerTable, clock: Clock) -> None:
    own = Own(table, 1)
    add(table, 2)
    clock.now_s += DEAD_AFTER_S + 0.1
    own.calls = 9
    assert own.turns.wait_s() is None, "worker 2 has not written for too long"
    own.calls = 10
    assert own.turns.wait_s() is None, "it refuses with 503"


@pytest.mark.parametrize("state", ["full", "late"])
def test_a_worker_without_room_leaves_connections_to_those_with_room(table: WorkerTable, state: str) -> None:
    own = Own(table, 1)
    own.calls = 10 if state == "full" else 0
    own.has_room = state != "late"
    add(table, 2, 5)
    assert [own.turns.wait_s() for _ in range(3)] == [AWAY_S] * 3
    add(table, 2, 5, FULL)
    assert own.turns.wait_s() is None, "all are full, and any of them refuses"


def test_a_draining_worker_accepts_only_when_all_drain(table: WorkerTable) -> None:
    own = Own(table, 1)
    add(table, 2, 10)
    own.turns.drain()
    assert own.turns.wait_s() == AWAY_S
    add(table, 2, 0, DRAINING)
    assert own.turns.wait_s() is None, "it refuses with 503"
    row = table.row(1)
    assert row is not None
    assert row.draining

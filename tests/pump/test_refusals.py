"""Refusals of a virtual clock: facilities of the real world, by name, and deadlocks."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from rtpcodec.errors import VirtualClockError
from rtpcodec.pump import VirtualEventLoop, run_virtual
from rtpcodec.pump.virtual import MAX_NAMED_TASKS

Loop = asyncio.AbstractEventLoop
LOOP_NETWORK = "use loop.network instead"
REFUSED: dict[str, tuple[Callable[[Loop, socket.socket], object], str]] = {
    "run_in_executor": (lambda loop, _: loop.run_in_executor(None, int), "a thread; call the function directly"),
    "set_default_executor": (lambda loop, _: loop.set_default_executor(None), "a thread"),  # type: ignore[arg-type]
    "getaddrinfo": (lambda loop, _: loop.getaddrinfo("localhost", 80), "name resolution"),
    "getnameinfo": (lambda loop, _: loop.getnameinfo(("127.0.0.1", 80)), "name resolution"),
    "create_connection": (lambda loop, _: loop.create_connection(asyncio.Protocol, "localhost", 80), LOOP_NETWORK),
    "create_server": (lambda loop, _: loop.create_server(asyncio.Protocol, "localhost", 80), LOOP_NETWORK),
    "create_unix_connection": (lambda loop, _: loop.create_unix_connection(asyncio.Protocol, "x"), LOOP_NETWORK),
    "create_unix_server": (lambda loop, _: loop.create_unix_server(asyncio.Protocol, "x"), LOOP_NETWORK),
    "create_datagram_endpoint": (
        lambda loop, _: loop.create_datagram_endpoint(asyncio.DatagramProtocol, ("127.0.0.1", 0)),
        LOOP_NETWORK,
    ),
    "connect_accepted_socket": (lambda loop, real: loop.connect_accepted_socket(asyncio.Protocol, real), LOOP_NETWORK),
    "start_tls": (lambda loop, _: loop.start_tls(None, None, None), LOOP_NETWORK),  # type: ignore[arg-type]
    "sendfile": (lambda loop, _: loop.sendfile(None, None), LOOP_NETWORK),  # type: ignore[arg-type]
    "sock_accept": (lambda loop, real: loop.sock_accept(real), LOOP_NETWORK),
    "sock_connect": (lambda loop, real: loop.sock_connect(real, ("127.0.0.1", 80)), LOOP_NETWORK),
    "sock_recv": (lambda loop, real: loop.sock_recv(real, 1), LOOP_NETWORK),
    "sock_recv_into": (lambda loop, real: loop.sock_recv_into(real, bytearray(1)), LOOP_NETWORK),
    "sock_recvfrom": (lambda loop, real: loop.sock_recvfrom(real, 1), LOOP_NETWORK),
    "sock_recvfrom_into": (lambda loop, real: loop.sock_recvfrom_into(real, bytearray(1)), LOOP_NETWORK),
    "sock_sendall": (lambda loop, real: loop.sock_sendall(real, b"x"), LOOP_NETWORK),
    "sock_sendfile": (lambda loop, real: loop.sock_sendfile(real, None), LOOP_NETWORK),  # type: ignore[arg-type]
    "sock_sendto": (lambda loop, real: loop.sock_sendto(real, b"x", ("127.0.0.1", 80)), LOOP_NETWORK),
    "add_reader": (lambda loop, real: loop.add_reader(real, int), LOOP_NETWORK),
    "remove_reader": (lambda loop, real: loop.remove_reader(real), LOOP_NETWORK),
    "add_writer": (lambda loop, real: loop.add_writer(real, int), LOOP_NETWORK),
    "remove_writer": (lambda loop, real: loop.remove_writer(real), LOOP_NETWORK),
    "connect_read_pipe": (lambda loop, _: loop.connect_read_pipe(asyncio.Protocol, None), "a real pipe"),
    "connect_write_pipe": (lambda loop, _: loop.connect_write_pipe(asyncio.BaseProtocol, None), "a real pipe"),
    "subprocess_exec": (lambda loop, _: loop.subprocess_exec(asyncio.SubprocessProtocol, "true"), "a process"),
    "subprocess_shell": (lambda loop, _: loop.subprocess_shell(asyncio.SubprocessProtocol, "true"), "a process"),
    "add_signal_handler": (lambda loop, _: loop.add_signal_handler(15, int), "the signals of the process"),
    "remove_signal_handler": (lambda loop, _: loop.remove_signal_handler(15), "the signals of the process"),
}
# The other facilities of a loop: time, callbacks, futures, and its own life cycle.
VIRTUAL = {
    "call_at call_exception_handler call_later call_soon call_soon_threadsafe close create_future create_task",
    "default_exception_handler get_debug get_exception_handler get_task_factory is_closed is_running run_forever",
    "run_until_complete set_debug set_exception_handler set_task_factory shutdown_asyncgens",
    "shutdown_default_executor stop time",
}


def test_every_facility_of_a_loop_is_virtual_or_refused() -> None:
    facilities = {name for name in vars(asyncio.AbstractEventLoop) if not name.startswith("_")}
    assert facilities == {name for line in VIRTUAL for name in line.split()} | REFUSED.keys()


@pytest.mark.parametrize("name", REFUSED)
def test_facilities_of_the_real_world_are_refused_by_name(name: str) -> None:
    use, needs = REFUSED[name]

    async def main() -> None:
        with socket.socket() as real:
            use(asyncio.get_running_loop(), real)

    text = f"{name} is not available on a virtual clock: it needs "
    with pytest.raises(VirtualClockError, match=f"^{re.escape(text)}.*{re.escape(needs)}") as refused:
        run_virtual(main())
    assert isinstance(refused.value, RuntimeError)


async def stream() -> None:
    await asyncio.open_connection("127.0.0.1", 80)


async def process() -> None:
    await asyncio.create_subprocess_exec("true")


@pytest.mark.parametrize(
    ("use", "name"),
    [
        (lambda: asyncio.to_thread(int), "run_in_executor"),
        (stream, "create_connection"),
        (process, "subprocess_exec"),
    ],
)
def test_functions_of_asyncio_that_use_them_are_refused(use: Callable[[], Awaitable[object]], name: str) -> None:
    async def main() -> None:
        await use()

    with pytest.raises(VirtualClockError, match=f"^{name} is not available on a virtual clock"):
        run_virtual(main())


def test_calls_from_other_threads_are_refused() -> None:
    errors: list[Exception] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()

        def call() -> None:
            try:
                loop.call_soon_threadsafe(int)
            except VirtualClockError as error:
                errors.append(error)

        other = threading.Thread(target=call)
        other.start()
        other.join()

    run_virtual(main())
    text = "call_soon_threadsafe is not available on a virtual clock from another thread: "
    assert [str(error) for error in errors] == [text + "virtual time does not wait for threads"]


def test_calls_from_the_thread_of_the_loop_are_allowed() -> None:
    async def main() -> str:
        loop = asyncio.get_running_loop()
        called: asyncio.Future[str] = loop.create_future()
        loop.call_soon_threadsafe(called.set_result, "called")
        return await called

    assert run_virtual(main()) == "called"


def test_loop_may_run_in_any_thread() -> None:
    loop = VirtualEventLoop()
    results: list[Any] = []
    other = threading.Thread(target=lambda: results.append(loop.run_until_complete(asyncio.sleep(5, "slept"))))
    other.start()
    other.join()
    loop.close()
    assert results == ["slept"]


def test_deadlock_names_the_waiting_tasks() -> None:
    async def read_forever(queue: asyncio.Queue[int]) -> None:
        await queue.get()

    async def main() -> None:
        readers = [asyncio.create_task(read_forever(asyncio.Queue()), name=f"reader {n}") for n in range(2)]
        await asyncio.sleep(2.5)
        await asyncio.wait(readers)

    line = test_deadlock_names_the_waiting_tasks.__code__.co_firstlineno
    where = "test_deadlock_names_the_waiting_tasks.<locals>"
    with pytest.raises(VirtualClockError) as found:
        run_virtual(main())
    text = re.sub(r"Task-\d+", "Task-N", str(found.value))
    assert text == (
        "deadlock at 2.5 s of virtual time: no callback is ready and no timer is set; "
        f"waiting tasks: Task-N in {where}.main, line {line + 7}; reader 0 in {where}.read_forever, line {line + 2}; "
        f"reader 1 in {where}.read_forever, line {line + 2}"
    )


def test_tasks_are_cancelled_after_a_deadlock() -> None:
    ended: list[str] = []

    async def main() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("main")

    with pytest.raises(VirtualClockError, match="deadlock at 0 s"):
        run_virtual(main())
    assert ended == ["main"]


def test_deadlock_names_a_limited_number_of_tasks() -> None:
    async def main() -> None:
        await asyncio.gather(*(asyncio.Event().wait() for _ in range(30)))

    with pytest.raises(VirtualClockError, match=f"; and {31 - MAX_NAMED_TASKS} more$") as found:
        run_virtual(main())
    assert str(found.value).count(", line ") == MAX_NAMED_TASKS


def test_an_endless_sleep_is_a_deadlock() -> None:
    async def main() -> None:
        await asyncio.sleep(float("inf"))

    with pytest.raises(VirtualClockError, match="deadlock at 0 s"):
        run_virtual(main())


def test_a_loop_without_tasks_does_not_hang() -> None:
    loop = VirtualEventLoop()
    loop.call_later(1, int)
    with pytest.raises(VirtualClockError, match=r"at 1 s of virtual time: .*; waiting tasks: none$"):
        loop.run_forever()
    loop.close()


def test_a_task_that_resists_cancellation_does_not_hang_the_end() -> None:
    async def resist() -> None:
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()

    async def main() -> None:
        task = asyncio.create_task(resist(), name="resisting")
        await asyncio.sleep(1)
        del task

    with pytest.raises(VirtualClockError, match=r"resisting in .*resist, line"):
        run_virtual(main())

"""Millions of kernel calls in a new process must not leak memory or references.

`python -m tests.isolated.leaks [CALLS [GROUP ...]]`; a group is a module of functions or a key of OTHERS.

For every function and every kind of argument, good and bad: the reference counts of the arguments are the same after
all calls, the interpreter has no more blocks in use, the C library has given out no more octets, and at the end the
process is not larger.
"""

import ctypes
import gc
import os
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.isolated.kernel_calls import (
    Call,
    calls,
    concealing_calls,
    frame_codec_calls,
    functions,
    g722_calls,
    tone_calls,
)
from tests.isolated.packet_calls import packet_calls
from tests.isolated.text_calls import text_calls

CALLS = 3_000_000
FRAME_CODECS = "frame codecs"
OTHERS: dict[str, Callable[[], Iterable[Call]]] = {
    "packets": packet_calls,
    "texts": text_calls,
    "G722": g722_calls,
    "concealment": concealing_calls,
    "tones": tone_calls,
    FRAME_CODECS: frame_codec_calls,
}
"""Groups of methods, in addition to the modules of functions."""
SLACK_BLOCKS = SLACK_REFERENCES = 20
"""Free lists and None are shared with all other code and change by a few; a leak changes by one per call."""
SLACK_OCTETS = 8192
SLACK_RSS_OCTETS = 1 << 20


class Mallinfo(ctypes.Structure):
    """The result of glibc's mallinfo2: mapped blocks in hblkhd, the others in use in uordblks."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            "arena",
            "ordblks",
            "smblks",
            "hblks",
            "hblkhd",
            "usmblks",
            "fsmblks",
            "uordblks",
            "fordblks",
            "keepcost",
        )
    ]


def octets_in_use() -> int:
    """Return the octets that malloc has allocated; 0 if the C library does not report them."""
    mallinfo2 = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if mallinfo2 is None:
        return 0
    mallinfo2.restype = Mallinfo
    info = mallinfo2()
    return int(info.uordblks + info.hblkhd)


def rss_octets() -> int:
    """Return the resident size of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def repeat(call: Call, times: int) -> None:
    """Repeat a call; its error must occur every time."""
    run, args, error = call.run, call.args, call.error
    if error is None:
        for _ in range(times):
            run(*args)
        return
    for _ in range(times):
        try:
            run(*args)
        except error:
            continue
        raise AssertionError(f"{call.name} with {args} gives no {error.__name__}")


def check(call: Call, times: int, warm: int = 300) -> str | None:
    """Return what a call leaks, or None."""
    repeat(call, warm)
    gc.collect()
    references = [sys.getrefcount(arg) for arg in call.args]
    blocks, octets = sys.getallocatedblocks(), octets_in_use()
    repeat(call, times)
    gc.collect()
    more_blocks, more_octets = sys.getallocatedblocks() - blocks, octets_in_use() - octets
    gained = [sys.getrefcount(arg) - before for arg, before in zip(call.args, references, strict=True)]
    if max(map(abs, gained), default=0) > SLACK_REFERENCES or more_blocks > SLACK_BLOCKS or more_octets > SLACK_OCTETS:
        return f"{call.name}{call.args!r:.80}: references {gained}, blocks {more_blocks}, octets {more_octets}"
    return None


def groups() -> list[str]:
    """Return the names of all groups of calls."""
    return sorted({name.rpartition(".")[0] for name in functions()}) + list(OTHERS)


def calls_of(group: str) -> list[Call]:
    """Return the calls of one group."""
    if group in OTHERS:
        return list(OTHERS[group]())
    return [call for call in calls() if call.name.rpartition(".")[0] == group]


def main(total: int, names: list[str]) -> int:
    """Check the calls of these groups, with a total number of calls, then the size of the process."""
    fast = [call for name in names if name != FRAME_CODECS for call in calls_of(name)]
    slow = calls_of(FRAME_CODECS) if FRAME_CODECS in names else []
    # A frame takes a thousand times as long as a kernel's call.
    plan = [(call, max(1000, total // len(fast)), 300) for call in fast]
    plan += [(call, max(300, total // 1000), 20) for call in slow]
    for call, _, warm in plan:
        repeat(call, warm)
    gc.collect()
    gc.freeze()  # collections examine only objects made from here on, not all imported ones
    size, start = rss_octets(), time.perf_counter()
    found = [text for call, times, warm in plan if (text := check(call, times, warm))]
    grown = rss_octets() - size
    if grown > SLACK_RSS_OCTETS:
        found.append(f"the process has grown by {grown} octets")
    for text in found:
        print("leak:", text)
    print(
        f"{sum(times for _, times, _ in plan)} calls of {len({call.name for call, _, _ in plan})} functions in "
        f"{time.perf_counter() - start:.1f} s, grown by {grown} octets: {'LEAKS' if found else 'no leak'}"
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else CALLS, sys.argv[2:] or groups()))

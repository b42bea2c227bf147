"""The threads of files at the end of the interpreter: a recording that has ended is finished."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import asyncio
import time
from concurrent.futures import thread

from rtpcodec.server.file_executor import ThreadFileExecutor


def write():
    while not thread._shutdown:  # the interpreter has begun to end
        time.sleep(0.001)
    executor.finish(lambda: print("finished"))


executor = ThreadFileExecutor(asyncio.new_event_loop())
executor.write(write)
"""


def test_what_a_writer_hands_over_while_the_interpreter_ends_is_finished() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout == "finished\n"

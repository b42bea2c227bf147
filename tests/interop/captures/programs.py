"""The ffmpeg executable, GStreamer and sipp of the system: senders of RTP, and decoders to compare with."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

DEADLINE_S: Final = 60


def run(*command: str) -> bytes:
    """Return what a program writes to its output. AssertionError: it failed, with its words."""
    done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=DEADLINE_S, check=False)
    assert done.returncode == 0, f"{command[0]}: {done.stderr.decode(errors='replace')[-2000:]}"
    return done.stdout


def ffmpeg(*arguments: str, program: str = "ffmpeg") -> bytes:
    """Run the ffmpeg executable."""
    return run(program, "-nostdin", "-hide_banner", "-loglevel", "error", "-y", *arguments)


def gstreamer(*pipeline: str) -> bytes:
    """Run a pipeline of GStreamer, as words."""
    return run("gst-launch-1.0", "--quiet", *pipeline)


def decoded_by_gstreamer(capture: Path, caps: str, elements: Sequence[str], rate_hz: int, source: str) -> bytes:
    """Return the PCM of what GStreamer reads from a capture and decodes.

    caps: of the packets.
    elements: depayloader and decoder.
    rate_hz: of the PCM.
    source: the host that sends.
    """
    out = capture.with_suffix(".decoded")
    words = ["filesrc", f"location={capture}", "!", "pcapparse", f"src-ip={source}", f"caps={caps}"]
    for element in (*elements, "audioconvert", f"audio/x-raw,format=S16LE,channels=1,rate={rate_hz}"):
        words += ["!", *element.split()]
    gstreamer(*words, "!", "filesink", f"location={out}")
    return out.read_bytes()

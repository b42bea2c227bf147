"""Log lines of a program, and what the command `rtpcodec serve` logs while it runs and ends."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rtpcodec.server.log_lines import JsonLines, logging_to
from tests.server.certificates import write_pair
from tests.server.dialler import call, refused_with, run
from tests.server.test_tls_files import trusting


def logged(*, as_json: bool, level: str = "info") -> str:
    stream, log = io.StringIO(), logging.getLogger("rtpcodec.server")
    with logging_to(stream, level, as_json=as_json):
        log.info("call %s: ended: %s", "a1", "stop", extra={"call_id": "a1", "turns": 3, "path": Path("b")})
        try:
            _ = 1 / 0
        except ZeroDivisionError:
            log.exception("failed")
    log.error("behind it")
    return stream.getvalue()


def test_each_record_is_one_line_of_json_with_its_extras() -> None:
    first, second = (json.loads(line) for line in logged(as_json=True).splitlines())
    time = first.pop("time")
    assert len(time) == len("2026-11-27T14:30:36.123Z")
    assert time.endswith("Z")
    assert first == {
        "level": "info",
        "logger": "rtpcodec.server",
        "message": "call a1: ended: stop",
        "call_id": "a1",
        "turns": 3,
        "path": "b",
    }
    assert (second["level"], second["message"]) == ("error", "failed")
    assert second["exception"].startswith("Traceback (most recent call last):\n")
    assert second["exception"].endswith("ZeroDivisionError: division by zero")


def test_an_extra_does_not_replace_the_members_of_a_line() -> None:
    record = logging.makeLogRecord({"msg": "text", "levelname": "INFO", "name": "a", "level": 5, "time": 6})
    line = json.loads(JsonLines().format(record))
    assert (line["level"], line["logger"], line["message"]) == ("info", "a", "text")
    assert line["time"] != 6


CIRCLE: dict[str, Any] = {}
CIRCLE["itself"] = CIRCLE


@pytest.mark.parametrize("extra", [float("nan"), [float("inf")], {(1, 2): 3}, CIRCLE])
def test_an_extra_that_json_cannot_hold_is_text(extra: object) -> None:
    record = logging.makeLogRecord({"msg": "text", "figure": extra, "call_id": "a1"})
    line = json.loads(JsonLines().format(record))
    assert (line["message"], line["figure"], line["call_id"]) == ("text", repr(extra), "a1")


def test_a_line_is_the_same_in_every_encoding() -> None:
    line = JsonLines().format(logging.makeLogRecord({"msg": "Gr\u00fc\u00dfe \udc80"}))
    assert line.isascii()
    assert json.loads(line)["message"] == "Gr\u00fc\u00dfe \udc80"


def test_lines_of_text() -> None:
    lines = logged(as_json=False).splitlines()
    assert lines[0].endswith(" INFO rtpcodec.server: call a1: ended: stop")


def test_a_level_leaves_out_what_is_below_it() -> None:
    assert "ended" not in logged(as_json=True, level="error")


@contextlib.contextmanager
def command(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run `rtpcodec serve`; yields the process and its URL."""
    whole = [sys.executable, "-m", "rtpcodec", "serve", "--port", "0", *arguments]
    environment = os.environ | {"RTPCODEC_DRAIN_S": "20"}
    with subprocess.Popen(whole, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().split()[-1]
        finally:
            process.kill()


def next_about(process: subprocess.Popen[str], word: str) -> dict[str, Any]:
    """Read log lines up to the next one whose message has a word."""
    assert process.stderr is not None
    for text in process.stderr:
        line: dict[str, Any] = json.loads(text)
        if word in line["message"]:
            return line
    raise AssertionError(f"no line about {word}")


def test_the_command_reads_its_certificate_again_and_names_the_grace_period(tmp_path: Path) -> None:
    path = tmp_path / "pair.pem"
    write_pair(path)
    old = trusting(path)
    grace = (
        "drain_s=20 and handler_grace_s=3: the supervisor must allow 28 s between SIGTERM and SIGKILL "
        "(TimeoutStopSec, terminationGracePeriodSeconds, stop_grace_period)"
    )
    arguments = ("echo", "--certificate", str(path), "--drain-s", "60", "--handler-grace-s", "3", "--log-json")
    with command(*arguments) as (process, url):

        async def main() -> None:
            async with call(url, ssl=old) as carrier:
                assert next_about(process, "must allow")["message"] == grace
                # 1. A new certificate.
                write_pair(path)
                os.kill(process.pid, signal.SIGHUP)
                assert next_about(process, "SIGHUP")["level"] == "info"
                new = trusting(path)
                assert await refused_with(url, ssl=new) == 101
                # 2. A broken one.
                path.write_text("not PEM", "ascii")
                os.kill(process.pid, signal.SIGHUP)
                assert next_about(process, "SIGHUP")["level"] == "error"
                assert await refused_with(url, ssl=new) == 101
                # 3. The end: the call continues, new ones are refused.
                os.kill(process.pid, signal.SIGTERM)
                assert next_about(process, "draining: ")["message"] == "draining: 1 calls may continue for 20 s"
                assert next_about(process, "must allow")["message"] == grace
                assert await refused_with(url, ssl=new) == 503
                refused = next_about(process, "refused")["message"]
                assert refused == "request refused: 503 Service Unavailable, from 127.0.0.1: the endpoint drains"
                await carrier.media()
                await carrier.payload()
                await carrier.stop()
                assert await carrier.close_code() == 1000
                assert next_about(process, "ended: ")["call_control_id"] == "v3:control"

        run(main)
        assert process.wait(timeout=60) == 0


@pytest.mark.parametrize("arguments", [("--log-level", "error"), ()], ids=["error", "info"])
def test_the_level_of_the_command(arguments: tuple[str, ...]) -> None:
    with command("echo", *arguments) as (process, _url):
        os.kill(process.pid, signal.SIGTERM)
        _, log = process.communicate(timeout=60)
        assert process.returncode == 0
    assert ("listening on ws://127.0.0.1:" in log) == (not arguments)

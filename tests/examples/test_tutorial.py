"""The tutorial: every program that a page says to save is run, and prints what the page shows."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

import rtpcodec
from rtpcodec.sim import Carrier, Webhooks

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "docs" / "tutorial"
_PROGRAM = re.compile(r"[Ss]ave\s+this\s+as `([\w.]+)`[^\n]*:\n\n```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SHOWN = re.compile(r"^```text\n(.*?)^```", re.MULTILINE | re.DOTALL)
_LATER = re.compile(r"\d+ ms later|in [\d.]+s\b")
"""What depends on how busy the machine is."""
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("TELNYX_", "RTPCODEC_"))}
ENVIRONMENT |= {"PYTHONPATH": str(ROOT / "src"), "PYTHONUNBUFFERED": "1"}


def programs(page: str) -> dict[str, str]:
    return dict(_PROGRAM.findall((TUTORIAL / page).read_text("utf-8")))


def shown(page: str) -> str:
    (text,) = _SHOWN.findall((TUTORIAL / page).read_text("utf-8"))
    return _LATER.sub("?", text)


def printed(folder: Path, *command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command],
        check=False,
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return _LATER.sub("?", done.stdout)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Save the programs of all pages in a folder that has nothing else."""
    for page in ("first-call.md", "conversation.md", "testing.md", "phone-call.md"):
        found = programs(page)
        assert found, page
        for name, text in found.items():
            (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def assert_echo_was_heard(folder: Path) -> None:
    said, _ = rtpcodec.read_audio(ROOT / "src/rtpcodec/cli/demo/speech.wav", pcm_hz=8000)
    heard, facts = rtpcodec.read_audio(folder / "heard.wav")
    assert facts.sample_rate_hz == 8000
    assert rtpcodec.levels.rms_dbov(heard) == pytest.approx(rtpcodec.levels.rms_dbov(said), abs=1)


def test_first_call_on_the_virtual_clock_as_the_page_says(folder: Path) -> None:
    program = folder / "first_call.py"
    page = (TUTORIAL / "first-call.md").read_text("utf-8")
    assert "rtpcodec.pump.run_virtual(main())" in page
    text = program.read_text("utf-8")
    assert text.endswith("asyncio.run(main())\n")
    program.write_text(text.replace("asyncio.run(main())", "rtpcodec.pump.run_virtual(main())"), "utf-8")
    assert printed(folder, "first_call.py") == shown("first-call.md")
    assert_echo_was_heard(folder)


@pytest.mark.long
def test_first_call_over_real_sockets(folder: Path) -> None:
    assert printed(folder, "first_call.py") == shown("first-call.md")
    assert_echo_was_heard(folder)


def test_conversation(folder: Path) -> None:
    assert printed(folder, "conversation.py") == shown("conversation.md")


def test_conversation_without_voice_activity_is_not_interrupted(folder: Path) -> None:
    """The page proposes it as an experiment."""
    program = folder / "conversation.py"
    text = program.read_text("utf-8")
    program.write_text(
        re.sub(r"    call\.voice\(\).*\n", "", text).replace("await call.caller_silent(0.5)", ""), "utf-8"
    )
    assert "prompt: to its end True" in printed(folder, "conversation.py")


def test_tests_of_the_conversation(folder: Path) -> None:
    options = ("-q", "-p", "no:cacheprovider", "-p", "no:xdist")
    assert printed(folder, "-m", "pytest", *options) == shown("testing.md")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def use_ports(program: Path, ports: dict[str, int]) -> None:
    """Put free ports in the place of those of the page."""
    text = program.read_text("utf-8")
    for written, free in ports.items():
        assert written in text
        text = text.replace(written, str(free))
    program.write_text(text, "utf-8")


@asynccontextmanager
async def running(program: Path, ports: dict[str, int], **environment: str) -> AsyncIterator[None]:
    """Run a program with free ports until the block is left."""
    use_ports(program, ports)
    process = await asyncio.create_subprocess_exec(
        sys.executable, program.name, cwd=program.parent, env=ENVIRONMENT | environment
    )
    try:
        for port in ports.values():
            while process.returncode is None:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    break
        assert process.returncode is None
        yield
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def test_the_app_answers_a_call(folder: Path) -> None:
    webhooks, media = free_port(), free_port()

    async def main() -> None:
        async with asyncio.timeout(60), Carrier("KEY") as carrier:
            environment = {"TELNYX_API_KEY": "KEY", "TELNYX_BASE_URL": carrier.base_url}
            environment |= {"TELNYX_PUBLIC_KEY": carrier.public_key, "PUBLIC_URL": f"ws://127.0.0.1:{media}"}
            async with running(folder / "phone_app.py", {"8000": webhooks, "8080": media}, **environment):
                carrier.send_webhooks(Webhooks(url=f"http://127.0.0.1:{webhooks}/webhook"))
                call = carrier.incoming_call(bytes(8000))
                report = await call.finished()
        assert report.media_received > 10
        assert [action for action, _ in call.commands][:2] == ["answer", "streaming_start"]

    asyncio.run(main())


def test_the_conversation_behind_a_dialled_call(folder: Path) -> None:
    port = free_port()

    async def main() -> None:
        async with asyncio.timeout(60), Carrier("KEY") as carrier:
            environment = {"TELNYX_API_KEY": "KEY", "TELNYX_BASE_URL": carrier.base_url}
            async with running(
                folder / "serve_conversation.py", {"8080": port}, RTPCODEC_STREAM_TOKEN="token", **environment
            ):
                carrier.phone("+15550100", bytes(16_000), answers_after_s=0.1)
                async with rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url) as control:
                    await control.dial(
                        to="+15550100",
                        from_="+15550101",
                        connection_id="1",
                        stream_url=f"ws://127.0.0.1:{port}/",
                        stream_auth_token="token",
                        **rtpcodec.StreamPlan(send_codec="PCMU").command_fields("dial"),
                    )
                report = await carrier.calls[0].finished()
        assert report.media_received > 10

    asyncio.run(main())

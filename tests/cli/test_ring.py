"""`rtpcodec ring` against the example that answers calls, each a process of its own; and against apps that do not."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rtpcodec.audio.files import read_wav
from rtpcodec.cli.app import main
from rtpcodec.sim import Carrier

EXAMPLES = Path(__file__).parents[2] / "examples"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(port: int) -> None:
    for _ in range(400):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the app did not begin to listen")


def test_the_example_is_called(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TELNYX_API_KEY", raising=False)
    commands, webhooks = free_port(), free_port()
    settings = {
        "TELNYX_BASE_URL": f"http://127.0.0.1:{commands}/v2",
        "TELNYX_PUBLIC_KEY": Carrier().public_key,
        "TELNYX_API_KEY": "KEY_SIM",
    }
    app = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "answer_calls:app", "--port", str(webhooks), "--log-level", "error"],
        cwd=EXAMPLES,
        env=os.environ | settings | {"PORT": "0"},
    )
    try:
        wait_for(webhooks)
        heard = tmp_path / "heard.wav"
        url = f"http://127.0.0.1:{webhooks}/webhook"
        assert main(["ring", url, "--port", str(commands), "--heard", str(heard)]) == 0
        out = capsys.readouterr().out
        assert out.splitlines()[:3] == [f"{name}={value}" for name, value in settings.items()]
        assert "speech_ended" in out
        assert any(read_wav(heard)[0])
    finally:
        app.terminate()
        app.wait()


def test_an_app_that_is_not_there(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELNYX_API_KEY", "KEY_SECRET")
    assert main(["ring", f"http://127.0.0.1:{free_port()}/", "--port", "0", "--wait-s", "0.3"]) == 1
    out, err = capsys.readouterr()
    assert "KEY_SECRET" not in out + err
    assert err == ("rtpcodec: the app did not start a stream within 0.3 s; webhook: no answer; commands: none\n")


def test_an_invalid_address(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ring", "ws://127.0.0.1/"]) == 2
    assert capsys.readouterr().err == "rtpcodec: url is not an http or https URL with a host\n"

"""The command line: help texts, and every wrong input as one line and exit code 2."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import rtpcodec
from rtpcodec.audio import mp3
from rtpcodec.audio.files import WavWriter, read_wav
from rtpcodec.cli.app import main
from rtpcodec.cli.demo import scenario, show
from rtpcodec.codecs import codec_names
from rtpcodec.sim import Faults
from tests.stream.test_frame_codecs import speech

RTPCODEC = [sys.executable, "-m", "rtpcodec.cli.app"]


@pytest.mark.parametrize(
    "command", ["demo", "serve", "simulate", "ring", "start", "stop", "dial", "answer", "hangup", "codecs", "doctor"]
)
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    assert f"rtpcodec {command}" in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"rtpcodec {rtpcodec.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["bogus"], "No such command 'bogus'"),
        (["demo", "--bogus"], "No such option: --bogus"),
        (["serve", "bogus"], "'bogus' is not one of"),
        (
            ["serve", "--metrics", "--host", "0.0.0.0", "--token", "t"],
            "host '0.0.0.0' can be reached from other machines, and so can /metrics: pass metrics=TOKEN",
        ),
        (["serve", "--host", "0.0.0.0"], "host '0.0.0.0' can be reached from other machines and no authorize is given"),
        (["serve", "--codec", "PCMX"], "no codec is named 'PCMX'; known: PCMU, PCMA, G722, L16"),
        (["serve", "--codec", "PCMU", "--rate", "16000"], "PCMU has no sample rate of 16000 Hz, only 8000"),
        (["serve", "play"], "play needs --file"),
        (["serve", "--on-handler-end", "hangup"], "api_key is missing: give it or set the environment variable"),
        (["serve", "--port", "99999"], "--port"),
        (["simulate", "http://127.0.0.1/"], "stream_url has the scheme 'http', ws or wss is needed"),
        (["simulate", "ws://127.0.0.1:1/", "--tracks", "all"], "tracks is 'all', one of"),
        (["simulate", "ws://127.0.0.1:1/", "--dialect", "sip"], "dialect is 'sip', one of telnyx, twilio is needed"),
        (["simulate", "ws://127.0.0.1:1/", "--dialect", "twilio", "--codec", "G722"], "Twilio has PCMU at 8000 Hz"),
        (["start", "v3:x", "wss://a.example/", "--mode", "ogg"], "mode is 'ogg', one of rtp, mp3"),
        (["start", "v3:x", "wss://a.example/", "--parameter", "a"], "needs the form NAME=VALUE"),
        (["stop"], "CALL_CONTROL_ID"),
        (["stop", "v3:x"], "api_key"),
        (["serve", "--key", __file__], "--key needs --certificate"),
        (["serve", "--old-token", "old"], "--old-token needs --token"),
        (["serve", "--certificate", __file__], "not a PEM pair"),
        (["serve", "echo", "--file", __file__], "--file is for play, not for echo"),
        (["serve", "--option", "bitrate"], "--option needs the form NAME=VALUE"),
        (["serve", "--codec", "OPUS", "--option", "bitrate=5"], "send_options: bitrate is 5, 6000 to"),
        (["serve", "--amrwb-packing", "storage"], "amrwb_packing is 'storage', one of auto"),
        (["simulate", "ws://a.example/", "--codec", "OPUS", "--chunk-ms", "30"], "OPUS has no chunks of 30 ms"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_input_is_one_line_and_exit_code_2(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TELNYX_API_KEY", raising=False)
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("rtpcodec: ")
    assert complaint in err


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("a.mp3", b"<html>404</html>", "a.mp3: data is HTML or XML text, an MP3 is needed"),
        ("a.wav", b"ID3\4\0\0\0\0\0\0", "a.wav is an MP3 file (ID3), a WAV file is needed"),
        ("a.wav", b"RIFF\4\0\0\0WAVE", "a.wav is not a valid WAV file: it ends without a fmt chunk (octet 12)"),
    ],
)
def test_serve_play_refuses_a_file_at_the_start(
    tmp_path: Path, name: str, content: bytes, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert main(["serve", "play", "--port", "0", "--file", str(path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"rtpcodec: {complaint}")


@pytest.mark.parametrize(
    ("options", "rate"),
    [(["--codec", "L16", "--rate", "11000"], "11000"), (["--mode", "mp3", "--rate", "44000"], "44000")],
)
def test_serve_echo_names_the_rate_that_was_given(
    options: list[str], rate: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "echo", "--port", "0", *options]) == 2
    assert f"{rate} Hz" in capsys.readouterr().err


def test_serve_play_and_simulate_with_an_mp3_of_44100_hz(tmp_path: Path) -> None:
    path = tmp_path / "greeting.mp3"
    path.write_bytes(mp3.encode(speech(16000), 44_100))
    serving = subprocess.Popen(
        [*RTPCODEC, "serve", "play", "--port", "0", "--file", str(path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert serving.stdout is not None
        url = serving.stdout.readline().split()[-1]
        heard = tmp_path / "heard.wav"
        calling = subprocess.run(
            [*RTPCODEC, "simulate", url, "--heard", str(heard)], check=False, capture_output=True, text=True, timeout=60
        )
        assert calling.returncode == 0, calling.stderr
        assert "app_closed" in calling.stdout
        assert any(read_wav(heard)[0])
    finally:
        serving.send_signal(signal.SIGTERM)
        assert serving.wait(timeout=60) == 0
        if serving.stdout is not None:
            serving.stdout.close()


def test_serve_play_hangs_up_after_the_file(tmp_path: Path) -> None:
    path = tmp_path / "greeting.wav"
    with WavWriter(path, 8000) as file:
        file.write(bytes(1600))
    with rtpcodec.sim.Carrier("KEY") as carrier, rtpcodec.CallControl("KEY", base_url=carrier.base_url) as control:
        environment = os.environ | {"TELNYX_API_KEY": "KEY", "TELNYX_BASE_URL": carrier.base_url}
        serving = subprocess.Popen(
            [*RTPCODEC, "serve", "play", "--port", "0", "--file", str(path), "--on-handler-end", "hangup"],
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        try:
            assert serving.stdout is not None
            url = serving.stdout.readline().split()[-1]
            phone = carrier.new_call(bytes(16 * 30_000))
            fields = rtpcodec.StreamPlan().command_fields()
            control.start_streaming(phone.call_control_id, stream_url=url, **fields)
            phone.wait(60)
            assert phone.state == "ended"
        finally:
            serving.send_signal(signal.SIGTERM)
            assert serving.wait(timeout=60) == 0
            if serving.stdout is not None:
                serving.stdout.close()


def test_an_endpoint_that_is_not_there_is_one_line_and_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "ws://127.0.0.1:1/"]) == 1
    assert capsys.readouterr().err == "rtpcodec: the endpoint at ws://127.0.0.1:1/ was not reached: connection_failed\n"


def test_an_endpoint_that_refuses_is_shown_with_its_status(capsys: pytest.CaptureFixture[str]) -> None:
    """The address is reachable and answers 401."""

    async def call_it() -> tuple[str, int]:
        async def answer(_call: rtpcodec.Call) -> None: ...

        async with rtpcodec.serve(answer, authorize="TOKEN") as endpoint:
            return endpoint.url, await asyncio.to_thread(main, ["simulate", endpoint.url, "--token", "another"])

    url, code = asyncio.run(call_it())
    assert code == 1
    line = f"rtpcodec: the endpoint at {url} refused the stream with HTTP status 401: connection_failed\n"
    assert capsys.readouterr().err == line


def test_no_arguments_print_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    out, err = capsys.readouterr()
    assert "Commands" in out + err
    assert "rtpcodec: " not in err


def test_simulate_reaches_serve_and_sigterm_ends_the_endpoint(tmp_path: Path) -> None:
    environment = os.environ | {"RTPCODEC_STREAM_TOKEN": "a token for this test"}
    serving = subprocess.Popen(
        [*RTPCODEC, "serve", "echo", "--port", "0"], stdout=subprocess.PIPE, text=True, env=environment
    )
    try:
        assert serving.stdout is not None
        url = serving.stdout.readline().split()[-1]
        assert url.startswith("ws://127.0.0.1:")
        heard = tmp_path / "heard.wav"
        calling = subprocess.run(
            [*RTPCODEC, "simulate", url, "--heard", str(heard), "--drop", "5"],
            check=False,
            capture_output=True,
            text=True,
            env=environment,
            timeout=60,
        )
        assert calling.returncode == 0, calling.stderr
        assert "speech_ended" in calling.stdout
        assert heard.stat().st_size > 100_000
        refused = subprocess.run(
            [*RTPCODEC, "simulate", url, "--token", "another"], check=False, capture_output=True, text=True, timeout=60
        )
        assert refused.returncode == 1
        assert "another" not in refused.stderr
    finally:
        serving.send_signal(signal.SIGTERM)
        assert serving.wait(timeout=60) == 0
        if serving.stdout is not None:
            serving.stdout.close()


@pytest.mark.long
@pytest.mark.usefixtures("opus", "amrwb")
def test_demo_conceals_what_the_network_loses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr(scenario, "TAIL_MS", 3000)  # a busy machine answers late
    report = tmp_path / "out.json"
    command = ["demo", "--output", str(tmp_path), "--json", str(report), "--loss", "5", "--reorder", "5"]
    assert main(command) == 0
    for call in json.loads(report.read_text())["calls"]:
        assert call["messages_lost"] == call["chunks_concealed"] > 0, call["codec"]
        assert call["stoi"] > 0.75, call["codec"]
    shown = capsys.readouterr().out
    assert "con-" in shown


@pytest.mark.long
@pytest.mark.usefixtures("opus", "amrwb")
def test_demo_writes_table_files_and_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(scenario, "TAIL_MS", 3000)  # a busy machine answers late
    report = tmp_path / "folder" / "out.json"
    assert main(["demo", "--output", str(tmp_path), "--json", str(report)]) == 0
    calls = {call["codec"]: call for call in json.loads(report.read_text())["calls"]}
    assert list(calls) == [*codec_names(), "MP3"]
    for call in calls.values():
        assert set(call) == {
            "codec",
            "messages_received",
            "messages_sent",
            "messages_lost",
            "chunks_concealed",
            "snr_db",
            "exact",
            "lsd_db",
            "stoi",
            "latency_ms_p50",
            "latency_ms_p99",
            "jitter_ms",
            "stalls",
            "round_trip_ms",
        }
        assert (call["messages_lost"], call["chunks_concealed"]) == (0, 0)
        assert 0 < call["latency_ms_p50"] <= call["latency_ms_p99"]
    for name, least_db in (("PCMU", 35), ("PCMA", 35), ("G722", 25)):
        assert calls[name]["snr_db"] >= least_db
        assert (calls[name]["lsd_db"], calls[name]["stoi"]) == (None, None)
    assert [name for name, call in calls.items() if call["exact"]] == ["L16"]
    for name, most_lsd_db, least_stoi in (("OPUS", 4.5, 0.97), ("AMR-WB", 5.0, 0.97), ("MP3", 3.0, 0.98)):
        assert calls[name]["snr_db"] is None
        assert 0 < calls[name]["lsd_db"] < most_lsd_db
        assert least_stoi < calls[name]["stoi"] <= 1
    assert calls["MP3"]["messages_sent"] == 1
    assert (tmp_path / "demo.png").read_bytes().startswith(b"\x89PNG")
    assert len(list(tmp_path.glob("*.wav"))) == 2 * len(calls)
    # A terminal of 80 columns shows every figure whole.
    printed = capsys.readouterr().out.partition("Drawing")[0].splitlines()
    assert max(map(len, printed)) <= 80
    assert "…" not in "".join(printed)
    for name in ("OPUS", "AMR-WB", "MP3"):
        (row,) = (line for line in printed if line.startswith((f"│{name} ", f"│{name}│")))
        assert f"{calls[name]['stoi']:.3f}" in row


@pytest.mark.long
def test_without_a_library_the_demo_has_the_other_rows(tmp_path: Path) -> None:
    for library in ("libopus.so.0", "libvo-amrwbenc.so.0"):
        (tmp_path / library).write_bytes(b"no ELF")
    (tmp_path / "soundfile.py").write_text("raise ImportError\n")
    environment = os.environ | {
        "RTPCODEC_LIBRARY_PATH": str(tmp_path),
        "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]),
    }
    report = tmp_path / "out.json"
    command = [sys.executable, "-m", "rtpcodec.cli.app", "demo", "--output", str(tmp_path), "--json", str(report)]
    shown = subprocess.run(command, check=True, capture_output=True, text=True, env=environment, timeout=120)
    calls = json.loads(report.read_text())["calls"]
    assert [call["codec"] for call in calls] == ["PCMU", "PCMA", "G722", "L16"]
    for shown_error in ("OPUS needs libopus: ", "AMR-WB needs libvo-amrwbenc: ", "MP3 needs soundfile: pip install "):
        assert any(line.startswith(shown_error) for line in shown.stdout.splitlines())


def test_a_demo_that_loses_something_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenario, "ROWS", ("PCMU",))
    monkeypatch.setattr(show, "Faults", lambda **_asked: Faults(drop=0.2))
    assert main(["demo", "--output", str(tmp_path)]) == 1


@pytest.mark.parametrize(
    ("serve", "simulate"),
    [
        (["--codec", "OPUS", "--option", "bitrate=16000", "--option", "application=audio"], ["--codec", "OPUS"]),
        (["--codec", "AMR-WB", "--option", "mode=2"], ["--codec", "AMR-WB", "--amrwb-packing", "octet-aligned"]),
        (["--mode", "mp3"], ["--mode", "mp3", "--codec", "L16", "--chunk-ms", "40"]),
    ],
    ids=["OPUS", "AMR-WB", "MP3"],
)
@pytest.mark.usefixtures("opus", "amrwb")
def test_serve_and_simulate_speak_every_codec(tmp_path: Path, serve: list[str], simulate: list[str]) -> None:
    said = tmp_path / "said.wav"
    with WavWriter(said, 16000) as wav:
        wav.write(speech(16000 * 5 // 2))
    serving = subprocess.Popen([*RTPCODEC, "serve", "echo", "--port", "0", *serve], stdout=subprocess.PIPE, text=True)
    try:
        assert serving.stdout is not None
        url = serving.stdout.readline().split()[-1]
        heard = tmp_path / "heard.wav"
        calling = subprocess.run(
            [*RTPCODEC, "simulate", url, "--audio", str(said), "--heard", str(heard), *simulate],
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert calling.returncode == 0, calling.stderr
        assert re.search(r"messages refused\W+0\b", calling.stdout)
        pcm, _ = read_wav(heard)
        assert any(pcm)
    finally:
        serving.send_signal(signal.SIGTERM)
        assert serving.wait(timeout=60) == 0
        if serving.stdout is not None:
            serving.stdout.close()

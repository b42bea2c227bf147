"""The programs that use a paid service accept only calls with the stream token."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

import rtpcodec

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("name", ["openai_realtime", "gemini_live", "live_transcription"])
def test_a_program_that_spends_money_requires_the_token(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    options: dict[str, Any] = {}
    monkeypatch.setattr(rtpcodec, "run", lambda _handler, **given: options.update(given))
    monkeypatch.delenv("RTPCODEC_STREAM_TOKEN", raising=False)
    with pytest.raises(KeyError, match="RTPCODEC_STREAM_TOKEN"):
        runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    monkeypatch.setenv("RTPCODEC_STREAM_TOKEN", "a token")
    runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    assert options["authorize"] == "a token"

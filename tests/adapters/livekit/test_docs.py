"""The whole agent of docs/livekit.md runs: it greets, is interrupted, gets a key, and hangs up."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tests.adapters.livekit.phone import carried, heard_ms
from tests.adapters.livekit.scripted import LevelVAD, ScriptedLLM, ScriptedSTT, ScriptedTTS, tone

PAGE = Path("docs/livekit.md").read_text()
FILE = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0]


@pytest.fixture
def agent(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The file of the page with scripted models in place of the plugins."""
    model = ScriptedLLM(["one two three four", "five six"])
    recognised = iter(["I have a toothache"])
    for name, classes in {
        "deepgram": {"STT": lambda: ScriptedSTT(recognised)},
        "openai": {"LLM": lambda: model, "TTS": ScriptedTTS},
    }.items():
        module: Any = ModuleType(f"livekit.plugins.{name}")
        module.__dict__.update(classes)
        monkeypatch.setitem(sys.modules, module.__name__, module)
    plugins: Any = ModuleType("livekit.plugins")
    plugins.deepgram, plugins.openai = sys.modules["livekit.plugins.deepgram"], sys.modules["livekit.plugins.openai"]
    monkeypatch.setitem(sys.modules, "livekit.plugins", plugins)
    # Without the models that livekit-agents would load.
    quick = FILE.replace(
        "        userdata=call,", "        userdata=call, vad=VAD(), turn_handling={'turn_detection': 'vad'},"
    )
    assert quick != FILE
    names: dict[str, Any] = {"VAD": LevelVAD, "__name__": "agent"}
    exec(compile(quick, "docs/livekit.md", "exec"), names)
    return SimpleNamespace(**names, model=model)


def test_the_agent_of_the_page_talks(agent: SimpleNamespace) -> None:
    speech = bytes(16 * 100) + tone(800, 700, 8000) + bytes(16 * 4000)
    report = carried(agent.answer, speech, plan=agent.PLAN, phone={"dtmf": [(3500.0, "4")], "codec": "PCMU"})
    assert agent.model.contexts[0][-1] == ("user", "I have a toothache")
    assert agent.model.contexts[1][-1] == ("user", "I have pressed 4.")
    assert heard_ms(report, 400) < 960  # the greeting was interrupted


def test_the_models_of_the_page_load_without_a_loop() -> None:
    loading = [block for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if "local_inference" in block]
    assert len(loading) == 1
    exec(compile(loading[0], "docs/livekit.md", "exec"), {})

"""Names in texts for users are exported and in the API snapshot; old names warn for one minor version."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import rtpcodec
from rtpcodec import renamed
from tests.conventions import api, exported

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "api" / "renamed.md"


def test_names_in_texts_are_exported() -> None:
    assert exported.unexported() == []


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("`rtpcodec.serve` and rtpcodec.sim.Carrier.", ["serve", "sim.Carrier"]),
        ("from rtpcodec.server import (\n    Reply,\n    run as go,\n)\n", ["server.Reply", "server.run"]),
        (">>> from rtpcodec import codec, errors\n", ["codec", "errors"]),
        ("see rtpcodec.service, /srv/rtpcodec.server/x and python -m rtpcodec.server/", []),
        ("import rtpcodec.rtp.jitter", ["rtp.jitter"]),
    ],
)
def test_names_are_found(text: str, names: list[str]) -> None:
    assert list(exported.names_in(text)) == names


def test_members_of_exported_classes_are_exported() -> None:
    assert exported.is_exported("Call.play")
    assert exported.is_exported("server.Call.play")
    assert exported.is_exported("adapters.aiohttp.media_handler")
    assert not exported.is_exported("stream.session.MediaSession")
    assert not exported.is_exported("Call.no_such_method")


def test_all_texts_are_read() -> None:
    places = {place for place, _, _ in exported.texts()}
    assert {"README.md", "docs/rtp.md", "examples/rtp_bridge.py", "src/rtpcodec/kernels/g711.pyx"} <= places
    assert not [place for place in places if place.startswith("docs/adr")]


def _reference() -> list[str]:
    """The names that the pages of the reference describe."""
    pages = sorted((ROOT / "docs" / "api").glob("*.md"))
    return [
        name for page in pages for name in re.findall(r"^\.\. auto\w+:: rtpcodec\.(\S+)", page.read_text("utf-8"), re.M)
    ]


def test_every_exported_name_is_on_one_page_of_the_reference() -> None:
    found, _ = api.offered_things()
    names = {name for name, thing in found.items() if not isinstance(thing, ModuleType | api.Adapter)}
    adapters = {name: thing for name, thing in found.items() if isinstance(thing, api.Adapter)}
    names |= {f"{name}.{key}" for name, thing in adapters.items() for key in thing.body}
    described = _reference()
    assert sorted(set(described) - names) == []
    assert sorted(names - set(described)) == []
    assert sorted(name for name in set(described) if described.count(name) > 1) == []


def test_every_page_of_the_reference_is_in_its_index() -> None:
    pages = {page.stem for page in (ROOT / "docs" / "api").glob("*.md")} - {"index"}
    assert pages <= set((ROOT / "docs" / "api" / "index.md").read_text("utf-8").split())


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (["Write `a_` into *_into."], ["Write ``a_`` into \\*_into."]),
        (["One:", "    more", "two"], ["One:", "more", "two"]),
        (["Args:", "    a: one", "        more"], ["Args:", "    a: one", "        more"]),
        ([">>> a * b_", "3", "", "a*b"], [">>> a * b_", "3", "", "a\\*b"]),
    ],
)
def test_docstrings_are_plain_text_in_the_reference(lines: list[str], wanted: list[str]) -> None:
    spec = importlib.util.spec_from_file_location("plain_docstrings", ROOT / "docs" / "plain_docstrings.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert list(module.plain(lines)) == wanted


def test_every_public_module_is_reached_by_attributes_alone() -> None:
    names = [name for name in api.sections() if name and name != api.UNEXPORTED and not name.startswith("adapters.")]
    lines = "\n".join(f"rtpcodec.{name}" for name in names)
    subprocess.run([sys.executable, "-c", f"import rtpcodec\n{lines}"], check=True, cwd=ROOT)


def test_dir_of_each_package_holds_its_public_names() -> None:
    for name in ("rtp", "audio", "server", "stream", "files"):
        package = getattr(rtpcodec, name)
        assert set(package.__all__) <= {one for one in package.__all__ if hasattr(package, one)}


@pytest.mark.parametrize("old", renamed.RENAMED)
def test_old_names_warn_and_give_the_new_object(old: str) -> None:
    module, _, name = old.rpartition(".")
    new = renamed.RENAMED[old]
    advice = re.escape(f"{old} is now {new}; the old name goes in {renamed.GONE_IN}")
    with pytest.warns(DeprecationWarning, match=f"^{advice}$") as caught:
        found = getattr(importlib.import_module(module), name)
    assert caught[0].filename == __file__
    owner, _, attribute = new.rpartition(".")
    assert found is getattr(importlib.import_module(owner), attribute)
    assert exported.is_exported(new.removeprefix("rtpcodec."))
    assert not exported.is_exported(old.removeprefix("rtpcodec."))


def test_the_page_lists_the_old_names() -> None:
    rows = dict(re.findall(r"^\| `(\S+)` \| `(\S+)` \|", PAGE.read_text("utf-8"), re.MULTILINE))
    assert rows == renamed.RENAMED
    assert renamed.GONE_IN in PAGE.read_text("utf-8")


def test_imports_of_old_names_warn_as_well() -> None:
    with pytest.warns(DeprecationWarning, match="CommandFault"):
        from rtpcodec.sim import Trouble
    assert Trouble is rtpcodec.sim.CommandFault


def test_names_that_never_were_are_attribute_errors() -> None:
    for module in (rtpcodec, rtpcodec.rtp, rtpcodec.server, rtpcodec.sim, rtpcodec.pump):
        with pytest.raises(AttributeError, match=f"^module '{module.__name__}' has no attribute 'Nothing'$"):
            _ = module.Nothing


def test_an_old_keyword_warns_and_acts_as_the_new_one() -> None:
    session = rtpcodec.MediaSession(rtpcodec.StreamPlan())
    sound = rtpcodec.stream.BackgroundSound(rtpcodec.background_source(bytes(16000), 8000), 8000)
    with pytest.warns(DeprecationWarning, match=r"^MediaSession\.background\(bed=\) is now sound=;") as caught:
        session.background(bed=sound)  # type: ignore[call-arg]
    assert caught[0].filename == __file__
    with pytest.raises(ValueError, match="already added"):
        session.background(sound=sound)

"""Finds public callables whose docstring is missing, does not begin with a verb or does not name the arguments.

python -m tests.conventions.docstrings [PATH...]     prints each finding, of all files or of those below the paths

The callables are those of the API snapshot (`tests/conventions/api.py`), compiled ones included. Three rules:

1. A public function, method or class has a docstring; special methods need none.
2. The docstring of a function or method begins with a verb of VERBS: "Encode native int16 PCM."
3. From three arguments up (`self`, `*args` and `**fields` apart), its section `Args:` names each of them. A class names
   the arguments of its constructor; a field of a dataclass may have a docstring below it instead. Values that only the
   package makes (events, webhook events, exceptions, MADE, classes that only signatures name) need no such list, nor
   does a callable whose docstring names one that has it: "see `play`", "Arguments are those of `open_audio`".
"""

from __future__ import annotations

import ast
import dataclasses
import enum
import functools
import inspect
import re
import sys
import typing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conventions import api

ROOT = Path(__file__).parents[2]
MOST_UNNAMED = 2
"""So many arguments need no list."""
REPORTED = ("events.", "webhook_events.")
"""Public modules whose values only the package makes."""
_MADE = (
    "Answer AudioFacts AudioFileReader AudioReader AudioWriter CallCapture CallReport CallSummary CallTap"
    " CallVoice CommandResult Conference Delivery DetectedTone DialedCall Digit Digits EndpointStatistics Finding"
    " Listener LossBursts MediaArrival MediaDescription MemoryRequest OpusPacket OtherRtcpPacket PhoneTotals"
    " PlayoutLog QualityEstimate RefusalReason ReportBlock Request SenderReportPacket SessionDescription"
    " SimulatedCall SimulatedConference Statistics StreamWarning WavFormat"
)
MADE = frozenset(_MADE.split())
"""Further classes that only the package makes."""
_VERBS = (
    "accept acknowledge add adjust adopt advance aggregate allow amplify answer append apply ask assert assign"
    " attach attempt authenticate authorize await be begin block bound break bridge build calculate call cancel cap"
    " capture change check choose clamp clean clear close collect combine compare compile complete compute conceal"
    " configure confirm connect construct consume continue convert copy count create cut deal decide declare decode"
    " decompress decrypt define delay delete deliver derive describe detach detect determine dial disable discard"
    " disconnect display divide do download drain draw drop duck dump emit empty enable encode encrypt end enqueue"
    " ensure enter establish estimate evaluate examine exchange exclude execute exit expand expect export extend"
    " extract extrapolate fade fail feed fetch fill filter find finish fire fit fix flush follow forbid force format"
    " forward free generate get give go grant group guess hand handle hang have hold identify ignore include infer"
    " inform initialize inject insert inspect install interleave interrupt invoke issue iterate join keep leave let"
    " limit list listen load lock log look lose lower make mark match measure merge mix modify mount move multiply"
    " mute name normalize note obtain offer open override pack pad parse pass pause perform pick place plan play poll"
    " post predict prepare press print process produce protect provide publish pull push put query queue quote raise"
    " re-arm reach read rebuild receive recognize reconnect record redact reduce refuse register reject release"
    " remove rename render repeat replace replay reply report request require resample reserve reset resolve restart"
    " restore resume retry return reverse rewrite ring rotate round run sample save say scale scan schedule search"
    " select send separate serialize serve set shift show shut sign silence simulate skip sleep smooth sort speak"
    " split start stop store stream strip subtract suggest sum suspend swap switch synchronize take talk tap test"
    " time trace transcode transfer transform translate transmit treat trim truncate try tune turn undo unhold unlock"
    " unpack update upload use validate verify visit wait wake walk warn watch weigh withdraw wrap write yield"
)
VERBS = frozenset(_VERBS.split())
_ARGS = re.compile(r"^Args:\n((?:[ ]+.*(?:\n|$)|\n)+)", re.MULTILINE)
_NAMED = re.compile(r"^(\s+)((?:\*{0,2}\w+(?: \([^)\n]*\))?(?:, | and )?)+):", re.MULTILINE)


@dataclass(frozen=True)
class Finding:
    """One rule that a public callable does not follow."""

    name: str
    """Its class and its own name, without the module: modules move more often than classes."""
    place: str
    problem: str


def text_of(thing: Any) -> str:
    """The docstring, inherited ones included, without the signature that Cython puts above it."""
    text = inspect.getdoc(thing) or ""
    first, _, rest = text.partition("\n")
    return inspect.cleandoc(rest) if re.match(r"[\w.]+\(.*\)(?: -> .+)?$", first) else text


def arguments_of(thing: Any) -> list[str]:
    """The names of the arguments, `self` and those that stand for any number apart."""
    owner = getattr(thing, "__objclass__", thing)
    name = f"{thing.__qualname__}.__init__" if api.is_class(thing) else thing.__qualname__
    written = api.stub_of(owner.__module__).get(name)
    if written is not None:
        function = ast.parse(f"def f{written}: ...").body[0]
        assert isinstance(function, ast.FunctionDef)
        given = function.args
        names = [one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    else:
        many = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        names = [key for key, one in inspect.signature(thing).parameters.items() if one.kind not in many]
    return [one for one in names if one not in {"self", "cls"} and not one.startswith("_")]


def named_in(text: str) -> set[str]:
    """The arguments that the section `Args:` names, `a, b: text` as two."""
    section = _ARGS.search(text)
    if section is None:
        return set()
    named = list(_NAMED.finditer(section[1]))
    indent = min((len(one[1].lstrip("\n")) for one in named), default=0)
    lists = (re.sub(r"\([^)]*\)", "", one[2]) for one in named if len(one[1].lstrip("\n")) == indent)
    return {word.lstrip("*") for one in lists for word in re.split(r",\s*|\s+and\s+|\s+", one) if word}


@functools.cache
def _fields_with_docstrings(owner: type) -> frozenset[str]:
    """The annotated names in the body of a class that have a string below them."""
    try:
        body = ast.parse(inspect.cleandoc(inspect.getsource(owner))).body[0]
    except (OSError, TypeError, SyntaxError):
        return frozenset()
    assert isinstance(body, ast.ClassDef)
    return frozenset(
        field.target.id
        for field, below in zip(body.body, body.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and isinstance(below.value.value, str)
    )


_ELSEWHERE = re.compile(r"\A.*\bsee `?(?:[A-Z]\w+\.)?(\w+)`?\.(?: |$)|\bare those of `(\w+)`", re.MULTILINE)


@functools.cache
def _with_lists() -> frozenset[str]:
    """The names of public callables with a section `Args:`."""
    return frozenset(thing.__name__ for thing, _ in public_callables() if _ARGS.search(text_of(thing)))


def _is_listed_elsewhere(text: str) -> bool:
    """Report whether a docstring names another callable that has the list."""
    return any((one[1] or one[2]) in _with_lists() for one in _ELSEWHERE.finditer(text))


def _unnamed(thing: Any, text: str) -> list[str]:
    names = arguments_of(thing)
    known = named_in(text)
    kind: type = thing if api.is_class(thing) else object
    if dataclasses.is_dataclass(kind):
        for owner in (one for one in kind.__mro__ if api.is_ours(one)):
            known |= _fields_with_docstrings(owner) | named_in(inspect.cleandoc(owner.__doc__ or ""))
    return [one for one in names if one not in known] if len(names) > MOST_UNNAMED else []


def problems_of(thing: Any) -> Iterator[str]:
    """Every rule that one function, method or class breaks."""
    text = text_of(thing)
    if not text:
        yield "has no docstring"
        return
    if not api.is_class(thing):
        first = text.split()[0].rstrip(".,:;")
        if first.lower() not in VERBS:
            yield f"begins with {first!r}, which is not a verb in the imperative"
    elif not _has_checked_constructor(thing):
        return
    elif "__init__" in vars(thing):
        text += "\n\n" + inspect.cleandoc(thing.__init__.__doc__ or "")
    if not _is_listed_elsewhere(text) and (unnamed := _unnamed(thing, text)):
        yield "does not name in a section 'Args:': " + ", ".join(unnamed)


def _has_checked_constructor(thing: type) -> bool:
    if issubclass(thing, enum.Enum | BaseException) or typing.is_typeddict(thing):
        return False
    return dataclasses.is_dataclass(thing) or api.has_constructor(thing)


def _functions_of(thing: type, exported: frozenset[type]) -> Iterator[Any]:
    for name, member in sorted(api.members_of(thing, exported).items()):
        function = member.__func__ if isinstance(member, staticmethod | classmethod) else member
        is_data = inspect.isgetsetdescriptor(member) or inspect.ismemberdescriptor(member)
        if not name.startswith("__") and callable(function) and not api.is_class(function) and not is_data:
            yield function


def public_callables() -> Iterator[tuple[Any, bool]]:
    """Every public function, class and method; and whether its arguments are given by callers of the package.

    A class that only signatures name is not constructed by them.
    """
    found, exported = api.public_objects()
    for name, thing in found.items():
        if api.is_class(thing):
            yield thing, thing in exported and not name.startswith(REPORTED) and thing.__name__ not in MADE
            yield from ((function, True) for function in _functions_of(thing, exported))
        elif inspect.isroutine(thing) or hasattr(thing, "__code__"):
            yield thing, True


def _place_of(thing: Any) -> str:
    module = inspect.getmodule(getattr(thing, "__objclass__", thing))
    assert module is not None
    assert module.__file__ is not None
    path = Path(module.__file__)
    if path.suffix != ".py":
        return (path.parent / (path.name.split(".")[0] + ".pyx")).relative_to(ROOT).as_posix()
    try:
        line = inspect.getsourcelines(inspect.unwrap(thing))[1]
    except (OSError, TypeError):
        return path.relative_to(ROOT).as_posix()
    return f"{path.relative_to(ROOT).as_posix()}:{line}"


def findings() -> list[Finding]:
    """The findings of all public callables, in the order of files."""
    found = {
        Finding(thing.__qualname__, _place_of(thing), problem)
        for thing, is_called in public_callables()
        for problem in problems_of(thing)
        if is_called or not problem.startswith("does not name")
    }
    return sorted(found, key=lambda one: (one.place, one.name, one.problem))


def main(arguments: Sequence[str]) -> int:
    """Print the findings; 1 if there are any."""
    below = tuple(Path(one).resolve().relative_to(ROOT).as_posix() for one in arguments)
    found = [one for one in findings() if not below or one.place.startswith(below)]
    sys.stdout.writelines(f"{one.place}: {one.name} {one.problem}\n" for one in found)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

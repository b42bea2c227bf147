"""The public names and signatures as text: everything in rtpcodec.__all__, and the classes that its signatures name.

python -m tests.conventions.api        rewrites tests/conventions/api.txt
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import importlib
import inspect
import re
import typing
from collections.abc import Container, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import rtpcodec

SNAPSHOT = Path(__file__).with_name("api.txt")
COMMAND = "python -m tests.conventions.api"
BASES = "rtpcodec.pickling"
"""How objects are pickled is not a part of the face; that each is, `test_pickling` holds."""
DUNDERS = {
    "__enter__",
    "__exit__",
    "__aenter__",
    "__aexit__",
    "__aiter__",
    "__anext__",
    "__iter__",
    "__next__",
    "__len__",
}


def is_ours(thing: Any) -> bool:
    """Whether the package defines it."""
    module = getattr(thing, "__module__", None)
    return isinstance(module, str) and module.split(".")[0] == rtpcodec.__name__ and module != BASES


def is_public(name: str) -> bool:
    return not name.startswith("_") or name in DUNDERS


class _Written:
    """An annotation that shows itself as it was written, without the quotes of a string."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def spelled(annotation: Any) -> str:
    """An annotation as it was written."""
    if isinstance(annotation, typing.ForwardRef):
        return annotation.__forward_arg__
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


def _unquoted(found: inspect.Signature) -> inspect.Signature:
    empty = inspect.Signature.empty
    parameters = [
        one if one.annotation is empty else one.replace(annotation=_Written(spelled(one.annotation)))
        for one in found.parameters.values()
    ]
    returned = found.return_annotation
    return inspect.Signature(
        parameters, return_annotation=returned if returned is empty else _Written(spelled(returned))
    )


@functools.cache
def stub_of(module: str) -> dict[str, str]:
    """Signatures and property types of a compiled module by qualified name, from the .pyi beside it."""
    origin = Path(inspect.getfile(importlib.import_module(module)))
    stub = origin.with_name(origin.name.split(".")[0] + ".pyi")
    if origin.suffix == ".py" or not stub.exists():
        return {}
    found = {}
    body = ast.parse(stub.read_text("utf-8")).body
    owners = [("", body), *((f"{node.name}.", node.body) for node in body if isinstance(node, ast.ClassDef))]
    for prefix, nodes in owners:
        for node in nodes:
            if isinstance(node, ast.FunctionDef):
                returned = ast.unparse(node.returns) if node.returns else "?"
                is_property = any(ast.unparse(decorator) == "property" for decorator in node.decorator_list)
                arguments = "" if is_property else f"({ast.unparse(node.args)})"
                found[prefix + node.name.replace("__new__", "__init__")] = f"{arguments} -> {returned}"
    return found


def signature_of(thing: Any) -> str:
    """The signature in the stub of a compiled module, or as inspect finds it."""
    owner = getattr(thing, "__objclass__", thing)
    name = f"{thing.__qualname__}.__init__" if inspect.isclass(thing) else thing.__qualname__
    stub = stub_of(owner.__module__)
    return stub[name] if name in stub else str(_unquoted(inspect.signature(thing)))


def default_of(field: dataclasses.Field[Any]) -> str:
    if field.default is not dataclasses.MISSING:
        return f" = {field.default!r}"
    return " = <a new one>" if field.default_factory is not dataclasses.MISSING else ""


def member_lines(name: str, member: Any) -> Iterator[str]:
    """One member of a class."""
    if isinstance(member, property):
        returned = inspect.signature(member.fget).return_annotation if member.fget else "?"
        yield f"    {name} -> {spelled(returned)}" + (", can be set" if member.fset else "")
    elif isinstance(member, staticmethod | classmethod):
        yield f"    {name}{signature_of(member.__func__)}  {type(member).__name__}"
    elif inspect.isgetsetdescriptor(member) or inspect.ismemberdescriptor(member):
        yield f"    {name}{stub_of(member.__objclass__.__module__).get(member.__qualname__, '')}"
    elif callable(member) and not inspect.isclass(member):
        prefix = "async " if inspect.iscoroutinefunction(member) else ""
        yield f"    {prefix}{name}{signature_of(member)}"


def has_constructor(thing: type) -> bool:
    """Whether the class itself says what it is made of; what Cython compiled says so in its stub."""
    if getattr(thing, "_is_protocol", False):
        return False
    return "__init__" in vars(thing) or f"{thing.__qualname__}.__init__" in stub_of(thing.__module__)


def members_of(thing: type, elsewhere: Container[type]) -> dict[str, Any]:
    """The public members of a class and of its bases, except those of a public base: they are listed there."""
    members: dict[str, Any] = {}
    for owner in thing.__mro__:
        if is_ours(owner) and (owner is thing or owner not in elsewhere):
            members = {key: value for key, value in vars(owner).items() if is_public(key)} | members
    return members


def class_lines(name: str, thing: type, elsewhere: Container[type] = ()) -> Iterator[str]:
    """A class: bases, fields or constructor, public members; also those of bases that the face does not offer."""
    bases = ", ".join(
        base.__name__
        for base in thing.__bases__
        if base is not object and base.__module__ != BASES and (base in elsewhere or not is_ours(base))
    )
    yield f"class {name}({bases})" if bases else f"class {name}"
    fields = {field.name: field for field in dataclasses.fields(thing)} if dataclasses.is_dataclass(thing) else {}
    if fields:
        yield from (f"    {field.name}: {spelled(field.type)}{default_of(field)}" for field in fields.values())
    elif typing.is_typeddict(thing):
        yield from (f"    {key}: {spelled(value)}" for key, value in thing.__annotations__.items())
    elif has_constructor(thing):
        yield f"    __init__{signature_of(thing)}"
    members = members_of(thing, elsewhere)
    for key in sorted(members.keys() - fields.keys()):
        yield from member_lines(key, members[key])


def public_things() -> Iterator[tuple[str, Any]]:
    """The names of the face, with those of its public modules."""
    for name in sorted(rtpcodec.__all__):
        value = getattr(rtpcodec, name)
        yield name, value
        if isinstance(value, ModuleType):
            names = getattr(value, "__all__", None) or [key for key, thing in vars(value).items() if is_ours(thing)]
            yield from ((f"{name}.{key}", getattr(value, key)) for key in sorted(names) if is_public(key))


def named_classes(lines: list[str], namespaces: dict[str, Any]) -> dict[str, type]:
    """The classes of ours that signatures mention, by name."""
    # What a constructor takes is not handed out by the face, unless it stands there itself.
    words = set(re.findall(r"\w+", "\n".join(line for line in lines if not line.startswith("    __init__"))))
    return {word: namespaces[word] for word in words & namespaces.keys() if inspect.isclass(namespaces[word])}


def lines_of(name: str, thing: Any, elsewhere: Container[type]) -> list[str]:
    """One public thing."""
    if isinstance(thing, ModuleType):
        return [f"module {name}"]
    if inspect.isclass(thing):
        return list(class_lines(name, thing, elsewhere))
    if callable(thing) and hasattr(thing, "__name__"):
        return [f"{name}{signature_of(thing)}"]
    return [f"{name}: {type(thing).__name__}" if name.startswith("__") else f"{name} = {spelled(thing)}"]


def namespace_of(thing: Any) -> dict[str, Any]:
    """All of ours that the modules of a thing see, and what their packages offer: that may be imported for types only.

    A class has a module for each of its bases, whose members it shows.
    """
    if inspect.isclass(thing) and len(owners := [owner for owner in thing.__mro__ if is_ours(owner)]) > 1:
        return {name: seen for owner in reversed(owners) for name, seen in _namespace_of_one(owner).items()}
    return _namespace_of_one(thing)


def _namespace_of_one(thing: Any) -> dict[str, Any]:
    module = inspect.getmodule(thing)
    if module is None:
        return {}
    room = importlib.import_module(".".join(module.__name__.split(".")[:2]))
    offered = {} if room is rtpcodec else {key: getattr(room, key) for key in getattr(room, "__all__", ())}
    return offered | {key: value for key, value in vars(module).items() if is_ours(value)}


@functools.cache
def public_objects() -> tuple[dict[str, Any], frozenset[type]]:
    """Every public object by its name in the snapshot, with the classes that signatures name; the exported classes."""
    waiting = list(public_things())
    offered = frozenset(thing for _, thing in waiting if inspect.isclass(thing))
    classes = set(offered)
    found: dict[str, Any] = {}
    while waiting:
        name, thing = waiting.pop(0)
        found[name] = thing
        for named in named_classes(lines_of(name, thing, offered), namespace_of(thing)).values():
            if named not in classes:
                classes.add(named)
                waiting.append((f"{named.__module__}.{named.__qualname__}", named))
    return found, offered


def described() -> tuple[set[str], set[type]]:
    """The text of each public object, and every public class."""
    found, offered = public_objects()
    texts = {"\n".join(lines_of(name, thing, offered)) for name, thing in found.items()}
    return texts, {thing for thing in found.values() if inspect.isclass(thing)}


def face() -> str:
    """The whole text."""
    return "\n".join(sorted(described()[0])) + "\n"


if __name__ == "__main__":
    SNAPSHOT.write_text(face(), "utf-8")

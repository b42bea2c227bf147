"""The public names and signatures as text: everything in rtpcodec.__all__, its modules, and the classes in signatures.

A module is public if it stands in `rtpcodec.__all__` or in the `__all__` of a public module.

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
from collections.abc import Container, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import rtpcodec

SNAPSHOT = Path(__file__).with_name("api.txt")
COMMAND = "python -m tests.conventions.api"
ADAPTERS = "rtpcodec.adapters"
UNEXPORTED = "~"
"""The section of classes that callers get and do not import; it sorts behind all modules."""
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


SHORT_NAMES = {
    getattr(rtpcodec, name).__name__ for name in rtpcodec.__all__ if isinstance(getattr(rtpcodec, name), ModuleType)
}


def is_ours(thing: Any) -> bool:
    """Whether the package defines it."""
    module = getattr(thing, "__module__", None)
    return isinstance(module, str) and module.split(".")[0] == rtpcodec.__name__ and module != BASES


def is_class(thing: Any) -> bool:
    """Report whether it is a class, not an alias such as `Callable[[int], str]`."""
    return inspect.isclass(thing) and typing.get_origin(thing) is None


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
    name = f"{thing.__qualname__}.__init__" if is_class(thing) else thing.__qualname__
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
    elif callable(member) and not is_class(member):
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
    every = dataclasses.fields(thing) if dataclasses.is_dataclass(thing) else ()
    fields = {field.name: field for field in every if is_public(field.name)}
    if fields:
        yield from (f"    {field.name}: {spelled(field.type)}{default_of(field)}" for field in fields.values())
    elif typing.is_typeddict(thing):
        yield from (f"    {key}: {spelled(value)}" for key, value in thing.__annotations__.items())
    elif has_constructor(thing):
        yield f"    __init__{signature_of(thing)}"
    members = members_of(thing, elsewhere)
    for key in sorted(members.keys() - fields.keys()):
        yield from member_lines(key, members[key])


@dataclasses.dataclass(frozen=True)
class Adapter:
    """A module that needs a framework that is not always installed, read from its source."""

    path: Path

    @functools.cached_property
    def body(self) -> dict[str, ast.stmt]:
        """Its public functions and classes by name; 100 lines have no space for an `__all__`."""
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        nodes = (one for one in ast.parse(self.path.read_text("utf-8")).body if isinstance(one, kinds))
        return {one.name: one for one in nodes if is_public(one.name)}

    def lines(self, name: str) -> Iterator[str]:
        """Its functions and classes as in the snapshot."""
        yield f"module {name}"
        for key, node in sorted(self.body.items()):
            yield from _adapter_lines(f"{name}.{key}", node, "")


def _adapter_lines(name: str, node: ast.stmt, indent: str) -> Iterator[str]:
    if isinstance(node, ast.ClassDef):
        yield f"class {name}({', '.join(map(ast.unparse, node.bases))})"
        for one in node.body:
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and (
                is_public(one.name) or one.name == "__init__"
            ):
                yield from _adapter_lines(one.name, one, "    ")
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        prefix = "async " if isinstance(node, ast.AsyncFunctionDef) else ""
        returned = ast.unparse(node.returns) if node.returns else "?"
        yield f"{indent}{prefix}{name}({ast.unparse(node.args)}) -> {returned}"


def names_of(module: ModuleType) -> list[str]:
    """The public names of a module: `__all__`, or what a compiled module without one defines."""
    defined = (key for key, thing in vars(module).items() if getattr(thing, "__module__", None) == module.__name__)
    return sorted(getattr(module, "__all__", None) or (key for key in defined if is_public(key)))


def public_things(module: ModuleType = rtpcodec, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The names of the package with those of its public modules: those that stand in the `__all__` of a public one."""
    for name in names_of(module):
        if module.__name__ == ADAPTERS:
            yield f"{prefix}{name}", Adapter(Path(module.__path__[0], f"{name}.py"))
            continue
        value = getattr(module, name)
        yield f"{prefix}{name}", value
        # A module that has a shorter name lists its names there.
        if isinstance(value, ModuleType) and (value.__name__ not in SHORT_NAMES or not prefix):
            yield from public_things(value, f"{prefix}{name}.")


def named_classes(lines: list[str], namespaces: dict[str, Any]) -> dict[str, type]:
    """The classes of ours that signatures mention, by name."""
    # What a constructor takes is not handed out by the face, unless it stands there itself.
    words = set(re.findall(r"\w+", "\n".join(line for line in lines if not line.startswith("    __init__"))))
    return {word: namespaces[word] for word in words & namespaces.keys() if is_class(namespaces[word])}


def lines_of(name: str, thing: Any, elsewhere: Container[type]) -> list[str]:
    """One public thing."""
    if isinstance(thing, Adapter):
        return list(thing.lines(name))
    if isinstance(thing, ModuleType):
        return [f"module {name}"]
    if is_class(thing):
        return list(class_lines(name, thing, elsewhere))
    if callable(thing) and hasattr(thing, "__name__") and typing.get_origin(thing) is None:
        return [f"{name}{signature_of(thing)}"]
    is_short = not name.startswith("__") and not isinstance(thing, Mapping)
    return [f"{name} = {spelled(thing)}" if is_short else f"{name}: {type(thing).__name__}"]


def namespace_of(thing: Any) -> dict[str, Any]:
    """All of ours that the modules of a thing see, and what their packages offer: that may be imported for types only.

    A class has a module for each of its bases, whose members it shows.
    """
    if is_class(thing) and len(owners := [owner for owner in thing.__mro__ if is_ours(owner)]) > 1:
        return {name: seen for owner in reversed(owners) for name, seen in _namespace_of_one(owner).items()}
    return _namespace_of_one(thing)


def _namespace_of_one(thing: Any) -> dict[str, Any]:
    module = None if isinstance(thing, Adapter) else inspect.getmodule(thing)
    if module is None or module.__name__ == ADAPTERS or module.__name__.split(".")[0] != rtpcodec.__name__:
        return {}
    package = importlib.import_module(".".join(module.__name__.split(".")[:2]))
    offered = {} if package is rtpcodec else {key: getattr(package, key) for key in getattr(package, "__all__", ())}
    return offered | {key: value for key, value in vars(module).items() if is_ours(value)}


@functools.cache
def offered_things() -> tuple[dict[str, Any], dict[str, str]]:
    """What the package offers by its shortest public name; and every other name of it, with the shortest."""
    found: dict[str, Any] = {}
    aliases: dict[str, str] = {}
    shortest: dict[int, str] = {}
    for name, thing in sorted(public_things(), key=lambda one: one[0].count(".")):
        is_alias = typing.get_origin(thing) is not None
        has_identity = is_alias or isinstance(thing, ModuleType) or (callable(thing) and is_ours(thing))
        known = shortest.setdefault(id(thing), name) if has_identity else name
        if known == name:
            found[name] = thing
        else:
            aliases[name] = known
    return found, aliases


@functools.cache
def public_objects(modules: frozenset[str] | None = None) -> tuple[dict[str, Any], frozenset[type]]:
    """Every public object by its name in the snapshot, with the classes that signatures name; the exported classes.

    modules: those of the package that count beside its own names; None: all.
    """
    waiting = [
        (name, thing)
        for name, thing in offered_things()[0].items()
        if modules is None or "." not in name or name.rpartition(".")[0] in modules
    ]
    offered = frozenset(thing for _, thing in waiting if is_class(thing))
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


def public_classes(modules: frozenset[str] | None = None) -> set[type]:
    """Every class of the snapshot, or of the package's own names and of some modules."""
    return {thing for thing in public_objects(modules)[0].values() if is_class(thing)}


def sections() -> dict[str, list[str]]:
    """The texts of each public module, by its name; those of classes that only signatures name are the last."""
    found, offered = public_objects()
    sorted_texts: dict[str, list[str]] = {}
    for name, thing in found.items():
        is_offered = not name.startswith(f"{rtpcodec.__name__}.")
        owner = name if isinstance(thing, ModuleType | Adapter) else name.rpartition(".")[0]
        section = sorted_texts.setdefault(owner if is_offered else UNEXPORTED, [])
        section.append("\n".join(lines_of(name, thing, offered)))
    for name, shortest in offered_things()[1].items():
        sorted_texts.setdefault(name.rpartition(".")[0], []).append(f"{name} is {shortest}")
    return {name: sorted(sorted_texts[name], key=_module_first) for name in sorted(sorted_texts)}


def _module_first(text: str) -> tuple[bool, str]:
    return not text.startswith("module "), text


def face() -> str:
    """The whole text."""
    text = "\n\n".join("\n".join(texts) for texts in sections().values()) + "\n"
    return re.sub(r" at 0x[0-9a-f]+>", ">", text)


if __name__ == "__main__":
    SNAPSHOT.write_text(face(), "utf-8")

"""Every public class, and a sample of those that Python's type hints are enough to make."""

from __future__ import annotations

import builtins
import collections.abc
import dataclasses
import enum
import importlib
import inspect
import pkgutil
import types
import typing
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import rtpcodec
from tests.conventions import api
from tests.conventions.api import is_ours

_PLAIN: dict[Any, object] = {int: 7, float: 1.5, str: "x", bytes: b"x", bool: True, type(None): None, Any: "x"}
_PLAIN[object] = "x"
MODULES = frozenset({"compat", "errors", "events", "levels", "mixing", "pump", "sim", "webhook_events"})
"""The modules whose classes are checked beside those that the package itself offers."""


def modules() -> Iterator[ModuleType]:
    """Every module of the package; adapters apart, which need their frameworks."""
    for found in pkgutil.walk_packages(rtpcodec.__path__, "rtpcodec."):
        if not found.name.endswith("__main__") and not found.name.startswith("rtpcodec.adapters."):
            yield importlib.import_module(found.name)


def public_classes() -> list[type]:
    """The classes of the face, those that a package exports, and every exception; protocols and typed dicts apart."""
    found = api.public_classes(MODULES)
    for module in modules():
        for name, thing in vars(module).items():
            is_face = hasattr(module, "__path__") or module.__name__ == "rtpcodec.audio.files"
            exported = is_face and name in getattr(module, "__all__", ())
            if inspect.isclass(thing) and is_ours(thing) and (exported or issubclass(thing, BaseException)):
                found.add(thing)
    made = [kind for kind in found if not getattr(kind, "_is_protocol", False) and not typing.is_typeddict(kind)]
    return sorted(made, key=lambda kind: (kind.__module__, kind.__qualname__))


def sample_of(hint: Any) -> Any:  # noqa: PLR0911 -- one line per kind of hint
    """A value of this type. LookupError: the hint does not say enough."""
    if hint in _PLAIN:
        return _PLAIN[hint]
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return next(iter(hint))
    if isinstance(hint, type) and (dataclasses.is_dataclass(hint) or hasattr(hint, "_fields")):
        return made_of_hints(hint)
    arguments = typing.get_args(hint)
    match typing.get_origin(hint):
        case typing.Literal:
            return arguments[0]
        case typing.Union | types.UnionType | typing.Annotated:
            return sample_of(arguments[0])
        case collections.abc.Mapping | builtins.dict:
            return {sample_of(arguments[0]): sample_of(arguments[1])}
        case collections.abc.Sequence | builtins.tuple:
            return tuple(sample_of(one) for one in arguments if one is not Ellipsis)
    raise LookupError(f"no sample of {hint}")


def made_of_hints(kind: type) -> Any:
    """An object with a sample in every field that has no default; an exception with a message."""
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        needed = [one for one in dataclasses.fields(kind) if one.init and one.default is dataclasses.MISSING]
        return kind(
            **{one.name: sample_of(hints[one.name]) for one in needed if one.default_factory is dataclasses.MISSING}
        )
    if issubclass(kind, tuple):  # a NamedTuple
        return kind(*map(sample_of, typing.get_type_hints(kind).values()))
    if issubclass(kind, BaseException):
        return kind("why")
    raise LookupError(f"no sample of {kind}")

"""The specification of a worker process: functions by their names, settings as values."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Final

from rtpcodec.errors import EndpointError
from rtpcodec.pickling import Value

WORKER: Final = "{worker}"
"""Placeholder for the worker's number in `public_url`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSpec(Value):
    """Functions and settings of every worker."""

    functions: Mapping[str, Any]
    """handler, on_audio and on_event: functions, or `module:name`."""
    configure: str | Callable[[int], Mapping[str, Any]] | None
    """A function that is called in each worker with its number, and returns further settings."""
    options: Mapping[str, Any] = field(repr=False)
    """The settings that all workers have."""
    worker_port: int | None = None
    """Port of worker 1; further workers have the next ports. 0: any free ports. None: only the shared port."""

    def pickled(self) -> bytes:
        """Return this object for another process.

        Raises:
            EndpointError: a function or a setting cannot be sent, with its name.
        """
        named = {**self.functions, "configure": self.configure}
        for name, value in {**named, **self.options}.items():
            if getattr(value, "__module__", None) == "__main__":
                raise EndpointError(
                    f"{name} is defined in the main program, which workers do not import: move it into a module, and "
                    f"pass it or its name, 'module:name'"
                )
            try:
                pickle.dumps(value)
            except Exception as error:
                raise EndpointError(
                    f"{name} is of type {type(value).__name__} and cannot be sent to a worker process: return it from "
                    f"the function `configure`, which each worker calls"
                ) from error
        return pickle.dumps(self)

    def settings_of(self, number: int) -> dict[str, Any]:
        """Return the keyword arguments of `run` for a worker, in its process.

        Args:
            number: its number.

        Raises:
            EndpointError: a name cannot be imported.
            Exception: any error of `configure`.
        """
        given = {name: resolved(name, value) for name, value in self.functions.items() if value is not None}
        given |= self.options
        configure = resolved("configure", self.configure)
        if configure is not None:
            given |= configure(number)
        url = given.get("public_url")
        if url is not None:
            given["public_url"] = url.replace(WORKER, str(number))
        return given


def resolved(what: str, given: Any) -> Any:
    """Return the function with a name `module:name`; a function is returned unchanged.

    Args:
        what: the argument's name, for errors.
        given: the name or the function.

    Raises:
        EndpointError: there is no such module or name.
    """
    if not isinstance(given, str):
        return given
    module_name, colon, path = given.partition(":")
    if not (module_name and colon and path):
        raise EndpointError(f"{what} is {given!r}, the form 'module:name' is needed")
    try:
        found: Any = import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise  # an import within that module has failed
        raise EndpointError(f"{what} is {given!r}, and there is no module {error.name!r}") from error
    for name in path.split("."):
        found = getattr(found, name, None)
        if found is None:
            raise EndpointError(f"{what} is {given!r}, and module {module_name!r} has no {path!r}")
    return found

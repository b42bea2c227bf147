"""Finds the places of the package that can wait: for another machine, another program, a file or a task.

A wait is an `await`, an `async for` or an `async with` of what is not a coroutine of ours, or the call of a function
that blocks. Awaiting our own coroutine is not listed: what it waits for is.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

BLOCKING = {
    "accept",
    "acquire",
    "check_output",
    "communicate",
    "connect",
    "connect_tcp",
    "create_connection",
    "getaddrinfo",
    "read_bytes",
    "read_text",
    "recv",
    "recv_into",
    "recvfrom",
    "result",
    "run_until_complete",
    "select",
    "sendall",
    "sleep",
    "urlopen",
    "wait",
}
"""Names of functions that block, whatever they belong to."""
ANYBODYS = {
    "aclose",
    "close",
    "connect",
    "handler",
    "open",
    "post",
    "read",
    "request",
    "send",
    "start",
    "wait",
    "write",
}
"""Names that libraries have as well: an `await` of one counts as ours only as a method of `self`."""
_DLOPEN = re.compile(r"^[^#\n]*\bdlopen\(", re.MULTILINE)


def coroutines_of(root: Path) -> set[str]:
    """The names of all coroutine functions below root."""
    trees = [ast.parse(path.read_text("utf-8")) for path in root.rglob("*.py")]
    return {node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef)}


def waits_of(text: str, coroutines: set[str]) -> Iterator[tuple[str, str]]:
    """Each wait of a Python source: the function that holds it, and the expression."""
    yield from _below(ast.parse(text), (), coroutines)


def _below(node: ast.AST, owners: tuple[str, ...], coroutines: set[str]) -> Iterator[tuple[str, str]]:
    awaited = node.value if isinstance(node, ast.Await) else None
    for child in ast.iter_child_nodes(node):
        inner = owners
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inner = (*owners, child.name)
        elif child is not awaited and (found := _wait(child, coroutines)) is not None:
            yield ".".join(owners), ast.unparse(found)
        yield from _below(child, inner, coroutines)


def _wait(node: ast.AST, coroutines: set[str]) -> ast.expr | None:
    match node:
        case ast.Await(value=value):
            return None if _is_ours(value, coroutines) else value
        case ast.AsyncFor(iter=value):
            return None if _is_ours(value, coroutines) else value
        case ast.AsyncWith(items=items):
            waits = [item.context_expr for item in items if not _is_ours(item.context_expr, coroutines)]
            return waits[0] if waits else None
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)) if _blocks(name, node):
            return node
    return None


def _is_ours(value: ast.expr, coroutines: set[str]) -> bool:
    match value:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="self"), attr=name)) | ast.Call(func=ast.Name(id=name)):
            return name in coroutines
        case ast.Call(func=ast.Attribute(attr=name)):
            return name in coroutines - ANYBODYS
    return False


def _blocks(name: str, call: ast.Call) -> bool:
    keywords = {keyword.arg for keyword in call.keywords}
    first = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else None
    return (
        name in BLOCKING
        or (name == "get" and "timeout" in keywords)
        or (name == "join" and not call.args)
        or (name == "open" and isinstance(first, str) and "b" in first)
    )


def loads_of(root: Path) -> Iterator[str]:
    """The Cython sources that load a shared library."""
    for path in sorted(root.rglob("*.pyx")):
        if _DLOPEN.search(path.read_text("utf-8")):
            yield path.relative_to(root).as_posix()


def waits_below(root: Path) -> dict[str, list[str]]:
    """The waits of all sources below root, by file and function."""
    coroutines = coroutines_of(root)
    found: dict[str, list[str]] = {f"{name}:dlopen": ["dlopen"] for name in loads_of(root)}
    for path in sorted(root.rglob("*.py")):
        for owner, expression in waits_of(path.read_text("utf-8"), coroutines):
            found.setdefault(f"{path.relative_to(root).as_posix()}:{owner}", []).append(expression)
    return found

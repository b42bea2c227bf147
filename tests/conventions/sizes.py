"""How long files and functions are: Python by its syntax tree, Cython by its indentation."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 50
FOLDERS = ("src", "tests", "benchmarks", "scripts", "examples")
SUFFIXES = {".py", ".pyi", ".pyx", ".pxd", ".h", ".c", ".sh"}


@dataclass(frozen=True)
class Function:
    """A function with its first line, decorators included, and how many lines it has."""

    name: str
    line: int
    lines: int


def python_functions(text: str) -> Iterator[Function]:
    """Every function of Python source, also those within others."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            begin = node.body[0]
            is_docstring = isinstance(begin, ast.Expr) and isinstance(begin.value, ast.Constant)
            docstring = (begin.end_lineno or 0) - begin.lineno + 1 if is_docstring else 0
            yield Function(node.name, first, (node.end_lineno or first) - first + 1 - docstring)


_CYTHON_DEF = re.compile(
    r"^([ \t]*)(?:def|cpdef|cdef)\b(?![^(\n]*\b(?:class|struct|enum|union|extern)\b)[^(\n=]*?(\w+)\("
)


def cython_functions(text: str) -> Iterator[Function]:
    """Every function with a body of Cython source, without its docstring.

    It ends before the next line that is indented no further.
    """
    lines = text.split("\n")
    for at, line in enumerate(lines):
        found = _CYTHON_DEF.match(line)
        if found is None:
            continue
        body = at
        depth = _depth(line)
        while depth > 0 and body + 1 < len(lines):
            body += 1
            depth += _depth(lines[body])
        if not _code(lines[body]).endswith(":"):
            continue  # a declaration
        end = body
        for later in range(body + 1, len(lines)):
            if lines[later].strip():
                if len(lines[later]) - len(lines[later].lstrip()) <= len(found[1]):
                    break
                end = later
        yield Function(found[2], at + 1, end - at + 1 - _docstring_lines(lines[body + 1 : end + 1]))


def _docstring_lines(body: list[str]) -> int:
    marks = [at for at, line in enumerate(body) for _ in range(line.count('"""'))]
    return marks[1] + 1 if len(marks) > 1 and body[0].lstrip().startswith('"""') else 0


def _code(line: str) -> str:
    return line.split("#", maxsplit=1)[0].rstrip()


def _depth(line: str) -> int:
    code = _code(line)
    return code.count("(") - code.count(")")


def functions_of(path: Path) -> Iterator[Function]:
    """The functions of a file, by what it holds."""
    if path.suffix == ".py":
        yield from python_functions(path.read_text("utf-8"))
    elif path.suffix == ".pyx":
        yield from cython_functions(path.read_text("utf-8"))


def source_files(root: Path) -> list[Path]:
    """Every source file of the repository, without what Cython made of one."""
    found = [
        path
        for folder in FOLDERS
        for path in (root / folder).rglob("*")
        if path.suffix in SUFFIXES and not (path.suffix == ".c" and path.with_suffix(".pyx").exists())
    ]
    return sorted([*found, *root.glob("*.py")])


def too_long(root: Path) -> list[str]:
    """One sentence for each file or function that asks to be two."""
    found = []
    for path in source_files(root):
        name = path.relative_to(root).as_posix()
        lines = len(path.read_text("utf-8").splitlines())
        if lines > MAX_FILE_LINES:
            found.append(f"{name} has {lines} lines, at most {MAX_FILE_LINES} are allowed")
        for function in functions_of(path):
            if function.lines > MAX_FUNCTION_LINES:
                place = f"{name}:{function.line} {function.name}"
                found.append(f"{place} has {function.lines} lines, at most {MAX_FUNCTION_LINES} are allowed")
    return found

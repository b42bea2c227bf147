"""The tables of docs/command-line.md: the options of all commands, from the functions that define them.

python -m tests.conventions.command_line        rewrites the tables of docs/command-line.md
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from rtpcodec.cli.commands import app_of_all

PAGE = Path(__file__).parents[2] / "docs" / "command-line.md"
COMMAND = "python -m tests.conventions.command_line"
BEGIN = "<!-- The tables below are generated: python -m tests.conventions.command_line -->\n"


def cell(text: str) -> str:
    """Return a text for a cell of a table: one line, without a bar."""
    return " ".join(text.split()).replace("|", "\\|")


def default_of(parameter: Any) -> str:
    """Return the default as text, empty if there is none or it is off."""
    default = parameter.default
    if default is None or default is False or default in ("", (), []) or callable(default):
        return ""
    return f"`{default.name if isinstance(default, Path) and default.is_absolute() else default}`"


def rows(parameters: list[Any]) -> Iterator[str]:
    """Return the lines of a command's table."""
    for parameter in parameters:
        if getattr(parameter, "hidden", False):
            continue
        is_option = parameter.param_type_name == "option"
        names = [*parameter.opts, *parameter.secondary_opts] if is_option else [parameter.metavar or parameter.name]
        if is_option and parameter.metavar:
            names[-1] += f" {parameter.metavar}"
        variable = parameter.envvar
        text = (getattr(parameter, "help", None) or "") + (f" Environment: `{variable}`." if variable else "")
        yield f"| {', '.join(f'`{one}`' for one in names)} | {default_of(parameter)} | {cell(text)} |"


def tables() -> str:
    """Return the sections of all commands."""
    sections = []
    commands: dict[str, Any] = get_command(app_of_all()).commands  # type: ignore[attr-defined]
    for name, command in commands.items():
        table = ["| option | default | means |", "|---|---|---|", *rows(command.params)] if command.params else []
        lines = [f"## {name}", "", inspect.cleandoc(command.help or ""), "", *table]
        sections.append("\n".join(lines) + "\n")
    return "\n".join(sections)


def page() -> str:
    """Return the page with its tables as they must be."""
    return PAGE.read_text("utf-8").partition(BEGIN)[0] + BEGIN + "\n" + tables()


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")

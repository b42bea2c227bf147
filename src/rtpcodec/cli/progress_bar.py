"""A progress bar on the terminal, with rate and remaining time. Without a terminal it prints nothing."""

from __future__ import annotations

from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

_ROUNDING: Final = 1e-6
"""The parts of a file may add up to a little less than 1."""


class _Done(ProgressColumn):
    """The number of finished files and of all files."""

    def render(self, task: Task) -> Text:
        return Text(f"{int(task.completed + _ROUNDING)}/{task.total:.0f} files")


class _Rate(ProgressColumn):
    """Files per second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.3g} files/s" if task.speed else "")


class ProgressBar:
    """Shows the number of finished files; context manager."""

    def __init__(self, total: int) -> None:
        console = Console(stderr=True)
        self._bar = Progress(
            BarColumn(), _Done(), TextColumn("{task.percentage:3.0f} %"), _Rate(),
            TimeRemainingColumn(compact=True, elapsed_when_finished=True),
            console=console, transient=True, disable=not console.is_terminal,
        )  # fmt: skip
        self._task = self._bar.add_task("", total=total)

    def advance(self, files: float = 1) -> None:
        """Count files, or a part of one."""
        self._bar.advance(self._task, files)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._bar.stop()

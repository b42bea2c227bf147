"""Prints what the tests measured: the figures of docs/captured-sound.md."""

from __future__ import annotations

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print one line per figure."""
    for report in terminalreporter.getreports("passed"):
        for name, figure in getattr(report, "user_properties", ()):
            terminalreporter.write_line(f"{report.nodeid.partition('::')[2]}: {name} {figure}")

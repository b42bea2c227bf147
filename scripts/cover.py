"""Runs pytest under coverage and reports: `cover.py RC HTML [PYTEST ARGUMENT ...]`.

Measuring and reporting share one process, because Cython's plugin learns which C file holds the lines of a .pxd only
while it traces.
"""

import sys

import coverage
import pytest


def main(rc: str, html: str, arguments: list[str]) -> int:
    """Pytest's exit code; the report goes to the terminal and to a folder."""
    measured = coverage.Coverage(config_file=rc, data_file=None)
    measured.start()
    code = int(pytest.main(arguments))
    measured.stop()
    measured.html_report(directory=html)
    measured.report()
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))

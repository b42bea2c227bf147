"""Checks that this machine can compile the package: a C compiler, its C library, Python's headers.

python scripts/toolchain.py        prints one line and exits with 1 when something is missing

Used by `setup.py`, which pip runs, and by `preflight.sh`. Needs the standard library only.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

COMPILER_PACKAGES = "Debian, Ubuntu: apt install gcc; Fedora: dnf install gcc; macOS: xcode-select --install"
LIBRARY_PACKAGES = "Debian, Ubuntu: apt install gcc libc6-dev"
HEADER_PACKAGES = "Debian, Ubuntu: apt install python3-dev; Fedora: dnf install python3-devel"


def missing_tool() -> str | None:
    """Return one line that names what is missing and how to install it; None if nothing is."""
    found = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang") or ""
    compiler = shlex.split(os.environ.get("CC", "")) or [found]
    if not shutil.which(compiler[0]):
        missing = f"no C compiler '{compiler[0]}', which CC names," if compiler[0] else "no C compiler"
        return f"{missing} found: install one ({COMPILER_PACKAGES})"
    if not _compiles(compiler, "#include <stdlib.h>\nint main(void) { return 0; }\n", link=True):
        return f"the C compiler '{compiler[0]}' cannot compile: install its C library ({LIBRARY_PACKAGES})"
    headers = sysconfig.get_path("include")
    if not _compiles(compiler, f'#include "{headers}/Python.h"\n', "-I", headers):
        return f"no Python.h found: install Python's headers ({HEADER_PACKAGES})"
    return None


def _compiles(compiler: list[str], source: str, *options: str, link: bool = False) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "check.c")
        file.write_text(source)
        mode = ["-o", f"{folder}/check"] if link else ["-c", "-o", f"{folder}/check.o"]
        command = [*compiler, *options, *mode, str(file)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


if __name__ == "__main__":
    reason = missing_tool()
    sys.exit(reason and f"rtpcodec: {reason}")

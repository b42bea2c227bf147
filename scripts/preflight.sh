#!/usr/bin/env bash
# Ends with one line that says what to install when this machine cannot build the package.
set -eu
python=$1

fail() { echo "rtpcodec: $1" >&2; exit 1; }

command -v "$python" >/dev/null 2>&1 || fail "no '$python' found: install Python 3.11 or newer (Debian, Ubuntu: apt install python3 python3-venv python3-dev), or say which: make test PYTHON=python3.12"
"$python" -c '' 2>/dev/null || fail "'$python' does not run: say which Python to use: make test PYTHON=python3.12"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "$("$python" --version 2>&1) is too old, 3.11 or newer is needed: install one, or say which: make test PYTHON=python3.12"
"$python" -c 'import venv, ensurepip' 2>/dev/null || fail "this Python cannot make virtual environments: install its venv package (Debian, Ubuntu: apt install python3-venv)"

"$python" scripts/toolchain.py

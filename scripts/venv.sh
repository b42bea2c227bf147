#!/usr/bin/env bash
# Makes the virtual environment, anew when it is there for another version of Python.
set -eu
python=$1
venv=$2
version() { "$1" -c 'import sys; print(*sys.version_info[:2])' 2>/dev/null || true; }

if [ -e "$venv" ] && [ "$(version "$venv/bin/python")" != "$(version "$python")" ]; then
    echo "      $venv was made by another Python, making it anew"
    rm -rf "$venv"
fi
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"

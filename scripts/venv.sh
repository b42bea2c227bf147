#!/usr/bin/env bash
# Creates the virtual environment, and replaces one of another Python version.
set -eu
python=$1
venv=$2
version() { "$1" -c 'import sys; print(*sys.version_info[:2])' 2>/dev/null || true; }

if [ -e "$venv" ] && [ "$(version "$venv/bin/python")" != "$(version "$python")" ]; then
    echo "      $venv was created by another Python version, replacing it"
    rm -rf "$venv"
fi
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"

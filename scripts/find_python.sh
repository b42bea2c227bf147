#!/usr/bin/env bash
# Prints the interpreter of one Python version (3.12): from PATH, else the newest that pyenv has.
set -eu
version=$1
if command -v "python$version" >/dev/null 2>&1 && "python$version" -c '' 2>/dev/null; then
    command -v "python$version"
    exit
fi
for root in "${PYENV_ROOT:-}" "$HOME/.pyenv"; do
    found=$(ls -d "$root/versions/$version".*/bin/python 2>/dev/null | sort -V | tail -n 1 || true)
    [ -n "$found" ] && { echo "$found"; exit; }
done
echo "rtpcodec: no Python $version found on PATH or under pyenv: install it, or choose: make pythons PYTHONS=\"3.11\"" >&2
exit 1

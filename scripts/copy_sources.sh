#!/usr/bin/env bash
# Copies the sources to build/NAME/tree and prints that folder: `copy_sources.sh NAME`. Compiled files there stay.
set -eu
tree=build/$1/tree
mkdir -p "$tree"
find "$tree" -type f ! -name '*.c' ! -name '*.so' ! -name '*.o' -delete
find src setup.py scripts/toolchain.py scripts/long_description.py pyproject.toml README.md LICENSE -type f \
    ! -name '*.c' ! -name '*.so' ! -name '*.pyc' ! -path '*.egg-info*' -print0 | tar -c --null -T - | tar -x -C "$tree"
echo "$tree"

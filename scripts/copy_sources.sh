#!/usr/bin/env bash
# Lays the package's sources in build/NAME/tree and prints it: `copy_sources.sh NAME`. What was built from them stays.
set -eu
tree=build/$1/tree
mkdir -p "$tree"
find "$tree" -type f ! -name '*.c' ! -name '*.so' ! -name '*.o' -delete
find src setup.py pyproject.toml README.md LICENSE -type f \
    ! -name '*.c' ! -name '*.so' ! -name '*.pyc' ! -path '*.egg-info*' -print0 | tar -c --null -T - | tar -x -C "$tree"
echo "$tree"

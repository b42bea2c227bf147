#!/usr/bin/env bash
# Runs the test suite with the lowest versions that pyproject.toml allows of every dependency, on the oldest Python:
# `lowest.sh [PYTEST ARGUMENT ...]`. Dependencies of dependencies are the newest, as a user gets them today. Everything
# lies in build/lowest.
set -euo pipefail
python=$(bash scripts/find_python.sh 3.11)
root=$PWD/build/lowest
bin=$root/venv/bin
mkdir -p "$root"

[ -x "$root/uv/bin/uv" ] || "$python" -m venv "$root/uv"
"$root/uv/bin/python" -m pip install --quiet --disable-pip-version-check uv
uv=$root/uv/bin/uv

tree=$PWD/$(bash scripts/copy_sources.sh lowest)
"$python" scripts/lowest_versions.py pyproject.toml > "$root/lowest.txt"
echo "lowest: $(tr '\n' ' ' < "$root/lowest.txt")"
rm -rf "$root/venv"
"$uv" venv --quiet --python "$python" "$root/venv"
VIRTUAL_ENV=$root/venv "$uv" pip install --quiet --resolution lowest-direct --constraints "$root/lowest.txt" \
    --requirements "$tree/pyproject.toml" --extra all --extra test setuptools Cython
# Objects compiled by another Cython would stay.
find "$tree" -name '*.c' -delete -o -name '*.so' -delete
VIRTUAL_ENV=$root/venv "$uv" pip install --quiet --no-deps --no-build-isolation --editable "$tree" 2> "$root/build.log" ||
    { tail -n 40 "$root/build.log" >&2; exit 1; }
"$bin/python" scripts/lowest_versions.py --installed pyproject.toml

loaded=$("$bin/python" -c 'import rtpcodec.kernels.g711 as g; print(g.__file__)')
case $loaded in "$tree"/*) ;; *) echo "the tests would run $loaded, not $tree" >&2; exit 1 ;; esac
# An old package may use what the newest of another deprecates; that is not an error of ours.
OPENBLAS_NUM_THREADS=1 "$bin/python" -m pytest -q -n logical --maxprocesses 8 --dist worksteal -p no:cacheprovider \
    -W default::DeprecationWarning -m "not long" "$@"

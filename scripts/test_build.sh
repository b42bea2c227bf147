#!/usr/bin/env bash
# Runs the kernel and codec tests on a build of its own: `test_build.sh BIN TREE [PYTEST ARGUMENT ...]`.
set -eu
bin=$1
tree=$(cd "$2" && pwd)
shift 2
export PYTHONPATH="$tree/src:$PWD"
loaded=$("$bin/python" -c 'import rtpcodec.kernels.g711 as g; print(g.__file__)')
case $loaded in "$tree"/*) ;; *) echo "the tests would run $loaded, not $tree" >&2; exit 1 ;; esac
exec "$bin/python" -m pytest -q -p no:cacheprovider "$@" tests/kernels tests/compat tests/codecs tests/audio

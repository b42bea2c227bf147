#!/usr/bin/env bash
# Seeded fuzzing on the sanitized build: `fuzz.sh BIN [--count N] [--seed N] [TARGET ...]`.
set -eu
bin=$1
shift
. scripts/sanitizers.sh
tree=$(RTPCODEC_SANITIZE=1 bash scripts/build_separately.sh "$bin" sanitize)
export PYTHONPATH="$PWD/$tree/src:$PWD"
with_sanitizers "$bin/python" -m tests.fuzz "$@"

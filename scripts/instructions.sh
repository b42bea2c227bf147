#!/usr/bin/env bash
# Instruction counts of the kernels against benchmarks/instructions.json: `instructions.sh BIN [--update]`.
set -eu
bin=$1
shift
if ! command -v valgrind >/dev/null || ! echo '#include <valgrind/callgrind.h>' | ${CC:-cc} -E - >/dev/null 2>&1; then
    echo "instructions: skipped, no valgrind with its headers found (Debian, Ubuntu: apt install valgrind; Fedora: dnf install valgrind-devel)"
    exit 0
fi
"$bin/python" scripts/build_pyx.py benchmarks/floors.pyx benchmarks/counting/*.pyx
exec "$bin/python" -m benchmarks.instructions "$@"

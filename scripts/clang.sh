#!/usr/bin/env bash
# Builds with clang and runs the kernel and codec tests on that build, in both forms of the kernels.
set -eu
bin=$1
shift
if ! command -v "${CLANG:=clang}" >/dev/null; then
    echo "no '$CLANG' found: install it (Debian, Ubuntu: apt install clang; Fedora: dnf install clang), or say which: CLANG=clang-16 make clang" >&2
    exit 1
fi
tree=$(CC="$CLANG" bash scripts/build_separately.sh "$bin" clang)
"$CLANG" --version | head -n 1
unset RTPCODEC_SIMD
bash scripts/test_build.sh "$bin" "$tree" "$@"
RTPCODEC_SIMD=portable bash scripts/test_build.sh "$bin" "$tree" "$@"
echo "clang: clean"

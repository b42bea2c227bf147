#!/usr/bin/env bash
# Checks that run no audio: layout, lint, types, stubs, structure (imports, circles, sizes, phrases), API snapshot.
set -u
bin=$1
export PATH="$PWD/$bin:$PATH" # cython-lint calls pycodestyle by name
failed=()

step() {
    local name=$1
    shift
    printf '%-13s' "$name"
    if output=$("$@" 2>&1); then
        echo "ok    $(printf '%s' "$output" | tail -n 1)"
    else
        echo "FAILED"
        printf '%s\n' "$output"
        failed+=("$name")
    fi
}

mapfile -t cython < <(find src benchmarks -name '*.pyx' -o -name '*.pxd')
mapfile -t compiled < <(find src -name '*.pyx' | sed 's|^src/||; s|\.pyx$||; s|/|.|g')

step "format" "$bin/ruff" format --check .
step "ruff" "$bin/ruff" check .
step "cython-lint" "$bin/cython-lint" "${cython[@]}"
step "mypy" "$bin/mypy"
step "stubtest" "$bin/python" -m mypy.stubtest --allowlist scripts/stubtest_allowlist.txt --ignore-unused-allowlist "${compiled[@]}"
step "house" "$bin/python" -m pytest -q tests/house
step "instructions" bash scripts/instructions.sh "$bin"

if [ ${#failed[@]} -gt 0 ]; then
    echo "check: failed: ${failed[*]}"
    exit 1
fi
echo "check: all clean"

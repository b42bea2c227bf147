#!/usr/bin/env bash
# Checks that run no audio: layout, lint, types, stubs, structure (imports, circles, sizes, phrases), API snapshot.
# Two chains run side by side, because most steps use one core only; their results are printed in order.
set -u
bin=$1
export PATH="$PWD/$bin:$PATH" # cython-lint calls pycodestyle by name
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

step() {
    local name=$1
    shift
    if "$@" >"$results/$name" 2>&1; then
        mv "$results/$name" "$results/$name.ok"
    else
        mv "$results/$name" "$results/$name.failed"
    fi
}

mapfile -t cython < <(find src benchmarks -name '*.pyx' -o -name '*.pxd')
mapfile -t compiled < <(find src -name '*.pyx' | sed 's|^src/||; s|\.pyx$||; s|/|.|g')

{
    step format "$bin/ruff" format --check .
    step ruff "$bin/ruff" check .
    step cython-lint "$bin/cython-lint" "${cython[@]}"
    step mypy "$bin/mypy"
    step stubtest "$bin/python" -m mypy.stubtest --allowlist scripts/stubtest_allowlist.txt --ignore-unused-allowlist "${compiled[@]}"
} &
step conventions "$bin/python" -m pytest -q tests/conventions
step instructions bash scripts/instructions.sh "$bin"
wait

failed=()
for name in format ruff cython-lint mypy stubtest conventions instructions; do
    printf "%-13s" "$name"
    if [ -e "$results/$name.ok" ]; then
        echo "ok    $(tail -n 1 "$results/$name.ok")"
    else
        echo "FAILED"
        cat "$results/$name.failed" || echo "it has not ended"
        failed+=("$name")
    fi
done

if [ ${#failed[@]} -gt 0 ]; then
    echo "check: failed: ${failed[*]}"
    exit 1
fi
echo "check: all clean"

#!/usr/bin/env bash
# Builds the package in build/NAME/tree, away from src: `build_separately.sh BIN NAME`. Build switches and CC come from the
# environment. Prints the tree; with tree/src first on PYTHONPATH the environment's Python runs that build.
set -eu
python=$(cd "$1" && pwd)/python
tree=$(bash scripts/copy_sources.sh "$2")
# Headers and switches are no dependency of an object file: when one changes, everything is built.
key=$({ find src -name '*.h' -o -name '*.pxd' | sort | xargs cat; cat setup.py; env | grep -E '^(CC|CFLAGS|RTPCODEC_)' || true; } | sha256sum)
force=
[ "$(cat "$tree/../key" 2>/dev/null)" = "$key" ] || force=--force
if ! (cd "$tree" && "$python" setup.py --quiet build_ext --inplace $force) > "$tree/../build.log" 2>&1; then
    tail -n 40 "$tree/../build.log" >&2
    exit 1
fi
printf '%s' "$key" > "$tree/../key"
echo "$tree"

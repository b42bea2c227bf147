#!/usr/bin/env bash
# Builds the package in build/NAME/tree, outside src: `build_separately.sh BIN NAME`. Build switches and CC are read from
# the environment. Prints the path of the tree; with tree/src first on PYTHONPATH the environment's Python runs this build.
set -eu
python=$(cd "$1" && pwd)/python
tree=$(bash scripts/copy_sources.sh "$2")
# setuptools does not track headers and switches as dependencies of object files: if one changes, everything is rebuilt.
key=$({ find src -name '*.h' -o -name '*.pxd' | sort | xargs cat; cat setup.py; env | grep -E '^(CC|CFLAGS|RTPCODEC_)' || true; } | sha256sum)
force=
[ "$(cat "$tree/../key" 2>/dev/null)" = "$key" ] || force=--force
if ! (cd "$tree" && "$python" setup.py --quiet build_ext --inplace $force) > "$tree/../build.log" 2>&1; then
    tail -n 40 "$tree/../build.log" >&2
    exit 1
fi
printf '%s' "$key" > "$tree/../key"
echo "$tree"

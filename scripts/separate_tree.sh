#!/usr/bin/env bash
# Builds the package in build/NAME/tree, away from src: `separate_tree.sh BIN NAME`. Build switches and CC come from the
# environment. Prints the tree; with tree/src first on PYTHONPATH the environment's Python runs that build.
set -eu
bin=$1
tree=build/$2/tree
mkdir -p "$tree"
# Sources are laid anew, what was built from them stays.
find "$tree" -type f ! -name '*.c' ! -name '*.so' ! -name '*.o' -delete
find src setup.py pyproject.toml README.md LICENSE -type f \
    ! -name '*.c' ! -name '*.so' ! -name '*.pyc' ! -path '*.egg-info*' -print0 | tar -c --null -T - | tar -x -C "$tree"
# Headers and switches are no dependency of an object file: when one changes, everything is built.
key=$({ find src -name '*.h' -o -name '*.pxd' | sort | xargs cat; cat setup.py; env | grep -E '^(CC|CFLAGS|RTPCODEC_)' || true; } | sha256sum)
force=
[ "$(cat "$tree/../key" 2>/dev/null)" = "$key" ] || force=--force
python=$(cd "$(dirname "$bin/python")" && pwd)/python
if ! (cd "$tree" && "$python" setup.py --quiet build_ext --inplace $force) > "$tree/../build.log" 2>&1; then
    tail -n 40 "$tree/../build.log" >&2
    exit 1
fi
printf '%s' "$key" > "$tree/../key"
echo "$tree"

#!/usr/bin/env bash
# Builds the sdist, a wheel from the sdist, and tries each way to install in an empty environment of its own.
set -euo pipefail
python=$1
bin=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

try() { # name, arguments of pip install
    local name=$1
    shift
    echo "$name: installing in an empty environment"
    "$python" -m venv "$work/$name"
    "$work/$name/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
    (cd "$work" && "$name/bin/python" - <<'PY'
import rtpcodec
assert rtpcodec.pcmu_decode(rtpcodec.pcmu_encode(bytes(320))) == bytes(320)
assert rtpcodec.MediaSession(rtpcodec.StreamPlan(send_codec="L16"), send_pcm_hz=48000).send_pcm_hz == 48000
print("  works:", rtpcodec.__version__, rtpcodec.codec_names())
PY
    )
}

echo "building the sdist, and a wheel from it"
"$bin/python" -m build --outdir "$work/dist" . > "$work/build.log" 2>&1 || { tail -n 40 "$work/build.log"; exit 1; }
sdist=$(ls "$work"/dist/*.tar.gz)
wheel=$(ls "$work"/dist/*.whl)
if tar -tzf "$sdist" | grep -E '\.(c|so|so\.[0-9.]+)$'; then echo "the sdist holds built files"; exit 1; fi
if "$bin/python" -m zipfile -l "$wheel" | grep -E '\.c '; then echo "the wheel holds generated C"; exit 1; fi
try from-wheel "$wheel"
try from-sdist "$sdist"
git ls-files --cached --others --exclude-standard -z | tar -cz --null -T - -f "$work/tree.tar.gz"
mkdir "$work/tree" && tar -xzf "$work/tree.tar.gz" -C "$work/tree"
try from-tree "$work/tree"
try editable --editable "$work/tree"
mkdir -p dist && cp "$sdist" "$wheel" dist/
echo "dist: $(basename "$sdist"), $(basename "$wheel")"

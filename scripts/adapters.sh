#!/usr/bin/env bash
# Runs the tests of the adapters with the real frameworks, and mypy on the two adapters that the plain environment lacks
# the packages of: `adapters.sh PYTHON [PYTEST ARGUMENT ...]`. Twice: at the versions of adapter_versions/pinned.txt, and
# at the newest ones. Both environments lie in build/adapters and follow their requirements; ours is
# the source tree, compiled by `make setup`.
set -uo pipefail
python=$1
shift
root=$PWD/build/adapters
pinned=scripts/adapter_versions/pinned.txt
mkdir -p "$root"

[ -x "$root/uv/bin/uv" ] || "$python" -m venv "$root/uv"
"$root/uv/bin/python" -m pip install --quiet --disable-pip-version-check uv || exit 1
uv=$root/uv/bin/uv
extras=(all test starlette websockets aiohttp pipecat livekit)

# pipecat before 1.12 downloads NLTK's data if there is no such directory; no test splits text into sentences.
mkdir -p "$root/nltk/tokenizers/punkt_tab"
export NLTK_DATA=$root/nltk PYTHONPATH=$PWD/src RTPCODEC_REQUIRE_ADAPTERS=1 OPENBLAS_NUM_THREADS=1
failed=()
for versions in pinned newest; do
    venv=$root/$versions
    constraints=()
    [ "$versions" = newest ] || constraints=(--constraints "$pinned")
    [ -x "$venv/bin/python" ] || "$uv" venv --quiet --python "$python" "$venv" || exit 1
    VIRTUAL_ENV=$venv "$uv" pip install --quiet --exact --upgrade --requirements pyproject.toml \
        "${extras[@]/#/--extra=}" "${constraints[@]}" mypy || exit 1
    "$venv/bin/python" scripts/adapter_versions.py "$versions" "$pinned" || exit 1
    "$venv/bin/python" -m pytest -q -p no:cacheprovider -W default::DeprecationWarning \
        -m "not hours" tests/adapters "$@" ||
        failed+=("tests at $versions versions")
    "$venv/bin/python" -m mypy --cache-dir "$venv/mypy" src/rtpcodec/adapters/pipecat.py src/rtpcodec/adapters/livekit.py ||
        failed+=("mypy at $versions versions")
done

if [ ${#failed[@]} -gt 0 ]; then
    printf 'adapters: failed: %s\n' "${failed[@]}"
    exit 1
fi
echo "adapters: all passed"

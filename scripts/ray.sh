#!/usr/bin/env bash
# Runs the tests of the Ray recipe with the real Ray: `ray.sh PYTHON [PYTEST ARGUMENT ...]`. Ray has 200 MB, so it has an
# environment of its own in build/ray, which follows its requirements; ours is the source tree, compiled by `make setup`.
set -uo pipefail
python=$1
shift
venv=$PWD/build/ray
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv" || exit 1
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --upgrade \
    "ray[data]>=2.40" "fsspec>=2025.3" "msgspec>=0.19" "numpy>=2" "typing_extensions>=4.12" "pytest>=9" \
    "hypothesis>=6.112" || exit 1
# Ray must not report usage to its makers, and needs no token for a cluster that listens to this machine only.
export RAY_AUTH_MODE=disabled RAY_ENABLE_UV_RUN_RUNTIME_ENV=0
export PYTHONPATH=$PWD/src RTPCODEC_REQUIRE_RAY=1 RAY_USAGE_STATS_ENABLED=0 OPENBLAS_NUM_THREADS=1
exec "$venv/bin/python" -m pytest -q -p no:cacheprovider -W default::DeprecationWarning tests/ray "$@"

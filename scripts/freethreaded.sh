#!/usr/bin/env bash
# The kernel and codec tests and the storms on a Python without the GIL: `freethreaded.sh PYTHON [PYTEST ARGUMENT ...]`, with
# python3.13t or python3.14t. Its environment and its build lie in build/freethreaded.
set -eu
python=$1
shift
"$python" -c 'import sys; sys.exit(0 if not getattr(sys, "_is_gil_enabled", lambda: True)() else "this Python has the GIL")'
env=$PWD/build/freethreaded/env
if [ ! -e "$env/.installed" ]; then
    "$python" -m venv "$env"
    # The newest NumPy and Hypothesis have wheels for some of these versions only, and NumPy takes an hour from source.
    "$env/bin/python" -m pip install --quiet --only-binary numpy,hypothesis "setuptools>=77" "Cython>=3.1" "numpy>=2" \
        "typing_extensions>=4.12" "pytest>=9" "pytest-xdist>=3.6" "hypothesis>=6.112"
    "$env/bin/python" -m pip install --quiet --only-binary :all: "msgspec>=0.19" ||
        echo "freethreaded: msgspec has no wheel for this Python; names that need it are left out"
    touch "$env/.installed"
fi
tree=$(bash scripts/build_separately.sh "$env/bin" freethreaded)
export PYTHONPATH="$PWD/$tree/src:$PWD"
echo "$PWD/$tree/src" > "$("$env/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/rtpcodec-tree.pth"
# A module that does not declare itself turns the GIL on when it is imported.
"$env/bin/python" -W error - <<'PY'
import pathlib, sys, importlib
import rtpcodec
root = pathlib.Path(rtpcodec.__file__).parent
for module in sorted(root.rglob("*.so")):
    importlib.import_module(".".join(("rtpcodec", *module.relative_to(root).parent.parts, module.name.partition(".")[0])))
sys.exit("a module of ours has turned the GIL on" if sys._is_gil_enabled() else 0)
PY
echo "freethreaded: storms"
"$env/bin/python" -m tests.isolated.thread_storm 20000
for _ in 1 2 3 4 5 6 7 8 9 10; do "$env/bin/python" -m tests.isolated.import_storm; done
echo "freethreaded: kernel and codec tests"
# Objects have larger headers without the GIL, so counts of allocated octets differ, and nobody keeps it (test_gil). Tests
# of files need soundfile, whose cffi has no free-threaded 3.13.
"$env/bin/python" -m pytest -q -p no:cacheprovider -m "not long" -k "not allocat and not test_gil" tests/kernels tests/compat tests/codecs \
    tests/audio/test_concealment.py tests/audio/test_resample.py tests/audio/test_resample_quality.py "$@"
echo "freethreaded: clean"

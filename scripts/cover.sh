#!/usr/bin/env bash
# The test suite on a traced build: which lines of Python and of Cython no test reaches. `cover.sh BIN [PYTEST ARGUMENT ...]`
set -eu
bin=$(cd "$1" && pwd)
shift
tree=$(RTPCODEC_TRACE=1 bash scripts/build_separately.sh "$bin" cover)
for name in tests benchmarks examples scripts docs Makefile README.md CONTRIBUTING.md CHANGELOG.md; do
    rm -f "$tree/$name"
    ln -s "$PWD/$name" "$tree/$name"
done
tools=$PWD/scripts
cd "$tree"
export PYTHONPATH="$PWD/src:$PWD"
# Left out: what measures, for each traced line takes the interpreter and allocates, and what would take hours so.
"$bin/python" "$tools/cover.py" "$tools/coveragerc" ../html -q -p no:cacheprovider --ignore=tests/conventions \
    --ignore=tests/benchmarks --ignore=tests/audio/test_resample_quality.py --ignore=tests/kernels/test_allocations.py \
    --deselect=tests/codecs/test_g722.py::test_into_allocates_nothing \
    --deselect=tests/codecs/test_g722_bank.py::test_with_a_given_buffer_nothing_is_allocated \
    --deselect=tests/audio/test_resample.py::test_a_long_stream_stays_exact "$@" &&
    status=0 || status=$?
[ "$status" = 0 ] || echo "cover: tests failed, the figures are of what ran"
echo "cover: build/cover/html/index.html shows each line. Not counted: other processes, and C headers."
exit "$status"

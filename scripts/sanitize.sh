#!/usr/bin/env bash
# AddressSanitizer and UndefinedBehaviorSanitizer over the kernel and codec tests, at every level that this processor has.
set -eu
bin=$1
shift
. scripts/sanitizers.sh
tree=$(RTPCODEC_SANITIZE=1 bash scripts/build_separately.sh "$bin" sanitize)
unset RTPCODEC_SIMD
own=(tests/kernels/test_simd_levels.py tests/kernels/test_guard_pages.py) # these go through all levels by themselves
for level in $("$bin/python" -c 'from rtpcodec.kernels._simd import available_levels; print(*available_levels())'); do
    echo "sanitize: $level"
    RTPCODEC_SIMD=$level with_sanitizers bash scripts/test_build.sh "$bin" "$tree" --capture=sys "${own[@]/#/--ignore=}" "$@"
done
echo "sanitize: what goes through all levels"
with_sanitizers bash scripts/test_build.sh "$bin" "$tree" --capture=sys -k "simd_levels or guard_pages" "$@"
echo "sanitize: clean"

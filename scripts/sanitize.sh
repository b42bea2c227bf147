#!/usr/bin/env bash
# AddressSanitizer and UndefinedBehaviorSanitizer over the kernel and codec tests, at every level that this processor has.
set -eu
bin=$1
shift
. scripts/sanitizers.sh
tree=$(RTPCODEC_SANITIZE=1 bash scripts/separate_tree.sh "$bin" sanitize)
# A report of the sanitizers must not be lost in what pytest captures: hence --capture=sys.
unset RTPCODEC_SIMD
for level in $("$bin/python" -c 'from rtpcodec.kernels._simd import available_levels; print(*available_levels())'); do
    echo "sanitize: $level"
    RTPCODEC_SIMD=$level with_sanitizers bash scripts/battery.sh "$bin" "$tree" --capture=sys "$@"
done
echo "sanitize: clean"

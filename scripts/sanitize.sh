#!/usr/bin/env bash
# AddressSanitizer and UndefinedBehaviorSanitizer over the kernel and codec tests, in both forms of the kernels.
set -eu
bin=$1
shift
. scripts/sanitizers.sh
tree=$(RTPCODEC_SANITIZE=1 bash scripts/separate_tree.sh "$bin" sanitize)
# A report of the sanitizers must not be lost in what pytest captures: hence --capture=sys.
unset RTPCODEC_SIMD
echo "sanitize: the form that suits this processor"
with_sanitizers bash scripts/battery.sh "$bin" "$tree" --capture=sys "$@"
echo "sanitize: the portable form"
RTPCODEC_SIMD=portable with_sanitizers bash scripts/battery.sh "$bin" "$tree" --capture=sys "$@"
echo "sanitize: clean"

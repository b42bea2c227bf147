#!/usr/bin/env bash
# Runs a command three times, each time beside as many busy processes as there are cores: no test may depend on how busy
# the machine is. `test_on_busy_machine.sh COMMAND [ARGUMENT ...]`; stops at the first run that fails.
set -eu
[ $# -gt 0 ] || { echo "usage: test_on_busy_machine.sh COMMAND [ARGUMENT ...]" >&2; exit 2; }
runs=3
busy=()

stop_busy_processes() {
    [ ${#busy[@]} = 0 ] || kill "${busy[@]}" 2>/dev/null || true
    wait "${busy[@]}" 2>/dev/null || true
    busy=()
}
trap stop_busy_processes EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

cores=$(getconf _NPROCESSORS_ONLN)
parent=$$
for _ in $(seq "$cores"); do
    # Ends by itself should this script be killed before its traps run.
    (trap - EXIT INT TERM HUP; while kill -0 "$parent" 2>/dev/null; do for _ in {1..100000}; do :; done; done) &
    busy+=($!)
done

for run in $(seq "$runs"); do
    echo "steady: run $run of $runs beside $cores busy processes"
    "$@" || { status=$?; echo "steady: run $run of $runs failed" >&2; exit "$status"; }
done
echo "steady: $runs runs passed beside $cores busy processes"

#!/usr/bin/env bash
# Runs a command in a mount namespace of its own where the system's copies of the libraries are empty files, which nothing
# can open: `without_system_libraries.sh COMMAND ...`. Needs root, or a kernel that gives ordinary users namespaces.
set -eu
if [ "${1:-}" = --inside ]; then
    shift
    for name in libopus.so.0 libopencore-amrwb.so.0 libvo-amrwbenc.so.0; do
        PATH=$PATH:/sbin:/usr/sbin ldconfig -p | awk -v name="$name" '$1 == name { print $NF }' | while read -r copy; do
            mount --bind /dev/null "$copy"
        done
    done
    unset RTPCODEC_LIBRARY_PATH LD_LIBRARY_PATH LD_PRELOAD
    exec "$@"
fi
for how in "--mount --map-root-user" "--mount"; do
    # shellcheck disable=SC2086 # a list of words
    if unshare $how true 2>/dev/null; then exec unshare $how bash "$0" --inside "$@"; fi
done
echo "the system's libraries cannot be hidden here: this needs root, or user namespaces (unshare --mount --map-root-user)" >&2
exit 1

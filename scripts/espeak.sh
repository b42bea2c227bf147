#!/usr/bin/env bash
# Brings espeak-ng, the speech synthesizer of the long tests: `espeak.sh BIN FOLDER`. Root has apt install it; anyone else on
# Debian or Ubuntu gets apt's copies in FOLDER, with a command in BIN. Where neither works the tests that need it say so.
set -u
umask 022
bin=$1
folder=$2
export PATH="$bin:$PATH"
command -v espeak-ng >/dev/null && exit 0
command -v apt-get >/dev/null || { echo "espeak-ng: not installed, and there is no apt to get it from"; exit 0; }

if [ "$(id -u)" = 0 ]; then
    echo "espeak-ng: apt installs it"
    apt=(apt-get -q=2 -o Acquire::Retries=1 -o Acquire::http::Timeout=20 -o DPkg::Lock::Timeout=60)
    export DEBIAN_FRONTEND=noninteractive
    install=("${apt[@]}" install --yes --no-install-recommends espeak-ng)
    "${install[@]}" >/dev/null 2>&1 || { "${apt[@]}" update >/dev/null 2>&1; "${install[@]}" >/dev/null; }
else
    echo "espeak-ng: apt's, unpacked in $folder"
    # The packages that it names in its Depends, beside libc6.
    bash scripts/unpack_debs.sh "$folder" espeak-ng espeak-ng-data libespeak-ng1 libpcaudio0 libsonic0 || exit 0
    libraries=$(dirname "$(find "$folder" -name 'libespeak-ng.so.*' | head -n 1)")
    data=$(dirname "$(find "$folder" -name phontab | head -n 1)")
    printf '#!/bin/sh\nLD_LIBRARY_PATH=%q ESPEAK_DATA_PATH=%q exec %q "$@"\n' \
        "$libraries" "$(dirname "$data")" "$folder/usr/bin/espeak-ng" >"$bin/espeak-ng"
    chmod +x "$bin/espeak-ng"
fi
espeak-ng --version >/dev/null || { echo "espeak-ng: it does not run"; rm -f "$bin/espeak-ng"; }
exit 0

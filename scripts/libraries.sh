#!/usr/bin/env bash
# Brings the libraries that OPUS and AMR-WB need: `libraries.sh PYTHON FOLDER`. Root has apt install them; anyone else on
# Debian or Ubuntu gets apt's copies in FOLDER. Where neither works it says what is missing, which only turns codecs off.
set -u
umask 022 # a library that every user can write is refused
python=$1
folder=$2

missing() { # prints the Debian packages of what rtpcodec does not find
    RTPCODEC_LIBRARY_PATH=${RTPCODEC_LIBRARY_PATH:+$RTPCODEC_LIBRARY_PATH:}$folder "$python" -c '
from rtpcodec.codecs import codec, codec_names
libraries = [library for name in codec_names() for library in codec(name).libraries]
print(*(library.debian_package for library in libraries if library.status().error))'
}

install_with_apt() {
    local apt=(apt-get -q=2 -o Acquire::Retries=1 -o Acquire::http::Timeout=20 -o DPkg::Lock::Timeout=60)
    export DEBIAN_FRONTEND=noninteractive
    "${apt[@]}" install --yes --no-install-recommends "$@" >/dev/null 2>&1 && return
    "${apt[@]}" update >/dev/null 2>&1
    "${apt[@]}" install --yes --no-install-recommends "$@" >/dev/null
}

unpack_into_folder() {
    local root
    root=$(mktemp -d)
    # What a package links to beyond libc it would have to name in its Depends; these three name libc6 alone.
    bash scripts/unpack_debs.sh "$root" "$@" && mkdir -p "$folder" && find "$root" -name 'lib*.so.*' -exec cp -P {} "$folder" \;
    rm -rf "$root"
}

packages=$(missing) || exit 1
[ -n "$packages" ] || exit 0

if command -v apt-get >/dev/null; then
    # shellcheck disable=SC2086 # a list of words
    if [ "$(id -u)" = 0 ]; then
        echo "libraries: apt installs $packages"
        install_with_apt $packages
    else
        echo "libraries: apt's $packages, unpacked in $folder"
        unpack_into_folder $packages
    fi
    packages=$(missing)
    [ -n "$packages" ] || exit 0
fi

echo "libraries: missing, and without them these codecs are off (everything else works):"
for package in $packages; do
    case $package in
        libopus0) off="OPUS" other=opus ;;
        libopencore-amrwb0) off="AMR-WB (decoding)" other=opencore-amr ;;
        libvo-amrwbenc0) off="AMR-WB (encoding)" other=vo-amrwbenc ;;
    esac
    printf '  %-18s Debian, Ubuntu: apt install %s; Fedora: dnf install %s; Arch: pacman -S %s; macOS: brew install %s\n' \
        "$off" "$package" "$other" "$other" "$other"
done
echo "libraries: RTPCODEC_LIBRARY_PATH names other folders to search; setup continues without them"

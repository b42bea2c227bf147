#!/usr/bin/env bash
# Unpacks Debian's Python for arm64, with headers and libraries, in WORK/root: `aarch64_root.sh WORK`. The system's package
# lists and architectures are unchanged: apt uses a separate state and cache.
set -eu
work=$1
mkdir -p "$work/apt/state/lists/partial" "$work/apt/cache/archives/partial" "$work/root.new"
: > "$work/apt/status"
options=(-q=2 -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Dir::State="$work/apt/state"
    -o Dir::State::status="$work/apt/status" -o Dir::Cache="$work/apt/cache" -o Debug::NoLocking=1)
echo "aarch64: Debian's Python for arm64 (30 MB)"
apt-get "${options[@]}" update 2>/dev/null || true # a third-party source without arm64 is not an error
apt-get "${options[@]}" install --download-only --yes --no-install-recommends python3 libpython3-dev libstdc++6 >/dev/null
for package in "$work"/apt/cache/archives/*.deb; do
    dpkg-deb --extract "$package" "$work/root.new"
done
rm -rf "$work/apt"
mv "$work/root.new" "$work/root"

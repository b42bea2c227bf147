#!/usr/bin/env bash
# Unpacks Debian or Ubuntu packages, without what they depend on, into ROOT: `unpack_debs.sh ROOT PACKAGE ...`. Needs no
# rights: it asks apt with the system's package lists, and where these lack the packages with lists of its own.
set -eu
root=$1
shift
for tool in apt-get dpkg-deb; do
    command -v "$tool" >/dev/null || { echo "no '$tool' found: this needs Debian or Ubuntu" >&2; exit 1; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" "$work/debs"
common=(-q=2 -o Dir::Cache="$work/cache" -o Acquire::Retries=1 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20)
own=("${common[@]}" -o Dir::State="$work/state" -o Dir::State::status=/var/lib/dpkg/status -o Debug::NoLocking=1)

cd "$work/debs"
if ! apt-get "${common[@]}" download "$@" >/dev/null 2>&1; then
    apt-get "${own[@]}" update >/dev/null
    apt-get "${own[@]}" download "$@" >/dev/null
fi
mkdir -p "$root"
for package in ./*.deb; do
    dpkg-deb --extract "$package" "$root"
done

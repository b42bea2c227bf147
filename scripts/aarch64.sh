#!/usr/bin/env bash
# Builds for aarch64 with Debian's cross compiler and runs the kernel and codec tests under qemu-user: `aarch64.sh BIN`.
# Debian's own arm64 Python lies unpacked in build/aarch64/root; apt works on a state of its own, nothing is installed.
set -eu
python=$(cd "$1" && pwd)/python
shift
cc=aarch64-linux-gnu-gcc
for tool in "$cc:gcc-aarch64-linux-gnu" qemu-aarch64:qemu-user apt-get:apt dpkg-deb:dpkg; do
    command -v "${tool%%:*}" >/dev/null || { echo "no '${tool%%:*}' found: apt install ${tool#*:} (this target needs Debian or Ubuntu)" >&2; exit 1; }
done
work=$PWD/build/aarch64
root=$work/root
mkdir -p "$work"

[ -x "$root/usr/bin/python3" ] || bash scripts/aarch64_root.sh "$work"
version=$(basename "$(readlink "$root/usr/bin/python3")") # python3.11
site=$work/site-$version
if [ ! -d "$site" ]; then
    echo "aarch64: wheels of what the tests import"
    "$python" -m pip install --quiet --disable-pip-version-check --target "$site.new" --only-binary :all: \
        --platform manylinux2014_aarch64 --platform manylinux_2_17_aarch64 --platform manylinux_2_28_aarch64 --platform manylinux_2_34_aarch64 \
        --implementation cp --python-version "${version#python}" \
        msgspec numpy typing_extensions pytest hypothesis
    mv "$site.new" "$site"
fi

tree=$PWD/$(bash scripts/copy_sources.sh aarch64)
(cd "$tree" && "$python" setup.py --quiet --version) >/dev/null # translates to C
suffix=.cpython-${version//[!0-9]/}-aarch64-linux-gnu.so
find "$tree" -name '*.so' -delete
find "$tree/src" -name '*.c' | while read -r source; do
    "$cc" -O3 -g0 -Wall -fPIC -shared -I"$tree/src" -I"$root/usr/include/$version" -idirafter "$root/usr/include" -I"$(dirname "$source")" \
        "$source" -o "${source%.c}$suffix" -lm
done

# A script as the interpreter: sys.executable names it, so that tests can start processes of their own.
printf '#!/bin/sh\nexec qemu-aarch64 -L %s -0 "$0" %s/usr/bin/%s "$@"\n' "$root" "$root" "$version" > "$work/python"
chmod +x "$work/python"
export PYTHONHOME=$root/usr PYTHONPATH=$tree/src:$PWD:$site PYTHONDONTWRITEBYTECODE=1
"$work/python" -c 'import platform, sys, rtpcodec; print(f"aarch64: {platform.machine()}, Python {platform.python_version()}, SIMD level {rtpcodec.simd_level()}")
sys.exit(rtpcodec.simd_level() != "portable" or platform.machine() != "aarch64")'
# The resident size under qemu is that of its translations.
"$work/python" -m pytest -q -p no:cacheprovider --deselect tests/kernels/test_leaks.py::test_no_leak_in_a_million_calls \
    --deselect tests/kernels/test_leaks.py::test_no_leak_in_a_thousand_calls_of_each_kind "$@" \
    tests/kernels tests/compat tests/codecs tests/audio/test_frames.py
echo "aarch64: clean"

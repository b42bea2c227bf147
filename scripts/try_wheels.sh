#!/usr/bin/env bash
# Tries the wheels in an empty environment where the system's libraries are hidden, rtpcodec alone and then both:
# `try_wheels.sh PYTHON FOLDER`.
set -euo pipefail
python=$1
wheels=$(cd "$2" && pwd)
scripts=$PWD/scripts
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tag=$("$python" -c 'import sys; print("cp%d%d" % sys.version_info[:2])')
unset PYTHONPATH RTPCODEC_LIBRARY_PATH

echo "wheel: trying $tag in an empty environment"
"$python" -m venv "$work/env"
pip=("$work/env/bin/python" -m pip --quiet --disable-pip-version-check install)
cp scripts/check_wheels.py "$work/" # away from the checkout, with -I: nothing of it can be imported
cd "$work"
"${pip[@]}" "$(echo "$wheels/rtpcodec-"*"-$tag-"*.whl)[all]"
echo "rtpcodec alone:"
bash "$scripts/without_system_libraries.sh" env/bin/python -I check_wheels.py alone
"${pip[@]}" "$wheels/rtpcodec_amrwb-"*.whl
echo "both wheels:"
bash "$scripts/without_system_libraries.sh" env/bin/python -I check_wheels.py both

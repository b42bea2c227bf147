#!/usr/bin/env bash
# Cython's own view of each .pyx, with the package's directives: yellow lines talk to the interpreter. `annotate.sh BIN`
set -eu
python=$(cd "$1" && pwd)/python
tree=$(bash scripts/copy_sources.sh annotate)
find "$tree" -name '*.c' -delete
(cd "$tree" && "$python" - <<'PY') > /dev/null
import runpy, sys
from Cython.Compiler import Options

Options.annotate = True
sys.argv = ["setup.py", "--quiet", "--version"]  # setup.py translates whatever the command
runpy.run_path("setup.py")
PY
mkdir -p build/annotate/html
find "$tree/src" -name '*.html' | while read -r page; do
    name=${page#"$tree/src/"}
    cp "$page" "build/annotate/html/${name//\//.}"
done
ls build/annotate/html/*.html

#!/usr/bin/env bash
# Autobahn's test suite against an echo over the endpoint's framing: `autobahn.sh BIN [case ...]`, such as '6.*'.
# Needs Python 2.7, for which the suite is written; everything is set up in build/autobahn.
set -eu
bin=$1
shift
build=build/autobahn
if ! python2=$(bash scripts/find_python.sh 2.7); then
    echo "autobahn: Autobahn's test suite is a Python 2 package and needs Python 2.7 (pyenv install 2.7.18)" >&2
    exit 1
fi
version=25.10.1
if [ ! -f "$build/suite-$version" ]; then
    echo "autobahn: setting up the test suite $version in $build"
    rm -rf "$build/site"
    mkdir -p "$build/site"
    "$python2" -m pip --disable-pip-version-check --quiet install --target "$build/site" "autobahntestsuite==$version" \
        2>"$build/pip.log" || { cat "$build/pip.log" >&2; exit 1; }
    touch "$build/site/zope/__init__.py" "$build/suite-$version"
fi

# The echo ends when its stdin does: with this script, however that ends.
coproc ECHO { exec "$bin/python" -m tests.interop.autobahn_echo 2>"$build/echo.log"; }
if ! read -r port <&"${ECHO[0]}"; then
    cat "$build/echo.log" >&2
    exit 1
fi
rm -rf "$build/reports"
"$bin/python" -m tests.interop.autobahn_report spec "$port" "$build/reports" "$@" >"$build/spec.json"
PYTHONPATH=$build/site PYTHONDONTWRITEBYTECODE=1 "$python2" -c "from autobahntestsuite import wstest; wstest.run()" \
    -m fuzzingclient -s "$build/spec.json" >"$build/wstest.log" 2>&1 || { tail -n 20 "$build/wstest.log" >&2; exit 1; }
exec "$bin/python" -m tests.interop.autobahn_report table "$build/reports"

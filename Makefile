# Builds and runs Penstock from a clone. Each target sets up what it needs.
#
#   make up        run it (make up ARGS="--gateway-port 5000")     make test   all tests
#   make check     format, lint, types, layers, project rules      make bench  compare with others
#   make e2e       the console in a browser    make real-model     a real model as upstream
#   make drill     the faults of providers     make drills         all drills
#   make dist      build the wheel             make lock           update requirements/*.txt
#   make api       update the API client       make docs           update generated pages
#   make coverage  all tests, with coverage    make clients        clients and agents of others
#   make clean     remove what can be rebuilt        make promptfoo   promptfoo against the gateway
#   make ray       runs on a cluster of machines

SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := up

PYTHON  ?= $(shell command -v python3.11 || command -v python3)
NPM     := $(shell command -v npm)
BIN     := .venv/bin
SOURCES := src tests bench checks examples
PIP     := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input
ARGS    ?=
TESTS   ?= tests
PYTEST  := $(BIN)/python -m pytest -n 2 --dist loadfile
# Drills wait for more than half of their time.
DRILLS  := $(BIN)/python -m pytest -n 3 --dist loadfile
UNIT    := not drill and not real_model and not e2e and not clients and not ray

# Tests start Python hundreds of times; without compiled files each start compiles all modules.
export PYTHONDONTWRITEBYTECODE :=
test coverage unit drills drill e2e clients: export TMPDIR := $(shell .ci/memory-folder)

# Stamp files record the state of the environment, so that a second run has nothing to do.
RUNTIME := .venv/.runtime
DEV     := .venv/.dev
SYSTEM  := .venv/.system
CONSOLE := .venv/.console
NODE    := .venv/.examples
REAL    := .venv-real-model/.installed
CLIENTS := .venv-clients/.installed
RAY     := .venv-ray/.installed

.PHONY: up setup check format docs api test coverage unit drills drill bench e2e real-model clients promptfoo ray dist lock clean
.PHONY: check-format check-lint check-types check-layers check-house check-reference check-console

up: $(RUNTIME) $(CONSOLE)
	@exec $(BIN)/penstock up $(ARGS)

setup: $(DEV) $(CONSOLE)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo 'Penstock needs Python 3.11 or newer: make up PYTHON=/path/to/python3.11'; exit 2; }
	@echo 'Setting up .venv (once; about a minute) …'
	@$(PYTHON) -m venv .venv

$(RUNTIME): requirements/runtime.txt requirements/build.txt pyproject.toml | $(BIN)/python
	@$(PIP) --require-hashes -r requirements/runtime.txt -r requirements/build.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): requirements/dev.txt $(RUNTIME)
	@$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@

$(SYSTEM): .ci/system-packages $(DEV)
	@.ci/system-packages
	@touch $@

# The console is built if Node exists; without it the server runs and explains how to get it.
# Not `npm ci`: it rejects a lock without the binaries of other platforms, which a registry may not
# have. `npm install --no-save` uses the lock's versions and hashes and does not change it.
$(CONSOLE): $(shell git ls-files console 2>/dev/null) | $(BIN)/python
	@if [ ! -f console/package.json ]; then :; \
	elif [ -z "$(NPM)" ]; then \
	  echo 'Node was not found: the server runs without the console. Install Node 20 or newer, then run `make up`.'; \
	else \
	  echo 'Building the console …'; \
	  cd console && npm install --no-save --silent --no-audit --no-fund && npm run --silent build \
	    && touch ../$@; \
	fi

$(NODE): examples/package-lock.json | $(BIN)/python
	@if [ -n "$(NPM)" ]; then cd examples && npm ci --silent --no-audit --no-fund; fi
	@touch $@

# Each check is a separate target, so that `make -k check` shows all failures.
GATES := check-format check-lint check-types check-layers check-house check-reference check-console
check: $(GATES)
$(GATES): $(DEV)
check-format:
	@$(BIN)/ruff format --check --quiet .
check-lint:
	@$(BIN)/ruff check --quiet .
check-types:
	@$(BIN)/basedpyright
check-layers:
	@$(BIN)/lint-imports --no-logo
check-house:
	@$(BIN)/python -m checks
check-reference:
	@$(BIN)/python -m checks.reference --check
check-console: $(CONSOLE)
	@if [ -n "$(NPM)" ]; then cd console && npm run --silent check; fi

docs: $(DEV)
	@$(BIN)/python -m checks.reference

# Generates the console's client from the API.
api: $(DEV) $(CONSOLE)
	@$(BIN)/python -m penstock.entrypoints.server.openapi > console/openapi.json
	@cd console && npm run --silent build

format: $(DEV)
	@$(BIN)/ruff format --quiet . && $(BIN)/ruff check --quiet --fix .

# Coverage costs as much CPU as the tests themselves, so that `make test` measures the kernel alone,
# with the kernel's own tests.
test: $(DEV) $(SYSTEM) $(NODE) $(CONSOLE)
	@$(PYTEST) -m '$(UNIT)' $(TESTS)
	@$(DRILLS) -m drill $(TESTS)
	@$(BIN)/python -m pytest --cov=penstock.kernel --cov-report= --cov-fail-under=100 tests/kernel

coverage: $(DEV) $(SYSTEM) $(NODE) $(CONSOLE)
	@rm -f .coverage .coverage.*
	@$(PYTEST) --cov --cov-report= --cov-fail-under=0 -m '$(UNIT)' $(TESTS)
	@$(DRILLS) --cov --cov-append --cov-report= --cov-fail-under=0 -m drill $(TESTS)
	@$(BIN)/coverage report --skip-covered

unit: $(DEV)
	@$(PYTEST) -m '$(UNIT)' $(TESTS)

# The faults of providers at full size: docs/drill.md.
drill: $(DEV)
	@$(BIN)/python -m pytest --drill-full --durations=0 --durations-min=0.5 tests/drills/test_fault_drill.py

drills: $(DEV) $(SYSTEM) $(NODE)
	@$(BIN)/python -m pytest -s -m drill $(TESTS)

bench: $(DEV) $(SYSTEM)
	@$(MAKE) --no-print-directory -C bench ARGS='$(ARGS)'

e2e: $(DEV) $(SYSTEM) $(CONSOLE)
	@if [ -d tests/e2e ]; then $(PYTEST) -m e2e tests/e2e; \
	else echo 'No browser tests found.'; fi

# Needs a CPU build of torch, which pip must find on Linux: see tests/real_model/README.md.
$(REAL): requirements/real-model.txt requirements/real-model-torch.txt
	@echo 'Setting up .venv-real-model (once; about a minute) …'
	@$(PYTHON) -m venv .venv-real-model
	@.venv-real-model/bin/python -m pip install --quiet --disable-pip-version-check --no-input \
	  --require-hashes $(addprefix -r ,$^)
	@touch $@

real-model: $(DEV) $(REAL)
	@$(BIN)/python -m pytest -s -m real_model tests/real_model

# Clients that others wrote. Without dependencies, because the locks leave out what their calls do
# not use (requirements/*-without.txt). aider is apart, because it pins the versions of all it uses.
# evaluators has the libraries that evaluators use.
APART   := clients aider evaluators
$(CLIENTS): $(APART:%=requirements/%.txt) tests/clients/node/package-lock.json
	@echo 'Setting up $(APART:%=.venv-%) (once; a few minutes) …'
	@for each in $(APART); do $(PYTHON) -m venv .venv-$$each; \
	  .venv-$$each/bin/python -m pip install --quiet --disable-pip-version-check --no-input \
	    --no-compile --no-deps --require-hashes -r requirements/$$each.txt; done
	@if [ -n "$(NPM)" ]; then cd tests/clients/node && npm ci --silent --no-audit --no-fund; fi
	@touch $@

clients: $(DEV) $(CLIENTS)
	@$(BIN)/python -m pytest -s -m clients $(ARGS) tests/clients

# promptfoo against the gateway. Apart from `make clients`, because it brings 265 MB; the database
# driver that it needs is an optional package of libsql, here the one for Linux on x86-64.
promptfoo: $(DEV) $(CLIENTS)
	@cd tests/clients/promptfoo && npm ci --omit=optional --omit=peer --ignore-scripts --silent --no-audit --no-fund
	@$(BIN)/python -m pytest -s -m clients -k promptfoo tests/clients/test_evaluation_tools.py

# Ray beside the packages of .venv.
$(RAY): requirements/ray.txt | $(DEV)
	@echo 'Setting up .venv-ray (once; half a minute) …'
	@$(PYTHON) -m venv .venv-ray
	@.venv-ray/bin/python -m pip install --quiet --disable-pip-version-check --no-input \
	  --require-hashes -r requirements/ray.txt
	@packages() { "$$1" -c 'import sysconfig; print(sysconfig.get_path("purelib"))'; }; \
	  echo "import site; site.addsitedir('$$(packages $(BIN)/python)')" \
	  > "$$(packages .venv-ray/bin/python)/penstock.pth"
	@touch $@

ray: $(DEV) $(RAY)
	@$(BIN)/python -m pytest -s -m ray $(ARGS) tests/ray_machines

dist: $(DEV) $(CONSOLE)
	@rm -rf dist && $(BIN)/python -m hatchling build -t wheel && ls -l dist

LOCK := $(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --upgrade --no-strip-extras \
	--no-emit-index-url --custom-compile-command 'make lock'
lock: $(DEV)
	@for each in runtime build dev; do $(LOCK) requirements/$$each.in -o requirements/$$each.txt; done
	@$(LOCK) --excludes requirements/real-model-without.txt --no-emit-package torch \
	  requirements/real-model.in -o requirements/real-model.txt
	@$(LOCK) requirements/ray.in -o requirements/ray.txt
	@for each in $(APART); do $(LOCK) --excludes requirements/$$each-without.txt \
	  $$(find requirements -name $$each-overrides.txt -printf '--overrides %p') requirements/$$each.in -o requirements/$$each.txt; done

clean:
	@rm -rf .venv .venv-* dist build src/penstock/console console/node_modules {examples,tests/clients/node,tests/clients/promptfoo}/node_modules
	@rm -rf .ruff_cache .pytest_cache .hypothesis .coverage .coverage.* .import_linter_cache

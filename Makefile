# What a person, and CI, types here. Nothing but make, Python 3.11 or newer and pip is needed.
#
#   make install    .venv with everything that is needed, and the causeway command in it
#   make wheel      a wheel of this version in dist/
#   make demo       the whole path of an order on this machine, against both sandboxes
#   make days       the same with real orders (ORDERS="a.csv b.csv"), at full speed
#   make test       the test suite
#   make test-long  the tests that take longer: real processes, random lives of orders
#   make test-fresh whatever draws its examples, with new ones (SEED=…)
#   make crashes    kills at every point, every broken answer, every bad step, of every entity
#   make check      format, lint, types, import rules, unused code, tests: what CI runs first
#   make format     format and lint, with what can be corrected automatically
#   make bench      the benchmarks; writes var/bench.json
#   make size       lines and files by folder and entity
#   make trace      the functions and files that one new order passes
#   make chaos      real orders while sandboxes misbehave and processes are killed (SEED=…)
#   make evaluate  the figures of every intelligence feature (DATA=folder of the same formats)
#   make supply-chain  licences, known vulnerabilities, and dist/causeway.cdx.json (SBOM)
#   make sandbox    both sandboxes in the foreground
#   make lock       new lock files from requirements*.in
#   make clean      remove .venv and the caches
#
# PYTHON=/path/to/python3.12 picks the interpreter that .venv is made with.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help install wheel demo test test-long test-fresh check bench lock sandbox clean format days size trace evaluate supply-chain chaos crashes

BIN := .venv/bin
STAMP := .venv/.complete
# Each test file stays on one of the workers: what it starts is started once. There is one worker
# more than cores, for tests wait for servers and processes a quarter of their time.
PYTEST := $(BIN)/python -m pytest -q -p no:cacheprovider -n 3 --dist loadfile
# A shell may have it set; without bytecode every start of every process compiles our modules anew.
unexport PYTHONDONTWRITEBYTECODE
# Shows that the rest of a recipe is at work, until `kill $$dots` or the end of its shell. (With a
# trap for that, a shell that is killed would wait for what it runs.)
DOTS = while sleep 3 && kill -0 $$$$ 2>/dev/null; do printf .; done & dots=$$!
ORDERS ?=
SEED ?=
KEEP ?=
QUICK ?=
POSTGRESQL ?=
LIST ?=
NAMES ?=
DATA ?=
PYTHON ?=

help:
	@sed -n 's/^#   //p' Makefile

# An environment whose Python went away, as with an upgrade of the machine, is not complete.
$(shell [ ! -e $(STAMP) ] || $(BIN)/python -c '' >/dev/null 2>&1 || rm -f $(STAMP))

# The stamp is written last: an interrupted installation is started again, from the beginning where
# not even pip is in it yet. A candidate is tried by running it, for a version manager's shim may
# exist for a Python that does not.
$(STAMP): requirements.lock requirements-extras.lock requirements-dev.lock requirements.in pyproject.toml
	@python=''; \
	for candidate in $(PYTHON) python3.11 python3.12 python3.13 python3; do \
	  if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	    python="$$candidate"; break; \
	  fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo 'Causeway needs Python 3.11 or newer, and none was found.' >&2; \
	  echo 'Install one, or say where it is: make PYTHON=/path/to/python3.12 …' >&2; \
	  exit 2; \
	fi; \
	if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	  echo "making .venv with $$("$$python" --version)"; \
	  "$$python" -m venv --clear .venv || { \
	    echo 'That Python cannot make a virtual environment (on Debian: apt install python3-venv).' >&2; \
	    rm -rf .venv; exit 2; }; \
	fi
# The lock files name everything: pip has nothing to resolve, and older ones would get it wrong.
	@printf 'installing the locked packages into .venv, a minute or two '; $(DOTS); \
	$(BIN)/python -m pip install -qq --no-compile --disable-pip-version-check --require-hashes \
	  --no-deps -r requirements.lock -r requirements-extras.lock -r requirements-dev.lock; \
	$(BIN)/python -m pip install -qq --no-compile --disable-pip-version-check \
	  --no-deps --no-build-isolation -e .; \
	kill $$dots; echo ' done'
# Without bytecode every start of every process takes twice as long. Some packages ship files that
# are not meant to compile; that is no reason to stop.
	@printf 'compiling, a minute or two '; $(DOTS); \
	$(BIN)/python -m compileall -qq -j 2 .venv/lib $(wildcard */) >/dev/null 2>&1 || true; \
	kill $$dots; echo ' done'
	@touch $(STAMP)

install: $(STAMP)
	@$(BIN)/causeway --version >/dev/null
	@echo 'installed. Use it by: source .venv/bin/activate; causeway -h'

# It holds what runs: mappings, prefect.yaml and the demo among it. Its dependencies are ranges; the
# lock files (pip install -r requirements.lock) name the versions that were tested.
wheel: $(STAMP)
# What an earlier build left there would get into the wheel.
	@rm -rf build
	@$(BIN)/python -m pip wheel -q --disable-pip-version-check --no-deps --no-build-isolation \
	  --wheel-dir dist .
	@ls dist/*.whl

demo: $(STAMP)
	@$(BIN)/python -m demo $(foreach file,$(ORDERS),--orders '$(file)') $(if $(KEEP),--keep)

# The same, with real orders at full speed: nothing missing, nothing twice, not a cent off.
days: $(STAMP)
	@$(BIN)/python -m demo --limits off $(foreach file,$(ORDERS),--orders '$(file)')

# Everything is measured on this machine, in minutes; QUICK=1 for less of it, NAMES="latency batch"
# for some of it. Real orders come from ORDERS, or from the folder that CAUSEWAY_SHARED names.
bench: $(STAMP)
	@$(BIN)/python -m bench $(NAMES) $(if $(QUICK),--quick) $(foreach file,$(ORDERS),--orders '$(file)')

# Non-blank lines and files by folder, and of tasks/ by entity.
size: $(STAMP)
	@$(BIN)/python -m bench.size

# Functions and files of ours that one new order passes; LIST=1 names them.
trace: $(STAMP)
	@$(BIN)/python -m bench.trace $(if $(LIST),--list)

# Everything fails, by SEED, while the orders of ORDERS (or of the real days of CAUSEWAY_SHARED) come;
# QUICK=1 for a minute of it, POSTGRESQL=1 on a server that is killed as well. Writes var/chaos.json.
chaos: $(STAMP)
	@$(BIN)/python -m chaos $(if $(SEED),--seed $(SEED)) $(if $(QUICK),--short) \
	  $(if $(POSTGRESQL),--postgresql) $(foreach file,$(ORDERS),--orders '$(file)')

# Figures on the labelled data next to the repository, or of DATA=folder; writes var/evaluate.json.
evaluate: $(STAMP)
	@$(BIN)/python -m evaluation $(if $(DATA),--data '$(DATA)') $(NAMES)

test: $(STAMP)
	@$(PYTEST) -m 'not long'

test-long: $(STAMP)
	@$(PYTEST) -m 'long and not crashes'

# Random lives, edits and inputs are drawn anew; the same ones come again with the SEED it prints.
test-fresh: $(STAMP)
	@seed="$(or $(SEED),$$(date +%s))"; \
	echo "examples are drawn with SEED=$$seed"; \
	$(PYTEST) -m '(hypothesis or draws) and not crashes' --hypothesis-profile=fresh --hypothesis-seed="$$seed"

# All of what test-long draws a part of; about an hour on two cores.
crashes: $(STAMP)
	@$(PYTEST) tests/crashes -m crashes

check: $(STAMP)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/vulture
	@$(PYTEST) -m 'not long'

format: $(STAMP)
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

supply-chain: $(STAMP)
	@.ci/supply-chain

sandbox: $(STAMP)
	@$(BIN)/causeway sandbox serve $(foreach file,$(ORDERS),--orders '$(file)')

# No index is named in the files: they install from whichever one the machine is set up with.
UV_LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-header

lock: $(STAMP)
	@$(UV_LOCK) requirements.in --output-file requirements.lock
	@$(UV_LOCK) requirements-extras.in --output-file requirements-extras.lock
	@$(UV_LOCK) requirements-dev.in --output-file requirements-dev.lock
	@$(UV_LOCK) requirements-supply-chain.in --output-file requirements-supply-chain.lock
	@cd tests/clients && for name in libraries tap; do \
	  ../../$(UV_LOCK) $$name.in --output-file $$name.lock; done
	@cd tests/clients && npm install --package-lock-only --silent

clean:
	@rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .import_linter_cache

# Ringside. `make live` and `make test` each do all their own set-up; `make help` lists every target.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := .stamps
SOURCE ?= testcard
# Every process that a test starts would compile all that it imports once more.
export PYTHONDONTWRITEBYTECODE :=
PAGES := $(shell find src/ringside/flow/watch -name '*.js' -o -name '*.css' -o -name '*.html' -o -name '*.mjs' 2>/dev/null | grep -v -e /dist/ -e node_modules)

.DEFAULT_GOAL := help
.PHONY: help setup live relay test test-heavy test-crowds test-light test-events test-pages test-patient check bench clean

help:  ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMPS)/python: requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Ringside needs Python 3.11 or newer: install python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Ringside needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "the environment could not be made: install python3-venv"; exit 1; }
	@echo "installing the Python packages..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/pages: $(STAMPS)/python package.json package-lock.json $(PAGES)
	@echo "building the pages..."
	@$(BIN)/python -m ringside.flow.watch.build
	@touch $@

setup: $(STAMPS)/python $(STAMPS)/pages  ## make the environment and the pages

live: setup  ## carry the test card (or SOURCE=...) live to http://127.0.0.1:8080/
	@exec $(BIN)/ringside live $(SOURCE) $(ARGS)

check: setup  ## lint and types
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy

# Lanes: the crowds, which take all there is; then, side by side, what plays in a browser or to services, and what runs
# whole events or plays peers'. Beside all of them, giving way, runs what mostly waits, and the rest.
PAGES_TESTED := tests/watch $(foreach name,push wall page whip two_studios restream,tests/e2e/test_$(name).py) tests/test_bench_sync.py
PATIENT := $(foreach name,target bad_input sources archive_restart moq,tests/e2e/test_$(name).py) tests/deploy/test_front_target.py
WITH_PEERS := tests/relay/test_pull_peers.py
EVENTS := $(filter-out $(PAGES_TESTED) $(PATIENT),$(wildcard tests/e2e/test_*.py tests/deploy/test_*.py)) tests/cli $(WITH_PEERS)
CROWDS := tests/check tests/crowd
ELSEWHERE := tests/e2e tests/watch tests/deploy tests/cli tests/test_bench_sync.py $(CROWDS) %__pycache__
LIGHT := $(filter-out $(ELSEWHERE),$(patsubst %/,%,$(wildcard tests/*/ tests/test_*.py))) $(addprefix --ignore=,$(WITH_PEERS))

test: setup check  ## everything CI runs: lint, types, tests
	@$(BIN)/python tests/peers.py
ifdef ARGS
	@$(BIN)/pytest $(ARGS)
else
	@$(MAKE) --no-print-directory --keep-going --jobs 4 --output-sync=target test-light test-patient test-heavy
endif

test-heavy:
	@failed=0; \
	$(MAKE) --no-print-directory test-crowds || failed=1; \
	$(MAKE) --no-print-directory --keep-going test-events test-pages || failed=1; \
	exit $$failed

test-crowds:
	@$(BIN)/pytest -n 2 --dist loadfile $(CROWDS)

test-light:
	@nice -n 10 $(BIN)/pytest $(LIGHT)

test-events:
	@$(BIN)/pytest $(EVENTS)

test-pages:
	@$(BIN)/pytest $(PAGES_TESTED)

test-patient:
	@nice -n 2 $(BIN)/pytest $(PATIENT)

relay: setup  ## build the stock MoQ relay that some tests publish to (needs cargo; some minutes, once)
	@$(BIN)/python tests/peers.py moq-relay

bench: setup  ## measure, side by side with peers; figures go to bench/out
	@$(BIN)/python tests/peers.py wrk
	@$(BIN)/python -m bench $(ARGS)

clean:  ## remove what set-up made
	@rm -rf $(VENV) $(STAMPS) node_modules src/ringside/flow/watch/dist src/*.egg-info

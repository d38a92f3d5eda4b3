# Needs Python 3.11 or newer, make and git; everything else is fetched into .venv, pinned by hash.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
FUZZED := .venv-fuzz
FUZZ_MINUTES ?= 2
SANDBOX := .venv-sandbox/.ready-$(shell cksum < requirements/sandbox.txt | tr ' ' '-')
READY := $(VENV)/.ready-$(shell cat requirements/*.txt pyproject.toml 2>/dev/null | cksum | tr ' ' '-')

.DEFAULT_GOAL := help
.PHONY: help setup demo test check format bench bench-rules bench-readers bench-bars bench-load fuzz chaos chaos-planted assurance peers simulation up down lock apis

help: ## what can be done here
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /|/' | awk -F'|' '{printf "make %-13s %s\n", $$1, $$2}'

setup: $(READY) $(SANDBOX) ## make .venv with everything pinned (under 2 s when nothing changed)

$(READY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Front Door needs Python 3.11 or newer; set PYTHON=")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "setting up .venv (once; about a minute)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@rm -f $(VENV)/.ready-* && touch $@

# The NHS's own MESH sandbox, which the tests start: it pins its web framework, so it lives apart.
$(SANDBOX):
	@test -x .venv-sandbox/bin/python || $(PYTHON) -m venv .venv-sandbox
	@.venv-sandbox/bin/python -m pip install --quiet --disable-pip-version-check --ignore-requires-python --require-hashes -r requirements/sandbox.txt
	@rm -f .venv-sandbox/.ready-* && touch $@

demo: $(READY) ## a month of one borough's referrals, all the way through, on this machine
	@$(BIN)/frontdoor demo

test: $(READY) $(SANDBOX) ## every test that this machine can run
	@$(BIN)/pytest $(PYTEST)

check: $(READY) ## the one gate: lint, format, types, architecture, conventions
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/pytest -q tests/conventions

format: $(READY) ## put the code into the one shape
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format --quiet .

apis: $(READY) ## write docs/asyncapi.yaml, openapi.json, schemas and settings.md anew
	@$(BIN)/python -m tests.contract.asyncapi
	@$(BIN)/python -m tests.contract.test_openapi
	@$(BIN)/python -m tests.contract.snapshot
	@$(BIN)/python -m tests.contract.test_settings_table

bench: $(READY) ## measure on Apache Kafka and write docs/benchmarks.md
	@$(BIN)/python -m tests.bench

bench-rules: $(READY) ## measure rules and their gate and write docs/benchmarks-rules.md
	@$(BIN)/python -m tests.bench.rules

bench-readers: $(READY) ## measure each standard's reader against the bare library and write docs/benchmarks-readers.md
	@$(BIN)/python -m tests.bench.readers

bench-bars: $(READY) ## measure how soon BaRS is answered under load and write docs/benchmarks-bars.md
	@$(BIN)/python -m tests.bench.bars_load

bench-load: $(READY) ## measure what the whole system holds for ten minutes (about 20 in all) and write docs/benchmarks-load.md
	@$(BIN)/python -m tests.bench.whole

fuzz: $(FUZZED)/.ready ## garble messages of each standard for FUZZ_MINUTES (2); what breaks a reader is kept in tests/samples
	@$(FUZZED)/bin/python -m tests.fuzz --minutes $(FUZZ_MINUTES)

$(FUZZED)/.ready: requirements/fuzz.txt
	@test -x $(FUZZED)/bin/python || $(PYTHON) -m venv $(FUZZED)
	@$(FUZZED)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/fuzz.txt
	@touch $@

chaos: $(READY) ## CHAOS_MINUTES (5) of seeded faults on CHAOS_BROKERS (1) of Apache Kafka and PostgreSQL, then every invariant (SEED=N: again)
	@$(BIN)/python -m tests.chaos.seeded $(if $(SEED),--seed $(SEED))

chaos-planted: $(READY) ## plant faults into the services, one after the other: each run must catch its own
	@$(BIN)/python -m tests.chaos.seeded.planted

assurance: $(READY) ## seed mistakes in Lambeth's rules, ask the gate about each, write docs/rules-assurance.md
	@$(BIN)/python -m tests.assurance

simulation: $(READY) ## 100,000 schedules of what can happen to a consuming loop, in virtual time
	@$(BIN)/python -m tests.simulation

peers: $(READY) ## software of others against a running front door: HAPI sends HL7 v2 over TLS (needs Java 17 and Maven)
	@$(BIN)/python -m tests.peers

up: ## the whole system in containers (docker compose)
	@$(PYTHON) deploy/first_run.py
	@docker compose up --build --detach --wait
	@$(PYTHON) deploy/first_run.py tell

down: ## stop the containers; the data stays in its volumes
	@docker compose down

lock: ## pin requirements/*.in anew (needs uv)
	@cd requirements && for set in services dev sandbox fuzz; do uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header --no-annotate $$set.in --output-file $$set.txt; done

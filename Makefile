# Everything a contributor does here is one of these words; `make` alone lists them.

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-fast exhaustive bench check format lock

PYTHON ?= python3
BIN := .venv/bin
LOCKS := deploy/requirements.txt deploy/requirements-dev.txt deploy/requirements-node.txt
# The stamp's name is the content that the set-up installs: another lock or another script is another set-up.
KEY := $(shell cat $(LOCKS) pyproject.toml deploy/govuk_frontend.py deploy/govuk-frontend.json 2>/dev/null | sha256sum | cut -c1-16)
STAMP := .venv/.setup-$(KEY)
# Static checks read these; migrations appear as the house fills up.
CODE := services shared migrations deploy tests

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP) ## Install everything into .venv, with hashes; does nothing when nothing has changed

$(STAMP):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Encompass needs Python 3.11 or later. Install it (Debian: python3 python3-venv), or name one: make setup PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { \
	  echo "Python cannot make a virtual environment (Debian: apt-get install python3-venv)."; rm -rf .venv; exit 1; }
	$(BIN)/python -m pip install --quiet --require-hashes -r deploy/requirements-dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	$(BIN)/python deploy/govuk_frontend.py
	@rm -f .venv/.setup-*
	@touch $@

demo: setup ## Start Encompass with fictional data in one process (DEMO_ARGS=--check walks one report through it and ends)
	$(BIN)/encompass demo $(DEMO_ARGS)

test: setup ## Run every test; ends with what could not run here and how to get it (TEST_ARGS go to pytest)
	$(BIN)/python -m tests.run $(TEST_ARGS)

test-fast: setup ## Run the tests that need nothing but Python, in under a minute
	$(BIN)/python -m tests.run --fast $(TEST_ARGS)

bench: setup ## Measure against a reference and a floor in one run; needs PostgreSQL and RabbitMQ (BENCH_ARGS=--quick for a look)
	$(BIN)/python -m pip install --quiet --require-hashes -r deploy/requirements-bench.txt
	$(BIN)/python -m tests.benchmarks.run $(BENCH_ARGS)

exhaustive: setup ## Run the tests that are too long for every day, among them ten seeds of the headless demo
	$(BIN)/python -m tests.run -m exhaustive $(TEST_ARGS)

check: setup ## Lint, formatting, strict types and the house rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_tidy.py

format: setup ## Put the code into the one format
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

# No index address and no machine's path may enter a lock: they come from the environment of whoever runs this.
COMPILE := $(BIN)/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 \
  --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

lock: ## Write the hash-pinned locks anew (LOCK_ARGS=--upgrade for newer versions)
	@test -x $(BIN)/uv || { echo "uv, from the lock there is, writes the next one: run make setup first."; exit 1; }
	$(COMPILE) $(LOCK_ARGS) pyproject.toml --group build -o deploy/requirements.txt
	$(COMPILE) $(LOCK_ARGS) pyproject.toml --group build --group dev -c deploy/requirements.txt -o deploy/requirements-dev.txt
	$(COMPILE) $(LOCK_ARGS) pyproject.toml --extra bench --group build --group dev -c deploy/requirements-dev.txt -o deploy/requirements-bench.txt
	$(COMPILE) $(LOCK_ARGS) --group node -o deploy/requirements-node.txt

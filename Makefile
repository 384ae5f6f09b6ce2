# make help lists the targets. Everything is installed into .venv; scripts/setup.py does it and is quick when nothing changed.
PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup setup-to-run demo dev test test-browsers check bench schema build lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## everything that the other targets need; quick when nothing changed
	@$(PYTHON) scripts/setup.py

setup-to-run:
	@$(PYTHON) scripts/setup.py --to-run

demo: setup-to-run ## the sample shop on http://127.0.0.1:5008 (PORT and DATA_DIR are honoured)
	@LOG_LEVEL=$${LOG_LEVEL:-warning} LOG_FORMAT=$${LOG_FORMAT:-console} exec $(BIN)/recomengine demo

dev: setup-to-run ## the system without the sample shop, with readable logs
	@LOG_FORMAT=console exec $(BIN)/recomengine up

check: setup ## linter, types of Python and TypeScript, one-way imports
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/node sdk/node_modules/typescript/bin/tsc -p sdk
	$(BIN)/python dashboard/build.py --types
	$(BIN)/node dashboard/node_modules/typescript/bin/tsc -p dashboard

test: check ## linters, types and every test
	$(BIN)/python -m pytest -q

test-browsers: setup ## the shopper's main path in Firefox and WebKit, where they are installed
	$(BIN)/python -m pytest -q -rP tests/browser/other_engines.py

bench: setup ## kernels beside their peers, HTTP budgets, kill -9; into bench/results
	$(BIN)/python -m bench

schema: setup-to-run ## migrations/schema.sql anew, after a migration was added
	$(BIN)/python scripts/schema.py

build: setup-to-run ## wheels and source distributions, of the server and of its Python client, in dist/
	rm -rf dist
	$(BIN)/python -m uv build --no-build-isolation --quiet --out-dir dist
	$(BIN)/python -m uv build --no-build-isolation --quiet --out-dir dist sdk/python

lock: ## pin requirements/*.txt anew from pyproject.toml
	$(PYTHON) scripts/setup.py --lock

clean: ## remove what setup and the tests made
	rm -rf .venv build dist sdk/node_modules dashboard/node_modules src/recomengine/site/built .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src -name '*.so' -delete -o -name '*.c' -path '*/_core/*' -delete

# Each target is one line; `make help` lists them.
PY := .venv/bin/python
UV := .venv/bin/uv
PIN := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make pins"
.PHONY: help setup run test check deep bench crash pins
.DEFAULT_GOAL := help

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup: .venv/ready-dev ## make .venv with everything that development needs

run: .venv/ready-run ## start the demo market on http://127.0.0.1:8000 (PORT= changes it), Ctrl-C stops all of it
	@exec $(PY) -m market.cli serve --port $${PORT:-8000}

test: .venv/ready-dev ## run the whole test suite against a PostgreSQL of its own
	$(PY) -m pytest

check: .venv/ready-dev ## what CI runs: linters, types, import contracts, migrations, tests with coverage
	$(PY) -m scripts.check

deep: .venv/ready-dev ## what is tried at random at full length: 2,000 examples in memory, 200 on PostgreSQL, 200 kills
	MARKET_TEST_DEEP=1 $(PY) -m pytest -m deep

bench: .venv/ready-dev ## the benchmarks, each closing in one line NAME ratio=X.XX
	$(PY) -m scripts.bench

crash: .venv/ready-dev ## kill databases and processes under 32 bidders, then look for every acknowledged bid
	$(PY) -m scripts.crash

pins: .venv/ready-dev ## compile requirements/*.txt from pyproject.toml, with hashes
	$(PIN) pyproject.toml --group build -o requirements/run.txt && $(PIN) pyproject.toml --group build --group dev --extra semantic -o requirements/dev.txt

.venv/bin/uv: requirements/uv.txt
	@python3 -m venv .venv && .venv/bin/python -m pip --quiet --disable-pip-version-check install --require-hashes -r requirements/uv.txt && touch $@

.venv/ready-%: requirements/%.txt .venv/bin/uv pyproject.toml
	@echo "installing $<" && $(UV) pip install --quiet --compile-bytecode --python $(PY) --require-hashes -r $< && $(UV) pip install --quiet --python $(PY) --no-deps --no-build-isolation -e . && $(PY) -m compileall -q schemas search market scripts && touch $@

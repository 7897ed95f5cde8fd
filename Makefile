# Two commands set up all they need: `make demo` and `make test`. They want Python 3.11 or later and a package index.

PYTHON ?= python3
VENV   ?= .venv
PY     := $(VENV)/bin/python

.DEFAULT_GOAL := help
.PHONY: help demo check test fix bench clean

help:
	@echo "make demo   what the images in data/samples cost"
	@echo "make check  a minute or two: format, lint, types, import contracts, the fast tests"
	@echo "make test   every check, with slow tests and coverage, on every core"
	@echo "make fix    format, and mend what the linter can"
	@echo "make bench  speed beside what a user would pick instead (minutes; see benchmarks/README.md)"

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "imgcost needs Python 3.11 or later; name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --upgrade 'pip>=25.1'

$(VENV)/.demo: $(PY) pyproject.toml
	$(PY) -m pip install --quiet --editable .
	@touch $@

$(VENV)/.test: $(PY) pyproject.toml
	$(PY) -m pip install --quiet --editable '.[report,pdf]' --group test --group lint
	@touch $@ $(VENV)/.demo

$(VENV)/.bench: $(PY) pyproject.toml
	$(PY) -m pip install --quiet --editable '.[report,pdf]' --group bench
	@touch $@ $(VENV)/.demo

demo: $(VENV)/.demo
	$(VENV)/bin/imgcost scan data/samples
	$(VENV)/bin/imgcost estimate 1920x1080 4032x3024 -m sonnet -m haiku --count 50000
	$(VENV)/bin/imgcost plan data/samples -m sonnet -m haiku --scenario data/job.toml
	$(VENV)/bin/imgcost check data/samples --exit-zero

check: $(VENV)/.test
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports
	$(PY) -m pytest -n auto -m 'not slow' --hypothesis-profile=quick

test: $(VENV)/.test
	@sh .ci/packages
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports
	$(PY) -m coverage erase
	$(PY) -m coverage run -m pytest -n auto
	$(PY) -m coverage combine --quiet
	$(PY) -m coverage report

fix: $(VENV)/.test
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

bench: $(VENV)/.bench
	$(PY) benchmarks/arrays.py
	$(PY) benchmarks/plans.py
	$(PY) benchmarks/preflight.py
	$(PY) benchmarks/corpus.py --files 20000
	$(PY) benchmarks/scan.py benchmarks/corpus

clean:
	rm -rf $(VENV) .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache

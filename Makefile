# Every target sets itself up in a fresh clone; Python 3.11 or later, with venv, is all it needs.
PYTHON ?= python3
# Two workers on the two cores of a small machine; pytest-xdist's own names ("auto", "0") work too.
WORKERS ?= 2

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
WHEEL_TREE := build/wheel

.PHONY: help setup demo test test-wheel check format bench bench-gpu bench-detection clean
.DEFAULT_GOAL := help

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' Makefile

setup: $(READY) ## the virtual environment that all other targets use

$(READY): pyproject.toml deploy/constraints.txt .ci/venv
	@.ci/venv $(PYTHON) $(VENV)
	@touch $@

demo: $(READY) ## real recorded sensors through a broker, learnt, with alerts, in three minutes
	@$(BIN)/offbeat demo

test: $(READY) ## all tests, against this tree
	@.ci/debian-packages
	@$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile

test-wheel: $(READY) ## the tests of the code, against the wheel as it would be installed
	@rm -rf $(WHEEL_TREE) build/dist
	@$(BIN)/python -m build --wheel --no-isolation --outdir build/dist . >build/wheel.log 2>&1 || { cat build/wheel.log; exit 1; }
	@$(BIN)/python -m pip install -q --no-deps --target $(WHEEL_TREE) build/dist/*.whl
	@PYTHONPATH=$(CURDIR)/$(WHEEL_TREE) OFFBEAT_WHEEL=$(CURDIR)/$(WHEEL_TREE) \
		$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile -m "not packaging"

check: $(READY) ## lint, format, types, direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(READY) ## put the code into shape
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(READY) ## the numbers to hold, measured on this machine in one run
	@$(BIN)/python -m tests.benchmarks

bench-gpu: $(READY) ## scoring and training on an NVIDIA GPU against the CPU; needs one, and a CUDA build of torch
	@$(BIN)/python -m tests.benchmarks.gpu

bench-detection: $(READY) ## how well anomalies are found, on injected faults and recorded sets; resumes where it stopped
	@$(BIN)/python -m tests.benchmarks.detection

clean: ## remove what the other targets made
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# `make demo` trains GraphCast from nothing to a forecast; `make test` runs the tests.
# `make test-all` adds the tests that need TensorFlow, Ray or a tracker.
# `make faults` kills, starves and breaks runs, SEEDS times each (50: most of an hour).
# All set up .venv themselves and need only Python 3.11 or newer and make.

PYTHON ?= python3
BIN := .venv/bin
UV := $(shell command -v uv 2>/dev/null)

SEEDS ?= 50

.PHONY: demo test test-all faults check format clean

demo: .venv/demo.stamp
	$(BIN)/glidepath train graphcast --out runs/demo --resume auto

test: .venv/test.stamp
	$(BIN)/python -m pytest -m "not heavy" -n auto --maxprocesses 4 --dist loadfile

test-all: test .venv/heavy.stamp
	$(BIN)/python -m pytest -m heavy

faults: .venv/test.stamp
	$(BIN)/python -m tests.faults --seeds $(SEEDS)

check: .venv/test.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/test.stamp
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf .venv runs

.venv/bin/python:
ifdef UV
	$(UV) venv --python $(PYTHON) .venv
else
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
endif

.venv/demo.stamp: pyproject.toml | .venv/bin/python
ifdef UV
	$(UV) pip install --quiet --python $(BIN)/python --editable ".[weather]"
else
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[weather]"
endif
	@touch $@

.venv/test.stamp: .venv/demo.stamp
ifdef UV
	$(UV) pip install --quiet --python $(BIN)/python --group test
else
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group test
endif
	@touch $@

.venv/heavy.stamp: .venv/test.stamp
ifdef UV
	$(UV) pip install --quiet --python $(BIN)/python --group heavy
else
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group heavy
endif
	@touch $@

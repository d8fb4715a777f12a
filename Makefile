# Everything here runs on a machine with only Python >= 3.11 and make.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
JOBS   ?= auto
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet

# `make test STORE=postgres`: stores lie in PostgreSQL, in database `test` at 127.0.0.1:5432; simulate and soak alike.
STORE  ?= file
export ACCORD_TEST_STORE = $(STORE)

.PHONY: install demo test lint bench simulate mutants soak docs lock clean

install: $(VENV)/.installed

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit("Accord needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.11") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: requirements/runtime.lock pyproject.toml | $(VENV)/.python
	$(PIP) install --require-hashes -r requirements/runtime.lock
	$(PIP) install --require-hashes -r requirements/build.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q connector  # also where PYTHONDONTWRITEBYTECODE is set: a start is a tenth of a second sooner
	@touch $@

$(VENV)/.developed: requirements/dev.lock $(VENV)/.installed
	$(PIP) install --require-hashes -r requirements/dev.lock
	@touch $@

demo: install
	@$(BIN)/accord demo

test: $(VENV)/.developed
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal

lint: $(VENV)/.developed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.developed
	@$(BIN)/python -m compileall -q connector
	$(BIN)/python -m benchmarks $(ARGS)

# Stories of a whole deployment under faults and deaths, each told by its seed; SEED=n tells one again.
SEEDS ?= 2000
simulate: $(VENV)/.developed
	$(BIN)/python -m tests.sim $(if $(SEED),--seed $(SEED),--seeds $(SEEDS))

# Mistakes planted on purpose, each of which the simulation has to find.
mutants: $(VENV)/.developed
	$(BIN)/python -m tests.sim.mutants

# A service killed every few seconds beside one that is not: both must end alike.
MINUTES ?= 10
PLATFORM ?= servicenow
soak: $(VENV)/.developed
	$(BIN)/python -m tests.soak --minutes $(MINUTES) --platform $(PLATFORM)

# The manual is what the commands say of themselves.
docs: $(VENV)/.developed
	$(BIN)/python -m tests.architecture.manual

# The locks are made for the lowest Python; every entry carries its hashes.
lock:
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header pyproject.toml -o requirements/runtime.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header requirements/build.in -o requirements/build.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header pyproject.toml --all-extras --group dev -o requirements/dev.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache dist build

# Everything here sets itself up: Python 3.11 or newer, make and git are all it takes.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TOX := $(VENV)/.tox-ready

# Environments of tox.ini, the longest first.
SUITE := sqlite
QUICK = $(SUITE),types,docs,lint
REST := mariadb,postgres,battery-mariadb,battery-postgres,browser,battery-sqlite,stripe13,package,demo,bench
MORE :=

# One more than there are processors: most of these wait for a server, a browser or a time-out.
JOBS = $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)

# The demo's database driver follows its address.
comma := ,
EXTRAS := demo$(if $(filter postgres%,$(DATABASE_URL)),$(comma)postgres)$(if $(filter mysql% mariadb%,$(DATABASE_URL)),$(comma)mysql)
DEMO := $(VENV)/.$(subst $(comma),-,$(EXTRAS))-ready

.PHONY: help demo test test-all test-rest lint clean

help:
	@echo "make demo      run the example shop, with Stripe in a box (PORT, SANDBOX_PORT, DATABASE_URL)"
	@echo "make test      run what every change needs: style, types, the suite, the docs (five minutes)"
	@echo "make test-all  run every test: three databases, a browser, load, faults and kills (half an hour)"
	@echo "make lint      check style, layers and types"
	@echo "make clean     remove what the other commands made, and the demo's data with it"

demo: $(DEMO)
	@$(BIN)/python example_project/manage.py demo

test: $(TOX)
	$(BIN)/tox run-parallel --parallel-no-spinner -e $(QUICK)

# The suite measures its coverage here, and nothing runs twice.
test-all: SUITE := coverage
test-all: $(TOX)
	$(BIN)/tox run-parallel --parallel $(JOBS) --parallel-no-spinner -e $(QUICK),$(REST)$(addprefix $(comma),$(MORE))

# What "make test-all" runs beside "make test SUITE=coverage".
test-rest: $(TOX)
	$(BIN)/tox run-parallel --parallel $(JOBS) --parallel-no-spinner -e $(REST)$(addprefix $(comma),$(MORE))

lint: $(TOX)
	$(BIN)/tox run -e lint,types

clean:
	rm -rf $(VENV) .tox .mypy_cache .pytest_cache .ruff_cache build *.egg-info docs/_build example_project/var

# pip rather than python: where Debian's python3-venv is missing, only the latter gets there.
$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed, and '$(PYTHON)' is not: try make PYTHON=python3.13 …" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(DEMO): setup.py pyproject.toml | $(BIN)/pip
	@echo "Installing the shop into $(VENV) (only when its requirements change) …"
	@$(BIN)/python -m pip install --quiet --editable ".[$(EXTRAS)]"
	@touch $@

$(TOX): tox.ini | $(BIN)/pip
	@$(BIN)/python -m pip install --quiet "tox>=4.20"
	@touch $@

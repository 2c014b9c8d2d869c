# Two commands are all a user needs: `make book` and `make test`. Both work from nothing but Python 3.11+.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Fixed so that two builds of the same commit give the same bytes; a caller may set another.
export SOURCE_DATE_EPOCH ?= 1795392000
export PYTHONHASHSEED := 0
# A warning that is not ours to mend, and only noise to a reader of the log.
export PYDEVD_DISABLE_FILE_VALIDATION := 1
# Hundreds of short processes start in a run of the tests: none of them compiles the modules again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install book site edition update test lint wheel check-wheel notebooks coverage mutation audit bench conformance lock clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

install: $(STAMP) ## Create .venv and install the locked environment

$(STAMP): requirements.txt pyproject.toml packages/forkserver-kernel/pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@# On all processors, and without the packages' own tests: pip would take twice as long.
	@$(BIN)/python -m compileall -q -j 0 --invalidation-mode timestamp -x '/tests/' $(VENV)/lib src packages >/dev/null || true
	@touch $(STAMP)

book: $(STAMP) ## Build the Metropolitan Police book and print where it is
	$(BIN)/jupyter-book build . --quiet -W -n --keep-going
	@echo
	@echo "The book is built. Open: $(CURDIR)/_build/html/index.html"

site: $(STAMP) ## Build the whole edition: all 43 forces
	$(BIN)/peelbook build --all

edition: $(STAMP) ## Freeze a citable edition of all forces: make edition YEAR=2026
	@test -n "$(YEAR)" || { echo "Which year? Fix: make edition YEAR=2026"; exit 2; }
	$(BIN)/peelbook edition --year $(YEAR) $(if $(PERIOD),--period $(PERIOD))

test: lint ## Run every check: lint, types, unit tests, published outputs (nbval)
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder tests packages/forkserver-kernel/tests
	$(BIN)/python -m pytest -n 2 --dist loadfile --nbval notebooks book/all_forces.ipynb

lint: $(STAMP) ## Lint and type-check only
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

wheel: $(STAMP) ## Build the wheel, which needs no checkout, into dist/
	$(BIN)/python -m hatchling build -t wheel
	@echo "Install it anywhere: python -m pip install $(CURDIR)/$$(ls -t dist/*.whl | head -1)"

check-wheel: wheel ## Try the wheel in a fresh environment and an empty folder (minutes; installs from PyPI)
	.ci/check_wheel $$(ls -t dist/*.whl | head -1)

notebooks: $(STAMP) ## Re-execute the reference notebooks in place (after a change of code or data)
	$(BIN)/peelbook run --force metropolitan --in-place
	$(BIN)/python -m peelbook.runner.page book/all_forces.ipynb

# A publication that fails (status 1) does not stop the rest: the draft names it.
update: $(STAMP) ## Take in newer official releases, re-run and check everything, draft the changelog (TABLES=, MIRROR=)
	$(BIN)/peelbook data update $(TABLES) $(if $(MIRROR),--mirror $(MIRROR)) --draft .peelbook/changelog-draft.md || test $$? -eq 1
	$(BIN)/peelbook data verify
	$(MAKE) notebooks
	$(BIN)/peelbook claims check
	@echo
	@cat .peelbook/changelog-draft.md
	$(MAKE) test

coverage: $(STAMP) ## Branch coverage of the core (statistics, measures, ledger, data in and out), at least 95%
	$(BIN)/python -m pytest -q -n 2 --dist loadfile --cov --cov-report=term:skip-covered tests/claims tests/measures tests/contracts tests/sources tests/own_data tests/figures tests/project/test_hostile.py tests/test_*.py

mutation: $(STAMP) ## Change the statistics and the evaluator at random and see whether a test fails (hours; SAMPLE=300 for some)
	$(BIN)/python -m benchmarks.mutation $(SAMPLE)

audit: ## Look the locked packages up in the advisory database (needs its server)
	$(PYTHON) -m venv .venv-audit
	.venv-audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit
	.venv-audit/bin/pip-audit --requirement requirements.txt --require-hashes --disable-pip

bench: $(STAMP) ## Measure speed and memory against the stock tools
	$(BIN)/python -m compileall -q src packages $(VENV)/lib
	$(BIN)/python -m benchmarks.ingest
	$(BIN)/python -m benchmarks.run --full

conformance: ## The kernel under the test suites of others, side by side with the stock one (half an hour; installs from PyPI)
	$(PYTHON) -m venv .venv-conformance
	.venv-conformance/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/conformance.txt ./packages/forkserver-kernel
	.venv-conformance/bin/python benchmarks/conformance.py

lock: ## Refresh requirements.txt from pyproject.toml (needs uv)
	uv pip compile --universal --no-strip-extras --python-version 3.11 --generate-hashes --all-extras pyproject.toml -o requirements.txt --custom-compile-command "make lock"

clean: ## Remove everything built, keep the environment
	rm -rf _build _site .peelbook .venv-audit .venv-conformance mutants

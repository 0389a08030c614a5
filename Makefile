# Everything happens in a virtual environment in .venv; the system's Python is not touched.
#   make demo   build, fit a mixture to a real data set and write the report
#   make test   build, lint, check types and run all tests
#   make help   the other targets

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
NATIVE := CMakeLists.txt $(wildcard src/native/*)
DEMO := demo

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help:  ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.PHONY: python
python:
	@command -v $(PYTHON) >/dev/null || { \
	  echo "Python 3.11 or newer is needed, and there is no $(PYTHON). Install it (Debian, Ubuntu: apt-get install"; \
	  echo "python3 python3-venv python3-dev; Fedora, RHEL: dnf install python3 python3-devel), or name another one:"; \
	  echo "make PYTHON=python3.12 ..."; exit 2; }

$(VENV)/.environment: pyproject.toml scripts/check_toolchain.py | python
	@$(PYTHON) scripts/check_toolchain.py
	@echo "Making the virtual environment $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --upgrade "pip>=25.1"
	@$(PIP) install --group build --group test --group lint
	@touch $@

$(VENV)/.build: $(VENV)/.environment $(NATIVE)
	@$(PYTHON) scripts/check_toolchain.py
	@echo "Building gaussmix ..."
	@$(PIP) install --no-build-isolation --editable .
	@touch $@

.PHONY: build
build: $(VENV)/.build  ## Build the package into .venv

.PHONY: demo
demo: build  ## Fit a mixture to the Old Faithful geyser's eruptions and write the report
	@$(BIN)/gaussmix fit faithful --components 2 --output $(DEMO) --overwrite
	@echo
	@echo "The report is $(CURDIR)/$(DEMO)/report.html - open it in a browser."

.PHONY: lint
lint: build  ## Check style, types and the floors of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: test
test: lint  ## Build, lint, check types and run all tests
	$(BIN)/pytest --numprocesses 2

.PHONY: test-lowest
test-lowest: $(VENV)-lowest/.build  ## Run the tests on the lowest versions of the dependencies
	$(VENV)-lowest/bin/pytest --numprocesses 2

$(VENV)-lowest/.build: pyproject.toml constraints/lowest.txt $(NATIVE) | python
	@$(PYTHON) scripts/check_toolchain.py
	@$(PYTHON) -m venv $(VENV)-lowest
	@$(VENV)-lowest/bin/python -m pip --quiet install --upgrade "pip>=25.1"
	@$(VENV)-lowest/bin/python -m pip --quiet install --group build --group test --constraint constraints/lowest.txt
	@$(VENV)-lowest/bin/python -m pip --quiet install --no-build-isolation --editable . --constraint constraints/lowest.txt
	@touch $@

.PHONY: docs
docs: build  ## Build the documentation as pages in docs/_build/html
	@$(PIP) install --group docs
	$(BIN)/sphinx-build --fail-on-warning -b html docs docs/_build/html

.PHONY: gallery
gallery: build  ## Draw the pictures of the guide's gallery
	$(BIN)/python examples/gallery.py

.PHONY: bench
bench: build  ## Time fits beside scikit-learn and write docs/benchmarks.md
	$(BIN)/python -m benchmarks.engine

.PHONY: bench-engine
bench-engine: build  ## Time the engine beside others and the machine's limits
	@$(PIP) install --group benchmark || echo "scikit-learn-intelex cannot be installed here: daal4py is left out"
	$(BIN)/python -m benchmarks.limits

.PHONY: bench-quality
bench-quality: build  ## Ask whether default fits find the best known optimum, beside scikit-learn
	$(BIN)/python -m benchmarks.quality --seeds 20

.PHONY: bench-answers
bench-answers: build  ## Ask whether the groups of ordinary tables are found, beside scikit-learn and mclust
	$(BIN)/python -m benchmarks.answers

.PHONY: bench-selection
bench-selection: build  ## Time the automatic choice, beside mclust's values where they are at hand
	$(BIN)/python -m benchmarks.selection --output docs/benchmarks-selection.md

.PHONY: sanitize
sanitize: build  ## Run the kernels' tests with address and undefined-behaviour sanitizers
	tests/native/sanitize.sh $(BIN)/python

.PHONY: format
format: build  ## Let ruff rewrite what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: clean
clean:  ## Remove all that make has made
	rm -rf $(VENV) $(VENV)-lowest build dist docs/_build $(DEMO) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

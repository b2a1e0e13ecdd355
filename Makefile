# make reports and make test do everything on a machine that has Python 3.11+, git and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
STUDY ?= castillo-2022 castillo-2022-world

.PHONY: reports test lab lock lowest bench clean help

help:
	@echo "make reports   render the reports of $(STUDY) into reports/ (STUDY=sample for the sample)"
	@echo "make test      run the tests"
	@echo "make lab       open the notebooks in JupyterLab"
	@echo "make bench     time annotate and the build of $(STUDY) against what one would use otherwise"
	@echo "make lock      write requirements.lock anew (needs uv)"
	@echo "make lowest    run the fast tests with the lowest versions that pyproject.toml declares (needs uv)"
	@echo "make clean     delete caches and rendered reports, keep .venv and the manifests"

reports: $(READY)
	@set -e; for study in $(STUDY); do $(BIN)/castillo build $$study; done

test: $(READY)
	$(BIN)/python -m pytest -n 2 --dist worksteal

lab: $(READY)
	$(BIN)/jupyter lab notebooks

bench: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'spacy>=3.8'
	$(BIN)/python tests/benchmarks/annotate.py
	$(BIN)/python tests/benchmarks/scale.py --growth --articles 100000 --no-reports
	$(BIN)/python tests/benchmarks/words.py castillo-2022
	$(BIN)/python tests/benchmarks/calibration.py
	$(BIN)/python tests/benchmarks/build.py castillo-2022

# The stamp is written last: an installation that was interrupted is done again.
$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed: make PYTHON=python3.12 …" if sys.version_info < (3, 11) else 0)'
	@echo "Installing the packages of requirements.lock into $(VENV): a minute or two, once"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

lock:
	uv pip compile --quiet pyproject.toml --universal --python-version 3.11 --all-extras --generate-hashes --no-emit-index-url --no-header --no-annotate -o requirements.lock

# With the oldest Python as well. Nothing is built here: bytes of reports are promised for requirements.lock alone.
LOWEST := .cache/lowest
lowest:
	uv venv --quiet --clear --python 3.11 $(LOWEST)
	uv pip install --quiet --python $(LOWEST)/bin/python --resolution lowest-direct --all-extras -r pyproject.toml
	uv pip install --quiet --python $(LOWEST)/bin/python --no-deps --no-build-isolation -e .
	$(LOWEST)/bin/python -m pytest -n 2 -m "not slow"

clean:
	rm -rf .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find analysis tests -name __pycache__ -type d -prune -exec rm -rf {} +
	find reports -type f ! -name manifest.json -delete 2>/dev/null || true

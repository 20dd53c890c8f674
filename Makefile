# Every target makes what it needs; a second run does nothing twice.

SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTHON ?= python3
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help venv demo test verify lint scanself scanaccept bench docs lock clean controlplane cluster

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

$(READY): requirements.lock pyproject.toml scripts/hatch_build.py src/strongroom/keys/kmsv2/api.proto scripts/setup.sh
	@scripts/setup.sh $(PYTHON) $(VENV)
	@touch $@

venv: $(READY) ## the virtual environment, from the lock file

demo: $(READY) ## audit the bundled example: report in the terminal and as HTML
	@mkdir -p build && $(BIN)/strongroom demo --output build/demo.html

test: $(READY) ## all tests
	@scripts/system-packages.sh chromium dot:graphviz umoci skopeo npm age gpg:gnupg ssh-keygen:openssh-client openssl softhsm2-util:softhsm2 systemd-analyze:systemd
	@$(BIN)/python -m tests.support.controlplane.binaries --if-possible >/dev/null
	$(BIN)/python -m pytest -n auto --dist worksteal -q

verify: $(READY) ## the tests that take minutes: 100,000 questions to a real API server, 10,000 documents to sops, a fuzzer
	@scripts/system-packages.sh java:default-jre-headless
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-verify.lock
	@$(BIN)/python -m tests.support.controlplane.binaries --if-possible >/dev/null
	$(BIN)/python -m pytest -q -m verify

lint: $(READY) ## style, types, layers, documentation
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	@$(MAKE) --no-print-directory docs

docs: $(READY) ## the documentation, built strictly into build/docs
	@$(BIN)/python -m sphinx -W --keep-going -q -b html docs build/docs && echo "build/docs/index.html"

scanself: $(READY) ## scan this repository's own history, with its baseline
	@scripts/scan-self.sh

scanaccept: $(READY) ## the same, after accepting new made-up values of tests and examples
	@scripts/scan-self.sh --accept

bench: $(READY) ## compare with peers; rewrites docs/benchmarks.md
	@benchmarks/setup.sh $(PYTHON)
	$(BIN)/python -m benchmarks

lock: $(READY) ## resolve the lock file anew
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-header --upgrade -q -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra spark --group verify --universal --python-version 3.11 --generate-hashes --no-header --upgrade -q -o requirements-verify.lock
	$(BIN)/uv pip compile benchmarks/requirements.in --universal --python-version 3.11 --generate-hashes --no-header --upgrade -q -o benchmarks/requirements.lock

controlplane: $(READY) ## build the real Kubernetes, kustomize and helm that tests run
	@$(BIN)/python -m tests.support.controlplane.binaries >/dev/null

cluster: $(READY) ## a Kubernetes by hand: prints a kubeconfig, Ctrl-C ends it
	@$(BIN)/python -m tests.support.controlplane

clean: ## remove what the targets made
	rm -rf $(VENV) build

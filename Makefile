# `make demo` and `make test` are all a newcomer needs; the rest is for those who build Shelfwire (CONTRIBUTING.md).
.DEFAULT_GOAL := help
.PHONY: help demo test test-device fuzz soak check bench format generate locks clean
SHELL := /bin/bash
PYTHON ?= python3
ARGS ?=
VENV ?= .venv
RUN := $(VENV)/bin/python

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(VENV)/demo ## the shop with emulated devices; ARGS=--script plays a whole day and checks it
	@$(RUN) -m tests.shopday $(ARGS)

test: $(VENV)/dev ## everything the tests need, then the tests, on up to four cores; ARGS goes to pytest (-n 0: one process)
	@bash .ci/test-servers
	@$(RUN) -m pytest -n auto --maxprocesses 4 --dist worksteal $(ARGS)

test-device: $(VENV)/dev ## drivers and agent in a real kernel, in the rig (tests/device/README.md); root; ARGS goes to pytest
	@$(RUN) -m tests.device
	@bash .ci/test-servers
	@$(RUN) -m pytest tests/device $(ARGS)

check: $(VENV)/dev ## format, lint, types, import rules, generated files
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/mypy edge_agent drivers controller provisioning tests
	@$(RUN) -m controller openapi --check
	@$(RUN) -m controller asyncapi --check
	@$(RUN) -m pytest tests/contract

fuzz: $(VENV)/dev ## coverage-guided fuzzing of every decoder; ARGS: targets, -runs=N, -max_total_time=SECONDS
	@$(RUN) -m tests.fuzz $(ARGS)

soak: $(VENV)/dev ## hours of a shop in minutes, with faults; writes docs/reliability.md; ARGS=t0 (20 min), t1 (90 min), t2 (a release's)
	@bash .ci/test-servers
	@$(RUN) -m tests.soak $(ARGS)

bench: $(VENV)/dev ## the numbers of docs/numbers.md; ARGS=name runs one
	@bash .ci/test-servers
	@$(RUN) -m tests.bench $(ARGS)

format: $(VENV)/dev ## rewrite the code in the house format
	@$(VENV)/bin/ruff format .
	@$(VENV)/bin/ruff check --fix .

generate: $(VENV)/dev ## write the generated files again
	@$(RUN) -m controller openapi
	@$(RUN) -m controller asyncapi

locks: $(VENV)/dev ## resolve the requirement locks again
	@bash .ci/locks

clean: ## remove what was built
	rm -rf .venv .venv-* build *.egg-info

$(VENV)/demo: requirements.lock
	@bash .ci/venv "$(PYTHON)" $(VENV) requirements.lock demo

$(VENV)/dev: requirements-dev.lock
	@bash .ci/venv "$(PYTHON)" $(VENV) requirements-dev.lock dev

# `make demo` and `make test` are all a newcomer needs; the rest is for those who build Shelfwire (CONTRIBUTING.md).
.DEFAULT_GOAL := help
.PHONY: help demo test check bench format generate locks clean
SHELL := /bin/bash
PYTHON ?= python3
ARGS ?=
RUN := .venv/bin/python

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: .venv/demo ## the shop with emulated devices; ARGS=--script plays a whole day and checks it
	@$(RUN) -m tests.shopday $(ARGS)

test: .venv/dev ## everything the tests need, then the tests; ARGS goes to pytest
	@bash .ci/test-servers
	@$(RUN) -m pytest $(ARGS)

check: .venv/dev ## format, lint, types, import rules, generated files
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy edge_agent drivers controller provisioning tests
	@$(RUN) -m controller openapi --check
	@$(RUN) -m controller asyncapi --check
	@$(RUN) -m pytest tests/contract

bench: .venv/dev ## the numbers of docs/numbers.md; ARGS=name runs one
	@bash .ci/test-servers
	@$(RUN) -m tests.bench $(ARGS)

format: .venv/dev ## rewrite the code in the house format
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

generate: .venv/dev ## write the generated files again
	@$(RUN) -m controller openapi
	@$(RUN) -m controller asyncapi

locks: .venv/dev ## resolve the requirement locks again
	@bash .ci/locks

clean: ## remove what was built
	rm -rf .venv build *.egg-info

.venv/demo: requirements.lock
	@bash .ci/venv "$(PYTHON)" requirements.lock $@

.venv/dev: requirements-dev.lock
	@bash .ci/venv "$(PYTHON)" requirements-dev.lock $@

# Each target does its own set-up and may be run twice.
SHELL := /bin/sh
.DEFAULT_GOAL := help
NPM := npm --silent --no-update-notifier --no-audit --no-fund

.PHONY: help local local-down status history test benchmark docs format

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

node_modules/.installed: package-lock.json
	@echo " … npm             installing packages"
	@$(NPM) ci --loglevel=error >/dev/null
	@touch $@

local: node_modules/.installed ## deploy the sample application to a disposable server here (VERSION=1)
	@$(NPM) run local

local-down: node_modules/.installed ## remove everything that "make local" made
	@$(NPM) run local-down

status: node_modules/.installed ## what is live on the local server
	@$(NPM) run on-server -- recoloca status

history: node_modules/.installed ## what happened on the local server
	@$(NPM) run on-server -- recoloca history

test: node_modules/.installed ## lint, types, unit, engine, server, journeys
	@$(NPM) run all-tests

benchmark: node_modules/.installed ## every measure of the README's table (WRITE=1 puts it there)
	@$(NPM) run benchmark -- $(if $(WRITE),--write)

docs: node_modules/.installed ## write the generated reference
	@$(NPM) run docs

format: node_modules/.installed ## format and mend
	@$(NPM) run format

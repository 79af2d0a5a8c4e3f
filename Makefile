# Each target does its own set-up and may be run twice.
SHELL := /bin/sh
.DEFAULT_GOAL := help
NPM := npm --silent --no-update-notifier --no-audit --no-fund

.PHONY: help new-environment rotate local local-down test chaos benchmark docs workflows format

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22
	@printf '\n  on the server of a stack (STACK=staging; without it, the local one):\n'
	@printf '  make status | history | doctor | measure | secrets | backup | backups | cancel | accept | prune\n'
	@printf '  make logs [SERVICE=backend]   make show RELEASE=14   make maintenance [DOORS=on|off]   make certificate [RENEW=1]   make tunnel, by Session Manager\n'
	@printf '  make drill [IDENTITY=backup.key]   make restore BACKUP=NAME INTO=copy | TAKE=1 [IDENTITY=backup.key]   IDENTITY=- asks for the key\n'
	@printf '  make rollback [RELEASE=14] [DOWNGRADE=1 | RESTORE=1] [REASON="slow since noon"]   also tells the stack\n'

node_modules/.installed: package-lock.json
	@echo " … npm             installing packages"
	@$(NPM) ci --loglevel=error >/dev/null
	@touch $@

local: node_modules/.installed ## deploy the sample application to a disposable server here (VERSION=1)
	@$(NPM) run local

local-down: node_modules/.installed ## remove everything that "make local" made
	@$(NPM) run local-down

# An operator's commands, on the server of a stack: make status STACK=staging. Without STACK it is the local one.
# The program reads STACK, BACKUP, INTO, TAKE, IDENTITY and what rotate takes from its environment, in which make puts what its command line has.
# A reason is in a person's own words. Quoted by the shell from there it arrives as it was typed, but for a dollar sign, which make would take for its own.
override REASON := $(value REASON)
export REASON
OPERATE := status history doctor measure logs backup backups restore drill rollback cancel accept show maintenance certificate prune secrets tunnel
.PHONY: $(OPERATE)
# What Node compiles of the program is kept for the next time: half of a command's own time. Not of what the tests count lines of.
$(OPERATE) rotate new-environment local local-down workflows: export NODE_COMPILE_CACHE ?= $(CURDIR)/node_modules/.cache/compiled
$(OPERATE): node_modules/.installed
	@$(NPM) run operate -- $@ $(if $(RELEASE),"$$RELEASE") $(SERVICE) $(if $(DOORS),"$$DOORS") $(if $(DOWNGRADE),--downgrade) $(if $(RESTORE),--restore) $(if $(REASON),--reason "$$REASON") $(if $(RENEW),--renew)

# SECRET=NAME or ALL=due; REVOKE=now for one that has leaked, YES=1 where nobody is there to agree, ALONE=1 where nobody else comes by the server's key;
# PULL_REQUEST=1 opens one, where what to commit would be said.
rotate: node_modules/.installed ## renew a secret of a stack: SECRET=NAME, or ALL=due
	@$(NPM) run operate -- rotate

new-environment: node_modules/.installed ## write the file of a new stack, asked or by flags (NAME=demo DOMAIN=...)
	@$(NPM) run new-environment

test: node_modules/.installed ## lint, types, unit, workflows, ssh, engine, server, chaos, journeys (WHOLE=1: also what not every run repeats; TURN=1 to 4)
	@$(NPM) run all-tests

chaos: node_modules/.installed ## every interruption in every state of a deploy, in the order of SEED=1
	@SEED=$(or $(SEED),1) WHOLE=1 $(NPM) run chaos

benchmark: node_modules/.installed ## every measure of the README's table (WRITE=1 puts it there)
	@$(NPM) run benchmark -- $(if $(WRITE),--write)

docs: node_modules/.installed ## write the generated reference
	@$(NPM) run docs

workflows: node_modules/.installed ## write the GitHub workflows from their source (CHECK=1: only say which differ)
	@CHECK=$(CHECK) $(NPM) run workflow-files

format: node_modules/.installed ## format and mend
	@$(NPM) run format

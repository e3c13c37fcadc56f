# Switchback. `make` alone lists what there is. Needed beforehand: Python 3.11 with venv, make, git.
.DEFAULT_GOAL := help
.PHONY: help run test check bench soak screenshots requirements translations

VENV := .venv/bin/python
PYTEST := $(VENV) -m pytest
# two test processes are as much as a small machine bears
JOBS ?= 2

help: ## list the targets
	@echo "Switchback: make <target>"
	@echo
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{ printf "  %-14s %s\n", $$1, $$2 }'
	@echo
	@echo "Settings from the environment: PORT (8000), SWITCHBACK_HOME (var/), DATABASE_URL, REDIS_URL, SMTP_URL, SWITCHBACK_LAB=0; see README.md."

run: ## start the console with everything it needs; Ctrl-C stops it
	@tools/bootstrap.sh runtime
	@$(VENV) tools/translations.py build
	@exec $(VENV) -m config.embedded

test: ## run all tests (as root on Debian, missing programs are installed first)
	@tools/bootstrap.sh dev
	@$(VENV) tools/translations.py build
	@$(VENV) tools/ensure_test_tools.py
	@$(VENV) tools/run_tests.py --jobs $(JOBS)

check: ## lint, types, layers, migrations, translations, deploy check
	@tools/bootstrap.sh dev
	@$(VENV) tools/translations.py build
	@$(VENV) tools/check.py

bench: ## measure the console beside a bare Django view
	@tools/bootstrap.sh dev
	@$(VENV) tools/translations.py build
	@$(VENV) -m bench

soak: ## the fault tests at full length, three in a row (about an hour and a half)
	@tools/bootstrap.sh dev
	@$(VENV) tools/translations.py build
	@$(VENV) tools/ensure_test_tools.py
	@$(VENV) tools/run_tests.py --soak

screenshots: ## pictures of every screen into var/screenshots/ (ARGS=--docs: those of the documentation)
	@tools/bootstrap.sh dev
	@$(VENV) tools/translations.py build
	@$(VENV) tools/ensure_test_tools.py
	@$(VENV) -m tests.screenshots $(ARGS)

requirements: ## which requirement is proved by which test, and which by none
	@tools/bootstrap.sh dev
	@$(VENV) tools/requirements.py

translations: ## merge the rooms' translations and compile them
	@tools/bootstrap.sh dev
	@$(VENV) tools/translations.py build

# Two commands matter: `make scan DIR=path/to/repo` and `make test`. They need Python 3.11+ and make, nothing else.

PYTHON ?= python3
DIR ?= examples
REPORT ?= backstay-report.html
BIN := .venv/bin

# What a caller gives reaches the shell as a variable, never as text of a command.
export DIR REPORT

.DEFAULT_GOAL := help
.PHONY: help scan test check format docs lock bench clean

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r name text; do \
		printf '  make %-8s %s\n' "$$name" "$$text"; done

# Findings (1) and an incomplete scan (3) are answers here, not failures of make; `backstay` itself exits with them.
scan: .venv/.runtime ## Scan DIR (default: examples/), print the posture, write an HTML report here
	@code=0; $(BIN)/backstay scan -f table -o - -f html -o "$$REPORT" -- "$$DIR" || code=$$?; \
	case $$code in 0|1|3) ;; *) exit $$code ;; esac; \
	case $$REPORT in /*) place=$$REPORT ;; *) place=$$PWD/$$REPORT ;; esac; \
	printf 'HTML report: %s\n' "$$place"

test: .venv/.dev ## Run the whole test suite
	$(BIN)/python -m pytest -n auto

check: .venv/.dev ## Format, lint, types, import floors, generated docs: changes nothing
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m backstay.docs --check

format: .venv/.dev ## Format the code and mend what can be mended
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

docs: .venv/.dev ## Write docs/reference anew
	$(BIN)/python -m backstay.docs

# Without a configuration, so that no address of one machine's index gets into a lock.
LOCK = $(BIN)/uv pip compile pyproject.toml --no-config --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate $(if $(UPGRADE),--upgrade)

lock: .venv/.dev ## Write the lock files anew; UPGRADE=1 takes the newest versions
	$(LOCK) --group build -o requirements.lock
	$(LOCK) --group dev -c requirements.lock -o requirements-dev.lock

bench: .venv/.dev ## Measure time and memory
	$(BIN)/python benchmarks/scan.py

clean: ## Remove the environment, caches and reports
	rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache "$$REPORT"
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# An environment is made once and again when a lock changes. Every package is pinned and hashed, the build
# backend too, so that the last step fetches nothing.
.venv/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Backstay needs Python 3.11 or newer; this is " + sys.version.split()[0])'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "This Python cannot make virtual environments; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 2; }
	@echo "Setting up .venv (first use only)"
	@$(PYTHON) -m venv .venv

.venv/.runtime: requirements.lock pyproject.toml | .venv/pyvenv.cfg
	@$(call install,requirements.lock)
	@touch $@

.venv/.dev: requirements-dev.lock pyproject.toml | .venv/pyvenv.cfg
	@$(call install,requirements-dev.lock)
	@touch $@ .venv/.runtime

define install
$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null; \
$(BIN)/python -m pip --disable-pip-version-check install --quiet --require-hashes -r $(1) && \
$(BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation --no-index -e .
endef

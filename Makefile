# make demo · make test · make fuzz · make faults · make test-libraries · make test-frameworks
# make lint · make bench · make clean
# Needs python3 (3.10+) and make. Sets up .venv for itself, and .venv-aim (real Aim on Python 3.11),
# .venv-libs (libraries that import aim, and real Aim) and .venv-frameworks (frameworks that have
# adapters, and real Aim) for the tests that compare with it.
# AIM_ORACLE=none leaves those out; not accepted when CI=true.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

AIM_ORACLE ?= real
PY := .venv/bin/python
LOGS := .venv/logs
BENCH_ARGS ?=
FAULT_ARGS ?=
FUZZ_ARGS ?= --examples 1000 --steps 40

# A machine's own settings must not decide what demo and tests see.
unexport MATYAN_BACKEND_URL MATYAN_FRONTIER_URL AIM_REPO AIM_COMPAT_REDIRECT PYTHONPATH
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: help demo test lint types unit compat-aim compat-shim compat-served compat-stack interop machine fuzz faults test-libraries bench clean

help:
	@sed -n '1,6s/^# //p' Makefile

# Some unit tests list what the original has.
ORACLE := $(if $(filter none,$(AIM_ORACLE)),,.venv-aim/.ready)

.venv/.ready: pyproject.toml .ci/venv .ci/find-python
	@echo "setting up .venv"
	@.ci/venv .venv "$$(.ci/find-python main)" -e '.[dev]'
	@touch $@

.venv-aim/.ready: .ci/aim-requirements.txt .ci/venv .ci/find-python
	@echo "setting up .venv-aim (real Aim 3.29.1)"
	@.ci/venv .venv-aim "$$(.ci/find-python oracle)" -r .ci/aim-requirements.txt
	@touch $@

.venv-libs/.ready: .ci/libraries-requirements.txt pyproject.toml .ci/venv .ci/find-python
	@echo "setting up .venv-libs (libraries that import aim, and real Aim 3.29.1)"
	@.ci/venv .venv-libs "$$(.ci/find-python oracle)" -r .ci/libraries-requirements.txt -e .
	@touch $@

.venv-frameworks/.ready: .ci/frameworks-requirements.txt pyproject.toml .ci/venv .ci/find-python
	@echo "setting up .venv-frameworks (frameworks with adapters, and real Aim 3.29.1)"
	@.ci/venv .venv-frameworks "$$(.ci/find-python oracle)" -r .ci/frameworks-requirements.txt -e .
	@.venv-frameworks/bin/python -m pip install --quiet --disable-pip-version-check --no-deps fastai==2.8.12
	@touch $@

demo: .venv/.ready
	@rm -rf .demo
	@$(PY) -c 'from matyan_client import Repo; Repo.init(".demo")'
	cd .demo && ../$(PY) -m aim_compat run ../examples/digits_aim.py
	$(PY) examples/inspect_repo.py .demo --png .demo/curves.png

lint: .venv/.ready
	.venv/bin/ruff check .
	.venv/bin/ruff format --check --quiet .

types: .venv/.ready
	.venv/bin/mypy matyan_client aim_compat

unit: .venv/.ready $(ORACLE)
	@mkdir -p $(LOGS)
	$(PY) -m pytest tests/unit | tee $(LOGS)/unit

compat-shim: .venv/.ready
	@mkdir -p $(LOGS)
	$(PY) -m pytest tests/compat --subject=aim_compat | tee $(LOGS)/compat-shim

# What breaks, and that nothing is lost by it. FAULT_ARGS: --long, --stack PATH/matyan-stack.
faults: .venv/.ready
	@mkdir -p $(LOGS)
	$(PY) -m pytest tests/faults $(FAULT_ARGS) | tee $(LOGS)/faults

compat-served: .venv/.ready
	@mkdir -p $(LOGS)
	$(PY) -m pytest tests/compat/test_conformance.py --backend=served | tee $(LOGS)/compat-served

# On the real servers of the published release, which ../shared/matyan-stack runs.
compat-stack: .venv/.ready
	@mkdir -p $(LOGS)
	$(PY) -m pytest tests/compat/test_conformance.py --backend=stack | tee $(LOGS)/compat-stack

interop: .venv/.ready
	@mkdir -p $(LOGS)
	$(PY) -m pytest tests/interop | tee $(LOGS)/interop

ifeq ($(AIM_ORACLE),none)
compat-aim machine test-libraries test-frameworks: .venv/.ready
	@mkdir -p $(LOGS)
	@if [ "$${CI:-}" = true ]; then echo "error: AIM_ORACLE=none is not accepted in CI" >&2; exit 1; fi
	@echo "NOT RUN: AIM_ORACLE=none, nothing was compared with real Aim" | tee $(LOGS)/$@
else
compat-aim: .venv/.ready .venv-aim/.ready
	@mkdir -p $(LOGS)
	.venv-aim/bin/python -m pytest tests/compat --subject=aim | tee $(LOGS)/compat-aim

test-libraries: .venv/.ready .venv-libs/.ready
	@mkdir -p $(LOGS)
	.venv-libs/bin/python -m pytest tests/libraries | tee $(LOGS)/test-libraries

test-frameworks: .venv-frameworks/.ready
	@mkdir -p $(LOGS)
	.venv-frameworks/bin/python -m pytest tests/frameworks | tee $(LOGS)/test-frameworks

machine: .venv/.ready .venv-aim/.ready
	@mkdir -p $(LOGS)
	$(PY) -m pytest tests/machine | tee $(LOGS)/machine
endif

# Random calls at length, other ones each time; a failure is shrunk, and says how to repeat it.
fuzz: .venv/.ready .venv-aim/.ready
	$(PY) -m pytest tests/machine -k both $(FUZZ_ARGS)

# The cheap ones first, then two at a time, to the end; what each prints comes whole (GNU make 4).
LANES := unit compat-served compat-aim compat-shim faults interop machine test-libraries
TOGETHER := $(if $(filter output-sync,$(.FEATURES)),-k -j2 -Otarget,-k -j1)

test: .venv/.ready $(ORACLE)
	@for step in lint types; do $(MAKE) --no-print-directory -j1 $$step; done
	@$(MAKE) --no-print-directory $(TOGETHER) $(LANES)
	@echo; echo "all passed:"
	@for step in $(LANES); do printf '%-14s %s\n' $$step "$$(tail -n 1 $(LOGS)/$$step)"; done
	@cat $(LOGS)/compat-* $(LOGS)/machine | sed -n '/^conformance of /p;/^machine: /p'

bench: .venv/.ready .venv-aim/.ready
	$(PY) benchmarks/track.py --aim-python .venv-aim/bin/python $(BENCH_ARGS)

clean:
	rm -rf .venv .venv-aim .venv-libs .venv-frameworks .demo .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

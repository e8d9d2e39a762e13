# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

# `make test` and `make demo` do all their own set-up, on a fresh Debian 12 too (root, Python 3.11, make).
# All of it lands in .build, and what is there already is used again. `make help` lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# One after the other, but for what is made with SIDE.
ifndef BESIDE
.NOTPARALLEL:
endif
MAKEFLAGS += --no-print-directory

# A path with a space is two for make and for the commands below, some of which remove what is there.
ifneq ($(words $(CURDIR)),1)
$(error This checkout is in "$(CURDIR)", a path with a space, which make takes for several. \
  Nothing was done. Move the checkout to a path without spaces)
endif

BUILD := $(CURDIR)/.build
FOLDER := ansible_collections/edgefleet/connectware

# The virtual environment. Its stamp carries the hash of the requirements: it is made anew when they change, not when
# their time stamp does, as in a fresh clone.
VENV := $(BUILD)/venv
REQUIREMENTS := tests/requirements.txt
VENV_STAMP := $(VENV)/.stamp-$(firstword $(shell sha256sum $(REQUIREMENTS)))

# One of its own for galaxy-importer, which wants other versions.
GALAXY_VENV := $(BUILD)/venv-galaxy
GALAXY_REQUIREMENTS := tests/tools/galaxy/requirements.txt
GALAXY_STAMP := $(GALAXY_VENV)/.stamp-$(firstword $(shell sha256sum $(GALAXY_REQUIREMENTS)))

# The same collection in three shapes:
LINK := $(BUILD)/src/$(FOLDER)#              a link to this checkout: unit tests and mypy see every edit at once
STAGE := $(BUILD)/stage/$(FOLDER)#           a copy of the project's own files: for tools that read all they find
INSTALLED := $(BUILD)/collections/$(FOLDER)# installed from the artifact: what users get; demo and integration tests
LINK := $(strip $(LINK))
STAGE := $(strip $(STAGE))
STAGE_STAMP := $(STAGE).stamp
ARTIFACT_STAMP := $(BUILD)/artifact/.stamp
INSTALL_STAMP := $(BUILD)/collections/.stamp

export PATH := $(VENV)/bin:$(PATH)
export PYTHONDONTWRITEBYTECODE := 1
export ANSIBLE_COLLECTIONS_PATH := $(BUILD)/collections
# Neither a configuration of this user nor one of this folder changes what is tested.
export ANSIBLE_CONFIG := $(BUILD)/ansible.cfg

# Further arguments, for example: make unit ARGS='-k registration -x'
ARGS ?=

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/  make \1 # \2/p' $(MAKEFILE_LIST) | column -t -s '#' 2>/dev/null \
	  || sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/  make \1  \2/p' $(MAKEFILE_LIST)

.PHONY: test
test: lint unit integration ## everything below but the long runs; sets up all it needs
	@$(MAKE) $(SIDE) chaos-short demo matrix-short
	@echo '==> all of it passed'

.PHONY: demo
demo: install docker ## the whole story on this machine: rollout, re-registration, impostor, retirement
	@python tests/demo/story.py $(BUILD)/demo

# ---------------------------------------------------------------------------------------------------- static checks

# Those that read all files of STAGE, and the others.
OF_STAGE := lint-ansible lint-docs lint-changelog lint-yaml lint-licences
OF_OTHERS := lint-ruff lint-mypy lint-repository lint-galaxy

# Two targets at a time, of those that use one processor only or wait; what they all need must have been made before.
SIDE := --jobs=2 --output-sync=target --old-file=setup --old-file=stage BESIDE=1

# ansible-test writes into STAGE, so nothing else reads that meanwhile, and `stage` mends it.
.PHONY: lint
lint: build $(GALAXY_STAMP) ## all static checks, two at a time
	@$(MAKE) $(SIDE) sanity $(OF_OTHERS)
	@$(MAKE) stage
	@$(MAKE) $(SIDE) $(OF_STAGE)

.PHONY: lint-ruff
lint-ruff: setup ## style, likely bugs and shape of Python files
	@echo '==> ruff'
	@ruff check --quiet .
	@ruff format --quiet --check --diff .

.PHONY: lint-mypy
lint-mypy: setup ## types, strict, of plugins/module_utils
	@echo '==> mypy'
	@tests/tools/mypy.sh $(BUILD)/src

.PHONY: lint-yaml
lint-yaml: stage ## shape of YAML files
	@echo '==> yamllint'
	@cd $(STAGE) && yamllint --strict .

.PHONY: lint-changelog
lint-changelog: stage ## changelog fragments
	@echo '==> antsibull-changelog'
	@cd $(STAGE) && antsibull-changelog lint

.PHONY: lint-licences
lint-licences: stage ## licence and copyright of every file
	@echo '==> reuse'
	@cd $(STAGE) && { reuse lint --quiet || { reuse lint; exit 1; }; }

.PHONY: lint-repository
lint-repository: setup ## specs, doc fragments, action groups, import arrows, proofs, Python 3.8; tests can be loaded
	@echo '==> repository'
	@pytest -q --no-header tests/unit/test_repository.py tests/unit/test_doc_fragments.py tests/unit/test_meta.py \
	  tests/unit/test_ignored.py tests/unit/test_floor.py
	@pytest -qq --collect-only tests >$(BUILD)/collected.txt || { tail -n 40 $(BUILD)/collected.txt; exit 1; }

.PHONY: lint-ansible
lint-ansible: stage ## ansible-lint, profile production
	@echo '==> ansible-lint'
	@cd $(STAGE) && ANSIBLE_COLLECTIONS_PATH=$(BUILD)/stage ansible-lint --offline --nocolor -q

.PHONY: lint-docs
lint-docs: docs ## guides and documentation of plugins: antsibull-docs, and a build of the site without warnings
	@echo '==> antsibull-docs'
	@ANSIBLE_COLLECTIONS_PATH=$(BUILD)/stage antsibull-docs lint-collection-docs --plugin-docs --check-extra-docs-refs \
	  --validate-collection-refs dependent --disallow-unknown-collection-refs $(STAGE)

.PHONY: lint-galaxy
lint-galaxy: build $(GALAXY_STAMP) ## galaxy-importer on the artifact
	@echo '==> galaxy-importer'
	@python tests/tools/galaxy_importer.py $(GALAXY_VENV) $(BUILD)/artifact/*.tar.gz

.PHONY: docs
docs: stage ## the documentation site, in .build/docs/html
	@echo '==> docs'
	@python tests/tools/docs_site.py $(STAGE) $(BUILD)/docs

.PHONY: sanity
sanity: stage ## ansible-test sanity
	@echo '==> ansible-test sanity'
	@tests/tools/sanity.sh $(STAGE) $(ARGS)

# Cells by name or pattern, for example: make matrix CELLS='core2.16-py*-newest *-target-py3.8-*:units'
CELLS ?=
# Numbers are kept of a full run, and of a part with KEEP=1.
KEEP ?=
MATRIX_KEPT = $(if $(CELLS),$(if $(KEEP),$(MATRIX_RESULTS)),$(MATRIX_RESULTS))
MATRIX_RESULTS = --results $(CURDIR)/tests/matrix/results/latest.json

.PHONY: matrix
matrix: stage ## ansible-test on each ansible-core, Python and docker SDK that is supported, some hours (CELLS, KEEP)
	@echo '==> matrix'
	@set -f; PYTHONPATH=tests python -m matrix.run $(STAGE) $(BUILD)/matrix $(MATRIX_KEPT) $(CELLS)

.PHONY: matrix-short
matrix-short: stage ## the oldest ansible-core; and the oldest Python of a factory host, if this machine has it
	@echo '==> matrix, two cells of it'
	@PYTHONPATH=tests python -m matrix.run $(STAGE) $(BUILD)/matrix short

.PHONY: format
format: setup ## put Python files into shape
	ruff check --fix-only --quiet .
	ruff format --quiet .

# ------------------------------------------------------------------------------------------------------------ tests

# A file of tests runs in one process, so many files at a time; what compares times runs alone.
# Many tests wait for an agent, or that nothing happens: three at a time left a seventh of two processors idle.
JOBS ?= 4
SIDE_BY_SIDE = pytest --numprocesses $(JOBS) --dist loadfile

.PHONY: unit
unit: setup ## unit tests, and the simulator's own (JOBS: files at a time)
	@echo '==> unit'
	@$(SIDE_BY_SIDE) $(ARGS) $(wildcard tests/unit tests/simulator)

.PHONY: attack
attack: setup ## a thousand attacks, with their numbers
	@echo '==> attack'
	@pytest $(ARGS) tests/attack

# In the order of tests/integration/conftest.py: slow files first. Exit code 5: ARGS left none.
TOGETHER = $(SIDE_BY_SIDE) --no-loadscope-reorder -m 'not alone and not long' --durations 10 --durations-min 30
ALONE = pytest -m alone

.PHONY: integration
integration: install docker ## real Docker Engine, real playbooks, the simulator, 200 attacks (JOBS: files at a time)
	@echo '==> integration'
	@ATTACK_TRIALS=$${ATTACK_TRIALS:-200} \
	  $(TOGETHER) $(ARGS) tests/attack tests/integration tests/growth tests/awx || [ $$? -eq 5 ]
	@$(ALONE) $(ARGS) tests/integration tests/growth || [ $$? -eq 5 ]

.PHONY: integration-long
integration-long: install docker ## those integration tests that take minutes, or repeat others in another way
	@echo '==> integration, the long tests'
	@pytest -m long $(ARGS) tests/integration tests/growth tests/awx

# One of extensions/molecule by its folder, or the project of docs/examples/molecule by the name example.
SCENARIO ?=
MOLECULE := tests/integration/test_molecule.py
MOLECULE_TESTS = $(if $(SCENARIO),'$(MOLECULE)::test_a_scenario_passes[$(SCENARIO)]',$(MOLECULE))

.PHONY: molecule
molecule: install docker ## the scenarios of extensions/molecule and the example project, by molecule (SCENARIO: one of them)
	@echo '==> molecule'
	@pytest -m long --verbose --durations=0 --durations-min=1 $(ARGS) $(MOLECULE_TESTS)

.PHONY: switches
switches: install docker ## one life of agents for every two assumptions about Connectware together (about 17 minutes)
	@echo '==> switches'
	@SWITCHES=all pytest $(ARGS) tests/integration/test_switches.py

.PHONY: chaos-short
chaos-short: install docker ## a trial of each kind of fault, those of the API on an operation each (CHAOS_COUNT: more of each)
	@echo '==> chaos, one trial of each kind or CHAOS_COUNT'
	@CHAOS_COUNT=$${CHAOS_COUNT:-1} timeout --signal=INT --kill-after=180s 30m \
	  python tests/chaos/run.py $(BUILD)/chaos-short -m 'not factory_host' $(ARGS)

# Only a full run with the usual seed replaces the numbers that are kept.
CHAOS_KEPT = $(if $(CHAOS_SEED)$(CHAOS_COUNT)$(ARGS),,--results tests/chaos/results/latest.json)

.PHONY: chaos
chaos: install docker ## the same at many points and with machines that fail, up to 45 minutes (CHAOS_SEED, CHAOS_COUNT)
	@echo '==> chaos'
	@timeout --signal=INT --kill-after=180s 60m python tests/chaos/run.py $(BUILD)/chaos $(CHAOS_KEPT) $(ARGS)

# A bed stays up until bed-down; a second call brings it to other numbers, or to a newer image of the agents.
HOSTS ?= 10
AGENTS ?= 10

.PHONY: bed
bed: install docker ## factory hosts with engines of their own, SSH and a Connectware, to play on (HOSTS, AGENTS of each)
	@python tests/bed/run.py $(BUILD)/bed up $(HOSTS) $(AGENTS)

.PHONY: bed-down
bed-down: install ## remove the bed
	@python tests/bed/run.py $(BUILD)/bed down

# Only a full run replaces the numbers that are kept.
BENCH_KEPT = $(if $(BENCH_REPEATS)$(BENCH_CASES)$(BENCH_CONTESTANTS),,tests/benchmark/results/latest.json)

.PHONY: bench
bench: install docker ## times of rollouts, against a naive playbook and the floor, 1.5 hours (BENCH_REPEATS, BENCH_CASES)
	@echo '==> bench'
	@timeout --kill-after=60s --signal=INT 140m python tests/benchmark/run.py $(BUILD)/bench $(BENCH_KEPT)
	@[ -z '$(BENCH_KEPT)' ] || $(MAKE) bench-docs

.PHONY: bench-docs
bench-docs: setup ## docs/benchmark.md and its plot, from the numbers that are kept
	@python tests/benchmark/prepare.py $(BUILD)/bench/packages
	@python tests/benchmark/docs.py $(BUILD)/bench/packages

# Each size replaces its own numbers, so that sizes can be measured one after the other.
SIZES ?= 10 100 1000
GROWTH := tests/benchmark/results/growth.json

.PHONY: growth
growth: install ## what a rollout takes with 10, 100 and 1,000 hosts of 5 agents (SIZES), about half an hour; no Docker needed
	@echo '==> growth'
	@PYTHONPATH=tests python -m growth.run $(GROWTH) $(SIZES) && code=0 || code=$$?; \
	  python tests/growth/report.py && exit $$code

# ------------------------------------------------------------------------------------------------------- collection

.PHONY: build
build: stage ## the artifact, in .build/artifact
	@$(MAKE) $(ARTIFACT_STAMP)

.PHONY: install
install: stage ## build the artifact and install it into .build/collections
	@$(MAKE) $(INSTALL_STAMP)

$(ARTIFACT_STAMP): $(STAGE_STAMP)
	@rm -rf $(@D)
	@ansible-galaxy collection build --force --output-path $(@D) $(STAGE)
	@touch $@

$(INSTALL_STAMP): $(ARTIFACT_STAMP)
	@rm -rf $(@D)
	@ansible-galaxy collection install --force --offline --collections-path $(@D) $(wildcard $(BUILD)/artifact/*.tar.gz)
	@touch $@

.PHONY: release
release: docker ## prepare a release: changelog, artifact, checksums, the demo with it (VERSION; DRY_RUN=1 changes nothing)
	@[ -n '$(VERSION)' ] || { echo 'Say which: make release VERSION=1.2.3' >&2; exit 2; }
	@python tests/tools/release.py '$(VERSION)' $(BUILD)/release $(if $(DRY_RUN),--dry-run)

# ----------------------------------------------------------------------------------------------------------- set-up

.PHONY: setup
setup: $(VENV_STAMP) $(BUILD)/ansible.cfg
	@mkdir -p $(dir $(LINK)) && ln -sfn $(CURDIR) $(LINK)

$(VENV_STAMP):
	@tests/tools/make_venv.sh $(VENV) $(REQUIREMENTS) $@

$(GALAXY_STAMP): | $(VENV_STAMP)
	@tests/tools/make_venv.sh $(GALAXY_VENV) $(GALAXY_REQUIREMENTS) $@

# Several runs at a time: those that wait leave the processor to the others.
$(BUILD)/ansible.cfg:
	@mkdir -p $(@D)
	@printf '[defaults]\ninternal_poll_interval = 0.01\n' >$@

.PHONY: stage
stage: setup
	@python tests/tools/stage.py $(STAGE)

.PHONY: docker
docker: install commands ## Docker Engine on this machine, when none answers
	@python tests/tools/docker_answers.py || ansible-playbook -i localhost, -c local tests/tools/docker_host.yml || { \
	  echo 'No Docker Engine answers, and none could be installed and started here; the reason is above.' >&2; \
	  echo 'Repeat this as root, or start Docker Engine by hand.' >&2; exit 1; }

# COMMAND=PACKAGE of Debian: what beds and guides call.
.PHONY: commands
commands:
	@for each in ssh-keygen=openssh-client openssl=openssl; do \
	  command -v "$${each%=*}" >/dev/null || tests/tools/apt_install.sh "$${each#*=}" || { \
	    echo "There is no $${each%=*}, and it could not be installed: install it (Debian: $${each#*=}), and repeat." >&2; \
	    exit 1; }; done

.PHONY: clean
clean: ## remove what was built (containers and images of the tests are not touched)
	rm -rf '$(BUILD)'
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

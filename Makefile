# Two commands: `make course` runs the course, `make test` tests it. Needs Python 3.11 to 3.13, git and make.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq

.DEFAULT_GOAL := help
.PHONY: help setup course deeper lab slides site playground test e2e lint lint-lessons notebooks golden results readme links requirements bench binder-check hub-check stale mutants \
  test-colab test-newest test-oldest test-jax test-torch

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "make %-14s%s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## install everything into .venv (once, and again when requirements.txt changes)

$(STAMP): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14) and "Python 3.11, 3.12 or 3.13 is needed, but $(PYTHON) is " + sys.version.split()[0] + ": name another one with make PYTHON=python3.12")'
	@echo "Installing the course into .venv (about 2 GB, a few minutes the first time) ..."
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@$(PIP) install -r requirements.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

course: setup ## run every lesson and write the results to build/course
	@$(BIN)/python -m tl_course run

deeper: setup ## run the optional notebooks, to build/deeper
	@$(BIN)/python -m tl_course run notebooks/deeper/*.ipynb --output build/deeper

lab: setup ## open the notebooks in JupyterLab
	@JUPYTER_CONFIG_PATH=$(CURDIR)/deploy/lab $(BIN)/python -m jupyterlab --ServerApp.root_dir=. \
	  --LabApp.default_url=/lab/tree/notebooks/start.md

slides: setup build/course/results.json ## build the lecture's slides, with notes and a PDF, in build/slides
	@$(BIN)/python -m tools.build_slides

site: setup build/course/results.json ## build the course's site, which needs no network, in build/site
	@for part in slides playground; do test -e build/$$part/index.html || $(MAKE) $$part || exit 1; done
	@$(BIN)/python -m tools.build_site

build/course/results.json:
	@$(MAKE) course

test: lint ## lint, unit tests, every lesson in the smoke profile
	@$(BIN)/python -m pytest -n 2 --dist loadfile

e2e: setup ## try the notebooks in a real JupyterLab, in Chromium (10 minutes; screenshots in build/e2e)
	@$(BIN)/python -m pytest -n 2 --dist loadfile tests/e2e

lint: setup ## check the style of the code
	@$(BIN)/python -m ruff check --quiet --output-format concise .

lint-lessons: setup ## report how long and wordy the lessons are, beside the limits
	@$(BIN)/python -m tools.lint_lessons

notebooks: setup ## write notebooks/ from lessons/
	@$(BIN)/python -m tools.build_notebooks

golden: setup ## run the solutions and keep what each cell said, for the tests to compare
	@$(BIN)/python -m tools.write_golden

results: setup ## keep the results of the last `make course`, `make deeper` and `make binder-check` in data/results/
	@$(BIN)/python -m tools.record_results

readme: setup ## draw the pictures, fill the tables and links of README.md, docs/ and deploy/
	@$(BIN)/python -m tools.draw_pictures
	@$(BIN)/python -m tools.start_page
	@$(BIN)/python -m tools.readme_table
	@$(BIN)/python -m tools.paper
	@$(BIN)/python -m deploy.tables

playground: setup ## build the page that trains a head in the browser, in build/playground (needs npm)
	@$(BIN)/python -m tools.build_playground

links: readme notebooks ## after a change of repository or tag in pyproject.toml: badges, links, set-up cells
	@$(BIN)/python -m tools.links

COMPILE := $(BIN)/python -m uv pip compile pyproject.toml --quiet --python-version 3.11 --no-emit-index-url --generate-hashes \
  --annotation-style line --custom-compile-command "make requirements"

requirements: setup ## compile the requirements.txt here, in binder/ and in deploy/ from pyproject.toml
	@$(COMPILE) --universal --extra cpu --extra course --extra photos --extra export --extra heic \
	  --extra slides --extra site --extra dev -o requirements.txt
	@$(COMPILE) --python-platform linux --extra cpu --extra course --extra binder \
	  --constraint requirements.txt -o binder/requirements.txt
	@$(COMPILE) --python-platform linux --extra cpu --extra course --extra hub \
	  --constraint requirements.txt -o deploy/one_server/requirements.txt
	@$(COMPILE) deploy/kubernetes/requirements.in --python-platform linux --extra cpu --extra course --extra binder \
	  --constraint requirements.txt -o deploy/kubernetes/requirements.txt

BENCH := build/bench
bench: setup ## the engine's speed and memory beside its peers, in an environment of its own (20 minutes)
	@$(BIN)/python -m uv venv --quiet --allow-existing --python $(BIN)/python $(BENCH)/venv
	@$(BIN)/python -m uv pip install --quiet --python $(BENCH)/venv/bin/python -r requirements.txt -r benchmarks/requirements.txt
	@$(BENCH)/venv/bin/python -m benchmarks.bench $(if $(ONLY),--only $(ONLY))

binder-check: setup ## imitate Binder: its own environment, one core, 2 GB, every lesson
	@$(BIN)/python -m tools.binder_check

HUB := build/hub
hub-check: ## imitate a class of five on a JupyterHub (root on Linux; makes accounts, removes them)
	@PYTHON=$(or $(HUB_PYTHON),/usr/bin/python3) deploy/one_server/install.sh $(HUB)
	@$(HUB)/venv/bin/python -m deploy.one_server.trial.neighbours --folder $(HUB)
	@$(HUB)/venv/bin/python -m deploy.one_server.trial.simulate_class --folder $(HUB)

stale: setup ## name the derived files that are stale, and the command that writes each
	@$(BIN)/python -m tools.stale

mutants: setup ## plant realistic mistakes in a copy, one by one: which test sees each? (10 to 25 minutes)
	@$(BIN)/python -m tools.mutants

NOX = @$(BIN)/python -m nox -s $(@:test-%=%) --force-python $(PYTHON)

test-colab: setup ## run the golden notebooks with Colab's packages, installed by their set-up cell
	$(NOX)

test-newest: setup ## run them with the newest packages (PYTHON=python3.13 picks the Python)
	$(NOX)

test-oldest: setup ## run them with the lowest versions that pyproject.toml allows
	$(NOX)

test-jax: setup ## run them with Keras on JAX
	$(NOX)

test-torch: setup ## run them with Keras on PyTorch
	$(NOX)

# Two commands do everything: `make run` and `make test`. Nothing is written outside this folder, save system packages.

HOST       ?=
PORT       ?=
PUBLIC_URL ?=
SKIP       ?=
MINUTES    ?= 60
BIN        := .venv/bin

# Caches of programs that would otherwise keep them in the home folder.
export PIP_CACHE_DIR := $(CURDIR)/.cache/pip
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help run test test-faults fuzz check bench migration constraints web-forms clean

help:  ## Say what there is
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 20

run: .venv/ready .venv/looked-for-java  ## Start everything: make run [HOST=0.0.0.0] [PORT=8080] [PUBLIC_URL=https://…]
	@$(MAKE) --no-print-directory web-forms || echo "*** Forms cannot be opened in the browser: ODK Web Forms could not be installed. Later: make web-forms ***"
	@exec $(BIN)/siraba run $(if $(HOST),--host $(HOST)) $(if $(PORT),--port $(PORT)) $(if $(PUBLIC_URL),--public-url $(PUBLIC_URL))

test: .venv/ready-for-tests  ## Install what tests need, then lint, types, laws and all tests: make test [SKIP=browser,java,s3,postgres]
	@SKIP="$(SKIP)" tools/engines.sh
	@$(MAKE) --no-print-directory check
	@SKIP="$(SKIP)" tools/tests.sh

test-faults: .venv/ready-for-tests  ## Break things for longer than make test does: twenty processes killed under thousands of submissions, S3 away for a minute
	@SKIP="$(SKIP)" tools/engines.sh
	@for each in sqlite postgresql; do $(BIN)/pytest --database $$each --kills 20 --stories 1000 --outage-seconds 60 --film-megabytes 2040 -o faulthandler_timeout=0 tests/faults || exit 1; done

fuzz: .venv/ready-for-tests  ## Send broken bodies for an hour, on each database: make fuzz [MINUTES=60]
	@SKIP="browser,java,s3" tools/engines.sh
	@for each in sqlite postgresql; do $(BIN)/pytest --database $$each --fuzz-minutes $(MINUTES) -o faulthandler_timeout=0 tests/faults/test_fuzzing.py -s || exit 1; done

check: .venv/ready-for-tests  ## Lint, types and the laws of the layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --cache-dir .cache/import_linter

bench: .venv/ready-for-tests  ## Measure intake, rebuild, exports, memory, compiling and downloads; takes minutes
	@for each in intake rebuild export memory decrypting compiling forms tablets; do $(BIN)/python -m bench.$$each || exit 1; done

migration: .venv/ready-for-tests  ## Draft the next migration: make migration NAME="what changes"
	@$(BIN)/python -m tests.support.drafting "$(NAME)"
	@$(BIN)/ruff format -q storage/migrations

constraints: .venv/ready-for-tests  ## Write down what is installed now as what is tested
	@{ sed -n '/^#/p' constraints.txt; $(BIN)/pip freeze --all --exclude-editable; } > .cache/constraints.txt
	@mv .cache/constraints.txt constraints.txt

web-forms: node_modules/ready  ## Bring ODK Web Forms from npm, for forms in the browser
	@:

clean:  ## Remove the environment and all caches; data/ stays
	rm -rf .venv .cache node_modules build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

.venv/ready: pyproject.toml constraints.txt
	@tools/environment.sh
	@touch $@

# Once, since without a network each attempt takes its time.
.venv/looked-for-java: .venv/ready
	@tools/java.sh
	@touch $@

.venv/ready-for-tests: .venv/ready
	@$(BIN)/pip install -q -c constraints.txt --group lint --group test
	@touch $@

node_modules/ready: package.json package-lock.json | .venv/ready
	@tools/web_forms.sh
	@touch $@

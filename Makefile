# One command each: `make run` serves, `make test` proves. Everything lives in .venv, ./data and build/.

# The first Python that is new enough, whatever it is called here.
PYTHON ?= $(firstword $(foreach p,python3 python3.14 python3.13 python3.12 python3.11,$(shell $(p) -c 'import sys; sys.version_info < (3, 11) or print("$(p)")' 2>/dev/null)))
DATA = $(or $(DATA_DIR),./data)
BIN = .venv/bin
READY = .venv/ready
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check
COMPILE = $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command 'make lock' $(UPGRADE)

.PHONY: run test test-kafka storm lint bench bench-quick bench-against architecture new-event lock help

run: $(READY) ## serve on PORT (8080) with everything embedded and a demo account; data in DATA_DIR (./data)
	@exec $(BIN)/payout-ledger serve --embedded --demo --data '$(DATA)' --port $(or $(PORT),8080)

test: $(READY) ## the whole suite, on its own Postgres and broker or on TEST_DATABASE_URL (ARGS go to pytest)
	@$(BIN)/pytest -n auto --dist worksteal $(ARGS)

test-kafka: $(READY) build/kafka/ready ## what talks to Kafka, on a real one (needs Java 17 and Maven)
	@REAL_KAFKA=1 $(BIN)/pytest -n 3 --dist worksteal -m 'kafka or real_kafka' $(ARGS)

storm: $(READY) build/kafka/ready ## ten thousand payouts (STORM_PAYOUTS) through a faulty provider, with kills; half an hour
	@REAL_KAFKA=1 STORM_PAYOUTS=$(or $(STORM_PAYOUTS),10000) $(BIN)/pytest -m real_kafka tests/kafka/test_storm.py $(ARGS)

lint: $(READY) ## style, types, and which room may import which
	@$(BIN)/ruff check && $(BIN)/ruff format --check && $(BIN)/mypy && $(BIN)/lint-imports

bench: $(READY) ## measure, and write bench/results/latest.json
	@$(BIN)/python -m bench $(ARGS)

bench-quick: $(READY) ## the same in under two minutes
	@$(BIN)/python -m bench --quick $(ARGS)

bench-against: $(READY) ## measure this checkout and the commit REV in turn (ARGS="--only http_command --rounds 9")
	@$(BIN)/python -m bench.against $(REV) $(ARGS)

architecture: $(READY) ## draw the diagrams of docs/architecture.md again
	$(BIN)/python -m tests.architecture.draw

new-event: $(READY) ## write the stubs of an event: NAME=payout.note_changed COMMAND=changeNote (SUBJECT=payouts)
	@$(BIN)/python -m tests.scaffold.new_event '$(NAME)' --command '$(COMMAND)' --subject '$(SUBJECT)' && $(BIN)/ruff check --quiet --fix events projections tests/events; $(BIN)/ruff format --quiet events projections tests/events

lock: $(BIN)/python ## write the lock files anew from pyproject.toml (UPGRADE=--upgrade takes newer releases)
	@$(PIP) 'uv>=0.9'
	@$(COMPILE) --extra embedded --group dev --output-file requirements.lock >/dev/null
	@$(COMPILE) --constraint requirements.lock --output-file deploy/requirements.lock >/dev/null

help: ## this list
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 14

# Installed again only when what is to be installed changes.
$(READY): pyproject.toml requirements.lock | $(BIN)/python
	@echo 'Installing what requirements.lock names into .venv ...'
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(BIN)/python:
	@test -n '$(PYTHON)' || { echo 'Python 3.11 or newer is needed, and python3 is not: try make PYTHON=/path/to/python3.11' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "$(PYTHON) is older than Python 3.11")'
	@echo 'Making .venv ...'
	@rm -rf .venv && $(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }

build/kafka/ready: tests/kafka/pom.xml
	@command -v java >/dev/null || { echo 'make test-kafka needs Java 17 or newer (Debian: openjdk-17-jre-headless)' >&2; exit 1; }
	@command -v mvn >/dev/null || { echo 'make test-kafka needs Maven (Debian: maven)' >&2; exit 1; }
	@echo 'Fetching Apache Kafka into build/kafka ...'
	@rm -rf build/kafka
	@mvn -q -B -f tests/kafka/pom.xml dependency:copy-dependencies -DoutputDirectory='$(CURDIR)/build/kafka'
	@touch $@

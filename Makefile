# Everything runs inside .venv, which the first target that needs it makes from the locked requirements.
# PYTHON=/path/to/python chooses the interpreter; otherwise the first of the names below that is 3.11 or newer.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SPARK := $(VENV)/.spark
DEMO ?= demo
PYTEST := $(BIN)/python -m pytest -n auto --maxprocesses 8 --dist worksteal

.PHONY: help venv demo test test-all lint format lock clean

help:
	@echo "make demo      pull, match and publish generated sources into the folder '$(DEMO)'"
	@echo "make test      the tests, on SQLite and on a PostgreSQL server they start themselves"
	@echo "make test-all  the same and the long rings"
	@echo "make lint      style and types      make format  put the style right"
	@echo "make lock      resolve the requirements again      make clean  remove what make has made"

venv: $(READY)

$(READY): requirements/dev.txt pyproject.toml scripts/venv
	@PYTHON="$(PYTHON)" scripts/venv $(VENV)

# Half a gigabyte that only the long ring needs.
$(SPARK): $(READY) requirements/spark.txt
	@echo "Installing Spark and a Java for it into $(VENV) (some minutes, once) ..." >&2
	@$(BIN)/python -m pip --disable-pip-version-check --quiet install --require-hashes --requirement requirements/spark.txt
	@touch $(SPARK)

demo: $(READY)
	$(BIN)/mdm demo $(DEMO)

test: $(READY)
	$(PYTEST) -m "not long"

test-all: $(SPARK)
	HYPOTHESIS_PROFILE=deep $(PYTEST)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Names, versions and hashes only: which index serves them is the reader's affair.
COMPILE := $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

lock: $(READY)
	$(COMPILE) $(LOCKFLAGS) -o requirements/base.txt
	$(COMPILE) $(LOCKFLAGS) --extra dev -c requirements/base.txt -o requirements/dev.txt
	$(COMPILE) $(LOCKFLAGS) --extra spark-java -c requirements/dev.txt -o requirements/spark.txt

clean:
	rm -rf $(VENV) build dist .pytest_cache .hypothesis .ruff_cache .mypy_cache

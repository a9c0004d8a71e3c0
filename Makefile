# make demo   sets everything up and runs the main job: a synthetic portfolio, loaded, measured, and its board pack
# make test   sets everything up and passes the tests
# make check  formatter, linter, types, architecture contract and tests; reports all failures
# make evaluate   the long evaluations, as tables       make benchmark   speed, against the alternative, in the same run
PYTHON ?=
DEMO ?= quarterdeck-demo
PYTEST_ARGS ?=
export PYTHON

.PHONY: setup demo serve test check evaluate benchmark benchmark-smoke reference screenshots clean

setup:
	@sh scripts/bootstrap.sh

demo: setup
	@.venv/bin/quarterdeck demo --out $(DEMO)

test: setup
	@sh scripts/system_parts.sh
	@.venv/bin/pytest -n 2 --dist worksteal -m "not slow" $(PYTEST_ARGS)

check: setup
	@sh scripts/check.sh

evaluate: setup
	@.venv/bin/python scripts/run_all.py evaluations
	@.venv/bin/pytest -m slow $(PYTEST_ARGS)

benchmark: setup
	@.venv/bin/python scripts/run_all.py benchmarks

# The deck's own benchmark makes a demo and walks every page, which takes minutes even when small: by hand.
benchmark-smoke: setup
	@.venv/bin/python scripts/run_all.py benchmarks --smoke --skip web

reference: setup
	@.venv/bin/python scripts/write_reference.py

clean:
	rm -rf .venv .venv-uv $(DEMO) .pytest_cache .mypy_cache .ruff_cache .hypothesis

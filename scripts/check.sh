#!/bin/sh
# Formatter, linter, types, architecture contract, tests: all of them run, and all failures are reported together.
set -u
cd "$(dirname "$0")/.."
failed=""
run() { name=$1; shift; echo "== $name"; "$@" || failed="$failed, $name"; }
run "formatter (ruff format)" .venv/bin/ruff format --check .
run "linter (ruff check)" .venv/bin/ruff check .
run "types (mypy --strict)" .venv/bin/mypy
run "architecture (import-linter)" .venv/bin/lint-imports
run "tests (pytest)" make --no-print-directory test
if [ -n "$failed" ]; then echo "Failed: ${failed#, }"; exit 1; fi
echo "All checks passed."

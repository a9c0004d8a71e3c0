#!/bin/sh
# Makes .venv with everything the project needs. Uses uv if it is installed, else makes a venv that installs uv; never downloads a Python.
set -eu
cd "$(dirname "$0")/.."
stamp=.venv/.quarterdeck-installed
if [ -f "$stamp" ] && [ "$stamp" -nt pyproject.toml ] && [ "$stamp" -nt constraints.txt ]; then exit 0; fi

# A name on the PATH may be a shim for a version that is not installed, so each candidate is tried, not only looked up.
python=""
for candidate in ${PYTHON:-} python3.13 python3.12 python3.11 python3 python; do
    if command -v "$candidate" >/dev/null 2>&1 && "$candidate" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' >/dev/null 2>&1; then
        python=$("$candidate" -c 'import sys; print(sys.executable)')
        break
    fi
done
if [ -z "$python" ]; then
    echo "Quarterdeck needs Python 3.11, 3.12 or 3.13 with venv. Install one (on Debian: apt-get install python3-venv) or name it: make PYTHON=/path/to/python3.12 ..." >&2
    exit 2
fi

if command -v uv >/dev/null 2>&1; then
    uv=uv
else
    [ -x .venv-uv/bin/uv ] || { echo "Installing uv into .venv-uv ..."; "$python" -m venv .venv-uv; .venv-uv/bin/python -m pip install --quiet --disable-pip-version-check uv; }
    uv=.venv-uv/bin/uv
fi
echo "Installing Quarterdeck into .venv with $("$python" --version) ..."
[ -x .venv/bin/python ] && .venv/bin/python -c 'import sys; sys.exit(sys.version_info[:2] < (3, 11))' 2>/dev/null || "$uv" venv --quiet --no-python-downloads --python "$python" .venv
# Compiled once here, so that commands start fast also where Python may not write bytecode (read-only or shared installations).
"$uv" pip install --quiet --compile-bytecode --python .venv/bin/python --constraint constraints.txt --editable ".[postgres,cluster,llm,sso]" --group dev
.venv/bin/python -m compileall -q src
touch "$stamp"
echo "Ready: .venv/bin/quarterdeck"

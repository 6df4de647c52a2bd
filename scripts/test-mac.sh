#!/usr/bin/env bash
# What a laptop runs (scripts/local-*.sh and what they call) uses only what macOS has. scripts/test-local.sh walks under a PATH like a Mac's.
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/local/venv.sh
python=$(venv workflows)
timeout 120 "$python" scripts/mac_checks.py "$(dirname "$python")/shellcheck"

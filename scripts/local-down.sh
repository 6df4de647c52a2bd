#!/usr/bin/env bash
# Removes everything that local-up.sh made: containers, networks, volumes, the emulator, files.
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/local/venv.sh
exec "$(venv moto)" deploy/local/local.py down

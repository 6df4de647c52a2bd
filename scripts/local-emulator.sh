#!/usr/bin/env bash
# Starts an emulator of AWS on port 4566, installed from PyPI, for whoever has none. scripts/local-down.sh ends it.
#
#   scripts/local-emulator.sh [localstack|moto]
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/local/venv.sh
emulator=${1:-localstack}
case $emulator in
    moto | localstack) ;;
    *) echo "moto or localstack, not \"$emulator\"" >&2; exit 2 ;;
esac
exec "$(venv moto)" deploy/local/local.py emulator --emulator "$emulator" --python "$(venv "$emulator")"

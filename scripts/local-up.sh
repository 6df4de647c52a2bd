#!/usr/bin/env bash
# Makes a complete environment on this machine (emulated AWS, the Terraform applied to it, a container for each instance, a registry, a
# Prometheus) and deploys the service in it.
#
#   scripts/local-up.sh [--emulator moto|localstack] [IMAGE]
#
# IMAGE is one of this machine's Docker; without one it is built from this tree. The emulator is moto if none is named; either is
# installed from PyPI.
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/local/venv.sh
emulator=moto
if [ "${1:-}" = --emulator ]; then
    emulator=${2:-}
    shift 2
fi
case $emulator in
    moto | localstack) ;;
    *) echo "--emulator is moto or localstack, not \"$emulator\"" >&2; exit 2 ;;
esac
scripts/docker-engine.sh
. scripts/terraform-provider.sh
exec "$(venv moto)" deploy/local/local.py up --emulator "$emulator" --python "$(venv "$emulator")" "$@"

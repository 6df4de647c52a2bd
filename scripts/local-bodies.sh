#!/usr/bin/env bash
# Gives bodies to what somebody's `tflocal apply` of terraform/ made on an emulator that runs already (AWS_ENDPOINT_URL, else
# http://localhost:4566), deploys the first image, and waits until the service answers. From then on the bodies follow the emulator: new
# ones for the next apply, none after a destroy, until scripts/local-down.sh.
#
#   scripts/local-bodies.sh [IMAGE]    IMAGE of this machine's Docker; without one, and with none in the registry, it is built from this tree
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/local/venv.sh
scripts/docker-engine.sh
exec "$(venv moto)" deploy/local/local.py bodies "$@"

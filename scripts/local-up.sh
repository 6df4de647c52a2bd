#!/usr/bin/env bash
# Makes a complete environment on this machine (emulated AWS, the Terraform applied to it, a container for each instance, a registry, a
# Prometheus) and deploys the service in it.
#
#   scripts/local-up.sh [IMAGE]    IMAGE of this machine's Docker; without one the image is built from this tree
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/local/venv.sh
scripts/docker-engine.sh
. scripts/terraform-provider.sh
image=${1:-}
if [ -z "$image" ]; then
    image=tocos:local
    scripts/local-image.sh "$image" tocos-local
fi
exec "$(venv moto)" deploy/local/local.py up "$image"

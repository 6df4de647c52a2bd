#!/usr/bin/env bash
# Pushes an image to the local registry as the new production; the running instance takes it within 5 s.
#
#   scripts/local-push.sh [IMAGE]    IMAGE of this machine's Docker; without one the image is built from this tree
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/local/venv.sh
image=${1:-}
if [ -z "$image" ]; then
    image=tocos:local
    scripts/local-image.sh "$image" tocos-local
fi
exec "$(venv moto)" deploy/local/local.py push "$image"

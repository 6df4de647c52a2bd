#!/usr/bin/env bash
# Pushes an image to the local registry under the tag `production`; the running instance installs it at its next poll, within 5 s.
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

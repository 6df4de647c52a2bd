#!/usr/bin/env bash
# Pushes an image to the local registry as the new production; the running instance takes it within 5 s. Waits until it has taken or
# rejected it, and until the metrics say so.
#
#   scripts/local-push.sh [IMAGE]    IMAGE of this machine's Docker; without one the image is built from this tree
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/local/venv.sh
exec "$(venv moto)" deploy/local/local.py push "$@"

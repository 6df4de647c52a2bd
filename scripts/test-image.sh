#!/usr/bin/env bash
# Tests the image: packs the static binary, runs it read-only and without capabilities, uses it, stops it by SIGTERM and
# by SIGKILL, and pushes it to a registry and pulls it. Installs what it needs from Debian and PyPI.
#
#   scripts/test-image.sh              with the binary that scripts/build-static.sh builds
#   scripts/test-image.sh BINARY       with an existing binary
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/local/venv.sh

scripts/debian-packages.sh docker-registry:docker-registry skopeo:skopeo readelf:binutils dockerd:docker.io iptables:iptables
tools=$(dirname "$(venv image)")
scripts/docker-engine.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ $# -gt 0 ]; then
  cp "$1" "$work/tocos"
else
  scripts/build-static.sh "$work/tocos"
fi
PATH=$tools:$PATH python3 scripts/image_checks.py "$work"

#!/usr/bin/env bash
# The steps of a release that need no account: the binary tried from outside, images pushed by digest, joined to one of two architectures,
# promoted, and waited for. A registry on the loopback stands in Docker Hub's place. Root on Debian: it installs what is missing.
#
#   scripts/test-release.sh              with the binary that scripts/build-static.sh builds
#   scripts/test-release.sh BINARY       with one that is there already
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/debian-packages.sh docker-registry:docker-registry skopeo:skopeo readelf:binutils curl:curl dockerd:docker.io iptables:iptables
scripts/docker-engine.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/context"
if [ $# -gt 0 ]; then
  cp "$1" "$work/context/tocos"
else
  scripts/build-static.sh "$work/context/tocos"
fi
python3 scripts/release_checks.py "$work"

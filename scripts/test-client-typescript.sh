#!/usr/bin/env bash
# Tests the TypeScript client: its types are those that the OpenAPI document gives, they hold, the linter finds nothing, the package has what it
# should, and its tests pass against a real service, on a bad network, in Node and in Chromium. Needs Node 20 or newer with npm; installs
# Chromium from Debian.
#
#   TOCOS_BINARY   the binary to run (default: built with cargo)
set -euo pipefail
cd "$(dirname "$0")/.."
command -v npm >/dev/null || { echo "this needs Node 20 or newer with npm" >&2; exit 1; }
scripts/debian-packages.sh chromium:chromium
if [ -z "${TOCOS_BINARY:-}" ]; then
  cargo build --quiet --locked --package tocos
  TOCOS_BINARY=$PWD/target/debug/tocos
fi
TOCOS_BINARY=$(realpath "$TOCOS_BINARY")
export TOCOS_BINARY
cd clients/typescript
npm ci --silent --ignore-scripts --no-audit --no-fund --prefer-offline
node scripts/generate.mjs --check
npm run --silent build
npm run --silent types
npm run --silent lint
# What the pipeline would publish at a tag.
version=$(node -p 'require("./package.json").version')
DRY_RUN=1 GITHUB_REF_TYPE=tag GITHUB_REF_NAME=v$version GITHUB_REPOSITORY=tocos/tocos GITHUB_SHA=0 ../../scripts/release-client.sh npm
TOCOS_CLIENT_BUILT=1 npm test --silent

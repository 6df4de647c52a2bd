#!/usr/bin/env bash
# Tests the console: the bundle that is checked in is what its sources give, byte for byte; its types hold; and in Chromium it does what people
# need, on a real service, and on a group of two nodes over PostgreSQL. Needs Node 20 or newer with npm; installs Chromium and PostgreSQL from Debian.
#
#   TOCOS_BINARY   the binary to run (default: built with cargo)
set -euo pipefail
cd "$(dirname "$0")/.."
command -v npm >/dev/null || { echo "this needs Node 20 or newer with npm" >&2; exit 1; }
scripts/debian-packages.sh chromium:chromium pg_createcluster:postgresql
if [ -z "${TOCOS_BINARY:-}" ]; then
  cargo build --quiet --locked --package tocos
  TOCOS_BINARY=$PWD/target/debug/tocos
fi
export TOCOS_BINARY
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd console
npm ci --silent --ignore-scripts --no-audit --no-fund
node_modules/.bin/tsc --noEmit
node build.mjs "$work/bundle"
diff -r "$work/bundle" ../crates/api/console || { echo "the bundle is not what its sources give; run cargo xtask console" >&2; exit 1; }
node --test --test-concurrency=1 --test-timeout=1200000 tests/*.test.mjs

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
npm ci --silent --ignore-scripts --no-audit --no-fund
node scripts/generate.mjs --check
npm run --silent build
npm run --silent types
npm run --silent lint
# Nothing but the package is published: no test, and no dependency.
node -e 'process.exit(require("./package.json").dependencies === undefined ? 0 : "there are runtime dependencies")'
npm pack --silent --dry-run --json --ignore-scripts | node -e '
  const [{ files }] = JSON.parse(require("fs").readFileSync(0, "utf8"));
  const wrong = files.map(({ path }) => path).filter((path) => !/^(dist\/|src\/|README\.md$|LICENSE$|package\.json$)/.test(path));
  if (wrong.length || !files.some(({ path }) => path === "dist/index.d.ts")) throw new Error(`the package has ${wrong.join(" ") || "no types"}`);'
npm test --silent

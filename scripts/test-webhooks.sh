#!/usr/bin/env bash
# Tests the delivery of events to webhooks with the real service and receivers that verify each request with the reference libraries of
# Standard Webhooks from PyPI and npm: signatures, rotated secrets, TLS, kills in the middle, a dead endpoint beside a live one, and how many events
# one endpoint takes in a second. Needs Python 3.10 or newer with venv, Node.js 20 or newer with npm, and openssl; installs the libraries into a cache
# outside the tree.
#
#   TOCOS_BINARY   the binary to run (default: built with cargo; the figures are those of a release build only with one)
#   EVENTS         events of the measurement (default 50000)
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/local/venv.sh

for tool in node npm openssl; do
  command -v "$tool" >/dev/null || { echo "$tool is not there; on Debian: apt-get install nodejs npm openssl" >&2; exit 1; }
done
python=$(venv webhooks)

package=standardwebhooks@1.1.1
node=$cache/node-webhooks-${package#*@}
if [ ! -e "$node/complete" ]; then
  echo "installing from npm: $package"
  rm -rf "$node"
  mkdir -p "$node"
  npm install --silent --no-audit --no-fund --prefix "$node" "$package" >/dev/null
  touch "$node/complete"
fi

if [ -z "${TOCOS_BINARY:-}" ]; then
  cargo build --quiet --locked --package tocos
  TOCOS_BINARY=$PWD/target/debug/tocos
fi
export TOCOS_BINARY PYTHONDONTWRITEBYTECODE=1
exec "$python" scripts/webhook_checks.py "$node"

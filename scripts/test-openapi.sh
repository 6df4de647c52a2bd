#!/usr/bin/env bash
# Holds the running service to its own OpenAPI document, with requests that schemathesis makes up: good ones, bad ones,
# and sequences along its links. All checks are on. Needs Python 3.10 or newer with venv; installs schemathesis from PyPI
# into a cache outside the tree.
#
#   TOCOS_BINARY   the binary to run (default: built with cargo)
#   EXAMPLES       requests made up for each operation and phase (default 15)
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/local/venv.sh
root=$PWD

bin=$(dirname "$(venv openapi)")

export PYTHONDONTWRITEBYTECODE=1
if [ -z "${TOCOS_BINARY:-}" ]; then
  cargo build --quiet --locked --package tocos
  TOCOS_BINARY=target/debug/tocos
fi

work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT

"$TOCOS_BINARY" serve --listen 127.0.0.1:0 --internal-listen 127.0.0.1:0 --test-clock --log-level warn \
  --data-dir "$work/data" --address-file "$work/addresses" &
server=$!
for _ in $(seq 200); do
  [ -s "$work/addresses" ] && break
  kill -0 "$server" || { echo "the service ended before it listened" >&2; exit 1; }
  sleep 0.05
done
url=$(sed -n 's/^api //p' "$work/addresses")

# The first key; then users, coins and an open hold, so that made-up requests also find something.
json=(-sS --fail -H 'content-type: application/json')
key=$(curl "${json[@]}" "$url/v1/keys" -d '{"name":"gate","right":"admin"}' | sed -n 's/.*"secret":"\([^"]*\)".*/\1/p')
[ -n "$key" ] || { echo "the first API key was not made" >&2; exit 1; }
json+=(-H "authorization: Bearer $key")
curl "${json[@]}" -X PUT "$url/v1/users/ana" -d '{"name":"Ana"}' >"$work/answer"
curl "${json[@]}" -X PUT "$url/v1/users/bob" -d '{}' >"$work/answer"
curl "${json[@]}" "$url/v1/grants" -d '{"user":"ana","coin":"toco","amount":1000000}' >"$work/answer"
curl "${json[@]}" "$url/v1/holds" -d '{"user":"ana","coin":"toco","amount":500}' >"$work/answer"

# From the work directory, where it may leave its cache.
(cd "$work" && SCHEMATHESIS_HOOKS="$root/crates/api/tests/schemathesis/hooks.py" \
  "$bin/schemathesis" --config-file "$root/scripts/schemathesis.toml" run "$url/openapi.json" \
  --checks all --max-examples "${EXAMPLES:-15}" --seed 20261122 --workers 1 --no-color \
  --header "authorization: Bearer $key")

kill -TERM "$server"
wait "$server"
server=
"$TOCOS_BINARY" verify --data-dir "$work/data"

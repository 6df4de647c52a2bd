#!/usr/bin/env bash
# Tests that the running service conforms to its own OpenAPI document, with requests that schemathesis generates: valid ones,
# invalid ones, and sequences along its links. All checks are on. Needs Python 3.10 or newer with venv; installs schemathesis
# from PyPI into a cache outside the tree.
#
#   TOCOS_BINARY   the binary to run (default: built with cargo)
#   EXAMPLES       requests generated for each operation and phase (default 15)
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/local/venv.sh
root=$PWD

bin=$(dirname "$(venv openapi)")

export PYTHONDONTWRITEBYTECODE=1
. scripts/service.sh
start_service --test-clock
# Users, coins and an open hold, so that some generated requests name existing ones.
curl "${json[@]}" -X PUT "$url/v1/users/ana" -d '{"name":"Ana"}' >"$work/answer"
curl "${json[@]}" -X PUT "$url/v1/users/bob" -d '{}' >"$work/answer"
curl "${json[@]}" "$url/v1/grants" -d '{"user":"ana","coin":"toco","amount":1000000}' >"$work/answer"
curl "${json[@]}" "$url/v1/holds" -d '{"user":"ana","coin":"toco","amount":500}' >"$work/answer"

# From the work directory, because it writes its cache to the current directory.
(cd "$work" && SCHEMATHESIS_HOOKS="$root/crates/api/tests/schemathesis/hooks.py" \
  "$bin/schemathesis" --config-file "$root/scripts/schemathesis.toml" run "$url/openapi.json" \
  --checks all --max-examples "${EXAMPLES:-15}" --seed 20261122 --workers 1 --no-color \
  --header "authorization: Bearer $key")

kill -TERM "$server"
wait "$server"
server=
"$TOCOS_BINARY" verify --data-dir "$work/data"

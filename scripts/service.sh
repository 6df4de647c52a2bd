# shellcheck shell=bash
# Sourced by suites that need a running service. `start_service OPTION...` starts one on a new ledger and makes its first key. The
# service is stopped when the suite ends.
#
#   TOCOS_BINARY   the binary to run (default: built with cargo)
#
# Sets `work` (a directory that is removed when the suite ends), `server` (the process id; set it to the empty string after waiting for the
# process), `url`, `key`, and `json`: the options of curl for a request with a JSON body and the key.
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT

start_service() {
  if [ -z "${TOCOS_BINARY:-}" ]; then
    cargo build --quiet --locked --package tocos
    TOCOS_BINARY=target/debug/tocos
  fi
  "$TOCOS_BINARY" serve --listen 127.0.0.1:0 --internal-listen 127.0.0.1:0 --log-level warn \
    --data-dir "$work/data" --address-file "$work/addresses" "$@" &
  server=$!
  for _ in $(seq 200); do
    [ -s "$work/addresses" ] && break
    kill -0 "$server" || { echo "the service ended before it listened" >&2; exit 1; }
    sleep 0.05
  done
  url=$(sed -n 's/^api //p' "$work/addresses")
  json=(-sS --fail -H 'content-type: application/json')
  key=$(curl "${json[@]}" "$url/v1/keys" -d '{"name":"suite","right":"admin"}' | sed -n 's/.*"secret":"\([^"]*\)".*/\1/p')
  [ -n "$key" ] || { echo "the first API key was not made" >&2; exit 1; }
  json+=(-H "authorization: Bearer $key")
}

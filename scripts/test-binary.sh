#!/usr/bin/env bash
# Tests a built binary before it is packed into an image: it is static, it starts, it keeps coins after a kill, and a second process can't
# open the same data.
#
#   scripts/test-binary.sh BINARY
set -euo pipefail
binary=$(realpath "$1")
folder=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null || true; rm -rf "$folder"' EXIT
passed=0

ok() { passed=$((passed + 1)); echo "ok      $1"; }
fail() { echo "FAILED  $1"; echo "$passed passed, 1 failed"; exit 1; }

start() {
    "$binary" serve --listen 127.0.0.1:0 --internal-listen 127.0.0.1:0 --address-file "$folder/address" --data-dir "$folder/data" 2>>"$folder/log" &
    pid=$!
    for _ in $(seq 100); do
        [ ! -s "$folder/address" ] || { url=$(sed -n 's/^api //p' "$folder/address"); return; }
        sleep 0.1
    done
    cat "$folder/log"
    fail "it starts within 10 s"
}

# A program with an interpreter is linked dynamically.
if LC_ALL=C readelf -l "$binary" | grep -q 'INTERP'; then fail "it is static"; fi
ok "it is static"
start
ok "it starts"
curl -fsS --max-time 10 "$url/version" | grep -q '"name":"tocos"' || fail "it says what it is"
ok "it says what it is: $(curl -fsS --max-time 10 "$url/version")"
curl -fsS --max-time 10 -X PUT "$url/v1/users/ana" -H 'content-type: application/json' -d '{}' >/dev/null
curl -fsS --max-time 10 "$url/v1/grants" -H 'content-type: application/json' -d '{"user":"ana","coin":"toco","amount":7}' >/dev/null
kill -9 "$pid"
wait "$pid" 2>/dev/null || true
rm -f "$folder/address"
start
curl -fsS --max-time 10 "$url/v1/users/ana" | grep -q '"toco":7' || fail "coins survive a kill"
ok "coins survive a kill"
if timeout 10 "$binary" serve --listen 127.0.0.1:0 --data-dir "$folder/data" 2>"$folder/second"; then fail "a second one is refused"; fi
ok "a second one is refused: $(tail -1 "$folder/second" | cut -c1-120)"
kill "$pid"
wait "$pid" || fail "it ends in order on SIGTERM"
pid=
ok "it ends in order on SIGTERM"
echo "$passed passed, 0 failed"

#!/usr/bin/env bash
# Tests the service on a file system that fills up: writes are refused, reads go on, and writes are taken again by themselves when
# there is room. The file system is a tmpfs in a mount namespace of the suite's own, so it needs Linux; root, or user namespaces.
#
#   TOCOS_BINARY   the binary to run (default: built with cargo)
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "${1:-}" != inside ]; then
  if [ "$(id -u)" -eq 0 ]; then
    exec unshare --mount "$0" inside
  fi
  exec unshare --map-root-user --mount "$0" inside
fi

. scripts/checks.sh
. scripts/service.sh
mkdir "$work/data"
mount -t tmpfs -o size=14m tmpfs "$work/data"
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; umount "$work/data" 2>/dev/null || true; rm -rf "$work"' EXIT
start_service --segment-bytes 4194304
internal=$(sed -n 's/^internal //p' "$work/addresses")

curl "${json[@]}" -X PUT "$url/v1/users/ana" -d '{}' >"$work/answer"
curl "${json[@]}" -X PUT "$url/v1/users/bob" -d '{}' >"$work/answer"
curl "${json[@]}" "$url/v1/grants" -d '{"user":"ana","coin":"toco","amount":1000000}' >"$work/answer"

transfer='{"op":"transfer","from":"ana","to":"bob","coin":"toco","amount":1,"metadata":{"x":"'$(printf '%0200d' 0)'"}}'
for _ in $(seq 500); do echo "$transfer"; done >"$work/batch"
moved=0

# `answer OPTION...` prints the status of a request and leaves its body in a file.
answer() {
  curl -sS -o "$work/answer" -w '%{http_code}' -H "authorization: Bearer $key" "$@"
}

fill() {
  for _ in $(seq 200); do
    status=$(answer -H 'content-type: application/x-ndjson' --data-binary "@$work/batch" "$url/v1/batch")
    [ "$status" = 200 ] || return 0
    moved=$((moved + 500))
  done
  echo "$moved transfers went onto 14 MB" && return 1
}

one() {
  answer -H 'content-type: application/json' -d '{"from":"ana","to":"bob","coin":"toco","amount":1}' "$url/v1/transfers"
}

is_refused() {
  [ "$(one)" = 503 ] && grep -q '"code":"storage_full"' "$work/answer" && grep -q '"retryable":true' "$work/answer"
}

has() {
  [ "$(answer "$url/v1/users/bob")" = 200 ] && grep -q "\"toco\":$1[,}]" "$work/answer" && return
  cat "$work/answer"
  return 1
}

measures() {
  curl -sS "$internal/metrics" | grep -Fx "$1"
}

is_taken_again() {
  for _ in $(seq 200); do
    [ "$(one)" != 201 ] || return 0
    sleep 0.05
  done
  cat "$work/answer"
  return 1
}

for round in 1 2; do
  fill
  check "a full disk refuses a batch and names itself (round $round)" grep -q '"code":"storage_full"' "$work/answer"
  check "a full disk refuses a transfer" is_refused
  check "reads go on, and every transfer that was acknowledged is there" has "$moved"
  check "the service stays ready" curl -sS --fail "$internal/readyz"
  check "a metric says that the disk is full" measures "tocos_storage_full 1"
  check "and that no write has failed" measures "tocos_storage_failed 0"
  mount -o "remount,size=$((14 + 14 * round))m" "$work/data"
  check "writes are taken again by themselves when there is room" is_taken_again
  moved=$((moved + 1))
  check "nothing was lost or done twice" has "$moved"
  check "the metric says so" measures "tocos_storage_full 0"
done

fill
kill -KILL "$server"
wait "$server" 2>/dev/null || true
server=
check "what a kill on a full disk leaves is sound" "$TOCOS_BINARY" verify --data-dir "$work/data"
checked

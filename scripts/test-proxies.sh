#!/usr/bin/env bash
# Tests that a service without API keys is not accessible through a proxy on the same machine: requests of nginx and HAProxy with
# their defaults, and of another user of the machine, are refused. With a key all of them work. Needs root, nginx and HAProxy; on
# Debian it installs the two.
#
#   TOCOS_BINARY   the binary to run (default: built with cargo)
set -euo pipefail
cd "$(dirname "$0")/.."

[ "$(id -u)" = 0 ] || { echo "proxies run as users of their own, which takes root: run this as root" >&2; exit 1; }
scripts/debian-packages.sh nginx:nginx-light haproxy:haproxy
if [ -z "${TOCOS_BINARY:-}" ]; then
  cargo build --quiet --locked --package tocos
  TOCOS_BINARY=target/debug/tocos
fi

work=$(mktemp -d)
chmod 755 "$work"
pids=()
stop() {
  [ "${#pids[@]}" -eq 0 ] || kill "${pids[@]}" 2>/dev/null || true
  wait
  rm -rf "$work"
}
trap stop EXIT

"$TOCOS_BINARY" serve --listen 127.0.0.1:0 --internal-listen 127.0.0.1:0 --data-dir "$work/data" \
  --address-file "$work/addresses" 2>"$work/log" &
pids+=($!)
for _ in $(seq 200); do
  [ -s "$work/addresses" ] && break
  kill -0 "${pids[0]}" || { cat "$work/log" >&2; exit 1; }
  sleep 0.05
done
url=$(sed -n 's/^api //p' "$work/addresses")
internal=$(sed -n 's/^internal //p' "$work/addresses")
upstream=${url#http://}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
nginx_port=$(free_port) forwarding_port=$(free_port) haproxy_port=$(free_port)

cat >"$work/nginx.conf" <<CONF
# The second server (made below) runs as root, whose processes are accepted, but it adds a header of proxies.
user www-data;
pid $work/nginx.pid;
error_log $work/nginx.log;
daemon off;
events {}
http {
  access_log off;
  client_body_temp_path $work/body;
  proxy_temp_path $work/proxy;
  fastcgi_temp_path $work/fastcgi;
  uwsgi_temp_path $work/uwsgi;
  scgi_temp_path $work/scgi;
  server { listen 127.0.0.1:$nginx_port; location / { proxy_pass http://$upstream; } }
}
CONF
# shellcheck disable=SC2016 # nginx's variable, not the shell's
sed -e 's/^user .*/user root;/' -e "s/:$nginx_port;/:$forwarding_port;/" -e "s/nginx\.\(pid\|log\)/forwarding.\1/" \
  -e 's/{ proxy_pass/{ proxy_set_header X-Forwarded-For $remote_addr; proxy_pass/' "$work/nginx.conf" >"$work/forwarding.conf"
cat >"$work/haproxy.conf" <<CONF
global
  user haproxy
  group haproxy
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
listen tocos
  bind 127.0.0.1:$haproxy_port
  server tocos $upstream
CONF
nginx -c "$work/nginx.conf" 2>/dev/null &
pids+=($!)
nginx -c "$work/forwarding.conf" 2>/dev/null &
pids+=($!)
haproxy -f "$work/haproxy.conf" -db >/dev/null 2>&1 &
pids+=($!)

passed=0
# Makes a user through the given address, with further arguments for curl; prints the status of the response.
expect() {
  local what=$1 wanted=$2 got
  shift 2
  got=$("$@" -sS -o "$work/answer" -w '%{http_code}' -X PUT -H 'content-type: application/json' -d '{}')
  if [ "$got" != "$wanted" ]; then
    echo "FAILED  $what: $got instead of $wanted: $(cat "$work/answer")"
    exit 1
  fi
  passed=$((passed + 1))
  echo "ok      $what: $wanted"
}
for port in "$nginx_port" "$forwarding_port" "$haproxy_port"; do
  for _ in $(seq 100); do curl -s -o /dev/null "http://127.0.0.1:$port/version" && break; sleep 0.05; done
done

touch "$work/answer" && chmod 666 "$work/answer"
expect "the service's own user" 201 curl "$url/v1/users/own"
expect "another user of the machine" 403 setpriv --reuid 65534 --regid 65534 --clear-groups curl "$url/v1/users/other"
grep -q 'tocos key create --right admin' "$work/answer" || { echo "FAILED  the refusal does not say what to do"; exit 1; }
expect "nginx with its defaults" 403 curl "http://127.0.0.1:$nginx_port/v1/users/nginx"
expect "nginx of the service's own user that forwards" 403 curl "http://127.0.0.1:$forwarding_port/v1/users/forwarding"
expect "HAProxy with its defaults" 403 curl "http://127.0.0.1:$haproxy_port/v1/users/haproxy"
grep -q 'there is no API key' "$work/log" || { echo "FAILED  the log does not say that there is no key"; exit 1; }
# Read to the end: a grep that leaves early would make curl fail.
measures() { curl -s "$internal/metrics" >"$work/metrics" && grep -qx "$1" "$work/metrics"; }
measures 'tocos_unprotected 1' || { echo "FAILED  the metric does not say that there is no key"; exit 1; }

key=$(curl -sS --fail -H 'content-type: application/json' "$url/v1/keys" -d '{"name":"first","right":"admin"}' | sed -n 's/.*"secret":"\([^"]*\)".*/\1/p')
[ -n "$key" ] || { echo "FAILED  the first API key was not made"; exit 1; }
measures 'tocos_unprotected 0' || { echo "FAILED  the metric does not say that there is a key"; exit 1; }
expect "the service's own user, now without a key" 401 curl "$url/v1/users/again"
for port in "$nginx_port" "$forwarding_port" "$haproxy_port"; do
  expect "a proxy on port $port, with the key" 201 curl -H "authorization: Bearer $key" "http://127.0.0.1:$port/v1/users/by-$port"
done
echo "$passed passed"

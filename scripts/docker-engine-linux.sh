#!/usr/bin/env bash
# Linux alone. Installs and starts Debian's Docker engine where none answers; it keeps running afterwards.
set -euo pipefail

if [ "$(id -u)" -ne 0 ]; then
  echo "no Docker engine answers, and only root can start one: start it (systemctl start docker), or run this as root" >&2
  exit 1
fi
command -v dockerd >/dev/null || command -v apt-get >/dev/null || {
  echo "no Docker engine answers, and none is installed: https://docs.docker.com/engine/install/" >&2
  exit 1
}
"$(dirname "$0")/debian-packages.sh" dockerd:docker.io iptables:iptables
# Two suites may come at the same time; one starts it, both wait.
log=${TMPDIR:-/tmp}/dockerd.log
(
  flock 9
  docker info >/dev/null 2>&1 && exit 0
  setsid nohup dockerd </dev/null >"$log" 2>&1 9>&- &
  for _ in $(seq 120); do
    docker info >/dev/null 2>&1 && exit 0
    sleep 0.5
  done
  echo "the Docker engine does not answer after 60 s; the end of $log:" >&2
  tail -20 "$log" >&2
  exit 1
) 9>"${TMPDIR:-/tmp}/docker-engine.lock"

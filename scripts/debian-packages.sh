#!/usr/bin/env bash
# Installs the Debian packages whose commands are missing. Suites may call it concurrently: one installs, the others wait.
#
#   scripts/debian-packages.sh COMMAND:PACKAGE...      such as nginx:nginx-light haproxy:haproxy
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

missing() {
  for pair in "$@"; do
    command -v "${pair%%:*}" >/dev/null || echo "${pair#*:}"
  done
}

[ -n "$(missing "$@")" ] || exit 0
command -v apt-get >/dev/null || { echo "this needs what Debian calls $(missing "$@" | tr '\n' ' ')" >&2; exit 1; }
[ "$(id -u)" -eq 0 ] || { echo "missing, and only root can install it: apt-get install $(missing "$@" | tr '\n' ' ')" >&2; exit 1; }
(
  flock 9
  packages=$(missing "$@")
  [ -n "$packages" ] || exit 0
  apt-get update -q >/dev/null
  # shellcheck disable=SC2086 # each word is a package
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $packages >/dev/null
) 9>"${TMPDIR:-/tmp}/debian-packages.lock"

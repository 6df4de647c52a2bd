#!/usr/bin/env bash
# Tests groups on real processes: nodes in network namespaces, PostgreSQL with a standby (failed over by the suite, and by Patroni with etcd), a
# proxy that delays and swallows, clocks that are off, kills and stops; and a checker that knows every acknowledged operation.
# Root on Linux; on Debian it installs what is missing. It runs in network, mount and process namespaces of its own: nothing of it is left
# behind, and it disturbs nothing beside it.
#
#   --self-test    only what the suite works with, without Tocos
#   --only WORD    only rows whose sentence has this word
#   --rounds N     rounds of faults that are drawn (default 15)
#   --seed N       repeats what an earlier run drew
#   --long         100 rounds, and an engine that is away for a minute
#
#   TOCOS_BINARY   the binary to run (default: built with cargo)
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "${1:-}" = inside ]; then
  work=$2 suite=$3
  shift 3
  # The names of namespaces are files here, for everybody else's to be left alone.
  mkdir -p /run/netns
  mount -t tmpfs tmpfs /run/netns
  export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=scripts PYTHONUNBUFFERED=1
  # Not by exec: as the first process of its namespace this shell takes what daemons leave behind.
  status=0
  python3 "scripts/group_$suite.py" "$@" "$work" || status=$?
  exit "$status"
fi

[ "$(id -u)" -eq 0 ] || { echo "only root can make network namespaces" >&2; exit 1; }
suite=cases arguments=()
while [ $# -gt 0 ]; do
  case $1 in
    --self-test) suite=selftest ;;
    --long) arguments+=(--long --rounds 100) ;;
    --only | --rounds | --seed) arguments+=("$1" "$2"); shift ;;
    *) echo "unknown word $1; see the head of $0" >&2; exit 2 ;;
  esac
  shift
done
scripts/debian-packages.sh pg_createcluster:postgresql patroni:patroni patroni:python3-etcd etcd:etcd-server gcc:gcc gcc:libc6-dev \
  ip:iproute2 iptables:iptables ping:iputils-ping
if [ "$suite" = cases ]; then
  if [ -z "${TOCOS_BINARY:-}" ]; then
    cargo build --quiet --locked --package tocos
    TOCOS_BINARY=target/debug/tocos
  fi
  arguments+=("$(realpath "$TOCOS_BINARY")")
fi
work=$(mktemp -d)
# PostgreSQL runs as its own user, and its data lies below.
chmod 711 "$work"
inside=
# Its first process ends, and with it all others of its namespace.
trap '[ -z "$inside" ] || kill -KILL "$inside" 2>/dev/null || true; rm -rf "$work"' EXIT
unshare --net --mount --pid --fork --kill-child --mount-proc "$0" inside "$work" "$suite" ${arguments[@]+"${arguments[@]}"} &
inside=$!
status=0
wait "$inside" || status=$?
inside=
exit "$status"

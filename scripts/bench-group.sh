#!/usr/bin/env bash
# Measures a group beside one node alone, in turns: PostgreSQL with a synchronous standby, a leader and a follower, all on this machine.
# On Debian as root it installs PostgreSQL. Everything is made in a temporary directory and removed at the end.
#
#   --json FILE      also writes the figures to this file
#   --seconds N      of each turn (default 2)
#   --rounds N       turns of each load (default 5)
#   --events N       events that an empty node has to read (default 10000000)
set -euo pipefail
cd "$(dirname "$0")/.."

if [ -z "$(find /usr/lib/postgresql -path '*/bin/initdb' 2>/dev/null)" ]; then
  echo "PostgreSQL is not there; installing it with apt-get" >&2
  { apt-get update --quiet && apt-get install --yes --quiet postgresql; } >&2 ||
    { echo "install PostgreSQL, on Debian as root with apt-get install postgresql" >&2; exit 1; }
fi
[ -x target/release/tocos-bench ] && [ -x target/release/tocos ] ||
  { echo "first: cargo build --release --workspace" >&2; exit 1; }
exec python3 scripts/bench_group.py "$@"

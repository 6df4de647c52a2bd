#!/usr/bin/env bash
# Measures how fast `tocos copy` copies a ledger from nothing into PostgreSQL, with service, copier and database on this machine. Needs PostgreSQL
# (scripts/test-copy.sh installs it). Prints the load of the machine beside each figure.
#
#   scripts/bench-copy.sh [USERS [EVENTS [ROUNDS]]]      100000 users, 2000000 events, 3 rounds
#
#   TOCOS_BINARY   the binary to run (default: built with cargo, as it ships)
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -z "${TOCOS_BINARY:-}" ]; then
  cargo build --quiet --locked --release --package tocos
  TOCOS_BINARY=target/release/tocos
fi
work=$(mktemp -d)
# The server has another user.
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT
PYTHONPATH=scripts PYTHONDONTWRITEBYTECODE=1 python3 scripts/bench_copy.py "$TOCOS_BINARY" "$work" "${1:-100000}" "${2:-2000000}" "${3:-3}"

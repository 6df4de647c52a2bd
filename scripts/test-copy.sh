#!/usr/bin/env bash
# Tests `tocos copy` and the journals of `tocos export` with the real tools: a PostgreSQL that is stopped and started, and one with TLS; a copier that is
# killed at random moments and at each step of a first copy; tables that are changed by hand, column by column; ledgers that go back, a group whose leader
# is killed, a ledger that is in its archive; hledger and beancount read journals of the same ledger. On Debian
# as root it installs PostgreSQL and hledger; beancount comes from PyPI. The server runs as the user postgres.
#
#   scripts/test-copy.sh WORD...   only the checks whose sentences contain one of these
#
#   TOCOS_BINARY      the binary to run (default: built with cargo)
#   TOCOS_COPY_SEED   repeats what an earlier run drew
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/local/venv.sh
[ -n "$(find /usr/lib/postgresql -path '*/bin/initdb' 2>/dev/null)" ] || scripts/debian-packages.sh initdb:postgresql
scripts/debian-packages.sh psql:postgresql-client setpriv:util-linux hledger:hledger openssl:openssl
python=$(venv copy)
if [ -z "${TOCOS_BINARY:-}" ]; then
  cargo build --quiet --locked --package tocos
  TOCOS_BINARY=target/debug/tocos
fi
work=$(mktemp -d)
# The server has another user.
chmod 755 "$work"
checks=
# On SIGTERM the checks end what they started first.
trap '[ -z "$checks" ] || { kill "$checks" 2>/dev/null && wait "$checks"; } || true; rm -rf "$work"' EXIT
PYTHONPATH=scripts PYTHONDONTWRITEBYTECODE=1 python3 scripts/copy_checks.py "$TOCOS_BINARY" "$work" "${TOCOS_COPY_SEED:-$RANDOM}" "$python" "$@" &
checks=$!
status=0
wait "$checks" || status=$?
checks=
exit "$status"

#!/usr/bin/env bash
# Tests the shared log in PostgreSQL with real servers: the suite that all shared logs pass, restarts, ended backends, cancelled waits for a
# standby, promotions, TLS, roles, partitions. On Debian as root it installs PostgreSQL; the servers run as the user postgres.
#
#   scripts/test-sharedlog.sh NAME...   only the tests whose names contain one of these
set -euo pipefail
cd "$(dirname "$0")/.."
[ -n "$(find /usr/lib/postgresql -path '*/bin/initdb' 2>/dev/null)" ] || scripts/debian-packages.sh initdb:postgresql
scripts/debian-packages.sh psql:postgresql-client openssl:openssl setpriv:util-linux pgrep:procps

work=$(mktemp -d)
# The servers have another user.
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT
TMPDIR=$work cargo test --locked --package tocos-sharedlog --features postgres-tests --test postgres -- "$@"

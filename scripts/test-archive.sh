#!/usr/bin/env bash
# Tests the archive with the real binary and an emulator of S3 (moto, from PyPI), with a proxy between them that refuses, cuts, delays and
# swallows: kills under load, restores compared with what was acknowledged, damage, two writers, a store that is away, the restore drill.
#
#   TOCOS_BINARY           the binary to run (default: built with cargo)
#   TOCOS_ARCHIVE_ROUNDS   how often it is killed (default 50)
#   TOCOS_ARCHIVE_SEED     repeats what an earlier run drew
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/local/venv.sh
python=$(venv moto)
if [ -z "${TOCOS_BINARY:-}" ]; then
  cargo build --quiet --locked --package tocos
  TOCOS_BINARY=target/debug/tocos
fi
work=$(mktemp -d)
checks=
# On SIGTERM the checks end their emulator first.
trap '[ -z "$checks" ] || { kill "$checks" 2>/dev/null && wait "$checks"; } || true; rm -rf "$work"' EXIT
PYTHONPATH=scripts:deploy/local "$python" scripts/archive_checks.py "$TOCOS_BINARY" "$work" "$python" &
checks=$!
status=0
wait "$checks" || status=$?
checks=
exit "$status"

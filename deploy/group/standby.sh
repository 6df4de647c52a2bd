#!/usr/bin/env bash
# Copies the engine when its data directory is new, and follows it.
set -euo pipefail
export PGPASSWORD=$POSTGRES_PASSWORD
chmod 700 "$PGDATA"
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  until pg_basebackup -D "$PGDATA" -R -X stream -c fast -d "host=engine user=standby application_name=standby"; do
    find "$PGDATA" -mindepth 1 -delete
    sleep 1
  done
  # The engine's own; promoted, it would wait for itself.
  echo "synchronous_standby_names = ''" >>"$PGDATA/postgresql.auto.conf"
fi
exec postgres

#!/usr/bin/env bash
# Run once by the image of PostgreSQL, when its data directory is new: the role and the database of the group, and a standby that commits wait for.
set -euo pipefail
psql -v ON_ERROR_STOP=1 --username postgres --set=password="$POSTGRES_PASSWORD" <<'SQL'
create role tocos login password :'password';
create database tocos owner tocos;
create role standby login replication password :'password';
-- Last, as it holds for whatever is committed after the restart that follows.
alter system set synchronous_standby_names = 'standby';
SQL
echo 'host replication standby all scram-sha-256' >>"$PGDATA/pg_hba.conf"

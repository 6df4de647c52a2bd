#!/bin/bash
# Linux alone. First process of the stand-in for a database: makes the cluster if the volume has none, and becomes PostgreSQL.
#
#   database.sh DATA SOCKET NAME    folders of its files and of its socket; the name that its certificate is for
set -euo pipefail
data=$1 socket=$2 name=$3
programs=$(find /usr/lib/postgresql -name initdb | sort -V | tail -1 | xargs dirname)
as_postgres() { setpriv --reuid=postgres --regid=postgres --init-groups "$@"; }

# One that was not finished is begun again.
if [ ! -e "$data/made" ]; then
    find "$data" -mindepth 1 -delete
    chown postgres:postgres "$data"
    chmod 700 "$data"
    as_postgres "$programs/initdb" -D "$data" -U postgres --auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-instructions
    # The name is too long for the subject.
    as_postgres openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj /CN=database \
        -addext "subjectAltName=DNS:$name" -keyout "$data/server.key" -out "$data/server.crt"
    printf 'local all all trust\nhostssl all all all scram-sha-256\n' >"$data/pg_hba.conf"
    as_postgres "$programs/postgres" --single -D "$data" postgres </run/tocos-database.sql
    touch "$data/made"
fi
rm -f /run/tocos-database.sql
# What terraform/modules/database tells RDS too: the log.
exec setpriv --reuid=postgres --regid=postgres --init-groups "$programs/postgres" -D "$data" -c listen_addresses='*' \
    -c unix_socket_directories="$socket" -c ssl=on -c shared_buffers=64MB -c log_statement=ddl -c log_min_duration_statement=1000

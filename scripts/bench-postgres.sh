#!/usr/bin/env bash
# Compares a plain SQL ledger on PostgreSQL with Tocos, alternating on the same machine and disk: single transfers over 64
# connections, each durable before its response, and batches. The SQL is in bench/postgres/. On Debian as root it installs
# PostgreSQL. It makes a temporary cluster, which is removed at the end.
#
#   --quick        one short round
#   --json FILE    also writes the figures to this file
#
#   USERS          accounts (default 10000)
#   CONNECTIONS    clients of single transfers (default 64)
#   BATCH          transfers in a batch (default 8000)
set -euo pipefail
cd "$(dirname "$0")/.."

users=${USERS:-10000} connections=${CONNECTIONS:-64} batch=${BATCH:-8000}
seconds=10 rounds=3 json=
while [ $# -gt 0 ]; do
  case $1 in
    --quick) seconds=2 rounds=1 ;;
    --json) json=$2; shift ;;
    *) echo "unknown word $1; see the head of $0" >&2; exit 2 ;;
  esac
  shift
done
batch_connections=4

bin() {
  find /usr/lib/postgresql -path '*/bin/initdb' 2>/dev/null | sort -V | tail -n1 | xargs -r dirname
}
if [ -z "$(bin)" ] || ! command -v pgbench >/dev/null; then
  echo "PostgreSQL is not there; installing it with apt-get" >&2
  { apt-get update --quiet && apt-get install --yes --quiet postgresql postgresql-contrib; } >&2 ||
    { echo "install PostgreSQL with pgbench, on Debian as root with apt-get install postgresql" >&2; exit 1; }
fi
bin=$(bin)
bench=target/release/tocos-bench
[ -x "$bench" ] && [ -x target/release/tocos ] || { echo "first: cargo build --release --workspace" >&2; exit 1; }

# PostgreSQL refuses to run as root.
as() {
  if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

# The same directory, and so the same disk, as tocos-bench uses (bench/src/workspace.rs).
if [ -z "${TMPDIR:-}" ] && [ -d /var/tmp ]; then export TMPDIR=/var/tmp; fi
work=$(mktemp -d "${TMPDIR:-/tmp}/bench-postgres.XXXXXX")
stop() {
  [ ! -d "$work/data" ] || as "$bin/pg_ctl" -D "$work/data" -m immediate stop >"$work/stop" 2>&1 || true
  rm -rf "$work"
}
trap stop EXIT
mkdir "$work/data" "$work/logs"
cp bench/postgres/*.sql "$work"
chmod 755 "$work"
[ "$(id -u)" != 0 ] || chown -R postgres "$work"

as "$bin/initdb" -D "$work/data" --no-instructions --auth=trust --username=postgres >"$work/logs/initdb"
# Settings as for production on such a machine: a quarter of its memory, rare checkpoints, full durability.
memory_mb=$(awk '/MemTotal/ {print int($2 / 1024 / 4)}' /proc/meminfo)
cat >>"$work/data/postgresql.conf" <<CONF
listen_addresses = ''
unix_socket_directories = '$work'
max_connections = $((connections + 20))
shared_buffers = ${memory_mb}MB
effective_cache_size = $((memory_mb * 2))MB
wal_buffers = 64MB
max_wal_size = 16GB
min_wal_size = 2GB
checkpoint_timeout = 15min
random_page_cost = 1.1
fsync = on
synchronous_commit = on
full_page_writes = on
CONF
as "$bin/pg_ctl" -D "$work/data" -l "$work/logs/server" -w start >"$work/logs/start"
sql() {
  as psql -h "$work" -U postgres -d postgres -X -q -A -t -v ON_ERROR_STOP=1 "$@"
}
sql -f "$work/ledger.sql"
sql -c "insert into accounts select n, 1000000000 from generate_series(1, $users) as n" -c "vacuum analyze"

# Runs one script. pgbench logs the latency of each transaction, for the quantiles; of many transactions it logs a sample.
pg() {
  local script=$1 clients=$2 length=$3 sample=$4 name=$5
  (cd "$work/logs" && as pgbench -h "$work" -U postgres -n -M prepared -j 1 -c "$clients" -T "$length" -D "users=$users" \
    -D "batch=$batch" -f "$work/$script.sql" --log --log-prefix="$name" --sampling-rate="$sample" postgres) >"$work/$name.out"
}

echo "warming up"
pg single "$connections" "$((seconds / 2))" 1 warm
for round in $(seq "$rounds"); do
  echo "round $round of $rounds"
  pg single "$connections" "$seconds" 0.2 "single-$round"
  "$bench" http keyed --users "$users" --connections "$connections" --seconds "$seconds" --json "$work/keyed-$round.json"
  pg batch "$batch_connections" "$seconds" 1 "batch-$round"
  "$bench" http batch --users "$users" --connections "$batch_connections" --batch "$batch" --seconds "$seconds" \
    --json "$work/tocos-batch-$round.json"
done

# Its balances and entries must be consistent after the benchmark.
sound=$(sql -c "select (select sum(balance) from accounts) = $users * 1000000000::numeric
  and (select sum(amount) from entries) = 0 and (select count(*) from entries) = 2 * (select count(*) from transfers)
  and not exists (select from accounts where balance <> 1000000000
    + coalesce((select sum(amount) from entries where account_id = accounts.id), 0))")
[ "$sound" = t ] || { echo "the SQL ledger lost count: its figures are worth nothing" >&2; exit 1; }

PYTHONDONTWRITEBYTECODE=1 python3 bench/postgres/figures.py "$work" "$rounds" "$users" "$connections" "$batch" "$("$bin/postgres" --version)" "$json"

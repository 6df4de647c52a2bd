#!/usr/bin/env bash
# Starts a group on this machine (two nodes, PostgreSQL with a synchronous standby), moves coins, kills the node that leads before your eyes, and
# shows that no coin was lost and none moved twice. Takes half a minute, and leaves nothing behind.
#
#   deploy/group/demo.sh            with docker compose where there is one, else with processes (Debian, or a PostgreSQL that is installed)
#   deploy/group/demo.sh docker     or: processes
#
#   TOCOS_BINARY                    for processes: the binary to run (default: built with cargo)
#   TOCOS_PORT_ONE, TOCOS_PORT_TWO  where the nodes listen on the loopback (default 8081, 8082)
set -euo pipefail
cd "$(dirname "$0")/../.."
port_one=${TOCOS_PORT_ONE:-8081} port_two=${TOCOS_PORT_TWO:-8082}
declare -A url=([one]="http://127.0.0.1:$port_one" [two]="http://127.0.0.1:$port_two")
coins=1000000

say() { printf '%s  %s\n' "$(date +%T)" "$*"; }
failed() { printf '%s\n' "$*" >&2; exit 1; }

way=${1:-}
if [ -z "$way" ]; then
  way=processes
  if docker compose version >/dev/null 2>&1 && docker info >/dev/null 2>&1; then way=docker; fi
fi
case $way in docker | processes) ;; *) failed "it is docker or processes, not $way; see the head of $0" ;; esac

work=$(mktemp -d)
writer=
cleaned() {
  [ -z "$writer" ] || kill "$writer" 2>/dev/null || true
  stopped >"$work/stopped" 2>&1 || true
  rm -rf "$work"
}
trap cleaned EXIT

# With docker compose.

compose() { docker compose -f deploy/group/compose.yaml "$@"; }

docker_started() {
  export TOCOS_ENGINE_PASSWORD=$secret TOCOS_FIRST_KEY_FILE=$work/first-key TOCOS_PORT_ONE=$port_one TOCOS_PORT_TWO=$port_two
  compose down --volumes >"$work/down" 2>&1
  say "starting PostgreSQL and its standby"
  compose up --detach --quiet-pull --wait engine standby
  compose run --rm one shared-log init "postgres://tocos:$secret@engine,standby/tocos?ledger=demo&sslmode=disable"
  compose up --detach one two
}
docker_stopped() { compose down --volumes; }
docker_killed() { compose kill --signal KILL "$1"; }
docker_started_again() { compose up --detach "$1"; }

# With processes: the servers on sockets of the loopback, the nodes beside them.

server_port() { case $1 in engine) echo $((port_one + 100)) ;; standby) echo $((port_two + 100)) ;; esac }
# PostgreSQL refuses to run as root.
as_postgres() { if [ "$(id -u)" -eq 0 ]; then setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; else "$@"; fi }
sql() { as_postgres "$programs/psql" -h 127.0.0.1 -p "$(server_port engine)" -U postgres -d postgres -XqAt -v ON_ERROR_STOP=1 "$@"; }
server_up() {
  as_postgres "$programs/pg_ctl" -D "$work/servers/$1" -l "$work/servers/$1.log" -w start \
    -o "-c listen_addresses=127.0.0.1 -c port=$(server_port "$1") -c unix_socket_directories= -c shared_buffers=32MB" >"$work/$1"
}
processes_started() {
  [ "$(uname -s)" = Linux ] || failed "without docker compose it needs Linux"
  if [ -z "$(find /usr/lib/postgresql -name initdb 2>/dev/null)" ]; then scripts/debian-packages.sh pg_createcluster:postgresql; fi
  programs=$(find /usr/lib/postgresql -name initdb | sort -V | tail -1 | xargs dirname)
  if [ -z "${TOCOS_BINARY:-}" ]; then
    cargo build --quiet --locked --package tocos
    TOCOS_BINARY=target/debug/tocos
  fi
  mkdir "$work/servers"
  chmod 711 "$work"
  [ "$(id -u)" -ne 0 ] || chown postgres: "$work/servers"
  say "starting PostgreSQL and its standby"
  as_postgres "$programs/initdb" -D "$work/servers/engine" -U postgres --auth=trust --no-sync --no-instructions >"$work/initdb"
  server_up engine
  sql -c "create role tocos login" -c "create database tocos owner tocos"
  as_postgres "$programs/pg_basebackup" -D "$work/servers/standby" -R -X stream -c fast \
    -d "host=127.0.0.1 port=$(server_port engine) user=postgres application_name=standby"
  server_up standby
  sql -c "alter system set synchronous_standby_names = 'standby'" -c "select pg_reload_conf()" >"$work/reload"
  TOCOS_SHARED_LOG="postgres://tocos@127.0.0.1:$(server_port engine),127.0.0.1:$(server_port standby)/tocos?ledger=demo&sslmode=disable"
  "$TOCOS_BINARY" shared-log init "$TOCOS_SHARED_LOG"
  processes_started_again one
  processes_started_again two
}
processes_started_again() {
  # Its log is in a file, so that what you see here is the story.
  "$TOCOS_BINARY" serve --listen "${url[$1]#http://}" --internal-listen none --data-dir "$work/$1-data" --shared-log "$TOCOS_SHARED_LOG" \
    --node "$1" --advertise "${url[$1]}" --lease-s 3 --bootstrap-key-file "$work/first-key" --log-level warn 2>>"$work/$1.log" &
  echo $! >"$work/$1.pid"
  disown
}
processes_killed() { kill -KILL "$(cat "$work/$1.pid")"; }
processes_stopped() {
  local name
  for name in one two; do kill -KILL "$(cat "$work/$name.pid")"; done
  for name in standby engine; do as_postgres "$programs/pg_ctl" -D "$work/servers/$name" -m immediate stop; done
}

started() { "${way}_started"; }
started_again() { "${way}_started_again" "$1"; }
killed() { "${way}_killed" "$1" >"$work/killed" 2>&1; }
stopped() { "${way}_stopped"; }

# What a client does.

# `ask NODE PATH OPTION...` prints the response, and fails if it is a refusal.
ask() {
  local node=$1 path=$2
  shift 2
  curl -sS --fail --max-time 8 -H "authorization: Bearer $key" -H 'content-type: application/json' "$@" "${url[$node]}$path" 2>>"$work/curl"
}
role_of() { ask "$1" /v1/cluster | sed -n 's/.*"role":"\([a-z_]*\)".*/\1/p'; }
last_event_of() { ask "$1" /v1/cluster | sed -n 's/.*"last_event":\([0-9]*\).*/\1/p'; }
leader() {
  local node
  for node in one two; do
    if [ "$(role_of "$node")" = leader ]; then echo "$node" && return; fi
  done
  return 1
}
until_true() {
  local what=$1
  shift
  for _ in $(seq 300); do
    if "$@" >"$work/tried" 2>&1; then return; fi
    sleep 0.2
  done
  cat "$work"/*.log >&2 2>/dev/null || true
  failed "not within a minute: $what"
}
# Moves one coin again and again, each time under a key of its own. A request without an answer is sent again, to the other node, under the same key.
writes() {
  local number=0 node=one
  while true; do
    number=$((number + 1))
    until ask "$node" /v1/transfers -H "idempotency-key: demo-$number" -d '{"from":"ana","to":"bob","coin":"toco","amount":1}' >>"$work/answers"; do
      if [ "$node" = one ]; then node=two; else node=one; fi
    done
    echo "$number" >"$work/acknowledged.new"
    mv "$work/acknowledged.new" "$work/acknowledged"
    if [ "$node" = one ]; then node=two; else node=one; fi
  done
}
acknowledged() { cat "$work/acknowledged" 2>/dev/null || echo 0; }
watch_for() {
  local before now
  for _ in $(seq "$1"); do
    before=$(acknowledged)
    sleep 1
    now=$(acknowledged)
    say "$now transfers acknowledged (+$((now - before)))"
  done
}
coins_of() { ask "$1" "/v1/users/$2" | sed -n 's/.*"coins":{"toco":\([0-9]*\)}.*/\1/p'; }

secret=$(od -An -N20 -tx1 /dev/urandom | tr -d ' \n')
key=tocos_1_$(od -An -N20 -tx1 /dev/urandom | tr -d ' \n')
echo "$key" >"$work/first-key"
chmod 644 "$work/first-key"
started
until_true "a node leads" leader
first=$(leader)
other=two
if [ "$first" = two ]; then other=one; fi
until_true "the other one follows" ask "$other" "/v1/users?limit=1"
say "two nodes serve one ledger; $first leads"
for user in ana bob; do ask one "/v1/users/$user" -X PUT -d '{}' >"$work/made"; done
ask two /v1/grants -d "{\"user\":\"ana\",\"coin\":\"toco\",\"amount\":$coins}" >"$work/made"
say "ana has $coins toco; they go to bob one by one, by requests to one and two in turn"
writes &
writer=$!
watch_for 3
say "killing $first, which leads, with SIGKILL"
killed "$first"
watch_for 8
say "$(leader) leads now; starting $first again"
started_again "$first"
until_true "$first is there" ask "$first" "/v1/users?limit=1"
watch_for 2
kill "$writer"
wait "$writer" 2>/dev/null || true
writer=

moved=$(acknowledged)
[ "$moved" -gt 0 ] || failed "no transfer was acknowledged"
level() { [ "$(last_event_of one)" = "$(last_event_of two)" ]; }
until_true "both have the same events" level
wrong=0
for node in one two; do
  ana=$(coins_of "$node" ana) bob=$(coins_of "$node" bob)
  say "$node: ana has $ana, bob has $bob; together $((ana + bob))"
  # The last request may have been done without its answer, as the demonstration ended meanwhile.
  if [ $((ana + bob)) -ne "$coins" ] || [ "$bob" -lt "$moved" ] || [ "$bob" -gt $((moved + 1)) ]; then wrong=1; fi
done
[ "$wrong" -eq 0 ] || failed "$moved transfers were acknowledged: the coins do not add up"
say "$moved transfers were acknowledged, each happened once, and no coin was lost"

#!/usr/bin/env bash
# Runs all benchmarks and rewrites the tables and charts of bench/README.md. It takes about a quarter of an hour on an idle
# machine, and needs 25 GB of disk and 4 GB of memory.
#
#   --quick   runs small and short versions, to test that they work: the results go to target/bench-quick and are not valid
set -euo pipefail
cd "$(dirname "$0")/.."

quick=
case "${1:-}" in
  "") ;;
  --quick) quick=1 ;;
  *) echo "unknown word $1; see the head of $0" >&2; exit 2 ;;
esac

cargo build --release --locked --quiet --package tocos --package tocos-bench
bench=target/release/tocos-bench
if [ -n "$quick" ]; then
  out=target/bench-quick
  rm -rf "$out"
  mkdir -p "$out"
  cp bench/README.md "$out/README.md"
  page=$out/README.md
  pause=0 seconds=0.5 turn=0.5 turns=1 rounds=1 many=20000 looks=4 grown=400000 old=200000 aged=250000
  postgres=(--quick)
else
  out=bench/results
  mkdir -p "$out"
  page=bench/README.md
  # Many short rounds: the machine's speed changes within seconds, and runs that are compared should have the same conditions.
  pause=2 seconds=5 turn=2 turns=7 rounds=3 many=1000000 looks=16 grown=50000000 old=500000000 aged=3000000
  postgres=()
  read -r load _ </proc/loadavg
  echo "load average before the first run: $load"
fi

# Runs one benchmark of tocos-bench; the last arguments are its command line.
measure() {
  local name=$1
  shift
  # Data of the previous run that is not on the disk yet must not slow down this run.
  sync
  sleep "$pause"
  printf '\n== %s: %s (after %d s)\n' "$name" "$*" "$SECONDS"
  "$bench" "$@" --json "$out/$name.json"
}

measure compare-64 compare bare noop single keyed hot --connections 64 --seconds "$turn" --rounds "$turns"
measure compare-256 compare bare noop single keyed --connections 256 --seconds "$turn" --rounds "$turns"
# Short: the ledger grows by more than a million transfers a second, and `grow` measures the effect of that.
measure batches compare batch batch-json batch-hot --connections 4 --seconds "$(awk "BEGIN { print $turn / 2 }")" --rounds "$rounds"
measure disk-64 disk --clients 64 --seconds "$turn" --rounds "$turns"
measure disk-256 disk --clients 256 --seconds "$turn" --rounds "$turns"
measure mixed http mixed --seconds "$seconds"
measure core core --users "$many" --events "$grown" --transfers "$((grown / 25))"
measure grow grow --events "$grown" --milestones 5 --seconds "$(awk "BEGIN { print $seconds * 0.6 }")"
# Half of what one node did above, rounded down to a hundred.
paced=$(python3 -c '
import json, sys
medians = json.load(open(sys.argv[1]))["results"]["medians"]
keyed = next(run for run in medians if run["scenario"] == "keyed")
print(int(keyed["requests_per_second"] / 2) // 100 * 100)' "$out/compare-64.json")
measure paced compare noop keyed single --connections 64 --rate "$paced" --seconds "$turn" --rounds "$turns"
measure threads threads --seconds "$turn" --rounds "$turns"
measure ten-million http batch --connections 4 --requests "$((grown / 40000))"
measure steady steady --warm "$((grown * 432 / 1000))" --events "$((grown * 288 / 1000))" --looks "$looks"
for millions in 20 72 200; do
  measure "age-$millions" age --keys "$((old * millions / 500))" --holds "$((old * millions / 2500))" --events "$aged" --rounds "$rounds" --seconds "$(awk "BEGIN { print $seconds * 0.6 }")"
done
measure age age --keys "$old" --holds "$((old / 5))" --events "$aged" --rounds "$rounds" --seconds "$(awk "BEGIN { print $seconds * 0.6 }")"
measure archive archive --rounds "$turns" --seconds "$turn" --events "$((grown / 5))" --written-seconds "$seconds"
measure past past --entries "$((grown / 5))" --seconds "$seconds"
measure lists lists --users "$many" --seconds "$seconds"
measure lookups lookups --users "$many" --seconds "$seconds"
measure search search --users "$many" --holds "$((many / 10))" --seconds "$seconds"
measure report report --events "$((grown / 5))" --rounds "$rounds"
measure due due --schedules "$many"
measure snapshots snapshots --users "$many" --every "$((many / 5))" --seconds "$(awk "BEGIN { print $seconds * 4 }")"
measure recovery recovery --users "$many" --transfers "$((grown / 10))" --rounds "$rounds"
measure recovery-users recovery --users "$((many * 10))" --transfers "$((many * 19))" --keys --rounds "$rounds"
measure footprint footprint --users "$many" --transfers "$many"
sync
printf '\n== postgres (after %d s)\n' "$SECONDS"
scripts/bench-postgres.sh "${postgres[@]}" --json "$out/postgres.json"
"$bench" page "$out" --page "$page"
printf '\nall of it took %d s; see %s\n' "$SECONDS" "$page"

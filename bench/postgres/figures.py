"""Puts the rounds of scripts/bench-postgres.sh together: medians of both, and their ratios."""

import json
import re
import statistics
import sys
from pathlib import Path

work, rounds, users, connections, batch, version, target = sys.argv[1:]
work, batch = Path(work), int(batch)


def tocos(name):
    document = json.loads((work / f"{name}.json").read_text())
    result = document["results"]
    return {"per_second": result["operations_per_second"], "p99_us": result["latency_us"]["p99"]}


def postgres(name, operations):
    said = (work / f"{name}.out").read_text()
    tps = float(re.search(r"^tps = ([0-9.]+)", said, re.MULTILINE).group(1))
    failed = re.search(r"number of failed transactions: (\d+)", said)
    if failed and int(failed.group(1)):
        sys.exit(f"{name}: transactions failed:\n{said}")
    latencies = sorted(
        int(line.split()[2]) for log in (work / "logs").glob(f"{name}.*") for line in log.read_text().splitlines()
    )
    return {"per_second": tps * operations, "p99_us": latencies[min(len(latencies) - 1, len(latencies) * 99 // 100)]}


def median(of):
    return {figure: statistics.median(one[figure] for one in of) for figure in of[0]}


numbers = range(1, int(rounds) + 1)
results = []
print(f"{'':8} {'PostgreSQL/s':>14} {'p99 us':>9} {'Tocos/s':>12} {'p99 us':>9} {'ratio':>7}")
for what, theirs, ours, operations in [("single", "single", "keyed", 1), ("batch", "batch", "tocos-batch", batch)]:
    pairs = [(postgres(f"{theirs}-{number}", operations), tocos(f"{ours}-{number}")) for number in numbers]
    ratio = statistics.median(tocos["per_second"] / postgres["per_second"] for postgres, tocos in pairs)
    peer, own = median([pair[0] for pair in pairs]), median([pair[1] for pair in pairs])
    results.append({"what": what, "postgres": peer, "tocos": own, "ratio": ratio})
    print(
        f"{what:8} {peer['per_second']:14.0f} {peer['p99_us']:9.0f} {own['per_second']:12.0f} {own['p99_us']:9.0f} {ratio:7.1f}"
    )
if target:
    document = {
        "peer": version,
        "users": int(users),
        "connections": int(connections),
        "batch": batch,
        "rounds": int(rounds),
        "results": results,
    }
    Path(target).write_text(json.dumps({"results": document}, indent=2) + "\n")

"""Measures `tocos copy` from nothing: a service with a ledger of many events, a PostgreSQL, and the copier, all on this machine."""

import os
import random
import re
import resource
import sys
from pathlib import Path

from checks import run
from copy_world import Copy, Postgres, Service, clean_env

BATCH = 10_000


def fill(ledger, users, events):
    """Users with coins, and then spends and transfers at random."""
    draw = random.Random(1)
    name = "user-{:07}".format
    for first in range(0, users, BATCH):
        some = range(first, min(first + BATCH, users))
        ledger.must("POST", "/v1/batch", {"operations": [{"op": "user", "user": name(number)} for number in some]})
        ledger.must("POST", "/v1/batch", {"operations": [{"op": "grant", "user": name(number), "coin": "toco", "amount": 1000} for number in some]})
    for _ in range((events - 2 * users) // BATCH):
        operations = []
        for _ in range(BATCH):
            one, other = draw.sample(range(users), 2)
            if draw.random() < 0.5:
                operations.append({"op": "spend", "user": name(one), "coin": "toco", "amount": 1})
            else:
                operations.append({"op": "transfer", "from": name(one), "to": name(other), "coin": "toco", "amount": 1})
        ledger.must("POST", "/v1/batch", {"operations": operations})


def used(pid, with_ended=False):
    """Seconds of processor time of a process; with its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:15 if with_ended else 13])) / os.sysconf("SC_CLK_TCK")


def main():
    binary, folder, users, events, rounds = sys.argv[1], Path(sys.argv[2]), *map(int, sys.argv[3:6])
    postgres = Postgres(folder, shared_buffers="512MB")
    service = Service(binary, folder / "ledger").start()
    try:
        fill(service.ledger, users, events)
        print(f"{service.last_event()} events, {users} users; {os.cpu_count()} processors, load before it {os.getloadavg()[0]:.2f}", flush=True)
        for turn in range(rounds):
            copy = Copy(binary, postgres, service, schema=f"round_{turn}")
            postgres.sql("checkpoint")
            log = postgres.sql("select pg_current_wal_lsn()")
            load, begun = os.getloadavg()[0], os.times()
            before = used(service.process.pid), used(postgres.process.pid, True)
            said = run(*copy.command("--once"), ok=False, env=clean_env(), timeout=900).stderr
            seconds = os.times().elapsed - begun.elapsed
            ended = os.times()
            copier = ended.children_user + ended.children_system - begun.children_user - begun.children_system
            served, stored = used(service.process.pid) - before[0], used(postgres.process.pid, True) - before[1]
            print(f"  processor time: service {served:.1f} s, copier {copier:.1f} s, PostgreSQL with the indexes {stored:.1f} s", flush=True)
            sizes = postgres.sql(f"""select pg_wal_lsn_diff(pg_current_wal_lsn(), '{log}')::bigint >> 20, sum(pg_table_size(c.oid))::bigint >> 20,
                sum(pg_indexes_size(c.oid))::bigint >> 20 from pg_class c where relkind = 'r' and relnamespace = 'round_{turn}'::regnamespace""").split("|")
            print(f"  written: tables {sizes[1]} MiB, indexes {sizes[2]} MiB, log {sizes[0]} MiB", flush=True)
            rates = re.search(r"the rows are written \((\d+) a second\)", said)
            rows = rates[1] if rates else "?"
            total = re.search(r"events copied in ([\d.]+) s \((\d+) a second\)", said)
            print(f"round {turn}: rows {rows} events a second; with the indexes {total[2]} ({total[1]} s, the command {seconds:.1f} s); load {load:.2f}; {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024} MiB", flush=True)
            copy.drop()
    finally:
        service.kill()
        postgres.stop()


if __name__ == "__main__":
    main()

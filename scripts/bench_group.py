"""A group beside one node alone: PostgreSQL with a synchronous standby, a leader and a follower on this machine, measured in turns.

Called by scripts/bench-group.sh. Prints a table, and writes the figures with --json FILE.
"""

import argparse
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

BENCH = Path("target/release/tocos-bench")
TOCOS = Path("target/release/tocos")
LEASE_S = 3


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def bin_of(program):
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))
    return str(found[-1]) if found else shutil.which(program)


def as_postgres(*command):
    # PostgreSQL refuses to run as root.
    words = ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else list(command)
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(words)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


class Server:
    """One PostgreSQL server."""

    def __init__(self, folder, name, port):
        self.folder, self.name, self.port = folder, name, port
        self.data = folder / name

    def settings(self, more=""):
        memory_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // (1 << 20)
        return (
            f"listen_addresses = '127.0.0.1'\nport = {self.port}\nunix_socket_directories = '{self.folder}'\n"
            f"shared_buffers = {memory_mb // 16}MB\nmax_wal_size = 16GB\nmin_wal_size = 2GB\ncheckpoint_timeout = 15min\n"
            f"wal_buffers = 64MB\nfsync = on\nsynchronous_commit = on\n{more}"
        )

    def start(self):
        log = self.folder / f"{self.name}.log"
        try:
            as_postgres(bin_of("pg_ctl"), "-D", str(self.data), "-l", str(log), "-w", "start")
        except SystemExit as failed:
            sys.exit(f"{failed}\n{log.read_text()}")

    def stop(self):
        if (self.data / "postmaster.pid").exists():
            as_postgres(bin_of("pg_ctl"), "-D", str(self.data), "-m", "immediate", "stop")

    def process_id(self):
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def primary(self):
        as_postgres(bin_of("initdb"), "-D", str(self.data), "--no-instructions", "--auth=trust", "--username=postgres")
        more = "wal_level = replica\nmax_wal_senders = 5\nsynchronous_standby_names = ''\n"
        with (self.data / "postgresql.conf").open("a") as settings:
            settings.write(self.settings(more))
        self.start()

    def standby_of(self, primary):
        source = f"host=127.0.0.1 port={primary.port} user=postgres application_name={self.name}"
        as_postgres(bin_of("pg_basebackup"), "-D", str(self.data), "-R", "-X", "stream", "-d", source)
        with (self.data / "postgresql.conf").open("a") as settings:
            settings.write(self.settings())
        self.start()
        primary.sql(f"alter system set synchronous_standby_names = '{self.name}'")
        primary.sql("select pg_reload_conf()")
        for _ in range(100):
            if "sync" in primary.sql("select sync_state from pg_stat_replication"):
                return
            time.sleep(0.1)
        sys.exit("the standby did not become synchronous")

    def sql(self, text):
        return as_postgres(
            bin_of("psql"), "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-X", "-q", "-A", "-t", "-c", text
        ).strip()


class Node:
    """One process of the service."""

    def __init__(self, folder, name, words):
        self.addresses = folder / f"{name}.addresses"
        self.log = (folder / f"{name}.log").open("w")
        self.data = folder / f"{name}.data"
        words = [
            str(TOCOS), "serve", "--listen", f"127.0.0.1:{free_port()}", "--internal-listen", "127.0.0.1:0", "--bench-routes",
            "--data-dir", str(self.data), "--address-file", str(self.addresses), *words,
        ]  # fmt: skip
        self.process = subprocess.Popen(words, stderr=self.log, stdout=self.log)
        for _ in range(1200):
            if self.addresses.exists():
                break
            if self.process.poll() is not None:
                sys.exit(f"{name} ended:\n{Path(self.log.name).read_text()}")
            time.sleep(0.05)
        said = self.addresses.read_text()
        self.url = re.search(r"api (\S+)", said)[1]
        self.internal = re.search(r"internal (\S+)", said)[1]

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


def get(url):
    with urllib.request.urlopen(url, timeout=10) as response:
        return response.read().decode()


def load(url, scenario, seconds, connections, *more):
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        words = [
            str(BENCH), "http", scenario, "--url", url, "--connections", str(connections), "--seconds", str(seconds),
            *more, "--json", out.name,
        ]  # fmt: skip
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{' '.join(words)} failed:\n{done.stdout}{done.stderr}")
        return json.loads(Path(out.name).read_text())["results"]


def median(values):
    return statistics.median(values)


def processor_s(processes):
    """Seconds of processor time that processes and their children have had, by name."""
    children, spent = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(words[1]), []).append(int(stat.parent.name))
        spent[int(stat.parent.name)] = (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def of(process):
        return spent.get(process, 0.0) + sum(of(child) for child in children.get(process, []))

    return {name: of(process) for name, process in processes.items()}


def turns(urls, scenario, connections, options, processes, *more):
    """The same load on each in turns: medians of operations a second and of p99, and the ratios to the first. Says who had the processors."""
    rates = {name: [] for name in urls}
    tails = {name: [] for name in urls}
    shares = {name: [] for name in urls}
    for _ in range(options.rounds):
        for name, url in urls.items():
            before, begun = processor_s(processes), time.monotonic()
            result = load(url, scenario, options.seconds, connections, *more)
            after, took = processor_s(processes), time.monotonic() - begun
            cores = {process: (after[process] - before[process]) / took for process in processes}
            shares[name].append({**cores, "generator": result["generator_cores"]})
            rates[name].append(result["operations_per_second"])
            tails[name].append(result["latency_us"]["p99"] / 1000)
    first = next(iter(urls))
    row = {}
    for name in urls:
        ratios = [mine / its for mine, its in zip(rates[name], rates[first], strict=True)]
        cores = {process: median([share[process] for share in shares[name]]) for process in shares[name][0]}
        row[name] = {"per_second": median(rates[name]), "p99_ms": median(tails[name]), "ratio": median(ratios), "cores": cores}
        print(
            f"{scenario:8} {connections:4} {' '.join(more):14} {name:9} {row[name]['per_second']:10.0f}/s  "
            f"p99 {row[name]['p99_ms']:7.2f} ms  {row[name]['ratio']:.2f} of {first}   cores: "
            + ", ".join(f"{process} {share:.2f}" for process, share in cores.items() if share >= 0.01),
            flush=True,
        )
    return row


def put_users(url):
    """A user for the request after a leader was killed."""
    body = b'{"name":"probe"}'
    request = urllib.request.Request(f"{url}/v1/users/probe", body, {"content-type": "application/json"}, method="PUT")
    with urllib.request.urlopen(request, timeout=20) as response:
        response.read()


def takeover(make, leader, follower):
    """Kills the leader, and measures until a write through the other node is answered."""
    put_users(leader.url)
    leader.process.kill()
    leader.process.wait()
    begun = time.monotonic()
    while True:
        try:
            put_users(follower.url)
            break
        except OSError:
            time.sleep(0.02)
    seconds = time.monotonic() - begun
    print(f"leader killed: a write is answered again after {seconds:.2f} s, lease {LEASE_S} s", flush=True)
    return {"seconds": seconds, "lease_s": LEASE_S}, make()


def last_event(url):
    return json.loads(get(f"{url}/v1/cluster"))["last_event"]


def lag(leader, follower, options):
    """How far the follower is behind under a paced load, sampled from its own figures."""
    words = [
        str(BENCH), "http", "keyed", "--url", leader.url, "--connections", "64", "--rate", "10000", "--seconds",
        str(max(options.seconds * 2, 2)),
    ]  # fmt: skip
    running = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    samples = []
    while running.poll() is None:
        there = json.loads(get(f"{leader.url}/v1/cluster"))["last_event"]
        begun = time.monotonic()
        while last_event(follower.url) < there:
            time.sleep(0.001)
        samples.append((time.monotonic() - begun) * 1000)
        time.sleep(0.01)
    samples.sort()
    p99 = samples[int(len(samples) * 0.99)]
    print(f"lag of the follower at 10,000/s: p50 {median(samples):.1f} ms, p99 {p99:.1f} ms ({len(samples)} samples)", flush=True)
    return {"p50_ms": median(samples), "p99_ms": p99, "samples": len(samples)}


def bootstrap(make, leader, options):
    """An empty node, with all events of the group so far in the shared log."""
    while last_event(leader.url) < options.events:
        load(leader.url, "batch", 2, 4)
    events = last_event(leader.url)
    begun = time.monotonic()
    node = make()
    while last_event(node.url) < events:
        time.sleep(0.02)
    seconds = time.monotonic() - begun
    print(f"an empty node has {events:,} events after {seconds:.1f} s", flush=True)
    node.end()
    return {"events": events, "seconds": seconds}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", dest="out")
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--events", type=int, default=10_000_000)
    options = parser.parse_args()
    place = os.environ.get("TMPDIR") or "/var/tmp"
    folder = Path(tempfile.mkdtemp(prefix="bench-group.", dir=place))
    folder.chmod(0o777)
    servers, nodes, result = [], [], {}
    try:
        primary, standby = Server(folder, "one", free_port()), Server(folder, "two", free_port())
        servers = [standby, primary]
        primary.primary()
        standby.standby_of(primary)
        url = f"postgres://postgres@127.0.0.1:{primary.port}/postgres?sslmode=disable"
        subprocess.run([str(TOCOS), "shared-log", "init", url], check=True)

        def node(name):
            def make():
                made = Node(folder, f"{name}{len(nodes)}", ["--shared-log", url, "--node", f"{name}{len(nodes)}", "--lease-s", str(LEASE_S)])
                nodes.append(made)
                return made

            return make

        alone = Node(folder, "alone", [])
        nodes.append(alone)
        leader = node("a")()
        follower = node("b")()
        urls = {"alone": alone.url, "leader": leader.url}
        processes = {"alone": alone.process.pid, "leader": leader.process.pid, "follower": follower.process.pid}
        processes |= {"primary": primary.process_id(), "standby": standby.process_id()}
        result["keyed_1"] = turns(urls, "keyed", 1, options, processes)
        result["keyed_64"] = turns(urls, "keyed", 64, options, processes)
        result["keyed_256"] = turns(urls, "keyed", 256, options, processes)
        result["batch"] = turns(urls, "batch", 4, options, processes)
        through = {"leader": leader.url, "follower": follower.url}
        result["paced"] = turns(through, "keyed", 64, options, processes, "--rate", "5000")
        result["lag"] = lag(leader, follower, options)
        result["bootstrap"] = bootstrap(node("c"), leader, options)
        result["takeover"], _ = takeover(node("d"), leader, follower)
        machine = {"cores": os.cpu_count(), "postgresql": primary.sql("show server_version")}
        if options.out:
            Path(options.out).write_text(json.dumps({"machine": machine, "results": result}, indent=1) + "\n")
    finally:
        for made in nodes:
            if made.process.poll() is None:
                made.process.kill()
        for server in servers:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


main()

"""The engine of a group's shared log, on real processes: a PostgreSQL primary with a streaming standby, and the same under Patroni with etcd."""

import json
import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from checks import run, wait_until

PORT = 5432
USER, PASSWORD, DATABASE = "tocos", "of the suite alone", "tocos"
# The checks kill processes and never the machine, and what a killed process has written stays: nothing is won by syncing files.
SETTINGS = {
    "fsync": "off", "full_page_writes": "off", "synchronous_commit": "on", "wal_keep_size": "512MB", "max_wal_senders": "10", "shared_buffers": "64MB",
    "max_connections": "100", "wal_retrieve_retry_interval": "200ms", "hot_standby": "on", "password_encryption": "scram-sha-256", "log_min_messages": "fatal",
}
# The checks and Patroni come as the superuser. Nodes have an ordinary role and its password.
ACCESS = ["host all postgres {network} trust", "host replication postgres {network} trust", "host all all {network} scram-sha-256"]
ROLE = f"create role {USER} login password '{PASSWORD}'"


def programs():
    """Where the newest PostgreSQL of this machine lies."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found:
        raise RuntimeError("there is no PostgreSQL under /usr/lib/postgresql")
    return found[-1].parent


def as_postgres(*command):
    """PostgreSQL refuses to run as root."""
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *map(str, command)]


def url(hosts, ledger, more=""):
    address = ",".join(f"{host}:{PORT}" for host in hosts)
    return f"postgres://{USER}:{PASSWORD.replace(' ', '%20')}@{address}/{DATABASE}?ledger={ledger}{more}"


def sql(host, text, database="postgres", seconds=15):
    """What psql says to it as the superuser."""
    command = ["psql", "-h", host, "-p", str(PORT), "-U", "postgres", "-d", database, "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", text]
    return run(*command, env=os.environ | {"PGCONNECT_TIMEOUT": "3"}, timeout=seconds).strip()


def is_primary(host):
    return sql(host, "select pg_is_in_recovery()", seconds=5) == "f"


def kill_all(pid):
    """A process and its children, at once: a backend whose postmaster has died may still end what it does."""
    found = [pid]
    for parent in found:
        children = Path(f"/proc/{parent}/task/{parent}/children")
        try:
            found += map(int, children.read_text().split())
        except OSError:
            pass
    for each in found:
        try:
            os.kill(each, signal.SIGKILL)
        except ProcessLookupError:
            pass


class Server:
    """One PostgreSQL in a namespace of its own."""

    def __init__(self, network, name, folder):
        self.network, self.name, self.address = network, name, network.hosts[name]
        self.data, self.log, self.process = Path(folder) / name, Path(folder) / f"{name}.log", None

    def make_primary(self):
        self.empty()
        run(*as_postgres(programs() / "initdb", "-D", self.data, "-U", "postgres", "--auth=trust", "--no-sync", "--no-instructions"))
        rows = [row.format(network=self.network.cidr) for row in ACCESS]
        (self.data / "pg_hba.conf").write_text("\n".join(rows) + "\n")

    def make_standby(self, primary):
        """A fresh copy of a running primary, which follows it."""
        self.empty()
        source = f"host={primary.address} port={PORT} user=postgres application_name={self.name}"
        copy = as_postgres(programs() / "pg_basebackup", "-D", self.data, "-d", source, "-R", "-X", "stream", "-c", "fast", "--no-sync")
        run(*self.network.within(self.name, *copy))
        with open(self.data / "postgresql.auto.conf", "a") as file:
            # The primary's own; once promoted it would wait for itself.
            file.write("synchronous_standby_names = ''\n")

    def empty(self):
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(mode=0o700)
        shutil.chown(self.data, "postgres", "postgres")

    def start(self):
        settings = SETTINGS | {"listen_addresses": self.address, "port": PORT, "unix_socket_directories": "", "cluster_name": self.name}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = self.network.within(self.name, *as_postgres(programs() / "postgres", "-D", self.data, *options))
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_until(f"{self.name} takes connections", lambda: sql(self.address, "select 1", seconds=5) == "1", 30)

    def kill(self):
        if self.process and self.process.poll() is None:
            kill_all(self.process.pid)
            self.process.wait()

    def promote(self):
        run(*as_postgres(programs() / "pg_ctl", "promote", "-D", self.data, "-w", "-t", "30"))
        wait_until(f"{self.name} leads", lambda: is_primary(self.address), 30)


class Pair:
    """A primary and a streaming standby, which the checks themselves fail over. Nodes reach the primary through a proxy."""

    def __init__(self, network, names, folder, proxy):
        self.network, self.proxy = network, proxy
        self.primary, self.standby = (Server(network, name, folder) for name in names)

    def start(self):
        self.primary.make_primary()
        self.primary.start()
        sql(self.primary.address, ROLE)
        sql(self.primary.address, f"create database {DATABASE} owner {USER}")
        self.join_standby()
        self.proxy.told(upstream=[self.primary.address, PORT])
        return self

    def join_standby(self):
        self.standby.make_standby(self.primary)
        self.standby.start()
        wait_until("the standby follows", lambda: sql(self.primary.address, "select count(*) from pg_stat_replication where state = 'streaming'") == "1", 30)

    def synchronous(self, on):
        """Whether a commit waits for the standby."""
        sql(self.primary.address, f"alter system set synchronous_standby_names = '{self.standby.name if on else ''}'")
        sql(self.primary.address, "select pg_reload_conf()")
        wanted = "sync" if on else "async"
        wait_until(f"the standby is {wanted}", lambda: sql(self.primary.address, "select sync_state from pg_stat_replication") == wanted, 30)

    def part(self):
        """The standby gets nothing any more."""
        self.network.cut(self.primary.name, self.standby.name)

    def fail_over(self):
        """The primary is killed, and the standby takes its place."""
        self.primary.kill()
        self.standby.promote()
        self.primary, self.standby = self.standby, self.primary
        self.proxy.told(upstream=[self.primary.address, PORT])

    def mend(self, synchronous=True):
        """After a failover: the old primary becomes the standby."""
        self.network.heal(self.primary.name, self.standby.name)
        self.standby.kill()
        self.join_standby()
        self.synchronous(synchronous)

    def url(self, ledger):
        return url([self.network.front], ledger)

    def bytes_missing(self):
        """How much of the primary's log the standby lacks."""
        there = sql(self.standby.address, "select pg_last_wal_receive_lsn()")
        return int(sql(self.primary.address, f"select pg_current_wal_lsn() - '{there}'"))


class Patroni:
    """Two servers that Patroni fails over by itself, with one etcd. Nodes know both, and look for the one that can be written to."""

    TTL_SECONDS = 20  # the least that Patroni takes

    def __init__(self, network, names, etcd, folder, synchronous=True):
        self.network, self.names, self.folder, self.etcd = network, names, Path(folder), etcd
        self.hosts, self.processes, self.synchronous = {name: network.hosts[name] for name in names}, {}, synchronous

    def start(self):
        self.start_etcd()
        for name in self.names:
            self.start_node(name)
            # The first one is to be the primary.
            wait_until("there is a primary", self.primary, 60, 0.2)
        wait_until("the standby is there", lambda: self.is_whole(), 60, 0.2)
        address = self.hosts[self.primary()]
        sql(address, ROLE)
        sql(address, f"create database {DATABASE} owner {USER}")
        return self

    def start_etcd(self):
        address, peers = self.network.hosts[self.etcd], f"http://{self.network.hosts[self.etcd]}:2380"
        command = [
            "etcd", "--name", "one", "--data-dir", self.folder / "etcd", "--listen-client-urls", f"http://{address}:2379", "--advertise-client-urls",
            f"http://{address}:2379", "--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers, "--initial-cluster", f"one={peers}",
        ]
        self.spawn("etcd", self.network.within(self.etcd, *command))

    def spawn(self, name, command):
        with open(self.folder / f"{name}.log", "ab") as log:
            self.processes[name] = subprocess.Popen(list(map(str, command)), stdout=log, stderr=log)

    def start_node(self, name):
        (self.folder / f"{name}.json").write_text(json.dumps(self.settings(name)))
        self.spawn(name, self.network.within(name, *as_postgres("patroni", self.folder / f"{name}.json")))

    def settings(self, name):
        """JSON is YAML too."""
        address = self.hosts[name]
        data = self.folder / "patroni" / name
        data.mkdir(parents=True, exist_ok=True)
        for path in (data.parent, data):
            shutil.chown(path, "postgres", "postgres")
        access = [row.format(network=self.network.cidr) for row in ACCESS]
        return {
            "scope": "tocos", "name": name, "restapi": {"listen": f"{address}:8008", "connect_address": f"{address}:8008"},
            "etcd3": {"host": f"{self.network.hosts[self.etcd]}:2379"},
            "bootstrap": {
                "dcs": {
                    "ttl": self.TTL_SECONDS, "loop_wait": 1, "retry_timeout": 3, "maximum_lag_on_failover": 1 << 30, "primary_start_timeout": 0,
                    "synchronous_mode": self.synchronous, "postgresql": {"parameters": SETTINGS},
                },
                "initdb": [{"auth": "trust"}, {"username": "postgres"}, "no-sync"], "pg_hba": access,
            },
            "postgresql": {
                "listen": f"{address}:{PORT}", "connect_address": f"{address}:{PORT}", "data_dir": str(data / "data"), "bin_dir": str(programs()),
                "pgpass": str(data / "pgpass"), "pg_hba": access, "parameters": {"unix_socket_directories": ""},
                "authentication": {"superuser": {"username": "postgres"}, "replication": {"username": "postgres"}},
            },
        }

    def rest(self, name, path, body=None, method=None):
        """Patroni's own API: (status, text)."""
        request = urllib.request.Request(f"http://{self.hosts[name]}:8008{path}", json.dumps(body).encode() if body else None, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def primary(self):
        """The one that Patroni calls the primary, and that can be written to; None while there is none."""
        for name in self.names:
            try:
                if self.rest(name, "/primary")[0] == 200 and is_primary(self.hosts[name]):
                    return name
            except (OSError, AssertionError, subprocess.TimeoutExpired):
                continue
        return None

    def is_whole(self):
        """Whether there is a standby that would be promoted."""
        wanted = "/sync" if self.synchronous else "/replica"
        primary = self.primary()
        return primary and any(self.rest(name, wanted)[0] == 200 for name in self.names if name != primary)

    def kill(self, name):
        """The whole machine, as it were: Patroni first, so that it does not start PostgreSQL again."""
        postmaster = int((self.folder / "patroni" / name / "data" / "postmaster.pid").read_text().split()[0])
        self.processes[name].kill()
        self.processes[name].wait()
        kill_all(postmaster)

    def fail_over(self, kill=True):
        """Patroni chooses the other one: because the primary is killed, or because it is asked. Gives the new one and how long it took."""
        old, begun = self.primary(), time.monotonic()
        if kill:
            self.kill(old)
        else:
            status, text = self.rest(old, "/switchover", {"leader": old, "candidate": next(name for name in self.names if name != old)}, "POST")
            if status != 200:
                raise AssertionError(f"no switchover: {status} {text}")
        new = wait_until("another one is the primary", lambda: self.primary() not in (None, old) and self.primary(), 3 * self.TTL_SECONDS, 0.2)
        return new, time.monotonic() - begun

    def mend(self):
        """What was killed comes back as a new machine, which gets a copy of the primary."""
        for name in self.names:
            self.network.plug(name)
            if self.processes[name].poll() is not None:
                shutil.rmtree(self.folder / "patroni" / name)
                self.start_node(name)
        wait_until("there are a primary and its standby", self.is_whole, 90, 0.5)

    def set_synchronous(self, on):
        self.synchronous = on
        status, text = self.rest(self.primary(), "/config", {"synchronous_mode": on}, "PATCH")
        if status != 200:
            raise AssertionError(f"no change of Patroni's settings: {status} {text}")
        wait_until("Patroni has taken the setting", self.is_whole, 60, 0.5)

    def url(self, ledger):
        return url(self.hosts.values(), ledger, "&target_session_attrs=read-write")

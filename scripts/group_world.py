"""The world in which groups are tested: namespaces for nodes and engines on one bridge, links that can be cut, and nodes as processes."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from checks import run, wait_until

LEASE_SECONDS = 3
# Small, so that a short run has many segments, snapshots and tables.
SMALL = ["--segment-bytes", "65536", "--snapshot-every-events", "2000", "--keys-in-memory", "1000"]
API, INTERNAL = 8080, 9464
NODES = ("n1", "n2", "n3")
ENGINES = ("db1", "db2")
MANAGED = ("db3", "db4")
ETCD = "etcd"
# A machine for a node that should not be there.
SPARE = "spare"


class Network:
    """Namespaces on a bridge. The checks are on the bridge itself, at `hub`; the proxy before the engine is there too, at `front`. The suite runs
    in a network and a mount namespace of its own, so nothing of this is left behind."""

    cidr, hub, front = "10.77.0.0/24", "10.77.0.1", "10.77.0.2"

    def __init__(self, names):
        self.hosts = {name: f"10.77.0.{10 + number}" for number, name in enumerate(names)}
        self.dropped = set()

    def start(self):
        ip("link", "set", "lo", "up")
        ip("link", "add", "group0", "type", "bridge")
        for address in (self.hub, self.front):
            ip("addr", "add", f"{address}/24", "dev", "group0")
        ip("link", "set", "group0", "up")
        for name, address in self.hosts.items():
            ip("netns", "add", name)
            ip("link", "add", f"v-{name}", "type", "veth", "peer", "name", "eth0", "netns", name)
            ip("link", "set", f"v-{name}", "master", "group0", "up")
            ip("-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
            for device in ("lo", "eth0"):
                ip("-n", name, "link", "set", device, "up")
        return self

    @staticmethod
    def within(name, *command):
        """The command, in that namespace. It is the process itself that is started, and gets the signals."""
        return ["ip", "netns", "exec", name, *map(str, command)]

    def address(self, name):
        return {"hub": self.hub, "front": self.front}.get(name) or self.hosts[name]

    def drop(self, act, at, source):
        """Whether packets that arrive at one side from the other are dropped, without a word to either."""
        command = ["iptables", "-w", act, "INPUT", "-s", self.address(source), "-d", self.address(at), "-j", "DROP"]
        run(*(command if at in ("hub", "front") else self.within(at, *command)))

    def cut(self, one, other):
        for at, source in ((one, other), (other, one)):
            if (at, source) not in self.dropped:
                self.drop("-I", at, source)
                self.dropped.add((at, source))

    def heal(self, one, other):
        for at, source in ((one, other), (other, one)):
            if (at, source) in self.dropped:
                self.drop("-D", at, source)
                self.dropped.discard((at, source))

    def unplug(self, name):
        ip("link", "set", f"v-{name}", "down")

    def plug(self, name):
        ip("link", "set", f"v-{name}", "up")

    def heal_all(self):
        for one, other in list(self.dropped):
            self.heal(one, other)
        for name in self.hosts:
            self.plug(name)


def ip(*arguments):
    return run("ip", *arguments)


def other_time(folder, offset_s):
    """The environment in which a program that is not linked statically has another time of day."""
    library = Path(folder) / "clock.so"
    if not library.exists():
        run("gcc", "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-o", str(library), str(Path(__file__).with_name("group_clock.c")))
    return {"LD_PRELOAD": str(library), "CLOCK_OFFSET_S": str(offset_s)}


class Node:
    """One `tocos serve` in a namespace."""

    def __init__(self, group, name, data=None, where=None):
        self.group, self.name, self.where = group, name, where or name
        self.address = group.network.hosts[self.where]
        self.data = Path(data or group.folder / self.where)
        self.log, self.process, self.stopped = group.folder / f"{self.where}.log", None, False
        # Flags of its own, in place of those that all nodes of its group have.
        self.options = None
        # While it opens its ledger it refuses what it is asked; a balancer sends nothing there then.
        self.opening = False

    @property
    def api(self):
        return f"{self.address}:{API}"

    def start(self, clock_s=0, seconds=30, ready=True):
        """`clock_s`: how far its clock is ahead."""
        command = [
            self.group.binary, "serve", "--listen", self.api, "--internal-listen", f"{self.address}:{INTERNAL}", "--data-dir", self.data,
            "--shared-log", self.group.url, "--node", self.name, "--advertise", f"http://{self.api}", "--lease-s", LEASE_SECONDS,
            "--allow-unauthenticated", "--log-level", "info", *SMALL, *(self.group.options if self.options is None else self.options),
        ]
        env = {name: value for name, value in os.environ.items() if not name.startswith("TOCOS_")}
        self.opening = ready
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.group.network.within(self.where, *command), stdout=log, stderr=log, env=env | (other_time(self.group.folder, clock_s) if clock_s else {})
            )
        self.stopped = False
        if ready:
            wait_until(f"{self.name} is ready", self.is_ready, seconds)
            self.opening = False
        return self

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def is_ready(self):
        if not self.is_running():
            # Not one of the errors that are waited out.
            raise RuntimeError(f"{self.name} ended with {self.process.returncode}: {self.said()}")
        try:
            with urllib.request.urlopen(f"http://{self.address}:{INTERNAL}/readyz", timeout=2) as answer:
                return answer.status == 200
        except urllib.error.HTTPError:
            return False

    def said(self, lines=12):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) if self.log.exists() else ""

    def cluster(self, timeout=3):
        """What GET /v1/cluster says."""
        request = urllib.request.Request(f"http://{self.api}/v1/cluster", headers=self.group.authorization)
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return json.loads(answer.read())

    def metrics(self):
        """Figures without labels, by name."""
        with urllib.request.urlopen(f"http://{self.address}:{INTERNAL}/metrics", timeout=5) as answer:
            rows = [line.rsplit(" ", 1) for line in answer.read().decode().splitlines() if line and not line.startswith("#")]
        return {name: float(value) for name, value in rows}

    def kill(self):
        if self.is_running():
            self.process.kill()
            self.process.wait()
        self.stopped = False

    def stop(self):
        self.process.send_signal(signal.SIGSTOP)
        self.stopped = True

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)
        self.stopped = False

    def term(self, seconds=30):
        """Ends it in order; its exit code, and how long it took."""
        begun = time.monotonic()
        self.process.terminate()
        return self.process.wait(seconds), time.monotonic() - begun

    def wipe(self):
        shutil.rmtree(self.data, ignore_errors=True)


class Group:
    """Nodes that serve one ledger by one shared log."""

    def __init__(self, binary, network, folder, ledger, url, names=NODES):
        self.binary, self.network, self.folder, self.ledger, self.url = Path(binary).resolve(), network, Path(folder) / ledger, ledger, url
        self.authorization, self.options = {}, []
        self.folder.mkdir()
        self.nodes = {name: Node(self, name) for name in names}

    def tocos(self, *arguments, ok=True, **more):
        return run(str(self.binary), *map(str, arguments), ok=ok, timeout=120, **more)

    def begin(self, from_directory=False):
        """Makes the shared log: of a new ledger, or of one that a single node had, with its API key; and starts all nodes."""
        if from_directory:
            single = self.folder / "single"
            said = self.tocos("key", "first", "--data-dir", single)
            self.authorization = {"Authorization": f"Bearer {re.search(r'tocos_1_[A-Za-z0-9_-]+', said)[0]}"}
            self.tocos("shared-log", "init", self.url, "--from", single)
        else:
            self.tocos("shared-log", "init", self.url)
        for node in self.nodes.values():
            node.start(ready=False)
        for node in self.nodes.values():
            wait_until(f"{node.name} is ready", node.is_ready, 60)
        self.leader()
        return self

    def running(self):
        """Those that a request may be sent to."""
        return [node for node in self.nodes.values() if node.is_running() and not node.stopped and not node.opening]

    def leaders(self):
        """Who says that it leads, by epoch."""
        found = {}
        for node in self.running():
            try:
                cluster = node.cluster(timeout=1)
            except (OSError, ValueError):
                continue
            if cluster["role"] == "leader":
                found[cluster["epoch"]] = node
        return found

    def leader(self, seconds=LEASE_SECONDS + 12, other_than=None):
        """The one that leads under the greatest epoch."""
        def found():
            leaders = self.leaders()
            latest = leaders[max(leaders)] if leaders else None
            return latest if latest is not other_than else None
        return wait_until("a node leads", found, seconds)

    def followers(self):
        leader = self.leader()
        return [node for node in self.running() if node is not leader]

    def settle(self, seconds=40):
        """Waits until all nodes are ready and have the same last event, and one leads. Gives that event."""
        def level():
            if not all(node.is_ready() for node in self.nodes.values()):
                return None
            said = [node.cluster() for node in self.nodes.values()]
            events = {cluster["last_event"] for cluster in said}
            roles = sorted(cluster["role"] for cluster in said)
            tips = {cluster["tip_event"] for cluster in said}
            return events.pop() if len(events) == 1 and events == tips and roles == ["follower"] * (len(said) - 1) + ["leader"] else None
        return wait_until("all nodes have the same events", level, seconds, 0.1)

    def restore_order(self):
        """Whatever a check left: all nodes run, and all links are whole."""
        self.network.heal_all()
        for node in self.nodes.values():
            if node.is_running() and node.stopped:
                node.go_on()
            if not node.is_running():
                node.start(ready=False)
        for node in self.nodes.values():
            wait_until(f"{node.name} is ready", node.is_ready, 40)

    def end(self):
        for node in self.nodes.values():
            node.kill()

    def said(self):
        parts = []
        for node in self.nodes.values():
            try:
                state = json.dumps(node.cluster(timeout=1))
            except (OSError, ValueError) as error:
                state = repr(error)
            parts.append(f"--- {node.name}: {state}\n{node.said()}")
        return "\n".join(parts)

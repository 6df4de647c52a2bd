"""The walk of a group: two instances and a database on an emulator, and a body for each. Coins move all the time while images are pushed and while
the body that leads is killed."""

import http.client
import json
import re
import threading
import time

from bodies import docker
from shell import Broken, wait_until
from walk import Walk

COINS = 100000
# A lease of 3 s, the start of who leads next, and what a busy machine adds.
SILENCE_SECONDS_MAX = 20


class Writer(threading.Thread):
    """Moves one coin after the other from ana to bob, through the proxy, each under a key of its own until it is acknowledged."""

    def __init__(self, walk):
        super().__init__(daemon=True)
        self.walk, self.ending, self.acknowledged, self.event, self.tries = walk, threading.Event(), 0, 0, 0
        # The longest time without an acknowledgement since `listen`.
        self.last, self.longest = time.monotonic(), 0.0

    def run(self):
        body = {"from": "ana", "to": "bob", "coin": "toco", "amount": 1}
        while not self.ending.is_set():
            try:
                self.tries += 1
                self.event = self.walk.call("POST", "/v1/transfers", body, **{"idempotency-key": f"walk-{self.acknowledged}"})["event"]
            except (Broken, OSError, http.client.HTTPException):
                time.sleep(0.1)
                continue
            self.acknowledged += 1
            now = time.monotonic()
            self.last, self.longest = now, max(self.longest, now - self.last)
            time.sleep(0.05)

    def listen(self):
        self.longest = 0.0
        return self.acknowledged

    def silence(self):
        return max(self.longest, time.monotonic() - self.last)

    def end(self):
        self.ending.set()
        self.join(60)
        assert not self.is_alive(), "the last transfer is never acknowledged"


class GroupWalk(Walk):
    writer = None

    def steps(self):
        return [
            ("three bodies boot, one node leads, one follows", self.answered),
            ("the private side is closed, and the database takes only connections with TLS", self.closed),
            ("each node takes writes, and the other one shows them", self.written_through_either),
            ("a pushed image reaches one node at a time", self.pushed),
            ("the leader's body is killed: the other one serves within seconds, and the body comes back", self.killed),
            ("an image that the first node rolls back goes no further", self.rolled_back),
            ("no coin is lost, and none moved twice", self.counted),
            ("tflocal destroy, and the bodies go", self.destroyed),
        ]

    def ask(self, node, method, path, body=None, event=None):
        """At a node itself, not through the proxy. With `event` as of that event or later."""
        headers = self.headers() | ({"tocos-min-event": str(event)} if event else {})
        options = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")] + (["-d", json.dumps(body)] if body is not None else [])
        return json.loads(self.world.inside("curl", "-sS", "--fail-with-body", "--max-time", "15", "-X", method, *options, f"http://127.0.0.1:8080{path}", body=node).stdout)

    def answered(self):
        said = self.script("local-bodies.sh", self.image).stdout
        assert '"name":"tocos"' in self.world.ask("/version") and "the group is whole" in said, said
        roles = self.world.formed()
        assert roles and sorted(roles.values()) == ["follower", "leader"], roles
        assert len(self.world.bodies.running()) == 4, self.world.bodies.running()
        for node in roles:
            told = self.world.inside("cat", "/etc/tocos/shared-log.env", body=node).stdout
            assert re.match(r"TOCOS_SHARED_LOG=postgres://tocos:\S+@\S+\.rds\.amazonaws\.com:5432/tocos\?.*sslmode=verify-full", told), f"{node}: {told}"
        return re.search(r"boot until the service answers: [0-9.]+ s", said).group()

    def closed(self):
        super().closed()
        done = self.world.inside("bash", "-c", "PGCONNECT_TIMEOUT=3 psql 'host=127.0.0.1 user=tocos dbname=tocos password=any sslmode=disable' -c 'select 1'", body=self.database, check=False)
        assert done.returncode != 0 and "no encryption" in done.stderr, done.stderr
        # The proxy is in the VPC too, and in no group that may.
        reached = "exec 3<>/dev/tcp/%s/5432" % self.world.bodies.running()[self.database][2]
        assert self.world.inside("timeout", "2", "bash", "-c", reached, body=self.world.proxy, check=False).returncode != 0, "the proxy reaches the database"
        assert self.world.inside("timeout", "5", "bash", "-c", reached, body=self.world.service, check=False).returncode == 0, "and the nodes do not, so this proves nothing"

    @property
    def database(self):
        return f"{self.name}-tocos-database"

    def written_through_either(self):
        one, two = self.world.services
        self.ask(one, "PUT", "/v1/users/ana", {})
        self.ask(two, "PUT", "/v1/users/bob", {})
        for node, other, amount in ((one, two, COINS - 1), (two, one, 1)):
            event = self.ask(node, "POST", "/v1/grants", {"user": "ana", "coin": "toco", "amount": amount})["event"]
            total = self.ask(other, "GET", "/v1/users/ana", event=event)["accounts"][0]["total"]
            assert total in (COINS - 1, COINS), f"{other} shows {total} as of event {event}"
        self.writer = Writer(self)
        self.writer.start()

    def restarted(self, node):
        """When the service of a node last ceased to serve, and when it served again, by the clock that all bodies share."""
        names = ("ActiveExitTimestampMonotonic", "ActiveEnterTimestampMonotonic")
        said = self.world.inside("systemctl", "show", *(part for name in names for part in ("-p", name)), "tocos.service", body=node).stdout
        found = dict(line.split("=") for line in said.split())
        return tuple(int(found[name]) / 1e6 for name in names)

    def pushed(self):
        one, two = self.world.services
        before = self.writer.listen()
        said = self.script("local-push.sh", self.derived("next", "LABEL org.opencontainers.image.version=next")).stdout
        assert f"{one}: taken" in said and f"{two}: taken" in said, said
        (first_away, first_back), (second_away, second_back) = self.restarted(one), self.restarted(two)
        assert first_away < first_back < second_away < second_back, f"{one} was away {first_away}-{first_back}, {two} {second_away}-{second_back}"
        wait_until("the group is whole again", self.world.formed, 30)
        assert self.writer.acknowledged > before, "nothing was written meanwhile"
        assert self.writer.silence() < SILENCE_SECONDS_MAX, f"no write for {self.writer.silence():.1f} s"
        return f"{first_back - first_away:.1f} s, and {second_away - first_back:.1f} s later {second_back - second_away:.1f} s; no write waited longer than {self.writer.longest:.1f} s"

    def killed(self):
        roles = self.world.formed()
        leader = next(body for body, role in roles.items() if role == "leader")
        other = next(body for body in roles if body != leader)
        before = self.writer.listen()
        docker("kill", leader)
        begun = time.monotonic()
        wait_until(f"{other} leads", lambda: self.world.roles().get(other) == "leader", SILENCE_SECONDS_MAX)
        took = time.monotonic() - begun
        wait_until("coins move again", lambda: self.writer.acknowledged > before + 10, SILENCE_SECONDS_MAX)
        silence = self.writer.silence()
        assert silence < SILENCE_SECONDS_MAX, f"no write for {silence:.1f} s"
        wait_until("the body comes back and follows", lambda: len(self.world.services) == 2 and self.world.formed(), 120, every=0.5)
        back = time.monotonic() - begun
        assert self.world.roles()[other] == "leader", self.world.roles()
        return f"the other one leads after {took:.1f} s, no write for {silence:.1f} s, back after {back:.1f} s"

    def rolled_back(self):
        one, two = self.world.services
        before = self.restarted(two)
        done = self.script("local-push.sh", self.derived("broken", 'CMD ["serve", "--no-such-setting"]'), check=False)
        assert done.returncode == 1 and f"{one}: rolled back" in done.stdout, f"{done.returncode}: {done.stdout}{done.stderr}"
        known = self.world.updater_knows(two)
        assert self.restarted(two) == before and not known["rejected"], f"{two} tried it too: {known}"
        wait_until("the group is whole again", self.world.formed, 60)

    def counted(self):
        self.writer.end()
        moved, event = self.writer.acknowledged, self.writer.event
        for node in self.world.services:
            ana, bob = (self.ask(node, "GET", f"/v1/users/{user}", event=event)["accounts"][0]["total"] for user in ("ana", "bob"))
            assert (ana, bob) == (COINS - moved, moved), f"{moved} transfers were acknowledged; {node} says that ana has {ana} and bob {bob}"
        return f"{moved} transfers in {self.writer.tries} tries, the same on both nodes"

    def down(self):
        if self.writer:
            self.writer.ending.set()
        super().down()

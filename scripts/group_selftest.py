"""Tests what test-groups.sh works with, without Tocos: the checker notices each kind of wrong, the network, the engines and the proxy do what the
rows ask of them.

    group_selftest.py FOLDER
"""

import http.server
import json
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

from checks import Checks, run, same, wait_until
from group_checker import USERS, Checker
from group_engine import DATABASE, PASSWORD, PORT, USER, Pair, Patroni, sql
from group_faults import Proxy
from group_world import ENGINES, ETCD, MANAGED, NODES, Network, other_time

FOLDER = Path(sys.argv[1])


# The checker, on a ledger that is one list in memory, behind two "nodes". Each flaw is one thing that a group must never do.

# Each flaw, and what the checker must say about it.
FLAWS = {
    "loses": "acknowledged, and not there", "does twice": "and also", "does what it refused": "refused, and done", "goes back in time": "had been seen before",
    "is late as the leader": "the leader's state at", "shows what is not so": "as it was read as of event", "differs": "an event of stand-in 1",
    "counts wrong": "the sums of", "changes an event": "there as something else", "renumbers": "the number of an event", "forgets a key": "the event of key",
}


class Ledger:
    def __init__(self, flaw):
        self.flaw, self.lock, self.events, self.keys, self.turn = flaw, threading.RLock(), [], {}, 0

    def now_and_then(self, flaw, every=20):
        self.turn += 1
        return self.flaw == flaw and self.turn % every == 0

    def write(self, path, body, key):
        with self.lock:
            if key in self.keys and not self.now_and_then("forgets a key", 3):
                return 201, self.keys[key]
            if self.now_and_then("does what it refused"):
                self.add(path, body, key)
                return 402, {"code": "insufficient_funds"}
            event = self.add(path, body, key)
            if self.now_and_then("does twice"):
                self.add(path, body, None)
            if self.now_and_then("loses") and event["kind"] == "transfer":
                self.events.pop()
            if self.now_and_then("changes an event"):
                self.events[-1] = event | {"at": event["at"] + "0"}
            if key:
                self.keys[key] = event
            if self.flaw == "forgets a key" and len(self.events) % 10 == 0:
                return 503, {"code": "storage_unavailable"}
            return 201, event

    def add(self, path, body, key):
        number = (self.events[-1]["event"] if self.events else 0) + 1 + self.now_and_then("renumbers")
        event = {"event": number, "kind": path.rsplit("/", 1)[1].rstrip("s")} | body | {"at": f"{time.time():.6f}"}
        if hold := re.fullmatch(r"/v1/holds/(\d+)/(\w+)", path):
            opened = next(event for event in self.events if event["event"] == int(hold[1]))
            amount = body.get("amount", opened["amount"])
            event |= {"user": opened["user"], "amount": amount, "released": opened["amount"] - amount}
        self.events.append(event | ({"idempotency_key": key} if key else {}))
        totals, held, _, _ = self.folded()
        parties = [name for name in (event.get("user"), event.get("from"), event.get("to")) if name]
        self.events[-1]["balances"] = {name: {"total": totals[name], "held": held[name]} for name in parties}
        return self.events[-1]

    def folded(self, until=1 << 60):
        """Counted another way than the checker does."""
        totals, held = {user: 0 for user in USERS}, {user: 0 for user in USERS}
        events = [event for event in self.events if event["event"] <= until]
        for event in events:
            sign = {"grant": 1, "spend": -1, "capture": -1}.get(event["kind"], 0)
            if sign:
                totals[event["user"]] += sign * event["amount"]
            if event["kind"] == "transfer":
                totals[event["from"]] -= event["amount"]
                totals[event["to"]] += event["amount"]
            change = {"hold": 1, "capture": -1, "release": -1}.get(event["kind"], 0)
            if change:
                held[event["user"]] += change * (event["amount"] + (event["released"] if event["kind"] == "capture" else 0))
        issued = sum(event["amount"] for event in events if event["kind"] == "grant")
        return totals, held, issued, issued - sum(totals.values())

    def read(self, path, node, least, of_leader):
        """Status, body, and what it is as of."""
        with self.lock:
            totals, held, issued, spent = self.folded()
            last = len(self.events)
            if path.startswith("/v1/events"):
                after = int(re.search(r"after=(\d+)", path)[1])
                page = [dict(event) for event in self.events if event["event"] > after][:1000]
                if self.flaw == "differs" and node == 1 and page:
                    page[-1]["metadata"] = {}
                return {"events": page}, last
            if path.startswith("/v1/coins"):
                wrong = 1 if self.flaw == "counts wrong" else 0
                return {"issued": issued + wrong, "spent": spent, "expired": 0, "outstanding": issued - spent, "held": sum(held.values())}, last
            if path.startswith("/v1/users?"):
                return {"users": [{"id": user, "coins": {"toco": totals[user]}} for user in USERS]}, last
            user = path.rsplit("/", 1)[1]
            if least > len(USERS) and self.now_and_then("is late as the leader" if of_leader else "goes back in time", 5):
                last = least - 1
                totals, held, _, _ = self.folded(last)
            total = totals[user] + self.now_and_then("shows what is not so", 5)
            return {"accounts": [{"coin": "toco", "total": total, "held": held[user]}]}, last


class StandIn:
    """A node of that ledger, and the part of a group that the checker needs."""

    def __init__(self, ledger, number):
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version, wbufsize = "HTTP/1.1", -1

            def log_message(self, *_):
                pass

            def respond(self, status, body, event):
                text = json.dumps(body).encode()
                self.send_response_only(status)
                for name, value in (("Content-Type", "application/json"), ("Content-Length", len(text)), ("Tocos-Event", event)):
                    self.send_header(name, str(value))
                self.end_headers()
                self.wfile.write(text)
                self.wfile.flush()

            def do_GET(self):
                body, event = ledger.read(self.path, number, int(self.headers.get("Tocos-Min-Event") or 0), self.headers.get("Tocos-Read") == "leader")
                self.respond(200, body, event)

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, answer = ledger.write(self.path, body, self.headers.get("Idempotency-Key"))
                self.respond(status, answer, len(ledger.events) + 1)

            def do_PUT(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                self.respond(200, {}, 0)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        outer.api, outer.name = f"127.0.0.1:{self.server.server_address[1]}", f"stand-in {number}"


class StandIns:
    authorization = {}

    def __init__(self, flaw):
        self.ledger = Ledger(flaw)
        self.nodes = {number: StandIn(self.ledger, number) for number in (0, 1)}

    def running(self):
        return list(self.nodes.values())

    def leader(self):
        return self.nodes[0]

    def settle(self):
        return self.ledger.events[-1]["event"]

    def end(self):
        for node in self.nodes.values():
            node.server.shutdown()


def judged(flaw):
    """What the checker says about a ledger with that flaw; the empty string if it is content."""
    group = StandIns(flaw)
    try:
        checker = Checker(group)
        checker.fill()
        with checker.load("load", threads=4, keyed=0.7, pause=0.002), checker.readers(pause=0.005):
            time.sleep(1)
        checker.verify()
        same(len(checker.record.acknowledged) > 50 and len(checker.record.samples) > 20, True, "there was something to judge")
        return ""
    except AssertionError as error:
        return str(error) or "an assertion"
    finally:
        group.end()


def content_with_an_honest_ledger():
    return same(judged(None), "")


def notices(flaw):
    said = judged(flaw)
    return same(FLAWS[flaw] in said, True, said or "it was content")


# The network.

def reaches(network, one, other):
    return run(*network.within(one, "ping", "-c1", "-W1", network.address(other)), ok=False).returncode == 0


def links_are_cut_and_healed(network):
    same(reaches(network, "n1", "n2") and reaches(network, "n1", "front"), True, "whole")
    network.cut("n1", "front")
    same((reaches(network, "n1", "front"), reaches(network, "n1", "hub"), reaches(network, "n1", "n2")), (False, True, True), "cut from the front")
    network.cut("n1", "n2")
    same((reaches(network, "n1", "n2"), reaches(network, "n2", "n1"), reaches(network, "n3", "n1")), (False, False, True), "cut from n2")
    network.unplug("n3")
    same((reaches(network, "n3", "n1"), reaches(network, "n3", "hub")), (False, False), "unplugged")
    network.heal_all()
    return same(all(reaches(network, one, other) for one, other in (("n1", "front"), ("n2", "n1"), ("n3", "hub"))), True, "healed")


def another_time_of_day(network):
    asked = network.within("n1", "python3", "-c", "import time; print(time.time(), time.monotonic())")
    there, elapsed = map(float, run(*asked, env={"PATH": "/usr/bin:/bin"} | other_time(FOLDER, 3600)).split())
    same(abs(there - time.time() - 3600) < 5, True, "an hour ahead")
    return same(abs(elapsed - time.monotonic()) < 5, True, "elapsed time is left alone")


# The engine.

def by_proxy(network, text, seconds=5):
    """As a node would connect: by the proxy, with the ordinary role."""
    command = ["psql", "-h", network.front, "-p", str(PORT), "-U", USER, "-d", DATABASE, "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", text]
    try:
        done = run(*network.within("n1", *command), ok=False, env={"PATH": "/usr/bin:/bin", "PGPASSWORD": PASSWORD, "PGCONNECT_TIMEOUT": "3"}, timeout=seconds)
    except subprocess.TimeoutExpired:
        return None
    return done.stdout.split() if done.returncode == 0 else None


def rows(network):
    return by_proxy(network, "select word from words order by word")


def nothing_acknowledged_is_lost(pair):
    pair.synchronous(True)
    by_proxy(pair.network, "create table words (word text)")
    for number in range(20):
        same(by_proxy(pair.network, f"insert into words values ('a{number:02}')"), [], "an insert")
    pair.fail_over()
    same(rows(pair.network), [f"a{number:02}" for number in range(20)], "after the failover")
    pair.mend()
    return same(by_proxy(pair.network, "insert into words values ('b')"), [], "an insert")


def the_last_ones_are_lost(pair):
    pair.synchronous(False)
    pair.part()
    same(by_proxy(pair.network, "insert into words values ('forgotten')"), [], "an insert")
    same(pair.bytes_missing() > 0, True, "bytes are missing")
    pair.fail_over()
    same("forgotten" in rows(pair.network), False, "it is still there")
    pair.mend()
    return same("b" in rows(pair.network), True, "what came before is there")


def a_commit_waits_for_its_standby(pair):
    pair.part()
    same(by_proxy(pair.network, "insert into words values ('waits')"), None, "an insert without a standby")
    pair.network.heal(pair.primary.name, pair.standby.name)
    return wait_until("inserts go on", lambda: by_proxy(pair.network, "insert into words values ('goes on')", 10) is not None, 30)


def the_proxy_delays_refuses_and_hangs(network, proxy):
    begun = time.monotonic()
    same(bool(rows(network)), True, "rows")
    quick, begun = time.monotonic() - begun, time.monotonic()
    proxy.told(delay_s=0.1)
    rows(network)
    slow = time.monotonic() - begun
    proxy.told(delay_s=0, mode="refuse")
    same(rows(network), None, "refused")
    proxy.told(mode="hang")
    same(rows(network), None, "hanging")
    proxy.told(mode="pass")
    same(bool(rows(network)), True, "rows again")
    # Password and query take five turns at least.
    return same(slow - quick > 0.5, True, f"{quick:.2f} s, and {slow:.2f} s with a delay")


def an_answer_is_swallowed(network, proxy):
    before = proxy.told(swallow=1)["swallowed"]
    same(by_proxy(network, "insert into words values ('TFRM')"), None, "the answer came")
    same(proxy.told()["swallowed"], before + 1, "swallowed")
    return same("TFRM" in rows(network), True, "and it was done")


def patroni_fails_over(patroni):
    address = patroni.hosts[patroni.primary()]
    sql(address, "create table words (word text); insert into words values ('kept')", DATABASE)
    for kill in (True, False):
        new, took = patroni.fail_over(kill)
        same(sql(patroni.hosts[new], "select word from words", DATABASE), "kept", "after the failover")
        print(f"     {'killed' if kill else 'switched over'}: {took:.1f} s", flush=True)
        patroni.mend()


def patroni_without_synchronous_mode(patroni):
    patroni.set_synchronous(False)
    same(sql(patroni.hosts[patroni.primary()], "show synchronous_standby_names"), "", "no standby is waited for")
    patroni.set_synchronous(True)
    return same(sql(patroni.hosts[patroni.primary()], "show synchronous_standby_names") != "", True, "one is")


def main():
    checks = Checks()
    network = Network([*NODES, "spare", *ENGINES, *MANAGED, ETCD]).start()
    checks.that("the checker is content with an honest ledger", content_with_an_honest_ledger)
    for flaw in FLAWS:
        checks.that(f"the checker notices a ledger that {flaw}", notices, flaw)
    checks.that("links are cut, unplugged and healed", links_are_cut_and_healed, network)
    checks.that("a program has another time of day", another_time_of_day, network)
    proxy = Proxy(network.front, PORT)
    pair = Pair(network, ENGINES, FOLDER, proxy)
    if checks.that("a primary and its standby start", pair.start):
        checks.that("a synchronous standby is promoted: nothing acknowledged is lost", nothing_acknowledged_is_lost, pair)
        checks.that("a commit waits for a synchronous standby", a_commit_waits_for_its_standby, pair)
        checks.that("an asynchronous standby is promoted: the last ones are lost", the_last_ones_are_lost, pair)
        checks.that("the proxy delays, refuses and hangs", the_proxy_delays_refuses_and_hangs, network, proxy)
        checks.that("the proxy swallows the answer to a commit", an_answer_is_swallowed, network, proxy)
    patroni = Patroni(network, MANAGED, ETCD, FOLDER)
    if checks.that("Patroni starts a pair", patroni.start):
        checks.that("Patroni fails over, and switches over", patroni_fails_over, patroni)
        checks.that("Patroni waits for a standby, or does not", patroni_without_synchronous_mode, patroni)
    checks.end()


main()

"""The rows of test-groups.sh: what must happen to a group when something goes wrong.

    group_cases.py BINARY FOLDER [--only WORD] [--rounds N] [--seed N] [--long]
"""

import argparse
import datetime
import os
import threading
import time
from pathlib import Path

from checks import Checks, run, same, wait_until
from group_archive import ROWS as ARCHIVE_ROWS
from group_checker import Checker, Client, Lost, events_of
from group_engine import Pair, Patroni
from group_faults import Proxy
from group_rounds import Rounds
from group_webhooks import ROWS as WEBHOOK_ROWS
from group_world import ENGINES, ETCD, LEASE_SECONDS, MANAGED, NODES, SPARE, Group, Network, Node

# A change of leader: the lease ends, and another node takes over.
CHANGE_SECONDS = LEASE_SECONDS + 2
# The answers of a node that waits for a leader before it refuses, which it does for 5 s.
REFUSED_SECONDS = 8
HOUR = 3600
HEALED = "tocos_group_healed_frames_total"


class World:
    """The network, the engines, and the group that is tested at the moment."""

    def __init__(self, binary, folder, is_long):
        self.binary, self.folder, self.is_long, self.groups = binary, Path(folder), is_long, 0
        self.network = Network([*NODES, SPARE, *ENGINES, *MANAGED, ETCD]).start()
        self.proxy = Proxy(self.network.front, 5432)
        self.pair = Pair(self.network, ENGINES, self.folder, self.proxy).start()
        self.pair.synchronous(True)
        self.group = self.checker = None
        # It takes a while to start, and is asked for late.
        self.patroni = Patroni(self.network, MANAGED, ETCD, self.folder)
        self.patroni_starts = threading.Thread(target=self.patroni.start, daemon=True)

    def begin(self, engine=None, from_directory=False, more="", options=()):
        """A new ledger, and a group that serves it. `more` is added to the URL of its shared log, `options` to the flags of its nodes."""
        if self.group:
            self.group.end()
        self.groups += 1
        ledger = f"ledger{self.groups}"
        self.group = Group(self.binary, self.network, self.folder, ledger, (engine or self.pair).url(ledger) + more)
        self.group.options = [*options]
        self.group.begin(from_directory)
        self.checker = Checker(self.group)
        self.checker.fill()
        # So that no node is asked for users that it has not heard of.
        self.group.settle()
        return self.group

    def finish(self, **options):
        self.group.restore_order()
        return self.checker.verify(**options)

    def abandon(self):
        """After a row that failed: nothing of it is left for the next."""
        print(self.group.said() if self.group else "there is no group", flush=True)
        if self.group:
            self.group.end()
        self.group = None
        self.network.heal_all()
        self.proxy.told(mode="pass", delay_s=0, swallow=0)
        if self.pair.primary.process.poll() is not None:
            self.pair.fail_over()
        self.pair.mend()

    def say(self, text):
        print(f"     {text}", flush=True)


def within(took, limit, what):
    return same(took <= limit, True, f"{what} took {took:.1f} s, of {limit}")


# Nodes.

def leader_killed(world):
    group = world.group
    with world.checker.load("killed") as load, world.checker.readers():
        time.sleep(1)
        leader, instant = group.leader(), time.monotonic()
        leader.kill()
        took = load.first_after(instant, 20)
        world.say(f"writes were answered again after {took:.1f} s")
        leader.start()
        time.sleep(0.5)
    within(took, CHANGE_SECONDS, "the first write")
    return world.finish()


class Asked(threading.Thread):
    """A request that waits in the socket of a node that is stopped."""

    def __init__(self, group, node, *request, **headers):
        super().__init__(daemon=True)
        self.group, self.node, self.request, self.headers, self.answer = group, node, request, headers, None
        self.start()

    def run(self):
        try:
            self.answer = Client(self.group.authorization).call(self.node, *self.request, timeout=30, **self.headers)
        except Lost:
            pass


def leader_stopped(world):
    group, record = world.group, world.checker.record
    with world.checker.load("stopped") as load, world.checker.readers():
        time.sleep(1)
        leader, instant = group.leader(), time.monotonic()
        leader.stop()
        took = load.first_after(instant, 20)
        group.leader(other_than=leader)
        time.sleep(1)
        reads = [(record.highest, Asked(group, leader, "GET", "/v1/users/u0", tocos_read="leader")) for _ in range(4)]
        leader.go_on()
        wait_until("the old leader follows", lambda: leader.cluster()["role"] == "follower", 20)
        time.sleep(0.5)
        for least, read in reads:
            read.join()
            if read.answer and read.answer.status == 200:
                same(read.answer.event >= least, True, f"as the leader it answered as of {read.answer.event}, where {least} was acknowledged")
    world.say(f"writes were answered again after {took:.1f} s")
    within(took, CHANGE_SECONDS, "the first write")
    return world.finish()


def leader_cut_off(world):
    group, record, network = world.group, world.checker.record, world.network
    with world.checker.load("cut") as load, world.checker.readers():
        time.sleep(1)
        leader = group.leader()
        network.cut(leader.name, "front")
        instant = time.monotonic()
        took = load.first_after(instant, 20)
        group.leader(other_than=leader)
        same(leader.cluster()["role"] == "leader", False, "the one that was cut off still leads")
        client, begun = Client(group.authorization), time.monotonic()
        written = client.call(leader, "POST", "/v1/grants", {"user": "u0", "coin": "toco", "amount": 1, "metadata": {"op": "cut off"}}, "cut off")
        record.unknown.add("cut off")
        within(time.monotonic() - begun, REFUSED_SECONDS, "the answer to a write at the one that was cut off")
        if written.status != 201:
            same((written.status, bool(written.headers.get("Retry-After"))), (503, True), f"a write there: {written.body}")
        least, read = record.highest, client.call(leader, "GET", "/v1/users/u0", tocos_read="leader")
        same(read.status == 503 or read.event >= least, True, f"a read as of the leader there: {read.status}, event {read.event} of {least}")
        network.heal(leader.name, "front")
        wait_until("it follows", lambda: leader.cluster()["role"] == "follower", 20)
    world.say(f"writes were answered again after {took:.1f} s; a write at the one that was cut off: {written.status} {written.code}")
    within(took, CHANGE_SECONDS, "the first write")
    return world.finish()


def follower_cut_off(world):
    group, record, network = world.group, world.checker.record, world.network
    with world.checker.load("behind"), world.checker.readers():
        follower = group.followers()[0]
        network.cut(follower.name, "front")
        time.sleep(2)
        first = follower.cluster()
        time.sleep(1.5)
        second = follower.cluster()
        same(second["behind_s"] > first["behind_s"] > 0, True, f"its lag grows: {first['behind_s']} s, then {second['behind_s']} s")
        read = world.checker.client.must(follower, "GET", "/v1/users/u0")
        same(read.event, second["last_event"], "a read there is as of its last event")
        network.heal(follower.name, "front")
        least, begun = record.highest, time.monotonic()
        wait_until("it has caught up", lambda: follower.cluster()["last_event"] >= least, 15)
        world.say(f"it had caught up after {time.monotonic() - begun:.1f} s")
    return world.finish()


def two_started_as_one(world):
    group = world.group
    with world.checker.load("twins"), world.checker.readers():
        first = group.leader()
        for what, data in (("the same directory", first.data), ("the same name", None)):
            twin = Node(group, first.name, data, SPARE).start(ready=False)
            try:
                code = twin.process.wait(4 * LEASE_SECONDS + 5)
            finally:
                twin.kill()
            same(code not in (0, None), True, f"a second node with {what} ended with {code}")
            world.say(f"{what}: {twin.said(1)}")
            same(first.is_running() and first.is_ready(), True, f"the first goes on beside a second with {what}")
            twin.wipe() if data is None else None
    return world.finish()


def handed_over(world):
    """No request of 64 clients fails, whether it has a key or not, while the leader ends and others pass its requests on."""
    group = world.group
    leader = group.leader()
    others = [node for node in group.nodes.values() if node is not leader]
    with world.checker.load("handover", threads=64, keyed=0.5, pause=0.03, nodes=others) as load:
        time.sleep(2)
        begun = time.monotonic()
        code, took = leader.term()
        first = load.first_after(begun, 20)
        time.sleep(1.5)
    slowest = max(ended - began for began, ended in load.answered)
    world.say(f"it ended after {took:.1f} s; {len(load.answered)} requests, the slowest took {slowest:.2f} s, the next one {first:.2f} s")
    same(code, 0, "its exit code")
    same([problem for _, _, problem in load.failures], [], "requests that failed")
    leader.start()
    return world.finish()


def empty_node_joins(world):
    group = world.group
    with world.checker.load("joins"), world.checker.readers():
        node = group.followers()[0]
        node.term()
        node.wipe()
        begun = time.monotonic()
        node.start()
        least = world.checker.record.highest
        wait_until("it has all", lambda: node.cluster()["last_event"] >= least, 30)
        world.say(f"{least} events after {time.monotonic() - begun:.1f} s")
    world.checker.forget(node)
    return world.finish()


def rolling_restart(world):
    """Requests at a node that ends get their answers; connections that it closes are the clients' to open elsewhere."""
    group = world.group
    with world.checker.load("rolling", threads=16) as load, world.checker.readers():
        for node in group.nodes.values():
            code, _ = node.term()
            same(code, 0, f"exit code of {node.name}")
            node.start()
    same([problem for _, _, problem in load.failures if problem[0] == "5"], [], "requests that were refused")
    world.say(f"{len(load.answered)} requests, the slowest took {load.slowest:.1f} s")
    return world.finish(full=True)


def clocks_differ(world):
    """One node is an hour ahead, one an hour behind. Who leads after whom is decided by who is there."""
    group = world.begin()
    ahead, behind, right = group.nodes.values()
    for node in group.nodes.values():
        node.term()
    ahead.start(HOUR)
    group.leader()
    load = world.checker.load("clocks")
    with load, world.checker.readers():
        time.sleep(1)
        for old, new, clock_s in ((ahead, behind, -HOUR), (behind, right, 0), (right, ahead, HOUR)):
            new.start(clock_s)
            wait_until(f"{new.name} is there", lambda node=new: node.cluster()["last_event"] >= world.checker.record.highest - 50, 20)
            told = world.checker.client.must(new, "GET", "/v1/clock").body["system_time"]
            same(hours_off(told), clock_s // HOUR, f"the clock of {new.name}")
            instant = time.monotonic()
            old.kill()
            took = load.first_after(instant, 20)
            world.say(f"from {old.name} to {new.name}, whose clock is {clock_s:+} s off: {took:.1f} s")
            within(took, CHANGE_SECONDS, "the first write")
    done = world.finish()
    world.begin()
    return done


def hours_off(told):
    at = datetime.datetime.fromisoformat(told.replace("Z", "+00:00"))
    return round((at - datetime.datetime.now(datetime.timezone.utc)).total_seconds() / 3600)


# The engine.

def primary_killed(world):
    with world.checker.load("primary") as load, world.checker.readers():
        time.sleep(1)
        begun = time.monotonic()
        world.pair.fail_over()
        promoted = time.monotonic()
        took = load.first_after(promoted, 20)
    world.say(f"the standby leads after {promoted - begun:.1f} s, writes were answered {took:.1f} s later")
    within(took, CHANGE_SECONDS, "the first write")
    world.pair.mend()
    return world.finish()


def last_frames_missing(world):
    pair = world.pair
    pair.synchronous(False)
    with world.checker.load("forgotten") as load, world.checker.readers():
        time.sleep(1)
        pair.part()
        time.sleep(1)
        missing = pair.bytes_missing()
        pair.fail_over()
        took = load.first_after(time.monotonic(), 20)
    same(missing > 0, True, "the standby lacks something")
    healed = sum(node.metrics().get(HEALED, 0) for node in world.group.running())
    world.say(f"{missing} bytes of the engine's log were missing, {healed:.0f} frames were appended again, writes were answered after {took:.1f} s")
    same(healed > 0, True, f"{HEALED} counts them")
    pair.mend()
    return world.finish()


def frames_set_aside(world):
    """Only nodes that know what was acknowledged could bring it back. Here they are away until somebody else has gone on."""
    group, pair, network = world.begin(), world.pair, world.network
    world.checker.verify()
    leader = group.leader()
    other, third = group.followers()
    network.cut(third.name, "front")
    pair.synchronous(False)
    pair.part()
    with world.checker.load("aside", nodes=[leader, other]):
        time.sleep(1.5)
    known = [leader, other]
    for node in known:
        node.kill()
    pair.fail_over()
    network.heal(third.name, "front")
    same(group.leader(20), third, "the one that did not know them leads")
    with world.checker.load("beyond", nodes=[third]):
        time.sleep(1)
    pair.mend()
    there = {(event.get("metadata") or {}).get("op") for event in events_of(world.checker.client, third)}
    lost = {label: event for label, event in world.checker.record.acknowledged.items() if label not in there}
    same(len(lost) > 0, True, "the standby lacked something")
    named = ""
    for node in known:
        node.start(ready=False)
        wait_until(f"{node.name} says that it has diverged", lambda node=node: node.cluster()["role"] == "diverged", 30)
        same(node.is_ready(), False, f"{node.name} is ready")
        node.term()
        named += group.tocos("shared-log", "lost", group.url, "--data-dir", node.data)
        group.tocos("shared-log", "rejoin", "--data-dir", node.data)
        node.start()
    # One of them may have been behind the other when they were killed.
    same([label for label in lost if label not in named], [], "acknowledged and lost, and not named by shared-log lost")
    world.say(f"{len(lost)} acknowledged operations were lost, and all were named")
    done = world.finish(missing=frozenset(lost))
    world.begin()
    return done


def engine_slow(world):
    world.proxy.told(delay_s=0.05)
    with world.checker.load("slow") as load, world.checker.readers():
        time.sleep(4)
    world.proxy.told(delay_s=0)
    world.say(f"{len(load.answered)} writes, the slowest took {load.slowest:.2f} s")
    same([problem for _, _, problem in load.failures], [], "requests that failed")
    same(load.slowest > 0.1 and len(load.answered) > 20, True, "slow, and done")
    return world.finish()


def engine_away(world, mode):
    seconds = 60 if world.is_long else 2 * LEASE_SECONDS
    with world.checker.load(mode) as load, world.checker.readers():
        time.sleep(0.5)
        world.proxy.told(mode=mode)
        begun, client = time.monotonic(), Client(world.group.authorization)
        time.sleep(LEASE_SECONDS)
        node = world.group.running()[0]
        read = client.must(node, "GET", "/v1/users/u0")
        written = client.call(node, "POST", "/v1/grants", {"user": "u0", "coin": "toco", "amount": 1, "metadata": {"op": f"away {mode}"}}, f"away {mode}")
        world.checker.record.unknown.add(f"away {mode}")
        same((written.status, bool(written.headers.get("Retry-After"))), (503, True), f"a write meanwhile: {written.body}")
        time.sleep(max(0.0, begun + seconds - time.monotonic()))
        world.proxy.told(mode="pass")
        took = load.first_after(time.monotonic(), 30)
    world.say(f"away for {seconds} s; meanwhile reads as of {read.event}; writes were answered {took:.1f} s after it was back")
    within(took, 2 * CHANGE_SECONDS, "the first write")
    return world.finish()


def answers_lost(world):
    wanted = world.proxy.told()["swallowed"] + 8
    with world.checker.load("swallowed"), world.checker.readers():
        while (now := world.proxy.told(swallow=1)["swallowed"]) < wanted:
            wait_until("an answer is swallowed", lambda: world.proxy.told()["swallowed"] > now, 20)
            time.sleep(0.5)
        world.proxy.told(swallow=0)
    return world.finish()


def patroni_fails_over(world):
    patroni = world.patroni
    world.patroni_starts.join()
    world.begin(patroni)
    with world.checker.load("managed") as load, world.checker.readers():
        time.sleep(1)
        for kill in (True, False):
            new, took = patroni.fail_over(kill)
            later = load.first_after(time.monotonic(), 30)
            world.say(f"{'killed' if kill else 'switched over'}: {new} leads after {took:.1f} s, writes were answered {later:.1f} s later")
            within(later, CHANGE_SECONDS + 2, "the first write")
            patroni.mend()
    done = world.finish(full=True)
    world.begin(from_directory=True)
    return done


def demonstration_holds(world):
    """What a newcomer is shown, without docker: it needs no network but the loopback."""
    said = run("deploy/group/demo.sh", "processes", env=os.environ | {"TOCOS_BINARY": str(world.group.binary)}, timeout=180)
    world.say(said.splitlines()[-1])
    return same("no coin was lost" in said, True, said)


ROWS = [
    ("the leader is killed under load", leader_killed),
    ("the leader is stopped past its lease, and goes on", leader_stopped),
    ("the leader is cut off from the engine, clients still reach it", leader_cut_off),
    ("a follower is cut off and back: it lags, says so, and catches up", follower_cut_off),
    ("the engine's primary is killed, its synchronous standby promoted", primary_killed),
    ("an asynchronous standby is promoted with the last frames missing: they are appended again", last_frames_missing),
    ("nobody who knew them was there: they are set aside, and named", frames_set_aside),
    ("the engine is slow by 100 ms", engine_slow),
    ("the engine is away: it hangs", engine_away, "hang"),
    ("the engine is away: it refuses", engine_away, "refuse"),
    ("answers to commits are lost", answers_lost),
    ("nodes' clocks are an hour ahead and behind", clocks_differ),
    ("two nodes are started as one: the second refuses", two_started_as_one),
    ("the leader hands over on SIGTERM: no request fails", handed_over),
    ("an empty node joins", empty_node_joins),
    ("all nodes are restarted one after another: no request fails", rolling_restart),
    *ARCHIVE_ROWS,
    *WEBHOOK_ROWS,
    ("Patroni fails over and switches over", patroni_fails_over),
    ("the demonstration in deploy/group shows what it says", demonstration_holds),
]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("folder")
    parser.add_argument("--only", default="", help="rows whose sentence has this word")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    parser.add_argument("--long", action="store_true", help="the engine is away for a minute")
    given = parser.parse_args()
    checks = Checks()
    world = World(given.binary, given.folder, given.long)

    def row(sentence, case, *arguments):
        def done():
            if world.group is None:
                world.begin(from_directory=True)
            try:
                return case(world, *arguments)
            except Exception:
                world.abandon()
                raise
        if given.only in sentence:
            checks.that(sentence, done)

    if any(given.only in sentence and case is patroni_fails_over for sentence, case, *_ in ROWS):
        world.patroni_starts.start()
    for sentence, case, *arguments in ROWS:
        row(sentence, case, *arguments)
    if given.rounds:
        print(f"seed {given.seed}", flush=True)
        row(f"{given.rounds} rounds of faults that are drawn", lambda world: Rounds(world, given.seed).run(given.rounds))
    checks.end()


if __name__ == "__main__":
    main()

"""The rows of test-groups.sh that are about the archive of a group: the leader alone puts, whoever leads next goes on, the shared log is pruned
behind the archive, and an empty node starts from it. Each row has a ledger and an archive of its own."""

import json
import os
import subprocess
import time
from pathlib import Path

from checks import same, wait_until
from group_checker import COIN, USERS, Client
from group_engine import DATABASE, sql
from group_world import LEASE_SECONDS, SPARE, Node

EVERY_SECONDS = 1
# So small that a short run has many partitions to drop.
PARTITION_FRAMES = 20
# A node prunes every ten seconds.
PRUNED_SECONDS = 30
PUT = "tocos_archive_objects_total"
FAILURES = "tocos_archive_failures_total"


class Archive:
    """The copy of a group's ledger in a folder."""

    def __init__(self, world, every=EVERY_SECONDS):
        self.world, self.folder = world, Path(world.folder) / f"archive{world.groups + 1}"
        self.folder.mkdir()
        self.url = f"file://{self.folder}"
        self.options = ["--archive", self.url, "--archive-every-s", every]

    def asked(self, word, ok=True):
        """What `tocos archive` says, as JSON."""
        said = self.world.group.tocos("archive", word, "--archive", self.url, "--json", ok=ok)
        return json.loads(said if ok else said.stdout)

    def last_event(self):
        """How far the newest branch reaches, which is the one that restores take; 0 while there is none."""
        branches = self.asked("list")["branches"]
        return max(branches, key=lambda branch: branch["began_at"])["last_event"] or 0 if branches else 0

    def reaches(self, event, seconds=30):
        wait_until(f"event {event} is in the archive", lambda: self.last_event() >= event, seconds, 0.2)

    def is_sound(self, last):
        """One branch, without a gap, up to that event, and no object in it that is of another history."""
        found = self.asked("verify", ok=False)
        same(found["faults"], [], "faults in the archive")
        same([(branch["first_event"], branch["last_event"]) for branch in found["branches"]], [(1, last)], "the branches, with their events")
        same(found["notes"], [], "what is left over in the archive")

    def is_whole(self):
        """What is restored from it is the ledger as clients know it."""
        checker = self.world.checker
        last = self.world.group.settle()
        self.reaches(last)
        self.is_sound(last)
        with Alone(self.world, self) as alone:
            checker.forget(alone)
            checker.compare(alone, last)
            checker.sums(alone)
            checker.operations(frozenset())

    def hide(self):
        """The store is away: whatever is asked of it fails."""
        self.folder.rename(self.folder.with_suffix(".away"))
        os.symlink(self.folder, self.folder)

    def show(self):
        self.folder.unlink()
        self.folder.with_suffix(".away").rename(self.folder)


class Alone:
    """A service of its own, on what was restored from the archive."""

    count = 0

    def __init__(self, world, archive):
        Alone.count += 1
        self.world, self.name = world, f"restored{Alone.count}"
        self.data, self.told = Path(world.folder) / self.name, Path(world.folder) / f"{self.name}.addresses"
        world.say(world.group.tocos("restore", "--from", archive.url, "--data-dir", self.data).splitlines()[0])

    def __enter__(self):
        command = [self.world.group.binary, "serve", "--listen", "127.0.0.1:0", "--internal-listen", "none", "--data-dir", self.data, "--address-file", self.told]
        env = {name: value for name, value in os.environ.items() if not name.startswith("TOCOS_")}
        with open(self.told.with_suffix(".log"), "ab") as log:
            self.process = subprocess.Popen(list(map(str, command)), stdout=log, stderr=log, env=env)
        wait_until(f"{self.name} serves", self.told.exists, 30)
        self.api = self.told.read_text().split()[1].removeprefix("http://")
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def begin(world, every=EVERY_SECONDS, more=""):
    archive = Archive(world, every)
    world.begin(more=more, options=archive.options)
    return archive


def alone_puts(world, leader):
    """The leader puts, and nobody else does: one that led before may need a moment to end."""
    wait_until(f"{leader.name} puts", lambda: leader.metrics()[PUT] > 0, 20)
    for node in world.group.running():
        if node is not leader:
            wait_until(f"{node.name}, which does not lead, does not put", lambda node=node: node.metrics()[PUT] == 0, 12)


def finish(world, archive):
    world.finish()
    archive.is_whole()
    for node in world.group.nodes.values():
        same("a new branch begins" in node.log.read_text(errors="replace"), False, f"{node.name} began a branch")
    return True


def frames(world):
    """Number and first event of the first frame that the shared log has, and the number of the last one."""
    row = sql(
        world.pair.primary.address,
        f"select min(n), max(n), (select first_event from tocos.frames where ledger = '{world.group.ledger}' order by n limit 1) "
        f"from tocos.frames where ledger = '{world.group.ledger}'",
        DATABASE,
    )
    first, last, event = map(int, row.split("|"))
    return first, event, last


def age(world):
    """All frames so far are older than a week."""
    text = f"update tocos.frames set appended_at = appended_at - interval '8 days' where ledger = '{world.group.ledger}'"
    sql(world.pair.primary.address, text, DATABASE)


def leaders_killed(world):
    """Killed, and stopped past the lease: then it goes on to put for a moment, while another one leads."""
    archive = begin(world)
    group = world.group
    with world.checker.load("archived") as load, world.checker.readers():
        for fault in ("killed", "stopped", "killed", "stopped"):
            leader = group.leader()
            alone_puts(world, leader)
            time.sleep(1)
            before, instant = archive.last_event(), time.monotonic()
            leader.kill() if fault == "killed" else leader.stop()
            took = load.first_after(instant, 20)
            leader.start() if fault == "killed" else leader.go_on()
            wait_until("it goes on in the archive", lambda before=before: archive.last_event() > before, 20, 0.2)
            world.say(f"{leader.name} {fault} with event {before} in the archive; writes were answered again after {took:.1f} s")
    return finish(world, archive)


def leaders_hand_over(world):
    """Nothing is put but what the end of a leader, or its beginning, puts."""
    archive = begin(world, every=3600)
    group = world.group
    for _ in range(3):
        with world.checker.load(f"handed{len(world.checker.book.events)}", threads=16):
            time.sleep(1.5)
            leader, before = group.leader(), world.checker.record.highest
            code, took = leader.term()
            same(code, 0, f"exit code of {leader.name}")
            archive.reaches(before, 5)
            time.sleep(1)
        leader.start()
        world.say(f"{leader.name} ended after {took:.1f} s; {before} events had been acknowledged, the archive has {archive.last_event()}")
        world.finish()
    # With nobody left to go on.
    last = group.settle()
    for node in [*group.followers(), group.leader()]:
        same(node.term()[0], 0, f"exit code of {node.name}")
    same(archive.last_event(), last, "the last event in the archive, when all nodes have ended")
    return finish(world, archive)


def pruned_behind_the_archive(world):
    archive = begin(world, more=f"&partition_frames={PARTITION_FRAMES}")
    group, checker = world.group, world.checker
    with checker.load("old", pause=0.005):
        time.sleep(6)
    checker.verify()
    last = group.settle()
    archive.reaches(last)
    time.sleep(PRUNED_SECONDS / 2)
    same(frames(world)[0], 0, "the first frame, while none is a week old")
    age(world)
    with checker.load("young"):
        time.sleep(2)
        first = wait_until("frames leave the shared log", lambda: frames(world)[0], PRUNED_SECONDS, 0.5)
        time.sleep(2)
    first, event, tip = frames(world)
    world.say(f"the shared log has frames {first} to {tip}, from event {event} on")
    same(0 < event <= last + 1, True, f"old frames alone went: the first event is {event}, young ones begin behind {last}")
    checker.verify()
    without_archive_is_told(world, archive)
    node = group.followers()[0]
    node.term()
    node.wipe()
    with checker.load("joins"):
        node.start()
        same("restored through event" in node.log.read_text(), True, "it was filled from the archive")
    checker.forget(node)
    old_states_are_right(world, node)
    lead(group, node)
    alone_puts(world, node)
    return finish(world, archive)


def without_archive_is_told(world, archive):
    """An empty node that needs pruned frames ends, and says what is missing and what to do. Doing so helps."""
    group = world.group
    empty = Node(group, "n4", where=SPARE)
    empty.options = []
    try:
        same(empty.start(ready=False).process.wait(30) != 0, True, "its exit code without the archive")
        world.say(empty.said(1))
        for word in ("begins with event", "--archive", "Empty this node's data directory"):
            same(word in empty.said(2), True, f"{word!r} in what it says: {empty.said(2)}")
        empty.wipe()
        empty.options = None
        empty.start()
        same(empty.cluster()["last_event"] >= world.checker.record.highest, True, "it has all")
        world.checker.compare(empty, group.settle())
    finally:
        if empty.is_running():
            empty.term()


def old_states_are_right(world, node):
    """Balances as of events of long ago, which the node has from the archive."""
    client, book = Client(world.group.authorization), world.checker.book
    world.checker.verify()
    for user in USERS:
        changed = book.changed[user]
        for event in changed[:: max(1, len(changed) // 10)]:
            accounts = client.must(node, "GET", f"/v1/users/{user}?at={event}").body["accounts"]
            mine = [(account["total"], account["held"]) for account in accounts if account["coin"] == COIN]
            same(mine or [(0, 0)], [book.was(user, event)], f"{user} as of event {event} at {node.name}")
    history = client.must(node, "GET", f"/v1/users/{USERS[0]}/history?order=asc&limit=100").body
    same(bool(history), True, "the history of a user")


def lead(group, node):
    """That node leads: nobody else is there to hand over to."""
    if group.leader() is not node:
        away = [other for other in [*group.followers(), group.leader()] if other is not node]
        for other in away:
            same(other.term()[0], 0, f"exit code of {other.name}")
        wait_until(f"{node.name} leads", lambda: group.leader() is node, 20)
        for other in away:
            other.start()
    same(group.leader() is node, True, f"{node.name} leads")


def archive_away(world):
    """A folder that can't be used at all. Writes go on, also under another leader; a node with files starts; nothing leaves the shared log."""
    archive = begin(world, more=f"&partition_frames={PARTITION_FRAMES}")
    group, checker = world.group, world.checker
    with checker.load("present"), checker.readers():
        time.sleep(3)
    archive.reaches(group.settle())
    archive.hide()
    try:
        with checker.load("hidden") as load, checker.readers():
            leader = group.leader()
            wait_until("it can't put", lambda: leader.metrics()[FAILURES] > 0, 20)
            instant = time.monotonic()
            leader.kill()
            took = load.first_after(instant, 20)
            leader.start()
            age(world)
            time.sleep(PRUNED_SECONDS / 2)
        first, event, tip = frames(world)
        same(first, 0, "the first frame in the shared log, while nobody knows what is in the archive")
        checker.verify()
        follower = group.followers()[0]
        same((follower.term()[0], follower.start().is_ready()), (0, True), "a node with files starts")
    finally:
        archive.show()
    hidden = group.settle()
    world.say(f"writes were answered {took:.1f} s after the leader was killed, {len(load.answered)} while it was away; all {tip} frames stayed")
    archive.reaches(hidden, 40)
    wait_until("then they leave", lambda: frames(world)[0] > 0, PRUNED_SECONDS, 0.5)
    with checker.load("back"):
        time.sleep(LEASE_SECONDS)
    return finish(world, archive)


ROWS = [
    ("archive: leaders are killed and stopped while they put, the next one goes on: one branch, nothing missing", leaders_killed),
    ("archive: leaders hand over on SIGTERM, and put what is left", leaders_hand_over),
    ("archive: old frames leave the shared log behind it, and an empty node starts from it", pruned_behind_the_archive),
    ("archive: it is away; writes go on, nothing is pruned, it catches up", archive_away),
]

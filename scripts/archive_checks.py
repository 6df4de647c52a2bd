"""The checks of test-archive.sh: the binary, a directory to work in, and the interpreter that has moto are its arguments.

    TOCOS_ARCHIVE_ROUNDS   how often the service is killed (default 50)
    TOCOS_ARCHIVE_SEED     what is drawn; the output names the seed of a run
"""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from archive_faults import RATES
from archive_world import (
    EVERY_SECONDS, PREFIX, Lag, Load, Model, Service, Store, as_json, batch, fill, opened, restore, text_of,
)
from checks import Checks, run, same, wait_until
from shell import ROOT

BINARY, WORK, PYTHON = Path(sys.argv[1]).resolve(), Path(sys.argv[2]), sys.argv[3]
ROUNDS = int(os.environ.get("TOCOS_ARCHIVE_ROUNDS") or 50)
SEED = int(os.environ.get("TOCOS_ARCHIVE_SEED") or time.time_ns() % 1_000_000)
# Between what the metrics say and what is so: a reading is a tenth of a second old, and the machine is shared.
SLACK_SECONDS = 0.5
# A put of some kilobytes on this machine, while no fault is drawn.
PUT_SECONDS_MAX = 2.0
MOMENTS_RESTORED = 12


def serve(store, data, *options, by_proxy=True, prefix=PREFIX):
    return Service(BINARY, data, store.env(by_proxy), "--archive", store.url(prefix), "--archive-every-s", str(EVERY_SECONDS), *options)


def tocos(*arguments, store, ok=True):
    return run(str(BINARY), *map(str, arguments), ok=ok, env=store.env(), timeout=300)


def is_sound(store, data):
    tocos("verify", "--data-dir", data, store=store)


# Killed again and again.

class Killed:
    """One ledger through many kills, the store misbehaving. Sometimes the disk dies with the service, and the ledger goes on from its archive."""

    def __init__(self, store, seed):
        self.store, self.random, self.model = store, random.Random(seed), Model()
        self.data, self.deaths, self.unarchived, self.highest = WORK / "killed", 0, 0, 0.0

    def begin(self):
        service = serve(self.store, self.data, by_proxy=False).start()
        fill(service.ledger)
        wait_until("the first events are archived", service.is_archived, 20)
        service.kill()

    def run(self):
        for number in range(ROUNDS):
            self.one(number)
        # What was not archived yet when it was killed for the last time.
        self.store.proxy.faults.mode = "none"
        service = serve(self.store, self.data).start()
        wait_until("all of it is archived", service.is_archived, 60)
        service.kill()

    def one(self, number):
        store, draw = self.store, self.random
        # Every fifth one has a store that works, which shows how far behind the archive is then.
        store.proxy.faults.mode = "none" if number % 5 == 4 else "drawn"
        branches = self.deaths + 1
        service = serve(store, self.data).start()
        lag = Lag(service)
        lag.start()
        with Load(service.ledger, f"round{number}") as load:
            # A ledger that was restored begins its branch first, else the newest one would still be that before it.
            wait_until(f"there are {branches} branches", lambda: len(store.branches()) == branches, 60, 0.1)
            time.sleep(draw.uniform(0.2, 2.5))
            self.model.moment(service, load)
            time.sleep(draw.uniform(0.0, 1.0))
            service.kill()
        lag.done.set()
        lag.join()
        self.model.add(load)
        same(lag.forks, 0, f"round {number}: forks")
        same(len(store.branches()), branches, f"round {number}: branches")
        if store.proxy.faults.mode == "none":
            self.highest = max(self.highest, lag.highest)
        self.compare(number, lag.archived_before)

    def compare(self, number, archived_before):
        """What a restore gives is what was acknowledged, up to what the service said was archived before it was killed."""
        copy = WORK / f"restored-{number}"
        # With the faults as they are, and once in a while without.
        restore(BINARY, self.store.url(), copy, self.store.env(by_proxy=number % 3 != 0))
        is_sound(self.store, copy)
        with opened(BINARY, copy, self.store) as service:
            events = service.events()
            self.model.is_continued_by(events)
            lost = self.model.lost(len(events))
            early = [(event, archived_before - at) for event, at in lost if at < archived_before - SLACK_SECONDS]
            same(early, [], f"round {number}: said to be archived, and missing in the copy (by how many seconds)")
            self.unarchived = max(self.unarchived, len(lost))
            service.ledger.must("POST", "/v1/transfers", {"from": "u0", "to": "u1", "coin": "toco", "amount": 1}, idempotency_key="written next")
        if self.random.random() < 0.3:
            self.deaths += 1
            shutil.rmtree(self.data)
            # Again, as that one has been written to.
            restore(BINARY, self.store.url(), copy, self.store.env())
            with opened(BINARY, copy, self.store) as service:
                events = service.events()
            self.model.is_continued_by(events)
            self.model.end_at(len(events))
            copy.rename(self.data)
        else:
            shutil.rmtree(copy)

    def summary(self):
        print(f"     {len(self.model.acknowledged)} acknowledged, {self.deaths} disks died; at most {self.unarchived} were not archived when it was killed; "
              f"lag {self.highest:.1f} s at most while the store worked")
        print(f"     faults: {as_json(self.store.proxy.faults.counts)}", flush=True)
        same(0 < self.highest <= EVERY_SECONDS + PUT_SECONDS_MAX, True, f"a lag of {self.highest} s")
        # A run with fewer rounds, by hand, may miss some.
        same(set(RATES) - set(self.store.proxy.faults.counts) if ROUNDS >= 50 else set(), set(), "faults that never befell a request")

    def moments_come_back(self):
        self.store.proxy.faults.mode = "none"
        chosen = self.random.sample(self.model.moments, min(MOMENTS_RESTORED, len(self.model.moments)))
        for number, (at, event, coins) in enumerate(chosen):
            copy = WORK / "moment"
            restore(BINARY, self.store.url(), copy, self.store.env(), "--until", at if number % 3 else str(event))
            is_sound(self.store, copy)
            with opened(BINARY, copy, self.store) as service:
                same(len(service.events()), event, f"last event at {at}")
                same(service.ledger.coins(), coins, f"balances at {at}")
        return len(chosen) > 0


# The store away.

def writes_go_on_while_the_store_is_away(store):
    service = serve(store, WORK / "away", prefix="away").start()
    try:
        fill(service.ledger)
        wait_until("the first events are archived", service.is_archived, 20)
        before = service.metrics()
        for mode in ("away", "refusing", "hanging"):
            store.proxy.faults.mode = mode
            with Load(service.ledger, mode) as load:
                wait_until(f"the lag grows ({mode})", lambda: service.archive("lag_seconds") > 3, 30)
            same(load.failed, 0, f"refused writes ({mode})")
            same(len(load.acknowledged) > 100, True, f"{len(load.acknowledged)} writes ({mode})")
            same(service.archive("lag_bytes") > 0, True, f"lag in bytes ({mode})")
            print(f"     {mode}: {len(load.acknowledged)} writes, the slowest took {load.slowest * 1000:.0f} ms", flush=True)
            store.proxy.faults.mode = "none"
            wait_until(f"it catches up ({mode})", service.is_archived, 60, 0.1)
        after = service.metrics()
        same(after["tocos_archive_failures_total"] > before["tocos_archive_failures_total"], True, "failures are counted")
        # Nothing is kept in memory for the archive: 32 MB are its bound.
        grown = after["process_resident_memory_bytes"] - before["process_resident_memory_bytes"]
        same(grown < 32e6, True, f"memory grew by {grown:.0f}")
        same(after["tocos_archive_forks_total"], 0.0, "forks")
    finally:
        store.proxy.faults.mode = "none"
        service.kill()


def sigterm_puts_the_tail(store):
    service = Service(BINARY, WORK / "ended", store.env(), "--archive", store.url("ended"), "--archive-every-s", "3600").start()
    fill(service.ledger)
    batch(service.ledger, 300, "last")
    last = service.metrics()["tocos_durable_event"]
    code, took = service.term()
    same(code, 0, "exit code")
    restore(BINARY, store.url("ended"), WORK / "ended-copy", store.env())
    with opened(BINARY, WORK / "ended-copy", store) as copy:
        same(copy.metrics()["tocos_last_event"], last, "last event")
    return took < 10


def sigterm_does_not_wait_for_ever(store):
    service = serve(store, WORK / "bounded", prefix="bounded").start()
    fill(service.ledger)
    store.proxy.faults.mode = "hanging"
    try:
        batch(service.ledger, 300, "last")
        code, took = service.term()
    finally:
        store.proxy.faults.mode = "none"
        service.kill()
    print(f"     {took:.1f} s", flush=True)
    same(code, 0, "exit code")
    return took < 15


# Two that would go on.

def the_second_of_two_begins_a_branch(store):
    first = serve(store, WORK / "first", prefix="two").start()
    second = serve(store, WORK / "second", prefix="two")
    try:
        fill(first.ledger)
        first.term()
        shutil.copytree(WORK / "first", WORK / "second")
        first.start()
        batch(first.ledger, 50, "first")
        wait_until("the first one's are archived", first.is_archived, 20)
        second.start()
        batch(second.ledger, 70, "second")
        wait_until("the second one's are archived", second.is_archived, 20)
        same(second.archive("forks_total"), 1.0, "forks of the second")
        same(first.archive("forks_total"), 0.0, "forks of the first")
        # The one that was first writes on, late as it is: the newer branch does not change.
        batch(first.ledger, 50, "late")
        wait_until("the late ones are archived", first.is_archived, 20)
        expected = {"second": second.events(), "first": first.events()}
    finally:
        first.kill()
        second.kill()
    same("branch" in second.said(), True, f"the log names the branch: {second.said()}")
    branches = store.branches("two")
    same(len(branches), 2, "branches")
    listed = text_of(tocos("archive", "list", "--archive", store.url("two"), store=store, ok=False))
    ids = [re.fullmatch(r"branch-([0-9a-f]{16})\.json", name)[1] for name in branches]
    same([branch for branch in ids if branch not in listed], [], f"branches that are not listed: {listed}")
    found = {}
    for options in ([], ["--branch", ids[0]], ["--branch", ids[1]]):
        restore(BINARY, store.url("two"), WORK / "two-copy", store.env(), *options)
        with opened(BINARY, WORK / "two-copy", store) as copy:
            found[options[-1] if options else "newest"] = copy.events()
    same(found["newest"] == expected["second"], True, "the newest branch is the second one's")
    same(sorted(map(as_json, (found[ids[0]], found[ids[1]]))) == sorted(map(as_json, expected.values())), True, "each branch is one ledger's")


# Damage.

class Damaged:
    """Copies of one archive, each with one object damaged."""

    def __init__(self, store, seed):
        self.store, self.random, self.events = store, random.Random(seed), []

    def begin(self):
        """An archive with sealed segments, snapshots, tables and a tail of some pieces, and one of another ledger with the same names."""
        for prefix in (PREFIX + "-whole", PREFIX + "-other"):
            service = serve(self.store, WORK / prefix, by_proxy=False, prefix=prefix).start()
            fill(service.ledger)
            for number in range(12):
                batch(service.ledger, 500, f"fill{number}")
            wait_until("all of it is archived", service.is_archived, 30)
            # A clean end writes a snapshot and tables; then some pieces of the last segment.
            service.term()
            service.start()
            for number in range(6):
                batch(service.ledger, 5, f"piece{number}")
                wait_until("a piece is archived", service.is_archived, 30)
            self.events = service.events() if prefix.endswith("whole") else self.events
            service.kill()
        self.whole = self.store.names(PREFIX + "-whole")
        kinds = {self.kind(name) for name in self.whole}
        same({"log", "tail", "snapshot", "keys"} - kinds, set(), f"kinds of objects that are missing among {self.whole}")
        verified = tocos("archive", "verify", "--archive", self.store.url(PREFIX + "-whole"), store=self.store, ok=False)
        same(verified.returncode, 0, text_of(verified))

    @staticmethod
    def kind(name):
        return name.rsplit("/", 1)[-1].split("-")[0]

    def first_event(self, name):
        return int(re.search(r"-(\d{20})", name)[1])

    def pieces_of_the_tail(self):
        """Those behind the last sealed segment, without the last one: what is missing at the end can't be told from what never came."""
        sealed = max((self.first_event(name) for name in self.whole if self.kind(name) == "log"), default=0)
        return [name for name in self.whole if self.kind(name) == "tail" and self.first_event(name) > sealed][:-1]

    def with_one(self, name, harm):
        """Verify and restore of a copy in which one object was harmed."""
        prefix = f"{PREFIX}-harmed"
        for old in self.store.names(prefix):
            self.store.remove(old, prefix)
        for kept in self.whole:
            content = self.store.read(kept, PREFIX + "-whole")
            content = harm(content) if kept == name else content
            if content is not None:
                self.store.write(kept, content, prefix)
        verified = tocos("archive", "verify", "--archive", self.store.url(prefix), store=self.store, ok=False)
        restored = restore(BINARY, self.store.url(prefix), WORK / "harmed", self.store.env(), ok=False)
        return verified, restored

    def is_found(self, what, name, harm, may_restore=True):
        verified, restored = self.with_one(name, harm)
        same(verified.returncode, 1, f"{what} {name}: verify says {text_of(verified)}")
        same(name.rsplit("/", 1)[-1] in text_of(verified), True, f"{what} {name} is named: {text_of(verified)}")
        if restored.returncode == 0:
            same(may_restore, True, f"{what} {name}: restore succeeds: {text_of(restored)}")
            is_sound(self.store, WORK / "harmed")
            with opened(BINARY, WORK / "harmed", self.store) as copy:
                same(copy.events() == self.events, True, f"{what} {name}: restored events differ")
        else:
            same(name.rsplit("/", 1)[-1] in text_of(restored), True, f"{what} {name}: restore does not name it: {text_of(restored)}")

    def of_other(self, name):
        """The object of the same kind of the other ledger, under this one's name."""
        others = [other for other in self.store.names(PREFIX + "-other") if self.kind(other) == self.kind(name)]
        nearest = min(others, key=lambda other: abs(self.first_event(other) - self.first_event(name)))
        return self.store.read(nearest, PREFIX + "-other")

    def flipped(self, content):
        place = self.random.randrange(len(content))
        return content[:place] + bytes([content[place] ^ (1 << self.random.randrange(8))]) + content[place + 1:]

    def harms(self, name):
        return {
            "cut": lambda content: content[: self.random.randrange(1, len(content))],
            "emptied": lambda _: b"",
            "flipped": self.flipped,
            "of another ledger": lambda _: self.of_other(name),
        }

    def all_kinds_are_found(self):
        for kind in ("log", "snapshot", "keys"):
            name = self.random.choice([name for name in self.whole if self.kind(name) == kind])
            for what, harm in self.harms(name).items():
                self.is_found(what, name, harm)

    def pieces_are_found(self):
        """Nothing stands in for a piece of the unsealed tail: no restore goes past it."""
        for name in self.pieces_of_the_tail()[:2]:
            for what, harm in self.harms(name).items():
                self.is_found(what, name, harm, may_restore=False)
        return len(self.pieces_of_the_tail()) >= 2

    def a_gap_is_named(self):
        name = self.pieces_of_the_tail()[0]
        self.is_found("removed", name, lambda _: None, may_restore=False)
        # What lies before the gap can be had.
        last = self.first_event(name) - 1
        restore(BINARY, self.store.url(f"{PREFIX}-harmed"), WORK / "harmed", self.store.env(), "--until", str(last))
        with opened(BINARY, WORK / "harmed", self.store) as copy:
            same(copy.events() == self.events[:last], True, "what was restored before the gap")


# The way back.

def an_empty_directory_is_restored_before_it_serves(store):
    url = store.url(f"{PREFIX}-whole")
    options = ("--restore-from", url)
    with opened(BINARY, WORK / "by-itself", store, *options) as service:
        events = service.events()
        same(len(events) > 5000, True, f"{len(events)} events")
        service.ledger.must("POST", "/v1/transfers", {"from": "u0", "to": "u1", "coin": "toco", "amount": 1})
    # Now it has a ledger: nothing is restored over it.
    with opened(BINARY, WORK / "by-itself", store, *options) as service:
        same(len(service.events()), len(events) + 1, "events after another start")


def a_directory_that_is_not_empty_is_refused(store):
    folder = WORK / "not-empty"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    done = run(str(BINARY), "restore", "--from", store.url(f"{PREFIX}-whole"), "--data-dir", str(folder), ok=False, env=store.env())
    same(done.returncode in (1, 2), True, text_of(done))
    # It may leave its lock file there, which is empty of anything.
    same([path.name for path in folder.iterdir() if path.name != "lock"], ["notes.txt"], "what is in it")
    same((folder / "notes.txt").read_text(), "mine")


def an_interrupted_restore_goes_on(store):
    url, folder, interrupted = store.url(f"{PREFIX}-whole"), WORK / "interrupted", 0
    command = [BINARY, "restore", "--from", url, "--data-dir", folder]
    for milliseconds in range(20, 400, 20):
        process = subprocess.Popen(command, env=store.env(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            said, _ = process.communicate(timeout=milliseconds / 1000)
            same(process.returncode, 0, f"a restore that came to its end: {said}")
            break
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            interrupted += 1
            # A restore that takes its marker away is at its end, whether it lives to say so or not.
            if any(folder.glob("log-*")) and not (folder / "restore-unfinished").exists():
                break
    else:
        run(*map(str, command), env=store.env())
    is_sound(store, folder)
    return interrupted > 0


def the_drill_of_the_document_works(store):
    """The commands under "A restore drill", as they stand, on a ledger that serves."""
    text = (ROOT / "docs" / "operations.md").read_text()
    section = re.search(r"^### A restore drill$(.*?)(?=^##)", text, re.M | re.S)[1]
    script = "\n".join(re.findall(r"^```sh$\n(.*?)^```$", section, re.M | re.S))
    (WORK / "bin").mkdir()
    (WORK / "bin" / "tocos").symlink_to(BINARY)
    service = serve(store, WORK / "drilled", by_proxy=False, prefix="drilled").start()
    try:
        fill(service.ledger)
        batch(service.ledger, 500, "drill")
        wait_until("it is archived", service.is_archived, 20)
        env = store.env() | {
            "PATH": f"{WORK / 'bin'}:{os.environ['PATH']}", "TOCOS_ARCHIVE": store.url("drilled"), "TOCOS_URL": service.told["api"], "TMPDIR": str(WORK),
        }
        done = run("bash", "-euo", "pipefail", "-c", script, ok=False, env=env, cwd=WORK)
    finally:
        service.kill()
    same(done.returncode, 0, text_of(done))
    for wanted in ("is sound", "the same balances"):
        same(wanted in text_of(done), True, f"{wanted}: {text_of(done)}")


def pruning_by_default_removes_nothing(store):
    before = store.names(f"{PREFIX}-whole")
    tocos("archive", "prune", "--archive", store.url(f"{PREFIX}-whole"), "--archive-keep", "90d", store=store)
    same(store.names(f"{PREFIX}-whole") == before, True, "objects")


def main():
    print(f"seed {SEED}, {ROUNDS} rounds", flush=True)
    checks, store = Checks(), Store(PYTHON, WORK / "store", SEED)
    # The services die by SIGKILL and leave much behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        store.keep_versions()
        killed, damaged = Killed(store, SEED), Damaged(store, SEED)
        checks.that("the service archives its first events", killed.begin)
        checks.that(f"killed {ROUNDS} times: each restore is what was acknowledged, at most the lag short, and takes the next write", killed.run)
        checks.that("every fault has befallen it, and while the store worked the lag was as promised", killed.summary)
        checks.that("each restore to a moment has the balances of that moment", killed.moments_come_back)
        checks.that("no object was ever overwritten", lambda: same(store.overwritten(), []))
        checks.that("the archive verifies", lambda: tocos("archive", "verify", "--archive", store.url(), store=store) and None)
        checks.that("writes go on while the store is away, refuses or hangs; the archive catches up", writes_go_on_while_the_store_is_away, store)
        checks.that("SIGTERM puts the tail", sigterm_puts_the_tail, store)
        checks.that("SIGTERM does not wait for ever", sigterm_does_not_wait_for_ever, store)
        checks.that("the second of two services on one ledger begins a branch", the_second_of_two_begins_a_branch, store)
        checks.that("an archive of all kinds of objects verifies", damaged.begin)
        checks.that("objects cut, emptied, flipped, of another ledger are named, and never restored", damaged.all_kinds_are_found)
        checks.that("so are pieces of the tail, and no restore goes past them", damaged.pieces_are_found)
        checks.that("a missing piece is named; what lies before it can be restored", damaged.a_gap_is_named)
        checks.that("an empty directory is restored before it serves, and only an empty one", an_empty_directory_is_restored_before_it_serves, store)
        checks.that("restore refuses a directory that is not empty", a_directory_that_is_not_empty_is_refused, store)
        checks.that("an interrupted restore goes on", an_interrupted_restore_goes_on, store)
        checks.that("prune without --yes removes nothing", pruning_by_default_removes_nothing, store)
        checks.that("the restore drill of docs/operations.md works as it stands", the_drill_of_the_document_works, store)
    finally:
        store.end()
    checks.end()


main()

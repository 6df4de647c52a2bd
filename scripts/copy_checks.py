"""Checks of `tocos copy` with a real PostgreSQL: every kind of event, kills, changes by hand, faults of everything around it."""

import csv
import io
import json
import random
import re
import shutil
import signal
import sys
import threading
import time
from pathlib import Path

import copy_first
import copy_places
from checks import Checks, run, same, wait_until
from copy_world import Copy, Operations, Postgres, Service, clean_env

KINDS = {
    "user", "user_closed", "coin", "limits", "thresholds", "spend_limit", "schedule", "schedule_deleted", "schedule_paused", "schedule_resumed", "grant", "spend",
    "transfer", "hold", "capture", "release", "hold_expired", "expire", "rollover", "adjustment", "reverse", "extend", "webhook", "webhook_deleted",
    "webhook_disabled", "webhook_enabled", "webhook_rotated", "webhook_redelivered",
}
KILLS = 12

# Rows that go, come and change places. Single values are changed elsewhere.
CHANGES = [
    "delete from {s}.accounts where (user_id, coin) = (select user_id, coin from {s}.accounts where total > 0 limit 1)",
    "update {s}.accounts set plain = plain - 1, total = total - 1 where (user_id, coin) = (select user_id, coin from {s}.accounts where plain > 5 limit 1)",
    "update {s}.lots set amount = amount + 1 where ctid = (select ctid from {s}.lots limit 1)",
    "delete from {s}.lots where ctid = (select ctid from {s}.lots limit 1)",
    "delete from {s}.events where number = 17",
    "update {s}.events set user_change = user_change - 1, to_spent = to_spent + 1 where number = (select number from {s}.events where to_spent > 0 limit 1)",
    "insert into {s}.coins values ('fake', 0, 0, 0, 0)",
    "delete from {s}.users where id = 'bob'",
    "insert into {s}.users values ('mallory', null, null, now(), 1, null, 1)",
    "delete from {s}.holds where id = (select id from {s}.holds where state = 'open' limit 1)",
    "delete from {s}.holds where id = (select id from {s}.holds where state <> 'open' limit 1)",
    "update {s}.holds set state = 'released' where id = (select id from {s}.holds where state = 'open' limit 1)",
    "update {s}.holds set captured = captured + 1 where id = (select id from {s}.holds where state = 'captured' limit 1)",
    "update {s}.grants set reversed = reversed + 1 where event = (select event from {s}.grants where schedule_id is not null limit 1)",
    "delete from {s}.grants where event = (select event from {s}.grants limit 1)",
    "delete from {s}.schedules where event = (select event from {s}.schedules where state <> 'ended' limit 1)",
    "delete from {s}.schedules where event = (select event from {s}.schedules where state = 'ended' limit 1)",
    "update {s}.schedules set amount = amount + 1 where event = (select event from {s}.schedules where state = 'ended' limit 1)",
    "update {s}.schedules set ended_at = ended_at + interval '1 second' where event = (select event from {s}.schedules where state = 'ended' limit 1)",
    "update {s}.schedules set state = 'ended', ended_at = last_at, next_at = null where event = (select event from {s}.schedules where state = 'active' and last_at is not null limit 1)",
]
# All lots of one account become plain coins: its sums stay.
LOTS_AS_PLAIN = """with one as (select user_id, coin, sum(amount) as amount from {s}.lots group by user_id, coin limit 1), gone as (delete from {s}.lots l using one
    where (l.user_id, l.coin) = (one.user_id, one.coin)) update {s}.accounts a set plain = plain + amount from one where (a.user_id, a.coin) = (one.user_id, one.coin)"""
STATE = ["events", "coins", "users", "accounts", "lots", "holds", "grants", "schedules"]
CONTENT = "select md5(string_agg(t::text, '|' order by t::text)) from {schema}.{table} t"


def owner(account):
    """Whose account a journal means, read back as docs/copy.md says."""
    system = {"Equity:Issued": "@issued", "Expenses:Spent": "@spent", "Expenses:Expired": "@expired"}
    if account in system:
        return system[account]
    text = account.removeprefix("Assets:Users:U")
    return re.sub(rb"-([0-9a-f]{2})", lambda found: bytes.fromhex(found[1].decode()), text.encode()).decode()


class Suite:
    def __init__(self, binary, folder, seed, python):
        self.python = python
        self.binary, self.folder, self.seed = binary, Path(folder), seed
        self.random = random.Random(seed)
        self.postgres = Postgres(folder)
        self.service = Service(binary, self.folder / "ledger", "--test-clock").start()
        self.operations = Operations(self.service, seed)
        self.copy = Copy(binary, self.postgres, self.service)

    def content(self, schema="tocos"):
        return {table: self.postgres.sql(CONTENT.format(schema=schema, table=table)) for table in STATE}

    def same_as(self, other):
        """Both have the same rows, up to the same event: the ledger's clock may write one at any moment."""
        for _ in range(10):
            self.copy.once()
            other.once()
            if self.copy.at() == other.at():
                break
        mine, others = self.content(), self.content(other.schema)
        same([table for table in STATE if mine[table] != others[table]], [])

    def empty_ledger(self):
        self.copy.once()
        return same(self.copy.is_equal()["last_event"], self.service.last_event())

    def every_kind(self):
        self.operations.prepare()
        self.operations.go(40)
        self.operations.close_some()
        self.operations.have_webhooks()
        self.copy.once()
        self.copy.is_equal()
        self.operations.roll_over_held()
        self.copy.is_equal()
        # Holds and lots must be there at the end, or the checks after this one say little.
        self.operations.go(20)
        for _ in range(12):
            if KINDS <= set(self.service.kinds()):
                break
            self.operations.go(15)
        same(KINDS - set(self.service.kinds()), set(), "kinds that did not occur")
        self.operations.hold_some()
        self.copy.once()
        report = self.copy.is_equal()
        counts = report["compared"]
        return all(counts[what] > 0 for what in ["coins", "users", "balances", "open holds", "users with lots"]) or counts

    def schedules_are_the_ledger_s(self):
        for _ in range(2):
            shown = self.service.ledger.must("GET", "/v1/schedules?limit=1000")["schedules"]
            wanted = sorted((one["id"], one["user"], one["amount"], one["paused"], one["next_at"] or "") for one in shown)
            text = self.postgres.sql("""select json_agg(json_build_array(id, user_id, amount, state = 'paused',
                coalesce(to_char(next_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), ''))) from tocos.schedules where state <> 'ended'""")
            found = sorted(tuple(row) for row in json.loads(text or "null") or [])
            same(found, wanted)
        return True

    def in_pieces_is_as_at_once(self):
        """A copy that grew in many steps, each loading what it needs, has the same rows as one that was made from nothing."""
        for _ in range(25):
            self.operations.go(1, size=self.random.randrange(1, 40))
            self.copy.once()
        other = Copy(self.binary, self.postgres, self.service, schema="at_once")
        self.same_as(other)
        other.drop()
        return True

    def kills(self):
        """Killed at random moments while it follows a busy ledger, and from nothing."""
        other = Copy(self.binary, self.postgres, self.service, schema="killed")
        for turn in range(KILLS):
            if turn % 4 == 0:
                other.drop()
            other.follow()
            self.operations.go(2)
            time.sleep(self.random.random() * 0.4)
            other.kill()
            # What a killed one left is whole up to the event that it names, without anything being copied in addition.
            if self.postgres.sql("select to_regclass('killed.meta') is not null") == "t":
                last, count, ends = self.postgres.sql("""select last_event, (select count(*) from killed.events),
                    (select coalesce(max(event), 0) from killed.entries) from killed.meta""").split("|")
                same(last, count, "events")
                same(int(ends) <= int(last), True, "entries")
                bad = self.postgres.sql("""select count(*) from killed.accounts a full join (select user_id, coin, sum(amount) as total from killed.entries
                    where left(user_id, 1) <> '@' and event <= (select state_event from killed.meta) group by 1, 2) e using (user_id, coin) where coalesce(a.total, 0) <> coalesce(e.total, 0)""")
                same(bad, "0", "balances after a kill")
        other.is_equal()
        self.same_as(other)
        other.drop()
        return True

    def follows(self):
        self.copy.follow()
        self.operations.go(3)
        wait_until("the copy has come up", lambda: self.copy.at() == self.service.last_event())
        # A check beside it, also while the ledger goes on, and another copier, which is refused.
        writes = threading.Thread(target=self.operations.go, args=(15,))
        writes.start()
        for _ in range(3):
            self.copy.is_equal()
        writes.join()
        wait_until("the copy has come up", lambda: self.copy.at() == self.service.last_event())
        self.copy.is_equal()
        second = self.copy.run("--once")
        same((second.returncode, "another tocos copy" in second.stderr), (1, True), second.stderr)
        return True

    def away(self):
        """The database and then the service are away for a while; the copier says so and goes on."""
        self.postgres.stop()
        wait_until("it says that the database is away", lambda: "trying again" in self.copy.said(), 20)
        self.postgres.start()
        self.operations.go(1)
        wait_until("the copy has come up", lambda: self.copy.at() == self.service.last_event(), 40)
        self.service.kill()
        wait_until("it says that the service is away", lambda: "no server answers" in self.copy.said() or "connection to http" in self.copy.said(), 30)
        self.service.start()
        self.operations.go(1)
        wait_until("the copy has come up", lambda: self.copy.at() == self.service.last_event(), 40)
        self.copy.kill()
        self.copy.is_equal()
        return True

    def nobody_there(self):
        done = self.copy.run("--once", "--retry-for", "1", url="http://127.0.0.1:1")
        same((done.returncode, "no server answers" in done.stderr), (3, True), done.stderr)
        done = self.copy.run("--once", "--retry-for", "1", to="postgres://postgres@127.0.0.1:1/postgres?sslmode=disable")
        same((done.returncode, "database can't be reached" in done.stderr), (3, True), done.stderr)
        return True

    def refusals(self):
        """What somebody must change is said, with what to do."""
        self.postgres.sql("create role reader login password 'right'")
        to = f"postgres://reader:{{}}@127.0.0.1:{self.postgres.port}/{{}}?sslmode=disable"
        cases = [
            ({"to": to.format("wrong", "postgres")}, "user and password"),
            ({"to": to.format("right", "none")}, "create the database first"),
            ({"to": to.format("right", "postgres")}, "the role needs"),
            ({"to": "mysql://x@127.0.0.1/y"}, "--to: it begins with postgres://"),
            ({"to": self.postgres.url().replace("sslmode=disable", "sslmode=require")}, "see sslmode in the URL"),
            ({"to": f"{self.postgres.url()}&sslmode=perhaps"}, "sslmode"),
        ]
        for options, words in cases:
            done = self.copy.run("--once", **options)
            same((done.returncode, words in done.stderr, "wrong" in done.stderr), (1, True, False), f"{options}: {done.stderr}")
        done = run(self.binary, "copy", "--to", self.postgres.url(), "--schema", "Robert'); drop", "--once", "--url", self.service.url, ok=False, env=clean_env())
        same((done.returncode, "can't be a schema" in done.stderr), (1, True), done.stderr)
        return True

    def ordinary_role(self):
        """A role that may create a schema in its database, and nothing more, copies."""
        self.postgres.sql("create role copier login password 'right'")
        self.postgres.sql("create database reports owner copier")
        self.postgres.sql("revoke temporary on database reports from public", "reports")
        other = Copy(self.binary, self.postgres, self.service, schema="ledger", database="reports")
        to = f"postgres://copier:right@127.0.0.1:{self.postgres.port}/reports?sslmode=disable"
        done = other.run("--once", to=to)
        same(done.returncode, 0, done.stderr)
        # One that may not even that, into a schema that was made for it.
        self.postgres.sql("create role guest login password 'right'; create schema guest authorization guest", "reports")
        done = Copy(self.binary, self.postgres, self.service, schema="guest", database="reports").run("--once", to=to.replace("copier", "guest"))
        same(done.returncode, 0, done.stderr)
        done = other.run("--check", to=to)
        return same(done.returncode, 0, done.stdout + done.stderr)

    def views(self):
        self.copy.kill()
        self.operations.hold_some()
        self.copy.once()
        for view in ["balances", "holdings", "outstanding", "totals", "movements_by_month", "expiring_lots", "open_holds"]:
            same(int(self.postgres.sql(f"select count(*) from tocos.{view}")) > 0, True, view)
        coins = {coin["code"]: coin["outstanding"] for coin in self.service.ledger.must("GET", "/v1/coins")["coins"]}
        for coin, total in coins.items():
            same(int(self.postgres.sql(f"select coalesce(sum(total), 0) from tocos.outstanding where coin = '{coin}'")), total, f"outstanding {coin}")
            same(int(self.postgres.sql(f"select outstanding from tocos.totals where coin = '{coin}'")), total, f"totals {coin}")
            same(int(self.postgres.sql(f"select coalesce(sum(net), 0) from tocos.movements_by_month where coin = '{coin}'")), total, f"movements {coin}")
            report = self.service.ledger.must("GET", f"/v1/reports/liability?coin={coin}&by=category")
            for row in report["rows"]:
                found = self.postgres.sql(f"select coalesce(sum(total), 0) from tocos.outstanding where coin = '{coin}' and category = '{row['category']}'")
                same(int(found), row["closing"], f"{row['category']} {coin}")
        return True

    def changes_by_hand(self):
        self.copy.kill()
        missed = []
        self.postgres.sql("create schema kept; " + "".join(f"create table kept.{table} as table tocos.{table};" for table in STATE))
        for change in CHANGES:
            changed = self.postgres.sql(f"with changed as ({change.format(s='tocos')} returning 1) select count(*) from changed")
            same(changed, "1", change)
            report = self.copy.check()
            if report["equal"] or not report["first_differences"]:
                missed.append(change)
            self.restore(next(table for table in STATE if f" {{s}}.{table}" in change))
        self.postgres.sql(LOTS_AS_PLAIN.format(s="tocos"))
        report = self.copy.check()
        if not any("lots of" in difference for difference in report["first_differences"]):
            missed.append(LOTS_AS_PLAIN)
        for table in ["accounts", "lots"]:
            self.restore(table)
        self.postgres.sql("drop schema kept cascade")
        same(missed, [])
        self.copy.is_equal()
        return True

    def restore(self, table):
        columns = "select string_agg(quote_ident(column_name), ',' order by ordinal_position) from information_schema.columns where table_schema = 'tocos' and table_name = '{}' and is_generated = 'NEVER'"
        names = self.postgres.sql(columns.format(table))
        self.postgres.sql(f"truncate tocos.{table}; insert into tocos.{table} ({names}) select {names} from kept.{table}")

    def another_ledger(self):
        other = Service(self.binary, self.folder / "other", "--test-clock").start()
        other.ledger.must("PUT", "/v1/users/zoe", {})
        done = self.copy.run("--once", url=other.url)
        same((done.returncode, "another ledger" in done.stderr), (1, True), done.stderr)
        # A ledger without any event is another one too.
        other.kill()
        shutil.rmtree(other.data)
        other.start()
        done = self.copy.run("--once", url=other.url)
        same((done.returncode, "another ledger" in done.stderr), (1, True), done.stderr)
        other.kill()
        return True

    def restored_earlier(self):
        """The ledger comes back as it was some events ago, and goes on in another way."""
        self.service.kill()
        kept = self.folder / "kept"
        shutil.copytree(self.service.data, kept)
        self.service.start()
        self.operations.go(2)
        self.copy.once()
        copied = self.copy.at()
        self.copy.follow()
        wait_until("it follows", lambda: "copying from" in self.copy.said().splitlines()[-1])
        self.service.kill()
        shutil.rmtree(self.service.data)
        shutil.copytree(kept, self.service.data)
        self.service.start()
        # The one that follows finds out by itself.
        wait_until("it ends", lambda: self.copy.process.poll() is not None, 60)
        same((self.copy.process.returncode, "restored to an earlier state" in self.copy.said()), (1, True), self.copy.said()[-400:])
        self.operations.turn += 1000
        while self.service.last_event() <= copied:
            self.operations.go(1)
        done = self.copy.run("--once")
        same((done.returncode, "restored to an earlier state" in done.stderr, "drop schema" in done.stderr), (1, True, True), done.stderr)
        self.copy.drop()
        self.copy.once()
        self.copy.is_equal()
        return True

    def versions(self):
        self.postgres.sql("update tocos.meta set version = 99")
        done = self.copy.run("--once")
        same((done.returncode, "version 99" in done.stderr, "newer tocos" in done.stderr), (1, True, True), done.stderr)
        self.postgres.sql("update tocos.meta set version = 0")
        done = self.copy.run("--once")
        same((done.returncode, "of version 0" in done.stderr), (1, True), done.stderr)
        self.postgres.sql("update tocos.meta set version = 1")
        done = self.copy.run("--once")
        same((done.returncode, "of version 1" in done.stderr, "drop schema" in done.stderr), (1, True, True), done.stderr)
        self.postgres.sql("update tocos.meta set version = 2")
        self.postgres.sql("create schema shared; create table shared.frames (n bigint)")
        done = Copy(self.binary, self.postgres, self.service, schema="shared").run("--once")
        return same((done.returncode, "tables of something else" in done.stderr), (1, True), done.stderr)

    def keys(self):
        """A service with keys: one that may read is enough, and none is refused."""
        ledger = self.service.ledger
        ledger.key = ledger.must("POST", "/v1/keys", {"name": "suite", "right": "admin"})["secret"]
        reader = ledger.must("POST", "/v1/keys", {"name": "reader", "right": "read"})["secret"]
        done = self.copy.run("--once")
        same(done.returncode, 1, done.stderr)
        ledger.must("POST", "/v1/keys/2/revoke")
        done = self.copy.run("--once", "--key", reader)
        same(done.returncode, 1, done.stderr)
        reader = ledger.must("POST", "/v1/keys", {"name": "reader", "right": "read"})["secret"]
        done = self.copy.run("--check", "--key", reader)
        return same(done.returncode, 0, done.stdout + done.stderr)

    def journal(self, format, *options):
        path = self.folder / f"ledger.{format}"
        run(self.binary, "export", "--url", self.service.url, "--format", format, "--out", path, *options, env=clean_env())
        return path

    def balances(self):
        """By account and coin: those of users from the list, those of the system from the coins."""
        ledger, found = self.service.ledger, {}
        for user, coins in ledger.coins().items():
            found |= {(user, coin): amount for coin, amount in coins.items() if amount}
        for coin in ledger.must("GET", "/v1/coins")["coins"]:
            system = {"@issued": -coin["issued"], "@spent": coin["spent"], "@expired": coin["expired"]}
            found |= {(name, coin["code"]): amount for name, amount in system.items() if amount}
        return found

    def hledger(self):
        path = self.journal("hledger")
        run("hledger", "-f", path, "check", "--strict")
        same(self.read_hledger(path), self.balances())
        count = run("hledger", "-f", path, "stats")
        events = self.service.last_event()
        same(f" {events + 1} " in re.sub(r"Transactions +: ", "Transactions : ", count), True, count)
        reference = run("hledger", "-f", path, "register", "tag:reference=^start%2C of ana$", "Expenses|Assets", "-O", "csv")
        return same(reference.count('"Assets:Users:Uana"'), 3, reference)

    def read_hledger(self, path, *query):
        rows = list(csv.reader(io.StringIO(run("hledger", "-f", path, "balance", "--flat", "--no-total", "--layout=bare", "-O", "csv", *query))))[1:]
        return {(owner(account), coin.strip('"')): int(amount) for account, coin, amount in rows if int(amount)}

    def beancount(self):
        path = self.journal("beancount")
        told = json.loads(run(self.python, Path(__file__).parent / "copy_beancount.py", path))
        same(told["errors"], [])
        found = {(owner(account), currency.removesuffix(".C").lower()): int(amount) for account, currency, amount in told["balances"] if int(amount)}
        same(found, self.balances())
        same(told["events"], list(range(1, self.service.last_event() + 1)))
        return all(owner(account) == user for account, user in told["opened"]) or told["opened"]

    def spans(self):
        """Two spans, one after the other, and the second one's end is the ledger's."""
        events = self.service.ledger.must("GET", "/v1/events?after=1500&limit=1")["events"]
        middle = events[0]["at"]
        for format in ["hledger", "beancount"]:
            first = self.journal(format, "--until", middle).rename(self.folder / f"first.{format}")
            second = self.journal(format, "--from", middle)
            if format == "hledger":
                for path in [first, second]:
                    run("hledger", "-f", path, "check", "--strict")
                same(self.read_hledger(second), self.balances())
                same(self.read_hledger(second, "desc:opening"), self.read_hledger(first))
            else:
                for path in [first, second]:
                    same(json.loads(run(self.python, Path(__file__).parent / "copy_beancount.py", path))["errors"], [])
        refused = run(self.binary, "export", "--url", self.service.url, "--format", "csv", "--from", middle, ok=False, env=clean_env())
        return same((refused.returncode, "--format hledger" in refused.stderr), (2, True), refused.stderr)

    def end(self):
        self.copy.kill()
        self.service.kill()
        self.postgres.stop()


def main():
    binary, folder, seed, python = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
    only = sys.argv[5:]
    print(f"seed {seed}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    checks = Checks()
    suite = Suite(binary, folder, seed, python)
    try:
        for sentence, check in [
            ("an empty ledger is copied", suite.empty_ledger),
            ("events of every kind are copied, and all sums are the ledger's", suite.every_kind),
            ("schedules go on when the ledger says", suite.schedules_are_the_ledger_s),
            ("a copy in many steps has the same rows as one at once", suite.in_pieces_is_as_at_once),
            (f"{KILLS} kills leave whole tables, and the same rows in the end", suite.kills),
            ("it follows; a check runs beside it and a second copier is refused", suite.follows),
            ("it goes on after the database and the service were away", suite.away),
            ("nobody there is exit code 3", suite.nobody_there),
            ("what somebody must change is said", suite.refusals),
            ("an ordinary role is enough", suite.ordinary_role),
            ("the views say what the ledger says", suite.views),
            (f"{len(CHANGES) + 1} changes of rows by hand are found", suite.changes_by_hand),
            ("a change of any column is found", lambda: copy_first.every_column(suite)),
            ("a first copy is killed amid events, state and indexes, and goes on", lambda: copy_first.kills_in_the_first_copy(suite)),
            ("TLS and passwords are as the URL says", lambda: copy_places.tls(suite)),
            ("a copy of a group goes on when its leader is killed", lambda: copy_places.group(suite)),
            ("events that are in the archive alone are copied", lambda: copy_places.archived(suite)),
            ("hledger reads the journal, and its balances are the ledger's", suite.hledger),
            ("beancount reads the journal, and its balances are the ledger's", suite.beancount),
            ("a span begins with the balances that the one before ends with", suite.spans),
            ("another ledger is refused", suite.another_ledger),
            ("a ledger that went back is refused", suite.restored_earlier),
            ("tables of a newer version, and of something else, are refused", suite.versions),
            ("a key that may read is enough", suite.keys),
        ]:
            if not only or any(word in sentence for word in [*only, "every kind"]):
                checks.that(sentence, check)
    finally:
        suite.end()
    checks.end()


if __name__ == "__main__":
    main()

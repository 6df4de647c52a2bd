"""Checks of the first copy of a ledger, which is killed at each of its steps: amid the events, amid the tables of the state, amid the indexes. And of what it and others
leave: every column of every table is changed once by hand, and the check must name the row."""

import json
import signal
import subprocess

from checks import same, wait_until
from copy_world import Copy, Operations, Service, clean_env

EVENTS = 70_000
USERS = 1_500
# How a value of a type becomes another one.
OTHER = {
    "bigint": "coalesce({c} + 1000000, 1)", "smallint": "coalesce({c} + 1, 1)", "integer": "coalesce({c} + 1, 1)", "boolean": "not {c}", "text": "coalesce({c}, '') || 'x'",
    "timestamp with time zone": "case when {c} < 'infinity' then {c} + interval '1 second' else now() end", "json": "'{{\"x\":1}}'::json", "jsonb": "'[{{\"amount\":0}}]'::jsonb",
}
KEYS = {
    "events": "number", "coins": "code", "users": "id", "accounts": "user_id", "lots": "user_id", "holds": "id", "grants": "event", "schedules": "id", "meta": "last_event",
}
# When it was written, and by which version; and whether there are indexes, which are made if that is false.
NOT_COMPARED = {("meta", "copied_at"), ("meta", "indexed"), ("meta", "one"), ("meta", "version")}
# No key is used here, and no event changes the held coins of the other user.
WITHOUT_VALUES = {("events", "api_key"), ("events", "other_held_change")}
# How the check speaks of a row.
WORDS = {
    "events": ["event {}", "meta"], "coins": ["coin {}", " of {}"], "users": ["user {}"], "accounts": ["account {} ", "of {} in"], "lots": ["account {} ", "lots of {} in"],
    "holds": ["hold {} ", "account "], "grants": ["grant {} "], "schedules": ["schedule {} ", "the schedule {} "], "meta": ["meta"],
}


class Held:
    """A lock on a table that another session holds."""

    def __init__(self, postgres, table, mode):
        command = ["psql", "-h", "127.0.0.1", "-p", str(postgres.port), "-U", "postgres", "-d", "postgres", "-XqAt", "-v", "ON_ERROR_STOP=1"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=clean_env())
        self.process.stdin.write(f"begin; lock table {table} in {mode} mode; select 'locked';\n")
        self.process.stdin.flush()
        same(self.process.stdout.readline().strip(), "locked")

    def end(self):
        self.process.stdin.close()
        self.process.wait(timeout=10)


def kills_in_the_first_copy(suite):
    service = Service(suite.binary, suite.folder / "large").start()
    postgres = suite.postgres
    copy = Copy(suite.binary, postgres, service, schema="first")
    try:
        fill(service.ledger)
        last = service.last_event()
        state = lambda: tuple(postgres.sql("select last_event, state_event, indexed from first.meta").split("|"))
        waits = lambda: postgres.sql("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = 'postgres'") == "1"
        # Nobody but the database waits for the state: it can be locked as soon as it is there.
        def begin(table, mode, seen):
            copy.follow()
            wait_until("the tables are there", lambda: postgres.sql("select to_regclass('first.meta') is not null") == "t", pause=0.01)
            held = Held(postgres, table, mode)
            try:
                wait_until("it waits", waits, 60)
                found = state()
                same(seen(found), True, f"{table}: {found}")
                copy.kill()
                wait_until("its session has ended", lambda: not waits())
                same(state(), found, "after the kill")
            finally:
                held.end()
            return found
        # Amid the events, wherever that is.
        copy.follow()
        wait_until("some events are there", lambda: int(state()[0]) > 0, pause=0.005)
        copy.kill()
        some = int(state()[0])
        whole(postgres)
        if state()[2] == "t":
            # It was faster.
            copy.drop()
            some = 0
        # Amid the state, twice, which comes with the last events: the others are taken in again.
        for _ in range(2):
            begin("first.accounts", "access exclusive", lambda found: found[1] == "0" and max(some, 1) <= int(found[0]) < last)
            same(postgres.sql("select count(*) from first.users"), "0", "users after a kill")
            whole(postgres)
        # Amid the indexes: the state is there, and some indexes.
        begin("first.lots", "row exclusive", lambda found: found == (str(last), str(last), "f"))
        same("events_pkey" in indexes(postgres) and "lots_expiring" not in indexes(postgres), True, "indexes after a kill")
        # While it is copied for the first time, there is nothing to compare.
        held = Held(postgres, "first.lots", "row exclusive")
        copy.follow()
        wait_until("it waits", waits)
        done = copy.run("--check")
        same((done.returncode, "for the first time" in done.stderr), (3, True), done.stderr)
        held.end()
        wait_until("the indexes are there", lambda: state()[2] == "t")
        copy.kill()
        report = copy.is_equal()
        same(report["last_event"], last)
        other = Copy(suite.binary, postgres, service, schema="at_one_go")
        other.once()
        mine, others = suite.content("first"), suite.content("at_one_go")
        same([table for table in mine if mine[table] != others[table]], [])
        other.drop()
        copy.drop()
        # The database crashes amid the events; the copier goes on by itself.
        copy.follow()
        wait_until("some events are there", lambda: int(state()[0]) > 0, pause=0.005)
        postgres.stop(signal.SIGQUIT)
        postgres.start()
        wait_until("it is done", lambda: state() == (str(last), str(last), "t"), 60)
        copy.kill()
        copy.is_equal()
        mine = suite.content("first")
        same([table for table in mine if mine[table] != others[table]], [])
        copy.drop()
        return True
    finally:
        copy.kill()
        service.kill()


def whole(postgres):
    """Each event once, and none behind the last one."""
    last, *found = postgres.sql("select last_event, (select count(*) from first.events), (select count(distinct number) from first.events), (select max(number) from first.events) from first.meta").split("|")
    same(found, [last] * 3, "events")


def indexes(postgres):
    return postgres.sql("select string_agg(indexname, ' ') from pg_indexes where schemaname = 'first'").split()


def fill(ledger):
    name = "user-{:05}".format
    ledger.must("POST", "/v1/batch", {"operations": [{"op": "user", "user": name(number)} for number in range(USERS)]})
    ledger.must("POST", "/v1/batch", {"operations": [{"op": "grant", "user": name(number), "coin": "toco", "amount": 1_000_000, "lot": number % 3 == 0} for number in range(USERS)]})
    ledger.must("POST", "/v1/batch", {"operations": [{"op": "hold", "user": name(number), "coin": "toco", "amount": 5, "timeout_s": 9_000_000} for number in range(0, USERS, 5)]})
    moves = [{"op": "transfer", "from": name(number % USERS), "to": name((number * 7 + 1) % USERS), "coin": "toco", "amount": 1} for number in range(10_000) if number % USERS != (number * 7 + 1) % USERS]
    for _ in range(EVENTS // len(moves)):
        ledger.must("POST", "/v1/batch", {"operations": moves})


def columns(postgres):
    text = postgres.sql("""select json_agg(json_build_array(table_name, column_name, data_type) order by table_name, ordinal_position) from information_schema.columns
        join information_schema.tables using (table_schema, table_name) where table_schema = 'small' and table_type = 'BASE TABLE' and is_generated = 'NEVER'""")
    return [tuple(column) for column in json.loads(text) if tuple(column[:2]) not in NOT_COMPARED]


def every_column(suite):
    """One value of each column is changed, and the check names the row: in a ledger that is small, so that this is soon done."""
    postgres = suite.postgres
    service = Service(suite.binary, suite.folder / "small", "--test-clock").start()
    copy = Copy(suite.binary, postgres, service, schema="small")
    try:
        operations = Operations(service, suite.seed)
        operations.prepare()
        operations.go(3)
        operations.close_some()
        operations.roll_over_held()
        operations.hold_some()
        operations.send([{"op": "user", "user": "described", "name": "Somebody", "metadata": {"a": [1, None]}}])
        for _ in range(20):
            operations.go(2)
            copy.once()
            lacking = without_values(postgres)
            if not lacking:
                break
        same(lacking, [], "columns that have no value anywhere")
        operations.hold_some()
        copy.is_equal()
        return change_every_column(postgres, copy)
    finally:
        service.kill()


def without_values(postgres):
    wanted = [(table, column) for table, column, _ in columns(postgres) if (table, column) not in WITHOUT_VALUES]
    asked = [f"select '{table}.{column}' where not exists (select from small.{table} where {column} is not null)" for table, column in wanted]
    return postgres.sql(" union all ".join(asked)).split()


def change_every_column(postgres, copy):
    missed = []
    names = columns(postgres)
    same({table for table, _, _ in names}, set(KEYS), "tables that the suite knows")
    for table, column, kind in names:
        key = KEYS[table]
        value = OTHER[kind].format(c=column)
        row = f"select ctid from small.{table} order by ({column} is null), ctid desc limit 1"
        # What was there is kept beside it.
        told = postgres.sql(f"""drop table if exists public.before; create table public.before as select {column} as value from small.{table} where ctid = ({row});
            select {key} from small.{table} where ctid = ({row}); update small.{table} set {column} = {value} where ctid = ({row}) returning ctid""")
        named, place = told.rsplit("\n", 1)
        done = copy.run("--check", "--json", "--retry-for", "0")
        if done.returncode == 1 and not done.stdout:
            # What the tables say of themselves is refused at once.
            is_named = table == "meta"
        else:
            said = json.loads(done.stdout)["first_differences"] if done.stdout else []
            is_named = done.returncode == 1 and any(word.format(named) in one for one in said for word in WORDS[table])
        if not is_named:
            missed.append((table, column, named, done.returncode, done.stdout[-300:], done.stderr[-300:]))
        postgres.sql(f"update small.{table} set {column} = (select value from public.before) where ctid = '{place}'")
    postgres.sql("drop table public.before")
    same(missed, [])
    copy.is_equal()
    copy.drop()
    return len(names)

"""What the checks of `tocos copy` and of journals work with: a PostgreSQL, a service, random operations of every kind, and the copier as a process."""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from checks import run, wait_until
from ledger_client import Ledger

# The checks kill processes and never the machine: nothing is won by syncing files.
SETTINGS = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "64MB", "max_wal_size": "4GB", "log_min_messages": "fatal", "unix_socket_directories": ""}
ACCESS = "host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
USERS = ["ana", "bob", "cem", "dao", "eve", "fay", "auth0|5f7c8ec7", "a.b+c@example.com", "Бобан", "UUID-1 (old)", "名前", "semi;colon \"quoted\"", "a:b", "true"]
COINS = ["toco", "gem_2", "x"]
SCHEDULES = ["plan a", "plan/b".replace("/", ":"), "c", "d", "e"]


def clean_env(**more):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TOCOS_", "OTEL_", "PG"))}
    return kept | more


def programs():
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found:
        raise RuntimeError("there is no PostgreSQL under /usr/lib/postgresql")
    return found[-1].parent


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Postgres:
    """One server on a port of loopback."""

    def __init__(self, folder, access=ACCESS, **settings):
        self.data, self.port, self.settings = Path(folder) / "postgres", free_port(), SETTINGS | settings
        self.as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
        self.data.mkdir(mode=0o700)
        if self.as_postgres:
            shutil.chown(self.data, "postgres", "postgres")
        run(*self.as_postgres, programs() / "initdb", "-D", self.data, "-U", "postgres", "--auth=trust", "--no-sync", "--no-instructions", "-E", "UTF8", "--locale=C.UTF-8", cwd="/")
        (self.data / "pg_hba.conf").write_text(access)
        self.start()

    def start(self):
        settings = self.settings | {"listen_addresses": "127.0.0.1", "port": self.port}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with open(self.data.parent / "postgres.log", "ab") as log:
            command = [*self.as_postgres, str(programs() / "postgres"), "-D", str(self.data), *options]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/")
        wait_until("PostgreSQL takes connections", lambda: self.sql("select 1") == "1", 30)

    def stop(self, how=signal.SIGINT):
        self.process.send_signal(how)
        self.process.wait(timeout=60)

    def sql(self, text, database="postgres"):
        command = ["psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d", database, "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", text]
        return run(*command, env=clean_env(PGCONNECT_TIMEOUT="3"), timeout=180).strip()

    def url(self, database="postgres", user="postgres", more=""):
        return f"postgres://{user}@127.0.0.1:{self.port}/{database}?sslmode=disable{more}"


class Service:
    """One `tocos serve` with a clock that the checks advance."""

    def __init__(self, binary, data, *options, listen="127.0.0.1:0"):
        self.binary, self.data, self.options, self.listen = binary, Path(data), options, listen
        self.addresses, self.log, self.process = self.data.with_suffix(".addresses"), self.data.with_suffix(".log"), None

    def start(self):
        self.addresses.unlink(missing_ok=True)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [self.binary, "serve", "--listen", self.listen, "--internal-listen", "127.0.0.1:0", "--log-level", "warn", "--data-dir", self.data,
                 "--address-file", self.addresses, *self.options], stdout=log, stderr=log, env=clean_env())
        wait_until("the service is ready", self.is_ready, 60)
        self.url = self.told["api"]
        # Started again it is where it was.
        self.listen = self.url.removeprefix("http://")
        self.ledger = Ledger(self.url)
        return self

    def is_ready(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"it ended with {self.process.returncode}: {self.log.read_text(errors='replace')[-1500:]}")
        self.told = dict(line.split() for line in self.addresses.read_text().splitlines())
        try:
            with urllib.request.urlopen(f"{self.told['internal']}/readyz", timeout=5) as answer:
                return answer.status == 200
        except urllib.error.HTTPError:
            return False

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def last_event(self):
        return self.ledger.must("GET", "/v1/events?after=0&limit=1")["last_event"]

    def kinds(self):
        found, after = {}, 0
        while True:
            page = self.ledger.must("GET", f"/v1/events?after={after}&limit=1000")["events"]
            if not page:
                return found
            for event in page:
                found[event["kind"]] = found.get(event["kind"], 0) + 1
            after = page[-1]["event"]


class Copy:
    """The copier as a process, and as a command that ends."""

    def __init__(self, binary, postgres, service, schema="tocos", database="postgres"):
        self.binary, self.postgres, self.service, self.schema, self.database = binary, postgres, service, schema, database
        self.process, self.log = None, service.data.with_name(f"copy-{schema}.log")

    def command(self, *options, to=None, url=None):
        to = to or self.postgres.url(self.database)
        return [self.binary, "copy", "--to", to, "--schema", self.schema, "--url", url or self.service.url, *options]

    def run(self, *options, **more):
        return run(*self.command(*options, **more), ok=False, env=clean_env(), timeout=170)

    def once(self):
        done = self.run("--once")
        if done.returncode != 0:
            raise AssertionError(f"copy --once ended with {done.returncode}: {done.stderr[-800:]}")
        return done.stderr

    def check(self, **more):
        """The report, as it is printed with --json."""
        done = self.run("--check", "--json", **more)
        if done.returncode not in (0, 1) or not done.stdout:
            raise AssertionError(f"copy --check ended with {done.returncode}: {done.stderr[-800:]}")
        report = json.loads(done.stdout)
        if report["equal"] != (done.returncode == 0):
            raise AssertionError(f"the exit code is {done.returncode}, and the report says {report}")
        return report

    def is_equal(self, **more):
        report = self.check(**more)
        if not report["equal"]:
            raise AssertionError(f"{report['differences']} differences: {report['first_differences'][:6]}")
        return report

    def follow(self, *options, **more):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command(*options, **more), stdout=log, stderr=log, env=clean_env())

    def said(self):
        return self.log.read_text(errors="replace")

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def at(self):
        return int(self.postgres.sql(f"select coalesce(max(last_event), 0) from {self.schema}.meta", self.database))

    def drop(self):
        self.postgres.sql(f"drop schema if exists {self.schema} cascade", self.database)


class Operations:
    """Random operations of every kind, sent in batches; most are applied, some are refused."""

    def __init__(self, service, seed, users=USERS):
        self.service, self.random, self.users = service, random.Random(seed), users
        self.turn = 0

    def prepare(self):
        ledger = self.service.ledger
        for coin in COINS:
            ledger.must("PUT", f"/v1/coins/{coin}", {"decimals": self.random.randrange(4)})
        ops = [{"op": "user", "user": user, "name": f"{user} \"the\" \\ 1;2", "metadata": {"n": 1, "text": "a\u0000b\n;"}} for user in self.users]
        ops += [{"op": "grant", "user": user, "coin": coin, "amount": 500, "reference": f"start, of {user}"} for user in self.users for coin in COINS]
        self.send(ops)

    def send(self, ops):
        self.turn += 1
        body = {"operations": ops, "results": "all"}
        return self.service.ledger.must("POST", "/v1/batch", body, idempotency_key=f"batch-{self.turn}")

    def one(self, last, holds):
        draw, users = self.random, self.users
        user, other, coin, amount = draw.choice(users), draw.choice(users), draw.choice(COINS), draw.randrange(1, 50)
        to = {"to": other} if other != user and draw.random() < 0.5 else {}
        hold = draw.choice(holds) if holds else 1
        now = self.service.ledger.now
        later = lambda seconds: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + seconds))
        named = {"reference": f"order {draw.randrange(9)}, \"x\"; y"} if draw.random() < 0.2 else {}
        kind = draw.randrange(33)
        if kind < 4:
            return {"op": "grant", "user": user, "coin": coin, "amount": amount * 3, **named}
        if kind < 9:
            # The last one is the ledger's last second.
            expires_at = later(draw.randrange(5, 400)) if draw.random() < 0.9 else "9999-12-31T23:59:59Z"
            marks = {"expires_at": expires_at, "priority": draw.randrange(40, 60), "category": draw.choice(["paid", "promotional"])}
            return {"op": "grant", "user": user, "coin": coin, "amount": amount, **(marks if draw.random() < 0.8 else {"lot": True}), **named}
        if kind < 12:
            return {"op": "spend", "user": user, "coin": coin, "amount": amount, "mode": draw.choice(["exact", "up_to"]), **to, **named}
        if kind < 16:
            return {"op": "transfer", "from": user, "to": other, "coin": coin, "amount": amount, "metadata": {"order": str(amount)}}
        if kind < 19:
            return {"op": "hold", "user": user, "coin": coin, "amount": amount, "timeout_s": draw.randrange(20, 600), **to}
        if kind < 21:
            what = {"amount": draw.randrange(1, 90), "excess": draw.choice(["reject", "take_available"])} if draw.random() < 0.7 else {}
            return {"op": "capture", "hold": hold, "final": draw.random() < 0.5, **what}
        if kind == 21:
            return {"op": "release", "hold": hold}
        if kind == 22:
            return {"op": "extend", "hold": hold, "expires_at": later(700)}
        if kind < 26:
            what = {"amount": amount} if draw.random() < 0.5 else {}
            renew = {"renew_expires_at": later(300)} if draw.random() < 0.3 else {}
            return {"op": "reverse", "event": draw.randrange(max(1, last - 400), last + 1), "mode": draw.choice(["exact", "up_to"]), "debt": draw.random() < 0.35, **what, **renew}
        if kind < 29:
            return self.schedule(user, coin, amount, later)
        if kind == 29:
            return {"op": draw.choice(["schedule_delete", "schedule_pause", "schedule_resume", "schedule_resume"]), "schedule": draw.choice(SCHEDULES)}
        if kind == 30:
            return {"op": "limits", "user": user, "coin": coin, "floor": -draw.randrange(60), "frozen": draw.random() < 0.1}
        if kind == 31:
            whose = draw.choice([{"op": "thresholds", "user": user}, {"op": "coin_thresholds"}])
            return {**whose, "coin": coin, "thresholds": draw.choice([[20, 100], None])}
        if draw.random() < 0.5:
            whose = draw.choice([{"op": "spend_limit", "user": user}, {"op": "coin_spend_limit"}])
            return {**whose, "coin": coin, **draw.choice([{"amount": 100000, "per": "day"}, {"amount": 100000, "per": "hours", "hours": 5}, {}])}
        return {"op": "user", "user": user, "name": draw.choice([None, "Somebody"])}

    def schedule(self, user, coin, amount, later):
        draw = self.random
        plan = {"amount": amount * 2, "priority": draw.randrange(40, 60), "category": draw.choice(["paid", "promotional"])}
        if draw.random() < 0.8:
            plan |= draw.choice([{"every_days": draw.randrange(1, 3)}, {"every_months": 1}]) | {"expires": draw.choice(["at_next", "never"])}
            if plan["expires"] == "at_next" and draw.random() < 0.7:
                plan |= {"rollover_max": amount, **draw.choice([{"rollover_expires": "never"}, {"rollover_expires_after_s": 90000}])}
        if draw.random() < 0.4:
            plan |= {"occurrences": draw.randrange(1, 6)}
        if draw.random() < 0.5:
            plan |= {"anchor": later(draw.randrange(0, 90))}
        return {"op": "schedule", "schedule": draw.choice(SCHEDULES), "user": user, "coin": coin, **plan, "takes_effect": draw.choice(["at_next", "now"])}

    def go(self, batches, size=60):
        ledger = self.service.ledger
        for _ in range(batches):
            clock = ledger.must("GET", "/v1/clock")
            ledger.now = int(time.mktime(time.strptime(clock["ledger_time"][:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone)
            holds = [hold["id"] for hold in ledger.must("GET", "/v1/holds?limit=50")["holds"]]
            last = self.service.last_event()
            self.send([self.one(last, holds) for _ in range(size)])
            step = self.random.choice([1, 20, 60, 3600, 86400] if self.random.random() < 0.6 else [1])
            ledger.must("POST", "/v1/test-clock/advance", {"seconds": step})

    def roll_over_held(self):
        """Coins of a schedule that roll over while a hold has most of them; the hold is then captured in part and released."""
        ledger, user = self.service.ledger, f"roller-{self.turn}"
        advance = lambda seconds: ledger.must("POST", "/v1/test-clock/advance", {"seconds": seconds})
        self.send([{"op": "user", "user": user},
                   {"op": "schedule", "schedule": f"of {user}", "user": user, "coin": "toco", "amount": 100, "every_days": 1, "expires": "at_next",
                    "rollover_max": 50, "rollover_expires_after_s": 30 * 86400, "category": "promotional", "priority": 20}])
        advance(1)
        events = self.send([{"op": "hold", "user": user, "coin": "toco", "amount": amount, "timeout_s": 20 * 86400} for amount in (60, 20)])["results"]
        advance(86400)
        first, second = [event["event"] for event in events]
        self.send([{"op": "capture", "hold": first, "amount": 45, "final": False}, {"op": "capture", "hold": second, "amount": 25, "excess": "take_available"},
                   {"op": "release", "hold": first}])
        rolled = [event for event in ledger.must("GET", f"/v1/events?schedule=of%20{user}")["events"] if event["kind"] == "rollover"]
        assert [event["amount"] for event in rolled] == [50], rolled

    def have_webhooks(self):
        """Some that nothing is ever delivered to: what they are is told by events, which move nothing."""
        ledger = self.service.ledger
        ledger.must("PUT", "/v1/webhooks/shop", {"url": "https://shop.example/hook", "user_prefix": "nobody"})
        ledger.must("POST", "/v1/webhooks/shop/disable")
        ledger.must("POST", "/v1/webhooks/shop/rotate-secret", {"keep_s": 60})
        ledger.must("POST", "/v1/webhooks/shop/enable")
        ledger.must("POST", "/v1/webhooks/shop/redeliver", {"from_event": 1})
        ledger.must("DELETE", "/v1/webhooks/shop")

    def hold_some(self):
        """Holds that nothing ends by itself for a year."""
        self.send([{"op": "hold", "user": user, "coin": coin, "amount": 1, "timeout_s": 30_000_000} for user in self.users for coin in COINS])

    def close_some(self):
        """Users who are closed: with a schedule that ends with them."""
        for number in range(3):
            user = f"gone-{self.turn}-{number}"
            self.send([{"op": "user", "user": user, "name": "Gone"},
                       {"op": "schedule", "schedule": f"of {user}", "user": user, "coin": "toco", "amount": 5, "every_months": 1, "anchor": "2099-01-01T00:00:00Z"},
                       {"op": "user_close", "user": user}])

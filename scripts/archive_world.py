"""What the checks of the archive work with: an object store with a proxy before it, services as processes, load, and a model of what was
acknowledged."""

import datetime
import json
import os
import shutil
import subprocess
import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

from archive_faults import Proxy
from checks import run, same, wait_until
from emulator import REGION, Emulator
from ledger_client import Ledger

BUCKET, PREFIX = "acme-archive", "ledger"
USERS = [f"u{number}" for number in range(8)]
# Small, so that a short run has many segments, snapshots and tables.
SMALL = ["--segment-bytes", "65536", "--snapshot-every-events", "2000", "--keys-in-memory", "1000"]
EVERY_SECONDS = 1


class Store:
    """moto's S3 with a bucket, reached straight or through the proxy."""

    def __init__(self, python, folder, seed):
        self.emulator = Emulator("moto", python, folder)
        self.emulator.start()
        self.proxy = Proxy(("127.0.0.1", self.emulator.port), seed)
        self.s3 = self.emulator.client("s3")
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})

    def url(self, prefix=PREFIX):
        return f"s3://{BUCKET}/{prefix}"

    def env(self, by_proxy=False):
        """As an operator would set it for a store that is not Amazon's."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TOCOS_"))}
        return kept | {
            "AWS_ENDPOINT_URL": self.proxy.url if by_proxy else self.emulator.url, "AWS_ALLOW_HTTP": "true", "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
        }

    def names(self, prefix=PREFIX):
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{prefix}/")
        return sorted(found["Key"].removeprefix(f"{prefix}/") for page in pages for found in page.get("Contents", []))

    def branches(self, prefix=PREFIX):
        return [name for name in self.names(prefix) if name.startswith("branch-")]

    def read(self, name, prefix=PREFIX):
        return self.s3.get_object(Bucket=BUCKET, Key=f"{prefix}/{name}")["Body"].read()

    def write(self, name, content, prefix):
        self.s3.put_object(Bucket=BUCKET, Key=f"{prefix}/{name}", Body=content)

    def remove(self, name, prefix):
        self.s3.delete_object(Bucket=BUCKET, Key=f"{prefix}/{name}")

    def copy(self, prefix):
        """The archive under another prefix, where it can be damaged."""
        for name in self.names():
            self.write(name, self.read(name), prefix)

    def overwritten(self):
        """Objects that were put more than once: the bucket keeps versions."""
        pages = self.s3.get_paginator("list_object_versions").paginate(Bucket=BUCKET, Prefix=f"{PREFIX}/")
        keys = [found["Key"] for page in pages for found in page.get("Versions", [])]
        return sorted({key for key in keys if keys.count(key) > 1})

    def keep_versions(self):
        self.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})

    def end(self):
        self.proxy.shutdown()
        self.emulator.stop()


class Service:
    """One `tocos serve` on a directory."""

    def __init__(self, binary, data, env, *options):
        self.binary, self.data, self.env, self.options = binary, Path(data), env, options
        self.log, self.addresses = self.data.with_suffix(".log"), self.data.with_suffix(".addresses")
        self.process = None

    def start(self, seconds=60):
        self.addresses.unlink(missing_ok=True)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [self.binary, "serve", "--listen", "127.0.0.1:0", "--internal-listen", "127.0.0.1:0", "--log-level", "warn", "--data-dir", self.data,
                 "--address-file", self.addresses, *SMALL, *self.options],
                stdout=log, stderr=log, env=self.env,
            )
        wait_until("the service is ready", self.is_ready, seconds)
        self.ledger = Ledger(self.told["api"])
        return self

    def is_ready(self):
        if self.process.poll() is not None:
            # Not one of the errors that are waited out.
            raise RuntimeError(f"it ended with {self.process.returncode}: {self.said()}")
        self.told = dict(line.split() for line in self.addresses.read_text().splitlines())
        try:
            with urllib.request.urlopen(f"{self.told['internal']}/readyz", timeout=5) as answer:
                return answer.status == 200
        except urllib.error.HTTPError:
            return False

    def said(self):
        return self.log.read_text(errors="replace")[-1500:]

    def metrics(self):
        """Figures without labels, by name."""
        with urllib.request.urlopen(f"{self.told['internal']}/metrics", timeout=10) as answer:
            rows = [line.rsplit(" ", 1) for line in answer.read().decode().splitlines() if not line.startswith("#")]
        return {name: float(value) for name, value in rows}

    def archive(self, figure):
        return self.metrics()[f"tocos_archive_{figure}"]

    def is_archived(self):
        return self.archive("lag_bytes") == 0 and self.archive("last_success_timestamp_seconds") > 0

    def events(self, after=0):
        found = []
        while True:
            page = self.ledger.must("GET", f"/v1/events?after={after + len(found)}&limit=1000")["events"]
            if not page:
                return found
            found += page

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def term(self, seconds=30):
        """Ends it in order; its exit code, and how long it took."""
        begun = time.monotonic()
        self.process.terminate()
        return self.process.wait(seconds), time.monotonic() - begun


class Load:
    """Threads that transfer single coins, and note each response with the time at which it came. They can be held up for a moment."""

    def __init__(self, ledger, name, threads=3, pause=0.002):
        self.ledger, self.pause = ledger, pause
        self.acknowledged, self.slowest, self.failed = {}, 0.0, 0
        self.stopped, self.goes_on, self.busy = threading.Event(), threading.Event(), threading.Semaphore(threads)
        self.count = threads
        self.goes_on.set()
        self.threads = [threading.Thread(target=self.work, args=(f"{name}-{number}", number), daemon=True) for number in range(threads)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.goes_on.set()
        for thread in self.threads:
            thread.join()

    def work(self, name, turn):
        number = 0
        while not self.stopped.is_set():
            self.goes_on.wait()
            with self.busy:
                if self.goes_on.is_set():
                    self.transfer(f"{name}-{number}", turn + number)
                    number += 1
            time.sleep(self.pause)

    def transfer(self, key, turn):
        body = {"from": USERS[turn % len(USERS)], "to": USERS[(turn + 1) % len(USERS)], "coin": "toco", "amount": 1 + turn % 3}
        begun = time.time()
        try:
            status, answer, _ = self.ledger.call("POST", "/v1/transfers", body, idempotency_key=key, timeout=10)
        except ConnectionError:
            return
        if status == 201:
            now = time.time()
            self.slowest = max(self.slowest, now - begun)
            self.acknowledged[answer["event"]] = (now, answer)
        else:
            self.failed += 1

    @contextmanager
    def held(self):
        """Nothing is on its way inside."""
        self.goes_on.clear()
        for _ in range(self.count):
            self.busy.acquire()
        try:
            yield
        finally:
            for _ in range(self.count):
                self.busy.release()
            self.goes_on.set()


class Lag(threading.Thread):
    """Reads the lag again and again: at each time, events durable before `time - lag` are in the archive, says the service."""

    def __init__(self, service):
        super().__init__(daemon=True)
        self.service, self.done, self.archived_before, self.forks = service, threading.Event(), 0.0, 0
        # The longest lag once it had caught up with what was left from before its start.
        self.has_caught_up, self.highest = False, 0.0

    def run(self):
        while not self.done.is_set():
            asked = time.time()
            try:
                figures = self.service.metrics()
            except (OSError, ValueError):
                # It was killed.
                return
            lag = figures["tocos_archive_lag_seconds"]
            if figures["tocos_archive_last_success_timestamp_seconds"] > 0:
                self.archived_before = max(self.archived_before, asked - lag)
                self.has_caught_up = self.has_caught_up or lag <= EVERY_SECONDS
                self.highest = max(self.highest, lag) if self.has_caught_up else 0.0
            self.forks = figures["tocos_archive_forks_total"]
            self.done.wait(0.1)


class Model:
    """What was acknowledged, and what the balances were at some moments."""

    def __init__(self):
        self.acknowledged, self.moments = {}, []

    def add(self, load):
        self.acknowledged.update(load.acknowledged)

    def moment(self, service, load):
        with load.held():
            # The ledger's time and the clock differ by less than this on one machine.
            time.sleep(0.02)
            event, coins = service.events(after=max([*self.acknowledged, *load.acknowledged, 1]) - 1)[-1]["event"], service.ledger.coins()
            now = datetime.datetime.now(datetime.timezone.utc).isoformat().replace("+00:00", "Z")
            time.sleep(0.02)
        self.moments.append((now, event, coins))

    def end_at(self, event):
        """The disk has died, and what came after this event is gone."""
        self.acknowledged = {number: rest for number, rest in self.acknowledged.items() if number <= event}
        self.moments = [moment for moment in self.moments if moment[1] <= event]

    def is_continued_by(self, events):
        """Whether a ledger with these events has exactly what was acknowledged up to its last event."""
        same([event["event"] for event in events], list(range(1, len(events) + 1)), "the events' numbers")
        wrong = [number for number, (_, answer) in self.acknowledged.items() if number <= len(events) and events[number - 1] != answer]
        same(wrong, [], "acknowledged, and not so in the copy")

    def lost(self, last):
        """(number, time) of what was acknowledged behind an event."""
        return sorted((number, at) for number, (at, _) in self.acknowledged.items() if number > last)


def restore(binary, url, data, env, *options, ok=True):
    shutil.rmtree(data, ignore_errors=True)
    return run(str(binary), "restore", "--from", url, "--data-dir", str(data), *options, ok=ok, env=env, timeout=300)


@contextmanager
def opened(binary, data, store, *options):
    """A service on a directory for a look. Without an archive of its own, it leaves the store alone."""
    service = Service(binary, data, store.env(), *options)
    try:
        yield service.start()
    finally:
        service.kill()


def fill(ledger):
    for user in USERS:
        ledger.must("PUT", f"/v1/users/{user}", {})
        ledger.must("POST", "/v1/grants", {"user": user, "coin": "toco", "amount": 1_000_000})


def batch(ledger, count, label):
    """Transfers in one request, each with some text, to fill segments."""
    operations = [
        {"op": "transfer", "from": USERS[number % 8], "to": USERS[(number + 3) % 8], "coin": "toco", "amount": 1, "idempotency_key": f"{label}-{number}",
         "metadata": {"text": f"{label} {number:0100}"}}
        for number in range(count)
    ]
    answer = ledger.must("POST", "/v1/batch", {"operations": operations})
    assert answer, "an empty response"


def text_of(done):
    return done.stdout + done.stderr


def as_json(value):
    return json.dumps(value, sort_keys=True)

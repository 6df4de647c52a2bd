"""The checker of groups: clients that write through any node and know what was acknowledged, readers that never go back in time, and the sums."""

import http.client
import json
import random
import threading
import time
from bisect import bisect_right

from checks import same

USERS = [f"u{number}" for number in range(8)]
COIN = "toco"
# Longer than a node itself waits for a leader, which is 5 s.
TIMEOUT_SECONDS = 10
CONNECT_SECONDS = 2
# What the ledger itself says no to: coins that are not there, and a hold that has ended (by its time, where a node's clock is ahead).
REFUSALS = ("insufficient_funds", "hold_ended")


class Lost(Exception):
    """There was no response. `may_be_done` is false if the request can't have reached anybody."""

    def __init__(self, reason, may_be_done):
        super().__init__(reason)
        self.may_be_done = may_be_done


class Answer:
    def __init__(self, status, body, headers, began):
        self.status, self.body, self.headers, self.began, self.ended = status, body, headers, began, time.monotonic()
        self.event = int(headers.get("Tocos-Event") or 0)

    @property
    def code(self):
        return self.body.get("code", "") if isinstance(self.body, dict) else ""


class Client:
    """The connections of one thread, one to each node. Nothing is ever sent twice by itself."""

    def __init__(self, authorization):
        self.authorization, self.connections = authorization, {}

    def call(self, node, method, path, body=None, key=None, timeout=TIMEOUT_SECONDS, **headers):
        """Words of headers are joined by `_`: tocos_min_event=7."""
        sent = self.authorization | {name.replace("_", "-"): str(value) for name, value in headers.items() if value is not None}
        if body is not None:
            sent["Content-Type"] = "application/json"
        if key:
            sent["Idempotency-Key"] = key
        began, connection, is_open = time.monotonic(), self.connections.pop(node.api, None), True
        try:
            if connection is None:
                connection, is_open = http.client.HTTPConnection(node.api, timeout=min(timeout, CONNECT_SECONDS)), False
                connection.connect()
                is_open = True
            connection.sock.settimeout(timeout)
            connection.request(method, path, json.dumps(body) if body is not None else None, sent)
            response = connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise Lost(f"{method} {path} at {node.name}: {error!r}", is_open) from error
        if not response.will_close:
            self.connections[node.api] = connection
        is_json = "json" in (response.headers.get("content-type") or "")
        return Answer(response.status, json.loads(text) if is_json else text.decode(), response.headers, began)

    def must(self, node, method, path, body=None, **more):
        try:
            answer = self.call(node, method, path, body, **more)
        except Lost:
            # The connection may be from before a restart of the node. A read may be sent again.
            if method != "GET":
                raise
            answer = self.call(node, method, path, body, **more)
        if answer.status >= 300:
            raise AssertionError(f"{method} {path} at {node.name} was answered with {answer.status}: {answer.body}")
        return answer


class Record:
    """What clients know of one ledger: operations by a label that is in their metadata, and what readers saw."""

    def __init__(self):
        self.lock = threading.Lock()
        self.acknowledged, self.unknown, self.highest = {}, set(), 0
        # Refused at once, so certainly not done.
        self.refused = set()
        # (event that it is as of, user, total, held), and what was wrong by itself.
        self.samples, self.wrong = [], []

    def acknowledge(self, label, answer):
        with self.lock:
            self.acknowledged[label] = answer.body
            self.highest = max(self.highest, answer.body["event"])
            if answer.event and answer.event < answer.body["event"]:
                self.wrong.append(f"the response with event {answer.body['event']} says that it is as of {answer.event}")


class Load:
    """Threads that write through any node. With a key a request is repeated, anywhere, until its outcome is known; without one it is sent once."""

    def __init__(self, group, record, name, threads=8, keyed=1.0, pause=0.02, nodes=None, seed=0):
        self.group, self.record, self.name, self.keyed, self.pause, self.fixed = group, record, name, keyed, pause, nodes
        # (began, ended) of the acknowledged, and what was neither acknowledged nor refused for a reason of the ledger's.
        self.answered, self.failures, self.slowest = [], [], 0.0
        self.stopped = threading.Event()
        self.threads = [threading.Thread(target=self.work, args=(number, random.Random(f"{seed}-{name}-{number}")), daemon=True) for number in range(threads)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        for thread in self.threads:
            thread.join()

    def targets(self):
        return self.fixed or self.group.running() or list(self.group.nodes.values())

    def work(self, number, draw):
        client, count, hold = Client(self.group.authorization), 0, None
        while not self.stopped.is_set():
            label = f"{self.name}-{number}-{count}"
            path, body = self.operation(draw, label, hold)
            is_keyed = draw.random() < self.keyed
            answer = self.send(client, draw, path, body, label, is_keyed)
            hold = answer["event"] if answer and answer["kind"] == "hold" else None
            count += 1
            time.sleep(self.pause)

    @staticmethod
    def operation(draw, label, hold):
        """Mostly transfers. A hold that was made is captured or released by the next operation."""
        metadata, at = {"op": label}, draw.randrange(len(USERS))
        user, other, chance = USERS[at], USERS[(at + draw.randrange(1, len(USERS))) % len(USERS)], draw.random()
        if hold is not None:
            return (f"/v1/holds/{hold}/release", {"metadata": metadata}) if chance < 0.5 else (f"/v1/holds/{hold}/capture", {"amount": 1, "metadata": metadata})
        common = {"coin": COIN, "amount": draw.randrange(1, 6), "metadata": metadata}
        if chance < 0.7:
            return "/v1/transfers", {"from": user, "to": other} | common
        if chance < 0.8:
            return "/v1/grants", {"user": user} | common
        return ("/v1/spends" if chance < 0.9 else "/v1/holds"), {"user": user} | common

    def send(self, client, draw, path, body, label, is_keyed):
        """The event, if there is one. Once the load ends, what is not known yet has half a minute to become known."""
        begun, end, is_certain = time.monotonic(), None, True
        while True:
            node, certain = draw.choice(self.targets()), False
            try:
                answer = client.call(node, "POST", path, body, label if is_keyed else None)
            except Lost as lost:
                certain, problem = not lost.may_be_done, str(lost)
            else:
                if answer.status == 201 or answer.status == 200:
                    self.record.acknowledge(label, answer)
                    self.answered.append((answer.began, answer.ended))
                    self.slowest = max(self.slowest, answer.ended - begun)
                    return answer.body
                problem = f"{answer.status} {answer.code} at {node.name}"
                if answer.status < 500:
                    if answer.code not in REFUSALS:
                        self.record.wrong.append(f"{path} {label}: {problem}: {answer.body}")
                    (self.record.refused if is_certain else self.record.unknown).add(label)
                    return None
            is_certain = is_certain and certain
            self.failures.append((time.monotonic(), label, problem))
            end = end or (time.monotonic() + 30 if self.stopped.is_set() else None)
            if not is_keyed or (end and time.monotonic() > end):
                (self.record.refused if is_certain else self.record.unknown).add(label)
                return None
            time.sleep(draw.uniform(0.02, 0.06))

    def first_after(self, instant, seconds):
        """How long after that instant a write was acknowledged that had begun behind it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = [ended for began, ended in list(self.answered) if began >= instant]
            if found:
                return min(found) - instant
            time.sleep(0.02)
        raise AssertionError(f"no write was acknowledged within {seconds} s")


class Readers:
    """Threads that read at any node. They remember the event of each response and ask for no older one; every other one asks for the leader's own state,
    which has all that was acknowledged before."""

    def __init__(self, group, record, threads=4, pause=0.02):
        self.group, self.record, self.pause, self.count, self.refused = group, record, pause, 0, 0
        self.stopped = threading.Event()
        self.threads = [threading.Thread(target=self.work, args=(number,), daemon=True) for number in range(threads)]

    __enter__, __exit__ = Load.__enter__, Load.__exit__

    def work(self, number):
        client, draw, seen, of_leader = Client(self.group.authorization), random.Random(number), self.record.highest, number % 2 == 1
        while not self.stopped.is_set():
            nodes = self.group.running()
            if nodes:
                seen = max(seen, self.read(client, draw.choice(nodes), draw.choice(USERS), seen, of_leader))
            time.sleep(self.pause)

    def read(self, client, node, user, seen, of_leader):
        least = max(seen, self.record.highest) if of_leader else seen
        try:
            answer = client.call(node, "GET", f"/v1/users/{user}", tocos_min_event=seen or None, tocos_read="leader" if of_leader else None)
        except Lost:
            return 0
        if answer.status != 200:
            self.refused += 1
            if answer.status < 500:
                self.record.wrong.append(f"a read at {node.name} was answered with {answer.status}: {answer.body}")
            return 0
        self.count += 1
        if answer.event < least:
            what = "the leader's state" if of_leader else "a read"
            self.record.wrong.append(f"{what} at {node.name} is as of {answer.event}, and {least} had been seen before")
        accounts = {account["coin"]: account for account in answer.body["accounts"]}
        if COIN in accounts:
            self.record.samples.append((answer.event, user, accounts[COIN]["total"], accounts[COIN]["held"]))
        return answer.event


class Book:
    """The ledger as its events say, folded one by one."""

    def __init__(self):
        self.events, self.totals, self.held, self.issued, self.spent = [], {}, {}, 0, 0
        # By user: the events that changed its coins, and the balances after each.
        self.changed, self.balances = {}, {}
        self.at, self.keys = "", {}

    def add(self, event):
        same(event["event"], len(self.events) + 1, "the number of an event")
        same(event["at"] >= self.at, True, f"event {event['event']} at {event['at']} comes after one at {self.at}")
        self.at = event["at"]
        key = event.get("idempotency_key")
        if key:
            same(self.keys.setdefault(key, event["event"]), event["event"], f"the event of key {key}")
        self.move(event)
        for user, balance in event.get("balances", {}).items():
            mine = (self.totals.get(user, 0), self.held.get(user, 0))
            same((balance["total"], balance["held"]), mine, f"balance of {user} after event {event['event']}")
            self.changed.setdefault(user, []).append(event["event"])
            self.balances.setdefault(user, []).append(mine)
        self.events.append(event)

    def move(self, event):
        kind, user, amount = event["kind"], event.get("user"), event.get("amount")
        if kind == "grant":
            self.issued += amount
            self.give(user, amount)
        elif kind in ("spend", "transfer"):
            self.give(user or event["from"], -amount)
            self.give(event.get("to"), amount)
        elif kind == "hold":
            self.held[user] = self.held.get(user, 0) + amount
        elif kind == "capture":
            self.give(user, -amount)
            self.give(event.get("to"), amount)
            self.held[user] -= amount + event["released"]
        elif kind in ("release", "hold_expired"):
            self.held[user] -= amount
        elif kind not in ("user", "coin", "leader", "key") and not kind.startswith("webhook"):
            raise AssertionError(f"an event of a kind that nobody asked for: {event}")

    def give(self, user, amount):
        if user is None:
            self.spent += amount
        else:
            self.totals[user] = self.totals.get(user, 0) + amount

    def was(self, user, event):
        """Total and held as of an event."""
        at = bisect_right(self.changed.get(user, []), event)
        return self.balances[user][at - 1] if at else (0, 0)


def events_of(client, node):
    """All events of a node's feed."""
    found = []
    while True:
        page = client.must(node, "GET", f"/v1/events?after={len(found)}&limit=1000").body["events"]
        if not page:
            return found
        found += page


class Checker:
    """Compares what clients know with what each node says. What was compared is not read again, unless it is told to."""

    def __init__(self, group):
        self.group, self.record, self.book, self.read_until, self.sampled = group, Record(), Book(), {}, 0
        self.client = Client(group.authorization)

    def fill(self):
        node = self.group.leader()
        for user in USERS:
            self.client.must(node, "PUT", f"/v1/users/{user}", {})
            answer = self.client.must(node, "POST", "/v1/grants", {"user": user, "coin": COIN, "amount": 1_000_000})
            self.record.highest = max(self.record.highest, answer.event)

    def load(self, name, **more):
        return Load(self.group, self.record, name, **more)

    def readers(self, **more):
        return Readers(self.group, self.record, **more)

    def forget(self, node):
        """That node has begun anew: all of it is read again."""
        self.read_until.pop(node.name, None)

    def verify(self, missing=frozenset(), full=False):
        """`missing`: labels that the group said it has lost."""
        last = self.group.settle()
        if full:
            self.read_until.clear()
        for node in self.group.nodes.values():
            self.compare(node, last)
            self.sums(node)
        self.operations(missing)
        for event, user, total, held in self.record.samples[self.sampled:]:
            same((total, held), self.book.was(user, event), f"{user} as it was read as of event {event}")
        self.sampled = len(self.record.samples)
        same(self.record.wrong, [], "what clients saw")
        return True

    def compare(self, node, last):
        at = self.read_until.get(node.name, 0)
        while at < last:
            page = self.client.must(node, "GET", f"/v1/events?after={at}&limit=1000").body["events"]
            same(bool(page), True, f"{node.name} has events behind {at}")
            for event in page:
                if event["event"] > len(self.book.events):
                    self.book.add(event)
                same(event, self.book.events[event["event"] - 1], f"an event of {node.name}")
            at = page[-1]["event"]
        same(at, last, f"the last event of {node.name}")
        self.read_until[node.name] = at

    def sums(self, node):
        book = self.book
        coin = self.client.must(node, "GET", f"/v1/coins/{COIN}").body
        held = sum(book.held.values())
        same(sum(book.totals.values()), book.issued - book.spent, "what users have, of what was issued and not spent")
        wanted = {"issued": book.issued, "spent": book.spent, "expired": 0, "outstanding": book.issued - book.spent, "held": held}
        same({name: coin[name] for name in wanted}, wanted, f"the sums of {node.name}")
        users = self.client.must(node, "GET", "/v1/users?limit=1000").body["users"]
        have = {user["id"]: user["coins"][COIN] for user in users if COIN in user["coins"]}
        same(have, book.totals, f"the list of users of {node.name}")

    def operations(self, missing):
        found = {}
        for event in self.book.events:
            label = (event.get("metadata") or {}).get("op")
            if label:
                same(label in found, False, f"{label} is event {found.get(label, {}).get('event')} and also {event['event']}")
                found[label] = event
        record = self.record
        lost = [label for label in record.acknowledged if label not in found and label not in missing]
        same(lost, [], "acknowledged, and not there")
        wrong = [label for label, event in record.acknowledged.items() if label not in missing and found[label] != event]
        same(wrong, [], "acknowledged, and there as something else")
        same([label for label in record.refused if label in found], [], "refused, and done")
        same([label for label in found if label not in record.acknowledged and label not in record.unknown], [], "there, and asked for by nobody")

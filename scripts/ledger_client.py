"""A small client of the API for the suites that test image, monitoring and deployment: requests, and writers that make load."""

import http.client
import json
import threading
import time
import urllib.parse


class Ledger:
    def __init__(self, url, key=None):
        self.address = urllib.parse.urlsplit(url).netloc
        self.key = key
        self.local = threading.local()

    def call(self, method, path, body=None, idempotency_key=None, timeout=30):
        """Status, body as JSON where it is, and headers of one request."""
        headers = {"Content-Type": "application/json"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        if idempotency_key:
            headers["Idempotency-Key"] = idempotency_key
        text = json.dumps(body) if body is not None else None
        kept = getattr(self.local, "connection", None)
        try:
            answer, text = self.exchange(kept or self.connect(timeout), method, path, text, headers)
        except (OSError, http.client.HTTPException) as error:
            # The keep-alive connection may be from before a restart of the service, so the request is repeated on a new one.
            if kept is None:
                raise ConnectionError(f"{method} {path}: {error!r}") from error
            return self.call(method, path, body, idempotency_key, timeout)
        is_json = "json" in (answer.headers.get("content-type") or "")
        return answer.status, json.loads(text) if is_json else text.decode(), answer.headers

    def connect(self, timeout):
        return http.client.HTTPConnection(self.address, timeout=timeout)

    def exchange(self, connection, method, path, text, headers):
        self.local.connection = None
        try:
            connection.request(method, path, text, headers)
            answer = connection.getresponse()
            body = answer.read()
        except BaseException:
            connection.close()
            raise
        self.local.connection = connection
        return answer, body

    def must(self, method, path, body=None, **options):
        status, answer, _ = self.call(method, path, body, **options)
        if status >= 300:
            raise AssertionError(f"{method} {path} was answered with {status}: {answer}")
        return answer

    def coins(self):
        """All users with their coins."""
        users, cursor = {}, ""
        while cursor is not None:
            page = self.must("GET", f"/v1/users?limit=1000{'&cursor=' + cursor if cursor else ''}")
            users.update({user["id"]: user["coins"] for user in page["users"]})
            cursor = page["next_cursor"]
        return users


class Writers:
    """Some threads that transfer single coins in a circle, and remember every answer they got."""

    def __init__(self, ledger, users, threads=4, name="w", pause=0.0):
        self.ledger, self.users, self.pause = ledger, users, pause
        self.answered = {}
        self.stopped = threading.Event()
        self.threads = [threading.Thread(target=self.work, args=(f"{name}{number}", number), daemon=True) for number in range(threads)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        for thread in self.threads:
            thread.join()

    def transfer(self, turn):
        return {"from": self.users[turn % len(self.users)], "to": self.users[(turn + 1) % len(self.users)], "coin": "toco", "amount": 1}

    def work(self, name, turn):
        count = 0
        while not self.stopped.is_set():
            key, body = f"{name}-{count}", self.transfer(turn + count)
            try:
                status, answer, _ = self.ledger.call("POST", "/v1/transfers", body, idempotency_key=key)
            except ConnectionError:
                time.sleep(0.02)
                continue
            if status == 201:
                self.answered[key] = (body, answer["event"])
                count += 1
            else:
                time.sleep(0.02)
            time.sleep(self.pause)

    def lost(self):
        """Transfers that were answered, and that the ledger doesn't know under the same number."""
        missing = []
        for key, (body, event) in self.answered.items():
            status, answer, headers = self.ledger.call("POST", "/v1/transfers", body, idempotency_key=key)
            if status != 201 or answer["event"] != event or headers.get("idempotency-replayed") != "true":
                missing.append((key, event, status, answer))
        return missing

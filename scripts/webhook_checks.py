"""The checks of test-webhooks.sh. The argument is the folder with the library from npm."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from checks import Checks, run, same, wait_until
from ledger_client import Ledger
from webhook_receiver import Receiver, silent

ROOT = Path(__file__).resolve().parent.parent
BINARY = os.environ["TOCOS_BINARY"]
EVENTS = int(os.environ.get("EVENTS", "50000"))


class Service:
    def __init__(self, work):
        self.work, self.process, self.key, self.port = Path(work), None, None, 0
        self.ledger = None

    def start(self):
        addresses = self.work / "addresses"
        addresses.unlink(missing_ok=True)
        # The private authority of these tests beside the public ones.
        environment = {**os.environ, "SSL_CERT_FILE": str(self.work / "ca.pem")}
        with open(self.work / "service.log", "ab") as log:
            self.process = subprocess.Popen(
                [BINARY, "serve", "--listen", f"127.0.0.1:{self.port}", "--internal-listen", "none", "--data-dir", self.work / "data",
                 "--bootstrap-key-file", self.work / "key", "--address-file", addresses, "--webhooks-allow-private", "127.0.0.0/8,::1"],
                stdout=log, stderr=log, env=environment)
        wait_until("the service listens", addresses.exists)
        url = wait_until("its address", lambda: [line[4:] for line in addresses.read_text().splitlines() if line.startswith("api ")])[0]
        self.port = int(url.rsplit(":", 1)[1])
        self.ledger = Ledger(url, (self.work / "key").read_text().strip())
        wait_until("it serves", lambda: self.ledger.call("GET", "/v1/coins")[0] == 200)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        same(self.process.wait(30), 0, "how the service ended")

    def put(self, name, receiver, **more):
        answer = self.ledger.must("PUT", f"/v1/webhooks/{name}", {"url": receiver.url if hasattr(receiver, "url") else receiver, **more})
        if hasattr(receiver, "secrets") and "secret" in answer:
            receiver.secrets = [answer["secret"]]
        return answer

    def last_event(self):
        return self.ledger.must("GET", "/v1/events?limit=1")["last_event"]


def certificate(work):
    """A private authority, and a certificate of localhost that it signed."""
    def openssl(*arguments):
        run("openssl", *arguments, cwd=work)
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=An authority of tests", "-keyout", "ca.key", "-out", "ca.pem")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr")
    (work / "names").write_text("subjectAltName=DNS:localhost\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names", "-out", "server.pem")
    return work / "server.pem", work / "server.key"


def npm_agrees(node, work, receivers):
    requests = [{"secret": secret, "headers": headers, "body": body}
                for receiver in receivers for _, headers, body in receiver.arrived[-200:] for secret in receiver.secrets]
    (work / "requests.json").write_text(json.dumps(requests))
    # Modules are looked for beside the script.
    shutil.copy(ROOT / "scripts" / "webhook_verify.mjs", node / "verify.mjs")
    print("     npm:", run("node", str(node / "verify.mjs"), str(work / "requests.json")).strip())


def in_order_once(receiver, count):
    """So many events arrived, each once, in order."""
    numbers = receiver.events()
    return len(numbers) >= count and same(numbers, sorted(set(numbers)))


def survives_kills(service, receiver):
    """Kills while events are written and delivered; then everything is there."""
    first = service.last_event() + 1
    service.put("kills", receiver, batch=20, kinds=["grant"], from_event=first)
    stop, written = threading.Event(), []

    def write():
        number = 0
        while not stop.is_set():
            try:
                answer = service.ledger.must("POST", "/v1/grants", {"user": "ana", "coin": "toco", "amount": 1}, idempotency_key=f"k{number}", timeout=5)
                written.append(answer["event"])
                number += 1
            except (AssertionError, OSError):
                time.sleep(0.05)

    writer = threading.Thread(target=write)
    writer.start()
    for _ in range(4):
        time.sleep(1.5)
        service.kill()
        service.start()
    time.sleep(1)
    stop.set()
    writer.join()
    wait_until("all that was acknowledged arrives", lambda: set(written) <= set(receiver.events()), seconds=60)
    numbers = receiver.events()
    highest = 0
    for number in numbers:
        # The service begins again where the ledger was told of, and leaves nothing out.
        between = [event for event in written if highest < event < number]
        same(between, [], f"events were passed over before {number}")
        highest = max(highest, number)
    print(f"     {len(written)} events through 4 kills, {len(numbers) - len(set(numbers))} of them more than once")


def updates_leave_no_gap_and_repeat_nothing(service, receiver):
    first = service.last_event() + 1
    service.put("updates", receiver, kinds=["spend"], from_event=first)
    for _ in range(3):
        for _ in range(20):
            service.ledger.must("POST", "/v1/spends", {"user": "ana", "coin": "toco", "amount": 1})
        wait_until("they arrive", lambda: len(set(receiver.events())) % 20 == 0 and receiver.events())
        service.end()
        service.start()
    wait_until("all arrive", lambda: len(set(receiver.events())) == 60)
    time.sleep(1)
    same(len(receiver.events()), 60, "how many arrived")


def takes(service, receiver):
    """How many events a second one endpoint takes in batches of 100."""
    first = service.last_event() + 1
    service.put("fast", receiver, batch=100, from_event=first)
    service.ledger.must("POST", "/v1/webhooks/fast/disable", {})
    operations = [{"op": "grant", "user": "ana", "coin": "toco", "amount": 1}] * 10_000
    written = 0
    while written < EVENTS:
        written += service.ledger.must("POST", "/v1/batch", {"operations": operations}, timeout=120)["applied"]
    begun = time.monotonic()
    service.ledger.must("POST", "/v1/webhooks/fast/enable", {})
    wait_until("all arrive", lambda: receiver.total >= written, seconds=300, pause=0.01)
    took = time.monotonic() - begun
    same(in_order_once(receiver, written), True, "each event arrived once, in order")
    rate = written / took
    print(f"     {written} events in {took:.1f} s: {rate:.0f} a second, {receiver.count()} requests")


def processor_s(process):
    """The processor time that a process has taken."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def writes(service, seconds=4):
    """Writes a second, one after the other, and the service's processor time for each in microseconds."""
    count, begun, end = 0, processor_s(service.process), time.monotonic() + seconds
    while time.monotonic() < end:
        service.ledger.must("POST", "/v1/spends", {"user": "ana", "coin": "toco", "amount": 1})
        count += 1
    return f"{count / seconds:.0f}/s at {(processor_s(service.process) - begun) / count * 1e6:.0f} us"


def a_dead_endpoint_costs_others_nothing(service, live):
    service.put("live", live, kinds=["spend"])
    before = writes(service)
    kept = []
    for number in range(20):
        listener, url = silent()
        kept.append(listener)
        service.put(f"silent-{number}", url)
        service.put(f"dead-{number}", "http://127.0.0.1:9/")
    # The first tries are over.
    time.sleep(3)
    after = writes(service)
    event = service.ledger.must("POST", "/v1/spends", {"user": "ana", "coin": "toco", "amount": 1})["event"]
    begun = time.monotonic()
    wait_until("the live one gets it", lambda: event in live.events()[-50:], pause=0.002)
    waited = time.monotonic() - begun
    # A silent one is waited for 15 s.
    same(waited < 5, True, f"the live endpoint waited {waited:.1f} s")
    for number in range(20):
        service.ledger.must("DELETE", f"/v1/webhooks/silent-{number}")
        service.ledger.must("DELETE", f"/v1/webhooks/dead-{number}")
    again = writes(service)
    print(f"     writes one after the other: {before} and {again} without, {after} with 40 dead and silent endpoints; the live one waited {waited * 1000:.0f} ms")


def main():
    node = Path(sys.argv[1])
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        key_and_certificate = certificate(work)
        service = Service(work)
        service.start()
        plain, secure, rotated = Receiver(), Receiver(key_and_certificate), Receiver()
        service.ledger.must("PUT", "/v1/users/ana", {"name": "Ana"})
        for name, receiver, more in [("plain", plain, {}), ("secure", secure, {"batch": 10}), ("rotated", rotated, {})]:
            service.put(name, receiver, from_event=1, **more)
        renewed = service.ledger.must("POST", "/v1/webhooks/rotated/rotate-secret", {})["secret"]
        for _ in range(50):
            service.ledger.must("POST", "/v1/grants", {"user": "ana", "coin": "toco", "amount": 100})
        last = service.last_event()
        checks.that("events arrive in order, each verified by the library from PyPI", wait_until, "all arrive", lambda: in_order_once(plain, 52))
        checks.that("the same over TLS, in batches", wait_until, "all arrive", lambda: in_order_once(secure, 52))
        rotated.secrets.append(renewed)
        for _ in range(5):
            service.ledger.must("POST", "/v1/grants", {"user": "ana", "coin": "toco", "amount": 100})
        checks.that("while a secret is replaced both verify", wait_until, "they arrive", lambda: max(rotated.events()) > last)
        checks.that("the library from npm agrees", npm_agrees, node, work, [plain, secure])
        checks.that("nothing was wrong", lambda: same(plain.wrong + secure.wrong + rotated.wrong, []))
        kills, updates, fast, live = Receiver(), Receiver(), Receiver(), Receiver()
        checks.that("kill -9 loses nothing and leaves no gap", survives_kills, service, kills)
        checks.that("an orderly restart leaves no gap and repeats nothing", updates_leave_no_gap_and_repeat_nothing, service, updates)
        checks.that("dead and silent endpoints cost a live one nothing", a_dead_endpoint_costs_others_nothing, service, live)
        for name in ("plain", "secure", "rotated", "kills", "updates", "live"):
            service.ledger.must("DELETE", f"/v1/webhooks/{name}")
        checks.that(f"one endpoint takes {EVENTS} events in batches of 100, each once and in order", takes, service, fast)
        checks.that("all of it was signed", lambda: same(kills.wrong + updates.wrong + fast.wrong + live.wrong, []))
        service.end()
        checks.that("the ledger is intact", lambda: run(BINARY, "verify", "--data-dir", str(work / "data")) != "")
    checks.end()


main()

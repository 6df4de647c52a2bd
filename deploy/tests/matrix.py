"""What a deployment must survive, tried on the emulated instances and their bodies: each row is one image pushed, or one thing
taken away. Signatures are required throughout, so every good image here is a signed one."""

import hashlib
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from blake3 import blake3

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "deploy" / "local"))

from bodies import docker  # noqa: E402
from checks import Checks  # noqa: E402
from world import REPOSITORY, World  # noqa: E402
from shell import Broken, run, wait_until  # noqa: E402

START_SECONDS = 8
SIGN = "/keys/tocos"
WRONG = "/keys/other"


class Service:
    """A client of the public side."""

    def __init__(self, world):
        self.world = world
        self.key = ""
        self.tls = ssl._create_unverified_context()

    def call(self, method, path, body=None, key=None, seconds=20):
        headers = {"content-type": "application/json", "authorization": f"Bearer {self.key}"}
        if key:
            headers["idempotency-key"] = key
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.world.url(path), data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=seconds, context=self.tls) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise Broken(f"{method} {path}: {error.code} {error.read().decode()[:300]}") from error
        except OSError as error:
            raise Broken(f"{method} {path}: {error}") from error

    def books(self):
        """What must survive everything: coins, what is held, and the issue of the coin."""
        users = self.call("GET", "/v1/users?limit=1000")["users"]
        balances = {user["id"]: self.call("GET", f"/v1/users/{user['id']}")["accounts"] for user in users}
        return json.dumps([balances, self.call("GET", f"/v1/holds/{self.hold}")], sort_keys=True)

    def fill(self):
        for user in ("ana", "bob"):
            self.call("PUT", f"/v1/users/{user}", {})
        self.call("POST", "/v1/grants", {"user": "ana", "coin": "toco", "amount": 100000})
        self.hold = self.call("POST", "/v1/holds", {"user": "ana", "coin": "toco", "amount": 600, "timeout_s": 86400})["id"]


class Writer(threading.Thread):
    """Transfers one coin after the other, each under its own key, and notes what was answered and the longest silence."""

    def __init__(self, service):
        super().__init__(daemon=True)
        self.service, self.done, self.events, self.failures, self.longest = service, threading.Event(), {}, 0, 0.0

    def run(self):
        last, number = time.monotonic(), 0
        while not self.done.is_set():
            body = {"from": "ana", "to": "bob", "coin": "toco", "amount": 1}
            try:
                self.events[number] = self.service.call("POST", "/v1/transfers", body, key=f"{id(self)}-{number}")["event"]
                self.longest = max(self.longest, time.monotonic() - last)
                last, number = time.monotonic(), number + 1
            except Broken:
                self.failures += 1
            time.sleep(0.01)

    def lost(self):
        body = {"from": "ana", "to": "bob", "coin": "toco", "amount": 1}
        again = {number: self.service.call("POST", "/v1/transfers", body, key=f"{id(self)}-{number}")["event"] for number in self.events}
        return [number for number, event in self.events.items() if again[number] != event]


class Matrix:
    def __init__(self, base, stand_in):
        self.base, self.stand_in = base, stand_in
        self.world = World("tocos-test", "10.21.0.0/16", 8640, variables={"start_timeout_seconds": START_SECONDS, "poll_seconds": 5})
        self.service = Service(self.world)
        self.made = []

    # Images.

    def good(self, version):
        """The real service; another version is another label, and so another digest."""
        name = f"tocos-test:good-{version}"
        text = f"FROM {self.base}\nLABEL org.opencontainers.image.version={version}\n"
        run("docker", "build", "-q", "-t", name, "-", stdin=text, env=dict(os.environ, DOCKER_BUILDKIT="0"))
        self.made.append(name)
        return name

    def bad(self, *words):
        name = f"tocos-test:{words[0]}"
        command = json.dumps(list(words))
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(self.stand_in, Path(folder) / "tocos")
            archive = subprocess.run(["tar", "-C", folder, "-c", "tocos"], capture_output=True, check=True).stdout
        subprocess.run(
            ["docker", "import", "-c", 'ENTRYPOINT ["/tocos"]', "-c", f"CMD {command}", "-c", "USER 65532:65532",
             "-c", f"LABEL org.opencontainers.image.version={words[0]}", "-", name],
            input=archive, capture_output=True, check=True,
        )
        self.made.append(name)
        return name

    def push(self, image, key=SIGN, tag="production"):
        """First under a tag nobody follows, then signed, then promoted: the order of the pipeline."""
        self.world.push(image, "candidate")
        self.promote(key, tag)

    def push_for_two_architectures(self, image):
        """As the pipeline does: each by digest, joined to one index. That for arm64 has this machine's binary: nothing runs it here."""
        release, remote = ROOT / "scripts" / "release-image.sh", f"127.0.0.1:{self.world.ports['registry']}/{REPOSITORY.split('/', 1)[1]}"
        with tempfile.TemporaryDirectory() as folder:
            digests = Path(folder) / "digests"
            digests.mkdir()
            for architecture in ("amd64", "arm64"):
                archive = Path(folder) / architecture
                run("skopeo", "copy", "-q", f"docker-daemon:{image}", f"oci:{archive}")
                relabel(archive, architecture)
                digest = run(release, "push", archive, remote).stdout.strip().removeprefix("digest=")
                (digests / architecture).write_text(digest)
            run(release, "join", remote, "candidate", digests)
        self.promote(SIGN, "production")

    def promote(self, key, tag):
        local = f"127.0.0.1:443/{REPOSITORY.split('/', 1)[1]}"
        sign = []
        if key:
            sign = [f"--sign-by-sigstore-private-key={key}.private", "--sign-passphrase-file=/keys/passphrase", f"--sign-identity={REPOSITORY}:{tag}"]
        self.registry(
            "skopeo", "copy", "-q", "--all", "--preserve-digests", "--src-tls-verify=false", "--dest-tls-verify=false", *sign,
            f"docker://{local}:candidate", f"docker://{local}:{tag}",
        )

    def registry(self, *command):
        return docker("exec", f"{self.world.name}-registry", *command)

    def make_keys(self):
        self.registry("mkdir", "-p", "/keys")
        self.registry("sh", "-c", "echo only-for-this-test > /keys/passphrase")
        self.registry("sh", "-c", "mkdir -p /etc/containers/registries.d && printf 'default-docker:\\n  use-sigstore-attachments: true\\n' > /etc/containers/registries.d/all.yaml")
        for key in (SIGN, WRONG):
            self.registry("skopeo", "generate-sigstore-key", "--output-prefix", key, "--passphrase-file", "/keys/passphrase")
        return self.registry("cat", f"{SIGN}.pub").stdout

    # The instance.

    def update(self, wanted):
        """One look of the updater, with the exit code it must have."""
        begun = time.monotonic()
        done = self.world.inside("/usr/local/sbin/tocos-update", "run", check=False)
        assert done.returncode == wanted, f"the updater ended with {done.returncode}, not {wanted}:\n{done.stdout}{done.stderr}"
        return time.monotonic() - begun, done.stdout

    def state(self):
        return json.loads(self.world.inside("tocos-update", "status").stdout)

    def running(self):
        """Container that runs, and since when: the same again means that nothing was touched."""
        return self.world.inside("podman", "inspect", "--format", "{{.Id}} {{.State.StartedAt}} {{.ImageName}}", "tocos").stdout.strip()

    def version(self):
        label = '{{index .Config.Labels "org.opencontainers.image.version"}}'
        return self.world.inside("podman", "inspect", "--format", label, "tocos").stdout.strip()

    def previous(self):
        label = '{{index .Labels "org.opencontainers.image.version"}}'
        return self.world.inside("podman", "image", "inspect", "--format", label, "localhost/tocos:previous").stdout.strip()

    def metric(self, name):
        text = self.world.inside("curl", "-fsS", "http://127.0.0.1:9100/metrics").stdout
        for line in text.splitlines():
            if line.startswith(f"tocos_deploy_{name} "):
                return float(line.split()[1])
        raise Broken(f"node-exporter does not show tocos_deploy_{name}")

    # The rows.

    def boot(self):
        self.image = self.world.begin()
        self.world.variables["signature_key"] = self.make_keys()
        self.push(self.good("one"))
        begun = time.monotonic()
        self.world.apply()
        applied = time.monotonic()
        self.world.follow(self.image)
        wait_until("the service answers through the proxy", lambda: self.world.ask("/version"), 90)
        booted = time.monotonic()
        wait_until("the instance has set itself up", lambda: self.world.inside("systemctl", "is-active", "tocos-update.timer", check=False).returncode == 0, 60)
        self.world.inside("systemctl", "stop", "tocos-update.timer")
        self.service.key = self.world.inside("cat", "/var/lib/tocos/key/first").stdout.strip()
        self.service.fill()
        return f"apply {applied - begun:.1f} s, boot to the first answer {booted - applied:.1f} s"

    def sides(self):
        service, prefix = f"http://{self.world.bodies.prefix}.10.10", self.world.bodies.prefix

        def reaches(url, within=None, address=None):
            curl = ["curl", "-s", "-o", "/dev/null", "--max-time", "1", url]
            if within:
                return docker("exec", within, *curl, check=False).returncode == 0
            if address:
                return docker("run", "--rm", "--network", self.world.name, "--ip", address, "--entrypoint", "curl", self.image, *curl[1:], check=False).returncode == 0
            return run(*curl, check=False).returncode == 0

        assert reaches(f"{service}:8080/version", within=self.world.proxy), "the proxy does not reach the service"
        assert not reaches(f"{service}:8080/version"), "the private service answers from outside"
        assert not reaches(f"{service}:8080/version", address=f"{prefix}.1.77"), "somebody in the VPC who is not the proxy reaches the service"
        assert not reaches(f"{service}:9464/metrics", within=self.world.proxy), "the proxy reads metrics, which its group may not"
        assert not reaches(f"{service}:9100/metrics"), "the host's metrics answer from outside"
        redirect = run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", f"http://127.0.0.1:{self.world.ports['http']}/").stdout
        assert redirect.startswith("308 https://"), redirect
        return "proxy yes; world, stranger in the VPC, ports outside the group no; 80 redirects"

    def watched(self):
        def sees(query):
            url = f"http://127.0.0.1:{self.world.ports['prometheus']}/api/v1/query?query={query}"
            with urllib.request.urlopen(url, timeout=3) as answer:
                return json.loads(answer.read())["data"]["result"]

        wait_until("Prometheus sees the service and its deployment", lambda: sees("up==1") and len(sees("up==1")) == 2 and sees("tocos_deploy_info"), 30)
        labels = sees("tocos_deploy_info")[0]["metric"]
        assert labels["version"] == "one" and labels["digest"].startswith("sha256:"), labels
        return f"{labels['digest'][:19]} is known as version {labels['version']}"

    def good_to_good(self):
        before = self.service.books()
        writer = Writer(self.service)
        self.push_for_two_architectures(self.good("two"))
        writer.start()
        time.sleep(0.5)
        took, _ = self.update(0)
        time.sleep(0.5)
        writer.done.set()
        writer.join()
        assert self.version() == "two", self.version()
        assert self.state()["current"] == self.world.digest(), "what runs is known by another digest than the index"
        assert len(writer.events) > 20, f"only {len(writer.events)} transfers"
        assert not writer.lost(), f"answered and lost: {writer.lost()}"
        held = json.loads(self.service.books())[1]
        assert held == json.loads(before)[1], f"the hold changed: {held}"
        return f"update {took:.1f} s; {len(writer.events)} transfers, none lost, {writer.failures} failed; longest silence {writer.longest:.2f} s"

    def rolled_back(self, image, times):
        before, good, rollbacks, way_back = self.service.books(), self.version(), self.metric("rollbacks_total"), self.previous()
        self.push(image)
        took, said = self.update(11)
        assert "rolled back" in said, said
        assert self.version() == good, f"{self.version()} runs"
        assert self.previous() == way_back, f"the way back by hand leads to {self.previous()} and not to {way_back}"
        assert self.service.books() == before, "coins or holds changed"
        assert self.metric("rollbacks_total") == rollbacks + 1 and self.metric("rejected") == 1, "the metrics say nothing of it"
        taken, words = self.world.judged(self.world.digest())
        assert not taken and "rolled back" in words, words
        untouched = self.running()
        for _ in range(times):
            self.update(0)
        assert self.running() == untouched, "the rejected image was tried again"
        return f"good again {took - 5:.1f} s after the trial began, {took:.1f} s with the 5 s of watching; not tried again"

    def registry_away(self):
        untouched = self.running()
        docker("stop", "-t", "1", f"{self.world.name}-registry")
        try:
            took, _ = self.update(10)
            assert self.metric("registry_up") == 0, "the metric says that the registry is there"
            assert self.running() == untouched, "the service was touched"
            self.world.inside("systemctl", "restart", "tocos.service")
            self.service.call("GET", "/version")
            begun = time.monotonic()
            docker("restart", self.world.service)
            wait_until("the service is back after a restart of its machine", lambda: self.world.ask("/version", 1), 60)
            back = time.monotonic() - begun
        finally:
            docker("start", f"{self.world.name}-registry")
        wait_until("the registry answers", self.world.bodies.registry_answers, 20)
        # Nobody starts it: the timer must have come up with the machine.
        wait_until("the timer looks again after the restart", lambda: self.metric("registry_up") == 1, 90)
        self.world.inside("systemctl", "stop", "tocos-update.timer")
        return f"look {took:.1f} s; a restart of the service and of its machine ({back:.1f} s) need no registry"

    def fix_for_a_crash_loop(self):
        before = self.service.books()
        self.push(self.bad("exit-at-once"), tag="broken")
        self.world.inside("podman", "pull", "-q", f"{REPOSITORY}:broken")
        self.world.inside("podman", "tag", f"{REPOSITORY}:broken", "localhost/tocos:current")
        self.world.inside("systemctl", "restart", "tocos.service", check=False)
        wait_until("the service is in a crash loop", lambda: int(self.world.inside("systemctl", "show", "-P", "NRestarts", "tocos.service").stdout) >= 3, 30)
        self.push(self.good("fix"))
        took, _ = self.update(0)
        assert self.version() == "fix" and self.service.books() == before
        return f"the fix serves {took - 5:.1f} s after the look began"

    def signature(self):
        untouched, image = self.running(), self.good("signed-late")
        for key, kind in ((None, "none"), (WRONG, "another's")):
            self.push(image if key is None else self.good("signed-by-another"), key=key)
            self.update(12)
            assert self.running() == untouched, f"an image with signature {kind} touched the service"
            assert self.metric("rejected") == 1, "the metric says nothing of it"
        self.push(self.good("signed-by-another"))
        self.update(0)
        assert self.version() == "signed-by-another" and self.metric("rejected") == 0
        return "none and another's refused without touching the service; signed properly, it was taken"

    def another_format_is_refused_before_writing(self):
        """The binary itself, with data that a newer version wrote: it must say so and change nothing."""
        with tempfile.TemporaryDirectory() as folder:
            data = Path(folder) / "data"
            self.world.inside("systemctl", "stop", "tocos.service")
            try:
                docker("cp", f"{self.world.service}:/var/lib/tocos/data", str(data))
            finally:
                self.world.inside("systemctl", "start", "tocos.service")
            for log in data.glob("log-*"):
                with open(log, "r+b") as file:
                    head = bytearray(file.read(HEADER_BYTES))
                    head[VERSION_AT] += 1
                    head[-32:] = blake3(bytes(head[:-32])).digest()
                    file.seek(0)
                    file.write(head)
            before = digest_of(data)
            run("chown", "-R", "65532:65532", data)
            done = docker("run", "--rm", "--network", "none", "-v", f"{data}:/var/lib/tocos", self.base, "serve", "--allow-unauthenticated", check=False, seconds=20)
            said = done.stdout + done.stderr
            assert done.returncode != 0 and ("format" in said or "version" in said), f"ended with {done.returncode}: {said[-500:]}"
            assert digest_of(data) == before, "the data were changed all the same"
            return said.strip().splitlines()[-1][:200]

    def by_the_timer(self):
        self.world.inside("systemctl", "start", "tocos-update.timer")
        self.push(self.good("timed"))
        _, took = wait_until("the timer takes the pushed image", lambda: self.version_or_none() == "timed" and self.world.ask("/version", 1), 60)
        (taken, words), _ = wait_until("the updater has judged it", lambda: self.world.judged(self.world.digest()), 30)
        assert taken, words
        assert self.service.books()
        return f"{took:.1f} s from the push to the answer (the timer looks every 5 s)"

    def version_or_none(self):
        try:
            return self.version()
        except Broken:
            return None

    def down(self):
        self.world.down()
        run("docker", "rmi", "-f", *self.made, check=False)
        self.world.bodies.remove_images()
        left = self.world.bodies.left_over()
        assert not left and not self.world.folder.exists(), left


# Where a segment keeps the version of its format, and how long its header is, whose end is a hash (docs/file-format.md).
VERSION_AT, HEADER_BYTES = 8, 128


def relabel(archive, architecture):
    """Makes an image of one architecture in an OCI folder one of another, by its word alone."""
    def blob(digest):
        return archive / "blobs" / "sha256" / digest.removeprefix("sha256:")

    def put(described, content):
        text = json.dumps(content).encode()
        described["digest"], described["size"] = "sha256:" + hashlib.sha256(text).hexdigest(), len(text)
        blob(described["digest"]).write_bytes(text)

    index = json.loads((archive / "index.json").read_text())
    manifest = json.loads(blob(index["manifests"][0]["digest"]).read_text())
    put(manifest["config"], json.loads(blob(manifest["config"]["digest"]).read_text()) | {"architecture": architecture})
    put(index["manifests"][0], manifest)
    (archive / "index.json").write_text(json.dumps(index))


def digest_of(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "lock")
    return run("sha256sum", *files).stdout


def give_up(*_):
    raise KeyboardInterrupt("asked to end")


def main():
    base, stand_in = sys.argv[1:]
    # The world is taken down on the way out.
    signal.signal(signal.SIGTERM, give_up)
    matrix = Matrix(base, stand_in)
    checks = Checks()
    rows = [
        ("isolated: who reaches what", matrix.sides),
        ("watched: Prometheus scrapes service and host", matrix.watched),
        ("good image to good image", matrix.good_to_good),
        ("an image that runs and never gets ready", lambda: matrix.rolled_back(matrix.bad("never-ready"), 2)),
        ("an image that exits at once", lambda: matrix.rolled_back(matrix.bad("exit-at-once"), 2)),
        ("an image that dies after it was ready", lambda: matrix.rolled_back(matrix.bad("die-when-ready"), 1)),
        ("a release with another format, which refuses to start", lambda: matrix.rolled_back(matrix.bad("refuse-old-format"), 1)),
        ("data of a newer format are refused before anything is written", matrix.another_format_is_refused_before_writing),
        ("the registry is away", matrix.registry_away),
        ("a fix pushed during a crash loop", matrix.fix_for_a_crash_loop),
        ("signatures that are missing or wrong", matrix.signature),
        ("a push is taken by the timer alone", matrix.by_the_timer),
    ]
    try:
        if checks.check("from nothing to a service that answers on its public side", matrix.boot):
            for name, row in rows:
                checks.check(name, row)
    finally:
        if not os.environ.get("TOCOS_KEEP"):
            checks.check("down leaves nothing", matrix.down)
    checks.close()


if __name__ == "__main__":
    main()

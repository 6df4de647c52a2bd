"""The checks of test-image.sh. The directory in its argument contains the static binary, and is the build context."""

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tarfile
import time
import tomllib
import urllib.request
import zlib
from pathlib import Path

from checks import Checks, run, same, wait_until
from ledger_client import Ledger, Writers

ROOT = Path(__file__).resolve().parent.parent
WORK = Path(sys.argv[1])
IMAGE = "tocos:checked"
NAME = f"tocos-check-{os.getpid()}"
HARDENED = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
FIRST_KEY = "/var/lib/tocos/first-key"
SIZE_BYTES_MAX = 12_000_000
STOP_SECONDS_MAX = 5
CREATED = "2026-01-02T03:04:05Z"


def docker(*arguments, **options):
    return run("docker", *arguments, **options)


def build():
    revision = run("git", "-C", str(ROOT), "rev-parse", "HEAD").strip()
    labels = {"VERSION": "0.0.1-check", "REVISION": revision, "CREATED": CREATED, "SOURCE": "https://example.org/tocos"}
    arguments = [part for name, value in labels.items() for part in ("--build-arg", f"{name}={value}")]
    run(str(ROOT / "scripts/docker-build.sh"), "--file", str(ROOT / "Dockerfile"), "--target", "packed", "--build-arg", "BINARY=tocos", *arguments, "--tag", IMAGE, str(WORK))
    found = inspect_image()["Config"]["Labels"]
    for label, value in [("version", labels["VERSION"]), ("revision", revision), ("created", CREATED), ("source", labels["SOURCE"]), ("title", "tocos"), ("licenses", "Apache-2.0")]:
        same(found[f"org.opencontainers.image.{label}"], value, label)


def inspect_image():
    return json.loads(docker("image", "inspect", IMAGE))[0]


def size_is_small():
    size = inspect_image()["Size"]
    print(f"     the image takes {size / 1e6:.1f} MB", flush=True)
    return size <= SIZE_BYTES_MAX


def config_is_as_written():
    config = inspect_image()["Config"]
    same(config["User"], "65532:65532")
    same(config["Entrypoint"], ["/tocos"])
    same(config["Cmd"], ["serve"])
    same(config["Healthcheck"]["Test"], ["CMD", "/tocos", "health"])
    same(list(config["Volumes"]), ["/var/lib/tocos"])
    same(list(config["ExposedPorts"]), ["8080/tcp"])
    same(config["StopSignal"], "SIGTERM")


def binary_is_static():
    program = run("readelf", "--program-headers", "--dynamic", "--wide", str(WORK / "tocos"))
    return "INTERP" not in program and "(NEEDED)" not in program


def the_list_of_crates_is_inside():
    """As cargo-auditable puts it there: JSON, compressed by zlib, in a section of its own."""
    section = WORK / "dep-v0"
    run("objcopy", "--dump-section", f".dep-v0={section}", str(WORK / "tocos"), str(WORK / "copy"))
    found = {(package["name"], package["version"]) for package in json.loads(zlib.decompress(section.read_bytes()))["packages"] if package.get("kind") != "build"}
    locked = {(package["name"], package["version"]) for package in tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]}
    same(found - locked, set(), "crates of other versions than Cargo.lock says")
    print(f"     {len(found)} crates are listed in it", flush=True)
    return {"tocos", "tocos-ledger", "hyper", "rustls"} <= {name for name, _ in found}


def only_the_binary_is_inside():
    """Beside it only what the engine itself puts into every container."""
    container = docker("create", IMAGE).strip()
    try:
        packed = subprocess.run(["docker", "export", container], capture_output=True, check=True).stdout
    finally:
        docker("rm", "--volumes", container)
    engines_own = {".dockerenv", "etc/hostname", "etc/hosts", "etc/mtab", "etc/resolv.conf", "dev/console"}
    files = {entry.name for entry in tarfile.open(fileobj=io.BytesIO(packed)) if not entry.isdir()}
    same(files - engines_own, {"tocos"})


def there_is_no_shell():
    for shell in ("/bin/sh", "/bin/bash", "/bin/busybox", "sh"):
        done = docker("run", "--rm", "--entrypoint", shell, IMAGE, "-c", "true", ok=False)
        same(done.returncode, 127, shell)


def version_is_inside():
    said = docker("run", "--rm", *HARDENED, IMAGE, "--version")
    wanted = run("git", "-C", str(ROOT), "rev-parse", "--short=12", "HEAD").strip()
    # An existing binary may be of an earlier commit, so any commit is accepted.
    return wanted in said or re.search(r"\b[0-9a-f]{12}\b", said)


def without_a_key_it_says_how_to_make_one():
    done = docker("run", "--rm", *HARDENED, "--tmpfs", "/var/lib/tocos:uid=65532,gid=65532", IMAGE, ok=False)
    same(done.returncode != 0, True, "it served everybody")
    for word in ("API key", "TOCOS_BOOTSTRAP_KEY_FILE"):
        if word not in done.stderr:
            raise AssertionError(f"it does not speak of {word}: {done.stderr}")


class Service:
    """The image, started the way the documentation says, on a volume of its own."""

    def __init__(self, suffix="", environment=(), image=IMAGE):
        self.name, self.volume = NAME + suffix, NAME + suffix
        extra = [part for pair in environment for part in ("--env", pair)]
        # A free port that stays the same after restarts of the container.
        self.port, self.internal_port = free_port(), free_port()
        begun = time.monotonic()
        docker("run", "--detach", "--name", self.name, *HARDENED, "--volume", f"{self.volume}:/var/lib/tocos",
               "--publish", f"127.0.0.1:{self.port}:8080", "--publish", f"127.0.0.1:{self.internal_port}:9464",
               "--health-interval", "1s", "--health-retries", "2", "--health-start-period", "1ms",
               "--env", "TOCOS_INTERNAL_LISTEN=0.0.0.0:9464", "--env", f"TOCOS_BOOTSTRAP_KEY_FILE={FIRST_KEY}", *extra, image)
        self.created_s = time.monotonic() - begun

    def state(self):
        return json.loads(docker("inspect", self.name))[0]["State"]

    def ready(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.internal_port}/readyz", timeout=2) as answer:
            return answer.status == 200

    def wait_ready(self):
        wait_until("the container answers /readyz with 200", self.ready, pause=0.005)

    def ledger(self, with_key=True):
        key = None
        if with_key:
            packed = subprocess.run(["docker", "cp", f"{self.name}:{FIRST_KEY}", "-"], capture_output=True, check=True).stdout
            with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
                key = archive.extractfile(archive.getmembers()[0]).read().decode().strip()
        return Ledger(f"http://127.0.0.1:{self.port}", key)

    def start(self):
        docker("start", self.name)
        self.wait_ready()

    def remove(self):
        docker("rm", "--force", "--volumes", self.name, ok=False)
        docker("volume", "rm", "--force", self.volume, ok=False)


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def it_starts(service):
    service.wait_ready()
    # Compares timestamps of the engine and of the service; both use the machine's clock.
    started = service.state()["StartedAt"]
    docker("stop", service.name)
    times = []
    for _ in range(3):
        docker("start", service.name)
        service.wait_ready()
        ready = time.time()
        times.append(ready - seconds_since_1970(service.state()["StartedAt"]))
        docker("stop", service.name)
    print(f"     from the start of the process to /readyz: {min(times) * 1000:.0f} to {max(times) * 1000:.0f} ms (first start at {started})", flush=True)
    service.start()
    return max(times) < 5


def seconds_since_1970(text):
    whole, fraction = re.match(r"(.*?)(\.\d+)?Z", text).groups()
    return time.mktime(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) - time.timezone + float(fraction or 0)


def it_becomes_healthy(service):
    wait_until("docker calls it healthy", lambda: service.state()["Health"]["Status"] == "healthy", 15)


def it_becomes_unhealthy():
    """Without its internal listener nobody can tell that it is ready."""
    service = Service("-deaf", ["TOCOS_INTERNAL_LISTEN=none"])
    try:
        wait_until("docker calls it unhealthy", lambda: service.state()["Health"]["Status"] == "unhealthy", 15)
    finally:
        service.remove()


def process_has_no_rights(service):
    status = Path(f"/proc/{service.state()['Pid']}/status").read_text()
    field = lambda name: re.search(rf"^{name}:\s+(.*)$", status, re.M)[1].split()
    same(field("Uid"), ["65532"] * 4, "uid")
    same(field("Gid"), ["65532"] * 4, "gid")
    same(int(field("CapEff")[0], 16), 0, "effective capabilities")
    same(int(field("CapBnd")[0], 16), 0, "capabilities that can be gained")
    same(field("NoNewPrivs"), ["1"])


def nothing_but_the_volume_is_written(service):
    same(docker("diff", service.name).strip(), "")


def strangers_stay_out(service):
    same(service.ledger(with_key=False).call("GET", "/v1/users")[0], 401)


def the_api_is_used(service):
    ledger = service.ledger()
    for user in ("ana", "bob", "cy"):
        ledger.must("POST", "/v1/users", {"id": user, "name": user.title()})
        ledger.must("POST", "/v1/grants", {"user": user, "coin": "toco", "amount": 100_000})
    ledger.must("POST", "/v1/spends", {"user": "ana", "coin": "toco", "amount": 10})
    hold = ledger.must("POST", "/v1/holds", {"user": "bob", "coin": "toco", "amount": 30, "timeout_s": 3600})
    ledger.must("POST", f"/v1/holds/{hold['id']}/capture", {"amount": 20})
    same(ledger.coins(), {"ana": {"toco": 99_990}, "bob": {"toco": 99_980}, "cy": {"toco": 100_000}})


def its_own_client_works_inside(service):
    shown = docker("exec", "--env", f"TOCOS_KEY={service.ledger().key}", service.name, "/tocos", "users", "--url", "http://localhost:8080")
    return all(name in shown for name in ("ana", "bob", "cy"))


def sum_of_all(ledger):
    return sum(coins.get("toco", 0) for coins in ledger.coins().values())


def it_ends_gently_under_load(service):
    ledger = service.ledger()
    before = sum_of_all(ledger)
    with Writers(ledger, ["ana", "bob", "cy"], name=f"gentle{time.time_ns()}-") as writers:
        time.sleep(1)
        begun = time.monotonic()
        docker("stop", "--time", "30", service.name)
        took = time.monotonic() - begun
        same(service.state()["ExitCode"], 0, "exit code")
    print(f"     ended {took:.2f} s after SIGTERM, {len(writers.answered)} transfers answered before", flush=True)
    service.start()
    same(writers.lost(), [], "lost")
    same(sum_of_all(ledger), before, "sum of all coins")
    return took < STOP_SECONDS_MAX and len(writers.answered) > 10


def it_survives_being_killed(service):
    ledger = service.ledger()
    before = sum_of_all(ledger)
    with Writers(ledger, ["ana", "bob", "cy"], name=f"killed{time.time_ns()}-") as writers:
        time.sleep(1)
        docker("kill", "--signal", "KILL", service.name)
        wait_until("it is dead", lambda: not service.state()["Running"])
        same(service.state()["ExitCode"], 128 + signal.SIGKILL, "exit code")
    service.start()
    same(writers.lost(), [], "lost")
    same(sum_of_all(ledger), before, "sum of all coins")
    return len(writers.answered) > 10


def a_new_container_finds_the_old_balances(service):
    """Removing the container leaves the volume; the next one, of whatever image, goes on."""
    ledger = service.ledger()
    balances = ledger.coins()
    docker("rm", "--force", service.name)
    fresh = Service()
    fresh.wait_ready()
    same(fresh.ledger().key, ledger.key, "the key")
    same(fresh.ledger().coins(), balances)
    service.port, service.internal_port = fresh.port, fresh.internal_port


def two_cannot_share_a_volume(service):
    done = docker("run", "--rm", *HARDENED, "--volume", f"{service.volume}:/var/lib/tocos", IMAGE, ok=False)
    same(done.returncode != 0, True, "a second one opened the same ledger")
    return "/var/lib/tocos" in done.stderr


def it_travels_through_a_registry():
    port = free_port()
    config = WORK / "registry.yml"
    config.write_text(f"version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {WORK}/registry\nhttp:\n  addr: 127.0.0.1:{port}\n")
    registry = subprocess.Popen(["docker-registry", "serve", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    remote = f"127.0.0.1:{port}/someone/tocos"
    try:
        wait_until("the registry answers", lambda: urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/", timeout=2).status == 200)
        docker("tag", IMAGE, f"{remote}:1")
        pushed = re.search(r"digest: (sha256:[0-9a-f]{64})", docker("push", f"{remote}:1"))[1]
        seen = json.loads(run("skopeo", "inspect", "--tls-verify=false", f"docker://{remote}:1"))
        same(seen["Digest"], pushed)
        identity = inspect_image()["Id"]
        docker("image", "rm", "--force", f"{remote}:1")
        docker("pull", f"{remote}@{pushed}")
        same(json.loads(docker("image", "inspect", f"{remote}@{pushed}"))[0]["Id"], identity, "the image pulled")
        return "tocos" in docker("run", "--rm", *HARDENED, f"{remote}@{pushed}", "--version")
    finally:
        docker("image", "rm", "--force", f"{remote}:1", ok=False)
        registry.terminate()
        registry.wait()


def main():
    checks = Checks()
    checks.that("hadolint finds nothing in the Dockerfile", lambda: same(run("hadolint", str(ROOT / "Dockerfile")), ""))
    checks.that("the image is built with its labels", build)
    checks.that("it takes at most 12 MB", size_is_small)
    checks.that("user, volume, health check and stop signal are as the documentation says", config_is_as_written)
    checks.that("the binary needs no library of the image", binary_is_static)
    checks.that("the list of its crates is in the binary", the_list_of_crates_is_inside)
    checks.that("nothing but the binary is inside", only_the_binary_is_inside)
    checks.that("there is no shell", there_is_no_shell)
    checks.that("version and commit are inside", version_is_inside)
    checks.that("without a key it refuses to serve and says how to make one", without_a_key_it_says_how_to_make_one)
    service = Service()
    try:
        checks.that("it starts read-only without capabilities and is soon ready", it_starts, service)
        checks.that("it becomes healthy", it_becomes_healthy, service)
        checks.that("it becomes unhealthy when nobody can tell that it is ready", it_becomes_unhealthy)
        checks.that("the process has no rights and can gain none", process_has_no_rights, service)
        checks.that("who has no key stays out", strangers_stay_out, service)
        checks.that("users, grants, spends and holds work", the_api_is_used, service)
        checks.that("its own client works inside the container", its_own_client_works_inside, service)
        checks.that("SIGTERM under load ends it within 5 s and nothing answered is lost", it_ends_gently_under_load, service)
        checks.that("kill -9 under load loses nothing answered", it_survives_being_killed, service)
        checks.that("a new container on the same volume has the same balances and key", a_new_container_finds_the_old_balances, service)
        checks.that("a second container on the same volume is refused", two_cannot_share_a_volume, service)
        checks.that("nothing but the volume was written", nothing_but_the_volume_is_written, service)
    finally:
        service.remove()
    checks.that("it goes through a registry and comes back as the same image", it_travels_through_a_registry)
    checks.end()


main()

"""The checks of test-release.sh. The directory in its argument has the static binary in `context`; all other files are written there."""

import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from checks import Checks, run, same, wait_until

ROOT = Path(__file__).resolve().parent.parent
WORK = Path(sys.argv[1])
BINARY = WORK / "context" / "tocos"
NAME = f"tocos-release-{os.getpid()}"
ARCHITECTURES = ("amd64", "arm64")
# The annotation by which buildx marks provenance in an index.
ATTESTATION = {"vnd.docker.reference.type": "attestation-manifest"}
OCI_INDEX, OCI_MANIFEST = "application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json"


def release(*words, ok=True, **options):
    return run(str(ROOT / "scripts/release-image.sh"), *words, ok=ok, **options)


def digest_in(said):
    return re.fullmatch(r"digest=(sha256:[0-9a-f]{64})\n", said)[1]


def binary_is_tried():
    said = run(str(ROOT / "scripts/test-binary.sh"), str(BINARY))
    print("".join(f"     {line}\n" for line in said.splitlines()), end="", flush=True)
    return said.splitlines()[-1] == "6 passed, 0 failed"


def another_program_is_refused():
    """A program that is no static Tocos must not pass for one."""
    done = run(str(ROOT / "scripts/test-binary.sh"), shutil.which("sleep"), ok=False)
    return done.returncode != 0 and "FAILED" in done.stdout


class Registry:
    def __init__(self):
        config, addresses = WORK / "registry.yml", WORK / "registry"
        self.port = free_port()
        config.write_text(
            f"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {addresses}}}}}\nhttp: {{addr: '127.0.0.1:{self.port}'}}\n"
        )
        self.process = subprocess.Popen(["docker-registry", "serve", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.image = f"127.0.0.1:{self.port}/acme/tocos"
        wait_until("the registry answers", lambda: self.get("/v2/"))

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
            return answer.read()

    def tags(self):
        try:
            return json.loads(self.get("/v2/acme/tocos/tags/list"))["tags"] or []
        except urllib.error.HTTPError as error:
            # A repository without tags counts as missing.
            if error.code == 404:
                return []
            raise

    def manifest(self, name):
        text = run("skopeo", "inspect", "--tls-verify=false", "--raw", f"docker://{self.image}{name}")
        return json.loads(text), "sha256:" + hashlib.sha256(text.encode()).hexdigest()

    def end(self):
        self.process.terminate()
        self.process.wait(10)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def build(architecture):
    """Packed for an architecture. The binary inside is this machine's in both: it is the index that is tried here, not the processor."""
    name = f"{NAME}:{architecture}"
    run(
        str(ROOT / "scripts/docker-build.sh"), "--platform", f"linux/{architecture}", "--file", str(ROOT / "Dockerfile"), "--target", "packed",
        "--build-arg", "BINARY=tocos", "--build-arg", "VERSION=0.0.1-check", "--tag", name, str(WORK / "context"),
    )
    archive = WORK / f"oci-{architecture}"
    run("skopeo", "copy", "-q", f"docker-daemon:{name}", f"oci:{archive}")
    return archive


class Release:
    def __init__(self, registry):
        self.registry = registry
        self.digests = {}
        self.folder = WORK / "digests"
        self.folder.mkdir()

    def push_by_digest(self):
        for architecture in ARCHITECTURES:
            self.digests[architecture] = digest_in(release("push", str(build(architecture)), self.registry.image))
            (self.folder / architecture).write_text(self.digests[architecture] + "\n")
        same(len(set(self.digests.values())), 2, "different digests")
        same(self.registry.tags(), [], "tags after pushes by digest")

    def join(self):
        self.digest = digest_in(release("join", self.registry.image, "commit-one", str(self.folder)))
        index, digest = self.registry.manifest(":commit-one")
        same(digest, self.digest, "the digest that join names")
        listed = {entry["platform"]["architecture"]: entry["digest"] for entry in index["manifests"]}
        same(listed, self.digests, "what the index lists")
        for architecture in ARCHITECTURES:
            config = json.loads(run(
                "skopeo", "inspect", "--tls-verify=false", "--config", "--override-os", "linux", "--override-arch", architecture,
                f"docker://{self.registry.image}:commit-one",
            ))
            same(config["architecture"], architecture, "a machine of that kind gets")

    def join_keeps_attestations(self):
        """An architecture that comes as an index, as buildx makes it with provenance: image, and a statement about it."""
        part = WORK / "with-attestation"
        run("skopeo", "copy", "-q", "--src-tls-verify=false", f"docker://{self.registry.image}@{self.digests['amd64']}", f"dir:{part}")
        image = (part / "manifest.json").read_bytes()
        config = json.dumps({"architecture": "unknown", "os": "unknown", "config": {}, "rootfs": {"type": "layers", "diff_ids": []}}).encode()
        statement = json.dumps({"_type": "https://in-toto.io/Statement/v0.1", "subject": []}).encode()
        attestation = json.dumps({
            "schemaVersion": 2, "mediaType": OCI_MANIFEST,
            "config": described(config, "application/vnd.oci.image.config.v1+json"), "layers": [described(statement, "application/vnd.in-toto+json")],
        }).encode()
        for blob in (config, statement):
            (part / hashlib.sha256(blob).hexdigest()).write_bytes(blob)
        for manifest in (image, attestation):
            (part / f"{hashlib.sha256(manifest).hexdigest()}.manifest.json").write_bytes(manifest)
        listed = [
            described(image, OCI_MANIFEST) | {"platform": {"architecture": "amd64", "os": "linux"}},
            described(attestation, OCI_MANIFEST)
            | {"platform": {"architecture": "unknown", "os": "unknown"}, "annotations": ATTESTATION | {"vnd.docker.reference.digest": self.digests["amd64"]}},
        ]
        (part / "manifest.json").write_text(json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": listed}))
        run("skopeo", "copy", "-q", "--all", "--preserve-digests", "--dest-tls-verify=false", f"dir:{part}", f"docker://{self.registry.image}:part")
        (self.folder / "amd64").write_text(self.registry.manifest(":part")[1])
        joined = digest_in(release("join", self.registry.image, "commit-two", str(self.folder)))
        index, digest = self.registry.manifest(":commit-two")
        same(digest, joined, "the digest that join names")
        same(index["manifests"][:2], listed, "what the part listed")
        same(index["manifests"][2]["digest"], self.digests["arm64"], "the other architecture")

    def join_refuses_one_architecture_twice(self):
        twice = WORK / "twice"
        twice.mkdir()
        for name in ("one", "two"):
            (twice / name).write_text(self.digests["amd64"])
        done = release("join", self.registry.image, "commit-three", str(twice), ok=False)
        return done.returncode != 0 and "each architecture must be there once" in done.stderr and "commit-three" not in self.registry.tags()

    def promote(self):
        for digest in (self.digests["amd64"], self.digest):
            release("promote", self.registry.image, digest, "production")
            same(self.registry.manifest(":production")[1], digest, "the channel points at")
        return "production" in self.registry.tags()

    def promote_refuses_what_is_not_there(self):
        done = release("promote", self.registry.image, "sha256:" + "0" * 64, "production", ok=False)
        same(self.registry.manifest(":production")[1], self.digest, "the channel still points at")
        return done.returncode != 0

    def runs_from_the_channel(self):
        """The engine takes its own architecture out of the index, and the service that waits to be asked is the one promoted."""
        container = run(
            "docker", "run", "--detach", "--rm", "--name", NAME, "--publish", "127.0.0.1::8080", "--env", "TOCOS_BOOTSTRAP_KEY_FILE=/var/lib/tocos/first-key",
            f"{self.registry.image}:production",
        ).strip()
        try:
            address = run("docker", "port", container, "8080/tcp").splitlines()[0]
            commit = wait_until("it answers", lambda: json.loads(urllib.request.urlopen(f"http://{address}/version", timeout=2).read())["commit"])
            said = release("wait", f"http://{address}", commit + "0" * 28, "20")
            same(f"answers as {commit}" in said, True, said)
            begun = time.monotonic()
            other = release("wait", f"http://{address}", "f" * 40, "3", ok=False)
            same(other.returncode, 1, "waiting for a commit that does not come")
            return "does not answer as ffffffffffff" in other.stderr and time.monotonic() - begun < 15
        finally:
            run("docker", "stop", "--time", "5", container)


def described(content, kind):
    return {"mediaType": kind, "digest": f"sha256:{hashlib.sha256(content).hexdigest()}", "size": len(content)}


def main():
    checks = Checks()
    checks.that("the binary that ships is static, starts, keeps coins over a kill, and ends in order", binary_is_tried)
    checks.that("another program is not taken for it", another_program_is_refused)
    registry = Registry()
    try:
        release = Release(registry)
        checks.that("images for two architectures are pushed by digest, under no tag", release.push_by_digest)
        checks.that("one index of both: their digests as they were, each machine gets its own", release.join)
        checks.that("provenance beside an image stays as it was", release.join_keeps_attestations)
        checks.that("one architecture twice is refused, and nothing is tagged", release.join_refuses_one_architecture_twice)
        checks.that("promote moves the channel to a digest, and from there to another", release.promote)
        checks.that("promote refuses a digest that is not there, and the channel stays", release.promote_refuses_what_is_not_there)
        checks.that("what the channel points at runs; waiting for its commit ends, for another one gives up", release.runs_from_the_channel)
    finally:
        registry.end()
        names = [f"{NAME}:{architecture}" for architecture in ARCHITECTURES] + [f"{registry.image}:production"]
        run("docker", "image", "rm", "--force", *names, ok=False)
    checks.end()


if __name__ == "__main__":
    main()

"""Manages a complete environment on this machine, called a world: an emulated AWS, the Terraform applied to it, a container for each
instance (its body), a registry instead of Docker Hub, and a Prometheus. `up`, `down`, `push`, `status`."""

import argparse
import json
import shutil
import sys
import time
import urllib.request

from bodies import Bodies, docker, instances, rules_of
from emulator import Emulator
from shell import CACHE, Broken, fail, run, say, wait_until
from workspace import Workspace

REPOSITORY = "docker.io/tocos-local/tocos"
POLL_SECONDS = 5
MANIFESTS = [
    "application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json", "application/vnd.docker.distribution.manifest.v2+json",
]


class World:
    def __init__(self, name="tocos-local", cidr="10.20.0.0/16", first_port=8440, emulator_port=None, variables=None):
        self.name = name
        self.folder = CACHE / name
        self.variables = variables or {}
        self.cidr = cidr
        self.ports = {"https": first_port + 3, "http": first_port, "registry": first_port + 60, "prometheus": first_port + 50}
        self.emulator = Emulator("moto", sys.executable, self.folder, emulator_port)
        self.workspace = Workspace(self.folder / "workspace")
        self.bodies = Bodies(name, self.folder, cidr, self.ports)
        self.service = f"{name}-tocos-service"
        self.proxy = f"{name}-tocos-proxy"

    # Making it.

    def outside(self):
        """The body's image, the registry and the emulator: what is there before anything is applied."""
        image = self.bodies.image()
        self.down()
        self.folder.mkdir(parents=True)
        self.bodies.outside(image)
        self.emulator.start()
        return image

    def apply(self):
        self.workspace.copy(self.emulator.url).unprotect()
        prefix = self.bodies.prefix
        self.workspace.variables({
            "image": REPOSITORY, "vpc_cidr": self.cidr, "nat": True, "architecture": "amd64", "instance_type": "t3.small",
            "proxy_instance_type": "t3.nano", "ami_id": "ami-12c6146b", "backups": False, "ssm_agent": False,
            "poll_seconds": POLL_SECONDS, "metrics_cidrs": [f"{prefix}.200.0/28"],
        } | self.variables)
        self.workspace.terraform("init")
        self.workspace.terraform("apply", "-auto-approve", "-no-color")

    def boot(self, image, only=None):
        found = instances(self.emulator)
        members = {}
        for instance in found:
            for group in instance["groups"]:
                members.setdefault(group, []).append(instance["ip"])
        outputs = self.workspace.outputs()
        for instance in found:
            if only and instance["name"] != only:
                continue
            is_public = instance["public_ip"] is not None
            is_service = instance["id"] == outputs["instance_id"]
            self.bodies.boot(
                image, instance, instance["user_data"], rules_of(self.emulator, instance["groups"], members), REPOSITORY,
                [(self.ports["https"], 443), (self.ports["http"], 80)] if is_public else [],
                outputs["data_volume_id"] if is_service else None,
            )
        self.bodies.prometheus(image, outputs["private_ip"])

    def push(self, source, tag="production"):
        """An image of this machine's Docker into the registry, under the tag that the instance follows."""
        target = f"127.0.0.1:{self.ports['registry']}/{REPOSITORY.split('/', 1)[1]}:{tag}"
        docker("tag", source, target)
        try:
            docker("push", "-q", target)
        finally:
            docker("rmi", target, check=False)

    def digest(self, tag="production"):
        """What the registry says the tag points at."""
        url = f"http://127.0.0.1:{self.ports['registry']}/v2/{REPOSITORY.split('/', 1)[1]}/manifests/{tag}"
        kinds = ", ".join(MANIFESTS)
        request = urllib.request.Request(url, method="HEAD", headers={"accept": kinds})
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.headers["Docker-Content-Digest"]

    def updater_knows(self):
        """What the updater remembers, read without waiting for it: the file is replaced whole."""
        done = self.inside("cat", "/var/lib/tocos-deploy/state.json", check=False)
        return json.loads(done.stdout) if done.returncode == 0 else {}

    def judged(self, digest):
        """Once the updater has looked at a digest: whether it is taken, and in words."""
        known = self.updater_knows()
        if known.get("trying") or known.get("latest") != digest:
            return None
        if digest in known["rejected"]:
            return False, f"rolled back, and never tried again: {known['rejected'][digest]['reason']}"
        if digest == known["unsigned"]:
            return False, "refused for its signature; the service was not touched"
        return (True, "taken") if digest == known["current"] else None

    def down(self):
        self.emulator.stop()
        self.bodies.remove()
        shutil.rmtree(self.folder, ignore_errors=True)

    # Looking at it.

    def url(self, path):
        return f"https://127.0.0.1:{self.ports['https']}{path}"

    def ask(self, path, seconds=3):
        done = run("curl", "-sk", "--max-time", str(seconds), "-w", "\n%{http_code}", self.url(path), check=False)
        body, _, code = done.stdout.rpartition("\n")
        return body if code == "200" else None

    def inside(self, *command, body=None, check=True, stdin=None):
        return docker("exec", *(["-i"] if stdin is not None else []), body or self.service, *command, check=check, stdin=stdin)


def command_up(world, image_to_push):
    begun = time.monotonic()
    image = world.outside()
    say(f"registry and emulator: {time.monotonic() - begun:.1f} s")
    world.push(image_to_push)
    begun = time.monotonic()
    world.apply()
    say(f"terraform apply: {time.monotonic() - begun:.1f} s")
    begun = time.monotonic()
    world.boot(image)
    answer, _ = wait_until("the service answers through the proxy", lambda: world.ask("/version"), 120)
    say(f"boot until the service answers: {time.monotonic() - begun:.1f} s")
    say(f"""
{answer.strip()}

service      curl -k {world.url('/version')}
first key    docker exec {world.service} cat /var/lib/tocos/key/first
updates      docker exec {world.service} journalctl -u tocos-update -f
numbers      http://127.0.0.1:{world.ports['prometheus']}/graph?g0.expr=tocos_deploy_info
next image   scripts/local-push.sh IMAGE        (taken within 5 s)
a shell      docker exec -it {world.service} bash
the end      scripts/local-down.sh""")
    return 0


def command_push(world, image):
    before = world.updater_knows().get("current")
    world.push(image)
    begun, digest = time.monotonic(), world.digest()
    if digest == before:
        say(f"{digest} is what runs already")
        return 0
    say(f"pushed as {digest}; the instance looks every {POLL_SECONDS} s")
    (taken, words), took = wait_until("the instance has judged it (see: journalctl -u tocos-update)", lambda: world.judged(digest), 300)
    say(f"{words}; known {took:.1f} s after the push")
    say((world.ask("/version") or "the service does not answer").strip())
    return 0 if taken else 1


def command_down(world):
    world.down()
    world.bodies.remove_images()
    left = world.bodies.left_over() + [str(path) for path in (world.folder,) if path.exists()]
    if left:
        raise Broken(f"still there: {' '.join(left)}")
    say("nothing is left")
    return 0


def command_status(world):
    for body in (world.service, world.proxy):
        say(docker("ps", "-a", "--filter", f"name=^{body}$", "--format", "{{.Names}}: {{.Status}}").stdout.strip() or f"{body}: is not there")
    say(world.ask("/version") or "the service does not answer")
    say(world.inside("tocos-update", "status", check=False).stdout)
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="make everything and wait until the service answers")
    up.add_argument("image", help="image of this machine's Docker that is deployed first")
    push = commands.add_parser("push", help="push an image of this machine's Docker as the new production")
    push.add_argument("image")
    commands.add_parser("down", help="remove everything")
    commands.add_parser("status", help="say what runs")
    arguments = parser.parse_args()
    world = World()
    try:
        if arguments.command == "up":
            return command_up(world, arguments.image)
        if arguments.command == "push":
            return command_push(world, arguments.image)
        return command_down(world) if arguments.command == "down" else command_status(world)
    except Broken as broken:
        return fail(broken)


if __name__ == "__main__":
    sys.exit(main())

"""A world on this machine: an emulated AWS, bodies for the machines and the database that it has, a registry in Docker Hub's place, and a
Prometheus."""

import json
import os
import re
import shutil
import subprocess
import sys

import cloud
import database
from bodies import IN_CONTAINER, STORE_PORT, Bodies, docker
from emulator import Emulator, end_process
from shell import CACHE, ROOT, Broken, wait_until
from workspace import Workspace

REPOSITORY, CHANNEL = "docker.io/tocos-local/tocos", "production"
POLL_SECONDS = 5
MANIFESTS = [
    "application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json", "application/vnd.docker.distribution.manifest.v2+json",
]


class World:
    def __init__(self, name=None, cidr=None, first_port=None, emulator=None, variables=None):
        """`emulator` is one that runs or is to be started; without one it is a moto of this world's own. Name, addresses and ports can be
        given by the environment, so that two worlds stand on one machine."""
        name = name or os.environ.get("TOCOS_WORLD") or "tocos-local"
        cidr = cidr or os.environ.get("TOCOS_WORLD_CIDR") or "10.20.0.0/16"
        first_port = first_port or int(os.environ.get("TOCOS_WORLD_PORT") or 8440)
        self.name, self.cidr, self.variables = name, cidr, variables or {}
        self.folder = CACHE / name
        self.ports = {"https": first_port + 3, "http": first_port, "registry": first_port + 60, "prometheus": first_port + 50}
        self.emulator = emulator or Emulator("moto", sys.executable, self.folder)
        self.workspace = Workspace(self.folder / "workspace")
        self.bodies = Bodies(name, self.folder, cidr, self.ports)

    # Making it.

    def begin(self):
        """The body's image, the registry and an emulator of our own: what is there before anything is applied."""
        image = self.bodies.image()
        self.down()
        self.folder.mkdir(parents=True)
        self.outside(image, self.cidr)
        self.emulator.start()
        self.start_relay()
        return image

    def outside(self, image, cidr):
        self.bodies.place(cidr)
        self.bodies.outside(image)

    def start_relay(self):
        """Leaves a process that leads the bodies to the emulator's S3, until `down`."""
        end_process(self.relay, "the relay")
        program = ROOT / "deploy" / "local" / "relay.py"
        with open(self.folder / "relay.log", "ab") as log:
            process = subprocess.Popen(
                [sys.executable, program, f"{self.name}-registry", str(STORE_PORT), self.emulator.url],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )
        self.relay.write_text(str(process.pid))

    def apply(self):
        self.workspace.copy(self.emulator.url)
        self.workspace.variables({
            "emulator": True, "image": REPOSITORY, "vpc_cidr": self.cidr, "nat": True, "architecture": "amd64", "instance_type": "t3.small",
            "proxy_instance_type": "t3.nano", "ami_id": "ami-12c6146b", "backups": False, "ssm_agent": False,
            "poll_seconds": POLL_SECONDS, "metrics_cidrs": [f"{self.bodies.prefix}.200.0/28"],
        } | self.variables)
        self.workspace.terraform("init")
        self.workspace.terraform("apply", "-auto-approve", "-no-color")

    def follow(self, image):
        """Makes the bodies those of the machines that the emulator has now: new ones boot, those of machines that are gone go, and changed
        groups hold. Returns what the emulator has, and the names of the bodies that were booted and ended."""
        recorded = cloud.read(self.emulator)
        if recorded.cidr:
            self.outside(image, recorded.cidr)
        # The databases first: the machines are told their certificates.
        wanted = {self.bodies.body(one): one for one in [*recorded.databases, *recorded.machines]}
        running = self.bodies.running()
        ended = [body for body, (instance, *_) in running.items() if body not in wanted or wanted[body].id != instance]
        for body in ended:
            self.bodies.end(body)
        self.bodies.remove_volumes(recorded.volumes)
        cloud.free_interfaces(self.emulator)
        booted = [body for body, one in wanted.items() if one.is_whole and (body in ended or body not in running)]
        published = next((body for body, one in wanted.items() if one.is_public), None)
        for body, one in wanted.items():
            if body in booted:
                self.boot(image, one, [(self.ports["https"], 443), (self.ports["http"], 80)] if body == published else [])
            elif body in running and body not in ended:
                self.bodies.guard(image, one)
        scraped = [machine.ip for machine in recorded.services if machine.lets_in(self.bodies.prometheus_address, 9464)]
        if scraped:
            self.bodies.prometheus(image, scraped)
        elif not recorded.machines:
            self.bodies.end_prometheus()
        return recorded, booted, ended

    def boot(self, image, one, public_ports):
        """A body for a machine or a database."""
        if isinstance(one, cloud.Database):
            database.boot(self.bodies, image, one, cloud.password(self.emulator, one))
        else:
            self.bodies.boot(image, one, public_ports, database.files(self.bodies, one.database) if one.database else {})

    # Images.

    def push(self, source, tag=CHANNEL, repository=REPOSITORY):
        """An image of this machine's Docker into the registry, under the tag that the instance follows."""
        target = f"127.0.0.1:{self.ports['registry']}/{repository.split('/', 1)[1]}:{tag}"
        docker("tag", source, target)
        try:
            docker("push", "-q", target)
        finally:
            docker("rmi", target, check=False)

    def digest(self, tag=CHANNEL, repository=REPOSITORY):
        """What the registry says the tag points at; None where there is no such tag."""
        path = f"/v2/{repository.split('/', 1)[1]}/manifests/{tag}"
        done = self.bodies.curl("registry", path, "-fsSI", "-H", f"accept: {', '.join(MANIFESTS)}", seconds=5)
        for line in done.stdout.splitlines():
            if line.lower().startswith("docker-content-digest:"):
                return line.split(":", 1)[1].strip()
        return None

    def updater_knows(self, body=None):
        """What the updater remembers, read without waiting for it: the file is replaced whole."""
        done = self.inside("cat", "/var/lib/tocos-deploy/state.json", body=body, check=False)
        return json.loads(done.stdout) if done.returncode == 0 else {}

    def judged(self, digest, body=None):
        """Once the updater has looked at a digest: whether it is taken, and in words."""
        known = self.updater_knows(body)
        if known.get("trying") or known.get("latest") != digest:
            return None
        if digest in known["rejected"]:
            return False, f"rolled back, and never tried again: {known['rejected'][digest]['reason']}"
        if digest == known["unsigned"]:
            return False, "refused for its signature; the service was not touched"
        return (True, "taken") if digest == known["current"] else None

    def counted(self):
        """Whether Prometheus has scraped what the updaters know; so too where there is no Prometheus here."""
        if not self.bodies.is_running(f"{self.name}-prometheus"):
            return True
        known = {f"{self.bodies.running()[body][2]}:9100": self.updater_knows(body) for body in self.services}
        for name in ("updates_total", "rollbacks_total"):
            done = self.bodies.curl("prometheus", f"/api/v1/query?query=tocos_deploy_{name}", "-fsS")
            found = json.loads(done.stdout)["data"]["result"] if done.returncode == 0 else []
            counted = {row["metric"]["instance"]: float(row["value"][1]) for row in found}
            if any(counted.get(instance) != told.get(name) for instance, told in known.items()):
                return False
        return True

    # Ending it.

    @property
    def follower(self):
        return self.folder / "follower.pid"

    @property
    def relay(self):
        return self.folder / "relay.pid"

    def down(self):
        end_process(self.follower, "the follower")
        end_process(self.relay, "the relay")
        if isinstance(self.emulator, Emulator):
            self.emulator.stop()
        self.bodies.remove()
        shutil.rmtree(self.folder, ignore_errors=True)

    # Looking at it.

    @property
    def services(self):
        """Names of the bodies with the service; in a group the first node is the first."""
        found = [body for body, (_, image, _) in self.bodies.running().items() if image]
        return sorted(found, key=lambda body: (not body.endswith("-service"), body))

    @property
    def service(self):
        """Name of the body with the service, or with the first node of a group."""
        found = self.services
        if not found:
            raise Broken("no body with the service runs; make one: scripts/local-up.sh, or scripts/local-bodies.sh after an apply")
        return found[0]

    @property
    def key_file(self):
        """The body and the path of the first API key. In a group the node that led first has made it; the others have none."""
        path = "/var/lib/tocos/key/first"
        found = [body for body in self.services if self.inside("test", "-s", path, body=body, check=False).returncode == 0]
        return next(iter(found), self.service), path

    def roles(self):
        """What each node is to its group, by its body; an empty one for a node that does not answer."""
        found = {}
        for body in self.services:
            said = self.inside("curl", "-fsS", "--max-time", "2", "http://127.0.0.1:9464/metrics", body=body, check=False).stdout
            role = re.search(r'^tocos_group_role\{role="(\w+)"\} 1$', said, re.MULTILINE)
            found[body] = role[1] if role else ""
        return found

    def formed(self):
        """The roles, once one node leads and the others follow; or the node is alone."""
        roles = self.roles()
        return roles if sorted(roles.values()) in (["alone"], [*["follower"] * (len(roles) - 1), "leader"]) else None

    @property
    def proxy(self):
        return self.service.removesuffix("-service") + "-proxy"

    def url(self, path):
        return f"https://127.0.0.1:{self.ports['https']}{path}"

    def ask(self, path, seconds=3):
        """What the public side answers, if it is 200."""
        public = None
        if os.environ.get(IN_CONTAINER):
            running = self.bodies.running()
            public = next((ip for body, (_, _, ip) in running.items() if docker("port", f"{body}-net", check=False).stdout.strip()), None)
        done = self.bodies.curl("https", path, "-s", "-w", "\n%{http_code}", seconds=seconds, public=public)
        body, _, code = done.stdout.rpartition("\n")
        return body if code == "200" else None

    def inside(self, *command, body=None, check=True, stdin=None):
        return docker("exec", *(["-i"] if stdin is not None else []), body or self.service, *command, check=check, stdin=stdin)

    def answers(self, seconds=120):
        return wait_until("the service answers on its public side", lambda: self.ask("/version"), seconds)[0]

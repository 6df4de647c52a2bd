"""The walk of one person: from `tflocal apply` on an emulator to a destroy, as README.md tells to type it."""

import json
import os
import re
import shutil
import ssl
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "deploy" / "local"), str(ROOT / "deploy" / "tests")]

from bodies import docker  # noqa: E402
from emulator import Emulator  # noqa: E402
from mac_path import make  # noqa: E402
from shell import Broken, run, wait_until  # noqa: E402
from workspace import environment  # noqa: E402
from world import World  # noqa: E402

SHAPES = {
    "localstack": {"second": 23, "port": 8740, "variables": {}, "service_ip": "10.23.10.10"},
    "moto": {"second": 24, "port": 8840, "variables": {"nat": "false"}, "service_ip": "10.24.0.10"},
    # LocalStack's free edition has no databases.
    "group": {"emulator": "moto", "second": 26, "port": 9040, "variables": {"nodes": "2", "database": "rds"}, "service_ip": "10.26.10.10"},
}
# Its walk loses the ledger's volume, and comes back from the archive; the other one's keeps it.
LOSES_ITS_VOLUME = "moto"


class Walk:
    def __init__(self, kind, python, tflocal, image, folder):
        self.kind, self.tflocal_program, self.image, self.shape = kind, tflocal, image, SHAPES[kind]
        self.folder = Path(folder) / kind
        self.emulator = Emulator(self.shape.get("emulator", kind), python, self.folder / "emulator")
        self.name, self.cidr = f"tocos-walk-{kind}", f"10.{self.shape['second']}.0.0/16"
        self.env = environment() | {
            "PATH": make(self.folder / "bin"),
            "AWS_ENDPOINT_URL": self.emulator.url, "S3_HOSTNAME": "localhost", "TOCOS_WORLD": self.name, "TOCOS_WORLD_PORT": str(self.shape["port"]),
        }
        self.world = World(self.name, self.cidr, self.shape["port"], emulator=self.emulator)
        self.terraform = self.folder / "terraform"
        self.made, self.key = [], None

    # What a person types.

    def tflocal(self, *arguments, seconds=600):
        return run(self.tflocal_program, *arguments, env=self.env, cwd=self.terraform, seconds=seconds).stdout

    def apply(self, *arguments, **variables):
        values = {"vpc_cidr": self.cidr, "metrics_cidrs": f'["10.{self.shape["second"]}.200.0/28"]'} | self.shape["variables"] | variables
        return self.tflocal(
            "apply", "-auto-approve", "-no-color", "-var-file=emulator.tfvars", *(f"-var={name}={value}" for name, value in values.items()), *arguments,
        )

    def script(self, name, *arguments, check=True):
        return run(ROOT / "scripts" / name, *arguments, env=self.env, check=check)

    def headers(self):
        # Noted once: a volume that is new has no such file, and the ledger that is restored to it still knows the key.
        if not self.key:
            body, path = self.world.key_file
            self.key = self.world.inside("cat", path, body=body).stdout.strip()
        return {"content-type": "application/json", "authorization": f"Bearer {self.key}"}

    def call(self, method, path, body=None, **headers):
        request = urllib.request.Request(
            self.world.url(path), data=json.dumps(body).encode() if body else None, method=method, headers=self.headers() | headers,
        )
        try:
            with urllib.request.urlopen(request, timeout=20, context=ssl._create_unverified_context()) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise Broken(f"{method} {path}: {error.code} {error.read().decode()[:300]}") from error

    def derived(self, name, instruction):
        """An image made from the one under test, by one line."""
        tag = f"{self.name}:{name}"
        run("docker", "build", "-q", "-t", tag, "-", stdin=f"FROM {self.image}\n{instruction}\n", env=dict(os.environ, DOCKER_BUILDKIT="0"))
        self.made.append(tag)
        return tag

    # The steps.

    def applied(self):
        skip = shutil.ignore_patterns(".terraform*", "*.tfstate*", "terraform.tfvars", "backend.tf", "localstack_providers_override.tf")
        shutil.copytree(ROOT / "terraform", self.terraform, ignore=skip)
        shutil.copytree(ROOT / "deploy", self.folder / "deploy", ignore=shutil.ignore_patterns("__pycache__"))
        self.tflocal("init", "-no-color")
        said = self.apply()
        following = re.search(r"next = <<-?EOT\n(.*?)EOT", said, re.S)
        assert following and following.group(1).strip().startswith("1. ../scripts/local-bodies.sh"), f"apply does not say what to do next:\n{said[-1500:]}"
        return re.search(r"Resources: \d+ added", said).group()

    def answered(self):
        said = self.script("local-bodies.sh", self.image).stdout
        assert '"name":"tocos"' in self.world.ask("/version"), said
        return re.search(r"boot until the service answers: [0-9.]+ s", said).group()

    def closed(self):
        service = f"http://{self.shape['service_ip']}"
        for port in (8080, 9464, 9100):
            done = run("curl", "-s", "-o", "/dev/null", "--max-time", "1", f"{service}:{port}/version", check=False)
            assert done.returncode != 0, f"{port} of the instance answers from outside"
        published = docker("port", f"{self.world.service}-net").stdout
        assert bool(published) == (self.kind == "moto"), f"published of the service: {published!r}"
        inside = self.world.inside("curl", "-s", "-o", "/dev/null", "--max-time", "2", "http://127.0.0.1:8080/version", check=False)
        assert inside.returncode == 0, "and it does not even answer itself, so this proves nothing"

    def pushed(self):
        self.call("PUT", "/v1/users/ana", {"name": "Ana"})
        self.call("POST", "/v1/grants", {"user": "ana", "coin": "toco", "amount": 600})
        tag = self.derived("next", "LABEL org.opencontainers.image.version=next")
        begun = time.monotonic()
        said = self.script("local-push.sh", tag).stdout
        assert "taken" in said, said
        assert self.counts() == (2, 0), f"after the first push: {self.counts()}"
        return f"{time.monotonic() - begun:.1f} s with the 5 s that it is watched and the scrape"

    def rolled_back(self):
        tag = self.derived("broken", 'CMD ["serve", "--no-such-setting"]')
        done = self.script("local-push.sh", tag, check=False)
        # Asked at once, as the README does.
        counts = self.counts()
        assert done.returncode == 1 and "rolled back" in done.stdout, f"{done.returncode}: {done.stdout}{done.stderr}"
        assert counts == (2, 1), f"Prometheus says {counts} when local-push has ended"
        assert self.world.ask("/version"), "the version before does not answer"

    def counts(self):
        """Updates and rollbacks as Prometheus has them, by the README's query."""
        query = 'query={__name__=~"tocos_deploy_(updates|rollbacks)_total"}'
        done = run("curl", "-fsSG", f"http://127.0.0.1:{self.world.ports['prometheus']}/api/v1/query", "--data-urlencode", query)
        found = {row["metric"]["__name__"]: int(row["value"][1]) for row in json.loads(done.stdout)["data"]["result"]}
        return found["tocos_deploy_updates_total"], found["tocos_deploy_rollbacks_total"]

    def archived(self):
        """Whether all that is durable is in the emulator's S3."""
        done = self.world.inside("curl", "-fsS", "http://127.0.0.1:9464/metrics", check=False)
        return "\ntocos_archive_lag_bytes 0\n" in done.stdout and self.objects()

    def objects(self):
        s3 = self.emulator.client("s3")
        bucket = next((bucket["Name"] for bucket in s3.list_buckets()["Buckets"] if bucket["Name"].startswith("tocos-archive-")), None)
        return [found["Key"] for found in s3.list_objects_v2(Bucket=bucket).get("Contents", [])] if bucket else []

    def in_the_archive(self):
        _, took = wait_until("the archive has it all", self.archived, 60)
        names = self.objects()
        assert any("/branch-" in name for name in names) and any("/tail-" in name for name in names), names
        return f"{len(names)} objects, {took:.1f} s after it was asked"

    def replaced(self):
        """An apply that changes user_data makes another instance: another body, the same ledger, on its volume or out of the archive."""
        before, volumes = self.world.bodies.running()[self.world.service][0], self.volumes()
        self.script("local-push.sh", self.image)
        lost = []
        if self.kind == LOSES_ITS_VOLUME:
            wait_until("the archive has it all", self.archived, 60)
            lost = ["-replace=aws_ebs_volume.emulated[0]", f"-var=restore_from={self.tflocal('output', '-raw', 'archive_url').strip()}"]
        self.apply(*lost, poll_seconds="4")
        wait_until("the new instance has a body", lambda: any(
            image and instance != before for instance, image, _ in self.world.bodies.running().values()
        ), 60)
        _, took = wait_until("the service answers", lambda: self.world.ask("/version"), 60)
        accounts = self.call("GET", "/v1/users/ana")["accounts"]
        assert accounts[0]["total"] == 600, accounts
        assert bool(lost) == volumes.isdisjoint(self.volumes()), f"volumes before {volumes}, now {self.volumes()}"
        assert self.world.inside("systemctl", "show", "-P", "TimersMonotonic", "tocos-update.timer").stdout.count("4s"), "the new setting does not hold"
        return f"answers {took:.1f} s after it was seen; the coins are there{' again, on an empty volume' if lost else ''}"

    def volumes(self):
        """Docker volumes in the place of the ledger's EBS volume."""
        return set(docker("volume", "ls", "-q", "--filter", f"label=tocos.local={self.name}").stdout.split()) - {f"{self.name}-registry"}

    def guarded(self):
        """A rule that is taken away holds on the body that runs. It is not given back: a destroy follows."""
        assert self.world.ask("/version"), "the public side does not answer even before"
        before, ec2 = self.world.bodies.running(), self.emulator.client("ec2")
        rule = next(
            rule for rule in ec2.describe_security_group_rules()["SecurityGroupRules"]
            if not rule["IsEgress"] and rule["FromPort"] == 443 and rule.get("CidrIpv4") == "0.0.0.0/0"
        )
        ec2.revoke_security_group_ingress(GroupId=rule["GroupId"], IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
        ])
        _, took = wait_until("443 is closed", lambda: self.world.ask("/version", 1) is None, 20)
        assert self.world.bodies.running() == before, "the bodies were changed"
        return f"after {took:.1f} s"

    def destroyed(self):
        values = self.shape["variables"] | {"vpc_cidr": self.cidr, "metrics_cidrs": "[]"}
        words = ["destroy", "-auto-approve", "-no-color", "-var-file=emulator.tfvars", *(f"-var={name}={value}" for name, value in values.items())]
        said = self.tflocal(*words)
        assert "Destroy complete" in said, said[-1500:]
        wait_until("the bodies are gone", lambda: not self.world.bodies.running(), 15)
        # What watches the bodies goes after them.
        ours, registry = f"label=tocos.local={self.name}", f"{self.name}-registry"
        for words in (("ps", "-a", "--filter", ours, "--format", "{{.Names}}"), ("volume", "ls", "-q", "--filter", ours)):
            wait_until(f"`docker {words[0]}` shows {registry} alone", lambda: docker(*words).stdout.split() == [registry], 30)
        assert self.world.ask("/version", 1) is None, "something answers all the same"
        said = self.script("local-bodies.sh").stdout
        assert "no running instance" in said, said

    def down(self):
        run("docker", "rmi", "-f", *self.made, check=False)
        said = self.script("local-down.sh").stdout
        assert "nothing is left" in said, said

    def steps(self):
        return [
            ("the bodies boot, and the service answers on its public side", self.answered),
            ("the private side is closed", self.closed),
            ("a pushed image is taken", self.pushed),
            ("a broken one is rolled back, and the metrics say so when local-push ends", self.rolled_back),
            ("its coins are in the archive", self.in_the_archive),
            ("another apply, another body, the same ledger", self.replaced),
            ("a rule taken away holds on the body that runs", self.guarded),
            ("tflocal destroy, and the bodies go", self.destroyed),
        ]

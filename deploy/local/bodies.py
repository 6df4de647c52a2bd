"""Bodies of emulated machines: for each a Debian with systemd, booted with its user_data, on a network that follows VPC and security
groups. Beside them a registry, and a Prometheus. All of it is containers of this machine's Docker."""

import io
import json
import os
import subprocess
import tarfile
from pathlib import Path

from cgroups import remove_empty_groups
from shell import Broken, run, wait_until

HERE = Path(__file__).resolve().parent
# Addresses in the VPC's range that no subnet uses: for the registry, which stands for the internet, and for Prometheus, which may read metrics.
REGISTRY_HOST, PROMETHEUS_HOST = "255.2", "200.2"
# The emulator's S3 is reached there too, by relay.py.
STORE_PORT = 80
LABEL = "tocos.local"
# Set where these scripts run in a container beside those that they make.
IN_CONTAINER = "TOCOS_IN_CONTAINER"
ENTRYPOINT = "/usr/local/sbin/tocos-body"
REGISTRY_CONFIG = (
    "version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: /registry}, delete: {enabled: true}}\nhttp: {addr: ':443'}\n"
)

CAPABILITIES = ["SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE", "DAC_READ_SEARCH", "LINUX_IMMUTABLE", "SYS_NICE", "IPC_LOCK"]
BOOT = [
    "--cgroupns=private", "--stop-signal", "SIGRTMIN+3", "--tmpfs", "/run", "--tmpfs", "/tmp",
    *(f"--cap-add={name}" for name in CAPABILITIES),
    *(f"--security-opt={option}" for option in ("seccomp=unconfined", "apparmor=unconfined", "systempaths=unconfined")),
]


# Any will do for an emulator.
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


def environment(section, settings):
    """A file of systemd or quadlet that sets them."""
    return "\n".join([f"[{section}]", *(f"Environment={name}={value}" for name, value in settings.items()), ""])


def docker(*arguments, **options):
    return run("docker", *arguments, **options)


def docker_bytes(*arguments, stdin):
    done = subprocess.run(["docker", *arguments], input=stdin, capture_output=True, timeout=120)
    if done.returncode != 0:
        raise Broken(f"docker {' '.join(arguments)} ended with {done.returncode}: {done.stderr.decode(errors='replace')}")


def archive(files):
    """A tar of these files, by path, all of root."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for path, content in files.items():
            entry, content = tarfile.TarInfo(path.lstrip("/")), content if isinstance(content, bytes) else content.encode()
            entry.size, entry.mode = len(content), 0o755 if path == ENTRYPOINT else 0o644
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


class Bodies:
    def __init__(self, name, folder, vpc_cidr, ports):
        """`ports` are those on this machine's loopback: https, http, registry, prometheus."""
        self.name, self.folder, self.ports = name, Path(folder), ports
        # What stands before each body's network: (instance id, rules).
        self.guarded = {}
        self.place(vpc_cidr)

    def place(self, vpc_cidr):
        self.cidr, self.prefix = vpc_cidr, ".".join(vpc_cidr.split(".")[:2])
        self.registry_address = f"{self.prefix}.{REGISTRY_HOST}:443"
        self.prometheus_address = f"{self.prefix}.{PROMETHEUS_HOST}"

    def labelled(self, **more):
        labels = {"": self.name} | {f".{key}": value for key, value in more.items()}
        return [part for key, value in labels.items() for part in ("--label", f"{LABEL}{key}={value}")]

    def image(self):
        return run("bash", HERE / "body" / "build.sh", seconds=1200).stdout.strip()

    # The network, and what is outside of the VPC: the registry in Docker Hub's place.

    def outside(self, image):
        """Makes what is missing of it. Where the VPC has other addresses than before, all begins anew but for what was pushed."""
        inspected = docker("network", "inspect", "-f", "{{(index .IPAM.Config 0).Subnet}}", self.name, check=False)
        if inspected.returncode == 0 and inspected.stdout.strip() != self.cidr:
            self.remove_containers()
            docker("network", "rm", self.name)
        if inspected.stdout.strip() != self.cidr:
            docker("network", "create", "--subnet", self.cidr, *self.labelled(), self.name)
        registry = f"{self.name}-registry"
        if not self.is_running(registry):
            docker("rm", "-f", registry, check=False)
            docker("volume", "create", *self.labelled(), registry)
            self.start(
                registry, ["--network", self.name, "--ip", self.registry_address.split(":")[0], "-p", f"127.0.0.1:{self.ports['registry']}:443",
                           "-v", f"{registry}:/registry", "--entrypoint", "docker-registry", *self.labelled()],
                image, ["serve", "/registry.yml"], {"/registry.yml": REGISTRY_CONFIG},
            )
        wait_until("the registry answers", self.registry_answers, 20)

    def registry_answers(self):
        return self.curl("registry", "/v2/", "-fsS").returncode == 0

    def curl(self, service, path, *options, seconds=2, public=None):
        """curl against a published port. A container (the scripts may run in one) does not see its host's loopback, so there the registry's
        container asks; `public` is the address of the machine with 443 and 80."""
        scheme = "https" if service == "https" else "http"
        ask = ["curl", "-k", "--max-time", str(seconds), *options]
        if not os.environ.get(IN_CONTAINER):
            return run(*ask, f"{scheme}://127.0.0.1:{self.ports[service]}{path}", check=False)
        inside = {
            "registry": "127.0.0.1:443", "prometheus": f"{self.name}-prometheus:9090", "https": f"{public}:443", "http": f"{public}:80",
        }[service]
        return docker("exec", f"{self.name}-registry", *ask, f"{scheme}://{inside}{path}", check=False)

    # Containers. Files are copied into them, not mounted: the engine may be on another machine than these scripts.

    def start(self, name, options, image, command, files):
        docker("create", "--name", name, *options, image, *command)
        docker_bytes("cp", "-", f"{name}:/", stdin=archive(files))
        docker("start", name)

    def is_running(self, name):
        return docker("container", "inspect", "-f", "{{.State.Running}}", name, check=False).stdout.strip() == "true"

    def running(self):
        """Instances that have a body, by its name: (instance id, image it follows, its address). Whole ones: both containers run."""
        wanted = "{{.Names}}|" + "|".join(f'{{{{.Label "{LABEL}.{label}"}}}}' for label in ("instance", "image", "ip"))
        listed = docker("ps", "--filter", f"label={LABEL}={self.name}", "--format", wanted).stdout.split()
        found = {name: rest for name, *rest in (line.split("|") for line in listed)}
        return {name: tuple(rest) for name, rest in found.items() if rest[0] and f"{name}-net" in found}

    def body(self, machine):
        return f"{self.name}-{machine.name}"

    def connect(self, image, machine, *options):
        """The network of a body that is to boot, with the firewall before it."""
        body = self.body(machine)
        self.end(body)
        docker(
            "run", "-d", "--name", f"{body}-net", *self.labelled(), "--network", self.name, "--ip", machine.ip, *options,
            "--init", "--entrypoint", "sleep", image, "infinity",
        )
        self.guard(image, machine)

    def volume(self, volume, path):
        """Options for a Docker volume in the place of the one that the emulator calls so, at a path of a body."""
        docker("volume", "create", *self.labelled(ebs=volume), f"{self.name}-{volume}")
        return ["-v", f"{self.name}-{volume}:{path}"]

    def boot(self, image, machine, public_ports, further_files=None):
        """Gives a machine its body; `public_ports` of the loopback, empty for a private one."""
        body, database = self.body(machine), machine.database
        published = [part for port, inner in public_ports for part in ("-p", f"127.0.0.1:{port}:{inner}")]
        names = ["--add-host", f"{database.address}:{database.ip}"] if database else []
        self.connect(image, machine, "--sysctl", "net.ipv4.ip_forward=1", *names, *published)
        volume = self.volume(machine.data_volume, "/var/lib/tocos") if machine.data_volume else []
        seed = "/var/lib/cloud/seed/nocloud"
        self.start(
            body, [*self.labelled(instance=machine.id, image=machine.image, ip=machine.ip), "--network", f"container:{body}-net", *BOOT, *volume,
                   "--entrypoint", ENTRYPOINT],
            image, [], {
                ENTRYPOINT: (HERE / "body" / "entrypoint.sh").read_text(),
                f"{seed}/user-data": machine.user_data,
                f"{seed}/meta-data": json.dumps({"instance-id": machine.id, "local-hostname": body}),
            } | self.local_registry(machine.image) | (self.local_store() if machine.uses_archive else {}) | (further_files or {}),
        )
        self.booted(body)

    def guard(self, image, machine):
        """Puts the machine's security groups before its network, if they are not what is there."""
        body, rules = self.body(machine), firewall(machine.rules)
        if self.guarded.get(body) != (machine.id, rules):
            docker(
                "run", "--rm", "-i", "--network", f"container:{body}-net", "--cap-add=NET_ADMIN", "--entrypoint", "nft", image, "-f", "-",
                stdin=rules,
            )
            self.guarded[body] = (machine.id, rules)

    def end(self, body):
        docker("rm", "-f", "-v", body, f"{body}-net", check=False)
        self.guarded.pop(body, None)

    def booted(self, body):
        """Says what is missing where a machine can't give a container what systemd needs, instead of waiting for its service."""
        def up():
            return docker("exec", body, "systemctl", "is-system-running", check=False).stdout.strip() in ("initializing", "starting", "running", "degraded")

        try:
            wait_until("systemd is up", up, 45)
        except Broken as broken:
            logs = docker("logs", "--tail", "20", body, check=False)
            raise Broken(
                f"systemd does not come up in the container {body}. It needs a Docker that grants {', '.join(CAPABILITIES)} and no seccomp or AppArmor profile, "
                f"and a kernel with cgroup v2 (alone, or beside v1). The container says:\n{logs.stdout}{logs.stderr}"
            ) from broken

    def local_registry(self, image):
        """user_data names the image as in production; only the body knows that its registry is elsewhere."""
        if not image:
            return {}
        repository = image.rsplit(":", 1)[0]
        local = f"{self.registry_address}/{repository.split('/', 1)[1]}"
        return {
            "/etc/containers/registries.conf.d/local.conf": f'[[registry]]\nprefix = "{repository}"\nlocation = "{local}"\ninsecure = true\n',
            "/etc/containers/registries.d/local.yaml": f"docker:\n  {local}:\n    use-sigstore-attachments: true\n",
        }

    @property
    def emulator_url(self):
        """Where bodies reach the emulator."""
        return f"http://{self.registry_address.split(':')[0]}:{STORE_PORT}"

    def local_store(self):
        """Where S3 is, and keys for it: a body has no metadata service to ask for those of its role."""
        settings = {"AWS_ENDPOINT_URL": self.emulator_url, "AWS_ALLOW_HTTP": "true"} | KEYS
        return {"/etc/containers/systemd/tocos.container.d/20-local-store.conf": environment("Container", settings)}

    def prometheus(self, image, addresses):
        """A Prometheus that scrapes these addresses, in place of one that scrapes others."""
        name, target = f"{self.name}-prometheus", " ".join(addresses)
        watched = docker("container", "inspect", "-f", f'{{{{index .Config.Labels "{LABEL}.target"}}}}', name, check=False).stdout.strip()
        if watched == target and self.is_running(name):
            return
        self.end_prometheus()
        config = json.dumps({
            "global": {"scrape_interval": "1s"},
            "scrape_configs": [
                {"job_name": "tocos", "static_configs": [{"targets": [f"{address}:9464" for address in addresses]}]},
                {"job_name": "node", "static_configs": [{"targets": [f"{address}:9100" for address in addresses]}]},
            ],
        })
        self.start(
            name, [*self.labelled(target=target), "--network", self.name, "--ip", self.prometheus_address,
                   "-p", f"127.0.0.1:{self.ports['prometheus']}:9090", "--tmpfs", "/data", "--entrypoint", "prometheus"],
            image, ["--config.file=/prometheus.yml", "--storage.tsdb.path=/data", "--web.listen-address=:9090"], {"/prometheus.yml": config},
        )

    def end_prometheus(self):
        docker("rm", "-f", "-v", f"{self.name}-prometheus", check=False)

    def remove_volumes(self, keep):
        """Those of EBS volumes that are gone; `keep` has the ids of the others."""
        listed = docker("volume", "ls", "--filter", f"label={LABEL}={self.name}", "--format", f'{{{{.Name}}}} {{{{.Label "{LABEL}.ebs"}}}}').stdout
        for name, *ebs in map(str.split, listed.splitlines()):
            if ebs and ebs[0] not in keep:
                docker("volume", "rm", name, check=False)

    def remove_containers(self):
        found = docker("ps", "-aq", "--filter", f"label={LABEL}={self.name}").stdout.split()
        if found:
            docker("rm", "-f", "-v", *found)

    def remove(self):
        """Everything that carries our label, and the control groups that bodies made on a host with cgroup v1."""
        mine = f"label={LABEL}={self.name}"
        self.remove_containers()
        for network in docker("network", "ls", "-q", "--filter", mine).stdout.split():
            docker("network", "rm", network)
        for volume in docker("volume", "ls", "-q", "--filter", mine).stdout.split():
            docker("volume", "rm", "-f", volume)
        remove_empty_groups()

    def remove_images(self):
        """Those that scripts/local-image.sh built for this world, and what was built on them, which must go first."""
        found, before = self.images(), None
        while found and found != before:
            for image in found:
                docker("rmi", "-f", image, check=False)
            found, before = self.images(), found

    def images(self):
        return set(docker("image", "ls", "-aq", "--filter", f"label={LABEL}={self.name}").stdout.split())

    def left_over(self):
        mine = f"label={LABEL}={self.name}"
        return [
            line
            for kind in (["ps", "-a"], ["network", "ls"], ["volume", "ls"], ["image", "ls", "-a"])
            for line in docker(*kind, "-q", "--filter", mine).stdout.split()
        ]


def firewall(rules):
    """A security group as nftables: stateful, nothing passes that no rule names. It stands before podman's own translation."""
    def lines(direction, side):
        return "\n".join(
            f"    ip {side} {{ {', '.join(sources)} }} tcp dport {port} accept"
            for way, port, sources in rules if way == direction and sources
        )

    return f"""
table inet security_group
delete table inet security_group
table inet security_group {{
  chain arriving {{
    type filter hook prerouting priority mangle; policy drop;
    ct state established,related accept
    iifname "lo" accept
    iifname "podman*" accept
{lines('in', 'saddr')}
  }}
  chain leaving {{
    type filter hook postrouting priority mangle; policy drop;
    ct state established,related accept
    oifname "lo" accept
    oifname "podman*" accept
{lines('out', 'daddr')}
  }}
}}
"""

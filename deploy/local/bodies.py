"""Bodies: the emulator only records instances, so for each of them a Docker container stands in. It boots Debian with systemd and the
user_data that the API returns; its network follows subnets and security groups. There are also a registry and a Prometheus."""

import base64
import json
import os
from pathlib import Path

from shell import ROOT, Broken, run, wait_until

HERE = Path(__file__).resolve().parent
# Addresses in the VPC's range that no subnet uses: for the registry, which stands for the internet, and for Prometheus, which may read metrics.
REGISTRY_HOST, PROMETHEUS_HOST = "255.2", "200.2"
LABEL = "tocos.local"

CAPABILITIES = ["SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE", "DAC_READ_SEARCH", "LINUX_IMMUTABLE", "SYS_NICE", "IPC_LOCK"]
BOOT = [
    "--cgroupns=private", "--stop-signal", "SIGRTMIN+3", "--tmpfs", "/run", "--tmpfs", "/tmp",
    *(f"--cap-add={name}" for name in CAPABILITIES),
    *(f"--security-opt={option}" for option in ("seccomp=unconfined", "apparmor=unconfined", "systempaths=unconfined")),
]


def docker(*arguments, **options):
    return run("docker", *arguments, **options)


class Bodies:
    def __init__(self, name, folder, vpc_cidr, ports):
        """`ports` are those on this machine's loopback: https, http, registry, prometheus."""
        self.name, self.folder, self.cidr, self.ports = name, Path(folder), vpc_cidr, ports
        self.prefix = ".".join(vpc_cidr.split(".")[:2])
        self.registry_address = f"{self.prefix}.{REGISTRY_HOST}:443"

    def labelled(self):
        return ["--label", f"{LABEL}={self.name}"]

    def image(self):
        return run("bash", HERE / "body" / "build.sh", seconds=1200).stdout.strip()

    def outside(self, image):
        """The network, and what is outside of the VPC: the registry in Docker Hub's place."""
        docker("network", "create", "--subnet", self.cidr, *self.labelled(), self.name)
        config = self.folder / "registry.yml"
        config.write_text(
            "version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: /registry}, delete: {enabled: true}}\n"
            "http: {addr: ':443'}\n"
        )
        docker(
            "run", "-d", "--name", f"{self.name}-registry", *self.labelled(), "--network", self.name,
            "--ip", self.registry_address.split(":")[0], "-p", f"127.0.0.1:{self.ports['registry']}:443",
            "-v", f"{config}:/registry.yml:ro", "-v", "/registry", "--entrypoint", "docker-registry", image, "serve", "/registry.yml",
        )
        wait_until("the registry answers", lambda: self.registry_answers(), 20)

    def registry_answers(self):
        done = run("curl", "-fsS", "--max-time", "2", f"http://127.0.0.1:{self.ports['registry']}/v2/", check=False)
        return done.returncode == 0

    def boot(self, image, instance, user_data, groups, repository, public_ports, data_volume=None):
        """One instance: `groups` as ec2.describe_security_groups gives them; `public_ports` of the loopback, empty for a private one."""
        body = f"{self.name}-{instance['name']}"
        seed = self.folder / body
        seed.mkdir(parents=True, exist_ok=True)
        (seed / "user-data").write_text(user_data)
        (seed / "meta-data").write_text(json.dumps({"instance-id": instance["id"], "local-hostname": body}))
        self.local_registry(seed, repository)
        published = [part for port, inner in public_ports for part in ("-p", f"127.0.0.1:{port}:{inner}")]
        docker(
            "run", "-d", "--name", f"{body}-net", *self.labelled(), "--network", self.name, "--ip", instance["ip"],
            "--sysctl", "net.ipv4.ip_forward=1", *published, "--init", "--entrypoint", "sleep", image, "infinity",
        )
        rules = firewall(groups)
        (seed / "firewall.nft").write_text(rules)
        docker(
            "run", "--rm", "-i", "--network", f"container:{body}-net", "--cap-add=NET_ADMIN", "--entrypoint", "nft", image, "-f", "-",
            stdin=rules,
        )
        volume = []
        if data_volume:
            docker("volume", "create", *self.labelled(), f"{self.name}-{data_volume}")
            volume = ["-v", f"{self.name}-{data_volume}:/var/lib/tocos"]
        docker(
            "run", "-d", "--name", body, *self.labelled(), "--network", f"container:{body}-net", *BOOT, *volume,
            "-v", f"{HERE / 'body' / 'entrypoint.sh'}:/sbin/body:ro", "-v", f"{seed}:/var/lib/cloud/seed/nocloud:ro",
            "-v", f"{seed / 'registries.conf'}:/etc/containers/registries.conf.d/local.conf:ro",
            "-v", f"{seed / 'registries.yaml'}:/etc/containers/registries.d/local.yaml:ro",
            "--entrypoint", "/sbin/body", image,
        )
        self.booted(body)
        return body

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

    def local_registry(self, seed, repository):
        """user_data names the image as in production; only the body knows that its registry is elsewhere."""
        local = f"{self.registry_address}/{repository.split('/', 1)[1]}"
        (seed / "registries.conf").write_text(
            f'[[registry]]\nprefix = "{repository}"\nlocation = "{local}"\ninsecure = true\n'
        )
        (seed / "registries.yaml").write_text(f"docker:\n  {local}:\n    use-sigstore-attachments: true\n")

    def prometheus(self, image, target):
        config = self.folder / "prometheus.yml"
        config.write_text(json.dumps({
            "global": {"scrape_interval": "1s"},
            "scrape_configs": [
                {"job_name": "tocos", "static_configs": [{"targets": [f"{target}:9464"]}]},
                {"job_name": "node", "static_configs": [{"targets": [f"{target}:9100"]}]},
            ],
        }))
        docker(
            "run", "-d", "--name", f"{self.name}-prometheus", *self.labelled(), "--network", self.name,
            "--ip", f"{self.prefix}.{PROMETHEUS_HOST}", "-p", f"127.0.0.1:{self.ports['prometheus']}:9090",
            "-v", f"{config}:/prometheus.yml:ro", "--tmpfs", "/data", "--entrypoint", "prometheus", image,
            "--config.file=/prometheus.yml", "--storage.tsdb.path=/data", "--web.listen-address=:9090",
        )

    def remove(self):
        """Everything that carries our label, and the control groups that bodies made on a host with cgroup v1."""
        mine = f"label={LABEL}={self.name}"
        found = docker("ps", "-aq", "--filter", mine).stdout.split()
        if found:
            docker("rm", "-f", "-v", *found)
        for network in docker("network", "ls", "-q", "--filter", mine).stdout.split():
            docker("network", "rm", network)
        for volume in docker("volume", "ls", "-q", "--filter", mine).stdout.split():
            docker("volume", "rm", "-f", volume)
        for leaf in Path("/sys/fs/cgroup/unified").glob("tocos-body-*"):
            remove_empty_groups(leaf)

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


def remove_empty_groups(folder):
    for current, _, _ in os.walk(folder, topdown=False):
        try:
            os.rmdir(current)
        except OSError:
            # Another body of this machine lives in it.
            return


def instances(emulator):
    """What the API says about the running instances, with user_data as it gives it back."""
    ec2 = emulator.client("ec2")
    filters = [{"Name": "instance-state-name", "Values": ["running"]}]
    addresses = {address.get("NetworkInterfaceId"): address["PublicIp"] for address in ec2.describe_addresses()["Addresses"]}
    found = []
    for reservation in ec2.describe_instances(Filters=filters)["Reservations"]:
        for instance in reservation["Instances"]:
            tags = {tag["Key"]: tag["Value"] for tag in instance.get("Tags", [])}
            raw = ec2.describe_instance_attribute(InstanceId=instance["InstanceId"], Attribute="userData")
            interface = instance["NetworkInterfaces"][0]
            ids = [group["GroupId"] for group in interface["Groups"]]
            found.append({
                "id": instance["InstanceId"], "name": tags["Name"], "ip": interface["PrivateIpAddress"],
                "subnet": interface["SubnetId"], "groups": ids, "public_ip": addresses.get(interface["NetworkInterfaceId"]),
                "user_data": base64.b64decode(raw["UserData"]["Value"]).decode(),
            })
    return found


def rules_of(emulator, group_ids, members):
    """Rules of some groups as (direction, port, list of sources); a group as source becomes its members' addresses."""
    answer = emulator.client("ec2").describe_security_group_rules(Filters=[{"Name": "group-id", "Values": group_ids}])
    rules = []
    for rule in answer["SecurityGroupRules"]:
        if rule["GroupId"] not in group_ids:
            continue
        referenced = rule.get("ReferencedGroupInfo", {}).get("GroupId")
        sources = [rule["CidrIpv4"]] if rule.get("CidrIpv4") else members.get(referenced, [])
        if rule["IpProtocol"] != "tcp" or rule["FromPort"] != rule["ToPort"]:
            raise Broken(f"the firewall of the body knows single tcp ports only, not {rule['IpProtocol']} {rule['FromPort']}-{rule['ToPort']}")
        rules.append(("out" if rule["IsEgress"] else "in", rule["FromPort"], sources))
    return rules


def firewall(rules):
    """A security group as nftables: stateful, nothing passes that no rule names. It stands before podman's own translation."""
    def lines(direction, side):
        return "\n".join(
            f"    ip {side} {{ {', '.join(sources)} }} tcp dport {port} accept"
            for way, port, sources in rules if way == direction and sources
        )

    return f"""
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

"""What an emulator's API says about the machines that this Terraform made: where they stand, what user_data tells them, who may reach
them. Nothing here comes from Terraform's state, so it does not matter who applied, from where, or to which emulator."""

import base64
import gzip
import ipaddress
import json
from dataclasses import dataclass, field

import yaml
from botocore.exceptions import BotoCoreError, ClientError

from shell import Broken

# Where terraform/ attaches the ledger's volume, and the files by which a machine and its purpose are known.
DATA_DEVICE = "/dev/sdf"
HOST_FILE, SERVICE_FILE = "/etc/tocos/host.env", "/etc/tocos/deploy.json"
UNIT_FILE = "/etc/containers/systemd/tocos.container.d/10-host.conf"


@dataclass
class Machine:
    id: str
    name: str
    ip: str
    vpc: str
    groups: list
    is_public: bool
    user_data: str
    files: dict
    data_volume: str = ""
    # (direction, port, addresses) of all its groups.
    rules: list = field(default_factory=list)

    @property
    def image(self):
        """Image with its tag that a machine of the service follows; empty for others."""
        return json.loads(self.files[SERVICE_FILE])["image"] if SERVICE_FILE in self.files else ""

    @property
    def uses_archive(self):
        return any(f"Environment={setting}=" in self.files.get(UNIT_FILE, "") for setting in ("TOCOS_ARCHIVE", "TOCOS_RESTORE_FROM"))

    @property
    def is_whole(self):
        """Not while its volume is still to be attached: a body can't get one later."""
        return bool(self.data_volume) or not self.image

    def lets_in(self, address, port):
        def holds(source):
            return ipaddress.ip_address(address) in ipaddress.ip_network(source)

        return any(way == "in" and open_port == port and any(map(holds, sources)) for way, open_port, sources in self.rules)


@dataclass
class Recorded:
    """One VPC with its running machines; no VPC where there are none. `volumes` are all that there are, attached or between two machines."""

    machines: list
    volumes: set
    cidr: str = ""

    @property
    def service(self):
        return next((machine for machine in self.machines if machine.image), None)


def read(emulator):
    try:
        return read_api(emulator.client("ec2"))
    except (BotoCoreError, ClientError) as error:
        raise Broken(f"{emulator.url} does not say what it has: {error}") from error


def read_api(ec2):
    described = ec2.describe_volumes()["Volumes"]
    volumes, machines = {volume["VolumeId"] for volume in described}, running(ec2, described)
    vpcs = {machine.vpc for machine in machines}
    if not vpcs:
        return Recorded([], volumes)
    if len(vpcs) > 1:
        raise Broken(f"there are machines of this Terraform in several VPCs ({', '.join(sorted(vpcs))}), and only those of one can have bodies: destroy the others")
    members = {}
    for machine in machines:
        for group in machine.groups:
            members.setdefault(group, []).append(machine.ip)
    for machine in machines:
        machine.rules = rules_of(ec2, machine.groups, members)
    return Recorded(machines, volumes, ec2.describe_vpcs(VpcIds=list(vpcs))["Vpcs"][0]["CidrBlock"])


def running(ec2, described):
    public = {address.get("NetworkInterfaceId") for address in ec2.describe_addresses()["Addresses"]}
    volumes = {
        attachment["InstanceId"]: volume["VolumeId"]
        for volume in described for attachment in volume["Attachments"] if attachment["Device"] == DATA_DEVICE
    }
    found = []
    filters = [{"Name": "instance-state-name", "Values": ["running"]}]
    for instance in [one for many in ec2.describe_instances(Filters=filters)["Reservations"] for one in many["Instances"]]:
        raw = ec2.describe_instance_attribute(InstanceId=instance["InstanceId"], Attribute="userData")
        user_data = base64.b64decode(raw.get("UserData", {}).get("Value") or "").decode(errors="replace")
        files = files_of(user_data)
        if HOST_FILE not in files:
            # Somebody else's.
            continue
        interface = instance["NetworkInterfaces"][0]
        tags = {tag["Key"]: tag["Value"] for tag in instance.get("Tags", [])}
        found.append(Machine(
            id=instance["InstanceId"], name=tags.get("Name", instance["InstanceId"]), ip=interface["PrivateIpAddress"], vpc=instance["VpcId"],
            groups=[group["GroupId"] for group in interface["Groups"]], is_public=interface["NetworkInterfaceId"] in public,
            user_data=user_data, files=files, data_volume=volumes.get(instance["InstanceId"], ""),
        ))
    return found


def files_of(user_data):
    """The files that cloud-init would write, by path."""
    if not user_data.startswith("#cloud-config"):
        return {}
    return {
        file["path"]: gzip.decompress(base64.b64decode(file["content"])).decode() if file.get("encoding") == "gz+b64" else file["content"]
        for file in yaml.safe_load(user_data).get("write_files", [])
    }


def rules_of(ec2, group_ids, members):
    """Rules of some groups as (direction, port, list of sources); a group as source becomes its members' addresses."""
    answer = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": group_ids}])
    rules = []
    for rule in answer["SecurityGroupRules"]:
        if rule["GroupId"] not in group_ids:
            continue
        referenced = rule.get("ReferencedGroupInfo", {}).get("GroupId")
        sources = [rule["CidrIpv4"]] if rule.get("CidrIpv4") else members.get(referenced, [])
        if rule["IpProtocol"] != "tcp" or rule["FromPort"] != rule["ToPort"]:
            raise Broken(f"the firewall of the body knows single tcp ports only, not {rule['IpProtocol']} {rule['FromPort']}-{rule['ToPort']}")
        rules.append(("out" if rule["IsEgress"] else "in", rule["FromPort"], sources))
    return sorted(rules)


def free_interfaces(emulator):
    """Deletes what a destroy is going to delete next, and could not: emulators leave an interface attached to its instance when that is
    terminated, and refuse to detach it. An instance that is replaced hands its interface to the next one; a destroy has taken the
    rules of its groups away before."""
    try:
        ec2 = emulator.client("ec2")
        filters = [{"Name": "instance-state-name", "Values": ["terminated"]}]
        gone = {instance["InstanceId"] for many in ec2.describe_instances(Filters=filters)["Reservations"] for instance in many["Instances"]}
        for interface in ec2.describe_network_interfaces()["NetworkInterfaces"] if gone else []:
            groups = [group["GroupId"] for group in interface.get("Groups", [])]
            if interface.get("Attachment", {}).get("InstanceId") in gone and groups and not rules_of(ec2, groups, {}):
                ec2.delete_network_interface(NetworkInterfaceId=interface["NetworkInterfaceId"])
    except (BotoCoreError, ClientError) as error:
        raise Broken(f"{emulator.url} does not give interfaces free: {error}") from error

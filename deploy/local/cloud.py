"""What an emulator's API says about the machines and the database that this Terraform made: where they stand, what user_data tells them, who may
reach them. Nothing here comes from Terraform's state, so it does not matter who applied, from where, or to which emulator."""

import base64
import gzip
import ipaddress
import json
import urllib.parse
from dataclasses import dataclass, field

import yaml
from botocore.exceptions import BotoCoreError, ClientError

from shell import Broken

# Where terraform/ attaches the ledger's volume, and the files by which a machine and its purpose are known.
DATA_DEVICE = "/dev/sdf"
HOST_FILE, SERVICE_FILE = "/etc/tocos/host.env", "/etc/tocos/deploy.json"
UNIT_FILE = "/etc/containers/systemd/tocos.container.d/10-host.conf"
GROUP_FILE = "/etc/tocos/group.json"
# As terraform/ calls the database inside the PostgreSQL, and its user.
DATABASE = USER = "tocos"
# RDS gives no address away. Its body has this one of the first private subnet.
DATABASE_HOST = 250
# What LocalStack answers for a part of AWS that it does not have.
NOT_IMPLEMENTED = 501
NO_DATABASES = "LocalStack's free edition has no RDS, and so no database for a group; moto has one: scripts/local-emulator.sh moto"
GZIP = b"\x1f\x8b"


@dataclass
class Database:
    """A PostgreSQL. One body stands in both of its zones."""

    is_public, is_whole = False, True

    id: str
    name: str
    # The name under which the machines reach it.
    address: str
    ip: str
    vpc: str
    groups: list
    # The secret with its password.
    secret: str
    rules: list = field(default_factory=list)


@dataclass
class Machine:
    id: str
    name: str
    ip: str
    vpc: str
    groups: list
    is_public: bool
    # As cloud-init gets it, so it may be compressed.
    user_data: bytes
    files: dict
    data_volume: str = ""
    database: Database | None = None
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
    def group(self):
        """What a node of a group is told about it; nothing for others."""
        return json.loads(self.files.get(GROUP_FILE, "{}"))

    @property
    def database_address(self):
        return urllib.parse.urlsplit(self.group["url"]).hostname if self.group else None

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
    """One VPC with its running machines and databases; no VPC where there are none. `volumes` are all that there are, attached or between two
    machines, and those of the databases."""

    machines: list
    databases: list
    volumes: set
    cidr: str = ""

    @property
    def services(self):
        """The machines of the service; in a group the first node is the first."""
        return sorted((machine for machine in self.machines if machine.image), key=lambda machine: machine.group.get("index", 0))

    @property
    def service(self):
        return next(iter(self.services), None)


def read(emulator):
    try:
        return read_api(emulator)
    except (BotoCoreError, ClientError) as error:
        raise Broken(f"{emulator.url} does not say what it has: {error}") from error


def read_api(emulator):
    ec2 = emulator.client("ec2")
    described = ec2.describe_volumes()["Volumes"]
    machines, databases = running(ec2, described), databases_of(emulator, ec2)
    volumes = {volume["VolumeId"] for volume in described} | {database.id for database in databases}
    vpcs = {one.vpc for one in [*machines, *databases]}
    if not vpcs:
        return Recorded([], [], volumes)
    if len(vpcs) > 1:
        raise Broken(f"there are machines of this Terraform in several VPCs ({', '.join(sorted(vpcs))}), and only those of one can have bodies: destroy the others")
    members = {}
    for one in [*machines, *databases]:
        for group in one.groups:
            members.setdefault(group, []).append(one.ip)
    for one in [*machines, *databases]:
        one.rules = rules_of(ec2, one.groups, members)
    for machine in machines:
        if machine.database_address:
            machine.database = next((database for database in databases if database.address == machine.database_address), None)
            if not machine.database:
                raise Broken(f"{machine.name} wants the database {machine.database_address}, which {emulator.url} does not have. {NO_DATABASES}")
    return Recorded(machines, databases, volumes, ec2.describe_vpcs(VpcIds=list(vpcs))["Vpcs"][0]["CidrBlock"])


def databases_of(emulator, ec2):
    """Those of this Terraform. An emulator that knows no databases is asked once."""
    if not emulator.has_databases:
        return []
    try:
        described = emulator.client("rds").describe_db_instances()["DBInstances"]
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != NOT_IMPLEMENTED:
            raise
        emulator.has_databases = False
        return []
    found = []
    for database in described:
        if (database["Engine"], database.get("DBName")) != ("postgres", DATABASE) or "MasterUserSecret" not in database:
            # Somebody else's.
            continue
        subnets = [subnet["SubnetIdentifier"] for subnet in database["DBSubnetGroup"]["Subnets"]]
        first = min(ipaddress.ip_network(subnet["CidrBlock"]) for subnet in ec2.describe_subnets(SubnetIds=subnets)["Subnets"])
        found.append(Database(
            id=database["DBInstanceIdentifier"], name=f"{database['DBInstanceIdentifier'].rsplit('-', 1)[0]}-database", ip=str(first[DATABASE_HOST]),
            address=database["Endpoint"]["Address"], vpc=database["DBSubnetGroup"]["VpcId"], secret=database["MasterUserSecret"]["SecretArn"],
            groups=[group["VpcSecurityGroupId"] for group in database["VpcSecurityGroups"]],
        ))
    return found


def password(emulator, database):
    """That of the database, as its machines get it too."""
    try:
        secret = emulator.client("secretsmanager").get_secret_value(SecretId=database.secret)
    except (BotoCoreError, ClientError) as error:
        raise Broken(f"{emulator.url} does not say the password of {database.name}: {error}") from error
    return json.loads(secret["SecretString"])["password"]


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
        user_data = base64.b64decode(raw.get("UserData", {}).get("Value") or "")
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
    text = (gzip.decompress(user_data) if user_data.startswith(GZIP) else user_data).decode(errors="replace")
    if not text.startswith("#cloud-config"):
        return {}
    return {
        file["path"]: gzip.decompress(base64.b64decode(file["content"])).decode() if file.get("encoding") == "gz+b64" else file["content"]
        for file in yaml.safe_load(text).get("write_files", [])
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

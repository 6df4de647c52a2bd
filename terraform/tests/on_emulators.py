"""Applies the Terraform with the real provider on emulators of AWS, and compares what the API then says with what README.md promises."""

import base64
import gzip
import json
import os
import re
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "deploy" / "local"))

from checks import Checks  # noqa: E402
from emulator import REGION, Emulator  # noqa: E402
from shell import Broken  # noqa: E402
from workspace import Workspace  # noqa: E402

METRICS_CIDR = "10.20.200.0/28"
OTHER_ARCHIVE = "s3://acme-older/ledger"
SUBJECT = "repo:acme@1/tocos@2:environment:production"
# No emulator knows Data Lifecycle Manager; load balancers take one of them minutes and the other does not know them.
BASE = {"image": "docker.io/acme/tocos", "ami_id": "ami-12c6146b", "architecture": "amd64", "instance_type": "t3.small", "backups": False}
PRIVATE = BASE | {
    "nat": True, "metrics_cidrs": [METRICS_CIDR], "github_subject": SUBJECT, "flow_logs": True, "proxy_instance_type": "t3.nano",
    "archive": True, "archive_keep_days": 30, "restore_from": OTHER_ARCHIVE,
}
# moto alone has databases.
GROUP = BASE | {"nat": True, "proxy_instance_type": "t3.nano", "nodes": 2, "database": "rds", "backup_retain_days": 9, "emulator": True}


def table(heading):
    """Rows of the README's table whose first column is called so."""
    rows, inside = [], False
    for line in (ROOT / "terraform" / "README.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if cells and cells[0] == heading:
            inside = True
        elif inside and not cells:
            break
        elif inside and not set(cells[0]) <= {"-"}:
            rows.append(cells)
    if not rows:
        raise Broken(f"README.md has no table that begins with {heading}")
    return rows


class Readings:
    """What the API says, in the README's words."""

    def __init__(self, emulator, outputs):
        self.ec2, self.vpc, self.outputs = emulator.client("ec2"), outputs["vpc_id"], outputs
        self.of_vpc = [{"Name": "vpc-id", "Values": [self.vpc]}]

    def rules(self):
        groups = {group["GroupId"]: self.kind(group) for group in self.ec2.describe_security_groups(Filters=self.of_vpc)["SecurityGroups"]}
        found = {}
        for rule in self.ec2.describe_security_group_rules()["SecurityGroupRules"]:
            if rule["GroupId"] not in groups:
                continue
            assert rule["FromPort"] == rule["ToPort"] and rule["IpProtocol"] == "tcp", f"a rule is wider than a port: {rule}"
            other = rule.get("CidrIpv4") or groups[rule["ReferencedGroupInfo"]["GroupId"]]
            other = "metrics_cidrs" if other == METRICS_CIDR else other
            key = (groups[rule["GroupId"]], "out" if rule["IsEgress"] else "in", other)
            found.setdefault(key, set()).add(rule["FromPort"])
        assert set(groups.values()) - {"database"} == {"edge", "service", "default"}, f"other groups: {groups}"
        return found

    @staticmethod
    def kind(group):
        return next((kind for kind in ("edge", "service", "database") if f"-{kind}-" in group["GroupName"]), group["GroupName"])

    def subnets(self):
        found = set()
        tables = self.ec2.describe_route_tables(Filters=self.of_vpc)["RouteTables"]
        for subnet in self.ec2.describe_subnets(Filters=self.of_vpc)["Subnets"]:
            tier = next(tag["Value"] for tag in subnet["Tags"] if tag["Key"] == "Tier")
            routes = next(
                table["Routes"] for table in tables
                if any(association.get("SubnetId") == subnet["SubnetId"] for association in table["Associations"])
            )
            assert not subnet["MapPublicIpOnLaunch"], "a subnet hands out public addresses by itself"
            found.add((tier, subnet["CidrBlock"], subnet["AvailabilityZone"].removeprefix(REGION), self.way_out(routes)))
        return found

    @staticmethod
    def way_out(routes):
        for route in routes:
            if route.get("DestinationCidrBlock") == "0.0.0.0/0":
                return "NAT gateway" if route.get("NatGatewayId") else "internet gateway" if route["GatewayId"].startswith("igw-") else "?"
        return "none"

    def instance(self, instance_id):
        """With its interface, which has its addresses and groups."""
        instance = self.ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]
        interface = instance["NetworkInterfaces"][0]
        addresses = self.ec2.describe_addresses()["Addresses"]
        public = [address["PublicIp"] for address in addresses if address.get("NetworkInterfaceId") == interface["NetworkInterfaceId"]]
        return instance, interface["PrivateIpAddress"], public, {self.kind(group) for group in interface["Groups"]}


def promised_rules(heading):
    return {
        (group, direction, other): {int(port) for port in ports.split(",")}
        for group, direction, other, ports in table(heading) if direction
    }


def rules_are_as_promised(readings, heading="group"):
    promised, found = promised_rules(heading), readings.rules()
    assert found == promised, f"README.md promises {promised}, the API says {found}"
    return f"{sum(map(len, found.values()))} ports in {len(found)} rows, and nothing else"


def subnets_are_as_promised(readings):
    promised, found = {tuple(row) for row in table("subnet")}, readings.subnets()
    assert found == promised, f"README.md promises {promised}, the API says {found}"
    return f"{len(found)} subnets with their routes"


def instances_are_as_promised(readings):
    service, service_ip, service_public, service_groups = readings.instance(readings.outputs["instance_id"])
    proxy, _, proxy_public, proxy_groups = readings.instance(readings.outputs["proxy_instance_id"])
    assert service_public == [], f"the service has a public address: {service_public}"
    assert service_ip == "10.20.10.10", service_ip
    assert proxy_public == [readings.outputs["address"]], f"the proxy is reached at {proxy_public}"
    assert (service_groups, proxy_groups) == ({"service"}, {"edge"}), (service_groups, proxy_groups)
    for instance in (service, proxy):
        metadata = instance.get("MetadataOptions", {}).get("HttpTokens")
        assert metadata == "required", f"metadata without a token: {metadata}"
        assert "KeyName" not in instance, "there is a key pair"
    volumes = readings.ec2.describe_volumes(VolumeIds=[readings.outputs["data_volume_id"]])["Volumes"]
    assert volumes[0]["Encrypted"] and volumes[0]["Attachments"][0]["InstanceId"] == service["InstanceId"], volumes
    return "service private, proxy public, the volume encrypted and attached, no key pair"


def archive_is_as_promised(emulator, outputs):
    s3 = emulator.client("s3")
    bucket, prefix = outputs["archive_url"].removeprefix("s3://").split("/", 1)
    account = emulator.client("sts").get_caller_identity()["Account"]
    assert (bucket, prefix) == (f"tocos-archive-{account}-{REGION}", "tocos"), outputs["archive_url"]
    assert s3.get_bucket_versioning(Bucket=bucket).get("Status") == "Enabled", "it keeps no versions"
    encryption = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert encryption["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"} and not encryption["BucketKeyEnabled"], encryption
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert len(block) == 4 and all(block.values()), f"the public is not kept out: {block}"
    rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert len(rules) == 1 and rules[0]["Status"] == "Enabled" and "Expiration" not in rules[0], f"live objects would go: {rules}"
    assert rules[0]["NoncurrentVersionExpiration"]["NoncurrentDays"] == 30, rules
    assert rules[0]["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == 7, rules
    policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]
    assert len(policy) == 1, policy
    refusal = policy[0]
    assert refusal["Effect"] == "Deny" and refusal["Principal"] in ("*", {"AWS": "*"}) and refusal["Action"] == "s3:*", refusal
    assert set(refusal["Resource"]) == {f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"}, refusal
    assert refusal["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}, refusal
    return f"{bucket}: versions, encryption, no public, TLS alone"


def instance_may_add_and_never_overwrite_or_remove(emulator, outputs):
    """What the role of the service's instance may, by action and resource, is what is promised, and nothing else."""
    bucket, prefix = outputs["archive_url"].removeprefix("s3://").split("/", 1)
    own, other = f"arn:aws:s3:::{bucket}", "arn:aws:s3:::acme-older"
    allowed, denied = rights(emulator, outputs["instance_id"])
    assert allowed == {
        ("s3:PutObject", f"{own}/{prefix}/*"), ("s3:GetObject", f"{own}/{prefix}/*"), ("s3:ListBucket", own),
        ("s3:GetObject", f"{other}/ledger/*"), ("s3:ListBucket", other),
    }, f"the role may {allowed}"
    unconditional = {"Null": {"s3:if-none-match": "true"}}
    log = [("s3:PutObject", f"{own}/{prefix}/{name}", unconditional) for name in ("*/log-*", "*/tail-*", "branch-*")]
    assert sorted(denied, key=str) == log, f"the role may not {denied}"
    proxy, _ = rights(emulator, outputs["proxy_instance_id"])
    assert not proxy, f"the proxy may {proxy}"
    return f"{len(allowed)} rights; puts of the log only where there is none"


def rights(emulator, instance_id):
    """(action, resource) pairs that the role of an instance is allowed in S3, and what it is denied there, with the conditions."""
    instance = emulator.client("ec2").describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]
    iam, allowed, denied = emulator.client("iam"), set(), []
    profile = instance["IamInstanceProfile"]["Arn"].rsplit("/", 1)[1]
    for role in iam.get_instance_profile(InstanceProfileName=profile)["InstanceProfile"]["Roles"]:
        name = role["RoleName"]
        assert not iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"], f"{name} has ready-made policies"
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            for statement in iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]["Statement"]:
                actions, resources = (listed(statement[what]) for what in ("Action", "Resource"))
                pairs = {(action, resource) for action in actions for resource in resources if not action.startswith(("ssm", "ec2messages:"))}
                if statement["Effect"] == "Allow":
                    allowed |= pairs
                else:
                    denied += [(*pair, statement.get("Condition")) for pair in pairs]
    return allowed, denied


def listed(value):
    return value if isinstance(value, list) else [value]


def state_is_kept_in_s3(work, emulator):
    """The bucket as bootstrap makes it, and the backend text it prints, with nothing changed but where S3 is."""
    work.terraform("init", within="bootstrap")
    work.terraform("apply", "-auto-approve", "-var", "bucket=acme-tocos-state", within="bootstrap")
    text = work.terraform("output", "-raw", "backend", within="bootstrap").stdout
    # The bucket refuses everything without TLS, which the emulators take seriously and do not speak.
    emulator.client("s3").delete_bucket_policy(Bucket="acme-tocos-state")
    (work.root / "backend.tf").write_text(text)
    settings = {
        "endpoints": json.dumps({"s3": emulator.url}).replace(":", "=", 1), "access_key": "test", "secret_key": "test",
        "use_path_style": "true", "skip_credentials_validation": "true", "skip_requesting_account_id": "true", "skip_metadata_api_check": "true",
        "skip_region_validation": "true",
    }
    work.terraform("init", *(f"-backend-config={name}={value}" for name, value in settings.items()))


def second_plan_is_empty(work):
    done = work.terraform("plan", "-detailed-exitcode", "-no-color", check=False)
    assert done.returncode == 0, f"a second plan ends with {done.returncode}:\n{done.stdout[-1500:]}{done.stderr[-1500:]}"


def destroy_is_refused(work):
    done = work.terraform("destroy", "-auto-approve", "-no-color", "-refresh=false", check=False)
    assert done.returncode != 0 and "prevent_destroy" in done.stderr, "destroy would have taken the ledger's volume"
    for kept in ("aws_ebs_volume.data", "aws_s3_bucket.archive"):
        assert kept in done.stderr, f"destroy would have taken {kept}:\n{done.stderr[-1500:]}"


def destroyed(work, emulator, vpc):
    work.unprotect()
    ec2 = emulator.client("ec2")
    first = work.terraform("destroy", "-auto-approve", "-no-color", "-refresh=false", check=False)
    if first.returncode != 0:
        # The emulators leave an interface attached to an instance that is terminated, which AWS does not. Nothing else may be left.
        assert first.stderr.count("Error: ") == first.stderr.count("detaching EC2 Network Interface"), first.stderr[-2000:]
        for interface in ec2.describe_network_interfaces(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["NetworkInterfaces"]:
            ec2.delete_network_interface(NetworkInterfaceId=interface["NetworkInterfaceId"])
        work.terraform("destroy", "-auto-approve", "-no-color", "-refresh=false")
    left = [found["VpcId"] for found in ec2.describe_vpcs()["Vpcs"] if found["VpcId"] == vpc]
    volumes = [volume["VolumeId"] for volume in ec2.describe_volumes()["Volumes"] if volume.get("Tags")]
    buckets = [bucket["Name"] for bucket in emulator.client("s3").list_buckets()["Buckets"] if "-archive-" in bucket["Name"]]
    assert not left and not volumes and not buckets, f"still there: {left} {volumes} {buckets}"


def apply(work, count):
    done = work.terraform("apply", "-auto-approve", "-no-color")
    made = int(re.search(r"Apply complete! Resources: (\d+) added", done.stdout).group(1))
    assert made >= count, f"only {made} resources"
    return f"{made} resources"


def on(checks, kind, python, folder):
    emulator = Emulator(kind, python, Path(folder) / kind)
    if not checks.check(f"{kind} starts", lambda: f"after {emulator.start():.1f} s"):
        return
    try:
        work = Workspace(Path(folder) / f"{kind}-work").copy(emulator.url)
        work.variables(PRIVATE)
        ready = checks.check(f"{kind}: the state's bucket, and the state in it", lambda: state_is_kept_in_s3(work, emulator))
        if ready and checks.check(f"{kind}: apply with NAT, proxy, metrics, flow log and GitHub's role", lambda: apply(work, 40)):
            outputs = work.outputs()
            readings = Readings(emulator, outputs)
            checks.check(f"{kind}: the archive's bucket is as promised", lambda: archive_is_as_promised(emulator, outputs))
            checks.check(f"{kind}: the instance may add to it, and no more", lambda: instance_may_add_and_never_overwrite_or_remove(emulator, outputs))
            checks.check(f"{kind}: a second plan is empty", lambda: second_plan_is_empty(work))
            checks.check(f"{kind}: the open ports are those of the README", lambda: rules_are_as_promised(readings))
            checks.check(f"{kind}: subnets and routes are those of the README", lambda: subnets_are_as_promised(readings))
            checks.check(f"{kind}: instances and volume are as promised", lambda: instances_are_as_promised(readings))
            checks.check(f"{kind}: destroy is refused while volume and archive are protected", lambda: destroy_is_refused(work))
            checks.check(f"{kind}: destroy leaves nothing once they are not", lambda: destroyed(work, emulator, outputs["vpc_id"]))
    finally:
        emulator.stop()


def database_is_as_promised(emulator, outputs):
    found = emulator.client("rds").describe_db_instances()["DBInstances"]
    assert len(found) == 1, found
    database = found[0]
    wanted = {
        "Engine": "postgres", "MultiAZ": True, "PubliclyAccessible": False, "StorageEncrypted": True, "BackupRetentionPeriod": 9, "CopyTagsToSnapshot": True,
    }
    assert {name: database[name] for name in wanted} == wanted, database
    assert database["MasterUserSecret"]["SecretArn"] == outputs["database"]["secret_arn"], database["MasterUserSecret"]
    private = {subnet["SubnetId"] for subnet in emulator.client("ec2").describe_subnets()["Subnets"] if {"Key": "Tier", "Value": "private"} in subnet.get("Tags", [])}
    assert {subnet["SubnetIdentifier"] for subnet in database["DBSubnetGroup"]["Subnets"]} == private, database["DBSubnetGroup"]
    return f"{database['DBInstanceClass']} in two zones, encrypted, private, its password made by RDS"


def nodes_are_as_promised(readings, emulator):
    """Each in its own zone, with what it needs to know; its role may read the password and nothing else."""
    secret = readings.outputs["database"]["secret_arn"]
    zones = set()
    for index, node in enumerate(readings.outputs["nodes"]):
        instance, address, public, groups = readings.instance(node["instance_id"])
        assert (address, public, groups) == (node["private_ip"], [], {"service"}), (address, public, groups)
        subnet = readings.ec2.describe_subnets(SubnetIds=[instance["NetworkInterfaces"][0]["SubnetId"]])["Subnets"][0]
        zones.add(subnet["AvailabilityZone"])
        files = written_files(emulator, node["instance_id"])
        told = json.loads(files["/etc/tocos/group.json"])
        assert (told["index"], told["nodes"], told["secret"]) == (index, [node["private_ip"] for node in readings.outputs["nodes"]], secret), told
        volumes = [mapping["Ebs"]["VolumeId"] for mapping in instance["BlockDeviceMappings"] if mapping["DeviceName"] == "/dev/sdf"]
        assert len(volumes) == 1, instance["BlockDeviceMappings"]
        volume = readings.ec2.describe_volumes(VolumeIds=volumes)["Volumes"][0]
        assert volume["AvailabilityZone"] == subnet["AvailabilityZone"] and volume["Encrypted"], volume
        assert f"DATA_VOLUME={volumes[0].replace('-', '')}" in files["/etc/tocos/host.env"], f"{volumes} {files['/etc/tocos/host.env']}"
        allowed, denied = rights(emulator, node["instance_id"])
        assert (allowed, denied) == ({("secretsmanager:GetSecretValue", secret)}, []), f"the role may {allowed}, may not {denied}"
    assert len(zones) == 2, zones
    return "two, in two zones, each with a volume of its own"


def written_files(emulator, instance_id):
    """What cloud-init writes on an instance of a group."""
    data = emulator.client("ec2").describe_instance_attribute(InstanceId=instance_id, Attribute="userData")["UserData"]["Value"]
    config = yaml.safe_load(gzip.decompress(base64.b64decode(data)))
    assert ["systemctl", "enable", "--now", "tocos-password.timer"] in config["runcmd"], config["runcmd"]
    return {file["path"]: file["content"] for file in config["write_files"]}


def group(checks, python, folder):
    emulator = Emulator("moto", python, Path(folder) / "group")
    if not checks.check("moto starts, for a group", lambda: f"after {emulator.start():.1f} s"):
        return
    try:
        work = Workspace(Path(folder) / "group-work").copy(emulator.url)
        work.variables(GROUP)
        work.terraform("init")
        if checks.check("moto: apply with two nodes and a database", lambda: apply(work, 60)):
            outputs = work.outputs()
            readings = Readings(emulator, outputs)
            checks.check("moto: a second plan of a group is empty", lambda: second_plan_is_empty(work))
            checks.check("moto: the database is as promised", lambda: database_is_as_promised(emulator, outputs))
            checks.check("moto: the nodes are as promised", lambda: nodes_are_as_promised(readings, emulator))
            checks.check("moto: the open ports of a group are those of the README", lambda: rules_are_as_promised(readings, "in a group"))
            checks.check("moto: destroy of a group leaves nothing", lambda: destroyed(work, emulator, outputs["vpc_id"]))
            checks.check("moto: nor a database", lambda: not_one(emulator.client("rds").describe_db_instances()["DBInstances"]))
    finally:
        emulator.stop()


def not_one(found):
    assert not found, found


def end_with_emulators(folder, kinds):
    """For the one who started us and has given up."""
    for kind in [*kinds, "group"]:
        Emulator("moto" if kind == "group" else kind, sys.executable, Path(folder) / kind, port=1).stop()
    os._exit(1)


def main():
    folder, pythons = sys.argv[1], dict(argument.split("=", 1) for argument in sys.argv[2:])
    signal.signal(signal.SIGTERM, lambda *_: end_with_emulators(folder, pythons))
    checks = Checks()
    # Nearly all of it is waiting, so all at once.
    with ThreadPoolExecutor() as all_of_them:
        runs = [all_of_them.submit(on, checks, kind, python, folder) for kind, python in pythons.items()]
        for run in [*runs, all_of_them.submit(group, checks, pythons["moto"], folder)]:
            run.result()
    checks.close()


if __name__ == "__main__":
    main()

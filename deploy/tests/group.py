"""Tests deploy/tocos-group: turns in thousands of rollouts that are drawn, the signature against Amazon's own library, what is prepared for a start."""

import datetime
import http.server
import importlib.machinery
import importlib.util
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "deploy" / "local"))

from checks import Checks  # noqa: E402


def loaded():
    sys.dont_write_bytecode = True
    loader = importlib.machinery.SourceFileLoader("tocos_group", str(ROOT / "deploy" / "tocos-group"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("tocos_group", loader))
    loader.exec_module(module)
    return module


GROUP = loaded()


# Turns.

class Host:
    def __init__(self):
        self.digest, self.rejected, self.asked, self.serves, self.trial, self.restarts = "d0", set(), "d0", True, None, False


class Rollout:
    """Hosts that poll, pull and restart in an order that is drawn. Each takes several steps, in which others go on."""

    def __init__(self, seed, count):
        self.random, self.hosts, self.channel, self.bad, self.most = random.Random(seed), [Host() for _ in range(count)], "d0", set(), 0

    def step(self):
        index = self.random.randrange(len(self.hosts))
        host = self.hosts[index]
        if host.trial:
            return self.judge(index, host)
        nodes = [GROUP.Node(other.digest, other.asked in other.rejected, other.serves) for other in self.hosts]
        digest = GROUP.wanted(index, nodes, self.channel, host.rejected)
        host.asked = digest
        if digest not in host.rejected and digest != host.digest:
            host.trial = digest
        return None

    def judge(self, index, host):
        if self.random.random() < 0.6:
            return
        if not host.restarts:
            # It has been pulled.
            host.restarts, host.serves = True, False
            self.most = max(self.most, sum(other.restarts for other in self.hosts))
            return
        host.restarts = False
        if (index, host.trial) in self.bad:
            host.rejected.add(host.trial)
        else:
            host.digest = host.trial
        host.trial, host.serves = None, True

    def run(self, steps):
        for _ in range(steps):
            self.step()
        return [host.digest for host in self.hosts]


def drawn(seed):
    count = random.Random(seed).randint(2, 5)
    return Rollout(seed, count), count


def one_restarts_at_a_time_and_all_arrive():
    for seed in range(300):
        rollout, count = drawn(seed)
        for number in range(1, 5):
            # Now and then the channel moves on before all have the image before it.
            rollout.channel = f"d{number}"
            rollout.run(rollout.random.choice((5, 20, 400)))
        got = rollout.run(1000)
        assert got == ["d4"] * count, f"seed {seed}: {got}"
        assert rollout.most == 1, f"seed {seed}: {rollout.most} restarted at a time"
    return "300 rollouts of four images"


def what_the_first_gives_up_goes_no_further():
    for seed in range(100):
        rollout, count = drawn(seed)
        rollout.bad, rollout.channel = {(0, "d1")}, "d1"
        got = rollout.run(600)
        assert got == ["d0"] * count and all(not host.rejected for host in rollout.hosts[1:]), f"seed {seed}: {got}"
        rollout.channel = "d2"
        assert rollout.run(1000) == ["d2"] * count and rollout.most == 1, f"seed {seed}"
    return "100 rollouts"


def what_a_later_one_gives_up_is_mended_by_the_next():
    for seed in range(100):
        rollout, count = drawn(seed)
        last = rollout.random.randrange(1, count)
        rollout.bad, rollout.channel = {(last, "d1")}, "d1"
        got = rollout.run(600)
        assert got == ["d1"] * last + ["d0"] * (count - last), f"seed {seed}: {got}"
        rollout.channel = "d2"
        assert rollout.run(1000) == ["d2"] * count and rollout.most == 1, f"seed {seed}"
    return "100 rollouts"


def nobody_takes_a_turn_beside_one_that_does_not_serve():
    for seed in range(100):
        rollout, count = drawn(seed)
        down = rollout.random.randrange(count)
        # It runs what there is, and still does not serve.
        rollout.hosts[down].serves, rollout.bad, rollout.channel = False, {(down, "d1")}, "d1"
        for _ in range(300):
            rollout.step()
            rollout.hosts[down].serves = False
            assert [host.digest for host in rollout.hosts] == ["d0"] * count, f"seed {seed}"
        # The fix comes to the one that is down first, and from there to all.
        rollout.channel = "d2"
        assert rollout.run(1500) == ["d2"] * count, f"seed {seed}: {[host.digest for host in rollout.hosts]}"
    return "100 rollouts"


# The password.

KEYS = {"AccessKeyId": "AKIDEXAMPLE", "SecretAccessKey": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "Token": "a/token+of=the role"}


def signature_is_amazons():
    for keys in (KEYS, KEYS | {"Token": None}):
        is_signed_as_by_amazon(keys)
    os.environ |= {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    os.environ.pop("AWS_SESSION_TOKEN", None)
    assert GROUP.credentials() == {"AccessKeyId": "a", "SecretAccessKey": "b", "Token": None}, GROUP.credentials()
    return "with keys of a role, and with those of the environment"


def is_signed_as_by_amazon(keys):
    now = datetime.datetime(2026, 11, 29, 12, 30, 5, tzinfo=datetime.timezone.utc)
    host, body = "secretsmanager.eu-central-1.amazonaws.com", b'{"SecretId": "arn"}'
    ours = GROUP.signed(keys, "eu-central-1", host, body, now)
    assert ("x-amz-security-token" in ours) == bool(keys["Token"]), ours
    headers = {"content-type": ours["content-type"], "x-amz-target": ours["x-amz-target"], "host": host}
    request = AWSRequest("POST", f"https://{host}/", data=body, headers=headers)
    request.context["timestamp"] = ours["x-amz-date"]
    auth = SigV4Auth(Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["Token"]), "secretsmanager", "eu-central-1")
    request.headers["X-Amz-Date"] = ours["x-amz-date"]
    if keys["Token"]:
        request.headers["X-Amz-Security-Token"] = keys["Token"]
    canonical = auth.canonical_request(request)
    theirs = auth.signature(auth.string_to_sign(request, canonical), request)
    assert ours["authorization"].endswith(f"Signature={theirs}"), f"{ours['authorization']} and {theirs}"


class Cloud(http.server.BaseHTTPRequestHandler):
    """The metadata service, Secrets Manager and the bundle of authorities, in one."""

    is_there, password = True, "s3cr/t%"

    def log_message(self, *_):
        pass

    def answer(self):
        token = self.headers.get("X-aws-ec2-metadata-token")
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        told = {
            ("PUT", "/latest/api/token"): "t1", ("GET", "/latest/meta-data/iam/security-credentials/"): token == "t1" and "role",
            ("GET", "/latest/meta-data/iam/security-credentials/role"): token == "t1" and json.dumps(KEYS),
            ("POST", "/"): json.loads(body or "{}").get("SecretId") == "arn:secret" and json.dumps({"SecretString": json.dumps({"username": "tocos", "password": Cloud.password}), "CreatedDate": 1000.5}),
            ("GET", "/bundle"): "-----BEGIN CERTIFICATE-----\n",
        }.get((self.command, self.path))
        found = told and type(self).is_there
        self.send_response(200 if found else 404)
        self.end_headers()
        self.wfile.write((told if found else "no").encode())

    do_GET = do_PUT = do_POST = answer


def a_start_is_prepared_once_the_secret_can_be_read_and_without_it_later():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Cloud)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    with tempfile.TemporaryDirectory() as folder:
        GROUP.METADATA, GROUP.BUNDLE = f"{url}/latest", f"{url}/bundle"
        GROUP.ENVIRONMENT, GROUP.AUTHORITIES = Path(folder) / "shared-log.env", Path(folder) / "rds.pem"
        os.environ["AWS_ENDPOINT_URL_SECRETS_MANAGER"] = f"{url}/"
        os.environ.pop("AWS_ACCESS_KEY_ID", None)
        config = {"index": 1, "nodes": [], "region": "eu-central-1", "secret": "arn:secret", "url": "postgres://tocos:PASSWORD@db:5432/tocos"}
        Cloud.is_there = False
        try:
            GROUP.prepare(config)
            raise AssertionError("it went on without a password")
        except SystemExit as end:
            assert "password" in str(end), end
        Cloud.is_there = True
        for there in (True, False):
            Cloud.is_there = there
            assert GROUP.prepare(config) == 0
            assert GROUP.ENVIRONMENT.read_text() == "TOCOS_SHARED_LOG=postgres://tocos:s3cr%2Ft%25@db:5432/tocos\n", GROUP.ENVIRONMENT.read_text()
        assert GROUP.ENVIRONMENT.stat().st_mode & 0o777 == 0o600, oct(GROUP.ENVIRONMENT.stat().st_mode)
        assert "BEGIN CERTIFICATE" in GROUP.AUTHORITIES.read_text()
        Cloud.is_there = True
        a_new_password_is_taken_in_turn(config, Path(folder) / "lock")
    server.shutdown()


def a_new_password_is_taken_in_turn(config, lock):
    """`others`: whether they serve, and when they began; the password was made at 1000.5."""
    restarted, others = [], {}
    config |= {"index": 1, "nodes": ["a", "b", "c"]}
    GROUP.LOCK, GROUP.serves, GROUP.began = lock, lambda address: others[address][0], lambda address: others[address][1]
    run, GROUP.subprocess.run = GROUP.subprocess.run, lambda command: restarted.append(command) or subprocess.CompletedProcess(command, 0)
    try:
        rows = [
            ("s3cr/t%", {"a": (True, 2000.0), "b": (True, 1.0), "c": (True, 1.0)}, 0, "the password is the one that it has"),
            ("new", {"a": (True, 1.0), "b": (True, 1.0), "c": (True, 1.0)}, 0, "the one before it has not restarted yet"),
            ("new", {"a": (True, 2000.0), "b": (True, 1.0), "c": (False, 1.0)}, 0, "another one does not serve"),
            ("new", {"a": (True, 2000.0), "b": (True, 1.0), "c": (True, 1.0)}, 1, "it is its turn"),
            ("new", {"a": (False, 1.0), "b": (False, 1.0), "c": (True, 1.0)}, 1, "it does not serve itself"),
        ]
        for password, others_now, wanted, why in rows:
            others.clear()
            others.update(others_now)
            Cloud.password = password
            restarted.clear()
            assert GROUP.refresh(config) == 0
            assert len(restarted) == wanted, f"{why}: {restarted}"
    finally:
        GROUP.subprocess.run = run


def what_a_host_says_is_read():
    class Said(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'# HELP\nnode_load1 1\ntocos_deploy_rejected 1\ntocos_deploy_info{digest="sha256:ab",version="1"} 1\n')

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Said)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    fetch, GROUP.fetch = GROUP.fetch, lambda url, **more: fetch(f"http://127.0.0.1:{server.server_address[1]}", **more)
    try:
        node = GROUP.seen("10.0.0.1")
        assert (node.digest, node.refuses, node.serves) == ("sha256:ab", True, True), vars(node)
        server.shutdown()
        server.server_close()
        node = GROUP.seen("10.0.0.1")
        assert (node.digest, node.refuses, node.serves) == ("", False, False), vars(node)
    finally:
        GROUP.fetch = fetch


def main():
    checks = Checks()
    checks.check("what a host says about itself is read", what_a_host_says_is_read)
    checks.check("one node restarts at a time, and all get the channel's image", one_restarts_at_a_time_and_all_arrive)
    checks.check("what the first gives up goes no further, and the next image does", what_the_first_gives_up_goes_no_further)
    checks.check("what a later one gives up holds up those behind it until the next image", what_a_later_one_gives_up_is_mended_by_the_next)
    checks.check("nobody takes a turn beside one that does not serve, and its fix gets through", nobody_takes_a_turn_beside_one_that_does_not_serve)
    checks.check("requests to Secrets Manager are signed as Amazon's library signs them", signature_is_amazons)
    checks.check("a start needs the password once; a new one is taken in turn", a_start_is_prepared_once_the_secret_can_be_read_and_without_it_later)
    checks.close()


if __name__ == "__main__":
    main()

"""Checks of `tocos copy` at its ends: a PostgreSQL that wants TLS, a group of nodes whose leader is killed, a ledger whose old events are in the archive alone."""

import os
import shutil
import threading
import time

from checks import run, same, wait_until
from copy_world import Copy, Postgres, Service, free_port


def certificate(folder, name, authority=None, host=None):
    """A key and a certificate: an authority's own, or one that it signs for a host."""
    key, made, asked = folder / f"{name}.key", folder / f"{name}.crt", folder / f"{name}.csr"
    new = ["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-subj", f"/CN={name}"]
    if authority is None:
        run(*map(str, [*new, "-x509", "-days", "30", "-out", made, "-addext", "basicConstraints=critical,CA:TRUE"]))
        return made
    run(*map(str, [*new, "-out", asked]))
    extensions = folder / f"{name}.ext"
    extensions.write_text(f"subjectAltName=DNS:{host}\nbasicConstraints=CA:FALSE\n")
    sign = ["openssl", "x509", "-req", "-in", asked, "-CA", authority, "-CAkey", authority.with_suffix(".key"), "-days", "30", "-out", made, "-extfile", extensions]
    run(*map(str, sign))
    return made


def tls(suite):
    """Over TLS as the URL says, with a password; whom the certificate does not name is refused."""
    folder = suite.folder / "tls"
    folder.mkdir()
    folder.chmod(0o755)
    ours, other = certificate(folder, "authority"), certificate(folder, "another")
    server = certificate(folder, "server", ours, "localhost")
    if os.getuid() == 0:
        shutil.chown(server.with_suffix(".key"), "postgres")
    access = "host all postgres 127.0.0.1/32 trust\nhostssl all all all scram-sha-256\n"
    postgres = Postgres(folder, access=access, ssl="on", ssl_cert_file=server, ssl_key_file=server.with_suffix(".key"))
    try:
        postgres.sql("create role copier login password 'of the copier'")
        postgres.sql("create database reports owner copier")
        copy = Copy(suite.binary, postgres, suite.service, database="reports")
        url = lambda host, more, word="of%20the%20copier": f"postgres://copier:{word}@{host}:{postgres.port}/reports?{more}"
        for host, more, words in [
            ("localhost", "sslmode=disable", "pg_hba.conf"),
            ("localhost", "sslmode=verify-full", "certificate"),
            ("localhost", f"sslmode=verify-full&sslrootcert={other}", "certificate"),
            ("127.0.0.1", f"sslmode=verify-full&sslrootcert={ours}", "certificate"),
            ("localhost", f"sslmode=verify-full&sslrootcert={folder}/none.crt", "none.crt"),
        ]:
            done = copy.run("--once", "--retry-for", "0", to=url(host, more))
            same((done.returncode, words in done.stderr, "of%20the" in done.stderr), (1, True, False), f"{host} {more}: {done.stderr}")
        done = copy.run("--once", to=url("localhost", f"sslmode=verify-full&sslrootcert={ours}", "wrong"))
        same((done.returncode, "user and password" in done.stderr), (1, True), done.stderr)
        for host, more in [
            ("localhost", f"sslmode=verify-full&sslrootcert={ours}"), ("127.0.0.1", f"sslmode=verify-ca&sslrootcert={ours}"), ("127.0.0.1", "sslmode=require"),
        ]:
            done = copy.run("--check", "--json", to=url(host, more))
            same(done.returncode, 0, f"{host} {more}: {done.stdout}{done.stderr}")
        return same(int(postgres.sql("select last_event from tocos.meta", "reports")) > 0, True)
    finally:
        postgres.stop()


class Writer(threading.Thread):
    """Spends that go on until they are ended, to whichever node takes them; what was acknowledged is counted."""

    def __init__(self, nodes):
        super().__init__()
        self.nodes, self.ended, self.done, self.sent = nodes, threading.Event(), 0, 0

    def run(self):
        while not self.ended.is_set():
            self.sent += 1
            operations = [{"op": "spend", "user": "ana", "coin": "toco", "amount": 1} for _ in range(20)]
            for node in self.nodes * 100:
                try:
                    node.ledger.must("POST", "/v1/batch", {"operations": operations}, idempotency_key=f"batch {self.sent}", timeout=5)
                    self.done += len(operations)
                    break
                except (OSError, AssertionError):
                    time.sleep(0.1)
                if self.ended.is_set():
                    return

    def end(self):
        self.ended.set()
        self.join()


def group(suite):
    """Two nodes; the copier reads from the one that leads, which is killed; it goes on with the other one without a gap."""
    url = f"{suite.postgres.url()}&ledger=of_two&durability=managed"
    run(suite.binary, "shared-log", "init", url)
    nodes = []
    for name in ("n1", "n2"):
        port = free_port()
        options = ["--shared-log", url, "--node", name, "--advertise", f"http://127.0.0.1:{port}", "--lease-s", "3"]
        nodes.append(Service(suite.binary, suite.folder / name, *options, listen=f"127.0.0.1:{port}").start())
    ledger = nodes[0].ledger
    ledger.must("PUT", "/v1/users/ana", {"name": "Ana"})
    ledger.must("POST", "/v1/grants", {"user": "ana", "coin": "toco", "amount": 1_000_000})
    addresses = ",".join(node.url for node in nodes)
    copy = Copy(suite.binary, suite.postgres, nodes[0], schema="of_group")
    writer = Writer(nodes)
    try:
        writer.start()
        copy.follow(url=addresses)
        wait_until("it follows", lambda: copy.at() > 100)
        # The ledger is level for no moment, and the first copy ends all the same.
        wait_until("the first copy ends", lambda: suite.postgres.sql("select indexed from of_group.meta") == "t")
        same(Copy(suite.binary, suite.postgres, nodes[1], schema="of_group_once").run("--once").returncode, 0)
        leads = lambda node: node.ledger.must("GET", "/v1/cluster")["role"] == "leader"
        leader = wait_until("one leads", lambda: next((node for node in nodes if leads(node)), None))
        other = next(node for node in nodes if node is not leader)
        leader.kill()
        at, done = copy.at(), writer.done
        wait_until("writes go on", lambda: writer.done > done + 200, 40)
        wait_until("the copy goes on", lambda: copy.at() > at + 200, 40)
        # The other way round: the first one comes back, and the second one is stopped.
        leader.start()
        wait_until("it is level", lambda: leader.last_event() >= other.last_event() - 100)
        at, done = copy.at(), writer.done
        other.kill()
        wait_until("writes go on again", lambda: writer.done > done + 200, 40)
        wait_until("the copy goes on again", lambda: copy.at() > at + 200, 40)
        writer.end()
        wait_until("the copy has come up", lambda: copy.at() == leader.last_event())
        copy.kill()
        report = copy.is_equal(url=addresses)
        spent = int(suite.postgres.sql("select spent from of_group.coins"))
        same((spent, spent >= writer.done), (leader.ledger.must("GET", "/v1/coins/toco")["spent"], True))
        leaders = int(suite.postgres.sql("select count(*) from of_group.events where kind = 'leader'"))
        same(leaders >= 3, True, "changes of the leader")
        return same(report["last_event"], leader.last_event())
    finally:
        writer.end()
        copy.kill()
        for node in nodes:
            node.kill()


def archived(suite):
    """The first events have left the local disk; a copy from nothing has them all the same."""
    archive = suite.folder / "archive"
    options = ["--archive", f"file://{archive}", "--archive-every-s", "1", "--segment-bytes", "65536", "--local-log-bytes", "262144", "--snapshot-every-events", "1000"]
    service = Service(suite.binary, suite.folder / "archived", *options).start()
    try:
        service.ledger.must("POST", "/v1/batch", {"operations": [{"op": "user", "user": f"user-{number}"} for number in range(50)]})
        grants = [{"op": "grant", "user": f"user-{number % 50}", "coin": "toco", "amount": 5, "lot": number < 50, "reference": f"order {number}"} for number in range(1_000)]
        first = service.data / "log-00000000000000000001.tocos"
        for _ in range(30):
            service.ledger.must("POST", "/v1/batch", {"operations": grants})
            if not first.exists():
                break
            time.sleep(0.1)
        wait_until("the first segment has left the disk", lambda: not first.exists())
        copy = Copy(suite.binary, suite.postgres, service, schema="of_archive")
        same(copy.is_equal()["last_event"], service.last_event())
        # Without its archive the ledger can't say what was; the copier says so, and goes on when the archive is back.
        copy.drop()
        aside = archive.with_name("aside")
        archive.rename(aside)
        archive.write_text("")
        service.kill()
        service.start()
        done = copy.run("--once", "--retry-for", "2")
        same((done.returncode, "rchive" in done.stderr), (3, True), done.stderr)
        copy.follow()
        wait_until("it says so", lambda: "trying again" in copy.said())
        archive.unlink()
        aside.rename(archive)
        wait_until("it goes on", lambda: copy.at() == service.last_event(), 40)
        copy.kill()
        return same(copy.is_equal()["last_event"], service.last_event())
    finally:
        service.kill()

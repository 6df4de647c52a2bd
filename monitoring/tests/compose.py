"""The compose file: what it may not do, and that it starts. Images cannot be pulled where the tests run, so the engine
gets stand-ins under other names that hold Debian's builds of the same programs; Grafana has none and is left out."""

import io
import json
import os
import re
import subprocess
import tarfile
import urllib.request
from pathlib import Path

from checks import run, same, wait_until
from ledger_client import Ledger
from stack import MONITORING, ROOT, free_port, get_json

FILE = str(MONITORING / "compose.yaml")
PROJECT = f"tocos-check-{os.getpid()}"
STAND_INS = {"prometheus": "/usr/bin/prometheus", "alertmanager": "/usr/bin/prometheus-alertmanager", "node-exporter": "/usr/bin/prometheus-node-exporter"}
NOBODY = 65534
# Debian's Alertmanager reads its texts from here; the upstream image has them inside the program.
TEMPLATES = "/usr/share/prometheus/alertmanager"


def file_is_careful():
    config = json.loads(run("docker-compose", "--file", FILE, "--profile", "cadvisor", "config", "--format", "json"))
    services = config["services"]
    same(set(services), {"tocos", "prometheus", "alertmanager", "grafana", "node-exporter", "cadvisor"})
    for name, service in services.items():
        for port in service.get("ports", []):
            same(port.get("host_ip"), "127.0.0.1", f"{name} publishes {port['published']}")
        if name != "tocos":
            same(bool(re.search(r":v?\d+\.\d+\.\d+$|@sha256:", service["image"])), True, f"{name} is pinned: {service['image']}")
        if name != "cadvisor":
            same(service.get("privileged", False), False, f"{name} is privileged")
            same(service["read_only"], True, f"{name} can write its root")
            same(service["cap_drop"], ["ALL"], f"{name} has capabilities")
            same(service["security_opt"], ["no-new-privileges:true"], name)
    grafana = services["grafana"]["environment"]
    same(grafana["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"], "true", "Grafana makes an account with the default password")
    same(grafana["GF_AUTH_ANONYMOUS_ORG_ROLE"], "Viewer", "who looks may change")
    same([name for name in grafana if "PASSWORD" in name], [], "a password stands in the file")


def stand_in(name, program):
    """An image that holds one program of Debian's and the libraries it needs."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        libraries = re.findall(r"(/\S+\.so\S*)", run("ldd", program, ok=False).stdout)
        for path in {program, *libraries}:
            archive.add(os.path.realpath(path), path.lstrip("/"))
        if os.path.exists(TEMPLATES):
            archive.add(TEMPLATES, TEMPLATES.lstrip("/"))
        for folder in ("prometheus", "alertmanager", "tmp"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode, entry.uid, entry.gid = tarfile.DIRTYPE, 0o755, NOBODY, NOBODY
            archive.addfile(entry)
    image = f"tocos-check/{name}:debian"
    subprocess.run(["docker", "import", "--change", f'ENTRYPOINT ["{program}"]', "--change", f"USER {NOBODY}:{NOBODY}", "-", image],
                   input=packed.getvalue(), capture_output=True, check=True)
    return image


def stack_runs(work):
    image = "tocos-check/tocos:packed"
    run(str(ROOT / "scripts" / "docker-build.sh"), "--quiet", "--file", str(ROOT / "Dockerfile"), "--target", "packed", "--build-arg", "BINARY=tocos", "--tag", image, context(work))
    ports = {name: free_port() for name in ("TOCOS_PORT", "PROMETHEUS_PORT", "ALERTMANAGER_PORT", "GRAFANA_PORT")}
    variables = {f"{name.upper().replace('-', '_')}_IMAGE": stand_in(name, program) for name, program in STAND_INS.items()}
    environment = {**os.environ, **variables, "TOCOS_IMAGE": image, **{name: str(port) for name, port in ports.items()}}
    compose = ["docker-compose", "--project-name", PROJECT, "--file", FILE]
    try:
        run(*compose, "up", "--detach", "--no-build", "--pull", "never", "tocos", *STAND_INS, env=environment)
        prometheus = f"http://127.0.0.1:{ports['PROMETHEUS_PORT']}"
        wait_until("all four jobs are up", lambda: targets_up(prometheus) == {"tocos", "node", "prometheus", "alertmanager"}, 60, 0.5)
        key = first_key(compose, environment)
        same(Ledger(f"http://127.0.0.1:{ports['TOCOS_PORT']}", key).must("GET", "/v1/users"), {"users": [], "next_cursor": None})
        listening_on_loopback(ports)
    except AssertionError as error:
        logs = run(*compose, "logs", "--tail", "5", env=environment, ok=False).stdout
        raise AssertionError(f"{error}\n{logs}") from error
    finally:
        run(*compose, "down", "--volumes", "--timeout", "5", env=environment, ok=False)


def context(work):
    """A folder with nothing but the binary."""
    folder = Path(work) / "context"
    folder.mkdir(exist_ok=True)
    run("cp", str(Path(work) / "tocos"), str(folder))
    return str(folder)


def targets_up(prometheus):
    return {target["labels"]["job"] for target in get_json(f"{prometheus}/api/v1/targets")["data"]["activeTargets"] if target["health"] == "up"}


def first_key(compose, environment):
    packed = subprocess.run([*compose, "cp", "tocos:/var/lib/tocos/first-key", "-"], env=environment, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        return archive.extractfile(archive.getmembers()[0]).read().decode().strip()


def listening_on_loopback(ports):
    """What the kernel says: nothing of this listens on other addresses."""
    wanted = {f"{port:04X}" for port in ports.values()}
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        address, port = line.split()[1].split(":")
        if port in wanted and line.split()[3] == "0A":
            same(address, "0100007F", f"port {int(port, 16)}")

"""AWS on this machine: clients of an emulator's API, whoever started it, and moto or LocalStack as a process of ours."""

import os
import signal
import socket
import subprocess
import urllib.request
from pathlib import Path

import boto3

from shell import Broken, run, wait_until

REGION = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "eu-central-1"
HEALTH = {"moto": "/moto-api/", "localstack": "/_localstack/health"}


class Endpoint:
    """An emulator that somebody runs, such as LocalStack on its usual port."""

    def __init__(self, url):
        self.url = url.rstrip("/")
        # Until it says that it does not know RDS.
        self.has_databases = True

    def answers(self, kinds=tuple(HEALTH)):
        return any(self.is_served(HEALTH[kind]) for kind in kinds)

    def is_served(self, path):
        try:
            with urllib.request.urlopen(self.url + path, timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def client(self, service):
        return boto3.client(
            service, endpoint_url=self.url, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test",
        )


class Emulator(Endpoint):
    """One that is ours."""

    def __init__(self, kind, python, folder, port=None):
        """`python` is the interpreter of the virtual environment that has the emulator; `folder` gets log and process id."""
        self.kind, self.python, self.folder = kind, Path(python), Path(folder)
        self.port = port or free_port()
        super().__init__(f"http://127.0.0.1:{self.port}")

    def start(self):
        if self.answers():
            raise Broken(f"something listens on {self.url} already: end it first (scripts/local-down.sh, if it is ours)")
        env = dict(os.environ, PATH=f"{self.python.parent}:{os.environ['PATH']}", MOTO_IAM_LOAD_MANAGED_POLICIES="true")
        if self.kind == "moto":
            command = [self.python, Path(__file__).with_name("moto_server.py"), "-H", "127.0.0.1", "-p", str(self.port)]
        else:
            command = [self.python, "-m", "localstack.runtime.main"]
            env |= {
                "SKIP_SSL_CERT_DOWNLOAD": "1", "DISABLE_EVENTS": "1", "ACTIVATE_PRO": "0", "EAGER_SERVICE_LOADING": "0",
                "GATEWAY_LISTEN": f"127.0.0.1:{self.port}", "LOCALSTACK_VOLUME_DIR": str(self.folder / "localstack"),
                "FILESYSTEM_ROOT": str(self.folder / "localstack"),
            }
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.folder / "emulator.log", "wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, env=env, start_new_session=True)
        (self.folder / "emulator.pid").write_text(str(process.pid))

        def up():
            if process.poll() is not None:
                raise Broken(f"{self.kind} ended at once; see {self.folder / 'emulator.log'}")
            return self.answers()

        _, took = wait_until(f"{self.kind} answers on {self.url}", up, 120)
        return took

    def answers(self, kinds=None):
        return super().answers(kinds or [self.kind])

    def stop(self):
        """Ends the process that `start` made, in this run or an earlier one."""
        end_process(self.folder / "emulator.pid", self.kind)


def end_process(file, what):
    """Ends the process group whose id is in a file, if there is one. LocalStack may hang at its end when a request comes meanwhile."""
    if not file.exists():
        return
    pid = int(file.read_text())
    for ending in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(pid, ending)
        except ProcessLookupError:
            pass
        try:
            wait_until(f"{what} is gone", lambda: not alive(pid), 20)
            break
        except Broken:
            if ending == signal.SIGKILL:
                raise
    file.unlink()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def alive(pid):
    try:
        # If it is our child, it stays a zombie until it is waited for.
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return False
    except ChildProcessError:
        pass
    # One that has ended and was not collected yet still has an entry.
    state = run("ps", "-o", "stat=", "-p", pid, check=False).stdout.strip()
    return bool(state) and not state.startswith("Z")

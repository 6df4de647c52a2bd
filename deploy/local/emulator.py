"""AWS on this machine: moto or LocalStack as a process, and clients of their API."""

import os
import signal
import socket
import subprocess
import urllib.request
from pathlib import Path

import boto3

from shell import Broken, wait_until

REGION = "eu-central-1"


class Emulator:
    def __init__(self, kind, python, folder, port=None):
        """`python` is the interpreter of the virtual environment that has the emulator; `folder` gets log and process id."""
        self.kind, self.python, self.folder = kind, Path(python), Path(folder)
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self):
        if self.answers():
            raise Broken(f"something listens on {self.url} already: end it first (scripts/local-down.sh, if it is ours)")
        env = dict(os.environ, PATH=f"{self.python.parent}:{os.environ['PATH']}", MOTO_IAM_LOAD_MANAGED_POLICIES="true")
        if self.kind == "moto":
            command = [self.python.parent / "moto_server", "-H", "127.0.0.1", "-p", str(self.port)]
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

    def answers(self):
        path = "/moto-api/" if self.kind == "moto" else "/_localstack/health"
        try:
            with urllib.request.urlopen(self.url + path, timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def stop(self):
        """Ends the process that `start` made, in this run or an earlier one."""
        file = self.folder / "emulator.pid"
        if not file.exists():
            return
        pid = int(file.read_text())
        try:
            os.killpg(pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
        wait_until(f"{self.kind} is gone", lambda: not alive(pid), 20)
        file.unlink()

    def client(self, service):
        return boto3.client(
            service, endpoint_url=self.url, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test",
        )


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
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not Path(f"/proc/{pid}/stat").exists() or Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"

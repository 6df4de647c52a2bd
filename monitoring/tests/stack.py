"""The real programs that the checks look at, each on ports of its own: service, Prometheus, Alertmanager, node exporter,
and a listener in the place of whoever is told."""

import http.server
import importlib.machinery
import importlib.util
import json
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
MONITORING = ROOT / "monitoring"
SCRAPE_EVERY = "1s"


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def get_json(url):
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{url}: {error.code} {error.read().decode()[:300]}") from error


class Listener:
    """Takes what Alertmanager posts."""

    def __init__(self):
        self.posts = []
        posts = self.posts

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                posts.append((self.path, json.loads(self.rfile.read(int(self.headers["content-length"])))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def alerts(self, path):
        return [alert for posted, body in list(self.posts) if posted == path for alert in body["alerts"]]


class Stack:
    def __init__(self, binary, work):
        self.binary, self.work = Path(binary), Path(work)
        self.processes = {}
        self.listener = Listener()
        self.ports = {name: free_port() for name in ("tocos", "internal", "prometheus", "alertmanager", "node")}

    def launch(self, name, *command):
        log = open(self.work / f"{name}.log", "ab")
        self.processes[name] = subprocess.Popen([str(part) for part in command], stdout=log, stderr=log, cwd=self.work)

    def url(self, name):
        return f"http://127.0.0.1:{self.ports[name]}"

    def start_service(self):
        self.launch("tocos", self.binary, "serve", "--listen", f"127.0.0.1:{self.ports['tocos']}", "--internal-listen", f"127.0.0.1:{self.ports['internal']}",
                    "--data-dir", self.work / "ledger", "--bootstrap-key-file", self.work / "first-key", "--snapshot-every-events", "500",
                    "--archive", f"file://{self.work / 'archive'}", "--archive-every-s", "1",
                    "--webhooks-allow-private", "127.0.0.1")

    def key(self):
        return (self.work / "first-key").read_text().strip()

    def start_watchers(self):
        """With the configuration that ships, but for ports, addresses and the pace."""
        shutil.copytree(MONITORING / "prometheus", self.work / "prometheus")
        config = self.work / "prometheus" / "prometheus.yml"
        config.write_text(config.read_text().replace("_interval: 15s", f"_interval: {SCRAPE_EVERY}"))
        for job, name in {"tocos": "internal", "node": "node", "prometheus": "prometheus", "alertmanager": "alertmanager"}.items():
            (self.work / "prometheus" / "targets" / f"{job}.yaml").write_text(f'- targets: ["127.0.0.1:{self.ports[name]}"]\n')
        shipped = (MONITORING / "alertmanager" / "alertmanager.yml").read_text()
        (self.work / "alertmanager.yml").write_text(shipped.replace("127.0.0.1:9095", f"127.0.0.1:{self.listener.port}"))
        self.leave_textfiles()
        self.launch("node", "prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{self.ports['node']}", f"--collector.textfile.directory={self.work / 'textfile'}")
        self.launch("alertmanager", "prometheus-alertmanager", f"--config.file={self.work / 'alertmanager.yml'}", f"--storage.path={self.work / 'alertmanager'}",
                    f"--web.listen-address=127.0.0.1:{self.ports['alertmanager']}", "--cluster.listen-address=")
        self.launch("prometheus", "prometheus", f"--config.file={config}", f"--storage.tsdb.path={self.work / 'tsdb'}", f"--web.listen-address=127.0.0.1:{self.ports['prometheus']}")

    def leave_textfiles(self):
        """The updater's figures, written by the updater's own code; samples of what cannot run here."""
        folder = self.work / "textfile"
        shutil.copytree(MONITORING / "tests" / "samples", folder)
        loader = importlib.machinery.SourceFileLoader("tocos_update", str(ROOT / "deploy" / "tocos-update"))
        updater = importlib.util.module_from_spec(importlib.util.spec_from_loader("tocos_update", loader))
        loader.exec_module(updater)
        updater.METRICS = folder / "tocos_deploy.prom"
        updater.version_of = lambda _image: "0.1.0"
        updater.STATE = self.work / "deploy-state.json"
        state, now = updater.State(), int(time.time())
        for name, value in {"updates_total": 2, "rollbacks_total": 1, "registry_up": 1, "last_check": now, "last_update": now - 60, "current": "sha256:aa", "latest": "sha256:aa"}.items():
            state[name] = value
        updater.metrics(state)

    def query(self, expression):
        """The samples of an instant query."""
        url = f"{self.url('prometheus')}/api/v1/query?{urllib.parse.urlencode({'query': expression})}"
        result = get_json(url)["data"]
        if result["resultType"] == "scalar":
            return [result["result"][1]]
        return [sample["value"][1] for sample in result["result"]]

    def metrics(self):
        """What the service itself says, as text, and the type of that text."""
        with urllib.request.urlopen(f"{self.url('internal')}/metrics", timeout=10) as answer:
            return answer.read().decode(), answer.headers["content-type"]

    def kill(self, name):
        self.processes[name].kill()
        self.processes[name].wait()

    def end(self):
        for process in self.processes.values():
            if process.poll() is None:
                process.terminate()
        for process in self.processes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.listener.server.shutdown()

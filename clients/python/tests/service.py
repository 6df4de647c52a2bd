"""A real service on a ledger of its own, and a proxy in front of it that fails on request."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import subprocess
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator


def binary() -> str:
    """The service's binary, as `scripts/test-client-python.sh` names it."""
    named = os.environ.get("TOCOS_BINARY")
    if not named or not Path(named).is_file():
        raise RuntimeError("TOCOS_BINARY does not name the service's binary; run scripts/test-client-python.sh")
    return named


@dataclass
class Service:
    """A running service, and its first key."""

    folder: Path
    options: tuple[str, ...] = ()
    url: str = ""
    key: str = ""
    process: subprocess.Popen[bytes] | None = None

    def start(self, *, port: int = 0) -> None:
        """Starts it on the ledger of its folder; returns when it is ready."""
        addresses = self.folder / "addresses"
        addresses.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [
                *(binary(), "serve", "--listen", f"127.0.0.1:{port}", "--internal-listen", "none", "--log-level", "error"),
                *("--data-dir", str(self.folder / "data"), "--address-file", str(addresses), *self.options),
            ]
        )
        until = time.monotonic() + 30
        while not (addresses.exists() and addresses.read_text().startswith("api ")):
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the service did not start: {self.process.poll()}")
            time.sleep(0.02)
        self.url = addresses.read_text().split()[1]
        if not self.key:
            self.key = self._first_key()

    def _first_key(self) -> str:
        host = urlsplit(self.url)
        connection = http.client.HTTPConnection(host.hostname or "", host.port)
        for _ in range(500):
            connection.request("POST", "/v1/keys", '{"right":"admin","name":"tests"}', {"content-type": "application/json"})
            answer = json.loads(connection.getresponse().read())
            if answer.get("code") != "recovering":
                connection.close()
                return str(answer["secret"])
            time.sleep(0.02)
        raise RuntimeError("the service did not become ready")

    def stop(self, *, kill: bool = False) -> None:
        """Ends it; by `kill -9` if so wanted."""
        if self.process is not None:
            (self.process.kill if kill else self.process.terminate)()
            self.process.wait(30)
            self.process = None

    def verify(self) -> None:
        """Fails unless `tocos verify` finds the ledger of a stopped service sound."""
        done = subprocess.run([binary(), "verify", "--data-dir", str(self.folder / "data")], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "is sound" in done.stdout, done.stdout


@dataclass(frozen=True)
class Seen:
    """A request that came to the proxy."""

    method: str
    path: str
    key: str | None
    fault: str | None


# What a proxy can do to a request, by whether the service does the work all the same.
BEFORE = ("dropped", "503 before", "429 before")
AFTER = ("lost", "cut", "502 after", "503 after", "504 after", "slow", "drip", "not whole")
FAULTS = BEFORE + AFTER


@dataclass
class Proxy:
    """Passes requests on to a service, each with the fault that is next."""

    service: Service
    faults: deque[str | None] = field(default_factory=deque)
    seen: list[Seen] = field(default_factory=list)
    slow_s: float = 0.3
    retry_after: str = "0"
    url: str = ""

    def handle(self, handler: BaseHTTPRequestHandler) -> None:
        """One request."""
        body = handler.rfile.read(int(handler.headers.get("content-length") or 0))
        fault = self.faults.popleft() if self.faults else None
        self.seen.append(Seen(handler.command, handler.path, handler.headers.get("idempotency-key"), fault))
        if fault == "dropped":
            return hang_up(handler)
        if fault in ("503 before", "429 before"):
            return self.unavailable(handler, int(fault[:3]))
        status, headers, answer = self.forward(handler, body)
        if fault == "lost":
            return hang_up(handler)
        if fault in ("502 after", "503 after", "504 after"):
            page = b"<html>bad gateway</html>"
            return send(handler, int(fault[:3]), {"content-type": "text/html"}, page)
        if fault == "cut":
            send(handler, status, headers, answer, only=len(answer) // 2)
            return hang_up(handler)
        if fault == "not whole":
            # Without a length the end of the connection is the end of the body.
            handler.close_connection = True
            return send(handler, status, {**headers, "connection": "close"}, answer[: len(answer) // 2], sized=False)
        if fault == "slow":
            time.sleep(self.slow_s)
        if fault == "drip":
            send(handler, status, headers, answer, only=0)
            for byte in answer:
                time.sleep(self.slow_s / 10)
                handler.wfile.write(bytes([byte]))
            return None
        return send(handler, status, headers, answer)

    def unavailable(self, handler: BaseHTTPRequestHandler, status: int) -> None:
        """As the service says it when nothing was applied."""
        code = "too_many_requests" if status == 429 else "recovering"
        problem = {"code": code, "status": status, "title": code, "detail": code, "retryable": True}
        headers = {"content-type": "application/problem+json", "retry-after": self.retry_after}
        send(handler, status, headers, json.dumps(problem).encode())

    def forward(self, handler: BaseHTTPRequestHandler, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """What the service answers."""
        host = urlsplit(self.service.url)
        connection = http.client.HTTPConnection(host.hostname or "", host.port, timeout=90)
        try:
            headers = {name: value for name, value in handler.headers.items() if name.lower() not in ("host", "connection")}
            connection.request(handler.command, handler.path, body or None, headers)
            response = connection.getresponse()
            answer = response.read()
            kept = {name: value for name, value in response.getheaders() if name.lower() not in ("content-length", "connection")}
            return response.status, kept, answer
        finally:
            connection.close()


def send(
    handler: BaseHTTPRequestHandler, status: int, headers: dict[str, str], body: bytes, *, only: int | None = None, sized: bool = True
) -> None:
    """Writes a response, or the head and the first bytes of one."""
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    if sized:
        handler.send_header("content-length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body[:only] if only is not None else body)
    handler.wfile.flush()


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    """Ends the connection at once."""
    handler.close_connection = True
    with contextlib.suppress(OSError):
        handler.connection.shutdown(socket.SHUT_RDWR)


class Server(ThreadingHTTPServer):
    """Closed without waiting for what still drips."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients go away; that is what is tested."""


@contextlib.contextmanager
def proxied(service: Service) -> Iterator[Proxy]:
    """A proxy in front of a service."""
    proxy = Proxy(service)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            proxy.handle(self)

        do_PUT = do_POST = do_DELETE = do_GET

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    proxy.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()

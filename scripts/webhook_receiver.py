"""A receiver of webhooks: verifies each request with the reference library, keeps what arrives, answers as it is told."""

import json
import socket
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook


class Receiver:
    def __init__(self, certificate=None):
        self.arrived = []
        self.wrong = []
        self.secrets = []
        self.status = 204
        self.total = 0
        self.lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self):
                outer.take(self)

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_):
                """A service that is killed breaks its connections; that is no fault."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        scheme, host = "http", "127.0.0.1"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            scheme, host = "https", "localhost"
        self.url = f"{scheme}://{host}:{self.server.server_address[1]}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, request):
        body = request.rfile.read(int(request.headers["content-length"])).decode()
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            for secret in self.secrets:
                Webhook(secret).verify(body, headers)
        except Exception as error:  # Whatever the library says against it.
            self.wrong.append(f"{headers.get('webhook-id')}: {error!r}")
        data = json.loads(body)["data"]
        with self.lock:
            self.arrived.append((time.monotonic(), headers, body))
            self.total += len(data) if isinstance(data, list) else 1
        request.send_response(self.status)
        request.send_header("Content-Length", "0")
        request.end_headers()

    def events(self):
        """The numbers of all events that arrived, in the order in which they did."""
        numbers = []
        with self.lock:
            arrived = list(self.arrived)
        for _, _, body in arrived:
            data = json.loads(body)["data"]
            numbers += [event["event"] for event in (data if isinstance(data, list) else [data])]
        return numbers

    def count(self):
        with self.lock:
            return len(self.arrived)


def silent():
    """A socket that takes connections and never answers."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    return listener, f"http://127.0.0.1:{listener.getsockname()[1]}/hook"

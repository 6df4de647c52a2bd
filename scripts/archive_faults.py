"""A proxy between the service and an object store that treats requests as a bad network and a bad store do: refused, cut, delayed, answered
by nobody although they were done, done long after the client has gone. What befalls a request is drawn from a seed."""

import http.client
import http.server
import random
import socket
import threading
import time

# How often each fault befalls a request, of 100. What is left passes. Those of puts alone are drawn more often, as most requests are reads.
RATES = {
    # The store says no before it has done anything.
    "error 500": 3, "slow down 503": 3,
    # S3 answers so when something else happens to the same name; the object is not there afterwards.
    "conflict 409": 8,
    # The connection ends before the store has heard of the request, in the middle of it, or in the middle of the response.
    "cut before": 3, "cut within": 3, "cut response": 3,
    # The store has done it, and the client does not learn of it.
    "swallowed": 5,
    # The client is cut off at once, and the store does it seconds later: a late object.
    "late": 8,
    "delayed": 5,
}
ERROR = '<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>drawn</Message></Error>'
REFUSALS = {"error 500": (500, "InternalError"), "slow down 503": (503, "SlowDown"), "conflict 409": (409, "ConditionalRequestConflict")}
LATE_SECONDS, DELAY_SECONDS = (0.5, 2.5), (0.05, 1.0)


class Faults:
    """Decides what befalls a request. `mode`: `drawn` from the rates, `none`, `away` (nobody there), `refusing` (503 to all), `hanging`."""

    def __init__(self, seed):
        self.random, self.lock = random.Random(seed), threading.Lock()
        self.mode, self.counts, self.served = "none", {}, 0

    def draw(self, method):
        with self.lock:
            fault = {"none": "", "away": "cut before", "refusing": "slow down 503", "hanging": "hanging"}.get(self.mode)
            if fault is None:
                fault = self.drawn(method)
            if fault:
                self.counts[fault] = self.counts.get(fault, 0) + 1
            else:
                self.served += 1
            return fault, self.random.random()

    def drawn(self, method):
        at = self.random.uniform(0, 100)
        for fault, rate in RATES.items():
            at -= rate
            if at < 0:
                # Only what changes the store can conflict, or be done late.
                return "" if method != "PUT" and fault in ("conflict 409", "late") else fault
        return ""


def between(bounds, share):
    return bounds[0] + (bounds[1] - bounds[0]) * share


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # A response in one packet, not delayed by Nagle.
    wbufsize, disable_nagle_algorithm = -1, True

    def log_message(self, *_):
        pass

    def handle_expect_100(self):
        goes_on = super().handle_expect_100()
        self.wfile.flush()
        return goes_on

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except (OSError, ValueError):
            # The client has gone, which is what kill -9 does.
            self.close_connection = True

    def carry(self):
        faults, length = self.server.faults, int(self.headers.get("content-length") or 0)
        fault, share = faults.draw(self.command)
        if fault == "cut before":
            return self.cut()
        if fault == "cut within":
            self.rfile.read(int(length * share))
            return self.cut()
        body = self.rfile.read(length)
        if len(body) < length:
            return self.cut()
        if fault == "hanging":
            # Until the proxy is told otherwise, or a minute.
            end = time.monotonic() + 60
            while faults.mode == "hanging" and time.monotonic() < end:
                time.sleep(0.05)
            return self.cut()
        if fault in REFUSALS:
            status, code = REFUSALS[fault]
            return self.respond(status, [("content-type", "application/xml")], ERROR.format(code=code).encode())
        if fault == "late":
            threading.Thread(target=self.do_late, args=(between(LATE_SECONDS, share), body), daemon=True).start()
            return self.cut()
        if fault == "delayed":
            time.sleep(between(DELAY_SECONDS, share))
        status, headers, answer = self.ask(body)
        if fault == "swallowed":
            return self.cut()
        self.respond(status, headers, answer, int(len(answer) * share) if fault == "cut response" else None)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = carry

    def do_late(self, seconds, body):
        time.sleep(seconds)
        try:
            self.ask(body)
        except OSError:
            # The store itself has ended.
            pass

    def ask(self, body):
        """The store's own response to this request."""
        upstream = http.client.HTTPConnection(*self.server.upstream, timeout=60)
        try:
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in ("connection", "expect"):
                    upstream.putheader(name, value)
            upstream.endheaders(body or None)
            response = upstream.getresponse()
            return response.status, response.getheaders(), response.read()
        finally:
            upstream.close()

    def respond(self, status, headers, body, cut_after=None):
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("connection", "transfer-encoding", "content-length", "keep-alive"):
                self.send_header(name, value)
        told = dict((name.lower(), value) for name, value in headers).get("content-length")
        # The response to HEAD tells the length of what it does not have.
        self.send_header("content-length", told if self.command == "HEAD" and told else str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body if cut_after is None else body[:cut_after])
        self.wfile.flush()
        if cut_after is not None:
            self.cut()

    def cut(self):
        """Ends the connection without a word, as a cable that is pulled would."""
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class Proxy(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, upstream, seed):
        """`upstream` is (host, port) of the store."""
        self.upstream, self.faults = upstream, Faults(seed)
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_):
        """Clients are killed here all the time."""

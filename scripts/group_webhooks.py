"""The row of test-groups.sh that is about webhooks: the node that leads delivers, and whoever leads next goes on without a gap."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from checks import same, wait_until
from group_checker import Client, events_of


class Receiver:
    """Keeps the numbers of the events that arrive, in the order in which they do."""

    def __init__(self, address):
        self.numbers = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                outer.numbers += [event["event"] for event in body["data"]]
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_):
                """A node that is killed breaks its connections; that is no fault."""

        self.server = Server((address, 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://{address}:{self.server.server_address[1]}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def another_leader_delivers(world):
    hub = world.network.hub
    group = world.begin(options=["--webhooks-allow-private", hub])
    receiver, client = Receiver(hub), Client(group.authorization)
    made = client.must(group.leader(), "PUT", "/v1/webhooks/group", {"url": receiver.url, "batch": 20}).event
    with world.checker.load("webhooks"), world.checker.readers():
        time.sleep(1)
        first = group.leader()
        first.kill()
        second = group.leader(other_than=first)
        time.sleep(1)
        first.start()
        second.term()
        group.leader(other_than=second)
        second.start()
        time.sleep(1)
    done = world.finish()
    events = events_of(client, group.leader())
    expected = [event["event"] for event in events if event["event"] > made and not event["kind"].startswith("webhook")]
    wait_until("all events are delivered", lambda: set(receiver.numbers) >= set(expected), 30)
    arrived = list(dict.fromkeys(receiver.numbers))
    same(arrived, expected, "what arrived, without what arrived again")
    world.say(f"{len(expected)} events were delivered, {len(receiver.numbers) - len(arrived)} of them again, by three leaders")
    client.must(group.leader(), "DELETE", "/v1/webhooks/group")
    receiver.server.shutdown()
    world.begin()
    return done


ROWS = [("the leader is killed and the next hands over: webhooks go on without a gap", another_leader_delivers)]

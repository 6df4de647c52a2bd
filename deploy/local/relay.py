"""Leads connections from the bodies' network to the emulator, which listens on the loopback of these scripts' machine, where no container
gets to. The bytes go through `docker exec -i`, so that it works wherever the engine is: here, in Docker Desktop's machine, or beside these
scripts in a container.

    relay.py CONTAINER PORT URL    connections to PORT in the container come out at URL, until this process is ended
    relay.py inside PORT           the other half, started in the container
"""

import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.parse
from pathlib import Path

# Connection and number of bytes that follow; none means that this direction has ended.
HEAD = struct.Struct("!II")
BYTES_MAX = 65536


class Line:
    """One pair of pipes that carries many connections."""

    def __init__(self, incoming, outgoing):
        self.incoming, self.outgoing = incoming, outgoing
        self.writing, self.connections = threading.Lock(), {}

    def send(self, number, content):
        with self.writing:
            self.outgoing.write(HEAD.pack(number, len(content)) + content)
            self.outgoing.flush()

    def pump(self, number, connection):
        """From a connection into the line."""
        content = b" "
        while content:
            try:
                content = connection.recv(BYTES_MAX)
            except OSError:
                content = b""
            self.send(number, content)
        self.has_ended(number)

    def has_ended(self, number):
        """One direction of a connection; after the second nobody speaks of it any more."""
        with self.writing:
            connection, directions = self.connections[number]
            if directions == 2:
                self.connections[number] = connection, 1
                return
            del self.connections[number]
        if connection:
            connection.close()

    def adopt(self, number, connection):
        self.connections[number] = connection, 2
        threading.Thread(target=self.pump, args=(number, connection), daemon=True).start()

    def begin(self, number, unknown):
        try:
            self.adopt(number, unknown())
        except OSError:
            # Nobody listens: this direction ends at once, and what still comes goes nowhere.
            self.connections[number] = None, 1
            self.send(number, b"")

    def run(self, unknown):
        """From the line into the connections, until it ends. `unknown` makes a connection for a number that is new."""
        while len(head := self.incoming.read(HEAD.size)) == HEAD.size:
            number, length = HEAD.unpack(head)
            content = self.incoming.read(length)
            if number not in self.connections:
                self.begin(number, unknown)
            connection, _ = self.connections[number]
            try:
                if connection and content:
                    connection.sendall(content)
                elif connection:
                    connection.shutdown(socket.SHUT_WR)
            except OSError:
                # That end has gone; its pump says so.
                pass
            if not content:
                self.has_ended(number)


def inside(port):
    line = Line(sys.stdin.buffer, sys.stdout.buffer)
    listener = socket.create_server(("", port))

    def accept():
        number = 0
        while True:
            connection, _ = listener.accept()
            number += 1
            line.adopt(number, connection)

    def none():
        raise OSError("it has gone")

    threading.Thread(target=accept, daemon=True).start()
    line.run(none)


def outside(container, port, url):
    """Begins again whenever the container was restarted. What goes wrong is said once."""
    target = urllib.parse.urlsplit(url)
    command = ["docker", "exec", "-i", container, "python3", "-c", Path(__file__).read_text(), "inside", port]
    said = b""
    while True:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            Line(process.stdout, process.stdin).run(lambda: socket.create_connection((target.hostname, target.port or 80), timeout=60))
        except OSError:
            # It ended while something was being sent.
            pass
        process.kill()
        _, why = process.communicate()
        if why != said:
            said = why
            print(why.decode(errors="replace").strip(), flush=True)
        time.sleep(1)


if __name__ == "__main__":
    if sys.argv[1] == "inside":
        inside(int(sys.argv[2]))
    else:
        outside(*sys.argv[1:])

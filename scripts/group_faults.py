"""A TCP proxy between the nodes of a group and its engine: it delays, refuses, hangs, and swallows the answers to commits. It runs as a process
of its own, so that its pace does not depend on the load that the checks make.

Its arguments are the address and port to listen on. Each line of its input is a command, as JSON, and is answered by a line with its counts:

    {"upstream": [HOST, PORT]}   where it leads; connections to another place are cut
    {"mode": "pass"}             or "refuse" (connections are cut and refused), or "hang" (nothing moves)
    {"delay_s": 0.05}            each way
    {"swallow": 3}               so many appended frames are done, and their answers lost with the connection
"""

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

# With these bytes each frame begins: docs/file-format.md. It is what an append carries, and nothing else that a node sends.
FRAME = b"TFRM"
# PostgreSQL's ReadyForQuery: what was asked before has been done, commit included.
DONE = b"Z\x00\x00\x00\x05"


class Faults:
    def __init__(self):
        self.upstream, self.mode, self.delay_s, self.swallow = None, "pass", 0.0, 0
        self.connections, self.counts = set(), {"accepted": 0, "refused": 0, "swallowed": 0}
        self.moves = asyncio.Event()
        self.moves.set()

    def obey(self, command):
        if "upstream" in command and tuple(command["upstream"]) != self.upstream:
            self.upstream = tuple(command["upstream"])
            self.cut_all()
        self.delay_s = command.get("delay_s", self.delay_s)
        self.swallow = command.get("swallow", self.swallow)
        self.mode = command.get("mode", self.mode)
        if self.mode == "refuse":
            self.cut_all()
        if self.mode == "hang":
            self.moves.clear()
        else:
            self.moves.set()

    def cut_all(self):
        for connection in list(self.connections):
            connection.cut()


class Connection:
    """One client, and its way to the engine."""

    def __init__(self, faults, reader, writer):
        self.faults, self.client, self.writers, self.tasks = faults, (reader, writer), [writer], []
        self.is_swallowed, self.answer = False, b""

    async def run(self):
        faults = self.faults
        faults.counts["accepted"] += 1
        # A network that hangs answers no connection either: the client has one, and nobody on its other end.
        await faults.moves.wait()
        if faults.mode == "refuse" or faults.upstream is None:
            faults.counts["refused"] += 1
            return self.cut()
        try:
            reader, writer = await asyncio.wait_for(asyncio.open_connection(*faults.upstream), 5)
        except (OSError, asyncio.TimeoutError):
            return self.cut()
        self.writers.append(writer)
        for end in self.writers:
            end.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        ways = ((self.client[0], writer, self.saw_request), (reader, self.client[1], self.saw_answer))
        self.tasks = [asyncio.create_task(self.carry(*way)) for way in ways]
        await asyncio.wait(self.tasks)
        self.cut()

    async def carry(self, reader, writer, saw):
        """From one side to the other: read at once, and handed on after the delay, so that a delay is no limit to what is under way."""
        queue, loop = asyncio.Queue(), asyncio.get_running_loop()
        hands_on = asyncio.create_task(self.hand_on(queue, writer))
        try:
            while data := await reader.read(65536):
                if saw(data):
                    queue.put_nowait((loop.time() + self.faults.delay_s, data))
        except OSError:
            pass
        queue.put_nowait((0, None))
        await hands_on

    async def hand_on(self, queue, writer):
        loop = asyncio.get_running_loop()
        try:
            while True:
                due, data = await queue.get()
                await asyncio.sleep(max(0.0, due - loop.time()))
                await self.faults.moves.wait()
                if data is None:
                    writer.write_eof()
                    return
                writer.write(data)
                await writer.drain()
        except (OSError, RuntimeError):
            self.cut()

    def saw_request(self, data):
        if self.faults.swallow > 0 and not self.is_swallowed and FRAME in data:
            self.faults.swallow -= 1
            self.is_swallowed = True
        return True

    def saw_answer(self, data):
        if not self.is_swallowed:
            return True
        self.answer += data
        if DONE in self.answer:
            self.faults.counts["swallowed"] += 1
            self.cut()
        return False

    def cut(self):
        for writer in self.writers:
            writer.transport.abort()


async def serve(host, port):
    faults = Faults()

    async def accept(reader, writer):
        connection = Connection(faults, reader, writer)
        faults.connections.add(connection)
        try:
            await connection.run()
        finally:
            faults.connections.discard(connection)

    await asyncio.start_server(accept, host, port, backlog=256)
    loop, commands = asyncio.get_running_loop(), asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    print("{}", flush=True)
    while line := await commands.readline():
        faults.obey(json.loads(line))
        print(json.dumps(faults.counts), flush=True)
    # Connections are left as they are.
    os._exit(0)


class Proxy:
    """The same, from the checks' side."""

    def __init__(self, host, port):
        self.lock = threading.Lock()
        self.process = subprocess.Popen([sys.executable, Path(__file__), host, str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()

    def told(self, **command):
        """Obeys, and gives the counts."""
        with self.lock:
            self.process.stdin.write(json.dumps(command) + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError("the proxy has ended")
        return json.loads(answer)

    def end(self):
        self.process.kill()
        self.process.wait()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2])))

"""A redis-server for one test: a port and a folder of its own, nothing kept on disk. What the package's service does is none
of our business."""
import shutil
import socket
import subprocess
import time

import lib

PASSWORD = "s3cret"
START_TIMEOUT_S = 30


def port_free():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Redis:
    def __init__(self, t, durable=False):
        self.append = "yes" if durable else "no"
        if not shutil.which("redis-server"):
            raise lib.Skip("there is no redis-server here")
        self.folder, self.port, self.process = t.folder(), port_free(), None
        self.url = f"redis://:{PASSWORD}@127.0.0.1:{self.port}/1?prefix=together"
        self.t = t

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", self.append,
             "--dir", str(self.folder), "--requirepass", PASSWORD], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.t.processes.append(self.process)
        deadline = time.monotonic() + START_TIMEOUT_S
        while self.ask("PING") != "+PONG":
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise lib.Failure("redis-server did not start")
            time.sleep(0.02)
        return self

    def ask(self, *words):
        """The first line of the answer to a command; None when nobody answers."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as s, s.makefile("rwb") as file:
                for command in (("AUTH", PASSWORD), ("SELECT", "1"), words):
                    file.write(b"*%d\r\n" % len(command) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w.encode()) for w in command))
                    file.flush()
                    line = file.readline().decode().strip()
                return line
        except OSError:
            return None

    def kill(self):
        self.process.kill()
        self.process.wait()

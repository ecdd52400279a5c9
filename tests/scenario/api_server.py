"""A server of the API for a test, and a client that knows nothing of src/: http.client, JSON, headers."""
import gzip
import http.client
import json
import re
import socket
import subprocess
import time

import lib

PASSWORD = "correct horse 1"


class Answer:
    def __init__(self, reply, body):
        self.status, self.headers, self.body = reply.status, {k.lower(): v for k, v in reply.getheaders()}, body
        if self.headers.get("content-encoding") == "gzip":
            self.body = gzip.decompress(body)
        self.json = None
        if self.headers.get("content-type", "").split(";")[0].endswith(("/json", "+json")) and self.body:  # not lines of them
            self.json = json.loads(self.body)

    @property
    def code(self):
        return self.json.get("code") if isinstance(self.json, dict) else None

    def __repr__(self):
        return f"{self.status} {self.body[:300]!r}"


class Server:
    """`huiliu serve` (or run) on a free port of the loopback. Answers are Answer; `token` and `cookie` go with every
    request."""

    def __init__(self, home, command="serve", env=None):
        self.process = lib.huiliu_start(home, command, env={"HUILIU_LISTEN": "127.0.0.1:0", "HUILIU_API_RATE": "0", **(env or {})})
        self.token = self.cookie = None
        self.port = None
        while self.port is None:
            line = self.process.stdout.readline()
            if not line:
                raise lib.Failure(f"the server ended: {self.process.stderr.read()}")
            if match := re.search(r"\(port (\d+)\)", line):
                self.port = int(match[1])

    def ask(self, method, path, body=None, headers=None, raw=None):
        sent = dict(headers or {})
        if self.token and "Authorization" not in sent:
            sent["Authorization"] = f"Bearer {self.token}"
        if self.cookie and "Cookie" not in sent:
            sent["Cookie"] = self.cookie
        if body is not None:
            raw = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            link.request(method, path, body=raw, headers=sent)
            reply = link.getresponse()
            endless = reply.getheader("content-type", "").startswith("text/event-stream")
            return Answer(reply, b"" if endless else reply.read())
        finally:
            link.close()

    def get(self, path, **options):
        return self.ask("GET", path, **options)

    def sign_in(self, name, password=PASSWORD):
        """A bearer for all that follows."""
        answer = self.ask("POST", "/api/v1/auth/token", {"name": name, "password": password}, headers={"Authorization": ""})
        lib.same(answer.status, 200, f"sign-in of {name}: {answer!r}")
        self.token = answer.json["token"]
        return self.token

    def send(self, data, wait=10.0):
        """Bytes as they are; what comes back until the other side closes or is silent."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=wait) as link:
            link.sendall(data)
            got = b""
            try:
                while piece := link.recv(65536):
                    got += piece
                    if b"\r\n\r\n" in got and b"content-length: 0" in got.lower():
                        break
            except (TimeoutError, ConnectionResetError):
                pass
            return got

    def ended(self, seconds=5):
        """How it ended and what it said at last, for a failure."""
        try:
            return f"{self.process.wait(seconds)}: {self.process.stderr.read()[-1500:]}"
        except subprocess.TimeoutExpired:
            return "none: it runs"

    def stop(self, quiet=True):
        self.process.terminate()
        out, err = self.process.communicate(timeout=60)
        lib.same(self.process.returncode, 0, f"exit of the server: {err}")
        if quiet:
            lib.sanitizers_quiet(err)
        return err


def user_add(home, name, role="viewer", shops=(), *more, env=None):
    words = [word for shop in shops for word in ("--shop", shop)]
    lib.huiliu(home, "user", "add", name, "--role", role, "--password-file", "-", *words, *more, text_in=PASSWORD + "\n", env=env, check=True)


def resident_kb(process):
    with open(f"/proc/{process.pid}/status", encoding="utf-8") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1])


def until(truth, what, seconds=20):
    end = time.monotonic() + seconds
    while not truth():
        lib.holds(time.monotonic() < end, what)
        time.sleep(0.05)

"""A home's HTTP API for tests: `huiliu serve` on a free port of loopback, an admin, and GET.

    with Api(stage) as api:
        orders = api.get("/api/v1/ad-orders", sort="-cost", limit=10)
        every = api.walk("/api/v1/ad-orders", sort="-cost")
"""
import fcntl
import json
import os
import re
import struct
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from decimal import Decimal

import lib

PASSWORD = "a pass phrase of the test"
# How src/base/clock_shared.c lays its file out.
CLOCK_NOW_AT, SLOTS_AT, SLOT_BYTES, LAST_SLOT = 56, 64, 56, 31


class ClockHeld:
    """A busy process on the test clock: time stands still for a server that would idle through the years."""

    def __init__(self, path):
        self.file = open(path, "r+b", buffering=0)
        fcntl.lockf(self.file, fcntl.LOCK_EX, 1, LAST_SLOT)
        os.pwrite(self.file.fileno(), struct.pack("<ii", os.getpid(), 1), SLOTS_AT + LAST_SLOT * SLOT_BYTES)

    def now_ms(self):
        return struct.unpack("<q", os.pread(self.file.fileno(), 8, CLOCK_NOW_AT))[0]

    def forward(self, ms):
        """For limits that count by the clock; nobody else moves it meanwhile."""
        os.pwrite(self.file.fileno(), struct.pack("<q", self.now_ms() + ms), CLOCK_NOW_AT)

    def let_go(self):
        os.pwrite(self.file.fileno(), struct.pack("<ii", 0, 0), SLOTS_AT + LAST_SLOT * SLOT_BYTES)
        self.file.close()


def members(pairs):
    """An object; no name may stand there twice."""
    found = dict(pairs)
    lib.same(len(found), len(pairs), f"names of an object: {[name for name, _ in pairs]}")
    return found


class Refused(Exception):
    """A problem: .status and .problem (parsed)."""

    def __init__(self, status, problem):
        super().__init__(f"{status} {problem}")
        self.status, self.problem = status, problem


class Api:
    def __init__(self, stage, user="admin", role="admin", shops=()):
        self.stage, self.token = stage, None
        self.user = user
        words = [word for shop in shops for word in ("--shop", shop)]
        lib.huiliu(stage.home, "user", "add", user, "--role", role, *words, "--password-file", "-", env=stage.env,
                   text_in=PASSWORD + "\n", check=True)

    def __enter__(self):
        self.clock = ClockHeld(self.stage.env["HUILIU_CLOCK"])
        env = {**self.stage.env, "HUILIU_LISTEN": "127.0.0.1:0"}
        self.process = lib.huiliu_start(self.stage.home, "serve", env=env)
        self.stage.t.processes.append(self.process)
        line = ""
        while not (found := re.search(r"127\.0\.0\.1\D+(\d+)|:(\d+)", line)):
            line = self.process.stdout.readline()
            if not line:
                raise lib.Failure("serve did not begin: " + self.process.stderr.read()[-800:])
        self.base = "http://127.0.0.1:" + re.findall(r"\d{4,5}", line)[-1]
        threading.Thread(target=self.process.stdout.read, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.clock.let_go()
        self.process.terminate()
        _, err = self.process.communicate(timeout=60)
        lib.sanitizers_quiet(err)

    def now_ms(self):
        return self.clock.now_ms()

    def request(self, path, body=None, method=None, headers=None):
        """(status, parsed body)"""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data=data, method=method, headers=headers or {})
        if data is not None:
            request.add_header("Content-Type", "application/json")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=120) as reply:
                text = reply.read()
                return reply.status, json.loads(text, parse_float=Decimal, object_pairs_hook=members) if text else None
        except urllib.error.HTTPError as error:
            raise Refused(error.code, json.loads(error.read() or b"null")) from None

    def sign_in(self):
        status, answer = self.request("/api/v1/auth/token", {"name": self.user, "password": PASSWORD})
        lib.same(status, 200, "a bearer")
        self.token = answer["token"]

    def call(self, path, body=None, method=None, headers=None):
        if not self.token:
            self.sign_in()
        bearer = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        try:
            return self.request(path, body, method, bearer)
        except Refused as problem:
            if problem.status == 429:
                self.clock.forward(1000)
            elif problem.status == 401:
                self.sign_in()
                bearer["Authorization"] = f"Bearer {self.token}"
            else:
                raise
            return self.request(path, body, method, bearer)

    def get(self, path, **query):
        pairs = [(k.rstrip("_"), one) for k, v in query.items() for one in (v if isinstance(v, (list, tuple)) else [v])]
        text = "?" + urllib.parse.urlencode(pairs) if pairs else ""
        return self.call(path + text)[1]

    def raw(self, path, **query):
        """(bytes, headers) of an answer that is no JSON."""
        if not self.token:
            self.sign_in()
        pairs = [(k, one) for k, v in query.items() for one in (v if isinstance(v, (list, tuple)) else [v])]
        request = urllib.request.Request(self.base + path + "?" + urllib.parse.urlencode(pairs),
                                         headers={"Authorization": f"Bearer {self.token}"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=300) as reply:
                return reply.read(), reply.headers
        except urllib.error.HTTPError as error:
            raise Refused(error.code, json.loads(error.read() or b"null")) from None

    def hand_in(self, path, data, **query):
        """POST of a file as it is; the parsed answer."""
        if not self.token:
            self.sign_in()
        request = urllib.request.Request(self.base + path + "?" + urllib.parse.urlencode(query), data=data, method="POST",
                                         headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/octet-stream"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=300) as reply:
                return json.loads(reply.read())
        except urllib.error.HTTPError as error:
            raise Refused(error.code, json.loads(error.read() or b"null")) from None

    def walk(self, path, key="items", **query):
        """Every row, page by page along the cursors."""
        cursor = {}
        while True:
            page = self.get(path, **query, **cursor)
            yield from page[key]
            if page["next"] is None:
                return
            cursor = {"cursor": page["next"]}


def wait_for(condition, what, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        lib.holds(time.monotonic() < deadline, f"waited in vain until {what}")
        time.sleep(0.05)

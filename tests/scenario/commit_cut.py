#!/usr/bin/env python3
"""The connection to PostgreSQL is cut at a COMMIT: before the server has it, and when the server has done it and the answer is
under way. At each COMMIT of a small sync, and at all of them. No unit is written twice, none is
missing, no try is recorded twice, no task is lost: everything counted equals an undisturbed run."""
import json
import shutil
import socket
import struct
import threading

import lib
from lib import holds, same
from on_server import OnServer, server_start

APART = 5
# Two weeks of the test clock: few windows, so that there are few commits, but all kinds of them.
WORLD = {"life_shops": 1, "life_orders": 30, "douplus_shops": 0, "from": "2026-05-15", "to": "2026-05-20", "since": "2026-05-14"}
COUNTED = {  # what an undisturbed run leaves, and every disturbed one must
    "executions": "SELECT kind, stream, result, count(*) AS n, sum(rows_new) AS fresh, sum(rows_changed) AS changed,"
                  " sum(rejects) AS rejects FROM execution GROUP BY kind, stream, result ORDER BY kind, stream, result",
    "windows": "SELECT kind, state, grade, count(*) AS n FROM sync_window GROUP BY kind, state, grade ORDER BY kind, state, grade",
    "rows": "SELECT (SELECT count(*) FROM trade_order) AS orders, (SELECT count(*) FROM trade_certificate) AS certificates,"
            " (SELECT count(*) FROM original) AS originals, (SELECT count(*) FROM status_history) AS statuses,"
            " (SELECT count(*) FROM reject) AS rejects, (SELECT count(*) FROM task) AS tasks",
}


class Proxy:
    """Stands before a server and reads along: of the protocol it knows how messages are framed, that a statement comes in a
    Parse, and that CommandComplete says COMMIT when one is done. `cut(number)` is asked at each COMMIT that is seen and says
    None, "before" (the server never gets it) or "after" (the program never hears that it was done)."""

    def __init__(self, port):
        self.port_behind, self.cut = port, lambda number: None
        self.lock, self.seen, self.cuts = threading.Lock(), 0, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def arm(self, cut):
        with self.lock:
            self.cut, self.seen, self.cuts = cut, 0, 0

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:  # the test is over
                return
            Link(self, client, socket.create_connection(("127.0.0.1", self.port_behind)))

    def verdict(self):
        with self.lock:
            self.seen += 1
            verdict = self.cut(self.seen)
            self.cuts += verdict is not None
            return verdict


class Link:
    """One connection. Each direction has a thread; `silent` once the answer to a COMMIT is not to arrive."""

    def __init__(self, proxy, client, server):
        self.proxy, self.client, self.server, self.silent = proxy, client, server, False
        for sock in (client, server):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for run in (self.forth, self.back):
            threading.Thread(target=self.guarded, args=(run,), daemon=True).start()

    def guarded(self, run):
        try:
            run()
        except OSError:
            pass
        for sock in (self.client, self.server):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def forth(self):
        file = self.client.makefile("rb")
        first = file.read(4)
        if len(first) < 4:
            return
        self.server.sendall(first + file.read(struct.unpack("!I", first)[0] - 4))
        for kind, message in messages(file):
            if kind == b"P" and message[5:].split(b"\0")[1] == b"COMMIT":
                verdict = self.proxy.verdict()
                if verdict == "before":
                    return
                self.silent = verdict == "after"
            self.server.sendall(message)

    def back(self):
        for kind, message in messages(self.server.makefile("rb")):
            if self.silent and kind == b"C" and message[5:] == b"COMMIT\0":
                return
            self.client.sendall(message)


def messages(file):
    """(type, the whole message) until the end."""
    while head := file.read(5):
        if len(head) < 5:
            return
        yield head[:1], head + file.read(struct.unpack("!I", head[1:])[0] - 4)


class Cut(OnServer):
    """A home that is ready to sync, and copies of it with a database each, reached through the proxy."""

    def __init__(self, t):
        server = server_start(t)
        server.sql("CREATE DATABASE base")
        self.database, self.copies, self.ready = "base", 0, None
        super().__init__(t, server, url=server.address(database="base"), **WORLD)
        self.ready = self.home
        self.proxy = Proxy(server.port)
        t.when_over(self.proxy.listener.close)

    def rows(self, sql, *values):
        same(len(values), sql.count("?"), "values of a statement")
        for value in values:
            sql = sql.replace("?", str(value) if isinstance(value, int) else f"'{value}'", 1)
        return [json.loads(row[0]) for row in self.server.sql(f"SELECT row_to_json(q)::text FROM ({sql}) AS q", self.database)]

    def renew(self):
        self.copies += 1
        old, self.database = self.database, f"copy{self.copies}"
        self.server.sql(f"CREATE DATABASE {self.database} TEMPLATE base")
        if old != "base":
            self.server.sql(f"DROP DATABASE {old}")
        self.home = self.t.folder() / "home"
        shutil.copytree(self.ready, self.home)
        self.env["HUILIU_STORE"] = (f"postgresql://huiliu@127.0.0.1:{self.proxy.port}/{self.database}"
                                    "?sslmode=disable&gssencmode=disable")

    def counted(self):
        """A first sync in a new copy, and what it left."""
        self.renew()
        code, out, err = self.run("sync", "--json", check=None)
        holds(code == 0, f"exit {code} after {self.proxy.seen} commits: {err[-900:]}")
        return {"report": {k: v for k, v in json.loads(out)["counts"].items() if k.startswith(("rows_", "rejects"))},
                **{name: self.rows(sql) for name, sql in COUNTED.items()}}

    def disturbed(self, cut, what, undisturbed):
        self.proxy.arm(cut)
        got = self.counted()
        for name, wanted in undisturbed.items():
            same(got[name], wanted, f"{name} of a sync cut {what}")
        self.rows_equal()
        same(self.rows("SELECT task_id FROM execution WHERE result = 'done' GROUP BY task_id HAVING count(*) > 1"), [],
             f"tries recorded twice, cut {what}")
        return self.proxy.cuts


def test_cut_at_each_commit_nothing_is_doubled_and_nothing_lost(t):
    """Every APART-th COMMIT of a run, beginning with the first, the second …: so each is cut in one run, and what follows it
    goes undisturbed."""
    stage = Cut(t)
    undisturbed = stage.counted()
    commits, cuts = stage.proxy.seen, 0
    holds(commits > 2 * APART and undisturbed["rows"][0]["orders"] == 30, f"{commits} commits, {undisturbed['rows']}")
    for where in ("before", "after"):
        for first in range(APART):
            cuts += stage.disturbed(lambda n, first=first, where=where: where if n % APART == first else None,
                                    f"{where} commits {first}, {first + APART} …", undisturbed)
    holds(cuts >= 2 * (commits - APART), f"only {cuts} cuts of {commits} commits")
    print(f"# {commits} commits, {cuts} cuts", flush=True)


def test_cut_at_every_commit_of_one_sync(t):
    stage = Cut(t)
    undisturbed = stage.counted()
    cuts = stage.disturbed(lambda n: "before" if n % 2 else None, "before every second commit", undisturbed)
    cuts_after = stage.disturbed(lambda n: "after", "after every commit", undisturbed)
    holds(cuts >= 8 and cuts_after >= 8, f"only {cuts} and {cuts_after} cuts")


if __name__ == "__main__":
    lib.main(globals())

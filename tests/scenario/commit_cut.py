#!/usr/bin/env python3
"""The connection to PostgreSQL is cut at a COMMIT: before the server has it, and when the server has done it and the answer is
under way. At each COMMIT of a small sync, and at all of them. No unit is written twice, none is
missing, no try is recorded twice, no task is lost: everything counted equals an undisturbed run."""
import json
import shutil

import lib
import pg_server
from cutting import Cutting
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


class Cut(OnServer):
    """A home that is ready to sync, and copies of it with a database each, reached through the proxy."""

    def __init__(self, t):
        server = server_start(t)
        server.sql("CREATE DATABASE base")
        self.database, self.copies, self.ready = "base", 0, None
        super().__init__(t, server, url=server.address(database="base"), **WORLD)
        self.ready = self.home
        self.way = Cutting(server.port, pg_server.COMMIT)
        t.when_over(self.way.stop)

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
        self.env["HUILIU_STORE"] = (f"postgresql://huiliu@127.0.0.1:{self.way.port}/{self.database}"
                                    "?sslmode=disable&gssencmode=disable")

    def counted(self):
        """A first sync in a new copy, and what it left."""
        self.renew()
        code, out, err = self.run("sync", "--json", check=None)
        holds(code == 0, f"exit {code} after {self.way.commits} commits: {err[-900:]}")
        return {"report": {k: v for k, v in json.loads(out)["counts"].items() if k.startswith(("rows_", "rejects"))},
                **{name: self.rows(sql) for name, sql in COUNTED.items()}}

    def disturbed(self, cut, what, undisturbed):
        self.way.arm(cut)
        got = self.counted()
        for name, wanted in undisturbed.items():
            same(got[name], wanted, f"{name} of a sync cut {what}")
        self.rows_equal()
        same(self.rows("SELECT task_id FROM execution WHERE result = 'done' GROUP BY task_id HAVING count(*) > 1"), [],
             f"tries recorded twice, cut {what}")
        return sum(self.way.cuts.values())


def test_cut_at_each_commit_nothing_is_doubled_and_nothing_lost(t):
    """Every APART-th COMMIT of a run, beginning with the first, the second …: so each is cut in one run, and what follows it
    goes undisturbed."""
    stage = Cut(t)
    undisturbed = stage.counted()
    commits, cuts = stage.way.commits, 0
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

#!/usr/bin/env python3
"""How the views come to be: made anew when another program made them, never in the place of what is not Huiliu's, and
where a right is missing that is said and everything else works."""
import json
import sqlite3
import subprocess

import lib
from lib import same
from view_bases import KINDS, OnPostgres, OnSqlite, SYSTEMS

SERVERS = [kind for kind in KINDS if kind is not OnSqlite]


def on(kinds):
    """A test of its own on each kind of database."""
    def wrap(test):
        for kind in kinds:
            globals()[f"{test.__name__}_on_{kind.kind}"] = lambda t, kind=kind: test(t, kind)
    return wrap


def migrated(base, *words):
    """What `migrate` says; it never fails for a view."""
    _, out, err = base.huiliu("migrate", check=True)
    lib.contains(out, *words)
    same(err, "", "said as an error")
    return out


def finding(base):
    """What doctor finds about the views: (good, which are not there)."""
    _, out, _ = base.huiliu("doctor", "--json")
    return next((c["good"], c["finding"]) for c in json.loads(out)["checks"] if c["check"] == "views")


def columns(base, view):
    return base.ask("life", f"SELECT * FROM {view}")[0]


@on(KINDS)
def test_views_of_an_older_program_are_made_anew(t, kind):
    base = kind(t)
    same(finding(base), (True, ""), "views after init")
    wanted = columns(base, "task_monitor")
    base.run("UPDATE setting SET value = 'older' WHERE name LIKE 'views_checksum%';")
    same(finding(base)[0], False, "views of another text")
    migrated(base)
    same(finding(base), (True, ""), "views made anew")
    same(columns(base, "task_monitor"), wanted, "columns, read with the rights given before")
    same(len(wanted), 8)


@on(KINDS)
def test_views_of_another_shape_are_made_anew(t, kind):
    base = kind(t)
    name = base.placed("life", "task_monitor")
    base.run(f"DROP VIEW {name}; CREATE VIEW {name} AS SELECT id AS x FROM {base.table('shop')};")
    base.run("UPDATE setting SET value = 'older' WHERE name LIKE 'views_checksum%';")
    migrated(base)
    base.readable()
    same(columns(base, base.view("life", "task_monitor"))[0], "task_id", "first column")


@on(KINDS)
def test_a_view_that_is_gone_comes_back(t, kind):
    base = kind(t)
    base.run(f"DROP VIEW {base.placed('life', 'sync_cursor')};")
    missing = "life" if kind is not OnSqlite else "SQLite"
    same(finding(base), (False, missing), "a view is gone")
    migrated(base)
    same(finding(base), (True, ""), "it is back")


@on(SERVERS)
def test_a_table_of_the_old_program_stays(t, kind):
    """The old database may be on the same server, under the name of its schema."""
    base = kind(t)
    base.run("DROP VIEW life.valid_orders; DROP VIEW life.orders; CREATE TABLE life.orders (order_id integer);"
             "INSERT INTO life.orders VALUES (7);")
    migrated(base, "life", "orders", "rename")
    same(finding(base), (False, "life"), "views that could not be made")
    base.readable()
    same(base.rows("life", "SELECT * FROM orders"), [{"order_id": 7}], "the old table")
    base.run("DROP TABLE life.orders;")
    lib.holds("rename" not in migrated(base), "said though nothing is in the way")
    same(finding(base), (True, ""), "made once there was room")


def test_a_view_that_people_built_on_ours_is_not_dropped(t):
    base = OnPostgres(t)
    base.run("DROP VIEW life.task_monitor; CREATE VIEW life.task_monitor AS SELECT id AS x FROM shop;"
             "CREATE VIEW mine AS SELECT x FROM life.task_monitor;")
    base.run("UPDATE setting SET value = 'older' WHERE name LIKE 'views_checksum%';")
    migrated(base, "life", "stay as they are", "depend")
    base.run("SELECT x FROM mine; DROP VIEW mine;")
    migrated(base)
    same(finding(base), (True, ""), "made anew once nothing stood on them")


@on(SERVERS)
def test_a_long_reader_stops_nothing(t, kind):
    base = kind(t)
    base.run("UPDATE setting SET value = 'older' WHERE name LIKE 'views_checksum%';")
    reader = base.reading()
    migrated(base, "life", "stay as they are")
    same(finding(base), (False, "life"), "views while somebody reads them")
    reader.communicate("COMMIT;\n", timeout=60)
    migrated(base)
    same(finding(base), (True, ""), "views after he is done")


@on(SERVERS)
def test_two_homes_do_not_share_views(t, kind):
    first = kind(t)
    second = kind.beside(t, first)
    _, out, _ = second.huiliu("migrate", check=True)
    lib.contains(out, "another Huiliu", *SYSTEMS)
    same(finding(second)[0], False, "the second home's views")
    same(finding(first), (True, ""), "the first home's views")
    first.run("INSERT INTO shop (platform, name, external_id, state, created_ms) VALUES ('douplus', 'mine', '1', 'enabled', 0);")
    same([r["nickname"] for r in first.rows("douplus", "SELECT nickname FROM douyin_account")], ["mine"], "whose rows")


@on(SERVERS)
def test_tables_and_views_may_share_a_schema(t, kind):
    """A database that is called as the old program's was."""
    base = kind.inside(t)
    same(finding(base), (True, ""), "views beside the tables")
    base.run(f"INSERT INTO {base.table('shop')} (platform, name, external_id, state, created_ms) "
             "VALUES ('douplus', 'a', '1', 'enabled', 0);")
    same([r["nickname"] for r in base.rows("douplus", "SELECT nickname FROM douyin_account")], ["a"], "rows")
    base.run(f"UPDATE {base.table('setting')} SET value = 'older' WHERE name LIKE 'views_checksum%';")
    migrated(base)
    same(finding(base), (True, ""), "made anew")


@on(SERVERS)
def test_a_missing_right_is_said_and_nothing_fails(t, kind):
    base = kind.poor(t)
    out = migrated(base, "administrator", *SYSTEMS)
    same(out.count("administrator"), len(SYSTEMS), "warnings")
    same(finding(base), (False, ", ".join(SYSTEMS)), "views that could not be made")
    base.huiliu("status", check=True)
    base.grant("life")
    out = migrated(base, "administrator", *SYSTEMS[1:])
    same(out.count("administrator"), len(SYSTEMS) - 1, "warnings after one schema was opened")
    same(finding(base), (False, ", ".join(SYSTEMS[1:])), "views that still could not be made")


def test_a_table_of_that_name_in_sqlite_stays(t):
    base = OnSqlite(t)
    file = sqlite3.connect(base.home / "huiliu.db")
    file.executescript("DROP VIEW orders; CREATE TABLE orders (mine text); INSERT INTO orders VALUES ('kept')")
    migrated(base, "orders", "rename")
    same(file.execute("SELECT * FROM orders").fetchall(), [("kept",)], "a table of its owner")


def test_a_wrong_piece_ends_the_build(t):
    folder = t.folder() / "life"
    folder.mkdir()
    for body, words in (("SELECT @locale(1) AS a", "@locale"), ("SELECT @local(1, 2) AS a", "takes 1 argument"),
                        ("SELECT @local((1) AS a", "bracket"), ("SELECT 1 AS a FROM @view(later)", "no view later")):
        (folder / "v.sql").write_text(body, encoding="utf-8")
        done = subprocess.run([lib.ROOT / "tools" / "views", "sqlite", lib.ROOT / "schema" / "views" / "pieces",
                               folder / "v.sql"], capture_output=True, text=True, timeout=60, check=False)
        same(done.returncode, 1, body)
        lib.contains(done.stderr, "view v", words)


if __name__ == "__main__":
    lib.main(globals())

#!/usr/bin/env python3
"""PostgreSQL: the whole program on a server of the test's own. Every row equals the sandbox's truth, and those of SQLite;
through crashes of the server and cut connections; and what is wrong with an address is said without its password."""
# Runs alone: a server that ends and comes back, in real time.
import json
import os
import signal
import subprocess
import threading
import time

import lib
import pg_server
from truth import DATA_TABLES, Stage

WORLD = {"life_shops": 2, "life_orders": 600, "douplus_shops": 1, "douplus_orders": 200}


def literal(value):
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


def server_start(t, **options):
    if why := pg_server.missing():
        raise lib.Skip(why)
    server = pg_server.Server(**options)
    server.__enter__()
    t.processes.append(Ended(server))
    return server


class Ended:
    """A server as the Case ends what a test started."""

    def __init__(self, server):
        self.server = server

    def poll(self):
        return None

    def kill(self):
        self.server.__exit__()

    def communicate(self):
        pass


class OnServer(Stage):
    """A Stage whose database is on a server. Rows are asked for with psql, not through huiliu."""

    def __init__(self, t, server, **switches):
        self.server = server
        super().__init__(t, env={"HUILIU_STORE": server.url}, **switches)

    def rows(self, sql, *values):
        parts = sql.split("?")
        lib.same(len(parts), len(values) + 1, "values of a statement")
        sql = "".join(part + literal(value) for part, value in zip(parts, values)) + parts[-1]
        return [json.loads(row[0]) for row in self.server.sql(f"SELECT row_to_json(q)::text FROM ({sql}) AS q")]

    def execute(self, sql):
        self.server.sql(sql)

    def watch_writes(self):
        text = ("CREATE TABLE IF NOT EXISTS test_writes (name text); DELETE FROM test_writes; CREATE OR REPLACE FUNCTION "
                "test_write() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO test_writes VALUES (TG_OP || '' '' || "
                "TG_TABLE_NAME); RETURN NULL; END';")
        for table in DATA_TABLES:
            text += (f"CREATE OR REPLACE TRIGGER test_write AFTER INSERT OR UPDATE OR DELETE ON {table} FOR EACH ROW "
                     "EXECUTE FUNCTION test_write();")
        self.execute(text)


def all_equal(stage):
    stage.rows_equal()
    stage.every_window("A")
    stage.seals_hold()


def table_rows(stage, table):
    """Rows without what differs from home to home: instants of the run, sealed values, serial numbers."""
    skip = {"row_hash", "body", "received_ms", "first_seen_ms", "changed_ms", "seen_ms"}
    names = {stage.shop_id(shop): shop["external_id"] for shop in stage.shops}
    out = []
    for row in stage.rows(f"SELECT * FROM {table}"):
        row["shop_id"] = names[row["shop_id"]]
        out.append(tuple(sorted((k, v) for k, v in row.items()
                                if k not in skip and not k.endswith(("_cipher", "_index")))))
    return sorted(out, key=repr)


def test_rows_equal_the_truth_and_nothing_is_written_twice(t):
    stage = OnServer(t, server_start(t), **WORLD)
    stage.sync()
    all_equal(stage)
    stage.watch_writes()
    stage.sync("--full")
    # Figures of ads are asked anew and may change; everything else stands as it is.
    written = stage.rows("SELECT name, count(*) AS n FROM test_writes WHERE name NOT LIKE '%figure%' GROUP BY name")
    lib.same(written, [], "writes of data tables")
    stage.execute("UPDATE trade_order SET row_hash = '' WHERE order_id = (SELECT min(order_id) FROM trade_order)")
    stage.execute("DELETE FROM test_writes")
    stage.sync("--full")
    lib.holds(stage.rows("SELECT name FROM test_writes WHERE name = 'UPDATE trade_order'"), "a changed row was not written")


def test_rows_are_those_of_sqlite(t):
    on_server = OnServer(t, server_start(t), **WORLD)
    on_sqlite = Stage(t, **WORLD)
    on_server.sync()
    on_sqlite.sync()
    for table in ("trade_order", "trade_certificate", "ad_order", "ad_figure", "ad_figure_day"):
        mine, theirs = table_rows(on_server, table), table_rows(on_sqlite, table)
        lib.holds(mine, f"{table} is empty")
        differ = sorted(set(mine) ^ set(theirs), key=repr)
        lib.holds(not differ, f"{table}: {len(differ)} rows differ: {differ[:2]}")
    for words in (["status"], ["prove", on_server.shops[0]["name"], "orders"], ["reject", "list"], ["task", "list"],
                  ["shop", "list"], ["app", "list"], ["doctor"]):
        code, out, err = on_server.run(*words, "--json")
        lib.same(code, on_sqlite.run(*words, "--json")[0], f"exit code of {' '.join(words)}: {out[-300:]} {err[-300:]}")


def test_comments_and_byte_order(t):
    stage = OnServer(t, server_start(t), life_shops=1, life_orders=5, douplus_shops=0)
    comment = stage.rows("SELECT col_description('trade_order'::regclass, attnum) AS c FROM pg_attribute"
                         " WHERE attrelid = 'trade_order'::regclass AND attname = 'pay_amount'")
    lib.same(comment, [{"c": "What the buyer paid"}])
    lib.same(stage.rows("SELECT count(*) AS n FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid JOIN pg_collation l ON"
                        " l.oid = a.attcollation WHERE c.relkind = 'r' AND c.relnamespace = current_schema::regnamespace"
                        " AND l.collname <> 'C'"), [{"n": 0}], "columns that do not compare byte by byte")


def disturbed(stage, act, times):
    """Runs `sync` while `act` is done again and again; how often it was while the run was under way."""
    process = stage.start("sync")
    out = {}
    reading = threading.Thread(target=lambda: out.update(text=process.communicate()))
    reading.start()
    done = 0
    while done < times and process.poll() is None:
        if stage.rows("SELECT count(*) AS n FROM trade_order")[0]["n"] > 300 * done:
            act()
            done += 1
        time.sleep(0.02)
    reading.join(300)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        raise lib.Failure("sync does not end")
    lib.sanitizers_quiet(out["text"][1])
    lib.holds(process.returncode == 0, f"sync ended with {process.returncode}: {out['text'][1][-800:]}")
    return done


def units_are_right(stage):
    """Each finished task left no row, and each page was counted once: the evidence of every window says so."""
    stage.sync("--full")
    all_equal(stage)


def test_the_server_crashes_in_the_middle(t):
    server = server_start(t)
    stage = OnServer(t, server, life_shops=2, life_orders=2500, douplus_shops=1, douplus_orders=100)
    lib.holds(disturbed(stage, server.restart, 2) == 2, "the run was over before the server crashed twice")
    units_are_right(stage)


def test_connections_are_cut_again_and_again(t):
    server = server_start(t)
    stage = OnServer(t, server, life_shops=2, life_orders=2500, douplus_shops=1, douplus_orders=100)

    def cut():
        server.sql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'huiliu'")

    lib.holds(disturbed(stage, cut, 12) >= 8, "the run was over before its connections were cut")
    units_are_right(stage)


def said(t, url, code, exit_code=None):
    """What `huiliu init` says about an address: its code, and never the password."""
    home = t.folder() / "home"
    got, out, err = lib.huiliu(home, "init", env={"HUILIU_STORE": url})
    lib.holds(got != 0, f"{url} was taken")
    lib.contains(out + err, code)
    lib.holds("hunter2" not in out + err, f"the password is shown: {err}")
    return err


def test_what_is_wrong_with_an_address_is_said(t):
    server = server_start(t, password="s3cret/@")
    good = server.address(password="s3cret%2F%40")
    said(t, server.address(password="hunter2"), "store_login")
    said(t, server.address(user="nobody", password="hunter2"), "store_login")
    said(t, server.address(password="s3cret%2F%40", database="none"), "store_absent")
    said(t, f"postgresql://u:hunter2@127.0.0.1:{pg_server.free_port()}/d", "store_unreachable")
    said(t, "postgresql://u:hunter2@h:port/d", "store_url")
    for password in ("hunter2@x", "1/hunter2", "hunter2:y@", "12@hunter2/z"):
        said(t, f"postgresql://u:{password}@127.0.0.1:{server.port}/d", "store_")
    said(t, good + "?sslmodus=hunter2", "store_url")
    server.sql("CREATE ROLE poor LOGIN PASSWORD 'hunter2'")
    said(t, server.address(user="poor", password="hunter2"), "store_rights")
    server.sql("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")
    said(t, server.address(password="s3cret%2F%40", database="latin"), "store_encoding")
    home = t.folder() / "home"
    lib.huiliu(home, "init", env={"HUILIU_STORE": good}, check=True)
    for words in (["settings"], ["status"], ["doctor"], ["migrate"]):
        _, out, err = lib.huiliu(home, *words, env={"HUILIU_STORE": good})
        lib.holds("s3cret" not in out + err, f"{words[0]} shows the password")
    server.sql("INSERT INTO migration (number, name, checksum, applied_ms) VALUES (999, 'step 999', '', 0)")
    code, _, err = lib.huiliu(home, "status", env={"HUILIU_STORE": good})
    lib.holds(code != 0, "a newer database was taken")
    lib.contains(err, "store_newer")


if __name__ == "__main__":
    lib.main(globals())

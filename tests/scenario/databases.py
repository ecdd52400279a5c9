#!/usr/bin/env python3
"""The same scenario on SQLite, PostgreSQL and MariaDB: faults at ten percent, 3,000 orders, and in the end the same rows, by
digest, which are those of the sandbox's truth; every command says the same of them."""
# Takes 40 s.
import hashlib
import json

import lib
import mariadb_server
import pg_server
from fake_ads import AdsStage, FakeAds, ad_order, order_id
from on_server import OnServer, server_start
from truth import FORTNIGHT, Stage

WORLD = {"life_shops": 2, "life_orders": 1300, "douplus_shops": 1, "douplus_orders": 400, "timeout_ms": 300,
         "quota": "shop=20/1,burst=20", **FORTNIGHT}
ROUNDS = 8
# What differs from home to home: instants of the run, sealed values, serial numbers.
UNLIKE = {"row_hash", "body", "received_ms", "first_seen_ms", "changed_ms", "seen_ms"}


def table_rows(stage, table):
    names = {stage.shop_id(shop): shop["external_id"] for shop in stage.shops}
    out = []
    for row in stage.rows(f"SELECT * FROM {table}"):
        row["shop_id"] = names[row["shop_id"]]
        out.append(tuple(sorted((k, v) for k, v in row.items()
                                if k not in UNLIKE and not k.endswith(("_cipher", "_index")))))
    return sorted(out, key=repr)


def digest(rows):
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def homes(t, **world):
    """One of each database: the name of the kind, and its stage."""
    yield "SQLite", Stage(t, **world)
    for kind in (pg_server, mariadb_server):
        yield kind.__name__, OnServer(t, server_start(t, kind), **world)


def same_rows(stages, tables):
    (_, first), *others = stages
    for table in tables:
        mine = table_rows(first, table)
        lib.holds(mine, f"{table} is empty")
        for name, stage in others:
            theirs = table_rows(stage, table)
            differ = sorted(set(mine) ^ set(theirs), key=repr)
            lib.holds(digest(mine) == digest(theirs), f"{name} {table}: {len(differ)} rows differ: {differ[:2]}")
        print(f"# {table}: {len(mine)} rows, {digest(mine)[:16]} on all", flush=True)


def test_rows_are_the_same_on_all_databases_through_faults(t):
    stages = list(homes(t, faults="all=10%", **WORLD))
    for _, stage in stages:
        for _ in range(ROUNDS):
            code, _, _ = stage.sync(check=None)
            lib.holds(code in (0, 3), f"sync ended with {code}")
            if code == 0:
                break
        stage.sandbox.config(faults="all=0%")
        stage.sync(check=None)
        stage.rows_equal()
        stage.seals_hold()
    same_rows(stages, ("trade_order", "trade_certificate", "ad_order"))


def test_figures_and_commands_are_the_same_on_all_databases(t):
    stages = list(homes(t, **WORLD))
    for _, stage in stages:
        stage.sync()
        stage.every_window("A")
    same_rows(stages, ("trade_order", "trade_certificate", "ad_order", "ad_figure", "ad_figure_day", "status_history"))
    shop = stages[0][1].shops[0]["name"]
    for words in (["status"], ["prove", shop, "orders"], ["reject", "list"], ["task", "list"], ["shop", "list"],
                  ["app", "list"], ["doctor"]):
        codes = {name: stage.run(*words, "--json")[0] for name, stage in stages}
        lib.same(len(set(codes.values())), 1, f"{' '.join(words)} ends with {codes}: kinds of ends")


def test_phones_that_waited_for_the_quota_are_opened_on_all_databases(t):
    """Told apart by the row's hash, which each database reads in its own words."""
    for name, stage in homes(t, life_shops=1, life_orders=200, enc_share=100, decrypt_quota=60, douplus_shops=0):
        stage.env["HUILIU_COORD"] = "local"  # the next process asks anew, as tomorrow would
        stage.sync(check=None)
        waiting = "SELECT count(*) AS n FROM trade_order WHERE phone_cipher IS NOT NULL AND phone_mask IS NULL"
        lib.holds(stage.rows(waiting)[0]["n"] > 0, f"{name}: nothing waits")
        stage.sandbox.config(decrypt_quota=100000)
        stage.execute("UPDATE task SET ready_ms = created_ms WHERE kind = 'decrypt'")
        stage.sync(check=None)
        lib.same(stage.rows(waiting)[0]["n"], 0, f"{name}: phones that wait")
        lib.same(stage.rows("SELECT count(*) AS n FROM task")[0]["n"], 0, f"{name}: tasks that are left")


class AdsOnServer(OnServer, AdsStage):
    """A platform of one order whose database is on a server."""

    def __init__(self, t, server, fake, start):
        self.server = server
        AdsStage.__init__(self, t, fake, start)

    def at(self, beijing):
        super().at(beijing)
        self.env["HUILIU_STORE"] = self.server.url


def test_what_a_clock_that_was_ahead_had_made_final_is_so_no_more(t):
    """On servers, as figures.py has it on SQLite: every sync compares what was derived."""
    for kind in (pg_server, mariadb_server):
        fake = FakeAds({"sec-a": [ad_order(1, "2026-05-20 10:00:00", hours=24 * 30)]})
        stage = AdsOnServer(t, server_start(t, kind), fake, "2026-05-20 12:00:00")
        fake.spend(1, "2026-05-20", cost=100)
        stage.sync_at("2026-12-20 12:00:00")
        final = f"SELECT count(*) AS n FROM ask_plan WHERE key_text = '{order_id(1)}' AND days_to > '2026-12-01'"
        lib.same(stage.rows(final)[0]["n"], 1, f"{kind.__name__}: an order with final days")
        stage.sync_at("2026-05-20 12:05:00")
        lib.same(stage.rows(final)[0]["n"], 0, f"{kind.__name__}: an order with final days")


if __name__ == "__main__":
    lib.main(globals())

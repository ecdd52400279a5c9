#!/usr/bin/env python3
"""The core of the API over HTTP on SQLite, PostgreSQL and MariaDB: sign-in, lists, a sync, live events, a cost, an export, and two
who change one thing at once. What the lists say is compared with the sandbox's truth."""
import csv
import io
import threading

import mariadb_server
import pg_server
from api_control import Client, House, Live, over, wait
from lib import contains, holds, main, same
from on_server import OnServer, server_start
from truth import Stage

SKU_DAY = "2020-01-01"
ROUNDS, AT_ONCE = 8, 6


class HouseAt(House):
    """A House whose database is a server's."""

    def __init__(self, t, server, **switches):
        self.server = server
        Stage.__init__(self, t, real_time=True, env={"HUILIU_LISTEN": "127.0.0.1:0", "HUILIU_STORE": server.url}, **switches)
        self.user("boss", "--role", "admin")
        self.begin()

    rows = OnServer.rows


def walk(client, path):
    """Every item of a list, page by page."""
    cursor = ""
    while cursor is not None:
        page = client.get(f"{path}{cursor and '&cursor=' + cursor}")
        yield from page["items"]
        cursor = page["next"]


def truth_ids(house, platform):
    return sorted(row["order_id"] for shop in house.shops if shop["platform"] == platform for row in house.sandbox.truth(platform, shop["external_id"]))


def lists_equal_the_truth(house, boss):
    ads = [row["order_id"] for row in walk(boss, "/api/v1/ad-orders?limit=17&sort=-created_at")]
    same(sorted(ads), truth_ids(house, "douplus"), "ad orders")
    parts = [row["order_id"] for row in walk(boss, "/api/v1/trade-parts?limit=17")]
    same(sorted(parts), truth_ids(house, "douyin-life"), "trade orders")
    sheet = boss.ask("GET", "/api/v1/ad-orders/export?format=csv&lang=en&columns=order_id&columns=cost")
    rows = list(csv.reader(io.StringIO(sheet.body.lstrip("\ufeff"))))[1:]
    same(sorted(row[0].strip("=\"'\t") for row in rows), sorted(ads), "the export")


def a_cost_is_taken(boss):
    sales = boss.get("/api/v1/profit/orders?limit=1000")["items"]
    sku = next(row for row in sales if row["sku_id"])["sku_id"]
    shop = next(row for row in sales if row["sku_id"] == sku)["shop"]
    said = boss.ask("PUT", f"/api/v1/costs/{shop}/{sku}/{SKU_DAY}", {"cost": "1.23"})
    same((said.status, said.json["known"]), (200, True), "the cost")

    def taken():
        now = boss.get(f"/api/v1/profit/orders?limit=1000&sku_id={sku}")["items"]
        return now if all(row["unit_cost"] and row["unit_cost"]["minor"] == 123 for row in now) else None
    for row in wait(taken, f"the sales of {sku} have their cost"):
        same(row["goods_cost"]["minor"], 123 * row["pieces"], f"goods of {row['order_id']}")


def one_of_them_wins(house, path, body_of):
    """All have read the same, and change it at once: one does, the others are told."""
    clients = [house.client() for _ in range(AT_ONCE)]
    for turn in range(ROUNDS):
        tag = {"If-Match": next(v for k, v in clients[0].ask("GET", path).headers.items() if k.lower() == "etag")}
        codes, together = [], threading.Barrier(AT_ONCE)

        def change(client, number):
            together.wait()
            method, body = body_of(turn * AT_ONCE + number)
            codes.append(client.ask(method, path, body, headers=tag).status)

        threads = [threading.Thread(target=change, args=(client, number)) for number, client in enumerate(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        same(sorted(codes), [200] + [412] * (AT_ONCE - 1), f"{path}, turn {turn}")


def the_core_answers(house):
    boss = house.client()
    same(Client(house.port).ask("GET", "/api/v1/ad-orders").status, 401, "nobody")
    same(Client(house.port).ask("POST", "/api/v1/auth/sign-in", {"name": "boss", "password": "wrong words"}).status, 401, "wrong")
    live = Live(boss)
    wait(lambda: live.ids, "the first position")
    asked = boss.post("/api/v1/syncs", {"mode": "incremental"}, 202)["id"]
    same(over(boss, asked)["state"], "done", "the sync")
    house.rows_equal()
    tries = {f"t{row['id']}" for row in house.rows("SELECT id FROM execution WHERE run = ? AND result IN ('done', 'again')", asked)}
    wait(lambda: tries <= {line["id"] for line in live.lines}, "every try was told")
    live.cut()
    same([run["id"] for run in boss.get("/api/v1/syncs")["items"]][:1], [asked], "history")
    lists_equal_the_truth(house, boss)
    a_cost_is_taken(boss)
    view = boss.post("/api/v1/views", {"name": "mine", "list": "ad-orders"}, 201)
    one_of_them_wins(house, f"/api/v1/views/{view['id']}", lambda n: ("PUT", {"name": f"view {n}", "list": "ad-orders"}))
    shop = house.number(house.shops[0]["name"])
    one_of_them_wins(house, f"/api/v1/shops/{shop}", lambda n: ("PATCH", {"person": f"person {n}"}))
    contains(boss.ask("GET", "/api/v1/audit?action=shop.edit&total=1").body, f'"total":{ROUNDS}')
    holds(boss.get("/api/v1/ready"), "ready")


WORLD = {"life_shops": 1, "life_orders": 40, "douplus_shops": 1, "douplus_orders": 40}


def test_the_core_on_sqlite(t):
    the_core_answers(House(t, **WORLD))


def test_the_core_on_postgresql(t):
    the_core_answers(HouseAt(t, server_start(t, pg_server), **WORLD))


def test_the_core_on_mariadb(t):
    the_core_answers(HouseAt(t, server_start(t, mariadb_server), **WORLD))


if __name__ == "__main__":
    main(globals())

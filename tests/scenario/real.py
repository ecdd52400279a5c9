#!/usr/bin/env python3
"""The real DOU+ orders of ../shared/data/douplus-orders.csv, served by the sandbox: every one lands equal to the file,
every window is grade A. The file is read here with python's csv and Decimal."""
import csv
import datetime
from decimal import Decimal

import lib
from truth import Stage

FILE = lib.SHARED / "data" / "douplus-orders.csv"
FILE_DAY_MS = 1769529600000  # 2026-01-28 00:00 in Beijing, the file's own day


def created_ms(text):
    zone = datetime.timezone(datetime.timedelta(hours=8))
    return int(datetime.datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=zone).timestamp()) * 1000


def test_the_real_orders_land_equal_to_the_file(t):
    if not FILE.exists():
        raise lib.Skip(f"{FILE} is not here")
    with open(FILE, encoding="utf-8-sig", newline="") as file:
        truth = {row["order_id"]: row for row in csv.DictReader(file)}
    lib.same(len(truth), 2604, "orders in the file")
    stage = Stage(t, start_ms=FILE_DAY_MS, platform="douplus", since="2025-06-01", life_shops=0, douplus_file=FILE)
    stage.sync()
    accounts = {stage.shop_id(shop): shop["name"] for shop in stage.shops}
    stored = {r["order_id"]: r for r in stage.rows("SELECT * FROM ad_order")}
    lib.same(set(stored), set(truth), "order ids")
    for order_id, row in truth.items():
        got = stored[order_id]
        lib.same((got["item_id"], got["status"], got["budget"], got["currency"], got["title"], got["created_at"],
                  accounts[got["shop_id"]]),
                 (row["item_id"], row["status"], int(Decimal(row["budget_yuan"]) * 100), "CNY", row["title"],
                  created_ms(row["created"]), row["account"]), order_id)
    stage.every_window("A")
    lib.same(stage.rows("SELECT count(*) AS n FROM reject")[0]["n"], 0, "rejects")
    stage.watch_writes()
    stage.sync("--full")
    stage.nothing_written()


if __name__ == "__main__":
    lib.main(globals())

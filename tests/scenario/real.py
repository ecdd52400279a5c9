#!/usr/bin/env python3
"""The real DOU+ orders of ../shared/data/douplus-orders.csv, served by the sandbox: every one lands equal to the file,
every window is grade A, and the figures come to the same for every account and every video. The file is read here with
python's csv and Decimal."""
import csv
import datetime
from collections import Counter
from decimal import ROUND_HALF_EVEN, Decimal

import lib
from truth import Stage

FILE = lib.SHARED / "data" / "douplus-orders.csv"
FILE_DAY_MS = 1769529600000  # 2026-01-28 00:00 in Beijing, the file's own day


# What is added up: column of the file, column of ad_figure.
COUNTERS = {"play": "plays", "like": "likes", "comment": "comments", "share": "shares", "follow": "follows",
            "convert": "conversions"}


def fen(yuan):
    """Half-even: 17 costs of the file carry dust such as 92.84999999999999."""
    return int((Decimal(yuan) * 100).quantize(Decimal(1), ROUND_HALF_EVEN))


def file_rows():
    if not FILE.exists():
        raise lib.Skip(f"{FILE} is not here")
    with open(FILE, encoding="utf-8-sig", newline="") as file:
        truth = {row["order_id"]: row for row in csv.DictReader(file)}
    lib.same(len(truth), 2604, "orders in the file")
    return truth


def real_stage(t):
    return Stage(t, start_ms=FILE_DAY_MS, platform="douplus", since="2025-06-01", life_shops=0, douplus_file=FILE)


def created_ms(text):
    zone = datetime.timezone(datetime.timedelta(hours=8))
    return int(datetime.datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=zone).timestamp()) * 1000


def test_the_real_orders_land_equal_to_the_file(t):
    truth, stage = file_rows(), real_stage(t)
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


def sums(rows, columns, by):
    """Orders and figures added up for each value of `by`."""
    out = {}
    for row in rows:
        total = out.setdefault(by(row), Counter())
        total["orders"] += 1
        for column, read in columns.items():
            total[column] += read(row)
    return {key: dict(total) for key, total in out.items()}


def test_the_real_figures_come_to_the_same_for_accounts_and_videos(t):
    truth, stage = file_rows(), real_stage(t)
    stage.sync()
    wanted = {"budget": lambda r: fen(r["budget_yuan"]), "cost": lambda r: fen(r["cost_yuan"])}
    wanted.update({ours: lambda r, theirs=theirs: int(r[theirs]) for theirs, ours in COUNTERS.items()})
    got = {name: lambda r, name=name: r[name] or 0 for name in wanted}
    stored = stage.rows("SELECT o.*, s.name AS account, f.* FROM ad_order o JOIN shop s ON s.id = o.shop_id"
                        " LEFT JOIN ad_figure f ON f.shop_id = o.shop_id AND f.order_id = o.order_id")
    for by, of_file, of_home in (("accounts", lambda r: r["account"], lambda r: r["account"]),
                                 ("videos", lambda r: (r["account"], r["item_id"]),
                                  lambda r: (r["account"], r["item_id"]))):
        lib.same(sums(stored, got, of_home), sums(truth.values(), wanted, of_file), by)
    lib.holds(sum(fen(r["cost_yuan"]) for r in truth.values()) > 0, "the file has no costs")
    asked = Counter()
    for shop in stage.shops:
        for line in stage.sandbox.asked(shop["external_id"]):
            asked[line["order_id"], line["from"], line["to"]] += line["times"]
    lib.same(max(asked.values()), 1, "times that one order was asked over one range")
    stage.watch_writes()
    stage.sync("--full")
    stage.nothing_written()


if __name__ == "__main__":
    lib.main(globals())

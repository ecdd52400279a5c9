#!/usr/bin/env python3
"""The sandbox's sheets, as ./demo hands them in: what they come to in Huiliu is what they come to here, read from the files
alone; two of one seed and time are the same."""
# Takes 10 s.
import csv
import datetime
from collections import Counter

import lib
from ads import ms
from lib import holds, huiliu, huiliu_json, same
from real import fen

START = datetime.datetime(2026, 11, 30, 20, 0, tzinfo=datetime.timezone(datetime.timedelta(hours=8)))
KINDS = ("temu-products", "temu-orders", "temu-bill-collection", "temu-bill-first-mile", "temu-bill-last-mile", "temu-bill-deduction")
NOT_SOLD = ("已取消", "已退款")


def written(t, **switches):
    folder = t.folder()
    env = {"HUILIU_CLOCK": str(t.folder() / "clock"), "HUILIU_CLOCK_START": str(ms(START))}
    sandbox = t.sandbox(env=env, life_shops=0, douplus_shops=0, live=True, sheets=folder, sheet_orders=300, **{"from": "2026-10-01"},
                        **switches)
    return folder, env, sandbox


def read(folder, name):
    with open(folder / f"{name}.csv", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def piece_cost(costs, sku, day):
    """In fen, by the latest entry that is not after the day; None: nobody knows."""
    entries = sorted((row["生效日期"], fen(row["成本"])) for row in costs if row["SKU"] == sku and row["生效日期"] <= day)
    return entries[-1][1] if entries else None


def truth(folder):
    """Sums over parts that are sales, by day."""
    costs, days = read(folder, "costs"), {}
    for row in read(folder, "temu-orders"):
        if row["订单状态"] in NOT_SOLD:
            continue
        day, pieces = row["订单创建时间"][:10], int(row["应履约件数"])
        same(fen(row["订单金额"]), fen(row["单价"]) * pieces, "amount of a part")
        cost = piece_cost(costs, row["SKUID"], day)
        sums = days.setdefault(day, Counter())
        sums.update(pieces=pieces, gmv=fen(row["订单金额"]), goods_cost=(cost or 0) * pieces, cost_unknown=cost is None)
    return days


def test_sheets_come_to_what_stands_in_them(t):
    folder, env, sandbox = written(t)
    home = t.home(sandbox, env=env)
    huiliu(home, "shop", "add", "temu-1", "--platform", "temu", "--external-id", "634418000000001", env=env, check=True)
    for kind in KINDS:
        rows = read(folder, kind)
        holds(rows, f"{kind} is empty")
        _, answer = huiliu_json(home, "import", folder / f"{kind}.csv", "--as", kind, "--shop", "temu-1", env=env)
        same((answer["new"], answer["errors"]), (len(rows), 0), f"{kind}: {answer}")
    huiliu(home, "cost", "import", folder / "costs.csv", env=env, check=True)
    huiliu(home, "sync", env=env, check=True)
    stored = lib.rows(home, "SELECT day, sum(pieces) AS pieces, sum(gmv) AS gmv, coalesce(sum(goods_cost), 0) AS goods_cost,"
                                 " sum(CASE WHEN goods_cost IS NULL THEN 1 ELSE 0 END) AS cost_unknown FROM trade_result"
                                 " WHERE counts = 1 GROUP BY day")
    found = {row.pop("day"): row for row in stored}
    expected = truth(folder)
    holds(len(expected) > 40 and sum(day["cost_unknown"] for day in expected.values()) > 0, "hardly anything was compared")
    same(found, {day: dict(sums) for day, sums in expected.items()}, "sums of days")
    states = Counter(row["订单状态"] for row in read(folder, "temu-orders"))
    holds(set(states) == {"待发货", "已发货", "已签收", *NOT_SOLD}, f"states: {states}")


def test_one_seed_and_time_make_one_set_of_sheets(t):
    first, again, other = (written(t, **seed)[0] for seed in ({}, {}, {"seed": 2}))
    for kind in (*KINDS, "costs"):
        same((first / f"{kind}.csv").read_bytes(), (again / f"{kind}.csv").read_bytes(), kind)
    holds(read(first, "temu-orders") != read(other, "temu-orders"), "another seed made the same orders")


if __name__ == "__main__":
    lib.main(globals())

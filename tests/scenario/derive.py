#!/usr/bin/env python3
"""Results and sums follow from what is stored, and nothing else: every row of them equals what results.py makes of the data
tables, after syncs, changes, kills and rebuilds; and the real file's sums come out to the cent."""
from collections import Counter

import lib
import real
from results import results_equal


SUMS = {"orders": lambda r: 1, "budget": lambda r: real.fen(r["budget_yuan"]), "cost": lambda r: real.fen(r["cost_yuan"]),
        **{ours: lambda r, theirs=theirs: int(r[theirs]) for theirs, ours in real.COUNTERS.items()}}


def file_sums_equal(truth, stage):
    """Sums over ad_day are the file's: by shop, by day, by video; and every order's row is its line."""
    accounts = {stage.shop_id(shop): shop["name"] for shop in stage.shops}
    for by in (lambda r: r["account"], lambda r: (r["account"], r["created"][:10]), lambda r: (r["account"], r["item_id"])):
        wanted = {}
        for line in truth.values():
            total = wanted.setdefault(by(line), Counter())
            for name, read in SUMS.items():
                total[name] += read(line)
        got = {}
        for row in stage.rows("SELECT * FROM ad_day WHERE basis = 'created'"):
            total = got.setdefault(by({"account": accounts[row["shop_id"]], "created": row["day"], "item_id": row["item_id"]}), Counter())
            for name in SUMS:
                total[name] += row[name] or 0
        lib.same({k: dict(v) for k, v in got.items()}, {k: dict(v) for k, v in wanted.items()}, "sums")
    for row in stage.rows("SELECT * FROM ad_result"):
        line = truth[row["order_id"]]
        for name, read in SUMS.items():
            if name != "orders":
                lib.same(row[name] or 0, read(line), f"{name} of {row['order_id']}")
        lib.same((accounts[row["shop_id"]], row["item_id"], row["day"]), (line["account"], line["item_id"], line["created"][:10]),
                 row["order_id"])


def test_the_real_file_comes_to_the_same_by_order_by_video_and_by_shop(t):
    truth, stage = real.file_rows(), real.real_stage(t)
    stage.sync()
    lib.same(results_equal(stage.rows)[0], len(truth), "results")
    file_sums_equal(truth, stage)


if __name__ == "__main__":
    lib.main(globals())

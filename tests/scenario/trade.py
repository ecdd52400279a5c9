#!/usr/bin/env python3
"""Trade orders: what a status means, and what orders came to, against figures that are worked out here."""
import datetime
import json
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from fake import DAY, FakeLife, FakeStage, order  # noqa: E402
from lib import ROOT, holds, main, same  # noqa: E402
from trade_sums import trade_equal, worth_it  # noqa: E402
from truth import START_MS, Stage  # noqa: E402

DAY_MS = 24 * 3600 * 1000

# What each status of Douyin Life means to us, said here once more by hand.
STAGES = {"0": "placed", "100": "placed", "101": "cancelled", "200": "paid", "201": "paid", "3": "paid", "1": "done",
          "2": "done", "4": "refunded", "777": None}


def later(stage, ms):
    """huiliu's own clock from now on."""
    return {"HUILIU_CLOCK": str(stage.t.folder() / "clock"), "HUILIU_CLOCK_START": str(START_MS + ms)}


def stages(stage):
    return {r["status"]: r["stage"] for r in stage.rows("SELECT DISTINCT status, stage FROM trade_order")}


def test_a_status_has_a_stage_and_one_that_nobody_knows_has_none(t):
    words = list(STAGES)
    fake = FakeLife({"7001": [order(n, order_status=words[n % len(words)]) for n in range(50)]})
    stage = FakeStage(t, fake)
    same(stage.sync_day()[0], 0)
    same(stages(stage), STAGES)
    # A status that nobody knows takes the stage of the one before it back.
    fake.orders["7001"][3] = order(3, order_status=999, update_order_time=fake.orders["7001"][3]["update_order_time"] + 60)
    stage.later(600)
    same(stage.sync_day()[0], 0)
    same(stage.rows("SELECT status, stage FROM trade_order WHERE order_id = ?", order(3)["order_id"]),
         [{"status": "999", "stage": None}], "the stage of an unknown status")


def test_a_replay_gives_stages_to_orders_that_were_stored_without(t):
    words = list(STAGES)
    fake = FakeLife({"7001": [order(n, order_status=words[n % len(words)]) for n in range(50)]})
    stage = FakeStage(t, fake)
    manifest = (ROOT / "connectors" / "douyin-life.yaml").read_text(encoding="utf-8")
    before, after = manifest.split("      stage:\n")
    old = before + after.split("}\n", 1)[1]
    own = stage.home / "connectors" / "douyin-life.yaml"
    own.parent.mkdir(exist_ok=True)
    own.write_text(old, encoding="utf-8")
    same(stage.sync_day()[0], 0)
    same(set(stages(stage).values()), {None}, "stages before there were any")
    own.unlink()
    stage.run("connector", "replay", "shop-7001", "orders", "--apply", check=True)
    same(stages(stage), STAGES, "stages after the replay")


def derived_behind_pulls(stage):
    """Each lane has derived once, behind the last task that brought rows, and there were several."""
    tries = stage.rows("SELECT lane, kind, started_ms, ended_ms, rows_new FROM execution ORDER BY started_ms")
    for lane in {r["lane"] for r in tries}:
        pulls = [r for r in tries if r["lane"] == lane and r["kind"] == "window" and r["rows_new"]]
        derived = [r for r in tries if r["lane"] == lane and r["kind"] == "derive"]
        holds(len(pulls) > 1 and len(derived) == 1, f"{len(pulls)} windows with rows, derived {len(derived)} times")
        holds(derived[0]["started_ms"] >= max(r["ended_ms"] for r in pulls), "derived before the last of them")


def test_what_orders_came_to_is_what_the_platform_says(t):
    """Shops of the sandbox: every result and day equals what is worked out here; GMV and orders equal the platform's own truth."""
    stage = Stage(t, life_shops=2, life_orders=300, douplus_shops=0)
    stage.sync()
    results, days = trade_equal(stage.rows)
    worth_it(results, days)
    derived_behind_pulls(stage)
    for shop in stage.shops:
        truth = list(stage.truth(shop).values())
        sold = [o for o in truth if STAGES[str(o["status"])] not in ("placed", "cancelled", "refunded")]
        found = [d for key, d in days.items() if key[0] == stage.shop_id(shop) and key[1] == "shop"]
        same(sum(d["orders"] for d in found), len(sold), "orders")
        same(sum(d["gmv"] for d in found), sum(o["pay_amount"] for o in sold), "GMV")
        same(sum(d["refunds"] for d in found),
             sum(c["refund_amount"] or 0 for o in sold for c in o["certificates"]), "refunds")
        same(sum(d["cancelled"] for d in found), len(truth) - len(sold), "called off, or never paid")
    # Orders go on: paid, used, paid back.
    stage.sync(env=later(stage, 20 * DAY_MS))
    worth_it(*trade_equal(stage.rows))


def sku_stage(t):
    stage = Stage(t, life_shops=1, life_orders=300, douplus_shops=0)
    stage.sync()
    skus = stage.rows("SELECT sku_id, min(day) AS first, max(day) AS last, count(*) AS n FROM trade_result"
                      " WHERE counts = 1 AND sku_id <> '' GROUP BY sku_id ORDER BY n DESC")
    return stage, stage.shops[0]["name"], skus


def middle_day(stage, sku):
    days = [r["day"] for r in stage.rows("SELECT DISTINCT day FROM trade_result WHERE sku_id = ? ORDER BY day", sku["sku_id"])]
    return days[len(days) // 2]


def test_costs_have_dates_and_reach_exactly_their_orders(t):
    """Before, after, ended, in another currency with and without a rate: every figure worked out again; no other row is written."""
    stage, shop, (a, b, *_) = sku_stage(t)
    middle = middle_day(stage, a)
    before = {r["order_id"]: r for r in stage.rows("SELECT * FROM trade_result")}
    stage.run("cost", "set", shop, a["sku_id"], middle, "1.23", check=True)
    stage.sync()
    results, _ = trade_equal(stage.rows)
    holds(any(r["unit_cost"] == 123 for r in results) and any(r["unit_cost"] is None for r in results), "a part has a cost")
    for row in stage.rows("SELECT * FROM trade_result"):
        if row["sku_id"] != a["sku_id"] or row["day"] < middle:
            same(row, before[row["order_id"]], "a row that the cost is not about")
    stage.run("cost", "set", shop, a["sku_id"], a["first"], "0.99", check=True)
    stage.run("cost", "end", shop, a["sku_id"], a["last"], check=True)
    stage.run("cost", "set", shop, b["sku_id"], b["first"], "2.50", "--currency", "USD", check=True)
    stage.sync()
    results, days = trade_equal(stage.rows)
    holds(all(r["unit_cost"] is None for r in results if r["sku_id"] == b["sku_id"]), "without a rate it is unknown")
    holds(any(d["cost_unknown"] for d in days.values()), "unknown costs are counted")
    same(stage.run("cost", "set", shop, a["sku_id"], "2026-02-30", "1", check=None)[0], 2, "a day that is none")
    said = json.loads(stage.run("cost", "set", shop, a["sku_id"], a["first"], "0.99", "--json", check=True)[1])
    same((said["orders"] > 0, said["known"]), (True, True), "of a SKU that is sold")
    holds("17999" in stage.run("cost", "set", shop, "17999", a["first"], "0.99", check=True)[1], "nobody has sold it yet, and it says so")
    said = json.loads(stage.run("cost", "set", shop, "17998", a["first"], "0.99", "--json", check=True)[1])
    same((said["costs"], said["orders"], said["known"]), (1, 0, False), "kept, and not known")
    for sku in ("17998", "17999"):
        stage.run("cost", "remove", shop, sku, a["first"], check=True)
    listed = json.loads(stage.run("cost", "list", "--json", check=True)[1])["costs"]
    same(sorted((c["from_day"], c["cost"], c["currency"]) for c in listed if c["sku_id"] == a["sku_id"]),
         sorted([(a["first"], "0.99", "CNY"), (middle, "1.23", "CNY"), (a["last"], None, "")]), "the list")


def test_a_cost_survives_kills_while_it_is_worked_out(t):
    for point in ("derive.trade=kill@1", "derive.sums=kill@1", "derive.committed=kill@1"):
        stage, shop, (a, *_) = sku_stage(t)
        stage.run("cost", "set", shop, a["sku_id"], a["first"], "1.23", check=True)
        code, _, _ = stage.sync(check=None, env={"HUILIU_FAIL": point})
        same(code, -signal.SIGKILL, f"killed at {point}")
        stage.sync()
        results, _ = trade_equal(stage.rows)
        holds(all(r["unit_cost"] == 123 for r in results if r["sku_id"] == a["sku_id"]), "every order has its cost")
        same(stage.rows("SELECT count(*) AS n FROM touched"), [{"n": 0}], "touched rows left")


def test_killed_between_results_and_days_the_days_are_read_all_the_same(t):
    stage = FakeStage(t, FakeLife({"7001": [order(n, order_status=200) for n in range(1200)]}))
    same(stage.sync_day()[0], 0)
    stage.execute("DELETE FROM trade_result; DELETE FROM trade_day; DELETE FROM trade_cell")
    same(stage.run("derive", "rebuild", env={"HUILIU_FAIL": "derive.committed=kill@1"})[0], -signal.SIGKILL)
    left = {r["table_name"]: r["n"] for r in stage.rows("SELECT table_name, count(*) AS n FROM touched GROUP BY table_name")}
    done = stage.rows("SELECT count(*) AS n FROM trade_result")[0]["n"]
    holds(0 < done < 1200 and left.get("trade_day", 0) > 0, f"{done} results, touched {left}")
    same(stage.rows("SELECT count(*) AS n FROM trade_day"), [{"n": 0}], "days that were read")
    # The results that are there do not change any more: only what the killed unit touched can bring their days.
    stage.run("derive", "rebuild", check=0)
    same(len(trade_equal(stage.rows)[0]), 1200, "results")
    same(stage.rows("SELECT count(*) AS n FROM touched"), [{"n": 0}], "touched rows left")


def test_a_corrected_time_moves_an_order_to_its_day(t):
    fake = FakeLife({"7001": [order(n, order_status=200) for n in range(20)]})
    stage = FakeStage(t, fake)
    same(stage.sync_day()[0], 0)
    was = fake.orders["7001"][3]
    fake.orders["7001"][3] = order(3, order_status=200, create_order_time=was["create_order_time"] - 86400,
                                   update_order_time=was["update_order_time"] + 60)
    stage.later(600)
    day_before = (datetime.date.fromisoformat(DAY) - datetime.timedelta(days=1)).isoformat()
    same(stage.sync_json("--from", day_before, "--to", DAY)[0], 0)
    results, days = trade_equal(stage.rows)
    same(len({r["day"] for r in results}), 2, "days")
    # And one that is paid back whole is no sale any more.
    fake.orders["7001"][4] = order(4, order_status=4, update_order_time=was["update_order_time"] + 90)
    stage.later(600)
    same(stage.sync_day()[0], 0)
    results, days = trade_equal(stage.rows)
    same(sum(d["cancelled"] for k, d in days.items() if k[1] == "shop"), 1, "called off")


if __name__ == "__main__":
    main(globals())

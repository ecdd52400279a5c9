#!/usr/bin/env python3
"""Trade orders: what a status means, and what orders came to, against figures that are worked out here."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from fake import FakeLife, FakeStage, order  # noqa: E402
from lib import ROOT, main, same  # noqa: E402
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


def test_what_orders_came_to_is_what_the_platform_says(t):
    """Shops of the sandbox: every result and day equals what is worked out here; GMV and orders equal the platform's own truth."""
    stage = Stage(t, life_shops=2, life_orders=300, douplus_shops=0)
    stage.sync()
    results, days = trade_equal(stage.rows)
    worth_it(results, days)
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


if __name__ == "__main__":
    main(globals())

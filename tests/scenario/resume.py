#!/usr/bin/env python3
"""What an earlier run left behind is gone on with by the next one, however long after: found by a hostile review."""
import json
import signal

import lib
from fake import DAY, DAY_START_S, QUERY, FakeLife, FakeStage, order
from truth import START_MS, Stage

DAY_MS = 24 * 3600 * 1000


def later(stage, ms):
    """huiliu's own clock from now on: the sandbox, at rest, keeps its."""
    return {"HUILIU_CLOCK": str(stage.t.folder() / "clock"), "HUILIU_CLOCK_START": str(START_MS + ms)}


def complete_up_to(stage):
    return min(r["complete_up_to_ms"] for r in stage.rows("SELECT complete_up_to_ms FROM stream_state"))


def test_a_sync_that_was_killed_goes_on_to_now_twenty_days_later(t):
    stage = Stage(t, life_shops=2, life_orders=800, douplus_shops=0)
    code, _, _ = stage.sync(check=None, env={"HUILIU_FAIL": "sync.unit.submitted=kill@4"})
    lib.same(code, -signal.SIGKILL, "exit code of the killed run")
    stage.sync(env=later(stage, 20 * DAY_MS))
    stage.rows_equal()
    lib.holds(complete_up_to(stage) > START_MS + 19 * DAY_MS, "one sync did not go on to now")


def test_a_full_sync_that_was_killed_leaves_nothing_for_the_next_but_one(t):
    stage = Stage(t, life_shops=2, life_orders=300, douplus_shops=0)
    stage.sync()
    code, _, _ = stage.sync("--full", check=None, env={"HUILIU_FAIL": "sync.unit.submitted=kill@3"})
    lib.same(code, -signal.SIGKILL, "exit code of the killed run")
    stage.sync(env=later(stage, DAY_MS))
    lib.same(stage.rows("SELECT count(*) AS n FROM task")[0]["n"], 0, "tasks left")
    lib.same(stage.rows("SELECT count(*) AS n FROM sync_window WHERE state = 'open'")[0]["n"], 0, "open windows")
    lib.holds(complete_up_to(stage) > START_MS + DAY_MS // 2, "complete up to stayed behind")


def test_everything_again_opens_the_same_windows(t):
    stage = Stage(t, life_shops=1, life_orders=100, douplus_shops=0)
    stage.sync()
    before = stage.rows("SELECT count(*) AS n FROM sync_window")[0]["n"]
    for _ in range(3):
        stage.sync("--full")
    grown = stage.rows("SELECT count(*) AS n FROM sync_window")[0]["n"] - before
    lib.holds(grown <= 6, f"{grown} windows more: only the youngest ends may differ")


def test_a_range_into_the_future_proves_nothing_that_has_not_happened(t):
    stage = Stage(t, life_shops=1, life_orders=100, douplus_shops=0)
    stage.sync()
    stage.sync("--from", "2026-05-27", "--to", "2026-05-29")
    now_ms = START_MS + 3600 * 1000
    lib.holds(complete_up_to(stage) <= now_ms, "complete up to lies in the future")
    ahead = stage.rows("SELECT count(*) AS n FROM sync_window WHERE kind = 'audit' AND to_ms > ?", now_ms)[0]["n"]
    lib.same(ahead, 0, "audit windows in the future")


def test_phones_that_waited_are_opened_by_a_plain_sync(t):
    stage = Stage(t, life_shops=1, life_orders=150, enc_share=100, decrypt_quota=20, douplus_shops=0)
    stage.sync(check=None)
    waiting = "SELECT count(*) AS n FROM trade_order WHERE phone_cipher LIKE 'platform:%'"
    lib.holds(stage.rows(waiting)[0]["n"] > 0, "no phone waited")
    stage.sandbox.config(decrypt_quota=100000)
    stage.sync(env=later(stage, 2 * DAY_MS))
    lib.same(stage.rows(waiting)[0]["n"], 0, "phones that still wait")


def one_too_many(call, reply):
    if "orders" in reply.get("data", {}):
        reply["data"]["page"]["total"] += 1
    return reply


def test_a_shop_that_was_never_read_is_complete_up_to_nothing(t):
    stage = Stage(t, life_shops=1, life_orders=50, douplus_shops=0)
    shop = stage.shops[0]["name"]
    stage.sync(check=None, env={"HUILIU_FAIL": "gateway.send.before=kill"})
    status = lib.huiliu_json(stage.home, "status", env=stage.env)[1]["status"][0]
    lib.same((status["complete_up_to"], status["frontier"]), (None, None), "status of a shop that was never read")
    proof = lib.huiliu_json(stage.home, "prove", shop, "orders", env=stage.env)[1]
    lib.same(proof["complete_up_to_ms"], None, "proof of a shop that was never read")


def test_complete_up_to_goes_back_when_a_window_loses_its_proof(t):
    fake = FakeLife({"7001": [order(n) for n in range(30)]})
    stage = FakeStage(t, fake)
    stage.sync()
    before = complete_up_to(stage)
    fake.tamper = one_too_many
    code, _, _ = stage.sync("--from", DAY, "--to", DAY, check=None)
    lib.same(code, 3, "exit code")
    unproved = stage.rows("SELECT min(from_ms) AS n FROM sync_window WHERE kind = 'audit' AND state = 'unproved'")[0]["n"]
    lib.holds(unproved is not None, "the window was sealed with a total that is wrong")
    lib.holds(complete_up_to(stage) < unproved <= before, "complete up to passes a window without proof")
    fake.tamper = None
    stage.sync("--from", DAY, "--to", DAY)
    lib.same(complete_up_to(stage) >= before, True, "complete up to comes back with the proof")


def prove(stage, *words):
    return json.loads(stage.run("prove", "shop-7001", "orders", *words, check=True)[1])


def test_an_unproved_reading_over_an_older_seal_is_a_hole(t):
    fake = FakeLife({"7001": [order(n) for n in range(10)]})
    stage = FakeStage(t, fake)
    stage.sync()
    fake.tamper = one_too_many
    stage.later(60)
    code, _, _ = stage.sync("--from", f"{DAY} 06:00:00", "--to", f"{DAY} 09:00:00", check=None)
    lib.same(code, 3, "exit code")
    window = stage.windows("state = 'unproved'")[0]
    proof = prove(stage, "--from", DAY, "--to", DAY)
    lib.same([(h["from_ms"], h["to_ms"]) for h in proof["not_proved"]], [(window["from_ms"], window["to_ms"])], "holes")
    lib.same(proof["complete_up_to_ms"], window["from_ms"] - 1000, "complete up to")
    fake.tamper = None
    stage.sync("--from", DAY, "--to", DAY)
    lib.same(prove(stage, "--from", DAY, "--to", DAY)["not_proved"], [], "holes once the whole day is sealed again")
    lib.holds(complete_up_to(stage) > window["to_ms"], "complete up to comes back with the day's seal")


def test_a_clock_that_was_ahead_once_loses_no_row(t):
    """Two days ahead, then mended; an order of the day after that is found by a plain sync ten days later."""
    fake = FakeLife({"7001": [order(n) for n in range(20)]})
    stage = FakeStage(t, fake)
    stage.later(2 * DAY_MS // 1000)
    stage.sync()
    stage.later(600 - 2 * DAY_MS // 1000)
    now_ms = START_MS + 600 * 1000
    lib.holds(prove(stage)["complete_up_to_ms"] <= now_ms, "complete beyond now")
    code, out, _ = stage.run("doctor")
    lib.same(code, 1, "exit code of doctor")
    lib.contains(out, "later than now")
    _, _, said = stage.sync()
    lib.contains(said, "clock_was_ahead")
    lib.holds(complete_up_to(stage) <= now_ms, "complete beyond now")
    lib.same(stage.windows(f"to_ms > {now_ms} OR closed_ms > {now_ms + 3600 * 1000}"), [], "windows ahead of now")
    lib.same(stage.run("doctor")[0], 0, "exit code of doctor")
    created = START_MS // 1000 + 24 * 3600
    fake.orders["7001"].append(order(500, create_order_time=created, pay_time=created + 5, update_order_time=created + 9))
    stage.later(10 * DAY_MS // 1000)
    _, _, said = stage.sync()
    lib.same("clock_was_ahead" in said, False, "a clock that goes on is not complained about")
    lib.holds("8000000500" in stage.ids("7001"), "the order of the days that were ahead is missing")
    lib.same(prove(stage, "--to", "2026-06-05")["not_proved"], [], "holes")


def test_what_died_in_an_outage_is_one_task_and_gone_when_its_window_closes(t):
    fake = FakeLife({"7001": [order(n) for n in range(5)]})
    stage = FakeStage(t, fake)
    fake.tamper = lambda call, reply: 500 if call["path"] == QUERY else reply
    for _ in range(3):
        stage.later(3600)
        lib.same(stage.sync(check=None)[0], 3, "exit code in the outage")
    lib.same([r["state"] for r in stage.rows("SELECT state FROM task")], ["dead"], "tasks of three outages")
    fake.tamper = None
    stage.later(3600)
    stage.sync()
    lib.same(stage.rows("SELECT state, unique_key FROM task"), [], "tasks")


# --- what else a clock that was ahead leaves behind ---

DAYS_S = 86400


def sync_ahead(stage, seconds):
    """A sync under a clock that is ahead; then it is right again, ten minutes later."""
    stage.later(seconds)
    stage.sync()
    stage.later(600 - seconds)


def test_rows_without_an_update_time_are_not_frozen_by_a_clock_that_was_ahead(t):
    fake = FakeLife({"7001": [order(n) for n in range(20)]})
    stage = FakeStage(t, fake)
    sync_ahead(stage, 2 * DAYS_S)
    refunded = {**order(4)["certificate"][0], "item_status": 301, "refund_amount": 500}
    fake.orders["7001"][4] = order(4, order_status=4, update_order_time=DAY_START_S + 80000, certificate=[refunded])
    stage.sync()
    found = stage.rows("SELECT item_status, refund_amount FROM trade_certificate WHERE order_id = ?", order(4)["order_id"])
    lib.same([(r["item_status"], r["refund_amount"]) for r in found], [("301", 500)], "certificate of the refunded order")


def test_a_first_sync_under_a_clock_that_was_far_ahead(t):
    fake = FakeLife({"7001": [order(n) for n in range(20)]})
    stage = FakeStage(t, fake)
    sync_ahead(stage, 100 * DAYS_S)
    stage.sync()
    lib.same(len(stage.ids("7001")), 20, "orders stored once the clock is right")


def test_a_doubt_outlives_the_clock_that_was_ahead(t):
    """A reading that disagreed under it stays unproved, though an older seal covers its range."""
    fake = FakeLife({"7001": [order(n) for n in range(30)]})
    stage = FakeStage(t, fake)
    stage.sync_day()
    fake.tamper = lambda call, reply: tell_total(reply, 99)
    stage.later(2 * DAYS_S)
    stage.sync_day(check=None)
    fake.tamper = None
    fake.orders["7001"].append(order(30))
    stage.later(600 - 2 * DAYS_S)
    stage.sync(check=None)  # says that the day is unproved
    stage.later(2 * DAYS_S)
    stage.sync()
    lib.same(len(stage.ids("7001")), 31, "orders, the late one among them")


def tell_total(reply, total):
    if "page" in reply.get("data", {}):
        reply["data"]["page"]["total"] = total
    return reply


if __name__ == "__main__":
    lib.main(globals())

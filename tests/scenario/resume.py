#!/usr/bin/env python3
"""What an earlier run left behind is gone on with by the next one, however long after: found by a hostile review."""
import signal

import lib
from fake import DAY, FakeLife, FakeStage, order
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


if __name__ == "__main__":
    lib.main(globals())

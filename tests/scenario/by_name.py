#!/usr/bin/env python3
"""Cases that the specification names. The others of its list: the Enc. path with the quota gone is in ciphers.py, a commit
group with one refused fence in src/store/writer_test.c."""
import signal

import lib
from fake import FakeLife, FakeStage, order
from lib import contains, same
from truth import Stage

ORDERS = 250  # three pages: cursors 0, [100], [200]


# --- a crash between `refreshing` and the new token ---

def crash_in_refresh(t, point, calls_before):
    """The next sync recovers with exactly one more token call."""
    stage = Stage(t, life_shops=2, life_orders=60, douplus_shops=0)
    code, _, _ = stage.sync(check=None, env={"HUILIU_FAIL": point + "=kill"})
    same(code, -signal.SIGKILL, f"{point} was not reached")
    same([r["state"] for r in stage.rows("SELECT state FROM token")], ["refreshing"], "state of the token")
    same(token_calls(stage), calls_before, "token calls before the crash")
    stage.sync()
    same(token_calls(stage), calls_before + 1, "token calls after the recovery")
    same([r["state"] for r in stage.rows("SELECT state FROM token")], ["fresh"], "state of the token")
    stage.rows_equal()
    stage.every_window("A")


def token_calls(stage):
    return stage.sandbox.counts()["routes"]["life.token"]


def test_crash_between_refreshing_and_new_token(t):
    crash_in_refresh(t, "token.refreshing.committed", 0)


def test_crash_with_the_new_token_in_hand_but_not_on_disk(t):
    crash_in_refresh(t, "token.reply.received", 1)


def test_crash_while_an_old_token_is_renewed(t):
    """The same when there was a token before: it is renewed ahead of its end, two hours later."""
    stage = Stage(t, life_shops=1, life_orders=60, douplus_shops=0)
    stage.sync()
    stage.execute("UPDATE token SET expires_ms = changed_ms + 1000")
    code, _, _ = stage.sync("--full", check=None, env={"HUILIU_FAIL": "token.reply.received=kill"})
    same(code, -signal.SIGKILL, "the token was not renewed")
    before = token_calls(stage)
    stage.sync("--full")
    same(token_calls(stage), before + 1, "token calls of the recovery")
    stage.rows_equal()


# --- a repeated cursor ---

def repeats(cursor, times):
    """The reply to `cursor` names the same cursor again, so many times."""
    left = [times]

    def tamper(call, reply):
        if call["query"].get("cursor") == cursor and call["query"]["page_size"] == "100" and left[0] > 0:
            left[0] -= 1
            reply["data"]["search_after"]["CursorValue"] = cursor if cursor == "0" else [int(cursor.strip("[]"))]
        return reply

    return tamper


def cursor_stage(t, tamper):
    fake = FakeLife({"7001": [order(n) for n in range(ORDERS)], "7002": [order(1)]})
    fake.tamper = lambda call, reply: tamper(call, reply) if call["account"] == "7001" else reply
    return fake, FakeStage(t, fake)


def pages_asked(fake):
    return [q["cursor"] for q in fake.queries("7001", of_size="100")]


def complete(stage):
    same(len(stage.ids("7001")), ORDERS, "rows")
    same([(w["grade"], w["distinct_ids"]) for w in stage.sealed("7001")], [("A", ORDERS)], "seals")


def test_a_cursor_repeated_when_everything_was_seen_is_the_end(t):
    fake, stage = cursor_stage(t, repeats("[200]", 1))
    same(stage.sync_day()[0], 0)
    same(pages_asked(fake), ["0", "[100]", "[200]"], "pages asked")
    complete(stage)


def test_a_cursor_repeated_early_is_asked_again(t):
    fake, stage = cursor_stage(t, repeats("[100]", 1))
    same(stage.sync_day()[0], 0)
    same(pages_asked(fake), ["0", "[100]", "[100]", "[200]"], "pages asked")
    complete(stage)


def test_the_first_cursor_repeated_is_asked_again(t):
    fake, stage = cursor_stage(t, repeats("0", 1))
    same(stage.sync_day()[0], 0)
    same(pages_asked(fake), ["0", "0", "[100]", "[200]"], "pages asked")
    complete(stage)


def never_ends(t, tamper, why):
    """The window is given up, says why, seals nothing; the other shop is done; the same command heals it later."""
    fake, stage = cursor_stage(t, tamper)
    code, report = stage.sync_day(timeout=60)
    same((code, [(x["kind"], x["shop"]) for x in report["troubles"]]), (3, [("unproved", "shop-7001")]))
    contains(report["troubles"][0]["why"], why)
    same(stage.rows("SELECT state FROM task"), [], "tasks")
    same(stage.sealed("7001"), [], "seals")
    same(stage.ids("7002"), ["8000000001"], "the other shop")
    fake.tamper = None
    same(stage.sync_day()[0], 0, "the same command when the platform is well again")
    complete(stage)


def test_a_cursor_repeated_for_ever_gives_the_window_up(t):
    never_ends(t, repeats("[100]", 10**9), "the same cursor again")


def test_cursors_that_go_in_a_circle_give_the_window_up(t):
    def circle(call, reply):
        if call["query"].get("cursor") == "[200]":
            reply["data"]["search_after"]["CursorValue"] = [100]
        return reply

    never_ends(t, circle, "cursors go in a circle")


# --- a reply without its list ---

def without_list(times, shape):
    """Pages of 100 say success, so many times, but have no list."""
    left = [times]

    def tamper(call, reply):
        if call["query"].get("page_size") == "100" and left[0] > 0:
            left[0] -= 1
            return shape(reply)
        return reply

    return tamper


SHAPES = {
    "no key": lambda reply: reply["data"].pop("orders") and reply,
    "an object": lambda reply: {"data": {**reply["data"], "orders": {"0": 1}}},
    "text": lambda reply: {"data": {**reply["data"], "orders": "[]"}},
    "success only": lambda reply: {"data": {"error_code": 0}},
}


def test_reply_without_its_list_is_asked_again(t):
    for what, shape in SHAPES.items():
        fake, stage = cursor_stage(t, without_list(2, shape))
        same(stage.sync_day()[0], 0, what)
        same(pages_asked(fake), ["0", "0", "0", "[100]", "[200]"], f"{what}: pages asked")
        complete(stage)


def test_reply_without_its_list_for_ever_is_no_empty_success(t):
    for shape in SHAPES.values():
        never_ends(t, without_list(10**9, shape), "has no list of orders")


def null_list(reply):
    return {"data": {**reply["data"], "orders": None}}


def test_a_list_that_is_null_is_empty_and_the_total_speaks_against_it(t):
    fake, stage = cursor_stage(t, without_list(1, null_list))
    same(stage.sync_day()[0], 0)
    same(pages_asked(fake), ["0", "[100]", "[200]", "0", "[100]", "[200]"], "pages asked")
    complete(stage)


def test_a_list_that_is_null_for_ever_proves_nothing(t):
    fake, stage = cursor_stage(t, without_list(10**9, null_list))
    code, report = stage.sync_day()
    same((code, [(x["kind"], x["shop"]) for x in report["troubles"]]), (3, [("unproved", "shop-7001")]))
    contains(report["troubles"][0]["why"], f"total {ORDERS} before and {ORDERS} after, but 0 records seen")
    same(stage.sealed("7001"), [], "seals")
    fake.tamper = None
    same(stage.sync_day()[0], 0, "the same command when the platform is well again")
    complete(stage)


# --- single orders ---

def test_an_order_that_always_fails_ends_and_the_others_land(t):
    fake, stage = cursor_stage(t, lambda call, reply: 500 if call["query"].get("order_id") == "8000000002" else reply)
    code, report = stage.sync_json("--shop", "shop-7001", "--order", "8000000001", "--order", "8000000002", "--order",
                                   "8000000003", timeout=60)
    same((code, [x["kind"] for x in report["troubles"]]), (3, ["task"]))
    same(stage.ids("7001"), ["8000000001", "8000000003"], "rows")
    asked = [q["order_id"] for q in fake.queries("7001")]
    same((asked.count("8000000001"), asked.count("8000000003")), (1, 1), "what has landed is not asked again")
    same([s["rows_new"] for s in report["streams"]], [4], "what landed: two orders and their certificates")


def test_another_record_is_no_answer(t):
    def any_record(call, reply):
        return {"data": {**reply["data"], "orders": [order(7)]}} if "order_id" in call["query"] else reply

    fake, stage = cursor_stage(t, any_record)
    code, report = stage.sync_json("--shop", "shop-7001", "--order", "8000000001", timeout=60)
    same((code, len(report["troubles"])), (3, 1))
    contains(report["troubles"][0]["why"], "other_record", "8000000001")
    same(stage.rows("SELECT order_id FROM trade_order"), [], "rows")
    fake.tamper = None
    same(stage.sync_json("--shop", "shop-7001", "--order", "8000000001")[0], 0, "the same command when it is well again")


# --- a platform that asks for a long wait ---

def wait_when_throttled(fake, seconds):
    class Handler(fake.server.RequestHandlerClass):
        def send_response(self, status, *rest):
            super().send_response(status, *rest)
            if status == 429:
                self.send_header("Retry-After", str(seconds))

    fake.server.RequestHandlerClass = Handler


def test_a_run_that_could_only_wait_ends_and_says_until_when(t):
    fake, stage = cursor_stage(t, lambda call, reply: 429 if call["query"].get("page_size") == "100" else reply)
    wait_when_throttled(fake, 3600)
    code, report = stage.sync_day(timeout=60)
    same((code, report["result"]), (3, "waiting"))
    same([(x["kind"], x["shop"]) for x in report["troubles"]], [("waits", "shop-7001")])
    contains(report["troubles"][0]["next"], "same command")
    same(len(stage.ids("7002")), 1, "the other shop")
    fake.tamper = None
    stage.later(3700)
    same(stage.sync_day()[0], 0, "the same command then")
    complete(stage)


if __name__ == "__main__":
    lib.main(globals())

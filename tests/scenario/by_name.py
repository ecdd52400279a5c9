#!/usr/bin/env python3
"""Cases that the specification names. The others of its list: the Enc. path with the quota gone is in ciphers.py, a commit
group with one refused fence in src/store/writer_test.c."""
# Takes 50 s.
import json
import signal

import lib
from ciphers import DECRYPT, SealedLife
from fake import DAY, DAY_START_S, QUERY, FakeLife, FakeStage, order
from lib import contains, holds, same
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
    same([(w["grade"], w["distinct_ids"]) for w in stage.sealed("7001") if w["distinct_ids"]], [("A", ORDERS)], "seals")
    same(unproved(stage), [], "windows without proof")


def unproved(stage):
    return [(w["from_ms"], w["to_ms"]) for w in stage.windows("state = 'unproved' ORDER BY from_ms")]


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


def never_ends(t, tamper, why, at_once=False):
    """The window is given up, says why, seals no record; the other shop is done; the same command heals it later.
    at_once: every order was created in the same second, so that there is no smaller list to ask for."""
    fake, stage = cursor_stage(t, tamper)
    for one in fake.orders["7001"] if at_once else []:
        one["create_order_time"] = DAY_START_S
    code, report = stage.sync_day(timeout=60)
    same((code, [(x["kind"], x["shop"]) for x in report["troubles"]]), (3, [("unproved", "shop-7001")]))
    contains(report["troubles"][0]["why"], why)
    same(stage.rows("SELECT state FROM task"), [], "tasks")
    same([w["distinct_ids"] for w in stage.sealed("7001") if w["distinct_ids"]], [], "seals")
    same(stage.ids("7002"), ["8000000001"], "the other shop")
    fake.tamper = None
    same(stage.sync_day()[0], 0, "the same command when the platform is well again")
    complete(stage)


def circle(call, reply):
    if call["query"].get("cursor") == "[200]":
        reply["data"]["search_after"]["CursorValue"] = [100]
    return reply


def test_a_cursor_repeated_for_ever_gives_one_instant_up(t):
    never_ends(t, repeats("[100]", 10**9), "the same cursor again", at_once=True)


def test_cursors_that_go_in_a_circle_give_one_instant_up(t):
    never_ends(t, circle, "cursors go in a circle", at_once=True)


def test_smaller_lists_end_where_the_cursors_of_a_large_one_do_not(t):
    for tamper in (repeats("[100]", 10**9), circle):
        _, stage = cursor_stage(t, tamper)
        same(stage.sync_day(timeout=60)[0], 0)
        same((len(stage.ids("7001")), unproved(stage)), (ORDERS, []), "rows, windows without proof")
        same({w["grade"] for w in stage.sealed("7001")}, {"A"}, "grades")


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


# --- a page that cannot be read ---

BROKEN = b'{"data": {"orders": [{"order_id": "80'


def unreadable(numbers):
    """Whatever reply holds one of these orders breaks off in the middle."""
    ids = {order(n)["order_id"] for n in numbers}

    def tamper(call, reply):
        held = {one["order_id"] for one in reply.get("data", {}).get("orders") or []}
        return BROKEN if ids & held else reply

    return tamper


def second_of(number):
    at_ms = 1000 * order(number)["create_order_time"]
    return at_ms, at_ms


def narrowed(t, orders, bad, calls_max):
    """Only the seconds of the bad orders stay without proof; mended, the same command leaves nothing behind."""
    fake = FakeLife({"7001": [order(n) for n in range(orders)]})
    fake.tamper = unreadable(bad)
    stage = FakeStage(t, fake)
    code, report = stage.sync_day(timeout=120)
    same((code, {x["kind"] for x in report["troubles"]}), (3, {"unproved"}))
    same(unproved(stage), [second_of(n) for n in bad], "windows without proof")
    same(stage.ids("7001"), [order(n)["order_id"] for n in range(orders) if n not in bad], "rows")
    holes = json.loads(stage.run("prove", "shop-7001", "orders", "--from", DAY, "--to", DAY)[1])["not_proved"]
    same([(h["from_ms"], h["to_ms"]) for h in holes], [second_of(n) for n in bad], "holes")
    holds(len(fake.queries()) <= calls_max, f"{len(fake.queries())} calls")
    fake.tamper = None
    same(stage.sync_day()[0], 0, "the same command when the platform is well again")
    same((len(stage.ids("7001")), unproved(stage)), (orders, []), "rows, windows without proof")


def test_an_unreadable_page_leaves_only_its_instant_without_proof(t):
    narrowed(t, 600, [120], 130)


def test_an_unreadable_first_page_does_too(t):
    narrowed(t, 60, [0], 130)


def test_unreadable_pages_in_five_places_are_five_instants(t):
    narrowed(t, 600, [3, 130, 299, 301, 599], 500)


def bad_to_everything(t, tamper, windows_max, calls_max):
    """What a platform that is out of order leaves behind: few windows, after few calls."""
    fake = FakeLife({"7001": [order(n) for n in range(ORDERS)]})
    fake.tamper = lambda call, reply: tamper(call, reply) if call["path"] == QUERY else reply
    stage = FakeStage(t, fake)
    same(stage.sync_day(timeout=120)[0], 3)
    holds(1 <= len(unproved(stage)) <= windows_max, f"{len(unproved(stage))} windows without proof")
    holds(len(fake.queries()) <= calls_max, f"{len(fake.queries())} calls")
    return stage


def test_a_platform_that_answers_badly_to_everything_leaves_one_window(t):
    stage = bad_to_everything(t, lambda call, reply: b"<html>out of order</html>", 1, 10)
    same(len(stage.windows("true")), 1, "windows")


def test_a_platform_that_answers_badly_from_the_second_page_on_leaves_few_windows(t):
    left = [2]

    def once_well(call, reply):
        left[0] -= 1
        return reply if left[0] >= 0 else b"<html>out of order</html>"

    bad_to_everything(t, once_well, 2, 30)


def test_a_platform_whose_every_record_is_bad_leaves_few_windows(t):
    """Here its breaker opens in between, and later runs go on; a day later everything is read again."""
    fake = FakeLife({"7001": [order(n) for n in range(ORDERS)]})
    fake.tamper = lambda call, reply: BROKEN if reply.get("data", {}).get("orders") else reply
    stage = FakeStage(t, fake)
    for _ in range(40):  # how many it takes depends on when its breaker opens
        stage.sync(check=None)
        stage.later(600)
        if not stage.windows("state = 'open'"):
            break
    same(stage.windows("state = 'open'"), [], "open windows")
    for kind in ("pull", "audit"):
        left = stage.windows(f"state = 'unproved' AND kind = '{kind}'")
        holds(1 <= len(left) <= 16, f"{len(left)} windows without proof")
    holds(len(fake.queries()) < 300, f"{len(fake.queries())} calls")
    fake.tamper = None
    stage.later(25 * 3600)
    same(stage.sync(check=None)[0], 0, "the same command when the platform is well again")
    same((len(stage.ids("7001")), unproved(stage)), (ORDERS, []), "rows, windows without proof")


# --- what a second look found ---

def test_rows_behind_one_that_its_plain_text_refuses_are_stored(t):
    """Decrypted, the first order is refused (its phone is too long): the others are not taken for their neighbours."""
    class LongPhone(SealedLife):
        def answer(self, call):
            if call["path"] != DECRYPT:
                return FakeLife.answer(self, call)
            opened = {"cipher_text": "Enc.1", "plain_text": "1" * 70000}
            return json.dumps({"data": {"error_code": 0, "results": [opened]}}).encode()

    fake = LongPhone(0)
    fake.orders["7001"] = [order(2)]
    stage = FakeStage(t, fake)
    same((stage.sync_day()[0], stage.ids("7001")), (0, ["8000000002"]))
    sealed = order(1, contacts=[{"name": "", "phone": "", "phone_encrypt": "Enc.1"}])
    fake.orders["7001"] = [sealed, order(2), order(3), order(4)]
    stage.later(600)
    same(stage.sync_day()[0], 0)
    same(stage.ids("7001"), ["8000000002", "8000000003", "8000000004"], "rows")
    same([(w["grade"], w["distinct_ids"], w["stored"], w["rejects"]) for w in stage.sealed("7001")], [("A", 4, 3, 1)])


def test_a_row_that_vanishes_while_its_window_is_read_is_read_again(t):
    """Seen, counted and yet not there: no total may seal that."""
    fake = FakeLife({"7001": [order(n) for n in range(5)]})
    stage = FakeStage(t, fake)
    left = [1]

    def take_away(call, reply):
        if call["query"].get("page_size") == "1" and stage.ids("7001") and left[0] > 0:
            left[0] -= 1
            stage.execute("DELETE FROM trade_order WHERE order_id = '8000000003'")
        return reply

    fake.tamper = take_away
    same(stage.sync_day()[0], 0)
    same((left[0], len(stage.ids("7001"))), (0, 5), "taken away and read again")
    same([(w["grade"], w["stored"], w["pass"]) for w in stage.sealed("7001")], [("A", 5, 2)])


def test_a_total_that_disagreed_is_not_forgotten_when_none_is_said(t):
    fake = FakeLife({"7001": [order(n) for n in range(20)]})
    stage = FakeStage(t, fake)
    calls = [0]

    def one_hidden(call, reply):
        if call["path"] == QUERY:
            calls[0] += 1
            reply["data"]["orders"] = [o for o in reply["data"]["orders"] if o["order_id"] != "8000000007"]
            if calls[0] > 2:
                del reply["data"]["page"]
        return reply

    fake.tamper = one_hidden
    same(stage.sync_day()[0], 3)
    same(stage.sealed("7001"), [], "seals")
    contains(stage.windows("true")[0]["reason"], "no total after one that did not agree")


def test_an_absurd_update_time_freezes_no_order(t):
    fake = FakeLife({"7001": [order(n) for n in range(3)]})
    stage = FakeStage(t, fake)
    fake.orders["7001"][1]["update_order_time"] = 253402300799  # the last second of the year 9999
    stage.sync_day()
    mended = order(1, pay_amount=7777)
    fake.orders["7001"][1] = mended
    stage.later(600)
    same(stage.sync_day()[0], 0)
    same(stage.rows("SELECT pay_amount, updated_at FROM trade_order WHERE order_id = '8000000001'"),
         [{"pay_amount": 7777, "updated_at": 1000 * mended["update_order_time"]}])


def test_an_index_that_refuses_rows_ends_the_task(t):
    fake = FakeLife({"7001": [order(n) for n in range(5)]})
    stage = FakeStage(t, fake)
    stage.execute("CREATE UNIQUE INDEX mine ON trade_order (sku_id)")
    code, report = stage.sync_day(timeout=60)
    same((code, [x["kind"] for x in report["troubles"]]), (3, ["task"]))
    contains(report["troubles"][0]["why"], "store_unique", "trade_order.sku_id", "drop it")
    holds(len(fake.queries()) < 20, f"{len(fake.queries())} calls")
    stage.execute("DROP INDEX mine")
    same(stage.sync_day()[0], 0, "the same command without it")
    same(len(stage.ids("7001")), 5, "rows")


def test_a_trigger_that_ignores_rows_is_named(t):
    for when, changes in (("INSERT", {}), ("UPDATE", {"pay_amount": 4})):
        fake = FakeLife({"7001": [order(n) for n in range(5)]})
        stage = FakeStage(t, fake)
        if changes:
            stage.sync_day()
            fake.orders["7001"][2] = order(2, **changes)
            stage.later(600)
        stage.execute(f"CREATE TRIGGER mine BEFORE {when} ON trade_order WHEN new.order_id = '8000000002' "
                      "BEGIN SELECT raise(ignore); END")
        code, report = stage.sync_day(timeout=60)
        same((code, [x["kind"] for x in report["troubles"]]), (3, ["task"]), when)
        contains(report["troubles"][0]["why"], "store_trigger", "trade_order")


def test_a_reject_is_over_when_the_copy_before_it_comes_again(t):
    fake = FakeLife({"7001": [order(1), order(2)]})
    stage = FakeStage(t, fake)
    stage.sync_day()
    fake.orders["7001"][0] = order(1, pay_amount=...)
    stage.later(600)
    stage.sync_day()
    same([r["key_text"] for r in stage.rows("SELECT key_text FROM reject")], ["8000000001"], "rejects")
    fake.orders["7001"][0] = order(1)
    stage.later(600)
    stage.sync_day()
    same(stage.rows("SELECT key_text FROM reject"), [], "rejects of a record that is well again")


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

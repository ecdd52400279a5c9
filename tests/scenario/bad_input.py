#!/usr/bin/env python3
"""Bad input: records, replies, credentials, manifests, ranges, disks and databases that make no sense. Each must give an
error that names the thing and what to do; the rest goes on, nothing is lost, the exit code tells. What the command line
alone refuses stands in cli.py."""
# Takes 55 s.
import json
import os
import shutil
import sqlite3
import threading
from datetime import datetime, timedelta, timezone

import lib
from fake import DAY, DAY_START_S, FakeLife, FakeStage, order, raw, written
from lib import contains, holds, same
from truth import START_MS, Stage

MANIFEST = lib.ROOT / "connectors" / "douyin-life.yaml"
BEIJING = timezone(timedelta(hours=8))
NOW_S = START_MS // 1000


def mend_manifest(stage, before, after):
    """A manifest of the home's own, changed in one place."""
    folder = stage.home / "connectors"
    folder.mkdir(exist_ok=True)
    text = MANIFEST.read_text(encoding="utf-8")
    same(text.count(before), 1, f"`{before}` in the manifest")
    (folder / MANIFEST.name).write_text(text.replace(before, after), encoding="utf-8")


def refused(stage):
    """order id → (field, code) of every reject."""
    return {r["key_text"]: (r["field"], r["code"]) for r in stage.rows("SELECT * FROM reject")}


# --- records ---

def test_a_poisoned_record_leaves_the_others_and_lands_when_mended(t):
    fake = FakeLife({"7001": [order(n) for n in range(100)]})
    fake.orders["7001"][50]["pay_amount"] = -5
    stage = FakeStage(t, fake)
    code, report = stage.sync_day()
    same((code, report["result"], report["counts"]["rejects"], report["troubles"]), (0, "done", 1, []), "a reject is a line")
    same(len(stage.ids("7001")), 99, "rows")
    same([(w["grade"], w["distinct_ids"], w["stored"], w["rejects"]) for w in stage.sealed("7001")], [("A", 100, 99, 1)])

    listed = json.loads(stage.run("reject", "list", "--json", check=True)[1])["rejects"]
    same([(r["shop"], r["key"], r["field"], r["code"]) for r in listed],
         [("shop-7001", "8000000050", "pay_amount", "below_min")])
    contains(stage.run("reject", "show", listed[0]["id"], check=True)[1], "8000000050", "pay_amount", "below 0")
    code, out, _ = stage.run("reject", "replay", listed[0]["id"])
    same(code, 1, "a replay that lands nothing")
    contains(out, "below_min", "0 landed, 1 stay")

    mend_manifest(stage, "pay_amount: {from: pay_amount, as: money, absent: reject, min: 0}",
                  "pay_amount: {from: pay_amount, as: money, absent: reject}")
    contains(stage.run("reject", "replay", listed[0]["id"], check=True)[1], "1 landed, 0 stay")
    same(len(stage.ids("7001")), 100, "rows after the replay")
    same(stage.rows("SELECT pay_amount FROM trade_order WHERE order_id = '8000000050'"), [{"pay_amount": -5}])
    same(json.loads(stage.run("reject", "list", "--json", check=True)[1]), {"rejects": []})


def test_an_old_reject_takes_no_newer_row_back(t):
    """By the platform's update time, and where it says none, by when each was received."""
    for says_update_time in (True, False):
        fake = FakeLife({"7001": [order(1, pay_amount=-5)]})
        stage = FakeStage(t, fake)
        fake.tamper = None if says_update_time else without_update_time
        stage.sync_day()
        same(refused(stage), {"8000000001": ("pay_amount", "below_min")})
        fake.orders["7001"] = [order(1, pay_amount=700, update_order_time=DAY_START_S + 3600)]
        stage.later(600)
        stage.sync_day()
        mend_manifest(stage, "pay_amount: {from: pay_amount, as: money, absent: reject, min: 0}",
                      "pay_amount: {from: pay_amount, as: money, absent: reject}")
        stage.run("reject", "replay", "--all", check=True)
        same(stage.rows("SELECT pay_amount FROM trade_order"), [{"pay_amount": 700}],
             f"the newer amount, update time said: {says_update_time}")
        same(refused(stage), {}, "rejects")


def without_update_time(_, reply):
    if "orders" not in reply["data"]:
        return reply
    orders = [{k: v for k, v in one.items() if k != "update_order_time"} for one in reply["data"]["orders"]]
    return {"data": {**reply["data"], "orders": orders}}


# What the platform writes → the fen that are stored, or the code of the refusal.
MONEY = [
    (1990, 1990), ("1990", 1990), (raw("1990.0"), 1990), (raw("1.99e3"), 1990), (0, 0),
    (9007199254740993, 9007199254740993), (raw("9223372036854775807"), 9223372036854775807),
    (raw("1990.0000000000002"), 1990), (raw("1989.9999999999998"), 1990), (raw("1990.00000000001"), 1990),
    (raw("1990.5"), "money_fraction"), (raw("19.905"), "money_fraction"), ("1990.25", "money_fraction"),
    (-1, "below_min"), (raw("-0.01"), "money_fraction"),
    (..., "field_missing"), (None, "field_missing"), ("", "field_missing"),
    ("free", "money_text"), (True, "money_text"), ({"fen": 1}, "field_kind"), ([5], "field_kind"),
    (raw("9223372036854775808"), "money_range"), (raw("1e400"), "money_range"),
]


def test_amounts_are_exact_or_refused(t):
    fake = FakeLife({"7001": [order(n, pay_amount=said) for n, (said, _) in enumerate(MONEY)]})
    stage = FakeStage(t, fake)
    code, report = stage.sync_day()
    same((code, report["result"]), (0, "done"))
    stored = {r["order_id"]: r["pay_amount"] for r in stage.rows("SELECT order_id, pay_amount FROM trade_order")}
    why = refused(stage)
    for n, (said, wanted) in enumerate(MONEY):
        order_id = f"8000{n:06}"
        got = why[order_id][1] if order_id in why else stored.get(order_id)
        same(got, wanted, f"pay_amount {said}")
        holds((order_id in why) != (order_id in stored), f"{order_id} is both stored and refused, or neither")
    same({field for field, _ in why.values()}, {"pay_amount"}, "refused fields")
    same([(w["grade"], w["distinct_ids"]) for w in stage.sealed("7001")], [("A", len(MONEY))])


def test_a_missing_amount_that_may_be_missing_is_no_zero(t):
    fake = FakeLife({"7001": [order(1, discount_amount=...), order(2, discount_amount=None), order(3, discount_amount=0)]})
    stage = FakeStage(t, fake)
    same(stage.sync_day()[0], 0)
    same([r["discount_amount"] for r in stage.rows("SELECT discount_amount FROM trade_order ORDER BY order_id")],
         [None, None, 0])


def test_ids_keep_every_digit(t):
    ids = ["9007199254740993", "9223372036854775808", "18446744073709551617", "123456789012345678901234567890"]
    fake = FakeLife({"7001": [order(n, order_id=raw(i), sku_id=raw(i)) for n, i in enumerate(ids)]
                     + [order(10, order_id="0" + ids[0])]})
    stage = FakeStage(t, fake)
    same(stage.sync_day()[0], 0)
    same(stage.ids("7001"), sorted([*ids, "0" + ids[0]]), "ids")
    same({r["sku_id"] for r in stage.rows("SELECT sku_id FROM trade_order")}, {*ids, "17"}, "other ids")


def test_ids_that_are_none_are_refused_and_counted(t):
    bad = [raw("1.5"), raw("8e9"), True, {"id": 1}, None, "", ..., "x" * 192]
    fake = FakeLife({"7001": [order(n, order_id=i) for n, i in enumerate(bad)] + [order(20)]})
    stage = FakeStage(t, fake)
    code, report = stage.sync_day()
    same((code, report["counts"]["rejects"]), (0, len(bad)))
    same(stage.ids("7001"), ["8000000020"])
    same({r["field"] for r in stage.rows("SELECT field FROM reject")}, {"order_id"})
    same([(w["grade"], w["distinct_ids"], w["stored"]) for w in stage.sealed("7001")], [("A", 9, 1)])


def half_written(_, reply):
    """The reply as JavaScript writes an emoji that it cut in two: HALF stands for the half."""
    return written(reply).replace(b"HALF", b"\\ud83d")


def test_a_broken_text_costs_at_most_its_record(t):
    """Half an emoji, U+0000 and deep nesting: in a field that nobody maps they cost nothing, in a mapped one U+0000 costs
    the record, never the page or what comes behind it."""
    deep = []
    for _ in range(200):
        deep = [deep]
    broken = {120: {"remark": "a HALF"}, 121: {"remark": "a\0b"}, 122: {"deep": deep}, 123: {"sku_name": "a HALF"},
              124: {"sku_name": "a\0b"}, 125: {"contacts": [{"name": "张\0", "phone_encrypt": ""}]},
              126: {"order_id": "8000\0000126"}}
    fake = FakeLife({"7001": [order(n, **broken.get(n, {})) for n in range(600)]})
    fake.tamper = half_written
    stage = FakeStage(t, fake)
    code, report = stage.sync_day()
    same((code, report["result"], report["troubles"]), (0, "done", []))
    same(len(stage.ids("7001")), 597, "rows")
    same([(w["grade"], w["distinct_ids"], w["stored"]) for w in stage.sealed("7001")], [("A", 600, 597)])
    same(stage.rows("SELECT sku_name FROM trade_order WHERE order_id = '8000000123'"), [{"sku_name": "a \ufffd"}])
    why = refused(stage)
    same({field: code for field, code in why.values()},
         {"sku_name": "text_nul", "contact_name": "text_nul", "order_id": "text_nul"})
    holds("8000000124" in why and "8000000125" in why, f"the refused records go by their keys: {why}")
    reject = stage.rows("SELECT id FROM reject WHERE key_text = '8000000124'")[0]["id"]
    contains(stage.run("reject", "show", str(reject), check=True)[1], "8000000124", "sku_name", "text_nul")
    stage.run("connector", "replay", "shop-7001", "orders", "--diff", check=True)
    counts = stage.sync_day()[1]["counts"]
    same((counts["rows_new"], counts["rows_changed"]), (0, 0), "what a second sync writes")


def certificates(order_number, many):
    return [{"certificate_id": f"9{order_number:06}{n}", "order_item_id": f"8000{order_number:06}{n}", "item_status": 201,
             "item_update_time": DAY_START_S + 60 * order_number + 9, "refund_amount": 0, "refund_time": 0}
            for n in range(many)]


def test_orders_with_many_certificates_land(t):
    """A page of a hundred orders brings 6,000 certificates; the one order with more than a thousand is refused alone."""
    fake = FakeLife({"7001": [order(n, certificate=certificates(n, 60)) for n in range(100)]
                     + [order(200, certificate=certificates(200, 1001)), order(201)]})
    stage = FakeStage(t, fake)
    code, report = stage.sync_day()
    same((code, report["result"], report["troubles"]), (0, "done", []))
    same(stage.rows("SELECT count(*) AS n FROM trade_order"), [{"n": 101}])
    same(stage.rows("SELECT count(*) AS n FROM trade_certificate"), [{"n": 6001}])
    same(refused(stage), {"8000000200": ("", "list_long")})
    same([(w["grade"], w["distinct_ids"], w["stored"], w["rejects"]) for w in stage.sealed("7001")], [("A", 102, 101, 1)])


def test_certificates_that_are_no_list_are_refused_under_their_orders_key(t):
    fake = FakeLife({"7001": [order(1, certificate={"certificate_id": "9"}), order(2)]})
    stage = FakeStage(t, fake)
    same(stage.sync_day()[0], 0)
    same(stage.ids("7001"), ["8000000001", "8000000002"], "the orders themselves")
    same(refused(stage), {"8000000001": ("", "list_kind")})
    stage.later(600)
    stage.sync_day()
    same(stage.rows("SELECT times FROM reject"), [{"times": 2}], "met again")
    fake.orders["7001"][0] = order(1, update_order_time=DAY_START_S + 3600)
    stage.later(1200)
    same(stage.sync_day()[0], 0)
    same(refused(stage), {}, "rejects once the certificates are a list")


def test_unknown_status_values_are_kept_raw_and_counted(t):
    words = [777, "777", "CLOSED", "已关闭", 1]
    fake = FakeLife({"7001": [order(n, order_status=words[n % len(words)]) for n in range(100)]})
    stage = FakeStage(t, fake)
    same(stage.sync_day()[0], 0)
    same({r["order_id"]: r["status"] for r in stage.rows("SELECT order_id, status FROM trade_order")},
         {f"8000{n:06}": str(words[n % len(words)]) for n in range(100)}, "statuses")
    same({r["value"]: r["times"] for r in stage.rows("SELECT * FROM unknown_value WHERE field = 'status'")},
         {"777": 40, "CLOSED": 20, "已关闭": 20}, "counts")
    contains(stage.run("status", check=True)[1], "orders.status", "`CLOSED`", "seen 20 times")


def test_a_status_that_is_another_in_every_record_stops_nothing(t):
    fake = FakeLife({"7001": [order(n, order_status=f"S{n}") for n in range(100)]})
    stage = FakeStage(t, fake)
    same(stage.sync_day()[0], 0)
    same(len(stage.ids("7001")), 100)
    same(stage.rows("SELECT field, sum(times) AS n FROM unknown_value GROUP BY field ORDER BY field"),
         [{"field": "stage", "n": 100}, {"field": "status", "n": 100}], "counted, as a status and as a stage")
    same(stage.rows("SELECT count(stage) AS n FROM trade_order"), [{"n": 0}], "no stage is guessed")


def test_long_texts_and_large_records_land(t):
    """A name as long as a text may be, and records of more than a megabyte: one that is stored, one that is refused."""
    name = "名" * 21_000 + "x"
    fake = FakeLife({"7001": [order(1, contacts=[{"name": name, "phone": "", "phone_encrypt": ""}]),
                              order(2, note="x" * 3_000_000), order(3, note="y" * 3_000_000, pay_amount=-5), order(4)]})
    stage = FakeStage(t, fake)
    code, report = stage.sync_day()
    same((code, report["result"], report["troubles"]), (0, "done", []))
    same(stage.ids("7001"), ["8000000001", "8000000002", "8000000004"])
    same(refused(stage), {"8000000003": ("pay_amount", "below_min")})
    reject = stage.rows("SELECT id FROM reject")[0]["id"]
    contains(stage.run("reject", "show", str(reject), check=True)[1], "8000000003")
    contains(stage.run("connector", "replay", "shop-7001", "orders", "--diff", check=True)[1], "3")


# --- replies ---

BODIES = {  # what the platform sends for ever → the code in the trouble
    "not_json": b"<html><body>Bad gateway</body></html>",
    "body_empty": b"",
    "json_syntax": b'{"data":{"error_code":0,"orders":[{"order_id":"1","pay_am',
    "json_utf8": b'{"data":{"error_code":0,"orders":[{"order_id":"\xff1"}],"page":{"total":1}}}',
    "json_depth": b'{"data":' + b"[" * 100000 + b"]" * 100000 + b"}",
    "code_missing": b"[1, 2, 3]",
    "total_text": b'{"data":{"error_code":0,"orders":[],"page":{"total":-7}}}',
    "http_502": 502,
    "too_large": b'{"data":"' + b" " * 17_000_000 + b'"}',
}


def test_replies_that_cannot_be_read_stop_their_shop_only(t):
    fake = FakeLife({"7001": [order(1), order(2)], "7002": [order(3)]})
    for code_wanted, body in BODIES.items():
        stage = FakeStage(t, fake)
        fake.tamper = lambda call, reply: body if call["account"] == "7001" else reply
        code, report = stage.sync_day()
        same((code, report["result"]), (3, "unproved"), code_wanted)
        # A window that cannot be read is given up; a platform that is down leaves it open for the next run.
        kind = "task" if code_wanted.startswith("http_5") else "unproved"
        same([(x["kind"], x["shop"]) for x in report["troubles"]], [(kind, "shop-7001")], f"{code_wanted} troubles")
        contains(report["troubles"][0]["why"], code_wanted)
        contains(report["troubles"][0]["next"], "huiliu")
        same((stage.ids("7001"), stage.sealed("7001")), ([], []), f"{code_wanted}: what is there of the bad shop")
        same(stage.ids("7002"), ["8000000003"], f"{code_wanted}: the other shop")
        fake.tamper = None
        same(stage.sync_day()[0], 0, f"{code_wanted}: the same command when the platform is well again")
        same(stage.ids("7001"), ["8000000001", "8000000002"], code_wanted)


def test_a_reply_of_200_mb_is_not_swallowed(t):
    stage = Stage(t, life_shops=1, life_orders=150, douplus_shops=0, faults="huge_reply=40%", huge_mb=200)
    received = 0
    for _ in range(6):  # it may kill a task now and then; the same command goes on
        code, report = stage.sync("--json", check=None)[:2]
        received += json.loads(report)["counts"]["bytes_in"]
        if code == 0:
            break
        same(code, 3)
    huge = stage.sandbox.counts()["faults"]["huge_reply"]
    holds(huge > 0, "no huge reply was given")
    holds(received < (huge + 1) * 20_000_000, f"{received} bytes were taken in of {huge} huge replies")
    stage.sandbox.config(faults="all=0%")
    stage.sync()
    stage.rows_equal()


def test_a_shop_that_always_fails_keeps_nobody(t):
    fake = FakeLife({"7001": [order(n) for n in range(250)], "7002": [order(1)], "7003": [order(n) for n in range(150)]})
    fake.tamper = lambda call, reply: 500 if call["account"] == "7002" else reply
    stage = FakeStage(t, fake)
    code, report = stage.sync_json()
    same((code, {x["shop"] for x in report["troubles"]}), (3, {"shop-7002"}))
    same((len(stage.ids("7001")), len(stage.ids("7002")), len(stage.ids("7003"))), (250, 0, 150))
    status = {s["shop"]: s for s in json.loads(stage.run("status", "--json", check=True)[1])["status"]}
    contains(status["shop-7002"]["last_error"], "HTTP 500")
    same(status["shop-7001"]["last_error"], None)
    fake.tamper = None
    same(stage.sync_json()[0], 0)
    same(stage.ids("7002"), ["8000000001"])


# --- credentials ---

def test_a_wrong_app_secret_stops_its_shops_until_it_is_right(t):
    stage = Stage(t, life_shops=2, life_orders=60, douplus_shops=1, douplus_orders=30)
    app = [a for a in stage.sandbox.apps if a["platform"] == "douyin-life"][0]
    stage.run("app", "rotate", app["name"], "--secret-file", "-", text_in="f" * 32 + "\n", check=True)
    code, out, _ = stage.sync("--json", check=None)
    same(code, 3)
    report = json.loads(out)
    same({x["shop"] for x in report["troubles"]}, {"life-1", "life-2"}, "shops in trouble")
    for trouble in report["troubles"]:
        contains(trouble["why"], "10013", "secret")
        contains(trouble["next"], f"huiliu app rotate {app['name']}")
    same(stage.rows("SELECT count(*) AS n FROM ad_order")[0]["n"], 30, "rows of the other platform")
    code, out, _ = stage.sync("--json", check=None)
    same(code, 3, "again without a new secret")
    contains(out, "secret", f"huiliu app rotate {app['name']}")
    stage.run("app", "rotate", app["name"], "--secret-file", "-", text_in=app["app_secret"] + "\n", check=True)
    stage.sync()
    stage.rows_equal()


def test_a_wrong_token_stops_its_shop_until_it_is_right(t):
    stage = Stage(t, life_shops=1, life_orders=40, douplus_shops=2, douplus_orders=30)
    shop = [s for s in stage.shops if s["platform"] == "douplus"][0]
    stage.run("shop", "authorize", shop["name"], "--token-file", "-", text_in="dpt-wrong-token\n", check=True)
    code, out, err = stage.sync("--json", check=None)
    same(code, 3)
    troubles = json.loads(out)["troubles"]
    same({x["shop"] for x in troubles}, {shop["name"]}, "shops in trouble")
    contains(json.dumps(troubles), "token", f"huiliu shop authorize {shop['name']}")
    holds("dpt-wrong-token" not in out + err, "the token is shown")
    stage.run("shop", "authorize", shop["name"], "--token-file", "-", text_in=shop["token"] + "\n", check=True)
    stage.sync()
    stage.rows_equal()


# --- manifests and platforms ---

def test_manifests_that_cannot_be_read_stop_their_platform_only(t):
    stage = Stage(t, life_shops=1, life_orders=60, douplus_shops=1, douplus_orders=30)
    path = stage.home / "connectors" / "douplus.yaml"
    path.parent.mkdir()
    spoilt = {"a folder": path.mkdir, "a broken link": lambda: path.symlink_to("/nowhere"),
              "no UTF-8": lambda: path.write_bytes(b"platform: \xff\n"), "empty": lambda: path.write_text(""),
              "no YAML": lambda: path.write_text("platform: [\n"), "a wrong key": lambda: path.write_text(
                  "platform: douplus\nstreems: {}\n"), "too large": lambda: path.write_bytes(b"#" * 40_000_000)}
    for what, spoil in spoilt.items():
        spoil()
        code, out, err = stage.sync("--full", "--json", check=None)
        same(code, 3, f"{what}: {err}")
        troubles = json.loads(out)["troubles"]
        same([(x["kind"], x["shop"]) for x in troubles], [("shop", stage.shops[0]["name"])], what)
        contains(troubles[0]["why"], "douplus.yaml")
        same(stage.rows("SELECT count(*) AS n FROM trade_order")[0]["n"], 60, f"{what}: rows of the other platform")
        same(stage.rows("SELECT count(*) AS n FROM ad_order")[0]["n"], 0, f"{what}: rows of the stopped platform")
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    stage.sync()
    stage.rows_equal()


def test_a_shop_of_a_platform_that_is_gone_is_named(t):
    stage = FakeStage(t, FakeLife({"7001": [order(1)], "7002": [order(2)]}))
    stage.execute("UPDATE shop SET platform = 'pinduodou' WHERE external_id = '7002'")
    code, report = stage.sync_day()
    same((code, [x["shop"] for x in report["troubles"]]), (3, ["shop-7002"]))
    contains(report["troubles"][0]["why"], "`pinduodou`", "douyin-life")
    same(stage.ids("7001"), ["8000000001"])
    code, _, err = stage.sync("--platform", "douyn-life", check=None)
    same(code, 1)
    contains(err, "platform_unknown", "`douyn-life`", "`douyin-life`")


# --- ranges ---

def asked(fake, by="create"):
    """(from, to) of every window that was asked, without doubles."""
    return sorted({(int(q[f"{by}_order_start_time"]), int(q[f"{by}_order_end_time"]))
                   for q in fake.queries() if f"{by}_order_start_time" in q})


def covers(windows, first, last):
    """The windows lie side by side from `first` to `last`."""
    same((windows[0][0], windows[-1][1]), (first, last), "range asked")
    for (_, end), (start, _) in zip(windows, windows[1:]):
        same(start, end + 1, "the window behind it")


def beijing(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=BEIJING).timestamp())


def test_ranges_are_asked_as_typed(t):
    cases = [
        (["--from", DAY, "--to", DAY], beijing("2026-05-27 00:00:00"), beijing("2026-05-27 23:59:59")),
        (["--from", "2026-05-27 07:00:05", "--to", "2026-05-27 08:00"], beijing("2026-05-27 07:00:05"),
         beijing("2026-05-27 08:00:00")),
        (["--from", "1779811200", "--to", "1779811260"], 1779811200, 1779811260),
        (["--from", "2026-05-20", "--to", "3d"], beijing("2026-05-20"), NOW_S - 3 * 86400 - 1),
        # Audits end where windows are mature, 10 min ago; the rest is asked by update time.
        (["--from", "7d"], NOW_S - 7 * 86400, NOW_S - 601),
    ]
    for words, first, last in cases:
        fake = FakeLife({"7001": [order(1)]})
        stage = FakeStage(t, fake)
        stage.sync(*words)
        windows = asked(fake)
        same((windows[0][0], windows[-1][1]), (first, last), f"{words}")
        covers(windows, first, last)
        holds(all(end - start < 86400 for start, end in windows), f"{words}: an audit window is a day at most")


def test_ranges_by_update_time(t):
    changed = order(1)
    changed["update_order_time"] += 86400  # created on the day, changed on the next
    fake = FakeLife({"7001": [changed, order(2)]})
    stage = FakeStage(t, fake)
    code, _ = stage.sync_json("--from", "2026-05-28", "--to", "2026-05-28", "--by", "updated")
    same((code, stage.ids("7001")), (0, ["8000000001"]))
    covers(asked(fake, "update"), beijing("2026-05-28"), beijing("2026-05-28 23:59:59"))
    same(asked(fake), [], "asked by creation")


def test_a_bad_range_asks_nothing(t):
    fake = FakeLife({"7001": [order(1)]})
    stage = FakeStage(t, fake)
    for words, says in ((["--from", "2026-13-01"], ["`2026-13-01`"]), (["--from", "tomorrow"], ["7d"]),
                        (["--from", "2d", "--to", "5d"], ["date_order"]), (["--from", "2025-01-01"], ["before_history"]),
                        (["--from", DAY, "--by", "deleted"], ["updated, created"]),
                        (["--from", DAY, "--order", "1"], ["--order"])):
        code, out, err = stage.sync(*words, check=None)
        same((code, out), (2, ""), f"{words}: {err}")
        contains(err, *says)
    same(fake.calls, [], "calls")


def test_single_orders(t):
    fake = FakeLife({"7001": [order(1), order(2)]})
    stage = FakeStage(t, fake)
    same(stage.sync_json("--order", "8000000002")[0], 0)
    same(stage.ids("7001"), ["8000000002"], "only what was asked")
    same([q["order_id"] for q in fake.queries()], ["8000000002"], "one call")
    code, report = stage.sync_json("--order", "8000000001", "--order", "8000009999")
    same(code, 3, "one of two is not there")
    contains(report["troubles"][0]["why"], "ids_missing", "8000009999")
    same(stage.ids("7001"), ["8000000001", "8000000002"], "the other landed")
    same(stage.rows("SELECT count(*) AS n FROM sync_window"), [{"n": 0}], "single orders prove no window")


# --- two workers, disks, databases ---

def test_a_second_worker_is_refused_and_harms_nothing(t):
    fake = FakeLife({"7001": [order(n) for n in range(150)]})
    stage = FakeStage(t, fake)
    met, go_on = threading.Event(), threading.Event()

    def hold(call, reply):
        if call["account"]:
            met.set()
            holds(go_on.wait(60), "the first worker waits too long")
        return reply

    fake.tamper = hold
    first = stage.start("sync", "--from", DAY, "--to", DAY)
    holds(met.wait(60), "the first worker did not call")
    code, out, err = stage.sync(check=None)
    stage.run("status", check=True)
    go_on.set()
    first_out, first_err = first.communicate(timeout=60)
    same((code, out), (1, ""), "the second worker")
    contains(err, "worker_busy", f"process {first.pid}", str(stage.home))
    same(first.returncode, 0, f"the first worker: {first_out} {first_err}")
    same((len(stage.ids("7001")), len(stage.sealed("7001"))), (150, 1))


def set_store(stage, url):
    path = stage.home / "huiliu.yaml"
    kept = [line for line in path.read_text().splitlines() if not line.startswith("store:")]
    path.write_text("\n".join([*kept, f"store: {url}"]) + "\n")


def test_a_full_disk_loses_nothing(t):
    stage = Stage(t, life_shops=2, life_orders=1500, douplus_shops=1, douplus_orders=100)
    pages = stage.rows("PRAGMA page_count")[0]["page_count"]
    tries = 0
    for room in (40, 200, 400):
        set_store(stage, f"sqlite:huiliu.db?max_pages={pages + room}")
        code, _, err = stage.sync(check=None, timeout=60)
        same(code, 1, f"{room} pages of room: {err}")
        contains(err, "store_full", "huiliu.db", "free some space")
        same(stage.rows("PRAGMA integrity_check"), [{"integrity_check": "ok"}])
        before, tries = tries, stage.rows("SELECT max(attempt) AS n FROM task")[0]["n"]
        holds(tries - before <= 4, f"{tries - before} tries to write what had no room")
    holds(stage.rows("SELECT count(*) AS n FROM trade_order")[0]["n"] > 0, "nothing landed before the disk was full")
    set_store(stage, "sqlite:huiliu.db")
    stage.sync()
    stage.rows_equal()
    stage.seals_hold()


def spoil_pages(path):
    """Overwrites every page behind the first, which is what a broken disk may do."""
    size = os.path.getsize(path)
    with open(path, "r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (size - 4096))


def test_a_corrupt_database_is_refused_and_left_as_it_is(t):
    stage = FakeStage(t, FakeLife({"7001": [order(n) for n in range(100)]}))
    stage.sync_day()
    path = stage.home / "huiliu.db"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    spoil_pages(path)
    before = path.read_bytes()
    for words in (("sync",), ("status",), ("migrate",), ("prove", "shop-7001", "orders")):
        code, _, err = stage.run(*words)
        same(code, 1, f"{words}")
        contains(err, "store_corrupt", "huiliu.db", "backup")
    same(path.read_bytes(), before, "the corrupt file")


def test_a_newer_database_is_not_touched(t):
    fake = FakeLife({"7001": [order(1)]})
    stage = FakeStage(t, fake)
    stage.execute("INSERT INTO migration VALUES (999, 'later', '0', 0)")
    code, _, err = stage.sync(check=None)
    same(code, 1)
    contains(err, "store_newer", "huiliu.db")
    same((fake.calls, stage.ids("7001")), ([], []), "calls and rows")


# --- an old .env ---

def test_an_old_env_syncs(t):
    stage = Stage(t, shops=False, life_shops=1, life_orders=120, douplus_shops=0)
    app, shop = stage.sandbox.apps[0], stage.sandbox.shops[0]
    folder = t.folder()
    (folder / "old.env").write_text(
        f"DB_URL=postgresql://u:p@db.example/life\nAPPID={app['app_key']}\nAppSecret={app['app_secret']}\n"
        f"ACCOUNT_ID={shop['external_id']}\nAPI_BASE_URL={stage.sandbox.base_url}\nPAGE_SIZE=50\n")
    stage.home = folder / "home"
    stage.run("init", "--from-env", folder / "old.env", check=True)
    stage.shops = [shop]
    stage.sync()
    stage.rows_equal()
    stage.every_window("A")
    sizes = {entry["size"] for entry in stage.sandbox.log() if entry["route"] == "life.orders"}
    holds(50 in sizes and 100 not in sizes, f"page sizes asked: {sizes}")


if __name__ == "__main__":
    lib.main(globals())

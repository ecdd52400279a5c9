#!/usr/bin/env python3
"""SQL that users of the old Douyin Life program have saved runs unchanged on the view `orders` and gives what the
sandbox's truth gives. The truth is counted here in Python, over the sandbox's own rows."""
from collections import defaultdict
from datetime import datetime, timedelta, timezone

import lib
from lib import same

BEIJING = timezone(timedelta(hours=8))
SHOPS, ORDERS = 2, 300

NEWEST = "SELECT order_id, order_status, sku_name, pay_amount, pay_time, phone FROM orders ORDER BY pay_time DESC LIMIT 10;"
BY_PHONE = "SELECT * FROM orders WHERE phone = '138****0000';"
BY_DAY = ("SELECT DATE(pay_time) AS date, COUNT(*) AS order_count, SUM(pay_amount) AS total_amount FROM orders "
          "GROUP BY DATE(pay_time) ORDER BY date DESC;")
BY_SKU = ("SELECT sku_id, sku_name, COUNT(*) AS order_count, SUM(pay_amount) AS total_amount FROM orders "
          "GROUP BY sku_id, sku_name ORDER BY order_count DESC;")
OLD_COLUMNS = ["order_id", "order_status", "sku_id", "sku_name", "pay_amount", "count", "pay_time", "create_time",
               "update_time", "source_order_id", "phone", "raw_data", "sync_time"]


def local(unix_s):
    return None if unix_s is None else datetime.fromtimestamp(unix_s, BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def masked(phone):
    return phone and phone[:3] + "****" + phone[7:]


def fen(amount):
    """The view's 元 back in 分. A sum of binary fractions is off by far less than half of one."""
    return round(amount * 100)


def synced(t):
    sandbox = t.sandbox(life_shops=SHOPS, life_orders=ORDERS, douplus_shops=0)
    home = t.home(sandbox)
    shops = lib.add_shops(home, sandbox, "douyin-life")
    lib.huiliu(home, "sync", check=True)
    truth = {o["order_id"]: o for s in shops for o in sandbox.truth("douyin-life", s["external_id"])}
    same(len(truth), SHOPS * ORDERS, "orders in the truth")
    return home, truth


def test_saved_queries_give_the_truth(t):
    home, truth = synced(t)
    every_order(home, truth)
    newest(home, truth)
    by_phone(home, truth)
    by_day(home, truth)
    by_sku(home, truth)


def every_order(home, truth):
    seen = lib.rows(home, "SELECT * FROM orders")
    same(list(seen[0]), OLD_COLUMNS, "columns")
    same(sorted(r["order_id"] for r in seen), sorted(truth), "orders")
    for row in seen:
        order = truth[row["order_id"]]
        same(row["pay_amount"], order["pay_amount"] / 100, "amount")
        same(row["order_status"], str(order["status"]), "status")
        same((row["pay_time"], row["create_time"], row["update_time"]),
             tuple(local(order[k]) for k in ("paid_at", "created_at", "updated_at")), "times")
        same(row["phone"], masked(order["phone"]), "phone")
        same((row["count"], row["sku_id"], row["sku_name"]), (order["count"], order["sku_id"], order["sku_name"]), "sku")


def newest(home, truth):
    found = lib.rows(home, NEWEST)
    times = sorted((local(o["paid_at"]) for o in truth.values() if o["paid_at"]), reverse=True)[:10]
    same([r["pay_time"] for r in found], times, "newest pay times")
    for row in found:
        same(fen(row["pay_amount"]), truth[row["order_id"]]["pay_amount"], "amount of a newest order")


def by_phone(home, truth):
    found = lib.rows(home, BY_PHONE)
    wanted = [o["order_id"] for o in truth.values() if masked(o["phone"]) == "138****0000"]
    same(sorted(r["order_id"] for r in found), sorted(wanted), "orders of the phone in the saved query")
    phone = next(masked(o["phone"]) for o in truth.values() if o["phone"])
    found = lib.rows(home, BY_PHONE.replace("138****0000", phone))
    wanted = [o["order_id"] for o in truth.values() if masked(o["phone"]) == phone]
    same(sorted(r["order_id"] for r in found), sorted(wanted), "orders of a phone")


def groups(truth, key):
    found = defaultdict(lambda: [0, 0])
    for order in truth.values():
        found[key(order)][0] += 1
        found[key(order)][1] += order["pay_amount"]
    return {k: tuple(v) for k, v in found.items()}


def by_day(home, truth):
    found = lib.rows(home, BY_DAY)
    same({r["date"]: (r["order_count"], fen(r["total_amount"])) for r in found},
         groups(truth, lambda o: local(o["paid_at"]) and local(o["paid_at"])[:10]), "sums by day")
    days = [r["date"] for r in found if r["date"]]
    same(days, sorted(days, reverse=True), "order of days")


def by_sku(home, truth):
    found = lib.rows(home, BY_SKU)
    same({(r["sku_id"], r["sku_name"]): (r["order_count"], fen(r["total_amount"])) for r in found},
         groups(truth, lambda o: (o["sku_id"], o["sku_name"])), "sums by sku")
    counts = [r["order_count"] for r in found]
    same(counts, sorted(counts, reverse=True), "order of skus")


if __name__ == "__main__":
    lib.main(globals())

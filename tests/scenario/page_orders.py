#!/usr/bin/env python3
"""Pages of orders as a person has them: trade orders whole and by parts, buyers revealed and found, original records, and the table that
all lists stand on. What stands on the screen is compared with the API and with rows worked out of the data tables here; what a button
did is looked up in the database.
# Takes 90 s.
"""
import csv
import io
import json
import re
import sys
from collections import defaultdict

from lib import holds, same
from page_world import World, change, main, metrics, money, script, signed, stamp, written
from trade_sums import day_of, trade_equal

PERSON = "王芳"
RECORD = ('{"order_id":"1","shop":{"id":"1","name":null,"platform":null},"received":"2026-05-01T00:00:00.000Z","came_by":null,'
          '"record":{"id":1234567890123456789012,"share":0.10,"big":1E+400,"text":"a\\"},{\\u4e2d","none":[],"list":[-0,{"x":null}]}}')
DIGITS = """{
  "id": 1234567890123456789012,
  "share": 0.10,
  "big": 1E+400,
  "text": "a\\"},{中",
  "none": [],
  "list": [
    -0,
    {
      "x": null
    }
  ]
}"""
SEER, PLAIN = "seer", "plain"
WORLD = None
TRADE_MONEY = "gmv refunds net received goods_cost freight commission profit_before_ads".split()
STAGES = {"placed": "待支付", "paid": "已支付", "processing": "待发货", "shipped": "已发货", "delivered": "已送达", "done": "已完成", "cancelled": "已取消",
          "refunded": "已退款"}
LIFE = {"0": "初始", "100": "待支付", "101": "支付取消", "200": "支付成功", "201": "待使用", "1": "已完成", "2": "已完成", "3": "退款中", "4": "已退款"}


class Orders(World):
    def before(self):
        """An order of seven parts and one of three, parts that were shipped late and in time, and somebody in charge."""
        self.stage.execute(f"""
            UPDATE shop SET person = '{PERSON}' WHERE id = (SELECT min(shop_id) FROM trade_order);
            CREATE TEMP TABLE some AS SELECT shop_id, order_id, created_at, row_number() OVER (ORDER BY created_at DESC, order_id) AS n
                FROM trade_order WHERE shop_id = (SELECT min(shop_id) FROM trade_order);
            UPDATE trade_order SET parent_id = 'WHOLE-7', created_at = (SELECT created_at FROM some WHERE n = 1)
                WHERE order_id IN (SELECT order_id FROM some WHERE n <= 7);
            UPDATE trade_order SET parent_id = 'WHOLE-3', created_at = (SELECT created_at FROM some WHERE n = 20)
                WHERE order_id IN (SELECT order_id FROM some WHERE n BETWEEN 20 AND 22);
            UPDATE trade_order SET ship_by_at = paid_at + 86400000, shipped_at = paid_at + 90000000
                WHERE paid_at IS NOT NULL AND order_id IN (SELECT order_id FROM some WHERE n % 5 = 1);
            UPDATE trade_order SET ship_by_at = paid_at + 86400000, shipped_at = paid_at + 80000000
                WHERE paid_at IS NOT NULL AND order_id IN (SELECT order_id FROM some WHERE n % 5 = 2);""")
        self.stage.run("derive", "rebuild", check=True)
        self.user(SEER, "operator", "--reveals")
        self.user(PLAIN, "viewer", "--shop", self.life()["name"])

    def life(self):
        return next(shop for shop in self.stage.shops if shop["platform"] == "douyin-life")


def world():
    return WORLD.served()


def keys(rows):
    return [f"{row['shop']}/{row['order_id']}" for row in rows]


def on_screen(part):
    return [row["key"] for row in part]


def counted(w, table, where="1 = 1"):
    return w.rows(f"SELECT count(*) AS n FROM {table} WHERE {where}")[0]["n"]


# --- as it is written on the screen, worked out here ---

def part_cell(part, key):
    value = part[key]
    if key == "stage":
        return STAGES.get(value, value or "—")
    if key == "late":
        return {None: "—", True: "迟发", False: "按时"}[value]
    if value is None:
        return "—"
    if key in TRADE_MONEY:
        return written(value, "money")
    if key == "pieces":
        return f"{value:,}"
    return stamp(value) if key.endswith("_at") else value


def order_cell(order, key, shops):
    first, _, own = key.partition(".")
    if first == "parts":
        lines = [part_cell(part, own) for part in order["parts"]]
        return "|".join([*lines[:5], *([f"还有 {len(lines) - 5} 个"] if len(lines) > 5 else [])])
    if first == "together":
        value = order["together"] and order["together"][own]
        return "—" if value is None else written(value, "money") if own in TRADE_MONEY else f"{value:,}"
    return shops[order["shop"]] if key == "shop" else part_cell(order, key)


def rows_are(w, read, told, what):
    """Cell by cell; `what` is orders or parts."""
    shops = {str(r["id"]): r["name"] for r in w.rows("SELECT id, name FROM shop")}
    columns = [head["key"] for head in read["heads"]]
    same(on_screen(read["rows"]), keys(told), f"rows of {what}")
    for row, one in zip(read["rows"], told):
        wanted = [order_cell(one, key, shops) for key in columns]
        same(row["cells"], wanted, f"{what}: {row['key']}")


def whole(results, meets):
    """Orders of which a part is as `meets` says."""
    return {f"{r['shop_id']}/{r['parent_id']}" for r in results if meets(r)}


# --- the tests ---

def test_trade_orders_do_what_they_say(_):
    w = world()
    api, names = w.api, metrics(w.api)
    results, _ = trade_equal(w.rows)
    statuses = {(r["shop_id"], r["order_id"]): r for r in w.rows("SELECT shop_id, order_id, status, sku_name, currency FROM trade_order")}
    skus = sorted({r["sku_id"] for r in results})[:2]
    word = next(r["sku_name"] for r in statuses.values() if r["sku_name"])[:3]
    day = sorted({r["day"] for r in results})[-4:-2]
    buyer = w.rows("SELECT shop_id, order_id, parent_id, phone_mask, contact_name_mask FROM trade_order WHERE phone_mask LIKE '%*%'"
                   " AND contact_name_mask IS NOT NULL ORDER BY parent_id = 'WHOLE-7' DESC, order_id LIMIT 1")[0]
    before = {name: counted(w, name) for name in ("audit", "saved_view", "sync_run")}
    read = script("trade_orders", api.base, sku=skus, person=PERSON, word=word, days=day, record=RECORD, buyer=buyer["order_id"], expects=["400 /api/v1/trade-orders/find-person",
                  f"400 /api/v1/trade-orders/{buyer['order_id']}/reveal"], open=f"{buyer['shop_id']}/{buyer['order_id']}", **{"as": signed(SEER)})

    first = api.get("/api/v1/trade-orders", limit=100)
    rows_are(w, read["first"], first["items"], "the first page of orders")
    holds(any(len(row["parts"]) == 7 for row in first["items"]), "no order of seven parts is on the page")
    holds(stamp(first["as_of"]) in read["first"]["asOf"], f"{read['first']['asOf']}: as of {first['as_of']}")
    same(on_screen(read["second"]), keys(api.get("/api/v1/trade-orders", limit=100, cursor=first["next"])["items"]), "the second page")
    orders = whole(results, lambda r: True)
    holds(f"{len(orders):,}" in read["total"], f"{read['total']} of {len(orders)}")
    for which, meets in {"stage": lambda r: r["stage"] == "cancelled", "late": lambda r: r["late"] == 1, "noSale": lambda r: not r["counts"],
                         "sku": lambda r: r["sku_id"] in skus, "person": lambda r: r["person"] == PERSON,
                         "status": lambda r: statuses[r["shop_id"], r["order_id"]]["status"] == "101",
                         "word": lambda r: word in (statuses[r["shop_id"], r["order_id"]]["sku_name"] or ""),
                         "days": lambda r: day[0] <= r["day"] <= day[1]}.items():
        wanted, shown = whole(results, meets), on_screen(read[which])
        holds(0 < len(wanted) < len(orders), f"{which}: filters nothing")
        same((len(shown), set(shown) - wanted), (min(100, len(wanted)), set()), f"filtered by {which}")
    same(read["currency"], [], "orders in dollars")
    holds("没有符合筛选的订单" in read["empty"], read["empty"])
    same(read["digits"], DIGITS, "a record with the digits that it came with")
    what_the_view_and_the_files_have(w, read, api, results, day)
    the_drawer_is_true(w, read, api, names, buyer)
    what_was_written_down(w, read, before, buyer)


def what_the_view_and_the_files_have(w, read, api, results, days):
    shown = api.get("/api/v1/trade-orders", limit=100, **{"from": days[0], "to": days[1]})["items"]
    columns = [head["key"] for head in read["view"]["heads"]]
    usual = [head["key"] for head in read["first"]["heads"]]
    same(columns, [*[key for key in usual if key != "together.refunds"], "parts.sku_id"], "columns of the view")
    rows_are(w, read["view"], shown, "rows of the view")
    lines = list(csv.reader(io.StringIO(read["file"].removeprefix("\ufeff"))))
    all_of = api.walk("/api/v1/trade-orders", limit=100, **{"from": days[0], "to": days[1]})
    order = dict(zip(columns, zip(*lines[1:])))
    all_of = list(all_of)
    same((list(order["order_id"]), len(lines[0])), ([o["order_id"] for o in all_of], len(columns)), "the file's rows and columns")
    same(list(order["parts.sku_name"]), ["\n".join(p["sku_name"] or "—" for p in o["parts"]) if any(p["sku_name"] for p in o["parts"]) else ""
                                         for o in all_of], "goods of the file")

    parts = api.get("/api/v1/trade-parts", limit=100)["items"]
    rows_are(w, read["parts"], parts, "parts")
    same(on_screen(read["sorted"]), keys(api.get("/api/v1/trade-parts", limit=100, sort="-gmv,-created_at")["items"]), "parts by amount")
    wanted = [r for r in results if r["gmv"] is not None and 10050 <= r["gmv"] <= 40000 and r["profit_before_ads"] is not None
              and -2000 <= r["profit_before_ads"] <= 30000 and r["currency"] == "CNY"]
    wanted.sort(key=lambda r: (-r["gmv"], -r["created_ms"]))
    holds(0 < len(wanted), "the amounts filter everything")
    same([key.split("/")[1] for key in on_screen(read["amounts"])], [r["order_id"] for r in wanted[:100]], "parts of these amounts")
    lines = list(csv.reader(io.StringIO(read["partsFile"].removeprefix("\ufeff"))))
    same([line[0] for line in lines[1:]], [r["order_id"] for r in wanted], "the file of parts")


def the_drawer_is_true(w, read, api, names, buyer):
    told = api.get(f"/api/v1/trade-orders/{buyer['order_id']}", shop=buyer["shop_id"])
    part = next(p for p in told["parts"] if p["order_id"] == buyer["order_id"])
    unit = {name.removeprefix("trade."): one["unit"] for name, one in names.items() if name.startswith("trade.")}
    same({k: v for k, v in read["figures"].items()}, {f"trade.{n}": written(told["together"][n], unit[n]) for n in ("gmv", "refunds", "net", "received", "pieces")}
         if any(p["counts"] for p in told["parts"]) else {}, "together")
    same(read["partFigures"], {f"trade.{n}": written(part[n], unit[n]) for n in ("pieces", *TRADE_MONEY)}, "amounts of the part")
    masks = [buyer["phone_mask"], buyer["contact_name_mask"]]
    same((read["masked"], read["shortReason"], read["again"]), (masks, masks, masks), "masked before, without a reason, and when it is open again")
    same((read["withoutReason"], read["originalGone"]), (True, 0), "no reason, no button; nothing is left of the record")
    history = next(d for d in told["details"] if d["order_id"] == part["order_id"])["history"]
    same([row[:2] for row in read["history"]], [[stamp(h["at"]), f"{h['status']} {LIFE[h['status']]}"] for h in history], "its way")
    # The record, digit by digit, as the platform sent it; and the execution in which it came.
    truth = next(row for shop in w.stage.shops if w.stage.shop_id(shop) == buyer["shop_id"] for row in [w.stage.truth(shop)[buyer["order_id"]]])
    record = json.loads(read["original"], parse_int=str)
    same((record["order_id"], record["pay_amount"], record["sku_id"]), (truth["order_id"], str(truth["pay_amount"]), truth["sku_id"]), "the original record")
    holds("****" not in read["revealed"][0] and re.fullmatch(r"\d{11}", read["revealed"][0]), f"revealed: {read['revealed']}")
    same(read["revealed"][0][:3], masks[0][:3], "the phone is that of the mask")
    received = w.rows("SELECT received_ms FROM original WHERE shop_id = ? AND table_name = 'trade_order' AND key_text = ?", buyer["shop_id"], buyer["order_id"])[0]["received_ms"]
    came = re.search(r"执行 (\d+)（任务 (\d+)，(\w+)）", read["cameBy"])
    row = w.rows("SELECT * FROM execution WHERE id = ?", int(came[1]))[0]
    same((row["task_id"], row["stream"], row["lane"]), (int(came[2]), "orders", buyer["shop_id"]), "the execution")
    holds(row["started_ms"] <= received <= row["ended_ms"] and row["pages"] > 0, f"{row} of {received}")
    holds([f"{buyer['shop_id']}/{buyer['order_id']}", buyer["order_id"]] in [one[:2] for one in read["found"]], f"found {read['found']}")
    holds(all(read["revealed"][0] not in cell for one in read["found"] for cell in one) and read["revealed"][0] not in read["addressFound"], "found with masks")
    same(read["foundOpen"], read["found"][0][0], "the order that was found is open")


def what_was_written_down(w, read, before, buyer):
    lines = w.rows("SELECT action, subject, reason, user_name FROM audit ORDER BY id")[before["audit"]:]
    same([(line["action"], line["reason"]) for line in lines],
         [("view.add", None), ("view.remove", None), ("personal.reveal", "包裹退回，要联系买家"), ("original.reveal", "与平台核对金额"), ("sync.ask", None),
          ("personal.search", "买家来电问订单")], "audit lines")
    same({line["user_name"] for line in lines}, {SEER}, "who did it")
    same([lines[2]["subject"], lines[3]["subject"]], [buyer["order_id"], buyer["order_id"]], "of which order")
    same((counted(w, "saved_view"), counted(w, "sync_run")), (before["saved_view"], before["sync_run"] + 1), "views and syncs")
    run = w.rows("SELECT id, mode FROM sync_run ORDER BY asked_ms DESC, id DESC LIMIT 1")[0]
    holds(run["mode"] == "order" and str(run["id"]) in read["pulled"][0] and str(run["id"]) in read["pulled"][1], f"{run}: {read['pulled']}")
    holds("等待中" in read["pulled"][1], f"nobody works, so it waits: {read['pulled'][1]}")


# Something happens in the database, and then some seconds of the test clock go by, in which the server looks.
NEWS = """
import os, sqlite3, struct, sys, time
home, clock, key, what = sys.argv[1:]
at = 56
file = os.open(clock, os.O_RDWR)
now = struct.unpack('<q', os.pread(file, 8, at))[0]
shop, order = key.split('/')
db = sqlite3.connect(home, timeout=30)
if what == 'title':
    db.execute("UPDATE ad_result SET title = 'A title that is new' WHERE shop_id = ? AND order_id = ?", (int(shop), order))
db.execute("INSERT INTO execution (task_id, lane, kind, stream, started_ms, ended_ms, result, pages) VALUES (1, ?, 'window', 'ad_orders', ?, ?, 'done', 1)",
           (int(shop), int(now), int(now)))
db.commit()
for _ in range(10):
    now += 500
    os.pwrite(file, struct.pack('<q', now), at)
    time.sleep(0.1)
"""


def test_columns_move_rows_are_walked_and_what_is_new_waits(_):
    w = world()
    third = keys(w.api.get("/api/v1/ad-orders", limit=3)["items"])[2]
    read = script("table", w.api.base, python=sys.executable, change=["-c", NEWS, str(w.stage.home / "huiliu.db"), w.stage.env["HUILIU_CLOCK"], third], **{"as": signed()})
    was = read["before"]

    def moved(order, key, to):
        rest = [one for one in order if one != key]
        at = rest.index(to[1]) + (to[0] == "behind")
        return [*rest[:at], key, *rest[at:]]

    now = moved(was, "cost", ("before", "title"))
    same(read["dragged"], now, "dragged before another")
    now = moved(now, "status", ("behind", "plays"))
    same(read["draggedBehind"], now, "dragged behind another")
    holds("状态" in read["said"] and str(now.index("status") + 1) in read["said"], f"said: {read['said']}")
    at = now.index("budget")
    same(read["keyed"], [*now[:at], now[at + 1], "budget", *now[at + 2:]], "moved by a key")
    same((read["focus"], read["keyedBack"]), ("budget", now), "the focus goes along, and back again")
    now = moved(now, "shop", ("before", "order_id"))
    same(read["pickerDragged"], now, "dragged among the names")
    now = [now[1], now[0], *now[2:]]
    same((read["pickerKeyed"], read["pickerFocus"]), (now, ["shop", "后移: 店铺"]), "moved by its button, which keeps the focus")
    same((read["link"], read["linked"], read["standard"]), (",".join(now), now, was), "the address has the columns")
    same((read["wideMouse"] - read["wideBefore"], read["wideKeys"] - read["wideMouse"]), (60, -16), "widths")

    all_ = read["all"]
    same((read["stops"], read["stopsAfter"]), ([all_[0]], [all_[1]]), "one row is in the keyboard's way")
    same(read["walked"], [all_[1], all_[2], all_[1], all_[-1], all_[-1], all_[0], all_[0], all_[1]], "rows walked")
    same((read["opened"], read["focusBack"]), (all_[1], all_[1]), "opened by Enter, the focus back by Escape")

    same(read["quiet"], [True, True], "what happened changed no row: nothing is told, nothing moves")
    same((read["still"], read["changed"]), (True, ["A title that is new"]), "what is new waits until it is asked for")
    print(f"# the longest task of the browser while a list was paged, sorted and filtered: {read['longest']} ms of the processor")
    holds(0 < read["longest"] <= 200, "a task that one feels")


def test_who_may_only_look_cannot_press_here_either(_):
    w = world()
    own = w.stage.shop_id(w.life())
    foreign = w.rows("SELECT shop_id, order_id FROM trade_order WHERE shop_id <> ? LIMIT 1", own)[0]
    read = script("orders_rights", w.api.base, expects=[f"404 /api/v1/trade-orders/{foreign['order_id']}"], foreign=f"{foreign['shop_id']}/{foreign['order_id']}",
                  **{"as": signed(PLAIN)})
    no_sight, no_act = "需要“查看个人信息”权限，可请管理员授予", "重新拉取需要操作员权限"
    same(read["buttons"], {"find": [True, no_sight], "reveal": [True, no_sight], "original": [True, no_sight], "pull": [True, no_act], "file": [True, "导出需要操作员权限"]})
    same(read["shops"], [str(own)], "shops that he sees")
    same(read["foreign"], "shop_unknown" if read["foreign"] == "shop_unknown" else "absent", "another shop's order")


# --- videos and shops ---

PERIOD = {"period": "30d"}
RANKED = "orders cost plays likes shares conversions conversion_cost plays_per_100 completion_5s".split()


def ad_units(w):
    return {name.removeprefix("ad."): one["unit"] for name, one in metrics(w.api).items() if name.startswith("ad.")}


def ads_of_tables(w, period, group):
    """Orders placed in the period, summed up by what `group` says: (orders, cost, plays), of the data tables alone."""
    sums = defaultdict(lambda: [0, 0, 0])
    for r in w.rows("SELECT o.shop_id, o.item_id, o.created_at, f.cost, f.plays FROM ad_order o LEFT JOIN ad_figure f"
                    " ON f.shop_id = o.shop_id AND f.order_id = o.order_id"):
        if period["from"] <= day_of(r["created_at"]) <= period["to"] and r[group] is not None:
            one = sums[r[group]]
            one[0], one[1], one[2] = one[0] + 1, one[1] + (r["cost"] or 0), one[2] + (r["plays"] or 0)
    return sums


def ranking_is(read, told, units, key):
    columns = [head["key"] for head in read["heads"]]
    same(on_screen(read["rows"]), [key(one) for one in told], "rows of a ranking")
    for row, one in zip(read["rows"], told):
        for column, cell in zip(columns, row["cells"]):
            if column in units:
                same(cell, written(one[column], units[column]), f"{row['key']} {column}")
        state = f"暂定（{one['provisional']:,} 单）" if one["provisional"] else "已定稿"
        same(row["cells"][columns.index("provisional")], state, f"{row['key']}: may still change")


def test_videos_and_shops_are_what_their_orders_came_to(_):
    w = world()
    api, units = w.api, ad_units(w)
    whole = api.get("/api/v1/videos", limit=100, sort="-cost", **PERIOD)
    top = max(whole["items"], key=lambda one: one["orders"])
    read = script("videos", api.base, period="period=30d", item=top["item_id"], **{"as": signed(SEER)})

    def key(one):
        return "/".join([one["item_id"], one["currency"], *([one["shop"]] if "shop" in one else [])])

    ranking_is(read["first"], whole["items"], units, key)
    holds(whole["period"]["from"] in read["first"]["period"] and stamp(whole["as_of"]) in read["first"]["asOf"], f"{read['first']['period']} {read['first']['asOf']}")
    columns = [head["key"] for head in read["first"]["heads"]]
    tables = ads_of_tables(w, whole["period"], "item_id")
    same(len(tables), len(whole["items"]), "videos of the tables")
    for row in read["first"]["rows"]:
        cells = dict(zip(columns, row["cells"]))
        orders, cost, plays = tables[cells["item_id"]]
        same((cells["orders"], cells["cost"], cells["plays"]), (f"{orders:,}", written_fen(cost, cells["cost"]), written_known(plays, cells["plays"])), f"tables: {row['key']}")
    same(on_screen(read["byPlays"]), [key(one) for one in api.get("/api/v1/videos", limit=100, sort="-plays", **PERIOD)["items"]], "by plays")
    same(on_screen(read["fewLikes"]["rows"]), [key(one) for one in api.get("/api/v1/videos", limit=100, sort="likes", **PERIOD)["items"]], "fewest likes first")
    holds("sort=likes" in read["fewLikes"]["address"], read["fewLikes"]["address"])
    split = api.get("/api/v1/videos", limit=100, sort="likes", basis="spent", split="shop", **PERIOD)["items"]
    ranking_is(read["split"], split, units, key)
    lines = list(csv.reader(io.StringIO(read["file"].removeprefix("\ufeff"))))
    same([line[[head["key"] for head in read["split"]["heads"]].index("item_id")] for line in lines[1:]], [one["item_id"] for one in split], "the file of videos")
    the_video_is(w, read["open"], read, top, units)
    the_shops_are(w, read, units)


def written_fen(fen, shown):
    """What no order of a row has is not nothing but unknown."""
    return shown if fen == 0 and shown in ("—", "¥0.00") else money(fen)


def written_known(count, shown):
    return shown if count == 0 and shown in ("—", "0") else f"{count:,}"


def the_video_is(w, opened, read, top, units):
    api = w.api
    told = api.get(f"/api/v1/videos/{top['item_id']}", **PERIOD)
    total = told["totals"][0]
    same(opened["figures"], {f"ad.{n}": written(total[n], unit) for n, unit in units.items() if n != "videos"}, "figures of the video")
    holds(("暂定" in opened["provenance"]) == bool(total["provisional"]), opened["provenance"])
    by_shop = "orders cost plays likes conversions conversion_cost plays_per_100 completion_5s".split()
    same(opened["shops"], [[one["shop"], one["shop_name"], *[written(one[n], units[n]) for n in by_shop]] for one in told["shops"]], "its shops")
    orders = api.get("/api/v1/ad-orders", item_id=top["item_id"], limit=40, sort="-created_at", **{"from": told["period"]["from"], "to": told["period"]["to"]})["items"]
    same([row[0] for row in opened["orders"]], keys(orders)[:40], "its orders")
    same([row[5] for row in opened["orders"]], [written(one["cost"], "money") for one in orders], "what each took")
    same(len(orders), total["orders"], "as many orders as the video says")
    same((read["among"]["path"], on_screen(read["among"]["rows"])), ("/ad-orders", keys(orders)), "the same among ad orders")
    same(read["oneOrder"], keys(orders)[0], "an order of it is open")


def the_shops_are(w, read, units):
    api = w.api
    told = api.get("/api/v1/shops/statistics", sort="-cost", **PERIOD)
    ranking_is(read["shops"], told["items"], units, lambda one: f"{one['shop']}/{one['currency']}")
    total = told["totals"][0]
    same(read["shops"]["totals"], {name: written(total[name.removeprefix("ad.")], units[name.removeprefix("ad.")]) for name in read["shops"]["totals"]}, "together")
    tables = ads_of_tables(w, told["period"], "shop_id")
    same((read["shops"]["totals"]["ad.orders"], read["shops"]["totals"]["ad.cost"], read["shops"]["totals"]["ad.plays"]),
         (f"{sum(one[0] for one in tables.values()):,}", money(sum(one[1] for one in tables.values())), f"{sum(one[2] for one in tables.values()):,}"), "of the tables")
    spent = api.get("/api/v1/shops/statistics", basis="spent", **PERIOD)["totals"][0]
    same(read["spent"], {name: written(spent[name.removeprefix("ad.")], units[name.removeprefix("ad.")]) for name in read["spent"]}, "by the day spent")
    holds(len(list(csv.reader(io.StringIO(read["shopsFile"])))) == 1 + len(told["items"]), "the file of shops")
    by_videos = api.get("/api/v1/shops/statistics", sort="-videos", **PERIOD)["items"]
    same([key.split("/")[0] for key in on_screen(read["byVideos"])], [one["shop"] for one in by_videos], "by videos")

    one, shop = read["one"], by_videos[0]["shop"]
    same((one["shop"], one["title"].split()[0]), (shop, by_videos[0]["shop_name"]), "the shop that was chosen")
    board = api.get("/api/v1/dashboard", shop=shop, **PERIOD)
    names = metrics(api)
    values = {f"{family}.{name}": (value, row["before"] and row["before"][name], names[f"{family}.{name}"]["unit"])
              for family, rows in (("ad", board["ads"]), ("trade", board["sales"])) for row in rows for name, value in row.items() if f"{family}.{name}" in names}
    holds(len(one["board"]) >= 12, f"{len(one['board'])} figures")
    for name, shown, by in one["board"]:
        value, before, unit = values[name]
        same((shown, by), (written(value, unit), change(value, before, unit)), f"the shop's {name}")
    holds(stamp(board["as_of"]) in one["asOf"], one["asOf"])
    every = api.get(f"/api/v1/shops/{shop}/statistics", **PERIOD)["totals"][0]
    same(one["all"], {f"ad.{name}": written(every[name], unit) for name, unit in units.items()}, "all figures of its ads")
    trend = api.get("/api/v1/trends", of="ads", metric="cost", shop=shop, **PERIOD)["items"][0]["days"]
    same(one["trend"], [[day["day"], written(day["cost"], "money"), written(day["average_7d"], "money")] for day in trend], "its trend")
    videos = api.get("/api/v1/videos", shop=shop, sort="-cost", limit=10, **PERIOD)["items"]
    same([(row[0], row[2], row[3]) for row in one["videos"]], [(v["item_id"], f"{v['orders']:,}", written(v["cost"], "money")) for v in videos], "its videos")
    same([row[0] for row in read["videoOfShop"]], [shop], "a video of that shop alone")
    same(read["back"], None, "all shops again")


def make(case):
    global WORLD
    WORLD = Orders(case)
    return WORLD


if __name__ == "__main__":
    main(globals(), make)

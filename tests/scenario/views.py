#!/usr/bin/env python3
"""SQL that users of the old programs have saved runs on the views and gives what the truth gives, on every database.

Douyin Life: the view `orders` over a synced home; the truth is counted here, over the sandbox's own rows. DOU+: the
views over rows that are written here; what they must show is worked out here by the old program's formulas."""
# Takes 40 s.
import random
import re
from collections import defaultdict
from datetime import datetime, timedelta, timezone
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import lib
from lib import same
from sheets import xlsx_bytes
from temu import SALES, World
from view_bases import KINDS

BEIJING = timezone(timedelta(hours=8))
SHOPS, ORDERS = 2, 300


def on_each(test):
    """A test of its own on every kind of database."""
    for kind in KINDS:
        globals()[f"{test.__name__}_on_{kind.kind}"] = lambda t, kind=kind: test(t, kind)

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


def synced(t, kind):
    sandbox = t.sandbox(life_shops=SHOPS, life_orders=ORDERS, douplus_shops=0)
    base = kind(t, sandbox)
    shops = lib.add_shops(base.home, sandbox, "douyin-life", env=base.env)
    lib.budgets_lift(base.home, base.env)
    base.huiliu("sync", check=True)
    truth = {o["order_id"]: o for s in shops for o in sandbox.truth("douyin-life", s["external_id"])}
    same(len(truth), SHOPS * ORDERS, "orders in the truth")
    return base, truth


@on_each
def test_saved_queries_give_the_truth(t, kind):
    base, truth = synced(t, kind)
    every_order(base, truth)
    newest(base, truth)
    by_phone(base, truth)
    by_day(base, truth)
    by_sku(base, truth)
    valid_orders(base, truth)


def every_order(base, truth):
    seen = base.rows("life", "SELECT * FROM orders")
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


def newest(base, truth):
    found = base.rows("life", NEWEST)
    times = sorted((local(o["paid_at"]) for o in truth.values() if o["paid_at"]), reverse=True)
    unpaid = [None] * (len(truth) - len(times))
    # Unpaid orders come first on PostgreSQL, last elsewhere.
    same([r["pay_time"] for r in found], (unpaid + times if base.kind == "postgres" else times + unpaid)[:10],
         "newest pay times")
    for row in found:
        same(fen(row["pay_amount"]), truth[row["order_id"]]["pay_amount"], "amount of a newest order")


def by_phone(base, truth):
    found = base.rows("life", BY_PHONE)
    wanted = [o["order_id"] for o in truth.values() if masked(o["phone"]) == "138****0000"]
    same(sorted(r["order_id"] for r in found), sorted(wanted), "orders of the phone in the saved query")
    phone = next(masked(o["phone"]) for o in truth.values() if o["phone"])
    found = base.rows("life", BY_PHONE.replace("138****0000", phone))
    wanted = [o["order_id"] for o in truth.values() if masked(o["phone"]) == phone]
    same(sorted(r["order_id"] for r in found), sorted(wanted), "orders of a phone")


def groups(truth, key):
    found = defaultdict(lambda: [0, 0])
    for order in truth.values():
        found[key(order)][0] += 1
        found[key(order)][1] += order["pay_amount"]
    return {k: tuple(v) for k, v in found.items()}


def by_day(base, truth):
    found = base.rows("life", BY_DAY)
    same({r["date"]: (r["order_count"], fen(r["total_amount"])) for r in found},
         groups(truth, lambda o: local(o["paid_at"]) and local(o["paid_at"])[:10]), "sums by day")
    days = [r["date"] for r in found if r["date"]]
    same(days, sorted(days, reverse=True), "order of days")


def by_sku(base, truth):
    found = base.rows("life", BY_SKU)
    same({(r["sku_id"], r["sku_name"]): (r["order_count"], fen(r["total_amount"])) for r in found},
         groups(truth, lambda o: (o["sku_id"], o["sku_name"])), "sums by sku")
    counts = [r["order_count"] for r in found]
    same(counts, sorted(counts, reverse=True), "order of skus")


VALID_COLUMNS = ("order_id count pay_time order_status sku_id sku_name actual_receipt sale_amount merchant_subsidy "
                 "product_payment platform_subsidy software_fee talent_commission increment_commission preset_price "
                 "booking_surcharge platform_discount_detail software_fee_rate sales_role deal_channel owner_nickname "
                 "owner_uid travel_date")


def valid_orders(base, truth):
    """Each paid order that comes from no other once, the newest first; nothing was imported."""
    found = base.rows("life", "SELECT * FROM valid_orders")
    wanted = [o for o in truth.values() if o["paid_at"] and not o.get("source_order_id")]
    lib.holds(0 < len(wanted) <= len(truth), "no order is valid")
    same(" ".join(found[0]), VALID_COLUMNS, "columns of valid_orders")
    same(sorted((r["order_id"], r["count"], r["pay_time"], r["order_status"], r["sku_id"], r["sku_name"]) for r in found),
         sorted((o["order_id"], o["count"], local(o["paid_at"]), str(o["status"]), o["sku_id"], o["sku_name"])
                for o in wanted), "valid orders")
    times = [r["pay_time"] for r in found]
    same(times, sorted(times, reverse=True), "order of valid orders")
    same({v for r in found for k, v in r.items() if VALID_COLUMNS.split().index(k) > 5}, {None}, "what is imported")


# What 售卖明细 says of a voucher: its heading, and the column of the view. Amounts are added up, texts put together.
AMOUNTS = {"订单实收": "actual_receipt", "售卖金额": "sale_amount", "商家货款出资补贴": "merchant_subsidy", "商品实付": "product_payment",
           "平台补贴": "platform_subsidy", "软件服务费": "software_fee", "达人佣金": "talent_commission",
           "增量宝佣金": "increment_commission", "预售价(只针对酒旅商家)": "preset_price", "预约加价(只针对酒旅商家)": "booking_surcharge"}
WORDS = {"平台补贴优惠明细": "platform_discount_detail", "软件服务费率": "software_fee_rate", "带货角色": "sales_role", "成交渠道": "deal_channel",
         "订单归属人昵称": "owner_nickname", "订单归属人uid": "owner_uid"}
SHEETS = ("未预约", "已预约", "已完成", "已拒单")


def files_of(chance, orders):
    """Both files of a shop as {sheet: rows}, and what the view has to show of each order in them."""
    sales = [["所属订单ID", "子单ID", *AMOUNTS, *WORDS]]
    bookings = {sheet: [["订单编号", "出行日期", "预约份数"]] for sheet in SHEETS}
    wanted = {order_id: dict.fromkeys((*AMOUNTS.values(), *WORDS.values(), "travel_date")) for order_id in orders}
    for order_id in orders:
        shown = wanted[order_id]
        for part in range(chance.choice((0, 1, 1, 2, 3))):
            amounts = {heading: chance.choice((None, chance.randrange(-5_000, 1_000_000))) for heading in AMOUNTS}
            words = {heading: chance.choice((None, "甲", "乙", "a", "A")) for heading in WORDS}
            sales.append([order_id, f"{order_id}{part}", *(a if a is None else f"{Decimal(a) / 100}" for a in amounts.values()),
                          *words.values()])
            for heading, amount in amounts.items():
                if amount is not None:
                    shown[AMOUNTS[heading]] = (shown[AMOUNTS[heading]] or 0) + amount
            words["订单归属人昵称"] = words["订单归属人昵称"] or "商家"
            for heading, word in words.items():
                if word:
                    shown[WORDS[heading]] = (shown[WORDS[heading]] or set()) | {word}
        for _ in range(chance.choice((0, 1, 2, 2))):
            sheet, day = chance.choice(SHEETS), chance.choice((None, f"2026-02-{chance.randrange(1, 29):02d}"))
            bookings[sheet].append([order_id, day, "1"])
            if day and sheet != "已拒单":
                shown["travel_date"] = min(shown["travel_date"] or day, day)
    return {"a": sales}, {f"{sheet}-1": rows for sheet, rows in bookings.items()}, wanted


OLD_STATUS = {"平台处理中": "PAID", "待发货": "PROCESSING", "已发货": "SHIPPED", "已送达": "DELIVERED", "已签收": "DELIVERED", "已完成": "COMPLETED",
              "已取消": "CANCELLED", "已退款": "REFUNDED", "待支付": "PENDING"}


def moment(time):
    return time and time.strftime("%Y-%m-%d %H:%M:%S")


@on_each
def test_temus_tables_show_its_files(t, kind):
    """What was imported for a shop of Temu, by the old program's tables, against the world of the files."""
    sandbox = t.sandbox(life_shops=1, life_orders=1, douplus_shops=0)
    base, world = kind(t, sandbox), World()
    lib.add_shops(base.home, sandbox, "douyin-life", env=base.env)
    base.huiliu("sync", check=True)
    base.huiliu("shop", "add", "T", "--platform", "temu", "--external-id", "634418", check=True)
    for name, rows in (("temu-orders", world.order_rows()), ("temu-products", world.product_rows())):
        path = t.folder() / f"{name}.xlsx"
        path.write_bytes(xlsx_bytes({"a": list(rows)}))
        base.huiliu("import", str(path), "--as", name, "--shop", "T", check=True)
    for sku, entries in world.costs.items():
        for day, cost in entries:
            base.huiliu("cost", "set", "T", sku, day.isoformat(), str(Decimal(cost) / 100), check=True)
    base.huiliu("derive", "rebuild", "--shop", "T", check=True)
    shop = base.rows("temu", f"SELECT * FROM {base.view('temu', 'shops')}")
    same([(s["shop_id"], s["shop_name"], s["is_active"], s["app_secret"]) for s in shop], [("634418", "T", 1, None)], "shops: its own alone")
    orders = {o["order_sn"]: o for o in base.rows("temu", f"SELECT * FROM {base.view('temu', 'orders')}")}
    same(set(orders), {p["id"] for p in world.parts}, "parts of orders, of this platform alone")
    for part in world.parts:
        got, cost = orders[part["id"]], world.cost_of(part)
        same((got["parent_order_sn"], got["product_id"], got["spu_id"], got["quantity"], got["status"], got["package_sn"]),
             (part["po"], part["sku"], world.spu[part["sku"]], part["pieces"], OLD_STATUS[part["status"]], part["package"]), part["id"])
        same((got["order_time"], got["shipping_time"], got["expect_ship_latest_time"], got["delivery_time"]),
             tuple(moment(part[name]) for name in ("created", "shipped", "ship_by", "delivered")), f"{part['id']}: times")
        same(got["total_price"] if part["amount"] is None else fen(got["total_price"]), part["amount"], f"{part['id']}: amount")
        if cost is None:
            same((got["unit_cost"], got["total_cost"], got["profit"]), (None, None, None), f"{part['id']}: a cost that nobody knows")
        elif part["status"] in SALES:
            same((fen(got["unit_cost"]), fen(got["total_cost"])), (cost, cost * part["pieces"]), f"{part['id']}: cost")
    products = {p["product_id"]: p for p in base.rows("temu", f"SELECT * FROM {base.view('temu', 'products')}")}
    same(set(products), set(world.skus), "products")
    for sku, got in products.items():
        sold = sum(p["pieces"] for p in world.sold() if p["sku"] == sku)
        same((got["product_name"], got["spu_id"], got["manager"], fen(got["current_price"]), got["is_active"], got["total_sales"]),
             (world.names[sku], world.spu[sku], world.person[sku], 1200, 1, sold or None), sku)
    costs = base.rows("temu", f"SELECT * FROM {base.view('temu', 'product_costs')} ORDER BY product_id, effective_from")
    same([(c["product_id"], c["effective_from"], c["effective_to"], fen(c["cost_price"])) for c in costs],
         [(sku, day.isoformat(), entries[i + 1][0].isoformat() if i + 1 < len(entries) else None, cost)
          for sku, entries in world.costs.items() for i, (day, cost) in enumerate(entries)], "costs")
    files = base.rows("temu", f"SELECT * FROM {base.view('temu', 'import_history')} ORDER BY id")
    same([(f["import_type"], f["status"], f["total_rows"], f["success_rows"], f["failed_rows"]) for f in files],
         [("temu-orders", "success", len(world.parts), len(world.parts), 0), ("temu-products", "success", len(world.skus), len(world.skus), 0)],
         "files")


@on_each
def test_sales_and_bookings_of_files_stand_beside_their_orders(t, kind):
    sandbox = t.sandbox(life_shops=SHOPS, life_orders=ORDERS, douplus_shops=0)
    base, chance, wanted = kind(t, sandbox), random.Random(7), {}
    shops = lib.add_shops(base.home, sandbox, "douyin-life", env=base.env)
    lib.budgets_lift(base.home, base.env)
    base.huiliu("sync", check=True)
    for shop in shops:
        truth = {o["order_id"]: o for o in sandbox.truth("douyin-life", shop["external_id"])}
        # An order that Huiliu does not know is nobody's row.
        *files, shown = files_of(chance, [*truth, f"9{shop['external_id'][-5:]}"])
        for name, sheets in zip(("life-sales", "life-bookings"), files):
            path = t.folder() / f"{name}.xlsx"
            path.write_bytes(xlsx_bytes(sheets))
            base.huiliu("import", str(path), "--as", name, "--shop", shop["name"], check=True)
        wanted.update({i: shown[i] for i, o in truth.items() if o["paid_at"] and not o.get("source_order_id")})
    found = base.rows("life", "SELECT * FROM valid_orders")
    same(sorted(r["order_id"] for r in found), sorted(wanted), "each order once, whatever its bookings")
    for row in found:
        got = {name: row[name] if row[name] is None else fen(row[name]) for name in AMOUNTS.values()}
        got.update({name: row[name] and sorted(row[name].split(",")) for name in WORDS.values()}, travel_date=row["travel_date"])
        same(got, {k: sorted(v) if isinstance(v, set) else v for k, v in wanted[row["order_id"]].items()}, row["order_id"])
    for name in (*AMOUNTS.values(), *WORDS.values(), "travel_date"):
        lib.holds({row[name] is None for row in found} == {True, False}, f"{name} is known of some orders only")


# --- DOU+ ---

NEWEST_FIGURES = """
SELECT order_id, stat_cost, total_play, custom_like, dp_target_convert_cnt, custom_convert_cost, play_duration_5s_rank
FROM douplus_order_stats
WHERE order_id IN (?, ?, ?)
  AND stat_time = (SELECT MAX(stat_time) FROM douplus_order_stats WHERE order_id = douplus_order_stats.order_id);"""
VIDEO_RANKING = """
SELECT item_id, total_cost, total_play, avg_convert_cost, avg_5s_rank
FROM douplus_video_stats_agg
WHERE account_id = ? AND stat_time = (SELECT MAX(stat_time) FROM douplus_video_stats_agg)
ORDER BY total_cost DESC;"""
SYNC_STATE = ("SELECT account_id, COUNT(*) AS order_count, MAX(last_sync_time) AS last_sync "
              "FROM douplus_order GROUP BY account_id;")
COVERAGE = """
SELECT COUNT(DISTINCT order_id) AS total_orders,
       COUNT(DISTINCT CASE WHEN stat_time >= DATE_SUB(NOW(), INTERVAL 1 HOUR) THEN order_id END) AS recent_synced
FROM douplus_order_stats;"""
# NOW() and DATE_SUB are MariaDB's; this says the same to others.
HOUR_AGO = {"sqlite": "datetime('now', '+8 hours', '-1 hour')",
            "postgres": "now() AT TIME ZONE 'Asia/Shanghai' - INTERVAL '1 hour'",
            "mariadb": "DATE_SUB(NOW(), INTERVAL 1 HOUR)"}

AD_COLUMNS = {
    "douyin_account": "id user_id open_id advertiser_id aweme_sec_uid advertiser_name union_id nickname avatar fans "
                      "following total_favorited access_token refresh_token token_expires_at status daily_limit balance "
                      "remark create_time update_time deleted",
    "douplus_order": "id order_id task_id item_id account_id user_id status budget duration target_type aweme_title "
                     "aweme_cover aweme_nick aweme_avatar order_create_time order_start_time order_end_time "
                     "sync_version last_sync_time sync_source create_time update_time deleted",
    "douplus_order_stats": "id order_id item_id stat_time stat_cost total_play custom_like dy_comment dy_share "
                           "dy_follow play_duration_5s_rank dy_home_visited dp_target_convert_cnt custom_convert_cost "
                           "show_cnt live_click_source_cnt live_gift_uv live_comment_cnt live_follow_count "
                           "live_gift_cnt live_gift_amount sync_time create_time update_time",
    "douplus_order_agg": "order_id item_id account_id total_cost total_play total_like total_comment total_share "
                         "total_follow total_convert play_duration_5s play_per_100_cost avg_convert_cost share_rate "
                         "like_rate follow_rate stat_time create_time update_time",
    "douplus_video_stats_agg": "item_id account_id user_id stat_time order_count total_budget total_cost total_play "
                               "total_like total_comment total_share total_follow total_convert total_home_visited "
                               "avg_5s_rank avg_convert_cost play_per_100_cost like_rate share_rate "
                               "share_per_100_play min_order_create_time agg_time data_version",
}

VIEWS = ([("life", name) for name in ("orders", "valid_orders", "task_monitor", "sync_cursor")] +
         [("douplus", name) for name in (*AD_COLUMNS, "douplus_newest_window", "sync_cursor")])

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
DAWN_MS = 1_769_529_600_000  # 2026-01-28 00:00 in Beijing
A, B, OFF, LIFE = 1, 2, 3, 4  # shops: two DOU+ ones at work, a disabled one, one of another platform
VIDEO, OTHER_VIDEO = "7518299855211597096", "7593265929740373290"

# Order: its shop, its video, its budget and its latest figures. The quotients 8.625 (cost of a conversion, the first)
# and 166228.125 (plays for 100 元, the second) lie in the middle: the old program's own export says 8.63 and 166228.13.
FIGURES = ("cost", "plays", "likes", "comments", "shares", "follows", "home_visits", "conversions", "conversion_cost",
           "shown", "live_clicks", "gift_users", "gift_amount", "live_comments", "live_follows", "gifts", "rate_5s")
WRITTEN = {
    "1835535794685987": (A, VIDEO, 10000, (6900, 69695, 1501, 102, 12003, 8, 77, 8, 863, 9, 0, 0, 0, 0, 0, 0, 330_001)),
    "1835535798058120": (A, VIDEO, 21000, (16000, 265965, 3, 1, 1, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0, 123_456)),
    "1835535798058121": (A, OTHER_VIDEO, 9999, (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)),
    "1835535798058122": (A, None, 30000, (9285, 11, 2, 3, 4, 5, 6, 1, 9285, 7, 18, 9, 5299, 20, 21, 22, 1_000_000)),
    "1854996841947321": (B, VIDEO, 15000, (15000, 32, 1, 1, 1, 1, 1, 19, 789, 1, 0, 0, 0, 0, 0, 0, 500_000)),
    "1854996841947322": (OFF, VIDEO, 100, (3, 1, 1, 1, 1, 1, 1, 2, 2, 1, 0, 0, 0, 0, 0, 0, 1)),
    "1854996841947323": (LIFE, VIDEO, 1, (1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)),
}
AD_ORDERS = {i: o for i, o in WRITTEN.items() if o[0] != LIFE}
NO_FIGURES = "1854996841947399"


def figures_of(order_id):
    return dict(zip(FIGURES, WRITTEN[order_id][3]))


def put(base, table, **values):
    names = ", ".join(values)
    base.execute(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(values))})", list(values.values()))


def put_data(base, table, shop, received_ms, **values):
    put(base, table, shop_id=shop, row_hash=b"x", received_ms=received_ms, first_seen_ms=received_ms - 2000,
        changed_ms=received_ms - 1000, **values)


def passed(base, shop, at_ms, stream="ad_figures"):
    """A shop's stream is complete up to this instant: the pass over the figures that began then has ended."""
    base.execute("DELETE FROM stream_state WHERE shop_id = ? AND stream = ?", (shop, stream))
    put(base, "stream_state", shop_id=shop, stream=stream, complete_up_to_ms=at_ms, last_success_ms=at_ms + 30_000)


class Ads:
    """A home with the orders above. Figures were kept at 12:00, 12:05 and 12:10 Beijing time on 2026-01-28; the pass of
    12:10 has ended in shop A and still runs in B."""

    def __init__(self, t, kind, noon_ms=DAWN_MS + 12 * HOUR_MS):
        self.base, self.noon_ms = kind(t), noon_ms
        self.shops()
        for order_id, (shop, item, budget, _) in WRITTEN.items():
            self.order(order_id, shop, item, budget)
        self.order(NO_FIGURES, A, VIDEO, 77700)
        passed(self.base, A, noon_ms + 10 * MINUTE_MS + 2_000)
        passed(self.base, B, noon_ms + 9 * MINUTE_MS + 59_999)
        self.base.commit()

    def shops(self):
        for shop, platform, state in ((A, "douplus", "enabled"), (B, "douplus", "enabled"),
                                      (OFF, "douplus", "disabled"), (LIFE, "douyin-life", "enabled")):
            put(self.base, "shop", id=shop, platform=platform, name=f"shop {shop}", external_id=f"MS4wLj{shop}",
                state=state, created_ms=DAWN_MS)
        passed(self.base, OFF, self.noon_ms - 24 * HOUR_MS)
        passed(self.base, LIFE, self.noon_ms - 48 * HOUR_MS)
        passed(self.base, A, self.noon_ms - 72 * HOUR_MS, "ad_orders")

    def order(self, order_id, shop, item, budget):
        put_data(self.base, "ad_order", shop, self.noon_ms, order_id=order_id, item_id=item, budget=budget,
                 created_at=DAWN_MS + int(order_id) % 10 * MINUTE_MS, status="DELIVERING", delivery_hours="24")
        if order_id == NO_FIGURES:
            return
        figures = figures_of(order_id)
        put_data(self.base, "ad_figure", shop, self.noon_ms + 11 * MINUTE_MS, order_id=order_id, **figures)
        for minute, share in ((0, 3), (5, 2), (10, 1)):
            kept = {k: v // share for k, v in figures.items()}
            put_data(self.base, "ad_figure_snapshot", shop, self.noon_ms + minute * MINUTE_MS, order_id=order_id,
                     at=self.noon_ms + minute * MINUTE_MS, **kept)

    def write(self, sql, *values):
        self.base.execute(sql, values)
        self.base.commit()

    def rows(self, sql, *values):
        return self.base.rows("douplus", sql, *values)


def decimal(n, d, places, rounding=ROUND_HALF_UP):
    """n ÷ d as the old decimal columns kept it, and 0 for a division by zero."""
    return float((Decimal(n) / Decimal(d)).quantize(Decimal(1).scaleb(-places), rounding)) if d else 0.0


def yuan(fen):
    return fen / 100


def at(unix_ms):
    return local(unix_ms / 1000)


@on_each
def test_old_columns_of_ads(t, kind):
    ads = Ads(t, kind)
    for view, columns in AD_COLUMNS.items():
        same(" ".join(ads.rows(f"SELECT * FROM {view} LIMIT 1")[0]), columns, f"columns of {view}")


@on_each
def test_saved_ad_queries_give_the_truth(t, kind):
    ads = Ads(t, kind)
    newest_figures(ads)
    video_ranking(ads)
    sync_state(ads)


def newest_figures(ads):
    """All are there though their snapshots are older than the table's newest window."""
    ads.write("DELETE FROM ad_figure_snapshot WHERE at > ? AND shop_id = ?", ads.noon_ms, A)
    asked = ["1835535794685987", "1835535798058121", "1854996841947321"]
    wanted = {i: (yuan(f["cost"]), f["plays"], f["likes"], f["conversions"], yuan(f["conversion_cost"]),
                  f["rate_5s"] / 1_000_000) for i in asked for f in [figures_of(i)]}
    found = ads.rows(NEWEST_FIGURES, *asked)
    same(len(found), len(asked), "rows of newest figures")
    same({r["order_id"]: tuple(r.values())[1:] for r in found}, wanted, "newest figures")
    if ads.base.kind != "postgres":  # which does not compare texts with numbers
        same(len(ads.rows(NEWEST_FIGURES, *map(int, asked))), len(asked), "newest figures asked for by numbers")


def video_ranking(ads):
    for shop, wanted in ((A, [VIDEO, OTHER_VIDEO]), (B, [VIDEO]), (LIFE, [])):
        found = ads.rows(VIDEO_RANKING, shop)
        same([r["item_id"] for r in found], wanted, f"ranking of shop {shop}")
        for row in found:
            same({k: row[k] for k in row}, {k: video_truth(shop, row["item_id"])[k] for k in row}, "ranked video")


def sync_state(ads):
    counts = defaultdict(int)
    for shop, *_ in AD_ORDERS.values():
        counts[shop] += 1
    counts[A] += 1  # the one without figures
    same(ads.rows(SYNC_STATE), [{"account_id": shop, "order_count": counts[shop], "last_sync": at(ads.noon_ms)}
                                for shop in (A, B, OFF)], "sync state")


@on_each
def test_coverage_counts_orders_of_the_last_hour(t, kind):
    now_ms = int(datetime.now().timestamp() * 1000) // (5 * MINUTE_MS) * 5 * MINUTE_MS
    coverage = COVERAGE.replace(HOUR_AGO["mariadb"], HOUR_AGO[kind.kind])
    ads = Ads(t, kind, now_ms - 30 * MINUTE_MS)
    same(ads.rows(coverage), [{"total_orders": len(AD_ORDERS), "recent_synced": len(AD_ORDERS)}], "coverage")
    passed(ads.base, B, now_ms - 2 * HOUR_MS)
    ads.write("DELETE FROM ad_figure_snapshot")
    same(ads.rows(coverage), [{"total_orders": len(AD_ORDERS), "recent_synced": 0}], "coverage of a shop that hangs")


@on_each
def test_figures_are_history_and_the_latest(t, kind):
    """Latest figures at the newest complete window, snapshots only before it, no order twice in a window."""
    ads = Ads(t, kind)
    wanted = {}
    for order_id, (_, item, _, _) in AD_ORDERS.items():
        for minute, share in ((0, 3), (5, 1)):
            stat_time = at(ads.noon_ms + minute * MINUTE_MS)
            wanted[order_id, stat_time] = item, {k: v // share for k, v in figures_of(order_id).items()}
    found = ads.rows("SELECT * FROM douplus_order_stats")
    same(len(found), len(wanted), "rows")
    for row in found:
        item, figures = wanted[row["order_id"], row["stat_time"]]
        same(row["item_id"], item, "item")
        same(stats_figures(row), figures, f"figures of {row['order_id']} at {row['stat_time']}")


def stats_figures(row):
    """A row of douplus_order_stats by our names, 元 back in 分 and the rate in millionths."""
    return {"cost": fen(row["stat_cost"]), "plays": row["total_play"], "likes": row["custom_like"],
            "comments": row["dy_comment"], "shares": row["dy_share"], "follows": row["dy_follow"],
            "home_visits": row["dy_home_visited"], "conversions": row["dp_target_convert_cnt"],
            "conversion_cost": fen(row["custom_convert_cost"]), "shown": row["show_cnt"],
            "live_clicks": row["live_click_source_cnt"], "gift_users": row["live_gift_uv"],
            "gift_amount": fen(row["live_gift_amount"]), "live_comments": row["live_comment_cnt"],
            "live_follows": row["live_follow_count"], "gifts": row["live_gift_cnt"],
            "rate_5s": round(row["play_duration_5s_rank"] * 1_000_000)}


@on_each
def test_newest_window_waits_for_every_shop(t, kind):
    ads = Ads(t, kind)

    def newest(minute, what):
        for view in ("douplus_order_stats", "douplus_order_agg", "douplus_video_stats_agg"):
            found = ads.rows(f"SELECT MAX(stat_time) AS newest FROM {view}")[0]["newest"]
            same(found, minute if minute is None else at(ads.noon_ms + minute * MINUTE_MS), f"{what}: {view}")

    newest(5, "B has not ended its pass of 12:10")
    passed(ads.base, B, ads.noon_ms + 10 * MINUTE_MS)
    ads.base.commit()
    newest(10, "both have")
    passed(ads.base, B, ads.noon_ms - 5 * MINUTE_MS)
    ads.write("UPDATE shop SET state = 'needs_person' WHERE id = ?", B)
    newest(10, "B waits for a person")
    ads.write("UPDATE shop SET state = 'enabled' WHERE id = ?", B)
    ads.write("UPDATE stream_state SET complete_up_to_ms = NULL WHERE shop_id = ?", B)
    newest(10, "B has never ended a pass")
    ads.write("UPDATE shop SET state = 'disabled'")
    ads.write("UPDATE ad_figure_snapshot SET at = at + ? WHERE shop_id = ? AND at > ?", 24 * HOUR_MS, LIFE, ads.noon_ms)
    newest(10, "no shop is at work: what is kept for DOU+")
    ads.write("DELETE FROM ad_figure_snapshot WHERE shop_id <> ?", LIFE)
    newest(None, "nothing is kept")


@on_each
def test_ratios_of_orders(t, kind):
    ads = Ads(t, kind)
    found = {r["order_id"]: r for r in ads.rows("SELECT * FROM douplus_order_agg")}
    same(sorted(found), sorted(AD_ORDERS), "orders with figures")
    for order_id, row in found.items():
        shop, item, _, _ = WRITTEN[order_id]
        f = figures_of(order_id)
        same(row, {
            "order_id": order_id, "item_id": item, "account_id": shop, "total_cost": yuan(f["cost"]),
            "total_play": f["plays"], "total_like": f["likes"], "total_comment": f["comments"],
            "total_share": f["shares"], "total_follow": f["follows"], "total_convert": f["conversions"],
            "play_duration_5s": f["rate_5s"] / 1_000_000,
            "play_per_100_cost": decimal(f["plays"] * 100 * 100, f["cost"], 2),
            "avg_convert_cost": decimal(f["cost"], f["conversions"] * 100, 2) if f["conversions"] else None,
            "share_rate": decimal(f["shares"] * 100, f["plays"], 4), "like_rate": decimal(f["likes"], f["plays"], 4),
            "follow_rate": decimal(f["shares"], f["plays"], 4), "stat_time": at(ads.noon_ms + 5 * MINUTE_MS),
            "create_time": at(ads.noon_ms + 11 * MINUTE_MS - 2000),
            "update_time": at(ads.noon_ms + 11 * MINUTE_MS - 1000)}, f"ratios of {order_id}")
    same(found["1835535794685987"]["avg_convert_cost"], 8.63, "cost of a conversion in the middle")
    same(found["1835535798058120"]["play_per_100_cost"], 166228.13, "plays for 100 元 in the middle")


@on_each
def test_what_was_not_told_stays_unknown(t, kind):
    ads = Ads(t, kind)
    ads.write("UPDATE ad_figure SET plays = NULL, rate_5s = NULL WHERE order_id = '1835535794685987'")
    row = ads.rows("SELECT * FROM douplus_order_agg WHERE order_id = '1835535794685987'")[0]
    for name in ("total_play", "play_duration_5s", "play_per_100_cost", "share_rate", "like_rate", "follow_rate"):
        same(row[name], None, name)


def video_truth(shop, item):
    ids = [i for i, o in AD_ORDERS.items() if o[:2] == (shop, item)]
    orders = [figures_of(i) for i in ids]
    total = {k: sum(f[k] for f in orders) for k in FIGURES}
    rates = sum(f["rate_5s"] * f["plays"] for f in orders)
    return {
        "item_id": item, "account_id": shop, "user_id": None, "order_count": len(orders),
        "total_budget": yuan(sum(WRITTEN[i][2] for i in ids)), "total_cost": yuan(total["cost"]),
        "total_play": total["plays"], "total_like": total["likes"], "total_comment": total["comments"],
        "total_share": total["shares"], "total_follow": total["follows"], "total_convert": total["conversions"],
        "total_home_visited": total["home_visits"],
        "avg_5s_rank": decimal(rates, total["plays"] * 1_000_000, 6, ROUND_HALF_EVEN),
        "avg_convert_cost": decimal(total["cost"], total["conversions"] * 100, 2) if total["conversions"] else None,
        "play_per_100_cost": decimal(total["plays"] * 100 * 100, total["cost"], 2),
        "like_rate": decimal(total["likes"], total["plays"], 4),
        "share_rate": decimal(total["shares"], total["plays"], 4),
        "share_per_100_play": decimal(total["shares"] * 100, total["plays"], 2),
        "min_order_create_time": min(at(DAWN_MS + int(i) % 10 * MINUTE_MS) for i in ids), "data_version": None}


@on_each
def test_videos_are_sums_of_their_orders_in_one_shop(t, kind):
    ads = Ads(t, kind)
    found = {(r["account_id"], r["item_id"]): r for r in ads.rows("SELECT * FROM douplus_video_stats_agg")}
    same(sorted(found), sorted({o[:2] for o in AD_ORDERS.values() if o[1]}), "videos")
    for (shop, item), row in found.items():
        same(row, {**row, **video_truth(shop, item), "stat_time": at(ads.noon_ms + 5 * MINUTE_MS),
                   "agg_time": at(ads.noon_ms + 11 * MINUTE_MS - 1000)}, f"video {item} of shop {shop}")
    for plays, rates, wanted in (((1, 1), (0, 1), 0.0), ((1, 1), (1, 2), 0.000002), ((3, 1), (1, 2), 0.000001)):
        for order_id, play, rate in zip(("1835535794685987", "1835535798058120"), plays, rates):
            ads.write("UPDATE ad_figure SET plays = ?, rate_5s = ? WHERE order_id = ?", play, rate, order_id)
        found = ads.rows("SELECT avg_5s_rank FROM douplus_video_stats_agg WHERE account_id = ? AND item_id = ?", A, VIDEO)
        same(found[0]["avg_5s_rank"], wanted, f"rates {rates} weighted by {plays}")


@on_each
def test_orders_end_when_their_hours_are_over(t, kind):
    """And not after 24 hours; what we saw ending ended then; a midnight in Beijing is no midnight in UTC."""
    ads = Ads(t, kind)
    order_id, created_ms = "1835535794685987", DAWN_MS - 1000
    seen_ms = ads.noon_ms - 2000  # as put_data makes it
    cases = [("48.0", "DELIVERING", None, 48, created_ms + 48 * HOUR_MS),
             ("2", "DELIVERIED", seen_ms, 2, created_ms + 2 * HOUR_MS),
             ("48", "UNDELIVERIED", seen_ms + HOUR_MS, 48, seen_ms + HOUR_MS),
             ("0.5", "OFFLINE_AUDIT", None, 1, created_ms + HOUR_MS // 2),
             ("0", "DELIVERING", None, 0, None), (None, "DELIVERING", None, None, None),
             ("6", "DELIVERING", seen_ms + HOUR_MS, 6, created_ms + 6 * HOUR_MS)]
    for hours, status, final_ms, duration, end_ms in cases:
        ads.write("DELETE FROM status_history")
        ads.write("UPDATE ad_order SET delivery_hours = ?, status = ?, created_at = ? WHERE order_id = ?", hours, status,
                  created_ms, order_id)
        if final_ms:
            # A platform that took an ending back: only the ending behind that counts.
            for at_ms, seen in ((seen_ms - 2 * HOUR_MS, "DELIVERIED"), (final_ms, "UNDELIVERIED"), (final_ms + HOUR_MS, "DELIVERIED"),
                                (seen_ms - HOUR_MS, "DELIVERING")):
                put(ads.base, "status_history", shop_id=A, table_name="ad_order", key_text=order_id, at_ms=at_ms,
                    status=seen, seen_ms=at_ms)
            ads.base.commit()
        row = ads.rows("SELECT * FROM douplus_order WHERE order_id = ?", order_id)[0]
        same((row["duration"], row["order_create_time"], row["order_end_time"]),
             (duration, "2026-01-27 23:59:59", end_ms and at(end_ms)), f"{status} of {hours} hours")


@on_each
def test_orders_say_when_they_were_last_read(t, kind):
    ads = Ads(t, kind)
    open_id, missing_id, final_id = "1835535794685987", "1835535798058120", "1835535798058121"
    for order_id, missing in ((open_id, 0), (missing_id, 1), (final_id, 0)):
        put(ads.base, "ask_plan", shop_id=A, stream="ad_orders", key_text=order_id, missing=missing, base_missing=0,
            asked_ms=ads.noon_ms + 3 * MINUTE_MS)
    ads.write("UPDATE ad_order SET status = 'DELIVERIED' WHERE order_id = ?", final_id)
    passed(ads.base, A, ads.noon_ms + 4 * MINUTE_MS - 30_000, "ad_orders")
    ads.base.commit()
    for order_id, minute in ((open_id, 3), (missing_id, 0), (final_id, 4)):
        row = ads.rows("SELECT last_sync_time FROM douplus_order WHERE order_id = ?", order_id)[0]
        same(row["last_sync_time"], at(ads.noon_ms + minute * MINUTE_MS), f"last read: {order_id}")


@on_each
def test_orders_are_the_platforms(t, kind):
    """A synced list: every order of the sandbox, in 元, with its pictures and the numbers as text."""
    sandbox = t.sandbox(life_shops=0, douplus_shops=1, douplus_orders=60)
    base = kind(t, sandbox)
    shop = lib.add_shops(base.home, sandbox, "douplus", env=base.env)[0]
    lib.budgets_lift(base.home, base.env)
    base.huiliu("sync", "--stream", "ad_orders", check=True)
    truth = {o["order_id"]: o for o in sandbox.truth("douplus", shop["external_id"])}
    found = base.rows("douplus", "SELECT * FROM douplus_order")
    same(sorted(r["order_id"] for r in found), sorted(truth), "orders")
    for row in found:
        order = truth[row["order_id"]]
        same((fen(row["budget"]), row["item_id"], row["task_id"], row["order_create_time"], row["deleted"]),
             (order["budget"], order["item_id"], order["task_id"], local(order["created_at"]), 0), row["order_id"])
        same(row["aweme_cover"] is None, row["item_id"] is None, "a cover where there is a video")
        lib.holds(row["aweme_cover"] is None or row["aweme_cover"].startswith("http"), "a cover is an address")


@on_each
def test_accounts_show_no_token(t, kind):
    ads = Ads(t, kind)
    expires_ms = ads.noon_ms + 24 * HOUR_MS
    put(ads.base, "token", owner=f"shop:{B}", state="fresh", access_cipher="sealed", refresh_cipher="sealed",
        expires_ms=expires_ms)
    ads.write("UPDATE shop SET token_of = ? WHERE id = ?", B, A)
    found = ads.rows("SELECT * FROM douyin_account ORDER BY id")
    same([(r["id"], r["aweme_sec_uid"], r["nickname"], r["status"], r["token_expires_at"]) for r in found],
         [(A, "MS4wLj1", "shop 1", 1, at(expires_ms)), (B, "MS4wLj2", "shop 2", 1, at(expires_ms)),
          (OFF, "MS4wLj3", "shop 3", 0, None)], "accounts")
    same({(r["access_token"], r["refresh_token"]) for r in found}, {(None, None)}, "tokens")


# --- what runs, and how far it has come ---

ORDER_STREAM = "orders"


def life_at_work(base, now_ms):
    """Two Douyin Life shops, read up to different instants, and a worker that has just beaten. Shop 4 is made by Ads."""
    put(base, "shop", id=5, platform="douyin-life", name="shop 5", external_id="5", state="enabled",
        created_ms=DAWN_MS + HOUR_MS)
    for shop, read_ms in ((LIFE, now_ms - HOUR_MS), (5, now_ms - 2 * HOUR_MS)):
        put(base, "stream_state", shop_id=shop, stream=ORDER_STREAM, frontier_ms=read_ms, last_success_ms=now_ms - MINUTE_MS)
        for state, from_ms, position, page_number in (("sealed", 0, "old", 9), ("open", 1, "", 3), ("open", 2, "later", 1)):
            put(base, "sync_window", shop_id=shop, stream=ORDER_STREAM, kind="pull", from_ms=from_ms, to_ms=from_ms + 1,
                state=state, position="next,page" if shop == 5 and from_ms == 1 else position, page_number=page_number)
    put(base, "worker", name="run:a:1:x", host="a", pid=1, version="1", threads=4, busy=0, degraded=0,
        started_ms=now_ms - HOUR_MS, beat_ms=now_ms)
    base.commit()


@on_each
def test_one_task_stands_for_all_shops(t, kind):
    """As the old loop's row: it runs, it fails with a reason that goes away, it is stopped; a dead worker is none."""
    ads = Ads(t, kind)
    now_ms = int(datetime.now().timestamp()) * 1000
    base = ads.base
    same(" ".join(base.rows("life", "SELECT * FROM task_monitor")[0]), "task_id status last_sync_time last_heartbeat "
         "target_command error_message created_at updated_at", "columns")
    same(base.rows("life", "SELECT status, target_command FROM task_monitor"),
         [{"status": "STOPPED", "target_command": "START"}], "no worker has ever run")
    life_at_work(base, now_ms)

    def seen(status, command, error, what):
        same(base.rows("life", "SELECT * FROM task_monitor WHERE task_id = 'douyin_order_sync'"),
             [{"task_id": "douyin_order_sync", "status": status, "last_sync_time": at(now_ms - 2 * HOUR_MS),
               "last_heartbeat": at(now_ms), "target_command": command, "error_message": error,
               "created_at": at(DAWN_MS), "updated_at": at(now_ms)}], what)

    seen("RUNNING", "START", None, "all is well")
    ads.write("UPDATE stream_state SET last_error = 'no such account', last_error_ms = ? WHERE shop_id = 5", now_ms - 5000)
    seen("ERROR", "START", "shop 5: no such account", "a shop fails")
    ads.write("UPDATE stream_state SET last_error = NULL WHERE shop_id = 5")
    ads.write("INSERT INTO hold (scope, name, lane, since_ms) VALUES ('lane', '5', 5, 1)")
    seen("RUNNING", "START", None, "one shop is paused")
    ads.write("INSERT INTO hold (scope, name, lane, since_ms) VALUES ('platform', 'douyin-life', 0, 1)")
    seen("STOPPED", "STOP", None, "all are paused")
    ads.write("DELETE FROM hold")
    ads.write("UPDATE worker SET beat_ms = ?", now_ms - 2 * MINUTE_MS)
    found = base.rows("life", "SELECT status, last_heartbeat FROM task_monitor")
    same(found, [{"status": "STOPPED", "last_heartbeat": at(now_ms - 2 * MINUTE_MS)}], "the worker is dead")
    ads.write("UPDATE shop SET state = 'needs_person', state_reason = 'log in' WHERE id = 5")
    found = base.rows("life", "SELECT error_message, last_sync_time FROM task_monitor")
    same(found, [{"error_message": "shop 5: log in", "last_sync_time": at(now_ms - HOUR_MS)}], "a shop waits for a person")
    ads.write("DELETE FROM shop WHERE platform = 'douyin-life'")
    same(base.rows("life", "SELECT * FROM task_monitor"), [], "no shop, no task")


@on_each
def test_cursors_say_how_far_each_shop_is(t, kind):
    ads = Ads(t, kind)
    now_ms = DAWN_MS + 36 * HOUR_MS
    life_at_work(ads.base, now_ms)
    name = ads.base.view("life", "sync_cursor")
    found = ads.base.rows("life", f"SELECT entity, shop_id, last_synced_at, page_token FROM {name} ORDER BY shop_id, entity")
    same([tuple(r.values()) for r in found],
         [("ad_figures", LIFE, at(ads.noon_ms - 48 * HOUR_MS), None), (ORDER_STREAM, LIFE, at(now_ms - HOUR_MS), "3"),
          (ORDER_STREAM, 5, at(now_ms - 2 * HOUR_MS), "next,page")], "cursors of Douyin Life")
    name = ads.base.view("douplus", "sync_cursor")
    found = ads.rows(f"SELECT * FROM {name} ORDER BY shop_id, entity")
    same([(r["shop_id"], r["entity"]) for r in found], [(A, "ad_figures"), (A, "ad_orders"), (B, "ad_figures"),
                                                        (OFF, "ad_figures")], "cursors of DOU+")
    if kind.kind == "sqlite":
        same(len(ads.rows("SELECT * FROM sync_cursor")), 7, "cursors of both systems by the plain name")


# --- the databases and the manual ---

def life_orders(base):
    """Amounts and instants where databases could round or cut in different ways."""
    for i, (paid_at, amount, source) in enumerate(((DAWN_MS - 1, 1, None), (DAWN_MS, 99, ""), (None, None, None),
                                                   (DAWN_MS + 999, 123_456_789_012_345, "7"), (DAWN_MS + 1000, 0, None))):
        put_data(base, "trade_order", LIFE, DAWN_MS + 1_500, order_id=str(i), status="2", sku_id="1", sku_name="套餐’'\\😀",
                 pay_amount=amount, quantity=i, created_at=paid_at, paid_at=paid_at, source_order_id=source,
                 phone_mask="138****0000")
    base.commit()


def test_rows_are_the_same_on_all_databases(t):
    """Every row of every view, over the same rows of the tables."""
    now_ms = int(datetime.now().timestamp()) * 1000
    seen = {}
    for kind in KINDS:
        ads = Ads(t, kind)
        life_at_work(ads.base, now_ms)
        life_orders(ads.base)
        items = '[{"aweme_item_cover": ["https://a/b?c=\\u4e2d&d", "x"], "aweme_author_avatar": []}]'
        ads.write("UPDATE ad_order SET items = ?, delivery_hours = '0.5' WHERE item_id IS NULL", items)
        for order_id, hours in zip(AD_ORDERS, ("12.", "1.5.5", "-3", "2.5", "1e3", "99999999")):
            ads.write("UPDATE ad_order SET delivery_hours = ? WHERE order_id = ?", hours, order_id)
        for system, name in VIEWS:
            found = ads.base.rows(system, f"SELECT * FROM {ads.base.view(system, name)}")
            lib.holds(found, f"{system} {name} is empty on {kind.kind}")
            rows = sorted((tuple(r.items()) for r in found), key=repr)
            differ = set(rows) ^ set(seen.setdefault((system, name), rows))
            lib.holds(not differ, f"{system} {name} on {kind.kind} is not as on {KINDS[0].kind}: {differ}")
            same(len(rows), len(seen[system, name]), f"rows of {system} {name} on {kind.kind}")


def test_amounts_are_exact_on_servers(t):
    """Decimals, not binary fractions; and types that saved SQL can work with."""
    for kind in KINDS[1:]:
        base = Ads(t, kind).base
        life_orders(base)
        found = base.rows("life", "SELECT CONCAT(SUM(pay_amount)) AS sum FROM orders")
        same(found, [{"sum": "1234567890124.45"}], f"sum on {kind.kind}")
        found = base.rows("life", "SELECT MAX(pay_time) - MIN(pay_time) AS t, COUNT(raw_data) AS n FROM orders")
        same(found[0]["n"], 0, "originals that a database can open")


def test_saved_queries_are_the_manuals(t):
    """What runs here is what users have saved, letter by letter but for line breaks and remarks."""
    path = lib.SHARED / "spec" / "manual-sql.md"
    if not path.exists():
        raise lib.Skip(f"{path} is not here")
    words = lambda sql: " ".join(re.sub(r"--.*", "", sql).split())
    blocks = re.findall(r"```sql\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)
    saved = [words(sql) + ";" for block in blocks for sql in re.sub(r"--.*", "", block).split(";") if words(sql)]
    mine = [NEWEST_FIGURES, VIDEO_RANKING, SYNC_STATE, COVERAGE, NEWEST, BY_PHONE, BY_DAY, BY_SKU]
    same(saved, [words(sql) for sql in mine], "queries of the manual")


if __name__ == "__main__":
    lib.main(globals())

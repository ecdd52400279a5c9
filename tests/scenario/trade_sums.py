"""What trade orders came to, worked out again from the data tables, with fractions and dictionaries; shares no code with src/derive."""
import datetime
from collections import defaultdict
from fractions import Fraction

from lib import holds, same

BEIJING = datetime.timezone(datetime.timedelta(hours=8))
NO_SALE = {"placed", "cancelled", "refunded"}
EXPONENT = {"CNY": 2, "USD": 2, "EUR": 2, "JPY": 0, "KWD": 3}
ADDED = "pieces gmv refunds received goods_cost freight commission profit_before_ads".split()


def half_even(value):
    low = value.numerator // value.denominator
    rest = value - low
    return low + (rest > Fraction(1, 2) or (rest == Fraction(1, 2) and low % 2 == 1))


def day_of(at_ms):
    return datetime.datetime.fromtimestamp(at_ms / 1000, BEIJING).date().isoformat()


def newest(entries, day):
    held = [entry for entry in entries if entry["from"] <= day]
    return max(held, key=lambda entry: entry["from"]) if held else None


class Book:
    """What people said, and what stands beside the orders."""

    def __init__(self, rows):
        self.costs, self.rates, self.vouchers = defaultdict(list), defaultdict(list), defaultdict(list)
        for c in rows("SELECT * FROM sku_cost"):
            self.costs[c["shop_id"], c["sku_id"]].append({"from": c["from_day"], **c})
        for r in rows("SELECT * FROM exchange_rate"):
            self.rates[r["base"], r["quote"]].append({"from": r["day"], **r})
        for v in rows("SELECT shop_id, order_id, refund_amount, currency FROM trade_certificate WHERE refund_amount IS NOT NULL"):
            self.vouchers[v["shop_id"], v["order_id"]].append(v)
        self.shop = {s["id"]: s["person"] for s in rows("SELECT id, person FROM shop")}
        self.product = {(p["shop_id"], p["sku_id"]): p["person"] for p in rows("SELECT * FROM product")}
        self.said = {(p["shop_id"], p["sku_id"]): p["person"] for p in rows("SELECT * FROM sku_person")}

    def unit_cost(self, shop, sku, day, currency):
        entry = newest(self.costs[shop, sku], day)
        if entry is None or entry["cost"] is None:
            return None
        if entry["currency"] == currency:
            return entry["cost"]
        rate = newest(self.rates[entry["currency"], currency], day)
        if rate is None:
            return None
        major = Fraction(entry["cost"], 10 ** EXPONENT[entry["currency"]]) * Fraction(rate["rate"], 10 ** 9)
        return half_even(major * 10 ** EXPONENT[currency])

    def person(self, shop, sku):
        return self.said.get((shop, sku)) or self.product.get((shop, sku)) or self.shop.get(shop) or ""


def product_of(a, b):
    return None if a is None or b is None else a * b


def result_of(o, book):
    created = o["created_at"] or o["paid_at"] or o["first_seen_ms"]
    row = {"shop_id": o["shop_id"], "order_id": o["order_id"], "parent_id": o["parent_id"] or o["order_id"], "sku_id": o["sku_id"] or "",
           "spu_id": o["spu_id"] or "", "person": book.person(o["shop_id"], o["sku_id"] or ""), "stage": o["stage"] or "",
           "counts": int(o["stage"] not in NO_SALE), "created_ms": created, "day": day_of(created), "currency": o["currency"] or "",
           "pieces": o["quantity"], "freight": o["freight_amount"], "commission": o["commission_amount"], "delivered_ms": o["delivered_at"]}
    row["gmv"] = o["pay_amount"] if o["pay_amount"] is not None else product_of(o["unit_price"], o["quantity"])
    vouchers = [v["refund_amount"] for v in book.vouchers[o["shop_id"], o["order_id"]] if v["currency"] in (None, o["currency"])]
    row["refunds"] = o["refund_amount"] if o["refund_amount"] is not None else sum(vouchers)
    row["received"] = o["receipt_amount"] if o["receipt_amount"] is not None else row["gmv"]
    row["unit_cost"] = book.unit_cost(o["shop_id"], row["sku_id"], row["day"], row["currency"])
    row["goods_cost"] = product_of(row["pieces"], row["unit_cost"])
    known = row["received"] is not None and row["goods_cost"] is not None
    row["profit_before_ads"] = (row["received"] - row["refunds"] - row["goods_cost"] - (row["freight"] or 0) - (row["commission"] or 0)
                                if known else None)
    both = o["ship_by_at"] is not None and o["shipped_at"] is not None
    row["late"] = int(o["shipped_at"] > o["ship_by_at"]) if both else None
    return row


def known_sum(values, nothing):
    known = [value for value in values if value is not None]
    return sum(known) if known or nothing else None


def day_row(key, rows):
    day = dict(zip(("shop_id", "dimension", "day", "member", "currency"), key))
    sold = [row for row in rows if row["counts"]]
    for name in ADDED:
        day[name] = known_sum((row[name] for row in sold), not sold)
    day["gmv_costed"] = known_sum((row["gmv"] for row in sold if row["profit_before_ads"] is not None), not sold)
    day["cost_unknown"] = sum(row["goods_cost"] is None for row in sold)
    day["orders"] = len({row["parent_id"] for row in sold})
    day["cancelled"] = len({row["parent_id"] for row in rows} - {row["parent_id"] for row in sold})
    day["shipped"] = len({row["parent_id"] for row in sold if row["late"] is not None})
    day["late"] = len({row["parent_id"] for row in sold if row["late"]})
    return day


def days_of(results):
    groups = defaultdict(list)
    for row in results:
        for dimension, member in (("shop", ""), ("sku", row["sku_id"]), ("spu", row["spu_id"]), ("person", row["person"])):
            groups[row["shop_id"], dimension, row["day"], member, row["currency"]].append(row)
    return {key: day_row(key, rows) for key, rows in groups.items()}


def trade_equal(rows):
    """Every row of trade_result and trade_day is what the data tables come to. Returns both, as worked out here."""
    book = Book(rows)
    results = [result_of(order, book) for order in rows("SELECT * FROM trade_order")]
    stored = {(r["shop_id"], r["order_id"]): r for r in rows("SELECT * FROM trade_result")}
    same(sorted(stored), sorted((r["shop_id"], r["order_id"]) for r in results), "orders that have a result")
    for row in results:
        found = stored[row["shop_id"], row["order_id"]]
        same({name: found[name] for name in row}, row, f"the result of {row['order_id']}")
    days = days_of(results)
    stored = {tuple(r[name] for name in ("shop_id", "dimension", "day", "member", "currency")): r for r in rows("SELECT * FROM trade_day")}
    same(sorted(stored), sorted(days), "days that have a row")
    for key, row in days.items():
        same({name: stored[key][name] for name in row}, row, f"the day {key}")
    return results, days


def worth_it(results, days):
    """The comparison is about something: sales, refunds, parents called off."""
    holds(sum(r["counts"] for r in results) > 50 and any(r["refunds"] for r in results), "no sales, or no refunds")
    holds(any(d["cancelled"] for d in days.values()), "nothing was called off")

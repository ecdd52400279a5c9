#!/usr/bin/env python3
"""Sales over the API against the sandbox's own truth: by day, ISO week, month, shop and SKU, the orders themselves, the reports.
Worked out here from what the platform says, with dictionaries."""
import datetime
from collections import defaultdict
from decimal import Decimal

import lib
from api_client import Api
from lib import holds, same
from truth import Stage

BEIJING = datetime.timezone(datetime.timedelta(hours=8))
NO_SALE = {"0", "100", "101", "4"}  # never paid, called off, paid back whole: Douyin Life's own words


def date_of(order):
    return datetime.datetime.fromtimestamp(order["created_at"], BEIJING).date()


class Truth:
    def __init__(self, t):
        self.stage = Stage(t, life_shops=2, life_orders=300, douplus_shops=0)
        self.stage.sync()
        self.orders = [{**order, "shop_id": self.stage.shop_id(shop), "refunds": sum(c["refund_amount"] or 0 for c in order["certificates"])}
                       for shop in self.stage.shops for order in self.stage.truth(shop).values()]
        self.sold = [o for o in self.orders if str(o["status"]) not in NO_SALE]
        holds(len(self.sold) > 100 and len(self.sold) < len(self.orders), "some are sales and some are none")


def sums(orders):
    return {"orders": len(orders), "pieces": sum(o["count"] for o in orders), "gmv": sum(o["pay_amount"] for o in orders),
            "refunds": sum(o["refunds"] for o in orders), "received": sum(o["receipt_amount"] for o in orders)}


def said(item, name):
    value = item[name]
    if isinstance(value, dict):
        same(Decimal(value["text"]) * 100, value["minor"], f"{name} {value}")
        return value["minor"]
    return value


def same_sums(item, orders, what):
    same({name: said(item, name) for name in sums(orders)}, sums(orders), what)
    same(said(item, "net"), sums(orders)["gmv"] - sums(orders)["refunds"], f"{what}: net")
    if orders:
        same((item["profit_before_ads"], item["cost_unknown"]), (None, len(orders)), f"{what}: no cost is known, so no profit is")


def groups(orders, key):
    out = defaultdict(list)
    for order in orders:
        out[key(order)].append(order)
    return out


def iso_week(order):
    year, week, _ = date_of(order).isocalendar()
    return f"{year:04}-W{week:02}"


def test_sales_are_what_the_platform_says(t):
    truth = Truth(t)
    with Api(truth.stage) as api:
        for by, key in (("day", lambda o: date_of(o).isoformat()), ("week", iso_week), ("month", lambda o: date_of(o).isoformat()[:7])):
            wanted = groups(truth.sold, key)
            answer = api.get("/api/v1/sales", period="all", by=by)
            got = {item[by]: item for item in answer["items"]}
            same([item[by] for item in answer["items"]], sorted(got), f"order of {by}s")
            for name, item in got.items():
                same_sums(item, wanted.get(name, []), f"{by} {name}")
            same(set(wanted) - set(got), set(), f"{by}s that are missing")
            total = {name: said(answer["totals"][0], name) for name in sums([])}
            same(total, sums(truth.sold), f"totals by {by}")
        for by, name, key in (("shop", "shop", lambda o: str(o["shop_id"])), ("sku", "sku_id", lambda o: o["sku_id"])):
            wanted = groups(truth.sold, key)
            got = {item[name]: item for item in api.walk("/api/v1/sales", period="all", by=by, limit=5, sort="-gmv")}
            for member, orders in wanted.items():
                same_sums(got[member], orders, f"{by} {member}")
            ordered = [said(item, "gmv") for item in api.walk("/api/v1/sales", period="all", by=by, limit=3, sort="-gmv")]
            same(ordered, sorted(ordered, reverse=True), f"{by} by GMV")
        first, last = min(map(date_of, truth.sold)), max(map(date_of, truth.sold))
        one = api.get("/api/v1/sales", from_=last.isoformat(), to=last.isoformat(), by="day")["totals"][0]
        same_days = [o for o in truth.sold if date_of(o) == last]
        same({name: said(one, name) for name in sums([])}, sums(same_days), "the last day is in")
        monday = first - datetime.timedelta(days=first.weekday())
        week = [o for o in truth.sold if monday <= date_of(o) <= monday + datetime.timedelta(days=6)]
        report = api.get("/api/v1/reports/weekly", date=first.isoformat())
        same({name: said(report["sales"][0], name) for name in sums([])}, sums(week), "report of a week")
        pieces = {sku: sums(orders)["pieces"] for sku, orders in groups(week, lambda o: o["sku_id"]).items()}
        same([item["pieces"] for item in report["skus"]][:len(pieces)], sorted(pieces.values(), reverse=True)[:20], "top of a week")
        hot = api.get("/api/v1/sales/hot", month=first.isoformat()[:7], of="sku", by="gmv", limit=1000)["items"]
        month = groups([o for o in truth.sold if date_of(o).isoformat()[:7] == first.isoformat()[:7]], lambda o: o["sku_id"])
        same([said(item, "gmv") for item in hot][:len(month)], sorted((sums(o)["gmv"] for o in month.values()), reverse=True), "hot SKUs")


def test_orders_are_the_platforms_and_pages_cut_none(t):
    truth = Truth(t)
    with Api(truth.stage) as api:
        got = list(api.walk("/api/v1/trade-orders", limit=37))
        same(len(got), len(truth.orders), "orders")
        same([item["created_at"] for item in got], sorted((item["created_at"] for item in got), reverse=True), "order of creation")
        by_id = {(int(item["shop"]), item["order_id"]): item for item in got}
        for order in truth.orders:
            part = by_id[order["shop_id"], order["order_id"]]["parts"][0]
            same((part["order_id"], part["status"], part["sku_id"], said(part, "gmv"), part["pieces"], said(part, "refunds"), part["counts"]),
                 (order["order_id"], str(order["status"]), order["sku_id"], order["pay_amount"], order["count"], order["refunds"],
                  str(order["status"]) not in NO_SALE), order["order_id"])
            holds("*" in (part["phone"] or "*"), "a phone in the clear")
        for sign in ("", "-"):
            parts = list(api.walk("/api/v1/trade-parts", limit=100, sort=f"{sign}gmv"))
            same([said(part, "gmv") for part in parts], sorted((o["pay_amount"] for o in truth.orders), reverse=sign == "-"), f"{sign}gmv")
        least = sorted(o["pay_amount"] for o in truth.orders)[len(truth.orders) // 2]
        parts = api.get("/api/v1/trade-parts", gmv_min=str(Decimal(least) / 100), total=1)
        same(parts["total"], sum(o["pay_amount"] >= least for o in truth.orders), "gmv_min")
        some = truth.orders[7]
        same({item["order_id"] for item in api.walk("/api/v1/trade-orders", sku_id=some["sku_id"], counts="true")},
             {o["order_id"] for o in truth.sold if o["sku_id"] == some["sku_id"]}, "a SKU's sales")
        one = api.get(f"/api/v1/trade-orders/{some['order_id']}", shop=some["shop_id"])
        same([v["order_item_id"] for v in one["details"][0]["vouchers"]], sorted(c["order_item_id"] for c in some["certificates"]), "vouchers")


def test_answers_are_as_the_document_says(t):
    """Each answer about numbers against its schema of the OpenAPI document."""
    try:
        import jsonschema
    except ImportError:
        raise lib.Skip("python3-jsonschema is not here") from None
    stage = Stage(t, life_shops=1, life_orders=60, douplus_shops=1)
    stage.sync()
    with Api(stage) as api:
        document = api.get("/api/v1/openapi.json")
        ad, trade = api.get("/api/v1/ad-orders")["items"][0], api.get("/api/v1/trade-orders")["items"][0]
        api.call("/api/v1/views", {"name": "a", "list": "ad-orders", "columns": ["cost"], "filters": {"status": ["DELIVERIED"]}})
        values = {"{order_id}": trade["order_id"], "{item_id}": ad["item_id"], "{shop}": ad["shop"], "{kind}": "weekly", "{id}": "1"}
        checked = 0
        for path in document["paths"]:
            operation = document["paths"][path].get("get")
            if not operation or not path.startswith(("/api/v1/ad-orders", "/api/v1/videos", "/api/v1/shops/statistics",
                                                     "/api/v1/shops/{shop}/statistics", "/api/v1/dashboard", "/api/v1/trends",
                                                     "/api/v1/metrics", "/api/v1/trade-", "/api/v1/sales", "/api/v1/stock-plan",
                                                     "/api/v1/delay-rate", "/api/v1/reports", "/api/v1/views")):
                continue
            answer = operation["responses"]["2XX"]["content"]
            if "application/json" not in answer:
                holds(path.endswith("/export"), f"{path} answers neither JSON nor a file: {list(answer)}")
                continue
            values["{order_id}"] = ad["order_id"] if "/ad-orders" in path else trade["order_id"]
            asked = path
            for place, value in values.items():
                asked = asked.replace(place, value)
            queries = [{}]
            if any(p["name"] == "period" for p in operation.get("parameters", [])):
                queries = [{"period": "all"}, {"period": "today"}]
            if path == "/api/v1/sales":
                queries = [{"period": "all", "by": by} for by in ("day", "week", "month", "shop", "sku", "spu", "person")]
            schema = answer["application/json"]["schema"]
            for query in queries:
                whole = {**schema, "components": document["components"]}
                faults = [f"{list(error.absolute_path)}: {error.message[:200]}" for error in
                          jsonschema.Draft202012Validator(whole).iter_errors(api.get(asked, **query))]
                same(faults, [], f"{asked} {query}")
                checked += 1
        holds(checked > 25, f"only {checked} answers were looked at")


if __name__ == "__main__":
    lib.main(globals())

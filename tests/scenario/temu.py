#!/usr/bin/env python3
"""A shop of Temu, which nothing is pulled from: it is added without a token, its orders, products and bills come as the files of the
seller's pages, and sales, costs, profit by bill, expected payments and the delay rate of the API are those of the files as this
script recomputes them. Nothing of src/ is used."""
import json
import random
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

import lib
from api_client import Api, Refused
from lib import holds, huiliu, same
from sheets import take, xlsx_bytes
from truth import Stage

NOW = datetime(2026, 1, 28, 8, 0)  # where Stage's clock begins, in Beijing
DONE, SALES = ("已送达", "已签收", "已完成"), ("平台处理中", "待发货", "已发货", "已送达", "已签收", "已完成")
STATUSES = SALES + ("已取消", "已退款", "待支付")
SETTLEMENT_DAYS = 8
ORDER_HEAD = ["订单编号", "子订单号", "商品名称", "应履约件数", "订单金额", "币种", "SKUID", "SPUID", "SKU货号", "订单创建时间", "订单状态", "实际发货时间",
              "要求最晚发货时间", "送达时间", "包裹号"]


def fen(value):
    return int((Decimal(value) * 100).to_integral_value())


class World:
    """What the seller's pages would say."""

    def __init__(self, seed=11):
        rng = random.Random(seed)
        self.skus = [f"1759235267{i:09d}" for i in range(12)]
        self.spu = {sku: f"601{i // 3}" for i, sku in enumerate(self.skus)}
        self.names = {sku: f"灯 {i}" for i, sku in enumerate(self.skus)}
        self.person = {sku: ("王", "李", None)[i % 3] for i, sku in enumerate(self.skus)}
        # Two prices of a piece in time; two SKUs of which nobody knows.
        self.costs = {sku: [(date(2025, 12, 1), 100 + 37 * i), (date(2026, 1, 15), 90 + 41 * i)] for i, sku in enumerate(self.skus[:10])}
        self.parts = []
        for i in range(160):
            po, created = f"PO-211-{i:05d}", NOW - timedelta(days=rng.randrange(1, 45), minutes=rng.randrange(1440))
            for k in range(rng.choice((1, 1, 1, 2, 3))):
                status = rng.choice(STATUSES)
                ship_by = created + timedelta(days=2)
                shipped = created + timedelta(hours=rng.randrange(6, 80)) if status in ("已发货",) + DONE else None
                delivered = shipped + timedelta(days=rng.randrange(3, 20)) if status in DONE else None
                sku = rng.choice(self.skus)
                self.parts.append({
                    "po": po, "id": f"211-{i:05d}-{k}", "sku": sku, "pieces": rng.randrange(1, 4), "status": status,
                    "amount": None if status == "已完成" and k == 2 else fen(Decimal(rng.randrange(500, 9000)) / 100),
                    "created": created, "ship_by": ship_by, "shipped": shipped, "delivered": delivered, "package": f"PK{i:05d}"})

    def order_rows(self):
        def at(time):
            return time.strftime("%Y-%m-%d %H:%M:%S") if time else None
        yield ORDER_HEAD
        for p in self.parts:
            yield [p["po"], p["id"], self.names[p["sku"]], p["pieces"], None if p["amount"] is None else f"¥{Decimal(p['amount']) / 100}",
                   "CNY", p["sku"], self.spu[p["sku"]], "K" + p["sku"][-3:], at(p["created"]), p["status"], at(p["shipped"]),
                   at(p["ship_by"]), at(p["delivered"]), p["package"]]

    def product_rows(self):
        yield ["商品名称", "SKU ID", "SPU ID", "SKC ID", "SKU货号", "申报价格", "类目", "负责人", "状态"]
        for sku in self.skus:
            yield [self.names[sku], sku, self.spu[sku], "9" + self.spu[sku], "K" + sku[-3:], "12.00元", "家居", self.person[sku], "在售"]

    def cost_of(self, part):
        """Of a piece, on the day on which it was ordered; None: nobody knows."""
        known = [cost for day, cost in self.costs.get(part["sku"], []) if day <= part["created"].date()]
        return known[-1] if known else None

    def sold(self):
        return [p for p in self.parts if p["status"] in SALES]


def stage_of(t, world):
    """A home whose Temu shop was filled by files alone."""
    stage = Stage(t, platform="douyin-life", life_shops=1, life_orders=1)
    huiliu(stage.home, "shop", "add", "T", "--platform", "temu", "--external-id", "634418", env=stage.env, check=True)
    folder = t.folder()

    def hand_in(kind, rows):
        path = folder / f"{kind}.xlsx"
        path.write_bytes(xlsx_bytes({"a": list(rows)}))
        return take(stage, path, kind, "T")

    done = hand_in("temu-orders", world.order_rows())
    same((done["new"], done["errors"]), (len(world.parts), 0), "orders")
    done = hand_in("temu-products", world.product_rows())
    same((done["new"], done["errors"]), (len(world.skus), 0), "products")
    return stage, hand_in


def costs_say(stage, world):
    for sku, entries in world.costs.items():
        for day, cost in entries:
            huiliu(stage.home, "cost", "set", "T", sku, day.isoformat(), str(Decimal(cost) / 100), env=stage.env, check=True)
    stage.run("sync", check=True)  # pulls nothing for it, and works out what was said


def minor(money):
    return None if money is None else money["minor"]


def test_a_shop_of_files_is_told_as_one(t):
    world = World()
    stage = Stage(t, platform="douyin-life", life_shops=1, life_orders=1)

    def run(*words):
        return huiliu(stage.home, *words, env=stage.env)
    code, _, why = run("shop", "add", "T", "--platform", "temu", "--external-id", "1", "--token", "x")
    same((code, "token_none" in why), (2, True), "a token for it")
    code, out, why = run("shop", "add", "T", "--platform", "temu", "--external-id", "1")
    same((code, "authori" in out + why), (0, False), f"added, and nothing to authorise: {out} {why}")
    code, out, _ = run("status", "--shop", "T", "--json")
    same([(row["stream"], row["rows"], row["last_error"]) for row in json.loads(out)["status"]], [("-", 0, "no file was imported yet")], "status")
    for words, wanted, said in ((("sync", "--shop", "T"), 3, "shop_by_files"), (("prove", "T", "orders"), 2, "stream_unknown"),
                                (("shop", "authorize", "T"), 2, "token_none"), (("shop", "authorize", "T", "--token", "x"), 2, "token_none")):
        code, out, why = run(*words)
        same((code, said in out + why), (wanted, True), f"{words}: {out} {why}")
    code, out, _ = run("sync")
    same((code, "temu" in out), (0, True), f"a sync of all passes it over, and says so: {out}")
    alone = t.home(stage.sandbox, env=stage.env)
    huiliu(alone, "shop", "add", "T", "--platform", "temu", "--external-id", "1", env=stage.env, check=True)
    code, out, why = huiliu(alone, "sync", env=stage.env)
    same((code, "temu" in out), (0, True), f"nothing but such shops is no trouble: {out} {why}")
    code, out, _ = run("doctor")
    same((code, "T: filled by files" in out), (0, True), out)
    with Api(stage) as api:
        shop = next(one for one in api.get("/api/v1/shops")["items"] if one["platform"] == "temu")
        same(shop["state"], "enabled", "its state")
        platform = next(one for one in api.get("/api/v1/platforms")["items"] if one["platform"] == "temu")
        same((platform["grant"], platform["streams"]), ("none", []), "the platform")
        same(api.get("/api/v1/coverage", shop="T")["items"], [], "nothing came yet")
        same(api.get("/api/v1/sales", shop="T", period="all")["as_of"], None, "as of never")
        try:
            api.call("/api/v1/syncs", {"mode": "incremental", "shops": ["T"]})
            holds(False, "a sync of it was taken")
        except Refused as refused:
            same(refused.problem["code"], "shop_by_files", "a sync of it alone")
    path = t.folder() / "orders.xlsx"
    path.write_bytes(xlsx_bytes({"a": list(world.order_rows())}))
    take(stage, path, "temu-orders", "T", "--as-of", "2026-01-27 12:00")
    code, out, _ = run("status", "--shop", "T", "--json")
    same([(row["stream"], row["rows"]) for row in json.loads(out)["status"]], [("temu-orders", len(world.parts))], "status of what came")
    with Api(stage, user="second") as api:
        covered = api.get("/api/v1/coverage", shop="T")["items"]
        same([(one["stream"], one["table"], one["rows"], one["complete_up_to"]) for one in covered],
             [("temu-orders", "trade_order", len(world.parts), None)], "coverage claims no proof")
        holds("2026-01-27" in covered[0]["text"]["en"] and "proves" in covered[0]["text"]["en"], covered[0]["text"])
        same(api.get("/api/v1/sales", shop="T", period="all")["as_of"], "2026-01-27T04:00:00.000Z", "as of its newest file")


def test_sales_costs_and_delays_are_those_of_the_files(t):
    world = World()
    stage, _ = stage_of(t, world)
    costs_say(stage, world)
    sold = world.sold()
    with Api(stage) as api:
        for by, key, of in (("sku", "sku_id", lambda p: p["sku"]), ("spu", "spu_id", lambda p: world.spu[p["sku"]]),
                            ("day", "day", lambda p: p["created"].date().isoformat()),
                            ("person", "person", lambda p: world.person[p["sku"]])):
            asked = {"shop": "T", "period": "all", "by": by}
            items = api.get("/api/v1/sales", **asked)["items"] if by == "day" else list(api.walk("/api/v1/sales", **asked))
            got = {item[key]: item for item in items if item["orders"]}
            groups = {}
            for part in sold:
                groups.setdefault(of(part), []).append(part)
            groups[None] = groups.get(None, [])
            same(set(got) | {None}, set(groups) | {None}, f"groups by {by}")
            for group, parts in groups.items():
                if group is None:
                    continue
                item = got[group]
                known = [p for p in parts if world.cost_of(p) is not None and p["amount"] is not None]
                same((item["orders"], item["pieces"], minor(item["gmv"])),
                     (len({p["po"] for p in parts}), sum(p["pieces"] for p in parts), sum(p["amount"] or 0 for p in parts)), f"{by} {group}")
                costed = [p for p in parts if world.cost_of(p) is not None]
                same(minor(item["goods_cost"]), sum(world.cost_of(p) * p["pieces"] for p in costed) if costed else None, f"cost of {by} {group}")
                same(minor(item["profit_before_ads"]), sum(p["amount"] - world.cost_of(p) * p["pieces"] for p in known) if known else None,
                     f"profit of {by} {group}")
        names = {item["spu_id"]: item["name"] for item in api.walk("/api/v1/sales", shop="T", period="all", by="spu")}
        for spu, name in names.items():
            holds(name in {world.names[sku] for sku in world.skus if world.spu[sku] == spu}, f"{spu} is called {name}")
        delay = api.get("/api/v1/delay-rate", shop="T", period="all")["items"][0]
        shipped, late = {}, set()
        for part in sold:
            if part["shipped"]:
                shipped[part["po"]] = True
                if part["shipped"] > part["ship_by"]:
                    late.add(part["po"])
        same((delay["shipped"], delay["late"]), (len(shipped), len(late)), "parents shipped, and late")
        rate = (Decimal(len(late)) / len(shipped)).quantize(Decimal("0.0001"), ROUND_HALF_UP)
        same(Decimal(delay["delay_rate"]).quantize(Decimal("0.0001")), rate, "the rate")
        due = {}
        for part in sold:
            if part["delivered"] and part["delivered"] <= datetime.max:
                entry = due.setdefault((part["delivered"].date() + timedelta(days=SETTLEMENT_DAYS)).isoformat(), [0, 0, 0])
                entry[0] += part["amount"] or 0
                entry[1] += 1
                entry[2] += part["amount"] is None
        payments = api.get("/api/v1/expected-payments", shop="T")
        same({one["day"]: (minor(one["amount"]), one["parts"], one["unknown"]) for one in payments["items"]},
             {day: tuple(entry) for day, entry in due.items()}, "expected payments by day")
        today = (datetime(1970, 1, 1) + timedelta(milliseconds=api.now_ms(), hours=8)).date().isoformat()
        same({one["day"]: one["collected"] for one in payments["items"]}, {day: day <= today for day in due}, "what is due by now")
        total = payments["totals"][0]
        same((minor(total["collected"]), minor(total["pending"])),
             (sum(e[0] for day, e in due.items() if day <= today), sum(e[0] for day, e in due.items() if day > today)), "collected, pending")
        products = {one["sku_id"]: one for one in api.walk("/api/v1/products", shop="T")}
        same({sku: (one["name"], one["spu_id"], one["person"], minor(one["price"])) for sku, one in products.items()},
             {sku: (world.names[sku], world.spu[sku], world.person[sku], 1200) for sku in world.skus}, "products")


def test_profit_by_bill_is_that_of_the_bills(t):
    world, rng = World(), random.Random(5)
    stage, hand_in = stage_of(t, world)
    costs_say(stage, world)
    pos = sorted({p["po"] for p in world.parts})
    revenue, costs = {}, {}

    def cents(low, high):
        return rng.randrange(low, high)

    def text(number):
        return str(Decimal(number) / 100)
    lines = [["PO单号", "销售回款", "销售回款已减优惠", "销售冲回", "运费回款", "运费回款已减优惠", "账务时间"]]
    for i, po in enumerate(pos[:120]):
        gross, net, back, freight, freight_net = cents(800, 9000), cents(500, 8000), cents(0, 300), cents(100, 900), cents(50, 800)
        told = i % 3  # with discounts taken off, where the bill tells them
        lines.append([po, text(gross), text(net) if told else None, text(-back), text(freight), text(freight_net) if told else None,
                      f"2026-01-2{i % 8} 10:00:00"])
        revenue[po] = (net if told else gross) - back + (freight_net if told else freight)
    hand_in("temu-bill-collection", lines)
    heads = {"temu-bill-first-mile": (["平台单号", "合计应收", "收费重", "账务时间"], "first_mile"),
             "temu-bill-last-mile": (["订单号", "尾程运费", "账务时间"], "last_mile"),
             "temu-bill-deduction": (["订单编号", "支出金额", "账务时间"], "deduction")}
    for kind, (head, name) in heads.items():
        rows = [head]
        for i, po in enumerate(pos[:120:2]):
            amount = cents(10, 700)
            cells = {"合计应收": text(amount), "尾程运费": text(amount), "支出金额": text(amount), "收费重": "0.25", "账务时间": f"2026-01-2{i % 8} 11:00:00"}
            rows.append([cells.get(one, po) for one in head])
            costs.setdefault(po, {})[name] = amount
        same(hand_in(kind, rows)["errors"], 0, kind)
    same(hand_in("temu-bill-parcels", [["订单号", "包裹号", "地址"]] + [[po, f"PK{po[-5:]}", "x"] for po in pos[:50]])["new"], 50, "parcels")
    with Api(stage) as api:
        got = {one["po_id"]: one for one in api.walk("/api/v1/bills/profit", shop="T")}
        same(set(got), set(pos[:120]), "parent orders of the bills")
        profits = 0
        for po, one in got.items():
            parts = [p for p in world.parts if p["po"] == po and p["status"] in SALES]
            unknown = [p for p in parts if world.cost_of(p) is None]
            goods = sum(world.cost_of(p) * p["pieces"] for p in parts if world.cost_of(p) is not None)
            freight = costs.get(po, {})
            same((minor(one["revenue"]), one["cost_unknown"]), (revenue[po], len(unknown)), f"{po}: revenue")
            same(tuple(minor(one[name]) or 0 for name in ("first_mile", "last_mile", "deduction")),
                 tuple(freight.get(name, 0) for name in ("first_mile", "last_mile", "deduction")), f"{po}: freight")
            if unknown:
                same((one["cost"], one["profit"]), (None, None), f"{po}: what is not known")
                continue
            cost = goods + sum(freight.values())
            same((minor(one["cost"]), minor(one["profit"])), (cost, revenue[po] - cost), f"{po}: profit")
            profits += 1
        holds(profits > 60, f"{profits} parent orders with a profit")


if __name__ == "__main__":
    lib.main(globals())

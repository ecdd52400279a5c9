#!/usr/bin/env python3
"""The pages of trade as a person has them: Debian's Chromium against `huiliu run` over a home whose orders came as files of a seller's pages, in two
currencies, beside sales and ads that were pulled. What stands there is compared with the API; what that is made of with sums made here of the
tables; what a button did is looked up in the database.
# Takes 90 s.
"""
import csv
import datetime
import io
import re
import threading
from decimal import Decimal

import lib
import temu
from api_client import PASSWORD, Api, wait_for
from lib import holds, huiliu, same
from page_world import main, script, share, signed
from sheets import take, xlsx_bytes
from trade_sums import BEIJING, trade_equal
from truth import Stage

SIGNS = {"CNY": "¥", "USD": "$"}
NOW = datetime.datetime.now(BEIJING).replace(tzinfo=None, microsecond=0)


class Files(temu.World):
    """Orders up to now, a seventh of them in dollars."""

    def __init__(self):
        temu.NOW = NOW
        super().__init__()
        for i, part in enumerate(self.parts):
            part["currency"] = "USD" if int(part["po"][-5:]) % 7 == 0 else "CNY"
        self.costs = {sku: [(datetime.date(2025, 12, 1), 100 + 37 * i)] for i, sku in enumerate(self.skus[:9])}

    def order_rows(self):
        rows = super().order_rows()
        yield next(rows)
        for part, row in zip(self.parts, rows):
            amount = None if part["amount"] is None else str(Decimal(part["amount"]) / 100)
            yield row[:4] + [amount, part["currency"]] + row[6:]


class Running(Api):
    """`huiliu run`: what is said is worked out while one looks."""

    def __enter__(self):
        self.process = lib.huiliu_start(self.stage.home, "run", env={**self.stage.env, "HUILIU_LISTEN": "127.0.0.1:0"})
        self.stage.t.processes.append(self.process)
        line = ""
        while not (found := re.search(r"\(port (\d+)\)", line)):
            line = self.process.stdout.readline()
            holds(line, "run did not begin")
        self.base = f"http://127.0.0.1:{found[1]}"
        threading.Thread(target=self.process.stdout.read, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.process.terminate()
        _, err = self.process.communicate(timeout=60)
        lib.sanitizers_quiet(err)


class World:
    def __init__(self, t):
        first = (NOW - datetime.timedelta(days=12)).date().isoformat()
        self.t, self.files = t, Files()
        self.stage = Stage(t, real_time=True, life_shops=1, life_orders=60, douplus_shops=1, douplus_orders=30, since=first, **{"from": first})
        self.stage.sync()
        self.rows = self.stage.rows
        huiliu(self.stage.home, "shop", "add", "T", "--platform", "temu", "--external-id", "634418", env=self.stage.env, check=True)
        self.hand_in("temu-orders", self.files.order_rows())
        self.hand_in("temu-products", self.files.product_rows())
        self.said = [("T", sku, day, cost) for sku, entries in self.files.costs.items() for day, cost in entries]
        path = t.folder() / "costs.csv"
        path.write_text("\n".join(["店铺,SKU,生效日期,成本", *(f"{s},{sku},{day},{Decimal(cost) / 100}" for s, sku, day, cost in self.said), ""]),
                        encoding="utf-8")
        self.stage.run("cost", "import", path, check=True)
        self.shop = self.rows("SELECT id FROM shop WHERE name = 'T'")[0]["id"]
        self.account = self.rows("SELECT id FROM shop WHERE platform = 'douplus'")[0]["id"]
        for name, role in (("chief", "admin"), ("hand", "operator"), ("eye", "viewer")):
            huiliu(self.stage.home, "user", "add", name, "--role", role, "--password-file", "-", env=self.stage.env, text_in=PASSWORD + "\n", check=True)
        self.api = Running(self.stage, user="reader")
        self.api.__enter__()
        self.settled()
        # So that what is looked at does not move: nothing is pulled any more, files and derived rows go on.
        for one in self.stage.shops:
            self.stage.run("pause", "--shop", one["name"], check=True)

    def hand_in(self, kind, rows):
        path = self.t.folder() / f"{kind}.xlsx"
        path.write_bytes(xlsx_bytes({"a": list(rows)}))
        done = take(self.stage, path, kind, "T")
        same(done["errors"], 0, kind)

    def settled(self):
        """Whatever was touched is worked out."""
        wait_for(lambda: not self.rows("SELECT 1 FROM touched LIMIT 1") and not self.rows("SELECT 1 FROM task WHERE kind = 'derive' LIMIT 1"),
                 "all is worked out")


WORLD = None


def money(value):
    if value is None:
        return "—"
    text = f"{abs(Decimal(value['text'])):,.2f}"
    return ("−" if value["text"].startswith("-") else "") + SIGNS[value["currency"]] + text


def written(value, unit="count"):
    if isinstance(value, dict):
        return money(value)
    if value is None:
        return "—"
    return share(value) if unit == "share" else f"{value:,.2f}" if unit == "number" else f"{value:,}"


def units(family="trade"):
    return {m["name"]: m["unit"] for m in WORLD.api.get("/api/v1/metrics")[family]}


# What the page asks for at an address, as the API is asked.
TABLES = [
    *(("/sales", {"by": by}, "/api/v1/sales", {} if by in ("day", "week", "month") else {"sort": "-gmv", "limit": 50})
      for by in ("day", "week", "month", "shop", "sku", "spu", "person")),
    *(("/profit", {"by": by}, "/api/v1/profit", {} if by in ("day", "shop") else {"sort": "-profit_before_ads", "limit": 50})
      for by in ("day", "shop", "sku", "spu", "person")),
]


def test_figures_of_sales_and_profit_are_those_of_the_api_and_of_the_tables(_):
    w, known = WORLD, units()
    asks = [{"path": f"{path}?period=all&by={query['by']}", "language": ("zh", "en")[i % 2]} for i, (path, query, _, _) in enumerate(TABLES)]
    reads = script("business_read", w.api.base, asks=asks, **{"as": signed("chief")})
    for (path, query, route, more), read in zip(TABLES, reads):
        told = w.api.get(route, period="all", **query, **more)
        what = f"{path} by {query['by']}"
        rows_are(read, told["items"], known, what)
        holds(len(told["items"]) > (0 if query["by"] == "month" else 1), f"{what}: {len(told['items'])} rows")
        for total in told.get("totals", []):
            card = next(card for card in read["totals"] if card["currency"] == total["currency"])
            holds(len(card["figures"]) >= 10, f"{what}: {card}")
            for name, text in card["figures"].items():
                same(text, written(total[name.removeprefix("trade.")], known[name.removeprefix("trade.")]), f"{what}: {name} of {total['currency']}")
        same(len(read["totals"]), len(told.get("totals", [])), f"{what}: a card a currency")
    tables_say(reads[0])


def rows_are(read, items, known, what):
    same(len(read["rows"]), len(items), f"{what}: rows")
    for row, item in zip(read["rows"], items):
        for key, cell in zip(read["heads"], row["cells"]):
            if key in known:
                same(cell, written(item[key], known[key]), f"{what}: {key} of {row['key']}")


def tables_say(read):
    """Once more without the API: sums of the data tables."""
    results, _ = trade_equal(WORLD.rows)
    spent = WORLD.rows("SELECT currency, sum(cost) AS cost FROM ad_shop_day WHERE basis = 'spent' GROUP BY currency")
    for card in read["totals"]:
        sold = [r for r in results if r["counts"] and r["currency"] == card["currency"]]
        fen = {"trade.gmv": sum(r["gmv"] or 0 for r in sold), "trade.refunds": sum(r["refunds"] or 0 for r in sold),
               "trade.ad_spend": next((s["cost"] for s in spent if s["currency"] == card["currency"]), 0)}
        for name, value in fen.items():
            same(card["figures"][name], f"{SIGNS[card['currency']]}{Decimal(value) / 100:,.2f}", f"{name} of {card['currency']}")
        same(card["figures"]["trade.orders"], f"{len({(r['shop_id'], r['parent_id']) for r in sold}):,}", "orders")
        unknown = len([r for r in sold if r["goods_cost"] is None])
        all_unknown = card["figures"]["trade.profit"] == "—"
        same(all_unknown, all(r["profit_before_ads"] is None for r in sold), f"a profit in {card['currency']}")
        holds(unknown and f"{unknown:,} 单成本{'都' * all_unknown}未知" in read["text"], f"{unknown} orders of unknown cost are not told: {re.findall('.{12}成本未知.{9}', read['text'])}")
    same({card["currency"] for card in read["totals"]}, {"CNY", "USD"}, "currencies")


def test_the_other_tables_are_those_of_the_api(_):
    w, known = WORLD, units()
    day = (NOW - datetime.timedelta(days=5)).date()
    month = day.strftime("%Y-%m")
    asks = [("/hot-sellers", f"of=sku&by=gmv&month={month}"), ("/sales", "view=stock&past=14&days=30"), ("/sales", "view=delay&period=all"),
            ("/sales", f"view=reports&kind=monthly&date={day}"), ("/costs", "period=all"), ("/profit", "view=orders"),
            ("/expected-payments", ""), ("/hot-sellers", "month=2020-01"), ("/sales", "from=2020-01-01&to=2020-01-02"),
            ("/sales", f"view=reports&kind=weekly&date={NOW.date()}")]
    reads = script("business_read", w.api.base, asks=[{"path": f"{path}?{query}", "language": "zh"} for path, query in asks], **{"as": signed("chief")})
    hot, stock, delay, report, costs, orders, payments, no_hot, no_sales, week = reads
    told = w.api.get("/api/v1/sales/hot", of="sku", by="gmv", month=month)["items"]
    same([(p["name"], p["figure"]) for p in hot["places"]], [(one["name"] or one["sku_id"], money(one["gmv"])) for one in told], "places")
    plan = w.api.get("/api/v1/stock-plan", past=14, days=30, sort="-pieces", limit=50)["items"]
    same([row["cells"] for row in stock["rows"]],
         [[one["sku_id"], one["name"], f"{one['sold']:,}", f"{one['daily_average']:,.2f}", f"{one['pieces']:,}",
           {"high": "高", "medium": "中", "low": "低"}[one["priority"]]] for one in plan], "stock plan")
    rows_are(delay, w.api.get("/api/v1/delay-rate", period="all", sort="-delay_rate", limit=50)["items"], known, "delay rate")
    monthly = w.api.get("/api/v1/reports/monthly", date=str(day))
    for total in monthly["sales"]:
        card = next(card for card in report["totals"] if card["currency"] == total["currency"])
        same(card["figures"]["trade.gmv"], money(total["gmv"]), "the report's sales")
    same(report["tops"]["skus"], [[one["name"] or one["sku_id"] or "未指定", written(one["pieces"]), written(one["orders"]), money(one["gmv"])] for one in monthly["skus"]],
         "what sold most")
    same(report["tops"]["persons"], [[one["person"] or "未指定", written(one["pieces"]), written(one["orders"]), money(one["gmv"])] for one in monthly["persons"]],
         "who sold most")
    holds("这段时间还没有结束" in week["text"], "a week that goes on is told so")
    items = w.api.get("/api/v1/costs", period="all", limit=50)["items"]
    rows_are(costs, items, known, "costs")
    column = costs["heads"].index("costs")
    for row, item in zip(costs["rows"], items):
        same("未知" in row["cells"][column], not item["costs"], f"costs of {row['key']}")
        holds(all(money(entry["cost"]) in row["cells"][column] and entry["from_day"] in row["cells"][column] for entry in item["costs"]), f"{row} of {item['costs']}")
    unknown = [not item["costs"] for item in items]
    holds(any(unknown) and not all(unknown) and unknown[0], "SKUs without a cost come first")
    rows_are(orders, w.api.get("/api/v1/profit/orders", sort="-created_at", limit=50)["items"], known, "profit of orders")
    expected = w.api.get("/api/v1/expected-payments")
    for total in expected["totals"]:
        card = next(card for card in payments["totals"] if card["currency"] == total["currency"])
        same(card["figures"], {name: money(total[name]) for name in ("pending", "collected", "amount")}, "payments")
    same([row["cells"] for row in payments["rows"]],
         [[one["day"], one["shop_name"], written(one["parts"]), money(one["amount"]), written(one["unknown"]), "已到期" if one["collected"] else "待到期"]
          for one in expected["items"]], "payments by day")
    holds("没有销售" in no_hot["text"] and not no_hot["places"], "an empty month")
    holds("没有卖" in no_sales["text"] or "没有销售" in no_sales["text"], "empty days")


def test_what_a_role_may_not_do_is_off(_):
    w = WORLD
    files = ["/sales?period=all&by=shop", "/sales?view=reports&kind=weekly", "/sales?view=stock", "/sales?view=delay&period=all", "/hot-sellers?of=sku",
             "/costs?period=all", "/profit?period=all&by=sku", "/expected-payments", "/costs?view=imports"]
    read = script("business_rights", w.api.base, viewer=signed("eye"), operator=signed("hand"), files=files, month=(NOW - datetime.timedelta(days=5)).strftime("%Y-%m"))
    no = "修改需要操作员权限"
    same((read["fill"], read["import"], read["file"], read["edits"], read["rate"], read["person"], read["ads"], read["adsOfOperator"]),
         ([True, no], [True, "导入需要操作员权限"], [True, "导出需要操作员权限"], 0,
          [True, "汇率属于所有店铺：修改需要操作员权限，并且能看到全部店铺"], [True, no], True, True), "what is off")
    first = w.api.get("/api/v1/profit/orders", sort="-created_at", limit=50)
    second = w.api.get("/api/v1/profit/orders", sort="-created_at", limit=50, cursor=first["next"])
    best = w.api.get("/api/v1/profit/orders", sort="-gmv", limit=50)
    for name, answer, keys in (("first", first, read["first"]), ("second", second, read["second"]), ("by gmv", best, read["byGmv"]["keys"])):
        same(keys, [f"{one['shop']}/{one['order_id']}" for one in answer["items"]], f"{name} page")
    holds("sort=-gmv" in read["byGmv"]["address"], read["byGmv"]["address"])
    holds("refunds" not in read["heads"] and "gmv" in read["heads"], f"columns {read['heads']}")
    lines = list(csv.reader(io.StringIO(read["csv"].removeprefix("\ufeff"))))
    same((len(lines) - 1, len(lines[0])), (w.rows("SELECT count(*) AS n FROM trade_result WHERE counts = 1")[0]["n"], len(read["heads"])), "the file")
    for path, count in read["files"]:
        holds(count >= 2, f"the file of {path} has {count} lines")
    holds(read["places"][0] >= 3 and read["places"][1] >= read["places"][0], f"places {read['places']}")


def test_every_edit_is_in_the_database_and_in_the_audit(_):
    w = WORLD
    audits = w.rows("SELECT count(*) AS n FROM audit")[0]["n"]
    skus = w.files.skus
    costless = skus[9:]
    key = {sku: f"{w.shop}/{sku}/CNY" for sku in skus}
    fill = {key[costless[1]]: "4.20", key[costless[2]]: "5.05"}
    read = script("business_edit", w.api.base, sku=key[costless[0]], fill=fill, persons={skus[0]: "钱七", skus[1]: "孙八"}, account=str(w.account),
                  **{"as": signed("chief")})
    same((read["badStays"], read["escaped"]), (1, 0), "forms")
    holds("¥12.50" in read["afterAdd"] and "2025-01-01" in read["afterAdd"] and "未知" not in read["afterAdd"], read["afterAdd"])
    holds("¥13.00" in read["afterChange"] and "¥12.50" not in read["afterChange"], read["afterChange"])
    holds("从 2025-06-01 起未知" in read["afterEnd"] and "¥13.00" in read["afterEnd"], read["afterEnd"])
    holds("2025-06-01" not in read["afterRemove"] and "¥13.00" in read["afterRemove"], read["afterRemove"])
    same(read["fillButton"].strip(), "保存 2 个成本", "what is about to be saved")
    costs = w.rows("SELECT sku_id, from_day, cost, currency, note, who FROM sku_cost WHERE sku_id IN (?, ?, ?) ORDER BY sku_id", *costless)
    same([(c["sku_id"], c["from_day"], c["cost"], c["currency"], c["who"]) for c in costs],
         [(costless[0], "2025-01-01", 1300, "CNY", "chief"), (costless[1], "2024-12-01", 420, "CNY", "chief"),
          (costless[2], "2024-12-01", 505, "CNY", "chief")], "costs")
    same(costs[0]["note"], "手工", "the note of what was changed")
    same([(r["base"], r["quote"], r["day"], r["rate"]) for r in w.rows("SELECT * FROM exchange_rate")], [("USD", "CNY", "2024-01-01", 7123456789)], "rates")
    same((read["rate"].replace("✎", "").replace("✕", "").strip(), read["rates"]), ("7.123456789", ["USD/CNY/2024-01-01"]), "rates on the page")
    persons = [(p["sku_id"], p["person"]) for p in w.rows("SELECT * FROM sku_person")]
    same((persons, read["persons"]), ([(skus[0], "赵六")], [[f"{w.shop}/{skus[0]}", "赵六"]]), "persons")
    same(w.rows("SELECT ads_of FROM shop WHERE id = ?", w.account)[0]["ads_of"], w.shop, "whose ads")
    same((read["adsStore"], read["adsAgain"]), (str(w.shop), str(w.shop)), "whose ads, on the page")
    asked = [line["action"] for line in w.rows("SELECT action FROM audit ORDER BY id")][audits:]
    same(asked, ["cost.set", "cost.set", "cost.set", "cost.remove", "cost.set", "rate.set", "rate.set", "rate.set", "rate.remove",
                 "person.set", "person.set", "person.set", "person.set", "shop.ads_of"], "audit lines")
    w.settled()
    trade_equal(w.rows)  # profits follow what was said


def test_a_file_is_looked_at_before_it_is_taken(_):
    w = WORLD
    folder, skus = w.t.folder(), w.files.skus
    good = [f"{skus[0]},2026-01-02,1.11,新", f"{skus[1]},2026-01-02,2.22,", f"{skus[2]},2025-12-01,9.99,改"]
    wrong = [f"{skus[3]},2026-01-02,面议,", f"{skus[4]},,3.33,", f"{skus[0]},2026-01-02,1.12,"]
    (folder / "成本.csv").write_text("\n".join(["SKU,生效日期,成本,备注", *good, *wrong, ""]), encoding="utf-8")
    (folder / "坏.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    pos = sorted({p["po"] for p in w.files.parts})[:4]
    (folder / "回款.csv").write_text("\n".join(["PO单号,销售回款,账务时间", *(f"{po},{20 + i}.50,2026-01-02 10:00:00" for i, po in enumerate(pos)), ""]),
                                   encoding="utf-8")
    before = w.rows("SELECT count(*) AS n FROM import_file")[0]["n"]
    read = script("business_import", w.api.base, ["422 /api/v1/imports"], costs=str(folder / "成本.csv"), broken=str(folder / "坏.csv"),
                  bill=str(folder / "回款.csv"), **{"as": signed("hand")})
    seen = read["seen"]
    holds("表头" in read["broken"] and "header_missing" in read["broken"], read["broken"])
    same(seen["counts"], {"good": "3", "new": "2", "changed": "1", "same": "0", "older": "0", "errors": "3"}, "what the preview counts")
    same([(fault[0], fault[1]) for fault in seen["faults"]], [("5", "成本"), ("6", "生效日期"), ("7", "—")], "wrong rows by their numbers")
    holds(all(len(fault[2]) > 8 for fault in seen["faults"]), f"why: {seen['faults']}")
    same(seen["button"].strip(), "确认导入 3 行", "the button")
    same(read["faultsLater"], seen["faults"], "wrong rows, later in the list")
    holds("新增 2" in read["stored"] and "改动 1" in read["stored"] and "拒绝 3" in read["stored"], read["stored"])
    holds("已在" in read["again"]["note"] and read["again"]["held"], f"the very same file: {read['again']}")
    costs = w.rows("SELECT sku_id, from_day, cost, note, who FROM sku_cost WHERE sku_id IN (?, ?, ?) AND (from_day = '2026-01-02' OR cost = 999) ORDER BY sku_id", *skus[:3])
    same([(c["sku_id"], c["from_day"], c["cost"]) for c in costs],
         [(skus[0], "2026-01-02", 111), (skus[1], "2026-01-02", 222), (skus[2], "2025-12-01", 999)], "costs of the file")
    same(read["bill"]["counts"]["new"], "4", "lines of the bill")
    same(w.rows("SELECT count(*) AS n, sum(sales) AS sales FROM bill_line"), [{"n": 4, "sales": 2050 + 2150 + 2250 + 2350}], "the bill")
    files = w.rows("SELECT kind, state, rows_read, errors, who FROM import_file ORDER BY id")[before:]
    same([tuple(f.values()) for f in files], [("costs", "done", 6, 3, "hand"), ("temu-bill-collection", "done", 4, 0, "hand")], "files that came in")
    bills = script("business_read", w.api.base, asks=[{"path": "/profit?view=bills", "language": "zh"}, {"path": "/profit?view=lines", "language": "en"}],
                   **{"as": signed("eye")})
    told = w.api.get("/api/v1/bills/profit", totals=1, limit=50)
    same([row["cells"][0] for row in bills[0]["rows"]], [one["po_id"] for one in told["items"]], "POs of the bill")
    card = bills[0]["totals"][0]["figures"]
    same({name: card[f"bill.{name}"] for name in ("profit", "revenue", "cost")}, {name: money(told["totals"][0][name]) for name in ("profit", "revenue", "cost")}, "totals by bill")
    same(len(bills[1]["rows"]), 4, "lines of the bill")


def make(case):
    global WORLD
    WORLD = World(case)
    return WORLD


if __name__ == "__main__":
    main(globals(), make)

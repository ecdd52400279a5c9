#!/usr/bin/env python3
"""SKUs as merchants write them, with spaces, slashes, signs of addresses and of SQL, in every script: over the API in paths, filters, bodies and
files, and back again byte by byte."""
import csv
import io
import urllib.parse

import lib
from api_client import Api, Refused
from lib import holds, same
from trade_sums import trade_equal
from truth import Stage

CODES = ["红色 / 大号", "50% off", "a+b&c=d?e#f", "%2F", "..", "a%20b", " lead", "trail ", "O'Brien\"; --", "*_%", "x/../y", "🧦 袜子", "a,b", "é" * 95, "1,234"]
DAY = "2026-01-05"


def in_path(text):
    return urllib.parse.quote(text, safe="")


def refused(api, path, body, method, code):
    try:
        api.call(path, body, method)
        holds(False, f"{path} was taken")
    except Refused as problem:
        same((problem.status, problem.problem["code"]), (400, code), path)


def test_codes_of_every_kind_go_through_paths_filters_and_files(t):
    stage = Stage(t, life_shops=1, life_orders=60, douplus_shops=0)
    stage.sync()
    shop = stage.shops[0]["name"]
    orders = [r["order_id"] for r in stage.rows("SELECT order_id FROM trade_order ORDER BY order_id")]
    holds(len(orders) >= 2 * len(CODES), "an order for each code and more")
    for i, code in enumerate(CODES):
        quoted = code.replace("'", "''")
        stage.execute(f"UPDATE trade_order SET sku_id = '{quoted}', spu_id = 'P {quoted[:60]}', stage = 'paid' WHERE order_id = '{orders[i]}'")
    stage.run("derive", "rebuild", check=True)
    with Api(stage) as api:
        for i, code in enumerate(CODES):
            said = api.call(f"/api/v1/costs/{shop}/{in_path(code)}/{DAY}", {"cost": f"{i + 1}.00"}, "PUT")[1]
            same((said["set"], said["orders"], said["known"]), (1, 1, True), f"a cost of {code!r}")
            api.call(f"/api/v1/persons/{shop}/{in_path(code)}", {"person": f"P{i}"}, "PUT")
            found = api.get("/api/v1/persons", sku_id=code)["items"]
            same([(p["sku_id"], p["person"]) for p in found], [(code, f"P{i}")], f"persons by {code!r}")
            found = api.get("/api/v1/trade-orders", sku_id=code)["items"]
            same([o["order_id"] for o in found], [orders[i]], f"orders by {code!r}")
            found = api.get("/api/v1/trade-orders", spu_id=f"P {code[:60]}")["items"]
            same(orders[i] in [o["order_id"] for o in found], True, f"orders by SPU of {code!r}")
        both = api.get("/api/v1/persons", sku_id=[CODES[0], CODES[12]])["items"]
        same(sorted(p["sku_id"] for p in both), sorted([CODES[0], CODES[12]]), "two at once, one with a comma")
        api.call("/api/v1/costs", {"items": [{"shop": shop, "sku_id": code, "from_day": "2026-02-01", "cost": "9"} for code in CODES]}, "POST")
        data, _ = api.raw("/api/v1/persons/export", format="csv", columns=["sku_id", "person"], sku_id=CODES)
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))[1:]
        same(sorted(r[0].removeprefix("'") for r in rows), sorted(CODES), "a file of them")
        for code in CODES:
            same(api.call(f"/api/v1/costs/{shop}/{in_path(code)}/2026-02-01", None, "DELETE")[1]["removed"], 1, f"taken away: {code!r}")
        for code in ("a\nb", "x\ty", "a" * 192, "\u2028", "é" * 96):
            refused(api, f"/api/v1/costs/{shop}/{in_path(code)}/{DAY}", {"cost": "1"}, "PUT", "parameter_code")
    same(sorted(r["sku_id"] for r in stage.rows("SELECT sku_id FROM sku_cost")), sorted(CODES), "costs, as they were written")
    stage.sync()
    results, _ = trade_equal(stage.rows)
    same(sorted((r["sku_id"], r["unit_cost"], r["person"]) for r in results if r["sku_id"] in CODES and r["day"] >= DAY),
         sorted((code, 100 * (i + 1), f"P{i}") for i, code in enumerate(CODES)
                if any(r["sku_id"] == code and r["day"] >= DAY for r in results)), "what follows from them")


if __name__ == "__main__":
    lib.main(globals())

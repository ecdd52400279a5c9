#!/usr/bin/env python3
"""Every list has its file. The document says which routes answer with rows; each has PATH/export with the list's own filters, and
what stands in the file is what the list answers, value by value. Nothing of src/ is used: what a row of a file should be is worked
out here from the answer."""
import csv
import io
import json
import socket
from decimal import Decimal

import lib
from api_client import Api, Refused, wait_for
from lib import holds, huiliu, same
from sheets import take, xlsx_bytes, xlsx_read
from truth import Stage

# Routes that answer with rows and have no file, and why.
WITHOUT = {
    "/api/v1/import-kinds": "what this program can read, not what a shop has; huiliu import --kinds tells it",
    "/api/v1/platforms": "the manifests of this program; huiliu connector list tells them",
    "/api/v1/platforms/work": "how platforms answered in the last hour and day, to look at; the tries themselves are the file of executions",
    "/api/v1/views": "a person's own settings: filters and widths by name",
    "/api/v1/auth/sessions": "where a person is signed in himself",
}
PAGING = {"limit", "cursor", "page", "total", "totals", "sort"}
OWN = {"format", "columns", "sheet", "lang", "sort"}
EACH = {"/api/v1/trends": "days", "/api/v1/costs": "costs"}
PARTS = {"/api/v1/reports/{kind}": ("sales", "sales_before", "ads", "skus", "persons")}
ASKED = {"/api/v1/videos": {"period": "all"}, "/api/v1/shops/statistics": {"period": "all"}, "/api/v1/sales": {"period": "all", "by": "sku"},
         "/api/v1/profit": {"period": "all", "by": "sku"}, "/api/v1/costs": {"period": "all"}, "/api/v1/delay-rate": {"period": "all"},
         "/api/v1/trends": {"period": "all", "of": "ads"}, "/api/v1/sales/hot": {"of": "sku"}, "/api/v1/stock-plan": {"past": 30, "days": 30}}
# Rows of these are made by processes that work on their own, and none does here.
MAY_BE_EMPTY = {"/api/v1/attention", "/api/v1/schedules", "/api/v1/budgets"}


def resolve(document, schema):
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


def has_items(document, schema):
    schema = resolve(document, schema)
    return "items" in schema.get("properties", {}) or any(has_items(document, one) for one in schema.get("allOf", []))


def list_paths(document):
    for path, methods in document["paths"].items():
        content = methods.get("get", {}).get("responses", {}).get("2XX", {}).get("content", {})
        if "application/json" in content and (has_items(document, content["application/json"]["schema"]) or path in PARTS):
            yield path


def stage_with_rows(t):
    """Something in every list."""
    stage = Stage(t, life_shops=1, life_orders=60, douplus_shops=1)
    stage.sync()
    life = next(shop for shop in stage.shops if shop["platform"] == "douyin-life")
    folder = t.folder()
    for name, kind, rows in (
            ("bill", "temu-bill-collection", [["PO单号", "销售回款"]] + [[f"PO-{i}", f"{i}.5"] for i in range(12)] + [["PO-x", "面议"]]),
            ("products", "temu-products", [["SKU ID", "商品名称", "申报价格", "类目", "状态"]] +
             [[f"19000000000{i:08d}", "=1+2" if i == 3 else f"商品 {i}", "9.99", "家居", "在售"] for i in range(9)]),
            ("orders", "temu-orders", [["订单编号", "子订单号", "应履约件数", "订单金额", "SKUID", "订单创建时间", "订单状态", "送达时间", "实际发货时间",
                                        "要求最晚发货时间"]] +
             [[f"PO-{i}", f"T-{i}", "2", "20.5", f"19000000000{i:08d}", "2026-01-27 10:00", "已送达", "2026-01-28 10:00", "2026-01-27 12:00",
               "2026-01-27 11:00"] for i in range(9)])):
        path = folder / f"{name}.xlsx"
        path.write_bytes(xlsx_bytes({"a": rows}))
        take(stage, path, kind, life["name"])
    return stage, life


def fill(api, life):
    shop = next(one["id"] for one in api.get("/api/v1/shops")["items"] if one["name"] == life["name"])
    sku = api.get("/api/v1/trade-parts", limit=1)["items"][0]["sku_id"]
    for day, cost in (("2026-01-01", "1.25"), ("2026-01-20", "=1+1"), ("2026-01-21", "2.5")):
        try:
            api.call(f"/api/v1/costs/{shop}/{sku}/{day}", {"cost": cost, "note": "=SUM(A1)"}, "PUT")
        except Refused as refused:
            same((cost, refused.status), ("=1+1", 400), "a cost that is none")
    for base, quote, rate in (("USD", "CNY", "7.1"), ("EUR", "CNY", "7.654321")):
        api.call(f"/api/v1/exchange-rates/{base}/{quote}/2026-01-01", {"rate": rate, "source": "@test"}, "PUT")
    api.call(f"/api/v1/persons/{shop}/{sku}", {"person": "王"}, "PUT")
    api.call("/api/v1/tokens", {"name": "one", "user_id": api.get("/api/v1/users")["items"][0]["id"]})
    api.call("/api/v1/users", {"name": "eve", "password": "long words of another kind", "role": "viewer", "shops": [shop]})
    api.call("/api/v1/syncs", {"mode": "incremental"})
    api.call(f"/api/v1/shops/{shop}/pause", {})
    return shop


def leaf(value, lang):
    """What of a value is a cell; None: nothing, it is many columns or rows."""
    if isinstance(value, list):
        return None if any(isinstance(one, dict) for one in value) else ", ".join(str(one) for one in value)
    if isinstance(value, dict):
        if "minor" in value:
            return value
        if set(value) == {"zh", "en"}:
            return value[lang]
        return None
    return value


def cells(value, at=""):
    """{dotted name: value} of a row: one column for each value, however deep."""
    out = {}
    for name, one in value.items():
        found = leaf(one, "en")
        if found is not None or one is None:
            out[at + name] = found
        elif isinstance(one, dict):
            out |= cells(one, f"{at}{name}.")
    return out


def wanted_rows(path, answer):
    for part in PARTS.get(path, ("items",)):
        for row in answer[part]:
            head = {"part": part} if path in PARTS else {}
            each = EACH.get(path)
            for member in (row[each] or [{}]) if each else [{}]:
                yield {**head, **cells({k: v for k, v in row.items() if k != each}), **cells(member)}


def whole_list(api, path, asked):
    """The answer with all of its rows, walked a few at a time where it is paged."""
    paged = asked.pop("paged")
    answer = api.get(path, **asked, **({"limit": 5} if paged else {}))
    rows = dict(answer)
    while paged and answer["next"]:
        answer = api.get(path, limit=5, cursor=answer["next"], **asked)
        rows["items"] = rows["items"] + answer["items"]
    return rows


def said(line, name):
    """A cell of the file; an object without a form stands there as JSON."""
    value = line.get(name)
    return json.loads(value, parse_float=Decimal) if isinstance(value, str) and value[:1] in "{[" else value


def file_says(api, path, template, asked, lang="en"):
    wanted = list(wanted_rows(template, whole_list(api, path, dict(asked))))
    query = {k: v for k, v in asked.items() if k != "paged"}
    data, _ = api.raw(f"{path}/export", format="ndjson", lang=lang, **query)
    lines = [json.loads(line, parse_float=Decimal) for line in data.decode().splitlines()]
    same(len(lines), len(wanted), f"{path}: rows of the file")
    for line, row in zip(lines, wanted):
        for name, value in row.items():
            outer = name.split(".")[0]
            if name not in line and outer in line:  # an object that has no form
                got = said(line, outer)
                for step in name.split(".")[1:]:
                    got = got[step]
                got = leaf(got, "en")
            else:
                holds(name in line or value is None, f"{path}: the file has no {name}: {sorted(line)}")
                got = line.get(name)
            same(got, value, f"{path}: {name}")
    return lines


def test_every_list_has_its_file(t):
    stage, life = stage_with_rows(t)
    with Api(stage) as api:
        shop = fill(api, life)
        document = api.get("/api/v1/openapi.json")
        order = api.get("/api/v1/ad-orders", limit=1)["items"][0]["order_id"]
        places = {"{order_id}": order, "{kind}": "monthly", "{stream}": "orders", "{id}": shop}
        paths = list(list_paths(document))
        holds(len(paths) > 35, f"only {len(paths)} lists")
        for path in paths:
            exported = document["paths"].get(f"{path}/export", {}).get("get")
            if path in WITHOUT:
                same(exported, None, f"{path} has a file, and a reason why it has none")
                continue
            holds(exported, f"{path} has no file and no reason")
            mine = {p["name"] for p in document["paths"][path]["get"].get("parameters", [])}
            its = {p["name"] for p in exported["parameters"]}
            same(its - OWN, mine - PAGING, f"{path}: parameters of its file")
            same("sort" in its, "sort" in mine, f"{path}: the order of its file")
            asked = {**ASKED.get(path, {}), "paged": "cursor" in mine and path != "/api/v1/profit"}
            real = path
            for name, value in places.items():
                real = real.replace(name, value)
            lines = file_says(api, real, path, asked)
            holds(lines or path in MAY_BE_EMPTY, f"{path}: no row to look at")
        for path in WITHOUT:
            holds(path in paths, f"{path} is no list any more")


def test_texts_are_no_formulas_and_files_have_headings(t):
    stage, life = stage_with_rows(t)
    with Api(stage) as api:
        fill(api, life)
        csv = api.raw("/api/v1/costs/export", format="csv", period="all", columns=["sku_id", "from_day", "cost", "note"])[0].decode("utf-8-sig")
        rows = csv.splitlines()
        same(rows[0], "SKU,生效日,成本,备注", "headings")
        holds(any("'=SUM(A1)" in row for row in rows), rows[:4])
        sheet = xlsx_read(api.raw("/api/v1/costs/export", period="all", columns=["note"])[0])["costs"]
        holds([(False, "=SUM(A1)")] in sheet, "a text cell in xlsx")
        csv = api.raw("/api/v1/products/export", format="csv", columns=["sku_id", "name"])[0].decode("utf-8-sig").splitlines()
        holds("1900000000000000003,'=1+2" in csv, csv)
        # A file of no row says all the same what it would have.
        csv = api.raw("/api/v1/expected-payments/export", format="csv", lang="en", **{"from": "2001-01-01", "to": "2001-01-02"})[0]
        same(csv.decode("utf-8-sig").splitlines()[0].split(",")[0], "Day", "headings of nothing")
        csv = api.raw("/api/v1/trade-orders/export", format="csv", lang="en", sku_id="nope", columns=["currency", "order_id"])[0]
        same(len(csv.decode("utf-8-sig").splitlines()), 1, "columns that not every row has, where there is no row")
        for path, query, code, status in (("/api/v1/products/export", {"limit": 5}, "parameter_unknown", 400),
                                          ("/api/v1/costs/export", {"columns": "csot"}, "column_unknown", 400),
                                          ("/api/v1/reports/hourly/export", {}, "parameter_word", 400)):
            try:
                api.raw(path, **query)
                holds(False, f"{path} {query} was taken")
            except Refused as refused:
                same((refused.status, refused.problem["code"]), (status, code), f"{path} {query}")


def test_files_are_of_whom_they_are_for(t):
    """A file shows no more than the list does: rights and shops are the same."""
    stage, life = stage_with_rows(t)
    other = next(shop["name"] for shop in stage.shops if shop is not life)
    with Api(stage) as api:
        fill(api, life)
        with Api(stage, user="olga", role="operator", shops=[other]) as olga:
            same(olga.raw("/api/v1/products/export", format="ndjson")[0], b"", "products of another's shop")
            same(olga.raw("/api/v1/costs/export", format="ndjson", period="all")[0], b"", "costs of another's shop")
            same(olga.raw("/api/v1/expected-payments/export", format="ndjson")[0], b"", "payments of another's shop")
            for path in ("audit", "users", "apps"):
                try:
                    olga.raw(f"/api/v1/{path}/export")
                    holds(False, f"{path} was given")
                except Refused as refused:
                    same(refused.status, 403, path)
        with Api(stage, user="vera", role="viewer") as vera:
            try:
                vera.raw("/api/v1/products/export")
                holds(False, "a viewer exports")
            except Refused as refused:
                same(refused.status, 403, "a viewer")


def test_the_command_knows_every_list(t):
    stage, life = stage_with_rows(t)
    with Api(stage) as api:
        fill(api, life)
        document = api.get("/api/v1/openapi.json")
    files = {path for path, methods in document["paths"].items() if path.endswith("/export") and path.startswith("/api/v1")}
    lists = json.loads(huiliu(stage.home, "export", "--lists", "--json", env=stage.env, check=True)[1])["lists"]
    same({one["route"] for one in lists}, files, "lists of the command")
    manual = (lib.ROOT / "docs" / "sheets.md").read_text()
    for one in lists:
        holds(f"`{one['list']}`" in manual, f"docs/sheets.md does not name {one['list']}")
        path = t.folder() / "file.ndjson"
        where = {"ad-order-snapshots": ["order_id=" + stage.rows("SELECT order_id FROM ad_order LIMIT 1")[0]["order_id"]],
                 "reports": ["kind=weekly"], "windows": ["id=1", "stream=orders"]}.get(one["list"], [])
        words = [word for pair in where for word in ("--where", pair)]
        huiliu(stage.home, "export", one["list"], *words, "--format", "ndjson", "--out", str(path), env=stage.env, check=True)
        for line in path.read_text().splitlines():
            json.loads(line)
        if where:
            code, _, why = huiliu(stage.home, "export", one["list"], env=stage.env)
            same((code, "export_needs" in why), (2, True), f"{one['list']} of what")
    code, _, why = huiliu(stage.home, "export", "prodcts", env=stage.env)
    same((code, "products" in why), (2, True), "a list that is none")
    code, _, why = huiliu(stage.home, "export", env=stage.env)
    same((code, "export_needs" in why), (2, True), "no list")


DAY = {"from": "2026-01-05", "to": "2026-01-05"}


def many_skus(stage, skus):
    """Sales of many SKUs of a day; the last of them alone has a cost."""
    stage.execute("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) INSERT INTO trade_day (shop_id, dimension, day, member,"
                  " currency, orders, pieces, gmv, refunds, received, cost_unknown, cancelled, shipped, late)"
                  " SELECT 1, 'sku', '2026-01-05', printf('S%%05d', i), 'CNY', 1, 1, %d - i, 0, 100, CASE i WHEN %d THEN 0 ELSE 1 END, 0, 0, 0 FROM n"
                  % (skus, skus + 1, skus))
    stage.run("cost", "set", stage.shops[0]["name"], f"S{skus:05}", "2026-01-01", "1.50", "--note", "only", check=True)


def test_a_column_that_comes_late_is_there(t):
    """What orders of two currencies come to together is null: more than a page of them, newer than all that have such sums."""
    stage = Stage(t, life_shops=1, life_orders=30, douplus_shops=0)
    stage.sync()
    stage.execute("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2402) INSERT INTO trade_order (shop_id, order_id, parent_id, stage,"
                  " pay_amount, currency, created_at, row_hash, received_ms, first_seen_ms, changed_ms)"
                  " SELECT 1, printf('N%05d', i), printf('P%05d', i / 2), 'paid', 100, CASE i % 2 WHEN 0 THEN 'CNY' ELSE 'USD' END,"
                  " (SELECT max(created_at) FROM trade_order) + i / 2, zeroblob(16), 1, 1, 1 FROM n WHERE i > 1 AND i < 2402")
    stage.run("derive", "rebuild", check=True)
    with Api(stage) as api:
        first = api.get("/api/v1/trade-orders", limit=1000)["items"]
        same({json.dumps(row["together"]) for row in first}, {"null"}, "no row of the first page has the column")
        data, _ = api.raw("/api/v1/trade-orders/export", format="ndjson")
        rows = {row["order_id"]: row for row in map(json.loads, data.decode().splitlines())}
        items = {o["order_id"]: o for o in api.walk("/api/v1/trade-orders")}
        same(set(rows), set(items), "each order once")
        told = {k: o["together"]["pieces"] for k, o in items.items() if o["together"] and o["together"]["pieces"] is not None}
        holds(len(told) > 20, "older ones have it")
        same({k: row["together.pieces"] for k, row in rows.items() if row["together.pieces"] is not None}, told, "pieces together")


def test_parts_stand_in_the_cells_of_their_order_for_who_names_them(t):
    """Whole orders: without names a part has no column; by name a cell has a line for each part, as the tables have it."""
    stage = Stage(t, life_shops=1, life_orders=40, douplus_shops=0)
    stage.sync()
    stage.execute("UPDATE trade_order SET parent_id = 'P1' WHERE order_id IN (SELECT order_id FROM trade_order ORDER BY order_id LIMIT 3);"
                  " UPDATE trade_order SET sku_name = NULL WHERE order_id = (SELECT min(order_id) FROM trade_order)")
    stage.run("derive", "rebuild", check=True)
    wanted = {}
    for row in stage.rows("SELECT coalesce(o.parent_id, o.order_id) AS parent, o.order_id, o.sku_name, r.gmv, r.counts FROM trade_order o"
                          " JOIN trade_result r ON r.shop_id = o.shop_id AND r.order_id = o.order_id ORDER BY 1, 2"):
        wanted.setdefault(row["parent"], []).append(row)
    with Api(stage) as api:
        plain, _ = api.raw("/api/v1/trade-orders/export", format="csv", lang="en")
        holds("Part" not in plain.decode().splitlines()[0], "who names nothing gets the order's own columns")
        names = ["order_id", "parts.order_id", "parts.sku_name", "parts.gmv", "parts.late"]
        data, _ = api.raw("/api/v1/trade-orders/export", format="csv", lang="en", columns=names)
        lines = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
        same(lines[0], ["Order", "Part", "Name", "GMV", "Shipped late"], "headings")
        same(len(lines) - 1, len(wanted), "a row an order")
        for order, parts, skus, gmv, late in lines[1:]:
            rows = wanted[order]
            same(parts.split("\n"), [r["order_id"] for r in rows], order)
            known = any(r["sku_name"] for r in rows)
            same(skus.split("\n") if known else skus, [r["sku_name"] or "—" for r in rows] if known else "", order)
            same(gmv.split("\n"), ["—" if r["gmv"] is None else f"{r['gmv'] // 100}.{r['gmv'] % 100:02}" for r in rows], order)
            same(late, "", "what nobody knows")
        same(len(wanted["P1"]), 3, "an order of three parts")


def test_files_of_answers_have_turns_too(t):
    """Four at once in a process; the fifth is told so. Who reads slowly has its turn until it goes."""
    stage = Stage(t, life_shops=1, life_orders=1, douplus_shops=0)
    many_skus(stage, 30000)
    with Api(stage) as api:
        api.get("/api/v1/shops")
        host, port = api.base.removeprefix("http://").split(":")
        path = "/api/v1/costs/export?format=ndjson&from=2026-01-05&to=2026-01-05"
        open_ = []
        for _ in range(4):
            peer = socket.socket()
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            peer.connect((host, int(port)))
            peer.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.token}\r\n\r\n".encode())
            holds(b" 200 " in peer.recv(64), "it has begun")
            open_.append(peer)
        for asked, query in (("/api/v1/costs/export", DAY), ("/api/v1/persons/export", {})):
            try:
                api.raw(asked, format="csv", **query)
                holds(False, f"{asked} was made as a fifth")
            except Refused as refused:
                same((refused.status, refused.problem["code"]), (429, "exports_busy"), asked)
        for peer in open_:
            peer.close()
        wait_for(lambda: free(api), "the turns are given back")


def free(api):
    try:
        return api.raw("/api/v1/persons/export", format="csv")[0]
    except Refused:
        return None


if __name__ == "__main__":
    lib.main(globals())

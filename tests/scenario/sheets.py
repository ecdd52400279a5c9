#!/usr/bin/env python3
"""Files of rows: the export of the real orders against the file itself, and imports: seen before, stored once, wrong rows alone.
Sheets are made and read here with zipfile and ElementTree; nothing of src/ is used."""
import csv
import hashlib
import io
import json
import re
import sqlite3
import subprocess
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import lib
import mariadb_server
import pg_server
from api_client import Api, Refused
from lib import holds, huiliu, huiliu_json, same
from on_server import OnServer, server_start
from real import fen, file_rows, real_stage
from truth import Stage

COLUMNS = ("订单ID 视频ID 状态 预算(元) 视频标题 账号 下单时间 实际消耗(元) 播放量 点赞数 评论数 转发数 关注数 转化数 百播放量"
           " 转化成本(元) 百转发率 5秒完播率").split()
STATUS = {"DELIVERIED": "已完成", "DELIVERED": "已完成", "UNDELIVERIED": "投放终止", "UNDELIVERED": "投放终止",
          "OFFLINE_AUDIT": "审核下线"}
NAMESPACE = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


# --- sheets, by hand ---

def column_name(number):
    name = ""
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(65 + rest) + name
    return name


def xlsx_bytes(sheets):
    """{name: rows}; a number is a number cell, None is no cell, anything else text."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        def put(name, text):
            package.writestr(zipfile.ZipInfo(name, (2026, 1, 28, 0, 0, 0)), text, zipfile.ZIP_DEFLATED)
        put("xl/workbook.xml", '<workbook xmlns:r="r"><sheets>' + "".join(
            f'<sheet name="{escape(name)}" sheetId="{i + 1}" r:id="r{i}"/>' for i, name in enumerate(sheets)) + "</sheets></workbook>")
        put("xl/_rels/workbook.xml.rels", "<Relationships>" + "".join(
            f'<Relationship Id="r{i}" Type="x/worksheet" Target="s{i}.xml"/>' for i in range(len(sheets))) + "</Relationships>")
        for i, rows in enumerate(sheets.values()):
            text = ["<worksheet><sheetData>"]
            for at, row in enumerate(rows, 1):
                text.append(f'<row r="{at}">')
                for column, value in enumerate(row, 1):
                    ref = f'{column_name(column)}{at}'
                    if isinstance(value, (int, float)):
                        text.append(f'<c r="{ref}"><v>{value}</v></c>')
                    elif value is not None:
                        text.append(f'<c r="{ref}" t="inlineStr"><is><t>{escape(value)}</t></is></c>')
                text.append("</row>")
            put(f"xl/s{i}.xml", "".join(text) + "</sheetData></worksheet>")
    return out.getvalue()


def xlsx_read(data):
    """{name: rows of (is it a number, text)}; an empty cell is None."""
    sheets = {}
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        same(package.testzip(), None, "entries that are not whole")
        book = ElementTree.fromstring(package.read("xl/workbook.xml"))
        for at, sheet in enumerate(book.find("m:sheets", NAMESPACE), 1):
            root = ElementTree.fromstring(package.read(f"xl/worksheets/sheet{at}.xml"))
            rows = []
            for row in root.find("m:sheetData", NAMESPACE):
                cells = []
                for cell in row:
                    value = cell.find("m:v", NAMESPACE)
                    text = cell.find("m:is/m:t", NAMESPACE)
                    cells.append((True, value.text) if value is not None else
                                 (False, text.text or "") if text is not None else None)
                rows.append(cells)
            sheets[sheet.get("name")] = rows
    return sheets


# --- exports ---

def half_up(value, decimals):
    scaled = value * 10**decimals
    return Decimal(int((2 * scaled + 1) // 2)).scaleb(-decimals)


def wanted_row(row):
    """The 18 columns of one order, from the file alone: numbers as Decimal."""
    cost, plays, shares, conversions = fen(row["cost_yuan"]), int(row["play"]), int(row["share"]), int(row["convert"])
    per_100 = half_up(Fraction(plays, cost) * 10000, 2) if cost else Decimal(0)
    per = half_up(Fraction(cost, conversions), 0) / 100 if conversions else Decimal(0)
    shared = half_up(Fraction(shares, plays) * 100, 4) if plays else Decimal(0)
    rate = Decimal(round(Fraction(row["rate_5s_pct"]) * 10000)) / 10000
    return [row["order_id"], row["item_id"], STATUS[row["status"]], Decimal(row["budget_yuan"]), row["title"], row["account"],
            row["created"], Decimal(cost) / 100, *(Decimal(row[name]) for name in
                                                   ("play", "like", "comment", "share", "follow", "convert")),
            per_100, per, shared, rate]


def test_the_old_sheet_equals_the_real_file(t):
    truth, stage = file_rows(), real_stage(t)
    stage.sync()
    path = t.folder() / "old.xlsx"
    huiliu(stage.home, "export", "ad-orders", "--sheet", "douplus-orders", "--out", str(path), env=stage.env, check=True)
    sheets = xlsx_read(path.read_bytes())
    same(list(sheets), ["订单数据"], "sheets")
    rows = sheets["订单数据"]
    same([text for _, text in rows[0]], COLUMNS, "headings")
    same(len(rows) - 1, len(truth), "orders")
    numbers = [3] + list(range(7, 18))
    for cells in rows[1:]:
        wanted = wanted_row(truth[cells[0][1]])
        for at, (number, text) in enumerate(cells):
            same(number, at in numbers, f"column {COLUMNS[at]} is a number")
            same(Decimal(text) if number else text, wanted[at], f"{cells[0][1]} {COLUMNS[at]}")
    # What the file itself has, as far as its own floats go.
    for order_id, row in truth.items():
        wanted = wanted_row(row)
        for at, name in ((14, "play_per_100_cost"), (15, "convert_cost_yuan"), (16, "share_rate_pct"), (17, "rate_5s_pct")):
            holds(abs(wanted[at] - Decimal(row[name])) <= Decimal("0.011"), f"{order_id} {name}: {wanted[at]} {row[name]}")
    data = path.read_bytes()
    holds(b"4472C4" in zipfile.ZipFile(io.BytesIO(data)).read("xl/styles.xml"), "fill of the headings")
    look = ("import sys, openpyxl; s = openpyxl.load_workbook(sys.argv[1]).active; c = s['A1'];"
            "print(s.title, c.fill.fgColor.rgb, c.font.b, c.font.color.rgb, s['A2'].data_type, s['H2'].data_type, s.max_row)")
    seen = subprocess.run(["/usr/bin/python3", "-c", look, str(path)], capture_output=True, text=True)
    if "No module" not in seen.stderr:
        same(seen.stdout.split(), ["订单数据", "FF4472C4", "True", "FFFFFFFF", "s", "n", str(len(truth) + 1)], "as openpyxl sees it")


def test_every_form_and_filter_of_an_export_is_the_list(t):
    truth, stage = file_rows(), real_stage(t)
    stage.sync()
    with Api(stage) as api:
        listed = list(api.walk("/api/v1/ad-orders", sort="-cost", cost_min="500"))
        wanted = [row["order_id"] for row in listed]
        holds(10 < len(wanted) < len(truth), f"{len(wanted)} orders of 500 and more")
        data, headers = api.raw("/api/v1/ad-orders/export", format="csv", sort="-cost", cost_min="500", columns=["order_id", "cost", "title", "created_at"])
        text = data.decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text, newline="")))
        same(rows[0], ["订单号", "消耗", "标题", "下单时间"], "headings")
        same([row[0] for row in rows[1:]], wanted, "orders in the list's order")
        for row in rows[1:]:
            same((Decimal(row[1]), row[2], row[3][:16]), (Decimal(fen(truth[row[0]]["cost_yuan"])) / 100, truth[row[0]]["title"], truth[row[0]]["created"]), row[0])
        holds(re.fullmatch(r"attachment; filename=\"ad_orders_\d{8}_\d{6}\.csv\"; filename\*=UTF-8''ad_orders_\d{8}_\d{6}\.csv",
                           headers["Content-Disposition"]), headers["Content-Disposition"])
        data, headers = api.raw("/api/v1/ad-orders/export", format="ndjson", sort="-cost", cost_min="500", lang="en")
        lines = [json.loads(line, parse_float=Decimal) for line in data.decode().splitlines()]
        same([line["order_id"] for line in lines], wanted, "orders of NDJSON")
        for line, row in zip(lines, listed):
            same((line["cost"], line["plays"], line["title"]), (row["cost"], row["plays"], row["title"]), "as the list has it")
        data, headers = api.raw("/api/v1/ad-orders/export", sheet="douplus-orders")
        same(len(xlsx_read(data)["订单数据"]), len(truth) + 1, "rows of the old sheet")
        holds("filename*=UTF-8''%E8%AE%A2%E5%8D%95%E6%95%B0%E6%8D%AE_" in headers["Content-Disposition"], headers["Content-Disposition"])
        for parameters, code in (({"columns": "ordr_id"}, "column_unknown"), ({"sheet": "x"}, "sheet_unknown"), ({"limit": "5"}, "parameter_unknown"),
                                 ({"format": "pdf"}, None), ({"sort": "nothing"}, "sort_unknown")):
            try:
                api.raw("/api/v1/ad-orders/export", **parameters)
                holds(False, f"{parameters} was taken")
            except Refused as refused:
                same((refused.status, code is None or refused.problem["code"] == code), (400, True), f"{parameters}: {refused}")


def shown(item):
    """What of a row of an answer is a cell."""
    return {k: v for k, v in item.items() if not isinstance(v, list) and (not isinstance(v, dict) or "minor" in v)}


def file_is_the_list(api, path, key, **asked):
    """The file against the answer, walked a few rows at a time: the same rows in the same order, figure by figure."""
    whole = asked.get("by") in ("day", "week", "month", "shop")
    listed = api.get(path, **asked)["items"] if whole else list(api.walk(path, limit="7", **asked))
    data, headers = api.raw(f"{path}/export", format="ndjson", **asked)
    lines = [json.loads(line, parse_float=Decimal) for line in data.decode().splitlines()]
    same([line[key] for line in lines], [item[key] for item in listed], f"{path} {asked}: rows")
    for line, item in zip(lines, listed):
        item = {k: v for k, v in shown(item).items() if k in line or v is not None}
        got = {k: v for k, v in line.items() if k in item or v is not None}
        if "shop_name" not in item:
            got.pop("shop_name", None)  # which a declared list has beside the number
        same(got, item, f"{path} {asked} {line[key]}")
    holds(headers["Content-Disposition"].startswith("attachment; filename="), headers["Content-Disposition"])
    return listed


def test_sums_of_ads_as_files_are_what_the_answers_show(t):
    stage = real_stage(t)
    stage.sync()
    with Api(stage) as api:
        holds(len(file_is_the_list(api, "/api/v1/videos", "item_id", period="all")) > 7, "pages of videos")
        file_is_the_list(api, "/api/v1/videos", "item_id", period="all", split="shop", sort="plays_per_100", basis="spent")
        file_is_the_list(api, "/api/v1/shops/statistics", "shop", period="all", sort="-plays")
        video = next(api.walk("/api/v1/videos", period="all"))
        data, _ = api.raw("/api/v1/videos/export", format="csv", period="all", columns=["item_id", "title", "cost", "plays"])
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
        same(rows[0], ["视频号", "标题", "消耗", "播放量"], "headings")
        same((rows[1][0], rows[1][1], Decimal(rows[1][2]), rows[1][3]),
             (video["item_id"], video["title"], Decimal(video["cost"]["text"]), str(video["plays"])), "the first video")
        sheet = xlsx_read(api.raw("/api/v1/videos/export", period="all")[0])["videos"]
        same((sheet[1][0], len(sheet)), ((False, video["item_id"]), len(rows)), "as xlsx")
        same(api.raw("/api/v1/videos/export", format="ndjson", **{"from": "2001-01-01", "to": "2001-01-02"})[0], b"", "no row")
        for asked, code in (({"columns": "itm"}, "column_unknown"), ({"sort": "x"}, "sort_unknown"), ({"limit": "5"}, "parameter_unknown")):
            try:
                api.raw("/api/v1/videos/export", **asked)
                holds(False, f"{asked} was taken")
            except Refused as refused:
                same((refused.status, refused.problem["code"]), (400, code), f"{asked}")
    path = t.folder() / "videos.ndjson"
    huiliu(stage.home, "export", "videos", "--format", "ndjson", "--where", "period=all", "--out", str(path), env=stage.env, check=True)
    same(json.loads(path.read_text().splitlines()[0])["item_id"], video["item_id"], "by the command")


def test_sales_profit_and_bills_as_files_are_what_the_answers_show(t):
    stage = Stage(t, platform="douyin-life", life_shops=2, life_orders=60)
    stage.sync()
    path = t.folder() / "bill.xlsx"
    path.write_bytes(xlsx_bytes({"a": [["PO单号", "销售回款", "销售冲回"]] + [[f"PO-{i:05d}", f"{i}.5", "-0.25"] for i in range(2300)]}))
    take(stage, path, "temu-bill-collection", stage.shops[0]["name"])
    with Api(stage) as api:
        for by, key in (("day", "day"), ("week", "week"), ("month", "month"), ("shop", "shop"), ("sku", "sku_id"), ("spu", "spu_id")):
            holds(file_is_the_list(api, "/api/v1/sales", key, period="all", by=by), f"sales by {by}")
        for by, key in (("day", "day"), ("shop", "shop"), ("sku", "sku_id")):
            holds(file_is_the_list(api, "/api/v1/profit", key, period="all", by=by), f"profit by {by}")
        file_is_the_list(api, "/api/v1/profit/orders", "order_id", sort="-gmv")
        api.get("/api/v1/bills/profit")
        lines = [json.loads(line) for line in api.raw("/api/v1/bills/lines/export", format="ndjson")[0].decode().splitlines()]
        same(len(lines), 2300, "lines of the bill")
        lines = [json.loads(line) for line in api.raw("/api/v1/bills/profit/export", format="ndjson")[0].decode().splitlines()]
        same([(line["po_id"], line["revenue"]["minor"]) for line in lines], [(f"PO-{i:05d}", i * 100 + 25) for i in range(2300)], "pages of bills")
        file_is_the_list(api, "/api/v1/bills/profit", "po_id", sort="-revenue", po_id=["PO-00007", "PO-00012"])


# --- imports ---

SALES = ["所属订单ID", "子单ID", "订单标签", "券码状态", "订单实收", "核销时间", "订单归属人昵称"]


def sale(number, **other):
    cells = {"所属订单ID": f"10000000000000{number:05d}", "子单ID": f"2{number}", "订单标签": "团购", "券码状态": "已核销",
             "订单实收": f"{number}.5元", "核销时间": "2026-01-28 07:00", "订单归属人昵称": None}
    cells.update(other)
    return [cells[name] for name in SALES]


def life_home(t):
    stage = Stage(t, platform="douyin-life", life_shops=1, life_orders=1)
    return stage, stage.shops[0]["name"]


def stored(stage, table):
    return stage.rows(f"SELECT * FROM {table} ORDER BY 1, 2, 3")


def take(stage, path, kind, shop, *words):
    return json.loads(huiliu(stage.home, "import", str(path), "--as", kind, "--shop", shop, "--json", *words, env=stage.env, check=True)[1])


def test_what_was_seen_before_is_what_is_stored_and_twice_is_once(t):
    stage, shop = life_home(t)
    path = t.folder() / "售卖明细_1.xlsx"
    rows = [["导出说明"], SALES] + [sale(i) for i in range(1, 1201)]
    rows[7] = sale(6, 订单实收="面议")
    rows[9] = sale(8, 所属订单ID=1.83553579468599e18)
    rows.append(sale(3))
    path.write_bytes(xlsx_bytes({"明细": rows}))
    seen = take(stage, path, "life-sales", shop, "--preview")
    same(stored(stage, "life_sale"), [], "a preview stores nothing")
    same((seen["rows"], seen["errors"], seen["new"], seen["same"]), (1201, 3, 1198, 0), "seen")
    faults = [(f["row"], f["column"], f["code"]) for f in seen["faults"]]
    same(sorted(faults), sorted([(8, "订单实收", "money_text"), (10, "所属订单ID", "id_rounded"), (1203, "", "key_twice")]), "faults")
    done = take(stage, path, "life-sales", shop)
    same((done["state"], done["new"], done["changed"], done["same"], done["errors"]), ("done", 1198, 0, 0, 3), "stored")
    same(done["faults"], seen["faults"], "the faults that were seen")
    got = {row["order_id"]: row for row in stored(stage, "life_sale")}
    wanted = [i for i in range(1, 1201) if i not in (6, 8)]
    same(set(got), {f"10000000000000{i:05d}" for i in wanted}, "orders")
    for i in wanted:
        row = got[f"10000000000000{i:05d}"]
        same((row["part_id"], row["status"], row["actual_receipt"], row["currency"], row["verified_at"], row["owner_name"],
              row["sale_amount"]), (f"2{i}", "已核销", i * 100 + 50, "CNY", 1769554800000, "商家", None), row["order_id"])
    same(stage.rows("SELECT count(*) AS n FROM original WHERE table_name = 'life_sale'")[0]["n"], 1198, "originals")
    same(stage.rows("SELECT code, count(*) AS n FROM reject WHERE table_name = 'life_sale' GROUP BY code ORDER BY code"),
         [{"code": "id_rounded", "n": 1}, {"code": "money_text", "n": 1}], "rejects")
    code, _, why = huiliu(stage.home, "import", str(path), "--as", "life-sales", "--shop", shop, env=stage.env)
    same((code, "import_known" in why), (1, True), "the same file again")
    before = stored(stage, "life_sale")
    again = take(stage, path, "life-sales", shop, "--again")
    same((again["new"], again["changed"], again["same"]), (0, 0, 1198), "and when it is wanted")
    same(stored(stage, "life_sale"), before, "nothing has changed")
    rows[2] = sale(1, 券码状态="已退款")
    path.write_bytes(xlsx_bytes({"明细": rows}))
    changed = take(stage, path, "life-sales", shop)
    same((changed["new"], changed["changed"], changed["same"]), (0, 1, 1197), "one row was changed")
    same(stage.rows("SELECT count(*) AS n FROM import_page")[0]["n"], 0, "pages that are left")
    listed = huiliu_json(stage.home, "import", "list", env=stage.env)[1]["imports"]
    same([(i["state"], i["file"]) for i in listed], [("done", "售卖明细_1.xlsx")] * 3, "the list of imports")


def test_a_refused_row_is_tried_again_and_stays_refused(t):
    stage, shop = life_home(t)
    path = t.folder() / "sales.xlsx"
    path.write_bytes(xlsx_bytes({"a": [SALES, sale(1), sale(2, 订单实收="?")]}))
    take(stage, path, "life-sales", shop)
    code, out, _ = huiliu(stage.home, "reject", "replay", "--all", env=stage.env)
    same((code, "money_text" in out), (1, True), f"mapped by the file's manifest: {out}")
    path.write_bytes(xlsx_bytes({"a": [SALES, sale(1), sale(2)]}))
    take(stage, path, "life-sales", shop)
    same(stage.rows("SELECT count(*) AS n FROM reject WHERE table_name = 'life_sale'")[0]["n"], 0, "a good copy ends it")


def replayed(stage, shop, stream, *words):
    answer = huiliu_json(stage.home, "connector", "replay", shop, stream, *words, env=stage.env)[1]
    return answer["rows"], answer["rejected"], sorted((d["key"], d["column"], d["before"], d["after"]) for d in answer["differences"])


def test_an_original_is_replayed_by_the_manifest_that_made_it(t):
    stage = Stage(t, platform="douyin-life", life_shops=1, life_orders=40)
    shop, folder = stage.shops[0]["name"], t.folder()
    stage.sync()
    head = ["订单编号", "SKU ID", "应履约件数", "下单时间", "订单状态"]
    (folder / "orders.xlsx").write_bytes(xlsx_bytes({"a": [head, ["PO-1", "17592352673534", 2, "2026-01-28 07:00:00", "待发货"],
                                                           ["PO-1", "17592352673535", 1, "2026-01-28 07:00:00", "已签收"]]}))
    (folder / "sales.xlsx").write_bytes(xlsx_bytes({"a": [SALES, sale(1), sale(2)]}))
    head = ["订单编号", "出行日期", "预约份数"]
    (folder / "bookings.xlsx").write_bytes(xlsx_bytes({"已预约-1": [head, ["100000000000000002", 46050, 2], ["100000000000000002", 46051, 1]]}))
    for name, kind in (("orders", "temu-orders"), ("sales", "life-sales"), ("bookings", "life-bookings")):
        same(take(stage, folder / f"{name}.xlsx", kind, shop)["new"], 2, kind)
    own = stage.rows("SELECT count(*) AS n FROM trade_order")[0]["n"] - 2
    holds(own >= 40, f"{own} orders of the platform")
    for stream, rows in (("orders", own + 2), ("temu-orders", 2), ("life-sales", 2), ("life-bookings", 2), ("temu-products", 0)):
        same(replayed(stage, shop, stream), (rows, 0, []), f"{stream} as it was")
    one = stage.rows("SELECT order_id, quantity FROM trade_order WHERE order_id NOT LIKE 'PO-%' ORDER BY order_id")[0]
    base = sqlite3.connect(stage.home / "huiliu.db")
    base.executescript(f"""UPDATE trade_order SET quantity = 99 WHERE order_id IN ('{one["order_id"]}', 'PO-1/17592352673534');
                           UPDATE life_booking SET status = 'x' WHERE place = 2;""")
    base.close()
    of_file, of_platform = ("PO-1/17592352673534", "quantity", "99", "2"), (one["order_id"], "quantity", "99", str(one["quantity"]))
    same(replayed(stage, shop, "temu-orders"), (2, 0, [of_file]), "what a file's row would become")
    same(replayed(stage, shop, "orders"), (own + 2, 0, sorted([of_file, of_platform])), "and rows of both")
    same(replayed(stage, shop, "orders", "--apply"), (own + 2, 0, sorted([of_file, of_platform])), "written")
    same(replayed(stage, shop, "orders"), (own + 2, 0, []), "nothing is left")
    same([(c, b, a) for _, c, b, a in replayed(stage, shop, "life-bookings", "--apply")[2]], [("status", "x", "已预约")], "what no cell says")
    same(stage.rows("SELECT DISTINCT status FROM life_booking"), [{"status": "已预约"}], "statuses")


def test_a_booking_that_moved_to_another_sheet_has_changed(t):
    stage, shop = life_home(t)
    path, head = t.folder() / "bookings.xlsx", ["订单编号", "出行日期", "预约份数"]
    rows = [[f"10000000000000000{i}", "2026-01-30", "1"] for i in range(3)]
    path.write_bytes(xlsx_bytes({"待接单-1": [head, *rows]}))
    take(stage, path, "life-bookings", shop)
    path.write_bytes(xlsx_bytes({"待接单-1": [head, rows[2], rows[0]], "已预约-1": [head, rows[1]]}))
    done = take(stage, path, "life-bookings", shop)
    same((done["new"], done["changed"], done["same"]), (0, 1, 2), "a row's place is nothing, its sheet is")
    same([r["status"] for r in stored(stage, "life_booking")], ["待接单", "已预约", "待接单"], "statuses")


def test_bookings_are_read_from_every_sheet_but_the_explanations(t):
    stage, shop = life_home(t)
    path = t.folder() / "bookings.xlsx"
    head = ["订单编号", "出行日期", "预约份数", "商品名称"]
    path.write_bytes(xlsx_bytes({
        "字段说明": [["anything"]], "未预约-1": [head, ["100000000000000001", None, "1", "a"]], "待接单-1": [head],
        "已预约-1": [head, ["100000000000000002", 46050, 2, "b"], ["100000000000000002", "2026/2/1", None, "b"]],
        "已预约-2": [head, ["100000000000000003", "2026-01-30", "3", "b"]]}))
    done = take(stage, path, "life-bookings", shop)
    same((done["rows"], done["errors"], done["new"]), (4, 0, 4), "rows")
    day = 86400000
    same([(r["order_id"][-1], r["place"], r["status"], r["travel_at"], r["pieces"]) for r in stored(stage, "life_booking")],
         [("1", 1, "未预约", None, 1), ("2", 1, "已预约", 1769529600000, 2), ("2", 2, "已预约", 1769529600000 + 4 * day, None),
          ("3", 1, "已预约", 1769529600000 + 2 * day, 3)], "bookings")


def test_csv_of_spreadsheets_in_gb18030_is_read(t):
    stage, shop = life_home(t)
    path = t.folder() / "sales.csv"
    lines = [SALES] + [sale(i) for i in range(1, 4)] + [sale(9, 所属订单ID="1.83553579468599E+18")]
    text = "\r\n".join(",".join(cell or "" for cell in line) for line in lines)
    path.write_bytes(text.encode("gb18030"))
    done = take(stage, path, "life-sales", shop)
    same((done["charset"], done["new"], [f["code"] for f in done["faults"]]), ("gb18030", 3, ["id_rounded"]), "read")
    same(stored(stage, "life_sale")[0]["status"], "已核销", "status")


def test_files_that_cannot_be_are_refused_whole(t):
    stage, shop = life_home(t)
    folder = t.folder()
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/workbook.xml", b" " * (200 << 20))
    laughs = io.BytesIO()
    with zipfile.ZipFile(laughs, "w") as package:
        package.writestr("xl/workbook.xml", '<!DOCTYPE a [<!ENTITY b "c">]><workbook>&b;</workbook>')
    whole = xlsx_bytes({"a": [SALES, sale(1)]})
    cases = {"bomb": (bomb.getvalue(), "xlsx_large"), "laughs": (laughs.getvalue(), "xlsx_dtd"), "cut": (whole[:-30], "xlsx_corrupt"),
             "old": (bytes.fromhex("D0CF11E0A1B11AE1") + b"x" * 100, "xls_old"), "other": (xlsx_bytes({"a": [["x"], ["1"]]}), "header_missing"),
             "empty": (xlsx_bytes({"a": [SALES]}), "file_empty"), "picture": (b"\x89PNG\r\n\x1a\n\xff\xff", "charset")}
    for name, (data, code) in cases.items():
        path = folder / f"{name}.xlsx"
        path.write_bytes(data)
        for words in (["--preview"], []):
            ended, _, why = huiliu(stage.home, "import", str(path), "--as", "life-sales", "--shop", shop, *words, env=stage.env)
            same((ended, f"({code})" in why), (1, True), f"{name}: {why}")
    for table in ("life_sale", "import_file", "import_page", "import_error", "reject"):
        same(stage.rows(f"SELECT count(*) AS n FROM {table}")[0]["n"], 0, table)


def test_orders_and_bills_of_temu_pages(t):
    stage, shop = life_home(t)
    folder = t.folder()
    head = ["订单编号", "SKU ID", "SPUID", "商品名称", "应履约件数", "单价", "订单金额", "币种", "下单时间", "订单状态", "国家"]
    rows = [head, ["PO-211-1", "17592352673534", "601", "灯", 2, "3.5", "$7.00", "USD", "2026-01-28 07:00:00", "待发货", "US"],
            ["PO-211-1", "17592352673535", "601", "灯2", 1, "3.5", "3.5", "USD", "2026-01-28 07:00:00", "已签收", "US"],
            ["PO-211-2", 17592352673534, "601", "灯", 1, "x", "3.5", "USD", "2026-01-28 07:00:00", "怪", "US"],
            ["PO-211-3", "17592352673534", "601", "灯", 1, "3.5", "3.5", "USD", "2026-01-28 07:00:00", "怪", "US"],
            # An id of which a part is missing would be the same of all such rows.
            ["", "17592352673536", "601", "灯", 1, "3.5", "3.5", "USD", "2026-01-28 07:00:00", "怪", "US"],
            ["PO-211-4", None, "601", "灯", 1, "3.5", "3.5", "USD", "2026-01-28 07:00:00", "怪", "US"]]
    path = folder / "orders.xlsx"
    path.write_bytes(xlsx_bytes({"a": rows}))
    done = take(stage, path, "temu-orders", shop)
    same((done["new"], [(f["row"], f["column"], f["code"]) for f in done["faults"]]), (3, [(4, "单价", "money_text"), (6, "子订单号", "field_missing"), (7, "子订单号", "field_missing")]), "orders")
    got = stage.rows("SELECT * FROM trade_order WHERE parent_id LIKE 'PO-%' ORDER BY order_id")
    same([(r["order_id"], r["parent_id"], r["quantity"], r["pay_amount"], r["currency"], r["status"], r["stage"]) for r in got],
         [("PO-211-1/17592352673534", "PO-211-1", 2, 700, "USD", "待发货", "processing"),
          ("PO-211-1/17592352673535", "PO-211-1", 1, 350, "USD", "已签收", "delivered"),
          ("PO-211-3/17592352673534", "PO-211-3", 1, 350, "USD", "怪", None)], "rows")
    path.write_bytes(xlsx_bytes({"a": [["PO单号", "销售回款", "销售冲回"], ["PO-211-1", "10.00", "-2.5"], ["PO-211-1", 3.3, None]]}))
    done = take(stage, path, "temu-bill-collection", shop)
    same((done["new"], done["errors"]), (2, 0), "bill")
    same([(r["line"], r["kind"], r["po_id"], r["sales"], r["reversal"]) for r in stage.rows("SELECT * FROM bill_line ORDER BY line")],
         [(2, "collection", "PO-211-1", 1000, -250), (3, "collection", "PO-211-1", 330, None)], "lines")
    code, _, why = huiliu(stage.home, "import", str(path), "--as", "temu-bill-collection", "--shop", shop, "--again", "--as-of",
                          "2099-01-01", env=stage.env)
    same((code, "import_future" in why), (2, True), f"a file of the future: {why}")
    code, _, why = huiliu(stage.home, "import", str(path), "--as", "temu-bill-deduction", "--shop", shop, env=stage.env)
    same((code, "header_missing" in why), (1, True), "another bill's headings")


BILL = ["PO单号", "销售回款", "销售冲回", "账务时间"]


def bill(*lines):
    return xlsx_bytes({"a": [BILL] + [list(line) for line in lines]})


def revenues(stage):
    return {r["po_id"]: r["n"] for r in stage.rows("SELECT po_id, sum(sales + coalesce(reversal, 0)) AS n FROM bill_line GROUP BY po_id")}


def test_a_line_of_a_bill_counts_once_in_however_many_exports_it_stands(t):
    stage, shop = life_home(t)
    path = t.folder() / "bill.xlsx"
    one, two, three = ("PO-1", "95.00", None, "2026-01-05"), ("PO-2", 10, -2.5, "2026-01-06"), ("PO-3", 7, None, "2026-01-20")

    def hand_in(data, *words):
        path.write_bytes(data)
        done = take(stage, path, "temu-bill-collection", shop, *words)
        return done["new"], done["same"] + done["changed"] + done["older"], done["as_in_earlier_files"]

    same(hand_in(bill(one, two)), (2, 0, 0), "the first export")
    same(hand_in(bill(one, two, three), "--preview"), (1, 2, 2), "one line more, seen")
    same(hand_in(bill(one, two, three)), (1, 2, 2), "one line more")
    same(revenues(stage), {"PO-1": 9500, "PO-2": 750, "PO-3": 700}, "nothing counts twice")
    # Weekly and monthly overlap; the order, spaces, the columns' order and how an amount is written do not matter.
    text = "销售冲回,PO单号,账务时间,备注,销售回款\r\n" + "".join(f"{r},{po} ,{day},x,{s}\r\n" for po, s, r, day in (
        ("PO-3", "¥7.00", "", "2026/1/20"), ("PO-4", "1", "", "2026/1/21"), ("PO-1", " 95 ", "-", "2026-01-05")))
    same(hand_in(text.encode()), (1, 2, 2), "an overlap")
    same(revenues(stage), {"PO-1": 9500, "PO-2": 750, "PO-3": 700, "PO-4": 100}, "an overlap counts once")
    # Two lines of one file that say the same are two, and are still two when they come again with a third.
    same(hand_in(bill(two, two)), (1, 1, 1), "two alike, of which one is known")
    same(hand_in(bill(two, three, two, two)), (1, 3, 3), "three alike, of which two are known")
    same(revenues(stage)["PO-2"], 3 * 750, "each of a file counts")
    code, said, _ = huiliu(stage.home, "import", str(path), "--as", "temu-bill-collection", "--shop", shop, "--again", env=stage.env)
    same((code, "4 lines as in earlier files" in said), (0, True), f"said {said}")
    same(len(stage.rows("SELECT DISTINCT content, nth FROM bill_line")), 6, "lines")
    with Api(stage) as api:
        same({item["po_id"]: item["revenue"]["minor"] for item in api.get("/api/v1/bills/profit")["items"]}, revenues(stage), "profit of bills")
        asked = {"shop": shop, "kind": "temu-bill-collection"}
        same(api.hand_in("/api/v1/imports", bill(one, ("PO-9", 1, None, None)), **asked)["as_in_earlier_files"], 1, "told by the API")
        walked = [(line["po_id"], line["nth"]) for line in api.walk("/api/v1/bills/lines", limit=2)]
        same(sorted(walked), [("PO-1", 1), ("PO-2", 1), ("PO-2", 2), ("PO-2", 3), ("PO-3", 1), ("PO-4", 1)], "page after page")


def test_a_refused_line_of_a_bill_says_which_it_is(t):
    """Lines of bills have no number: a refused one is named by its place and by the order that it is about."""
    stage = Stage(t, life_shops=0, douplus_shops=0, shops=False)
    stage.run("shop", "add", "T", "--platform", "temu", "--external-id", "1", check=True)
    path = t.folder() / "bill.xlsx"
    path.write_bytes(xlsx_bytes({"扣款": [["订单编号", "支出金额"], ["PO-1", "1.00"], ["PO-2", "?"], [None, "x"]]}))
    said = take(stage, path, "temu-bill-deduction", "T")
    same([(f["row"], f["code"]) for f in said["faults"]], [(3, "money_text"), (4, "money_text")], "faults")
    wanted = ["扣款 row 3: PO-2", "扣款 row 4"]
    listed = huiliu_json(stage.home, "reject", "list", env=stage.env)[1]["rejects"]
    same(sorted(r["key"] for r in listed), wanted, "the command's list")
    with Api(stage) as api:
        same(sorted(r["key"] for r in api.get("/api/v1/rejects")["items"]), wanted, "the API's")


def test_lines_alike_keep_their_number_when_an_import_is_cut_off(t):
    stage, shop = life_home(t)
    path = t.folder() / "bill.xlsx"
    lines = [("PO-1", "1.00", None, "2026-01-05") if i % 3 == 0 else (f"PO-{i}", "2.00", None, "2026-01-05") for i in range(1600)]
    path.write_bytes(bill(*lines))
    code, _, why = huiliu(stage.home, "import", str(path), "--as", "temu-bill-collection", "--shop", shop,
                          env=dict(stage.env, HUILIU_FAIL="sync.import.page=kill@3"))
    holds(code < 0 or code == 137, f"it was killed: {code} {why}")
    same(stage.rows("SELECT count(*) AS n FROM bill_line")[0]["n"], 1000, "two pages are stored")
    stage.sync()
    same(stage.rows("SELECT count(*) AS n, max(nth) AS alike, sum(sales) AS sales FROM bill_line"),
         [{"n": 1600, "alike": 534, "sales": 534 * 100 + 1065 * 200 + 200}], "all lines, each with its number")
    path.write_bytes(bill(*lines, ("PO-X", "5", None, "2026-01-31")))
    done = take(stage, path, "temu-bill-collection", shop)
    same((done["new"], done["same"], done["as_in_earlier_files"]), (1, 1600, 1600), "exported again with a line more")


def test_a_row_of_a_year_that_cannot_be_is_refused_alone(t):
    stage, shop = life_home(t)
    path = t.folder() / "orders.csv"
    path.write_text("订单编号,SKU ID,应履约件数,下单时间,订单状态\n" + "".join(f"PO-{i},1,1,{at},待发货\n" for i, at in enumerate(
        ("2026-01-28 07:00:00", "0001-01-01 00:00:00", "9999-12-31 00:00:00", "2036-01-28 07:00:00"))), encoding="utf-8")
    done = take(stage, path, "temu-orders", shop)
    same((done["new"], [(f["row"], f["code"]) for f in done["faults"]]), (1, [(3, "time_range"), (4, "time_range"), (5, "time_range")]), "one row")
    stage.sync()
    with Api(stage) as api:
        api.get("/api/v1/trends", of="sales", period="all")


def test_a_file_whose_rows_are_all_refused_says_so(t):
    stage, shop = life_home(t)
    path = t.folder() / "sales.xlsx"
    path.write_bytes(xlsx_bytes({"a": [SALES, sale(1, 订单实收="?"), sale(2, 订单实收="x")]}))
    code, out, _ = huiliu(stage.home, "import", str(path), "--as", "life-sales", "--shop", shop, "--json", env=stage.env)
    said = json.loads(out)
    same((code, said["state"], said["rows"], said["errors"]), (3, "refused", 2, 2), "all refused")
    same(stage.rows("SELECT state FROM import_file"), [{"state": "refused"}], "kept as refused")
    with Api(stage) as api:
        same([i["state"] for i in api.get("/api/v1/imports", state="refused")["items"]], ["refused"], "listed")
    path.write_bytes(xlsx_bytes({"a": [SALES, sale(1), sale(2, 订单实收="x")]}))
    same(take(stage, path, "life-sales", shop)["state"], "done", "one good row is a good import")


def test_an_import_that_is_cut_off_goes_on_where_it_was(t):
    stage, shop = life_home(t)
    path = t.folder() / "sales.xlsx"
    path.write_bytes(xlsx_bytes({"a": [SALES] + [sale(i) for i in range(1, 1601)]}))
    env = dict(stage.env, HUILIU_FAIL="sync.import.page=kill@3")
    code, _, why = huiliu(stage.home, "import", str(path), "--as", "life-sales", "--shop", shop, env=env)
    holds(code < 0 or code == 137, f"it was killed: {code} {why}")
    same(stage.rows("SELECT count(*) AS n FROM life_sale")[0]["n"], 1000, "two pages are stored")
    stage.sync()
    same(stage.rows("SELECT count(*) AS n FROM life_sale")[0]["n"], 1600, "and all of them after the next sync")
    same(stage.rows("SELECT state, pages, pages_done, rows_new FROM import_file"),
         [{"state": "done", "pages": 4, "pages_done": 4, "rows_new": 1600}], "the file")


def test_files_are_handed_in_over_the_api(t):
    stage, shop = life_home(t)
    data = xlsx_bytes({"a": [SALES] + [sale(i) for i in range(1, 6)] + [sale(7, 订单实收="?")]})
    with Api(stage) as api:
        kinds = {kind["kind"] for kind in api.get("/api/v1/import-kinds")["items"]}
        holds({"life-sales", "life-bookings", "temu-orders"} <= kinds, f"kinds {kinds}")
        asked = {"shop": shop, "kind": "life-sales", "name": "../../售卖明细.xlsx"}
        seen = api.hand_in("/api/v1/imports", data, **asked)
        same((seen["state"], seen["rows"], seen["errors"], seen["new"]), ("preview", 6, 1, 5), "seen")
        same([(f["row"], f["column"], f["code"]) for f in seen["faults"]], [(7, "订单实收", "money_text")], "faults")
        same(api.get("/api/v1/imports")["items"], [], "nothing was taken")
        taken = api.hand_in("/api/v1/imports", data, confirm="1", **asked)
        same((taken["state"], taken["errors"]), ("waiting", 1), "taken")
        one = api.get(f"/api/v1/imports/{taken['import']}")
        same((one["file"], one["who"], one["state"], one["rows"], len(one["faults"])), ("../../售卖明细.xlsx", "admin", "waiting", 6, 1), "kept")
        same([line["action"] for line in api.get("/api/v1/audit")["items"] if line["action"] == "import"], ["import"], "audit")
        for query, body, status, code in (({"confirm": "1", **asked}, data, 409, "import_known"), ({**asked, "kind": "life-sale"}, data, 422, "import_kind"),
                                          ({**asked, "shop": "nobody"}, data, 404, None), (asked, data[:-9], 422, "xlsx_corrupt"),
                                          (asked, b"", 422, None)):
            try:
                api.hand_in("/api/v1/imports", body, **query)
                holds(False, f"{query} was taken")
            except Refused as refused:
                same((refused.status, code is None or refused.problem["code"] == code), (status, True), f"{query}: {refused}")
    stage.sync()
    same(stage.rows("SELECT state, rows_new FROM import_file"), [{"state": "done", "rows_new": 5}], "stored by the shop's lane")


def form_bytes(fields, name, data, boundary="----WebKitFormBoundary7MA4YWxk"):
    """What a browser makes of a form with a file."""
    parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'.encode() for k, v in fields.items()]
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: application/octet-stream\r\n\r\n'
    return b"".join(parts) + head.encode() + data + f"\r\n--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def post_form(api, body, kind, query=""):
    if not api.token:
        api.sign_in()
    request = urllib.request.Request(api.base + "/api/v1/imports" + query, data=body, method="POST",
                                     headers={"Authorization": f"Bearer {api.token}", "Content-Type": kind})
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as reply:
            return reply.status, json.loads(reply.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def test_a_pages_form_hands_in_a_file(t):
    stage, shop = life_home(t)
    data = xlsx_bytes({"a": [SALES] + [sale(i) for i in range(1, 6)]})
    fields = {"shop": shop, "kind": "life-sales"}
    with Api(stage) as api:
        status, seen = post_form(api, *form_bytes(fields, "售卖 %22明细%22.xlsx", data))
        same((status, seen["state"], seen["rows"], seen["new"]), (200, "preview", 5, 5), "seen")
        status, seen = post_form(api, *form_bytes({}, "a.xlsx", data), "?" + urllib.parse.urlencode(fields))
        same((status, seen["digest"]), (200, hashlib.sha256(data).hexdigest()), "fields in the query, and the very bytes")
        status, taken = post_form(api, *form_bytes({**fields, "confirm": "1", "again": ""}, "售卖 %22明细%22.xlsx", data))
        same((status, taken["state"]), (200, "waiting"), "taken")
        same(api.get(f"/api/v1/imports/{taken['import']}")["file"], '售卖 "明细".xlsx', "the file's own name")
        whole, kind = form_bytes(fields, "a.xlsx", data)
        twice = whole.replace(b"--\r\n", b"\r\n") + form_bytes({}, "b.xlsx", data)[0]
        for body, code, refused in ((whole[:-30], "form_broken", 422), (b"x", "form_broken", 422), (twice, "form_file", 400),
                                    (form_bytes({**fields, "shap": "x"}, "a", data)[0], "parameter_unknown", 400),
                                    (form_bytes({**fields, "as_of": "tomorrow"}, "a", data)[0], "parameter_time", 400),
                                    (form_bytes(fields, "", b"")[0], "form_file", 400),
                                    (form_bytes({f"f{i}": 1 for i in range(40)}, "a", data)[0], "form_many", 422)):
            status, problem = post_form(api, body, kind)
            same((status, problem["code"]), (refused, code), f"{code}")
        status, problem = post_form(api, form_bytes(fields, "a.xlsx", b"x" * (9 << 20))[0], kind)
        same(status, 413, "larger than a file may be, and no reset")
        paths = api.get("/api/v1/openapi.json")["paths"]["/api/v1/imports"]["post"]["requestBody"]["content"]
        same(set(paths["multipart/form-data"]["schema"]["properties"]) >= {"file", "shop", "kind", "confirm"}, True, "the document says so")


def on_server(t, kind):
    stage = OnServer(t, server_start(t, kind), platform="douyin-life", life_shops=1, life_orders=1)
    shop, path = stage.shops[0]["name"], t.folder() / "sales.xlsx"
    path.write_bytes(xlsx_bytes({"a": [SALES] + [sale(i) for i in range(1, 1102)] + [sale(5000, 订单实收="?")]}))
    seen = take(stage, path, "life-sales", shop, "--preview")
    done = take(stage, path, "life-sales", shop)
    same((seen["new"], done["new"], done["errors"], done["state"]), (1101, 1101, 1, "done"), "stored")
    same(sorted((r["order_id"], int(r["actual_receipt"])) for r in stage.rows("SELECT order_id, actual_receipt FROM life_sale")),
         [(f"10000000000000{i:05d}", i * 100 + 50) for i in range(1, 1102)], "rows")
    again = take(stage, path, "life-sales", shop, "--again")
    same((again["new"], again["changed"], again["same"]), (0, 0, 1101), "twice is once")
    with Api(stage) as api:
        same([(i["state"], i["rows"], i["new"]) for i in api.get("/api/v1/imports")["items"]], [("done", 1102, 0), ("done", 1102, 1101)], "listed")
        data, _ = api.raw("/api/v1/trade-parts/export", format="csv")
        holds(data.startswith(b"\xef\xbb\xbf"), "an export of no row has its headings")
    same(int(stage.rows("SELECT count(*) AS n FROM import_page")[0]["n"]), 0, "pages that are left")


def test_an_import_waits_for_the_lane_that_another_process_had(t):
    stage = OnServer(t, server_start(t, pg_server), platform="douyin-life", life_shops=1, life_orders=1)
    shop, cut, path = stage.shops[0]["name"], t.folder() / "cut.xlsx", t.folder() / "sales.xlsx"
    cut.write_bytes(xlsx_bytes({"a": [SALES] + [sale(i) for i in range(1, 1601)]}))
    path.write_bytes(xlsx_bytes({"a": [SALES] + [sale(i) for i in range(2001, 2011)]}))
    env = dict(stage.env, HUILIU_FAIL="sync.import.page=kill@3")
    huiliu(stage.home, "import", str(cut), "--as", "life-sales", "--shop", shop, env=env)
    holds(stage.rows("SELECT count(*) AS n FROM task WHERE state = 'running'")[0]["n"], "the killed one left its lease")
    done = take(stage, path, "life-sales", shop)
    same((done["state"], done["new"]), ("done", 10), "it ended when its rows were stored, behind those of the other")


def test_an_import_is_the_same_on_postgresql(t):
    on_server(t, pg_server)


def test_an_import_is_the_same_on_mariadb(t):
    on_server(t, mariadb_server)


if __name__ == "__main__":
    lib.main(globals())

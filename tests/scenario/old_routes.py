#!/usr/bin/env python3
"""The old DOU+ routes, over the real orders of ../shared/data/douplus-orders.csv: every list, statistic and export answers in the
old envelope with the old names and units, and its values are the file's, worked out here with python's csv and Decimal. Refusals
stand in the old envelope too; who may not see a shop does not see it through these routes either."""
import datetime
import json
import re
import signal
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import lib
from api_client import ClockHeld
from lib import Failure, holds, same
from real import FILE_DAY_MS, file_rows, real_stage
from sheets import COLUMNS, wanted_row, xlsx_read
from truth import Stage

# What the old program answered with, route by route, as its own description lists it.
ENVELOPE = {"code", "message", "data", "success"}
PAGE = {"total", "pageNum", "pageSize", "pages"}
TASK = set("""id userId accountId itemId orderId taskId status budget duration targetType videoTitle videoCoverUrl accountNickname
    accountAvatar orderCreateTime orderStartTime orderEndTime createTime updateTime""".split())
METRICS = set("""actualCost playCount likeCount commentCount shareCount followCount dpTargetConvertCnt customConvertCost
    avg5sRate""".split())
RATIOS = {"playPer100Cost", "shareRate"}  # it sorted by these and did not return them
TASK_STATS = set("cost playCount likeCount commentCount shareCount fansCount convertCount videoCount orderCount".split())
VIDEO = set("""itemId title cover orderCount totalBudget totalCost totalPlay totalLike totalComment totalShare totalFollow
    totalConvert""".split())
VIDEO_RATIOS = {"playPer100Cost", "shareRate", "convertCost"}
PASSWORD = "correct horse 9"
BEIJING = datetime.timezone(datetime.timedelta(hours=8))


class Exact(str):
    """A JSON number as it was written, so that 210.00 is not 210."""


# --- asking ---

class Api:
    """The program, answering HTTP; requests as an old client makes them."""

    def __init__(self, stage, command="serve"):
        self.stage = stage
        env = {"HUILIU_LISTEN": "127.0.0.1:0"}
        self.process = stage.t.start(stage.home, command, env={**stage.env, **env})
        self.port = self.wait_for_port()
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self.token = ""

    def wait_for_port(self):
        deadline = time.monotonic() + lib.START_TIMEOUT_S
        while time.monotonic() < deadline:
            line = self.process.stdout.readline()
            if found := re.search(r"port (\d+)", line):
                return int(found[1])
            if not line:
                break
        raise Failure("`huiliu serve` did not say where it answers: " + self.process.stderr.read()[-800:])

    def raw(self, method, path, body=None, **query):
        """(status, headers, bytes)."""
        words = urllib.parse.urlencode({k: v for k, v in query.items() if v is not None})
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}" + ("?" + words if words else ""), data=data,
                                         method=method, headers={"Content-Type": "application/json"} if data else {})
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        try:
            with self.opener.open(request, timeout=120) as reply:
                return reply.status, reply.headers, reply.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def ask(self, method, path, body=None, **query):
        """(status, parsed) with numbers as they were written; the envelope is checked."""
        status, _, text = self.raw(method, path, body, **query)
        parsed = json.loads(text, parse_int=Exact, parse_float=Exact)
        same(set(parsed), ENVELOPE, f"envelope of {method} {path}")
        same(parsed["success"], status == 200, f"{path}: success")
        holds(isinstance(parsed["message"], str) and isinstance(parsed["code"], Exact), f"{path}: {text[:200]}")
        return status, parsed

    def get(self, path, **query):
        status, parsed = self.ask("GET", path, **query)
        same((status, parsed["code"]), (200, "200"), f"GET {path} {query}: {parsed['message']}")
        return parsed["data"]

    def page(self, path, key="records", **query):
        data = self.get(path, **query)
        same(set(data), PAGE | {key}, f"a page of {path}")
        return data

    def refused(self, code, status, method, path, body=None, **query):
        got, parsed = self.ask(method, path, body, **query)
        same((got, parsed["code"], parsed["data"]), (status, code, None), f"{method} {path} {query}: {parsed['message']}")
        holds(parsed["message"], "a refusal says why")


def sign_in(api, name, password):
    status, parsed = api.ask("POST", "/api/auth/login", {"username": name, "password": password})
    same(status, 200, f"sign-in of {name}: {parsed['message']}")
    api.token = parsed["data"]["token"]
    return parsed["data"]


def user_add(stage, name, role, *words):
    stage.run("user", "add", name, "--role", role, "--password-file", "-", *words, text_in=PASSWORD + "\n", check=True)


class Real:
    """The file, served and synced once for all tests, and an API over it."""
    case, clock, api, truth, shops = lib.Case(), None, None, None, None


def real_api(t):
    """(rows by order number, the API with the admin signed in, number of a shop by its name)."""
    if not Real.api:
        Real.truth, stage = file_rows(), real_stage(Real.case)
        stage.sync()
        user_add(stage, "boss", "admin")
        Real.clock = ClockHeld(stage.env["HUILIU_CLOCK"])
        Real.api = Api(stage)
        Real.shops = {row["name"]: str(row["id"]) for row in stage.rows("SELECT id, name FROM shop")}
    sign_in(Real.api, "boss", PASSWORD)
    return Real.truth, Real.api, Real.shops


# --- the file's own numbers ---

def cent(yuan):
    """Half-even, as amounts with dust are read."""
    return Decimal(yuan).quantize(Decimal("0.01"), ROUND_HALF_EVEN)


def ratio(above, below, times, decimals):
    if not Decimal(below):
        return Decimal(0)
    return (Decimal(above) * times / Decimal(below)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


COUNTS = {"play": "playCount", "like": "likeCount", "comment": "commentCount", "share": "shareCount", "follow": "followCount",
          "convert": "dpTargetConvertCnt"}


def told(row):
    """The report leaves out orders without figures."""
    return any(Decimal(row[c]) for c in ("cost_yuan", *COUNTS))


def task_of(row, shops):
    """What an order of the file is in the old list."""
    out = {"orderId": row["order_id"], "id": row["order_id"], "accountId": shops[row["account"]], "itemId": row["item_id"],
           "status": row["status"], "budget": cent(row["budget_yuan"]), "videoTitle": row["title"],
           "orderCreateTime": row["created"] + ":00"}
    if told(row):
        out |= {name: Decimal(row[column]) for column, name in COUNTS.items()}
        cost, converts = cent(row["cost_yuan"]), int(row["convert"])
        out |= {"actualCost": cost, "customConvertCost": ratio(cost, converts, 1, 2),
                "playPer100Cost": ratio(row["play"], cost, 100, 2), "shareRate": ratio(row["share"], row["play"], 100, 4),
                "avg5sRate": (Decimal(row["rate_5s_pct"]) / 100).quantize(Decimal("0.000001"), ROUND_HALF_EVEN)}
    return out


def value(got):
    """A value of the answer as the file has it."""
    return Decimal(got) if isinstance(got, Exact) else got


def same_task(got, wanted, what):
    keys = TASK | (METRICS | RATIOS if "actualCost" in wanted else set())
    same(set(got), keys, f"keys of {what}")
    for name, known in wanted.items():
        same(value(got[name]) if isinstance(known, Decimal) else got[name], known, f"{name} of {what}")
    for name in ("budget", "actualCost"):
        holds(name not in got or re.fullmatch(r"\d+\.\d\d", got[name]), f"{name} of {what} is 元 with two decimals: {got.get(name)}")
    same((got["userId"], got["targetType"]), ("1", None), what)


# --- orders ---

def all_tasks(api, **query):
    """Every record, page after page."""
    records, number, pages = [], 1, 1
    while number <= pages:
        data = api.page("/api/douplus/task/page", pageNum=number, pageSize=500, **query)
        pages = int(data["pages"])
        records += data["records"]
        number += 1
    same(len(records), int(data["total"]), f"records of {query}")
    same(len({r["orderId"] for r in records}), len(records), f"orders of {query} that come twice")
    return records


def test_orders_are_the_files(t):
    truth, api, shops = real_api(t)
    got = {r["orderId"]: r for r in all_tasks(api)}
    same(set(got), set(truth), "orders")
    for order_id, row in truth.items():
        same_task(got[order_id], task_of(row, shops), order_id)
    some = next(r for r in truth.values() if told(r))
    same_task(api.get(f"/api/douplus/task/{some['order_id']}"), task_of(some, shops), "one order")
    whole = api.page("/api/douplus/task/page", pageSize=-1)
    same((len(whole["records"]), whole["total"]), (len(truth), str(len(truth))), "all of it at once")
    third = api.page("/api/douplus/task/page", pageNum=3, pageSize=7)
    same([r["orderId"] for r in third["records"]], [r["orderId"] for r in whole["records"][14:21]], "the third page")
    same((third["pageNum"], third["pageSize"], third["pages"]), ("3", "7", str(-(-len(truth) // 7))), "its numbers")
    large = api.page("/api/douplus/task/page", pageNum=2, pageSize=1500)
    same([r["orderId"] for r in large["records"]], [r["orderId"] for r in whole["records"][1500:3000]], "a page of two of ours")
    same(api.page("/api/douplus/task/page", pageNum=1000, pageSize=100)["records"], [], "a page behind the end")


def test_order_filters_are_the_files(t):
    truth, api, shops = real_api(t)

    def found(keep, **query):
        wanted = {r["order_id"] for r in truth.values() if keep(r)}
        same({r["orderId"] for r in all_tasks(api, **query)}, wanted, f"orders of {query}")
        return len(wanted)

    for status in Counter(r["status"] for r in truth.values()):
        holds(found(lambda r: r["status"] == status, status=status), status)
    account = next(iter(shops))
    found(lambda r: r["account"] == account, accountId=shops[account])
    item = Counter(r["item_id"] for r in truth.values()).most_common(1)[0][0]
    found(lambda r: r["item_id"] == item, keyword=item)
    word = "闪购"
    holds(0 < found(lambda r: word in r["title"], keyword=word) < len(truth), "the word is in some titles")
    found(lambda r: "%" in r["title"], keyword="%")
    found(lambda r: False, keyword="' OR 1=1 --")
    days = sorted({r["created"][:10] for r in truth.values()})
    first, last = days[len(days) // 3], days[len(days) // 2]
    holds(found(lambda r: first <= r["created"][:10] <= last, startDate=first, endDate=last), "some days")
    found(lambda r: r["created"][:10] == last, startDate=last, endDate=last)
    found(lambda r: r["created"][:10] >= first and r["account"] == account and r["status"] == "UNDELIVERIED", startDate=first,
          accountId=shops[account], status="UNDELIVERIED")
    found(lambda r: True, status="", keyword="", accountId="", startDate="", unknownToAnybody="1")


SORTS = {"scheduledTime": "orderCreateTime", "budget": "budget", "actualCost": "actualCost", "playCount": "playPer100Cost",
         "likeCount": "likeCount", "shareCount": "shareCount", "commentCount": "commentCount", "followCount": "followCount",
         "dpTargetConvertCnt": "dpTargetConvertCnt", "costPerPlay": "customConvertCost", "shareRate": "shareRate"}


def in_order(records, read, up, what):
    """Known values in order, what is unknown behind them, whichever way."""
    values = [read(r) for r in records]
    known = [v for v in values if v is not None]
    same(values[len(known):], [None] * (len(values) - len(known)), f"{what}: what is unknown comes last")
    same(known, sorted(known, reverse=not up), what)
    holds(len(set(known)) > 1, f"{what}: there is nothing to sort")


def sorts_by(record, name):
    """The cost of no conversion is unknown, and said as 0; the share of plays that were passed on is kept to 4 decimals."""
    if name == "customConvertCost" and record.get("dpTargetConvertCnt") == "0":
        return None
    if name == "shareRate" and name in record:
        return ratio(record["shareCount"], record["playCount"], 1, 4)
    return value(record.get(name))


def test_order_sorts_are_the_files(t):
    truth, api, shops = real_api(t)
    whole = api.page("/api/douplus/task/page", pageSize=-1)["records"]
    same(len(whole), len(truth), "records")
    for field, name in SORTS.items():
        values = [sorts_by(record, name) for record in whole]
        for order in ("asc", "desc"):
            known = sorted((v for v in values if v is not None), reverse=order == "desc")
            holds(len(set(known)) > 1, f"{field}: there is nothing to sort")
            records = api.page("/api/douplus/task/page", pageSize=500, sortField=field, sortOrder=order)["records"]
            same([sorts_by(record, name) for record in records], (known + [None] * len(values))[:500], f"by {field} {order}")
    same(len(all_tasks(api, sortField="createTime", sortOrder="desc")), len(truth), "sorted by the time of its row")


def test_an_old_page_costs_little_more_than_ours(t):
    """The answer is written, read and written again; how long that takes is said, and that it is not many times as long."""
    truth, api, shops = real_api(t)
    asked = {"ours": ("/api/v1/ad-orders", {"limit": 100, "page": 1}), "old": ("/api/douplus/task/page", {"pageSize": 100})}
    took = {face: [] for face in asked}
    for _ in range(40):
        for face, (path, query) in asked.items():
            began = time.perf_counter()
            same(api.raw("GET", path, **query)[0], 200, path)
            took[face].append(time.perf_counter() - began)
    best = {face: 1000 * sorted(times)[len(times) // 2] for face, times in took.items()}
    print(f"# a page of 100 orders: ours {best['ours']:.1f} ms, old {best['old']:.1f} ms (median of 40)")
    holds(best["old"] < 3 * best["ours"] + 5, f"an old page takes {best} ms")


def exported(api, **query):
    """Rows of the sheet, the first its headings."""
    status, headers, data = api.raw("GET", "/api/douplus/task/export", **query)
    same(status, 200, f"export of {query}: {data[:200]}")
    holds(re.search(r"filename\*=UTF-8''%E8%AE%A2%E5%8D%95%E6%95%B0%E6%8D%AE_\d{8}_\d{6}\.xlsx", headers["Content-Disposition"]),
          f"the name of the file: {headers['Content-Disposition']}")
    sheets = xlsx_read(data)
    same(list(sheets), ["订单数据"], "sheets")
    return [[cell and cell[1] for cell in row] for row in sheets["订单数据"]]


def test_the_export_is_the_list_and_the_file(t):
    truth, api, shops = real_api(t)
    rows = exported(api)
    same(rows[0], COLUMNS, "headings")
    same({row[0] for row in rows[1:]}, set(truth), "orders, all of them")
    numbers = [3] + list(range(7, 18))
    for row in rows[1:]:
        read = [Decimal(text) if at in numbers else text for at, text in enumerate(row)]
        same(read, wanted_row(truth[row[0]]), row[0])
    for query in ({"status": "UNDELIVERIED", "sortField": "actualCost", "sortOrder": "desc"},
                  {"accountId": next(iter(shops.values())), "keyword": "闪购", "sortField": "budget", "sortOrder": "asc"}):
        listed = [r["orderId"] for r in api.page("/api/douplus/task/page", pageSize=-1, **query)["records"]]
        holds(listed, f"there are no orders of {query}")
        same([row[0] for row in exported(api, **query)[1:]], listed, f"export of {query}")
    same(len(exported(api, keyword="no such title")), 1, "an export of nothing has its headings")
    api.refused("9002", 400, "GET", "/api/douplus/task/export", sortField="nonsense")
    api.refused("2001", 404, "GET", "/api/douplus/task/export", accountId=99999)
    token, api.token = api.token, ""
    api.refused("1001", 401, "GET", "/api/douplus/task/export")
    api.token = token


# --- statistics ---

def day_of(ms):
    return datetime.datetime.fromtimestamp(ms / 1000, BEIJING).date()


PERIODS = {"today": 1, "7d": 7, "30d": 30, "all": None}


def in_period(row, period):
    days = PERIODS[period]
    return days is None or datetime.date.fromisoformat(row["created"][:10]) > day_of(FILE_DAY_MS) - datetime.timedelta(days=days)


def stats_of(rows):
    rows = list(rows)
    out = {"cost": sum((cent(r["cost_yuan"]) for r in rows), Decimal(0)), "orderCount": len(rows),
           "videoCount": len({r["item_id"] for r in rows})}
    names = {"play": "playCount", "like": "likeCount", "comment": "commentCount", "share": "shareCount", "follow": "fansCount",
             "convert": "convertCount"}
    return out | {name: sum(int(r[c]) for r in rows) for c, name in names.items()}


def test_statistics_are_the_files(t):
    truth, api, shops = real_api(t)
    seen = 0
    for period in PERIODS:
        for account in (None, *shops):
            path = "/api/douplus/task/stats" + (f"/{shops[account]}" if account else "")
            got = api.get(path, period=period)
            same(set(got), TASK_STATS, path)
            wanted = stats_of(r for r in truth.values() if in_period(r, period) and account in (None, r["account"]))
            same({k: value(v) for k, v in got.items()}, {k: Decimal(v) for k, v in wanted.items()}, f"{path} of {period}")
            seen += bool(wanted["cost"])
    holds(seen > 3, "hardly any period has costs")
    board = api.get("/api/douplus/stats/dashboard")
    same(value(board["orderCount"]), len(truth), "orders of the dashboard")


VIDEO_SORTS = {"cost": "totalCost", "playCount": "totalPlay", "likeCount": "totalLike", "commentCount": "totalComment",
               "shareCount": "totalShare", "convertCount": "totalConvert", "playPer100Cost": "playPer100Cost",
               "shareRate": "shareRate", "convertCost": "convertCost"}


def video_of(rows):
    rows = list(rows)
    sums = stats_of(rows)
    cost, play, convert = sums["cost"], sums["playCount"], sums["convertCount"]
    return {"orderCount": len(rows), "totalBudget": sum(cent(r["budget_yuan"]) for r in rows), "totalCost": cost,
            "totalPlay": play, "totalLike": sums["likeCount"], "totalComment": sums["commentCount"],
            "totalShare": sums["shareCount"], "totalFollow": sums["fansCount"], "totalConvert": convert,
            "playPer100Cost": ratio(play, cost, 100, 2), "shareRate": ratio(sums["shareCount"], play, 100, 4),
            "convertCost": ratio(cost, convert, 1, 2)}


def test_videos_are_the_files(t):
    truth, api, shops = real_api(t)
    for account in (None, *shops):
        path = "/api/douplus/video/stats/" + (shops[account] if account else "all")
        for period in ("all", "30d"):
            rows = [r for r in truth.values() if account in (None, r["account"]) and in_period(r, period)]
            wanted = {i: video_of(r for r in rows if r["item_id"] == i) for i in {r["item_id"] for r in rows}}
            got = {v["itemId"]: v for v in api.page(path, period=period, pageSize=-1)["records"]}
            same(set(got), set(wanted), f"videos of {path} {period}")
            for item, video in got.items():
                same(set(video), VIDEO | VIDEO_RATIOS, f"keys of a video of {path}")
                for name, known in wanted[item].items():
                    same(value(video[name]), known, f"{name} of video {item} in {path} {period}")
    figures = {r["item_id"] for r in truth.values() if told(r)}
    for field, name in VIDEO_SORTS.items():
        def known(video):
            unknown = video["itemId"] not in figures or name == "convertCost" and video["totalConvert"] == "0"
            return None if unknown else value(video[name])

        for order in ("asc", "desc"):
            records = api.page("/api/douplus/video/stats/all", period="all", pageSize=-1, sortBy=field, sortOrder=order)["records"]
            in_order(records, known, order == "asc", f"videos by {field} {order}")
    ranked = api.get("/api/douplus/video/rankings")
    holds(ranked, "the ranking is not empty")


# --- accounts and syncs ---

ACCOUNT = set("id nickname avatar awemeSecUid advertiserId status tokenExpiresAt fans orderCount remark createTime".split())
SYNC = set("""id taskId taskType syncMode status totalRecords failCount errorMessage startTime endTime duration progressPercent
    details""".split())
SYNC_DETAIL = {"accountId", "accountName", "status", "recordCount", "errorMessage", "startTime", "endTime"}


def local(ms):
    return ms and datetime.datetime.fromtimestamp(ms // 1000, BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def test_accounts_are_the_shops(t):
    truth, api, shops = real_api(t)
    external = {str(r["id"]): r["external_id"] for r in api.stage.rows("SELECT id, external_id FROM shop")}
    expires = {r["owner"].removeprefix("shop:"): local(r["expires_ms"]) for r in
               api.stage.rows("SELECT owner, expires_ms FROM token")}
    for path in ("/api/accounts", "/api/account/list", "/api/account/page"):
        data = api.page(path, key="list")
        same((data["total"], data["pages"]), (str(len(shops)), "1"), path)
        for account in data["list"]:
            same(set(account), ACCOUNT, f"keys of {path}")
            name = account["nickname"]
            same((account["id"], account["awemeSecUid"], account["status"], account["orderCount"]),
                 (shops[name], external[shops[name]], "1", str(sum(r["account"] == name for r in truth.values()))), name)
            same(account["tokenExpiresAt"], expires.get(account["id"]), "when the token ends")
            same(api.get(f"/api/account/{account['id']}"), account, "one account")
    second = api.page("/api/account/list", key="list", pageNum=2, pageSize=1)
    same([a["id"] for a in second["list"]], [data["list"][1]["id"]], "the second page")
    same((second["total"], second["pages"]), (str(len(shops)), str(len(shops))), "its numbers")
    same(api.page("/api/account/list", key="list", pageNum=9)["list"], [], "a page behind the end")
    api.refused("2001", 404, "GET", "/api/account/99999")
    api.refused("2001", 404, "DELETE", "/api/account/99999")


def status_over(api, sync_id):
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        status = api.get(f"/api/douplus/task/sync-status/{sync_id}")
        if status["status"] not in ("pending", "running"):
            return status
        time.sleep(0.1)
    raise Failure(f"the sync is not over: {status}")


def test_syncs_are_asked_for_and_looked_at(t):
    """The service itself answers and works, on the test clock; a sync that is asked for twice is one; an account that was deleted rests."""
    stage = Stage(t, platform="douplus", life_shops=0, douplus_shops=2, douplus_orders=30)
    user_add(stage, "boss", "admin")
    api = Api(stage, "run")
    sign_in(api, "boss", PASSWORD)
    asked = api.ask("POST", "/api/douplus/task/sync-all")[1]["data"]
    same(set(asked), SYNC, "keys of a sync")
    same((asked["syncMode"], asked["taskType"]), ("full", "order"), "what was asked")
    holds(asked["status"] in ("pending", "running", "completed"), f"how it goes: {asked}")
    over = status_over(api, asked["id"])
    holds(re.fullmatch(r"\d+秒|\d+分\d+秒", over["duration"]), f"how long it took: {over['duration']}")
    same((over["status"], over["progressPercent"], len(over["details"])), ("completed", "100", 2), "when it is over")
    for detail in over["details"]:
        same(set(detail), SYNC_DETAIL, "keys of an account's part")
        same(detail["status"], "completed", detail["accountName"])
    same(over["totalRecords"], str(sum(int(d["recordCount"]) for d in over["details"])), "records of all")
    same(stage.rows("SELECT count(*) AS n FROM ad_order")[0]["n"], 60, "orders")
    for path in ("/api/douplus/task/latest-status", "/api/douplus/sync/status"):
        same(api.get(path)["id"], asked["id"], path)
    shop = stage.rows("SELECT id FROM shop ORDER BY id")[0]["id"]
    refreshed = api.ask("POST", f"/api/douplus/stats/refresh/{shop}")[1]["data"]
    same([d["accountId"] for d in status_over(api, refreshed["id"])["details"]], [str(shop)], "whose figures are asked for")
    history = api.page("/api/douplus/task/sync-history")
    holds([h["id"] for h in history["records"][:2]] == [refreshed["id"], asked["id"]], f"history: {history}")
    same(api.page("/api/douplus/task/sync-history", pageNum=2, pageSize=1)["records"][0]["id"], asked["id"], "its second page")
    api.refused("2001", 404, "GET", "/api/douplus/task/sync-status/sync-1-none")
    same(api.ask("POST", f"/api/account/{shop}/refresh-token")[0], 200, "a call is asked for")
    same(api.ask("DELETE", f"/api/account/{shop}")[0], 200, "an account is deleted")
    same([r["state"] for r in stage.rows("SELECT state FROM shop ORDER BY id")], ["disabled", "enabled"], "states")
    same(stage.rows("SELECT count(*) AS n FROM ad_order")[0]["n"], 60, "orders stay")
    rest = api.ask("POST", "/api/douplus/task/sync-all", {"syncMode": "incremental"})[1]["data"]
    same([d["accountId"] for d in status_over(api, rest["id"])["details"]], [str(shop + 1)], "who is synced then")
    holds(api.get("/api/account/oauth/url")["url"].startswith("http"), "the consent page")
    same(stage.rows("SELECT count(*) AS n FROM audit WHERE action LIKE 'shop.disable%' OR action LIKE 'sync.ask%'")[0]["n"] >= 3,
         True, "what was asked through old routes is in the audit")


# --- who, and refusals ---

def dump(stage):
    """Every row of every table, as text."""
    with lib.db(stage.home) as db:
        return "\n".join(db.iterdump())


def test_the_callback_answers_and_stores_nothing(t):
    stage = real_stage(t)
    clock = ClockHeld(stage.env["HUILIU_CLOCK"])
    api = Api(stage)
    begun_by = time.monotonic() + 30
    while not stage.rows("SELECT id FROM event") and time.monotonic() < begun_by:
        time.sleep(0.05)  # that the process has begun is written beside its first requests
    before = dump(stage)
    event = {"event": "order", "order_id": "1835535794685987", "status": "DELIVERIED", "cost": 1}
    for body in (event, [event] * 50, "text", None):
        status, parsed = api.ask("POST", "/api/douplus/callback", body)
        same((status, parsed["code"], parsed["data"]), (200, "200", None), "the callback")
    same(dump(stage), before, "rows after the callback")
    clock.let_go()


def test_sign_in_checks_the_password(t):
    truth, api, shops = real_api(t)
    same(api.get("/api/auth/info")["username"], "boss", "who is signed in")
    token, api.token = api.token, ""
    for body in ({"username": "boss", "password": "wrong"}, {"username": "nobody", "password": PASSWORD}):
        api.refused("1002", 401, "POST", "/api/auth/login", body)
    api.refused("1002", 401, "POST", "/api/auth/login", {"username": "boss"})
    api.refused("1001", 401, "POST", "/api/auth/login")
    api.refused("9002", 400, "POST", "/api/auth/login", {"username": "x" * 2000, "password": "y"})
    for path in ("/api/douplus/task/page", "/api/douplus/task/1", "/api/douplus/video/stats/all", "/api/auth/info"):
        api.refused("1001", 401, "GET", path)
    api.token = token[:-2] + ("aa" if token[-2:] != "aa" else "bb")
    api.refused("1001", 401, "GET", "/api/douplus/task/page")
    api.token = token
    same(api.raw("GET", "/api/v1/ad-orders", limit=1)[0], 200, "the same bearer on a route of ours")


def test_no_old_route_lets_anybody_in(t):
    """Each of the table, and with odd values for everything it takes: an answer in the old envelope, and never ours to blame."""
    truth, api, shops = real_api(t)
    table = (lib.ROOT / "compat" / "routes-douplus.yaml").read_text(encoding="utf-8")
    routes = re.findall(r"^  (GET|POST|PUT|DELETE) (/\S+):$", table, re.MULTILINE)
    holds(len(routes) > 25, f"only {len(routes)} routes were found")
    names = re.findall(r"\b(page\w+|sort\w+|account\w+|keyword|status|startDate|endDate|period|sync\w+)\b", table)
    token = api.token
    for method, path in routes:
        for fill, query in (("1", {}), ("%00", {}), ("a%2Fb", {n: "\0" for n in names}), ("'", {n: "9" * 400 for n in names}),
                            ("99999999999999999999", {n: "-1" for n in names})):
            api.token = ""
            where = re.sub(r"\{\w+\}", fill, path)
            status, _, text = api.raw(method, where, {} if method != "GET" else None, **query)
            open_to_all = path.endswith(("/health", "/callback"))
            holds(status < 500 and (open_to_all or status in (400, 401, 404)), f"{method} {where} {query}: {status} {text[:200]}")
            if method == "GET":
                api.token = token
                status, _, text = api.raw(method, where, **query)
                holds(status < 500, f"{method} {where} {query}: {status} {text[:200]}")
    api.token = token


def test_refusals_stand_in_the_old_envelope(t):
    truth, api, shops = real_api(t)
    page = "/api/douplus/task/page"
    for wrong in ({"pageSize": "ten"}, {"pageSize": 20000}, {"pageNum": "x"}, {"sortField": "password"}, {"sortOrder": "up"},
                  {"startDate": "2026-02-30"}, {"startDate": "yesterday"}, {"keyword": "x" * 5000}):
        api.refused("9002", 400, "GET", page, **wrong)
    same(len(api.page(page, pageSize=0)["records"]), len(truth), "pageSize 0 is all of it")
    same(len(api.page(page, pageNum=-5)["records"]), 10, "a page before the first is the first")
    for word in ("' OR 1=1 --", "%", "_", "\\", "=cmd()"):
        same(api.page(page, keyword=word)["total"], str(sum(word in r["title"] for r in truth.values())), f"keyword {word}")
    api.refused("2001", 404, "GET", "/api/douplus/task/1")
    api.refused("2001", 404, "GET", page, accountId=99999)
    api.refused("2001", 404, "GET", "/api/douplus/task/stats/99999")
    api.refused("2001", 404, "GET", "/api/douplus/video/stats/99999")
    api.refused("9002", 405, "POST", page)
    api.refused("9002", 400, "GET", "/api/douplus/task/stats", period="fortnight")


def test_other_shops_are_not_seen(t):
    truth, api, shops = real_api(t)
    mine, other = sorted(shops)[:2]
    user_add(api.stage, "eye", "viewer", "--shop", mine)
    sign_in(api, "eye", PASSWORD)
    own = {r["order_id"]: r for r in truth.values() if r["account"] == mine}
    foreign = next(r["order_id"] for r in truth.values() if r["account"] == other)
    same({r["orderId"] for r in all_tasks(api)}, set(own), "orders of his shop")
    api.refused("2001", 404, "GET", f"/api/douplus/task/{foreign}")
    api.refused("2001", 404, "GET", "/api/douplus/task/page", accountId=shops[other])
    same(value(api.get("/api/douplus/task/stats", period="all")["cost"]), stats_of(own.values())["cost"], "his costs")
    api.refused("2001", 404, "GET", f"/api/douplus/task/stats/{shops[other]}")
    videos = api.page("/api/douplus/video/stats/all", period="all", pageSize=-1)["records"]
    same({v["itemId"] for v in videos}, {r["item_id"] for r in own.values()}, "his videos")
    api.refused("2001", 404, "GET", f"/api/douplus/video/stats/{shops[other]}")
    same([a["nickname"] for a in api.page("/api/account/list", key="list")["list"]], [mine], "his accounts")
    api.refused("2001", 404, "GET", f"/api/account/{shops[other]}")
    for method, path in (("DELETE", f"/api/account/{shops[mine]}"), ("POST", "/api/douplus/task/sync-all"),
                         ("GET", "/api/douplus/task/export"), ("POST", f"/api/douplus/stats/refresh/{shops[mine]}"),
                         ("POST", f"/api/account/{shops[mine]}/refresh-token")):
        api.refused("1003", 403, method, path)


# --- the end ---

def test_after_all_that_the_service_ends_well(t):
    """The last test: what the sanitizers have to say is said by a process that ends."""
    truth, api, shops = real_api(t)
    exported(api)
    api.process.send_signal(signal.SIGTERM)
    Real.api, (_, said) = None, api.process.communicate(timeout=120)
    same(api.process.returncode, 0, "exit code of `serve`")
    lib.sanitizers_quiet(said)


if __name__ == "__main__":
    try:
        lib.main(globals())
    finally:
        Real.case.end()

#!/usr/bin/env python3
"""Every number of the API against the real file (real.py): orders, videos, shops, periods, sorts, filters, recomputed here from the
file alone, with integers and fractions. SEED=N chooses the questions."""
import datetime
import random
import sqlite3
import threading
from decimal import Decimal
from fractions import Fraction

import lib
from api_client import Api, Refused
from lib import holds, same
from real import FILE_DAY_MS, created_ms, fen, file_rows, real_stage
from truth import SEED

TODAY = datetime.date(2026, 1, 28)
COUNTS = {"plays": "play", "likes": "like", "comments": "comment", "shares": "share", "follows": "follow", "conversions": "convert"}
SORTS = ("created_at budget cost plays likes comments shares follows conversions conversion_cost plays_per_100 share_rate"
         " completion_5s").split()
CNY = {"cost", "budget", "conversion_cost"}


# --- arithmetic of our own ---

def half_up(value):
    return int((2 * value + 1) // 2)


def half_even(value):
    return round(value)  # of a Fraction: half to even


def ratios(f):
    """What follows from sums; None is unknown. Money in fen, rates as Decimal of their decimals."""
    cost, plays, budget = f["cost"], f["plays"], f["budget"]

    def over(a, b, times, decimals, zero=Decimal(0)):
        if a is None or b is None:
            return None
        if b == 0:
            return None if zero is None else Decimal(0)
        return Decimal(half_up(Fraction(a, b) * times * 10**decimals)).scaleb(-decimals)

    out = {"plays_per_100": over(plays, cost, 100 * 100, 2), "like_rate": over(f["likes"], plays, 1, 4),
           "comment_rate": over(f["comments"], plays, 1, 4), "share_rate": over(f["shares"], plays, 1, 4),
           "follow_rate": over(f["follows"], plays, 1, 4), "shares_per_100": over(f["shares"], plays, 100, 4),
           "budget_used": over(cost, budget, 1, 4)}
    per = over(cost, f["conversions"], 1, 0, None)
    out["conversion_cost"] = None if per is None else int(per)
    return out


def has_figures(row):
    return fen(row["cost_yuan"]) > 0 or any(int(row[name]) for name in COUNTS.values())


def rate_millionths(row):
    return half_even(Fraction(row["rate_5s_pct"]) * 10000)


def of_order(row):
    if "figures" not in row:
        row["figures"] = order_figures(row)
    return row["figures"]


def order_figures(row):
    f = {"budget": fen(row["budget_yuan"]), "cost": None, "completion_5s": None, **dict.fromkeys(COUNTS)}
    if has_figures(row):
        f["cost"] = fen(row["cost_yuan"])
        f.update({ours: int(row[theirs]) for ours, theirs in COUNTS.items()})
        f["completion_5s"] = Decimal(rate_millionths(row)).scaleb(-6)
    return {**f, **ratios(f)}


def of_many(rows):
    """Sums of the latest of each order; None where not one is known."""
    told = [row for row in rows if has_figures(row)]
    f = {"orders": len(rows), "videos": len({row["item_id"] for row in rows if row["item_id"]}),
         "budget": sum(fen(row["budget_yuan"]) for row in rows), "told": len(told)}
    f["cost"] = sum(fen(row["cost_yuan"]) for row in told) if told else None
    for ours, theirs in COUNTS.items():
        f[ours] = sum(int(row[theirs]) for row in told) if told else None
    plays = sum(int(row["play"]) for row in told)
    weighed = sum(rate_millionths(row) * int(row["play"]) for row in told)
    f["completion_5s"] = None if not told else Decimal(half_even(Fraction(weighed, plays)) if plays else 0).scaleb(-6)
    return {**f, **ratios(f)}


def said(item, name):
    """A figure of an answer in the same form; money must say the same in all three ways."""
    value = item[name]
    if name in CNY and value is not None:
        same((value["currency"], Decimal(value["text"]) * 100), ("CNY", value["minor"]), f"{name} {value}")
        return value["minor"]
    return None if value is None else Decimal(value) if isinstance(value, Decimal) else value


def same_figures(item, wanted, what):
    for name, value in wanted.items():
        got = said(item, name)
        holds((got is None) == (value is None) and (value is None or got == value), f"{what}: {name} is {got}, not {value}")


def day(row):
    return row["created"][:10]


class Numbers:
    """The file on one side, the API on the other."""

    def __init__(self, t):
        self.truth = list(file_rows().values())
        self.stage = real_stage(t)
        self.stage.sync()
        self.shops = {self.stage.shop_id(shop): shop["name"] for shop in self.stage.shops}

    def of_shop(self, shop_id):
        return [row for row in self.truth if row["account"] == self.shops[shop_id]]

    def in_days(self, rows, first, last):
        return [row for row in rows if first <= day(row) <= last]


def shift(days):
    return (TODAY + datetime.timedelta(days=days)).isoformat()


PERIODS = [({"period": "today"}, shift(0), shift(0)), ({"period": "7d"}, shift(-6), shift(0)),
           ({"period": "30d"}, shift(-29), shift(0)), ({"period": "all"}, "0", "9")]


def periods(rng, numbers):
    days = sorted({day(row) for row in numbers.truth})
    yield from PERIODS
    for _ in range(12):
        first, last = sorted(rng.choices(days, k=2))
        yield {"from": first, "to": last}, first, last
    yield {"from": days[-1], "to": days[-1]}, days[-1], days[-1]  # the last day is in
    yield {"from": shift(-3)}, shift(-3), "9"


# --- orders ---

def test_every_order_has_the_figures_of_the_file(t):
    n = Numbers(t)
    with Api(n.stage) as api:
        same(api.now_ms() - FILE_DAY_MS < 3600000, True, "the clock stands at the file's day")
        got = {item["order_id"]: item for item in api.walk("/api/v1/ad-orders", limit=1000)}
        same(len(got), len(n.truth), "orders")
        for row in n.truth:
            item = got[row["order_id"]]
            same((item["item_id"], item["status"], item["title"], n.shops[int(item["shop"])], item["day"]),
                 (row["item_id"], row["status"], row["title"], row["account"], day(row)), row["order_id"])
            same_figures(item, of_order(row), row["order_id"])
            same(item["told"], has_figures(row), row["order_id"])
        rng = random.Random(SEED)
        for row in rng.sample(n.truth, 40):  # its own figures, not its video's
            one = api.get(f"/api/v1/ad-orders/{row['order_id']}")
            same_figures(one, of_order(row), row["order_id"])
            same(one["history"][-1]["status"], row["status"], "history")
            sums = [sum(said(d, name) or 0 for d in one["days"]) for name in ("cost", "plays")]
            if day(row) in {d["day"] for d in one["days"]}:  # the sandbox books all of it on that day
                same(sums, [of_order(row)["cost"] or 0, of_order(row)["plays"] or 0], "days of " + row["order_id"])


def sort_key(row, name):
    return created_ms(row["created"]) if name == "created_at" else of_order(row)[name]


def in_order(rows, name, down, shop_of):
    """Unknown last both ways; the key ends it in the direction of the column."""
    rows = sorted(rows, key=lambda row: (shop_of[row["account"]], row["order_id"]), reverse=down)
    known = [row for row in rows if sort_key(row, name) is not None]
    known.sort(key=lambda row: sort_key(row, name), reverse=down)
    return [row["order_id"] for row in known + [row for row in rows if sort_key(row, name) is None]]


def test_every_sort_is_the_order_of_the_file(t):
    n = Numbers(t)
    shop_of = {name: shop_id for shop_id, name in n.shops.items()}
    with Api(n.stage) as api:
        for name in SORTS:
            for sign in ("", "-"):
                got = [item["order_id"] for item in api.walk("/api/v1/ad-orders", sort=sign + name, limit=333)]
                # python's reverse keeps equal rows as they were, which here is the key downwards
                same(got, in_order(n.truth, name, sign == "-", shop_of), f"sort={sign}{name}")
        pages = [item["order_id"] for page in range(1, 28)
                 for item in api.get("/api/v1/ad-orders", sort="-cost", page=page, limit=100)["items"]]
        same(pages, in_order(n.truth, "cost", True, shop_of), "pages by number")


def random_filter(rng, n):
    """Parameters, and what they mean of a row."""
    query, tests = {}, []

    def add(name, value, test):
        query[name] = value
        tests.append(test)

    if rng.random() < 0.3:
        status = rng.sample(sorted({row["status"] for row in n.truth}), 2)
        add("status", status, lambda row: row["status"] in status)
    if rng.random() < 0.2:
        shop_id = rng.choice(sorted(n.shops))
        add("shop", shop_id, lambda row: row["account"] == n.shops[shop_id])
    if rng.random() < 0.2:
        item = rng.choice(n.truth)["item_id"]
        add("item_id", item, lambda row: row["item_id"] == item)
    if rng.random() < 0.3:
        some = rng.choice(n.truth)
        word = rng.choice([some["title"][1:4], some["item_id"], some["order_id"], "%", "_", "\\", "'"]) or "x"
        add("q", word, lambda row: word in (row["item_id"], row["order_id"]) or word.lower() in row["title"].lower())
    first, last = sorted(day(row) for row in rng.choices(n.truth, k=2))
    if rng.random() < 0.4:
        add("from", first, lambda row: day(row) >= first)
    if rng.random() < 0.4:
        add("to", last, lambda row: day(row) <= last)
    if rng.random() < 0.2:
        told = rng.choice([True, False])
        add("told", str(told).lower(), lambda row: has_figures(row) == told)
    for name in rng.sample(["cost", "budget", "plays", "likes", "shares", "conversions", "conversion_cost", "share_rate",
                            "completion_5s", "plays_per_100"], 2):
        bound = of_order(rng.choice(n.truth))[name]
        if bound is None or rng.random() < 0.4:
            continue
        text = str(Decimal(bound) / 100) if name in CNY else str(bound)
        least = rng.random() < 0.5
        add(name + ("_min" if least else "_max"), text,
            lambda row, name=name, bound=bound, least=least: of_order(row)[name] is not None
            and (of_order(row)[name] >= bound if least else of_order(row)[name] <= bound))
    return query, lambda row: all(test(row) for test in tests)


def test_filters_choose_what_they_say(t):
    n, rng = Numbers(t), random.Random(SEED)
    print(f"SEED={SEED}")
    with Api(n.stage) as api:
        for _ in range(150):
            query, wanted = random_filter(rng, n)
            got = sorted(item["order_id"] for item in api.walk("/api/v1/ad-orders", limit=1000, **query))
            same(got, sorted(row["order_id"] for row in n.truth if wanted(row)), f"{query}")


# --- sums ---

def test_videos_and_shops_are_the_sums_of_their_orders(t):
    n, rng = Numbers(t), random.Random(SEED)
    with Api(n.stage) as api:
        for query, first, last in periods(rng, n):
            rows = n.in_days(n.truth, first, last)
            videos = {item["item_id"]: item for item in api.walk("/api/v1/videos", limit=50, **query)}
            same(set(videos), {row["item_id"] for row in rows if row["item_id"]}, f"videos {query}")
            for item_id, item in videos.items():
                same_figures(item, of_many([row for row in rows if row["item_id"] == item_id]), f"{query} {item_id}")
            split = list(api.walk("/api/v1/videos", split="shop", limit=100, **query))
            for item in split:
                mine = [row for row in rows if row["item_id"] == item["item_id"] and row["account"] == n.shops[int(item["shop"])]]
                same_figures(item, of_many(mine), f"{query} {item['item_id']} of {item['shop']}")
            same(sum(item["orders"] for item in split), len([row for row in rows if row["item_id"]]), f"split {query}")
            shops = api.get("/api/v1/shops/statistics", **query)
            same({int(item["shop"]) for item in shops["items"]},
                 {shop_id for shop_id in n.shops if n.in_days(n.of_shop(shop_id), first, last)}, f"shops {query}")
            for item in shops["items"]:
                same_figures(item, of_many(n.in_days(n.of_shop(int(item["shop"])), first, last)), f"{query} shop {item['shop']}")
            if rows:
                same_figures(shops["totals"][0], of_many(rows), f"{query} all shops")
            shop_id = rng.choice(sorted(n.shops))
            one = api.get(f"/api/v1/shops/{shop_id}/statistics", **query)["totals"]
            mine = n.in_days(n.of_shop(shop_id), first, last)
            same(len(one), min(1, len(mine)), f"{query} shop {shop_id}")
            if mine:
                same_figures(one[0], of_many(mine), f"{query} shop {shop_id}")


def test_a_ranking_is_in_the_order_of_any_metric(t):
    n = Numbers(t)
    by_video = {}
    for row in n.truth:
        by_video.setdefault(row["item_id"], []).append(row)
    figures = {item_id: of_many(rows) for item_id, rows in by_video.items() if item_id}
    with Api(n.stage) as api:
        for metric in ("orders budget cost plays likes comments shares follows conversions completion_5s conversion_cost"
                       " plays_per_100 like_rate comment_rate share_rate follow_rate shares_per_100 budget_used").split():
            for sign in ("", "-"):
                got = [item["item_id"] for item in api.walk("/api/v1/videos", period="all", sort=sign + metric, limit=7)]
                ids = sorted(figures, reverse=sign == "-")
                known = sorted((i for i in ids if figures[i][metric] is not None), key=lambda i: figures[i][metric], reverse=sign == "-")
                same(got, known + [i for i in ids if figures[i][metric] is None], f"sort={sign}{metric}")
        top = api.get("/api/v1/videos", period="all", limit=3, page=2)
        best = sorted(figures, key=lambda i: (figures[i]["cost"] is not None, figures[i]["cost"] or 0, i), reverse=True)
        same([item["item_id"] for item in top["items"]], best[3:6], "page 2")
        one = api.get(f"/api/v1/videos/{best[0]}", period="all")
        same_figures(one["totals"][0], figures[best[0]], best[0])


def test_dashboard_and_trends_add_up(t):
    n, rng = Numbers(t), random.Random(SEED)
    with Api(n.stage) as api:
        for query, first, last in periods(rng, n):
            rows = n.in_days(n.truth, first, last)
            cards = api.get("/api/v1/dashboard", **query)["ads"]
            if rows:
                same_figures(cards[0], of_many(rows), f"dashboard {query}")
            if "from" not in query or "to" not in query:
                continue
            days = (datetime.date.fromisoformat(last) - datetime.date.fromisoformat(first)).days + 1
            back = [(datetime.date.fromisoformat(d) - datetime.timedelta(days=days)).isoformat() for d in (first, last)]
            earlier = n.in_days(n.truth, *back)
            holds(bool(earlier) == (cards[0]["before"] is not None), f"before {query}")
            if earlier:
                same_figures(cards[0]["before"], of_many(earlier), f"before {query}")
            series = api.get("/api/v1/trends", **query)["items"][0]["days"]
            same(len(series), days, f"days {query}")
            costs = []
            for one in series:
                mine = n.in_days(rows, one["day"], one["day"])
                costs.append(of_many(mine)["cost"] if mine else 0)
                if mine:
                    same_figures(one, of_many(mine), f"trend {one['day']}")
                else:
                    same((one["orders"], one["cost"]["minor"], one["plays"]), (0, 0, 0), f"trend {one['day']}")
                week = [cost for cost in costs[-7:] if cost is not None]
                wanted = half_up(Fraction(sum(week), len(costs[-7:]))) if week else None
                same(one["average_7d"] and one["average_7d"]["minor"], wanted, f"average {one['day']}")


# --- paging while rows arrive ---

def test_what_is_new_while_one_pages_loses_and_doubles_nothing(t):
    n = Numbers(t)
    stop = threading.Event()

    def insert():
        db = sqlite3.connect(n.stage.home / "huiliu.db", timeout=60)
        columns = [c[1] for c in db.execute("PRAGMA table_info(ad_result)") if c[1] != "order_id"]
        number = 0
        while not stop.is_set():
            number += 1
            db.execute(f"INSERT INTO ad_result (order_id, {', '.join(columns)}) SELECT 'new' || ?, {', '.join(columns)} FROM ad_result"
                       " ORDER BY order_id LIMIT 1 OFFSET ?", (number, number * 37 % 2604))
            db.commit()
        db.close()

    with Api(n.stage) as api:
        thread = threading.Thread(target=insert)
        thread.start()
        try:
            for sort in ("-created_at", "cost", "-conversion_cost", "-plays,created_at"):
                got = [item["order_id"] for item in api.walk("/api/v1/ad-orders", sort=sort, limit=40)]
                same(len(got), len(set(got)), f"{sort}: a row came twice")
                old = {order_id for order_id in got if not order_id.startswith("new")}
                same(old, {row["order_id"] for row in n.truth}, f"{sort}: rows that were there all the time")
        finally:
            stop.set()
            thread.join()
        holds(n.stage.rows("SELECT count(*) AS n FROM ad_result WHERE order_id LIKE 'new%'")[0]["n"] > 20, "nothing was inserted meanwhile")


# --- who sees what ---

def test_a_user_of_one_shop_sees_the_numbers_of_one_shop(t):
    n = Numbers(t)
    shop_id = min(n.shops)
    mine, others = n.of_shop(shop_id), [row for row in n.truth if row["account"] != n.shops[shop_id]]
    with Api(n.stage, user="li", role="viewer", shops=[n.shops[shop_id]]) as api:
        same({item["order_id"] for item in api.walk("/api/v1/ad-orders", limit=1000)}, {row["order_id"] for row in mine}, "orders")
        same_figures(api.get("/api/v1/shops/statistics", period="all")["totals"][0], of_many(mine), "totals")
        same_figures(api.get("/api/v1/dashboard", period="all")["ads"][0], of_many(mine), "dashboard")
        for path in (f"/api/v1/ad-orders/{others[0]['order_id']}", f"/api/v1/shops/{max(n.shops)}/statistics"):
            try:
                api.get(path)
                raise lib.Failure(f"{path} is seen")
            except Refused as problem:
                same(problem.status, 404, path)


if __name__ == "__main__":
    lib.main(globals())

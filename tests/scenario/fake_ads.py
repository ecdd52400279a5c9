"""An ad platform of a few lines: DOU+'s order list and report over Python lists, for courses of events that the sandbox
cannot be told. What an order has spent is a list of events; the report adds up those of the days it is asked about.

    fake = FakeAds({"sec-a": [ad_order(1, "2026-05-20 10:00:00")]})
    stage = AdsStage(t, fake, "2026-05-20 12:00:00")      # a home that calls it; time is virtual
    fake.spend(1, "2026-05-20", cost=520, plays=40)
    stage.sync()
    stage.at("2026-05-20 12:05:00")                       # the next command begins then
"""
import contextlib
import datetime
import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import lib
from results import results_equal
from truth import Stage

BEIJING = datetime.timezone(datetime.timedelta(hours=8))
LIST, REPORT = "/open_api/v3.0/douplus/order/list", "/open_api/v3.0/douplus/order/report"
RANGE_DAYS_MAX, IDS_MAX = 180, 100
REFUSED = b'{"code": 40000, "message": "order_ids: the order cannot be asked for"}'
UNREADABLE = b'{"code": 0, "data": {"order_metrics": [{"dimension_data": {"order_id": 18350'
FIGURES = {"cost": "stat_cost", "plays": "total_play", "likes": "custom_like", "comments": "dy_comment",
           "shares": "dy_share", "follows": "dy_follow", "conversions": "dp_target_convert_cnt", "shown": "show_cnt"}


def order_id(number):
    return 1835000000000000 + number  # above what 32 bits hold; a JSON number


def ad_order(number, created, status="DELIVERING", item=7518299855211597096, hours=24, budget=10000, ads=1, renewed=0):
    return {"number": number, "created": created, "status": status, "item": item, "hours": hours, "budget": budget,
            "ads": ads, "renewed": renewed}


def ms_of(beijing):
    return int(datetime.datetime.fromisoformat(beijing).replace(tzinfo=BEIJING).timestamp()) * 1000


class FakeAds:
    def __init__(self, accounts):
        self.accounts = accounts  # aweme_sec_uid → orders, oldest first
        self.events = []          # (order id, ad, day, figures)
        self.left_out = set()     # ids that no answer holds for now
        self.left_out_days = set()  # (id, day) that no answer about that day alone holds
        self.unsaid = set()       # figures that no answer says
        self.refused = {}         # id → the bytes that answer every question about it, whoever else it is about
        self.refuses = {LIST, REPORT}  # where
        self.asked = Counter()    # (order id, first day, last day) of reports
        self.calls = Counter()
        self.questions = []       # (path, how many ids) of every question by ids
        self.wrong = []           # what a caller may not ask
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # else every answer waits 40 ms for an acknowledgement

            def do_GET(self):
                url = urlsplit(self.path)
                body = fake.body(url.path.rstrip("/"), dict(parse_qsl(url.query)))
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with contextlib.suppress(ConnectionError):
                    self.wfile.write(body)

            def handle(self):
                with contextlib.suppress(ConnectionError):  # a caller that was killed
                    super().handle()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base_url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    # --- the course of events ---

    def order(self, number):
        return next(o for orders in self.accounts.values() for o in orders if o["number"] == number)

    def spend(self, number, day, ad=1, **figures):
        """From now on the report holds these too; `played` is the plays of five seconds and more."""
        self.events.append((order_id(number), ad, day, figures))

    def life(self, number, column):
        return sum(f.get(column, 0) for i, _, _, f in self.events if i == order_id(number))

    def report_calls(self):
        return self.calls[REPORT]

    # --- answering ---

    def body(self, path, query):
        filter_ = json.loads(query.get("filter", "{}"))
        ids = filter_.get("order_ids") or filter_.get("order_id") or []
        if ids:
            self.questions.append((path, len(ids)))
        refusals = [self.refused[i] for i in ids if i in self.refused] if path in self.refuses else []
        if refusals:
            self.calls[path] += 1
            return refusals[0]
        return json.dumps(self.answer(path, query)).encode()

    def answer(self, path, query):
        self.calls[path] += 1
        filter_ = json.loads(query.get("filter", "{}"))
        orders = self.accounts[query["aweme_sec_uid"]]
        rows = self.list_rows(orders, filter_) if path == LIST else self.report_rows(orders, query, filter_)
        size, page = int(query.get("page_size", 10)), int(query.get("page", 1))
        part = rows[(page - 1) * size:page * size]
        return {"code": 0, "message": "OK", "data": {
            "order_list" if path == LIST else "order_metrics": part,
            "page_info": {"page": page, "page_size": size, "total_num": len(rows), "total_page": -(-len(rows) // size)}}}

    def list_rows(self, orders, filter_):
        between, ids = filter_.get("order_create_time"), filter_.get("order_id")
        found = [o for o in orders if order_id(o["number"]) not in self.left_out or not ids]
        if between:
            found = [o for o in found if between["start_time"] <= o["created"] <= between["end_time"]]
        if ids:
            found = [o for o in found if order_id(o["number"]) in ids]
        return [listed(o) for o in found]

    def report_rows(self, orders, query, filter_):
        days, ids = json.loads(query["stat_time"]), filter_["order_ids"]
        first, last = days["begin_time"], days["end_time"]
        span = (datetime.date.fromisoformat(last) - datetime.date.fromisoformat(first)).days + 1
        if not 1 <= span <= RANGE_DAYS_MAX or len(ids) > IDS_MAX:
            self.wrong.append(f"{len(ids)} ids over {first} to {last}")
        known = {order_id(o["number"]): o for o in orders}
        self.asked.update((i, first, last) for i in ids)
        rows = []
        for one in sorted(set(ids) & set(known) - self.left_out):
            if (one, first) in self.left_out_days and first == last:
                continue
            for ad in range(1, known[one]["ads"] + 1):
                mine = [f for i, a, day, f in self.events if (i, a) == (one, ad) and first <= day <= last]
                begun = any((i, a) == (one, ad) for i, a, _, _ in self.events)
                if begun:
                    rows.append(reported(one, ad, mine))
                    for name in self.unsaid:
                        del rows[-1]["metrics_data"][name]
        return rows


def listed(order):
    item = [{"aweme_item_id": order["item"], "aweme_item_title": "视频", "aweme_author_name": "作者"}] if order["item"] else []
    return {"order": {"order_id": order_id(order["number"]), "task_id": order_id(order["number"]) - 16,
                      "task_status": order["status"], "budget": order["budget"], "order_create_time": order["created"],
                      "renew_count": order["renewed"], "scene_type": "VIDEO"},
            "item_info_list": item, "live_room_info": {},
            "ad_list": [{"ad_id": order["number"] * 10 + ad, "delivery_time": order["hours"], "budget": order["budget"]}
                        for ad in range(1, order["ads"] + 1)]}


def reported(one, ad, figures):
    total = {theirs: sum(f.get(ours, 0) for f in figures) for ours, theirs in FIGURES.items()}
    plays, played = total["total_play"], sum(f.get("played", 0) for f in figures)
    sold = total["dp_target_convert_cnt"]
    return {"dimension_data": {"order_id": one, "ad_id": (one - order_id(0)) * 10 + ad, "is_fans": 0},
            "metrics_data": {**total, "play_duration_5s_rank": round(played / plays, 6) if plays else 0,
                             "custom_convert_cost": round(total["stat_cost"] / sold) if sold else 0}}


class AdsStage(Stage):
    """A Stage whose platform is a FakeAds; its shops are called as their accounts."""

    def __init__(self, t, fake, start, since="2025-01-01"):
        self.t, self.sandbox, self.shops = t, fake, []
        self.at(start)
        t.sandboxes.append(fake)
        self.home = t.home(fake, env=self.env)
        for account in fake.accounts:
            self.run("shop", "add", account, "--platform", "douplus", "--external-id", account, "--since", since,
                     "--token-file", "-", text_in="token\n", check=True)

    def at(self, beijing):
        """The next command begins at this time: with a clock of its own, since time does not go back."""
        self.env = {"HUILIU_CLOCK": str(self.t.folder() / "clock"), "HUILIU_CLOCK_START": str(ms_of(beijing))}

    def sync(self, *words, check=True, **options):
        done = super().sync(*words, check=check, **options)
        if check:  # whatever a test is about: what follows from it is right, too
            results_equal(self.rows)
        return done

    def sync_at(self, beijing, *words, **options):
        self.at(beijing)
        self.sync(*words, **options)

    def life(self, number):
        found = self.rows("SELECT * FROM ad_figure WHERE order_id = ?", str(order_id(number)))
        return found[0] if found else None

    def snapshots(self, number):
        return self.rows("SELECT * FROM ad_figure_snapshot WHERE order_id = ? ORDER BY at", str(order_id(number)))

    def days(self, number):
        return {r["day"]: r for r in self.rows("SELECT * FROM ad_figure_day WHERE order_id = ? ORDER BY day",
                                               str(order_id(number)))}

    def plan(self, number, stream="ad_figures"):
        return self.rows("SELECT * FROM ask_plan WHERE stream = ? AND key_text = ?", stream, str(order_id(number)))[0]

    def order(self, number):
        return self.rows("SELECT * FROM ad_order WHERE order_id = ?", str(order_id(number)))[0]

    def good(self):
        lib.same(self.sandbox.wrong, [], "reports that may not be asked")
        lib.same(self.rows("SELECT count(*) AS n FROM reject")[0]["n"], 0, "rejects")

"""A platform of a few lines for records that the sandbox cannot make: Douyin Life's token and order query over Python lists.

    fake = FakeLife({"7001": [order(1), order(2, pay_amount=-5)]})
    stage = FakeStage(t, fake)                    # a home that calls it, a shop for each account; time is virtual
    stage.sync()

`fake.tamper` may be set to a function (call, reply) -> reply: a call is {path, account, query}; a reply is an object to be
written as JSON, bytes to be sent as they are, or an int, an HTTP status with an empty body. `raw("1.50")` is a number that
is written exactly so."""
import contextlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import lib
from truth import START_MS, Stage

DAY = "2026-05-27"           # Beijing; the day on which every order is created
DAY_START_S = 1779811200     # 2026-05-27 00:00 Beijing
QUERY, TOKEN = "/goodlife/v1/trade/order/query", "/oauth/client_token"


def raw(number):
    return f"raw:{number}"


def order(number, **changes):
    """An order as the platform's page prints it. A change to ... takes the field away."""
    created = DAY_START_S + 60 * number
    whole = {"order_id": f"8000{number:06}", "order_status": 1, "order_type": 100, "sku_id": "17", "sku_name": "套餐",
             "original_amount": 2000, "pay_amount": 1000 + number, "receipt_amount": 1000, "discount_amount": 0, "count": 1,
             "create_order_time": created, "pay_time": created + 5, "update_order_time": created + 9,
             "contacts": [{"name": "", "phone": "", "phone_encrypt": ""}],
             "certificate": [{"certificate_id": f"9{number:06}", "order_item_id": f"8000{number:06}1", "item_status": 201,
                              "item_update_time": created + 9, "refund_amount": 0, "refund_time": 0}], **changes}
    return {name: value for name, value in whole.items() if value is not ...}


def written(reply):
    return re.sub(r'"raw:([^"]*)"', r"\1", json.dumps(reply, ensure_ascii=False)).encode()


class FakeLife:
    def __init__(self, orders):
        self.orders = orders  # account → orders, oldest first
        self.calls = []
        self.tamper = None
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # else every answer waits 40 ms for an acknowledgement

            def do_GET(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                url = urlsplit(self.path)
                query = dict(parse_qsl(url.query))
                call = {"path": url.path.rstrip("/"), "account": query.get("account_id"), "query": query}
                reply = fake.answer(call)
                status, body = (reply, b"") if isinstance(reply, int) else (200, reply)
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with contextlib.suppress(ConnectionError):  # who has read enough of a reply may hang up
                    self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base_url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, call):
        self.calls.append(call)
        reply = {TOKEN: self.token, QUERY: self.query}[call["path"]](call["query"])
        if self.tamper:
            reply = self.tamper(call, reply)
        return reply if isinstance(reply, (int, bytes)) else written(reply)

    @staticmethod
    def token(_):
        return {"data": {"error_code": 0, "access_token": "clt.fake", "expires_in": 7200}}

    def query(self, query):
        found = [o for o in self.orders[query["account_id"]] if matches(o, query)]
        size, start = int(query.get("page_size", 20)), json.loads(query.get("cursor", "0"))
        start = start[0] if isinstance(start, list) else start
        page = found[start:start + size]
        end = start + size >= len(found)
        return {"data": {"error_code": 0, "orders": page, "page": {"total": len(found)},
                         "search_after": {"CursorValue": [] if end else [start + size]}}}

    def queries(self, account=None, of_size=None):
        """The parameters of every order query, in the order of arrival."""
        return [c["query"] for c in self.calls if c["path"] == QUERY and account in (None, c["account"])
                and of_size in (None, c["query"].get("page_size"))]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def matches(one, query):
    if "order_id" in query:
        return str(one.get("order_id")).removeprefix("raw:") == query["order_id"]
    for time in ("create_order", "update_order"):
        if f"{time}_start_time" in query and not (int(query[f"{time}_start_time"]) <= one[f"{time}_time"]
                                                  <= int(query[f"{time}_end_time"])):
            return False
    return True


class FakeStage(Stage):
    """A Stage whose platform is a fake; its shops are called shop-ACCOUNT."""

    def __init__(self, t, fake, start_ms=START_MS, settings=()):
        self.t, self.sandbox, self.shops = t, fake, []
        self.env = {"HUILIU_CLOCK": str(t.folder() / "clock"), "HUILIU_CLOCK_START": str(start_ms)}
        t.sandboxes.append(fake)
        self.home = t.home(fake, env=self.env)
        self.run("app", "add", "main", "--platform", "douyin-life", "--key", "k", "--secret-file", "-",
                 text_in="0" * 32 + "\n", check=True)
        for account in fake.orders:
            words = [word for setting in settings for word in ("--set", setting)]
            self.run("shop", "add", f"shop-{account}", "--platform", "douyin-life", "--external-id", account, "--since",
                     "2026-05-26", *words, check=True)

    def later(self, seconds):
        """From now on time stands so much later."""
        start_ms = int(self.env["HUILIU_CLOCK_START"]) + 1000 * seconds
        self.env = {"HUILIU_CLOCK": str(self.t.folder() / "clock"), "HUILIU_CLOCK_START": str(start_ms)}

    def sync_day(self, *words, **options):
        """One window: the day of the orders, by creation. (exit code, report)"""
        return self.sync_json("--from", DAY, "--to", DAY, *words, **options)

    def sync_json(self, *words, **options):
        code, out, err = self.sync(*words, "--json", **{"check": None, **options})
        lib.holds(out, f"sync said nothing: {err}")
        return code, json.loads(out)

    def ids(self, account):
        """Stored order ids of an account, in order."""
        return [r["order_id"] for r in self.rows(
            "SELECT order_id FROM trade_order o JOIN shop s ON s.id = o.shop_id WHERE s.external_id = ? ORDER BY order_id",
            account)]

    def sealed(self, account):
        return self.rows("SELECT w.* FROM sync_window w JOIN shop s ON s.id = w.shop_id WHERE s.external_id = ? AND "
                         "w.state = 'sealed'", account)

#!/usr/bin/env python3
"""sandbox_test.py SANDBOX [WORD...]: the sandbox as a client sees it, against its own truth.

Each test starts sandboxes of its own, walks lists as the platforms' documents say, and compares what it saw with
/_sandbox/truth. Phones are opened by the openssl program, which shares nothing with the sandbox but the cipher.
Prints `ok NAME`, `not ok NAME reason` or `skip NAME reason`.
"""
import base64
import csv
import http.client
import json
import mmap
import os
import signal
import struct
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.parse
import zlib
from datetime import date, datetime, timedelta, timezone
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RECORD = Path(os.environ.get("HUILIU_SHARED", ROOT.parent / "shared")) / "data" / "douplus-orders.csv"
BEIJING = timezone(timedelta(hours=8))
DATES = ["--from", "2026-01-01", "--to", "2026-01-31"]
ORDERS = "/goodlife/v1/trade/order/query/"
DECRYPT = "/goodlife/v1/open/common_biz/crypto/decrypt/batch"
DOUPLUS = "/open_api/v3.0/douplus/order/list/"
REPORT = "/open_api/v3.0/douplus/order/report/"
OAUTH = "/open_api/oauth2/"
FROM, TO = 1767196800, 1769875200  # 2026-01-01 and 2026-02-01, Beijing


class Skip(Exception):
    pass


class Sandbox:
    def __init__(self, *options, env=None):
        self.process = subprocess.Popen([SANDBOX, *options], stdout=subprocess.PIPE, env={**os.environ, **(env or {})})
        line = self.process.stdout.readline()
        assert line, "the sandbox did not start"
        self.info = json.loads(line)
        self.connection = http.client.HTTPConnection("127.0.0.1", self.info["port"], timeout=20)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(20)
        self.process.stdout.close()
        assert code == 0, f"the sandbox ended with {code}"

    def call(self, method, path, query=None, headers=None, body=None):
        """(status, headers, bytes) of one call; a broken connection raises."""
        if query:
            path += "?" + urllib.parse.urlencode(query)
        try:
            self.connection.request(method, path, body, headers or {})
            reply = self.connection.getresponse()
            return reply.status, reply.headers, reply.read()
        except Exception:
            self.connection.close()
            raise

    def json(self, *args, **kwargs):
        return json.loads(self.call(*args, **kwargs)[2])

    def admin(self, name, **query):
        return self.json("GET", "/_sandbox/" + name, query)

    def config(self, **values):
        status, _, body = self.call("POST", "/_sandbox/config", body=json.dumps(values))
        assert status == 200, body

    def rows(self, name, **query):
        """All lines of truth or log, part by part."""
        found, key = [], "from" if name == "log" else "offset"
        query = {key: 0, "limit": 137, **query}
        while True:
            _, headers, body = self.call("GET", "/_sandbox/" + name, query)
            found += [json.loads(line) for line in body.splitlines()]
            if not headers["X-Next"]:
                return found
            query[key] = headers["X-Next"]

    def truth(self, shop):
        return self.rows("truth", platform=shop["platform"], shop=shop["external_id"])

    def figures(self, shop, begin, end, **query):
        rows = self.rows("figures", platform="douplus", shop=shop["external_id"], **{"from": begin, "to": end}, **query)
        return {row["order_id"]: row for row in rows}

    def report(self, shop, begin, end, **query):
        query = {"stat_time": {"begin_time": begin, "end_time": end}, "group_by": ["GROUP_BY_AD_ID"], **query}
        query = {k: v if isinstance(v, str) else json.dumps(v) for k, v in query.items()}
        return self.json("GET", REPORT, {"aweme_sec_uid": shop["external_id"], **query},
                         {"Access-Token": shop["token"]})

    def post(self, path, **body):
        return self.json("POST", path, body=json.dumps(body))

    def shops(self, platform):
        return [s for s in self.info["shops"] if s["platform"] == platform]

    def token(self, app=0):
        app = [a for a in self.info["apps"] if a["platform"] == "douyin-life"][app]
        body = {"client_key": app["app_key"], "client_secret": app["app_secret"], "grant_type": "client_credential"}
        return self.json("POST", "/oauth/client_token/", body=json.dumps(body))["data"]["access_token"]

    def orders(self, shop, token, **query):
        return self.json("GET", ORDERS, {"account_id": shop["external_id"], **query}, {"access-token": token})

    def ads(self, shop, **query):
        query = {k: v if isinstance(v, str) else json.dumps(v) for k, v in query.items()}
        return self.json("GET", DOUPLUS, {"aweme_sec_uid": shop["external_id"], **query},
                         {"Access-Token": shop["token"]})


def by_cursor(sandbox, shop, token, form=json.dumps, **query):
    """Every order of a window in cursor form, and the number of pages."""
    found, cursor, pages = [], "0", 0
    while True:
        data = sandbox.orders(shop, token, cursor=cursor, **query)["data"]
        assert data["error_code"] == 0, data
        found += data["orders"]
        pages += 1
        value = data["search_after"]["CursorValue"]
        if not value:
            return found, pages
        assert form(value) != cursor, "a cursor came twice"
        cursor = form(value)


def by_number(sandbox, shop, token, **query):
    found, number = [], 1
    while True:
        data = sandbox.orders(shop, token, page_num=number, **query)["data"]
        assert data["error_code"] == 0, data
        found += data["orders"]
        if len(found) >= data["page"]["total"] or not data["orders"]:
            return found
        number += 1


def life_flat(order):
    """An order as the truth writes it, read from the platform's fields; a brief order lacks some of them."""
    contact = order["contacts"][0] if order["contacts"] else {}
    goods = order.get("products", [{}])[0]
    flat = {k: order.get(k) for k in ("order_id", "original_amount", "pay_amount", "receipt_amount", "discount_amount",
                                      "pay_discount_amount", "count", "sku_name", "poi_id", "open_id",
                                      "source_order_id")}
    flat |= {"account_id": order["merchant_info"]["account_id"], "status": order["order_status"],
             "type": order.get("order_type"), "sku_id": order.get("sku_id") or goods.get("sku_id"),
             "created_at": order["create_order_time"], "paid_at": order["pay_time"] or None,
             "updated_at": order["update_order_time"], "phone_encrypt": contact.get("phone_encrypt"),
             "contact_name": contact.get("name")}
    flat["certificates"] = [{"certificate_id": c.get("certificate_id"), "order_item_id": c["order_item_id"],
                             "item_status": c["item_status"], "item_updated_at": c.get("item_update_time"),
                             "refunded_at": c.get("refund_time") or None, "refund_amount": c.get("refund_amount")}
                            for c in order["certificate"]]
    return flat


def same_orders(found, truth):
    found = sorted((life_flat(o) for o in found), key=lambda o: o["order_id"])
    truth = sorted(({k: v for k, v in t.items() if k != "phone"} for t in truth), key=lambda t: t["order_id"])
    assert len(found) == len(truth), (len(found), len(truth))
    for f, t in zip(found, truth):
        assert f == t, (f, t)


# --- Douyin Life ---

def test_a_walk_by_cursor_is_the_truth():
    with Sandbox(*DATES, "--life-orders", "523") as s:
        token = s.token()
        for shop in s.shops("douyin-life"):
            truth = s.truth(shop)
            assert len(truth) == 523
            for form in (json.dumps, ",".join):
                found, _ = by_cursor(s, shop, token, form, page_size=50, create_order_start_time=FROM,
                                     create_order_end_time=TO)
                same_orders(found, truth)


def test_a_walk_by_number_is_the_truth():
    with Sandbox(*DATES, "--life-orders", "230") as s:
        shop, token = s.shops("douyin-life")[0], s.token()
        found = by_number(s, shop, token, page_size=33, update_order_start_time=FROM,
                          update_order_end_time=TO + 90 * 86400)
        same_orders(found, s.truth(shop))
        updated = [o["update_order_time"] for o in found]
        assert updated == sorted(updated), "an update window is sorted by update time"


def test_windows_are_inclusive_and_add_up():
    with Sandbox(*DATES, "--life-orders", "400") as s:
        shop, token = s.shops("douyin-life")[0], s.token()
        truth = s.truth(shop)
        middle = truth[200]["created_at"]
        windows = [(FROM, middle), (middle, TO), (middle, middle)]
        low, high, both = ([o["order_id"] for o in by_cursor(s, shop, token, create_order_start_time=a,
                                                              create_order_end_time=b)[0]] for a, b in windows)
        assert both == [t["order_id"] for t in truth if t["created_at"] == middle] and both
        assert low + high[len(both):] == [t["order_id"] for t in truth]
        data = s.orders(shop, token, create_order_start_time=FROM, create_order_end_time=middle, page_size=1)["data"]
        assert data["page"]["total"] == len(low)


def test_filters_and_single_orders():
    with Sandbox(*DATES, "--life-orders", "300") as s:
        shop, token = s.shops("douyin-life")[0], s.token()
        truth = s.truth(shop)
        used, _ = by_cursor(s, shop, token, order_status=1)
        assert sorted(o["order_id"] for o in used) == sorted(t["order_id"] for t in truth if t["status"] == 1)
        assert 0 < len(used) < 300
        one = s.orders(shop, token, order_id=truth[7]["order_id"])["data"]
        same_orders(one["orders"], [truth[7]])
        assert one["page"]["total"] == 1
        assert s.orders(shop, token, order_id="7000000000000000001")["data"]["orders"] == []
        both = s.orders(shop, token, create_order_start_time=FROM, create_order_end_time=truth[9]["created_at"],
                        update_order_start_time=FROM, update_order_end_time=TO * 2 - FROM, page_size=100)["data"]
        assert {o["order_id"] for o in both["orders"]} == \
            {t["order_id"] for t in truth if t["created_at"] <= truth[9]["created_at"]}


def test_the_end_of_a_list_has_two_forms():
    with Sandbox(*DATES, "--life-orders", "100") as s:
        shop, token = s.shops("douyin-life")[0], s.token()
        assert by_cursor(s, shop, token, page_size=50)[1] == 3  # two full pages and an empty one
        s.config(end="same")
        assert by_cursor(s, shop, token, page_size=50)[1] == 2


def test_totals_can_be_left_out_or_capped():
    with Sandbox(*DATES, "--life-shops", "1", "--big-day", "10500", "--life-orders", "1") as s:
        shop, token = s.shops("douyin-life")[0], s.token()
        day = {t["created_at"] // 3600 // 24 for t in s.rows("truth", platform="douyin-life", limit=5000,
                                                             shop=shop["external_id"])}
        assert len(day) <= 2, "a Beijing day lies on at most two UTC days"
        assert s.orders(shop, token, page_size=1)["data"]["page"]["total"] == 10500
        s.config(totals="cap")
        assert s.orders(shop, token, page_size=1)["data"]["page"]["total"] == 10000
        s.config(totals="omit")
        assert "total" not in s.orders(shop, token, page_size=1)["data"]["page"]


def test_wrong_parameters_are_refused():
    with Sandbox(*DATES) as s:
        shop, token = s.shops("douyin-life")[0], s.token()
        wrong = [{"page_size": 101}, {"page_size": 0}, {"page_num": 101, "page_size": 100}, {"cursor": "x"},
                 {"cursor": '["1"]'}, {"create_order_start_time": 5}, {"order_status": "a"},
                 {"update_order_start_time": 9, "update_order_end_time": 8},
                 {"create_order_start_time": "x", "create_order_end_time": 8}]
        for query in wrong:
            data = s.orders(shop, token, **query)["data"]
            assert data["error_code"] == 2100005 and data["description"], (query, data)
        assert s.orders(shop, token, page_num=100, page_size=100)["data"]["error_code"] == 0
        assert s.admin("counts")["outcomes"]["bad_request"] == len(wrong)


def test_tokens_are_checked():
    with Sandbox(*DATES, "--life-apps", "2") as s:
        first, second = s.shops("douyin-life")
        token = s.token(0)
        assert token.startswith("clt.")
        code = lambda shop, token: s.orders(shop, token)["data"]["error_code"]
        assert code(first, token) == 0 and code(second, s.token(1)) == 0
        assert code(second, token) == 2190003 and code(first, "clt.nonsense") == 2190002
        old = s.json("GET", ORDERS, {"account_id": first["external_id"], "access_token": token})
        assert old["data"]["error_code"] == 0, "the old form carries the token in the query"
        s.config(revoke_tokens=True)
        assert code(first, token) == 2190008 and code(first, s.token(0)) == 0
        app = s.info["apps"][-1]
        for body in ({"client_key": "x"}, {"client_key": app["app_key"], "client_secret": "x"}):
            data = s.json("POST", "/oauth/client_token/", body=json.dumps({**body, "grant_type": "client_credential"}))
            assert data["data"]["error_code"] != 0 and "access_token" not in data["data"]


def test_errors_stand_where_they_are_asked_for():
    with Sandbox(*DATES) as s:
        shop = s.shops("douyin-life")[0]
        for place in ("data", "root", "extra"):
            s.config(error_place=place)
            reply = s.orders(shop, "x")
            codes = {"root": reply.get("error_code"), "data": reply.get("data", {}).get("error_code"),
                     "extra": reply["extra"]["error_code"]}
            assert codes[place] == 2190002, (place, reply)


def normalised(secret):
    secret = secret.strip()
    while len(secret) < 32:
        secret = "#" + secret
        if len(secret) < 32:
            secret += "#"
    while len(secret) > 32:
        secret = secret[1:]
        if len(secret) > 32:
            secret = secret[:-1]
    return secret


def opened(cipher, secret):
    key = normalised(secret).encode()
    return subprocess.run(["openssl", "enc", "-d", "-aes-256-cbc", "-K", key.hex(), "-iv", key[16:].hex()],
                          input=base64.b64decode(cipher), stdout=subprocess.PIPE, check=True).stdout.decode()


def test_phones_open_with_the_secret_or_by_the_platform():
    with Sandbox(*DATES, "--life-shops", "2", "--life-orders", "60", "--enc-share", "50", "--decrypt-quota", "20") as s:
        shop, other = s.shops("douyin-life")
        token, truth = s.token(), s.truth(s.shops("douyin-life")[0])
        secret = [a for a in s.info["apps"] if a["platform"] == "douyin-life"][0]["app_secret"]
        enc = [t for t in truth if (t["phone_encrypt"] or "").startswith("Enc.")]
        local = [t for t in truth if t["phone_encrypt"] and t not in enc]
        assert len(enc) > 10 and len(local) > 10 and any(t["phone"] is None for t in truth)
        for t in local[:5]:
            assert opened(t["phone_encrypt"], secret) == t["phone"]

        def decrypt(path, shop, ciphers):
            body = json.dumps({"account_id": shop["external_id"], "cipher_texts": ciphers})
            return s.json("POST", path, headers={"access-token": token}, body=body)["data"]

        ciphers = [t["phone_encrypt"] for t in enc[:15]]
        results = decrypt(DECRYPT, shop, ciphers)["results"]
        assert [r["plain_text"] for r in results] == [t["phone"] for t in enc[:15]]
        assert decrypt(DECRYPT, shop, ciphers[:6])["error_code"] == 2119004, "5 of 20 are left"
        results = decrypt(DECRYPT, other, ciphers[:2])["results"]
        assert not any(r["is_success"] for r in results), "another account's cipher"
        masked = decrypt(DECRYPT.replace("decrypt/", "decrypt_mask/"), shop, ciphers)["results"]
        assert all(r["plain_text"][:3] == t["phone"][:3] and "*" in r["plain_text"] for r, t in zip(masked, enc))
        assert decrypt(DECRYPT, shop, ["Enc.x"] * 51)["error_code"] == 2100005


def test_a_cursor_is_stable_while_rows_move():
    with Sandbox(*DATES, "--life-shops", "1", "--life-orders", "300", "--churn", "6000") as s:
        shop, token = s.shops("douyin-life")[0], s.token()
        deadline = time.monotonic() + 10  # changes come by the whole second: the first one may take a while
        while max(t["updated_at"] for t in s.truth(shop)) < TO + 90 * 86400 and time.monotonic() < deadline:
            pass
        created, _ = by_cursor(s, shop, token, page_size=20, create_order_start_time=FROM, create_order_end_time=TO)
        ids = [o["order_id"] for o in created]
        assert len(ids) == 300 and len(set(ids)) == 300, "creation times never move"
        # By update time an order may be seen twice, but only ever later than before: none is lost.
        updated, _ = by_cursor(s, shop, token, page_size=100, update_order_start_time=FROM,
                               update_order_end_time=int(time.time()) + 3600)
        assert {o["order_id"] for o in updated} == set(ids)
        times = [o["update_order_time"] for o in updated]
        assert times == sorted(times) and times[-1] > TO + 90 * 86400
        s.config(churn=0)
        latest = {o["order_id"]: o for o in by_cursor(s, shop, token, page_size=100)[0]}
        same_orders(latest.values(), s.truth(shop))


def test_equal_seeds_make_equal_worlds():
    def facts(seed):
        with Sandbox(*DATES, "--seed", seed, "--life-orders", "50") as s:
            return [s.truth(shop) for shop in s.info["shops"]]
    assert facts("7") == facts("7") != facts("8")


def compact(order):
    return json.dumps(order, ensure_ascii=False, separators=(",", ":")).encode()


def test_an_order_is_as_large_as_a_real_one():
    with Sandbox(*DATES) as s:
        orders = s.orders(s.shops("douyin-life")[0], s.token(), page_size=100)["data"]["orders"]
        size = sum(len(compact(o)) for o in orders) / len(orders)
        assert 1000 < size < 1700, size
        assert all(len(o["order_id"]) == 19 and int(o["order_id"]) > 2**53 for o in orders)
        assert {len(o["certificate"]) for o in orders} == {1, 2, 3}
        assert any("sku_id" not in o for o in orders)


def test_an_order_is_as_large_as_asked_for():
    for wanted, certificates in ((300, {1}), (600, {1}), (3000, {1, 2, 3})):
        with Sandbox(*DATES, "--life-orders", "400", "--life-order-bytes", str(wanted)) as s:
            shop, token = s.shops("douyin-life")[0], s.token()
            found, _ = by_cursor(s, shop, token, page_size=100)
            texts = [compact(o) for o in found]
            mean = sum(len(t) for t in texts) / len(texts)
            assert abs(mean - wanted) <= wanted / 10, (wanted, mean)
            # Text of an order compresses to 0.4 of its bytes or more, one dish said ten times to less than a third.
            packed = sum(len(zlib.compress(t)) for t in texts) / len(texts)
            assert packed > mean / 3, (wanted, packed)
            assert {len(o["certificate"]) for o in found} == certificates
            for order in found:  # a brief order does not repeat whose it is
                order.setdefault("merchant_info", {"account_id": shop["external_id"]})
            same_orders(found, s.truth(shop))


# --- DOU+ ---

def ads_walk(s, shop, size=100, **query):
    found, page = [], 1
    while True:
        data = s.ads(shop, page=page, page_size=size, **query)["data"]
        assert data["page_info"]["page"] == page
        found += data["order_list"]
        if page >= data["page_info"]["total_page"]:
            assert len(found) == data["page_info"]["total_num"]
            return found
        page += 1


def test_the_recorded_orders_are_served_as_they_are():
    if not RECORD.exists():
        raise Skip(f"{RECORD} is not here")
    with open(RECORD, encoding="utf-8-sig", newline="") as f:
        rows = {r["order_id"]: r for r in csv.DictReader(f)}
    with Sandbox("--life-shops", "0", "--douplus-file", str(RECORD)) as s:
        seen, tasks = set(), set()
        for shop in s.shops("douplus"):
            for ad in ads_walk(s, shop):
                order, item = ad["order"], ad["item_info_list"][0]
                row = rows[str(order["order_id"])]
                created = datetime.strptime(row["created"], "%Y-%m-%d %H:%M").strftime("%Y-%m-%d %H:%M:00")
                assert order["order_create_time"] == created
                assert order["task_status"] == row["status"] and item["aweme_item_title"] == row["title"]
                assert order["budget"] == round(float(row["budget_yuan"]) * 100)
                assert str(item["aweme_item_id"]) == row["item_id"] and shop["external_id"] == "sec-" + row["account"]
                assert isinstance(order["order_id"], int) and order["task_id"] != order["order_id"]
                seen.add(row["order_id"])
                tasks.add(order["task_id"])
            truth = s.truth(shop)
            assert all(rows[t["order_id"]]["title"] == t["title"] for t in truth)
        assert seen == set(rows) and len(tasks) == len(rows) == 2604


def test_the_ad_list_sorts_and_filters():
    with Sandbox(*DATES, "--douplus-orders", "150") as s:
        shop = s.shops("douplus")[0]
        truth = s.truth(shop)
        ids = [str(a["order"]["order_id"]) for a in ads_walk(s, shop, 40)]
        assert ids == [t["order_id"] for t in reversed(truth)], "newest first unless asked otherwise"
        ids = [str(a["order"]["order_id"]) for a in ads_walk(s, shop, 40, order_by_type="ASC")]
        assert ids == [t["order_id"] for t in truth]
        ids = [a["order"]["order_id"] for a in ads_walk(s, shop, order_by_field="ORDER_ID", order_by_type="ASC")]
        assert ids == sorted(ids) and len(ids) == 150
        words = [datetime.fromtimestamp(truth[i]["created_at"], BEIJING).strftime("%Y-%m-%d %H:%M:%S")
                 for i in (10, 90)]
        window = {"order_create_time": {"start_time": words[0], "end_time": words[1]}}
        for extra, wanted in (({}, lambda t: True), ({"status": ["DELIVERIED"]}, lambda t: t["status"] == "DELIVERIED"),
                              ({"scene_type": "LIVE"}, lambda t: t["scene"] == "LIVE"),
                              ({"order_id": [int(truth[40]["order_id"]), 5]}, lambda t: t is truth[40]),
                              ({"task_id": [int(truth[41]["task_id"])]}, lambda t: t is truth[41])):
            found = {str(a["order"]["order_id"]) for a in ads_walk(s, shop, filter={**window, **extra})}
            right = {t["order_id"] for t in truth
                     if truth[10]["created_at"] <= t["created_at"] <= truth[90]["created_at"] and wanted(t)}
            assert found == right and right, extra


def test_wrong_ad_calls_are_refused():
    with Sandbox(*DATES, "--douplus-shops", "2") as s:
        one, two = s.shops("douplus")
        for query in ({"filter": "{"}, {"filter": "[]"}, {"page_size": 101}, {"page": "x"}, {"order_by_type": "UP"},
                      {"filter": {"order_create_time": {"begin_time": "2026-01-01", "end_time": "2026-01-02"}}},
                      {"filter": {"order_id": ["5"]}}, {"filter": {"status": ["DONE"]}},
                      {"filter": {"order_create_time": {"start_time": "2026-02-01", "end_time": "2026-01-02"}}}):
            assert s.ads(one, **query)["code"] == 40000, query
        assert s.ads({**one, "token": two["token"]})["code"] == 40002
        assert s.ads({**one, "token": "x"})["code"] == 40105
        assert s.ads({**one, "external_id": "sec-nobody"})["code"] == 40000
        assert s.json("GET", "/open_api/v3.0/douplus/no/such/")["code"] == 40105
        status, _, body = s.call("GET", "/goodlife/v1/no/such/")
        assert status == 404 and json.loads(body)
        assert s.json("GET", DOUPLUS, {"aweme_sec_uid": one["external_id"]})["code"] == 40104


# --- DOU+: figures ---

SUMS = ("stat_cost total_play custom_like dy_comment dy_share dy_follow dy_home_visited dp_target_convert_cnt show_cnt "
        "live_click_source_cnt live_gift_uv live_gift_amount live_comment_cnt douplus_live_follow_count "
        "live_gift_cnt").split()
LIFE = ("2026-01-01", "2026-03-31")


def half_even(number, by):
    return int((Decimal(number) / by).quantize(Decimal(1), ROUND_HALF_EVEN)) if by else 0


def report_walk(s, shop, begin, end, size=100, **query):
    """Every row of a report, page by page."""
    found, page = [], 1
    while True:
        data = s.report(shop, begin, end, page=page, page_size=size, **query)["data"]
        found += data["order_metrics"]
        if page >= data["page_info"]["total_page"]:
            assert len(found) == data["page_info"]["total_num"]
            return found
        page += 1


def same_figures(rows, truth):
    """The rows of a report, an ad each, are the truth's orders."""
    orders = {}
    for row in rows:
        orders.setdefault(str(row["dimension_data"]["order_id"]), []).append(row)
    assert set(orders) == set(truth), (len(orders), len(truth))
    for order_id, right in truth.items():
        ads = [row["metrics_data"] for row in orders[order_id]]
        assert len(ads) == right["ads"] == len({r["dimension_data"]["ad_id"] for r in orders[order_id]})
        assert {k: sum(ad[k] for ad in ads) for k in SUMS} == {k: right[k] for k in SUMS}, order_id
        rates = [[ad["total_play"], f"{Decimal(str(ad['play_duration_5s_rank'])):f}"] for ad in ads]
        assert [[p, Decimal(r)] for p, r in rates] == [[p, Decimal(r)] for p, r in right["rates"]], order_id
        for ad in ads:
            assert ad["custom_convert_cost"] == half_even(ad["stat_cost"], ad["dp_target_convert_cnt"]), order_id
        assert right["custom_convert_cost"] == half_even(right["stat_cost"], right["dp_target_convert_cnt"])


def test_a_report_is_the_truth_page_by_page():
    with Sandbox(*DATES, "--douplus-orders", "400") as s:
        shop = s.shops("douplus")[0]
        truth = {t["order_id"]: t for t in s.truth(shop)}
        figures = s.figures(shop, *LIFE)
        for size in (100, 7):
            rows = report_walk(s, shop, *LIFE, size=size)
            same_figures(rows, figures)
            places = [(r["dimension_data"]["order_id"], r["dimension_data"]["ad_id"]) for r in rows]
            assert places == sorted(places) and len(set(places)) == len(places)
        begun = {o for o, t in truth.items() if t["status"] in ("DELIVERING", "DELIVERIED", "UNDELIVERIED",
                                                                 "OFFLINE_AUDIT", "AUDIT_PAUSE")}
        assert set(figures) == begun and len(begun) < len(truth)
        ads = {str(a["order"]["order_id"]): a for a in ads_walk(s, shop)}
        for row in rows:
            place, order = row["dimension_data"], truth[str(row["dimension_data"]["order_id"])]
            assert str(place["task_id"]) == order["task_id"] and str(place["item_id"]) == (order["item_id"] or "0")
            listed = ads[order["order_id"]]["ad_list"]
            assert (place["ad_id"], place["is_fans"]) in {(ad["ad_id"], ad["is_fans"]) for ad in listed}
            assert len(listed) == order["ads"] and all(ad["budget"] == order["budget"] for ad in listed)
            live = [row["metrics_data"][k] for k in SUMS if "live" in k]
            assert order["scene"] == "LIVE" or not any(live)
        assert {order["ads"] for order in truth.values()} == {1, 2}
        assert any(f["live_click_source_cnt"] for f in figures.values())
        assert any(a["item_info_list"] == [] for a in ads.values()), "an order without a video"
        assert all(0 < f["stat_cost"] <= truth[o]["budget"] for o, f in figures.items())


def test_a_report_is_filtered():
    with Sandbox(*DATES, "--douplus-orders", "300") as s:
        shop = s.shops("douplus")[0]
        figures, truth = s.figures(shop, *LIFE), {t["order_id"]: t for t in s.truth(shop)}
        ids = sorted(figures)[:90] + [o for o in truth if o not in figures][:10]
        same_figures(report_walk(s, shop, *LIFE, filter={"order_ids": [int(i) for i in ids]}),
                     {o: f for o, f in figures.items() if o in ids})
        some = [truth[o] for o in sorted(figures)[5:8]]
        item = next(t["item_id"] for t in some if t["item_id"])
        words = [datetime.fromtimestamp(t, BEIJING).strftime("%Y-%m-%d %H:%M:%S")
                 for t in sorted(t["created_at"] for t in truth.values())[100:201:100]]
        created = lambda t: words[0] <= datetime.fromtimestamp(t["created_at"], BEIJING).strftime(
            "%Y-%m-%d %H:%M:%S") <= words[1]
        for asked, wanted in (({"task_ids": [int(t["task_id"]) for t in some]}, lambda t: t in some),
                              ({"item_ids": [int(item)]}, lambda t: t["item_id"] == item),
                              ({"order_create_time": {"begin_time": words[0], "end_time": words[1]}}, created),
                              ({"order_ids": []}, lambda t: True), ({"order_ids": [5]}, lambda t: False)):
            right = {o: f for o, f in figures.items() if wanted(truth[o])}
            same_figures(report_walk(s, shop, *LIFE, filter=asked), right)
            assert right or asked == {"order_ids": [5]}


def test_day_figures_add_up_to_life_figures():
    with Sandbox(*DATES, "--douplus-orders", "150") as s:
        shop = s.shops("douplus")[0]
        life = {o: dict.fromkeys(SUMS, 0) for o in s.figures(shop, *LIFE)}
        used = 0
        for n in range((date.fromisoformat(LIFE[1]) - date.fromisoformat(LIFE[0])).days + 1):
            day = (date.fromisoformat(LIFE[0]) + timedelta(n)).isoformat()
            for order_id, figures in s.figures(shop, day, day).items():
                used += figures["stat_cost"] > 0
                for k in SUMS:
                    life[order_id][k] += figures[k]
        assert life == {o: {k: f[k] for k in SUMS} for o, f in s.figures(shop, *LIFE).items()}
        assert used > len(life), "some orders spend on several days"
        midnight = [int(datetime(2026, 1, n, tzinfo=BEIJING).timestamp()) * 1000 for n in (10, 11)]
        start, end = (s.figures(shop, *LIFE, at_ms=at) for at in midnight)
        for order_id, figures in s.figures(shop, "2026-01-10", "2026-01-10").items():
            right = {k: end.get(order_id, {}).get(k, 0) - start.get(order_id, {}).get(k, 0) for k in SUMS}
            assert {k: figures[k] for k in SUMS} == right, "a day ends at midnight in Beijing"
        before = s.figures(shop, "2025-01-01", "2025-01-31")
        assert set(before) == set(life) and not any(f["stat_cost"] for f in before.values()), "zero is a value"


def test_wrong_report_calls_are_refused():
    with Sandbox(*DATES, "--douplus-shops", "2") as s:
        one, two = s.shops("douplus")
        days = ("2026-01-01", "2026-06-29")  # 180 of them
        assert s.report(one, *days)["code"] == 0
        assert s.report(one, *days, filter={"order_ids": list(range(100))})["code"] == 0
        for begin, end, query in ((days[0], "2026-06-30", {}), ("2026-01-02", "2026-01-01", {}),
                                  ("2026-01-01 00:00:00", "2026-01-02", {}), ("x", "2026-01-01", {}),
                                  (*days, {"group_by": ["GROUP_BY_AD_ID", "GROUP_BY_CREATIVE_ID"]}),
                                  (*days, {"group_by": "GROUP_BY_AD_ID"}), (*days, {"page_size": 101}),
                                  (*days, {"stat_time": ""}), (*days, {"filter": {"order_id": [5]}}),
                                  (*days, {"filter": {"order_ids": ["5"]}}),
                                  (*days, {"filter": {"order_ids": list(range(101))}}),
                                  (*days, {"filter": {"order_create_time": {"start_time": "2026-01-01",
                                                                            "end_time": "2026-01-02"}}})):
            reply = s.report(one, begin, end, **query)
            assert reply["code"] == 40000 and reply["message"], (begin, end, query, reply)
        assert s.report({**one, "token": two["token"]}, *days)["code"] == 40002
        assert s.report({**one, "token": "x"}, *days)["code"] == 40105
        assert s.report({**one, "external_id": "sec-nobody"}, *days)["code"] == 40000


class Clock:
    """The shared test clock, moved by hand."""
    START_MS = 1769000000000  # 2026-01-21 20:53:20 Beijing

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        path = self.folder.name + "/clock"
        self.env = {"HUILIU_CLOCK": path, "HUILIU_CLOCK_START": str(self.START_MS)}
        return self

    def move(self, by_ms):
        """Of the file only now_ms is known: the one place where the time stands."""
        with open(self.env["HUILIU_CLOCK"], "r+b") as file, mmap.mmap(file.fileno(), 0) as view:
            at = view.find(struct.pack("<q", self.now_ms))
            self.now_ms += by_ms
            view[at:at + 8] = struct.pack("<q", self.now_ms)

    now_ms = START_MS

    def __exit__(self, *_):
        self.folder.cleanup()


def test_figures_grow_fall_by_corrections_and_are_left_out():
    live = ["--live", "--from", "2026-01-15", "--to", "2026-01-25", "--douplus-orders", "400", "--life-shops", "0"]
    range_ = ("2026-01-15", "2026-01-30")
    with Clock() as clock, Sandbox(*live, "--corrections", "30", env=clock.env) as s:
        shop = s.shops("douplus")[0]
        grown, fallen, last = 0, 0, {}
        for _ in range(12):
            now = s.figures(shop, *range_)
            same_figures(report_walk(s, shop, *range_), now)
            grown += sum(now[o]["stat_cost"] > last[o]["stat_cost"] for o in last)
            fallen += sum(now[o]["stat_cost"] < last[o]["stat_cost"] for o in last)
            assert set(last) <= set(now)
            past = s.figures(shop, *range_, at_ms=clock.now_ms - 5 * 3600000)
            assert past == last or not last, "the past can be asked"
            last = now
            clock.move(5 * 3600000)
        assert grown > 100 and 5 < fallen < 60, (grown, fallen)
        s.config(report_omit=20)
        right, before, missing = set(s.figures(shop, *range_)), set(), 0
        for _ in range(20):
            clock.move(300000)
            right = set(s.figures(shop, *range_))
            got = {str(r["dimension_data"]["order_id"]) for r in report_walk(s, shop, *range_)}
            gone = right - got
            assert got <= right and not gone & before, "nobody is left out twice running"
            missing, before = missing + len(gone), gone
        assert 0.1 < missing / (20 * len(right)) < 0.3


def test_the_recorded_figures_are_served_as_they_are():
    if not RECORD.exists():
        raise Skip(f"{RECORD} is not here")
    with open(RECORD, encoding="utf-8-sig", newline="") as f:
        rows = list(csv.DictReader(f))
    names = {"total_play": "play", "custom_like": "like", "dy_comment": "comment", "dy_share": "share",
             "dy_follow": "follow", "dp_target_convert_cnt": "convert"}
    fen = lambda text: int((Decimal(text) * 100).quantize(Decimal(1), ROUND_HALF_EVEN))
    with Sandbox("--life-shops", "0", "--douplus-file", str(RECORD)) as s:
        seen = 0
        for shop in s.shops("douplus"):
            mine = [r for r in rows if "sec-" + r["account"] == shop["external_id"]]
            right = {r["order_id"]: r for r in mine
                     if any(Decimal(r[c]) for c in ("cost_yuan", "rate_5s_pct", *names.values()))}
            found = {}
            for begin, end in (("2025-06-01", "2025-11-27"), ("2025-11-28", "2026-01-28")):
                walked = report_walk(s, shop, begin, end)
                same_figures(walked, s.figures(shop, begin, end))
                assert {str(r["dimension_data"]["order_id"]) for r in walked} == set(right)
                for row in walked:
                    order_id, figures = str(row["dimension_data"]["order_id"]), row["metrics_data"]
                    if begin <= right[order_id]["created"][:10] <= end:
                        found[order_id] = figures
                    else:
                        assert not any(figures.values()), "booked on the day of creation"
            for order_id, row in right.items():
                figures = found[order_id]
                assert figures["stat_cost"] == fen(row["cost_yuan"])
                assert all(figures[k] == int(row[c]) for k, c in names.items())
                rate = (Decimal(row["rate_5s_pct"]) / 100).quantize(Decimal("0.000001"), ROUND_HALF_EVEN)
                assert Decimal(str(figures["play_duration_5s_rank"])) == rate
                assert figures["custom_convert_cost"] == half_even(figures["stat_cost"], int(row["convert"]))
                assert figures["show_cnt"] == figures["dy_home_visited"] == figures["live_gift_cnt"] == 0
            seen += len(right)
        assert seen == 452


def test_reports_are_logged_and_what_they_asked():
    with Sandbox(*DATES, "--douplus-orders", "30") as s:
        shop = s.shops("douplus")[0]
        ids = [int(t["order_id"]) for t in s.truth(shop)][:3]
        for asked, pages in ((ids, (1, 2)), (ids[:1], (1,)), ([], (1,))):
            for page in pages:
                s.report(shop, "2026-01-01", "2026-01-31", page=page, page_size=1, filter={"order_ids": asked})
        s.report(shop, "2026-01-02", "2026-01-02", filter={"order_ids": ids[:1]})
        s.report(shop, "2026-01-02", "2026-01-01", filter={"order_ids": ids[:1]})
        asked = {(r["order_id"], r["from"], r["to"]): r["times"] for r in
                 map(json.loads, s.call("GET", "/_sandbox/asked", {"shop": shop["external_id"]})[2].splitlines())}
        month = ("2026-01-01", "2026-01-31")
        assert asked == {(str(ids[0]), *month): 2, (str(ids[1]), *month): 1, (str(ids[2]), *month): 1,
                         (str(ids[0]), "2026-01-02", "2026-01-02"): 1}
        log = [r for r in s.rows("log") if r["route"] == "douplus.report"]
        assert [r.get("ids") for r in log] == [3, 3, 1, 0, 1, None] and log[0]["from"] == "2026-01-01"
        assert log[4]["to"] == "2026-01-02" and log[5]["outcome"] == "bad_request"
        s.ads(shop)
        assert "ids" not in s.rows("log")[-1] and s.admin("counts")["routes"]["douplus.report"] == 6


# --- DOU+: consents ---

def app_of(s):
    app = [a for a in s.info["apps"] if a["platform"] == "douplus"][0]
    return {"app_id": int(app["app_key"]), "secret": app["app_secret"]}


def consent(s, *shops):
    return s.post("/_sandbox/consent", shops=[shop["external_id"] for shop in shops])["auth_code"]


def refresh(s, token, **more):
    return s.post(OAUTH + "refresh_token/", **{**app_of(s), "refresh_token": token, **more})


def test_a_consent_gives_a_pair_that_rotates():
    with Sandbox(*DATES, "--douplus-shops", "3") as s:
        one, two, three = s.shops("douplus")
        code = consent(s, one, two)
        for body, wanted in (({"auth_code": "x"}, 40115), ({"secret": "x"}, 40001), ({"app_id": 5}, 40001),
                             ({"app_id": "x"}, 40000), ({"grant_type": "refresh_token"}, 40000)):
            assert s.post(OAUTH + "access_token/", **{**app_of(s), "auth_code": code, **body})["code"] == wanted, body
        text = {**app_of(s), "app_id": str(app_of(s)["app_id"])}
        first = s.post(OAUTH + "access_token/", **text, auth_code=code, grant_type="auth_code")
        assert first["code"] == 0 and first["request_id"], first
        first = first["data"]
        assert (first["expires_in"], first["refresh_token_expires_in"]) == (86400, 30 * 86400)
        assert s.post(OAUTH + "access_token/", **text, auth_code=code)["code"] == 40115, "used"
        code_of = lambda shop, token: s.ads({**shop, "token": token})["code"]
        assert [code_of(shop, first["access_token"]) for shop in (one, two, three)] == [0, 0, 40002]
        accounts = lambda token: s.json("GET", OAUTH + "advertiser/get/", {"access_token": token})["data"]["list"]
        listed = accounts(first["access_token"])
        mine = [a for a in listed if a["account_role"] == "PLATFORM_ROLE_AWEME"]
        assert [a["account_string_id"] for a in mine] == [one["external_id"], two["external_id"]]
        assert [a["advertiser_id"] for a in mine] == first["advertiser_ids"] and len(listed) == 3
        assert mine[0]["advertiser_name"] == one["name"] and mine[0]["is_valid"] is True
        given = s.json("GET", OAUTH + "advertiser/get/", headers={"Access-Token": one["token"]})["data"]["list"]
        assert [a["account_string_id"] for a in given[1:]] == [one["external_id"]], "a token given by hand"
        second = refresh(s, first["refresh_token"])["data"]
        assert len({pair[k] for pair in (first, second) for k in ("access_token", "refresh_token")}) == 4
        assert code_of(one, first["access_token"]) == 40105 and code_of(two, second["access_token"]) == 0
        assert refresh(s, first["refresh_token"])["code"] == 40103 and refresh(s, "x")["code"] == 40103
        assert refresh(s, second["refresh_token"], secret="x")["code"] == 40001
        counts = s.admin("counts")
        assert counts["consents"] == [{"shops": [one["external_id"], two["external_id"]], "refreshes": 1}]
        assert counts["routes"]["douplus.refresh"] == 4 and counts["routes"]["douplus.token"] == 7
        assert code_of(three, three["token"]) == 0, "tokens given by hand go on"
        s.config(revoke_tokens=True)
        assert code_of(one, second["access_token"]) == 40105
        third = refresh(s, second["refresh_token"])["data"]
        assert code_of(one, third["access_token"]) == 0, "a revoked access token can be refreshed"
        assert s.post("/_sandbox/withdraw", shops=[two["external_id"]]) == {}
        assert code_of(one, third["access_token"]) == 40105 and refresh(s, third["refresh_token"])["code"] == 40103
        for body in ({}, {"shops": []}, {"shops": ["sec-nobody"]}, {"shops": "sec"}):
            assert s.call("POST", "/_sandbox/consent", body=json.dumps(body))[0] == 400


def test_codes_and_tokens_of_a_consent_die_in_time():
    with Clock() as clock, Sandbox("--douplus-token-s", "600", "--douplus-refresh-s", "1000", env=clock.env) as s:
        shop = s.shops("douplus")[0]
        exchange = lambda code: s.post(OAUTH + "access_token/", **app_of(s), auth_code=code)
        late, good = consent(s, shop), None
        clock.move(600000)
        assert exchange(late)["code"] == 40115
        code = consent(s, shop)
        clock.move(599000)
        good = exchange(code)["data"]
        assert s.ads({**shop, "token": good["access_token"]})["code"] == 0
        clock.move(600000)
        assert s.ads({**shop, "token": good["access_token"]})["code"] == 40102
        again = refresh(s, good["refresh_token"])["data"]
        assert s.ads({**shop, "token": again["access_token"]})["code"] == 0
        clock.move(1000000)
        assert refresh(s, again["refresh_token"])["code"] == 40103


def test_an_answer_can_be_lost_before_and_after_a_rotation():
    with Sandbox(*DATES, "--timeout-ms", "20") as s:
        shop = s.shops("douplus")[0]
        seen = set()
        for fault in ("timeout", "cut_connection", "http_500"):
            for _ in range(12):
                pair = s.post(OAUTH + "access_token/", **app_of(s), auth_code=consent(s, shop))["data"]
                s.config(faults=f"{fault}=100%")
                try:
                    refresh(s, pair["refresh_token"])
                    assert False, "the answer came"
                except (http.client.HTTPException, ValueError):
                    pass
                s.config(faults="none")
                seen.add((fault, refresh(s, pair["refresh_token"])["code"]))
        assert seen == {("timeout", 0), ("timeout", 40103), ("cut_connection", 40103), ("http_500", 0)}, seen


# --- quotas, faults, log ---

def test_calls_over_the_quota_are_refused_and_counted():
    with Sandbox(*DATES, "--quota", "shop=5/3600,kind=window", "--quota", "douplus:shop=3/3600") as s:
        token = s.token()
        for shop in s.shops("douyin-life"):
            codes = [s.orders(shop, token)["data"]["error_code"] for _ in range(7)]
            assert codes == [0] * 5 + [2119003] * 2, codes
        ad = s.shops("douplus")[0]
        assert [s.ads(ad)["code"] for _ in range(4)] == [0, 0, 0, 40100]
        counts = s.admin("counts")
        assert counts["refused"] == 5 and counts["routes"] == {**counts["routes"], "life.orders": 14,
                                                               "douplus.orders": 4, "life.token": 1}
        s.config(quota=[])
        assert s.ads(ad)["code"] == 0


FAULTS = ("throttle_retry_after throttle_plain http_500 http_503 timeout slow_body cut_json cut_connection non_utf8 "
          "html error_in_200 empty_success list_missing empty_page duplicate_page shifted_page changed_total "
          "token_revoked clock_off huge_reply").split()
LOOK_VALID = {"empty_success", "empty_page", "duplicate_page", "shifted_page", "changed_total"}


def outcome_of(s, shop, token, right):
    """Which fault a call got, judged from outside."""
    query = {"account_id": shop["external_id"], "page_num": 2, "page_size": 20}
    try:
        status, headers, body = s.call("GET", ORDERS, query, {"access-token": token})
    except http.client.IncompleteRead:
        return "cut_connection"
    except http.client.RemoteDisconnected:
        return "timeout"
    if status == 429:
        return "throttle_retry_after" if headers["Retry-After"] else "throttle_plain"
    if status != 200:
        return f"http_{status}"
    if len(body) > 1 << 20:
        return "huge_reply"
    if b"<html>" in body:
        return "html"
    try:
        reply = json.loads(body.decode("utf-8"))
    except UnicodeDecodeError:
        return "non_utf8"
    except json.JSONDecodeError:
        return "cut_json"
    data = reply.get("data") or {}
    if data.get("error_code", 0) != 0:
        return {2100004: "error_in_200", 2190008: "token_revoked"}[data["error_code"]]
    if "orders" not in data:
        return "list_missing" if "page" in data else "empty_success"
    if abs(reply["extra"]["now"] - time.time()) > 3600:
        return "clock_off"
    ids = [o["order_id"] for o in data["orders"]]
    if not ids:
        return "empty_page"
    if data["page"]["total"] != len(right):
        return "changed_total"
    if ids == right[20:40]:
        return None
    return "duplicate_page" if ids == right[:20] else "shifted_page" if ids in (right[19:39], right[21:41]) else "?"


def test_each_fault_is_what_it_says_and_at_most_twice_running():
    with Sandbox(*DATES, "--timeout-ms", "50", "--huge-mb", "2") as s:
        shop, token = s.shops("douyin-life")[0], s.token()
        right = [t["order_id"] for t in s.truth(shop)]
        for fault in FAULTS:
            s.config(faults=f"{fault}=100%")
            got = []
            for _ in range(4):
                got.append(outcome_of(s, shop, token, right))
                s.config(faults="none")
                token = s.token() if fault == "token_revoked" else token
                s.config(faults=f"{fault}=100%")
            s.config(faults="none")
            assert outcome_of(s, shop, token, right) is None, f"{fault} went on"
            wanted = [fault, None] * 2 if fault in LOOK_VALID else [fault, fault, None, fault]
            if fault == "slow_body":
                wanted = [None] * 4  # it arrives whole
            assert got == wanted, (fault, got)
        given = s.admin("counts")["faults"]
        assert all(given[fault] == (2 if fault in LOOK_VALID else 3) for fault in FAULTS), given


def test_mixed_faults_hit_the_share_that_was_asked_for():
    with Sandbox(*DATES, "--timeout-ms", "1", "--faults", "all=20%", "--life-shops", "1") as s:
        s.config(faults="none")
        shop, token = s.shops("douyin-life")[0], s.token()
        s.config(faults="all=20%")
        for i in range(600):
            try:
                reply = s.orders(shop, token, page_num=1 + i % 7, page_size=20 + i % 11)
                if (reply.get("data") or {}).get("error_code") == 2190008:
                    s.config(faults="none")
                    token = s.token()
                    s.config(faults="all=20%")
            except (http.client.HTTPException, ValueError):
                pass
        given = s.admin("counts")["faults"]
        assert 80 < sum(given.values()) < 160, given
        assert given["huge_reply"] == 0 and sum(n > 0 for n in given.values()) >= 17, given
        log = [r for r in s.rows("log") if r["route"] == "life.orders"]
        last = {}
        for r in log:
            before, run = last.get(r["request"], ("none", 0))
            run = run + 1 if r["fault"] == before else 1
            assert r["fault"] == "none" or run <= 2, r
            assert not (r["fault"] in LOOK_VALID and before in LOOK_VALID), r
            last[r["request"]] = (r["fault"], run)


def test_the_log_names_every_call():
    with Sandbox(*DATES) as s:
        shop, token = s.shops("douyin-life")[0], s.token()
        by_cursor(s, shop, token, page_size=50)
        s.orders(shop, token, page_num=3, page_size=10)
        s.orders(shop, token, page_size=1)
        log = s.rows("log")
        assert [r["route"] for r in log] == ["life.token"] + ["life.orders"] * 7
        assert [r["index"] for r in log] == list(range(8))
        assert all(r["shop"] == shop["external_id"] and r["outcome"] == "ok" for r in log[1:])
        assert [(r["page"], r["size"]) for r in log[-2:]] == [(3, 10), (1, 1)]
        times = [r["arrived_ns"] for r in log]
        assert times == sorted(times)
        counts = s.admin("counts")
        assert counts["pages_served"] == 6 and counts["totals_served"] == 1 and counts["logged"] == 8


def test_prebuilt_pages_equal_rendered_ones():
    with Sandbox(*DATES, "--prebuilt", "16") as s:
        shop, token = s.shops("douyin-life")[0], s.token()
        first, _ = by_cursor(s, shop, token, page_size=50)
        again, _ = by_cursor(s, shop, token, page_size=50)
        assert first == again
        same_orders(again, s.truth(shop))


def test_time_follows_the_shared_clock():
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"HUILIU_CLOCK": f"{folder}/clock", "HUILIU_CLOCK_START": "1770000000000"}
        try:
            with Sandbox("--life-orders", "30") as s:
                reply = s.orders(s.shops("douyin-life")[0], s.token())
                assert reply["extra"]["now"] == 1770000000 and s.info["now_ms"] == 1770000000000
        finally:
            del os.environ["HUILIU_CLOCK"], os.environ["HUILIU_CLOCK_START"]


def test_wrong_use_names_the_nearest_word():
    for options, word in ((["--life-shop", "3"], "--life-shops"), (["--faults", "http_50=5%"], "http_500"),
                          (["--totals", "few"], "exact"), (["--quota", "shop"], "CALLS/SECONDS"),
                          (["--life-order-bytes", "500"], "from 600"), (["--seed"], "needs"),
                          (["--douplus-file", "/nonexistent"], "No such file")):
        done = subprocess.run([SANDBOX, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=20)
        assert done.returncode in (1, 2) and word in done.stderr.decode(), (options, done.stderr)
    assert b"--douplus-file" in subprocess.run([SANDBOX, "--help"], stdout=subprocess.PIPE, check=True).stdout


def main():
    failed = 0
    words = sys.argv[2:]
    for name, test in list(globals().items()):
        if not name.startswith("test_") or words and not any(w in name for w in words):
            continue
        try:
            test()
            print("ok", name[5:], flush=True)
        except Skip as reason:
            print("skip", name[5:], reason, flush=True)
        except Exception as error:  # a failed test is a line, and the rest goes on
            failed += 1
            print("not ok", name[5:], str(error).replace("\n", " ")[:600], flush=True)
            traceback.print_exc()
    return 1 if failed else 0


if __name__ == "__main__":
    SANDBOX = sys.argv[1]
    sys.exit(main())

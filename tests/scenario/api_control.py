#!/usr/bin/env python3
"""The API's control of the home: syncs, shops, consents, tasks, live events, reveal; over HTTP against the real program
and the sandbox, in real time."""
# Takes 120 s.
import datetime
import hashlib
import hmac
import http.client
import json
import os
import re
import signal
import threading
import time
import urllib.parse
import zoneinfo
from collections import Counter

import lib
from lib import contains, holds, same
from truth import Stage

PASSWORD = "a long enough phrase"
PATIENCE_S = 120
TROUBLE = {"waiting", "running"}


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body
        try:
            self.json = json.loads(body) if body else None
        except ValueError:
            self.json = None


class Client:
    """A person: keeps his cookies, sends the header that a browser of ours sends."""

    def __init__(self, port, name=None):
        self.port, self.cookies = port, {}
        if name:
            got = self.ask("POST", "/api/v1/auth/sign-in", {"name": name, "password": PASSWORD})
            same(got.status, 200, f"sign-in of {name}: {got.body[:300]}")

    def headers(self, more=None):
        out = {"X-Huiliu": "1"}
        if self.cookies:
            out["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        return {**out, **(more or {})}

    def keep(self, response):
        for name, value in response.getheaders():
            if name.lower() == "set-cookie":
                key, _, text = value.split(";")[0].partition("=")
                self.cookies[key] = text

    def ask(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        more = {"Content-Type": "application/json"} if body is not None else {}
        try:
            connection.request(method, path, None if body is None else json.dumps(body),
                               self.headers({**more, **(headers or {})}))
            response = connection.getresponse()
            text = response.read().decode()
            self.keep(response)
            return Answer(response.status, dict(response.getheaders()), text)
        finally:
            connection.close()

    def get(self, path, status=200):
        got = self.ask("GET", path)
        same(got.status, status, f"GET {path}: {got.body[:400]}")
        return got.json

    def post(self, path, body=None, status=200):
        got = self.ask("POST", path, {} if body is None else body)
        same(got.status, status, f"POST {path}: {got.body[:600]}")
        return got.json

    def refused(self, method, path, status, code, body=None):
        got = self.ask(method, path, body)
        same((got.status, (got.json or {}).get("code")), (status, code), f"{method} {path}: {got.body[:400]}")


class House(Stage):
    """A stage whose API answers, by `run` or by `serve`."""

    def __init__(self, t, *words, command="run", users=True, **switches):
        super().__init__(t, real_time=True, env={"HUILIU_LISTEN": "127.0.0.1:0"}, **switches)
        if users:
            self.user("boss", "--role", "admin", "--reveals")
        if command:
            self.begin(*words, command=command)

    def user(self, name, *words):
        self.run("user", "add", name, *words, "--password-file", "-", text_in=PASSWORD + "\n", check=True)

    def begin(self, *words, command="run"):
        self.process = self.start(command, *words)
        os.set_blocking(self.process.stdout.fileno(), True)
        lines = []
        while True:
            line = self.process.stdout.readline()
            holds(line, f"{command} did not begin: {lines} {self.process.stderr.read() if self.process.poll() is not None else ''}")
            lines.append(line)
            found = re.search(r"127\.0\.0\.1:0\D+(\d+)", line)
            if found:
                self.port = int(found[1])
                return

    def client(self, name="boss"):
        return Client(self.port, name)

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()

    def number(self, name):
        return str(self.rows("SELECT id FROM shop WHERE name = ?", name)[0]["id"])


def wait(condition, what):
    deadline = time.monotonic() + PATIENCE_S
    while True:
        got = condition()
        if got:
            return got
        holds(time.monotonic() < deadline, f"waited in vain until {what}")
        time.sleep(0.1)


def over(client, sync):
    """The sync once it is neither waiting nor running."""
    def look():
        got = client.get(f"/api/v1/syncs/{sync}")
        return got if got["state"] not in TROUBLE else None
    return wait(look, f"sync {sync} is over: {client.get(f'/api/v1/syncs/{sync}')}")


# --- syncs ---

def test_a_sync_that_is_asked_for_ends_equal_to_the_truth(t):
    house = House(t, life_shops=2, life_orders=300, douplus_shops=1, douplus_orders=60)
    boss = house.client()
    asked = boss.post("/api/v1/syncs", {"mode": "incremental"}, 202)
    holds(not asked["joined"] and asked["sync"]["state"] in TROUBLE | {"done"}, f"asked: {asked}")
    done = over(boss, asked["id"])
    same((done["state"], done["percent"]), ("done", 100), f"the sync {lib.short(json.dumps(done))}")
    house.rows_equal()
    same(len(done["shops"]), 3, "shops")
    stored = house.rows("SELECT (SELECT count(*) FROM trade_order) + (SELECT count(*) FROM ad_order) AS n")[0]["n"]
    new = sum(shop["counts"]["rows_new"] for shop in done["shops"])
    # The service has begun before it was asked: what it stored until then is nobody's sync.
    before = house.rows("SELECT coalesce(sum(rows_new), 0) AS n FROM execution WHERE run IS NULL")[0]["n"]
    holds(new > 0 and new + before >= stored and done["counts"]["rows_new"] == new,
          f"{new} new rows told, {before} by the service itself, {stored} stored")
    holds(all(shop["counts"]["pages"] > 0 and shop["counts"]["windows_sealed"] > 0 for shop in done["shops"]),
          "pages and windows of each shop")
    same(boss.get("/api/v1/syncs/latest")["id"], asked["id"], "the newest")
    house.run("sync", "--shop", house.shops[0]["name"], check=0)
    listed = boss.get("/api/v1/syncs")["items"]
    holds(len(listed) == 2 and listed[0]["asked_by"].startswith("sync:") and listed[1]["asked_by"] == "boss",
          f"history is one: {[(i['asked_by'], i['state']) for i in listed]}")
    same([i["state"] for i in listed], ["done", "done"], "states")
    first = boss.get("/api/v1/syncs?limit=1")
    second = boss.get("/api/v1/syncs?limit=1&cursor=" + urllib.parse.quote(first["next"]))
    same([first["items"][0]["id"], second["items"][0]["id"], second["next"]],
         [listed[0]["id"], listed[1]["id"], None], "pages of the history")


def test_nobody_works_and_then_somebody_does(t):
    house = House(t, command="serve", life_shops=1, life_orders=120, douplus_shops=0)
    boss = house.client()
    asked = boss.post("/api/v1/syncs", {}, 202)
    got = boss.get(f"/api/v1/syncs/{asked['id']}")
    same((got["state"], got["waits_for"]["what"]), ("waiting", "nobody_works"), "without a worker")
    contains(got["waits_for"]["text"]["en"], "huiliu run")
    contains(got["waits_for"]["text"]["zh"], "huiliu run")
    kinds = [item["kind"] for item in boss.get("/api/v1/attention")["items"]]
    holds("nobody_works" in kinds, f"attention: {kinds}")
    again = boss.post("/api/v1/syncs", {}, 202)
    same((again["id"], again["joined"]), (asked["id"], True), "the same question")
    worker = house.start("worker")
    same(over(boss, asked["id"])["state"], "done", "with a worker")
    house.rows_equal()
    worker.send_signal(signal.SIGTERM)
    worker.communicate(timeout=60)


def test_a_worker_that_is_killed_leaves_nothing_running_for_ever(t):
    house = House(t, command="serve", life_shops=2, life_orders=400, douplus_shops=0)
    boss = house.client()
    asked = boss.post("/api/v1/syncs", {"mode": "full"}, 202)
    worker = house.start("worker")
    wait(lambda: boss.get(f"/api/v1/syncs/{asked['id']}")["counts"]["pages"] > 0 or
         boss.get(f"/api/v1/syncs/{asked['id']}")["state"] == "running", "it runs")
    os.killpg(worker.pid, signal.SIGKILL)
    worker.communicate()
    got = wait(lambda: (lambda g: g if g["state"] != "running" else None)(boss.get(f"/api/v1/syncs/{asked['id']}")),
               "it no longer says that it runs")
    same(got["state"], "waiting", f"after the kill: {lib.short(json.dumps(got))}")
    wait(lambda: boss.get(f"/api/v1/syncs/{asked['id']}")["waits_for"]["what"] == "nobody_works", "nobody works")
    house.start("worker")
    same(over(boss, asked["id"])["state"], "done", "after a restart")
    house.rows_equal()


def test_one_shop_that_fails_fails_alone(t):
    house = House(t, life_shops=2, life_orders=120, douplus_shops=0)
    boss = house.client()
    bad, good = house.shops[0]["name"], house.shops[1]["name"]
    boss.post(f"/api/v1/shops/{house.number(bad)}/disable")
    asked = boss.post("/api/v1/syncs", {"shops": [bad, good]}, 202)
    done = over(boss, asked["id"])
    states = {shop["shop"]["name"]: shop["state"] for shop in done["shops"]}
    same((done["state"], states), ("failed", {bad: "failed", good: "done"}), "states")
    trouble = [shop for shop in done["shops"] if shop["shop"]["name"] == bad][0]["troubles"][0]
    same(trouble["code"], "shop_disabled", "why")
    holds(trouble["next"]["en"] and trouble["next"]["zh"], "the next step in both languages")
    boss.refused("POST", "/api/v1/syncs", 409, "shop_disabled", {"shops": [bad]})
    boss.post(f"/api/v1/shops/{house.number(bad)}/enable")


def test_ranges_orders_and_wrong_questions(t):
    house = House(t, life_shops=1, life_orders=200, douplus_shops=0)
    boss = house.client()
    over(boss, boss.post("/api/v1/syncs", {}, 202)["id"])
    order = house.rows("SELECT order_id, created_at FROM trade_order ORDER BY order_id")[7]
    shop = house.shops[0]["name"]
    one = over(boss, boss.post("/api/v1/syncs", {"mode": "order", "shops": [shop], "streams": ["orders"],
                                                 "ids": [order["order_id"]]}, 202)["id"])
    same((one["state"], one["counts"]["calls"]), ("done", 1), "one order")
    holds(one["counts"]["rows_same"] > 0, f"its rows: {one['counts']}")
    ranged = over(boss, boss.post("/api/v1/syncs", {"mode": "range", "from": "80d"}, 202)["id"])
    same(ranged["state"], "done", "a range")
    holds(ranged["counts"]["rows_same"] > 0, f"rows of the range: {ranged['counts']}")
    for body, status, code in (({"mode": "range"}, 400, "parameter_missing"), ({"from": "7d"}, 400, "parameter_mode"),
                               ({"mode": "order"}, 400, "parameter_missing"),
                               ({"mode": "range", "from": "next week"}, 400, "date"),
                               ({"streams": ["oders"]}, 400, "stream_unknown"), ({"mode": "all"}, 400, "parameter_word"),
                               ({"shops": ["nobody's"]}, 404, "absent"), ({"shop": ["x"]}, 400, "parameter_unknown")):
        boss.refused("POST", "/api/v1/syncs", status, code, body)
    boss.refused("GET", "/api/v1/syncs/sync-1-2", 404, "sync_unknown")


def test_a_sync_that_is_taken_back_says_so(t):
    house = House(t, command="serve", life_shops=1, life_orders=120, douplus_shops=0)
    boss = house.client()
    asked = boss.post("/api/v1/syncs", {}, 202)["id"]
    got = boss.ask("DELETE", f"/api/v1/syncs/{asked}").json
    same((got["state"], got["cancelled_by"]), ("cancelled", "boss"), "taken back")
    boss.refused("DELETE", f"/api/v1/syncs/{asked}", 409, "sync_over")
    same(house.rows("SELECT count(*) AS n FROM task")[0]["n"], 0, "tasks left")
    same([r["action"] for r in house.rows("SELECT action FROM audit WHERE action LIKE 'sync.%' ORDER BY id")],
         ["sync.ask", "sync.cancel"], "audit lines")


# --- what another person may see ---

def test_what_is_not_his_is_not_there(t):
    house = House(t, life_shops=2, life_orders=120, douplus_shops=0)
    mine, theirs = house.shops[0]["name"], house.shops[1]["name"]
    house.user("some", "--role", "operator", "--shop", mine)
    house.user("reader", "--role", "viewer")
    boss, some, reader = house.client(), house.client("some"), house.client("reader")
    whole = boss.post("/api/v1/syncs", {}, 202)["id"]
    over(boss, whole)
    other = boss.post("/api/v1/syncs", {"shops": [theirs], "mode": "full"}, 202)["id"]
    over(boss, other)
    id_theirs = house.number(theirs)
    same([s["name"] for s in some.get("/api/v1/shops")["items"]], [mine], "shops")
    same({c["shop"]["name"] for c in some.get("/api/v1/coverage")["items"]}, {mine}, "coverage")
    same([s["shop"]["name"] for s in some.get(f"/api/v1/syncs/{whole}")["shops"]], [mine], "shops of a sync")
    same([s["id"] for s in some.get("/api/v1/syncs")["items"]], [whole], "syncs")
    holds(all(i["shop"] is None or i["shop"]["name"] == mine for i in some.get("/api/v1/attention")["items"]),
          "attention")
    holds(all(i["shop"]["name"] == mine for i in some.get("/api/v1/schedules")["items"]), "schedules")
    for method, path, body in (
            ("GET", f"/api/v1/shops/{id_theirs}", None), ("POST", f"/api/v1/shops/{id_theirs}/pause", {}),
            ("POST", f"/api/v1/shops/{id_theirs}/resume", {}),
            ("GET", f"/api/v1/shops/{id_theirs}/streams/orders/windows", None),
            ("GET", f"/api/v1/shops/{id_theirs}/streams/orders/evidence", None),
            ("GET", f"/api/v1/tasks?shop={urllib.parse.quote(theirs)}", None),
            ("GET", f"/api/v1/rejects?shop={id_theirs}", None), ("GET", f"/api/v1/coverage?shop={id_theirs}", None),
            ("GET", f"/api/v1/attention?shop={id_theirs}", None), ("GET", f"/api/v1/schedules?shop={id_theirs}", None),
            ("GET", f"/api/v1/events?shop={id_theirs}", None), ("POST", "/api/v1/syncs", {"shops": [theirs]}),
            ("POST", "/api/v1/pause", {"shop": theirs})):
        some.refused(method, path, 404, "absent", body)
    some.refused("GET", f"/api/v1/syncs/{other}", 404, "sync_unknown")
    order = next(iter(house.truth(house.shops[1])))
    both = boss.post("/api/v1/syncs", {"mode": "order", "shops": [mine, theirs], "ids": [order]}, 202)["id"]
    holds(order in json.dumps(boss.get(f"/api/v1/syncs/{both}")), "who sees both shops is told what was asked for")
    for path in (f"/api/v1/syncs/{both}", "/api/v1/syncs", "/api/v1/syncs/latest"):
        # His own shop was asked for that number too, and its task may say by now that the platform does not know it.
        got = some.get(path)
        for sync in got.get("items", [got]):
            holds(order not in json.dumps(sync["wish"]), f"{path} tells an order of another shop: {sync['wish']}")
    some.refused("DELETE", f"/api/v1/syncs/{other}", 404, "sync_unknown")
    some.refused("POST", "/api/v1/pause", 403, "right", {"everything": True})
    for method, path, body in (("POST", "/api/v1/syncs", {}), ("POST", f"/api/v1/shops/{id_theirs}/pause", {}),
                               ("POST", "/api/v1/resume", {"everything": True}), ("DELETE", "/api/v1/tasks/1", None)):
        reader.refused(method, path, 403, "right", body)
    for path in (f"/api/v1/shops/{id_theirs}", "/api/v1/shops/authorize", f"/api/v1/shops/{id_theirs}/disable"):
        some.refused("PATCH" if path.endswith(id_theirs) else "POST", path, 403, "right", {})
    nobody = Client(house.port)
    for path in ("/api/v1/shops", "/api/v1/syncs", "/api/v1/events", "/api/v1/attention", "/api/v1/tasks"):
        nobody.refused("GET", path, 401, "unauthenticated")


# --- coverage, shops, holds ---

def test_coverage_and_evidence(t):
    house = House(t, life_shops=1, life_orders=200, douplus_shops=0)
    boss = house.client()
    over(boss, boss.post("/api/v1/syncs", {}, 202)["id"])
    status = {s["stream"]: s for s in json.loads(house.run("status", "--json")[1])["status"]}
    covered = {c["stream"]: c for c in boss.get("/api/v1/coverage")["items"]}
    same(set(covered), set(status), "streams")
    for stream, told in covered.items():
        for name in ("rows", "grade", "complete_up_to", "windows_unproved", "rejects"):
            same(told[name], status[stream][name], f"{name} of {stream}")
        contains(told["text"]["zh"], stream)
    shop = house.number(house.shops[0]["name"])
    windows, cursor = [], ""
    while cursor is not None:
        page = boss.get(f"/api/v1/shops/{shop}/streams/orders/windows?limit=3{cursor and '&cursor=' + cursor}")
        windows += [(w["from"], w["to"]) for w in page["items"]]
        cursor = page["next"]
    stored = house.rows("SELECT count(*) AS n FROM sync_window WHERE stream = 'orders' AND kind = 'audit'")[0]["n"]
    same((len(windows), len(set(windows))), (stored, stored), "windows, each once")
    proof = boss.get(f"/api/v1/shops/{shop}/streams/orders/evidence")
    mine = json.loads(house.run("prove", house.shops[0]["name"], "orders")[1])
    same(proof["windows"], mine["windows"], "evidence")


def test_shops_are_added_changed_paused_and_unbound(t):
    house = House(t, life_shops=1, life_orders=60, douplus_shops=0)
    boss = house.client()
    needs = boss.get("/api/v1/platforms/douyin-life/needs")
    holds(any(n["name"] == "secret" and n["secret"] for n in needs["app"]), f"needs: {needs}")
    added = boss.post("/api/v1/shops", {"platform": "douplus", "name": "new one", "external_id": "x-1", "person": "Lin",
                                        "settlement_days": 7, "token": "t-o-p-s-e-c-r-e-t",
                                        "since": "2026-05-01"}, 201)
    same((added["name"], added["person"], added["settlement_days"], added["state"]), ("new one", "Lin", 7, "enabled"),
         "added")
    boss.refused("POST", "/api/v1/shops", 409, "shop_exists",
                 {"platform": "douplus", "name": "new one", "external_id": "x-2"})
    path = f"/api/v1/shops/{added['id']}"
    changed = boss.ask("PATCH", path, {"name": "newer", "settlement_days": 14, "zone": "Asia/Tokyo"}).json
    same((changed["name"], changed["settlement_days"], changed["person"]), ("newer", 14, "Lin"), "changed")
    boss.refused("PATCH", path, 422, "zone_unknown", {"zone": "Asia/Nowhere"})
    boss.refused("PATCH", path, 400, "parameter_unknown", {"token": "x"})
    everything = json.dumps([boss.get(path), boss.get("/api/v1/shops"), boss.get("/api/v1/apps")])
    holds("t-o-p" not in everything and "secret_cipher" not in everything, "no credentials come out")
    holds("t-o-p" not in json.dumps(house.rows("SELECT * FROM audit")), "nor into the audit")
    same(boss.post(path + "/pause")["paused"], True, "paused")
    same(boss.get(path)["paused"], True, "said so")
    boss.refused("POST", "/api/v1/syncs", 409, "shop_paused", {"shops": [added["id"]]})
    same(boss.post(path + "/resume"), {"changed": True, "paused": False}, "resumed")
    same(boss.post("/api/v1/pause", {"platform": "douplus"})["changed"], True, "a platform")
    same([h["scope"] for h in boss.get("/api/v1/holds")["items"]], ["platform"], "holds")
    same(boss.post("/api/v1/resume", {"everything": True})["changed"], True, "everything")
    boss.refused("POST", "/api/v1/pause", 404, "absent", {"platform": "no-such-platform"})
    same(boss.get("/api/v1/holds")["items"], [], "a pause of nothing")
    over(boss, boss.post("/api/v1/syncs", {"shops": [house.shops[0]["name"]]}, 202)["id"])
    full = f"/api/v1/shops/{house.number(house.shops[0]['name'])}"
    boss.refused("DELETE", full, 409, "shop_has_rows")
    same(boss.ask("DELETE", path).status, 200, "unbound")
    boss.refused("GET", path, 404, "absent")
    wait(lambda: boss.ask("DELETE", full + "?with_rows=1").status == 200, "unbound with its rows")
    same(house.rows("SELECT count(*) AS n FROM trade_order")[0]["n"], 0, "rows")
    actions = [r["action"] for r in house.rows("SELECT action FROM audit ORDER BY id")]
    for action in ("shop.add", "shop.edit", "pause", "resume", "shop.unbind"):
        holds(action in actions, f"{action} is missing in {actions}")


def days_in(house, zone):
    """Orders of each day and person, as they stand in the sums, and worked out from the orders in that zone."""
    placed = Counter(datetime.datetime.fromtimestamp(r["created_at"] / 1000, zoneinfo.ZoneInfo(zone)).date().isoformat()
                     for r in house.rows("SELECT created_at FROM trade_order"))
    told = house.rows("SELECT day, sum(orders + cancelled) AS n, min(member) AS person FROM trade_day"
                      " WHERE dimension = 'person' GROUP BY day")
    return {r["day"]: r["n"] for r in told}, dict(placed), {r["person"] for r in told}


def test_a_shop_of_another_zone_or_person_has_other_numbers(t):
    house = House(t, life_shops=1, life_orders=80, douplus_shops=0)
    boss = house.client()
    path = f"/api/v1/shops/{house.number(house.shops[0]['name'])}"
    over(boss, boss.post("/api/v1/syncs", {"shops": [house.shops[0]["name"]]}, 202)["id"])
    wait(lambda: days_in(house, "Asia/Shanghai")[0] == days_in(house, "Asia/Shanghai")[1], "the days are Shanghai's")
    same(boss.ask("PATCH", path, {"zone": "America/Los_Angeles", "person": "Lin"}).json["zone"], "America/Los_Angeles",
         "the answer says what was changed")
    wait(lambda: days_in(house, "America/Los_Angeles")[0] == days_in(house, "America/Los_Angeles")[1],
         "the days are those of the new zone")
    same(days_in(house, "America/Los_Angeles")[2], {"Lin"}, "who is in charge")
    same(boss.ask("PATCH", path, {"zone": ""}).json["zone"], "Asia/Shanghai", "the platform's again")
    same(boss.ask("PATCH", path, {"person": "Wu"}).status, 200)
    wait(lambda: days_in(house, "Asia/Shanghai")[2] == {"Wu"}, "another person")
    same(*days_in(house, "Asia/Shanghai")[:2], "the days are Shanghai's again")


# --- tasks and rejects ---

def test_dead_tasks_are_shown_and_tried_again(t):
    house = House(t, command="serve", life_shops=1, life_orders=60, douplus_shops=0)
    boss = house.client()
    asked = boss.post("/api/v1/syncs", {}, 202)["id"]
    house.execute("UPDATE task SET state = 'dead', error = 'forbidden: no more' WHERE kind = 'ask'")
    got = boss.get(f"/api/v1/syncs/{asked}")
    same(got["state"], "failed", "a sync whose task died")
    contains(got["shops"][0]["troubles"][0]["error"], "no more")
    dead = boss.get("/api/v1/tasks?state=dead")["items"]
    same(len(dead), len(house.rows("SELECT 1 FROM task")), "dead letters")
    path = f"/api/v1/tasks/{dead[0]['id']}"
    contains(boss.get(path)["error"], "no more")
    same(boss.post(path + "/retry"), {"retried": True}, "retried")
    boss.refused("POST", path + "/retry", 409, "task_not_dead", {})
    same(boss.get(f"/api/v1/syncs/{asked}")["state"], "waiting", "it waits again")
    same(boss.ask("DELETE", path).json, {"gone": True, "stopping": False}, "cancelled")
    boss.refused("GET", path, 404, "absent")
    boss.refused("GET", "/api/v1/tasks/abc", 404, "absent")
    same([r["action"] for r in house.rows("SELECT action FROM audit WHERE action LIKE 'task.%' ORDER BY id")],
         ["task.retry", "task.cancel"], "audit lines")


# --- live events ---

class Live:
    """A stream of Server-Sent Events on a thread of its own."""

    def __init__(self, client, path="/api/v1/events", last=None):
        self.lines, self.ids, self.closed = [], [], False
        self.connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=60)
        self.connection.request("GET", path, headers=client.headers({"Last-Event-ID": last} if last else {}))
        self.response = self.connection.getresponse()
        self.status = self.response.status
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        data, event_id = None, None
        try:
            for raw in self.response:
                line = raw.decode().rstrip("\n")
                if line.startswith("data: "):
                    data = json.loads(line[6:])
                elif line.startswith("id: "):
                    event_id = line[4:]
                elif line == "" and event_id:
                    self.lines += data
                    self.ids.append(event_id)
                    data, event_id = None, None
        except (OSError, ValueError, AttributeError):
            pass
        self.closed = True

    def cut(self):
        """As a network does it: what was read is read."""
        try:
            self.connection.sock.shutdown(2)
        except (OSError, AttributeError):
            pass
        self.thread.join(10)


def test_events_come_once_over_reconnects(t):
    house = House(t, life_shops=2, life_orders=400, douplus_shops=0)
    mine = house.shops[0]["name"]
    house.user("some", "--role", "viewer", "--shop", mine)
    boss, some = house.client(), house.client("some")
    live, narrow = Live(boss), Live(some)
    same(live.status, 200, "the stream")
    wait(lambda: live.ids and narrow.ids, "the first position")
    seen, last = [], live.ids[-1]
    asked = boss.post("/api/v1/syncs", {"mode": "full"}, 202)["id"]
    for _ in range(6):
        time.sleep(0.4)
        live.cut()
        seen += live.lines
        last = live.ids[-1] if live.ids else last
        live = Live(boss, last=last)
    over(boss, asked)
    for path in ("pause", "resume"):
        boss.post(f"/api/v1/shops/{house.number(mine)}/{path}")
    wait(lambda: any(line["kind"] == "resumed" for line in live.lines), "the last event")
    live.cut()
    seen += live.lines
    ids = [line["id"] for line in seen]
    same(len(ids), len(set(ids)), "each once")
    tries = house.rows("SELECT id FROM execution WHERE run = ? AND result IN ('done', 'again', 'failed')", asked)
    missing = {f"t{row['id']}" for row in tries} - set(ids)
    holds(not missing and tries, f"tries that were not told: {sorted(missing)[:5]} of {len(tries)}")
    wait(lambda: any(line["kind"] == "resumed" for line in narrow.lines), "his own")
    holds(all(line.get("shop", {}).get("name") == mine for line in narrow.lines), "only his shop")
    holds(all(line["text"]["en"] and line["text"]["zh"] for line in seen), "texts in both languages")
    same(Live(boss, last="nonsense").status, 400, "a position that is none")


def test_a_stream_ends_with_the_sign_out(t):
    house = House(t, life_shops=1, life_orders=10, douplus_shops=0)
    boss = house.client()
    live = Live(boss)
    wait(lambda: live.ids, "the first position")
    boss.post("/api/v1/auth/sign-out", None, 204)
    deadline = time.monotonic() + 60
    while not live.closed:
        holds(time.monotonic() < deadline, "the stream outlives the session by a minute")
        time.sleep(0.5)


def test_credentials_of_an_app_go_in_and_are_changed(t):
    """With a wrong secret nothing comes; with the right one the shop that waited goes on by itself."""
    house = House(t, shops=False, life_shops=1, life_orders=40, douplus_shops=0)
    boss, app, shop = house.client(), house.sandbox.apps[0], house.sandbox.shops[0]
    boss.refused("POST", "/api/v1/apps", 422, "setting_missing", {"platform": "douyin-life", "name": "main", "key": app["app_key"]})
    wrong = {"platform": "douyin-life", "name": "main", "key": app["app_key"], "secret": "w-r-o-n-g-secret"}
    added = boss.post("/api/v1/apps", wrong, 201)
    same((added["name"], added["key"], added["shops"]), ("main", app["app_key"], 0), "the app")
    boss.refused("POST", "/api/v1/apps", 409, "app_exists", wrong)
    one = boss.post("/api/v1/shops", {"platform": "douyin-life", "name": "one", "external_id": shop["external_id"]}, 201)
    wait(lambda: boss.get(f"/api/v1/shops/{one['id']}")["state"] == "needs_person", "the shop waits for a person")
    path = f"/api/v1/apps/{added['id']}/credentials"
    boss.refused("PUT", path, 400, "app_rotate", {})
    boss.refused("PUT", path, 400, "app_rotate", {"secret": " \n"})
    boss.refused("POST", "/api/v1/apps", 400, "name", {**wrong, "name": "ma\nin"})
    boss.refused("PUT", "/api/v1/apps/999/credentials", 404, "absent", {"secret": "x"})
    same(boss.ask("PUT", path, {"secret": app["app_secret"] + "\n"}).status, 200, "other credentials, as they are pasted")
    wait(lambda: boss.get(f"/api/v1/shops/{one['id']}")["state"] == "enabled", "the shop is asked again")
    boss.post("/api/v1/syncs", {}, 202)
    wait(lambda: house.rows("SELECT count(*) AS n FROM trade_order")[0]["n"] == 40, "its orders")
    told = json.dumps([house.rows("SELECT * FROM audit"), boss.get("/api/v1/apps")])
    holds("w-r-o-n-g" not in told and app["app_secret"] not in told, "no secret comes out")
    same([r["action"] for r in house.rows("SELECT action FROM audit WHERE action LIKE 'app.%' ORDER BY id")],
         ["app.add", "app.rotate"], "audit lines")


# --- consents ---

def state_of(url):
    return urllib.parse.parse_qs(urllib.parse.urlparse(url).query)["state"][0]


def consent_house(t):
    house = House(t, shops=False, douplus_shops=3, douplus_orders=30)
    app = house.sandbox.apps[0]
    house.run("app", "add", "main", "--platform", "douplus", "--key", app["app_key"], "--set",
              "redirect_uri=http://127.0.0.1/api/v1/oauth/callback", "--secret-file", "-",
              text_in=app["app_secret"] + "\n", check=True)
    return house


def test_a_consent_makes_every_account_a_shop(t):
    house = consent_house(t)
    boss = house.client()
    accounts = [shop["external_id"] for shop in house.sandbox.shops][:2]
    got = boss.post("/api/v1/shops/authorize", {"platform": "douplus"})
    state, code = state_of(got["url"]), house.sandbox.consent(*accounts)
    back = f"/api/v1/oauth/callback?state={state}&auth_code={code}&uid=1&scope=x"
    stranger = house.client()
    stranger.refused("GET", back, 403, "consent_session")
    Client(house.port).refused("GET", back, 403, "consent_session")
    boss.refused("GET", f"/api/v1/oauth/callback?state={'0' * 48}&auth_code={code}", 403, "consent_unknown")
    boss.refused("GET", f"/api/v1/oauth/callback?auth_code={code}", 403, "consent_unknown")
    cookies = dict(boss.cookies)
    done = boss.get(back)
    same(sorted(a["external_id"] for a in done["accounts"]), sorted(accounts), "accounts of the consent")
    boss.cookies = cookies
    boss.refused("GET", back, 409, "consent_used")
    shops = house.rows("SELECT name, external_id, state, token_of FROM shop ORDER BY id")
    same(sorted(s["external_id"] for s in shops), sorted(accounts), "shops")
    same([s["token_of"] is None for s in shops], [True, False], "one token")
    wait(lambda: len(boss.get("/api/v1/coverage")["items"]) >= 2, "the service knows them")
    boss.post("/api/v1/syncs", {"streams": ["ad_orders"]}, 202)
    wait(lambda: len(house.rows("SELECT DISTINCT shop_id FROM ad_order")) == 2, "orders of both")
    same(boss.get("/api/v1/shops")["items"][0]["token"]["state"], "fresh", "the token in the list")


def test_answers_of_platforms_are_shown_and_states_die(t):
    house = consent_house(t)
    boss = house.client()
    state = state_of(boss.post("/api/v1/shops/authorize", {"platform": "douplus"})["url"])
    got = boss.ask("GET", f"/api/v1/oauth/callback?state={state}&error=access_denied&error_description=not+today")
    same((got.status, got.json["code"]), (403, "consent_refused"), "no code")
    contains(got.json["detail"], "access_denied", "not today")
    state = state_of(boss.post("/api/v1/shops/authorize", {"platform": "douplus"})["url"])
    got = boss.ask("GET", f"/api/v1/oauth/callback?state={state}&auth_code=dpcffffffffffffffffffffffffffffffff")
    same((got.status, got.json["code"]), (403, "code_dead"), "a wrong code")
    state = state_of(boss.post("/api/v1/shops/authorize", {"platform": "douplus"})["url"])
    house.execute("UPDATE oauth_state SET expires_ms = 1 WHERE used_ms IS NULL")
    boss.refused("GET", f"/api/v1/oauth/callback?state={state}&auth_code=x", 403, "consent_expired")
    state = state_of(boss.post("/api/v1/shops/authorize", {"platform": "douplus"})["url"])
    boss.post("/api/v1/auth/sign-out", None, 204)
    boss.refused("GET", f"/api/v1/oauth/callback?state={state}&auth_code=x", 403, "consent_session")
    same(house.rows("SELECT count(*) AS n FROM shop")[0]["n"], 0, "nothing came of it")
    stored = json.dumps(house.rows("SELECT * FROM oauth_state"))
    holds(state not in stored, "states are known by their hash only")


# --- personal data ---

def test_reveal_leaves_a_line_and_nothing_else(t):
    house = House(t, life_shops=2, life_orders=120, douplus_shops=0)
    house.user("plain", "--role", "operator")
    house.user("some", "--role", "operator", "--reveals", "--shop", house.shops[0]["name"])
    boss, plain, some = house.client(), house.client("plain"), house.client("some")
    over(boss, boss.post("/api/v1/syncs", {}, 202)["id"])
    row = house.rows("SELECT shop_id, order_id, phone_mask FROM trade_order WHERE phone_mask IS NOT NULL "
                     "AND phone_mask LIKE '%*%' ORDER BY shop_id DESC, order_id LIMIT 1")[0]
    path = f"/api/v1/trade-orders/{row['order_id']}/reveal"
    good = {"fields": ["phone"], "reason": "the parcel came back"}
    plain.refused("POST", path, 403, "right", good)
    some.refused("POST", path, 404, "absent", good)
    boss.refused("POST", path, 400, "parameter_short", {"fields": ["phone"], "reason": "x"})
    boss.refused("POST", path, 400, "parameter_missing", {"fields": ["phone"]})
    before = {name: house.rows(f"SELECT count(*) AS n FROM {name}")[0]["n"] for name in ("audit", "event")}
    got = boss.ask("POST", path, good)
    same(got.status, 200, got.body)
    phone = got.json["phone"]
    holds(re.fullmatch(r"\d{11}", phone) and phone[:3] == row["phone_mask"][:3], f"the phone {phone}")
    same(got.headers.get("Cache-Control"), "no-store", "not kept")
    line = house.rows("SELECT * FROM audit ORDER BY id DESC LIMIT 1")[0]
    same((line["action"], line["subject"], line["reason"]), ("personal.reveal", row["order_id"], good["reason"]), "line")
    same(house.rows("SELECT count(*) AS n FROM audit")[0]["n"], before["audit"] + 1, "one line")
    found = boss.post("/api/v1/trade-orders/find-person", {"phone": phone, "reason": "a call came in"})["items"]
    holds(row["order_id"] in [f["order_id"] for f in found], f"found: {found}")
    holds(all(phone not in json.dumps(f) for f in found), "found with masks")
    same(some.post("/api/v1/trade-orders/find-person", {"phone": phone, "reason": "a call came in"})["items"],
         [f for f in found if f["shop"]["name"] == house.shops[0]["name"]], "what is his")
    plain.refused("POST", "/api/v1/trade-orders/find-person", 403, "right", {"phone": phone, "reason": "a call"})
    holds(phone not in json.dumps(house.rows("SELECT * FROM audit")), "not in the audit")
    house.process.send_signal(signal.SIGTERM)
    out, err = house.process.communicate(timeout=60)
    lib.sanitizers_quiet(err)
    holds(phone not in out + err, "nor in the log")


# --- webhooks ---

HOOK = """
webhook: # for this test only: no platform's manifest declares one
  text: "{{sent}}.{{body}}"
  digest: hmac-sha256
  key: "{{app.secret}}"
  encode: hex
  put: header.X-Test-Signature
  time: header.X-Test-Time
  tolerance: 5m
  stream: orders
  records: data.changed
  shop: data.account
  ids: order
  answer: '{{"ok":true}}'
  example: {{source: "this test", app: {{key: k, secret: s}}, sent: "1", body: "b", sign: {sign}}}
"""


def signed(secret, sent, body):
    return hmac.new(secret.encode(), f"{sent}.{body}".encode(), hashlib.sha256).hexdigest()


def test_a_webhook_is_checked_stored_and_asked_for(t):
    house = House(t, command=None, life_shops=1, life_orders=60, douplus_shops=0)
    text = (lib.ROOT / "connectors" / "douyin-life.yaml").read_text(encoding="utf-8")
    (house.home / "connectors").mkdir(exist_ok=True)
    (house.home / "connectors" / "douyin-life.yaml").write_text(text + HOOK.format(sign="0" * 64), encoding="utf-8")
    contains(str(house.run("connector", "check")), "does not reproduce")
    (house.home / "connectors" / "douyin-life.yaml").write_text(text + HOOK.format(sign=signed("s", "1", "b")),
                                                                encoding="utf-8")
    house.begin()
    shop, secret = house.shops[0], house.sandbox.apps[0]["app_secret"]
    over(house.client(), house.client().post("/api/v1/syncs", {}, 202)["id"])
    order = house.rows("SELECT order_id FROM trade_order ORDER BY order_id")[3]["order_id"]
    path = "/api/v1/hooks/douyin-life/app-1"
    body = json.dumps({"data": {"account": shop["external_id"], "changed": [{"order": order}]}})

    def send(sent, sign, text=body, to=path):
        connection = http.client.HTTPConnection("127.0.0.1", house.port, timeout=60)
        connection.request("POST", to, text, {"X-Test-Signature": sign, "X-Test-Time": str(sent),
                                              "Content-Type": "application/json"})
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return response.status, json.loads(text)

    now = int(time.time())
    stored = lambda: house.rows("SELECT count(*) AS n FROM webhook_event")[0]["n"]
    for name, got in (("forged", send(now, signed("guess", now, body))), ("unsigned", send(now, "")),
                      ("changed on its way", send(now, signed(secret, now, body), body + " ")),
                      ("another time", send(now + 1, signed(secret, now, body)))):
        same((got[0], got[1]["code"]), (403, "webhook_signature"), name)
    late = now - 301
    got = send(late, signed(secret, late, body))
    same((got[0], got[1]["code"]), (403, "webhook_late"), "late")
    empty = json.dumps({"data": {"account": shop["external_id"], "changed": [{"order": ""}]}})
    same(send(now, signed(secret, now, empty), empty)[1]["code"], "webhook_body", "a record without an id")
    for to in ("/api/v1/hooks/douplus/app-1", "/api/v1/hooks/douyin-life/app-9", "/api/v1/hooks/douyin-life/x"):
        got = send(now, signed(secret, now, body), to=to)
        same((got[0], got[1]["code"]), (404, "webhook_none"), to)
    same((stored(), house.rows("SELECT count(*) AS n FROM execution WHERE run LIKE 'hook-%'")[0]["n"]), (0, 0), "nothing")

    same(send(now, signed(secret, now, body)), (200, {"ok": True}), "a good one")
    wait(lambda: house.rows("SELECT 1 FROM execution WHERE run LIKE 'hook-%' AND kind = 'ids' AND result = 'done'"),
         "the platform was asked for the order")
    same(send(now, signed(secret, now, body)), (200, {"ok": True}), "the same again")
    time.sleep(1)
    same((stored(), len(house.rows("SELECT 1 FROM execution WHERE run LIKE 'hook-%'"))), (1, 1), "changes nothing")
    holds(order not in str(house.rows("SELECT body FROM webhook_event")[0]["body"]), "the message is sealed")
    house.rows_equal()


if __name__ == "__main__":
    lib.main(globals())

#!/usr/bin/env python3
"""The pages of the group Sync as a person has them: what stands on the screen is compared with the API and the tables, what a button did is
looked up in the database. One home for all tests, served by `serve`, so that what is asked for waits until a test starts a worker.
# Takes 60 s.
"""
import datetime
import json
import os
import signal
import threading
import time
from decimal import ROUND_HALF_UP, Decimal

import page_world
from api_control import PASSWORD, House
from lib import holds, same
from page_world import script
from trade_sums import BEIJING

WORLD = None
LATE_MINUTES = 95
TODAY = datetime.datetime.now(BEIJING).date()
FROM, TO = str(TODAY - datetime.timedelta(20)), str(TODAY - datetime.timedelta(18))


class World:
    api = None  # its client ends with the house

    def __init__(self, t):
        self.house = House(t, command=None, platform="douyin-life", life_shops=2, life_orders=160, douplus_shops=2, douplus_orders=40)
        self.house.sync()
        self.rows, self.execute = self.house.rows, self.house.execute
        self.house.user("olga", "--role", "operator")
        self.house.user("vera", "--role", "viewer", "--shop", self.house.shops[0]["name"])
        self.house.begin(command="serve")
        self.client = self.house.client()
        self.base = f"http://127.0.0.1:{self.house.port}"
        self.shops = [self.house.number(shop["name"]) for shop in self.house.shops]

    def script(self, which, expects=(), who="boss", **given):
        return script(which, self.base, expects, **{"as": {"name": who, "password": PASSWORD}}, **given)


def minute(ms):
    return datetime.datetime.fromtimestamp(ms / 1000, BEIJING).strftime("%Y-%m-%d %H:%M")


def counted(rows, name):
    return {row[name]: row["n"] for row in rows}


def spoil(w):
    """What a morning may find: a window without proof, a stream that is late, records that were refused."""
    now = int(time.time() * 1000)
    shop = int(w.shops[0])
    found = w.rows("SELECT from_ms FROM sync_window WHERE shop_id = ? AND kind = 'audit' AND state = 'sealed' ORDER BY from_ms DESC LIMIT 1 OFFSET 5", shop)
    w.execute(f"UPDATE sync_window SET state = 'unproved', grade = 'C', reason = 'the total changed' WHERE shop_id = {shop} AND kind = 'audit'"
              f" AND from_ms = {found[0]['from_ms']};"
              f"UPDATE stream_state SET open_unproved = 1 WHERE shop_id = {shop} AND stream = 'orders';"
              f"UPDATE stream_state SET last_success_ms = {now - (LATE_MINUTES * 60 + 20) * 1000}, last_error = 'quota of the app'"
              f" WHERE shop_id = {w.shops[1]} AND stream = 'orders';"
              "INSERT INTO reject (shop_id, stream, table_name, id_text, key_text, field, code, message, from_ms, to_ms, seen_ms, times)"
              f" VALUES ({shop}, 'orders', 'trade_order', '8800', '8800', 'pay_amount', 'money', 'no amount', 0, 1, {now}, 3)")
    return minute(found[0]["from_ms"])


# --- the sync centre ---

def test_the_sync_centre_says_how_far_and_does_what_it_says(_):
    w = WORLD
    unproved = spoil(w)
    first, orders = w.shops[0], [r["order_id"] for r in w.rows("SELECT order_id FROM trade_order WHERE shop_id = ? ORDER BY order_id LIMIT 2", int(w.shops[0]))]
    w.client.post("/api/v1/syncs", {"shops": w.shops}, 202)
    w.execute("UPDATE task SET state = 'dead', error = 'forbidden: no more'")
    dead = [str(r["id"]) for r in w.rows("SELECT id FROM task WHERE state = 'dead'")]
    holds(len(dead) == 2, f"dead tasks: {dead}")
    runs = w.rows("SELECT count(*) AS n FROM sync_run")[0]["n"]
    read = w.script("syncs", shop=first, stream=f"{first}/orders", orders=orders, **{"from": FROM, "to": TO})
    what_the_streams_say(w, read)
    what_was_asked(w, read, orders, runs)
    what_was_paused(w, read)
    windows_are_those_of_the_table(w, read, unproved)
    what_became_of_tasks(w, read, dead)
    reject = w.rows("SELECT id FROM reject")[0]["id"]
    same([(r["id"], r["off"]) for r in read["rejects"]], [(str(reject), True)], "rejects: one without its record cannot be replayed")
    for text in ("8800", "pay_amount", "no amount"):
        holds(any(text in cell for cell in read["rejects"][0]["cells"]), f"{text} is not shown: {read['rejects']}")
    tries = w.rows("SELECT id, pages, calls, rows_new FROM execution ORDER BY started_ms DESC, id DESC LIMIT 50")
    same(read["tries"], [[str(r["id"]), *(f"{r[name] or 0:,}" for name in ("pages", "calls", "rows_new"))] for r in tries], "executions")
    same(read["triesDead"], [str(r["id"]) for r in w.rows("SELECT id FROM execution WHERE result = 'dead' ORDER BY started_ms DESC, id DESC LIMIT 50")], "those that gave up")
    same(sorted(read["schedules"]), sorted(f"{r['lane']}/{r['name']}" for r in w.rows("SELECT lane, name FROM schedule")), "schedules")


def what_the_streams_say(w, read):
    api = {f"{i['shop']['id']}/{i['stream']}": i for i in w.client.get("/api/v1/coverage")["items"]}
    same(sorted(s["key"] for s in read["streams"]), sorted(api), "streams")
    for stream in read["streams"]:
        shop = int(stream["key"].split("/")[0])
        rows = w.rows("SELECT count(*) AS n FROM trade_order WHERE shop_id = ?", shop)[0]["n"]
        same(stream["rows"], f"{rows:,} 条", f"rows of {stream['key']}")
        told = api[stream["key"]]["complete_up_to"]
        at = datetime.datetime.fromisoformat(told.replace("Z", "+00:00")).timestamp() * 1000
        same(stream["complete"], f"完整至 {minute(at)}", "complete up to")
        windows = w.rows("SELECT state FROM (SELECT state, from_ms FROM sync_window WHERE shop_id = ? AND stream = 'orders' AND kind = 'audit'"
                         " ORDER BY from_ms DESC, to_ms DESC LIMIT 60) WHERE state <> 'split' ORDER BY from_ms", shop)
        same(stream["strip"], [r["state"] for r in windows], f"the strip of {stream['key']}")
        holds(f"最近 {len(windows)} 个窗口" in stream["heard"], f"the strip in words: {stream['heard']}")
    late = {s["key"]: s["late"] for s in read["streams"]}
    same(late[f"{w.shops[1]}/orders"], "已 1 小时 35 分钟 没有成功更新: quota of the app", "how late")
    same(late[f"{w.shops[0]}/orders"], None, "the other is not late")
    holds(any("1 段未核实" in tag for s in read["streams"] if s["key"].startswith(w.shops[0]) for tag in s["tags"]), "an unproved window is told")


def what_was_asked(w, read, orders, runs):
    made = w.rows("SELECT id, mode, wish, cancelled_ms FROM sync_run ORDER BY asked_ms, id")[runs:]
    # The first is joined by nobody: the one before it has failed.
    same([r["mode"] for r in made], ["incremental", "incremental", "range", "order", "full", "range"], "syncs that were asked for")
    for run, said in zip(made, (read["all"], read["one"], read["range"], read["order"], read["full"], read["rangeHere"])):
        holds(run["id"] in said and said.startswith("已提交"), f"{said} of {run}")
    wishes = [json.loads(r["wish"]) for r in made]
    same((wishes[2]["from"], wishes[2]["to"], wishes[2]["by"]), (FROM, TO, "created"), "the range")
    same(wishes[3]["ids"], orders, "the records")
    holds("huiliu run" in read["waits"] or "没有" in read["waits"], f"nobody works: {read['waits']}")
    cancelled = [r["id"] for r in made if r["cancelled_ms"]]
    same(cancelled, [read["runs"][0][0]], "the one that was taken back")
    holds(cancelled[0] in read["cancelled"], read["cancelled"])
    # What stands in the list is all of them, the newest first.
    same([r[0] for r in read["runs"]], [r["id"] for r in w.rows("SELECT id FROM sync_run ORDER BY asked_ms DESC, id DESC")][1:], "the list of syncs")


def what_was_paused(w, read):
    same((read["paused"][:3], read["pausedAll"][:3]), ("已暂停", "已暂停"), "said of pauses")
    same((read["resumedStill"][:11], read["resumed"]), ("此店铺的暂停已取消，但", "已恢复"), "said of their ends")
    same([r["action"] for r in w.rows("SELECT action FROM audit WHERE action IN ('pause', 'resume') ORDER BY id")], ["pause", "pause", "resume", "resume"], "audit")
    same(w.rows("SELECT count(*) AS n FROM hold")[0]["n"], 0, "pauses left")


def windows_are_those_of_the_table(w, read, unproved):
    words = {"sealed": "已核实", "open": "在读", "unproved": "未核实", "moved": "已移动", "split": "已拆分"}
    rows = w.rows("SELECT from_ms, state, grade, distinct_ids FROM sync_window WHERE shop_id = ? AND stream = 'orders' AND kind = 'audit'"
                  " ORDER BY from_ms DESC, to_ms DESC LIMIT 100", int(w.shops[0]))
    same([r[1:] for r in read["windows"]],
         [[words[r["state"]], r["grade"] or "—", "—" if r["distinct_ids"] is None else f"{r['distinct_ids']:,}"] for r in rows], "windows")
    same([r[1] for r in read["unproved"]], ["未核实"], f"those without proof: {unproved}")
    proof = json.loads(w.house.run("prove", w.house.shops[0]["name"], "orders", "--from", FROM, "--to", TO)[1])
    same(json.loads(read["raw"])["windows"], proof["windows"], "evidence is that of `huiliu prove`")
    sealed = sum(one["state"] == "sealed" for one in proof["windows"])
    same(read["evidence"], f"{len(proof['windows'])} 个窗口，其中 {sealed} 个已核实", "what is said of it")


def what_became_of_tasks(w, read, dead):
    same(sorted(read["dead"]), sorted(dead), "tasks that gave up")
    state = counted(w.rows("SELECT id, state AS n FROM task"), "id")
    same(state.get(int(read["dead"][0])), "ready", "the one that was retried")
    holds(int(read["dead"][1]) not in state, "the one that was removed is there")
    holds(read["dead"][0] in read["ready"] and read["dead"][0] in read["retried"] and read["dead"][1] in read["removed"], f"{read['retried']} {read['removed']}")
    same([r["action"] for r in w.rows("SELECT action FROM audit WHERE action LIKE 'task.%' ORDER BY id")], ["task.retry", "task.cancel"], "audit")


def test_a_sync_is_followed_to_its_end_without_being_asked(_):
    w = WORLD
    w.execute("DELETE FROM task; DELETE FROM reject")
    asked = w.client.post("/api/v1/syncs", {"shops": [w.shops[0]]}, 202)["id"]
    go = w.house.t.folder() / "go"
    begun = []

    def work():
        while not go.exists():
            time.sleep(0.05)
        begun.append(w.house.start("worker"))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        read = w.script("live_sync", sync=asked, go=str(go))
    finally:
        go.touch()
        thread.join()
        os.killpg(begun[0].pid, signal.SIGTERM)
        begun[0].communicate()
    same(read["shops"], [w.shops[0]], "shops of the sync")
    told = w.rows("SELECT sum(pages) AS pages, sum(calls) AS calls, sum(rows_new) AS fresh, sum(rows_changed) AS changed, sum(rows_same) AS same"
                  " FROM execution WHERE run = ?", asked)[0]
    same(read["counts"].strip(), f"{told['pages']} pages · {told['calls']} calls · {told['fresh']} new · {told['changed']} changed · {told['same']} same", "what came")


# --- platforms ---

def test_a_platform_says_how_it_answered_and_is_paused(_):
    w = WORLD
    now = int(time.time() * 1000)
    w.execute("INSERT INTO execution (task_id, lane, kind, stream, started_ms, ended_ms, result, pages, rejects, calls, error) VALUES"
              f" (1, {w.shops[0]}, 'window', 'orders', {now - 60000}, {now - 50000}, 'failed', 1, 0, 3, 'retry: 500'),"
              f" (1, {w.shops[0]}, 'window', 'orders', {now - 7200000}, {now - 7100000}, 'dead', 0, 0, 9, 'retry: 500');"
              "INSERT INTO event (at_ms, process, shop_id, stream, task_id, kind, level, args) VALUES"
              f" ({now}, 'p', {w.shops[0]}, '', 0, 'breaker_opened', 2, '{{\"name\":\"douyin-life/shop:{w.shops[0]}\",\"reason\":\"it said 500\"}}');"
              f"UPDATE budget SET calls = 40, per_ms = 2000, burst = 5 WHERE name = 'douyin-life/shop:{w.shops[0]}/order_query'")
    audits = w.rows("SELECT count(*) AS n FROM audit")[0]["n"]
    read = w.script("platforms", platform="douyin-life")
    for span, since in (("hour", now - 3600000), ("day", now - 86400000)):
        row = w.rows("SELECT count(*) AS tries, sum(result IN ('failed', 'dead')) AS failed, sum(calls) AS calls, sum(pages) AS pages, sum(rejects) AS rejects"
                     " FROM execution WHERE started_ms >= ? AND ended_ms IS NOT NULL AND lane <> 0", since)[0]
        share = (Decimal(row["failed"]) * 100 / row["tries"]).quantize(Decimal("0.01"), ROUND_HALF_UP)
        same([s[1:] for s in read["spans"] if s[0] == span],
             [[f"{row['tries']:,}", str(row["failed"]), f"{share}%", f"{row['calls']:,}", f"{row['pages']:,}", str(row["rejects"])]], span)
    told = {r["name"]: r for r in w.rows("SELECT * FROM budget WHERE name LIKE 'douyin-life/%' ORDER BY name")}
    same([b[0] for b in read["budgets"]], list(told), "budgets")
    for name, allowed, _free, _rate, taken, refused, *_ in read["budgets"]:
        same((taken, refused), tuple("—" if told[name][of] is None else f"{told[name][of]:,}" for of in ("taken", "refused")), name)
        # Set for this one, or for every shop.
        row = told[name] if told[name]["calls"] is not None else told[f"douyin-life/{name.split('/')[-1]}"]
        span = "second" if row["per_ms"] == 1000 else f"{row['per_ms'] // 1000:,} s"
        same(allowed, f"{row['calls']:,} a {span} set by a person", f"allowed of {name}")
    holds(any(b[4] not in ("—", "0") for b in read["budgets"]), f"nothing was taken: {read['budgets']}")
    same([b[0] for b in read["breakers"]], [f"douyin-life/shop:{w.shops[0]}"], "breakers")
    holds("it said 500" in read["breakers"][0][1] and w.house.shops[0]["name"] in read["breakers"][0][1], f"{read['breakers']}")
    same(read["platforms"][0], "douyin-life", "those with shops come first")
    same((read["pauses"], read["paused"].split(":")[0], read["resumed"]), (1, "Paused", "Resumed"), "said of the pause")
    same([r["action"] + " " + r["subject"] for r in w.rows("SELECT action, subject FROM audit ORDER BY id")][audits:],
         ["pause douyin-life", "resume douyin-life"], "audit lines")


# --- rights, and pictures of every way ---

def test_who_may_only_look_cannot_press(_):
    w = WORLD
    read = w.script("syncs_rights", who="vera", own=w.shops[0], admin={"name": "boss", "password": PASSWORD})
    same(read["shops"], [w.shops[0]], "his shops")
    same([b[1:] for b in read["syncs"]], [[True, "需要操作员权限"]] * 5, f"buttons of the sync centre: {read['syncs']}")
    same([b[1:] for b in read["drawer"]], [[True, "需要管理员权限"]] * 3, f"buttons of a shop: {read['drawer']}")
    same([b[1:] for b in read["platform"]], [[True, "需要操作员权限"]], f"buttons of a platform: {read['platform']}")
    same(read["apps"], 0, "credentials are for admins")


# --- shops: the last, since it takes one away ---

def test_shops_are_added_changed_and_left(_):
    w = WORLD
    sandbox = w.house.sandbox
    app = next(a for a in sandbox.apps if a["platform"] == "douplus")
    accounts = [s["external_id"] for s in sandbox.shops if s["platform"] == "douplus"]
    w.house.user("rita", "--role", "admin")
    shop, name = w.shops[1], w.house.shops[1]["name"]
    audits = w.rows("SELECT count(*) AS n FROM audit")[0]["n"]
    read = w.script("shops", [f"409 /api/v1/shops/{shop}", f"412 /api/v1/shops/{shop}"], shop=shop, name=name,
                    app={"key": app["app_key"], "secret": app["app_secret"]}, code=sandbox.consent(*accounts), other={"name": "rita", "password": PASSWORD})
    same([r[:3] for r in read["first"]], [[w.shops[i], w.house.shops[i]["name"], "douyin-life"] for i in range(2)], "shops at first")
    same(read["secretBox"], "password", "a secret is not shown while it is typed")
    a_consent_makes_shops(w, read, accounts)
    by_hand = w.rows("SELECT name, external_id, since_ms FROM shop WHERE id = ?", int(read["byHand"]))[0]
    same((by_hand["name"], by_hand["external_id"], minute(by_hand["since_ms"])), ("by hand", "hand-1", "2026-05-01 00:00"), "by hand")
    same((read["saved"], "rita" in read["elsewhere"]), (f"{name} 已保存", True), f"said of changes: {read['elsewhere']}")
    same((read["disabled"].split("：")[0], read["enabled"]), (f"{name} 已停用", f"{name} 已启用"), "off and on")
    same((read["unbindOff"], read["unbound"]), (True, f"{name} 已解绑"), "leaving")
    same(w.rows("SELECT (SELECT count(*) FROM shop WHERE id = ?1) + (SELECT count(*) FROM trade_order WHERE shop_id = ?1) AS n", int(shop))[0]["n"], 0, "what is left")
    lines = w.rows("SELECT action, user_name, after_json FROM audit ORDER BY id")[audits:]
    same([r["action"] for r in lines], ["app.add", "shop.authorize.ask", "shop.authorize", "shop.authorize.ask", "shop.authorize", "shop.add", "shop.edit", "shop.edit",
                                        "shop.edit", "shop.disable", "shop.enable", "shop.unbind", "app.rotate"], "audit lines")
    edits = [json.loads(r["after_json"]) for r in lines if r["action"] == "shop.edit"]
    same([(e.get("person"), e.get("settlement_days")) for e in edits], [("Lin", 14), ("theirs", None), ("agreed", None)], "what was changed, and by nobody twice")
    everything = json.dumps(w.rows("SELECT * FROM audit"))
    holds(app["app_secret"] not in everything and "t-o-p-s-e-c-r-e-t" not in everything, "secrets stand in the audit")


def a_consent_makes_shops(w, read, accounts):
    same((read["refused"]["is"], "not today" in read["refused"]["text"], "not today" in read["refusedHere"]), ("bad", True, True), "a refusal")
    same((read["consent"]["is"], "auth_code" in read["consent"]["address"]), ("good", False), f"the consent: {read['consent']}")
    made = w.rows("SELECT id, name, external_id FROM shop WHERE platform = 'douplus' AND external_id <> 'hand-1' ORDER BY id")
    same(sorted(r["external_id"] for r in made), sorted(accounts), "shops of the consent")
    same([r[1] for r in read["withConsent"][2:]], [r["name"] for r in made], "they stand in the list")
    ends = {r["owner"]: r for r in w.rows("SELECT owner, expires_ms, refresh_expires_ms FROM token WHERE owner LIKE 'shop:%'")}
    token = ends[f"shop:{made[0]['id']}"]
    wanted = sorted([key, minute(token[at])] for made_one in made for key, at in
                    ((f"{made_one['id']}/refresh", "refresh_expires_ms"), (f"{made_one['id']}/access", "expires_ms")))
    same(sorted([e[0], e[1]] for e in read["endings"] if not e[0].startswith(tuple(w.shops))), wanted, "the calendar")


def made(case):
    global WORLD
    WORLD = World(case)
    return WORLD


if __name__ == "__main__":
    page_world.main(globals(), made)

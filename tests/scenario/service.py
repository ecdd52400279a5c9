#!/usr/bin/env python3
"""The service: keeps shops up to date by itself, hears what people say, ends and begins without losing anything.

Under the test clock a service that has nothing to do lets time run: `until` waits for an instant of that clock."""
# Takes 150 s.
import fcntl
import json
import os
import re
import signal
import struct
import time

import lib
from lib import contains, holds, same
from truth import START_MS, Stage

CLOCK_NOW_AT = 56  # where src/base/clock_shared.c keeps now_ms
HOUR_MS = 3600 * 1000
PASS_MS = 5 * 60 * 1000
PATIENCE_S = 240
END_WITHIN_S = 10  # the promise; a call in flight is given up


class Service(Stage):
    """A stage and a running `huiliu run`."""

    def __init__(self, t, *words, **switches):
        switches.setdefault("live", not switches.get("real_time"))
        super().__init__(t, **switches)
        self.begin(*words)

    def begin(self, *words, command="run"):
        self.process = self.start(command, *words)
        deadline = time.monotonic() + 60
        while not self.rows("SELECT 1 FROM worker") and command != "scheduler":
            holds(self.process.poll() is None and time.monotonic() < deadline, "the service did not begin")
            time.sleep(0.05)

    def now_ms(self):
        with open(self.env["HUILIU_CLOCK"], "rb") as file:
            file.seek(CLOCK_NOW_AT)
            return struct.unpack("<q", file.read(8))[0]

    def wait(self, condition, what):
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            holds(time.monotonic() < deadline, f"waited in vain until {what}")
            holds(self.process.poll() is None, f"the service ended: {self.process.poll()}")
            time.sleep(0.05)

    def until(self, at_ms):
        self.wait(lambda: self.now_ms() >= at_ms, f"the clock shows {at_ms}")

    def end(self, number=signal.SIGTERM, code=0):
        asked = time.monotonic()
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=PATIENCE_S)
        lib.sanitizers_quiet(err)
        same(self.process.returncode, code, f"exit code of the service: {err[-800:]}")
        holds(number == signal.SIGKILL or time.monotonic() - asked < END_WITHIN_S, "it took too long to end")
        return out, err

    def ticks(self):
        return {(r["lane"], r["name"]): r["ticks"] for r in self.rows("SELECT * FROM schedule")}

    def all_is_read(self):
        """Once nothing happens any more (the world ends after 30 days), one more sync and every row equals the truth."""
        if "HUILIU_CLOCK" in self.env:
            with open(self.env["HUILIU_CLOCK"], "r+b") as file:
                at_ms = self.now_ms() + 50 * 24 * HOUR_MS
                file.seek(CLOCK_NOW_AT)
                file.write(struct.pack("<q", at_ms))
        self.sync(check=None)
        self.rows_equal()


def test_shops_are_kept_up_to_date(t):
    """Three virtual hours: no tick is missed, rows equal the truth, nothing waits too long."""
    service = Service(t, life_shops=2, life_orders=300, douplus_shops=2, douplus_orders=60)
    began_ms = service.now_ms()
    service.until(began_ms + 3 * HOUR_MS)
    service.end()
    passed_ms = service.now_ms() - began_ms
    for (lane, name), ticks in service.ticks().items():
        if lane != 0:
            wanted = passed_ms // PASS_MS
            holds(wanted - 1 <= ticks <= wanted + 2, f"{name} of shop {lane}: {ticks} ticks in {passed_ms / 60000:.0f} min")
    # Two streams at most a shop, the house work and the audit of results.
    same(service.rows("SELECT count(*) AS n FROM schedule")[0]["n"], 2 + 2 * 2 + 2, "schedules")
    same(service.rows("SELECT count(*) AS n FROM task WHERE state = 'dead'")[0]["n"], 0, "dead tasks")
    same(service.rows("SELECT count(*) AS n FROM worker")[0]["n"], 0, "workers that did not leave")
    done = service.rows("SELECT lane, count(*) AS n FROM execution WHERE kind = 'window' AND result = 'done' GROUP BY lane")
    holds(len(done) == 4 and all(r["n"] >= 35 for r in done), f"passes {done}")
    late = service.rows("SELECT shop_id, stream, complete_up_to_ms AS at FROM stream_state")
    for row in late:
        holds(service.now_ms() - row["at"] <= 2 * PASS_MS + 11 * 60000, f"{row} is late at {service.now_ms()}")
    service.all_is_read()


def test_one_bad_thing_makes_no_other_shop_late(t):
    """A platform that is down, a shop that the platform refuses, records that make no sense, a task of a later version:
    every other shop has its passes, none more than one tick apart from its turn."""
    service = Service(t, life_shops=3, life_orders=300, douplus_shops=2, douplus_orders=20)
    service.wait(lambda: service.rows("SELECT count(*) AS n FROM trade_order")[0]["n"] > 100, "some orders are there")
    service.end()
    manifest = (lib.ROOT / "connectors" / "douyin-life.yaml").read_text(encoding="utf-8")
    # Nine of ten orders are refused from now on: few come in three hours.
    some = service.rows("SELECT pay_amount AS n FROM trade_order ORDER BY 1 LIMIT 1 OFFSET 90")[0]["n"]
    picky = re.sub(r"(pay_amount: .*min: )0", rf"\g<1>{some}", manifest, count=1)
    holds(picky != manifest, "the manifest has no pay_amount")
    (service.home / "connectors").mkdir(exist_ok=True)
    (service.home / "connectors" / "douyin-life.yaml").write_text(picky, encoding="utf-8")
    config = service.home / "huiliu.yaml"
    text = config.read_text(encoding="utf-8")
    down = re.sub(r"(douplus:\n +base_url: ).*", r"\1http://127.0.0.1:9", text)
    holds(down != text, "huiliu.yaml has no base_url of douplus")
    config.write_text(down, encoding="utf-8")
    service.run("shop", "add", "nobody", "--platform", "douyin-life", "--app",
                next(a["name"] for a in service.sandbox.apps if a["platform"] == "douyin-life"),
                "--external-id", "7999999999999999999", check=True)
    good = [s for s in service.shops if s["platform"] == "douyin-life"]
    service.execute("INSERT INTO task (lane, class, kind, unique_key, payload, run, state, ready_ms, worker, lease, lease_ms,"
                    f" unit_number, attempt, created_ms, changed_ms) VALUES ({service.shop_id(good[0])}, 0, 'of tomorrow', 'x', '{{}}', '', 'ready', 0,"
                    " '', '', 0, 0, 0, 0, 0)")
    service.begin()
    began_ms = service.now_ms()
    service.until(began_ms + 2 * HOUR_MS)
    service.end()
    for shop in good:
        passes = [r["at"] for r in service.rows("SELECT ended_ms AS at FROM execution WHERE lane = ? AND kind = 'window' AND"
                                                " result = 'done' AND ended_ms > ? ORDER BY 1", service.shop_id(shop), began_ms)]
        gaps = [b - a for a, b in zip([began_ms] + passes, passes)]
        holds(len(passes) >= 23 and max(gaps) <= 2 * PASS_MS, f"{shop['name']}: {len(passes)} passes, gaps up to {max(gaps)}")
    holds(service.rows("SELECT 1 FROM reject WHERE field = 'pay_amount'"), "no record was refused")
    lanes = ", ".join(str(service.shop_id(s)) for s in good)
    dead = {r["kind"] for r in service.rows(f"SELECT kind FROM task WHERE state = 'dead' AND lane IN ({lanes})")}
    same(dead, {"of tomorrow"}, "dead tasks of a good shop")
    most = service.rows("SELECT count(*) AS n, lane, unique_key FROM task WHERE state = 'dead' GROUP BY 2, 3 ORDER BY 1 DESC")
    same(most[0]["n"], 1, f"dead tasks of the same work: {most[0]}")
    holds(not service.rows("SELECT 1 FROM execution WHERE kind = 'window' AND result = 'done' AND lane IN"
                           " (SELECT id FROM shop WHERE name = 'nobody')"), "a shop that nobody knows was read")


def test_killed_it_goes_on(t):
    service = Service(t, life_shops=2, life_orders=400, douplus_shops=1, douplus_orders=40)
    for number in range(4):
        service.until(service.now_ms() + 20 * 60000)
        service.end(signal.SIGKILL, -signal.SIGKILL)
        service.begin()
    service.until(service.now_ms() + 30 * 60000)
    same(service.rows("SELECT count(*) AS n FROM task WHERE state = 'dead'")[0]["n"], 0, "dead tasks")
    service.end()
    service.all_is_read()


def test_ending_gives_up_calls_in_flight(t):
    service = Service(t, real_time=True, life_shops=2, life_orders=200, slow_ms=60000, timeout_ms=60000)
    service.sandbox.config(faults="slow_body=100%")
    service.wait(lambda: service.sandbox.counts()["calls"] > 1, "a call is in flight")
    service.end()
    same(service.rows("SELECT count(*) AS n FROM task WHERE state = 'running'")[0]["n"], 0, "leases not given up")
    service.sandbox.config(faults="slow_body=0%")
    service.all_is_read()


def test_pause_holds_in_the_middle_of_a_long_pull(t):
    """5 calls a second for each shop: the pull of 4,000 orders takes some minutes of the virtual clock."""
    service = Service(t, life_shops=2, life_orders=4000, douplus_shops=0, quota="shop=5/1", settings=("page_size=20",))
    held, other = service.shops
    service.wait(lambda: service.rows("SELECT count(*) AS n FROM trade_order")[0]["n"] > 100, "the pull is at work")
    service.run("pause", "--shop", held["name"], check=True)
    since_ms = service.rows("SELECT since_ms FROM hold")[0]["since_ms"]
    before = {s["name"]: orders_of(service, s) for s in service.shops}
    service.until(since_ms + 60000)
    same(service.rows("SELECT count(*) AS n FROM task WHERE lane = ? AND state = 'running'",
                      service.shop_id(held))[0]["n"], 0, "running tasks of the paused shop")
    after = {s["name"]: orders_of(service, s) for s in service.shops}
    holds(after[other["name"]] > before[other["name"]], "the other shop stood still as well")
    late = [c for c in service.sandbox.log() if c["shop"] == held["external_id"] and c["arrived_ms"] > since_ms + 2000 + 400]
    same(late, [], "calls of the paused shop, two seconds and a page later")
    contains(service.run("status", check=True)[1], f"paused since", held["name"])
    code, out, err = service.sync("--shop", held["name"], check=3)
    contains(out, "shop_paused", "resume")
    service.run("resume", check=True)
    service.wait(lambda: orders_of(service, held) > after[held["name"]], "the paused shop goes on")
    service.end()
    service.all_is_read()


def test_a_sync_that_is_paused_or_cancelled_is_not_done(t):
    for words, code, result in ((("pause",), 3, "waiting"), (("task", "cancel", "--all"), 1, "stopped")):
        stage = Stage(t, real_time=True, life_shops=2, life_orders=3000, douplus_shops=0, quota="shop=10/1",
                      settings=("page_size=20",))
        process = stage.start("sync", "--json")
        deadline = time.monotonic() + 60
        while not stage.rows("SELECT 1 FROM task WHERE state = 'running' AND unit_number > 1"):
            holds(time.monotonic() < deadline, "the sync did not begin")
            time.sleep(0.05)
        stage.run(*words, check=True)
        out, err = process.communicate(timeout=PATIENCE_S)
        same((process.returncode, json.loads(out)["result"]), (code, result), f"{words}: {err[-400:]}")
        lib.sanitizers_quiet(err)
        stage.run("resume", check=True)
        stage.quota_lift()
        stage.sync()
        stage.rows_equal()


def orders_of(service, shop):
    return service.rows("SELECT count(*) AS n FROM trade_order WHERE shop_id = ?", service.shop_id(shop))[0]["n"]


def test_sync_beside_it_is_done_by_the_service(t):
    service = Service(t, life_shops=2, life_orders=300, douplus_shops=0)
    service.until(service.now_ms() + 2 * PASS_MS)
    code, out, err = service.sync("--full", "--json", check=True)
    result = json.loads(out)
    same(result["result"], "done")
    contains(err, "huiliu run, process", "follows")
    holds(all(s["rows_same"] > 100 for s in result["streams"]), f"nothing was read: {result['streams']}")
    holds("counts" not in result, "counts of a process that did nothing")
    code, out, err = service.sync("--set", "page_size=50", check=2)
    contains(err, "set_follows")
    service.end()
    service.all_is_read()


def test_a_service_that_ends_leaves_the_work_to_who_follows(t):
    service = Service(t, real_time=True, life_shops=2, life_orders=3000, quota="shop=20/1", settings=("page_size=20",))
    service.wait(lambda: service.rows("SELECT count(*) AS n FROM trade_order")[0]["n"] > 100, "the pull is at work")
    follower = service.start("sync", "--full", "--json")
    service.wait(lambda: service.rows("SELECT 1 FROM task WHERE run <> ''"), "the follower has asked")
    service.quota_lift()
    service.end()
    out, err = follower.communicate(timeout=PATIENCE_S)
    same(follower.returncode, 0, err)
    same(json.loads(out)["result"], "done", err)
    service.all_is_read()


def test_what_changes_meanwhile_is_noticed(t):
    service = Service(t, life_shops=3, life_orders=100, douplus_shops=0, shops=False)
    same(service.ticks().keys(), {(0, "prune"), (0, "derive_audit")}, "schedules without shops")
    service.shops = lib.add_shops(service.home, service.sandbox, "douyin-life", env=service.env)
    service.wait(lambda: all(orders_of(service, s) > 5 for s in service.shops), "added shops are read")
    one = service.shops[0]
    service.run("shop", "disable", one["name"], check=True)
    service.wait(lambda: (service.shop_id(one), "orders") not in service.ticks(), "a disabled shop has no schedule")
    config = service.home / "huiliu.yaml"
    good = config.read_text(encoding="utf-8")
    config.write_text(good + "\nno_such_key: 1\n", encoding="utf-8")
    service.process.send_signal(signal.SIGHUP)
    service.until(service.now_ms() + 2 * PASS_MS)
    holds(service.process.poll() is None, "a slip in huiliu.yaml ended the service")
    config.write_text(good, encoding="utf-8")
    service.run("shop", "enable", one["name"], check=True)
    service.wait(lambda: (service.shop_id(one), "orders") in service.ticks(), "an enabled shop has its schedule")
    _, err = service.end()
    contains(err, "reload_failed", "no_such_key")
    service.all_is_read()


def test_scheduler_and_worker_apart(t):
    stage = Service(t, life_shops=2, life_orders=100, douplus_shops=0)
    stage.end()
    stage.begin(command="worker")
    worker, schedulers = stage.process, [stage.start("scheduler") for _ in range(2)]
    began_ms, ticks = stage.now_ms(), stage.ticks()
    stage.until(began_ms + HOUR_MS)
    for process in schedulers + [worker]:
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=PATIENCE_S)
        same(process.returncode, 0, err)
        lib.sanitizers_quiet(err)
    passed = (stage.now_ms() - began_ms) // PASS_MS
    for key, count in stage.ticks().items():
        if key[0] != 0:
            holds(passed - 1 <= count - ticks[key] <= passed + 2, f"{key}: {count - ticks[key]} ticks for {passed}")
    stage.all_is_read()


def test_cancelled_tasks_go_and_the_next_pass_goes_on(t):
    service = Service(t, life_shops=2, life_orders=3000, douplus_shops=0, quota="shop=5/1", settings=("page_size=20",))
    service.wait(lambda: service.rows("SELECT count(*) AS n FROM trade_order")[0]["n"] > 100, "the pull is at work")
    _, out, _ = service.run("task", "cancel", "--all", check=True)
    waiting, running = map(int, re.findall(r"\d+", out)[:2])
    holds(waiting + running >= 2, out)
    service.sandbox.config(quota=[])
    service.until(service.now_ms() + 4 * PASS_MS)
    cancelled = service.rows("SELECT count(*) AS n FROM execution WHERE result = 'cancelled'")[0]["n"]
    # Each task that waited leaves one, each that ran does when it ends (one may be done before it hears of it).
    holds(waiting <= cancelled <= waiting + running, f"{cancelled} recorded as cancelled: {waiting} waited, {running} ran")
    service.end()
    service.all_is_read()


def task_put(service, shop, kind, payload="{}"):
    service.execute("INSERT INTO task (lane, class, kind, unique_key, payload, run, state, ready_ms, worker, lease, lease_ms,"
                    f" unit_number, attempt, created_ms, changed_ms) VALUES ({service.shop_id(shop)}, 0, '{kind}', 'by hand {kind}',"
                    f" '{payload}', '', 'ready', 0, '', '', 0, 0, 0, 0, 0)")


def test_a_shop_that_was_just_enabled_keeps_its_tasks(t):
    """A worker that has not read the shops again yet does not bury them."""
    service = Service(t, real_time=True, life_shops=2, life_orders=20, douplus_shops=0)
    shop = service.shops[0]
    service.wait(lambda: not service.rows("SELECT 1 FROM task"), "all is read")
    service.run("shop", "disable", shop["name"], check=True)
    service.wait(lambda: (service.shop_id(shop), "orders") not in service.ticks(), "the service has noticed")
    service.run("shop", "enable", shop["name"], check=True)
    task_put(service, shop, "pass", '{"stream":"orders"}')
    service.wait(lambda: not service.rows("SELECT 1 FROM task WHERE unique_key LIKE 'by hand%' AND state <> 'dead'"), "it is over")
    same(service.rows("SELECT error FROM task WHERE state = 'dead'"), [], "dead tasks")
    service.end()


def test_poisoned_tasks_die_alone(t):
    """Kinds that the stream has nothing of: a manifest may have changed since they were made."""
    service = Service(t, life_shops=1, life_orders=20, douplus_shops=1, douplus_orders=5)
    life, ads = sorted(service.shops, key=lambda s: s["platform"], reverse=True)
    same((life["platform"], ads["platform"]), ("douyin-life", "douplus"), "shops")
    task_put(service, life, "figures", '{"stream":"orders"}')
    task_put(service, ads, "decrypt", '{"stream":"ad_orders"}')
    service.wait(lambda: service.rows("SELECT count(*) AS n FROM task WHERE state = 'dead'")[0]["n"] == 2, "both are dead")
    holds(all(r["error"].startswith("task_kind") for r in service.rows("SELECT error FROM task WHERE state = 'dead'")), "why")
    service.until(service.now_ms() + 2 * PASS_MS)
    service.end()
    service.all_is_read()


def test_a_service_waits_for_a_sync_and_two_do_not_work_on_one_home(t):
    stage = Stage(t, real_time=True, life_shops=1, life_orders=50)
    with open(stage.home / "worker.lock", "w", encoding="utf-8") as held:
        held.write("huiliu sync, process 4711\n")
        held.flush()
        fcntl.flock(held, fcntl.LOCK_EX)
        waiting = stage.start("run")
        os.set_blocking(waiting.stdout.fileno(), True)
        contains(waiting.stdout.readline(), "waiting", "process 4711")
        same(stage.rows("SELECT count(*) AS n FROM worker")[0]["n"], 0, "workers while another has the role")
        waiting.send_signal(signal.SIGTERM)
        same(waiting.wait(30), 0, "exit code of a service that never began")


def test_old_tries_are_forgotten(t):
    service = Service(t, life_shops=1, life_orders=20, douplus_shops=0)
    service.execute("INSERT INTO execution (task_id, lane, kind, started_ms) VALUES (1, 1, 'window', 5)")
    service.execute("UPDATE schedule SET next_ms = 1 WHERE name = 'prune'")
    service.wait(lambda: not service.rows("SELECT 1 FROM execution WHERE started_ms = 5"), "the old try is gone")
    service.wait(lambda: service.rows("SELECT 1 FROM execution WHERE kind = 'prune' AND result = 'done'"), "it is recorded")
    service.end()


if __name__ == "__main__":
    lib.main(globals())

#!/usr/bin/env python3
"""What happens is told: events and `huiliu logs`, over processes and machines; and the knobs of tasks and connections."""
# Takes 50 s.
import json
import os
import re
import signal
import threading
import time
from collections import Counter

import lib
from fake import FakeLife, FakeStage, order
from lib import contains, holds, same
from on_server import OnServer, server_start
from resume import DAY, one_too_many
from service import HOUR_MS, Service
from truth import Stage

PATIENCE_S = 120
BESIDE, SPARE = 4, 8  # connections of a process that are no readers; those kept for commands


def logs(stage, *words):
    """Every line of `huiliu logs` as an object, the oldest first."""
    return [json.loads(line) for line in stage.run("logs", "--json", *words, check=0)[1].splitlines()]


def kinds(stage, *words):
    return [line["kind"] for line in logs(stage, *words)]


def wait(condition, what):
    deadline = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        holds(time.monotonic() < deadline, f"waited in vain until {what}")
        time.sleep(0.02)
    return found


class Follower:
    """A running `huiliu logs --follow`: its lines as they come, with the instant at which they came."""

    def __init__(self, stage, *words):
        self.lines, self.came = [], []
        self.process = stage.start("logs", "--json", "--follow", *words)
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        for line in self.process.stdout:
            self.came.append(time.monotonic())
            self.lines.append(json.loads(line))

    def first(self, kind, **what):
        for line, came in zip(list(self.lines), list(self.came)):
            if line["kind"] == kind and all(line.get(k) == v for k, v in what.items()):
                return line, came
        return None

    def ended(self, code=0):
        self.process.wait(PATIENCE_S)
        self.thread.join()
        same(self.process.returncode, code, f"exit code of logs --follow: {self.process.stderr.read()[-600:]}")


# --- what is told ---

def test_a_bad_day_is_told_once_and_by_name(t):
    """A platform that is down, a shop that nobody knows, a task of tomorrow, a person who pauses, a process that is killed."""
    service = Service(t, life_shops=2, life_orders=100, douplus_shops=1, douplus_orders=10)
    service.wait(lambda: service.rows("SELECT 1 FROM trade_order"), "some orders are there")
    service.end(signal.SIGKILL, -signal.SIGKILL)
    running = service.rows("SELECT count(*) AS n FROM task WHERE state = 'running'")[0]["n"]
    config = service.home / "huiliu.yaml"
    text = config.read_text(encoding="utf-8")
    config.write_text(re.sub(r"(douplus:\n +base_url: ).*", r"\1http://127.0.0.1:9", text), encoding="utf-8")
    service.run("shop", "add", "nobody", "--platform", "douyin-life", "--app",
                next(a["name"] for a in service.sandbox.apps if a["platform"] == "douyin-life"),
                "--external-id", "7999999999999999999", check=True)
    first = service.shop_id(service.shops[0])
    service.execute("INSERT INTO task (lane, class, kind, unique_key, payload, run, state, ready_ms, worker, lease, lease_ms,"
                    f" unit_number, attempt, created_ms, changed_ms) VALUES ({first}, 0, 'of tomorrow', 'x', '{{}}', '', 'ready', 0,"
                    " '', '', 0, 0, 0, 0, 0)")
    service.begin()
    began_ms = service.now_ms()
    service.until(began_ms + HOUR_MS)
    paused = service.shops[0]["name"]
    service.run("pause", "--shop", paused, check=0)
    service.run("pause", "--shop", paused, check=0)  # nothing new
    service.run("resume", check=0)
    service.until(began_ms + 2 * HOUR_MS)
    service.end()

    told = logs(service, "--level", "debug", "--since", "2026-01-01")
    count = Counter(line["kind"] for line in told)
    same({k: count[k] for k in ("service_began", "service_ended", "paused", "resumed")},
         {"service_began": 2, "service_ended": 1, "paused": 1, "resumed": 1}, "life of the service, and what people said")
    same([line["args"]["tasks"] for line in told if line["kind"] == "tasks_taken_back"], [running] if running else [], "taken back")
    # Every dead task is told, every shop that waits, and each once.
    dead = {r["id"] for r in service.rows("SELECT id FROM task WHERE state = 'dead'")}
    same(sorted(line["task"] for line in told if line["kind"] == "task_dead" and line["task"] in dead), sorted(dead), "dead tasks")
    waiting = [r["name"] for r in service.rows("SELECT name FROM shop WHERE state = 'needs_person' ORDER BY name")]
    same(sorted(line["shop"] for line in told if line["kind"] == "shop_needs_person"), waiting, "shops that need a person")
    opened = [line for line in told if line["kind"] == "breaker_opened"]
    holds(opened and all(line["args"]["name"].startswith("douplus") for line in opened), f"breakers {opened}")
    holds(count["breaker_opened"] <= 4, f"a breaker that stays open is told {count['breaker_opened']} times")
    # Tries: as many lines as rows, with their figures.
    tries = service.rows("SELECT count(*) AS n, sum(pages) AS pages, sum(rows_new) AS new FROM execution WHERE result = 'done'")[0]
    done = [line["args"] for line in told if line["kind"] == "try_done"]
    same((len(done), sum(a["pages"] for a in done), sum(a["new"] for a in done)), (tries["n"], tries["pages"], tries["new"]), "tries")
    holds(all(a["at"] <= b["at"] for a, b in zip(told, told[1:])), "the lines are not in order")
    same({line["shop"] for line in logs(service, "--shop", paused)}, {paused}, "lines of one shop")
    holds(all(line["level"] in ("warn", "error") for line in logs(service, "--level", "warn")), "levels")
    same(len(logs(service, "--lines", "3")), 3, "lines")

    english = service.run("logs", "--level", "error", "--shop", paused, check=0)[1]
    contains(english, "ERROR", "of tomorrow is dead and waits for a person", paused)
    chinese = service.run("logs", "--level", "error", "--shop", paused, check=0, env={"HUILIU_LANGUAGE": "zh"})[1]
    contains(chinese, "of tomorrow 已失败，等待人工处理")
    same(len(chinese.splitlines()), len(english.splitlines()), "lines in both languages")
    code, _, err = service.run("logs", "--task", "99999999")
    same(code, 1, "exit code for a task that never was")
    contains(err, "task_unknown")


def test_a_stream_without_proof_is_told_once_and_its_proof_too(t):
    fake = FakeLife({"7001": [order(n) for n in range(30)]})
    stage = FakeStage(t, fake)
    stage.sync()
    same([k for k in kinds(stage) if not k.startswith("try_")], [], "events of a good sync")
    fake.tamper = one_too_many
    for hours in ((0, 6), (6, 12), (12, 18)):
        stage.sync("--from", f"{DAY} {hours[0]:02}:00:00", "--to", f"{DAY} {hours[1] - 1:02}:59:59", check=None)
    holds(len(stage.windows("state = 'unproved'")) > 1, "too few windows without proof")
    told = logs(stage, "--level", "warn")
    same([(line["kind"], line["shop"], line["stream"]) for line in told if line["kind"] == "window_unproved"],
         [("window_unproved", "shop-7001", "orders")], "told")
    holds(told[-1]["args"]["reason"], "no reason is given")
    contains(stage.run("logs", "--level", "warn")[1], "not proved from 20")
    fake.tamper = None
    stage.later(25 * 3600)
    stage.sync()
    same(stage.windows("state = 'unproved'"), [], "windows without proof")
    same([k for k in kinds(stage) if not k.startswith("try_")], ["window_unproved", "stream_proved"], "told in the end")


FOUR_UTC_MS = 1780027200000  # 2026-05-29 04:00


def test_old_events_go(t):
    service = Service(t, start_ms=FOUR_UTC_MS, life_shops=1, life_orders=10, douplus_shops=0)
    service.end()
    service.execute("INSERT INTO event (at_ms, process, shop_id, stream, task_id, kind, level, args) SELECT "
                    f"{service.now_ms()} - n * 86400000, '', 0, '', 0, 'paused', 1, '{{}}' FROM "
                    "(SELECT 1 AS n UNION SELECT 6 UNION SELECT 8 UNION SELECT 40)")
    with open(service.home / "huiliu.yaml", "a", encoding="utf-8") as config:
        config.write("keep_events: 7\n")
    service.begin()
    service.until(service.now_ms() + HOUR_MS)  # 04:17 UTC comes
    service.end()
    same(kinds(service, "--since", "60d").count("paused"), 2, "events of the last seven days")


# --- over processes ---

class Several(OnServer):
    def __init__(self, t, **switches):
        super().__init__(t, server_start(t), real_time=True, **switches)


def test_a_task_is_followed_over_the_death_of_its_worker(t):
    stage = Several(t, life_shops=1, life_orders=3000, douplus_shops=0, quota="shop=10/1", settings=("page_size=10",))
    scheduler, first = stage.start("scheduler"), stage.start("worker")
    task = wait(lambda: stage.rows("SELECT id FROM task WHERE state = 'running' AND kind = 'window' AND unit_number > 2"),
                "a window is read")[0]["id"]
    first.send_signal(signal.SIGSTOP)
    follower = Follower(stage, "--task", task)
    wait(lambda: follower.first("task_runs"), "it is shown where it runs")
    contains(follower.first("task_runs")[0]["args"]["worker"], f":{first.pid}:")
    second = stage.start("worker")
    wait(lambda: len(stage.rows("SELECT 1 FROM worker")) == 2, "a second worker is there")
    first.kill()
    first.communicate()
    killed = time.monotonic()
    line, came = wait(lambda: follower.first("task_left"), "it is told that its worker is gone")
    contains(line["args"]["worker"], f":{first.pid}:")
    holds(came - killed < 15, f"told after {came - killed:.1f} s")
    again = wait(lambda: [x for x in follower.lines if x["kind"] == "task_runs" and f":{second.pid}:" in x["args"]["worker"]],
                 "another worker has it")
    holds(again, "it runs nowhere")
    follower.ended()
    same([x["kind"] for x in follower.lines][-1], "try_done", "the last line")
    holds(all(x["task"] == task for x in follower.lines), "lines of other tasks")
    # The same is there afterwards, without the row of the task.
    same(kinds(stage, "--task", task), [x["kind"] for x in follower.lines if not x["kind"].startswith("task_") or x["kind"] == "task_left"],
         "what is kept")
    for process in (scheduler, second):
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=PATIENCE_S)
        lib.sanitizers_quiet(err)
        same(process.returncode, 0, err[-600:])


def delays(stage, count=8):
    """How long after a command has ended its event is shown by a follower, the largest."""
    follower = Follower(stage, "--lines", 0)
    time.sleep(1)  # it listens
    worst = 0
    for number in range(count):
        stage.run("pause" if number % 2 == 0 else "resume", "--platform", "douplus", check=0)
        said = time.monotonic()
        wait(lambda: len(follower.lines) > number, "the event is shown")
        worst = max(worst, follower.came[number] - said)
    same([x["kind"] for x in follower.lines], ["paused", "resumed"] * (count // 2), "what is followed")
    follower.process.send_signal(signal.SIGTERM)
    follower.ended()
    print(f"# {'PostgreSQL' if isinstance(stage, OnServer) else 'SQLite'}: shown after {worst * 1000:.0f} ms at most", flush=True)
    return worst


def test_what_is_followed_is_shown_at_once(t):
    holds(delays(Stage(t, real_time=True, shops=False)) < 2, "SQLite")
    holds(delays(Several(t, shops=False)) < 2, "PostgreSQL")


# --- knobs ---

def test_a_task_that_takes_too_long_is_stopped_and_nothing_is_lost(t):
    """Windows that need several seconds by their quota may take one: they are read in parts, and every row is there."""
    stage = Stage(t, life_shops=1, life_orders=4000, douplus_shops=0, quota="shop=10/1", settings=("page_size=10",),
                  env={"HUILIU_TASK_SECONDS": 1})
    stage.sync()
    stage.rows_equal()
    stage.every_window("A")
    told = [line for line in logs(stage, "--level", "warn") if line["kind"] == "task_overdue"]
    holds(told, "no task was stopped")
    holds(all(1 <= line["args"]["seconds"] <= 4 for line in told), f"stopped after {[x['args'] for x in told]}")
    same(stage.rows("SELECT 1 FROM task WHERE state = 'dead'"), [], "dead tasks")


def test_connections_of_all_processes_are_compared_with_the_servers(t):
    stage = Several(t, life_shops=1, life_orders=50, douplus_shops=0)
    allowed = int(stage.server.sql("SHOW max_connections")[0][0]) - int(stage.server.sql("SHOW superuser_reserved_connections")[0][0])
    code, report = lib.huiliu_json(stage.home, "doctor", env=stage.env)
    check = next(c for c in report["checks"] if c["check"] == "connections")
    holds(check["good"], f"doctor: {check}")
    many = {"HUILIU_STORE_READERS": 40}
    first = stage.t.start(stage.home, "worker", env={**stage.env, **many})
    wait(lambda: stage.rows("SELECT 1 FROM worker"), "the first worker is there")
    same(kinds(stage).count("connections_short"), 0, "told for one worker, for which there is room")
    second = stage.t.start(stage.home, "worker", env={**stage.env, **many})
    wait(lambda: "connections_short" in kinds(stage), "it is told that there is no room for two")
    line = next(x for x in logs(stage) if x["kind"] == "connections_short")
    wanted = 2 * (40 + BESIDE) + SPARE
    same({k: line["args"][k] for k in ("processes", "wanted", "allowed", "missing")},
         {"processes": 2, "wanted": wanted, "allowed": allowed, "missing": wanted - allowed}, "what is said")
    wait(lambda: len(stage.rows("SELECT 1 FROM worker")) == 2, "both workers are there")
    code, report = lib.huiliu_json(stage.home, "doctor", env=stage.env)
    check = next(c for c in report["checks"] if c["check"] == "connections")
    same((code, check["good"]), (1, False), "doctor")
    contains(check["finding"], str(wanted), str(allowed), "store_readers")
    readers = line["args"]["readers"]
    for process in (first, second):
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=PATIENCE_S)
        lib.sanitizers_quiet(err)
        if process is second:
            contains(out, "store_readers to " + str(readers))
    # As it was advised there is room, and one more would be too many.
    holds(2 * (readers + BESIDE) + SPARE <= allowed < 2 * (readers + 1 + BESIDE) + SPARE, f"{readers} readers of {allowed}")
    before = len(logs(stage))
    both = [stage.t.start(stage.home, "worker", env={**stage.env, "HUILIU_STORE_READERS": readers}) for _ in range(2)]
    wait(lambda: len(stage.rows("SELECT 1 FROM worker")) == 2, "both workers are there again")
    same([k for k in kinds(stage)[before:] if k == "connections_short"], [], "told again")
    for process in both:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE_S)


def test_a_process_opens_no_more_connections_than_it_says(t):
    """Counted by the server while eight workers read for six shops through two readers."""
    stage = Several(t, life_shops=6, life_orders=600, douplus_shops=0)
    stage.env |= {"HUILIU_STORE_READERS": 2, "HUILIU_STORE_WAIT_SECONDS": 60}
    process = stage.start("run")
    most = 0
    deadline = time.monotonic() + PATIENCE_S
    while stage.rows("SELECT count(*) AS n FROM trade_order")[0]["n"] < 6 * 600 and time.monotonic() < deadline:
        most = max(most, stage.rows("SELECT count(*) AS n FROM pg_stat_activity WHERE application_name = 'huiliu'")[0]["n"])
    said = stage.rows("SELECT connections AS n FROM worker")[0]["n"]
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=PATIENCE_S)
    lib.sanitizers_quiet(err)
    same(said, 2 + BESIDE, "what the worker says")
    holds(3 <= most <= said, f"{most} connections were open, {said} are said")
    same(stage.rows("SELECT 1 FROM task WHERE state = 'dead'"), [], "dead tasks")


def test_one_reader_is_enough_for_a_sync(t):
    """A pool of one makes readers wait for each other, and not for ever."""
    stage = Stage(t, life_shops=3, life_orders=200, douplus_shops=1, douplus_orders=30, real_time=True,
                  env={"HUILIU_STORE_READERS": 1, "HUILIU_STORE_WAIT_SECONDS": 60, "HUILIU_WORKERS": 4})
    stage.sync(check=None)
    stage.rows_equal()
    same(stage.rows("SELECT 1 FROM task WHERE state = 'dead'"), [], "dead tasks")


if __name__ == "__main__":
    lib.main(globals())

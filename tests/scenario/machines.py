#!/usr/bin/env python3
"""Several processes as one service, on PostgreSQL or MariaDB, and Redis: a scheduler and three workers that are killed, stopped and cut off.
Rows equal the truth, no quota is exceeded by the sandbox's own log, and a worker that slept through its lease writes nothing.

Real time: leases, heartbeats and restarts of servers are what it is about. Nothing depends on how long anything takes."""
# Takes 50 s.
import random
import signal
import time

import lib
import mariadb_server
import pg_server
from lib import holds, same
from on_server import OnServer, server_start
from redis_server import Redis
from truth import SEED

PATIENCE_S = 240
WORKERS = 3
LEASE_S = 10


class Machines(OnServer):
    def __init__(self, t, kind, prepare=None, **switches):
        """prepare(self): what the home needs before anything runs."""
        self.redis = Redis(t).start()
        super().__init__(t, server_start(t, kind), real_time=True, **switches)
        self.env["HUILIU_COORD"] = self.redis.url
        self.random = random.Random(SEED)
        self.workers, self.killed = [], 0
        if prepare:
            prepare(self)
        self.scheduler = self.start("scheduler")

    def worker_add(self):
        self.workers.append(self.start("worker", "--workers", "4"))

    def worker_kill(self):
        process = self.workers.pop(self.random.randrange(len(self.workers)))
        process.kill()
        process.communicate()
        self.killed += 1

    def wait(self, condition, what):
        deadline = time.monotonic() + PATIENCE_S
        while not self.answers(condition):
            holds(time.monotonic() < deadline, f"waited in vain until {what}")
            time.sleep(0.2)

    def answers(self, condition):
        try:
            return condition()
        except RuntimeError:  # the server is just starting again
            return False

    def count(self, sql):
        return self.rows(f"SELECT count(*) AS n FROM {sql}")[0]["n"]

    def all_is_there(self):
        return all(self.count(f"trade_order WHERE shop_id = {self.shop_id(s)}") == len(self.truth(s))
                   for s in self.shops if s["platform"] == "douyin-life")

    def end(self):
        for process in [self.scheduler] + self.workers:
            process.send_signal(signal.SIGTERM)
        for process in [self.scheduler] + self.workers:
            _, err = process.communicate(timeout=PATIENCE_S)
            same(process.returncode, 0, f"exit code: {err[-600:]}")
            lib.sanitizers_quiet(err)


def killed_and_cut_off_they_read_everything_once(t, kind):
    print(f"# SEED={SEED}", flush=True)
    world = Machines(t, kind, life_shops=6, life_orders=1500, douplus_shops=0, quota="shop=20/1", settings=("page_size=20",))
    for _ in range(WORKERS):
        world.worker_add()
    world.wait(lambda: world.count("trade_order") > 50, "the pull is at work")
    for number in range(5):
        time.sleep(1.5)
        world.worker_kill()
        world.worker_add()
        if number == 1:
            world.server.restart()
        if number == 3:
            world.redis.kill()
            time.sleep(1)
            world.redis.start()
    world.wait(lambda: world.count(f"worker WHERE beat_ms > {int(time.time() * 1000) - 5000}") >= WORKERS,
               "every worker has found its server again")
    world.wait(world.all_is_there, "every order is there")
    twice = world.rows("SELECT lane FROM task WHERE state = 'running' GROUP BY lane HAVING count(*) > 1")
    same(twice, [], "lanes with two running tasks")
    world.end()
    same(world.count("task WHERE state = 'dead'"), 0, "dead tasks")
    world.sandbox.config(quota=[])
    world.sync(check=None)
    world.rows_equal()
    world.quota_kept()


def a_worker_that_slept_through_its_lease_writes_nothing(t, kind):
    world = Machines(t, kind, life_shops=1, life_orders=1500, douplus_shops=0, quota="shop=10/1", settings=("page_size=20",))
    world.worker_add()
    sleeper = world.workers[0]
    world.wait(lambda: world.count("task WHERE state = 'running' AND unit_number > 1"), "a task is at work")
    sleeper.send_signal(signal.SIGSTOP)
    time.sleep(2 * LEASE_S + 1)
    world.worker_add()
    world.wait(lambda: world.count(f"task WHERE state = 'running' AND worker NOT LIKE '%:{sleeper.pid}:%'"),
               "another worker has the lane")
    sleeper.send_signal(signal.SIGCONT)
    world.sandbox.config(quota=[])
    world.wait(world.all_is_there, "every order is there")
    same(world.rows("SELECT lane FROM task WHERE state = 'running' GROUP BY lane HAVING count(*) > 1"), [], "lanes run twice")
    world.end()
    same(world.count("task WHERE state = 'dead'"), 0, "dead tasks")
    world.sync(check=None)
    world.rows_equal()
    world.every_window("A")


for _kind in (pg_server, mariadb_server):
    for _test in (killed_and_cut_off_they_read_everything_once, a_worker_that_slept_through_its_lease_writes_nothing):
        _name = f"test_{_kind.__name__.removesuffix('_server')}_{_test.__name__}"
        globals()[_name] = lambda t, test=_test, kind=_kind: test(t, kind)


if __name__ == "__main__":
    lib.main(globals())

#!/usr/bin/env python3
"""Two processes, each with a home and shops of its own, call for one app and share its budget through Redis. The judge is the
sandbox's call log: a bucket of 10 calls a second over all that arrived (connectors/douplus.yaml: api)."""
# Takes 45 s.
import datetime
import fcntl
import mmap
import os
import struct
import time

import lib
from ads import START, ms
from redis_server import Redis

RATE, BURST = 10, 10
NOW_AT, SLOTS_AT, SLOT_BYTES, SLOT = 56, 64, 56, 31  # src/base/clock_shared.c
FOREVER = 2**63 - 1
REAL_TIMEOUT_S = 300


class Clock:
    """A place of our own in the test clock: time stops where we say, until we say where next."""

    def __init__(self, path):
        self.file = open(path, "r+b")
        fcntl.lockf(self.file, fcntl.LOCK_EX, 1, SLOT)
        self.map = mmap.mmap(self.file.fileno(), 0)
        self.stop_at(0)
        struct.pack_into("<i", self.map, SLOTS_AT + SLOT * SLOT_BYTES, os.getpid())

    def now_ms(self):
        return struct.unpack_from("<q", self.map, NOW_AT)[0]

    def stop_at(self, at_ms):
        struct.pack_into("<q", self.map, SLOTS_AT + SLOT * SLOT_BYTES + 16, at_ms)

    def taking_part(self):
        """How many others work, or wait for a time: who has only come does not hold time yet, and a sandbox never waits."""
        slots = [struct.unpack_from("<iiIxxxxq", self.map, SLOTS_AT + i * SLOT_BYTES) for i in range(SLOT)]
        return sum(pid != 0 and (busy > 0 or wake_ms < FOREVER) for pid, busy, _, wake_ms in slots)

    def reach(self, at_ms):
        self.stop_at(at_ms)
        wait_for(lambda: self.now_ms() >= at_ms, f"the clock never came to {at_ms}")

    def leave(self):
        struct.pack_into("<i", self.map, SLOTS_AT + SLOT * SLOT_BYTES, 0)
        self.map.close()
        self.file.close()

    def set_to(self, at_ms):
        struct.pack_into("<q", self.map, NOW_AT, at_ms)


def wait_for(condition, what):
    deadline = time.monotonic() + REAL_TIMEOUT_S
    while not condition():
        lib.holds(time.monotonic() < deadline, what)
        time.sleep(0.005)


class Part:
    """What one home knows of the sandbox."""

    def __init__(self, sandbox, shops):
        self.apps, self.shops = sandbox.apps, shops


class Pair:
    """A sandbox with many ad accounts of one app, and two homes with half of them each."""

    def __init__(self, t, shops):
        self.t, self.redis = t, Redis(t).start()
        self.env = {"HUILIU_CLOCK": str(t.folder() / "clock"), "HUILIU_CLOCK_START": str(ms(START)),
                    "HUILIU_COORD": self.redis.url}
        self.sandbox = t.sandbox(env=self.env, seed=1, life_shops=0, douplus_shops=shops, douplus_orders=10, live=True,
                                 quota=f"douplus:app={RATE}/1,burst={BURST}",
                                 **{"from": "2026-05-08", "to": (START + datetime.timedelta(days=3)).date().isoformat()})
        self.homes, self.of_home = [], {}
        for who in range(2):
            home = t.home(self.sandbox, env=self.env)
            mine = self.sandbox.shops[who::2]
            lib.add_shops(home, Part(self.sandbox, mine), "douplus", "2026-05-01", self.env)
            self.of_home.update({s["external_id"]: who for s in mine})
            self.homes.append(home)
        self.clock = Clock(self.env["HUILIU_CLOCK"])
        self.clock.set_to(ms(START) + 30 * 3600 * 1000)
        self.start_ms = self.clock.now_ms()
        self.processes = [t.start(home, "sync", env=self.env) for home in self.homes]
        wait_for(lambda: self.clock.taking_part() == 2 or self.ended(), "two processes never began")

    def ended(self):
        return any(p.poll() is not None for p in self.processes)

    def end(self):
        """Both are done, and well. The arrivals (ms, home) in order."""
        self.clock.stop_at(FOREVER)
        for process in self.processes:
            out, err = process.communicate(timeout=REAL_TIMEOUT_S)
            lib.sanitizers_quiet(err)
            lib.same(process.returncode, 0, f"exit code: {out[-600:]} {err[-1200:]}")
        lib.same(self.sandbox.counts()["refused"], 0, "calls beyond the sandbox's quota")
        return sorted((c["arrived_ms"], self.of_home.get(c["shop"])) for c in self.sandbox.log())


def refused(arrivals):
    """How many a bucket of RATE and BURST would have sent away; in exact thousandths of a call."""
    level, last_ms, many = BURST * 1000, arrivals[0][0], 0
    for at_ms, _ in arrivals:
        level, last_ms = min(BURST * 1000, level + (at_ms - last_ms) * RATE), at_ms
        many += level < 1000
        level -= 1000 if level >= 1000 else 0
    return many


def used(arrivals, from_ms, to_ms):
    """Which part of the allowed calls arrived in a time."""
    return sum(from_ms <= at < to_ms for at, _ in arrivals) * 1000 / RATE / (to_ms - from_ms)


def last_of_both(arrivals):
    return min(max(at for at, home in arrivals if home == who) for who in range(2))


def test_two_processes_use_one_quota_and_never_exceed_it(t):
    pair = Pair(t, 40)
    arrivals = pair.end()
    until_ms = last_of_both(arrivals)
    by_home = [sum(home == who for _, home in arrivals) for who in range(2)]
    share = used(arrivals, pair.start_ms, until_ms)
    print(f"# {len(arrivals)} calls, {by_home} of each, {100 * share:.1f} % used while both called", flush=True)
    lib.same(refused(arrivals), 0, "calls beyond the quota")
    lib.holds(min(by_home) > 100, f"calls of each home: {by_home}")
    lib.holds(share >= 0.95, f"only {100 * share:.1f} % of the quota was used")


def test_redis_is_killed_and_comes_back(t):
    pair = Pair(t, 60)
    killed_ms, back_ms = pair.start_ms + 10_000, pair.start_ms + 30_000
    pair.clock.reach(killed_ms)
    pair.redis.kill()
    pair.clock.reach(back_ms)
    pair.redis.start()
    arrivals = pair.end()
    until_ms = last_of_both(arrivals)
    before = used(arrivals, pair.start_ms, killed_ms)
    held = used(arrivals, killed_ms + 300, killed_ms + 1900)
    apart = used(arrivals, killed_ms + 3000, back_ms)
    after = used(arrivals, back_ms + 6000, until_ms)
    first_ms = min(at for at, _ in arrivals if at > back_ms + 2000) - back_ms
    print(f"# {len(arrivals)} calls; used before {100 * before:.1f} %, apart {100 * apart:.1f} %, after {100 * after:.1f} %; "
          f"the first {first_ms} ms after it was back", flush=True)
    lib.same(refused(arrivals), 0, "calls beyond the quota")
    lib.same(held, 0, "calls while nobody could know of the others")
    lib.holds(apart > 0.85, f"only {100 * apart:.1f} % was used without Redis")
    lib.holds(until_ms > back_ms + 15_000 and after >= 0.95, f"only {100 * after:.1f} % was used afterwards")
    lib.holds(first_ms < 5000, f"nothing for {first_ms} ms after Redis was back")


def test_redis_is_flushed(t):
    pair = Pair(t, 40)
    for second in (8, 16, 24):
        pair.clock.reach(pair.start_ms + second * 1000)
        lib.same(pair.redis.ask("FLUSHALL"), "+OK", "FLUSHALL")
    arrivals = pair.end()
    share = used(arrivals, pair.start_ms, last_of_both(arrivals))
    print(f"# {len(arrivals)} calls, {100 * share:.1f} % used", flush=True)
    lib.same(refused(arrivals), 0, "calls beyond the quota")
    lib.holds(share > 0.9, f"only {100 * share:.1f} % of the quota was used")


def checks(home, env):
    code, found = lib.huiliu_json(home, "doctor", env=env)
    return code, {c["check"]: c for c in found["checks"]}["coord"]


def test_a_server_that_does_not_let_us_in_is_said(t):
    redis, home = Redis(t).start(), t.home()
    lib.same(checks(home, {})[1]["finding"], "local")
    lib.same(checks(home, {"HUILIU_COORD": redis.url})[1]["good"], True)
    lib.same(redis.ask("DBSIZE"), ":0", "keys that doctor has made")
    wrong = {"HUILIU_COORD": redis.url.replace("s3cret", "hunter2")}
    lib.contains(checks(home, wrong)[1]["finding"], "WRONGPASS")
    code, _, err = lib.huiliu(home, "budget", "list", env=wrong)
    lib.same(code, 1, "exit code")
    lib.contains(err, "coord_refused", "WRONGPASS")
    redis.kill()
    code, check = checks(home, {"HUILIU_COORD": redis.url})
    lib.same((code, check["good"]), (1, False))
    code, _, err = lib.huiliu(home, "budget", "list", env={"HUILIU_COORD": redis.url})
    lib.contains(err, "coord_down")
    for _, out, err in (lib.huiliu(home, "settings", env=wrong), lib.huiliu(home, "doctor", env=wrong)):
        lib.holds("hunter2" not in out + err, "the password is shown")


def test_limits_are_set_and_used_budgets_listed(t):
    pair = Pair(t, 8)
    pair.end()
    home = pair.homes[0]
    one = lib.huiliu_json(home, "budget", "list", env=pair.env)[1]["budgets"][0]
    lib.same((one["key"], one["limit"], one["set"], one["refused"]), ("douplus/app:1/api", "10/1s", False, 0))
    lib.same(one["taken"], pair.sandbox.counts()["calls"], "calls of both processes together")
    lib.huiliu(home, "budget", "set", "douplus/api", "5/1s", "--burst", "2", env=pair.env, check=True)
    one = lib.huiliu_json(home, "budget", "list", env=pair.env)[1]["budgets"][0]
    lib.same((one["limit"], one["burst"], one["set"]), ("5/1s", 2, True))
    for words, code in ((("douplus/apo", "1/1s"), "budget_unknown"), (("douplus/api", "0/1s"), "budget_rate"),
                        (("douplus/api", "1/40d"), "budget_rate"), (("douplus/api", "much"), "budget_rate")):
        exit_code, _, err = lib.huiliu(home, "budget", "set", *words, env=pair.env)
        lib.same(exit_code, 2, "exit code")
        lib.contains(err, code)
    lib.huiliu(home, "budget", "reset", "douplus/app:1/api", env=pair.env, check=True)
    one = lib.huiliu_json(home, "budget", "list", env=pair.env)[1]["budgets"][0]
    lib.same((one["limit"], one["taken"]), ("5/1s", None), "what is set for all stays; the bucket starts anew")


if __name__ == "__main__":
    lib.main(globals())

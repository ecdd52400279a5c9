#!/usr/bin/env python3
"""Two processes on one PostgreSQL database, and no Redis: they share the budgets of an app, its locks and its tokens through rows of
that database, without anything being set. The judge is the sandbox's call log."""
# Takes 120 s.
import signal

import lib
from ads import START, ms
from on_server import OnServer, server_start
from shared_budget import FOREVER, RATE, BURST, REAL_TIMEOUT_S, Clock, last_of_both, refused, used, wait_for
from tokens import Consents


class Two:
    """A sandbox with many ad accounts of one app, and a home whose `sync` runs twice, for half of them each."""

    def __init__(self, t, shops, env=None, fail=("", "")):
        self.t, self.server = t, server_start(t)
        self.env = {"HUILIU_CLOCK": str(t.folder() / "clock"), "HUILIU_CLOCK_START": str(ms(START)),
                    "HUILIU_STORE": self.server.url, **(env or {})}
        self.sandbox = t.sandbox(env=self.env, seed=1, life_shops=0, douplus_shops=shops, douplus_orders=10, live=True,
                                 quota=f"douplus:app={RATE}/1,burst={BURST}", **{"from": "2026-05-08", "to": "2026-05-13"})
        self.home = t.home(self.sandbox, env=self.env)
        lib.add_shops(self.home, self.sandbox, "douplus", "2026-05-01", self.env)
        self.halves = [self.sandbox.shops[who::2] for who in range(2)]
        self.of_shop = {s["external_id"]: who for who, half in enumerate(self.halves) for s in half}
        self.clock = Clock(self.env["HUILIU_CLOCK"])
        self.clock.set_to(ms(START) + 30 * 3600 * 1000)
        self.start_ms = self.clock.now_ms()
        self.processes = [self.begin(who, fail[who]) for who in range(2)]
        wait_for(lambda: self.clock.taking_part() == 2 or self.ended(), "two processes never began")

    def begin(self, who, fail=""):
        words = [word for shop in self.halves[who] for word in ("--shop", shop["name"])]
        return self.t.start(self.home, "sync", *words, env={**self.env, **({"HUILIU_FAIL": fail} if fail else {})})

    def ended(self):
        return any(p.poll() is not None for p in self.processes)

    def end(self, codes=(0, 0)):
        """The arrivals (ms, process) in order."""
        self.clock.stop_at(FOREVER)
        for process, code in zip(self.processes, codes):
            out, err = process.communicate(timeout=REAL_TIMEOUT_S)
            lib.sanitizers_quiet(err)
            lib.same(process.returncode, code, f"exit code: {out[-600:]} {err[-1200:]}")
        return self.arrivals()

    def arrivals(self):
        return sorted((c["arrived_ms"], self.of_shop.get(c["shop"])) for c in self.sandbox.log())

    def quota_kept(self):
        lib.same(self.sandbox.counts()["refused"], 0, "calls beyond the sandbox's quota")
        lib.same(refused(self.arrivals()), 0, "calls beyond the quota")


def test_two_processes_use_one_quota_and_never_exceed_it(t):
    two = Two(t, 40)
    arrivals = two.end()
    share = used(arrivals, two.start_ms, last_of_both(arrivals))
    by_process = [sum(who == process for _, who in arrivals) for process in range(2)]
    print(f"# {len(arrivals)} calls, {by_process} of each, {100 * share:.1f} % used while both called", flush=True)
    two.quota_kept()
    lib.holds(min(by_process) > 100, f"calls of each: {by_process}")
    lib.holds(share >= 0.95, f"only {100 * share:.1f} % of the quota was used")


def test_the_database_is_killed_and_comes_back(t):
    """What it knew of the buckets is gone (they are not logged): they start empty."""
    two = Two(t, 40)
    for second in (5, 10):
        two.clock.reach(two.start_ms + second * 1000)
        two.server.restart()
    arrivals = two.end()
    share = used(arrivals, two.start_ms, last_of_both(arrivals))
    print(f"# {len(arrivals)} calls, {100 * share:.1f} % used", flush=True)
    two.quota_kept()
    lib.holds(share > 0.85, f"only {100 * share:.1f} % of the quota was used")


def killed_at(t, point):
    """One of the two is killed there; the other and a third, which does what is left, use the quota and no more."""
    two = Two(t, 40, fail=(point + "=kill@120", ""))
    killed_ms = two.start_ms
    while two.processes[0].poll() is None:
        killed_ms += 500
        lib.holds(killed_ms < two.start_ms + 12_000, f"{point} was not reached")
        two.clock.reach(killed_ms)
    two.processes.append(two.begin(0))
    arrivals = two.end((-signal.SIGKILL, 0, 0))
    until_ms = last_of_both(arrivals)
    share = used(arrivals, killed_ms + 3000, until_ms)
    print(f"# killed {killed_ms - two.start_ms} ms after the start; {len(arrivals)} calls, {100 * share:.1f} % used afterwards",
          flush=True)
    two.quota_kept()
    lib.holds(until_ms > killed_ms + 10_000 and share >= 0.93, f"only {100 * share:.1f} % of the quota was used")


def test_killed_while_it_holds_a_budget(t):
    killed_at(t, "store.side.held")


def test_killed_when_a_call_was_given_to_it(t):
    killed_at(t, "store.side.committed")


def test_limits_are_set_and_used_budgets_listed(t):
    two = Two(t, 8)
    two.end()

    def listed():
        return lib.huiliu_json(two.home, "budget", "list", env=two.env)[1]["budgets"][0]
    one = listed()
    lib.same((one["key"], one["limit"], one["set"], one["refused"]), ("douplus/app:1/api", "10/1s", False, 0))
    lib.same(one["taken"], two.sandbox.counts()["calls"], "calls of both processes together")
    lib.huiliu(two.home, "budget", "reset", "douplus/app:1/api", env=two.env, check=True)
    lib.same(listed()["taken"], None, "the bucket starts anew")


def test_a_limit_that_is_set_holds_in_both_within_two_seconds(t):
    two = Two(t, 30)
    set_ms = two.start_ms + 8000
    two.clock.reach(set_ms)
    lib.huiliu(two.home, "budget", "set", "douplus/api", "4/1s", "--burst", "1", env={"HUILIU_STORE": two.server.url}, check=True)
    until_ms = set_ms + 12_000
    two.clock.reach(until_ms)
    arrivals = two.arrivals()
    before, after = used(arrivals, two.start_ms + 2000, set_ms), used(arrivals, set_ms + 2000, until_ms)
    print(f"# used before {100 * before:.1f} %, after {100 * after:.1f} %", flush=True)
    two.end()
    two.quota_kept()
    lib.holds(before >= 0.93 and 0.37 <= after <= 0.40, "calls a second before and after")


def doctor_coord(home, env):
    """What doctor finds of the coordinator, and its exit code."""
    code, found = lib.huiliu_json(home, "doctor", env=env)
    return code, [(c["good"], c["finding"]) for c in found["checks"] if c["check"] == "coord"]


def test_workers_that_share_nothing_are_told_by_doctor(t):
    server = server_start(t)
    env = {"HUILIU_STORE": server.url}
    home = t.home(env=env)
    lib.huiliu(home, "shop", "list", env=env, check=True)
    lib.same(doctor_coord(home, env), (0, [(True, "database")]))
    local = {**env, "HUILIU_COORD": "local"}
    for many in (1, 2):
        server.sql("INSERT INTO worker (name, host, pid, version, threads, busy, degraded, started_ms, beat_ms) VALUES "
                   f"('w{many}', 'h', {many}, '1', 1, 0, 0, 0, CAST(extract(epoch FROM now()) * 1000 AS bigint))")
        code, findings = doctor_coord(home, local)
        lib.same((code, len(findings)), (many - 1, many), f"with {many} workers")
    lib.contains(findings[1][1], "2 workers")
    lib.same(doctor_coord(home, env)[0], 0, "those that share by the database")


# --- real time: the server's clock decides ---

FAST = 40


class Workers(OnServer):
    def __init__(self, t):
        super().__init__(t, server_start(t), real_time=True, seed=1, life_shops=0, douplus_shops=40, douplus_orders=10,
                         quota=f"douplus:app={FAST}/1,burst={FAST}")
        self.run("budget", "set", "douplus/api", f"{FAST}/1s", check=True)
        self.processes = [self.start("scheduler")] + [self.start("worker", "--workers", "4") for _ in range(3)]

    def end(self):
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            _, err = process.communicate(timeout=REAL_TIMEOUT_S)
            lib.same(process.returncode, 0, f"exit code: {err[-600:]}")
            lib.sanitizers_quiet(err)


def test_three_workers_of_which_one_is_killed_keep_the_quota(t):
    world = Workers(t)
    wait_for(lambda: world.sandbox.counts()["calls"] > 4 * FAST, "nothing was called")
    victim = world.processes.pop()
    victim.kill()
    victim.communicate()
    world.processes.append(world.start("worker", "--workers", "4"))
    wait_for(lambda: world.sandbox.counts()["calls"] > 12 * FAST, "the others do not go on")
    world.end()
    arrivals = sorted(c["arrived_ms"] for c in world.sandbox.log())[FAST:12 * FAST]
    share = len(arrivals) * 1000 / (arrivals[-1] - arrivals[0]) / FAST
    print(f"# {100 * share:.1f} % of {FAST} calls a second used", flush=True)
    world.quota_kept()
    lib.holds(share > 0.8, f"only {100 * share:.1f} % of the quota was used")  # real time on a machine that does other things


# --- tokens ---

class ConsentsOnServer(Consents):
    def __init__(self, t, shops, env=None):
        self.server = server_start(t)
        super().__init__(t, shops, env={"HUILIU_STORE": self.server.url, **(env or {})})

    rows, execute = OnServer.rows, OnServer.execute

    def pulls(self):
        """Every second shop by each of two processes, which begin at one moment; they are waited for."""
        clock = Clock(self.env["HUILIU_CLOCK"])
        clock.stop_at(clock.now_ms())
        processes = []
        for who in range(2):
            words = [word for shop in self.shops[who::2] for word in ("--shop", shop["name"])]
            processes.append(self.t.start(self.home, "sync", "--stream", "ad_orders", "--full", *words, env=self.env))
        wait_for(lambda: clock.taking_part() == 2 or any(p.poll() is not None for p in processes), "they never began")
        clock.stop_at(FOREVER)
        codes = []
        for process in processes:
            _, err = process.communicate(timeout=REAL_TIMEOUT_S)
            lib.sanitizers_quiet(err)
            codes.append(process.returncode)
        clock.leave()
        return codes


def test_a_token_is_refreshed_by_one_of_two_processes(t):
    stage = ConsentsOnServer(t, 6).authorised()
    stage.near_its_end()
    lib.same(stage.pulls(), [0, 0], "exit codes")
    lib.same(stage.refreshes(), [1], "refreshes for six shops in two processes")
    stage.sandbox.config(revoke_tokens=True)
    lib.same(stage.pulls(), [0, 0], "exit codes")
    lib.same(stage.refreshes(), [2], "refreshes after the token was revoked")
    stage.healthy()


def test_the_lock_of_a_killed_process_runs_out(t):
    stage = ConsentsOnServer(t, 4).authorised()
    stage.near_its_end()
    code, _, _ = stage.pull("--full", "--shop", stage.shops[0]["name"], env={"HUILIU_FAIL": "token.refreshing.committed=kill"})
    lib.same(code, -signal.SIGKILL, "the point was not reached")
    lock = stage.rows("SELECT entered, owner FROM coord_lock WHERE name = 'token:shop:1'")[0]
    lib.same(lock["entered"], 1, "the lock it left")
    lib.same(stage.pulls(), [0, 0], "exit codes")
    lib.same(stage.refreshes(), [1])
    stage.healthy()


if __name__ == "__main__":
    lib.main(globals())

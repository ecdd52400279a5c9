#!/usr/bin/env python3
"""Results and sums follow from what is stored, and nothing else: every row of them equals what results.py makes of the data
tables, after syncs, changes, kills and rebuilds; and the real file's sums come out to the cent."""
# Takes 35 s.
import datetime
import json
import signal
import subprocess
from collections import Counter

import lib
import real
from ads import START, AdsWorld
from api_client import wait_for
from on_server import OnServer, server_start
from results import results_equal
from trade_sums import trade_equal
from truth import Stage


SUMS = {"orders": lambda r: 1, "budget": lambda r: real.fen(r["budget_yuan"]), "cost": lambda r: real.fen(r["cost_yuan"]),
        **{ours: lambda r, theirs=theirs: int(r[theirs]) for theirs, ours in real.COUNTERS.items()}}


def file_sums_equal(truth, stage):
    """Sums over ad_day are the file's: by shop, by day, by video; and every order's row is its line."""
    accounts = {stage.shop_id(shop): shop["name"] for shop in stage.shops}
    for by in (lambda r: r["account"], lambda r: (r["account"], r["created"][:10]), lambda r: (r["account"], r["item_id"])):
        wanted = {}
        for line in truth.values():
            total = wanted.setdefault(by(line), Counter())
            for name, read in SUMS.items():
                total[name] += read(line)
        got = {}
        for row in stage.rows("SELECT * FROM ad_day WHERE basis = 'created'"):
            total = got.setdefault(by({"account": accounts[row["shop_id"]], "created": row["day"], "item_id": row["item_id"]}), Counter())
            for name in SUMS:
                total[name] += row[name] or 0
        lib.same({k: dict(v) for k, v in got.items()}, {k: dict(v) for k, v in wanted.items()}, "sums")
    for row in stage.rows("SELECT * FROM ad_result"):
        line = truth[row["order_id"]]
        for name, read in SUMS.items():
            if name != "orders":
                lib.same(row[name] or 0, read(line), f"{name} of {row['order_id']}")
        lib.same((accounts[row["shop_id"]], row["item_id"], row["day"]), (line["account"], line["item_id"], line["created"][:10]),
                 row["order_id"])


def test_the_real_file_comes_to_the_same_by_order_by_video_and_by_shop(t):
    truth, stage = real.file_rows(), real.real_stage(t)
    stage.sync()
    lib.same(results_equal(stage.rows)[0], len(truth), "results")
    file_sums_equal(truth, stage)


def dump(stage):
    def rows(table):
        return sorted(repr({k: v for k, v in sorted(dict(row).items()) if k != "changed_ms"})
                      for row in stage.rows(f"SELECT * FROM {table}"))
    return {table: rows(table) for table in ("ad_result", "ad_day", "ad_shop_day", "ad_video")}


def test_results_follow_a_world_that_goes_on(t):
    """Orders are placed, spend, end and change; days and months pass: after each sync every row is right. A rebuild changes
    nothing, and what was spoilt by hand is as it was."""
    stage = AdsWorld(t, shops=2, orders=120, days=30)
    for hours in (0, 1, 26, 24 * 9, 24 * 22, 24 * 23, 24 * 45, 24 * 80):
        stage.pass_at(START + datetime.timedelta(hours=hours))
        results_equal(stage.rows)
    lib.holds(len({row["day"][:7] for row in stage.rows("SELECT day FROM ad_day")}) > 1, "no month has ended")
    lib.holds(stage.rows("SELECT 1 FROM ad_result WHERE final = 1"), "no order is final")
    before = dump(stage)
    stage.run("derive", "rebuild", check=0)
    lib.same(dump(stage), before, "results after a rebuild")
    stage.execute("UPDATE ad_result SET cost = cost + 1, day = '2001-01-01'; UPDATE ad_day SET cost = 7; DELETE FROM ad_video;"
                  " INSERT INTO ad_day (shop_id, basis, day, item_id, currency, orders, told, provisional)"
                  " VALUES (1, 'created', '2000-01-01', '', '', 1, 1, 1);"
                  " UPDATE ad_shop_day SET cost = 7, video_list = '1';"
                  " INSERT INTO ad_shop_day (shop_id, basis, day, currency, orders, told, provisional, videos)"
                  " VALUES (1, 'spent', '2000-01-02', '', 1, 1, 1, 0)")
    stage.run("derive", "rebuild", check=0)
    lib.same(dump(stage), before, "results after they were spoilt and rebuilt")


def test_an_audit_tells_of_drift_and_mends_it(t):
    stage = real.real_stage(t)
    stage.sync()
    lib.same(json.loads(stage.run("derive", "audit", "--json", check=0)[1])["differing"], 0, "differing")
    before = dump(stage)
    stage.execute("UPDATE ad_result SET cost = cost + 1")
    code, out, err = stage.run("derive", "audit", "--json")
    lib.same(code, 3, "exit code of an audit that finds drift")
    lib.holds(json.loads(out)["differing"] > 10, out)
    lib.holds([e for e in stage.rows("SELECT kind FROM event") if e["kind"] == "derive_drift"], "no event tells of it")
    stage.run("derive", "rebuild", check=0)
    lib.same(dump(stage), before, "results after they were mended")
    lib.contains(stage.run("status", check=0)[1], "differed")


def test_killed_anywhere_nothing_is_lost_or_doubled(t):
    stage = real.real_stage(t)
    stage.sync()
    wanted = dump(stage)
    for point in ("derive.results", "derive.sums", "derive.committed", "store.commit.before", "store.commit.after"):
        for at in (1, 2):
            stage.run("derive", "rebuild", env={"HUILIU_FAIL": f"{point}=kill@{at}"})
            results_left = stage.rows("SELECT count(*) AS n FROM ad_result")[0]["n"]
            lib.holds(results_left > 0, "results are gone")
            stage.run("derive", "rebuild", check=0)
            lib.same(dump(stage), wanted, f"results after a kill at {point}")
            results_equal(stage.rows)


def rebuilt_though_a_service_dies(stage, rebuild, service):
    """`service` dies in its first unit; the command ends all the same, and everything is right."""
    lib.same(service.wait(60), -signal.SIGKILL, "how the service ended")
    try:
        _, err = rebuild().communicate(timeout=60)
    except subprocess.TimeoutExpired:
        raise lib.Failure(f"the rebuild waits for ever: {stage.rows('SELECT kind, state, worker, run FROM task')}") from None
    left = stage.rows("SELECT count(*) AS n FROM touched")[0]["n"]
    lib.same((int(left), stage.rows("SELECT kind FROM task WHERE kind = 'derive'")), (0, []), f"what is left: {err}")
    trade_equal(stage.rows)


def dying_service(stage):
    return stage.t.start(stage.home, "run", env={**stage.env, "HUILIU_FAIL": "derive.trade=kill@1"}, start_new_session=True)


def world_of_now(make, *arguments):
    first = (datetime.date.today() - datetime.timedelta(days=14)).isoformat()
    return make(*arguments, real_time=True, life_shops=1, life_orders=60, douplus_shops=0, since=first, **{"from": first})


def test_a_rebuild_goes_on_where_the_service_dies_that_it_follows(t):
    stage = world_of_now(Stage, t)
    stage.sync()
    service = dying_service(stage)
    lock = stage.home / "worker.lock"
    wait_for(lambda: "huiliu run" in lock.read_text("utf-8"), "the service works")
    rebuild = stage.start("derive", "rebuild")
    rebuilt_though_a_service_dies(stage, lambda: rebuild, service)


def test_a_rebuild_takes_what_a_dead_process_holds_on_a_server(t):
    stage = world_of_now(OnServer, t, server_start(t))
    stage.sync()
    sku = stage.rows("SELECT sku_id FROM trade_result WHERE sku_id <> '' LIMIT 1")[0]["sku_id"]
    stage.run("cost", "set", stage.shops[0]["name"], sku, "2026-01-01", "1.50", check=True)
    service = dying_service(stage)
    rebuilt_though_a_service_dies(stage, lambda: stage.start("derive", "rebuild"), service)


if __name__ == "__main__":
    lib.main(globals())

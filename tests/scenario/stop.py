#!/usr/bin/env python3
"""A sync that is asked to stop ends within seconds, says how to go on, and the same command goes on."""
import json
import signal
import time

import lib
from lib import contains, holds, huiliu, same

STOP_TIMEOUT_S = 20  # the longest page in flight, with room for sanitizers on a busy machine


def stopped(t, number):
    sandbox = t.sandbox(life_shops=2, life_orders=2000, douplus_shops=0, quota="shop=5/1")
    home = t.home(sandbox)
    shops = lib.add_shops(home, sandbox, "douyin-life")
    process = t.start(home, "sync", "--json")
    deadline = time.monotonic() + 60
    while not lib.rows(home, "SELECT 1 FROM trade_order LIMIT 1") and time.monotonic() < deadline:
        time.sleep(0.05)
    asked = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=STOP_TIMEOUT_S)
    holds(time.monotonic() - asked < STOP_TIMEOUT_S, "it took too long to stop")
    same(process.returncode, 1, f"exit code of a stopped sync: {err}")
    same(json.loads(out)["result"], "stopped")
    contains(err, "stopping")
    lib.sanitizers_quiet(err)
    return sandbox, home, shops


def goes_on(sandbox, home, shops):
    sandbox.config(quota=[])
    code, out, err = huiliu(home, "sync", "--json")
    same(code, 0, err)
    same(json.loads(out)["result"], "done")
    for shop in shops:
        found = lib.rows(home, "SELECT order_id FROM trade_order o JOIN shop s ON s.id = o.shop_id "
                               "WHERE s.external_id = ? ORDER BY order_id", shop["external_id"])
        wanted = sorted(o["order_id"] for o in sandbox.truth("douyin-life", shop["external_id"]))
        same([r["order_id"] for r in found], wanted, "orders after going on")


def test_ctrl_c_loses_nothing(t):
    goes_on(*stopped(t, signal.SIGINT))


def test_a_service_manager_may_stop_it(t):
    stopped(t, signal.SIGTERM)


if __name__ == "__main__":
    lib.main(globals())

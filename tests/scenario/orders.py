#!/usr/bin/env python3
"""Orders: complete, proven, and nothing written twice."""
# Takes 60 s.
import lib
from truth import Stage


def test_twenty_thousand_orders_equal_the_truth(t):
    stage = Stage(t, life_shops=8, life_orders=2500, big_day=1500, life_apps=2, douplus_shops=0,
                  quota="shop=20/1,burst=20")
    stage.sync()
    stage.rows_equal()
    stage.every_window("A")
    stage.seals_hold()
    stage.quota_kept()
    stage.watch_writes()
    stage.sync("--full")
    stage.nothing_written()


def test_rows_that_keep_changing_are_right_after_the_audit(t):
    stage = Stage(t, since="2026-04-25", life_shops=3, life_orders=800, douplus_shops=0, live=True, churn=120,
                  quota="shop=2/1,burst=2", **{"from": "2026-05-01"})
    for _ in range(3):
        stage.sync(check=None)
    stage.sandbox.config(churn=0)
    stage.sync(check=None)
    stage.seals_hold()
    moved = stage.rows("SELECT count(*) AS n FROM sync_window WHERE state = 'moved'")[0]["n"]
    lib.holds(moved > 0, "no window moved: nothing changed while it was read")


def test_windows_without_totals_are_grade_b(t):
    stage = Stage(t, life_shops=2, life_orders=600, douplus_shops=0, totals="omit")
    stage.sync()
    stage.rows_equal()
    stage.every_window("B")
    stage.seals_hold()


def test_windows_whose_totals_are_capped_are_split(t):
    stage = Stage(t, life_shops=1, life_orders=26000, big_day=24000, douplus_shops=0, totals="cap")
    stage.sync()
    stage.rows_equal()
    stage.every_window("A")
    split = stage.rows("SELECT count(*) AS n FROM sync_window WHERE state = 'split'")[0]["n"]
    lib.holds(split > 0, "no window was split")


if __name__ == "__main__":
    lib.main(globals())

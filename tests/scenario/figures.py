#!/usr/bin/env python3
"""Figures of ads and the revisit of open orders: the wrongs of the system before (../shared/spec/1-douplus.md, 7), each by its
name, over a platform of a few lines (fake_ads.py). Expected numbers come from the events that the test made up."""
# Takes 150 s.
import contextlib
import copy
import json
import shutil
import signal
import sqlite3

from fake_ads import LIST, REFUSED, REPORT, UNREADABLE, AdsStage, FakeAds, ad_order, ms_of, order_id
from lib import holds, same, steps_undo

DAY = "2026-05-20"
NOON = f"{DAY} 12:00:00"


def one_order(t, created=f"{DAY} 10:00:00", start=NOON, **changes):
    fake = FakeAds({"sec-a": [ad_order(1, created, **changes)]})
    return fake, AdsStage(t, fake, start)


def test_snapshots_are_no_differences(t):
    """The system before added 5.20, 10.39 … up to 52.29 yuan where 15.70 had been spent."""
    fake, stage = one_order(t)
    costs = [520, 519, 531, 0]
    for i, cost in enumerate(costs):
        fake.spend(1, DAY, cost=cost, plays=10)
        stage.sync_at(f"{DAY} 12:{5 * i:02}:07")
    same(stage.life(1)["cost"], 1570, "life cost")
    same([r["cost"] for r in stage.snapshots(1)], [520, 1039, 1570, 1570], "snapshots")
    same([r["at"] for r in stage.snapshots(1)], [ms_of(f"{DAY} 12:{5 * i:02}:00") for i in range(4)], "their windows")
    same({day: r["cost"] for day, r in stage.days(1).items()}, {DAY: 1570}, "days")
    stage.good()


def test_a_snapshot_only_where_something_changed(t):
    fake, stage = one_order(t)
    fake.spend(1, DAY, cost=520)
    for minute in range(0, 60, 5):
        stage.sync_at(f"{DAY} 12:{minute:02}:07")
    same(len(stage.snapshots(1)), 1, "snapshots")
    fake.spend(1, DAY, cost=1, shown=3)
    stage.sync_at(f"{DAY} 13:00:00")
    same([(r["cost"], r["shown"]) for r in stage.snapshots(1)], [(520, 0), (521, 3)], "snapshots")


def test_within_one_window_the_later_answer_replaces_every_column(t):
    """The system before froze some columns at the first value of a window."""
    fake, stage = one_order(t)
    fake.spend(1, DAY, cost=1, shown=1)
    stage.sync_at(f"{DAY} 12:00:10")
    fake.spend(1, DAY, cost=1, shown=1, plays=1)
    stage.sync_at(f"{DAY} 12:03:10", "--full")
    same([(r["cost"], r["shown"], r["plays"]) for r in stage.snapshots(1)], [(2, 2, 1)], "snapshots")


def test_a_month_ends(t):
    """The system before asked from the first of the month on: costs began anew."""
    fake, stage = one_order(t, "2026-05-31 20:00:00", "2026-05-31 21:00:00")
    fake.spend(1, "2026-05-31", cost=700, plays=70)
    stage.sync()
    fake.spend(1, "2026-06-01", cost=300, plays=30)
    stage.sync_at("2026-06-01 00:10:00")
    same((stage.life(1)["cost"], stage.life(1)["plays"]), (1000, 100), "life")
    same({day: r["cost"] for day, r in stage.days(1).items()}, {"2026-05-31": 700, "2026-06-01": 300}, "days")


def test_an_order_that_is_met_late_has_its_days(t):
    """As far back as the manifest says (90 d), so that who begins today sees what was spent in the months before."""
    fake, stage = one_order(t, created="2026-03-30 09:00:00", status="DELIVERIED", hours=72)
    other = ad_order(2, "2026-02-01 09:00:00", status="DELIVERIED", hours=24 * 60)
    fake.accounts["sec-a"].append(other)
    for day, cost in (("2026-03-30", 100), ("2026-03-31", 200), ("2026-04-01", 300)):
        fake.spend(1, day, cost=cost)
    fake.spend(2, "2026-02-18", cost=4000)
    fake.spend(2, "2026-02-19", cost=50)
    stage.sync()
    costs = {day: r["cost"] for day, r in stage.days(1).items() if r["cost"]}
    same(costs, {"2026-03-30": 100, "2026-03-31": 200, "2026-04-01": 300}, "days of an order that ended long ago")
    same({day: r["cost"] for day, r in stage.days(2).items() if r["cost"]}, {"2026-02-19": 50}, "days of the last three months")
    same([stage.plan(n)["days_next_ms"] for n in (1, 2)], [None, None], "days due")
    calls = len(fake.asked)
    stage.sync_at(f"{DAY} 12:05:00")
    same(len(fake.asked), calls, "ranges that were asked")
    stage.good()


def test_orders_older_than_150_and_than_180_days(t):
    """One call asks 180 days at most: what is older becomes a closed base."""
    created = {1: "2025-10-01 09:00:00", 2: "2025-12-10 09:00:00", 3: "2025-12-25 09:00:00", 4: "2026-05-20 09:00:00"}
    fake = FakeAds({"sec-a": [ad_order(n, at, hours=24 * 400) for n, at in created.items()]})
    stage = AdsStage(t, fake, NOON)
    for number, at in created.items():
        for month in range(8):
            day = f"{2025 + (9 + month) // 12}-{(9 + month) % 12 + 1:02}-28"
            if at[:10] <= day < DAY:
                fake.spend(number, day, cost=100 * number + month, plays=10 + month, played=number, conversions=1)
        fake.spend(number, DAY, cost=number, plays=3, played=3)
    for start in (NOON, "2026-05-20 13:00:00", "2026-07-15 12:00:00", "2026-10-15 12:00:00"):
        if start.startswith("2026-07"):
            fake.spend(1, "2026-07-10", cost=5000, plays=1)
        stage.sync_at(start)
        for number in created:
            row = stage.life(number)
            for column in ("cost", "plays", "conversions"):
                same(row[column], fake.life(number, column), f"{column} of order {number} at {start}")
            played, plays = fake.life(number, "played"), fake.life(number, "plays")
            holds(abs(row["rate_5s"] - 1e6 * played / plays) <= 2, f"rate of order {number}: {row['rate_5s']}")
    bases = stage.rows("SELECT order_id, count(*) AS n FROM ad_figure_base GROUP BY order_id ORDER BY order_id")
    same([b["order_id"] for b in bases][:3], [str(order_id(n)) for n in (1, 2, 3)], "orders with a base")
    holds(bases[0]["n"] > 1, "the oldest order has one base only")
    stage.good()


def test_an_answer_leaves_an_order_out(t):
    fake, stage = one_order(t)
    fake.spend(1, DAY, cost=520)
    stage.sync()
    fake.left_out = {order_id(1)}
    for minute, missing in ((5, 1), (10, 2)):
        stage.sync_at(f"{DAY} 12:{minute:02}:00")
        same((stage.life(1)["cost"], stage.plan(1)["missing"]), (520, missing), "cost and how often it was left out")
    fake.left_out = set()
    fake.spend(1, DAY, cost=1)
    stage.sync_at(f"{DAY} 12:15:00")
    same((stage.life(1)["cost"], stage.plan(1)["missing"]), (521, 0), "cost and how often it was left out")


def test_zero_is_a_figure(t):
    """A guard "> 0" once dropped three rows of four."""
    fake, stage = one_order(t)
    fake.spend(1, DAY, cost=0, plays=0)
    stage.sync()
    row = stage.life(1)
    same((row["cost"], row["plays"], row["conversions"], row["rate_5s"]), (0, 0, 0, 0), "figures")
    fake.spend(1, DAY, cost=9)
    stage.sync_at(f"{DAY} 12:05:00")
    fake.spend(1, DAY, cost=-9)
    stage.sync_at(f"{DAY} 12:10:00")
    same(stage.life(1)["cost"], 0, "cost after it was taken back")
    same([r["cost"] for r in stage.snapshots(1)], [0, 9, 0], "snapshots")


def test_a_figure_goes_down(t):
    """The platform corrects: what it says now holds, for the life and for the day."""
    fake, stage = one_order(t)
    fake.spend(1, DAY, cost=1000, plays=100)
    stage.sync()
    fake.spend(1, DAY, cost=-40, plays=-7)
    stage.sync_at(f"{DAY} 12:05:00")
    same((stage.life(1)["cost"], stage.life(1)["plays"], stage.days(1)[DAY]["cost"]), (960, 93, 960), "figures")
    same([r["cost"] for r in stage.snapshots(1)], [1000, 960], "snapshots")


DAY_1, DAY_2 = "2026-05-02", "2026-05-09"


def order_of_a_week(t):
    """It runs from DAY_1 to DAY_2 and costs 100 on each of the two; five days later DAY_1 is final."""
    fake, stage = one_order(t, f"{DAY_1} 10:00:00", f"{DAY_1} 12:00:00", hours=24 * 7)
    fake.spend(1, DAY_1, cost=100)
    stage.sync()
    stage.sync_at("2026-05-07 12:30:00")
    fake.spend(1, DAY_2, cost=100)
    stage.sync_at(f"{DAY_2} 09:30:00")
    holds(stage.plan(1)["days_to"] >= DAY_1, "the first day is not final")
    return fake, stage


def end_of_a_week(fake, stage):
    """The order ends; days after days pass until its last one is final."""
    fake.order(1)["status"] = "DELIVERIED"
    stage.sync_at(f"{DAY_2} 10:30:00")
    for day in range(10, 17):
        stage.sync_at(f"2026-05-{day} 12:30:00")
    same(stage.plan(1)["days_next_ms"], None, "days due")


def days_are(stage, first, second):
    days = stage.days(1)
    same((days[DAY_1]["cost"], days[DAY_2]["cost"]), (first, second), "cost of the first and of the last day")


def test_a_day_that_was_final_is_corrected_while_the_order_runs(t):
    """Money that falls says so; with the next hour all days are asked, once."""
    fake, stage = order_of_a_week(t)
    asked = fake.asked[order_id(1), DAY_1, DAY_1]
    stage.sync_at(f"{DAY_2} 10:35:00")
    same(fake.asked[order_id(1), DAY_1, DAY_1], asked, "times that a final day was asked")
    fake.spend(1, DAY_1, cost=-13)
    for minute in (40, 45, 50, 55):
        stage.sync_at(f"{DAY_2} 10:{minute}:00")
    stage.sync_at(f"{DAY_2} 11:20:00")
    days_are(stage, 87, 100)
    stage.sync_at(f"{DAY_2} 12:20:00")
    same(fake.asked[order_id(1), DAY_1, DAY_1], asked + 1, "times that a corrected day was asked")


def test_an_order_that_ought_to_have_ended_has_its_days_by_the_hour(t):
    fake, stage = one_order(t, f"{DAY_1} 10:00:00", f"{DAY_1} 12:30:00", hours=24)
    fake.spend(1, DAY_1, cost=100)
    stage.sync()
    stage.sync_at("2026-05-08 12:30:00")
    for hour in (13, 14):
        fake.spend(1, "2026-05-08", cost=10)
        stage.sync_at(f"2026-05-08 {hour}:30:00")
    same(stage.days(1)["2026-05-08"]["cost"], 20, "cost of today")


def test_likes_that_are_taken_back_ask_for_nothing(t):
    fake, stage = order_of_a_week(t)
    fake.spend(1, DAY_2, likes=50)
    stage.sync_at(f"{DAY_2} 10:02:00")
    asked, passes = fake.report_calls(), 10
    for i in range(passes):
        fake.spend(1, DAY_2, cost=1, likes=-1)
        stage.sync_at(f"{DAY_2} 10:{5 + 5 * i:02}:00")
    same(fake.report_calls() - asked, 2 * passes, "reports in ten passes")


def test_a_figure_that_is_not_said_any_more_asks_for_nothing(t):
    fake, stage = order_of_a_week(t)
    fake.spend(1, DAY_2, cost=1, likes=50)
    stage.sync_at(f"{DAY_2} 10:02:00")
    fake.unsaid = {"custom_like"}
    asked, passes = fake.report_calls(), 5
    for i in range(passes):
        fake.spend(1, DAY_2, plays=1)
        stage.sync_at(f"{DAY_2} 10:{5 + 5 * i:02}:00")
    same(fake.report_calls() - asked, 2 * passes, "reports in five passes")


def test_days_are_asked_whenever_the_hour_has_passed(t):
    """Not only by a pass that comes just before a full hour: whoever syncs at half past has whole days, too."""
    fake, stage = one_order(t, f"{DAY_1} 10:00:00", f"{DAY_1} 12:30:00", hours=24 * 30)
    fake.spend(1, DAY_1, cost=100)
    stage.sync()
    for day in range(3, 8):
        if day == 4:
            fake.spend(1, DAY_1, cost=7, conversions=4)
        for hour in (9, 10):
            stage.sync_at(f"2026-05-{day:02} {hour:02}:30:00")
    same((stage.days(1)[DAY_1]["cost"], stage.days(1)[DAY_1]["conversions"]), (107, 4), "what was booked late")
    same(stage.plan(1)["days_to"], "2026-05-03", "final up to")


def test_a_correction_that_new_money_hides_is_found_at_the_end(t):
    fake, stage = order_of_a_week(t)
    fake.spend(1, DAY_1, cost=-13)
    fake.spend(1, DAY_2, cost=20)
    stage.sync_at(f"{DAY_2} 09:40:00")
    same(stage.life(1)["cost"], 207, "cost of the life")
    end_of_a_week(fake, stage)
    days_are(stage, 87, 120)


def test_a_correction_after_all_days_were_final_is_found(t):
    """At once when all days were done; a second one, upwards, when they are done again."""
    fake, stage = order_of_a_week(t)
    end_of_a_week(fake, stage)
    fake.spend(1, DAY_1, cost=-13)
    stage.sync_at("2026-05-17 12:30:00")
    days_are(stage, 87, 100)
    fake.spend(1, DAY_1, cost=5)
    for day in range(19, 27):
        stage.sync_at(f"2026-05-{day} 12:30:00")
    days_are(stage, 92, 100)
    same(stage.plan(1)["days_next_ms"], None, "days due")
    asked = fake.report_calls()
    stage.sync_at("2026-05-27 12:30:00")
    same(fake.report_calls(), asked + 1, "calls when nothing changed: the life")


def test_a_day_that_is_left_out_of_the_last_round_is_asked_again(t):
    fake, stage = order_of_a_week(t)
    fake.spend(1, DAY_1, cost=-13)
    fake.spend(1, DAY_2, cost=20)
    fake.left_out_days = {(order_id(1), DAY_1)}
    stage.sync_at(f"{DAY_2} 09:40:00")
    fake.order(1)["status"] = "DELIVERIED"
    stage.sync_at(f"{DAY_2} 10:30:00")
    for day in range(10, 18):
        stage.sync_at(f"2026-05-{day} 12:30:00")
    days_are(stage, 100, 120)
    holds(stage.plan(1)["days_next_ms"], "no day is due")
    fake.left_out_days = set()
    stage.sync_at("2026-05-18 12:30:00")
    days_are(stage, 87, 120)
    same(stage.plan(1)["days_next_ms"], None, "days due")


def test_an_order_that_was_renewed_and_ended_between_two_passes(t):
    """It is final as it was; its row says that it changed."""
    fake, stage = order_of_a_week(t)
    end_of_a_week(fake, stage)
    fake.order(1)["renewed"] = 1
    fake.spend(1, "2026-05-19", cost=500)
    stage.sync_at("2026-05-20 12:30:00", "--full")
    for day in range(21, 28):
        stage.sync_at(f"2026-05-{day} 12:30:00")
    same(stage.life(1)["cost"], 700, "cost of the life")
    same(sum(r["cost"] for r in stage.days(1).values()), 700, "cost of the days")


def test_a_final_order_that_nobody_lists_delivers_again(t):
    fake, stage = order_of_a_week(t)
    end_of_a_week(fake, stage)
    for day in range(17, 21):
        fake.spend(1, f"2026-05-{day}", cost=50)
        stage.sync_at(f"2026-05-{day} 23:30:00")
    for day in range(21, 30):
        stage.sync_at(f"2026-05-{day} 12:30:00")
    same(sum(r["cost"] for r in stage.days(1).values()), 400, "cost of the days")


def test_two_orders_of_one_video_and_one_video_in_two_shops(t):
    fake = FakeAds({"sec-a": [ad_order(1, f"{DAY} 09:00:00"), ad_order(2, f"{DAY} 09:30:00")],
                    "sec-b": [ad_order(3, f"{DAY} 10:00:00")]})
    stage = AdsStage(t, fake, NOON)
    for number, cost in ((1, 100), (2, 250), (3, 4000)):
        fake.spend(number, DAY, cost=cost)
    stage.sync()
    same([stage.life(n)["cost"] for n in (1, 2, 3)], [100, 250, 4000], "each order has its own figures")
    by_shop = stage.rows("SELECT s.name, sum(f.cost) AS cost FROM ad_order o JOIN ad_figure f ON f.shop_id = o.shop_id"
                         " AND f.order_id = o.order_id JOIN shop s ON s.id = o.shop_id GROUP BY s.name, o.item_id")
    same({r["name"]: r["cost"] for r in by_shop}, {"sec-a": 350, "sec-b": 4000}, "the video in each shop")


def test_an_order_is_the_sum_of_its_ads(t):
    fake, stage = one_order(t, ads=2)
    fake.spend(1, DAY, ad=1, cost=100, plays=10, played=1, conversions=2)
    fake.spend(1, DAY, ad=2, cost=101, plays=30, played=9, conversions=1)
    stage.sync()
    row = stage.life(1)
    same((row["cost"], row["plays"], row["conversions"], row["ads"], row["ad_id"]), (201, 40, 3, 2, None), "figures")
    same((row["rate_5s"], row["conversion_cost"]), (250000, 67), "5 s rate by plays, cost of a conversion")


def test_days_add_up_to_life(t):
    """An order of two days, conversions that are booked two days late, an hour's pass each."""
    fake, stage = one_order(t, "2026-05-18 20:00:00", "2026-05-18 20:30:00", hours=48)
    hours = 0
    for day in range(18, 26):
        for hour in range(24):
            now = f"2026-05-{day} {hour:02}:30:00"
            if now < "2026-05-18 20:30:00":
                continue
            if now < "2026-05-20 20:00:00":
                fake.spend(1, f"2026-05-{day}", cost=10, plays=7)
            if now[:13] == "2026-05-22 09":
                fake.spend(1, "2026-05-20", conversions=4)
            if now[:10] == "2026-05-20" and hour == 21:
                fake.order(1)["status"] = "DELIVERIED"
            if hour % 3 == 0 or hour > 20:
                stage.sync_at(now)
                hours += 1
    days = stage.days(1)
    for column in ("cost", "plays", "conversions"):
        same(sum(r[column] for r in days.values()), fake.life(1, column), f"{column} of the days")
        same(stage.life(1)[column], fake.life(1, column), f"{column} of the life")
    same(days["2026-05-19"]["cost"], 240, "the whole day")
    holds(stage.plan(1)["days_to"] >= "2026-05-20", f"final up to {stage.plan(1)['days_to']} only")


def test_midnight_in_beijing(t):
    fake, stage = one_order(t, f"{DAY} 23:00:00", f"{DAY} 23:59:50")
    fake.spend(1, DAY, cost=100)
    stage.sync()
    fake.spend(1, "2026-05-21", cost=7)
    stage.sync_at("2026-05-21 00:00:10")
    same({day: r["cost"] for day, r in stage.days(1).items()}, {DAY: 100, "2026-05-21": 7}, "days")
    same([(r["at"], r["cost"]) for r in stage.snapshots(1)],
         [(ms_of(f"{DAY} 23:55:00"), 100), (ms_of("2026-05-21 00:00:00"), 107)], "snapshots")


def test_an_order_without_a_video_is_kept(t):
    """The system before dropped it with a line in the log."""
    fake, stage = one_order(t, item=None)
    fake.spend(1, DAY, cost=5)
    stage.sync()
    same((stage.order(1)["item_id"], stage.life(1)["cost"]), (None, 5), "video and cost")


def test_a_running_order_costs_two_calls_and_finished_ones_none(t):
    finished = [ad_order(n, f"2026-02-{1 + n % 28:02} 10:00:00", status="DELIVERIED") for n in range(2, 1002)]
    finished.sort(key=lambda o: o["created"])
    fake = FakeAds({"sec-a": finished + [ad_order(1, f"{DAY} 10:00:00")]})
    stage = AdsStage(t, fake, NOON)
    for order in finished:
        fake.spend(order["number"], order["created"][:10], cost=1)
    fake.spend(1, DAY, cost=1)
    stage.sync()
    same(stage.rows("SELECT count(*) AS n FROM ad_figure")[0]["n"], 1001, "orders with figures")
    asked, passes = fake.report_calls(), 10
    for i in range(1, passes + 1):
        stage.sync_at(f"{DAY} 12:{5 * i:02}:00")
    same(fake.report_calls() - asked, 2 * passes, "reports in ten passes")
    same(max(fake.asked[order_id(o["number"]), *days] for o in finished for days in {k[1:] for k in fake.asked}), 1,
         "times that a finished order was asked")
    stage.good()


def test_passes_within_five_minutes_ask_nothing(t):
    fake, stage = one_order(t)
    fake.spend(1, DAY, cost=1)
    stage.sync_at(f"{DAY} 12:00:10")
    asked = fake.calls.copy()
    stage.sync_at(f"{DAY} 12:02:00")
    same(fake.calls[REPORT], asked[REPORT], "reports")


def test_a_base_is_not_closed_over_what_an_answer_left_out(t):
    """Left out by one answer about its life and by one about the range to be closed: it has something there all the same."""
    fake, stage = one_order(t, "2025-12-22 10:00:00", hours=24 * 300)
    fake.spend(1, "2026-01-05", cost=100000)
    stage.sync()
    fake.left_out = {order_id(1)}
    stage.sync_at(f"{DAY} 12:05:00")
    stage.sync_at("2026-05-22 12:00:00")
    fake.left_out = set()
    fake.spend(1, "2026-05-22", cost=11)
    stage.sync_at("2026-05-22 12:05:00")
    same(stage.life(1)["cost"], 100011, "cost")


def test_a_show_without_a_known_end_is_followed(t):
    fake, stage = one_order(t, hours=0)
    for minute in range(0, 60, 5):
        fake.spend(1, DAY, cost=1)
        stage.sync_at(f"{DAY} 12:{minute:02}:07")
    same(len(stage.snapshots(1)), 12, "snapshots")
    fake.spend(1, "2026-06-29", cost=100)
    stage.sync_at("2026-06-30 12:00:00")
    same(stage.life(1)["cost"], 112, "cost after forty days that it still delivers")


def test_an_order_that_is_renewed_after_its_end_is_followed_to_its_second(t):
    fake, stage = one_order(t, "2026-05-01 10:00:00", "2026-05-01 12:00:00")
    for at, status, day, cost in (("2026-05-02 12:00:00", "DELIVERIED", "2026-05-01", 100),
                                  ("2026-05-20 09:00:00", "DELIVERING", "2026-05-20", 7),
                                  ("2026-05-21 09:00:00", "DELIVERIED", "2026-05-20", 500)):
        fake.order(1)["status"] = status
        fake.spend(1, day, cost=cost)
        stage.sync_at(at, *(["--full"] if status == "DELIVERING" else []))
    for hour in (10, 11, 12):
        stage.sync_at(f"2026-05-21 {hour}:30:00")
    same((stage.life(1)["cost"], stage.days(1)["2026-05-20"]["cost"]), (607, 507), "life and the day of the second run")


def test_what_others_bring_ahead_is_done_and_not_waited_for_for_ever(t):
    """A cost that a person sets brings a task of no run into the shop's lane, a `sync` that is killed leaves its own: figures wait
    for what is ahead of them, and a `sync` does only what is its run's."""
    fake, stage = one_order(t, hours=48)
    stage.sync()
    fake.spend(1, DAY, cost=520)
    list_rows, brought = fake.list_rows, []

    def list_and_bring(orders, filter_):
        if not brought:
            with contextlib.closing(sqlite3.connect(stage.home / "huiliu.db", timeout=10)) as base:
                base.execute("INSERT INTO task (lane, class, kind, unique_key, payload, run, state, ready_ms, worker, lease, lease_ms,"
                             " unit_number, attempt, created_ms, changed_ms) SELECT id, 0, 'derive', 'derive', '{}', '', 'ready', ?,"
                             " '', '', 0, 0, 0, 0, 0 FROM shop", (ms_of(f"{DAY} 12:05:00"),))
                base.commit()
            brought.append(True)
        return list_rows(orders, filter_)
    fake.list_rows = list_and_bring
    stage.sync_at(f"{DAY} 12:05:00", timeout=60)
    same(brought, [True], "brought")
    same(stage.life(1)["cost"], 520, "cost")
    same(stage.rows("SELECT count(*) AS n FROM task")[0]["n"], 0, "tasks left")


def test_a_full_sync_is_not_taken_for_a_killed_one(t):
    fake, stage = one_order(t, "2026-03-01 10:00:00", status="DELIVERIED")
    fake.spend(1, "2026-03-01", cost=100)
    stage.sync()
    stage.sync("--from", "2026-04-01", "--to", "2026-04-02", check=None, env={"HUILIU_FAIL": "queue.claim.after=kill"})
    fake.spend(1, "2026-03-01", cost=5)
    stage.sync_at(f"{DAY} 12:30:00", "--full")
    same(stage.life(1)["cost"], 105, "cost")


def test_a_clock_that_was_ahead_freezes_no_figures(t):
    fake, stage = one_order(t, hours=24 * 30)
    fake.spend(1, DAY, cost=100)
    stage.sync_at("2027-05-20 12:00:00")
    fake.spend(1, DAY, cost=900)
    stage.sync_at(NOON)
    stage.sync_at(f"{DAY} 12:10:00", "--full")
    same((stage.life(1)["cost"], stage.days(1)[DAY]["cost"]), (1000, 1000), "life and day")


def test_a_home_of_an_older_program_asks_for_what_is_due(t):
    """It kept no plan of orders that were never asked for, and looked itself for those that had changed since."""
    orders = [ad_order(1, f"{DAY} 10:00:00", hours=48), ad_order(2, "2026-03-01 10:00:00", status="DELIVERIED"),
              ad_order(3, f"{DAY} 11:00:00", hours=48)]
    fake = FakeAds({"sec-a": orders})
    stage = AdsStage(t, fake, NOON)
    fake.spend(2, "2026-03-01", cost=100)
    stage.sync()
    same(stage.plan(2)["next_ms"], None, "an order that was asked to its end")
    with contextlib.closing(sqlite3.connect(stage.home / "huiliu.db")) as base:
        steps_undo(base, 7)
        for index in ("ask_plan_due", "sync_window_reaches", "sync_window_closed", "sync_window_unproved", "sync_window_moved",
                      "task_next", "task_due", "task_running", "execution_task"):
            base.execute(f"DROP INDEX {index}")
        for index, columns in (("claim", "state, lane, class, ready_ms"), ("order", "state, class, ready_ms"),
                               ("ready", "state, ready_ms"), ("worker", "worker) WHERE (state = 'running'")):
            base.execute(f"CREATE INDEX task_{index} ON task ({columns})")
        for column in ("asked_ms", "planned_ms"):
            base.execute(f"ALTER TABLE stream_state DROP COLUMN {column}")
        base.execute("ALTER TABLE task DROP COLUMN stop_ms")
        for table in ("schedule", "hold", "worker", "budget", "event", "budget_bucket", "coord_lock"):
            base.execute(f"DROP TABLE {table}")
        base.execute("DELETE FROM migration WHERE number >= 5")
        base.execute("DELETE FROM ask_plan WHERE asked_ms = 0 OR key_text = ?", (str(order_id(3)),))
        base.execute("UPDATE ad_order SET changed_ms = ? WHERE order_id = ?", (ms_of(f"{DAY} 12:01:00"), str(order_id(2))))
        base.commit()
    fake.spend(1, DAY, cost=5)
    fake.spend(2, "2026-03-01", cost=7)
    fake.spend(3, DAY, cost=9)
    fake.order(3)["status"] = "DELIVERIED"
    stage.at(f"{DAY} 12:05:00")
    stage.run("migrate", check=True)
    stage.sync()
    same([stage.life(n)["cost"] for n in (1, 2, 3)], [5, 107, 9], "costs")
    same(stage.order(3)["status"], "DELIVERIED", "status")
    stage.good()


# --- the revisit of open orders ---

def test_changes_of_open_orders_are_seen(t):
    """No filter tells of them: the order is asked again by its id."""
    fake, stage = one_order(t, hours=48)
    stage.sync()
    fake.order(1).update(status="DELIVERING", budget=30000, renewed=1)
    stage.sync_at(f"{DAY} 12:05:00")
    same((stage.order(1)["budget"], stage.order(1)["renew_count"]), (30000, 1), "budget and renewals")
    fake.order(1)["status"] = "DELIVERIED"
    stage.sync_at(f"{DAY} 12:10:00")
    same(stage.order(1)["status"], "DELIVERIED", "status")
    history = stage.rows("SELECT status, at_ms FROM status_history ORDER BY at_ms")
    same([h["status"] for h in history], ["DELIVERING", "DELIVERIED"], "history")
    # The answer and the end of the task are one unit, which counts its own rows.
    same(stage.rows("SELECT count(*) AS n, sum(rows_changed) AS changed, sum(calls) AS calls FROM execution"
                    " WHERE kind = 'revisit' AND rows_changed > 0")[0], {"n": 2, "changed": 2, "calls": 2}, "executions")


def test_an_open_order_that_is_left_out_is_counted(t):
    fake, stage = one_order(t)
    stage.sync()
    fake.left_out = {order_id(1)}
    stage.sync_at(f"{DAY} 12:05:00")
    stage.sync_at(f"{DAY} 12:10:00")
    same(stage.plan(1, "ad_orders")["missing"], 2, "answers without it")
    same(stage.order(1)["status"], "DELIVERING", "status")


def test_orders_unchanged_for_long_are_asked_daily(t):
    fake, stage = one_order(t, status="UNPAID")
    stage.sync()
    stage.sync_at("2026-08-01 12:00:00")
    before = stage.plan(1, "ad_orders")["asked_ms"]
    stage.sync_at("2026-08-01 12:30:00")
    same(stage.plan(1, "ad_orders")["asked_ms"], before, "asked again within a day")
    stage.sync_at("2026-08-02 12:30:00")
    holds(stage.plan(1, "ad_orders")["asked_ms"] > before, "not asked after a day")


def test_one_order_is_asked_for_by_a_person(t):
    """Figures have no look-up by id; that is no reason to refuse the orders'."""
    fake, stage = one_order(t)
    stage.sync()
    fake.order(1)["budget"] = 70000
    stage.sync("--order", str(order_id(1)))
    same(stage.order(1)["budget"], 70000, "budget")


# --- what the platform refuses for the sake of one order ---

MANY = 100
HALVINGS = 7  # of a hundred down to one
TRIES = 3     # after the first, of what may pass


def many_orders(t, start=NOON, orders=MANY, hours=24 * 9):
    fake = FakeAds({"sec-a": [ad_order(n, f"{DAY} 10:{n // 60:02}:{n % 60:02}", hours=hours) for n in range(1, orders + 1)]})
    for number in range(1, orders + 1):
        fake.spend(number, DAY, cost=number)
    return fake, AdsStage(t, fake, start)


def refuse(fake, *numbers, how=REFUSED, where=(REPORT,)):
    fake.refuses = set(where)
    fake.refused = {order_id(n): how for n in numbers}


def aside(stage, table="ad_figure"):
    return {int(r["key_text"]) - order_id(0): r for r in
            stage.rows("SELECT * FROM reject WHERE table_name = ? AND code = 'refused_alone'", table)}


def others_equal(stage, fake, *bad, orders=MANY):
    costs = {r["order_id"]: r["cost"] for r in stage.rows("SELECT order_id, cost FROM ad_figure")}
    wrong = [n for n in range(1, orders + 1) if n not in bad and costs.get(str(order_id(n))) != fake.life(n, "cost")]
    same(wrong, [], "orders without their figures")


def calls_of(fake, path, doing):
    before = fake.calls[path]
    doing()
    return fake.calls[path] - before


def one_refused(t, number, how, tries):
    fake, stage = many_orders(t)
    refuse(fake, number, how=how)
    calls = calls_of(fake, REPORT, stage.sync)
    others_equal(stage, fake, number)
    same((stage.life(number), list(aside(stage))), (None, [number]), "figures and reject of the order that is refused")
    # Its life and the day of the others, one order as a proof (it may be the one that is refused), the halves.
    holds(calls <= 2 + tries + 2 + 2 * HALVINGS, f"{calls} calls for one order in {MANY}")
    same(len(stage.days(2)), 1, "days of another order")
    same(calls_of(fake, REPORT, lambda: stage.sync_at(f"{DAY} 12:05:00")), 2, "calls of the next pass")
    same(calls_of(fake, REPORT, lambda: stage.sync_at(f"{DAY} 13:05:00")), 3, "calls of the pass an hour later")
    same(calls_of(fake, REPORT, lambda: stage.sync_at(f"{DAY} 14:10:00")), 2, "calls of the pass two hours later")
    stage.sync_at("2026-05-21 13:10:00")
    same(aside(stage)[number]["times"], 3, "times that it was refused alone")
    same(stage.plan(number)["missing"], 3, "answers without it")
    same(stage.rows("SELECT count(*) AS n FROM task")[0]["n"], 0, "tasks left over")
    listed = json.loads(stage.run("reject", "list", "--json", check=True)[1])["rejects"]
    same([(r["key"], r["code"]) for r in listed], [(str(order_id(number)), "refused_alone")], "reject list")
    holds("huiliu sync --full" in listed[0]["message"], listed[0]["message"])
    stage.sandbox.stop()
    return listed[0]["message"]


def test_one_order_that_is_refused_stops_no_other(t):
    """At the ends, in the middle, and where the platform is asked for a proof that it answers at all."""
    for number in (1, 17, 50, 51, 100):
        holds("40000: " in one_refused(t, number, REFUSED, tries=0), "the platform's code is not told")


def test_one_order_whose_answer_cannot_be_read_stops_no_other(t):
    for number in (1, 64):
        holds("json" in one_refused(t, number, UNREADABLE, tries=TRIES), "what is wrong is not told")


def test_orders_that_are_refused_in_both_halves_stop_no_other(t):
    for bad in ((1, 51), (17, 84), (49, 50), tuple(range(20, 27))):
        fake, stage = many_orders(t)
        refuse(fake, *bad)
        calls = calls_of(fake, REPORT, stage.sync)
        others_equal(stage, fake, *bad)
        same(sorted(aside(stage)), sorted(bad), "orders that are set aside")
        holds(calls <= 5 + 2 * HALVINGS * len(bad), f"{calls} calls for {len(bad)} orders in {MANY}")
        stage.sandbox.stop()


def test_a_platform_that_refuses_everything_is_not_asked_order_by_order(t):
    for how, tries in ((REFUSED, 0), (UNREADABLE, TRIES)):
        fake, stage = many_orders(t)
        refuse(fake, *range(1, MANY + 1), how=how)
        for minute in (0, 5, 10):
            calls = calls_of(fake, REPORT, lambda at=minute: stage.sync_at(f"{DAY} 12:{at:02}:00", check=None))
            same(calls, 1 + tries + 3, "calls of a pass")
        same(list(aside(stage)), [], "orders that are set aside")
        holds(stage.rows("SELECT count(*) AS n FROM task WHERE kind = 'figures' AND state = 'dead'")[0]["n"] > 0, "no dead task")
        fake.refused = {}
        stage.sync_at(f"{DAY} 12:15:00")
        others_equal(stage, fake)
        same(stage.rows("SELECT count(*) AS n FROM task")[0]["n"], 0, "tasks left over")
        stage.sandbox.stop()


def test_a_platform_that_refuses_everything_half_way_is_not_asked_order_by_order(t):
    fake, stage = many_orders(t)
    refuse(fake, 1)
    answer = fake.body

    def fall_ill(path, query):
        if fake.calls[REPORT] == 4:
            refuse(fake, *range(1, MANY + 1))
        return answer(path, query)
    fake.body = fall_ill
    calls = calls_of(fake, REPORT, lambda: stage.sync(check=None))
    holds(calls <= 4 + HALVINGS + 2 * 8, f"{calls} calls")
    holds(len(aside(stage)) < 8, f"{len(aside(stage))} orders are set aside")
    fake.body, fake.refused = answer, {}
    stage.sync_at(f"{DAY} 13:05:00")
    others_equal(stage, fake)
    same(aside(stage), {}, "orders that are set aside")


def test_an_order_that_is_answered_again_has_its_figures(t):
    fake, stage = many_orders(t)
    stage.sync()
    refuse(fake, 30)
    fake.spend(30, DAY, cost=1000)
    calls = calls_of(fake, REPORT, lambda: stage.sync_at(f"{DAY} 12:05:00"))
    same((stage.life(30)["cost"], list(aside(stage))), (30, [30]), "what it had and reject")
    same(aside(stage, "ad_figure_day"), {}, "days that are set aside")
    holds(calls <= 2 + 2 + 2 * HALVINGS, f"{calls} calls")
    fake.refused = {}
    stage.sync_at(f"{DAY} 13:10:00")
    same((stage.life(30)["cost"], stage.days(30)[DAY]["cost"]), (1030, 1030), "life and day")
    same(stage.plan(30)["missing"], 0, "answers without it")
    stage.good()


def test_an_order_that_is_refused_while_no_other_is_due(t):
    """Nobody can say whether it is the order or the platform, until others are asked."""
    fake = FakeAds({"sec-a": [ad_order(1, f"{DAY} 08:00:00", status="DELIVERIED", hours=1), ad_order(2, f"{DAY} 10:00:00")]})
    stage = AdsStage(t, fake, NOON)
    for number in (1, 2):
        fake.spend(number, DAY, cost=number)
    stage.sync()
    refuse(fake, 2)
    stage.sync_at(f"{DAY} 12:05:00", check=None)
    same((aside(stage), dead(stage, "figures")), ({}, 1), "rejects and dead tasks")
    fake.spend(1, DAY, cost=100)
    stage.sync_at(f"{DAY} 13:05:00")
    same((list(aside(stage)), dead(stage, "figures")), ([2], 0), "rejects and dead tasks")
    same((stage.life(1)["cost"], stage.life(2)["cost"]), (101, 2), "figures")
    stage.sync_at(f"{DAY} 13:10:00")
    calls = calls_of(fake, REPORT, lambda: stage.sync_at(f"{DAY} 14:10:00"))
    same((aside(stage)[2]["times"], dead(stage, "figures")), (2, 0), "times and dead tasks")
    holds(calls <= 3, f"{calls} calls")


def test_an_order_that_is_refused_and_then_left_out_is_not_shown_any_more(t):
    fake, stage = many_orders(t)
    refuse(fake, 30)
    stage.sync()
    same(list(aside(stage)), [30], "rejects")
    fake.refused, fake.left_out = {}, {order_id(30)}
    stage.sync_at(f"{DAY} 13:05:00")
    same((aside(stage), stage.plan(30)["missing"]), ({}, 2), "rejects and answers without it")


def test_an_order_whose_answer_cannot_be_is_asked_again(t):
    """Its rows were read, then the total was found wrong: that was no answer, however long ago the order ended."""
    fake = FakeAds({"sec-a": [ad_order(n, f"2026-04-08 10:{n:02}:00", status="DELIVERIED", hours=24) for n in range(1, 9)]})
    for number in range(1, 9):
        fake.spend(number, "2026-04-08", cost=number)
    stage = AdsStage(t, fake, "2026-05-20 12:00:00")
    answer, bad = fake.body, {order_id(3)}

    def body(path, query):
        raw = answer(path, query)
        if path != REPORT or not bad & set(json.loads(query["filter"])["order_ids"]):
            return raw
        reply = json.loads(raw)
        reply["data"]["page_info"]["total_num"] += 1
        return json.dumps(reply).encode()

    fake.body = body
    stage.sync_at("2026-05-20 12:00:00", check=None)
    same([n for n in range(1, 9) if not stage.life(n)], [3], "orders without figures")
    same(list(aside(stage)), [3], "set aside")
    bad.clear()
    stage.sync_at("2026-05-23 13:20:00", check=None)
    holds(stage.life(3), "the order was never asked again")
    same(list(aside(stage)), [], "set aside")


def test_an_order_of_which_only_a_day_is_refused(t):
    fake, stage = many_orders(t)
    stage.sync()
    answer = fake.body

    def refuse_day(path, query):
        days = json.loads(query.get("stat_time", "{}"))
        refuse(fake, *([7] if days.get("begin_time") == days.get("end_time") == "2026-05-21" else []))
        return answer(path, query)
    fake.body = refuse_day
    for number in range(1, MANY + 1):
        fake.spend(number, "2026-05-21", cost=5)
    stage.sync_at("2026-05-21 12:00:00")
    others_equal(stage, fake)
    same((list(aside(stage)), list(aside(stage, "ad_figure_day"))), ([], [7]), "orders that are set aside")
    same([n for n in range(1, MANY + 1) if "2026-05-21" not in stage.days(n)], [7], "orders without the day")
    same(calls_of(fake, REPORT, lambda: stage.sync_at("2026-05-21 12:05:00")), 2, "calls of the next pass")
    fake.body, fake.refused = answer, {}
    stage.sync_at("2026-05-21 13:05:00")
    same(stage.days(7)["2026-05-21"]["cost"], 5, "the day")
    stage.good()


def test_an_order_is_refused_when_its_base_is_due(t):
    fake = FakeAds({"sec-a": [ad_order(n, f"2025-12-22 10:00:{n:02}", hours=24 * 400) for n in range(1, 9)]})
    for number in range(1, 9):
        fake.spend(number, "2026-01-01", cost=100 * number)
    stage = AdsStage(t, fake, NOON)
    stage.sync()
    refuse(fake, 3)
    stage.sync_at("2026-05-22 12:00:00")
    bases = stage.rows("SELECT order_id FROM ad_figure_base ORDER BY order_id")
    same([int(b["order_id"]) - order_id(0) for b in bases], [1, 2, 4, 5, 6, 7, 8], "orders with a base")
    same(list(aside(stage)), [3], "orders that are set aside")
    fake.refused = {}
    fake.spend(3, "2026-05-22", cost=1)
    stage.sync_at("2026-05-22 13:05:00")
    same(stage.life(3)["cost"], 301, "cost")
    stage.good()


def test_an_open_order_that_is_refused_stops_no_other(t):
    for how, tries in ((REFUSED, 0), (UNREADABLE, TRIES)):
        fake, stage = many_orders(t)
        stage.sync()
        refuse(fake, 40, how=how, where=(LIST,))
        for number in range(1, MANY + 1):
            fake.order(number)["budget"] = 77000
        fake.questions.clear()
        stage.sync_at(f"{DAY} 12:05:00")
        calls = sum(path == LIST for path, _ in fake.questions)
        holds(calls <= 1 + tries + 2 + 2 * HALVINGS, f"{calls} calls by ids for one order in {MANY}")
        same([n for n in range(1, MANY + 1) if stage.order(n)["budget"] != 77000], [40], "orders as they were")
        same((list(aside(stage, "ad_order")), stage.plan(40, "ad_orders")["missing"]), ([40], 1), "reject and plan")
        for at, more in (("12:10", 1), ("13:10", 2), ("14:20", 1)):
            fake.questions.clear()
            stage.sync_at(f"{DAY} {at}:00")
            same(sum(path == LIST for path, _ in fake.questions), more, f"questions by ids at {at}")
        fake.refused = {}
        stage.sync_at("2026-05-21 14:30:00")
        same((stage.order(40)["budget"], stage.plan(40, "ad_orders")["missing"]), (77000, 0), "budget and plan")
        stage.good()
        stage.sandbox.stop()


def dead(stage, kind):
    return stage.rows("SELECT count(*) AS n FROM task WHERE state = 'dead' AND kind = ?", kind)[0]["n"]


def test_what_died_is_forgotten_once_it_was_done(t):
    fake, stage = many_orders(t, orders=4)
    stage.sync()
    refuse(fake, 1, 2, 3, 4, where=(LIST, REPORT))
    stage.sync_at(f"{DAY} 12:05:00", check=None)
    for number in (2, 3):
        stage.sync("--order", str(order_id(number)), check=None)
    same([dead(stage, kind) for kind in ("figures", "revisit", "ids")], [1, 1, 2], "dead tasks")
    stage.sync_at(f"{DAY} 12:10:00", check=None)
    same([dead(stage, kind) for kind in ("figures", "revisit")], [1, 1], "dead tasks: the newest stands for both")
    fake.refused = {}
    stage.sync_at(f"{DAY} 12:15:00")
    same([dead(stage, kind) for kind in ("figures", "revisit", "ids")], [0, 0, 2], "dead tasks")
    stage.sync("--order", str(order_id(3)))
    left = stage.rows("SELECT payload FROM task WHERE state = 'dead'")
    same([json.loads(r["payload"])["id"] for r in left], [str(order_id(2))], "dead look-ups")


# --- kills ---

# How far apart the hits lie at which a sync is killed: points of the store are passed often. tests/prove/kills kills at every hit.
KILL_STEPS = {"sync.revisit.asked": 1, "sync.figures.asked": 1, "sync.figures.committed": 1, "store.unit.fence": 7,
              "store.unit.rows": 7, "store.unit.steps": 7, "store.commit.before": 9, "store.commit.after": 9}


def kill_stage(t):
    """A base, days, two ads, a change of status and a figure that has fallen, all due in one pass."""
    fake = FakeAds({"sec-a": [ad_order(1, "2025-12-22 10:00:00", hours=24 * 300), ad_order(2, f"{DAY} 09:00:00", ads=2)]})
    stage = AdsStage(t, fake, NOON)
    fake.spend(1, "2026-01-01", cost=100, plays=10)
    fake.spend(1, DAY, cost=11, plays=1)
    fake.spend(2, DAY, ad=2, cost=50, plays=5)
    stage.sync()
    fake.spend(1, "2026-05-17", cost=1000)
    fake.spend(2, DAY, ad=1, cost=7)
    fake.spend(2, DAY, ad=2, cost=-2)
    fake.order(2)["status"] = "DELIVERIED"
    return Prepared(fake, stage, "2026-05-22 12:00:00")


class Prepared:
    """A stage as it stood, to begin from again and again: the home's files and the platform's course of events."""

    def __init__(self, fake, stage, start):
        self.fake, self.stage, self.start = fake, stage, start
        self.files = stage.t.folder() / "home"
        shutil.copytree(stage.home, self.files)
        self.course = copy.deepcopy({name: part for name, part in vars(fake).items() if isinstance(part, (dict, list, set))})

    def again(self):
        shutil.rmtree(self.stage.home)
        shutil.copytree(self.files, self.stage.home)
        vars(self.fake).update(copy.deepcopy(self.course))
        self.stage.at(self.start)
        return self.fake, self.stage


def killed_at(prepared, point, hit):
    """False when the sync ended before the hit. Whatever happened, the next sync makes everything right."""
    fake, stage = prepared.again()
    code, _, _ = stage.sync(check=None, env={"HUILIU_FAIL": f"{point}=kill@{hit}"})
    holds(code in (0, -signal.SIGKILL), f"sync ended with {code}")
    stage.sync_at("2026-05-22 12:00:30")
    stage.sync_at("2026-05-22 13:00:00")
    for number in (1, 2):
        same((stage.life(number)["cost"], stage.life(number)["plays"]),
             (fake.life(number, "cost"), fake.life(number, "plays")), f"order {number}, killed at {point} {hit}")
    same(stage.order(2)["status"], "DELIVERIED", "status")
    same(stage.snapshots(1)[-1]["cost"], 1111, "the last snapshot")
    base = stage.rows("SELECT sum(cost) AS cost FROM ad_figure_base WHERE order_id = ?", str(order_id(1)))[0]["cost"]
    same(base, 1100, "closed ranges")
    same(stage.rows("SELECT count(*) AS n FROM task")[0]["n"], 0, "tasks left over")
    stage.good()
    return code == -signal.SIGKILL


def test_killed_at_every_fail_point_of_a_pass(t):
    prepared = kill_stage(t)
    for point, step in KILL_STEPS.items():
        hit = 1
        while killed_at(prepared, point, hit):
            hit += step
        holds(hit > 1, f"{point} was never reached")
        print(f"# {point}: killed at {(hit - 1) // step} of its hits", flush=True)


# The same for a question that is asked in halves. A kill behind a commit is one before the next, so they take turns;
# tests/prove/kills kills at every hit.
HALVES_STEPS = {"sync.figures.asked": 2, "store.commit.before": 17, "store.commit.after": 19}


def killed_in_halves(prepared, point, hit, calls):
    """False when the sync ended before the hit. A sync that was killed goes on with the parts it had: of the calls that it
    takes without a kill one is made again."""
    fake, stage = prepared.again()
    refuse(fake, 23, 90, how=UNREADABLE)
    code, _, _ = stage.sync(check=None, env={"HUILIU_FAIL": f"{point}=kill@{hit}"})
    holds(code in (0, -signal.SIGKILL), f"sync ended with {code}")
    stage.sync_at(f"{DAY} 12:01:30")
    others_equal(stage, fake, 23, 90)
    same(sorted(aside(stage)), [23, 90], f"orders that are set aside, killed at {point} {hit}")
    same([r["times"] for r in aside(stage).values()], [1, 1], "times")
    holds(fake.calls[REPORT] <= calls + 1, f"{fake.calls[REPORT]} calls, killed at {point} {hit}, else {calls}")
    same(stage.rows("SELECT count(*) AS n FROM task")[0]["n"], 0, "tasks left over")
    return code == -signal.SIGKILL


def test_killed_while_a_question_is_asked_in_halves(t):
    prepared = Prepared(*many_orders(t), NOON)
    fake, stage = prepared.again()
    refuse(fake, 23, 90, how=UNREADABLE)
    calls = calls_of(fake, REPORT, stage.sync)
    for point, step in HALVES_STEPS.items():
        hit = 1
        while killed_in_halves(prepared, point, hit, calls):
            hit += step
        holds(hit > 10, f"{point} was reached {hit} times only")
        print(f"# {point}: killed at {(hit - 1) // step} of its hits", flush=True)


if __name__ == "__main__":
    import lib
    lib.main(globals())

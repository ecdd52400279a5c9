#!/usr/bin/env python3
"""Figures of ads and the revisit of open orders: the wrongs of the system before (../shared/spec/1-douplus.md, 7), each by its
name, over a platform of a few lines (fake_ads.py). Expected numbers come from the events that the test made up."""
import signal

from fake_ads import REPORT, AdsStage, FakeAds, ad_order, ms_of, order_id
from lib import holds, same

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


# --- kills ---

# How far apart the hits lie at which a sync is killed: points of the store are passed often.
KILL_STEPS = {"sync.revisit.asked": 1, "sync.figures.asked": 1, "sync.figures.committed": 1, "store.unit.fence": 5,
              "store.unit.rows": 5, "store.unit.steps": 5, "store.commit.before": 7, "store.commit.after": 7}


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
    stage.at("2026-05-22 12:00:00")
    return fake, stage


def killed_at(t, point, hit):
    """False when the sync ended before the hit. Whatever happened, the next sync makes everything right."""
    fake, stage = kill_stage(t)
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
    stage.sandbox.stop()
    return code == -signal.SIGKILL


def test_killed_at_every_fail_point_of_a_pass(t):
    for point, step in KILL_STEPS.items():
        hit = 1
        while killed_at(t, point, hit):
            hit += step
        holds(hit > 1, f"{point} was never reached")
        print(f"# {point}: killed at {(hit - 1) // step} of its hits", flush=True)


if __name__ == "__main__":
    import lib
    lib.main(globals())

#!/usr/bin/env python3
"""Figures of a generated world that goes on while it is read: every latest, day and snapshot equals the sandbox's truth, which
adds up for itself (sandbox/douplus_figures.c shares no code with src/). tests/prove/figures does the same at length."""
import datetime
import struct

import lib
from truth import SEED, Stage

BEIJING = datetime.timezone(datetime.timedelta(hours=8))
START = datetime.datetime(2026, 5, 10, 8, 0, tzinfo=BEIJING)
CLOCK_NOW_AT = 56  # where src/base/clock_shared.c keeps now_ms
FIVE_MINUTES_MS = 300_000
PAGES_APART_MS = 60_000  # pages of one answer wait for the budget, and for faults to pass
NAMES = {"cost": "stat_cost", "plays": "total_play", "likes": "custom_like", "comments": "dy_comment",
         "shares": "dy_share", "follows": "dy_follow", "home_visits": "dy_home_visited",
         "conversions": "dp_target_convert_cnt", "shown": "show_cnt", "live_clicks": "live_click_source_cnt",
         "gift_users": "live_gift_uv", "gift_amount": "live_gift_amount", "live_comments": "live_comment_cnt",
         "live_follows": "douplus_live_follow_count", "gifts": "live_gift_cnt", "ads": "ads"}


def ms(at):
    return int(at.timestamp() * 1000)


class AdsWorld(Stage):
    """Ad accounts whose orders are created over some days from START on and take their courses."""

    def __init__(self, t, shops, orders, days, **switches):
        super().__init__(t, start_ms=ms(START), platform="douplus", since="2026-05-01", life_shops=0, douplus_shops=shops,
                         douplus_orders=orders, live=True, timeout_ms=20, slow_ms=2,
                         **{"from": "2026-05-08", "to": (START + datetime.timedelta(days=days)).date().isoformat(),
                            **switches})
        self.passes = 0

    def now_ms(self):
        with open(self.env["HUILIU_CLOCK"], "rb") as file:
            file.seek(CLOCK_NOW_AT)
            return struct.unpack("<q", file.read(8))[0]

    def wait_until(self, at_ms):
        """Nobody is at work: time is set forward."""
        if at_ms > self.now_ms():
            with open(self.env["HUILIU_CLOCK"], "r+b") as file:
                file.seek(CLOCK_NOW_AT)
                file.write(struct.pack("<q", at_ms))

    def pass_at(self, at, *words):
        self.wait_until(ms(at) if isinstance(at, datetime.datetime) else at)
        self.sync(*words, check=None)
        self.passes += 1

    # --- what must hold ---

    def truth_at(self, shop, first, last, at_ms):
        return self.sandbox.figures(shop["external_id"], first, last, at_ms)

    def compare(self, row, truth, what, earlier=None):
        """`earlier`: gives the truth of some seconds before. An answer of two pages is of two instants."""
        for ours, theirs in NAMES.items():
            if ours in row and row[ours] != truth[theirs] and earlier:
                lib.holds(earlier()[theirs] <= row[ours] <= truth[theirs],
                          f"{what}: {ours} {row[ours]} is none of {earlier()[theirs]} to {truth[theirs]}")
            elif ours in row:
                lib.same(row[ours], truth[theirs], f"{what}: {ours}")
        # Each ad's rate is a decimal of six digits: weighted again, the last of them may differ.
        plays, played = truth["total_play"], truth["play_5s_num"]
        if plays and row["plays"] == plays:
            lib.holds(abs(row["rate_5s"] - 1e6 * played / plays) <= 1.5, f"{what}: rate {row['rate_5s']}")

    def latest_equal(self):
        """Each order's life figures are those of the instant at which it was last asked. How many were compared."""
        compared = 0
        for shop in self.shops:
            shop_id, truths = self.shop_id(shop), {}
            for row in self.rows("SELECT f.*, p.asked_ms, p.missing FROM ad_figure f JOIN ask_plan p ON p.shop_id = f.shop_id"
                                 " AND p.stream = 'ad_figures' AND p.key_text = f.order_id WHERE f.shop_id = ?", shop_id):
                if row["missing"]:
                    continue  # left out of the last answer: it keeps what it had
                at_ms = row["asked_ms"]
                if at_ms not in truths:
                    truths[at_ms] = self.truth_at(shop, "2026-05-01", beijing_day(at_ms), at_ms)
                self.compare(row, truths[at_ms][row["order_id"]], f"{shop['name']} {row['order_id']}",
                             self.earlier(shop, row, at_ms))
                compared += 1
        return compared

    def earlier(self, shop, row, at_ms):
        return lambda: self.truth_at(shop, "2026-05-01", beijing_day(at_ms), at_ms - PAGES_APART_MS)[row["order_id"]]

    def days_equal(self):
        """Final days are those of the whole day, as of now. How many were compared."""
        compared = 0
        for shop in self.shops:
            rows = self.rows("SELECT d.* FROM ad_figure_day d JOIN ask_plan p ON p.shop_id = d.shop_id AND p.stream ="
                             " 'ad_figures' AND p.key_text = d.order_id WHERE d.shop_id = ? AND d.day <= p.days_to",
                             self.shop_id(shop))
            truths = {day: self.truth_at(shop, day, day, self.now_ms()) for day in {r["day"] for r in rows}}
            for row in rows:
                self.compare(row, truths[row["day"]][row["order_id"]], f"{shop['name']} {row['order_id']} on {row['day']}")
            compared += len(rows)
        return compared

    def snapshots_equal(self, every=1):
        """Snapshots are the life figures of the instant at which they arrived, in their window. How many were compared."""
        compared = 0
        for shop in self.shops:
            truths = {}
            rows = self.rows("SELECT * FROM ad_figure_snapshot WHERE shop_id = ? ORDER BY order_id, at", self.shop_id(shop))
            for row in rows[SEED % every::every]:
                at_ms = row["received_ms"]
                lib.same(row["at"], at_ms - at_ms % FIVE_MINUTES_MS, "window of a snapshot")
                if at_ms not in truths:
                    truths[at_ms] = self.truth_at(shop, "2026-05-01", beijing_day(at_ms), at_ms)
                self.compare(row, truths[at_ms][row["order_id"]], f"{shop['name']} {row['order_id']} at {at_ms}",
                             self.earlier(shop, row, at_ms))
                compared += 1
        return compared

    def orders_equal(self):
        """After a whole pass every order that has begun is there with its figures, and no call was one too many."""
        for shop in self.shops:
            truth = self.truth_at(shop, "2026-05-01", beijing_day(self.now_ms()), self.now_ms())
            stored = {r["order_id"] for r in self.rows("SELECT order_id FROM ad_figure WHERE shop_id = ?", self.shop_id(shop))}
            lib.same(stored - set(truth), set(), "orders with figures that have none")
            lib.same(set(truth) - stored, set(), "orders without their figures")
        self.quota_kept()


def beijing_day(at_ms):
    return datetime.datetime.fromtimestamp(at_ms / 1000, BEIJING).date().isoformat()


def test_figures_equal_the_truth_while_the_world_goes_on(t):
    world = AdsWorld(t, 2, 40, 3, faults="all=5%", report_omit=3, corrections=20)
    for hour in range(0, 12 * 24, 3):
        world.pass_at(START + datetime.timedelta(hours=hour))
        if hour % 48 == 0:
            for minute in (5, 10, 15):
                world.pass_at(START + datetime.timedelta(hours=hour, minutes=minute))
    world.sandbox.config(faults="all=0%", report_omit=0)
    world.pass_at(START + datetime.timedelta(days=12, hours=1))
    world.pass_at(START + datetime.timedelta(days=12, hours=3), "--full")
    world.orders_equal()
    latest, days, snapshots = world.latest_equal(), world.days_equal(), world.snapshots_equal(2)
    print(f"# {world.passes} passes: {latest} latest, {days} days, {snapshots} snapshots compared", flush=True)
    lib.holds(min(latest, days, snapshots) > 50, "hardly anything was compared")


def test_shops_of_one_app_wait_in_line(t):
    """10 calls a second for all of them (connectors/douplus.yaml): every one is used, and a task asks in vain a few times a
    call, not once for each call of the others."""
    world = AdsWorld(t, 60, 10, 3)
    world.pass_at(START + datetime.timedelta(hours=30))
    calls, start_ms = world.sandbox.counts()["calls"], START + datetime.timedelta(hours=31)
    world.env["HUILIU_LOG_LEVEL"] = "debug"
    world.wait_until(ms(start_ms))
    _, _, log = world.sync(check=None)
    calls, seconds = world.sandbox.counts()["calls"] - calls, (world.now_ms() - ms(start_ms)) / 1000
    vain = log.count('"code":"budget"')
    print(f"# {calls} calls in {seconds:.1f} s, {vain} times in vain", flush=True)
    lib.holds(calls / seconds > 9.4, f"{calls} calls in {seconds} s")
    lib.holds(0 < vain < 3 * calls, f"{vain} times in vain for {calls} calls")


if __name__ == "__main__":
    lib.main(globals())

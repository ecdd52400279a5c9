"""Comparing what huiliu stored with the sandbox's truth, row by row. Shares no code with src/.

    stage = Stage(t, life_shops=2, life_orders=300)      # sandbox, home, shops; time is shared and virtual
    stage.sync()
    stage.rows_equal()
    stage.every_window("A")
"""
import hashlib
import os
import sqlite3

import lib

SEED = int(os.environ.get("SEED", "1"))
START_MS = 1780000000000  # 2026-05-28 20:26:40 UTC
# A world of two weeks and a sync of it: a sixth of the windows that a shop's whole history has. For tests to which one window
# more proves nothing.
FORTNIGHT = {"from": "2026-05-14", "since": "2026-05-13"}

LIFE_COLUMNS = {  # column of trade_order → name in the truth, what it is
    "status": ("status", "text"), "order_type": ("type", "text"), "sku_id": ("sku_id", None),
    "sku_name": ("sku_name", None), "original_amount": ("original_amount", None), "pay_amount": ("pay_amount", None),
    "receipt_amount": ("receipt_amount", None), "discount_amount": ("discount_amount", None),
    "pay_discount_amount": ("pay_discount_amount", None), "quantity": ("count", None),
    "created_at": ("created_at", "time"), "paid_at": ("paid_at", "time"), "updated_at": ("updated_at", "time"),
    "source_order_id": ("source_order_id", None), "poi_id": ("poi_id", None),
}
DOUPLUS_COLUMNS = {
    "status": ("status", None), "budget": ("budget", None), "task_id": ("task_id", None), "item_id": ("item_id", None),
    "title": ("title", None), "scene": ("scene", None), "created_at": ("created_at", "time"),
    "renew_count": ("renew_count", None),
}
TABLES = {"douyin-life": ("orders", "trade_order", LIFE_COLUMNS), "douplus": ("ad_orders", "ad_order", DOUPLUS_COLUMNS)}
DATA_TABLES = ("trade_order", "trade_certificate", "ad_order", "original", "status_history", "ad_figure",
               "ad_figure_snapshot", "ad_figure_day", "ad_figure_base", "touched", "ad_result", "ad_day", "ad_shop_day", "ad_video")


def expected_row(truth, columns):
    """A row of the truth as the table should hold it: times in ms; "" and time 0 are nothing."""
    out = {}
    for column, (name, kind) in columns.items():
        value = truth.get(name)
        if kind == "time":
            value = value * 1000 if value else None
        if value == "":
            value = None
        out[column] = str(value) if kind == "text" and value is not None else value
    return out


def digest(ids):
    """docs/proof.md: SHA-256 over the sorted 8-byte hashes of the distinct ids."""
    eight = sorted(hashlib.sha256(i.encode()).digest()[:8] for i in set(ids))
    return hashlib.sha256(b"".join(eight)).hexdigest()


class Stage:
    """A sandbox, a home that calls it, its shops. Unless `real_time`, both share a test clock: time moves when neither
    has anything to do."""

    def __init__(self, t, real_time=False, start_ms=START_MS, platform=None, since=None, settings=(), shops=True,
                 env=None, **switches):
        self.t = t
        self.env = dict(env or {})
        if not real_time:
            self.env |= {"HUILIU_CLOCK": str(t.folder() / "clock"), "HUILIU_CLOCK_START": str(start_ms)}
        switches.setdefault("seed", SEED)
        self.sandbox = t.sandbox(env=self.env, **switches)
        self.home = t.home(self.sandbox, env=self.env)
        self.shops = []
        if shops:
            self.shops = lib.add_shops(self.home, self.sandbox, platform, since, self.env, settings)
        if real_time and "quota" not in switches and self.shops:
            lib.budgets_lift(self.home, self.env)

    # --- doing ---

    def run(self, *words, **options):
        return lib.huiliu(self.home, *words, env={**self.env, **options.pop("env", {})}, **options)

    def sync(self, *words, check=True, **options):
        return self.run("sync", *words, check=check, **options)

    def start(self, *words, **options):
        return self.t.start(self.home, *words, env=self.env, start_new_session=True, **options)

    def execute(self, sql):
        db = sqlite3.connect(self.home / "huiliu.db", timeout=30)
        db.executescript(sql)
        db.close()

    def quota_lift(self):
        """From now on nobody waits for his turn, neither at the sandbox nor here."""
        self.sandbox.config(quota=[])
        lib.budgets_lift(self.home, self.env)

    # --- asking ---

    def rows(self, sql, *values):
        return lib.rows(self.home, sql, *values)

    def shop_id(self, shop):
        return self.rows("SELECT id FROM shop WHERE platform = ? AND external_id = ?", shop["platform"],
                         shop["external_id"])[0]["id"]

    def truth(self, shop):
        return {row["order_id"]: row for row in self.sandbox.truth(shop["platform"], shop["external_id"])}

    def windows(self, where="1 = 1"):
        return self.rows("SELECT * FROM sync_window WHERE state <> 'split' AND " + where)

    # --- what must hold ---

    def rows_equal(self):
        """Every stored row of every shop equals the truth, and there are no others."""
        for shop in self.shops:
            _, table, columns = TABLES[shop["platform"]]
            shop_id, truth = self.shop_id(shop), self.truth(shop)
            stored = {r["order_id"]: r for r in self.rows(f"SELECT * FROM {table} WHERE shop_id = ?", shop_id)}
            missing, extra = set(truth) - set(stored), set(stored) - set(truth)
            lib.holds(not missing and not extra,
                      f"{shop['name']}: {len(missing)} missing {sorted(missing)[:3]}, {len(extra)} too many")
            for order_id, row in truth.items():
                wanted = expected_row(row, columns)
                got = {c: stored[order_id][c] for c in columns}
                lib.same(got, wanted, f"{shop['name']} {order_id}")
            if table == "trade_order":
                self.certificates_equal(shop, shop_id, truth)

    def certificates_equal(self, shop, shop_id, truth):
        stored = {(r["order_id"], r["order_item_id"]): (r["item_status"], r["refund_amount"]) for r in self.rows(
            "SELECT * FROM trade_certificate WHERE shop_id = ?", shop_id)}
        wanted = {(order_id, c["order_item_id"]): (str(c["item_status"]), c["refund_amount"])
                  for order_id, row in truth.items() for c in row["certificates"]}
        lib.holds(stored == wanted, f"{shop['name']}: certificates differ")

    def every_window(self, grade):
        other = [(w["kind"], w["state"], w["grade"], w["reason"]) for w in self.windows()
                 if (w["state"], w["grade"]) != ("sealed", grade)]
        lib.holds(not other, f"{len(other)} windows are not sealed with {grade}: {other[:3]}")
        lib.holds(self.windows(), "there are no windows")

    def seals_hold(self):
        """No sealed audit window says what the truth contradicts."""
        for shop in self.shops:
            truth = self.truth(shop)
            for w in self.windows(f"state = 'sealed' AND kind = 'audit' AND shop_id = {self.shop_id(shop)}"):
                ids = window_ids(truth, w, "created_at")
                lib.same((w["distinct_ids"], w["digest"]), (len(ids), digest(ids)),
                         f"{shop['name']}: sealed window {w['from_ms']}–{w['to_ms']}")

    def quota_kept(self):
        lib.same(self.sandbox.counts()["refused"], 0, "calls beyond the quota")

    def watch_writes(self):
        """Counts writes of the data tables by triggers of our own: evidence that does not come from huiliu."""
        text = "CREATE TABLE IF NOT EXISTS test_writes (name TEXT); DELETE FROM test_writes;"
        for table in DATA_TABLES:
            for verb in ("INSERT", "UPDATE", "DELETE"):
                text += (f"CREATE TRIGGER IF NOT EXISTS test_{table}_{verb} AFTER {verb} ON {table} BEGIN "
                         f"INSERT INTO test_writes VALUES ('{verb} {table}'); END;")
        self.execute(text)

    def nothing_written(self):
        lib.same(self.rows("SELECT name, count(*) AS n FROM test_writes GROUP BY name"), [], "writes of data tables")


def window_ids(truth, window, by):
    return [i for i, row in truth.items() if window["from_ms"] <= row[by] * 1000 <= window["to_ms"]]

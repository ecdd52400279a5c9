"""Results and sums worked out again from the data tables, with fractions and dictionaries; shares no code with src/derive."""
import datetime
import json
from collections import defaultdict
from fractions import Fraction

from lib import same

BEIJING = datetime.timezone(datetime.timedelta(hours=8))
FINAL = {"DELIVERIED", "UNDELIVERIED", "OFFLINE_AUDIT"}
SUMMED = ("cost plays likes comments shares follows home_visits conversions shown live_clicks gift_users gift_amount live_comments"
          " live_follows gifts").split()
READ = "task_id status title author_name author_id scene renew_count delivery_hours budget".split()


def half_up(value):
    sign = -1 if value < 0 else 1
    return sign * int((2 * abs(value) + 1) // 2)


def over(a, b, times, zero):
    if a is None or b is None:
        return None
    return zero if b == 0 else half_up(Fraction(a, b) * times)


def day_of(at_ms):
    return datetime.datetime.fromtimestamp(at_ms / 1000, BEIJING).date().isoformat()


def ended_ms(order, history):
    if order["status"] not in FINAL:
        return None
    open_ms = max((h["at_ms"] for h in history if h["status"] not in FINAL), default=0)
    over_ms = min((h["at_ms"] for h in history if h["status"] in FINAL and h["at_ms"] > open_ms), default=0)
    return over_ms if over_ms > order["first_seen_ms"] else None


def result_of(order, figure, plan, history):
    row = {name: order[name] for name in READ}
    row.update(shop_id=order["shop_id"], order_id=order["order_id"], item_id=order["item_id"] or "", created_ms=order["created_at"],
               day=day_of(order["created_at"]), ended_ms=ended_ms(order, history), told=int(figure is not None),
               final=int(plan is not None and plan["next_ms"] is None and plan["days_next_ms"] is None),
               currency=(figure or order)["currency"] or order["currency"] or "", figures_ms=figure and figure["changed_ms"])
    f = figure or defaultdict(lambda: None)
    row.update({name: f[name] for name in SUMMED + ["rate_5s"]})
    row.update(conversion_cost=over(f["cost"], f["conversions"], 1, None), plays_per_100=over(f["plays"], f["cost"], 100 * 100 * 100, 0),
               like_rate=over(f["likes"], f["plays"], 10000, 0), share_rate=over(f["shares"], f["plays"], 10000, 0))
    return row


def known_sum(values):
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def sums(key, orders, told, provisional, rows, budget, first_ms):
    day = dict(zip(("shop_id", "basis", "day", "item_id", "currency"), key), orders=orders, told=told, provisional=provisional,
               budget=budget, first_ms=first_ms)
    day.update({name: known_sum(row[name] for row in rows) for name in SUMMED})
    weighed = [row for row in rows if row["rate_5s"] is not None and row["plays"] is not None]
    day["rate_5s_weighed"] = known_sum(row["rate_5s"] * row["plays"] for row in weighed)
    day["rate_5s_plays"] = known_sum(row["plays"] for row in rows if row["rate_5s"] is not None)
    return day


def cover_of(order):
    items = json.loads(order["items"]) if order["items"] else None
    cover = items[0].get("aweme_item_cover") if isinstance(items, list) and items and isinstance(items[0], dict) else None
    cover = cover[0] if isinstance(cover, list) and cover else cover
    return cover if isinstance(cover, str) else None


class Expected:
    """What the tables of results should hold, from the data tables."""

    def __init__(self, rows):
        def keyed(sql, *names):
            return {tuple(row[name] for name in names): row for row in rows(sql)}
        self.orders = keyed("SELECT * FROM ad_order", "shop_id", "order_id")
        figures = keyed("SELECT * FROM ad_figure", "shop_id", "order_id")
        plans = keyed("SELECT * FROM ask_plan WHERE stream = 'ad_figures'", "shop_id", "key_text")
        history = defaultdict(list)
        for row in rows("SELECT * FROM status_history WHERE table_name = 'ad_order'"):
            history[row["shop_id"], row["key_text"]].append(row)
        self.results = {key: result_of(order, figures.get(key), plans.get(key), history[key]) for key, order in self.orders.items()}
        self.days, self.videos = {}, {}
        self.created()
        self.spent(rows("SELECT * FROM ad_figure_day"), plans)
        self.shop_days = self.together({row["item_id"]: row["id"] for row in rows("SELECT * FROM ad_item")})
        self.seen()

    def together(self, numbers):
        """Days of shops, all videos together."""
        of_shops = defaultdict(list)
        for (shop_id, basis, day, _, currency), row in self.days.items():
            of_shops[shop_id, basis, day, currency].append(row)
        found = {}
        for key, rows in of_shops.items():
            items = sorted(row["item_id"] for row in rows if row["item_id"])
            names = [name for name in rows[0] if name not in ("shop_id", "basis", "day", "currency", "item_id", "first_ms")]
            found[key] = {name: known_sum(row[name] for row in rows) for name in names}
            found[key].update(dict(zip(("shop_id", "basis", "day", "currency"), key)), videos=len(items),
                              video_list=",".join(str(numbers[item]) for item in items) or None)
        return found

    def created(self):
        cells = defaultdict(list)
        for row in self.results.values():
            cells[row["shop_id"], "created", row["day"], row["item_id"], row["currency"]].append(row)
        for key, rows in cells.items():
            self.days[key] = sums(key, len(rows), sum(r["told"] for r in rows), sum(1 - r["final"] for r in rows), rows,
                                  known_sum(r["budget"] for r in rows), min(r["created_ms"] for r in rows))

    def spent(self, day_rows, plans):
        cells = defaultdict(list)
        for row in day_rows:
            result = self.results.get((row["shop_id"], row["order_id"]))
            cells[row["shop_id"], "spent", row["day"], result["item_id"] if result else "",
                  row["currency"] or (result["currency"] if result else "")].append((row, result))
        for key, rows in cells.items():
            open_days = 0
            for row, _ in rows:
                plan = plans.get((row["shop_id"], row["order_id"]))
                final = plan and ((plan["days_to"] or "") >= row["day"] or plan["days_closing"] == 1
                                  or (plan["next_ms"] is None and plan["days_next_ms"] is None))
                open_days += not final
            self.days[key] = sums(key, len(rows), len(rows), open_days, [row for row, _ in rows], None,
                                  min((result["created_ms"] for _, result in rows if result), default=None))

    def seen(self):
        videos = defaultdict(list)
        for row in self.results.values():
            if row["item_id"]:
                videos[row["shop_id"], row["item_id"]].append(row)
        for key, rows in videos.items():
            newest = max(rows, key=lambda r: (r["created_ms"], r["order_id"]))
            self.videos[key] = {"shop_id": key[0], "item_id": key[1], "title": newest["title"], "author_name": newest["author_name"],
                                "cover": cover_of(self.orders[key[0], newest["order_id"]]), "newest_ms": newest["created_ms"],
                                "orders": len(rows)}


def table_is(rows, table, key, wanted):
    got = {tuple(row[name] for name in key): dict(row) for row in rows(f"SELECT * FROM {table}")}
    same(sorted(set(got) ^ set(wanted)), [], f"keys of {table}")
    for one, row in got.items():
        row.pop("changed_ms", None)
        for name, value in row.items():
            same(value, wanted[one][name], f"{table} {one}: {name}")
    return len(got)


def names_are_kept(rows):
    """What orders say; what they have said before may be there too."""
    told = {(row["shop_id"], "item", row["item_id"] or "", "", row["title"]) for row in rows("SELECT shop_id, item_id, title FROM ad_order") if row["title"]}
    told |= {(row["shop_id"], "sku", row["sku_id"] or "", row["sku_code"] or "", row["sku_name"] or "")
             for row in rows("SELECT shop_id, sku_id, sku_code, sku_name FROM trade_order") if row["sku_code"] or row["sku_name"]}
    kept = {(row["shop_id"], row["kind"], row["id"], row["code"], row["name"]) for row in rows("SELECT * FROM order_name")}
    same(sorted(told - kept), [], "names that orders say and that are not kept")


def results_equal(rows):
    """Every row of every table of results. How many there are."""
    names_are_kept(rows)
    same(rows("SELECT * FROM touched"), [], "touched rows that are left")
    expected = Expected(rows)
    counts = (table_is(rows, "ad_result", ("shop_id", "order_id"), expected.results),
              table_is(rows, "ad_day", ("shop_id", "basis", "day", "item_id", "currency"), expected.days),
              table_is(rows, "ad_shop_day", ("shop_id", "basis", "day", "currency"), expected.shop_days),
              table_is(rows, "ad_video", ("shop_id", "item_id"), expected.videos))
    return counts

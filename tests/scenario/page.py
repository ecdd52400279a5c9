#!/usr/bin/env python3
"""The web page as a person has it: Debian's Chromium against `huiliu serve` (tests/page/*.mjs do the clicking and reading). What stands on
the screen is compared with the API and with sums made here of the data tables; what a button did is looked up in the database. Pictures are
kept in BUILD/logs/page.
# Takes 60 s.
"""
import csv
import datetime
import io
import re
import shutil
import subprocess
import urllib.parse

import lib
from api_client import PASSWORD
from lib import ROOT, holds, same
from page_world import ADMIN, PICTURES, World, change, main, metrics, money, script, signed, written
from trade_sums import BEIJING, day_of, trade_equal

WEB = ROOT / "web"
WIRE_BYTES_MAX = 450 * 1024
NEXT_PASSWORD = "another phrase of the test"
LOOKER = "looker"
WORLD = None


def world(served=True):
    return WORLD.served() if served else WORLD


def admin():
    return signed()


# --- the tests ---

def test_without_a_user_the_page_says_how_to_make_one(_):
    w = world(served=False)
    serve = lib.huiliu_start(w.stage.home, "serve", env={**w.stage.env, "HUILIU_LISTEN": "127.0.0.1:0"})
    try:
        port = re.search(r"\(port (\d+)\)", serve.stdout.readline())[1]
        read = script("first_run", f"http://127.0.0.1:{port}")
    finally:
        serve.terminate()
        _, err = serve.communicate(timeout=60)
    lib.sanitizers_quiet(err)
    same(read, {"command": "huiliu user add admin --role admin", "forms": 0})


def test_the_figures_of_today_are_those_of_the_api_and_of_the_tables(_):
    w = world()
    names = metrics(w.api)
    questions = [{"query": "period=30d", "language": "zh"}, {"query": "period=7d&basis=spent", "language": "en"},
                 {"query": f"period=all&shop={w.stage.shop_id(w.stage.shops[0])}", "language": "zh"},
                 {"query": "from=2026-05-01&to=2026-05-10", "language": "en"}]
    reads = script("today", w.api.base, questions=questions, **{"as": admin()})
    for question, read in zip(questions, reads):
        query = dict(urllib.parse.parse_qsl(question["query"]))
        board = w.api.get("/api/v1/dashboard", **query)
        told = {f"{family}.{name}": (value, entry["before"] and entry["before"][name])
                for family, entries in (("ad", board["ads"]), ("trade", board["sales"])) for entry in entries
                for name, value in entry.items() if f"{family}.{name}" in names}
        holds(len(read["figures"]) >= 12, f"{question}: {len(read['figures'])} figures")
        for figure in read["figures"]:
            value, before = told[figure["key"]]
            unit = names[figure["key"]]["unit"]
            same((figure["name"], figure["value"], figure["change"]),
                 (names[figure["key"]][question["language"]], written(value, unit), change(value, before, unit)), f"{question} {figure['key']}")
        for family, entries in (("ad", board["ads"]), ("trade", board["sales"])):
            shown = any(figure["key"].startswith(family) for figure in read["figures"])
            same(shown, bool(entries), f"{question}: figures of {family}")
        as_of = datetime.datetime.fromisoformat(board["as_of"].replace("Z", "+00:00")).astimezone(BEIJING)
        holds(as_of.strftime("%Y-%m-%d %H:%M") in read["asOf"], f"{read['asOf']} against {board['as_of']}")
        needs = w.api.get("/api/v1/attention", **({"shop": query["shop"]} if "shop" in query else {}))["items"]
        needs = [item["kind"] for level in ("error", "warn") for item in needs if item["level"] == level]
        same(read["needs"], needs[:3], f"{question}: what needs a person, the urgent first")
        trend_is_the_apis(w, question, query, read)
    tables_say(w, reads[0])


def trend_is_the_apis(w, question, query, read):
    trend = w.api.get("/api/v1/trends", of="ads", metric="cost", **query)
    days = [[day["day"], written(day["cost"], "money"), written(day["average_7d"], "money")] for day in trend["items"][0]["days"]]
    same(read["trend"], days, f"{question}: the trend as a table")


def tables_say(w, read):
    """The same once more without the API: sums of the data tables over the days that the page names."""
    first, last = re.findall(r"\d{4}-\d\d-\d\d", read["period"])
    screen = {figure["key"]: figure["value"] for figure in read["figures"]}
    ads = [r for r in w.rows("SELECT o.created_at, f.cost, f.plays FROM ad_order o LEFT JOIN ad_figure f"
                             " ON f.shop_id = o.shop_id AND f.order_id = o.order_id") if first <= day_of(r["created_at"]) <= last]
    same((screen["ad.orders"], screen["ad.cost"], screen["ad.plays"]),
         (f"{len(ads):,}", money(sum(r["cost"] or 0 for r in ads)), f"{sum(r['plays'] or 0 for r in ads):,}"), "ads of the tables")
    results, days = trade_equal(w.rows)
    sold = [r for r in results if r["counts"] and first <= r["day"] <= last]
    same((screen["trade.gmv"], screen["trade.refunds"], screen["trade.orders"]),
         (money(sum(r["gmv"] for r in sold)), money(sum(r["refunds"] or 0 for r in sold)), f"{len({(r['shop_id'], r['parent_id']) for r in sold}):,}"),
         "sales of the tables")
    holds(sold and ads and screen["ad.cost"] != "¥0.00" and screen["trade.profit"] != "—", f"nothing to compare: {screen}")
    # A cost that nobody has said is told beside the profit.
    holds(any(d["cost_unknown"] for d in days.values()), "every cost is known")


def test_the_figures_stand_after_few_bytes(_):
    read = script("wire", world().api.base, **{"as": admin()})
    print(f"# over the wire until Today's figures: {read['untilFigures']} bytes of {WIRE_BYTES_MAX}; with the chart {read['whole']}")
    for path, size in sorted(read["parts"], key=lambda part: -part[1])[:6]:
        print(f"#   {size:7} {path}")
    holds(0 < read["untilFigures"] <= WIRE_BYTES_MAX, f"{read['untilFigures']} bytes until the figures")
    same([path for path, size in read["parts"] if "chart" in path or (size == 0 and "/events" not in path)], [],
         "what came before the figures though it may follow, or was not counted")
    same({tuple(one) for one in read["encodings"]} - {("br", "public, max-age=31536000, immutable"),
                                                      ("gzip", "public, max-age=31536000, immutable")}, set(), "files that are not packed or kept")


def test_everybody_can_use_every_page(_):
    read = script("reach", world().api.base, **{"as": admin()})
    for one in read["found"]:
        print("#", one)
    same(read["found"], [], "what axe finds serious or critical, or is too wide")
    same((read["first"], "open=" in read["address"]), ("skip", False), "the keyboard's way")


def cells(row, names, columns):
    """A row of the API as the list writes it."""
    out = []
    for key in columns:
        value = row[key]
        if key in names:
            out.append(written(value, names[key]["unit"]))
        elif key == "created_at":
            out.append(datetime.datetime.fromisoformat(value.replace("Z", "+00:00")).astimezone(BEIJING).strftime("%Y-%m-%d %H:%M"))
    return out


def test_the_list_of_ad_orders_does_what_it_says(_):
    w, api = world(), world().api
    names = {key.removeprefix("ad."): m for key, m in metrics(world().api).items() if key.startswith("ad.")}
    audits = w.rows("SELECT count(*) AS n FROM audit")[0]["n"]
    word = w.rows("SELECT title FROM ad_order WHERE title IS NOT NULL ORDER BY order_id LIMIT 1")[0]["title"][:2]
    read = script("orders", api.base, word=word, **{"as": admin()})

    def keys(rows):
        return [f"{row['shop']}/{row['order_id']}" for row in rows]

    def on_screen(part):
        return [row["key"] for row in part]

    first = api.get("/api/v1/ad-orders", sort="-created_at", limit=100)
    second = api.get("/api/v1/ad-orders", sort="-created_at", limit=100, cursor=first["next"])
    same(on_screen(read["first"]["rows"]), keys(first["items"]), "the first page")
    same(on_screen(read["second"]), keys(second["items"]), "the second page")
    same(on_screen(read["back"]), keys(first["items"]), "back again")
    total = w.rows("SELECT count(*) AS n FROM ad_order")[0]["n"]
    holds(f"{total:,}" in read["total"], f"{read['total']} of {total}")
    columns = [head["key"] for head in read["first"]["heads"]]
    compared = [key for key in columns if key in names or key == "created_at"]
    for row, told in zip(read["first"]["rows"], first["items"]):
        shown = [cell for key, cell in zip(columns, row["cells"]) if key in compared]
        same(shown, cells(told, names, compared), f"the row {row['key']}")

    wanted = api.get("/api/v1/ad-orders", sort="-cost,-created_at", limit=100)["items"]
    same(on_screen(read["sorted"]["rows"]), keys(wanted), "two columns of order")
    same({head["key"]: head["sort"] for head in read["sorted"]["heads"] if head["sort"] not in (None, "none")},
         {"cost": "descending", "created_at": "descending"}, "what is told of the order")
    found = api.get("/api/v1/ad-orders", sort="-cost,-created_at", limit=100, q=word)["items"]
    holds(0 < len(found), f"nothing has {word}")
    same(on_screen(read["found"]["rows"]), keys(found), f"the rows of {word}")

    now = [head["key"] for head in read["columns"]]
    same(now, [*[key for key in columns if key != "likes"][:-1], "comments", columns[-1]], "columns after choosing and moving")
    same([head["key"] for head in read["again"]["heads"]], now, "columns of the default view")
    same(on_screen(read["again"]["rows"]), keys(found), "rows of the default view")
    lines = list(csv.reader(io.StringIO(read["file"].removeprefix("\ufeff"))))
    same((len(lines) - 1, len(lines[0])), (len(found), len(now)), "rows and columns of the file")
    same([line[0] for line in lines[1:]], [row["order_id"] for row in found], "the file's rows")

    opened = api.get(f"/api/v1/ad-orders/{read['open']['key'].split('/')[1]}", shop=read["open"]["key"].split("/")[0])
    same(read["open"]["figures"], {f"ad.{name}": written(opened[name], names[name]["unit"]) for name in names if f"ad.{name}" in read["open"]["figures"]},
         "the drawer's figures")
    holds(len(read["open"]["figures"]) > 20, "the drawer has few figures")
    what_the_buttons_did(w, read, audits)


def what_the_buttons_did(w, read, audits):
    run = w.rows("SELECT id, mode FROM sync_run ORDER BY id DESC LIMIT 1")[0]
    same(run["mode"], "order", "the sync that was asked for")
    holds(str(run["id"]) in read["pulled"], f"{read['pulled']} of sync {run['id']}")
    asked = [line["action"] for line in w.rows("SELECT action FROM audit ORDER BY id")][audits:]
    same(asked, ["view.add", "sync.ask", "view.remove"], "audit lines")
    same(w.rows("SELECT count(*) AS n FROM saved_view")[0]["n"], 0, "views after the one was removed")


def test_who_may_only_look_cannot_press(_):
    w = world()
    shop = next(s for s in w.stage.shops if s["platform"] == "douplus")
    w.user(LOOKER, "viewer", "--shop", shop["name"])
    own = w.stage.shop_id(shop)
    foreign = w.rows("SELECT shop_id, order_id FROM ad_order WHERE shop_id <> ? LIMIT 1", own)[0]
    key = f"{foreign['shop_id']}/{foreign['order_id']}"
    read = script("rights", w.api.base, [f"404 /api/v1/ad-orders/{foreign['order_id']}"], foreign=key,
                  **{"as": {"name": LOOKER, "password": PASSWORD}})
    same(read, {"file": [True, "导出需要操作员权限"], "pull": [True, "重新拉取需要操作员权限"], "shops": [str(own)], "foreign": read["foreign"]})
    holds(read["foreign"] in ("absent", "shop_absent", "shop_unknown"), read["foreign"])


def test_one_signs_in_changes_the_password_and_leaves(_):
    w = world()
    audits = w.rows("SELECT count(*) AS n FROM audit WHERE action = 'user.password'")[0]["n"]
    user = w.rows("SELECT id, password FROM api_user WHERE name = ?", ADMIN)[0]
    read = script("sign_in", w.api.base, ["401 /api/v1/auth/sign-in", "401 /api/v1/dashboard", "401 /api/v1/trends", "422 /api/v1/auth/password"],
                  name=ADMIN, password=PASSWORD, next=NEXT_PASSWORD)
    same((read["wrong"], read["wrongOld"]), ("用户名或密码不正确", "当前密码不正确"))
    holds("period=30d" in read["address"] and read["under"] > 0, f"{read}")
    holds(w.rows("SELECT password FROM api_user WHERE id = ?", user["id"])[0]["password"] != user["password"], "the password is as before")
    same(w.rows("SELECT count(*) AS n FROM audit WHERE action = 'user.password'")[0]["n"], audits + 1, "audit lines")
    same(w.rows("SELECT count(*) AS n FROM api_session WHERE user_id = ?", user["id"])[0]["n"], 1, "sessions: of the one whose cookie was lost")


def test_the_types_of_the_page_are_those_of_the_routes(_):
    folder = world().t.folder()
    (folder / "openapi.json").write_text(lib.huiliu(None, "help", "--openapi", check=True)[1], encoding="utf-8")
    made = subprocess.run(["node", str(WEB / "tools" / "types.mjs"), str(folder / "openapi.json")], stdout=subprocess.PIPE, text=True, check=True)
    holds(made.stdout == (WEB / "src" / "api" / "types.ts").read_text(encoding="utf-8"),
          "web/src/api/types.ts is not what `huiliu help --openapi` says: `make made` writes it anew")


def world_make(case):
    global WORLD
    shutil.rmtree(PICTURES, ignore_errors=True)
    WORLD = World(case)
    return WORLD


if __name__ == "__main__":
    main(globals(), world_make)

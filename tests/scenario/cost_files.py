#!/usr/bin/env python3
"""Files of costs and of persons in charge: looked at first, wrong rows alone, twice is once; beside edits by hand, in both orders; of several
shops. What follows from them is worked out again from the tables (trade_sums.py).
# Takes 60 s"""
import json

import lib
import mariadb_server
import pg_server
from api_client import Api, Refused
from lib import holds, huiliu, same
from on_server import OnServer, server_start
from sheets import xlsx_bytes
from trade import middle_day, sku_stage
from trade_sums import trade_equal
from truth import Stage

HEAD = ["店铺", "SKU ID", "生效日期", "成本价", "币种", "备注"]
COSTS = "SELECT sku_id, from_day, cost, currency, note, who FROM sku_cost ORDER BY sku_id, from_day"


def write(path, rows):
    path.write_bytes(xlsx_bytes({"成本": rows}))
    return path


def take(stage, path, *words, kind="costs", check=True, env=None):
    code, out, why = huiliu(stage.home, "import", str(path), "--as", kind, "--json", *words, env={**stage.env, **(env or {})}, check=check or None)
    return json.loads(out) if check else (code, out, why)


def counts(said):
    return [said[name] for name in ("new", "changed", "same", "older", "errors")]


def test_a_file_of_costs_is_looked_at_first_and_wrong_rows_are_refused_alone(t):
    stage, shop, (a, b, *_) = sku_stage(t)
    middle = middle_day(stage, a)
    path = write(t.folder() / "成本.xlsx", [["2026 年成本表"], HEAD,
                                          [shop, a["sku_id"], middle, "¥1.50", None, "好"],
                                          [shop, b["sku_id"], 46000, "1,002.25", "USD", None],       # 2025-12-09 as a spreadsheet counts
                                          [shop, b["sku_id"], "2026/03/01", None, None, None],
                                          [shop, "17003", "三月", 1, None, None],
                                          [shop, "17004", "2026-02-30", 1, None, None],
                                          [shop, "17005", "2026-01-01", "1.005", None, None],
                                          [shop, "17006", "2026-01-01", "-1", None, None],
                                          [shop, "17007", "2026-01-01", "1000000000.01", None, None],
                                          [shop, "17008", "2026-01-01", "1", "XXQ", None],
                                          [shop, 1.83553579468599e18, "2026-01-01", 1, None, None],
                                          [shop, None, "2026-01-01", 1, None, None],
                                          [shop, a["sku_id"], middle, "2", None, None],
                                          ["nobody", "17009", "2026-01-01", 1, None, None],
                                          [None, "17010 x/%号", "2026-01-01 00:00:00", 7, "人民币", None]])
    seen = take(stage, path, "--shop", shop, "--preview")
    same(stage.rows("SELECT count(*) AS n FROM sku_cost"), [{"n": 0}], "a preview stores nothing")
    same((seen["state"], seen["rows"], counts(seen), seen["changes"]), ("preview", 14, [4, 0, 0, 0, 10], []), "seen")
    faults = [(6, "生效日期", "day_text"), (7, "生效日期", "day_text"), (8, "成本价", "money_fraction"), (9, "成本价", "below_min"),
              (10, "成本价", "above_max"), (11, "成本价", "currency_unknown"), (12, "SKU ID", "id_rounded"), (13, "SKU ID", "field_missing"),
              (14, "", "key_twice"), (15, "店铺", "shop_unknown")]
    same(sorted((f["row"], f["column"], f["code"]) for f in seen["faults"]), faults, "each wrong row, its column and why")
    before = {r["order_id"]: r for r in stage.rows("SELECT * FROM trade_result")}
    done = take(stage, path, "--shop", shop)
    same((done["state"], counts(done), done["faults"]), ("done", [4, 0, 0, 0, 10], seen["faults"]), "what was seen is what is")
    who = {"who": "command line"}
    same(stage.rows(COSTS), sorted([
        {"sku_id": a["sku_id"], "from_day": middle, "cost": 150, "currency": "CNY", "note": "好", **who},
        {"sku_id": b["sku_id"], "from_day": "2025-12-09", "cost": 100225, "currency": "USD", "note": None, **who},
        {"sku_id": b["sku_id"], "from_day": "2026-03-01", "cost": None, "currency": "CNY", "note": None, **who},
        {"sku_id": "17010 x/%号", "from_day": "2026-01-01", "cost": 700, "currency": "CNY", "note": None, **who}],
        key=lambda c: (c["sku_id"], c["from_day"])), "costs")
    same(stage.rows("SELECT count(*) AS n FROM original WHERE table_name = 'sku_cost'"), [{"n": 4}], "originals")
    same(stage.rows("SELECT count(*) AS n FROM reject WHERE table_name = 'sku_cost'"), [{"n": 8}], "rows that could not be mapped")
    same(stage.rows("SELECT count(*) AS n FROM import_error"), [{"n": 10}], "refused rows")
    results, _ = trade_equal(stage.rows)
    holds(any(r["unit_cost"] == 150 for r in results), "the cost has reached its orders")
    for row in stage.rows("SELECT * FROM trade_result"):
        of = row["sku_id"] == a["sku_id"] and row["day"] >= middle
        same(row["changed_ms"] != before[row["order_id"]]["changed_ms"], of, f"written: {row['order_id']}")
    actions = [r["action"] for r in stage.rows("SELECT action FROM audit ORDER BY id")]
    same(actions.count("import"), 1, f"the audit log {actions}")


def test_twice_is_once_and_what_is_newer_stays(t):
    """A file, an edit by hand, the file again, an older file, a newer one; taken away by hand, and mapped again."""
    stage, shop, (a, b, *_) = sku_stage(t)
    day = "2026-01-01"
    head = ["sku_id", "from_day", "cost", "note"]
    one = write(t.folder() / "one.xlsx", [head, [a["sku_id"], day, "1.50", "x"], [b["sku_id"], day, "2.50", None]])
    same(counts(take(stage, one, "--shop", shop)), [2, 0, 0, 0, 0], "a file")
    code, _, why = take(stage, one, "--shop", shop, check=False)
    same((code, "import_known" in why), (1, True), f"the very same file again: {why}")
    changed = "SELECT max(changed_ms) AS at FROM trade_result"
    at = stage.rows(changed)
    same(counts(take(stage, one, "--shop", shop, "--again")), [0, 0, 2, 0, 0], "and when it is wanted")
    other = write(t.folder() / "other.xlsx", [["备注", "SKU", "日期", "成本"], ["x", a["sku_id"], day, "1.50"], [None, b["sku_id"], day, "2.50"]])
    take(stage, other, "--shop", shop)
    same([(r["cost"], r["note"]) for r in stage.rows(COSTS)], [(150, "x"), (250, None)] if a["sku_id"] < b["sku_id"] else [(250, None), (150, "x")],
         "another file that says the same")
    same(stage.rows(changed), at, "nothing follows from it")
    stage.run("cost", "set", shop, a["sku_id"], day, "9.00", "--note", "hand", check=True)
    same(stage.rows("SELECT count(*) AS n FROM original WHERE table_name = 'sku_cost'"), [{"n": 1}], "the file's own word is no more what holds")
    old = write(t.folder() / "old.xlsx", [head, [a["sku_id"], day, "3.00", "old"], [b["sku_id"], day, "4.00", "old"]])
    seen = take(stage, old, "--shop", shop, "--as-of", "2025-06-01", "--preview")
    same((counts(seen), sorted((c["row"], c["key"], c["outcome"]) for c in seen["changes"])),
         ([0, 0, 0, 2, 0], [(2, f"{a['sku_id']} {day}", "older"), (3, f"{b['sku_id']} {day}", "older")]), "an older file is seen as one")
    same(counts(take(stage, old, "--shop", shop, "--as-of", "2025-06-01")), [0, 0, 0, 2, 0], "and changes nothing")
    same({r["sku_id"]: r["cost"] for r in stage.rows(COSTS)}, {a["sku_id"]: 900, b["sku_id"]: 250}, "by hand, and by the file")
    replay = json.loads(stage.run("connector", "replay", shop, "costs", "--json", check=True)[1])
    same((replay["rows"], replay["differences"]), (1, []), "what is mapped again")
    seen = take(stage, one, "--shop", shop, "--again", "--preview")
    same([(c["row"], c["outcome"]) for c in seen["changes"] if a["sku_id"] in c["key"]], [(2, "changed")], "a file of now says otherwise than the hand")
    take(stage, one, "--shop", shop, "--again")
    same({r["sku_id"]: r["cost"] for r in stage.rows(COSTS)}, {a["sku_id"]: 150, b["sku_id"]: 250}, "and it is the newer one")
    stage.run("cost", "remove", shop, a["sku_id"], day, check=True)
    same(counts(take(stage, one, "--shop", shop, "--again", "--preview")), [1, 0, 1, 0, 0], "what was taken away has no memory")
    stage.sync()
    trade_equal(stage.rows)


def test_a_file_of_several_shops_is_taken_for_each(t):
    stage = Stage(t, life_shops=2, life_orders=60, douplus_shops=1, douplus_orders=3)
    stage.sync()
    first, second = [s["name"] for s in stage.shops if s["platform"] == "douyin-life"]
    ads = next(s["name"] for s in stage.shops if s["platform"] == "douplus")
    path = t.folder() / "costs.csv"
    text = f"店铺,SKU,生效日期,成本\n{first},S1,2026-01-01,1.5\n{second},S1,2026-01-01,x\n{second},S2,2026-01-01,2.5\nnobody,S3,2026-01-01,1\n,S4,2026-01-01,1\n"
    path.write_bytes(text.encode("gb18030"))
    seen = json.loads(stage.run("cost", "import", path, "--preview", "--json", check=True)[1])["imports"]
    same([(i["shop"], i["rows"], counts(i)) for i in seen], [(first, 3, [1, 0, 0, 0, 2]), (second, 2, [1, 0, 0, 0, 1])], "seen")
    same([[(f["row"], f["code"]) for f in i["faults"]] for i in seen], [[(5, "shop_unknown"), (6, "shop_unknown")], [(3, "money_text")]], "faults")
    done = json.loads(stage.run("cost", "import", path, "--json", check=True)[1])["imports"]
    same([i["state"] for i in done], ["done", "done"], "taken")
    named = {r["id"]: r["name"] for r in stage.rows("SELECT id, name FROM shop")}
    same(sorted((named[r["shop_id"]], r["sku_id"], r["cost"]) for r in stage.rows("SELECT * FROM sku_cost")),
         sorted([(first, "S1", 150), (second, "S2", 250)]), "costs")
    again = json.loads(stage.run("cost", "import", path, "--json", check=True)[1])["imports"]
    same([i["state"] for i in again], ["known", "known"], "the same file again")
    holds(first in stage.run("cost", "import", path, check=True)[1], "people read which shop")
    one = take(stage, path, "--shop", first, "--preview", "--again")
    same(sorted((f["row"], f["code"]) for f in one["faults"]), [(3, "shop_other"), (4, "shop_other"), (5, "shop_unknown")],
         "for one shop the others' rows are none")
    path.write_text(f"店铺,SKU,生效日期,成本\n{ads},S1,2026-01-01,1\n", "utf-8")
    code, _, why = stage.run("cost", "import", path, check=None)
    same((code, "not_a_store" in why), (2, True), f"of an account of ads: {why}")
    path.write_text("SKU,生效日期,成本\nS1,2026-01-01,1\n", "utf-8")
    code, _, why = stage.run("cost", "import", path, check=None)
    same((code, "import_shops" in why), (2, True), f"of nobody: {why}")


def test_persons_come_in_files(t):
    stage, shop, (a, b, *_) = sku_stage(t)
    stage.run("person", "set", shop, b["sku_id"], "李四", check=True)
    path = t.folder() / "persons.csv"
    path.write_text(f"SKU ID,负责人\n{a['sku_id']},张三\n{b['sku_id']},王五\nS3,\nS4,{'张' * 22}\nS5,\"赵\n六\"\n", "utf-8")
    seen = take(stage, path, "--shop", shop, "--preview", kind="persons")
    same((counts(seen), [(c["row"], c["outcome"]) for c in seen["changes"]], sorted((f["row"], f["column"], f["code"]) for f in seen["faults"])),
         ([1, 1, 0, 0, 3], [(3, "changed")], [(4, "负责人", "field_missing"), (5, "负责人", "text_long"), (6, "负责人", "text_line")]), "seen")
    stage.run("person", "import", path, "--shop", shop, check=True)
    same({r["sku_id"]: (r["person"], r["who"]) for r in stage.rows("SELECT * FROM sku_person")},
         {a["sku_id"]: ("张三", "command line"), b["sku_id"]: ("王五", "command line")}, "persons")
    results, _ = trade_equal(stage.rows)
    holds({"张三", "王五"} <= {r["person"] for r in results}, "their orders follow")


def test_costs_are_handed_in_over_the_api(t):
    stage, shop, (a, b, *_) = sku_stage(t)
    data = xlsx_bytes({"a": [HEAD, [shop, a["sku_id"], "2026-01-01", 1.5, None, None], ["nobody", b["sku_id"], "2026-01-01", 2, None, None],
                             [None, b["sku_id"], "2026-01-01", "?", None, None]]})
    with Api(stage) as api:
        kinds = {k["kind"]: k for k in api.get("/api/v1/import-kinds")["items"]}
        holds({"costs", "persons"} <= set(kinds), f"kinds {set(kinds)}")
        asked = {"shop": shop, "kind": "costs", "name": "c.xlsx"}
        seen = api.hand_in("/api/v1/imports", data, **asked)
        same((seen["state"], counts(seen), seen["changes"]), ("preview", [1, 0, 0, 0, 2], []), "seen")
        same(sorted((f["row"], f["column"], f["code"]) for f in seen["faults"]), [(3, "店铺", "shop_unknown"), (4, "成本价", "money_text")], "faults")
        api.call(f"/api/v1/costs/{shop}/{a['sku_id']}/2026-01-01", {"cost": "7.00"}, "PUT")
        seen = api.hand_in("/api/v1/imports", data, **asked)
        same((counts(seen), [(c["row"], c["key"], c["outcome"]) for c in seen["changes"]]),
             ([0, 1, 0, 0, 2], [(2, f"{a['sku_id']} 2026-01-01", "changed")]), "a cost that was said by hand")
        taken = api.hand_in("/api/v1/imports", data, confirm="1", **asked)
        same((taken["state"], taken["errors"]), ("waiting", 2), "taken")
        try:
            api.hand_in("/api/v1/imports", data, confirm="1", **asked)
            holds(False, "it was taken twice")
        except Refused as refused:
            same((refused.status, refused.problem["code"]), (409, "import_known"), "the same file again")
    stage.sync()
    same([(r["cost"], r["who"]) for r in stage.rows(COSTS)], [(150, "admin")], "stored by the shop's lane, under who handed it in")
    trade_equal(stage.rows)


def test_an_import_of_costs_that_is_killed_goes_on(t):
    stage, shop, (a, *_) = sku_stage(t)
    path = t.folder() / "costs.csv"
    path.write_text("SKU,生效日期,成本\n" + "".join(f"S{i},2026-01-01,{i}.25\n" for i in range(1200)) + f"{a['sku_id']},2026-01-01,1.5\n", "utf-8")
    code, _, _ = take(stage, path, "--shop", shop, check=False, env={"HUILIU_FAIL": "sync.import.page=kill@2"})
    holds(code < 0 or code == 137, f"killed: {code}")
    same(stage.rows("SELECT count(*) AS n FROM sku_cost"), [{"n": 500}], "one page is stored")
    stage.sync()
    same(stage.rows("SELECT count(*) AS n, sum(cost) AS minor FROM sku_cost"), [{"n": 1201, "minor": sum(100 * i + 25 for i in range(1200)) + 150}],
         "all of them, each once")
    trade_equal(stage.rows)


def on_server(t, kind):
    stage = OnServer(t, server_start(t, kind), platform="douyin-life", life_shops=1, life_orders=60)
    stage.sync()
    shop = stage.shops[0]["name"]
    sku = stage.rows("SELECT sku_id FROM trade_result WHERE counts = 1 AND sku_id <> '' ORDER BY sku_id")[0]["sku_id"]
    path = write(t.folder() / "c.xlsx", [HEAD] + [[shop, f"S{i}", "2026-01-01", i, None, None] for i in range(1, 701)] + [[shop, sku, "2020-01-01", "1.5", None, "好"]])
    same(counts(take(stage, path, "--shop", shop, "--preview")), [701, 0, 0, 0, 0], "seen")
    same(counts(take(stage, path, "--shop", shop)), [701, 0, 0, 0, 0], "stored")
    stage.run("cost", "set", shop, "S7", "2026-01-01", "9", check=True)
    stage.run("cost", "set", shop, "S8", "2026-01-01", "9", check=True)
    seen = take(stage, path, "--shop", shop, "--again", "--preview")
    same((counts(seen), [c["row"] for c in seen["changes"]]), ([0, 2, 699, 0, 0], [8, 9]), "seen again")
    same(counts(take(stage, path, "--shop", shop, "--again", "--as-of", "2020-01-01")), [0, 0, 699, 2, 0], "as an older file")
    stage.run("cost", "remove", shop, "S8", "2026-01-01", check=True)
    same(int(stage.rows("SELECT count(*) AS n FROM sku_cost")[0]["n"]), 700, "costs")
    stage.sync()
    same([r["unit_cost"] is not None and int(r["unit_cost"]) for r in stage.rows(f"SELECT unit_cost FROM trade_result WHERE sku_id = '{sku}' AND counts = 1")][:1],
         [150], "the cost has reached its orders")


def test_costs_come_in_files_on_postgresql(t):
    on_server(t, pg_server)


def test_costs_come_in_files_on_mariadb(t):
    on_server(t, mariadb_server)


if __name__ == "__main__":
    lib.main(globals())

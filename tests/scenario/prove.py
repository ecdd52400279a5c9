#!/usr/bin/env python3
"""`huiliu prove` recomputed from the sandbox's truth (docs/proof.md), sharing no code with src/."""
import json

import lib
from truth import TABLES, Stage, digest, window_ids


def prove(stage, shop, *words):
    return json.loads(stage.run("prove", shop["name"], TABLES[shop["platform"]][0], *words, "--json", check=True)[1])


def proof_of(stage, shop):
    """Up to what is complete: the last minutes are younger than an audit window may be."""
    return prove(stage, shop, "--to", prove(stage, shop)["complete_up_to_ms"] // 1000)


def test_the_evidence_of_every_window_can_be_recomputed(t):
    stage = Stage(t, life_shops=2, life_orders=700, douplus_shops=1, douplus_orders=200)
    stage.sync()
    checked = 0
    for shop in stage.shops:
        truth, proof = stage.truth(shop), proof_of(stage, shop)
        for w in proof["windows"]:
            by_updated = w["kind"] == "pull" and shop["platform"] == "douyin-life"
            ids = window_ids(truth, w, "updated_at" if by_updated else "created_at")
            lib.same((w["state"], w["distinct_ids"], w["total_first"], w["total_last"], w["digest"]),
                     ("sealed", len(ids), len(ids), len(ids), digest(ids)), f"{shop['name']} {w['kind']} {w['from']}")
            checked += 1
        ids = window_ids(truth, proof, "created_at")
        lib.same((proof["stored"]["rows"], proof["stored"]["digest"]), (len(ids), digest(ids)), f"{shop['name']} stored")
        lib.same(proof["not_proved"], [], f"{shop['name']} holes")
    lib.holds(checked > 20, f"only {checked} windows were checked")


def test_before_a_first_sync_nothing_is_proved_of_what_it_would_take(t):
    stage = Stage(t, life_shops=1, life_orders=5, douplus_shops=0)
    shop = stage.shops[0]
    before = prove(stage, shop)
    lib.same((before["windows"], before["stored"]["rows"]), ([], 0), "nothing is there")
    lib.same([(h["from_ms"], h["to_ms"]) for h in before["not_proved"]], [(before["from_ms"], before["to_ms"])], "one hole")
    lib.holds(0 < before["to_ms"] - before["from_ms"] < 400 * 86_400_000, f"of days that are asked, not from {before['from']}")
    stage.sync()
    lib.same(prove(stage, shop)["from_ms"], before["from_ms"], "and its sync took just that")


def test_a_row_taken_away_behind_our_back_changes_the_proof(t):
    stage = Stage(t, life_shops=1, life_orders=200, douplus_shops=0)
    stage.sync()
    before = proof_of(stage, stage.shops[0])["stored"]
    stage.execute("DELETE FROM trade_order WHERE order_id = (SELECT min(order_id) FROM trade_order)")
    after = proof_of(stage, stage.shops[0])["stored"]
    lib.same(after["rows"], before["rows"] - 1, "stored rows")
    lib.holds(after["digest"] != before["digest"], "the digest did not notice a missing row")


def test_an_unproved_range_is_named_as_a_hole(t):
    stage = Stage(t, life_shops=1, life_orders=200, douplus_shops=0)
    stage.sync()
    shop = stage.shops[0]
    complete_s = prove(stage, shop)["complete_up_to_ms"] // 1000
    hole = stage.windows("kind = 'audit' AND distinct_ids > 0")[0]
    stage.execute(f"UPDATE sync_window SET state = 'unproved', grade = 'C' WHERE kind = 'audit' "
                  f"AND from_ms = {hole['from_ms']}")
    holes = prove(stage, shop, "--to", complete_s)["not_proved"]
    lib.same([(h["from_ms"], h["to_ms"]) for h in holes], [(hole["from_ms"], hole["to_ms"])], "holes")


def test_audits_end_where_a_budget_gives_one_turn_at_a_time(t):
    """An empty window's total is asked twice. A task that went back between the two lost the first, and with one call in two
    seconds each try read first for ever (commit 3efd887): without its wait this sync does not end."""
    stage = Stage(t, life_shops=1, life_orders=3, douplus_shops=0)
    stage.run("budget", "set", "douyin-life/order_query", "1/2s", "--burst", "1", check=True)
    stage.sync(timeout=100)
    windows = stage.rows("SELECT kind, state, count(*) AS n FROM sync_window GROUP BY kind, state")
    lib.same({w["state"] for w in windows}, {"sealed"}, f"windows {windows}")
    empty = sum(w["n"] for w in windows if w["kind"] == "audit")
    calls = stage.sandbox.counts()["calls"]
    lib.holds(empty > 50 and calls < 3 * sum(w["n"] for w in windows), f"{calls} calls for {windows}")


if __name__ == "__main__":
    lib.main(globals())

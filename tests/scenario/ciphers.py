#!/usr/bin/env python3
"""Phones: both generations of encryption, the platform's quota gone, a wrong app secret."""
import lib
from truth import Stage


def phones(stage):
    return {r["order_id"]: r for r in stage.rows(
        "SELECT order_id, phone_cipher, phone_mask, phone_index FROM trade_order")}


def masked(phone):
    return phone and phone[:3] + "****" + phone[-4:]


def test_phones_are_sealed_masked_and_searchable(t):
    stage = Stage(t, life_shops=1, life_orders=300, enc_share=30, douplus_shops=0)
    stage.sync()
    truth, stored, index = stage.truth(stage.shops[0]), phones(stage), {}
    for order_id, row in truth.items():
        got = stored[order_id]
        lib.same(got["phone_mask"], masked(row["phone"]), f"{order_id} mask")
        if row["phone"]:
            lib.same(index.setdefault(row["phone"], got["phone_index"]), got["phone_index"],
                     f"{order_id} blind index")
    lib.holds(len(index) > 100, "there are phones")
    lib.same(len(set(index.values())), len(index), "different phones, different indexes")
    raw = (stage.home / "huiliu.db").read_bytes() + (stage.home / "huiliu.db-wal").read_bytes() \
        if (stage.home / "huiliu.db-wal").exists() else (stage.home / "huiliu.db").read_bytes()
    for row in truth.values():
        lib.holds(not row["phone"] or row["phone"].encode() not in raw, "a phone stands in clear in the database")


def test_enc_phones_wait_when_the_quota_is_gone(t):
    stage = Stage(t, life_shops=1, life_orders=200, enc_share=100, decrypt_quota=60, douplus_shops=0)
    stage.sync(check=None)
    stage.rows_equal()
    stored = {i: r for i, r in phones(stage).items() if r["phone_cipher"]}
    waiting = [r for r in stored.values() if r["phone_cipher"].startswith("platform:Enc.")]
    opened = [r for r in stored.values() if r["phone_mask"]]
    lib.same(len(waiting) + len(opened), len(stored), "waiting and opened")
    lib.holds(waiting and len(opened) <= 60, f"{len(opened)} opened with a quota of 60")
    for row in waiting:
        lib.same((row["phone_mask"], row["phone_index"]), (None, None), "mask and index of a waiting row")
    lib.same(stage.rows("SELECT count(*) AS n FROM task WHERE kind = 'decrypt' AND state = 'ready'")[0]["n"], 1,
             "waiting decrypt tasks")
    stage.sandbox.config(decrypt_quota=100000)
    stage.sync("--full", check=None)
    truth, stored = stage.truth(stage.shops[0]), phones(stage)
    for order_id, row in truth.items():
        lib.same(stored[order_id]["phone_mask"], masked(row["phone"]), f"{order_id} mask after the quota")


def test_phones_that_can_be_opened_again_cost_the_quota_once(t):
    stage = Stage(t, life_shops=1, life_orders=200, enc_share=100, douplus_shops=0)
    stage.sync()
    before = stage.sandbox.counts()["routes"]["life.decrypt"]
    stage.sync("--full")
    lib.same(stage.sandbox.counts()["routes"]["life.decrypt"], before, "decrypt calls")


def test_a_wrong_app_secret_is_named(t):
    stage = Stage(t, life_shops=1, life_orders=60, douplus_shops=0)
    app = [a for a in stage.sandbox.apps if a["platform"] == "douyin-life"][0]
    stage.run("app", "rotate", app["name"], "--secret-file", "-", text_in="f" * 32 + "\n", check=True)
    code, out, err = stage.sync(check=None)
    lib.holds(code != 0, "a wrong secret went unnoticed")
    lib.contains((out + err).lower(), "secret")


if __name__ == "__main__":
    lib.main(globals())

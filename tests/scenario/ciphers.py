#!/usr/bin/env python3
"""Phones: both generations of encryption, the platform's quota gone, its decryption out of order, a wrong app secret; and
what is personal beside them."""
import json

import lib
from fake import FakeLife, FakeStage, order
from truth import Stage

DECRYPT = "/goodlife/v1/open/common_biz/crypto/decrypt/batch"


def phones(stage):
    return {r["order_id"]: r for r in stage.rows(
        "SELECT order_id, phone_cipher, phone_mask, phone_index FROM trade_order")}


def database(stage):
    """The bytes of the database as they lie on the disk."""
    return b"".join(path.read_bytes() for path in (stage.home / "huiliu.db", stage.home / "huiliu.db-wal") if path.exists())


class SealedLife(FakeLife):
    """Orders 0 … `len` - 1, each with a cipher text that only the platform opens. `opened` are the numbers that it opens;
    `broken` is what it answers instead, if anything."""

    def __init__(self, len_):
        super().__init__({"7001": [order(n, contacts=[{"name": "", "phone": "", "phone_encrypt": f"Enc.{n}"}])
                                   for n in range(len_)]})
        self.opened, self.broken, self.asked = set(range(len_)), None, 0

    def answer(self, call):
        if call["path"] != DECRYPT:
            return super().answer(call)
        self.asked += 1
        if self.broken is not None:
            return self.broken
        results = [f'{{"cipher_text": "Enc.{n}", "plain_text": "1380013{n:04}"}}' for n in sorted(self.opened)]
        return f'{{"data": {{"error_code": 0, "results": [{", ".join(results)}]}}}}'.encode()


def opened(stage):
    """Numbers of the orders whose phone is open."""
    return {int(i[4:]) for i, row in phones(stage).items() if row["phone_mask"]}


def waiting_tasks(stage):
    return [r["state"] for r in stage.rows("SELECT state FROM task WHERE kind = 'decrypt'")]


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
    raw = database(stage)
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


def test_orders_go_on_when_the_decryption_is_out_of_order(t):
    for broken in (500, b"<html>", b'{"data": {"error_code": 4711, "description": "?"}}'):
        fake = SealedLife(30)
        fake.broken = broken
        stage = FakeStage(t, fake)
        stage.sync_day()
        lib.same((len(stage.ids("7001")), opened(stage)), (30, set()), f"{broken}: orders and open phones")
        lib.same(len(stage.sealed("7001")), 1, f"{broken}: the window is proved")
        fake.broken = None
        stage.later(7200)
        stage.sync_day()
        lib.same(opened(stage), set(range(30)), f"{broken}: phones when it is well again")


def test_rows_that_cannot_be_opened_keep_none_behind_them(t):
    fake = SealedLife(180)
    fake.opened = set()
    stage = FakeStage(t, fake)
    stage.sync_day()
    lib.same((opened(stage), waiting_tasks(stage)), (set(), ["ready"]), "nothing is opened: it is asked again later")
    asked = fake.asked
    lib.holds(asked <= 8, f"{asked} calls for 180 texts that the platform does not open")
    fake.opened = {100, 179}
    stage.later(2 * 3600)
    stage.sync_json()
    lib.same((opened(stage), waiting_tasks(stage)), ({100, 179}, ["ready"]), "what can be opened now")
    fake.opened = set(range(180))
    stage.later(2 * 3600)
    stage.sync_json()
    lib.same((opened(stage), waiting_tasks(stage)), (set(range(180)), []), "all")


def test_a_replay_takes_no_open_phone_for_changed(t):
    fake = SealedLife(20)
    fake.opened = set(range(10))
    stage = FakeStage(t, fake)
    stage.sync_day()
    columns = "order_id, phone_cipher, phone_mask, phone_index, row_hash"
    before = stage.rows(f"SELECT {columns} FROM trade_order ORDER BY order_id")

    def replay(word):
        found = json.loads(stage.run("connector", "replay", "shop-7001", "orders", word, "--json", check=True)[1])
        return found["rows"], found["differing"]

    lib.same(replay("--diff"), (20, 0), "rows and differing ones")
    manifest = (lib.ROOT / "connectors" / "douyin-life.yaml").read_text(encoding="utf-8")
    mended = manifest.replace('sku_name: {from: [sku_name, "products[0].sku_name"]}', "sku_name: order_id")
    (stage.home / "connectors").mkdir(exist_ok=True)
    (stage.home / "connectors" / "douyin-life.yaml").write_text(mended, encoding="utf-8")
    lib.same(replay("--apply"), (20, 20), "with another mapping")
    lib.same(stage.rows("SELECT count(*) AS n FROM trade_order WHERE sku_name = order_id"), [{"n": 20}], "it is applied")
    lib.same(stage.rows(f"SELECT {columns} FROM trade_order ORDER BY order_id"), before, "phones, open or waiting")


def test_nothing_personal_stands_in_clear_in_the_database(t):
    secrets = ["13800138000", "王小明一二三", "openid-7f3a9c", "打电话给13900139000"]
    fake = FakeLife({"7001": [order(1, contacts=[{"name": secrets[1], "phone": secrets[0], "phone_encrypt": ""}],
                                    open_id=secrets[2], remark=secrets[3])]})
    stage = FakeStage(t, fake)
    stage.sync_day()
    bodies = [r["body"] for r in stage.rows("SELECT body FROM original")]
    lib.same([bytes(body[:3]) for body in bodies], [b"h1:"], "an original is one sealed value")
    raw = database(stage)
    for secret in secrets:
        lib.holds(secret.encode() not in raw, f"{secret} stands in clear in the database")


def test_a_wrong_app_secret_is_named(t):
    stage = Stage(t, life_shops=1, life_orders=60, douplus_shops=0)
    app = [a for a in stage.sandbox.apps if a["platform"] == "douyin-life"][0]
    stage.run("app", "rotate", app["name"], "--secret-file", "-", text_in="f" * 32 + "\n", check=True)
    code, out, err = stage.sync(check=None)
    lib.holds(code != 0, "a wrong secret went unnoticed")
    lib.contains((out + err).lower(), "secret")


if __name__ == "__main__":
    lib.main(globals())

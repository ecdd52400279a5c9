#!/usr/bin/env python3
"""The pages of admins as a person has them (tests/page/manage.mjs does the clicking): users, tokens, one's own sessions, settings, the audit log.
What each button did is looked up in the database, what stands on the screen is compared with the API.
# Takes 30 s.
"""
import csv
import io
import re

import page_world
from api_client import PASSWORD
from lib import holds, same
from page_world import ADMIN, main, script, signed
from truth import Stage

LOOKER = "looker"
WORLD = None
FRESH, TOKEN, NEXT = "小王", "每日报表", "quite another phrase"


class World(page_world.World):
    """A home with few rows: what admins do does not depend on them."""

    def __init__(self, t):
        self.stage = Stage(t, life_shops=1, life_orders=5, douplus_shops=1, douplus_orders=5)
        self.stage.sync()
        self.rows, self.api, self.t = self.stage.rows, None, t

    def costs_say(self):
        pass


READ = {}


def read():
    """What the browser read, once for all tests of this file."""
    if not READ:
        w = WORLD.served()
        shop = w.stage.shops[0]
        w.user(LOOKER, "viewer", "--shop", shop["name"])
        subject = w.rows("SELECT subject FROM audit ORDER BY id DESC LIMIT 1")[0]["subject"]
        READ["lines"] = w.rows("SELECT id, action, subject FROM audit ORDER BY id")
        READ["shop"] = shop
        READ.update(script("manage", w.api.base, ["401 /api/v1/users", "409 /api/v1/users/1", "412 /api/v1/users/" + str(next_user(w))],
                           fresh=FRESH, other="reader", token=TOKEN, password=PASSWORD, next=NEXT, shop=shop["name"],
                           audit={"ofConsole": "user_id=0", "ofAction": "action=token.add", "ofSubject": f"subject={subject}",
                                  "before": "to=2020-01-01", "since": "from=2020-01-01"},
                           looker=signed(LOOKER), **{"as": signed()}))
        READ["now"] = w.rows("SELECT id, action, subject, user_name, after_json FROM audit ORDER BY id")
    return READ


def next_user(w):
    return w.rows("SELECT max(id) AS n FROM api_user")[0]["n"] + 1


def test_a_user_is_added_changed_and_removed(_):
    w, seen = WORLD.served(), read()["users"]
    shop = READ["shop"]["name"]
    same((seen["short"], seen["noShops"]), ("密码至少 10 个字符", "请至少选择一个店铺"))
    same(seen["added"], [f"用户 {FRESH} 已添加", [FRESH, "操作员", shop, "—", "可登录", "从未", "修改移除"]])
    same(seen["stale"], ["此用户刚被别人修改过，已读入最新的内容，请再看一遍", True], "somebody else was quicker")
    same(seen["changed"], [FRESH, "查看者", shop, "可查看", "已停用", "从未", "修改移除"])
    same(READ["removed"], f"用户 {FRESH} 已移除")
    actions = sorted(line["action"] for line in READ["now"] if line["subject"] == FRESH)
    same(actions, ["user.add", "user.change", "user.change", "user.password", "user.remove"], "audit lines")
    holds(all(NEXT not in (line["after_json"] or "") for line in READ["now"]), "a password stands in the audit log")
    same(w.rows("SELECT count(*) AS n FROM api_user WHERE name = ?", FRESH)[0]["n"], 0, "the user is gone")


def test_the_last_admin_stays(_):
    seen = read()["users"]
    same(seen["last"], "这是最后一个可以登录的管理员，不能移除、停用或降级")
    same(WORLD.served().rows("SELECT count(*) AS n FROM api_user WHERE name = ?", ADMIN)[0]["n"], 1)


def test_what_was_typed_outlives_the_session(_):
    same(read()["users"]["kept"], FRESH)


def test_a_token_is_shown_once_works_and_is_taken_back(_):
    seen = read()["tokens"]
    same((seen["copied"], seen["works"], seen["again"]), (True, [200, 401], False), "copied, works, stands anywhere still")
    same([row[:2] + row[4:] for row in seen["listed"]], [[TOKEN, ADMIN, seen["listed"][0][4], "收回"]])
    same(WORLD.served().rows("SELECT count(*) AS n FROM api_token")[0]["n"], 0, "tokens in the database")
    same([line["action"] for line in READ["now"] if line["action"].startswith("token.")], ["token.add", "token.remove"])


def test_sessions_elsewhere_are_ended(_):
    seen = read()["sessions"]
    holds(seen["before"] >= 2, f"{seen['before']} sessions")
    same((seen["here"], seen["after"]), (1, ["这里"]), "which one is this, and what is left")


def test_settings_are_those_of_the_api(_):
    w, seen = WORLD.served(), read()["settings"]
    items = w.api.get("/api/v1/settings")["items"]
    origins = {"default": "默认值", "environment": "环境变量"}
    same(seen["all"], {i["key"]: ["已隐藏" if i["value"] == "***" else i["value"] or "未设置", origins.get(i["origin"], i["origin"]),
                                  "重启后生效" if i["restart"] else "重新读取后生效"] for i in items})
    same(seen["found"], [i["key"] for i in items if any("listen" in text.lower() for text in (i["key"], i["value"], *i["help"].values()))])
    same(seen["set"], [i["key"] for i in items if i["origin"] != "default"])
    same(seen["none"], "没有这样的选项")
    restart = {i["key"] for i in items if i["restart"] and i["origin"] != "environment"}
    holds({"api_rate", "cors_origins"} <= restart | {i["key"] for i in items if i["origin"] == "environment"} and "workers" not in restart, f"{restart}")


def test_the_audit_log_speaks_in_sentences(_):
    seen, lines = read()["audit"], READ["now"]
    ids = [str(line["id"]) for line in reversed(lines)]
    shown = [row[0] for row in seen["all"]]
    # Signing in once more, and what the test itself did behind the page, came later.
    same(shown, ids[ids.index(shown[0]):][:len(shown)], "lines, the newest first")
    by_id = {str(line["id"]): line for line in lines}
    for row, english in zip(seen["all"], seen["english"]):
        action = by_id[row[0]]["action"]
        holds(action not in row[2] and re.search("[\u4e00-\u9fff]", row[2]), f"{action}: {row[2]}")
        holds(action not in english and "{" not in english + row[2], f"{action}: {english}")
    same(seen["first"], seen["all"][0][2], "the drawer's head")
    same(seen["ofConsole"], [i for i in ids if by_id[i]["user_name"] == "console"], "of the command line")
    same(seen["ofAction"], [i for i in ids if by_id[i]["action"] == "token.add"], "of an action")
    same(seen["ofSubject"], [i for i in ids if by_id[i]["subject"] == READ["lines"][-1]["subject"]], "of a subject")
    same((seen["before"], len(seen["since"])), ([], len(ids)), "days")
    changed = {row[0]: row[1:] for row in seen["changes"]}
    same(changed, {"角色": ["operator", "viewer"], "已停用": ["否", "是"]}, "before and after")
    file = list(csv.reader(io.StringIO(seen["file"].removeprefix("\ufeff"))))
    same(len(file) - 1, len(ids), "lines of the file")


def test_who_is_no_admin_does_not_see_them(_):
    seen = read()["stranger"]
    same(seen["read"], ["没有权限"] * 3)
    holds(not {"/users", "/audit", "/settings"} & set(seen["menu"]) and "/ad-orders" in seen["menu"], f"{seen['menu']}")


def make(case):
    global WORLD
    WORLD = World(case)
    return WORLD


if __name__ == "__main__":
    main(globals(), make)

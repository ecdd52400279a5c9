#!/usr/bin/env python3
"""The command line as scripts and people meet it: exit codes, wrong use, homes, settings, bad input. No platform is
called here."""
# Takes 35 s.
import contextlib
import fcntl
import json
import os
import re
import shutil
import sqlite3
import stat
import time
from pathlib import Path

import lib
from lib import contains, holds, huiliu, huiliu_json, same

OLD_ENV = """\
# the old program's file
DB_URL=postgresql://life:pa%40ss@db.example/life?sslmode=require
APPID=awoldapp001
AppSecret="0123456789abcdef0123456789abcdef"
ACCOUNT_ID='7241078611527075855'
API_BASE_URL=https://open.douyin.com
TASK_ID=douyin_order_sync
SYNC_INTERVAL=3600
SYNC_DAYS=7
START_DATE=2026-10-01
END_DATE=2026/10/31
START_TIME=1700000000
ORDER_STATUS=
PAGE_SIZE=50   # rows a page
GET_SECRET_NUMBER=True
USE_CREATE_TIME=true
MY_OWN_THING=hunter2
"""


def wrong_use(home, *arguments, says=()):
    code, out, err = huiliu(home, *arguments)
    same(code, 2, f"exit code of {arguments}")
    same(out, "", "standard output of wrong use")
    contains(err, *says)


def fails(home, *arguments, says=(), env=None, exit_code=1):
    code, _, err = huiliu(home, *arguments, env=env)
    same(code, exit_code, f"exit code of {arguments}: {err}")
    contains(err, *says)


def command_paths():
    overview = huiliu(None, "help", check=True)[1]
    return [m[1].strip().split() for m in re.finditer(r"^  ([a-z][a-z ]*?)  +\S", overview, re.M)]


# --- words ---

def test_no_command_is_wrong_use(t):
    wrong_use(None, says=["huiliu help"])


def test_a_wrong_command_names_the_nearest(t):
    wrong_use(None, "statsu", says=["`statsu`", "`status`"])
    wrong_use(None, "snyc", says=["`sync`"])
    wrong_use(None, "shop", "ad", says=["`shop add`"])
    wrong_use(None, "shop", says=["huiliu shop --help"])
    wrong_use(None, "frobnicate", says=["`frobnicate`"])


def test_commands_of_later_versions_do_not_exist(t):
    for word in ("backup", "restore"):
        wrong_use(None, word, says=[f"`{word}`"])


def test_a_wrong_flag_names_the_nearest(t):
    wrong_use(None, "sync", "--platfrom", "x", says=["--platfrom", "--platform"])
    wrong_use(None, "status", "--zzz", says=["--zzz"])
    wrong_use(None, "sync", "-x", says=["-x"[1:]])


def test_flags_are_checked(t):
    wrong_use(None, "sync", "--workers", "0", says=["--workers", "1", "64"])
    wrong_use(None, "sync", "--workers=many", says=["many"])
    wrong_use(None, "sync", "--by", "deleted", says=["updated", "created"])
    wrong_use(None, "sync", "--from", says=["--from"])
    wrong_use(None, "sync", "--full=yes", says=["--full"])
    wrong_use(None, "sync", "--full", "--full", says=["--full"])
    wrong_use(None, "scheduler", "--json", says=["--json"])


def test_one_order_is_asked_of_one_shop(t):
    home = life_home(t)
    huiliu(home, "shop", "add", "二店", "--platform", "douyin-life", "--external-id", "7002", check=True)
    wrong_use(home, "sync", "--order", "1", says=["order_shop", "--shop"])
    same(lib.rows(home, "SELECT id FROM task"), [], "tasks")


def test_arguments_are_counted(t):
    wrong_use(None, "shop", "show", says=["SHOP"])
    wrong_use(None, "shop", "show", "a", "b", says=["`b`"])


def test_help_of_every_command_in_both_languages(t):
    paths = command_paths()
    holds(len(paths) > 30, f"the overview lists {len(paths)} commands")
    for path in paths:
        english = huiliu(None, *path, "--help", check=True)[1]
        chinese = huiliu(None, *path, "--help", env={"LC_ALL": "zh_CN.UTF-8"}, check=True)[1]
        contains(english, "huiliu " + " ".join(path), "--home", "Flags:")
        contains(chinese, "huiliu " + " ".join(path), "选项：")
        same(huiliu(None, "help", *path, check=True)[1], english, f"help {path}")


def test_generated_pages_are_the_committed_ones(t):
    for words, path in ((("help", "--man"), "docs/huiliu.1"), (("settings", "--reference"), "docs/settings.md"),
                        (("help", "--routes"), "docs/routes.md"), (("derive", "metrics", "--reference"), "docs/metrics.md")):
        same((lib.ROOT / path).read_text(encoding="utf-8"), huiliu(None, *words, check=True)[1], path)


def test_completion_completes(t):
    script = huiliu(None, "help", "--completion", "bash", check=True)[1]
    probe = """
words() { COMP_WORDS=("$@"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _huiliu; echo "${COMPREPLY[*]}"; }
words huiliu st; words huiliu shop au; words huiliu --home x sync --fu; words huiliu shop add --ext
"""
    folder = t.folder()
    (folder / "probe").write_text(script + probe)
    out = os.popen(f"bash {folder}/probe").read().split("\n")
    same(out[:4], ["status", "authorize", "--full", "--external-id"], "completions")


def test_version(t):
    versions = {v["name"]: v["version"] for v in huiliu_json(None, "version", check=True)[1]["versions"]}
    holds({"huiliu", "sqlite", "libcurl", "openssl"} <= versions.keys(), f"versions: {versions}")
    points = huiliu_json(None, "version", "--fail-points", check=True)[1]["fail_points"]
    holds(points and all(p["name"] and p["what"] for p in points), "fail points have a name and a text")


def test_a_result_that_cannot_be_written_is_a_failure(t):
    code = os.system(f"{lib.program('huiliu')} help >/dev/full 2>/dev/null")
    same(os.waitstatus_to_exitcode(code), 1, "exit code")


# --- homes ---

def test_init_makes_a_home_that_others_cannot_read(t):
    home = t.home()
    same(stat.S_IMODE(home.stat().st_mode), 0o700, "mode of the home")
    for name in ("key", "huiliu.yaml", "huiliu.db"):
        same(stat.S_IMODE((home / name).stat().st_mode) & 0o077, 0, f"mode of {name} for others")


def test_init_again_changes_nothing(t):
    home = t.home()
    before = {p.name: p.read_bytes() for p in home.iterdir()}
    code, out, _ = huiliu(home, "init")
    same(code, 0)
    contains(out, "nothing was changed")
    after = {p.name: p.read_bytes() for p in home.iterdir()}
    same(sorted(after), sorted(before), "files")
    for name in ("key", "huiliu.yaml"):
        same(after[name], before[name], name)


def test_a_lost_key_is_not_replaced(t):
    home = t.home()
    (home / "key").unlink()
    fails(home, "init", says=["key_missing"])
    holds(not (home / "key").exists(), "a new key was made for sealed data")


def test_another_key_is_told_before_anything_else(t):
    """Rotated keys stand in one ring: each that was used must be there, and the first must stay the first."""
    home, other = t.home(), t.home()
    mine, theirs = (h / "key" for h in (home, other))
    old, new = mine.read_text(), theirs.read_text()
    mine.write_text(new)
    fails(home, "status", says=["key_other", old.split()[1], "HUILIU_KEY_FILE"])
    both = old.replace(" current", "") + new
    mine.write_text(both)
    huiliu(home, "status", check=True)
    same(sorted(r["name"] for r in lib.rows(home, "SELECT name FROM setting WHERE name LIKE 'key_check.%'")),
         sorted(f"key_check.{key.split()[1]}" for key in (old, new)), "keys that were used")
    mine.write_text(old)
    fails(home, "status", says=["key_other", new.split()[1]])
    mine.write_text(new + old.replace(" current", ""))
    fails(home, "status", says=["key_other", "first key"])
    mine.write_text(both)
    huiliu(home, "status", check=True)


def test_doctor_finds_a_migration_of_another_text(t):
    home = t.home()
    with contextlib.closing(sqlite3.connect(home / "huiliu.db")) as db, db:
        db.execute("UPDATE migration SET checksum = 'another' WHERE number = 2")
    code, found = huiliu_json(home, "doctor")
    same((code, [(c["good"], c["next"] is not None) for c in found["checks"] if c["check"] == "migrations"]), (1, [(False, True)]))


def test_a_key_that_others_can_read_is_refused(t):
    home = t.home()
    (home / "key").chmod(0o644)
    fails(home, "status", says=["key_mode", "chmod 600"])


def test_a_missing_home_says_how_to_make_one(t):
    fails(t.folder() / "nowhere", "status", says=["home_missing", "huiliu init"])


def test_variables_alone_make_a_home(t):
    home = t.folder() / "made"
    code, out, err = huiliu(None, "status", "--json", env={"HUILIU_HOME": home, "HUILIU_WORKERS": "4"})
    same(code, 0, err)
    same(json.loads(out), {"status": []})
    contains(err, "made the home")
    holds((home / "huiliu.db").exists(), "the database was made")


def test_the_folder_with_huiliu_yaml_is_the_home(t):
    home = t.home()
    out = os.popen(f"cd {home} && env -u HUILIU_HOME {lib.program('huiliu')} settings --json").read()
    same(json.loads(out)["settings"][0]["value"], str(home))


# --- settings ---

def settings(home, env=None):
    return {s["key"]: s for s in huiliu_json(home, "settings", env=env, check=True)[1]["settings"]}


def test_later_sources_win(t):
    home = t.home()
    same(settings(home)["workers"]["value"], "8")
    with open(home / "huiliu.yaml", "a") as file:
        file.write("workers: 3\nlog_level: error\n")
    (home / ".env").write_text("HUILIU_WORKERS=5\nOTHER_PROGRAM=x\n")
    same(settings(home)["workers"]["value"], "5")
    same(settings(home)["workers"]["origin"], ".env")
    same(settings(home)["log_level"]["origin"], "huiliu.yaml")
    same(settings(home, {"HUILIU_WORKERS": "7"})["workers"]["value"], "7")
    same(settings(home, {"HUILIU_WORKERS": "7"})["workers"]["origin"], "environment")


def test_settings_hide_secrets(t):
    home = t.home()
    env = {"HUILIU_PLATFORMS_DOUYIN_LIFE_PROXY": "http://me:hunter2@127.0.0.1:3128"}
    code, out, err = huiliu(home, "settings", env=env)
    same(code, 0, err)
    contains(out, "platforms.douyin-life.proxy", "***")
    holds("hunter2" not in out + err, "the proxy's password is shown")


def test_wrong_settings_name_place_and_word(t):
    cases = [
        ("wrokers: 3\n", ["huiliu.yaml:", "wrokers", "workers"]),
        ("workers: many\n", ["huiliu.yaml:", "many", "64"]),
        ("store: oracle://u:hunter2@h/d\n", ["huiliu.yaml:", "store_unknown", "sqlite:"]),
        ("coord: redis://:hunter2@h/x\n", ["coord_url", "database"]),
        ("coord: rediss://h\n", ["coord_tls", "TLS"]),
        ("zone: Asia/Shanghia\n", ["zone_unknown", "Shanghai"]),
        ("platforms:\n  douyin-life:\n    base_urll: x\n", ["base_urll", "base_url"]),
        ("platforms:\n  douyin-life:\n    base_url: ftp://x\n", ["base_url", "http"]),
        ("workers: [\n", ["huiliu.yaml:"]),
    ]
    home = t.home()
    good = (home / "huiliu.yaml").read_text()
    for text, words in cases:
        (home / "huiliu.yaml").write_text(good + text)
        fails(home, "status", says=words)
        holds("hunter2" not in huiliu(home, "status")[2], "a password is repeated")


def test_a_setting_of_an_unknown_platform_is_refused(t):
    home = t.home()
    fails(home, "status", env={"HUILIU_PLATFORMS_DOUYN_LIFE_BASE_URL": "http://127.0.0.1:1"},
          says=["platform_unknown", "douyin-life"])


def test_a_slip_in_a_variable_is_refused(t):
    fails(t.home(), "status", env={"HUILIU_WORKRES": "3"}, says=["HUILIU_WORKRES", "HUILIU_WORKERS"])


# --- apps and shops ---

def life_home(t):
    home = t.home()
    huiliu(home, "app", "add", "main", "--platform", "douyin-life", "--key", "k", "--secret-file", "-",
           text_in="top-secret-1\n", check=True)
    huiliu(home, "shop", "add", "一店", "--platform", "douyin-life", "--external-id", "7001", check=True)
    return home


def test_secrets_are_sealed_and_never_shown(t):
    home = life_home(t)
    huiliu(home, "shop", "add", "ads", "--platform", "douplus", "--external-id", "sec-1", "--token", "token-77",
           check=True)
    for words in (("app", "list"), ("shop", "list"), ("shop", "show", "ads"), ("shop", "show", "一店"), ("doctor",),
                  ("connector", "trace", "一店", "orders"), ("connector", "trace", "ads", "ad_orders")):
        _, out, err = huiliu(home, *words)
        holds("top-secret-1" not in out + err and "token-77" not in out + err, f"{words} shows a secret")
    for path in home.iterdir():
        data = path.read_bytes()
        holds(b"top-secret-1" not in data and b"token-77" not in data, f"{path.name} holds a secret in the clear")


def test_names_are_answered_with_the_nearest(t):
    home = life_home(t)
    fails(home, "shop", "add", "x", "--platform", "douyn-life", "--external-id", "1",
          says=["platform_unknown", "`douyin-life`"])
    fails(home, "shop", "add", "x", "--platform", "nonsense", "--external-id", "1", says=["douplus", "douyin-life"])
    huiliu(home, "shop", "add", "abcdefgh", "--platform", "douyin-life", "--external-id", "7002", check=True)
    fails(home, "shop", "show", "abcdefhg", says=["shop_unknown", "`abcdefgh`"], exit_code=2)
    fails(home, "prove", "abcdefgh", "order", says=["stream_unknown", "`orders`"], exit_code=2)
    fails(home, "sync", "--shop", "abcdefhg", says=["shop_unknown"], exit_code=2)


def test_rates_persons_and_whose_ads_are_said_and_taken_back(t):
    """What the API's routes say, by the command line: stored once, listed, audited, taken away; wrong words change nothing."""
    home = life_home(t)
    huiliu(home, "app", "add", "ads-app", "--platform", "douplus", "--key", "k", "--secret-file", "-", text_in="s", check=True)
    huiliu(home, "shop", "add", "ads", "--platform", "douplus", "--external-id", "9", check=True)
    shop = "一店"

    def rates():
        return [(r["base"], r["quote"], r["day"], r["rate"], r["source"], r["who"]) for r in huiliu_json(home, "rate", "list")[1]["rates"]]

    def persons():
        return [(p["shop"], p["sku_id"], p["person"]) for p in huiliu_json(home, "person", "list", "--shop", shop)[1]["persons"]]
    same((rates(), persons()), ([], []), "nothing was said")
    huiliu(home, "rate", "set", "USD", "CNY", "2026-01-05", "7.123456789", "--source", "bank", check=True)
    huiliu(home, "rate", "set", "USD", "CNY", "2026-01-06", "7.2", check=True)
    huiliu(home, "rate", "set", "USD", "CNY", "2026-01-06", "7.25", check=True)
    same(rates(), [("USD", "CNY", "2026-01-05", "7.123456789", "bank", "console"), ("USD", "CNY", "2026-01-06", "7.250000000", "", "console")], "rates")
    huiliu(home, "rate", "remove", "USD", "CNY", "2026-01-06", check=True)
    same(len(rates()), 1, "taken away")
    for words, code, exit_code in ((("rate", "set", "USD", "CNY", "2026-01-05", "0"), "(rate)", 2),
                                   (("rate", "set", "USD", "CNY", "2026-01-05", "seven"), "(rate)", 2),
                                   (("rate", "set", "USD", "CNY", "2026-01-05", "1e3"), "(rate)", 2),
                                   (("person", "set", shop, "sku-1", "王\n五"), "text_line", 2),
                                   (("person", "set", shop, "sku\n1", "王"), "cost_sku", 2),
                                   (("rate", "set", "USD", "USD", "2026-01-05", "1"), "(rate)", 2),
                                   (("rate", "set", "USD", "XXQ", "2026-01-05", "1"), "currency_unknown", 2),
                                   (("rate", "set", "USD", "CNY", "2026-02-30", "1"), "(day)", 2),
                                   (("rate", "remove", "USD", "CNY", "2026-03-01"), "said_missing", 1),
                                   (("person", "set", "ads", "sku-1", "王"), "not_a_store", 2),
                                   (("person", "set", "nobody", "sku-1", "王"), "shop_unknown", 2),
                                   (("shop", "set", "ads", "--ads-of", "ads"), "not_a_store", 2),
                                   (("shop", "set", "ads", "--ads-of", "nobody"), "shop_unknown", 2),
                                   (("shop", "set", "ads"), "shop_set", 2)):
        fails(home, *words, says=[code], exit_code=exit_code)
    huiliu(home, "person", "set", shop, "sku-1", "王", check=True)
    huiliu(home, "person", "set", shop, "sku-2", "李", check=True)
    huiliu(home, "person", "remove", shop, "sku-2", check=True)
    same((len(rates()), persons()), (1, [(shop, "sku-1", "王")]), "what stands")

    def ads_of():
        return [(r["name"], r["ads_of"]) for r in lib.rows(home, "SELECT a.name, s.name AS ads_of FROM shop a JOIN shop s ON s.id = a.ads_of")]
    huiliu(home, "shop", "set", "ads", "--ads-of", shop, check=True)
    same(ads_of(), [("ads", shop)], "whose ads they are")
    huiliu(home, "shop", "set", "ads", "--ads-of", "none", check=True)
    same(ads_of(), [], "nobody's")
    same([r["action"] for r in lib.rows(home, "SELECT action FROM audit ORDER BY id") if r["action"].split(".")[0] in ("rate", "person")],
         ["rate.set"] * 3 + ["rate.remove"] + ["person.set"] * 3, "each change has its line, and what failed has none")


def test_a_start_in_the_future_is_refused(t):
    home = life_home(t)
    fails(home, "shop", "add", "late", "--platform", "douyin-life", "--external-id", "5", "--since", "2062-01-01",
          says=["date_future", "--since"], exit_code=2)
    holds("late" not in huiliu(home, "shop", "list")[1], "the shop was added")


def test_a_home_that_is_named_is_never_made(t):
    """Whatever the environment holds: a mistyped --home is no new home."""
    folder = t.folder()
    fails(folder / "nope", "status", says=["home_missing"], env={"HUILIU_LOG_LEVEL": "info"})
    holds(not (folder / "nope").exists(), "the home was made")


def test_what_a_manifest_needs_is_asked_for(t):
    home = t.home()
    fails(home, "app", "add", "a", "--platform", "douyin-life", says=["setting_missing", "key"])
    fails(home, "app", "add", "a", "--platform", "douyin-life", "--key", "k", says=["setting_missing", "secret"])
    fails(home, "shop", "add", "s", "--platform", "douyin-life", "--external-id", "1", says=["app_choice", "app add"])
    fails(home, "shop", "add", "s", "--platform", "douplus", says=["setting_missing", "external_id"])
    fails(home, "shop", "add", "s", "--platform", "douplus", "--external-id", "1", "--set", "page_szie=5",
          says=["setting_unknown", "page_size"])


def test_the_same_account_is_added_once(t):
    home = life_home(t)
    fails(home, "app", "add", "main", "--platform", "douyin-life", "--key", "k", "--secret", "s", says=["app_exists"])
    fails(home, "shop", "add", "一店", "--platform", "douyin-life", "--external-id", "9", says=["shop_exists"])
    fails(home, "shop", "add", "二店", "--platform", "douyin-life", "--external-id", "7001", says=["一店"])


def test_choices_of_a_shop_reach_its_requests(t):
    home = t.home()
    huiliu(home, "app", "add", "main", "--platform", "douyin-life", "--key", "k", "--secret", "s", check=True)
    fails(home, "shop", "add", "s", "--platform", "douyin-life", "--external-id", "1", "--set",
          "get_secret_number=maybe", says=["true, false"])
    huiliu(home, "shop", "add", "s", "--platform", "douyin-life", "--external-id", "1", "--set", "order_status=200",
           "--set", "page_size=20", check=True)
    _, request = huiliu_json(home, "connector", "trace", "s", "orders", check=True)
    contains(request["url"], "order_status=200", "page_size=20")


def test_states_of_a_shop(t):
    home = life_home(t)
    huiliu(home, "shop", "disable", "一店", check=True)
    same(huiliu_json(home, "shop", "list")[1]["shops"][0]["state"], "disabled")
    huiliu(home, "shop", "enable", "一店", check=True)
    same(huiliu_json(home, "shop", "list")[1]["shops"][0]["state"], "enabled")
    huiliu(home, "shop", "remove", "一店", check=True)
    same(huiliu_json(home, "shop", "list")[1]["shops"], [])


def test_dates_are_checked(t):
    home = life_home(t)
    sync = ("sync", "--shop", "一店")
    wrong_use(home, *sync, "--from", "yesterday", says=["`yesterday`", "2026-01-28"])
    wrong_use(home, *sync, "--from", "2026-02-30", says=["`2026-02-30`"])
    wrong_use(home, *sync, "--from", "2d", "--to", "3d", says=["date_order"])
    wrong_use(home, *sync, "--from", "2001-01-01", says=["before_history"])
    wrong_use(home, *sync, "--from", "2999-01-01", says=["date_future"])
    wrong_use(home, *sync, "--to", "2026-01-01", says=["--from"])
    wrong_use(home, *sync, "--from", "1d", "--full", says=["--full", "--from"])


def test_ranges_mean_the_shops_days(t):
    home = life_home(t)
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 3 * 86400))
    _, request = huiliu_json(home, "connector", "trace", "一店", "orders", "--by", "created", "--from", day, "--to", day,
                             check=True)
    first = int(re.search(r"create_order_start_time=(\d+)", request["url"])[1])
    last = int(re.search(r"create_order_end_time=(\d+)", request["url"])[1])
    same(time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(first + 8 * 3600)), day + " 00:00:00")
    same(last - first, 86399, "a date as the end means its last second")


# --- an old .env ---

def test_an_old_env_becomes_a_home(t):
    folder = t.folder()
    (folder / "old.env").write_text(OLD_ENV)
    home = folder / "home"
    code, report = huiliu_json(home, "init", "--from-env", folder / "old.env")
    same(code, 0)
    told = {v["variable"]: v for v in report["variables"]}
    names = re.findall(r"^(\w+)=", OLD_ENV, re.M)
    same(sorted(told), sorted(names), "variables told")
    became = {name: v["became"] for name, v in told.items()}
    same(became["APPID"], "app.key")
    same(became["START_DATE"], "shop.since")
    same((became["START_TIME"], became["SYNC_DAYS"]), (None, None), "the date form wins")
    for name in ("DB_URL", "END_DATE", "USE_CREATE_TIME", "TASK_ID", "SYNC_INTERVAL", "MY_OWN_THING"):
        same(became[name], None, name)
        holds(told[name]["note"], f"{name} has a reason")
    shop = huiliu_json(home, "shop", "show", "douyin-life", check=True)[1]
    same(shop["external_id"], "7241078611527075855")
    same(shop["since"], "2026-09-30T16:00:00.000Z")
    same((shop["set.page_size"], shop["set.get_secret_number"]), ("50", "true"))


def test_an_old_env_shows_no_secret(t):
    folder = t.folder()
    (folder / "old.env").write_text(OLD_ENV)
    _, out, err = huiliu(folder / "home", "init", "--from-env", folder / "old.env", check=True)
    for secret in ("0123456789abcdef", "pa%40ss", "hunter2"):
        holds(secret not in out + err, f"{secret} is shown")


def test_an_old_env_is_taken_once(t):
    folder = t.folder()
    (folder / "old.env").write_text(OLD_ENV)
    home = folder / "home"
    huiliu(home, "init", "--from-env", folder / "old.env", check=True)
    before = lib.rows(home, "SELECT * FROM shop")
    code, out, _ = huiliu(home, "init", "--from-env", folder / "old.env")
    same(code, 0)
    contains(out, "already")
    same(lib.rows(home, "SELECT * FROM shop"), before)


def test_an_old_env_that_points_elsewhere(t):
    folder = t.folder()
    (folder / "old.env").write_text("APPID=a\nAppSecret=b\nACCOUNT_ID=c\nAPI_BASE_URL=http://127.0.0.1:9\n")
    huiliu(folder / "home", "init", "--from-env", folder / "old.env", check=True)
    same(settings(folder / "home")["platforms.douyin-life.base_url"]["value"], "http://127.0.0.1:9")


def test_a_bad_old_env_is_refused(t):
    folder = t.folder()
    cases = [("nothing here\n", ["old.env:1"]), ("FOO=1\n", ["env_unknown"]), ('APPID="open\n', ["old.env:1"]),
             ("APPID=a\nACCOUNT_ID=c\n", ["env_missing", "AppSecret"]),
             ("APPID=a\nAppSecret=b\nACCOUNT_ID=c\nPAGE_SIZE=many\n", ["PAGE_SIZE"])]
    for i, (text, words) in enumerate(cases):
        (folder / "old.env").write_text(text)
        fails(folder / f"home{i}", "init", "--from-env", folder / "old.env", says=words)
    fails(folder / "home", "init", "--from-env", folder / "no-such-file", says=["no-such-file"])


# --- manifests ---

def test_a_bad_manifest_stops_its_platform_only(t):
    home = life_home(t)
    (home / "connectors").mkdir()
    (home / "connectors" / "douplus.yaml").write_text("platform: douplus\nstreems: {}\n")
    fails(home, "connector", "check", says=[])
    _, out, _ = huiliu(home, "connector", "check")
    contains(out, "douplus.yaml:2:1", "streams")
    huiliu(home, "status", check=True)
    fails(home, "shop", "add", "a", "--platform", "douplus", "--external-id", "1", says=["douplus.yaml:2:1"])
    same(huiliu(home, "connector", "check", "douyin-life")[0], 0)


def test_a_manifest_in_the_home_replaces_the_built_in(t):
    home = t.home()
    (home / "connectors").mkdir()
    text = (lib.ROOT / "connectors" / "douplus.yaml").read_text(encoding="utf-8")
    (home / "connectors" / "douplus.yaml").write_text(text.replace("name: {zh: DOU+, en: DOU+}",
                                                                   "name: {zh: DOU+, en: Ours}"))
    listed = {c["platform"]: c for c in huiliu_json(home, "connector", "list")[1]["connectors"]}
    same(listed["douplus"]["title"], "Ours")
    contains(listed["douplus"]["file"], str(home))


def test_a_manifest_is_called_like_its_platform(t):
    home = t.home()
    (home / "connectors").mkdir()
    shutil.copy(lib.ROOT / "connectors" / "douplus.yaml", home / "connectors" / "other.yaml")
    code, out, _ = huiliu(home, "connector", "check")
    same(code, 1)
    contains(out, "other.yaml", "douplus.yaml")


def test_recorded_replies_map_as_expected(t):
    code, report = huiliu_json(None, "connector", "test", "--fixtures", lib.ROOT / "connectors" / "fixtures",
                               "--home", t.folder() / "none")
    same(code, 0)
    holds(len(report["fixtures"]) > 5, "fixtures were run")


def test_a_reply_that_maps_differently_is_told(t):
    folder = t.folder()
    shutil.copytree(lib.ROOT / "connectors" / "fixtures" / "douplus", folder / "douplus")
    path = next((folder / "douplus").glob("orders*.expected.json"))
    expected = json.loads(path.read_text())
    next(iter(expected["rows"].values()))[0]["order_id"] = "0"
    path.write_text(json.dumps(expected))
    code, report = huiliu_json(None, "connector", "test", "douplus", "--fixtures", folder, "--home", folder / "none")
    same(code, 1)
    same([Path(f["file"]).name for f in report["fixtures"] if not f["good"]], [path.name])


# --- the database and the worker role ---

def test_a_newer_database_is_refused(t):
    home = t.home()
    with sqlite3.connect(home / "huiliu.db") as connection:
        connection.execute("INSERT INTO migration VALUES (999, 'later', '0', 0)")
    connection.close()
    fails(home, "status", says=["store_newer"])
    fails(home, "migrate", says=["store_newer"])


def test_a_corrupt_database_is_refused(t):
    home = t.home()
    with open(home / "huiliu.db", "r+b") as file:
        file.write(b"\x00\xff" * 2048)
    fails(home, "status", says=["store_corrupt"])
    code, report = huiliu_json(home, "doctor")
    same(code, 1)
    bad = [c for c in report["checks"] if not c["good"]]
    same([c["check"] for c in bad], ["database"])
    holds(bad[0]["next"], "doctor says what to do")


def test_two_workers_on_one_home(t):
    home = life_home(t)
    with open(home / "worker.lock", "w", encoding="utf-8") as held:
        held.write("huiliu sync, process 4711\n")
        held.flush()
        fcntl.flock(held, fcntl.LOCK_EX)
        fails(home, "sync", says=["worker_busy", "process 4711"])
        huiliu(home, "status", check=True)


def test_a_test_clock_never_meets_a_real_platform(t):
    home = life_home(t)
    env = {"HUILIU_CLOCK": t.folder() / "clock"}
    fails(home, "sync", env=env, says=["clock_real", "douyin-life"])


def test_sync_without_a_shop_says_what_to_do(t):
    fails(t.home(), "sync", says=["shop_none", "shop add"])


def test_views_are_made_with_the_database(t):
    home = t.home()
    same(lib.rows(home, "SELECT * FROM orders"), [])
    with sqlite3.connect(home / "huiliu.db") as connection:
        connection.execute("DROP VIEW orders")
        connection.execute("UPDATE setting SET value = 'old' WHERE name = 'views_checksum'")
    connection.close()
    huiliu(home, "migrate", check=True)
    same(lib.rows(home, "SELECT * FROM orders"), [])


# --- status, worker list ---

ZONES = {"east": ("Asia/Shanghai", "2026-05-29 04:26:40"), "west": ("America/New_York", "2026-05-28 16:26:40")}
INSTANT_MS = 1780000000000  # 2026-05-28 20:26:40 UTC


def executed(home, *statements):
    with contextlib.closing(sqlite3.connect(home / "huiliu.db")) as db, db:
        for statement in statements:
            db.execute(statement)


def test_status_shows_the_times_of_a_shop_in_its_zone_and_names_it(t):
    home = t.home()
    for number, (name, (zone, _)) in enumerate(ZONES.items()):
        huiliu(home, "shop", "add", name, "--platform", "douplus", "--external-id", f"sec-{number}", "--zone", zone, check=True)
        huiliu(home, "pause", "--shop", name, check=True)
    huiliu(home, "pause", check=True)
    executed(home, f"UPDATE hold SET since_ms = {INSTANT_MS}", "INSERT INTO stream_state (shop_id, stream, since_ms, frontier_ms,"
             f" last_success_ms) SELECT id, 'ad_orders', 0, {INSTANT_MS}, {INSTANT_MS} FROM shop")

    def lines(word, env=None):
        out = huiliu(home, "status", env=env, check=True)[1]
        return [line for line in out.splitlines() if word in line]
    for name, (zone, at) in ZONES.items():
        row, hold = next(r for r in lines(name) if "ad_orders" in r), lines(name)[-1]
        same((row.count(at), zone in row.split()), (2, True), f"times and zone of a row: {row}")
        contains(hold, "paused since", f"{at} {zone}")
    contains(lines("everything")[0], "2026-05-28 20:26:40 UTC")
    home_zone = {"HUILIU_ZONE": "Asia/Tokyo"}
    same([r.count("2026-05-29 05:26:40") for r in lines("ad_orders", home_zone)], [2, 2], "rows in the zone that the home says")
    same(len(lines("Asia/Tokyo", home_zone)), 7, "lines that name it: two streams of two shops, three holds")
    status = huiliu_json(home, "status", check=True)[1]["status"]
    same({(s["shop"], s["zone"]) for s in status}, {(name, zone) for name, (zone, _) in ZONES.items()}, "zones")
    same({s["frontier"] for s in status if s["stream"] == "ad_orders"}, {"2026-05-28T20:26:40.000Z"}, "instants of programs")


def test_reasons_are_told_in_the_language_of_the_person(t):
    """The code and what it is about stay: docs/errors.md has the one, the platform said the other."""
    home = t.home()
    huiliu(home, "shop", "add", "ads", "--platform", "douplus", "--external-id", "sec-1", check=True)
    known, theirs = "timeout: open.example did not answer within 30 s", "40000: order_ids: no"
    executed(home, *(f"INSERT INTO task (lane, class, kind, unique_key, payload, run, state, ready_ms, worker, lease, lease_ms,"
                     f" unit_number, attempt, created_ms, changed_ms, error) VALUES (1, 0, 'x', 'x{number}', '{{}}', '', 'dead', 0, '', '', 0,"
                     f" 0, 0, 0, 0, '{error}')" for number, error in enumerate((known, theirs))),
             f"INSERT INTO stream_state (shop_id, stream, since_ms, last_error) VALUES (1, 'ad_orders', 0, '{known}')")
    chinese = {"HUILIU_LANGUAGE": "zh"}
    shown = "未在规定时间内收到回复（timeout）：open.example did not answer within 30 s"
    for words in (["task", "list"], ["task", "show", "1"], ["status"]):
        contains(huiliu(home, *words, env=chinese, check=True)[1], shown)
        contains(huiliu(home, *words, check=True)[1], known)
    contains(huiliu(home, "task", "list", env=chinese, check=True)[1], theirs)
    same([r["error"] for r in huiliu_json(home, "task", "list", env=chinese, check=True)[1]["tasks"]], [known, theirs], "for programs")


def test_a_worker_that_is_not_heard_any_more_is_silent(t):
    home, now_ms = t.home(), int(time.time() * 1000)
    executed(home, *(f"INSERT INTO worker (name, host, pid, version, threads, busy, degraded, started_ms, beat_ms) VALUES"
                     f" ('{name}', 'h', 1, '1', 8, {busy}, 0, 0, {now_ms - age_ms})"
                     for name, busy, age_ms in (("a", 3, 0), ("b", 0, 500), ("c", 3, 60_000), ("d", 2, -5000))))
    found = {w["worker"]: w for w in huiliu_json(home, "worker", "list", check=True)[1]["workers"]}
    same({n: (w["state"], w["busy"]) for n, w in found.items()},
         {"a": ("busy", 3), "b": ("idle", 0), "c": ("silent", None), "d": ("busy", 2)}, "state and busy")
    same((60 <= found["c"]["beat_seconds"] < 90, found["d"]["beat_seconds"]), (True, 0), "seconds since the last beat")
    contains(huiliu(home, "worker", "list", check=True)[1], "last beat", "silent")


def test_settings_and_doctor_show_a_server_without_its_password(t):
    home = t.home()
    for url, shown in (("postgresql://u:hunter2@127.0.0.1:9/d?sslmode=require&sslpassword=hunter2",
                        "postgresql://u:***@127.0.0.1:9/d?sslmode=require&sslpassword=***"),
                       ("mysql://u:hunter2@127.0.0.1:9/d", "mysql://u:***@127.0.0.1:9/d")):
        env = {"HUILIU_STORE": url, "HUILIU_COORD": "redis://:hunter2@127.0.0.1:9/1"}
        same(settings(home, env)["store"]["value"], shown, "store")
        same(settings(home, env)["coord"]["value"], "redis://:***@127.0.0.1:9/1", "coord")
        code, out, err = huiliu(home, "doctor", env=env)
        holds("hunter2" not in out + err, f"the password is shown: {out}{err}")


def test_doctor_of_a_good_home(t):
    home = life_home(t)
    code, report = huiliu_json(home, "doctor")
    same([c for c in report["checks"] if not c["good"]], [])
    same(code, 0)


def test_doctor_finds_what_is_wrong(t):
    home = t.home()
    home.chmod(0o755)
    huiliu(home, "shop", "add", "ads", "--platform", "douplus", "--external-id", "sec-1", check=True)
    code, report = huiliu_json(home, "doctor")
    same(code, 1)
    bad = {c["check"]: c["next"] for c in report["checks"] if not c["good"]}
    contains(bad["home"], "chmod 700")
    contains(bad["shop"], "huiliu shop authorize ads")


def test_rows_that_do_not_exist(t):
    home = t.home()
    fails(home, "reject", "show", "1", says=["reject_unknown"])
    fails(home, "task", "show", "1", says=["task_unknown"])
    wrong_use(home, "task", "show", "one", says=["`one`"])
    wrong_use(home, "task", "retry", says=["--dead"])
    wrong_use(home, "reject", "replay", says=["--all"])


if __name__ == "__main__":
    lib.main(globals())

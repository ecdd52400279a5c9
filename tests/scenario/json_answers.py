#!/usr/bin/env python3
"""Every command that prints takes --json and answers with JSON alone: one object, or one a line where lines come one by one.
The walk goes through the table of commands: a command that is missing here fails it."""
import json
import sqlite3

import lib
from cli import command_paths
from lib import holds, same

# They go on until they are ended, and what they say is their log (`log_file`, `huiliu logs --json`).
NEEDS_MORE = {"import show"}  # what a real file left behind
ENDLESS = {"run", "worker", "scheduler", "serve", "service supervise"}
LINES = {"logs", "service logs"}
SHOP, PLATFORM = "a", "douyin-life"


def walk(app, shop, files):
    """(command, its arguments, the members of its answer), in an order in which each has something to do."""
    life = ["--platform", PLATFORM, "--app", "main", "--external-id"]
    return [
        ("init", [], "home made"),
        ("app add", ["main", "--platform", PLATFORM, "--key", app["app_key"], "--secret", app["app_secret"]], "id name"),
        ("app rotate", ["main", "--key", app["app_key"]], "id name"),
        ("app list", [], "apps"),
        ("shop add", [SHOP, *life, shop["external_id"], "--since", "1d"], "id name state"),
        ("shop add", ["b", *life, "17"], "id name state"),
        ("shop disable", ["b"], "id name state"),
        ("shop enable", ["b"], "id name state"),
        ("shop remove", ["b"], "id name state"),
        ("shop authorize", [SHOP], "id name accounts left"),
        ("shop list", [], "shops"),
        ("shop show", [SHOP], "name platform state zone"),
        ("sync", [], "result streams"),
        ("status", [], "status"),
        ("prove", [SHOP, "orders"], "windows"),
        ("reject list", [], "rejects"),
        ("reject show", ["1"], "rejects"),
        ("reject replay", ["--all"], "stayed landed"),
        ("task list", [], "tasks"),
        ("import", ["--kinds"], "kinds"),
        ("import list", [], "imports"),
        ("import show", ["1"], "faults"),
        ("export", ["--lists"], "lists"),
        ("export", ["ad-orders", "--format", "csv", "--out", files / "orders.csv"], "list file bytes"),
        ("task depth", [], "classes"),
        ("task show", ["1000"], "kind state"),
        ("task retry", ["1000"], "retried"),
        ("task cancel", ["1000"], "waiting running"),
        ("task cancel", ["--all"], "waiting running"),
        ("budget list", [], "budgets"),
        ("budget set", [f"{PLATFORM}/order_query", "10/1s"], "key calls per_ms burst"),
        ("budget reset", [f"{PLATFORM}/order_query"], "key"),
        ("rate set", ["USD", "CNY", "2026-01-05", "7.1"], "set"),
        ("rate list", [], "rates"),
        ("rate remove", ["USD", "CNY", "2026-01-05"], "removed"),
        ("person set", [SHOP, "sku-1", "王"], "set"),
        ("person list", [], "persons"),
        ("person remove", [SHOP, "sku-1"], "removed"),
        ("shop set", [SHOP, "--ads-of", "none"], "set"),
        ("cost set", [SHOP, "sku-1", "2026-01-05", "12.34"], "costs"),
        ("cost end", [SHOP, "sku-1", "2026-02-05"], "costs"),
        ("cost list", [], "costs"),
        ("cost import", [files / "costs.csv"], "imports"),
        ("person import", [files / "persons.csv"], "imports"),
        ("cost remove", [SHOP, "sku-1", "2026-02-05"], "costs"),
        ("worker list", [], "workers"),
        ("pause", [], "scope name changed"),
        ("pause", ["--shop", SHOP], "scope name changed"),
        ("resume", ["--shop", SHOP], "scope name changed held"),
        ("resume", [], "scope name changed held"),
        ("logs", [], "kind"),
        ("connector list", [], "connectors"),
        ("connector check", [PLATFORM], "manifests"),
        ("connector test", [PLATFORM, "--fixtures", lib.ROOT / "connectors" / "fixtures"], "fixtures"),
        ("connector trace", [SHOP, "orders"], "method url headers signed_text"),
        ("connector docs", [], "text"),
        ("connector docs", [PLATFORM], "text"),
        ("connector replay", [SHOP, "orders"], "differences"),
        ("user add", ["eva", "--role", "admin", "--no-password"], "name role disabled"),
        ("user add", ["kim", "--no-password"], "name role disabled"),
        ("user list", [], "users"),
        ("user passwd", ["eva", "--password-file", files / "password"], "name role disabled"),
        ("user disable", ["kim"], "name role disabled"),
        ("user enable", ["kim"], "name role disabled"),
        ("import", ["--kinds"], "kinds"),
        ("import list", [], "imports"),
        ("derive metrics", [], ""),
        ("derive rebuild", [], ""),
        ("derive audit", [], ""),
        ("migrate", [], "applied newest"),
        ("doctor", [], "checks"),
        ("settings", [], "settings"),
        ("settings", ["--reference"], "text"),
        ("version", [], "versions"),
        ("version", ["--fail-points"], "fail_points"),
        ("help", [], "text"),
        ("help", ["--man"], "text"),
        ("service install", ["--print"], "text"),
        ("service start", [], "state pid"),
        ("service status", [], "service"),
        ("service logs", ["--lines", "2"], "line"),
        ("service restart", [], "state pid"),
        ("service stop", [], "state"),
    ]


def answers_of(home, command, words, env):
    code, out, err = lib.huiliu(home, *command.split(), *words, "--json", env=env)
    holds(code == 0, f"{command} {words} --json: exit {code}: {err}")
    try:
        return [json.loads(text) for text in (out.splitlines() if command in LINES else [out])]
    except ValueError as error:
        raise lib.Failure(f"{command} {words} --json prints no JSON ({error}): {lib.short(out)}") from error


def things_to_show(home):
    """A reject and a dead task, as no healthy sync leaves them."""
    with sqlite3.connect(home / "huiliu.db") as db:
        db.execute("INSERT INTO reject (id, shop_id, table_name, key_text, id_text, field, code, message, stream, seen_ms, times)"
                   " VALUES (1, 1, 'trade_order', '1', '1', '', 'x', 'x', 'orders', 0, 1)")
        db.execute("INSERT INTO task (id, lane, class, kind, unique_key, payload, run, state, ready_ms, worker, lease, lease_ms,"
                   " unit_number, attempt, created_ms, changed_ms) VALUES (1000, 1, 0, 'x', 'x', '{}', '', 'dead', 0, '', '', 0,"
                   " 0, 0, 0, 0)")
    db.close()


def test_every_command_that_prints_gives_json(t):
    sandbox = t.sandbox(life_shops=1, life_orders=10, douplus_shops=0)
    home, env = t.folder() / "home", {"HUILIU_SYSTEMD": "no"}
    files = t.folder()
    (files / "password").write_text("a long enough pass-phrase 17\n")
    (files / "costs.csv").write_text(f"shop,sku_id,from_day,cost\n{SHOP},sku-2,2026-01-01,5.00\n")
    (files / "persons.csv").write_text(f"shop,sku_id,person\n{SHOP},sku-2,Wang\n")
    steps = walk(sandbox.apps[0], sandbox.shops[0], files)
    there = {" ".join(path) for path in command_paths()}
    same(sorted(there - {name for name, _, _ in steps} - ENDLESS - NEEDS_MORE), [], "commands that no step of this walk runs")
    for command, words, members in steps:
        if command == "reject list":
            things_to_show(home)
        try:
            found = answers_of(home, command, words, env)
        except lib.Failure:
            if command.startswith("service"):
                lib.huiliu(home, "service", "stop", env=env)
            raise
        holds(found, f"{command} {words} --json says nothing")
        for one in found:
            same([m for m in members.split() if m not in one], [], f"members that {command} {words} --json lacks in {lib.short(one)}")
        if command == "init":
            lib.point_to(home, sandbox)


def test_what_goes_on_has_its_log(t):
    for command in ENDLESS:
        code, _, err = lib.huiliu(t.folder(), *command.split(), "--json")
        same(code, 2, f"exit code of {command} --json")
        lib.contains(err, "flag_unknown")


if __name__ == "__main__":
    lib.main(globals())

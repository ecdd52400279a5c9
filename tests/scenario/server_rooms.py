#!/usr/bin/env python3
"""The unit tests of store, coord and queue once more, on PostgreSQL and on MariaDB: each test gets an empty schema of one
server."""
# Takes 250 s.
import os
import subprocess

import lib
import mariadb_server
import pg_server

# migrate_test is about files and SQLite's catalogue; what it says of steps holds for all.
TESTS = ("coord/coord_test", "coord/database_test", "store/store_test", "store/upsert_test", "store/writer_test",
         "store/clock_test", "store/event_test", "store/prune_test", "queue/claim_test", "queue/feed_test", "queue/holds_test",
         "queue/queue_test", "queue/ticks_test", "queue/worker_test", "api/list_plan_test", "api/list_test", "api/control_test",
         "api/numbers_test", "derive/derive_test", "derive/trade_test", "api/profit_test", "api/auth_test")


def rooms_pass(kind):
    if why := kind.missing():
        raise lib.Skip(why)
    with kind.Server() as server:
        for name in TESTS:
            done = subprocess.run([lib.program("src/" + name)], capture_output=True, text=True, timeout=300, check=False,
                                  env={**os.environ, "HUILIU_TEST_STORE": server.url, "CMOCKA_MESSAGE_OUTPUT": "STDOUT"})
            lib.sanitizers_quiet(done.stderr)
            lib.holds(done.returncode == 0 and "PASSED" in done.stdout + done.stderr,
                      f"{name} fails on a server\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")


def test_store_and_queue_on_postgresql(t):
    rooms_pass(pg_server)


def test_store_and_queue_on_mariadb(t):
    rooms_pass(mariadb_server)


if __name__ == "__main__":
    lib.main(globals())

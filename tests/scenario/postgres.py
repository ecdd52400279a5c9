#!/usr/bin/env python3
"""PostgreSQL: what on_server.py says of every server, and what only this one can be asked."""
# Takes 90 s.
import os
import shutil
import subprocess

import lib
import on_server
import pg_server
from on_server import OnServer, all_equal, server_start

# Kept on the coordinator when the others are distributed (docs/scale.md).
NOT_BY_SHOP = {"reject", "event", "touched", "sync_run_shop", "oauth_state", "webhook_event", "import_file", "api_user_shop", "audit"}


def test_keys_begin_with_the_shop(t):
    """So that tables can be distributed by it: the primary key of each, and a shop in every unique index."""
    server = server_start(t)
    OnServer(t, server, life_shops=1, life_orders=1, douplus_shops=0)
    keys = server.sql("SELECT c.relname, i.indisprimary, (SELECT string_agg(a.attname, ',' ORDER BY k.n) FROM unnest(i.indkey) WITH"
                      " ORDINALITY AS k(at, n) JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.at) FROM pg_index i JOIN"
                      " pg_class c ON c.oid = i.indrelid JOIN pg_attribute s ON s.attrelid = c.oid AND s.attname = 'shop_id' WHERE"
                      " i.indisunique AND c.relkind IN ('r', 'p') AND c.relnamespace = current_schema::regnamespace")
    keys = [(table, primary, columns.split(",")) for table, primary, columns in keys if table not in NOT_BY_SHOP]
    lib.holds(len({table for table, _, _ in keys}) >= 13, f"tables with a shop: {keys}")
    lib.same([k for k in keys if k[2][0] != "shop_id" and (k[1] == "t" or "shop_id" not in k[2])], [], "keys without the shop in front")


class Small:
    """A folder with little room, for a tablespace."""

    def __init__(self, t, megabytes):
        self.folder = t.folder() / "small"
        self.folder.mkdir()
        self.folder.parent.chmod(0o755)  # the server's user goes through it
        if self.mount(f"size={megabytes}m") != 0:
            raise lib.Skip("a file system cannot be mounted here")
        shutil.chown(self.folder, "postgres", "postgres")
        t.when_over(self.unmount)

    def mount(self, options):
        return subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(self.folder)], stderr=subprocess.DEVNULL,
                              check=False).returncode

    def unmount(self):
        subprocess.run(["umount", "-l", str(self.folder)], check=False)


def test_no_room_on_the_server(t):
    """It is said and nothing is lost: with room again the same command goes on."""
    if os.geteuid() != 0:
        raise lib.Skip("a file system cannot be mounted here")
    server = server_start(t)
    small = Small(t, 4)
    server.sql(f"CREATE TABLESPACE small LOCATION '{small.folder}'")
    server.sql("ALTER ROLE huiliu SET default_tablespace = small")
    stage = OnServer(t, server, life_shops=2, life_orders=1500, douplus_shops=0)
    code, out, err = stage.sync(check=None)
    lib.holds(code != 0, f"it says that it is done: {out[-300:]}")
    lib.contains(out + err, "store_full")
    lib.same(stage.rows("SELECT count(*) AS n FROM task WHERE state = 'dead'"), [{"n": 0}], "dead tasks")
    lib.same(small.mount("remount,size=400m"), 0, "remount")
    stage.sync()
    all_equal(stage)


if __name__ == "__main__":
    lib.main({**on_server.tests_of(pg_server), **{n: f for n, f in globals().items() if n.startswith("test_")}})

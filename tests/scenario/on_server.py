"""The whole program on a server of the test's own, for each kind of server (pg_server, mariadb_server). Every row equals the
sandbox's truth; through crashes of the server and cut connections; and what is wrong with an address is said without its
password. postgres.py and mariadb.py hand these tests to the runner."""
import os
import shutil
import signal
import threading
import time

import lib
import pg_server
from cutting import Cutting, every
from server import free_port
from truth import DATA_TABLES, FORTNIGHT, Stage


STEPS = 12  # COMMITs of `sync` before it works: it looks whether the database is new enough, and says so where it is cut off


def literal(value):
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


def server_start(t, kind=pg_server, **options):
    if why := kind.missing():
        raise lib.Skip(why)
    server = kind.Server(**options)
    server.__enter__()
    t.when_over(server.__exit__)
    return server


class OnServer(Stage):
    """A Stage whose database is on a server. Rows are asked for there, not through huiliu."""

    def __init__(self, t, server, url=None, **switches):
        self.server = server
        super().__init__(t, env={"HUILIU_STORE": url or server.url}, **switches)

    def rows(self, sql, *values):
        parts = sql.split("?")
        lib.same(len(parts), len(values) + 1, "values of a statement")
        return self.server.rows("".join(part + literal(value) for part, value in zip(parts, values)) + parts[-1])

    def execute(self, sql):
        self.server.sql(sql)

    def watch_writes(self):
        self.server.watch_writes(DATA_TABLES)


def all_equal(stage):
    stage.rows_equal()
    stage.every_window("A")
    stage.seals_hold()


def rows_equal_the_truth_and_nothing_is_written_twice(t, kind):
    stage = OnServer(t, server_start(t, kind), life_shops=2, life_orders=600, douplus_shops=1, douplus_orders=200, **FORTNIGHT)
    stage.sync()
    all_equal(stage)
    stage.watch_writes()
    stage.sync("--full")
    # Figures of ads are asked anew and may change; everything else stands as it is.
    written = stage.rows("SELECT name, count(*) AS n FROM test_writes WHERE name NOT LIKE '%figure%' GROUP BY name")
    lib.same(written, [], "writes of data tables")
    first = stage.rows("SELECT min(order_id) AS id FROM trade_order")[0]["id"]
    stage.execute(f"UPDATE trade_order SET row_hash = '' WHERE order_id = '{first}'")
    stage.execute("DELETE FROM test_writes")
    stage.sync("--full")
    lib.holds(stage.rows("SELECT name FROM test_writes WHERE name = 'UPDATE trade_order'"), "a changed row was not written")


def comments_and_byte_order(t, kind):
    server = server_start(t, kind)
    OnServer(t, server, life_shops=1, life_orders=5, douplus_shops=0)
    lib.same(server.comment("trade_order", "pay_amount"), "What the buyer paid")
    lib.same(server.unlike_bytes(), [], "columns that do not compare byte by byte")


def disturbed(stage, act, times):
    """Runs `sync` while `act` is done again and again; how often it was while the run was under way."""
    process = stage.start("sync")
    out = {}
    reading = threading.Thread(target=lambda: out.update(text=process.communicate()))
    reading.start()
    done = 0
    while done < times and process.poll() is None:
        if stage.rows("SELECT count(*) AS n FROM trade_order")[0]["n"] > 300 * done:
            act()
            done += 1
        time.sleep(0.02)
    reading.join(300)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        raise lib.Failure("sync does not end")
    lib.sanitizers_quiet(out["text"][1])
    lib.holds(process.returncode == 0, f"sync ended with {process.returncode}: {out['text'][1][-800:]}")
    return done


def units_are_right(stage):
    """Each finished task left no row, and each page was counted once: the evidence of every window says so."""
    stage.sync("--full")
    all_equal(stage)


def the_server_crashes_in_the_middle(t, kind):
    server = server_start(t, kind)
    stage = OnServer(t, server, life_shops=2, life_orders=2500, douplus_shops=1, douplus_orders=100)
    lib.holds(disturbed(stage, server.restart, 2) == 2, "the run was over before the server crashed twice")
    units_are_right(stage)


def connections_are_cut_again_and_again(t, kind):
    server = server_start(t, kind)
    stage = OnServer(t, server, life_shops=2, life_orders=2500, douplus_shops=1, douplus_orders=100)
    lib.holds(disturbed(stage, server.cut, 12) >= 8, "the run was over before its connections were cut")
    units_are_right(stage)


def every_commit_is_settled_whose_answer_is_cut_off(t, kind):
    """Each unit counts its number in its task's row and each page in its window's: a unit that ran twice, or one that was taken
    for lost, is refused by the fence or found by the audit."""
    server = server_start(t, kind)
    way = Cutting(server.port, kind.COMMIT, every(3, spared=STEPS))
    stage = OnServer(t, server, life_shops=2, life_orders=500, douplus_shops=1, douplus_orders=60, **FORTNIGHT)
    stage.env["HUILIU_STORE"] = server.url.replace(f":{server.port}/", f":{way.port}/")
    stage.sync()
    way.stop()
    print(f"# {way.commits} commits, {way.cuts['after']} cut behind the server, {way.cuts['before']} before it", flush=True)
    lib.holds(min(way.cuts.values()) > 3, "too few commits were cut")
    all_equal(stage)
    lib.same(stage.rows("SELECT count(*) AS n FROM task")[0]["n"], 0, "tasks that are left")
    rejected = stage.rows("SELECT coalesce(sum(rows_new), 0) AS n FROM execution WHERE kind = 'window'")
    lib.same(rejected[0]["n"], stage.rows("SELECT (SELECT count(*) FROM trade_order) + (SELECT count(*) FROM trade_certificate)"
                                          " + (SELECT count(*) FROM ad_order) AS n")[0]["n"], "new rows that were counted")
    stage.env["HUILIU_STORE"] = server.url
    units_are_right(stage)


def said(t, url, code):
    """What `huiliu init` says about an address: its code, and never the password."""
    home = t.folder() / "home"
    got, out, err = lib.huiliu(home, "init", env={"HUILIU_STORE": url})
    lib.holds(got != 0, f"{url} was taken")
    lib.contains(out + err, code)
    lib.holds("hunter2" not in out + err, f"the password is shown: {err}")
    return err


def what_is_wrong_with_an_address_is_said(t, kind):
    server = server_start(t, kind, password="s3cret/@")
    good = server.address(password="s3cret%2F%40")
    scheme = good.split(":")[0]
    said(t, server.address(password="hunter2"), "store_login")
    said(t, server.address(user="nobody", password="hunter2"), "store_login")
    said(t, server.address(password="s3cret%2F%40", database="none"), "store_absent")
    said(t, f"{scheme}://u:hunter2@127.0.0.1:{free_port()}/d", "store_unreachable")
    said(t, f"{scheme}://u:hunter2@h:port/d", "store_url")
    for password in ("hunter2@x", "1/hunter2", "hunter2:y@", "12@hunter2/z"):
        said(t, f"{scheme}://u:{password}@127.0.0.1:{server.port}/d", "store_")
    said(t, good + "?sslmodus=hunter2", "store_url")
    server.role_add("poor", "hunter2")
    said(t, server.address(user="poor", password="hunter2"), "store_rights")
    kind_says_more(t, server)
    home = t.folder() / "home"
    lib.huiliu(home, "init", env={"HUILIU_STORE": good}, check=True)
    for words in (["settings"], ["status"], ["doctor"], ["migrate"]):
        _, out, err = lib.huiliu(home, *words, env={"HUILIU_STORE": good})
        lib.holds("s3cret" not in out + err, f"{words[0]} shows the password")
    server.sql("INSERT INTO migration (number, name, checksum, applied_ms) VALUES (999, 'step 999', '', 0)")
    code, _, err = lib.huiliu(home, "status", env={"HUILIU_STORE": good})
    lib.holds(code != 0, "a newer database was taken")
    lib.contains(err, "store_newer")


def kind_says_more(t, server):
    """Only a database of PostgreSQL may keep its texts in another code."""
    if server.url.startswith("postgresql"):
        server.sql("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")
        said(t, server.address(password="s3cret%2F%40", database="latin"), "store_encoding")


def a_killed_sync_is_gone_on_with_at_once(t, kind):
    """Its tasks come back when their leases end, and whoever waits for that can be ended too."""
    stage = OnServer(t, server_start(t, kind), real_time=True, life_shops=2, life_orders=1200, douplus_shops=0, quota="shop=20/1",
                     settings=("page_size=20",))
    for number in (signal.SIGKILL, signal.SIGTERM):
        process = stage.start("sync")
        deadline = time.monotonic() + 60
        while number == signal.SIGKILL and stage.rows("SELECT count(*) AS n FROM trade_order")[0]["n"] < 100:
            lib.holds(time.monotonic() < deadline, "the sync did not begin")
            time.sleep(0.05)
        time.sleep(1 if number == signal.SIGTERM else 0)
        process.send_signal(number)
        process.communicate(timeout=10)
    stage.quota_lift()
    code, out, err = stage.sync(check=None, timeout=120)
    lib.same(code, 0, f"exit code: {out[-300:]}{err[-300:]}")
    all_equal(stage)


def a_home_with_another_key_says_so_first(t, kind):
    """No second key is made for a database that was sealed, and whoever has one is told before anything else."""
    server = server_start(t, kind)
    env = {"HUILIU_STORE": server.url}

    def refused(home, code, *words):
        got, out, err = lib.huiliu(home, *words, env=env)
        lib.same(got, 1, f"exit code of {' '.join(words)}: {out}{err}")
        lib.contains(err, code, "key", "HUILIU_KEY_FILE")

    first, other, late = t.home(env=env), t.home(), t.folder() / "home"
    lib.huiliu(first, "app", "add", "a", "--platform", "douyin-life", "--key", "k", "--secret-file", "-", text_in="s\n", env=env,
               check=True)
    for _ in ("the database says whose it is", "one of an older program, which does not"):
        refused(late, "key_elsewhere", "init")
        lib.same([name for name in ("key", "huiliu.yaml") if (late / name).exists()], [], "what was made all the same")
        refused(other, "key_other", "status")
        refused(other, "key_other", "sync")
        lib.same(key_finding(other, env), (1, [False]), "what doctor says of another key")
        server.sql("DELETE FROM setting WHERE name LIKE 'key_check%'")
    lib.same(key_finding(first, env), (0, [True]), "what doctor says of the right one")
    lib.same(server.sql("SELECT count(*) FROM setting WHERE name LIKE 'key_check%'"), [["0"]], "what doctor wrote")
    lib.huiliu(first, "status", env=env, check=True)
    lib.same(server.sql("SELECT count(*) FROM setting WHERE name LIKE 'key_check%'"), [["2"]], "which key, written again")
    shutil.copy(first / "key", late / "key")
    lib.huiliu(late, "init", env=env, check=True)
    shutil.copy(first / "key", other / "key")
    lib.huiliu(other, "app", "rotate", "a", "--key", "k2", env=env, check=True)


def key_finding(home, env):
    """(exit code, whether it is good) of doctor's check of what is sealed."""
    code, found = lib.huiliu_json(home, "doctor", env=env)
    return code, [c["good"] for c in found["checks"] if c["check"] == "sealed"]


TESTS = (rows_equal_the_truth_and_nothing_is_written_twice, comments_and_byte_order, the_server_crashes_in_the_middle,
         connections_are_cut_again_and_again, every_commit_is_settled_whose_answer_is_cut_off,
         a_killed_sync_is_gone_on_with_at_once, a_home_with_another_key_says_so_first, what_is_wrong_with_an_address_is_said)


def tests_of(kind):
    """As lib.main takes them."""
    return {"test_" + test.__name__: lambda t, test=test: test(t, kind) for test in TESTS}

"""What scenario tests share: a sandbox, a home, the program, its database, and telling how a test ended.

A scenario is an executable script beside this file:

    import lib

    def test_orders_land(t):
        sandbox = t.sandbox(life_shops=2, life_orders=300)
        home = t.home(sandbox)
        code, out, err = lib.huiliu(home, "sync", "--json")
        lib.same(code, 0)

    if __name__ == "__main__":
        lib.main(globals())

Every test_… function is run with a `Case`, which owns what the test starts: processes end and folders go when it is
over. `script.py WORD…` runs the tests whose name contains a WORD. Programs are taken from $HUILIU_BUILD (or build/).
"""
import json
import os
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("HUILIU_BUILD", ROOT / "build")).resolve()
SHARED = Path(os.environ.get("HUILIU_SHARED", ROOT.parent / "shared"))
START_TIMEOUT_S = 60
RUN_TIMEOUT_S = 600


class Skip(Exception):
    """Raised with the reason why a test cannot run here."""


class Failure(Exception):
    pass


def program(name):
    path = BUILD / name
    if not path.exists():
        raise Skip(f"{path} is not built")
    return str(path)


def clean_env(env=None):
    """The environment of a program under test: nothing of the caller's settings, English, and what the test adds."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HUILIU_", "LC_", "LANG"))}
    kept["LC_ALL"] = "C.UTF-8"
    kept["HUILIU_LISTEN"] = ""  # many services run at once on one machine; who tests the API gives a port
    kept.update({k: str(v) for k, v in (env or {}).items()})
    return kept


# --- the sandbox ---

class Sandbox:
    """A running huiliu-sandbox. Switches are its options: life_shops=2 is --life-shops 2, live=True is --live, a list
    repeats the option, a dict joins as KEY=VALUE,…"""

    def __init__(self, env=None, **switches):
        self.folder = Path(tempfile.mkdtemp(prefix="huiliu-sandbox-"))
        port_file = self.folder / "port"
        command = [program("huiliu-sandbox"), "--listen", "127.0.0.1:0", "--port-file", str(port_file)]
        for name, value in switches.items():
            command += switch_words("--" + name.replace("_", "-"), value)
        self.log_path = self.folder / "log"
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=clean_env(env))
        self.port = self.wait_for_port(port_file)
        self.base_url = f"http://127.0.0.1:{self.port}"

    def wait_for_port(self, port_file):
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            if port_file.exists() and (text := port_file.read_text().strip()):
                return int(text)
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise Failure("the sandbox did not start: " + self.log_path.read_text(errors="replace")[-400:])

    def request(self, path, body=None):
        """(parsed headers, bytes) of a /_sandbox/ request."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.base_url}/_sandbox/{path}", data=data)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=120) as reply:
            return reply.headers, reply.read()

    def get(self, path):
        return json.loads(self.request(path)[1])

    def lines(self, path, start_name, start):
        """Every NDJSON line, part by part as X-Next says."""
        joint = "&" if "?" in path else "?"
        while start is not None:
            headers, body = self.request(f"{path}{joint}{start_name}={start}")
            yield from map(json.loads, body.splitlines())
            start = headers.get("X-Next")

    @property
    def shops(self):
        return self.get("shops")["shops"]

    @property
    def apps(self):
        return self.get("shops")["apps"]

    def truth(self, platform, shop):
        """Every order of a shop (its external id) as it stands now."""
        return list(self.lines(f"truth?platform={platform}&shop={shop}", "offset", 0))

    def figures(self, shop, first, last, at_ms=None):
        """What each order of an ad account comes to over days (ISO dates), at an instant or now."""
        at = "" if at_ms is None else f"&at_ms={at_ms}"
        return {row["order_id"]: row for row in
                self.lines(f"figures?platform=douplus&shop={shop}&from={first}&to={last}{at}", "offset", 0)}

    def asked(self, shop):
        """How often the report was asked for an order over a range of days, since the start."""
        return list(self.lines(f"asked?shop={shop}", "offset", 0))

    def consent(self, *shops):
        """An authorisation code that covers these accounts (external ids)."""
        return json.loads(self.request("consent", {"shops": list(shops)})[1])["auth_code"]

    def counts(self):
        return self.get("counts")

    def log(self, start=0):
        return list(self.lines("log", "from", start))

    def config(self, **settings):
        self.request("config", settings)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def switch_words(option, value):
    if value is True:
        return [option]
    if value is None or value is False:
        return []
    if isinstance(value, (list, tuple)):
        return [word for one in value for word in switch_words(option, one)]
    if isinstance(value, dict):
        value = ",".join(f"{k}={v}" for k, v in value.items())
    return [option, str(value)]


def start_sandbox(env=None, **switches):
    return Sandbox(env, **switches)


# --- the program ---

def huiliu(home, *arguments, env=None, check=None, text_in=None, timeout=RUN_TIMEOUT_S):
    """(exit code, standard output, standard error). `check`: the exit code it must have, True for 0."""
    command = [program("huiliu")] + (["--home", str(home)] if home else []) + [str(a) for a in arguments]
    done = subprocess.run(command, env=clean_env(env), input=text_in, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=timeout)
    wanted = 0 if check is True else check
    if wanted is not None and done.returncode != wanted:
        raise Failure(f"huiliu {' '.join(map(str, arguments))}: exit {done.returncode}, expected {wanted}\n"
                      f"{done.stdout[-800:]}\n{done.stderr[-1600:]}")
    sanitizers_quiet(done.stderr)
    return done.returncode, done.stdout, done.stderr


def huiliu_json(home, *arguments, **options):
    """(exit code, parsed standard output)."""
    code, out, _ = huiliu(home, *arguments, "--json", **options)
    return code, json.loads(out)


def huiliu_start(home, *arguments, env=None, **popen):
    """The running process, for tests that kill it."""
    command = [program("huiliu"), "--home", str(home), *map(str, arguments)]
    return subprocess.Popen(command, env=clean_env(env), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            **popen)


def sanitizers_quiet(text):
    """A finding of a sanitizer fails the test even where the exit code was expected to be bad."""
    if re.search(r"AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:", text):
        raise Failure("a sanitizer spoke:\n" + text[-3000:])


# --- homes ---

def new_home(sandbox=None, env=None):
    """A fresh home below a folder of its own; with a sandbox, every platform of it is called there."""
    home = Path(tempfile.mkdtemp(prefix="huiliu-home-")) / "home"
    huiliu(home, "init", env=env, check=True)
    if sandbox:
        point_to(home, sandbox, env)
    return home


def budget_lift(home, platform, budget, calls):
    """The platform's manifest with a budget that is never reached: the program is looked at, not the platform's patience."""
    name = f"{platform}.yaml"
    text = (ROOT / "connectors" / name).read_text(encoding="utf-8")
    found = re.search(rf"^ *{budget}: \{{scope: .*rate: {calls}/1s, burst: {calls},.*$", text, re.MULTILINE)
    holds(found, f"{name} has no budget {budget} of {calls} calls a second")
    (home / "connectors").mkdir(exist_ok=True)
    (home / "connectors" / name).write_text(text.replace(found[0], found[0].replace(calls, "10000")), encoding="utf-8")


def budgets_lift(home, env=None):
    """The budgets of the shops that are there, said to be so large that nobody waits: for tests in real time, which look at the
    program and not at the platform's patience. Running processes hear it within two seconds."""
    for budget in huiliu_json(home, "budget", "list", env=env, check=True)[1]["budgets"]:
        huiliu(home, "budget", "set", budget["key"], "1000/1s", env=env, check=True)


def point_to(home, sandbox, env=None):
    """Sets platforms.<id>.base_url for every platform that the program knows."""
    platforms = [c["platform"] for c in huiliu_json(home, "connector", "list", env=env)[1]["connectors"]]
    text = "platforms:\n" + "".join(f"  {p}:\n    base_url: {sandbox.base_url}\n" for p in platforms)
    with open(home / "huiliu.yaml", "a", encoding="utf-8") as file:
        file.write(text)


def add_shops(home, sandbox, platform=None, since=None, env=None, settings=()):
    """Adds the sandbox's apps and shops (of one platform, if said) by the names they have there."""
    apps = {}
    for app in sandbox.apps:
        if platform in (None, app["platform"]):
            huiliu(home, "app", "add", app["name"], "--platform", app["platform"], "--key", app["app_key"],
                   "--secret-file", "-", text_in=app["app_secret"] + "\n", env=env, check=True)
            apps[app["app_key"]] = app["name"]
    shops = [s for s in sandbox.shops if platform in (None, s["platform"])]
    for shop in shops:
        words = ["shop", "add", shop["name"], "--platform", shop["platform"], "--external-id", shop["external_id"]]
        words += ["--app", apps[shop["app_key"]]] if shop.get("app_key") in apps else []
        words += ["--token-file", "-"] if shop.get("token") else []
        words += ["--since", since] if since else []
        words += [word for setting in settings for word in ("--set", setting)]
        huiliu(home, *words, text_in=(shop.get("token") or "") + "\n", env=env, check=True)
    return shops


def db(home):
    """The home's database, read only; rows are reached by column name."""
    connection = sqlite3.connect(f"file:{home}/huiliu.db?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    return connection


def rows(home, sql, *values):
    with db(home) as connection:
        found = [dict(row) for row in connection.execute(sql, values)]
    connection.close()
    return found


def steps_undo(base, first):
    """Takes from a SQLite connection what schema/tables.yaml declares since step `first`: a database as an older program left it.
    What indexes an older step had in the place of newer ones, it cannot know."""
    table, since = None, {}
    for line in (ROOT / "schema" / "tables.yaml").read_text(encoding="utf-8").splitlines():
        if found := re.match(r"  (\w+):$", line):
            table = found[1]
        elif table and (found := re.match(r"    since: (\d+)", line)):
            since[table] = int(found[1])
        elif table and (found := re.match(r"      (\w+): \{.*\bsince: (\d+)", line)):
            since[table, found[1], "columns: [" in line] = int(found[2])
    new = [thing for thing, number in since.items() if number >= first]
    # A view that reads what goes would stand in the way; the program makes its views anew.
    for (view,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'view'").fetchall():
        base.execute(f"DROP VIEW {view}")
    for thing in sorted((t for t in new if isinstance(t, tuple) and t[0] not in new), key=lambda t: not t[2]):
        owner, name, index = thing
        base.execute(f"DROP INDEX IF EXISTS {owner}_{name}" if index else f"ALTER TABLE {owner} DROP COLUMN {name}")
    for name in (t for t in new if isinstance(t, str)):
        base.execute(f"DROP TABLE {name}")
    base.execute("DELETE FROM migration WHERE number >= ?", (first,))


# --- saying what must hold ---

def same(got, wanted, what=""):
    if got != wanted:
        raise Failure(f"{what or 'value'}: got {short(got)}, expected {short(wanted)}")


def holds(truth, what):
    if not truth:
        raise Failure(what)


def contains(text, *words):
    for word in words:
        if word not in text:
            raise Failure(f"`{word}` is missing in: {short(text)}")


def short(value):
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 600 else text[:300] + " … " + text[-300:]


# --- running ---

class Case:
    """What one test has started. `t.sandbox(…)` and `t.home(…)` are ended and removed with it."""

    def __init__(self):
        self.sandboxes, self.folders, self.processes, self.endings = [], [], [], []

    def sandbox(self, env=None, **switches):
        self.sandboxes.append(start_sandbox(env, **switches))
        return self.sandboxes[-1]

    def home(self, sandbox=None, env=None):
        home = new_home(sandbox, env)
        self.folders.append(home.parent)
        return home

    def folder(self):
        self.folders.append(Path(tempfile.mkdtemp(prefix="huiliu-test-")))
        return self.folders[-1]

    def start(self, home, *arguments, **options):
        self.processes.append(huiliu_start(home, *arguments, **options))
        return self.processes[-1]

    def when_over(self, end):
        """Called with the test's end, the latest first: behind its processes, before its folders go."""
        self.endings.append(end)

    def end(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.communicate()
        for end in reversed(self.endings):
            end()
        for sandbox in self.sandboxes:
            sandbox.stop()
        for folder in self.folders:
            shutil.rmtree(folder, ignore_errors=True)


def cpu_s():
    """Of this process and of those it has waited for; a database server is counted where it is a child."""
    return sum(u.ru_utime + u.ru_stime for u in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


def run_one(name, test):
    case, began_s, cpu_began_s = Case(), time.monotonic(), cpu_s()
    try:
        test(case)
        print(f"ok {name}", flush=True)
        return True
    except Skip as reason:
        print(f"skip {name} {reason}", flush=True)
        return True
    except Failure as reason:
        lines = str(reason).splitlines()
        print(f"not ok {name} {lines[0]}", flush=True)
        print("\n".join("  " + line for line in lines[1:]), flush=True)
        return False
    except Exception as error:  # a broken test must not hide the ones behind it
        print(f"not ok {name} {type(error).__name__}: {error}", flush=True)
        traceback.print_exc(file=sys.stdout)
        return False
    finally:
        case.end()
        print(f"# {name}: {time.monotonic() - began_s:.1f} s, CPU {cpu_s() - cpu_began_s:.1f} s", flush=True)


def main(names):
    tests = {n.removeprefix("test_"): f for n, f in names.items() if n.startswith("test_") and callable(f)}
    words = sys.argv[1:]
    chosen = {n: f for n, f in tests.items() if not words or any(w in n for w in words)}
    if not chosen:
        sys.exit("nothing is called that. There are:\n  " + "\n  ".join(tests))
    good = [run_one(name, test) for name, test in chosen.items()]
    sys.exit(0 if all(good) else 1)

#!/usr/bin/env python3
"""docs/from-the-old-systems.md, walked: whatever the five specs name (routes, commands, variables, tables, jobs, files) stands
in a left column of its system, and whatever a right column names is there: commands and flags in `huiliu help`, options in
`huiliu settings`, views and tables in schema/, schedules in a home that has run, routes in the program's own tables."""
import json
import re
import time
from dataclasses import dataclass

import lib
from lib import holds
from truth import Stage

PAGE = lib.ROOT / "docs" / "from-the-old-systems.md"
OLD_ROUTES = lib.ROOT / "compat" / "routes-douplus.yaml"
SYSTEMS = {"DOU+ ad orders": "1-douplus.md", "Douyin Life order sync": "2-douyin-life.md", "Core services": "3-core-services.md",
           "1688 storage": "4-1688-storage.md", "Temu shops": "5-temu-omni.md"}
METHODS = "GET|POST|PUT|PATCH|DELETE"
EXACT = {"tables": "tables", "variables": "variables", "commands": "commands"}  # what → in which headings
CODE = re.compile(r"`([^`]+)`")


@dataclass
class Row:
    system: str
    kind: str  # the heading: Routes, Commands …
    old: str
    now: str


def page_rows():
    system = kind = ""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            system = line[3:]
        elif line.startswith("### "):
            kind = line[4:]
        elif line.startswith("| ") and line != "| old | now |":
            old, now = line[2:].rstrip("| ").split(" | ", 1)
            yield Row(system, kind, old, now)


def left(system):
    return [row.old for row in page_rows() if row.system == system]


# --- (a) what the specs name ---

def spec(name):
    path = lib.SHARED / "spec" / name
    if not path.exists():
        raise lib.Skip(f"{path} is not here")
    return path.read_text(encoding="utf-8")


def part(text, begin, end):
    """The text from a mark to the next: both must be there, or the spec has another form than this test reads."""
    start = text.find(begin)
    holds(start >= 0, f"the spec has no `{begin}`")
    stop = text.find(end, start + len(begin))
    holds(stop >= 0, f"the spec has no `{end}` behind `{begin}`")
    return text[start + len(begin):stop]


def without_parentheses(text):
    """Inner ones first; of braces those that list the fields of an answer, not {id} in a path."""
    for _ in range(3):
        text = re.sub(r"\([^()]*\)", "", text)
        text = re.sub(r"\{[^{}]*[, ][^{}]*\}", "", text)
    return text


def items(text):
    return [re.sub(r"\s+", " ", item).strip(" .`\n") for item in re.split(r"[,;·]", without_parentheses(text))]


def first_cells(text, column=1):
    return [line.split("|")[column].strip() for line in re.findall(r"^\|[^-].*\|$", text, re.MULTILINE)][1:]


def spoken_of(system, words, what, least):
    """Each of the words is in a left column; `least` of them were found in the spec, so that this cannot look at nothing.
    Tables, variables and commands are code of their own below the heading of their kind."""
    words = [w for w in words if w]
    holds(len(words) >= least, f"only {len(words)} {what} were found in the spec of {system}: {words}")
    rows = [row.old for row in page_rows() if row.system == system and (what not in EXACT or EXACT[what] in row.kind.lower())]
    text = "\n".join(rows).replace("`", "")
    codes = {code for old in rows for code in CODE.findall(old)}
    if what in EXACT:
        missing = [w for w in words if w not in codes and not re.search(rf"^(?!`)[^`]*\b{re.escape(w)}\b", "\n".join(rows), re.M)]
    else:
        missing = [w for w in words if not re.search(rf"(?<![a-zA-Z0-9_]){re.escape(w)}" if w[0].isascii() and w[0].isalnum()
                                                     else re.escape(w), text)]
    holds(not missing, f"{what} of {system} that the page leaves out: {missing}")


def routes_told(system, routes, least):
    """(method, path) pairs, the method empty where the spec names none; … before a path: what it ends with."""
    told = set()
    for old in left(system):
        for code in CODE.findall(old):
            if found := re.fullmatch(rf"({METHODS}) (/\S*)", code):
                told.add((found[1], found[2].rstrip("/") or "/"))
    holds(len(routes) >= least, f"only {len(routes)} routes were found in the spec of {system}: {routes}")

    def is_told(method, path):
        end = path.rstrip("/") or "/"
        forms = [prefix + end for prefix in ("", "/api", "/api/v1", "/api/douplus")]
        return any(method in ("", told_method) and (told_path in forms or end[0] == "…" and told_path.endswith(end[1:])
                                                    or end.startswith("/{") and told_path.endswith(end))
                   for told_method, told_path in told)

    missing = [route for route in routes if not is_told(*route)]
    holds(not missing, f"routes of {system} that the page leaves out: {missing}")


def routes_in(text, prefix=""):
    """`GET /a = /b, POST /c`, a method holding until the next one."""
    out, method = [], ""
    for token in re.findall(rf"(?:{METHODS})(?:,(?:{METHODS}))*(?=\s)|…?/[\w{{}}/*-]*", text):
        if token[0] in "/…":
            out += [(m, prefix + token) for m in method.split(",") if m]
        else:
            method = token
    return out


def capitals(text):
    """Variables; those that the spec writes as BEGINNING_A/B/C come as A, B and C."""
    return re.findall(r"(?<![\w/])_?[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)*(?:_?\*)?", text.replace("/", " "))


def test_everything_of_douplus_is_on_the_page(t):
    text, system = spec("1-douplus.md"), "DOU+ ad orders"
    http = part(text, "## 4. HTTP API", "## 5.")
    routes_told(system, routes_in("\n".join(first_cells(http))), 28)
    spoken_of(system, re.findall(r"/comment/\*|invest password|white-list|remark|daily-limit|video list", http), "calls", 3)
    config = part(text, "- Config:", ". DB pool")
    names = [n for n in capitals(config) if n not in ("INFO", "SECRET", "CALLBACK_URL")]
    spoken_of(system, names + ["DOUPLUS_APP_SECRET", "DOUPLUS_CALLBACK_URL"], "variables", 14)
    commands = part(text, "- Commands:", ". Logs:")
    spoken_of(system, [f"{script} {word}" for script, words in re.findall(r"(manage|service) script ([a-z|]+)", commands)
                       for word in words.split("|")], "commands", 14)
    model = part(text, "## 2. Data model", "Upsert of an order")
    java = part(model + "\n", "Java-only:", "\n")
    spoken_of(system, first_cells(model) + [item.split()[0] for item in items(java) if "_" in item.split()[0]], "tables", 13)
    jobs = part(text, "## 3. Background", "No lock")
    spoken_of(system, [cell.strip("` ").removesuffix(" min") .strip("`") for cell in first_cells(jobs)], "schedules", 6)
    spoken_of(system, [item for cell in first_cells(jobs, 2) for item in items(cell) if item != "all accounts status=1"
                       and item != "deleted=0"], "jobs", 10)
    spoken_of(system, re.findall(r"\*\*(.+?)\*\*", part(text, "## 5. Web UI", "## 6.").replace(" / ", "**, **")), "pages", 7)
    spoken_of(system, ["订单数据", "订单数据_YYYYMMDD_HHMMSS.xlsx"], "files", 2)


def test_everything_of_douyin_life_is_on_the_page(t):
    text, system = spec("2-douyin-life.md"), "Douyin Life order sync"
    config = part(text, "**Config (.env", "Checked at start").replace(".env in the program folder", "")
    known = [n for n in capitals(config) if n not in ("DB", "URL", "Y", "S", "H")]
    spoken_of(system, known + ["AppSecret"], "variables", 15)
    model = part(text, "## 2. Data model", "Fan-out:")
    spoken_of(system, re.findall(r"\*\*(?:View )?(\w+)\*\*", model) + ["order_details_aggregated"], "tables", 6)
    spoken_of(system, re.findall(r"Name starts `(\S+?_)`", text), "files", 2)
    spoken_of(system, ["STOP", "START", "heartbeat", "excel_import"], "words", 4)


def test_everything_of_the_core_services_is_on_the_page(t):
    text, system = spec("3-core-services.md"), "Core services"
    model = part(text, "## 2. Data model", "- HTTP:")
    spoken_of(system, re.findall(r"\*\*(\w+)\*\*", model), "tables", 16)
    also = part(model, "Core also:", "\n")
    spoken_of(system, [item.split()[0] for item in items(also)], "tables of the core", 6)
    http = part(text, "- HTTP:", "\n").replace("collect manage/task create/status/item list/", "collect manage, task create, "
                                               "status, item list, ").replace("/", ", ")
    spoken_of(system, items(http), "routes", 12)
    services = part(text, "## 3. Core services", "## 6.")
    heads = [h.strip(".*").lower() for h in re.findall(r"^\*\*(.+?)\*\*", services, re.MULTILINE)]
    lower = " ".join(left(system)).lower()
    holds(len(heads) >= 10, f"services of the spec: {heads}")
    missing = [h for h in heads if h not in lower and h not in ("other", "schedule")]
    holds(not missing, f"services that the page leaves out: {missing}")
    jobs = part(services, "**Schedule**:", ". Celery")
    spoken_of(system, items(jobs), "jobs", 8)


def command_groups(text):
    """`queue status|info ID|cancel ID|purge` → queue status, queue info …; one word alone stays."""
    out = []
    for group, words in re.findall(r"\b(\w+) ([a-z]+(?:(?: ID)?\|[a-z]+)+)", text):
        out += [f"{group} {word}" for word in re.findall(r"[a-z]+", words.replace(" ID", ""))]
    return out


def test_everything_of_the_1688_storage_is_on_the_page(t):
    text, system = spec("4-1688-storage.md"), "1688 storage"
    rest = part(text, "### REST API", "### Monitoring")
    routes = []
    for noun in ("products", "tasks", "logs"):
        routes += routes_in(without_parentheses(part(rest, f"- {noun}:", "\n").split("Types ")[0]).replace(", /", ", GET /"), f"/{noun}")
    routes_told(system, [(m, p.rstrip("/")) for m, p in routes] + [("GET", "/"), ("GET", "/health")], 24)
    spoken_of(system, items(part(rest, "socket events", ".\n")), "events", 7)
    cli = part(text, "### CLI", "### REST API")
    first = re.findall(r"`((?:sync|crawl) [a-z]+|version)", cli)
    queue = part(cli, "- queue CLI:", "\n")
    queue = re.sub(r"\([^()]*\)|-\w+ (?:table\|json)?", "", queue).replace(" |", "|")
    words = command_groups(part(cli, "`queue", "`").join(("queue", ""))) + command_groups(queue)
    second = [item.split()[0] for item in items(part(cli, "- second CLI:", "\n"))]
    spoken_of(system, first + words + second + ["cleanup", "report", "config"], "commands", 30)
    spoken_of(system, [c for c in capitals(part(text, "- Config:", "; three config modules"))], "variables", 15)
    model = part(text, "## 2. Data model", "- Pool:")
    api_half = re.findall(r"\b([a-z_]+)\(", part(model + "\n", "- API half:", "\n"))
    spoken_of(system, re.findall(r"\*\*(\w+)\*\*", model) + [n for n in api_half if n not in ("status",)], "tables", 7)
    jobs = part(text, "- Jobs:", "data_sync uses")
    spoken_of(system, [item for item in items(jobs)], "jobs", 14)
    spoken_of(system, items(part(text, "Queues default", ".").join(("default", ""))), "queues", 5)


def temu_routes(text):
    """The bullets of section 4: a head with its paths, or with bare names below /head."""
    out = []
    for line in re.split(r"\n| (?=\*\*)", part(text, "## 4. HTTP API", "## 5.")):
        if "absent:" in line:
            continue
        line = line.replace(" | ", "|")
        for alternatives in re.findall(r"(?:[\w{}/…]+)/\w[\w-]*(?:\|/?[\w-]+)+", line):
            words = alternatives.split("|")
            base = words[0].rsplit("/", 1)[0]
            line = line.replace(alternatives, " ".join([words[0]] + [f"{base}/{w.lstrip('/')}" for w in words[1:]]))
        out += [(m, p if p.count("/") > 1 or p.startswith("…") else "…" + p) for m, p in routes_in(without_parentheses(line))]
    return out


def bare_names(text, head):
    """What stands behind a head without its path: `reports: GET daily, POST daily/generate, GET history`."""
    line = without_parentheses(part(text, f"**{head}**", "\n").split(" **")[0])
    line = re.sub(r" return raw keys| lines\b| params.*|/statistics/", "", line)
    return re.findall(r"(?<![\w`/{])[a-z][a-z-]*(?:/[\w{}-]+)*", line)


# Heads whose routes are named without them.
BARE = {"statistics": 6, "/statistics/unified/": 5, "analytics": 10, "order-costs": 2, "reports": 4, "inventory-planning": 2,
        "raw-data": 3, "ai-data": 8, "frog-gpt": 8, "system": 3}


def test_everything_of_temu_is_on_the_page(t):
    text, system = spec("5-temu-omni.md"), "Temu shops"
    routes_told(system, [(m, p) for m, p in temu_routes(text) if p != "/"], 35)
    for head, least in BARE.items():
        names = [n for n in bare_names(text, head) if n != "data"]
        base = head.strip("/")
        routes_told(system, [("", f"/api/{base}/{name}") for name in names], least)
    settings = part(text, "- Settings (default):", "\n- docker")
    skip = ("HTTP", "DB", "US", "SECRET", "SHANGHAI", "_BACKOFF_FACTOR", "_INITIAL_DELAY")
    spoken_of(system, [c for c in capitals(settings) if c not in skip] + ["API_RETRY_BACKOFF_FACTOR", "API_RETRY_INITIAL_DELAY",
              "TEMU_APP_SECRET", "TEMU_CN_APP_SECRET", "DB pool", "HTTP timeouts"], "variables", 22)
    cli = part(text, "- CLI:", "\n").replace("resync_all/single", "resync_all, resync_single")
    spoken_of(system, [w for i in items(cli) for w in re.findall(r"[a-z]+(?:_[a-z]+)+", i)] + re.findall(r"--[a-z-]+", cli) +
              ["db-init", "db-backup", "demo-data", "price batch updates"], "commands", 15)
    spoken_of(system, [n for cell in first_cells(part(text, "## 2. Data model", "Mapping [C]")) for n in items(cell)], "tables", 15)
    jobs = first_cells(part(text, "## 3. Background", "## 4."))
    spoken_of(system, [i for cell in jobs for i in items(cell)], "jobs", 9)
    pages = re.findall(r"\*\*(.+?)\*\*", part(text, "## 5. Web UI", "## 6."))
    spoken_of(system, [p for p in pages if p != "always full sync"], "pages", 9)


# --- (b) what the page says is ours ---

def waits(now, position):
    """Whether what stands there is said to come: a mark holds until the next semicolon."""
    clause = now[now.rfind(";", 0, position) + 1:position]
    return re.search(r"\*\*(issue \d+|later)\*\*", clause)


def each_named(pattern):
    for row in page_rows():
        for found in re.finditer(pattern, row.now):
            if not waits(row.now, found.start()):
                yield row, found[1]


def test_each_row_says_what_became_of_it(t):
    rows = list(page_rows())
    holds({row.system for row in rows} == set(SYSTEMS), f"systems on the page: {sorted({row.system for row in rows})}")
    marks = re.compile(r"\*\*(gone|later|same|issue \d+)\*\*|`(huiliu |GET |POST |PUT |PATCH |DELETE )|(option|view|table|schedule) `|`(compat|connectors)/"
                       r"|`\./demo`|`every`|error rules|\bsame\b|home's key|commit units|before a call|follows by itself|as above")
    over = [row.old for row in rows if re.search(r"\*\*issue [1-5]\*\*", row.now)]
    holds(not over, f"rows that wait for an issue that is over: {over}")
    silent = [row.old for row in rows if not marks.search(row.now)]
    holds(not silent, f"rows that do not say what became of it: {silent}")
    old = [(row.system, code) for row in rows for code in CODE.findall(row.old) if re.match(METHODS, code)]
    twice = {one for one in old if old.count(one) > 1}
    holds(not twice, f"routes that stand there twice: {twice}")


def test_commands_and_flags_of_the_page_are_there(t):
    listing = lib.huiliu(None, "help", check=True)[1]
    commands = set(re.findall(r"^  ([a-z]+(?: [a-z]+)?) {2,}", listing, re.MULTILINE))
    holds({"init", "sync", "task list"} <= commands, f"`huiliu help` lists {sorted(commands)}")
    helps, wrong, seen = {}, [], 0
    for row, text in each_named(r"`huiliu ([^`]+)`"):
        words = text.split()
        name = " ".join(words[:2]) if " ".join(words[:2]) in commands else words[0]
        seen += 1
        if name not in commands:
            wrong.append(text)
            continue
        if name not in helps:
            helps[name] = lib.huiliu(None, *name.split(), "--help", check=True)[1]
        rest = words[len(name.split()):]
        wrong += [text for w in rest if (w.startswith("--") and not re.search(rf"{re.escape(w)}\b", helps[name]))
                  or not (w.startswith("--") or w.isupper())]
    holds(seen > 50, f"only {seen} commands were found on the page")
    holds(not wrong, f"the program does not know: {wrong}")


def test_options_views_and_tables_of_the_page_are_there(t):
    reference = lib.huiliu(None, "settings", "--reference", check=True)[1]
    options = set(re.findall(r"^\| `([^`]+)`", reference, re.MULTILINE))
    views = {path.stem for path in (lib.ROOT / "schema" / "views").rglob("*.sql")}
    tables = set(re.findall(r"^  ([a-z_]+):$", (lib.ROOT / "schema" / "tables.yaml").read_text(encoding="utf-8"), re.MULTILINE))
    for word, known, least in (("option", options, 15), ("view", views, 8), ("table", tables, 20)):
        named = {name for _, name in each_named(rf"{word} `([^`]+)`")}
        holds(len(named) >= min(least, 5), f"only {len(named)} {word}s were found on the page")
        holds(named <= known, f"there is no {word} {sorted(named - known)}")
    for _, name in each_named(r"`((?:compat|connectors)/[^`]+)`"):
        holds((lib.ROOT / name).exists() or "NAME" in name, f"there is no {name}")


def test_schedules_of_the_page_are_kept_by_a_home(t):
    stage = Stage(t, real_time=True, life_shops=1, life_orders=5, douplus_shops=1, douplus_orders=3)
    running = t.start(stage.home, "run")
    wanted = {tuple(name.split()) if " " in name else ("", name) for _, name in each_named(r"schedule `([^`]+)`")}
    holds(len(wanted) >= 4, f"schedules on the page: {wanted}")
    kept, deadline = set(), time.monotonic() + 60
    while not wanted <= kept and time.monotonic() < deadline and running.poll() is None:
        kept = {(row["platform"] or "", row["name"]) for row in stage.rows(
            "SELECT s.platform, k.name FROM schedule k LEFT JOIN shop s ON s.id = k.lane")}
        time.sleep(0.2)
    running.terminate()
    running.wait(30)
    holds(wanted <= kept, f"a home keeps {sorted(kept)}, the page names {sorted(wanted)}")


def test_routes_of_the_page_are_there(t):
    named = {name for _, name in each_named(rf"`((?:{METHODS}) /[^`]+)`")}
    same = [(row, code) for row in page_rows() if "same" in CODE.sub("", row.now).split("**gone**")[0]
            and "**issue" not in row.now for code in CODE.findall(row.old) if re.match(METHODS, code)]
    if not named and not same:
        raise lib.Skip("no route of the page is said to be there yet")
    paths = json.loads(lib.huiliu(None, "help", "--openapi", check=True)[1])["paths"]
    ours = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    plain = lambda route: re.sub(r"\{\w+\}", "{}", route)
    missing = {route for route in named if plain(route) not in map(plain, ours)}
    holds(not missing, f"the program has no {sorted(missing)}")
    kept = set(re.findall(rf"^  ({METHODS}) (/\S+?):$", OLD_ROUTES.read_text(encoding="utf-8"), re.MULTILINE))
    gone = [code for _, code in same if tuple(code.split(" ", 1)) not in kept]
    holds(not gone, f"said to be the same, but not in {OLD_ROUTES.name}: {gone}")


if __name__ == "__main__":
    lib.main(globals())

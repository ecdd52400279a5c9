"""A small home with ads and sales that tests with a browser look at, and how the page writes what it shows. tests/scenario/page*.py share
it; each builds one."""
import datetime
import json
import os
import shutil
import subprocess
import sys
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import lib
from api_client import PASSWORD, Api
from lib import ROOT, holds, same
from trade_sums import BEIJING
from truth import Stage

PAGE = ROOT / "tests" / "page"
PICTURES = Path(os.environ.get("HUILIU_BUILD", "build")).resolve() / "logs" / "page"
ADMIN = "chief"


def signed(name=ADMIN):
    return {"name": name, "password": PASSWORD}


class World:
    """A small home with ads and sales, costs of most SKUs, served; the API at hand, and its rows."""

    def __init__(self, t):
        self.stage = Stage(t, life_shops=2, life_orders=240, douplus_shops=2, douplus_orders=130)
        self.stage.sync()
        self.rows = self.stage.rows
        # The API's own client makes a user for itself, which first_run must come before.
        self.api = None
        self.t = t

    def served(self):
        if not self.api:
            self.serve()
        return self

    def user(self, name, role, *words):
        lib.huiliu(self.stage.home, "user", "add", name, "--role", role, "--password-file", "-", *words, env=self.stage.env,
                   text_in=PASSWORD + "\n", check=True)

    def before(self):
        """What a file's world has more, before it is served."""

    def serve(self):
        self.costs_say()
        self.before()
        self.user(ADMIN, "admin")
        # From here on the test clock stands: time is the server's, and nobody who waits for it may run beside it. What is taken of the
        # rate of requests would never come back.
        self.stage.env["HUILIU_API_RATE"] = "0"
        self.api = Api(self.stage, user="reader")
        self.api.__enter__()

    def costs_say(self):
        """Of all SKUs but one, so that a profit is known and some of it is not."""
        names = {r["id"]: r["name"] for r in self.rows("SELECT id, name FROM shop")}
        skus = self.rows("SELECT DISTINCT shop_id, sku_id FROM trade_order WHERE sku_id IS NOT NULL ORDER BY shop_id, sku_id")
        path = self.t.folder() / "costs.csv"
        lines = [f"{names[r['shop_id']]},{r['sku_id']},2020-01-01,31.50" for r in skus[1:]]
        path.write_text("\n".join(["店铺,SKU,生效日期,成本", *lines, ""]), encoding="utf-8")
        self.stage.run("cost", "import", path, check=True)


def script(which, base, expects=(), **given):
    """What a script of tests/page read. Nothing may have gone wrong on the page, and only what is expected was refused."""
    env = {**os.environ, "PAGE_BASE": base, "PAGE_PICTURES": str(PICTURES)}
    done = subprocess.run(["node", str(PAGE / f"{which}.mjs"), json.dumps(given)], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, timeout=240, check=False)
    holds(done.returncode == 0 and done.stdout.strip(), f"{which}: {done.stderr[-1500:]}")
    told = json.loads(done.stdout.strip().splitlines()[-1])
    same(told["problems"], [], f"{which}: what went wrong on the page")
    same(sorted(set(told["refused"])), sorted(expects), f"{which}: refused questions")
    return told["result"]


# --- as it is written on the screen, worked out here ---

def money(fen):
    return "—" if fen is None else ("−" if fen < 0 else "") + f"¥{Decimal(abs(fen)) / 100:,.2f}"


def share(value):
    return "—" if value is None else f"{(Decimal(str(value)) * 100).quantize(Decimal('0.01'), ROUND_HALF_UP):,}%"


def written(value, unit):
    if value is None:
        return "—"
    if unit == "money":
        holds(Decimal(value["text"]) * 100 == value["minor"], f"money {value}")
        return money(value["minor"])
    if unit == "share":
        return share(value)
    return f"{value:,.2f}" if unit == "number" else f"{value:,}"


def change(now, before, unit):
    """▲ 12.3% of two values of an answer; None where there is nothing to compare with."""
    if now is None or before is None:
        return None
    a, b = ((Decimal(v["text"]) if unit == "money" else Decimal(str(v))) for v in (now, before))
    if b == 0:
        return None
    tenths = int((abs(a - b) * 1000 / abs(b)).quantize(Decimal(1), ROUND_HALF_UP))
    # The way is that of the rounded change: what is less than half a tenth is nothing.
    if tenths == 0:
        return "="
    return f"{'▲' if a > b else '▼'} {Decimal(tenths) / 10:,.1f}%"


def metrics(api):
    return {f"{family}.{m['name']}": m for family, all_ in api.get("/api/v1/metrics").items() for m in all_}


def stamp(text):
    """A time of the API as the page writes it, in the zone of the test's shops."""
    return "—" if text is None else datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(BEIJING).strftime("%Y-%m-%d %H:%M")


def main(tests, make):
    """The tests of a file over one world, which `make` builds."""
    for program, what in (("node", "Node"), ("chromium", "Chromium")):
        if not shutil.which(program):
            print(f"not ok page {what} is missing: tools/setup --tests")
            sys.exit(1)
    case = lib.Case()
    made = None
    try:
        made = make(case)
        lib.main(tests)
    finally:
        if made and made.api:
            made.api.__exit__(None, None, None)
        case.end()

#!/usr/bin/env python3
"""docs/regressions.md: every test that it names is there, and every line of the old systems' lists has a row."""
import re

import lib
from lib import holds, same

PAGE = lib.ROOT / "docs" / "regressions.md"
# Section of the page: file of the lists, headings in it.
LISTS = {"DOU+: data correctness": ("1-douplus.md", ["Data correctness"]),
         "DOU+: sync robustness": ("1-douplus.md", ["Sync robustness"]), "DOU+: tokens": ("1-douplus.md", ["Token"]),
         "DOU+: security and API": ("1-douplus.md", ["Security / API"]),
         "Temu: money, metrics and time": ("5-temu-omni.md", ["Money", "Metrics/time"])}


def sections():
    out, name = {}, None
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            name = line[3:]
            out[name] = []
        elif name and line.startswith("| ") and not line.startswith(("| what went wrong", "|---")):
            out[name].append(line)
    return out


def lines_of(file, heading):
    text = (lib.SHARED / "spec" / file).read_text(encoding="utf-8").split("\n## 7", 1)[1]
    found = re.search(rf"^{re.escape(heading)}\n((?:- .*\n)+)", text, re.MULTILINE)
    return found[1].splitlines()


def is_there(name):
    file, test = name.split(":")
    if file.endswith(".py"):
        path, text = lib.ROOT / "tests" / "scenario" / file, f"def test_{test}("
    else:
        path, text = lib.ROOT / "src" / file, f"static void {test}(void **state)"
    return path.exists() and text in path.read_text(encoding="utf-8")


def test_every_test_of_the_page_is_there(t):
    names = [name for rows in sections().values() for row in rows for name in re.findall(r"`([^` ]+\.(?:py|c):[^` ]+)`", row)]
    holds(len(names) > 40, f"only {len(names)} tests are named")
    same([name for name in names if not is_there(name)], [], "tests that are not there")


def test_every_row_names_a_test(t):
    for rows in sections().values():
        for row in rows:
            holds(re.search(r"`[^` ]+\.(py|c):[^` ]+`", row.split("|")[3]), row)


def test_every_line_of_the_lists_has_its_row(t):
    if not (lib.SHARED / "spec").exists():
        raise lib.Skip(f"{lib.SHARED}/spec is not here")
    rows = sections()
    for section, (file, headings) in LISTS.items():
        wanted = sum(len(lines_of(file, heading)) for heading in headings)
        same(len(rows[section]), wanted, section)


if __name__ == "__main__":
    lib.main(globals())

#!/usr/bin/env python3
"""model.py [--seed N] [--world NAME] [--deep] [--traces FILE] [--replay PROGRAM]: lease, commit unit and seal,
searched exhaustively.

A small world (a window of two or three pages, two workers, one writer, a platform whose list may shrink while it
is read) is walked breadth first through every interleaving of its actions, with a bounded number of failures.
Every state and every commit is held against the invariants; then the same worlds are searched with one rule of the
protocol taken away at a time, and each time the search has to find the harm: a search that cannot fail says nothing.
docs/model.md says what is modelled and what is not.
"""
import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from protocol import INVARIANTS, World
from search import KINDS, search
from traces import Covered, traces_write

NAMES = "AB"
EVERY = frozenset({"crash", "pause", "fail", "unknown", "yield"})

WORLDS = [
    # Three pages, one failure; two pages, any two failures. --deep takes both at once.
    World("cursor", moves=1, failures=1, kinds=EVERY),
    World("cursor-two-failures", page_size=2, moves=1),
    World("number", cursor=False, page_size=2, by_updated=False, moves=1, failures=1, kinds=EVERY),
    World("number-moved", cursor=False, page_size=2, moves=1, failures=1),
    World("ahead", cursor=False, ahead=True, by_updated=False, in_flight=3, failures=1, kinds=EVERY),
    World("no-total", page_size=2, totals=False, moves=1, failures=1, kinds=EVERY),
    World("audit", page_size=2, by_updated=False, audit=True, stored=0b011, failures=1, kinds=EVERY),
    World("audit-agrees", page_size=2, by_updated=False, audit=True, stored=0b111, failures=2),
    World("buried", page_size=2, plans=1, failures=2, kinds=frozenset({"crash", "yield", "bury"})),
    World("beside", page_size=2, plans=1, failures=1, kinds=frozenset({"crash", "fail"})),
    World("too-many", cursor=False, by_updated=False, pages_max=1, failures=2),
    World("bad-total", records=1, total_error=1, failures=1),
]
DEEP = [
    World("cursor-deep", moves=1, failures=2),
    World("number-deep", cursor=False, page_size=2, by_updated=False, moves=1, failures=2, kinds=EVERY),
    World("no-total-deep", page_size=2, totals=False, moves=1, failures=2),
    World("two-moves-deep", page_size=1, moves=2, failures=1),
]
BY_NAME = {world.name: world for world in WORLDS + DEEP}

# Rules taken away, the world where the harm shows, the invariant that breaks. Where two rules guard the
# same thing, both have to go before there is harm.
CALM = World("calm", page_size=2, totals=False, failures=0)
SKIPS = World("skips", page_size=2, by_updated=False, skips=0b010, failures=0)
ASIDE = {"calm": CALM, "skips": SKIPS}
MUTATIONS = [
    (["the fence"], "cursor", "2.2-once"),
    (["the lease in the fence"], "cursor", "2.2-fence"),
    (["the unit number in the fence"], "cursor", "2.2-once"),
    (["rows and position in one unit"], "cursor", "2.1-position"),
    (["waiting for the last unit"], "no-total", "1.1-evidence"),
    (["ids of this pass only"], "no-total", "1.1-evidence"),
    (["the digest of the pass before"], "calm", "1.1-undisturbed"),
    (["a look for what is missing"], "skips", "1.2-kept"),
    (["moved only where nothing shifts"], "number-moved", "1.2-kept"),
    (["pages keyed by their number"], "buried", "2.5-progress"),
    (["a look at the window's state"], "beside", "2.5-progress"),
    (["settling before a split", "putting back what was refused"], "too-many", "2.5-ends"),
]


def words(action):
    return " ".join(NAMES[p] if i == 1 and action[0] not in ("commit", "move") else str(p)
                    for i, p in enumerate(action))


def report_broken(graph):
    name, path = graph.broken
    print(f"not ok model {name} in world {graph.world.name}: {INVARIANTS[name]}")
    for action in path:
        print(f"    {words(action)}")


def worlds_search(worlds, seed, file):
    """Searches the worlds and writes their traces; true when every invariant held in all of them."""
    rng, covered, total = random.Random(seed), Covered(), [0, 0, 0, 0]
    for world in worlds:
        begun = time.monotonic()
        graph = search(world)
        if graph.broken:
            report_broken(graph)
            return False
        written = traces_write(file, graph, covered, rng) if file else (0, 0)
        counts = (len(graph.states), len(graph.edges_to), *written)
        total = [a + b for a, b in zip(total, counts)]
        print(f"{world.name}: {counts[0]} states, {counts[1]} transitions, depth {max(graph.depths)}, "
              f"{counts[2]} traces, {time.monotonic() - begun:.1f} s", flush=True)
    print(f"together: {total[0]} states, {total[1]} transitions; {total[2]} traces of {total[3]} steps take "
          f"{covered.count()} pairs of {len(KINDS)} kinds of transitions")
    for name, meaning in INVARIANTS.items():
        print(f"ok model {name}: {meaning}")
    return True


def mutations_search():
    """Takes each rule away; true when the search found the harm every time, and none with all rules in place."""
    good = True
    for world in ASIDE.values():
        graph = search(world, keep_edges=False)
        if graph.broken:
            report_broken(graph)
            good = False
    for rules, where, harm in MUTATIONS:
        world = BY_NAME.get(where) or ASIDE[where]
        graph = search(replace(world, without=frozenset(rules)), keep_edges=False)
        found = graph.broken and graph.broken[0]
        name = f"mutation {' and '.join(rules)}"
        if found == harm:
            print(f"ok {name} found: {harm} breaks after {len(graph.broken[1])} steps in {where}")
        else:
            print(f"not ok {name}: {harm} should break in {where}, the search says {found or 'nothing'}")
            good = False
    return good


def replay(program, path):
    """Runs the traces through the real store; its result lines become ours."""
    memory = Path("/dev/shm")  # what a disk does with fsync is not what is tested here
    env = dict(os.environ, TMPDIR=str(memory)) if memory.is_dir() else None
    return subprocess.run([program, path], env=env).returncode == 0


def main():
    parser = argparse.ArgumentParser(description="Lease, commit unit and seal, searched exhaustively.")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--world", choices=[*BY_NAME], help="search only this one")
    parser.add_argument("--deep", action="store_true", help="larger worlds too (minutes)")
    parser.add_argument("--traces", metavar="FILE", help="write traces there")
    parser.add_argument("--replay", metavar="PROGRAM", help="run the traces through this program")
    args = parser.parse_args()
    print(f"SEED={args.seed}   replay: tests/model/model.py --seed {args.seed} …", flush=True)
    worlds = [BY_NAME[args.world]] if args.world else WORLDS + (DEEP if args.deep else [])
    path = args.traces or (tempfile.mkstemp(prefix="huiliu-traces-")[1] if args.replay else None)
    try:
        with open(path, "w") if path else nullcontext() as file:
            good = worlds_search(worlds, args.seed, file)
        good = (args.world or mutations_search()) and good
        sys.stdout.flush()
        good = good and (not args.replay or replay(args.replay, path))
    finally:
        if path and not args.traces:
            Path(path).unlink()
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()

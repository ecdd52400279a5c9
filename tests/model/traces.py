"""Traces: paths through a searched world that together take every pair of kinds of transitions.

tests/model/replay.c drives the real store through them; each step carries what the database must then say.
"""
import hashlib
import json

from protocol import TOLD, ids_of, successors
from search import KINDS, kind_of

FAILURES = {"crash", "pause", "yield", "bury"}


def is_failure(action):
    return action[0] in FAILURES or (action[0] == "commit" and action[2] != "ok")


def digest(ids):
    """evidence_digest_kept of src/sync/evidence.c; the replay lets the hash of id n be n."""
    if ids == TOLD:
        return "total"
    return "" if ids < 0 else hashlib.sha256(b"".join(i.to_bytes(8, "big") for i in ids_of(ids))).hexdigest()


def abstract(state):
    """What tests/model/replay.c reads from the database, in its words and order."""
    task, window = state.task, state.window
    seen = {"task": None, "next": state.next, "data": ids_of(state.data), "window": [window.state]}
    if task:
        seen["task"] = [task.state, task.lease, task.units]
    if window.state == "open":
        seen["window"] += [window.pass_, window.number, window.position, window.ended, window.total,
                           digest(window.before)]
        seen["pages"] = [[pass_, key, ids_of(ids)] for pass_, key, ids in window.pages]
    return seen


def spelled(action):
    """The action with its sets as lists of ids."""
    if action[0] == "receive":
        return [*action[:3], ids_of(action[3]), *action[4:]]
    return list(action)


class Covered:
    """Pairs of kinds that some trace has taken, as bits beside the first kind."""

    def __init__(self):
        self.after = {}

    def add(self, first, second):
        self.after[first] = self.after.get(first, 0) | 1 << second

    def has(self, first, second):
        return bool(self.after.get(first, 0) >> second & 1)

    def count(self):
        return sum(bits.bit_count() for bits in self.after.values())


def wanted_pairs(graph, covered):
    """(edge, second kind) of every pair of kinds that no trace has taken, nearest to the start first."""
    out = [0] * len(graph.states)
    for source, kind in zip(graph.edges_from, graph.edges_kind):
        out[source] |= 1 << kind
    wanted, claimed = [], dict(covered.after)
    for edge, (to, kind) in enumerate(zip(graph.edges_to, graph.edges_kind)):
        missing = out[to] & ~claimed.get(kind, 0)
        if missing:
            claimed[kind] = claimed.get(kind, 0) | missing
            wanted += [(edge, bit) for bit in range(missing.bit_length()) if missing >> bit & 1]
    return wanted


class Trace:
    def __init__(self, graph, covered, rng):
        self.world, self.covered, self.rng = graph.world, covered, rng
        self.state, self.kind, self.steps = graph.states[0], None, []

    def choices(self):
        return [(KINDS[kind_of(self.state, action, after)], action, after)
                for action, after in successors(self.world, self.state)]

    def take(self, choice):
        kind, action, after = choice
        if self.kind is not None:
            self.covered.add(self.kind, kind)
        self.kind, self.state = kind, after
        self.steps.append((action, after))

    def take_action(self, wanted):
        self.take(next(c for c in self.choices() if c[1] == wanted))

    def finish(self):
        """On to the end: by pairs that nobody has taken yet, else without further failures."""
        while choices := self.choices():
            new = [c for c in choices if not self.covered.has(self.kind, c[0])]
            self.take(self.rng.choice(new or [c for c in choices if not is_failure(c[1])]))


def traces(graph, covered, rng):
    for edge, second in wanted_pairs(graph, covered):
        source, to, first = graph.edges_from[edge], graph.edges_to[edge], graph.edges_kind[edge]
        if covered.has(first, second):
            continue
        trace = Trace(graph, covered, rng)
        for at in graph.path(source):
            trace.take_action(graph.actions[at])
        trace.take(next(c for c in trace.choices() if c[0] == first and c[2] == graph.states[to]))
        trace.take(next(c for c in trace.choices() if c[0] == second))
        trace.finish()
        yield trace


def traces_write(file, graph, covered, rng):
    count = steps = 0
    world = graph.world
    in_place = world.by_updated and world.cursor
    for trace in traces(graph, covered, rng):
        head = {"trace": f"{world.name}/{count}", "audit": world.audit, "stored": ids_of(world.stored),
                "in_place": in_place, "cursor": world.cursor}
        print(json.dumps(head, separators=(",", ":")), file=file)
        for action, state in trace.steps:
            step = {"do": spelled(action), "is": abstract(state)}
            print(json.dumps(step, separators=(",", ":")), file=file)
        count += 1
        steps += len(trace.steps)
    return count, steps

"""Breadth-first search of a world of protocol.py: every state, every transition, the first broken invariant."""
from array import array

from protocol import Broken, at_rest, check, start, successors, taken

KINDS = {}  # numbers of what kind_of says


def kind_of(state, action, after):
    """Transitions of one kind differ only in who and which record: traces cover every pair of kinds."""
    word = action[0]
    if word == "commit":
        return f"commit {action[2]} " + " ".join(unit.kind for unit in state.queue[:action[1]])
    if word in ("weigh", "audit"):
        return f"{word} {after.queue[-1].kind} {after.queue[-1].body[0] if after.queue[-1].kind == 'close' else ''}"
    if word in ("crash", "pause", "yield"):
        worker = state.workers[action[1]]
        return f"{word} {worker.mode} {len(taken(worker))} {len(worker.ring)} {len(worker.flights)}"
    if word == "receive":
        return "receive last" if action[4] else "receive"
    if word == "settle":
        return f"settle {action[2]} {state.workers[action[1]].flights[0].kind}"
    return word


class Graph:
    """Every state that was met, in order of depth, and how it was reached."""

    def __init__(self, world):
        self.world = world
        self.states, self.parents, self.depths = [], array("i"), array("i")
        self.actions = []  # that led to the state first
        self.edges_from, self.edges_to, self.edges_kind = array("i"), array("i"), array("H")
        self.broken = None  # (invariant, the path's actions)

    def path(self, at):
        steps = []
        while self.parents[at] >= 0:
            steps.append(at)
            at = self.parents[at]
        return steps[::-1]

    def add(self, state, parent, action):
        self.states.append(state)
        self.parents.append(parent)
        self.depths.append(self.depths[parent] + 1 if parent >= 0 else 0)
        self.actions.append(action)

    def fail(self, at, name, action):
        self.broken = (name, [self.actions[i] for i in self.path(at)] + ([action] if action else []))


def search(world, keep_edges=True):
    graph = Graph(world)
    pool, found = {}, {}

    def shared(value):
        return pool.setdefault(value, value)

    first = start(world)
    graph.add(first, -1, None)
    found[first] = 0
    at = 0
    while at < len(graph.states):
        state, last = graph.states[at], True
        for action, after in successors(world, state):
            last = False
            try:
                if isinstance(after, Broken):
                    raise after
                if after not in found:
                    check(world, after)
                    after = after._replace(window=shared(after.window), task=shared(after.task),
                                           queue=shared(after.queue), workers=shared(after.workers),
                                           lists=shared(after.lists))
                    found[after] = len(graph.states)
                    graph.add(after, at, shared(action))
            except Broken as broken:
                graph.fail(at, str(broken), action)
                return graph
            if keep_edges:
                graph.edges_from.append(at)
                graph.edges_to.append(found[after])
                graph.edges_kind.append(KINDS.setdefault(kind_of(state, action, after), len(KINDS)))
        if last and not at_rest(state):
            graph.fail(at, "2.5-ends", None)
            return graph
        at += 1
    if keep_edges and has_cycle(graph):
        graph.fail(0, "2.5-progress", None)
    return graph


def has_cycle(graph):
    """Takes away states that nothing leads to; what cannot be taken away leads back to itself."""
    incoming = array("i", bytes(4 * len(graph.states)))
    for to in graph.edges_to:
        incoming[to] += 1
    first_edge = array("i", [0]) * (len(graph.states) + 1)  # edges are in the order of their source
    for source in graph.edges_from:
        first_edge[source + 1] += 1
    for i in range(len(graph.states)):
        first_edge[i + 1] += first_edge[i]
    free = [i for i, count in enumerate(incoming) if count == 0]
    gone = 0
    while free:
        state = free.pop()
        gone += 1
        for edge in range(first_edge[state], first_edge[state + 1]):
            to = graph.edges_to[edge]
            incoming[to] -= 1
            if incoming[to] == 0:
                free.append(to)
    return gone != len(graph.states)

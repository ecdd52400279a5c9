"""The protocol of lease, commit unit and seal as states and actions; tests/model/model.py searches it.

The names follow src/sync (run.c, close.c, evidence.c), src/queue/sql.h and src/store/writer.c: whoever changes a
rule there changes it here. A state is a value; an action gives another one. Sets of record ids are the bits of a
number, and a digest of ids is the set itself. Rules that world.without names are left out, to see the harm.
"""
import re
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PASSES_MAX = int(re.search(r"PASSES_MAX = (\d+)", (ROOT / "src/sync/evidence.h").read_text())[1])

# In place of a digest: the pass before was told a total that it could not confirm.
TOLD = -2

# Finer forms of docs/INVARIANTS.md, under its numbers.
INVARIANTS = {
    "1.1-evidence": "a window is sealed only on ids that were the platform's list while it was read, all stored",
    "1.1-undisturbed": "a list that stands still is sealed, whatever happens to those who read it",
    "1.2-kept": "what a sealed or moved window still holds on the platform is stored: no row is lost",
    "2.1-position": "the position is never ahead of the rows, nor behind the pages that are committed",
    "2.2-once": "a task's units are applied one after the other, each once",
    "2.2-fence": "once a later lease has committed, no earlier one does",
    "2.5-finish": "a window is closed if and only if the next one is enqueued, and its task ends with it",
    "2.5-ends": "when failures stop, every path ends with the window closed and nobody at work",
    "2.5-progress": "no path is endless: a task is claimed again only after a failure or an enqueue",
}


@dataclass(frozen=True)
class World:
    name: str
    records: int = 3
    page_size: int = 1
    cursor: bool = True  # pages by position after the last id; else by number, and then the list shifts
    ahead: bool = False  # pages by number of a list that is stable: asked ahead
    in_flight: int = 2
    totals: bool = True
    total_error: int = 0  # added by a platform that cannot count
    by_updated: bool = True  # records leave the window when they change
    moves: int = 0
    pages_max: int = 9  # beyond it the platform answers "too many": the window is split
    audit: bool = False  # begin with the comparison of totals
    stored: int = 0  # rows that are there already
    skips: int = 0  # records that the first pass sees and, by a mistake in mapping, does not write
    failures: int = 2
    kinds: frozenset = frozenset({"crash", "pause", "fail", "unknown"})
    plans: int = 0  # `sync` commands that run beside the workers
    without: frozenset = frozenset()  # rules that are taken away


class Task(NamedTuple):
    id: int
    state: str  # ready running dead
    lease: int
    holder: int  # worker that the lease names
    beats: bool  # its process renews the lease
    units: int


class Window(NamedTuple):
    state: str
    pass_: int
    number: int  # pages committed in this pass
    position: int
    ended: bool
    total: int
    before: int  # digest of the pass before, -1 none, TOLD; a digest is the set itself here
    pages: tuple  # (pass, key, ids)
    since: int = 0  # ghost: which list stood when this pass began


class Unit(NamedTuple):
    worker: int  # who waits for the answer; -1: nobody any more
    task: int
    lease: int
    number: int
    kind: str
    body: tuple


class Slot(NamedTuple):
    number: int
    position: int
    page: tuple | None  # (ids, last, total, next position)


class Flight(NamedTuple):
    number: int
    kind: str
    answer: str  # "" while it is unknown


class Worker(NamedTuple):
    mode: str
    paused: bool
    task: int
    lease: int
    unit: int  # number of the last unit made
    pass_: int = 0
    number: int = 0  # pages handed to the store
    position: int = 0
    ended: bool = False
    total: int = -1
    before: int = -1
    ring: tuple = ()
    flights: tuple = ()
    extra: int = -1  # stored rows counted, or the total read last


class State(NamedTuple):
    lists: tuple  # what the platform listed, oldest first; sets of ids are bits
    data: int
    window: Window
    task: Task | None
    next: bool
    queue: tuple
    workers: tuple
    failures: int
    plans: int
    planned: bool  # a `sync` has read an open window and will enqueue its task
    tasks: int  # ids given out
    leases: int
    last: int  # worker that claimed last
    applied: tuple  # ghost: (task, units applied, lease of the last)


class Broken(Exception):
    """An invariant does not hold."""


def demand(good, name):
    if not good:
        raise Broken(name)


def ids_of(bits):
    return [i + 1 for i in range(bits.bit_length()) if bits >> i & 1]


def bits_of(ids):
    return sum(1 << (i - 1) for i in ids)


def serve(world, listed, slot):
    """The page that the platform gives for this list."""
    ids = ids_of(listed)
    total = len(ids) + world.total_error if world.totals else -1
    if world.cursor:
        rest = [i for i in ids if i > slot.position]
        page = rest[:world.page_size]
        return bits_of(page), len(rest) <= world.page_size, total, page[-1] if page else slot.position
    first = (slot.number - 1) * world.page_size
    page = ids[first:first + world.page_size]
    return bits_of(page), first + world.page_size >= len(ids), total, 0


def judge(world, ids, data, worker):
    """evidence_judge of src/sync/evidence.c. By update time, where rows move on, nobody looks for what is missing."""
    seen = ids.bit_count()
    first, last = worker.total, worker.extra
    looks = not world.by_updated and "a look for what is missing" not in world.without
    missing = looks and ids & ~data != 0
    if first >= 0 and last >= 0:
        if first == seen == last and not missing:
            return "sealed A"
        # Where the list shifts, a page may have slipped by: `moved` would hide the hole.
        in_place = world.by_updated and (world.cursor or "moved only where nothing shifts" in world.without)
        if in_place and last < first and last <= seen <= first:
            return "moved"
    elif worker.before >= 0 and worker.before == ids and not missing:
        return "sealed B"
    return "again" if worker.pass_ < PASSES_MAX else "unproved"


# --- the writer: one unit inside its savepoint ---


def fence(world, state, unit):
    """SQL_TASK_FENCE: the state after it, or None when the unit is refused."""
    task = state.task
    if "the fence" not in world.without:
        if task is None or task.id != unit.task or task.state != "running":
            return None
        if "the lease in the fence" not in world.without and task.lease != unit.lease:
            return None
        if "the unit number in the fence" not in world.without and task.units != unit.number - 1:
            return None
    ghost_task, ghost_units, ghost_lease = state.applied
    demand(unit.lease >= ghost_lease, "2.2-fence")
    demand(unit.number == (ghost_units if ghost_task == unit.task else 0) + 1, "2.2-once")
    if task is not None and task.id == unit.task:
        task = task._replace(units=unit.number)
    return state._replace(task=task, applied=(unit.task, unit.number, unit.lease))


def apply_page(world, state, unit):
    key, pass_, number, ids, ended, total, position = unit.body
    window = state.window
    if window.state != "open" or any(p[:2] == (pass_, key) for p in window.pages):
        return None
    window = window._replace(number=number, position=position, ended=ended, total=total,
                             pages=window.pages + ((pass_, key, ids),))
    rows = ids & ~(world.skips if pass_ == 1 else 0)
    return state._replace(window=window, data=state.data if unit.kind == "place" else state.data | rows)


def apply_again(world, state, unit):
    if state.window.state != "open":
        return None
    pages = state.window.pages if "ids of this pass only" in world.without else ()
    pass_, digest = unit.body
    return state._replace(window=Window("open", pass_ + 1, 0, 0, False, -1, digest, pages, len(state.lists) - 1))


def close_check(world, state, verdict, ids, worker_total, total_last):
    """What the window claims, held against what the platform had: the search sees both."""
    now = state.lists[-1]
    if verdict == "split":
        return
    if verdict != "unproved":
        demand(now & ~state.data == 0, "1.2-kept")
    if verdict.startswith("sealed"):
        demand(ids & ~state.data == 0 and ids in state.lists[state.window.since:], "1.1-evidence")
    if verdict == "sealed A":
        demand(worker_total == total_last == ids.bit_count(), "1.1-evidence")
    if len(state.lists) == 1 and world.total_error == 0:
        demand(verdict.startswith("sealed"), "1.1-undisturbed")


def apply_close(world, state, unit):
    if state.window.state != "open":
        return None
    close_check(world, state, *unit.body)
    window = state.window._replace(state=unit.body[0], pages=())
    return state._replace(window=window, task=None, next=True)


def apply_unit(world, state, unit):
    """(state, answer)."""
    if unit.kind == "rows":  # only where rows and position are committed apart
        return state._replace(data=state.data | unit.body[0]), "ok"
    after = fence(world, state, unit)
    if after is not None:
        if unit.kind in ("page", "place"):
            after = apply_page(world, after, unit)
        elif unit.kind == "again":
            after = apply_again(world, after, unit)
        elif unit.kind == "close":
            after = apply_close(world, after, unit)
        else:  # finish: nothing is left to do
            after = after._replace(task=None)
    return (state, "conflict") if after is None else (after, "ok")


def commits(world, state):
    """A group is what waits, or the first of it; its COMMIT succeeds, fails, or succeeds unheard."""
    for size in range(1, len(state.queue) + 1):
        done, answers = state, []
        for unit in state.queue[:size]:
            try:
                done, answer = apply_unit(world, done, unit)
            except Broken as broken:
                yield ("commit", size, "ok"), broken
                return
            answers.append(answer)
        rest = state.queue[size:]
        yield ("commit", size, "ok"), answer_all(done._replace(queue=rest), state.queue[:size], answers)
        if state.failures == 0:
            continue
        lost = ["store"] * size
        if "fail" in world.kinds:
            yield ("commit", size, "fail"), answer_all(
                state._replace(queue=rest, failures=state.failures - 1), state.queue[:size], lost)
        if "unknown" in world.kinds:
            yield ("commit", size, "unknown"), answer_all(
                done._replace(queue=rest, failures=state.failures - 1), state.queue[:size], lost)


def answer_all(state, units, answers):
    workers = list(state.workers)
    for unit, answer in zip(units, answers):
        worker = workers[unit.worker] if unit.worker >= 0 else None
        if worker is not None:
            flights = tuple(f._replace(answer=answer) if (f.number, f.kind) == (unit.number, unit.kind) else f
                            for f in worker.flights)
            workers[unit.worker] = worker._replace(flights=flights)
    return state._replace(workers=tuple(workers))


# --- a worker: run.c and close.c ---


def with_worker(state, w, worker):
    return state._replace(workers=state.workers[:w] + (worker,) + state.workers[w + 1:])


def submit(state, w, worker, kind, body, mode):
    unit = Unit(w, worker.task, worker.lease, worker.unit + 1, kind, body)
    worker = worker._replace(mode=mode, unit=unit.number,
                             flights=worker.flights + (Flight(unit.number, kind, ""),))
    return with_worker(state._replace(queue=state.queue + (unit,)), w, worker)


def taken(worker):
    count = 0
    while count < len(worker.ring) and worker.ring[count].page:
        count += 1
    return worker.ring[:count]


def list_ended(worker):
    return worker.ended or any(slot.page[1] for slot in taken(worker))


def may_ask(world, worker):
    """page_may_be_asked of run.c."""
    if list_ended(worker) or len(worker.ring) + len(worker.flights) >= world.in_flight:
        return False
    seen = taken(worker)
    if len(seen) == len(worker.ring):
        return True
    total = seen[-1].page[2] if seen else worker.extra
    return world.ahead and total >= 0 and (worker.number + len(worker.ring)) * world.page_size < total


def ask(worker):
    position = worker.ring[-1].page[3] if worker.ring and worker.ring[-1].page else worker.position
    return worker._replace(ring=worker.ring + (Slot(worker.number + len(worker.ring) + 1, position, None),))


def submit_page(world, state, w, worker):
    slot = worker.ring[0]
    ids, last, total, position = slot.page
    total_first = worker.total if worker.total >= 0 else total
    worker = worker._replace(number=worker.number + 1, position=position, ended=last, total=total_first,
                             ring=() if last else worker.ring[1:], extra=total)
    # A task that was buried leaves its pages; the next one counts its units anew, pages go on.
    key = worker.unit + 1 if "pages keyed by their number" in world.without else worker.number
    body = (key, worker.pass_, worker.number, ids, last, total_first, 0 if last else position)
    if "rows and position in one unit" not in world.without:
        return submit(state, w, worker, "page", body, worker.mode)
    state = submit(state, w, worker, "place", body, worker.mode)
    rows = Unit(-1, worker.task, worker.lease, worker.unit + 1, "rows", (ids,))
    return state._replace(queue=state.queue + (rows,))


def load(world, state, w, worker):
    window = state.window
    if window.state != "open" and "a look at the window's state" not in world.without:
        return submit(state, w, worker, "finish", (), "wait")
    return with_worker(state, w, worker._replace(
        mode="read" if window.pass_ else "count", pass_=window.pass_, number=window.number,
        position=window.position, ended=window.ended, total=window.total, before=window.before))


def weigh(world, state, w, worker):
    """window_finish: the ids come from the store, whatever this worker remembers."""
    pages = state.window.pages
    mine = [p for p in pages if p[0] == worker.pass_ or "ids of this pass only" in world.without]
    ids = 0
    for page in mine:
        ids |= page[2]
    verdict = judge(world, ids, state.data, worker)
    if verdict == "again":
        kept = TOLD if worker.total >= 0 or worker.extra >= 0 or worker.before == TOLD else ids
        return submit(state, w, worker._replace(extra=kept), "again", (worker.pass_, kept), "wait")
    return submit(state, w, worker, "close", (verdict, ids, worker.total, worker.extra), "wait")


def audit(state, w, worker, total):
    """window_audit: agreed, sealed; otherwise the window is read."""
    stored = state.data
    if total == worker.extra:
        return submit(state, w, worker, "close", ("sealed A", stored, total, total), "wait")
    return submit(state, w, worker._replace(extra=-1), "again", (0, -1), "wait")


def settle(world, state, w, worker):
    """The oldest unit's answer is learned; page_settle and what follows a unit."""
    flight, rest = worker.flights[0], worker.flights[1:]
    worker = worker._replace(flights=rest)
    if flight.answer != "ok" and worker.mode != "fail" and not (
            worker.mode == "split" and "settling before a split" in world.without):
        if flight.answer == "conflict" and "putting back what was refused" in world.without:
            return with_worker(state, w, None)
        worker = worker._replace(mode="fail", ring=())
    elif flight.kind == "again":
        before = worker.before if "the digest of the pass before" in world.without else worker.extra
        worker = Worker("read", False, worker.task, worker.lease, worker.unit, pass_=worker.pass_ + 1,
                        before=before)
    elif flight.kind in ("close", "finish"):
        worker = None
    if worker and worker.mode == "fail" and not rest:
        worker = worker._replace(mode="back")
    if worker and worker.mode == "split" and not rest:
        return split(state, w, worker)
    return with_worker(state, w, worker)


def split(state, w, worker):
    """window_split: the halves are read instead, once everything handed over is known."""
    if worker.flights:
        return with_worker(state, w, worker._replace(mode="split", ring=()))
    return submit(state, w, worker._replace(ring=()), "close", ("split", 0, worker.total, -1), "wait")


def put_back(state, w, worker, word):
    task = state.task
    if task and task.state == "running" and task.lease == worker.lease:
        task = task._replace(state=word, lease=0, holder=-1, beats=False)
    return with_worker(state._replace(task=task), w, None)


def reads(world, state, w, worker):
    """The actions of a worker between its first page and its verdict."""
    if may_ask(world, worker):
        yield ("ask", w, worker.number + len(worker.ring) + 1), with_worker(state, w, ask(worker))
    for i, slot in enumerate(worker.ring):
        if slot.page is None and slot.number > world.pages_max:
            if i == 0:
                yield ("too_many", w), split(state, w, worker)
        elif slot.page is None:
            page = serve(world, state.lists[-1], slot)
            ring = worker.ring[:i] + (slot._replace(page=page),) + worker.ring[i + 1:]
            yield ("receive", w, slot.number, *page), with_worker(state, w, worker._replace(ring=ring))
    if worker.ring and worker.ring[0].page:
        yield ("submit", w, worker.ring[0].number), submit_page(world, state, w, worker)
    full = len(worker.ring) + len(worker.flights) == world.in_flight
    at_end = worker.ended and not worker.ring
    if worker.flights and worker.flights[0].answer and (full or at_end):
        yield ("settle", w, worker.flights[0].answer), settle(world, state, w, worker)
    if at_end and (not worker.flights or "waiting for the last unit" in world.without):
        if worker.total >= 0:
            total = state.lists[-1].bit_count() + world.total_error
            yield ("total", w, total), with_worker(state, w, worker._replace(mode="weigh", extra=total))
        else:
            yield ("weigh", w), weigh(world, state, w, worker._replace(extra=-1))
    if state.failures and "yield" in world.kinds:
        mode = "fail" if worker.flights else "back"
        yield ("yield", w), with_worker(state._replace(failures=state.failures - 1), w,
                                        worker._replace(mode=mode, ring=()))


def works(world, state, w, worker):
    """The actions of a worker that holds a task."""
    if worker.mode == "claimed":
        yield ("load", w), load(world, state, w, worker)
    elif worker.mode == "count":
        stored = state.data.bit_count()
        yield ("count", w, stored), with_worker(state, w, worker._replace(mode="audit", extra=stored))
    elif worker.mode == "audit":
        total = state.lists[-1].bit_count()
        yield ("audit", w, total), audit(state, w, worker, total)
    elif worker.mode == "read":
        yield from reads(world, state, w, worker)
    elif worker.mode == "weigh":
        yield ("weigh", w), weigh(world, state, w, worker)
    elif worker.mode == "back":
        yield ("put_back", w), put_back(state, w, worker, "ready")
        if state.failures and "bury" in world.kinds:
            yield ("bury", w), put_back(state._replace(failures=state.failures - 1), w, worker, "dead")
    elif worker.flights[0].answer:  # wait, fail, split
        yield ("settle", w, worker.flights[0].answer), settle(world, state, w, worker)


# --- failures and everybody else ---


def crash(state, w, worker):
    """What the process had handed over may still be committed by a database that lives elsewhere."""
    queue = tuple(u._replace(worker=-1) if u.worker == w else u for u in state.queue)
    task = state.task
    if task and task.state == "running" and task.holder == w:
        task = task._replace(beats=False)
    state = state._replace(queue=queue, task=task, failures=state.failures - 1)
    return with_worker(state, w, None)


def stops(world, state, w, worker):
    if worker.paused:
        yield ("resume", w), with_worker(state, w, worker._replace(paused=False))
    elif state.failures and "pause" in world.kinds:
        paused = worker._replace(paused=True)
        yield ("pause", w), with_worker(state._replace(failures=state.failures - 1), w, paused)
    if state.failures and "crash" in world.kinds:
        yield ("crash", w, worker.mode), crash(state, w, worker)


def expired(state):
    holder = state.workers[state.task.holder]
    return not state.task.beats or (holder is not None and holder.paused)


def claims(world, state):
    """Idle workers are alike, so that only one claims: the one that did not claim last."""
    task = state.task
    idle = [w for w, worker in enumerate(state.workers) if worker is None]
    if task is None or not idle:
        return
    w = 1 - state.last if 1 - state.last in idle else idle[0]
    if task.state == "ready" or (task.state == "running" and expired(state)):
        lease = state.leases + 1
        claimed = Task(task.id, "running", lease, w, True, task.units)
        worker = Worker("claimed", False, task.id, lease, task.units)
        word = "claim" if task.state == "ready" else "reclaim"
        yield (word, w), with_worker(state._replace(task=claimed, leases=lease, last=w), w, worker)
    if task.state == "running" and not task.beats and len(idle) == 2:
        free = task._replace(state="ready", lease=0, holder=-1)
        yield ("release",), state._replace(task=free)


def others(world, state):
    """The platform, a database that forgets what a dead client sent, a `sync` command."""
    if len(state.lists) <= world.moves:
        for i in ids_of(state.lists[-1]):
            yield ("move", i), state._replace(lists=state.lists + (state.lists[-1] & ~bits_of([i]),))
    if any(u.worker < 0 and u.kind != "rows" for u in state.queue):
        kept = tuple(u for u in state.queue if u.worker >= 0 or u.kind == "rows")
        yield ("drop",), state._replace(queue=kept)
    stuck = state.task is None or state.task.state == "dead"
    if world.plans and not state.planned and state.window.state == "open" and (state.plans or stuck):
        yield ("plan",), state._replace(planned=True, plans=max(0, state.plans - 1))
    if state.planned:
        state = state._replace(planned=False)
        if stuck:
            state = state._replace(task=Task(state.tasks + 1, "ready", 0, -1, False, 0), tasks=state.tasks + 1)
        yield ("enqueue",), state


def successors(world, state):
    for w, worker in enumerate(state.workers):
        if worker is not None:
            if not worker.paused:
                yield from works(world, state, w, worker)
            yield from stops(world, state, w, worker)
    yield from commits(world, state)
    yield from claims(world, state)
    yield from others(world, state)


def start(world):
    window = Window("open", 0 if world.audit else 1, 0, 0, False, -1, -1, ())
    return State(lists=((1 << world.records) - 1,), data=world.stored, window=window,
                 task=Task(1, "ready", 0, -1, False, 0), next=False, queue=(), workers=(None, None),
                 failures=world.failures, plans=world.plans, planned=False, tasks=1, leases=0, last=1,
                 applied=(0, 0, 0))


# --- invariants of a state ---


def check(world, state):
    window, task = state.window, state.task
    if window.state == "open":
        mine = [p for p in window.pages if p[0] == window.pass_]
        ids = 0
        for page in mine:
            ids |= page[2]
        demand(ids & ~state.data & ~world.skips == 0 and window.number == len(mine), "2.1-position")
        if world.cursor and window.position:
            passed = state.lists[-1] & ((1 << window.position) - 1)
            demand(passed & ~ids == 0, "2.1-position")
    demand((window.state != "open") == state.next, "2.5-finish")
    demand(not (state.next and task is not None and task.id == 1), "2.5-finish")
    demand(state.tasks > 1 or state.next or task is not None, "2.5-finish")
    demand(state.leases <= state.tasks + world.failures, "2.5-progress")


def at_rest(state):
    return (state.next and state.task is None and not state.queue
            and all(worker is None for worker in state.workers))

#include <stdatomic.h>

#include "scratch_store.h"

static struct task_new task_new(int64_t lane, const char *key, enum task_class class_,
                                int64_t ready_ms)
{
    return (struct task_new){.lane = lane,
                             .class_ = class_,
                             .kind = STR("pull"),
                             .unique_key = str_of(key),
                             .payload = STR("{}"),
                             .ready_ms = ready_ms};
}

static void put(struct fixture *f, int64_t lane, const char *key, enum task_class class_,
                int64_t ready_ms)
{
    struct err err;
    struct task_new task = task_new(lane, key, class_, ready_ms);
    assert_good(queue_enqueue(f->store, &task, 1, &err), &err);
}

struct claimed {
    struct task *tasks;
    size_t len;
    int64_t next_ms;
};

static struct claimed claim_run(struct fixture *f, const char *worker, int64_t now_ms, size_t max,
                                const char *run)
{
    struct claimed c;
    struct err err;
    assert_good(queue_claim(f->store,
                            &(struct queue_claimer){.worker = str_of(worker), .run = str_of(run)},
                            now_ms, max, &f->arena, &c.tasks, &c.len, &c.next_ms, &err),
                &err);
    return c;
}

static struct claimed claim(struct fixture *f, const char *worker, int64_t now_ms, size_t max)
{
    return claim_run(f, worker, now_ms, max, "");
}

/* The keys of the claimed tasks, joined. */
static const char *keys_of(struct fixture *f, struct claimed c)
{
    struct str keys = STR("");
    for (size_t i = 0; i < c.len; i++)
        keys = arena_printf(&f->arena, "%.*s%s%.*s", STR_ARG(keys), i ? " " : "",
                            STR_ARG(c.tasks[i].unique_key));
    return keys.ptr;
}

static enum err_class unit_commit(struct fixture *f, const struct task *task, int64_t unit_number,
                                  int64_t now_ms, bool last, struct err *err)
{
    struct step steps[2];
    assert_int_equal(queue_step_fence(task, unit_number, now_ms, &f->arena, &steps[0], NULL),
                     ERR_OK);
    assert_int_equal(queue_step_finish(task, now_ms, &f->arena, &steps[1], NULL), ERR_OK);
    struct unit unit = {.order_key = (uint64_t)task->id,
                        .before = steps,
                        .before_len = 1,
                        .after = &steps[1],
                        .after_len = last ? 1 : 0};
    return store_commit(f->store, &unit, err);
}

static void unit_good(struct fixture *f, const struct task *task, int64_t unit_number,
                      int64_t now_ms, bool last)
{
    struct err err;
    assert_good(unit_commit(f, task, unit_number, now_ms, last, &err), &err);
}

static void unit_refused(struct fixture *f, const struct task *task, int64_t unit_number,
                         int64_t now_ms)
{
    struct err err;
    assert_int_equal(unit_commit(f, task, unit_number, now_ms, false, &err), ERR_CONFLICT);
    assert_string_equal(err.code, "fence");
}

static int64_t units_committed(struct fixture *f, const struct task *task)
{
    int64_t out = -2;
    assert_int_equal(queue_units_committed(f->store, task->id, &out, NULL), ERR_OK);
    return out;
}

static struct queue_depth depth(struct fixture *f, const char *run, int64_t now_ms)
{
    struct queue_depth out;
    assert_int_equal(queue_depth_read(f->store, str_of(run), now_ms, &out, NULL), ERR_OK);
    return out;
}

static void a_task_comes_back_as_it_went_in(void **state)
{
    struct fixture *f = *state;
    struct err err;
    struct task_new new = {.lane = 9,
                           .class_ = TASK_REPAIR,
                           .kind = STR("audit"),
                           .unique_key = STR("audit:orders:1"),
                           .payload = STR("{\"from\":1}"),
                           .run = STR("run-1"),
                           .ready_ms = 50};
    assert_good(queue_enqueue(f->store, &new, 40, &err), &err);
    struct claimed c = claim(f, "w", 50, 5);
    assert_int_equal(c.len, 1);
    const struct task *task = &c.tasks[0];
    assert_int_equal(task->lane, 9);
    assert_int_equal(task->class_, TASK_REPAIR);
    assert_true(str_eq(task->kind, new.kind));
    assert_true(str_eq(task->unique_key, new.unique_key));
    assert_true(str_eq(task->payload, new.payload));
    assert_true(str_eq(task->run, new.run));
    assert_true(str_starts(task->lease, STR("w:")));
    assert_int_equal(task->unit_number, 0);
    assert_int_equal(task->attempt, 0);
    assert_int_equal(task->created_ms, 40);
}

static void the_same_again_only_comes_forward(void **state)
{
    struct fixture *f = *state;
    put(f, 1, "same", TASK_BACKFILL, 500);
    put(f, 1, "same", TASK_BACKFILL, 900);
    put(f, 2, "same", TASK_BACKFILL, 500);
    struct queue_depth d = depth(f, "", 0);
    assert_int_equal(d.waiting, 2);
    assert_int_equal(d.next_ms, 500);
    put(f, 1, "same", TASK_LIVE, 100);
    put(f, 1, "same", TASK_BACKFILL, 900);
    struct claimed c = claim(f, "w", 100, 5);
    assert_int_equal(c.len, 1);
    assert_int_equal(c.tasks[0].class_, TASK_LIVE);
    /* Under way, it is the same still; when it is finished, it is a new one. */
    put(f, 1, "same", TASK_LIVE, 100);
    assert_int_equal(depth(f, "", 100).running, 1);
    assert_int_equal(depth(f, "", 100).ready, 0);
    unit_good(f, &c.tasks[0], 1, 100, true);
    put(f, 1, "same", TASK_LIVE, 100);
    assert_int_equal(depth(f, "", 100).ready, 1);
}

static void forward(struct fixture *f, int64_t lane, const char *key, int64_t now_ms)
{
    struct err err;
    struct arena arena;
    struct step step;
    arena_init(&arena);
    assert_good(queue_step_forward(lane, str_of(key), now_ms, &arena, &step, &err), &err);
    struct unit unit = {.after = &step, .after_len = 1, .now_ms = now_ms};
    assert_good(store_commit(f->store, &unit, &err), &err);
    arena_fini(&arena);
}

static void what_waits_is_brought_forward_and_nothing_else_is(void **state)
{
    struct fixture *f = *state;
    put(f, 1, "same", TASK_LIVE, 500);
    put(f, 2, "same", TASK_LIVE, 500);
    forward(f, 1, "other", 100);
    assert_int_equal(depth(f, "", 100).ready, 0);
    forward(f, 1, "same", 100);
    assert_int_equal(depth(f, "", 100).ready, 1);
    assert_int_equal(depth(f, "", 100).waiting, 1);
    /* Not back, not while it runs, and not before its next try. */
    forward(f, 1, "same", 300);
    struct claimed c = claim(f, "w", 100, 5);
    assert_int_equal(c.len, 1);
    forward(f, 1, "same", 50);
    assert_int_equal(depth(f, "", 100).running, 1);
    struct err err, cause = {.code = "x"};
    assert_good(queue_put_back(f->store, &c.tasks[0], 400, true, &cause, 100, &err), &err);
    forward(f, 1, "same", 100);
    assert_int_equal(depth(f, "", 100).ready, 0);
}

static void a_lane_runs_one_task_and_the_highest_class_goes_first(void **state)
{
    struct fixture *f = *state;
    put(f, 1, "1-backfill-old", TASK_BACKFILL, 10);
    put(f, 1, "1-live-later", TASK_LIVE, 90);
    put(f, 1, "1-live", TASK_LIVE, 30);
    put(f, 1, "1-live-twin", TASK_LIVE, 30);
    put(f, 2, "2-repair", TASK_REPAIR, 20);
    put(f, 3, "3-live", TASK_LIVE, 20);
    put(f, 4, "4-waiting", TASK_LIVE, 300);
    struct claimed c = claim(f, "w", 100, 9);
    assert_string_equal(keys_of(f, c), "3-live 1-live 2-repair");
    assert_int_equal(c.next_ms, 300);
    assert_int_equal(claim(f, "w", 100, 9).len, 0);
    unit_good(f, &c.tasks[1], 1, 100, true);
    c = claim(f, "w", 100, 9);
    assert_string_equal(keys_of(f, c), "1-live-twin");
    unit_good(f, &c.tasks[0], 1, 100, true);
    c = claim(f, "w", 100, 9);
    assert_string_equal(keys_of(f, c), "1-live-later");
    unit_good(f, &c.tasks[0], 1, 100, true);
    assert_string_equal(keys_of(f, claim(f, "w", 300, 9)), "4-waiting 1-backfill-old");
}

static void a_claim_takes_at_most_what_was_asked_for(void **state)
{
    struct fixture *f = *state;
    for (int64_t lane = 1; lane <= 5; lane++)
        put(f, lane, "t", TASK_LIVE, 10 - lane);
    struct claimed c = claim(f, "w", 100, 2);
    assert_int_equal(c.len, 2);
    assert_int_equal(c.tasks[0].lane, 5);
    assert_int_equal(c.tasks[1].lane, 4);
    assert_int_equal(c.next_ms, INT64_MAX);
    assert_int_equal(claim(f, "w", 100, 9).len, 3);
}

/* A backlog of random tasks, and what of it is claimed by the rule written out: of each free lane the oldest
 * ready task of its highest class, of these the first in the queue's order. */
enum { BACKLOG = 60, BACKLOG_LANES = 9 };
struct waiting {
    int64_t lane, ready_ms;
    enum task_class class_;
    char key[8];
    bool claimed;
};

static bool waiting_before(const struct waiting *a, const struct waiting *b)
{
    if (a->class_ != b->class_)
        return a->class_ < b->class_;
    return a->ready_ms != b->ready_ms ? a->ready_ms < b->ready_ms : a < b;
}

static struct waiting *first_of(struct waiting backlog[BACKLOG], const bool busy[BACKLOG_LANES],
                                int64_t now_ms)
{
    struct waiting *first = NULL;
    for (struct waiting *task = backlog; task < backlog + BACKLOG; task++)
        if (!task->claimed && !busy[task->lane] && task->ready_ms <= now_ms &&
            (!first || waiting_before(task, first)))
            first = task;
    return first;
}

static void backlog_put(struct fixture *f, struct rng *rng, struct waiting backlog[BACKLOG])
{
    for (int i = 0; i < BACKLOG; i++) {
        backlog[i] = (struct waiting){.lane = (int64_t)rng_below(rng, BACKLOG_LANES),
                                      .ready_ms = 5 * (int64_t)rng_below(rng, 12),
                                      .class_ = (enum task_class)rng_below(rng, 3)};
        snprintf(backlog[i].key, sizeof(backlog[i].key), "t%d", i);
        put(f, backlog[i].lane, backlog[i].key, backlog[i].class_, backlog[i].ready_ms);
    }
}

static void a_claim_takes_what_the_rule_says(void **state)
{
    struct fixture *f = *state;
    struct waiting backlog[BACKLOG];
    struct task held[BACKLOG_LANES];
    bool busy[BACKLOG_LANES] = {false};
    struct rng rng;
    size_t held_len = 0, claimed = 0;
    rng_seed(&rng, 20261120);
    backlog_put(f, &rng, backlog);
    for (int64_t now_ms = 5; claimed < BACKLOG; now_ms += 5) {
        size_t most = 1 + (size_t)rng_below(&rng, 4), len = 0;
        struct str wanted = STR("");
        for (struct waiting *task; len < most && (task = first_of(backlog, busy, now_ms)); len++) {
            task->claimed = busy[task->lane] = true;
            wanted = arena_printf(&f->arena, "%.*s%s%s", STR_ARG(wanted), len ? " " : "",
                                  task->key);
        }
        struct claimed c = claim(f, "w", now_ms, most);
        assert_string_equal(keys_of(f, c), wanted.ptr);
        claimed += c.len;
        for (size_t i = 0; i < c.len; i++)
            held[held_len++] = c.tasks[i];
        while (held_len > 0 && rng_below(&rng, 3) > 0) {
            const struct task *done = &held[--held_len];
            unit_good(f, done, 1, now_ms, true);
            busy[done->lane] = false;
        }
    }
}

static void a_run_sees_its_own_tasks(void **state)
{
    struct fixture *f = *state;
    struct task_new mine = task_new(1, "mine", TASK_BACKFILL, 10);
    mine.run = STR("r");
    put(f, 1, "other", TASK_LIVE, 10);
    put(f, 2, "adopted", TASK_LIVE, 10);
    assert_int_equal(queue_enqueue(f->store, &mine, 1, NULL), ERR_OK);
    mine.lane = 2;
    mine.unique_key = STR("adopted");
    assert_int_equal(queue_enqueue(f->store, &mine, 1, NULL), ERR_OK);
    assert_int_equal(depth(f, "r", 10).ready, 2);
    assert_int_equal(depth(f, "", 10).ready, 3);
    assert_string_equal(keys_of(f, claim_run(f, "w", 10, 9, "r")), "adopted mine");
    assert_int_equal(depth(f, "r", 10).running, 2);
}

static void the_fence_counts_units_and_refuses_any_other_number(void **state)
{
    struct fixture *f = *state;
    put(f, 1, "t", TASK_LIVE, 1);
    struct task task = claim(f, "w", 1, 1).tasks[0];
    unit_refused(f, &task, 2, 5);
    unit_good(f, &task, 1, 5, false);
    unit_refused(f, &task, 1, 5);
    unit_good(f, &task, 2, 6, false);
    assert_int_equal(units_committed(f, &task), 2);
    unit_good(f, &task, 3, 7, true);
    assert_int_equal(units_committed(f, &task), -1);
    unit_refused(f, &task, 4, 8);
}

static int64_t events(struct fixture *f, const char *kind)
{
    struct sql_value value = sql_text(str_of(kind));
    struct err err;
    int64_t out = -1;
    assert_good(store_read_int(f->store, "SELECT count(*) FROM event WHERE kind = ?1", &value, 1, 0,
                               &out, &err),
                &err);
    return out;
}

static void a_lease_that_ran_out_goes_to_another_and_the_first_is_refused(void **state)
{
    struct fixture *f = *state;
    put(f, 1, "t", TASK_LIVE, 1);
    put(f, 1, "next", TASK_LIVE, 2);
    struct task first = claim(f, "w1", 10, 1).tasks[0];
    unit_good(f, &first, 1, 20, false);
    /* The unit has renewed the lease. */
    assert_int_equal(claim(f, "w2", 19 + LEASE_MS, 1).len, 0);
    assert_int_equal(events(f, "task_left"), 0);
    struct claimed c = claim(f, "w2", 20 + LEASE_MS, 1);
    assert_int_equal(c.len, 1);
    assert_int_equal(c.tasks[0].id, first.id);
    assert_int_equal(c.tasks[0].unit_number, 1);
    assert_false(str_eq(c.tasks[0].lease, first.lease));
    unit_refused(f, &first, 2, 21 + LEASE_MS);
    assert_int_equal(queue_put_back(f->store, &first, 1, false, NULL, 1, NULL), ERR_CONFLICT);
    assert_int_equal(queue_bury(f->store, &first, NULL, 1, NULL), ERR_CONFLICT);
    unit_good(f, &c.tasks[0], 2, 21 + LEASE_MS, false);
    assert_int_equal(events(f, "task_left"), 1);
}

static void a_late_holder_is_refused_while_its_lane_does_something_else(void **state)
{
    struct fixture *f = *state;
    put(f, 1, "slow", TASK_BACKFILL, 1);
    struct task slow = claim(f, "w1", 10, 1).tasks[0];
    put(f, 1, "urgent", TASK_LIVE, 1);
    assert_string_equal(keys_of(f, claim(f, "w2", 10 + LEASE_MS, 9)), "urgent");
    unit_refused(f, &slow, 1, 11 + LEASE_MS);
}

static enum err_class beat_mine(struct tx *tx, void *context, struct err *err)
{
    return queue_heartbeat(tx, STR("mine"), context, 10 + HEARTBEAT_MS, err);
}

static void a_heartbeat_renews_what_its_worker_holds(void **state)
{
    struct fixture *f = *state;
    put(f, 1, "a", TASK_LIVE, 1);
    put(f, 2, "b", TASK_LIVE, 1);
    put(f, 3, "c", TASK_LIVE, 1);
    struct claimed mine = claim(f, "mine", 10, 2);
    int64_t others = claim(f, "other", 10, 1).tasks[0].id;
    /* "a" is lost sight of, and another's task stays another's. */
    struct queue_held held = {.ids = {mine.tasks[1].id, others}, .len = 2};
    assert_int_equal(store_write(f->store, beat_mine, &held, NULL), ERR_OK);
    assert_string_equal(keys_of(f, claim(f, "w", 10 + LEASE_MS, 9)), "a c");
    assert_string_equal(keys_of(f, claim(f, "w", 10 + HEARTBEAT_MS + LEASE_MS, 9)), "b");
}

static void a_worker_whose_clock_jumps_keeps_its_own_tasks(void **state)
{
    struct fixture *f = *state;
    struct err err;
    put(f, 1, "a", TASK_LIVE, 1);
    put(f, 2, "b", TASK_LIVE, 1);
    struct claimed first = claim(f, "mine", 10, 1);
    struct queue_held held = {.ids = {first.tasks[0].id}, .len = 1};
    const struct queue_claimer by = {.worker = STR("mine"), .held = &held};
    struct claimed c;
    assert_good(queue_claim(f->store, &by, 10 + 9 * LEASE_MS, 9, &f->arena, &c.tasks, &c.len,
                            &c.next_ms, &err),
                &err);
    assert_string_equal(keys_of(f, c), "b");
    unit_good(f, &first.tasks[0], 1, 10 + 9 * LEASE_MS, true);
}

static void what_is_put_back_counts_its_failures_until_it_gets_on(void **state)
{
    struct fixture *f = *state;
    struct err cause;
    err_set(&cause, ERR_RETRY, "timeout", "no answer");
    put(f, 1, "t", TASK_LIVE, 1);
    struct task task = claim(f, "w", 1, 1).tasks[0];
    assert_int_equal(queue_put_back(f->store, &task, 50, true, &cause, 1, NULL), ERR_OK);
    assert_int_equal(claim(f, "w", 49, 1).len, 0);
    task = claim(f, "w", 50, 1).tasks[0];
    assert_int_equal(task.attempt, 1);
    assert_int_equal(queue_put_back(f->store, &task, 60, false, NULL, 1, NULL), ERR_OK);
    task = claim(f, "w", 60, 1).tasks[0];
    assert_int_equal(task.attempt, 1);
    unit_good(f, &task, 1, 60, false);
    assert_int_equal(queue_put_back(f->store, &task, 70, false, NULL, 1, NULL), ERR_OK);
    task = claim(f, "w", 70, 1).tasks[0];
    assert_int_equal(task.attempt, 0);
    assert_int_equal(task.unit_number, 1);
}

static void what_is_buried_stays_with_its_error_and_frees_its_lane(void **state)
{
    struct fixture *f = *state;
    struct err cause;
    struct reader *reader;
    err_set(&cause, ERR_FORBIDDEN, "no_scope", "ask the shop");
    put(f, 1, "t", TASK_LIVE, 1);
    put(f, 1, "next", TASK_LIVE, 2);
    struct task task = claim(f, "w", 5, 1).tasks[0];
    assert_int_equal(queue_bury(f->store, &task, &cause, 6, NULL), ERR_OK);
    assert_int_equal(depth(f, "", 6).dead, 1);
    assert_int_equal(events(f, "task_dead"), 1);
    assert_string_equal(keys_of(f, claim(f, "w", 6, 9)), "next");
    assert_int_equal(
        store_read(f->store, "SELECT error FROM task WHERE state = 'dead'", NULL, 0, &reader, NULL),
        ERR_OK);
    assert_true(reader_next(reader));
    assert_true(str_eq(reader_text(reader, 0), STR("no_scope: ask the shop")));
    assert_int_equal(reader_close(reader, NULL), ERR_OK);
    /* The dead one does not stand in the way of the same task. */
    put(f, 1, "t", TASK_LIVE, 7);
    assert_int_equal(depth(f, "", 7).ready, 1);
}

static void a_restart_takes_everything_back_at_once(void **state)
{
    struct fixture *f = *state;
    int64_t released = -1;
    put(f, 1, "a", TASK_LIVE, 1);
    put(f, 2, "b", TASK_LIVE, 1);
    struct task task = claim(f, "w", 5, 9).tasks[0];
    /* On a server somebody else may be at work: there only what has run out comes back. */
    int64_t now_ms = server_is_given() ? 5 + LEASE_MS : 6;
    assert_int_equal(queue_release_all(f->store, now_ms, &released, NULL), ERR_OK);
    assert_int_equal(released, 2);
    unit_refused(f, &task, 1, 6);
    assert_string_equal(keys_of(f, claim(f, "w", 6, 9)), "a b");
}

static void follow_up_tasks_come_with_their_unit_or_not_at_all(void **state)
{
    struct fixture *f = *state;
    struct step steps[2];
    struct task_new next = task_new(1, "next", TASK_LIVE, 1);
    put(f, 1, "t", TASK_LIVE, 1);
    struct task task = claim(f, "w", 5, 9).tasks[0];
    for (int64_t number = 2; number >= 1; number--) {
        assert_int_equal(queue_step_fence(&task, number, 5, &f->arena, &steps[0], NULL), ERR_OK);
        assert_int_equal(queue_step_enqueue(&next, 5, &f->arena, &steps[1], NULL), ERR_OK);
        /* The enqueue runs first here, and goes when the fence refuses. */
        struct step order[] = {steps[1], steps[0]};
        struct unit unit = {.before = order, .before_len = 2};
        assert_int_equal(store_commit(f->store, &unit, NULL), number == 2 ? ERR_CONFLICT : ERR_OK);
        assert_int_equal(depth(f, "", 5).ready, number == 2 ? 0 : 1);
    }
}

static void a_task_that_waited_long_comes_before_a_higher_class(void **state)
{
    enum { TEN_MINUTES_MS = 10 * 60 * 1000 };
    struct fixture *f = *state;
    put(f, 1, "backfill", TASK_BACKFILL, 0);
    put(f, 2, "repair", TASK_REPAIR, TEN_MINUTES_MS + 5);
    put(f, 3, "early", TASK_LIVE, 2 * TEN_MINUTES_MS - 1);
    put(f, 4, "late", TASK_LIVE, 2 * TEN_MINUTES_MS + 1);
    assert_string_equal(keys_of(f, claim(f, "w", 2 * TEN_MINUTES_MS + 9, 9)),
                        "early backfill late repair");
}

static void no_platform_has_more_than_its_share_of_a_worker(void **state)
{
    struct fixture *f = *state;
    struct err err;
    const struct step shops = {
        .sql = "INSERT INTO shop (id, platform, name, external_id, state, created_ms) VALUES "
               "(1, 'p', 'a', 'a', 'enabled', 0), (2, 'p', 'b', 'b', 'enabled', 0), "
               "(3, 'p', 'c', 'c', 'enabled', 0), (4, 'q', 'd', 'd', 'enabled', 0)",
        .rows_expected = 4};
    struct unit unit = {.before = &shops, .before_len = 1};
    assert_good(store_commit(f->store, &unit, &err), &err);
    for (int lane = 1; lane <= 4; lane++)
        put(f, lane, (const char *[]){"a", "b", "c", "d"}[lane - 1], TASK_LIVE, lane);
    const struct queue_claimer by = {.worker = STR("w"), .platform_max = 2};
    struct claimed c;
    assert_good(queue_claim(f->store, &by, 9, 3, &f->arena, &c.tasks, &c.len, &c.next_ms, &err),
                &err);
    /* Neither does a full platform's backlog hide the other's: "c" is left out, "d" is found behind it. */
    assert_string_equal(keys_of(f, c), "a b d");
    struct task first = c.tasks[0];
    unit_good(f, &first, 1, 9, true);
    assert_good(queue_claim(f->store, &by, 9, 3, &f->arena, &c.tasks, &c.len, &c.next_ms, &err),
                &err);
    assert_string_equal(keys_of(f, c), "c");
    /* Another worker has a share of its own, and who has no limit takes all. */
    put(f, 1, "e", TASK_LIVE, 1);
    assert_string_equal(keys_of(f, claim(f, "v", 9, 9)), "e");
}

static struct claimed claim_over(struct fixture *f, int64_t now_ms, const struct task *const *over,
                                 size_t over_len)
{
    const struct queue_claimer by = {.worker = STR("w"), .over = over, .over_len = over_len};
    struct claimed c;
    struct err err;
    assert_good(
        queue_claim(f->store, &by, now_ms, 9, &f->arena, &c.tasks, &c.len, &c.next_ms, &err), &err);
    return c;
}

static int64_t tasks_left(struct fixture *f)
{
    int64_t left;
    assert_int_equal(store_read_int(f->store, "SELECT count(*) FROM task", NULL, 0, 0, &left, NULL),
                     ERR_OK);
    return left;
}

/* Ended by one claim: tasks of several claims, and one whose lease somebody else has by now. */
static void what_is_over_goes_with_a_claim_and_frees_its_lane(void **state)
{
    struct fixture *f = *state;
    for (int lane = 1; lane <= 3; lane++)
        put(f, lane, "first", TASK_LIVE, 1);
    struct claimed a = claim(f, "w", 10, 1);
    struct claimed b = claim(f, "w", 20, 2);
    assert_int_equal(a.len + b.len, 3);
    for (int lane = 1; lane <= 3; lane++)
        put(f, lane, "second", TASK_LIVE, 1);
    struct claimed lost = claim(f, "thief", 10 + LEASE_MS, 1);
    assert_int_equal(lost.len, 1);
    assert_int_equal(lost.tasks[0].id, a.tasks[0].id);
    const struct task *const over[] = {&b.tasks[0], &a.tasks[0], &b.tasks[1]};
    struct claimed c = claim_over(f, 10 + LEASE_MS, over, 3);
    assert_string_equal(keys_of(f, c), "second second");
    assert_int_equal(c.tasks[0].lane + c.tasks[1].lane, 2 + 3);
    assert_int_equal(tasks_left(f), 4);
    /* Told once more (the answer to a COMMIT was lost): nothing is left to end. */
    assert_int_equal(claim_over(f, 10 + LEASE_MS, over, 3).len, 0);
    assert_int_equal(tasks_left(f), 4);
}

static void a_payload_has_a_bound(void **state)
{
    struct fixture *f = *state;
    struct task_new task = task_new(1, "t", TASK_LIVE, 1);
    static char bytes[TASK_PAYLOAD_BYTES_MAX + 1];
    memset(bytes, ' ', sizeof(bytes));
    struct err err;
    task.payload = (struct str){bytes, TASK_PAYLOAD_BYTES_MAX + 1};
    assert_int_equal(queue_enqueue(f->store, &task, 1, &err), ERR_INTERNAL);
    assert_string_equal(err.code, "task_payload");
    task.payload.len--;
    assert_int_equal(queue_enqueue(f->store, &task, 1, NULL), ERR_OK);
}

static void no_id_is_given_twice(void **state)
{
    struct fixture *f = *state;
    put(f, 1, "a", TASK_LIVE, 1);
    struct task first = claim(f, "w", 1, 1).tasks[0];
    unit_good(f, &first, 1, 1, true);
    put(f, 1, "b", TASK_LIVE, 1);
    assert_true(claim(f, "w", 1, 1).tasks[0].id > first.id);
}

static void a_crash_after_the_claim_gives_the_task_back_later(void **state)
{
    struct fixture *f = *state;
    struct claimed c;
    put(f, 1, "a", TASK_LIVE, 1);
    setenv("HUILIU_FAIL", "queue.claim.after=error", 1);
    assert_int_equal(fail_setup(NULL), ERR_OK);
    assert_int_equal(queue_claim(f->store, &(struct queue_claimer){.worker = STR("w")}, 1, 1,
                                 &f->arena, &c.tasks, &c.len, &c.next_ms, NULL),
                     ERR_STORE);
    unsetenv("HUILIU_FAIL");
    assert_int_equal(fail_setup(NULL), ERR_OK);
    assert_int_equal(claim(f, "w", 1, 1).len, 0);
    assert_int_equal(claim(f, "w", 1 + LEASE_MS, 1).len, 1);
}

/* --- many workers --- */

enum { WORKERS = 8, LANES = 5, TASKS_EACH = 12, UNITS_EACH = 2 };

struct crowd {
    struct fixture *f;
    atomic_int in_lane[LANES + 1];
    atomic_int finished, failed;
};
struct crowd_worker {
    struct crowd *crowd;
    pthread_t thread;
    char name[8];
};

static void crowd_task(struct crowd *crowd, const struct task *task)
{
    struct arena arena;
    arena_init(&arena);
    struct fixture mine = {.arena = arena, .store = crowd->f->store};
    atomic_fetch_add(&crowd->failed, atomic_fetch_add(&crowd->in_lane[task->lane], 1) != 0);
    for (int64_t n = 1; n <= UNITS_EACH; n++) {
        bool last = n == UNITS_EACH;
        if (last)
            atomic_fetch_sub(&crowd->in_lane[task->lane], 1);
        atomic_fetch_add(&crowd->failed, unit_commit(&mine, task, n, 1, last, NULL) != ERR_OK);
    }
    atomic_fetch_add(&crowd->finished, 1);
    arena_fini(&mine.arena);
}

static void *crowd_main(void *context)
{
    struct crowd_worker *worker = context;
    struct crowd *crowd = worker->crowd;
    while (atomic_load(&crowd->finished) < LANES * TASKS_EACH && !atomic_load(&crowd->failed)) {
        struct arena arena;
        struct task *tasks;
        size_t tasks_len = 0;
        int64_t next_ms;
        arena_init(&arena);
        if (queue_claim(crowd->f->store, &(struct queue_claimer){.worker = str_of(worker->name)}, 1,
                        1, &arena, &tasks, &tasks_len, &next_ms, NULL))
            atomic_fetch_add(&crowd->failed, 1);
        if (tasks_len)
            crowd_task(crowd, &tasks[0]);
        arena_fini(&arena);
    }
    return NULL;
}

static void eight_workers_run_one_task_of_a_lane_at_a_time(void **state)
{
    struct fixture *f = *state;
    static struct crowd crowd;
    static struct crowd_worker workers[WORKERS];
    crowd.f = f;
    for (int64_t lane = 1; lane <= LANES; lane++)
        for (int i = 0; i < TASKS_EACH; i++) {
            char key[8];
            snprintf(key, sizeof(key), "%d", i);
            put(f, lane, key, (enum task_class)(i % 3), 1);
        }
    for (int i = 0; i < WORKERS; i++) {
        workers[i].crowd = &crowd;
        snprintf(workers[i].name, sizeof(workers[i].name), "w%d", i);
        assert_int_equal(pthread_create(&workers[i].thread, NULL, crowd_main, &workers[i]), 0);
    }
    for (int i = 0; i < WORKERS; i++)
        pthread_join(workers[i].thread, NULL);
    assert_int_equal(crowd.failed, 0);
    assert_int_equal(crowd.finished, LANES * TASKS_EACH);
    struct queue_depth d = depth(f, "", 1);
    assert_int_equal(d.ready + d.waiting + d.running + d.dead, 0);
}

#define READY(test) cmocka_unit_test_setup_teardown(test, scratch_ready, scratch_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        READY(a_task_comes_back_as_it_went_in),
        READY(the_same_again_only_comes_forward),
        READY(what_waits_is_brought_forward_and_nothing_else_is),
        READY(a_lane_runs_one_task_and_the_highest_class_goes_first),
        READY(a_claim_takes_at_most_what_was_asked_for),
        READY(a_claim_takes_what_the_rule_says),
        READY(a_run_sees_its_own_tasks),
        READY(the_fence_counts_units_and_refuses_any_other_number),
        READY(a_lease_that_ran_out_goes_to_another_and_the_first_is_refused),
        READY(what_is_over_goes_with_a_claim_and_frees_its_lane),
        READY(a_late_holder_is_refused_while_its_lane_does_something_else),
        READY(a_heartbeat_renews_what_its_worker_holds),
        READY(a_worker_whose_clock_jumps_keeps_its_own_tasks),
        READY(what_is_put_back_counts_its_failures_until_it_gets_on),
        READY(what_is_buried_stays_with_its_error_and_frees_its_lane),
        READY(a_restart_takes_everything_back_at_once),
        READY(follow_up_tasks_come_with_their_unit_or_not_at_all),
        READY(a_task_that_waited_long_comes_before_a_higher_class),
        READY(no_platform_has_more_than_its_share_of_a_worker),
        READY(a_payload_has_a_bound),
        READY(no_id_is_given_twice),
        READY(a_crash_after_the_claim_gives_the_task_back_later),
        READY(eight_workers_run_one_task_of_a_lane_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

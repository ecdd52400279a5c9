#include "store/fixture.h"

#include "store/internal.h"

/* Units are gathered into one group by holding the writer inside a piece of work of its own. */
struct gate {
    struct store *store;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool entered, open;
};

static enum err_class gate_wait(struct tx *tx, void *context, struct err *err)
{
    struct gate *gate = context;
    (void)tx;
    (void)err;
    pthread_mutex_lock(&gate->lock);
    gate->entered = true;
    pthread_cond_broadcast(&gate->changed);
    while (!gate->open)
        pthread_cond_wait(&gate->changed, &gate->lock);
    pthread_mutex_unlock(&gate->lock);
    return ERR_OK;
}

static void *gate_thread(void *context)
{
    struct gate *gate = context;
    store_write(gate->store, gate_wait, gate, NULL);
    return NULL;
}

static void gate_shut(struct gate *gate, struct fixture *f)
{
    *gate = (struct gate){.store = f->store};
    pthread_mutex_init(&gate->lock, NULL);
    pthread_cond_init(&gate->changed, NULL);
    assert_int_equal(pthread_create(&gate->thread, NULL, gate_thread, gate), 0);
    pthread_mutex_lock(&gate->lock);
    while (!gate->entered)
        pthread_cond_wait(&gate->changed, &gate->lock);
    pthread_mutex_unlock(&gate->lock);
}

static void gate_open(struct gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    gate->open = true;
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->lock);
    pthread_join(gate->thread, NULL);
    pthread_cond_destroy(&gate->changed);
    pthread_mutex_destroy(&gate->lock);
}

static const char set_sql[] = "INSERT INTO setting (name, value) VALUES (?1, ?2)";
/* A fence: it must change the one row that has this value. */
static const char fence_sql[] = "UPDATE setting SET value = ?2 WHERE name = 'lease' AND value = ?1";

/* A unit of one order, behind a fence that asks for `lease`. */
struct fenced {
    struct batch *batch;
    struct sql_value values[2];
    struct step step;
    struct unit unit;
};

static void fenced_make(struct fixture *f, struct fenced *out, const char *id, const char *lease)
{
    out->batch = orders_new(f, 1);
    order_add(out->batch, id, 1, 100, 200);
    out->values[0] = out->values[1] = sql_text(str_of(lease));
    out->step = (struct step){
        .sql = fence_sql, .values = out->values, .values_len = 2, .rows_expected = 1};
    out->unit = unit_of(&out->batch, 1);
    out->unit.before = &out->step;
    out->unit.before_len = 1;
}

static void lease_put(struct fixture *f, const char *lease)
{
    const struct sql_value values[] = {sql_text(STR("lease")), sql_text(str_of(lease))};
    struct step step = {.sql = set_sql, .values = values, .values_len = 2, .rows_expected = 1};
    struct unit unit = {.before = &step, .before_len = 1};
    commit_good(f, &unit);
}

/* Submits three units into one group. */
static void group_submit(struct fixture *f, struct fenced units[3], const char *order)
{
    struct gate gate;
    gate_shut(&gate, f);
    fail_order(order);
    for (int i = 0; i < 3; i++)
        assert_int_equal(store_submit(f->store, &units[i].unit, NULL), ERR_OK);
    gate_open(&gate);
}

static void commit_group_with_one_refused_fence(void **state)
{
    struct fixture *f = *state;
    struct fenced units[3];
    struct err err;
    lease_put(f, "mine");
    fenced_make(f, &units[0], "a", "mine");
    fenced_make(f, &units[1], "b", "lost");
    fenced_make(f, &units[2], "c", "mine");
    group_submit(f, units, NULL);
    assert_good(store_wait(f->store, &units[0].unit, &err), &err);
    assert_int_equal(store_wait(f->store, &units[1].unit, &err), ERR_CONFLICT);
    assert_string_equal(err.code, "fence");
    assert_good(store_wait(f->store, &units[2].unit, &err), &err);
    assert_int_equal(f->store->writer.last_group_units, 3);
    assert_string_equal(read_text(f, JOINED("order_id", "FROM trade_order")), "a,c");
    assert_int_equal(units[1].unit.counts.rows[ROW_NEW], 0);
}

static void failed_commit_fails_every_unit_of_its_group(void **state)
{
    struct fixture *f = *state;
    struct fenced units[3];
    lease_put(f, "mine");
    for (int i = 0; i < 3; i++)
        fenced_make(f, &units[i], (const char *[]){"a", "b", "c"}[i], "mine");
    /* The gate's own group commits first. */
    group_submit(f, units, "store.commit.before=error@2");
    for (int i = 0; i < 3; i++) {
        struct err err;
        assert_int_equal(store_wait(f->store, &units[i].unit, &err), ERR_STORE);
        assert_non_null(strstr(err.message, "store.commit.before"));
        assert_int_equal(units[i].unit.counts.rows[ROW_NEW], 0);
    }
    assert_int_equal(read_int(f, "SELECT count(*) FROM trade_order"), 0);
    /* The next group goes on. */
    for (int i = 0; i < 3; i++)
        commit_good(f, &units[i].unit);
    assert_int_equal(read_int(f, "SELECT count(*) FROM trade_order"), 3);
}

static void an_error_after_the_commit_leaves_it_committed(void **state)
{
    struct fixture *f = *state;
    struct fenced unit;
    lease_put(f, "mine");
    fenced_make(f, &unit, "a", "mine");
    fail_order("store.commit.after=error");
    assert_int_equal(store_commit(f->store, &unit.unit, NULL), ERR_STORE);
    assert_int_equal(read_int(f, "SELECT count(*) FROM trade_order"), 1);
}

static void every_fail_point_of_a_unit_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    static const char *const points[] = {"store.group.begin=error", "store.unit.fence=error",
                                         "store.unit.rows=error", "store.unit.steps=error",
                                         "store.commit.before=error"};
    struct fenced unit;
    lease_put(f, "mine");
    fenced_make(f, &unit, "a", "mine");
    for (size_t i = 0; i < 5; i++) {
        fail_order(points[i]);
        assert_int_equal(store_commit(f->store, &unit.unit, NULL), ERR_STORE);
        fail_order(NULL);
        assert_int_equal(read_int(f, "SELECT count(*) FROM trade_order"), 0);
    }
    commit_good(f, &unit.unit);
    assert_int_equal(read_int(f, "SELECT count(*) FROM trade_order"), 1);
}

static void units_of_one_order_key_commit_in_the_order_of_submission(void **state)
{
    struct fixture *f = *state;
    enum { UNITS = 64 };
    static struct sql_value values[UNITS][2];
    static struct step steps[UNITS];
    static struct unit units[UNITS];
    static char numbers[UNITS + 1][8];
    struct gate gate;
    lease_put(f, "0");
    gate_shut(&gate, f);
    for (int i = 0; i <= UNITS; i++)
        snprintf(numbers[i], sizeof(numbers[i]), "%d", i);
    for (int i = 0; i < UNITS; i++) {
        values[i][0] = sql_text(str_of(numbers[i]));
        values[i][1] = sql_text(str_of(numbers[i + 1]));
        steps[i] = (struct step){
            .sql = fence_sql, .values = values[i], .values_len = 2, .rows_expected = 1};
        units[i] = (struct unit){.order_key = 1, .before = &steps[i], .before_len = 1};
        assert_int_equal(store_submit(f->store, &units[i], NULL), ERR_OK);
    }
    gate_open(&gate);
    for (int i = 0; i < UNITS; i++)
        assert_int_equal(store_wait(f->store, &units[i], NULL), ERR_OK);
    assert_string_equal(read_text(f, "SELECT value FROM setting"), "64");
}

static enum err_class put_and_look(struct tx *tx, void *context, struct err *err)
{
    struct fixture *f = context;
    const struct sql_value values[] = {sql_text(STR("a")), sql_text(STR("1"))};
    enum err_class class_ = tx_exec(tx, set_sql, values, 2, NULL, err);
    assert_int_equal(read_int(f, "SELECT count(*) FROM setting"), 0);
    return class_;
}

static void a_reader_sees_only_what_is_committed(void **state)
{
    struct fixture *f = *state;
    struct reader *reader;
    assert_int_equal(store_write(f->store, put_and_look, f, NULL), ERR_OK);
    assert_int_equal(read_int(f, "SELECT count(*) FROM setting"), 1);
    /* A reader that has begun keeps its view. */
    assert_int_equal(store_read(f->store, "SELECT name FROM setting", NULL, 0, &reader, NULL),
                     ERR_OK);
    assert_true(reader_next(reader));
    const struct sql_value values[] = {sql_text(STR("b")), sql_text(STR("2"))};
    struct step step = {.sql = set_sql, .values = values, .values_len = 2, .rows_expected = 1};
    struct unit unit = {.before = &step, .before_len = 1};
    commit_good(f, &unit);
    assert_false(reader_next(reader));
    assert_int_equal(reader_close(reader, NULL), ERR_OK);
    assert_int_equal(read_int(f, "SELECT count(*) FROM setting"), 2);
}

static enum err_class tx_row_count(struct reader *row, void *context, struct err *err)
{
    (void)err;
    *(int64_t *)context += reader_int(row, 0);
    return ERR_OK;
}

static enum err_class put_then_fail(struct tx *tx, void *context, struct err *err)
{
    const struct sql_value values[] = {sql_text(STR("a")), sql_text(STR("1"))};
    enum err_class class_ = tx_exec(tx, set_sql, values, 2, NULL, err);
    if (!class_)
        class_ = tx_query(tx, "SELECT 1 FROM setting UNION ALL SELECT 2", NULL, 0, tx_row_count,
                          context, err);
    return class_ ? class_ : err_set(err, ERR_NOT_FOUND, "nothing", "changed my mind");
}

static void work_that_fails_is_rolled_back(void **state)
{
    struct fixture *f = *state;
    struct err err;
    int64_t sum = 0;
    assert_int_equal(store_write(f->store, put_then_fail, &sum, &err), ERR_NOT_FOUND);
    assert_string_equal(err.code, "nothing");
    assert_int_equal(sum, 3);
    assert_int_equal(read_int(f, "SELECT count(*) FROM setting"), 0);
}

static void a_reject_is_kept_alone_and_counted_again(void **state)
{
    struct fixture *f = *state;
    struct batch *batch = orders_new(f, 1);
    order_add(batch, "good", 1, 100, 200);
    struct reject rejects[] = {
        {.table = STR("trade_order"),
         .key = STR("bad"),
         .id = STR("bad"),
         .field = STR("pay"),
         .code = "money_text",
         .message = STR("no number"),
         .original = STR("first")},
        {.table = STR("trade_order"),
         .code = "field_missing",
         .message = STR("no id"),
         .stream = STR("orders"),
         .from_ms = 1,
         .to_ms = 2},
    };
    for (int64_t now_ms = 1; now_ms <= 2; now_ms++) {
        struct unit unit = unit_of(&batch, 1);
        unit.rejects = rejects;
        unit.rejects_len = 2;
        unit.now_ms = now_ms;
        commit_good(f, &unit);
        rejects[0].original = STR("second");
    }
    assert_int_equal(read_int(f, "SELECT count(*) FROM trade_order"), 1);
    /* A key that is known makes it the same reject; without one nobody can tell. */
#define REJECTED(text)                                                                             \
    "SELECT times || ' ' || seen_ms || ' ' || " text " FROM reject WHERE key_text = 'bad'"
    assert_string_equal(read_text(f, SQL_PER_DATABASE(REJECTED("original"),
                                                      REJECTED("convert_from(original, 'UTF8')"),
                                                      REJECTED("original"))),
                        "2 2 second");
    assert_int_equal(read_int(f, "SELECT count(*) FROM reject WHERE key_text = ''"), 2);
    assert_int_equal(read_int(f, "SELECT count(*) FROM reject WHERE stream = 'orders'"
                                 " AND from_ms = 1 AND to_ms = 2"),
                     2);
}

static void steps_after_know_the_outcome_of_the_rows(void **state)
{
    struct fixture *f = *state;
    struct batch *first = orders_new(f, 3), *second = orders_new(f, 3);
    order_add(first, "same", 1, 100, 200);
    order_add(first, "changed", 1, 100, 200);
    order_add(first, "older", 1, 100, 200);
    struct unit unit = unit_of(&first, 1);
    commit_good(f, &unit);
    order_add(second, "same", 1, 100, 200);
    order_add(second, "changed", 2, 101, 200);
    order_add(second, "older", 2, 99, 200);
    struct batch *third = orders_new(f, 2);
    order_add(third, "new 1", 1, 1, 1);
    order_add(third, "new 2", 1, 1, 1);
    struct sql_value values[] = {sql_outcome(ROW_NEW), sql_outcome(ROW_CHANGED),
                                 sql_outcome(ROW_SAME), sql_outcome(ROW_OLDER)};
    values[1].number = 40; /* counted before */
    struct step after = {.sql = "INSERT INTO setting (name, value)"
                                " VALUES ('outcome', ?1 || ' ' || ?2 || ' ' || ?3 || ' ' || ?4)",
                         .values = values,
                         .values_len = 4,
                         .rows_expected = 1};
    struct batch *both[] = {second, third};
    unit = unit_of(both, 2);
    unit.after = &after;
    unit.after_len = 1;
    commit_good(f, &unit);
    assert_string_equal(read_text(f, "SELECT value FROM setting"), "2 41 1 1");
}

static void what_is_taken_is_a_conflict(void **state)
{
    struct fixture *f = *state;
    const struct sql_value values[] = {sql_text(STR("a")), sql_text(STR("1"))};
    struct step step = {.sql = set_sql, .values = values, .values_len = 2, .rows_expected = 1};
    struct unit unit = {.before = &step, .before_len = 1};
    struct err err;
    commit_good(f, &unit);
    assert_int_equal(store_commit(f->store, &unit, &err), ERR_CONFLICT);
    assert_string_equal(err.code, "store_unique");
    /* What the row must have and has not is our own mistake. */
    step.sql = "INSERT INTO app (platform, name, created_ms) VALUES (?1, NULL, 0)";
    step.values_len = 1;
    assert_int_equal(store_commit(f->store, &unit, &err), ERR_INTERNAL);
    assert_string_equal(err.code, "store_constraint");
}

static void a_reader_too_many_waits_for_one_of_the_others(void **state)
{
    struct fixture *f = *state;
    struct reader *readers[READERS_MAX] = {NULL};
    const size_t readers_len = f->store->ops->readers_max;
    for (size_t i = 0; i < readers_len; i++)
        assert_int_equal(store_read(f->store, "SELECT 1", NULL, 0, &readers[i], NULL), ERR_OK);
    for (size_t i = 0; i < readers_len; i++)
        for (size_t k = 0; k < i; k++)
            assert_ptr_not_equal(readers[i], readers[k]);
    reader_close(readers[2], NULL);
    assert_int_equal(store_read(f->store, "SELECT 1", NULL, 0, &readers[2], NULL), ERR_OK);
    for (size_t i = 0; i < readers_len; i++)
        assert_int_equal(reader_close(readers[i], NULL), ERR_OK);
}

static void a_reader_cannot_write(void **state)
{
    struct fixture *f = *state;
    struct reader *reader;
    struct err err;
    assert_int_equal(store_read(f->store, "DELETE FROM setting", NULL, 0, &reader, NULL), ERR_OK);
    assert_false(reader_next(reader));
    assert_int_equal(reader_close(reader, &err), ERR_STORE);
    assert_string_equal(err.code, "store_io");
}

/* The first run cuts its own connection. */
static enum err_class cut_once(struct tx *tx, void *context, struct err *err)
{
    int *runs = context;
    enum err_class class_ = tx_exec(tx, "INSERT INTO setting (name, value) VALUES ('cut', '1')",
                                    NULL, 0, NULL, err);
    if (class_ || ++*runs > 1)
        return class_;
    static const char cut[] = SQL_PER_DATABASE("", "SELECT pg_terminate_backend(pg_backend_pid())",
                                               "KILL CONNECTION (SELECT connection_id())");
    return tx_exec(tx, cut, NULL, 0, NULL, err);
}

static void a_group_whose_connection_is_cut_runs_again(void **state)
{
    struct fixture *f = *state;
    struct err err;
    int runs = 0;
    if (!server_is_given())
        skip();
    assert_good(store_write(f->store, cut_once, &runs, &err), &err);
    assert_int_equal(runs, 2);
    assert_int_equal(read_int(f, "SELECT count(*) FROM setting WHERE name = 'cut'"), 1);
}

/* --- many threads --- */

enum { THREADS = 8, UNITS_EACH = 40 };

struct lane {
    struct fixture *f;
    pthread_t thread;
    int number;
    int failed;
};

static void *lane_main(void *context)
{
    struct lane *lane = context;
    for (int i = 0; i < UNITS_EACH; i++) {
        char name[32];
        snprintf(name, sizeof(name), "%d/%d", lane->number, i);
        const struct sql_value values[] = {sql_text(str_of(name)), sql_text(STR("x"))};
        struct step step = {.sql = set_sql, .values = values, .values_len = 2, .rows_expected = 1};
        struct unit unit = {.before = &step, .before_len = 1};
        int64_t mine;
        lane->failed += store_commit(lane->f->store, &unit, NULL) != ERR_OK;
        lane->failed += store_read_int(lane->f->store,
                                       "SELECT count(*) FROM setting WHERE name = ?1", values, 1, 0,
                                       &mine, NULL) != ERR_OK;
        lane->failed += mine != 1;
    }
    return NULL;
}

static void many_threads_write_and_read_their_own(void **state)
{
    struct fixture *f = *state;
    struct lane lanes[THREADS];
    for (int i = 0; i < THREADS; i++) {
        lanes[i] = (struct lane){.f = f, .number = i};
        assert_int_equal(pthread_create(&lanes[i].thread, NULL, lane_main, &lanes[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(lanes[i].thread, NULL);
        assert_int_equal(lanes[i].failed, 0);
    }
    assert_int_equal(read_int(f, "SELECT count(*) FROM setting"), THREADS * UNITS_EACH);
}

/* --- apart from the writer --- */

struct side_note {
    int runs;
    bool wrong;
};

static enum err_class side_write(struct tx *tx, void *context, struct err *err)
{
    struct side_note *note = context;
    const struct sql_value values[] = {sql_text(STR("side")), sql_text(STR("1"))};
    note->runs++;
    enum err_class class_ = tx_later(tx, set_sql, values, 2, err);
    return class_ || !note->wrong ? class_ : tx_later(tx, set_sql, values, 2, err);
}

static enum err_class side_open_write(struct fixture *f, struct side_note *note, struct err *err)
{
    struct store_side *side;
    assert_good(store_side_open(f->store, &side, err), err);
    enum err_class class_ = store_side_write(side, side_write, note, err);
    store_side_close(side);
    return class_;
}

/* On SQLite there is one write lock. */
static void what_is_done_apart_does_not_wait_for_the_writer(void **state)
{
    struct fixture *f = *state;
    struct gate gate;
    struct side_note note = {.runs = 0};
    struct err err;
    if (!server_is_given())
        skip();
    gate_shut(&gate, f);
    assert_good(side_open_write(f, &note, &err), &err);
    assert_int_equal(read_int(f, "SELECT count(*) FROM setting WHERE name = 'side'"), 1);
    gate_open(&gate);
}

static void work_apart_that_fails_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct side_note note = {.wrong = true};
    struct err err;
    assert_int_equal(side_open_write(f, &note, &err), ERR_CONFLICT);
    assert_string_equal(err.code, "store_unique");
    assert_int_equal(note.runs, 1);
    assert_int_equal(read_int(f, "SELECT count(*) FROM setting WHERE name = 'side'"), 0);
}

static void work_apart_runs_again_when_its_connection_was_cut(void **state)
{
    struct fixture *f = *state;
    struct side_note note = {.runs = 0};
    struct err err;
    fail_order("store.side.held=error");
    assert_good(side_open_write(f, &note, &err), &err);
    fail_order(NULL);
    assert_int_equal(note.runs, 2);
    assert_int_equal(read_int(f, "SELECT count(*) FROM setting WHERE name = 'side'"), 1);
}

#define READY(test) cmocka_unit_test_setup_teardown(test, fixture_ready, fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        READY(commit_group_with_one_refused_fence),
        READY(failed_commit_fails_every_unit_of_its_group),
        READY(an_error_after_the_commit_leaves_it_committed),
        READY(every_fail_point_of_a_unit_leaves_nothing),
        READY(units_of_one_order_key_commit_in_the_order_of_submission),
        READY(a_reader_sees_only_what_is_committed),
        READY(work_that_fails_is_rolled_back),
        READY(a_reject_is_kept_alone_and_counted_again),
        READY(steps_after_know_the_outcome_of_the_rows),
        READY(what_is_taken_is_a_conflict),
        READY(a_reader_too_many_waits_for_one_of_the_others),
        READY(a_reader_cannot_write),
        READY(a_group_whose_connection_is_cut_runs_again),
        READY(many_threads_write_and_read_their_own),
        READY(what_is_done_apart_does_not_wait_for_the_writer),
        READY(work_apart_that_fails_leaves_nothing),
        READY(work_apart_runs_again_when_its_connection_was_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

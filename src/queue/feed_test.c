/* What happened is read in order, what comes is read once, and what is committed late is not left out. */
#include <pthread.h>

#include "scratch_store.h"

static void exec(struct fixture *f, const char *sql)
{
    struct err err;
    struct step step = {.sql = sql, .rows_expected = -1};
    struct unit unit = {.before = &step, .before_len = 1};
    assert_good(store_commit(f->store, &unit, &err), &err);
}

/* An event of a shop and task, named by its reason. */
static void tell(struct fixture *f, enum event_kind kind, int64_t shop, int64_t task, int64_t at_ms,
                 const char *reason)
{
    struct err err;
    struct event event = {.kind = kind,
                          .shop_id = shop,
                          .task_id = task,
                          .args = {EVENT_TEXT("reason", str_of(reason))}};
    assert_good(event_tell(f->store, &event, at_ms, &err), &err);
}

static void try_add(struct fixture *f, int64_t shop, int64_t task, int64_t ended_ms,
                    const char *result)
{
    struct err err;
    struct step step;
    struct unit unit = {.after = &step, .after_len = 1};
    const struct task done = {.id = task, .lane = shop, .kind = STR("window")};
    struct task_outcome outcome = {.started_ms = ended_ms - 1500, .pages = 2};
    if (strcmp(result, "failed") == 0)
        err_set(&outcome.err, ERR_RETRY, "busy", "it was busy");
    assert_good(queue_step_record(&done, &outcome, result, ended_ms, &f->arena, &step, &err), &err);
    assert_good(store_commit(f->store, &unit, &err), &err);
}

static struct feed *open_(struct fixture *f, struct feed_filter filter)
{
    struct err err;
    struct feed *feed;
    assert_good(feed_open(f->store, &filter, &feed, &err), &err);
    return feed;
}

/* "kind@at kind@at …" */
static const char *read_(struct fixture *f, struct feed *feed)
{
    struct err err;
    struct feed_line *lines;
    struct buf out;
    size_t len;
    buf_init(&out, 1024 * 1024);
    assert_good(feed_read(feed, &f->arena, &lines, &len, &err), &err);
    for (size_t i = 0; i < len; i++)
        buf_printf(&out, "%s%.*s@%lld", i ? " " : "", STR_ARG(lines[i].kind),
                   (long long)lines[i].at_ms);
    struct str text = arena_dup(&f->arena, buf_str(&out));
    buf_fini(&out);
    return text.ptr;
}

static void four(struct fixture *f)
{
    try_add(f, 1, 11, 2000, "done");
    tell(f, EVENT_TASK_DEAD, 1, 11, 3000, "a");
    try_add(f, 2, 12, 4000, "failed");
    tell(f, EVENT_PAUSED, 2, 0, 5000, "b");
}

static void what_is_there_comes_in_the_order_of_time(void **state)
{
    struct fixture *f = *state;
    four(f);
    struct feed *feed = open_(f, (struct feed_filter){.most = 100});
    assert_string_equal(read_(f, feed), "try_done@2000 task_dead@3000 try_failed@4000 paused@5000");
    assert_string_equal(read_(f, feed), "");
    try_add(f, 3, 13, 5900, "cancelled");
    assert_string_equal(read_(f, feed), "task_cancelled@5900");
    feed_close(feed);
    feed = open_(f, (struct feed_filter){.most = 3});
    assert_string_equal(read_(f, feed), "try_failed@4000 paused@5000 task_cancelled@5900");
    feed_close(feed);
    feed = open_(f, (struct feed_filter){.most = 100, .since_ms = 3500});
    assert_string_equal(read_(f, feed), "try_failed@4000 paused@5000 task_cancelled@5900");
    feed_close(feed);
}

/* As another process would: only the position is left of the first one. */
static struct feed *again(struct fixture *f, struct feed *feed)
{
    struct buf position;
    buf_init(&position, FEED_POSITION_BYTES_MAX);
    feed_position(feed, &position);
    assert_false(position.failed);
    feed_close(feed);
    feed = open_(f, (struct feed_filter){.position = buf_str(&position), .deaf = true});
    buf_fini(&position);
    return feed;
}

static void a_position_is_gone_on_from(void **state)
{
    struct fixture *f = *state;
    four(f);
    struct feed *feed = open_(f, (struct feed_filter){.most = 1, .deaf = true});
    assert_string_equal(read_(f, feed), "paused@5000");
    feed = again(f, feed);
    assert_string_equal(read_(f, feed), "");
    try_add(f, 3, 13, 5900, "cancelled");
    feed = again(f, feed);
    tell(f, EVENT_RESUMED, 2, 0, 7000, "c");
    assert_string_equal(read_(f, feed), "task_cancelled@5900 resumed@7000");
    feed = again(f, again(f, feed));
    assert_string_equal(read_(f, feed), "");
    feed_close(feed);
    static const char *const bad[] = {"",        "x",         "e1",        "e1.t",  "e.t1",
                                      "e5:3.t1", "e1:9-2.t1", "e1:3_3.t1", "e-1.t1"};
    for (size_t i = 1; i < sizeof(bad) / sizeof(*bad); i++) {
        struct err err;
        const struct feed_filter filter = {.position = str_of(bad[i]), .deaf = true};
        assert_int_equal(feed_open(f->store, &filter, &feed, &err), ERR_USAGE);
        assert_string_equal(err.code, "feed_position");
    }
}

static void a_filter_leaves_out_what_was_there_and_what_comes(void **state)
{
    struct fixture *f = *state;
    four(f);
    struct feed *shop = open_(f, (struct feed_filter){.most = 9, .shop_id = 2});
    struct feed *task = open_(f, (struct feed_filter){.most = 9, .task_id = 11});
    struct feed *bad = open_(f, (struct feed_filter){.most = 9, .level = EVENT_WARN});
    struct feed *worst = open_(f, (struct feed_filter){.most = 9, .level = EVENT_ERROR});
    assert_string_equal(read_(f, shop), "try_failed@4000 paused@5000");
    assert_string_equal(read_(f, task), "try_done@2000 task_dead@3000");
    assert_string_equal(read_(f, bad), "task_dead@3000 try_failed@4000");
    assert_string_equal(read_(f, worst), "task_dead@3000");
    try_add(f, 3, 13, 5900, "cancelled");
    try_add(f, 2, 11, 6000, "failed");
    tell(f, EVENT_RESUMED, 2, 0, 7000, "c");
    assert_string_equal(read_(f, shop), "try_failed@6000 resumed@7000");
    assert_string_equal(read_(f, task), "try_failed@6000");
    assert_string_equal(read_(f, bad), "try_failed@6000");
    assert_string_equal(read_(f, worst), "");
    feed_close(shop);
    feed_close(task);
    feed_close(bad);
    feed_close(worst);
}

static void a_try_is_told_with_its_figures(void **state)
{
    struct fixture *f = *state;
    struct err err;
    struct feed_line *lines;
    size_t len;
    try_add(f, 2, 12, 4000, "failed");
    struct feed *feed = open_(f, (struct feed_filter){.most = 9});
    assert_good(feed_read(feed, &f->arena, &lines, &len, &err), &err);
    assert_int_equal(len, 1);
    assert_true(lines[0].try_);
    assert_int_equal(lines[0].shop_id, 2);
    assert_int_equal(lines[0].task_id, 12);
    assert_string_equal(lines[0].args.ptr,
                        "{\"kind\":\"window\",\"took\":1500,\"pages\":2,\"new\":0,\"changed\":0,"
                        "\"rejects\":0,\"calls\":0,\"reason\":\"it was busy\"}");
    feed_close(feed);
}

static void a_long_rest_comes_in_parts_and_each_line_once(void **state)
{
    struct fixture *f = *state;
    enum { MANY = FEED_LINES_MAX + 1234 };
    struct err err;
    struct feed_line *lines;
    size_t len, all = 0;
    int64_t last = 0;
    struct feed *feed = open_(f, (struct feed_filter){.most = 9});
    assert_string_equal(read_(f, feed), "");
    char sql[512];
    snprintf(sql, sizeof(sql),
             "INSERT INTO event (at_ms, process, shop_id, stream, task_id, kind, level, args)"
             " WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
             " SELECT i, '', 0, '', 0, 'paused', 1, '{}' FROM n",
             MANY);
    exec(f, sql);
    do {
        assert_good(feed_read(feed, &f->arena, &lines, &len, &err), &err);
        assert_true(len <= FEED_LINES_MAX);
        for (size_t i = 0; i < len; i++) {
            assert_int_equal(lines[i].at_ms, last + 1);
            last = lines[i].at_ms;
        }
        all += len;
    } while (len > 0);
    assert_int_equal(all, MANY);
    feed_close(feed);
}

/* Only a server has more than one transaction at once. */
static void what_is_committed_late_is_not_left_out(void **state)
{
    struct fixture *f = *state;
    if (!server_is_given())
        skip();
    struct server_link late = server_link_open(f->url);
    server_link_do(&late, "BEGIN");
    server_link_do(&late, "INSERT INTO event (at_ms, process, shop_id, stream, task_id, kind,"
                          " level, args) VALUES (1, '', 0, '', 0, 'resumed', 1, '{}')");
    tell(f, EVENT_PAUSED, 0, 0, 2, "in time");
    struct feed *feed = open_(f, (struct feed_filter){.most = 9});
    assert_string_equal(read_(f, feed), "paused@2");
    tell(f, EVENT_PAUSED, 0, 0, 3, "in time");
    assert_string_equal(read_(f, feed), "paused@3");
    server_link_do(&late, "COMMIT");
    assert_string_equal(read_(f, feed), "resumed@1");
    assert_string_equal(read_(f, feed), "");
    server_link_close(&late);
    feed_close(feed);
}

static void *tell_later(void *context)
{
    struct timespec moment = {.tv_nsec = 50 * 1000 * 1000};
    nanosleep(&moment, NULL);
    tell(context, EVENT_PAUSED, 0, 0, 1, "now");
    return NULL;
}

static void who_waits_hears_it_at_once(void **state)
{
    struct fixture *f = *state;
    static volatile bool stop;
    pthread_t thread;
    struct feed *feed = open_(f, (struct feed_filter){.most = 9});
    assert_string_equal(read_(f, feed), "");
    pthread_create(&thread, NULL, tell_later, f);
    const char *seen = "";
    int64_t from_ns = clock_monotonic_ns();
    /* A listening connection that has just begun wakes too. */
    while (!*seen && clock_monotonic_ns() - from_ns < INT64_C(10000000000)) {
        assert_true(feed_wait(feed, &stop));
        seen = read_(f, feed);
    }
    int64_t took_ms = (clock_monotonic_ns() - from_ns) / 1000000;
    pthread_join(thread, NULL);
    assert_string_equal(seen, "paused@1");
    assert_true(took_ms < FEED_POLL_MS);
    stop = true;
    assert_false(feed_wait(feed, &stop));
    feed_close(feed);
}

int main(void)
{
#define READY(test) cmocka_unit_test_setup_teardown(test, scratch_ready, scratch_end)
    const struct CMUnitTest tests[] = {
        READY(what_is_there_comes_in_the_order_of_time),
        READY(a_position_is_gone_on_from),
        READY(a_filter_leaves_out_what_was_there_and_what_comes),
        READY(a_try_is_told_with_its_figures),
        READY(a_long_rest_comes_in_parts_and_each_line_once),
        READY(what_is_committed_late_is_not_left_out),
        READY(who_waits_hears_it_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

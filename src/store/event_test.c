/* Events are written with what caused them or not at all, who listens hears of it, old ones go; and the pool of
 * readers is as large as somebody wants it. */
#include <poll.h>
#include <stdatomic.h>

#include "store/fixture.h"

static struct event dead(int64_t task, const char *why)
{
    return (struct event){.kind = EVENT_TASK_DEAD,
                          .shop_id = 7,
                          .task_id = task,
                          .stream = STR("orders"),
                          .args = {EVENT_TEXT("kind", STR("window")), EVENT_NUMBER("from_ms", -5),
                                   EVENT_TEXT("reason", str_of(why))}};
}

static void tell(struct fixture *f, int64_t task, int64_t at_ms)
{
    struct err err;
    struct event event = dead(task, "x");
    assert_good(event_tell(f->store, &event, at_ms, &err), &err);
}

static int64_t events(struct fixture *f)
{
    return read_int(f, "SELECT count(*) FROM event");
}

static void an_event_is_kept_as_it_was_said(void **state)
{
    struct fixture *f = *state;
    struct err err;
    struct event event = dead(12, "a \"b\"\nc");
    struct store_options options = fixture_options(f);
    store_close(f->store);
    options.process = STR("run:host:1");
    assert_good(store_open(&options, &f->store, &err), &err);
    assert_good(event_tell(f->store, &event, 1000, &err), &err);
    assert_string_equal(read_text(f, "SELECT process FROM event"), "run:host:1");
    assert_string_equal(read_text(f, "SELECT stream FROM event"), "orders");
    assert_string_equal(read_text(f, "SELECT kind FROM event"), "task_dead");
    assert_string_equal(read_text(f, "SELECT args FROM event"),
                        "{\"kind\":\"window\",\"from_ms\":-5,\"reason\":\"a \\\"b\\\"\\nc\"}");
    assert_int_equal(read_int(f, "SELECT level FROM event WHERE at_ms = 1000 AND shop_id = 7"
                                 " AND task_id = 12"),
                     EVENT_ERROR);
}

static void words_and_kinds_are_one_to_one(void **state)
{
    (void)state;
    for (enum event_kind kind = 0; kind < EVENT_KINDS_LEN; kind++)
        assert_int_equal(event_kind_of(event_word(kind)), kind);
    assert_int_equal(event_kind_of(STR("of tomorrow")), EVENT_KINDS_LEN);
}

struct heard {
    atomic_uint topics, times;
};

static void on_heard(void *context, unsigned topics)
{
    struct heard *heard = context;
    atomic_fetch_or(&heard->topics, topics);
    atomic_fetch_add(&heard->times, 1);
}

static void what_is_undone_is_not_said(void **state)
{
    struct fixture *f = *state;
    struct err err;
    struct heard heard = {0};
    struct ear *ear;
    struct event event = dead(1, "x");
    struct step steps[2] = {{.sql = "DELETE FROM setting", .rows_expected = 1}};
    assert_good(event_step(f->store, &event, 1, &f->arena, &steps[1], &err), &err);
    /* The fence is not met: the event, which stands before it, is undone too. */
    const struct step turned[] = {steps[1], steps[0]};
    struct unit unit = {.before = turned, .before_len = 2};
    assert_good(ear_open(f->store, TOPIC_EVENT, on_heard, &heard, &ear, &err), &err);
    unsigned before = atomic_load(&heard.times); /* a listening connection may have told to look */
    assert_int_equal(store_commit(f->store, &unit, &err), ERR_CONFLICT);
    assert_int_equal(events(f), 0);
    if (!server_is_postgres())
        assert_int_equal(atomic_load(&heard.times), before);
    const struct step good[] = {steps[1]};
    unit = (struct unit){.before = good, .before_len = 1};
    assert_good(store_commit(f->store, &unit, &err), &err);
    assert_int_equal(events(f), 1);
    assert_true(atomic_load(&heard.topics) & TOPIC_EVENT);
    ear_close(ear);
}

static void an_ear_hears_only_its_topics(void **state)
{
    struct fixture *f = *state;
    struct err err;
    struct heard heard = {0};
    struct ear *ear;
    if (server_is_postgres())
        skip(); /* a connection that begins to listen tells everybody to look */
    assert_good(ear_open(f->store, TOPIC_TASK, on_heard, &heard, &ear, &err), &err);
    tell(f, 1, 1);
    assert_int_equal(atomic_load(&heard.times), 0);
    assert_good(store_say(f->store, TOPIC_TASK, &err), &err);
    assert_int_equal(atomic_load(&heard.times), 1);
    ear_close(ear);
    assert_good(store_say(f->store, TOPIC_TASK, &err), &err);
    assert_int_equal(atomic_load(&heard.times), 1);
}

static bool soon(atomic_uint *number, unsigned least)
{
    for (int i = 0; i < 500 && atomic_load(number) < least; i++)
        poll(NULL, 0, 10);
    return atomic_load(number) >= least;
}

/* The word comes in milliseconds; the test only wants it to come. */
static void a_server_passes_on_what_other_processes_say(void **state)
{
    struct fixture *f = *state;
    struct err err;
    struct heard heard = {0};
    struct ear *ear;
    struct store *other;
    struct store_options options = fixture_options(f);
    if (!server_is_postgres())
        skip(); /* elsewhere nothing is heard */
    assert_good(store_open(&options, &other, &err), &err);
    assert_good(ear_open(f->store, TOPIC_EVENT, on_heard, &heard, &ear, &err), &err);
    assert_true(soon(&heard.times, 1)); /* it has begun to listen */
    assert_true(ear_hears_others(ear));
    unsigned before = atomic_load(&heard.times);
    struct event event = dead(1, "x");
    assert_good(event_tell(other, &event, 1, &err), &err);
    assert_true(soon(&heard.times, before + 1));
    /* Cut off, it comes back and has everybody look. */
    before = atomic_load(&heard.times);
    assert_true(read_int(f, "SELECT count(*) FROM (SELECT pg_terminate_backend(pid) FROM"
                            " pg_stat_activity WHERE query LIKE 'LISTEN%') AS gone") > 0);
    assert_true(soon(&heard.times, before + 1));
    before = atomic_load(&heard.times);
    assert_good(event_tell(other, &event, 1, &err), &err);
    assert_true(soon(&heard.times, before + 1));
    ear_close(ear);
    store_close(other);
}

static void old_events_go_and_so_do_too_many(void **state)
{
    struct fixture *f = *state;
    struct err err;
    int64_t gone = -1;
    for (int64_t i = 1; i <= 10; i++)
        tell(f, i, i * 100);
    assert_good(events_prune(f->store, 400, 100, &gone, &err), &err);
    assert_int_equal(gone, 3);
    assert_int_equal(read_int(f, "SELECT min(at_ms) FROM event"), 400);
    assert_good(events_prune(f->store, 0, 2, &gone, &err), &err);
    assert_int_equal(gone, 5);
    assert_int_equal(read_int(f, "SELECT min(task_id) FROM event"), 9);
    assert_good(events_prune(f->store, 0, 2, &gone, &err), &err);
    assert_int_equal(gone, 0);
}

static void the_pool_is_as_large_as_it_is_wanted(void **state)
{
    struct fixture *f = *state;
    struct err err;
    struct reader *one, *two, *three;
    struct store_options options = fixture_options(f);
    unsigned usual = store_connections(f->store);
    store_close(f->store);
    options.readers = 2;
    options.reader_wait_ms = 1;
    assert_good(store_open(&options, &f->store, &err), &err);
    assert_int_equal(store_connections(f->store), 2 + store_connections_beside());
    assert_true(usual > store_connections(f->store));
    assert_good(store_read(f->store, "SELECT 1", NULL, 0, &one, &err), &err);
    assert_good(store_read(f->store, "SELECT 1", NULL, 0, &two, &err), &err);
    assert_int_equal(store_read(f->store, "SELECT 1", NULL, 0, &three, &err), ERR_STORE);
    assert_string_equal(err.code, "store_busy");
    assert_good(reader_close(one, &err), &err);
    assert_good(store_read(f->store, "SELECT 1", NULL, 0, &three, &err), &err);
    reader_close(two, NULL);
    reader_close(three, NULL);
}

static void reopen(struct fixture *f, int64_t age_ms, int64_t idle_ms)
{
    struct err err;
    struct store_options options = fixture_options(f);
    store_close(f->store);
    options.reader_age_ms = age_ms;
    options.reader_idle_ms = idle_ms;
    assert_good(store_open(&options, &f->store, &err), &err);
}

static int64_t backend(struct fixture *f)
{
    return read_int(f, SQL_PER_DATABASE("", "SELECT pg_backend_pid()", "SELECT connection_id()"));
}

static void readers_are_opened_anew_and_asked_whether_they_live(void **state)
{
    struct fixture *f = *state;
    char sql[96];
    if (!server_is_given())
        skip();
    reopen(f, INT64_MAX, INT64_MAX);
    int64_t first = backend(f);
    assert_int_equal(backend(f), first);
    reopen(f, 1, INT64_MAX);
    first = backend(f);
    poll(NULL, 0, 20);
    assert_int_not_equal(backend(f), first);
    /* One that was cut while it stood idle is found before a question needs it. */
    reopen(f, INT64_MAX, 1);
    first = backend(f);
    struct store_options options = fixture_options(f);
    struct store *other;
    struct err err;
    int64_t out;
    assert_good(store_open(&options, &other, &err), &err);
    snprintf(sql, sizeof(sql),
             server_is_mariadb() ? "KILL CONNECTION %lld"
                                 : "SELECT count(pg_terminate_backend(%lld))",
             (long long)first);
    assert_good(store_read_int(other, sql, NULL, 0, 0, &out, &err), &err);
    store_close(other);
    poll(NULL, 0, 20);
    assert_int_not_equal(backend(f), first);
}

static void the_server_says_how_many_connections_there_may_be(void **state)
{
    struct fixture *f = *state;
    struct err err;
    int64_t allowed = 0;
    assert_good(store_connections_allowed(f->store, &allowed, &err), &err);
    if (!server_is_given()) {
        assert_true(allowed == INT64_MAX);
        return;
    }
    int64_t server = read_int(
        f, SQL_PER_DATABASE("",
                            "SELECT (SELECT setting FROM pg_settings WHERE name ="
                            " 'max_connections')::bigint - (SELECT setting FROM pg_settings"
                            " WHERE name = 'superuser_reserved_connections')::bigint",
                            "SELECT @@max_connections"));
    assert_int_equal(allowed, server);
    const struct step fewer = {
        .sql = SQL_PER_DATABASE("", "ALTER ROLE CURRENT_USER CONNECTION LIMIT 17",
                                "ALTER USER CURRENT_USER() WITH MAX_USER_CONNECTIONS 17"),
        .rows_expected = -1};
    const struct step any = {
        .sql = SQL_PER_DATABASE("", "ALTER ROLE CURRENT_USER CONNECTION LIMIT -1",
                                "ALTER USER CURRENT_USER() WITH MAX_USER_CONNECTIONS 0"),
        .rows_expected = -1};
    struct unit unit = {.before = &fewer, .before_len = 1};
    commit_good(f, &unit);
    enum err_class class_ = store_connections_allowed(f->store, &allowed, &err);
    unit = (struct unit){.before = &any, .before_len = 1};
    commit_good(f, &unit);
    assert_good(class_, &err);
    assert_int_equal(allowed, 17);
}

int main(void)
{
#define READY(test) cmocka_unit_test_setup_teardown(test, fixture_ready, fixture_end)
    const struct CMUnitTest tests[] = {
        READY(an_event_is_kept_as_it_was_said),
        cmocka_unit_test(words_and_kinds_are_one_to_one),
        READY(what_is_undone_is_not_said),
        READY(an_ear_hears_only_its_topics),
        READY(a_server_passes_on_what_other_processes_say),
        READY(old_events_go_and_so_do_too_many),
        READY(the_pool_is_as_large_as_it_is_wanted),
        READY(readers_are_opened_anew_and_asked_whether_they_live),
        READY(the_server_says_how_many_connections_there_may_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

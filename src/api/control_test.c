/* Routes about syncs, tasks, rejects, shops and personal data, over stored rows; on SQLite and, where
 * HUILIU_TEST_STORE says so, on a server. */
#include "api/api_fixture.h"

#define API "/api/v1/"

static int64_t now;

static void sql(struct api_fixture *f, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void sql(struct api_fixture *f, const char *format, ...)
{
    char *text = arena_alloc(&f->arena, 2048);
    va_list args;
    va_start(args, format);
    vsnprintf(text, 2048, format, args);
    va_end(args);
    api_exec(f, text, NULL, 0);
}

static int64_t count(struct api_fixture *f, const char *text)
{
    struct err err;
    int64_t out;
    api_good(store_read_int(f->store, text, NULL, 0, -1, &out, &err), &err);
    return out;
}

static struct answer get(struct api_fixture *f, const char *path, const char *query)
{
    struct answer answer = api_ask(f, "GET", path, query, NULL);
    if (answer.status != 200)
        fail_msg("%s?%s: %u %.*s", path, query, answer.status, STR_ARG(answer.body));
    return answer;
}

/* From now on he sees shop beta alone. */
static void only_beta(struct api_fixture *f)
{
    static const int64_t shops[] = {FIXTURE_BETA};
    f->person.all_shops = false;
    f->person.shops = shops;
    f->person.shops_len = 1;
}

/* --- syncs --- */

struct adding {
    struct sync_run run;
};

static enum err_class add_work(struct tx *tx, void *context, struct err *err)
{
    return sync_run_add(tx, &((const struct adding *)context)->run, now, err);
}

static void run_add(struct api_fixture *f, const char *id, const char *mode, size_t shops_len)
{
    static const struct sync_run_shop shops[] = {
        {.shop_id = FIXTURE_ALPHA, .streams = {"[\"ad_orders\"]", 13}},
        {.shop_id = FIXTURE_BETA, .streams = {"[\"ad_orders\"]", 13}},
    };
    struct err err;
    struct adding adding = {.run = {.id = str_of(id),
                                    .mode = str_of(mode),
                                    .asked_by = STR("boss"),
                                    .wish = STR("{}"),
                                    .shops = shops,
                                    .shops_len = shops_len}};
    api_good(store_write(f->store, add_work, &adding, &err), &err);
}

static void task_add(struct api_fixture *f, int64_t id, int64_t lane, const char *run,
                     const char *state, int64_t lease_ms, int64_t ready_ms)
{
    sql(f,
        "INSERT INTO task (id, lane, class, kind, unique_key, payload, run, state, ready_ms, worker, lease, lease_ms,"
        " unit_number, attempt, error, created_ms, changed_ms) VALUES (%lld, %lld, 1, 'window', 'k%lld', '{}', '%s',"
        " '%s', %lld, '', '', %lld, 0, 1, 'forbidden: no', %lld, %lld)",
        (long long)id, (long long)lane, (long long)id, run, state, (long long)ready_ms,
        (long long)lease_ms, (long long)now, (long long)now);
}

static void try_add(struct api_fixture *f, int64_t lane, const char *run, const char *result)
{
    sql(f,
        "INSERT INTO execution (task_id, lane, kind, stream, started_ms, ended_ms, result, pages, calls, rejects,"
        " rows_new, rows_changed, rows_same, rows_older, run) VALUES (1, %lld, 'window', 'ad_orders', %lld, %lld,"
        " '%s', 3, 4, 0, 5, 0, 0, 0, '%s')",
        (long long)lane, (long long)now, (long long)now + 10, result, run);
}

static void worker_lives(struct api_fixture *f)
{
    sql(f,
        "INSERT INTO worker (name, host, pid, version, threads, busy, degraded, started_ms, beat_ms)"
        " VALUES ('w', 'h', 1, 'v', 4, 0, 0, 1, %lld)",
        (long long)now);
}

static void state_is(struct api_fixture *f, const char *state, const char *wait)
{
    struct answer a = get(f, API "syncs/r1", "");
    if (strcmp(answer_text(&a, "state"), state) != 0 ||
        strcmp(answer_text(&a, "waits_for.what"), wait) != 0)
        fail_msg("%s (%s), not %s (%s)", answer_text(&a, "state"),
                 answer_text(&a, "waits_for.what"), state, wait);
}

/* Rows that `huiliu sync` wrote, and was killed before its tasks. */
static void a_sync_that_was_never_asked_is_not_done(void **state)
{
    struct api_fixture *f = *state;
    now = clock_now_ms();
    run_add(f, "r1", "incremental", 2);
    sql(f, "UPDATE sync_run SET planned_ms = NULL");
    state_is(f, "waiting", "turn");
    try_add(f, FIXTURE_ALPHA, "r1", "done");
    sql(f, "UPDATE sync_run SET asked_ms = asked_ms - %d", SYNC_PLANS_WITHIN_MS + 1);
    state_is(f, "failed", "(absent)");
    struct answer a = get(f, API "syncs/r1", "");
    assert_string_equal(answer_text(&a, "shops.0.state"), "done");
    assert_string_equal(answer_text(&a, "shops.1.state"), "failed");
    assert_string_equal(answer_text(&a, "shops.1.troubles.0.code"), "sync_unasked");
    api_good(sync_run_planned(f->store, STR("r1"), now, &(struct err){0}), &(struct err){0});
    state_is(f, "done", "(absent)");
}

static void a_syncs_state_is_what_its_rows_say(void **state)
{
    struct api_fixture *f = *state;
    now = clock_now_ms();
    run_add(f, "r1", "incremental", 1);
    state_is(f, "done", "(absent)");
    task_add(f, 7, FIXTURE_ALPHA, "r1", "ready", 0, now);
    state_is(f, "waiting", "nobody_works");
    worker_lives(f);
    state_is(f, "waiting", "turn");
    sql(f, "UPDATE task SET ready_ms = %lld", (long long)now + 3600000);
    state_is(f, "waiting", "time");
    sql(f, "INSERT INTO hold (scope, name, lane, since_ms) VALUES ('lane', '1', 1, 1)");
    state_is(f, "waiting", "paused");
    sql(f, "DELETE FROM hold");
    sql(f, "UPDATE task SET state = 'running', lease_ms = %lld", (long long)now + 60000);
    state_is(f, "running", "(absent)");
    /* Whoever had it is dead. */
    sql(f, "UPDATE task SET lease_ms = %lld", (long long)now - 1);
    sql(f, "DELETE FROM worker");
    state_is(f, "waiting", "nobody_works");
    sql(f, "UPDATE task SET state = 'dead'");
    state_is(f, "failed", "(absent)");
    struct answer a = get(f, API "syncs/r1", "");
    assert_string_equal(answer_text(&a, "shops.0.troubles.0.task"), "7");
    sql(f, "DELETE FROM task");
    try_add(f, FIXTURE_ALPHA, "r1", "done");
    sql(f,
        "INSERT INTO sync_window (shop_id, stream, kind, from_ms, to_ms, state, reason, closed_ms) VALUES"
        " (1, 'ad_orders', 'audit', 1, 2, 'unproved', 'the total changed', %lld),"
        " (1, 'ad_orders', 'audit', 3, 4, 'sealed', NULL, %lld),"
        " (1, 'videos', 'audit', 3, 4, 'unproved', 'another stream', %lld)",
        (long long)now + 5, (long long)now + 5, (long long)now + 5);
    state_is(f, "unproved", "(absent)");
    a = get(f, API "syncs/r1", "");
    assert_string_equal(answer_text(&a, "counts.windows_sealed"), "1");
    assert_string_equal(answer_text(&a, "counts.windows_unproved"), "1");
    assert_string_equal(answer_text(&a, "counts.rows_new"), "5");
    assert_string_equal(answer_text(&a, "shops.0.troubles.0.error"), "the total changed");
    assert_string_equal(answer_text(&a, "percent"), "100");
}

static void what_a_later_sync_took_over_goes_as_that_one_goes(void **state)
{
    struct api_fixture *f = *state;
    now = clock_now_ms();
    worker_lives(f);
    run_add(f, "r1", "incremental", 2);
    task_add(f, 1, FIXTURE_ALPHA, "r1", "ready", 0, now);
    run_add(f, "r2", "range", 1);
    sql(f, "UPDATE task SET run = 'r2'");
    struct answer a = get(f, API "syncs/r1", "");
    assert_string_equal(answer_text(&a, "state"), "waiting");
    assert_string_equal(answer_text(&a, "shops.0.continued_by"), "r2");
    assert_string_equal(answer_text(&a, "shops.1.state"), "done");
    sql(f, "DELETE FROM task");
    a = get(f, API "syncs/r1", "");
    assert_string_equal(answer_text(&a, "state"), "done");
}

static void syncs_are_listed_page_by_page_and_by_shop(void **state)
{
    struct api_fixture *f = *state;
    char query[300];
    now = clock_now_ms();
    run_add(f, "r1", "incremental", 2);
    run_add(f, "r2", "full", 1);
    now += 5;
    run_add(f, "r3", "full", 1);
    struct answer a = get(f, API "syncs", "limit=2");
    assert_string_equal(answer_text(&a, "items.0.id"), "r3");
    assert_string_equal(answer_text(&a, "items.1.id"), "r2");
    snprintf(query, sizeof(query), "limit=2&cursor=%s", answer_text(&a, "next"));
    a = get(f, API "syncs", query);
    assert_string_equal(answer_text(&a, "items.0.id"), "r1");
    assert_string_equal(answer_text(&a, "next"), "(null)");
    a = get(f, API "syncs", "limit=2&page=2");
    assert_string_equal(answer_text(&a, "items.0.id"), "r1");
    assert_string_equal(answer_text(&a, "total"), "3");
    a = get(f, API "syncs", "mode=full&asked_by=boss&from=2020-01-01T00:00:00Z");
    assert_string_equal(answer_text(&a, "items.1.id"), "r2");
    assert_string_equal(answer_text(&a, "items.2.id"), "(absent)");
    a = get(f, API "syncs/latest", "");
    assert_string_equal(answer_text(&a, "id"), "r3");
    only_beta(f);
    a = get(f, API "syncs", "");
    assert_string_equal(answer_text(&a, "items.0.id"), "r1");
    assert_string_equal(answer_text(&a, "items.1.id"), "(absent)");
    a = api_ask(f, "GET", API "syncs/r3", "", NULL);
    answer_refuses(&a, 404, "sync_unknown");
    a = api_ask(f, "GET", API "syncs", "cursor=x", NULL);
    answer_refuses(&a, 400, "cursor_foreign");
    a = api_ask(f, "DELETE", API "syncs/r1", "", NULL);
    answer_refuses(&a, 409, "sync_over");
}

static void a_sync_of_others_too_is_not_his_to_take_back(void **state)
{
    struct api_fixture *f = *state;
    now = clock_now_ms();
    run_add(f, "r1", "incremental", 2);
    task_add(f, 1, FIXTURE_BETA, "r1", "ready", 0, now);
    task_add(f, 2, FIXTURE_ALPHA, "r1", "running", now + 60000, now);
    task_add(f, 3, FIXTURE_ALPHA, "other", "ready", 0, now);
    f->person.all_shops = true;
    struct person boss = f->person;
    only_beta(f);
    struct answer a = api_ask(f, "DELETE", API "syncs/r1", "", NULL);
    answer_refuses(&a, 403, "sync_of_others");
    f->person = boss;
    a = api_ask(f, "DELETE", API "syncs/r1", "", NULL);
    assert_int_equal(a.status, 200);
    assert_int_equal(count(f, "SELECT count(*) FROM task WHERE run = 'r1'"), 1);
    assert_int_equal(count(f, "SELECT count(*) FROM task WHERE stop_ms IS NOT NULL"), 1);
    assert_int_equal(count(f, "SELECT count(*) FROM task WHERE run = 'other'"), 1);
    assert_int_equal(count(f, "SELECT count(*) FROM audit WHERE action = 'sync.cancel'"), 1);
    int64_t gone;
    struct err err;
    api_good(sync_runs_prune(f->store, now + 1000, &gone, &err), &err);
    assert_int_equal(gone, 1);
    assert_int_equal(count(f, "SELECT count(*) FROM sync_run_shop"), 0);
}

/* --- tasks and rejects --- */

static void tasks_come_page_by_page(void **state)
{
    struct api_fixture *f = *state;
    char query[300];
    now = clock_now_ms();
    for (int64_t i = 1; i <= 5; i++)
        task_add(f, i, i % 2 ? FIXTURE_ALPHA : FIXTURE_BETA, "", i == 5 ? "dead" : "ready", 0, now);
    struct answer a = get(f, API "tasks", "limit=2");
    assert_string_equal(answer_text(&a, "items.0.id"), "5");
    for (int pages = 1; pages < 3; pages++) {
        snprintf(query, sizeof(query), "limit=2&cursor=%s", answer_text(&a, "next"));
        a = get(f, API "tasks", query);
    }
    assert_string_equal(answer_text(&a, "items.0.id"), "1");
    assert_string_equal(answer_text(&a, "next"), "(null)");
    a = get(f, API "tasks", "limit=2&page=2&sort=id");
    assert_string_equal(answer_text(&a, "items.0.id"), "3");
    assert_string_equal(answer_text(&a, "total"), "5");
    a = api_ask(f, "GET", API "tasks", "cursor=2", NULL);
    answer_refuses(&a, 400, "cursor_foreign");
    a = api_ask(f, "GET", API "tasks", "sort=payload", NULL);
    answer_refuses(&a, 400, "sort_unknown");
    a = get(f, API "tasks", "state=dead&kind=window");
    assert_string_equal(answer_text(&a, "items.0.error"), "forbidden: no");
    a = get(f, API "tasks", "shop=beta");
    assert_string_equal(answer_text(&a, "items.1.id"), "2");
    assert_string_equal(answer_text(&a, "items.2.id"), "(absent)");
    a = get(f, API "tasks/depth", "");
    assert_string_equal(answer_text(&a, "classes.0.ready"), "4");
    try_add(f, FIXTURE_ALPHA, "r", "failed");
    a = get(f, API "tasks/1", "");
    assert_string_equal(answer_text(&a, "tries.0.result"), "failed");
    only_beta(f);
    a = api_ask(f, "GET", API "tasks/1", "", NULL);
    answer_refuses(&a, 404, "absent");
    a = api_ask(f, "DELETE", API "tasks/1", "", "{}");
    answer_refuses(&a, 404, "absent");
    a = api_ask(f, "POST", API "tasks/2/retry", "", "{}");
    answer_refuses(&a, 409, "task_not_dead");
    a = api_ask(f, "DELETE", API "tasks/2", "", NULL);
    assert_string_equal(answer_text(&a, "gone"), "true");
}

/* Work is due and nobody does it: a process that is meant to work is not ready, one that only serves is. */
static void a_process_that_should_work_and_does_not_is_not_ready(void **state)
{
    struct api_fixture *f = *state;
    now = clock_now_ms();
    struct answer a = get(f, API "ready", "");
    assert_string_equal(answer_text(&a, "status"), "ready");
    task_add(f, 1, FIXTURE_ALPHA, "", "ready", 0, now - 91000);
    a = get(f, API "ready", "");
    assert_string_equal(answer_text(&a, "status"), "ready");
    f->host.works = true;
    a = api_ask(f, "GET", API "ready", "", NULL);
    assert_int_equal(a.status, 503);
    assert_string_equal(answer_text(&a, "status"), "nobody_works");
    sql(f, "UPDATE task SET ready_ms = %lld", (long long)now - 80000);
    a = get(f, API "ready", "");
    assert_string_equal(answer_text(&a, "status"), "ready");
    f->host.works = false;
}

static void rejects_are_shown_without_their_record(void **state)
{
    struct api_fixture *f = *state;
    for (int i = 1; i <= 3; i++)
        sql(f,
            "INSERT INTO reject (id, shop_id, table_name, key_text, id_text, field, code, message, stream, from_ms,"
            " to_ms, seen_ms, times) VALUES (%d, %d, 'ad_order', 'o%d', 'o%d', 'budget', 'money', 'no amount',"
            " 'ad_orders', 1, 2, 3, 1)",
            i, i == 3 ? 2 : 1, i, i);
    struct answer a = get(f, API "rejects", "stream=ad_orders&code=money&limit=1");
    assert_string_equal(answer_text(&a, "items.0.key"), "o3");
    assert_string_equal(answer_text(&a, "items.0.replayable"), "false");
    a = get(f, API "rejects", "limit=1&page=3");
    assert_string_equal(answer_text(&a, "items.0.key"), "o1");
    assert_string_equal(answer_text(&a, "total"), "3");
    only_beta(f);
    a = api_ask(f, "GET", API "rejects/1", "", NULL);
    answer_refuses(&a, 404, "absent");
    a = get(f, API "rejects/3", "");
    assert_string_equal(answer_text(&a, "reason"), "no amount");
    a = get(f, API "attention", "");
    assert_string_equal(answer_text(&a, "items.0.kind"), "nobody_works");
    assert_string_equal(answer_text(&a, "items.1.kind"), "rejects");
    assert_string_equal(answer_text(&a, "items.1.number"), "1");
}

/* --- platforms --- */

static void try_put(struct api_fixture *f, int shop, int64_t before_ms, const char *result,
                    int calls)
{
    sql(f,
        "INSERT INTO execution (task_id, lane, kind, started_ms, ended_ms, result, pages, rejects, calls)"
        " VALUES (1, %d, 'window', %lld, %lld, '%s', 1, 0, %d)",
        shop, (long long)(now - before_ms), (long long)(now - before_ms + 5), result, calls);
}

static void breaker_put(struct api_fixture *f, int shop, const char *kind, const char *name)
{
    sql(f,
        "INSERT INTO event (at_ms, process, shop_id, stream, task_id, kind, level, args) VALUES (%lld, 'p', %d,"
        " '', 0, '%s', 2, '{\"name\":\"%s\",\"reason\":\"it said 500\"}')",
        (long long)now, shop, kind, name);
}

static void a_platform_tells_how_it_answered(void **state)
{
    struct api_fixture *f = *state;
    now = clock_now_ms();
    try_put(f, 1, 1000, "done", 10);
    try_put(f, 1, 2000, "failed", 2);
    try_put(f, 1, 3000, "again", 1);
    try_put(f, 2, 4000, "done", 5);
    try_put(f, 1, 2 * 3600000, "dead", 7);
    try_put(f, 1, 25 * 3600000, "dead", 100);
    breaker_put(f, 0, "breaker_opened", "promo");
    breaker_put(f, 0, "breaker_closed", "promo");
    breaker_put(f, 1, "breaker_opened", "promo/shop:1");
    breaker_put(f, 0, "breaker_opened", "promotion");
    sql(f, "INSERT INTO hold (scope, name, lane, since_ms) VALUES ('platform', 'promo', 0, 7000)");
    struct answer a = get(f, API "platforms/work", "");
    assert_string_equal(answer_text(&a, "items.0.platform"), "promo");
    assert_string_equal(answer_text(&a, "items.0.shops_enabled"), "2");
    assert_string_equal(answer_text(&a, "items.0.hour.tries"), "4");
    assert_string_equal(answer_text(&a, "items.0.hour.failed"), "1");
    assert_string_equal(answer_text(&a, "items.0.hour.failed_share"), "0.2500");
    assert_string_equal(answer_text(&a, "items.0.hour.calls"), "18");
    assert_string_equal(answer_text(&a, "items.0.day.tries"), "5");
    assert_string_equal(answer_text(&a, "items.0.day.calls"), "25");
    assert_string_equal(answer_text(&a, "items.0.paused_since"), "1970-01-01T00:00:07.000Z");
    assert_string_equal(answer_text(&a, "items.0.breakers.0.name"), "promo/shop:1");
    assert_string_equal(answer_text(&a, "items.0.breakers.0.reason"), "it said 500");
    assert_string_equal(answer_text(&a, "items.0.breakers.1"), "(absent)");
    only_beta(f);
    a = get(f, API "platforms/work", "");
    assert_string_equal(answer_text(&a, "items.0.hour.calls"), "5");
    assert_string_equal(answer_text(&a, "items.0.breakers.0"), "(absent)");
    f->person.all_shops = true;
}

static void a_budget_tells_the_limit_that_holds(void **state)
{
    struct api_fixture *f = *state;
    sql(f, "INSERT INTO budget (name, calls, per_ms, burst) VALUES ('promo/api', 5, 1000, 2)");
    sql(f,
        "INSERT INTO budget (name, rate_milli, tokens_milli, blocked_ms, taken, refused, told_ms) VALUES"
        " ('promo/app:3/api', 2500, 1500, 0, 40, 1, 9), ('promo/app:3/other', 1, 1, 0, 1, 0, 9)");
    struct answer a = get(f, API "budgets", "");
    assert_string_equal(answer_text(&a, "items.0.taken"), "(null)");
    assert_string_equal(answer_text(&a, "items.1.name"), "promo/app:3/api");
    assert_string_equal(answer_text(&a, "items.1.calls"), "5");
    assert_string_equal(answer_text(&a, "items.1.set_by_person"), "true");
    assert_string_equal(answer_text(&a, "items.1.rate_share"), "0.5000");
    assert_string_equal(answer_text(&a, "items.1.taken"), "40");
    assert_string_equal(answer_text(&a, "items.2.calls"), "(null)");
    assert_string_equal(answer_text(&a, "items.2.rate_share"), "(null)");
}

/* --- shops, schedules, what needs a person --- */

static void budgets_of_others_are_hidden(struct api_fixture *f)
{
    only_beta(f);
    struct answer a = get(f, API "budgets", "");
    assert_true(str_find(a.body, STR("shop:1")) == SIZE_MAX);
    assert_string_equal(answer_text(&a, "items.0.name"), "promo/api");
    a = get(f, API "attention", "");
    assert_true(str_find(a.body, STR("shop:1")) == SIZE_MAX);
    f->person.all_shops = true;
}

static void what_there_is_is_listed(void **state)
{
    struct api_fixture *f = *state;
    now = clock_now_ms();
    sql(f,
        "INSERT INTO app (id, platform, name, key_text, secret_cipher, created_ms) VALUES (3, 'promo', 'main', 'k',"
        " 'sealed', 1)");
    sql(f, "UPDATE shop SET app_id = 3, person = 'Lin', settlement_days = 7 WHERE id = 1");
    sql(f,
        "UPDATE shop SET token_of = 1, ads_of = 1, state = 'needs_person', state_reason = 'revoked'"
        " WHERE id = 2");
    sql(f,
        "INSERT INTO token (owner, state, access_cipher, expires_ms, refresh_expires_ms) VALUES"
        " ('shop:1', 'fresh', 'sealed', %lld, %lld)",
        (long long)now + 3600000, (long long)now + 86400000);
    sql(f, "INSERT INTO hold (scope, name, lane, since_ms) VALUES ('lane', '1', 1, 5)");
    sql(f,
        "INSERT INTO schedule (lane, name, spec, shift_ms, class, kind, payload, next_ms, ticks) VALUES"
        " (1, 'ad_orders', 'every 300s', 0, 0, 'pass', '{}', 9, 0), (0, 'prune', '17 4 * * *', 0, 2, 'prune', '{}', 9, 0)");
    sql(f,
        "INSERT INTO budget (name, calls, refused, blocked_ms, told_ms) VALUES ('promo/api', 5, 2, %lld, 5),"
        " ('promo/shop:1/api', 5, 2, %lld, 5)",
        (long long)now + 60000, (long long)now + 60000);
    sql(f,
        "INSERT INTO stream_state (shop_id, stream, last_success_ms, last_error, open_unproved) VALUES"
        " (1, 'ad_orders', 5, 'late', 2)");
    sql(f,
        "INSERT INTO event (at_ms, process, shop_id, stream, task_id, kind, level, args) VALUES"
        " (%lld, 'p', 1, '', 0, 'derive_drift', 2, '{}')",
        (long long)now);
    struct answer a = get(f, API "shops", "platform=promo");
    assert_string_equal(answer_text(&a, "items.0.app.name"), "main");
    assert_string_equal(answer_text(&a, "items.0.person"), "Lin");
    assert_string_equal(answer_text(&a, "items.0.settlement_days"), "7");
    assert_string_equal(answer_text(&a, "items.0.ads_of"), "(null)");
    assert_string_equal(answer_text(&a, "items.1.ads_of.name"), "alpha");
    assert_string_equal(answer_text(&a, "items.0.paused"), "true");
    assert_string_equal(answer_text(&a, "items.0.token.state"), "fresh");
    assert_string_equal(answer_text(&a, "items.1.token.token_of.id"), "1");
    assert_string_equal(answer_text(&a, "items.1.state_reason"), "revoked");
    assert_true(str_find(a.body, STR("sealed")) == SIZE_MAX);
    a = get(f, API "shops", "page=1&sort=-id&state=needs_person");
    assert_string_equal(answer_text(&a, "items.0.id"), "2");
    a = get(f, API "shops/1", "");
    assert_string_equal(answer_text(&a, "name"), "alpha");
    a = get(f, API "apps", "");
    assert_string_equal(answer_text(&a, "items.0.shops"), "1");
    assert_true(str_find(a.body, STR("sealed")) == SIZE_MAX);
    a = get(f, API "schedules", "");
    assert_string_equal(answer_text(&a, "items.0.name"), "prune");
    a = get(f, API "schedules", "shop=alpha");
    assert_string_equal(answer_text(&a, "items.0.name"), "ad_orders");
    a = get(f, API "budgets", "");
    assert_string_equal(answer_text(&a, "items.0.refused"), "2");
    assert_string_equal(answer_text(&a, "items.2"), "(absent)");
    budgets_of_others_are_hidden(f);
    a = get(f, API "holds", "");
    assert_string_equal(answer_text(&a, "items.0.shop.name"), "alpha");
    a = get(f, API "attention", "");
    static const char *const kinds[] = {"authorisation_ends", "authorisation_dead",
                                        "windows_unproved",   "stream_late",
                                        "derive_drift",       "budget_refused"};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        if (str_find(a.body, str_of(kinds[i])) == SIZE_MAX)
            fail_msg("%s is missing in %.*s", kinds[i], STR_ARG(a.body));
    a = get(f, API "shops/1/streams/ad_orders/windows", "");
    assert_string_equal(answer_text(&a, "next"), "(null)");
}

/* Windows that begin at one instant come each once, however the pages fall. */
static void windows_come_each_once(void **state)
{
    struct api_fixture *f = *state;
    char query[300] = "limit=2", seen[200] = "";
    for (int from = 1; from <= 3; from++)
        for (int to = 10; to <= 12; to++)
            sql(f,
                "INSERT INTO sync_window (shop_id, stream, kind, from_ms, to_ms, state) VALUES (1, 's', 'audit', %d, %d,"
                " 'sealed')",
                from, to);
    for (int pages = 0; pages < 9; pages++) {
        struct answer a = get(f, API "shops/1/streams/s/windows", query);
        for (int i = 0; i < 2; i++) {
            char path[40];
            snprintf(path, sizeof(path), "items.%d.from", i);
            if (answer_at(&a, path))
                strncat(seen, answer_text(&a, path) + 22, 1);
        }
        if (strcmp(answer_text(&a, "next"), "(null)") == 0)
            break;
        snprintf(query, sizeof(query), "limit=2&cursor=%s", answer_text(&a, "next"));
    }
    assert_string_equal(seen, "111222333");
}

/* --- personal data --- */

static void order_add(struct api_fixture *f, int64_t shop, const char *id, const char *phone)
{
    struct buf sealed;
    struct err err;
    char hex[33];
    buf_init(&sealed, 1000);
    api_good(seal_write(f->keyring, &sealed, str_of(phone), STR("phone"), &err), &err);
    api_good(blind_index(f->keyring, STR("phone"), str_of(phone), hex, &err), &err);
    const struct sql_value values[] = {sql_int(shop), sql_text(str_of(id)),
                                       sql_text(buf_str(&sealed)), sql_text(str_of(hex)),
                                       sql_bytes(STR("0123456789abcdef"))};
    api_exec(
        f,
        "INSERT INTO trade_order (shop_id, order_id, phone_cipher, phone_mask, phone_index, row_hash,"
        " received_ms, first_seen_ms, changed_ms) VALUES (?1, ?2, ?3, '138****8000', ?4, ?5, 1, 1, 1)",
        values, 5);
    buf_fini(&sealed);
}

static const char reason[] = "{\"fields\":[\"phone\"],\"reason\":\"a parcel came back\"}";

static void original_add(struct api_fixture *f, int64_t shop, const char *table, const char *id,
                         const char *record, int64_t received_ms)
{
    struct buf packed, sealed;
    struct err err;
    buf_init(&packed, 1000);
    buf_init(&sealed, 1000);
    api_good(zstd_write(&packed, str_of(record), 3, &err), &err);
    api_good(seal_write(f->keyring, &sealed, buf_str(&packed), STR("original"), &err), &err);
    const struct sql_value values[] = {sql_int(shop), sql_text(str_of(table)), sql_text(str_of(id)),
                                       sql_bytes(buf_str(&sealed)), sql_int(received_ms)};
    api_exec(f,
             "INSERT INTO original (shop_id, table_name, key_text, body, received_ms)"
             " VALUES (?1, ?2, ?3, ?4, ?5)",
             values, 5);
    buf_fini(&packed);
    buf_fini(&sealed);
}

static void a_record_is_shown_like_personal_data(void **state)
{
    struct api_fixture *f = *state;
    const char *why = "{\"reason\":\"the buyer asks\"}";
    now = clock_now_ms();
    try_add(f, FIXTURE_BETA, "r1", "done");
    original_add(f, FIXTURE_BETA, "trade_order", "B1", "{\"id\":1835535794685987,\"tel\":\"138\"}",
                 now + 5);
    original_add(f, FIXTURE_ALPHA, "ad_order", "A1", "{\"n\":1}", now + 60);
    struct answer a = api_ask(f, "POST", API "trade-orders/B1/original", "", why);
    assert_string_equal(answer_text(&a, "record.tel"), "138");
    assert_string_equal(answer_text(&a, "record.id"), "1835535794685987");
    assert_string_equal(answer_text(&a, "came_by.run"), "r1");
    assert_int_equal(count(f, "SELECT count(*) FROM audit WHERE action = 'original.reveal' AND"
                              " subject = 'B1' AND reason = 'the buyer asks'"),
                     1);
    a = api_ask(f, "POST", API "ad-orders/A1/original", "", why);
    assert_string_equal(answer_text(&a, "record.n"), "1");
    assert_string_equal(answer_text(&a, "came_by"), "(null)");
    a = api_ask(f, "POST", API "ad-orders/B1/original", "", why);
    answer_refuses(&a, 404, "absent");
    a = api_ask(f, "POST", API "trade-orders/B1/original", "", "{\"reason\":\"  \"}");
    answer_refuses(&a, 400, "parameter_short");
    only_beta(f);
    a = api_ask(f, "POST", API "ad-orders/A1/original", "", why);
    answer_refuses(&a, 404, "absent");
    f->person.reveals = false;
    a = api_ask(f, "POST", API "trade-orders/B1/original", "", why);
    answer_refuses(&a, 403, "right");
}

static void executions_are_those_of_his_shops(void **state)
{
    struct api_fixture *f = *state;
    now = clock_now_ms();
    try_add(f, FIXTURE_ALPHA, "r1", "done");
    now += 1000;
    try_add(f, FIXTURE_BETA, "r1", "retry");
    now += 1000;
    try_add(f, FIXTURE_BETA, "r2", "done");
    struct answer a = get(f, API "executions", "total=1");
    assert_string_equal(answer_text(&a, "total"), "3");
    assert_string_equal(answer_text(&a, "items.0.run"), "r2");
    assert_string_equal(answer_text(&a, "items.2.shop.name"), "alpha");
    assert_string_equal(answer_text(&a, "items.2.rows_new"), "5");
    a = get(f, API "executions", "run=r1&result=retry");
    assert_string_equal(answer_text(&a, "items.0.shop.name"), "beta");
    assert_string_equal(answer_text(&a, "items.1"), "(absent)");
    only_beta(f);
    a = get(f, API "executions", "total=1&sort=started");
    assert_string_equal(answer_text(&a, "total"), "2");
    assert_string_equal(answer_text(&a, "items.0.result"), "retry");
}

static void reveal_needs_the_right_a_reason_and_a_shop_of_his(void **state)
{
    struct api_fixture *f = *state;
    order_add(f, FIXTURE_ALPHA, "A1", "13800138000");
    order_add(f, FIXTURE_BETA, "B1", "13800138000");
    order_add(f, FIXTURE_BETA, "B2", "13900138000");
    struct answer a = api_ask(f, "POST", API "trade-orders/A1/reveal", "", reason);
    assert_string_equal(answer_text(&a, "phone"), "13800138000");
    assert_int_equal(
        count(f, "SELECT count(*) FROM audit WHERE action = 'personal.reveal' AND subject = 'A1'"
                 " AND reason = 'a parcel came back'"),
        1);
    a = api_ask(f, "POST", API "trade-orders/find-person", "",
                "{\"phone\":\"13800138000\",\"reason\":\"a call came in\"}");
    assert_string_equal(answer_text(&a, "items.1.phone"), "138****8000");
    assert_string_equal(answer_text(&a, "items.2.phone"), "(absent)");
    only_beta(f);
    a = api_ask(f, "POST", API "trade-orders/A1/reveal", "", reason);
    answer_refuses(&a, 404, "absent");
    a = api_ask(f, "POST", API "trade-orders/find-person", "",
                "{\"phone\":\"13800138000\",\"reason\":\"a call came in\"}");
    assert_string_equal(answer_text(&a, "items.0.order_id"), "B1");
    assert_string_equal(answer_text(&a, "items.1.order_id"), "(absent)");
    a = api_ask(f, "POST", API "trade-orders/B2/reveal", "",
                "{\"fields\":[\"phone\"],\"reason\":\"      \"}");
    answer_refuses(&a, 400, "parameter_short");
    f->person.reveals = false;
    a = api_ask(f, "POST", API "trade-orders/B2/reveal", "", reason);
    answer_refuses(&a, 403, "right");
    f->person.reveals = true;
    for (int i = 0; i < 100; i++)
        sql(f,
            "INSERT INTO audit (at_ms, user_id, user_name, action, subject, shop_id) VALUES (%lld, %lld, 'x',"
            " 'personal.reveal', 'y', 0)",
            (long long)clock_now_ms(), (long long)f->person.user_id);
    a = api_ask(f, "POST", API "trade-orders/B2/reveal", "", reason);
    answer_refuses(&a, 429, "reveals_many");
    assert_int_equal(count(f, "SELECT count(*) FROM audit WHERE subject = 'B2'"), 0);
}

/* --- live events --- */

static void a_stream_goes_on_where_it_was_left(void **state)
{
    struct api_fixture *f = *state;
    char last[200];
    now = clock_now_ms();
    for (int i = 1; i <= 3; i++)
        sql(f,
            "INSERT INTO event (at_ms, process, shop_id, stream, task_id, kind, level, args) VALUES"
            " (%lld, 'p', %d, '', 0, 'paused', 1, '{}')",
            (long long)now + i, i % 2 + 1);
    struct answer a = get(f, API "events", "recent=2");
    assert_string_equal(a.content_type, "text/event-stream; charset=utf-8");
    size_t at = str_find(a.body, STR("\nid: "));
    assert_true(at != SIZE_MAX);
    struct str id, rest;
    str_cut(str_sub(a.body, at + 5, a.body.len), '\n', &id, &rest);
    snprintf(last, sizeof(last), "%.*s", STR_ARG(id));
    api_header(f, "Last-Event-ID", last);
    a = get(f, API "events", "");
    assert_true(str_find(a.body, STR("\"paused\"")) == SIZE_MAX);
    sql(f,
        "INSERT INTO event (at_ms, process, shop_id, stream, task_id, kind, level, args) VALUES"
        " (%lld, 'p', 1, '', 0, 'resumed', 1, '{}')",
        (long long)now + 9);
    a = get(f, API "events", "");
    assert_true(str_find(a.body, STR("\"resumed\"")) != SIZE_MAX);
    assert_true(str_find(a.body, STR("\"paused\"")) == SIZE_MAX);
    only_beta(f);
    a = get(f, API "events", "");
    assert_true(str_find(a.body, STR("\"resumed\"")) == SIZE_MAX);
    api_header(f, "Last-Event-ID", "e5:3.t1");
    a = api_ask(f, "GET", API "events", "", NULL);
    answer_refuses(&a, 400, "feed_position");
    api_header(f, "Last-Event-ID", NULL);
}

static enum err_class plan_reached(void *context, const struct api_sync_wish *wish,
                                   struct arena *arena, struct api_sync_plan *out, struct err *err)
{
    (void)context;
    (void)arena;
    (void)out;
    return err_set(err, ERR_CONFLICT, "reached", "%.*s", STR_ARG(wish->shops.at[0]));
}

/* Two platforms have a shop of one name: whoever syncs "it" would sync one of them without knowing which. */
static void a_sync_is_of_the_shop_that_every_route_would_take(void **state)
{
    struct api_fixture *f = *state;
    const struct api_home home = {.sync_plan = plan_reached};
    f->host.home = &home;
    f->shops[0].name = f->shops[1].name = STR("same");
    struct answer a = api_ask(f, "POST", API "syncs", "", "{\"shops\": [\"same\"]}");
    answer_refuses(&a, 400, "shop_ambiguous");
    a = api_ask(f, "POST", API "syncs", "", "{\"shops\": [\"2\"]}");
    answer_refuses(&a, 409, "reached");
    assert_true(str_find(a.body, STR("#2")) != SIZE_MAX);
    a = api_ask(f, "POST", API "syncs", "", "{\"shops\": [\"nobody\"]}");
    answer_refuses(&a, 404, "absent");
    only_beta(f); /* of the two he sees one */
    a = api_ask(f, "POST", API "syncs", "", "{\"shops\": [\"same\"]}");
    answer_refuses(&a, 409, "reached");
    f->host.home = NULL;
}

#define API_TEST(test) cmocka_unit_test_setup_teardown(test, api_ready, api_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        API_TEST(a_sync_that_was_never_asked_is_not_done),
        API_TEST(a_syncs_state_is_what_its_rows_say),
        API_TEST(a_sync_is_of_the_shop_that_every_route_would_take),
        API_TEST(what_a_later_sync_took_over_goes_as_that_one_goes),
        API_TEST(syncs_are_listed_page_by_page_and_by_shop),
        API_TEST(a_sync_of_others_too_is_not_his_to_take_back),
        API_TEST(tasks_come_page_by_page),
        API_TEST(a_process_that_should_work_and_does_not_is_not_ready),
        API_TEST(rejects_are_shown_without_their_record),
        API_TEST(a_platform_tells_how_it_answered),
        API_TEST(a_budget_tells_the_limit_that_holds),
        API_TEST(what_there_is_is_listed),
        API_TEST(windows_come_each_once),
        API_TEST(reveal_needs_the_right_a_reason_and_a_shop_of_his),
        API_TEST(a_record_is_shown_like_personal_data),
        API_TEST(executions_are_those_of_his_shops),
        API_TEST(a_stream_goes_on_where_it_was_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Random lists of random rows, page by page, against a plain sort of all rows in C: the same on every database
 * (HUILIU_TEST_STORE). SEED=N replays one run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <server_schema.h>
#include <cmocka.h>

#include "api/cursor.h"
#include "api/lists.h"

/* A question to a server takes longer; SEED makes others of them. */
enum { ROWS = 400, QUERIES = 1500, QUERIES_OF_SERVERS = 500, COLUMNS = 7 };
/* Columns that the test sorts and filters by; the first two of them are never unknown. */
static const char *const names[COLUMNS] = {"created_at",  "shop_unused", "cost",      "plays",
                                           "conversions", "budget",      "share_rate"};
struct order {
    char id[24], item[8], title[24];
    const char *status; /* NULL: unknown */
    char day[12];
    int64_t shop, final;
    int64_t number[COLUMNS];
    bool known[COLUMNS];
};
static struct fixture {
    char folder[64];
    struct arena arena;
    struct store *store;
    struct metric_catalog *metrics;
    struct order rows[ROWS];
    unsigned seed;
} f;

static unsigned pick(unsigned below)
{
    f.seed = f.seed * 1103515245u + 12345u;
    return (f.seed >> 8) % below;
}

static void good(enum err_class class_, const struct err *err)
{
    if (class_)
        fail_msg("%s %s: %s", err_class_name(class_), err->code, err->message);
}

/* --- rows --- */

static void order_make(struct order *order, unsigned i)
{
    static const char *const statuses[] = {"DELIVERIED", "DELIVERING", "UNPAID", NULL};
    static const char *const titles[] = {"100%_off", "Summer sale", "夏天 SALE", "a_b", ""};
    unsigned day = pick(28) + 1;
    *order = (struct order){.shop = 1 + pick(3), .final = pick(2), .status = statuses[pick(4)]};
    snprintf(order->id, sizeof(order->id), "%u", 90 + i * 7);
    snprintf(order->item, sizeof(order->item), "%s", pick(4) ? "v1" : pick(2) ? "v2" : "");
    snprintf(order->title, sizeof(order->title), "%s", titles[pick(5)]);
    snprintf(order->day, sizeof(order->day), "2026-01-%02u", day);
    for (size_t c = 0; c < COLUMNS; c++) {
        order->known[c] = c < 2 || pick(3) > 0;
        order->number[c] = order->known[c] ? (int64_t)pick(c == 0 ? 400 : 12) : 0;
    }
    order->number[0] = 1767225600000 + (int64_t)(day - 1) * 86400000 + order->number[0] * 1000;
}

static enum err_class rows_insert(struct tx *tx, void *context, struct err *err)
{
    (void)context;
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; !class_ && i < ROWS; i++) {
        const struct order *o = &f.rows[i];
        struct sql_value values[] = {
            sql_int(o->shop),
            sql_text(str_of(o->id)),
            sql_text(str_of(o->item)),
            o->status ? sql_text(str_of(o->status)) : sql_null(),
            sql_text(str_of(o->title)),
            sql_int(o->number[0]),
            sql_text(str_of(o->day)),
            sql_int(o->final),
            sql_int_or_null(o->number[2], o->known[2]),
            sql_int_or_null(o->number[3], o->known[3]),
            sql_int_or_null(o->number[4], o->known[4]),
            sql_int_or_null(o->number[5], o->known[5]),
            sql_int_or_null(o->number[6], o->known[6]),
        };
        class_ = tx_exec(
            tx,
            "INSERT INTO ad_result (shop_id, order_id, item_id, status, title, created_ms, day,"
            " currency, told, final, cost, plays, conversions, budget, share_rate, changed_ms)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'CNY', 1, ?8, ?9, ?10, ?11, ?12, ?13, 1)",
            values, sizeof(values) / sizeof(*values), NULL, err);
    }
    if (!class_)
        class_ = tx_exec(tx,
                         "INSERT INTO shop (id, platform, name, external_id, state, created_ms)"
                         " VALUES (1, 'p', 'a', 'a', 'enabled', 1), (2, 'p', 'b', 'b', 'enabled',"
                         " 1), (3, 'p', 'c', 'c', 'enabled', 1)",
                         NULL, 0, NULL, err);
    if (!class_) /* as derive keeps them */
        class_ = tx_exec(tx,
                         "INSERT INTO order_name (shop_id, digest, kind, id, code, name)"
                         " SELECT DISTINCT shop_id, item_id || title, 'item', item_id, '', title"
                         " FROM ad_result WHERE title <> ''",
                         NULL, 0, NULL, err);
    return class_;
}

static int setup(void **state)
{
    struct table_catalog *catalog;
    struct err err;
    unsigned applied;
    const char *seed = getenv("SEED");
    (void)state;
    f.seed = seed ? (unsigned)strtoul(seed, NULL, 10) : (unsigned)getpid();
    printf("SEED=%u\n", f.seed);
    strcpy(f.folder, "/tmp/huiliu-list-test-XXXXXX");
    if (!mkdtemp(f.folder))
        return -1;
    arena_init(&f.arena);
    good(store_schema(&f.arena, &catalog, &err), &err);
    good(metrics_own(&f.arena, &f.metrics, &err), &err);
    struct store_options options = {.url = str_of(server_schema_empty("sqlite:l.db")),
                                    .home = str_of(f.folder),
                                    .catalog = catalog,
                                    .create = true};
    good(store_open(&options, &f.store, &err), &err);
    good(store_migrate(f.store, &applied, &err), &err);
    for (unsigned i = 0; i < ROWS; i++)
        order_make(&f.rows[i], i);
    good(store_write(f.store, rows_insert, NULL, &err), &err);
    return 0;
}

static int teardown(void **state)
{
    static const char *const ends[] = {"l.db", "l.db-wal", "l.db-shm"};
    (void)state;
    store_close(f.store);
    arena_fini(&f.arena);
    for (size_t i = 0; i < 3; i++) {
        char path[96];
        snprintf(path, sizeof(path), "%s/%s", f.folder, ends[i]);
        unlink(path);
    }
    return rmdir(f.folder);
}

/* --- the same question, asked in two ways --- */

struct question {
    size_t sort[LIST_SORTS_MAX];
    bool down[LIST_SORTS_MAX];
    size_t sort_len;
    bool shops[4];      /* [0]: all */
    size_t least, most; /* column, or 0: none */
    int64_t least_number, most_number;
    const char *status[3];
    size_t status_len;
    const char *search;
    char from[12], until[12];
    int64_t limit;
};

static struct question question_make(void)
{
    static const size_t columns[] = {0, 2, 3, 4, 5, 6};
    static const char *const searches[] = {"%", "_", "sale", "SALE", "夏", "v1", "97", "a_b"};
    static const char *const statuses[] = {"DELIVERIED", "DELIVERING", "UNPAID"};
    struct question q = {.sort_len = 1 + pick(3), .limit = 1 + pick(60)};
    for (size_t i = 0; i < q.sort_len; i++) {
        bool again;
        do {
            again = false;
            q.sort[i] = columns[pick(6)];
            for (size_t j = 0; j < i; j++)
                again = again || q.sort[j] == q.sort[i];
        } while (again);
        q.down[i] = pick(2);
    }
    q.shops[0] = pick(2);
    for (size_t i = 1; i < 4; i++)
        q.shops[i] = pick(2);
    if (pick(4) == 0) {
        q.least = columns[1 + pick(5)];
        q.least_number = pick(12);
    }
    if (pick(4) == 0) {
        q.most = columns[1 + pick(5)];
        q.most_number = pick(12);
    }
    for (size_t i = 0; pick(3) == 0 && i < 3; i++)
        q.status[q.status_len++] = statuses[i];
    q.search = pick(4) ? NULL : searches[pick(8)];
    if (pick(4) == 0)
        snprintf(q.from, sizeof(q.from), "2026-01-%02u", pick(28) + 1);
    if (pick(4) == 0)
        snprintf(q.until, sizeof(q.until), "2026-01-%02u", pick(28) + 1);
    return q;
}

static bool order_contains(const struct order *order, const char *search)
{
    return strcmp(order->item, search) == 0 || strcmp(order->id, search) == 0 ||
           strcasestr(order->title, search);
}

static bool order_matches(const struct question *q, const struct order *order)
{
    bool status = q->status_len == 0;
    for (size_t i = 0; i < q->status_len; i++)
        status = status || (order->status && strcmp(order->status, q->status[i]) == 0);
    return status && (q->shops[0] || q->shops[order->shop]) &&
           (!q->least || (order->known[q->least] && order->number[q->least] >= q->least_number)) &&
           (!q->most || (order->known[q->most] && order->number[q->most] <= q->most_number)) &&
           (!q->search || order_contains(order, q->search)) &&
           (!*q->from || strcmp(order->day, q->from) >= 0) &&
           (!*q->until || strcmp(order->day, q->until) <= 0);
}

static const struct question *compared; /* qsort has no context */

static int orders_compare(const void *left, const void *right)
{
    const struct order *a = *(const struct order *const *)left;
    const struct order *b = *(const struct order *const *)right;
    const struct question *q = compared;
    for (size_t i = 0; i < q->sort_len; i++) {
        size_t c = q->sort[i];
        if (a->known[c] != b->known[c])
            return a->known[c] ? -1 : 1;
        if (a->number[c] != b->number[c])
            return (a->number[c] < b->number[c]) == q->down[i] ? 1 : -1;
    }
    int by_key = a->shop != b->shop ? (a->shop < b->shop ? -1 : 1) : strcmp(a->id, b->id);
    return q->down[q->sort_len - 1] ? -by_key : by_key;
}

static size_t expected(const struct question *q, const struct order **out)
{
    size_t len = 0;
    for (size_t i = 0; i < ROWS; i++)
        if (order_matches(q, &f.rows[i]))
            out[len++] = &f.rows[i];
    compared = q;
    qsort(out, len, sizeof(*out), orders_compare);
    return len;
}

static void ask(const struct question *q, struct arena *arena, struct list_query *query)
{
    char sort[200] = "";
    struct err err;
    int64_t *shops = arena_array(arena, 3, sizeof(*shops));
    size_t shops_len = 0;
    struct sql_value *statuses = arena_array(arena, 3, sizeof(*statuses));
    list_query_init(query, &ad_order_list, f.metrics, arena);
    for (size_t i = 0; i < q->sort_len; i++)
        snprintf(sort + strlen(sort), sizeof(sort) - strlen(sort), "%s%s%s", i ? "," : "",
                 q->down[i] ? "-" : "", names[q->sort[i]]);
    good(list_sort(query, str_of(sort), &err), &err);
    for (int64_t shop = 1; shop < 4; shop++)
        if (q->shops[shop])
            shops[shops_len++] = shop;
    list_shops(query, q->shops[0], shops, shops_len);
    if (q->least)
        good(list_where_int(query, names[q->least], LIST_LEAST, q->least_number, &err), &err);
    if (q->most)
        good(list_where_int(query, names[q->most], LIST_MOST, q->most_number, &err), &err);
    for (size_t i = 0; i < q->status_len; i++)
        statuses[i] = sql_text(str_of(q->status[i]));
    if (q->status_len)
        good(list_where(query, "status", LIST_ANY_OF, statuses, q->status_len, &err), &err);
    if (q->search)
        good(list_where_search(query, str_of(q->search), &err), &err);
    good(list_where_days(query, str_of(q->from), str_of(q->until), &err), &err);
    query->limit = q->limit;
    query->found_max = pick(2) ? LIST_FOUND_MAX : pick(20); /* by keys, or looking at every row */
    query->secret = STR("a key of the test");
}

static void row_is(const struct list_row *row, const struct order *order)
{
    struct str id = list_text(row, list_column(&ad_order_list, "order_id"));
    if (list_int(row, 0) != order->shop || !str_eq(id, str_of(order->id)))
        fail_msg("order %lld %.*s where %lld %s was due", (long long)list_int(row, 0), STR_ARG(id),
                 (long long)order->shop, order->id);
    assert_true(list_is_null(row, list_column(&ad_order_list, "cost")) == !order->known[2]);
    assert_int_equal(list_int(row, list_column(&ad_order_list, "plays")), order->number[3]);
}

static void by_cursors(const struct question *q, const struct order **wanted, size_t wanted_len)
{
    struct arena arena;
    struct list_query query;
    struct list_page page;
    struct err err;
    size_t at = 0;
    struct str cursor = STR_NONE;
    arena_init(&arena);
    do {
        ask(q, &arena, &query);
        query.cursor = cursor;
        good(list_run(f.store, &query, &page, &err), &err);
        assert_true(at + page.rows_len <= wanted_len);
        for (size_t i = 0; i < page.rows_len; i++)
            row_is(&page.rows[i], wanted[at++]);
        assert_true(!page.next.len || page.rows_len == (size_t)q->limit);
        cursor = page.next;
    } while (cursor.len);
    assert_int_equal(at, wanted_len);
    arena_fini(&arena);
}

static void by_numbers(const struct question *q, const struct order **wanted, size_t wanted_len)
{
    struct arena arena;
    struct list_query query;
    struct list_page page;
    struct err err;
    arena_init(&arena);
    ask(q, &arena, &query);
    query.page = 1 + pick((unsigned)(wanted_len / (size_t)q->limit) + 2);
    size_t at = (size_t)((query.page - 1) * q->limit);
    good(list_run(f.store, &query, &page, &err), &err);
    assert_int_equal(page.total, wanted_len);
    size_t due = at >= wanted_len ? 0 : wanted_len - at;
    assert_int_equal(page.rows_len, due < (size_t)q->limit ? due : (size_t)q->limit);
    for (size_t i = 0; i < page.rows_len; i++)
        row_is(&page.rows[i], wanted[at + i]);
    arena_fini(&arena);
}

struct streamed {
    const struct order **wanted;
    size_t at, len;
};

static enum err_class row_streamed(const struct list_row *row, void *context, struct err *err)
{
    struct streamed *streamed = context;
    (void)err;
    assert_true(streamed->at < streamed->len);
    row_is(row, streamed->wanted[streamed->at++]);
    return ERR_OK;
}

static void by_stream(const struct question *q, const struct order **wanted, size_t wanted_len)
{
    struct streamed streamed = {wanted, 0, wanted_len};
    struct arena arena;
    struct list_query query;
    struct err err;
    arena_init(&arena);
    ask(q, &arena, &query);
    query.piece = 1 + pick(120);
    good(list_stream(f.store, &query, row_streamed, &streamed, &err), &err);
    assert_int_equal(streamed.at, wanted_len);
    arena_fini(&arena);
}

static void any_list_is_the_sorted_rows(void **state)
{
    const struct order *wanted[ROWS];
    (void)state;
    const unsigned queries = server_is_given() ? QUERIES_OF_SERVERS : QUERIES;
    for (unsigned i = 0; i < queries; i++) {
        struct question q = question_make();
        size_t len = expected(&q, wanted);
        by_cursors(&q, wanted, len);
        by_numbers(&q, wanted, len);
        if (i % 4 == 0)
            by_stream(&q, wanted, len);
    }
}

/* --- what is refused --- */

static void expect_refused(struct list_query *query, const char *code)
{
    struct list_page page;
    struct err err;
    assert_int_equal(list_run(f.store, query, &page, &err), ERR_USAGE);
    assert_string_equal(err.code, code);
}

static void foreign_and_made_up_cursors_are_refused(void **state)
{
    struct question q = {.sort = {2}, .sort_len = 1, .shops = {true}, .limit = 5};
    struct arena arena;
    struct list_query query;
    struct list_page page;
    struct err err;
    (void)state;
    arena_init(&arena);
    ask(&q, &arena, &query);
    good(list_run(f.store, &query, &page, &err), &err);
    struct str cursor = page.next;
    assert_true(cursor.len > 0);

    ask(&q, &arena, &query);
    query.cursor = cursor;
    good(list_run(f.store, &query, &page, &err), &err);
    query.secret = STR("another key");
    expect_refused(&query, "cursor_foreign");

    q.down[0] = true; /* another sort */
    ask(&q, &arena, &query);
    query.cursor = cursor;
    expect_refused(&query, "cursor_foreign");

    q.down[0] = false; /* another filter */
    q.status[0] = "UNPAID";
    q.status_len = 1;
    ask(&q, &arena, &query);
    query.cursor = cursor;
    expect_refused(&query, "cursor_foreign");

    q.status_len = 0; /* each letter changed */
    for (size_t i = 0; i < cursor.len; i++) {
        struct str changed = arena_dup(&arena, cursor);
        char *letters = arena_alloc(&arena, cursor.len + 1);
        memcpy(letters, changed.ptr, cursor.len);
        letters[i] = letters[i] == 'A' ? 'B' : 'A';
        ask(&q, &arena, &query);
        query.cursor = (struct str){letters, cursor.len};
        if (i + 1 < cursor.len) /* the last letter has bits that stand for nothing */
            expect_refused(&query, "cursor_foreign");
        query.cursor = str_sub(cursor, 0, i);
        if (i > 0)
            expect_refused(&query, "cursor_foreign");
    }
    arena_fini(&arena);
}

static void sorts_that_are_none_are_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "-",
                                      "order",
                                      "cost,cost",
                                      "-cost,cost",
                                      "title",
                                      "cost,",
                                      "cost;likes",
                                      "--cost",
                                      "cost ",
                                      "COST",
                                      "order_id",
                                      "cost,plays,likes,shares"};
    struct list_query query;
    struct err err;
    (void)state;
    list_query_init(&query, &ad_order_list, f.metrics, &f.arena);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        if (list_sort(&query, str_of(bad[i]), &err) != ERR_USAGE)
            fail_msg("sort=%s is taken", bad[i]);
        assert_string_equal(err.code, "sort_unknown");
    }
}

static void amounts_have_the_decimals_of_their_column(void **state)
{
    struct list_query query;
    struct err err;
    int64_t out;
    (void)state;
    list_query_init(&query, &ad_order_list, f.metrics, &f.arena);
    good(list_amount(&query, "cost", STR("19.99"), STR("CNY"), &out, &err), &err);
    assert_int_equal(out, 1999);
    good(list_amount(&query, "cost", STR("20"), STR("JPY"), &out, &err), &err);
    assert_int_equal(out, 20);
    good(list_amount(&query, "share_rate", STR("0.0512"), STR("CNY"), &out, &err), &err);
    assert_int_equal(out, 512);
    assert_int_equal(list_amount(&query, "cost", STR("1.005"), STR("CNY"), &out, &err), ERR_USAGE);
    assert_string_equal(err.code, "amount_decimals");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_list_is_the_sorted_rows),
        cmocka_unit_test(foreign_and_made_up_cursors_are_refused),
        cmocka_unit_test(sorts_that_are_none_are_refused),
        cmocka_unit_test(amounts_have_the_decimals_of_their_column),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

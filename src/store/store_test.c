#include "store/fixture.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>

static void assert_refused(struct fixture *f, const char *url, enum err_class class_,
                           const char *code)
{
    struct store_options options = fixture_options(f);
    struct store *store = NULL;
    struct err err;
    options.url = str_of(url);
    options.create = false;
    assert_int_equal(store_open(&options, &store, &err), class_);
    assert_string_equal(err.code, code);
    assert_null(store);
}

static void what_cannot_be_opened_says_why(void **state)
{
    struct fixture *f = *state;
    assert_refused(f, "oracle:x", ERR_CONFIG, "store_url");
    assert_refused(f, "test.db", ERR_CONFIG, "store_url");
    assert_refused(f, "sqlite:", ERR_CONFIG, "store_url");
    assert_refused(f, "sqlite:x.db?pages=3", ERR_CONFIG, "store_url");
    assert_refused(f, "sqlite:x.db?max_pages=0", ERR_CONFIG, "store_url");
    assert_refused(f, "sqlite:absent.db", ERR_STORE, "store_absent");
    assert_refused(f, "sqlite:no/folder/x.db", ERR_STORE, "store_absent");
    assert_refused(f, "sqlite:/proc/self", ERR_STORE, "store_io");
}

static void file_write(const char *path, const char *text, off_t at)
{
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, text, strlen(text), at), strlen(text));
    close(fd);
}

static void a_file_that_is_no_database_is_refused_and_kept(void **state)
{
    SQLITE_ONLY();
    struct fixture *f = *state;
    struct store_options options = fixture_options(f);
    struct store *store = NULL;
    struct err err;
    file_write(f->path, "my holiday pictures, all of them, in one text file\n", 0);
    assert_int_equal(store_open(&options, &store, &err), ERR_STORE);
    assert_string_equal(err.code, "store_corrupt");
    assert_non_null(strstr(err.message, "not a database"));
    assert_non_null(strstr(err.message, f->path));
    struct stat status;
    assert_int_equal(stat(f->path, &status), 0);
    assert_int_equal(status.st_size, 51);
}

static void a_damaged_page_is_found(void **state)
{
    SQLITE_ONLY();
    struct fixture *f = *state;
    struct err err;
    store_close(f->store);
    for (off_t page = 2; page < 12; page++)
        file_write(f->path, "damage damage damage damage", page * 4096);
    fixture_open(f);
    assert_int_equal(store_check(f->store, &err), ERR_STORE);
    assert_string_equal(err.code, "store_corrupt");
}

static void a_new_file_is_for_its_owner_alone(void **state)
{
    SQLITE_ONLY();
    struct fixture *f = *state;
    struct stat status;
    assert_int_equal(stat(f->path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

static void reading_only_refuses_to_write(void **state)
{
    struct fixture *f = *state;
    struct store_options options = fixture_options(f);
    struct store *store;
    struct err err;
    struct unit unit = {.shop_id = 1};
    options.read_only = true;
    options.create = false;
    assert_good(store_open(&options, &store, &err), &err);
    assert_int_equal(store_commit(store, &unit, &err), ERR_STORE);
    int64_t one;
    assert_int_equal(store_read_int(store, "SELECT count(*) + 1 FROM shop", NULL, 0, 0, &one, NULL),
                     ERR_OK);
    assert_int_equal(one, 1);
    store_close(store);
}

static void a_snapshot_shows_one_commit_to_all_its_statements(void **state)
{
    struct fixture *f = *state;
    struct err err;
    struct reader *snapshot;
    const struct sql_value name = sql_text(STR("b"));
    struct step step = {.sql = "INSERT INTO setting (name, value) VALUES ('a', '1')",
                        .rows_expected = 1};
    struct unit unit = {.before = &step, .before_len = 1};
    int64_t rows = -1;
    assert_good(store_snapshot(f->store, &snapshot, &err), &err);
    assert_good(snapshot_read(snapshot, "SELECT name FROM setting", NULL, 0, &err), &err);
    assert_false(reader_next(snapshot));
    commit_good(f, &unit);
    assert_good(snapshot_read_int(snapshot, "SELECT count(*) FROM setting WHERE name <> ?1", &name,
                                  1, -1, &rows, &err),
                &err);
    assert_int_equal(rows, 0);
    assert_good(reader_close(snapshot, &err), &err);
    assert_int_equal(read_int(f, "SELECT count(*) FROM setting"), 1);
}

/* --- a full disk --- */

enum { FILLING_ROWS = 40 };

static struct batch *filling_batch(struct fixture *f, int number)
{
    struct batch *batch = orders_new(f, FILLING_ROWS);
    static char body[1000];
    memset(body, 'x', sizeof(body));
    for (int i = 0; i < FILLING_ROWS; i++) {
        struct str id = arena_printf(&f->arena, "%d-%d", number, i);
        size_t row = order_add(batch, id.ptr, 1, 100, 200);
        batch->originals[row] = (struct str){body, sizeof(body)};
    }
    return batch;
}

static void a_full_disk_fails_units_whole_and_then_goes_on(void **state)
{
    SQLITE_ONLY();
    struct fixture *f = *state;
    struct store_options options = fixture_options(f);
    struct err err;
    int64_t units = 0;
    enum err_class class_ = ERR_OK;
    store_close(f->store);
    options.url = STR("sqlite:test.db?max_pages=300");
    assert_good(store_open(&options, &f->store, &err), &err);
    for (int n = 0; n < 20 && !class_; n++) {
        struct batch *batch = filling_batch(f, n);
        struct unit unit = unit_of(&batch, 1);
        class_ = store_commit(f->store, &unit, &err);
        units += !class_;
    }
    assert_int_equal(class_, ERR_STORE);
    assert_string_equal(err.code, "store_full");
    assert_non_null(strstr(err.message, f->path));
    assert_non_null(strstr(err.message, "free some space"));
    assert_true(units > 0);
    assert_int_equal(read_int(f, "SELECT count(*) FROM trade_order"), units * FILLING_ROWS);
    assert_int_equal(read_int(f, "SELECT count(*) FROM original"), units * FILLING_ROWS);

    /* With room again the same unit goes in. */
    store_close(f->store);
    fixture_open(f);
    struct batch *batch = filling_batch(f, (int)units);
    struct unit unit = unit_of(&batch, 1);
    commit_good(f, &unit);
    assert_int_equal(read_int(f, "SELECT count(*) FROM trade_order"), (units + 1) * FILLING_ROWS);
    assert_int_equal(store_check(f->store, NULL), ERR_OK);
}

/* --- torture --- */

/* A unit with all its parts: it adds one row, changes one, rejects one and counts itself. */
struct whole {
    struct batch *batch;
    struct step before, after;
    struct reject reject;
    struct sql_value values[1];
    struct unit unit;
};

static void whole_make(struct fixture *f, struct whole *w, int64_t number)
{
    w->batch = orders_new(f, 2);
    size_t row = order_add(w->batch, "always", (unsigned char)number, number, number);
    order_text(w->batch, row, "status", number % 2 ? "odd" : "even");
    if (number == 1)
        order_text(w->batch, row, "sku_name", "kept from then on");
    row = order_add(w->batch, arena_printf(&f->arena, "%lld", (long long)number).ptr, 1, 1, 1);
    w->batch->originals[row] = STR("original");
    w->reject = (struct reject){.table = STR("trade_order"), .key = STR("bad"), .code = "bad"};
    w->values[0] = sql_int(number);
    w->before = (struct step){
        .sql = "UPDATE setting SET value = ?1 WHERE name = 'n' AND value = CAST(?1 - 1 AS text)",
        .values = w->values,
        .values_len = 1,
        .rows_expected = 1};
    w->after = (struct step){.sql = "INSERT INTO setting (name, value) VALUES ('done ' || ?1, '')",
                             .values = w->values,
                             .values_len = 1,
                             .rows_expected = 1};
    w->unit = unit_of(&w->batch, 1);
    w->unit.before = &w->before;
    w->unit.before_len = 1;
    w->unit.after = &w->after;
    w->unit.after_len = 1;
    w->unit.rejects = &w->reject;
    w->unit.rejects_len = 1;
}

/* Everything that one unit writes says the same number. */
static void assert_units_whole(struct fixture *f, int64_t number)
{
    assert_int_equal(read_int(f, "SELECT CAST(value AS INTEGER) FROM setting WHERE name = 'n'"),
                     number);
    assert_int_equal(read_int(f, "SELECT count(*) FROM setting WHERE name LIKE 'done %'"), number);
    assert_int_equal(read_int(f, "SELECT count(*) FROM trade_order WHERE order_id <> 'always'"),
                     number);
    assert_int_equal(read_int(f, "SELECT count(*) FROM original"), number);
    assert_int_equal(read_int(f, "SELECT coalesce(sum(times), 0) FROM reject"), number);
    assert_int_equal(read_int(f, "SELECT coalesce(max(updated_at), 0) FROM trade_order"
                                 " WHERE order_id = 'always'"),
                     number);
    assert_int_equal(read_int(f, "SELECT count(*) FROM status_history"), number);
}

/* SQLite's own allocations, which no fail point of ours can reach: the n-th from now on fails. */
static sqlite3_mem_methods sqlite_memory;
static atomic_int sqlite_allocations_left;

static bool sqlite_allocation_fails(void)
{
    return atomic_load(&sqlite_allocations_left) > 0 &&
           atomic_fetch_sub(&sqlite_allocations_left, 1) == 1;
}

static void *failing_malloc(int bytes)
{
    return sqlite_allocation_fails() ? NULL : sqlite_memory.xMalloc(bytes);
}

static void *failing_realloc(void *old, int bytes)
{
    return sqlite_allocation_fails() ? NULL : sqlite_memory.xRealloc(old, bytes);
}

static int sqlite_memory_setup(void **state)
{
    (void)state;
    if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlite_memory) != SQLITE_OK)
        return -1;
    sqlite3_mem_methods failing = sqlite_memory;
    failing.xMalloc = failing_malloc;
    failing.xRealloc = failing_realloc;
    return sqlite3_config(SQLITE_CONFIG_MALLOC, &failing) == SQLITE_OK ? 0 : -1;
}

/* Makes the n-th use of something fail; 0: nothing fails any more. */
typedef void fail_nth(int n);

static void fail_nth_query(int n)
{
    char order[64];
    snprintf(order, sizeof(order), "store.query=error@%d", n);
    fail_order(n ? order : NULL);
}

static void fail_nth_allocation(int n)
{
    char order[64];
    snprintf(order, sizeof(order), "base.alloc=error@%d", n);
    fail_order(n ? order : NULL);
}

static void fail_nth_sqlite_allocation(int n)
{
    atomic_store(&sqlite_allocations_left, n);
}

/* The n-th use fails, for every n until a unit gets through untouched. */
static void torture(struct fixture *f, fail_nth *fail_at, enum err_class expected, int failures_min)
{
    struct step first = {.sql = "INSERT INTO setting (name, value) VALUES ('n', '0')",
                         .rows_expected = 1};
    struct unit start = {.before = &first, .before_len = 1};
    commit_good(f, &start);
    int64_t committed = 0;
    int failures = 0;
    /* The first unit inserts where the second updates. */
    for (int round = 1; round <= 2; round++) {
        enum err_class class_ = ERR_INTERNAL;
        for (int n = 1; class_; n++) {
            struct whole w;
            struct err err;
            whole_make(f, &w, committed + 1);
            fail_at(n);
            class_ = store_commit(f->store, &w.unit, &err);
            fail_at(0);
            if (class_)
                assert_int_equal(class_, expected);
            failures += class_ != ERR_OK;
            committed += class_ == ERR_OK;
            assert_units_whole(f, committed);
        }
    }
    assert_true(failures >= failures_min);
    assert_int_equal(store_check(f->store, NULL), ERR_OK);
}

static void every_statement_may_fail(void **state)
{
    torture(*state, fail_nth_query, ERR_STORE, 16);
}

static void every_allocation_may_fail(void **state)
{
    torture(*state, fail_nth_allocation, ERR_INTERNAL, 1);
}

static void every_allocation_of_sqlite_may_fail(void **state)
{
    SQLITE_ONLY();
    torture(*state, fail_nth_sqlite_allocation, ERR_INTERNAL, 16);
}

static void opening_survives_every_failing_allocation(void **state)
{
    struct fixture *f = *state;
    struct store_options options = fixture_options(f);
    enum err_class class_ = ERR_INTERNAL;
    int failures = 0;
    store_close(f->store);
    for (int n = 1; class_; n++) {
        char order[64];
        f->store = NULL;
        snprintf(order, sizeof(order), "base.alloc=error@%d", n);
        fail_order(order);
        class_ = store_open(&options, &f->store, NULL);
        fail_order(NULL);
        failures += class_ != ERR_OK;
        assert_true(class_ == ERR_OK || class_ == ERR_INTERNAL);
    }
    assert_true(failures > 0); /* how many depends on how arenas are built */
    assert_int_equal(store_check(f->store, NULL), ERR_OK);
}

/* --- two processes --- */

static void another_process_is_waited_for(void **state)
{
    struct fixture *f = *state;
    /* Forked before the parent has threads of its own. */
    store_close(f->store);
    f->store = NULL;
    int ready[2], go[2];
    char byte = 'x';
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(go), 0);
    pid_t child = fork();
    if (child == 0) {
        fixture_open(f);
        bool good = write(ready[1], &byte, 1) == 1 && read(go[0], &byte, 1) == 1;
        for (int i = 0; good && i < 50; i++) {
            struct step step = {.sql = "INSERT INTO setting (name, value)"
                                       " SELECT 'child ' || count(*), '' FROM setting",
                                .rows_expected = 1};
            struct unit unit = {.before = &step, .before_len = 1};
            good = store_commit(f->store, &unit, NULL) == ERR_OK;
        }
        store_close(f->store);
        _exit(good ? 0 : 1);
    }
    fixture_open(f);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(write(go[1], &byte, 1), 1);
    for (int i = 0; i < 50; i++) {
        struct step step = {.sql = "INSERT INTO setting (name, value)"
                                   " SELECT 'parent ' || count(*), '' FROM setting",
                            .rows_expected = 1};
        struct unit unit = {.before = &step, .before_len = 1};
        commit_good(f, &unit);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(read_int(f, "SELECT count(*) FROM setting"), 100);
    for (int i = 0; i < 2; i++) {
        close(ready[i]);
        close(go[i]);
    }
}

#define EMPTY(test) cmocka_unit_test_setup_teardown(test, fixture_empty, fixture_end)
#define READY(test) cmocka_unit_test_setup_teardown(test, fixture_ready, fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EMPTY(what_cannot_be_opened_says_why),
        EMPTY(a_file_that_is_no_database_is_refused_and_kept),
        READY(a_damaged_page_is_found),
        READY(a_new_file_is_for_its_owner_alone),
        READY(reading_only_refuses_to_write),
        READY(a_snapshot_shows_one_commit_to_all_its_statements),
        READY(a_full_disk_fails_units_whole_and_then_goes_on),
        READY(every_statement_may_fail),
        READY(every_allocation_may_fail),
        READY(every_allocation_of_sqlite_may_fail),
        READY(opening_survives_every_failing_allocation),
        READY(another_process_is_waited_for),
    };
    return cmocka_run_group_tests(tests, sqlite_memory_setup, NULL);
}

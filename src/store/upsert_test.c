#include "store/fixture.h"

static void a_new_row_has_its_guard(void **state)
{
    struct fixture *f = *state;
    struct batch *batch = orders_new(f, 1);
    size_t row = order_add(batch, "a", 1, 100, 200);
    order_text(batch, row, "status", "paid");
    batch->originals[row] = STR("sealed bytes");
    struct unit unit = unit_of(&batch, 1);
    commit_good(f, &unit);
    assert_int_equal(unit.counts.rows[ROW_NEW], 1);
    assert_int_equal(batch->outcomes[row], ROW_NEW);
#define GUARD(hex)                                                                                 \
    "SELECT " hex " || ' ' || received_ms || ' ' || first_seen_ms || ' ' || changed_ms"            \
    " FROM trade_order WHERE shop_id = 7 AND order_id = 'a'"
    assert_string_equal(
        read_text(f, SQL_PER_DATABASE(GUARD("hex(row_hash)"), GUARD("encode(row_hash, 'hex')"),
                                      GUARD("hex(row_hash)"))),
        "01000000000000000000000000000000 200 5000 5000");
#define BODY(text)                                                                                 \
    "SELECT " text " || ' ' || received_ms FROM original WHERE shop_id = 7"                        \
    " AND table_name = 'trade_order' AND key_text = 'a'"
    assert_string_equal(
        read_text(f,
                  SQL_PER_DATABASE(BODY("body"), BODY("convert_from(body, 'UTF8')"), BODY("body"))),
        "sealed bytes 200");
    assert_string_equal(read_text(f, "SELECT status || ' ' || at_ms || ' ' || seen_ms"
                                     " FROM status_history"),
                        "paid 100 5000");
}

static void the_same_copy_writes_nothing(void **state)
{
    struct fixture *f = *state;
    for (int64_t now_ms = 1; now_ms <= 2; now_ms++) {
        struct batch *batch = orders_new(f, 1);
        size_t row = order_add(batch, "a", 1, 100, 200 * now_ms);
        batch->originals[row] = STR("original");
        struct unit unit = unit_of(&batch, 1);
        unit.now_ms = now_ms;
        commit_good(f, &unit);
        assert_int_equal(unit.counts.rows[now_ms == 1 ? ROW_NEW : ROW_SAME], 1);
    }
    assert_int_equal(read_int(f, "SELECT changed_ms FROM trade_order"), 1);
    assert_int_equal(read_int(f, "SELECT received_ms FROM trade_order"), 200);
    assert_int_equal(read_int(f, "SELECT received_ms FROM original"), 200);
}

static const struct {
    unsigned char hash;
    int64_t updated_ms;
    const char *name;
    enum row_outcome outcome;
    const char *stored; /* afterwards */
} absent_copies[] = {
    {1, 100, "first", ROW_NEW, "first"},
    {1, 100, "first", ROW_SAME, "first"},
    {2, 101, "newer", ROW_CHANGED, "newer"},
    {3, 99, "older", ROW_OLDER, "newer"},
};
enum { ABSENT_COPIES = 4 };

static const unsigned char all_absent[ABSENT_COPIES] = {KNOWN_ABSENT, KNOWN_ABSENT, KNOWN_ABSENT,
                                                        KNOWN_ABSENT};

static void absent_copy_add(struct batch *batch, const char *id, size_t copy)
{
    size_t row = order_add(batch, id, absent_copies[copy].hash, absent_copies[copy].updated_ms,
                           200);
    order_text(batch, row, "sku_name", absent_copies[copy].name);
    order_text(batch, row, "status", absent_copies[copy].name);
    batch->known = all_absent;
}

/* A user's trigger, which writes whenever an order is tried to be inserted. */
static enum err_class trigger_add(struct tx *tx, void *context, struct err *err)
{
    (void)context;
    static const char function[] = SQL_PER_DATABASE(
        "",
        "CREATE FUNCTION seen() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN"
        " INSERT INTO setting VALUES (''seen'', new.order_id)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value; RETURN new; END'",
        "");
    static const char trigger[] = SQL_PER_DATABASE(
        "CREATE TRIGGER seen BEFORE INSERT ON trade_order BEGIN"
        " INSERT OR REPLACE INTO setting (name, value) VALUES ('seen', new.order_id); END",
        "CREATE TRIGGER seen BEFORE INSERT ON trade_order FOR EACH ROW EXECUTE FUNCTION seen()",
        "CREATE TRIGGER seen BEFORE INSERT ON trade_order FOR EACH ROW"
        " INSERT INTO setting (name, value) VALUES ('seen', new.order_id)"
        " ON DUPLICATE KEY UPDATE value = VALUES(value)");
    enum err_class class_ = tx_exec(tx, function, NULL, 0, NULL, err);
    return class_ ? class_ : tx_exec(tx, trigger, NULL, 0, NULL, err);
}

/* Another unit was quicker than the look-up that found nothing. */
static void a_row_said_to_be_absent_is_compared_when_it_is_there(void **state)
{
    struct fixture *f = *state;
    struct err err;
    assert_good(store_write(f->store, trigger_add, NULL, &err), &err);
    for (size_t copy = 0; copy < ABSENT_COPIES; copy++) {
        struct batch *batch = orders_new(f, 1);
        absent_copy_add(batch, "a", copy);
        struct unit unit = unit_of(&batch, 1);
        commit_good(f, &unit);
        assert_int_equal(unit.counts.rows[absent_copies[copy].outcome], 1);
        assert_string_equal(read_text(f, "SELECT sku_name FROM trade_order"),
                            absent_copies[copy].stored);
    }
    assert_string_equal(read_text(f, JOINED("status", "FROM status_history")), "first,newer");
}

/* A page that holds a record more than once looks up all of them before it writes one. */
static void a_page_with_a_record_twice_says_absent_of_both(void **state)
{
    struct fixture *f = *state;
    struct batch *batch = orders_new(f, ABSENT_COPIES);
    for (size_t copy = 0; copy < ABSENT_COPIES; copy++)
        absent_copy_add(batch, "a", copy);
    struct unit unit = unit_of(&batch, 1);
    commit_good(f, &unit);
    for (size_t copy = 0; copy < ABSENT_COPIES; copy++)
        assert_int_equal(batch->outcomes[copy], absent_copies[copy].outcome);
    assert_string_equal(read_text(f, "SELECT sku_name FROM trade_order"), "newer");
    assert_int_equal(read_int(f, "SELECT count(*) FROM status_history"), 2);
}

static void a_changed_mapping_is_written_over_the_same_copy(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = {"old mapping", "new mapping", "older copy"};
    for (int i = 0; i < 3; i++) {
        struct batch *batch = orders_new(f, 1);
        size_t row = order_add(batch, "a", i < 2 ? 1 : 2, i < 2 ? 100 : 99, 200);
        order_text(batch, row, "sku_name", names[i]);
        batch->rewrite = i > 0;
        struct unit unit = unit_of(&batch, 1);
        commit_good(f, &unit);
    }
    assert_string_equal(read_text(f, "SELECT sku_name FROM trade_order"), "new mapping");
}

static void absent_and_null_keep_and_gone_erases(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *column;
        enum cell_state state;
        const char *expected;
    } cells[] = {
        {"sku_name", CELL_ABSENT, "before"},
        {"order_type", CELL_NULL, "before"},
        {"poi_name", CELL_GONE, "(null)"},
    };
    struct batch *before = orders_new(f, 1);
    struct batch *after = orders_new(f, 1);
    order_add(before, "a", 1, 100, 200);
    order_add(after, "a", 2, 101, 300);
    for (size_t i = 0; i < 3; i++) {
        order_text(before, 0, cells[i].column, "before");
        batch_set_state(after, 0, order_column(after, cells[i].column), cells[i].state);
    }
    struct unit unit = unit_of(&before, 1);
    commit_good(f, &unit);
    unit = unit_of(&after, 1);
    commit_good(f, &unit);
    assert_int_equal(unit.counts.rows[ROW_CHANGED], 1);
    for (size_t i = 0; i < 3; i++) {
        char sql[80];
        snprintf(sql, sizeof(sql), "SELECT %s FROM trade_order", cells[i].column);
        assert_string_equal(read_text(f, sql), cells[i].expected);
    }
}

static void an_older_copy_never_overwrites(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *name;
        int64_t updated_ms, received_ms;
        enum row_outcome expected;
    } copies[] = {
        {"first", 100, 200, ROW_NEW},
        {"older update time, later arrival", 99, 900, ROW_OLDER},
        {"same update time, earlier arrival", 100, 199, ROW_OLDER},
        {"same update time, same arrival", 100, 200, ROW_CHANGED},
        {"newer update time, earlier arrival", 101, 1, ROW_CHANGED},
    };
    for (size_t i = 0; i < 5; i++) {
        struct batch *batch = orders_new(f, 1);
        size_t row = order_add(batch, "a", (unsigned char)i, copies[i].updated_ms,
                               copies[i].received_ms);
        order_text(batch, row, "sku_name", copies[i].name);
        struct unit unit = unit_of(&batch, 1);
        commit_good(f, &unit);
        if (unit.counts.rows[copies[i].expected] != 1)
            fail_msg("%s: outcome %d", copies[i].name, batch->outcomes[row]);
        const char *stored = read_text(f, "SELECT sku_name FROM trade_order");
        assert_int_equal(strcmp(stored, copies[i].name) == 0, copies[i].expected != ROW_OLDER);
    }
}

static void without_update_time_the_arrival_decides(void **state)
{
    struct fixture *f = *state;
    static const struct {
        int64_t received_ms;
        enum row_outcome expected;
    } copies[] = {{200, ROW_NEW}, {150, ROW_OLDER}, {250, ROW_CHANGED}};
    const struct table *table = table_find(f->catalog, STR("trade_certificate"));
    for (size_t i = 0; i < 3; i++) {
        struct batch *batch;
        size_t row;
        assert_int_equal(batch_new(table, &f->arena, 1, &batch, NULL), ERR_OK);
        assert_int_equal(batch_append(batch, &row, NULL), ERR_OK);
        batch_set_text(batch, row, table_column(table, STR("order_id")), STR("o"));
        batch_set_text(batch, row, table_column(table, STR("order_item_id")), STR("i"));
        batch_set_number(batch, row, table_column(table, STR("refund_amount")), (int64_t)i);
        batch->guards[row] = (struct row_guard){.hash = {(unsigned char)i},
                                                .updated_ms = copies[i].received_ms,
                                                .received_ms = copies[i].received_ms};
        struct unit unit = unit_of(&batch, 1);
        commit_good(f, &unit);
        assert_int_equal(batch->outcomes[row], copies[i].expected);
    }
    assert_int_equal(read_int(f, "SELECT refund_amount FROM trade_certificate"), 2);
}

static void a_record_twice_in_a_page_is_one_row(void **state)
{
    struct fixture *f = *state;
    struct batch *batch = orders_new(f, 3);
    order_add(batch, "a", 1, 100, 200);
    order_add(batch, "a", 1, 100, 200);
    order_add(batch, "a", 2, 101, 200);
    struct unit unit = unit_of(&batch, 1);
    commit_good(f, &unit);
    assert_int_equal(unit.counts.rows[ROW_NEW], 1);
    assert_int_equal(unit.counts.rows[ROW_SAME], 1);
    assert_int_equal(unit.counts.rows[ROW_CHANGED], 1);
    assert_int_equal(read_int(f, "SELECT updated_at FROM trade_order"), 101);
}

static void a_status_change_is_kept(void **state)
{
    struct fixture *f = *state;
    static const char *const statuses[] = {"new", "new", "paid", "new"};
    for (size_t i = 0; i < 4; i++) {
        struct batch *batch = orders_new(f, 1);
        size_t row = order_add(batch, "a", (unsigned char)i, (int64_t)i, 50);
        order_text(batch, row, "status", statuses[i]);
        struct unit unit = unit_of(&batch, 1);
        commit_good(f, &unit);
    }
    assert_string_equal(read_text(f, JOINED("status || at_ms", "FROM (SELECT * FROM status_history"
                                                               " ORDER BY at_ms) AS h")),
                        "new0,paid2,new3");
}

/* On a server such rows are read and written together; the first order stands in the page twice. */
static void a_page_of_changed_rows_merges_each_with_its_own(void **state)
{
    struct fixture *f = *state;
    enum { ORDERS = 9 };
    char text[2][ORDERS][24];
    for (int copy = 0; copy < 2; copy++) {
        struct batch *batch = orders_new(f, ORDERS + 2);
        for (int i = copy ? ORDERS - 1 : 0; i >= 0 && i < ORDERS; i += copy ? -1 : 1) {
            snprintf(text[copy][i], sizeof(text[copy][i]), "%d", i);
            size_t row = order_add(batch, text[copy][i], (unsigned char)(copy * 20 + i + 1),
                                   100 + copy, 200);
            order_text(batch, row, copy ? "status" : "sku_name", text[copy][i]);
        }
        if (copy) {
            order_text(batch, order_add(batch, "0", 99, 300, 400), "poi_name", "again");
            order_text(batch, order_add(batch, "new", 98, 300, 400), "sku_name", "new");
        }
        struct unit unit = unit_of(&batch, 1);
        commit_good(f, &unit);
        assert_int_equal(unit.counts.rows[ROW_NEW], copy ? 1 : ORDERS);
        assert_int_equal(unit.counts.rows[ROW_CHANGED], copy ? ORDERS + 1 : 0);
    }
    assert_int_equal(read_int(f, "SELECT count(*) FROM trade_order WHERE sku_name = order_id"
                                 " AND status = order_id"),
                     ORDERS);
    assert_string_equal(read_text(f, JOINED("order_id", "FROM trade_order WHERE poi_name = 'again'"
                                                        " AND updated_at = 300 AND status = '0'")),
                        "0");
    assert_int_equal(read_int(f, "SELECT count(*) FROM status_history"), ORDERS);
}

static void a_personal_value_is_three_columns(void **state)
{
    struct fixture *f = *state;
    struct batch *batch = orders_new(f, 1);
    size_t phone = order_column(batch, "phone");
    size_t row = order_add(batch, "a", 1, 100, 200);
    batch_set_text(batch, row, phone, STR("13800138000"));
    batch->sealed[phone][row] = (struct sealed_value){
        .cipher = STR("c1"), .mask = STR("138****8000"), .index = STR("i1")};
    struct unit unit = unit_of(&batch, 1);
    commit_good(f, &unit);
    assert_string_equal(read_text(f, "SELECT phone_cipher || ' ' || phone_mask FROM trade_order"
                                     " WHERE shop_id = 7 AND phone_index = 'i1'"),
                        "c1 138****8000");

    batch = orders_new(f, 1);
    order_add(batch, "a", 2, 101, 200);
    unit = unit_of(&batch, 1);
    commit_good(f, &unit);
    assert_string_equal(read_text(f, "SELECT phone_cipher FROM trade_order"), "c1");

    batch = orders_new(f, 1);
    batch_set_state(batch, order_add(batch, "a", 3, 102, 200), phone, CELL_GONE);
    unit = unit_of(&batch, 1);
    commit_good(f, &unit);
    assert_int_equal(read_int(f, "SELECT count(*) FROM trade_order WHERE phone_cipher IS NULL"
                                 " AND phone_mask IS NULL AND phone_index IS NULL"),
                     1);
}

static void an_unsealed_personal_value_is_refused(void **state)
{
    struct fixture *f = *state;
    struct batch *batch = orders_new(f, 1);
    size_t row = order_add(batch, "a", 1, 100, 200);
    batch_set_text(batch, row, order_column(batch, "phone"), STR("13800138000"));
    struct unit unit = unit_of(&batch, 1);
    struct err err;
    assert_int_equal(store_commit(f->store, &unit, &err), ERR_INTERNAL);
    assert_string_equal(err.code, "personal_unsealed");
    assert_int_equal(read_int(f, "SELECT count(*) FROM trade_order"), 0);
}

/* --- against a naive model --- */

enum { MODEL_KEYS = 6, MODEL_UNITS = 400, MODEL_FIELDS = 3 };

/* sku_name, pay_amount and status as numbers below 4; -1: NULL. */
static const char *const model_columns[MODEL_FIELDS] = {"sku_name", "pay_amount", "status"};

struct model_copy {
    enum cell_state states[MODEL_FIELDS];
    int values[MODEL_FIELDS];
    int64_t updated, received; /* updated -1: not said */
};
struct model_row {
    bool there;
    int values[MODEL_FIELDS];
    int64_t updated, received;
    struct model_copy last;
    char history[4096]; /* " status@at" for each change */
};

static bool copies_alike(const struct model_copy *a, const struct model_copy *b)
{
    bool alike = a->updated == b->updated;
    for (size_t i = 0; i < MODEL_FIELDS; i++)
        alike = alike && a->states[i] == b->states[i] && a->values[i] == b->values[i];
    return alike;
}

static enum row_outcome model_take(struct model_row *row, const struct model_copy *copy)
{
    bool first = !row->there;
    int64_t time = copy->updated < 0 ? copy->received : copy->updated;
    int64_t stored = row->updated < 0 ? row->received : row->updated;
    if (!first && copies_alike(copy, &row->last))
        return ROW_SAME;
    if (!first && (time < stored || (time == stored && copy->received < row->received)))
        return ROW_OLDER;
    int status = first ? -1 : row->values[2];
    for (size_t i = 0; i < MODEL_FIELDS; i++) {
        if (copy->states[i] == CELL_SET)
            row->values[i] = copy->values[i];
        else if (first || copy->states[i] == CELL_GONE)
            row->values[i] = -1;
    }
    if (first || copy->updated >= 0)
        row->updated = copy->updated;
    row->received = copy->received;
    row->last = *copy;
    row->there = true;
    if (copy->states[2] == CELL_SET && copy->values[2] != status) {
        char entry[40];
        snprintf(entry, sizeof(entry), " s%d@%lld;", copy->values[2], (long long)time);
        if (!strstr(row->history, entry))
            strcat(row->history, entry);
    }
    return first ? ROW_NEW : ROW_CHANGED;
}

/* Any copy, or the last one again as a later reply brings it. */
static struct model_copy copy_random(struct rng *rng, const struct model_row *row)
{
    struct model_copy copy = row->last;
    copy.received = (int64_t)rng_below(rng, 12);
    if (row->there && rng_below(rng, 4) == 0)
        return copy;
    for (size_t i = 0; i < MODEL_FIELDS; i++) {
        copy.states[i] = (enum cell_state)rng_below(rng, 4);
        copy.values[i] = copy.states[i] == CELL_SET ? (int)rng_below(rng, 4) : -1;
    }
    copy.updated = (int64_t)rng_below(rng, 12) - 2;
    copy.updated = copy.updated < 0 ? -1 : copy.updated;
    return copy;
}

static void copy_append(struct batch *batch, int key, const struct model_copy *copy)
{
    static const char *const texts[] = {"s0", "s1", "s2", "s3"};
    char id[8];
    snprintf(id, sizeof(id), "k%d", key);
    int64_t time = copy->updated < 0 ? copy->received : copy->updated;
    size_t row = order_add(batch, arena_dup(batch->arena, str_of(id)).ptr, 0, time, copy->received);
    if (copy->updated < 0)
        batch_set_state(batch, row, order_column(batch, "updated_at"), CELL_NULL);
    struct model_copy hashed = *copy;
    hashed.received = 0;
    unsigned char *hash = batch->guards[row].hash;
    for (size_t i = 0; i < MODEL_FIELDS; i++) {
        size_t column = order_column(batch, model_columns[i]);
        hash[2 * i] = (unsigned char)hashed.states[i];
        hash[2 * i + 1] = (unsigned char)hashed.values[i];
        if (copy->states[i] != CELL_SET)
            batch_set_state(batch, row, column, copy->states[i]);
        else if (i == 1)
            batch_set_number(batch, row, column, copy->values[i]);
        else
            batch_set_text(batch, row, column, str_of(texts[copy->values[i]]));
    }
    hash[15] = (unsigned char)hashed.updated;
}

static void assert_number(int64_t stored, bool null, int64_t expected)
{
    assert_int_equal(null ? -1 : stored, expected);
}

static void assert_row(struct fixture *f, int key, const struct model_row *expected)
{
    char sql[200];
    struct reader *reader;
    snprintf(sql, sizeof(sql),
             "SELECT substr(sku_name, 2), pay_amount, substr(status, 2), updated_at, received_ms"
             " FROM trade_order WHERE order_id = 'k%d'",
             key);
    assert_int_equal(store_read(f->store, sql, NULL, 0, &reader, NULL), ERR_OK);
    assert_int_equal(reader_next(reader), expected->there);
    if (expected->there) {
        for (int i = 0; i < MODEL_FIELDS; i++)
            assert_number(reader_int(reader, i), reader_is_null(reader, i), expected->values[i]);
        assert_number(reader_int(reader, 3), reader_is_null(reader, 3), expected->updated);
        assert_int_equal(reader_int(reader, 4), expected->received);
    }
    assert_int_equal(reader_close(reader, NULL), ERR_OK);
    snprintf(sql, sizeof(sql), "SELECT count(*) FROM status_history WHERE key_text = 'k%d'", key);
    int64_t changes = 0;
    for (const char *at = expected->history; (at = strchr(at, ';')); at++)
        changes++;
    assert_int_equal(read_int(f, sql), changes);
}

static void random_copies_end_as_the_model_says(void **state)
{
    struct fixture *f = *state;
    struct rng rng;
    const char *text = getenv("SEED");
    uint64_t seed = text ? strtoull(text, NULL, 10) : (uint64_t)clock_monotonic_ns();
    static struct model_row model[MODEL_KEYS];
    int64_t seen[ROW_OUTCOMES] = {0};
    memset(model, 0, sizeof(model));
    printf("SEED=%llu\n", (unsigned long long)seed);
    rng_seed(&rng, seed);
    for (int n = 0; n < MODEL_UNITS; n++) {
        struct batch *batch = orders_new(f, 4);
        enum row_outcome expected[4];
        size_t rows = 1 + rng_below(&rng, 4);
        for (size_t i = 0; i < rows; i++) {
            int key = (int)rng_below(&rng, MODEL_KEYS);
            struct model_copy copy = copy_random(&rng, &model[key]);
            copy_append(batch, key, &copy);
            expected[i] = model_take(&model[key], &copy);
            seen[expected[i]]++;
        }
        struct unit unit = unit_of(&batch, 1);
        commit_good(f, &unit);
        for (size_t i = 0; i < rows; i++)
            assert_int_equal(batch->outcomes[i], expected[i]);
    }
    for (int key = 0; key < MODEL_KEYS; key++)
        assert_row(f, key, &model[key]);
    for (int outcome = 0; outcome < ROW_OUTCOMES; outcome++)
        assert_true(seen[outcome] > 0);
}

/* A year 9999 that the platform takes back must not keep the order as it was then for ever. */
static void an_update_time_far_ahead_of_its_copy_says_nothing(void **state)
{
    struct fixture *f = *state;
    static const int64_t day_ms = INT64_C(24) * 3600 * 1000;
    static const int64_t absurd_ms = INT64_C(253402300799000);
    const struct {
        const char *name;
        int64_t updated_ms, received_ms;
        enum row_outcome expected;
    } copies[] = {
        {"first", 100, 200, ROW_NEW},
        {"absurd", absurd_ms, 300, ROW_CHANGED},
        {"absurd, but came before", absurd_ms, 299, ROW_OLDER},
        {"mended", 100, 400, ROW_CHANGED},
        {"a day ahead at most", 500 + day_ms, 500, ROW_CHANGED},
        {"behind that", 500, 600, ROW_OLDER},
        {"least of all times", INT64_MIN, 700, ROW_OLDER},
    };
    for (size_t i = 0; i < sizeof copies / sizeof *copies; i++) {
        struct batch *batch = orders_new(f, 1);
        order_add(batch, "a", (unsigned char)i, copies[i].updated_ms, copies[i].received_ms);
        struct unit unit = unit_of(&batch, 1);
        commit_good(f, &unit);
        if (unit.counts.rows[copies[i].expected] != 1)
            fail_msg("%s: outcome %d", copies[i].name, batch->outcomes[0]);
    }
}

static void reject_commit(struct fixture *f, const char *key)
{
    const struct reject reject = {.table = STR("trade_order"),
                                  .key = str_of(key),
                                  .code = "field_missing",
                                  .message = STR("no amount"),
                                  .stream = STR("orders")};
    struct unit unit = {.shop_id = 7, .rejects = &reject, .rejects_len = 1, .now_ms = 5000};
    commit_good(f, &unit);
}

/* Whether the store compares the copy or was told that it is stored just so. */
static void the_copy_from_before_ends_a_reject(void **state)
{
    struct fixture *f = *state;
    static const unsigned char same[] = {KNOWN_SAME};
    struct batch *batch = orders_new(f, 1);
    order_add(batch, "a", 1, 100, 200);
    struct unit unit = unit_of(&batch, 1);
    commit_good(f, &unit);
    for (int told = 0; told < 2; told++) {
        reject_commit(f, "a");
        reject_commit(f, "b");
        batch->known = told ? same : NULL;
        commit_good(f, &unit);
        assert_int_equal(unit.counts.rows[ROW_SAME], 1);
        assert_string_equal(read_text(f, JOINED("key_text", "FROM reject")), "b");
    }
    struct batch *older = orders_new(f, 1);
    order_add(older, "a", 2, 99, 300);
    unit = unit_of(&older, 1);
    reject_commit(f, "a");
    commit_good(f, &unit);
    assert_int_equal(unit.counts.rows[ROW_OLDER], 1);
    assert_int_equal(read_int(f, "SELECT count(*) FROM reject"), 2);
}

static enum err_class ignoring_add(struct tx *tx, void *context, struct err *err)
{
    (void)context;
#define ON_POSTGRES(name, event, id)                                                               \
    "CREATE TRIGGER " name " BEFORE " event " ON trade_order FOR EACH ROW"                         \
    " WHEN (new.order_id = '" id "') EXECUTE FUNCTION ignored()"
    static const char *const texts[] = {
        SQL_PER_DATABASE("",
                         "CREATE FUNCTION ignored() RETURNS trigger LANGUAGE plpgsql AS"
                         " 'BEGIN RETURN NULL; END'",
                         ""),
        SQL_PER_DATABASE("CREATE TRIGGER no_new BEFORE INSERT ON trade_order"
                         " WHEN new.order_id = 'b' BEGIN SELECT raise(ignore); END",
                         ON_POSTGRES("no_new", "INSERT", "b"),
                         "CREATE TRIGGER no_new BEFORE INSERT ON trade_order FOR EACH ROW"
                         " SET new.order_id = CASE new.order_id WHEN 'b' THEN 'a'"
                         " ELSE new.order_id END"),
        SQL_PER_DATABASE("CREATE TRIGGER no_change BEFORE UPDATE ON trade_order"
                         " WHEN new.order_id = 'a' BEGIN SELECT raise(ignore); END",
                         ON_POSTGRES("no_change", "UPDATE", "a"), ""),
    };
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; !class_ && i < 3; i++)
        class_ = tx_exec(tx, texts[i], NULL, 0, NULL, err);
    return class_;
}

static void rows_that_a_trigger_ignores_fail_their_unit(void **state)
{
    struct fixture *f = *state;
    struct err err;
    assert_good(store_write(f->store, ignoring_add, NULL, &err), &err);
    struct batch *batch = orders_new(f, 1);
    order_add(batch, "a", 1, 100, 200);
    struct unit unit = unit_of(&batch, 1);
    commit_good(f, &unit);
    static const char *const ids[] = {"a", "b", "b"};
    /* MariaDB's triggers cannot skip a row; one can turn it into another that is there. */
    for (size_t i = server_is_mariadb() ? 1 : 0; i < 3; i++) {
        batch = orders_new(f, 2);
        order_add(batch, "c", 1, 100, 200);
        order_add(batch, ids[i], 2, 101, 300);
        batch->known = i == 2 ? all_absent : NULL;
        unit = unit_of(&batch, 1);
        assert_int_equal(store_commit(f->store, &unit, &err), ERR_CONFIG);
        assert_string_equal(err.code, "store_trigger");
        assert_non_null(strstr(err.message, "trade_order"));
        assert_string_equal(read_text(f, JOINED("order_id", "FROM trade_order")), "a");
    }
}

#define READY(test) cmocka_unit_test_setup_teardown(test, fixture_ready, fixture_end)

/* What a row left behind is met by its next copy: somebody may have deleted the row alone. */
static void a_row_that_was_deleted_by_hand_comes_again(void **state)
{
    struct fixture *f = *state;
    for (int round = 0; round < 2; round++) {
        struct batch *batch = orders_new(f, 4);
        static const char *const ids[] = {"0", "1", "2"};
        for (int i = 0; i < 3; i++)
            order_text(batch, order_add(batch, ids[i], 1, 100, 200), "status", "paid");
        struct unit unit = unit_of(&batch, 1);
        commit_good(f, &unit);
        assert_int_equal(unit.counts.rows[ROW_NEW], round ? 1 : 3);
        assert_int_equal(unit.counts.rows[ROW_SAME], round ? 2 : 0);
        struct step step = {.sql = "DELETE FROM trade_order WHERE order_id = '1'",
                            .rows_expected = 1};
        struct unit removal = {.after = &step, .after_len = 1};
        commit_good(f, &removal);
    }
    assert_int_equal(read_int(f, "SELECT count(*) FROM status_history"), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        READY(a_row_that_was_deleted_by_hand_comes_again),
        READY(a_new_row_has_its_guard),
        READY(the_same_copy_writes_nothing),
        READY(a_row_said_to_be_absent_is_compared_when_it_is_there),
        READY(a_page_with_a_record_twice_says_absent_of_both),
        READY(a_changed_mapping_is_written_over_the_same_copy),
        READY(absent_and_null_keep_and_gone_erases),
        READY(an_older_copy_never_overwrites),
        READY(without_update_time_the_arrival_decides),
        READY(an_update_time_far_ahead_of_its_copy_says_nothing),
        READY(the_copy_from_before_ends_a_reject),
        READY(rows_that_a_trigger_ignores_fail_their_unit),
        READY(a_record_twice_in_a_page_is_one_row),
        READY(a_status_change_is_kept),
        READY(a_page_of_changed_rows_merges_each_with_its_own),
        READY(a_personal_value_is_three_columns),
        READY(an_unsealed_personal_value_is_refused),
        READY(random_copies_end_as_the_model_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

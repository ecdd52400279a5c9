/* Records to rows: what each type takes, what it refuses, and how a refusal is told. */
#include "connector/testing.h"

static const char MANIFEST[] =
    "platform: p\nname: {zh: p, en: p}\nversion: 1\nzone: Asia/Shanghai\ncurrency: CNY\n"
    "money: %s\nhosts: {api: \"https://p.example\"}\n"
    "reply: {code: code, success: code == null}\n"
    "streams:\n  s:\n    table: %s\n    every: 5m\n    request: {get: /x}\n"
    "    window: {by: created, span: 1d}\n    pages: {kind: none}\n    records: list[]\n"
    "    fields:\n      order_id: id\n%s";

struct world {
    struct arena arena;
    struct connector *connector;
    const struct stream *stream;
    struct facts facts;
    struct page page;
    struct mapped mapped;
    struct err err;
};

static void world_table(struct world *w, const char *table, const char *money, const char *fields)
{
    memset(w, 0, sizeof *w);
    arena_init(&w->arena);
    /* The format is a constant of this file. */
    struct str text = arena_printf(&w->arena, MANIFEST, money, table, fields);
    w->connector = test_load(&w->arena, STR("p.yaml"), text);
    w->stream = connector_stream_at(w->connector, 0);
}

static void world_make(struct world *w, const char *money, const char *fields)
{
    world_table(w, "trade_order", money, fields);
}

static void world_builtin(struct world *w, const char *platform)
{
    memset(w, 0, sizeof *w);
    arena_init(&w->arena);
    w->connector = test_builtin(&w->arena, platform);
    w->stream = connector_stream_at(w->connector, 0);
}

static void world_close(struct world *w)
{
    page_fini(&w->page);
    connector_free(w->connector);
    arena_fini(&w->arena);
}

static void map_body(struct world *w, struct str body)
{
    struct reply reply = {.status = 200, .body = body};
    page_fini(&w->page);
    assert_good(connector_read(w->connector, w->stream->request, w->stream, &w->facts, &reply,
                               &w->arena, &w->page, &w->err),
                &w->err);
    assert_good(
        connector_map(w->connector, w->stream, &w->facts, &w->page, &w->arena, &w->mapped, &w->err),
        &w->err);
}

/* One record whose member "v" is `value`. */
static void map_value(struct world *w, const char *value)
{
    map_body(w, arena_printf(&w->arena, "{\"list\":[{\"id\":\"1\",\"v\":%s}]}", value));
}

static size_t column_of(const struct table *table, const char *name)
{
    size_t at = table_column(table, str_of(name));
    assert_int_not_equal(at, SIZE_MAX);
    return at;
}

static size_t column(const struct world *w, const char *name)
{
    return column_of(w->stream->table, name);
}

static void assert_number(struct world *w, const char *value, const char *name, int64_t expected)
{
    map_value(w, value);
    const struct batch *batch = w->mapped.batches[0];
    if (batch->rows_len != 1)
        fail_msg("%s: rejected with %s", value, w->mapped.rejects[0].code);
    assert_int_equal(batch_state(batch, 0, column(w, name)), CELL_SET);
    if (batch->columns[column(w, name)].numbers[0] != expected)
        fail_msg("%s: found %lld", value, (long long)batch->columns[column(w, name)].numbers[0]);
}

static void assert_text(struct world *w, const char *value, const char *name, const char *expected)
{
    map_value(w, value);
    const struct batch *batch = w->mapped.batches[0];
    if (batch->rows_len != 1)
        fail_msg("%s: rejected with %s", value, w->mapped.rejects[0].code);
    assert_str(batch->columns[column(w, name)].texts[0], expected);
}

static void assert_reject(struct world *w, const char *value, const char *code)
{
    map_value(w, value);
    if (w->mapped.rejects_len != 1)
        fail_msg("%s: not rejected", value);
    if (strcmp(w->mapped.rejects[0].code, code) != 0)
        fail_msg("%s: rejected with %s, expected %s", value, w->mapped.rejects[0].code, code);
    assert_int_equal(w->mapped.batches[0]->rows_len, 0);
}

static void assert_state(struct world *w, const char *value, const char *name,
                         enum cell_state expected)
{
    map_value(w, value);
    assert_int_equal(w->mapped.batches[0]->rows_len, 1);
    assert_int_equal(batch_state(w->mapped.batches[0], 0, column(w, name)), expected);
}

static void major_money_is_whole_minor_units_but_for_float_dust(void **state)
{
    (void)state;
    struct world w;
    world_make(&w, "major", "      pay_amount: v\n");
    assert_number(&w, "92.84999999999999", "pay_amount", 9285);
    assert_number(&w, "92.85000000000001", "pay_amount", 9285);
    assert_number(&w, "-92.84999999999999", "pay_amount", -9285);
    assert_number(&w, "0.1", "pay_amount", 10);
    assert_number(&w, "\"1234.50\"", "pay_amount", 123450);
    assert_number(&w, "1.5e2", "pay_amount", 15000);
    assert_number(&w, "-3", "pay_amount", -300);
    assert_number(&w, "92233720368.54", "pay_amount", 9223372036854);
    assert_reject(&w, "12.345", "money_fraction");
    assert_reject(&w, "0.001", "money_fraction");
    assert_reject(&w, "\"1,234.50\"", "money_text");
    assert_reject(&w, "\"12 元\"", "money_text");
    assert_reject(&w, "true", "money_text");
    assert_reject(&w, "{}", "field_kind");
    assert_reject(&w, "1e30", "money_range");
    world_close(&w);
}

static void minor_money_is_whole(void **state)
{
    (void)state;
    struct world w;
    world_make(&w, "minor", "      pay_amount: {from: v, as: money, min: 0}\n");
    assert_number(&w, "20", "pay_amount", 20);
    assert_number(&w, "20.000000000001", "pay_amount", 20);
    assert_number(&w, "19.99999999999", "pay_amount", 20);
    assert_number(&w, "9223372036854775807", "pay_amount", INT64_MAX);
    assert_number(&w, "0", "pay_amount", 0);
    assert_reject(&w, "12.5", "money_fraction");
    assert_reject(&w, "-1", "below_min");
    assert_reject(&w, "9223372036854775808", "money_range");
    world_close(&w);
}

static void money_may_be_rounded_half_even_where_the_manifest_says_so(void **state)
{
    (void)state;
    struct world w;
    world_make(&w, "major", "      pay_amount: {from: v, round: true}\n");
    assert_number(&w, "12.345", "pay_amount", 1234);
    assert_number(&w, "12.355", "pay_amount", 1236);
    assert_number(&w, "12.3451", "pay_amount", 1235);
    world_close(&w);
}

static void a_stage_is_translated_and_one_without_a_word_takes_the_old_one_back(void **state)
{
    (void)state;
    struct world w;
    world_make(&w, "minor",
               "      status: v\n"
               "      stage: {from: v, words: {200: paid, CLOSED: cancelled, \"已付\": paid}}\n");
    assert_text(&w, "200", "stage", "paid");
    assert_text(&w, "\"200\"", "stage", "paid");
    assert_text(&w, "\"CLOSED\"", "stage", "cancelled");
    assert_text(&w, "\"已付\"", "stage", "paid");
    assert_int_equal(w.mapped.unknown_len, 0);
    static const char *const untold[] = {"201", "\"paid\"", "\"closed\"", "{\"a\":1}", "[200]"};
    for (size_t i = 0; i < sizeof untold / sizeof *untold - 2; i++) {
        assert_state(&w, untold[i], "stage", CELL_GONE);
        assert_int_equal(w.mapped.unknown_len, 1);
        assert_str(w.mapped.unknown[0].field, "stage");
    }
    assert_state(&w, "null", "stage", CELL_NULL);
    assert_int_equal(w.mapped.unknown_len, 0);
    world_close(&w);

    /* Where the same value is no status, an object is no word either: the record stays. */
    world_make(&w, "minor", "      stage: {from: v, words: {200: paid}}\n");
    assert_state(&w, untold[3], "stage", CELL_GONE);
    assert_state(&w, untold[4], "stage", CELL_GONE);
    world_close(&w);
}

static void the_records_currency_decides_the_minor_unit(void **state)
{
    (void)state;
    struct world w;
    world_make(&w, "major", "      pay_amount: v\n      currency: {from: c, values: {RMB: CNY}}\n");
    map_body(&w, STR("{\"list\":[{\"id\":\"1\",\"v\":5,\"c\":\"JPY\"},"
                     "{\"id\":\"2\",\"v\":\"1.234\",\"c\":\"KWD\"},"
                     "{\"id\":\"3\",\"v\":5,\"c\":\"RMB\"},{\"id\":\"4\",\"v\":5},"
                     "{\"id\":\"5\",\"v\":5,\"c\":\"XYZ\"}]}"));
    const struct batch *batch = w.mapped.batches[0];
    size_t pay = column(&w, "pay_amount"), currency = column(&w, "currency");
    static const int64_t amounts[] = {5, 1234, 500, 500};
    static const char *const currencies[] = {"JPY", "KWD", "CNY", "CNY"};
    assert_int_equal(batch->rows_len, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(batch->columns[pay].numbers[i], amounts[i]);
        assert_str(batch->columns[currency].texts[i], currencies[i]);
    }
    assert_int_equal(w.mapped.rejects_len, 1);
    assert_string_equal(w.mapped.rejects[0].code, "currency_unknown");
    w.facts.currency = STR("JPY");
    map_body(&w, STR("{\"list\":[{\"id\":\"1\",\"v\":5}]}"));
    assert_int_equal(w.mapped.batches[0]->columns[pay].numbers[0], 5);
    assert_str(w.mapped.batches[0]->columns[currency].texts[0], "JPY");
    world_close(&w);
}

static void a_row_without_amounts_says_no_currency(void **state)
{
    (void)state;
    struct world w;
    world_make(&w, "major", "      pay_amount: v\n      sku_name: n\n");
    map_body(&w, STR("{\"list\":[{\"id\":\"1\",\"n\":\"x\"},{\"id\":\"2\",\"v\":null},"
                     "{\"id\":\"3\",\"v\":0}]}"));
    const struct batch *batch = w.mapped.batches[0];
    size_t currency = column(&w, "currency");
    assert_int_equal(batch->rows_len, 3);
    assert_int_equal(batch_state(batch, 0, currency), CELL_ABSENT);
    assert_int_equal(batch_state(batch, 1, currency), CELL_ABSENT);
    assert_int_equal(batch_state(batch, 2, currency), CELL_SET);
    world_close(&w);
    /* One that the record names is kept all the same. */
    world_make(&w, "major", "      pay_amount: v\n      currency: c\n");
    map_body(&w, STR("{\"list\":[{\"id\":\"1\",\"c\":\"JPY\"},{\"id\":\"2\",\"c\":null}]}"));
    assert_str(w.mapped.batches[0]->columns[currency].texts[0], "JPY");
    assert_int_equal(batch_state(w.mapped.batches[0], 1, currency), CELL_NULL);
    world_close(&w);
}

static void ids_keep_every_digit(void **state)
{
    (void)state;
    struct world w;
    world_make(&w, "minor", "      sku_id: {from: v, as: id, zero: absent}\n");
    assert_text(&w, "7518299855211597096", "sku_id", "7518299855211597096");
    assert_text(&w, "18446744073709551616", "sku_id", "18446744073709551616");
    assert_text(&w, "\"A-1\"", "sku_id", "A-1");
    assert_state(&w, "0", "sku_id", CELL_NULL);
    assert_state(&w, "\"\"", "sku_id", CELL_NULL);
    assert_reject(&w, "7.518299855211597e18", "id_text");
    assert_reject(&w, "1.0", "id_text");
    assert_reject(&w, "true", "id_text");
    struct str longest = arena_printf(&w.arena, "\"%0*d\"", ID_BYTES_MAX, 1);
    assert_int_equal(longest.len, ID_BYTES_MAX + 2);
    map_value(&w, longest.ptr);
    assert_int_equal(w.mapped.rejects_len, 0);
    assert_reject(&w, arena_printf(&w.arena, "\"%0*d\"", ID_BYTES_MAX + 1, 1).ptr, "id_long");
    world_close(&w);
}

/* A text that is in a key or index has a bound, so that MariaDB keeps the same rows; another has not. */
static void a_text_that_an_index_holds_has_a_bound(void **state)
{
    (void)state;
    struct world w;
    world_make(&w, "minor", "      status: v\n");
    struct str longest = arena_printf(&w.arena, "\"%0*d\"", ID_BYTES_MAX, 1);
    map_value(&w, longest.ptr);
    assert_int_equal(w.mapped.rejects_len, 0);
    assert_reject(&w, arena_printf(&w.arena, "\"%0*d\"", ID_BYTES_MAX + 1, 1).ptr, "text_long");
    world_close(&w);
    world_make(&w, "minor", "      sku_name: v\n");
    map_value(&w, arena_printf(&w.arena, "\"%0*d\"", 10 * ID_BYTES_MAX, 1).ptr);
    assert_int_equal(w.mapped.rejects_len, 0);
    world_close(&w);
}

static void times_are_utc_milliseconds(void **state)
{
    (void)state;
    struct world w;
    world_make(&w, "minor", "      created_at: v\n");
    assert_number(&w, "1769529600", "created_at", 1769529600000);
    assert_number(&w, "\"2026-01-28 00:00:00\"", "created_at", 1769529600000);
    assert_number(&w, "\"2026-01-27T16:00:00Z\"", "created_at", 1769529600000);
    assert_reject(&w, "\"yesterday\"", "time_text");
    assert_reject(&w, "99999999999999999", "time_text");
    world_close(&w);
    world_make(&w, "minor", "      created_at: {from: v, form: unix_ms, zero: absent}\n");
    assert_number(&w, "\"1769529600123\"", "created_at", 1769529600123);
    assert_state(&w, "0", "created_at", CELL_NULL);
    world_close(&w);
    world_make(&w, "minor", "      created_at: {from: v, form: \"%Y%m%d%H%M%S%L%z\"}\n");
    assert_number(&w, "\"20260128000000123+0800\"", "created_at", 1769529600123);
    assert_reject(&w, "\"2026-01-28\"", "time_text");
    world_close(&w);
}

/* One order of the year 1 or 9999 would make every period that is asked for as long. */
static void a_time_that_cannot_be_is_refused(void **state)
{
    (void)state;
    struct world w;
    world_make(&w, "minor", "      created_at: {from: v, zero: absent}\n");
    static const char *const never[] = {"\"0001-01-01 00:00:00\"", "\"1999-12-31 00:00:00\"",
                                        "\"9999-12-31 23:59:59\"", "\"2100-01-02 00:00:00\"", "1"};
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        assert_reject(&w, never[i], "time_range");
    assert_number(&w, "\"2000-01-02 00:00:00\"", "created_at", 946742400000);
    assert_number(&w, "\"2099-12-31 00:00:00\"", "created_at", 4102329600000);
    /* Who knows when it came knows better. */
    w.facts.received_ms = 1769529600000; /* 2026-01-28 in Shanghai */
    assert_number(&w, "\"2027-03-04 00:00:00\"", "created_at", 1804089600000);
    assert_reject(&w, "\"2027-03-04 00:00:01\"", "time_range");
    assert_reject(&w, "\"2099-12-31 00:00:00\"", "time_range");
    assert_state(&w, "0", "created_at", CELL_NULL);
    assert_state(&w, "null", "created_at", CELL_NULL);
    world_close(&w);
}

static void integers_and_texts(void **state)
{
    (void)state;
    struct world w;
    world_make(&w, "minor", "      quantity: {from: v, default: 1}\n      sku_name: {from: v2}\n");
    assert_number(&w, "\"3\"", "quantity", 3);
    assert_number(&w, "3.0", "quantity", 3);
    assert_number(&w, "null", "quantity", 1);
    assert_reject(&w, "3.5", "int_text");
    assert_reject(&w, "false", "int_text");
    map_body(&w, STR("{\"list\":[{\"id\":\"1\",\"v2\":{\"a\":1}}]}"));
    assert_string_equal(w.mapped.rejects[0].code, "field_kind");
    world_close(&w);
}

static void nothing_is_absent_null_gone_or_refused(void **state)
{
    (void)state;
    struct world w;
    world_make(&w, "minor", "      sku_name: v\n      poi_name: {from: none, absent: gone}\n");
    assert_state(&w, "\"x\"", "sku_name", CELL_SET);
    assert_state(&w, "null", "sku_name", CELL_NULL);
    assert_state(&w, "\"\"", "sku_name", CELL_NULL);
    assert_state(&w, "1", "poi_name", CELL_GONE);
    map_body(&w, STR("{\"list\":[{\"id\":\"1\"}]}"));
    assert_int_equal(batch_state(w.mapped.batches[0], 0, column(&w, "sku_name")), CELL_ABSENT);
    world_close(&w);
    world_make(&w, "minor",
               "      sku_name: {from: v, absent: keep, empty: gone}\n"
               "      pay_amount: {from: v3, absent: reject}\n");
    map_body(&w, STR("{\"list\":[{\"id\":\"1\",\"v\":null,\"v3\":1},{\"id\":\"2\",\"v3\":null},"
                     "{\"id\":\"3\"}]}"));
    assert_int_equal(w.mapped.batches[0]->rows_len, 1);
    assert_int_equal(batch_state(w.mapped.batches[0], 0, column(&w, "sku_name")), CELL_GONE);
    assert_int_equal(w.mapped.rejects_len, 2);
    assert_string_equal(w.mapped.rejects[0].code, "field_missing");
    assert_str(w.mapped.rejects[1].field, "pay_amount");
    world_close(&w);
}

static void a_reject_keeps_its_id_and_leaves_the_rest_of_the_page(void **state)
{
    (void)state;
    struct world w;
    world_make(&w, "minor", "      pay_amount: v\n");
    map_body(&w, STR("{\"list\":[{\"id\":\"1\",\"v\":\"x\"},{\"id\":\"2\",\"v\":2},{\"v\":3},"
                     "{\"id\":\"4\",\"v\":4}]}"));
    const struct mapped *m = &w.mapped;
    assert_int_equal(m->batches[0]->rows_len, 2);
    assert_str(m->batches[0]->columns[column(&w, "order_id")].texts[1], "4");
    assert_int_equal(m->rejects_len, 2);
    assert_str(m->rejects[0].table, "trade_order");
    assert_str(m->rejects[0].key, "1");
    assert_str(m->rejects[0].id, "1");
    assert_str(m->rejects[0].field, "pay_amount");
    assert_str(json_text(json_get(m->rejects[0].record, STR("v"))), "x");
    assert_str(m->rejects[1].id, "");
    assert_string_equal(m->rejects[1].code, "field_missing");
    assert_int_equal(m->id_hashes_len, 3);
    assert_int_equal(m->records_without_id, 1);
    assert_true(m->id_hashes[0] == id_hash(STR("1")));
    assert_true(m->id_hashes[2] == id_hash(STR("4")));
    world_close(&w);
}

static const char LIFE_PAGE[] =
    "{\"data\":{\"error_code\":0,\"orders\":[{\"order_id\":\"1\",\"pay_amount\":1,"
    "\"contacts\":[{\"phone_encrypt\":\"%s\"}]}]}}";

static void map_phone(struct world *w, const char *cipher)
{
    map_body(w, arena_printf(&w->arena, LIFE_PAGE, cipher));
    assert_int_equal(w->mapped.batches[0]->rows_len, 1);
}

static void phones_open_with_the_fitted_secret(void **state)
{
    (void)state;
    struct world w;
    world_builtin(&w, "douyin-life");
    size_t phone = column(&w, "phone");
    w.facts.app.secret = STR("0123456789abcdef0123456789abcdef");
    map_phone(&w, "RJRBlQT3IEhRh6PPOsIyEw==");
    assert_str(w.mapped.batches[0]->columns[phone].texts[0], "13800138000");
    assert_int_equal(w.mapped.ciphers_len, 0);
    w.facts.app.secret = STR("  abc  ");
    map_phone(&w, "6GK4nugMWqfuqUTjI2ZdDw==");
    assert_str(w.mapped.batches[0]->columns[phone].texts[0], "13800138000");
    world_close(&w);
}

/* The key rule for secrets that are too long: first and last bytes fall away in turn. */
static void a_long_secret_loses_bytes_at_both_ends_the_first_one_first(void **state)
{
    (void)state;
    struct str key = STR("0123456789abcdefghijklmnopqrstuv");
    static const char *const secrets[] = {"x0123456789abcdefghijklmnopqrstuv",
                                          "x0123456789abcdefghijklmnopqrstuvy",
                                          "xx0123456789abcdefghijklmnopqrstuvy"};
    struct world w;
    struct buf sealed, text;
    world_builtin(&w, "douyin-life");
    buf_init(&sealed, 64);
    buf_init(&text, 64);
    assert_good(aes256cbc_seal(&sealed, key, str_sub(key, 16, 32), STR("13800138000"), &w.err),
                &w.err);
    base64_write(&text, buf_str(&sealed));
    for (size_t i = 0; i < 3; i++) {
        w.facts.app.secret = str_of(secrets[i]);
        map_phone(&w, text.ptr);
        assert_str(w.mapped.batches[0]->columns[column(&w, "phone")].texts[0], "13800138000");
    }
    buf_fini(&sealed);
    buf_fini(&text);
    world_close(&w);
}

static void a_phone_that_does_not_open_keeps_its_cipher_and_is_told(void **state)
{
    (void)state;
    static const char *const ciphers[] = {"RJRBlQT3IEhRh6PPOsIyEw==", "not base64!", "AAAA"};
    struct world w;
    world_builtin(&w, "douyin-life");
    w.facts.app.secret = STR("another secret");
    for (size_t i = 0; i < 3; i++) {
        map_phone(&w, ciphers[i]);
        assert_int_equal(w.mapped.ciphers_len, 1);
        assert_false(w.mapped.ciphers[0].online);
        assert_str(w.mapped.ciphers[0].cipher, ciphers[i]);
        assert_int_equal(w.mapped.ciphers[0].batch, 0);
        assert_int_equal(w.mapped.ciphers[0].row, 0);
        assert_int_equal(w.mapped.ciphers[0].column, column(&w, "phone"));
        assert_str(w.mapped.batches[0]->columns[column(&w, "phone")].texts[0], ciphers[i]);
    }
    world_close(&w);
}

static void online_ciphers_are_asked_for_and_mapped_again(void **state)
{
    (void)state;
    struct world w;
    struct map plain;
    world_builtin(&w, "douyin-life");
    w.facts.app.secret = STR("0123456789abcdef0123456789abcdef");
    map_phone(&w, "Enc.one");
    assert_int_equal(w.mapped.ciphers_len, 1);
    assert_true(w.mapped.ciphers[0].online);
    assert_str(w.mapped.ciphers[0].cipher, "Enc.one");

    struct reply reply = {.status = 200,
                          .body = STR("{\"data\":{\"error_code\":0,\"results\":["
                                      "{\"cipher_text\":\"Enc.one\",\"plain_text\":\"13800138000\","
                                      "\"is_success\":true},{\"cipher_text\":\"Enc.two\","
                                      "\"plain_text\":\"\",\"is_success\":false}]}}")};
    struct page answer;
    map_init(&plain, 100);
    assert_good(connector_read(w.connector, w.stream->decrypt, NULL, &w.facts, &reply, &w.arena,
                               &answer, &w.err),
                &w.err);
    assert_good(connector_read_decrypted(w.connector, w.stream, &answer, &w.arena, &plain, &w.err),
                &w.err);
    assert_int_equal(plain.len, 1);
    w.facts.decrypted = &plain;
    map_phone(&w, "Enc.one");
    assert_int_equal(w.mapped.ciphers_len, 0);
    assert_str(w.mapped.batches[0]->columns[column(&w, "phone")].texts[0], "13800138000");
    map_phone(&w, "Enc.two");
    assert_int_equal(w.mapped.ciphers_len, 1);
    page_fini(&answer);
    map_fini(&plain);
    world_close(&w);
}

static void a_rejected_records_ciphers_go_with_it(void **state)
{
    (void)state;
    struct world w;
    world_make(&w, "minor", "      sku_name: a\n");
    world_close(&w);
    world_builtin(&w, "douyin-life");
    map_body(&w, STR("{\"data\":{\"error_code\":0,\"orders\":["
                     "{\"order_id\":\"1\",\"pay_amount\":1,\"create_order_time\":\"x\","
                     "\"contacts\":[{\"phone_encrypt\":\"Enc.1\"}]},"
                     "{\"order_id\":\"2\",\"pay_amount\":1,"
                     "\"contacts\":[{\"phone_encrypt\":\"Enc.2\"}]}]}}"));
    assert_int_equal(w.mapped.rejects_len, 1);
    assert_int_equal(w.mapped.ciphers_len, 1);
    assert_str(w.mapped.ciphers[0].cipher, "Enc.2");
    assert_int_equal(w.mapped.ciphers[0].row, 0);
    world_close(&w);
}

static void further_rows_that_are_no_list_are_a_reject_and_their_absence_is_not(void **state)
{
    (void)state;
    struct world w;
    world_builtin(&w, "douyin-life");
    map_body(&w,
             STR("{\"data\":{\"error_code\":0,\"orders\":["
                 "{\"order_id\":\"1\",\"pay_amount\":1},"
                 "{\"order_id\":\"2\",\"pay_amount\":1,\"certificate\":null},"
                 "{\"order_id\":\"3\",\"pay_amount\":1,\"certificate\":[]},"
                 "{\"order_id\":\"4\",\"pay_amount\":1,\"certificate\":{\"order_item_id\":\"a\"}}"
                 "]}}"));
    assert_int_equal(w.mapped.batches[0]->rows_len, 4);
    assert_int_equal(w.mapped.batches[1]->rows_len, 0);
    assert_int_equal(w.mapped.id_hashes_len, 4);
    assert_int_equal(w.mapped.rejects_len, 1);
    const struct reject *reject = &w.mapped.rejects[0];
    assert_string_equal(reject->code, "list_kind");
    assert_str(reject->table, "trade_certificate");
    assert_str(reject->key, "4"); /* the order's: it is found again by it */
    assert_str(reject->id, "");
    assert_str(json_text(json_get(reject->record, STR("order_id"))), "4");
    world_close(&w);
}

static void a_certificates_reject_keeps_the_whole_order(void **state)
{
    (void)state;
    struct world w;
    world_builtin(&w, "douyin-life");
    map_body(&w, STR("{\"data\":{\"error_code\":0,\"orders\":[{\"order_id\":\"1\","
                     "\"pay_amount\":1,\"certificate\":[{\"order_item_id\":\"a\","
                     "\"refund_amount\":\"x\"},{\"order_item_id\":\"b\"}]}]}}"));
    assert_int_equal(w.mapped.batches[0]->rows_len, 1);
    assert_int_equal(w.mapped.batches[1]->rows_len, 1);
    assert_int_equal(w.mapped.rejects_len, 1);
    assert_str(w.mapped.rejects[0].table, "trade_certificate");
    assert_str(w.mapped.rejects[0].key, "1\x1f"
                                        "a");
    assert_str(w.mapped.rejects[0].id, "");
    assert_non_null(json_get(w.mapped.rejects[0].record, STR("certificate")));
    assert_int_equal(w.mapped.id_hashes_len, 1);
    world_close(&w);
}

static void a_certificate_without_a_key_goes_by_its_orders(void **state)
{
    (void)state;
    struct world w;
    world_builtin(&w, "douyin-life");
    map_body(&w, STR("{\"data\":{\"error_code\":0,\"orders\":[{\"order_id\":\"7\","
                     "\"pay_amount\":1,\"certificate\":[{\"certificate_id\":\"a\"}]}]}}"));
    assert_int_equal(w.mapped.rejects_len, 1);
    assert_str(w.mapped.rejects[0].table, "trade_certificate");
    assert_str(w.mapped.rejects[0].field, "order_item_id");
    assert_str(w.mapped.rejects[0].key, "7");
    assert_str(w.mapped.rejects[0].id, "");
    world_close(&w);
}

static void nul_refuses_the_record_that_would_store_it(void **state)
{
    (void)state;
    struct world w;
    world_make(&w, "minor", "      sku_name: v\n      phone: {from: p, as: personal}\n");
    assert_reject(&w, "\"a\\u0000b\"", "text_nul");
    map_body(&w, STR("{\"list\":[{\"id\":\"1\",\"v\":\"x\",\"other\":\"\\u0000\"},"
                     "{\"id\":\"2\",\"p\":\"138\\u0000\"},{\"id\":\"3\\u0000\"},{\"id\":\"4\"}]}"));
    assert_int_equal(w.mapped.batches[0]->rows_len, 2);
    assert_int_equal(w.mapped.rejects_len, 2);
    assert_str(w.mapped.rejects[0].id, "2");
    assert_str(w.mapped.rejects[0].field, "phone");
    assert_string_equal(w.mapped.rejects[1].code, "text_nul");
    assert_str(w.mapped.rejects[1].field, "order_id");
    assert_str(w.mapped.rejects[1].key, "");
    assert_int_equal(w.mapped.id_hashes_len, 3);
    assert_int_equal(w.mapped.records_without_id, 1);
    world_close(&w);
    world_make(&w, "minor", "      created_at: v\n");
    assert_reject(&w, "\"2026-01-28\\u0000\"", "time_text");
    world_close(&w);
}

static void nul_inside_a_json_column_is_refused_too(void **state)
{
    (void)state;
    struct world w;
    world_table(&w, "ad_order", "minor", "      items: v\n");
    assert_reject(&w, "[{\"a\":\"\\u0000\"}]", "text_nul");
    assert_reject(&w, "{\"\\u0000\":1}", "text_nul");
    assert_text(&w, "[\"\\\\u0000\"]", "items", "[\"\\\\u0000\"]"); /* a backslash, u, zeros */
    world_close(&w);
}

static void half_a_pair_and_deep_nesting_cost_nobody_anything(void **state)
{
    (void)state;
    struct world w;
    struct buf deep;
    world_make(&w, "minor", "      sku_name: v\n");
    assert_text(&w, "\"a\\ud83d\"", "sku_name", "a\uFFFD");
    buf_init(&deep, 4096);
    buf_add(&deep, STR("{\"list\":[{\"id\":\"1\",\"other\":"));
    for (int i = 0; i < 2 * 200; i++)
        buf_add_char(&deep, i < 200 ? '[' : ']');
    buf_add(&deep, STR("},{\"id\":\"2\"}]}"));
    map_body(&w, buf_str(&deep));
    assert_int_equal(w.mapped.batches[0]->rows_len, 2);
    buf_fini(&deep);
    world_close(&w);
}

/* A page of `orders` orders with so many certificates each. */
static struct str certificates_page(struct world *w, int orders, int each)
{
    struct buf text;
    buf_init(&text, BODY_BYTES_MAX);
    buf_add(&text, STR("{\"data\":{\"error_code\":0,\"orders\":["));
    for (int order = 0; order < orders; order++) {
        buf_printf(&text, "%s{\"order_id\":\"%d\",\"pay_amount\":1,\"certificate\":[",
                   order > 0 ? "," : "", order);
        for (int i = 0; i < each; i++)
            buf_printf(&text, "%s{\"order_item_id\":\"%d\"}", i > 0 ? "," : "", i);
        buf_add(&text, STR("]}"));
    }
    buf_add(&text, STR("]}}"));
    struct str page = arena_dup(&w->arena, buf_str(&text));
    buf_fini(&text);
    return page;
}

static void rows_of_a_further_table_may_be_more_than_a_batch_holds(void **state)
{
    (void)state;
    struct world w;
    world_builtin(&w, "douyin-life");
    map_body(&w, certificates_page(&w, 100, 120));
    const struct mapped *m = &w.mapped;
    assert_int_equal(m->rejects_len, 0);
    assert_int_equal(m->batches[0]->rows_len, 100);
    assert_int_equal(m->batches_len, 4);
    size_t rows = 0;
    for (size_t i = 1; i < m->batches_len; i++) {
        const struct batch *batch = m->batches[i];
        assert_ptr_equal(batch->table, m->batches[1]->table);
        assert_in_range(batch->rows_len, 1, PAGE_RECORDS_MAX);
        for (size_t row = 0; row < batch->rows_len; row++, rows++)
            assert_str(batch->columns[column_of(batch->table, "order_item_id")].texts[row],
                       arena_printf(&w.arena, "%zu", rows % 120).ptr);
    }
    assert_int_equal(rows, 100 * 120);
    world_close(&w);
}

static void a_record_with_too_long_a_list_is_refused_alone(void **state)
{
    (void)state;
    struct world w;
    world_builtin(&w, "douyin-life");
    map_body(&w, certificates_page(&w, 1, 1000));
    assert_int_equal(w.mapped.rejects_len, 0);
    assert_int_equal(w.mapped.batches[1]->rows_len, 1000);
    struct str page = certificates_page(&w, 1, 1001);
    struct str first = str_sub(page, 0, page.len - 3); /* less "]}}" */
    map_body(&w, arena_printf(&w.arena,
                              "%.*s,{\"order_id\":\"b\",\"pay_amount\":1,"
                              "\"certificate\":[{\"order_item_id\":\"1\"}]}]}}",
                              STR_ARG(first)));
    assert_int_equal(w.mapped.rejects_len, 1);
    const struct reject *reject = &w.mapped.rejects[0];
    assert_string_equal(reject->code, "list_long");
    assert_str(reject->table, "trade_order");
    assert_str(reject->field, "");
    assert_str(reject->key, "0");
    assert_str(reject->id, "0");
    assert_non_null(strstr(reject->message.ptr, "trade_certificate"));
    assert_int_equal(w.mapped.batches[0]->rows_len, 1);
    assert_int_equal(w.mapped.batches[1]->rows_len, 1);
    assert_int_equal(w.mapped.id_hashes_len, 2);
    world_close(&w);
}

static void a_stored_original_maps_as_it_did_in_its_page(void **state)
{
    (void)state;
    struct world w;
    struct json_doc *doc;
    world_builtin(&w, "douyin-life");
    assert_good(connector_map_record(w.connector, w.stream, &w.facts,
                                     STR("{\"order_id\":\"1\",\"pay_amount\":7,"
                                         "\"certificate\":[{\"order_item_id\":\"a\"}]}"),
                                     &w.arena, &w.mapped, &doc, &w.err),
                &w.err);
    assert_int_equal(w.mapped.batches[0]->rows_len, 1);
    assert_int_equal(w.mapped.batches[0]->columns[column(&w, "pay_amount")].numbers[0], 7);
    assert_str(w.mapped.batches[1]->columns[0].texts[0], "1");
    json_free(doc);
    assert_int_equal(connector_map_record(w.connector, w.stream, &w.facts, STR("{"), &w.arena,
                                          &w.mapped, &doc, &w.err),
                     ERR_BAD_REPLY);
    assert_null(doc);
    world_close(&w);
}

static void personal_paths_cover_what_is_personal(void **state)
{
    (void)state;
    struct world w;
    struct buf out;
    struct json_doc *doc;
    world_builtin(&w, "douyin-life");
    assert_good(json_parse(STR("{\"contacts\":[{\"name\":\"n\",\"phone\":\"p\","
                               "\"phone_encrypt\":\"e\"}],\"receiver\":{\"name\":\"r\"},"
                               "\"delivery\":1,\"order_id\":\"1\"}"),
                           &doc, &w.err),
                &w.err);
    buf_init(&out, 1000);
    json_write_canonical_without(&out, json_root(doc), w.stream->personal_paths,
                                 w.stream->personal_paths_len);
    assert_str(buf_str(&out), "{\"contacts\":[{}],\"order_id\":\"1\"}");
    buf_fini(&out);
    json_free(doc);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(major_money_is_whole_minor_units_but_for_float_dust),
        cmocka_unit_test(minor_money_is_whole),
        cmocka_unit_test(money_may_be_rounded_half_even_where_the_manifest_says_so),
        cmocka_unit_test(a_stage_is_translated_and_one_without_a_word_takes_the_old_one_back),
        cmocka_unit_test(the_records_currency_decides_the_minor_unit),
        cmocka_unit_test(a_row_without_amounts_says_no_currency),
        cmocka_unit_test(ids_keep_every_digit),
        cmocka_unit_test(a_text_that_an_index_holds_has_a_bound),
        cmocka_unit_test(times_are_utc_milliseconds),
        cmocka_unit_test(a_time_that_cannot_be_is_refused),
        cmocka_unit_test(integers_and_texts),
        cmocka_unit_test(nothing_is_absent_null_gone_or_refused),
        cmocka_unit_test(a_reject_keeps_its_id_and_leaves_the_rest_of_the_page),
        cmocka_unit_test(phones_open_with_the_fitted_secret),
        cmocka_unit_test(a_long_secret_loses_bytes_at_both_ends_the_first_one_first),
        cmocka_unit_test(a_phone_that_does_not_open_keeps_its_cipher_and_is_told),
        cmocka_unit_test(online_ciphers_are_asked_for_and_mapped_again),
        cmocka_unit_test(a_rejected_records_ciphers_go_with_it),
        cmocka_unit_test(a_certificates_reject_keeps_the_whole_order),
        cmocka_unit_test(further_rows_that_are_no_list_are_a_reject_and_their_absence_is_not),
        cmocka_unit_test(a_certificate_without_a_key_goes_by_its_orders),
        cmocka_unit_test(nul_refuses_the_record_that_would_store_it),
        cmocka_unit_test(nul_inside_a_json_column_is_refused_too),
        cmocka_unit_test(half_a_pair_and_deep_nesting_cost_nobody_anything),
        cmocka_unit_test(rows_of_a_further_table_may_be_more_than_a_batch_holds),
        cmocka_unit_test(a_record_with_too_long_a_list_is_refused_alone),
        cmocka_unit_test(a_stored_original_maps_as_it_did_in_its_page),
        cmocka_unit_test(personal_paths_cover_what_is_personal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

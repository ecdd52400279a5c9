/* Manifests of files: headings in every spelling, rows through the same map, and what only people write. */
#include "connector/testing.h"

struct world {
    struct arena arena;
    struct connector *file;
    const struct file_form *form;
    struct facts facts;
    struct json_doc *doc;
    struct mapped mapped;
    struct err err;
};

static void world_text(struct world *w, const char *name, struct str text)
{
    memset(w, 0, sizeof *w);
    arena_init(&w->arena);
    assert_good(connector_load_file(str_of(name), text, test_catalog(&w->arena), &w->file, &w->err),
                &w->err);
    w->form = connector_file(w->file);
}

static void world_open(struct world *w, const char *kind)
{
    struct arena names;
    arena_init(&names);
    struct str name = arena_printf(&names, "connectors/files/%s.yaml", kind);
    const struct embedded_file *one = connector_builtin_forms();
    for (; one->name && !str_eq(str_of(one->name), name); one++)
        continue;
    assert_non_null(one->name);
    world_text(w, one->name, (struct str){(const char *)one->bytes, one->bytes_len});
    arena_fini(&names);
}

static void world_close(struct world *w)
{
    json_free(w->doc);
    connector_free(w->file);
    arena_fini(&w->arena);
}

/* One row with these cells (JSON). */
static void map_cells(struct world *w, const char *cells)
{
    struct str text = arena_printf(
        &w->arena,
        "{\"rows\":[{\"line\":17,\"file\":\"f\",\"sheet\":\"已预约\",\"who\":\"w\",\"same\":2,\"nth\":3,"
        "\"id\":\"1/2\",\"cells\":{%s}}]}",
        cells);
    json_free(w->doc);
    assert_good(json_parse(text, &w->doc, &w->err), &w->err);
    struct page page = {.doc = w->doc};
    assert_good(
        connector_map(w->file, w->form->stream, &w->facts, &page, &w->arena, &w->mapped, &w->err),
        &w->err);
}

static struct str text_of(const struct world *w, const char *column)
{
    const struct batch *batch = w->mapped.batches[0];
    size_t at = table_column(batch->table, str_of(column));
    assert_int_not_equal(at, SIZE_MAX);
    assert_int_equal(w->mapped.rejects_len, 0);
    assert_int_equal(batch_state(batch, 0, at), CELL_SET);
    return batch->columns[at].texts[0];
}

static int64_t number_of(const struct world *w, const char *column)
{
    const struct batch *batch = w->mapped.batches[0];
    size_t at = table_column(batch->table, str_of(column));
    if (w->mapped.rejects_len > 0)
        fail_msg("%s: %.*s", w->mapped.rejects[0].code, STR_ARG(w->mapped.rejects[0].message));
    assert_int_equal(batch_state(batch, 0, at), CELL_SET);
    return batch->columns[at].numbers[0];
}

static void refused(const struct world *w, const char *code, const char *field)
{
    assert_int_equal(w->mapped.batches[0]->rows_len, 0);
    assert_int_equal(w->mapped.rejects_len, 1);
    assert_string_equal(w->mapped.rejects[0].code, code);
    assert_str(w->mapped.rejects[0].field, field);
}

static void every_built_in_manifest_loads(void **state)
{
    (void)state;
    size_t seen = 0;
    for (const struct embedded_file *one = connector_builtin_forms(); one->name; one++) {
        struct world w;
        world_text(&w, one->name, (struct str){(const char *)one->bytes, one->bytes_len});
        struct str kind = arena_printf(&w.arena, "connectors/files/%.*s.yaml",
                                       STR_ARG(w.form->kind));
        assert_str(kind, one->name);
        seen++;
        world_close(&w);
    }
    assert_int_equal(seen, 11);
}

static void headings_are_found_in_every_spelling(void **state)
{
    (void)state;
    struct world w;
    size_t columns[6];
    world_open(&w, "life-sales");
    const struct str headers[] = {
        STR("\xEF\xBB\xBF所属订单 ＩＤ"), STR(" 子单id "), STR("订单标签"),
        STR("预售价（只针对酒旅商家）"),  STR("核销时间"), STR("")};
    assert_good(connector_file_headers(w.form, headers, 6, columns, &w.err), &w.err);
    assert_str(w.form->columns[columns[0]].name, "order_id");
    assert_str(w.form->columns[columns[1]].name, "part_id");
    assert_int_equal(columns[2], SIZE_MAX);
    assert_str(w.form->columns[columns[3]].name, "preset_price");
    assert_int_equal(columns[5], SIZE_MAX);
    assert_int_equal(connector_file_headers(w.form, headers, 1, columns, &w.err), ERR_BAD_REQUEST);
    assert_string_equal(w.err.code, "header_missing");
    assert_non_null(strstr(w.err.message, "子订单ID"));
    const struct str twice[] = {STR("所属订单ID"), STR("子订单ID"), STR("子单ID")};
    assert_int_equal(connector_file_headers(w.form, twice, 3, columns, &w.err), ERR_BAD_REQUEST);
    assert_string_equal(w.err.code, "header_twice");
    world_close(&w);
}

static void an_id_that_a_spreadsheet_rounded_is_refused(void **state)
{
    (void)state;
    struct world w;
    world_open(&w, "life-sales");
    map_cells(&w, "\"order_id\":\"1835535794685987123\",\"part_id\":\"1\"");
    assert_str(text_of(&w, "order_id"), "1835535794685987123");
    map_cells(&w, "\"order_id\":1.83553579468599E+18,\"part_id\":\"1\"");
    refused(&w, "id_rounded", "order_id");
    map_cells(&w, "\"order_id\":\"1.83553579468599E+18\",\"part_id\":\"1\""); /* CSV */
    refused(&w, "id_rounded", "order_id");
    map_cells(&w, "\"order_id\":\"1\",\"part_id\":1835535794685987123");
    refused(&w, "id_rounded", "part_id");
    map_cells(&w, "\"order_id\":183553579468598,\"part_id\":\"7E2\"");
    assert_str(text_of(&w, "order_id"), "183553579468598");
    world_close(&w);
}

static void a_day_is_one_of_the_calendar_however_it_is_written(void **state)
{
    (void)state;
    struct world w;
    static const char *const good[] = {"\"2026-01-31\"", "\"2026/1/31\"", "46053",
                                       "\"2026-01-31 23:59:59\""};
    static const char *const bad[] = {"\"2026-02-30\"", "\"31.1.\"", "\"\\u4e09\\u6708\"",
                                      "9999999"};
    world_open(&w, "costs");
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        map_cells(
            &w,
            arena_printf(&w.arena, "\"sku_id\":\"1\",\"from_day\":%s,\"cost\":\"1\"", good[i]).ptr);
        assert_str(text_of(&w, "from_day"), "2026-01-31");
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        map_cells(
            &w,
            arena_printf(&w.arena, "\"sku_id\":\"1\",\"from_day\":%s,\"cost\":\"1\"", bad[i]).ptr);
        refused(&w, "day_text", "from_day");
    }
    world_close(&w);
}

static void amounts_are_read_as_people_write_them(void **state)
{
    (void)state;
    struct world w;
    static const struct {
        const char *json;
        int64_t minor;
    } good[] = {{"\"999.00元\"", 99900},         {"\"¥999\"", 99900},   {"\"￥1,234.50\"", 123450},
                {"92.849999999999994", 9285},    {"\"-3.2 元\"", -320}, {"0", 0},
                {"\"1 234，567.5\"", 123456750}, {"\"- ¥ 5\"", -500},   {"1.5e2", 15000}};
    /* A comma for a point would make ten or a hundred times of it, and an exponent has lost digits. */
    static const char *const bad[] = {"面议",      "1,5", "12,50",    "1,2345", "1.234,567",
                                      "1.234 567", "1¥5", "1.23E+05", "1e3"};
    world_open(&w, "life-sales");
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        char cells[200];
        snprintf(cells, sizeof cells, "\"order_id\":\"1\",\"part_id\":\"1\",\"received\":%s",
                 good[i].json);
        map_cells(&w, cells);
        assert_int_equal(number_of(&w, "actual_receipt"), good[i].minor);
        assert_str(text_of(&w, "currency"), "CNY");
        assert_str(text_of(&w, "owner_name"), "商家");
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char cells[200];
        snprintf(cells, sizeof cells, "\"order_id\":\"1\",\"part_id\":\"1\",\"received\":\"%s\"",
                 bad[i]);
        map_cells(&w, cells);
        refused(&w, "money_text", "actual_receipt");
    }
    map_cells(&w, "\"order_id\":\"1\",\"part_id\":\"1\",\"received\":\"5%\"");
    refused(&w, "ratio_text", "actual_receipt");
    /* What is not told is unknown, not 0. */
    map_cells(&w, "\"order_id\":\"1\",\"part_id\":\"1\",\"received\":null");
    assert_int_equal(batch_state(w.mapped.batches[0], 0,
                                 table_column(w.form->stream->table, STR("actual_receipt"))),
                     CELL_NULL);
    world_close(&w);
}

static void days_may_be_text_or_their_number(void **state)
{
    (void)state;
    struct world w;
    static const char *const same[] = {"46050", "\"2026-01-28\"", "\"2026/1/28\"",
                                       "\"2026-01-28 00:00:00\""};
    world_open(&w, "life-bookings");
    for (size_t i = 0; i < 4; i++) {
        char cells[100];
        snprintf(cells, sizeof cells, "\"order_id\":\"1\",\"travel\":%s", same[i]);
        map_cells(&w, cells);
        assert_int_equal(number_of(&w, "travel_at"), 1769529600000);
        assert_int_equal(number_of(&w, "place"), 2);
        assert_str(text_of(&w, "status"), "已预约");
    }
    world_close(&w);
}

static void an_order_without_a_part_goes_by_its_sku(void **state)
{
    (void)state;
    struct world w;
    world_open(&w, "temu-orders");
    map_cells(
        &w, "\"order_id\":\"PO-1\",\"sku_id\":\"2\",\"created\":\"2026-01-28 07:00\","
            "\"status\":\"已签收\",\"pieces\":\"1,000\",\"amount\":\"$5.5\",\"currency\":\"USD\"");
    assert_str(text_of(&w, "order_id"), "1/2");
    assert_str(text_of(&w, "parent_id"), "PO-1");
    assert_str(text_of(&w, "stage"), "delivered");
    assert_int_equal(number_of(&w, "quantity"), 1000);
    assert_int_equal(number_of(&w, "pay_amount"), 550);
    map_cells(&w, "\"order_id\":\"PO-1\",\"part_id\":\"9\",\"created\":\"2026-01-28\"");
    assert_str(text_of(&w, "order_id"), "9");
    map_cells(&w, "\"order_id\":\"PO-1\",\"part_id\":\"9\",\"created\":\"\"");
    refused(&w, "field_missing", "created_at");
    world_close(&w);
}

static struct str content_of(struct world *w, const char *cells)
{
    map_cells(w, cells);
    assert_int_equal(number_of(w, "nth"), 3);
    return arena_dup(&w->arena, text_of(w, "content"));
}

static void a_row_without_a_number_is_known_by_what_it_says(void **state)
{
    (void)state;
    struct world w, other;
    static const char *const same[] = {"\"sales\":10.00,\"po\":\"PO-1\"",
                                       "\"po\":\"PO-1\",\"sales\":\"¥10\",\"reversal\":null",
                                       "\"po\":\"PO-1\",\"sales\":\"10.0元\",\"备注\":\"x\"",
                                       "\"po\":\"PO-1\",\"sales\":10,\"currency\":\"CNY\""};
    static const char *const else_[] = {"\"po\":\"PO-1\",\"sales\":\"10.01\"",
                                        "\"po\":\"PO-2\",\"sales\":\"10\"",
                                        "\"po\":\"PO-1\",\"sales\":10,\"reversal\":0",
                                        "\"po\":\"PO-1\",\"sales\":10,\"shipping\":10",
                                        "\"po\":\"PO-1\",\"sales\":10,\"currency\":\"USD\"",
                                        "\"po\":\"PO-1\",\"sales\":10,\"billed\":\"2026-01-28\""};
    world_open(&w, "temu-bill-collection");
    struct str first = content_of(&w, same[0]);
    assert_int_equal(first.len, 32);
    for (size_t i = 1; i < sizeof same / sizeof *same; i++)
        assert_str(content_of(&w, same[i]), arena_printf(&w.arena, "%.*s", STR_ARG(first)).ptr);
    for (size_t i = 0; i < sizeof else_ / sizeof *else_; i++)
        assert_false(str_eq(content_of(&w, else_[i]), first));
    map_cells(&w, "\"po\":\"PO-1\",\"sales\":\"?\"");
    refused(&w, "money_text", "sales");
    world_close(&w);
    /* Two kinds never say the same. */
    world_open(&w, "temu-bill-deduction");
    world_open(&other, "temu-bill-first-mile");
    struct str one = content_of(&w, "\"order\":\"1\",\"amount\":1");
    assert_false(str_eq(one, content_of(&other, "\"order\":\"1\",\"amount\":1")));
    world_close(&other);
    world_close(&w);
}

static void a_manifest_that_cannot_work_is_refused(void **state)
{
    (void)state;
    static const char HEAD[] = "file: x\nname: {zh: x, en: x}\nversion: 1\nzone: Asia/Shanghai\n"
                               "currency: CNY\nmoney: major\ntable: life_booking\n";
    static const struct {
        const char *rest, *says;
    } bad[] = {
        {"columns: {a: [甲]}\nfields: {order_id: b, place: ^.line}",
         "the file has no column \"b\""},
        {"columns: {a: [甲], b: [ 甲 ]}\nfields: {order_id: a, place: ^.line}", "another column's"},
        {"columns: {a: [甲]}\nfields: {order_id: a}", "needs column \"place\""},
        {"columns: {a: [甲]}\nsame: [c]\nfields: {order_id: a, place: ^.same}", "no column \"c\""},
        {"columns: {a: []}\nfields: {order_id: a, place: ^.same}", "at least one heading"},
        {"columns: {a: [甲]}\nfields: {order_id: a, place: ^.nth}", "a key together"},
        {"columns: {a: [甲]}\nfields: {order_id: ^.content, place: ^.line}", "a key together"},
        {"columns: {a: [甲]}\nfeilds: {}", "did you mean \"fields\""},
    };
    struct arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct connector *file;
        struct err err = {0};
        struct str text = arena_printf(&arena, "%s%s\n", HEAD, bad[i].rest);
        assert_int_equal(
            connector_load_file(STR("x.yaml"), text, test_catalog(&arena), &file, &err),
            ERR_CONFIG);
        if (!strstr(err.message, bad[i].says))
            fail_msg("%s", err.message);
    }
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_built_in_manifest_loads),
        cmocka_unit_test(headings_are_found_in_every_spelling),
        cmocka_unit_test(an_id_that_a_spreadsheet_rounded_is_refused),
        cmocka_unit_test(a_day_is_one_of_the_calendar_however_it_is_written),
        cmocka_unit_test(amounts_are_read_as_people_write_them),
        cmocka_unit_test(days_may_be_text_or_their_number),
        cmocka_unit_test(an_order_without_a_part_goes_by_its_sku),
        cmocka_unit_test(a_row_without_a_number_is_known_by_what_it_says),
        cmocka_unit_test(a_manifest_that_cannot_work_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

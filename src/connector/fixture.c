/* A recorded reply against the rows that people expect from it: how `connector test` and the room's
 * own tests hold a mapping to data instead of code. */
#include <inttypes.h>

#include "connector/plan.h"

enum { SETTINGS_MAX = 16, NUMBER_TEXT_MAX = 24 };

struct fixture {
    const struct connector *connector;
    const struct stream *stream; /* NULL: the reply lists accounts */
    const struct json *expected;
    struct facts facts;
    struct setting options[SETTINGS_MAX];
    struct arena *arena;
    struct err *err;
};

#define differs(f, ...) err_set((f)->err, ERR_BAD_REPLY, "fixture", __VA_ARGS__)

static enum err_class fixture_facts(struct fixture *f)
{
    const struct json *facts = json_get(f->expected, STR("facts"));
    const struct json *app = json_get(facts, STR("app"));
    struct json_iter iter;
    struct str key;
    f->facts = (struct facts){
        .app = {.key = json_text(json_get(app, STR("key"))),
                .secret = json_text(json_get(app, STR("secret")))},
        .page = {.number = 1, .position = json_text(json_get(facts, STR("position")))},
        .options = f->options,
    };
    str_to_i64(json_text(json_get(facts, STR("page"))), &f->facts.page.number);
    str_to_i64(json_text(json_get(facts, STR("size"))), &f->facts.page.size);
    json_iter_init(&iter, json_get(facts, STR("options")));
    for (const struct json *value; (value = json_iter_next(&iter, &key));) {
        if (f->facts.options_len == SETTINGS_MAX)
            return err_set(f->err, ERR_CONFIG, "fixture", "more than %d options", SETTINGS_MAX);
        f->options[f->facts.options_len++] = (struct setting){key, json_text(value)};
    }
    return ERR_OK;
}

static enum err_class compare_text(struct fixture *f, const char *what, struct str expected,
                                   struct str found)
{
    if (str_eq(expected, found))
        return ERR_OK;
    return differs(f, "%s: expected \"%.*s\", found \"%.*s\"", what, STR_ARG(expected),
                   STR_ARG(found));
}

/* Only where the expectation says a number. */
static enum err_class compare_count(struct fixture *f, const char *what, int64_t found)
{
    struct str expected = json_text(json_get(f->expected, str_of(what)));
    struct str text = arena_printf(f->arena, "%" PRId64, found);
    if (!text.ptr)
        return err_no_memory(f->err);
    return expected.len > 0 ? compare_text(f, what, expected, text) : ERR_OK;
}

static enum err_class compare_error(struct fixture *f, enum err_class class_,
                                    const struct err *found)
{
    const struct json *error = json_get(f->expected, STR("error"));
    if (json_kind_of(error) == JSON_ABSENT && class_ == ERR_OK)
        return ERR_OK;
    if (class_ == ERR_OK)
        return differs(f, "expected a refusal, the reply is good");
    if (json_kind_of(error) == JSON_ABSENT)
        return differs(f, "the reply is refused: %s", found->message);
    enum err_class result = compare_text(f, "error.class", json_text(json_get(error, STR("class"))),
                                         str_of(err_class_name(class_)));
    if (result == ERR_OK)
        result = compare_text(f, "error.scope", json_text(json_get(error, STR("scope"))),
                              str_of(err_scope_name(found->scope)));
    if (result == ERR_OK)
        result = compare_text(f, "error.code", json_text(json_get(error, STR("code"))),
                              str_of(found->code));
    return result;
}

static enum err_class cell_text(struct fixture *f, const struct batch *batch, size_t row,
                                size_t column, struct str *out)
{
    const struct batch_column *cells = &batch->columns[column];
    *out = cells->texts ? cells->texts[row]
                        : arena_printf(f->arena, "%" PRId64, cells->numbers[row]);
    return out->ptr || out->len == 0 ? ERR_OK : err_no_memory(f->err);
}

static enum err_class compare_cell(struct fixture *f, const struct batch *batch, size_t row,
                                   size_t column, const struct json *expected)
{
    static const char *const states[] = {
        [CELL_ABSENT] = "absent", [CELL_NULL] = "null", [CELL_GONE] = "gone", [CELL_SET] = "set"};
    const struct table *table = batch->table;
    enum cell_state state = batch_state(batch, row, column), wanted = CELL_SET;
    if (json_kind_of(expected) == JSON_ABSENT)
        wanted = CELL_ABSENT;
    else if (json_kind_of(expected) == JSON_NULL)
        wanted = CELL_NULL;
    else if (json_kind_of(expected) == JSON_OBJECT && json_true(json_get(expected, STR("gone"))))
        wanted = CELL_GONE;
    struct str where = arena_printf(f->arena, "%.*s[%zu].%.*s", STR_ARG(table->name), row,
                                    STR_ARG(table->columns[column].name));
    if (!where.ptr)
        return err_no_memory(f->err);
    if (state != wanted)
        return differs(f, "%s: expected %s, found %s", where.ptr, states[wanted], states[state]);
    struct str text;
    if (state != CELL_SET)
        return ERR_OK;
    enum err_class class_ = cell_text(f, batch, row, column, &text);
    return class_ == ERR_OK ? compare_text(f, where.ptr, json_text(expected), text) : class_;
}

static enum err_class compare_row(struct fixture *f, const struct batch *batch, size_t row,
                                  const struct json *expected)
{
    struct json_iter iter;
    struct str key;
    json_iter_init(&iter, expected);
    while (json_iter_next(&iter, &key))
        if (table_column(batch->table, key) == SIZE_MAX)
            return err_set(f->err, ERR_CONFIG, "fixture", "table %.*s has no column \"%.*s\"",
                           STR_ARG(batch->table->name), STR_ARG(key));
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; i < batch->table->columns_len && class_ == ERR_OK; i++)
        class_ = compare_cell(f, batch, row, i, json_get(expected, batch->table->columns[i].name));
    return class_;
}

static enum err_class compare_rows(struct fixture *f, const struct mapped *mapped)
{
    const struct json *rows = json_get(f->expected, STR("rows"));
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; i < mapped->batches_len && class_ == ERR_OK; i++) {
        const struct batch *batch = mapped->batches[i];
        const struct json *list = json_get(rows, batch->table->name);
        if (json_len(list) != batch->rows_len)
            return differs(f, "table %.*s: expected %zu rows, found %zu",
                           STR_ARG(batch->table->name), json_len(list), batch->rows_len);
        for (size_t row = 0; row < batch->rows_len && class_ == ERR_OK; row++)
            class_ = compare_row(f, batch, row, json_at(list, row));
    }
    return class_;
}

static enum err_class compare_rejects(struct fixture *f, const struct mapped *mapped)
{
    const struct json *list = json_get(f->expected, STR("rejects"));
    enum err_class class_ = ERR_OK;
    if (json_len(list) != mapped->rejects_len)
        return differs(f, "expected %zu rejects, found %zu", json_len(list), mapped->rejects_len);
    for (size_t i = 0; i < mapped->rejects_len && class_ == ERR_OK; i++) {
        const struct reject *reject = &mapped->rejects[i];
        const struct json *expected = json_at(list, i);
        class_ = compare_text(f, "reject.table", json_text(json_get(expected, STR("table"))),
                              reject->table);
        if (class_ == ERR_OK)
            class_ = compare_text(f, "reject.key", json_text(json_get(expected, STR("key"))),
                                  reject->key);
        if (class_ == ERR_OK)
            class_ = compare_text(f, "reject.field", json_text(json_get(expected, STR("field"))),
                                  reject->field);
        if (class_ == ERR_OK)
            class_ = compare_text(f, "reject.code", json_text(json_get(expected, STR("code"))),
                                  str_of(reject->code));
    }
    return class_;
}

static enum err_class compare_page(struct fixture *f, const struct page *page)
{
    const struct json *more = json_get(f->expected, STR("more"));
    struct mapped mapped;
    enum err_class class_ = compare_count(f, "total", page->total);
    if (class_ == ERR_OK && json_kind_of(more) == JSON_BOOL &&
        json_true(more) != (page->next == PAGE_MORE))
        return differs(f, "more: expected %s", json_true(more) ? "true" : "false");
    if (class_ == ERR_OK)
        class_ = compare_text(f, "position", json_text(json_get(f->expected, STR("position"))),
                              page->position);
    if (class_ == ERR_OK)
        class_ = connector_map(f->connector, f->stream, &f->facts, page, f->arena, &mapped, f->err);
    if (class_ == ERR_OK)
        class_ = compare_rows(f, &mapped);
    if (class_ == ERR_OK)
        class_ = compare_rejects(f, &mapped);
    if (class_ == ERR_OK)
        class_ = compare_count(f, "ids", (int64_t)mapped.id_hashes_len);
    if (class_ == ERR_OK)
        class_ = compare_count(f, "ciphers", (int64_t)mapped.ciphers_len);
    return class_ == ERR_OK ? compare_count(f, "unknown", (int64_t)mapped.unknown_len) : class_;
}

static enum err_class compare_accounts(struct fixture *f, const struct page *page)
{
    const struct json *list = json_get(f->expected, STR("accounts"));
    struct account *accounts;
    size_t len;
    enum err_class class_ = connector_read_accounts(f->connector, page, f->arena, &accounts, &len,
                                                    f->err);
    if (class_ == ERR_OK && json_len(list) != len)
        return differs(f, "expected %zu accounts, found %zu", json_len(list), len);
    for (size_t i = 0; class_ == ERR_OK && i < len; i++) {
        const struct json *expected = json_at(list, i);
        class_ = compare_text(f, "account.external_id",
                              json_text(json_get(expected, STR("external_id"))),
                              accounts[i].external_id);
        if (class_ == ERR_OK)
            class_ = compare_text(f, "account.name", json_text(json_get(expected, STR("name"))),
                                  accounts[i].name);
    }
    return class_;
}

/* What the reply answers: a page of a stream, or which accounts a consent covers. */
static enum err_class fixture_endpoint(struct fixture *f, const struct endpoint **out)
{
    struct str name = json_text(json_get(f->expected, STR("stream")));
    *out = f->connector->auth.accounts;
    if (json_kind_of(json_get(f->expected, STR("accounts"))) == JSON_ARRAY)
        return *out ? ERR_OK
                    : err_set(f->err, ERR_CONFIG, "fixture", "the manifest asks for no accounts");
    f->stream = connector_stream(f->connector, name);
    if (!f->stream)
        return err_set(f->err, ERR_CONFIG, "fixture", "there is no stream \"%.*s\"", STR_ARG(name));
    *out = f->stream->request;
    return ERR_OK;
}

static enum err_class fixture_run(struct fixture *f, struct str reply_body)
{
    struct str status = json_text(json_get(f->expected, STR("status")));
    struct reply reply = {.status = 200, .body = reply_body};
    struct err found = {0};
    const struct endpoint *endpoint;
    struct page page;
    int64_t number;
    enum err_class class_ = fixture_endpoint(f, &endpoint);
    if (class_ == ERR_OK)
        class_ = fixture_facts(f);
    if (class_ != ERR_OK)
        return class_;
    if (str_to_i64(status, &number) && number >= 100 && number <= 599)
        reply.status = (int)number;
    class_ = connector_read(f->connector, endpoint, f->stream, &f->facts, &reply, f->arena, &page,
                            &found);
    enum err_class result = compare_error(f, class_, &found);
    if (result == ERR_OK && class_ == ERR_OK)
        result = f->stream ? compare_page(f, &page) : compare_accounts(f, &page);
    page_fini(&page);
    return result;
}

enum err_class connector_fixture(const struct connector *connector, struct str reply_body,
                                 struct str expected_json, struct err *err)
{
    struct arena arena;
    struct json_doc *expected;
    struct err why = {0};
    if (json_parse(expected_json, &expected, &why) != ERR_OK)
        return err_set(err, ERR_CONFIG, "fixture", "the expectation is not JSON: %s", why.message);
    arena_init(&arena);
    struct fixture fixture = {
        .connector = connector, .expected = json_root(expected), .arena = &arena, .err = err};
    enum err_class class_ = fixture_run(&fixture, reply_body);
    arena_fini(&arena);
    json_free(expected);
    return class_;
}

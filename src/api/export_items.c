/* The rows of an answer as a file: the handler of its route answers page after page, and what stands under `items` becomes
 * rows. So a file shows what the answer shows, whatever made it. */
#include <stdlib.h>
#include <string.h>

#include "api/export.h"
#include "api/host.h"

enum { NUMBER_DECIMALS = 4, CURSOR_BYTES_MAX = 4096, FILE_PIECE_BYTES = HTTP_PIECE_BYTES_MAX / 2 };

struct items {
    struct call *call;
    const struct route *base;
    const char *family;
    struct arena reading, kept; /* of a page; of the file */
    struct buf cursor, ahead;
    struct sheet_column columns[SHEET_COLUMNS_MAX];
    size_t columns_len;
    struct sheet *sheet;
    enum sheet_form form;
    bool last;
};

/* --- asking --- */

/* The call as the list's own route has it: the parameters that both have, a page, and where it begins. */
static enum err_class page_ask(struct items *items, struct err *err)
{
    struct call *call = items->call;
    const struct route *own = call->route;
    struct arena *arena = call->arena;
    struct arg *asked = arena_array(&items->reading, PARAMS_MAX, sizeof(*asked));
    if (!asked)
        return err_no_memory(err);
    memcpy(asked, call->args, sizeof(call->args));
    memset(call->args, 0, sizeof(call->args));
    for (size_t i = 0; items->base->params[i].name; i++) {
        const struct param *param = &items->base->params[i];
        for (size_t j = 0; own->params[j].name; j++)
            if (strcmp(own->params[j].name, param->name) == 0)
                call->args[i] = asked[j];
        if (strcmp(param->name, "limit") == 0)
            call->args[i].number = LIST_LIMIT_MAX;
        if (strcmp(param->name, "cursor") == 0 && items->cursor.len > 0)
            call->args[i] = (struct arg){.given = true, .text = buf_str(&items->cursor)};
    }
    call->route = items->base;
    call->arena = &items->reading;
    buf_reset(&call->out);
    enum err_class class_ = items->base->handle(call, err);
    call->route = own;
    call->arena = arena;
    memcpy(call->args, asked, sizeof(call->args));
    return class_;
}

/* --- columns --- */

static const struct metric *metric_of(const struct items *items, struct str name)
{
    const struct metric_family *family = metric_family(items->call->host->metrics,
                                                       str_of(items->family));
    size_t at = family ? metric_find(family, name) : SIZE_MAX;
    return at == SIZE_MAX ? NULL : &family->metrics[at];
}

static bool ends_with(struct str name, const char *end)
{
    size_t len = strlen(end);
    return name.len >= len && str_eq(str_sub(name, name.len - len, name.len), str_of(end));
}

static enum sheet_kind kind_of(struct str name, const struct json *value)
{
    struct str text = json_text(value);
    switch (json_kind_of(value)) {
    case JSON_OBJECT:
        return SHEET_MONEY;
    case JSON_BOOL:
        return SHEET_BOOL;
    case JSON_NUMBER:
        return str_find(text, STR(".")) == SIZE_MAX ? SHEET_INTEGER : SHEET_NUMBER;
    case JSON_ABSENT:
    case JSON_NULL:
    case JSON_STRING:
    case JSON_ARRAY:
        break;
    }
    bool id = ends_with(name, "_id") || str_eq(name, STR("shop"));
    return id ? SHEET_ID : str_eq(name, STR("day")) ? SHEET_DAY : SHEET_TEXT;
}

static bool is_cell(const struct json *value)
{
    enum json_kind kind = json_kind_of(value);
    return kind != JSON_ARRAY && (kind != JSON_OBJECT || json_get(value, STR("minor")));
}

static struct sheet_column *column_find(struct items *items, struct str name)
{
    for (size_t i = 0; i < items->columns_len; i++)
        if (str_eq(str_of(items->columns[i].name), name))
            return &items->columns[i];
    return NULL;
}

static enum err_class column_add(struct items *items, struct str name, const struct json *value,
                                 struct err *err)
{
    bool chinese = str_eq(call_text(items->call, "lang"), STR("zh"));
    const struct metric *metric = metric_of(items, name);
    struct str kept = arena_dup(&items->kept, name);
    if (!kept.ptr)
        return err_no_memory(err);
    struct sheet_column *column = &items->columns[items->columns_len++];
    *column = (struct sheet_column){.name = kept.ptr,
                                    .heading = export_heading(kept, chinese),
                                    .kind = kind_of(name, value),
                                    .decimals = NUMBER_DECIMALS};
    if (!metric)
        return ERR_OK;
    column->heading = chinese ? metric->zh : metric->en;
    column->kind = export_metric_kind(metric);
    column->decimals = metric_decimals(metric, 2);
    return ERR_OK;
}

/* Whatever a row of the first page has; what it is, by the first that is known. */
static enum err_class columns_find(struct items *items, const struct json *rows, struct err *err)
{
    struct json_iter iter, members;
    const struct json *row, *value;
    struct str name;
    enum err_class class_ = ERR_OK;
    json_iter_init(&iter, rows);
    while (!class_ && (row = json_iter_next(&iter, NULL))) {
        json_iter_init(&members, row);
        while (!class_ && (value = json_iter_next(&members, &name))) {
            struct sheet_column *column = column_find(items, name);
            if (column && column->kind == SHEET_TEXT && is_cell(value))
                column->kind = kind_of(name, value);
            if (!column && is_cell(value) && items->columns_len < SHEET_COLUMNS_MAX)
                class_ = column_add(items, name, value, err);
        }
    }
    /* No row: a file with a heading all the same. */
    if (!class_ && items->columns_len == 0)
        class_ = column_add(items, STR("currency"), NULL, err);
    return class_;
}

/* Those that were asked for, in their order. */
static enum err_class columns_choose(struct items *items, struct err *err)
{
    const struct arg *wanted = call_arg(items->call, "columns");
    struct sheet_column chosen[SHEET_COLUMNS_MAX];
    if (wanted->texts_len == 0)
        return ERR_OK;
    for (size_t i = 0; i < wanted->texts_len && i < SHEET_COLUMNS_MAX; i++) {
        const struct sheet_column *column = column_find(items, wanted->texts[i]);
        if (!column)
            return call_refuse(items->call, "columns", "column_unknown", err,
                               "no row has a column \"%.*s\"", STR_ARG(wanted->texts[i]));
        chosen[i] = *column;
    }
    items->columns_len = wanted->texts_len;
    memcpy(items->columns, chosen, wanted->texts_len * sizeof(*chosen));
    return ERR_OK;
}

/* --- rows --- */

static enum err_class cell_make(const struct sheet_column *column, const struct json *value,
                                struct sheet_cell *cell, struct err *err)
{
    enum json_kind kind = json_kind_of(value);
    *cell = (struct sheet_cell){.known = kind != JSON_NULL && kind != JSON_ABSENT};
    if (!cell->known)
        return ERR_OK;
    switch (column->kind) {
    case SHEET_MONEY:
        cell->text = json_text(json_get(value, STR("currency")));
        int exponent = currency_exponent(cell->text);
        return money_parse(json_text(json_get(value, STR("text"))), exponent < 0 ? 2 : exponent,
                           &cell->number, NULL, err);
    case SHEET_INTEGER:
        return money_parse(json_text(value), 0, &cell->number, NULL, err);
    case SHEET_NUMBER:
    case SHEET_SHARE:
        return money_parse(json_text(value), column->decimals, &cell->number, NULL, err);
    case SHEET_BOOL:
        cell->number = json_true(value);
        return ERR_OK;
    case SHEET_TEXT:
    case SHEET_ID:
    case SHEET_TIME:
    case SHEET_DAY:
        break;
    }
    cell->text = json_text(value);
    return ERR_OK;
}

static enum err_class rows_write(struct items *items, const struct json *rows, struct err *err)
{
    struct json_iter iter;
    const struct json *row;
    struct sheet_cell cells[SHEET_COLUMNS_MAX];
    enum err_class class_ = ERR_OK;
    json_iter_init(&iter, rows);
    while (!class_ && (row = json_iter_next(&iter, NULL))) {
        for (size_t i = 0; !class_ && i < items->columns_len; i++)
            class_ = cell_make(&items->columns[i], json_get(row, str_of(items->columns[i].name)),
                               &cells[i], err);
        if (!class_)
            class_ = sheet_row(items->sheet, cells, err);
    }
    return class_;
}

static enum err_class ahead_add(void *context, struct str bytes, struct err *err)
{
    struct items *items = context;
    buf_add(&items->ahead, bytes);
    return items->ahead.failed ? err_no_memory(err) : ERR_OK;
}

static enum err_class sheet_begin(struct items *items, const struct json *rows, struct err *err)
{
    enum err_class class_ = columns_find(items, rows, err);
    if (!class_)
        class_ = columns_choose(items, err);
    const struct sheet_options options = {.form = items->form,
                                          .title = str_of(items->base->name),
                                          .columns = items->columns,
                                          .columns_len = items->columns_len,
                                          .sink = ahead_add,
                                          .context = items};
    return class_ ? class_ : sheet_open(&options, &items->sheet, err);
}

static enum err_class page_write(struct items *items, struct err *err)
{
    struct json_doc *doc = NULL;
    arena_reset(&items->reading);
    enum err_class class_ = page_ask(items, err);
    if (!class_)
        class_ = json_parse(buf_str(&items->call->out), &doc, err);
    if (class_)
        return class_;
    const struct json *root = json_root(doc), *rows = json_get(root, STR("items"));
    struct str next = json_text(json_get(root, STR("next")));
    buf_reset(&items->cursor);
    buf_add(&items->cursor, next);
    items->last = next.len == 0;
    if (!items->sheet)
        class_ = sheet_begin(items, rows, err);
    if (!class_)
        class_ = rows_write(items, rows, err);
    if (!class_ && items->last) {
        struct sheet *sheet = items->sheet;
        items->sheet = NULL;
        class_ = sheet_close(sheet, NULL, err);
    }
    json_free(doc);
    return class_;
}

/* --- the reply --- */

static enum http_pull items_pull(void *context, struct buf *piece, unsigned *wait_ms)
{
    struct items *items = context;
    struct err err = {0};
    (void)wait_ms;
    if (items->ahead.len == 0 && items->last)
        return HTTP_END;
    if (items->ahead.len == 0 && page_write(items, &err) != ERR_OK) {
        log_event(LOG_WARN, "export_failed", LOG_STR("list", str_of(items->base->name)),
                  LOG_STR("code", str_of(err.code)), LOG_STR("message", str_of(err.message)),
                  LOG_END);
        return HTTP_BROKEN;
    }
    buf_add(piece, buf_str(&items->ahead));
    buf_reset(&items->ahead);
    return HTTP_MORE;
}

static void items_close(void *context)
{
    struct items *items = context;
    if (items->sheet)
        sheet_abandon(items->sheet);
    buf_fini(&items->ahead);
    buf_fini(&items->cursor);
    arena_fini(&items->reading);
    arena_fini(&items->kept);
    free(items);
}

enum err_class export_items(struct call *call, const struct route *base, const char *family,
                            struct err *err)
{
    struct items *items = calloc(1, sizeof(*items));
    if (!items)
        return err_no_memory(err);
    items->call = call;
    items->base = base;
    items->family = family;
    arena_init(&items->reading);
    arena_init(&items->kept);
    buf_init(&items->cursor, CURSOR_BYTES_MAX);
    buf_init(&items->ahead, HTTP_PIECE_BYTES_MAX - 1024);
    sheet_form_parse(call_text(call, "format"), &items->form);
    enum err_class class_ = page_write(items, err);
    if (!class_)
        class_ = export_name(call, str_of(base->name), str_of(base->name), items->form, zone_utc(),
                             err);
    buf_reset(&call->out);
    if (class_) {
        items_close(items);
        return class_;
    }
    call->reply->content_type = sheet_content_type(items->form);
    call->reply->stream = (struct http_stream){items_pull, items_close, items};
    return ERR_OK;
}

/* The rows of an answer as a file: the handler of its route answers page after page, and its items become rows. So a file shows what the answer shows, whatever made it. */
#include <stdlib.h>
#include <string.h>

#include "api/export.h"
#include "api/host.h"

enum {
    CURSOR_BYTES_MAX = 4096,
    /* A page's answer has at most half of that (answer.c). */
    PAGE_BYTES_MAX = 64 * 1024 * 1024,
    CELL_BYTES_MAX = PAGE_BYTES_MAX / 2,
    SLICE_BYTES = 256 * 1024,
};

struct items {
    struct call *call;
    const struct route *base;
    const struct export_list *list;
    struct arena reading, kept; /* of a page; of the file */
    struct buf cursor, ahead;
    size_t sent; /* of `ahead` */
    bool turn;
    struct export_columns columns;
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
    for (size_t i = 0; items->base->params && items->base->params[i].name; i++) {
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

static const struct sheet_column *column_find(const struct export_columns *columns, struct str name)
{
    for (size_t i = 0; i < columns->len; i++)
        if (str_eq(str_of(columns->columns[i].name), name))
            return &columns->columns[i];
    return NULL;
}

/* Those that were asked for, in their order. */
static enum err_class columns_choose(struct items *items, struct err *err)
{
    const struct arg *wanted = call_arg(items->call, "columns");
    struct export_columns *columns = &items->columns;
    struct sheet_column chosen[SHEET_COLUMNS_MAX];
    if (wanted->texts_len == 0)
        return ERR_OK;
    if (wanted->texts_len > SHEET_COLUMNS_MAX)
        return call_refuse(items->call, "columns", "column_unknown", err, "at most %d columns",
                           SHEET_COLUMNS_MAX);
    for (size_t i = 0; i < wanted->texts_len; i++) {
        const struct sheet_column *column = column_find(columns, wanted->texts[i]);
        if (!column)
            return call_refuse(items->call, "columns", "column_unknown", err,
                               "no row has a column \"%.*s\"", STR_ARG(wanted->texts[i]));
        chosen[i] = *column;
    }
    columns->len = wanted->texts_len;
    memcpy(columns->columns, chosen, wanted->texts_len * sizeof(*chosen));
    return ERR_OK;
}

/* --- rows --- */

/* What is no number: a text, words in two languages, texts with commas between; what else there is, as JSON. */
static struct str cell_text(struct items *items, const struct json *value)
{
    const struct json *words = json_get(value, items->columns.chinese ? STR("zh") : STR("en"));
    struct json_iter iter;
    const struct json *one;
    struct buf text;
    enum json_kind kind = json_kind_of(value);
    if (kind != JSON_OBJECT && kind != JSON_ARRAY)
        return json_text(value);
    if (words)
        return json_text(words);
    buf_init(&text, CELL_BYTES_MAX);
    json_iter_init(&iter, value);
    for (bool any = false; kind == JSON_ARRAY && (one = json_iter_next(&iter, NULL)); any = true) {
        buf_add(&text, any ? STR(", ") : STR(""));
        if (json_kind_of(one) == JSON_OBJECT || json_kind_of(one) == JSON_ARRAY)
            json_write(&text, one);
        else
            buf_add(&text, json_text(one));
    }
    if (kind == JSON_OBJECT)
        json_write(&text, value);
    struct str kept = text.failed ? STR_NONE : arena_dup(&items->reading, buf_str(&text));
    buf_fini(&text);
    return kept; /* never a part of it: a file that is cut looks whole */
}

static enum err_class cell_make(struct items *items, const struct sheet_column *column,
                                const struct json *value, struct sheet_cell *cell, struct err *err)
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
    cell->text = cell_text(items, value);
    return cell->text.ptr ? ERR_OK : err_no_memory(err);
}

/* What all members say of a column, a line each, a dash for who says nothing; nothing where none does. */
static enum err_class joined_make(struct items *items, const struct json *row, struct str name,
                                  struct sheet_cell *cell, struct err *err)
{
    struct str head, own;
    struct json_iter iter;
    struct buf text;
    const struct json *member;
    *cell = (struct sheet_cell){0};
    str_cut(name, '.', &head, &own);
    buf_init(&text, CELL_BYTES_MAX);
    json_iter_init(&iter, json_get(row, head));
    for (bool any = false; (member = json_iter_next(&iter, NULL)); any = true) {
        const struct json *value = json_get(member, own), *amount = json_get(value, STR("text"));
        bool known = json_kind_of(value) != JSON_NULL && json_kind_of(value) != JSON_ABSENT;
        buf_add(&text, any ? STR("\n") : STR(""));
        buf_add(&text, known ? cell_text(items, amount ? amount : value) : STR("—"));
        cell->known |= known;
    }
    if (!text.failed)
        cell->text = arena_dup(&items->reading, buf_str(&text));
    buf_fini(&text);
    return cell->text.ptr ? ERR_OK : err_no_memory(err);
}

/* Of rows that name a shop by its number alone. */
static void shop_name_make(struct items *items, const struct json *row, struct sheet_cell *cell)
{
    const struct json *value = json_get(row, STR("shop"));
    const struct api_shop *shop;
    int64_t id;
    if (!str_to_i64(json_text(value), &id) || !(shop = host_shop(items->call->host, id)))
        return;
    *cell = (struct sheet_cell){.known = true, .text = shop->name};
}

static enum err_class row_write(void *context, struct str part, const struct json *row,
                                const struct json *member, struct err *err)
{
    struct items *items = context;
    const struct export_columns *columns = &items->columns;
    struct sheet_cell cells[SHEET_COLUMNS_MAX];
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; !class_ && i < columns->len; i++) {
        struct str name = str_of(columns->columns[i].name);
        if (items->list->parts[0] && str_eq(name, STR("part")))
            cells[i] = (struct sheet_cell){.known = true, .text = part};
        else if (export_is_joined(items->list, name))
            class_ = joined_make(items, row, name, &cells[i], err);
        else
            class_ = cell_make(items, &columns->columns[i], export_value(row, member, name),
                               &cells[i], err);
        if (!class_ && !cells[i].known && str_eq(name, STR("shop_name")))
            shop_name_make(items, row, &cells[i]);
    }
    return class_ ? class_ : sheet_row(items->sheet, cells, err);
}

static enum err_class ahead_add(void *context, struct str bytes, struct err *err)
{
    struct items *items = context;
    buf_add(&items->ahead, bytes);
    return items->ahead.failed ? err_no_memory(err) : ERR_OK;
}

static enum err_class row_seen(void *context, struct str part, const struct json *row,
                               const struct json *member, struct err *err)
{
    bool *empty = context;
    (void)part, (void)row, (void)member, (void)err;
    *empty = false;
    return ERR_OK;
}

static enum err_class sheet_begin(struct items *items, const struct json *page, struct err *err)
{
    struct export_columns *columns = &items->columns;
    bool empty = true;
    enum err_class class_ = export_rows(items->list, page, row_seen, &empty, err);
    columns->named = call_arg(items->call, "columns")->given;
    columns->all = empty || !items->last || columns->named;
    if (!class_)
        class_ = export_columns_make(columns, str_of(items->base->answer), page, err);
    if (!class_)
        class_ = columns_choose(items, err);
    const struct sheet_options options = {.form = items->form,
                                          .title = str_of(items->base->name),
                                          .columns = columns->columns,
                                          .columns_len = columns->len,
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
    const struct json *root = json_root(doc);
    struct str next = json_text(json_get(root, STR("next")));
    buf_reset(&items->cursor);
    buf_add(&items->cursor, next);
    items->last = next.len == 0;
    if (!items->sheet)
        class_ = sheet_begin(items, root, err);
    if (!class_)
        class_ = export_rows(items->list, root, row_write, items, err);
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
    bool over = items->sent == items->ahead.len;
    if (over && items->last)
        return HTTP_END;
    if (over) {
        buf_reset(&items->ahead);
        items->sent = 0;
    }
    if (over && page_write(items, &err) != ERR_OK) {
        log_event(LOG_WARN, "export_failed", LOG_STR("list", str_of(items->base->name)),
                  LOG_STR("code", str_of(err.code)), LOG_STR("message", str_of(err.message)),
                  LOG_END);
        return HTTP_BROKEN;
    }
    struct str slice = str_sub(buf_str(&items->ahead), items->sent, items->sent + SLICE_BYTES);
    buf_add(piece, slice);
    items->sent += slice.len;
    return HTTP_MORE;
}

static void items_close(void *context)
{
    struct items *items = context;
    if (items->sheet)
        sheet_abandon(items->sheet);
    if (items->turn)
        export_turn_give();
    buf_fini(&items->ahead);
    buf_fini(&items->cursor);
    arena_fini(&items->reading);
    arena_fini(&items->kept);
    free(items);
}

enum err_class export_items(struct call *call, const struct route *base,
                            const struct export_list *list, struct err *err)
{
    struct items *items = calloc(1, sizeof(*items));
    if (!items)
        return err_no_memory(err);
    items->call = call;
    items->base = base;
    items->list = list;
    arena_init(&items->reading);
    arena_init(&items->kept);
    items->columns = (struct export_columns){
        .arena = &items->kept,
        .list = list,
        .metrics = call->host->metrics,
        .chinese = str_eq(call_text(call, "lang"), STR("zh")),
    };
    buf_init(&items->cursor, CURSOR_BYTES_MAX);
    buf_init(&items->ahead, PAGE_BYTES_MAX);
    sheet_form_parse(call_text(call, "format"), &items->form);
    enum err_class class_ = export_turn_take(call, err);
    items->turn = class_ == ERR_OK;
    if (!class_)
        class_ = page_write(items, err);
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

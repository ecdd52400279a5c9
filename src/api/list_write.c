/* Rows of a list as JSON. */
#include <stdio.h>
#include <string.h>

#include "api/host.h"
#include "api/list.h"
#include "api/period.h"

static struct str row_currency(const struct list_row *row)
{
    size_t column = row->query->currency_column;
    return column == SIZE_MAX ? STR_NONE : list_text(row, column);
}

enum err_class list_figures(const struct list_row *row, struct figure out[METRICS_MAX],
                            struct err *err)
{
    const struct metric_family *family = row->query->family;
    int exponent = currency_exponent(row_currency(row));
    struct metric_sums sums = {.many = false};
    for (size_t i = 0; i < family->metrics_len; i++) {
        size_t column = row->query->metric_columns[i];
        if (column != SIZE_MAX && !list_is_null(row, column))
            sums.value[i] = (struct figure){true, list_int(row, column)};
    }
    return metrics_work_out(family, &sums, exponent < 0 ? 2 : exponent, out, err);
}

static void text_write(struct out *out, const struct list_column *column,
                       const struct list_row *row, size_t at)
{
    struct str text = list_text(row, at);
    bool nothing = list_is_null(row, at) || (column->kind == LIST_ID && !text.len);
    if (nothing)
        out_null(out, column->name);
    else
        out_text(out, column->name, text);
}

static void value_write(struct out *out, const struct list_row *row, size_t at,
                        const struct figure *figures)
{
    const struct list_column *column = &row->query->list->columns[at];
    const struct metric_family *family = row->query->family;
    size_t metric;
    switch (column->kind) {
    case LIST_ID:
    case LIST_TEXT:
    case LIST_DAY:
        text_write(out, column, row, at);
        return;
    case LIST_METRIC:
        metric = row->query->column_metrics[at];
        out_figure(out, column->name, &family->metrics[metric], figures[metric], row_currency(row));
        return;
    case LIST_TIME:
        out_time_or_null(out, column->name, list_int(row, at), !list_is_null(row, at));
        return;
    case LIST_NUMBER:
    case LIST_INT:
    case LIST_BOOL:
    case LIST_MONEY:
        break;
    }
    if (list_is_null(row, at))
        out_null(out, column->name);
    else if (column->kind == LIST_NUMBER)
        out_id(out, column->name, list_int(row, at));
    else if (column->kind == LIST_BOOL)
        out_bool(out, column->name, list_int(row, at) != 0);
    else if (column->kind == LIST_MONEY)
        out_money(out, column->name, list_int(row, at), row_currency(row));
    else
        out_int(out, column->name, list_int(row, at));
}

struct str list_text_or_none(const struct list_row *row, size_t column)
{
    struct str text = list_text(row, column);
    return text.len ? text : STR_NONE;
}

void list_time_write(struct out *out, const char *key, const struct list_row *row, size_t column)
{
    int64_t ms = list_int(row, column);
    out_time_or_null(out, key, ms, ms != 0);
}

enum err_class list_row_write(struct out *out, const struct list_row *row, struct err *err)
{
    struct figure figures[METRICS_MAX];
    const struct list *list = row->query->list;
    enum err_class class_ = row->query->family ? list_figures(row, figures, err) : ERR_OK;
    for (size_t i = 0; !class_ && list->columns[i].name; i++)
        if (!list->columns[i].hidden)
            value_write(out, row, i, figures);
    return class_;
}

void list_end_write(struct out *out, const struct list_page *page)
{
    out_text_or_null(out, "next", page->next);
    if (page->total < 0)
        out_null(out, "total");
    else
        out_int(out, "total", page->total);
}

enum err_class list_run_called(struct call *call, struct list_query *query, struct list_page *out,
                               struct err *err)
{
    struct err why = {.code = ""};
    enum err_class class_ = list_run(call->host->store, query, out, &why);
    if (class_ && strcmp(why.code, "cursor_foreign") == 0)
        call->parameter = "cursor";
    if (class_ && err)
        *err = why;
    return class_;
}

enum err_class list_answer_query(struct call *call, struct list_query *query, list_write *write,
                                 struct err *err)
{
    const struct list *list = query->list;
    struct list_page page;
    struct shop_scope shops;
    struct out out;
    enum err_class class_ = list_run_called(call, query, &page, err);
    if (class_)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_list(&out, "items");
    for (size_t i = 0; !class_ && i < page.rows_len; i++) {
        out_object(&out, NULL);
        class_ = write(call, &out, &page.rows[i], err);
        out_end_object(&out);
    }
    out_end_list(&out);
    list_end_write(&out, &page);
    shops = (struct shop_scope){query->all_shops, query->shops, query->shops_len};
    if (list->live)
        out_time(&out, "as_of", call->now_ms);
    else if (!class_ && list->shop)
        class_ = scope_end_write(call, &out, &shops, err);
    out_end_object(&out);
    return class_;
}

enum err_class list_answer_as(struct call *call, const struct list *list, list_write *write,
                              struct err *err)
{
    struct list_query *query = arena_alloc(call->arena, sizeof(*query));
    enum err_class class_ = query ? list_ask(call, list, query, err) : err_no_memory(err);
    return class_ ? class_ : list_answer_query(call, query, write, err);
}

static enum err_class columns_write(struct call *call, struct out *out, const struct list_row *row,
                                    struct err *err)
{
    (void)call;
    return list_row_write(out, row, err);
}

enum err_class list_answer(struct call *call, const struct list *list, struct err *err)
{
    return list_answer_as(call, list, columns_write, err);
}

enum err_class list_find(struct call *call, const struct list *list, const char *column,
                         int64_t number, const char *what, struct list_row *out, struct err *err)
{
    const struct person *person = call->person;
    struct list_query *query = arena_alloc(call->arena, sizeof(*query));
    struct list_page page;
    char text[24];
    if (!query)
        return err_no_memory(err);
    list_query_init(query, list, call->host->metrics, call->arena);
    list_shops(query, person->all_shops, person->shops, person->shops_len);
    query->limit = 1;
    enum err_class class_ = list_where_int(query, column, LIST_EQUAL, number, err);
    if (!class_)
        class_ = list_run(call->host->store, query, &page, err);
    if (class_)
        return class_;
    snprintf(text, sizeof(text), "%lld", (long long)number);
    if (page.rows_len == 0)
        return call_absent(err, what, str_of(text));
    *out = page.rows[0];
    return ERR_OK;
}

enum err_class list_look(struct call *call, const struct list *list, const struct shop_scope *shops,
                         const char *column, struct str id, struct list_query *query,
                         struct list_page *page, struct err *err)
{
    list_query_init(query, list, call->host->metrics, call->arena);
    list_by_shop(query, shops, call->host);
    query->limit = 2;
    enum err_class class_ = list_where_text(query, column, LIST_EQUAL, id, err);
    return class_ ? class_ : list_run(call->host->store, query, page, err);
}

enum err_class list_alone(struct call *call, const struct list_page *page, const char *what,
                          struct str id, struct err *err)
{
    if (page->rows_len == 0)
        return call_absent(err, what, id);
    if (page->rows_len > 1)
        return call_refuse(call, "shop", "order_ambiguous", err,
                           "several shops have an order of this number: say which shop");
    return ERR_OK;
}

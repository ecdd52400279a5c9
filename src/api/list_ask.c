/* What a call says of a list: the rows of its parameters that have `.filter`, and those of LIST_PARAMS. */
#include <string.h>

#include "api/host.h"
#include "api/list_sql.h"

/* The parameter a failure is about, told to the caller. */
static enum err_class blame(struct call *call, const char *parameter, enum err_class class_)
{
    if (class_)
        call->parameter = parameter;
    return class_;
}

static const struct arg *arg_find(const struct call *call, const char *name)
{
    const struct param *params = call->route->params;
    for (size_t i = 0; params && params[i].name; i++)
        if (strcmp(params[i].name, name) == 0)
            return &call->args[i];
    return NULL;
}

static bool column_is_money(const struct list_query *query, const struct list_column *column)
{
    if (column->kind != LIST_METRIC)
        return column->kind == LIST_MONEY;
    size_t metric = metric_find(query->family, str_of(column->name));
    return metric != SIZE_MAX && query->family->metrics[metric].unit == METRIC_MONEY;
}

static enum err_class texts_ask(struct list_query *query, const struct param *param,
                                const struct arg *arg, struct err *err)
{
    size_t len = arg->texts_len ? arg->texts_len : 1;
    struct sql_value *values = arena_array(query->arena, len, sizeof(*values));
    if (!values)
        return err_no_memory(err);
    for (size_t i = 0; i < len; i++)
        values[i] = sql_text(arg->texts_len ? arg->texts[i] : arg->text);
    return list_where(query, param->column, LIST_ANY_OF, values, len, err);
}

static enum err_class bound_ask(struct list_query *query, const struct param *param,
                                const struct arg *arg, struct str currency, struct err *err)
{
    int64_t number = arg->number;
    enum err_class class_ = ERR_OK;
    if (param->type == PARAM_MONEY)
        class_ = list_amount(query, param->column, arg->text, currency, &number, err);
    return class_ ? class_
                  : list_where_int(query, param->column, (enum list_how)param->filter, number, err);
}

static enum err_class filter_ask(struct list_query *query, const struct param *param,
                                 const struct arg *arg, struct str currency, struct err *err)
{
    switch ((enum list_how)param->filter) {
    case LIST_SEARCH:
        return arg->text.len ? list_where_search(query, arg->text, err) : ERR_OK;
    case LIST_FROM_DAY:
        return list_where_days(query, arg->text, STR_NONE, err);
    case LIST_UNTIL_DAY:
        return list_where_days(query, STR_NONE, arg->text, err);
    case LIST_EQUAL:
    case LIST_ANY_OF:
        if (param->type == PARAM_BOOL || param->type == PARAM_INT || param->type == PARAM_KEY)
            return list_where_int(query, param->column, LIST_EQUAL, arg->number, err);
        return texts_ask(query, param, arg, err);
    case LIST_LEAST:
    case LIST_MOST:
    case LIST_BELOW:
        return bound_ask(query, param, arg, currency, err);
    case LIST_AMONG: /* no parameter says so many */
    case LIST_NO_FILTER:
        break;
    }
    return ERR_OK;
}

/* An amount is one of a currency: rows of others are left out. */
static enum err_class filters_ask(struct call *call, struct list_query *query, struct err *err)
{
    const struct param *params = call->route->params;
    const struct arg *given = arg_find(call, "currency");
    bool said = given && given->given, amounts = false;
    struct str currency = said ? given->text : STR("CNY");
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; !class_ && params[i].name; i++) {
        if (!params[i].filter || !(call->args[i].given || params[i].standard))
            continue;
        bool range = params[i].filter == LIST_LEAST || params[i].filter == LIST_MOST;
        amounts = amounts ||
                  (range &&
                   column_is_money(
                       query, &query->list->columns[list_column(query->list, params[i].column)]));
        class_ = blame(call, params[i].name,
                       filter_ask(query, &params[i], &call->args[i], currency, err));
    }
    if (!class_ && amounts && !said)
        class_ = list_where_text(query, "currency", LIST_EQUAL, currency, err);
    return class_;
}

static enum err_class page_ask(struct call *call, struct list_query *query, struct err *err)
{
    if (!arg_find(call, "cursor"))
        return ERR_OK; /* an export: every row */
    const struct arg *cursor = call_arg(call, "cursor"), *page = call_arg(call, "page");
    query->limit = call_int(call, "limit");
    query->total = call_arg(call, "total")->number != 0;
    if (cursor->given && page->given)
        return call_refuse(call, "page", "page_and_cursor", err,
                           "either a page's number or a cursor, not both");
    query->cursor = cursor->given ? cursor->text : STR_NONE;
    query->page = page->given ? page->number : 0;
    if (cursor->given && !cursor->text.len)
        query->cursor = STR("-"); /* said, and no cursor of ours */
    return ERR_OK;
}

enum err_class list_secret(const struct call *call, struct str *out, struct err *err)
{
    char hex[33];
    enum err_class class_ = blind_index(call->host->keyring, STR("cursor"), STR("key"), hex, err);
    *out = class_ ? STR_NONE : arena_dup(call->arena, str_of(hex));
    return class_ ? class_ : out->ptr ? ERR_OK : err_no_memory(err);
}

enum err_class list_ask(struct call *call, const struct list *list, struct list_query *query,
                        struct err *err)
{
    struct shop_scope shops = {.all = true};
    list_query_init(query, list, call->host->metrics, call->arena);
    enum err_class class_ = list->shop ? call_shops(call, &shops, err) : ERR_OK;
    list_shops(query, shops.all, shops.ids, shops.len);
    if (!class_ && call_given(call, "sort"))
        class_ = blame(call, "sort", list_sort(query, call_text(call, "sort"), err));
    if (!class_)
        class_ = filters_ask(call, query, err);
    if (!class_)
        class_ = page_ask(call, query, err);
    return class_ ? class_ : list_secret(call, &query->secret, err);
}

void list_by_shop(struct list_query *query, const struct shop_scope *shops,
                  const struct api_host *host)
{
    int64_t *ids = shops->all ? arena_array(query->arena, host->shops_len + 1, sizeof(*ids)) : NULL;
    list_shops(query, shops->all, shops->ids, shops->len);
    query->by_shop = true;
    if (!ids || host->shops_len > LIST_VALUES_MAX / 2)
        return; /* all of them without their numbers: slower, and right */
    for (size_t i = 0; i < host->shops_len; i++)
        ids[i] = host->shops[i].id;
    list_shops(query, false, ids, host->shops_len);
}

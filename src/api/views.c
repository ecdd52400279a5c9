/* Saved views of lists: which filters, which order, which columns and how wide; each user's own, and those that somebody has made
 * public. What a view says is checked against the list's declaration when it is saved. */
#include <string.h>

#include "api/change.h"
#include "api/host.h"
#include "api/lists.h"
#include "api/sql.h"
#include "api/tables.h"

enum { VIEWS_OF_USER_MAX = 200, VIEW_JSON_BYTES_MAX = 32 * 1024, VIEW_WIDTH_MAX = 4000 };

/* A list, and the route that shows it. */
static const char *const list_words[] = {"ad-orders", "trade-orders", "trade-parts", NULL};
static const struct {
    const struct list *list;
    const char *route;
} view_lists[] = {{&ad_order_list, "adOrders"},
                  {&trade_order_list, "tradeOrders"},
                  {&trade_part_list, "tradeParts"}};

#define VIEW_BODY                                                                                  \
    {"name", PARAM_BODY, PARAM_TEXT, .required = true, .min = 1, .max = 100, .help = "Its name"},  \
        {"list",           PARAM_BODY,          PARAM_WORD,                                        \
         .required = true, .words = list_words, .help = "Of which list"},                          \
        {"filters", PARAM_BODY, PARAM_JSON,                                                        \
         .help = "An object: parameters of the list that filter, each a value or a list of them"}, \
        {"sort", PARAM_BODY, PARAM_TEXT, .help = "As the parameter `sort` of the list"},           \
        {"columns", PARAM_BODY, PARAM_TEXT, .many = true,                                          \
         .help = "Columns that are shown, in their order"},                                        \
        {"widths", PARAM_BODY, PARAM_JSON, .help = "An object: pixels by column"},                 \
        {"default", PARAM_BODY, PARAM_BOOL, .standard = "false",                                   \
         .help = "The one that this user sees first; one a list"},                                 \
    {                                                                                              \
        "public", PARAM_BODY, PARAM_BOOL, .standard = "false", .help = "Others see it too"         \
    }
static const struct param all_params[] = {
    {"list", PARAM_QUERY, PARAM_WORD, .words = list_words, .help = "Only of this list"}, {0}};
static const struct param one_params[] = {
    {"id", PARAM_PATH, PARAM_ID, .required = true, .help = "Number of the view"}, {0}};
static const struct param add_params[] = {VIEW_BODY, {0}};
static const struct param put_params[] = {
    {"id", PARAM_PATH, PARAM_ID, .required = true, .help = "Number of the view"}, VIEW_BODY, {0}};

/* --- checking what is to be saved --- */

static const struct param *list_params(size_t at)
{
    for (size_t i = 0; route_tables[i]; i++)
        for (const struct route *route = route_tables[i]; route->path; route++)
            if (strcmp(route->name, view_lists[at].route) == 0)
                return route->params;
    return NULL;
}

static bool filters_by(const struct param *params, struct str name)
{
    for (; params->name; params++)
        if (str_eq(str_of(params->name), name))
            return params->filter || strcmp(params->name, "shop") == 0;
    return false;
}

static bool is_value(const struct json *value)
{
    enum json_kind kind = json_kind_of(value);
    return kind == JSON_STRING || kind == JSON_NUMBER || kind == JSON_BOOL;
}

static enum err_class filters_check(struct call *call, size_t list, struct err *err)
{
    const struct json *filters = call_arg(call, "filters")->json, *value, *one;
    struct json_iter iter, inner;
    struct str name;
    if (json_kind_of(filters) == JSON_ABSENT || json_kind_of(filters) == JSON_NULL)
        return ERR_OK;
    if (json_kind_of(filters) != JSON_OBJECT)
        return call_refuse(call, "filters", "view_filters", err, "filters is an object");
    json_iter_init(&iter, filters);
    while ((value = json_iter_next(&iter, &name))) {
        bool good = is_value(value) || json_kind_of(value) == JSON_ARRAY;
        if (json_kind_of(value) == JSON_ARRAY) {
            json_iter_init(&inner, value);
            while ((one = json_iter_next(&inner, NULL)))
                good = good && is_value(one);
        }
        if (!good || !filters_by(list_params(list), name))
            return call_refuse(call, "filters", "view_filters", err,
                               "`%.*s` is no filter of that list, or no value of one",
                               STR_ARG(utf8_cut(name, 60)));
    }
    return ERR_OK;
}

static const struct list_column *column_of(const struct list *list, struct str name)
{
    for (const struct list_column *column = list->columns; column->name; column++)
        if (!column->filters && str_eq(str_of(column->name), name))
            return column;
    return NULL;
}

/* Whole orders also show what their parts say, and what they come to together: as their file names it. */
static bool has_column(const struct list *list, struct str name)
{
    static const char *const together[] = {"pieces", "gmv", "refunds", "net", "received"};
    struct str head, own;
    if (column_of(list, name))
        return true;
    if (list != &trade_order_list || !str_cut(name, '.', &head, &own))
        return false;
    if (str_eq(head, STR("parts")))
        return column_of(&trade_part_list, own) != NULL;
    bool found = false;
    for (size_t i = 0; i < sizeof(together) / sizeof(*together); i++)
        found = found || str_eq(own, str_of(together[i]));
    return found && str_eq(head, STR("together"));
}

static enum err_class columns_check(struct call *call, const struct list *list, struct err *err)
{
    const struct arg *columns = call_arg(call, "columns");
    const struct json *widths = call_arg(call, "widths")->json, *value;
    struct json_iter iter;
    struct str name;
    int64_t pixels;
    for (size_t i = 0; i < columns->texts_len; i++) {
        bool again = false;
        for (size_t j = 0; j < i; j++)
            again = again || str_eq(columns->texts[i], columns->texts[j]);
        if (again || !has_column(list, columns->texts[i]))
            return call_refuse(call, "columns", "view_columns", err,
                               "`%.*s` is no column of that list, or stands there twice",
                               STR_ARG(utf8_cut(columns->texts[i], 60)));
    }
    if (json_kind_of(widths) == JSON_ABSENT || json_kind_of(widths) == JSON_NULL)
        return ERR_OK;
    if (json_kind_of(widths) != JSON_OBJECT)
        return call_refuse(call, "widths", "view_columns", err, "widths is an object");
    json_iter_init(&iter, widths);
    while ((value = json_iter_next(&iter, &name)))
        if (!has_column(list, name) || json_kind_of(value) != JSON_NUMBER ||
            !str_to_i64(json_text(value), &pixels) || pixels < 1 || pixels > VIEW_WIDTH_MAX)
            return call_refuse(call, "widths", "view_columns", err,
                               "the width of a column of that list is 1 to %d", VIEW_WIDTH_MAX);
    return ERR_OK;
}

static enum err_class sort_check(struct call *call, const struct list *list, struct err *err)
{
    struct list_query *query = arena_alloc(call->arena, sizeof(*query));
    if (!query)
        return err_no_memory(err);
    if (!call_given(call, "sort"))
        return ERR_OK;
    list_query_init(query, list, call->host->metrics, call->arena);
    enum err_class class_ = list_sort(query, call_text(call, "sort"), err);
    if (class_)
        call->parameter = "sort";
    return class_;
}

static void json_or_empty(struct out *out, const char *key, const struct json *value)
{
    struct buf text;
    buf_init(&text, VIEW_JSON_BYTES_MAX);
    if (json_kind_of(value) == JSON_OBJECT)
        json_write(&text, value);
    else
        buf_add(&text, STR("{}"));
    if (text.failed)
        out->buf->failed = true;
    else
        out_raw(out, key, buf_str(&text));
    buf_fini(&text);
}

/* What the row keeps beside its name: one JSON object. */
static enum err_class body_make(struct call *call, struct str *out_text_, struct err *err)
{
    const struct arg *columns = call_arg(call, "columns");
    struct buf buf;
    struct out out;
    size_t list = (size_t)call_int(call, "list");
    enum err_class class_ = filters_check(call, list, err);
    if (!class_)
        class_ = sort_check(call, view_lists[list].list, err);
    if (!class_)
        class_ = columns_check(call, view_lists[list].list, err);
    if (class_)
        return class_;
    buf_init(&buf, VIEW_JSON_BYTES_MAX);
    out_init(&out, &buf);
    out_object(&out, NULL);
    json_or_empty(&out, "filters", call_arg(call, "filters")->json);
    out_text(&out, "sort",
             call_given(call, "sort") ? call_text(call, "sort")
                                      : str_of(view_lists[list].list->sort));
    out_list(&out, "columns");
    for (size_t i = 0; i < columns->texts_len; i++)
        out_text(&out, NULL, columns->texts[i]);
    out_end_list(&out);
    json_or_empty(&out, "widths", call_arg(call, "widths")->json);
    out_end_object(&out);
    bool fits = !buf.failed;
    *out_text_ = fits ? arena_dup(call->arena, buf_str(&buf)) : STR_NONE;
    buf_fini(&buf);
    if (!fits)
        return call_refuse(call, "filters", "view_filters", err, "a view has at most %d bytes",
                           VIEW_JSON_BYTES_MAX);
    return out_text_->ptr ? ERR_OK : err_no_memory(err);
}

/* --- reading --- */

static void shop_if_seen(struct call *call, struct buf *out, const struct json *word, size_t *len)
{
    const struct api_shop *shop;
    const char *parameter = call->parameter;
    struct err why;
    if (call_shop_of(call, "shop", json_text(word), &shop, &why) == ERR_OK) {
        if ((*len)++ > 0)
            buf_add_char(out, ',');
        json_write(out, word);
    }
    call->parameter = parameter;
}

/* The filter `shop` of somebody else's view, as this user may know it. *len 0: none of its shops are his. */
static void shops_seen_write(struct call *call, struct buf *out, const struct json *shops,
                             size_t *len)
{
    struct json_iter iter;
    const struct json *one;
    *len = 0;
    buf_add_char(out, '[');
    if (json_kind_of(shops) == JSON_ARRAY) {
        json_iter_init(&iter, shops);
        while ((one = json_iter_next(&iter, NULL)))
            shop_if_seen(call, out, one, len);
    } else {
        shop_if_seen(call, out, shops, len);
    }
    buf_add_char(out, ']');
}

static bool members_seen_write(struct call *call, struct buf *out, const struct json *object,
                               bool filters)
{
    struct json_iter iter;
    const struct json *value;
    struct str name;
    size_t shops = 1, written = 0;
    buf_add_char(out, '{');
    json_iter_init(&iter, object);
    while (shops > 0 && (value = json_iter_next(&iter, &name))) {
        if (written++ > 0)
            buf_add_char(out, ',');
        json_write_string(out, name);
        buf_add_char(out, ':');
        if (filters && str_eq(name, STR("shop")))
            shops_seen_write(call, out, value, &shops);
        else if (!filters && str_eq(name, STR("filters")))
            shops = members_seen_write(call, out, value, true);
        else
            json_write(out, value);
    }
    buf_add_char(out, '}');
    return shops > 0;
}

/* What a view says to whoever looks. Names of shops that he does not see are left out; of a view of nothing but those he is
 * not told: without its filter it would be another view. */
static enum err_class view_body(struct call *call, const struct reader *row, struct str *body,
                                bool *seen, struct err *err)
{
    struct json_doc *doc;
    struct buf buf;
    *body = reader_text(row, 4);
    *seen = true;
    if (call->person->all_shops || reader_int(row, 1) == call->person->user_id)
        return ERR_OK;
    enum err_class class_ = json_parse(*body, &doc, err);
    if (class_ != ERR_OK)
        return class_;
    const struct json *shops = json_get(json_get(json_root(doc), STR("filters")), STR("shop"));
    if (json_kind_of(shops) != JSON_ABSENT) {
        buf_init(&buf, 2 * VIEW_JSON_BYTES_MAX);
        *seen = members_seen_write(call, &buf, json_root(doc), false);
        *body = buf.failed ? STR_NONE : arena_dup(call->arena, buf_str(&buf));
        class_ = body->ptr ? ERR_OK : err_no_memory(err);
        buf_fini(&buf);
    }
    json_free(doc);
    return class_;
}

/* SQL_VIEW_COLUMNS; *seen: it was written. */
static enum err_class view_write(struct call *call, struct out *out, const struct reader *row,
                                 bool *seen, struct err *err)
{
    int64_t user_id = call->person->user_id;
    struct str body;
    enum err_class class_ = view_body(call, row, &body, seen, err);
    if (class_ != ERR_OK || !*seen)
        return class_;
    out_object(out, NULL);
    out_id(out, "id", reader_int(row, 0));
    out_text(out, "list", reader_text(row, 2));
    out_text(out, "name", reader_text(row, 3));
    out_bool(out, "own", reader_int(row, 1) == user_id);
    out_bool(out, "default", reader_int(row, 1) == user_id && reader_int(row, 5) != 0);
    out_bool(out, "public", reader_int(row, 6) != 0);
    out_time(out, "changed_at", reader_int(row, 7));
    out_raw(out, "view", body);
    out_end_object(out);
    return ERR_OK;
}

static enum err_class views_list(struct call *call, struct err *err)
{
    struct reader *row;
    struct out out;
    int64_t user_id = call->person->user_id;
    const struct sql_value values[] = {sql_int(user_id)};
    enum err_class class_ = store_read(call->host->store, SQL_VIEWS_SEEN, values, 1, &row, err);
    if (class_)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_list(&out, "items");
    bool seen;
    while (class_ == ERR_OK && reader_next(row))
        if (!call_given(call, "list") || str_eq(reader_text(row, 2), call_text(call, "list")))
            class_ = view_write(call, &out, row, &seen, err);
    out_end_list(&out);
    out_end_object(&out);
    enum err_class closed = reader_close(row, class_ == ERR_OK ? err : NULL);
    return class_ == ERR_OK ? closed : class_;
}

static int64_t view_id(const struct call *call)
{
    int64_t id;
    return str_to_i64(call_text(call, "id"), &id) ? id : 0;
}

static enum err_class view_answer(struct call *call, int64_t id, struct err *err)
{
    struct reader *row;
    struct out out;
    int64_t user_id = call->person->user_id;
    const struct sql_value values[] = {sql_int(user_id), sql_int(id)};
    enum err_class class_ = store_read(call->host->store, SQL_VIEW_SEEN, values, 2, &row, err);
    if (class_)
        return class_;
    out_init(&out, &call->out);
    bool found = reader_next(row);
    if (found)
        class_ = view_write(call, &out, row, &found, err);
    enum err_class closed = reader_close(row, class_ == ERR_OK ? err : NULL);
    class_ = class_ == ERR_OK ? closed : class_;
    return class_ || found ? class_ : call_absent(err, "view", call_text(call, "id"));
}

static enum err_class view_get(struct call *call, struct err *err)
{
    return view_answer(call, view_id(call), err);
}

/* --- writing --- */

struct view_edit {
    struct call *call;
    struct str body;
    int64_t id; /* 0: a new one */
    int64_t version;
};

static enum err_class count_take(struct reader *row, void *context, struct err *err)
{
    int64_t *count = context;
    (void)err;
    *count = reader_int(row, 0);
    return ERR_OK;
}

static enum err_class view_insert(struct tx *tx, struct view_edit *edit, struct err *err)
{
    const struct call *call = edit->call;
    int64_t count = 0, rows;
    const struct sql_value values[] = {sql_int(call->person->user_id),
                                       sql_text(call_text(call, "list")),
                                       sql_text(call_text(call, "name")),
                                       sql_text(edit->body),
                                       sql_int(call_int(call, "default")),
                                       sql_int(call_int(call, "public")),
                                       sql_int(call->now_ms)};
    enum err_class class_ = tx_query(tx, SQL_VIEWS_COUNT, values, 1, count_take, &count, err);
    if (!class_ && count >= VIEWS_OF_USER_MAX)
        return err_set(err, ERR_CONFLICT, "views_many", "a user has at most %d views",
                       VIEWS_OF_USER_MAX);
    if (!class_)
        class_ = tx_exec(tx, SQL_VIEW_ADD, values, 7, &rows, err);
    if (!class_)
        edit->id = tx_last_id(tx);
    return class_;
}

/* Nothing was changed: it is not his, or not any more what he read. */
static enum err_class view_missed(struct tx *tx, const struct view_edit *edit, struct err *err)
{
    int64_t own = 0;
    const struct sql_value values[] = {sql_int(edit->call->person->user_id), sql_int(edit->id)};
    enum err_class class_ = tx_query(tx, SQL_VIEW_IS_OWN, values, 2, count_take, &own, err);
    if (class_ != ERR_OK)
        return class_;
    return own > 0 ? call_changed_meanwhile(err)
                   : call_absent(err, "view of yours", call_text(edit->call, "id"));
}

static enum err_class view_update(struct tx *tx, struct view_edit *edit, struct err *err)
{
    const struct call *call = edit->call;
    int64_t rows;
    const struct sql_value values[] = {sql_int(call->person->user_id),
                                       sql_int(edit->id),
                                       sql_text(call_text(call, "list")),
                                       sql_text(call_text(call, "name")),
                                       sql_text(edit->body),
                                       sql_int(call_int(call, "default")),
                                       sql_int(call_int(call, "public")),
                                       sql_int(call->now_ms),
                                       sql_int(edit->version)};
    enum err_class class_ = tx_exec(tx, SQL_VIEW_SET, values, 9, &rows, err);
    return class_ || rows ? class_ : view_missed(tx, edit, err);
}

/* The view, and that no other is the first of its list. */
static enum err_class view_save(struct tx *tx, void *context, struct err *err)
{
    struct view_edit *edit = context;
    const struct call *call = edit->call;
    bool adds = strcmp(call->route->name, "viewAdd") == 0;
    int64_t rows;
    if (adds)
        edit->id = 0;
    enum err_class class_ = adds ? view_insert(tx, edit, err) : view_update(tx, edit, err);
    const struct sql_value others[] = {sql_int(call->person->user_id),
                                       sql_text(call_text(call, "list")), sql_int(edit->id),
                                       sql_int(call->now_ms)};
    if (!class_ && call_int(call, "default"))
        class_ = tx_exec(tx, SQL_VIEWS_NOT_DEFAULT, others, 4, &rows, err);
    if (class_ == ERR_CONFLICT && err && strcmp(err->code, "store_unique") == 0)
        return err_set(err, ERR_CONFLICT, "view_exists",
                       "you have a view of this name of this list");
    return class_;
}

static enum err_class view_write_and_answer(struct call *call, const char *action, int64_t id,
                                            int64_t version, struct err *err)
{
    struct view_edit edit = {.call = call, .id = id, .version = version};
    struct change change = {.line = audit_of(call, action, call_text(call, "name")),
                            .work = view_save,
                            .context = &edit};
    enum err_class class_ = body_make(call, &edit.body, err);
    change.line.after = edit.body;
    if (!class_)
        class_ = change_make(call->host->store, &change, err);
    return class_ ? class_ : view_answer(call, edit.id, err);
}

static enum err_class view_add(struct call *call, struct err *err)
{
    enum err_class class_ = view_write_and_answer(call, "view.add", 0, CALL_VERSION_ANY, err);
    if (!class_)
        call->reply->status = 201;
    return class_;
}

static enum err_class view_put(struct call *call, struct err *err)
{
    int64_t id = view_id(call), version;
    enum err_class class_ = call_if_match(call, view_answer, id, SQL_VIEW_VERSION, &version, err);
    return class_ ? class_ : view_write_and_answer(call, "view.change", id, version, err);
}

static enum err_class view_delete(struct tx *tx, void *context, struct err *err)
{
    struct view_edit *edit = context;
    int64_t rows;
    const struct sql_value values[] = {sql_int(edit->call->person->user_id), sql_int(edit->id),
                                       sql_int(edit->version)};
    enum err_class class_ = tx_exec(tx, SQL_VIEW_REMOVE, values, 3, &rows, err);
    return class_ || rows ? class_ : view_missed(tx, edit, err);
}

static enum err_class view_remove(struct call *call, struct err *err)
{
    struct view_edit edit = {.call = call, .id = view_id(call)};
    struct change change = {.line = audit_of(call, "view.remove", call_text(call, "id")),
                            .work = view_delete,
                            .context = &edit};
    enum err_class class_ = call_if_match(call, view_answer, edit.id, SQL_VIEW_VERSION,
                                          &edit.version, err);
    if (!class_)
        class_ = change_make(call->host->store, &change, err);
    if (!class_)
        call->reply->status = 204;
    return class_;
}

const struct route view_routes[] = {
    {ROUTE_GET, "/api/v1/views", "views", RIGHT_READ, all_params, views_list,
     .summary = "Saved views: one's own, and those that others have made public",
     .answer = "Views"},
    {ROUTE_POST, "/api/v1/views", "viewAdd", RIGHT_READ, add_params, view_add,
     .summary = "Save a view", .answer = "View"},
    {ROUTE_GET, "/api/v1/views/{id}", "view", RIGHT_READ, one_params, view_get,
     .summary = "One view", .answer = "View"},
    {ROUTE_PUT, "/api/v1/views/{id}", "viewPut", RIGHT_READ, put_params, view_put,
     .summary = "Change one's own view", .answer = "View"},
    {ROUTE_DELETE, "/api/v1/views/{id}", "viewRemove", RIGHT_READ, one_params, view_remove,
     .summary = "Remove one's own view"},
    {0},
};

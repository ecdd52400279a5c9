/* Which columns the file of an answer has: the form of its rows says what they are, the first page which of those that not
 * every row has are there; where columns are asked for by name, or there is no row, the form alone. */
#include <string.h>

#include "api/answers.h"
#include "api/export.h"

enum { NUMBER_DECIMALS = 4, DEPTH_MAX = 2, NAME_BYTES_MAX = 160 };

/* --- rows --- */

static const struct json *member_of(const struct json *row, struct str name)
{
    struct str head, tail;
    const struct json *value = json_get(row, name);
    if (value || !str_cut(name, '.', &head, &tail))
        return value;
    return member_of(json_get(row, head), tail);
}

const struct json *export_value(const struct json *row, const struct json *member, struct str name)
{
    const struct json *value = member_of(member, name);
    return value ? value : member_of(row, name);
}

bool export_is_joined(const struct export_list *list, struct str name)
{
    struct str head, rest;
    return list->joins && str_cut(name, '.', &head, &rest) && str_eq(head, str_of(list->joins));
}

static enum err_class members_take(const struct export_list *list, struct str part,
                                   const struct json *row, export_row_take *take, void *context,
                                   struct err *err)
{
    const struct json *each = list->each ? json_get(row, str_of(list->each)) : NULL;
    struct json_iter iter;
    const struct json *member;
    enum err_class class_ = ERR_OK;
    if (json_len(each) == 0)
        return take(context, part, row, NULL, err);
    json_iter_init(&iter, each);
    while (!class_ && (member = json_iter_next(&iter, NULL)))
        class_ = take(context, part, row, member, err);
    return class_;
}

enum err_class export_rows(const struct export_list *list, const struct json *page,
                           export_row_take *take, void *context, struct err *err)
{
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; !class_ && (i == 0 || list->parts[i]); i++) {
        struct str part = list->parts[i] ? str_of(list->parts[i]) : STR("items");
        struct json_iter iter;
        const struct json *row;
        json_iter_init(&iter, json_get(page, part));
        while (!class_ && (row = json_iter_next(&iter, NULL)))
            class_ = members_take(list, part, row, take, context, err);
    }
    return class_;
}

/* --- what a column is --- */

struct walking {
    struct export_columns *out;
    const struct answers *answers;
    const struct json *page;
    struct str prefix;
    int depth;
    bool required, joined;
    size_t inner_len; /* columns of the members of `each`, which come first */
};

static const struct sheet_column *column_find(const struct export_columns *out, struct str name)
{
    for (size_t i = 0; i < out->len; i++)
        if (str_eq(str_of(out->columns[i].name), name))
            return &out->columns[i];
    return NULL;
}

struct looking {
    struct str name;
    const struct json *found; /* the first that is not null */
    bool seen;
};
static enum err_class row_look(void *context, struct str part, const struct json *row,
                               const struct json *member, struct err *err)
{
    struct looking *looking = context;
    const struct json *value = export_value(row, member, looking->name);
    (void)part;
    (void)err;
    looking->seen |= value != NULL;
    if (!looking->found && json_kind_of(value) != JSON_NULL)
        looking->found = value;
    return ERR_OK;
}

static bool is_one_of(struct str text, const char *const *words)
{
    for (; *words; words++)
        if (str_eq(text, str_of(*words)))
            return true;
    return false;
}

static struct str type_of(const struct json *schema)
{
    const struct json *type = json_get(schema, STR("type"));
    return json_text(json_kind_of(type) == JSON_ARRAY ? json_at(type, 0) : type);
}

static bool ends_with(struct str name, struct str end)
{
    return name.len >= end.len && str_eq(str_sub(name, name.len - end.len, name.len), end);
}

/* value: one of it, or NULL. */
static enum sheet_kind kind_of(struct str name, struct str ref, const struct json *schema,
                               const struct json *value)
{
    static const char *const days[] = {"Day", "DayOrNull", NULL};
    struct str type = type_of(schema);
    if (json_get(json_get(schema, STR("properties")), STR("minor")) ||
        json_get(value, STR("minor")))
        return SHEET_MONEY;
    if (str_eq(type, STR("integer")))
        return SHEET_INTEGER;
    if (str_eq(type, STR("number")))
        return SHEET_NUMBER;
    if (str_eq(type, STR("boolean")))
        return SHEET_BOOL;
    if (is_one_of(ref, days))
        return SHEET_DAY;
    return str_eq(ref, STR("Id")) || ends_with(name, STR("_id")) ? SHEET_ID : SHEET_TEXT;
}

/* Of the list's family, or else of another where it has figures of both. */
static const struct metric *metric_of(const struct export_columns *out, struct str name)
{
    const struct metric_catalog *catalog = out->metrics;
    size_t len = !out->list->family ? 0 : out->list->both ? catalog->families_len + 1 : 1;
    for (size_t i = 0; i < len; i++) {
        const struct metric_family *family = i ? &catalog->families[i - 1]
                                               : metric_family(catalog, str_of(out->list->family));
        size_t at = metric_find(family, name);
        if (at != SIZE_MAX)
            return &family->metrics[at];
    }
    return NULL;
}

static enum err_class column_add(struct export_columns *out, struct str name, enum sheet_kind kind,
                                 struct err *err)
{
    struct str kept = arena_dup(out->arena, name), own, rest = kept;
    while (str_cut(rest, '.', &own, &rest))
        continue; /* together.gmv is headed as gmv */
    const struct metric *metric = metric_of(out, own);
    if (!kept.ptr)
        return err_no_memory(err);
    if (out->len == SHEET_COLUMNS_MAX || column_find(out, name))
        return ERR_OK;
    struct sheet_column *column = &out->columns[out->len++];
    *column = (struct sheet_column){.name = kept.ptr,
                                    .heading = export_heading(kept, out->chinese),
                                    .kind = kind,
                                    .decimals = NUMBER_DECIMALS};
    bool joined = export_is_joined(out->list, name);
    if (joined && str_eq(column->heading, kept))
        column->heading = export_heading(own, out->chinese);
    /* The number of a shop says nothing to people: its name stands beside it. */
    if (str_eq(name, STR("shop")))
        return column_add(out, STR("shop_name"), SHEET_TEXT, err);
    if (!metric)
        return ERR_OK;
    column->heading = out->chinese ? metric->zh : metric->en;
    if (joined)
        return ERR_OK; /* several amounts are a text */
    column->kind = export_metric_kind(metric);
    column->decimals = metric_decimals(metric, 2);
    return ERR_OK;
}

/* --- the walk --- */

static answers_each property_take;

static enum err_class inner_walk(const struct walking *walking, const struct json *schema,
                                 struct str name, bool required, struct err *err)
{
    struct walking inner = *walking;
    inner.prefix = name;
    inner.depth++;
    inner.required = required;
    return answers_walk(walking->answers, schema, property_take, &inner, err);
}

/* What members of a list say stands together in a cell, for who asks for it by name. */
static enum err_class joined_walk(const struct walking *walking, const struct json *schema,
                                  struct str name, struct err *err)
{
    struct walking inner = *walking;
    if (!walking->out->named)
        return ERR_OK;
    inner.prefix = name;
    inner.depth++;
    inner.joined = true;
    schema = answers_follow(walking->answers, json_get(schema, STR("items")), NULL);
    return answers_walk(walking->answers, schema, property_take, &inner, err);
}

/* A list of texts is a cell; one of objects is none. */
static bool is_rows(const struct walking *walking, const struct json *schema)
{
    const struct json *of = answers_follow(walking->answers, json_get(schema, STR("items")), NULL);
    return str_eq(type_of(schema), STR("array")) && str_eq(type_of(of), STR("object"));
}

static enum err_class property_take(void *context, struct str own, const struct json *schema,
                                    bool required, struct err *err)
{
    const struct walking *walking = context;
    struct export_columns *out = walking->out;
    char memory[NAME_BYTES_MAX];
    struct buf text;
    struct str ref = STR_NONE;
    buf_init_lent(&text, memory, sizeof memory);
    buf_printf(&text, "%.*s%s%.*s", STR_ARG(walking->prefix), walking->prefix.len ? "." : "",
               STR_ARG(own));
    struct str name = buf_str(&text);
    schema = answers_follow(walking->answers, schema, &ref);
    if (walking->depth == 0 && out->list->each && str_eq(own, str_of(out->list->each)))
        return ERR_OK;
    if (walking->depth == 0 && out->list->joins && str_eq(own, str_of(out->list->joins)))
        return joined_walk(walking, schema, own, err);
    if (walking->joined)
        return column_add(out, name, SHEET_TEXT, err);
    struct looking looking = {.name = name};
    enum err_class class_ = export_rows(out->list, walking->page, row_look, &looking, err);
    if (class_ || is_rows(walking, schema) ||
        (!(required && walking->required) && !looking.seen && !out->all && json_len(schema) > 0))
        return class_;
    const struct json *within = json_get(schema, STR("properties"));
    bool words = json_get(within, STR("zh")) && json_get(within, STR("en"));
    if (json_len(within) > 0 && !words && !json_get(within, STR("minor")) &&
        walking->depth < DEPTH_MAX)
        return inner_walk(walking, schema, name, required && walking->required, err);
    return column_add(out, name, kind_of(own, ref, schema, looking.found), err);
}

static enum err_class rows_walk(struct walking *walking, const struct json *rows, struct err *err)
{
    const struct export_list *list = walking->out->list;
    const struct json *row = json_get(rows, STR("items"));
    enum err_class class_ = ERR_OK;
    if (list->each) {
        const struct json *each = answers_follow(
            walking->answers, answers_property(walking->answers, row, str_of(list->each)), NULL);
        /* A row without a member is told by what is around it. */
        walking->depth = 1;
        class_ = answers_walk(walking->answers, json_get(each, STR("items")), property_take,
                              walking, err);
        walking->depth = 0;
        walking->inner_len = walking->out->len;
    }
    return class_ ? class_ : answers_walk(walking->answers, row, property_take, walking, err);
}

static bool is_of(struct str column, struct str member)
{
    return str_starts(column, member) &&
           (column.len == member.len || column.ptr[member.len] == '.');
}

/* A form is a set; people read rows in the order in which the answer tells them. */
static void columns_order(struct export_columns *out, size_t from, const struct json *row)
{
    struct sheet_column ordered[SHEET_COLUMNS_MAX];
    bool taken[SHEET_COLUMNS_MAX] = {false};
    struct json_iter iter;
    struct str name;
    size_t len = from;
    json_iter_init(&iter, row);
    for (bool more = true; more;) {
        more = json_iter_next(&iter, &name) != NULL;
        for (size_t i = from; i < out->len; i++) {
            struct str column = str_of(out->columns[i].name);
            bool beside = str_eq(column, STR("shop_name")) && str_eq(name, STR("shop"));
            if (taken[i] || (more && !beside && !is_of(column, name)))
                continue;
            taken[i] = true;
            ordered[len++] = out->columns[i];
        }
    }
    memcpy(out->columns + from, ordered + from, (len - from) * sizeof *ordered);
}

enum err_class export_columns_make(struct export_columns *out, struct str answer,
                                   const struct json *page, struct err *err)
{
    struct answers answers;
    struct walking walking = {.out = out, .answers = &answers, .page = page, .required = true};
    enum err_class class_ = answers_read(&answers, err);
    const struct json *form = answers_named(&answers, answer);
    if (!class_ && out->list->parts[0])
        class_ = column_add(out, STR("part"), SHEET_TEXT, err);
    for (size_t i = 0; !class_ && (i == 0 || out->list->parts[i]); i++) {
        struct str part = out->list->parts[i] ? str_of(out->list->parts[i]) : STR("items");
        const struct json *rows = answers_property(&answers, form, part);
        class_ = rows_walk(&walking, answers_follow(&answers, rows, NULL), err);
    }
    if (!class_ && !out->list->parts[0])
        columns_order(out, walking.inner_len, json_at(json_get(page, STR("items")), 0));
    answers_free(&answers);
    return class_;
}

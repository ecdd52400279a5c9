/* Views are compared with what is there, then made: one script, one transaction where the database can. */
#include "app/view.h"

#include <stdio.h>
#include <string.h>

#include "app/sql.h"

enum {
    /* All views of a system are 25 KB. */
    SCRIPT_BYTES_MAX = 1024 * 1024,
    NAME_BYTES_MAX = 128,
};

/* The views of one schema. */
struct group {
    const struct view_text *views;
    size_t len;
    char setting[64]; /* its checksum is kept under this name */
};

/* What stands in a group's schema now. */
struct standing {
    size_t found;               /* views of these names that are Huiliu's own */
    char table[NAME_BYTES_MAX]; /* something else that has a view's name; empty: nothing */
    char other[NAME_BYTES_MAX]; /* whose tables a view of that name reads; empty: ours */
    bool schema_is_there;
};

static bool group_next(const struct store *store, struct group *group)
{
    const struct view_text *first = group->views ? group->views + group->len : view_texts;
    while (first->database && strcmp(first->database, store_kind(store)) != 0)
        first++;
    if (!first->database)
        return false;
    group->views = first;
    for (group->len = 0; first[group->len].database; group->len++) {
        const struct view_text *view = &first[group->len];
        if (strcmp(view->database, first->database) != 0 ||
            strcmp(view->schema, first->schema) != 0)
            break;
    }
    snprintf(group->setting, sizeof(group->setting), "views_checksum%s%s",
             *first->schema ? "_" : "", first->schema);
    return true;
}

/* Where it stands, for people. */
static const char *group_place(const struct group *group)
{
    return *group->views->schema ? group->views->schema : "SQLite";
}

static bool group_has(const struct group *group, struct str name)
{
    for (size_t i = 0; i < group->len; i++)
        if (str_eq(name, str_of(group->views[i].name)))
            return true;
    return false;
}

static enum err_class checksum_write(const struct group *group, struct buf *out, struct err *err)
{
    struct buf all, digest;
    buf_init(&all, SCRIPT_BYTES_MAX);
    buf_init(&digest, DIGEST_BYTES_MAX);
    for (size_t i = 0; i < group->len; i++)
        buf_printf(&all, "%s\n%s\n%s\n", group->views[i].name, (const char *)group->views[i].body,
                   (const char *)group->views[i].comments);
    enum err_class class_ = all.failed ? err_no_memory(err)
                                       : digest_write(&digest, DIGEST_SHA256, buf_str(&all), err);
    if (class_ == ERR_OK)
        hex_write(out, buf_str(&digest), false);
    buf_fini(&digest);
    buf_fini(&all);
    return class_;
}

/* --- what is there --- */

static enum err_class standing_read(struct store *store, const struct group *group,
                                    struct standing *out, struct err *err)
{
    const struct sql_value schema = sql_text(str_of(group->views->schema));
    struct reader *row;
    int64_t there;
    *out = (struct standing){0};
    enum err_class class_ = store_read_int(store, SQL_SCHEMA_THERE, &schema, 1, 0, &there, err);
    if (class_ == ERR_OK)
        class_ = store_read(store, SQL_RELATIONS, &schema, 1, &row, err);
    if (class_ != ERR_OK)
        return class_;
    out->schema_is_there = there != 0;
    while (reader_next(row)) {
        struct str name = reader_text(row, 0), other = reader_text(row, 2);
        if (!group_has(group, name))
            continue;
        if (!str_eq(reader_text(row, 1), STR("view")))
            snprintf(out->table, sizeof(out->table), "%.*s", STR_ARG(name));
        else if (other.len > 0)
            snprintf(out->other, sizeof(out->other), "%.*s", STR_ARG(other));
        else
            out->found++;
    }
    return reader_close(row, err);
}

static enum err_class is_current(struct store *store, const struct group *group,
                                 const struct standing *standing, bool *out, struct err *err)
{
    const struct sql_value name = sql_text(str_of(group->setting));
    struct buf checksum;
    struct reader *row;
    buf_init(&checksum, 2 * DIGEST_BYTES_MAX + 1);
    *out = false;
    enum err_class class_ = checksum_write(group, &checksum, err);
    if (class_ == ERR_OK)
        class_ = store_read(store, SQL_SETTING, &name, 1, &row, err);
    if (class_ == ERR_OK) {
        *out = reader_next(row) && str_eq(reader_text(row, 0), buf_str(&checksum)) &&
               standing->found == group->len;
        class_ = reader_close(row, err);
    }
    buf_fini(&checksum);
    return class_;
}

/* --- making --- */

/* A view that is replaced keeps the rights that people have given on it; one that is dropped does not,
 * but only so its columns can change. SQLite can do the latter only. */
enum manner { REPLACE, DROP };

static void script_write(const struct group *group, const struct standing *standing,
                         enum manner manner, struct buf *out)
{
    const char *schema = group->views->schema, *dot = *schema ? "." : "";
    /* Only where it is missing: the right to make one is asked for even if it is there. */
    if (*schema && !standing->schema_is_there)
        buf_printf(out, "CREATE SCHEMA IF NOT EXISTS %s;\n", schema);
    for (size_t i = group->len; manner == DROP && i > 0; i--)
        buf_printf(out, "DROP VIEW IF EXISTS %s%s%s;\n", schema, dot, group->views[i - 1].name);
    for (size_t i = 0; i < group->len; i++) {
        const struct view_text *view = &group->views[i];
        /* The body may end in a comment. */
        buf_printf(out, "CREATE %sVIEW %s%s%s AS\n%s\n;\n%s",
                   manner == REPLACE ? "OR REPLACE " : "", schema, dot, view->name,
                   (const char *)view->body, (const char *)view->comments);
    }
    buf_add_char(out, 0);
}

static enum err_class group_define(struct store *store, const struct group *group,
                                   const struct standing *standing, enum manner manner,
                                   struct err *err)
{
    struct buf script;
    buf_init(&script, SCRIPT_BYTES_MAX);
    script_write(group, standing, manner, &script);
    enum err_class class_ = script.failed ? err_no_memory(err)
                                          : store_define(store, script.ptr, err);
    buf_fini(&script);
    return class_;
}

static enum err_class checksum_put(struct tx *tx, void *context, struct err *err)
{
    return tx_exec(tx, SQL_SETTING_PUT, context, 2, NULL, err);
}

static enum err_class group_make(struct store *store, const struct group *group,
                                 const struct standing *standing, struct err *err)
{
    enum err_class class_ = ERR_INTERNAL;
    struct err refused;
    struct buf checksum;
    if (*group->views->schema)
        class_ = group_define(store, group, standing, REPLACE, &refused);
    if (class_ == ERR_INTERNAL) /* the server refused a statement: columns are others */
        class_ = group_define(store, group, standing, DROP, &refused);
    if (class_ != ERR_OK) {
        *err = refused;
        return class_;
    }
    buf_init(&checksum, 2 * DIGEST_BYTES_MAX + 1);
    class_ = checksum_write(group, &checksum, err);
    if (class_ == ERR_OK) {
        struct sql_value values[] = {sql_text(str_of(group->setting)),
                                     sql_text(buf_str(&checksum))};
        class_ = store_write(store, checksum_put, values, err);
    }
    buf_fini(&checksum);
    return class_;
}

/* --- the face --- */

static enum err_class group_install(const struct app *app, const struct group *group,
                                    struct err *err)
{
    struct str place = str_of(group_place(group));
    struct standing standing;
    bool current = false;
    enum err_class class_ = standing_read(app->store, group, &standing, err);
    if (class_ == ERR_OK)
        class_ = is_current(app->store, group, &standing, &current, err);
    if (class_ != ERR_OK || current)
        return class_;
    if (*standing.table) {
        app_say(app, MSG_VIEWS_TABLE, M_STR(place), M_STR(str_of(standing.table)), M_END);
        return ERR_OK;
    }
    if (*standing.other) {
        app_say(app, MSG_VIEWS_OTHER, M_STR(place), M_STR(str_of(standing.other)), M_END);
        return ERR_OK;
    }
    struct err refused;
    class_ = group_make(app->store, group, &standing, &refused);
    if (class_ == ERR_OK)
        return ERR_OK;
    /* Somebody's long query over the views must not keep a sync from starting. */
    bool busy = strcmp(refused.code, "store_busy") == 0;
    if (class_ != ERR_CONFIG && class_ != ERR_INTERNAL && !busy) {
        *err = refused;
        return class_;
    }
    app_say(app, class_ == ERR_CONFIG ? MSG_VIEWS_REFUSED : MSG_VIEWS_STAY, M_STR(place),
            M_STR(str_of(refused.message)), M_END);
    return ERR_OK;
}

enum err_class views_install(const struct app *app, struct err *err)
{
    struct group group = {0};
    enum err_class class_ = ERR_OK;
    while (class_ == ERR_OK && group_next(app->store, &group))
        class_ = group_install(app, &group, err);
    return class_;
}

enum err_class views_missing(const struct app *app, struct buf *out, struct err *err)
{
    struct group group = {0};
    enum err_class class_ = ERR_OK;
    while (class_ == ERR_OK && group_next(app->store, &group)) {
        struct standing standing;
        bool current;
        class_ = standing_read(app->store, &group, &standing, err);
        if (class_ == ERR_OK)
            class_ = is_current(app->store, &group, &standing, &current, err);
        if (class_ == ERR_OK && !current)
            buf_printf(out, "%s%s", out->len ? ", " : "", group_place(&group));
    }
    return class_;
}

/* Streams of figures: whose rows they ask about, over which ranges of days, and into which tables. */
#include "connector/loader.h"

enum { MATURE_DEFAULT_DAYS = 3, REPEAT_DEFAULT_DAYS = 30 };

static const int64_t DAY_MS = INT64_C(24) * 60 * 60 * 1000;

struct figures_work {
    struct loader *loader;
    const struct yaml *node; /* of `figures` */
    struct stream *stream;
    struct str id; /* the key of the rows that are asked about */
};

/* The platform counts by days, so a part of one would ask for all of it and be believed as a part. */
static enum err_class load_days(const struct figures_work *w, const char *key, int64_t least,
                                int64_t otherwise, int64_t *out)
{
    int64_t ms = load_ms(w->node, key, otherwise * DAY_MS);
    *out = ms / DAY_MS;
    if (ms % DAY_MS == 0 && *out >= least)
        return ERR_OK;
    return yaml_error(w->loader->file, yaml_get(w->node, str_of(key)), w->loader->err,
                      "\"%s\" must be whole days, at least %lldd", key, (long long)least);
}

static enum err_class load_ranges(const struct figures_work *w)
{
    struct stream *s = w->stream;
    s->figures.batch = load_int(w->node, "batch", 1);
    enum err_class class_ = load_days(w, "span", 1, 0, &s->figures.span_days);
    if (class_ == ERR_OK)
        class_ = load_days(w, "close", 1, 0, &s->figures.close_days);
    if (class_ == ERR_OK)
        class_ = load_days(w, "mature", 0, MATURE_DEFAULT_DAYS, &s->figures.mature_days);
    if (class_ == ERR_OK)
        class_ = load_days(w, "past", 0, s->figures.mature_days, &s->figures.past_days);
    if (class_ == ERR_OK)
        class_ = load_days(w, "repeat", 0, REPEAT_DEFAULT_DAYS, &s->figures.repeat_days);
    if (class_ != ERR_OK)
        return class_;
    s->window.span_ms = s->figures.span_days * DAY_MS;
    /* A range is closed while one call can still ask for it. */
    if (s->figures.close_days >= s->figures.span_days)
        return yaml_error(w->loader->file, yaml_get(w->node, STR("close")), w->loader->err,
                          "\"close\" must be shorter than \"span\"");
    return ERR_OK;
}

/* The stream whose rows are asked about. Its own node says what it is: it may not be linked yet. */
static enum err_class load_of(struct figures_work *w)
{
    struct loader *loader = w->loader;
    const struct connector *connector = loader->connector;
    const struct yaml *streams = yaml_get(loader->root, STR("streams"));
    const struct yaml *of = yaml_get(w->node, STR("of"));
    size_t at;
    enum err_class class_ = load_find(loader, of, "unknown stream", of->text, connector->streams,
                                      connector->streams_len, sizeof *connector->streams, &at);
    if (class_ != ERR_OK)
        return class_;
    const struct stream *rows = &connector->streams[at];
    if (!yaml_get(&streams->pairs[at].value, STR("window")))
        return yaml_error(loader->file, of, loader->err,
                          "stream %.*s has no windows: figures are of rows that are pulled",
                          STR_ARG(rows->name));
    if (rows->table->key_len != 1)
        return yaml_error(loader->file, of, loader->err,
                          "figures are asked by one id: the key of table %.*s has %zu columns",
                          STR_ARG(rows->table->name), rows->table->key_len);
    w->stream->figures.of = rows;
    w->id = rows->table->columns[rows->table->key[0]].name;
    return ERR_OK;
}

static enum err_class load_lasts(const struct figures_work *w)
{
    struct loader *loader = w->loader;
    const struct yaml *node = yaml_get(w->node, STR("lasts"));
    const struct table *table = w->stream->figures.of->table;
    w->stream->figures.lasts = SIZE_MAX;
    if (!node)
        return ERR_OK;
    enum err_class class_ = load_find(loader, node, "the rows' table has no column", node->text,
                                      table->columns, table->columns_len, sizeof *table->columns,
                                      &w->stream->figures.lasts);
    if (class_ != ERR_OK)
        return class_;
    enum column_type type = table->columns[w->stream->figures.lasts].type;
    if (type != COLUMN_INT && type != COLUMN_TEXT)
        return yaml_error(loader->file, node, loader->err,
                          "\"lasts\" is a column of type int or text, not %s",
                          column_type_name(type));
    return ERR_OK;
}

static enum err_class need_column(const struct figures_work *w, const struct yaml *at,
                                  const struct table *table, struct str name, enum column_type type)
{
    size_t found = table_column(table, name);
    if (found != SIZE_MAX && table->columns[found].type == type)
        return ERR_OK;
    return yaml_error(w->loader->file, at, w->loader->err,
                      "table %.*s needs column \"%.*s\" of type %s for figures",
                      STR_ARG(table->name), STR_ARG(name), column_type_name(type));
}

/* Figures of days, snapshots and bases are those of `table`: what one lacked would be lost there. */
static enum err_class need_figures(const struct figures_work *w, const struct yaml *at,
                                   const struct table *table)
{
    const struct table *main = w->stream->table;
    enum err_class class_ = need_column(w, at, table, STR("ads"), COLUMN_INT);
    if (class_ == ERR_OK)
        class_ = need_column(w, at, table, STR("currency"), COLUMN_TEXT);
    for (size_t i = 0; class_ == ERR_OK && i < main->columns_len; i++) {
        enum column_type type = main->columns[i].type;
        if (type == COLUMN_INT || type == COLUMN_MONEY || type == COLUMN_RATIO)
            class_ = need_column(w, at, table, main->columns[i].name, type);
    }
    return class_;
}

/* `second` is the column that tells an order's rows apart. */
static enum err_class load_beside(const struct figures_work *w, const char *key, struct str second,
                                  enum column_type type, const struct table **out)
{
    struct loader *loader = w->loader;
    const struct yaml *node = yaml_get(w->node, str_of(key));
    enum err_class class_ = load_find_table(loader, node, node->text, out);
    if (class_ != ERR_OK)
        return class_;
    const struct table *table = *out;
    if (table->key_len != 2 || !str_eq(table->columns[table->key[0]].name, w->id) ||
        !str_eq(table->columns[table->key[1]].name, second))
        return yaml_error(loader->file, node, loader->err,
                          "the key of table %.*s must be \"%.*s\" and \"%.*s\"",
                          STR_ARG(table->name), STR_ARG(w->id), STR_ARG(second));
    class_ = need_column(w, node, table, second, type);
    return class_ == ERR_OK ? need_figures(w, node, table) : class_;
}

static enum err_class load_figure_tables(const struct figures_work *w, const struct yaml *main)
{
    struct stream *s = w->stream;
    const struct yaml *base = yaml_get(w->node, STR("base"));
    if (s->table->key_len != 1 || !str_eq(s->table->columns[s->table->key[0]].name, w->id))
        return yaml_error(w->loader->file, main, w->loader->err,
                          "the key of table %.*s must be \"%.*s\", as of the rows asked about",
                          STR_ARG(s->table->name), STR_ARG(w->id));
    enum err_class class_ = need_figures(w, main, s->table);
    if (class_ == ERR_OK)
        class_ = load_beside(w, "day", STR("day"), COLUMN_TEXT, &s->figures.day);
    if (class_ == ERR_OK)
        class_ = load_beside(w, "snapshot", STR("at"), COLUMN_TIME, &s->figures.snapshot);
    if (class_ == ERR_OK)
        class_ = load_beside(w, "base", STR("from_day"), COLUMN_TEXT, &s->figures.base);
    return class_ == ERR_OK ? need_column(w, base, s->figures.base, STR("to_day"), COLUMN_TEXT)
                            : class_;
}

enum err_class load_figures(struct loader *loader, const struct yaml *node, struct stream *stream)
{
    struct figures_work work = {
        .loader = loader, .node = yaml_get(node, STR("figures")), .stream = stream};
    if (!work.node)
        return ERR_OK;
    enum err_class class_ = load_ranges(&work);
    if (class_ == ERR_OK)
        class_ = load_of(&work);
    if (class_ == ERR_OK)
        class_ = load_lasts(&work);
    return class_ == ERR_OK ? load_figure_tables(&work, yaml_get(node, STR("table"))) : class_;
}

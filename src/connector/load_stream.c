/* Streams: request, window, pages, records, tables. */
#include <string.h>

#include "connector/loader.h"

enum {
    STREAMS_MAX = 32,
    TABLES_MAX = 8,
    WINDOW_LAG_DEFAULT_MS = 10 * 60 * 1000,
    WINDOW_STEP_DEFAULT_MS = 1000,
};
static const int64_t WINDOW_HISTORY_DEFAULT_MS = INT64_C(90) * 24 * 60 * 60 * 1000;

struct work {
    struct loader *loader;
    const struct yaml *node;
    struct stream *stream;
    struct stream_plan *plan;
    const struct yaml *options;
    unsigned windows; /* NAMES_UPDATED | NAMES_CREATED */
};

static bool by_has(const struct yaml *by, struct str word)
{
    for (size_t i = 0; by->kind == YAML_LIST && i < by->len; i++)
        if (str_eq(by->items[i].text, word))
            return true;
    return by->kind == YAML_SCALAR && str_eq(by->text, word);
}

static enum err_class load_window(struct work *w)
{
    const struct yaml *node = yaml_get(w->node, STR("window"));
    const struct yaml *by = yaml_get(node, STR("by"));
    struct stream *s = w->stream;
    s->window.pull_by_updated = by_has(by, STR("updated"));
    s->window.has_created = by_has(by, STR("created"));
    s->window.span_ms = load_ms(node, "span", 0);
    s->window.audit_span_ms = load_ms(node, "audit_span", s->window.span_ms);
    s->window.overlap_ms = load_ms(node, "overlap", 0);
    s->window.lag_ms = load_ms(node, "lag", WINDOW_LAG_DEFAULT_MS);
    s->window.pull_lag_ms = load_ms(node, "pull_lag", s->window.lag_ms);
    s->window.history_ms = load_ms(node, "history", WINDOW_HISTORY_DEFAULT_MS);
    s->window.step_ms = load_ms(node, "step", WINDOW_STEP_DEFAULT_MS);
    s->window.count_max = load_int(node, "count_max", 0);
    s->window.total_cap = load_int(node, "total_cap", 0);
    w->windows = (s->window.pull_by_updated ? NAMES_UPDATED : 0) |
                 (s->window.has_created ? NAMES_CREATED : 0);
    struct loader *loader = w->loader;
    if (w->windows == 0)
        return yaml_error(loader->file, by, loader->err, "\"by\" names updated, created or both");
    if (s->window.step_ms <= 0 || s->window.span_ms < s->window.step_ms ||
        s->window.audit_span_ms < s->window.step_ms)
        return yaml_error(loader->file, node, loader->err,
                          "a span is at least one step, and a step is more than 0");
    /* Windows begin an overlap before the frontier: one as long as a window would never get on. */
    if (s->window.overlap_ms >= s->window.span_ms)
        return yaml_error(loader->file, yaml_get(node, STR("overlap")), loader->err,
                          "\"overlap\" must be shorter than \"span\"");
    return ERR_OK;
}

/* What pages add to the request: `text` at the place that the key names. */
static enum err_class load_page_param(struct work *w, const struct yaml *place_node,
                                      struct str text)
{
    enum place place;
    struct str name;
    const struct template *template;
    enum err_class class_ = load_place(w->loader, place_node, &place, &name);
    if (class_ == ERR_OK)
        class_ = load_template_text(w->loader, place_node, text, &template);
    if (class_ == ERR_OK)
        class_ = load_param_add(w->loader, &w->loader->extra[place], name, template);
    return class_;
}

static enum err_class load_size(struct work *w, const struct yaml *size)
{
    w->plan->size_max = 0;
    if (!size)
        return ERR_OK;
    w->plan->size_max = load_int(size, "max", 0);
    w->stream->pages.size = load_int(size, "default", w->plan->size_max);
    if (w->plan->size_max > PAGE_RECORDS_MAX || w->stream->pages.size > w->plan->size_max)
        return yaml_error(w->loader->file, size, w->loader->err,
                          "a page has at most %d records, and its default at most \"max\"",
                          PAGE_RECORDS_MAX);
    return load_page_param(w, yaml_get(size, STR("in")), STR("{page.size}"));
}

static enum err_class load_cursor(struct work *w, const struct yaml *cursor)
{
    struct loader *loader = w->loader;
    const struct yaml *join = yaml_get(cursor, STR("join"));
    w->plan->cursor_first = load_dup(loader, load_text(cursor, "first"));
    if (!w->plan->cursor_first.ptr)
        return err_no_memory(loader->err);
    enum err_class class_ = load_page_param(w, yaml_get(cursor, STR("in")), STR("{page.position}"));
    if (class_ == ERR_OK)
        class_ = load_path_key(loader, cursor, "from", &w->plan->cursor);
    if (class_ != ERR_OK)
        return class_;
    class_ = load_template_text(loader, join ? join : cursor, join ? join->text : STR("text"),
                                &w->plan->cursor_join);
    if (class_ == ERR_OK && join && template_is_constant(w->plan->cursor_join) &&
        !str_eq(join->text, STR("json")) && !str_eq(join->text, STR("comma")) &&
        !str_eq(join->text, STR("text")))
        return yaml_error(loader->file, join, loader->err,
                          "a cursor is joined as json, comma or text");
    return class_;
}

/* Which keys belong to which kind, so that a key of another kind is not silently without effect. */
static enum err_class check_pages(const struct work *w, const struct yaml *node)
{
    static const char *const number_only[] = {"page", "first", "last", "stable", "backward", NULL};
    struct loader *loader = w->loader;
    enum page_kind kind = w->stream->pages.kind;
    for (size_t i = 0; number_only[i]; i++) {
        const struct yaml *key = yaml_get(node, str_of(number_only[i]));
        if (key && kind != PAGES_NUMBER)
            return yaml_error(loader->file, key, loader->err,
                              "\"%s\" belongs to pages of kind number", number_only[i]);
    }
    if (yaml_get(node, STR("cursor")) && kind != PAGES_CURSOR)
        return yaml_error(loader->file, yaml_get(node, STR("cursor")), loader->err,
                          "\"cursor\" belongs to pages of kind cursor");
    if (kind == PAGES_CURSOR && !yaml_get(node, STR("cursor")))
        return yaml_error(loader->file, node, loader->err, "pages of kind cursor need \"cursor\"");
    if (kind == PAGES_NUMBER && (!yaml_get(node, STR("page")) || !yaml_get(node, STR("size"))))
        return yaml_error(loader->file, node, loader->err,
                          "pages of kind number need \"page\" and \"size\"");
    return ERR_OK;
}

static enum err_class load_pages(struct work *w)
{
    static const char *const kinds[] = {"none",   "number", "cursor", "offset",
                                        "keyset", "link",   NULL};
    struct loader *loader = w->loader;
    const struct yaml *node = yaml_get(w->node, STR("pages"));
    const struct yaml *page = yaml_get(node, STR("page"));
    const struct yaml *more = yaml_get(node, STR("more"));
    w->stream->pages.kind = (enum page_kind)load_word(node, "kind", kinds, PAGES_NONE);
    w->stream->pages.first = load_int(node, "first", 1);
    w->stream->pages.stable = load_flag(node, "stable", false);
    w->stream->pages.backward = load_flag(node, "backward", false);
    if (w->stream->pages.kind > PAGES_CURSOR)
        return yaml_error(loader->file, yaml_get(node, STR("kind")), loader->err,
                          "pages of kind %s are reserved; not built yet",
                          kinds[w->stream->pages.kind]);
    enum err_class class_ = check_pages(w, node);
    if (class_ == ERR_OK && page)
        class_ = load_page_param(w, page, STR("{page.number}"));
    if (class_ == ERR_OK && w->stream->pages.kind == PAGES_CURSOR)
        class_ = load_cursor(w, yaml_get(node, STR("cursor")));
    if (class_ == ERR_OK)
        class_ = load_size(w, yaml_get(node, STR("size")));
    if (class_ == ERR_OK)
        class_ = load_path_key(loader, node, "last", &w->plan->last);
    if (class_ == ERR_OK)
        class_ = load_paths(loader, yaml_get(node, STR("total")), &w->plan->total);
    w->stream->pages.has_total = w->plan->total.len > 0;
    if (class_ == ERR_OK && more)
        class_ = loader_names(loader, NAMES_REPLY, NULL);
    return class_ == ERR_OK && more ? load_expr(loader, more, &w->plan->more) : class_;
}

static enum err_class load_requests(struct work *w)
{
    struct loader *loader = w->loader;
    const unsigned account = NAMES_ACCOUNT | NAMES_TOKEN;
    const struct yaml *by_id = yaml_get(w->node, STR("by_id"));
    enum err_class class_ = loader_names(loader, account | NAMES_PAGE | w->windows, w->options);
    if (class_ == ERR_OK)
        class_ = load_pages(w);
    /* `more` was compiled with the names of replies. */
    if (class_ == ERR_OK)
        class_ = loader_names(loader, account | NAMES_PAGE | w->windows, w->options);
    if (class_ == ERR_OK)
        class_ = load_endpoint(loader, yaml_get(w->node, STR("request")), w->stream->name,
                               w->stream, &w->stream->request);
    if (class_ != ERR_OK || !by_id)
        return class_;
    struct str name = arena_printf(loader->arena, "%.*s.by_id", STR_ARG(w->stream->name));
    if (!name.ptr)
        return err_no_memory(loader->err);
    w->stream->by_id_max = load_int(by_id, "max", 1);
    class_ = loader_names(loader, account | NAMES_IDS, w->options);
    return class_ == ERR_OK ? load_endpoint(loader, by_id, name, w->stream, &w->stream->by_id)
                            : class_;
}

/* A path without [] means the list that it leads to. */
static enum err_class load_records(struct loader *loader, const struct yaml *node,
                                   const struct path **out)
{
    enum err_class class_ = load_path(loader, node, out);
    if (class_ != ERR_OK || path_explodes(*out) > 0)
        return class_;
    struct yaml list = *node;
    list.text = arena_printf(loader->arena, "%.*s[]", STR_ARG(node->text));
    return list.text.ptr ? load_path(loader, &list, out) : err_no_memory(loader->err);
}

static enum err_class find_table(struct loader *loader, const struct yaml *at, struct str name,
                                 const struct table **out)
{
    struct str known[NAMES_MAX];
    size_t known_len = 0;
    for (size_t i = 0; i < loader->catalog->tables_len && known_len < NAMES_MAX; i++)
        if (loader->catalog->tables[i].data)
            known[known_len++] = loader->catalog->tables[i].name;
    *out = table_find(loader->catalog, name);
    if (*out && (*out)->data)
        return ERR_OK;
    return load_unknown(loader, at, "there is no data table", name, known, known_len);
}

static enum err_class load_tables(struct work *w)
{
    struct loader *loader = w->loader;
    const struct yaml *further = yaml_get(w->node, STR("tables"));
    const struct yaml *main = yaml_get(w->node, STR("table"));
    size_t len = 1 + (further ? further->len : 0);
    const struct table **tables = arena_array(loader->arena, len, sizeof *tables);
    if (len > TABLES_MAX)
        return yaml_error(loader->file, further, loader->err, "at most %d tables", TABLES_MAX);
    w->plan->tables = arena_array(loader->arena, len, sizeof *w->plan->tables);
    if (!tables || !w->plan->tables)
        return err_no_memory(loader->err);
    enum err_class class_ = find_table(loader, main, main->text, &tables[0]);
    if (class_ == ERR_OK)
        class_ = load_table(loader, tables[0], yaml_get(w->node, STR("fields")), NULL,
                            &w->plan->tables[0]);
    for (size_t i = 1; i < len && class_ == ERR_OK; i++) {
        const struct yaml_pair *pair = &further->pairs[i - 1];
        const struct path *records = NULL;
        struct yaml at = {.line = pair->line, .column = pair->column};
        class_ = find_table(loader, &at, pair->key, &tables[i]);
        if (class_ == ERR_OK)
            class_ = load_records(loader, yaml_get(&pair->value, STR("records")), &records);
        if (class_ == ERR_OK)
            class_ = load_table(loader, tables[i], yaml_get(&pair->value, STR("fields")), records,
                                &w->plan->tables[i]);
    }
    w->plan->tables_len = len;
    w->stream->table = tables[0];
    w->stream->tables = tables;
    w->stream->tables_len = len;
    return class_;
}

/* The one cipher of the stream that asks the platform. */
static enum err_class load_decrypt(struct work *w)
{
    struct loader *loader = w->loader;
    for (size_t table = 0; table < w->plan->tables_len; table++) {
        const struct table_plan *plan = &w->plan->tables[table];
        for (size_t i = 0; i < plan->fields_len * SOURCES_MAX; i++) {
            const struct cipher_plan *cipher =
                plan->fields[i / SOURCES_MAX].sources[i % SOURCES_MAX].cipher;
            if (!cipher || !cipher->online || cipher == w->plan->cipher)
                continue;
            if (w->plan->cipher)
                return yaml_error(loader->file, w->node, loader->err,
                                  "a stream asks the platform to open one kind of cipher only");
            w->plan->cipher = cipher;
        }
    }
    if (w->plan->cipher) {
        w->stream->decrypt = w->plan->cipher->online;
        w->stream->decrypt_batch_max = w->plan->cipher->online_max;
    }
    return ERR_OK;
}

/* Paths of the record that hold personal data: those named, and those of personal fields. */
static enum err_class load_personal(struct work *w)
{
    struct loader *loader = w->loader;
    const struct yaml *node = yaml_get(w->node, STR("personal"));
    const struct table_plan *main = &w->plan->tables[0];
    struct path_list named;
    enum err_class class_ = load_paths(loader, node, &named);
    if (class_ != ERR_OK)
        return class_;
    size_t room = named.len + main->fields_len * SOURCES_MAX, len = 0;
    const struct path **paths = arena_array(loader->arena, room, sizeof *paths);
    if (!paths)
        return err_no_memory(loader->err);
    for (size_t i = 0; i < named.len; i++)
        paths[len++] = named.items[i];
    for (size_t i = 0; i < main->fields_len; i++)
        for (size_t j = 0; j < main->fields[i].sources_len; j++)
            if (main->fields[i].type == COLUMN_PERSONAL)
                paths[len++] = main->fields[i].sources[j].path;
    if (len > PATH_SET_MAX)
        return yaml_error(loader->file, node ? node : w->node, loader->err,
                          "at most %d personal paths", PATH_SET_MAX);
    w->stream->personal_paths = paths;
    w->stream->personal_paths_len = len;
    return ERR_OK;
}

static enum err_class load_lists(struct work *w)
{
    struct loader *loader = w->loader;
    const struct yaml *node = yaml_get(w->node, STR("volatile"));
    struct str_list final;
    struct path_list paths;
    enum err_class class_ = load_texts(loader, yaml_get(w->node, STR("final")), &final);
    if (class_ == ERR_OK)
        class_ = load_paths(loader, node, &paths);
    if (class_ != ERR_OK)
        return class_;
    if (paths.len > PATH_SET_MAX)
        return yaml_error(loader->file, node, loader->err, "at most %d volatile paths",
                          PATH_SET_MAX);
    w->stream->final_statuses = final.items;
    w->stream->final_statuses_len = final.len;
    w->stream->volatile_paths = paths.items;
    w->stream->volatile_paths_len = paths.len;
    const struct table_plan *main = &w->plan->tables[0];
    for (size_t i = 0; i < main->fields_len; i++) {
        if (main->fields[i].column != main->table->status)
            continue;
        w->stream->known_statuses = main->fields[i].known.items;
        w->stream->known_statuses_len = main->fields[i].known.len;
    }
    return load_personal(w);
}

static enum err_class load_options(struct work *w)
{
    struct loader *loader = w->loader;
    const struct yaml *node = w->options;
    if (!node)
        return ERR_OK;
    struct stream_option *options = arena_array(loader->arena, node->len, sizeof *options);
    if (!options)
        return err_no_memory(loader->err);
    for (size_t i = 0; i < node->len; i++) {
        const struct yaml *one = &node->pairs[i].value;
        struct str_list values;
        enum err_class class_ = load_texts(loader, yaml_get(one, STR("values")), &values);
        if (class_ != ERR_OK)
            return class_;
        options[i] = (struct stream_option){.name = load_dup(loader, node->pairs[i].key),
                                            .zh = load_dup(loader, load_text(one, "zh")),
                                            .en = load_dup(loader, load_text(one, "en")),
                                            .fallback = load_dup(loader, load_text(one, "default")),
                                            .values = values.items,
                                            .values_len = values.len};
        if (!options[i].name.ptr || !options[i].zh.ptr || !options[i].en.ptr ||
            !options[i].fallback.ptr)
            return err_no_memory(loader->err);
    }
    w->stream->options = options;
    w->stream->options_len = node->len;
    return ERR_OK;
}

static enum err_class load_zone(struct work *w)
{
    struct loader *loader = w->loader;
    struct err why = {0};
    const struct yaml *node = yaml_get(w->node, STR("zone"));
    w->stream->zone = loader->connector->zone;
    if (node && zone_find(node->text, &w->stream->zone, &why) != ERR_OK)
        return yaml_error(loader->file, node, loader->err, "%s", why.message);
    return ERR_OK;
}

static enum err_class load_stream(struct loader *loader, const struct yaml_pair *pair,
                                  struct stream *stream)
{
    struct stream_plan *plan = arena_alloc(loader->arena, sizeof *plan);
    struct work work = {.loader = loader,
                        .node = &pair->value,
                        .stream = stream,
                        .plan = plan,
                        .options = yaml_get(&pair->value, STR("options"))};
    if (!plan)
        return err_no_memory(loader->err);
    *stream = (struct stream){.name = load_dup(loader, pair->key),
                              .every_ms = load_ms(&pair->value, "every", 0),
                              .plan = plan};
    if (!stream->name.ptr)
        return err_no_memory(loader->err);
    enum err_class class_ = load_zone(&work);
    if (class_ == ERR_OK)
        class_ = load_options(&work);
    if (class_ == ERR_OK)
        class_ = load_window(&work);
    if (class_ == ERR_OK)
        class_ = load_requests(&work);
    if (class_ == ERR_OK)
        class_ = load_records(loader, yaml_get(work.node, STR("records")), &plan->records);
    if (class_ == ERR_OK)
        class_ = load_tables(&work);
    if (class_ == ERR_OK)
        class_ = load_decrypt(&work);
    return class_ == ERR_OK ? load_lists(&work) : class_;
}

enum err_class load_streams(struct loader *loader, const struct yaml *node)
{
    struct connector *connector = loader->connector;
    if (!node)
        return ERR_OK;
    if (node->len > STREAMS_MAX)
        return yaml_error(loader->file, node, loader->err, "at most %d streams", STREAMS_MAX);
    connector->streams = arena_array(loader->arena, node->len, sizeof *connector->streams);
    if (!connector->streams && node->len > 0)
        return err_no_memory(loader->err);
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; i < node->len && class_ == ERR_OK; i++) {
        class_ = load_stream(loader, &node->pairs[i], &connector->streams[i]);
        connector->streams_len += class_ == ERR_OK;
    }
    return class_;
}

/* Streams: request, window, pages, records, tables. */
#include "connector/loader.h"

enum {
    STREAMS_MAX = 32,
    TABLES_MAX = 8,
    WINDOW_LAG_DEFAULT_MS = 10 * 60 * 1000,
    WINDOW_STEP_DEFAULT_MS = 1000,
};
static const int64_t WINDOW_HISTORY_DEFAULT_MS = INT64_C(90) * 24 * 60 * 60 * 1000;
static const int64_t REVISIT_STALE_DEFAULT_MS = INT64_C(60) * 24 * 60 * 60 * 1000;

static bool by_has(const struct yaml *by, struct str word)
{
    for (size_t i = 0; by->kind == YAML_LIST && i < by->len; i++)
        if (str_eq(by->items[i].text, word))
            return true;
    return by->kind == YAML_SCALAR && str_eq(by->text, word);
}

static enum err_class load_window(struct stream_work *w)
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

/* What belongs to records that the platform keeps: figures are the answer to a question. */
static enum err_class refuse_beside_figures(const struct stream_work *w)
{
    static const char *const keys[] = {"by_id", "revisit", "final", "volatile", "tables", NULL};
    for (size_t i = 0; keys[i]; i++) {
        const struct yaml *node = yaml_get(w->node, str_of(keys[i]));
        if (node)
            return yaml_error(w->loader->file, node, w->loader->err,
                              "a stream of figures has no \"%s\"", keys[i]);
    }
    return ERR_OK;
}

/* A stream asks for windows of time, or for figures of another stream's rows over ranges of days. */
static enum err_class load_range(struct stream_work *w)
{
    bool figures = yaml_get(w->node, STR("figures")) != NULL;
    if (figures == (yaml_get(w->node, STR("window")) != NULL))
        return yaml_error(w->loader->file, w->node, w->loader->err,
                          "a stream needs either \"window\" or \"figures\"");
    if (!figures)
        return load_window(w);
    w->windows = NAMES_RANGE | NAMES_IDS;
    w->stream->window.step_ms = WINDOW_STEP_DEFAULT_MS;
    return refuse_beside_figures(w);
}

static enum err_class load_requests(struct stream_work *w)
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

enum err_class load_records(struct loader *loader, const struct yaml *node, const struct path **out)
{
    enum err_class class_ = load_path(loader, node, out);
    if (class_ != ERR_OK || path_explodes(*out) > 0)
        return class_;
    struct yaml list = *node;
    list.text = arena_printf(loader->arena, "%.*s[]", STR_ARG(node->text));
    return list.text.ptr ? load_path(loader, &list, out) : err_no_memory(loader->err);
}

enum err_class load_find_table(struct loader *loader, const struct yaml *at, struct str name,
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

static enum err_class load_tables(struct stream_work *w)
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
    enum err_class class_ = load_find_table(loader, main, main->text, &tables[0]);
    if (class_ == ERR_OK)
        class_ = load_table(loader, tables[0], yaml_get(w->node, STR("fields")), NULL,
                            &w->plan->tables[0]);
    for (size_t i = 1; i < len && class_ == ERR_OK; i++) {
        const struct yaml_pair *pair = &further->pairs[i - 1];
        const struct path *records = NULL;
        struct yaml at = {.line = pair->line, .column = pair->column};
        class_ = load_find_table(loader, &at, pair->key, &tables[i]);
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
static enum err_class load_decrypt(struct stream_work *w)
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
static enum err_class load_personal(struct stream_work *w)
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

static enum err_class load_lists(struct stream_work *w)
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

/* Open rows are found by their status and asked by their id. */
static enum err_class load_revisit(struct stream_work *w)
{
    struct loader *loader = w->loader;
    const struct yaml *node = yaml_get(w->node, STR("revisit"));
    const struct table_plan *main = &w->plan->tables[0];
    bool has_status = false;
    if (!node)
        return ERR_OK;
    for (size_t i = 0; i < main->fields_len; i++)
        has_status |= main->fields[i].column == main->table->status;
    if (!w->stream->by_id)
        return yaml_error(loader->file, node, loader->err,
                          "\"revisit\" asks by ids: the stream needs \"by_id\"");
    if (w->stream->final_statuses_len == 0)
        return yaml_error(loader->file, node, loader->err,
                          "\"revisit\" asks rows that are open: \"final\" must say which are not");
    if (main->table->key_len != 1)
        return yaml_error(loader->file, node, loader->err,
                          "\"revisit\" asks by one id: the key of table %.*s has %zu columns",
                          STR_ARG(main->table->name), main->table->key_len);
    if (!has_status)
        return yaml_error(loader->file, node, loader->err,
                          "\"revisit\" goes by the status: no field fills one in table %.*s",
                          STR_ARG(main->table->name));
    w->stream->revisit.on = true;
    w->stream->revisit.stale_ms = load_ms(node, "stale", REVISIT_STALE_DEFAULT_MS);
    return ERR_OK;
}

static enum err_class load_options(struct stream_work *w)
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

static enum err_class load_zone(struct stream_work *w)
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
    struct stream_work work = {.loader = loader,
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
        class_ = load_range(&work);
    if (class_ == ERR_OK)
        class_ = load_requests(&work);
    if (class_ == ERR_OK)
        class_ = load_records(loader, yaml_get(work.node, STR("records")), &plan->records);
    if (class_ == ERR_OK)
        class_ = load_tables(&work);
    if (class_ == ERR_OK)
        class_ = load_decrypt(&work);
    if (class_ == ERR_OK)
        class_ = load_lists(&work);
    return class_ == ERR_OK ? load_revisit(&work) : class_;
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
    for (size_t i = 0; i < node->len && class_ == ERR_OK; i++)
        class_ = load_figures(loader, &node->pairs[i].value, &connector->streams[i]);
    return class_;
}

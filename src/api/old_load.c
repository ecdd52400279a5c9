/* Reading compat/routes-*.yaml: the words of the file into plain structs, each checked where it stands. */
#include "api/old.h"

#include <pthread.h>
#include <stddef.h>

extern const struct embedded_file old_files[];

/* --- the form of the file --- */

static const struct yaml_schema text_schema = {.type = YAML_T_TEXT, .name = "text"};
static const struct yaml_schema truth_schema = {.type = YAML_T_BOOL, .name = "truth"};
static const struct yaml_schema number_schema = {
    .type = YAML_T_INT, .name = "number", .min = 1, .max = 100000};
static const struct yaml_schema words_schema = {
    .type = YAML_T_NAMED, .name = "words", .each = &text_schema};
static const struct yaml_schema texts_schema = {
    .type = YAML_T_LIST, .name = "texts", .each = &text_schema};
static const struct yaml_schema *const with_forms[] = {&text_schema, &texts_schema, NULL};
static const struct yaml_schema with_each = {
    .type = YAML_T_EITHER, .name = "value", .either = with_forms};
static const struct yaml_schema with_schema = {
    .type = YAML_T_NAMED, .name = "with", .each = &with_each};
static const char *const form_words[] = {"text", "digits", "list", NULL};
static const struct yaml_schema form_schema = {
    .type = YAML_T_WORD, .name = "form", .words = form_words};

static const struct yaml_key param_keys[] = {
    {"to", &text_schema, true, "our parameter"},
    {"standard", &text_schema, false, "the old value that holds where none is given"},
    {"words", &words_schema, false, "old values and ours; an empty one of ours asks for nothing"},
    {"form", &form_schema, false, "in a JSON body: text, digits (a number), list (of one text)"},
    {0}};
static const struct yaml_schema param_map = {
    .type = YAML_T_MAP, .name = "parameter", .keys = param_keys};
static const struct yaml_schema *const param_forms[] = {&text_schema, &param_map, NULL};
static const struct yaml_schema param_schema = {
    .type = YAML_T_EITHER, .name = "parameter", .either = param_forms};
static const struct yaml_schema params_schema = {
    .type = YAML_T_NAMED, .name = "params", .each = &param_schema};

static const struct yaml_key sort_keys[] = {
    {"by", &text_schema, true, "parameter that names the column"},
    {"order", &text_schema, true, "parameter that is asc or desc; desc where it is not given"},
    {"standard", &text_schema, true, "our column where none is named"},
    {"words", &words_schema, true, "old columns and ours"},
    {0}};
static const struct yaml_schema sort_schema = {
    .type = YAML_T_MAP, .name = "sort", .keys = sort_keys};
static const struct yaml_schema sorts_schema = {
    .type = YAML_T_NAMED, .name = "sorts", .each = &sort_schema};
static const struct yaml_key page_keys[] = {
    {"number", &text_schema, true, "parameter of the page's number"},
    {"size", &text_schema, true, "parameter of its size"},
    {"standard", &number_schema, true, "its size where none is given"},
    {0}};
static const struct yaml_schema page_schema = {
    .type = YAML_T_MAP, .name = "page", .keys = page_keys};

static const char *const as_words[] = {"same",  "text", "number", "whole", "yuan",
                                       "local", "span", "rows",   NULL};
static const struct yaml_schema as_schema = {.type = YAML_T_WORD, .name = "as", .words = as_words};
static const struct yaml_key field_keys[] = {
    {"from", &text_schema, false, "where it stands in our answer"},
    {"until", &text_schema, false, "of a span: where its end stands"},
    {"as", &as_schema, false, "how it is written"},
    {"words", &words_schema, false, "our values and what is written for them"},
    {"none", &text_schema, false, "what is written where it is null, or always where `from` lacks"},
    {"absent", &truth_schema, false, "left out where it is null"},
    {"given", &text_schema, false, "left out unless what stands there is true"},
    {"of", &text_schema, false, "of rows: their shape"},
    {"beside", &truth_schema, false, "it stands in the row beside"},
    {0}};
static const struct yaml_schema field_map = {
    .type = YAML_T_MAP, .name = "field", .keys = field_keys};
static const struct yaml_schema *const field_forms[] = {&text_schema, &field_map, NULL};
static const struct yaml_schema field_schema = {
    .type = YAML_T_EITHER, .name = "field", .either = field_forms};
static const struct yaml_schema shape_schema = {
    .type = YAML_T_NAMED, .name = "shape", .each = &field_schema};
static const struct yaml_schema shapes_schema = {
    .type = YAML_T_NAMED, .name = "shapes", .each = &shape_schema};

static const char *const kind_words[] = {"nothing", "object", "page", "list", "stream", NULL};
static const struct yaml_schema kind_schema = {
    .type = YAML_T_WORD, .name = "kind", .words = kind_words};
static const struct yaml_key answer_keys[] = {
    {"kind", &kind_schema, true, "object, page, list, stream (as it is), nothing"},
    {"at", &text_schema, false, "where it stands in our answer"},
    {"key", &text_schema, false, "of a page: what its rows are called"},
    {"of", &text_schema, false, "its shape, or that of its rows"},
    {0}};
static const struct yaml_schema answer_schema = {
    .type = YAML_T_MAP, .name = "answer", .keys = answer_keys};
static const struct yaml_key beside_keys[] = {
    {"runs", &text_schema, true, "our route"},
    {"with", &with_schema, false, "its parameters"},
    {"at", &text_schema, true, "where its rows stand"},
    {"by", &text_schema, true, "member of its rows …"},
    {"of", &text_schema, true, "… that equals this member of the answer's"},
    {0}};
static const struct yaml_schema beside_schema = {
    .type = YAML_T_MAP, .name = "beside", .keys = beside_keys};
static const struct yaml_key route_keys[] = {
    {"runs", &text_schema, false, "our route; without one it only says yes"},
    {"params", &params_schema, false, "its parameters"},
    {"with", &with_schema, false, "parameters of ours that are always the same"},
    {"sort", &text_schema, false, "how it sorts: one of `sorts`"},
    {"page", &page_schema, false, "how it pages"},
    {"beside", &beside_schema, false, "another route of ours that says more of each row"},
    {"answer", &answer_schema, true, "what it answers"},
    {0}};
static const struct yaml_schema route_schema = {
    .type = YAML_T_MAP, .name = "route", .keys = route_keys};
static const struct yaml_schema routes_schema = {
    .type = YAML_T_NAMED, .name = "routes", .each = &route_schema};
static const struct yaml_schema status_schema = {
    .type = YAML_T_INT, .name = "status", .min = 400, .max = 599};
static const struct yaml_key error_keys[] = {{"code", &number_schema, true, "the old number"},
                                             {"says", &text_schema, true, "what people read"},
                                             {"status", &status_schema, false, "of our answer"},
                                             {"problem", &text_schema, false, "code of our answer"},
                                             {0}};
static const struct yaml_schema error_schema = {
    .type = YAML_T_MAP, .name = "error", .keys = error_keys};
static const struct yaml_schema errors_schema = {
    .type = YAML_T_LIST, .name = "errors", .each = &error_schema};
static const struct yaml_key file_keys[] = {
    {"errors", &errors_schema, true, "the first row that fits; the last one fits all"},
    {"shapes", &shapes_schema, true, "forms of answers"},
    {"sorts", &sorts_schema, false, "what may be sorted by"},
    {"routes", &routes_schema, true, "the old routes"},
    {0}};
static const struct yaml_schema file_schema = {
    .type = YAML_T_MAP, .name = "file", .keys = file_keys};

/* --- reading it --- */

struct loader {
    struct str file;
    struct arena *arena;
    struct err *err;
    enum err_class class_;
    struct old_shape *shapes;
    size_t shapes_len;
    const struct yaml *sorts;
};

static void *take(struct loader *loader, size_t count, size_t bytes)
{
    void *memory = arena_array(loader->arena, count + 1, bytes);
    if (!memory && loader->class_ == ERR_OK)
        loader->class_ = err_no_memory(loader->err);
    return memory;
}

static void wrong(struct loader *loader, const struct yaml *node, const char *what)
{
    if (loader->class_ == ERR_OK)
        loader->class_ = yaml_error(loader->file, node, loader->err, "%s", what);
}

/* Never NULL where the node is there, however empty. */
static struct str text_at(const struct yaml *map, const char *key)
{
    const struct yaml *node = yaml_get(map, str_of(key));
    if (!node)
        return STR_NONE;
    return node->text.ptr ? node->text : STR("");
}

static size_t word_at(const struct yaml *map, const char *key, const char *const *words)
{
    struct str text = text_at(map, key);
    for (size_t i = 0; words[i]; i++)
        if (str_eq(text, str_of(words[i])))
            return i;
    return 0;
}

static const struct path *path_of(struct loader *loader, const struct yaml *node, struct str text)
{
    struct path *path = NULL;
    if (loader->class_ == ERR_OK && text.ptr &&
        path_compile(text, loader->arena, &path, loader->err) != ERR_OK)
        wrong(loader, node, "this is no path into a JSON answer");
    return path;
}

/* What stands in JSON for a word of the file: plain numbers and truths are themselves, plain `nothing` is null. */
static struct str json_of(struct loader *loader, const struct yaml *node)
{
    struct json_doc *doc = NULL;
    struct buf text;
    if (!node->quoted && str_eq(node->text, STR("nothing")))
        return STR("null");
    if (!node->quoted && json_parse(node->text, &doc, NULL) == ERR_OK) {
        json_free(doc);
        return node->text;
    }
    buf_init(&text, 4096);
    json_write_string(&text, node->text);
    struct str copy = arena_dup(loader->arena, buf_str(&text));
    buf_fini(&text);
    return copy;
}

static struct old_words words_read(struct loader *loader, const struct yaml *map, bool of_answers)
{
    struct old_words out = {0};
    if (!map)
        return out;
    struct old_word *words = take(loader, map->len, sizeof(*words));
    for (size_t i = 0; words && i < map->len; i++) {
        const struct yaml *value = &map->pairs[i].value;
        struct str text = value->text.ptr ? value->text : STR("");
        words[i] = of_answers
                       ? (struct old_word){.old = json_of(loader, value), .ours = map->pairs[i].key}
                       : (struct old_word){.old = map->pairs[i].key, .ours = text};
    }
    out.words = words;
    out.len = words ? map->len : 0;
    return out;
}

static struct old_shape *shape_named(struct loader *loader, const struct yaml *node,
                                     struct str name)
{
    for (size_t i = 0; i < loader->shapes_len; i++)
        if (str_eq(loader->shapes[i].name, name))
            return &loader->shapes[i];
    wrong(loader, node, "there is no shape of this name");
    return NULL;
}

static void field_read(struct loader *loader, const struct yaml_pair *pair, struct old_field *out)
{
    const struct yaml *node = &pair->value, *none = yaml_get(node, STR("none"));
    bool plain = node->kind == YAML_SCALAR, absent = false, beside = false;
    struct str until = plain ? STR_NONE : text_at(node, "until");
    struct str of = plain ? STR_NONE : text_at(node, "of");
    out->name = pair->key;
    out->from = path_of(loader, node, plain ? node->text : text_at(node, "from"));
    out->until = path_of(loader, node, until);
    out->given = path_of(loader, node, plain ? STR_NONE : text_at(node, "given"));
    out->as = plain ? OLD_SAME : (enum old_as)word_at(node, "as", as_words);
    out->words = words_read(loader, plain ? NULL : yaml_get(node, STR("words")), true);
    out->fixed = plain || !none ? STR("null") : json_of(loader, none);
    if (!plain && yaml_get(node, STR("absent")))
        yaml_bool(yaml_get(node, STR("absent")), &absent);
    if (!plain && yaml_get(node, STR("beside")))
        yaml_bool(yaml_get(node, STR("beside")), &beside);
    out->absent = absent;
    out->beside = beside;
    out->rows = of.ptr ? shape_named(loader, node, of) : NULL;
    if ((out->as == OLD_SPAN) != (until.ptr != NULL))
        wrong(loader, node, "a span, and nothing else, has `until`");
    if ((out->as == OLD_ROWS) != (of.ptr != NULL))
        wrong(loader, node, "rows, and nothing else, have `of`");
    if (!out->from && (plain || !none))
        wrong(loader, node, "a field has `from`, or `none`");
}

static void shapes_read(struct loader *loader, const struct yaml *map)
{
    loader->shapes = take(loader, map->len, sizeof(*loader->shapes));
    for (size_t i = 0; loader->shapes && i < map->len; i++)
        loader->shapes[loader->shapes_len++].name = map->pairs[i].key;
    for (size_t i = 0; i < loader->shapes_len; i++) {
        const struct yaml *shape = &map->pairs[i].value;
        struct old_field *fields = take(loader, shape->len, sizeof(*fields));
        for (size_t k = 0; fields && k < shape->len; k++)
            field_read(loader, &shape->pairs[k], &fields[k]);
        loader->shapes[i].fields = fields;
        loader->shapes[i].len = fields ? shape->len : 0;
    }
}

static void params_read(struct loader *loader, const struct yaml *map, struct old_route *out)
{
    struct old_param *params = map ? take(loader, map->len, sizeof(*params)) : NULL;
    for (size_t i = 0; params && i < map->len; i++) {
        const struct yaml *node = &map->pairs[i].value;
        params[i].name = map->pairs[i].key;
        params[i].to = node->text;
        if (node->kind == YAML_SCALAR)
            continue;
        params[i].to = text_at(node, "to");
        params[i].standard = text_at(node, "standard");
        params[i].words = words_read(loader, yaml_get(node, STR("words")), false);
        params[i].form = (enum old_form)word_at(node, "form", form_words);
    }
    out->params = params;
    out->params_len = params ? map->len : 0;
}

/* In a body a plain number or truth is one, everything else a text. */
static void with_read(struct loader *loader, const struct yaml *map, struct old_route *out)
{
    struct old_param *with = map ? take(loader, map->len, sizeof(*with)) : NULL;
    for (size_t i = 0; with && i < map->len; i++) {
        const struct yaml *value = &map->pairs[i].value;
        with[i] = (struct old_param){.to = map->pairs[i].key, .form = OLD_LIST};
        for (size_t k = 0; k < value->len && value->kind == YAML_LIST; k++)
            with[i].standard = arena_printf(loader->arena, k > 0 ? "%.*s,%.*s" : "%.*s%.*s",
                                            STR_ARG(with[i].standard),
                                            STR_ARG(value->items[k].text));
        if (value->kind == YAML_LIST)
            continue;
        bool text = str_starts(json_of(loader, value), STR("\""));
        with[i] = (struct old_param){
            .to = map->pairs[i].key, .standard = value->text, .form = text ? OLD_TEXT : OLD_DIGITS};
    }
    out->with = with;
    out->with_len = with ? map->len : 0;
}

static void sort_read(struct loader *loader, const struct yaml *name, struct old_route *out)
{
    const struct yaml *sort = loader->sorts ? yaml_get(loader->sorts, name->text) : NULL;
    if (!sort) {
        wrong(loader, name, "there is no sort of this name");
        return;
    }
    out->sort = (struct old_sort){.by = text_at(sort, "by"),
                                  .order = text_at(sort, "order"),
                                  .standard = text_at(sort, "standard"),
                                  .words = words_read(loader, yaml_get(sort, STR("words")), false)};
}

static void paging_read(const struct yaml *page, struct old_route *out)
{
    out->paging.number = text_at(page, "number");
    out->paging.size = text_at(page, "size");
    yaml_i64(yaml_get(page, STR("standard")), &out->paging.standard);
}

static void answer_read(struct loader *loader, const struct yaml *node, struct old_route *out)
{
    struct str of = text_at(node, "of");
    out->answer = (enum old_answer_kind)word_at(node, "kind", kind_words);
    out->at = path_of(loader, node, text_at(node, "at"));
    out->key = text_at(node, "key");
    bool shaped = out->answer != OLD_NOTHING && out->answer != OLD_STREAM;
    if (shaped != (of.ptr != NULL))
        wrong(loader, node, "an object, a page and a list have a shape (`of`), others have none");
    if ((out->answer == OLD_PAGE) != (out->key.ptr != NULL))
        wrong(loader, node, "a page, and nothing else, has `key`");
    if (out->answer == OLD_PAGE && !out->paging.size.ptr)
        wrong(loader, node, "an answer in pages needs `page`");
    if (of.ptr)
        out->shape = shape_named(loader, node, of);
}

static void runs_read(struct loader *loader, const struct yaml *node, struct old_route *out)
{
    struct str runs = text_at(node, "runs");
    if (runs.ptr && (!str_cut(runs, ' ', &out->our_method, &out->our_path) ||
                     !str_starts(out->our_path, STR("/api/v1/"))))
        wrong(loader, node, "`runs` is a route of ours: METHOD /api/v1/…");
    with_read(loader, yaml_get(node, STR("with")), out);
}

static void beside_read(struct loader *loader, const struct yaml *node, struct old_route *out)
{
    struct old_route *route = take(loader, 1, sizeof(*route));
    if (!route)
        return;
    runs_read(loader, node, route);
    out->beside = (struct old_beside){.route = route,
                                      .at = path_of(loader, node, text_at(node, "at")),
                                      .by = text_at(node, "by"),
                                      .of = text_at(node, "of")};
}

static void route_read(struct loader *loader, const struct yaml_pair *pair, struct old_route *out)
{
    const struct yaml *node = &pair->value;
    if (!str_cut(pair->key, ' ', &out->method, &out->path) || !str_starts(out->path, STR("/")))
        wrong(loader, node, "a route is called `METHOD /path`");
    runs_read(loader, node, out);
    if (yaml_get(node, STR("beside")))
        beside_read(loader, yaml_get(node, STR("beside")), out);
    params_read(loader, yaml_get(node, STR("params")), out);
    if (yaml_get(node, STR("sort")))
        sort_read(loader, yaml_get(node, STR("sort")), out);
    if (yaml_get(node, STR("page")))
        paging_read(yaml_get(node, STR("page")), out);
    answer_read(loader, yaml_get(node, STR("answer")), out);
    if (!out->our_path.ptr && out->answer != OLD_NOTHING)
        wrong(loader, node, "a route that runs nothing answers nothing");
}

static void table_read(struct loader *loader, const struct yaml *root, struct old_table *table)
{
    const struct yaml *errors = yaml_get(root, STR("errors"));
    const struct yaml *routes = yaml_get(root, STR("routes"));
    struct old_error *made = take(loader, errors->len, sizeof(*made));
    struct old_route *read = take(loader, routes->len, sizeof(*read));
    for (size_t i = 0; made && i < errors->len; i++) {
        const struct yaml *status = yaml_get(&errors->items[i], STR("status"));
        yaml_i64(yaml_get(&errors->items[i], STR("code")), &made[i].code);
        if (status)
            yaml_i64(status, &made[i].status);
        made[i].says = text_at(&errors->items[i], "says");
        made[i].problem = text_at(&errors->items[i], "problem");
    }
    if (errors->len == 0 ||
        (made && (made[errors->len - 1].status || made[errors->len - 1].problem.ptr)))
        wrong(loader, errors, "the last error must fit whatever is left: no status, no problem");
    shapes_read(loader, yaml_get(root, STR("shapes")));
    loader->sorts = yaml_get(root, STR("sorts"));
    for (size_t i = 0; read && loader->class_ == ERR_OK && i < routes->len; i++)
        route_read(loader, &routes->pairs[i], &read[i]);
    *table = (struct old_table){read, routes->len, made, errors->len};
}

enum err_class old_parse(struct str file, struct str text, struct arena *arena,
                         struct old_table **out, struct err *err)
{
    struct loader loader = {.file = file, .arena = arena, .err = err};
    struct yaml *root;
    enum err_class class_ = yaml_parse(file, text, arena, &root, err);
    if (class_ == ERR_OK)
        class_ = yaml_check(file, root, &file_schema, err);
    if (class_ != ERR_OK)
        return class_;
    *out = take(&loader, 1, sizeof(**out));
    if (*out)
        table_read(&loader, root, *out);
    return loader.class_;
}

/* --- the program's own --- */

static struct old_table *own;
static pthread_once_t own_once = PTHREAD_ONCE_INIT;

static void own_read(void)
{
    static struct arena arena;
    const struct embedded_file *file = old_files;
    struct str text = {(const char *)file->bytes, file->bytes_len};
    struct err err;
    arena_init(&arena);
    if (old_parse(str_of(file->name), text, &arena, &own, &err) == ERR_OK)
        return;
    log_event(LOG_ERROR, "old_routes_unread", LOG_STR("message", str_of(err.message)), LOG_END);
    own = NULL;
}

const struct old_table *old_own(void)
{
    pthread_once(&own_once, own_read);
    return own;
}

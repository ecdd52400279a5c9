/* Manifests of files that people hand in: headings to columns, columns to a stream whose records are rows. */
#include <stdlib.h>
#include <string.h>

#include "connector/loader.h"

extern const struct embedded_file file_form_files[];

enum { HEADER_BYTES_MAX = 400, MISSING_MAX = 5 };

const struct embedded_file *connector_builtin_forms(void)
{
    return file_form_files;
}

const struct file_form *connector_file(const struct connector *connector)
{
    return connector->file;
}

struct str connector_file_source(const struct connector *connector, struct str field)
{
    const struct table_plan *plan = &connector->file->stream->plan->tables[0];
    for (size_t i = 0; i < plan->fields_len; i++)
        if (str_eq(plan->fields[i].name, field) && plan->fields[i].source.len > 0)
            return plan->fields[i].source;
    return STR("");
}

/* --- headings --- */

/* Full-width letters, digits and signs (U+FF01 to U+FF5E) as the plain ones; spaces of any width and what stands
 * invisibly in headings (marks of byte order, zero width) left out; ASCII in lower case. */
static size_t header_fold(struct str text, char folded[HEADER_BYTES_MAX])
{
    static const char *const nothing[] = {"\xE3\x80\x80", "\xC2\xA0", "\xEF\xBB\xBF",
                                          "\xE2\x80\x8B", NULL};
    size_t len = 0;
    for (size_t at = 0; at < text.len && len + 4 < HEADER_BYTES_MAX;) {
        size_t bytes = str_utf8_at(text, at);
        struct str one = str_sub(text, at, at + (bytes > 0 ? bytes : 1));
        unsigned char c = (unsigned char)one.ptr[0];
        bool skipped = c <= ' ';
        for (size_t i = 0; nothing[i]; i++)
            skipped |= str_eq(one, str_of(nothing[i]));
        at += one.len;
        if (skipped)
            continue;
        if (one.len == 3 && c == 0xEF) {
            unsigned unit = (c & 0x0Fu) << 12 | ((unsigned char)one.ptr[1] & 0x3Fu) << 6 |
                            ((unsigned char)one.ptr[2] & 0x3Fu);
            if (unit >= 0xFF01 && unit <= 0xFF5E) {
                c = (unsigned char)(unit - 0xFF01 + '!');
                one.len = 1;
            }
        }
        if (one.len == 1)
            folded[len++] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
        else
            for (size_t i = 0; i < one.len; i++)
                folded[len++] = one.ptr[i];
    }
    return len;
}

static bool header_is(struct str written, struct str spelling)
{
    char a[HEADER_BYTES_MAX], b[HEADER_BYTES_MAX];
    size_t a_len = header_fold(written, a), b_len = header_fold(spelling, b);
    return a_len > 0 && str_eq((struct str){a, a_len}, (struct str){b, b_len});
}

static size_t header_column(const struct file_form *form, struct str written)
{
    for (size_t i = 0; i < form->columns_len; i++)
        for (size_t j = 0; j < form->columns[i].headers_len; j++)
            if (header_is(written, form->columns[i].headers[j]))
                return i;
    return SIZE_MAX;
}

static enum err_class header_missing(const struct file_form *form, const bool *seen,
                                     struct err *err)
{
    char names[sizeof err->message / 2];
    struct buf text;
    size_t missing = 0;
    buf_init_lent(&text, names, sizeof names);
    for (size_t i = 0; i < form->columns_len; i++)
        if (form->columns[i].required && !seen[i] && ++missing <= MISSING_MAX)
            buf_printf(&text, "%s%.*s", missing > 1 ? ", " : "",
                       STR_ARG(form->columns[i].headers[0]));
    if (missing == 0)
        return ERR_OK;
    return err_set(err, ERR_BAD_REQUEST, "header_missing",
                   "no row of the file's head has the headings of %.*s; missing: %.*s",
                   STR_ARG(form->kind), STR_ARG(buf_str(&text)));
}

enum err_class connector_file_headers(const struct file_form *form, const struct str *headers,
                                      size_t headers_len, size_t *columns, struct err *err)
{
    bool seen[FILE_COLUMNS_MAX] = {false};
    for (size_t i = 0; i < headers_len; i++) {
        columns[i] = header_column(form, headers[i]);
        if (columns[i] == SIZE_MAX)
            continue;
        if (seen[columns[i]])
            return err_set(err, ERR_BAD_REQUEST, "header_twice",
                           "two columns of the file are \"%.*s\"",
                           STR_ARG(form->columns[columns[i]].headers[0]));
        seen[columns[i]] = true;
    }
    return header_missing(form, seen, err);
}

/* --- loading --- */

static enum err_class load_column(struct loader *loader, const struct yaml_pair *pair,
                                  struct file_column *out)
{
    const struct yaml *headers = &pair->value;
    struct str_list list;
    if (headers->kind == YAML_MAP)
        headers = yaml_get(headers, STR("headers"));
    enum err_class class_ = load_texts(loader, headers, &list);
    if (class_ != ERR_OK)
        return class_;
    if (list.len == 0)
        return yaml_error(loader->file, headers, loader->err, "a column has at least one heading");
    *out = (struct file_column){.name = load_dup(loader, pair->key),
                                .headers = list.items,
                                .headers_len = list.len,
                                .required = pair->value.kind == YAML_MAP &&
                                            load_flag(&pair->value, "required", false)};
    return out->name.ptr ? ERR_OK : err_no_memory(loader->err);
}

/* One heading cannot mean two columns. */
static enum err_class columns_check(struct loader *loader, const struct yaml *node,
                                    const struct file_form *form)
{
    for (size_t i = 0; i < form->columns_len; i++)
        for (size_t j = 0; j < form->columns[i].headers_len; j++)
            if (header_column(form, form->columns[i].headers[j]) != i)
                return yaml_error(loader->file, &node->pairs[i].value, loader->err,
                                  "heading \"%.*s\" is another column's too",
                                  STR_ARG(form->columns[i].headers[j]));
    return ERR_OK;
}

static enum err_class load_columns(struct loader *loader, struct file_form *form)
{
    const struct yaml *node = yaml_get(loader->root, STR("columns"));
    if (node->len == 0 || node->len > FILE_COLUMNS_MAX)
        return yaml_error(loader->file, node, loader->err, "a file has 1 to %d columns",
                          FILE_COLUMNS_MAX);
    struct file_column *columns = arena_array(loader->arena, node->len, sizeof *columns);
    enum err_class class_ = columns ? ERR_OK : err_no_memory(loader->err);
    for (size_t i = 0; i < node->len && class_ == ERR_OK; i++)
        class_ = load_column(loader, &node->pairs[i], &columns[i]);
    form->columns = columns;
    form->columns_len = node->len;
    return class_ == ERR_OK ? columns_check(loader, node, form) : class_;
}

static enum err_class find_column(struct loader *loader, const struct file_form *form,
                                  const struct yaml *node, size_t *out)
{
    return load_find(loader, node, "the file has no column", node->text, form->columns,
                     form->columns_len, sizeof *form->columns, out);
}

static enum err_class load_column_list(struct loader *loader, struct file_form *form,
                                       const char *key, size_t *columns, size_t *len)
{
    const struct yaml *node = yaml_get(loader->root, str_of(key));
    enum err_class class_ = ERR_OK;
    if (node && node->len > FILE_SAME_MAX)
        return yaml_error(loader->file, node, loader->err, "at most %d columns", FILE_SAME_MAX);
    for (size_t i = 0; node && i < node->len && class_ == ERR_OK; i++) {
        class_ = find_column(loader, form, &node->items[i], &columns[i]);
        (*len)++;
    }
    return class_;
}

/* What a field is made from is a column of the file, or what stands outside of the cells (^.line). */
static enum err_class check_source(struct loader *loader, const struct file_form *form,
                                   const struct yaml *node)
{
    static const struct str outside[] = {{"^.line", 6}, {"^.file", 6}, {"^.sheet", 7},
                                         {"^.same", 6}, {"^.id", 4},   {"^.content", 9},
                                         {"^.nth", 5},  {"^.who", 5}};
    size_t at;
    if (node->kind != YAML_SCALAR)
        return yaml_error(loader->file, node, loader->err, "a file has no ciphers");
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++)
        if (str_eq(node->text, outside[i]))
            return ERR_OK;
    return find_column(loader, form, node, &at);
}

static enum err_class check_field(struct loader *loader, const struct file_form *form,
                                  const struct yaml *node)
{
    enum err_class class_ = ERR_OK;
    const struct yaml *from = node->kind == YAML_MAP ? yaml_get(node, STR("from")) : node;
    if (!from)
        return ERR_OK; /* const */
    if (from->kind != YAML_LIST)
        return check_source(loader, form, from);
    for (size_t i = 0; i < from->len && class_ == ERR_OK; i++)
        class_ = check_source(loader, form, &from->items[i]);
    return class_;
}

/* Rows that say the same are told apart by their number: a key of one without the other would lose or double them. */
static enum err_class content_find(struct loader *loader, const struct yaml *fields,
                                   const struct table_plan *plan, struct file_form *form)
{
    bool nth = false, content_key = false, nth_key = false;
    form->content = SIZE_MAX;
    for (size_t i = 0; i < plan->fields_len; i++) {
        const struct field_plan *field = &plan->fields[i];
        bool key = table_key_has(plan->table, field->column);
        if (field->of_content) {
            form->content = field->column;
            content_key = key && field->type == COLUMN_ID && field->sources_len == 1;
        } else if (str_eq(field->source, STR("^.nth"))) {
            nth = true;
            nth_key = key && field->type == COLUMN_INT;
        }
    }
    if (form->content == SIZE_MAX ? !nth : content_key && nth_key)
        return ERR_OK;
    return yaml_error(loader->file, fields, loader->err,
                      "^.content (an id) and ^.nth (an int) are a key together");
}

static enum err_class load_rows(struct loader *loader, struct file_form *form)
{
    static const struct yaml records = {.kind = YAML_SCALAR, .text = {"rows[].cells", 12}};
    /* Where a row stands in its file is no change of it, nor who handed it in. On which sheet, may be. */
    static const struct yaml places[] = {{.kind = YAML_SCALAR, .text = {"line", 4}},
                                         {.kind = YAML_SCALAR, .text = {"file", 4}},
                                         {.kind = YAML_SCALAR, .text = {"same", 4}},
                                         {.kind = YAML_SCALAR, .text = {"who", 3}},
                                         {.kind = YAML_SCALAR, .text = {"nth", 3}}};
    static const size_t places_len = sizeof places / sizeof *places;
    struct connector *connector = loader->connector;
    const struct yaml *fields = yaml_get(loader->root, STR("fields"));
    const struct yaml *table = yaml_get(loader->root, STR("table"));
    struct stream *stream = arena_alloc(loader->arena, sizeof *stream);
    struct stream_plan *plan = arena_alloc(loader->arena, sizeof *plan);
    const struct table **tables = arena_alloc(loader->arena, sizeof *tables);
    const struct path **outside = arena_array(loader->arena, places_len, sizeof *outside);
    if (!stream || !plan || !tables || !outside)
        return err_no_memory(loader->err);
    plan->tables = arena_alloc(loader->arena, sizeof *plan->tables);
    if (!plan->tables)
        return err_no_memory(loader->err);
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; i < fields->len && class_ == ERR_OK; i++)
        class_ = check_field(loader, form, &fields->pairs[i].value);
    if (class_ == ERR_OK)
        class_ = load_path(loader, &records, &plan->records);
    for (size_t i = 0; i < places_len && class_ == ERR_OK; i++)
        class_ = load_path(loader, &places[i], &outside[i]);
    if (class_ == ERR_OK)
        class_ = load_find_table(loader, table, table->text, tables);
    if (class_ == ERR_OK)
        class_ = load_table(loader, tables[0], fields, NULL, &plan->tables[0]);
    if (class_ == ERR_OK)
        class_ = content_find(loader, fields, &plan->tables[0], form);
    plan->tables_len = 1;
    *stream = (struct stream){.name = form->kind,
                              .table = tables[0],
                              .tables = tables,
                              .tables_len = 1,
                              .zone = connector->zone,
                              .volatile_paths = outside,
                              .volatile_paths_len = places_len,
                              .plan = plan};
    connector->streams = stream;
    connector->streams_len = 1;
    form->stream = stream;
    return class_;
}

static enum err_class load_file_head(struct loader *loader, struct file_form *form)
{
    struct connector *connector = loader->connector;
    const struct yaml *root = loader->root, *zone = yaml_get(root, STR("zone"));
    const struct yaml *currency = yaml_get(root, STR("currency"));
    const struct yaml *name = yaml_get(root, STR("name"));
    struct err why = {0};
    connector->name_zh = load_dup(loader, load_text(name, "zh"));
    connector->name_en = load_dup(loader, load_text(name, "en"));
    connector->currency = load_dup(loader, currency->text);
    connector->platform = STR("files");
    connector->money_major = str_eq(load_text(root, "money"), STR("major"));
    connector->zone_of_shop = true;
    form->kind = load_dup(loader, load_text(root, "file"));
    if (!connector->name_zh.ptr || !connector->name_en.ptr || !connector->currency.ptr ||
        !form->kind.ptr)
        return err_no_memory(loader->err);
    if (currency_exponent(currency->text) < 0)
        return yaml_error(loader->file, currency, loader->err,
                          "\"%.*s\" is no currency of ISO 4217", STR_ARG(currency->text));
    if (zone_find(zone->text, &connector->zone, &why) != ERR_OK)
        return yaml_error(loader->file, zone, loader->err, "%s", why.message);
    return load_retry(loader);
}

static enum err_class load_file_lists(struct loader *loader, struct file_form *form)
{
    const struct yaml *sheets = yaml_get(loader->root, STR("sheets"));
    struct str_list list;
    enum err_class class_ = load_texts(loader, yaml_get(loader->root, STR("platforms")), &list);
    form->platforms = list.items;
    form->platforms_len = list.len;
    form->stores = load_flag(loader->root, "stores", false);
    if (class_ != ERR_OK || !sheets)
        return class_;
    form->every_sheet = load_flag(sheets, "every", false);
    class_ = load_texts(loader, yaml_get(sheets, STR("skip")), &list);
    form->skip = list.items;
    form->skip_len = list.len;
    return class_;
}

static enum err_class load_file_all(struct loader *loader)
{
    struct file_form *form = arena_alloc(loader->arena, sizeof *form);
    if (!form)
        return err_no_memory(loader->err);
    loader->connector->file = form;
    enum err_class class_ = load_file_head(loader, form);
    if (class_ == ERR_OK)
        class_ = load_file_lists(loader, form);
    if (class_ == ERR_OK)
        class_ = load_columns(loader, form);
    if (class_ == ERR_OK)
        class_ = load_column_list(loader, form, "same", form->same, &form->same_len);
    if (class_ == ERR_OK)
        class_ = load_column_list(loader, form, "id", form->id, &form->id_len);
    const struct yaml *shop = yaml_get(loader->root, STR("shop"));
    form->shop = SIZE_MAX;
    if (class_ == ERR_OK && shop)
        class_ = find_column(loader, form, shop, &form->shop);
    return class_ == ERR_OK ? load_rows(loader, form) : class_;
}

enum err_class connector_load_file(struct str file, struct str text,
                                   const struct table_catalog *catalog, struct connector **out,
                                   struct err *err)
{
    struct arena tree;
    struct yaml *root;
    *out = NULL;
    struct connector *connector = calloc(1, sizeof *connector);
    if (!connector)
        return err_no_memory(err);
    arena_init(&connector->arena);
    arena_init(&tree);
    enum err_class class_ = yaml_parse(file, text, &tree, &root, err);
    if (class_ == ERR_OK)
        class_ = yaml_check(file, root, connector_file_schema(), err);
    struct loader loader = {.file = file,
                            .arena = &connector->arena,
                            .connector = connector,
                            .catalog = catalog,
                            .err = err};
    if (class_ == ERR_OK) {
        loader.root = root;
        class_ = load_file_all(&loader);
    }
    arena_fini(&tree);
    if (class_ == ERR_OK)
        *out = connector;
    else
        connector_free(connector);
    return class_;
}

/* Fields: which column comes from where, and ciphers, which some of them need. */
#include "connector/loader.h"

/* --- ciphers --- */
static enum err_class load_cipher_local(struct loader *loader, const struct yaml *node,
                                        struct cipher_plan *out)
{
    if (!node)
        return ERR_OK;
    const struct yaml *key = yaml_get(node, STR("key"));
    const struct yaml *fill = yaml_get(key, STR("fill"));
    out->key_fit = yaml_get(key, STR("fit")) != NULL;
    out->key_fill = '#';
    if (fill && fill->text.len != 1)
        return yaml_error(loader->file, fill, loader->err, "\"fill\" is one byte");
    if (fill)
        out->key_fill = fill->text.ptr[0];
    out->iv_right = str_eq(load_text(node, "iv"), STR("right"));
    return load_template(loader, yaml_get(key, STR("of")), &out->key);
}

static enum err_class load_cipher_online(struct loader *loader, const struct yaml *node,
                                         struct cipher_plan *out)
{
    if (!node)
        return ERR_OK;
    out->online_prefix = load_dup(loader, load_text(node, "prefix"));
    out->online_max = load_int(node, "max", 1);
    if (!out->online_prefix.ptr)
        return err_no_memory(loader->err);
    enum err_class class_ = loader_names(loader, NAMES_ACCOUNT | NAMES_TOKEN | NAMES_IDS, NULL);
    if (class_ == ERR_OK)
        class_ = load_endpoint(loader, yaml_get(node, STR("request")), STR("decrypt"), NULL,
                               &out->online);
    if (class_ == ERR_OK)
        class_ = load_path_key(loader, node, "records", &out->records);
    if (class_ == ERR_OK)
        class_ = load_path_key(loader, node, "cipher", &out->cipher);
    if (class_ == ERR_OK)
        class_ = load_path_key(loader, node, "plain", &out->plain);
    return class_;
}

enum err_class load_ciphers(struct loader *loader, const struct yaml *node)
{
    struct connector *connector = loader->connector;
    if (!node)
        return ERR_OK;
    if (node->len > CIPHERS_MAX)
        return yaml_error(loader->file, node, loader->err, "at most %d ciphers", CIPHERS_MAX);
    connector->ciphers = arena_array(loader->arena, node->len, sizeof *connector->ciphers);
    if (!connector->ciphers)
        return err_no_memory(loader->err);
    for (size_t i = 0; i < node->len; i++) {
        const struct yaml *one = &node->pairs[i].value;
        struct cipher_plan *out = &connector->ciphers[i];
        out->name = load_dup(loader, node->pairs[i].key);
        if (!out->name.ptr)
            return err_no_memory(loader->err);
        enum err_class class_ = loader_names(loader, NAMES_ACCOUNT, NULL);
        if (class_ == ERR_OK)
            class_ = load_cipher_local(loader, yaml_get(one, STR("local")), out);
        if (class_ == ERR_OK)
            class_ = load_cipher_online(loader, yaml_get(one, STR("online")), out);
        if (class_ != ERR_OK)
            return class_;
        connector->ciphers_len++;
    }
    return ERR_OK;
}

static enum err_class find_cipher(struct loader *loader, const struct yaml *node,
                                  const struct cipher_plan **out)
{
    const struct connector *connector = loader->connector;
    size_t at;
    enum err_class class_ = load_find(loader, node, "unknown cipher", node->text,
                                      connector->ciphers, connector->ciphers_len,
                                      sizeof *connector->ciphers, &at);
    if (class_ == ERR_OK)
        *out = &connector->ciphers[at];
    return class_;
}

/* --- where a field comes from --- */
static void source_kind(struct field_plan *out, struct str source)
{
    static const struct str places[] = {
        {"^.file", 6}, {"^.line", 6}, {"^.same", 6}, {"^.nth", 5}, {"^.who", 5}};
    out->of_content = str_eq(source, STR("^.content"));
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        out->of_place |= str_eq(source, places[i]);
}

static enum err_class load_source(struct loader *loader, const struct yaml *node,
                                  struct field_plan *out)
{
    struct source_plan *source = &out->sources[out->sources_len];
    const struct yaml *path = node->kind == YAML_MAP ? yaml_get(node, STR("path")) : node;
    const struct yaml *cipher = node->kind == YAML_MAP ? yaml_get(node, STR("cipher")) : NULL;
    enum err_class class_ = load_path(loader, path, &source->path);
    if (class_ == ERR_OK && path_explodes(source->path) > 0)
        return yaml_error(loader->file, path, loader->err,
                          "a field is one value: [] belongs to \"records\" or \"tables\"");
    if (class_ == ERR_OK && cipher)
        class_ = find_cipher(loader, cipher, &source->cipher);
    if (class_ == ERR_OK && out->of_sheet && out->sources_len == 0)
        source_kind(out, out->source = load_dup(loader, path->text));
    out->sources_len++;
    return class_;
}

static enum err_class load_sources(struct loader *loader, const struct yaml *node,
                                   struct field_plan *out)
{
    if (node->kind != YAML_LIST)
        return load_source(loader, node, out);
    if (node->len == 0 || node->len > SOURCES_MAX)
        return yaml_error(loader->file, node, loader->err, "a field has 1 to %d paths",
                          SOURCES_MAX);
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; i < node->len && class_ == ERR_OK; i++)
        class_ = load_source(loader, &node->items[i], out);
    return class_;
}

static enum err_class load_form(struct loader *loader, const struct yaml *node,
                                struct field_plan *out)
{
    if (!node)
        return ERR_OK;
    out->of_day = out->type == COLUMN_TEXT && str_eq(node->text, STR("day"));
    out->of_line = (out->type == COLUMN_TEXT || out->type == COLUMN_ID) &&
                   str_eq(node->text, STR("line"));
    if (out->of_day || out->of_line)
        return ERR_OK;
    if (str_eq(node->text, STR("unix"))) {
        out->form = TIME_UNIX;
    } else if (str_eq(node->text, STR("unix_ms"))) {
        out->form = TIME_UNIX_MS;
    } else if (!str_eq(node->text, STR("any"))) {
        if (str_find_char(node->text, '%') == SIZE_MAX)
            return yaml_error(
                loader->file, node, loader->err,
                "\"%.*s\" is no form of time: unix, unix_ms, any or a pattern with %%",
                STR_ARG(node->text));
        out->form = TIME_PATTERN;
        out->time_pattern = load_dup(loader, node->text).ptr;
        if (!out->time_pattern)
            return err_no_memory(loader->err);
    }
    return ERR_OK;
}

static enum err_class load_values(struct loader *loader, const struct yaml *node,
                                  struct field_plan *out)
{
    if (!node)
        return ERR_OK;
    out->values_from.items = arena_array(loader->arena, node->len, sizeof(struct str));
    out->values_to.items = arena_array(loader->arena, node->len, sizeof(struct str));
    if (!out->values_from.items || !out->values_to.items)
        return err_no_memory(loader->err);
    for (size_t i = 0; i < node->len; i++) {
        out->values_from.items[i] = load_dup(loader, node->pairs[i].key);
        out->values_to.items[i] = load_dup(loader, node->pairs[i].value.text);
        if (!out->values_from.items[i].ptr || !out->values_to.items[i].ptr)
            return err_no_memory(loader->err);
    }
    out->values_from.len = out->values_to.len = node->len;
    return ERR_OK;
}

static enum err_class load_names(struct loader *loader, const struct yaml *node,
                                 struct field_plan *out)
{
    if (!node)
        return ERR_OK;
    out->names_of.items = arena_array(loader->arena, node->len, sizeof(struct str));
    out->names.items = arena_array(loader->arena, node->len, sizeof(struct str));
    if (!out->names_of.items || !out->names.items)
        return err_no_memory(loader->err);
    for (size_t i = 0; i < node->len; i++) {
        out->names_of.items[i] = load_dup(loader, node->pairs[i].key);
        out->names.items[i] = load_dup(loader, node->pairs[i].value.text);
        if (!out->names_of.items[i].ptr || !out->names.items[i].ptr)
            return err_no_memory(loader->err);
    }
    out->names_of.len = out->names.len = node->len;
    return ERR_OK;
}

static enum err_class check_type(struct loader *loader, const struct yaml *node,
                                 const struct field_plan *field)
{
    const struct yaml *as = yaml_get(node, STR("as"));
    const char *type = column_type_name(field->type);
    if (field->type == COLUMN_BYTES)
        return yaml_error(loader->file, node, loader->err, "a column of bytes is not mapped");
    if (as && !str_eq(as->text, str_of(type)))
        return yaml_error(loader->file, as, loader->err, "column \"%.*s\" is of type %s, not %.*s",
                          STR_ARG(field->name), type, STR_ARG(as->text));
    return ERR_OK;
}

/* A constant or default that could not be stored would refuse every record. */
static enum err_class check_constant(struct loader *loader, const struct yaml *node,
                                     const struct field_plan *field, struct str text)
{
    struct cell cell;
    struct err why = {0};
    struct convert convert = {field, loader->connector->zone,
                              currency_exponent(loader->connector->currency), loader->arena, 0};
    if (convert_text(&convert, text, &cell, &why) == ERR_OK)
        return ERR_OK;
    return yaml_error(loader->file, node, loader->err, "\"%.*s\" does not fit column \"%.*s\": %s",
                      STR_ARG(text), STR_ARG(field->name), why.message);
}

/* A raw value whose word means something: what is not listed gets none (docs/manifest.md). */
static enum err_class load_words(struct loader *loader, const struct yaml *node,
                                 struct field_plan *out)
{
    const struct yaml *words = yaml_get(node, STR("words"));
    if (!words)
        return ERR_OK;
    if (yaml_get(node, STR("values")) || yaml_get(node, STR("known")) ||
        yaml_get(node, STR("const")))
        return yaml_error(loader->file, words, loader->err,
                          "\"words\" says what is known and what it becomes: \"values\", \"known\" "
                          "and \"const\" do not stand beside it");
    if (words->len == 0)
        return yaml_error(loader->file, words, loader->err, "\"words\" has no word");
    out->translates = true;
    enum err_class class_ = load_values(loader, words, out);
    for (size_t i = 0; class_ == ERR_OK && i < words->len; i++)
        class_ = check_constant(loader, &words->pairs[i].value, out, out->values_to.items[i]);
    return class_;
}

/* A column of words takes no others: its values must be told by the manifest, not by the platform. */
static enum err_class check_words(struct loader *loader, const struct yaml *node,
                                  const struct column *column, const struct field_plan *field)
{
    if (column->words_len == 0)
        return ERR_OK;
    const struct yaml *words = node->kind == YAML_MAP ? yaml_get(node, STR("words")) : NULL;
    const struct yaml *constant = node->kind == YAML_MAP ? yaml_get(node, STR("const")) : NULL;
    const struct yaml *fallback = node->kind == YAML_MAP ? yaml_get(node, STR("default")) : NULL;
    if (!words && !constant)
        return yaml_error(loader->file, node, loader->err,
                          "column \"%.*s\" has words of its own: translate with \"words\"",
                          STR_ARG(field->name));
    enum err_class class_ = ERR_OK;
    size_t found;
    for (size_t i = 0; words && class_ == ERR_OK && i < words->len; i++)
        class_ = load_find(loader, &words->pairs[i].value, "the column has no word",
                           words->pairs[i].value.text, column->words, column->words_len,
                           sizeof *column->words, &found);
    if (class_ == ERR_OK && constant)
        class_ = load_find(loader, constant, "the column has no word", constant->text,
                           column->words, column->words_len, sizeof *column->words, &found);
    if (class_ == ERR_OK && fallback)
        class_ = load_find(loader, fallback, "the column has no word", fallback->text,
                           column->words, column->words_len, sizeof *column->words, &found);
    return class_;
}

static enum err_class load_stand_ins(struct loader *loader, const struct yaml *node,
                                     struct field_plan *out)
{
    const struct yaml *constant = yaml_get(node, STR("const"));
    const struct yaml *fallback = yaml_get(node, STR("default"));
    out->has_constant = constant != NULL;
    out->has_fallback = fallback != NULL;
    if (constant)
        out->constant = load_dup(loader, constant->text);
    if (fallback)
        out->fallback = load_dup(loader, fallback->text);
    if ((constant && !out->constant.ptr) || (fallback && !out->fallback.ptr))
        return err_no_memory(loader->err);
    enum err_class class_ = ERR_OK;
    if (constant)
        class_ = check_constant(loader, constant, out, out->constant);
    if (class_ == ERR_OK && fallback)
        class_ = check_constant(loader, fallback, out, out->fallback);
    return class_;
}

static enum err_class load_field(struct loader *loader, const struct table *table,
                                 const struct yaml *node, struct field_plan *out)
{
    static const char *const nothing_words[] = {"keep", "gone", "reject", NULL};
    const struct column *column = &table->columns[out->column];
    out->name = column->name;
    out->type = column->type;
    out->bytes_max = column->bytes_max;
    out->money_major = loader->connector->money_major;
    out->of_sheet = loader->connector->file != NULL;
    out->absent = out->empty = column->required ? NOTHING_REJECT : NOTHING_KEEP;
    if (node->kind == YAML_SCALAR)
        return load_source(loader, node, out);

    const struct yaml *from = yaml_get(node, STR("from"));
    const struct yaml *unit = yaml_get(node, STR("unit"));
    if (!from == !yaml_get(node, STR("const")))
        return yaml_error(loader->file, node, loader->err,
                          "a field needs either \"from\" or \"const\"");
    if (!column->required) {
        out->absent = (enum nothing)load_word(node, "absent", nothing_words, NOTHING_KEEP);
        out->empty = (enum nothing)load_word(node, "empty", nothing_words, out->absent);
    }
    if (unit)
        out->money_major = str_eq(unit->text, STR("major"));
    out->money_round = load_flag(node, "round", false);
    out->zero_absent = yaml_get(node, STR("zero")) != NULL;
    out->has_min = yaml_get(node, STR("min")) != NULL;
    out->min = load_int(node, "min", 0);
    out->has_max = yaml_get(node, STR("max")) != NULL;
    out->max = load_int(node, "max", 0);
    enum err_class class_ = check_type(loader, node, out);
    if (class_ == ERR_OK && from)
        class_ = load_sources(loader, from, out);
    if (class_ == ERR_OK)
        class_ = load_form(loader, yaml_get(node, STR("form")), out);
    if (class_ == ERR_OK)
        class_ = load_values(loader, yaml_get(node, STR("values")), out);
    if (class_ == ERR_OK)
        class_ = load_words(loader, node, out);
    if (class_ == ERR_OK)
        class_ = load_names(loader, yaml_get(node, STR("names")), out);
    if (class_ == ERR_OK)
        class_ = load_texts(loader, yaml_get(node, STR("known")), &out->known);
    return class_ == ERR_OK ? load_stand_ins(loader, node, out) : class_;
}

/* --- a table's fields --- */
/* Key first, so that a reject can name its record; then the currency, which amounts depend on. */
static unsigned rank(const struct table_plan *plan, size_t column)
{
    return table_key_has(plan->table, column) ? 0 : column == plan->currency ? 1 : 2;
}

static void order_fields(struct table_plan *plan)
{
    for (size_t i = 1; i < plan->fields_len; i++) {
        struct field_plan field = plan->fields[i];
        size_t at = i;
        for (; at > 0 && rank(plan, plan->fields[at - 1].column) > rank(plan, field.column); at--)
            plan->fields[at] = plan->fields[at - 1];
        plan->fields[at] = field;
    }
}

static bool has_field(const struct table_plan *plan, size_t column)
{
    for (size_t i = 0; i < plan->fields_len; i++)
        if (plan->fields[i].column == column)
            return true;
    return false;
}

static enum err_class check_complete(struct loader *loader, const struct yaml *fields,
                                     const struct table_plan *plan)
{
    const struct table *table = plan->table;
    for (size_t i = 0; i < table->columns_len; i++)
        if ((table->columns[i].required || table_key_has(table, i)) && !has_field(plan, i))
            return yaml_error(loader->file, fields, loader->err, "table %.*s needs column \"%.*s\"",
                              STR_ARG(table->name), STR_ARG(table->columns[i].name));
    for (size_t i = 0; i < fields->len; i++) {
        const struct yaml *field = &fields->pairs[i].value;
        size_t column = table_column(table, fields->pairs[i].key);
        if (field->kind == YAML_MAP && load_flag(field, "key", false) &&
            !table_key_has(table, column))
            return yaml_error(loader->file, yaml_get(field, STR("key")), loader->err,
                              "\"%.*s\" is not in the key of table %.*s",
                              STR_ARG(fields->pairs[i].key), STR_ARG(table->name));
    }
    return ERR_OK;
}

enum err_class load_table(struct loader *loader, const struct table *table,
                          const struct yaml *fields, const struct path *records,
                          struct table_plan *out)
{
    *out = (struct table_plan){
        .table = table, .records = records, .currency = table_column(table, STR("currency"))};
    out->fields = arena_array(loader->arena, fields->len, sizeof *out->fields);
    if (!out->fields)
        return err_no_memory(loader->err);
    for (size_t i = 0; i < fields->len; i++) {
        const struct yaml_pair *pair = &fields->pairs[i];
        struct field_plan *field = &out->fields[out->fields_len];
        struct yaml at = {.line = pair->line, .column = pair->column};
        enum err_class class_ = load_find(loader, &at, "the table has no column", pair->key,
                                          table->columns, table->columns_len,
                                          sizeof *table->columns, &field->column);
        if (class_ == ERR_OK)
            class_ = load_field(loader, table, &pair->value, field);
        if (class_ == ERR_OK)
            class_ = check_words(loader, &pair->value, &table->columns[field->column], field);
        if (class_ != ERR_OK)
            return class_;
        out->fields_len++;
    }
    order_fields(out);
    return check_complete(loader, fields, out);
}

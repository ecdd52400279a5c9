/* From the text of schema/tables.yaml to table definitions. Whatever the store could not turn into
 * a working table is refused here, at the line where it was written. */
#include "batch/batch.h"

#include <string.h>

enum {
    /* PostgreSQL cuts identifiers at 63 bytes. NAME_index of a personal column must still fit. */
    NAME_BYTES_MAX = 48,
    TABLES_MAX = 256,
    INDEXES_MAX = 32,
    /* MariaDB's limits of columns in one index, less shop_id, and of bytes: 4 for each of a text, 8 for a
     * number and as many for shop_id. */
    INDEX_COLUMNS_MAX = 15,
    INDEX_BYTES_MAX = 3072,
    CHARACTER_BYTES = 4,
    NUMBER_BYTES = 8,
};

static const char *const type_names[] = {
    [COLUMN_ID] = "id",           [COLUMN_TEXT] = "text",
    [COLUMN_INT] = "int",         [COLUMN_MONEY] = "money",
    [COLUMN_RATIO] = "ratio",     [COLUMN_TIME] = "time",
    [COLUMN_BOOL] = "bool",       [COLUMN_JSON] = "json",
    [COLUMN_BYTES] = "bytes",     [COLUMN_PERSONAL] = "personal",
    [COLUMN_PERSONAL + 1] = NULL,
};
static const char *const class_names[] = {
    [PERSONAL_PHONE - 1] = "phone",
    [PERSONAL_NAME - 1] = "name",
    [PERSONAL_TEXT - 1] = "text",
    NULL,
};
/* What every data table has besides its declared columns. */
static const char *const guard_names[] = {"shop_id", "row_hash", "received_ms", "first_seen_ms",
                                          "changed_ms"};

static const struct yaml_schema text_schema = {.type = YAML_T_TEXT, .name = "text"};
static const struct yaml_schema bool_schema = {.type = YAML_T_BOOL, .name = "yes or no"};
static const struct yaml_schema since_schema = {
    .type = YAML_T_INT, .name = "migration number", .min = 1, .max = 9999};
static const struct yaml_schema bytes_schema = {
    .type = YAML_T_INT, .name = "bytes", .min = 1, .max = INDEX_BYTES_MAX / CHARACTER_BYTES};
static const struct yaml_schema type_schema = {
    .type = YAML_T_WORD, .name = "column type", .words = type_names};
static const struct yaml_schema class_schema = {
    .type = YAML_T_WORD, .name = "class of personal data", .words = class_names};
static const struct yaml_schema names_schema = {
    .type = YAML_T_LIST, .name = "column names", .each = &text_schema};

static const struct yaml_key column_keys[] = {
    {"type", &type_schema, true, "how it is stored"},
    {"required", &bool_schema, false, "a record without it is rejected"},
    {"class", &class_schema, false, "what a personal value is: decides its mask"},
    {"weight", &text_schema, false, "ratio: the column it is weighted by when rows are added up"},
    {"quotient", &names_schema, false, "money: when rows are added up it is made from these two"},
    {"words", &names_schema, false, "text: the only values that a manifest may give it"},
    {"bytes", &bytes_schema, false,
     "the longest text; in keys and indexes 191 where it is not said"},
    {"since", &since_schema, false, "the migration that brings it; default: the table's"},
    {"comment", &text_schema, false, "one line"},
    {NULL, NULL, false, NULL},
};
static const struct yaml_schema column_schema = {
    .type = YAML_T_MAP, .name = "column", .keys = column_keys};
static const struct yaml_schema columns_schema = {
    .type = YAML_T_NAMED, .name = "columns", .each = &column_schema};

static const struct yaml_key index_keys[] = {
    {"columns", &names_schema, true, "in order; shop_id is put in front on data tables"},
    {"unique", &bool_schema, false, "no two rows alike"},
    {"where", &text_schema, false, "SQL condition of the rows it covers"},
    {"since", &since_schema, false, "the migration that brings it; default: its columns'"},
    {"until", &since_schema, false, "the migration that takes it away"},
    {NULL, NULL, false, NULL},
};
static const struct yaml_schema index_map_schema = {
    .type = YAML_T_MAP, .name = "index", .keys = index_keys};
static const struct yaml_schema *const index_forms[] = {&names_schema, &index_map_schema, NULL};
static const struct yaml_schema index_schema = {
    .type = YAML_T_EITHER, .name = "index", .either = index_forms};
static const struct yaml_schema indexes_schema = {
    .type = YAML_T_NAMED, .name = "indexes", .each = &index_schema};

static const struct yaml_key derived_keys[] = {
    {"of", &text_schema, true, "the name under which it is touched"},
    {"by", &names_schema, true, "the columns of the key that are touched"},
    {NULL, NULL, false, NULL},
};
static const struct yaml_schema derived_schema = {
    .type = YAML_T_MAP, .name = "what is derived", .keys = derived_keys};

static const struct yaml_key table_keys[] = {
    {"data", &bool_schema, false, "holds platform records: guarded, keyed by shop"},
    {"derived", &derived_schema, false,
     "results follow from its rows: what is new or changed is touched"},
    {"since", &since_schema, true, "the migration that brings it"},
    {"comment", &text_schema, true, "one line"},
    {"key", &names_schema, true, "the natural key; after shop_id on data tables"},
    {"serial", &bool_schema, false, "the database hands out the key and never uses one again"},
    {"clustered", &bool_schema, false, "small rows that are mostly key: kept in key order"},
    {"passing", &bool_schema, false, "rows that a crash of the server may take"},
    {"created", &text_schema, false, "column of the platform's creation time"},
    {"updated", &text_schema, false, "column of the platform's update time"},
    {"status", &text_schema, false, "column whose changes are kept in status_history"},
    {"months", &text_schema, false, "column of time: rows that are many, and go when they are old"},
    {"columns", &columns_schema, true, "in order"},
    {"indexes", &indexes_schema, false, "by name"},
    {NULL, NULL, false, NULL},
};
static const struct yaml_schema table_schema = {
    .type = YAML_T_MAP, .name = "table", .keys = table_keys};
static const struct yaml_schema tables_schema = {
    .type = YAML_T_NAMED, .name = "tables", .each = &table_schema};
static const struct yaml_key file_keys[] = {
    {"tables", &tables_schema, true, "by name"},
    {NULL, NULL, false, NULL},
};
static const struct yaml_schema file_schema = {
    .type = YAML_T_MAP, .name = "schema file", .keys = file_keys};

struct reading {
    struct str file;
    struct arena *arena;
    struct err *err;
};

const char *column_type_name(enum column_type type)
{
    return type_names[type];
}

const struct table *table_find(const struct table_catalog *catalog, struct str name)
{
    for (size_t i = 0; i < catalog->tables_len; i++)
        if (str_eq(catalog->tables[i].name, name))
            return &catalog->tables[i];
    return NULL;
}

size_t table_column(const struct table *table, struct str name)
{
    for (size_t i = 0; i < table->columns_len; i++)
        if (str_eq(table->columns[i].name, name))
            return i;
    return SIZE_MAX;
}

bool table_key_has(const struct table *table, size_t column)
{
    for (size_t i = 0; i < table->key_len; i++)
        if (table->key[i] == column)
            return true;
    return false;
}

static struct str text_of(const struct yaml *map, const char *key)
{
    const struct yaml *node = yaml_get(map, str_of(key));
    return node ? node->text : STR_NONE;
}

static bool flag_of(const struct yaml *map, const char *key)
{
    bool value = false;
    const struct yaml *node = yaml_get(map, str_of(key));
    return node && yaml_bool(node, &value) && value;
}

static unsigned migration_of(const struct yaml *map, const char *key, unsigned otherwise)
{
    int64_t value = otherwise;
    const struct yaml *node = yaml_get(map, str_of(key));
    if (node)
        yaml_i64(node, &value);
    return (unsigned)value;
}

/* The schema has allowed only known words. */
static size_t word_index(const char *const *words, struct str word)
{
    size_t at = 0;
    while (words[at] && !str_eq(str_of(words[at]), word))
        at++;
    return at;
}

/* Names go into SQL as they are, so that they must need no quotes anywhere. */
static enum err_class name_check(const struct reading *r, const struct yaml_pair *pair)
{
    struct str name = pair->key;
    bool good = name.len > 0 && name.len <= NAME_BYTES_MAX && name.ptr[0] >= 'a' &&
                name.ptr[0] <= 'z';
    for (size_t i = 0; good && i < name.len; i++) {
        char c = name.ptr[i];
        good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    }
    if (good)
        return ERR_OK;
    return yaml_error(r->file, &pair->value, r->err,
                      "\"%.*s\" is no name: write lower_snake, at most %d bytes", STR_ARG(name),
                      NAME_BYTES_MAX);
}

static enum err_class columns_unknown(const struct reading *r, const struct table *table,
                                      const struct yaml *node)
{
    struct str names[TABLE_COLUMNS_MAX];
    for (size_t i = 0; i < table->columns_len; i++)
        names[i] = table->columns[i].name;
    size_t near = str_nearest(node->text, names, table->columns_len);
    if (near == SIZE_MAX)
        return yaml_error(r->file, node, r->err, "table %.*s has no column \"%.*s\"",
                          STR_ARG(table->name), STR_ARG(node->text));
    return yaml_error(r->file, node, r->err,
                      "table %.*s has no column \"%.*s\"; did you mean \"%.*s\"?",
                      STR_ARG(table->name), STR_ARG(node->text), STR_ARG(names[near]));
}

static enum err_class words_read(const struct reading *r, const struct yaml *node,
                                 struct column *column)
{
    struct str *words = arena_array(r->arena, node->len, sizeof *words);
    if (!words)
        return err_no_memory(r->err);
    for (size_t i = 0; i < node->len; i++)
        words[i] = node->items[i].text;
    column->words = words;
    column->words_len = node->len;
    return ERR_OK;
}

static enum err_class column_read(const struct reading *r, const struct table *table,
                                  const struct yaml_pair *pair, struct column *out)
{
    const struct yaml *node = &pair->value;
    enum err_class class_ = name_check(r, pair);
    if (class_)
        return class_;
    struct str personal = text_of(node, "class");
    *out = (struct column){
        .name = pair->key,
        .type = (enum column_type)word_index(type_names, text_of(node, "type")),
        .personal = personal.len ? (enum personal_class)(word_index(class_names, personal) + 1)
                                 : PERSONAL_NONE,
        .required = flag_of(node, "required"),
        .since = migration_of(node, "since", table->since),
        .weight = SIZE_MAX,
        .quotient = {SIZE_MAX, SIZE_MAX},
        .comment = text_of(node, "comment"),
    };
    for (size_t i = 0; table->data && i < sizeof(guard_names) / sizeof(guard_names[0]); i++)
        if (str_eq(out->name, str_of(guard_names[i])))
            return yaml_error(r->file, node, r->err, "every data table has \"%s\" already",
                              guard_names[i]);
    int64_t bytes = 0;
    if (yaml_get(node, STR("bytes")) && out->type != COLUMN_TEXT)
        return yaml_error(r->file, node, r->err, "only a text says its bytes");
    if (yaml_get(node, STR("bytes")))
        yaml_i64(yaml_get(node, STR("bytes")), &bytes);
    const struct yaml *words = yaml_get(node, STR("words"));
    if (words && out->type != COLUMN_TEXT)
        return yaml_error(r->file, words, r->err, "only a text has words");
    if (words && (class_ = words_read(r, words, out)) != ERR_OK)
        return class_;
    out->bytes_max = out->type == COLUMN_ID ? ID_BYTES_MAX : (size_t)bytes;
    out->bounded_since = out->since;
    if ((out->type == COLUMN_PERSONAL) != (out->personal != PERSONAL_NONE))
        return yaml_error(r->file, node, r->err, "a personal column, and no other, has a class");
    if (out->type == COLUMN_PERSONAL && !table->data)
        return yaml_error(r->file, node, r->err, "personal columns belong in data tables");
    if (out->since < table->since)
        return yaml_error(r->file, node, r->err, "the column is older than its table");
    /* Rows that are there already could not have a value for it. */
    if (out->required && out->since > table->since)
        return yaml_error(r->file, node, r->err, "a column that comes later cannot be required");
    return ERR_OK;
}

/* A column that another one is made from when rows are added up. */
static enum err_class summand_read(const struct reading *r, const struct table *table,
                                   const struct yaml *name, size_t *out)
{
    *out = table_column(table, name->text);
    if (*out == SIZE_MAX)
        return columns_unknown(r, table, name);
    enum column_type type = table->columns[*out].type;
    if (type != COLUMN_INT && type != COLUMN_MONEY)
        return yaml_error(r->file, name, r->err,
                          "\"%.*s\" cannot be added up: it is no int or money",
                          STR_ARG(name->text));
    return ERR_OK;
}

static enum err_class sum_read(const struct reading *r, const struct table *table,
                               const struct yaml *node, struct column *column)
{
    const struct yaml *weight = yaml_get(node, STR("weight"));
    const struct yaml *quotient = yaml_get(node, STR("quotient"));
    enum err_class class_ = ERR_OK;
    if (weight && column->type != COLUMN_RATIO)
        return yaml_error(r->file, weight, r->err, "only a ratio is weighted");
    if (quotient && (column->type != COLUMN_MONEY || quotient->len != 2))
        return yaml_error(r->file, quotient, r->err, "only money is made from two other columns");
    if (weight)
        class_ = summand_read(r, table, weight, &column->weight);
    for (size_t i = 0; quotient && !class_ && i < 2; i++)
        class_ = summand_read(r, table, &quotient->items[i], &column->quotient[i]);
    return class_;
}

static enum err_class columns_read(const struct reading *r, const struct yaml *map,
                                   struct table *table, struct column **out)
{
    if (map->len == 0 || map->len > TABLE_COLUMNS_MAX)
        return yaml_error(r->file, map, r->err, "a table has 1 to %d columns", TABLE_COLUMNS_MAX);
    struct column *columns = arena_array(r->arena, map->len, sizeof(*columns));
    if (!columns)
        return err_no_memory(r->err);
    bool money = false;
    for (size_t i = 0; i < map->len; i++) {
        enum err_class class_ = column_read(r, table, &map->pairs[i], &columns[i]);
        if (class_)
            return class_;
        money = money || columns[i].type == COLUMN_MONEY;
    }
    table->columns = *out = columns;
    table->columns_len = map->len;
    for (size_t i = 0; i < map->len; i++) {
        enum err_class class_ = sum_read(r, table, &map->pairs[i].value, &columns[i]);
        if (class_)
            return class_;
    }
    size_t currency = table_column(table, STR("currency"));
    if (money && (currency == SIZE_MAX || columns[currency].type != COLUMN_TEXT))
        return yaml_error(r->file, map, r->err, "money needs a text column \"currency\" beside it");
    return ERR_OK;
}

static enum err_class names_read(const struct reading *r, const struct table *table,
                                 const struct yaml *list, const size_t **out, size_t *out_len)
{
    if (list->len == 0 || list->len > INDEX_COLUMNS_MAX)
        return yaml_error(r->file, list, r->err, "1 to %d columns", INDEX_COLUMNS_MAX);
    size_t *columns = arena_array(r->arena, list->len, sizeof(*columns));
    if (!columns)
        return err_no_memory(r->err);
    for (size_t i = 0; i < list->len; i++) {
        columns[i] = table_column(table, list->items[i].text);
        if (columns[i] == SIZE_MAX)
            return columns_unknown(r, table, &list->items[i]);
        /* Its three stored columns are not comparable; the store indexes NAME_index itself. */
        if (table->columns[columns[i]].type == COLUMN_PERSONAL)
            return yaml_error(r->file, &list->items[i], r->err,
                              "a personal column cannot be in a key or index");
        for (size_t k = 0; k < i; k++)
            if (columns[k] == columns[i])
                return yaml_error(r->file, &list->items[i], r->err, "\"%.*s\" is there twice",
                                  STR_ARG(list->items[i].text));
    }
    *out = columns;
    *out_len = list->len;
    return ERR_OK;
}

static enum err_class key_read(const struct reading *r, const struct yaml *node,
                               struct table *table)
{
    const struct yaml *key = yaml_get(node, STR("key"));
    enum err_class class_ = names_read(r, table, key, &table->key, &table->key_len);
    if (class_)
        return class_;
    for (size_t i = 0; i < table->key_len; i++) {
        const struct column *column = &table->columns[table->key[i]];
        bool sortable = column->type == COLUMN_ID || column->type == COLUMN_TEXT ||
                        column->type == COLUMN_INT || column->type == COLUMN_TIME;
        if (!column->required || !sortable)
            return yaml_error(r->file, &key->items[i], r->err,
                              "a key column is required and of type id, text, int or time");
    }
    if (table->serial &&
        (table->data || table->key_len != 1 || table->columns[table->key[0]].type != COLUMN_INT))
        return yaml_error(r->file, key, r->err,
                          "serial needs a key of one int column in a table without data");
    return ERR_OK;
}

/* A column that has a role; SIZE_MAX when the table has none. */
static enum err_class role_read(const struct reading *r, const struct yaml *map, const char *role,
                                enum column_type type, const struct table *table, size_t *out)
{
    *out = SIZE_MAX;
    const struct yaml *node = yaml_get(map, str_of(role));
    if (!node)
        return ERR_OK;
    if (!table->data)
        return yaml_error(r->file, node, r->err, "\"%s\" belongs in data tables", role);
    *out = table_column(table, node->text);
    if (*out == SIZE_MAX)
        return columns_unknown(r, table, node);
    if (table->columns[*out].type != type)
        return yaml_error(r->file, node, r->err, "\"%s\" must be a column of type %s", role,
                          type_names[type]);
    return ERR_OK;
}

/* The column of time of a table whose months are kept apart; SIZE_MAX when it has none. A database wants it
 * in every unique index, so only a serial table, whose numbers are unique anyway, may have it outside its key. */
static enum err_class months_read(const struct reading *r, const struct yaml *map,
                                  struct table *table)
{
    const struct yaml *node = yaml_get(map, STR("months"));
    table->months = SIZE_MAX;
    if (!node)
        return ERR_OK;
    table->months = table_column(table, node->text);
    if (table->months == SIZE_MAX)
        return columns_unknown(r, table, node);
    const struct column *column = &table->columns[table->months];
    if (!column->required || (column->type != COLUMN_TIME && column->type != COLUMN_INT))
        return yaml_error(r->file, node, r->err,
                          "\"months\" must be a required column of type time or int");
    if (!table->serial && !table_key_has(table, table->months))
        return yaml_error(r->file, node, r->err, "\"months\" must be a column of the key");
    return ERR_OK;
}

static enum err_class index_read(const struct reading *r, const struct yaml_pair *pair,
                                 const struct table *table, struct index_def *out)
{
    const struct yaml *node = &pair->value;
    const struct yaml *columns = node->kind == YAML_LIST ? node : yaml_get(node, STR("columns"));
    enum err_class class_ = name_check(r, pair);
    if (!class_)
        class_ = names_read(r, table, columns, &out->columns, &out->columns_len);
    if (class_)
        return class_;
    out->name = pair->key;
    unsigned since = table->since;
    for (size_t i = 0; i < out->columns_len; i++) {
        unsigned column_since = table->columns[out->columns[i]].since;
        since = column_since > since ? column_since : since;
    }
    out->since = since;
    if (node->kind == YAML_LIST)
        return ERR_OK;
    out->unique = flag_of(node, "unique");
    out->where = text_of(node, "where");
    out->since = migration_of(node, "since", since);
    out->until = migration_of(node, "until", 0);
    if (out->since < since)
        return yaml_error(r->file, node, r->err, "the index is older than its columns");
    if (out->until && out->until <= out->since)
        return yaml_error(r->file, node, r->err, "the index goes before it comes");
    return ERR_OK;
}

static enum err_class indexes_read(const struct reading *r, const struct yaml *map,
                                   struct table *table)
{
    if (!map)
        return ERR_OK;
    if (map->len > INDEXES_MAX)
        return yaml_error(r->file, map, r->err, "at most %d indexes", INDEXES_MAX);
    struct index_def *indexes = arena_array(r->arena, map->len, sizeof(*indexes));
    if (!indexes)
        return err_no_memory(r->err);
    for (size_t i = 0; i < map->len; i++) {
        enum err_class class_ = index_read(r, &map->pairs[i], table, &indexes[i]);
        if (class_)
            return class_;
    }
    table->indexes = indexes;
    table->indexes_len = map->len;
    return ERR_OK;
}

/* --- the bounds of what is in keys and indexes --- */

struct str index_condition_column(const struct index_def *index)
{
    size_t end = 0;
    while (end < index->where.len &&
           (index->where.ptr[end] == '_' ||
            (index->where.ptr[end] >= 'a' && index->where.ptr[end] <= 'z')))
        end++;
    return str_sub(index->where, 0, end);
}

/* A text that has no bound by itself gets it with the first index that it is in. */
static void column_bound(struct column *column, unsigned since)
{
    if (column->type != COLUMN_TEXT)
        return;
    if (column->bytes_max == 0) {
        column->bytes_max = ID_BYTES_MAX;
        column->bounded_since = since;
    } else if (column->bounded_since > since) {
        column->bounded_since = since;
    }
}

static size_t index_bytes(const struct table *table, const size_t *columns, size_t columns_len)
{
    size_t bytes = NUMBER_BYTES;
    for (size_t i = 0; i < columns_len; i++) {
        size_t text = table->columns[columns[i]].bytes_max;
        bytes += text ? text * CHARACTER_BYTES : NUMBER_BYTES;
    }
    return bytes;
}

/* What MariaDB gets into the index for its condition (store/ddl.c). */
static size_t condition_bytes(const struct table *table, const struct index_def *index)
{
    size_t condition = table_column(table, index_condition_column(index));
    if (index->where.len == 0 || index->unique)
        return index->where.len ? NUMBER_BYTES : 0;
    for (size_t i = 0; i < index->columns_len; i++)
        if (index->columns[i] == condition)
            return 0;
    return index_bytes(table, &condition, 1) - NUMBER_BYTES;
}

static enum err_class bounds_set(const struct reading *r, const struct yaml *node,
                                 struct table *table, struct column *columns)
{
    for (size_t i = 0; i < table->key_len; i++)
        column_bound(&columns[table->key[i]], table->since);
    for (size_t i = 0; i < table->indexes_len; i++) {
        const struct index_def *index = &table->indexes[i];
        for (size_t k = 0; k < index->columns_len; k++)
            column_bound(&columns[index->columns[k]], index->since);
        size_t condition = table_column(table, index_condition_column(index));
        if (index->where.len && condition == SIZE_MAX)
            return yaml_error(r->file, node, r->err,
                              "the condition of index %.*s does not begin with a column",
                              STR_ARG(index->name));
        if (index->where.len)
            column_bound(&columns[condition], index->since);
    }
    bool fits = index_bytes(table, table->key, table->key_len) <= INDEX_BYTES_MAX;
    for (size_t i = 0; fits && i < table->indexes_len; i++)
        fits = index_bytes(table, table->indexes[i].columns, table->indexes[i].columns_len) +
                   condition_bytes(table, &table->indexes[i]) <=
               INDEX_BYTES_MAX;
    if (fits)
        return ERR_OK;
    return yaml_error(
        r->file, node, r->err,
        "the key or an index may be longer than %d bytes, MariaDB's limit, at %d a byte of "
        "text; say `bytes` of its columns",
        INDEX_BYTES_MAX, CHARACTER_BYTES);
}

static enum err_class derived_read(const struct reading *r, const struct yaml *node,
                                   struct table *table)
{
    const struct yaml *derived = yaml_get(node, STR("derived"));
    if (!derived)
        return ERR_OK;
    const struct yaml *by = yaml_get(derived, STR("by"));
    bool good = table->data && by->len > 0 && by->len <= DERIVED_BY_MAX;
    table->derived_of = text_of(derived, "of");
    for (size_t i = 0; good && i < by->len; i++) {
        size_t column = table_column(table, by->items[i].text);
        good = column != SIZE_MAX && table_key_has(table, column);
        table->derived_by[table->derived_by_len++] = column;
    }
    if (!good)
        return yaml_error(r->file, derived, r->err,
                          "data tables are touched, by columns of their key");
    return ERR_OK;
}

static enum err_class table_read(const struct reading *r, const struct yaml_pair *pair,
                                 struct table *table)
{
    const struct yaml *node = &pair->value;
    enum err_class class_ = name_check(r, pair);
    if (class_)
        return class_;
    *table = (struct table){
        .name = pair->key,
        .comment = text_of(node, "comment"),
        .data = flag_of(node, "data"),
        .serial = flag_of(node, "serial"),
        .clustered = flag_of(node, "clustered"),
        .passing = flag_of(node, "passing"),
        .since = migration_of(node, "since", 1),
    };
    struct column *columns = NULL;
    class_ = columns_read(r, yaml_get(node, STR("columns")), table, &columns);
    if (!class_)
        class_ = key_read(r, node, table);
    if (!class_)
        class_ = role_read(r, node, "created", COLUMN_TIME, table, &table->created);
    if (!class_)
        class_ = role_read(r, node, "updated", COLUMN_TIME, table, &table->updated);
    if (!class_)
        class_ = role_read(r, node, "status", COLUMN_TEXT, table, &table->status);
    if (!class_)
        class_ = derived_read(r, node, table);
    if (!class_)
        class_ = months_read(r, node, table);
    if (!class_)
        class_ = indexes_read(r, yaml_get(node, STR("indexes")), table);
    if (!class_)
        class_ = bounds_set(r, node, table, columns);
    return class_;
}

static unsigned table_newest(const struct table *table)
{
    unsigned newest = table->since;
    for (size_t i = 0; i < table->columns_len; i++)
        newest = table->columns[i].since > newest ? table->columns[i].since : newest;
    for (size_t i = 0; i < table->indexes_len; i++) {
        const struct index_def *index = &table->indexes[i];
        unsigned last = index->until ? index->until : index->since;
        newest = last > newest ? last : newest;
    }
    return newest;
}

enum err_class table_catalog_parse(struct str file, struct str text, struct arena *arena,
                                   struct table_catalog **out, struct err *err)
{
    struct reading r = {.file = file, .arena = arena, .err = err};
    struct yaml *root;
    enum err_class class_ = yaml_parse(file, text, arena, &root, err);
    if (!class_)
        class_ = yaml_check(file, root, &file_schema, err);
    if (class_)
        return class_;
    const struct yaml *map = yaml_get(root, STR("tables"));
    if (map->len == 0 || map->len > TABLES_MAX)
        return yaml_error(file, map, err, "1 to %d tables", TABLES_MAX);
    struct table_catalog *catalog = arena_alloc(arena, sizeof(*catalog));
    struct table *tables = arena_array(arena, map->len, sizeof(*tables));
    if (!catalog || !tables)
        return err_no_memory(err);
    for (size_t i = 0; i < map->len; i++) {
        class_ = table_read(&r, &map->pairs[i], &tables[i]);
        if (class_)
            return class_;
        unsigned newest = table_newest(&tables[i]);
        catalog->newest = newest > catalog->newest ? newest : catalog->newest;
    }
    catalog->tables = tables;
    catalog->tables_len = map->len;
    *out = catalog;
    return ERR_OK;
}

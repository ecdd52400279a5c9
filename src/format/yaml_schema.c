/* A tree against its schema. */
#include <assert.h>
#include <stdint.h>

#include "format/codec.h"
#include "format/decimal.h"
#include "format/yaml.h"

enum {
    KEYS_MAX = 128,       /* schemas are tables of ours; the largest, a stream, has about forty */
    SHOWN_BYTES_MAX = 60, /* of a wrong value, so that the message keeps room for what is right */
};

struct checker {
    struct str file;
    struct err *err;
};

/* A node and what messages call it: `"size"`, `item 2 of "hosts"`, `manifest`. */
struct place {
    const struct yaml *node;
    struct str key;
    size_t item; /* 1-based; 0: the value of the key itself */
    bool root;
};

static enum err_class check(const struct checker *checker, const struct place *place,
                            const struct yaml_schema *schema);

/* The kind of node a type wants, false for a type that does not say. */
static bool type_kind(enum yaml_type type, enum yaml_kind *out)
{
    switch (type) {
    case YAML_T_TEXT:
    case YAML_T_INT:
    case YAML_T_BOOL:
    case YAML_T_DURATION:
    case YAML_T_DECIMAL:
    case YAML_T_WORD:
        *out = YAML_SCALAR;
        return true;
    case YAML_T_LIST:
        *out = YAML_LIST;
        return true;
    case YAML_T_MAP:
    case YAML_T_NAMED:
        *out = YAML_MAP;
        return true;
    case YAML_T_ANY:
    case YAML_T_EITHER:
        break;
    }
    return false;
}

static void expect_int(struct buf *out, const struct yaml_schema *schema)
{
    buf_add(out, STR("a whole number"));
    if (schema->min == 0 && schema->max == 0)
        return;
    assert(schema->min <= schema->max);
    if (schema->max == INT64_MAX)
        buf_printf(out, " of at least %lld", (long long)schema->min);
    else
        buf_printf(out, " from %lld to %lld", (long long)schema->min, (long long)schema->max);
}

/* "text", "a whole number from 1 to 100", "one of a, b or a list". */
static void expect(struct buf *out, const struct yaml_schema *schema)
{
    switch (schema->type) {
    case YAML_T_TEXT:
        buf_add(out, STR("text"));
        break;
    case YAML_T_INT:
        expect_int(out, schema);
        break;
    case YAML_T_BOOL:
        buf_add(out, STR("true or false"));
        break;
    case YAML_T_DURATION:
        buf_add(out, STR("a duration such as 90d or 1h30m"));
        break;
    case YAML_T_DECIMAL:
        buf_add(out, STR("a decimal number"));
        break;
    case YAML_T_WORD:
        buf_add(out, STR("one of "));
        for (const char *const *word = schema->words; *word != NULL; word++)
            buf_printf(out, "%s%s", word == schema->words ? "" : ", ", *word);
        break;
    case YAML_T_LIST:
        buf_add(out, STR("a list"));
        break;
    case YAML_T_MAP:
    case YAML_T_NAMED:
        buf_add(out, STR("a map"));
        break;
    case YAML_T_ANY:
        buf_add(out, STR("anything"));
        break;
    case YAML_T_EITHER:
        for (const struct yaml_schema *const *one = schema->either; *one != NULL; one++) {
            buf_add(out, one == schema->either ? STR("") : STR(" or "));
            expect(out, *one);
        }
        break;
    }
}

static void describe_found(struct buf *out, const struct yaml *node)
{
    if (yaml_is_null(node))
        buf_add(out, STR("nothing"));
    else if (node->kind == YAML_SCALAR)
        buf_printf(out, node->quoted ? "the text \"%.*s\"" : "\"%.*s\"",
                   STR_ARG(utf8_cut(node->text, SHOWN_BYTES_MAX)));
    else
        buf_add(out, node->kind == YAML_LIST ? STR("a list") : STR("a map"));
}

static void describe_place(struct buf *out, const struct place *place)
{
    if (place->item > 0)
        buf_printf(out, "item %zu of ", place->item);
    buf_printf(out, place->root ? "%.*s" : "\"%.*s\"", STR_ARG(place->key));
}

static void suggest(struct buf *out, struct str word, const struct str *names, size_t names_len)
{
    size_t nearest = str_nearest(word, names, names_len);
    if (nearest != SIZE_MAX)
        buf_printf(out, "; did you mean \"%.*s\"?", STR_ARG(names[nearest]));
}

static size_t schema_words(const struct yaml_schema *schema, struct str words[KEYS_MAX])
{
    size_t len = 0;
    for (; schema->words[len] != NULL; len++) {
        assert(len < KEYS_MAX);
        words[len] = str_of(schema->words[len]);
    }
    return len;
}

/* chosen: the alternative of the schema that the node was held against. */
static enum err_class refuse_value(const struct checker *checker, const struct place *place,
                                   const struct yaml_schema *schema,
                                   const struct yaml_schema *chosen)
{
    struct buf text;
    struct str words[KEYS_MAX];
    buf_init(&text, BODY_BYTES_MAX);
    describe_place(&text, place);
    buf_add(&text, STR(" must be "));
    expect(&text, schema);
    buf_add(&text, STR(", not "));
    describe_found(&text, place->node);
    if (chosen->type == YAML_T_WORD && place->node->kind == YAML_SCALAR)
        suggest(&text, place->node->text, words, schema_words(chosen, words));
    enum err_class class_ = yaml_error(checker->file, place->node, checker->err, "%.*s",
                                       STR_ARG(buf_str(&text)));
    buf_fini(&text);
    return class_;
}

static bool scalar_fits(const struct yaml *node, const struct yaml_schema *schema)
{
    struct str words[KEYS_MAX];
    struct decimal decimal;
    int64_t number;
    bool truth;
    size_t len;
    switch (schema->type) {
    case YAML_T_TEXT:
        return !yaml_is_null(node);
    case YAML_T_INT:
        return yaml_i64(node, &number) && ((schema->min == 0 && schema->max == 0) ||
                                           (number >= schema->min && number <= schema->max));
    case YAML_T_BOOL:
        return yaml_bool(node, &truth);
    case YAML_T_DURATION:
        return yaml_duration_ms(node, &number);
    case YAML_T_DECIMAL:
        return !node->quoted && decimal_read(node->text, &decimal);
    case YAML_T_WORD:
        len = schema_words(schema, words);
        for (size_t i = 0; i < len; i++)
            if (str_eq(node->text, words[i]))
                return true;
        return false;
    case YAML_T_ANY:
    case YAML_T_LIST:
    case YAML_T_MAP:
    case YAML_T_NAMED:
    case YAML_T_EITHER:
        break;
    }
    return false;
}

static enum err_class check_list(const struct checker *checker, const struct place *place,
                                 const struct yaml_schema *schema)
{
    for (size_t i = 0; i < place->node->len; i++) {
        struct place inside = {&place->node->items[i], place->key, i + 1, place->root};
        enum err_class class_ = check(checker, &inside, schema->each);
        if (class_ != ERR_OK)
            return class_;
    }
    return ERR_OK;
}

static enum err_class check_named(const struct checker *checker, const struct place *place,
                                  const struct yaml_schema *schema)
{
    for (size_t i = 0; i < place->node->len; i++) {
        const struct yaml_pair *pair = &place->node->pairs[i];
        struct place inside = {.node = &pair->value, .key = pair->key};
        enum err_class class_ = check(checker, &inside, schema->each);
        if (class_ != ERR_OK)
            return class_;
    }
    return ERR_OK;
}

static enum err_class refuse_key(const struct checker *checker, const struct yaml_pair *pair,
                                 const struct yaml_schema *schema)
{
    struct str names[KEYS_MAX];
    size_t len = 0;
    struct buf text;
    struct yaml at_key = {.line = pair->line, .column = pair->column};
    for (; schema->keys[len].key != NULL; len++) {
        assert(len < KEYS_MAX);
        names[len] = str_of(schema->keys[len].key);
    }
    buf_init(&text, BODY_BYTES_MAX);
    buf_printf(&text, "unknown key \"%.*s\" in %s", STR_ARG(utf8_cut(pair->key, SHOWN_BYTES_MAX)),
               schema->name);
    suggest(&text, pair->key, names, len);
    enum err_class class_ = yaml_error(checker->file, &at_key, checker->err, "%.*s",
                                       STR_ARG(buf_str(&text)));
    buf_fini(&text);
    return class_;
}

static enum err_class check_map(const struct checker *checker, const struct place *place,
                                const struct yaml_schema *schema)
{
    const struct yaml *node = place->node;
    for (size_t i = 0; i < node->len; i++) {
        const struct yaml_pair *pair = &node->pairs[i];
        const struct yaml_key *key = schema->keys;
        while (key->key != NULL && !str_eq(pair->key, str_of(key->key)))
            key++;
        if (key->key == NULL)
            return refuse_key(checker, pair, schema);
        struct place inside = {.node = &pair->value, .key = pair->key};
        enum err_class class_ = check(checker, &inside, key->schema);
        if (class_ != ERR_OK)
            return class_;
    }
    for (const struct yaml_key *key = schema->keys; key->key != NULL; key++)
        if (key->required && yaml_get(node, str_of(key->key)) == NULL)
            return yaml_error(checker->file, node, checker->err, "%s needs \"%s\"", schema->name,
                              key->key);
    return ERR_OK;
}

/* The alternative of the node's kind; the schema itself when it has none. */
static const struct yaml_schema *choose(const struct yaml_schema *schema, enum yaml_kind kind)
{
    enum yaml_kind wanted;
    if (schema->type != YAML_T_EITHER)
        return schema;
    for (const struct yaml_schema *const *one = schema->either; *one != NULL; one++)
        if ((*one)->type == YAML_T_ANY || (type_kind((*one)->type, &wanted) && wanted == kind))
            return *one;
    return schema;
}

static enum err_class check(const struct checker *checker, const struct place *place,
                            const struct yaml_schema *schema)
{
    const struct yaml_schema *chosen = choose(schema, place->node->kind);
    enum yaml_kind wanted;
    if (chosen->type == YAML_T_ANY)
        return ERR_OK;
    if (!type_kind(chosen->type, &wanted) || wanted != place->node->kind)
        return refuse_value(checker, place, schema, chosen);
    if (wanted == YAML_SCALAR)
        return scalar_fits(place->node, chosen) ? ERR_OK
                                                : refuse_value(checker, place, schema, chosen);
    if (chosen->type == YAML_T_LIST)
        return check_list(checker, place, chosen);
    if (chosen->type == YAML_T_NAMED)
        return check_named(checker, place, chosen);
    return check_map(checker, place, chosen);
}

enum err_class yaml_check(struct str file, const struct yaml *node,
                          const struct yaml_schema *schema, struct err *err)
{
    struct checker checker = {file, err};
    struct place place = {.node = node, .key = str_of(schema->name), .root = true};
    return check(&checker, &place, schema);
}

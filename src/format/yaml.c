/* libyaml's events into a tree. */
#include "format/yaml.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

struct loader {
    yaml_parser_t parser;
    yaml_event_t event; /* the one being looked at */
    struct str file;
    struct arena *arena;
    size_t nodes;
    struct err *err;
};

static enum err_class refuse_event(const struct loader *loader, const char *why)
{
    const yaml_mark_t *mark = &loader->event.start_mark;
    return err_set(loader->err, ERR_CONFIG, "yaml_syntax", "%.*s:%zu:%zu: %s",
                   STR_ARG(loader->file), mark->line + 1, mark->column + 1, why);
}

static enum err_class next_event(struct loader *loader)
{
    yaml_event_delete(&loader->event);
    if (yaml_parser_parse(&loader->parser, &loader->event))
        return ERR_OK;
    const yaml_parser_t *parser = &loader->parser;
    if (parser->error == YAML_MEMORY_ERROR)
        return err_no_memory(loader->err);
    /* What cannot be decoded has no mark yet: the parser's own place is the nearest. */
    const yaml_mark_t *mark = parser->error == YAML_READER_ERROR ? &parser->mark
                                                                 : &parser->problem_mark;
    return err_set(loader->err, ERR_CONFIG, "yaml_syntax", "%.*s:%zu:%zu: %s%s%s",
                   STR_ARG(loader->file), mark->line + 1, mark->column + 1, parser->problem,
                   parser->context != NULL ? " " : "",
                   parser->context != NULL ? parser->context : "");
}

static enum err_class check_plain(const struct loader *loader, const yaml_char_t *anchor,
                                  const yaml_char_t *tag)
{
    if (anchor != NULL)
        return refuse_event(loader, "anchors (&) are not used here");
    if (tag != NULL)
        return refuse_event(loader, "tags (!) are not used here");
    return ERR_OK;
}

static enum err_class load_text(const struct loader *loader, struct str *out)
{
    /* libyaml's bytes are unsigned char; same storage, other type. */
    struct str text = {(const char *)loader->event.data.scalar.value,
                       loader->event.data.scalar.length};
    if (str_find_char(text, '\0') != SIZE_MAX)
        return refuse_event(loader, "a text holds U+0000");
    *out = arena_dup(loader->arena, text);
    return out->ptr != NULL ? ERR_OK : err_no_memory(loader->err);
}

static enum err_class load_scalar(const struct loader *loader, struct yaml *node)
{
    enum err_class class_ = check_plain(loader, loader->event.data.scalar.anchor,
                                        loader->event.data.scalar.tag);
    if (class_ != ERR_OK)
        return class_;
    node->kind = YAML_SCALAR;
    node->quoted = loader->event.data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    return load_text(loader, &node->text);
}

/* Room for one more: an array of the arena doubles whenever its length reaches a power of two. What
 * it outgrows stays behind, together no more than the array itself. */
static void *grow(struct arena *arena, void *array, size_t len, size_t bytes_each)
{
    if ((len & (len - 1)) != 0)
        return array;
    void *larger = arena_array(arena, len == 0 ? 1 : 2 * len, bytes_each);
    if (larger != NULL && len > 0)
        memcpy(larger, array, len * bytes_each);
    return larger;
}

static enum err_class load_node(struct loader *loader, size_t depth, struct yaml *node);

static enum err_class load_list(struct loader *loader, size_t depth, struct yaml *node)
{
    enum err_class class_ = check_plain(loader, loader->event.data.sequence_start.anchor,
                                        loader->event.data.sequence_start.tag);
    node->kind = YAML_LIST;
    while (class_ == ERR_OK && (class_ = next_event(loader)) == ERR_OK) {
        if (loader->event.type == YAML_SEQUENCE_END_EVENT)
            break;
        node->items = grow(loader->arena, node->items, node->len, sizeof *node->items);
        if (node->items == NULL)
            return err_no_memory(loader->err);
        class_ = load_node(loader, depth + 1, &node->items[node->len++]);
    }
    return class_;
}

/* seen: key -> line of its first appearance. */
static enum err_class load_pair(struct loader *loader, size_t depth, struct map *seen,
                                struct yaml_pair *pair)
{
    struct yaml key = {0};
    bool added;
    if (loader->event.type != YAML_SCALAR_EVENT)
        return refuse_event(loader, "a key must be a plain word");
    enum err_class class_ = load_scalar(loader, &key);
    if (class_ != ERR_OK)
        return class_;
    pair->key = key.text;
    pair->line = (unsigned)loader->event.start_mark.line + 1;
    pair->column = (unsigned)loader->event.start_mark.column + 1;
    struct map_entry *entry = map_put(seen, pair->key, &added);
    if (entry == NULL)
        return err_no_memory(loader->err);
    if (!added)
        return err_set(loader->err, ERR_CONFIG, "yaml_syntax",
                       "%.*s:%u:%u: \"%.*s\" stands twice in this map; it is already in line %u",
                       STR_ARG(loader->file), pair->line, pair->column, STR_ARG(pair->key),
                       (unsigned)entry->value.number);
    entry->value.number = pair->line;
    class_ = next_event(loader);
    return class_ == ERR_OK ? load_node(loader, depth + 1, &pair->value) : class_;
}

static enum err_class load_map(struct loader *loader, size_t depth, struct yaml *node)
{
    struct map seen;
    enum err_class class_ = check_plain(loader, loader->event.data.mapping_start.anchor,
                                        loader->event.data.mapping_start.tag);
    node->kind = YAML_MAP;
    map_init(&seen, YAML_NODES_MAX);
    while (class_ == ERR_OK && (class_ = next_event(loader)) == ERR_OK) {
        if (loader->event.type == YAML_MAPPING_END_EVENT)
            break;
        node->pairs = grow(loader->arena, node->pairs, node->len, sizeof *node->pairs);
        if (node->pairs == NULL)
            class_ = err_no_memory(loader->err);
        else
            class_ = load_pair(loader, depth, &seen, &node->pairs[node->len++]);
    }
    map_fini(&seen);
    return class_;
}

/* The node that starts with the present event. */
static enum err_class load_node(struct loader *loader, size_t depth, struct yaml *node)
{
    node->line = (unsigned)loader->event.start_mark.line + 1;
    node->column = (unsigned)loader->event.start_mark.column + 1;
    if (++loader->nodes > YAML_NODES_MAX)
        return refuse_event(loader, "the file has too many parts");
    if (depth > NESTING_MAX)
        return refuse_event(loader, "the file is nested too deeply");
    if (loader->event.type == YAML_SCALAR_EVENT)
        return load_scalar(loader, node);
    if (loader->event.type == YAML_SEQUENCE_START_EVENT)
        return load_list(loader, depth, node);
    if (loader->event.type == YAML_MAPPING_START_EVENT)
        return load_map(loader, depth, node);
    return refuse_event(loader, "aliases (*) are not used here");
}

/* Stream start, document start, the node, document end, stream end. */
static enum err_class load_file(struct loader *loader, struct yaml *root)
{
    enum err_class class_ = next_event(loader);
    if (class_ == ERR_OK)
        class_ = next_event(loader);
    if (class_ == ERR_OK && loader->event.type == YAML_STREAM_END_EVENT)
        return refuse_event(loader, "the file is empty");
    if (class_ == ERR_OK)
        class_ = next_event(loader);
    if (class_ == ERR_OK)
        class_ = load_node(loader, 1, root);
    if (class_ == ERR_OK)
        class_ = next_event(loader);
    if (class_ == ERR_OK)
        class_ = next_event(loader);
    if (class_ == ERR_OK && loader->event.type != YAML_STREAM_END_EVENT)
        return refuse_event(loader, "a second document starts here; a file holds one");
    return class_;
}

enum err_class yaml_parse(struct str file, struct str text, struct arena *arena, struct yaml **out,
                          struct err *err)
{
    struct loader loader = {.file = file, .arena = arena, .err = err};
    *out = NULL;
    if (text.len > YAML_BYTES_MAX)
        return err_set(err, ERR_CONFIG, "yaml_syntax", "%.*s: longer than %d bytes", STR_ARG(file),
                       YAML_BYTES_MAX);
    struct yaml *root = arena_alloc(arena, sizeof *root);
    if (root == NULL || !yaml_parser_initialize(&loader.parser))
        return err_no_memory(err);
    /* Not guessed from a mark: everything in this house is UTF-8. */
    yaml_parser_set_encoding(&loader.parser, YAML_UTF8_ENCODING);
    const char *bytes = text.ptr != NULL ? text.ptr : "";
    yaml_parser_set_input_string(&loader.parser, (const yaml_char_t *)bytes, text.len);
    enum err_class class_ = load_file(&loader, root);
    yaml_event_delete(&loader.event);
    yaml_parser_delete(&loader.parser);
    if (class_ == ERR_OK)
        *out = root;
    return class_;
}

const struct yaml *yaml_get(const struct yaml *map, struct str key)
{
    if (map == NULL || map->kind != YAML_MAP)
        return NULL;
    for (size_t i = 0; i < map->len; i++)
        if (str_eq(map->pairs[i].key, key))
            return &map->pairs[i].value;
    return NULL;
}

/* Text of a scalar that may mean more than text. */
static bool plain_text(const struct yaml *node, struct str *out)
{
    if (node == NULL || node->kind != YAML_SCALAR || node->quoted)
        return false;
    *out = node->text;
    return true;
}

bool yaml_is_null(const struct yaml *node)
{
    struct str text;
    return plain_text(node, &text) &&
           (text.len == 0 || str_eq(text, STR("~")) || str_eq(text, STR("null")));
}

bool yaml_bool(const struct yaml *node, bool *out)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};
    struct str text;
    if (!plain_text(node, &text))
        return false;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (str_eq(text, str_of(words[i]))) {
            *out = i % 2 == 1;
            return true;
        }
    }
    return false;
}

bool yaml_i64(const struct yaml *node, int64_t *out)
{
    struct str text;
    return plain_text(node, &text) && str_to_i64(text, out);
}

bool yaml_duration_ms(const struct yaml *node, int64_t *out)
{
    struct str text;
    return plain_text(node, &text) && duration_parse(text, out);
}

bool duration_parse(struct str text, int64_t *out_ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
    enum { UNITS = sizeof units / sizeof units[0] };
    int64_t total_ms = 0;
    size_t at = 0, unit = 0;
    if (text.len == 0)
        return false;
    while (at < text.len) {
        int64_t count, ms;
        size_t from = at;
        while (at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9')
            at++;
        struct str digits = str_sub(text, from, at);
        from = at;
        while (at < text.len && text.ptr[at] >= 'a' && text.ptr[at] <= 'z')
            at++;
        struct str name = str_sub(text, from, at);
        while (unit < UNITS && !str_eq(name, str_of(units[unit].unit)))
            unit++;
        if (unit == UNITS || !str_to_i64(digits, &count) ||
            !i64_mul(count, units[unit++].ms, &ms) || !i64_add(total_ms, ms, &total_ms))
            return false;
    }
    *out_ms = total_ms;
    return true;
}

enum err_class yaml_error(struct str file, const struct yaml *node, struct err *err,
                          const char *format, ...)
{
    struct err shape;
    char message[sizeof shape.message];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return err_set(err, ERR_CONFIG, "yaml_value", "%.*s:%u:%u: %s", STR_ARG(file), node->line,
                   node->column, message);
}

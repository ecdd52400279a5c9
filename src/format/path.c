/* A path is a row of steps, one a level of the value. `^` only stands in front and is a count. */
#include "format/path.h"

#include <assert.h>
#include <string.h>

#include "format/path_set.h"

enum step_kind { STEP_MEMBER, STEP_INDEX, STEP_EACH, STEP_FIRST, STEP_FIRST_NOT };

struct step {
    enum step_kind kind;
    struct str key;
    int64_t index;
};

struct path {
    size_t ups;
    size_t explodes;
    size_t steps_len;
    /* Where the steps after the n-th [] start; [0] is 0. */
    size_t segments[PATH_DEPTH_MAX];
    struct step steps[PATH_STEPS_MAX];
};

struct reader {
    struct str text;
    size_t at;
    struct arena *arena;
    struct err *err;
};

static enum err_class refuse(const struct reader *reader, const char *why)
{
    return err_set(reader->err, ERR_CONFIG, "path_syntax", "path \"%.*s\", column %zu: %s",
                   STR_ARG(reader->text), reader->at + 1, why);
}

static char peek(const struct reader *reader)
{
    return reader->at < reader->text.len ? reader->text.ptr[reader->at] : '\0';
}

static bool take(struct reader *reader, char c)
{
    if (reader->at == reader->text.len || peek(reader) != c)
        return false;
    reader->at++;
    return true;
}

static bool name_ends_at(char c)
{
    return (unsigned char)c <= ' ' || c == '.' || c == '[' || c == ']' || c == '"' || c == 0x7F;
}

static enum err_class read_name(struct reader *reader, struct str *out)
{
    size_t from = reader->at;
    while (reader->at < reader->text.len && !name_ends_at(reader->text.ptr[reader->at]))
        reader->at++;
    if (reader->at == from)
        return refuse(reader, "expected a name");
    *out = arena_dup(reader->arena, str_sub(reader->text, from, reader->at));
    return out->ptr != NULL ? ERR_OK : err_no_memory(reader->err);
}

/* The rest of "name" behind its opening quote. */
static enum err_class read_quoted(struct reader *reader, struct str *out)
{
    char *key = arena_alloc(reader->arena, reader->text.len + 1);
    size_t key_len = 0;
    if (key == NULL)
        return err_no_memory(reader->err);
    while (!take(reader, '"')) {
        if (reader->at < reader->text.len && peek(reader) == '\\')
            reader->at++;
        if (reader->at == reader->text.len)
            return refuse(reader, "expected a closing quote");
        key[key_len++] = reader->text.ptr[reader->at++];
    }
    *out = (struct str){key, key_len};
    return ERR_OK;
}

/* The rest of [], [2], [-1] or ["name"] behind the opening bracket. */
static enum err_class read_bracket(struct reader *reader, struct step *step)
{
    if (take(reader, ']')) {
        step->kind = STEP_EACH;
        return ERR_OK;
    }
    if (take(reader, '"')) {
        step->kind = STEP_MEMBER;
        enum err_class class_ = read_quoted(reader, &step->key);
        if (class_ != ERR_OK)
            return class_;
    } else {
        size_t from = reader->at;
        while (peek(reader) == '-' || (peek(reader) >= '0' && peek(reader) <= '9'))
            reader->at++;
        step->kind = STEP_INDEX;
        if (!str_to_i64(str_sub(reader->text, from, reader->at), &step->index))
            return refuse(reader, "expected a whole number, a quoted name or ]");
    }
    return take(reader, ']') ? ERR_OK : refuse(reader, "expected ]");
}

static enum err_class read_step(struct reader *reader, bool dotted, struct step *step)
{
    if (!dotted && take(reader, '['))
        return read_bracket(reader, step);
    if (take(reader, '*')) {
        step->kind = take(reader, '!') ? STEP_FIRST_NOT : STEP_FIRST;
        return step->kind == STEP_FIRST ? ERR_OK : read_name(reader, &step->key);
    }
    if (peek(reader) == '^' || peek(reader) == '@')
        return refuse(reader, "^ and @ stand in front only");
    step->kind = STEP_MEMBER;
    return read_name(reader, &step->key);
}

/* Steps are joined by "."; a bracket needs none before it. */
static enum err_class read_steps(struct reader *reader, struct path *path)
{
    bool first = path->ups == 0;
    while (reader->at < reader->text.len) {
        bool dotted = !first && take(reader, '.');
        if (!first && !dotted && peek(reader) != '[')
            return refuse(reader, "expected . or [");
        first = false;
        if (path->steps_len == PATH_STEPS_MAX)
            return refuse(reader, "too many steps");
        struct step *step = &path->steps[path->steps_len++];
        enum err_class class_ = read_step(reader, dotted, step);
        if (class_ != ERR_OK)
            return class_;
        if (step->kind != STEP_EACH)
            continue;
        if (++path->explodes == PATH_DEPTH_MAX)
            return refuse(reader, "too many []");
        path->segments[path->explodes] = path->steps_len;
    }
    return ERR_OK;
}

enum err_class path_compile(struct str text, struct arena *arena, struct path **out,
                            struct err *err)
{
    struct reader reader = {text, 0, arena, err};
    struct path *path = arena_alloc(arena, sizeof *path);
    *out = NULL;
    if (path == NULL)
        return err_no_memory(err);
    if (text.len == 0)
        return refuse(&reader, "expected a path");
    if (!str_eq(text, STR("@"))) {
        while (take(&reader, '^'))
            path->ups++;
        if (path->ups >= PATH_DEPTH_MAX)
            return refuse(&reader, "too many ^");
        enum err_class class_ = read_steps(&reader, path);
        if (class_ != ERR_OK)
            return class_;
    }
    *out = path;
    return ERR_OK;
}

size_t path_explodes(const struct path *path)
{
    return path->explodes;
}

static const struct json *first_member(const struct json *object, const struct str *except)
{
    struct json_iter iter;
    struct str key;
    const struct json *value;
    if (json_kind_of(object) != JSON_OBJECT)
        return NULL;
    json_iter_init(&iter, object);
    while ((value = json_iter_next(&iter, &key)) != NULL)
        if (except == NULL || !str_eq(key, *except))
            return value;
    return NULL;
}

/* An index from the end made an index from the start; SIZE_MAX when outside. */
static size_t element_index(int64_t index, size_t len)
{
    size_t from_end = index < 0 ? (size_t)0 - (size_t)index : 0;
    if (index >= 0)
        return (size_t)index < len ? (size_t)index : SIZE_MAX;
    return from_end <= len ? len - from_end : SIZE_MAX;
}

static const struct json *step_follow(const struct step *step, const struct json *value)
{
    switch (step->kind) {
    case STEP_MEMBER:
        return json_get(value, step->key);
    case STEP_INDEX:
        return json_at(value, element_index(step->index, json_len(value)));
    case STEP_FIRST:
        return first_member(value, NULL);
    case STEP_FIRST_NOT:
        return first_member(value, &step->key);
    case STEP_EACH:
        break;
    }
    return NULL;
}

static const struct json *steps_follow(const struct path *path, size_t from, size_t to,
                                       const struct json *value)
{
    for (size_t i = from; i < to && value != NULL; i++)
        value = step_follow(&path->steps[i], value);
    return value;
}

const struct json *path_get(const struct path *path, const struct json *root)
{
    return path->ups == 0 ? steps_follow(path, 0, path->steps_len, root) : NULL;
}

const struct json *path_get_record(const struct path *path, const struct path_record *record)
{
    if (path->ups >= record->chain_len)
        return NULL;
    const struct json *base = record->chain[record->chain_len - 1 - path->ups];
    return steps_follow(path, 0, path->steps_len, base);
}

void path_iter_init(struct path_iter *iter, const struct path *path, const struct json *root)
{
    *iter = (struct path_iter){.path = path, .root = root};
}

/* Follows the steps from the element of the innermost open list (the root when none is open) up
 * to the next list, which it opens, or to the end: then there is a record, and it says true. */
static bool iter_descend(struct path_iter *iter, const struct json *element)
{
    const struct path *path = iter->path;
    size_t depth = iter->depth;
    bool to_record = depth == path->explodes;
    size_t from = path->segments[depth];
    size_t to = to_record ? path->steps_len : path->segments[depth + 1] - 1;
    const struct json *value = steps_follow(path, from, to, element);
    enum json_kind kind = json_kind_of(value);
    if (!to_record) {
        bool list = kind == JSON_ARRAY || kind == JSON_NULL;
        iter->list_missing |= !list;
        iter->list_kind |= !list && kind != JSON_ABSENT;
        if (list)
            json_iter_init(&iter->levels[iter->depth++], value);
        return false;
    }
    bool own_place = depth == 0 || from < to; /* else the element is the record */
    if (own_place && (kind == JSON_ABSENT || kind == JSON_NULL)) {
        iter->list_missing = true;
        return false;
    }
    if (own_place)
        iter->record.chain[depth] = value;
    iter->record.chain_len = depth + (own_place ? 1 : 0);
    return true;
}

bool path_iter_next(struct path_iter *iter, struct path_record *record)
{
    bool found = false;
    if (!iter->started) {
        iter->started = true;
        found = iter->path->ups == 0 && iter_descend(iter, iter->root);
    }
    while (!found && iter->depth > 0) {
        const struct json *element = json_iter_next(&iter->levels[iter->depth - 1], NULL);
        if (element == NULL) {
            iter->depth--;
            continue;
        }
        iter->record.chain[iter->depth - 1] = element;
        found = iter_descend(iter, element);
    }
    if (found)
        *record = iter->record;
    return found;
}

bool path_iter_list_missing(const struct path_iter *iter)
{
    return iter->list_missing;
}

bool path_iter_list_kind(const struct path_iter *iter)
{
    return iter->list_kind;
}

uint64_t path_set_start(const struct path *const *paths, size_t paths_len)
{
    uint64_t alive = 0;
    assert(paths_len <= PATH_SET_MAX);
    for (size_t i = 0; i < paths_len; i++)
        if (paths[i]->ups == 0)
            alive |= UINT64_C(1) << i;
    return alive;
}

static bool step_enters(const struct step *step, const struct path_child *child)
{
    bool member = json_kind_of(child->container) == JSON_OBJECT;
    switch (step->kind) {
    case STEP_MEMBER:
        /* By name, not by json_get: a personal field must not slip through as a duplicate key. */
        return member && str_eq(child->key, step->key);
    case STEP_INDEX:
        return !member && element_index(step->index, json_len(child->container)) == child->index;
    case STEP_EACH:
        return !member;
    case STEP_FIRST:
    case STEP_FIRST_NOT:
        return step_follow(step, child->container) == child->value;
    }
    return false;
}

uint64_t path_set_enter(const struct path *const *paths, uint64_t alive, size_t depth,
                        const struct path_child *child)
{
    uint64_t inside = 0;
    for (uint64_t left = alive; left != 0; left &= left - 1) {
        unsigned i = (unsigned)__builtin_ctzll(left);
        if (depth < paths[i]->steps_len && step_enters(&paths[i]->steps[depth], child))
            inside |= UINT64_C(1) << i;
    }
    return inside;
}

size_t path_set_match(const struct path *const *paths, uint64_t alive, size_t depth)
{
    for (uint64_t left = alive; left != 0; left &= left - 1) {
        unsigned i = (unsigned)__builtin_ctzll(left);
        if (paths[i]->steps_len == depth)
            return i;
    }
    return SIZE_MAX;
}

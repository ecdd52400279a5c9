/* JSON values to text. One recursive walk writes all forms; a member or element is entered with
 * the set of paths that lead there. Recursion is bounded: json_parse refuses deeper documents. */
#include <endian.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "format/codec.h"
#include "format/json.h"
#include "format/path_set.h"

struct member {
    uint64_t head; /* the first eight bytes of the key: most comparisons end there */
    struct str key;
    const struct json *value;
};

struct writer {
    struct buf *out;
    const struct path *const *paths;
    bool sorted;
    json_replace *replace; /* NULL: what the paths match is left out */
    void *context;
    struct err *err;
    enum err_class class_;
    /* The members of all objects that stand open, sorted each; one growing stack for the walk, which
     * begins in lent memory. */
    struct member *members;
    const struct member *lent;
    size_t members_len, members_room;
};

static const char HEX[] = "0123456789abcdef";

static char escape_letter(unsigned char c)
{
    switch (c) {
    case '"':
    case '\\':
        return (char)c;
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return 'u';
    }
}

static bool needs_escape(unsigned char c)
{
    return c < ' ' || c == '"' || c == '\\';
}

/* What needs no escape is copied in runs. */
static void write_escaped(struct buf *out, struct str s)
{
    size_t from = 0;
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (!needs_escape(c))
            continue;
        buf_add_bytes(out, s.ptr + from, i - from);
        from = i + 1;
        char letter = escape_letter(c);
        buf_add_char(out, '\\');
        buf_add_char(out, letter);
        if (letter == 'u') {
            char digits[] = {'0', '0', HEX[c >> 4], HEX[c & 15]};
            buf_add_bytes(out, digits, sizeof digits);
        }
    }
    if (from < s.len)
        buf_add_bytes(out, s.ptr + from, s.len - from);
}

void json_write_string(struct buf *out, struct str s)
{
    size_t bad;
    buf_add_char(out, '"');
    while (!utf8_valid(s, &bad)) {
        write_escaped(out, str_sub(s, 0, bad));
        buf_add(out, STR("\xEF\xBF\xBD"));
        s = str_sub(s, bad + 1, s.len);
    }
    write_escaped(out, s);
    buf_add_char(out, '"');
}

/* For strings of a document, which the parser has found to be UTF-8. */
static void write_known_string(struct buf *out, struct str s)
{
    size_t plain = 0;
    while (plain < s.len && !needs_escape((unsigned char)s.ptr[plain]))
        plain++;
    /* Nearly every string: one piece, quotes included. */
    char *at = plain == s.len ? buf_grow(out, s.len + 2) : NULL;
    if (at) {
        at[0] = at[s.len + 1] = '"';
        memcpy(at + 1, s.ptr, s.len);
    }
    if (plain == s.len)
        return;
    buf_add_char(out, '"');
    write_escaped(out, s);
    buf_add_char(out, '"');
}

static bool writer_stopped(const struct writer *writer)
{
    return writer->out->failed || writer->class_ != ERR_OK;
}

static void write_value(struct writer *writer, const struct json *value, size_t depth,
                        uint64_t alive);

/* alive: the paths that lead to the container, which stands `depth` steps down. */
static void write_child(struct writer *writer, const struct path_child *child, size_t depth,
                        uint64_t alive, bool *first)
{
    uint64_t inside = path_set_enter(writer->paths, alive, depth, child);
    size_t which = path_set_match(writer->paths, inside, depth + 1);
    if (which != SIZE_MAX && writer->replace == NULL)
        return;
    if (!*first)
        buf_add_char(writer->out, ',');
    *first = false;
    if (json_kind_of(child->container) == JSON_OBJECT) {
        write_known_string(writer->out, child->key);
        buf_add_char(writer->out, ':');
    }
    if (which == SIZE_MAX)
        write_value(writer, child->value, depth + 1, inside);
    else
        writer->class_ = writer->replace(writer->context, which, child->value, writer->out,
                                         writer->err);
}

static void write_children(struct writer *writer, const struct json *container, size_t depth,
                           uint64_t alive)
{
    struct json_iter iter;
    struct path_child child = {.container = container};
    bool first = true;
    json_iter_init(&iter, container);
    while (!writer_stopped(writer) && (child.value = json_iter_next(&iter, &child.key)) != NULL) {
        write_child(writer, &child, depth, alive, &first);
        child.index++;
    }
}

/* Values of one document lie in reading order, so their addresses keep equal keys in order. */
static int member_cmp(const void *a, const void *b)
{
    const struct member *left = a, *right = b;
    if (left->head != right->head)
        return left->head < right->head ? -1 : 1;
    int order = str_cmp(left->key, right->key);
    if (order != 0)
        return order;
    return (uintptr_t)left->value < (uintptr_t)right->value ? -1 : 1;
}

static struct member member_of(struct str key, const struct json *value)
{
    uint64_t head = 0;
    if (key.len > 0)
        memcpy(&head, key.ptr, key.len < sizeof head ? key.len : sizeof head);
    return (struct member){be64toh(head), key, value};
}

/* Objects of records are small and each is sorted only once: no call, no memory. */
static void members_sort(struct member *members, size_t len)
{
    enum { INSERTION_MAX = 64 };
    if (len > INSERTION_MAX) {
        qsort(members, len, sizeof *members, member_cmp);
        return;
    }
    for (size_t i = 1; i < len; i++) {
        struct member member = members[i];
        size_t at = i;
        for (; at > 0 && member_cmp(&members[at - 1], &member) > 0; at--)
            members[at] = members[at - 1];
        members[at] = member;
    }
}

static bool writer_reserve(struct writer *writer, size_t more)
{
    size_t room = writer->members_room;
    while (room < writer->members_len + more)
        room *= 2;
    if (room == writer->members_room)
        return true;
    bool lent = writer->members == writer->lent;
    struct member *grown = realloc(lent ? NULL : writer->members, room * sizeof *grown);
    if (grown == NULL) {
        writer->out->failed = true;
        return false;
    }
    if (lent)
        memcpy(grown, writer->lent, writer->members_len * sizeof *grown);
    writer->members = grown;
    writer->members_room = room;
    return true;
}

static void write_sorted(struct writer *writer, const struct json *object, size_t depth,
                         uint64_t alive)
{
    struct json_iter iter;
    struct str key;
    const struct json *value;
    size_t from = writer->members_len;
    if (!writer_reserve(writer, json_len(object)))
        return;
    json_iter_init(&iter, object);
    while ((value = json_iter_next(&iter, &key)) != NULL)
        writer->members[writer->members_len++] = member_of(key, value);
    size_t to = writer->members_len;
    if (to > from)
        members_sort(writer->members + from, to - from);
    bool first = true;
    for (size_t i = from; i < to && !writer_stopped(writer); i++) {
        /* Copied, since objects inside may move the stack. */
        struct member member = writer->members[i];
        struct path_child child = {object, member.value, member.key, 0};
        write_child(writer, &child, depth, alive, &first);
    }
    writer->members_len = from;
}

static void write_value(struct writer *writer, const struct json *value, size_t depth,
                        uint64_t alive)
{
    struct buf *out = writer->out;
    switch (json_kind_of(value)) {
    case JSON_ABSENT:
    case JSON_NULL:
        buf_add(out, STR("null"));
        break;
    case JSON_BOOL:
    case JSON_NUMBER:
        buf_add(out, json_text(value));
        break;
    case JSON_STRING:
        write_known_string(out, json_text(value));
        break;
    case JSON_ARRAY:
        buf_add_char(out, '[');
        write_children(writer, value, depth, alive);
        buf_add_char(out, ']');
        break;
    case JSON_OBJECT:
        buf_add_char(out, '{');
        if (writer->sorted)
            write_sorted(writer, value, depth, alive);
        else
            write_children(writer, value, depth, alive);
        buf_add_char(out, '}');
        break;
    }
}

void json_write(struct buf *out, const struct json *value)
{
    struct writer writer = {.out = out};
    write_value(&writer, value, 0, 0);
}

void json_write_canonical(struct buf *out, const struct json *value)
{
    json_write_canonical_without(out, value, NULL, 0);
}

void json_write_canonical_without(struct buf *out, const struct json *value,
                                  const struct path *const *skip, size_t skip_len)
{
    struct member members[64]; /* enough for most records */
    struct writer writer = {.out = out,
                            .paths = skip,
                            .sorted = true,
                            .members = members,
                            .lent = members,
                            .members_room = sizeof members / sizeof *members};
    uint64_t alive = path_set_start(skip, skip_len);
    bool whole = path_set_match(skip, alive, 0) != SIZE_MAX;
    write_value(&writer, whole ? NULL : value, 0, alive);
    if (writer.members != members)
        free(writer.members);
}

enum err_class json_write_replaced(struct buf *out, const struct json *value,
                                   const struct path *const *paths, size_t paths_len,
                                   json_replace *replace, void *context, struct err *err)
{
    struct writer writer = {
        .out = out, .paths = paths, .replace = replace, .context = context, .err = err};
    uint64_t alive = path_set_start(paths, paths_len);
    size_t which = path_set_match(paths, alive, 0);
    if (which != SIZE_MAX)
        writer.class_ = replace(context, which, value, out, err);
    else
        write_value(&writer, value, 0, alive);
    if (writer.class_ == ERR_OK && out->failed)
        return err_no_memory(err);
    return writer.class_;
}

void json_write_strings(struct buf *out, const struct str *texts, size_t len)
{
    buf_add_char(out, '[');
    for (size_t i = 0; i < len; i++) {
        if (i > 0)
            buf_add_char(out, ',');
        json_write_string(out, texts[i]);
    }
    buf_add_char(out, ']');
}

/* Reading pages and streams of a list; list_sql.c makes the statements. */
#include <assert.h>
#include <string.h>

#include "api/cursor.h"
#include "api/list_sql.h"

/* What a cursor is tied to. */
static enum err_class tie_make(const struct list_query *query, struct str *out, struct err *err)
{
    struct buf text;
    buf_init(&text, 1 << 20);
    buf_printf(&text, "%s|", query->list->name);
    for (size_t i = 0; i < query->sort_len; i++)
        buf_printf(&text, "%zu%c", query->sort[i].column, query->sort[i].down ? '-' : '+');
    for (size_t i = 0; i < query->terms_len; i++) {
        const struct list_term *term = &query->terms[i];
        buf_printf(&text, "|%d%s", (int)term->how, term->sql ? term->sql : "");
        for (size_t j = 0; j < term->values_len; j++)
            if (term->values[j].kind == SQL_INT)
                buf_printf(&text, ",%lld", (long long)term->values[j].number);
            else
                buf_printf(&text, ",%zu:%.*s", term->values[j].text.len,
                           STR_ARG(term->values[j].text));
    }
    *out = text.failed ? STR_NONE : arena_dup(query->arena, buf_str(&text));
    buf_fini(&text);
    return out->ptr ? ERR_OK : err_no_memory(err);
}

static void sort_values(const struct list_row *row, struct sql_value *out)
{
    for (size_t i = 0; i < row->query->sort_len; i++)
        out[i] = row->values[row->query->sort[i].column];
}

/* A walk through the list: statements of one commit, and the row being read. */
struct walk {
    const struct list_query *query;
    struct reader *snapshot;
    struct list_statement statement;
    struct sql_value row[LIST_COLUMNS_MAX];
    int64_t seen;
};

static void row_read(struct walk *walk)
{
    const struct list_column *columns = walk->query->list->columns;
    int at = 0;
    for (size_t i = 0; columns[i].name; i++) {
        walk->row[i] = sql_null();
        if (!columns[i].sql || columns[i].filters)
            continue;
        if (!reader_is_null(walk->snapshot, at))
            walk->row[i] = list_column_is_text(&columns[i])
                               ? sql_text(reader_text(walk->snapshot, at))
                               : sql_int(reader_int(walk->snapshot, at));
        at++;
    }
}

static enum err_class walk_part(struct walk *walk, enum list_part part,
                                const struct sql_value *after, int64_t limit, int64_t offset,
                                list_each *each, void *context, struct err *err)
{
    enum err_class class_ = list_select_make(&walk->statement, walk->query, part, after, limit,
                                             offset, err);
    if (!class_)
        class_ = snapshot_read(walk->snapshot, walk->statement.text.ptr, walk->statement.values,
                               walk->statement.values_len, err);
    while (!class_ && reader_next(walk->snapshot)) {
        struct list_row row = {walk->query, walk->row};
        row_read(walk);
        walk->seen++;
        class_ = each(&row, context, err);
    }
    return class_;
}

static enum err_class few_find(struct walk *walk, struct err *err)
{
    const struct list_query *query = walk->query;
    struct list_statement *statement = &walk->statement;
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; !class_ && i < query->terms_len; i++) {
        if (!list_is_torn(statement, query, &query->terms[i]))
            continue;
        class_ = list_few_make(statement, query, &query->terms[i], err);
        if (!class_)
            class_ = snapshot_read(walk->snapshot, statement->text.ptr, statement->values,
                                   statement->values_len, err);
        if (!class_ && reader_next(walk->snapshot))
            statement->few[i] = reader_int(walk->snapshot, 0) < LIST_FEW;
    }
    return class_;
}

static enum err_class walk_begin(struct walk *walk, struct store *store,
                                 const struct list_query *query, struct arena *arena,
                                 struct err *err)
{
    *walk = (struct walk){.query = query};
    enum err_class class_ = list_statement_init(&walk->statement, store, arena, err);
    if (!class_)
        class_ = store_snapshot(store, &walk->snapshot, err);
    if (!class_)
        class_ = list_search_find(&walk->statement, walk->snapshot, query, arena, err);
    return class_ || walk->statement.found.ptr ? class_ : few_find(walk, err);
}

static enum err_class walk_end(struct walk *walk, enum err_class class_, struct err *err)
{
    list_statement_fini(&walk->statement);
    if (!walk->snapshot)
        return class_;
    enum err_class closed = reader_close(walk->snapshot, class_ ? NULL : err);
    return class_ ? class_ : closed;
}

/* A filter on the column leaves no row in which it is unknown. */
static bool first_is_filtered(const struct list_query *query)
{
    const char *sql = query->list->columns[query->sort[0].column].sql;
    for (size_t i = 0; i < query->terms_len; i++)
        if (query->terms[i].sql && strcmp(query->terms[i].sql, sql) == 0)
            return true;
    return false;
}

/* From `after` (or the start, or an offset) up to `limit` rows, the known ones first. `known` rows have the first column;
 * it is only asked for with an offset. */
static enum err_class walk_rows(struct walk *walk, const struct sql_value *after, int64_t limit,
                                int64_t offset, int64_t known, list_each *each, void *context,
                                struct err *err)
{
    const struct list_column *first = &walk->query->list->columns[walk->query->sort[0].column];
    enum err_class class_ = ERR_OK;
    walk->seen = 0;
    if (!first->unknown)
        return walk_part(walk, LIST_WHOLE, after, limit, offset, each, context, err);
    bool in_unknown = after && after[0].kind == SQL_NULL;
    if (!in_unknown && (offset == 0 || offset < known))
        class_ = walk_part(walk, LIST_KNOWN, after, limit, offset, each, context, err);
    if (class_ || walk->seen == limit || first_is_filtered(walk->query))
        return class_;
    return walk_part(walk, LIST_UNKNOWN, in_unknown ? after : NULL, limit - walk->seen,
                     offset > known ? offset - known : 0, each, context, err);
}

enum err_class list_row_copy(const struct list_row *row, struct arena *arena, struct list_row *out,
                             struct err *err)
{
    size_t len = 0;
    while (row->query->list->columns[len].name)
        len++;
    struct sql_value *values = arena_array(arena, len, sizeof(*values));
    if (!values)
        return err_no_memory(err);
    for (size_t i = 0; i < len; i++) {
        values[i] = row->values[i];
        if (values[i].kind != SQL_TEXT)
            continue;
        values[i].text = arena_dup(arena, values[i].text);
        if (!values[i].text.ptr)
            return err_no_memory(err);
    }
    *out = (struct list_row){row->query, values};
    return ERR_OK;
}

struct collect {
    struct list_page *page;
    struct arena *arena;
};

static enum err_class row_collect(const struct list_row *row, void *context, struct err *err)
{
    struct collect *collect = context;
    return list_row_copy(row, collect->arena, &collect->page->rows[collect->page->rows_len++], err);
}

static enum err_class count_rows(struct walk *walk, int64_t *total, int64_t *known, struct err *err)
{
    enum err_class class_ = list_count_make(&walk->statement, walk->query, err);
    if (!class_)
        class_ = snapshot_read(walk->snapshot, walk->statement.text.ptr, walk->statement.values,
                               walk->statement.values_len, err);
    if (!class_ && reader_next(walk->snapshot)) {
        *total = reader_int(walk->snapshot, 0);
        *known = reader_int(walk->snapshot, 1);
    }
    return class_;
}

/* One row more than asked for tells whether something follows. */
static enum err_class next_write(const struct list_query *query, struct str tie,
                                 struct list_page *page, struct err *err)
{
    struct sql_value values[LIST_SORTS_MAX + LIST_KEY_MAX];
    if ((int64_t)page->rows_len <= query->limit)
        return ERR_OK;
    page->rows_len = (size_t)query->limit;
    sort_values(&page->rows[page->rows_len - 1], values);
    return cursor_write(query->secret, tie, values, query->sort_len, query->arena, &page->next,
                        err);
}

enum err_class list_run(struct store *store, struct list_query *query, struct list_page *out,
                        struct err *err)
{
    struct sql_value after[LIST_SORTS_MAX + LIST_KEY_MAX];
    struct collect collect = {.page = out, .arena = query->arena};
    struct walk walk;
    struct str tie;
    int64_t known = 0, offset = query->page ? (query->page - 1) * query->limit : 0;
    assert(query->limit >= 1 && query->limit <= LIST_LIMIT_MAX);
    *out = (struct list_page){
        .rows = arena_array(query->arena, (size_t)query->limit + 1, sizeof(struct list_row)),
        .total = -1};
    enum err_class class_ = out->rows ? tie_make(query, &tie, err) : err_no_memory(err);
    if (!class_ && query->cursor.len)
        class_ = cursor_read(query->secret, tie, query->cursor, after, query->sort_len,
                             query->arena, err);
    if (class_)
        return class_;
    class_ = walk_begin(&walk, store, query, query->arena, err);
    if (!class_ && (query->total || query->page))
        class_ = count_rows(&walk, &out->total, &known, err);
    if (!class_)
        class_ = walk_rows(&walk, query->cursor.len ? after : NULL, query->limit + 1, offset, known,
                           row_collect, &collect, err);
    class_ = walk_end(&walk, class_, err);
    return class_ ? class_ : next_write(query, tie, out, err);
}

/* --- all rows --- */

struct stream {
    list_each *each;
    void *context;
    struct arena *arena; /* of the piece that is read */
    struct sql_value last[LIST_SORTS_MAX + LIST_KEY_MAX];
    int64_t left;
};

static enum err_class row_stream(const struct list_row *row, void *context, struct err *err)
{
    struct stream *stream = context;
    if (--stream->left == 0) {
        sort_values(row, stream->last);
        for (size_t i = 0; i < row->query->sort_len; i++)
            if (stream->last[i].kind == SQL_TEXT)
                stream->last[i].text = arena_dup(stream->arena, stream->last[i].text);
    }
    return stream->each(row, stream->context, err);
}

/* In pieces, each from where the one before ended: the servers' clients hold a whole answer in memory. */
enum err_class list_stream(struct store *store, const struct list_query *query, list_each *each,
                           void *context, struct err *err)
{
    struct arena arenas[2];
    struct stream stream = {.each = each, .context = context};
    struct sql_value after[LIST_SORTS_MAX + LIST_KEY_MAX];
    struct walk walk;
    bool more = true, begun = false;
    arena_init(&arenas[0]);
    arena_init(&arenas[1]);
    enum err_class class_ = walk_begin(&walk, store, query, query->arena, err);
    for (int piece = 0; !class_ && more; piece ^= 1) {
        stream.arena = &arenas[piece];
        stream.left = query->piece;
        arena_reset(stream.arena);
        class_ = walk_rows(&walk, begun ? after : NULL, query->piece, 0, 0, row_stream, &stream,
                           err);
        more = stream.left <= 0;
        begun = true;
        memcpy(after, stream.last, sizeof(after));
    }
    class_ = walk_end(&walk, class_, err);
    arena_fini(&arenas[0]);
    arena_fini(&arenas[1]);
    return class_;
}

/* --- a row --- */

bool list_is_null(const struct list_row *row, size_t column)
{
    return row->values[column].kind == SQL_NULL;
}

int64_t list_int(const struct list_row *row, size_t column)
{
    return row->values[column].kind == SQL_INT ? row->values[column].number : 0;
}

struct str list_text(const struct list_row *row, size_t column)
{
    return row->values[column].kind == SQL_TEXT ? row->values[column].text : STR_NONE;
}

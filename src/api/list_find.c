/* Which rows a search can be in, by keys; the search itself is asked of them all the same. */
#include <string.h>

#include "api/list_sql.h"

enum { FOUND_BYTES_MAX = 4 * 1024 * 1024 };

struct finding {
    struct reader *snapshot;
    const struct list_query *query;
    struct str text, small;
    struct buf json; /* the pairs */
    int64_t len;     /* of them; more than query->found_max: many */
    struct buf ids;  /* SKUs or videos */
    int64_t ids_len;
    bool
        untimed; /* some were found by keys, or not all names were read: when the newest was placed is not known */
};

static bool are_many(const struct finding *finding)
{
    return finding->len > finding->query->found_max;
}

static enum err_class rows_find(struct finding *finding, const char *sql, struct str of,
                                struct err *err)
{
    const struct sql_value values[] = {sql_text(of), sql_int(finding->query->found_max + 1)};
    enum err_class class_ = snapshot_read(finding->snapshot, sql, values, 2, err);
    while (!class_ && !are_many(finding) && reader_next(finding->snapshot)) {
        buf_printf(&finding->json, "%s[%lld,", finding->len ? "," : "[",
                   (long long)reader_int(finding->snapshot, 0));
        json_write_string(&finding->json, reader_text(finding->snapshot, 1));
        buf_add(&finding->json, STR("]"));
        finding->len++;
    }
    return class_;
}

/* Platforms' numbers are that long. One that is found as a number is not looked for in names too: those are read all. */
static bool is_number(struct str text)
{
    bool digits = text.len >= 10;
    for (size_t i = 0; digits && i < text.len; i++)
        digits = text.ptr[i] >= '0' && text.ptr[i] <= '9';
    return digits;
}

static void id_add(struct finding *finding, struct str id)
{
    buf_add(&finding->ids, finding->ids_len++ ? STR(",") : STR("["));
    json_write_string(&finding->ids, id);
}

static enum err_class names_find(struct finding *finding, struct err *err)
{
    const struct sql_value values[] = {sql_text(finding->text), sql_text(finding->small),
                                       sql_int(finding->query->found_max + 1)};
    enum err_class class_ = snapshot_read(finding->snapshot, finding->query->list->finds->names,
                                          values, 3, err);
    int64_t names = 0;
    for (; !class_ && reader_next(finding->snapshot); names++)
        id_add(finding, reader_text(finding->snapshot, 0));
    if (names > finding->query->found_max) {
        finding->len = names;
        finding->untimed = true;
    }
    return class_;
}

/* Many are only counted: reading them, only to see that they are too many, would take longer than the page. */
static enum err_class ids_find(struct finding *finding, struct err *err)
{
    const struct list_finds *finds = finding->query->list->finds;
    const struct sql_value values[] = {sql_text(buf_str(&finding->ids)),
                                       sql_int(finding->query->found_max + 1)};
    enum err_class class_ = snapshot_read(finding->snapshot, finds->many, values, 2, err);
    if (class_ || !reader_next(finding->snapshot))
        return class_;
    if (finding->len + reader_int(finding->snapshot, 0) > finding->query->found_max) {
        finding->len = finding->query->found_max + 1;
        return ERR_OK;
    }
    return rows_find(finding, finds->rows, values[0].text, err);
}

static enum err_class all_find(struct finding *finding, struct err *err)
{
    const char *const *key = finding->query->list->finds->keys;
    enum err_class class_ = ERR_OK;
    for (; !class_ && *key && !are_many(finding); key++)
        class_ = rows_find(finding, *key, finding->text, err);
    finding->untimed = finding->len > 0;
    bool number = is_number(finding->text);
    id_add(finding, finding->text);
    if (!class_ && !are_many(finding) && !number)
        class_ = names_find(finding, err);
    buf_add_char(&finding->ids, ']');
    if (!class_ && !are_many(finding))
        class_ = ids_find(finding, err);
    if (class_ || !number || finding->len > 0)
        return class_;
    buf_reset(&finding->ids);
    finding->ids_len = 0;
    class_ = names_find(finding, err);
    buf_add(&finding->ids, finding->ids_len ? STR("]") : STR("[]"));
    return class_ || are_many(finding) ? class_ : ids_find(finding, err);
}

/* What has many orders may have none of late: the walk begins with the newest of them. Of many names some have. */
static enum err_class newest_find(const struct finding *finding, int64_t *out, struct err *err)
{
    const struct sql_value ids = sql_text(buf_str(&finding->ids));
    if (finding->untimed || finding->ids_len > LIST_NAMES_MAX)
        return ERR_OK;
    enum err_class class_ = snapshot_read(finding->snapshot, finding->query->list->finds->newest,
                                          &ids, 1, err);
    if (!class_ && reader_next(finding->snapshot))
        *out = reader_int(finding->snapshot, 0);
    return class_;
}

static bool newest_come_first(const struct list_query *query)
{
    const char *sql = query->list->columns[query->sort[0].column].sql;
    return query->list->day_ms && query->sort[0].down && strcmp(sql, query->list->day_ms) == 0;
}

enum err_class list_search_find(struct list_statement *statement, struct reader *snapshot,
                                const struct list_query *query, struct arena *arena,
                                struct err *err)
{
    const struct list_term *term = query->terms, *end = query->terms + query->terms_len;
    while (term < end && term->how != LIST_SEARCH)
        term++;
    if (!query->list->finds || term == end)
        return ERR_OK;
    struct finding finding = {.snapshot = snapshot,
                              .query = query,
                              .text = term->values[0].text,
                              .small = term->values[1].text};
    buf_init(&finding.json, FOUND_BYTES_MAX);
    buf_init(&finding.ids, FOUND_BYTES_MAX);
    enum err_class class_ = all_find(&finding, err);
    buf_add(&finding.json, finding.len ? STR("]") : STR("[]"));
    bool whole = !are_many(&finding) && !finding.json.failed && !finding.ids.failed;
    if (!class_ && whole) {
        statement->found = arena_dup(arena, buf_str(&finding.json));
        class_ = statement->found.ptr ? ERR_OK : err_no_memory(err);
    } else if (!class_ && !finding.ids.failed && newest_come_first(query)) {
        class_ = newest_find(&finding, &statement->newest_ms, err);
    }
    buf_fini(&finding.ids);
    buf_fini(&finding.json);
    return class_;
}

/* Which rows a search can be in, by keys; the search itself is asked of them all the same. */
#include <string.h>

#include "api/list_sql.h"

enum { FOUND_BYTES_MAX = 4 * 1024 * 1024 };

struct finding {
    struct reader *snapshot;
    const struct list_query *query;
    const struct list_term *term;
    struct buf json;
    int64_t len;
    bool timed; /* of all that found something it is known when the newest was placed */
};

/* Platforms' numbers are that long. One that is found as a number is not looked for in names too: those are read all. */
static bool is_number(struct str text)
{
    bool digits = text.len >= 10;
    for (size_t i = 0; digits && i < text.len; i++)
        digits = text.ptr[i] >= '0' && text.ptr[i] <= '9';
    return digits;
}

static bool is_asked(const struct finding *finding, const struct list_find *find)
{
    return !find->words || finding->len == 0 || !is_number(finding->term->values[0].text);
}

static enum err_class find_read(const struct finding *finding, const struct list_find *find,
                                const char *sql, struct err *err)
{
    const struct sql_value most = sql_int(finding->query->found_max + 1);
    const struct sql_value *texts = finding->term->values;
    const struct sql_value values[] = {texts[0], find->words ? texts[1] : most, most};
    return snapshot_read(finding->snapshot, sql, values, find->words ? 3 : 2, err);
}

/* Many are only counted: reading them, only to see that they are too many, would take longer than the page. */
static enum err_class rows_find(struct finding *finding, const struct list_find *find,
                                struct err *err)
{
    enum err_class class_ = find->many ? find_read(finding, find, find->many, err) : ERR_OK;
    if (!class_ && find->many && reader_next(finding->snapshot) &&
        finding->len + reader_int(finding->snapshot, 0) > finding->query->found_max) {
        finding->len = finding->query->found_max + 1;
        return ERR_OK;
    }
    int64_t before = finding->len;
    if (!class_)
        class_ = find_read(finding, find, find->sql, err);
    while (!class_ && finding->len <= finding->query->found_max && reader_next(finding->snapshot)) {
        buf_printf(&finding->json, "%s[%lld,", finding->len ? "," : "[",
                   (long long)reader_int(finding->snapshot, 0));
        json_write_string(&finding->json, reader_text(finding->snapshot, 1));
        buf_add(&finding->json, STR("]"));
        finding->len++;
    }
    finding->timed = finding->timed && (find->newest || finding->len == before);
    return class_;
}

/* What has many orders may have none of late: the walk begins with the newest of them. Of many names some have. */
static enum err_class newest_find(const struct finding *finding, int64_t *out, struct err *err)
{
    enum err_class class_ = ERR_OK;
    int64_t newest_ms = 0;
    *out = 0;
    for (const struct list_find *find = finding->query->list->finds; !class_ && find->sql; find++) {
        if (!find->newest)
            continue;
        class_ = snapshot_read(finding->snapshot, find->newest, finding->term->values,
                               find->words ? 2 : 1, err);
        if (class_ || !reader_next(finding->snapshot))
            continue;
        if (reader_int(finding->snapshot, 1) > LIST_NAMES_MAX)
            return ERR_OK;
        if (reader_int(finding->snapshot, 0) > newest_ms)
            newest_ms = reader_int(finding->snapshot, 0);
    }
    *out = newest_ms;
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
    const struct list_find *find = query->list->finds;
    enum err_class class_ = ERR_OK;
    while (term < end && term->how != LIST_SEARCH)
        term++;
    if (!find || term == end)
        return ERR_OK;
    struct finding finding = {.snapshot = snapshot, .query = query, .term = term, .timed = true};
    buf_init(&finding.json, FOUND_BYTES_MAX);
    for (; !class_ && find->sql && finding.len <= query->found_max; find++)
        if (is_asked(&finding, find))
            class_ = rows_find(&finding, find, err);
    buf_add(&finding.json, finding.len ? STR("]") : STR("[]"));
    if (!class_ && finding.len <= query->found_max && !finding.json.failed) {
        statement->found = arena_dup(arena, buf_str(&finding.json));
        class_ = statement->found.ptr ? ERR_OK : err_no_memory(err);
    } else if (!class_ && finding.timed && newest_come_first(query)) {
        class_ = newest_find(&finding, &statement->newest_ms, err);
    }
    buf_fini(&finding.json);
    return class_;
}

#include "api/rank.h"

#include <stdlib.h>
#include <string.h>

#include "api/cursor.h"
#include "api/host.h"
#include "api/list_sql.h"

/* --- asking --- */

/* sort, limit, page and cursor of a call. */
static enum err_class rank_ask(struct call *call, struct rank_query *query, const char *standard,
                               struct err *err)
{
    const struct metric_family *family = sums_family(call, query->sums.table);
    struct str sort = call_given(call, "sort") ? call_text(call, "sort") : str_of(standard);
    const struct arg *page = call_arg(call, "page"), *cursor = call_arg(call, "cursor");
    query->down = str_starts(sort, STR("-"));
    query->metric = metric_find(family, str_sub(sort, query->down ? 1 : 0, sort.len));
    if (query->metric == SIZE_MAX)
        return call_refuse(call, "sort", "sort_unknown", err,
                           "sort is one metric of /api/v1/metrics, `-` before it: downwards");
    if (page->given && cursor->given)
        return call_refuse(call, "page", "page_and_cursor", err,
                           "either a page's number or a cursor, not both");
    query->limit = call_int(call, "limit");
    query->page = page->given ? page->number : 0;
    query->cursor = cursor->text;
    if (query->page * query->limit > RANK_ROWS_MAX)
        return call_refuse(call, "page", "page_deep", err,
                           "pages reach %d rows here; go on with `cursor`", RANK_ROWS_MAX);
    return list_secret(call, &query->secret, err);
}

/* --- the order --- */

struct ranking {
    const struct rank_query *query;
    const struct metric_family *family;
    struct rank_row **rows; /* sorted; room for one more than is kept */
    size_t len, room;
    struct rank_row *spare, after;
    bool from_after;
    bool sorted; /* by the database, which has left out all but the page */
    int64_t total;
};

static int by_number(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int row_compare(const struct ranking *ranking, const struct rank_row *a,
                       const struct rank_row *b)
{
    const struct figure *left = &a->figures[ranking->query->metric];
    const struct figure *right = &b->figures[ranking->query->metric];
    if (left->known != right->known)
        return left->known ? -1 : 1;
    int order = left->known ? by_number(left->number, right->number) : 0;
    for (size_t i = 0; !order && i < SUMS_DIMS_MAX; i++) {
        order = by_number(a->numbers[i], b->numbers[i]);
        order = order ? order : strcmp(a->dims[i], b->dims[i]);
    }
    order = order ? order : strcmp(a->currency, b->currency);
    return ranking->query->down ? -order : order;
}

/* Where the row belongs among those kept. */
static size_t row_place(const struct ranking *ranking, const struct rank_row *row)
{
    size_t from = 0, to = ranking->len;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (row_compare(ranking, ranking->rows[middle], row) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static void row_keep(struct ranking *ranking)
{
    struct rank_row *row = ranking->spare;
    size_t at = row_place(ranking, row);
    ranking->spare = NULL;
    if (ranking->len == ranking->room) {
        ranking->len--;
        ranking->spare = ranking->rows[ranking->len];
    }
    memmove(&ranking->rows[at + 1], &ranking->rows[at],
            (ranking->len - at) * sizeof(*ranking->rows));
    ranking->rows[at] = row;
    ranking->len++;
}

static void text_copy(char *out, size_t out_bytes, struct str text)
{
    size_t len = text.len < out_bytes ? text.len : out_bytes - 1;
    if (len)
        memcpy(out, text.ptr, len);
    out[len] = '\0';
}

struct rank_reading {
    struct ranking ranking;
    struct call *call;
    struct reader *snapshot;
};

static enum err_class row_rank(const struct sums_row *from, void *context, struct err *err)
{
    struct rank_reading *reading = context;
    struct ranking *ranking = &reading->ranking;
    if (!ranking->spare)
        ranking->spare = arena_alloc(reading->call->arena, sizeof(*ranking->spare));
    struct rank_row *row = ranking->spare;
    if (!row)
        return err_no_memory(err);
    for (size_t i = 0; i < SUMS_DIMS_MAX; i++) {
        text_copy(row->dims[i], sizeof(row->dims[i]), from->dims[i]);
        row->numbers[i] = from->numbers[i];
    }
    text_copy(row->currency, sizeof(row->currency), from->currency);
    row->any_shop = from->any_shop;
    size_t metric = ranking->query->metric;
    row->sums = from->sums;
    enum err_class class_ = ranking->query->beside
                                ? ranking->query->beside(from, &row->sums,
                                                         ranking->query->beside_context, err)
                                : ERR_OK;
    if (!class_)
        class_ = sums_figure(ranking->family, &row->sums, str_of(row->currency), metric,
                             &row->figures[metric], err);
    if (class_)
        return class_;
    ranking->total = ranking->sorted ? from->groups : ranking->total + 1;
    if (ranking->from_after && row_compare(ranking, row, &ranking->after) <= 0)
        return ERR_OK;
    if (ranking->len < ranking->room ||
        row_compare(ranking, row, ranking->rows[ranking->len - 1]) < 0)
        row_keep(ranking);
    return ERR_OK;
}

/* Of the rows that are shown; the order needed one figure of each. */
static enum err_class rows_work_out(const struct ranking *ranking, const struct rank_page *page,
                                    struct err *err)
{
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; !class_ && i < page->rows_len; i++)
        class_ = sums_figures(ranking->family, &page->rows[i]->sums,
                              str_of(page->rows[i]->currency), page->rows[i]->figures, err);
    return class_;
}

/* --- cursors --- */

enum { RANK_VALUES = 1 + 2 * SUMS_DIMS_MAX + 1 };

static enum err_class tie_make(const struct rank_query *query, struct arena *arena, struct str *out,
                               struct err *err)
{
    struct buf text;
    const struct period *period = query->sums.period;
    buf_init(&text, 64 * 1024);
    buf_printf(&text, "%s|%s|%zu%c", query->name, query->sums.kind, query->metric,
               query->down ? '-' : '+');
    for (size_t i = 0; i < SUMS_DIMS_MAX && query->sums.dims[i]; i++)
        buf_printf(&text, "|%s", query->sums.dims[i]);
    for (size_t i = 0; i < period->parts_len; i++)
        buf_printf(&text, "|%s-%s", period->parts[i].from, period->parts[i].to);
    for (size_t i = 0; i < SUMS_WHERE_MAX && query->sums.where[i].column; i++)
        buf_printf(&text, "|%s=%lld:%.*s", query->sums.where[i].column,
                   (long long)query->sums.where[i].value.number,
                   STR_ARG(query->sums.where[i].value.text));
    *out = text.failed ? STR_NONE : arena_dup(arena, buf_str(&text));
    buf_fini(&text);
    return out->ptr ? ERR_OK : err_no_memory(err);
}

static enum err_class next_make(struct call *call, const struct rank_query *query, struct str tie,
                                const struct rank_row *last, struct str *out, struct err *err)
{
    struct sql_value values[RANK_VALUES];
    const struct figure *figure = &last->figures[query->metric];
    size_t len = 0;
    values[len++] = sql_int_or_null(figure->number, figure->known);
    for (size_t i = 0; i < SUMS_DIMS_MAX; i++) {
        values[len++] = sql_int(last->numbers[i]);
        values[len++] = sql_text(str_of(last->dims[i]));
    }
    values[len++] = sql_text(str_of(last->currency));
    return cursor_write(query->secret, tie, values, len, call->arena, out, err);
}

static enum err_class after_read(struct call *call, const struct rank_query *query, struct str tie,
                                 struct rank_row *after, struct err *err)
{
    struct sql_value values[RANK_VALUES];
    enum err_class class_ = cursor_read(query->secret, tie, query->cursor, values, RANK_VALUES,
                                        call->arena, err);
    if (class_) {
        call->parameter = "cursor";
        return class_;
    }
    after->figures[query->metric] = (struct figure){values[0].kind != SQL_NULL, values[0].number};
    for (size_t i = 0; i < SUMS_DIMS_MAX; i++) {
        after->numbers[i] = values[1 + 2 * i].number;
        text_copy(after->dims[i], sizeof(after->dims[i]), values[2 + 2 * i].text);
    }
    text_copy(after->currency, sizeof(after->currency), values[RANK_VALUES - 1].text);
    return ERR_OK;
}

/* The groups of a page, one more than it shows. Nothing at all comes from beyond the last page, the total neither: then all
 * are read. */
static enum err_class groups_read(struct rank_reading *reading, size_t skip, struct err *err)
{
    struct ranking *ranking = &reading->ranking;
    struct sums_query sums = ranking->query->sums;
    bool needs[METRICS_MAX];
    enum err_class class_ = ERR_OK;
    sums_needs(ranking->family, ranking->query->metric, needs);
    sums.only = sums_of_members(&sums) ? needs : NULL;
    ranking->sorted = !ranking->from_after && !ranking->query->beside &&
                      sums_best_can(reading->call, &sums, ranking->query->metric);
    if (ranking->sorted) {
        sums.best.metric = ranking->query->metric;
        sums.best.down = ranking->query->down;
        sums.best.limit = ranking->query->limit + 1;
        sums.best.offset = (int64_t)skip;
        class_ = sums_read_in(reading->call, reading->snapshot, &sums, row_rank, reading, err);
    }
    if (class_ || (ranking->sorted && (ranking->len > 0 || skip == 0)))
        return class_;
    ranking->sorted = false;
    sums.best.limit = 0;
    sums.unordered = true;
    return sums_read_in(reading->call, reading->snapshot, &sums, row_rank, reading, err);
}

/* --- the page --- */

struct page_filling {
    struct rank_page *page;
    bool *filled;
};

static bool row_is_of(const struct rank_row *row, const struct sums_row *from)
{
    bool same = str_eq(str_of(row->currency), from->currency);
    for (size_t i = 0; same && i < SUMS_DIMS_MAX; i++)
        same = row->numbers[i] == from->numbers[i] && str_eq(str_of(row->dims[i]), from->dims[i]);
    return same;
}

static enum err_class row_fill(const struct sums_row *from, void *context, struct err *err)
{
    struct page_filling *filling = context;
    (void)err;
    for (size_t i = 0; i < filling->page->rows_len; i++) {
        struct rank_row *row = filling->page->rows[i];
        if (filling->filled[i] || !row_is_of(row, from))
            continue;
        row->sums = from->sums;
        row->any_shop = from->any_shop;
        filling->filled[i] = true;
        break;
    }
    return ERR_OK;
}

/* The order needed what one metric is made of; everything else is added up of the members that are shown. */
static enum err_class page_fill(struct rank_reading *reading, struct rank_page *page,
                                struct err *err)
{
    struct sums_query sums = reading->ranking.query->sums;
    struct arena *arena = reading->call->arena;
    struct str *members = arena_array(arena, page->rows_len + 1, sizeof(*members));
    struct page_filling filling = {page,
                                   arena_array(arena, page->rows_len + 1, sizeof(*filling.filled))};
    if (!sums_of_members(&sums) || page->rows_len == 0)
        return ERR_OK;
    if (!members || !filling.filled)
        return err_no_memory(err);
    for (size_t i = 0; i < page->rows_len; i++)
        members[i] = str_of(page->rows[i]->dims[0]);
    sums.members = members;
    sums.members_len = page->rows_len;
    return sums_read_in(reading->call, reading->snapshot, &sums, row_fill, &filling, err);
}

/* The rows of the page, all of one commit. */
static enum err_class page_read(struct rank_reading *reading, size_t skip, struct rank_page *out,
                                bool *more, struct err *err)
{
    struct ranking *ranking = &reading->ranking;
    size_t limit = (size_t)ranking->query->limit;
    enum err_class class_ = store_snapshot(reading->call->host->store, &reading->snapshot, err);
    if (class_)
        return class_;
    class_ = groups_read(reading, skip, err);
    skip = ranking->sorted ? 0 : skip;
    out->total = ranking->total;
    out->rows = ranking->rows + (skip < ranking->len ? skip : ranking->len);
    out->rows_len = ranking->len > skip ? ranking->len - skip : 0;
    *more = out->rows_len > limit;
    out->rows_len = *more ? limit : out->rows_len;
    if (!class_)
        class_ = page_fill(reading, out, err);
    enum err_class closed = reader_close(reading->snapshot, class_ ? NULL : err);
    return class_ ? class_ : closed;
}

enum err_class rank_read(struct call *call, const struct rank_query *query, struct rank_page *out,
                         struct err *err)
{
    size_t skip = query->page ? (size_t)((query->page - 1) * query->limit) : 0;
    struct rank_reading *reading = arena_alloc(call->arena, sizeof(*reading));
    struct str tie;
    bool more = false;
    *out = (struct rank_page){.rows = NULL};
    if (!reading)
        return err_no_memory(err);
    *reading = (struct rank_reading){.call = call,
                                     .ranking = {.query = query,
                                                 .family = sums_family(call, query->sums.table),
                                                 .room = skip + (size_t)query->limit + 1}};
    struct ranking *ranking = &reading->ranking;
    ranking->rows = arena_array(call->arena, ranking->room + 1, sizeof(*ranking->rows));
    enum err_class class_ = ranking->rows ? tie_make(query, call->arena, &tie, err)
                                          : err_no_memory(err);
    ranking->from_after = query->cursor.len > 0;
    if (!class_ && ranking->from_after)
        class_ = after_read(call, query, tie, &ranking->after, err);
    if (!class_)
        class_ = page_read(reading, skip, out, &more, err);
    if (!class_)
        class_ = rows_work_out(ranking, out, err);
    if (class_ || !more)
        return class_;
    return next_make(call, query, tie, out->rows[out->rows_len - 1], &out->next, err);
}

enum err_class rank_of_call(struct call *call, struct rank_query *query, const char *standard,
                            struct rank_page *out, struct err *err)
{
    enum err_class class_ = rank_ask(call, query, standard, err);
    return class_ ? class_ : rank_read(call, query, out, err);
}

void rank_end_write(struct out *out, const struct rank_page *page)
{
    out_text_or_null(out, "next", page->next);
    out_int(out, "total", page->total);
}

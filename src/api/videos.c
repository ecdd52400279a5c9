/* Videos: what the orders of each came to together. A video's figures are the sum of the latest of each of its orders, in
 * the shops that were asked for. */
#include <string.h>

#include "api/host.h"
#include "api/sales.h"
#include "api/sql.h"
#include "api/tables.h"

enum { TITLES_BYTES_MAX = 1024 * 1024 };
enum { VIDEO_SHOPS_MAX = 1000 }; /* more than that: without their numbers, which is slower */
static const char *const split_words[] = {"shop", NULL};

static const struct param list_params[] = {
    LIST_PARAMS,
    PERIOD_PARAMS,
    {"shop", PARAM_QUERY, PARAM_TEXT, .many = true, .help = "Numbers or names of shops"},
    {"basis", PARAM_QUERY, PARAM_WORD, .words = basis_words, .standard = "created",
     .help =
         "created: latest figures of orders placed in the period; spent: what was counted in it"},
    {"split", PARAM_QUERY, PARAM_WORD, .words = split_words,
     .help = "shop: a row for each shop of a video"},
    {0},
};
static const struct param one_params[] = {
    {"item_id", PARAM_PATH, PARAM_ID, .required = true,
     .help = "The platform's number of the video"},
    PERIOD_PARAMS,
    {"shop", PARAM_QUERY, PARAM_TEXT, .many = true, .help = "Numbers or names of shops"},
    {"basis", PARAM_QUERY, PARAM_WORD, .words = basis_words, .standard = "created",
     .help =
         "created: latest figures of orders placed in the period; spent: what was counted in it"},
    {0},
};

/* --- what a video is called --- */

struct title {
    struct str item_id, title, author_name, cover; /* NULL: not told */
    int64_t newest_ms;
};
struct titles {
    struct title *list;
    size_t len;
};

static struct str text_keep(const struct reader *reader, int column, struct arena *arena)
{
    return reader_is_null(reader, column) ? STR_NONE
                                          : arena_dup(arena, reader_text(reader, column));
}

/* As the newest order of each in the shops of the scope shows it. */
static enum err_class titles_read(struct call *call, const struct shop_scope *shops,
                                  const struct str *items, size_t items_len, struct titles *out,
                                  struct err *err)
{
    struct buf text;
    struct reader *reader;
    buf_init(&text, TITLES_BYTES_MAX);
    json_write_strings(&text, items, items_len);
    struct str listed = text.failed ? STR_NONE : arena_dup(call->arena, buf_str(&text));
    buf_fini(&text);
    *out = (struct titles){.list = arena_array(call->arena, items_len + 1, sizeof(*out->list))};
    if (!listed.ptr || !out->list)
        return err_no_memory(err);
    const struct sql_value value = sql_text(listed);
    enum err_class class_ = store_read(call->host->store, SQL_VIDEO_TITLES, &value, 1, &reader,
                                       err);
    if (class_)
        return class_;
    while (out->len < items_len && reader_next(reader)) {
        struct title *last = out->len ? &out->list[out->len - 1] : NULL;
        if (!scope_sees(shops, reader_int(reader, 1)) ||
            (last && str_eq(last->item_id, reader_text(reader, 0))))
            continue;
        out->list[out->len++] = (struct title){.item_id = text_keep(reader, 0, call->arena),
                                               .title = text_keep(reader, 2, call->arena),
                                               .author_name = text_keep(reader, 3, call->arena),
                                               .cover = text_keep(reader, 4, call->arena),
                                               .newest_ms = reader_int(reader, 5)};
    }
    return reader_close(reader, err);
}

/* Whether a shop of the scope has it. */
static bool title_write(struct out *out, const struct titles *titles, struct str item_id)
{
    for (size_t i = 0; i < titles->len; i++) {
        const struct title *title = &titles->list[i];
        if (!str_eq(title->item_id, item_id))
            continue;
        out_text_or_null(out, "title", title->title);
        out_text_or_null(out, "author_name", title->author_name);
        out_text_or_null(out, "cover", title->cover);
        out_time(out, "newest_order_at", title->newest_ms);
        return true;
    }
    return false;
}

static void row_figures_write(struct out *out, struct call *call, const struct rank_row *row)
{
    out_text(out, "currency", str_of(row->currency));
    figures_write(out, sums_family(call, &sums_of_ads), row->figures, str_of(row->currency));
    out_int(out, "told", row->sums.extras[0]);
    out_int(out, "provisional", row->sums.extras[1]);
}

static enum err_class videos_write(struct call *call, struct out *out, const struct rank_page *page,
                                   const struct shop_scope *shops, bool split, struct err *err)
{
    struct titles titles;
    struct str *items = arena_array(call->arena, page->rows_len + 1, sizeof(*items));
    if (!items)
        return err_no_memory(err);
    for (size_t i = 0; i < page->rows_len; i++)
        items[i] = str_of(page->rows[i]->dims[0]);
    enum err_class class_ = titles_read(call, shops, items, page->rows_len, &titles, err);
    if (class_)
        return class_;
    out_list(out, "items");
    for (size_t i = 0; i < page->rows_len; i++) {
        const struct rank_row *row = page->rows[i];
        out_object(out, NULL);
        out_text(out, "item_id", items[i]);
        if (split)
            shop_write(call, out, row->numbers[1]);
        title_write(out, &titles, items[i]);
        row_figures_write(out, call, row);
        out_end_object(out);
    }
    out_end_list(out);
    return ERR_OK;
}

static enum err_class videos_list(struct call *call, struct err *err)
{
    struct shop_scope shops;
    struct period period;
    struct rank_page page;
    struct out out;
    bool split = call_given(call, "split");
    struct rank_query query = {
        .name = "videos",
        .sums = {.table = &sums_of_ads, .dims = {"item_id", split ? "shop_id" : NULL}},
    };
    query.sums.period = &period;
    query.sums.named = true;
    query.sums.kind = basis_words[call_int(call, "basis")];
    enum err_class class_ = period_of_call(call, &shops, &period, err);
    if (!class_)
        class_ = rank_of_call(call, &query, "-cost", &page, err);
    if (class_)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_text(&out, "basis", str_of(query.sums.kind));
    period_write(&out, &period);
    class_ = videos_write(call, &out, &page, &shops, split, err);
    rank_end_write(&out, &page);
    if (!class_)
        class_ = scope_end_write(call, &out, &shops, err);
    out_end_object(&out);
    return class_;
}

/* --- one video --- */

struct video_writing {
    struct call *call;
    struct out *out;
};

static enum err_class shop_row_write(const struct sums_row *row, void *context, struct err *err)
{
    struct video_writing *writing = context;
    out_object(writing->out, NULL);
    shop_write(writing->call, writing->out, row->numbers[0]);
    enum err_class class_ = total_one_write(writing->call, writing->out, &sums_of_ads, &row->sums,
                                            row->currency, err);
    out_end_object(writing->out);
    return class_;
}

/* By shop, and together: read once more, because a video of two shops is one video. */
static enum err_class video_sums_write(struct call *call, struct out *out,
                                       const struct sums_query *of_shops, struct err *err)
{
    struct video_writing writing = {call, out};
    struct sums_query query = *of_shops;
    struct sums_total *total = arena_alloc(call->arena, sizeof(*total));
    if (!total)
        return err_no_memory(err);
    out_list(out, "shops");
    enum err_class class_ = sums_read(call, &query, shop_row_write, &writing, err);
    out_end_list(out);
    query.dims[0] = NULL;
    if (!class_)
        class_ = sums_total_read(call, &query, total, err);
    return class_ ? class_ : total_write(call, out, "totals", &sums_of_ads, total, err);
}

static enum err_class video_head_write(struct call *call, struct out *out,
                                       const struct shop_scope *shops, struct err *err)
{
    struct titles titles;
    struct str item_id = arena_dup(call->arena, call_text(call, "item_id"));
    enum err_class class_ = titles_read(call, shops, &item_id, 1, &titles, err);
    if (class_)
        return class_;
    out_text(out, "item_id", item_id);
    return title_write(out, &titles, item_id) ? ERR_OK : call_absent(err, "video", item_id);
}

/* A video is found by its shop: where all are seen, by the numbers of all. */
static enum err_class shops_by_number(struct call *call, struct shop_scope *shops, struct err *err)
{
    const struct api_host *host = call->host;
    int64_t *ids = arena_array(call->arena, host->shops_len + 1, sizeof(*ids));
    if (!ids)
        return err_no_memory(err);
    for (size_t i = 0; i < host->shops_len; i++)
        ids[i] = host->shops[i].id;
    if (shops->all && host->shops_len <= VIDEO_SHOPS_MAX)
        *shops = (struct shop_scope){.ids = ids, .len = host->shops_len};
    return ERR_OK;
}

static enum err_class video_one(struct call *call, struct err *err)
{
    struct shop_scope shops;
    struct period period;
    struct out out;
    struct sums_query query = {.table = &sums_of_ads,
                               .kind = basis_words[call_int(call, "basis")],
                               .dims = {"shop_id"},
                               .period = &period,
                               .where = {{"item_id", sql_text(call_text(call, "item_id"))}}};
    enum err_class class_ = call_shops(call, &shops, err);
    if (!class_)
        class_ = shops_by_number(call, &shops, err);
    if (!class_)
        class_ = period_ask(call, &shops, &period, err);
    if (class_)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    class_ = video_head_write(call, &out, &shops, err);
    if (class_)
        return class_;
    out_text(&out, "basis", str_of(query.kind));
    period_write(&out, &period);
    class_ = video_sums_write(call, &out, &query, err);
    if (!class_)
        class_ = scope_end_write(call, &out, &shops, err);
    out_end_object(&out);
    return class_;
}

const struct route video_routes[] = {
    {ROUTE_GET, "/api/v1/videos", "videos", RIGHT_READ, list_params, videos_list,
     .summary = "Videos by what their orders came to", .answer = "Videos"},
    {ROUTE_GET, "/api/v1/videos/{item_id}", "video", RIGHT_READ, one_params, video_one,
     .summary = "One video: what its orders came to, together and by shop", .answer = "Video"},
    {0},
};

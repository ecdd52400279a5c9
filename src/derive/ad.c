/* Results of ad orders: what the platform last said of an order and of its figures, as one row. */
#include "derive/ad.h"

#include "derive/sql.h"

/* What decides about a row beside what is read as it is. */
struct ad_order {
    int64_t first_seen_ms;
    bool over; /* its status is one that orders keep */
    bool told, planned;
    /* Since when its status is final, behind all others; 0: it is not. */
    int64_t open_ms, over_ms;
};

struct ad_reading {
    const struct derive_work *work;
    struct results *results;
    struct ad_order *orders; /* beside results->rows */
};

static const struct {
    const char *column;
    enum column_type type;
} read_columns[] = {
#define READ_COLUMN(column, from, type) {column, type},
    AD_READ(READ_COLUMN)
#undef READ_COLUMN
};
enum {
    READ_LEN = sizeof(read_columns) / sizeof(read_columns[0]),
    /* Behind the id and them: AD_READ_MORE. */
    AT_CREATED = 1 + READ_LEN,
    AT_FIRST_SEEN,
    AT_CURRENCY,
    AT_FIGURES_CURRENCY,
    AT_FIGURES,
    AT_PLAN,
    AT_NEXT,
    AT_DAYS_NEXT,
};

static bool status_is_final(const struct derive_work *work, struct str status)
{
    for (size_t i = 0; i < work->shop->final_statuses_len; i++)
        if (str_eq(status, work->shop->final_statuses[i]))
            return true;
    return false;
}

/* Amounts of two currencies in one row would be added up: then the figures' counts, and the budget is unknown. */
static enum err_class currency_set(const struct ad_reading *r, const struct reader *from,
                                   struct result_row *row, struct err *err)
{
    struct sql_value order, figures;
    enum err_class class_ = value_read(from, AT_CURRENCY, COLUMN_TEXT, r->work->arena, &order, err);
    if (!class_)
        class_ = value_read(from, AT_FIGURES_CURRENCY, COLUMN_TEXT, r->work->arena, &figures, err);
    if (class_)
        return class_;
    bool both = order.text.len > 0 && figures.text.len > 0;
    if (both && !str_eq(order.text, figures.text))
        result_set(r->results, row, "budget", sql_null());
    struct str currency = figures.text.len > 0 ? figures.text : order.text;
    result_set(r->results, row, "currency", sql_text(currency.ptr ? currency : STR("")));
    return ERR_OK;
}

static enum err_class order_take(struct reader *from, void *context, struct err *err)
{
    const struct ad_reading *r = context;
    struct result_row *row = results_find(r->results, reader_text(from, 0));
    if (!row)
        return ERR_OK;
    struct ad_order *order = &r->orders[row - r->results->rows];
    enum err_class class_ = result_make(r->work, r->results, row, err);
    for (size_t i = 0; !class_ && i < READ_LEN; i++) {
        struct sql_value value;
        class_ = value_read(from, (int)i + 1, read_columns[i].type, r->work->arena, &value, err);
        if (!class_)
            result_set(r->results, row, read_columns[i].column, value);
    }
    if (!class_)
        class_ = currency_set(r, from, row, err);
    if (class_)
        return class_;
    order->first_seen_ms = reader_int(from, AT_FIRST_SEEN);
    order->over = status_is_final(r->work, result_get(r->results, row->values, "status").text);
    bool dated = !reader_is_null(from, AT_CREATED);
    int64_t created_ms = dated ? reader_int(from, AT_CREATED) : order->first_seen_ms;
    struct str day = work_day(r->work, created_ms);
    bool final = !reader_is_null(from, AT_PLAN) && reader_is_null(from, AT_NEXT) &&
                 reader_is_null(from, AT_DAYS_NEXT);
    result_set(r->results, row, "created_ms", sql_int(created_ms));
    result_set(r->results, row, "day", sql_text(day));
    result_set(r->results, row, "told", sql_int(!reader_is_null(from, AT_FIGURES)));
    result_set(r->results, row, "final", sql_int(final));
    result_metrics(r->work, r->results, row, STR("ad"));
    return day.ptr ? ERR_OK : err_no_memory(err);
}

/* They come in order of time. */
static enum err_class status_take(struct reader *from, void *context, struct err *err)
{
    (void)err;
    const struct ad_reading *r = context;
    const struct result_row *row = results_find(r->results, reader_text(from, 0));
    if (!row)
        return ERR_OK;
    struct ad_order *order = &r->orders[row - r->results->rows];
    int64_t at_ms = reader_int(from, 1);
    if (!status_is_final(r->work, reader_text(from, 2))) {
        order->open_ms = at_ms;
        order->over_ms = 0;
    } else if (order->over_ms == 0 && at_ms > order->open_ms) {
        order->over_ms = at_ms;
    }
    return ERR_OK;
}

static enum err_class titles_find(const struct derive_work *work, struct results *results,
                                  struct err *err)
{
    struct names names;
    enum err_class class_ = ERR_OK;
    names_init(&names, work);
    for (size_t i = 0; !class_ && i < results->len; i++) {
        const struct result_row *row = &results->rows[i];
        if (row->values)
            class_ = names_add(&names,
                               (struct order_name){
                                   .kind = "item",
                                   .id = result_get(results, row->values, "item_id").text,
                                   .name = result_get(results, row->values, "title").text,
                                   .order_id = row->id,
                               },
                               err);
    }
    return names_end(&names, class_, results, err);
}

enum err_class ad_results_make(const struct derive_work *work, const struct str *ids,
                               size_t ids_len, struct results *out, struct err *err)
{
    enum err_class class_ = results_read(work, STR("ad_result"), ids, ids_len, out, err);
    if (class_)
        return class_;
    struct ad_reading r = {work, out, arena_array(work->arena, out->len + 1, sizeof(*r.orders))};
    struct str *unique = arena_array(work->arena, out->len + 1, sizeof(*unique));
    if (!r.orders || !unique)
        return err_no_memory(err);
    for (size_t i = 0; i < out->len; i++)
        unique[i] = out->rows[i].id;
    const struct sql_value values[] = {sql_int(work->shop_id),
                                       ids_json(unique, out->len, work->arena),
                                       sql_text(work->shop->figures_stream)};
    if (!values[1].text.ptr)
        return err_no_memory(err);
    class_ = work_query(work, SQL_AD_ORDERS, values, 3, order_take, &r, err);
    if (!class_)
        class_ = work_query(work, SQL_AD_STATUSES, values, 2, status_take, &r, err);
    for (size_t i = 0; !class_ && i < out->len; i++) {
        const struct ad_order *order = &r.orders[i];
        bool ended = order->over && order->over_ms > order->first_seen_ms;
        if (out->rows[i].values)
            result_set(out, &out->rows[i], "ended_ms", sql_int_or_null(order->over_ms, ended));
    }
    return class_ ? class_ : titles_find(work, out, err);
}

/* --- the maker --- */

/* Of figures of a day that changed: the day. */
enum { OF_ORDER, OF_FIGURE_DAY, OF_DAY, OF_VIDEO };
static const char *const tables[] = {
    [OF_ORDER] = "ad_order",
    [OF_FIGURE_DAY] = "ad_figure_day",
    [OF_DAY] = "ad_day",
    [OF_VIDEO] = "ad_video",
    NULL,
};

/* What is asked for by itself, and the days of spending that changed. */
static enum err_class touched_sort(const struct touched_row *rows, size_t rows_len,
                                   struct ad_sums *sums, struct ad_sums *changed, struct err *err)
{
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; !class_ && i < rows_len; i++) {
        bool created = str_eq(rows[i].rest, STR("created"));
        if (rows[i].table == OF_FIGURE_DAY)
            class_ = cells_add(&changed->spent_days, rows[i].id, STR(""), err);
        else if (rows[i].table == OF_DAY)
            class_ = cells_add(created ? &sums->created_days : &sums->spent_days, rows[i].id,
                               STR(""), err);
        else if (rows[i].table == OF_VIDEO)
            class_ = cells_add(&sums->videos, rows[i].id, STR(""), err);
    }
    return class_;
}

static enum err_class ad_make(const struct derive_work *work, const struct touched_row *rows,
                              size_t rows_len, const struct results *results, struct err *err)
{
    struct ad_sums sums, changed;
    ad_sums_init(&sums);
    ad_sums_init(&changed);
    enum err_class class_ = touched_sort(rows, rows_len, &sums, &changed, err);
    if (!class_)
        class_ = results_write(work, results, err);
    if (!class_)
        class_ = names_write(work, results, err);
    for (size_t i = 0; !class_ && i < results->len; i++)
        if (results->rows[i].changed)
            class_ = ad_sums_of(&changed, results, &results->rows[i], err);
    if (!class_ && FAIL_POINT("derive.results"))
        class_ = err_set(err, ERR_STORE, "store_io", "fail point derive.results");
    if (!class_)
        class_ = ad_sums_write(work, &sums, &changed, err);
    ad_sums_fini(&sums);
    ad_sums_fini(&changed);
    return class_;
}

/* Results and sums that nothing stands behind any more are looked at as well: they go. */
static const struct rebuild_walk walks[] = {
    {"ad_order", SQL_AD_WALK_ORDERS, WALK_MS, ""},
    {"ad_order", SQL_AD_WALK_RESULTS, WALK_DAYS, ""},
    {"ad_day", SQL_AD_WALK_TOLD, WALK_DAYS, AD_BY_SPENT},
    {"ad_day", SQL_AD_WALK_SPENT, WALK_DAYS, AD_BY_SPENT},
    {"ad_day", SQL_AD_WALK_CREATED, WALK_DAYS, AD_BY_CREATED},
    {"ad_day", SQL_AD_WALK_SHOP_SPENT, WALK_DAYS, AD_BY_SPENT},
    {"ad_day", SQL_AD_WALK_SHOP_CREATED, WALK_DAYS, AD_BY_CREATED},
    {"ad_video", SQL_AD_WALK_VIDEOS, WALK_ALL, ""},
};

const struct maker ad_maker = {
    .name = "ad",
    .tables = tables,
    .ranges_from = OF_DAY,
    .sums_from = OF_DAY,
    .results = ad_results_make,
    .make = ad_make,
    .walks = walks,
    .walks_len = sizeof(walks) / sizeof(walks[0]),
    .audit = ad_audit,
};

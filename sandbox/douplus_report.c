/* The report of DOU+: totals over the asked days, a row per order and ad. */
#include <inttypes.h>
#include <stdlib.h>

#include "sandbox/douplus.h"

enum {
    DAY_S = 86400,
    BEIJING_S = 8 * 3600,
    RANGE_DAYS_MAX = 180,
    IDS_MAX = 100,
    OMIT_INTERVAL_S = 300,
};

struct report {
    struct call *call;
    uint32_t from_s, to_s, now_s; /* of the asked days: [from_s, to_s) */
    uint64_t orders[IDS_MAX], tasks[IDS_MAX], items[IDS_MAX];
    size_t orders_len, tasks_len, items_len;
    bool by_order, by_task, by_item;
    uint32_t created_from_s, created_to_s; /* both inclusive */
};

bool douplus_day_read(struct str text, uint32_t *day)
{
    int64_t utc_ms;
    bool date_only;
    if (time_parse_any(text, zone_utc(), &utc_ms, &date_only, NULL) != ERR_OK || !date_only ||
        utc_ms < DAY_S * INT64_C(1000) || utc_ms / 1000 > UINT32_MAX - 2 * DAY_S)
        return false;
    *day = (uint32_t)(utc_ms / 1000 / DAY_S);
    return true;
}

uint32_t douplus_day_start_s(uint32_t day)
{
    return day * DAY_S - BEIJING_S;
}

static const char *range_read(struct report *report)
{
    struct asked_range range = {0};
    struct json_doc *doc;
    if (json_parse(http_query(report->call->request, STR("stat_time")), &doc, NULL) != ERR_OK)
        return "stat_time must be JSON with begin_time and end_time";
    bool good =
        douplus_day_read(json_text(json_get(json_root(doc), STR("begin_time"))), &range.from_day) &&
        douplus_day_read(json_text(json_get(json_root(doc), STR("end_time"))), &range.to_day);
    json_free(doc);
    if (!good)
        return "stat_time.begin_time and stat_time.end_time must be dates such as 2026-01-28";
    if (range.to_day < range.from_day)
        return "stat_time.end_time lies before stat_time.begin_time";
    if (range.to_day - range.from_day >= RANGE_DAYS_MAX)
        return "stat_time must span at most 180 days";
    report->from_s = douplus_day_start_s(range.from_day);
    report->to_s = douplus_day_start_s(range.to_day + 1);
    report->call->asked = range;
    return NULL;
}

static const char *group_read(const struct call *call)
{
    static const char WRONG[] = "group_by must be [\"GROUP_BY_AD_ID\"]";
    struct str text = http_query(call->request, STR("group_by"));
    struct json_doc *doc;
    if (text.len == 0)
        return NULL;
    if (json_parse(text, &doc, NULL) != ERR_OK)
        return WRONG;
    const struct json *root = json_root(doc);
    bool good = json_kind_of(root) == JSON_ARRAY && json_len(root) == 1 &&
                str_eq(json_text(json_at(root, 0)), STR("GROUP_BY_AD_ID"));
    json_free(doc);
    return good ? NULL : WRONG;
}

static const char *filter_read_key(struct report *report, struct str key, const struct json *value)
{
    if (str_eq(key, STR("order_ids")))
        return douplus_ids_read(value, report->orders, IDS_MAX, &report->orders_len,
                                &report->by_order)
                   ? NULL
                   : "filter.order_ids must be a list of at most 100 numbers";
    if (str_eq(key, STR("task_ids")))
        return douplus_ids_read(value, report->tasks, IDS_MAX, &report->tasks_len, &report->by_task)
                   ? NULL
                   : "filter.task_ids must be a list of at most 100 numbers";
    if (str_eq(key, STR("item_ids")))
        return douplus_ids_read(value, report->items, IDS_MAX, &report->items_len, &report->by_item)
                   ? NULL
                   : "filter.item_ids must be a list of at most 100 numbers";
    if (str_eq(key, STR("order_create_time")))
        return douplus_window_read(value, STR("begin_time"), STR("end_time"),
                                   &report->created_from_s, &report->created_to_s)
                   ? NULL
                   : "filter.order_create_time must have begin_time and end_time in order";
    /* To ignore a filter would be to answer another question. */
    return "filter knows order_ids, task_ids, item_ids and order_create_time";
}

static const char *filter_read(struct report *report)
{
    struct str text = http_query(report->call->request, STR("filter"));
    struct json_doc *doc;
    struct json_iter iter;
    struct str key;
    const char *wrong = NULL;
    if (text.len == 0)
        return NULL;
    if (json_parse(text, &doc, NULL) != ERR_OK)
        return "filter is not JSON";
    if (json_kind_of(json_root(doc)) != JSON_OBJECT)
        wrong = "filter is not an object";
    else
        json_iter_init(&iter, json_root(doc));
    for (const struct json *value; !wrong && (value = json_iter_next(&iter, &key));)
        wrong = filter_read_key(report, key, value);
    json_free(doc);
    return wrong;
}

static const char *report_read(struct report *report)
{
    const char *wrong = douplus_page_read(report->call);
    wrong = wrong ? wrong : range_read(report);
    wrong = wrong ? wrong : group_read(report->call);
    wrong = wrong ? wrong : filter_read(report);
    report->call->asked.ids = (uint16_t)report->orders_len;
    return wrong;
}

/* Left out for one interval, and never for two running: only every other one is a candidate, so that
 * of those twice the share is taken. */
static bool order_omitted(const struct report *report, const struct order_view *view)
{
    uint64_t interval = report->now_s / OMIT_INTERVAL_S;
    uint64_t share = 2 * (uint64_t)report->call->settings.report_omit;
    return (interval + view->hash) % 2 == 0 &&
           world_mix(world_mix(view->hash, 600), interval) % 100 < share;
}

static bool report_accept(void *context, const struct order_view *view)
{
    const struct report *report = context;
    struct platform *platform = report->call->platform;
    const struct shop *shop = report->call->shop;
    struct douplus_facts facts;
    if (view->order.created_s < report->created_from_s ||
        view->order.created_s > report->created_to_s ||
        !douplus_delivered(platform, shop, view, report->now_s) || order_omitted(report, view))
        return false;
    douplus_facts_of(platform, shop, view, &facts);
    return (!report->by_task || douplus_id_listed(report->tasks, report->tasks_len, facts.task)) &&
           (!report->by_item || douplus_id_listed(report->items, report->items_len, facts.item));
}

static int number_compare(const void *left, const void *right)
{
    const uint64_t *a = left, *b = right;
    return *a < *b ? -1 : *a > *b;
}

/* The orders that the report speaks about, by id. */
static enum err_class report_orders(struct report *report, struct list_page *out)
{
    struct call *call = report->call;
    struct list_query all = {.sort = LIST_BY_ID,
                             .to_s = UINT32_MAX,
                             .limit = SIZE_MAX,
                             .accept = report_accept,
                             .context = report};
    if (!report->by_order)
        return shop_list(call->shop, &all, report->now_s, call->arena, out, NULL);
    *out = (struct list_page){.rows = arena_array(call->arena, IDS_MAX, sizeof *out->rows)};
    if (!out->rows)
        return err_no_memory(NULL);
    qsort(report->orders, report->orders_len, sizeof *report->orders, number_compare);
    for (size_t i = 0; i < report->orders_len; i++) {
        struct order_view *view = &out->rows[out->rows_len];
        bool again = i > 0 && report->orders[i] == report->orders[i - 1];
        if (!again && shop_find(call->shop, report->orders[i], report->now_s, view) &&
            report_accept(report, view))
            out->rows_len++;
    }
    return ERR_OK;
}

struct report_row {
    const struct order_view *view;
    unsigned ad;
};

static unsigned ads_of(const struct report *report, const struct order_view *view)
{
    struct douplus_facts facts;
    douplus_facts_of(report->call->platform, report->call->shop, view, &facts);
    return facts.ads;
}

static struct report_row *rows_make(const struct report *report, const struct list_page *orders,
                                    size_t *len)
{
    struct report_row *rows = arena_array(report->call->arena,
                                          orders->rows_len * DOUPLUS_ADS_MAX + 1, sizeof *rows);
    *len = 0;
    for (size_t i = 0; rows && i < orders->rows_len; i++)
        for (unsigned ad = 0; ad < ads_of(report, &orders->rows[i]); ad++)
            rows[(*len)++] = (struct report_row){&orders->rows[i], ad};
    return rows;
}

static void write_row(const struct report *report, const struct report_row *row, struct buf *out)
{
    struct platform *platform = report->call->platform;
    const struct shop *shop = report->call->shop;
    struct douplus_facts facts;
    struct douplus_figures figures;
    char rate[DOUPLUS_RATE_MAX];
    douplus_facts_of(platform, shop, row->view, &facts);
    douplus_figures_of(platform, shop, row->view, row->ad, report->from_s, report->to_s,
                       report->now_s, &figures);
    douplus_rate_text(figures.rate_ppm, rate);
    buf_printf(out,
               "{\"dimension_data\":{\"order_id\":%" PRIu64 ",\"task_id\":%" PRIu64
               ",\"ad_id\":%" PRIu64 ",\"advertiser_id\":%" PRIu64 ",\"is_fans\":%u,"
               "\"item_id\":%" PRIu64 ",\"room_id\":0},\"metrics_data\":{",
               row->view->id, facts.task, douplus_ad_id(row->view, row->ad),
               douplus_advertiser_id(shop), row->ad, facts.item);
    for (int f = 0; f < FIGURE_PLAY_5S; f++)
        buf_printf(out, "\"%s\":%" PRId64 ",", douplus_figure_names[f], figures.of[f]);
    buf_printf(out, "\"custom_convert_cost\":%" PRId64 ",\"play_duration_5s_rank\":%s}}",
               douplus_convert_cost(&figures), rate);
}

/* What the faults of lists look at, and do. */
static void page_cut(struct call *call, size_t rows_len, struct list_page *page, size_t *first)
{
    struct list_query query = {.limit = call->rows,
                               .offset = (size_t)(call->page - 1) * call->rows};
    call_query_fault(call, &query);
    size_t start = query.offset < rows_len ? query.offset : rows_len;
    int64_t from = (int64_t)start + query.shift;
    from = from < 0 ? 0 : from > (int64_t)rows_len ? (int64_t)rows_len : from;
    *first = (size_t)from;
    size_t left = rows_len - *first;
    *page = (struct list_page){
        .total = rows_len, .start = start, .rows_len = left < query.limit ? left : query.limit};
    call_page_fault(call, &query, page);
}

static void write_report(const struct report *report, const struct report_row *rows,
                         const struct list_page *page, struct buf *out)
{
    const struct call *call = report->call;
    buf_add(out, STR("{\"data\":{"));
    if (call->fault != FAULT_LIST_MISSING) {
        buf_add(out, STR("\"order_metrics\":["));
        for (size_t i = 0; i < page->rows_len; i++) {
            buf_add(out, i > 0 ? STR(",") : STR(""));
            write_row(report, &rows[i], out);
        }
        buf_add(out, STR("],"));
    }
    douplus_write_page_info(call, page, out);
}

void douplus_report_serve(struct call *call)
{
    struct list_page orders, page;
    struct buf out;
    size_t rows_len = 0, first = 0;
    if (!douplus_call_allowed(call))
        return;
    struct report *report = arena_alloc(call->arena, sizeof *report);
    if (!report) {
        call_fail(call);
        return;
    }
    *report = (struct report){.call = call, .now_s = call_now_s(call), .created_to_s = UINT32_MAX};
    const char *wrong = report_read(report);
    if (wrong) {
        call->asked = (struct asked_range){0};
        call_refuse(call, REFUSE_PARAMETER, wrong);
        return;
    }
    bool good = report_orders(report, &orders) == ERR_OK;
    const struct report_row *rows = good ? rows_make(report, &orders, &rows_len) : NULL;
    if (!rows) {
        call_fail(call);
        return;
    }
    douplus_asked_count(call, report->orders, report->orders_len);
    page_cut(call, rows_len, &page, &first);
    buf_init(&out, DOUPLUS_REPLY_BYTES_MAX);
    write_report(report, rows + first, &page, &out);
    call_reply(call, &out);
    buf_fini(&out);
}

/* The order query of Douyin Life: its parameters, pages by number or by cursor. */
#include <inttypes.h>

#include "format/format.h"
#include "sandbox/life.h"

enum {
    PAGE_SIZE_MAX = 100,
    PAGE_SIZE_DEFAULT = 20,
    ROWS_BY_NUMBER_MAX = 10000,
};

struct order_filter {
    const struct life *life;
    const struct shop *shop;
    bool by_status, by_created;
    int64_t status;
    uint32_t from_s, to_s;
    struct str open_id;
};

static bool filter_accept(void *context, const struct order_view *view)
{
    const struct order_filter *filter = context;
    struct life_facts facts;
    if (filter->by_created &&
        (view->order.created_s < filter->from_s || view->order.created_s > filter->to_s))
        return false;
    if (!filter->by_status && filter->open_id.len == 0)
        return true;
    life_facts_of(filter->life, filter->shop, view, &facts);
    return (!filter->by_status || facts.status == filter->status) &&
           (filter->open_id.len == 0 || str_eq(filter->open_id, str_of(facts.open_id)));
}

/* A whole number parameter within bounds; an empty one counts as absent. */
static bool query_number(const struct call *call, struct str name, int64_t min, int64_t max,
                         bool *given, int64_t *out)
{
    struct str text = http_query(call->request, name);
    *given = text.len > 0;
    return !*given || (str_to_i64(text, out) && *out >= min && *out <= max);
}

/* *given with both ends inclusive; a message when the pair is wrong. */
static const char *query_window(const struct call *call, struct str from, struct str to,
                                bool *given, uint32_t *from_s, uint32_t *to_s)
{
    int64_t start = 0, end = 0;
    bool has_start, has_end;
    if (!query_number(call, from, 0, UINT32_MAX, &has_start, &start) ||
        !query_number(call, to, 0, UINT32_MAX, &has_end, &end))
        return "a time is not a number of seconds";
    if (has_start != has_end)
        return "start and end time must be given together";
    if (has_start && start > end)
        return "the start time lies after the end time";
    *given = has_start;
    *from_s = has_start ? (uint32_t)start : 0;
    *to_s = has_start ? (uint32_t)end : UINT32_MAX;
    return NULL;
}

/* ["TIME","ID"] as JSON text or TIME,ID; "0" and "" are the first page. */
static bool cursor_read(struct str text, struct list_query *query)
{
    struct str time = STR_NONE, id = STR_NONE;
    uint64_t after_s = UINT64_MAX;
    struct json_doc *doc = NULL;
    if (text.len == 0 || str_eq(text, STR("0")))
        return true;
    if (str_starts(text, STR("["))) {
        if (json_parse(text, &doc, NULL) != ERR_OK)
            return false;
        time = json_text(json_at(json_root(doc), 0));
        id = json_text(json_at(json_root(doc), 1));
    } else {
        str_cut(text, ',', &time, &id);
    }
    query->after = str_to_u64(time, &after_s) && after_s <= UINT32_MAX &&
                   str_to_u64(id, &query->after_id);
    query->after_s = (uint32_t)after_s;
    json_free(doc);
    return query->after;
}

/* Pages by number or by cursor. NULL: good, else what is wrong. */
static const char *query_place(struct call *call, struct list_query *query, bool *by_cursor)
{
    int64_t size = PAGE_SIZE_DEFAULT, number = 1;
    bool given;
    *by_cursor = http_query_has(call->request, STR("cursor"));
    if (!query_number(call, STR("page_size"), 1, PAGE_SIZE_MAX, &given, &size))
        return "page_size must lie between 1 and 100";
    if (!query_number(call, STR("page_num"), 1, INT32_MAX, &given, &number))
        return "page_num must be at least 1";
    query->limit = (size_t)size;
    call->rows = (uint16_t)size;
    if (*by_cursor)
        return cursor_read(http_query(call->request, STR("cursor")), query)
                   ? NULL
                   : "the cursor is not one of ours";
    if (number * size > ROWS_BY_NUMBER_MAX)
        return "page_num*page_size is more than 10000: use the cursor";
    query->offset = (size_t)((number - 1) * size);
    call->page = (uint32_t)number;
    return NULL;
}

static const char *query_read(struct call *call, struct list_query *query,
                              struct order_filter *filter, bool *by_cursor)
{
    bool by_updated;
    uint32_t from_s, to_s;
    const char *wrong = query_window(call, STR("create_order_start_time"),
                                     STR("create_order_end_time"), &filter->by_created,
                                     &filter->from_s, &filter->to_s);
    if (!wrong)
        wrong = query_window(call, STR("update_order_start_time"), STR("update_order_end_time"),
                             &by_updated, &from_s, &to_s);
    if (!wrong)
        wrong = query_place(call, query, by_cursor);
    if (wrong)
        return wrong;
    if (!query_number(call, STR("order_status"), 0, INT32_MAX, &filter->by_status, &filter->status))
        return "order_status is not a number";
    filter->open_id = http_query(call->request, STR("open_id"));
    query->sort = by_updated ? LIST_BY_UPDATED : LIST_BY_CREATED;
    query->from_s = by_updated ? from_s : filter->from_s;
    query->to_s = by_updated ? to_s : filter->to_s;
    /* Without an update window the creation window is the list's own range. */
    filter->by_created &= by_updated;
    if (filter->by_created || filter->by_status || filter->open_id.len > 0) {
        query->accept = filter_accept;
        query->context = filter;
    }
    return NULL;
}

static void write_page(struct call *call, const struct list_query *query,
                       const struct list_page *page, bool by_cursor, struct buf *out)
{
    const struct life *life = call->platform->state;
    uint64_t total;
    buf_add(out, STR("{\"data\":{\"error_code\":0,\"description\":\"\","));
    if (call->fault != FAULT_LIST_MISSING) {
        buf_add(out, STR("\"orders\":["));
        for (size_t i = 0; i < page->rows_len; i++) {
            if (i > 0)
                buf_add_char(out, ',');
            life_write_order(life, call->shop, &page->rows[i], out);
        }
        buf_add(out, STR("],"));
    }
    buf_printf(out, "\"page\":{\"page_num\":%u,\"page_size\":%zu", call->page, query->limit);
    if (call_total(call, page->total, &total))
        buf_printf(out, ",\"total\":%" PRIu64, total);
    buf_add(out, STR("},\"search_after\":{\"CursorValue\":["));
    /* Rows follow, or the form of the end asks for one more page that is empty. */
    bool rows_before = page->last_id != 0;
    if (by_cursor && rows_before && (page->more || !call->settings.end_same))
        buf_printf(out, "\"%u\",\"%" PRIu64 "\"", page->last_s, page->last_id);
    buf_add(out, STR("]}},"));
    life_write_extra(call, 0, STR(""), out);
}

/* order_id or ext_order_id: at most one order, in the list's form. */
static bool single_read(struct call *call, struct list_page *page)
{
    uint64_t id;
    struct str text = http_query(call->request, STR("order_id"));
    struct order_view *row = arena_alloc(call->arena, sizeof *row);
    *page = (struct list_page){.rows = row};
    if (!row)
        return false;
    /* No order of the sandbox was made by an outside system: ext_order_id finds nothing. */
    if (str_to_u64(text, &id) && shop_find(call->shop, id, call_now_s(call), row))
        page->rows_len = (size_t)(page->total = 1);
    return true;
}

void life_orders_serve(struct call *call)
{
    struct list_query query = {0};
    struct order_filter filter = {.life = call->platform->state, .shop = call->shop};
    struct list_page page;
    struct buf out;
    bool by_cursor;
    if (!life_call_allowed(call))
        return;
    const char *wrong = query_read(call, &query, &filter, &by_cursor);
    if (wrong) {
        call_refuse(call, REFUSE_PARAMETER, wrong);
        return;
    }
    bool single = http_query(call->request, STR("order_id")).len > 0 ||
                  http_query(call->request, STR("ext_order_id")).len > 0;
    /* One order has no page before it and nothing to shift. */
    if (single && (call->fault == FAULT_DUPLICATE_PAGE || call->fault == FAULT_SHIFTED_PAGE))
        call_fault_withdraw(call);
    call_query_fault(call, &query);
    bool read = single ? single_read(call, &page)
                       : shop_list(call->shop, &query, call_now_s(call), call->arena, &page,
                                   NULL) == ERR_OK;
    buf_init(&out, LIFE_REPLY_BYTES_MAX);
    out.failed = !read;
    if (read)
        call_page_fault(call, &query, &page);
    if (read && call_prebuilt(call, &page))
        return;
    if (read)
        write_page(call, &query, &page, by_cursor, &out);
    call_reply(call, &out);
    call_prebuilt_keep(call, &page, &out);
    buf_fini(&out);
}

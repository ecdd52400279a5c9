/* The order list of DOU+: its parameters, its filter, its pages. */
#include <inttypes.h>
#include <string.h>

#include "sandbox/douplus.h"

enum { DAY_S = 86400, PAGE_SIZE_DEFAULT = 10, FILTER_IDS_MAX = 1000 };

struct order_filter {
    struct platform *platform;
    const struct shop *shop;
    uint64_t orders[FILTER_IDS_MAX], tasks[FILTER_IDS_MAX];
    size_t orders_len, tasks_len;
    bool by_order, by_task;
    bool by_status, statuses[DOUPLUS_STATUSES];
    struct str scene;
};

bool douplus_id_listed(const uint64_t *ids, size_t len, uint64_t id)
{
    for (size_t i = 0; i < len; i++)
        if (ids[i] == id)
            return true;
    return false;
}

static bool filter_accept(void *context, const struct order_view *view)
{
    const struct order_filter *filter = context;
    struct douplus_facts facts;
    if (filter->by_order && !douplus_id_listed(filter->orders, filter->orders_len, view->id))
        return false;
    douplus_facts_of(filter->platform, filter->shop, view, &facts);
    if (filter->by_task && !douplus_id_listed(filter->tasks, filter->tasks_len, facts.task))
        return false;
    if (filter->scene.len > 0 && str_eq(filter->scene, STR("LIVE")) != facts.live)
        return false;
    for (int s = 0; filter->by_status && s < DOUPLUS_STATUSES; s++)
        if (strcmp(douplus_statuses[s], facts.status) == 0)
            return filter->statuses[s];
    return true;
}

bool douplus_ids_read(const struct json *list, uint64_t ids[], size_t max, size_t *len, bool *given)
{
    enum json_kind kind = json_kind_of(list);
    *given = kind == JSON_ARRAY && json_len(list) > 0;
    if (kind != JSON_ABSENT && kind != JSON_ARRAY)
        return false;
    if (json_len(list) > max)
        return false;
    for (size_t i = 0; i < json_len(list); i++) {
        const struct json *item = json_at(list, i);
        if (json_kind_of(item) != JSON_NUMBER || !str_to_u64(json_text(item), &ids[(*len)++]))
            return false;
    }
    return true;
}

static bool statuses_read(const struct json *list, struct order_filter *filter)
{
    enum json_kind kind = json_kind_of(list);
    if (kind != JSON_ABSENT && kind != JSON_ARRAY)
        return false;
    for (size_t i = 0; i < json_len(list); i++) {
        struct str text = json_text(json_at(list, i));
        int s = 0;
        while (s < DOUPLUS_STATUSES && !str_eq(text, str_of(douplus_statuses[s])))
            s++;
        if (s == DOUPLUS_STATUSES)
            return false;
        filter->by_status = filter->statuses[s] = true;
    }
    return true;
}

bool douplus_window_read(const struct json *window, struct str from_key, struct str to_key,
                         uint32_t *from_s, uint32_t *to_s)
{
    const struct zone *beijing;
    int64_t from_ms, to_ms;
    bool from_date, to_date;
    if (json_kind_of(window) == JSON_ABSENT)
        return true;
    struct str from = json_text(json_get(window, from_key));
    struct str to = json_text(json_get(window, to_key));
    if (zone_find(STR("+08:00"), &beijing, NULL) != ERR_OK ||
        time_parse_any(from, beijing, &from_ms, &from_date, NULL) != ERR_OK ||
        time_parse_any(to, beijing, &to_ms, &to_date, NULL) != ERR_OK)
        return false;
    to_ms += to_date ? (DAY_S - 1) * 1000 : 0;
    *from_s = (uint32_t)(from_ms / 1000);
    *to_s = (uint32_t)(to_ms / 1000);
    return from_ms >= 0 && to_ms / 1000 <= UINT32_MAX && from_ms <= to_ms;
}

static const char *filter_read(const struct call *call, struct list_query *query,
                               struct order_filter *filter)
{
    struct json_doc *doc;
    struct str text = http_query(call->request, STR("filter"));
    const char *wrong = NULL;
    if (text.len == 0)
        return NULL;
    if (json_parse(text, &doc, NULL) != ERR_OK)
        return "filter is not JSON";
    const struct json *root = json_root(doc);
    struct str scene = json_text(json_get(root, STR("scene_type")));
    filter->scene = str_eq(scene, STR("LIVE")) ? STR("LIVE")
                    : scene.len > 0            ? STR("VIDEO")
                                               : STR("");
    if (json_kind_of(root) != JSON_OBJECT)
        wrong = "filter is not an object";
    else if (!douplus_window_read(json_get(root, STR("order_create_time")), STR("start_time"),
                                  STR("end_time"), &query->from_s, &query->to_s))
        wrong = "filter.order_create_time must have start_time and end_time in order";
    else if (!douplus_ids_read(json_get(root, STR("order_id")), filter->orders, FILTER_IDS_MAX,
                               &filter->orders_len, &filter->by_order))
        wrong = "filter.order_id must be a list of numbers";
    else if (!douplus_ids_read(json_get(root, STR("task_id")), filter->tasks, FILTER_IDS_MAX,
                               &filter->tasks_len, &filter->by_task))
        wrong = "filter.task_id must be a list of numbers";
    else if (!statuses_read(json_get(root, STR("status")), filter))
        wrong = "filter.status must be a list of known statuses";
    else if (scene.len > 0 && !str_eq(scene, filter->scene))
        wrong = "filter.scene_type must be LIVE or VIDEO";
    json_free(doc);
    if (filter->by_order || filter->by_task || filter->by_status || filter->scene.len > 0) {
        query->accept = filter_accept;
        query->context = filter;
    }
    return wrong;
}

const char *douplus_page_read(struct call *call)
{
    int64_t number = 1, size = PAGE_SIZE_DEFAULT;
    struct str page = http_query(call->request, STR("page"));
    struct str page_size = http_query(call->request, STR("page_size"));
    if (page.len > 0 && (!str_to_i64(page, &number) || number < 0 || number > INT32_MAX))
        return "page is wrong";
    if (page_size.len > 0 &&
        (!str_to_i64(page_size, &size) || size < 1 || size > DOUPLUS_PAGE_SIZE_MAX))
        return "page_size must lie between 1 and 100";
    call->page = number == 0 ? 1 : (uint32_t)number;
    call->rows = (uint16_t)size;
    return NULL;
}

static const char *query_read(struct call *call, struct list_query *query,
                              struct order_filter *filter)
{
    struct str field = http_query(call->request, STR("order_by_field"));
    struct str type = http_query(call->request, STR("order_by_type"));
    const char *wrong = douplus_page_read(call);
    if (wrong)
        return wrong;
    if (field.len > 0 && !str_eq(field, STR("CREATE_TIME")) && !str_eq(field, STR("ORDER_ID")))
        return "order_by_field must be CREATE_TIME or ORDER_ID";
    if (type.len > 0 && !str_eq(type, STR("ASC")) && !str_eq(type, STR("DESC")))
        return "order_by_type must be ASC or DESC";
    *query = (struct list_query){
        .sort = str_eq(field, STR("ORDER_ID")) ? LIST_BY_ID : LIST_BY_CREATED,
        .descending = !str_eq(type, STR("ASC")),
        .to_s = UINT32_MAX,
        .offset = (size_t)(call->page - 1) * call->rows,
        .limit = call->rows,
    };
    return filter_read(call, query, filter);
}

static void write_page(struct call *call, const struct list_page *page, struct buf *out)
{
    buf_add(out, STR("{\"data\":{"));
    if (call->fault != FAULT_LIST_MISSING) {
        buf_add(out, STR("\"order_list\":["));
        for (size_t i = 0; i < page->rows_len; i++) {
            if (i > 0)
                buf_add_char(out, ',');
            douplus_write_order(call->platform, call->shop, &page->rows[i], out);
        }
        buf_add(out, STR("],"));
    }
    douplus_write_page_info(call, page, out);
}

void douplus_orders_serve(struct call *call)
{
    struct list_query query;
    struct list_page page;
    struct buf out;
    if (!douplus_call_allowed(call))
        return;
    struct order_filter *filter = arena_alloc(call->arena, sizeof *filter);
    buf_init(&out, DOUPLUS_REPLY_BYTES_MAX);
    out.failed = !filter;
    const char *wrong = NULL;
    if (filter) {
        *filter = (struct order_filter){.platform = call->platform, .shop = call->shop};
        wrong = query_read(call, &query, filter);
    }
    if (wrong) {
        call_refuse(call, REFUSE_PARAMETER, wrong);
        return;
    }
    if (filter) {
        call_query_fault(call, &query);
        out.failed = shop_list(call->shop, &query, call_now_s(call), call->arena, &page, NULL) !=
                     ERR_OK;
    }
    if (!out.failed) {
        call_page_fault(call, &query, &page);
        if (call_prebuilt(call, &page))
            return;
        write_page(call, &page, &out);
        call_prebuilt_keep(call, &page, &out);
    }
    call_reply(call, &out);
    buf_fini(&out);
}

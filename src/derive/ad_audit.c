/* A sample of ad orders, days and videos, worked out again. */
#include "derive/ad.h"
#include "derive/audit.h"
#include "derive/sql.h"

/* Of so many lists: a shop of which more is still to be derived is not looked at. */
enum { LISTS_MAX = 100 };
struct touched_keys {
    struct cells keys;
    size_t lists;
};

static enum err_class touched_list(struct reader *row, void *context, struct err *err)
{
    struct touched_keys *touched = context;
    struct json_doc *doc;
    struct json_iter each;
    const struct json *key;
    touched->lists++;
    enum err_class class_ = json_parse(reader_text(row, 0), &doc, err);
    if (class_)
        return class_;
    json_iter_init(&each, json_root(doc));
    while (!class_ && (key = json_iter_next(&each, NULL)) != NULL)
        class_ = cells_add(&touched->keys, json_text(key), STR(""), err);
    json_free(doc);
    return class_;
}

/* Of those the results are not yet what they will be. */
static enum err_class touched_drop(const struct derive_work *work, struct str *ids, size_t *len,
                                   struct err *err)
{
    struct touched_keys touched = {.lists = 0};
    size_t kept = 0;
    const struct sql_value values[] = {sql_int(work->shop_id), sql_int(LISTS_MAX + 1)};
    cells_init(&touched.keys);
    enum err_class class_ = work_query(work, SQL_AD_TOUCHED, values, 2, touched_list, &touched,
                                       err);
    for (size_t i = 0; touched.lists <= LISTS_MAX && i < *len; i++) {
        struct str key = arena_printf(work->arena, "%.*s\x1f", STR_ARG(ids[i]));
        if (key.ptr && !map_find(&touched.keys.map, key))
            ids[kept++] = ids[i];
    }
    *len = kept;
    cells_fini(&touched.keys);
    return class_;
}

/* Half of them by what is stored, so that an order without a result is met, too. */
static enum err_class results_audit(const struct derive_work *work, struct audit *audit,
                                    struct results *results, struct err *err)
{
    struct str *ids, *orders;
    size_t len, orders_len;
    enum err_class class_ = audit_sample(work, audit, SQL_AD_RESULT_BOUNDS, SQL_AD_RESULT_ONE,
                                         audit->results, &ids, &len, err);
    if (!class_)
        class_ = audit_sample(work, audit, SQL_AD_ORDER_BOUNDS, SQL_AD_ORDER_ONE,
                              (audit->results + 1) / 2, &orders, &orders_len, err);
    for (size_t i = 0; !class_ && i < orders_len; i++) {
        if (len < audit->results)
            ids[len++] = orders[i];
        else
            ids[rng_below(audit->rng, len)] = orders[i];
    }
    if (!class_)
        class_ = touched_drop(work, ids, &len, err);
    if (!class_)
        class_ = ad_results_make(work, ids, len, results, err);
    for (size_t i = 0; !class_ && i < results->len; i++) {
        size_t column;
        if (result_differs(results, &results->rows[i], &column))
            audit_differs(audit, "ad_order", results->rows[i].id,
                          results->table->columns[column].name);
    }
    for (size_t i = 0; !class_ && i < results->names_len; i++)
        audit_differs(audit, "ad_order", results->names[i].order_id, STR("name"));
    audit->looked += class_ ? 0 : (int64_t)results->len;
    return class_;
}

/* The videos of a day from their results, and the shop's from those of its videos. */
static enum err_class day_audit(const struct derive_work *work, struct audit *audit, struct str day,
                                bool created, struct err *err)
{
    const struct sql_value stored[] = {
        sql_int(work->shop_id), sql_text(created ? STR("created") : STR("spent")), sql_text(day)};
    const struct sql_value made[] = {sql_int(work->shop_id), sql_text(day),
                                     sql_text(work->shop->figures_stream)};
    bool differ;
    enum err_class class_ = audit_rows_differ(work, SQL_AD_DAY_STORED, stored, 3,
                                              created ? SQL_AD_CREATED_SORTED : SQL_AD_SPENT_SORTED,
                                              made, created ? 2 : 3, &differ, err);
    if (!class_ && !differ)
        class_ = audit_rows_differ(work, SQL_AD_SHOP_DAY_STORED, stored, 3, SQL_AD_SHOP_DAY_SORTED,
                                   stored, 3, &differ, err);
    if (class_ || !differ)
        return class_;
    struct str key = arena_printf(work->arena, "%.*s\x1f%s", STR_ARG(day),
                                  created ? "created" : "spent");
    audit_differs(audit, "ad_day", key, STR(""));
    return key.ptr ? ERR_OK : err_no_memory(err);
}

static enum err_class video_audit(const struct derive_work *work, struct audit *audit,
                                  struct str item, struct err *err)
{
    const struct sql_value values[] = {sql_int(work->shop_id), sql_text(item)};
    bool differ;
    enum err_class class_ = audit_rows_differ(work, SQL_AD_VIDEO_STORED, values, 2, SQL_AD_VIDEO,
                                              values, 2, &differ, err);
    if (!class_ && differ)
        audit_differs(audit, "ad_video", item, STR(""));
    return class_;
}

static enum err_class any_take(struct reader *row, void *context, struct err *err)
{
    (void)row, (void)err;
    *(bool *)context = true;
    return ERR_OK;
}

static enum err_class sums_audit(const struct derive_work *work, struct audit *audit,
                                 const struct results *results, struct err *err)
{
    struct str *days, item;
    size_t len;
    enum err_class class_ = audit_sample(work, audit, SQL_AD_RESULT_BOUNDS, SQL_AD_DAY_ONE,
                                         audit->sums, &days, &len, err);
    for (size_t i = 0; !class_ && i < len; i++) {
        class_ = day_audit(work, audit, days[i], true, err);
        if (!class_)
            class_ = day_audit(work, audit, days[i], false, err);
        audit->looked += 2;
    }
    for (size_t i = 0; !class_ && i < audit->sums && results->len > 0; i++) {
        const struct result_row *row = &results->rows[rng_below(audit->rng, results->len)];
        const struct sql_value *values = row->values ? row->values : row->stored;
        item = values ? result_get(results, values, "item_id").text : STR("");
        if (item.len > 0)
            class_ = video_audit(work, audit, item, err);
        audit->looked += item.len > 0;
    }
    return class_;
}

enum err_class ad_audit(const struct derive_work *work, struct audit *audit, struct err *err)
{
    struct results results;
    bool moving = false;
    const struct sql_value id = sql_int(work->shop_id);
    enum err_class class_ = results_audit(work, audit, &results, err);
    if (!class_)
        class_ = work_query(work, SQL_TOUCHED_ANY, &id, 1, any_take, &moving, err);
    return class_ || moving ? class_ : sums_audit(work, audit, &results, err);
}

/* Sums of ad orders, by day and by video: read again as a whole from the results, never added to or taken from. */
#include "derive/ad.h"

#include "derive/sql.h"

void ad_sums_init(struct ad_sums *sums)
{
    cells_init(&sums->created);
    cells_init(&sums->created_days);
    cells_init(&sums->spent_days);
    cells_init(&sums->videos);
    cells_init(&sums->moved);
}

void ad_sums_fini(struct ad_sums *sums)
{
    cells_fini(&sums->created);
    cells_fini(&sums->created_days);
    cells_fini(&sums->spent_days);
    cells_fini(&sums->videos);
    cells_fini(&sums->moved);
}

static enum err_class sums_of_values(struct ad_sums *sums, const struct results *results,
                                     const struct sql_value *values, struct err *err)
{
    if (!values)
        return ERR_OK;
    struct str item = result_get(results, values, "item_id").text;
    enum err_class class_ = cells_add(&sums->created, result_get(results, values, "day").text, item,
                                      err);
    return class_ || item.len == 0 ? class_ : cells_add(&sums->videos, item, STR(""), err);
}

/* Does what the sums of spending know of an order differ? */
static bool spending_moves(const struct results *results, const struct result_row *row)
{
    if (!row->stored || !row->values)
        return true;
    struct sql_value was, is;
    was = result_get(results, row->stored, "final");
    is = result_get(results, row->values, "final");
    if (was.number != is.number)
        return true;
    was = result_get(results, row->stored, "created_ms");
    is = result_get(results, row->values, "created_ms");
    if (was.number != is.number)
        return true;
    was = result_get(results, row->stored, "item_id");
    is = result_get(results, row->values, "item_id");
    if (!str_eq(was.text, is.text))
        return true;
    was = result_get(results, row->stored, "currency");
    is = result_get(results, row->values, "currency");
    return !str_eq(was.text, is.text);
}

enum err_class ad_sums_of(struct ad_sums *sums, const struct results *results,
                          const struct result_row *row, struct err *err)
{
    enum err_class class_ = sums_of_values(sums, results, row->stored, err);
    if (!class_)
        class_ = sums_of_values(sums, results, row->values, err);
    return class_ || !spending_moves(results, row) ? class_
                                                   : cells_add(&sums->moved, row->id, STR(""), err);
}

static enum err_class day_take(struct reader *row, void *context, struct err *err)
{
    struct ad_sums *sums = context;
    return cells_add(&sums->spent_days, reader_text(row, 0), STR(""), err);
}

static enum err_class moved_days(const struct derive_work *work, struct ad_sums *sums,
                                 struct err *err)
{
    if (sums->moved.len == 0)
        return ERR_OK;
    struct str *ids = arena_array(work->arena, sums->moved.len, sizeof(*ids)), none;
    if (!ids)
        return err_no_memory(err);
    for (size_t i = 0; i < sums->moved.len; i++)
        cell_cut(sums->moved.items[i], &ids[i], &none);
    const struct sql_value values[] = {sql_int(work->shop_id),
                                       ids_json(ids, sums->moved.len, work->arena)};
    return values[1].text.ptr ? work_query(work, SQL_AD_ORDER_DAYS, values, 2, day_take, sums, err)
                              : err_no_memory(err);
}

/* Each cell: what is there goes, what follows comes. Bound: ?1 shop ?2 ?3 the parts of the cell, or `third`. */
static enum err_class cells_write(const struct derive_work *work, const struct cells *cells,
                                  const char *drop, size_t drop_values, const char *add,
                                  size_t add_values, const struct str *third, struct err *err)
{
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; !class_ && i < cells->len; i++) {
        struct str a, b;
        cell_cut(cells->items[i], &a, &b);
        const struct sql_value values[] = {sql_int(work->shop_id), sql_text(a),
                                           sql_text(third ? *third : b)};
        class_ = work_later(work, drop, values, drop_values, err);
        if (!class_)
            class_ = work_later(work, add, values, add_values, err);
    }
    return class_;
}

/* What a cell's key is in `touched`: its first part, and behind it what it is a sum by. */
static enum err_class cells_touch(const struct derive_work *work, const struct cells *cells,
                                  const char *table, const char *behind, struct err *err)
{
    struct str *keys = arena_array(work->arena, cells->len + 1, sizeof(*keys)), rest;
    if (!keys)
        return err_no_memory(err);
    for (size_t i = 0; i < cells->len; i++) {
        cell_cut(cells->items[i], &keys[i], &rest);
        keys[i] = arena_printf(work->arena, "%.*s%s", STR_ARG(keys[i]), behind);
        if (!keys[i].ptr)
            return err_no_memory(err);
    }
    return work_touch(work, table, keys, cells->len, err);
}

static enum err_class sums_later(const struct derive_work *work, const struct ad_sums *sums,
                                 struct err *err)
{
    enum err_class class_ = cells_touch(work, &sums->created, "ad_day", AD_BY_CREATED, err);
    if (!class_)
        class_ = cells_touch(work, &sums->spent_days, "ad_day", AD_BY_SPENT, err);
    return class_ ? class_ : cells_touch(work, &sums->videos, "ad_video", "", err);
}

static enum err_class sums_now(const struct derive_work *work, const struct ad_sums *sums,
                               struct err *err)
{
    enum err_class class_ = cells_write(work, &sums->created, SQL_AD_CREATED_CELL_DROP, 3,
                                        SQL_AD_CREATED_CELL_ADD, 3, NULL, err);
    if (!class_)
        class_ = cells_write(work, &sums->created_days, SQL_AD_CREATED_DAY_DROP, 2,
                             SQL_AD_CREATED_DAY_ADD, 2, NULL, err);
    if (!class_)
        class_ = cells_write(work, &sums->spent_days, SQL_AD_SPENT_DAY_DROP, 2,
                             SQL_AD_SPENT_DAY_ADD, 3, &work->shop->figures_stream, err);
    if (!class_)
        class_ = cells_write(work, &sums->videos, SQL_AD_VIDEO_DROP, 2, SQL_AD_VIDEO_ADD, 2, NULL,
                             err);
    return class_;
}

/* Behind the rows of their videos, each once. */
static enum err_class shop_days_write(const struct derive_work *work, const struct cells *days,
                                      const char *basis, struct err *err)
{
    static const char *const statements[] = {SQL_AD_SHOP_DAY_DROP, SQL_AD_ITEMS_ADD,
                                             SQL_AD_SHOP_DAY_ADD};
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; !class_ && i < days->len; i++) {
        struct str day, none;
        cell_cut(days->items[i], &day, &none);
        const struct sql_value values[] = {sql_int(work->shop_id), sql_text(str_of(basis)),
                                           sql_text(day)};
        for (size_t k = 0; !class_ && k < sizeof(statements) / sizeof(*statements); k++)
            class_ = work_later(work, statements[k], values, 3, err);
    }
    return class_;
}

static enum err_class days_add(struct cells *to, const struct cells *from, struct err *err)
{
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; !class_ && i < from->len; i++) {
        struct str day, rest;
        cell_cut(from->items[i], &day, &rest);
        class_ = cells_add(to, day, STR(""), err);
    }
    return class_;
}

static enum err_class shop_days_of(const struct derive_work *work, const struct ad_sums *touched,
                                   const struct ad_sums *changed, struct err *err)
{
    struct cells created, spent;
    cells_init(&created);
    cells_init(&spent);
    enum err_class class_ = days_add(&created, &touched->created_days, err);
    if (!class_)
        class_ = days_add(&spent, &touched->spent_days, err);
    if (!class_ && !work->sums_later)
        class_ = days_add(&created, &changed->created, err);
    if (!class_ && !work->sums_later)
        class_ = days_add(&spent, &changed->spent_days, err);
    if (!class_)
        class_ = shop_days_write(work, &created, "created", err);
    if (!class_)
        class_ = shop_days_write(work, &spent, "spent", err);
    cells_fini(&created);
    cells_fini(&spent);
    return class_;
}

enum err_class ad_sums_write(const struct derive_work *work, struct ad_sums *touched,
                             struct ad_sums *changed, struct err *err)
{
    enum err_class class_ = moved_days(work, changed, err);
    if (!class_)
        class_ = work->sums_later ? sums_later(work, changed, err) : sums_now(work, changed, err);
    if (!class_)
        class_ = sums_now(work, touched, err);
    return class_ ? class_ : shop_days_of(work, touched, changed, err);
}

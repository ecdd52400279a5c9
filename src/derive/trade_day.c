/* Days of trade, read anew. */
#include "derive/trade.h"
#include "derive/trade_sql.h"

static enum err_class days_write(const struct derive_work *work, const struct cells *days,
                                 const char *const *statements, struct err *err)
{
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; class_ == ERR_OK && i < days->len; i++) {
        struct str day, rest;
        cell_cut(days->items[i], &day, &rest);
        const struct sql_value values[] = {sql_int(work->shop_id), sql_text(day)};
        for (size_t k = 0; class_ == ERR_OK && statements[k]; k++)
            class_ = work_later(work, statements[k], values, 2, err);
    }
    return class_;
}

static enum err_class days_touch(const struct derive_work *work, const struct cells *days,
                                 struct err *err)
{
    struct str *keys = arena_array(work->arena, days->len + 1, sizeof *keys), rest;
    if (!keys)
        return err_no_memory(err);
    for (size_t i = 0; i < days->len; i++)
        cell_cut(days->items[i], &keys[i], &rest);
    return work_touch(work, "trade_day", keys, days->len, err);
}

/* Of orders that changed. */
static enum err_class days_changed(const struct derive_work *work, struct trade_days *days,
                                   struct err *err)
{
    enum err_class class_ = ERR_OK;
    if (work->sums_later)
        return days_touch(work, &days->changed, err);
    for (size_t i = 0; class_ == ERR_OK && i < days->changed.len; i++) {
        struct str day, rest;
        cell_cut(days->changed.items[i], &day, &rest);
        class_ = cells_add(&days->whole, day, STR(""), err);
    }
    return class_;
}

enum err_class trade_days_write(const struct derive_work *work, struct trade_days *days,
                                struct err *err)
{
    static const char *const whole[] = {SQL_TRADE_CELLS_CLEAR,    SQL_TRADE_CELLS_DAY,
                                        SQL_TRADE_DAY_CLEAR_SHOP, SQL_TRADE_DAY_CLEAR_SKU,
                                        SQL_TRADE_DAY_CLEAR_SPU,  SQL_TRADE_DAY_CLEAR_PERSON,
                                        SQL_TRADE_DAY_SET,        NULL};
    static const char *const sums[] = {SQL_TRADE_DAY_SUMS, NULL};
    enum err_class class_ = days_changed(work, days, err);
    if (class_ == ERR_OK)
        class_ = days_write(work, &days->whole, whole, err);
    return class_ == ERR_OK ? days_write(work, &days->costs, sums, err) : class_;
}

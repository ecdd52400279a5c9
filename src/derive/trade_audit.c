/* A sample of trade results and days, worked out again. */
#include "derive/audit.h"
#include "derive/trade.h"
#include "derive/trade_sql.h"

static enum err_class any_take(struct reader *row, void *context, struct err *err)
{
    (void)row, (void)err;
    *(bool *)context = true;
    return ERR_OK;
}

static enum err_class results_audit(const struct derive_work *work, struct audit *audit,
                                    struct err *err)
{
    struct str *ids;
    size_t len;
    struct results results;
    enum err_class class_ = audit_sample(work, audit, SQL_TRADE_RESULT_BOUNDS, SQL_TRADE_RESULT_ONE,
                                         audit->results, &ids, &len, err);
    if (class_ == ERR_OK)
        class_ = trade_results_make(work, ids, len, &results, err);
    for (size_t i = 0; class_ == ERR_OK && i < results.len; i++) {
        size_t column;
        if (result_differs(&results, &results.rows[i], &column))
            audit_differs(audit, "trade_order", results.rows[i].id,
                          results.table->columns[column].name);
    }
    for (size_t i = 0; class_ == ERR_OK && i < results.names_len; i++)
        audit_differs(audit, "trade_order", results.names[i].order_id, STR("name"));
    audit->looked += class_ == ERR_OK ? (int64_t)results.len : 0;
    return class_;
}

static enum err_class days_audit(const struct derive_work *work, struct audit *audit,
                                 struct err *err)
{
    struct str *days;
    size_t len;
    enum err_class class_ = audit_sample(work, audit, SQL_TRADE_RESULT_BOUNDS, SQL_TRADE_DAY_ONE,
                                         audit->sums, &days, &len, err);
    for (size_t i = 0; class_ == ERR_OK && i < len; i++) {
        const struct sql_value values[] = {sql_int(work->shop_id), sql_text(days[i])};
        bool differ = false;
        class_ = audit_rows_differ(work, SQL_TRADE_DAY_STORED, values, 2, SQL_TRADE_DAY_STRAIGHT,
                                   values, 2, &differ, err);
        if (class_ == ERR_OK && differ)
            audit_differs(audit, "trade_day", days[i], STR(""));
        audit->looked++;
    }
    return class_;
}

/* Nothing is said of a shop of which something is still to be derived: it is not yet what it will be. */
enum err_class trade_audit(const struct derive_work *work, struct audit *audit, struct err *err)
{
    bool moving = false;
    const struct sql_value id = sql_int(work->shop_id);
    enum err_class class_ = work_query(work, SQL_TRADE_TOUCHED, &id, 1, any_take, &moving, err);
    if (class_ == ERR_OK && !moving)
        class_ = results_audit(work, audit, err);
    return class_ == ERR_OK && !moving ? days_audit(work, audit, err) : class_;
}

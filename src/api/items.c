#include "api/items.h"

#include "api/host.h"
#include "api/sql.h"

enum err_class items_list(struct call *call, struct out *out, const char *key, const char *sql,
                          const struct sql_value *values, size_t len, items_write *write,
                          struct err *err)
{
    struct reader *row;
    enum err_class class_ = store_read(call->host->store, sql, values, len, &row, err);
    if (class_ != ERR_OK)
        return class_;
    out_list(out, key);
    while (reader_next(row)) {
        out_object(out, NULL);
        write(call, out, row);
        out_end_object(out);
    }
    out_end_list(out);
    return reader_close(row, err);
}

enum err_class items_answer(struct call *call, const char *sql, const struct sql_value *values,
                            size_t len, items_write *write, struct err *err)
{
    struct out out;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    enum err_class class_ = items_list(call, &out, "items", sql, values, len, write, err);
    out_end_object(&out);
    return class_;
}

static void status_write(struct call *call, struct out *out, const struct reader *row)
{
    (void)call;
    out_time(out, "at", reader_int(row, 0));
    out_text(out, "status", reader_text(row, 1));
    out_time(out, "seen_at", reader_int(row, 2));
}

enum err_class items_history(struct call *call, struct out *out, int64_t shop_id, const char *table,
                             struct str id, struct err *err)
{
    const struct sql_value values[] = {sql_int(shop_id), sql_text(str_of(table)), sql_text(id)};
    return items_list(call, out, "history", SQL_STATUSES_OF_ROW, values, 3, status_write, err);
}

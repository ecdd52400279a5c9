/* The record of an order as it was received, and the execution in which it came. What is personal in it is in the clear, for no
 * list of paths says for sure what is: so it is shown like personal data, to who has that right, says why, and is written
 * down. What an order is without its record, everybody sees in its own route. */
#include <string.h>

#include "api/control.h"
#include "api/control_sql.h"
#include "api/personal.h"
#include "api/tables.h"

static const struct param original_params[] = {
    {"order_id", PARAM_PATH, PARAM_ID, .required = true, .help = "The platform's order number"},
    {"shop", PARAM_BODY, PARAM_TEXT, .help = "Its shop, where two have an order of this number"},
    PERSONAL_REASON,
    {0}};

struct original_found {
    int64_t shop_id, received_ms;
    struct str packed;
    size_t rows;
};

static enum err_class original_find(struct call *call, const char *table,
                                    struct original_found *out, struct err *err)
{
    struct sql_value shops;
    struct reader *row;
    *out = (struct original_found){0};
    enum err_class class_ = personal_shops(call, &shops, err);
    if (class_ != ERR_OK)
        return class_;
    const struct sql_value values[] = {sql_int(0), shops, sql_text(call_text(call, "order_id")),
                                       sql_text(str_of(table))};
    class_ = store_read(call->host->store, SQL_ORIGINAL, values, 4, &row, err);
    if (class_ != ERR_OK)
        return class_;
    for (; reader_next(row); out->rows++) {
        out->shop_id = reader_int(row, 0);
        out->packed = arena_dup(call->arena, reader_text(row, 1));
        out->received_ms = reader_int(row, 2);
    }
    class_ = reader_close(row, err);
    if (class_ == ERR_OK && out->rows == 0)
        return call_absent(err, "original", call_text(call, "order_id"));
    return class_ == ERR_OK && out->rows > 1 ? personal_ambiguous(call, err) : class_;
}

static enum err_class came_by_out(const struct call *call, struct out *out,
                                  const struct original_found *found, struct err *err)
{
    const struct sql_value values[] = {sql_int(found->shop_id), sql_int(found->received_ms)};
    struct reader *row;
    enum err_class class_ = store_read(call->host->store, SQL_EXECUTION_AT, values, 2, &row, err);
    if (class_ != ERR_OK)
        return class_;
    if (reader_next(row)) {
        out_object(out, "came_by");
        out_id(out, "execution", reader_int(row, 0));
        out_id(out, "task", reader_int(row, 1));
        out_text(out, "kind", reader_text(row, 2));
        out_text_or_null(out, "stream", reader_is_null(row, 3) ? STR_NONE : reader_text(row, 3));
        out_time(out, "started", reader_int(row, 4));
        out_time_or_null(out, "ended", reader_int(row, 5), !reader_is_null(row, 5));
        out_text_or_null(out, "result", reader_is_null(row, 6) ? STR_NONE : reader_text(row, 6));
        out_text_or_null(out, "run", reader_is_null(row, 7) ? STR_NONE : reader_text(row, 7));
        out_end_object(out);
    } else {
        out_null(out, "came_by");
    }
    return reader_close(row, err);
}

/* The line is committed before anything is shown. */
static enum err_class original_show(struct call *call, const char *table, struct err *err)
{
    struct original_found found;
    struct str record, reason;
    struct out out;
    enum err_class class_ = personal_allowed(call, &reason, err);
    if (class_ == ERR_OK)
        class_ = original_find(call, table, &found, err);
    if (class_ == ERR_OK)
        class_ = sync_original_open(call->host->keyring, found.packed, call->arena, &record, err);
    if (class_ != ERR_OK)
        return class_;
    struct change change = {.line = audit_of(call, "original.reveal", call_text(call, "order_id"))};
    change.line.shop_id = found.shop_id;
    change.line.reason = reason;
    class_ = change_make(call->host->store, &change, err);
    if (class_ != ERR_OK)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_text(&out, "order_id", call_text(call, "order_id"));
    control_out_shop(&out, call, "shop", found.shop_id);
    out_time(&out, "received", found.received_ms);
    out_raw(&out, "record", record);
    class_ = came_by_out(call, &out, &found, err);
    out_end_object(&out);
    call_header(call, "Cache-Control", STR("no-store"));
    return class_;
}

static enum err_class trade_original(struct call *call, struct err *err)
{
    return original_show(call, "trade_order", err);
}

static enum err_class ad_original(struct call *call, struct err *err)
{
    return original_show(call, "ad_order", err);
}

const struct route original_routes[] = {
    {ROUTE_POST, "/api/v1/trade-orders/{order_id}/original", "tradeOriginal", RIGHT_REVEAL,
     original_params, trade_original,
     .summary = "The record of an order as it was received; why is written down",
     .answer = "Original"},
    {ROUTE_POST, "/api/v1/ad-orders/{order_id}/original", "adOriginal", RIGHT_REVEAL,
     original_params, ad_original,
     .summary = "The record of an ad order as it was received; why is written down",
     .answer = "Original"},
    {0},
};

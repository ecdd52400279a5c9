/* Personal data in the clear, one order at a time: for who has the right, says why, and is written down. And finding
 * orders by a whole phone number or name, by the blind index, without reading any.
 *
 * What is looked for comes in the body, never in an address: addresses are logged. Neither it nor what is shown is in
 * the audit line, in a log or in an event. */
#include <stdio.h>
#include <string.h>

#include "api/control.h"
#include "api/control_sql.h"
#include "api/items.h"
#include "api/personal.h"
#include "api/tables.h"

enum { HOUR_MS = 3600 * 1000, REVEALS_AN_HOUR = 100, FOUND_MAX = 100 };

static const char *const fields[] = {"phone", "contact_name", NULL};

/* By what stands in the audit log, so that it holds for all processes and over restarts. */
static enum err_class rate_check(const struct call *call, struct err *err)
{
    const struct sql_value values[] = {sql_int(call->person->user_id),
                                       sql_int(call->now_ms - HOUR_MS)};
    int64_t times = 0;
    enum err_class class_ = store_read_int(call->host->store, SQL_REVEALS_OF, values, 2, 0, &times,
                                           err);
    if (class_ == ERR_OK && times >= REVEALS_AN_HOUR) {
        class_ = err_set(err, ERR_THROTTLED, "reveals_many",
                         "%d a person and hour; ask an admin for an export", REVEALS_AN_HOUR);
        if (err)
            err->retry_at_ms = call->now_ms + HOUR_MS;
    }
    return class_;
}

enum err_class personal_allowed(struct call *call, struct str *reason, struct err *err)
{
    *reason = str_trim(call_text(call, "reason"));
    if (reason->len < PERSONAL_REASON_BYTES_MIN)
        return call_refuse(call, "reason", "parameter_short", err, "say why in a few words");
    return rate_check(call, err);
}

enum err_class personal_ambiguous(struct call *call, struct err *err)
{
    return call_refuse(call, "shop", "order_ambiguous", err,
                       "several shops have an order of this number: name the shop");
}

enum err_class personal_shops(struct call *call, struct sql_value *out, struct err *err)
{
    const struct api_host *host = call->host;
    struct shop_scope scope;
    enum err_class class_ = call_shops(call, &scope, err);
    if (class_ != ERR_OK)
        return class_;
    int64_t *ids = arena_array(call->arena, host->shops_len + 1, sizeof(*ids));
    if (!ids)
        return err_no_memory(err);
    for (size_t i = 0; scope.all && i < host->shops_len; i++)
        ids[i] = host->shops[i].id;
    *out = queue_ids(call->arena, scope.all ? ids : scope.ids,
                     scope.all ? host->shops_len : scope.len);
    return out->text.ptr ? ERR_OK : err_no_memory(err);
}

/* --- one order --- */

static const struct param reveal_params[] = {
    {"order_id", PARAM_PATH, PARAM_CODE, .required = true, .help = "The platform's order number"},
    {"shop", PARAM_BODY, PARAM_TEXT, .help = "Its shop, where two have an order of this number"},
    {"fields", PARAM_BODY, PARAM_WORD, .required = true, .many = true, .words = fields,
     .help = "Which"},
    PERSONAL_REASON,
    {0}};

struct revealed {
    int64_t shop_id;
    struct str ciphers[2];
    size_t orders;
};

static enum err_class order_read(struct call *call, struct revealed *out, struct err *err)
{
    struct sql_value shops;
    struct reader *row;
    *out = (struct revealed){0};
    enum err_class class_ = personal_shops(call, &shops, err);
    if (class_ != ERR_OK)
        return class_;
    const struct sql_value values[] = {sql_int(0), shops, sql_text(call_text(call, "order_id"))};
    class_ = store_read(call->host->store, SQL_PERSONAL, values, 3, &row, err);
    if (class_ != ERR_OK)
        return class_;
    for (; reader_next(row); out->orders++) {
        out->shop_id = reader_int(row, 0);
        for (int i = 0; i < 2; i++)
            out->ciphers[i] = reader_is_null(row, 1 + i)
                                  ? STR_NONE
                                  : arena_dup(call->arena, reader_text(row, 1 + i));
    }
    class_ = reader_close(row, err);
    if (class_ == ERR_OK && out->orders == 0)
        return call_absent(err, "order", call_text(call, "order_id"));
    return class_ == ERR_OK && out->orders > 1 ? personal_ambiguous(call, err) : class_;
}

static bool is_asked(const struct call *call, const char *field)
{
    const struct arg *arg = call_arg(call, "fields");
    for (size_t i = 0; i < arg->texts_len; i++) {
        if (str_eq(arg->texts[i], str_of(field)))
            return true;
    }
    return false;
}

/* A text of the platform's that could not be opened yet is no value. */
static enum err_class field_out(struct call *call, struct out *out, const char *field,
                                struct str cipher, struct err *err)
{
    struct buf plain;
    if (!cipher.ptr || cipher.len == 0 || str_starts(cipher, STR("platform:"))) {
        out_null(out, field);
        return ERR_OK;
    }
    buf_init(&plain, 64 * 1024);
    enum err_class class_ = seal_read(call->host->keyring, &plain, cipher, str_of(field), err);
    if (class_ == ERR_OK)
        out_text(out, field, buf_str(&plain));
    if (plain.ptr)
        explicit_bzero(plain.ptr, plain.len);
    buf_fini(&plain);
    return class_;
}

static struct str names_json(const struct call *call)
{
    bool phone = is_asked(call, "phone"), name = is_asked(call, "contact_name");
    return phone && name ? STR("{\"fields\":[\"phone\",\"contact_name\"]}")
           : phone       ? STR("{\"fields\":[\"phone\"]}")
                         : STR("{\"fields\":[\"contact_name\"]}");
}

/* The line is committed before anything is shown. */
static enum err_class reveal(struct call *call, struct err *err)
{
    struct revealed found;
    struct out out;
    struct str reason;
    enum err_class class_ = personal_allowed(call, &reason, err);
    if (class_ == ERR_OK)
        class_ = order_read(call, &found, err);
    if (class_ != ERR_OK)
        return class_;
    struct change change = {.line = audit_of(call, "personal.reveal", call_text(call, "order_id"))};
    change.line.shop_id = found.shop_id;
    change.line.reason = reason;
    change.line.after = names_json(call);
    class_ = change_make(call->host->store, &change, err);
    if (class_ != ERR_OK)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_text(&out, "order_id", call_text(call, "order_id"));
    control_out_shop(&out, call, "shop", found.shop_id);
    for (size_t i = 0; class_ == ERR_OK && fields[i]; i++) {
        if (is_asked(call, fields[i]))
            class_ = field_out(call, &out, fields[i], found.ciphers[i], err);
    }
    out_end_object(&out);
    call_header(call, "Cache-Control", STR("no-store"));
    return class_;
}

/* --- finding --- */

static const struct param find_params[] = {
    {"shop", PARAM_BODY, PARAM_TEXT, .help = "Only in this shop"},
    {"phone", PARAM_BODY, PARAM_TEXT, .max = 64,
     .help = "The whole number, as the platform gives it"},
    {"contact_name", PARAM_BODY, PARAM_TEXT, .max = 200, .help = "The whole name"},
    PERSONAL_REASON,
    {0}};

static void found_write(struct call *call, struct out *out, const struct reader *row)
{
    control_out_shop(out, call, "shop", reader_int(row, 0));
    out_text(out, "order_id", reader_text(row, 1));
    out_text(out, "status", reader_text(row, 2));
    out_time_or_null(out, "created", reader_int(row, 3), !reader_is_null(row, 3));
    out_text_or_null(out, "phone", reader_is_null(row, 4) ? STR_NONE : reader_text(row, 4));
    out_text_or_null(out, "contact_name", reader_is_null(row, 5) ? STR_NONE : reader_text(row, 5));
}

static enum err_class find(struct call *call, struct err *err)
{
    bool phone = call_given(call, "phone"), name = call_given(call, "contact_name");
    const char *field = phone ? "phone" : "contact_name";
    struct sql_value shops;
    struct str reason;
    char hex[33];
    if (phone == name)
        return call_refuse(call, "phone", "search_which", err, "one of: phone, contact_name");
    enum err_class class_ = personal_allowed(call, &reason, err);
    if (class_ == ERR_OK)
        class_ = personal_shops(call, &shops, err);
    if (class_ == ERR_OK)
        class_ = blind_index(call->host->keyring, str_of(field), call_text(call, field), hex, err);
    if (class_ == ERR_SKIP_RECORD)
        return call_refuse(call, field, "parameter_short", err, "nothing to look for");
    if (class_ != ERR_OK)
        return class_;
    struct change change = {.line = audit_of(call, "personal.search", str_of(field))};
    change.line.reason = reason;
    class_ = change_make(call->host->store, &change, err);
    if (class_ != ERR_OK)
        return class_;
    const struct sql_value values[] = {sql_int(0), shops, sql_text((struct str){hex, 32}),
                                       sql_int(FOUND_MAX)};
    call_header(call, "Cache-Control", STR("no-store"));
    return items_answer(call, phone ? SQL_FIND_PHONE : SQL_FIND_NAME, values, 4, found_write, err);
}

const struct route reveal_routes[] = {
    {ROUTE_POST, "/api/v1/trade-orders/{order_id}/reveal", "reveal", RIGHT_REVEAL, reveal_params,
     reveal, .summary = "Personal data of one order in the clear; why is written down",
     .answer = "Revealed"},
    {ROUTE_POST, "/api/v1/trade-orders/find-person", "findPerson", RIGHT_REVEAL, find_params, find,
     .summary = "Orders of a whole phone number or name", .answer = "Found"},
    {0},
};

/* What is there to be had of a Douyin Life order, as /_sandbox/truth says it. A brief order does not
 * say everything: what it leaves out is null here, for nobody can have stored it. */
#include <inttypes.h>

#include "format/format.h"
#include "sandbox/life.h"

static void truth_number(struct buf *out, const char *name, bool known, int64_t value)
{
    if (known)
        buf_printf(out, "\"%s\":%" PRId64 ",", name, value);
    else
        buf_printf(out, "\"%s\":null,", name);
}

static void truth_id(struct buf *out, const char *name, bool known, uint64_t id)
{
    if (known)
        buf_printf(out, "\"%s\":\"%" PRIu64 "\",", name, id);
    else
        buf_printf(out, "\"%s\":null,", name);
}

static void truth_time(struct buf *out, const char *name, uint32_t at_s)
{
    truth_number(out, name, at_s != 0, at_s);
}

static void truth_phone(const struct life *life, const struct shop *shop,
                        const struct life_facts *facts, struct buf *out)
{
    struct err ignored;
    if (!facts->has_contact) {
        buf_add(out, STR("\"phone\":null,\"phone_encrypt\":null,\"contact_name\":null,"));
        return;
    }
    buf_printf(out, "\"phone\":\"%s\",\"phone_encrypt\":\"", facts->phone);
    if (life_phone_seal(life, shop, str_of(facts->phone), facts->enc, out, &ignored) != ERR_OK)
        out->failed = true;
    if (facts->brief)
        buf_add(out, STR("\",\"contact_name\":null,"));
    else
        buf_printf(out, "\",\"contact_name\":\"%s\",", facts->name);
}

static void truth_certificates(const struct life_facts *facts, struct buf *out)
{
    bool whole = !facts->brief;
    buf_add(out, STR("\"certificates\":["));
    for (size_t i = 0; i < facts->certificates_len; i++) {
        const struct life_certificate *c = &facts->certificates[i];
        buf_add(out, i == 0 ? STR("{") : STR(",{"));
        truth_id(out, "certificate_id", whole, c->id);
        truth_time(out, "item_updated_at", whole ? c->item_updated_s : 0);
        truth_time(out, "refunded_at", whole ? c->refunded_s : 0);
        truth_number(out, "refund_amount", whole, c->refund_fen);
        buf_printf(out, "\"order_item_id\":\"%" PRIu64 "\",\"item_status\":%d}", c->item_id,
                   c->item_status);
    }
    buf_add_char(out, ']');
}

/* What only a whole order says. */
static void truth_whole(const struct life_facts *facts, struct buf *out)
{
    bool whole = !facts->brief;
    truth_number(out, "type", whole, facts->type);
    truth_number(out, "original_amount", whole, facts->original_fen);
    truth_number(out, "receipt_amount", whole, facts->receipt_fen);
    truth_number(out, "discount_amount", whole, facts->discount_fen);
    truth_number(out, "pay_discount_amount", whole, facts->pay_discount_fen);
    truth_id(out, "sku_id", whole, facts->sku);
    truth_id(out, "poi_id", whole, facts->poi);
    buf_add(out, STR("\"sku_name\":"));
    if (whole) {
        json_write_string(out, str_of(facts->sku_name));
        buf_printf(out, ",\"open_id\":\"%s\",\"source_order_id\":\"", facts->open_id);
        if (facts->source_id)
            buf_printf(out, "%" PRIu64, facts->source_id);
        buf_add(out, STR("\","));
    } else {
        buf_add(out, STR("null,\"open_id\":null,\"source_order_id\":null,"));
    }
}

void life_write_truth(struct platform *platform, struct shop *shop, const struct order_view *view,
                      struct buf *out)
{
    const struct life *life = platform->state;
    struct life_facts facts;
    char account[24];
    life_facts_of(life, shop, view, &facts);
    life_account_id(shop, account);
    buf_printf(out,
               "{\"order_id\":\"%" PRIu64 "\",\"account_id\":\"%s\",\"status\":%d,"
               "\"pay_amount\":%" PRId64 ",\"count\":%d,",
               view->id, account, facts.status, facts.pay_fen, facts.count);
    truth_time(out, "created_at", view->order.created_s);
    truth_time(out, "paid_at", facts.paid_s);
    truth_time(out, "updated_at", view->updated_s);
    truth_whole(&facts, out);
    truth_phone(life, shop, &facts, out);
    truth_certificates(&facts, out);
    buf_add_char(out, '}');
}

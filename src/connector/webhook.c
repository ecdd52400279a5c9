/* What a platform tells by itself: is it from there, is it of now, which records does it name. */
#include "connector/plan.h"

const struct webhook *connector_webhook(const struct connector *connector)
{
    return connector->webhook ? &connector->webhook->face : NULL;
}

/* The signature first: nothing of a message that nobody signed is looked at. */
static enum err_class signature_check(const struct connector *connector, const struct facts *facts,
                                      const struct webhook_message *message, struct arena *arena,
                                      struct err *err)
{
    const struct sign_plan *plan = &connector->webhook->sign;
    struct scope scope = {
        .connector = connector, .facts = facts, .arena = arena, .sent = message->sent};
    struct expr_env env = scope_env(&scope, NULL);
    const struct sign_input input = {.body = message->body};
    struct str text, expected = STR_NONE;
    enum err_class class_ = sign_make(plan, &scope, &env, &input, &text, &expected, err);
    if (class_ == ERR_OK && !crypt_equal(expected, message->signature))
        class_ = err_set(err, ERR_FORBIDDEN, "webhook_signature",
                         "the signature is not the platform's");
    return class_;
}

static enum err_class time_check(const struct webhook *webhook,
                                 const struct webhook_message *message, int64_t now_ms,
                                 struct err *err)
{
    int64_t sent = 0;
    if (webhook->time.len == 0)
        return ERR_OK;
    bool good = str_to_i64(message->sent, &sent) && sent > 0 && sent < INT64_MAX / 1000;
    int64_t sent_ms = webhook->time_ms ? sent : good ? sent * 1000 : 0;
    int64_t apart_ms = sent_ms > now_ms ? sent_ms - now_ms : now_ms - sent_ms;
    return good && apart_ms <= webhook->tolerance_ms
               ? ERR_OK
               : err_set(err, ERR_FORBIDDEN, "webhook_late",
                         "the message is not of now: it says that it was sent at %.*s",
                         STR_ARG(utf8_cut(message->sent, 30)));
}

static bool id_add(const struct path *path, const struct json *record, struct arena *arena,
                   struct webhook_read *out)
{
    struct str id = json_text(path_get(path, record));
    if (id.len == 0 || id.len > ID_BYTES_MAX || out->ids_len == WEBHOOK_IDS_MAX)
        return false;
    out->ids[out->ids_len] = arena_dup(arena, id);
    return out->ids[out->ids_len++].ptr != NULL;
}

static enum err_class body_read(const struct webhook_plan *plan, const struct json *root,
                                struct arena *arena, struct webhook_read *out, struct err *err)
{
    bool good = true;
    out->ids = arena_array(arena, WEBHOOK_IDS_MAX, sizeof *out->ids);
    if (!out->ids)
        return err_no_memory(err);
    if (plan->shop) {
        out->shop = arena_dup(arena, json_text(path_get(plan->shop, root)));
        good = out->shop.ptr != NULL && out->shop.len <= ID_BYTES_MAX;
    }
    if (!plan->records) {
        good = good && id_add(plan->ids, root, arena, out);
    } else {
        struct path_iter iter;
        struct path_record record;
        path_iter_init(&iter, plan->records, root);
        while (good && path_iter_next(&iter, &record))
            good = id_add(plan->ids, record.chain[record.chain_len - 1], arena, out);
    }
    return good ? ERR_OK
                : err_set(err, ERR_BAD_REQUEST, "webhook_body",
                          "the message names no record, or more than %d", WEBHOOK_IDS_MAX);
}

enum err_class connector_webhook_read(const struct connector *connector, const struct facts *facts,
                                      const struct webhook_message *message, int64_t now_ms,
                                      struct arena *arena, struct webhook_read *out,
                                      struct err *err)
{
    struct json_doc *doc;
    *out = (struct webhook_read){.shop = STR("")};
    enum err_class class_ = signature_check(connector, facts, message, arena, err);
    if (class_ == ERR_OK)
        class_ = time_check(&connector->webhook->face, message, now_ms, err);
    if (class_ != ERR_OK)
        return class_;
    if (json_parse(message->body, &doc, NULL) != ERR_OK)
        return err_set(err, ERR_BAD_REQUEST, "webhook_body", "the message is no JSON");
    class_ = body_read(connector->webhook, json_root(doc), arena, out, err);
    json_free(doc);
    return class_;
}

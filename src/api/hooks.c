/* Webhooks: what platforms tell by themselves. Checked (signature, time), stored, answered; then the shop's lane asks the
 * platform for the records that it names. The message itself is evidence, not data: nothing of it lands in a table.
 *
 * A message that comes twice changes nothing. A platform whose manifest declares no signature has no address here. */
#include <string.h>

#include "api/control.h"
#include "api/control_sql.h"
#include "api/tables.h"

enum { HOOK_BYTES_MAX = 256 * 1024 };

static const struct param params[] = {
    {"platform", PARAM_PATH, PARAM_ID, .required = true, .help = "Which platform"},
    {"owner", PARAM_PATH, PARAM_ID, .required = true, .help = "app-NUMBER or shop-NUMBER, of here"},
    {0}};

static struct str header_of(void *request, struct str name)
{
    return http_header(request, name);
}

struct keeping {
    const struct api_hook *hook;
    struct sql_value values[6];
    int64_t now_ms;
    bool news;
};

static enum err_class keep_work(struct tx *tx, void *context, struct err *err)
{
    struct keeping *k = context;
    int64_t rows = 0;
    enum err_class class_ = tx_exec(tx, SQL_HOOK_ADD, k->values, 6, &rows, err);
    k->news = rows > 0;
    if (class_ != ERR_OK || !k->news || k->hook->shop_id == 0)
        return class_;
    tx_say(tx, TOPIC_TASK);
    return queue_enqueue_in(tx, &k->hook->task, k->now_ms, err);
}

static struct str ids_json(const struct api_hook *hook, struct arena *arena)
{
    struct buf text;
    struct out out;
    buf_init(&text, HOOK_BYTES_MAX);
    out_init(&out, &text);
    out_list(&out, NULL);
    for (size_t i = 0; i < hook->ids_len; i++)
        out_text(&out, NULL, hook->ids[i]);
    out_end_list(&out);
    struct str copy = text.failed ? STR_NONE : arena_dup(arena, buf_str(&text));
    buf_fini(&text);
    return copy;
}

static enum err_class hook_keep(struct call *call, const struct api_hook *hook, struct err *err)
{
    struct buf sealed;
    struct keeping k = {.hook = hook, .now_ms = call->now_ms};
    struct str ids = ids_json(hook, call->arena);
    if (!ids.ptr)
        return err_no_memory(err);
    buf_init(&sealed, 2 * HOOK_BYTES_MAX + 1024);
    enum err_class class_ = seal_write(call->host->keyring, &sealed, call->request->body,
                                       STR("webhook"), err);
    if (class_ == ERR_OK) {
        const struct sql_value values[6] = {sql_text(call_text(call, "platform")),
                                            sql_int(hook->shop_id),
                                            sql_text(hook->digest),
                                            sql_int(call->now_ms),
                                            sql_bytes(buf_str(&sealed)),
                                            sql_text(ids)};
        memcpy(k.values, values, sizeof(values));
        class_ = store_write(call->host->store, keep_work, &k, err);
    }
    buf_fini(&sealed);
    return class_;
}

static enum err_class hook(struct call *call, struct err *err)
{
    const struct api_home *home;
    struct api_hook hook;
    struct http_request *request = (struct http_request *)(uintptr_t)call->request;
    enum err_class class_ = control_home(call, &home, err);
    if (class_ == ERR_OK)
        class_ = home->hook_read(home->context, call_text(call, "platform"),
                                 call_text(call, "owner"), header_of, request, request->body,
                                 call->arena, &hook, err);
    if (class_ == ERR_OK)
        class_ = hook_keep(call, &hook, err);
    if (class_ != ERR_OK)
        return class_;
    if (hook.answer.len > 0) {
        struct str answer = arena_dup(call->arena, hook.answer);
        if (!answer.ptr)
            return err_no_memory(err);
        call->reply->body = answer;
        return ERR_OK;
    }
    buf_add(&call->out, STR("{}"));
    return ERR_OK;
}

const struct route hook_routes[] = {
    {ROUTE_POST, "/api/v1/hooks/{platform}/{owner}", "hook", RIGHT_NOBODY, params, hook,
     .summary = "Where a platform tells by itself what has changed; signed as its manifest says",
     .raw_body = true, .body_bytes_max = HOOK_BYTES_MAX, .any_query = true},
    {0},
};

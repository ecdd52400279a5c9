/* Webhooks for the API: whose message it is, and the task that asks the platform. */
#include "app/homing_internal.h"

/* "app-3", "shop-12". */
static enum err_class hook_owner(struct app *view, struct str platform, struct str owner,
                                 const struct connector **connector, struct facts *facts,
                                 struct err *err)
{
    struct str kind, number;
    int64_t id = 0;
    str_cut(owner, '-', &kind, &number);
    bool of_app = str_eq(kind, STR("app"));
    bool good = (of_app || str_eq(kind, STR("shop"))) && str_to_i64(number, &id) && id > 0;
    enum err_class class_ = good ? consent_facts(view, of_app ? id : 0, of_app ? 0 : id, connector,
                                                 facts, err)
                                 : ERR_NOT_FOUND;
    good = class_ == ERR_OK && str_eq(connector_platform(*connector), platform) &&
           connector_webhook(*connector);
    if (class_ == ERR_STORE || class_ == ERR_INTERNAL || good)
        return class_;
    return err_set(err, ERR_NOT_FOUND, "webhook_none",
                   "no webhook of this platform and owner is known here");
}

/* Which message it is: its body as it was signed. */
static enum err_class hook_digest(const struct webhook_message *message, struct arena *arena,
                                  struct str *out, struct err *err)
{
    struct buf plain, digest, hex;
    buf_init(&plain, message->body.len + message->signature.len + 1);
    buf_init(&digest, DIGEST_BYTES_MAX);
    buf_init(&hex, 2 * DIGEST_BYTES_MAX);
    buf_add(&plain, message->signature);
    buf_add_char(&plain, '\n');
    buf_add(&plain, message->body);
    enum err_class class_ = plain.failed
                                ? err_no_memory(err)
                                : digest_write(&digest, DIGEST_SHA256, buf_str(&plain), err);
    if (class_ == ERR_OK) {
        hex_write(&hex, buf_str(&digest), false);
        *out = arena_dup(arena, buf_str(&hex));
        class_ = out->ptr ? ERR_OK : err_no_memory(err);
    }
    buf_fini(&plain);
    buf_fini(&digest);
    buf_fini(&hex);
    return class_;
}

/* The platform is asked for what the message names; where it cannot be asked so, for what is new. */
static enum err_class hook_task(struct app *view, const struct app_shop *shop,
                                const struct webhook *webhook, struct api_hook *out,
                                struct err *err)
{
    struct str run = arena_printf(&view->arena, "hook-%.*s", 24, out->digest.ptr);
    struct sync_request request = {.shop = &shop->sync,
                                   .stream = webhook->stream,
                                   .mode = webhook->stream->by_id ? SYNC_IDS : SYNC_FORWARD,
                                   .ids = out->ids,
                                   .ids_len = out->ids_len,
                                   .class_ = TASK_LIVE,
                                   .run = run};
    if (!run.ptr)
        return err_no_memory(err);
    enum err_class class_ = sync_ask_task(&request, &view->arena, &out->task, NULL);
    if (class_ == ERR_USAGE) {
        request.mode = SYNC_FORWARD;
        class_ = sync_ask_task(&request, &view->arena, &out->task, err);
    }
    return class_ == ERR_OK ? ERR_OK : err_no_memory(err);
}

static enum err_class hook_take(struct app *view, struct str platform, struct str owner,
                                struct str (*header)(void *request, struct str name), void *request,
                                struct str body, struct api_hook *out, struct err *err)
{
    const struct connector *connector = NULL;
    struct facts facts = {0};
    struct webhook_read read;
    enum err_class class_ = hook_owner(view, platform, owner, &connector, &facts, err);
    if (class_ != ERR_OK || !connector)
        return class_;
    const struct webhook *webhook = connector_webhook(connector);
    const struct webhook_message message = {
        .signature = header(request, webhook->signature),
        .sent = webhook->time.len > 0 ? header(request, webhook->time) : STR(""),
        .body = body};
    class_ = connector_webhook_read(connector, &facts, &message, clock_now_ms(), &view->arena,
                                    &read, err);
    if (class_ == ERR_OK)
        class_ = hook_digest(&message, &view->arena, &out->digest, err);
    if (class_ != ERR_OK)
        return class_;
    out->answer = webhook->answer;
    out->ids = read.ids;
    out->ids_len = read.ids_len;
    for (size_t i = 0; i < view->shops_len; i++) {
        const struct app_shop *shop = &view->shops[i];
        bool named = read.shop.len > 0 && facts.shop.id < 0
                         ? shop->app_id == facts.app.id &&
                               str_eq(shop->sync.facts.shop.external_id, read.shop)
                         : shop->sync.id == facts.shop.id;
        if (!named || !str_eq(shop->platform, platform) || shop->err.class_ != ERR_OK)
            continue;
        out->shop_id = shop->sync.id;
        return hook_task(view, shop, webhook, out, err);
    }
    return ERR_OK;
}

static enum err_class home_hook_read(void *context, struct str platform, struct str owner,
                                     struct str (*header)(void *request, struct str name),
                                     void *request, struct str body, struct arena *arena,
                                     struct api_hook *out, struct err *err)
{
    struct app view;
    *out = (struct api_hook){.shop_id = 0};
    enum err_class class_ = view_open(context, arena, &view, err);
    if (class_ == ERR_OK)
        class_ = hook_take(&view, platform, owner, header, request, body, out, err);
    view_close(&view, arena);
    return class_;
}

void homing_hooks(struct api_home *home)
{
    home->hook_read = home_hook_read;
}

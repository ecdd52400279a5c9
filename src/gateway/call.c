/* One call: token, breaker, budget, one clock reading, request, reply, and what the reply teaches.
 *
 * The token comes first. Getting one may take seconds, and a turn of the budget that was reserved
 * before would by then be long over: everybody who waited would send at once. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/internal.h"

enum { NONCE_BYTES = 16, TRACE_BYTES = 8, CREDENTIALS_AGAIN_MS = 2000 };

struct call {
    struct gateway *gateway;
    struct call_ask ask; /* with token, nonce and time filled in */
    struct breaker_place place;
    struct breaker_pass pass;
    struct token_use use; /* whose token it carries */
    struct budget_ask budgets[BUDGET_KEYS_MAX];
    struct arena arena; /* request, token, budget keys */
    struct request request;
    struct exchange *exchange;
    bool token_renewed;
    char nonce[2 * NONCE_BYTES + 1], trace[2 * TRACE_BYTES + 1];
};

static enum err_class random_hex(char *out, size_t bytes_len, struct err *err)
{
    unsigned char bytes[NONCE_BYTES];
    assert(bytes_len <= sizeof(bytes));
    enum err_class class_ = crypt_random(bytes, bytes_len, err);
    for (size_t i = 0; i < bytes_len && class_ == ERR_OK; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    return class_;
}

/* --- before it is sent --- */

static enum err_class budget_ask_make(struct call *call, const struct budget_use *use,
                                      struct budget_ask *out, struct err *err)
{
    const struct facts *facts = &call->ask.facts;
    const struct budget_rule *rule = use->rule;
    struct str platform = call->place.platform;
    struct str key;
    if (rule->scope == BUDGET_PLATFORM)
        key = arena_printf(&call->arena, "%.*s/%.*s", STR_ARG(platform), STR_ARG(rule->name));
    else
        key = arena_printf(&call->arena, "%.*s/%s:%lld/%.*s", STR_ARG(platform),
                           rule->scope == BUDGET_APP ? "app" : "shop",
                           (long long)(rule->scope == BUDGET_APP ? facts->app.id : facts->shop.id),
                           STR_ARG(rule->name));
    *out = (struct budget_ask){
        .key = key,
        .limit = {.kind = rule->window ? BUDGET_WINDOW : BUDGET_BUCKET,
                  .calls = rule->calls,
                  .per_ms = rule->per_ms,
                  .burst = rule->burst},
        .cost_milli = use->cost_milli,
    };
    return key.ptr ? ERR_OK : err_no_memory(err);
}

/* Reserves a turn in every budget and sleeps towards it. */
static enum err_class call_await_turn(struct call *call, struct err *err)
{
    struct gateway *gateway = call->gateway;
    const size_t budgets_len = call->ask.endpoint->budgets_len;
    int64_t start_ms;
    enum err_class class_ = limits_apply(gateway->limits, call->budgets, budgets_len,
                                         clock_now_ms(), err);
    if (class_ == ERR_OK)
        class_ = budget_take(gateway->options.coord, call->budgets, budgets_len, call->ask.comer,
                             clock_now_ms(), GATEWAY_HORIZON_MS, &start_ms, err);
    if (class_ == ERR_OK && !clock_sleep_until(start_ms, &gateway->stopping))
        class_ = err_set(err, ERR_STOPPED, "stopped", "no call is sent any more");
    return class_;
}

static bool call_needs_token(const struct call *call)
{
    return call->ask.endpoint->needs_token && !call->ask.of_token;
}

static enum err_class call_take_token(struct call *call, struct str refused, struct err *err)
{
    struct gateway *gateway = call->gateway;
    struct facts *facts = &call->ask.facts;
    if (!call_needs_token(call))
        return ERR_OK;
    enum err_class class_ = token_use_find(gateway->options.store,
                                           connector_auth(call->ask.connector), facts, &call->arena,
                                           &call->use, err);
    if (class_ != ERR_OK)
        return class_;
    class_ = token_take(gateway->tokens, &call->ask, &call->use, refused, &call->arena,
                        &facts->access_token, err);
    if (class_ == ERR_FORBIDDEN)
        gateway_on_forbidden(gateway, &call->place, &call->use, err);
    return class_;
}

static enum err_class call_ask_breaker(struct call *call, struct err *err)
{
    struct gateway *gateway = call->gateway;
    enum err_class class_ = breaker_ask(gateway->breakers, &call->place, clock_now_ms(),
                                        &call->pass, err);
    if (class_ != ERR_FORBIDDEN || !gateway_shop_is_enabled(gateway, call->ask.facts.shop.id))
        return class_;
    breaker_release(gateway->breakers, &call->place);
    return breaker_ask(gateway->breakers, &call->place, clock_now_ms(), &call->pass, err);
}

/* Builds the request with one clock reading and hands it to the I/O thread. */
static enum err_class call_dispatch(struct call *call, struct err *err)
{
    struct gateway *gateway = call->gateway;
    const struct gateway_options *options = &gateway->options;
    const struct call_ask *ask = &call->ask;
    struct str proxy = ask->proxy;
    struct url url;
    enum err_class class_ = random_hex(call->nonce, NONCE_BYTES, err);
    if (class_ != ERR_OK)
        return class_;
    call->ask.facts.nonce = str_of(call->nonce);
    call->ask.facts.now_ms = clock_now_ms();
    class_ = connector_request(ask->connector, ask->endpoint, &ask->facts, false, &call->arena,
                               &call->request, err);
    if (class_ == ERR_OK)
        class_ = url_parse(call->request.url, &url, err);
    if (class_ != ERR_OK)
        return class_;
    if (clock_is_test() && !url_is_loopback(&url))
        return err_set(err, ERR_CONFIG, "test_clock",
                       "HUILIU_CLOCK is set: only this machine may be called, not %.*s",
                       STR_ARG(url.host));
    if (proxy.len == 0 && options->proxy_of)
        proxy = options->proxy_of(options->context, call->place.platform, ask->facts.shop.id);
    struct exchange_ask exchange = {.request = &call->request,
                                    .proxy = proxy,
                                    .timeout_ms = ask->endpoint->timeout_ms,
                                    .body_bytes_max = ask->endpoint->body_bytes_max};
    if (FAIL_POINT("gateway.send.before"))
        return err_set(err, ERR_RETRY, "fail_point", "gateway.send.before");
    return exchange_start(gateway->client, &exchange, &call->exchange, err);
}

static enum err_class call_send(struct call *call, struct str refused, struct err *err)
{
    struct gateway *gateway = call->gateway;
    enum err_class class_ = call_take_token(call, refused, err);
    if (class_ == ERR_OK)
        class_ = call_ask_breaker(call, err);
    if (class_ != ERR_OK)
        return class_;
    class_ = call_await_turn(call, err);
    if (class_ == ERR_OK)
        class_ = call_dispatch(call, err);
    /* Nothing was sent, so nothing was learned: a probe goes back. */
    if (class_ != ERR_OK)
        breaker_report(gateway->breakers, &call->place, &call->pass, ERR_LATER, ERR_SCOPE_REQUEST,
                       clock_now_ms());
    return class_;
}

static enum err_class call_new(struct gateway *gateway, const struct call_ask *ask,
                               struct call **out, struct err *err)
{
    const struct endpoint *endpoint = ask->endpoint;
    struct call *call = calloc(1, sizeof(*call));
    if (!call)
        return err_no_memory(err);
    assert(endpoint->budgets_len <= BUDGET_KEYS_MAX);
    call->gateway = gateway;
    call->ask = *ask;
    call->place = (struct breaker_place){.platform = connector_platform(ask->connector),
                                         .app_id = ask->facts.app.id,
                                         .shop_id = ask->of_token ? 0 : ask->facts.shop.id};
    arena_init(&call->arena);
    enum err_class class_ = random_hex(call->trace, TRACE_BYTES, err);
    for (size_t i = 0; i < endpoint->budgets_len && class_ == ERR_OK; i++)
        class_ = budget_ask_make(call, &endpoint->budgets[i], &call->budgets[i], err);
    if (class_ == ERR_OK)
        *out = call;
    else
        call_free(call);
    return class_;
}

enum err_class gateway_send(struct gateway *gateway, const struct call_ask *ask, struct call **out,
                            struct err *err)
{
    struct call *call = NULL;
    struct err why = {0};
    enum err_class class_ = call_new(gateway, ask, &call, &why);
    if (class_ == ERR_OK) {
        class_ = call_send(call, STR_NONE, &why);
        if (class_ == ERR_OK)
            *out = call;
        else
            call_free(call);
    }
    if (class_ != ERR_OK && err)
        *err = why;
    return class_;
}

void call_free(struct call *call)
{
    if (!call)
        return;
    exchange_free(call->exchange);
    arena_fini(&call->arena);
    free(call);
}

/* --- when the reply is in --- */

static enum err_class call_read(struct call *call, struct arena *arena, struct reply *reply,
                                struct page *page, struct err *err)
{
    const struct call_ask *ask = &call->ask;
    enum err_class class_ = exchange_wait(call->exchange, reply, err);
    if (class_ != ERR_OK)
        return class_;
    if (FAIL_POINT("gateway.reply.after"))
        return err_set(err, ERR_RETRY, "fail_point", "gateway.reply.after");
    call->ask.facts.received_ms = reply->received_ms;
    return connector_read(ask->connector, ask->endpoint, ask->stream, &ask->facts, reply, arena,
                          page, err);
}

/* When to try again, where the platform did not say: by the manifest's rule for the class. */
static void retry_time_set(struct call *call, enum err_class class_, int64_t now_ms,
                           struct err *err)
{
    bool again = class_ == ERR_RETRY || class_ == ERR_THROTTLED || class_ == ERR_BAD_REPLY ||
                 class_ == ERR_NOT_READY || class_ == ERR_TOKEN_EXPIRED;
    const struct retry_rule *rule = connector_retry(call->ask.connector, class_);
    if (again && rule && err->retry_at_ms == 0)
        err->retry_at_ms = now_ms + gateway_backoff_ms(call->gateway, rule, call->ask.attempt);
}

/* A refusal belongs to the budgets of its scope; where the call has none there, to all of them. */
static void budgets_refuse(struct call *call, const struct err *err, int64_t now_ms)
{
    const struct endpoint *endpoint = call->ask.endpoint;
    static const enum err_scope scopes[] = {[BUDGET_PLATFORM] = ERR_SCOPE_PLATFORM,
                                            [BUDGET_APP] = ERR_SCOPE_APP,
                                            [BUDGET_SHOP] = ERR_SCOPE_SHOP};
    bool known = false;
    for (size_t i = 0; i < endpoint->budgets_len; i++)
        known |= scopes[endpoint->budgets[i].rule->scope] == err->scope;
    for (size_t i = 0; i < endpoint->budgets_len; i++) {
        if (!known || scopes[endpoint->budgets[i].rule->scope] == err->scope)
            budget_refused(call->gateway->options.coord, call->budgets[i].key, now_ms,
                           err->retry_at_ms);
    }
}

/* That a breaker opened, or closed, is for people: a call that cannot write it goes on all the same. */
static void breakers_say(const struct call *call, const struct breaker_change *change,
                         const struct err *err, int64_t now_ms)
{
    for (enum breaker_level level = 0; level < BREAKER_LEVELS; level++) {
        char name[BREAKER_NAME_BYTES];
        if (!change->opened[level] && !change->closed[level])
            continue;
        breaker_name(&call->place, level, name);
        struct event event = {.kind = change->opened[level] ? EVENT_BREAKER_OPENED
                                                            : EVENT_BREAKER_CLOSED,
                              .shop_id = level == LEVEL_SHOP ? call->place.shop_id : 0,
                              .args = {EVENT_TEXT("name", str_of(name))}};
        if (change->opened[level])
            event.args[1] = EVENT_TEXT("reason", str_of(err->message));
        event_tell(call->gateway->options.store, &event, now_ms, NULL);
    }
}

/* Shops and apps are read again within seconds; until then their calls have the credentials of before. */
static enum err_class credentials_look(struct call *call, enum err_class class_, struct err *err)
{
    if (class_ != ERR_FORBIDDEN || err->scope != ERR_SCOPE_APP ||
        !gateway_app_is_otherwise(call->gateway, &call->ask.facts))
        return class_;
    err_set(err, ERR_LATER, "credentials_changed",
            "the app's credentials have just been changed; they are used in a moment");
    err->scope = ERR_SCOPE_REQUEST;
    err->retry_at_ms = clock_now_ms() + CREDENTIALS_AGAIN_MS;
    return ERR_LATER;
}

/* Tells budgets, breakers, token keeper and counters how it went. */
static void call_learn(struct call *call, enum err_class class_, const struct err *err)
{
    struct gateway *gateway = call->gateway;
    int64_t now_ms = clock_now_ms();
    const struct breaker_change change = breaker_report(gateway->breakers, &call->place,
                                                        &call->pass, class_, err->scope, now_ms);
    breakers_say(call, &change, err, now_ms);
    if (class_ == ERR_THROTTLED)
        budgets_refuse(call, err, now_ms);
    for (size_t i = 0; class_ == ERR_OK && i < call->ask.endpoint->budgets_len; i++)
        budget_succeeded(gateway->options.coord, call->budgets[i].key);
    if (class_ == ERR_OK && call_needs_token(call))
        token_accepted(gateway->tokens, &call->use, call->ask.facts.access_token);
    if (class_ == ERR_FORBIDDEN && !call->ask.of_token)
        gateway_on_forbidden(gateway, &call->place, NULL, err);

    atomic_fetch_add(&gateway->calls, 1);
    atomic_fetch_add(class_ == ERR_OK ? &gateway->ok : &gateway->failed, 1);
    atomic_fetch_add(&gateway->throttled, class_ == ERR_THROTTLED);
    atomic_fetch_add(&gateway->retried, call->ask.attempt > 0 || call->token_renewed);
    atomic_fetch_add(&gateway->bytes_in, exchange_bytes(call->exchange));
}

/* One line a call. The path goes in without its query: tokens and people stand there. */
static void call_log(const struct call *call, enum err_class class_, const struct err *err,
                     int status, struct str request_id)
{
    const struct call_ask *ask = &call->ask;
    struct url url;
    if (url_parse(call->request.url, &url, NULL) != ERR_OK)
        return;
    log_event(LOG_INFO, "call", LOG_STR("trace", str_of(call->trace)),
              LOG_I64("task", ask->task_id), LOG_STR("shop", ask->facts.shop.name),
              LOG_STR("platform", call->place.platform),
              LOG_STR("stream", ask->stream ? ask->stream->name : ask->endpoint->name),
              LOG_STR("method", call->request.method), LOG_STR("host", url.host),
              LOG_STR("path", url.path), LOG_I64("status", status),
              LOG_STR("code", str_of(class_ == ERR_OK ? "ok" : err->code)),
              LOG_STR("class", str_of(err_class_name(class_))),
              LOG_I64("ms", exchange_ms(call->exchange)),
              LOG_I64("bytes", exchange_bytes(call->exchange)), LOG_I64("attempt", ask->attempt),
              LOG_STR("request_id", request_id), LOG_END);
}

/* One reply, judged, learned from and logged. */
static enum err_class call_finish(struct call *call, struct arena *arena, struct page *page,
                                  int64_t *received_ms, struct err *err)
{
    struct reply reply = {0};
    *page = (struct page){0};
    err_clear(err);
    enum err_class class_ = call_read(call, arena, &reply, page, err);
    retry_time_set(call, class_, clock_now_ms(), err);
    class_ = credentials_look(call, class_, err);
    call_learn(call, class_, err);
    call_log(call, class_, err, reply.status, page->request_id);
    *received_ms = reply.received_ms;
    exchange_free(call->exchange);
    call->exchange = NULL;
    return class_;
}

enum err_class call_wait(struct call *call, struct arena *arena, struct page *page,
                         int64_t *received_ms, struct err *err)
{
    struct err why;
    enum err_class class_ = call_finish(call, arena, page, received_ms, &why);
    if (class_ == ERR_TOKEN_EXPIRED && call_needs_token(call)) {
        /* Once: a platform that calls every token invalid would keep us here for ever. */
        call->token_renewed = true;
        class_ = call_send(call, call->ask.facts.access_token, &why);
        if (class_ == ERR_OK)
            class_ = call_finish(call, arena, page, received_ms, &why);
    }
    if (class_ != ERR_OK && err)
        *err = why;
    return class_;
}

enum err_class gateway_call(struct gateway *gateway, const struct call_ask *ask,
                            struct arena *arena, struct page *page, int64_t *received_ms,
                            struct err *err)
{
    struct call *call;
    enum err_class class_ = gateway_send(gateway, ask, &call, err);
    if (class_ != ERR_OK)
        return class_;
    class_ = call_wait(call, arena, page, received_ms, err);
    call_free(call);
    return class_;
}

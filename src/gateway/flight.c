/* Getting a token, each step on disk before the next. */
#include "gateway/flight.h"

#include <stdio.h>

enum {
    /* How long a row is believed without reading it again: another process may have replaced it. */
    CACHE_MS = 30000,
    /* A token this young that was never accepted is not what is wrong with the call. */
    YOUNG_MS = 10000,
    /* After a refresh ahead of time has failed, the old token is used this long before the next try. */
    GRACE_MS = 30000,
    /* Longer than a grant's call can take. */
    LOCK_MS = 120000,
    LOCK_RETRY_MS = 1000,
};

static enum err_class person_needed(const struct flight *flight, const char *code, const char *why,
                                    struct err *err)
{
    struct str shop = flight->use->shop_name;
    err_set(err, ERR_FORBIDDEN, code, "shop %.*s: %s; run \"huiliu shop authorize %.*s\"",
            STR_ARG(shop), why, STR_ARG(shop));
    if (err)
        err->scope = flight->auth->of_app ? ERR_SCOPE_APP : ERR_SCOPE_SHOP;
    return ERR_FORBIDDEN;
}

/* The endpoint that gives a new token now, or NULL. */
static const struct endpoint *flight_endpoint(const struct flight *flight)
{
    if (flight->auth->grant == GRANT_CLIENT_CREDENTIAL)
        return flight->auth->obtain;
    return flight->row.refresh.len > 0 ? flight->auth->refresh : NULL;
}

static enum err_class flight_load(struct flight *flight, struct err *err)
{
    const struct gateway_options *options = &flight->gateway->options;
    enum err_class class_ = token_row_load(options->store, options->keyring,
                                           str_of(flight->use->owner), flight->arena, &flight->row,
                                           err);
    flight->loaded_as = flight->row.state;
    return class_;
}

static enum err_class flight_save(struct flight *flight, struct err *err)
{
    const struct gateway_options *options = &flight->gateway->options;
    int64_t now_ms = clock_now_ms();
    enum err_class class_ = token_row_save(options->store, options->keyring,
                                           str_of(flight->use->owner), flight->loaded_as, now_ms,
                                           flight->arena, &flight->row, err);
    flight->loaded_as = flight->row.state;
    if (class_ != ERR_CONFLICT)
        return class_;
    /* A person has put another token there meanwhile: that one is for the next try. */
    err_set(err, ERR_LATER, "token_changed", "the token of %s was replaced meanwhile",
            flight->use->owner);
    if (err)
        err->retry_at_ms = now_ms + LOCK_RETRY_MS;
    return ERR_LATER;
}

/* Until when the stored token can be used; 0: not at all. One that can be renewed is left a while
 * before it expires, but never before half of its life. */
static int64_t row_usable_until(const struct flight *flight, bool renewable)
{
    const struct token_row *row = &flight->row;
    int64_t half_ms = (row->expires_ms - row->changed_ms) / 2;
    int64_t ahead_ms = flight->auth->ahead_ms < half_ms ? flight->auth->ahead_ms : half_ms;
    if (row->access.len == 0 || str_eq(row->access, flight->refused))
        return 0;
    if (row->expires_ms == 0)
        return INT64_MAX;
    return renewable && ahead_ms > 0 ? row->expires_ms - ahead_ms : row->expires_ms;
}

/* The row's token is good until then, but is not believed longer than `trust_ms` without a look. */
static void flight_use(struct flight *flight, int64_t until_ms, int64_t now_ms, int64_t trust_ms)
{
    flight->usable_until_ms = until_ms < now_ms + trust_ms ? until_ms : now_ms + trust_ms;
}

/* The platform no longer knows the refresh token: only a new consent helps. */
static enum err_class flight_bury(struct flight *flight, const struct err *cause, struct err *err)
{
    char why[sizeof(cause->message) + 64];
    snprintf(why, sizeof(why), "its authorisation is dead (%s)", cause->message);
    flight->row.state = TOKEN_DEAD;
    flight->row.error = str_of(cause->message);
    enum err_class class_ = flight_save(flight, err);
    return class_ == ERR_OK ? person_needed(flight, "token_dead", why, err) : class_;
}

static enum err_class grant_call(struct flight *flight, const struct endpoint *endpoint,
                                 struct token_reply *out, struct err *err)
{
    struct gateway *gateway = flight->gateway;
    struct call_ask ask = {
        .connector = flight->ask->connector,
        .endpoint = endpoint,
        .facts = flight->ask->facts,
        .task_id = flight->ask->task_id,
        /* Rare, and every call of the token waits for it: it stands in no line. */
        .comer = {.rank = 0, .waited = true, .outside = true},
        .attempt = flight->ask->attempt,
        .proxy = flight->ask->proxy,
        .of_token = true};
    struct page page;
    ask.facts.access_token = flight->row.access;
    ask.facts.refresh_token = flight->row.refresh;
    enum err_class class_ = gateway_call(gateway, &ask, flight->arena, &page,
                                         &ask.facts.received_ms, err);
    if (class_ != ERR_OK)
        return class_;
    class_ = connector_read_token(ask.connector, &page, &ask.facts, flight->arena, out, err);
    page_fini(&page);
    return class_;
}

/* refreshing -> call -> fresh, each step on disk before the next. */
static enum err_class flight_renew(struct flight *flight, const struct endpoint *endpoint,
                                   struct err *err)
{
    struct token_row *row = &flight->row;
    struct token_reply reply;
    struct err why = {0};
    row->state = TOKEN_REFRESHING;
    row->refreshing_ms = clock_now_ms();
    row->previous_access_cipher = row->access_cipher;
    row->previous_refresh_cipher = row->refresh_cipher;
    enum err_class class_ = flight_save(flight, err);
    if (class_ != ERR_OK)
        return class_;
    if (FAIL_POINT("token.refreshing.committed"))
        return err_set(err, ERR_RETRY, "fail_point", "token.refreshing.committed");

    class_ = grant_call(flight, endpoint, &reply, &why);
    bool unknown = class_ == ERR_TOKEN_EXPIRED ||
                   (class_ == ERR_FORBIDDEN && why.scope <= ERR_SCOPE_SHOP);
    if (unknown && endpoint == flight->auth->refresh)
        return flight_bury(flight, &why, err);
    if (class_ != ERR_OK) {
        if (err)
            *err = why;
        return class_;
    }
    if (FAIL_POINT("token.reply.received"))
        return err_set(err, ERR_RETRY, "fail_point", "token.reply.received");

    row->state = TOKEN_FRESH;
    row->refreshing_ms = 0;
    row->access = reply.access;
    row->refresh = reply.refresh.len > 0 ? reply.refresh : row->refresh;
    row->expires_ms = reply.expires_ms;
    row->refresh_expires_ms = reply.refresh_expires_ms > 0 ? reply.refresh_expires_ms
                                                           : row->refresh_expires_ms;
    row->error = STR_NONE;
    flight->obtained = true;
    atomic_fetch_add(&flight->gateway->token_refreshes, 1);
    class_ = flight_save(flight, err);
    if (class_ == ERR_OK && FAIL_POINT("token.saved"))
        return err_set(err, ERR_RETRY, "fail_point", "token.saved");
    return class_;
}

/* No token of the row will do: get a new one or say who must. */
static enum err_class flight_replace(struct flight *flight, struct err *err)
{
    const struct token_row *row = &flight->row;
    const struct endpoint *endpoint = flight_endpoint(flight);
    struct err why = {0};
    if (row->state == TOKEN_DEAD)
        return person_needed(flight, "token_dead", "its authorisation is dead", err);
    if (!endpoint && row->state == TOKEN_ABSENT)
        return person_needed(flight, "token_missing", "it has no token yet", err);
    if (!endpoint)
        return person_needed(flight, "token_dead",
                             flight->refused.len > 0 ? "the platform does not accept its token"
                                                     : "its token has expired",
                             err);

    enum err_class class_ = flight_renew(flight, endpoint, &why);
    int64_t now_ms = clock_now_ms();
    int64_t until_ms = row_usable_until(flight, class_ == ERR_OK);
    bool passing = class_ == ERR_RETRY || class_ == ERR_THROTTLED || class_ == ERR_BAD_REPLY ||
                   class_ == ERR_LATER;
    if (class_ == ERR_OK) {
        flight_use(flight, until_ms, now_ms, CACHE_MS);
        return ERR_OK;
    }
    /* Refreshing ahead of time is a precaution: while the old token holds, calls go on with it. */
    if (passing && until_ms > now_ms && row->state == TOKEN_REFRESHING) {
        flight_use(flight, until_ms, now_ms, GRACE_MS);
        return ERR_OK;
    }
    if (err)
        *err = why;
    return class_;
}

/* With the lock between processes held. */
static enum err_class flight_locked(struct flight *flight, struct err *err)
{
    int64_t now_ms = clock_now_ms();
    enum err_class class_ = flight_load(flight, err);
    if (class_ != ERR_OK)
        return class_;
    const struct token_row *row = &flight->row;
    int64_t until_ms = row_usable_until(flight, flight_endpoint(flight) != NULL);
    if (row->state == TOKEN_FRESH && until_ms > now_ms) {
        flight_use(flight, until_ms, now_ms, CACHE_MS);
        return ERR_OK;
    }
    /* Some platforms call a token invalid when it is the route that is wrong: another new token
     * would be refused as well, and the next, without end. */
    bool same = flight->refused.len > 0 && str_eq(row->access, flight->refused);
    if (same && flight->refused_is_young && now_ms < row->changed_ms + YOUNG_MS) {
        err_set(err, ERR_TOKEN_EXPIRED, "token_refused",
                "shop %.*s: a brand-new token was refused, so the call itself must be wrong",
                STR_ARG(flight->ask->facts.shop.name));
        if (err) {
            err->scope = flight->auth->of_app ? ERR_SCOPE_APP : ERR_SCOPE_SHOP;
            err->retry_at_ms = row->changed_ms + YOUNG_MS;
        }
        return ERR_TOKEN_EXPIRED;
    }
    return flight_replace(flight, err);
}

enum err_class flight_run(struct flight *flight, struct err *err)
{
    struct coord *coord = flight->gateway->options.coord;
    struct str name = arena_printf(flight->arena, "token:%s", flight->use->owner);
    int64_t now_ms = clock_now_ms();
    uint64_t fence;
    if (!name.ptr)
        return err_no_memory(err);
    enum err_class class_ = lock_take(coord, name, flight->locker, now_ms, LOCK_MS, &fence, err);
    /* A flight takes a moment, not the whole life of its lock. */
    if (class_ == ERR_LATER && err)
        err->retry_at_ms = now_ms + LOCK_RETRY_MS;
    if (class_ != ERR_OK)
        return class_;
    class_ = flight_locked(flight, err);
    lock_release(coord, name, flight->locker);
    return class_;
}

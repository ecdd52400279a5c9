/* The gateway's life, and what several of its parts share. */
#include <assert.h>
#include <stdlib.h>

#include "gateway/internal.h"

enum { BACKOFF_DOUBLINGS_MAX = 20 };

/* A later reason replaces an earlier one: the token keeper knows better than the platform's words
 * what a person can do. What a person has disabled stays disabled. */
static const char SHOP_MARK[] = "UPDATE shop SET state = 'needs_person', state_reason = ?"
                                " WHERE id = ? AND state <> 'disabled'";
static const char SHOPS_OF_APP_MARK[] = "UPDATE shop SET state = 'needs_person', state_reason = ?"
                                        " WHERE app_id = ? AND state <> 'disabled'";
static const char USERS_MARK[] = "UPDATE shop SET state = 'needs_person', state_reason = ?"
                                 " WHERE coalesce(token_of, id) = ? AND state <> 'disabled'";
static const char APP_STORED[] = "SELECT key_text, secret_cipher FROM app WHERE id = ?";
static const char SHOP_MARKED[] =
    "SELECT COUNT(*) FROM shop WHERE id = ? AND state = 'needs_person'";

enum err_class gateway_open(const struct gateway_options *options, struct gateway **out,
                            struct err *err)
{
    struct gateway *gateway = calloc(1, sizeof(*gateway));
    if (!gateway)
        return err_no_memory(err);
    gateway->options = *options;
    rng_seed(&gateway->rng, options->seed);
    pthread_mutex_init(&gateway->rng_lock, NULL);
    enum err_class class_ = breakers_new(&gateway->breakers, err);
    if (class_ == ERR_OK)
        class_ = token_keeper_new(gateway, &gateway->tokens, err);
    if (class_ == ERR_OK)
        class_ = limits_new(options->store, options->coord, &gateway->limits, err);
    if (class_ == ERR_OK)
        class_ = client_open(&gateway->client, err);
    if (class_ == ERR_OK)
        *out = gateway;
    else
        gateway_close(gateway);
    return class_;
}

void gateway_stop(struct gateway *gateway)
{
    __atomic_store_n(&gateway->stopping, true, __ATOMIC_RELAXED);
    client_stop(gateway->client);
}

void gateway_close(struct gateway *gateway)
{
    if (!gateway)
        return;
    client_close(gateway->client);
    token_keeper_free(gateway->tokens);
    limits_free(gateway->limits);
    breakers_free(gateway->breakers);
    pthread_mutex_destroy(&gateway->rng_lock);
    free(gateway);
}

int64_t gateway_backoff_ms(struct gateway *gateway, const struct retry_rule *rule, int64_t attempt)
{
    int64_t most_ms = rule->base_ms;
    for (int64_t i = 0; i < attempt && i < BACKOFF_DOUBLINGS_MAX && most_ms < rule->cap_ms; i++)
        most_ms *= 2;
    if (most_ms > rule->cap_ms)
        most_ms = rule->cap_ms;
    if (most_ms <= 0)
        return 0;
    pthread_mutex_lock(&gateway->rng_lock);
    int64_t wait_ms = (int64_t)rng_below(&gateway->rng, (uint64_t)most_ms + 1);
    pthread_mutex_unlock(&gateway->rng_lock);
    return wait_ms;
}

void gateway_on_forbidden(struct gateway *gateway, const struct breaker_place *place,
                          const struct token_use *use, const struct err *cause)
{
    bool of_app = cause->scope == ERR_SCOPE_APP;
    bool of_use = use && use->shop_id != 0;
    if (!of_app && cause->scope != ERR_SCOPE_SHOP)
        return;
    breaker_hold(gateway->breakers, place, of_app ? LEVEL_APP : LEVEL_SHOP, cause->message);
    struct sql_value values[] = {sql_text(str_of(cause->message)),
                                 sql_int(of_app   ? place->app_id
                                         : of_use ? use->shop_id
                                                  : place->shop_id)};
    const struct step step = {of_app   ? SHOPS_OF_APP_MARK
                              : of_use ? USERS_MARK
                                       : SHOP_MARK,
                              values, 2, -1, 0};
    struct err err;
    /* The call's own error goes on; that the mark is missing must not hide it. */
    if (shops_write_step(gateway->options.store, &step, &err) != ERR_OK)
        log_event(LOG_ERROR, "shop_not_marked", LOG_I64("shop_id", place->shop_id),
                  LOG_STR("code", str_of(err.code)), LOG_STR("message", str_of(err.message)),
                  LOG_END);
}

uint64_t app_stored_hash(struct str key, struct str secret_cipher)
{
    uint64_t parts[] = {hash_bytes(key.ptr ? key.ptr : "", key.len),
                        hash_bytes(secret_cipher.ptr ? secret_cipher.ptr : "", secret_cipher.len)};
    uint64_t hash = hash_bytes(parts, sizeof(parts));
    return hash == 0 ? 1 : hash;
}

bool gateway_app_is_otherwise(struct gateway *gateway, const struct facts *facts)
{
    const struct sql_value id = sql_int(facts->app.id);
    struct reader *row;
    if (facts->app.stored == 0 || facts->app.id == 0 ||
        store_read(gateway->options.store, APP_STORED, &id, 1, &row, NULL) != ERR_OK)
        return false;
    bool otherwise = reader_next(row) &&
                     app_stored_hash(reader_text(row, 0), reader_text(row, 1)) != facts->app.stored;
    return reader_close(row, NULL) == ERR_OK && otherwise;
}

bool gateway_shop_is_enabled(struct gateway *gateway, int64_t shop_id)
{
    struct sql_value id = sql_int(shop_id);
    int64_t marked;
    return store_read_int(gateway->options.store, SHOP_MARKED, &id, 1, 0, &marked, NULL) ==
               ERR_OK &&
           marked == 0;
}

void gateway_counts_read(struct gateway *gateway, struct gateway_counts *out)
{
    *out = (struct gateway_counts){
        .calls = atomic_load(&gateway->calls),
        .ok = atomic_load(&gateway->ok),
        .failed = atomic_load(&gateway->failed),
        .throttled = atomic_load(&gateway->throttled),
        .retried = atomic_load(&gateway->retried),
        .token_refreshes = atomic_load(&gateway->token_refreshes),
        .bytes_in = atomic_load(&gateway->bytes_in),
    };
}

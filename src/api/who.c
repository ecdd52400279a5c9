/* Sessions, bearers and tokens, and what is remembered of them. */
#include "api/who.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/bearer.h"
#include "api/sql.h"

static const struct str token_prefix = {"hlt_", 4};
static const struct str session_bearer = {SESSION_BEARER, sizeof(SESSION_BEARER) - 1};

struct person *person_of(const struct user *user, struct arena *arena)
{
    struct person *person = arena_alloc(arena, sizeof(*person));
    if (!person)
        return NULL;
    *person = (struct person){
        .user_id = user->id,
        .name = user->name,
        .right = str_eq(user->role, STR("admin"))      ? RIGHT_ADMIN
                 : str_eq(user->role, STR("operator")) ? RIGHT_OPERATE
                                                       : RIGHT_READ,
        .reveals = user->reveals,
        .all_shops = user->all_shops,
        .shops = user->shops,
        .shops_len = user->shops_len,
        .generation = user->generation,
    };
    return person;
}

/* --- what is remembered --- */

/* One credential: the person in memory of its own, so that a reader copies it out. */
struct who_slot {
    char key[72]; /* empty: free */
    int64_t loaded_ms, expires_ms;
    struct arena arena;
    struct person *person;
};
struct who_cache {
    pthread_mutex_t lock;
    uint64_t epoch;
    struct who_slot slots[WHO_SLOTS];
};

struct who_cache *who_cache_new(void)
{
    struct who_cache *cache = calloc(1, sizeof(*cache));
    if (cache)
        pthread_mutex_init(&cache->lock, NULL);
    return cache;
}

static void slot_clear(struct who_slot *slot)
{
    if (slot->key[0])
        arena_fini(&slot->arena);
    slot->key[0] = '\0';
}

void who_cache_free(struct who_cache *cache)
{
    if (!cache)
        return;
    for (size_t i = 0; i < WHO_SLOTS; i++)
        slot_clear(&cache->slots[i]);
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

void who_forget(struct api *api)
{
    struct who_cache *cache = api->who;
    pthread_mutex_lock(&cache->lock);
    cache->epoch++;
    for (size_t i = 0; i < WHO_SLOTS; i++)
        slot_clear(&cache->slots[i]);
    pthread_mutex_unlock(&cache->lock);
}

static struct person *person_copy(const struct person *from, struct arena *arena)
{
    struct person *to = arena_alloc(arena, sizeof(*to));
    int64_t *shops = arena_array(arena, from->shops_len + 1, sizeof(*shops));
    if (!to || !shops)
        return NULL;
    *to = *from;
    to->name = arena_dup(arena, from->name);
    to->session = arena_dup(arena, from->session);
    to->session_digest = arena_dup(arena, from->session_digest);
    if (from->shops_len > 0)
        memcpy(shops, from->shops, from->shops_len * sizeof(*shops));
    to->shops = shops;
    return to->name.ptr && to->session.ptr && to->session_digest.ptr ? to : NULL;
}

static struct who_slot *cache_slot(struct who_cache *cache, const char *key)
{
    return &cache->slots[hash_bytes(key, strlen(key)) % WHO_SLOTS];
}

static struct person *cache_find(struct call *call, const char *key, uint64_t *epoch)
{
    struct who_cache *cache = call->api->who;
    struct person *found = NULL;
    pthread_mutex_lock(&cache->lock);
    const struct who_slot *slot = cache_slot(cache, key);
    int64_t age_ms = call->now_ms - slot->loaded_ms;
    *epoch = cache->epoch;
    if (strcmp(slot->key, key) == 0 && age_ms >= 0 && age_ms < WHO_LASTS_MS &&
        slot->expires_ms > call->now_ms)
        found = person_copy(slot->person, call->arena);
    pthread_mutex_unlock(&cache->lock);
    return found;
}

/* What was read before somebody's change is not kept. */
static void cache_put(struct call *call, const char *key, uint64_t epoch, int64_t expires_ms,
                      const struct person *person)
{
    struct who_cache *cache = call->api->who;
    pthread_mutex_lock(&cache->lock);
    struct who_slot *slot = cache_slot(cache, key);
    if (cache->epoch == epoch) {
        slot_clear(slot);
        arena_init(&slot->arena);
        slot->person = person_copy(person, &slot->arena);
        slot->loaded_ms = call->now_ms;
        slot->expires_ms = expires_ms;
        snprintf(slot->key, sizeof(slot->key), "%s", key);
        if (!slot->person)
            slot_clear(slot);
    }
    pthread_mutex_unlock(&cache->lock);
}

/* --- reading --- */

static enum err_class person_load(struct call *call, int64_t user_id, struct person **out,
                                  struct err *err)
{
    struct user user;
    enum err_class class_ = user_read(call->host->store, user_id, call->arena, &user, err);
    *out = NULL;
    if (class_ == ERR_NOT_FOUND)
        return ERR_OK;
    if (class_ != ERR_OK || user.disabled)
        return class_;
    *out = person_of(&user, call->arena);
    return *out ? ERR_OK : err_no_memory(err);
}

struct touch {
    const char *sql;
    struct sql_value key;
    int64_t now_ms;
};

static enum err_class touch_work(struct tx *tx, void *context, struct err *err)
{
    const struct touch *touch = context;
    const struct sql_value values[] = {touch->key, sql_int(touch->now_ms)};
    return tx_exec(tx, touch->sql, values, 2, NULL, err);
}

/* That it was used is written down now and then; that it cannot be stops nothing. */
static void seen_write(struct call *call, const char *sql, struct sql_value key, int64_t seen_ms)
{
    struct touch touch = {sql, key, call->now_ms};
    struct err err;
    if (call->now_ms - seen_ms >= SESSION_SEEN_MS &&
        store_write(call->host->store, touch_work, &touch, &err) != ERR_OK)
        log_event(LOG_WARN, "session_not_touched", LOG_STR("code", str_of(err.code)), LOG_END);
}

static enum err_class session_load(struct call *call, const char *digest, struct person **out,
                                   int64_t *expires_ms, struct err *err)
{
    const struct sql_value key = sql_text(str_of(digest));
    struct reader *row;
    int64_t user_id = 0, created_ms = 0, seen_ms = 0;
    enum err_class class_ = store_read(call->host->store, SQL_SESSION, &key, 1, &row, err);
    if (class_ != ERR_OK)
        return class_;
    if (reader_next(row)) {
        user_id = reader_int(row, 0);
        created_ms = reader_int(row, 1);
        seen_ms = reader_int(row, 2);
    }
    class_ = reader_close(row, err);
    *expires_ms = seen_ms + SESSION_IDLE_MS < created_ms + SESSION_LASTS_MS
                      ? seen_ms + SESSION_IDLE_MS
                      : created_ms + SESSION_LASTS_MS;
    *out = NULL;
    if (class_ != ERR_OK || user_id == 0 || *expires_ms <= call->now_ms)
        return class_;
    class_ = person_load(call, user_id, out, err);
    if (class_ != ERR_OK || !*out)
        return class_;
    (*out)->by_cookie = true;
    (*out)->session_digest = arena_dup(call->arena, str_of(digest));
    (*out)->session = arena_printf(call->arena, "session:%.8s", digest);
    seen_write(call, SQL_SESSION_SEEN, key, seen_ms);
    return ERR_OK;
}

static enum err_class token_load(struct call *call, const char *digest, struct person **out,
                                 int64_t *expires_ms, struct err *err)
{
    const struct sql_value key = sql_text(str_of(digest));
    struct reader *row;
    int64_t id = 0, user_id = 0, used_ms = 0;
    enum err_class class_ = store_read(call->host->store, SQL_TOKEN, &key, 1, &row, err);
    if (class_ != ERR_OK)
        return class_;
    *out = NULL;
    *expires_ms = 0;
    if (reader_next(row)) {
        id = reader_int(row, 0);
        user_id = reader_int(row, 1);
        *expires_ms = reader_is_null(row, 2) ? INT64_MAX : reader_int(row, 2);
        used_ms = reader_int(row, 3);
    }
    class_ = reader_close(row, err);
    if (class_ != ERR_OK || user_id == 0 || *expires_ms <= call->now_ms)
        return class_;
    class_ = person_load(call, user_id, out, err);
    if (class_ != ERR_OK || !*out)
        return class_;
    (*out)->session = arena_printf(call->arena, "token:%lld", (long long)id);
    seen_write(call, SQL_TOKEN_USED, sql_int(id), used_ms);
    return ERR_OK;
}

/* A secret that the database knows by its digest. *out NULL: it does not, or not any more. */
static enum err_class secret_read(struct call *call, struct str secret, bool cookie,
                                  struct person **out, struct err *err)
{
    char digest[TOKEN_TEXT_BYTES], key[72];
    uint64_t epoch;
    int64_t expires_ms = 0;
    enum err_class class_ = token_digest(secret, digest, err);
    if (class_ != ERR_OK)
        return class_;
    snprintf(key, sizeof(key), "%c%s", cookie ? 's' : 't', digest);
    *out = cache_find(call, key, &epoch);
    if (*out)
        return ERR_OK;
    class_ = cookie ? session_load(call, digest, out, &expires_ms, err)
                    : token_load(call, digest, out, &expires_ms, err);
    if (class_ == ERR_OK && *out)
        cache_put(call, key, epoch, expires_ms, *out);
    return class_;
}

static enum err_class jwt_read(struct call *call, struct str text, struct person **out,
                               struct err *err)
{
    struct bearer bearer;
    char key[72];
    uint64_t epoch;
    *out = NULL;
    enum err_class class_ = bearer_read(call->host->keyring, text, call->now_ms, &bearer, err);
    if (class_ != ERR_OK)
        return class_;
    snprintf(key, sizeof(key), "u%lld", (long long)bearer.user_id);
    *out = cache_find(call, key, &epoch);
    if (!*out) {
        class_ = person_load(call, bearer.user_id, out, err);
        if (class_ != ERR_OK)
            return class_;
        if (*out) {
            (*out)->session = STR("bearer");
            cache_put(call, key, epoch, INT64_MAX, *out);
        }
    }
    if (*out && (*out)->generation != bearer.generation)
        *out = NULL;
    return ERR_OK;
}

struct str session_cookie(const struct http_request *request)
{
    struct str rest = http_header(request, STR("Cookie"));
    while (rest.len > 0) {
        struct str pair, name, value;
        str_cut(rest, ';', &pair, &rest);
        if (str_cut(str_trim(pair), '=', &name, &value) && str_eq(name, STR(SESSION_COOKIE)))
            return value;
    }
    return STR_NONE;
}

static enum err_class authorization_read(struct call *call, struct str header, struct person **out,
                                         struct err *err)
{
    struct str scheme, text;
    *out = NULL;
    str_cut(header, ' ', &scheme, &text);
    text = str_trim(text);
    enum err_class class_ = ERR_OK;
    if (!str_eq_nocase(scheme, STR("Bearer")))
        class_ = ERR_OK;
    else if (bearer_looks_like(text))
        class_ = jwt_read(call, text, out, err);
    else if (str_starts(text, token_prefix) && text.len == token_prefix.len + 64)
        class_ = secret_read(call, text, false, out, err);
    else if (str_starts(text, session_bearer) && text.len == session_bearer.len + 64) {
        class_ = secret_read(call, str_sub(text, session_bearer.len, text.len), true, out, err);
        if (class_ == ERR_OK && *out)
            (*out)->by_cookie = false; /* no other site can make a browser send it */
    }
    if (class_ == ERR_OK && !*out)
        class_ = err_set(err, ERR_TOKEN_EXPIRED, "bearer", "the bearer is not valid, or no longer");
    return class_;
}

enum err_class who_read(struct call *call, struct err *err)
{
    struct person *person = NULL;
    enum err_class class_ = ERR_OK;
    struct str header = http_header(call->request, STR("Authorization"));
    struct str cookie = session_cookie(call->request);
    if (header.len > 0)
        class_ = authorization_read(call, header, &person, err);
    else if (cookie.len == 64)
        class_ = secret_read(call, cookie, true, &person, err);
    if (class_ == ERR_OK)
        call->person = person;
    return class_;
}

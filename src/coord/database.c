/* Budgets and locks that several processes share through the database they all store in: rows, and a transaction a decision
 * (database_rows.c), over a connection of their own.
 *
 * A decision costs two trips to the server and a COMMIT, and nobody else can decide on the same rows meanwhile. So those who ask
 * while one is under way are decided together by the next: however many threads ask, a process has one transaction at a time. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "coord/database_rows.h"
#include "coord/ops.h"

enum {
    /* Of whom it is known how much of its rate a budget has; who has all of it learns nothing from a success. */
    KNOWN_MAX = 16384,
    AWAY_MS = 1000,
    AWAY_JITTER_MS = 250,
};
/* Nothing is blocked for longer: further away no sum may go. */
static const int64_t BLOCKED_MAX_MS = 366 * 86400000LL;

struct known {
    int64_t learned_per_mille;
    size_t key_len;
    char key[];
};

struct database {
    struct coord coord;
    bool clock_is_handed_in;
    struct store_side *side; /* of who is deciding */
    struct decision decision;
    pthread_mutex_t mutex; /* of all below; not held while the database is asked */
    pthread_cond_t decided;
    bool deciding;
    struct question *first, *last; /* in the order in which they came */
    struct map known;              /* key -> struct known */
    bool down;
    struct rng rng;
};

static struct database *database_of(struct coord *coord)
{
    return (struct database *)coord;
}

/* --- one at a time --- */

/* Waits for its turn on the connection. Who waits here holds time, as if for a mutex: it is not long. */
static void turn_take(struct database *database)
{
    while (database->deciding)
        pthread_cond_wait(&database->decided, &database->mutex);
    database->deciding = true;
    pthread_mutex_unlock(&database->mutex);
}

static void turn_give(struct database *database, enum err_class class_, const struct err *why)
{
    pthread_mutex_lock(&database->mutex);
    bool down = class_ == ERR_STORE || class_ == ERR_CONFIG;
    if (down != database->down)
        log_event(LOG_WARN, down ? "coord_down" : "coord_shared",
                  LOG_STR("why", down ? str_of(why->message) : STR("the database answers")),
                  LOG_END);
    database->down = down;
    database->deciding = false;
    pthread_cond_broadcast(&database->decided);
}

/* With the mutex held, as are all below. */
static enum err_class work_do(struct database *database, store_work *work, void *context,
                              struct err *why)
{
    turn_take(database);
    enum err_class class_ = store_side_write(database->side, work, context, why);
    turn_give(database, class_, why);
    return class_;
}

/* What the database did not answer is nobody's. An error of ours stays one. */
static enum err_class told_down(struct database *database, enum err_class class_,
                                const struct err *why, const char *what, int64_t now_ms,
                                int64_t *at_ms, struct err *err)
{
    *at_ms = now_ms + AWAY_MS + (int64_t)rng_below(&database->rng, AWAY_JITTER_MS);
    if (class_ != ERR_STORE && class_ != ERR_CONFIG) {
        if (err)
            *err = *why;
        return class_;
    }
    err_set(err, ERR_LATER, "coord_down", "%s while the database does not answer: %s", what,
            why->message);
    if (err)
        err->retry_at_ms = *at_ms;
    return ERR_LATER;
}

/* --- budgets --- */

static void known_set(struct database *database, struct str key, int64_t learned_per_mille)
{
    struct map_entry *entry = map_find(&database->known, key);
    struct known *known = entry ? entry->value.ptr : malloc(sizeof(*known) + key.len);
    if (!known)
        return;
    known->learned_per_mille = learned_per_mille;
    if (entry)
        return;
    known->key_len = key.len;
    memcpy(known->key, key.ptr, key.len);
    entry = map_put(&database->known, (struct str){known->key, known->key_len}, NULL);
    if (entry)
        entry->value.ptr = known;
    else
        free(known);
}

/* As many of those who wait, from the first on, as one transaction has room for. */
static void decision_gather(struct database *database)
{
    struct decision *decision = &database->decision;
    decision->clock_is_handed_in = database->clock_is_handed_in;
    decision->questions_len = decision->rows_len = 0;
    while (database->first && decision_add(decision, database->first))
        database->first = database->first->next;
    if (!database->first)
        database->last = NULL;
}

static void decision_answer(struct database *database, enum err_class class_, const struct err *why)
{
    const struct decision *decision = &database->decision;
    for (size_t i = 0; i < decision->questions_len; i++) {
        struct question *question = decision->questions[i];
        if (class_ != ERR_OK) {
            question->result = class_;
            question->err = *why;
        }
        question->done = true;
    }
    for (size_t i = 0; i < decision->rows_len && class_ == ERR_OK; i++) {
        const struct row *row = &decision->rows[i];
        if (row->there)
            known_set(database, row->key, row->budget.bucket.learned_per_mille);
    }
}

/* Answered when it returns; by this thread, for others too, or by another. */
static void question_ask(struct database *database, struct question *question)
{
    question->asked_ns = clock_monotonic_ns();
    if (database->last)
        database->last->next = question;
    else
        database->first = question;
    database->last = question;
    while (!question->done) {
        struct err why = {0};
        if (database->deciding) {
            pthread_cond_wait(&database->decided, &database->mutex);
            continue;
        }
        decision_gather(database);
        enum err_class class_ = work_do(database, decision_make, &database->decision, &why);
        decision_answer(database, class_, &why);
    }
}

static enum err_class database_take(struct coord *coord, const struct budget_ask *asks,
                                    size_t asks_len, struct budget_comer comer, int64_t now_ms,
                                    int64_t horizon_ms, int64_t *start_ms, struct err *err)
{
    struct database *database = database_of(coord);
    struct question question = {.kind = QUESTION_TAKE,
                                .asks = asks,
                                .asks_len = asks_len,
                                .comer = comer,
                                .now_ms = now_ms,
                                .horizon_ms = horizon_ms};
    pthread_mutex_lock(&database->mutex);
    question_ask(database, &question);
    enum err_class class_ = question.result;
    if (class_ != ERR_OK && class_ != ERR_LATER) {
        class_ = told_down(database, class_, &question.err, "no call", now_ms, start_ms, err);
        pthread_mutex_unlock(&database->mutex);
        return class_;
    }
    pthread_mutex_unlock(&database->mutex);
    /* It was decided somewhere between the question and the answer: counted from the answer a start is never
     * too early. */
    if (!database->clock_is_handed_in)
        question.start_ms += (clock_monotonic_ns() - question.asked_ns) / 1000000;
    *start_ms = question.start_ms;
    if (class_ != ERR_OK && err) {
        *err = question.err;
        err->retry_at_ms = *start_ms;
    }
    return class_;
}

/* What is lost here makes nobody too fast: a refusal comes again, a success raises only. */
static void database_tell(struct database *database, enum question_kind kind, struct str key,
                          int64_t now_ms, int64_t retry_at_ms)
{
    const struct budget_ask ask = {.key = key};
    struct question question = {
        .kind = kind, .asks = &ask, .asks_len = 1, .now_ms = now_ms, .retry_at_ms = retry_at_ms};
    question_ask(database, &question);
}

static void database_refused(struct coord *coord, struct str key, int64_t now_ms,
                             int64_t retry_at_ms)
{
    struct database *database = database_of(coord);
    if (retry_at_ms > now_ms + BLOCKED_MAX_MS)
        retry_at_ms = now_ms + BLOCKED_MAX_MS;
    pthread_mutex_lock(&database->mutex);
    database_tell(database, QUESTION_REFUSED, key, now_ms, retry_at_ms);
    pthread_mutex_unlock(&database->mutex);
}

/* Nearly always a budget has all of its rate, and nobody is asked. */
static void database_succeeded(struct coord *coord, struct str key)
{
    struct database *database = database_of(coord);
    pthread_mutex_lock(&database->mutex);
    const struct map_entry *entry = map_find(&database->known, key);
    const struct known *known = entry ? entry->value.ptr : NULL;
    if (!known || known->learned_per_mille < LEARNED_MAX_PER_MILLE)
        database_tell(database, QUESTION_SUCCEEDED, key, 0, 0);
    pthread_mutex_unlock(&database->mutex);
}

static void database_reset(struct coord *coord, struct str key)
{
    struct database *database = database_of(coord);
    pthread_mutex_lock(&database->mutex);
    database_tell(database, QUESTION_RESET, key, 0, 0);
    pthread_mutex_unlock(&database->mutex);
}

static size_t database_list(struct coord *coord, int64_t now_ms, struct arena *arena,
                            struct budget_state *out, size_t max)
{
    struct database *database = database_of(coord);
    struct listing listing = {.clock_is_handed_in = database->clock_is_handed_in,
                              .now_ms = now_ms,
                              .arena = arena,
                              .out = out,
                              .max = max};
    struct err why = {0};
    pthread_mutex_lock(&database->mutex);
    enum err_class class_ = work_do(database, budgets_list, &listing, &why);
    pthread_mutex_unlock(&database->mutex);
    return class_ == ERR_OK ? listing.len : 0;
}

/* --- locks --- */

static enum err_class lock_do(struct database *database, struct locking *locking, struct err *err)
{
    struct err why = {0};
    int64_t retry_at_ms;
    locking->clock_is_handed_in = database->clock_is_handed_in;
    pthread_mutex_lock(&database->mutex);
    enum err_class class_ = work_do(database, lock_work, locking, &why);
    if (class_ != ERR_OK)
        class_ = told_down(database, class_, &why, "no lock", locking->now_ms, &retry_at_ms, err);
    pthread_mutex_unlock(&database->mutex);
    if (class_ != ERR_OK)
        return class_;
    if (locking->result != ERR_OK && err)
        *err = locking->why;
    return locking->result;
}

static enum err_class database_lock_take(struct coord *coord, struct str name, struct str owner,
                                         int64_t now_ms, int64_t ttl_ms, uint64_t *fence,
                                         struct err *err)
{
    struct locking locking = {
        .act = LOCK_TAKE, .name = name, .owner = owner, .now_ms = now_ms, .ttl_ms = ttl_ms};
    enum err_class class_ = lock_do(database_of(coord), &locking, err);
    if (class_ == ERR_OK)
        *fence = locking.fence;
    return class_;
}

static enum err_class database_lock_renew(struct coord *coord, struct str name, struct str owner,
                                          int64_t now_ms, int64_t ttl_ms, struct err *err)
{
    struct locking locking = {
        .act = LOCK_RENEW, .name = name, .owner = owner, .now_ms = now_ms, .ttl_ms = ttl_ms};
    return lock_do(database_of(coord), &locking, err);
}

static void database_lock_release(struct coord *coord, struct str name, struct str owner)
{
    /* Without the database it expires. */
    struct locking locking = {.act = LOCK_RELEASE, .name = name, .owner = owner};
    lock_do(database_of(coord), &locking, NULL);
}

/* --- life cycle --- */

static enum err_class nothing_do(struct tx *tx, void *context, struct err *err)
{
    struct listing *listing = context;
    listing->max = 0;
    return budgets_list(tx, listing, err);
}

static bool database_is_degraded(struct coord *coord, int64_t now_ms)
{
    struct database *database = database_of(coord);
    struct listing listing = {.now_ms = now_ms};
    struct err why = {0};
    pthread_mutex_lock(&database->mutex);
    if (database->down)
        work_do(database, nothing_do, &listing, &why);
    bool down = database->down;
    pthread_mutex_unlock(&database->mutex);
    return down;
}

static void database_close(struct coord *coord)
{
    struct database *database = database_of(coord);
    struct map_entry *entry;
    store_side_close(database->side);
    for (size_t at = 0; (entry = map_next(&database->known, &at));)
        free(entry->value.ptr);
    map_fini(&database->known);
    pthread_cond_destroy(&database->decided);
    pthread_mutex_destroy(&database->mutex);
    free(database);
}

static const struct coord_ops database_ops = {
    .close = database_close,
    .take = database_take,
    .refused = database_refused,
    .succeeded = database_succeeded,
    .reset = database_reset,
    .list = database_list,
    .lock_take = database_lock_take,
    .lock_renew = database_lock_renew,
    .lock_release = database_lock_release,
    .is_degraded = database_is_degraded,
};

enum err_class coord_open_database(const struct coord_database_options *options, struct coord **out,
                                   struct err *err)
{
    struct database *database = calloc(1, sizeof(*database));
    if (!database)
        return err_no_memory(err);
    database->coord.ops = &database_ops;
    database->clock_is_handed_in = options->clock_is_handed_in;
    pthread_mutex_init(&database->mutex, NULL);
    pthread_cond_init(&database->decided, NULL);
    map_init(&database->known, KNOWN_MAX);
    rng_seed(&database->rng, options->seed);
    enum err_class class_ = store_side_open(options->store, &database->side, err);
    if (class_ == ERR_OK && !options->clock_is_handed_in)
        class_ = store_side_write(database->side, shared_rows_prune, NULL, err);
    if (class_ == ERR_OK)
        *out = &database->coord;
    else
        database_close(&database->coord);
    return class_;
}

/* Rows of budgets and locks: read and held, changed, written. */
#include "coord/database_rows.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* --- statements --- */

#define SQL_NOW_SQLITE "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"
/* Not the transaction's or the statement's time: what is held may have been waited for. */
#define SQL_NOW_POSTGRES "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)"

/* Neither is NOW() there, but SYSDATE() is read when a row is given. */
#define SQL_NOW_MARIADB "CAST(unix_timestamp(sysdate(3)) * 1000 AS SIGNED)"

/* ?1 … ?16 names: the row of each that is there, and held until the transaction ends. All hold them in the order of
 * their names, so that nobody waits in a circle. The inner query is where they are waited for: the time is read after (MariaDB looks at an inner query
 * first only where it has a LIMIT). */
#define SQL_BUCKETS                                                                                \
    "SELECT name, taken, refused, state FROM budget_bucket WHERE name IN (?1, ?2, ?3, ?4, ?5, ?6," \
    " ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16) ORDER BY name"
#define SQL_BUCKETS_HOLD                                                                           \
    SQL_PER_DATABASE("SELECT name, taken, refused, state, " SQL_NOW_SQLITE " FROM (" SQL_BUCKETS   \
                     ") AS held",                                                                  \
                     "SELECT name, taken, refused, state, " SQL_NOW_POSTGRES " FROM (" SQL_BUCKETS \
                     " FOR UPDATE) AS held",                                                       \
                     "SELECT name, taken, refused, state, " SQL_NOW_MARIADB " FROM (" SQL_BUCKETS  \
                     " LIMIT 16 FOR UPDATE) AS held")
/* ?1 name */
#define SQL_BUCKET_MAKE                                                                            \
    "INSERT INTO budget_bucket (name, used_ms, taken, refused, state) VALUES (?1, 0, 0, 0, '')"    \
    " ON CONFLICT (name) DO NOTHING"
/* ?1 name ?2 used ?3 taken ?4 refused ?5 state */
#define SQL_BUCKET_SET                                                                             \
    "UPDATE budget_bucket SET used_ms = ?2, taken = ?3, refused = ?4, state = ?5 WHERE name = ?1"
/* ?1 name */
#define SQL_BUCKET_DROP "DELETE FROM budget_bucket WHERE name = ?1"
#define SQL_BUCKETS_ALL                                                                            \
    SQL_PER_DATABASE("SELECT name, taken, refused, state, " SQL_NOW_SQLITE                         \
                     " FROM budget_bucket WHERE state <> '' ORDER BY name",                        \
                     "SELECT name, taken, refused, state, " SQL_NOW_POSTGRES                       \
                     " FROM budget_bucket WHERE state <> '' ORDER BY name",                        \
                     "SELECT name, taken, refused, state, " SQL_NOW_MARIADB                        \
                     " FROM budget_bucket WHERE state <> '' ORDER BY name")
/* ?1 name: its row, held. */
#define SQL_LOCK_HOLD                                                                              \
    SQL_PER_DATABASE(                                                                              \
        "SELECT owner, fence, entered, expires_ms, " SQL_NOW_SQLITE                                \
        " FROM coord_lock WHERE name = ?1",                                                        \
        "SELECT owner, fence, entered, expires_ms, " SQL_NOW_POSTGRES " FROM (SELECT owner,"       \
        " fence, entered, expires_ms FROM coord_lock WHERE name = ?1 FOR UPDATE) AS held",         \
        "SELECT owner, fence, entered, expires_ms, " SQL_NOW_MARIADB " FROM (SELECT owner,"        \
        " fence, entered, expires_ms FROM coord_lock WHERE name = ?1 LIMIT 1 FOR UPDATE) AS held")
/* ?1 name */
#define SQL_LOCK_MAKE                                                                              \
    "INSERT INTO coord_lock (name, owner, fence, entered, expires_ms) VALUES (?1, '', 0, 0, 0)"    \
    " ON CONFLICT (name) DO NOTHING"
/* ?1 name ?2 owner ?3 fence ?4 entered ?5 expires */
#define SQL_LOCK_SET                                                                               \
    "UPDATE coord_lock SET owner = ?2, fence = ?3, entered = ?4, expires_ms = ?5 WHERE name = ?1"
/* A bucket that is gone starts empty, and a fence is at least the time: both may be forgotten, but a call a month needs
 * long to fill. */
#define SQL_BUCKETS_PRUNE                                                                          \
    SQL_PER_DATABASE(                                                                              \
        "DELETE FROM budget_bucket WHERE used_ms < " SQL_NOW_SQLITE " - 31622400000",              \
        "DELETE FROM budget_bucket WHERE used_ms < " SQL_NOW_POSTGRES " - 31622400000",            \
        "DELETE FROM budget_bucket WHERE used_ms < " SQL_NOW_MARIADB " - 31622400000")
#define SQL_LOCKS_PRUNE                                                                            \
    SQL_PER_DATABASE("DELETE FROM coord_lock WHERE expires_ms < " SQL_NOW_SQLITE " - 86400000",    \
                     "DELETE FROM coord_lock WHERE expires_ms < " SQL_NOW_POSTGRES " - 86400000",  \
                     "DELETE FROM coord_lock WHERE expires_ms < " SQL_NOW_MARIADB " - 86400000")

/* --- budgets --- */

static struct row *row_find(struct decision *decision, struct str key)
{
    for (size_t i = 0; i < decision->rows_len; i++)
        if (str_eq(decision->rows[i].key, key))
            return &decision->rows[i];
    return NULL;
}

bool decision_add(struct decision *decision, struct question *question)
{
    size_t fresh = 0;
    for (size_t i = 0; i < question->asks_len; i++)
        fresh += row_find(decision, question->asks[i].key) == NULL;
    if (decision->questions_len == ROWS_MAX || decision->rows_len + fresh > ROWS_MAX)
        return false;
    for (size_t i = 0; i < question->asks_len; i++)
        if (!row_find(decision, question->asks[i].key))
            decision->rows[decision->rows_len++].key = question->asks[i].key;
    decision->questions[decision->questions_len++] = question;
    return true;
}

/* A row whose text nobody here has written is as good as none. */
static bool budget_read(const struct reader *from, struct budget *out)
{
    out->taken = reader_int(from, 1);
    out->refused = reader_int(from, 2);
    return bucket_text_read(reader_text(from, 3), &out->bucket);
}

static enum err_class row_read(struct reader *from, void *context, struct err *err)
{
    (void)err;
    struct decision *decision = context;
    struct row *row = row_find(decision, reader_text(from, 0));
    int64_t now_ms = reader_int(from, 4);
    decision->now_ms = now_ms > decision->now_ms ? now_ms : decision->now_ms;
    assert(row);
    row->there = true;
    if (!budget_read(from, &row->budget))
        row->budget = (struct budget){.bucket.limit.calls = 0};
    return ERR_OK;
}

/* Whoever asks first finds no row to hold, and makes one. Only a call needs that. */
static enum err_class rows_make(struct tx *tx, struct decision *decision, bool *made,
                                struct err *err)
{
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; i < decision->questions_len; i++) {
        const struct question *question = decision->questions[i];
        for (size_t k = 0; question->kind == QUESTION_TAKE && k < question->asks_len; k++) {
            struct row *row = row_find(decision, question->asks[k].key);
            const struct sql_value name = sql_text(row->key);
            if (row->there || class_ != ERR_OK)
                continue;
            class_ = tx_later(tx, SQL_BUCKET_MAKE, &name, 1, err);
            row->there = *made = true;
        }
    }
    return class_;
}

static enum err_class rows_hold(struct tx *tx, struct decision *decision, struct err *err)
{
    struct sql_value names[ROWS_MAX];
    for (size_t i = 0; i < ROWS_MAX; i++)
        names[i] = sql_text(decision->rows[i < decision->rows_len ? i : 0].key);
    for (size_t i = 0; i < decision->rows_len; i++)
        decision->rows[i].there = decision->rows[i].changed = false;
    return tx_query(tx, SQL_BUCKETS_HOLD, names, ROWS_MAX, row_read, decision, err);
}

static bool row_is_used(const struct row *row)
{
    return row->there && row->budget.bucket.limit.calls > 0;
}

static void take_answer(struct decision *decision, struct question *question, int64_t now_ms)
{
    struct budget *budgets[BUDGET_KEYS_MAX];
    for (size_t i = 0; i < question->asks_len; i++) {
        const struct budget_ask *ask = &question->asks[i];
        struct row *row = row_find(decision, ask->key);
        if (row_is_used(row))
            budget_settle(&row->budget, &ask->limit, now_ms);
        else
            budget_init(&row->budget, &ask->limit, now_ms);
        row->changed = true;
        budgets[i] = &row->budget;
    }
    question->result = tree_take(budgets, question->asks, question->asks_len, question->comer,
                                 now_ms, question->horizon_ms, &question->start_ms, &question->err);
    question->start_ms += question->now_ms - now_ms;
    question->err.retry_at_ms = question->start_ms;
}

static void question_answer(struct decision *decision, struct question *question)
{
    int64_t now_ms = decision->clock_is_handed_in ? question->now_ms : decision->now_ms;
    struct row *row = row_find(decision, question->asks[0].key);
    question->result = ERR_OK;
    if (question->kind == QUESTION_TAKE) {
        take_answer(decision, question, now_ms);
        return;
    }
    if (!row_is_used(row))
        return; /* a key that nobody asked for yet teaches nothing */
    if (question->kind == QUESTION_SUCCEEDED) {
        int64_t learned_before = row->budget.bucket.learned_per_mille;
        bucket_succeeded(&row->budget.bucket);
        row->changed |= row->budget.bucket.learned_per_mille != learned_before;
        return;
    }
    row->changed = true;
    if (question->kind == QUESTION_REFUSED)
        tree_refused(&row->budget, now_ms, question->retry_at_ms - question->now_ms + now_ms);
    else
        row->budget = (struct budget){.bucket.limit.calls = 0};
}

static enum err_class row_write(struct tx *tx, const struct row *row, int64_t now_ms,
                                struct err *err)
{
    char text[BUCKET_TEXT_BYTES_MAX];
    struct buf state;
    const struct budget *budget = &row->budget;
    const struct sql_value name = sql_text(row->key);
    if (!row_is_used(row))
        return tx_later(tx, SQL_BUCKET_DROP, &name, 1, err);
    buf_init_lent(&state, text, sizeof(text));
    bucket_text_write(&budget->bucket, &state);
    assert(!state.failed);
    const struct sql_value values[] = {name, sql_int(now_ms), sql_int(budget->taken),
                                       sql_int(budget->refused), sql_text(buf_str(&state))};
    return tx_later(tx, SQL_BUCKET_SET, values, 5, err);
}

enum err_class decision_make(struct tx *tx, void *context, struct err *err)
{
    struct decision *decision = context;
    bool made = false;
    decision->now_ms = 0;
    enum err_class class_ = rows_hold(tx, decision, err);
    if (class_ == ERR_OK)
        class_ = rows_make(tx, decision, &made, err);
    if (class_ == ERR_OK && made)
        class_ = rows_hold(tx, decision, err);
    for (size_t i = 0; i < decision->questions_len && class_ == ERR_OK; i++)
        question_answer(decision, decision->questions[i]);
    for (size_t i = 0; i < decision->rows_len && class_ == ERR_OK; i++)
        if (decision->rows[i].changed)
            class_ = row_write(tx, &decision->rows[i], decision->now_ms, err);
    return class_;
}

static enum err_class state_read(struct reader *from, void *context, struct err *err)
{
    struct listing *listing = context;
    struct budget budget;
    if (!budget_read(from, &budget))
        return ERR_OK;
    size_t at = listing->len++;
    if (at >= listing->max)
        return ERR_OK;
    int64_t now_ms = listing->clock_is_handed_in ? listing->now_ms : reader_int(from, 4);
    struct str key = arena_dup(listing->arena, reader_text(from, 0));
    if (!key.ptr)
        return err_no_memory(err);
    listing->out[at] = budget_state_of(budget, key, now_ms);
    if (listing->out[at].blocked_until_ms != 0)
        listing->out[at].blocked_until_ms += listing->now_ms - now_ms;
    return ERR_OK;
}

enum err_class budgets_list(struct tx *tx, void *context, struct err *err)
{
    struct listing *listing = context;
    listing->len = 0;
    return tx_query(tx, SQL_BUCKETS_ALL, NULL, 0, state_read, listing, err);
}

/* --- locks --- */

static enum err_class lock_read(struct reader *from, void *context, struct err *err)
{
    (void)err;
    struct locking *locking = context;
    struct str holder = reader_text(from, 0);
    locking->seen = (struct lock_row){
        .there = true,
        .fence = (uint64_t)reader_int(from, 1),
        .entered = reader_int(from, 2),
        .expires_ms = reader_int(from, 3),
        .is_ours = str_eq(holder, locking->owner),
    };
    snprintf(locking->seen.holder, sizeof(locking->seen.holder), "%.*s", STR_ARG(holder));
    locking->server_ms = locking->clock_is_handed_in ? locking->now_ms : reader_int(from, 4);
    return ERR_OK;
}

static enum err_class lock_hold(struct tx *tx, struct locking *locking, struct err *err)
{
    const struct sql_value name = sql_text(locking->name);
    locking->seen = (struct lock_row){.there = false};
    enum err_class class_ = tx_query(tx, SQL_LOCK_HOLD, &name, 1, lock_read, locking, err);
    if (class_ != ERR_OK || locking->seen.there || locking->act != LOCK_TAKE)
        return class_;
    class_ = tx_exec(tx, SQL_LOCK_MAKE, &name, 1, NULL, err);
    return class_ == ERR_OK ? tx_query(tx, SQL_LOCK_HOLD, &name, 1, lock_read, locking, err)
                            : class_;
}

static bool lock_is_live(const struct locking *locking)
{
    return locking->seen.entered > 0 && locking->seen.expires_ms > locking->server_ms;
}

/* It was committed the first time. */
static bool lock_is_done(const struct locking *locking)
{
    const struct lock_row *seen = &locking->seen, *left = &locking->left;
    return locking->wrote && seen->is_ours && seen->fence == left->fence &&
           seen->entered == left->entered && seen->expires_ms == left->expires_ms;
}

static void lock_refuse(struct locking *locking)
{
    if (locking->act == LOCK_RELEASE)
        return;
    if (locking->act == LOCK_RENEW) {
        locking->result = err_set(&locking->why, ERR_CONFLICT, "lock_lost",
                                  "%.*s is no longer held by %.*s", STR_ARG(locking->name),
                                  STR_ARG(locking->owner));
        return;
    }
    locking->result = err_set(&locking->why, ERR_LATER, "lock_held", "%.*s is held by %s",
                              STR_ARG(locking->name), locking->seen.holder);
    locking->why.retry_at_ms = locking->now_ms + locking->seen.expires_ms - locking->server_ms;
}

/* How the row shall stand after the act; its owner may do it. */
static struct lock_row lock_after(const struct locking *locking)
{
    struct lock_row row = locking->seen;
    uint64_t at_least = (uint64_t)locking->server_ms * 1000;
    if (locking->act == LOCK_RELEASE) {
        row.entered--;
        return row;
    }
    if (locking->act == LOCK_TAKE && lock_is_live(locking)) {
        row.entered++;
    } else if (locking->act == LOCK_TAKE) {
        row.entered = 1;
        row.fence = row.fence + 1 > at_least ? row.fence + 1 : at_least;
    }
    row.expires_ms = locking->server_ms + locking->ttl_ms;
    return row;
}

enum err_class lock_work(struct tx *tx, void *context, struct err *err)
{
    struct locking *locking = context;
    locking->result = ERR_OK;
    enum err_class class_ = lock_hold(tx, locking, err);
    if (class_ != ERR_OK)
        return class_;
    if (!lock_is_done(locking)) {
        /* A lock that ran out is nobody's: anybody takes it, and its owner has lost it; he leaves it all the same. */
        bool may = lock_is_live(locking) ? locking->seen.is_ours
                   : locking->act == LOCK_RELEASE
                       ? locking->seen.is_ours && locking->seen.entered > 0
                       : locking->act == LOCK_TAKE;
        if (!may) {
            lock_refuse(locking);
            return ERR_OK;
        }
        locking->left = lock_after(locking);
        locking->wrote = true;
        const struct sql_value values[] = {sql_text(locking->name), sql_text(locking->owner),
                                           sql_int((int64_t)locking->left.fence),
                                           sql_int(locking->left.entered),
                                           sql_int(locking->left.expires_ms)};
        class_ = tx_later(tx, SQL_LOCK_SET, values, 5, err);
    }
    locking->fence = locking->left.fence;
    return class_;
}

enum err_class shared_rows_prune(struct tx *tx, void *nothing, struct err *err)
{
    (void)nothing;
    enum err_class class_ = tx_later(tx, SQL_BUCKETS_PRUNE, NULL, 0, err);
    return class_ == ERR_OK ? tx_later(tx, SQL_LOCKS_PRUNE, NULL, 0, err) : class_;
}

/* history: syncs that somebody asked for, by the command line or over the API, and what became of them.
 *
 * A sync is a row of `sync_run` and one of `sync_run_shop` for each shop, written with (or before) its tasks, which
 * carry its id as their run. How it goes is written nowhere: it is worked out from the tasks that are left, the tries
 * that are recorded, the windows that were closed meanwhile and what a person has paused. So no crash leaves a sync
 * "running" for ever: a task whose lease has run out does not run, and where nothing works it waits, and says so.
 *
 *     sync_ask_task(&request, arena, &task, err);           a stream, asked for by a task of its lane
 *     sync_run_add(tx, &run, now_ms, err);                  rows, in the transaction that …
 *     queue_enqueue_in(tx, &task, now_ms, err);             … brings the tasks
 *     sync_run_progress(store, id, now_ms, arena, &progress, err);
 *
 * A later sync of the same shop takes over what an earlier one left in its lane; the earlier one then says by which
 * one it is followed, and goes as that one goes.
 *
 * Threads: any. Memory: the caller's arena. */
#ifndef HUILIU_SYNC_HISTORY_H
#define HUILIU_SYNC_HISTORY_H

#include "base/base.h"
#include "queue/queue.h"
#include "store/store.h"

struct sync_run_shop {
    int64_t shop_id;
    struct str streams;      /* JSON list of names */
    struct str code, reason; /* why it could not be asked; else empty */
};
struct sync_run {
    struct str id, mode, asked_by;
    struct str wish; /* JSON: what was asked, in the asker's words */
    const struct sync_run_shop *shops;
    size_t shops_len;
    bool
        plans_later; /* its tasks come in later transactions; sync_run_planned says that all stand */
};
enum { SYNC_RUN_ID_ROOM = 48 };
/* "sync-MILLISECONDS-RANDOM". */
enum err_class sync_run_id(int64_t now_ms, char out[SYNC_RUN_ID_ROOM], struct err *err);
/* Same mode, wish and shops: the same hash. */
enum err_class sync_run_hash(const struct sync_run *run, struct arena *arena, struct str *out,
                             struct err *err);
enum err_class sync_run_add(struct tx *tx, const struct sync_run *run, int64_t now_ms,
                            struct err *err);
enum err_class sync_run_planned(struct store *store, struct str id, int64_t now_ms,
                                struct err *err);
/* Who asked has so long to bring the tasks; then a shop for which nothing came is one that nobody asked. */
enum { SYNC_PLANS_WITHIN_MS = 60 * 1000 };
/* The newest with this hash of which a task is left that is not dead; *id empty: none. */
enum err_class sync_run_same(struct store *store, struct str hash, struct arena *arena,
                             struct str *id, struct err *err);
/* Tasks that wait are gone at once, those that run end at their next page. ERR_NOT_FOUND. */
enum err_class sync_run_cancel(struct tx *tx, struct str id, struct str by, int64_t now_ms,
                               int64_t *waiting, int64_t *running, struct err *err);
/* Those that were asked for before an instant go, a few thousand a transaction. */
enum err_class sync_runs_prune(struct store *store, int64_t before_ms, int64_t *gone,
                               struct err *err);

enum sync_state {
    SYNC_WAITING,
    SYNC_RUNNING,
    SYNC_DONE,
    SYNC_FAILED,
    SYNC_CANCELLED,
    SYNC_UNPROVED,
};
enum { SYNC_STATES = 6 };
struct str sync_state_word(enum sync_state state);

/* Why a shop waits. */
enum sync_wait {
    SYNC_WAIT_NONE,
    SYNC_WAIT_NOBODY, /* no process works */
    SYNC_WAIT_TURN,   /* it is ready, workers are busy */
    SYNC_WAIT_TIME,   /* until next_ms: a quota, a back-off */
    SYNC_WAIT_PAUSED, /* a person has paused it */
};
struct str sync_wait_word(enum sync_wait wait);

struct sync_trouble {
    int64_t task_id; /* a dead task; 0: a window */
    struct str stream, kind, error;
    int64_t from_ms, to_ms;
};
enum { SYNC_TROUBLES_MAX = 5 };
struct sync_shop_progress {
    int64_t shop_id;
    struct str streams, code, reason, followed_by;
    enum sync_state state;
    enum sync_wait wait;
    int64_t next_ms;
    int64_t ready, waiting, running, dead;
    int64_t tries, cancelled, pages, calls, rejects, rows[ROW_OUTCOMES];
    int64_t first_ms, last_ms;      /* of its tries; 0: none */
    int64_t sealed, unproved, open; /* windows that were closed meanwhile, and those still open */
    int percent;                    /* -1: unknown */
    struct sync_trouble troubles[SYNC_TROUBLES_MAX];
    size_t troubles_len;
};
struct sync_progress {
    struct str id, mode, asked_by, wish, cancelled_by;
    int64_t asked_ms, cancelled_ms, planned_ms; /* 0: it was not */
    enum sync_state state;
    enum sync_wait wait;
    int percent;
    bool somebody_works;
    struct sync_shop_progress *shops;
    size_t shops_len;
};
/* `sees` (may be NULL: everything) leaves out shops that whoever asks may not see; one of which he sees none is
 * ERR_NOT_FOUND "sync_unknown". */
enum err_class sync_run_progress(struct store *store, struct str id, int64_t now_ms,
                                 bool (*sees)(void *context, int64_t shop_id), void *context,
                                 struct arena *arena, struct sync_progress *out, struct err *err);

#endif

/* sync: the main job. From a shop's stream to rows that are proven complete.
 *
 *   schedule -> task (lane = shop) -> next window -> request -> budget, sign, send, classify
 *     -> page bytes -> map -> batch + rejects -> commit unit { rows, originals, rejects, position,
 *     follow-up tasks } fenced by the lease -> window done? evidence agrees -> seal
 *
 * Two kinds of window. A pull window (by update time where the platform has such a filter, else by
 * creation time) brings changes in and moves the frontier. An audit window (by creation time,
 * mature) carries "complete up to": it compares the platform's total with what is stored and reads
 * the window itself only when they disagree. docs/sync.md has the rules and the data flow.
 *
 * One window is one task. A task is run by one worker thread in a straight line; what may be
 * awaited (a page, a commit) is a future with a deadline. The lease fences every commit unit, so a
 * worker that was thought dead and comes back cannot write.
 *
 * Life cycle: sync_open / sync_close. Threads: sync_open/close/request from one thread; the
 * handler from the queue's workers. */
#ifndef HUILIU_SYNC_SYNC_H
#define HUILIU_SYNC_SYNC_H

#include "base/base.h"
#include "batch/batch.h"
#include "connector/connector.h"
#include "crypt/crypt.h"
#include "format/format.h"
#include "gateway/gateway.h"
#include "queue/queue.h"
#include "store/store.h"

/* Everything about a shop that a request may need, opened and held by app. */
struct sync_shop {
    int64_t id;
    const struct connector *connector;
    struct facts facts; /* shop, app, base_url, zone, currency: without window, page and time */
    int64_t since_ms;   /* first instant wanted; 0: the manifest's history, else 90 days */
    bool enabled;
    struct str state_reason; /* why it is not enabled */
    struct str proxy;
};

struct sync;
struct sync_options {
    struct store *store;
    struct gateway *gateway;
    const struct keyring *keyring;
    /* Borrowed until the task that asked is over; NULL when there is no such shop. Any thread. */
    const struct sync_shop *(*shop_of)(void *context, int64_t shop_id);
    void *context;
};
enum err_class sync_open(const struct sync_options *options, struct sync **out, struct err *err);
void sync_close(struct sync *sync);

/* --- asking for work --- */
enum sync_mode {
    SYNC_FORWARD, /* from the frontier, then the audits that are due */
    SYNC_RANGE,   /* read [from, to] again, every page */
    SYNC_IDS,     /* these records */
};
/* As from_ms: all that can be had, on the grid of the stream's own windows, so that reading everything
 * again opens those again instead of making others beside them. */
enum { SYNC_FROM_START = 0 };
struct sync_request {
    const struct sync_shop *shop;
    const struct stream *stream;
    enum sync_mode mode;
    int64_t from_ms, to_ms; /* SYNC_RANGE, closed */
    bool by_updated;        /* SYNC_RANGE: filter by update time instead of creation time */
    const struct str *ids;  /* SYNC_IDS */
    size_t ids_len;
    enum task_class class_;
    struct str run; /* the `sync` command's id: its tasks are followed by it */
};
/* Makes the first windows and tasks in one transaction. Asking for what is already under way adds
 * nothing. *tasks counts what was enqueued. */
enum err_class sync_enqueue(struct sync *sync, const struct sync_request *request, int64_t *tasks,
                            struct err *err);

/* The schedule of a stream of a shop: its tick makes a task of kind "pass", which asks for what is due in the
 * shop's lane, as SYNC_FORWARD does. Texts live in `arena`. */
enum err_class sync_schedule(const struct sync_shop *shop, const struct stream *stream,
                             struct arena *arena, struct schedule_wish *out, struct err *err);

/* The same of many requests in few transactions: what was added is asked for once it is committed. A
 * request that fails adds nothing; its run lives until the commit. One thread. */
struct sync_asking;
enum err_class sync_asking_new(struct sync *sync, struct sync_asking **out, struct err *err);
enum err_class sync_asking_add(struct sync_asking *asking, const struct sync_request *request,
                               int64_t *tasks, struct err *err);
enum err_class sync_asking_commit(struct sync_asking *asking, struct err *err);
void sync_asking_free(struct sync_asking *asking);

/* The same as a task of the shop's lane, for who does not do the work himself: its run is told to all that follows
 * from it. ERR_USAGE "ids_many" when the ids do not fit one task. */
enum err_class sync_ask_task(const struct sync_request *request, struct arena *arena,
                             struct task_new *out, struct err *err);

/* The queue's handler for these kinds (context: the struct sync). */
extern const char *const sync_task_kinds[];
enum task_end sync_handle(void *context, const struct task *task, struct task_outcome *outcome);

/* --- evidence --- */
/* The first instant that is wanted of a stream: what its first sync took, before it what it would take now. */
enum err_class sync_stream_since(struct sync *sync, const struct sync_shop *shop,
                                 const struct stream *stream, int64_t now_ms, int64_t *out,
                                 struct err *err);
/* Appends the evidence of a range as JSON: windows with grade, totals, distinct ids, rejects, stored
 * rows and digest, what is not covered, and the public "complete up to". docs/proof.md says how to
 * recompute it. */
enum err_class sync_prove(struct sync *sync, const struct sync_shop *shop,
                          const struct stream *stream, int64_t from_ms, int64_t to_ms,
                          struct buf *json, struct err *err);

/* --- originals --- */
/* The record as it was received, from `original.body`: JSON, with what is personal in the clear. Memory: the arena. */
enum err_class sync_original_open(const struct keyring *keyring, struct str packed,
                                  struct arena *arena, struct str *out, struct err *err);

/* --- replay --- */
/* Maps stored originals of the stream's table again, each by the manifest that made it, and says what would change, without
 * any call. `shop` with a file's manifest in the place of its platform's: only rows of such files. `apply`: writes it.
 * `each` gets one line per differing row and field (may be NULL). */
struct replay_counts {
    int64_t rows, differing, rejected;
};
typedef void replay_difference(void *context, struct str key, struct str column, struct str before,
                               struct str after);
enum err_class sync_replay(struct sync *sync, const struct sync_shop *shop,
                           const struct stream *stream, bool apply, replay_difference *each,
                           void *context, struct replay_counts *out, struct err *err);
/* Tries one kept reject again; ERR_OK: it landed and the reject is gone. */
enum err_class sync_reject_replay(struct sync *sync, int64_t reject_id, struct err *err);

/* --- counters of this process, for progress and reports --- */
struct sync_counts {
    int64_t pages, rows[ROW_OUTCOMES], rejects, windows_sealed, windows_moved, windows_unproved,
        windows_split, decrypt_failures, decrypt_waiting;
};
void sync_counts_read(const struct sync *sync, struct sync_counts *out);

#include "sync/history.h"

#include "sync/import.h"

#endif
